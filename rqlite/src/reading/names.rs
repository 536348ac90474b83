//! The names that both sides know: one table each, read in both directions.

use crate::discovery::Discovery;
use crate::launch::{NoInsertion, Program, Shape};
use kubernetes::manifest::{ContainerList, ContainerPlace, List, Place};

pub(super) const SHAPES: &[(&str, Shape)] = &[
    ("bare", Shape::Bare),
    ("flags", Shape::Flags),
    ("keyword", Shape::Keyword),
    ("args-server", Shape::ArgsServer),
    ("command-server", Shape::CommandServer),
    ("entrypoint", Shape::Entrypoint),
    ("script-all-arguments", Shape::ScriptAllArguments),
    ("script-arguments", Shape::ScriptArguments),
    ("script", Shape::Script),
    ("wrapper", Shape::Wrapper),
    ("unreadable", Shape::Unreadable),
];

pub(super) const PROGRAMS: &[(&str, Program)] = &[
    ("rqlited", Program::Rqlited),
    ("entrypoint", Program::Entrypoint),
    ("image", Program::Image),
    ("other", Program::Other),
    ("unreadable", Program::Unreadable),
];

pub(super) const CLOSED: &[(&str, NoInsertion)] = &[
    ("script-text", NoInsertion::ScriptText),
    ("unread-script", NoInsertion::UnreadScript),
    ("no-exec", NoInsertion::NoExec),
    ("unreadable", NoInsertion::Unreadable),
    ("dropped-arguments", NoInsertion::DroppedArguments),
    ("empty-entrypoint", NoInsertion::EmptyEntrypoint),
    ("refused", NoInsertion::Refused),
    ("foreign-defaults", NoInsertion::ForeignDefaults),
    ("foreign-entrypoint", NoInsertion::ForeignEntrypoint),
];

pub(super) const DISCOVERIES: &[(&str, Discovery)] = &[
    ("dns", Discovery::Dns),
    ("dns-srv", Discovery::DnsSrv),
    ("consul-kv", Discovery::ConsulKv),
    ("etcd-kv", Discovery::EtcdKv),
    ("none", Discovery::None),
    ("unreadable", Discovery::Unreadable),
];

/// Variables from which the image's entrypoint adds words.
pub(super) const VARIABLES: &[&str] = &[
    "NODE_ID",
    "HTTP_ADDR",
    "HTTP_ADV_ADDR",
    "RAFT_ADDR",
    "RAFT_ADV_ADDR",
    "SQLITE_EXTENSIONS",
    "ENABLE_FK",
    "DATA_DIR",
];

pub(super) fn named<T: Clone>(table: &[(&str, T)], name: &str) -> Option<T> {
    table.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
}

#[cfg(feature = "recognition")]
pub(super) fn name_of<T: PartialEq>(table: &[(&'static str, T)], value: &T) -> &'static str {
    table.iter().find(|(_, known)| known == value).map_or("unreadable", |(name, _)| name)
}

/// `args/2`
pub(super) fn place(text: &str) -> Option<Place> {
    let (list, index) = text.split_once('/')?;
    let list = match list {
        "command" => List::Command,
        "args" => List::Args,
        _ => return None,
    };
    Some(Place { list, index: index.parse().ok()? })
}

/// `containers/0`
pub(super) fn container_place(text: &str) -> Option<ContainerPlace> {
    let (list, index) = text.split_once('/')?;
    let lists = [ContainerList::Containers, ContainerList::InitContainers];
    let list = lists.into_iter().find(|known| known.key() == list)?;
    Some(ContainerPlace { list, index: index.parse().ok()? })
}
