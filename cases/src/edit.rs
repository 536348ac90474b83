//! A case's object edited as a remedy says, for tests that carry remedies out.
//! Edits what every policy's remedies speak of; what only one of them does stays in its own test.
#![expect(clippy::unwrap_used, reason = "a test: what is not there fails it")]

use serde_json::{Value, json};

/// Discovery by DNS, its Service named.
pub const DISCOVERY: [&str; 2] = ["-disco-mode=dns", "-disco-config={\"name\":\"rqlite-headless\"}"];

/// What is changed in the object, as a remedy says.
pub type Step = fn(&mut Value);

/// The first container.
pub fn container(object: &mut Value) -> &mut Value {
    &mut object["spec"]["template"]["spec"]["containers"][0]
}

/// Starts rqlite in another way; without a command by the image's own entrypoint.
pub fn launch(object: &mut Value, command: &[&str], args: &[&str]) {
    let container = container(object);
    container.as_object_mut().unwrap().remove("command");
    if !command.is_empty() {
        container["command"] = json!(command);
    }
    container["args"] = json!(args);
}

/// By the image's own entrypoint, found by DNS.
pub fn by_dns(object: &mut Value) {
    launch(object, &[], &[DISCOVERY[0], DISCOVERY[1], "-bootstrap-expect=3"]);
}

/// Takes arguments away.
pub fn without_args(object: &mut Value, gone: fn(&str) -> bool) {
    container(object)["args"].as_array_mut().unwrap().retain(|arg| !gone(arg.as_str().unwrap()));
}
