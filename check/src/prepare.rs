//! One side made ready: its plain manifests, what was rendered of its kustomizations and charts, and where Argo CD and Flux lead.
//! Does not compare the sides.

use super::gitops::{FollowContext, FollowedObjects, follow, is_leading};
use super::object::Object;
use super::position::TextPosition;
use super::render::{RenderClosures, RenderPlan, RenderRoot, Tools, is_below};
use super::result::{InputError, NotEvaluated};
use super::scan::{KindFilter, ManifestScope, Manifests, ScannedFiles};
use super::sides::SideInput;
use super::tree::{Side, SourceFile, SourceTree};

/// How all sides are made ready.
#[derive(Clone, Copy)]
pub(super) struct PrepareOptions<'m> {
    pub(super) tools: &'m Tools,
    /// Else that is said of every kustomization and chart.
    pub(super) renders: bool,
    pub(super) namespace: &'m str,
    pub(super) url: Option<&'m str>,
    pub(super) wanted: KindFilter<'m>,
}

/// What came of a side.
#[derive(Debug, Default)]
pub(super) struct PreparedSide {
    pub(super) manifests: Manifests,
    /// What tools wrote, by the name it is listed under.
    pub(super) rendered: SourceTree,
}

pub(super) fn prepare(
    side: Side,
    input: &SideInput,
    read: ScannedFiles<'_>,
    method: PrepareOptions<'_>,
) -> anyhow::Result<PreparedSide> {
    let tree = &input.tree;
    let closures = RenderClosures::of(tree);
    let leading = read.kept(side, &|group, kind| is_leading(group, kind), method.namespace);
    let around = FollowContext { tree, closures: &closures, leading: &leading, url: method.url };
    let followed = follow(&around);
    let plan = RenderPlan::of(tree, &closures, &followed.roots);
    let mut prepared = PreparedSide::default();
    let mut open = Vec::new();
    render(input, &plan, method, &mut prepared.rendered, &mut open)?;
    let scope = |path: &str| scope_of(path, &plan, &followed);
    let mut manifests = read.manifests(side, &scope, method.namespace);
    for (root, what) in open {
        manifests.unclear.insert(root.name());
        // What a tool would have made of them is not known.
        manifests.unclear.extend(plan.consumed.iter().cloned());
        match what {
            RenderFailure::Failed(message) => {
                manifests.input_errors.push(InputError { side, path: root.file(tree), position: None, message });
            }
            RenderFailure::NotRendered(reason) => {
                let what = Some(root.name());
                manifests.not_evaluated.push(NotEvaluated {
                    side,
                    path: root.file(tree),
                    position: None,
                    what,
                    reason,
                });
            }
        }
    }
    manifests.not_evaluated.extend(followed.not_evaluated.iter().cloned());
    add_rendered(side, &plan, &prepared.rendered, method, &mut manifests);
    leave_leading(&mut manifests, &followed, &prepared.rendered);
    prepared.manifests = manifests;
    Ok(prepared)
}

/// Why there is no output of a root.
enum RenderFailure {
    Failed(String),
    NotRendered(String),
}

fn render<'p>(
    input: &SideInput,
    plan: &'p RenderPlan,
    method: PrepareOptions<'_>,
    rendered: &mut SourceTree,
    open: &mut Vec<(&'p RenderRoot, RenderFailure)>,
) -> anyhow::Result<()> {
    let mut laid = None;
    for root in &plan.roots {
        if !method.renders {
            open.push((root, RenderFailure::NotRendered("is not rendered (--no-render)".to_owned())));
            continue;
        }
        if let Some(remote) = plan.remote.get(&root.folder).filter(|_| !method.tools.network) {
            let reason = format!("fetches `{remote}`; allow it with --network, or give rendered manifests");
            open.push((root, RenderFailure::NotRendered(reason)));
            continue;
        }
        let ground = match &laid {
            Some(laid) => laid,
            None => laid.insert(input.source.check_out()?),
        };
        match root.render(method.tools, &ground.folder, method.namespace) {
            Ok(text) => {
                let file = SourceFile { text, named: true, rendered_from: Some(root.file(&input.tree)) };
                rendered.files.insert(root.name(), file);
            }
            Err(error) => open.push((root, RenderFailure::Failed(error.without(&ground.folder).to_string()))),
        }
    }
    Ok(())
}

/// None for a file that is no manifest by itself.
fn scope_of(path: &str, plan: &RenderPlan, followed: &FollowedObjects) -> Option<ManifestScope> {
    if plan.consumed.contains(path) {
        return None;
    }
    let around = followed.folders.iter().filter(|(folder, _)| is_below(path, folder));
    let nearest = around.max_by_key(|(folder, _)| folder.len());
    Some(ManifestScope { scope: String::new(), namespace: nearest.and_then(|(_, namespace)| namespace.clone()) })
}

fn add_rendered(
    side: Side,
    plan: &RenderPlan,
    rendered: &SourceTree,
    method: PrepareOptions<'_>,
    manifests: &mut Manifests,
) {
    let scope = |path: &str| {
        let root = plan.roots.iter().find(|root| root.name() == path);
        Some(ManifestScope { scope: path.to_owned(), namespace: root.and_then(|root| root.namespace.clone()) })
    };
    let more = ScannedFiles::of(rendered, None, method.wanted).manifests(side, &scope, method.namespace);
    manifests.objects.extend(more.objects);
    manifests.others = manifests.others.saturating_add(more.others);
    manifests.input_errors.extend(more.input_errors);
    manifests.not_evaluated.extend(more.not_evaluated);
    manifests.unclear.extend(more.unclear);
}

/// Objects that only lead to others are none that policies look at.
fn leave_leading(manifests: &mut Manifests, followed: &FollowedObjects, rendered: &SourceTree) {
    let leads = |object: &Object| is_leading(&object.id.group, &object.id.kind);
    let objects = std::mem::take(&mut manifests.objects);
    let (leading, mut objects): (Vec<Object>, Vec<Object>) = objects.into_iter().partition(leads);
    manifests.others = manifests.others.saturating_add(leading.len());
    for object in leading.iter().filter(|object| !object.scope.is_empty() && object.id.group == "argoproj.io") {
        let reason = "stands in rendered output, and is not followed from there".to_owned();
        let origin = &object.origin;
        let (side, path, what) = (origin.side, origin.path.clone(), Some(object.id.shown()));
        manifests.not_evaluated.push(NotEvaluated { side, path, position: None::<TextPosition>, what, reason });
    }
    for object in &mut objects {
        let path = &object.origin.path;
        let file = rendered.files.get(path).and_then(|file| file.rendered_from.as_ref()).unwrap_or(path);
        object.unpruned = followed.unpruned.iter().any(|folder| is_below(file, folder));
    }
    manifests.objects = objects;
}
