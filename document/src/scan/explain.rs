//! From what stopped the scan to an error that says where.
//! Runs once, at the end: the scan itself keeps no paths.

use std::borrow::Cow;

use super::{Fault, Scanner};
use crate::error::{DocumentError, DocumentFault, ErrorDetail, line_and_column};
use crate::pointer::{push_index, push_token};

/// A step from a container to a value in it.
enum Step<'t> {
    Key(Cow<'t, str>),
    Index(u32),
}

impl Scanner<'_> {
    pub(super) fn explained(&self) -> DocumentError {
        let fault = self.fault;
        let byte = match fault {
            Fault::Duplicate(id) => (self.key_of(id).start as usize).saturating_sub(1),
            Fault::Syntax(_) | Fault::TooDeep | Fault::TooManyNodes => self.at,
        };
        let (line, column) = line_and_column(self.text, byte);
        let (mut pointer, mut path) = (String::new(), String::new());
        for step in self.steps(fault) {
            match step {
                Step::Key(key) => {
                    push_token(&mut pointer, &key);
                    path.push_str(if path.is_empty() { "" } else { "." });
                    path.push_str(&key);
                }
                Step::Index(index) => {
                    push_index(&mut pointer, index as usize);
                    path.push_str(&format!("[{index}]"));
                }
            }
        }
        ErrorDetail { fault: self.named(fault), pointer, path, byte, line, column }.into()
    }

    fn named(&self, fault: Fault) -> DocumentFault {
        match fault {
            Fault::Syntax(what) => DocumentFault::Syntax(what),
            Fault::TooDeep => DocumentFault::TooDeep { limit: self.limits.depth },
            Fault::TooManyNodes => DocumentFault::TooManyNodes { limit: self.limits.nodes },
            Fault::Duplicate(_) => DocumentFault::DuplicateKey,
        }
    }

    /// From the outermost container to the value or key that is wrong.
    fn steps(&self, fault: Fault) -> Vec<Step<'_>> {
        let mut steps = Vec::new();
        for (frame, inner) in self.frames.iter().zip(self.frames.iter().skip(1)) {
            steps.push(match frame.is_object {
                true => Step::Key(self.key_text(inner.node)),
                false => Step::Index(frame.count.saturating_sub(1)),
            });
        }
        if let Some(frame) = self.frames.last() {
            match (fault, frame.is_object) {
                (Fault::Duplicate(id), _) => steps.push(Step::Key(self.key_text(id))),
                (_, true) if self.in_value => steps.push(Step::Key(self.decoded_key(&self.key))),
                (_, false) if self.in_value => steps.push(Step::Index(frame.count.saturating_sub(1))),
                (_, _) => {}
            }
        }
        steps
    }
}
