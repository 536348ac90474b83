//! What the engine says of a guest that loops, grows, traps or answers nonsense, and that the next call is served.
//! Does not look at what a sound policy says.

use std::time::{Duration, Instant};

use kubernetes::admission::{Operation, Phase};
use kubernetes::verdict::{Level, Verdict};
use quorate_engine::host::GuestAnswer;
use quorate_engine::{OnError, Policy, PolicyFailure, PolicyLimits, Review};
use quorate_tests::{block_on, nothing_known};

use quorate_tests::guest::{A, hostile, object, policy_a, policy_b, request, set, told};

fn fails(phase: Phase, does: &str) -> PolicyFailure {
    let healthy = policy_a(told("deny"));
    let failure = call(phase, &policy_a(told(does))).unwrap_err();
    let next = call(Phase::Validate, &healthy).unwrap();
    assert_eq!(next.findings.len(), 1, "the call after a failure is served");
    failure
}

fn call(phase: Phase, policy: &Policy) -> Result<GuestAnswer, PolicyFailure> {
    let object = object("{}");
    let verdict = block_on(policy.call(phase, &request(Operation::Create, &object, None), &nothing_known()));
    verdict.map(|verdict| verdict.answer)
}

fn review(phase: Phase, does: &str) -> Review {
    let object = object(r#"{"x": 1}"#);
    let set = set(vec![policy_a(told(does)), policy_b(told("deny"))]);
    block_on(set.review(phase, &request(Operation::Create, &object, None), &nothing_known()))
}

/// The first policy is not judged for this reason; the second one judges as ever.
#[track_caller]
fn is_not_judged(phase: Phase, does: &str, why: &str) {
    let review = review(phase, does);
    let [failed, other] = review.findings.as_slice() else { panic!("{:?}", review.findings) };
    assert_eq!((failed.rule.as_str(), failed.level), ("hostile-policy-a/not-judged", Level::NotJudged));
    assert_eq!(failed.message, format!("not judged: {why}"));
    assert_eq!(failed.remedy, "look for uid 7e1f4a52 in the log of Quorate");
    assert_eq!(other.rule, "hostile-policy-b/denied");
    assert!(review.patch.is_empty());
}

#[test]
fn stops_a_loop_after_its_cpu_time() {
    let started = Instant::now();
    assert_eq!(fails(Phase::Validate, "loop"), PolicyFailure::OutOfTime { limit: Duration::from_millis(50) });
    // 50 ticks of 1 ms; the rest is what a busy machine may add.
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    is_not_judged(Phase::Validate, "loop", "the policy ran longer than 50 ms of CPU");
}

#[test]
fn a_loop_does_not_hold_its_thread() {
    let object = object("{}");
    let request = request(Operation::Create, &object, None);
    let looping = policy_a(told("loop"));
    let healthy = policy_b(told("deny"));
    let (stopped, (served, after)) = block_on(async {
        let started = Instant::now();
        let serve = async { (healthy.call(Phase::Validate, &request, &nothing_known()).await, started.elapsed()) };
        let stop = async { (looping.call(Phase::Validate, &request, &nothing_known()).await, started.elapsed()) };
        let (stopped, served) = tokio::join!(stop, serve);
        assert!(stopped.1 > served.1, "the healthy call ends first, on the same thread");
        (stopped.0, served)
    });
    assert!(matches!(stopped, Err(PolicyFailure::OutOfTime { .. })));
    assert_eq!(served.unwrap().answer.findings.len(), 1, "after {after:?}");
}

#[test]
fn stops_a_guest_that_wants_too_much_memory() {
    assert_eq!(fails(Phase::Validate, "grow"), PolicyFailure::OutOfMemory { limit_bytes: 64 << 20 });
    let limits = PolicyLimits { memory_bytes: 4 << 20, ..PolicyLimits::default() };
    let small = policy_a(quorate_engine::Binding { limits, ..told("grow") });
    assert_eq!(call(Phase::Validate, &small).unwrap_err(), PolicyFailure::OutOfMemory { limit_bytes: 4 << 20 });
    is_not_judged(Phase::Validate, "grow", "the policy asked for more than 65536 KiB of memory");
}

#[test]
fn survives_traps() {
    for does in ["trap", "recurse"] {
        assert!(matches!(fails(Phase::Validate, does), PolicyFailure::Trap { .. }), "{does}");
        is_not_judged(Phase::Validate, does, "the policy stopped with an error");
    }
}

#[test]
fn takes_no_huge_answer() {
    assert!(matches!(fails(Phase::Validate, "be-huge"), PolicyFailure::BadOutput { .. }));
    is_not_judged(
        Phase::Validate,
        "be-huge",
        "the policy gave an unusable answer: it does not follow the calling convention",
    );
}

/// What the guest did wrong is said to its author, in the answer and in the log.
#[track_caller]
fn is_misuse(phase: Phase, does: &str, what: &str) {
    is_not_judged(phase, does, &format!("the policy called the host wrongly: {what}"));
}

#[test]
fn a_wrong_call_says_what_is_wrong() {
    is_misuse(Phase::Validate, "be-undeclared", "`verdicts.add`: the rule `undeclared` is not in the manifest");
    is_misuse(Phase::Validate, "patch-always", "`edits.set`: edits are made in `mutate` alone");
    is_misuse(
        Phase::Validate,
        "name-a-pointer-wrongly",
        "`document.text`: `spec.x` is no JSON pointer: it does not begin with `/`; pointers are RFC 6901",
    );
    let garbage = review(Phase::Mutate, "patch-garbage");
    let says = "not judged: the policy called the host wrongly: `edits.patch`: ";
    assert!(garbage.findings[0].message.starts_with(says), "{}", garbage.findings[0].message);
}

#[test]
fn bounds_what_a_call_may_ask_for() {
    is_misuse(Phase::Validate, "hold-handles", "`request.object`: one call is given at most 50000 handles");
    is_misuse(Phase::Validate, "be-too-many", "`verdicts.add`: one call is given at most 50000 handles");
    let everything = review(Phase::Validate, "patch-many");
    assert_eq!(everything.findings.len(), 1, "it edits nothing in `validate`");
    let many = review(Phase::Mutate, "patch-many");
    let says = "not judged: the policy called the host wrongly: `edits.set`: ";
    assert!(many.findings[0].message.starts_with(says), "{}", many.findings[0].message);
}

#[test]
fn bounds_what_a_call_is_given_of_a_large_object() {
    let large = object(&format!(r#"{{"x": "{}"}}"#, "x".repeat(3 << 20)));
    let set = set(vec![policy_a(told("take-everything")), policy_b(told("deny"))]);
    let review = block_on(set.review(Phase::Validate, &request(Operation::Create, &large, None), &nothing_known()));
    let says =
        "not judged: the policy called the host wrongly: `document.json`: one call is given at most 67108864 bytes";
    assert_eq!(review.findings[0].message, says);
    assert_eq!(review.findings[1].rule, "hostile-policy-b/denied");
    let wide = object(&format!("[{}0]", "[1,1,1,1,1,1,1,1],".repeat(5000)));
    let set = self::set(vec![policy_a(told("find-all"))]);
    let review = block_on(set.review(Phase::Validate, &request(Operation::Create, &wide, None), &nothing_known()));
    let says = "not judged: the policy called the host wrongly: `document.find`: more than 10000 matches; ask for fewer, or take the JSON text as a whole";
    assert_eq!(review.findings[0].message, says);
}

#[test]
fn a_guest_that_gives_up_says_why_and_edits_nothing() {
    let review = review(Phase::Mutate, "patch-and-give-up");
    let shown: Vec<_> = review.findings.iter().map(|found| (found.rule.as_str(), found.message.as_str())).collect();
    let expected = [
        ("hostile-policy-a/warned", "found before"),
        ("hostile-policy-a/not-judged", "told to give up"),
        ("hostile-policy-b/denied", "told to deny"),
    ];
    assert_eq!(shown, expected);
    assert!(review.patch.is_empty());
    let silent = call(Phase::Validate, &policy_a(told("give-up-silently"))).unwrap();
    assert_eq!(
        (silent.findings[0].level, silent.findings[0].message.as_str()),
        (Level::NotJudged, "it gives no reason")
    );
}

#[test]
fn takes_no_edits_that_are_wrong() {
    let bad = |what: &str| format!("the policy gave an unusable answer: {what}");
    is_not_judged(Phase::Mutate, "patch-kind", &bad("it changes `/kind`, which no policy may"));
    let nothing = review(Phase::Mutate, "patch-nothing");
    let says = "not judged: the policy gave an unusable answer: its edits do not apply: ";
    assert!(nothing.findings[0].message.starts_with(says), "{}", nothing.findings[0].message);
    is_not_judged(Phase::Mutate, "patch-huge", &bad("its patch has 2097198 bytes, allowed are 1048576"));
}

#[test]
fn bounds_and_cleans_what_is_shown() {
    let long = review(Phase::Validate, "be-long");
    assert_eq!(long.findings[0].message.len(), 8 << 10);
    let many = review(Phase::Validate, "be-many");
    assert_eq!(many.findings.len(), 64 + 1 + 1);
    assert_eq!(many.findings[64].message, "936 more findings, 64 are shown");
    let banned = review(Phase::Validate, "be-banned");
    assert_eq!(banned.findings[0].message, "the Field cannot be changed");
}

#[test]
fn the_server_answers_a_failure_as_configured() {
    let applied = |on_error, phase| {
        let object = object("{}");
        let set = set(vec![policy_a(quorate_engine::Binding { on_error, ..told("trap") })]);
        let review = block_on(set.review(phase, &request(Operation::Create, &object, None), &nothing_known()));
        assert_eq!(review.verdict, Verdict::NotJudged);
        let applied = set.apply_on_error(review);
        (applied.verdict, applied.findings[0].level)
    };
    assert_eq!(applied(None, Phase::Validate), (Verdict::Denied, Level::Deny));
    assert_eq!(applied(Some(OnError::Deny), Phase::Validate), (Verdict::Denied, Level::Deny));
    assert_eq!(applied(Some(OnError::Warn), Phase::Validate), (Verdict::Allowed, Level::Warn));
    assert_eq!(applied(Some(OnError::Allow), Phase::Validate), (Verdict::Allowed, Level::Warn));
    assert_eq!(applied(Some(OnError::Deny), Phase::Mutate), (Verdict::Allowed, Level::Warn));
}

#[test]
fn more_calls_than_slots_wait_their_turn() {
    let limits = quorate_engine::RuntimeLimits { instances: 2, ..Default::default() };
    let runtime = quorate_engine::WasmRuntime::new(limits, &quorate_facts::PROVIDER).unwrap();
    let policy = std::sync::Arc::new(runtime.load(A, hostile(), told("deny")).unwrap());
    let calls = (0..32).map(|_| {
        let policy = policy.clone();
        std::thread::spawn(move || call(Phase::Validate, &policy).map(|verdict| verdict.findings.len()))
    });
    let calls: Vec<_> = calls.collect();
    for call in calls {
        assert_eq!(call.join().unwrap(), Ok(1));
    }
}
