//! RFC 6901 pointers and the patterns of `find`, checked once and read without copies.
//! Does not know the document that they point into.

use std::borrow::Cow;
use std::fmt;

use thiserror::Error;

/// A JSON pointer (RFC 6901): empty for the whole document, else `/` before each token, with `~1` for `/` and `~0` for `~`.
///
/// ```
/// use quorate_document::Pointer;
///
/// let pointer = Pointer::parse("/metadata/annotations/quorate.dev~1mode")?;
/// assert_eq!(pointer.tokens().last().as_deref(), Some("quorate.dev/mode"));
/// assert_eq!(Pointer::parse("spec").unwrap_err().to_string(), "`spec` is no JSON pointer: it does not begin with `/`");
/// # Ok::<(), quorate_document::PointerError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pointer<'a>(Cow<'a, str>);

impl<'a> Pointer<'a> {
    /// The whole document.
    pub const ROOT: Self = Self(Cow::Borrowed(""));

    /// Takes a text for a pointer, as it is.
    ///
    /// # Errors
    /// When `text` is not empty and does not begin with `/`, or when a `~` is followed by neither `0` nor `1`.
    pub fn parse(text: impl Into<Cow<'a, str>>) -> Result<Self, PointerError> {
        let text = text.into();
        match fault(&text) {
            None => Ok(Self(text)),
            Some(fault) => Err(PointerError { pointer: text.into_owned(), fault }),
        }
    }

    /// The text as it was parsed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Keys and indexes from the outermost one on, decoded.
    pub fn tokens(&self) -> impl Iterator<Item = Cow<'_, str>> {
        tokens(&self.0)
    }

    /// The same pointer, which borrows nothing.
    pub fn into_owned(self) -> Pointer<'static> {
        Pointer(Cow::Owned(self.0.into_owned()))
    }

    /// The pointer to what holds the value, and the value's own token; `None` for the whole document.
    pub(crate) fn split_last(&self) -> Option<(Pointer<'_>, Cow<'_, str>)> {
        let (parent, token) = self.0.rsplit_once('/')?;
        Some((Pointer(Cow::Borrowed(parent)), decoded(token)))
    }

    /// Whether this points to something below `other`.
    pub(crate) fn is_below(&self, other: &Pointer<'_>) -> bool {
        self.0.strip_prefix(other.as_str()).is_some_and(|rest| rest.starts_with('/'))
    }

    /// For statics and constants; a `~` is not taken.
    ///
    /// ```
    /// use quorate_document::Pointer;
    ///
    /// static REPLICAS: Pointer<'static> = Pointer::literal("/spec/replicas");
    /// ```
    ///
    /// # Panics
    /// When `text` is no pointer, or holds a `~`: a static then does not compile.
    pub const fn literal(text: &'static str) -> Pointer<'static> {
        let mut left = text.as_bytes();
        assert!(matches!(left, [] | [b'/', ..]), "a pointer begins with `/`");
        while let [byte, rest @ ..] = left {
            assert!(*byte != b'~', "`~` is not taken in a constant");
            left = rest;
        }
        Pointer(Cow::Borrowed(text))
    }

    /// The caller has made `text` with [`push_token`] only.
    pub(crate) fn made(text: String) -> Pointer<'static> {
        Pointer(Cow::Owned(text))
    }
}

/// The pointer of keys and indexes from the outermost one on, which are escaped here.
///
/// ```
/// use quorate_document::Pointer;
///
/// let pointer: Pointer = ["metadata", "annotations", "quorate.dev/mode"].into_iter().collect();
/// assert_eq!(pointer.as_str(), "/metadata/annotations/quorate.dev~1mode");
/// ```
impl<T: AsRef<str>> FromIterator<T> for Pointer<'static> {
    fn from_iter<I: IntoIterator<Item = T>>(tokens: I) -> Self {
        let mut pointer = String::new();
        tokens.into_iter().for_each(|token| push_token(&mut pointer, token.as_ref()));
        Self::made(pointer)
    }
}

impl fmt::Display for Pointer<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A pointer in which a token `*` stands for any element or member. It cannot be escaped: a key `*` is not found alone.
///
/// ```
/// use quorate_document::Pattern;
///
/// assert!(Pattern::parse("/spec/template/spec/containers/*/image").is_ok());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pattern<'a>(Pointer<'a>);

impl<'a> Pattern<'a> {
    /// Takes a text for a pattern, as it is.
    ///
    /// # Errors
    /// As [`Pointer::parse`].
    pub fn parse(text: impl Into<Cow<'a, str>>) -> Result<Self, PointerError> {
        Pointer::parse(text).map(Self)
    }

    /// As [`Pointer::literal`].
    ///
    /// # Panics
    /// As [`Pointer::literal`].
    pub const fn literal(text: &'static str) -> Pattern<'static> {
        Pattern(Pointer::literal(text))
    }

    /// The text as it was parsed.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    pub(crate) fn tokens(&self) -> impl Iterator<Item = PatternToken<'_>> {
        self.0.tokens().map(|token| if token == "*" { PatternToken::Any } else { PatternToken::Exactly(token) })
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PatternToken<'a> {
    Any,
    Exactly(Cow<'a, str>),
}

/// A text that is no JSON pointer, and why.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{pointer}` is no JSON pointer: {fault}")]
pub struct PointerError {
    pointer: String,
    fault: PointerFault,
}

impl PointerError {
    /// What is wrong.
    pub fn fault(&self) -> PointerFault {
        self.fault
    }
}

/// What keeps a text from being a JSON pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PointerFault {
    /// The first character is another one.
    #[error("it does not begin with `/`")]
    NoSlash,
    /// `~` stands alone. `~0` is written for `~`, and `~1` for `/`.
    #[error("`~` is followed by neither `0` nor `1`")]
    Escape,
}

/// An index as RFC 6901 writes it: digits without a leading zero.
pub(crate) fn array_index(token: &str) -> Option<usize> {
    let digits = token.as_bytes();
    let plain = digits.iter().all(u8::is_ascii_digit) && (digits.len() == 1 || digits.first() != Some(&b'0'));
    if plain { token.parse().ok() } else { None }
}

/// Adds `/` and the token, escaped.
pub(crate) fn push_token(pointer: &mut String, token: &str) {
    pointer.push('/');
    for part in token.split_inclusive(['~', '/']) {
        match (part.strip_suffix('~'), part.strip_suffix('/')) {
            (Some(plain), _) => pointer.extend([plain, "~0"]),
            (None, Some(plain)) => pointer.extend([plain, "~1"]),
            (None, None) => pointer.push_str(part),
        }
    }
}

/// As [`push_token`], of an element.
pub(crate) fn push_index(pointer: &mut String, index: usize) {
    pointer.push('/');
    pointer.push_str(&index.to_string());
}

fn fault(text: &str) -> Option<PointerFault> {
    if !text.is_empty() && !text.starts_with('/') {
        return Some(PointerFault::NoSlash);
    }
    let escaped = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    (!escaped).then_some(PointerFault::Escape)
}

fn tokens(text: &str) -> impl Iterator<Item = Cow<'_, str>> {
    // What is before the first `/` is empty, and no token.
    text.split('/').skip(1).map(decoded)
}

fn decoded(token: &str) -> Cow<'_, str> {
    if !token.contains('~') {
        return Cow::Borrowed(token);
    }
    // In this order: `~01` is `~1`, not `/`.
    Cow::Owned(token.replace("~1", "/").replace("~0", "~"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn reads(text: &str, expected: &[&str]) {
        let pointer = Pointer::parse(text).unwrap();
        assert_eq!(pointer.tokens().collect::<Vec<_>>(), expected);
        let mut written = String::new();
        expected.iter().for_each(|token| push_token(&mut written, token));
        assert_eq!(written, text);
        assert_eq!(expected.iter().collect::<Pointer<'_>>(), pointer);
    }

    #[test]
    fn reads_and_writes_tokens() {
        reads("", &[]);
        reads("/", &[""]);
        reads("/a//b", &["a", "", "b"]);
        reads("/a~1b/m~0n/~01/~0~1", &["a/b", "m~n", "~1", "~/"]);
    }

    #[test]
    fn refuses_what_is_no_pointer() {
        assert_eq!(Pointer::parse("a/b").unwrap_err().fault(), PointerFault::NoSlash);
        for text in ["/~", "/a~2", "/a/~/b", "/~~0"] {
            assert_eq!(Pointer::parse(text).unwrap_err().fault(), PointerFault::Escape, "{text}");
        }
        assert_eq!(Pattern::parse("*").unwrap_err().to_string(), "`*` is no JSON pointer: it does not begin with `/`");
    }

    #[test]
    fn an_index_has_no_leading_zero() {
        assert_eq!((array_index("0"), array_index("10")), (Some(0), Some(10)));
        for token in ["", "01", "00", "-", "-1", "+1", "1e0", " 1", "٣", "99999999999999999999999"] {
            assert_eq!(array_index(token), None, "{token}");
        }
    }

    #[test]
    fn knows_what_is_below() {
        let below = |one: &str, other: &str| Pointer::parse(one).unwrap().is_below(&Pointer::parse(other).unwrap());
        assert!(below("/a/b", "/a") && below("/a", ""));
        assert!(!below("/ab", "/a") && !below("/a", "/a"));
    }
}
