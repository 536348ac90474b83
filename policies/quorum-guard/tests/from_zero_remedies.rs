//! What a start from zero and a stop advise, carried out: never the same rule's denial. Remedies of other rules are not looked at.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test: what is not there fails it")]

use std::path::Path;

use quorate_cases::{Case, load};
use quorum_guard::QuorumGuard;
use serde_json::{Value, json};

const UP: &str = "scale-up-without-leader";
const ZERO: &str = "scale-to-zero";

fn behind(text: &str, start: &str) -> Option<u32> {
    let (_, rest) = text.split_once(start)?;
    rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok()
}

/// Asks for that count instead, and from that ordinal on.
fn ask(case: &Case, start: Option<u32>, count: u32) -> Case {
    let mut asked = case.clone();
    let object = &mut asked.review["request"]["object"];
    object["spec"]["replicas"] = json!(count);
    if let Some(start) = start {
        let start = json!({ "start": start });
        match asked.related.found_mut() {
            Some(parent) => parent["spec"]["ordinals"] = start,
            None => object["spec"]["ordinals"] = start,
        }
    }
    asked
}

/// `rqlite-3`, `rqlite-3 to rqlite-5`.
fn span(text: &str) -> std::ops::RangeInclusive<u32> {
    let first = behind(text, "rqlite-").unwrap();
    let rest = text.split_once("rqlite-").map(|(_, rest)| rest).unwrap_or_default();
    let digits = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    first..=digits.strip_prefix(" to rqlite-").map_or(first, |rest| behind(&format!("x{rest}"), "x").unwrap())
}

fn without_claims(mut case: Case, gone: std::ops::RangeInclusive<u32>) -> Case {
    let mut facts: Value = serde_json::from_str(&case.facts).unwrap();
    let claims = facts["pvcs"].as_array_mut().unwrap();
    claims.retain(|claim| {
        let name = claim["name"].as_str().unwrap();
        !gone.clone().any(|ordinal| name.ends_with(&format!("-rqlite-{ordinal}")))
    });
    case.facts = facts.to_string();
    case
}

/// The way back from nothing, as the stop that was asked for leaves it.
fn stopped(case: &Case, start: Option<u32>, count: u32) -> Case {
    let mut back = ask(case, start, count);
    let mut facts: Value = serde_json::from_str(&back.facts).unwrap();
    let known = facts.as_object_mut().unwrap();
    // Where a leader was seen, the server remembers whom it listed.
    if let Some(members) = known.remove("membership") {
        let ids = members.as_array().unwrap().iter().filter(|member| member["voter"] == json!(true));
        known.insert("lastVoters".to_owned(), ids.map(|member| member["id"].clone()).collect());
    }
    known.remove("leader");
    known.remove("pods");
    back.facts = facts.to_string();
    let request = &mut back.review["request"];
    let parent = request["subResource"] == json!("scale");
    request["oldObject"]["spec"]["replicas"] = json!(0);
    if !parent {
        request["oldObject"]["status"] = json!({});
    }
    back
}

fn ways(case: &Case, rule: &str, remedy: &str) -> Vec<Case> {
    let start = behind(remedy, "spec.ordinals.start to ").or_else(|| behind(remedy, "spec.ordinals.start "));
    let mut ways = Vec::new();
    if rule == ZERO {
        ways.extend(
            behind(remedy, "--replicas=").filter(|_| remedy.starts_with("come back")).map(|n| stopped(case, start, n)),
        );
        if let Some((_, rest)) = remedy.split_once(" if ").or_else(|| remedy.split_once("/nodes` that ")) {
            let (_, last) = rest.rsplit_once("--replicas=").unwrap();
            let count = behind(&format!("x{last}"), "x").unwrap();
            ways.push(without_claims(stopped(case, None, count), span(rest)));
        }
        return ways;
    }
    let counts = ["scale to ", "create it with replicas ", "and replicas to "];
    let asked = counts.iter().find_map(|words| behind(remedy, words)).map(|count| ask(case, start, count));
    if let Some(rest) = remedy.strip_prefix("verify that ") {
        ways.extend(asked.map(|asked| without_claims(asked, span(rest))));
        return ways;
    }
    ways.extend(asked);
    if let Some((_, rest)) = remedy.split_once("delete the PVC") {
        ways.push(without_claims(case.clone(), span(rest)));
    }
    ways
}

#[test]
fn what_a_stop_and_a_start_advise_is_admitted() {
    let mut failures = Vec::new();
    let mut carried = 0;
    for case in load(Path::new(env!("CARGO_MANIFEST_DIR"))) {
        let ran = case.run_native::<QuorumGuard>();
        for finding in ran.findings().filter(|finding| [UP, ZERO].contains(&finding.rule.as_str())) {
            for way in ways(&case, &finding.rule, &finding.remedy) {
                carried += 1;
                let again = way.run_native::<QuorumGuard>();
                let denied: Vec<_> = again.denials().map(|denial| (&denial.rule, &denial.message)).collect();
                if !denied.is_empty() {
                    failures.push(format!("{}/{}: {}: {denied:?}", case.rule, case.name, finding.remedy));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{} of {carried}\n{}", failures.len(), failures.join("\n"));
    assert!(carried > 20, "{carried} were carried out");
}
