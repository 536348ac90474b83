//! One call of `quorate check`, from its arguments to its exit code.
//! Knows the order of the steps; what each does stands in its own file.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::OnceLock;

use kubernetes::request::RequestKind;
use serde_json::Value;

use super::applier::Appliers;
use super::check_inputs::{CheckInputs, LiveCluster, MappedValues};
use super::cluster::ClusterEvaluator;
use super::comparison::Comparison;
use super::evaluate::ChangeEvaluator;
use super::keda::is_scaled_object;
use super::object::{ObjectId, is_config_map};
use super::options::{Options, RenderPrograms};
use super::output;
use super::render::Tools;
use super::result::{CheckResult, NotEvaluated};
use super::scan::{Manifests, ScannedFiles};
use super::sides::{SideInput, Sides, TreeSource};
use super::snapshot::Snapshot;
use super::tree::{Side, SourceTree};
use super::way::{is_leading, only_tool};
use super::ways::{FollowOptions, FollowedSide, SideToFollow, follow_both};
use crate::exit::Exit;

/// Runs the check; what it finds goes to `out` and the files that were named.
///
/// # Errors
/// When the states, the policies or the snapshot cannot be had, or nothing can be written.
pub fn run(options: &Options, given: CheckInputs<'_>, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let result = check_result(options, given)?;
    if options.ways {
        output::write_ways(&result, out)?;
        return Ok(Exit::Allowed);
    }
    let exit = result.exit(options.fail_on, options.strict);
    output::write(&result, exit, &options.output, out)?;
    Ok(exit)
}

/// What a check comes to, before anything is written.
pub(super) fn check_result(options: &Options, given: CheckInputs<'_>) -> anyhow::Result<CheckResult> {
    let sides = Sides::gather(options)?;
    let shape_only = sides.base.is_none() && !options.as_create;
    let CheckInputs { policies, live, now, notices, values, runtime } = given;
    let recorded = options.snapshot.as_deref().map(|file| Snapshot::read(file, now)).transpose()?;
    let (guardian, context, snapshot, unseen) = match live {
        Some(LiveCluster { reviewer: guardian, namespace, snapshot, not_seen }) => {
            (Some(guardian), Some(namespace), Some(snapshot), not_seen)
        }
        None => (None, None, recorded, Vec::new()),
    };
    let loaded = OnceLock::new();
    let appliers = Appliers::of(options, None);
    let cluster = guardian.map(ClusterEvaluator);
    let destination = options.destination.clone();
    let mut evaluator =
        ChangeEvaluator { policies, loaded, appliers, snapshot, destination, cluster, now, runtime, shape_only };
    let namespace = options.namespace.as_deref().or(context.as_deref()).unwrap_or("default");
    let mut result = evaluate_sides(options, &sides, &mut evaluator, (namespace, &values))?;
    result.notices.extend(notices);
    result.not_evaluated.extend(unseen.into_iter().map(not_seen_in_cluster));
    Ok(result)
}

fn not_seen_in_cluster(reason: String) -> NotEvaluated {
    NotEvaluated { counts: true, ..NotEvaluated::of(Side::Base, "the cluster".to_owned(), reason) }
}

fn evaluate_sides(
    options: &Options,
    sides: &Sides,
    evaluator: &mut ChangeEvaluator<'_>,
    told: (&str, &[MappedValues]),
) -> anyhow::Result<CheckResult> {
    let nothing = SideInput { tree: SourceTree::default(), source: TreeSource::Named };
    let base = sides.base.as_ref().unwrap_or(&nothing);
    let (before, after) = follow_sides(options, sides, base, evaluator, told)?;
    evaluator.appliers = Appliers::of(options, only_tool(&before.links, &after.links));
    Comparison::of((base, before), (&sides.head, after), sides, options.ways, evaluator)?.result()
}

/// What is applied in both states, and by which ways.
fn follow_sides(
    options: &Options,
    sides: &Sides,
    base: &SideInput,
    evaluator: &ChangeEvaluator<'_>,
    (namespace, values): (&str, &[MappedValues]),
) -> anyhow::Result<(FollowedSide, FollowedSide)> {
    let matched = evaluator.matched_kinds()?;
    let wanted = |group: &str, kind: &str| {
        matched.is(group, kind)
            || is_leading(group, kind)
            || is_config_map(group, kind)
            || (is_scaled_object(group, kind) && matched.is("autoscaling", "HorizontalPodAutoscaler"))
    };
    let head_read = ScannedFiles::of(&sides.head.tree, None, Some(&base.tree), &wanted);
    let base_read = ScannedFiles::of(&base.tree, Some(&head_read), Some(&sides.head.tree), &wanted);
    let RenderPrograms { kustomize, helm } = options.programs.clone();
    let tools = Tools { kustomize, helm, network: options.network };
    let method = FollowOptions {
        tools: &tools,
        renders: !options.no_render,
        namespace,
        url: sides.url.as_deref(),
        repository: sides.repository.as_ref(),
        wanted: &wanted,
        chart_folder: options.chart_dir.as_deref(),
        values,
    };
    let old = SideToFollow { input: base, read: &base_read };
    let new = SideToFollow { input: &sides.head, read: &head_read };
    let (before, after) = follow_both(old, new, method, options.ways || sides.base.is_none())?;
    // An autoscaler or a Service is judged with sets beside it, wherever they are.
    if after.leaves_out && changes_more_than_sets(&before.manifests, &after.manifests) {
        return follow_both(old, new, method, true);
    }
    Ok((before, after))
}

fn changes_more_than_sets(before: &Manifests, after: &Manifests) -> bool {
    let others = |manifests: &Manifests| -> BTreeMap<(ObjectId, String), Value> {
        let others = manifests.objects.iter().filter(|object| {
            object.id.request_kind() != RequestKind::StatefulSet && !is_config_map(&object.id.group, &object.id.kind)
        });
        others.map(|object| ((object.id.clone(), object.scope.clone()), object.value.clone())).collect()
    };
    others(before) != others(after)
}
