//! Putting one item into a template and taking it out again, with the list kept in step.
//! Does not decide whether it should.

use std::fmt;
use std::sync::Arc;

use kubernetes::collect::sort_few;
use kubernetes::manifest::{List, Place};
use rqlite::launch::{Launch, NoInsertion};
use serde_json::{Value, json};

use super::edits::SpecEdits;
use super::entry::{InjectionEntry, InjectionMark};
use super::item::{Item, ProbeKind, text};
use super::launch::{self, FlagPosition};
use super::presence;
use super::tree;

/// Why an item could not be put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InsertError {
    /// The launch takes no flag.
    Launch(NoInsertion),
    /// There is no such container, it is not rqlite's, or the probe has no `httpGet`.
    NoPlace,
    /// Something that we did not put has that name or that path.
    Occupied(String),
}

/// A spec, and the list of what was injected into it, kept in step.
#[derive(Debug, Clone)]
pub(super) struct InjectionList {
    pub(super) edits: SpecEdits,
    pub(super) entries: Vec<InjectionEntry>,
    /// Of the containers that run rqlite, by their names, as they stand now.
    pub(super) launches: Vec<(String, Arc<Launch>)>,
}

impl InjectionList {
    pub(super) fn spec(&self) -> &Value {
        self.edits.tree()
    }

    /// The launch of a container of rqlite's, as it stands now.
    pub(super) fn launch(&self, container: &str) -> Option<&Arc<Launch>> {
        self.launches.iter().find(|(name, _)| name == container).map(|(_, launch)| launch)
    }

    fn relaunch(&mut self, container: &str, change: impl FnOnce(&Launch) -> Launch) {
        if let Some((_, launch)) = self.launches.iter_mut().find(|(name, _)| name == container) {
            *launch = Arc::new(change(launch));
        }
    }

    /// That policy's entries.
    pub(super) fn own(&self, policy: &'static str) -> impl Iterator<Item = &InjectionEntry> {
        self.entries.iter().filter(move |entry| entry.policy == policy)
    }

    /// The token is not there yet; `old` is where it stood in the old object. With `exact` it goes there whatever the launch has become
    /// to us: the template is the live one, and must stay it.
    pub(super) fn put_flag(
        &mut self,
        policy: &str,
        (container, token): (&str, &str),
        (old, exact): (Option<FlagPosition>, bool),
    ) -> Result<(), InsertError> {
        let launch = self.launch(container).map(Arc::as_ref);
        let offered = || launch::position_for(launch.ok_or(InsertError::NoPlace)?, token).map_err(InsertError::Launch);
        let position = match old {
            Some(position) if launch.is_some_and(|launch| launch::takes(launch, &position, token)) => position,
            Some(position) if exact => offered().unwrap_or(position),
            Some(_) | None => offered()?,
        };
        let pointer = tree::tokens(self.spec(), container, position.list).ok_or(InsertError::NoPlace)?;
        if position.keyword.is_some() {
            self.edits.replace(&pointer, position.index, json!(token));
        } else {
            self.edits.insert(&pointer, position.index, json!(token));
            self.shift(container, position.list, position.index, true);
        }
        self.relaunch(container, |launch| launch::with(launch, &position, token));
        let FlagPosition { list, index, keyword } = position;
        let mark =
            InjectionMark::Flag { container: container.to_owned(), list, index, keyword, token: token.to_owned() };
        self.add_entry(policy, mark);
        self.hold_keyword(container, list, None);
        Ok(())
    }

    pub(super) fn put_grace(&mut self, policy: &str, seconds: i64) {
        let was = match self.entry(&Item::Grace { seconds }).map(|entry| &entry.mark) {
            Some(InjectionMark::Grace { was, .. }) => *was,
            _ => tree::grace(self.spec()),
        };
        if tree::grace(self.spec()) != Some(seconds) {
            self.edits.set(tree::GRACE, json!(seconds));
        }
        self.add_entry(policy, InjectionMark::Grace { seconds, was });
    }

    pub(super) fn put_volume(&mut self, policy: &str, content: &Value, at: Option<usize>) -> Result<(), InsertError> {
        let name = text(content, "name");
        let found = tree::named(tree::elements(self.spec(), tree::VOLUMES), "name", name);
        let mark = InjectionMark::Volume { name: name.to_owned() };
        self.put_element(policy, (tree::VOLUMES, content), mark, found, at)
    }

    pub(super) fn put_mount(
        &mut self,
        policy: &str,
        (container, content): (&str, &Value),
        at: Option<usize>,
    ) -> Result<(), InsertError> {
        let pointer = tree::mounts(self.spec(), container).ok_or(InsertError::NoPlace)?;
        let (volume, path) = (text(content, "name").to_owned(), text(content, "mountPath").to_owned());
        let found = tree::named(tree::elements(self.spec(), &pointer), "mountPath", &path);
        let mark = InjectionMark::Mount { container: container.to_owned(), volume, path };
        self.put_element(policy, (&pointer, content), mark, found, at)
    }

    /// An element of a list that is merged by a key: volumes, mounts.
    fn put_element(
        &mut self,
        policy: &str,
        (list, content): (&str, &Value),
        mark: InjectionMark,
        found: Option<usize>,
        at: Option<usize>,
    ) -> Result<(), InsertError> {
        let elements = tree::elements(self.spec(), list);
        let end = elements.len();
        let current = found.and_then(|index| elements.get(index)).cloned();
        match (found, current) {
            (Some(_), Some(_)) if !presence::holds(&self.entries, &mark) => {
                return Err(InsertError::Occupied(mark.to_string()));
            }
            (Some(index), Some(current)) if at.is_none_or(|wanted| wanted == index) => {
                if current != *content {
                    self.edits.replace(list, index, content.clone());
                }
            }
            (Some(index), _) => {
                self.edits.remove(list, index);
                self.edits.insert(list, at.unwrap_or(end), content.clone());
            }
            (None, _) => self.edits.insert(list, at.unwrap_or(end), content.clone()),
        }
        self.add_entry(policy, mark);
        Ok(())
    }

    pub(super) fn put_probe(&mut self, policy: &str, container: &str, probe: ProbeKind) -> Result<(), InsertError> {
        let pointer = tree::scheme(self.spec(), container, probe).ok_or(InsertError::NoPlace)?;
        let item = Item::Probe { container: container.to_owned(), probe };
        let current = self.spec().pointer(&pointer).and_then(Value::as_str).map(str::to_owned);
        let was = match self.entry(&item).map(|entry| &entry.mark) {
            Some(InjectionMark::Probe { was, .. }) => was.clone(),
            _ => current.clone(),
        };
        if current.as_deref() != Some("HTTPS") {
            self.edits.set(&pointer, json!("HTTPS"));
        }
        self.add_entry(policy, InjectionMark::Probe { container: container.to_owned(), probe, was });
        Ok(())
    }

    /// Takes a thing out, leaves what was there before, and strikes it from the list.
    pub(super) fn take_out(&mut self, mark: &InjectionMark) {
        let Some(position) = self.entries.iter().position(|entry| entry.mark.same_slot(mark)) else { return };
        let mark = self.entries.remove(position).mark;
        match mark {
            InjectionMark::Flag { container, list, index, keyword, .. } => {
                self.take_token(&container, list, index, keyword)
            }
            InjectionMark::Grace { was, .. } => self.restore(tree::GRACE, was.map(Value::from)),
            InjectionMark::Volume { name } => {
                let found = tree::named(tree::elements(self.spec(), tree::VOLUMES), "name", &name);
                found.into_iter().for_each(|index| self.edits.remove(tree::VOLUMES, index));
            }
            InjectionMark::Mount { container, path, .. } => {
                let Some(list) = tree::mounts(self.spec(), &container) else { return };
                let found = tree::named(tree::elements(self.spec(), &list), "mountPath", &path);
                found.into_iter().for_each(|index| self.edits.remove(&list, index));
            }
            InjectionMark::Probe { container, probe, was } => {
                let Some(pointer) = tree::scheme(self.spec(), &container, probe) else { return };
                self.restore(&pointer, was.map(Value::from));
            }
        }
    }

    fn take_token(&mut self, container: &str, list: List, index: usize, keyword: Option<String>) {
        let Some(pointer) = tree::tokens(self.spec(), container, list) else { return };
        let place = Place { list, index };
        // The other listed tokens are gone, and the user has added none: what is before it stood before the keyword.
        let alone = tree::elements(self.spec(), &pointer).len() == index.saturating_add(1);
        match keyword {
            Some(keyword) if alone => {
                self.relaunch(container, |launch| launch.without(place, Some(&keyword)));
                self.edits.replace(&pointer, index, json!(keyword));
            }
            keyword => {
                self.relaunch(container, |launch| launch.without(place, None));
                self.edits.remove(&pointer, index);
                self.shift(container, list, index, false);
                self.hold_keyword(container, list, keyword);
            }
        }
    }

    /// The keyword that a token replaced comes back only when the last injected token of its list goes; until then the first
    /// of them holds it, so that the same template has the same list.
    fn hold_keyword(&mut self, of: &str, in_list: List, released: Option<String>) {
        let tokens = self.entries.iter_mut().filter_map(|entry| match &mut entry.mark {
            InjectionMark::Flag { container, list, index, keyword, .. } if container == of && *list == in_list => {
                Some((*index, keyword))
            }
            InjectionMark::Flag { .. }
            | InjectionMark::Grace { .. }
            | InjectionMark::Volume { .. }
            | InjectionMark::Mount { .. }
            | InjectionMark::Probe { .. } => None,
        });
        let mut tokens: Vec<(usize, &mut Option<String>)> = tokens.collect();
        sort_few(&mut tokens, |(index, _)| *index);
        let held = tokens.iter_mut().fold(released, |held, (_, keyword)| held.or(keyword.take()));
        if let Some((_, first)) = tokens.into_iter().next() {
            *first = held;
        }
    }

    fn restore(&mut self, pointer: &str, was: Option<Value>) {
        match was {
            Some(value) => self.edits.set(pointer, value),
            None => self.edits.unset(pointer),
        }
    }

    /// The indices of the listed tokens behind a change of their list.
    fn shift(&mut self, of: &str, in_list: List, from: usize, grows: bool) {
        for entry in &mut self.entries {
            if let InjectionMark::Flag { container, list, index, .. } = &mut entry.mark
                && container == of
                && *list == in_list
                && *index >= from
            {
                *index = if grows { index.saturating_add(1) } else { index.saturating_sub(1) };
            }
        }
    }

    pub(super) fn entry(&self, item: &Item) -> Option<&InjectionEntry> {
        self.entries.iter().find(|entry| entry.mark.marks(item))
    }

    fn add_entry(&mut self, policy: &str, mark: InjectionMark) {
        self.entries.retain(|entry| !entry.mark.same_slot(&mark));
        self.entries.push(InjectionEntry { policy: policy.to_owned(), mark });
    }
}

impl fmt::Display for InsertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InsertError::Launch(reason) => reason.fmt(f),
            InsertError::NoPlace => f.write_str("there is no place for it in the pod template"),
            InsertError::Occupied(mark) => write!(f, "`{mark}` is there already, and Quorate did not put it there"),
        }
    }
}

impl std::error::Error for InsertError {}
