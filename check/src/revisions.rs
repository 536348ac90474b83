//! Which commit of the clone a leading object reads, by what it says of its revision. Names are looked up whole among the refs, and commits among
//! the objects: no text is taken for an option, a path, or one of git's expressions.
//! Facts: Argo CD 3.6 `util/git/client.go` (`lsRemote`), source-controller `GitRepository` (`spec.ref`).

use super::git::Repository;
use super::versions::{VersionText, highest};

/// What a leading object says of its revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AskedRevision<'a> {
    /// As Argo CD takes a text: a branch, a tag, a commit, or a range of versions.
    Any(&'a str),
    Tag(&'a str),
    Commit(&'a str),
    Range(&'a str),
    /// A name like `refs/tags/v1`.
    Reference(&'a str),
}

/// Which state that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Revision {
    /// A branch, or nothing: the state at hand.
    Own,
    /// A commit of the clone.
    Commit(gix::ObjectId),
}

impl<'a> AskedRevision<'a> {
    pub(crate) const fn text(self) -> &'a str {
        match self {
            Self::Any(text) | Self::Tag(text) | Self::Commit(text) | Self::Range(text) | Self::Reference(text) => text,
        }
    }

    /// The revision in the clone.
    ///
    /// # Errors
    /// When it is not the state at hand, and the clone does not have it.
    pub(crate) fn resolve(self, clone: Option<&Repository>) -> Result<Revision, String> {
        let commit = match self {
            Self::Any("" | "HEAD") => return Ok(Revision::Own),
            Self::Any(text) if text.len() == WHOLE && is_hex(text) => clone.and_then(|clone| clone.commit(text)),
            Self::Any(text) if is_range(text) => clone.and_then(|clone| clone.highest_tag(text, VersionText::Loose)),
            Self::Any(text) => {
                if clone.is_some_and(|clone| clone.has_branch(text)) {
                    return Ok(Revision::Own);
                }
                let found = clone.and_then(|clone| clone.tag(text).or_else(|| clone.commit(text)));
                if found.is_none() && !is_fixed(text) {
                    return Ok(Revision::Own);
                }
                found
            }
            Self::Tag(text) => clone.and_then(|clone| clone.tag(text)),
            Self::Commit(text) => clone.and_then(|clone| clone.commit(text)),
            Self::Range(text) => clone.and_then(|clone| clone.highest_tag(text, VersionText::Strict)),
            Self::Reference(text) if text.starts_with("refs/heads/") => return Ok(Revision::Own),
            Self::Reference(text) => clone.and_then(|clone| clone.tag(text)),
        };
        let text = self.text();
        commit
            .map(Revision::Commit)
            .ok_or_else(|| format!("it reads the revision `{text}`, which this clone does not have"))
    }
}

/// The digits of a whole id.
const WHOLE: usize = 40;

/// Whether a text that the clone does not know is no branch: it is written as a tag, a commit or a version is.
fn is_fixed(text: &str) -> bool {
    let bare = text.trim_start_matches('v');
    let is_version = bare.split(['.', '-', '+']).next().is_some_and(is_number) && (bare != text || bare.contains('.'));
    is_hex(text) || text.starts_with("refs/tags/") || is_version
}

/// A constraint, and no version by itself.
fn is_range(text: &str) -> bool {
    let parts = || text.trim_start_matches('v').split('.');
    let is_wildcard = |part: &str| matches!(part, "*" | "x" | "X");
    text.starts_with(['^', '~', '>', '<', '=', '!'])
        || text.contains("||")
        || (parts().any(is_wildcard) && parts().all(|part| is_wildcard(part) || is_number(part)))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// As long as what Argo CD takes for a commit.
fn is_hex(text: &str) -> bool {
    (7..=WHOLE).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl Repository {
    /// The commit of a tag, by its name or as `refs/tags/NAME`.
    fn tag(&self, name: &str) -> Option<gix::ObjectId> {
        let name = name.strip_prefix("refs/tags/").unwrap_or(name);
        let found = self.0.try_find_reference(format!("refs/tags/{name}").as_str()).ok()??;
        self.as_commit(found.into_fully_peeled_id().ok()?.detach())
    }

    /// The commit of an id, or of one that is cut short.
    fn commit(&self, id: &str) -> Option<gix::ObjectId> {
        let prefix = gix::hash::Prefix::from_hex(Some(id).filter(|id| is_hex(id))?).ok()?;
        self.as_commit(self.0.objects.lookup_prefix(prefix, None).ok()??.ok()?)
    }

    fn as_commit(&self, id: gix::ObjectId) -> Option<gix::ObjectId> {
        self.0.find_object(id).ok()?.try_into_commit().ok().map(|commit| commit.id)
    }

    /// Whether the clone knows a branch of that name.
    fn has_branch(&self, name: &str) -> bool {
        let bare = name.strip_prefix("refs/heads/").unwrap_or(name);
        ["refs/heads", "refs/remotes/origin"]
            .iter()
            .any(|place| matches!(self.0.try_find_reference(format!("{place}/{bare}").as_str()), Ok(Some(_))))
    }

    /// The commit of the highest tag in a range. None also where two tags are the highest, and name different commits.
    fn highest_tag(&self, range: &str, text: VersionText) -> Option<gix::ObjectId> {
        let references = self.0.references().ok()?;
        let names: Vec<String> =
            references.tags().ok()?.flatten().map(|tag| tag.name().shorten().to_string()).collect();
        let mut commits = highest(&names, range, text).into_iter().map(|name| self.tag(name));
        let first = commits.next()??;
        commits.all(|commit| commit == Some(first)).then_some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::{AskedRevision, Revision};

    #[test]
    fn what_no_clone_has_is_a_branch_or_not_known() {
        for fixed in ["v1.2.3", "1.2", "v2", "refs/tags/prod", "0123abc", "^1.0", "1.x", "*", "--upload-pack=1.2 || 2"]
        {
            assert!(AskedRevision::Any(fixed).resolve(None).is_err(), "{fixed}");
        }
        for branch in ["", "main", "HEAD", "release-1.2", "feature/x", "refs/heads/main", "2-stable", "--help"] {
            assert_eq!(AskedRevision::Any(branch).resolve(None), Ok(Revision::Own), "{branch}");
        }
        assert_eq!(AskedRevision::Reference("refs/heads/main").resolve(None), Ok(Revision::Own));
        assert!(AskedRevision::Tag("prod").resolve(None).is_err());
    }
}
