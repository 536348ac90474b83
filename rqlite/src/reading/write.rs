//! Writes what was recognised.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use super::names::{self, name_of};
use crate::bootstrap::{Expect, Hidden, Passed};
use crate::candidate::RqliteHint;
use crate::cluster::{Node, RqliteSet};
use crate::discovery::Discovery;
use crate::flag::{CommandLine, Flag, Origin, Token};
use crate::launch::{Insertion, Launch, element};
use crate::role::Role;
use crate::shutdown::Shutdown;
use crate::storage::Storage;
use crate::value::{Source, Value};
use crate::version::ImageVersion;
use kubernetes::manifest::{Container, ContainerPlace, List, Place};

/// A recognised set.
pub fn set(set: &RqliteSet) -> Json {
    let mut written = nodes(&set.nodes);
    if let Some(members) = written.as_object_mut() {
        members.insert("replicas".to_owned(), json!(set.replicas));
        members.insert("firstOrdinal".to_owned(), json!(set.first_ordinal));
    }
    written
}

/// Nodes, with the launches that they share.
pub fn nodes(nodes: &[Node]) -> Json {
    let mut tables = Tables::default();
    let nodes: Vec<Json> = nodes.iter().map(|node| tables.node(node)).collect();
    let scripts: Vec<&str> = tables.scripts.iter().map(AsRef::as_ref).collect();
    json!({ "scripts": scripts, "launches": tables.written, "nodes": nodes })
}

/// What suggests rqlite where none is recognised.
pub fn hint(hint: &RqliteHint) -> Json {
    match hint {
        RqliteHint::Flag { container, flag, at, argument } => {
            json!({ "flag": flag, "container": container, "at": container_place(*at), "argument": place(*argument) })
        }
        RqliteHint::Image { container, image, at } => {
            json!({ "image": image, "container": container, "at": container_place(*at) })
        }
        RqliteHint::Annotation { key } => json!({ "annotation": key }),
    }
}

/// What several refer to, by its index.
#[derive(Default)]
struct Tables {
    scripts: Vec<Arc<str>>,
    indices: BTreeMap<Arc<str>, usize>,
    launches: Vec<Arc<Launch>>,
    written: Vec<Json>,
}

impl Tables {
    fn script(&mut self, text: &str) -> usize {
        if let Some(index) = self.indices.get(text) {
            return *index;
        }
        let (text, index) = (Arc::<str>::from(text), self.scripts.len());
        self.scripts.push(Arc::clone(&text));
        self.indices.insert(text, index);
        index
    }

    fn node(&mut self, node: &Node) -> Json {
        let mut members = Members::default();
        members.put("at", container_place(node.place));
        members.put("launch", self.launch_index(&node.launch));
        members.some(
            "version",
            match node.version {
                ImageVersion::Tagged(version) => Some(version.to_string()),
                ImageVersion::Floating => Some("floating".to_owned()),
                ImageVersion::Unknown => None,
            },
        );
        members.put(
            "role",
            match node.role {
                Role::Voter => "voter",
                Role::ReadOnly => "read-only",
            },
        );
        members.put(
            "discovery",
            match &node.discovery {
                Discovery::Join { targets } => json!({ "join": targets }),
                other @ (Discovery::Dns
                | Discovery::DnsSrv
                | Discovery::ConsulKv
                | Discovery::EtcdKv
                | Discovery::None
                | Discovery::Unreadable) => json!(name_of(names::DISCOVERIES, other)),
            },
        );
        members.some("expect", node.expect.as_ref().map(|expect| self.expect(expect)));
        members.put("shutdown", self.shutdown(&node.shutdown));
        members.put(
            "storage",
            match &node.storage {
                Storage::ClaimTemplate(name) => json!({ "claimTemplate": name }),
                Storage::Volume(name) => json!({ "volume": name }),
                Storage::Ephemeral(name) => json!({ "ephemeral": name }),
                Storage::Unmounted => json!("unmounted"),
                Storage::Unreadable => json!("unreadable"),
            },
        );
        members.done()
    }

    fn launch_index(&mut self, launch: &Arc<Launch>) -> usize {
        // Those that start the same way stand beside each other.
        if let Some(last) = self.launches.last().filter(|last| Arc::ptr_eq(last, launch)) {
            debug_assert!(Arc::ptr_eq(last, launch));
            return self.launches.len() - 1;
        }
        let written = self.launch(launch);
        self.launches.push(Arc::clone(launch));
        self.written.push(written);
        self.launches.len() - 1
    }

    fn launch(&mut self, launch: &Launch) -> Json {
        let mut members = Members::default();
        members.put("shape", name_of(names::SHAPES, &launch.shape));
        members.put("program", name_of(names::PROGRAMS, &launch.program));
        members.some("release", launch.release.map(|release| release.to_string()));
        members.flag("throughEntrypoint", launch.through_entrypoint);
        members.flag("sigtermArrives", launch.sigterm_arrives);
        members.some("script", launch.script.as_deref().map(|text| self.script(text)));
        members.some("line", launch.line.as_ref().map(|line| self.line(line, &launch.container)));
        // A word that is no reference stands in the container.
        let words = launch.words.iter().enumerate().filter(|(_, word)| word.value.known() != Some(&word.text));
        let word = |(index, word): (usize, &Token)| json!({ "word": index, "value": self.value(&word.value, |text| json!(text)) });
        members.list("words", words.map(word).collect());
        members.some("closed", launch.closed.map(|reason| name_of(names::CLOSED, &reason)));
        let slot = |slot: &crate::launch::Slot| match &slot.insertion {
            Insertion::Before(at) => json!({ "before": place(*at), "token": slot.token }),
            Insertion::Replace(at) => json!({ "replace": place(*at), "token": slot.token }),
        };
        members.list("slots", launch.slots.iter().map(slot).collect());
        members.list("scriptFiles", launch.script_files.iter().map(|flag| json!(flag)).collect());
        members.done()
    }

    fn line(&mut self, line: &CommandLine, container: &Container) -> Json {
        let mut members = Members::default();
        members.put("tokens", line.tokens.iter().map(|token| self.token(token, container)).collect::<Vec<_>>());
        members.list("flags", line.flags.iter().map(|flag| json!(flag.token)).collect());
        let behind = line.flags.iter().filter(|flag: &&Flag| flag.is_behind());
        members.list("behind", behind.map(|flag| json!(flag.token)).collect());
        members.list("positionals", line.positionals.iter().map(|index| json!(index)).collect());
        members.some(
            "error",
            line.error.as_ref().map(|error| {
                let mut members = Members::default();
                members.put("message", error.message.as_str());
                members.put("words", error.words.as_str());
                members.some("token", error.token);
                members.put("exitCode", error.exit_code);
                members.done()
            }),
        );
        members.done()
    }

    fn token(&mut self, token: &Token, container: &Container) -> Json {
        let mut members = Members::default();
        if element(container, &token.origin) != Some(&token.text) {
            members.put("text", token.text.as_str());
        }
        if token.value.known() != Some(&token.text) {
            members.put("value", self.value(&token.value, |text| json!(text)));
        }
        match token.origin {
            Origin::Container(at) => members.put("at", place(at)),
            Origin::Script(at) => members.put("script", place(at)),
            Origin::Entrypoint(variable) => members.put("variable", variable),
        }
        members.flag("splits", token.splits);
        members.done()
    }

    fn value<T>(&mut self, value: &Value<T>, known: impl FnOnce(&T) -> Json) -> Json {
        match value {
            Value::Known(value) => json!({ "known": known(value) }),
            Value::Deferred(source) => json!({ "deferred": self.source(source) }),
            Value::Malformed(text) => json!({ "malformed": text }),
        }
    }

    fn source(&mut self, source: &Source) -> Json {
        match source {
            Source::ConfigMapKey { name, key } => json!({ "configMap": name, "key": key }),
            Source::SecretKey { name, key } => json!({ "secret": name, "key": key }),
            Source::FileKey { file, key } => json!({ "file": file, "key": key }),
            Source::Field(path) => json!({ "field": path }),
            Source::Resource(path) => json!({ "resource": path }),
            Source::Script(text) => json!({ "script": self.script(text) }),
            Source::Composed { text, parts } => {
                let parts: Vec<Json> = parts.iter().map(|part| self.source(part)).collect();
                json!({ "text": text, "parts": parts })
            }
        }
    }

    fn expect(&mut self, expect: &Expect) -> Json {
        let mut members = Members::default();
        members.put("value", self.value(&expect.value, |number| json!(number)));
        members.put("text", expect.text.as_str());
        members.some("place", expect.place.map(place));
        members.flag("certain", expect.certain);
        members.some("own", expect.own.as_ref().map(|own| self.value(own, |number| json!(number))));
        members.put("passed", passed(expect.passed));
        let hidden =
            |hidden: &Hidden| json!({ "source": self.source(&hidden.source), "passed": passed(hidden.passed) });
        members.list("hidden", expect.hidden.iter().map(hidden).collect());
        members.done()
    }

    fn shutdown(&mut self, shutdown: &Shutdown) -> Json {
        let mut members = Members::default();
        members.some("remove", shutdown.remove.as_ref().map(|remove| self.value(remove, |remove| json!(remove))));
        members.flag("mayRemove", shutdown.may_remove);
        members.flag("sigtermArrives", shutdown.sigterm_arrives);
        members.put("graceSeconds", shutdown.grace_seconds);
        members.some("preStopSeconds", shutdown.pre_stop_seconds);
        members.done()
    }
}

/// An object in the making, without what is not there.
#[derive(Default)]
struct Members(Map<String, Json>);

impl Members {
    fn put(&mut self, key: &str, value: impl Into<Written>) {
        self.0.insert(key.to_owned(), value.into().0);
    }

    fn some(&mut self, key: &str, value: Option<impl Into<Written>>) {
        value.into_iter().for_each(|value| self.put(key, value));
    }

    fn flag(&mut self, key: &str, on: bool) {
        self.some(key, on.then_some(Json::Bool(true)));
    }

    fn list(&mut self, key: &str, list: Vec<Json>) {
        self.some(key, (!list.is_empty()).then_some(list));
    }

    fn done(self) -> Json {
        Json::Object(self.0)
    }
}

/// JSON of whatever has one.
struct Written(Json);

impl<T: Into<Json>> From<T> for Written {
    fn from(value: T) -> Self {
        Written(value.into())
    }
}

fn place(place: Place) -> String {
    let list = match place.list {
        List::Command => "command",
        List::Args => "args",
    };
    format!("{list}/{}", place.index)
}

fn container_place(place: ContainerPlace) -> String {
    format!("{}/{}", place.list.key(), place.index)
}

fn passed(passed: Passed) -> &'static str {
    match passed {
        Passed::Whole => "whole",
        Passed::Split => "split",
        Passed::Script { quoted: true } => "script-quoted",
        Passed::Script { quoted: false } => "script",
        Passed::Unknown => "unknown",
    }
}
