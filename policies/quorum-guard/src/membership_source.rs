//! What a verdict's numbers rest on, as a message says it: whose answer and how old, or that there was none.

use rqlite::facts::Facts;
use rqlite::scaling::{ClusterState, MembershipSource};

/// Behind the numbers of a message; empty where recorded facts do not say how the membership was learned.
pub(crate) fn of(cluster: &ClusterState) -> String {
    let facts = cluster.current_state().facts();
    let why = facts.unseen.as_ref().map_or_else(String::new, |why| format!(" ({why})"));
    match cluster.source {
        MembershipSource::Leader => facts.seen.as_ref().map_or_else(String::new, |seen| {
            let view = &facts.membership;
            let leads = view.as_ref().is_some_and(|view| view.leader.as_deref() == Some(seen.from.as_str()));
            let role = if leads { " (leader)" } else { "" };
            format!("; seen {} ago from {}{role}", age(seen.age_milliseconds), seen.from)
        }),
        MembershipSource::Leaderless => {
            let seen = facts.seen.as_ref();
            let seen = seen.map(|seen| format!(", seen {} ago from {}", age(seen.age_milliseconds), seen.from));
            format!("; {}{}", leaderless(cluster), seen.unwrap_or_default())
        }
        MembershipSource::LastKnown => format!("; no live view{why}: judged by {}", last_known(facts)),
        MembershipSource::ReplicaCount => format!("; no live view{why}: judged by spec.replicas"),
    }
}

/// Why a view is taken for one without a leader.
fn leaderless(cluster: &ClusterState) -> String {
    unconfirmed(cluster).unwrap_or_else(|| "no node names a leader".to_owned())
}

/// A node is named leader, and is not taken for it: it does not say so itself, since it may have died, or others do not follow it.
pub(crate) fn unconfirmed(cluster: &ClusterState) -> Option<String> {
    let facts = cluster.current_state().facts();
    let mut members = facts.membership.iter().flat_map(|view| &view.members);
    let named = &members.find(|member| member.leader)?.id;
    let says_so = facts.seen.as_ref().is_some_and(|seen| seen.from == *named);
    Some(if says_so {
        format!("other nodes contradict {named}, which says that it leads")
    } else {
        format!("it is not confirmed that {named} leads")
    })
}

/// Whom replicas do not tell of.
fn last_known(facts: &Facts) -> String {
    let last = facts.last_voters.as_ref().map(|_| match facts.last_voters_age_milliseconds {
        Some(milliseconds) => format!("the membership seen {} ago", age(milliseconds)),
        None => "the last membership".to_owned(),
    });
    match (facts.claims.is_some(), last) {
        (true, Some(last)) => format!("replicas, claims and {last}"),
        (false, Some(last)) => format!("replicas and {last}"),
        (_, None) => "replicas and claims".to_owned(),
    }
}

/// What an admission without any view takes for granted.
pub(crate) fn assumed(cluster: &ClusterState) -> String {
    let of = of(cluster);
    match cluster.source {
        MembershipSource::ReplicaCount => format!("{of}, assumes that nodes dropped earlier were removed"),
        MembershipSource::Leader | MembershipSource::Leaderless | MembershipSource::LastKnown => of,
    }
}

/// `0.4 s`; below a tenth `0.01 s`, and never nothing; from two minutes on `5 min`, from two hours on `3 h`, from two days on `4 d`.
fn age(milliseconds: u64) -> String {
    if milliseconds < 95 {
        return format!("0.{:02} s", (milliseconds.saturating_add(5) / 10).max(1));
    }
    let minutes = milliseconds / 60_000;
    match minutes {
        0..2 => {
            let tenths = milliseconds.saturating_add(50) / 100;
            format!("{}.{} s", tenths / 10, tenths % 10)
        }
        2..120 => format!("{minutes} min"),
        120..2_880 => format!("{} h", minutes / 60),
        2_880.. => format!("{} d", minutes / 1_440),
    }
}

#[cfg(test)]
mod tests {
    use super::age;

    #[test]
    fn an_age_is_told_in_tenths_of_a_second() {
        let told = [0, 12, 49, 95, 412, 999, 61_000].map(age);
        assert_eq!(told, ["0.01 s", "0.01 s", "0.05 s", "0.1 s", "0.4 s", "1.0 s", "61.0 s"]);
    }

    #[test]
    fn a_long_age_is_told_in_its_own_unit() {
        let told = [119, 120, 7_199, 7_200, 172_799, 172_800, 604_800].map(|seconds: u64| age(seconds * 1000));
        assert_eq!(told, ["119.0 s", "2 min", "119 min", "2 h", "47 h", "2 d", "7 d"]);
    }
}
