//! What to do next about the certificates of a cluster, so that no call of the API server ever fails because of them.
//! Writes nothing; `next` decides, `SecretChange::carry_out` makes the new contents, and the caller writes them.
//!
//! INVARIANT (no gap): every leaf that a replica serves chains to a CA in every `caBundle` that an API server knows.
//! A rotation has a fresh CA key and goes in steps, each of which may be the last one before a crash:
//!
//! ```text
//! issuer ── due ──> Prepare      Secret: ca.crt = old + new, next-ca.key; the old leaf is still served
//!                   publish      every caBundle: old + new
//!                   Confirm      Secret: read back at this moment, by this leader
//!                   wait         propagation_delay: each API server watches for itself
//!                   Switch       Secret: leaf of the new CA, ca.key = next-ca.key
//!                   wait         until no replica is seen to serve a leaf of the old one
//!                   Drop         Secret: ca.crt = new
//!                   publish      every caBundle: new
//! ```
//!
//! It holds if API servers know a `caBundle` within `propagation_delay` of its writing, replicas that start read a Secret at most
//! `propagation_delay` old, and the caller reads the configurations first, then the Secret (never from a cache), then asks the
//! replicas, then the clock, and writes only at the resource versions that it read.

mod change;
mod contents;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use time::{Duration, OffsetDateTime};

pub use change::SecretChange;
pub use contents::{
    ClockReading, Damage, INCOMING_KEY, ISSUER_KEY, LEAF, LEAF_KEY, LeafCertificate, OWN_LABEL, STATE, SecretContents,
    SecretState, TRUSTED,
};

use crate::{Anchor, AuthorityId, Validity, ValidityState};

/// What there is, as it was read just now.
#[derive(Debug, Clone)]
pub struct Observation {
    /// What the Secret's name holds. To be read before the replicas are asked.
    pub secret: SecretState,
    /// The `caBundle` of every entry of our webhook configurations. To be read before the Secret.
    pub bundles: Vec<CaBundle>,
    /// The CAs whose leaves the replicas serve, every one of them; `None` where one could not be asked.
    pub served: Option<BTreeSet<AuthorityId>>,
}

/// One `caBundle`.
#[derive(Debug, Clone, Default)]
pub struct CaBundle {
    anchors: Vec<Anchor>,
    whole: bool,
}

/// What is wanted.
#[derive(Debug, Clone)]
pub struct RotationPlan {
    /// DNS names and IP addresses that a leaf must have.
    pub names: Vec<String>,
    /// How long certificates live.
    pub lifetimes: Lifetimes,
    /// Who decides: a name of this process, since readings of another one's clock are not relied on.
    pub leader: String,
}

/// How long certificates live, and how long everybody needs to learn of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    /// Of a CA. 365 days by default; it is replaced after two thirds.
    pub authority: Duration,
    /// Of a leaf, which ends with its CA at the latest. 90 days by default; it is replaced after two thirds.
    pub leaf: Duration,
    /// From a `caBundle` that was read back to every API server using it. 60 seconds by default.
    pub propagation_delay: Duration,
}

impl Default for Lifetimes {
    fn default() -> Self {
        // Replaced after two thirds: a leaf every two months, a CA every eight; so it is no rare event that nobody trusts.
        // An API server learns of a configuration by a watch, within a second; a minute outlasts one that reconnects.
        Self { authority: Duration::days(365), leaf: Duration::days(90), propagation_delay: Duration::seconds(60) }
    }
}

/// What is to be done next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RotationStep {
    /// Write what [`SecretChange::carry_out`] makes; create the Secret where it is absent, with [`OWN_LABEL`].
    Write(SecretChange),
    /// Make this PEM the `caBundle` of every entry, and read it back.
    Publish {
        /// Certificates of CAs, the whole of the `caBundle`.
        bundle: String,
    },
    /// Nothing, until then or until something else is observed.
    Wait {
        /// When to ask again at the latest.
        until: OffsetDateTime,
        /// What is waited for.
        cause: WaitCause,
    },
    /// The Secret is not ours: it is left alone.
    Refuse,
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitCause {
    /// All is well until then.
    NothingDue,
    /// API servers learn of the incoming CA.
    Propagation,
    /// A CA that has been replaced is still served, or might be.
    Retiring,
}

impl CaBundle {
    /// PEM, as it was found; empty where there is none.
    pub fn from_pem(text: &[u8]) -> Self {
        let (anchors, whole) = Anchor::read_all(text);
        Self { anchors, whole }
    }

    fn holds(&self, wanted: &[Anchor]) -> bool {
        wanted.iter().all(|anchor| self.anchors.contains(anchor))
    }

    fn is(&self, wanted: &[Anchor]) -> bool {
        self.whole && self.anchors.len() == wanted.len() && self.holds(wanted)
    }
}

/// The next step; the one after it is decided on what is observed then.
///
/// ```
/// use quorate_certs::rotation::{
///     CaBundle, Lifetimes, Observation, RotationPlan, RotationStep, SecretChange, SecretState, WaitCause, next,
/// };
/// use time::OffsetDateTime;
/// use time::macros::datetime;
///
/// const NOW: OffsetDateTime = datetime!(2026-11-22 10:00 UTC);
/// let names = vec!["quorate.quorate-system.svc".to_owned()];
/// let plan = RotationPlan { names, lifetimes: Lifetimes::default(), leader: "quorate-0".to_owned() };
///
/// // Nothing is there: a CA and a leaf are made, and the caller writes them into the Secret.
/// let mut observed = Observation { secret: SecretState::Absent, bundles: vec![CaBundle::default()], served: Some([].into()) };
/// assert_eq!(next(NOW, &observed, &plan), RotationStep::Write(SecretChange::IssueAll));
/// let contents = SecretChange::IssueAll.carry_out(NOW, &observed, &plan)?;
/// observed.secret = SecretState::Ours(Box::new(contents));
///
/// // Then every webhook configuration gets the CA.
/// let RotationStep::Publish { bundle } = next(NOW, &observed, &plan) else { panic!("nothing is published yet") };
/// observed.bundles = vec![CaBundle::from_pem(bundle.as_bytes())];
///
/// // The leaf is replaced when two thirds of its 90 days are over.
/// let until = datetime!(2027-01-21 9:00 UTC);
/// assert_eq!(next(NOW, &observed, &plan), RotationStep::Wait { until, cause: WaitCause::NothingDue });
/// # Ok::<(), quorate_certs::IssueError>(())
/// ```
pub fn next(now: OffsetDateTime, observed: &Observation, plan: &RotationPlan) -> RotationStep {
    let nothing = SecretContents::default();
    let contents = match &observed.secret {
        SecretState::Foreign => return RotationStep::Refuse,
        SecretState::Absent => &nothing,
        SecretState::Ours(contents) => contents,
    };
    let decision = RotationDecision { now, observed, plan, contents };
    decision
        .start()
        .or_else(|| decision.publish())
        .or_else(|| decision.renew())
        .or_else(|| decision.rotate())
        .or_else(|| decision.retire())
        .unwrap_or_else(|| decision.rest())
}

struct RotationDecision<'a> {
    now: OffsetDateTime,
    observed: &'a Observation,
    plan: &'a RotationPlan,
    contents: &'a SecretContents,
}

impl RotationDecision<'_> {
    /// Where no CA issues and none is on its way.
    fn start(&self) -> Option<RotationStep> {
        if self.contents.issuer.is_some() || self.usable_incoming().is_some() {
            return None;
        }
        let trusts_nothing = self.observed.bundles.iter().all(|bundle| bundle.anchors.is_empty());
        let serves_nothing =
            self.contents.leaf.is_none() && self.observed.served.as_ref().is_some_and(BTreeSet::is_empty);
        // Where a call may still succeed with what is served and trusted, a new CA must be known everywhere first.
        let change = if trusts_nothing || serves_nothing { SecretChange::IssueAll } else { SecretChange::Prepare };
        Some(RotationStep::Write(change))
    }

    /// What is in the Secret is trusted everywhere, before anything relies on it.
    fn publish(&self) -> Option<RotationStep> {
        let (trusted, bundles) = (&self.contents.trusted, &self.observed.bundles);
        if self.contents.published.is_some() && !bundles.iter().all(|bundle| bundle.holds(trusted)) {
            return Some(RotationStep::Write(SecretChange::Withdraw));
        }
        let done = bundles.iter().all(|bundle| bundle.is(trusted));
        (!done).then(|| RotationStep::Publish { bundle: self.contents.bundle() })
    }

    /// A new leaf of the same CA.
    fn renew(&self) -> Option<RotationStep> {
        let issuer = self.contents.issuer()?;
        if issuer.validity().state(self.now) != ValidityState::Valid {
            return None;
        }
        let renewed = self.leaf_validity(issuer);
        let wanted = match self.contents.serving() {
            None => true,
            Some(leaf) => {
                let validity = leaf.validity();
                let is_trusted = self.contents.trusted.iter().any(|anchor| Some(anchor.id()) == leaf.issuer());
                // Near the end of its CA a new leaf would live no longer than this one.
                let is_over = validity.is_due(self.now) && renewed.not_after > validity.not_after;
                let is_early = validity.state(self.now) == ValidityState::NotYetValid;
                !is_trusted || is_over || is_early || !leaf.covers(&self.plan.names)
            }
        };
        wanted.then_some(RotationStep::Write(SecretChange::Renew))
    }

    /// A new CA.
    fn rotate(&self) -> Option<RotationStep> {
        if self.usable_incoming().is_none() {
            let is_due = self.contents.issuer().is_none_or(|issuer| self.is_over(issuer));
            let lost = self.contents.incoming.is_some();
            return (is_due || lost).then_some(RotationStep::Write(SecretChange::Prepare));
        }
        let Some(published) = self.own(self.contents.published.as_ref()) else {
            return Some(RotationStep::Write(SecretChange::Confirm));
        };
        let until = published.saturating_add(self.plan.lifetimes.propagation_delay);
        if self.now < until {
            return Some(RotationStep::Wait { until, cause: WaitCause::Propagation });
        }
        Some(RotationStep::Write(SecretChange::Switch))
    }

    /// An end to the CAs that were replaced.
    fn retire(&self) -> Option<RotationStep> {
        let retired: Vec<&Anchor> = self.contents.retired().collect();
        if retired.is_empty() {
            return None;
        }
        let Some(switched) = self.own(self.contents.switched.as_ref()) else {
            return Some(RotationStep::Write(SecretChange::NoteSwitch));
        };
        // Twice: a replica may start on a Secret of one `propagation_delay` ago, and is seen once it has caught up in another.
        let quiet = switched.saturating_add(self.plan.lifetimes.propagation_delay * 2);
        let unused = |anchor: &&Anchor| self.now >= quiet && !self.may_be_served(anchor);
        let dropped: Vec<AuthorityId> = retired.into_iter().filter(unused).map(|anchor| anchor.id().clone()).collect();
        if dropped.is_empty() {
            let until = quiet.max(self.now.saturating_add(self.plan.lifetimes.propagation_delay));
            return Some(RotationStep::Wait { until, cause: WaitCause::Retiring });
        }
        Some(RotationStep::Write(SecretChange::Drop(dropped)))
    }

    fn rest(&self) -> RotationStep {
        if !self.contents.damage.is_empty() {
            return RotationStep::Write(SecretChange::Repair);
        }
        let validities =
            [self.contents.serving().map(|leaf| leaf.validity()), self.contents.issuer().map(Anchor::validity)];
        let later = validities.into_iter().flatten().map(|validity| validity.due_at()).filter(|due| *due > self.now);
        let until = later.min().unwrap_or(self.now.saturating_add(self.plan.lifetimes.propagation_delay));
        RotationStep::Wait { until, cause: WaitCause::NothingDue }
    }

    /// Without a word of who signs what is served, it is served until it expires.
    fn may_be_served(&self, anchor: &Anchor) -> bool {
        if self.contents.serving().is_some_and(|leaf| leaf.issuer() == Some(anchor.id())) {
            return true;
        }
        if anchor.validity().state(self.now) == ValidityState::Expired {
            return false;
        }
        let known: BTreeSet<&AuthorityId> = self.contents.trusted.iter().map(Anchor::id).collect();
        match &self.observed.served {
            // A leaf of an unknown issuer may be one of an intermediate below this CA.
            Some(served) => served.contains(anchor.id()) || !served.iter().all(|id| known.contains(id)),
            None => true,
        }
    }

    fn usable_incoming(&self) -> Option<&Anchor> {
        self.contents.incoming().filter(|incoming| !self.is_over(incoming))
    }

    fn is_over(&self, anchor: &Anchor) -> bool {
        anchor.validity().is_due(self.now) || anchor.validity().state(self.now) != ValidityState::Valid
    }

    /// The moment, if our own clock said it and has not been set back since.
    fn own(&self, reading: Option<&ClockReading>) -> Option<OffsetDateTime> {
        reading.filter(|reading| reading.by == self.plan.leader && reading.at <= self.now).map(|reading| reading.at)
    }

    fn leaf_validity(&self, issuer: &Anchor) -> Validity {
        leaf_validity(self.now, self.plan, issuer)
    }
}

/// Of a leaf that is issued now.
fn leaf_validity(now: OffsetDateTime, plan: &RotationPlan, issuer: &Anchor) -> Validity {
    let validity = Validity::starting(now, plan.lifetimes.leaf);
    Validity { not_after: validity.not_after.min(issuer.validity().not_after), ..validity }
}
