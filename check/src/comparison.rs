//! Both states, followed, become changes, and each change is evaluated.
//! Decides which change a pair is; what it means is the policies'.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kubernetes::users::SYSTEM_NAMESPACES;

use super::config_maps::{self, ConfigMaps};
use super::evaluate::{ChangeEvaluator, EvaluationContext, is_unclear};
use super::gaps::{GapContext, weigh};
use super::head::runs_rqlite;
use super::keda::{Pause, is_scaled_object};
use super::left_behind::{LeftBehind, place};
use super::manifest_change::{AppliedAs, ChangeOperation, ManifestChange, ShownWay};
use super::object::{Object, ObjectId};
use super::pair::{Duplicate, ObjectPair, PairContext, pair};
use super::position::TextPosition;
use super::recreation::{Application, application};
use super::result::{CheckResult, InputError, KeptObject, NotEvaluated, ShownSet, VerdictSource};
use super::scan::Manifests;
use super::selection::Selection;
use super::sides::{SideInput, Sides};
use super::snapshot::RunningSet;
use super::source_files::SourceFiles;
use super::tree::{Side, SourceTree, Submodule};
use super::warnings::LeadingObjects;
use super::way::{Links, Tool};
use super::ways::{Fate, FollowedSide, MovedTops, of_unknown_applier};

/// Where Quorate is installed by default: what it needs to start never waits for it.
const INSTALLED_IN: &str = "quorate-system";

/// One state as it was read, and what came of following it.
type FollowedInput<'i> = (&'i SideInput, FollowedSide);

/// Both states beside each other.
pub(super) struct Comparison<'c, 'e> {
    evaluator: &'c ChangeEvaluator<'e>,
    base: FollowedInput<'c>,
    head: FollowedInput<'c>,
    maps: ConfigMaps,
    selection: &'c Selection,
    has_base: bool,
    /// Every rqlite set of both sides is wanted, with its way.
    shows_ways: bool,
}

impl<'c, 'e> Comparison<'c, 'e> {
    pub(super) fn of(
        mut base: FollowedInput<'c>,
        mut head: FollowedInput<'c>,
        sides: &'c Sides,
        shows_ways: bool,
        evaluator: &'c ChangeEvaluator<'e>,
    ) -> anyhow::Result<Self> {
        let are_judged = evaluator.matched_kinds()?.is("", "ConfigMap");
        let maps = ConfigMaps {
            base: config_maps::of_side(&mut base.1.manifests, are_judged),
            head: config_maps::of_side(&mut head.1.manifests, are_judged),
        };
        Ok(Self {
            evaluator,
            base,
            head,
            maps,
            selection: &sides.selection,
            has_base: sides.base.is_some(),
            shows_ways,
        })
    }

    /// What it comes to.
    pub(super) fn result(mut self) -> anyhow::Result<CheckResult> {
        let mut result = CheckResult::default();
        unread(Side::Base, &self.base.0.tree, &mut self.base.1.manifests, &mut result);
        unread(Side::Head, &self.head.0.tree, &mut self.head.1.manifests, &mut result);
        if self.shows_ways {
            result.sets = shown_sets(&self.base.1.manifests).chain(shown_sets(&self.head.1.manifests)).collect();
        }
        let taken = [&self.base.1.applied, &self.head.1.applied];
        result.used_files = taken.into_iter().flat_map(|applied| applied.files().cloned()).collect();
        let (base, head) = (&self.base.0.tree, &self.head.0.tree);
        if self.has_base {
            result.not_evaluated.extend(moved_submodules(base, head));
        }
        let (before, after) = (std::mem::take(&mut self.base.1.manifests), std::mem::take(&mut self.head.1.manifests));
        self.compare(before, after, &mut result)?;
        let same = |path: &str| {
            let reach = self.head.1.applied.reach(path);
            let is_same_text = match (base.files.get(path), head.files.get(path)) {
                (Some(old), Some(new)) => old.text == new.text,
                _ => false,
            };
            is_same_text && reach.iter().all(|path| base.is_same(head, path))
        };
        result.set_aside_what_was_broken_before(&same);
        result.not_evaluated.retain(|gap| self.selection.selects(&gap.path));
        result.input_errors.retain(|error| self.selection.selects(&error.path));
        if self.has_base {
            let reach = |file: &str| -> BTreeSet<String> {
                let sides = [&self.base.1.applied, &self.head.1.applied];
                sides.into_iter().flat_map(|applied| applied.reach(file)).collect()
            };
            let context = GapContext { base, head, now: self.evaluator.now, reach: &reach };
            weigh(&mut result, &context);
        }
        result.sort();
        Ok(result)
    }

    fn compare(&self, mut base: Manifests, mut head: Manifests, result: &mut CheckResult) -> anyhow::Result<()> {
        result.counts.not_concerned = head.others;
        result.input_errors.append(&mut base.input_errors);
        result.input_errors.append(&mut head.input_errors);
        result.not_evaluated.append(&mut base.not_evaluated);
        result.not_evaluated.append(&mut head.not_evaluated);
        let files =
            SourceFiles::new([&self.base.0.tree, &self.base.1.rendered], [&self.head.0.tree, &self.head.1.rendered]);
        let objects = head.objects.clone();
        let moved = MovedTops::of(&self.base.1.links, &self.head.1.links);
        let in_head = |key: &String| moved.in_head(key).unwrap_or_else(|| key.clone());
        let context = PairContext {
            links: &self.head.1.links,
            unclear: &head.unclear,
            moved: &moved,
            is_taken_over: &|old| self.head.1.applied.takes_over(&place(old, &self.base.1)),
            unknown: &|old| self.of_unknown_applier(old),
        };
        let (pairs, duplicates) = pair(base.objects, head.objects, &context);
        result.input_errors.extend(duplicates.iter().map(|duplicate| duplicate_error(duplicate, &files)));
        let is_selected = |pair: &ObjectPair| {
            let old = pair.old.as_ref().is_some_and(|old| self.is_selected(old, &self.base.1));
            old || pair.new.as_ref().is_some_and(|new| self.is_selected(new, &self.head.1))
        };
        let stays = |pair: &&ObjectPair| matches!(pair.fate, Some(Fate::Kept(_) | Fate::Orphaned(_)));
        let going = pairs.iter().filter(|pair| !stays(pair)).filter_map(|pair| pair.old.as_ref());
        let judged = going.map(|object| object.scope.clone()).collect();
        let changed_ways = self.changed_ways(&moved);
        let pairs: Vec<ObjectPair> = pairs.into_iter().filter(is_selected).collect();
        let repeated = repeated(&pairs);
        let links = self.base.1.links.iter();
        let before: Links = links.map(|(key, link)| (in_head(key), Arc::clone(link))).collect();
        let left = LeftBehind {
            trees: (&self.base.0.tree, &self.head.0.tree),
            sides: (&self.base.1, &self.head.1),
            in_head: &in_head,
        };
        let evaluation = PairEvaluation {
            evaluator: self.evaluator,
            context: EvaluationContext { head: &objects, maps: &self.maps },
            files: &files,
            unclear: (&base.unclear, &head.unclear),
            before: &before,
            changed_ways: &changed_ways,
            repeated: &repeated,
            is_unchanged: &|object| left.is_unchanged(object),
        };
        result.notices.extend(pairs.iter().filter_map(taken_as_one));
        result.not_evaluated.extend(self.other_sources(&before));
        let leading = LeadingObjects {
            before: &before,
            after: &self.head.1.links,
            judged: &judged,
            giving: &self.head.1.giving,
            objects: &objects,
            base: &self.base.0.tree,
            head: &self.head.0.tree,
        };
        result.notices.extend(leading.warnings());
        pairs.into_iter().try_for_each(|pair| evaluation.evaluate(pair, result))
    }

    /// Whether the object has to do with the PATHs: it, what renders it, or what leads to it lies below one.
    fn is_selected(&self, object: &Object, side: &FollowedSide) -> bool {
        let own = object.origin.path.as_str();
        let links = object.way.links.iter().map(|link| link.file.as_str());
        let rendered = side.rendered.files.get(own).and_then(|file| file.rendered_from.as_deref());
        self.selection.selects(own)
            || links.into_iter().any(|file| self.selection.selects(file))
            || rendered.is_some_and(|file| side.applied.reach(file).iter().any(|path| self.selection.selects(path)))
    }

    /// Leading objects that name another source than before, where the tree does not have it: whether that is this repository is not known.
    /// `before` are those of the base, by their keys in the head.
    fn other_sources(&self, before: &Links) -> Vec<NotEvaluated> {
        let changed = self.head.1.links.iter().filter_map(|(key, link)| {
            let before = before.get(key)?;
            (before.source_name() != link.source_name() && link.source_name().is_some()).then_some(link)
        });
        changed
            .filter(|link| !self.head.1.knows_source(link))
            .map(|link| {
                let name = link.source_name().unwrap_or_default();
                let reason = format!("its source is `{name}` now, which nothing in this repository describes");
                NotEvaluated {
                    what: Some(link.shown()),
                    object: Some(link.value.to_string()),
                    ..NotEvaluated::of(Side::Head, link.file.clone(), reason)
                }
            })
            .collect()
    }

    /// The known ways of which anything changes, whatever its kind.
    fn changed_ways(&self, moved: &MovedTops) -> BTreeSet<String> {
        let before = self.base.1.digests.iter();
        let before: BTreeMap<String, u64> =
            before.map(|(key, digest)| (moved.in_head(key).unwrap_or_else(|| key.clone()), *digest)).collect();
        let after = self.head.1.digests.iter();
        after.filter(|(key, digest)| before.get(*key) != Some(*digest)).map(|(key, _)| key.clone()).collect()
    }

    fn of_unknown_applier(&self, object: &Object) -> Fate {
        let tool = self.evaluator.appliers.unknown(object.way.is_chart);
        of_unknown_applier(object, tool, tool.propagation())
    }
}

/// How a pair is evaluated.
struct PairEvaluation<'p, 'e> {
    evaluator: &'p ChangeEvaluator<'e>,
    context: EvaluationContext<'p>,
    files: &'p SourceFiles<'p>,
    unclear: (&'p BTreeSet<String>, &'p BTreeSet<String>),
    /// The leading objects of the base, by the keys that the head has.
    before: &'p Links,
    /// Ways of which some object changes.
    changed_ways: &'p BTreeSet<String>,
    /// Objects of which several known ways give one.
    repeated: &'p BTreeSet<ObjectId>,
    /// Whether what an object of the base is made of is the same in the head.
    is_unchanged: &'p dyn Fn(&Object) -> bool,
}

/// What runs of an object.
enum Running {
    Known(Option<RunningSet>),
    /// Several clusters have one of this name, and only one is known.
    Ambiguous,
}

impl PairEvaluation<'_, '_> {
    fn evaluate(&self, pair: ObjectPair, result: &mut CheckResult) -> anyhow::Result<()> {
        let (old, new) = (pair.old.as_ref(), pair.new.as_ref());
        let Some(object) = new.or(old) else { return Ok(()) };
        if is_left_alone(object.id.namespace.as_deref()) {
            if ManifestChange::of(old, new, None).is_some() {
                result.counts.left_alone = result.counts.left_alone.saturating_add(1);
            } else {
                result.counts.unchanged = result.counts.unchanged.saturating_add(1);
            }
            return Ok(());
        }
        let running = match self.running(object) {
            Running::Known(running) => running,
            Running::Ambiguous if ManifestChange::of(old, new, None).is_none() => {
                result.counts.unchanged = result.counts.unchanged.saturating_add(1);
                return Ok(());
            }
            Running::Ambiguous => {
                let why = "several ways give a set of this name, and which one the cluster's is was not told; say it with --destination, or by a PATH";
                self.not_followed(object, why.to_owned(), result);
                return Ok(());
            }
        };
        let running = running.as_ref();
        match (old, new, pair.fate) {
            (Some(old), None, Some(fate)) => self.went(old, fate, running, result),
            (old, new, _) => self.changed(old, new, running, result),
        }
    }

    /// The object as it runs in the one cluster that is known.
    fn running(&self, object: &Object) -> Running {
        let evaluator = self.evaluator;
        let running = evaluator.snapshot.as_ref().and_then(|snapshot| snapshot.of(&object.id)).cloned();
        match (&running, &evaluator.destination) {
            (None, _) => Running::Known(None),
            (Some(_), Some(destination)) if object.way.is_known() && !object.way.leads_to(destination) => {
                Running::Known(None)
            }
            (Some(_), None) if self.repeated.contains(&object.id) => Running::Ambiguous,
            (Some(_), _) => Running::Known(running),
        }
    }

    /// An object that its way no longer gives.
    fn went(
        &self,
        old: &Object,
        fate: Fate,
        running: Option<&RunningSet>,
        result: &mut CheckResult,
    ) -> anyhow::Result<()> {
        match fate {
            Fate::Kept(reason) => {
                result.kept.push(KeptObject::of(old, reason));
                Ok(())
            }
            Fate::Orphaned(reason) if !(self.is_unchanged)(old) => {
                let why =
                    format!("{reason}; what led to it stays in the cluster, and applies what its folder holds now");
                self.not_followed(old, why, result);
                Ok(())
            }
            Fate::Orphaned(reason) => {
                result.kept.push(KeptObject::of(old, reason));
                Ok(())
            }
            Fate::NotKnown(why) => {
                self.not_followed(old, why, result);
                Ok(())
            }
            Fate::Deleted { propagation, cause, confirmed_by } => {
                let Some(mut change) = ManifestChange::of(Some(old), None, running) else { return Ok(()) };
                change.cause = Some(cause);
                // Who is given deletes as that user does.
                change.propagation = old.way.is_known().then_some(propagation);
                if let Some(word) = confirmed_by {
                    change.applied = AppliedAs::Confirmed(word);
                }
                self.add(&change, running, result)
            }
        }
    }

    fn not_followed(&self, old: &Object, why: String, result: &mut CheckResult) {
        if runs_rqlite(old) {
            let ways = vec![ShownWay::of(old)];
            result.changes.push(self.evaluator.not_followed(old, why, ways, self.files));
        } else {
            result.not_evaluated.push(NotEvaluated {
                position: Some(self.files.locate(&old.origin, "").position),
                what: Some(old.id.shown()),
                ..NotEvaluated::of(old.origin.side, old.origin.path.clone(), why)
            });
        }
    }

    fn changed(
        &self,
        old: Option<&Object>,
        new: Option<&Object>,
        running: Option<&RunningSet>,
        result: &mut CheckResult,
    ) -> anyhow::Result<()> {
        if let Some(new) = new.filter(|new| is_scaled_object(&new.id.group, &new.id.kind)) {
            self.paused(old, new, result)?;
        }
        let change = ManifestChange::of(old, new, running);
        if let (Some(old), Some(new)) = (old, new)
            && let Some(cause) = self.replaced_with_its_way(old, new, change.is_none())
        {
            return self.replace(old, new, running, &cause, result);
        }
        let Some(mut change) = change else {
            result.counts.unchanged = result.counts.unchanged.saturating_add(1);
            return Ok(());
        };
        let (Some(old), Some(new)) = (old, new) else { return self.add(&change, running, result) };
        // By the manifests: what runs has more in it than they say.
        let manifests = running.and_then(|_| ManifestChange::of(Some(old), Some(new), None));
        let plain = manifests.as_ref().unwrap_or(&change);
        let nothing = serde_json::Value::Null;
        let (before, after) = (plain.old.as_ref().unwrap_or(&nothing), plain.new.as_ref().unwrap_or(&nothing));
        match application(old, new, before, after, &self.evaluator.appliers.possible(new.way.is_chart)) {
            Application::Update => {}
            Application::Refused(field) => change.applied = AppliedAs::Refused(field),
            Application::LeftAlone(why) => change.applied = AppliedAs::LeftAlone(why),
            Application::Replaced(cause) => return self.replace(old, new, running, &cause, result),
            Application::Uninstalled(cause) => {
                let Some(mut deletion) = ManifestChange::of(Some(old), None, running) else { return Ok(()) };
                deletion.cause = Some(cause);
                return self.add(&deletion, running, result);
            }
        }
        self.add(&change, running, result)
    }

    /// A pause of KEDA is a change of its target's count.
    fn paused(&self, old: Option<&Object>, new: &Object, result: &mut CheckResult) -> anyhow::Result<()> {
        let Some(Pause { name, replicas }) = Pause::newly(old, new) else { return Ok(()) };
        let is_target = |set: &&Object| {
            runs_rqlite(set)
                && set.id.name == name
                && set.id.namespace == new.id.namespace
                && set.way.cluster() == new.way.cluster()
        };
        let Some(set) = self.context.head.iter().find(is_target) else { return Ok(()) };
        let mut paused = set.clone();
        if let Some(spec) = paused.value.get_mut("spec").and_then(serde_json::Value::as_object_mut) {
            spec.insert("replicas".to_owned(), replicas.into());
        }
        let running = self.evaluator.snapshot.as_ref().and_then(|snapshot| snapshot.of(&set.id)).cloned();
        let Some(mut change) = ManifestChange::of(Some(set), Some(&paused), running.as_ref()) else { return Ok(()) };
        change.cause =
            Some(format!("{} pauses it at {replicas} (`autoscaling.keda.sh/paused-replicas`)", new.id.shown()));
        self.add(&change, running.as_ref(), result)
    }

    /// What is deleted and created though it need not change itself: by Argo CD at any change of the Application, where it is told so; by Flux
    /// with another chart of the release.
    fn replaced_with_its_way(&self, old: &Object, new: &Object, is_unchanged: bool) -> Option<String> {
        let (before, link) = (old.way.links.last()?, new.way.links.last()?);
        if let (Some(chart), Some(other)) = (&before.chart, &link.chart)
            && chart != other
            && before.id == link.id
        {
            return Some(format!(
                "{} takes the chart {other} in the place of {chart}, which is another release",
                link.shown()
            ));
        }
        if link.tool != Tool::ArgoCd
            || !is_unchanged
            || link.recreation.only_out_of_sync
            || !self.changed_ways.contains(&new.scope)
        {
            return None;
        }
        let nothing = serde_json::Value::Null;
        let Application::Replaced(cause) = application(old, new, &nothing, &nothing, &[]) else { return None };
        Some(format!("{} changes otherwise; {cause}", link.shown()))
    }

    fn replace(
        &self,
        old: &Object,
        new: &Object,
        running: Option<&RunningSet>,
        cause: &str,
        result: &mut CheckResult,
    ) -> anyhow::Result<()> {
        let halves = ManifestChange::replaced(old, new, running, cause);
        halves.iter().try_for_each(|change| self.add(change, running, result))
    }

    /// Whether the object, or what leads to it, was not evaluated in the base: then it may have been there.
    fn is_open_in_base(&self, object: &Object, result: &CheckResult) -> bool {
        if self.before.get(&object.scope).is_some_and(|link| !link.gaps.is_empty()) {
            return true;
        }
        let names = open_names(object);
        let mut gaps = result.not_evaluated.iter().filter(|gap| gap.side == Side::Base);
        gaps.any(|gap| gap.what.as_ref().is_some_and(|what| names.contains(what)))
    }

    fn add(
        &self,
        change: &ManifestChange,
        running: Option<&RunningSet>,
        result: &mut CheckResult,
    ) -> anyhow::Result<()> {
        let is_open_in_base =
            change.operation == ChangeOperation::Create && self.is_open_in_base(&change.object, result);
        if is_open_in_base || is_unclear(change, self.unclear.0, self.unclear.1) {
            self.not_followed(&change.object, unclear_reason(change), result);
            return Ok(());
        }
        let evaluated = self.evaluator.evaluate(change, running, self.context, self.files)?;
        if let VerdictSource::Refused(why) = &evaluated.by {
            let reason = format!("the cluster refuses it, whatever Quorate says: {why}");
            result.not_evaluated.push(not_evaluated(change, reason, self.files));
        }
        result.changes.push(evaluated);
        Ok(())
    }
}

/// What stood for the object, or led to it, in the base and was not evaluated there.
fn open_names(object: &Object) -> BTreeSet<String> {
    object.way.links.iter().map(|link| link.shown()).chain([object.id.shown()]).collect()
}

/// Every rqlite set of a side, with its way.
fn shown_sets(manifests: &Manifests) -> impl Iterator<Item = ShownSet> {
    let sets = manifests.objects.iter().filter(|object| runs_rqlite(object));
    sets.map(|object| ShownSet { id: object.id.clone(), way: ShownWay::of(object) })
}

/// Of a set that went at one place and came at another, and that nobody is known to apply: that both are taken for one.
fn taken_as_one(pair: &ObjectPair) -> Option<String> {
    let (old, new) = (pair.old.as_ref()?, pair.new.as_ref()?);
    let is_moved = old.origin.path != new.origin.path && !(old.way.is_known() && new.way.is_known());
    (is_moved && runs_rqlite(new)).then(|| {
        format!(
            "{} went from {} and came in {}; nobody is known to apply it, so it is taken for the same set",
            new.id.shown(),
            old.origin.path,
            new.origin.path
        )
    })
}

/// Objects that come by several known ways.
fn repeated(pairs: &[ObjectPair]) -> BTreeSet<ObjectId> {
    let mut ways: BTreeMap<&ObjectId, BTreeSet<&str>> = BTreeMap::new();
    for object in pairs.iter().filter_map(|pair| pair.new.as_ref().or(pair.old.as_ref())) {
        ways.entry(&object.id).or_default().insert(&object.scope);
    }
    ways.into_iter().filter(|(_, ways)| ways.len() > 1).map(|(id, _)| id.clone()).collect()
}

fn is_left_alone(namespace: Option<&str>) -> bool {
    namespace.is_some_and(|namespace| SYSTEM_NAMESPACES.contains(&namespace) || namespace == INSTALLED_IN)
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
    let left_out = tree.left_out.iter();
    result.not_evaluated.extend(left_out.map(|file| NotEvaluated::of(side, file.path.clone(), file.why.clone())));
}

/// Submodules of which the two states have other commits: what such a change applies is in another repository.
fn moved_submodules(base: &SourceTree, head: &SourceTree) -> Vec<NotEvaluated> {
    let short = |submodule: &Submodule| submodule.commit.chars().take(10).collect::<String>();
    let paths: BTreeSet<&String> = base.submodules.keys().chain(head.submodules.keys()).collect();
    let moved = paths.into_iter().filter_map(|path| {
        let (side, reason) = match (base.submodules.get(path), head.submodules.get(path)) {
            (Some(old), Some(new)) if old.commit == new.commit => return None,
            (Some(old), Some(new)) => {
                (Side::Head, format!("a submodule that moves from commit {} to {}", short(old), short(new)))
            }
            (None, Some(new)) => (Side::Head, format!("a new submodule, at commit {}", short(new))),
            (Some(old), None) => (Side::Base, format!("a submodule that goes, from commit {}", short(old))),
            (None, None) => return None,
        };
        let reason = format!("{reason}; what it holds is in its own repository");
        let counts = [base, head].into_iter().any(|tree| tree.submodules.get(path).is_some_and(|one| one.is_rqlite));
        Some(NotEvaluated { counts, ..NotEvaluated::of(side, path.clone(), reason) })
    });
    moved.collect()
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
        position: Some(files.locate(origin, "").position),
        what: Some(change.object.id.shown()),
        ..NotEvaluated::of(origin.side, origin.path.clone(), reason)
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
