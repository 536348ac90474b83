//! Every remedy of a denial, carried out on the case's own object and judged again: never the same rule's denial, and never a launch
//! that rqlited refuses by its own checks where the old one did not. A remedy that this file cannot carry out fails it.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test: what is not there fails it")]

use std::path::Path;

use bootstrap_expect_lock::BootstrapExpectLock;
use quorate_sdk::cases::{Case, load, render};
use rqlite::bootstrap::names_flag;
use rqlite::cluster::RqliteSet;
use rqlite::manifest::StatefulSet;
use serde_json::{Value, json};

const POLICY: &str = "bootstrap-expect-lock";

/// The findings that deny, each with its remedy.
fn denials(case: &Case) -> Vec<(String, String)> {
    let text = render(POLICY, &case.run_native::<BootstrapExpectLock>());
    let lines: Vec<&str> = text.lines().collect();
    let denial = |(at, line): (usize, &&str)| {
        let rule = line.strip_prefix("deny ")?.split(':').next()?;
        let remedy = lines.get(at + 1)?.strip_prefix("  remedy: ")?;
        Some((rule.to_owned(), remedy.to_owned()))
    };
    lines.iter().enumerate().filter_map(denial).collect()
}

fn again(case: &Case) -> Case {
    Case {
        directory: case.directory.clone(),
        rule: case.rule.clone(),
        name: case.name.clone(),
        review: case.review.clone(),
        parent: case.parent.clone(),
        parent_state: case.parent_state,
        facts: case.facts.clone(),
        settings: case.settings.clone(),
        mutates: case.mutates,
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    Some(rest.split_once(after).map_or(rest, |(inner, _)| inner))
}

fn number(text: &str) -> i64 {
    text.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap()
}

fn containers(object: &mut Value) -> &mut Vec<Value> {
    object["spec"]["template"]["spec"]["containers"].as_array_mut().unwrap()
}

/// Takes every word out that `is` says, with the value behind a flag that has none inline.
fn without(object: &mut Value, is: &dyn Fn(&str) -> bool) {
    for container in containers(object) {
        for list in ["command", "args"] {
            let Some(words) = container[list].as_array_mut() else { continue };
            let mut kept = Vec::new();
            let mut skip = false;
            for word in words.drain(..) {
                let text = word.as_str().unwrap().to_owned();
                if std::mem::take(&mut skip) && !text.starts_with('-') {
                    continue;
                }
                let out = is(&text);
                skip = out && text.starts_with('-') && !text.contains('=');
                if !out {
                    kept.push(word);
                }
            }
            *words = kept;
        }
    }
}

fn named(flag: &str) -> impl Fn(&str) -> bool + '_ {
    move |word| word.split('=').next() == flag.split(['=', ' ']).next()
}

/// The first word that is the flag, or may hold it, with the value behind it.
fn replaced(container: &mut Value, token: &str) -> bool {
    for list in ["command", "args"] {
        let Some(words) = container[list].as_array_mut() else { continue };
        let is = |word: &Value| word.as_str().is_some_and(|word| names_flag(word) || word.starts_with("$("));
        let Some(at) = words.iter().position(is) else { continue };
        if words[at].as_str().is_some_and(|word| names_flag(word) && !word.contains('=')) {
            words.remove(at + 1);
        }
        words[at] = json!(token);
        return true;
    }
    false
}

/// In the place of the flag, or of an argument that holds it; else in front of the args.
fn write(object: &mut Value, token: &str) {
    for container in containers(object) {
        if replaced(container, token) {
            continue;
        }
        let is_server = container["command"].as_array().is_some_and(|command| command.len() == 1);
        if container["args"].is_null() && (is_server || container["command"].is_null()) {
            container["args"] = json!([]);
        }
        match container["args"].as_array_mut() {
            Some(args) => args.insert(usize::from(args.first() == Some(&json!("rqlited"))), json!(token)),
            None => container["command"].as_array_mut().unwrap().insert(1, json!(token)),
        }
    }
}

/// What the request looks like after it, once for each of its ways; None: this test does not know the words.
fn carried_out(case: &Case, remedy: &str) -> Option<Vec<Case>> {
    let one = |edit: &dyn Fn(&mut Value, &Value)| {
        let mut changed = again(case);
        let request = &mut changed.review["request"];
        let old = request["oldObject"].clone();
        edit(&mut request["object"], &old);
        changed
    };
    let count = |count: i64| one(&move |object, _| object["spec"]["replicas"] = json!(count));
    let spelled = || between(remedy, "`-bootstrap-expect=", "`").map(|value| format!("-bootstrap-expect={value}"));
    let keeps_all = [
        "keep the launch",
        "keep the shell script",
        "keep the image",
        "keep ConfigMap",
        "keep Secret",
        "keep `",
        "keep 3 behind",
    ];
    if keeps_all.iter().any(|start| remedy.starts_with(start)) {
        return Some(vec![one(&|object, old| object["spec"]["template"] = old["spec"]["template"].clone())]);
    }
    if remedy.starts_with("keep the annotation") {
        return Some(vec![one(&|object, old| {
            object["metadata"]["annotations"] = old["metadata"]["annotations"].clone();
        })]);
    }
    if let Some((beside, kept)) = remedy.strip_prefix("leave `").and_then(|rest| rest.split_once("` out, and keep `")) {
        let kept = kept.trim_end_matches('`');
        return Some(vec![one(&|object, _| {
            without(object, &|word| named(beside)(word) || word.starts_with("-disco-config"));
            write(object, kept);
        })]);
    }
    if remedy.starts_with("leave it out") || remedy.starts_with("leave `-bootstrap-expect` out") {
        return Some(vec![one(&|object, _| without(object, &names_flag))]);
    }
    if let Some((beside, _)) = remedy.strip_prefix("leave `").and_then(|rest| rest.split_once("` out with")) {
        return Some(vec![one(&|object, _| without(object, &|word| names_flag(word) || named(beside)(word)))]);
    }
    if let Some((word, _)) = remedy.strip_prefix("leave `").and_then(|rest| rest.split_once("` out, or write")) {
        return Some(vec![one(&|object, _| without(object, &|other| other == word))]);
    }
    if let Some(rest) = remedy.strip_prefix("add it and `") {
        let then = number(between(rest, "then scale to ", " ").unwrap());
        let first = count(1);
        let mut grown = again(case);
        let request = &mut grown.review["request"];
        request["oldObject"] = first.review["request"]["object"].clone();
        request["object"] = first.review["request"]["object"].clone();
        request["object"]["spec"]["replicas"] = json!(then);
        return Some(vec![first, grown]);
    }
    if let Some(rest) = remedy.strip_prefix("let ConfigMap ") {
        let (name, key) = (between(rest, "", ", key ").unwrap(), between(rest, ", key ", " hold").unwrap());
        let mut known = again(case);
        let mut facts: Value = serde_json::from_str(&known.facts).unwrap();
        facts["configMaps"][name][key] = json!(between(rest, "hold `", "`").unwrap());
        known.facts = facts.to_string();
        return Some(vec![known]);
    }
    if remedy.starts_with("create it with the ordinals that have data") {
        let facts: Value = serde_json::from_str(&case.facts).unwrap();
        let bound =
            facts["pvcs"].as_array().into_iter().flatten().filter(|claim| claim["bound"] == json!(true)).count();
        let standing = facts["pods"].as_array().map_or(0, Vec::len);
        return Some(vec![count(i64::try_from(bound.max(standing)).unwrap())]);
    }
    let to = ["create it with replicas ", "set replicas to ", "scale to "];
    if let Some(rest) = to.iter().find_map(|start| remedy.strip_prefix(start)) {
        let alternative = spelled().map(|token| one(&|object, _| write(object, &token)));
        return Some(std::iter::once(count(number(rest))).chain(alternative).collect());
    }
    if ["write ", "repair it with the number of replicas"].iter().any(|start| remedy.starts_with(start)) {
        let token = spelled()?;
        return Some(vec![one(&|object, _| write(object, &token))]);
    }
    None
}

/// Of the first container that rqlited itself would refuse.
fn refused(object: &Value) -> Option<String> {
    let set: StatefulSet = serde_json::from_value(object.clone()).ok()?;
    let nodes = RqliteSet::recognise(&set)?.nodes;
    nodes.iter().find_map(|node| Some(node.launch.line.as_ref()?.error.as_ref()?.message.clone()))
}

#[test]
fn no_remedy_ends_in_the_same_denial_or_in_an_exit_of_rqlited() {
    let mut failures = Vec::new();
    let mut carried = 0;
    for case in load(Path::new(env!("CARGO_MANIFEST_DIR"))) {
        for (rule, remedy) in denials(&case) {
            // Another volume is storage-guard's to judge.
            if remedy.starts_with("give the data's claim template") {
                continue;
            }
            let Some(ways) = carried_out(&case, &remedy) else {
                failures.push(format!("{}: not known how to carry out: {remedy}", case.name));
                continue;
            };
            for way in ways {
                carried += 1;
                if denials(&way).iter().any(|(again, _)| *again == rule) {
                    failures.push(format!("{}: denied again after: {remedy}: {:?}", case.name, denials(&way)));
                }
                let request = &case.review["request"];
                let before = [&request["oldObject"], &request["object"]].map(refused);
                let refusal = refused(&way.review["request"]["object"]);
                if let Some(message) = refusal.filter(|message| !before.contains(&Some(message.clone()))) {
                    failures.push(format!("{}: rqlited exits after: {remedy}: {message}", case.name));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{} of {carried}\n{}", failures.len(), failures.join("\n"));
    assert!(carried > 100, "{carried} remedies were carried out");
}
