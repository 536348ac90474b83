//! One pass over the bytes of a text that checks it (RFC 8259) and writes the index; nothing recurses.
//! What is in a string, a number or an object's keys is checked beside this file; this one knows the order of things.

mod explain;
mod members;
mod number;
mod omission;
mod string;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use self::omission::Omission;
use crate::error::{DocumentError, DocumentFault, ErrorDetail, line_and_column};
use crate::limits::Limits;
use crate::node::{Index, Key, NO_TABLE, Node, NodeId, NodeKind};
use crate::pointer::Pattern;

/// Bytes of text for each entry that the index first has room for. Minified Kubernetes objects have one in 17 to 30.
const BYTES_PER_NODE: usize = 16;

/// Reads `text` and leaves out the members that `without` names.
pub(crate) fn scan(text: Arc<str>, limits: &Limits, without: &[Pattern<'_>]) -> Result<Index, DocumentError> {
    let most = limits.bytes.min(u32::MAX as usize - 1);
    if text.len() > most {
        let fault = DocumentFault::TooLong { bytes: text.len(), limit: most };
        let (line, column) = line_and_column(&text, most);
        let (pointer, path) = (String::new(), String::new());
        return Err(ErrorDetail { fault, pointer, path, byte: most, line, column }.into());
    }
    let mut scanner = Scanner::new(&text, limits, without);
    match scanner.run() {
        Ok(()) => {
            let (nodes, tables, cuts) = (scanner.nodes, scanner.tables, scanner.omission.cuts);
            Ok(Index { text, nodes, tables, cuts, limits: *limits })
        }
        Err(Stopped) => Err(scanner.explained()),
    }
}

/// What stopped the scan, at [`Scanner::at`].
#[derive(Debug, Clone, Copy)]
enum Fault {
    Syntax(&'static str),
    TooDeep,
    TooManyNodes,
    /// Its key is that of a sibling before it.
    Duplicate(NodeId),
}

/// [`Scanner::fault`] says why. Empty, since every step of the scan returns it.
struct Stopped;

type Checked<T> = Result<T, Stopped>;

struct Scanner<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    limits: &'t Limits,
    nodes: Vec<Node>,
    tables: Vec<NodeId>,
    /// The open containers, the outermost first.
    frames: Vec<Frame>,
    omission: Omission<'t>,
    /// Of the member that is being read.
    key: Key,
    fault: Fault,
    /// Whether a value of the innermost container has begun and is not yet among the entries.
    in_value: bool,
}

/// An open array or object.
#[derive(Clone, Copy)]
struct Frame {
    node: NodeId,
    /// Children so far, with those that are left out.
    count: u32,
    left_out: u32,
    is_object: bool,
    may_repeat: bool,
    is_left_out: bool,
    /// Whether a pattern of what is left out leads into it or ends there.
    is_watched: bool,
    /// A bit for the low six bits of each key's fingerprint: while none is set twice, no key stands twice.
    seen: u64,
}

impl<'t> Scanner<'t> {
    fn new(text: &'t str, limits: &'t Limits, without: &'t [Pattern<'t>]) -> Self {
        let room = (text.len() / BYTES_PER_NODE + 8).min(limits.nodes as usize);
        Self {
            text,
            bytes: text.as_bytes(),
            at: 0,
            limits,
            nodes: Vec::with_capacity(room),
            tables: Vec::new(),
            frames: Vec::with_capacity(16),
            omission: Omission::new(without),
            key: Key::NONE,
            fault: Fault::TooDeep,
            in_value: false,
        }
    }

    fn run(&mut self) -> Checked<()> {
        if self.bytes.starts_with(b"\xEF\xBB\xBF") {
            return Err(self.syntax("a byte order mark"));
        }
        self.value(false)?;
        while let Some(frame) = self.frames.last() {
            let (is_object, is_first) = (frame.is_object, frame.count == 0);
            match self.next_byte() {
                Some(b',') if !is_first => {
                    self.at += 1;
                    self.item(is_object)?;
                }
                Some(b'}') if is_object => self.close()?,
                Some(b']') if !is_object => self.close()?,
                Some(_) if is_first => self.item(is_object)?,
                Some(_) if is_object => return Err(self.syntax("expected `,` or `}`")),
                Some(_) => return Err(self.syntax("expected `,` or `]`")),
                None => return Err(self.syntax("the text ends early")),
            }
        }
        match self.next_byte() {
            None => Ok(()),
            Some(_) => Err(self.syntax("more text after the end")),
        }
    }

    /// An element or a member, from its first byte on.
    fn item(&mut self, is_object: bool) -> Checked<()> {
        let left_out = is_object && self.member_key()?;
        self.value(left_out)
    }

    fn value(&mut self, left_out: bool) -> Checked<()> {
        let byte = self.next_byte();
        self.in_value = true;
        if let Some(frame) = self.frames.last_mut() {
            frame.count += 1;
            frame.left_out += u32::from(left_out);
        }
        let start = self.at;
        let kind = match byte {
            Some(b'"') => self.string()?,
            Some(b'{') => return self.open(NodeKind::Object, left_out),
            Some(b'[') => return self.open(NodeKind::Array, left_out),
            Some(b't') => self.word(b"true", NodeKind::True)?,
            Some(b'f') => self.word(b"false", NodeKind::False)?,
            Some(b'n') => self.word(b"null", NodeKind::Null)?,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(_) => return Err(self.syntax("expected a value")),
            None => return Err(self.syntax("the text ends early")),
        };
        self.leaf(kind, start, left_out)
    }

    /// A value without children, which ends here.
    fn leaf(&mut self, kind: NodeKind, start: usize, left_out: bool) -> Checked<()> {
        self.push(if left_out { NodeKind::LeftOut } else { kind }, start, self.at)?;
        self.end_of_child(left_out);
        Ok(())
    }

    fn word(&mut self, word: &[u8], kind: NodeKind) -> Checked<NodeKind> {
        if !self.bytes.get(self.at..).unwrap_or_default().starts_with(word) {
            return Err(self.syntax("expected a value"));
        }
        self.at += word.len();
        Ok(kind)
    }

    fn push(&mut self, kind: NodeKind, start: usize, end: usize) -> Checked<NodeId> {
        let id = self.nodes.len() as u32;
        if id >= self.limits.nodes {
            return Err(self.stop(Fault::TooManyNodes));
        }
        let (start, end) = (start as u32, end as u32);
        self.nodes.push(Node { start, end, key: self.key, children: 0, next: id + 1, table: NO_TABLE, kind });
        self.in_value = false;
        Ok(id)
    }

    fn open(&mut self, kind: NodeKind, is_left_out: bool) -> Checked<()> {
        if self.frames.len() >= usize::from(self.limits.depth) {
            return Err(self.stop(Fault::TooDeep));
        }
        let is_object = kind == NodeKind::Object;
        // `{}`, of which managedFields are full.
        if self.bytes.get(self.at + 1) == Some(if is_object { &b'}' } else { &b']' }) {
            self.at += 2;
            return self.leaf(kind, self.at - 2, is_left_out);
        }
        let is_watched = self.watch(is_left_out);
        let node = self.push(kind, self.at, self.at)?;
        self.at += 1;
        self.key = Key::NONE;
        let (count, left_out, seen, may_repeat) = (0, 0, 0, false);
        self.frames.push(Frame { node, count, left_out, is_object, may_repeat, is_left_out, is_watched, seen });
        Ok(())
    }

    fn close(&mut self) -> Checked<()> {
        let Some(frame) = self.frames.last().copied() else { return Ok(()) };
        let table = self.children_of(&frame)?;
        if frame.is_watched {
            self.omission.close();
        }
        self.frames.pop();
        self.at += 1;
        if frame.is_left_out {
            self.nodes.truncate(frame.node as usize + 1);
        }
        let (end, next) = (self.at as u32, self.nodes.len() as u32);
        if let Some(node) = self.nodes.get_mut(frame.node as usize) {
            (node.end, node.next) = (end, next);
            if frame.is_left_out {
                node.kind = NodeKind::LeftOut;
            } else {
                (node.children, node.table) = (frame.count - frame.left_out, table);
            }
        }
        self.end_of_child(frame.is_left_out);
        Ok(())
    }

    /// Whether the container that opens here has to do with what is left out.
    fn watch(&mut self, is_left_out: bool) -> bool {
        let depth = self.frames.len();
        let Some(frame) = self.frames.last() else { return self.omission.open_outermost() };
        // Nothing is looked for in what is left out as a whole.
        if !frame.is_watched || is_left_out {
            return false;
        }
        let token = match frame.is_object {
            true => self.decoded_key(&self.key),
            false => (frame.count - 1).to_string().into(),
        };
        self.omission.open(depth, &token)
    }

    fn end_of_child(&mut self, is_left_out: bool) {
        // Elements have no keys, and none is said to have one.
        match self.frames.last() {
            Some(frame) if !frame.is_object => self.key = Key::NONE,
            Some(frame) if frame.is_watched => self.omission.end_of_member(self.at as u32, is_left_out),
            Some(_) | None => {}
        }
    }

    /// The next byte that is no white space, at which the scanner then stands.
    fn next_byte(&mut self) -> Option<u8> {
        loop {
            let byte = *self.bytes.get(self.at)?;
            if byte > b' ' || !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    #[cold]
    fn syntax(&mut self, what: &'static str) -> Stopped {
        self.stop(Fault::Syntax(what))
    }

    #[cold]
    fn stop(&mut self, fault: Fault) -> Stopped {
        self.fault = fault;
        Stopped
    }
}
