//! What the server counts and times, in the Prometheus text format.
//! Decides nothing; labels are of bounded number (paths, verdicts, rules of loaded policies, reasons).

use std::sync::OnceLock;
use std::time::Duration;

use kubernetes::admission::Phase;
use kubernetes::verdict::{Level, Verdict};
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use quorate_engine::{Finding, Review};

use crate::certificate::ServedCertificateMetrics;
use crate::listener::ConnectionMetrics;
use crate::request_error::RequestError;

/// Seconds. A review takes 100 to 400 us; guests may use 50 ms each, an API server waits 30 s at most.
const BUCKETS: [f64; 16] = [
    50e-6, 100e-6, 200e-6, 400e-6, 800e-6, 1.6e-3, 3.2e-3, 6.4e-3, 12.8e-3, 25.6e-3, 51.2e-3, 0.1, 0.5, 2.0, 10.0, 30.0,
];

#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    /// Of the cluster, where there is one.
    cluster_registry: OnceLock<Registry>,
    reviews: Family<ReviewLabels, Counter>,
    durations: Family<PhaseLabel, Histogram>,
    policy_durations: Family<PhaseLabel, Histogram>,
    findings: Family<FindingLabels, Counter>,
    not_judged: Family<PolicyLabel, Counter>,
    refusals: Family<ReasonLabel, Counter>,
    pub(crate) in_flight: Gauge,
    pub(crate) connections: ConnectionMetrics,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReviewLabels {
    path: PathValue,
    verdict: &'static str,
    matched: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PhaseLabel {
    path: PathValue,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FindingLabels {
    rule: String,
    level: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PolicyLabel {
    policy: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct PathValue(Phase);

impl EncodeLabelValue for PathValue {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        path(self.0).encode(encoder)
    }
}

/// Where a phase is asked for.
pub(crate) fn path(phase: Phase) -> &'static str {
    match phase {
        Phase::Mutate => "/mutate",
        Phase::Validate => "/validate",
    }
}

pub(crate) fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allowed => "allowed",
        Verdict::Denied => "denied",
        Verdict::NotJudged => "not-judged",
    }
}

impl Metrics {
    pub(crate) fn new(certificate: &ServedCertificateMetrics) -> Self {
        let histograms = || Family::new_with_constructor(new_histogram as fn() -> Histogram);
        let mut metrics = Self {
            registry: Registry::with_prefix("quorate"),
            cluster_registry: OnceLock::new(),
            reviews: Family::default(),
            durations: histograms(),
            policy_durations: histograms(),
            findings: Family::default(),
            not_judged: Family::default(),
            refusals: Family::default(),
            in_flight: Gauge::default(),
            connections: ConnectionMetrics::default(),
        };
        metrics.register();
        metrics.register_certificate(certificate);
        metrics
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("build", "The running version", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
        registry.register("reviews", "Reviews answered, by verdict before onError was applied", self.reviews.clone());
        registry.register("findings", "Findings given, after onError was applied", self.findings.clone());
        registry.register("not_judged", "Findings that say that a policy could not judge", self.not_judged.clone());
        registry.register("refused_requests", "Requests without a review in the answer", self.refusals.clone());
        registry.register("reviews_in_flight", "Requests being received or judged", self.in_flight.clone());
        registry.register("connections", "Open connections to the webhook", self.connections.open.clone());
        registry.register(
            "closed_connections",
            "Connections closed by the server, by reason",
            self.connections.closed.clone(),
        );
        registry.register(
            "failed_handshakes",
            "TLS handshakes that came to nothing",
            self.connections.failed_handshakes.clone(),
        );
        let (whole, policies) = (self.durations.clone(), self.policy_durations.clone());
        registry.register_with_unit("review_duration", "From a request's head to its answer", Unit::Seconds, whole);
        registry.register_with_unit(
            "policies_duration",
            "The part of it that the policies took",
            Unit::Seconds,
            policies,
        );
    }

    fn register_certificate(&mut self, certificate: &ServedCertificateMetrics) {
        let registry = &mut self.registry;
        registry.register_with_unit(
            "certificate_not_after",
            "When the served certificate ends, in Unix time; 0 while there is none",
            Unit::Seconds,
            certificate.not_after.clone(),
        );
        registry.register(
            "certificate_changes",
            "Certificates that were found, by whether they could be taken",
            certificate.changes.clone(),
        );
        registry.register(
            "refused_callers",
            "TLS handshakes that failed for the caller's certificate",
            self.connections.refused_callers.clone(),
        );
    }

    /// `evaluated` as the policies left it, `given` as it was answered.
    pub(crate) fn count_review(&self, phase: Phase, evaluated: Verdict, given: &Review) {
        let matched = if given.matched.is_empty() { "no" } else { "yes" };
        let labels = ReviewLabels { path: PathValue(phase), verdict: verdict(evaluated), matched };
        self.reviews.get_or_create(&labels).inc();
        for finding in &given.findings {
            let labels = FindingLabels { rule: finding.rule.clone(), level: level(finding.level) };
            self.findings.get_or_create(&labels).inc();
        }
    }

    pub(crate) fn count_not_judged(&self, finding: &Finding) {
        let policy = finding.policy().to_owned();
        self.not_judged.get_or_create(&PolicyLabel { policy }).inc();
    }

    pub(crate) fn count_refusal(&self, refusal: &RequestError) {
        let reason = refusal.reason();
        self.refusals.get_or_create(&ReasonLabel { reason }).inc();
    }

    pub(crate) fn time_review(&self, phase: Phase, whole: Duration) {
        let labels = PhaseLabel { path: PathValue(phase) };
        self.durations.get_or_create(&labels).observe(whole.as_secs_f64());
    }

    pub(crate) fn time_policies(&self, phase: Phase, policies: Duration) {
        let labels = PhaseLabel { path: PathValue(phase) };
        self.policy_durations.get_or_create(&labels).observe(policies.as_secs_f64());
    }

    /// Shown beside these from now on; only once.
    pub(crate) fn attach_registry(&self, others: Registry) {
        let _ = self.cluster_registry.set(others);
    }

    /// OpenMetrics text.
    pub(crate) fn render(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode_registry(&mut text, &self.registry)?;
        if let Some(others) = self.cluster_registry.get() {
            encode_registry(&mut text, others)?;
        }
        encode_eof(&mut text)?;
        Ok(text)
    }
}

fn new_histogram() -> Histogram {
    Histogram::new(BUCKETS)
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Deny => "deny",
        Level::Warn => "warn",
        Level::NotJudged => "not-judged",
    }
}
