//! The two halves of every scenario: first without Quorate, then with it installed in the same control plane. Knows no rule.

use std::thread;

use quorate_cluster_tests::evidence::Record;
use quorate_cluster_tests::{Cluster, ControlPlane, Level, Quorate, ROWS, Rqlite, Rqlited, eventually, manifests};

/// Versions whose clusters are there at the same time.
const AT_ONCE: usize = 3;

/// One half of a scenario on one version.
type Half = fn(&TestBed<'_>, &mut Record);

/// What is done, and what comes of it.
struct Case {
    done: &'static str,
    without: Half,
    with: Half,
}

/// All cases of a rule.
pub(crate) struct Scenario {
    rule: &'static str,
    cases: Vec<Case>,
    feature: Option<&'static str>,
    api_servers: usize,
}

impl Scenario {
    pub(crate) fn of(rule: &'static str) -> Self {
        Self { rule, cases: Vec::new(), feature: None, api_servers: 1 }
    }

    /// `done` is done in both halves: `without` sees the loss, `with` the refusal and where its remedy leads.
    pub(crate) fn case(mut self, done: &'static str, without: Half, with: Half) -> Self {
        self.cases.push(Case { done, without, with });
        self
    }

    /// On a control plane with this feature of Kubernetes turned on.
    pub(crate) fn feature(mut self, name: &'static str) -> Self {
        self.feature = Some(name);
        self
    }

    /// On a control plane with so many API servers.
    pub(crate) fn api_servers(mut self, count: usize) -> Self {
        self.api_servers = count;
        self
    }

    /// Shows every case on every version, and writes the records when all is seen.
    #[track_caller]
    pub(crate) fn show(&self, versions: &[&'static Rqlited]) {
        let plane = self.plane();
        let mut records: Vec<Vec<Record>> = self
            .cases
            .iter()
            .map(|case| versions.iter().map(|rqlited| record(plane, self.rule, case.done, rqlited)).collect())
            .collect();
        for (case, records) in self.cases.iter().zip(&mut records) {
            self.on_each(plane, versions, records, None, case.without);
        }
        let quorate = Quorate::install(plane);
        for (case, records) in self.cases.iter().zip(&mut records) {
            self.on_each(plane, versions, records, Some(&quorate), case.with);
        }
        records.iter().flatten().for_each(Record::write);
    }

    /// Ends with the process, as the shared one does.
    fn plane(&self) -> &'static ControlPlane {
        if self.feature.is_none() && self.api_servers == 1 {
            return ControlPlane::shared();
        }
        let builder = ControlPlane::builder("evidence").api_servers(self.api_servers);
        let builder = self.feature.iter().fold(builder, |builder, name| builder.feature(name));
        Box::leak(Box::new(builder.start()))
    }

    fn on_each(
        &self,
        plane: &'static ControlPlane,
        versions: &[&'static Rqlited],
        records: &mut [Record],
        quorate: Option<&Quorate<'static>>,
        half: Half,
    ) {
        for (versions, records) in versions.chunks(AT_ONCE).zip(records.chunks_mut(AT_ONCE)) {
            thread::scope(|scope| {
                for (&rqlited, record) in versions.iter().zip(records) {
                    scope.spawn(move || half(&TestBed { plane, rule: self.rule, rqlited, quorate }, record));
                }
            });
        }
    }
}

/// An empty record of this version.
pub(crate) fn record(plane: &ControlPlane, rule: &str, done: &str, rqlited: &Rqlited) -> Record {
    let version: serde_json::Value = serde_json::from_str(&plane.kubectl().raw("/version")).unwrap();
    Record {
        rule: rule.to_owned(),
        done: done.to_owned(),
        rqlited: rqlited.version.to_string(),
        kubernetes: version["gitVersion"].as_str().unwrap_or_default().trim_start_matches('v').to_owned(),
        ..Record::default()
    }
}

/// Where a half takes place.
pub(crate) struct TestBed<'q> {
    plane: &'static ControlPlane,
    rule: &'static str,
    pub(crate) rqlited: &'static Rqlited,
    quorate: Option<&'q Quorate<'static>>,
}

impl<'q> TestBed<'q> {
    pub(crate) fn new(rule: &'static str, rqlited: &'static Rqlited, quorate: &'q Quorate<'static>) -> Self {
        Self { plane: quorate.plane(), rule, rqlited, quorate: Some(quorate) }
    }

    /// Where nobody guards.
    pub(crate) fn unguarded(rule: &'static str, rqlited: &'static Rqlited, plane: &'static ControlPlane) -> Self {
        Self { plane, rule, rqlited, quorate: None }
    }

    pub(crate) fn is_guarded(&self) -> bool {
        self.quorate.is_some()
    }

    /// A set `rqlite` of the official shape whose nodes do not remove themselves, so that it is the same in both halves.
    pub(crate) fn manifest(&self, replicas: u32) -> String {
        manifests::without_self_removal(&self.plain(replicas))
    }

    /// The official shape as it is: Quorate injects what it injects.
    pub(crate) fn plain(&self, replicas: u32) -> String {
        manifests::database("rqlite", replicas, &self.rqlited.version.to_string())
    }

    /// The official shape with what Quorate injects into it; where nobody does, it is written out.
    pub(crate) fn injected(&self, replicas: u32) -> String {
        match self.quorate {
            Some(_) => self.plain(replicas),
            None => edited(
                &manifests::with_argument(&self.plain(replicas), "-raft-cluster-remove-shutdown=true"),
                "terminationGracePeriodSeconds: 10",
                "terminationGracePeriodSeconds: 30",
            ),
        }
    }

    /// A namespace for a set that is to come.
    #[track_caller]
    pub(crate) fn place(&self, client: fn(Rqlite) -> Rqlite) -> Cluster<'static> {
        let half = if self.quorate.is_some() { "with" } else { "without" };
        let rule = self.rule.split('/').next_back().unwrap_or_default();
        Cluster::unwritten(self.plane, &format!("{rule}_{half}_{}", self.rqlited.version.0), client)
    }

    /// A cluster of this manifest, ready, guarded if there is a guard, with all rows.
    #[track_caller]
    pub(crate) fn cluster(&self, replicas: u32, manifest: &str) -> Cluster<'static> {
        let cluster = self.place(|client| client);
        self.bring_up(&cluster, replicas, manifest);
        cluster
    }

    /// The same where there is a namespace already.
    #[track_caller]
    pub(crate) fn bring_up(&self, cluster: &Cluster<'static>, replicas: u32, manifest: &str) {
        cluster.namespace.apply(manifest).ok();
        self.await_up(cluster, replicas);
        cluster.write_rows();
    }

    /// Waits until the set is ready, and known to who guards it.
    #[track_caller]
    pub(crate) fn await_up(&self, cluster: &Cluster<'static>, replicas: u32) {
        cluster.namespace.await_ready("rqlite", i64::from(replicas));
        if let Some(quorate) = self.quorate {
            quorate.await_known(&cluster.namespace, "rqlite");
        }
    }

    /// The cluster is not needed any more: its nodes leave the machine to the others.
    pub(crate) fn end(&self, cluster: &Cluster<'static>) {
        let namespace = cluster.namespace.name();
        let kubectl = cluster.namespace.plane().kubectl();
        // Whatever comes of it: it goes with the control plane at last.
        kubectl.run(["annotate", "namespace", namespace, "quorate.dev/allow-deletion=true"]);
        kubectl.run(["delete", "namespace", namespace, "--wait=false"]);
    }
}

/// The manifest with this text replaced; it must be there.
#[track_caller]
pub(crate) fn edited(manifest: &str, text: &str, by: &str) -> String {
    assert!(manifest.contains(text), "{text} is not in\n{manifest}");
    manifest.replace(text, by)
}

/// On an `emptyDir` instead of claims.
pub(crate) fn ephemeral(manifest: &str) -> String {
    let (set, _) = manifest.split_once("  volumeClaimTemplates:\n").unwrap();
    format!("{set}      volumes:\n      - name: rqlite-file\n        emptyDir: {{}}\n")
}

/// How the outcome of every remedy is said, once it was seen.
pub(crate) fn all_rows(cluster: &Cluster<'_>, nodes: std::ops::Range<u32>) -> String {
    let count = nodes.len();
    cluster.holds_all_rows(nodes);
    let nodes = if count == 1 { "the node".to_owned() } else { format!("each of {count} nodes") };
    format!("all {ROWS} rows on {nodes}, and another write is taken")
}

/// Whether its nodes remove themselves when they stop.
pub(crate) fn has_the_flag(cluster: &Cluster<'_>) -> bool {
    let set = cluster.namespace.kubectl().get("statefulset/rqlite");
    let template = set.pointer("/spec/template").cloned().unwrap_or_default();
    template.to_string().contains("-raft-cluster-remove-shutdown=true")
}

/// The table is gone, on this node.
#[track_caller]
pub(crate) fn has_lost_its_rows(cluster: &Cluster<'_>, ordinal: u32) {
    let node = cluster.node(ordinal);
    eventually("a database without the rows", || match node.query("SELECT count(*) FROM kept", Level::None) {
        Err(error) if error.contains("no such table") => Ok(()),
        other => Err(format!("{other:?}")),
    });
}

/// The number behind a text of a message.
#[track_caller]
pub(crate) fn number_behind(message: &str, text: &str) -> u32 {
    let (_, rest) = message.split_once(text).unwrap_or_else(|| panic!("no `{text}` in {message}"));
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or_else(|_| panic!("no number behind `{text}` in {message}"))
}

/// The last part of a message: what to do.
#[track_caller]
pub(crate) fn remedy_of(message: &str) -> &str {
    message.rsplit_once("; ").unwrap_or_else(|| panic!("no remedy in {message}")).1
}
