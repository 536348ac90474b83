//! What is known beside a request, said once for all policies: what stands behind it, and the facts of a provider.
//! What the facts mean is for the provider and the guests; the engine hands them over.

use kubernetes::related::{Reason, Related};
use quorate_document::Document;
use time::OffsetDateTime;

/// Who knows facts, and under which name guests ask for them.
pub trait Provider: Send + Sync {
    /// The interface of the contract by which guests read its facts, and the capability that a configuration grants.
    fn interface(&self) -> &'static str;

    /// JSON text of facts of which nothing is known.
    fn nothing_known(&self) -> &'static str;
}

/// What is known beside one request.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    /// The object behind a sub-resource or a reference, or the list of those that depend on what is deleted.
    pub related: Related<Document>,
    /// JSON text, in the provider's own format.
    pub facts: String,
    /// When the request is evaluated. None: not known.
    pub now: Option<OffsetDateTime>,
    /// A creation of what is there in part already: no defect of the object is a new one.
    pub recreation: bool,
}

impl Prepared {
    /// Nothing stands behind the request, and these facts say that nothing is known.
    pub fn unknown(nothing_known: &str) -> Self {
        Self {
            related: Related::Unknown(Reason::NotGiven),
            facts: nothing_known.to_owned(),
            now: None,
            recreation: false,
        }
    }
}

#[cfg(test)]
pub(crate) mod fixture {
    use super::*;

    /// A provider of facts that no guest of the unit tests asks for.
    pub(crate) struct Weather;

    impl Provider for Weather {
        fn interface(&self) -> &'static str {
            "weather"
        }

        fn nothing_known(&self) -> &'static str {
            "{}"
        }
    }
}
