//! One side made ready: its plain manifests, what was rendered of its kustomizations and charts, and where Argo CD and Flux lead.
//! Does not compare the sides.

use super::gitops::{Followed, Surroundings, follow, is_leading};
use super::object::Object;
use super::outcome::{Gap, Trouble};
use super::place::Place;
use super::render::{Closures, Plan, Root, Tools, is_below};
use super::scan::{Manifests, Read, Scope, Wanted};
use super::sides::Input;
use super::tree::{File, Side, Tree};

/// How all sides are made ready.
#[derive(Clone, Copy)]
pub(super) struct Method<'m> {
    pub(super) tools: &'m Tools,
    /// Else that is said of every kustomization and chart.
    pub(super) renders: bool,
    pub(super) namespace: &'m str,
    pub(super) url: Option<&'m str>,
    pub(super) wanted: Wanted<'m>,
}

/// What came of a side.
#[derive(Debug, Default)]
pub(super) struct Prepared {
    pub(super) manifests: Manifests,
    /// What tools wrote, by the name it is listed under.
    pub(super) rendered: Tree,
}

pub(super) fn prepare(side: Side, input: &Input, read: Read<'_>, method: Method<'_>) -> anyhow::Result<Prepared> {
    let tree = &input.tree;
    let closures = Closures::of(tree);
    let leading = read.kept(side, &|group, kind| is_leading(group, kind), method.namespace);
    let around = Surroundings { tree, closures: &closures, leading: &leading, url: method.url };
    let followed = follow(&around);
    let plan = Plan::of(tree, &closures, &followed.roots);
    let mut prepared = Prepared::default();
    let mut open = Vec::new();
    render(input, &plan, method, &mut prepared.rendered, &mut open)?;
    let scope = |path: &str| scope_of(path, &plan, &followed);
    let mut manifests = read.manifests(side, &scope, method.namespace);
    for (root, what) in open {
        manifests.unclear.insert(root.name());
        // What a tool would have made of them is not known.
        manifests.unclear.extend(plan.consumed.iter().cloned());
        match what {
            Open::Failed(message) => {
                manifests.troubles.push(Trouble { side, path: root.file(tree), place: None, message });
            }
            Open::Left(reason) => {
                let what = Some(root.name());
                manifests.gaps.push(Gap { side, path: root.file(tree), place: None, what, reason });
            }
        }
    }
    manifests.gaps.extend(followed.gaps.iter().cloned());
    add_rendered(side, &plan, &prepared.rendered, method, &mut manifests);
    leave_leading(&mut manifests, &followed, &prepared.rendered);
    prepared.manifests = manifests;
    Ok(prepared)
}

/// Why there is no output of a root.
enum Open {
    Failed(String),
    Left(String),
}

fn render<'p>(
    input: &Input,
    plan: &'p Plan,
    method: Method<'_>,
    rendered: &mut Tree,
    open: &mut Vec<(&'p Root, Open)>,
) -> anyhow::Result<()> {
    let mut laid = None;
    for root in &plan.roots {
        if !method.renders {
            open.push((root, Open::Left("is not rendered (--no-render)".to_owned())));
            continue;
        }
        if let Some(remote) = plan.remote.get(&root.folder).filter(|_| !method.tools.network) {
            let reason = format!("fetches `{remote}`; allow it with --network, or give rendered manifests");
            open.push((root, Open::Left(reason)));
            continue;
        }
        let ground = match &laid {
            Some(laid) => laid,
            None => laid.insert(input.ground.lay()?),
        };
        match root.render(method.tools, &ground.folder, method.namespace) {
            Ok(text) => {
                let file = File { text, named: true, rendered_from: Some(root.file(&input.tree)) };
                rendered.files.insert(root.name(), file);
            }
            Err(error) => open.push((root, Open::Failed(error.to_string()))),
        }
    }
    Ok(())
}

/// None for a file that is no manifest by itself.
fn scope_of(path: &str, plan: &Plan, followed: &Followed) -> Option<Scope> {
    if plan.consumed.contains(path) {
        return None;
    }
    let around = followed.folders.iter().filter(|(folder, _)| is_below(path, folder));
    let nearest = around.max_by_key(|(folder, _)| folder.len());
    Some(Scope { scope: String::new(), namespace: nearest.and_then(|(_, namespace)| namespace.clone()) })
}

fn add_rendered(side: Side, plan: &Plan, rendered: &Tree, method: Method<'_>, manifests: &mut Manifests) {
    let scope = |path: &str| {
        let root = plan.roots.iter().find(|root| root.name() == path);
        Some(Scope { scope: path.to_owned(), namespace: root.and_then(|root| root.namespace.clone()) })
    };
    let more = Read::of(rendered, None, method.wanted).manifests(side, &scope, method.namespace);
    manifests.objects.extend(more.objects);
    manifests.others = manifests.others.saturating_add(more.others);
    manifests.troubles.extend(more.troubles);
    manifests.gaps.extend(more.gaps);
    manifests.unclear.extend(more.unclear);
}

/// Objects that only lead to others are none that policies look at.
fn leave_leading(manifests: &mut Manifests, followed: &Followed, rendered: &Tree) {
    let leads = |object: &Object| is_leading(&object.id.group, &object.id.kind);
    let objects = std::mem::take(&mut manifests.objects);
    let (leading, mut objects): (Vec<Object>, Vec<Object>) = objects.into_iter().partition(leads);
    manifests.others = manifests.others.saturating_add(leading.len());
    for object in leading.iter().filter(|object| !object.scope.is_empty() && object.id.group == "argoproj.io") {
        let reason = "stands in rendered output, and is not followed from there".to_owned();
        let origin = &object.origin;
        let (side, path, what) = (origin.side, origin.path.clone(), Some(object.id.shown()));
        manifests.gaps.push(Gap { side, path, place: None::<Place>, what, reason });
    }
    for object in &mut objects {
        let path = &object.origin.path;
        let file = rendered.files.get(path).and_then(|file| file.rendered_from.as_ref()).unwrap_or(path);
        object.unpruned = followed.unpruned.iter().any(|folder| is_below(file, folder));
    }
    manifests.objects = objects;
}
