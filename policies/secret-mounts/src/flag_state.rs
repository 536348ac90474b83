//! How a launch stands to what is asked for: given, missing, or given otherwise. Reads flags and mounts; decides nothing.

use kubernetes::manifest::Place;
use kubernetes::manifest::PodSpec;
use rqlite::cluster::Node;
use rqlite::secret::{Mounted, mounted_at};
use rqlite::value::Value;

use crate::credential_request::{WantedFlag, WantedValue};
use crate::words::short;

/// One wanted flag in one launch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FlagState {
    /// It names that key of that Secret under a mount, or has that text.
    Given,
    Missing,
    /// It was injected for what was asked before.
    Outdated,
    /// The user's own, and another.
    Otherwise(FoundFlag),
}

/// What a flag of the user's says instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundFlag {
    /// As a message shows it: `-auth=/config/users.json`, or `-auth` where the value is not in the manifest.
    pub flag: String,
    /// What is known of its value: `is key ... of Secret ...`.
    pub what: String,
    pub place: Option<Place>,
}

/// How the node's launch stands to a wanted flag; `injected` tells whether a token was put there by Quorate.
pub fn of(node: &Node, pod: &PodSpec, wanted: &WantedFlag, injected: impl Fn(&str) -> bool) -> FlagState {
    let Some(line) = &node.launch.line else { return FlagState::Missing };
    let Some(value) = line.text(wanted.flag) else { return FlagState::Missing };
    if value.known().is_some_and(String::is_empty) {
        return FlagState::Missing;
    }
    let mounted = value.known().map(|path| mounted_at(node, pod, path));
    if gives(&wanted.value, &value, mounted.as_ref()) {
        return FlagState::Given;
    }
    let flag = line.effective(wanted.flag);
    let token = flag.and_then(|flag| line.tokens.get(flag.token));
    if token.is_some_and(|token| injected(&token.text)) {
        return FlagState::Outdated;
    }
    FlagState::Otherwise(FoundFlag {
        flag: shown(wanted.flag, &value),
        what: found(&wanted.value, &value, mounted.as_ref()),
        place: line.place(wanted.flag),
    })
}

/// The launch gives the flag some text. An empty one is rqlited's default: not given.
pub fn gives_any(node: &Node, flag: &str) -> bool {
    let text = node.launch.line.as_ref().and_then(|line| line.text(flag));
    text.is_some_and(|text| text.known().is_none_or(|text| !text.is_empty()))
}

fn gives(wanted: &WantedValue, value: &Value<String>, mounted: Option<&Mounted>) -> bool {
    match wanted {
        WantedValue::Text(text) => value.known() == Some(text),
        WantedValue::File { secret, key, .. } => {
            mounted == Some(&Mounted::Secret { name: secret.clone(), key: key.clone() })
        }
    }
}

fn shown(flag: &str, value: &Value<String>) -> String {
    match value {
        Value::Known(text) => format!("-{flag}={}", short(text)),
        Value::Deferred(_) | Value::Malformed(_) => format!("-{flag}"),
    }
}

fn found(wanted: &WantedValue, value: &Value<String>, mounted: Option<&Mounted>) -> String {
    match (value, wanted, mounted) {
        (Value::Deferred(source), _, _) => format!("comes from {source}"),
        (Value::Malformed(_), _, _) => "cannot be read".to_owned(),
        (Value::Known(_), WantedValue::File { .. }, Some(mounted)) => lies(mounted),
        (Value::Known(_), _, _) => "is set already".to_owned(),
    }
}

/// Where a file lies, as the rest of a sentence.
pub fn lies(mounted: &Mounted) -> String {
    match mounted {
        Mounted::Secret { name, key } => format!("is key `{}` of Secret {}", short(key), short(name)),
        Mounted::ConfigMap { name, key } => format!("is key `{}` of ConfigMap {}", short(key), short(name)),
        Mounted::Other(volume) => format!("lies on volume {}", short(volume)),
        Mounted::LeftOut { volume } => format!("is no file of volume {}", short(volume)),
        Mounted::Nothing => "lies under no mount".to_owned(),
    }
}
