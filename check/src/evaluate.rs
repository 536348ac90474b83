//! Puts a change before the policies, as the webhook would, and finds the line for each of their findings.
//! Adds no rule but `check/replicas-not-known`: what manifests alone cannot tell.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use anyhow::Context as _;
use kubernetes::admission::{GroupVersionKind, GroupVersionResource, Operation as Asked, Origin, Phase, Request};
use kubernetes::related::Related;
use kubernetes::request::RequestKind;
use kubernetes::verdict::{Level, Verdict};
use quorate_document::Patch;
use quorate_engine::{Finding, PolicySet, Prepared, Review};
use quorate_facts::{DecodedSet, RecordedFacts, RequestSets, named, prepared, related};
use rqlite::facts::Facts;
use serde_json::Value;
use time::OffsetDateTime;

use super::applier::{Applier, Appliers};
use super::check_inputs::PolicySource;
use super::cluster::ClusterEvaluator;
use super::config_maps::ConfigMaps;
use super::head::HeadObjects;
use super::manifest_change::{AppliedAs, ChangeOperation, ManifestChange, ShownWay};
use super::object::{Object, resource_of};
use super::result::{EvaluatedChange, LocatedFinding, VerdictSource};
use super::rules::{IMMUTABLE_CHANGE, NOT_APPLIED, REPLICAS_NOT_KNOWN, WAY_NOT_KNOWN};
use super::snapshot::{RunningSet, Snapshot};
use super::source::text_at;
use super::source_files::SourceFiles;
use super::values_line;

/// What all changes of one call share.
pub(super) struct ChangeEvaluator<'c> {
    pub(super) policies: PolicySource<'c>,
    pub(super) loaded: OnceLock<PolicySet>,
    pub(super) appliers: Appliers,
    /// What was known of the cluster.
    pub(super) snapshot: Option<Snapshot>,
    /// Which cluster that is.
    pub(super) destination: Option<String>,
    /// Asked for each change, where there is a cluster to ask.
    pub(super) cluster: Option<ClusterEvaluator<'c>>,
    pub(super) now: OffsetDateTime,
    pub(super) runtime: &'c tokio::runtime::Runtime,
    /// Without a base nothing changes: only what the object's shape shows is kept.
    pub(super) shape_only: bool,
}

/// Which kinds of objects any policy looks at.
pub(super) enum MatchedKinds<'c> {
    BuiltIn,
    Matched(&'c PolicySet),
}

impl MatchedKinds<'_> {
    pub(super) fn is(&self, group: &str, kind: &str) -> bool {
        match self {
            Self::BuiltIn => RequestKind::of_object(group, kind) != RequestKind::Other,
            Self::Matched(policies) => is_matched(policies, group, kind, &resource_of(kind)),
        }
    }
}

fn is_matched(policies: &PolicySet, group: &str, kind: &str, resource: &str) -> bool {
    [Asked::Create, Asked::Update, Asked::Delete].into_iter().any(|operation| {
        let request = Request {
            kind: GroupVersionKind { group: group.into(), version: "v1".into(), kind: kind.into() },
            resource: GroupVersionResource { group: group.into(), version: "v1".into(), resource: resource.into() },
            ..Request::new("", operation)
        };
        policies.matching(Phase::Mutate, &request) || policies.matching(Phase::Validate, &request)
    })
}

/// What both states hold beside the object that changes.
#[derive(Clone, Copy)]
pub(super) struct EvaluationContext<'b> {
    pub(super) head: &'b [Object],
    pub(super) maps: &'b ConfigMaps,
}

impl ChangeEvaluator<'_> {
    fn policies(&self) -> anyhow::Result<&PolicySet> {
        if let Some(policies) = self.loaded.get() {
            return Ok(policies);
        }
        let policies = (self.policies.load)()?;
        Ok(self.loaded.get_or_init(|| policies))
    }

    /// What a configuration says can be wrong, and only loading shows it; without one, the built-in policies are what they are.
    pub(super) fn matched_kinds(&self) -> anyhow::Result<MatchedKinds<'_>> {
        if self.policies.are_configured {
            self.policies().map(MatchedKinds::Matched)
        } else {
            Ok(MatchedKinds::BuiltIn)
        }
    }

    pub(super) fn evaluate(
        &self,
        change: &ManifestChange,
        running: Option<&RunningSet>,
        context: EvaluationContext<'_>,
        files: &SourceFiles<'_>,
    ) -> anyhow::Result<EvaluatedChange> {
        let applier = self.applier(change);
        let here = self.review(change, &applier, running, context)?;
        let (review, by) = match &self.cluster {
            Some(guard) if !self.evaluates_shape_only(running) => {
                self.runtime.block_on(guard.with_cluster_verdict(change, running.is_some(), &applier, here))
            }
            Some(_) | None => (here, VerdictSource::Local),
        };
        let origin = &change.object.origin;
        let found = review.findings.into_iter().map(|finding| {
            let by_values = values_line::locate(change, &finding.field, files);
            let location = by_values.unwrap_or_else(|| files.locate(origin, &finding.field));
            LocatedFinding { finding, location }
        });
        Ok(EvaluatedChange {
            id: change.object.id.clone(),
            names_namespace: text_at(&change.object.value, "/metadata/namespace").is_some(),
            operation: (!self.evaluates_shape_only(running)).then_some(change.operation),
            verdict: review.verdict,
            by,
            findings: found.collect(),
            patch: review.patch,
            object: change.new.clone().unwrap_or_default(),
            location: files.locate(origin, ""),
            cause: change.cause.clone(),
            ways: change.ways.clone(),
            accepted_until: None,
        })
    }

    /// A set of which it cannot be told what becomes of it.
    pub(super) fn not_followed(
        &self,
        old: &Object,
        why: String,
        ways: Vec<ShownWay>,
        files: &SourceFiles<'_>,
    ) -> EvaluatedChange {
        let remedy = "look at its way with --ways; make it one that can be followed, or accept the gap";
        let finding = WAY_NOT_KNOWN.finding(Level::NotJudged, why, "", remedy);
        let location = files.locate(&old.origin, "");
        EvaluatedChange {
            id: old.id.clone(),
            names_namespace: text_at(&old.value, "/metadata/namespace").is_some(),
            operation: None,
            verdict: Verdict::NotJudged,
            by: VerdictSource::Local,
            findings: vec![LocatedFinding { finding, location: location.clone() }],
            patch: Patch::default(),
            object: Value::Null,
            location,
            cause: None,
            ways,
            accepted_until: None,
        }
    }

    /// What runs is a base too.
    fn evaluates_shape_only(&self, running: Option<&RunningSet>) -> bool {
        self.shape_only && running.is_none()
    }

    fn applier(&self, change: &ManifestChange) -> Applier {
        let way = &change.object.way;
        let tool = way.links.last().map_or_else(|| self.appliers.unknown(way.is_chart), |link| link.tool);
        self.appliers.by(tool)
    }

    fn review(
        &self,
        change: &ManifestChange,
        applier: &Applier,
        running: Option<&RunningSet>,
        context: EvaluationContext<'_>,
    ) -> anyhow::Result<Review> {
        let text = change.review(applier);
        let mut request = Request::decode(text.as_bytes()).with_context(|| change.object.id.shown())?;
        request.origin = Origin::Check;
        let head = HeadObjects { objects: context.head, scope: &change.object.scope, way: &change.object.way };
        let related = self.runtime.block_on(related(&head, &request));
        let known = running.map_or_else(|| Ok(Facts::default()), RunningSet::facts)?;
        let RecordedFacts(facts) = RecordedFacts::at(context.maps.complete(known, change), self.now)?;
        let policies = self.policies()?;
        let queries = policies.both_queries(&request);
        let named = self.runtime.block_on(named(&head, queries, &request));
        let sets = RequestSets::of(&request, &related);
        let prepared = Prepared { related: named, ..prepared(&request, &related, &sets, &facts) };
        let ask = || self.runtime.block_on(policies.mutate_then_validate(&request, &prepared));
        let mut review = ask();
        if review.verdict == Verdict::NotJudged && review.findings.iter().any(|finding| finding.retry) {
            // A guest that ran out of time on a busy machine: a gate must not depend on that.
            review = ask();
        }
        if self.evaluates_shape_only(running) {
            review.findings.retain(|finding| finding.of_shape || finding.level == Level::NotJudged);
            review.verdict = Finding::verdict(&review.findings);
        }
        if review.verdict != Verdict::Denied && depends_on_unknown_replicas(change, &request) {
            review.findings.push(replicas_not_known());
            review.verdict = Finding::verdict(&review.findings);
        }
        by_applier(change, &mut review);
        said_once(&mut review.findings);
        Ok(review)
    }
}

/// What no policy can read, each of them says.
fn said_once(findings: &mut Vec<Finding>) {
    let mut seen = BTreeSet::new();
    findings.retain(|finding| {
        finding.level != Level::NotJudged || seen.insert((finding.message.clone(), finding.field.clone()))
    });
}

/// What the tool, or the API server, makes of the change.
fn by_applier(change: &ManifestChange, review: &mut Review) {
    match &change.applied {
        AppliedAs::Asked => {}
        AppliedAs::Refused(field) if review.verdict == Verdict::Allowed => {
            let message = format!("the API server refuses this update: `{field}` cannot be changed to this");
            let remedy = "leave it as it is; to change it, delete the set with --cascade=orphan and create it again";
            review.findings.push(IMMUTABLE_CHANGE.finding(Level::NotJudged, message, field, remedy));
        }
        AppliedAs::Refused(_) => {}
        AppliedAs::LeftAlone(why) => {
            review.findings = vec![NOT_APPLIED.finding(Level::Warn, why.clone(), "", "")];
        }
        AppliedAs::Confirmed(word) => {
            for finding in review.findings.iter_mut().filter(|finding| finding.level == Level::Deny) {
                finding.level = Level::Warn;
                finding.message = format!("{} (somebody confirms it first: `{word}`)", finding.message);
            }
        }
    }
    review.verdict = Finding::verdict(&review.findings);
}

/// Whether the policies reckoned with a count that nobody wrote down.
fn depends_on_unknown_replicas(change: &ManifestChange, request: &Request) -> bool {
    // As a change is told from none: by spelling, not by value.
    let spec = |object: &Option<Value>| object.as_ref().and_then(|object| object.get("spec")).cloned();
    let runs = |set: Option<DecodedSet>| set.is_some_and(|set| set.rqlite.is_some());
    if !change.replicas_unknown || spec(&change.old) == spec(&change.new) {
        return false;
    }
    let RequestSets { old, new, .. } = RequestSets::of(request, &Related::Absent);
    runs(old) || runs(new)
}

fn replicas_not_known() -> Finding {
    let message = "`spec.replicas` is absent in the base, so how many voters run is not known from the manifests";
    let remedy = "write `spec.replicas` down, or give what runs, with --snapshot or --live";
    REPLICAS_NOT_KNOWN.finding(Level::NotJudged, message.to_owned(), "spec.replicas", remedy)
}

/// Removed and created changes of which the other side may be in a file that could not be read.
pub(super) fn is_unclear(
    change: &ManifestChange,
    unclear_base: &BTreeSet<String>,
    unclear_head: &BTreeSet<String>,
) -> bool {
    let path = &change.object.origin.path;
    match change.operation {
        ChangeOperation::Delete => unclear_head.contains(path),
        ChangeOperation::Create => unclear_base.contains(path),
        ChangeOperation::Update => false,
    }
}
