//! Refuses an update by which voters would no longer count as voters, or the set no longer as rqlite's.
//! Not what the role means for the quorum.

use std::collections::BTreeSet;

use kubernetes::annotation::CONTAINER;
use kubernetes::collect;
use kubernetes::manifest::Place;
use kubernetes::manifest::{ContainerPlace, PodSpec, StatefulSet};
use quorate_sdk::{AtPath, Finding, Judges, Rule, Severity};
use rqlite::cluster::{Node, RqliteSet};
use rqlite::role::Role;
use rqlite::value::Value;

use crate::transition::{Transition, TransitionRequest};
use crate::words;

/// ## What it refuses
/// While a voter set has replicas, an update whose new launch has `-raft-non-voter` true, or by which the set would no longer
/// be recognised as rqlite's: another image, another launch, the annotation `quorate.dev/container` taken away. An update is
/// also refused if another container counts as the node after it, unless the old container was only renamed at its place. Of
/// several such containers each is compared with itself. A container that becomes a native sidecar (an init
/// container with `restartPolicy: Always`), or the reverse, is still itself; one that becomes an init container that ends is not.
///
/// ## Why
/// A member keeps its vote when it restarts with `-raft-non-voter`: the flag only works for a node that joins (measured on rqlited
/// 10.2.7). The pods would go on voting while nothing guards them any more, and lose their vote one by one later, when they are removed and
/// join again. Without this rule an update that also lowers the count would remove the guard that has to judge it.
///
/// ## Example
/// ```yaml
/// spec:
///   replicas: 1                                    # was 5
///   template:
///     spec:
///       containers:
///       - name: rqlite
///         args: ["-raft-non-voter=true"]           # was a voter
/// ```
///
/// ## Instead
/// Read-only nodes belong to a StatefulSet of their own. To turn a set into something else, delete it, or scale it to zero first.
/// For an image under another name, put `quorate.dev/container: <container>` on the StatefulSet in the same update.
///
/// ## When the value is unknown
/// A `-raft-non-voter` that cannot be read changes nothing: the set goes on counting as one of voters.
pub(crate) const RULE: Rule =
    Rule::new("role-changed", "voters would no longer count as voters", Severity::High, Judges::Change);

/// Evaluates an update of voters.
pub(crate) fn evaluate(transition: &Transition) -> Vec<Finding> {
    let running = transition.change.old.count();
    if transition.via != TransitionRequest::Update || running == 0 {
        return Vec::new();
    }
    let Some(old) = transition.old_rqlite() else { return Vec::new() };
    let Some(new) = &transition.next_rqlite else {
        return vec![unrecognised(transition.old(), transition.next, old, running)];
    };
    if let Some(finding) = replaced(transition, old, new, running) {
        return vec![finding];
    }
    // One that had the flag before votes all the same: nothing changes, as long as the set goes on counting as one of voters.
    let turned = |node: &Node| !before(old, node).is_some_and(is_non_voter);
    let turns = non_voters(new).any(|(node, _)| turned(node));
    let leaves_guard = old.role() == Role::Voter && new.role() == Role::ReadOnly;
    non_voters(new)
        .filter(|(node, _)| turned(node) || (leaves_guard && !turns))
        .map(|(node, place)| {
            RULE.deny(format!(
                "`-raft-non-voter` is turned on for {}, which {} on voting until {} removed",
                words::number_of(running, "running voter"),
                words::form(running, "goes", "go"),
                words::form(running, "it is", "they are"),
            ))
            .field(node.place.path(place))
            .remedy("put read-only nodes into a StatefulSet of their own")
        })
        .collect()
}

/// A container that ran a voter and is not taken for a node any more, while others are judged in its place.
fn replaced(transition: &Transition, old: &RqliteSet, new: &RqliteSet, running: u32) -> Option<Finding> {
    let pod = &transition.next.spec.template.spec;
    let lists = |pod: &PodSpec| (pod.containers.len(), pod.init_containers.len());
    let moved = transition.old().is_none_or(|old| lists(&old.spec.template.spec) != lists(pod));
    let others: Vec<&str> = new.nodes.iter().map(|node| node.container.name.as_str()).collect();
    let (others, voters) = (others.join(", "), words::voters(running));
    let (before, after) = (names(old), names(new));
    // A container under another name at the same place is the same one.
    let renamed = new.nodes.iter().filter(|node| !moved && !before.contains(node.container.name.as_str()));
    let renamed: BTreeSet<ContainerPlace> = collect::set(renamed.map(|node| node.place));
    let is_gone = |node: &&Node| node.role == Role::Voter && !after.contains(node.container.name.as_str());
    for node in old.nodes.iter().filter(is_gone) {
        let name = &node.container.name;
        if let Some(place) = pod.place_of(name) {
            let message = format!(
                "container {name} of {voters} would no longer be recognised as rqlite's, {others} would be judged in its place"
            );
            return Some(
                RULE.deny(message).field(place.to_string()).remedy(
                    "leave rqlite in the container that runs it, or put the other into a StatefulSet of its own",
                ),
            );
        }
        if renamed.contains(&node.place) {
            continue;
        }
        let message = format!("container {name} of {voters} is gone, {others} would be judged in its place");
        return Some(
            RULE.deny(message).field("spec.template.spec.containers").remedy(
                "keep the container's name, or rename it in an update that adds, removes and moves no container",
            ),
        );
    }
    None
}

fn names(of: &RqliteSet) -> BTreeSet<&str> {
    collect::set(of.nodes.iter().map(|node| node.container.name.as_str()))
}

/// The node that it was, by its name or by its place.
fn before<'a>(old: &'a RqliteSet, node: &Node) -> Option<&'a Node> {
    namesake(old, node).or_else(|| old.nodes.iter().find(|other| other.place == node.place))
}

fn namesake<'a>(of: &'a RqliteSet, node: &Node) -> Option<&'a Node> {
    of.nodes.iter().find(|other| other.container.name == node.container.name)
}

/// The containers that are given the flag, and where.
fn non_voters(rqlite: &RqliteSet) -> impl Iterator<Item = (&Node, Option<Place>)> {
    rqlite.nodes.iter().filter(|node| is_non_voter(node)).map(|node| {
        let place = node.launch.line.as_ref().and_then(|line| line.place("raft-non-voter"));
        (node, place)
    })
}

fn is_non_voter(node: &Node) -> bool {
    node.launch.line.as_ref().is_some_and(|line| line.boolean("raft-non-voter") == Some(Value::Known(true)))
}

fn unrecognised(old: Option<&StatefulSet>, new: &StatefulSet, nodes: &RqliteSet, running: u32) -> Finding {
    let voters = words::voters(running);
    if let Some((name, place)) = ending(nodes, new) {
        return RULE
            .deny(format!(
                "container {name} of {voters} becomes an init container that ends, so rqlite would no longer run"
            ))
            .field(place.to_string())
            .remedy("keep it among `containers`, or give it `restartPolicy: Always`, or scale to 0 first");
    }
    let had = |set: &StatefulSet| set.metadata.annotations.get(CONTAINER).cloned();
    let annotation = old.and_then(had).filter(|name| had(new).as_ref() != Some(name));
    let (why, field) = match annotation {
        Some(name) => (format!("without `{CONTAINER}: {name}`"), "metadata.annotations".to_owned()),
        None if old.is_some_and(|old| images(old) == images(new)) => {
            ("by its new launch".to_owned(), "spec.template.spec.containers".to_owned())
        }
        None => (format!("with {}", images(new)), "spec.template.spec.containers".to_owned()),
    };
    RULE.deny(format!("the set is no longer recognised as rqlite's {why}, so nothing would guard its {voters}"))
        .field(field)
        .remedy(format!("name the container in `{CONTAINER}` if it still runs rqlite, else scale to 0 first"))
}

/// A container that ran rqlite and is an init container without `restartPolicy: Always` now.
fn ending<'a>(nodes: &'a RqliteSet, new: &StatefulSet) -> Option<(&'a str, ContainerPlace)> {
    let pod = &new.spec.template.spec;
    let ends = |place: &ContainerPlace| pod.running_containers().all(|(running, _)| running != *place);
    nodes.nodes.iter().find_map(|node| {
        let name = node.container.name.as_str();
        Some((name, pod.place_of(name).filter(ends)?))
    })
}

fn images(set: &StatefulSet) -> String {
    let containers = set.spec.template.spec.running_containers();
    let images: Vec<&str> = containers.filter_map(|(_, container)| container.image.as_deref()).collect();
    match images.as_slice() {
        [] => "no image".to_owned(),
        [only] => format!("image `{only}`"),
        [first, ..] => format!("image `{first}` and others"),
    }
}
