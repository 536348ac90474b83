//! The answer of a lookup, for everything that is looked up: found, absent, or not known, and then why.
//! "Not known" is never "absent".

use std::fmt;

/// What came of a lookup.
///
/// ```
/// use kubernetes::related::{Reason, Related};
///
/// let number = |text: &&str| match text.parse() {
///     Ok(number) => Related::Found(number),
///     Err(_) => Related::Unknown(Reason::Failed("it is no number".to_owned())),
/// };
/// assert_eq!(Related::Found("3").and_then(number), Related::Found(3));
/// assert!(Related::Found("three").and_then(number).is_unknown());
/// assert_eq!(Related::Absent.and_then(number), Related::Absent);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Related<T> {
    /// It exists, and here it is.
    Found(T),
    /// Looked for, and it does not exist.
    Absent,
    /// It could not be looked for, or not be had.
    Unknown(Reason),
}

/// Why something is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// Nothing stands behind a request of this kind.
    NothingBehind,
    /// It is of a kind that no policy reads, so no right is asked for to read it.
    NotRead,
    /// There is no cluster to ask, and nobody gave it.
    NotGiven,
    /// What would tell is not known yet, or not recently enough.
    NotReady,
    /// It was not had in the time that there was.
    Late,
    /// What is there now is not what the request was made from.
    Replaced,
    /// In a few words.
    Failed(String),
}

impl<T> Related<T> {
    /// What was found, read in another form, which may fail.
    pub fn and_then<'a, U>(&'a self, read: impl FnOnce(&'a T) -> Related<U>) -> Related<U> {
        match self {
            Self::Found(found) => read(found),
            Self::Absent => Related::Absent,
            Self::Unknown(reason) => Related::Unknown(reason.clone()),
        }
    }

    /// What was found, whatever there is else to say.
    pub fn found(&self) -> Option<&T> {
        match self {
            Self::Found(found) => Some(found),
            Self::Absent | Self::Unknown(_) => None,
        }
    }

    /// The same, to be changed.
    pub fn found_mut(&mut self) -> Option<&mut T> {
        match self {
            Self::Found(found) => Some(found),
            Self::Absent | Self::Unknown(_) => None,
        }
    }

    /// Whether nothing can be said: a rule must not take it for [`Related::Absent`].
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown(_))
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NothingBehind => "nothing stands behind this kind of request",
            Self::NotRead => "no policy reads that kind",
            Self::NotGiven => "nobody gave it",
            Self::NotReady => "the cluster's objects are not known yet, or not recently enough",
            Self::Late => "it did not come in time",
            Self::Replaced => "it was deleted and made anew",
            Self::Failed(why) => why,
        })
    }
}
