//! Replaces what a container would see by what there is here: paths by folders, names by addresses.
//! Looks at text alone: a path that a program puts together by itself stays what it is.

use std::path::Path;

/// What is replaced; the longest that fits wins.
#[derive(Clone, Debug, Default)]
pub(super) struct Rewrite {
    rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
struct Rule {
    from: String,
    to: String,
    /// A path does not begin within another one; a name may follow a slash (`http://name`).
    path: bool,
}

impl Rewrite {
    /// Everything at and below a path.
    pub(super) fn path(&mut self, from: &str, to: &Path) {
        let from = from.trim_end_matches('/');
        self.add(from, &to.display().to_string(), true);
    }

    /// A name or an address.
    pub(super) fn name(&mut self, from: &str, to: &str) {
        self.add(from, to, false);
    }

    pub(super) fn covers(&self, path: &str) -> bool {
        self.rules.iter().any(|rule| rule.path && rule.fits(path))
    }

    fn add(&mut self, from: &str, to: &str, path: bool) {
        if !from.is_empty() {
            self.rules.push(Rule { from: from.to_owned(), to: to.to_owned(), path });
            self.rules.sort_by_key(|rule| std::cmp::Reverse(rule.from.len()));
        }
    }

    pub(super) fn apply(&self, text: &str) -> String {
        let mut done = String::with_capacity(text.len());
        let mut before = None;
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            let rule = self.rules.iter().find(|rule| rule.may_begin_behind(before) && rule.fits(rest));
            let taken = match rule {
                Some(rule) => {
                    done.push_str(&rule.to);
                    rule.from.len()
                }
                None => {
                    done.push(next);
                    next.len_utf8()
                }
            };
            let (passed, left) = rest.split_at(taken);
            before = passed.chars().next_back();
            rest = left;
        }
        done
    }
}

impl Rule {
    fn may_begin_behind(&self, before: Option<char>) -> bool {
        let Some(before) = before else { return true };
        let inside = before.is_ascii_alphanumeric() || "_-.".contains(before);
        !(inside || self.path && before == '/')
    }

    /// Whether the text begins with it, and it ends there as a whole word.
    fn fits(&self, text: &str) -> bool {
        let Some(after) = text.strip_prefix(&self.from) else { return false };
        let mut after = after.chars();
        match after.next() {
            None => true,
            Some('.') => !after.next().is_some_and(|letter| letter.is_ascii_alphanumeric()),
            Some(letter) => !letter.is_ascii_alphanumeric() && !"_-".contains(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_paths_and_names_are_replaced() {
        let mut rewrite = Rewrite::default();
        rewrite.path("/rqlite", Path::new("/t/data"));
        rewrite.path("/rqlite/file/", Path::new("/t/file"));
        rewrite.name("db-1.svc", "10.0.0.2");
        let cases = [
            ("/rqlite/raft", "/t/data/raft"),
            ("-auth=/rqlite/file/users.json", "-auth=/t/file/users.json"),
            ("/rqlite2 docker.io/rqlite/rqlite a/rqlite", "/rqlite2 docker.io/rqlite/rqlite a/rqlite"),
            ("rm -f /rqlite; ls '/rqlite'", "rm -f /t/data; ls '/t/data'"),
            ("db-1.svc:4002,http://db-1.svc:4001", "10.0.0.2:4002,http://10.0.0.2:4001"),
            ("db-1.svc.local xdb-1.svc", "db-1.svc.local xdb-1.svc"),
        ];
        for (text, rewritten) in cases {
            assert_eq!(rewrite.apply(text), rewritten, "{text}");
        }
        assert!(rewrite.covers("/rqlite/x") && !rewrite.covers("/data"));
    }
}
