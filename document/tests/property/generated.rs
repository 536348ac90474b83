//! Trees, and many texts of one tree: white space, escapes, the order of members and the spelling of numbers differ.
//! Says nothing about what should come out.

use proptest::prelude::*;
use serde_json::{Map, Value};

/// Few, so that two trees share them, and each is awkward somewhere: in a pointer, a pattern, an index or a string.
pub(crate) const KEYS: [&str; 14] =
    ["a", "b", "c", "a/b", "m~n", "", "*", "0", "1", "01", "-", "\"q\"", "ä😀\n", "a key of more than sixteen bytes"];

/// A tree of the sizes that Kubernetes objects have in one corner. Its numbers are exact as doubles.
pub(crate) fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-4_i64..4).prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        (-8_i32..8).prop_map(|number| Value::from(f64::from(number) + 0.5)),
        prop::sample::select(KEYS.to_vec()).prop_map(Value::from),
        "[ -~\\n\\t\\u{0}äé€😀]{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((prop::sample::select(KEYS.to_vec()), inner.clone()), 0..6).prop_map(object),
            // More than the walk over siblings takes, so that there is a table.
            (inner.clone(), 17_usize..24).prop_map(|(value, count)| many(&value, count)),
            prop::collection::vec(inner, 17..24).prop_map(Value::from),
        ]
    })
}

fn object(members: Vec<(&'static str, Value)>) -> Value {
    Value::Object(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

fn many(value: &Value, count: usize) -> Value {
    let key = |number: usize| KEYS.get(number).map_or_else(|| format!("k{number}"), |key| (*key).to_owned());
    Value::Object((0..count).map(|number| (key(number), value.clone())).collect::<Map<String, Value>>())
}

/// How a tree is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spelling {
    /// Chooses among the ways.
    pub(crate) seed: u64,
    pub(crate) shuffles: bool,
    /// `3` may be `3.0`, `30e-1`.
    pub(crate) respells_numbers: bool,
}

/// One text of the tree.
pub(crate) fn spelled(tree: &Value, spelling: Spelling) -> String {
    let mut writer = Writer { text: String::new(), spelling };
    writer.blank();
    writer.value(tree);
    writer.blank();
    writer.text
}

struct Writer {
    text: String,
    spelling: Spelling,
}

impl Writer {
    fn below(&mut self, bound: u64) -> u64 {
        self.spelling.seed =
            self.spelling.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.spelling.seed >> 33) % bound
    }

    fn blank(&mut self) {
        const BLANKS: [&str; 8] = ["", "", "", "", " ", "\n", "\t ", "\r\n"];
        let chosen = self.below(BLANKS.len() as u64) as usize;
        self.text.push_str(BLANKS[chosen]);
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.string(text),
            Value::Number(number) if self.spelling.respells_numbers => self.number(number),
            Value::Null | Value::Bool(_) | Value::Number(_) => self.text.push_str(&value.to_string()),
            Value::Array(elements) => {
                self.text.push('[');
                self.blank();
                for (position, element) in elements.iter().enumerate() {
                    self.separator(position);
                    self.value(element);
                    self.blank();
                }
                self.text.push(']');
            }
            Value::Object(members) => {
                let mut members: Vec<(&String, &Value)> = members.iter().collect();
                for position in 1..if self.spelling.shuffles { members.len() } else { 0 } {
                    let other = self.below(position as u64 + 1) as usize;
                    members.swap(position, other);
                }
                self.text.push('{');
                self.blank();
                for (position, (key, value)) in members.into_iter().enumerate() {
                    self.separator(position);
                    self.string(key);
                    self.blank();
                    self.text.push(':');
                    self.blank();
                    self.value(value);
                    self.blank();
                }
                self.text.push('}');
            }
        }
    }

    fn separator(&mut self, position: usize) {
        if position > 0 {
            self.text.push(',');
            self.blank();
        }
    }

    fn number(&mut self, number: &serde_json::Number) {
        let text = number.to_string();
        let spelled = match (self.below(4), text.split_once('.')) {
            (0, None) => format!("{text}.0"),
            (1, None) if text != "0" => format!("{text}00e-2"),
            (2, None) => format!("{text}E+00"),
            (0, Some((whole, fraction))) => format!("{whole}.{fraction}00"),
            (1, Some((whole, fraction))) if whole != "0" && whole != "-0" => {
                format!("{whole}{fraction}e-{}", fraction.len())
            }
            (_, _) => text,
        };
        self.text.push_str(&spelled);
    }

    fn string(&mut self, text: &str) {
        self.text.push('"');
        for character in text.chars() {
            if self.below(6) == 0 {
                let mut units = [0; 2];
                for unit in character.encode_utf16(&mut units) {
                    self.text.push_str(&format!("\\u{unit:04X}"));
                }
                continue;
            }
            match character {
                '/' if self.below(2) == 0 => self.text.push_str("\\/"),
                _ => {
                    let quoted = serde_json::to_string(&character).unwrap();
                    self.text.push_str(&quoted[1..quoted.len() - 1]);
                }
            }
        }
        self.text.push('"');
    }
}

pub(crate) fn spelling() -> impl Strategy<Value = Spelling> {
    (any::<u64>(), any::<bool>(), any::<bool>()).prop_map(|(seed, shuffles, respells_numbers)| Spelling {
        seed,
        shuffles,
        respells_numbers,
    })
}

/// The tree with each number as a double: `1` and `1.0` are the same.
pub(crate) fn by_value(tree: &Value) -> Value {
    match tree {
        Value::Number(number) => Value::from(number.as_f64().unwrap()),
        Value::Array(elements) => elements.iter().map(by_value).collect(),
        Value::Object(members) => {
            Value::Object(members.iter().map(|(key, value)| (key.clone(), by_value(value))).collect())
        }
        Value::Null | Value::Bool(_) | Value::String(_) => tree.clone(),
    }
}

/// Each value of the tree with its pointer, in the order of its keys.
pub(crate) fn places(tree: &Value) -> Vec<(String, &Value)> {
    let mut places = vec![(String::new(), tree)];
    let mut ordered = Vec::new();
    // Depth first: children go to the end of a stack, the last child first.
    while let Some((pointer, value)) = places.pop() {
        match value {
            Value::Array(elements) => places.extend(
                elements.iter().enumerate().rev().map(|(index, element)| (format!("{pointer}/{index}"), element)),
            ),
            Value::Object(members) => {
                places.extend(members.iter().rev().map(|(key, value)| (format!("{pointer}/{}", escaped(key)), value)));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
        ordered.push((pointer, value));
    }
    ordered
}

pub(crate) fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// Pointers and patterns of the tokens that trees have, and of some that none has.
pub(crate) fn pointer(longest: usize) -> impl Strategy<Value = String> {
    let token = prop::sample::select(KEYS.to_vec()).prop_map(escaped);
    let index = (0_usize..7).prop_map(|index| index.to_string());
    let token = prop_oneof![3 => token, 2 => index, 1 => Just("*".to_owned())];
    prop::collection::vec(token, 0..longest)
        .prop_map(|tokens| tokens.iter().map(|token| format!("/{token}")).collect::<String>())
}
