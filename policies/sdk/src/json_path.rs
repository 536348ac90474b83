//! Where in a JSON text a decoding error lies, as a Kubernetes path.
//! A library that tracks paths while it decodes would double the code of every guest; this reads the text again, and only
//! after an error. Takes the text for JSON up to the error: the decoder has read that far.

/// A container around the place.
enum JsonStep {
    /// An object, at this member; none before its first.
    Member(Option<String>),
    /// An array, at this index.
    Index(usize),
}

/// The path of the value at an error's line and column (both from 1, as serde_json counts them):
/// `template.spec.containers[0].args[1]`. Empty for the whole text.
pub(crate) fn path_at(text: &str, line: usize, column: usize) -> String {
    let above: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let end = above.saturating_add(column).min(text.len());
    let read = text.get(..end).unwrap_or(text);
    shown(&steps(read))
}

fn steps(read: &str) -> Vec<JsonStep> {
    let mut steps = Vec::new();
    let mut key_next = false;
    let mut rest = read;
    while let Some(byte) = rest.bytes().next() {
        rest = rest.get(1..).unwrap_or_default();
        match byte {
            b'{' => {
                steps.push(JsonStep::Member(None));
                key_next = true;
            }
            b'[' => {
                steps.push(JsonStep::Index(0));
                key_next = false;
            }
            b'}' | b']' => drop(steps.pop()),
            b',' => match steps.last_mut() {
                Some(JsonStep::Index(index)) => *index += 1,
                Some(JsonStep::Member(_)) => key_next = true,
                None => {}
            },
            b'"' => {
                let (string, after) = string(rest);
                if let (true, Some(JsonStep::Member(key))) = (key_next, steps.last_mut()) {
                    *key = Some(string.to_owned());
                    key_next = false;
                }
                rest = after;
            }
            // Blanks, colons, and the bytes of numbers, literals and what follows a string's quote.
            _ => rest = rest.trim_start_matches(|c: char| !"{}[],\"".contains(c)),
        }
    }
    steps
}

/// What stands before the closing quote, as written, and what follows it.
fn string(text: &str) -> (&str, &str) {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'"' if !escaped => return (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default()),
            _ => escaped = byte == b'\\' && !escaped,
        }
    }
    (text, "")
}

fn shown(steps: &[JsonStep]) -> String {
    let mut path = String::new();
    for step in steps {
        match step {
            JsonStep::Index(index) => path.push_str(&format!("[{index}]")),
            JsonStep::Member(Some(key)) if path.is_empty() => path.push_str(key),
            JsonStep::Member(Some(key)) => {
                path.push('.');
                path.push_str(key);
            }
            JsonStep::Member(None) => {}
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use kubernetes::manifest::StatefulSetSpec;

    use super::*;

    #[track_caller]
    fn lies_at(spec: &str, path: &str) {
        let error = serde_json::from_str::<StatefulSetSpec>(spec).unwrap_err();
        assert_eq!(path_at(spec, error.line(), error.column()), path, "{error}");
    }

    #[test]
    fn names_the_member_of_a_wrong_type() {
        lies_at(r#"{"replicas":"five"}"#, "replicas");
        lies_at(r#"{"serviceName":"a","replicas":99999999999,"template":{}}"#, "replicas");
        lies_at(r#"{"ordinals":{"start":{}}}"#, "ordinals.start");
        lies_at(r#"{"template":{"spec":{"containers":{}}}}"#, "template.spec.containers");
    }

    #[test]
    fn counts_elements_of_arrays() {
        let args = r#"{"template":{"spec":{"containers":[{"name":"a","args":[]},{"args":["-a,[{","\"]",7]}]}}}"#;
        lies_at(args, "template.spec.containers[1].args[2]");
    }

    #[test]
    fn reads_pretty_printed_text() {
        lies_at("{\n  \"podManagementPolicy\": \"Parallel\",\n  \"replicas\": true\n}", "replicas");
    }

    #[test]
    fn names_nothing_where_the_whole_is_wrong() {
        lies_at("7", "");
        assert_eq!(path_at("", 0, 0), "");
        assert_eq!(path_at("{\"ä\":1}", 1, 3), "");
    }
}
