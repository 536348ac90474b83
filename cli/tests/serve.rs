//! `quorate serve` as a process: what it prints, that its own suggestion gets a denial, and that it stops when told.
//! The protocol is tested in `webhook` and `tests`.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::process::{Child, Command};

use crate::common::{self, Folder, command, repository};

/// A server that does not outlive its test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Server {
    #[expect(clippy::unwrap_used, reason = "fails the test")]
    fn start(args: &[&str]) -> Self {
        let free = ["--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"];
        Self(command(&repository(), &[&["serve"], &free[..], args].concat()).spawn().unwrap())
    }

    #[expect(clippy::unwrap_used, reason = "fails the test")]
    fn terminate(&mut self) -> Option<i32> {
        let kill = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status().unwrap();
        assert!(kill.success());
        self.0.wait().unwrap().code()
    }
}

#[test]
fn prints_what_it_serves_and_stops_on_sigterm() {
    let mut server = Server::start(&[]);
    let mut lines = BufReader::new(server.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut banner = Vec::new();
    while banner.last().is_none_or(|line: &String| !line.starts_with("  curl ")) {
        banner.push(lines.next().unwrap_or_else(|| panic!("the server ended after {banner:?}")));
    }
    let version = env!("CARGO_PKG_VERSION");
    let [title, reviews, operations, policies @ .., attempt, curl] = banner.as_slice() else { panic!("{banner:?}") };
    assert_eq!(title, &format!("quorate {version} serves"));
    assert!(
        reviews.starts_with("  https://127.0.0.1:")
            && reviews.ends_with("/validate and /mutate, certificate issued by itself for localhost, 127.0.0.1"),
        "{reviews}"
    );
    assert!(
        operations.starts_with("  http://127.0.0.1:") && operations.ends_with("/livez, /readyz and /metrics"),
        "{operations}"
    );
    let names: Vec<&str> = policies.iter().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(names, quorate_cases::built_in().collect::<Vec<_>>());
    assert!(
        policies.iter().all(|line| line.contains(&format!(" {version}, rules: ")) && line.ends_with(", mode: enforce")),
        "{policies:?}"
    );
    assert_eq!(attempt, "Try a denial:");
    let answer = Command::new("sh").args(["-c", curl]).current_dir(repository()).output();
    if let Ok(answer) = answer.as_ref().map(|answer| String::from_utf8_lossy(&answer.stdout))
        && !answer.is_empty()
    {
        let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(
            (&answer["response"]["allowed"], &answer["response"]["status"]["code"]),
            (&false.into(), &403.into()),
            "{answer}"
        );
    } else {
        eprintln!("SKIPPED: no curl on this machine: {answer:?}");
    }
    assert_eq!(server.terminate(), Some(0));
}

#[test]
fn logs_json_when_told_and_prints_nothing() {
    let folder = Folder::new(&[(
        "quorate.yaml",
        &format!(
            "logs: {{format: json}}\n{}  quorum-guard: {{mode: warn}}\n",
            common::only(&["quorum-guard", "bootstrap-expect-lock"])
        ),
    )]);
    let config = folder.path("quorate.yaml");
    let mut server = Server::start(&["--config", &config]);
    let mut lines = BufReader::new(server.0.stderr.take().unwrap()).lines().map(Result::unwrap);
    let events: Vec<serde_json::Value> =
        lines.by_ref().take(3).map(|line| serde_json::from_str(&line).unwrap()).collect();
    let of = |key: &str| events.iter().filter_map(|event| event[key].as_str()).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(of("policy"), ["quorum-guard", "bootstrap-expect-lock"]);
    assert_eq!(of("mode"), ["warn", "enforce"]);
    assert_eq!(events[2]["message"], "serving");
    assert_eq!(server.terminate(), Some(0));
    let mut printed = String::new();
    server.0.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
    assert_eq!(printed, "");
}

#[test]
fn does_not_start_on_a_taken_port_or_without_its_certificate() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = Folder::new(&[
        ("quorate.yaml", &common::no_policies()),
        (
            "files.yaml",
            &format!(
                "{}listen: 127.0.0.1:0\nmetricsListen: 127.0.0.1:0\ncertificate: {{source: files, certFile: tls.crt, keyFile: tls.key}}\n",
                common::no_policies()
            ),
        ),
    ]);
    let run =
        folder.quorate(&["serve", "--config", "quorate.yaml", "--listen", &address, "--metrics-listen", "127.0.0.1:0"]);
    run.assert_unusable(&[&format!(
        "quorate: `{address}` cannot be listened on: Address already in use (os error 98)"
    )]);
    let run = folder.quorate(&["serve", "--config", "files.yaml"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
    assert!(run.stderr.contains("tls.crt"), "{}", run.stderr);
}
