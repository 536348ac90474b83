//! How many pods a rolling update of a set stops at once, as the StatefulSet controller counts them.
//! Not how many may be stopped.

use kubernetes::manifest::{IntOrPercent, StatefulSet};

/// An explicit `rollingUpdate.maxUnavailable`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaxUnavailable {
    /// As the manifest has it: `2`, `40%`.
    pub text: String,
    /// Pods, of the count that it was asked for.
    pub pods: i64,
    /// Then `pods` changes with the count.
    pub is_percentage: bool,
}

/// Of so many replicas: a percentage is rounded down, and at least 1. None: absent, or no such value.
///
/// ```
/// use rqlite::rollout::max_unavailable;
///
/// let set = serde_json::from_str(r#"{"spec": {"updateStrategy": {"rollingUpdate": {"maxUnavailable": "40%"}}}}"#)?;
/// assert_eq!(max_unavailable(&set, 4).map(|asked| asked.pods), Some(1));
/// # Ok::<(), serde_json::Error>(())
/// ```
pub fn max_unavailable(set: &StatefulSet, replicas: u32) -> Option<MaxUnavailable> {
    match set.spec.update_strategy.as_ref()?.rolling_update.as_ref()?.max_unavailable.as_ref()? {
        IntOrPercent::Int(count) => {
            Some(MaxUnavailable { text: count.to_string(), pods: *count, is_percentage: false })
        }
        IntOrPercent::Text(text) => {
            let percent: i64 = text.strip_suffix('%')?.parse().ok()?;
            let pods = (percent.saturating_mul(i64::from(replicas)) / 100).max(1);
            Some(MaxUnavailable { text: text.clone(), pods, is_percentage: true })
        }
    }
}

/// The index below which no pod is replaced; absent is 0.
pub fn partition(set: &StatefulSet) -> u32 {
    let rolling = set.spec.update_strategy.as_ref().and_then(|strategy| strategy.rolling_update.as_ref());
    rolling.and_then(|rolling| rolling.partition).map_or(0, |partition| u32::try_from(partition).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(max_unavailable: &str, replicas: u32) -> Option<i64> {
        let strategy = format!(r#"{{"rollingUpdate":{{"maxUnavailable":{max_unavailable}}}}}"#);
        let set = serde_json::from_str(&format!(r#"{{"spec":{{"updateStrategy":{strategy}}}}}"#)).unwrap();
        super::max_unavailable(&set, replicas).map(|asked| asked.pods)
    }

    #[test]
    fn a_percentage_is_rounded_down_and_at_least_one() {
        assert_eq!(asked("2", 3), Some(2));
        assert_eq!(asked(r#""40%""#, 5), Some(2));
        assert_eq!(asked(r#""40%""#, 4), Some(1));
        assert_eq!(asked(r#""1%""#, 5), Some(1));
        assert_eq!(asked(r#""many""#, 5), None);
        assert_eq!(asked("null", 5), None);
    }

    #[test]
    fn only_a_rolling_update_replaces_pods() {
        let set =
            |strategy: &str| serde_json::from_str::<StatefulSet>(&format!(r#"{{"spec":{{{strategy}}}}}"#)).unwrap();
        assert!(set("").spec.is_rolling());
        assert!(set(r#""updateStrategy":{"type":"RollingUpdate"}"#).spec.is_rolling());
        assert!(!set(r#""updateStrategy":{"type":"OnDelete"}"#).spec.is_rolling());
        assert_eq!(partition(&set(r#""updateStrategy":{"rollingUpdate":{"partition":2}}"#)), 2);
    }
}
