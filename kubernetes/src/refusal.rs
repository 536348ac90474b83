//! How a refusal of Quorate's is told from anybody else's, and its findings from each other, without reading its sentence: the API server
//! hands `status.details` on as they are.

/// `status.details.group` of each refusal.
pub const GROUP: &str = "quorate.dev";

/// Behind a rule, `reason` of the cause that is its remedy.
const REMEDY: &str = "/remedy";

/// `reason` of the cause that says what to do.
pub fn remedy_of(rule: &str) -> String {
    format!("{rule}{REMEDY}")
}

/// The rule whose remedy a cause is; None where it is a finding.
pub fn rule_of_remedy(reason: &str) -> Option<&str> {
    reason.strip_suffix(REMEDY)
}
