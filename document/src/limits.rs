//! How much a document, a search and a list of edits may take, each bound with its reason.
//! Does not enforce them: who reads the text, searches or edits does.

/// Bounds of one document and of what is done to it. Each is the largest that is still taken.
///
/// ```
/// use quorate_document::Limits;
///
/// let small = Limits { bytes: 1 << 10, ..Limits::default() };
/// assert_eq!(small.depth, 126);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the text. 8 MiB: the largest body that a review is read from; the API server takes 3 MiB of one object.
    /// Whatever is set here, positions are 32 bits wide and a text of 4 GiB is refused.
    pub bytes: usize,
    /// Arrays and objects inside of each other, the outermost one counted. 126: Kubernetes objects nest less than 30
    /// deep, and most parsers stop at 128. One byte wide, so that what recurses stays within any stack.
    pub depth: u8,
    /// Values of all kinds, those that are left out too while they are read. 524,288: 8 MiB at 16 bytes for each value,
    /// denser than any Kubernetes object, which makes an index of at most 20 MiB.
    pub nodes: u32,
    /// Matches of one [`find`](crate::Document::find). 10,000: twice the elements of the largest list that a policy reads.
    pub matches: u32,
    /// Edits, each operation of a patch counted. 4,096: an injection makes less than twenty.
    pub edits: u32,
    /// Steps of applying all edits and of comparing what came out, some nanoseconds each. 16,777,216: a tenth of a
    /// second, of which an injection into a large object takes less than a hundredth.
    pub work: u64,
}

impl Limits {
    /// The bounds named above.
    pub const DEFAULT: Self =
        Self { bytes: 8 << 20, depth: 126, nodes: 1 << 19, matches: 10_000, edits: 4096, work: 1 << 24 };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
