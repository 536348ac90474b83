//! One line of the list of what was injected: its owner, and where the thing stands. Written and read here, and nowhere else.
//! Whether the thing is still there is not known here.

use std::fmt;
use std::str::FromStr;

use kubernetes::collect::sort_few;
use kubernetes::manifest::List;

use super::item::{Item, ProbeKind, text};

/// A listed item and the policy that owns it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InjectionEntry {
    pub policy: String,
    pub mark: InjectionMark,
}

/// What is recorded of an item: enough to find it in a template, and to take it out again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InjectionMark {
    /// `keyword`: what stood there before (`run`), if the token stands in its place.
    Flag {
        container: String,
        list: List,
        index: usize,
        keyword: Option<String>,
        token: String,
    },
    Grace {
        seconds: i64,
        was: Option<i64>,
    },
    Volume {
        name: String,
    },
    Mount {
        container: String,
        volume: String,
        path: String,
    },
    Probe {
        container: String,
        probe: ProbeKind,
        was: Option<String>,
    },
}

/// More than all policies together put into one template, twice over.
const MAX_ENTRIES: usize = 64;

/// Reads the annotation; a line that is none of ours is skipped: it names nothing that we could have put. So is what stands beyond
/// [`MOST`] entries, which nobody writes but to have them looked up.
pub(super) fn parse(annotation: &str) -> Vec<InjectionEntry> {
    annotation.lines().filter_map(|line| line.parse().ok()).take(MAX_ENTRIES).collect()
}

/// Writes the annotation: by policy, then in the order given.
pub(super) fn format(entries: &[InjectionEntry]) -> String {
    let mut sorted: Vec<&InjectionEntry> = entries.iter().collect();
    sort_few(&mut sorted, |entry| (&entry.policy, entry.mark.rank()));
    let lines: Vec<String> = sorted.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

impl InjectionMark {
    /// Marks of the same thing: one of them takes the other's place.
    pub fn same_slot(&self, other: &InjectionMark) -> bool {
        self.slot() == other.slot()
    }

    /// The mark is one of that item, whatever the content behind a volume's name.
    pub fn marks(&self, item: &Item) -> bool {
        self.slot() == slot_of(item)
    }

    fn slot(&self) -> ItemSlot<'_> {
        match self {
            InjectionMark::Flag { container, token, .. } => ItemSlot::Flag(container, token),
            InjectionMark::Grace { .. } => ItemSlot::Grace,
            InjectionMark::Volume { name } => ItemSlot::Volume(name),
            InjectionMark::Mount { container, volume, path } => ItemSlot::Mount(container, volume, path),
            InjectionMark::Probe { container, probe, .. } => ItemSlot::Probe(container, probe.field()),
        }
    }

    /// Flags by place, then the rest by kind and name: the same template has the same list.
    fn rank(&self) -> (u8, usize, ItemSlot<'_>) {
        match self {
            InjectionMark::Flag { list: List::Command, index, .. } => (0, *index, self.slot()),
            InjectionMark::Flag { list: List::Args, index, .. } => (1, *index, self.slot()),
            InjectionMark::Grace { .. } => (2, 0, self.slot()),
            InjectionMark::Volume { .. } => (3, 0, self.slot()),
            InjectionMark::Mount { .. } => (4, 0, self.slot()),
            InjectionMark::Probe { .. } => (5, 0, self.slot()),
        }
    }
}

/// What makes two marks, or a mark and an item, one thing.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum ItemSlot<'a> {
    Flag(&'a str, &'a str),
    Grace,
    Volume(&'a str),
    Mount(&'a str, &'a str, &'a str),
    Probe(&'a str, &'static str),
}

fn slot_of(item: &Item) -> ItemSlot<'_> {
    match item {
        Item::Flag { container, token } => ItemSlot::Flag(container, token),
        Item::Grace { .. } => ItemSlot::Grace,
        Item::Volume { content } => ItemSlot::Volume(text(content, "name")),
        Item::Mount { container, content } => {
            ItemSlot::Mount(container, text(content, "name"), text(content, "mountPath"))
        }
        Item::Probe { container, probe } => ItemSlot::Probe(container, probe.field()),
    }
}

/// The key of the container.
pub(super) const fn list_name(list: List) -> &'static str {
    match list {
        List::Command => "command",
        List::Args => "args",
    }
}

const ABSENT: &str = "absent";

impl fmt::Display for InjectionEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.policy, self.mark)
    }
}

impl fmt::Display for InjectionMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InjectionMark::Flag { container, list, index, keyword, token } => {
                write!(f, "flag {container} {}[{index}]", list_name(*list))?;
                if let Some(keyword) = keyword {
                    write!(f, "={keyword}")?;
                }
                write!(f, " {token}")
            }
            InjectionMark::Grace { seconds, was: Some(was) } => write!(f, "grace {seconds} was {was}"),
            InjectionMark::Grace { seconds, was: None } => write!(f, "grace {seconds} was {ABSENT}"),
            InjectionMark::Volume { name } => write!(f, "volume {name}"),
            InjectionMark::Mount { container, volume, path } => write!(f, "mount {container} {volume} {path}"),
            InjectionMark::Probe { container, probe, was } => {
                write!(f, "probe {container} {} was {}", probe.field(), was.as_deref().unwrap_or(ABSENT))
            }
        }
    }
}

/// A line that is no entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryError;

impl FromStr for InjectionEntry {
    type Err = EntryError;

    fn from_str(line: &str) -> Result<Self, EntryError> {
        let (policy, rest) = line.split_once(' ').ok_or(EntryError)?;
        let (kind, rest) = rest.split_once(' ').ok_or(EntryError)?;
        let mark = match kind {
            "flag" => flag(rest),
            "grace" => grace(rest),
            "volume" => Some(InjectionMark::Volume { name: rest.to_owned() }),
            "mount" => mount(rest),
            "probe" => probe(rest),
            _ => None,
        };
        Ok(InjectionEntry { policy: policy.to_owned(), mark: mark.ok_or(EntryError)? })
    }
}

fn flag(rest: &str) -> Option<InjectionMark> {
    let (container, rest) = rest.split_once(' ')?;
    let (place, token) = rest.split_once(' ')?;
    let (place, keyword) = match place.split_once('=') {
        Some((place, keyword)) => (place, Some(keyword.to_owned())),
        None => (place, None),
    };
    let (list, index) = place.strip_suffix(']')?.split_once('[')?;
    let list = [List::Command, List::Args].into_iter().find(|candidate| list_name(*candidate) == list)?;
    let container = container.to_owned();
    Some(InjectionMark::Flag { container, list, index: index.parse().ok()?, keyword, token: token.to_owned() })
}

fn grace(rest: &str) -> Option<InjectionMark> {
    let (seconds, was) = rest.split_once(" was ")?;
    let was = if was == ABSENT { None } else { Some(was.parse().ok()?) };
    Some(InjectionMark::Grace { seconds: seconds.parse().ok()?, was })
}

fn mount(rest: &str) -> Option<InjectionMark> {
    let (container, rest) = rest.split_once(' ')?;
    let (volume, path) = rest.split_once(' ')?;
    Some(InjectionMark::Mount { container: container.to_owned(), volume: volume.to_owned(), path: path.to_owned() })
}

fn probe(rest: &str) -> Option<InjectionMark> {
    let (container, rest) = rest.split_once(' ')?;
    let (field, was) = rest.split_once(" was ")?;
    let probe = ProbeKind::ALL.into_iter().find(|probe| probe.field() == field)?;
    let was = (was != ABSENT).then(|| was.to_owned());
    Some(InjectionMark::Probe { container: container.to_owned(), probe, was })
}
