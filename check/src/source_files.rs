//! The files of both sides, and those that were rendered, to show lines of.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::object::ObjectOrigin;
use super::position::{TextPosition, YamlPositions};
use super::result::SourceLocation;
use super::tree::{Side, SourceFile, SourceTree};
use crate::input::{self, ParsedDocument};

/// The places of a file's documents.
type FilePositions = Vec<ParsedDocument<YamlPositions>>;

/// The files of both sides, to show lines of.
pub(super) struct SourceFiles<'t> {
    base: [&'t SourceTree; 2],
    head: [&'t SourceTree; 2],
    positions: RefCell<BTreeMap<(Side, String), FilePositions>>,
}

impl<'t> SourceFiles<'t> {
    /// Of each side its own files, and those that were rendered.
    pub(super) fn new(base: [&'t SourceTree; 2], head: [&'t SourceTree; 2]) -> Self {
        Self { base, head, positions: RefCell::default() }
    }

    fn file(&self, side: Side, path: &str) -> Option<&'t SourceFile> {
        let trees = match side {
            Side::Base => self.base,
            Side::Head => self.head,
        };
        trees.into_iter().find_map(|tree| tree.files.get(path))
    }

    /// The files whose values went into rendered output.
    pub(super) fn values_of(&self, origin: &ObjectOrigin) -> &'t [String] {
        self.file(origin.side, &origin.path).map_or(&[], |file| file.values.as_slice())
    }

    pub(super) fn text(&self, side: Side, path: &str) -> Option<&'t str> {
        self.file(side, path).map(|file| &*file.text)
    }

    /// The line of a field of an object, or the nearest one there is.
    pub(super) fn locate(&self, origin: &ObjectOrigin, field: &str) -> SourceLocation {
        let file = self.file(origin.side, &origin.path);
        let mut all = self.positions.borrow_mut();
        let positions = all.entry((origin.side, origin.path.clone())).or_insert_with(|| {
            let parsed = file.map(|file| input::parse_documents::<YamlPositions>(&file.text));
            parsed.and_then(Result::ok).unwrap_or_default()
        });
        let position =
            positions.get(origin.document).map_or(TextPosition::START, |document| document.at(&origin.root, field));
        let line = file.and_then(|file| file.text.lines().nth(position.line.saturating_sub(1)));
        let rendered_from = file.and_then(|file| file.rendered_from.clone());
        SourceLocation {
            side: origin.side,
            rendered: rendered_from.is_some().then(|| origin.path.clone()),
            file: rendered_from.unwrap_or_else(|| origin.path.clone()),
            position,
            text: line.unwrap_or_default().to_owned(),
        }
    }
}
