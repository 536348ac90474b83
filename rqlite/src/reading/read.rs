//! Reads what was recognised, beside the set that it belongs to. What does not fit is an error: never another reading.

use std::sync::Arc;

use serde_json::Value as Json;

use super::VERSION;
use super::names::{self, container_place, named, place};
use crate::bootstrap::{Expect, Hidden, Passed};
use crate::candidate::RqliteHint;
use crate::cluster::{Node, RqliteSet};
use crate::discovery::Discovery;
use crate::flag::{CommandLine, Flag, Origin, Token, UsageError};
use crate::flag_table;
use crate::launch::{Insertion, Launch, Slot, element};
use crate::role::Role;
use crate::shutdown::Shutdown;
use crate::storage::Storage;
use crate::value::{Source, Value};
use crate::version::{ImageVersion, Version};
use kubernetes::manifest::{Container, ContainerList, ContainerPlace, List, Place, StatefulSet};

/// What a fact tells of one set.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reading {
    /// None: it does not run rqlite.
    pub set: Option<Arc<RqliteSet>>,
    /// Containers that do not count as rqlite's and do in the set's other state, read as if they did.
    pub others: Vec<Node>,
    /// What suggests rqlite where none is recognised.
    pub hint: Option<RqliteHint>,
}

/// The reading is of another version or shape, or of another set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadError;

impl Reading {
    /// Of the fact's JSON; `set` is the one that it was made of.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn parse(json: &str, set: &StatefulSet) -> Result<Self, ReadError> {
        let json: Json = serde_json::from_str(json).map_err(|_| ReadError)?;
        Self::of(&json, set).ok_or(ReadError)
    }

    fn of(json: &Json, set: &StatefulSet) -> Option<Self> {
        if json.get("version")?.as_u64()? != VERSION {
            return None;
        }
        let recognised = json.get("set")?;
        let recognised = if recognised.is_null() { None } else { Some(Arc::new(rqlite_set(recognised, set)?)) };
        let others = optional(json, "others", |others| nodes(others, set))?.unwrap_or_default();
        Some(Reading { set: recognised, others, hint: optional(json, "hint", hint)? })
    }
}

fn rqlite_set(json: &Json, set: &StatefulSet) -> Option<RqliteSet> {
    let nodes = nodes(json, set)?;
    let number = |key: &str| u32::try_from(json.get(key)?.as_u64()?).ok();
    let read = RqliteSet { nodes, replicas: number("replicas")?, first_ordinal: number("firstOrdinal")? };
    (!read.nodes.is_empty()).then_some(read)
}

fn nodes(json: &Json, set: &StatefulSet) -> Option<Vec<Node>> {
    let scripts = elements(json, "scripts").iter().map(|text| Some(Arc::from(text.as_str()?)));
    let scripts: Vec<Arc<str>> = scripts.collect::<Option<_>>()?;
    let launches = elements(json, "launches");
    let mut nodes: Vec<Node> = Vec::new();
    let mut shared: Option<(usize, Arc<Launch>)> = None;
    for json in elements(json, "nodes") {
        let at = container_place(text(json, "at")?)?;
        let container = Arc::new(container(set, at)?.clone());
        let index = index(json.get("launch")?)?;
        let launch = match &shared {
            Some((known, launch)) if *known == index => Arc::clone(launch),
            _ => Arc::new(Reader { scripts: &scripts }.launch(launches.get(index)?, &container)?),
        };
        shared = Some((index, Arc::clone(&launch)));
        nodes.push(Reader { scripts: &scripts }.node(json, at, container, launch)?);
    }
    Some(nodes)
}

fn container(set: &StatefulSet, at: ContainerPlace) -> Option<&Container> {
    let pod = &set.spec.template.spec;
    match at.list {
        ContainerList::Containers => &pod.containers,
        ContainerList::InitContainers => &pod.init_containers,
    }
    .get(at.index)
}

fn hint(json: &Json) -> Option<RqliteHint> {
    if let Some(key) = text(json, "annotation") {
        return Some(RqliteHint::Annotation { key: key.to_owned() });
    }
    let (container, at) = (text(json, "container")?.to_owned(), container_place(text(json, "at")?)?);
    Some(match text(json, "flag") {
        Some(flag) => {
            RqliteHint::Flag { container, flag: flag.to_owned(), at, argument: place(text(json, "argument")?)? }
        }
        None => RqliteHint::Image { container, image: text(json, "image")?.to_owned(), at },
    })
}

struct Reader<'a> {
    scripts: &'a [Arc<str>],
}

impl Reader<'_> {
    fn node(&self, json: &Json, place: ContainerPlace, container: Arc<Container>, launch: Arc<Launch>) -> Option<Node> {
        Some(Node {
            place,
            container,
            version: match text(json, "version") {
                None => ImageVersion::Unknown,
                Some("floating") => ImageVersion::Floating,
                Some(version) => ImageVersion::Tagged(version.parse().ok()?),
            },
            launch,
            role: if text(json, "role")? == "read-only" { Role::ReadOnly } else { Role::Voter },
            discovery: discovery(json.get("discovery")?)?,
            expect: optional(json, "expect", |expect| self.expect(expect))?,
            shutdown: self.shutdown(json.get("shutdown")?)?,
            storage: storage(json.get("storage")?)?,
        })
    }

    fn launch(&self, json: &Json, container: &Arc<Container>) -> Option<Launch> {
        let files = elements(json, "scriptFiles").iter().map(|flag| Some(flag_table::lookup(flag.as_str()?)?.name));
        Some(Launch {
            shape: named(names::SHAPES, text(json, "shape")?)?,
            line: optional(json, "line", |line| self.line(line, container))?,
            through_entrypoint: flag(json, "throughEntrypoint"),
            script: optional(json, "script", |script| Some(self.script(script)?.to_string()))?,
            sigterm_arrives: flag(json, "sigtermArrives"),
            program: named(names::PROGRAMS, text(json, "program")?)?,
            release: optional(json, "release", |release| release.as_str()?.parse::<Version>().ok())?,
            container: Arc::clone(container),
            words: if json.get("line").is_some() { Vec::new() } else { self.words(json, container)? },
            closed: optional(json, "closed", |closed| named(names::CLOSED, closed.as_str()?))?,
            slots: elements(json, "slots").iter().map(slot).collect::<Option<_>>()?,
            script_files: files.collect::<Option<_>>()?,
            placed: Default::default(),
        })
    }

    fn line(&self, json: &Json, container: &Container) -> Option<CommandLine> {
        let tokens = elements(json, "tokens").iter().map(|token| self.token(token, container));
        let tokens: Vec<Token> = tokens.collect::<Option<_>>()?;
        let mut behind = elements(json, "behind").iter().map(index).peekable();
        let flag = |at: &Json| {
            let at = index(at)?;
            let value = behind.next_if_eq(&Some(at)).is_some();
            Flag::at(&tokens, at, value)
        };
        let flags = elements(json, "flags").iter().map(flag).collect::<Option<_>>()?;
        let positionals = elements(json, "positionals").iter().map(index).collect::<Option<_>>()?;
        let error = optional(json, "error", |error| {
            Some(UsageError {
                message: text(error, "message")?.to_owned(),
                words: text(error, "words")?.to_owned(),
                token: optional(error, "token", index)?,
                exit_code: u8::try_from(error.get("exitCode")?.as_u64()?).ok()?,
            })
        })?;
        Some(CommandLine::of_flags(tokens, flags, positionals, error))
    }

    /// Command and args, of which those are listed that are no plain texts.
    fn words(&self, json: &Json, container: &Container) -> Option<Vec<Token>> {
        let mut listed = elements(json, "words").iter().peekable();
        let lists = [(List::Command, &container.command), (List::Args, &container.args)];
        let all = lists
            .into_iter()
            .flat_map(|(list, words)| words.iter().enumerate().map(move |(index, word)| (Place { list, index }, word)));
        let word = |(at, (place, word)): (usize, (Place, &String))| {
            let own = listed.next_if(|json| json.get("word").and_then(index) == Some(at));
            let value = match own {
                Some(json) => self.value(json.get("value")?, known_text)?,
                None => Value::Known(word.clone()),
            };
            Some(Token::new(word.clone(), value, Origin::Container(place)))
        };
        let words = all.enumerate().map(word).collect::<Option<_>>()?;
        listed.next().is_none().then_some(words)
    }

    fn token(&self, json: &Json, container: &Container) -> Option<Token> {
        let origin = if let Some(at) = text(json, "at") {
            Origin::Container(place(at)?)
        } else if let Some(at) = text(json, "script") {
            Origin::Script(place(at)?)
        } else {
            let variable = text(json, "variable")?;
            Origin::Entrypoint(names::VARIABLES.iter().find(|known| **known == variable)?)
        };
        let written = text(json, "text").or_else(|| element(container, &origin).map(String::as_str))?;
        let value = optional(json, "value", |value| self.value(value, known_text))?;
        let value = value.unwrap_or_else(|| Value::Known(written.to_owned()));
        Some(Token { splits: flag(json, "splits"), ..Token::new(written.to_owned(), value, origin) })
    }

    fn value<T>(&self, json: &Json, known: fn(&Json) -> Option<T>) -> Option<Value<T>> {
        if let Some(value) = json.get("known") {
            return Some(Value::Known(known(value)?));
        }
        match json.get("deferred") {
            Some(source) => Some(Value::Deferred(self.source(source)?)),
            None => Some(Value::Malformed(text(json, "malformed")?.to_owned())),
        }
    }

    fn source(&self, json: &Json) -> Option<Source> {
        let owned = |key: &str| text(json, key).map(str::to_owned);
        if let Some(name) = owned("configMap") {
            return Some(Source::ConfigMapKey { name, key: owned("key")? });
        }
        if let Some(name) = owned("secret") {
            return Some(Source::SecretKey { name, key: owned("key")? });
        }
        if let Some(file) = owned("file") {
            return Some(Source::FileKey { file, key: owned("key")? });
        }
        if let Some(path) = owned("field") {
            return Some(Source::Field(path));
        }
        if let Some(path) = owned("resource") {
            return Some(Source::Resource(path));
        }
        if let Some(script) = json.get("script") {
            return Some(Source::Script(Arc::clone(self.script(script)?)));
        }
        let parts = elements(json, "parts").iter().map(|part| self.source(part)).collect::<Option<_>>()?;
        Some(Source::Composed { text: owned("text")?, parts })
    }

    fn script(&self, json: &Json) -> Option<&Arc<str>> {
        self.scripts.get(index(json)?)
    }

    fn expect(&self, json: &Json) -> Option<Expect> {
        let hidden = |json: &Json| {
            Some(Hidden { source: self.source(json.get("source")?)?, passed: passed(text(json, "passed")?)? })
        };
        Some(Expect {
            value: self.value(json.get("value")?, Json::as_i64)?,
            text: text(json, "text")?.to_owned(),
            place: optional(json, "place", |at| place(at.as_str()?))?,
            certain: flag(json, "certain"),
            own: optional(json, "own", |own| self.value(own, Json::as_i64))?,
            passed: passed(text(json, "passed")?)?,
            hidden: elements(json, "hidden").iter().map(hidden).collect::<Option<_>>()?,
        })
    }

    fn shutdown(&self, json: &Json) -> Option<Shutdown> {
        Some(Shutdown {
            remove: optional(json, "remove", |remove| self.value(remove, Json::as_bool))?,
            may_remove: flag(json, "mayRemove"),
            sigterm_arrives: flag(json, "sigtermArrives"),
            grace_seconds: json.get("graceSeconds")?.as_i64()?,
            pre_stop_seconds: optional(json, "preStopSeconds", Json::as_i64)?,
        })
    }
}

fn slot(json: &Json) -> Option<Slot> {
    let insertion = match (text(json, "before"), text(json, "replace")) {
        (Some(at), _) => Insertion::Before(place(at)?),
        (None, at) => Insertion::Replace(place(at?)?),
    };
    Some(Slot { insertion, token: index(json.get("token")?)? })
}

fn discovery(json: &Json) -> Option<Discovery> {
    if let Some(name) = json.as_str() {
        return named(names::DISCOVERIES, name);
    }
    let targets = elements(json, "join").iter().map(known_text).collect::<Option<_>>()?;
    Some(Discovery::Join { targets })
}

fn storage(json: &Json) -> Option<Storage> {
    let name = |key: &str| text(json, key).map(str::to_owned);
    if let Some(name) = name("claimTemplate") {
        return Some(Storage::ClaimTemplate(name));
    }
    if let Some(name) = name("volume") {
        return Some(Storage::Volume(name));
    }
    if let Some(name) = name("ephemeral") {
        return Some(Storage::Ephemeral(name));
    }
    Some(if json.as_str()? == "unmounted" { Storage::Unmounted } else { Storage::Unreadable })
}

fn passed(name: &str) -> Option<Passed> {
    Some(match name {
        "whole" => Passed::Whole,
        "split" => Passed::Split,
        "script-quoted" => Passed::Script { quoted: true },
        "script" => Passed::Script { quoted: false },
        "unknown" => Passed::Unknown,
        _ => return None,
    })
}

/// None inside: it is not there. None outside: it is, and does not fit.
fn optional<T>(json: &Json, key: &str, read: impl FnOnce(&Json) -> Option<T>) -> Option<Option<T>> {
    match json.get(key) {
        None => Some(None),
        Some(value) => Some(Some(read(value)?)),
    }
}

fn elements<'a>(json: &'a Json, key: &str) -> &'a [Json] {
    json.get(key).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn text<'a>(json: &'a Json, key: &str) -> Option<&'a str> {
    json.get(key)?.as_str()
}

fn known_text(json: &Json) -> Option<String> {
    Some(json.as_str()?.to_owned())
}

fn flag(json: &Json, key: &str) -> bool {
    json.get(key) == Some(&Json::Bool(true))
}

fn index(json: &Json) -> Option<usize> {
    usize::try_from(json.as_u64()?).ok()
}
