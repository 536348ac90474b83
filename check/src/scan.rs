//! Reads every file of both sides once, on all cores, and keeps the objects that somebody asks about.
//! Does not pair or evaluate them.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;

use super::object::{Object, ObjectOrigin, is_config_map};
use super::placeholder::{Placeholders, hidden};
use super::position::{TextPosition, YamlPositions};
use super::result::{InputError, NotEvaluated};
use super::source::{ParsedFile, REQUIRED_KEY, RawObject, kind_of, parse, text_at};
use super::tree::{IGNORE_FILE, Side, SourceFile, SourceTree};
use super::way::Way;
use crate::input;

/// What is to be kept of an object, by group and kind.
pub(super) type KindFilter<'a> = &'a (dyn Fn(&str, &str) -> bool + Sync);

/// The objects of one side.
#[derive(Debug, Default)]
pub(super) struct Manifests {
    pub(super) objects: Vec<Object>,
    /// Objects that nobody asks about.
    pub(super) others: usize,
    pub(super) input_errors: Vec<InputError>,
    pub(super) not_evaluated: Vec<NotEvaluated>,
    /// Files of which it is not known what they hold.
    pub(super) unclear: BTreeSet<String>,
}

/// What is kept of one file.
#[derive(Debug)]
enum FileContent {
    Objects { kept: Vec<RawObject>, others: usize },
    Malformed { position: Option<TextPosition>, message: String },
    Template(TextPosition),
    Encrypted,
}

/// One side read, to be taken over by the other where their files are the same.
#[derive(Debug, Default)]
pub(super) struct ScannedFiles<'t>(BTreeMap<&'t str, (&'t SourceFile, Arc<FileContent>)>);

impl<'t> ScannedFiles<'t> {
    /// Reads a tree's files, without those of `known` that are the same there.
    pub(super) fn of(
        tree: &'t SourceTree,
        known: Option<&ScannedFiles<'_>>,
        other: Option<&SourceTree>,
        wanted: KindFilter<'_>,
    ) -> Self {
        let same = |path: &str, file: &SourceFile| {
            let (other, digest) = known?.0.get(path)?;
            (other.text == file.text && other.named == file.named).then(|| Arc::clone(digest))
        };
        let mut read = BTreeMap::new();
        let mut open = Vec::new();
        let is_manifest = |path: &str| path.rsplit('/').next() != Some(IGNORE_FILE);
        for (path, file) in tree.files.iter().filter(|(path, _)| is_manifest(path)) {
            match same(path, file) {
                Some(digest) => drop(read.insert(path.as_str(), (file, digest))),
                None => open.push((path.as_str(), file)),
            }
        }
        let must_be_read = |path: &str| {
            other.and_then(|other| other.files.get(path)).is_some_and(|file| file.text.contains(REQUIRED_KEY))
        };
        read.extend(in_parallel(&open, &must_be_read, wanted));
        Self(read)
    }

    /// Every file, with whether it holds any object.
    pub(super) fn files(&self) -> impl Iterator<Item = (&'t str, bool)> {
        self.0.iter().map(|(path, (_, content))| {
            let holds = match &**content {
                FileContent::Objects { kept, others } => !kept.is_empty() || *others > 0,
                FileContent::Malformed { .. } | FileContent::Template(_) | FileContent::Encrypted => true,
            };
            (*path, holds)
        })
    }

    /// Files of which it is not known what they hold.
    pub(super) fn unclear(&self) -> impl Iterator<Item = &'t str> {
        let is_clear = |content: &FileContent| matches!(content, FileContent::Objects { .. });
        self.0.iter().filter(move |(_, (_, content))| !is_clear(content)).map(|(path, _)| *path)
    }

    /// Copies of the objects of some kinds, whatever their files belong to.
    pub(super) fn kept(&self, side: Side, kinds: KindFilter<'_>, namespace: &str) -> Vec<Object> {
        let nobody = Arc::new(Way::default());
        let mut objects = Vec::new();
        for (path, (_, content)) in &self.0 {
            let FileContent::Objects { kept, .. } = &**content else { continue };
            let fits = kept.iter().filter(|raw| kind_of(&raw.value).is_some_and(|(group, _, kind)| kinds(group, kind)));
            objects.extend(fits.filter_map(|raw| {
                let (path, root) = ((*path).to_owned(), raw.root.clone());
                let origin = ObjectOrigin { side, path, document: raw.document, root };
                Object::of(raw.clone(), origin, &nobody, namespace)
            }));
        }
        objects
    }

    /// Adds what a file holds to what is applied by a way; objects without a namespace go to the given one. It is listed under `name`.
    pub(super) fn apply(
        &self,
        side: Side,
        (path, name): (&str, &str),
        way: &Arc<Way>,
        namespace: &str,
        manifests: &mut Manifests,
    ) {
        if let Some((file, content)) = self.0.get(path) {
            manifests.take(side, name, file, content, way, namespace);
        }
    }
}

impl Manifests {
    fn take(
        &mut self,
        side: Side,
        path: &str,
        file: &SourceFile,
        content: &FileContent,
        way: &Arc<Way>,
        namespace: &str,
    ) {
        match content {
            FileContent::Malformed { position, message } => {
                self.unclear.insert(path.to_owned());
                let (position, message) = (*position, message.clone());
                self.input_errors.push(InputError { side, path: path.to_owned(), position, message });
            }
            FileContent::Template(position) => {
                let reason = "holds template markers (`{{ }}`); render it, or check the chart it belongs to".to_owned();
                self.not_evaluated(side, path, Some(*position), None, reason);
            }
            FileContent::Encrypted => {
                let reason = "encrypted by SOPS with its kind, so that it is not known which object it is".to_owned();
                self.not_evaluated(side, path, None, None, reason);
            }
            FileContent::Objects { kept, others } => {
                self.others = self.others.saturating_add(*others);
                for raw in kept {
                    self.object(side, path, file, raw.clone(), way, namespace);
                }
            }
        }
    }

    fn object(&mut self, side: Side, path: &str, file: &SourceFile, raw: RawObject, way: &Arc<Way>, namespace: &str) {
        let origin = ObjectOrigin { side, path: path.to_owned(), document: raw.document, root: raw.root.clone() };
        let which = if file.rendered_from.is_some() { Placeholders::Variables } else { Placeholders::All };
        let hidden = hidden(&raw.value, which);
        let (group, kind) = kind_of(&raw.value).map_or(("", ""), |(group, _, kind)| (group, kind));
        if is_config_map(group, kind) && (hidden.is_some() || text_at(&raw.value, "/metadata/name").is_none()) {
            // Only its values are of interest, and they are not known.
            self.others = self.others.saturating_add(1);
            return;
        }
        let kind = kind.to_owned();
        let Some(object) = Object::of(raw, origin, way, namespace) else {
            let reason = "has no `metadata.name`, so it cannot be told which object it is".to_owned();
            let whole = NotEvaluated::of(side, path.to_owned(), reason);
            self.not_evaluated.push(NotEvaluated { what: Some(kind), ..whole });
            return;
        };
        let Some((field, text)) = hidden else {
            self.objects.push(object);
            return;
        };
        let reason = format!("`{field}` is `{text}`, which somebody fills in; render it, or write it down");
        let positions = input::parse_documents::<YamlPositions>(&file.text).unwrap_or_default();
        let position = positions.get(object.origin.document).map(|document| document.at(&object.origin.root, &field));
        self.not_evaluated(side, path, position, Some(object.id.shown()), reason);
    }

    /// It is not known what the file holds.
    fn not_evaluated(
        &mut self,
        side: Side,
        path: &str,
        position: Option<TextPosition>,
        what: Option<String>,
        reason: String,
    ) {
        self.unclear.insert(path.to_owned());
        let whole = NotEvaluated::of(side, path.to_owned(), reason);
        self.not_evaluated.push(NotEvaluated { position, what, ..whole });
    }
}

fn in_parallel<'t>(
    files: &[(&'t str, &'t SourceFile)],
    must_be_read: &(dyn Fn(&str) -> bool + Sync),
    wanted: KindFilter<'_>,
) -> Vec<(&'t str, (&'t SourceFile, Arc<FileContent>))> {
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let share = files.len().div_ceil(cores).max(1);
    let digest = |files: &[(&'t str, &'t SourceFile)]| -> Vec<_> {
        files
            .iter()
            .map(|(path, file)| (*path, (*file, Arc::new(file_content(parse(file, &|| must_be_read(path)), wanted)))))
            .collect()
    };
    thread::scope(|scope| {
        let workers: Vec<_> = files.chunks(share).map(|files| scope.spawn(move || digest(files))).collect();
        // A worker that panicked has said so on standard error; its files are as if they were not there, which must not pass.
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

fn file_content(parsed: ParsedFile, wanted: KindFilter<'_>) -> FileContent {
    match parsed {
        ParsedFile::Malformed { position, message } => FileContent::Malformed { position, message },
        ParsedFile::Template(position) => FileContent::Template(position),
        ParsedFile::Encrypted => FileContent::Encrypted,
        ParsedFile::Objects(objects) => {
            let is_wanted = |raw: &RawObject| kind_of(&raw.value).is_some_and(|(group, _, kind)| wanted(group, kind));
            let is_object = |raw: &&RawObject| kind_of(&raw.value).is_some();
            let (kept, rest): (Vec<RawObject>, Vec<RawObject>) = objects.into_iter().partition(is_wanted);
            FileContent::Objects { kept, others: rest.iter().filter(is_object).count() }
        }
    }
}
