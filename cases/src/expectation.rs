//! The expected words of a case, written into its file in place. All else in the file stays as it is, comments too.

use super::render::ALLOWED;

/// The file's text with these words for that case; none if the file has no such case.
pub(crate) fn replaced(text: &str, case: &str, words: &str) -> Option<String> {
    let lines: Vec<&str> = text.lines().collect();
    let first = lines.iter().position(|line| line.strip_prefix("- name: ") == Some(case))?;
    let rest = lines.get(first + 1..)?;
    let is_indented = |line: &&str| line.starts_with(' ');
    let next = rest.iter().position(|line| !is_indented(line) && !is_blank_or_comment(line)).unwrap_or(rest.len());
    let length = rest.get(..next)?.iter().rposition(is_indented).map_or(0, |last| last + 1);
    let case = rest.get(..length)?;
    let kept = case.iter().position(|line| line.starts_with("  expect:")).unwrap_or(length);
    // The value: what is deeper than its key. Blank lines are part of it only between such lines.
    let value = case.get(kept + 1..).unwrap_or_default().iter();
    let value: Vec<&&str> = value.take_while(|line| line.trim().is_empty() || line.starts_with("   ")).collect();
    let said = value.iter().rposition(|line| !line.trim().is_empty()).map_or(0, |last| last + 1);
    let behind = (first + 1 + kept + 1 + said).min(first + 1 + length);
    let mut all: Vec<String> = lines.get(..=first + kept)?.iter().map(|line| (*line).to_owned()).collect();
    all.extend(written(words));
    all.extend(lines.get(behind..)?.iter().map(|line| (*line).to_owned()));
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    Some(all.join(end) + end)
}

fn is_blank_or_comment(line: &str) -> bool {
    line.is_empty() || line.starts_with('#')
}

fn written(words: &str) -> Vec<String> {
    if words.trim_end() == ALLOWED {
        return vec![format!("  expect: {ALLOWED}")];
    }
    let lines = words.lines().map(|line| format!("    {line}"));
    std::iter::once("  expect: |".to_owned()).chain(lines).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
cases:
- name: allows-one
  create: three
  expect: allowed

# Why.
- name: denies-two
  update: three
  to: {spec: {replicas: 1}}
  expect: |
    deny p/r: no
      remedy: try
  facts: three

- name: warns-new
  create: three
";

    #[test]
    fn only_the_words_of_that_case_change() {
        let one = replaced(FILE, "allows-one", "warn p/r: well\n").unwrap_or_default();
        assert_eq!(one, FILE.replace("expect: allowed", "expect: |\n    warn p/r: well"));
        let two = replaced(FILE, "denies-two", "allowed\n").unwrap_or_default();
        assert_eq!(two, FILE.replace("expect: |\n    deny p/r: no\n      remedy: try", "expect: allowed"));
        let new = replaced(FILE, "warns-new", "warn p/r: new\n").unwrap_or_default();
        assert_eq!(new, format!("{FILE}  expect: |\n    warn p/r: new\n"));
        let patch = replaced(FILE, "warns-new", "patch add /a 1\npatch add /b 2\n").unwrap_or_default();
        assert_eq!(patch, format!("{FILE}  expect: |\n    patch add /a 1\n    patch add /b 2\n"));
        assert_eq!(replaced(FILE, "denies-none", "allowed"), None);
    }

    #[test]
    fn the_whole_value_is_replaced_and_nothing_behind_the_case_is_touched() {
        let file = "cases:\n- name: a\n  expect: |\n   one\n\n   two\n\n# Why.\n  groups: [g]\nfacts: {}\n";
        let expected = "cases:\n- name: a\n  expect: allowed\n\n# Why.\n  groups: [g]\nfacts: {}\n";
        assert_eq!(replaced(file, "a", "allowed\n").as_deref(), Some(expected));
        let file = "cases:\n- name: a\n  create: three\nfacts: {}\n";
        let expected = "cases:\n- name: a\n  create: three\n  expect: allowed\nfacts: {}\n";
        assert_eq!(replaced(file, "a", "allowed\n").as_deref(), Some(expected));
    }

    #[test]
    fn line_ends_stay_what_they_are() {
        let file = FILE.replace('\n', "\r\n");
        let expected = file.replace("expect: allowed", "expect: |\r\n    warn p/r: well");
        assert_eq!(replaced(&file, "allows-one", "warn p/r: well\n"), Some(expected));
    }

    #[test]
    fn the_same_words_leave_the_file_as_it_is() {
        assert_eq!(replaced(FILE, "allows-one", "allowed\n").as_deref(), Some(FILE));
        assert_eq!(replaced(FILE, "denies-two", "deny p/r: no\n  remedy: try\n").as_deref(), Some(FILE));
    }
}
