//! Patterns as leading objects write them: `*`, `**`, `?`, `[a-z]`, `{a,b}`.
//! Knows no file.

use gix::bstr::BStr;
use gix::glob::wildmatch;

/// Whether `*` also matches a `/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stars {
    /// As Argo CD's `directory.include`.
    CrossFolders,
    /// As a shell does; `**` crosses.
    StayInFolder,
}

pub(super) fn matches(pattern: &str, path: &str, stars: Stars) -> bool {
    let mode = match stars {
        Stars::CrossFolders => wildmatch::Mode::empty(),
        Stars::StayInFolder => wildmatch::Mode::NO_MATCH_SLASH_LITERAL,
    };
    alternatives(pattern).iter().any(|pattern| gix::glob::wildmatch(BStr::new(pattern), BStr::new(path), mode))
}

/// Whether a text is a pattern at all.
pub(super) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '[', '{'])
}

/// `a{b,c}` as `ab` and `ac`; a bounded number of them.
fn alternatives(pattern: &str) -> Vec<String> {
    const MOST: usize = 64;
    let mut done = Vec::new();
    let mut open = vec![pattern.to_owned()];
    while let Some(pattern) = open.pop() {
        let parts = pattern.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)));
        match parts {
            Some((before, (choices, after))) if done.len().saturating_add(open.len()) < MOST => {
                open.extend(choices.split(',').map(|choice| format!("{before}{choice}{after}")));
            }
            _ => done.push(pattern),
        }
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stay_in_their_folder_where_a_shells_do() {
        assert!(matches("apps/*", "apps/db", Stars::StayInFolder));
        assert!(!matches("apps/*", "apps/db/eu", Stars::StayInFolder));
        assert!(matches("apps/**/config.json", "apps/db/eu/config.json", Stars::StayInFolder));
        assert!(matches("*.yaml", "a/b.yaml", Stars::CrossFolders));
        assert!(matches("{a,b/*}.yaml", "b/c.yaml", Stars::CrossFolders));
        assert!(!matches("{a,b}.yaml", "c.yaml", Stars::CrossFolders));
    }
}
