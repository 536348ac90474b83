//! One call of `quorate check`, from its arguments to its exit code.
//! Knows the order of the steps; what each does stands in its own file.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::sync::OnceLock;

use kubernetes::users::SYSTEM_NAMESPACES;

use super::applier::Applier;
use super::check_inputs::{CheckInputs, LiveCluster};
use super::cluster::ClusterEvaluator;
use super::config_maps::{self, ConfigMaps};
use super::evaluate::{ChangeEvaluator, EvaluationContext, SourceFiles, is_unclear};
use super::gitops::is_leading;
use super::manifest_change::{ManifestChange, kept_by};
use super::object::{Object, is_config_map};
use super::options::{Options, RenderPrograms};
use super::output;
use super::pair::{Duplicate, ObjectPair, pair};
use super::position::TextPosition;
use super::prepare::{PrepareOptions, prepare};
use super::render::Tools;
use super::result::{CheckResult, InputError, NotEvaluated, VerdictSource};
use super::scan::{Manifests, ScannedFiles};
use super::sides::{SideInput, Sides, TreeSource};
use super::snapshot::Snapshot;
use super::tree::{Side, SourceTree};
use crate::exit::Exit;

/// Where Quorate is installed by default: what it needs to start never waits for it.
const INSTALLED_IN: &str = "quorate-system";

/// Runs the check; what it finds goes to `out` and the files that were named.
///
/// # Errors
/// When the states, the policies or the snapshot cannot be had, or nothing can be written.
pub fn run(options: &Options, given: CheckInputs<'_>, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let result = check_result(options, given)?;
    let exit = result.exit(options.fail_on, options.strict);
    output::write(&result, exit, &options.output, out)?;
    Ok(exit)
}

/// What a check comes to, before anything is written.
pub(super) fn check_result(options: &Options, given: CheckInputs<'_>) -> anyhow::Result<CheckResult> {
    let sides = Sides::gather(options)?;
    let shape_only = sides.base.is_none() && !options.as_create;
    let CheckInputs { policies, live, now, runtime } = given;
    let recorded = options.snapshot.as_deref().map(|file| Snapshot::read(file, now)).transpose()?;
    let (guardian, context, snapshot, unseen) = match live {
        Some(LiveCluster { reviewer: guardian, namespace, snapshot, not_seen }) => {
            (Some(guardian), Some(namespace), Some(snapshot), not_seen)
        }
        None => (None, None, recorded, Vec::new()),
    };
    let loaded = OnceLock::new();
    let profile = Applier::of(options);
    let guard = guardian.map(ClusterEvaluator);
    let evaluator = ChangeEvaluator { policies, loaded, profile, snapshot, cluster: guard, now, runtime, shape_only };
    let namespace = options.namespace.as_deref().or(context.as_deref()).unwrap_or("default");
    let mut result = evaluate_sides(options, &sides, &evaluator, namespace)?;
    result.not_evaluated.extend(unseen.into_iter().map(not_seen_in_cluster));
    Ok(result)
}

fn not_seen_in_cluster(reason: String) -> NotEvaluated {
    NotEvaluated { side: Side::Base, path: "the cluster".to_owned(), position: None, what: None, reason }
}

fn evaluate_sides(
    options: &Options,
    sides: &Sides,
    evaluator: &ChangeEvaluator<'_>,
    namespace: &str,
) -> anyhow::Result<CheckResult> {
    let nothing = SideInput { tree: SourceTree::default(), source: TreeSource::Folder(PathBuf::new()) };
    let (base, head) = (sides.base.as_ref().unwrap_or(&nothing), &sides.head);
    let matched = evaluator.matched_kinds()?;
    let wanted =
        |group: &str, kind: &str| matched.is(group, kind) || is_leading(group, kind) || is_config_map(group, kind);
    let head_read = ScannedFiles::of(&head.tree, None, &wanted);
    let base_read = ScannedFiles::of(&base.tree, Some(&head_read), &wanted);
    let RenderPrograms { kustomize, helm } = options.programs.clone();
    let tools = Tools { kustomize, helm, network: options.network };
    let method = PrepareOptions {
        tools: &tools,
        renders: !options.no_render,
        namespace,
        url: sides.url.as_deref(),
        wanted: &wanted,
    };
    let mut before = prepare(Side::Base, base, base_read, method)?;
    let mut after = prepare(Side::Head, head, head_read, method)?;
    let are_judged = matched.is("", "ConfigMap");
    let maps = ConfigMaps {
        base: config_maps::of_side(&mut before.manifests, are_judged),
        head: config_maps::of_side(&mut after.manifests, are_judged),
    };
    let mut result = CheckResult::default();
    unread(Side::Base, &base.tree, &mut before.manifests, &mut result);
    unread(Side::Head, &head.tree, &mut after.manifests, &mut result);
    if sides.base.is_some() {
        result.not_evaluated.extend(moved_submodules(&base.tree, &head.tree));
    }
    let files = SourceFiles::new([&base.tree, &before.rendered], [&head.tree, &after.rendered]);
    compare(evaluator, before.manifests, after.manifests, &maps, &files, &mut result)?;
    let same = |path: &str| match (base.tree.files.get(path), head.tree.files.get(path)) {
        (Some(old), Some(new)) => old.text == new.text,
        _ => false,
    };
    result.set_aside_what_was_broken_before(&same);
    result.sort();
    Ok(result)
}

fn unread(side: Side, tree: &SourceTree, manifests: &mut Manifests, result: &mut CheckResult) {
    let position = None;
    manifests.unclear.extend(tree.unclear().map(str::to_owned));
    result.input_errors.extend(tree.unread.iter().map(|unread| InputError {
        side,
        path: unread.path.clone(),
        position,
        message: unread.why.clone(),
    }));
    result.not_evaluated.extend(tree.left_out.iter().map(|left_out| NotEvaluated {
        side,
        path: left_out.path.clone(),
        position,
        what: None,
        reason: left_out.why.clone(),
    }));
}

/// Submodules of which the two states have other commits: what such a change applies is in another repository.
fn moved_submodules(base: &SourceTree, head: &SourceTree) -> Vec<NotEvaluated> {
    let short = |commit: &String| commit.chars().take(10).collect::<String>();
    let paths: BTreeSet<&String> = base.submodules.keys().chain(head.submodules.keys()).collect();
    let moved = paths.into_iter().filter_map(|path| {
        let (side, reason) = match (base.submodules.get(path), head.submodules.get(path)) {
            (Some(old), Some(new)) if old == new => return None,
            (Some(old), Some(new)) => {
                (Side::Head, format!("a submodule that moves from commit {} to {}", short(old), short(new)))
            }
            (None, Some(new)) => (Side::Head, format!("a new submodule, at commit {}", short(new))),
            (Some(old), None) => (Side::Base, format!("a submodule that goes, from commit {}", short(old))),
            (None, None) => return None,
        };
        let reason = format!("{reason}; what it holds is in its own repository");
        Some(NotEvaluated { side, path: path.clone(), position: None, what: None, reason })
    });
    moved.collect()
}

fn compare(
    evaluator: &ChangeEvaluator<'_>,
    base: Manifests,
    head: Manifests,
    maps: &ConfigMaps,
    files: &SourceFiles<'_>,
    result: &mut CheckResult,
) -> anyhow::Result<()> {
    result.counts.not_concerned = head.others;
    result.input_errors.extend(base.input_errors);
    result.input_errors.extend(head.input_errors);
    result.not_evaluated.extend(
        base.not_evaluated
            .into_iter()
            .filter(|missing| head.not_evaluated.iter().all(|other| other.path != missing.path)),
    );
    result.not_evaluated.extend(head.not_evaluated);
    let left_alone = SYSTEM_NAMESPACES.into_iter().chain([INSTALLED_IN]).map(str::to_owned).collect();
    let objects = head.objects.clone();
    let (pairs, duplicates) = pair(base.objects, head.objects);
    result.input_errors.extend(duplicates.iter().map(|duplicate| duplicate_error(duplicate, files)));
    for pair in pairs {
        let context = EvaluationContext { head: &objects, maps };
        evaluate(evaluator, pair, context, &left_alone, (&base.unclear, &head.unclear), files, result)?;
    }
    Ok(())
}

fn evaluate(
    evaluator: &ChangeEvaluator<'_>,
    pair: ObjectPair,
    context: EvaluationContext<'_>,
    left_alone: &BTreeSet<String>,
    (unclear_base, unclear_head): (&BTreeSet<String>, &BTreeSet<String>),
    files: &SourceFiles<'_>,
    result: &mut CheckResult,
) -> anyhow::Result<()> {
    let counts = &mut result.counts;
    let stays = |old: &Object| old.unpruned || kept_by(old).is_some();
    if pair.new.is_none() && pair.old.as_ref().is_some_and(stays) {
        counts.kept = counts.kept.saturating_add(1);
        return Ok(());
    }
    let id = pair.new.as_ref().or(pair.old.as_ref()).map(|object| &object.id);
    let running = id.and_then(|id| evaluator.snapshot.as_ref()?.of(id)).cloned();
    let Some(change) = ManifestChange::of(pair, running.as_ref()) else {
        counts.unchanged = counts.unchanged.saturating_add(1);
        return Ok(());
    };
    if change.object.id.namespace.as_ref().is_some_and(|namespace| left_alone.contains(namespace)) {
        counts.left_alone = counts.left_alone.saturating_add(1);
        return Ok(());
    }
    if is_unclear(&change, unclear_base, unclear_head) {
        result.not_evaluated.push(not_evaluated(&change, unclear_reason(&change), files));
        return Ok(());
    }
    let evaluated = evaluator.evaluate(&change, running.as_ref(), context, files)?;
    if let VerdictSource::Refused(why) = &evaluated.by {
        let reason = format!("the cluster refuses it, whatever Quorate says: {why}");
        result.not_evaluated.push(not_evaluated(&change, reason, files));
    }
    result.changes.push(evaluated);
    Ok(())
}

/// It may still be there, in a file that cannot be read.
fn unclear_reason(change: &ManifestChange) -> String {
    let other = match change.object.origin.side {
        Side::Base => Side::Head,
        Side::Head => Side::Base,
    };
    format!("what its file holds in {} is not known", other.name())
}

fn not_evaluated(change: &ManifestChange, reason: String, files: &SourceFiles<'_>) -> NotEvaluated {
    let origin = &change.object.origin;
    NotEvaluated {
        side: origin.side,
        path: origin.path.clone(),
        position: Some(files.locate(origin, "").position),
        what: Some(change.object.id.shown()),
        reason,
    }
}

fn duplicate_error(duplicate: &Duplicate, files: &SourceFiles<'_>) -> InputError {
    let line = |object: &Object| files.locate(&object.origin, "").position;
    let (TextPosition { line: first, .. }, second) = (line(&duplicate.first), line(&duplicate.second));
    let origin = &duplicate.second.origin;
    InputError {
        side: origin.side,
        path: origin.path.clone(),
        position: Some(second),
        message: format!(
            "{} stands here for the second time, first at line {first}; keep one",
            duplicate.second.id.shown()
        ),
    }
}
