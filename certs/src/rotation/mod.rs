//! What to do next about the certificates of a cluster, so that no call of the API server ever fails for their sake.
//! Writes nothing; `next` decides, `Change::carry_out` makes the new contents, and the caller writes them.
//!
//! INVARIANT (no gap): every leaf that a replica serves chains to a CA in every `caBundle` that an API server knows.
//! A rotation has a fresh CA key and goes in steps, each of which may be the last one before a crash:
//!
//! ```text
//! issuer ── due ──> Prepare      Secret: ca.crt = old + new, next-ca.key; the old leaf is still served
//!                   publish      every caBundle: old + new
//!                   Confirm      Secret: read back at this moment, by this leader
//!                   wait         settle: each API server watches for itself
//!                   Switch       Secret: leaf of the new CA, ca.key = next-ca.key
//!                   wait         until no replica is seen to serve a leaf of the old one
//!                   Drop         Secret: ca.crt = new
//!                   publish      every caBundle: new
//! ```
//!
//! It holds if API servers know a `caBundle` within `settle` of its writing, replicas that start read a Secret at most
//! `settle` old, and the caller reads the configurations first, then the Secret (never from a cache), then asks the
//! replicas, then the clock, and writes only at the resource versions that it read.

mod change;
mod contents;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use time::{Duration, OffsetDateTime};

pub use change::Change;
pub use contents::{
    Contents, Damage, Found, INCOMING_KEY, ISSUER_KEY, LEAF, LEAF_KEY, Leaf, Mark, OWN_LABEL, STATE, TRUSTED,
};

use crate::{Anchor, AuthorityId, State, Window};

/// What there is, as it was read just now.
#[derive(Debug, Clone)]
pub struct Observed {
    pub secret: Found,
    /// The `caBundle` of every entry of our webhook configurations. To be read before the Secret.
    pub bundles: Vec<Bundle>,
    /// The CAs whose leaves the replicas serve, every one of them; `None` where one could not be asked.
    pub served: Option<BTreeSet<AuthorityId>>,
}

/// One `caBundle`.
#[derive(Debug, Clone, Default)]
pub struct Bundle {
    anchors: Vec<Anchor>,
    whole: bool,
}

/// What is wanted.
#[derive(Debug, Clone)]
pub struct Plan {
    /// DNS names and IP addresses that a leaf must have.
    pub names: Vec<String>,
    pub lives: Lives,
    /// Who decides: a name of this process, since marks of another one's clock are not relied on.
    pub leader: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lives {
    pub authority: Duration,
    pub leaf: Duration,
    /// From a `caBundle` that was read back to every API server using it.
    pub settle: Duration,
}

impl Default for Lives {
    fn default() -> Self {
        // Replaced after two thirds: a leaf every two months, a CA every eight; so it is no rare event that nobody trusts.
        // An API server learns of a configuration by a watch, within a second; a minute outlasts one that reconnects.
        Self { authority: Duration::days(365), leaf: Duration::days(90), settle: Duration::seconds(60) }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Write what [`Change::carry_out`] makes; create the Secret where it is absent, with [`OWN_LABEL`].
    Write(Change),
    /// Make this PEM the `caBundle` of every entry, and read it back.
    Publish { bundle: String },
    /// Nothing, until then or until something else is observed.
    Wait { until: OffsetDateTime, cause: Cause },
    /// The Secret is not ours: it is left alone.
    Refuse,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// All is well until then.
    NothingDue,
    /// API servers learn of the incoming CA.
    Settling,
    /// A CA that has been replaced is still served, or might be.
    Retiring,
}

impl Bundle {
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
pub fn next(now: OffsetDateTime, observed: &Observed, plan: &Plan) -> Step {
    let nothing = Contents::default();
    let contents = match &observed.secret {
        Found::Foreign => return Step::Refuse,
        Found::Absent => &nothing,
        Found::Ours(contents) => contents,
    };
    let decision = Decision { now, observed, plan, contents };
    decision
        .start()
        .or_else(|| decision.publish())
        .or_else(|| decision.renew())
        .or_else(|| decision.rotate())
        .or_else(|| decision.retire())
        .unwrap_or_else(|| decision.rest())
}

struct Decision<'a> {
    now: OffsetDateTime,
    observed: &'a Observed,
    plan: &'a Plan,
    contents: &'a Contents,
}

impl Decision<'_> {
    /// Where no CA issues and none is on its way.
    fn start(&self) -> Option<Step> {
        if self.contents.issuer.is_some() || self.usable_incoming().is_some() {
            return None;
        }
        let trusts_nothing = self.observed.bundles.iter().all(|bundle| bundle.anchors.is_empty());
        let serves_nothing =
            self.contents.leaf.is_none() && self.observed.served.as_ref().is_some_and(BTreeSet::is_empty);
        // Where a call may still succeed with what is served and trusted, a new CA must settle first.
        let change = if trusts_nothing || serves_nothing { Change::Found } else { Change::Prepare };
        Some(Step::Write(change))
    }

    /// What is in the Secret is trusted everywhere, before anything relies on it.
    fn publish(&self) -> Option<Step> {
        let (trusted, bundles) = (&self.contents.trusted, &self.observed.bundles);
        if self.contents.published.is_some() && !bundles.iter().all(|bundle| bundle.holds(trusted)) {
            return Some(Step::Write(Change::Withdraw));
        }
        let done = bundles.iter().all(|bundle| bundle.is(trusted));
        (!done).then(|| Step::Publish { bundle: self.contents.bundle() })
    }

    /// A new leaf of the same CA.
    fn renew(&self) -> Option<Step> {
        let issuer = self.contents.issuer()?;
        if issuer.window().state(self.now) != State::Valid {
            return None;
        }
        let renewed = self.leaf_window(issuer);
        let wanted = match self.contents.serving() {
            None => true,
            Some(leaf) => {
                let window = leaf.window();
                let is_trusted = self.contents.trusted.iter().any(|anchor| Some(anchor.id()) == leaf.issuer());
                // Near the end of its CA a new leaf would live no longer than this one.
                let is_over = window.is_due(self.now) && renewed.not_after > window.not_after;
                let is_early = window.state(self.now) == State::NotYetValid;
                !is_trusted || is_over || is_early || !leaf.covers(&self.plan.names)
            }
        };
        wanted.then_some(Step::Write(Change::Renew))
    }

    /// A new CA.
    fn rotate(&self) -> Option<Step> {
        if self.usable_incoming().is_none() {
            let is_due = self.contents.issuer().is_none_or(|issuer| self.is_over(issuer));
            let lost = self.contents.incoming.is_some();
            return (is_due || lost).then_some(Step::Write(Change::Prepare));
        }
        let Some(published) = self.own(self.contents.published.as_ref()) else {
            return Some(Step::Write(Change::Confirm));
        };
        let until = published.saturating_add(self.plan.lives.settle);
        if self.now < until {
            return Some(Step::Wait { until, cause: Cause::Settling });
        }
        Some(Step::Write(Change::Switch))
    }

    /// An end to the CAs that were replaced.
    fn retire(&self) -> Option<Step> {
        let retired: Vec<&Anchor> = self.contents.retired().collect();
        if retired.is_empty() {
            return None;
        }
        let Some(switched) = self.own(self.contents.switched.as_ref()) else {
            return Some(Step::Write(Change::Mark));
        };
        // Twice: a replica may start on a Secret of one `settle` ago, and is seen once it has caught up in another.
        let quiet = switched.saturating_add(self.plan.lives.settle * 2);
        let unused = |anchor: &&Anchor| self.now >= quiet && !self.may_be_served(anchor);
        let dropped: Vec<AuthorityId> = retired.into_iter().filter(unused).map(|anchor| anchor.id().clone()).collect();
        if dropped.is_empty() {
            let until = quiet.max(self.now.saturating_add(self.plan.lives.settle));
            return Some(Step::Wait { until, cause: Cause::Retiring });
        }
        Some(Step::Write(Change::Drop(dropped)))
    }

    fn rest(&self) -> Step {
        if !self.contents.damage.is_empty() {
            return Step::Write(Change::Mend);
        }
        let windows = [self.contents.serving().map(|leaf| leaf.window()), self.contents.issuer().map(Anchor::window)];
        let later = windows.into_iter().flatten().map(|window| window.due_at()).filter(|due| *due > self.now);
        let until = later.min().unwrap_or(self.now.saturating_add(self.plan.lives.settle));
        Step::Wait { until, cause: Cause::NothingDue }
    }

    /// Without a word of who signs what is served, it is served until it expires.
    fn may_be_served(&self, anchor: &Anchor) -> bool {
        if self.contents.serving().is_some_and(|leaf| leaf.issuer() == Some(anchor.id())) {
            return true;
        }
        if anchor.window().state(self.now) == State::Expired {
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
        anchor.window().is_due(self.now) || anchor.window().state(self.now) != State::Valid
    }

    /// The moment, if our own clock said it and has not been set back since.
    fn own(&self, mark: Option<&Mark>) -> Option<OffsetDateTime> {
        mark.filter(|mark| mark.by == self.plan.leader && mark.at <= self.now).map(|mark| mark.at)
    }

    fn leaf_window(&self, issuer: &Anchor) -> Window {
        leaf_window(self.now, self.plan, issuer)
    }
}

/// Of a leaf that is issued now.
fn leaf_window(now: OffsetDateTime, plan: &Plan, issuer: &Anchor) -> Window {
    let window = Window::starting(now, plan.lives.leaf);
    Window { not_after: window.not_after.min(issuer.window().not_after), ..window }
}
