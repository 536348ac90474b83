//! Refuses to create a set whose replicas are not its `-bootstrap-expect`, or whose pods come blank beside old data.
//! Not Up, Down and node TLS at a re-creation: those are other policies'.

use quorate_sdk::{Finding, Rule, SetDocument};
use rqlite::change::Ordinals;
use rqlite::cluster::RqliteSet;
use rqlite::facts::Facts;
use rqlite::role::Role;
use rqlite::scaling::{Before, Cluster, Data, FromZero};

use crate::edit::replicas;
use crate::given::{Given, Reference};
use crate::reading::Reading;
use crate::recreation::{Recreation, counted};

/// ## What it refuses
///
/// Creating a set of voters whose `spec.replicas` is not its `-bootstrap-expect`, or with a value that rqlited refuses
/// to start with. Over pods or claims that an earlier set of the same name left (`kubectl delete --cascade=orphan`, then
/// create, is how claim templates are changed) it also refuses a value below the number of pods that come blank, and
/// claim templates that match none of the claims that stand.
///
/// Scaling up from zero a set of which no claim holds data is a creation too, by an update or through `scale`.
///
/// Said as a warning: a mismatch at 0 replicas or at such a re-creation, and a value that the manifest does not hold. A
/// set without the flag, or with 0, is not judged: it forms in another way (consul-kv, etcd-kv, join).
///
/// ## Why
///
/// All nodes of a new set are blank. With fewer replicas than the value they never form a cluster, and each exits with
/// code 1 every 120 s. With more, two groups can reach the number at the same time: 5 pods with 3 gave the two clusters
/// {0,1,2} and {2,3,4} in 1 of 6 runs (measured on rqlited 10.2.7; rqlite/rqlite `store/store.go`, `Notify`). Blank pods
/// beside nodes with data are worse: as soon as that many of them meet without a leader they form an empty cluster that
/// answers in the old one's name.
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
pub(crate) const RULE: Rule = Rule {
    id: "bootstrap-expect-mismatch",
    summary: "refuses to create a set whose replicas are not its -bootstrap-expect, or blank pods beside old data",
};

/// A set that is created.
pub(crate) fn judge(document: &SetDocument, facts: &Facts) -> Vec<Finding> {
    let Some(set) = RqliteSet::recognise(&document.set) else { return Vec::new() };
    let recreation = Recreation::of(&document.set, facts);
    if let (Some(recreation), Role::Voter) = (&recreation, set.role())
        && let Some(finding) = other_disks(&set, recreation)
    {
        return vec![finding];
    }
    let blank = recreation.as_ref().map(|recreation| recreation.blank(&set));
    let readings = Reading::all(document, Some(set));
    let several = readings.len() > 1;
    let creation = Creation { replicas: replicas(document), recreation, blank, several, from_zero: false, facts };
    readings.iter().filter_map(|reading| creation.judge(reading)).collect()
}

/// A set that comes back from zero with `replicas`: all of it blank, it is a new cluster.
pub(crate) fn judge_from_zero(document: &SetDocument, replicas: i64, facts: &Facts) -> Vec<Finding> {
    let Some(set) = RqliteSet::recognise(&document.set).filter(|_| replicas > 0) else { return Vec::new() };
    if !is_blank(document, &set, facts) {
        return Vec::new();
    }
    let readings = Reading::all(document, Some(set));
    let several = readings.len() > 1;
    let creation = Creation { replicas, recreation: None, blank: None, several, from_zero: true, facts };
    readings.iter().filter_map(|reading| creation.judge(reading)).collect()
}

/// None of the stopped set's data is left.
fn is_blank(document: &SetDocument, rqlite: &RqliteSet, facts: &Facts) -> bool {
    let data = Data::of(&document.set, rqlite);
    let stopped = Before::new(&document.set, Some(rqlite), Ordinals::default(), data, facts);
    FromZero::of(&Cluster::of(&stopped), &Ordinals::default()) == FromZero::Creation
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

/// What a value is compared with.
struct Creation<'a> {
    replicas: i64,
    recreation: Option<Recreation<'a>>,
    /// Pods that come without data; None where the set is new and all do.
    blank: Option<usize>,
    several: bool,
    from_zero: bool,
    facts: &'a Facts,
}

impl Creation<'_> {
    fn judge(&self, reading: &Reading) -> Option<Finding> {
        let finding = match &reading.given {
            Given::Nothing | Given::Number(0) => return None,
            Given::Number(number) => self.number(*number, reading)?,
            Given::Reference(reference) if let Some(number) = self.held_by(reference) => {
                self.number(number, reading)?
            }
            Given::Reference(reference) => {
                let source = if reference.readable {
                    format!("comes from {}", reference.source)
                } else {
                    "is not to be seen, as the script is unreadable".to_owned()
                };
                let message = format!("`-bootstrap-expect`{} {source}", self.whose(reading));
                RULE.warn(format!("{message}: not compared with replicas {}", self.replicas))
            }
            Given::Malformed(text) => RULE
                .deny(format!("`{}`{} {}", reading.spelling(), self.whose(reading), refusal(text)))
                .remedy(format!("write the number of replicas: `-bootstrap-expect={}`", self.replicas)),
        };
        Some(finding.field(reading.field()))
    }

    fn number(&self, number: i64, reading: &Reading) -> Option<Finding> {
        let value = format!("`-bootstrap-expect` {number}{}", self.whose(reading));
        let replicas = self.replicas;
        let below = |blank: &usize| usize::try_from(number).is_ok_and(|number| number < *blank);
        if let Some(blank) = self.blank.filter(below) {
            let pods = counted(blank, "pod");
            let message = format!(
                "{value} is below the {pods} of {replicas} without data: without a leader they form a second, empty cluster"
            );
            return Some(
                RULE.deny(message)
                    .remedy("create it with the ordinals that have data, and scale up when it has a leader"),
            );
        }
        if replicas == number {
            return None;
        }
        let what = format!("replicas {replicas}, {value}");
        if let Some(recreation) = &self.recreation {
            return Some(
                RULE.warn(format!("{what}: over {}, where only pods without data heed it", recreation.summary())),
            );
        }
        if replicas == 0 {
            return Some(RULE.warn(format!("{what}: nothing forms before it is scaled to {number}")));
        }
        let remedy = if self.from_zero && number > 0 {
            format!("scale to {number} first, and up when it has a leader")
        } else {
            remedy(replicas, number)
        };
        Some(RULE.deny(format!("{what}: {}", harm(replicas, number))).remedy(remedy))
    }

    /// The number that a reference is known to hold.
    fn held_by(&self, reference: &Reference) -> Option<i64> {
        self.facts.held_by(&reference.source)?.trim().parse().ok()
    }

    fn whose(&self, reading: &Reading) -> String {
        if self.several { format!(" in container {}", reading.container.name) } else { String::new() }
    }
}

/// What rqlited makes of a text that is no number.
fn refusal(text: &str) -> &'static str {
    if text.contains("$(") {
        "names a variable that the container does not have: rqlited gets the text and exits with code 2"
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

fn remedy(replicas: i64, number: i64) -> String {
    if number > 0 {
        format!(
            "create it with replicas {number} and scale up when it has a leader, or write `-bootstrap-expect={replicas}`"
        )
    } else {
        format!("write `-bootstrap-expect={replicas}`")
    }
}
