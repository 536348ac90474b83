//! How numbers and names are said in messages. Decides nothing.

use kubernetes::manifest::StatefulSet;
use rqlite::change::{self, OrdinalChange, Ordinals};
use rqlite::cluster::RqliteSet;
use rqlite::quorum::Quorum;
use rqlite::scaling::{ClusterState, Ids};
use rqlite::startup;

use crate::transition::Transition;

/// Enough voters answer, and none of them leads.
pub(crate) const ELECTION: &str =
    "an election takes seconds, try again (over a minute: docs/operations.md, a set without a leader)";

/// `replicas 5 -> 2`; where the ordinals do not start at the same number, `ordinals 0-2 -> 3-5`.
pub(crate) fn counts(change: &OrdinalChange) -> String {
    let same_start = change.old.is_empty() || change.new.is_empty() || change.old.lowest() == change.new.lowest();
    let contiguous = change.old.highest().is_none_or(|highest| {
        let first = change.old.lowest().unwrap_or_default();
        highest - first + 1 == change.old.count()
    });
    if change.new.is_empty() || same_start && contiguous {
        format!("replicas {} -> {}", change.old.count(), change.new.count())
    } else {
        format!("ordinals {} -> {}", change.old, change.new)
    }
}

/// What comes first where pods start in order and the first of several voters would never be ready.
pub(crate) fn ordered_start(transition: &Transition, all: &Ordinals) -> Option<String> {
    let waits = |rqlite: &RqliteSet| startup::waits_for_leader_in_order(transition.next, rqlite);
    let blocked = all.count() > 1 && transition.next_rqlite.as_deref().is_some_and(waits);
    blocked.then(|| {
        "let readiness ask `/readyz?noleader` first (by OrderedReady the first pod waits for a leader that it alone never has), then "
            .to_owned()
    })
}

/// The field that a scaling finding is about.
pub(crate) fn field(change: &OrdinalChange) -> &'static str {
    let moved = change.old.lowest().zip(change.new.lowest()).is_some_and(|(old, new)| old != new);
    if moved { "spec.ordinals.start" } else { "spec.replicas" }
}

/// `leaves 2 of 5 voters, quorum is 3`.
pub(crate) fn leaves(after: Quorum) -> String {
    format!("leaves {} of {}, quorum is {}", after.reachable, voters(after.voters), after.quorum_size())
}

/// `1 of 3 voters answers, quorum is 2`.
pub(crate) fn answering(quorum: Quorum) -> String {
    let verb = form(quorum.reachable, "answers", "answer");
    format!("{} of {} {verb}, quorum is {}", quorum.reachable, voters(quorum.voters), quorum.quorum_size())
}

/// `counts 2 of 2 voters, quorum is 2`: where no node was asked.
pub(crate) fn counted(quorum: Quorum) -> String {
    format!("counts {} of {}, quorum is {}", quorum.reachable, voters(quorum.voters), quorum.quorum_size())
}

/// `1 pod`, `3 pods`, of a noun whose plural is written with an `s`.
pub(crate) fn number_of(count: u32, noun: &str) -> String {
    format!("{count} {noun}{}", form(count, "", "s"))
}

/// The form for that many: `is`, `are`.
pub(crate) fn form<'a>(count: u32, one: &'a str, many: &'a str) -> &'a str {
    if count == 1 { one } else { many }
}

/// `1 voter`, `3 voters`.
pub(crate) fn voters(count: u32) -> String {
    number_of(count, "voter")
}

/// `1 pod still runs`, `3 pods still run`.
pub(crate) fn still_run(pods: u32) -> String {
    format!("{} still {}", number_of(pods, "pod"), form(pods, "runs", "run"))
}

/// `no failure is tolerated`, `2 failures are tolerated`.
pub(crate) fn tolerance(spare: u32) -> String {
    match spare {
        0 => "no failure is tolerated".to_owned(),
        some => format!("{} {} tolerated", number_of(some, "failure"), form(some, "is", "are")),
    }
}

/// Nodes to remove; where none of them is known by its id, how to find them.
pub(crate) fn nodes(ids: &Ids) -> String {
    if ids.is_empty() {
        return "the nodes of the pods that leave".to_owned();
    }
    let names = names(ids);
    if ids.guessed {
        let (node, id) = (verb(ids, "node", "nodes"), verb(ids, "its id is", "their ids are"));
        return format!("the {node} of {names} ({id} in `/nodes` and not known here)");
    }
    names
}

/// ` (rqlite-0 is terminating)`: pods that stay and do not count among those that answer; empty where there are none.
pub(crate) fn absent(cluster: &ClusterState, leaving: &Ordinals) -> String {
    let absent = cluster.absent();
    let mut told = vec![
        (&absent.terminating, "is terminating", "are terminating"),
        (&absent.reserved, "was let go a moment ago", "were let go a moment ago"),
    ];
    if !cluster.has_view() {
        told.extend([
            (&absent.missing, "has no pod", "have no pod"),
            (&absent.unready, "is not ready", "are not ready"),
        ]);
    }
    let own = cluster.current_state().running.without(leaving);
    let say = |(ordinals, one, many): (&Ordinals, &str, &str)| {
        let pods = cluster.pods(&ordinals.within(&own));
        (!pods.is_empty()).then(|| format!("{} {}", names(&pods), verb(&pods, one, many)))
    };
    let said: Vec<String> = told.into_iter().filter_map(say).collect();
    if said.is_empty() { String::new() } else { format!(" ({})", said.join(", ")) }
}

/// `rqlite-2`, `rqlite-3 and rqlite-4`, `rqlite-3, rqlite-4 and 7 more`.
pub(crate) fn names(ids: &Ids) -> String {
    /// As many as a person reads.
    const SHOWN: usize = 6;
    let mut words: Vec<String> = ids.named.iter().take(SHOWN).cloned().collect();
    let shown = u32::try_from(words.len()).unwrap_or(u32::MAX);
    if ids.count > shown {
        words.push(format!("{} more", ids.count - shown));
    }
    list(&words)
}

/// `rqlite-0`, `rqlite-0 to rqlite-2`, `rqlite-0 to rqlite-1 and rqlite-4`.
pub(crate) fn span(set: &StatefulSet, ordinals: &Ordinals) -> String {
    /// As many runs as a person reads.
    const SHOWN: usize = 4;
    let run = |(lowest, highest): (u32, u32)| {
        let first = change::pod_name(set, lowest);
        if lowest == highest { first } else { format!("{first} to {}", change::pod_name(set, highest)) }
    };
    let mut words: Vec<String> = ordinals.runs().take(SHOWN).map(run).collect();
    let more: Ordinals =
        ordinals.runs().skip(SHOWN).map(|(lowest, highest)| lowest..highest.saturating_add(1)).collect();
    if !more.is_empty() {
        words.push(format!("{} more", more.count()));
    }
    list(&words)
}

/// `a`, `a and b`, `a, b and c`.
fn list(words: &[String]) -> String {
    match words.split_last() {
        Some((only, [])) => only.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => "nobody".to_owned(),
    }
}

/// The verb's form for that many: `stays`, `stay`.
pub(crate) fn verb<'a>(ids: &Ids, one: &'a str, many: &'a str) -> &'a str {
    form(ids.count, one, many)
}
