//! How the known sets are named in the server's own entries: each by itself; where that would be more than one object may hold, by their namespaces,
//! and where that is too much as well, not at all. The coarser naming is the wider one: more is asked, nothing is missed.
//! Not what is asked about them.

use std::collections::BTreeSet;

use k8s_openapi::api::admissionregistration::v1::ValidatingWebhook;

use super::literal;

/// JSON text of the server's own entries, without their caBundles. etcd takes 1.5 MiB in one request by default (`--max-request-bytes`); the rendered
/// entries are 20 kB, and two CA certificates in each of 60 of these 250 kB.
const MOST_BYTES: usize = 1_000_000;

/// Code points of one list. cel-go refuses an expression of more than 100,000, and the rest of it needs room too; 1,000 names of
/// average length are a sixth of this.
const LIST_CODE_POINTS: usize = 80_000;

/// By what the sets are named, the narrowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    Set,
    Namespace,
    Nothing,
}

/// Some of the names that a condition asks for.
#[derive(Debug)]
pub(super) struct NameList {
    naming: Naming,
    /// In CEL.
    list: String,
}

impl Naming {
    /// In a log line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Set => "set",
            Self::Namespace => "namespace",
            Self::Nothing => "nothing",
        }
    }

    /// The narrowest one whose entries fit into one object, with these.
    pub(super) fn fitting(entries: impl Fn(Self) -> Vec<ValidatingWebhook>) -> (Self, Vec<ValidatingWebhook>) {
        for naming in [Self::Set, Self::Namespace] {
            let entries = entries(naming);
            if serde_json::to_vec(&entries).is_ok_and(|text| text.len() <= MOST_BYTES) {
                return (naming, entries);
            }
        }
        (Self::Nothing, entries(Self::Nothing))
    }

    /// For what is itself a namespace.
    pub(super) fn of_namespaces(self) -> Self {
        match self {
            Self::Set | Self::Namespace => Self::Namespace,
            Self::Nothing => Self::Nothing,
        }
    }

    /// Namespaces and names as CEL lists, none too long.
    pub(super) fn lists<'n>(self, names: impl IntoIterator<Item = (&'n str, &'n str)>) -> Vec<NameList> {
        let shown = names.into_iter().map(|(namespace, name)| match self {
            Self::Set => format!("{namespace}/{name}"),
            Self::Namespace => namespace.to_owned(),
            Self::Nothing => String::new(),
        });
        // Sorted, and each once.
        let shown: BTreeSet<String> = shown.collect();
        cut(shown).into_iter().map(|list| NameList { naming: self, list: literal::list(list) }).collect()
    }
}

impl NameList {
    /// Whether this namespace and this name, both CEL, may be one of them.
    pub(super) fn has(&self, namespace: &str, name: &str) -> String {
        match self.naming {
            Naming::Set => format!("({namespace} + '/' + {name}) in {}", self.list),
            Naming::Namespace => format!("{namespace} in {}", self.list),
            Naming::Nothing => "true".to_owned(),
        }
    }
}

fn cut(names: impl IntoIterator<Item = String>) -> Vec<Vec<String>> {
    let mut lists: Vec<Vec<String>> = Vec::new();
    let mut room = 0;
    for name in names {
        // Quotes, comma and blank.
        let length = name.chars().count() + 4;
        match lists.last_mut().filter(|_| length <= room) {
            Some(list) => list.push(name),
            None => {
                lists.push(vec![name]);
                room = LIST_CODE_POINTS;
            }
        }
        room -= length;
    }
    lists
}
