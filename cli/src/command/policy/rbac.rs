//! The rules that Quorate's ClusterRole needs for what a policy asks for beside a request.
//! Asks no cluster, so plurals are guessed as Kubernetes' own clients do.

use std::collections::BTreeSet;

use kubernetes::request::group_of;
use quorate_contract::{Manifest, Related, Relation};
use serde_json::json;

/// One rule: the group, the resource, the verbs.
type Rule = (String, String, &'static [&'static str]);

/// YAML, a list of rules; a comment where nothing is needed.
pub(super) fn rules(manifest: &Manifest) -> String {
    let mut rules: BTreeSet<Rule> = BTreeSet::new();
    for source in manifest.related.values() {
        rules.extend(of_related(source, manifest));
    }
    for read in &manifest.reads {
        let group = group_of(&read.api_version).to_owned();
        rules.insert((group, guessed_plural(&read.kind), &["get", "list", "watch"]));
    }
    if rules.is_empty() {
        return "# nothing beside the request is read\n[]\n".to_owned();
    }
    let owners = manifest.related.values().any(|source| matches!(source, Related::Of { of: Relation::Owners }));
    let note = if owners { "# and `get` for each kind of owner\n" } else { "" };
    rules.iter().fold(note.to_owned(), |yaml, (group, resource, verbs)| {
        yaml + &format!(
            "- apiGroups: {}\n  resources: {}\n  verbs: {}\n",
            json!([group]),
            json!([resource]),
            json!(verbs)
        )
    })
}

fn of_related(source: &Related, manifest: &Manifest) -> Vec<Rule> {
    let get: &'static [&'static str] = &["get"];
    match source {
        Related::Of { of: Relation::Namespace } => vec![(String::new(), "namespaces".to_owned(), get)],
        Related::Of { of: Relation::Owners } => Vec::new(),
        Related::Of { of: Relation::Parent } => {
            let with_parent = manifest.matches.iter().filter(|one| !one.sub_resources.is_empty());
            let rules = with_parent.flat_map(|one| {
                let of_group = |group: &String| {
                    one.resources.iter().map(|plural| (group.clone(), plural.clone(), get)).collect::<Vec<_>>()
                };
                one.groups.iter().flat_map(of_group).collect::<Vec<_>>()
            });
            rules.collect()
        }
        Related::Reference { api_version, kind, .. } => {
            vec![(group_of(api_version).to_owned(), guessed_plural(kind), get)]
        }
    }
}

/// As `meta.UnsafeGuessKindToResource` of k8s.io/apimachinery.
fn guessed_plural(kind: &str) -> String {
    let singular = kind.to_lowercase();
    match singular.as_str() {
        "endpoints" => singular,
        _ if singular.ends_with('s') => format!("{singular}es"),
        _ => match singular.strip_suffix('y') {
            Some(stem) => format!("{stem}ies"),
            None => format!("{singular}s"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(related: &str, matches: &str) -> Manifest {
        let text = format!(
            r#"{{"manifest": 1, "name": "labels", "version": "1", "summary": "s",
                "rules": [{{"id": "missing", "summary": "s", "severity": "low", "judges": "object"}}],
                "matches": [{matches}], "related": {{{related}}}}}"#
        );
        Manifest::parse(&text).unwrap()
    }

    const PODS: &str = r#"{"groups": [""], "versions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]}"#;
    const EXEC: &str = r#"{"groups": [""], "versions": ["v1"], "resources": ["pods"], "subResources": ["exec"], "operations": ["CONNECT"]}"#;

    #[test]
    fn each_kind_that_is_read_needs_a_rule() {
        let related = r#""space": {"of": "namespace"}, "pod": {"of": "parent"},
            "policy": {"reference": "/spec/p", "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy"}"#;
        assert_eq!(
            rules(&manifest(related, &format!("{PODS}, {EXEC}"))),
            "- apiGroups: [\"\"]\n  resources: [\"namespaces\"]\n  verbs: [\"get\"]\n\
             - apiGroups: [\"\"]\n  resources: [\"pods\"]\n  verbs: [\"get\"]\n\
             - apiGroups: [\"networking.k8s.io\"]\n  resources: [\"networkpolicies\"]\n  verbs: [\"get\"]\n"
        );
        assert_eq!(rules(&manifest("", PODS)), "# nothing beside the request is read\n[]\n");
    }

    #[test]
    fn plurals_are_guessed_as_kubernetes_does() {
        let plurals = ["Ingress", "NetworkPolicy", "Endpoints", "Pod"].map(guessed_plural);
        assert_eq!(plurals, ["ingresses", "networkpolicies", "endpoints", "pods"]);
    }
}
