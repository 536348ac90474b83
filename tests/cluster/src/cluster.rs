//! A cluster of real nodes with rows in it, and what a person does with it. Holds no assertion about a verdict.

use crate::control_plane::ControlPlane;
use crate::manifests;
use crate::namespace::Namespace;
use crate::quorate::Quorate;
use crate::rqlited::{Level, Rqlite, Rqlited, Rqliteds};
use crate::tool::Output;
use crate::wait::eventually;

/// The rows that must never be lost.
pub const ROWS: usize = 100;

/// The newest of each major from 8 on: what the rules speak of.
#[must_use]
#[track_caller]
pub fn majors() -> Vec<&'static Rqlited> {
    let rqliteds = Rqliteds::find().expect("rqlited");
    (8..=10).filter_map(|major| rqliteds.newest_of(major)).collect()
}

/// An rqlite set with rows in it.
#[derive(Debug)]
pub struct Cluster<'a> {
    pub namespace: Namespace<'a>,
    client: fn(Rqlite) -> Rqlite,
}

impl<'a> Cluster<'a> {
    /// Of the official shape with these nodes; `edit` changes the manifest.
    #[track_caller]
    pub fn of(
        quorate: &Quorate<'a>,
        test: &str,
        replicas: u32,
        rqlited: &Rqlited,
        edit: impl Fn(String) -> String,
    ) -> Self {
        let manifest = edit(manifests::database("rqlite", replicas, &rqlited.version.to_string()));
        Self::apply(quorate, &format!("{test}_{}", rqlited.version.0), replicas, &manifest, |client| client)
    }

    /// Of any manifest of a set `rqlite`; `client` is how its nodes are talked to.
    #[track_caller]
    pub fn apply(
        quorate: &Quorate<'a>,
        test: &str,
        replicas: u32,
        manifest: &str,
        client: fn(Rqlite) -> Rqlite,
    ) -> Self {
        let cluster = Self::unwritten(quorate.plane(), test, client);
        cluster.namespace.apply(manifest).ok();
        cluster.namespace.await_ready("rqlite", i64::from(replicas));
        quorate.await_known(&cluster.namespace, "rqlite");
        cluster.write_rows();
        cluster
    }

    /// A namespace where a set `rqlite` is to come, and nothing in it yet.
    #[track_caller]
    pub fn unwritten(plane: &'a ControlPlane, test: &str, client: fn(Rqlite) -> Rqlite) -> Self {
        let namespace = plane.namespace(test);
        namespace.run_rqlited();
        Self { namespace, client }
    }

    /// A client of the node with this ordinal.
    #[track_caller]
    pub fn node(&self, ordinal: u32) -> Rqlite {
        (self.client)(self.namespace.rqlite(&format!("rqlite-{ordinal}")))
    }

    /// Makes the rows, once there is a leader.
    #[track_caller]
    pub fn write_rows(&self) {
        let node = self.node(0);
        eventually("a table", || node.execute("CREATE TABLE IF NOT EXISTS kept (id INTEGER PRIMARY KEY)"));
        let values: Vec<String> = (0..ROWS).map(|id| format!("({id})")).collect();
        eventually("the rows", || node.execute(&format!("INSERT OR IGNORE INTO kept VALUES {}", values.join(","))));
    }

    /// Every one of these nodes has every row, and the cluster takes another write.
    #[track_caller]
    pub fn holds_all_rows(&self, nodes: std::ops::Range<u32>) {
        let alive = self.node(nodes.start);
        eventually("a write", || alive.execute("CREATE TABLE IF NOT EXISTS alive (id INTEGER)"));
        for ordinal in nodes {
            let node = self.node(ordinal);
            eventually(&format!("all rows on rqlite-{ordinal}"), || {
                let rows = node.query("SELECT count(*) FROM kept", Level::None)?;
                let count = rows.iter().flatten().next().cloned().unwrap_or_default();
                if count == ROWS { Ok(()) } else { Err(format!("{count} of {ROWS}")) }
            });
        }
    }

    /// No quorum answers any more.
    #[track_caller]
    pub fn has_lost_its_quorum(&self, ordinal: u32) {
        let node = self.node(ordinal);
        eventually("the quorum to be lost", || match node.query("SELECT count(*) FROM kept", Level::Strong) {
            Ok(rows) => Err(format!("{rows:?}")),
            Err(_) => Ok(()),
        });
        node.execute("INSERT INTO kept VALUES (1000000)").expect_err("a write without a quorum");
    }

    /// `kubectl scale`, whatever comes of it.
    pub fn scale(&self, replicas: u32) -> Output {
        self.namespace.kubectl().line(&format!("scale statefulset/rqlite --replicas={replicas}"))
    }

    /// Evicts a Pod, as a drain does it, whatever comes of it.
    pub fn evict(&self, ordinal: u32) -> Output {
        self.evict_at(0, ordinal)
    }

    /// The same, at the API server of this index.
    pub fn evict_at(&self, api_server: usize, ordinal: u32) -> Output {
        let kubectl = self.namespace.plane().kubectl_at(api_server);
        kubectl.evict(self.namespace.name(), &format!("rqlite-{ordinal}"))
    }

    /// Scales, which must pass, and waits until the Pods are there and no other.
    #[track_caller]
    pub fn scaled(&self, replicas: u32) -> Output {
        let output = self.scale(replicas).ok();
        self.namespace.await_ready("rqlite", i64::from(replicas));
        self.await_pods(replicas);
        output
    }

    /// Waits until the set's Pods are these first ones and no other.
    #[track_caller]
    pub fn await_pods(&self, count: u32) {
        let expected: Vec<String> = (0..count).map(|ordinal| format!("rqlite-{ordinal}")).collect();
        eventually(&format!("{count} Pods"), || {
            let pods: Vec<String> =
                self.namespace.pods().into_iter().filter(|pod| pod.starts_with("rqlite-")).collect();
            if pods == expected { Ok(()) } else { Err(format!("{pods:?}")) }
        });
    }

    /// Ids of the voters, as the first node knows them.
    #[track_caller]
    pub fn voters(&self) -> Vec<String> {
        let nodes = eventually("the members", || self.node(0).nodes());
        nodes.into_iter().filter(|node| node.voter != Some(false)).map(|node| node.id).collect()
    }

    /// Removes these nodes by a staying one, and waits until they are gone and somebody leads: one of them may have been the leader.
    #[track_caller]
    pub fn remove(&self, ids: &[String]) {
        for id in ids {
            eventually(&format!("{id} to be removed"), || self.node(0).remove(id));
        }
        eventually("the removed nodes to be gone", || {
            let members = self.node(0).nodes()?;
            let listed = members.iter().any(|member| ids.contains(&member.id));
            let led = members.iter().any(|member| member.leader);
            if listed || !led { Err(format!("{members:?}")) } else { Ok(()) }
        });
    }
}

/// The node ids that a message names: `rqlite-3`, `rqlite-3 and rqlite-4`.
#[must_use]
pub fn ids_in(words: &str) -> Vec<String> {
    let words = words.split(|c: char| c.is_whitespace() || c == ',');
    let is_id = |word: &&str| word.strip_prefix("rqlite-").is_some_and(|ordinal| ordinal.parse::<u32>().is_ok());
    words.filter(is_id).map(str::to_owned).collect()
}

/// What stands between two texts of a message.
#[must_use]
#[track_caller]
pub fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    let rest = text.split_once(before).unwrap_or_else(|| panic!("no `{before}` in {text}")).1;
    rest.split_once(after).unwrap_or_else(|| panic!("no `{after}` behind `{before}` in {text}")).0
}
