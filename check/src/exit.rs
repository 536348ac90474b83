//! How a command ends: the four exit codes, and which of several reviews decides.
//! Does not say what was found; that is printed before.

use std::process::ExitCode;

use kubernetes::verdict::Verdict;

/// The result of a command. Ordered: of several files the worst decides, so an unreadable one is never outvoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// 0: done, or every review allowed.
    Allowed,
    /// 3.
    NotJudged,
    /// 1.
    Denied,
    /// 2: bad usage (as clap has it), bad configuration, unreadable input.
    Unusable,
}

impl From<Verdict> for Exit {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Allowed => Self::Allowed,
            Verdict::Denied => Self::Denied,
            Verdict::NotJudged => Self::NotJudged,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

impl Exit {
    pub fn code(self) -> u8 {
        match self {
            Self::Allowed => 0,
            Self::Denied => 1,
            Self::Unusable => 2,
            Self::NotJudged => 3,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Exit;

    #[test]
    fn the_worst_of_several_reviews_decides() {
        let mut all = [Exit::NotJudged, Exit::Unusable, Exit::Allowed, Exit::Denied];
        all.sort();
        assert_eq!(all, [Exit::Allowed, Exit::NotJudged, Exit::Denied, Exit::Unusable]);
    }
}
