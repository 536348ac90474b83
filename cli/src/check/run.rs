//! One call of `quorate check`, from its arguments to its exit code.
//! Knows the order of the steps; what each does stands in its own file.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::sync::OnceLock;

use quorate_cluster::registration::Registration;

use super::args::Args;
use super::change::{Change, kept_by};
use super::config_maps::{self, ConfigMaps, is_config_map};
use super::gitops::is_leading;
use super::guard::ClusterGuard;
use super::judge::{Beside, Court, Texts, is_unclear};
use super::live::{cluster, look};
use super::object::Object;
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
use crate::clock;
use crate::config::Source;
use crate::exit::Exit;
use crate::load::select;

/// Runs the check; what it finds goes to `out` and the files that were named.
pub(crate) fn run(args: &Args, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let outcome = outcome_of(args)?;
    let exit = outcome.exit(args.fail_on, args.strict);
    output::write(&outcome, exit, &args.output, out)?;
    Ok(exit)
}

/// What a check comes to, before anything is written.
pub(super) fn outcome_of(args: &Args) -> anyhow::Result<Outcome> {
    let sides = Sides::gather(args)?;
    let mut court = court(args, sides.base.is_none() && !args.as_create)?;
    let mut unseen = Vec::new();
    if args.live {
        let login = args.cluster.login(args.impersonate.as_deref(), &args.impersonate_groups);
        let surveyor = court.runtime.block_on(cluster(&login))?;
        let (snapshot, gaps) = court.runtime.block_on(look(&surveyor, None))?;
        court.snapshot = Some(snapshot);
        let guarding = court.runtime.block_on(surveyor.guarding(&args.webhooks));
        court.guard = Some(ClusterGuard { surveyor, guarding });
        unseen = gaps;
    }
    let mut outcome = outcome(args, &sides, &court)?;
    outcome.gaps.extend(unseen.into_iter().map(not_seen));
    Ok(outcome)
}

fn not_seen(reason: String) -> Gap {
    Gap { side: Side::Base, path: "the cluster".to_owned(), place: None, what: None, reason }
}

fn court(args: &Args, shape_only: bool) -> anyhow::Result<Court> {
    let now = clock::now();
    let source = Source::read(args.config.as_deref())?;
    let mut resolved = source.resolve()?;
    select(&source, &mut resolved, &args.policies)?;
    Ok(Court {
        source,
        resolved,
        policies: OnceLock::new(),
        profile: Profile::of(args),
        snapshot: args.snapshot.as_deref().map(|file| Snapshot::read(file, now)).transpose()?,
        guard: None,
        now,
        runtime: tokio::runtime::Builder::new_current_thread().enable_all().build()?,
        shape_only,
    })
}

fn outcome(args: &Args, sides: &Sides, court: &Court) -> anyhow::Result<Outcome> {
    let nothing = Input { tree: Tree::default(), ground: Ground::Folder(PathBuf::new()) };
    let (base, head) = (sides.base.as_ref().unwrap_or(&nothing), &sides.head);
    let concern = court.concern(args.config.is_some())?;
    let wanted =
        |group: &str, kind: &str| concern.is(group, kind) || is_leading(group, kind) || is_config_map(group, kind);
    let head_read = Read::of(&head.tree, None, &wanted);
    let base_read = Read::of(&base.tree, Some(&head_read), &wanted);
    let tools = Tools { kustomize: args.kustomize.clone(), helm: args.helm.clone(), network: args.network };
    let context = court.guard.as_ref().map(|guard| guard.surveyor.namespace());
    let method = Method {
        tools: &tools,
        renders: !args.no_render,
        namespace: args.namespace.as_deref().or(context).unwrap_or("default"),
        url: sides.url.as_deref(),
        wanted: &wanted,
    };
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
    court: &Court,
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
    let left_alone = Registration::in_cluster("quorate-system", "quorate").excluded_namespaces;
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
    court: &Court,
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
