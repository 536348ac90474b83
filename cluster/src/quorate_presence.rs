//! What the cluster's own Quorate says to a change, found from outside, by a dry run of it. Changes nothing, and evaluates nothing by itself.
//! An answer without a word of Quorate is no verdict: Quorate may not have been asked, or was not there to answer.

#[cfg(test)]
mod tests;

use std::time::Duration;

use k8s_openapi::api::admissionregistration::v1::ValidatingWebhookConfiguration;
use kube::{Api, Client};
use kubernetes::verdict::{Level, Verdict};
use quorate_facts::{ClusterFinding, ClusterVerdict, DryRun, DryRunAction};
use tokio::time::timeout;

use crate::login::said;
use crate::{DryRunResponse, dry_run};

/// For one dry run: longer than all webhooks of a cluster may take together, shorter than a person waits.
const DRY_RUN_TIMEOUT: Duration = Duration::from_secs(30);

/// Whether there is a Quorate whose word counts.
#[derive(Debug)]
pub(crate) enum QuoratePresence {
    /// Its ValidatingWebhookConfiguration is there.
    Present,
    /// There is none in the cluster.
    Absent,
    /// It cannot be read, and why.
    Unseen(String),
}

impl QuoratePresence {
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
    pub(super) async fn ask(&self, client: &Client, dry_run: &DryRun<'_>) -> ClusterVerdict {
        match timeout(DRY_RUN_TIMEOUT, dry_run::send(dry_run, client)).await {
            Ok(Ok(answer)) => self.answer(dry_run, &answer),
            Ok(Err(error)) => ClusterVerdict::Unknown(error.to_string()),
            Err(_) => ClusterVerdict::Unknown(format!("no answer to a dry run within {} s", DRY_RUN_TIMEOUT.as_secs())),
        }
    }

    fn answer(&self, dry_run: &DryRun<'_>, answer: &DryRunResponse) -> ClusterVerdict {
        let heard = answer.heard(&dry_run.subject());
        if answer.passed() {
            self.passed(dry_run, answer, heard)
        } else if answer.is_ours() {
            refused_by_us(answer, heard)
        } else {
            refused(answer)
        }
    }

    fn passed(&self, dry_run: &DryRun<'_>, answer: &DryRunResponse, heard: Vec<ClusterFinding>) -> ClusterVerdict {
        let is_new = answer.code == CREATED && !matches!(dry_run.action, DryRunAction::Create(_));
        match self {
            Self::Absent => ClusterVerdict::Absent,
            Self::Unseen(why) => ClusterVerdict::Unknown(why.clone()),
            // What was asked about was a creation.
            Self::Present if is_new => ClusterVerdict::Unknown("it is not in this cluster".to_owned()),
            // As the cluster's configuration has it.
            Self::Present if has(&heard, Level::NotJudged) => {
                ClusterVerdict::Unknown("the cluster lets it pass without a verdict of Quorate's".to_owned())
            }
            Self::Present if heard.is_empty() => ClusterVerdict::Silent,
            Self::Present => ClusterVerdict::Asked { verdict: Verdict::Allowed, heard },
        }
    }
}

const CREATED: u16 = 201;

fn has(heard: &[ClusterFinding], level: Level) -> bool {
    heard.iter().any(|heard| heard.level == level)
}

fn refused_by_us(answer: &DryRunResponse, heard: Vec<ClusterFinding>) -> ClusterVerdict {
    if has(&heard, Level::Deny) {
        ClusterVerdict::Asked { verdict: Verdict::Denied, heard }
    } else if has(&heard, Level::NotJudged) {
        ClusterVerdict::Asked { verdict: Verdict::NotJudged, heard }
    } else {
        ClusterVerdict::Refused(answer.message.clone())
    }
}

/// Whether somebody says no to the change, or it was never come to that.
fn refused(answer: &DryRunResponse) -> ClusterVerdict {
    let message = answer.message.clone();
    let by_a_webhook = message.starts_with("admission webhook \"");
    let lacks_right = message.contains("User \"") && message.contains(" cannot ");
    match answer.code {
        _ if by_a_webhook => ClusterVerdict::Refused(message),
        401 | 404 | 409 | 429 | 500.. => ClusterVerdict::Unknown(message),
        403 if lacks_right => ClusterVerdict::Unknown(message),
        _ => ClusterVerdict::Refused(message),
    }
}
