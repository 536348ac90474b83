//! RFC 6901 pointers, made of tokens. Does not resolve them: the host does.

use std::borrow::Cow;

/// A pointer of these tokens, each escaped.
///
/// ```
/// use quorate_policy::pointer;
///
/// let label = "app.kubernetes.io/name";
/// assert_eq!(pointer(["metadata", "labels", label]), "/metadata/labels/app.kubernetes.io~1name");
/// ```
pub fn pointer<T: AsRef<str>>(tokens: impl IntoIterator<Item = T>) -> String {
    let mut pointer = String::new();
    for token in tokens {
        pointer.push('/');
        pointer.push_str(&escape(token.as_ref()));
    }
    pointer
}

/// A pointer of tokens of several types: keys, and positions in arrays. Each is escaped.
///
/// ```
/// use quorate_policy::pointer;
///
/// let index = 2;
/// assert_eq!(pointer!("spec", "containers", index, "image"), "/spec/containers/2/image");
/// ```
#[macro_export]
macro_rules! pointer {
    ($($token:expr),* $(,)?) => {
        $crate::pointer([$(::std::string::ToString::to_string(&$token)),*] as [::std::string::String; _])
    };
}

/// A token as it stands in a pointer: `~` is `~0`, `/` is `~1`.
///
/// ```
/// assert_eq!(quorate_policy::escape("a/b~c"), "a~1b~0c");
/// ```
pub fn escape(token: &str) -> Cow<'_, str> {
    if !token.contains(['~', '/']) {
        return Cow::Borrowed(token);
    }
    let mut escaped = String::with_capacity(token.len() + 2);
    for c in token.chars() {
        match c {
            '~' => escaped.push_str("~0"),
            '/' => escaped.push_str("~1"),
            _ => escaped.push(c),
        }
    }
    Cow::Owned(escaped)
}
