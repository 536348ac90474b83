//! The changes of the Secret, and what each makes of its contents.
//! Does not ask whether a change is right now; `next` has.

use time::OffsetDateTime;

use super::contents::{ClockReading, LeafCertificate, SecretContents, SecretState};
use super::{Observation, RotationPlan, leaf_validity};
use crate::{Anchor, Authority, AuthorityId, IssueError, Validity, ValidityState};

/// One writing of the Secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretChange {
    /// A new CA and a leaf of it, served at once: with what is trusted and served now, no call could succeed.
    IssueAll,
    /// A new CA beside what is trusted; nothing of it is served yet.
    Prepare,
    /// A new leaf of the same CA.
    Renew,
    /// A `caBundle` lacks what was said to be in all of them.
    Withdraw,
    /// Every `caBundle` was read back: the propagation delay begins.
    Confirm,
    /// A leaf of the incoming CA, which issues from now on.
    Switch,
    /// Note that another CA's leaf is no longer in the Secret.
    NoteSwitch,
    /// These CAs are trusted no longer.
    Drop(Vec<AuthorityId>),
    /// Leave out what cannot be read.
    Repair,
}

impl SecretChange {
    /// What the Secret is to hold.
    ///
    /// # Errors
    /// Of a change that issues something: as [`Authority::issue`] and [`Authority::leaf`].
    pub fn carry_out(
        &self,
        now: OffsetDateTime,
        observed: &Observation,
        plan: &RotationPlan,
    ) -> Result<SecretContents, IssueError> {
        let before = match &observed.secret {
            SecretState::Ours(contents) => contents.as_ref().clone(),
            SecretState::Absent | SecretState::Foreign => SecretContents::default(),
        };
        let reading = Some(ClockReading { at: now, by: plan.leader.clone() });
        let mut after = SecretContents { damage: Vec::new(), ..before };
        match self {
            Self::IssueAll => {
                let authority = Authority::issue(Validity::starting(now, plan.lifetimes.authority))?;
                let leaf = Some(leaf(now, plan, &authority)?);
                let trusted = vec![authority.anchor().clone()];
                after = SecretContents { leaf, trusted, issuer: Some(authority), ..SecretContents::default() };
            }
            Self::Prepare => {
                let authority = Authority::issue(Validity::starting(now, plan.lifetimes.authority))?;
                after.trusted = trusted_beside(now, &after, observed);
                after.trusted.insert(0, authority.anchor().clone());
                after.incoming = Some(authority);
                after.published = None;
            }
            Self::Renew => {
                if let Some(issuer) = &after.issuer {
                    let replaced = after.leaf.replace(leaf(now, plan, issuer)?);
                    let was_its_own = replaced.is_none_or(|old| old.serving.issuer() == Some(issuer.anchor().id()));
                    after.switched = after.switched.filter(|_| was_its_own);
                }
            }
            Self::Withdraw => after.published = None,
            Self::Confirm => after.published = reading,
            Self::Switch => {
                if let Some(incoming) = after.incoming.take() {
                    after.leaf = Some(leaf(now, plan, &incoming)?);
                    after.issuer = Some(incoming);
                    (after.published, after.switched) = (None, reading);
                }
            }
            Self::NoteSwitch => after.switched = reading,
            Self::Drop(ids) => after.trusted.retain(|anchor| !ids.contains(anchor.id())),
            Self::Repair => {}
        }
        Ok(after)
    }
}

fn leaf(now: OffsetDateTime, plan: &RotationPlan, issuer: &Authority) -> Result<LeafCertificate, IssueError> {
    let issued = issuer.leaf(&plan.names, leaf_validity(now, plan, issuer.anchor()))?;
    LeafCertificate::new(issued).ok_or(IssueError::Unreadable)
}

/// What the Secret trusts, and what API servers already trust: a Secret that was lost or emptied says nothing of the
/// leaves that are still served.
fn trusted_beside(now: OffsetDateTime, contents: &SecretContents, observed: &Observation) -> Vec<Anchor> {
    let mut trusted = contents.trusted.clone();
    for anchor in observed.bundles.iter().flat_map(|bundle| &bundle.anchors) {
        if !trusted.contains(anchor) && anchor.validity().state(now) != ValidityState::Expired {
            trusted.push(anchor.clone());
        }
    }
    trusted
}
