//! Which files of a state a source takes, as its tool reads a folder.
//! Does not render.

use std::collections::BTreeSet;

use super::flux::ignore::Ignores;
use super::glob::{Stars, matches};
use super::lead::{Directory, Reader, Source, SourceKind};
use super::states::State;
use crate::paths::{above, has_extension, is_below, is_kustomization_file, within};
use crate::render::ChartAt;

impl State<'_> {
    /// Whether the tree has what the source leads to.
    pub(super) fn is_there(&self, source: &Source<'_>) -> bool {
        let closures = self.closures;
        match (self.kind(source), &source.helm.chart) {
            (SourceKind::Helm, ChartAt::Folder(folder)) => closures.is_any_chart(folder),
            (SourceKind::Helm, ChartAt::Archive(_) | ChartAt::Remote { .. }) => true,
            (SourceKind::Kustomize, _) => closures.is_kustomization(&source.folder),
            (SourceKind::Directory, _) => {
                let (files, folders) = self.folder(source);
                !files.is_empty() || !folders.is_empty()
            }
        }
    }

    /// Tells of a file, or of a folder that is rendered, whether the source takes it.
    pub(super) fn coverage<'s>(&self, source: &'s Source<'_>) -> Box<dyn Fn(&str) -> bool + 's> {
        match (self.kind(source), &source.reader) {
            (SourceKind::Helm, _) => Box::new(|file| is_below(file, &source.folder)),
            (SourceKind::Kustomize, _) => {
                let reach = self.closures.reach(&source.folder);
                Box::new(move |file| reach.contains(file))
            }
            (SourceKind::Directory, Reader::Flux) => Box::new(|file| is_below(file, &source.folder)),
            (SourceKind::Directory, Reader::ArgoCd { directory, .. }) => {
                Box::new(|file| takes(directory, &source.folder, file))
            }
            (SourceKind::Directory, Reader::Chart) => Box::new(|_| false),
        }
    }

    /// What the tool takes the folder for.
    pub(super) fn kind(&self, source: &Source<'_>) -> SourceKind {
        let closures = self.closures;
        let (is_kustomization, is_chart) =
            (closures.is_kustomization(&source.folder), closures.is_any_chart(&source.folder));
        match &source.reader {
            Reader::Chart => SourceKind::Helm,
            Reader::ArgoCd { only: Some(only), .. } => *only,
            Reader::Flux | Reader::ArgoCd { .. } if is_kustomization => SourceKind::Kustomize,
            Reader::ArgoCd { .. } if is_chart => SourceKind::Helm,
            Reader::Flux | Reader::ArgoCd { .. } => SourceKind::Directory,
        }
    }

    /// The files of a folder that its tool reads as they are, and the folders in it that it builds.
    pub(super) fn folder(&self, source: &Source<'_>) -> (Vec<String>, Vec<String>) {
        let closures = self.closures;
        let all = self.read.files().filter(|(path, holds)| *holds && is_below(path, &source.folder));
        let all = all.map(|(path, _)| path.to_owned());
        match &source.reader {
            Reader::Chart => (Vec::new(), Vec::new()),
            Reader::ArgoCd { directory, .. } => {
                (all.filter(|path| self.argo_reads(directory, &source.folder, path)).collect(), Vec::new())
            }
            Reader::Flux => {
                let mut folders = BTreeSet::new();
                let mut files = Vec::new();
                let ignores = Ignores::of(&self.name().ignores);
                let is_taken = |path: &String| has_extension(path, &["yaml", "yml"]) && !ignores.leave_out(path);
                for path in all.filter(is_taken) {
                    // The outermost kustomization below the folder.
                    let built = above(&path).skip(1).take_while(|folder| *folder != source.folder);
                    match built.filter(|folder| closures.is_kustomization(folder)).last() {
                        Some(folder) => drop(folders.insert(folder.to_owned())),
                        None if is_kustomization_file(&path) => {}
                        None => files.push(path),
                    }
                }
                (files, folders.into_iter().collect())
            }
        }
    }

    fn argo_reads(&self, directory: &Directory, folder: &str, path: &str) -> bool {
        const SKIPPED: &str = "+argocd:skip-file-rendering";
        let skips = || self.tree.files.get(path).is_some_and(|file| file.text.contains(SKIPPED));
        takes(directory, folder, path) && !skips()
    }

    /// Every file and folder that the source takes.
    pub(super) fn all(&self, source: &Source<'_>) -> BTreeSet<String> {
        let closures = self.closures;
        match self.kind(source) {
            SourceKind::Helm => {
                let own = match &source.helm.chart {
                    ChartAt::Folder(folder) => Some(folder.clone()),
                    ChartAt::Archive(_) | ChartAt::Remote { .. } => None,
                };
                own.into_iter().chain(source.helm.values.iter().cloned()).collect()
            }
            SourceKind::Kustomize => closures.reach(&source.folder),
            SourceKind::Directory => {
                let (files, folders) = self.folder(source);
                folders.iter().flat_map(|folder| closures.reach(folder)).chain(files).collect()
            }
        }
    }
}

/// Which files of a folder Argo CD reads: by extension, depth, and patterns on the path within it.
fn takes(directory: &Directory, folder: &str, path: &str) -> bool {
    let Some(within) = within(path, folder) else { return false };
    let fits = |pattern: &Option<String>| pattern.as_ref().map(|pattern| matches(pattern, within, Stars::CrossFolders));
    has_extension(path, &["yaml", "yml", "json"])
        && (directory.recurses || !within.contains('/'))
        && fits(&directory.include).unwrap_or(true)
        && !fits(&directory.exclude).unwrap_or(false)
}
