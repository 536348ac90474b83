//! Whether the ConfigMaps are there in which replicas tell each other what they have admitted.

use k8s_openapi::api::core::v1::ConfigMap;
use kube::ResourceExt;

use super::observations::{Observations, unreadable};
use super::{DoctorCheck, Topic};
use crate::ClusterConfig;
use crate::store::SLOTS;

const TOPIC: Topic = Topic::Reservations;

pub(super) fn checks(seen: &Observations, config: &ClusterConfig) -> Vec<DoctorCheck> {
    match &seen.config_maps {
        Ok(maps) => vec![check(maps, config)],
        Err(why) => vec![unreadable(TOPIC, "ConfigMaps", why)],
    }
}

fn check(maps: &[ConfigMap], config: &ClusterConfig) -> DoctorCheck {
    let there = |name: &String| maps.iter().any(|map| map.name_any() == *name);
    let missing: Vec<String> = (0..SLOTS).map(|slot| config.slot(slot)).filter(|name| !there(name)).collect();
    if missing.is_empty() {
        return DoctorCheck::fine(TOPIC, format!("all {SLOTS} ConfigMaps of the reservations are there"));
    }
    let names = missing.join(", ");
    let message = format!(
        "{} of {SLOTS} ConfigMaps of the reservations are not there ({names}): evictions and shrinks of the sets of these slots are refused",
        missing.len()
    );
    DoctorCheck::problem(TOPIC, message).remedy("install Quorate again: its chart and its manifest have them")
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    fn map(name: &str) -> ConfigMap {
        serde_json::from_value(serde_json::json!({"metadata": {"name": name}})).unwrap()
    }

    #[test]
    fn names_those_that_are_not_there() {
        let config = ClusterConfig::in_namespace("quorate-system");
        let mut maps: Vec<ConfigMap> = (0..SLOTS).map(|slot| map(&config.slot(slot))).collect();
        assert_eq!(check(&maps, &config).level, Level::Fine);
        maps.remove(3);
        let found = check(&maps, &config);
        assert_eq!(found.level, Level::Problem);
        assert!(
            found.message.starts_with("1 of 16 ConfigMaps of the reservations are not there (quorate-reservations-3)")
        );
    }
}
