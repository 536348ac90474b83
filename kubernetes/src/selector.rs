//! Whether a label selector selects an object with these labels: a LabelSelector of `meta/v1`, or a Service's map.
//! Does not parse the selectors of queries (`app=rqlite,tier!=db`).

use std::collections::BTreeMap;

use quorate_document::{Document, Pointer};
use serde::Deserialize;

/// Bytes of a label's value, and of a key without its prefix.
const MAX_NAME: usize = 63;

/// Bytes of a key's prefix, a DNS name.
const MAX_PREFIX: usize = 253;

static MATCH_LABELS: Pointer<'static> = Pointer::literal("/matchLabels");
static MATCH_EXPRESSIONS: Pointer<'static> = Pointer::literal("/matchExpressions");

/// Whether the selector at `at` selects an object whose labels stand at `labels_at` of `labels`.
///
/// - Nothing or `null` in place of a selector selects nothing; `{}` selects everything. (A Service with `{}` has no
///   endpoints of its own making: that is the Service's matter.)
/// - An object whose keys are `matchLabels` (an object), `matchExpressions` (an array) or both is a LabelSelector; `null`
///   there counts as not written. Every other object is a map of labels, all of which the object must have: a Service's.
///   Since a label's value is a text, a label that is called `matchLabels` is not mistaken.
/// - A malformed selector selects nothing: another type, an unknown operator, values where none may be or none where
///   some must be, a key or value that no label can have.
/// - Nothing or `null` in place of labels is an object without labels. Labels that are no map of texts are not selected.
///
/// ```
/// use kubernetes::selector::selects;
/// use quorate_document::{Document, Limits, Pointer};
///
/// let document = |text| Document::parse(text, &Limits::DEFAULT).unwrap();
/// let pod = document(r#"{"metadata": {"labels": {"app": "rqlite", "tier": "db"}}}"#);
/// let selected = |selector| selects(&document(selector), &Pointer::ROOT, &pod, &Pointer::literal("/metadata/labels"));
/// assert!(selected(r#"{"matchLabels": {"app": "rqlite"}}"#));
/// assert!(selected(r#"{"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["web"]}]}"#));
/// assert!(selected(r#"{"app": "rqlite"}"#));
/// assert!(selected("{}"));
/// assert!(!selected("null"));
/// assert!(!selected(r#"{"matchLabels": {"app": 7}}"#));
/// ```
pub fn selects(selector: &Document, at: &Pointer<'_>, labels: &Document, labels_at: &Pointer<'_>) -> bool {
    let selector = selector.part(at).as_ref().and_then(Selector::of);
    let labels = match labels.part(labels_at) {
        Some(labels) => labels.decode::<Option<Labels>>().ok().map(Option::unwrap_or_default),
        None => Some(Labels::new()),
    };
    match (selector, labels) {
        (Some(selector), Some(labels)) => selector.selects(&labels),
        (None, _) | (_, None) => false,
    }
}

type Labels = BTreeMap<String, String>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Selector {
    match_labels: Option<Labels>,
    match_expressions: Option<Vec<Expression>>,
}

#[derive(Deserialize)]
struct Expression {
    key: String,
    operator: Operator,
    values: Option<Vec<String>>,
}

#[derive(Deserialize, Clone, Copy)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

/// Whether it is a label selector as Kubernetes writes them: one that is not selects nothing, whatever its author meant.
///
/// ```
/// use kubernetes::object::indexed;
/// use kubernetes::selector::is_well_formed;
///
/// assert!(is_well_formed(&indexed(r#"{"matchLabels": {"team": "db"}}"#)?));
/// assert!(!is_well_formed(&indexed(r#"{"matchExpressions": [{"key": "team", "operator": "In"}]}"#)?));
/// # Ok::<(), quorate_document::DocumentError>(())
/// ```
pub fn is_well_formed(selector: &Document) -> bool {
    Selector::of(selector).is_some()
}

impl Selector {
    /// None where it is malformed or null.
    fn of(document: &Document) -> Option<Self> {
        if !document.is_object() {
            return None;
        }
        let selector = if is_label_selector(document) {
            document.decode().ok()?
        } else {
            Self { match_labels: Some(document.decode().ok()?), match_expressions: None }
        };
        selector.is_well_formed().then_some(selector)
    }

    fn is_well_formed(&self) -> bool {
        let labels = self.match_labels.iter().flatten();
        let expressions = self.match_expressions.iter().flatten();
        labels.into_iter().all(|(key, value)| is_key(key) && is_value(value))
            && expressions.into_iter().all(Expression::is_well_formed)
    }

    fn selects(&self, labels: &Labels) -> bool {
        let wanted = self.match_labels.iter().flatten();
        wanted.into_iter().all(|(key, value)| labels.get(key) == Some(value))
            && self.match_expressions.iter().flatten().all(|expression| expression.holds(labels.get(&expression.key)))
    }
}

/// No key but its two, and of the right types.
fn is_label_selector(document: &Document) -> bool {
    let keys = document.keys(&Pointer::ROOT);
    let is_written = |at| document.part(at).filter(|member| !member.is_null());
    keys.iter().all(|key| matches!(key.as_ref(), "matchLabels" | "matchExpressions"))
        && is_written(&MATCH_LABELS).is_none_or(|labels| labels.is_object())
        && is_written(&MATCH_EXPRESSIONS).is_none_or(|list| !list.is_object() && list.len(&Pointer::ROOT).is_some())
}

impl Expression {
    fn values(&self) -> &[String] {
        self.values.as_deref().unwrap_or_default()
    }

    fn is_well_formed(&self) -> bool {
        let has_its_values = match self.operator {
            Operator::In | Operator::NotIn => !self.values().is_empty(),
            Operator::Exists | Operator::DoesNotExist => self.values().is_empty(),
        };
        has_its_values && is_key(&self.key) && self.values().iter().all(|value| is_value(value))
    }

    /// `value` is that of the label, if it is there.
    fn holds(&self, value: Option<&String>) -> bool {
        match self.operator {
            Operator::In => value.is_some_and(|value| self.values().contains(value)),
            Operator::NotIn => value.is_none_or(|value| !self.values().contains(value)),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
        }
    }
}

/// A name, and before it a DNS name and a slash where there is a prefix (Kubernetes, *Labels and Selectors*).
fn is_key(key: &str) -> bool {
    match key.split_once('/') {
        Some((prefix, name)) => is_prefix(prefix) && is_name(name),
        None => is_name(key),
    }
}

fn is_prefix(prefix: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    prefix.len() <= MAX_PREFIX && prefix.split('.').all(|label| is_bounded_by(label, is_plain, |byte| byte == b'-'))
}

fn is_name(name: &str) -> bool {
    let is_inside = |byte: u8| matches!(byte, b'-' | b'_' | b'.');
    name.len() <= MAX_NAME && is_bounded_by(name, |byte| byte.is_ascii_alphanumeric(), is_inside)
}

fn is_value(value: &str) -> bool {
    value.is_empty() || is_name(value)
}

/// Plain bytes, at least one, and others inside only.
fn is_bounded_by(text: &str, is_plain: impl Fn(u8) -> bool, is_inside: impl Fn(u8) -> bool) -> bool {
    let ends = [text.bytes().next(), text.bytes().last()];
    ends.into_iter().all(|end| end.is_some_and(&is_plain)) && text.bytes().all(|byte| is_plain(byte) || is_inside(byte))
}

#[cfg(test)]
mod tests {
    use quorate_document::Limits;

    use super::*;

    const LABELS: &str = r#"{"app":"rqlite","tier":"db","empty":"","quorate.dev/role":"voter"}"#;

    #[track_caller]
    fn selected(selector: &str, labels: &str) -> bool {
        let document = |text: &str| Document::parse(text, &Limits::DEFAULT).unwrap();
        let pod = document(&format!(r#"{{"metadata":{{"labels":{labels}}}}}"#));
        let selector = document(&format!(r#"{{"spec":{{"selector":{selector}}}}}"#));
        selects(&selector, &Pointer::literal("/spec/selector"), &pod, &Pointer::literal("/metadata/labels"))
    }

    #[track_caller]
    fn accepts(selector: &str) {
        assert!(selected(selector, LABELS), "{selector}");
    }

    #[track_caller]
    fn rejects(selector: &str) {
        assert!(!selected(selector, LABELS), "{selector}");
    }

    fn expression(key: &str, operator: &str, values: &str) -> String {
        format!(r#"{{"matchExpressions":[{{"key":"{key}","operator":"{operator}"{values}}}]}}"#)
    }

    #[test]
    fn match_labels_must_all_be_there() {
        accepts(r#"{"matchLabels":{"app":"rqlite"}}"#);
        accepts(r#"{"matchLabels":{"app":"rqlite","quorate.dev/role":"voter","empty":""}}"#);
        rejects(r#"{"matchLabels":{"app":"rqlite","tier":"web"}}"#);
        rejects(r#"{"matchLabels":{"app":"rqlite","zone":"a"}}"#);
        rejects(r#"{"matchLabels":{"zone":""}}"#);
        rejects(r#"{"matchLabels":{"App":"rqlite"}}"#);
    }

    #[test]
    fn expressions_do_as_their_operator_says() {
        let db = r#","values":["web","db"]"#;
        let web = r#","values":["web"]"#;
        accepts(&expression("tier", "In", db));
        rejects(&expression("tier", "In", web));
        rejects(&expression("zone", "In", db));
        rejects(&expression("tier", "NotIn", db));
        accepts(&expression("tier", "NotIn", web));
        // Who has no such label is not in the list either.
        accepts(&expression("zone", "NotIn", db));
        for none in ["", r#","values":null"#, r#","values":[]"#] {
            accepts(&expression("empty", "Exists", none));
            rejects(&expression("zone", "Exists", none));
            rejects(&expression("empty", "DoesNotExist", none));
            accepts(&expression("zone", "DoesNotExist", none));
        }
        accepts(&expression("empty", "In", r#","values":[""]"#));
    }

    #[test]
    fn labels_and_expressions_must_both_hold() {
        let both = |app: &str, operator: &str| {
            format!(
                r#"{{"matchExpressions":[{{"key":"tier","operator":"{operator}"}}],"matchLabels":{{"app":"{app}"}}}}"#
            )
        };
        accepts(&both("rqlite", "Exists"));
        rejects(&both("rqlite", "DoesNotExist"));
        rejects(&both("other", "Exists"));
        rejects(r#"{"matchExpressions":[{"key":"tier","operator":"Exists"},{"key":"app","operator":"DoesNotExist"}]}"#);
    }

    #[test]
    fn an_empty_selector_selects_everything_and_none_selects_nothing() {
        for empty in [
            "{}",
            r#"{"matchLabels":{}}"#,
            r#"{"matchLabels":{},"matchExpressions":[]}"#,
            r#"{"matchLabels":null,"matchExpressions":null}"#,
        ] {
            accepts(empty);
            assert!(selected(empty, "{}") && selected(empty, "null"), "{empty}");
        }
        rejects("null");
        let document = |text: &str| Document::parse(text, &Limits::DEFAULT).unwrap();
        let (nothing, everything) = (Pointer::literal("/spec/selector"), Pointer::ROOT);
        assert!(!selects(&document("{}"), &nothing, &document("{}"), &everything));
        assert!(selects(&document("{}"), &everything, &document("{}"), &nothing));
    }

    #[test]
    fn a_map_of_labels_is_a_selector_too() {
        accepts(r#"{"app":"rqlite"}"#);
        accepts(r#"{"app":"rqlite","empty":""}"#);
        rejects(r#"{"app":"rqlite","tier":"web"}"#);
        rejects(r#"{"zone":"a"}"#);
        // Labels by the names of the other form.
        let odd = r#"{"matchLabels":"a","matchExpressions":"b"}"#;
        assert!(selected(odd, odd));
        assert!(selected(r#"{"matchLabels":"a"}"#, odd));
        assert!(!selected(r#"{"matchLabels":"b"}"#, odd));
        rejects(odd);
    }

    #[test]
    fn what_is_malformed_selects_nothing() {
        for malformed in [
            "7",
            "[]",
            r#""app=rqlite""#,
            r#"{"app":7}"#,
            r#"{"app":null}"#,
            r#"{"matchLabels":[]}"#,
            r#"{"matchLabels":{"app":["rqlite"]}}"#,
            r#"{"matchLabels":{"app":"rqlite"},"app":"rqlite"}"#,
            r#"{"matchLabels":{},"matchLabel":{}}"#,
            r#"{"matchExpressions":{}}"#,
            r#"{"matchExpressions":["app"]}"#,
            r#"{"matchExpressions":[{"key":"zone"}]}"#,
            r#"{"matchExpressions":[{"operator":"DoesNotExist"}]}"#,
        ] {
            rejects(malformed);
        }
        for (key, operator, values) in [
            ("zone", "NotIn", ""),
            ("zone", "NotIn", r#","values":[]"#),
            ("zone", "NotIn", r#","values":[7]"#),
            ("zone", "NotIn", r#","values":"web""#),
            ("zone", "NotIn", r#","values":["a b"]"#),
            ("zone", "DoesNotExist", r#","values":["a"]"#),
            ("app", "Exists", r#","values":["rqlite"]"#),
            ("zone", "notin", r#","values":["a"]"#),
            ("zone", "Gt", r#","values":["1"]"#),
            ("a b", "DoesNotExist", ""),
        ] {
            rejects(&expression(key, operator, values));
        }
        // A well-formed one beside it does not help.
        rejects(r#"{"matchExpressions":[{"key":"app","operator":"Exists"},{"key":"app","operator":"Is"}]}"#);
    }

    #[test]
    fn what_is_no_labels_is_not_selected() {
        for labels in ["7", "[]", r#"{"app":7}"#, r#"{"app":null}"#] {
            assert!(!selected("{}", labels), "{labels}");
        }
        assert!(selected(&expression("app", "DoesNotExist", ""), "null"));
    }

    #[test]
    fn knows_the_keys_and_values_of_labels() {
        let long = |count: usize| "a".repeat(count);
        for key in ["a", "A.b_c-9", "quorate.dev/role", "a-b.c/0", &long(63), &format!("{}/{}", long(253), long(63))] {
            assert!(is_key(key), "{key}");
        }
        for key in ["", "-a", "a-", "a b", "ä", "/a", "a/", "a/b/c", "A.dev/x", "a..b/x", "-a.b/x", "a_b/x"] {
            assert!(!is_key(key), "{key}");
        }
        assert!(!is_key(&long(64)) && !is_key(&format!("{}/a", long(254))));
        assert!(is_value("") && is_value("v1.2_x") && !is_value("a/b") && !is_value(&long(64)));
    }
}
