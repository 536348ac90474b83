//! A request that the API server carries through everything but the storing of it: what it answers, what it warns of, and what of both
//! is Quorate's.

#[cfg(test)]
mod tests;

use http_body_util::BodyExt;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Status, StatusCause};
use kube::client::Body;
use kube::{Client, Error};
use kubernetes::refusal;
use kubernetes::verdict::Level;
use quorate_facts::ClusterFinding;

/// The API server's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DryRunResponse {
    /// HTTP status.
    pub code: u16,
    /// Of a refusal; empty otherwise.
    pub message: String,
    /// Texts of its `Warning` headers.
    pub warnings: Vec<String>,
    /// What a refusal of ours says, one by one; None: it is none of ours.
    pub causes: Option<Vec<DryRunCause>>,
}

/// One thing that a refusal of ours says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DryRunCause {
    /// `<policy>/<rule>`, or that with the mark of its remedy.
    pub reason: String,
    pub message: String,
    /// Kubernetes path; empty where none was named.
    pub field: String,
}

impl DryRunResponse {
    /// Sends a request, and none that would change something.
    pub(crate) async fn send(client: &Client, request: http::Request<Vec<u8>>) -> Result<Self, Error> {
        let query = request.uri().query().unwrap_or_default();
        if !query.split('&').any(|part| part == "dryRun=All") {
            return Err(Error::Service("a request that is no dry run was not sent".into()));
        }
        let response = client.send(request.map(Body::from)).await?;
        let code = response.status().as_u16();
        let headers = response.headers().get_all("warning").iter();
        let warnings = headers.map(|value| text(&String::from_utf8_lossy(value.as_bytes()))).collect();
        let bytes = response.into_body().collect().await?.to_bytes();
        // An object, when it passed: then nothing of it is read.
        let status: Status = serde_json::from_slice(&bytes).unwrap_or_default();
        let ours = status.details.filter(|details| details.group.as_deref() == Some(refusal::GROUP));
        let causes = ours.map(|details| details.causes.into_iter().flatten().map(DryRunCause::from).collect());
        Ok(Self { code, message: status.message.unwrap_or_default(), warnings, causes })
    }

    /// Whether the change would be stored.
    pub(super) fn passed(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// Whether Quorate refused it.
    pub(super) fn is_ours(&self) -> bool {
        self.causes.is_some()
    }

    /// What of the answer is Quorate's: its refusal first, then its warnings about `subject` (`StatefulSet db/rqlite`).
    pub(crate) fn heard(&self, subject: &str) -> Vec<ClusterFinding> {
        let mut heard: Vec<ClusterFinding> = Vec::new();
        for DryRunCause { reason, message, field } in self.causes.iter().flatten().cloned() {
            match (refusal::rule_of_remedy(&reason), heard.last_mut()) {
                (Some(rule), Some(last)) if last.rule == rule => last.remedy = message,
                (Some(_), _) => {}
                (None, _) => heard.push(ClusterFinding { field, ..self::heard(reason, Level::Deny, message) }),
            }
        }
        for (rule, text) in self.warnings.iter().filter_map(|text| warning(text)) {
            match (text.strip_prefix(subject).and_then(|text| text.strip_prefix(": ")), heard.last_mut()) {
                (Some(message), _) => heard.push(self::heard(rule.to_owned(), Level::Warn, message.to_owned())),
                // A warning that is too long for one comes as two, the second its remedy.
                (None, Some(last)) if last.level != Level::Deny && last.rule == rule => {
                    text.clone_into(&mut last.remedy)
                }
                (None, _) => {}
            }
        }
        heard
    }
}

fn heard(rule: String, level: Level, message: String) -> ClusterFinding {
    let is_open = rule.split_once('/').is_some_and(|(_, name)| name == NOT_JUDGED);
    let level = if is_open { Level::NotJudged } else { level };
    ClusterFinding { rule, level, message, remedy: String::new(), field: String::new() }
}

impl From<StatusCause> for DryRunCause {
    fn from(StatusCause { reason, message, field }: StatusCause) -> Self {
        let text = Option::unwrap_or_default;
        Self { reason: text(reason), message: text(message), field: text(field) }
    }
}

/// The rule of every policy that says that it cannot judge.
const NOT_JUDGED: &str = "not-judged";

/// A warning of the form of ours: the rule, and what it says.
fn warning(text: &str) -> Option<(&str, &str)> {
    let (rule, text) = text.split_once(": ")?;
    let (policy, name) = rule.split_once('/')?;
    (is_name(policy) && is_name(name)).then_some((rule, text))
}

/// As policies and rules are called. Other warnings of the API server open with words or paths.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// `299 - "text"` (RFC 7234, section 5.5), with its quotes escaped.
fn text(header: &str) -> String {
    let quoted = header.split_once('"').and_then(|(_, rest)| rest.rsplit_once('"')).map(|(quoted, _)| quoted);
    quoted.map_or_else(|| header.to_owned(), |quoted| quoted.replace("\\\"", "\"").replace("\\\\", "\\"))
}
