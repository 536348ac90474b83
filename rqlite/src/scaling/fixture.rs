//! Sets and facts for the tests of `scaling`, in the shape of the official three-node manifest.

use serde_json::{Value, json};

use crate::change::{self, OrdinalChange, Ordinals};
use crate::cluster::RqliteSet;
use crate::facts::Facts;
use crate::scaling::current_state::{CurrentState, DataLocation};
use kubernetes::manifest::StatefulSet;

/// A set named rqlite, all the tests need of its surroundings beside it.
pub(crate) struct ScalingFixture {
    pub set: StatefulSet,
    rqlite: RqliteSet,
    facts: Facts,
}

impl ScalingFixture {
    /// `extra` arguments stand behind the usual ones.
    pub(crate) fn of(replicas: u32, extra: &[&str], facts: &Value) -> Self {
        let mut args =
            vec!["-disco-mode=dns", "-disco-config={\"name\":\"rqlite-svc-internal\"}", "-bootstrap-expect=3"];
        args.extend(extra);
        let manifest = json!({
            "metadata": { "name": "rqlite", "namespace": "db" },
            "spec": {
                "replicas": replicas,
                "podManagementPolicy": "Parallel",
                "template": { "spec": {
                    "containers": [{
                        "name": "rqlite", "image": "rqlite/rqlite:10.2.7", "args": args,
                        "volumeMounts": [{ "name": "rqlite-file", "mountPath": "/rqlite/file" }],
                    }],
                } },
                "volumeClaimTemplates": [{ "metadata": { "name": "rqlite-file" } }],
            },
        });
        ScalingFixture::from_manifest(manifest, facts)
    }

    pub(crate) fn from_manifest(manifest: Value, facts: &Value) -> Self {
        let set: StatefulSet = serde_json::from_value(manifest).unwrap();
        let rqlite = RqliteSet::detect(&set).unwrap();
        ScalingFixture { set, rqlite, facts: Facts::parse(&facts.to_string()).unwrap() }
    }

    /// The same with the pods stopping one by one, each with a pause before.
    pub(crate) fn ordered(mut self) -> Self {
        self.set.spec.pod_management_policy = None;
        for node in &mut self.rqlite.nodes {
            node.shutdown.pre_stop_seconds = Some(3);
            node.shutdown.grace_seconds = 30;
        }
        self
    }

    pub(crate) fn current_state(&self) -> CurrentState<'_> {
        let data = DataLocation::of(&self.set, &self.rqlite);
        CurrentState::new(&self.set, Some(&self.rqlite), change::ordinals(&self.set), data, &self.facts)
    }

    pub(crate) fn rqlite(&self) -> &RqliteSet {
        &self.rqlite
    }

    pub(crate) fn facts(&self) -> &Facts {
        &self.facts
    }

    pub(crate) fn to(&self, count: u32) -> OrdinalChange {
        let old = change::ordinals(&self.set);
        let new = Ordinals::first(old.lowest().unwrap_or_default(), count);
        OrdinalChange { old, new }
    }
}

/// Nothing known.
pub(crate) fn nothing() -> Value {
    json!({ "version": 1 })
}

/// A view of `voters` nodes with the first of them the leader, in which these do not answer.
pub(crate) fn led(voters: u32, silent: &[u32]) -> Value {
    json!({ "version": 1, "leader": "rqlite-0", "membership": members(voters, silent) })
}

pub(crate) fn leaderless(voters: u32, silent: &[u32]) -> Value {
    json!({ "version": 1, "leader": null, "membership": members(voters, silent) })
}

fn members(voters: u32, silent: &[u32]) -> Vec<Value> {
    let member = |ordinal: u32| {
        json!({
            "id": format!("rqlite-{ordinal}"), "addr": format!("rqlite-{ordinal}.rqlite-svc-internal:4002"),
            "voter": true, "reachable": !silent.contains(&ordinal), "leader": false,
        })
    };
    (0..voters).map(member).collect()
}

/// Facts with these claims of the data template, all bound.
pub(crate) fn with_claims(mut facts: Value, ordinals: &[u32]) -> Value {
    let claim = |ordinal: &u32| json!({ "name": format!("rqlite-file-rqlite-{ordinal}"), "bound": true });
    facts["pvcs"] = ordinals.iter().map(claim).collect();
    facts
}
