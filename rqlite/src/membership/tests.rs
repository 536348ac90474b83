//! Bodies of `/nodes` and `/status` in the shapes of four majors, and which telling is trusted.

use serde_json::{Value, json};

use super::*;

fn entry(id: &str, reachable: bool, leader: bool) -> Value {
    json!({ "id": id, "addr": format!("{id}:4002"), "voter": true, "reachable": reachable, "leader": leader })
}

fn without_role(reachable: bool, leader: bool) -> Value {
    json!({ "api_addr": "http://127.0.0.1:4101", "addr": "127.0.0.1:4102", "reachable": reachable, "leader": leader, "time": 0.1 })
}

fn answer(node: &str, term: Option<u64>, leader: Option<&str>, listed: &[&str]) -> NodeAnswer {
    let members = listed.iter().map(|id| Member {
        id: (*id).to_owned(),
        address: format!("{id}:4002"),
        voter: true,
        reachable: true,
        leader: leader == Some(*id),
        version: None,
    });
    NodeAnswer { node: node.to_owned(), term, members: members.collect() }
}

/// No node was to be asked.
fn foreign(_: &Member) -> bool {
    false
}

fn own(_: &Member) -> bool {
    true
}

#[test]
fn reads_the_list_of_version_two() {
    let mut reader = entry("rqlite-3", true, false);
    reader["voter"] = json!(false);
    let body = json!({ "nodes": [entry("rqlite-0", true, true), entry("rqlite-1", false, false), reader] }).to_string();
    let members = parse_nodes(&body, None).unwrap();
    let told: Vec<_> = members.iter().map(|m| (m.id.as_str(), m.voter, m.reachable, m.leader)).collect();
    assert_eq!(
        told,
        [("rqlite-0", true, true, true), ("rqlite-1", true, false, false), ("rqlite-3", false, true, false)]
    );
}

#[test]
fn reads_the_object_keyed_by_id_of_v7_whose_default_listing_are_the_voters() {
    let all = json!({ "rqlite-0": without_role(true, true), "rqlite-1": without_role(false, false), "rqlite-3": without_role(true, false) }).to_string();
    let voters = json!({ "rqlite-0": without_role(true, true), "rqlite-1": without_role(false, false) }).to_string();
    let roles = |members: Vec<Member>| members.into_iter().map(|member| (member.id, member.voter)).collect::<Vec<_>>();
    let of = |id: &str, voter| (id.to_owned(), voter);
    assert_eq!(
        roles(parse_nodes(&all, Some(&voters)).unwrap()),
        [of("rqlite-0", true), of("rqlite-1", true), of("rqlite-3", false)]
    );
    assert_eq!(
        roles(parse_nodes(&all, None).unwrap()),
        [of("rqlite-0", true), of("rqlite-1", true), of("rqlite-3", true)]
    );
}

#[test]
fn a_voter_that_the_leader_does_not_know_is_a_conflict() {
    let second = answer("c", Some(9), Some("c"), &["c", "d", "e"]);
    let old = answer("a", Some(4), None, &["a", "b"]);
    let view = trusted(&[second.clone(), old], foreign).unwrap();
    assert!(view.conflict);
    assert_eq!(view.membership.leader, None);
    // One that is only listed by it, and not the other way round, is a node that lags behind.
    let lagging = answer("d", Some(4), None, &["a", "d"]);
    assert!(!trusted(&[second, lagging], foreign).unwrap().conflict);
}

#[test]
fn a_node_that_is_called_nodes_is_a_node() {
    let body = json!({ "nodes": without_role(true, true) }).to_string();
    assert_eq!(parse_nodes(&body, None).unwrap()[0].id, "nodes");
}

#[test]
fn refuses_what_is_no_listing() {
    for body in ["", "[]", "{\"nodes\": [{\"addr\": \"a\"}]}", "{\"a\": 1}", "leader not found"] {
        assert!(parse_nodes(body, None).is_err(), "{body}");
    }
}

#[test]
fn reads_status_of_old_and_new_spelling() {
    let status = |suffrage: [&str; 2]| {
        json!({ "build": {}, "store": {
            "node_id": "rqlite-0", "leader": { "addr": "b:4002", "node_id": "rqlite-1" },
            "nodes": [{ "id": "rqlite-0", "addr": "a:4002", "suffrage": suffrage[0] }, { "id": "rqlite-3", "addr": "d:4002", "suffrage": suffrage[1] }],
            "raft": { "term": 7, "state": "Follower" },
        } })
        .to_string()
    };
    for spelling in [["Voter", "Nonvoter"], ["voter", "nonvoter"]] {
        let read = Status::parse(&status(spelling)).unwrap();
        assert_eq!(
            (read.node.as_deref(), read.leader.as_deref(), read.term),
            (Some("rqlite-0"), Some("rqlite-1"), Some(7))
        );
        assert_eq!(read.members.iter().map(|m| m.voter).collect::<Vec<_>>(), [true, false]);
    }
    let leaderless = json!({ "store": { "node_id": "a", "leader": { "addr": "", "node_id": "" } } }).to_string();
    assert_eq!(Status::parse(&leaderless).unwrap().leader, None);
    assert!(Status::parse("{}").is_err());
}

#[test]
fn trusts_the_leaders_own_answer_before_all() {
    let both = ["a", "b", "c"];
    let answers = [answer("b", Some(5), Some("a"), &both), answer("a", Some(5), Some("a"), &["a", "b", "c", "d"])];
    let view = trusted(&answers, foreign).unwrap();
    assert_eq!(
        (view.membership.members.len(), view.membership.leader.as_deref(), view.conflict),
        (4, Some("a"), false)
    );
}

#[test]
fn does_not_trust_a_node_that_its_own_list_lacks() {
    // A node that was removed answers 200 with what it last knew.
    let orphan = answer("d", Some(9), Some("b"), &["a", "b", "c"]);
    assert_eq!(trusted(std::slice::from_ref(&orphan), foreign), None);
    let view = trusted(&[orphan, answer("a", Some(5), Some("a"), &["a", "c"])], foreign).unwrap();
    assert_eq!((view.membership.leader.as_deref(), view.conflict), (Some("a"), false));
}

#[test]
fn without_a_leader_the_highest_term_speaks() {
    let answers = [answer("a", Some(3), None, &["a", "b"]), answer("b", Some(4), None, &["a", "b", "c"])];
    let view = trusted(&answers, foreign).unwrap();
    assert_eq!((view.membership.members.len(), view.membership.leader), (3, None));
}

#[test]
fn a_leader_of_the_set_leads_by_its_own_answer() {
    let all = ["a", "b", "c"];
    let follower = answer("a", Some(5), Some("c"), &all);
    let itself = |leader| answer("c", Some(5), leader, &all);
    let leader = |answers: &[NodeAnswer], own: fn(&Member) -> bool| trusted(answers, own).unwrap().membership.leader;
    // It has just died, or has started anew: who followed it waits for its next word.
    assert_eq!(leader(std::slice::from_ref(&follower), own), None);
    assert_eq!(leader(&[follower.clone(), itself(None)], foreign), None);
    assert_eq!(leader(&[follower.clone(), itself(Some("b"))], own), None);
    // One of another StatefulSet is not asked.
    assert_eq!(leader(std::slice::from_ref(&follower), foreign), Some("c".to_owned()));
    assert_eq!(leader(&[follower.clone(), itself(Some("c"))], own), Some("c".to_owned()));
    // An old word beside a new leader is no second one.
    let new = answer("b", Some(6), Some("b"), &all);
    let view = trusted(&[follower, new, itself(Some("b"))], own).unwrap();
    assert_eq!((view.membership.leader.as_deref(), view.conflict), (Some("b"), false));
}

#[test]
fn who_is_named_counts_for_who_is_in_touch() {
    // The leader answers too late for once; one node is cut off from both, and campaigns.
    let mut follower = answer("b", Some(5), Some("a"), &["a", "b", "c"]);
    follower.members[2].reachable = false;
    let mut cut_off = answer("c", Some(9), None, &["a", "b", "c"]);
    cut_off.members[0].reachable = false;
    let view = trusted(&[follower, cut_off], own).unwrap();
    let reachable: Vec<_> = view.membership.members.iter().map(|member| member.reachable).collect();
    assert_eq!((view.membership.leader, view.from.as_str(), reachable), (None, "b", vec![true, true, false]));
}

#[test]
fn two_leaders_are_a_conflict_and_none() {
    let answers = [answer("a", Some(3), Some("a"), &["a", "b"]), answer("c", Some(4), Some("c"), &["a", "b", "c"])];
    let view = trusted(&answers, foreign).unwrap();
    assert_eq!((view.membership.members.len(), view.membership.leader, view.conflict), (3, None, true));
    assert_eq!(trusted(&[], foreign), None);
}

#[test]
fn who_answers_itself_is_reachable_whatever_another_one_tells_of_it() {
    let all = ["a", "b", "c"];
    let blind = |leader: Option<&str>| {
        let mut told = answer("a", Some(5), leader, &all);
        told.members.iter_mut().filter(|member| member.id != "a").for_each(|member| member.reachable = false);
        told
    };
    let reachable = |answers: &[NodeAnswer]| -> Vec<String> {
        let view = trusted(answers, foreign).unwrap().membership;
        view.members.into_iter().filter(|member| member.reachable).map(|member| member.id).collect()
    };
    for leader in [Some("a"), None] {
        assert_eq!(reachable(&[blind(leader), answer("b", Some(4), leader, &all)]), ["a", "b"], "{leader:?}");
    }
    // One that knows another leader, or none beside one, may have lost touch; so has one that its own list lacks.
    assert_eq!(reachable(&[blind(Some("a")), answer("b", Some(4), None, &all)]), ["a"]);
    assert_eq!(reachable(&[blind(Some("a")), answer("b", Some(4), Some("a"), &["a", "c"])]), ["a"]);
}

#[test]
fn without_a_leader_one_list_that_lags_behind_is_no_loss() {
    let mut lagging = answer("a", Some(5), None, &["a", "b", "c", "d"]);
    lagging.members.iter_mut().filter(|member| member.id != "a").for_each(|member| member.reachable = false);
    let newer = answer("d", Some(5), None, &["a", "d"]);
    for answers in [[lagging.clone(), newer.clone()], [newer, lagging]] {
        let view = trusted(&answers, foreign).unwrap();
        assert_eq!((view.from.as_str(), view.membership.voters().count()), ("d", 2));
    }
}
