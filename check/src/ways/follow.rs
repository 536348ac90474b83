//! All ways of one side: from every topmost leading object down to what it applies, to a fixed point; and what nobody is known to apply.
//! Knows no tool: what a leading object says is read by its adapter.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::rc::Rc;
use std::sync::Arc;

use serde_json::Value;

use super::applied::Applied;
use super::lead::{Charts, Lead, Reader, Source, SourceKind, Surroundings};
use super::states::{Contents, State, States, Trees};
use super::unchanged::{LaidOver, Unchanged};
use super::{argo, flux};
use crate::check_inputs::MappedValues;
use crate::git::Repository;
use crate::object::{Object, ObjectId};
use crate::paths::{has_extension, is_below, is_kustomization_file, parent_of};
use crate::render::{
    AskedBy, ChartAt, Ground, KustomizeOptions, RenderClosures, RenderFailure, RenderMethod, RenderRoot, Renderer,
    Tools,
};
use crate::result::{InputError, NotEvaluated};
use crate::revisions::READS;
use crate::scan::{KindFilter, Manifests, ScannedFiles};
use crate::sides::SideInput;
use crate::source::RawObject;
use crate::state::StateName;
use crate::tree::{Content, Side, SourceFile, SourceTree};
use crate::way::{ARGO_CD, FixedFolder, Link, Links, SEPARATOR, Tool, Way, is_leading, is_source, key_of};

/// One way has at most so many leading objects.
const DEEPEST: usize = 16;

/// How both sides are followed.
#[derive(Clone, Copy)]
pub(crate) struct FollowOptions<'m> {
    pub(crate) tools: &'m Tools,
    /// Else that is said of every kustomization and chart.
    pub(crate) renders: bool,
    pub(crate) namespace: &'m str,
    pub(crate) url: Option<&'m str>,
    /// Where other revisions are found.
    pub(crate) repository: Option<&'m Rc<Repository>>,
    pub(crate) wanted: KindFilter<'m>,
    pub(crate) chart_folder: Option<&'m std::path::Path>,
    /// Values files of which somebody says what they are for.
    pub(crate) values: &'m [MappedValues],
}

/// What came of a side.
#[derive(Default)]
pub(crate) struct FollowedSide {
    pub(crate) manifests: Manifests,
    /// What tools wrote, by the name it is listed under.
    pub(crate) rendered: SourceTree,
    pub(crate) links: Links,
    pub(crate) applied: Applied,
    /// What each known way gives, in short: another one where anything of it changed.
    pub(crate) digests: BTreeMap<String, u64>,
    /// The known ways that give anything, or of which that is not known.
    pub(crate) giving: BTreeSet<String>,
    /// The sources that the tree describes, by name: what each of that name says.
    pub(crate) sources: BTreeMap<String, Vec<Value>>,
    /// Something is the same on both sides, and was not rendered.
    pub(crate) leaves_out: bool,
}

impl FollowedSide {
    /// Whether the tree describes the source of a leading object.
    pub(crate) fn knows_source(&self, link: &Link) -> bool {
        link.source_name().is_some_and(|name| self.sources.contains_key(name))
    }
}

/// One state to be followed.
#[derive(Clone, Copy)]
pub(crate) struct SideToFollow<'s> {
    pub(crate) input: &'s SideInput,
    pub(crate) read: &'s ScannedFiles<'s>,
}

/// Follows both sides. What is the same on both need not be rendered, unless everything is `wanted`.
///
/// # Errors
/// When a state cannot be laid down for the tools.
pub(crate) fn follow_both(
    base: SideToFollow<'_>,
    head: SideToFollow<'_>,
    options: FollowOptions<'_>,
    everything: bool,
) -> anyhow::Result<(FollowedSide, FollowedSide)> {
    let FollowOptions { tools, renders, namespace, .. } = options;
    let (mut old, mut new) = (Renderer::new(tools, renders, namespace), Renderer::new(tools, renders, namespace));
    let (base_tree, head_tree) = (&base.input.tree, &head.input.tree);
    let (mut of_base, mut of_head) = (Unchanged::of(head_tree), Unchanged::of(base_tree));
    if everything {
        (of_base, of_head) = (of_base.knowing(BTreeSet::new()), of_head.knowing(BTreeSet::new()));
    }
    let (base, head) = (Prepared::of(Side::Base, base, namespace), Prepared::of(Side::Head, head, namespace));
    let (old_contents, new_contents) = (Contents::new(), Contents::new());
    let mut before = follow(&base, &old_contents, options, None, &mut old, &of_base)?;
    let mut after = follow(&head, &new_contents, options, Some(&before.applied), &mut new, &of_head)?;
    let (asked_before, asked_after) = (of_base.asked(), of_head.asked());
    if !(asked_before.is_empty() && asked_after.is_empty()) {
        let both: BTreeSet<_> = asked_before.intersection(&asked_after).cloned().collect();
        let leaves_out = !both.is_empty();
        let (of_base, of_head) = (of_base.knowing(both.clone()), of_head.knowing(both));
        before = follow(&base, &old_contents, options, None, &mut old, &of_base)?;
        after = follow(&head, &new_contents, options, Some(&before.applied), &mut new, &of_head)?;
        after.leaves_out = leaves_out;
    }
    (before.rendered, after.rendered) = (old.rendered, new.rendered);
    Ok((before, after))
}

/// What of a side does not depend on how it is followed.
struct Prepared<'s> {
    side: Side,
    given: SideToFollow<'s>,
    name: StateName,
    closures: Rc<RenderClosures>,
    sources: Vec<Object>,
    trees: Trees,
}

impl<'s> Prepared<'s> {
    fn of(side: Side, given: SideToFollow<'s>, namespace: &str) -> Self {
        Self {
            side,
            given,
            name: StateName::default(),
            closures: Rc::new(RenderClosures::of(&given.input.tree)),
            sources: given.read.kept(side, &|group, _| is_source(group), namespace),
            trees: Trees::new(),
        }
    }

    fn states(&'s self, contents: &'s Contents<'s>, options: FollowOptions<'s>) -> States<'s> {
        let Self { given, name, closures, trees, .. } = self;
        let own = State::new(Ground { name, input: given.input, closures }, given.read);
        States { own, clone: options.repository, wanted: options.wanted, trees, contents }
    }
}

fn follow<'s>(
    prepared: &'s Prepared<'s>,
    contents: &'s Contents<'s>,
    options: FollowOptions<'s>,
    before: Option<&Applied>,
    renderer: &mut Renderer<'_>,
    unchanged: &Unchanged<'_>,
) -> anyhow::Result<FollowedSide> {
    let states = prepared.states(contents, options);
    let Prepared { side, closures, sources, .. } = prepared;
    let around = Surroundings {
        state: states.own,
        states,
        sources,
        url: options.url,
        charts: Charts { folder: options.chart_folder, network: options.tools.network },
    };
    let mut follower = Follower {
        side: *side,
        around,
        options,
        renderer,
        unchanged,
        manifests: Manifests::default(),
        links: Links::new(),
        led: BTreeSet::new(),
        digests: BTreeMap::new(),
        giving: BTreeSet::new(),
        visited: BTreeSet::new(),
        followed: BTreeSet::new(),
    };
    follower.known(before)?;
    follower.unknown(before)?;
    let Follower { manifests, links, led, digests, giving, .. } = follower;
    let files = links.keys().filter_map(|key| key.split_once(SEPARATOR).filter(|(_, name)| !name.contains(SEPARATOR)));
    let is_root = |file: &str| is_kustomization_file(file) || file.ends_with("Chart.yaml");
    let reach = |file: &str| if is_root(file) { closures.reach(parent_of(file)) } else { BTreeSet::new() };
    let tops = files.flat_map(|(file, _)| reach(file).into_iter().chain([file.to_owned()])).collect();
    let mut described = BTreeMap::<String, Vec<Value>>::new();
    for source in sources {
        let spec = source.value.get("spec").cloned().unwrap_or_default();
        described.entry(source.id.name.clone()).or_default().push(spec);
    }
    Ok(FollowedSide {
        manifests,
        links,
        digests,
        giving,
        sources: described,
        applied: Applied { led, tops, closures: Rc::clone(closures) },
        ..FollowedSide::default()
    })
}

pub(super) struct Follower<'f, 'b, 'r> {
    pub(super) side: Side,
    pub(super) around: Surroundings<'f>,
    pub(super) options: FollowOptions<'f>,
    pub(super) renderer: &'b mut Renderer<'r>,
    pub(super) unchanged: &'b Unchanged<'b>,
    pub(super) manifests: Manifests,
    pub(super) links: Links,
    pub(super) led: BTreeSet<String>,
    pub(super) digests: BTreeMap<String, u64>,
    pub(super) giving: BTreeSet<String>,
    /// What was followed below one topmost object, by the cluster that it is in: a circle ends there.
    pub(super) visited: BTreeSet<(ObjectId, String)>,
    /// All leading objects that were followed.
    pub(super) followed: BTreeSet<ObjectId>,
}

/// What a source comes to, before it belongs to a way.
enum Output {
    /// Files of the tree.
    Files(Vec<String>),
    /// The name of an output. None: it was left out, or could not be had.
    Rendered(Option<String>),
}

impl<'f> Follower<'f, '_, '_> {
    /// Every way that begins with a leading object.
    fn known(&mut self, before: Option<&Applied>) -> anyhow::Result<()> {
        let mut candidates = self.in_plain_files(before);
        candidates.extend(self.in_outer_roots(before)?);
        let (below, elsewhere) = self.covered(&candidates);
        let nothing = BTreeSet::new();
        let of = |index: usize| below.get(index).unwrap_or(&nothing);
        let is_below_another =
            |index: usize| (0..candidates.len()).any(|other| other != index && of(other).contains(&index));
        let (tops, rest): (Vec<usize>, Vec<usize>) = (0..candidates.len()).partition(|index| !is_below_another(*index));
        // One that leads to its own folder is a topmost one; then whatever nobody reached.
        let (own, rest): (Vec<usize>, Vec<usize>) = rest.into_iter().partition(|index| of(*index).contains(index));
        self.render_together(&tops.iter().filter_map(|index| candidates.get(*index)).collect::<Vec<_>>(), &[])?;
        let mut reached = BTreeSet::new();
        for index in tops.into_iter().chain(own).chain(rest) {
            // One that stands in what could not be rendered was not found there. Of another revision it is applied as it stands in that.
            let was_followed = |object: &Object| self.followed.contains(&object.id);
            let is_elsewhere = reached.iter().any(|by| elsewhere.contains(&(*by, index)));
            if reached.contains(&index) && (is_elsewhere || candidates.get(index).is_some_and(was_followed)) {
                continue;
            }
            let mut open = vec![index];
            while let Some(index) = open.pop() {
                if reached.insert(index) {
                    open.extend(of(index));
                }
            }
            if let Some(object) = candidates.get(index) {
                self.visited.clear();
                self.follow(&[], object)?;
            }
        }
        Ok(())
    }

    pub(super) fn lead(&self, object: &Object) -> Lead<'f> {
        match object.id.group.as_str() {
            ARGO_CD => argo::read(object, &self.around),
            _ => flux::read(object, &self.around),
        }
    }

    /// The file, or the folder of an output.
    pub(super) fn place(&self, path: &str) -> String {
        let rendered = self.renderer.rendered.files.get(path).and_then(|file| file.rendered_from.as_deref());
        rendered.unwrap_or(path).to_owned()
    }

    /// Takes what a leading object applies, and follows those among it that lead on.
    fn follow(&mut self, above: &[Arc<Link>], object: &Object) -> anyhow::Result<()> {
        let destination = above.iter().rev().map(|link| link.destination.clone()).find(|name| !name.is_empty());
        if !self.visited.insert((object.id.clone(), destination.unwrap_or_default())) {
            return Ok(());
        }
        self.followed.insert(object.id.clone());
        let Lead { mut link, sources, made } = self.lead(object);
        link.file = self.place(&object.origin.path);
        if above.len() >= DEEPEST {
            self.gap(object, format!("stands below {DEEPEST} others that lead to it, and is not followed"));
            return Ok(());
        }
        // A chart that lies elsewhere has no folder.
        let is_folder =
            |source: &&Source<'_>| !matches!(source.helm.chart, ChartAt::Archive(_) | ChartAt::Remote { .. });
        let fixed = sources.iter().flatten().filter(|source| source.state.name().is_fixed()).filter(is_folder);
        link.fixed = fixed.map(fixed_folder).collect();
        let mut outputs = Vec::new();
        for source in sources {
            match source {
                Ok(source) => {
                    for reason in unclear_at_revision(&source) {
                        link.gaps.push(reason.clone());
                        self.gap(object, reason);
                    }
                    if let Some(output) = self.output(above, &source, object, &mut link)? {
                        outputs.push((source, output));
                    }
                }
                Err(reason) => {
                    link.gaps.push(reason.clone());
                    self.gap(object, reason);
                }
            }
        }
        let links: Vec<Arc<Link>> = above.iter().cloned().chain([Arc::new(link)]).collect();
        if let Some(link) = links.last() {
            self.links.insert(key_of(&links), Arc::clone(link));
        }
        let mut below = self.made(object, made);
        for (source, output) in outputs {
            below.extend(self.take(&links, &source, output));
        }
        self.render_together(&below.iter().collect::<Vec<_>>(), &links)?;
        below.into_iter().try_for_each(|child| self.follow(&links, &child))
    }

    /// Renders what several leading objects ask for, at once. What comes of each is asked for when it is followed.
    fn render_together(&mut self, objects: &[&Object], above: &[Arc<Link>]) -> anyhow::Result<()> {
        let mut wanted = Vec::new();
        for object in objects {
            let Lead { mut link, sources, .. } = self.lead(object);
            link.file = self.place(&object.origin.path);
            for source in sources.iter().flatten().filter(|source| source.state.is_there(source)) {
                let key = key_of(&above.iter().map(AsRef::as_ref).chain([&link]).collect::<Vec<&Link>>());
                let root = self
                    .root(source)
                    .filter(|root| !self.unchanged.leaves_out(&key, root, &source.state, laid_over(source)));
                wanted.extend(root.map(|root| (root, source.state.ground)));
            }
        }
        self.renderer.render(&wanted)
    }

    /// An ApplicationSet's Applications, as objects that stand where it stands.
    pub(super) fn made(&self, set: &Object, made: Vec<Value>) -> Vec<Object> {
        let objects = made.into_iter().filter_map(|value| {
            let raw = RawObject { value, document: set.origin.document, root: set.origin.root.clone() };
            Object::of(raw, set.origin.clone(), &set.way, self.options.namespace)
        });
        objects.collect()
    }

    /// What a source comes to. None: it could not be had, which is said.
    fn output(
        &mut self,
        above: &[Arc<Link>],
        source: &Source<'_>,
        by: &Object,
        link: &mut Link,
    ) -> anyhow::Result<Option<Output>> {
        let asked_by = AskedBy { name: by.id.shown(), file: link.file.clone() };
        if !source.state.is_there(source) {
            self.leads_nowhere(source, by, link);
            return Ok(None);
        }
        let Some(root) = self.root(source) else {
            return Ok(Some(Output::Files(source.state.folder(source).0)));
        };
        let key = key_of(&above.iter().map(AsRef::as_ref).chain([&*link]).collect::<Vec<&Link>>());
        if self.unchanged.leaves_out(&key, &root, &source.state, laid_over(source)) {
            return Ok(Some(Output::Rendered(None)));
        }
        let name = match self.renderer.output(&root, source.state.ground, &asked_by)? {
            Ok(name) => Some(name),
            Err(failure) => {
                link.gaps.push(self.failed(&root, &source.state, &failure, Some(by)));
                None
            }
        };
        Ok(Some(Output::Rendered(name)))
    }

    /// What a tool renders for a source. None: its files are read as they are.
    fn root(&self, source: &Source<'_>) -> Option<RenderRoot> {
        match source.state.kind(source) {
            SourceKind::Helm => {
                Some(RenderRoot { folder: source.folder.clone(), method: RenderMethod::Helm(source.helm.clone()) })
            }
            SourceKind::Kustomize => Some(self.kustomization(source, Vec::new())),
            SourceKind::Directory => {
                let (files, folders) = source.state.folder(source);
                let is_read = folders.is_empty() && source.overlay.is_empty() && source.substitutions.is_none();
                (!is_read).then(|| self.kustomization(source, files.into_iter().chain(folders).collect()))
            }
        }
    }

    fn kustomization(&self, source: &Source<'_>, resources: Vec<String>) -> RenderRoot {
        let overlay = &source.overlay;
        let options = KustomizeOptions {
            overlay: if overlay.is_empty() { String::new() } else { Value::from(overlay.clone()).to_string() },
            resources,
            is_unrestricted: matches!(source.reader, Reader::Flux),
            substitutions: source.substitutions.clone(),
        };
        RenderRoot { folder: source.folder.clone(), method: RenderMethod::Kustomize(options) }
    }

    /// Flux stops with an error where the folder is gone, and Argo CD gives nothing. A folder of other files is somebody else's to build.
    fn leads_nowhere(&mut self, source: &Source<'_>, by: &Object, link: &mut Link) {
        let reason = format!("leads to `{}`, where this repository has no manifests", source.folder);
        let is_jsonnet = |path: &&String| has_extension(path, &["jsonnet", "libsonnet"]);
        let mut paths = source.state.tree.paths.iter().filter(|(path, _)| is_below(path, &source.folder));
        let is_there = paths.any(|(path, content)| is_jsonnet(&path) || *content == Content::Link);
        if link.tool != Tool::ArgoCd || is_there {
            link.gaps.push(reason.clone());
            self.gap(by, reason);
        }
    }

    /// Adds a source's objects to the way; gives those that lead on.
    fn take(&mut self, links: &[Arc<Link>], source: &Source<'_>, output: Output) -> Vec<Object> {
        let first = self.manifests.objects.len();
        let namespace = source.namespace.clone().unwrap_or_else(|| self.options.namespace.to_owned());
        let mut manifests = std::mem::take(&mut self.manifests);
        match output {
            Output::Files(files) => {
                let way = Arc::new(Way { links: links.to_vec(), ..Way::default() });
                for path in files {
                    let Some(file) = source.state.tree.files.get(&path) else { continue };
                    self.digest(links, &file.text);
                    let name = source.state.name().shown(&path);
                    source.state.read.apply(self.side, (&path, &name), &way, &namespace, &mut manifests);
                    if source.state.name().is_fixed() {
                        let made_from = links.last().map(|link| link.file.clone());
                        let file = SourceFile { rendered_from: made_from, is_fixed: true, ..file.clone() };
                        self.renderer.rendered.files.insert(name, file);
                    }
                }
            }
            Output::Rendered(name) => {
                if name.is_none() {
                    self.giving.insert(key_of(links));
                }
                if let Some(name) = name {
                    let text = self.renderer.rendered.files.get(&name).map(|file| file.text.clone());
                    self.digest(links, text.as_deref().unwrap_or_default());
                    let way = Arc::new(Way { links: links.to_vec(), rendered: name.clone(), is_chart: false });
                    self.take_rendered(&name, &way, source.namespace.as_deref(), &mut manifests);
                }
            }
        }
        self.led.extend(self.at_hand(source).all(source));
        self.manifests = manifests;
        let mut leading = Vec::new();
        let mut index = first;
        while let Some(object) = self.manifests.objects.get_mut(index) {
            add_metadata(object, source);
            if is_leading(&object.id.group, &object.id.kind) {
                leading.push(self.manifests.objects.remove(index));
                self.manifests.others = self.manifests.others.saturating_add(1);
            } else {
                index = index.saturating_add(1);
            }
        }
        leading.retain(Object::leads);
        leading
    }

    /// Adds a text to what the way gives, whatever the order.
    fn digest(&mut self, links: &[Arc<Link>], text: &str) {
        // Of a chart without any object, comments are left.
        let is_blank =
            |line: &str| matches!(line.trim_start().chars().next(), None | Some('#')) || line.trim() == "---";
        if !text.lines().all(is_blank) {
            self.giving.insert(key_of(links));
        }
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let digest = self.digests.entry(key_of(links)).or_default();
        *digest = digest.wrapping_add(hasher.finish());
    }

    pub(super) fn take_rendered(
        &mut self,
        name: &str,
        way: &Arc<Way>,
        namespace: Option<&str>,
        manifests: &mut Manifests,
    ) {
        let Some(file) = self.renderer.rendered.files.get(name) else { return };
        let mut one = SourceTree::default();
        one.files.insert(name.to_owned(), file.clone());
        let read = ScannedFiles::of(&one, None, None, self.options.wanted);
        read.apply(self.side, (name, name), way, namespace.unwrap_or(self.options.namespace), manifests);
    }

    /// Says that a folder could not be rendered, and why.
    pub(super) fn failed(
        &mut self,
        root: &RenderRoot,
        state: &State<'_>,
        failure: &RenderFailure,
        by: Option<&Object>,
    ) -> String {
        let (side, path, position) = (self.side, state.name().shown(&root.file(state.tree)), None);
        // What a tool would have made of them is not known.
        let of_state = |path: &str| state.name().shown(path);
        self.manifests.unclear.insert(of_state(&root.name()));
        self.manifests.unclear.extend(state.closures.reach(&root.folder).iter().map(|path| of_state(path)));
        match failure {
            RenderFailure::Failed(message) => {
                self.manifests.input_errors.push(InputError { side, path, position, message: message.clone() });
                message.clone()
            }
            RenderFailure::NotRendered(reason) => {
                let what = Some(by.map_or_else(|| root.name(), |by| by.id.shown()));
                let object = by.map(|by| by.value.to_string());
                let whole = NotEvaluated::of(side, path, reason.clone());
                self.manifests.not_evaluated.push(NotEvaluated { what, object, ..whole });
                reason.clone()
            }
        }
    }

    fn gap(&mut self, object: &Object, reason: String) {
        let origin = &object.origin;
        let whole = NotEvaluated::of(origin.side, self.place(&origin.path), reason);
        let text = Some(object.value.to_string());
        self.manifests.not_evaluated.push(NotEvaluated { what: Some(object.id.shown()), object: text, ..whole });
    }
}

/// What a source takes of another revision and cannot be read there: it is not absent.
fn unclear_at_revision(source: &Source<'_>) -> Vec<String> {
    let state = &source.state;
    if !state.name().is_fixed() {
        return Vec::new();
    }
    let takes = state.coverage(source);
    // What a tool renders is read by that tool: it fails, or gives what it makes of it.
    let is_plain = state.kind(source) == SourceKind::Directory;
    let unclear = state.tree.unclear().chain(state.read.unclear().filter(|_| is_plain));
    let taken = unclear.filter(|path| takes(path) || (!is_plain && is_below(path, &source.folder)));
    taken.map(|path| format!("{READS} `{}`, of which `{path}` cannot be read", state.name().revision)).collect()
}

fn fixed_folder(source: &Source<'_>) -> FixedFolder {
    let folder = source.folder.clone();
    let version = source.state.closures.chart_version(&folder).map(str::to_owned);
    FixedFolder { folder, revision: source.state.name().revision.clone(), version }
}

fn laid_over(source: &Source<'_>) -> LaidOver {
    let text = |members: &serde_json::Map<String, Value>| Value::from(members.clone()).to_string();
    LaidOver {
        namespace: source.namespace.clone(),
        metadata: source.metadata.iter().map(|(key, members)| (*key, text(members))).collect(),
    }
}

fn add_metadata(object: &mut Object, source: &Source<'_>) {
    for (key, members) in &source.metadata {
        let Some(metadata) = object.value.get_mut("metadata").and_then(Value::as_object_mut) else { return };
        let own = metadata.entry(*key).or_insert_with(|| Value::from(serde_json::Map::new()));
        if let Some(own) = own.as_object_mut() {
            own.extend(members.clone());
        }
    }
}
