//! Puts a change before the policies, as the webhook would, and finds the line for each of their findings.
//! Adds no rule: of its own it only says what nobody can know from manifests alone.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use anyhow::Context as _;
use kubernetes::admission::{GroupVersionKind, GroupVersionResource, Operation as Asked, Phase, Request};
use kubernetes::related::Related;
use kubernetes::request::RequestKind;
use kubernetes::verdict::{Level, Verdict};
use quorate_engine::{Finding, PolicySet, Review};
use quorate_facts::{ReadSet, Recorded, RequestSets, prepared, related};
use rqlite::facts::Facts;
use serde_json::Value;
use time::OffsetDateTime;

use super::change::{Change, Operation};
use super::config_maps::ConfigMaps;
use super::given::Policies;
use super::guard::ClusterGuard;
use super::head::Head;
use super::object::{Object, Origin, resource_of};
use super::outcome::{By, Judged, Said, Spot};
use super::place::{Place, Places};
use super::profile::Profile;
use super::snapshot::{Running, Snapshot};
use super::source::text_at;
use super::tree::{File, Side, Tree};
use crate::document;

/// The rule under which this command itself speaks.
pub const OPEN_COUNT: &str = "check/replicas-not-known";

/// Its page, for `quorate explain`.
pub const OPEN_COUNT_PAGE: &str = include_str!("replicas-not-known.md");

/// What all changes of one call share.
pub(super) struct Court<'c> {
    pub(super) policies: Policies<'c>,
    pub(super) loaded: OnceLock<PolicySet>,
    pub(super) profile: Profile,
    /// What was known of the cluster.
    pub(super) snapshot: Option<Snapshot>,
    /// Asked for each change, where there is a cluster to ask.
    pub(super) guard: Option<ClusterGuard<'c>>,
    pub(super) now: OffsetDateTime,
    pub(super) runtime: &'c tokio::runtime::Runtime,
    /// Without a base nothing changes: only what the object's shape shows is kept.
    pub(super) shape_only: bool,
}

/// Which kinds of objects any policy looks at.
pub(super) enum Concern<'c> {
    BuiltIn,
    Of(&'c PolicySet),
}

impl Concern<'_> {
    pub(super) fn is(&self, group: &str, kind: &str) -> bool {
        match self {
            Self::BuiltIn => RequestKind::of_object(group, kind) != RequestKind::Other,
            Self::Of(policies) => is_matched(policies, group, kind, &resource_of(kind)),
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
pub(super) struct Beside<'b> {
    pub(super) head: &'b [Object],
    pub(super) maps: &'b ConfigMaps,
}

impl Court<'_> {
    fn policies(&self) -> anyhow::Result<&PolicySet> {
        if let Some(policies) = self.loaded.get() {
            return Ok(policies);
        }
        let policies = (self.policies.load)()?;
        Ok(self.loaded.get_or_init(|| policies))
    }

    /// What a configuration says can be wrong, and only loading shows it; without one, the built-in policies are what they are.
    pub(super) fn concern(&self) -> anyhow::Result<Concern<'_>> {
        if self.policies.are_configured { self.policies().map(Concern::Of) } else { Ok(Concern::BuiltIn) }
    }

    pub(super) fn judge(
        &self,
        change: &Change,
        running: Option<&Running>,
        beside: Beside<'_>,
        texts: &Texts<'_>,
    ) -> anyhow::Result<Judged> {
        let here = self.review(change, running, beside)?;
        let (review, by) = match &self.guard {
            Some(guard) if !self.judges_shape(running) => {
                self.runtime.block_on(guard.second(change, running.is_some(), &self.profile, here))
            }
            Some(_) | None => (here, By::Here),
        };
        let origin = &change.object.origin;
        let said = review.findings.into_iter().map(|finding| {
            let spot = texts.spot(origin, &finding.field);
            Said { finding, spot }
        });
        Ok(Judged {
            id: change.object.id.clone(),
            names_namespace: text_at(&change.object.value, "/metadata/namespace").is_some(),
            operation: (!self.judges_shape(running)).then_some(change.operation),
            verdict: review.verdict,
            by,
            said: said.collect(),
            patch: review.patch,
            object: change.new.clone().unwrap_or_default(),
            spot: texts.spot(origin, ""),
        })
    }

    /// What runs is a base too.
    fn judges_shape(&self, running: Option<&Running>) -> bool {
        self.shape_only && running.is_none()
    }

    fn review(&self, change: &Change, running: Option<&Running>, beside: Beside<'_>) -> anyhow::Result<Review> {
        let text = change.review(&self.profile);
        let request = Request::decode(text.as_bytes()).with_context(|| change.object.id.shown())?;
        let head = Head { objects: beside.head, scope: &change.object.scope };
        let related = self.runtime.block_on(related(&head, &request));
        let known = running.map_or_else(|| Ok(Facts::default()), Running::facts)?;
        let Recorded(facts) = Recorded::at(beside.maps.complete(known, change), self.now)?;
        let prepared = prepared(&request, related, &facts);
        let policies = self.policies()?;
        let ask = || self.runtime.block_on(policies.mutate_then_validate(&request, &prepared));
        let mut review = ask();
        if review.verdict == Verdict::NotJudged && review.findings.iter().any(|finding| finding.retry) {
            // A guest that ran out of time on a busy machine: a gate must not depend on that.
            review = ask();
        }
        if self.judges_shape(running) {
            review.findings.retain(|finding| finding.of_shape || finding.level == Level::NotJudged);
            review.verdict = Finding::verdict(&review.findings);
        }
        if review.verdict != Verdict::Denied && depends_on_open_count(change, &request) {
            review.findings.push(open_count());
            review.verdict = Finding::verdict(&review.findings);
        }
        Ok(review)
    }
}

/// Whether the policies reckoned with a count that nobody wrote down.
fn depends_on_open_count(change: &Change, request: &Request) -> bool {
    // As a change is told from none: by spelling, not by value.
    let spec = |object: &Option<Value>| object.as_ref().and_then(|object| object.get("spec")).cloned();
    let runs = |set: Option<ReadSet>| set.is_some_and(|set| set.rqlite.is_some());
    if !change.count_is_open || spec(&change.old) == spec(&change.new) {
        return false;
    }
    let RequestSets { old, new, .. } = RequestSets::of(request, &Related::Absent);
    runs(old) || runs(new)
}

fn open_count() -> Finding {
    Finding {
        rule: OPEN_COUNT.to_owned(),
        level: Level::NotJudged,
        message: "`spec.replicas` is absent in the base, so how many voters run is not known from the manifests"
            .to_owned(),
        field: "spec.replicas".to_owned(),
        remedy: "write `spec.replicas` down, or give what runs, with --snapshot or --live".to_owned(),
        retry: false,
        of_shape: false,
    }
}

/// The files of both sides, to show lines of.
pub(super) struct Texts<'t> {
    base: [&'t Tree; 2],
    head: [&'t Tree; 2],
    places: RefCell<BTreeMap<(Side, String), Vec<Places>>>,
}

impl<'t> Texts<'t> {
    /// Of each side its own files, and those that were rendered.
    pub(super) fn new(base: [&'t Tree; 2], head: [&'t Tree; 2]) -> Self {
        Self { base, head, places: RefCell::default() }
    }

    fn file(&self, side: Side, path: &str) -> Option<&'t File> {
        let trees = match side {
            Side::Base => self.base,
            Side::Head => self.head,
        };
        trees.into_iter().find_map(|tree| tree.files.get(path))
    }

    /// The line of a field of an object, or the nearest one there is.
    pub(super) fn spot(&self, origin: &Origin, field: &str) -> Spot {
        let file = self.file(origin.side, &origin.path);
        let mut all = self.places.borrow_mut();
        let places = all.entry((origin.side, origin.path.clone())).or_insert_with(|| {
            let parsed = file.map(|file| document::parse_yaml::<Places>(&file.text));
            parsed.and_then(Result::ok).unwrap_or_default()
        });
        let place = places.get(origin.document).map_or(Place::START, |places| places.of(&origin.root, field));
        let line = file.and_then(|file| file.text.lines().nth(place.line.saturating_sub(1)));
        let rendered_from = file.and_then(|file| file.rendered_from.clone());
        Spot {
            side: origin.side,
            rendered: rendered_from.is_some().then(|| origin.path.clone()),
            file: rendered_from.unwrap_or_else(|| origin.path.clone()),
            place,
            text: line.unwrap_or_default().to_owned(),
        }
    }
}

/// Removed and created changes of which the other side may be in a file that could not be read.
pub(super) fn is_unclear(change: &Change, unclear_base: &BTreeSet<String>, unclear_head: &BTreeSet<String>) -> bool {
    let path = &change.object.origin.path;
    match change.operation {
        Operation::Delete => unclear_head.contains(path),
        Operation::Create => unclear_base.contains(path),
        Operation::Update => false,
    }
}
