//! What a node does when it is asked to stop: remove itself or not, and how long it has.
//! Not whether the rest of the cluster can take it.

use crate::flag::CommandLine;
use crate::launch::single_command;
use crate::manifest::{Container, Handler, PodSpec};
use crate::value::Value;

/// Shutdown behaviour of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shutdown {
    /// `-raft-cluster-remove-shutdown` as given; None: not given, which is false.
    pub remove: Option<Value<bool>>,
    /// `terminationGracePeriodSeconds`; absent is 30.
    pub grace_seconds: i64,
    /// Seconds that preStop takes: `sleep` action or `sleep N` command; 0 without preStop, None if it cannot be read.
    pub pre_stop_seconds: Option<i64>,
}

impl Shutdown {
    pub fn of(line: Option<&CommandLine>, container: &Container, pod: &PodSpec) -> Self {
        let pre_stop = container.lifecycle.as_ref().and_then(|lifecycle| lifecycle.pre_stop.as_ref());
        Shutdown {
            remove: line.and_then(|line| line.boolean("raft-cluster-remove-shutdown")),
            grace_seconds: pod.termination_grace_period_seconds.unwrap_or(DEFAULT_GRACE_SECONDS),
            pre_stop_seconds: pre_stop.map_or(Some(0), seconds),
        }
    }
}

/// Of Kubernetes, where `terminationGracePeriodSeconds` is absent.
const DEFAULT_GRACE_SECONDS: i64 = 30;

fn seconds(handler: &Handler) -> Option<i64> {
    match (&handler.sleep, &handler.exec) {
        (Some(sleep), None) => Some(sleep.seconds),
        (None, Some(exec)) => {
            let words = single_command(&exec.command)?;
            match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
                ["sleep" | "/bin/sleep" | "/usr/bin/sleep", duration] => sleep_seconds(duration),
                _ => None,
            }
        }
        _ => None,
    }
}

/// An argument of `sleep`: `5`, `2.5` (a started second counts), `1m`.
fn sleep_seconds(duration: &str) -> Option<i64> {
    let (number, unit) = match duration.char_indices().last()? {
        (at, 's') => (&duration[..at], 1),
        (at, 'm') => (&duration[..at], 60),
        (at, 'h') => (&duration[..at], 3_600),
        _ => (duration, 1),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    let started = i64::from(fraction.bytes().any(|byte| byte != b'0'));
    whole.parse::<i64>().ok()?.checked_add(started)?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn pre_stop(handler: &str) -> Option<i64> {
        let container = serde_json::from_str(&format!(r#"{{"lifecycle":{{"preStop":{handler}}}}}"#)).unwrap();
        Shutdown::of(None, &container, &PodSpec::default()).pre_stop_seconds
    }

    #[track_caller]
    fn command(words: &[&str]) -> Option<i64> {
        pre_stop(&format!(r#"{{"exec":{{"command":{}}}}}"#, serde_json::to_string(words).unwrap()))
    }

    #[test]
    fn sleeps_are_read_in_all_their_forms() {
        assert_eq!(pre_stop(r#"{"sleep":{"seconds":4}}"#), Some(4));
        assert_eq!(command(&["sleep", "2"]), Some(2));
        assert_eq!(command(&["/bin/sleep", "1m"]), Some(60));
        assert_eq!(command(&["sh", "-c", "sleep 5"]), Some(5));
        assert_eq!(command(&["/bin/sh", "-ec", "sleep 2.5 # drain"]), Some(3));
    }

    #[test]
    fn other_handlers_take_unknown_time() {
        assert_eq!(command(&["curl", "localhost"]), None);
        assert_eq!(command(&["sh", "-c", "sleep 5 && curl localhost"]), None);
        assert_eq!(command(&["sh", "-c", "sleep $T"]), None);
        assert_eq!(command(&["sh", "/drain.sh"]), None);
        assert_eq!(command(&["sleep", "soon"]), None);
        assert_eq!(command(&[]), None);
        assert_eq!(pre_stop(r#"{"httpGet":{}}"#), None);
    }

    #[test]
    fn absence_is_thirty_seconds_of_grace_and_no_hook() {
        let shutdown = Shutdown::of(None, &Container::default(), &PodSpec::default());
        assert_eq!(shutdown, Shutdown { remove: None, grace_seconds: 30, pre_stop_seconds: Some(0) });
    }

    #[test]
    fn the_removal_flag_is_told_as_given() {
        let remove = |argv: &[&str]| {
            Shutdown::of(Some(&crate::flag::fixture::line(argv)), &Container::default(), &PodSpec::default()).remove
        };
        assert_eq!(remove(&["-raft-cluster-remove-shutdown", "/d"]), Some(Value::Known(true)));
        assert_eq!(remove(&["-raft-cluster-remove-shutdown=false", "/d"]), Some(Value::Known(false)));
        assert_eq!(remove(&["/d"]), None);
    }
}
