//! The members of a cluster as a person wants to see them before a change: who votes, who answers, which pod each is, and who is to leave.

use crate::change::{Ordinals, pod_name};
use crate::scaling::current_state::CurrentState;

/// One member of the view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedMember {
    /// Node id.
    pub id: String,
    /// It counts for the quorum.
    pub voter: bool,
    /// It answered, by the view.
    pub reachable: bool,
    /// The view's leader, once it is trusted.
    pub leader: bool,
    /// None: no pod of the set is known to be it.
    pub pod: Option<String>,
    /// Its pod is one of those that leave.
    pub leaving: bool,
}

/// The members that the view lists, in its order; empty without a view.
pub fn members(current: &CurrentState, leaving: &Ordinals) -> Vec<ListedMember> {
    let Some(view) = &current.facts().membership else { return Vec::new() };
    view.members
        .iter()
        .map(|member| {
            let ordinal = current.ordinal_with_id(&member.id).or_else(|| current.ordinal_of_host(&member.address));
            ListedMember {
                id: member.id.clone(),
                voter: member.voter,
                reachable: member.reachable,
                leader: view.leader.as_ref() == Some(&member.id),
                pod: ordinal.map(|ordinal| pod_name(current.set, ordinal)),
                leaving: ordinal.is_some_and(|ordinal| leaving.contains(ordinal)),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scaling::fixture::{ScalingFixture, led, nothing};

    #[test]
    fn says_who_is_to_leave() {
        let fixture = ScalingFixture::of(3, &[], &led(4, &[3]));
        let current = fixture.current_state();
        let rows = members(&current, &fixture.to(2).leaving());
        let told: Vec<_> = rows.iter().map(|row| (row.id.as_str(), row.reachable, row.leader, row.leaving)).collect();
        let expected = [
            ("rqlite-0", true, true, false),
            ("rqlite-1", true, false, false),
            ("rqlite-2", true, false, true),
            ("rqlite-3", false, false, false),
        ];
        assert_eq!(told, expected);
        assert_eq!(rows[2].pod.as_deref(), Some("rqlite-2"));
    }

    #[test]
    fn is_empty_without_a_view() {
        let fixture = ScalingFixture::of(3, &[], &nothing());
        assert_eq!(members(&fixture.current_state(), &Ordinals::default()), []);
    }
}
