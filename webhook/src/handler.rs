//! One review from its bytes to its answer: envelope, parent, facts, policies, what `onError` makes of it.
//! Holds no rule and does not know HTTP.

use std::time::Duration;

use axum::body::Bytes;
use kubernetes::admission::{Phase, Request};
use kubernetes::subject::subject;
use kubernetes::verdict::{Level, Verdict};
use quorate_cluster::StoreError;
use quorate_document::Patch;
use quorate_engine::{Finding, PolicySet, Prepared, Review};
use quorate_facts::{RequestSets, now, prepared};
use rqlite::facts::{Facts, Leaving};
use tokio::time::{Instant, timeout_at};
use tracing::{debug, info, warn};

use crate::admission_review::AdmissionReview;
use crate::deadline::Deadline;
use crate::metrics::{path, verdict};
use crate::request_error::RequestError;
use crate::reservations::{self, CountedReservations, ReservationRequest, ReserveResult};
use crate::sources::ReviewSources;
use crate::webhook::Webhook;
use quorate_cluster::PodSource;

/// For what could not be had now: the API server did not answer, or not in time.
const TRY_AGAIN: &str = "try again";

/// JSON text of the AdmissionReview to answer with.
pub(crate) async fn answer(
    webhook: &Webhook,
    phase: Phase,
    body: &Bytes,
    deadline: Deadline,
) -> Result<Vec<u8>, RequestError> {
    let request = match Request::decode(body) {
        Ok(request) => request,
        Err(error) => {
            let Some(uid) = error.uid() else { return Err(error.into()) };
            warn!(uid, path = path(phase), fault = %error, "review not readable");
            return write(&AdmissionReview::unreadable(uid, &error.to_string()));
        }
    };
    let subject = subject(&request);
    let started = Instant::now();
    let review = evaluate(webhook, phase, &request, deadline).await;
    let took = started.elapsed();
    let evaluated = review.verdict;
    for finding in review.findings.iter().filter(|finding| finding.level == Level::NotJudged) {
        warn!(uid = request.uid, rule = finding.rule, message = finding.message, "not judged");
        webhook.metrics().count_not_judged(finding);
    }
    let given = webhook.policies().apply_on_error(review);
    webhook.metrics().time_policies(phase, took);
    webhook.metrics().count_review(phase, evaluated, &given);
    log(phase, &request, &subject, evaluated, &given, took);
    write(&AdmissionReview::new(&request, &subject, evaluated, &given).map_err(RequestError::Unwritable)?)
}

fn write(answer: &AdmissionReview<'_>) -> Result<Vec<u8>, RequestError> {
    serde_json::to_vec(answer).map_err(RequestError::Unwritable)
}

async fn evaluate(webhook: &Webhook, phase: Phase, request: &Request, deadline: Deadline) -> Review {
    let policies = webhook.policies();
    if !policies.matching(phase, request) {
        debug!(uid = request.uid, "no policy matches");
        return policies.review(phase, request, &Prepared::default()).await;
    }
    match timeout_at(deadline.at, prepare_and_evaluate(webhook, phase, request, deadline)).await {
        Ok(review) => review,
        Err(_) => overdue(policies, phase, request, deadline.budget),
    }
}

/// Evaluates with what is known, and reserves what an admitted reduction takes away; anew where somebody else did so meanwhile.
async fn prepare_and_evaluate(webhook: &Webhook, phase: Phase, request: &Request, deadline: Deadline) -> Review {
    let ReviewSources { known: sources, pods, reservations } = webhook.sources();
    let related = sources.related(request, deadline.budget).await;
    let sets = RequestSets::of(request, &related);
    let candidate = (phase == Phase::Validate).then(|| ReservationRequest::of(request, &sets)).flatten();
    let others = async {
        if let Some(candidate) = &candidate {
            reservations.refresh(&candidate.set).await;
        }
    };
    let budget = async {
        let candidate = candidate.as_ref()?;
        pods.budget(&candidate.set.namespace, candidate.labels()).await
    };
    let facts = sources.facts(phase, request, &sets, deadline.budget);
    let named = sources.named(webhook.policies().queries(phase, request), request, deadline.budget);
    let (mut known, named, (), budget) = tokio::join!(facts, named, others, budget);
    known.now = now(webhook.now());
    let told = std::mem::take(&mut known.leaving);
    loop {
        let counted = |candidate: &ReservationRequest| reservations.counted(&candidate.set, budget.as_ref());
        let counted = candidate.as_ref().map(counted).unwrap_or_default();
        known.leaving = leaving(pods.as_ref(), &known, &counted);
        known.leaving.extend_from_slice(&told);
        let prepared = Prepared { related: named.clone(), ..prepared(request, &related, &sets, &known) };
        debug!(uid = request.uid, facts = known.to_json().unwrap_or_default(), "facts");
        let mut review = webhook.policies().review(phase, request, &prepared).await;
        if related.is_unknown() {
            review.advise(TRY_AGAIN);
        }
        let Some(candidate) = &candidate else { return review };
        if !takes(webhook, &review) {
            return review;
        }
        let removed = candidate.removed_pods(&known);
        if removed.pods.is_empty() {
            return review;
        }
        match reservations.reserve(&request.uid, &candidate.set, &removed, &counted, budget.as_ref()).await {
            Ok(ReserveResult::Done) => return review,
            Ok(ReserveResult::Changed) => {}
            Err(error) => return unreserved(review, &error),
        }
    }
}

/// The pods that other admissions take away, as the policies are told of them. One whose uid nobody has seen yet is whichever pod bears
/// the name: what is known of pods is a moment old.
fn leaving(source: &dyn PodSource, known: &Facts, counted: &CountedReservations) -> Vec<Leaving> {
    let has_gone = |pod: &&Leaving| pod.uid.as_deref().is_some_and(|uid| source.was_deleted(uid));
    let as_known = |pod: &Leaving| {
        let named = known.pods.iter().flatten().find(|known| known.name == pod.name);
        let uid = pod.uid.clone().filter(|_| named.is_none_or(|named| pod.is(named)));
        Leaving { name: pod.name.clone(), uid }
    };
    counted.pods().filter(|pod| !has_gone(pod)).map(as_known).collect()
}

/// It is admitted, and a policy asked about it that counts on what others take.
fn takes(webhook: &Webhook, review: &Review) -> bool {
    let counts = review.matched.iter().any(|name| name == reservations::POLICY);
    counts && webhook.policies().apply_on_error(review.clone()).verdict == Verdict::Allowed
}

/// Admitted, and no other replica would know: another admission could take the rest.
fn unreserved(mut review: Review, error: &StoreError) -> Review {
    review.findings.push(Finding {
        rule: format!("{}/not-judged", reservations::POLICY),
        level: Level::NotJudged,
        message: format!("not judged: other replicas cannot be told that its pods leave: {error}"),
        field: String::new(),
        remedy: error.remedy.clone(),
        retry: true,
        retry_after_seconds: None,
        evidence: Vec::new(),
        of_shape: false,
    });
    review.verdict = Finding::verdict(&review.findings);
    review
}

/// What every policy that was asked would say if it could: nothing, in the time that there was.
fn overdue(policies: &PolicySet, phase: Phase, request: &Request, budget: Duration) -> Review {
    let asked = policies.policies().iter().filter(|policy| policy.matches(phase, request));
    let matched: Vec<String> = asked.map(|policy| policy.name().to_owned()).collect();
    let finding = |policy: &String| Finding {
        rule: format!("{policy}/not-judged"),
        level: Level::NotJudged,
        message: format!(
            "not judged: no verdict within {} ms, the time the API server leaves for it",
            budget.as_millis()
        ),
        field: String::new(),
        remedy: TRY_AGAIN.to_owned(),
        retry: true,
        retry_after_seconds: None,
        evidence: Vec::new(),
        of_shape: false,
    };
    Review {
        phase,
        verdict: Verdict::NotJudged,
        findings: matched.iter().map(finding).collect(),
        patch: Patch::default(),
        audit: Vec::new(),
        matched,
    }
}

fn log(phase: Phase, request: &Request, subject: &str, evaluated: Verdict, given: &Review, took: Duration) {
    let rules: Vec<&str> = given.findings.iter().map(|finding| finding.rule.as_str()).collect();
    info!(
        uid = request.uid,
        path = path(phase),
        subject,
        operation = ?request.operation,
        user = request.username,
        dry_run = request.dry_run,
        verdict = verdict(evaluated),
        allowed = given.verdict == Verdict::Allowed,
        rules = rules.join(","),
        micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        "review"
    );
}
