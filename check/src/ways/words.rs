//! The words on an object by which a tool leaves it, or deletes and creates it: each tool reads its own.
//! Sources: Argo CD's sync options and `controller/sync.go`, `controller/appcontroller.go` (`Prune`, `Delete`, `Force`, `Replace`); Helm's
//! `helm.sh/resource-policy`; Flux's `prune`, `reconcile`, `ssa`, `force` (kustomize-controller, `pkg/ssa`), in any case of letters.

use serde_json::Value;

use crate::way::Tool;

const ARGO: &str = "argocd.argoproj.io/sync-options";
const HELM: &str = "helm.sh/resource-policy";
const FLUX: &str = "kustomize.toolkit.fluxcd.io";

/// How an object goes: its tool no longer applies it, or what applied it goes itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Going {
    Dropped,
    WithItsLink,
}

/// What a keeping word does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Word {
    /// It stays; the word as it stands there.
    Keeps(String),
    /// Somebody is asked before it is deleted.
    AsksFirst(String),
}

/// What the words on the object say to its tool; of Argo CD, what the Application's options say where the object says nothing.
pub(super) fn keeping(tool: Tool, object: &Value, going: Going, options: &[String]) -> Option<Word> {
    match tool {
        Tool::ArgoCd => argo(object, going, options),
        Tool::Helm => says(object, HELM, "keep").map(Word::Keeps),
        Tool::Flux => [("prune", "disabled"), ("reconcile", "disabled"), ("ssa", "ignore")]
            .into_iter()
            .find_map(|(name, value)| flux(object, name, value))
            .map(Word::Keeps),
        Tool::Kubectl => None,
    }
}

fn argo(object: &Value, going: Going, options: &[String]) -> Option<Word> {
    let name = match going {
        Going::Dropped => "Prune",
        Going::WithItsLink => "Delete",
    };
    let own = sync_options(object);
    let stated = |options: &[String]| {
        options.iter().find_map(|option| option.strip_prefix(name)?.strip_prefix('=').map(str::to_owned))
    };
    let by_option = match stated(&own).or_else(|| stated(options)).as_deref() {
        Some("false") => Some(Word::Keeps(format!("{ARGO}: {name}=false"))),
        Some("confirm") => Some(Word::AsksFirst(format!("{ARGO}: {name}=confirm"))),
        _ => None,
    };
    // Argo CD reads Helm's word where it deletes with the Application, not where it prunes.
    by_option.or_else(|| (going == Going::WithItsLink).then(|| says(object, HELM, "keep").map(Word::Keeps))?)
}

/// The options in Argo CD's annotation.
fn sync_options(object: &Value) -> Vec<String> {
    let text = annotation(object, ARGO).unwrap_or_default();
    text.split(',').map(|option| option.trim().to_owned()).filter(|option| !option.is_empty()).collect()
}

fn says(object: &Value, key: &str, value: &str) -> Option<String> {
    let found = annotation(object, key)?;
    (found.trim() == value).then(|| format!("{key}: {found}"))
}

/// As label or annotation.
fn flux(object: &Value, name: &str, value: &str) -> Option<String> {
    let key = format!("{FLUX}/{name}");
    let found = annotation(object, &key).into_iter().chain(label(object, &key));
    let says = found.into_iter().find(|text| text.eq_ignore_ascii_case(value))?;
    Some(format!("{key}: {says}"))
}

fn annotation<'o>(object: &'o Value, key: &str) -> Option<&'o str> {
    object.get("metadata")?.get("annotations")?.get(key)?.as_str()
}

fn label<'o>(object: &'o Value, key: &str) -> Option<&'o str> {
    object.get("metadata")?.get("labels")?.get(key)?.as_str()
}

/// Any word of any tool that keeps an object, for a message about the wrong tool.
pub(super) fn of_another_tool(tool: Tool, object: &Value) -> Option<(Tool, String)> {
    [Tool::ArgoCd, Tool::Helm, Tool::Flux].into_iter().filter(|other| *other != tool).find_map(|other| {
        match keeping(other, object, Going::Dropped, &[])? {
            Word::Keeps(word) | Word::AsksFirst(word) => Some((other, word)),
        }
    })
}

/// Whether the tool deletes and creates the object to change it, and the word by which it does.
pub(crate) fn forces_replacement(
    tool: Tool,
    object: &Value,
    replaces: bool,
    server_side: bool,
) -> Option<(Forcing, String)> {
    match tool {
        Tool::ArgoCd => {
            let own = sync_options(object);
            let has = |word: &str| own.iter().any(|option| option == word);
            if !has("Force=true") {
                return None;
            }
            if has("Replace=true") || replaces {
                return Some((Forcing::Always, format!("{ARGO}: Force=true, with Replace=true")));
            }
            let on_server = server_side || has("ServerSideApply=true");
            (!on_server).then(|| (Forcing::WhenRefused, format!("{ARGO}: Force=true")))
        }
        Tool::Flux => flux(object, "force", "enabled").map(|word| (Forcing::WhenRefused, word)),
        Tool::Helm | Tool::Kubectl => None,
    }
}

/// At which changes an object is deleted and created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Forcing {
    Always,
    /// At those that the API server refuses as an update.
    WhenRefused,
}

/// The word by which the tool will not apply a change of the object at all.
pub(crate) fn is_left_alone(tool: Tool, old: &Value, new: &Value) -> Option<String> {
    if tool != Tool::Flux {
        return None;
    }
    let either = [("ssa", "ignore"), ("reconcile", "disabled")]
        .into_iter()
        .find_map(|(name, value)| flux(old, name, value).or_else(|| flux(new, name, value)));
    either.or_else(|| flux(new, "ssa", "ifnotpresent"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn with(key: &str, value: &str) -> Value {
        json!({"metadata": {"annotations": {key: value}}})
    }

    #[test]
    fn each_tool_reads_its_own_words() {
        let keep = with(HELM, "keep");
        assert_eq!(keeping(Tool::ArgoCd, &keep, Going::Dropped, &[]), None);
        assert!(matches!(keeping(Tool::ArgoCd, &keep, Going::WithItsLink, &[]), Some(Word::Keeps(_))));
        assert!(matches!(keeping(Tool::Helm, &keep, Going::Dropped, &[]), Some(Word::Keeps(_))));
        let flux = json!({"metadata": {"labels": {"kustomize.toolkit.fluxcd.io/prune": "Disabled"}}});
        assert!(matches!(keeping(Tool::Flux, &flux, Going::Dropped, &[]), Some(Word::Keeps(_))));
        assert_eq!(keeping(Tool::ArgoCd, &flux, Going::Dropped, &[]), None);
        assert_eq!(of_another_tool(Tool::ArgoCd, &flux).unwrap().0, Tool::Flux);
    }

    #[test]
    fn an_applications_options_count_where_the_object_says_nothing() {
        let options = ["Prune=false".to_owned()];
        let nothing = json!({});
        assert!(matches!(keeping(Tool::ArgoCd, &nothing, Going::Dropped, &options), Some(Word::Keeps(_))));
        let own = with(ARGO, "Prune=true");
        assert_eq!(keeping(Tool::ArgoCd, &own, Going::Dropped, &options), None);
        let confirm = with(ARGO, "Validate=false, Delete=confirm");
        assert!(matches!(keeping(Tool::ArgoCd, &confirm, Going::WithItsLink, &[]), Some(Word::AsksFirst(_))));
        assert_eq!(keeping(Tool::ArgoCd, &confirm, Going::Dropped, &[]), None);
    }

    #[test]
    fn force_needs_replace_to_delete_at_any_change() {
        let force = with(ARGO, "Force=true");
        let both = with(ARGO, "Force=true,Replace=true");
        let forcing = |object: &Value, replaces, server| {
            forces_replacement(Tool::ArgoCd, object, replaces, server).map(|(forcing, _)| forcing)
        };
        assert_eq!(forcing(&both, false, true), Some(Forcing::Always));
        assert_eq!(forcing(&force, true, false), Some(Forcing::Always));
        assert_eq!(forcing(&force, false, false), Some(Forcing::WhenRefused));
        assert_eq!(forcing(&force, false, true), None);
        let flux = with("kustomize.toolkit.fluxcd.io/force", "Enabled");
        assert_eq!(forces_replacement(Tool::Flux, &flux, false, false).unwrap().0, Forcing::WhenRefused);
    }
}
