//! The leading objects of a side that may be topmost ones, and which of them stand in what another one leads to.
//! Does not follow them.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::applied::Applied;
use super::follow::Follower;
use super::lead::Source;
use super::states::State;
use crate::object::Object;
use crate::paths::is_below;
use crate::render::{AskedBy, RenderRoot};
use crate::scan::Manifests;
use crate::way::{Way, is_leading, leads_by_text};

impl<'f> Follower<'f, '_, '_> {
    /// Which of the leading objects stand in what each of them leads to; and the pairs of those of which one reads the other's place at another
    /// revision.
    pub(super) fn covered(&self, candidates: &[Object]) -> (Vec<BTreeSet<usize>>, BTreeSet<(usize, usize)>) {
        let places: Vec<String> = candidates.iter().map(|object| self.place(&object.origin.path)).collect();
        let mut elsewhere = BTreeSet::new();
        let mut below = Vec::new();
        for (by, object) in candidates.iter().enumerate() {
            let lead = self.lead(object);
            let made = self.made(object, lead.made).into_iter().flat_map(|made| self.lead(&made).sources);
            let sources: Vec<Source<'_>> = lead.sources.into_iter().chain(made).flatten().collect();
            let mut covered = BTreeSet::new();
            for source in &sources {
                let covers = self.at_hand(source).coverage(source);
                let taken = (0..).zip(&places).filter(|(_, place)| covers(place)).map(|(index, _)| index);
                let taken: Vec<usize> = taken.collect();
                if source.state.name().is_fixed() {
                    elsewhere.extend(taken.iter().filter(|index| **index != by).map(|index| (by, *index)));
                }
                covered.extend(taken);
            }
            below.push(covered);
        }
        (below, elsewhere)
    }

    /// The state that a source is looked at in to find what of the side's own files it takes: its own, or that of the side for another revision.
    pub(super) fn at_hand<'s>(&self, source: &Source<'s>) -> State<'s>
    where
        'f: 's,
    {
        if source.state.name().is_fixed() { self.around.state } else { source.state }
    }

    /// Leading objects in files that are manifests by themselves.
    pub(super) fn in_plain_files(&self, before: Option<&Applied>) -> Vec<Object> {
        let mut objects = self.around.state.read.kept(self.side, &is_leading, self.options.namespace);
        let closures = self.around.state.closures;
        objects.retain(|object| {
            let path = &object.origin.path;
            let was_taken = before.is_some_and(|before| before.takes(path, closures));
            object.leads() && !was_taken && !closures.uses(path) && closures.chart_around(path).is_none()
        });
        objects
    }

    /// Leading objects in what outermost kustomizations and charts give.
    pub(super) fn in_outer_roots(&mut self, before: Option<&Applied>) -> anyhow::Result<Vec<Object>> {
        let closures = self.around.state.closures;
        let is_free = |path: &str| !before.is_some_and(|before| before.takes(path, closures));
        let kustomizations = closures.outer().filter(|folder| self.may_lead(&closures.reach(folder)));
        let mut roots: Vec<RenderRoot> = kustomizations.map(RenderRoot::kustomize).collect();
        let charts = closures.outer_charts().filter(|chart| {
            self.around.state.tree.files.iter().any(|(path, file)| is_below(path, chart) && leads_by_text(&file.text))
        });
        roots.extend(charts.map(|chart| RenderRoot::chart(chart, closures.chart_name(chart), None)));
        let state = self.around.state;
        roots.retain(|root| is_free(&root.folder) || closures.not_built(&root.folder, state.tree).is_some());
        self.renderer.render(&roots.iter().map(|root| (root.clone(), state.ground)).collect::<Vec<_>>())?;
        let mut objects = Vec::new();
        for root in roots {
            match self.renderer.output(&root, state.ground, &AskedBy::default())? {
                Ok(name) if is_free(&root.folder) => {
                    let mut manifests = Manifests::default();
                    self.take_rendered(&name, &Arc::new(Way::default()), None, &mut manifests);
                    objects.extend(manifests.objects.into_iter().filter(Object::leads));
                }
                Ok(_) => {}
                // What cannot be built is followed as it stands in its files.
                Err(_) => {
                    let reach = closures.reach(&root.folder);
                    let all = self.around.state.read.kept(self.side, &is_leading, self.options.namespace).into_iter();
                    objects.extend(all.filter(|object| {
                        let path = &object.origin.path;
                        object.leads() && reach.contains(path) && !before.is_some_and(|before| before.leads_to(path))
                    }));
                }
            }
        }
        Ok(objects)
    }

    fn may_lead(&self, paths: &BTreeSet<String>) -> bool {
        paths.iter().filter_map(|path| self.around.state.tree.files.get(path)).any(|file| leads_by_text(&file.text))
    }
}
