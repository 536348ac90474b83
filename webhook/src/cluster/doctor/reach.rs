//! Whether reviews arrive: endpoints behind the Service, and a dry run through the whole path.

use quorate_engine::named;

use super::look::{DRY_RUN, Seen, unreadable};
use super::{Check, Expected, Topic};
use crate::cluster::{ClusterConfig, DryRun};

const TOPIC: Topic = Topic::Reachability;

pub(super) fn checks(seen: &Seen, config: &ClusterConfig, expected: &Expected) -> Vec<Check> {
    let service = format!("Service {}/{}", config.namespace, config.service);
    let endpoints = match &seen.endpoints {
        Err(why) => unreadable(TOPIC, &format!("endpoints of {service}"), why),
        Ok(0) => Check::problem(TOPIC, format!("0 ready endpoints behind {service}"))
            .remedy(format!("kubectl -n {} get pods; their readiness says why", config.namespace)),
        Ok(1) => {
            Check::warning(TOPIC, format!("1 ready endpoint behind {service}: its restart stops dangerous changes"))
                .remedy("run two replicas or more")
        }
        Ok(some) => Check::fine(TOPIC, format!("{some} ready endpoints behind {service}")),
    };
    let answer = match &seen.dry_run {
        Err(why) => Check::unknown(TOPIC, format!("dry run in namespace {} failed: {why}", expected.namespace)),
        Ok(dry_run) => answered(dry_run, &expected.namespace),
    };
    vec![endpoints, answer]
}

fn answered(dry_run: &DryRun, namespace: &str) -> Check {
    let DryRun { code, message, .. } = dry_run;
    if !dry_run.heard(&named("StatefulSet", Some(namespace), DRY_RUN)).is_empty() {
        return Check::fine(TOPIC, format!("webhook answers a dry run in namespace {namespace}"));
    }
    if message.contains("failed calling webhook") {
        return Check::problem(TOPIC, format!("webhook does not answer: {message}"))
            .remedy("check the endpoints, the NetworkPolicy and the caBundle");
    }
    match code {
        200..300 => Check::problem(TOPIC, format!("webhook was not asked about a dry run in namespace {namespace}"))
            .remedy("check that the namespace is guarded and that the webhook configurations are installed"),
        404 => Check::unknown(TOPIC, format!("dry run in namespace {namespace} failed: {message}"))
            .remedy("name a guarded namespace with --namespace"),
        _ => Check::unknown(TOPIC, format!("dry run in namespace {namespace} failed with {code}: {message}"))
            .remedy("run it with the right to create StatefulSets there, or name another namespace with --namespace"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    #[track_caller]
    fn assert_level(code: u16, message: &str, warnings: &[&str], level: Level) {
        let warnings = warnings.iter().map(|&warning| warning.to_owned()).collect();
        let check = answered(&DryRun { code, message: message.to_owned(), warnings, fields: Vec::new() }, "db");
        assert_eq!(check.level, level, "{check:?}");
    }

    #[test]
    fn a_denial_and_a_warning_of_ours_are_answers() {
        let denied = r#"admission webhook "statefulsets.quorate.dev" denied the request: bootstrap-expect-lock/bootstrap-expect-mismatch: ..."#;
        assert_level(403, denied, &[], Level::Fine);
        assert_level(
            201,
            "",
            &["bootstrap-expect-lock/bootstrap-expect-mismatch: StatefulSet db/quorate-doctor: ..."],
            Level::Fine,
        );
    }

    #[test]
    fn silence_is_a_problem() {
        assert_level(201, "", &[], Level::Problem);
        let failed = r#"Internal error occurred: failed calling webhook "statefulsets.quorate.dev": x509"#;
        assert_level(500, failed, &[], Level::Problem);
    }

    #[test]
    fn a_refusal_of_somebody_else_says_nothing() {
        assert_level(403, "statefulsets.apps is forbidden: User \"x\" cannot create resource", &[], Level::Unknown);
        assert_level(404, "namespaces \"db\" not found", &[], Level::Unknown);
    }
}
