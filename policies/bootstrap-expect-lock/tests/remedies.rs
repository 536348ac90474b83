//! Every remedy of a denial, carried out on the case's own object and judged again: never the same rule's denial, and never a launch
//! that rqlited refuses by its own checks where the old one did not. A remedy that this file cannot carry out fails it.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test: what is not there fails it")]

use std::path::Path;

use bootstrap_expect_lock::BootstrapExpectLock;
use kubernetes::manifest::StatefulSet;
use quorate_cases::{Case, load};
use rqlite::bootstrap::names_flag;
use rqlite::cluster::RqliteSet;
use serde_json::{Value, json};

/// The findings that deny, each with its remedy.
fn denials(case: &Case) -> Vec<(String, String)> {
    let ran = case.run_native::<BootstrapExpectLock>();
    ran.denials().map(|finding| (finding.rule.clone(), finding.remedy.clone())).collect()
}

fn number(text: &str) -> i64 {
    text.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap()
}

/// The containers, native sidecars too.
fn containers(object: &mut Value) -> impl Iterator<Item = &mut Value> {
    let Some(pod) = object["spec"]["template"]["spec"].as_object_mut() else { panic!("a set without a pod template") };
    let lists = pod.iter_mut().filter(|(key, _)| ["containers", "initContainers"].contains(&key.as_str()));
    lists.flat_map(|(_, list)| list.as_array_mut().unwrap())
}

/// Out of the words of a script, and of the literal entries of the environment; an entry that holds nothing any more is passed no more.
fn in_texts(container: &mut Value, is: &dyn Fn(&str) -> bool) {
    let stripped = |text: &str| json!(text.split(' ').filter(|word| !is(word)).collect::<Vec<_>>().join(" "));
    let mut empty = Vec::new();
    for entry in container["env"].as_array_mut().into_iter().flatten() {
        let Some(text) = entry["value"].as_str().filter(|text| !text.is_empty()) else { continue };
        entry["value"] = stripped(text);
        if entry["value"] == "" {
            empty.push(format!("$({})", entry["name"].as_str().unwrap()));
        }
    }
    for list in ["command", "args"] {
        let Some(words) = container[list].as_array_mut() else { continue };
        words.retain(|word| !empty.iter().any(|gone| word == gone));
        for word in words {
            if let Some(script) = word.as_str().filter(|text| text.contains(' ') && !text.starts_with('-')) {
                *word = stripped(script);
            }
        }
    }
}

/// Takes every word out that `is` says, with the value behind a flag that has none inline.
fn without(object: &mut Value, is: &dyn Fn(&str) -> bool) {
    for container in containers(object) {
        in_texts(container, is);
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

/// The request with another object.
fn edited(case: &Case, edit: &dyn Fn(&mut Value, &Value)) -> Case {
    let mut changed = case.clone();
    let request = &mut changed.review["request"];
    let old = request["oldObject"].clone();
    edit(&mut request["object"], &old);
    changed
}

fn with_count(case: &Case, count: i64) -> Case {
    edited(case, &|object, _| object["spec"]["replicas"] = json!(count))
}

/// What the request looks like after it, once for each of its ways; None: this test does not know the words.
fn carried_out(case: &Case, remedy: &str) -> Option<Vec<Case>> {
    kept(case, remedy)
        .or_else(|| left_out(case, remedy))
        .or_else(|| in_two_steps(case, remedy))
        .or_else(|| in_the_config_map(case, remedy))
        .map(|one| vec![one])
        .or_else(|| discovered_first(case, remedy))
        .or_else(|| counted_or_written(case, remedy))
}

fn kept(case: &Case, remedy: &str) -> Option<Case> {
    if remedy.starts_with("keep the annotation") {
        return Some(edited(case, &|object, old| {
            object["metadata"]["annotations"] = old["metadata"]["annotations"].clone();
        }));
    }
    let starts = ["the launch", "the shell script", "the image", "ConfigMap", "Secret", "file", "`", "3 behind"];
    let keeps = starts.iter().any(|what| remedy.strip_prefix("keep ").is_some_and(|rest| rest.starts_with(what)));
    keeps.then(|| edited(case, &|object, old| object["spec"]["template"] = old["spec"]["template"].clone()))
}

fn left_out(case: &Case, remedy: &str) -> Option<Case> {
    if remedy.starts_with("leave it out") || remedy.starts_with("leave `-bootstrap-expect` out") {
        return Some(edited(case, &|object, _| without(object, &names_flag)));
    }
    let quoted = remedy.strip_prefix("leave `")?;
    if let Some((beside, _)) = quoted.split_once("` out with") {
        return Some(edited(case, &|object, _| without(object, &|word| names_flag(word) || named(beside)(word))));
    }
    let (word, _) = quoted.split_once("` out").filter(|(_, then)| !then.starts_with(", and keep"))?;
    Some(edited(case, &|object, _| without(object, &|other| other == word)))
}

fn in_two_steps(case: &Case, remedy: &str) -> Option<Case> {
    let (beside, kept) = remedy.strip_prefix("leave `")?.split_once("` out, and keep `")?;
    Some(edited(case, &|object, _| {
        without(object, &|word| named(beside)(word) || word.starts_with("-disco-config"));
        write(object, kept.trim_end_matches('`'));
    }))
}

fn in_the_config_map(case: &Case, remedy: &str) -> Option<Case> {
    let (name, rest) = remedy.strip_prefix("let ConfigMap ")?.split_once(", key ")?;
    let (key, text) = rest.split_once(" hold `")?;
    let mut known = case.clone();
    let mut facts: Value = serde_json::from_str(&known.facts).unwrap();
    facts["configMaps"][name][key] = json!(text.split('`').next());
    known.facts = facts.to_string();
    Some(known)
}

/// At one replica, and then with the others.
fn discovered_first(case: &Case, remedy: &str) -> Option<Vec<Case>> {
    let (_, then) = remedy.strip_prefix("add it and `")?.split_once("then scale to ")?;
    let first = with_count(case, 1);
    let mut grown = with_count(case, number(then));
    grown.review["request"]["oldObject"] = first.review["request"]["object"].clone();
    Some(vec![first, grown])
}

fn counted_or_written(case: &Case, remedy: &str) -> Option<Vec<Case>> {
    if remedy.starts_with("create it with the ordinals that have data") {
        let facts: Value = serde_json::from_str(&case.facts).unwrap();
        let claims = facts["pvcs"].as_array().into_iter().flatten();
        let bound = claims.filter(|claim| claim["bound"] == json!(true)).count();
        let standing = facts["pods"].as_array().map_or(0, Vec::len);
        return Some(vec![with_count(case, i64::try_from(bound.max(standing)).unwrap())]);
    }
    let spelled = remedy.split_once("`-bootstrap-expect=").and_then(|(_, rest)| rest.split('`').next());
    let token = spelled.map(|value| format!("-bootstrap-expect={value}"));
    let written = token.map(|token| edited(case, &|object, _| write(object, &token)));
    let to = ["create it with replicas ", "set replicas to ", "scale to "];
    if let Some(rest) = to.iter().find_map(|start| remedy.strip_prefix(start)) {
        let held = remedy.split_once(", or ").and_then(|(_, other)| in_the_config_map(case, other));
        return Some(std::iter::once(with_count(case, number(rest))).chain(held.or(written)).collect());
    }
    let writes = ["write ", "repair it with the number of replicas"];
    writes.iter().any(|start| remedy.starts_with(start)).then(|| written.into_iter().collect())
}

/// Of the first container that rqlited itself would refuse.
fn refused(object: &Value) -> Option<String> {
    let set: StatefulSet = serde_json::from_value(object.clone()).ok()?;
    let nodes = RqliteSet::detect(&set)?.nodes;
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
