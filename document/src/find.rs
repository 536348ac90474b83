//! All values that a pattern matches, in the order of the document.
//! Goes down only where the pattern leads: each value is visited at most once.

use thiserror::Error;

use crate::document::Document;
use crate::node::{Index, NodeId, NodeKind};
use crate::pointer::{Pattern, PatternToken, Pointer, push_index, push_token};
use crate::value::Value;

/// A value that a pattern matches, and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Match<'d> {
    /// Where it stands, from the root of the document that was searched.
    pub pointer: Pointer<'static>,
    /// As [`Document::get`] gives it.
    pub value: Value<'d>,
}

/// Why a search gives nothing: never a part of what matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FindError {
    /// More than [`Limits::matches`](crate::Limits::matches).
    #[error("more than {limit} matches; ask for fewer, or take the JSON text as a whole")]
    TooMany {
        /// Matches that are given.
        limit: u32,
    },
    /// The pointers of all matches together are longer than a document may be
    /// ([`Limits::bytes`](crate::Limits::bytes)), which only long keys above many matches make them.
    #[error("the pointers of the matches have more than {limit} bytes; take the JSON text as a whole")]
    TooLong {
        /// Bytes that all pointers together may have.
        limit: usize,
    },
}

impl Document {
    /// All matches with their pointers, in the order of the document. A token `*` is any element or member; every other
    /// one is read as in a pointer.
    ///
    /// ```
    /// use quorate_document::{Document, Limits, Pattern, Value};
    ///
    /// let document = Document::parse(r#"{"containers":[{"image":"a"},{},{"image":"b"}]}"#, &Limits::DEFAULT)?;
    /// let images = document.find(&Pattern::parse("/containers/*/image").unwrap()).unwrap();
    /// let pointers: Vec<&str> = images.iter().map(|image| image.pointer.as_str()).collect();
    /// assert_eq!(pointers, ["/containers/0/image", "/containers/2/image"]);
    /// assert_eq!(images[1].value, Value::Text("b".into()));
    /// # Ok::<(), quorate_document::DocumentError>(())
    /// ```
    ///
    /// # Errors
    /// When there are more matches than the document's limits allow, or their pointers are longer.
    pub fn find(&self, pattern: &Pattern<'_>) -> Result<Vec<Match<'_>>, FindError> {
        let tokens: Vec<PatternToken<'_>> = pattern.tokens().collect();
        let mut search = Search { index: self.index(), pointer: String::new(), bytes: 0, matches: Vec::new() };
        search.below(self.root(), &tokens)?;
        Ok(search.matches)
    }
}

struct Search<'d> {
    index: &'d Index,
    /// Of the value that is visited.
    pointer: String,
    /// Of the pointers in `matches`.
    bytes: usize,
    matches: Vec<Match<'d>>,
}

impl Search<'_> {
    fn below(&mut self, id: NodeId, tokens: &[PatternToken<'_>]) -> Result<(), FindError> {
        let Some((token, rest)) = tokens.split_first() else { return self.found(id) };
        let index = self.index;
        match token {
            PatternToken::Exactly(token) => match index.child(id, token) {
                Some(child) => self.visit(child, rest, |pointer| push_token(pointer, token)),
                None => Ok(()),
            },
            PatternToken::Any if index.node(id).kind == NodeKind::Object => index.children(id).try_for_each(|child| {
                self.visit(child, rest, |pointer| push_token(pointer, &index.key_text(&index.node(child).key)))
            }),
            PatternToken::Any => index
                .children(id)
                .enumerate()
                .try_for_each(|(position, child)| self.visit(child, rest, |pointer| push_index(pointer, position))),
        }
    }

    fn visit(
        &mut self,
        child: NodeId,
        rest: &[PatternToken<'_>],
        push: impl FnOnce(&mut String),
    ) -> Result<(), FindError> {
        let length = self.pointer.len();
        push(&mut self.pointer);
        let visited = self.below(child, rest);
        self.pointer.truncate(length);
        visited
    }

    fn found(&mut self, id: NodeId) -> Result<(), FindError> {
        let limits = &self.index.limits;
        self.bytes += self.pointer.len();
        if self.matches.len() >= limits.matches as usize {
            return Err(FindError::TooMany { limit: limits.matches });
        }
        if self.bytes > limits.bytes {
            return Err(FindError::TooLong { limit: limits.bytes });
        }
        self.matches.push(Match { pointer: Pointer::made(self.pointer.clone()), value: self.index.value(id) });
        Ok(())
    }
}
