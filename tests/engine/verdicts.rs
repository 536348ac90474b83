//! How findings of several policies become one answer: order, phases, modes, existing defects, break-glass.
//! The rules themselves are the policies' tests.

use kubernetes::admission::{Operation, Phase};
use kubernetes::object::indexed;
use kubernetes::related::Related;
use kubernetes::verdict::{Level, Verdict};
use quorate_engine::{Binding, Grants, Mode, Policy, Prepared, RelatedQuery, Review, Selection};
use quorate_facts::NOTHING_KNOWN;
use quorate_tests::{block_on, knowing, nothing_known};
use serde_json::json;

use quorate_tests::guest::{A, B, object, policy_a, policy_b, request, set, told};

fn both(policies: Vec<Policy>) -> Review {
    let object = object(r#"{"x": 1}"#);
    block_on(set(policies).mutate_then_validate(&request(Operation::Create, &object, None), &nothing_known()))
}

fn one(phase: Phase, policy: Policy) -> Review {
    let object = object(r#"{"x": 1}"#);
    block_on(set(vec![policy]).review(phase, &request(Operation::Create, &object, None), &nothing_known()))
}

fn in_mode_warn(does: &str) -> Binding {
    Binding { mode: Mode::Warn, ..told(does) }
}

#[test]
fn a_review_can_be_spawned() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    let object = object("{}");
    let set = set(vec![policy_a(told("deny"))]);
    let request = request(Operation::Create, &object, None);
    let review = block_on(is_send(set.mutate_then_validate(&request, &nothing_known())));
    assert_eq!(review.verdict, Verdict::Denied);
}

#[test]
fn nothing_matched_is_allowed() {
    let object = object("{}");
    let set = set(vec![policy_a(told("deny"))]);
    let mut request = request(Operation::Create, &object, None);
    assert!(set.matching(Phase::Validate, &request));
    request.resource.resource = "deployments".into();
    assert!(!set.matching(Phase::Validate, &request));
    let review = block_on(set.mutate_then_validate(&request, &nothing_known()));
    assert_eq!((review.verdict, review.findings.len(), review.matched.len()), (Verdict::Allowed, 0, 0));
}

#[test]
fn a_policy_sees_what_the_former_one_patched_and_the_patch_makes_the_whole() {
    let made = |policies| {
        let mut object = json!({"spec": {"x": 1}});
        let patch: json_patch::Patch = serde_json::from_str(&both(policies).patch.to_string()).unwrap();
        json_patch::patch(&mut object, &patch).unwrap();
        object
    };
    // Each adds its name with the number of names that it found.
    let of = |policy: fn(Binding) -> Policy| policy(told("patch"));
    assert_eq!(made(vec![of(policy_a), of(policy_b)]), json!({"spec": {"x": 1, A: 0, B: 1}}));
    assert_eq!(made(vec![of(policy_b), of(policy_a)]), json!({"spec": {"x": 1, A: 1, B: 0}}));
    let last = |order| policy_a(Binding { order, ..told("patch") });
    assert_eq!(made(vec![last(7), of(policy_b)]), json!({"spec": {"x": 1, A: 1, B: 0}}), "by their order");
}

#[test]
fn a_failure_between_two_patches_leaves_both() {
    let review = both(vec![policy_a(told("patch-garbage")), policy_b(told("patch"))]);
    assert_eq!(review.verdict, Verdict::NotJudged);
    assert_eq!(review.patch.operations().len(), 1);
    assert_eq!(review.matched, [A, B]);
}

#[test]
fn findings_come_in_declared_order_and_once() {
    let review = both(vec![policy_b(told("deny")), policy_a(told("deny"))]);
    let rules: Vec<_> = review.findings.iter().map(|finding| (finding.rule.as_str(), finding.level)).collect();
    assert_eq!(rules, [("hostile-policy-b/denied", Level::Deny), ("hostile-policy-a/denied", Level::Deny)]);
    assert_eq!(review.verdict, Verdict::Denied);
}

#[test]
fn mutate_never_denies() {
    let review = one(Phase::Mutate, policy_a(told("deny")));
    assert_eq!((review.verdict, review.findings[0].level), (Verdict::Allowed, Level::Warn));
}

#[test]
fn validate_heeds_no_patch() {
    let review = one(Phase::Validate, policy_a(told("patch")));
    assert!(review.patch.is_empty() && review.findings.is_empty());
}

/// What the audit log has of a denial by the first policy.
fn mode(mode: &str) -> (String, String) {
    (format!("{A}.mode"), mode.to_owned())
}

#[test]
fn mode_warn_denies_nothing_and_patches_nothing() {
    let denied = one(Phase::Validate, policy_a(in_mode_warn("deny")));
    assert_eq!((denied.verdict, denied.findings[0].level), (Verdict::Allowed, Level::Warn));
    assert_eq!(denied.audit, [mode("warn")]);
    assert_eq!(one(Phase::Validate, policy_a(told("deny"))).audit, [mode("enforce")]);
    assert_eq!(one(Phase::Validate, policy_a(told("warn"))).audit, []);
    let patched = both(vec![policy_a(in_mode_warn("patch"))]);
    assert!(patched.patch.is_empty());
    assert_eq!(patched.findings.len(), 1);
    assert_eq!(patched.findings[0].rule, "hostile-policy-a/would-patch");
    assert_eq!(patched.findings[0].message, "in mode enforce this would patch `/spec/hostile-policy-a`");
}

#[test]
fn mode_warn_never_denies_what_was_not_judged() {
    let set = set(vec![policy_a(in_mode_warn("be-unsure"))]);
    let object = object("{}");
    let review = block_on(set.review(Phase::Validate, &request(Operation::Create, &object, None), &nothing_known()));
    assert_eq!(review.verdict, Verdict::NotJudged);
    assert_eq!(set.apply_on_error(review).verdict, Verdict::Allowed);
}

#[test]
fn denies_a_defect_that_is_new_and_warns_of_one_that_was_there() {
    let (bad, good) = (object(r#""bad""#), object(r#""good""#));
    let set = set(vec![policy_a(told("find-defect"))]);
    let update =
        |old| block_on(set.review(Phase::Validate, &request(Operation::Update, &bad, Some(old)), &nothing_known()));
    let new = update(&good);
    assert_eq!((new.verdict, new.findings[0].message.as_str()), (Verdict::Denied, "spec is bad"));
    let known = update(&bad);
    assert_eq!(known.verdict, Verdict::Allowed);
    assert_eq!(known.findings[0].message, "spec is bad (not new: the object had this before)");
}

#[test]
fn denies_a_defect_at_creation_and_warns_at_a_re_creation() {
    let bad = object(r#""bad""#);
    let set = set(vec![policy_a(told("find-defect"))]);
    let create = |facts| {
        let request = request(Operation::Create, &bad, None);
        block_on(set.review(Phase::Validate, &request, &knowing(&request, facts)))
    };
    assert_eq!(create(NOTHING_KNOWN).verdict, Verdict::Denied);
    assert_eq!(create(r#"{"version": 1, "pods": [], "pvcs": []}"#).verdict, Verdict::Denied);
    let again = create(r#"{"version": 1, "pvcs": [{"name": "file-rqlite-0", "bound": true}]}"#);
    assert_eq!(again.verdict, Verdict::Allowed);
    assert_eq!(again.findings[0].message, "spec is bad (not denied when a set is created again)");
}

#[test]
fn break_glass_lets_a_denial_pass_but_nothing_that_was_not_judged() {
    let note = "hostile-policy-a/denied,hostile-policy-a/not-judged until=2026-11-22T12:00:00Z fire";
    let object = indexed(&json!({"metadata": {"annotations": {"quorate.dev/break-glass": note}}}).to_string()).unwrap();
    let review = |does| {
        let set = set(vec![policy_a(told(does))]);
        let request = request(Operation::Create, &object, None);
        let prepared = knowing(&request, r#"{"version": 1, "now": "2026-11-22T10:00:00Z"}"#);
        set.apply_on_error(block_on(set.review(Phase::Validate, &request, &prepared)))
    };
    let broken = review("deny");
    assert_eq!(broken.verdict, Verdict::Allowed);
    assert_eq!(broken.findings[0].message, "told to deny (break-glass by `alice` until 2026-11-22T12:00:00Z: fire)");
    let used = "hostile-policy-a/denied by `alice` until 2026-11-22T12:00:00Z: fire";
    assert_eq!(broken.audit, [mode("enforce"), ("break-glass".to_owned(), used.to_owned())]);
    assert_eq!(review("trap").verdict, Verdict::Denied);
    assert_eq!(review("be-unsure").verdict, Verdict::Denied);
}

#[test]
fn guests_get_the_recorded_facts_and_a_bounded_log() {
    let object = object("{}");
    let review = |does| {
        let request = request(Operation::Create, &object, None);
        let prepared = knowing(&request, r#"{"version": 1, "leader": "rqlite-1"}"#);
        block_on(set(vec![policy_a(told(does))]).review(Phase::Validate, &request, &prepared))
    };
    assert_eq!(review("tell-facts").findings[0].message, r#"{"version": 1, "leader": "rqlite-1"}"#);
    assert_eq!(review("log").verdict, Verdict::Allowed);
}

#[test]
fn audit_annotations_name_their_policy() {
    let review = both(vec![policy_a(told("annotate")), policy_b(told("annotate"))]);
    let entry = |name: &str| (format!("{name}.some-key"), "value".to_owned());
    assert_eq!(review.audit, [entry(A), entry(B)]);
}

#[test]
fn an_old_defect_replaced_by_another_one_is_denied() {
    let update = |old: &str, new: &str| {
        let set = set(vec![policy_a(told("find-defect-by-value"))]);
        let request = request(Operation::Update, &object(new), Some(&object(old)));
        block_on(set.review(Phase::Validate, &request, &nothing_known())).verdict
    };
    assert_eq!(update(r#""bad:1""#, r#""bad:2""#), Verdict::Denied);
    assert_eq!(update(r#""bad:1""#, r#""bad:1""#), Verdict::Allowed);
    assert_eq!(update(r#""good""#, r#""bad:1""#), Verdict::Denied);
}

#[test]
fn what_belongs_to_a_finding_is_shown() {
    let object = object(r#"{"list": [0, {"a.b/c": 1}]}"#);
    let set = set(vec![policy_a(told("deny-with-all"))]);
    let review = block_on(set.review(Phase::Validate, &request(Operation::Create, &object, None), &nothing_known()));
    let found = &review.findings[0];
    assert_eq!((found.field.as_str(), found.remedy.as_str()), ("spec.list[1][a.b/c]", "stop telling"));
    assert_eq!((found.retry, found.retry_after_seconds), (true, Some(7)));
    assert_eq!(found.evidence, [("voters".to_owned(), "5".to_owned())]);
}

#[test]
fn settings_of_a_namespace_lie_over_the_others() {
    let settings = json!({"does": "nothing", "namespaces": {"db": {"does": "deny"}, "web": {"does": "trap"}}});
    let review = one(Phase::Validate, policy_a(Binding { settings, ..told("") }));
    assert_eq!(review.verdict, Verdict::Denied);
}

#[test]
fn guests_are_told_the_request() {
    let review = one(Phase::Validate, policy_a(told("tell-request")));
    let told = "7e1f4a52 admission apps v1 statefulsets  apps/v1 StatefulSet db rqlite alice true false /spec/template/spec alice";
    assert_eq!(review.findings[0].message, told);
}

#[test]
fn what_is_not_known_is_never_absent() {
    let tell = |does| one(Phase::Validate, policy_a(told(does))).findings[0].message.clone();
    assert_eq!(tell("tell-facts"), "failed: nobody gave it");
    assert_eq!(tell("tell-other-facts"), "Missing::NotDeclared");
    assert_eq!(tell("tell-related"), "Missing::Absent", "the object names no account");
    let object = object(r#"{"template": {"spec": {"serviceAccountName": "rqlite"}}}"#);
    let set = set(vec![policy_a(told("tell-related"))]);
    let request = request(Operation::Create, &object, None);
    let unknown = block_on(set.review(Phase::Validate, &request, &nothing_known()));
    assert_eq!(unknown.findings[0].message, r#"Missing::Failed("nobody gave it")"#);
    let query =
        RelatedQuery::Reference { api_version: "v1".into(), kind: "ServiceAccount".into(), name: "rqlite".into() };
    let account = indexed(r#"{"metadata": {"name": "rqlite"}}"#).unwrap();
    let prepared = Prepared { related: [(query, Related::Found(vec![account]))].into(), ..nothing_known() };
    let known = block_on(set.review(Phase::Validate, &request, &prepared));
    assert_eq!(known.findings[0].message, "rqlite");
}

#[test]
fn a_defect_is_old_only_where_the_old_object_was_denied_for_it() {
    let granted = || Grants {
        imports: ["facts".to_owned()].into(),
        facts: ["rqlite".to_owned()].into(),
        references: ["v1/ServiceAccount".to_owned()].into(),
        ..Grants::default()
    };
    let own = |does: &str| policy_a(Binding { grants: Some(granted()), ..told(does) });
    let bad = object(r#""bad""#);
    let create = request(Operation::Create, &bad, None);
    let beside_old_claims = knowing(&create, r#"{"version": 1, "pvcs": [{"name": "file-rqlite-0", "bound": true}]}"#);
    let again = block_on(set(vec![own("find-defect")]).review(Phase::Validate, &create, &beside_old_claims));
    assert_eq!(again.verdict, Verdict::Denied, "what a set leaves behind excuses nothing to a policy of somebody else");
    let update = request(Operation::Update, &bad, Some(&bad));
    let narrowed = Binding {
        selection: Selection { operations: Some([Operation::Update].into()), ..Selection::default() },
        grants: Some(granted()),
        ..told("find-defect")
    };
    let known = block_on(set(vec![policy_a(narrowed)]).review(Phase::Validate, &update, &nothing_known()));
    assert_eq!(known.verdict, Verdict::Allowed, "an old defect is known whatever operations the binding takes");
}
