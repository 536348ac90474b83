//! Renders the folders of one side, each at most once, and keeps what came out under the name that it is listed under.
//! Does not read what came out.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::{ChartAt, NotBuilt, RenderClosures, RenderMethod, RenderRoot, Tools};
use crate::sides::{SideInput, WorkingFolder};
use crate::tree::{SourceFile, SourceTree};

/// What rendering all folders of a side may take.
const LONGEST_OF_ALL: Duration = Duration::from_secs(300);

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

/// The tools, and one side that they work on.
pub(crate) struct Renderer<'s> {
    input: &'s SideInput,
    tools: &'s Tools,
    renders: bool,
    namespace: &'s str,
    laid: Option<WorkingFolder>,
    /// How long the tools took until now.
    taken: Duration,
    done: BTreeMap<RenderRoot, Result<String, RenderFailure>>,
    /// What came out, by the name it is listed under.
    pub(crate) rendered: SourceTree,
}

impl<'s> Renderer<'s> {
    pub(crate) fn new(input: &'s SideInput, tools: &'s Tools, renders: bool, namespace: &'s str) -> Self {
        Self {
            input,
            tools,
            renders,
            namespace,
            laid: None,
            taken: Duration::ZERO,
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
        closures: &RenderClosures,
        asked_by: &AskedBy,
    ) -> anyhow::Result<Result<String, RenderFailure>> {
        if let Some(done) = self.done.get(root) {
            return Ok(done.clone());
        }
        let outcome = match self.render(root, closures)? {
            Ok(text) => {
                let plain = root.name();
                let name = if self.rendered.files.contains_key(&plain) {
                    format!("{plain}, for {} of {}", asked_by.name, asked_by.file)
                } else {
                    plain
                };
                let values = root.values().chain([asked_by.file.clone()]).collect();
                let rendered_from = Some(root.file(&self.input.tree));
                let file = SourceFile { text, named: true, rendered_from, values };
                self.rendered.files.insert(name.clone(), file);
                Ok(name)
            }
            Err(failure) => Err(failure),
        };
        self.done.insert(root.clone(), outcome.clone());
        Ok(outcome)
    }

    fn render(
        &mut self,
        root: &RenderRoot,
        closures: &RenderClosures,
    ) -> anyhow::Result<Result<String, RenderFailure>> {
        if self.taken > LONGEST_OF_ALL {
            let reason =
                format!("is not rendered: the folders before it took more than {} s", LONGEST_OF_ALL.as_secs());
            return Ok(Err(RenderFailure::NotRendered(reason)));
        }
        let start = Instant::now();
        let outcome = self.try_to_render(root, closures);
        self.taken = self.taken.saturating_add(start.elapsed());
        outcome
    }

    fn try_to_render(
        &mut self,
        root: &RenderRoot,
        closures: &RenderClosures,
    ) -> anyhow::Result<Result<String, RenderFailure>> {
        if let Some(reason) = self.not_tried(root, closures) {
            return Ok(Err(RenderFailure::NotRendered(reason)));
        }
        let ground = match self.laid.take() {
            Some(laid) => laid,
            None => self.input.check_out()?,
        };
        let outcome = self.restricted(root, closures).render(self.tools, &ground.folder, self.namespace);
        let outcome = outcome.map_err(|error| RenderFailure::Failed(error.without(&ground.folder).to_string()));
        self.laid = Some(ground);
        Ok(outcome)
    }

    /// The root, without leave to read what is not known to lie in the tree.
    fn restricted(&self, root: &RenderRoot, closures: &RenderClosures) -> RenderRoot {
        let mut root = root.clone();
        if let RenderMethod::Kustomize(options) = &mut root.method {
            let folders = options.resources.iter().chain([&root.folder]);
            options.is_unrestricted &=
                folders.into_iter().all(|folder| closures.stays_inside(folder, &self.input.tree));
        }
        root
    }

    fn not_tried(&self, root: &RenderRoot, closures: &RenderClosures) -> Option<String> {
        if !self.renders {
            return Some("is not rendered (--no-render)".to_owned());
        }
        let RenderMethod::Kustomize(options) = &root.method else {
            let RenderMethod::Helm(options) = &root.method else { return None };
            let is_remote = matches!(options.chart, ChartAt::Remote { .. }) && !self.tools.network;
            return is_remote.then(|| "its chart comes from elsewhere; allow it with --network".to_owned());
        };
        let mut parts = options.resources.iter().map(String::as_str).chain([root.folder.as_str()]);
        parts.find_map(|folder| match closures.not_built(folder, &self.input.tree)? {
            NotBuilt::Remote(remote) if !self.tools.network => {
                Some(format!("fetches `{remote}`; allow it with --network, or give rendered manifests"))
            }
            NotBuilt::Remote(_) => None,
            NotBuilt::Other(why) => Some(why),
        })
    }
}
