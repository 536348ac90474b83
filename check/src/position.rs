//! Where every value of a YAML document stands: the tree of its lines and columns, beside the parsed value.
//! Does not know what a value means, nor what is wrong with it.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, Spanned};

use crate::input::ParsedDocument;

/// A line and a column, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TextPosition {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl TextPosition {
    pub(crate) const START: Self = Self { line: 1, column: 1 };

    pub(crate) fn of(location: Location) -> Self {
        let from_one = |number: u64| usize::try_from(number).unwrap_or(usize::MAX).max(1);
        Self { line: from_one(location.line()), column: from_one(location.column()) }
    }

    /// Counted on from the end of what stands before the text.
    fn behind(self, lines: usize, columns: usize) -> Self {
        let columns = if self.line == 1 { columns } else { 0 };
        Self { line: self.line.saturating_add(lines), column: self.column.saturating_add(columns) }
    }
}

/// The places of one document. What an alias or a merge key brings in stands where it was written.
#[derive(Debug)]
pub(crate) struct YamlPositions(Spanned<YamlNode>);

impl YamlPositions {
    /// Where the field stands (`spec.template.spec.containers[0].args[2]`), else the nearest ancestor that is there, else `root` itself.
    /// `root` is a path too: the object's own inside of a List.
    fn of(&self, root: &str, field: &str) -> TextPosition {
        let whole = NodePosition { node: &self.0.value, position: TextPosition::of(self.0.defined) };
        let start = descend(whole, root);
        descend(start, field).position
    }
}

impl ParsedDocument<YamlPositions> {
    /// The same, counted from the start of the file.
    pub(crate) fn at(&self, root: &str, field: &str) -> TextPosition {
        self.value.of(root, field).behind(self.lines_before, self.columns_before)
    }
}

struct NodePosition<'n> {
    node: &'n YamlNode,
    position: TextPosition,
}

/// As far down the path as there is something.
fn descend<'n>(from: NodePosition<'n>, path: &str) -> NodePosition<'n> {
    let mut found = from;
    let mut rest = path.trim_start_matches('.');
    while !rest.is_empty() {
        let Some((next, left)) = found.node.step(rest) else { break };
        found = next;
        rest = left.trim_start_matches('.');
    }
    found
}

#[derive(Debug)]
enum YamlNode {
    Leaf,
    List(Vec<Spanned<YamlNode>>),
    Map(Vec<(Spanned<String>, Spanned<YamlNode>)>),
}

impl YamlNode {
    /// One level down, and what is left of the path.
    fn step<'n, 'p>(&'n self, path: &'p str) -> Option<(NodePosition<'n>, &'p str)> {
        match self {
            Self::Leaf => None,
            Self::List(items) => {
                let (index, rest) = path.strip_prefix('[')?.split_once(']')?;
                let item = items.get(index.parse::<usize>().ok()?)?;
                Some((NodePosition { node: &item.value, position: TextPosition::of(item.defined) }, rest))
            }
            Self::Map(entries) => {
                let fits = entries.iter().filter_map(|entry| Some((entry, after_key(path, &entry.0.value)?)));
                // A key may hold dots: the longest one that fits is the one that was meant.
                let ((key, value), rest) = fits.max_by_key(|((key, _), _)| key.value.len())?;
                Some((NodePosition { node: &value.value, position: TextPosition::of(key.defined) }, rest))
            }
        }
    }
}

/// What follows `key` in the path, which names it as `key` or as `[key]`.
fn after_key<'p>(path: &'p str, key: &str) -> Option<&'p str> {
    if let Some(rest) = path.strip_prefix('[') {
        return rest.strip_prefix(key)?.strip_prefix(']');
    }
    let rest = path.strip_prefix(key)?;
    (rest.is_empty() || rest.starts_with(['.', '['])).then_some(rest)
}

impl<'de> Deserialize<'de> for YamlPositions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Spanned::deserialize(deserializer).map(Self)
    }
}

impl<'de> Deserialize<'de> for YamlNode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(YamlNodeVisitor)
    }
}

struct YamlNodeVisitor;

/// Of a scalar only its place counts.
macro_rules! leaves {
    ($($visit:ident: $scalar:ty),*) => {
        $(fn $visit<E>(self, _: $scalar) -> Result<YamlNode, E> {
            Ok(YamlNode::Leaf)
        })*
    };
}

impl<'de> Visitor<'de> for YamlNodeVisitor {
    type Value = YamlNode;

    leaves! { visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_i128: i128, visit_u128: u128, visit_f64: f64, visit_str: &str }

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("YAML")
    }

    fn visit_unit<E>(self) -> Result<YamlNode, E> {
        Ok(YamlNode::Leaf)
    }

    fn visit_none<E>(self) -> Result<YamlNode, E> {
        Ok(YamlNode::Leaf)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<YamlNode, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<YamlNode, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(YamlNode::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<YamlNode, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = members.next_entry()? {
            map.push(entry);
        }
        Ok(YamlNode::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::{TextPosition, YamlPositions};
    use crate::input::{ParsedDocument, parse_documents};

    const SET: &str = "\
# the voters
kind: StatefulSet
metadata:
  annotations: {quorate.dev/container: db, a.b: c}
spec:
  replicas: 5
  template:
    spec:
      containers:
        - name: rqlite
          args: [-bootstrap-expect, '3']
";

    #[track_caller]
    fn assert_at(text: &str, document: usize, root: &str, field: &str, line: usize, column: usize) {
        let places: Vec<ParsedDocument<YamlPositions>> = parse_documents(text).unwrap();
        assert_eq!(places[document].at(root, field), TextPosition { line, column }, "{field}");
    }

    #[test]
    fn finds_the_line_and_column_of_a_field() {
        assert_at(SET, 0, "", "spec.replicas", 6, 3);
        assert_at(SET, 0, "", "spec.template.spec.containers[0].args[1]", 11, 37);
        assert_at(SET, 0, "", "spec.template.spec.containers[0].name", 10, 11);
        assert_at(SET, 0, "", "metadata.annotations[quorate.dev/container]", 4, 17);
        assert_at(SET, 0, "", "metadata.annotations.a.b", 4, 44);
    }

    #[test]
    fn falls_back_to_the_nearest_ancestor_and_then_to_the_object() {
        assert_at(SET, 0, "", "spec.template.spec.volumes[0].name", 8, 5);
        assert_at(SET, 0, "", "spec.template.spec.containers[3]", 9, 7);
        assert_at(SET, 0, "", "status.replicas", 2, 1);
        assert_at(SET, 0, "", "", 2, 1);
    }

    #[test]
    fn counts_on_through_documents_lists_and_line_endings() {
        let text = "a: 1\r\n---\r\n\r\n---\r\nitems:\r\n- spec:\r\n    replicas: 1\r\n- spec: {replicas: 2}\r\n";
        assert_at(text, 1, "items[0]", "spec.replicas", 7, 5);
        assert_at(text, 1, "items[1]", "spec.replicas", 8, 10);
        assert_at("{\"spec\": {\n\t\"replicas\": 3}}", 0, "", "spec.replicas", 2, 2);
        assert_at("{\"a\": 1} {\"spec\": {\"replicas\": 3}}", 1, "", "spec.replicas", 1, 20);
        assert_at("{\"a\": 1}\n{\"spec\":\n {\"replicas\": 3}}", 1, "", "spec.replicas", 3, 3);
    }

    #[test]
    fn what_an_alias_or_a_merge_brings_in_stands_where_it_was_written() {
        let text = "base: &base\n  replicas: 3\nspec:\n  <<: *base\n  x: 1\nother: *base\n";
        assert_at(text, 0, "", "spec.replicas", 2, 3);
        assert_at(text, 0, "", "other.replicas", 2, 3);
        assert_at(text, 0, "", "other", 6, 1);
    }
}
