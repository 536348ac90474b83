//! Without a base: what an object's shape alone shows, and creation on demand.

use super::support::{States, set};
use crate::common::{Folder, command};

const HPA: &str = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: rqlite, namespace: db}\nspec:\n  \
                   minReplicas: 1\n  maxReplicas: 5\n  scaleTargetRef: {apiVersion: apps/v1, kind: StatefulSet, name: rqlite}\n";

#[test]
fn only_the_shape_is_judged_without_a_base() {
    // Four replicas and a bootstrap-expect of three do not fit at creation, but nobody says that this is one.
    let folder = Folder::new(&[("set.yaml", &set(4)), ("hpa.yaml", HPA)]);
    let only = ["--policies", "quorum-guard,bootstrap-expect-lock"];
    let shape = folder.quorate(&[&["check", "set.yaml", "-o", "text"], &only[..]].concat());
    assert_eq!(shape.code, Some(0), "{shape:?}");
    assert!(shape.stdout.starts_with("StatefulSet db/rqlite: allowed shape set.yaml:2:1\n"), "{}", shape.stdout);
    let create = folder.quorate(&[&["check", "set.yaml", "--as-create"], &only[..]].concat());
    assert_eq!(create.code, Some(1), "{create:?}");
    assert!(create.stdout.contains("deny bootstrap-expect-lock/bootstrap-expect-mismatch"), "{}", create.stdout);
    let both = folder.quorate(&[&["check", "set.yaml", "hpa.yaml"], &only[..]].concat());
    assert_eq!(both.code, Some(1), "{both:?}");
    assert!(both.stdout.contains("deny quorum-guard/autoscaler-on-voters"), "{}", both.stdout);
}

#[test]
fn reads_standard_input_once() {
    let folder = Folder::new(&[]);
    let run =
        folder.quorate_with_input(&["check", "-", "--policies", "quorum-guard"], &format!("{}---\n{HPA}", set(3)));
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stdout.contains("standard input:"), "{}", run.stdout);
    folder
        .quorate(&["check", "-", "-"])
        .assert_unusable(&["quorate: `-` stands 2 times, but standard input can be read once"]);
}

#[test]
fn folders_are_walked() {
    let states =
        States::new(&[], &[("a/set.yaml", &set(3)), ("a/b/hpa.yaml", HPA), ("a/.git/x.yaml", "apiVersion: [")]);
    let child = command(&states.path("head"), &["check", "a", "--policies", "quorum-guard"]).output().unwrap();
    let stdout = String::from_utf8(child.stdout).unwrap();
    assert_eq!(child.status.code(), Some(1), "{stdout}");
    assert!(stdout.contains("a/b/hpa.yaml:"), "{stdout}");
}
