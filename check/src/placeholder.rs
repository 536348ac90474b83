//! What a manifest leaves to be filled in by somebody: `{{ }}` of a template, `${NAME}` of a substitution.
//! In most texts such a thing is just text (notes, a Vault agent's template, a shell's variable); it counts where it hides which object this
//! is, how many pods it has, or what it is made of.

use serde_json::Value;

/// How a template's action begins.
pub(crate) const BRACES: &str = "{{";

/// Which placeholders are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Placeholders {
    /// Of a file in the repository.
    All,
    /// Of rendered output, which is never a template; variables may still be filled in by whoever applies it.
    Variables,
}

/// Texts that hide which object this is and how many pods it has.
const DECISIVE: [&str; 5] = ["/apiVersion", "/kind", "/metadata/name", "/metadata/namespace", "/spec/replicas"];

/// Members of which the keys are anybody's words.
const FREE_KEYS: [&str; 7] =
    ["annotations", "labels", "matchLabels", "nodeSelector", "data", "stringData", "binaryData"];

/// Members that hold objects and lists: a text there stands for a whole part of the manifest.
const STRUCTURES: [&str; 20] = [
    "affinity",
    "annotations",
    "args",
    "command",
    "containers",
    "env",
    "envFrom",
    "initContainers",
    "items",
    "labels",
    "metadata",
    "ports",
    "resources",
    "securityContext",
    "selector",
    "spec",
    "template",
    "volumeClaimTemplates",
    "volumeMounts",
    "volumes",
];

/// The path of the first place that hides something, and what stands there.
pub(crate) fn hidden(object: &Value, which: Placeholders) -> Option<(String, String)> {
    let fills = |text: &str| has_variable(text) || (which == Placeholders::All && has_action(text));
    let decisive = DECISIVE.iter().find_map(|pointer| {
        let text = object.pointer(pointer)?.as_str().filter(|text| fills(text))?;
        Some((pointer.trim_start_matches('/').replace('/', "."), text.to_owned()))
    });
    decisive.or_else(|| structure(object, "").filter(|_| which == Placeholders::All))
}

/// The first key that is a template's action, or the first such text in the place of a structure.
fn structure(value: &Value, path: &str) -> Option<(String, String)> {
    match value {
        Value::Object(members) => members.iter().find_map(|(key, value)| {
            let own = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            if has_action(key) {
                return Some((own, key.clone()));
            }
            match value {
                Value::String(text) if STRUCTURES.contains(&key.as_str()) && has_action(text) => {
                    Some((own, text.clone()))
                }
                Value::Object(_) if FREE_KEYS.contains(&key.as_str()) => None,
                Value::Object(_) | Value::Array(_) => structure(value, &own),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
            }
        }),
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(index, item)| structure(item, &format!("{path}[{index}]")))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

fn has_action(text: &str) -> bool {
    text.split_once(BRACES).is_some_and(|(_, rest)| rest.contains("}}"))
}

/// `${NAME}`, also with a default (`${NAME:=3}`).
fn has_variable(text: &str) -> bool {
    text.split_once("${").is_some_and(|(_, rest)| rest.contains('}'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn path(object: &Value, which: Placeholders) -> Option<String> {
        hidden(object, which).map(|(path, _)| path)
    }

    #[test]
    fn what_decides_hides_the_object() {
        let set = json!({"kind": "StatefulSet", "metadata": {"name": "{{ .name }}"}, "spec": {"replicas": "${N:=3}"}});
        assert_eq!(path(&set, Placeholders::All).as_deref(), Some("metadata.name"));
        assert_eq!(path(&set, Placeholders::Variables).as_deref(), Some("spec.replicas"));
    }

    #[test]
    fn a_template_in_the_place_of_a_structure_hides_it() {
        let spec = |spec: Value| path(&json!({"kind": "StatefulSet", "spec": spec}), Placeholders::All);
        let containers = json!([{"name": "a", "args": "{{ toYaml .Values.args }}"}]);
        assert_eq!(
            spec(json!({"template": {"spec": {"containers": containers}}})).as_deref(),
            Some("spec.template.spec.containers[0].args")
        );
        assert_eq!(spec(json!({"{{ include \"a\" . }}": null})).as_deref(), Some("spec.{{ include \"a\" . }}"));
    }

    #[test]
    fn text_stays_text() {
        let pod = json!({
            "metadata": {"annotations": {"vault.hashicorp.com/agent-inject-template-a": "{{ with secret \"a\" }}{{ end }}"},
                         "labels": {"{{ odd }}": "{{ x }}"}},
            "spec": {"containers": [{"args": ["-a={{ x }}", "${HOME}"], "env": [{"name": "A", "value": "{{ y }}"}]}]},
        });
        let set = json!({"kind": "StatefulSet", "metadata": {"name": "a"}, "spec": {"template": pod}});
        assert_eq!(hidden(&set, Placeholders::All), None);
        let map = json!({"kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"{{ a }}": "{{ b }}"}});
        assert_eq!(hidden(&map, Placeholders::All), None);
    }
}
