//! A WIT package as the rules see it: named items, each as one line of text.
//! Knows one package in one file, without interfaces inside of worlds.

use std::collections::BTreeMap;

use semver::Version;
use wit_parser::{InterfaceId, Resolve, Stability, World, WorldItem, WorldKey};

use crate::types;

/// A package.
pub(crate) struct Contract {
    /// Of the package: `0.2.0`.
    pub(crate) version: Version,
    pub(crate) interfaces: BTreeMap<String, InterfaceText>,
    pub(crate) worlds: BTreeMap<String, WorldText>,
}

/// An interface.
pub(crate) struct InterfaceText {
    /// By some world: policies implement it.
    pub(crate) is_exported: bool,
    pub(crate) since: Option<Version>,
    pub(crate) items: BTreeMap<String, Item>,
}

/// A world.
pub(crate) struct WorldText {
    pub(crate) since: Option<Version>,
    pub(crate) imports: BTreeMap<String, Item>,
    pub(crate) exports: BTreeMap<String, Item>,
}

/// What stands under a name.
pub(crate) struct Item {
    pub(crate) kind: ItemKind,
    /// Everything that is its meaning for a module: `func(pointer: string) -> option<value>`.
    pub(crate) text: String,
    pub(crate) since: Option<Version>,
}

/// What kind of item it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ItemKind {
    /// Or a method, a static one, a constructor.
    Function,
    Type,
    /// A type of another interface, under a name here.
    Use,
    /// Imported or exported by a world.
    Interface,
}

impl Contract {
    /// Reads the text of the package.
    pub(crate) fn parse(text: &str) -> Self {
        let mut resolve = Resolve::default();
        let pushed = resolve.push_source("policy.wit", text);
        let id = pushed.unwrap_or_else(|error| panic!("{error:?}\nin\n{text}"));
        let package = &resolve.packages[id];
        let exported = exported(&resolve);
        let interfaces = package.interfaces.iter();
        let interfaces = interfaces.map(|(name, id)| (name.clone(), interface(&resolve, *id, exported.contains(id))));
        let worlds = package.worlds.iter().map(|(name, id)| (name.clone(), world(&resolve, &resolve.worlds[*id])));
        Self {
            version: package.name.version.clone().expect("the package has a version"),
            interfaces: interfaces.collect(),
            worlds: worlds.collect(),
        }
    }
}

fn exported(resolve: &Resolve) -> Vec<InterfaceId> {
    let exports = resolve.worlds.iter().flat_map(|(_, world)| world.exports.values());
    exports
        .filter_map(|item| match item {
            WorldItem::Interface { id, .. } => Some(*id),
            WorldItem::Function(_) | WorldItem::Type { .. } => None,
        })
        .collect()
}

fn interface(resolve: &Resolve, id: InterfaceId, is_exported: bool) -> InterfaceText {
    let interface = &resolve.interfaces[id];
    let functions = interface.functions.values().map(|one| (types::function_name(one), function(resolve, one)));
    let types = interface.types.iter().map(|(name, id)| {
        let definition = &resolve.types[*id];
        let kind = if types::is_use(resolve, definition) { ItemKind::Use } else { ItemKind::Type };
        let text = types::definition(resolve, definition);
        (name.clone(), Item { kind, text, since: since(&definition.stability) })
    });
    InterfaceText { is_exported, since: since(&interface.stability), items: functions.chain(types).collect() }
}

fn function(resolve: &Resolve, function: &wit_parser::Function) -> Item {
    let text = types::signature(resolve, function);
    Item { kind: ItemKind::Function, text, since: since(&function.stability) }
}

fn world(resolve: &Resolve, world: &World) -> WorldText {
    let items = |items: &wit_parser::IndexMap<WorldKey, WorldItem>| {
        items.iter().map(|(key, one)| (key_name(resolve, key), item(resolve, one))).collect()
    };
    WorldText { since: since(&world.stability), imports: items(&world.imports), exports: items(&world.exports) }
}

fn key_name(resolve: &Resolve, key: &WorldKey) -> String {
    match key {
        WorldKey::Name(name) => name.clone(),
        WorldKey::Interface(id) => resolve.interfaces[*id].name.clone().expect("an interface with an id has a name"),
    }
}

fn item(resolve: &Resolve, item: &WorldItem) -> Item {
    match item {
        WorldItem::Interface { id, .. } => {
            let name = resolve.interfaces[*id].name.clone();
            let text = name.expect("an interface inside of a world is not compared; give it a name outside");
            Item { kind: ItemKind::Interface, text, since: since(item.stability(resolve)) }
        }
        WorldItem::Function(one) => function(resolve, one),
        WorldItem::Type { id, .. } => {
            let definition = &resolve.types[*id];
            let text = types::definition(resolve, definition);
            Item { kind: ItemKind::Type, text, since: since(&definition.stability) }
        }
    }
}

fn since(stability: &Stability) -> Option<Version> {
    match stability {
        Stability::Stable { since, .. } => Some(since.clone()),
        Stability::Unknown | Stability::Unstable { .. } => None,
    }
}
