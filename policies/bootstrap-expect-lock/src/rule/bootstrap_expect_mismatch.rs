//! Refuses to create a set whose replicas are not its `-bootstrap-expect`, or whose pods come blank beside old data.
//! Not scaling and node TLS at a re-creation: those are other policies'.

use quorate_sdk::{AtPath, Finding, Judges, Rule, SetDocument, Severity};
use rqlite::change::{Ordinals, first_ordinal};
use rqlite::cluster::RqliteSet;
use rqlite::facts::Facts;
use rqlite::role::Role;
use rqlite::scaling::{ClusterState, CurrentState, DataLocation, FromZero};
use rqlite::value::Source;

use crate::edit::{SetUpdate, replicas};
use crate::expect_value::{ExpectValue, Reference, shown};
use crate::reading::ContainerReading;
use crate::recreation::{BlankPods, Recreation};
use crate::remedy;
use crate::words::{form, number_of};

/// ## What it refuses
///
/// Creating a set of voters whose `spec.replicas` is not its `-bootstrap-expect`, or with a value that rqlited refuses
/// to start with. Over pods or claims that an earlier set of the same name left (`kubectl delete --cascade=orphan`, then
/// create, is how claim templates are changed) it also refuses a value below the number of pods that come blank, and
/// claim templates that match none of the claims that exist.
///
/// Scaling up from zero a set that has no claim is a creation too, by an update or through `scale`, and so is an update by which
/// a set that ran something else becomes rqlite's.
///
/// Said as a warning: a mismatch, or a value that rqlited refuses, at such a re-creation; a mismatch at 0 replicas, or over claims that
/// are Pending (they may be restored ones, with data), or where the annotation `quorate.dev/container` alone came; and a value that the
/// manifest does not hold. A
/// set without the flag, or with 0, is not judged: it forms in another way (consul-kv, etcd-kv, join).
///
/// ## Why
///
/// All nodes of a new set are blank. With fewer replicas than the value they never form a cluster, and each exits with
/// code 1 every 120 s. With more, two groups can reach the number at the same time: 5 pods with 3 gave the two clusters
/// {0,1,2} and {2,3,4} in 1 of 6 runs (measured on rqlited 10.2.7; rqlite/rqlite `store/store.go`, `Notify`). Blank pods
/// beside nodes with data are worse: as soon as that many of them meet without a leader they form an empty cluster that
/// answers in place of the old one.
///
/// ## Example
///
/// ```yaml
/// spec:
///   replicas: 5
///   template:
///     spec:
///       containers:
///       - name: rqlite
///         args: ["-disco-mode=dns", "-bootstrap-expect=3"]
/// ```
///
/// ## Instead
///
/// Create it with as many replicas as the value says, and grow when it has a leader:
///
/// ```sh
/// kubectl -n db scale statefulset/rqlite --replicas=5
/// ```
///
/// ## When the value is unknown
///
/// A reference to a ConfigMap (the Helm chart's) counts with the value that it holds, where that is known. Any other, and a
/// script, gives a warning: it should give the number of replicas. Without facts nothing is known of older pods and claims, and the set counts as new; from zero it then counts as an old one, unless its data
/// is on no claim.
pub(crate) const RULE: Rule = Rule::new(
    "bootstrap-expect-mismatch",
    "refuses to create a set whose replicas are not its -bootstrap-expect, or blank pods beside old data",
    Severity::High,
    Judges::Object,
);

/// A set that is created.
pub(crate) fn evaluate(document: &SetDocument, facts: &Facts) -> Vec<Finding> {
    let Some(set) = document.rqlite() else { return Vec::new() };
    let recreation = Recreation::of(&document.set, facts);
    if let (Some(recreation), Role::Voter) = (&recreation, set.role())
        && let Some(finding) = other_disks(set, recreation)
    {
        return vec![finding];
    }
    let origin = recreation.map_or(CreationOrigin::Created, |recreation| {
        let missing = recreation.missing(set);
        CreationOrigin::Recreated(recreation, missing)
    });
    let readings = ContainerReading::all(document);
    let several = readings.len() > 1;
    let creation = Creation { replicas: replicas(document), origin, several, facts };
    readings.iter().filter_map(|reading| creation.evaluate(reading)).collect()
}

/// A set that comes back from zero with `replicas`: all of it blank, it is a new cluster.
pub(crate) fn evaluate_from_zero(document: &SetDocument, replicas: i64, facts: &Facts) -> Vec<Finding> {
    let Some(set) = document.rqlite().filter(|_| replicas > 0) else { return Vec::new() };
    let data = DataLocation::of(&document.set, set);
    let stopped = CurrentState::new(&document.set, Some(set), Ordinals::default(), data, facts);
    let asked = ordinals_of(document, replicas);
    let origin = match FromZero::of(&ClusterState::of(&stopped), &asked) {
        FromZero::Creation => CreationOrigin::FromZero,
        FromZero::Over(claims) if claims.kept.is_empty() => CreationOrigin::FromZeroOverPending,
        FromZero::Over(_) | FromZero::Unknown => return Vec::new(),
    };
    let readings = ContainerReading::all(document);
    let several = readings.len() > 1;
    let creation = Creation { replicas, origin, several, facts };
    readings.iter().filter_map(|reading| creation.evaluate(reading)).collect()
}

/// A set that ran something else. Where its container had the value already, it may have run rqlite all along: the annotation alone
/// came, or a launch that can be read.
pub(crate) fn evaluate_becoming(update: &SetUpdate) -> Vec<Finding> {
    let creation = |origin| Creation {
        replicas: update.new_replicas,
        origin,
        several: update.edits.len() > 1,
        facts: update.facts,
    };
    let evaluated = update.edits.iter().filter_map(|edit| {
        let origin =
            if *edit.from() == ExpectValue::Nothing { CreationOrigin::Becoming } else { CreationOrigin::Annotated };
        creation(origin).evaluate(edit.after.as_ref()?)
    });
    evaluated.collect()
}

fn ordinals_of(document: &SetDocument, replicas: i64) -> Ordinals {
    Ordinals::first(first_ordinal(&document.set), u32::try_from(replicas).unwrap_or(u32::MAX))
}

/// None of the claims that stand would be mounted.
fn other_disks(set: &RqliteSet, recreation: &Recreation) -> Option<Finding> {
    let claim = recreation.orphaned(set)?;
    let message = format!(
        "no claim template matches what stands, such as PVC {}: every pod comes up blank beside the old data",
        claim.name
    );
    let remedy = "give the data's claim template the name that it had, or delete the old claims if their data may go";
    Some(RULE.deny(message).remedy(remedy).field("spec.volumeClaimTemplates"))
}

/// How the set comes to be.
enum CreationOrigin<'a> {
    Created,
    /// Over what an earlier set left, and how many of its pods come without data.
    Recreated(Recreation<'a>, BlankPods),
    FromZero,
    /// Claims are there, none of them bound: nobody knows whether they hold data.
    FromZeroOverPending,
    /// An existing set did not run rqlite before.
    Becoming,
    /// It did, or may have, and was not recognised.
    Annotated,
}

/// What a value is compared with.
struct Creation<'a> {
    replicas: i64,
    origin: CreationOrigin<'a>,
    several: bool,
    facts: &'a Facts,
}

impl Creation<'_> {
    fn evaluate(&self, reading: &ContainerReading) -> Option<Finding> {
        let finding = match &reading.given.resolved(self.facts) {
            ExpectValue::Nothing | ExpectValue::Number(0) => return None,
            ExpectValue::Number(number) => self.number(*number, reading)?,
            ExpectValue::Reference(reference) => self.unseen(reference, reading),
            ExpectValue::Malformed(text) => self
                .fault(format!("{}{} {}", self.refused(text, reading), self.whose(reading), refusal(text)))
                .remedy(self.written(reading)),
        };
        Some(finding.field(reading.field()))
    }

    /// What holds the value, where the manifest refers to something that is known.
    fn holder<'b>(&'b self, reading: &'b ContainerReading) -> Option<&'b Source> {
        let ExpectValue::Reference(reference) = &reading.given else { return None };
        reference.decided(self.facts)?.1
    }

    /// The text that rqlited refuses, and where it stands.
    fn refused(&self, text: &str, reading: &ContainerReading) -> String {
        match self.holder(reading) {
            Some(source) => format!("`-bootstrap-expect` `{}` by {source}", shown(text)),
            None if text.contains(char::is_control) => format!("`-bootstrap-expect` `{}`", shown(text)),
            None => format!("`{}`", reading.spelling()),
        }
    }

    /// The count of replicas, where the value comes from.
    fn written(&self, reading: &ContainerReading) -> String {
        let (replicas, whose) = (self.replicas, self.whose(reading));
        match (self.holder(reading), &reading.given) {
            (Some(source), ExpectValue::Reference(reference)) if reference.is_inside(source) => {
                format!("let {source} hold `-bootstrap-expect={replicas}`{whose}")
            }
            (Some(source), _) => format!("let {source} hold `{replicas}`{whose}"),
            (None, ExpectValue::Malformed(_)) => {
                format!("write the number of replicas: `-bootstrap-expect={replicas}`{whose}")
            }
            (None, _) => format!("write `-bootstrap-expect={replicas}`{whose}"),
        }
    }

    /// What did not begin with this request is no reason to refuse it.
    fn fault(&self, message: String) -> Finding {
        match self.origin {
            CreationOrigin::Created | CreationOrigin::FromZero | CreationOrigin::Becoming => RULE.deny(message),
            CreationOrigin::Recreated(..) | CreationOrigin::FromZeroOverPending | CreationOrigin::Annotated => {
                RULE.warn(message)
            }
        }
    }

    fn unseen(&self, reference: &Reference, reading: &ContainerReading) -> Finding {
        let source = match (reference.readable, reading.given.is_script()) {
            (true, _) if reference.certain => format!("comes from {}", reference.source),
            (true, _) => format!("may be in `{}`, from {}", reading.spelling(), reference.source),
            (false, true) => "is not to be seen, as the script is unreadable".to_owned(),
            (false, false) => "is not to be seen, as the launch cannot be read".to_owned(),
        };
        let message = format!("`-bootstrap-expect`{} {source}", self.whose(reading));
        RULE.warn(format!("{message}: not compared with replicas {}", self.replicas))
    }

    fn number(&self, number: i64, reading: &ContainerReading) -> Option<Finding> {
        let value = format!("`-bootstrap-expect` {number}{}", self.whose(reading));
        let replicas = self.replicas;
        if let CreationOrigin::Recreated(_, missing) = &self.origin
            && let Some(finding) = self.without_data(number, &value, *missing)
        {
            return Some(finding);
        }
        if replicas == number {
            return None;
        }
        let what = format!("replicas {replicas}, {value}");
        if let CreationOrigin::Recreated(recreation, _) = &self.origin {
            let over = recreation.summary();
            return Some(RULE.warn(format!("{what}: over {over}, where only pods without data heed it")));
        }
        if replicas == 0 {
            return Some(RULE.warn(format!("{what}: nothing forms before it is scaled to {number}")));
        }
        let harm = harm(replicas, number);
        Some(match self.origin {
            CreationOrigin::FromZeroOverPending => self
                .fault(format!("{what}, and its claims are Pending: if they hold no data, {harm}"))
                .remedy(self.instead(number, reading)),
            CreationOrigin::Annotated => {
                self.fault(format!("{what}: no matter to a cluster that has formed; else {harm}"))
            }
            CreationOrigin::Created
            | CreationOrigin::FromZero
            | CreationOrigin::Becoming
            | CreationOrigin::Recreated(..) => {
                self.fault(format!("{what}: {harm}")).remedy(self.instead(number, reading))
            }
        })
    }

    /// A value that is reached by the pods without data alone.
    fn without_data(&self, number: i64, value: &str, missing: BlankPods) -> Option<Finding> {
        let replicas = self.replicas;
        let below = |count: usize| usize::try_from(number).is_ok_and(|number| number < count);
        let second = "without a leader they form a second, empty cluster";
        let uncertain = missing.blank.saturating_add(missing.pending);
        if below(missing.blank) {
            let pods = number_of(missing.blank, "pod");
            let with_data = usize::try_from(replicas).unwrap_or_default().saturating_sub(uncertain);
            let first = match with_data {
                0 => format!("create it with replicas {number}"),
                _ => "create it with the ordinals that have data".to_owned(),
            };
            let message = format!("{value} is below the {pods} of {replicas} without data: {second}");
            return Some(RULE.deny(message).remedy(format!("{first}, and scale up when it has a leader")));
        }
        below(uncertain).then(|| {
            let pods = number_of(missing.pending, "pod");
            let pending = |one, many| form(missing.pending, one, many);
            let (claims, hold) = (pending("claim", "claims"), pending("it holds", "they hold"));
            let are = pending("is", "are");
            let message =
                format!("{value}, and the {claims} of {pods} of {replicas} {are} Pending: if {hold} no data, {second}");
            RULE.warn(message).remedy(format!("create it with replicas {number}, then scale to {replicas}"))
        })
    }

    fn instead(&self, number: i64, reading: &ContainerReading) -> String {
        if let Some(beside) = remedy::refuses(reading) {
            return format!("leave `-bootstrap-expect` out: rqlited takes none beside `{beside}`");
        }
        let written = self.written(reading);
        // Fewer than the value are none to start with and grow from.
        let (first, then) = match self.replicas < number {
            true => ("", ""),
            false => (" first, and up when it has a leader", " and scale up when it has a leader"),
        };
        match self.origin {
            // What fits one container need not fit the others.
            _ if number <= 0 || self.several => written,
            CreationOrigin::FromZero | CreationOrigin::FromZeroOverPending => format!("scale to {number}{first}"),
            CreationOrigin::Becoming => format!("set replicas to {number}{then}, or {written}"),
            CreationOrigin::Created | CreationOrigin::Recreated(..) | CreationOrigin::Annotated => {
                format!("create it with replicas {number}{then}, or {written}")
            }
        }
    }

    fn whose(&self, reading: &ContainerReading) -> String {
        if self.several { format!(" in container {}", reading.container.name) } else { String::new() }
    }
}

/// What rqlited makes of a text that is no number.
fn refusal(text: &str) -> &'static str {
    if text.contains("$(") {
        "names a variable that the container does not have: rqlited gets the text and exits with code 2"
    } else if text.contains("-bootstrap-expect") {
        "is one argument, as no shell splits it: rqlited has no such flag, every pod exits with code 2"
    } else if text.ends_with(['\n', '\r']) {
        "ends with a line end, which rqlited takes in no number: every pod exits with code 2"
    } else {
        "is no number that rqlited takes: every pod exits with code 2"
    }
}

fn harm(replicas: i64, number: i64) -> String {
    match number {
        ..=1 => "each pod that starts alone becomes a cluster of its own".to_owned(),
        _ if replicas < number => {
            format!("{number} nodes never meet, so none forms a cluster and each exits every 120 s")
        }
        _ => format!("any {number} of {replicas} blank nodes form a cluster, so two of them can stand side by side"),
    }
}
