//! One call of `quorate check`, from its arguments to its exit code.
//! Knows the order of the steps; what each does stands in its own file.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::sync::OnceLock;

use kubernetes::users::SYSTEM_NAMESPACES;

use super::change::{Change, kept_by};
use super::config_maps::{self, ConfigMaps};
use super::gitops::is_leading;
use super::given::{Given, Live};
use super::guard::ClusterGuard;
use super::judge::{Beside, Court, Texts, is_unclear};
use super::object::{Object, is_config_map};
use super::options::{Options, RenderPrograms};
use super::outcome::{By, Gap, Outcome, Trouble};
use super::output;
use super::pair::{Pair, Twice, pair};
use super::place::Place;
use super::prepare::{Method, prepare};
use super::profile::Profile;
use super::render::Tools;
use super::scan::{Manifests, Read};
use super::sides::{Ground, Input, Sides};
use super::snapshot::Snapshot;
use super::tree::{Side, Tree};
use crate::exit::Exit;

/// Where Quorate is installed by default: what it needs to start never waits for it.
const INSTALLED_IN: &str = "quorate-system";

/// Runs the check; what it finds goes to `out` and the files that were named.
///
/// # Errors
/// When the states, the policies or the snapshot cannot be had, or nothing can be written.
pub fn run(options: &Options, given: Given<'_>, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let outcome = outcome_of(options, given)?;
    let exit = outcome.exit(options.fail_on, options.strict);
    output::write(&outcome, exit, &options.output, out)?;
    Ok(exit)
}

/// What a check comes to, before anything is written.
pub(super) fn outcome_of(options: &Options, given: Given<'_>) -> anyhow::Result<Outcome> {
    let sides = Sides::gather(options)?;
    let shape_only = sides.base.is_none() && !options.as_create;
    let Given { policies, live, now, runtime } = given;
    let recorded = options.snapshot.as_deref().map(|file| Snapshot::read(file, now)).transpose()?;
    let (guardian, context, snapshot, unseen) = match live {
        Some(Live { guardian, namespace, snapshot, gaps }) => (Some(guardian), Some(namespace), Some(snapshot), gaps),
        None => (None, None, recorded, Vec::new()),
    };
    let loaded = OnceLock::new();
    let profile = Profile::of(options);
    let guard = guardian.map(ClusterGuard);
    let court = Court { policies, loaded, profile, snapshot, guard, now, runtime, shape_only };
    let namespace = options.namespace.as_deref().or(context.as_deref()).unwrap_or("default");
    let mut outcome = outcome(options, &sides, &court, namespace)?;
    outcome.gaps.extend(unseen.into_iter().map(not_seen));
    Ok(outcome)
}

fn not_seen(reason: String) -> Gap {
    Gap { side: Side::Base, path: "the cluster".to_owned(), place: None, what: None, reason }
}

fn outcome(options: &Options, sides: &Sides, court: &Court<'_>, namespace: &str) -> anyhow::Result<Outcome> {
    let nothing = Input { tree: Tree::default(), ground: Ground::Folder(PathBuf::new()) };
    let (base, head) = (sides.base.as_ref().unwrap_or(&nothing), &sides.head);
    let concern = court.concern()?;
    let wanted =
        |group: &str, kind: &str| concern.is(group, kind) || is_leading(group, kind) || is_config_map(group, kind);
    let head_read = Read::of(&head.tree, None, &wanted);
    let base_read = Read::of(&base.tree, Some(&head_read), &wanted);
    let RenderPrograms { kustomize, helm } = options.programs.clone();
    let tools = Tools { kustomize, helm, network: options.network };
    let method =
        Method { tools: &tools, renders: !options.no_render, namespace, url: sides.url.as_deref(), wanted: &wanted };
    let mut before = prepare(Side::Base, base, base_read, method)?;
    let mut after = prepare(Side::Head, head, head_read, method)?;
    let are_judged = concern.is("", "ConfigMap");
    let maps = ConfigMaps {
        base: config_maps::of_side(&mut before.manifests, are_judged),
        head: config_maps::of_side(&mut after.manifests, are_judged),
    };
    let mut outcome = Outcome::default();
    unread(Side::Base, &base.tree, &mut outcome);
    unread(Side::Head, &head.tree, &mut outcome);
    let texts = Texts::new([&base.tree, &before.rendered], [&head.tree, &after.rendered]);
    compare(court, before.manifests, after.manifests, &maps, &texts, &mut outcome)?;
    outcome.sort();
    Ok(outcome)
}

fn unread(side: Side, tree: &Tree, outcome: &mut Outcome) {
    let place = None;
    outcome.troubles.extend(tree.unread.iter().map(|unread| Trouble {
        side,
        path: unread.path.clone(),
        place,
        message: unread.why.clone(),
    }));
    outcome.gaps.extend(tree.left_out.iter().map(|left_out| Gap {
        side,
        path: left_out.path.clone(),
        place,
        what: None,
        reason: left_out.why.clone(),
    }));
}

fn compare(
    court: &Court<'_>,
    base: Manifests,
    head: Manifests,
    maps: &ConfigMaps,
    texts: &Texts<'_>,
    outcome: &mut Outcome,
) -> anyhow::Result<()> {
    outcome.counts.not_concerned = head.others;
    outcome.troubles.extend(base.troubles);
    outcome.troubles.extend(head.troubles);
    outcome.gaps.extend(base.gaps.into_iter().filter(|gap| head.gaps.iter().all(|other| other.path != gap.path)));
    outcome.gaps.extend(head.gaps);
    let left_alone = SYSTEM_NAMESPACES.into_iter().chain([INSTALLED_IN]).map(str::to_owned).collect();
    let objects = head.objects.clone();
    let (pairs, twice) = pair(base.objects, head.objects);
    outcome.troubles.extend(twice.iter().map(|twice| stands_twice(twice, texts)));
    for pair in pairs {
        let beside = Beside { head: &objects, maps };
        judge(court, pair, beside, &left_alone, (&base.unclear, &head.unclear), texts, outcome)?;
    }
    Ok(())
}

fn judge(
    court: &Court<'_>,
    pair: Pair,
    beside: Beside<'_>,
    left_alone: &BTreeSet<String>,
    (unclear_base, unclear_head): (&BTreeSet<String>, &BTreeSet<String>),
    texts: &Texts<'_>,
    outcome: &mut Outcome,
) -> anyhow::Result<()> {
    let counts = &mut outcome.counts;
    let stays = |old: &Object| old.unpruned || kept_by(old).is_some();
    if pair.new.is_none() && pair.old.as_ref().is_some_and(stays) {
        counts.kept = counts.kept.saturating_add(1);
        return Ok(());
    }
    let id = pair.new.as_ref().or(pair.old.as_ref()).map(|object| &object.id);
    let running = id.and_then(|id| court.snapshot.as_ref()?.of(id)).cloned();
    let Some(change) = Change::of(pair, running.as_ref()) else {
        counts.unchanged = counts.unchanged.saturating_add(1);
        return Ok(());
    };
    if change.object.id.namespace.as_ref().is_some_and(|namespace| left_alone.contains(namespace)) {
        counts.left_alone = counts.left_alone.saturating_add(1);
        return Ok(());
    }
    if is_unclear(&change, unclear_base, unclear_head) {
        outcome.gaps.push(gap(&change, unclear(&change), texts));
        return Ok(());
    }
    let judged = court.judge(&change, running.as_ref(), beside, texts)?;
    if let By::Refused(why) = &judged.by {
        let reason = format!("the cluster refuses it, whatever Quorate says: {why}");
        outcome.gaps.push(gap(&change, reason, texts));
    }
    outcome.judged.push(judged);
    Ok(())
}

/// It may still be there, in a file that cannot be read.
fn unclear(change: &Change) -> String {
    let other = match change.object.origin.side {
        Side::Base => Side::Head,
        Side::Head => Side::Base,
    };
    format!("what its file holds in {} is not known", other.name())
}

fn gap(change: &Change, reason: String, texts: &Texts<'_>) -> Gap {
    let origin = &change.object.origin;
    Gap {
        side: origin.side,
        path: origin.path.clone(),
        place: Some(texts.spot(origin, "").place),
        what: Some(change.object.id.shown()),
        reason,
    }
}

fn stands_twice(twice: &Twice, texts: &Texts<'_>) -> Trouble {
    let line = |object: &Object| texts.spot(&object.origin, "").place;
    let (Place { line: first, .. }, second) = (line(&twice.first), line(&twice.second));
    let origin = &twice.second.origin;
    Trouble {
        side: origin.side,
        path: origin.path.clone(),
        place: Some(second),
        message: format!(
            "{} stands here for the second time, first at line {first}; keep one",
            twice.second.id.shown()
        ),
    }
}
