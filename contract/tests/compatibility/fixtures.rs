//! Reads `fixtures.txt`, which has a change for every rule at the head of `policy.wit`, and carries each one out.
//! Holds no change itself.

use crate::contract::Contract;
use crate::rules::violations;

const TABLE: &str = include_str!("fixtures.txt");
const RELEASED: &str = "@0.2.0";
const NEXT: &str = "@0.2.1";

/// One change of the small contract.
#[derive(Default)]
struct Fixture {
    name: String,
    /// What is replaced by what.
    edits: Vec<(String, String)>,
    told: Vec<String>,
}

/// The small contract.
fn base() -> &'static str {
    TABLE.split("```wit\n").nth(1).and_then(|rest| rest.split("```").next()).expect("the table begins with a contract")
}

/// The changes below a heading.
fn fixtures(heading: &str) -> Vec<Fixture> {
    let section =
        TABLE.split("\n## ").find_map(|section| section.strip_prefix(heading)).expect("there is such a heading");
    let mut fixtures: Vec<Fixture> = Vec::new();
    for line in section.lines().filter(|line| !line.is_empty()) {
        let (mark, text) = line.split_at(1);
        let text = text.trim_start().to_owned();
        if mark == "#" {
            fixtures.push(Fixture { name: text, ..Fixture::default() });
            continue;
        }
        let fixture = fixtures.last_mut().expect("a line stands below the name of a change");
        match mark {
            "-" => fixture.edits.push((text, String::new())),
            "+" => fixture.edits.last_mut().expect("a `+` follows a `-`").1 = text,
            ">" => fixture.told.push(text),
            _ => panic!("`{line}`: a line begins with one of `# - + >`"),
        }
    }
    fixtures
}

/// The sentences that are told of a change.
fn told(fixture: &Fixture) -> Vec<String> {
    let mut text = base().to_owned();
    for (from, to) in &fixture.edits {
        assert!(text.contains(from), "{}: the contract does not have `{from}`", fixture.name);
        text = text.replace(from, to);
    }
    if !fixture.edits.iter().any(|(from, _)| from == RELEASED) {
        text = text.replacen(RELEASED, NEXT, 1);
    }
    violations(&Contract::parse(base()), &Contract::parse(&text))
}

#[test]
fn what_may_be_added_breaks_nothing() {
    let fixtures = fixtures("Compatible");
    assert_eq!(fixtures.len(), 11);
    for fixture in fixtures {
        assert_eq!((told(&fixture), fixture.told.len()), (Vec::new(), 0), "{}", fixture.name);
    }
}

#[test]
fn what_breaks_a_policy_is_told() {
    let fixtures = fixtures("Never");
    assert_eq!(fixtures.len(), 32);
    for fixture in fixtures {
        assert!(!fixture.told.is_empty(), "{}: breaks nothing", fixture.name);
        assert_eq!(told(&fixture), fixture.told, "{}", fixture.name);
    }
}

/// From 1.0 on the track is the major version. No version follows a later one.
#[test]
fn a_version_follows_those_of_its_track() {
    let at = |version: &str| Contract::parse(&base().replace(RELEASED, version));
    let told = violations(&at(NEXT), &at(RELEASED));
    assert_eq!(told, ["0.2.1: 0.2.0 does not follow it; policies built with it would be refused"]);
    assert_eq!(violations(&at("@1.2.0"), &at("@1.3.0")), Vec::<String>::new());
    let told = violations(&at("@1.2.0"), &at("@2.0.0"));
    assert_eq!(told, ["1.2.0: 2.0.0 does not follow it; policies built with it would be refused"]);
}
