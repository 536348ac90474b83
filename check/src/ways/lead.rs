//! What a leading object says, in the words of no tool: the link that it is, and the sources that it applies.
//! Holds no tool's facts; each adapter names the source of its own.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value};

use super::states::{State, States};
use crate::input;
use crate::object::Object;
use crate::render::{ChartAt, HelmOptions};
use crate::revisions::{AskedRevision, Revision};
use crate::state::StateName;
use crate::versions::fits;
use crate::way::Link;

/// A leading object, read.
pub(super) struct Lead<'s> {
    pub(super) link: Link,
    /// What it applies, and what of it cannot be evaluated.
    pub(super) sources: Vec<Result<Source<'s>, String>>,
    /// The objects that it makes in the cluster: an ApplicationSet's Applications.
    pub(super) made: Vec<Value>,
}

/// A folder or a chart, and what is done to it.
#[derive(Clone)]
pub(super) struct Source<'s> {
    /// What it is read in.
    pub(super) state: State<'s>,
    /// Within the tree; of a chart that lies elsewhere, its name.
    pub(super) folder: String,
    /// Where objects go that name no namespace.
    pub(super) namespace: Option<String>,
    pub(super) reader: Reader,
    pub(super) helm: HelmOptions,
    /// Members of a kustomization that is laid over what the folder gives.
    pub(super) overlay: Map<String, Value>,
    /// Flux's `postBuild.substitute`.
    pub(super) substitutions: Option<BTreeMap<String, String>>,
    /// Labels and annotations that every object gets.
    pub(super) metadata: Vec<(&'static str, Map<String, Value>)>,
}

/// How a folder is read that is neither kustomization nor chart, and which of these it may be.
#[derive(Debug, Clone)]
pub(super) enum Reader {
    ArgoCd {
        directory: Directory,
        only: Option<SourceKind>,
    },
    Flux,
    /// A chart alone.
    Chart,
}

/// What an Application's source is said to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SourceKind {
    Helm,
    Kustomize,
    Directory,
}

/// Which files of a folder Argo CD reads.
#[derive(Debug, Clone, Default)]
pub(super) struct Directory {
    pub(super) recurses: bool,
    pub(super) include: Option<String>,
    pub(super) exclude: Option<String>,
}

/// What a leading object is read in: one side of the repository, or another state of it.
#[derive(Clone, Copy)]
pub(super) struct Surroundings<'s> {
    pub(super) state: State<'s>,
    pub(super) states: States<'s>,
    /// The sources that Flux knows by name.
    pub(super) sources: &'s [Object],
    /// URL of the repository, where it is known.
    pub(super) url: Option<&'s str>,
    pub(super) charts: Charts<'s>,
}

/// Where charts are found that a leading object names.
#[derive(Clone, Copy)]
pub(super) struct Charts<'s> {
    pub(super) folder: Option<&'s Path>,
    pub(super) network: bool,
}

impl<'s> Surroundings<'s> {
    /// The same in a revision of the repository at `url`, less what is left out of it.
    ///
    /// # Errors
    /// When that is another repository, or the revision cannot be had.
    pub(super) fn at(&self, url: &str, revision: AskedRevision<'_>) -> Result<Self, String> {
        if !self.is_own(url) {
            return Err(format!("its source is {url}, which is not this repository"));
        }
        self.in_revision(revision)
    }

    pub(super) fn in_revision(&self, revision: AskedRevision<'_>) -> Result<Self, String> {
        let name = match revision.resolve(self.states.clone.map(AsRef::as_ref))? {
            Revision::Own => StateName::default(),
            Revision::Commit(commit) => {
                StateName { commit: commit.to_string(), revision: revision.text().to_owned(), ..StateName::default() }
            }
        };
        self.in_state(name)
    }

    pub(super) fn in_state(&self, name: StateName) -> Result<Self, String> {
        Ok(Self { state: self.states.named(name)?, ..*self })
    }

    /// Whether a URL is this repository's. Where that is not known, the path has to decide.
    fn is_own(&self, url: &str) -> bool {
        self.url.is_none_or(|own| normalised(own) == normalised(url))
    }

    /// A chart that is named: one of the tree under that name and version, one in the folder of charts, or, with the network, that of its
    /// repository.
    pub(super) fn chart(&self, name: &str, version: &str, repository: &str) -> Result<ChartAt, String> {
        let is_plain = |text: &str| !text.contains(['/', '\\']) && text != "..";
        if !is_plain(name) || !is_plain(version) {
            return Err(format!("its chart `{name}` {version} is no name of a chart"));
        }
        let at_hand = self.charts.folder.map(|folder| {
            let packed = folder.join(format!("{name}-{version}.tgz"));
            let unpacked = folder.join(name);
            if packed.is_file() { Some(packed) } else { Some(unpacked).filter(|chart| has_version(chart, version)) }
        });
        let vendored = self.state.closures.vendored(name, version);
        match at_hand.flatten() {
            Some(path) => Ok(ChartAt::Archive(path)),
            None if let Some(folder) = vendored => Ok(ChartAt::Folder(folder.to_owned())),
            None if self.charts.network && !repository.is_empty() => Ok(ChartAt::Remote {
                repository: repository.to_owned(),
                name: name.to_owned(),
                version: version.to_owned(),
            }),
            None => {
                let place = if repository.is_empty() { "elsewhere" } else { repository };
                let version = if version.is_empty() { String::new() } else { format!(" {version}") };
                Err(format!(
                    "its chart `{name}`{version} comes from {place}; give it with --chart-dir, or allow --network"
                ))
            }
        }
    }
}

/// Whether the folder is a chart of a version that is asked for.
fn has_version(chart: &Path, version: &str) -> bool {
    let text = input::read_text(&chart.join("Chart.yaml")).unwrap_or_default();
    let document = input::parse_yaml::<Value>(&text).ok().and_then(|documents| documents.into_iter().next());
    let own = document.as_ref().and_then(|document| document.get("version")?.as_str());
    own.is_some_and(|own| fits(own, version))
}

/// `git@github.com:acme/db.git` and `https://github.com/acme/db` are one.
fn normalised(url: &str) -> String {
    let (has_scheme, url) = url.split_once("://").map_or((false, url), |(_, rest)| (true, rest));
    // Whoever logs in stands before the host: before the first `/`, or, as ssh writes it, before the first `:`.
    let end = url.find(if has_scheme { &['/'][..] } else { &[':', '/'][..] }).unwrap_or(url.len());
    let url = url
        .get(..end)
        .and_then(|host| host.rfind('@'))
        .map_or(url, |at| url.get(at.saturating_add(1)..).unwrap_or(url));
    url.replacen(':', "/", 1).trim_end_matches('/').trim_end_matches(".git").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::normalised;

    #[test]
    fn spellings_of_one_url_are_one() {
        assert_eq!(normalised("git@github.com:Acme/db.git"), normalised("https://github.com/acme/db/"));
        assert_eq!(
            normalised("ssh://git@github.com/acme/db"),
            normalised("https://user:secret@github.com/acme/db.git")
        );
    }

    #[test]
    fn a_path_with_an_at_sign_is_no_user() {
        assert_ne!(normalised("https://evil.example/x@github.com/acme/db"), normalised("https://github.com/acme/db"));
    }
}
