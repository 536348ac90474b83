//! What a policy has to say about one request. Collected here, and told to the host when the policy has returned.

use crate::finding::Finding;
use crate::host::{Host, HostRef};

/// The findings and annotations of one call. They are told even when the policy ends with
/// [`NotJudged`](crate::NotJudged), so a `?` behind a denial does not lose it.
#[derive(Debug, Default)]
pub struct Verdict {
    findings: Vec<Finding>,
    annotations: Vec<(String, String)>,
}

impl Verdict {
    /// One more finding.
    pub fn push(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// An annotation of the API server's audit event.
    pub fn annotate(&mut self, key: impl Into<String>, value: impl ToString) {
        self.annotations.push((key.into(), value.to_string()));
    }

    /// The findings so far.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    pub(crate) fn send(&self, host: HostRef<'_>) {
        for finding in &self.findings {
            finding.send(host);
        }
        for (key, value) in &self.annotations {
            host.annotate(key, value);
        }
    }
}

impl Extend<Finding> for Verdict {
    fn extend<T: IntoIterator<Item = Finding>>(&mut self, findings: T) {
        self.findings.extend(findings);
    }
}
