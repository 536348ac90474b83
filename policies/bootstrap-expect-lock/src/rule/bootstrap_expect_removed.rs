//! Refuses an update after which rqlited no longer gets `-bootstrap-expect`.
//! Not a change to 0: that is an edit, and `bootstrap_expect_changed` says so.

use quorate_sdk::{Finding, Rule};
use rqlite::flag::CommandLine;
use rqlite::launch::{NoInsertion, Shape};
use rqlite::value::clip;

use super::bootstrap_expect_changed::stop;
use crate::edit::{Edit, Update};
use crate::given::{Given, is_flag};
use crate::reading::Reading;

/// ## What it refuses
///
/// An update that takes `-bootstrap-expect` away from rqlited: the flag is deleted, or it still stands in the manifest
/// but no longer reaches rqlited. That is so behind `run` (the image's entrypoint drops all that follows), behind `--` or
/// a first positional argument (Go's `flag` stops there), in the slot behind a shell script that passes on `"$@"` only
/// (that slot is `$0`), and where no container runs rqlite any more.
///
/// Said as a warning: while no cluster can have formed, as no claim of the set is bound and no pod was ever ready.
///
/// ## Why
///
/// A voter with `-disco-mode=dns` or `dns-srv` and without the flag exits with code 1, and so does one whose `-join` list
/// has its own address (rqlite/rqlite `cmd/rqlited/flags.go`; measured on rqlited 10.2.7): the rollout stops at its first
/// pod with one voter less, and every pod that restarts for another reason stays down.
///
/// ## Example
///
/// ```yaml
/// containers:
/// - name: rqlite
///   image: rqlite/rqlite:9.1.3
///   # the entrypoint sees `run` and drops the rest
///   args: ["run", "-disco-mode=dns", "-bootstrap-expect=3"]
/// ```
///
/// ## Instead
///
/// Keep the flag, with the value of the creation, in front of any positional argument:
///
/// ```yaml
///   args: ["-disco-mode=dns", "-bootstrap-expect=3"]
/// ```
///
/// ## When the value is unknown
///
/// A reference that goes away is refused like a number. A script that cannot be read is itself the value: replacing it by
/// a launch without the flag is refused here.
pub(crate) const RULE: Rule = Rule {
    id: "bootstrap-expect-removed",
    summary: "refuses an update after which rqlited no longer gets -bootstrap-expect",
};

/// One container's loss. None where rqlited still gets a value, or never got one.
pub(crate) fn judge(edit: &Edit, update: &Update) -> Option<Finding> {
    let before = edit.before.as_ref()?;
    if edit.from().same(edit.to()) || *edit.to() != Given::Nothing {
        return None;
    }
    let (reason, field) = match &edit.after {
        Some(after) => lost(after),
        None => ("is gone".to_owned(), String::new()),
    };
    let what = format!("`{}`{} {reason}", before.spelling(), edit.whose());
    if update.unformed {
        let excuse = "no cluster has formed yet, as no claim is bound and no pod was ever ready";
        return Some(RULE.warn(format!("{what}: {excuse}")).field(field));
    }
    let finding = match &edit.after {
        Some(after) => RULE
            .deny(format!("{what}: without it {}", stop(&after.discovery)))
            .remedy(format!("keep `{}` where rqlited reads it", before.spelling())),
        None => RULE
            .deny(format!("{what}: by image, launch and annotation the new template no longer runs rqlite there"))
            .remedy("keep the image and launch, or name the container in the annotation `quorate.dev/container`"),
    };
    Some(finding.field(field))
}

/// How the new launch loses it, and the path of what is in the way.
fn lost(after: &Reading) -> (String, String) {
    let Some(place) = after.lost() else {
        return ("is gone".to_owned(), after.field());
    };
    let reason = match (&after.launch.insertion, after.launch.shape, &after.launch.line) {
        (Err(NoInsertion::DroppedArguments), _, _) => {
            "is dropped by the image's entrypoint, as all that follows `run`".to_owned()
        }
        (_, Shape::ScriptArguments, _) => {
            "is lost, the first argument behind the script is `$0` and not in `\"$@\"`".to_owned()
        }
        (_, Shape::Script, _) => "is lost, the script passes no arguments on".to_owned(),
        (_, _, Some(line)) => unread(line),
        (_, _, None) => "stands in a launch that cannot be read".to_owned(),
    };
    (reason, after.at(place))
}

/// Why Go's flag package does not take a token of the command line for the flag that it looks like.
fn unread(line: &CommandLine) -> String {
    let Some(at) = line.tokens.iter().position(|token| is_flag(&token.text)) else {
        return "no longer reaches rqlited".to_owned();
    };
    let before = at.checked_sub(1).and_then(|index| line.tokens.get(index)).map(|token| clip(&token.text));
    let before = before.unwrap_or_default();
    match line.positionals.first() {
        Some(first) if *first <= at => format!("stands behind `{before}`, where rqlited reads no more flags"),
        Some(_) | None => format!("is taken for the value of `{before}`"),
    }
}
