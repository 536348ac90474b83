//! The file of a rule's cases, as it is written. Reads it; builds and judges nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};

use super::object;

/// `cases/<rule>.yaml`.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Table {
    /// By name, for cases that share them.
    #[serde(default)]
    facts: BTreeMap<String, Value>,
    pub(crate) cases: Vec<Row>,
}

/// One case. One of `create`, `update`, `delete`, `scale` and `evict` says what is asked; an object is what `Shapes::object` reads.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    /// `<verdict>-<what>`. Written as `- name: <name>`, or the words cannot be written in place.
    pub(crate) name: String,
    pub(crate) create: Option<Value>,
    /// The object as it stands; `to` says what becomes of it.
    pub(crate) update: Option<Value>,
    pub(crate) delete: Option<Value>,
    /// The StatefulSet whose count changes; `unknown` where it cannot be had.
    pub(crate) scale: Option<Value>,
    /// The name of a Pod, in the namespace `db`.
    pub(crate) evict: Option<String>,
    /// With `evict`: the StatefulSet of the Pod.
    pub(crate) of: Option<Value>,
    /// With `scale`: the count before, else that of the set.
    pub(crate) from: Option<i64>,
    /// With `scale` the new count. With `update` a patch, or another object.
    pub(crate) to: Option<Value>,
    /// The StatefulSets that need a deleted object, or the one that an autoscaler scales.
    #[serde(default)]
    pub(crate) sets: Vec<Value>,
    /// Without a StatefulSet: `absent` if it is known that there is none, else it is unknown.
    pub(crate) related: Option<NotFound>,
    /// Who asks, `alice` by default.
    pub(crate) user: Option<String>,
    /// `[system:authenticated]` by default.
    pub(crate) groups: Option<Vec<String>>,
    /// The request's options, such as DeleteOptions.
    pub(crate) options: Option<Value>,
    /// With `delete`: one of a collection, for which the API server sends no name.
    #[serde(default)]
    pub(crate) collection: bool,
    /// False: the mutating webhook was not reached.
    #[serde(default = "yes")]
    pub(crate) mutated: bool,
    /// A name, `{facts: <name>, with: <patch>}`, or the document itself (`docs/facts.md`).
    facts: Option<Value>,
    /// The policy's settings.
    pub(crate) settings: Option<Value>,
    /// The words that come out: `allowed`, or a text.
    #[serde(default)]
    pub(crate) expect: String,
}

/// Of the object behind a request.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum NotFound {
    Absent,
}

fn yes() -> bool {
    true
}

impl Table {
    /// # Errors
    /// What is wrong in the file, and where.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(path).map_err(|error| error.to_string());
        text.and_then(|text| Self::parse(&text)).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// # Errors
    /// What is wrong in the text, and where.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut table: Self = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
        if table.cases.is_empty() {
            return Err("`cases` is empty".to_owned());
        }
        let mut names = BTreeSet::new();
        if let Some(row) = table.cases.iter().find(|row| !names.insert(&row.name)) {
            return Err(format!("two cases are called {}", row.name));
        }
        let used: BTreeSet<&str> = table.cases.iter().filter_map(Row::facts_name).collect();
        if let Some(name) = table.facts.keys().find(|name| !used.contains(name.as_str())) {
            return Err(format!("no case names the facts `{name}`"));
        }
        for row in &mut table.cases {
            row.expect.truncate(row.expect.trim_end().len());
        }
        Ok(table)
    }

    /// Gives the case of that name other words.
    pub(crate) fn expect(&mut self, case: &str, words: &str) {
        for row in self.cases.iter_mut().filter(|row| row.name == case) {
            words.trim_end().clone_into(&mut row.expect);
        }
    }

    /// The facts of the case: those of that name, `{facts: <name>, with: <patch>}`, or the document itself. Version 1 where it names none.
    ///
    /// # Errors
    /// When no facts have that name, or the patch does not apply.
    pub(crate) fn facts(&self, row: &Row) -> Result<Value, String> {
        let mut facts = match (row.facts_name(), &row.facts) {
            (Some(name), Some(Value::Object(given))) => {
                if let Some(key) = given.keys().find(|key| !["facts", "with"].contains(&key.as_str())) {
                    return Err(format!(
                        "`{key}` in `{{facts, with}}`: what differs in the facts `{name}` stands below `with`"
                    ));
                }
                object::patched(self.named(name)?, given.get("with"))?
            }
            (Some(name), _) => self.named(name)?,
            (None, given) => given.clone().unwrap_or_else(|| json!({})),
        };
        if let Some(facts) = facts.as_object_mut() {
            facts.entry("version").or_insert_with(|| json!(1));
        }
        Ok(facts)
    }

    fn named(&self, name: &str) -> Result<Value, String> {
        self.facts.get(name).cloned().ok_or_else(|| object::unknown("facts", name, self.facts.keys()))
    }
}

impl Row {
    /// The name of the shared facts that the case starts from.
    fn facts_name(&self) -> Option<&str> {
        let given = self.facts.as_ref()?;
        given.as_str().or_else(|| given.get("facts").and_then(Value::as_str))
    }

    /// A key that would say nothing in this row.
    pub(crate) fn ignored_key(&self) -> Option<&'static str> {
        let has_set =
            self.of.is_some() || !self.sets.is_empty() || self.scale.as_ref().is_some_and(|set| set != "unknown");
        let ignored = [
            (self.of.is_some() && self.evict.is_none(), "`of` is for `evict`"),
            (self.from.is_some() && self.scale.is_none(), "`from` is for `scale`"),
            (self.collection && self.delete.is_none(), "`collection` is for `delete`"),
            (self.related.is_some() && has_set, "`related: absent` is for a request without a StatefulSet"),
        ];
        ignored.into_iter().find_map(|(is_ignored, message)| is_ignored.then_some(message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        let facts = |table: Table| table.cases.iter().try_for_each(|row| table.facts(row).map(drop));
        Table::parse(text).and_then(facts).err().unwrap_or_default()
    }

    #[test]
    fn what_would_be_read_past_is_an_error() {
        assert_eq!(error("cases: []"), "`cases` is empty");
        assert_eq!(error("cases: [{name: a}, {name: a}]"), "two cases are called a");
        assert_eq!(error("{facts: {f: {}}, cases: [{name: a}]}"), "no case names the facts `f`");
        assert_eq!(
            error("{facts: {f: {}}, cases: [{name: a, facts: f}, {name: b, facts: g}]}"),
            "no facts are called `g`, but f"
        );
        assert_eq!(
            error("{facts: {f: {}}, cases: [{name: a, facts: {facts: f, wth: {}}}]}"),
            "`wth` in `{facts, with}`: what differs in the facts `f` stands below `with`"
        );
        assert!(error("cases: [{name: a, fact: f}]").contains("unknown field `fact`"));
        assert!(error("cases: [{name: a, groups: 5}]").contains("line 1 column"));
    }

    #[test]
    fn a_key_without_effect_has_a_message() {
        let ignored = |row: &str| {
            let table = Table::parse(&format!("cases: [{{name: a, {row}}}]"));
            table.ok().and_then(|table| table.cases.first().and_then(Row::ignored_key))
        };
        assert_eq!(ignored("create: s, of: s"), Some("`of` is for `evict`"));
        assert_eq!(ignored("create: s, from: 3"), Some("`from` is for `scale`"));
        assert_eq!(ignored("create: s, collection: true"), Some("`collection` is for `delete`"));
        assert_eq!(
            ignored("scale: s, to: 1, related: absent"),
            Some("`related: absent` is for a request without a StatefulSet")
        );
        assert_eq!(ignored("scale: unknown, from: 3, to: 1, related: absent"), None);
        assert_eq!(ignored("evict: p, of: s"), None);
    }
}
