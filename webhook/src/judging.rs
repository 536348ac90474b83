//! One review from its bytes to its answer: envelope, parent, facts, policies, what `onError` makes of it.
//! Holds no rule and does not know HTTP.

use std::time::Duration;

use axum::body::Bytes;
use quorate_engine::{Context, Finding, Level, Parent, Phase, PolicySet, Request, Review, Verdict, subject};
use rqlite::facts::Facts;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::{debug, info, warn};

use crate::answer::Answer;
use crate::deadline::Deadline;
use crate::facts::{AboutSet, now, terminate};
use crate::metrics::{path, verdict};
use crate::parent::{ParentAnswer, ParentRef};
use crate::refusal::Refusal;
use crate::webhook::Webhook;

/// For what could not be had now: the API server did not answer, or not in time.
const TRY_AGAIN: &str = "try again";

/// JSON text of the AdmissionReview to answer with.
pub(crate) async fn answer(
    webhook: &Webhook,
    phase: Phase,
    body: &Bytes,
    deadline: Deadline,
) -> Result<Vec<u8>, Refusal> {
    let request = match Request::decode(body) {
        Ok(request) => request,
        Err(error) => {
            let Some(uid) = error.uid() else { return Err(error.into()) };
            warn!(uid, path = path(phase), fault = %error, "review not readable");
            return write(&Answer::unreadable(uid, &error.to_string()));
        }
    };
    let subject = subject(&request);
    let started = Instant::now();
    let review = judge(webhook, phase, &request, deadline).await;
    let took = started.elapsed();
    let judged = review.verdict;
    for finding in review.findings.iter().filter(|finding| finding.level == Level::NotJudged) {
        warn!(uid = &*request.uid, rule = finding.rule, message = finding.message, "not judged");
        webhook.metrics().count_not_judged(finding);
    }
    let given = webhook.policies().settle(review);
    if phase == Phase::Validate && given.verdict == Verdict::Allowed {
        webhook.evictions().admit(&request);
    }
    webhook.metrics().time_policies(phase, took);
    webhook.metrics().count_review(phase, judged, &given);
    log(phase, &request, &subject, judged, &given, took);
    write(&Answer::new(&request, &subject, judged, &given).map_err(Refusal::Unwritable)?)
}

fn write(answer: &Answer<'_>) -> Result<Vec<u8>, Refusal> {
    serde_json::to_vec(answer).map_err(Refusal::Unwritable)
}

async fn judge(webhook: &Webhook, phase: Phase, request: &Request<'_>, deadline: Deadline) -> Review {
    let policies = webhook.policies();
    if !policies.matching(phase, request) {
        debug!(uid = &*request.uid, "no policy matches");
        return policies.review(phase, request, &Context::UNKNOWN).await;
    }
    let judging = async {
        let parent = parent(webhook, request, deadline).await;
        let facts = facts(webhook, phase, request, &parent, deadline).await;
        debug!(uid = &*request.uid, facts, "facts");
        let parent = match &parent {
            ParentAnswer::Found(json) => Parent::Found(json),
            ParentAnswer::Absent => Parent::Absent,
            ParentAnswer::Unknown => Parent::Unknown,
        };
        let mut review = policies.review(phase, request, &Context { parent, facts: &facts }).await;
        if parent == Parent::Unknown {
            review.advise(TRY_AGAIN);
        }
        review
    };
    match timeout_at(deadline.at, judging).await {
        Ok(review) => review,
        Err(_) => overdue(policies, phase, request, deadline.budget),
    }
}

/// May take half of the time, so that the policies can still judge without it.
async fn parent(webhook: &Webhook, request: &Request<'_>, deadline: Deadline) -> ParentAnswer {
    let Some(of) = ParentRef::of(request) else { return ParentAnswer::Unknown };
    match timeout(deadline.budget / 2, webhook.sources().parents.parent(&of)).await {
        Ok(answer) => answer,
        Err(_) => {
            debug!(uid = &*request.uid, ?of, "parent not found in time");
            ParentAnswer::Unknown
        }
    }
}

/// What is known, as text. May take half of the time too; what is not known by then stays so.
async fn facts(
    webhook: &Webhook,
    phase: Phase,
    request: &Request<'_>,
    parent: &ParentAnswer,
    deadline: Deadline,
) -> String {
    let mut known = match AboutSet::of(phase, request, parent, deadline.budget / 3) {
        Some(about) => {
            let found = timeout(deadline.budget / 2, webhook.sources().facts.facts(&about)).await;
            found.unwrap_or_else(|_| {
                debug!(uid = &*request.uid, "facts not found in time");
                Facts::default()
            })
        }
        None => Facts::default(),
    };
    terminate(&mut known, &webhook.evictions().terminating(request));
    known.now = now(webhook.now());
    known.to_json().unwrap_or_else(|_| Context::NO_FACTS.to_owned())
}

/// What every policy that was asked would say if it could: nothing, in the time that there was.
fn overdue(policies: &PolicySet, phase: Phase, request: &Request<'_>, budget: Duration) -> Review {
    let asked = policies.policies().iter().filter(|policy| policy.matching(phase, request).is_some());
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
        of_shape: false,
    };
    Review {
        phase,
        verdict: Verdict::NotJudged,
        findings: matched.iter().map(finding).collect(),
        patch: json_patch::Patch::default(),
        audit: Vec::new(),
        matched,
    }
}

fn log(phase: Phase, request: &Request<'_>, subject: &str, judged: Verdict, given: &Review, took: Duration) {
    let rules: Vec<&str> = given.findings.iter().map(|finding| finding.rule.as_str()).collect();
    info!(
        uid = &*request.uid,
        path = path(phase),
        subject,
        operation = ?request.operation,
        user = &*request.username,
        dry_run = request.dry_run,
        verdict = verdict(judged),
        allowed = given.verdict == Verdict::Allowed,
        rules = rules.join(","),
        micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        "review"
    );
}
