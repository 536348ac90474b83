//! Which rules a request concerns. The rules decide; here they are only asked, in one place for every kind of request.

use kubernetes::related::Related;
use quorate_sdk::{AtPath, Finding, Review, SetDocument, Subject};
use rqlite::facts::Facts;
use rqlite::scaling::ClusterState;

use crate::rule::{
    autoscaler_on_voters, cluster_deleted, eviction_below_quorum, not_recognised, role_changed,
    rollout_above_tolerance, scale_advice, scale_below_quorum, scale_to_zero, scale_up_without_leader,
    scale_while_scaling,
};
use crate::settings::Settings;
use crate::transition::Transition;

/// All findings of a review.
pub(crate) fn evaluate(review: &Review, settings: &Settings) -> Vec<Finding> {
    if review.unchanged() {
        return Vec::new();
    }
    let facts = &review.facts;
    match &review.subject {
        Subject::Set { old: Some(old), new: Some(new) } => update(old, new, facts),
        Subject::Set { old: None, new: Some(new) } => creation(new, facts),
        Subject::Set { old: Some(old), new: None } => {
            cluster_deleted::evaluate(old, &review.envelope, facts, settings.deletion).into_iter().collect()
        }
        Subject::Scale { from, to, parent } => scale(*from, *to, parent, facts),
        Subject::Eviction { pod, parent } => eviction_below_quorum::evaluate(pod, parent, facts).into_iter().collect(),
        Subject::Autoscaler { old, new, parent } => {
            autoscaler_on_voters::evaluate(old.as_ref(), new, parent, facts).into_iter().collect()
        }
        Subject::DependencyDeletion { dependency, metadata, sets } => {
            let deletion =
                cluster_deleted::DependencyDeletion { dependency: *dependency, metadata, envelope: &review.envelope };
            deletion.evaluate(sets, facts, settings.deletion).into_iter().collect()
        }
        Subject::Set { old: None, new: None } | Subject::Other => Vec::new(),
    }
}

fn update(old: &SetDocument, new: &SetDocument, facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::from_iter(not_recognised::evaluate_annotation(Some(&old.set), &new.set));
    let transition = Transition::update(old, new, facts);
    let is_guarded = transition.as_ref().is_some_and(|transition| transition.next_rqlite.is_some());
    if let Some(transition) = &transition {
        findings.extend(voters(old, new, transition, facts));
    }
    // A denial of these says already that nothing would guard the set.
    let is_said = |finding: &Finding| [role_changed::RULE.id(), not_recognised::RULE.id()].contains(&finding.rule());
    if !is_guarded && !findings.iter().any(is_said) {
        findings.extend(not_recognised::evaluate(Some(old), new));
    }
    findings
}

/// The update of a set that runs rqlite, before or after.
fn voters(before: &SetDocument, after: &SetDocument, transition: &Transition, facts: &Facts) -> Vec<Finding> {
    let (old, new) = (&before.set, &after.set);
    if let Some(finding) = no_count(new.spec.replicas) {
        return vec![finding];
    }
    if !transition.votes(&transition.current_state()) {
        return Vec::new();
    }
    let mut findings = role_changed::evaluate(transition);
    findings.extend(cluster_deleted::judge_owners(Some(old), new, facts));
    findings.extend(rollout_above_tolerance::evaluate(Some(old), new));
    if !before.same_template(after) {
        let current = transition.current_state();
        findings.extend(rollout_above_tolerance::evaluate_template(new, &ClusterState::of(&current)));
    }
    findings.extend(scaling(transition));
    findings
}

fn creation(document: &SetDocument, facts: &Facts) -> Vec<Finding> {
    let new = &document.set;
    let mut findings = Vec::from_iter(not_recognised::evaluate_annotation(None, new));
    let Some(rqlite) = document.rqlite() else {
        if findings.is_empty() {
            findings.extend(not_recognised::evaluate(None, document));
        }
        return findings;
    };
    if let Some(finding) = no_count(new.spec.replicas) {
        findings.push(finding);
        return findings;
    }
    if !Transition::is_read_only(rqlite) {
        findings.extend(rollout_above_tolerance::evaluate(None, new));
        findings.extend(autoscaler_on_voters::evaluate_target(facts));
        findings.extend(cluster_deleted::judge_owners(None, new, facts));
    }
    if let Some(transition) = Transition::recreation(new, rqlite, facts)
        && transition.votes(&transition.current_state())
    {
        findings.extend(scaling(&transition));
    }
    findings
}

fn scale(from: i32, to: i32, parent: &Related<Box<SetDocument>>, facts: &Facts) -> Vec<Finding> {
    let set = match parent {
        Related::Found(parent) => Some(parent),
        Related::Absent | Related::Unknown(_) => None,
    };
    let transition = set.map(|set| (&set.set, Transition::scale(set, from, to, facts)));
    let (set, transition) = match transition {
        Some((_, None)) => return Vec::new(),
        Some((set, Some(transition))) => (set, transition),
        None => {
            let advice = || scale_advice::without_parent(from, to);
            return no_count(Some(to)).or_else(advice).into_iter().collect();
        }
    };
    if let Some(finding) = no_count(Some(to)) {
        return vec![finding];
    }
    if !transition.votes(&transition.current_state()) {
        return Vec::new();
    }
    let mut findings = scaling(&transition);
    if from != to {
        findings.extend(rollout_above_tolerance::evaluate_scale(set, transition.change.new.count()));
    }
    findings
}

/// A negative number is no count, and not zero either. The API server refuses it; here it is a wrong value.
fn no_count(replicas: Option<i32>) -> Option<Finding> {
    let replicas = replicas.filter(|replicas| *replicas < 0)?;
    let finding = Finding::not_judged(format!("replicas {replicas} is no count, the API server refuses it"));
    Some(finding.field("spec.replicas").remedy("give a count of 0 or more"))
}

/// The rules about ordinals that leave and come.
fn scaling(transition: &Transition) -> Vec<Finding> {
    let current = transition.current_state();
    let cluster = ClusterState::of(&current);
    let mut findings = Vec::new();
    findings.extend(scale_while_scaling::evaluate(transition));
    findings.extend(scale_below_quorum::evaluate(transition, &cluster));
    findings.extend(scale_to_zero::evaluate(transition, &cluster));
    findings.extend(scale_up_without_leader::evaluate(transition, &cluster));
    findings.extend(scale_advice::evaluate(transition, &cluster));
    findings
}
