//! Refuses the deletion of a running voter set, of what it cannot do without (`dependency`), and an owner whose absence makes the garbage
//! collector delete it. Not the deletion of its pods: they come back.

mod claim;
mod deletion;
mod dependency;
mod namespace;
mod owner;
mod service;

use kubernetes::annotation::{ALLOW_DELETION, ALLOWED, allows_deletion};
use kubernetes::manifest::StatefulSet;
use kubernetes::users::SYSTEM_DELETERS;
use quorate_sdk::{Envelope, Finding, Judges, Rule, SetDocument, Severity};
use rqlite::change::{self, Ordinals};
use rqlite::facts::Facts;
use rqlite::scaling::{CurrentState, DataLocation};
use serde_json::Value;

use crate::settings;
use crate::words;

pub(crate) use dependency::DependencyDeletion;
pub(crate) use owner::evaluate as judge_owners;

/// ## What it refuses
/// - DELETE of a StatefulSet of voters with more than one replica. Where its data goes with it (no claim template for the data
///   directory, or `persistentVolumeClaimRetentionPolicy.whenDeleted: Delete`), at any count.
/// - DELETE of a Namespace with a running voter set in it, at any count: the claims, and with them the data, go with the namespace.
/// - DELETE of a Service that a voter set with more than one replica needs: its `serviceName`, or the one that its DNS discovery looks up.
/// - DELETE of a PersistentVolumeClaim with the data of a current voter, at any count.
/// - An ownerReference added to a running voter set, unless facts show that an owner of this kind, name and uid exists and is not being
///   deleted: the garbage collector deletes a set whose owner is gone within seconds (measured on kube-controller-manager 1.36.3). A
///   creation is refused only where facts show that the owner does not exist, since operators create their sets with an owner.
///
/// A warning instead: one replica or none, an object that is being deleted already, orphan deletion (`kubectl delete --cascade=orphan`),
/// a read-only pool, `quorate.dev/allow-deletion: "true"` on the set, or the setting `deletion: warn`.
/// The namespace controller, the garbage collector and kube-controller-manager always pass, or a deleted namespace would hang.
///
/// For a Namespace, a Service or a claim the same exemptions hold. The annotation may be on the object itself or on every set concerned;
/// an object that is being deleted already passes without a message. Only a warning: the Service of a single voter; a Namespace whose
/// voters are scaled to zero, or that holds nothing but a read-only pool; the claim of an ordinal that does not run, as long as no view
/// tells whether its node is still a voter.
///
/// ## Why
/// `kubectl replace --force`, `helm uninstall`, a renamed Argo CD application or a recreated StatefulSet all delete first. The claims stay
/// by default, but every client is cut off, and whatever is created next decides how much of the cluster comes back.
///
/// Nodes address each other as `<pod>.<serviceName>`, and without its Service no such name resolves: new pods cannot join, and one that
/// restarts is not found. A claim in use stays until its pod stops, and then it is gone, which nothing can take back: a blank node under
/// the id of a voter is a voter at once, and Ready before it has any data (measured).
///
/// ## Example
/// ```text
/// $ kubectl -n db delete statefulset rqlite
/// deletes a running cluster of 3 voters
/// ```
///
/// ## Instead
/// To change a field that cannot be updated, keep the pods: `kubectl -n db delete statefulset rqlite --cascade=orphan`, then create it again.
/// To delete it on purpose: `kubectl -n db annotate statefulset rqlite quorate.dev/allow-deletion=true`, then delete.
/// Before you delete a claim, remove its node from the cluster:
/// `curl -XDELETE http://rqlite-0.rqlite-svc-internal:4001/remove -d '{"id":"rqlite-2"}'`.
/// A tool may have deleted Services, ConfigMaps and Secrets of the release before it tried to delete the set (Helm deletes Services
/// first and goes on after a refusal): restore them with `helm rollback RELEASE` or by applying the manifests again.
///
/// ## When the value is unknown
/// A role that cannot be read is a voter's. A data directory that cannot be read is taken to be on the set's claims, if it has any.
/// Whether an added owner exists is not known without facts, and of a kind that Quorate may not get: denied, and at a creation a warning;
/// both name the right that is missing. The chart's `owners` gives it. Without a leader's view the ordinals of the running pods are voters.
/// If the sets that need a Namespace, a Service or a claim could not be looked up, its deletion is not judged. What a set needs is guarded
/// once the server knows the set, about a second after its creation.
pub(crate) const RULE: Rule =
    Rule::new("cluster-deleted", "a running cluster is deleted", Severity::Critical, Judges::Change);

/// Whether DeleteOptions tell an orphan deletion.
fn orphans(options: Option<&str>) -> bool {
    let options: Value = options.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let member = |key: &str| options.get(key);
    member("propagationPolicy").and_then(Value::as_str) == Some("Orphan")
        || member("orphanDependents").and_then(Value::as_bool) == Some(true)
}

/// Evaluates a DELETE of the set itself.
pub(crate) fn evaluate(
    old: &SetDocument,
    envelope: &Envelope,
    facts: &Facts,
    deletion: settings::Deletion,
) -> Option<Finding> {
    if is_by_system(envelope) {
        return None;
    }
    let rqlite = old.rqlite()?;
    let old = &old.set;
    let current = CurrentState::new(old, Some(rqlite), change::ordinals(old), DataLocation::of(old, rqlite), facts);
    let count = current.running.count();
    let voters = words::voters(count);
    if !current.votes(None) {
        return Some(RULE.warn(format!("deletes a read-only pool of {count}: reads move to the voters")));
    }
    if self::orphans(envelope.options.as_deref()) && count > 0 {
        return Some(
            RULE.warn(format!(
                "deletes the StatefulSet and leaves its {}: nothing restarts or guards {} until the set is back",
                words::number_of(count, "pod"),
                words::form(count, "it", "them")
            ))
            .remedy(format!("create it again with replicas {count}")),
        );
    }
    let claims = change::claim_ordinals(old, facts);
    // Nothing runs, and nothing is left.
    let is_gone = count == 0 && claims.as_ref().is_some_and(Ordinals::is_empty);
    let orphans = self::orphans(envelope.options.as_deref());
    let loss = loss(old, &current.data).filter(|_| !is_gone && !orphans);
    let message = match loss {
        _ if count == 0 => stopped(old, &current.data, claims.as_ref(), loss),
        Some(loss) => format!("deletes the cluster of {voters} and its data: {loss}"),
        None if count == 1 => "deletes a cluster of 1 voter; its claim stays".to_owned(),
        None => format!("deletes a running cluster of {voters}"),
    };
    let harmless = loss.is_none() && (count <= 1 || old.metadata.deletion_timestamp.is_some());
    if allows_deletion(&old.metadata) || harmless || deletion == settings::Deletion::Warn {
        return Some(RULE.warn(message));
    }
    Some(RULE.deny(message).remedy(format!(
        "to delete it on purpose annotate it `{ALLOW_DELETION}: \"{ALLOWED}\"`; Services, ConfigMaps and Secrets of the release may be gone already: restore them with `helm rollback` or apply them again"
    )))
}

/// What goes with a set of which nothing runs, and what stays.
fn stopped(set: &StatefulSet, data: &DataLocation, claims: Option<&Ordinals>, loss: Option<&str>) -> String {
    let goes = match (data, claims, loss) {
        (DataLocation::Claims(_), Some(claims), Some(loss)) => {
            format!(
                ", and the {} of {}: {loss}",
                words::form(claims.count(), "claim", "claims"),
                words::span(set, claims)
            )
        }
        (DataLocation::Claims(_), None, Some(loss)) => format!(", and its claims: {loss}"),
        (_, _, Some(_)) => ", and whose data lies on no claim".to_owned(),
        (DataLocation::Elsewhere, _, None) => "; the volume of its data stays".to_owned(),
        (_, Some(claims), None) if claims.is_empty() => " and has no claim left".to_owned(),
        (_, Some(claims), None) => format!("; its {}", words::form(claims.count(), "claim stays", "claims stay")),
        (_, None, None) => "; its claims stay".to_owned(),
    };
    format!("deletes a set that is scaled to zero{goes}")
}

/// By Kubernetes itself.
fn is_by_system(envelope: &Envelope) -> bool {
    SYSTEM_DELETERS.contains(&envelope.username.as_str())
}

/// Why the data goes with the set, if it does.
fn loss(set: &StatefulSet, data: &DataLocation) -> Option<&'static str> {
    let retention = set.spec.persistent_volume_claim_retention_policy.as_ref();
    match data {
        DataLocation::WithPod => Some("it lies on no claim"),
        DataLocation::Claims(_) if retention.and_then(|policy| policy.when_deleted.as_deref()) == Some("Delete") => {
            Some("whenDeleted is `Delete`")
        }
        DataLocation::Claims(_) | DataLocation::Elsewhere => None,
    }
}
