//! How long `quorate check` takes over a large repository, beside merely reading its files in the same run; and over a repository of Applications and
//! charts of which a change touches one, beside rendering all of them. `QUORATE_BENCH_BEFORE` names another build of quorate, which is timed too.
//! Tables on standard output; asserts nothing.
#![expect(clippy::print_stdout, reason = "a table is its result")]
#![expect(clippy::disallowed_methods, reason = "the other build is named by a variable")]
#![expect(clippy::expect_used, reason = "a bench that cannot be set up fails")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Runs of each row; the median is printed.
const RUNS: usize = 7;

/// Files on either side, each a manifest, and how many of them are rqlite sets that change.
const REPOSITORIES: [(usize, usize); 3] = [(1_000, 0), (1_000, 50), (10_000, 50)];

/// Applications, and the charts that they install.
const APPLICATIONS: usize = 200;
const CHARTS: usize = 60;

fn main() {
    of_manifests();
    of_applications();
}

/// A change of one of many Applications; `--ways` follows and renders all of them, on both sides.
fn of_applications() {
    let folder = tempfile::tempdir().expect("a folder");
    write_applications(folder.path());
    let [one, all] = [&["--policies", "quorum-guard"][..], &["--ways"]].map(|arguments| {
        let run = || run(env!("CARGO_BIN_EXE_quorate"), folder.path(), "off", arguments);
        run().then(|| median_of(3, || assert!(run(), "quorate check failed")))
    });
    let (Some(one), Some(all)) = (one, all) else {
        println!("\n{APPLICATIONS} Applications: skipped, since there is no helm on the PATH");
        return;
    };
    println!(
        "\n| Applications | charts | changed | median | all of them rendered | ratio |\n|---|---|---|---|---|---|"
    );
    let ratio = one.as_secs_f64() / all.as_secs_f64();
    println!("| {APPLICATIONS} | {CHARTS} | 1 | {one:.2?} | {all:.2?} | {ratio:.2} |");
}

fn write_applications(folder: &Path) {
    let example = example();
    for (side, changed) in [("base", "3"), ("head", "4")] {
        let put = |path: &str, text: String| {
            let path = folder.join(side).join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, text).expect("a file");
        };
        for chart in 0..CHARTS {
            put(&format!("charts/c{chart}/Chart.yaml"), format!("apiVersion: v2\nname: c{chart}\nversion: 1.0.0\n"));
            put(&format!("charts/c{chart}/values.yaml"), "replicas: 3\n".to_owned());
            let template = example.replace("replicas: 3", "replicas: {{ .Values.replicas }}");
            put(&format!("charts/c{chart}/templates/set.yaml"), template);
        }
        for index in 0..APPLICATIONS {
            let (chart, count) = (index % CHARTS, if index == 0 { changed } else { "3" });
            put(
                &format!("apps/a{index}.yaml"),
                format!(
                    "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: a{index}, namespace: argocd}}\nspec:\n  destination: {{namespace: a{index}}}\n  \
                     source: {{repoURL: 'https://git.example.org/g.git', path: charts/c{chart}, helm: {{parameters: [{{name: replicas, value: '{count}'}}]}}}}\n"
                ),
            );
        }
    }
}

fn example() -> String {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/examples/rqlite.yaml");
    fs::read_to_string(example).expect("docs/examples/rqlite.yaml")
}

fn of_manifests() {
    let before = std::env::var("QUORATE_BENCH_BEFORE").ok();
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
            if let Some(before) = &before {
                let earlier = median(|| assert!(run(before, folder.path(), cache, &[]), "{before} failed"));
                println!(
                    "| {files} | {sets} | {name}, before | {earlier:.2?} | {:.1} |",
                    earlier.as_secs_f64() / read.as_secs_f64()
                );
            }
        }
    }
}

/// A file for each manifest, on both sides; the sets grow from three to five.
fn write(folder: &Path, files: usize, sets: usize) {
    let example = example();
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
    assert!(run(env!("CARGO_BIN_EXE_quorate"), folder, cache, &[]), "quorate check failed");
}

/// Whether it ended with success.
fn run(program: &str, folder: &Path, cache: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(["check", "--base-dir", "base", "--head-dir", "head"]).args(arguments).current_dir(folder);
    let ended = command.env("QUORATE_CACHE", cache).stdout(Stdio::null()).status().expect("quorate");
    ended.success()
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

fn median(run: impl FnMut()) -> Duration {
    median_of(RUNS, run)
}

fn median_of(runs: usize, mut run: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..runs)
        .map(|_| {
            let started = Instant::now();
            run();
            started.elapsed()
        })
        .collect();
    times.sort();
    times.get(runs / 2).copied().unwrap_or_default()
}
