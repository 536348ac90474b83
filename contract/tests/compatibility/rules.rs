//! The rules at the head of `policy.wit`, each as a check that says in one sentence what broke.
//! Knows nothing of WIT's syntax.

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;

use crate::contract::{Contract, InterfaceText, Item, ItemKind, WorldText};

/// What a policy that was built with `released` would miss in `now`, or meet there as something else.
pub(crate) fn violations(released: &Contract, now: &Contract) -> Vec<String> {
    let mut rules = Rules { released: released.version.clone(), now: now.version.clone(), violations: Vec::new() };
    if !follows(&released.version, &now.version) {
        rules.broken(format!("{} does not follow it; policies built with it would be refused", now.version));
        return rules.violations;
    }
    rules.interfaces(&released.interfaces, &now.interfaces);
    rules.worlds(&released.worlds, &now.worlds);
    rules.violations
}

/// In 0.x the compatible track is 0.2.n, from 1.0 on 1.n.
fn follows(released: &Version, now: &Version) -> bool {
    now >= released && now.major == released.major && (now.major > 0 || now.minor == released.minor)
}

struct Rules {
    released: Version,
    now: Version,
    violations: Vec<String>,
}

impl Rules {
    fn broken(&mut self, what: String) {
        self.violations.push(format!("{}: {what}", self.released));
    }

    fn interfaces(&mut self, old: &BTreeMap<String, InterfaceText>, new: &BTreeMap<String, InterfaceText>) {
        for (name, old) in old {
            let place = format!("interface `{name}`");
            match new.get(name) {
                None => self.broken(format!("{place} is gone")),
                Some(new) => self.interface(&place, old, new),
            }
        }
        for (name, added) in added(old, new) {
            self.since(&format!("interface `{name}`"), added.since.as_ref());
        }
    }

    fn interface(&mut self, place: &str, old: &InterfaceText, new: &InterfaceText) {
        self.kept(place, &old.items, &new.items);
        for (name, item) in added(&old.items, &new.items) {
            let place = format!("{place}: `{name}`");
            match item.kind {
                // It names what another interface has.
                ItemKind::Use if !old.is_exported => {}
                ItemKind::Function if !old.is_exported => self.since(&place, item.since.as_ref()),
                _ if old.is_exported => {
                    self.broken(format!(
                        "{place} is new, and policies export this interface; add another, optional one"
                    ));
                }
                _ => self.broken(format!("{place} is a new type; put it into a new interface")),
            }
        }
    }

    fn worlds(&mut self, old: &BTreeMap<String, WorldText>, new: &BTreeMap<String, WorldText>) {
        for (name, old) in old {
            let place = format!("world `{name}`");
            match new.get(name) {
                None => self.broken(format!("{place} is gone")),
                Some(new) => self.world(&place, old, new),
            }
        }
        for (name, added) in added(old, new) {
            self.since(&format!("world `{name}`"), added.since.as_ref());
        }
    }

    fn world(&mut self, place: &str, old: &WorldText, new: &WorldText) {
        self.kept(&format!("{place}: import"), &old.imports, &new.imports);
        self.kept(&format!("{place}: export"), &old.exports, &new.exports);
        for (name, item) in added(&old.imports, &new.imports) {
            self.since(&format!("{place}: import `{name}`"), item.since.as_ref());
        }
        for (name, _) in added(&old.exports, &new.exports) {
            self.broken(format!("{place}: export `{name}` is new; add a world that has it"));
        }
    }

    fn kept(&mut self, place: &str, old: &BTreeMap<String, Item>, new: &BTreeMap<String, Item>) {
        for (name, old) in old {
            match new.get(name) {
                None => self.broken(format!("{place} `{name}` is gone")),
                Some(new) if new.text != old.text => {
                    self.broken(format!("{place} `{name}` is `{}`, and was `{}`", new.text, old.text));
                }
                Some(_) => {}
            }
        }
    }

    fn since(&mut self, place: &str, since: Option<&Version>) {
        match since {
            None => self
                .broken(format!("{place} is new and does not say since when; write `@since(version = {})`", self.now)),
            Some(since) if *since <= self.released => {
                self.broken(format!("{place} says `@since(version = {since})`, and that release does not have it"));
            }
            Some(_) => {}
        }
    }
}

fn added<'a, T>(old: &BTreeMap<String, T>, new: &'a BTreeMap<String, T>) -> Vec<(&'a str, &'a T)> {
    let known: BTreeSet<_> = old.keys().collect();
    new.iter().filter(|(name, _)| !known.contains(name)).map(|(name, item)| (name.as_str(), item)).collect()
}
