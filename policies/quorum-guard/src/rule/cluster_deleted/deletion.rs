//! The deletion of an object that sets need, evaluated: who may always delete it, and whose loss it is.
//! What the loss of each kind of object means is said in `namespace`, `service` and `claim`.

use kubernetes::annotation::allows_deletion;
use kubernetes::related::Related;
use kubernetes::request::Dependency;
use quorate_sdk::{Finding, SetDocument};
use rqlite::facts::Facts;

use super::dependency::{AffectedSet, DependencyDeletion, lowered_if};
use super::{claim, is_by_system, namespace, service};
use crate::settings;

impl DependencyDeletion<'_> {
    pub(crate) fn evaluate(
        &self,
        sets: &Related<Vec<SetDocument>>,
        facts: &Facts,
        deletion: settings::Deletion,
    ) -> Option<Finding> {
        if is_by_system(self.envelope) || self.metadata.deletion_timestamp.is_some() {
            return None;
        }
        let sets = match sets {
            Related::Found(sets) => sets,
            Related::Absent => return None,
            Related::Unknown(_) => {
                let message = format!("deleting {}, but the StatefulSets that need it were not given", self.name());
                return Some(Finding::not_judged(message).retry(None));
            }
        };
        // Facts are about one set; whose they are is not known where there are several.
        let unknown = Facts::default();
        let facts = if sets.len() == 1 { facts } else { &unknown };
        let concerned: Vec<AffectedSet> = sets.iter().filter_map(|set| self.affected(set, facts)).collect();
        let finding = match self.dependency {
            Dependency::Namespace => namespace::evaluate(self, &concerned),
            Dependency::Service => service::evaluate(self, &concerned),
            Dependency::Claim => claim::evaluate(self, &concerned),
        }?;
        Some(lowered_if(allows_deletion(self.metadata) || deletion == settings::Deletion::Warn, finding))
    }
}
