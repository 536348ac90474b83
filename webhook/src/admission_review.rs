//! The AdmissionReview that goes back (admission.k8s.io/v1): a verdict in the words of the Kubernetes API.
//! Decides nothing; it gets a review to which `onError` has been applied.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kubernetes::admission::{Operation, Request};
use kubernetes::refusal;
use kubernetes::request::RequestKind;
use kubernetes::verdict::{Level, Verdict};
use quorate_engine::{Finding, Review};
use serde::Serialize;

#[cfg(test)]
mod tests;

/// kube-apiserver cuts longer warnings when their sum is too long (`k8s.io/apiserver`, endpoints/filters/warning.go).
const WARNING_CHARS: usize = 256;
/// It drops what goes beyond 4,096 characters in all; so many full ones fit.
const WARNINGS: usize = 4096 / WARNING_CHARS;
/// Lines and causes of one denial, and characters of each: the whole stays well below what clients print.
const DENIALS: usize = 32;
const DENIAL_CHARS: usize = 1000;

const ELLIPSIS: char = '…';

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AdmissionReview<'a> {
    api_version: &'static str,
    kind: &'static str,
    response: AdmissionResponse<'a>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AdmissionResponse<'a> {
    uid: &'a str,
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch_type: Option<&'static str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    audit_annotations: BTreeMap<&'a str, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Status {
    status: &'static str,
    code: u16,
    reason: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<StatusDetails>,
}

#[derive(Debug, Serialize)]
struct StatusDetails {
    /// Whose refusal it is.
    group: &'static str,
    causes: Vec<StatusCause>,
}

#[derive(Debug, Serialize)]
struct StatusCause {
    reason: String,
    message: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    field: String,
}

/// Why a request is denied, in HTTP's terms. There is no third: Flux and `kubectl apply --force` answer 409 and 422
/// by deleting and re-creating the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DenialStatus {
    Forbidden,
    /// Evictions only: `kubectl drain` waits and asks again.
    TooManyRequests,
}

impl<'a> AdmissionReview<'a> {
    /// `evaluated` is the verdict before `onError` was applied.
    pub(crate) fn new(
        request: &'a Request,
        subject: &str,
        evaluated: Verdict,
        review: &'a Review,
    ) -> Result<Self, serde_json::Error> {
        let allowed = review.verdict == Verdict::Allowed;
        let patch = (allowed && !review.patch.is_empty()).then(|| STANDARD.encode(review.patch.to_string()));
        let status = (!allowed)
            .then(|| Status::of(DenialStatus::of(request, evaluated, &review.findings), subject, &review.findings));
        Ok(Self::with(AdmissionResponse {
            uid: &request.uid,
            allowed,
            status,
            patch_type: patch.as_ref().map(|_| "JSONPatch"),
            patch,
            audit_annotations: annotations(&review.audit),
            warnings: warnings(subject, &review.findings),
        }))
    }

    /// For a request that names its uid and cannot be read otherwise.
    pub(crate) fn unreadable(uid: &'a str, fault: &str) -> Self {
        let message = one_line(&format!("quorate: review not readable: {fault}"), DENIAL_CHARS);
        Self::with(AdmissionResponse {
            uid,
            allowed: false,
            status: Some(Status::new(DenialStatus::Forbidden, message, None)),
            patch: None,
            patch_type: None,
            audit_annotations: BTreeMap::new(),
            warnings: Vec::new(),
        })
    }

    fn with(response: AdmissionResponse<'a>) -> Self {
        Self { api_version: "admission.k8s.io/v1", kind: "AdmissionReview", response }
    }
}

impl DenialStatus {
    fn of(request: &Request, evaluated: Verdict, findings: &[Finding]) -> Self {
        let passes_later = evaluated == Verdict::NotJudged
            || findings.iter().any(|finding| finding.level == Level::Deny && finding.retry);
        if is_eviction(request) && passes_later { Self::TooManyRequests } else { Self::Forbidden }
    }

    fn code(self) -> u16 {
        match self {
            Self::Forbidden => 403,
            Self::TooManyRequests => 429,
        }
    }

    fn reason(self) -> &'static str {
        match self {
            Self::Forbidden => "Forbidden",
            Self::TooManyRequests => "TooManyRequests",
        }
    }
}

/// `pods/eviction`, as `kubectl drain` asks for it.
fn is_eviction(request: &Request) -> bool {
    request.operation == Operation::Create && RequestKind::of(request) == RequestKind::Eviction
}

impl Status {
    /// First the line of the first denial, which must do by itself; then one line for each further one.
    fn of(denial: DenialStatus, subject: &str, findings: &[Finding]) -> Self {
        let denials: Vec<&Finding> = findings.iter().filter(|finding| finding.level != Level::Warn).collect();
        let lines = denials.iter().map(|finding| one_line(&finding.line(subject), DENIAL_CHARS)).collect();
        let causes = denials.iter().take(DENIALS).flat_map(|finding| StatusCause::of(finding)).collect();
        let message = kubernetes::text::reworded(&bounded(lines, DENIALS, "denials").join("\n"));
        Self::new(denial, message, Some(StatusDetails { group: refusal::GROUP, causes }))
    }

    fn new(denial: DenialStatus, message: String, details: Option<StatusDetails>) -> Self {
        Self { status: "Failure", code: denial.code(), reason: denial.reason(), message, details }
    }
}

impl StatusCause {
    /// What is wrong, and what to do, where there is something.
    fn of(finding: &Finding) -> impl Iterator<Item = Self> {
        let cause = |reason: String, message: &str| Self {
            reason,
            message: one_line(message, DENIAL_CHARS),
            field: finding.field.clone(),
        };
        let remedy = || cause(refusal::remedy_of(&finding.rule), &finding.remedy);
        let remedy = (!finding.remedy.is_empty()).then(remedy);
        [cause(finding.rule.clone(), &finding.message)].into_iter().chain(remedy)
    }
}

fn warnings(subject: &str, findings: &[Finding]) -> Vec<String> {
    let warned = findings.iter().filter(|finding| finding.level == Level::Warn);
    let lines = warned.flat_map(|finding| warning_lines(subject, finding)).map(|line| one_line(&line, WARNING_CHARS));
    bounded(lines.collect(), WARNINGS, "warnings")
}

/// What to do is a warning of its own where both are too long for one: it must not be what is cut off.
fn warning_lines(subject: &str, finding: &Finding) -> Vec<String> {
    let whole = finding.line(subject);
    if finding.remedy.is_empty() || whole.chars().nth(WARNING_CHARS).is_none() {
        return vec![whole];
    }
    let message = Finding { remedy: String::new(), ..finding.clone() };
    vec![message.line(subject), format!("{}: {}", finding.rule, finding.remedy)]
}

/// One key may come from several policies; the API keeps one value per key.
fn annotations(audit: &[(String, String)]) -> BTreeMap<&str, String> {
    let mut annotations: BTreeMap<&str, String> = BTreeMap::new();
    for (key, value) in audit {
        annotations
            .entry(key)
            .and_modify(|first| {
                first.push_str("; ");
                first.push_str(value);
            })
            .or_insert_with(|| value.clone());
    }
    annotations
}

/// At most `most` lines; the last one then says how many are missing.
fn bounded(mut lines: Vec<String>, most: usize, what: &str) -> Vec<String> {
    if lines.len() > most {
        let missing = lines.len() - (most - 1);
        lines.truncate(most - 1);
        lines.push(format!("quorate: {missing} further {what}"));
    }
    lines
}

/// Without control characters, which an HTTP warning header cannot carry; at most `most` characters.
fn one_line(text: &str, most: usize) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    if text.chars().nth(most).is_none() {
        return text.chars().map(plain).collect();
    }
    text.chars().take(most - 1).map(plain).chain([ELLIPSIS]).collect()
}
