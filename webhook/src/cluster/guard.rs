//! What the cluster's own Quorate says to a change, found from outside: by a dry run of it, and by what the API server was told to ask
//! Quorate about. Changes nothing, and judges nothing by itself.

#[cfg(test)]
mod tests;

use std::time::Duration;

use kube::api::DynamicObject;
use kube::{Api, Client};
use quorate_engine::{Level, Verdict};
use serde_json::Value;
use tokio::time::timeout;

use crate::cluster::registrar::{VALIDATING, entries, resource};
use crate::cluster::selector::{Labels, matches};
use crate::cluster::{Act, DryRun, Heard, Trial};

/// For one dry run: longer than all webhooks of a cluster may take together, shorter than a person waits.
const PATIENCE: Duration = Duration::from_secs(30);

/// A label that every namespace has.
const NAME: &str = "kubernetes.io/metadata.name";

/// What the API server was told to ask Quorate about.
#[derive(Debug)]
pub enum Guarding {
    /// The entries of its ValidatingWebhookConfiguration.
    By(Vec<Value>),
    /// There is no Quorate in the cluster.
    Absent,
    /// It cannot be read, and why.
    Unseen(String),
}

/// Who answers for a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Guard {
    /// Quorate, in the cluster: this is what it says.
    Asked { verdict: Verdict, heard: Vec<Heard> },
    /// Somebody else refuses the change: another webhook, a quota, the API server itself. What they say.
    Refused(String),
    /// Nobody: there is a Quorate, and the API server does not ask it about this.
    Unguarded,
    /// Nobody: there is no Quorate in the cluster.
    Absent,
    /// What it says cannot be learned, and why.
    Unseen(String),
}

impl Guarding {
    /// `webhooks` is the name of its configurations.
    pub(super) async fn read(client: &Client, webhooks: &str) -> Self {
        let configurations: Api<DynamicObject> = Api::all_with(client.clone(), &resource(VALIDATING));
        match configurations.get_opt(webhooks).await {
            Ok(Some(found)) => Self::By(entries(&found).to_vec()),
            Ok(None) => Self::Absent,
            Err(error) => Self::Unseen(format!("ValidatingWebhookConfiguration {webhooks}: {error}")),
        }
    }

    /// Tries the change, and says whose answer it is.
    pub(super) async fn ask(&self, client: &Client, trial: &Trial<'_>) -> Guard {
        match timeout(PATIENCE, trial.send(client)).await {
            Ok(Ok(answer)) => self.answer(trial, &answer),
            Ok(Err(error)) => Guard::Unseen(error.to_string()),
            Err(_) => Guard::Unseen(format!("no answer to a dry run within {} s", PATIENCE.as_secs())),
        }
    }

    fn answer(&self, trial: &Trial<'_>, answer: &DryRun) -> Guard {
        let heard = answer.heard(&trial.subject());
        let refuses = |level| heard.iter().any(|heard| heard.level == level);
        if !answer.passed() {
            return match () {
                () if !answer.is_ours() => refused(answer),
                () if refuses(Level::Deny) => Guard::Asked { verdict: Verdict::Denied, heard },
                () if refuses(Level::NotJudged) => Guard::Asked { verdict: Verdict::NotJudged, heard },
                () => Guard::Refused(answer.message.clone()),
            };
        }
        match self {
            Self::Absent => Guard::Absent,
            Self::Unseen(why) => Guard::Unseen(why.clone()),
            Self::By(entries) if !entries.iter().any(|entry| covers(entry, trial)) => Guard::Unguarded,
            // It passed unjudged, as the cluster's configuration has it.
            Self::By(_) if refuses(Level::NotJudged) => {
                Guard::Unseen("Quorate did not judge it in the cluster".to_owned())
            }
            Self::By(_) => Guard::Asked { verdict: Verdict::Allowed, heard },
        }
    }
}

/// Whether somebody says no to the change, or it was never come to that.
fn refused(answer: &DryRun) -> Guard {
    let lacks_right = answer.message.contains("User \"") && answer.message.contains(" cannot ");
    match answer.code {
        401 | 404 | 409 | 429 | 500.. => Guard::Unseen(answer.message.clone()),
        403 if lacks_right => Guard::Unseen(answer.message.clone()),
        _ => Guard::Refused(answer.message.clone()),
    }
}

/// As far as rules and the namespace's name tell. Where an entry's conditions leave a change out, nothing in it is for Quorate to judge.
fn covers(entry: &Value, trial: &Trial<'_>) -> bool {
    let (sub_resource, operation) = match trial.act {
        Act::Create(_) => ("", "CREATE"),
        Act::Replace(_) | Act::Apply(_) => ("", "UPDATE"),
        Act::Delete(_) => ("", "DELETE"),
        Act::Scale(_) => ("/scale", "UPDATE"),
    };
    let wanted = format!("{}{sub_resource}", trial.resource);
    let rules = entry.get("rules").and_then(Value::as_array).into_iter().flatten();
    let lists = |rule: &Value, list: &str, one: &str| {
        let listed = rule.get(list).and_then(Value::as_array).into_iter().flatten();
        listed.filter_map(Value::as_str).any(|listed| listed == one || listed == "*")
    };
    let mut covering = rules.filter(|rule| {
        lists(rule, "apiGroups", trial.group)
            && lists(rule, "resources", &wanted)
            && lists(rule, "operations", operation)
    });
    let labels: Labels = [(NAME.to_owned(), trial.namespace.unwrap_or(trial.name).to_owned())].into();
    covering.next().is_some() && matches(entry.get("namespaceSelector"), &labels)
}
