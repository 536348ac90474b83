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
            Self::Any(text) if text.starts_with("refs/heads/") => return Ok(Revision::Own),
            Self::Any(text) if text.len() == WHOLE && is_hex(text) => clone.and_then(|clone| clone.commit(text)),
            Self::Any(text) if is_range(text) => clone.and_then(|clone| clone.highest_tag(text, VersionText::Loose)),
            Self::Any(text) => match clone {
                None if USUAL_BRANCHES.contains(&text) => return Ok(Revision::Own),
                None => None,
                Some(clone) => match (clone.tag(text), clone.has_branch(text)) {
                    (Some(_), Branch::Shared) => {
                        return Err(format!("{READS} `{text}`, which is a branch and a tag"));
                    }
                    (None, Branch::Shared | Branch::OfClone) => return Ok(Revision::Own),
                    (Some(tag), Branch::OfClone | Branch::None) => Some(tag),
                    (None, Branch::None) => clone.commit(text),
                },
            },
            Self::Tag(text) => clone.and_then(|clone| clone.tag(text)),
            Self::Commit(text) => clone.and_then(|clone| clone.commit(text)),
            Self::Range(text) => clone.and_then(|clone| clone.highest_tag(text, VersionText::Strict)),
            Self::Reference(text) if text.starts_with("refs/heads/") => return Ok(Revision::Own),
            Self::Reference(text) => clone.and_then(|clone| clone.tag(text)),
        };
        let text = self.text();
        commit.map(Revision::Commit).ok_or_else(|| format!("{READS} `{text}`, which this clone does not have"))
    }
}

/// The digits of a whole id.
const WHOLE: usize = 40;

/// How a reason begins that is about a revision.
pub(crate) const READS: &str = "it reads the revision";

/// What a reason ends with where too many are read.
pub(crate) const TOO_MANY: &str = "other states of the repository";

/// What a reason ends with where a source is not the revision alone.
pub(crate) const CHANGES_SOURCE: &str = "which may change what is in it, and is not evaluated";

/// Whether a reason is that a revision, or something in it, cannot be read.
pub(crate) fn is_about_revision(reason: &str) -> bool {
    reason.contains(READS) || reason.ends_with(TOO_MANY) || reason.ends_with(CHANGES_SOURCE)
}

/// Where there is no clone to ask, these alone are taken for branches.
const USUAL_BRANCHES: [&str; 4] = ["main", "master", "trunk", "develop"];

/// Whether a name is that of a branch.
enum Branch {
    /// Of the repository that was cloned.
    Shared,
    /// Of this clone alone: a tag of that name is what others know.
    OfClone,
    None,
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
        let found = self.git.try_find_reference(format!("refs/tags/{name}").as_str()).ok()??;
        self.as_commit(found.into_fully_peeled_id().ok()?.detach())
    }

    /// The commit of an id, or of one that is cut short.
    fn commit(&self, id: &str) -> Option<gix::ObjectId> {
        let prefix = gix::hash::Prefix::from_hex(Some(id).filter(|id| is_hex(id))?).ok()?;
        self.as_commit(self.git.objects.lookup_prefix(prefix, None).ok()??.ok()?)
    }

    fn as_commit(&self, id: gix::ObjectId) -> Option<gix::ObjectId> {
        self.git.find_object(id).ok()?.try_into_commit().ok().map(|commit| commit.id)
    }

    /// Whether the clone knows a branch of that name. Its own branches count where they were named on the command line, or where it has none of
    /// a remote: whoever checks a pull request out calls its branch whatever they like.
    fn has_branch(&self, name: &str) -> Branch {
        let is_there = |name: String| matches!(self.git.try_find_reference(name.as_str()), Ok(Some(_)));
        let remotes: Vec<String> = self.git.remote_names().iter().map(ToString::to_string).collect();
        let has_origin = remotes.iter().any(|remote| remote == "origin");
        let mut own = remotes.iter().filter(|remote| !has_origin || *remote == "origin");
        if own.any(|remote| is_there(format!("refs/remotes/{remote}/{name}"))) {
            return Branch::Shared;
        }
        let counts = || self.branches.iter().any(|branch| branch == name) || !self.has_remote_branches();
        if is_there(format!("refs/heads/{name}")) && counts() { Branch::OfClone } else { Branch::None }
    }

    fn has_remote_branches(&self) -> bool {
        let references = self.git.references().ok();
        references
            .is_none_or(|references| references.remote_branches().is_ok_and(|mut branches| branches.next().is_some()))
    }

    /// The commit of the highest tag in a range. None also where two tags are the highest, and name different commits.
    fn highest_tag(&self, range: &str, text: VersionText) -> Option<gix::ObjectId> {
        let references = self.git.references().ok()?;
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
        let fixed = ["v1.2.3", "1.2", "v2", "refs/tags/prod", "0123abc", "^1.0", "1.x", "*", "--upload-pack=1.2 || 2"];
        let others =
            ["release-1.2", "feature/x", "stable", "2-stable", "--help", "HEAD~1", "v1^{}", "refs/pull/3/head"];
        for unknown in fixed.into_iter().chain(others) {
            assert!(AskedRevision::Any(unknown).resolve(None).is_err(), "{unknown}");
        }
        for branch in ["", "main", "HEAD", "refs/heads/feature/x"] {
            assert_eq!(AskedRevision::Any(branch).resolve(None), Ok(Revision::Own), "{branch}");
        }
        assert_eq!(AskedRevision::Reference("refs/heads/main").resolve(None), Ok(Revision::Own));
        assert!(AskedRevision::Tag("prod").resolve(None).is_err());
    }
}
