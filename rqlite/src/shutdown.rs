//! What a node does when it is asked to stop: remove itself or not, and how long it has.
//! Not whether the rest of the cluster can take it.

use crate::flag::{CommandLine, Flag};
use crate::launch::Launch;
#[cfg(feature = "recognition")]
use crate::launch::single_command;
use crate::value::Value;
use kubernetes::defaults::GRACE_SECONDS;
use kubernetes::manifest::PodSpec;
#[cfg(feature = "recognition")]
use kubernetes::manifest::{Container, Handler};

/// Shutdown behaviour of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shutdown {
    /// `-raft-cluster-remove-shutdown` as given; None: not given, which is false. Deferred too where a flag of unknown name stands
    /// behind it.
    pub remove: Option<Value<bool>>,
    /// It is not known to be off: a flag of unknown name, or a launch that cannot be read, may turn it on.
    pub may_remove: bool,
    /// rqlited is told to stop: SIGTERM comes through to it.
    pub sigterm_arrives: bool,
    /// `terminationGracePeriodSeconds`; absent is 30.
    pub grace_seconds: i64,
    /// Seconds that preStop takes: `sleep` action or `sleep N` command; 0 without preStop, None if it cannot be read.
    pub pre_stop_seconds: Option<i64>,
}

impl Shutdown {
    /// Of a container of that pod template, started so.
    #[cfg(feature = "recognition")]
    pub fn of(launch: &Launch, container: &Container, pod: &PodSpec) -> Self {
        let lifecycle = container.lifecycle.as_ref();
        let pre_stop = lifecycle.and_then(|lifecycle| lifecycle.pre_stop.as_ref());
        let signal = lifecycle.and_then(|lifecycle| lifecycle.stop_signal.as_deref()).unwrap_or(SIGTERM);
        Shutdown {
            remove: launch.line.as_ref().and_then(removal),
            may_remove: launch.line.as_ref().is_none_or(may_remove),
            sigterm_arrives: launch.sigterm_arrives && signal == SIGTERM,
            grace_seconds: pod.termination_grace_period_seconds.unwrap_or(GRACE_SECONDS),
            pre_stop_seconds: pre_stop.map_or(Some(0), seconds),
        }
    }

    /// Of the same container with another launch, in that pod template.
    pub(crate) fn relaunched(&self, launch: &Launch, pod: &PodSpec) -> Self {
        Shutdown {
            remove: launch.line.as_ref().and_then(removal),
            may_remove: launch.line.as_ref().is_none_or(may_remove),
            grace_seconds: pod.termination_grace_period_seconds.unwrap_or(GRACE_SECONDS),
            ..self.clone()
        }
    }
}

impl Shutdown {
    /// The node leaves the cluster when its pod is stopped: it is asked to, SIGTERM reaches it, and it has time.
    pub fn removes_itself(&self) -> bool {
        self.remove == Some(Value::Known(true)) && self.sigterm_arrives && self.grace_seconds > 0
    }
}

/// The signal that rqlited removes itself at, and that a container is sent where its `stopSignal` and its image say nothing else.
#[cfg(feature = "recognition")]
const SIGTERM: &str = "SIGTERM";

const FLAG: &str = "raft-cluster-remove-shutdown";

fn may_remove(line: &CommandLine) -> bool {
    removal(line).map_or_else(|| line.may_be_overridden(FLAG), |given| given != Value::Known(false))
}

fn removal(line: &CommandLine) -> Option<Value<bool>> {
    let given = line.boolean(FLAG)?;
    let hidden = line.hidden_flags().last().filter(|_| line.may_be_overridden(FLAG));
    match hidden.and_then(Flag::value) {
        Some(Value::Deferred(source)) => Some(Value::Deferred(source.clone())),
        Some(Value::Known(_) | Value::Malformed(_)) | None => Some(given),
    }
}

#[cfg(feature = "recognition")]
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
#[cfg(feature = "recognition")]
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
    use crate::version::ImageVersion;

    #[track_caller]
    fn pre_stop(handler: &str) -> Option<i64> {
        shutdown(&format!(r#"{{"lifecycle":{{"preStop":{handler}}}}}"#), "{}").pre_stop_seconds
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

    #[track_caller]
    fn shutdown(container: &str, pod: &str) -> Shutdown {
        let container = serde_json::from_str(container).unwrap();
        let launch = Launch::of(&container, ImageVersion::Unknown);
        Shutdown::of(&launch, &container, &serde_json::from_str(pod).unwrap())
    }

    #[test]
    fn absence_is_thirty_seconds_of_grace_and_no_hook() {
        let expected = Shutdown {
            remove: None,
            may_remove: false,
            sigterm_arrives: true,
            grace_seconds: 30,
            pre_stop_seconds: Some(0),
        };
        assert_eq!(shutdown("{}", "{}"), expected);
    }

    #[test]
    fn the_removal_flag_is_told_as_given() {
        let remove = |flag: &str| shutdown(&format!(r#"{{"args":["-fk"{flag}]}}"#), "{}").remove;
        assert_eq!(remove(r#","-raft-cluster-remove-shutdown""#), Some(Value::Known(true)));
        assert_eq!(remove(r#","-raft-cluster-remove-shutdown=false""#), Some(Value::Known(false)));
        assert_eq!(remove(""), None);
    }

    #[test]
    fn a_flag_of_unknown_name_behind_it_may_take_it_back() {
        let env = r#""env":[{"name":"X","valueFrom":{"configMapKeyRef":{"name":"m","key":"x"}}}]"#;
        let remove = |args: &str| shutdown(&format!(r#"{{"args":[{args}],{env}}}"#), "{}");
        let behind = remove(r#""-raft-cluster-remove-shutdown","$(X)""#);
        assert!(matches!(behind.remove, Some(Value::Deferred(_))) && !behind.removes_itself());
        assert!(remove(r#""-fk","$(X)","-raft-cluster-remove-shutdown""#).removes_itself());
    }

    #[test]
    fn what_is_not_known_to_be_off_may_be_on() {
        let env = r#""env":[{"name":"X","valueFrom":{"configMapKeyRef":{"name":"m","key":"x"}}}]"#;
        let may = |launch: &str| shutdown(&format!("{{{launch},{env}}}"), "{}").may_remove;
        for on in [
            r#""args":["-raft-cluster-remove-shutdown"]"#,
            r#""args":["-fk","$(X)"]"#,
            r#""args":["-raft-cluster-remove-shutdown=$(X)"]"#,
            r#""args":["-raft-cluster-remove-shutdown=false","$(X)"]"#,
            r#""command":["sh","-c","rqlited -raft-cluster-remove-shutdown /d; echo gone"]"#,
        ] {
            assert!(may(on), "{on}");
        }
        for off in [
            r#""args":["-fk"]"#,
            r#""args":["-fk","-raft-cluster-remove-shutdown=false"]"#,
            r#""args":["-fk","$(X)","-raft-cluster-remove-shutdown=false"]"#,
        ] {
            assert!(!may(off), "{off}");
        }
        assert!(
            !shutdown(r#"{"args":["-raft-cluster-remove-shutdown"]}"#, r#"{"terminationGracePeriodSeconds":0}"#)
                .removes_itself()
        );
    }

    /// Each with its nearest twin, which does.
    #[test]
    fn a_node_removes_itself_only_where_sigterm_comes_to_it_in_time() {
        const RM: &str = "-raft-cluster-remove-shutdown=true";
        let command = |words: &[&str]| serde_json::json!({"command": words}).to_string();
        let script = |text: &str| command(&["sh", "-c", &text.replace("RM", RM), "-fk"]);
        let removes = |container: &str, pod: &str| shutdown(container, pod).removes_itself();
        for (not, does) in [
            (script(r#"docker-entrypoint.sh RM "$0"; echo gone"#), script(r#"exec docker-entrypoint.sh RM "$0""#)),
            (script("rqlited RM /d"), script("exec rqlited RM /d")),
            (script("exec rqlited RM /d | tee /log"), script("exec rqlited RM /d 2>/log")),
            (script("exec rqlited RM /d & wait"), script("sleep 1; exec rqlited RM /d")),
            (script("tini -- rqlited RM /d"), script("exec tini -- rqlited RM /d")),
            (script("gosu rqlite rqlited RM /d"), script("exec gosu rqlite rqlited RM /d")),
            (script("if a; then exec rqlited RM /d; fi"), script("a || exit 1; exec rqlited RM /d")),
            (command(&["flock", "/l", "rqlited", RM, "/d"]), command(&["flock", "-F", "/l", "rqlited", RM, "/d"])),
            (command(&["env", "flock", "/l", "rqlited", RM, "/d"]), command(&["env", "nice", "rqlited", RM, "/d"])),
            (command(&["dumb-init", "-r", "15:3", "rqlited", RM, "/d"]), command(&["dumb-init", "rqlited", RM, "/d"])),
            (
                command(&["dumb-init", "--rewrite=15:0", "--", "rqlited", RM, "/d"]),
                command(&["dumb-init", "-r", "1:3", "rqlited", RM, "/d"]),
            ),
            (
                command(&["tini", "--", "sh", "-c", &format!("rqlited {RM} /d")]),
                command(&["tini", "--", "sh", "-c", &format!("exec rqlited {RM} /d")]),
            ),
            (command(&["/start.sh", RM]), command(&["timeout", "1d", "rqlited", RM, "/d"])),
        ] {
            assert!(!removes(&not, "{}"), "{not}");
            assert!(removes(&does, "{}"), "{does}");
        }
        let plain = format!(r#"{{"args":["{RM}"]}}"#);
        assert!(removes(&plain, r#"{"terminationGracePeriodSeconds":1}"#));
        assert!(!removes(&plain, r#"{"terminationGracePeriodSeconds":0}"#));
        let signal = |signal: &str| format!(r#"{{"args":["{RM}"],"lifecycle":{{"stopSignal":"{signal}"}}}}"#);
        assert!(removes(&signal("SIGTERM"), "{}") && !removes(&signal("SIGQUIT"), "{}"));
    }
}
