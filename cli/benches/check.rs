//! How long `quorate check` takes over a large repository, beside merely reading its files in the same run.
//! A table on standard output; asserts nothing.
#![expect(clippy::print_stdout, reason = "a table is its result")]
#![expect(clippy::expect_used, reason = "a bench that cannot be set up fails")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Runs of each row; the median is printed.
const RUNS: usize = 7;

/// Files on either side, each a manifest, and how many of them are rqlite sets that change.
const REPOSITORIES: [(usize, usize); 3] = [(1_000, 0), (1_000, 50), (10_000, 50)];

fn main() {
    println!("| manifests | changed rqlite sets | compiled policies | median | ratio to reading the files |");
    println!("|---|---|---|---|---|");
    for (files, sets) in REPOSITORIES {
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path(), files, sets);
        let kept = folder.path().join("cache").display().to_string();
        check(folder.path(), &kept);
        for (name, cache) in [("kept", kept.as_str()), ("none", "off")] {
            let read = median(|| read(folder.path()));
            let took = median(|| check(folder.path(), cache));
            println!("| {files} | {sets} | {name} | {took:.2?} | {:.1} |", took.as_secs_f64() / read.as_secs_f64());
        }
    }
}

/// A file for each manifest, on both sides; the sets grow from three to five.
fn write(folder: &Path, files: usize, sets: usize) {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/examples/rqlite.yaml");
    let example = fs::read_to_string(example).expect("docs/examples/rqlite.yaml");
    for (side, replicas) in [("base", 3), ("head", 5)] {
        for index in 0..files {
            let text = if index < sets {
                let named = example.replace("  name: rqlite\n  namespace", &format!("  name: rq{index}\n  namespace"));
                named.replace("replicas: 3", &format!("replicas: {replicas}"))
            } else {
                deployment(index)
            };
            let path = folder.join(format!("{side}/apps/{}/{index}.yaml", index % 100));
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
    }
}

fn deployment(index: usize) -> String {
    let variables: String =
        (0..20).map(|number| format!("        - name: VARIABLE_{number}\n          value: \"{number}\"\n")).collect();
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web{index}\n  namespace: web\n  labels:\n    app: web{index}\n\
         spec:\n  replicas: 2\n  selector:\n    matchLabels:\n      app: web{index}\n  template:\n    metadata:\n      labels:\n        \
         app: web{index}\n    spec:\n      containers:\n      - name: web\n        image: web:1\n        env:\n{variables}"
    )
}

fn check(folder: &Path, cache: &str) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quorate"));
    command.args(["check", "--base-dir", "base", "--head-dir", "head"]).current_dir(folder);
    let ended = command.env("QUORATE_CACHE", cache).stdout(Stdio::null()).status().expect("quorate");
    assert!(ended.success(), "{ended}");
}

fn read(folder: &Path) {
    for side in ["base", "head"] {
        for entry in fs::read_dir(folder.join(side).join("apps")).expect("folders").flatten() {
            for file in fs::read_dir(entry.path()).expect("files").flatten() {
                std::hint::black_box(fs::read(file.path()).expect("a file"));
            }
        }
    }
}

fn median(mut run: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let started = Instant::now();
            run();
            started.elapsed()
        })
        .collect();
    times.sort();
    times.get(RUNS / 2).copied().unwrap_or_default()
}
