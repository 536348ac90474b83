//! Whether reviews arrive: endpoints behind the Service, and a dry run through the whole path.

use kubernetes::subject::named;

use super::observations::{DRY_RUN, Observations, unreadable};
use super::unreachable::cause;
use super::{DoctorCheck, Expected, Topic};
use crate::{ClusterConfig, DryRunResponse};

const TOPIC: Topic = Topic::Reachability;

pub(super) fn checks(seen: &Observations, config: &ClusterConfig, expected: &Expected) -> Vec<DoctorCheck> {
    let service = format!("Service {}/{}", config.namespace, config.service);
    let endpoints = match &seen.endpoints {
        Err(why) => unreadable(TOPIC, &format!("endpoints of {service}"), why),
        Ok(0) => DoctorCheck::problem(TOPIC, format!("0 ready endpoints behind {service}"))
            .remedy(format!("kubectl -n {} get pods; their readiness says why", config.namespace)),
        Ok(1) => DoctorCheck::warning(
            TOPIC,
            format!("1 ready endpoint behind {service}: its restart stops dangerous changes"),
        )
        .remedy("run two replicas or more"),
        Ok(some) => DoctorCheck::fine(TOPIC, format!("{some} ready endpoints behind {service}")),
    };
    let answer = match &seen.dry_run {
        Err(why) => DoctorCheck::unknown(TOPIC, format!("dry run in namespace {} failed: {why}", expected.namespace)),
        Ok(dry_run) => answered(dry_run, &expected.namespace, seen.failed_open),
    };
    vec![endpoints, answer]
}

fn answered(dry_run: &DryRunResponse, namespace: &str, failed_open: bool) -> DoctorCheck {
    let DryRunResponse { code, message, .. } = dry_run;
    if !dry_run.heard(&named("StatefulSet", Some(namespace), DRY_RUN)).is_empty() {
        return DoctorCheck::fine(TOPIC, format!("webhook answers a dry run in namespace {namespace}"));
    }
    if message.contains("failed calling webhook") {
        let (means, remedy) = match cause(message) {
            Some(cause) => (format!(" ({})", cause.means), cause.remedy),
            None => (String::new(), "check the endpoints, the NetworkPolicy and the caBundle"),
        };
        return DoctorCheck::problem(TOPIC, format!("webhook does not answer{means}: {message}")).remedy(remedy);
    }
    match code {
        200..300 if failed_open => DoctorCheck::problem(
            TOPIC,
            format!("webhook does not answer: the API server called it for a dry run in namespace {namespace} and went on without it"),
        )
        .remedy("the API server's log says why (`failing open`); what usually stands between: docs/platforms"),
        200..300 => DoctorCheck::problem(
            TOPIC,
            format!(
                "no word of the webhook about a dry run in namespace {namespace}: it was not asked, or not reached where `failurePolicy: Ignore` \
                 lets a change pass all the same (mode `warn`)"
            ),
        )
        .remedy("check that the namespace is guarded and the webhook configurations are installed; what can stand between: docs/platforms"),
        404 => DoctorCheck::unknown(TOPIC, format!("dry run in namespace {namespace} failed: {message}"))
            .remedy("name a guarded namespace with --namespace"),
        _ => DoctorCheck::unknown(TOPIC, format!("dry run in namespace {namespace} failed with {code}: {message}"))
            .remedy("run it with the right to create StatefulSets there, or name another namespace with --namespace"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;
    use crate::dry_run_response::DryRunCause;

    fn answer(code: u16, message: &str) -> DryRunResponse {
        DryRunResponse { code, message: message.to_owned(), warnings: Vec::new(), causes: None }
    }

    #[track_caller]
    fn assert_level(dry_run: &DryRunResponse, level: Level) {
        let check = answered(dry_run, "db", false);
        assert_eq!(check.level, level, "{check:?}");
    }

    #[test]
    fn a_denial_and_a_warning_of_ours_are_answers() {
        const RULE: &str = "bootstrap-expect-lock/bootstrap-expect-mismatch";
        let cause = DryRunCause { reason: RULE.to_owned(), message: "...".to_owned(), field: String::new() };
        assert_level(&DryRunResponse { causes: Some(vec![cause]), ..answer(403, "denied") }, Level::Fine);
        let warnings = vec![format!("{RULE}: StatefulSet db/quorate-doctor: ...")];
        assert_level(&DryRunResponse { warnings, ..answer(201, "") }, Level::Fine);
    }

    #[test]
    fn silence_is_a_problem() {
        assert_level(&answer(201, ""), Level::Problem);
        let failed = r#"Internal error occurred: failed calling webhook "statefulsets.quorate.dev": x509"#;
        assert_level(&answer(500, failed), Level::Problem);
    }

    #[test]
    fn says_why_it_is_not_reached() {
        let said = |message: &str, failed_open| {
            let code = if message.is_empty() { 201 } else { 500 };
            let check = answered(&answer(code, message), "db", failed_open);
            (check.message, check.remedy)
        };
        let refused = r#"failed calling webhook "x": failed to call webhook: Post "https://q": dial tcp: connect: connection refused"#;
        let (message, remedy) = said(refused, false);
        let start =
            "webhook does not answer (nothing listens at the port that the Service leads to): failed calling webhook";
        assert!(message.starts_with(start) && remedy.contains("targetPort"), "{message}; {remedy}");
        assert!(said("", true).0.contains("went on without it"));
        assert!(said("", false).0.starts_with("no word of the webhook"));
    }

    #[test]
    fn a_refusal_of_somebody_else_says_nothing() {
        assert_level(&answer(403, "statefulsets.apps is forbidden: User \"x\" cannot create resource"), Level::Unknown);
        assert_level(&answer(404, "namespaces \"db\" not found"), Level::Unknown);
    }
}
