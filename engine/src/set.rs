//! All policies together: which ones a request concerns, in what order they run, and how their findings become one answer.
//! Does not know what the server or the command line does with the answer.

use std::collections::BTreeSet;

use quorate_document::{Edited, Patch};

use crate::binding::OnError;
use crate::break_glass::{self, BreakGlass};
use crate::evaluation::{Evaluation, Evaluator};
use crate::load::LoadError;
use crate::policy::Policy;
use crate::provider::Prepared;
use crate::related::RelatedQuery;
use crate::verdict::{Finding, Review};
use kubernetes::admission::{Phase, Request};
use kubernetes::verdict::{Level, Verdict};

/// The loaded policies, in declared order.
pub struct PolicySet {
    policies: Vec<Policy>,
    break_glass: BreakGlass,
}

impl PolicySet {
    /// In their order, and where that is the same, as they stand here.
    ///
    /// # Errors
    /// When two policies have the same name.
    pub fn new(policies: Vec<Policy>, break_glass: BreakGlass) -> Result<Self, LoadError> {
        let mut names: Vec<&str> = policies.iter().map(Policy::name).collect();
        names.sort_unstable();
        let twice = names.windows(2).find_map(|pair| match pair {
            [one, other] if one == other => Some((*one).to_owned()),
            _ => None,
        });
        match twice {
            Some(policy) => Err(LoadError::DuplicateName { policy }),
            None => {
                let mut policies = policies;
                policies.sort_by_key(|policy| policy.binding().order);
                Ok(Self { policies, break_glass })
            }
        }
    }

    /// In the order in which they run.
    pub fn policies(&self) -> &[Policy] {
        &self.policies
    }

    /// Whether any policy wants to see this request in this phase. Looks at the envelope only.
    pub fn matching(&self, phase: Phase, request: &Request) -> bool {
        self.policies.iter().any(|policy| policy.matches(phase, request))
    }

    /// What the policies that match want to know beside the request, for [`Prepared::related`].
    pub fn queries(&self, phase: Phase, request: &Request) -> BTreeSet<RelatedQuery> {
        let matching = self.policies.iter().filter(|policy| policy.matches(phase, request));
        matching.flat_map(|policy| policy.queries(request)).collect()
    }

    /// The same for [`PolicySet::mutate_then_validate`].
    pub fn both_queries(&self, request: &Request) -> BTreeSet<RelatedQuery> {
        let mut queries = self.queries(Phase::Mutate, request);
        queries.extend(self.queries(Phase::Validate, request));
        queries
    }

    /// Runs one phase. Never fails: a policy that cannot judge leaves a `not-judged` finding.
    pub async fn review(&self, phase: Phase, request: &Request, prepared: &Prepared) -> Review {
        match phase {
            Phase::Mutate => self.mutate(request, prepared).await.0,
            Phase::Validate => self.validate(request, prepared).await,
        }
    }

    /// Both phases, as the API server would run them: what comes out of the first is evaluated by the second.
    /// A finding that both give is given once, at its heavier level.
    pub async fn mutate_then_validate(&self, request: &Request, prepared: &Prepared) -> Review {
        let (mutated, request, prepared) = self.mutate(request, prepared).await;
        let evaluated = self.validate(&request, &prepared).await;
        self.merged(mutated, evaluated)
    }

    /// Applies each policy's `onError` to what it could not judge: the server has to answer yes or no.
    pub fn apply_on_error(&self, review: Review) -> Review {
        let mut review = review;
        for finding in review.findings.iter_mut().filter(|finding| finding.level == Level::NotJudged) {
            finding.level = self.on_error_level(review.phase, finding.policy());
        }
        review.verdict = Finding::verdict(&review.findings);
        review
    }

    fn on_error_level(&self, phase: Phase, name: &str) -> Level {
        let policy = self.policies.iter().find(|policy| policy.name() == name);
        let denies = policy.is_none_or(|policy| policy.enforces() && policy.on_error() == OnError::Deny);
        // What only mutates has no other phase in which it could refuse.
        let last_word =
            phase == Phase::Validate || policy.is_some_and(|policy| !policy.phases().contains(&Phase::Validate));
        if denies && last_word { Level::Deny } else { Level::Warn }
    }

    /// One policy after the other, each on the former's result. Also gives the request with the object that came out, and what is known
    /// beside that one.
    async fn mutate(&self, request: &Request, prepared: &Prepared) -> (Review, Request, Prepared) {
        let mut review = Review::new(Phase::Mutate, Vec::new());
        let mut evaluator = Evaluator::new(request, prepared);
        for policy in &self.policies {
            let Some(evaluation) = evaluator.evaluate(policy, Phase::Mutate).await else { continue };
            if let Some(edited) = collect(&mut review, policy, evaluation) {
                // Of several policies the whole, which may be shorter than their patches together.
                review.patch = match (&request.object, review.patch.is_empty()) {
                    (Some(before), false) => Patch::between(before, &edited.document),
                    _ => edited.patch,
                };
                evaluator.set_object(edited.document, policy.provider());
            }
        }
        review.verdict = Finding::verdict(&review.findings);
        (review, evaluator.request().clone(), evaluator.prepared().clone())
    }

    /// Every policy on the same object. On one task a join would interleave the guests, not speed them up.
    async fn validate(&self, request: &Request, prepared: &Prepared) -> Review {
        let mut review = Review::new(Phase::Validate, Vec::new());
        let evaluator = Evaluator::new(request, prepared);
        for policy in &self.policies {
            if let Some(evaluation) = evaluator.evaluate(policy, Phase::Validate).await {
                collect(&mut review, policy, evaluation);
            }
        }
        review.verdict = Finding::verdict(&review.findings);
        if review.verdict == Verdict::Denied {
            break_glass::apply(&self.break_glass, request, prepared, &mut review);
            review.verdict = Finding::verdict(&review.findings);
        }
        review
    }

    fn merged(&self, mutated: Review, evaluated: Review) -> Review {
        let mut findings = evaluated.findings;
        for finding in mutated.findings {
            if !findings.iter().any(|known| repeats(known, &finding)) {
                findings.push(finding);
            }
        }
        let place = |name: &str| self.policies.iter().position(|policy| policy.name() == name);
        findings.sort_by_key(|finding| place(finding.policy()));
        let mut matched = [mutated.matched, evaluated.matched].concat();
        matched.sort_by_key(|name| place(name));
        matched.dedup();
        let mut audit = evaluated.audit;
        for entry in mutated.audit {
            if !audit.contains(&entry) {
                audit.push(entry);
            }
        }
        Review {
            verdict: Finding::verdict(&findings),
            findings,
            patch: mutated.patch,
            audit,
            matched,
            phase: Phase::Validate,
        }
    }
}

/// Adds one policy's evaluation to the review; gives what its edits made, if any.
fn collect(review: &mut Review, policy: &Policy, evaluation: Evaluation) -> Option<Edited> {
    review.matched.push(policy.name().to_owned());
    review.findings.extend(evaluation.findings);
    review.audit.extend(evaluation.audit);
    evaluation.edited
}

/// Whether the later finding says what the earlier one said; the engine may have added why it is not denied.
fn repeats(later: &Finding, earlier: &Finding) -> bool {
    // What was not judged is not taken back by a warning.
    let at_least = earlier.level != Level::NotJudged || later.level != Level::Warn;
    at_least
        && later.rule == earlier.rule
        && later.field == earlier.field
        && later.message.starts_with(&earlier.message)
}
