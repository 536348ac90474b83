//! The places of an object as messages show them, and back: `spec.template.spec.containers[0].args[2]`.
//! Does not know what stands there, nor at which line.

use quorate_document::Pointer;
use thiserror::Error;

use crate::text::one_line;

/// Longest path that a message shows, in bytes.
const MAX_SHOWN: usize = 160;

/// The path of a place; empty for the whole object.
///
/// What is all digits stands in brackets, and so does a key of other characters than letters, digits, `_` and `-`, without
/// quotes and without escapes. So the object need not be asked whether `0` is an element or a member: both are written
/// `[0]`, and readers of paths look for either there.
///
/// ```
/// use kubernetes::field_path::field_path;
/// use quorate_document::Pointer;
///
/// let path = |pointer| field_path(&Pointer::parse(pointer).unwrap());
/// assert_eq!(path("/spec/template/spec/containers/0/args/2"), "spec.template.spec.containers[0].args[2]");
/// assert_eq!(path("/metadata/annotations/quorate.dev~1break-glass"), "metadata.annotations[quorate.dev/break-glass]");
/// ```
pub fn field_path(pointer: &Pointer<'_>) -> String {
    let mut path = String::with_capacity(pointer.as_str().len());
    for token in pointer.tokens() {
        if !is_plain(&token) {
            path.extend(["[", &token, "]"]);
        } else if path.is_empty() {
            path.push_str(&token);
        } else {
            path.extend([".", &token]);
        }
    }
    path
}

/// Whether a key stands behind a dot.
fn is_plain(token: &str) -> bool {
    let inside = token.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    inside && !token.bytes().all(|byte| byte.is_ascii_digit())
}

/// The place that a path names: what [`field_path`] gives for it is the path again, but for keys that need not have stood
/// in brackets.
///
/// A bracket ends at the next one that closes, so a key with `]` in it is not read as it was meant; no label, annotation
/// or ConfigMap has such a key.
///
/// ```
/// use kubernetes::field_path::field_pointer;
///
/// assert_eq!(field_pointer("spec.containers[0].image")?.as_str(), "/spec/containers/0/image");
/// assert_eq!(field_pointer("metadata.labels[a.b/c]")?.as_str(), "/metadata/labels/a.b~1c");
/// assert_eq!(
///     field_pointer("spec..replicas").unwrap_err().to_string(),
///     "`spec..replicas` is no path of a field: no key begins at byte 5; write keys with one dot between them"
/// );
/// # Ok::<(), kubernetes::field_path::FieldPathError>(())
/// ```
///
/// # Errors
/// When `path` is none: [`FieldPathFault`] lists the ways.
pub fn field_pointer(path: &str) -> Result<Pointer<'static>, FieldPathError> {
    let error = |fault| FieldPathError { path: one_line(path, MAX_SHOWN), fault };
    Steps { path, at: 0 }.collect::<Result<Pointer<'static>, _>>().map_err(error)
}

/// What is left of a path.
struct Steps<'a> {
    path: &'a str,
    /// Bytes that were read.
    at: usize,
}

impl<'a> Iterator for Steps<'a> {
    type Item = Result<&'a str, FieldPathFault>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.path.get(self.at..).filter(|rest| !rest.is_empty())?;
        Some(self.step(rest))
    }
}

impl<'a> Steps<'a> {
    fn step(&mut self, rest: &'a str) -> Result<&'a str, FieldPathFault> {
        let (key, length) = match rest.strip_prefix('[') {
            Some(inside) => {
                let (key, _) = inside.split_once(']').ok_or(FieldPathFault::Unclosed { byte: self.at })?;
                (key, key.len() + 2)
            }
            None => {
                // What was read before ended at a dot.
                let dot = usize::from(self.at > 0);
                let rest = rest.get(dot..).unwrap_or_default();
                let key = rest.split(['.', '[', ']']).next().unwrap_or_default();
                if key.is_empty() {
                    return Err(FieldPathFault::NoKey { byte: self.at + dot });
                }
                (key, dot + key.len())
            }
        };
        self.at += length;
        match rest.get(length..).and_then(|after| after.chars().next()) {
            None | Some('.' | '[') => Ok(key),
            Some(_) => Err(FieldPathFault::Behind { byte: self.at }),
        }
    }
}

/// A text that is no path of a field, and why.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{path}` is no path of a field: {fault}")]
pub struct FieldPathError {
    path: String,
    fault: FieldPathFault,
}

impl FieldPathError {
    /// What is wrong.
    pub fn fault(&self) -> FieldPathFault {
        self.fault
    }
}

/// What keeps a text from being a path. Bytes are counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FieldPathFault {
    /// A dot without a key behind it, or one at the very start. An empty key stands in brackets.
    #[error("no key begins at byte {byte}; write keys with one dot between them")]
    NoKey {
        /// Where it should begin.
        byte: usize,
    },
    /// A bracket that is opened, and not closed.
    #[error("the bracket at byte {byte} is not closed; write `]` behind the key")]
    Unclosed {
        /// Where it stands.
        byte: usize,
    },
    /// A key that is followed by anything else than a dot or a bracket that opens.
    #[error("at byte {byte} stands neither `.` nor `[`; write one of them behind the key")]
    Behind {
        /// Where that stands.
        byte: usize,
    },
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn both_ways(pointer: &str, path: &str) {
        assert_eq!(field_path(&Pointer::parse(pointer).unwrap()), path);
        assert_eq!(field_pointer(path).unwrap().as_str(), pointer, "{path}");
    }

    #[track_caller]
    fn refuses(path: &str, fault: FieldPathFault) {
        assert_eq!(field_pointer(path).unwrap_err().fault(), fault, "{path}");
    }

    #[test]
    fn writes_what_messages_show_and_reads_it_back() {
        both_ways("", "");
        both_ways("/spec/replicas", "spec.replicas");
        both_ways("/spec/template/spec/initContainers/1/args/2", "spec.template.spec.initContainers[1].args[2]");
        both_ways("/metadata/annotations/quorate.dev~1break-glass", "metadata.annotations[quorate.dev/break-glass]");
        both_ways("/metadata/ownerReferences/0/uid", "metadata.ownerReferences[0].uid");
        both_ways("/items/1/spec/replicas", "items[1].spec.replicas");
        both_ways("/0/1", "[0][1]");
    }

    #[test]
    fn a_key_that_would_be_misread_stands_in_brackets() {
        both_ways("/data/users.json", "data[users.json]");
        both_ways("/data/users.json/a", "data[users.json].a");
        both_ways("/data/8080", "data[8080]");
        both_ways("/data/007/x", "data[007].x");
        both_ways("/data/", "data[]");
        both_ways("/data/a[0", "data[a[0]");
        both_ways("/data/a b~0ä", "data[a b~ä]");
        both_ways("/a.b/c", "[a.b].c");
        // Letters, digits, `_` and `-` do not.
        both_ways("/spec/x-kubernetes_1/-/2a", "spec.x-kubernetes_1.-.2a");
    }

    #[test]
    fn reads_keys_that_need_not_have_stood_in_brackets() {
        assert_eq!(field_pointer("[spec][replicas]").unwrap().as_str(), "/spec/replicas");
        assert_eq!(field_pointer("data.8080").unwrap().as_str(), "/data/8080");
        assert_eq!(field_pointer("data.a b/c").unwrap().as_str(), "/data/a b~1c");
    }

    #[test]
    fn refuses_what_is_no_path() {
        refuses(".", FieldPathFault::NoKey { byte: 0 });
        refuses(".spec", FieldPathFault::NoKey { byte: 0 });
        refuses("spec.", FieldPathFault::NoKey { byte: 5 });
        refuses("spec..replicas", FieldPathFault::NoKey { byte: 5 });
        refuses("spec.[0]", FieldPathFault::NoKey { byte: 5 });
        refuses("]", FieldPathFault::NoKey { byte: 0 });
        refuses("spec[0", FieldPathFault::Unclosed { byte: 4 });
        refuses("[", FieldPathFault::Unclosed { byte: 0 });
        refuses("a[0]b", FieldPathFault::Behind { byte: 4 });
        refuses("a]", FieldPathFault::Behind { byte: 1 });
        refuses("a[b]]", FieldPathFault::Behind { byte: 4 });
        refuses("ä]", FieldPathFault::Behind { byte: 2 });
    }

    #[test]
    fn says_what_is_wrong() {
        let says = |path: &str| field_pointer(path).unwrap_err().to_string();
        let unclosed = "`a[0` is no path of a field: the bracket at byte 1 is not closed; write `]` behind the key";
        assert_eq!(says("a[0"), unclosed);
        let behind =
            "`a[0]b` is no path of a field: at byte 4 stands neither `.` nor `[`; write one of them behind the key";
        assert_eq!(says("a[0]b"), behind);
        assert!(says(&format!("{}.", "a\n".repeat(1 << 16))).len() < 300);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5000))]

        #[test]
        fn a_path_leads_back(tokens in prop::collection::vec("[a-z]{1,3}|[0-9]{1,3}|[^\\]]{0,6}", 0..6)) {
            let pointer: Pointer<'_> = tokens.iter().collect();
            prop_assert_eq!(field_pointer(&field_path(&pointer)), Ok(pointer));
        }

        #[test]
        fn what_is_read_is_written_and_read_again(path in "([a-c0-2.\\[\\]~/ä]|\\[[a-c.]{0,2}\\]){0,8}") {
            if let Ok(pointer) = field_pointer(&path) {
                prop_assert_eq!(field_pointer(&field_path(&pointer)), Ok(pointer));
            }
        }
    }
}
