//! What all rules look at: the set, what is asked of it, and what the request lets start. Evaluates nothing.

use std::sync::Arc;

use kubernetes::annotation::INJECTED;
use kubernetes::manifest::{Metadata, PodSpec, StatefulSet};
use quorate_sdk::injection::{InjectionEntry, InjectionMark};
use quorate_sdk::{Review, SetDocument};
use rqlite::cluster::{Node, RqliteSet};
use rqlite::facts::Facts;

use crate::credential_kind::CredentialKind;
use crate::credential_request::{self, CredentialRequest, CredentialRequests};
use crate::flag_state::{self, FlagState};
use crate::identity::POLICY;
use crate::mutation::Mutation;
use crate::obstacle::MountObstacle;
use crate::settings::Settings;
use crate::start_window::StartWindow;

/// A StatefulSet that runs rqlite, at its creation or update.
#[derive(Debug)]
pub struct RuleInput<'a> {
    review: &'a Review,
    old: Option<&'a SetDocument>,
    new: &'a SetDocument,
    settings: &'a Settings,
    pub set: Arc<RqliteSet>,
    pub asked: CredentialRequests,
    pub start_window: StartWindow,
    /// What this policy has injected, as the set's annotation lists it.
    pub injected: Vec<InjectionMark>,
}

impl<'a> RuleInput<'a> {
    /// None if the new object does not run rqlite.
    pub fn of(
        review: &'a Review,
        old: Option<&'a SetDocument>,
        new: &'a SetDocument,
        settings: &'a Settings,
    ) -> Option<Self> {
        let set = Arc::clone(new.rqlite()?);
        let template_changes = old.is_none_or(|old| !old.same_template(new));
        let start_window = StartWindow::of(review, old, &set, template_changes);
        let asked = credential_request::of_set(&new.set.metadata, settings);
        let injected = marks(&new.set.metadata);
        Some(RuleInput { review, old, new, settings, set, asked, start_window, injected })
    }

    pub fn facts(&self) -> &Facts {
        &self.review.facts
    }

    /// The StatefulSet that is asked for.
    pub fn document(&self) -> &StatefulSet {
        &self.new.set
    }

    pub fn pod(&self) -> &PodSpec {
        &self.new.set.spec.template.spec
    }

    /// Of the pod template.
    pub fn pod_metadata(&self) -> &Metadata {
        &self.new.set.spec.template.metadata
    }

    /// How every rqlite container stands to every flag of the request, in order.
    pub fn flag_states(&self, request: &CredentialRequest) -> Vec<(&Node, &'static str, FlagState)> {
        let of_node = |node: &'_ Node| {
            let state = |wanted| flag_state::of(node, self.pod(), wanted, |token| self.has_injected(token));
            request.flags.iter().map(|wanted| (wanted.flag, state(wanted))).collect::<Vec<_>>()
        };
        let nodes = self.set.nodes.iter();
        nodes.flat_map(|node| of_node(node).into_iter().map(move |(flag, state)| (node, flag, state))).collect()
    }

    /// What keeps asks from being put into this set.
    pub fn obstacles(&self) -> Vec<(&'static CredentialKind, MountObstacle)> {
        Mutation::of(self.review, self.old, self.new, self.settings).obstacles
    }

    /// `statefulset/rqlite -n db`, as kubectl takes it.
    pub fn kubectl_name(&self) -> String {
        let metadata = &self.new.set.metadata;
        let name = metadata.name.as_deref().unwrap_or("NAME");
        match &metadata.namespace {
            Some(namespace) => format!("statefulset/{name} -n {namespace}"),
            None => format!("statefulset/{name}"),
        }
    }

    fn has_injected(&self, token: &str) -> bool {
        self.injected.iter().any(|mark| matches!(mark, InjectionMark::Flag { token: listed, .. } if listed == token))
    }
}

/// What the annotation lists of this policy.
pub fn marks(metadata: &Metadata) -> Vec<InjectionMark> {
    let list = metadata.annotations.get(INJECTED).map(String::as_str).unwrap_or_default();
    let entries = list.lines().filter_map(|line| line.parse::<InjectionEntry>().ok());
    entries.filter(|entry| entry.policy == POLICY).map(|entry| entry.mark).collect()
}
