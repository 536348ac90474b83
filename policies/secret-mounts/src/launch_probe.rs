//! The launch with one flag after the other put in on probe: what it cannot take, and what rqlited would say.
//! Puts nothing into the template.

use std::sync::Arc;

use rqlite::cluster::Node;
use rqlite::flag::UsageError;
use rqlite::launch::{Launch, NoInsertion, plain_start};

use crate::obstacle::MountObstacle;

/// A launch that grows. One that rqlited refuses may be cured by what is asked for (half a certificate), so it is evaluated at the end.
pub struct LaunchProbe {
    launch: Arc<Launch>,
}

impl LaunchProbe {
    pub fn of(node: &Node) -> Self {
        LaunchProbe { launch: Arc::clone(&node.launch) }
    }

    /// All of the tokens or none: each must be taken, and rqlited must not refuse the line for them.
    pub fn add(&mut self, tokens: &[String]) -> Result<(), MountObstacle> {
        let mut launch = Arc::clone(&self.launch);
        for token in tokens {
            let place = launch.place_for(token).map_err(|reason| no_insertion(&launch, reason))?;
            launch = Arc::new(launch.with(&place, token));
        }
        match error(&launch) {
            Some(new) if error(&self.launch).is_none_or(|old| old.message != new.message) => {
                Err(MountObstacle::WouldRefuse(new.message.clone()))
            }
            Some(_) | None => {
                self.launch = launch;
                Ok(())
            }
        }
    }

    /// What rqlited refuses, whatever was added.
    pub fn refusal(&self) -> Option<MountObstacle> {
        self.launch.refusal().cloned().map(MountObstacle::Refused)
    }
}

fn error(launch: &Launch) -> Option<&UsageError> {
    launch.line.as_ref()?.error.as_ref()
}

fn no_insertion(launch: &Launch, reason: NoInsertion) -> MountObstacle {
    let said = error(launch).filter(|_| reason == NoInsertion::Refused).cloned();
    let start = launch.line.is_none().then(|| plain_start(&launch.container));
    said.map_or(MountObstacle::Launch { reason, start }, MountObstacle::Refused)
}
