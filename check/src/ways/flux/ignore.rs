//! What Flux leaves out of a repository: `.sourceignore` in any folder, the source's own `spec.ignore` over them, and where neither says
//! anything, its defaults. Patterns are those of gitignore; but each file is looked at by itself, so that one of a folder that is left out comes back.
//! Facts: fluxcd/pkg `sourceignore`, source-controller `SourceIgnoreFilter`.

use gix::bstr::BStr;
use gix::glob::Pattern;
use gix::glob::pattern::Case;
use gix::glob::wildmatch::Mode;

use crate::paths::{parent_of, within};
use crate::tree::{IGNORE_FILE, SourceTree};

/// Left out whatever else is said.
const OF_GIT: &str = ".git/\n.gitignore\n.gitmodules\n.gitattributes\n";

/// Left out where nothing else is said.
const DEFAULTS: &str = "*.jpg\n*.jpeg\n*.gif\n*.png\n*.wmv\n*.flv\n*.tar.gz\n*.zip\n\
                        .github/\n.circleci/\n.travis.yml\n.gitlab-ci.yml\nappveyor.yml\n.drone.yml\ncloudbuild.yaml\n\
                        codeship-services.yml\ncodeship-steps.yml\n\
                        **/.goreleaser.yml\n**/.sops.yaml\n**/.flux.yaml\n";

/// Patterns, the strongest last, each with the folder that it counts in.
pub(in crate::ways) struct Ignores(Vec<(String, Pattern)>);

/// The patterns of a state and of its source, as texts. Empty: the defaults count.
///
/// # Errors
/// When a file of patterns cannot be read.
pub(super) fn texts(tree: &SourceTree, of_source: Option<&str>) -> Result<Vec<(String, String)>, String> {
    let is_ignore_file = |path: &str| path.rsplit('/').next() == Some(IGNORE_FILE);
    if let Some(unread) = tree.unclear().find(|path| is_ignore_file(path)) {
        return Err(format!("its source leaves out files by `{unread}`, which cannot be read"));
    }
    let files = tree.files.iter().filter(|(path, _)| is_ignore_file(path));
    let mut texts: Vec<(String, String)> =
        files.map(|(path, file)| (parent_of(path).to_owned(), file.text.to_string())).collect();
    texts.sort_by_key(|(folder, _)| folder.split('/').map(str::to_owned).collect::<Vec<_>>());
    texts.extend(of_source.map(|text| (String::new(), text.to_owned())));
    texts.retain(|(_, text)| patterns(text).next().is_some());
    Ok(texts)
}

impl Ignores {
    pub(in crate::ways) fn of(texts: &[(String, String)]) -> Self {
        let of_git = [(String::new(), OF_GIT.to_owned())];
        let default = [(String::new(), DEFAULTS.to_owned())];
        let rest = if texts.is_empty() { &default[..] } else { texts };
        let all = of_git.iter().chain(rest);
        Self(all.flat_map(|(folder, text)| patterns(text).map(|pattern| (folder.clone(), pattern))).collect())
    }

    /// Whether a file is left out: by the last pattern that fits it, or a folder around it.
    pub(in crate::ways) fn leave_out(&self, path: &str) -> bool {
        let deciding = self
            .0
            .iter()
            .rev()
            .find(|(folder, pattern)| within(path, folder).is_some_and(|within| fits(pattern, within)));
        deciding.is_some_and(|(_, pattern)| !pattern.is_negative())
    }
}

fn patterns(text: &str) -> impl Iterator<Item = Pattern> {
    gix::ignore::parse(text.as_bytes(), false).map(|(pattern, ..)| pattern)
}

/// Whether the pattern fits the path or a folder that it lies in.
fn fits(pattern: &Pattern, path: &str) -> bool {
    let ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
    ends.into_iter().filter_map(|end| path.get(..end)).any(|part| {
        let name = part.rfind('/').map(|slash| slash.saturating_add(1));
        let is_folder = Some(part.len() < path.len());
        pattern.matches_repo_relative_path(
            BStr::new(part),
            name,
            is_folder,
            Case::Sensitive,
            Mode::NO_MATCH_SLASH_LITERAL,
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left_out(texts: &[(&str, &str)], path: &str) -> bool {
        let texts: Vec<_> = texts.iter().map(|(folder, text)| ((*folder).to_owned(), (*text).to_owned())).collect();
        Ignores::of(&texts).leave_out(path)
    }

    #[test]
    fn defaults_count_where_nothing_else_is_said() {
        for path in [".github/workflows/a.yaml", "apps/.github/a.yaml", "a/logo.png", "cloudbuild.yaml", "a/.sops.yaml"]
        {
            assert!(left_out(&[], path), "{path}");
            assert!(!left_out(&[("", "/docs/")], path), "{path}");
        }
        assert!(!left_out(&[], "apps/set.yaml"));
        assert!(left_out(&[("", "/docs/")], ".gitattributes"));
    }

    #[test]
    fn the_last_pattern_decides_and_brings_back_files_of_a_folder_that_is_left_out() {
        let only_deploy = [("", "/*\n!/deploy\n")];
        assert!(!left_out(&only_deploy, "deploy/db/set.yaml"));
        assert!(left_out(&only_deploy, "apps/db/set.yaml"));
        let one = [("", "apps/\n!apps/db/set.yaml\n")];
        assert!(!left_out(&one, "apps/db/set.yaml"));
        assert!(left_out(&one, "apps/db/other.yaml"));
        let source_last = [("", "*.yaml"), ("", "# all of it\n!/apps")];
        assert!(!left_out(&source_last, "apps/set.yaml"));
    }

    #[test]
    fn patterns_count_in_their_folder() {
        let below = [("apps", "/db\ntest-*\n")];
        assert!(left_out(&below, "apps/db/set.yaml"));
        assert!(left_out(&below, "apps/web/test-a.yaml"));
        assert!(!left_out(&below, "db/set.yaml"));
        assert!(!left_out(&below, "test-a.yaml"));
        // A folder alone.
        assert!(!left_out(&[("", "set.yaml/")], "apps/set.yaml"));
    }
}
