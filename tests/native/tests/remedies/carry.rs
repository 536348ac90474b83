//! How the steps that take more than an edit are carried out. What remedy names which is in `steps.rs`.

use quorate_native_tests::evaluate::Finding;
use quorate_native_tests::world::World;
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
pub(crate) fn go_on(before: &World, _: &World, words: &str, _: &Finding) -> Option<World> {
    if !words.ends_with("then go on") {
        return None;
    }
    let gone = leaving_names(before, words, "remove ", " from the cluster");
    let at = from_count(before, number(words)?);
    Some(if before.facts["membership"].is_array() { removed(&at, &gone) } else { seen_without(&at, &gone) })
}

/// The names that are told; where they are not all told, all that leave.
pub(crate) fn leaving_names(world: &World, words: &str, from: &str, to: &str) -> Vec<String> {
    let told = names(words, from, to);
    if !told.is_empty() && !told.iter().any(|name| name == "more" || name == "nodes" || name == "what") {
        return told;
    }
    let stays =
        usize::try_from(number(words).filter(|_| words.starts_with("scale to")).unwrap_or_else(|| asked(world)))
            .unwrap_or(0);
    own_pods(world).into_iter().skip(stays).collect()
}

/// `to go lower remove a-2 and give the membership (…)`: from the target that was named before.
pub(crate) fn lower(world: &World, words: &str, finding: &Finding) -> Option<World> {
    let at = from_count(world, number(&finding.remedy)?);
    Some(seen_without(
        &at,
        &leaving_names(world, words, "remove ", " and g").into_iter().filter(|name| name != "let").collect::<Vec<_>>(),
    ))
}

pub(crate) fn at_zero(world: &World, _: &str, _: &Finding) -> Option<World> {
    let mut world = with_count(world, 0);
    world.review["request"]["oldObject"]["spec"]["replicas"] = json!(0);
    world.facts["pods"] = json!([]);
    Some(world)
}

/// The ordinals that have a claim that is bound; of a set without claims, those that run.
pub(crate) fn ordinals_of_claims(world: &World, _: &str, _: &Finding) -> Option<World> {
    let name = format!("{}-", set_name(world));
    let of = |key: &str| world.facts[key].as_array().into_iter().flatten().filter(|known| known["bound"] != false);
    let any = if of("pvcs").next().is_some() { "pvcs" } else { "pods" };
    let known = of(any).filter_map(|known| known["name"].as_str());
    let mut ordinals: Vec<i64> = known.filter_map(|known| known.rsplit_once(&name)?.1.parse().ok()).collect();
    ordinals.sort_unstable();
    between(world, *ordinals.first()?, *ordinals.last()?)
}

fn between(world: &World, first: i64, last: i64) -> Option<World> {
    let object = &world.review["request"]["object"];
    let start = if object["kind"] == "StatefulSet" {
        object["spec"]["ordinals"]["start"].as_i64().unwrap_or(0)
    } else {
        first_ordinal(world)
    };
    let moved = if first == start { world.clone() } else { with_start(world, first)? };
    Some(with_count(&moved, last - first + 1))
}

/// `… (0-4), then grow`
pub(crate) fn old_ordinals(world: &World, words: &str) -> Option<World> {
    let range = words.split_once('(')?.1.split_once(')')?.0;
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    between(world, first.parse().ok()?, last.parse().ok()?)
}

pub(crate) fn back_to(world: &World, pods: &[String]) -> Option<World> {
    let mut ordinals: Vec<i64> = pods.iter().filter_map(|pod| pod.rsplit_once('-')?.1.parse().ok()).collect();
    ordinals.sort_unstable();
    between(world, *ordinals.first()?, *ordinals.last()?)
}

pub(crate) fn with_start(world: &World, start: i64) -> Option<World> {
    let mut world = world.clone();
    if object(&mut world)["kind"] == "Scale" {
        // A Scale has no ordinals: the set is updated.
        let set = world.related.found().cloned()?;
        let mut new = set.clone();
        new["spec"]["replicas"] = object(&mut world)["spec"]["replicas"].clone();
        new["kind"] = json!("StatefulSet");
        let settings = world.settings.clone();
        world = World { settings, ..World::update(&set, &new, &world.facts) };
    }
    object(&mut world)["spec"]["ordinals"] = json!({ "start": start });
    Some(world)
}

/// Of those that the remedy would have brought back: they are removed, or left out of `peers.json`.
pub(crate) fn gone_for_good(world: &World, _: &str, finding: &Finding) -> Option<World> {
    Some(led(&removed(world, &names(&finding.remedy, "bring ", " back"))))
}

/// `peers.json` lists the set's own pods that survive.
pub(crate) fn recovered(world: &World, _: &str, finding: &Finding) -> Option<World> {
    Some(own_without(world, &names(&finding.remedy, "bring ", " back")))
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
pub(crate) fn returned(world: &World, pods: &[String]) -> World {
    let mut after = back(world, pods);
    if !world.facts["membership"].is_array() {
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
pub(crate) fn gone_and_blank(world: &World, finding: &Finding) -> Option<World> {
    let told = names(&finding.remedy, "wait until ", " back");
    let gone: Vec<String> = told.into_iter().filter(|name| name != "is" && name != "are").collect();
    (!gone.is_empty()).then(|| returned(&claims_deleted(&removed(world, &gone), &gone), &gone))
}

/// `verify that a-3 left the cluster and delete the claims; then scale to 2 (a-0 to a-1), …`
pub(crate) fn scaled_then(world: &World, words: &str, finding: &Finding) -> Option<World> {
    let before = claims_deleted(world, &names(&finding.remedy, "that ", " left"));
    back_to(&before, &names(&words.replace(" to ", ", "), "(", ")"))
}

/// The ordinals that run, and all that still have pods.
pub(crate) fn back_up(world: &World) -> World {
    let mut up = with_count(world, MOST_BACK);
    if object(&mut up)["kind"] == "StatefulSet" {
        let start = old(world)["spec"]["ordinals"].clone();
        object(&mut up)["spec"]["ordinals"] = start;
    }
    up
}

/// No case has more pods.
const MOST_BACK: i64 = 9;

/// Every pod has the new template, and the controller has seen it.
pub(crate) fn rolled_out(world: &World) -> World {
    let mut world = world.clone();
    if let Some(set) = world.related.found_mut() {
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
    world
}

/// The leader whose quorum is gone steps down.
pub(crate) fn stepped_down(world: &World) -> World {
    let mut world = world.clone();
    world.facts["leader"] = Value::Null;
    for entry in world.facts["membership"].as_array_mut().into_iter().flatten() {
        entry["leader"] = json!(false);
    }
    world
}

/// The annotation names the container whose launch says `rqlited`, else the first.
pub(crate) fn named_as_started(world: &World) -> Option<World> {
    let mut after = world.review["request"]["object"].clone();
    let all: Vec<Value> = containers(&mut after).into_iter().map(|container| container.clone()).collect();
    let starts = |container: &&Value| {
        let text = format!("{}{}{}", container["command"], container["args"], container["image"]);
        text.contains("rqlite") || text.contains("bootstrap-expect")
    };
    let named = all.iter().find(starts).or_else(|| all.first())?;
    Some(annotated(world, "quorate.dev/container", named["name"].as_str()))
}

/// `let ConfigMap NAME, key KEY hold `VALUE``
pub(crate) fn config_map_holds(world: &World, words: &str) -> Option<World> {
    let (name, rest) = words.strip_prefix("let ConfigMap ")?.split_once(", key ")?;
    let (key, _) = rest.split_once(" hold ")?;
    let mut world = world.clone();
    world.facts["configMaps"][name][key] = json!(quoted(words, 0)?);
    Some(world)
}

/// Both sides' ConfigMaps hold the same.
pub(crate) fn both_known(world: &World) -> World {
    let mut world = world.clone();
    let mut maps = Vec::new();
    for side in ["oldObject", "object"] {
        let mut set = world.review["request"][side].clone();
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
        world.facts["configMaps"][name][&key] =
            json!(if key.contains("lag") || key.contains("FLAG") { "-bootstrap-expect=3" } else { "3" });
    }
    world
}

pub(crate) fn without_discovery(world: &World) -> World {
    let flags = ["disco-mode", "disco-config", "disco-key"];
    flags.iter().fold(world.clone(), |world, flag| without_flag(&world, flag))
}

/// Without that argument, or that word of a script or of a literal variable.
pub(crate) fn without_word(world: &World, word: &str) -> Option<World> {
    let mut world = world.clone();
    for container in containers(object(&mut world)) {
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
    Some(world)
}

/// No pod is on its way, and the controller has seen all.
pub(crate) fn settled(world: &World) -> World {
    let count = running(world)["spec"]["replicas"].as_i64().unwrap_or(1);
    let mut world = from_count(world, count);
    let settle = |set: &mut Value| {
        if set["status"].is_object() {
            set["status"]["observedGeneration"] = set["metadata"]["generation"].clone();
        }
    };
    settle(&mut world.review["request"]["oldObject"]);
    world.related.found_mut().into_iter().for_each(settle);
    world
}

pub(crate) fn retained(world: &World) -> World {
    let mut world = world.clone();
    let retain = |set: &mut Value| {
        if set["spec"]["template"].is_object() {
            set["spec"]["persistentVolumeClaimRetentionPolicy"]["whenScaled"] = json!("Retain");
        }
    };
    retain(&mut world.review["request"]["oldObject"]);
    retain(&mut world.review["request"]["object"]);
    world.related.found_mut().into_iter().for_each(retain);
    world
}

/// The node whose claim is deleted is in the configuration no more.
pub(crate) fn node_removed(world: &World) -> Option<World> {
    let claim = world.review["request"]["name"].as_str()?;
    let sets = world.related.found()?["items"].as_array()?;
    let pod_of = |set: &Value| {
        let name = set["metadata"]["name"].as_str()?;
        claim
            .rsplit_once(&format!("-{name}-"))
            .map(|(_, ordinal)| (name.to_owned(), format!("{name}-{ordinal}"), set.clone()))
    };
    let (name, pod, set) = sets.iter().find_map(pod_of)?;
    if let Some(listed) = world.facts["membership"].as_array() {
        let gone = removed(world, std::slice::from_ref(&pod));
        if gone.facts["membership"] != world.facts["membership"] {
            return Some(gone);
        }
        // Its node goes by another name: one that no pod has.
        let pods = (0..9).map(|ordinal| format!("{name}-{ordinal}")).collect::<Vec<_>>();
        let stranger =
            listed.iter().filter_map(|entry| entry["id"].as_str()).find(|id| !pods.iter().any(|pod| pod == id))?;
        return Some(removed(world, &[stranger.to_owned()]));
    }
    let mut world = world.clone();
    let own = (0..set["spec"]["replicas"].as_i64().unwrap_or(1))
        .map(|ordinal| format!("{name}-{ordinal}"))
        .filter(|own| *own != pod);
    let member = |own: String| json!({ "id": own, "addr": format!("{own}.x:4002"), "voter": true, "reachable": true, "leader": false });
    world.facts["membership"] = own.map(member).collect();
    world.facts["leader"] = Value::Null;
    Some(removed(&led(&world), &[pod]))
}

pub(crate) fn template_renamed(world: &World, _: &str, _: &Finding) -> Option<World> {
    let mut world = world.clone();
    let suffix = format!("-{}-", set_name(&world));
    let claim = world.facts["pvcs"][0]["name"].as_str()?.rsplit_once(&suffix)?.0.to_owned();
    let set = object(&mut world);
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
    Some(world)
}

/// The annotation names the container of the new object that stands where the old one's rqlite did.
pub(crate) fn annotated_as_it_ran(world: &World) -> Option<World> {
    let mut before = old(world).clone();
    let names: Vec<Value> = containers(&mut before).into_iter().map(|container| container["name"].clone()).collect();
    let mut after = world.review["request"]["object"].clone();
    let new: Vec<Value> = containers(&mut after).into_iter().map(|container| container["name"].clone()).collect();
    let named = names.iter().find(|name| new.contains(name)).or_else(|| new.first())?;
    Some(annotated(world, "quorate.dev/container", named.as_str()))
}

/// Keeps the launch that the old object had. To keep the flag where it stands, word for word, already helps nobody: then something else
/// changed, which the remedy has to name.
pub(crate) fn expect_kept(world: &World, words: &str) -> Option<World> {
    let token = quoted(words, 0)?;
    let mut after = world.review["request"]["object"].clone();
    let there = containers(&mut after).into_iter().any(|container| {
        let same = |list: &str| container[list].as_array().into_iter().flatten().any(|word| word == token);
        same("command") || same("args")
    });
    (!there || words != format!("keep `{token}`")).then(|| kept_with_image(world))
}

/// The annotation that a finding is about.
pub(crate) fn key_of(finding: &Finding) -> Option<String> {
    let text = format!("{} {}", finding.field, finding.message);
    let from = text.find("quorate.dev/")?;
    Some(text[from..].split(['`', ']', '"', ' ', ':', '=']).next()?.to_owned())
}

pub(crate) fn secret_in_place(world: &World) -> World {
    let mut world = world.clone();
    let of = |source: &Value| json!({ "secretName": source["name"], "items": source["items"] });
    for volume in object(&mut world)["spec"]["template"]["spec"]["volumes"].as_array_mut().into_iter().flatten() {
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
    world
}

/// A Secret mounted where the file of the finding is looked for.
pub(crate) fn mounted(world: &World, finding: &Finding) -> Option<World> {
    let mut world = world.clone();
    let token = (0..3).find_map(|n| quoted(&finding.message, n).filter(|text| text.contains("=/")))?;
    let directory = token.split_once('=')?.1.rsplit_once('/')?.0.to_owned();
    let set = object(&mut world);
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
    Some(world)
}
