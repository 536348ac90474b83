//! The forms that texts of a manifest have: names, pointers, groups, kinds.
//! `manifest.schema.json` says the same as patterns; `tests/manifest.rs` compares the two.

use crate::match_rule::ANY;
use crate::text::is_hidden;

/// What a text must look like.
pub(super) struct Form {
    /// For a message, after "must be".
    pub(super) wanted: &'static str,
    /// Longest text.
    pub(super) max_bytes: usize,
    /// Whether a text within the bound has the form.
    pub(super) fits: fn(&str) -> bool,
}

/// Longest name, in bytes; labels of Kubernetes end there too.
const MAX_NAME: usize = 63;
/// Longest DNS name, in bytes.
const MAX_DNS: usize = 253;

pub(super) const NAME: Form =
    Form { wanted: "a kebab-case name, as `required-labels`", max_bytes: MAX_NAME, fits: is_kebab_case };
pub(super) const RULE_ID: Form = Form {
    wanted: "a kebab-case id without the policy's name, as `label-missing`",
    max_bytes: MAX_NAME,
    fits: is_kebab_case,
};
pub(super) const VERSION: Form = Form { wanted: "one line of text", max_bytes: MAX_NAME, fits: is_one_line };
pub(super) const SUMMARY: Form = Form { wanted: "one line of text", max_bytes: 1024, fits: is_one_line };
pub(super) const GROUP: Form =
    Form { wanted: "an API group, as `apps`, or `*`", max_bytes: MAX_DNS, fits: |text| is_any(text) || is_group(text) };
pub(super) const API_VERSION_OF_GROUP: Form = Form {
    wanted: "a version without its group, as `v1`, or `*`",
    max_bytes: MAX_NAME,
    fits: |text| is_any(text) || is_label(text),
};
pub(super) const RESOURCE: Form = Form {
    wanted: "a plural name, as `deployments`, or `*`; sub-resources stand in `subResources`",
    max_bytes: MAX_NAME,
    fits: |text| is_any(text) || is_label(text),
};
pub(super) const SUB_RESOURCE: Form = Form {
    wanted: "a sub-resource, as `scale`, or `*`",
    max_bytes: MAX_NAME,
    fits: |text| is_any(text) || is_label(text),
};
pub(super) const EXPRESSION: Form = Form { wanted: "a CEL expression", max_bytes: 4096, fits: |text| !text.is_empty() };
pub(super) const API_VERSION: Form =
    Form { wanted: "an API version, as `v1` or `apps/v1`", max_bytes: MAX_DNS + 1 + MAX_NAME, fits: is_api_version };
pub(super) const KIND: Form = Form { wanted: "a kind, as `Service`", max_bytes: MAX_NAME, fits: is_kind };
pub(super) const FACT: Form =
    Form { wanted: "a provider and a name, as `rqlite/current`", max_bytes: MAX_DNS, fits: is_fact };
pub(super) const POINTER: Form =
    Form { wanted: "a JSON pointer (RFC 6901), as `/spec/selector`", max_bytes: 256, fits: is_pointer };
pub(super) const REFERENCE: Form = Form {
    wanted: "a JSON pointer (RFC 6901) to a name, as `/spec/serviceAccountName`",
    max_bytes: 256,
    fits: |text| !text.is_empty() && is_pointer(text),
};

fn is_any(text: &str) -> bool {
    text == ANY
}

fn is_lower(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

fn is_kebab_case(text: &str) -> bool {
    text.split('-').all(|word| !word.is_empty() && word.bytes().all(is_lower))
}

fn is_one_line(text: &str) -> bool {
    !text.is_empty() && !text.contains(is_hidden)
}

/// A label of DNS.
fn is_label(text: &str) -> bool {
    let ends = [text.bytes().next(), text.bytes().last()];
    ends.into_iter().all(|end| end.is_some_and(is_lower)) && text.bytes().all(|byte| is_lower(byte) || byte == b'-')
}

fn is_dns_name(text: &str) -> bool {
    text.split('.').all(is_label)
}

/// The core group has no name.
fn is_group(text: &str) -> bool {
    text.is_empty() || is_dns_name(text)
}

fn is_api_version(text: &str) -> bool {
    match text.split_once('/') {
        None => is_label(text),
        Some((group, version)) => is_dns_name(group) && is_label(version),
    }
}

fn is_kind(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_uppercase()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn is_fact(text: &str) -> bool {
    text.contains('/') && text.split('/').all(is_kebab_case)
}

fn is_pointer(text: &str) -> bool {
    let mut after_tildes = text.split('~').skip(1);
    (text.is_empty() || text.starts_with('/')) && after_tildes.all(|rest| rest.starts_with(['0', '1']))
}
