//! Refuses every edit of an effective `-bootstrap-expect` of a set that exists.
//! Not its disappearance: that is `bootstrap_expect_removed`.

use quorate_sdk::{AtPath, Finding, Judges, Rule, Severity};
use rqlite::discovery::Discovery;
use rqlite::value::Source;

use crate::edit::{ExpectEdit, SetUpdate};
use crate::expect_value::{ExpectValue, Reference, ReferencedValue, shown};
use crate::reading::ContainerReading;
use crate::remedy;
use crate::single_node::FirstDiscovery;

/// ## What it refuses
///
/// Every update after which rqlited gets another `-bootstrap-expect` than before: another number, a number where a
/// reference stood or the reverse, another ConfigMap, Secret or key, a value where there was none. Effective values are
/// compared. `-bootstrap-expect=3`, `--bootstrap-expect 3`, `0x3` and `$(N)` with `N: "3"` are the same; the last of
/// repeated flags counts; `command`, `args`, the arguments behind a shell script and the words inside of one count alike.
/// An update at 0 replicas is refused too: the disks keep the cluster's state.
///
/// Said as a warning, not refused: an increase to at most the new replicas in the update that raises them, where the
/// setting `allowIncreaseWithScaleUp` is on; two references that are known to hold the same value; the repair
/// of a value that rqlited refuses; the value that comes with the first discovery of a lone node on its claim, the count
/// unchanged (a node with data has a leader before it counts anybody); and any edit while no cluster can have formed (no
/// claim of the set is bound, and no pod was ever ready). A set that ran something else before is created, and judged by
/// `bootstrap-expect-mismatch`.
///
/// ## Why
///
/// The value is a counter for nodes without data and without a leader: as soon as that many of them know of each other
/// they form a cluster (rqlite/rqlite `store/store.go`, `Notify`; `cluster/bootstrap.go`). Nodes with data ignore it, so
/// an edit never helps a cluster that has formed, and restarts every pod of it. A smaller number makes an accident worse:
/// with 1 each blank pod that finds no leader becomes an empty cluster of its own, Ready and answering, beside the one
/// that holds the data (measured on rqlited 10.2.7). With 0 a voter with DNS discovery exits with code 1 at its next
/// start (`cmd/rqlited/flags.go`). rqlite's Kubernetes guide ("Scaling the cluster"): the value need not change when the
/// cluster is scaled.
///
/// ## Example
///
/// ```yaml
/// # kubectl apply of the official manifest, edited from 3 to 5 nodes in both places
/// spec:
///   replicas: 5
///   template:
///     spec:
///       containers:
///       - name: rqlite
///         args: ["-disco-mode=dns", "-bootstrap-expect=5"] # was 3
/// ```
///
/// ## Instead
///
/// ```sh
/// kubectl -n db scale statefulset/rqlite --replicas=5
/// ```
///
/// Leave the value as it was at creation: nodes that come later join by discovery. A lone node gets discovery and value together at
/// one replica first, and grows then. For a controller that writes both at
/// once (KOTS), set in Quorate's configuration:
///
/// ```yaml
/// policies:
///   bootstrap-expect-lock:
///     settings:
///       namespaces:
///         db: { allowIncreaseWithScaleUp: true }
/// ```
///
/// ## When the value is unknown
///
/// A reference (the Helm chart's `$(RQLITE_VOTER_REPLICA_COUNT)` from a ConfigMap) is compared by kind, name and key: a
/// chart upgrade that changes the ConfigMap alone is no edit. A reference to the pod template's own annotations or labels
/// is compared with what it holds. Between two ConfigMaps whose values are both known, the values decide: equal ones pass with a
/// warning (ConfigMaps with hash suffixes); `quorate check` knows those of both sides. An argument that is a reference as a whole
/// (`$(EXTRA)`, `$FLAGS`) may hold the flag and is compared like it; behind the value (`-bootstrap-expect=3 $(EXTRA)`) it may
/// override it, so it belongs to the reference. How a text known from facts is split depends on what passes it on: a shell splits an
/// unquoted one at blanks; everywhere else it is one argument, with its blanks and line ends. A value that a shell script computes, or has a default for, is a reference to the whole script. In a script
/// that cannot be read every change of its text, or of an environment entry that it names, is an edit; of a start script
/// in a file only the arguments can be seen, and what they say of the flag is compared.
pub(crate) const RULE: Rule = Rule::new(
    "bootstrap-expect-changed",
    "refuses every edit of -bootstrap-expect after the set was created",
    Severity::High,
    Judges::Change,
);

/// One container's edit. None where rqlited gets what it got, or nothing any more, and where a set that ran something else gets it.
pub(crate) fn evaluate(edit: &ExpectEdit, update: &SetUpdate) -> Option<Finding> {
    let after = edit.after.as_ref()?;
    let (from, to) = (edit.from(), edit.to());
    if edit.changes_nothing(update.facts)
        || *to == ExpectValue::Nothing
        || (update.becomes && *from == ExpectValue::Nothing)
    {
        return None;
    }
    let what = format!("`-bootstrap-expect`{} {}{}", where_hidden(edit), step(from, to, update), edit.whose());
    let finding = match excuse(edit, update) {
        Some(reason) => RULE.warn(format!("{what}: {reason}")),
        None => RULE.deny(format!("{what}: {}", harm(edit, update))).remedy(remedy::of(edit, update)),
    };
    Some(finding.field(after.field()))
}

/// ` (may be in $(EXTRA))`: the argument that may hold the flag.
pub(crate) fn where_hidden(edit: &ExpectEdit) -> String {
    let uncertain = |reading: &&ContainerReading| reading.given.is_uncertain();
    let reading = edit.after.as_ref().filter(uncertain).or(edit.before.as_ref().filter(uncertain));
    reading.map(|reading| format!(" (may be in `{}`)", reading.spelling())).unwrap_or_default()
}

/// `3 -> 5`; of one and the same reference what changes behind it.
fn step(from: &ExpectValue, to: &ExpectValue, update: &SetUpdate) -> String {
    let (ExpectValue::Reference(old), ExpectValue::Reference(new)) = (from, to) else {
        let same = from.to_string() == to.to_string();
        return if same { format!("{to}, behind another launch") } else { format!("{from} -> {to}") };
    };
    match (&old.held, &new.held) {
        (Some(old_text), Some(new_text)) if old.source == new.source => {
            format!("{} -> {} by {}", shown(old_text), shown(new_text), new.source)
        }
        _ if old.source == new.source && old.splits_otherwise(new) => match update.known(old, new) {
            Some((old_text, new_text)) => format!("{old_text} -> {new_text} by {}, {}", new.source, new.splitting()),
            None => format!("comes from {}, {}", new.source, new.splitting()),
        },
        _ if old.source == new.source => format!("comes from {}, whose variables change", new.source),
        _ if from.to_string() == to.to_string() => format!("comes from {}, which is edited", new.source),
        _ => match update.known(old, new) {
            Some((old_text, new_text)) if !old_text.same(&new_text) => {
                format!("{old_text} by {} -> {new_text} by {}", old.source, new.source)
            }
            Some(_) | None => format!("{from} -> {to}"),
        },
    }
}

/// Why the edit may pass, with a warning.
fn excuse(edit: &ExpectEdit, update: &SetUpdate) -> Option<String> {
    if update.unformed {
        return Some("no cluster has formed yet, as no claim is bound and no pod was ever ready".to_owned());
    }
    let (old_replicas, new_replicas) = (update.old_replicas, update.new_replicas);
    match (edit.from(), edit.to()) {
        (ExpectValue::Nothing | ExpectValue::Number(0), ExpectValue::Number(1..) | ExpectValue::Reference(_)) => {
            (FirstDiscovery::of(edit, update) == Some(FirstDiscovery::Alone)).then(|| {
                "the first discovery of a lone node on its claim, which has itself for a leader: the value is for nodes that come later"
                    .to_owned()
            })
        }
        (ExpectValue::Number(old), ExpectValue::Number(new)) => {
            let with_scale_up = 0 < *old && old < new && *new <= new_replicas && old_replicas < new_replicas;
            (update.allow_increase && with_scale_up).then(|| {
                format!("passes with replicas {old_replicas} -> {new_replicas} by `allowIncreaseWithScaleUp`, and every pod restarts")
            })
        }
        (ExpectValue::Reference(old), ExpectValue::Reference(new)) => {
            let (held, other) = update.known(old, new)?;
            if held.same(&other) {
                let what = if held == other { format!("`{held}`") } else { format!("one number, `{held}` and `{other}`") };
                return Some(format!("both hold {what}, so nothing changes but where it stands"));
            }
            repaired(edit, update)
        }
        (ExpectValue::Reference(_), ExpectValue::Number(_)) => repaired(edit, update),
        (ExpectValue::Malformed(_), ExpectValue::Number(new)) => (*new > 0 && (*new == new_replicas || new_replicas == 0))
            .then(|| "taken as the repair of a value that no rqlited starts with".to_owned()),
        (ExpectValue::Malformed(_), ExpectValue::Reference(_)) => {
            Some("taken as the repair of a value that no rqlited starts with, and not compared".to_owned())
        }
        _ => None,
    }
}

/// What the old reference is known to give, rqlited refuses; the new value is the number of replicas.
fn repaired(edit: &ExpectEdit, update: &SetUpdate) -> Option<String> {
    let (from, to) = (edit.from().resolved(update.facts), edit.to().resolved(update.facts));
    match (from, to) {
        (ExpectValue::Malformed(text), ExpectValue::Number(new)) if new > 0 && new == update.new_replicas => {
            Some(format!("taken as the repair of `{}`, with which no rqlited starts", shown(&text)))
        }
        _ => None,
    }
}

/// What the edit does to the cluster.
fn harm(edit: &ExpectEdit, update: &SetUpdate) -> String {
    let (from, to) = (edit.from(), edit.to());
    let unreadable = [from, to].into_iter().filter(|given| given.is_unreadable());
    let scripts: Vec<bool> = unreadable.map(ExpectValue::is_script).collect();
    if scripts.contains(&false) {
        return "what starts rqlited cannot be read in the manifest, and may give it another value".to_owned();
    }
    if scripts.contains(&true) {
        return "the script is unreadable, so any change of it or of a variable that it names is an edit".to_owned();
    }
    if let Some(beside) = edit.after.as_ref().and_then(remedy::refuses).filter(|_| !to.is_off() && !to.is_uncertain()) {
        return format!("rqlited refuses it beside `{beside}` and exits with code 1");
    }
    let discovery = edit.after.as_ref().map_or(&Discovery::Unreadable, |after| &after.discovery);
    match (from, to) {
        (ExpectValue::Reference(old), ExpectValue::Reference(new)) => of_references(old, new, update, discovery),
        (_, ExpectValue::Nothing | ExpectValue::Number(0)) => format!("that counts as not given, {}", stop(discovery)),
        (_, ExpectValue::Malformed(_)) => {
            "rqlited refuses that, every pod exits with code 2 at its next start".to_owned()
        }
        (_, ExpectValue::Reference(_)) => UNSEEN.to_owned(),
        (ExpectValue::Reference(old), ExpectValue::Number(_)) if old.known(update.facts).is_none() => {
            "what it gave does not stand in the manifest, so it cannot be compared".to_owned()
        }
        (ExpectValue::Number(old), ExpectValue::Number(new)) => of_numbers(*old, *new),
        (ExpectValue::Reference(old), ExpectValue::Number(new)) => {
            of_numbers(old.number(update.facts).unwrap_or_default(), *new)
        }
        (ExpectValue::Nothing | ExpectValue::Malformed(_), ExpectValue::Number(new)) => second_cluster(*new),
    }
}

const UNSEEN: &str = "what it gives does not stand in the manifest, so it cannot be compared";

fn of_references(old: &Reference, new: &Reference, update: &SetUpdate, discovery: &Discovery) -> String {
    let is_edited = matches!((&old.source, &new.source), (Source::Script(_), Source::Script(_)));
    match update.known(old, new) {
        Some((ReferencedValue::Value(_), ReferencedValue::NoFlag)) => stop(discovery).to_owned(),
        Some(_) => match (old.number(update.facts), new.number(update.facts)) {
            (old, Some(new)) => of_numbers(old.unwrap_or_default(), new),
            (_, None) => "rqlited refuses that, every pod exits with code 2 at its next start".to_owned(),
        },
        None if is_edited => "what the script gives cannot be told without running it".to_owned(),
        None => UNSEEN.to_owned(),
    }
}

fn of_numbers(old: i64, new: i64) -> String {
    match old {
        _ if old == new => "it comes from elsewhere from now on, and changes with that".to_owned(),
        1.. if old < new => "nodes with data ignore it, and every pod restarts for nothing".to_owned(),
        _ => second_cluster(new),
    }
}

/// What blank nodes make of that number.
fn second_cluster(number: i64) -> String {
    match number {
        ..=0 => "rqlited takes it for 1, so each blank pod that finds no leader becomes an empty cluster of its own"
            .to_owned(),
        1 => "each blank pod that finds no leader becomes an empty cluster of its own".to_owned(),
        _ => format!("{number} blank pods that find no leader form a second, empty cluster"),
    }
}

/// What a start without the flag comes to (rqlite/rqlite `cmd/rqlited/flags.go`, `cmd/rqlited/main.go`).
pub(crate) fn stop(discovery: &Discovery) -> &'static str {
    match discovery {
        Discovery::Dns | Discovery::DnsSrv => "a voter with DNS discovery exits with code 1 at its next start",
        Discovery::Join { .. } => "a voter that is in its own join list exits with code 1 at its next start",
        Discovery::None => "each blank pod becomes an empty cluster of its own",
        Discovery::ConsulKv | Discovery::EtcdKv | Discovery::Unreadable => {
            "blank pods no longer wait for each other before they form a cluster"
        }
    }
}
