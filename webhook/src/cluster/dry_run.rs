//! A request that the API server carries through everything but the storing of it: what it answers, what it warns of, and what of both
//! is Quorate's.

#[cfg(test)]
mod tests;

use http_body_util::BodyExt;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Status, StatusCause};
use kube::client::Body;
use kube::{Client, Error};
use quorate_engine::Level;

/// The API server's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DryRun {
    /// HTTP status.
    pub code: u16,
    /// Of a refusal; empty otherwise.
    pub message: String,
    /// Texts of its `Warning` headers.
    pub warnings: Vec<String>,
    /// Fields that a refusal names, each with who names it: of ours, a rule.
    pub fields: Vec<(String, String)>,
}

/// A finding of the cluster's own Quorate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// `<policy>/<rule>`.
    pub rule: String,
    pub level: Level,
    /// The object, the message and, mostly, the remedy, as one line.
    pub text: String,
    /// What to do, where it was said by itself; else it is the end of `text`.
    pub remedy: String,
    /// Kubernetes path; empty where none was named.
    pub field: String,
}

impl DryRun {
    /// Sends a request, and none that would change something.
    pub(crate) async fn send(client: &Client, request: axum::http::Request<Vec<u8>>) -> Result<Self, Error> {
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
        let causes = status.details.and_then(|details| details.causes).unwrap_or_default();
        let fields = causes.into_iter().filter_map(|StatusCause { reason, field, .. }| Some((reason?, field?)));
        Ok(Self { code, message: status.message.unwrap_or_default(), warnings, fields: fields.collect() })
    }

    /// Whether the change would be stored.
    pub(super) fn passed(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// Whether one of our entries refused it.
    pub(super) fn is_ours(&self) -> bool {
        self.refusal().is_some()
    }

    /// What of the answer has the form of Quorate's: its refusal first, then its warnings about `subject` (`StatefulSet db/rqlite`).
    pub fn heard(&self, subject: &str) -> Vec<Heard> {
        let refusal = self.refusal().unwrap_or_default().lines();
        let mut heard: Vec<Heard> = refusal.filter_map(|line| self.finding(line, Level::Deny)).collect();
        for warning in self.warnings.iter().filter_map(|text| self.finding(text, Level::Warn)) {
            match heard.last_mut() {
                _ if warning.text.starts_with(subject) => heard.push(warning),
                // A warning that is too long for one comes as two, the second its remedy.
                Some(last) if last.level != Level::Deny && last.rule == warning.rule => last.remedy = warning.text,
                Some(_) | None => {}
            }
        }
        heard
    }

    /// The text of a refusal by one of our entries.
    fn refusal(&self) -> Option<&str> {
        let (entry, text) = self.message.strip_prefix("admission webhook \"")?.split_once("\" denied the request: ")?;
        entry.ends_with(".quorate.dev").then_some(text)
    }

    fn finding(&self, line: &str, level: Level) -> Option<Heard> {
        let (rule, text) = line.split_once(": ")?;
        let (_, name) = rule.split_once('/').filter(|(policy, name)| is_name(policy) && is_name(name))?;
        let field = self.fields.iter().find(|(of, _)| of == rule).map(|(_, field)| field.clone());
        Some(Heard {
            rule: rule.to_owned(),
            level: if name == "not-judged" { Level::NotJudged } else { level },
            text: text.to_owned(),
            remedy: String::new(),
            field: field.unwrap_or_default(),
        })
    }
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
