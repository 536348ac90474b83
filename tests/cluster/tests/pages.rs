//! The install carried out as each page of `docs/platforms` says it: its commands and its values, on a control plane whose Pods have real
//! addresses. What is a cloud's or a machine's own (`gcloud`, `aws`, `docker`) is told as not run.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "helpers of tests")]

use quorate_cluster_tests::page::{Block, blocks, commands, repository};
use quorate_cluster_tests::{ControlPlane, Quorate, SYSTEM, Shell, UNREADY, await_nothing_left, eventually, isolation};

/// What only a cloud, or the machine of the reader, has.
const NOT_RUN: [&str; 4] = ["aws ", "docker ", "gcloud ", "kind "];

/// Names on the pages that stand for the reader's own.
const OWN: [(&str, &str); 1] = [("REGISTRY", "registry.example")];

/// The pages, by their names in `docs`.
fn pages() -> Vec<String> {
    let folder = std::fs::read_dir(repository().join("docs/platforms")).unwrap();
    let mut names: Vec<String> =
        folder.map(|entry| format!("platforms/{}", entry.unwrap().file_name().to_string_lossy())).collect();
    names.sort();
    names
}

/// One reader, on one cluster, page after page.
struct Reader<'p> {
    plane: &'p ControlPlane,
    shell: Shell,
    quorate: Option<Quorate<'p>>,
    not_run: Vec<String>,
}

impl Reader<'_> {
    /// Does what the page says, from the installation to the proof that it works, and takes it out again.
    #[track_caller]
    fn follow(&mut self, page: &str) {
        for block in blocks(page) {
            let commands = commands(&block);
            if commands[0].ends_with(':') {
                self.values(page, &block);
                continue;
            }
            // A second way begins on a cluster without Quorate.
            if commands.iter().any(|command| installing(command).is_some()) {
                self.take_out();
            }
            commands.iter().for_each(|command| self.carry_out(page, command));
        }
        assert!(self.quorate.is_some(), "{page} installs nothing");
        self.take_out();
    }

    #[track_caller]
    fn carry_out(&mut self, page: &str, command: &str) {
        let command = OWN.iter().fold(command.to_owned(), |command, (name, own)| command.replace(name, own));
        if NOT_RUN.iter().any(|program| command.starts_with(program)) {
            self.not_run.push(format!("{page}: {command}"));
        } else if let Some(start) = installing(&command) {
            self.install(&command.replacen(start, &format!("{start} {}", of_a_test()), 1));
        } else {
            let run = || self.shell.run(&command);
            // The API server reads a new webhook configuration within a moment.
            eventually(&format!("{page}: {command}"), || {
                let output = run();
                if output.succeeded() { Ok(()) } else { Err(format!("{}{}", output.stdout, output.stderr)) }
            });
        }
    }

    #[track_caller]
    fn install(&mut self, command: &str) {
        let installer = Quorate::installer(self.plane);
        self.quorate = Some(installer.install_by(|| drop(self.shell.run(command).ok())));
    }

    /// Values that stand on a page by themselves are taken by the chart and the API server.
    #[track_caller]
    fn values(&self, page: &str, block: &Block) {
        let file = self.plane.folder().join("values.yaml");
        std::fs::write(&file, &block.text).unwrap();
        let upgrade = format!(
            "helm upgrade quorate deploy/chart --namespace {SYSTEM} --reuse-values --dry-run=server --values {}",
            file.display()
        );
        let key = block.text.lines().next().unwrap_or_default();
        let rendered = self.shell.run(&upgrade).ok().stdout;
        assert!(rendered.contains(key), "{page}: {key} is not rendered:\n{rendered}");
    }

    #[track_caller]
    fn take_out(&mut self) {
        let Some(quorate) = self.quorate.take() else { return };
        let by_helm = self.shell.run(&format!("helm status quorate --namespace {SYSTEM}")).succeeded();
        let take_out = match by_helm {
            true => format!("helm uninstall quorate --namespace {SYSTEM} --wait"),
            false => format!("helm template quorate deploy/chart --namespace {SYSTEM} | kubectl delete --filename -"),
        };
        self.shell.run(&take_out).ok();
        quorate.stop();
        await_nothing_left(self.plane);
        self.shell.run(&format!("kubectl delete namespace {SYSTEM}")).ok();
    }
}

/// How a command that installs begins.
fn installing(command: &str) -> Option<&'static str> {
    ["helm install", "helm template"].into_iter().find(|start| command.starts_with(start))
}

/// A Pod is ready when a replica listens at its address.
fn of_a_test() -> String {
    format!("--set-string podAnnotations.{}=true", UNREADY.replace('.', r"\\."))
}

#[test]
fn every_page_installs_what_works() {
    isolation::run("follow_the_pages");
}

#[test]
#[ignore = "only in a network of its own, for every_page_installs_what_works"]
fn follow_the_pages() {
    let plane = ControlPlane::start("pages");
    let shell = plane.shell(&plane.helm());
    let mut reader = Reader { plane: &plane, shell, quorate: None, not_run: Vec::new() };
    let pages = pages();
    assert!(pages.len() >= 8, "{pages:?}");
    for page in pages {
        eprintln!("{page}");
        reader.follow(&page);
    }
    eprintln!("not run:\n{}", reader.not_run.join("\n"));
}
