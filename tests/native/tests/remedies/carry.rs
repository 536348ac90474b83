//! How the steps that take more than an edit are carried out. What remedy names which is in `steps.rs`.

use quorate_native_tests::evaluate::Finding;
use quorate_native_tests::evaluation_input::EvaluationInput;
use serde_json::{Value, json};

use crate::edit::{
    annotated, asked, containers, first_ordinal, from_count, object, old, own_pods, running, set_name, with_count,
};
use crate::launch::{kept_with_image, out_of_variables, without_flag};
use crate::membership::{back, claims_deleted, led, own_without, removed, seen_without};
use crate::phrase::{names, number, quoted};

pub(crate) fn last_number(words: &str) -> Option<i64> {
    number(words.rsplit("scale to ").next()?)
}

/// `scale to 3, remove a-3 and a-4 from the cluster, then go on`: the rest is asked for from there.
pub(crate) fn go_on(
    before: &EvaluationInput,
    _: &EvaluationInput,
    words: &str,
    _: &Finding,
) -> Option<EvaluationInput> {
    if !words.ends_with("then go on") {
        return None;
    }
    let gone = leaving_names(before, words, "remove ", " from the cluster");
    let at = from_count(before, number(words)?);
    Some(if before.facts["membership"].is_array() { removed(&at, &gone) } else { seen_without(&at, &gone) })
}

/// The names that are told; where they are not all told, all that leave.
pub(crate) fn leaving_names(input: &EvaluationInput, words: &str, from: &str, to: &str) -> Vec<String> {
    let told = names(words, from, to);
    if !told.is_empty() && !told.iter().any(|name| name == "more" || name == "nodes" || name == "what") {
        return told;
    }
    let stays =
        usize::try_from(number(words).filter(|_| words.starts_with("scale to")).unwrap_or_else(|| asked(input)))
            .unwrap_or(0);
    own_pods(input).into_iter().skip(stays).collect()
}

/// `to go lower remove a-2 and give the membership (…)`: from the target that was named before.
pub(crate) fn lower(input: &EvaluationInput, words: &str, finding: &Finding) -> Option<EvaluationInput> {
    let at = from_count(input, number(&finding.remedy)?);
    Some(seen_without(
        &at,
        &leaving_names(input, words, "remove ", " and g").into_iter().filter(|name| name != "let").collect::<Vec<_>>(),
    ))
}

pub(crate) fn at_zero(input: &EvaluationInput, _: &str, _: &Finding) -> Option<EvaluationInput> {
    let mut input = with_count(input, 0);
    input.review["request"]["oldObject"]["spec"]["replicas"] = json!(0);
    input.facts["pods"] = json!([]);
    Some(input)
}

/// The ordinals that have a claim that is bound; of a set without claims, those that run.
pub(crate) fn ordinals_of_claims(input: &EvaluationInput, _: &str, _: &Finding) -> Option<EvaluationInput> {
    let name = format!("{}-", set_name(input));
    let of = |key: &str| input.facts[key].as_array().into_iter().flatten().filter(|known| known["bound"] != false);
    let any = if of("pvcs").next().is_some() { "pvcs" } else { "pods" };
    let known = of(any).filter_map(|known| known["name"].as_str());
    let mut ordinals: Vec<i64> = known.filter_map(|known| known.rsplit_once(&name)?.1.parse().ok()).collect();
    ordinals.sort_unstable();
    between(input, *ordinals.first()?, *ordinals.last()?)
}

fn between(input: &EvaluationInput, first: i64, last: i64) -> Option<EvaluationInput> {
    let object = &input.review["request"]["object"];
    let start = if object["kind"] == "StatefulSet" {
        object["spec"]["ordinals"]["start"].as_i64().unwrap_or(0)
    } else {
        first_ordinal(input)
    };
    let moved = if first == start { input.clone() } else { with_start(input, first)? };
    Some(with_count(&moved, last - first + 1))
}

/// `… (0-4), then grow`
pub(crate) fn old_ordinals(input: &EvaluationInput, words: &str) -> Option<EvaluationInput> {
    let range = words.split_once('(')?.1.split_once(')')?.0;
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    between(input, first.parse().ok()?, last.parse().ok()?)
}

pub(crate) fn back_to(input: &EvaluationInput, pods: &[String]) -> Option<EvaluationInput> {
    let mut ordinals: Vec<i64> = pods.iter().filter_map(|pod| pod.rsplit_once('-')?.1.parse().ok()).collect();
    ordinals.sort_unstable();
    between(input, *ordinals.first()?, *ordinals.last()?)
}

pub(crate) fn with_start(input: &EvaluationInput, start: i64) -> Option<EvaluationInput> {
    let mut input = input.clone();
    if object(&mut input)["kind"] == "Scale" {
        // A Scale has no ordinals: the set is updated.
        let set = input.related.found().cloned()?;
        let mut new = set.clone();
        new["spec"]["replicas"] = object(&mut input)["spec"]["replicas"].clone();
        new["kind"] = json!("StatefulSet");
        let settings = input.settings.clone();
        input = EvaluationInput { settings, ..EvaluationInput::update(&set, &new, &input.facts) };
    }
    object(&mut input)["spec"]["ordinals"] = json!({ "start": start });
    Some(input)
}

/// Of those that the remedy would have brought back: they are removed, or left out of `peers.json`.
pub(crate) fn gone_for_good(input: &EvaluationInput, _: &str, finding: &Finding) -> Option<EvaluationInput> {
    Some(led(&removed(input, &names(&finding.remedy, "bring ", " back"))))
}

/// `peers.json` lists the set's own pods that survive.
pub(crate) fn recovered(input: &EvaluationInput, _: &str, finding: &Finding) -> Option<EvaluationInput> {
    Some(own_without(input, &names(&finding.remedy, "bring ", " back")))
}

/// All ordinals from the first of these to the last.
pub(crate) fn between_names(told: &[String]) -> Vec<String> {
    let parts: Vec<(&str, i64)> = told
        .iter()
        .filter_map(|name| name.rsplit_once('-'))
        .filter_map(|(set, n)| Some((set, n.parse().ok()?)))
        .collect();
    let (Some((set, first)), Some((_, last))) = (parts.first(), parts.last()) else { return Vec::new() };
    (*first..=*last).map(|ordinal| format!("{set}-{ordinal}")).collect()
}

/// These pods are back: they run, their nodes answer and are members again.
pub(crate) fn returned(input: &EvaluationInput, pods: &[String]) -> EvaluationInput {
    let mut after = back(input, pods);
    if !input.facts["membership"].is_array() {
        after.facts.as_object_mut().expect("an object").remove("membership");
        after.facts.as_object_mut().expect("an object").remove("leader");
    }
    for pod in pods {
        if let Some(listed) = after.facts["membership"].as_array_mut()
            && !listed.iter().any(|entry| {
                entry["id"] == **pod || entry["addr"].as_str().is_some_and(|addr| addr.starts_with(pod.as_str()))
            })
        {
            listed.push(json!({ "id": pod, "addr": format!("{pod}.x:4002"), "voter": true, "reachable": true, "leader": false }));
        }
        if let Some(known) = after.facts["pods"].as_array_mut() {
            known.retain(|known| known["name"] != **pod);
            known.push(json!({ "name": pod, "ready": true, "terminating": false, "nodeId": pod }));
        }
        if let Some(leaving) = after.facts["leaving"].as_array_mut() {
            leaving.retain(|known| known["name"] != **pod);
        }
    }
    after
}

/// Removed, its claim and pod deleted: the pod comes back blank and joins as a new node.
pub(crate) fn gone_and_blank(input: &EvaluationInput, finding: &Finding) -> Option<EvaluationInput> {
    let told = names(&finding.remedy, "wait until ", " back");
    let gone: Vec<String> = told.into_iter().filter(|name| name != "is" && name != "are").collect();
    (!gone.is_empty()).then(|| returned(&claims_deleted(&removed(input, &gone), &gone), &gone))
}

/// `verify that a-3 left the cluster and delete the claims; then scale to 2 (a-0 to a-1), …`
pub(crate) fn scaled_then(input: &EvaluationInput, words: &str, finding: &Finding) -> Option<EvaluationInput> {
    let before = claims_deleted(input, &names(&finding.remedy, "that ", " left"));
    back_to(&before, &names(&words.replace(" to ", ", "), "(", ")"))
}

/// The ordinals that run, and all that still have pods.
pub(crate) fn back_up(input: &EvaluationInput) -> EvaluationInput {
    let mut up = with_count(input, MOST_BACK);
    if object(&mut up)["kind"] == "StatefulSet" {
        let start = old(input)["spec"]["ordinals"].clone();
        object(&mut up)["spec"]["ordinals"] = start;
    }
    up
}

/// No case has more pods.
const MOST_BACK: i64 = 9;

/// Every pod has the new template, and the controller has seen it.
pub(crate) fn rolled_out(input: &EvaluationInput) -> EvaluationInput {
    let mut input = input.clone();
    if let Some(set) = input.related.found_mut() {
        let (generation, count, revision) = (
            set["metadata"]["generation"].clone(),
            set["spec"]["replicas"].clone(),
            set["status"]["updateRevision"].clone(),
        );
        let status = &mut set["status"];
        (status["observedGeneration"], status["updatedReplicas"]) = (generation, count);
        if !revision.is_null() {
            status["currentRevision"] = revision;
        }
    }
    input
}

/// The leader whose quorum is gone steps down.
pub(crate) fn stepped_down(input: &EvaluationInput) -> EvaluationInput {
    let mut input = input.clone();
    input.facts["leader"] = Value::Null;
    for entry in input.facts["membership"].as_array_mut().into_iter().flatten() {
        entry["leader"] = json!(false);
    }
    input
}

/// The annotation names the container whose launch says `rqlited`, else the first.
pub(crate) fn named_as_started(input: &EvaluationInput) -> Option<EvaluationInput> {
    let mut after = input.review["request"]["object"].clone();
    let all: Vec<Value> = containers(&mut after).into_iter().map(|container| container.clone()).collect();
    let starts = |container: &&Value| {
        let text = format!("{}{}{}", container["command"], container["args"], container["image"]);
        text.contains("rqlite") || text.contains("bootstrap-expect")
    };
    let named = all.iter().find(starts).or_else(|| all.first())?;
    Some(annotated(input, "quorate.dev/container", named["name"].as_str()))
}

/// `let ConfigMap NAME, key KEY hold `VALUE``
pub(crate) fn config_map_holds(input: &EvaluationInput, words: &str) -> Option<EvaluationInput> {
    let (name, rest) = words.strip_prefix("let ConfigMap ")?.split_once(", key ")?;
    let (key, _) = rest.split_once(" hold ")?;
    let mut input = input.clone();
    input.facts["configMaps"][name][key] = json!(quoted(words, 0)?);
    Some(input)
}

/// Both sides' ConfigMaps hold the same.
pub(crate) fn both_known(input: &EvaluationInput) -> EvaluationInput {
    let mut input = input.clone();
    let mut maps = Vec::new();
    for side in ["oldObject", "object"] {
        let mut set = input.review["request"][side].clone();
        for container in containers(&mut set) {
            for entry in container["env"].as_array().into_iter().flatten() {
                let of = &entry["valueFrom"]["configMapKeyRef"];
                maps.extend(
                    of["name"].as_str().zip(of["key"].as_str()).map(|(name, key)| (name.to_owned(), key.to_owned())),
                );
                let secret = &entry["valueFrom"]["secretKeyRef"];
                maps.extend(
                    secret["name"]
                        .as_str()
                        .zip(secret["key"].as_str())
                        .map(|(name, key)| (name.to_owned(), key.to_owned())),
                );
            }
            for source in container["envFrom"].as_array().into_iter().flatten() {
                for key in ["RQFLAGS", "VOTERS", "F1"] {
                    maps.extend(source["configMapRef"]["name"].as_str().map(|name| (name.to_owned(), key.to_owned())));
                }
            }
        }
    }
    for (name, key) in maps {
        input.facts["configMaps"][name][&key] =
            json!(if key.contains("lag") || key.contains("FLAG") { "-bootstrap-expect=3" } else { "3" });
    }
    input
}

pub(crate) fn without_discovery(input: &EvaluationInput) -> EvaluationInput {
    let flags = ["disco-mode", "disco-config", "disco-key"];
    flags.iter().fold(input.clone(), |input, flag| without_flag(&input, flag))
}

/// Without that argument, or that word of a script or of a literal variable.
pub(crate) fn without_word(input: &EvaluationInput, word: &str) -> Option<EvaluationInput> {
    let mut input = input.clone();
    for container in containers(object(&mut input)) {
        for list in ["command", "args"] {
            let Some(words) = container[list].as_array_mut() else { continue };
            words.retain(|known| known != word);
            for script in words.iter_mut() {
                if let Some(text) = script.as_str().filter(|text| !text.starts_with('-')) {
                    *script = json!(text.split(' ').filter(|part| *part != word).collect::<Vec<_>>().join(" "));
                }
            }
        }
        out_of_variables(container, &|part| part == word);
    }
    Some(input)
}

/// No pod is on its way, and the controller has seen all.
pub(crate) fn finished(input: &EvaluationInput) -> EvaluationInput {
    let count = running(input)["spec"]["replicas"].as_i64().unwrap_or(1);
    let mut input = from_count(input, count);
    let finish = |set: &mut Value| {
        if set["status"].is_object() {
            set["status"]["observedGeneration"] = set["metadata"]["generation"].clone();
        }
    };
    finish(&mut input.review["request"]["oldObject"]);
    input.related.found_mut().into_iter().for_each(finish);
    input
}

pub(crate) fn retained(input: &EvaluationInput) -> EvaluationInput {
    let mut input = input.clone();
    let retain = |set: &mut Value| {
        if set["spec"]["template"].is_object() {
            set["spec"]["persistentVolumeClaimRetentionPolicy"]["whenScaled"] = json!("Retain");
        }
    };
    retain(&mut input.review["request"]["oldObject"]);
    retain(&mut input.review["request"]["object"]);
    input.related.found_mut().into_iter().for_each(retain);
    input
}

/// The node whose claim is deleted is in the configuration no more.
pub(crate) fn node_removed(input: &EvaluationInput) -> Option<EvaluationInput> {
    let claim = input.review["request"]["name"].as_str()?;
    let sets = input.related.found()?["items"].as_array()?;
    let pod_of = |set: &Value| {
        let name = set["metadata"]["name"].as_str()?;
        claim
            .rsplit_once(&format!("-{name}-"))
            .map(|(_, ordinal)| (name.to_owned(), format!("{name}-{ordinal}"), set.clone()))
    };
    let (name, pod, set) = sets.iter().find_map(pod_of)?;
    if let Some(listed) = input.facts["membership"].as_array() {
        let gone = removed(input, std::slice::from_ref(&pod));
        if gone.facts["membership"] != input.facts["membership"] {
            return Some(gone);
        }
        // Its node goes by another name: one that no pod has.
        let pods = (0..9).map(|ordinal| format!("{name}-{ordinal}")).collect::<Vec<_>>();
        let unmatched =
            listed.iter().filter_map(|entry| entry["id"].as_str()).find(|id| !pods.iter().any(|pod| pod == id))?;
        return Some(removed(input, &[unmatched.to_owned()]));
    }
    let mut input = input.clone();
    let own = (0..set["spec"]["replicas"].as_i64().unwrap_or(1))
        .map(|ordinal| format!("{name}-{ordinal}"))
        .filter(|own| *own != pod);
    let member = |own: String| json!({ "id": own, "addr": format!("{own}.x:4002"), "voter": true, "reachable": true, "leader": false });
    input.facts["membership"] = own.map(member).collect();
    input.facts["leader"] = Value::Null;
    Some(removed(&led(&input), &[pod]))
}

pub(crate) fn template_renamed(input: &EvaluationInput, _: &str, _: &Finding) -> Option<EvaluationInput> {
    let mut input = input.clone();
    let suffix = format!("-{}-", set_name(&input));
    let claim = input.facts["pvcs"][0]["name"].as_str()?.rsplit_once(&suffix)?.0.to_owned();
    let set = object(&mut input);
    let template = set["spec"]["volumeClaimTemplates"][0]["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    if template.is_empty() {
        set["spec"]["volumeClaimTemplates"] = json!([{ "metadata": { "name": claim }, "spec": {} }]);
    } else {
        set["spec"]["volumeClaimTemplates"][0]["metadata"]["name"] = json!(claim);
    }
    for container in containers(set) {
        for mount in container["volumeMounts"].as_array_mut().into_iter().flatten() {
            if mount["name"] == *template || template.is_empty() {
                mount["name"] = json!(claim);
            }
        }
    }
    Some(input)
}

/// The annotation names the container of the new object that stands where the old one's rqlite did.
pub(crate) fn annotated_as_it_ran(input: &EvaluationInput) -> Option<EvaluationInput> {
    let mut before = old(input).clone();
    let names: Vec<Value> = containers(&mut before).into_iter().map(|container| container["name"].clone()).collect();
    let mut after = input.review["request"]["object"].clone();
    let new: Vec<Value> = containers(&mut after).into_iter().map(|container| container["name"].clone()).collect();
    let named = names.iter().find(|name| new.contains(name)).or_else(|| new.first())?;
    Some(annotated(input, "quorate.dev/container", named.as_str()))
}

/// Keeps the launch that the old object had. To keep the flag where it stands, word for word, already helps nobody: then something else
/// changed, which the remedy has to name.
pub(crate) fn expect_kept(input: &EvaluationInput, words: &str) -> Option<EvaluationInput> {
    let token = quoted(words, 0)?;
    let mut after = input.review["request"]["object"].clone();
    let there = containers(&mut after).into_iter().any(|container| {
        let same = |list: &str| container[list].as_array().into_iter().flatten().any(|word| word == token);
        same("command") || same("args")
    });
    (!there || words != format!("keep `{token}`")).then(|| kept_with_image(input))
}

/// The annotation that a finding is about.
pub(crate) fn key_of(finding: &Finding) -> Option<String> {
    let text = format!("{} {}", finding.field, finding.message);
    let from = text.find("quorate.dev/")?;
    Some(text[from..].split(['`', ']', '"', ' ', ':', '=']).next()?.to_owned())
}

pub(crate) fn secret_in_place(input: &EvaluationInput) -> EvaluationInput {
    let mut input = input.clone();
    let of = |source: &Value| json!({ "secretName": source["name"], "items": source["items"] });
    for volume in object(&mut input)["spec"]["template"]["spec"]["volumes"].as_array_mut().into_iter().flatten() {
        if volume["configMap"].is_object() {
            let mut secret = of(&volume["configMap"]);
            secret.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
            *volume = json!({ "name": volume["name"], "secret": secret });
        }
        for source in volume["projected"]["sources"].as_array_mut().into_iter().flatten() {
            if source["configMap"].is_object() {
                *source = json!({ "secret": source["configMap"] });
            }
        }
    }
    input
}

/// A Secret mounted where the file of the finding is looked for.
pub(crate) fn mounted(input: &EvaluationInput, finding: &Finding) -> Option<EvaluationInput> {
    let mut input = input.clone();
    let token = (0..3).find_map(|n| quoted(&finding.message, n).filter(|text| text.contains("=/")))?;
    let directory = token.split_once('=')?.1.rsplit_once('/')?.0.to_owned();
    let set = object(&mut input);
    let volumes = &mut set["spec"]["template"]["spec"]["volumes"];
    if !volumes.is_array() {
        *volumes = json!([]);
    }
    volumes.as_array_mut()?.push(json!({ "name": "remedy", "secret": { "secretName": "remedy" } }));
    for container in containers(set) {
        if !container["volumeMounts"].is_array() {
            container["volumeMounts"] = json!([]);
        }
        let mounts = container["volumeMounts"].as_array_mut()?;
        mounts.retain(|mount| mount["mountPath"].as_str().is_none_or(|path| !path.starts_with(&directory)));
        mounts.push(json!({ "name": "remedy", "mountPath": directory, "readOnly": true }));
    }
    Some(input)
}
