//! What a verdict's numbers rest on, as a message says it: whose answer and how old, or that there was none.

use rqlite::scaling::{Basis, Cluster};

/// Behind the numbers of a message; empty where recorded facts do not say how the membership was learned.
pub(crate) fn of(cluster: &Cluster) -> String {
    let facts = cluster.before().facts();
    let why = facts.unseen.as_ref().map_or_else(String::new, |why| format!(" ({why})"));
    match cluster.basis {
        Basis::Led => facts.seen.as_ref().map_or_else(String::new, |seen| {
            let view = &facts.membership;
            let leads = view.as_ref().is_some_and(|view| view.leader.as_deref() == Some(seen.from.as_str()));
            let role = if leads { " (leader)" } else { "" };
            format!("; seen {} ago from {}{role}", seconds(seen.age_milliseconds), seen.from)
        }),
        Basis::Leaderless => facts.seen.as_ref().map_or_else(
            || "; no node names a leader".to_owned(),
            |seen| format!("; no node names a leader, seen {} ago from {}", seconds(seen.age_milliseconds), seen.from),
        ),
        Basis::Remembered => format!("; no live view{why}: judged by replicas, claims and the last membership"),
        Basis::Count => format!("; no live view{why}: judged by spec.replicas"),
    }
}

/// What an admission without any view takes for granted.
pub(crate) fn assumed(cluster: &Cluster) -> String {
    let of = of(cluster);
    match cluster.basis {
        Basis::Count => format!("{of}, assumes that nodes dropped earlier were removed"),
        Basis::Led | Basis::Leaderless | Basis::Remembered => of,
    }
}

/// `0.4 s`; below a tenth `0.01 s`, and never nothing.
fn seconds(milliseconds: u64) -> String {
    if milliseconds < 95 {
        return format!("0.{:02} s", (milliseconds.saturating_add(5) / 10).max(1));
    }
    let tenths = milliseconds.saturating_add(50) / 100;
    format!("{}.{} s", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn an_age_is_told_in_tenths_of_a_second() {
        let told = [0, 12, 49, 95, 412, 999, 61_000].map(seconds);
        assert_eq!(told, ["0.01 s", "0.01 s", "0.05 s", "0.1 s", "0.4 s", "1.0 s", "61.0 s"]);
    }
}
