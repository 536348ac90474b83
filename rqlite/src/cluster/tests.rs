//! Which sets are rqlite's, by the rules of recognition in docs/launch-shapes.md, and what is read of them.
//! Not the launch shapes themselves: those are tested in `launch`.

use super::*;
use crate::version::Version;

fn set(annotations: &str, containers: &str) -> StatefulSet {
    let json = format!(
        r#"{{"metadata":{{"annotations":{{{annotations}}}}},"spec":{{"replicas":3,"template":{{"spec":{{"containers":[{containers}]}}}}}}}}"#
    );
    serde_json::from_str(&json).unwrap()
}

/// Indices of the containers that are rqlite's.
#[track_caller]
fn detected(containers: &str) -> Vec<usize> {
    indices(&set("", containers))
}

fn indices(set: &StatefulSet) -> Vec<usize> {
    RqliteSet::detect(set).map(|set| set.nodes.iter().map(|node| node.place.index).collect()).unwrap_or_default()
}

#[track_caller]
fn sole(containers: &str) -> RqliteSet {
    RqliteSet::detect(&set("", containers)).unwrap()
}

const SIDECAR: &str = r#"{"name":"side","image":"busybox"}"#;

#[test]
fn the_annotation_goes_before_launch_and_image() {
    let containers =
        r#"{"name":"a","image":"rqlite/rqlite","command":["/wait.sh"]},{"name":"b","image":"x","command":["/start"]}"#;
    assert_eq!(indices(&set(r#""quorate.dev/container":"b""#, containers)), [1]);
    for names_none in ["typo", "none", "A", " a", ""] {
        let annotation = format!(r#""quorate.dev/container":"{names_none}""#);
        assert_eq!(indices(&set(&annotation, containers)), [0], "{names_none}");
    }
    assert_eq!(indices(&set("", containers)), [0]);
    assert_eq!(indices(&set(r#""quorate.dev/container":"a""#, r#"{"name":"a","command":["sleep"]}"#)), [0]);
}

#[test]
fn the_annotation_never_hides_a_container_that_readably_launches_rqlited() {
    let other = r#"{"name":"other","image":"x"}"#;
    let with = |launch: &str| {
        indices(&set(r#""quorate.dev/container":"other""#, &format!(r#"{{"name":"db",{launch}}},{other}"#)))
    };
    for launch in [
        r#""image":"rqlite/rqlite""#,
        r#""image":"rqlite/rqlite","args":["-fk"]"#,
        r#""image":"rqlite/rqlite","command":["docker-entrypoint.sh","-fk"]"#,
        r#""image":"corp/db","command":["rqlited","/d"]"#,
        r#""image":"corp/db","command":["sh","-c","exec rqlited /d"]"#,
        r#""image":"corp/db","command":["sh","-c","while true; do rqlited /d; done"]"#,
        r#""image":"corp/db","command":["docker-entrypoint.sh"],"args":["-disco-mode=dns"]"#,
        r#""image":"corp/rqlite","args":["-disco-mode=dns"]"#,
    ] {
        assert_eq!(with(launch), [0, 1], "{launch}");
    }
    for launch in [
        r#""image":"rqlite/rqlite","command":["curl","x"]"#,
        r#""image":"rqlite/rqlite","command":["/start.sh"]"#,
        r#""image":"corp/rqlite""#,
        r#""image":"nginx","args":["-disco-mode=dns"]"#,
    ] {
        assert_eq!(with(launch), [1], "{launch}");
    }
}

#[test]
fn a_launch_of_rqlited_counts_whatever_the_image() {
    for launch in [
        r#""command":["/usr/bin/rqlited","/d"]"#,
        r#""args":["rqlited","/d"]"#,
        r#""command":["sh","-c","exec rqlited /d"]"#,
        r#""command":["tini","--","rqlited","/d"]"#,
        r#""command":["dumb-init","--"],"args":["rqlited","/d"]"#,
        r#""command":["sh","-c","exec su-exec rqlite rqlited /d"]"#,
        r#""command":["sh","-c","exec sh -c 'exec rqlited /d'"]"#,
        r#""command":["sh","-c","BIN=rqlited; exec $BIN /d"]"#,
        r#""command":["sh","-c","if a; then rqlited /d; else rqlited -fk /d; fi"]"#,
    ] {
        assert_eq!(detected(&format!(r#"{{"image":"corp/db:1",{launch}}},{SIDECAR}"#)), [0], "{launch}");
    }
}

#[test]
fn an_entrypoint_script_counts_with_the_image_or_a_flag_of_its_own() {
    let script = |image: &str, flags: &str| {
        format!(
            r#"{{"image":"{image}","command":["sh","-c","exec /bin/docker-entrypoint.sh \"$0\" \"$@\""],"args":["{flags}"]}},{SIDECAR}"#
        )
    };
    assert_eq!(detected(&script("ghcr.io/x/rqlite/rqlite:9.1.3", "-fk")), [0]);
    assert_eq!(detected(&script("corp/db:1", "-disco-mode=dns")), [0]);
    assert_eq!(detected(&script("postgres:16", "-node-id=a")), [0_usize; 0]);
    assert_eq!(
        detected(r#"{"image":"postgres:16","command":["docker-entrypoint.sh"],"args":["-c","max=1"]}"#),
        [0_usize; 0]
    );
    assert_eq!(detected(r#"{"image":"corp/db","command":["docker-entrypoint.sh"],"args":["-on-disk"]}"#), [0]);
}

#[test]
fn official_images_count_from_any_registry_and_mirror_path() {
    for image in [
        "rqlite/rqlite",
        "docker.io/rqlite/rqlite:9",
        "localhost:5000/mirror/hub/rqlite/rqlite@sha256:ab",
        "kotsadm/rqlite:8.36.3-r0",
        "registry.corp:443/kotsadm/rqlite",
    ] {
        assert_eq!(detected(&format!(r#"{{"image":"{image}"}},{SIDECAR}"#)), [0], "{image}");
    }
}

#[test]
fn an_image_called_rqlite_counts_alone_or_with_a_flag_of_its_own() {
    let alone = r#"{"image":"corp/rqlite:1.0"}"#;
    assert_eq!(detected(alone), [0]);
    assert_eq!(detected(&format!("{alone},{SIDECAR}")), [0_usize; 0]);
    assert_eq!(detected(&format!(r#"{{"image":"corp/rqlite:1.0","args":["-node-id=a"]}},{SIDECAR}"#)), [0_usize; 0]);
    assert_eq!(detected(&format!(r#"{{"image":"corp/rqlite:1.0","args":["-raft-non-voter"]}},{SIDECAR}"#)), [0]);
    assert_eq!(
        detected(&format!(r#"{{"image":"corp/rqlite","command":["/run.sh","-disco-mode=dns"]}},{SIDECAR}"#)),
        [0]
    );
}

#[test]
fn a_registrys_host_is_no_path_segment() {
    assert_eq!(detected(&format!(r#"{{"image":"rqlite:5000/rqlite"}},{SIDECAR}"#)), [0_usize; 0]);
    assert_eq!(detected(r#"{"image":"rqlite.io/exporter"}"#), [0_usize; 0]);
    assert_eq!(detected(r#"{"image":"rqlite.io/rqlite"}"#), [0]);
}

#[test]
fn sidecars_with_the_image_do_not_count() {
    let server = r#"{"image":"rqlite/rqlite","args":["-fk"]}"#;
    for launch in [
        r#""command":["curl","x"]"#,
        r#""command":["sleep","9"]"#,
        r#""args":["rqlite","-H","x"]"#,
        r#""command":["sh","-c","while true; do rqlite .backup; sleep 9; done"]"#,
    ] {
        assert_eq!(detected(&format!(r#"{{"image":"rqlite/rqlite",{launch}}},{server}"#)), [1], "{launch}");
    }
}

#[test]
fn an_unreadable_launch_counts_with_the_image() {
    assert_eq!(detected(r#"{"image":"rqlite/rqlite","command":["/start.sh"]}"#), [0]);
    assert_eq!(detected(r#"{"image":"rqlite/rqlite","command":["sh","/start.sh"]}"#), [0]);
    assert_eq!(detected(r#"{"image":"nginx","command":["/start.sh"]}"#), [0_usize; 0]);
}

#[test]
fn a_starter_that_is_not_known_counts_with_the_image() {
    for launch in [
        r#""command":["/vault/vault-env","rqlited","/d"]"#,
        r#""command":["/scripts/start","-disco-mode=dns"]"#,
        r#""command":["sh","-c","exec /scripts/start -disco-mode=dns"]"#,
        r#""command":["sh","-c","/scripts/start rqlited"]"#,
    ] {
        assert_eq!(detected(&format!(r#"{{"image":"rqlite/rqlite",{launch}}}"#)), [0], "{launch}");
        assert_eq!(detected(&format!(r#"{{"image":"corp/db:1",{launch}}}"#)), [0_usize; 0], "{launch}");
    }
}

#[test]
fn names_and_flags_alone_do_not_count() {
    assert_eq!(detected(r#"{"name":"rqlite","image":"nginx","args":["-bootstrap-expect=3"]}"#), [0_usize; 0]);
    assert_eq!(detected(r#"{"name":"rqlite-exporter","image":"corp/rqlite-exporter:1"}"#), [0_usize; 0]);
    assert_eq!(detected(r#"{"image":"nginx","args":["-disco-mode=dns"]}"#), [0_usize; 0]);
    assert_eq!(detected(""), [0_usize; 0]);
}

/// Names of the rqlite containers of a pod with these lists.
#[track_caller]
fn names(annotations: &str, init: &str, containers: &str) -> Vec<String> {
    let mut set = set(annotations, containers);
    set.spec.template.spec.init_containers = serde_json::from_str(&format!("[{init}]")).unwrap();
    let nodes = RqliteSet::detect(&set).map(|set| set.nodes).unwrap_or_default();
    nodes.iter().map(|node| node.container.name.clone()).collect()
}

const NONE: [&str; 0] = [];

#[test]
fn init_containers_that_end_do_not_count() {
    let app = r#"{"name":"app","image":"nginx"}"#;
    for policy in ["", r#","restartPolicy":"OnFailure""#, r#","restartPolicy":"Never""#] {
        let init = format!(r#"{{"name":"db","image":"rqlite/rqlite","command":["rqlited","/d"]{policy}}}"#);
        assert_eq!(names("", &init, app), NONE, "{policy}");
        assert_eq!(names(r#""quorate.dev/container":"db""#, &init, app), NONE, "{policy}");
    }
}

#[test]
fn a_native_sidecar_counts_as_a_container() {
    let app = r#"{"name":"app","image":"nginx"}"#;
    for launch in [
        r#""image":"rqlite/rqlite:10.2.7""#,
        r#""image":"rqlite/rqlite:10.2.7","command":["/start.sh"]"#,
        r#""image":"corp/db:1","command":["rqlited","/d"]"#,
        r#""image":"corp/db:1","command":["sh","-c","exec rqlited /d"]"#,
        r#""image":"corp/db:1","command":["docker-entrypoint.sh"],"args":["-on-disk"]"#,
        r#""image":"corp/rqlite:1","args":["-disco-mode=dns"]"#,
    ] {
        let sidecar =
            format!(r#"{{"name":"setup","image":"busybox"}},{{"name":"db","restartPolicy":"Always",{launch}}}"#);
        assert_eq!(names("", &sidecar, app), ["db"], "{launch}");
    }
    let unknown = r#"{"name":"db","image":"corp/db:1","restartPolicy":"Always","command":["/start"]}"#;
    assert_eq!(names("", unknown, app), NONE);
    assert_eq!(names(r#""quorate.dev/container":"db""#, unknown, app), ["db"]);
    let client = r#"{"name":"backup","image":"rqlite/rqlite","restartPolicy":"Always","command":["sleep","9"]}"#;
    assert_eq!(names("", client, app), NONE);
}

#[test]
fn an_image_called_rqlite_is_alone_among_the_ordinary_containers() {
    let app = r#"{"name":"app","image":"nginx"}"#;
    let shipper = r#"{"name":"shipper","image":"fluent-bit","restartPolicy":"Always"}"#;
    let named = |rest: &str| format!(r#"{{"name":"db","image":"corp/rqlite:1"{rest}}}"#);
    // A native sidecar beside the only container takes nothing away from the guard.
    assert_eq!(names("", shipper, &named("")), ["db"]);
    // It is no only container itself: there always is an ordinary one.
    assert_eq!(names("", &named(r#","restartPolicy":"Always""#), app), NONE);
}

#[test]
fn releases_come_from_images_that_are_known() {
    let version = |image: &str| sole(&format!(r#"{{"image":"{image}","command":["rqlited","/d"]}}"#)).nodes[0].version;
    assert_eq!(version("rqlite/rqlite"), ImageVersion::Floating);
    assert_eq!(version("mirror.corp/rqlite:9.1.3"), ImageVersion::Tagged(Version::new(9, 1, 3)));
    assert_eq!(version("mirror.corp/rqlite:latest"), ImageVersion::Unknown);
    assert_eq!(version("corp/db:9.1.3"), ImageVersion::Unknown);
    assert_eq!(version("corp/rqlite:2026.11.28"), ImageVersion::Unknown);
}

#[test]
fn of_several_containers_one_voter_makes_voters_and_all_must_remove_themselves() {
    let reader = r#"{"image":"rqlite/rqlite","args":["-raft-non-voter","-raft-cluster-remove-shutdown"]}"#;
    let voter = r#"{"image":"rqlite/rqlite","args":["-fk"]}"#;
    let both = sole(&format!("{reader},{voter}"));
    assert_eq!((both.role(), both.removes_itself(), both.sole_node()), (Role::Voter, false, None));
    let readers = sole(&format!("{reader},{reader}"));
    assert_eq!((readers.role(), readers.removes_itself()), (Role::ReadOnly, true));
    assert!(sole(reader).sole_node().is_some());
}

#[test]
fn replicas_and_ordinals_have_kubernetes_defaults() {
    let read = |spec: &str| {
        let json =
            format!(r#"{{"spec":{{{spec}"template":{{"spec":{{"containers":[{{"image":"rqlite/rqlite"}}]}}}}}}}}"#);
        RqliteSet::detect(&serde_json::from_str(&json).unwrap()).unwrap().ordinals()
    };
    assert_eq!(read(""), 0..1);
    assert_eq!(read(r#""replicas":3,"ordinals":{"start":2},"#), 2..5);
    assert_eq!(read(r#""replicas":-1,"ordinals":{"start":-4},"#), 0..0);
    assert_eq!(read(r#""replicas":2147483647,"ordinals":{"start":2147483647},"#), 2_147_483_647..4_294_967_294);
}

#[test]
fn node_ids_are_told_pod_by_pod() {
    let id = |launch: &str| sole(&format!(r#"{{"image":"rqlite/rqlite:9.1.3",{launch}}}"#)).node_id("db-2");
    let known = |text: &str| Value::Known(text.to_owned());
    let pod_name = r#""env":[{"name":"POD","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}},{"name":"NODE_ID","value":"x-$(POD)"}]"#;
    assert_eq!(id(r#""args":["-fk"]"#), known("db-2"));
    assert_eq!(id(r#""args":["-node-id=one"]"#), known("one"));
    assert_eq!(id(&format!(r#""args":["-node-id=$(POD)"],{pod_name}"#)), known("db-2"));
    assert_eq!(id(&format!(r#""args":["-node-id","a-$(POD).b-$(POD)"],{pod_name}"#)), known("a-db-2.b-db-2"));
    assert_eq!(id(&format!(r#""args":["-fk"],{pod_name}"#)), known("x-db-2"));
    assert_eq!(id(r#""command":["sh","-c","exec rqlited -node-id=$HOSTNAME /d"]"#), known("db-2"));
    assert_eq!(
        id(&format!(r#""command":["rqlited","-raft-adv-addr=$(POD).svc:4002","/d"],{pod_name}"#)),
        known("db-2.svc:4002")
    );
    assert!(matches!(
        id(r#""command":["sh","-c","exec rqlited -node-id=$(cat id) /d"]"#),
        Value::Deferred(Source::Script(_))
    ));
    assert!(matches!(id(r#""command":["sh","-c","cat <<E"]"#), Value::Deferred(Source::Script(_))));
}

#[test]
fn an_id_that_the_manifest_does_not_tell_is_not_known() {
    let env = r#""env":[{"name":"X","valueFrom":{"configMapKeyRef":{"name":"m","key":"x"}}},{"name":"POD","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}}]"#;
    let id = |launch: &str| sole(&format!(r#"{{"image":"rqlite/rqlite:9.1.3",{launch},{env}}}"#)).node_id("db-2");
    for launch in [
        r#""command":["rqlited","/d"]"#,
        r#""command":["rqlited","-raft-addr=0.0.0.0:4002","/d"]"#,
        r#""command":["sh","-c","exec rqlited $X /d"]"#,
        r#""command":["sh","-c","exec rqlited $X"]"#,
        r#""command":["sh","-c","exec rqlited -node-id=$POD $X /d"]"#,
        r#""args":["-fk","$(X)"]"#,
        r#""args":["$(X)","-fk"]"#,
        r#""args":["-node-id=$(X)"]"#,
    ] {
        assert!(matches!(id(launch), Value::Deferred(_)), "{launch}");
    }
    for launch in [
        r#""command":["sh","-c","exec rqlited $X -node-id=$POD /d"]"#,
        r#""command":["rqlited","-raft-addr=$(POD)","/d"]"#,
        r#""args":["-fk=$(X)"]"#,
    ] {
        assert_eq!(id(launch), Value::Known("db-2".into()), "{launch}");
    }
}
