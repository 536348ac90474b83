//! Every step that a remedy may name, by its first words, and how it is carried out. A step is one alternative of a remedy; what is said
//! beside the steps stands in `ASIDES`. What cannot be done to the request at hand says why (`elsewhere`).

use quorate_native_tests::evaluate::Finding;
use quorate_native_tests::world::World;
use serde_json::json;

use crate::carry::{
    annotated_as_it_ran, at_zero, back_to, back_up, between_names, both_known, config_map_holds, expect_kept, go_on,
    gone_and_blank, gone_for_good, key_of, last_number, leaving_names, lower, mounted, named_as_started, node_removed,
    old_ordinals, ordinals_of_claims, recovered, retained, returned, rolled_out, scaled_then, secret_in_place, settled,
    stepped_down, template_renamed, with_start, without_discovery, without_word,
};
use crate::edit::{annotated, annotated_before, asked, containers, object, old, with_count};
use crate::launch::{kept, kept_with_image, names_kept, template_kept, with_flag, without_flag};
use crate::membership::{all_back, claims_deleted, led, own_without, removed, seen_without};
use crate::phrase::{alternatives, names, number, quoted};

/// What the world is afterwards; None: it cannot be done.
type Carry = fn(&World, &str, &Finding) -> Option<World>;

/// Of a way that goes on: before, there, words, the denial; and the world in which the rest is asked for.
type Then = fn(&World, &World, &str, &Finding) -> Option<World>;

pub(crate) struct Step {
    pub(crate) words: String,
    pub(crate) carry: Carry,
    pub(crate) then: Then,
    /// It need not be enough for what was asked: another remedy may follow.
    pub(crate) goes_on: bool,
    /// It may be out of the reach of this request.
    pub(crate) elsewhere: bool,
}

struct Known {
    starts: &'static str,
    carry: Carry,
    then: Then,
    goes_on: bool,
    elsewhere: Option<&'static str>,
}

const fn step(starts: &'static str, carry: Carry) -> Known {
    Known { starts, carry, then: |_, _, _, _| None, goes_on: false, elsewhere: None }
}

/// A step on the way: another denial may name the next one.
const fn first(starts: &'static str, carry: Carry) -> Known {
    Known { goes_on: true, ..step(starts, carry) }
}

/// One that no edit of this request carries out.
const fn elsewhere(starts: &'static str, why: &'static str) -> Known {
    Known { elsewhere: Some(why), ..step(starts, |_, _, _| None) }
}

/// The steps of a remedy; an error is the alternative that nobody knows.
pub(crate) fn steps(remedy: &str) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    for words in alternatives(remedy) {
        if ASIDES.iter().any(|aside| words.starts_with(aside)) {
            continue;
        }
        let Some(known) = KNOWN.iter().find(|known| words.starts_with(known.starts)) else { return Err(words) };
        let Known { carry, then, goes_on, elsewhere, .. } = *known;
        steps.push(Step { words, carry, then, goes_on, elsewhere: elsewhere.is_some() });
    }
    Ok(steps)
}

/// Said beside the steps: reasons, and what is no step of the user's.
const ASIDES: &[&str] = &[
    "use break-glass",
    "or use break-glass",
    "offline `configMaps` of the facts)",
    "the drain tries again",
    "a controller that raises it to at most the new replicas together with them needs",
    "keep it while they run",
    "Services, ConfigMaps and Secrets of the release may be gone already",
    "take a backup first",
];

const KNOWN: &[Known] = &[
    // Counts.
    Known { then: go_on, ..step("scale to 0, wait until no pod is left, apply this again", at_zero) },
    step("scale to 0 first", at_zero),
    Known { then: go_on, ..step("scale to ", |world, words, _| number(words).map(|count| with_count(world, count))) },
    step("create it with replicas ", |world, words, _| number(words).map(|count| with_count(world, count))),
    step("create it again with replicas ", |world, words, _| number(words).map(|count| with_count(world, count))),
    step("come back with --replicas=", |world, words, _| number(words).map(|count| with_count(world, count))),
    step("create it with the ordinals that have data", ordinals_of_claims),
    step("bring back exactly the old ordinals (", |world, words, _| old_ordinals(world, words)),
    step("bring back all of ", |world, words, _| back_to(world, &names(words, "bring back all of ", ""))),
    step("bring back exactly the ordinals that ran before", ordinals_of_claims),
    step("keep spec.ordinals.start at ", |world, words, _| with_start(world, number(words)?)),
    first("to go lower remove ", lower),
    step("set spec.ordinals.start to ", |world, words, _| {
        back_to(world, &names(&words.replace(" to ", ", "), "(", ")"))
    }),
    step("set replicas to ", |world, words, _| number(words).map(|count| with_count(world, count))),
    step("then scale to ", scaled_then),
    Known {
        then: go_on,
        ..step("once the last step has ended, scale to ", |world, words, _| {
            number(words).map(|count| with_count(&settled(world), count))
        })
    },
    step("add it and `-disco-mode=dns` at replicas ", |world, words, _| {
        number(words).map(|count| with_count(world, count))
    }),
    // Nodes.
    first("give the membership", |world, _, _| Some(seen_without(world, &[]))),
    first("an election takes seconds, try again", |world, _, _| Some(led(&all_back(world)))),
    first("no lower count is safe: wait for a leader", |world, words, _| {
        Some(own_without(world, &names(words, "remove ", " then")))
    }),
    first("let a node that stays become a voter first", |world, _, _| Some(own_without(world, &[]))),
    first("wait until the pods that are on their way out are back", |world, _, _| Some(all_back(world))),
    step("wait until the rollout has ended", |world, _, _| Some(rolled_out(world))),
    step("wait a second", |world, _, _| Some(stepped_down(world))),
    step("one that is gone for good is removed from the cluster", |world, _, finding| gone_and_blank(world, finding)),
    step("delete the PVC", |world, words, _| {
        let words = words.replace(" to ", ", ");
        let told = names(&words, " of ", " if ");
        let all = between_names(&told);
        Some(claims_deleted(world, &all))
    }),
    first("verify that ", |world, words, _| {
        let told = names(words, "that ", " left");
        Some(claims_deleted(world, &told))
    }),
    first("no lower count is safe: remove ", |world, words, _| {
        Some(seen_without(world, &leaving_names(world, words, "remove ", " first")))
    }),
    step("remove the dead ", |world, words, _| {
        Some(with_count(&removed(world, &names(words, "remove the dead ", " from the")), last_number(words)?))
    }),
    step("remove the node from the cluster", |world, _, _| node_removed(world)),
    step("bring a leader back, then remove the node first", |world, _, _| node_removed(&led(world))),
    step("remove `-", |world, words, _| Some(without_flag(world, quoted(words, 0)?.trim_start_matches('-')))),
    step("remove the annotation", |world, words, _| Some(annotated(world, quoted(words, 0)?, None))),
    Known {
        goes_on: true,
        ..step("see in `/nodes` which of ", |world, words, _| {
            let told = names(words, "which of ", " runs");
            Some(removed(world, told.get(..1)?))
        })
    },
    step("remove ", |world, words, _| {
        Some(with_count(&removed(world, &names(words, "remove ", " from the")), last_number(words)?))
    }),
    step("see in `/nodes` which nodes the leaving pods run (", |world, words, _| {
        Some(with_count(&removed(world, &names(words, "run (", " match")), last_number(words)?))
    }),
    first("verify in `/nodes` that ", |world, words, _| {
        let gone = leaving_names(
            world,
            words,
            "that ",
            if words.contains(" are removed") { " are removed" } else { " is removed" },
        );
        Some(claims_deleted(&removed(world, &gone), &gone))
    }),
    first("let Quorate see the membership", |world, _, _| Some(seen_without(world, &[]))),
    step("wait until the voters that are down or terminating are back", |world, _, _| Some(all_back(world))),
    step("bring another voter back first", |world, _, _| Some(all_back(world))),
    step("bring the cluster's own nodes back over their own claims until one is leader", |world, _, _| {
        Some(seen_without(&all_back(world), &[]))
    }),
    first("bring ", |world, words, _| Some(returned(world, &names(words, "bring ", " back")))),
    first("unless it is coming back, remove what is gone for good", gone_for_good),
    first("unless they are coming back, remove what is gone for good", gone_for_good),
    first("unless it is coming back, recover by `peers.json`", recovered),
    first("unless they are coming back, recover by `peers.json`", recovered),
    step("wait until the last step has ended", |world, _, _| Some(settled(world))),
    first("wait until ", |world, words, _| {
        let told = names(words, "wait until ", " back");
        Some(returned(world, &told.into_iter().filter(|name| name != "is" && name != "are").collect::<Vec<_>>()))
    }),
    step("the way back up is open", |world, _, _| Some(back_up(world))),
    // Shape of the set.
    step("set it to at most ", |world, words, _| {
        let (mut world, most) = (world.clone(), number(words)?);
        object(&mut world)["spec"]["updateStrategy"]["rollingUpdate"]["maxUnavailable"] = json!(most);
        Some(world)
    }),
    step("set it when no pod is leaving", |world, _, _| {
        Some(with_count(&settled(world), old(world)["spec"]["replicas"].as_i64()?))
    }),
    step("set persistentVolumeClaimRetentionPolicy.whenScaled to `Retain` first", |world, _, _| Some(retained(world))),
    elsewhere("put the data directory on a claim template", "claim templates cannot be changed in place"),
    elsewhere("take a backup", "a backup is taken beside Kubernetes"),
    step("give the data's claim template the name that it had", template_renamed),
    step("delete the old claims if their data may go", |world, _, _| {
        let mut world = world.clone();
        world.facts["pvcs"] = json!([]);
        Some(world)
    }),
    step("set minReplicas to maxReplicas", |world, _, _| {
        let mut world = world.clone();
        let most = object(&mut world)["spec"]["maxReplicas"].clone();
        object(&mut world)["spec"]["minReplicas"] = most;
        Some(world)
    }),
    elsewhere("scale a read-only pool", "another set"),
    step("put read-only nodes into a StatefulSet of their own", |world, _, _| {
        Some(without_flag(world, "raft-non-voter"))
    }),
    step("name the container in `quorate.dev/container` if it still runs rqlite", |world, _, _| {
        annotated_as_it_ran(world)
    }),
    step("name the container in the annotation `quorate.dev/container`", |world, _, _| annotated_as_it_ran(world)),
    step("leave rqlite in the container that runs it", |world, _, _| Some(template_kept(world))),
    elsewhere("put the other into a StatefulSet of its own", "another set"),
    step("leave `-raft-non-voter=true` out, and keep `", |world, _, _| Some(template_kept(world))),
    step("name the container that runs rqlited", |world, _, _| named_as_started(world)),
    step("write `none` if none does", |world, _, _| Some(annotated(world, "quorate.dev/container", Some("none")))),
    step("keep it among `containers`", |world, _, _| Some(template_kept(world))),
    step("give it `restartPolicy: Always`", |world, _, _| {
        let mut world = world.clone();
        let list = object(&mut world)["spec"]["template"]["spec"]["initContainers"].as_array_mut()?;
        list.iter_mut().for_each(|container| container["restartPolicy"] = json!("Always"));
        Some(world)
    }),
    step("keep the annotation `quorate.dev/container`", |world, _, _| {
        Some(annotated(
            world,
            "quorate.dev/container",
            old(world)["metadata"]["annotations"]["quorate.dev/container"].as_str(),
        ))
    }),
    step("keep the container's name", |world, _, _| Some(names_kept(world))),
    step("rename it in an update that adds, removes and moves no container", |world, _, _| Some(template_kept(world))),
    step("leave ownerReferences to the controller that owns the set", |world, _, _| {
        let (mut world, owners) = (world.clone(), old(world)["metadata"]["ownerReferences"].clone());
        object(&mut world)["metadata"]["ownerReferences"] = owners;
        Some(world)
    }),
    // Deletion.
    step("to delete it on purpose", |world, _, _| Some(annotated_before(world, "quorate.dev/allow-deletion", "true"))),
    step("to delete the cluster on purpose first run", |world, _, _| {
        Some(annotated_before(world, "quorate.dev/allow-deletion", "true"))
    }),
    step("if its data is lost anyway run", |world, _, _| {
        Some(annotated_before(world, "quorate.dev/allow-deletion", "true"))
    }),
    // The lock.
    step("keep `-bootstrap-expect", |world, words, _| expect_kept(world, words)),
    step("keep 3 behind `", |world, _, _| Some(kept(world))),
    step("keep 5 behind `", |world, _, _| Some(kept(world))),
    step("keep the launch and its variables as they are", |world, _, _| Some(kept(world))),
    step("keep the image and launch", |world, _, _| Some(kept_with_image(world))),
    step("keep the shell script and its variables as they are", |world, _, _| Some(kept(world))),
    step("keep `", |world, _, _| Some(template_kept(world))),
    step("keep ConfigMap ", |world, _, _| Some(kept(world))),
    step("keep Secret ", |world, _, _| Some(kept(world))),
    step("keep file ", |world, _, _| Some(kept(world))),
    step("let ConfigMap ", |world, words, _| config_map_holds(world, words)),
    step("let both be known", |world, _, _| Some(both_known(world))),
    step("leave `-disco-mode=consul-kv` out, and keep `-bootstrap-expect=", |world, words, _| {
        let flag = words.rsplit("-bootstrap-expect=").next()?;
        Some(with_flag(&without_discovery(world), "bootstrap-expect", &number(flag)?.to_string()))
    }),
    step("leave `-disco-mode", |world, _, _| Some(without_flag(&without_discovery(world), "bootstrap-expect"))),
    step("leave `-join`", |world, _, _| Some(without_flag(&without_flag(world, "join"), "bootstrap-expect"))),
    step("leave `-bootstrap-expect` out", |world, _, _| Some(without_flag(world, "bootstrap-expect"))),
    step("leave `$", |world, words, _| without_word(world, quoted(words, 0)?)),
    step("leave `-$(", |world, words, _| without_word(world, quoted(words, 0)?)),
    step("leave `-bootstrap-expect=", |world, words, _| without_word(world, quoted(words, 0)?)),
    elsewhere("write its flags out in the manifest", "what the source holds is not known"),
    step("leave it out", |world, _, _| Some(without_flag(world, "bootstrap-expect"))),
    step("write `-bootstrap-expect=", |world, words, _| {
        Some(with_flag(world, "bootstrap-expect", &number(words)?.to_string()))
    }),
    step("write the number of replicas: `-bootstrap-expect=", |world, words, _| {
        Some(with_flag(world, "bootstrap-expect", &number(words)?.to_string()))
    }),
    step("repair it with the number of replicas: `-bootstrap-expect=", |world, words, _| {
        Some(with_flag(world, "bootstrap-expect", &number(words)?.to_string()))
    }),
    step("repair it with the number that the cluster was created with", |world, _, _| {
        Some(with_flag(world, "bootstrap-expect", &asked(world).to_string()))
    }),
    step("with that of its ", |world, words, _| {
        Some(with_flag(world, "bootstrap-expect", &number(words)?.to_string()))
    }),
    // Secrets.
    step("check that Quorate's `/mutate` is reached", |world, _, _| Some(World { mutates: true, ..world.clone() })),
    step("set annotation `quorate.dev/join-as`", |world, _, _| {
        Some(annotated(world, "quorate.dev/join-as", Some("node")))
    }),
    step("`*` ", |world, _, _| Some(annotated(world, "quorate.dev/join-as", Some("*")))),
    step("name a user ", |world, _, _| Some(annotated(world, "quorate.dev/join-as", Some("node")))),
    elsewhere("start rqlited by `command:", "another launch, by hand"),
    elsewhere("what follows it", "the arguments behind it are dropped, by hand"),
    elsewhere("pass `-join-as` in the launch yourself", "another launch, by hand"),
    elsewhere("pass rqlited's flags as args", "which flags the image's own launch has is not known"),
    step("leave out the first argument", |world, _, _| {
        let mut world = world.clone();
        for container in containers(object(&mut world)) {
            if container["args"].as_array().is_some_and(|args| args.len() > 1) {
                container["args"].as_array_mut()?.remove(0);
            }
        }
        Some(world)
    }),
    step("write the name of one of rqlite's users", |world, _, _| {
        Some(annotated(world, "quorate.dev/join-as", Some("node")))
    }),
    step("write NAME", |world, _, finding| Some(annotated(world, &key_of(finding)?, Some("users")))),
    step("put the file into a Secret and mount that in the ConfigMap's place", |world, _, _| {
        Some(secret_in_place(world))
    }),
    step("mount the Secret that has the file at that path", |world, _, finding| mounted(world, finding)),
    elsewhere("correct the path", "which path was meant is not known"),
    elsewhere("mount the Secret and pass its flags in the launch yourself", "another launch, by hand"),
    elsewhere("correct the launch", "which launch was meant is not known"),
    elsewhere("rename or remove what is there", "which of both is meant is not known"),
    step("use a release that has it", |world, _, _| {
        let mut world = world.clone();
        containers(object(&mut world))
            .into_iter()
            .for_each(|container| container["image"] = json!("rqlite/rqlite:10.2.7"));
        Some(world)
    }),
];
