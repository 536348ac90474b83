//! What the cluster's own Quorate says to a change, found from outside, by a dry run of it. Changes nothing, and judges nothing by itself.
//! Silence is no word: nobody may have been asked, or nobody was there to answer.

#[cfg(test)]
mod tests;

use std::time::Duration;

use k8s_openapi::api::admissionregistration::v1::ValidatingWebhookConfiguration;
use kube::{Api, Client};
use kubernetes::verdict::{Level, Verdict};
use quorate_facts::{Act, Guard, Heard, Trial};
use tokio::time::timeout;

use crate::login::said;
use crate::{DryRun, trial};

/// For one dry run: longer than all webhooks of a cluster may take together, shorter than a person waits.
const PATIENCE: Duration = Duration::from_secs(30);

/// Whether there is a Quorate whose word counts.
#[derive(Debug)]
pub(crate) enum Guarding {
    /// Its ValidatingWebhookConfiguration is there.
    Present,
    /// There is none in the cluster.
    Absent,
    /// It cannot be read, and why.
    Unseen(String),
}

impl Guarding {
    /// `webhooks` is the name of its configurations.
    pub(super) async fn read(client: &Client, webhooks: &str) -> Self {
        let configurations: Api<ValidatingWebhookConfiguration> = Api::all(client.clone());
        match configurations.get_metadata_opt(webhooks).await {
            Ok(Some(_)) => Self::Present,
            Ok(None) => Self::Absent,
            Err(error) => Self::Unseen(format!("ValidatingWebhookConfiguration {webhooks}: {}", said(&error))),
        }
    }

    /// Tries the change, and says whose answer it is.
    pub(super) async fn ask(&self, client: &Client, trial: &Trial<'_>) -> Guard {
        match timeout(PATIENCE, trial::send(trial, client)).await {
            Ok(Ok(answer)) => self.answer(trial, &answer),
            Ok(Err(error)) => Guard::Unseen(error.to_string()),
            Err(_) => Guard::Unseen(format!("no answer to a dry run within {} s", PATIENCE.as_secs())),
        }
    }

    fn answer(&self, trial: &Trial<'_>, answer: &DryRun) -> Guard {
        let heard = answer.heard(&trial.subject());
        if answer.passed() {
            self.passed(trial, answer, heard)
        } else if answer.is_ours() {
            refused_by_us(answer, heard)
        } else {
            refused(answer)
        }
    }

    fn passed(&self, trial: &Trial<'_>, answer: &DryRun, heard: Vec<Heard>) -> Guard {
        let is_new = answer.code == CREATED && !matches!(trial.act, Act::Create(_));
        match self {
            Self::Absent => Guard::Absent,
            Self::Unseen(why) => Guard::Unseen(why.clone()),
            // What was asked about was a creation.
            Self::Present if is_new => Guard::Unseen("it is not in this cluster".to_owned()),
            // As the cluster's configuration has it.
            Self::Present if has(&heard, Level::NotJudged) => {
                Guard::Unseen("the cluster lets it pass without a verdict of Quorate's".to_owned())
            }
            Self::Present if heard.is_empty() => Guard::Silent,
            Self::Present => Guard::Asked { verdict: Verdict::Allowed, heard },
        }
    }
}

const CREATED: u16 = 201;

fn has(heard: &[Heard], level: Level) -> bool {
    heard.iter().any(|heard| heard.level == level)
}

fn refused_by_us(answer: &DryRun, heard: Vec<Heard>) -> Guard {
    if has(&heard, Level::Deny) {
        Guard::Asked { verdict: Verdict::Denied, heard }
    } else if has(&heard, Level::NotJudged) {
        Guard::Asked { verdict: Verdict::NotJudged, heard }
    } else {
        Guard::Refused(answer.message.clone())
    }
}

/// Whether somebody says no to the change, or it was never come to that.
fn refused(answer: &DryRun) -> Guard {
    let message = answer.message.clone();
    let by_a_webhook = message.starts_with("admission webhook \"");
    let lacks_right = message.contains("User \"") && message.contains(" cannot ");
    match answer.code {
        _ if by_a_webhook => Guard::Refused(message),
        401 | 404 | 409 | 429 | 500.. => Guard::Unseen(message),
        403 if lacks_right => Guard::Unseen(message),
        _ => Guard::Refused(message),
    }
}
