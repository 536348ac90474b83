//! What a description must be, and how it is matched. Components are loaded in the `tests` crate.

use serde_json::json;

use super::describe::checked;
use super::settings::check_schema;
use super::*;
use crate::wit::types as guest;
use kubernetes::admission::{GroupVersionResource, Operation, Request};

/// The interface of the provider.
const PROVIDED: &str = "weather";

fn said() -> guest::Description {
    guest::Description {
        name: "quorum-guard".to_owned(),
        version: "0.1.0".to_owned(),
        summary: "Keeps quorum.".to_owned(),
        phases: vec![guest::Phase::Validate, guest::Phase::Validate],
        settings_schema: json!({
            "type": "object",
            "properties": {"deletion": {"enum": ["deny", "warn"]}, "namespaces": {"additionalProperties": {"type": "object"}}},
            "additionalProperties": false
        })
        .to_string(),
        capabilities: vec![PROVIDED.to_owned()],
        rules: vec![guest::RuleInfo { id: "scale-below-quorum".to_owned(), summary: String::new() }],
        matches: vec![matches(&["apps"], &["statefulsets"], &[])],
    }
}

fn matches(groups: &[&str], resources: &[&str], sub_resources: &[&str]) -> guest::MatchRule {
    let owned = |list: &[&str]| list.iter().map(|item| (*item).to_owned()).collect();
    guest::MatchRule {
        groups: owned(groups),
        resources: owned(resources),
        sub_resources: owned(sub_resources),
        operations: vec![guest::Operation::Update],
        projections: guest::Projections { object: vec!["/spec".to_owned()], old_object: vec![], parent: vec![] },
        conditions: vec![],
    }
}

#[track_caller]
fn refuses(alter: impl FnOnce(&mut guest::Description), says: &str) {
    let mut said = said();
    alter(&mut said);
    let found = checked(said).unwrap_err().to_string();
    assert!(found.starts_with("the description of policy `") && found.contains(says), "{found}");
}

#[test]
fn takes_a_good_description() {
    let description = checked(said()).unwrap();
    assert_eq!(description.name, "quorum-guard");
    assert_eq!(description.phases, [kubernetes::admission::Phase::Validate]);
    assert_eq!(description.matches[0].projections.object, ["/spec"]);
}

#[test]
fn refuses_descriptions_that_later_code_could_not_rely_on() {
    refuses(|said| said.name = "Quorum Guard".to_owned(), "`name` must be kebab-case");
    refuses(|said| said.phases.clear(), "`phases` has 0 items");
    refuses(|said| said.rules.clear(), "`rules` has 0 items");
    refuses(|said| said.matches.clear(), "`matches` has 0 items");
    refuses(|said| said.matches[0].operations.clear(), "`operations` has 0 items");
    refuses(|said| said.rules.push(said.rules[0].clone()), "the rule id `scale-below-quorum` stands twice");
    refuses(|said| said.rules[0].id = "a/b".to_owned(), "the rule id `a/b` must be kebab-case");
    refuses(|said| said.rules[0].id = "not-judged".to_owned(), "the rule id `not-judged` is the engine's");
    refuses(|said| said.matches[0].projections.object[0] = "spec".to_owned(), "`spec` is not a JSON pointer");
    refuses(|said| said.matches[0].projections.object[0] = "/a~2".to_owned(), "`/a~2` is not a JSON pointer");
    refuses(|said| said.settings_schema = "{".to_owned(), "`settings-schema` is not JSON");
    refuses(|said| said.settings_schema = r#"{"type": "objekt"}"#.to_owned(), "`settings-schema` is not a JSON Schema");
    refuses(
        |said| said.settings_schema = r#"{"$ref": "https://example.com/x"}"#.to_owned(),
        "`settings-schema` is not a JSON Schema",
    );
}

#[test]
fn matches_the_envelope_only() {
    let request = |sub: Option<&'static str>| Request {
        resource: GroupVersionResource { group: "apps".into(), resource: "statefulsets".into(), ..Default::default() },
        sub_resource: sub.map(Into::into),
        ..Request::new("u", Operation::Update)
    };
    let fits = |groups: &[&str], resources: &[&str], subs: &[&str], sub| {
        let description =
            checked(guest::Description { matches: vec![matches(groups, resources, subs)], ..said() }).unwrap();
        description.matching(&request(sub)).is_some()
    };
    assert!(fits(&["apps"], &["statefulsets"], &[], None));
    assert!(fits(&["*"], &["*"], &[], None));
    assert!(!fits(&["*"], &["*"], &[], Some("scale")));
    assert!(!fits(&["*"], &["*"], &["*"], None));
    assert!(fits(&["*"], &["*"], &["*"], Some("scale")));
    assert!(!fits(&["apps"], &["statefulsets"], &["status"], Some("scale")));
    assert!(!fits(&["autoscaling"], &["statefulsets"], &["scale"], Some("scale")));
    let description = checked(said()).unwrap();
    assert!(description.matching(&Request { operation: Operation::Delete, ..request(None) }).is_none());
}

#[test]
fn names_the_place_of_every_wrong_setting() {
    let description = checked(said()).unwrap();
    let error = check_schema(&description, &json!({"deletion": "maybe", "namespaces": {"db": 7}})).unwrap_err();
    let LoadError::Settings { problems, .. } = &error else { panic!("{error}") };
    assert_eq!(
        problems.iter().map(|problem| problem.path.as_str()).collect::<Vec<_>>(),
        ["/deletion", "/namespaces/db"]
    );
    let found = error.to_string();
    assert!(
        found.starts_with("the settings of policy `quorum-guard` are wrong: `/deletion`: \"maybe\" is not one of"),
        "{found}"
    );
    assert!(check_schema(&description, &json!({"deletion": "warn"})).is_ok());
}

#[test]
fn names_the_grant_that_is_missing_and_where_it_goes() {
    let description = checked(said()).unwrap();
    let imported = BTreeSet::from([PROVIDED.to_owned()]);
    let error = check_capabilities(&description, &imported, &Binding::default(), PROVIDED).unwrap_err();
    assert_eq!(
        error.to_string(),
        "policy `quorum-guard` asks for `weather`, which is not granted; add it to `policies.quorum-guard.capabilities` in the configuration"
    );
    let granted = Binding { capabilities: imported.clone(), ..Binding::default() };
    assert!(check_capabilities(&description, &imported, &granted, PROVIDED).is_ok());
    let undeclared = checked(guest::Description { capabilities: vec![], ..said() }).unwrap();
    assert!(matches!(
        check_capabilities(&undeclared, &imported, &granted, PROVIDED),
        Err(LoadError::Undeclared { .. })
    ));
    let unknown = checked(guest::Description { capabilities: vec!["network".to_owned()], ..said() }).unwrap();
    assert!(matches!(
        check_capabilities(&unknown, &BTreeSet::new(), &granted, PROVIDED),
        Err(LoadError::UnknownCapability { .. })
    ));
}
