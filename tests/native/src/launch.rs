//! Ways in which other people start rqlited: flags and their spellings, and the shapes of command and args around them.
//! Generates and renders; knows nothing of what is read out of it.

use proptest::prelude::*;
use serde_json::{Value, json};

/// How one flag is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    /// `-x=v`
    Equals,
    /// `--x=v`
    DoubleEquals,
    /// `-x v`; a boolean stays `-x=v`.
    Split,
    /// `--x v`
    DoubleSplit,
}

/// Where the value of a flag comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    Text(String),
    /// `$(NAME)`, a literal entry of `env`.
    Env(String),
    /// `$(NAME)`, a key of this ConfigMap.
    ConfigMap(&'static str),
    /// `$(NAME)`, the pod's own name.
    PodName,
}

/// One flag as it is passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    pub name: &'static str,
    /// None: a bare boolean.
    pub value: Option<Given>,
    pub spelling: Spelling,
}

impl Flag {
    pub fn text(name: &'static str, value: impl Into<String>) -> Self {
        Flag { name, value: Some(Given::Text(value.into())), spelling: Spelling::Equals }
    }

    /// The name of the variable behind it.
    fn variable(&self) -> String {
        self.name.to_uppercase().replace('-', "_")
    }

    fn words(&self) -> Vec<String> {
        let dashes = if matches!(self.spelling, Spelling::Equals | Spelling::Split) { "-" } else { "--" };
        let value = match &self.value {
            None => return vec![format!("{dashes}{}", self.name)],
            Some(Given::Text(text)) => text.clone(),
            Some(Given::Env(_) | Given::ConfigMap(_) | Given::PodName) => format!("$({})", self.variable()),
        };
        let split = matches!(self.spelling, Spelling::Split | Spelling::DoubleSplit) && !BOOLEANS.contains(&self.name);
        if split {
            vec![format!("{dashes}{}", self.name), value]
        } else {
            vec![format!("{dashes}{}={value}", self.name)]
        }
    }

    fn env(&self) -> Option<Value> {
        let name = self.variable();
        match self.value.as_ref()? {
            Given::Text(_) => None,
            Given::Env(text) => Some(json!({ "name": name, "value": text })),
            Given::ConfigMap(map) => {
                Some(json!({ "name": name, "valueFrom": { "configMapKeyRef": { "name": map, "key": "value" } } }))
            }
            Given::PodName => {
                Some(json!({ "name": name, "valueFrom": { "fieldRef": { "fieldPath": "metadata.name" } } }))
            }
        }
    }
}

const BOOLEANS: [&str; 3] = ["raft-non-voter", "raft-cluster-remove-shutdown", "fk"];

/// The shape around the flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `args` alone.
    Args,
    /// `args: [rqlited, …]`
    ArgsServer,
    /// `command: [rqlited, …]`
    CommandServer,
    /// `command: [/usr/local/bin/rqlited]`, flags in `args`.
    PathServer,
    Entrypoint,
    /// The Helm chart's.
    Chart,
    /// `sh -c 'exec rqlited …'`
    Exec,
    /// The same behind other commands.
    ExecLater,
    /// `sh -c 'rqlited …'`
    NoExec,
    /// `bash -c 'exec -a db rqlited …'`
    ExecAs,
    Tini,
    /// `tini -e 143 -- rqlited …`
    TiniOption,
    DumbInit,
    /// `env FOO=1 rqlited …`
    Env,
    Gosu,
    /// `nice -n 5 rqlited …`
    Nice,
    BusyboxShell,
    /// `/bin/rqlited-10.2.7`
    Versioned,
    /// All flags in one variable of a literal entry: `sh -c 'exec rqlited $RQFLAGS /data'`.
    Variable,
    /// The same out of a ConfigMap.
    VariableMap,
    /// No command, no args: the image's own.
    Bare,
}

impl Shape {
    /// The flags reach rqlited as they are written, and any reader can see that.
    pub fn is_plain(self) -> bool {
        matches!(
            self,
            Shape::Args
                | Shape::ArgsServer
                | Shape::CommandServer
                | Shape::PathServer
                | Shape::Entrypoint
                | Shape::Tini
        )
    }

    /// SIGTERM reaches rqlited.
    pub fn passes_signals(self) -> bool {
        !matches!(self, Shape::NoExec)
    }

    /// The image's entrypoint adds the data directory.
    fn through_entrypoint(self) -> bool {
        matches!(self, Shape::Args | Shape::Entrypoint | Shape::Chart)
    }
}

/// A container's launch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    pub shape: Shape,
    pub flags: Vec<Flag>,
}

impl Launch {
    pub fn flag(&self, name: &str) -> Option<&Flag> {
        self.flags.iter().find(|flag| flag.name == name)
    }

    /// Puts the flag in place of one of its name, or takes that away.
    pub fn set(&mut self, name: &'static str, value: Option<Given>) {
        let spelling = self.flag(name).map_or(Spelling::Equals, |flag| flag.spelling);
        let place = self.flags.iter().position(|flag| flag.name == name);
        let flag = value.map(|value| Flag { name, value: Some(value), spelling });
        match (place, flag) {
            (Some(place), Some(flag)) => self.flags[place] = flag,
            (None, Some(flag)) => self.flags.push(flag),
            (Some(place), None) => {
                self.flags.remove(place);
            }
            (None, None) => {}
        }
    }

    /// The known value of a boolean.
    pub fn is_on(&self, name: &str) -> bool {
        self.flag(name).is_some_and(|flag| match &flag.value {
            None => true,
            Some(Given::Text(text) | Given::Env(text)) => text == "true",
            Some(Given::ConfigMap(_) | Given::PodName) => false,
        })
    }

    /// Writes `command`, `args` and `env` into the container.
    pub fn write(&self, container: &mut Value) {
        let words: Vec<String> = self.flags.iter().flat_map(Flag::words).collect();
        let mut env: Vec<Value> = self.flags.iter().filter_map(Flag::env).collect();
        let directory = if self.shape.through_entrypoint() { Vec::new() } else { vec![DATA.to_owned()] };
        let argv = [words.clone(), directory.clone()].concat();
        let quoted: Vec<String> = argv.iter().map(|word| format!("'{word}'")).collect();
        let quoted = quoted.join(" ");
        let strings = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let before = |words: &[&str]| (strings(words).into_iter().chain(argv.clone()).collect::<Vec<_>>(), Vec::new());
        let script = |shell: &[&str], text: String| (strings(shell).into_iter().chain([text]).collect(), Vec::new());
        let (command, args): (Vec<String>, Vec<String>) = match self.shape {
            Shape::Args => (Vec::new(), words),
            Shape::ArgsServer => (Vec::new(), [strings(&["rqlited"]), argv].concat()),
            Shape::CommandServer => before(&["rqlited"]),
            Shape::PathServer => (strings(&["/usr/local/bin/rqlited"]), argv),
            Shape::Entrypoint => (strings(&["docker-entrypoint.sh"]), words),
            Shape::Chart => (
                strings(&["/bin/sh", "-c"]),
                [strings(&["set -e\nexec /bin/docker-entrypoint.sh \"$0\" \"$@\""]), words].concat(),
            ),
            Shape::Exec => script(&["sh", "-c"], format!("exec rqlited {quoted}")),
            Shape::ExecLater => script(&["sh", "-c"], format!("mkdir -p /tmp/x && sleep 1\nexec rqlited {quoted}")),
            Shape::NoExec => script(&["sh", "-c"], format!("rqlited {quoted}")),
            Shape::ExecAs => script(&["bash", "-c"], format!("exec -a db rqlited {quoted}")),
            Shape::Tini => before(&["tini", "--", "rqlited"]),
            Shape::TiniOption => before(&["tini", "-e", "143", "--", "rqlited"]),
            Shape::DumbInit => before(&["dumb-init", "-r", "15:3", "rqlited"]),
            Shape::Env => before(&["env", "FOO=1", "rqlited"]),
            Shape::Gosu => before(&["gosu", "rqlite", "rqlited"]),
            Shape::Nice => before(&["nice", "-n", "5", "rqlited"]),
            Shape::BusyboxShell => script(&["busybox", "sh", "-c"], format!("exec rqlited {quoted}")),
            Shape::Versioned => before(&["/bin/rqlited-10.2.7"]),
            Shape::Variable | Shape::VariableMap => {
                env.push(if self.shape == Shape::Variable {
                    json!({ "name": "RQFLAGS", "value": words.join(" ") })
                } else {
                    json!({ "name": "RQFLAGS", "valueFrom": { "configMapKeyRef": { "name": "flags", "key": "flags" } } })
                });
                script(&["sh", "-c"], format!("exec rqlited $RQFLAGS {DATA}"))
            }
            Shape::Bare => (Vec::new(), Vec::new()),
        };
        for (key, list) in [("command", json!(command)), ("args", json!(args)), ("env", json!(env))] {
            if list.as_array().is_some_and(|list| !list.is_empty()) {
                container[key] = list;
            }
        }
    }
}

pub const DATA: &str = "/rqlite/file/data";

/// `-bootstrap-expect` as people give it.
pub fn expect() -> impl Strategy<Value = Option<Given>> {
    prop_oneof![
        3 => Just(None),
        6 => prop_oneof![Just("3"), Just("5"), Just("1"), Just("0"), Just("0x3"), Just("03")]
            .prop_map(|text| Some(Given::Text(text.to_owned()))),
        2 => prop_oneof![Just("3"), Just("5")].prop_map(|text| Some(Given::Env(text.to_owned()))),
        2 => prop_oneof![Just("rqlite-peers"), Just("other-peers")].prop_map(|name| Some(Given::ConfigMap(name))),
        1 => Just(Some(Given::Text("three".to_owned()))),
    ]
}

/// A boolean: absent, bare, or with its word.
pub fn boolean(name: &'static str, absent: u32) -> impl Strategy<Value = Option<Flag>> {
    let bare = Flag { name, value: None, spelling: Spelling::Equals };
    prop_oneof![
        absent => Just(None),
        1 => Just(Some(bare)),
        2 => Just(Some(Flag::text(name, "true"))),
        1 => Just(Some(Flag::text(name, "false"))),
        1 => Just(Some(Flag { name, value: Some(Given::Env("true".to_owned())), spelling: Spelling::DoubleEquals })),
    ]
}

/// Discovery, with the flags that belong to it.
fn discovery() -> impl Strategy<Value = Vec<Flag>> {
    let dns = vec![Flag::text("disco-mode", "dns"), Flag::text("disco-config", r#"{"name":"rqlite-internal"}"#)];
    let srv = vec![
        Flag::text("disco-mode", "dns-srv"),
        Flag::text("disco-config", r#"{"name":"rqlite-internal","service":"raft"}"#),
    ];
    let many = "rqlite-0.rqlite-internal:4002,rqlite-1.rqlite-internal:4002,rqlite-2.rqlite-internal:4002";
    prop_oneof![
        6 => Just(dns),
        1 => Just(srv),
        2 => Just(vec![Flag::text("join", many)]),
        1 => Just(vec![Flag::text("join", "rqlite-0.rqlite-internal:4002")]),
        1 => Just(vec![Flag::text("disco-mode", "consul-kv"), Flag::text("disco-key", "rq")]),
        1 => Just(Vec::new()),
    ]
}

fn others() -> impl Strategy<Value = Vec<Flag>> {
    let one = prop_oneof![
        Just(Flag::text("join-interval", "1s")),
        Just(Flag { name: "fk", value: None, spelling: Spelling::Equals }),
        Just(Flag { name: "node-id", value: Some(Given::PodName), spelling: Spelling::Equals }),
        Just(Flag::text("raft-snap", "1024")),
        Just(Flag::text("auth", "/auth/users.json")),
        Just(Flag::text("join-as", "node")),
        Just(Flag::text("on-disk-path", "/x")),
    ];
    proptest::collection::vec(one, 0..3).prop_map(|mut flags| {
        flags.sort_by_key(|flag| flag.name);
        flags.dedup_by_key(|flag| flag.name);
        flags
    })
}

pub fn shape() -> impl Strategy<Value = Shape> {
    use Shape as S;
    prop_oneof![
        8 => prop_oneof![Just(S::Args), Just(S::ArgsServer), Just(S::CommandServer), Just(S::PathServer), Just(S::Entrypoint)],
        4 => prop_oneof![Just(S::Chart), Just(S::Exec), Just(S::ExecLater), Just(S::NoExec), Just(S::ExecAs)],
        3 => prop_oneof![Just(S::Tini), Just(S::TiniOption), Just(S::DumbInit), Just(S::Env), Just(S::Gosu), Just(S::Nice)],
        2 => prop_oneof![Just(S::BusyboxShell), Just(S::Versioned), Just(S::Variable), Just(S::VariableMap), Just(S::Bare)],
    ]
}

pub fn launch() -> BoxedStrategy<Launch> {
    let removal = boolean("raft-cluster-remove-shutdown", 5);
    let non_voter = boolean("raft-non-voter", 30);
    (shape(), discovery(), expect(), removal, non_voter, others())
        .prop_map(|(shape, mut flags, expect, removal, pool, others)| {
            flags.extend(expect.map(|value| Flag {
                name: "bootstrap-expect",
                value: Some(value),
                spelling: Spelling::Equals,
            }));
            flags.extend(removal);
            flags.extend(pool);
            flags.extend(others);
            Launch { shape, flags }
        })
        .boxed()
}

/// The same flags, otherwise written: other spellings, another order, variables for literals and back.
pub fn respelled(launch: &Launch) -> impl Strategy<Value = Launch> + use<> {
    let launch = launch.clone();
    let count = launch.flags.len();
    let spelling = prop_oneof![
        Just(Spelling::Equals),
        Just(Spelling::DoubleEquals),
        Just(Spelling::Split),
        Just(Spelling::DoubleSplit)
    ];
    let ways = proptest::collection::vec((spelling, any::<bool>()), count);
    let order = Just((0..count).collect::<Vec<_>>()).prop_shuffle();
    (ways, order).prop_map(move |(ways, order)| {
        let other = |index: usize| {
            let (mut flag, (spelling, swap)) = (launch.flags[index].clone(), ways[index]);
            flag.spelling = spelling;
            flag.value = match flag.value {
                Some(Given::Text(text)) if swap && !text.contains('$') => Some(Given::Env(text)),
                Some(Given::Env(text)) if swap => Some(Given::Text(text)),
                value => value,
            };
            flag
        };
        Launch { shape: launch.shape, flags: order.iter().map(|index| other(*index)).collect() }
    })
}
