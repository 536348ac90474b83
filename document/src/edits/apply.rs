//! What each edit and each operation of a patch does to the document.
//! The first one that cannot be done ends all: the overlay is dropped, and the document is as it was.

use super::Edit;
use super::error::{EditError, EditFault};
use super::overlay::array::OpenArray;
use super::overlay::object::OpenObject;
use super::overlay::{Missing, Tree};
use super::render::rendered;
use super::work::Work;
use crate::document::Document;
use crate::limits::Limits;
use crate::patch::Operation;
use crate::pointer::Pointer;
use crate::same::{Comparison, Numbers};

/// The document after all edits.
pub(super) fn applied(edits: &[Edit], before: &Document, limits: &Limits) -> Result<Document, EditError> {
    let mut target = Target { tree: Tree::Closed(before.clone()), work: Work(limits.work), limits };
    for (position, edit) in edits.iter().enumerate() {
        let failed =
            |operation, pointer: &Pointer<'_>, fault| EditError::edit(position + 1, operation, pointer.as_str(), fault);
        match edit {
            Edit::Set { pointer, value } => {
                target.set(pointer, value).map_err(|fault| failed(None, pointer, fault))?;
            }
            Edit::Append { pointer, value } => {
                target.append(pointer, value).map_err(|fault| failed(None, pointer, fault))?;
            }
            Edit::Remove { pointer } => {
                target.take(pointer).map_err(|fault| failed(None, pointer, fault))?;
            }
            Edit::Patch(patch) => {
                for (number, operation) in patch.operations().iter().enumerate() {
                    let failed = |(at, fault)| failed(Some(number + 1), at, fault);
                    target.operation(operation).map_err(failed)?;
                }
            }
        }
    }
    target.document().map_err(EditError::result)
}

struct Target<'l> {
    tree: Tree,
    work: Work,
    limits: &'l Limits,
}

impl Target<'_> {
    fn set(&mut self, pointer: &Pointer<'_>, value: &Document) -> Result<(), EditFault> {
        let value = Tree::Closed(value.clone());
        self.check_depth(pointer, &value)?;
        let Some((parent, token)) = pointer.split_last() else {
            self.tree = value;
            return Ok(());
        };
        match opened(&mut self.tree, &parent, Missing::Made, &mut self.work)? {
            Open::Object(object) => object.put(&token, value),
            Open::Array(array) => array.put(&token, value)?,
        }
        Ok(())
    }

    fn append(&mut self, pointer: &Pointer<'_>, value: &Document) -> Result<(), EditFault> {
        let value = Tree::Closed(value.clone());
        self.check_depth(pointer, &value)?;
        if let Some((parent, token)) = pointer.split_last()
            && let Open::Object(object) = opened(&mut self.tree, &parent, Missing::Made, &mut self.work)?
            && !object.holds(&token)
        {
            object.put(&token, Tree::Closed(Document::empty_array()));
        }
        let array = self.tree.at(pointer, Missing::Refused, &mut self.work)?.ok_or(EditFault::NotThere)?;
        if array.is_null() {
            *array = Tree::Closed(Document::empty_array());
        }
        array.open(&mut self.work)?;
        match array {
            Tree::Array(array) => array.push(value),
            Tree::Object(_) | Tree::Closed(_) => return Err(EditFault::NotAnArray(array.kind_name())),
        }
        Ok(())
    }

    fn take(&mut self, pointer: &Pointer<'_>) -> Result<Tree, EditFault> {
        let (parent, token) = pointer.split_last().ok_or(EditFault::Whole)?;
        match opened(&mut self.tree, &parent, Missing::Refused, &mut self.work)? {
            Open::Object(object) => object.take(&token).ok_or(EditFault::NotThere),
            Open::Array(array) => array.take(&token, &mut self.work),
        }
    }

    /// The error is at the pointer with it: the operation's path, or from where it takes.
    fn operation<'o>(&mut self, operation: &'o Operation) -> Result<(), (&'o Pointer<'static>, EditFault)> {
        match operation {
            Operation::Add { path, value } => self.add(path, Tree::Closed(value.clone())).map_err(at(path)),
            Operation::Remove { path } => self.take(path).map(drop).map_err(at(path)),
            Operation::Replace { path, value } => self.replace(path, Tree::Closed(value.clone())).map_err(at(path)),
            Operation::Move { from, path } if from == path => self.copied(from).map(drop).map_err(at(from)),
            Operation::Move { from, path } if path.is_below(from) => Err((path, EditFault::IntoItself)),
            Operation::Move { from, path } => {
                let value = self.take(from).map_err(at(from))?;
                self.add(path, value).map_err(at(path))
            }
            Operation::Copy { from, path } => {
                let value = self.copied(from).map_err(at(from))?;
                self.add(path, value).map_err(at(path))
            }
            Operation::Test { path, value } => self.test(path, value).map_err(at(path)),
        }
    }

    fn add(&mut self, path: &Pointer<'_>, value: Tree) -> Result<(), EditFault> {
        self.check_depth(path, &value)?;
        let Some((parent, token)) = path.split_last() else {
            self.tree = value;
            return Ok(());
        };
        match opened(&mut self.tree, &parent, Missing::Refused, &mut self.work)? {
            Open::Object(object) => object.put(&token, value),
            Open::Array(array) => array.insert(&token, value, &mut self.work)?,
        }
        Ok(())
    }

    fn replace(&mut self, path: &Pointer<'_>, value: Tree) -> Result<(), EditFault> {
        self.check_depth(path, &value)?;
        *self.tree.at(path, Missing::Refused, &mut self.work)?.ok_or(EditFault::NotThere)? = value;
        Ok(())
    }

    fn test(&mut self, path: &Pointer<'_>, value: &Document) -> Result<(), EditFault> {
        let found = match self.copied(path)? {
            Tree::Closed(found) => found,
            open @ (Tree::Object(_) | Tree::Array(_)) => self.closed(&open)?,
        };
        let mut comparison = Comparison { numbers: Numbers::ByValue, work: &mut self.work.0 };
        let same = comparison.same((found.index(), found.root()), (value.index(), value.root()));
        if same.ok_or(EditFault::TooMuchWork)? { Ok(()) } else { Err(EditFault::Different) }
    }

    fn copied(&mut self, pointer: &Pointer<'_>) -> Result<Tree, EditFault> {
        self.tree.copied(pointer, &mut self.work)?.ok_or(EditFault::NotThere)
    }

    /// The document of an open value.
    fn closed(&mut self, tree: &Tree) -> Result<Document, EditFault> {
        let limit = self.limits.bytes;
        let text = rendered(tree, limit).ok_or(EditFault::ResultTooLong { limit })?;
        self.work.steps(text.len() as u64)?;
        Document::parse(text, self.limits).map_err(EditFault::Result)
    }

    fn document(&self) -> Result<Document, EditFault> {
        let limit = self.limits.bytes;
        let text = rendered(&self.tree, limit).ok_or(EditFault::ResultTooLong { limit })?;
        Document::parse(text, self.limits).map_err(EditFault::Result)
    }

    /// Before a value is put anywhere: what is open stays within what may be walked by recursion.
    fn check_depth(&mut self, pointer: &Pointer<'_>, value: &Tree) -> Result<(), EditFault> {
        let limit = self.limits.depth;
        if pointer.tokens().take(usize::from(limit) + 1).count() + value.open_levels() > usize::from(limit) {
            return Err(EditFault::TooDeep { limit });
        }
        self.work.children(value.opened())
    }
}

fn at<'o>(pointer: &'o Pointer<'static>) -> impl FnOnce(EditFault) -> (&'o Pointer<'static>, EditFault) {
    move |fault| (pointer, fault)
}

/// A container that is open to change.
enum Open<'t> {
    Object(&'t mut OpenObject),
    Array(&'t mut OpenArray),
}

/// The container there.
fn opened<'t>(
    tree: &'t mut Tree,
    pointer: &Pointer<'_>,
    missing: Missing,
    work: &mut Work,
) -> Result<Open<'t>, EditFault> {
    let container = tree.at(pointer, missing, work)?.ok_or(EditFault::NoParent)?;
    if missing == Missing::Made && container.is_null() {
        *container = Tree::Closed(Document::empty_object());
    }
    container.open(work)?;
    let kind = container.kind_name();
    match container {
        Tree::Object(object) => Ok(Open::Object(object)),
        Tree::Array(array) => Ok(Open::Array(array)),
        Tree::Closed(_) => Err(EditFault::Scalar(kind)),
    }
}
