//! A policy of both kinds that calls every capability, for the test of imports and exports.

use quorate_policy::prelude::*;

struct Capabilities;

impl Policy for Capabilities {
    type Settings = NoSettings;

    fn manifest() -> Manifest {
        Manifest::new("capabilities", env!("CARGO_PKG_VERSION"), "calls every capability").fact("a/fact")
    }
}

impl Validate for Capabilities {
    fn validate(request: &Request<'_>, _: &NoSettings, verdict: &mut Verdict) -> Result<(), NotJudged> {
        let facts = request.facts("a/fact")?.unwrap_or_default();
        let services = request.cluster().list("v1", "Service", None, "")?;
        verdict.annotate("count", facts.len() + services.len());
        verdict.annotate("time", request.now());
        Ok(())
    }
}

impl Mutate for Capabilities {
    fn mutate(_: &Request<'_>, _: &NoSettings, _: &mut Verdict, edits: &mut Edits) -> Result<(), NotJudged> {
        edits.set("/metadata/labels/seen", &true)
    }
}

quorate_policy::export!(Capabilities: validator, mutator);
