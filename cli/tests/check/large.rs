//! Large repositories are evaluated whole. How long that takes is in docs/check.md, and no test's matter.

use std::fmt::Write as _;

use super::support::{States, set};

fn put_many(states: &States, side: &str, files: usize) {
    for index in 0..files {
        let mut text = String::new();
        for part in 0..3 {
            let _ = writeln!(
                text,
                "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c{index}-{part}\n  namespace: db\ndata:\n  a: |\n    {}\n---",
                "text ".repeat(40)
            );
        }
        states.put(&format!("{side}/apps/{}/c{index}.yaml", index % 100), text);
    }
}

/// Without an rqlite change no policy is loaded, so this is reading and comparing alone.
#[test]
fn ten_thousand_files_are_read() {
    let states = States::new(&[], &[]);
    for side in ["base", "head"] {
        put_many(&states, side, 5_000);
    }
    let run = states.check(&[]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), "nothing to judge, 15000 of other kinds\n"));
}

#[test]
fn fifty_sets_among_a_thousand_manifests_are_judged() {
    let states = States::new(&[], &[]);
    for side in ["base", "head"] {
        put_many(&states, side, 950);
        for index in 0..50 {
            let replicas = if side == "base" { 3 } else { 4 };
            let one = set(replicas).replace("  name: rqlite\n  namespace", &format!("  name: rq{index}\n  namespace"));
            states.put(&format!("{side}/sets/{index}.yaml"), one);
        }
    }
    let run = states.check(&[]);
    assert_eq!(run.code, Some(0));
    assert!(run.stdout.contains("0 denied, 0 not judged, 50 allowed (50 with warnings)"), "{}", run.stdout);
}
