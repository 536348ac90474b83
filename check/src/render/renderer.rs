//! Renders the folders of one side, each at most once, and keeps what came out under the name that it is listed under.
//! Does not read what came out.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::{ChartAt, NotBuilt, RenderClosures, RenderMethod, RenderRoot, Tools};
use crate::sides::{SideInput, WorkingFolder};
use crate::state::StateName;
use crate::tree::{SourceFile, SourceTree};

/// What rendering all folders of a side may take.
const LONGEST_OF_ALL: Duration = Duration::from_secs(300);

/// So many tools run at once, at most: each may take 4 GiB.
const MOST_AT_ONCE: usize = 8;

/// Why there is no output of a root.
#[derive(Debug, Clone)]
pub(crate) enum RenderFailure {
    /// The tool could not.
    Failed(String),
    /// It was not tried, or is not ours to build.
    NotRendered(String),
}

/// The leading object that asks for an output, and its file; nothing where nobody is known.
#[derive(Debug, Clone, Default)]
pub(crate) struct AskedBy {
    pub(crate) name: String,
    pub(crate) file: String,
}

/// The state that folders are rendered in.
#[derive(Clone, Copy)]
pub(crate) struct Ground<'g> {
    pub(crate) name: &'g StateName,
    pub(crate) input: &'g SideInput,
    pub(crate) closures: &'g RenderClosures,
}

/// A folder of a state.
type Asked = (StateName, RenderRoot);

/// A folder that a tool is about to make manifests of.
struct Job {
    asked: Asked,
    /// As it may be rendered.
    root: RenderRoot,
    ground: PathBuf,
}

/// The tools, and one side that they work on.
pub(crate) struct Renderer<'s> {
    tools: &'s Tools,
    renders: bool,
    namespace: &'s str,
    laid: BTreeMap<StateName, WorkingFolder>,
    /// How long the tools took until now.
    taken: Duration,
    /// What the tools wrote.
    texts: BTreeMap<Asked, Result<String, RenderFailure>>,
    /// What has a name.
    done: BTreeMap<Asked, Result<String, RenderFailure>>,
    /// What came out, by the name it is listed under.
    pub(crate) rendered: SourceTree,
}

impl<'s> Renderer<'s> {
    pub(crate) fn new(tools: &'s Tools, renders: bool, namespace: &'s str) -> Self {
        Self {
            tools,
            renders,
            namespace,
            laid: BTreeMap::new(),
            taken: Duration::ZERO,
            texts: BTreeMap::new(),
            done: BTreeMap::new(),
            rendered: SourceTree::default(),
        }
    }

    /// The name under which the output of the root is listed. `asked_by` tells it from other outputs of the same folder.
    ///
    /// # Errors
    /// When the state cannot be laid down for the tools.
    pub(crate) fn output(
        &mut self,
        root: &RenderRoot,
        ground: Ground<'_>,
        asked_by: &AskedBy,
    ) -> anyhow::Result<Result<String, RenderFailure>> {
        let asked = (ground.name.clone(), root.clone());
        if let Some(done) = self.done.get(&asked) {
            return Ok(done.clone());
        }
        self.render(&[(root.clone(), ground)])?;
        let nothing = || Err(RenderFailure::NotRendered("is not rendered".to_owned()));
        let outcome =
            self.texts.remove(&asked).unwrap_or_else(nothing).map(|text| self.list(text, root, ground, asked_by));
        self.done.insert(asked, outcome.clone());
        Ok(outcome)
    }

    fn list(&mut self, text: String, root: &RenderRoot, ground: Ground<'_>, asked_by: &AskedBy) -> String {
        let name = self.free_name(ground.name.shown(&root.name()), asked_by);
        let is_fixed = ground.name.is_fixed();
        let values = if is_fixed { Vec::new() } else { root.values().collect() };
        let values = values.into_iter().chain([asked_by.file.clone()]).collect();
        let made_from = if is_fixed { asked_by.file.clone() } else { root.file(&ground.input.tree) };
        let file = SourceFile { text: text.into(), named: true, rendered_from: Some(made_from), is_fixed, values };
        self.rendered.files.insert(name.clone(), file);
        name
    }

    /// A name that no other output has: one leading object may ask for a folder several times.
    fn free_name(&self, plain: String, asked_by: &AskedBy) -> String {
        let with_its_leading = format!("{plain}, for {} of {}", asked_by.name, asked_by.file);
        let again = (2_usize..).map(|count| format!("{with_its_leading}, {count}"));
        let mut names = [plain.clone(), with_its_leading.clone()].into_iter().chain(again);
        names.find(|name| !self.rendered.files.contains_key(name)).unwrap_or(plain)
    }

    /// Renders the folders that were not rendered yet, several at once. What comes out does not depend on which ends first.
    ///
    /// # Errors
    /// When a state cannot be laid down for the tools.
    pub(crate) fn render(&mut self, roots: &[(RenderRoot, Ground<'_>)]) -> anyhow::Result<()> {
        let mut jobs = Vec::new();
        let mut seen = BTreeSet::new();
        for (root, ground) in roots {
            let asked = (ground.name.clone(), root.clone());
            if self.done.contains_key(&asked) || self.texts.contains_key(&asked) || !seen.insert(asked.clone()) {
                continue;
            }
            if let Some(reason) = self.not_tried(root, *ground) {
                self.texts.insert(asked, Err(RenderFailure::NotRendered(reason)));
                continue;
            }
            jobs.push(Job { asked, root: restricted(root, *ground), ground: self.laid_down(*ground)? });
        }
        let start = Instant::now();
        let rendered = self.at_once(&jobs);
        self.texts.extend(jobs.into_iter().map(|job| job.asked).zip(rendered));
        self.taken = self.taken.saturating_add(start.elapsed());
        Ok(())
    }

    fn laid_down(&mut self, ground: Ground<'_>) -> anyhow::Result<PathBuf> {
        if let Some(laid) = self.laid.get(ground.name) {
            return Ok(laid.folder.clone());
        }
        let laid = ground.input.check_out()?;
        let folder = laid.folder.clone();
        self.laid.insert(ground.name.clone(), laid);
        Ok(folder)
    }

    /// What the tools make of the jobs, in their order.
    fn at_once(&self, jobs: &[Job]) -> Vec<Result<String, RenderFailure>> {
        let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get).min(MOST_AT_ONCE).min(jobs.len());
        let (next, start) = (AtomicUsize::new(0), Instant::now());
        let outcomes = Mutex::new(BTreeMap::new());
        let (tools, namespace, taken) = (self.tools, self.namespace, self.taken);
        let work = || {
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(job) = jobs.get(index) else { return };
                let is_late = taken.saturating_add(start.elapsed()) > LONGEST_OF_ALL;
                let outcome = if is_late { Err(too_late()) } else { job.run(tools, namespace) };
                outcomes.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(index, outcome);
            }
        };
        thread::scope(|scope| {
            // This thread is one of them.
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            work();
            for other in others {
                other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            }
        });
        outcomes.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner).into_values().collect()
    }

    fn not_tried(&self, root: &RenderRoot, ground: Ground<'_>) -> Option<String> {
        if !self.renders {
            return Some("is not rendered (--no-render)".to_owned());
        }
        let RenderMethod::Kustomize(options) = &root.method else {
            let RenderMethod::Helm(options) = &root.method else { return None };
            let is_remote = matches!(options.chart, ChartAt::Remote { .. }) && !self.tools.network;
            return is_remote.then(|| "its chart comes from elsewhere; allow it with --network".to_owned());
        };
        let mut parts = options.resources.iter().map(String::as_str).chain([root.folder.as_str()]);
        parts.find_map(|folder| match ground.closures.not_built(folder, &ground.input.tree)? {
            NotBuilt::Remote(remote) if !self.tools.network => {
                Some(format!("fetches `{remote}`; allow it with --network, or give rendered manifests"))
            }
            NotBuilt::Remote(_) => None,
            NotBuilt::Other(why) => Some(why),
        })
    }
}

impl Job {
    fn run(&self, tools: &Tools, namespace: &str) -> Result<String, RenderFailure> {
        let outcome = self.root.render(tools, &self.ground, namespace);
        outcome.map_err(|error| RenderFailure::Failed(error.without(&self.ground).to_string()))
    }
}

fn too_late() -> RenderFailure {
    let seconds = LONGEST_OF_ALL.as_secs();
    RenderFailure::NotRendered(format!("is not rendered: the folders before it took more than {seconds} s"))
}

/// The root, without leave to read what is not known to lie in the tree.
fn restricted(root: &RenderRoot, ground: Ground<'_>) -> RenderRoot {
    let mut root = root.clone();
    if let RenderMethod::Kustomize(options) = &mut root.method {
        let folders = options.resources.iter().chain([&root.folder]);
        options.is_unrestricted &=
            folders.into_iter().all(|folder| ground.closures.stays_inside(folder, &ground.input.tree));
    }
    root
}
