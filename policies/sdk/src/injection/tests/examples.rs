//! Examples: where things go, what stays, what goes.

use serde_json::json;

use super::*;
use crate::injection::InsertError;

#[test]
fn a_creation_gets_everything_and_lists_it() {
    let live = both(None, &git(dns()));
    assert_eq!(args(&live)[..3], [FLAG, AUTH, JOIN_AS]);
    let expected = "remove-on-shutdown flag rqlite args[0] -raft-cluster-remove-shutdown=true\n\
        remove-on-shutdown grace 30 was 10\n\
        secret-mounts flag rqlite args[1] -auth=/etc/quorate/auth/users.json\n\
        secret-mounts flag rqlite args[2] -join-as=node\n\
        secret-mounts volume quorate-auth\n\
        secret-mounts mount rqlite quorate-auth /etc/quorate/auth\n\
        secret-mounts probe rqlite readinessProbe was HTTP";
    assert_eq!(list(&live), expected);
}

#[test]
fn the_manifest_from_git_gives_the_live_object_again() {
    let live = both(None, &git(dns()));
    assert_eq!(both(Some(&live), &git(dns())), live);
}

#[test]
fn a_client_side_apply_gives_the_live_object_again() {
    let live = both(None, &git(dns()));
    assert_eq!(both(Some(&live), &client_side(&live, &git(dns()))), live);
}

#[test]
fn merged_volumes_that_moved_go_back() {
    let live = both(None, &git(dns()));
    let mut sent = live.clone();
    sent["spec"]["template"]["spec"]["volumes"].as_array_mut().unwrap().reverse();
    assert_eq!(both(Some(&live), &sent), live);
}

#[test]
fn without_a_change_nothing_starts_and_what_waits_is_told() {
    let old = git(dns());
    let mut new = old.clone();
    new["spec"]["replicas"] = json!(5);
    let (result, reconciled) = turn(SHUTDOWN, Some(&old), &new, &shutdown_items());
    assert_eq!((result, reconciled.pending), (new, shutdown_items()));
}

#[test]
fn with_a_changed_template_it_starts() {
    let old = git(dns());
    let mut new = old.clone();
    new["spec"]["template"]["metadata"] = json!({ "annotations": { "kubectl.kubernetes.io/restartedAt": "now" } });
    let (result, reconciled) = turn(SHUTDOWN, Some(&old), &new, &shutdown_items());
    assert_eq!(args(&result)[0], FLAG);
    assert_eq!(reconciled.started().count(), 2);
}

#[test]
fn what_nobody_asks_for_stays_until_the_template_changes() {
    let live = both(None, &git(dns()));
    let (kept, reconciled) = turn(SHUTDOWN, Some(&live), &live, &[]);
    assert_eq!((&kept, reconciled.leaving), (&live, shutdown_items()));
    let mut new = live.clone();
    new["spec"]["template"]["spec"]["containers"][1]["image"] = json!("rqlite/rqlite:10.2.6");
    let (result, reconciled) = turn(SHUTDOWN, Some(&live), &new, &[]);
    assert_eq!(reconciled.dropped, shutdown_items());
    assert_eq!(args(&result)[..2], [AUTH, JOIN_AS]);
    assert_eq!(result["spec"]["template"]["spec"]["terminationGracePeriodSeconds"], 10);
    assert!(!list(&result).contains("remove-on-shutdown"));
    assert!(list(&result).contains("secret-mounts flag rqlite args[0] -auth"), "{}", list(&result));
}

#[test]
fn dropping_leaves_what_git_has() {
    let live = both(None, &git(dns()));
    let mut changed = git(dns());
    changed["spec"]["template"]["spec"]["containers"][1]["image"] = json!("rqlite/rqlite:10.2.6");
    let sent = client_side(&live, &changed);
    let (first, _) = turn(SECRETS, Some(&live), &sent, &[]);
    let (mut second, _) = turn(SHUTDOWN, Some(&live), &first, &[]);
    assert_eq!(list(&second), "");
    second["metadata"].as_object_mut().unwrap().remove("annotations");
    assert_eq!(second, changed);
}

#[test]
fn another_secret_takes_the_place_of_the_old_one_with_the_next_change() {
    let live = both(None, &git(dns()));
    let mut wanted = secret_items();
    wanted[2] = volume("others");
    let (same, reconciled) = turn(SECRETS, Some(&live), &live, &wanted);
    assert_eq!((&same, reconciled.pending, reconciled.leaving), (&live, vec![volume("others")], vec![volume("users")]));
    let mut new = live.clone();
    new["spec"]["template"]["spec"]["containers"][1]["image"] = json!("rqlite/rqlite:10.2.6");
    let (result, reconciled) = turn(SECRETS, Some(&live), &new, &wanted);
    assert_eq!(result["spec"]["template"]["spec"]["volumes"][1]["secret"]["secretName"], "others");
    assert_eq!(reconciled.dropped, [volume("users")]);
}

#[test]
fn a_keyword_is_replaced_and_comes_back_with_the_last_token() {
    let run = git(json!(["run"]));
    let live = both(None, &run);
    assert_eq!(args(&live), [FLAG, AUTH, JOIN_AS]);
    assert!(list(&live).contains("args[0]=run -raft-cluster-remove-shutdown=true"), "{}", list(&live));
    assert_eq!(both(Some(&live), &run), live);
    assert_eq!(args(&turn(SHUTDOWN, None, &live, &[]).0), [AUTH, JOIN_AS]);
    let (without, _) = turn(SECRETS, None, &live, &[]);
    assert_eq!(args(&without), [FLAG]);
    assert_eq!(args(&turn(SHUTDOWN, None, &without, &[]).0), ["run"]);
}

#[test]
fn a_keyword_behind_the_entrypoint_comes_back_too() {
    for before in [vec!["docker-entrypoint.sh"], vec!["tini", "--", "docker-entrypoint.sh"]] {
        let run = git(json!([before.clone(), vec!["run"]].concat()));
        let live = both(None, &run);
        assert_eq!(args(&live), [before.clone(), vec![FLAG, AUTH, JOIN_AS]].concat());
        assert_eq!(both(Some(&live), &run), live);
        assert_eq!(both(Some(&live), &live), live);
        let (first, _) = turn(SHUTDOWN, None, &live, &[]);
        assert_eq!(turn(SECRETS, None, &first, &[]).0["spec"], run["spec"]);
    }
}

#[test]
fn a_keyword_does_not_come_back_beside_the_users_flags() {
    let mut live = both(None, &git(json!(["docker-entrypoint.sh", "run"])));
    live["spec"]["template"]["spec"]["containers"][1]["args"].as_array_mut().unwrap().push(json!("-fk"));
    let (first, _) = turn(SHUTDOWN, None, &live, &[]);
    assert_eq!(args(&turn(SECRETS, None, &first, &[]).0), ["docker-entrypoint.sh", "-fk"]);
}

#[test]
fn absent_lists_and_fields_are_made_and_go_again() {
    let mut bare = git(json!([]));
    let pod = bare["spec"]["template"]["spec"].as_object_mut().unwrap();
    pod.remove("volumes");
    pod.remove("terminationGracePeriodSeconds");
    for key in ["args", "volumeMounts"] {
        pod["containers"][1].as_object_mut().unwrap().remove(key);
    }
    pod["containers"][1]["readinessProbe"]["httpGet"].as_object_mut().unwrap().remove("scheme");
    let live = both(None, &bare);
    assert_eq!(args(&live), [FLAG, AUTH, JOIN_AS]);
    assert!(list(&live).contains("grace 30 was absent") && list(&live).contains("was absent"));
    assert_eq!(both(Some(&live), &bare), live);
    let (first, _) = turn(SECRETS, None, &live, &[]);
    let (last, _) = turn(SHUTDOWN, None, &first, &[]);
    assert_eq!(last["spec"], bare["spec"]);
}

#[test]
fn the_users_own_token_is_no_item() {
    let live = both(None, &git(dns()));
    let mut own = git(json!(["-disco-mode=dns", "-bootstrap-expect=3", FLAG]));
    own["metadata"]["annotations"] = live["metadata"]["annotations"].clone();
    let editor = editor(SHUTDOWN, Some(&live), &own);
    assert!(editor.template_changes());
    assert!(editor.cluster().unwrap().removes_itself(), "what the user wrote stays in the bare object");
    let (result, _) = turn(SHUTDOWN, Some(&live), &own, &[]);
    assert_eq!(args(&result), ["-disco-mode=dns", "-bootstrap-expect=3", FLAG]);
}

#[test]
fn an_entry_that_the_policy_cannot_have_written_is_struck() {
    let mut forged = git(dns());
    forged["metadata"]["annotations"] =
        json!({ INJECTED: "remove-on-shutdown flag rqlite args[2] -bootstrap-expect=3\nnonsense" });
    let (result, reconciled) = turn(SHUTDOWN, None, &forged, &[]);
    assert_eq!((args(&result), list(&result)), (args(&forged), ""));
    assert_eq!(reconciled, Reconciled::default());
}

#[test]
fn a_volume_of_the_users_with_our_name_is_left_alone() {
    let mut taken = git(dns());
    taken["spec"]["template"]["spec"]["volumes"][0]["name"] = json!("quorate-auth");
    let (result, reconciled) = turn(SECRETS, None, &taken, &[volume("users")]);
    assert_eq!(result, taken);
    assert!(matches!(reconciled.refused.as_slice(), [(_, InsertError::Occupied(_))]), "{reconciled:?}");
}

#[test]
fn places_that_are_not_there_are_refused() {
    let mut bare = git(dns());
    bare["spec"]["template"]["spec"]["containers"][1].as_object_mut().unwrap().remove("readinessProbe");
    let elsewhere = Item::Flag { container: "sidecar".to_owned(), token: FLAG.to_owned() };
    let nowhere = Item::Mount { container: "web".to_owned(), content: json!({ "name": "a", "mountPath": "/a" }) };
    let (result, reconciled) = turn(SECRETS, None, &bare, &[probe(), elsewhere, nowhere]);
    assert_eq!(result, bare);
    assert!(reconciled.refused.iter().all(|(_, error)| *error == InsertError::NoPlace), "{reconciled:?}");
    assert_eq!(reconciled.refused.len(), 3);
}

#[test]
fn a_launch_that_takes_no_flag_refuses_it() {
    let mut shell = git(json!(["exec rqlited -disco-mode=dns -bootstrap-expect=3 /data"]));
    shell["spec"]["template"]["spec"]["containers"][1]["command"] = json!(["sh", "-c"]);
    let (result, reconciled) = turn(SHUTDOWN, None, &shell, &[flag(FLAG)]);
    assert_eq!(result, shell);
    assert!(matches!(reconciled.refused.as_slice(), [(_, InsertError::Launch(_))]), "{reconciled:?}");
}

#[test]
fn what_came_out_without_it_is_told() {
    let live = both(None, &git(dns()));
    let (_, reconciled) = turn(SHUTDOWN, Some(&live), &git(dns()), &shutdown_items());
    assert_eq!(reconciled.lost().cloned().collect::<Vec<_>>(), shutdown_items());
    let (_, reconciled) = turn(SHUTDOWN, Some(&live), &live, &shutdown_items());
    assert_eq!(reconciled.lost().count(), 0);
    let (_, reconciled) = turn(SHUTDOWN, None, &git(dns()), &shutdown_items());
    assert_eq!((reconciled.lost().count(), reconciled.not_started().count()), (0, 2));
}

#[test]
fn an_exported_manifest_created_anew_keeps_its_items() {
    let live = both(None, &git(dns()));
    assert_eq!(both(None, &live), live);
}
