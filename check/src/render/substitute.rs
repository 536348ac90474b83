//! `${NAME}` filled in, as Flux does after it built: `${NAME}`, `${NAME:-default}`, `${NAME:=default}`, `$${NAME}` for the text itself. What is not
//! given is empty; what is changed on the way (`${NAME^^}`) stays as it stands, and is somebody else's to fill in. An object that says `kustomize.toolkit.fluxcd.io/substitute: disabled` stays as it is.
//! Facts: fluxcd/pkg `kustomize/kustomize_varsub.go`, `envsubst`.

use std::collections::BTreeMap;

/// The word by which an object is left out.
const DISABLED: &str = "kustomize.toolkit.fluxcd.io/substitute: disabled";

pub(super) fn filled(text: &str, variables: &BTreeMap<String, String>) -> String {
    let documents = text.split("\n---\n").map(|document| {
        if document.contains(DISABLED) { document.to_owned() } else { document_filled(document, variables) }
    });
    documents.collect::<Vec<_>>().join("\n---\n")
}

fn document_filled(text: &str, variables: &BTreeMap<String, String>) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((inside, behind)) = after.split_once('}') else { break };
        if let Some(before) = before.strip_suffix('$') {
            filled.push_str(before);
            filled.push_str(&format!("${{{inside}}}"));
        } else {
            filled.push_str(before);
            filled.push_str(&value(inside, variables).unwrap_or_else(|| format!("${{{inside}}}")));
        }
        rest = behind;
    }
    filled.push_str(rest);
    filled
}

fn value(inside: &str, variables: &BTreeMap<String, String>) -> Option<String> {
    let end = inside.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inside.len());
    let (name, operation) = inside.split_at(end);
    let given = variables.get(name);
    let or_default = |default: &str, counts_empty: bool| {
        let given = given.filter(|value| !(counts_empty && value.is_empty()));
        given.cloned().unwrap_or_else(|| default.to_owned())
    };
    for (operator, counts_empty) in [(":-", true), (":=", true), ("-", false), ("=", false)] {
        if let Some(default) = operation.strip_prefix(operator) {
            return Some(or_default(default, counts_empty));
        }
    }
    if operation.is_empty() && !name.is_empty() {
        return Some(given.cloned().unwrap_or_default());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_filled_in_as_flux_does() {
        let variables = BTreeMap::from([("count".to_owned(), "5".to_owned()), ("none".to_owned(), String::new())]);
        let filled = |text: &str| filled(text, &variables);
        assert_eq!(filled("replicas: ${count}"), "replicas: 5");
        assert_eq!(filled("${other:-3} ${other:=4} ${none:-6} ${none-7}"), "3 4 6 ");
        assert_eq!(filled("$${count} $HOME"), "${count} $HOME");
        assert_eq!(filled("a: ${other}."), "a: .");
        assert_eq!(filled("${count^^} ${count}"), "${count^^} 5");
        let disabled = "a: ${count}\n---\nmetadata:\n  annotations:\n    kustomize.toolkit.fluxcd.io/substitute: disabled\nb: ${count}";
        assert!(filled(disabled).ends_with("b: ${count}"));
        assert!(filled(disabled).starts_with("a: 5"));
    }
}
