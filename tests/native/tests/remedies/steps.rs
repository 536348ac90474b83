//! Every step that a remedy may name, by its first words, and how it is carried out. A step is one alternative of a remedy; what is said
//! beside the steps stands in `ASIDES`. What cannot be done to the request at hand says why (`elsewhere`).

use quorate_native_tests::evaluate::Finding;
use quorate_native_tests::evaluation_input::EvaluationInput;
use serde_json::json;

use crate::carry::{
    annotated_as_it_ran, at_zero, back_to, back_up, between_names, both_known, config_map_holds, expect_kept, finished,
    go_on, gone_and_blank, gone_for_good, key_of, last_number, leaving_names, lower, mounted, named_as_started,
    node_removed, old_ordinals, ordinals_of_claims, recovered, retained, returned, rolled_out, scaled_then,
    secret_in_place, stepped_down, template_renamed, with_start, without_discovery, without_word,
};
use crate::edit::{annotated, annotated_before, asked, containers, object, old, with_count};
use crate::launch::{kept, kept_with_image, names_kept, template_kept, with_flag, without_flag};
use crate::membership::{all_back, claims_deleted, led, own_without, removed, seen_without};
use crate::phrase::{alternatives, names, number, quoted};

/// What the input is afterwards; None: it cannot be done.
type Carry = fn(&EvaluationInput, &str, &Finding) -> Option<EvaluationInput>;

/// Of a way that goes on: before, there, words, the denial; and the input in which the rest is asked for.
type Then = fn(&EvaluationInput, &EvaluationInput, &str, &Finding) -> Option<EvaluationInput>;

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
    Known { then: go_on, ..step("scale to ", |input, words, _| number(words).map(|count| with_count(input, count))) },
    step("create it with replicas ", |input, words, _| number(words).map(|count| with_count(input, count))),
    step("create it again with replicas ", |input, words, _| number(words).map(|count| with_count(input, count))),
    step("come back with --replicas=", |input, words, _| number(words).map(|count| with_count(input, count))),
    step("create it with the ordinals that have data", ordinals_of_claims),
    step("bring back exactly the old ordinals (", |input, words, _| old_ordinals(input, words)),
    step("bring back all of ", |input, words, _| back_to(input, &names(words, "bring back all of ", ""))),
    step("bring back exactly the ordinals that ran before", ordinals_of_claims),
    step("keep spec.ordinals.start at ", |input, words, _| with_start(input, number(words)?)),
    first("to go lower remove ", lower),
    step("set spec.ordinals.start to ", |input, words, _| {
        back_to(input, &names(&words.replace(" to ", ", "), "(", ")"))
    }),
    step("set replicas to ", |input, words, _| number(words).map(|count| with_count(input, count))),
    step("then scale to ", scaled_then),
    Known {
        then: go_on,
        ..step("once the last step has ended, scale to ", |input, words, _| {
            number(words).map(|count| with_count(&finished(input), count))
        })
    },
    step("add it and `-disco-mode=dns` at replicas ", |input, words, _| {
        number(words).map(|count| with_count(input, count))
    }),
    // Nodes.
    first("give the membership", |input, _, _| Some(seen_without(input, &[]))),
    first("an election takes seconds, try again", |input, _, _| Some(led(&all_back(input)))),
    first("no lower count is safe: wait for a leader", |input, words, _| {
        Some(own_without(input, &names(words, "remove ", " then")))
    }),
    first("let a node that stays become a voter first", |input, _, _| Some(own_without(input, &[]))),
    first("wait until the pods that are on their way out are back", |input, _, _| Some(all_back(input))),
    step("wait until the rollout has ended", |input, _, _| Some(rolled_out(input))),
    step("wait a second", |input, _, _| Some(stepped_down(input))),
    step("one that is gone for good is removed from the cluster", |input, _, finding| gone_and_blank(input, finding)),
    step("delete the PVC", |input, words, _| {
        let words = words.replace(" to ", ", ");
        let told = names(&words, " of ", " if ");
        let all = between_names(&told);
        Some(claims_deleted(input, &all))
    }),
    first("verify that ", |input, words, _| {
        let told = names(words, "that ", " left");
        Some(claims_deleted(input, &told))
    }),
    first("no lower count is safe: remove ", |input, words, _| {
        Some(seen_without(input, &leaving_names(input, words, "remove ", " first")))
    }),
    step("remove the dead ", |input, words, _| {
        Some(with_count(&removed(input, &names(words, "remove the dead ", " from the")), last_number(words)?))
    }),
    step("remove the node from the cluster", |input, _, _| node_removed(input)),
    step("bring a leader back, then remove the node first", |input, _, _| node_removed(&led(input))),
    step("remove `-", |input, words, _| Some(without_flag(input, quoted(words, 0)?.trim_start_matches('-')))),
    step("remove the annotation", |input, words, _| Some(annotated(input, quoted(words, 0)?, None))),
    Known {
        goes_on: true,
        ..step("see in `/nodes` which of ", |input, words, _| {
            let told = names(words, "which of ", " runs");
            Some(removed(input, told.get(..1)?))
        })
    },
    step("remove ", |input, words, _| {
        Some(with_count(&removed(input, &names(words, "remove ", " from the")), last_number(words)?))
    }),
    step("see in `/nodes` which nodes the leaving pods run (", |input, words, _| {
        Some(with_count(&removed(input, &names(words, "run (", " match")), last_number(words)?))
    }),
    first("verify in `/nodes` that ", |input, words, _| {
        let gone = leaving_names(
            input,
            words,
            "that ",
            if words.contains(" are removed") { " are removed" } else { " is removed" },
        );
        Some(claims_deleted(&removed(input, &gone), &gone))
    }),
    first("let Quorate see the membership", |input, _, _| Some(seen_without(input, &[]))),
    step("wait until the voters that are down or terminating are back", |input, _, _| Some(all_back(input))),
    step("bring another voter back first", |input, _, _| Some(all_back(input))),
    step("bring the cluster's own nodes back over their own claims until one is leader", |input, _, _| {
        Some(seen_without(&all_back(input), &[]))
    }),
    first("bring ", |input, words, _| Some(returned(input, &names(words, "bring ", " back")))),
    first("unless it is coming back, remove what is gone for good", gone_for_good),
    first("unless they are coming back, remove what is gone for good", gone_for_good),
    first("unless it is coming back, recover by `peers.json`", recovered),
    first("unless they are coming back, recover by `peers.json`", recovered),
    step("wait until the last step has ended", |input, _, _| Some(finished(input))),
    first("wait until ", |input, words, _| {
        let told = names(words, "wait until ", " back");
        Some(returned(input, &told.into_iter().filter(|name| name != "is" && name != "are").collect::<Vec<_>>()))
    }),
    step("the way back up is open", |input, _, _| Some(back_up(input))),
    // Shape of the set.
    step("set it to at most ", |input, words, _| {
        let (mut input, most) = (input.clone(), number(words)?);
        object(&mut input)["spec"]["updateStrategy"]["rollingUpdate"]["maxUnavailable"] = json!(most);
        Some(input)
    }),
    step("set it when no pod is leaving", |input, _, _| {
        Some(with_count(&finished(input), old(input)["spec"]["replicas"].as_i64()?))
    }),
    step("set persistentVolumeClaimRetentionPolicy.whenScaled to `Retain` first", |input, _, _| Some(retained(input))),
    elsewhere("put the data directory on a claim template", "claim templates cannot be changed in place"),
    elsewhere("take a backup", "a backup is taken beside Kubernetes"),
    step("give the data's claim template the name that it had", template_renamed),
    step("delete the old claims if their data may go", |input, _, _| {
        let mut input = input.clone();
        input.facts["pvcs"] = json!([]);
        Some(input)
    }),
    step("set minReplicas to maxReplicas", |input, _, _| {
        let mut input = input.clone();
        let most = object(&mut input)["spec"]["maxReplicas"].clone();
        object(&mut input)["spec"]["minReplicas"] = most;
        Some(input)
    }),
    elsewhere("scale a read-only pool", "another set"),
    step("put read-only nodes into a StatefulSet of their own", |input, _, _| {
        Some(without_flag(input, "raft-non-voter"))
    }),
    step("name the container in `quorate.dev/container` if it still runs rqlite", |input, _, _| {
        annotated_as_it_ran(input)
    }),
    step("name the container in the annotation `quorate.dev/container`", |input, _, _| annotated_as_it_ran(input)),
    step("leave rqlite in the container that runs it", |input, _, _| Some(template_kept(input))),
    elsewhere("put the other into a StatefulSet of its own", "another set"),
    step("leave `-raft-non-voter=true` out, and keep `", |input, _, _| Some(template_kept(input))),
    step("name the container that runs rqlited", |input, _, _| named_as_started(input)),
    step("write `none` if none does", |input, _, _| Some(annotated(input, "quorate.dev/container", Some("none")))),
    step("keep it among `containers`", |input, _, _| Some(template_kept(input))),
    step("give it `restartPolicy: Always`", |input, _, _| {
        let mut input = input.clone();
        let list = object(&mut input)["spec"]["template"]["spec"]["initContainers"].as_array_mut()?;
        list.iter_mut().for_each(|container| container["restartPolicy"] = json!("Always"));
        Some(input)
    }),
    step("keep the annotation `quorate.dev/container`", |input, _, _| {
        Some(annotated(
            input,
            "quorate.dev/container",
            old(input)["metadata"]["annotations"]["quorate.dev/container"].as_str(),
        ))
    }),
    step("keep the container's name", |input, _, _| Some(names_kept(input))),
    step("rename it in an update that adds, removes and moves no container", |input, _, _| Some(template_kept(input))),
    step("leave ownerReferences to the controller that owns the set", |input, _, _| {
        let (mut input, owners) = (input.clone(), old(input)["metadata"]["ownerReferences"].clone());
        object(&mut input)["metadata"]["ownerReferences"] = owners;
        Some(input)
    }),
    // Deletion.
    step("to delete it on purpose", |input, _, _| Some(annotated_before(input, "quorate.dev/allow-deletion", "true"))),
    step("to delete the cluster on purpose first run", |input, _, _| {
        Some(annotated_before(input, "quorate.dev/allow-deletion", "true"))
    }),
    step("if its data is lost anyway run", |input, _, _| {
        Some(annotated_before(input, "quorate.dev/allow-deletion", "true"))
    }),
    // The lock.
    step("keep `-bootstrap-expect", |input, words, _| expect_kept(input, words)),
    step("keep 3 behind `", |input, _, _| Some(kept(input))),
    step("keep 5 behind `", |input, _, _| Some(kept(input))),
    step("keep the launch and its variables as they are", |input, _, _| Some(kept(input))),
    step("keep the image and launch", |input, _, _| Some(kept_with_image(input))),
    step("keep the shell script and its variables as they are", |input, _, _| Some(kept(input))),
    step("keep `", |input, _, _| Some(template_kept(input))),
    step("keep ConfigMap ", |input, _, _| Some(kept(input))),
    step("keep Secret ", |input, _, _| Some(kept(input))),
    step("keep file ", |input, _, _| Some(kept(input))),
    step("let ConfigMap ", |input, words, _| config_map_holds(input, words)),
    step("let both be known", |input, _, _| Some(both_known(input))),
    step("leave `-disco-mode=consul-kv` out, and keep `-bootstrap-expect=", |input, words, _| {
        let flag = words.rsplit("-bootstrap-expect=").next()?;
        Some(with_flag(&without_discovery(input), "bootstrap-expect", &number(flag)?.to_string()))
    }),
    step("leave `-disco-mode", |input, _, _| Some(without_flag(&without_discovery(input), "bootstrap-expect"))),
    step("leave `-join`", |input, _, _| Some(without_flag(&without_flag(input, "join"), "bootstrap-expect"))),
    step("leave `-bootstrap-expect` out", |input, _, _| Some(without_flag(input, "bootstrap-expect"))),
    step("leave `$", |input, words, _| without_word(input, quoted(words, 0)?)),
    step("leave `-$(", |input, words, _| without_word(input, quoted(words, 0)?)),
    step("leave `-bootstrap-expect=", |input, words, _| without_word(input, quoted(words, 0)?)),
    elsewhere("write its flags out in the manifest", "what the source holds is not known"),
    step("leave it out", |input, _, _| Some(without_flag(input, "bootstrap-expect"))),
    step("write `-bootstrap-expect=", |input, words, _| {
        Some(with_flag(input, "bootstrap-expect", &number(words)?.to_string()))
    }),
    step("write the number of replicas: `-bootstrap-expect=", |input, words, _| {
        Some(with_flag(input, "bootstrap-expect", &number(words)?.to_string()))
    }),
    step("repair it with the number of replicas: `-bootstrap-expect=", |input, words, _| {
        Some(with_flag(input, "bootstrap-expect", &number(words)?.to_string()))
    }),
    step("repair it with the number that the cluster was created with", |input, _, _| {
        Some(with_flag(input, "bootstrap-expect", &asked(input).to_string()))
    }),
    step("with that of its ", |input, words, _| {
        Some(with_flag(input, "bootstrap-expect", &number(words)?.to_string()))
    }),
    // Secrets.
    step("check that Quorate's `/mutate` is reached", |input, _, _| {
        Some(EvaluationInput { mutates: true, ..input.clone() })
    }),
    step("set annotation `quorate.dev/join-as`", |input, _, _| {
        Some(annotated(input, "quorate.dev/join-as", Some("node")))
    }),
    step("`*` ", |input, _, _| Some(annotated(input, "quorate.dev/join-as", Some("*")))),
    step("name a user ", |input, _, _| Some(annotated(input, "quorate.dev/join-as", Some("node")))),
    elsewhere("start rqlited by `command:", "another launch, by hand"),
    elsewhere("what follows it", "the arguments behind it are dropped, by hand"),
    elsewhere("pass `-join-as` in the launch yourself", "another launch, by hand"),
    elsewhere("pass rqlited's flags as args", "which flags the image's own launch has is not known"),
    step("leave out the first argument", |input, _, _| {
        let mut input = input.clone();
        for container in containers(object(&mut input)) {
            if container["args"].as_array().is_some_and(|args| args.len() > 1) {
                container["args"].as_array_mut()?.remove(0);
            }
        }
        Some(input)
    }),
    step("write the name of one of rqlite's users", |input, _, _| {
        Some(annotated(input, "quorate.dev/join-as", Some("node")))
    }),
    step("write NAME", |input, _, finding| Some(annotated(input, &key_of(finding)?, Some("users")))),
    step("put the file into a Secret and mount that in the ConfigMap's place", |input, _, _| {
        Some(secret_in_place(input))
    }),
    step("mount the Secret that has the file at that path", |input, _, finding| mounted(input, finding)),
    elsewhere("correct the path", "which path was meant is not known"),
    elsewhere("mount the Secret and pass its flags in the launch yourself", "another launch, by hand"),
    elsewhere("correct the launch", "which launch was meant is not known"),
    elsewhere("rename or remove what is there", "which of both is meant is not known"),
    step("use a release that has it", |input, _, _| {
        let mut input = input.clone();
        containers(object(&mut input))
            .into_iter()
            .for_each(|container| container["image"] = json!("rqlite/rqlite:10.2.7"));
        Some(input)
    }),
];
