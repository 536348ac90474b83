//! What nobody is known to apply: plain manifests, outermost kustomizations and charts, and values files that somebody says are for a chart.
//! Does not follow leading objects.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::applied::Applied;
use super::follow::Follower;
use super::glob::{Stars, matches};
use super::unchanged::LaidOver;
use crate::check_inputs::MappedValues;
use crate::input;
use crate::object::Object;
use crate::paths::{has_extension, is_kustomization_file, is_part_of_chart, joined, parent_of, within};
use crate::render::{AskedBy, ChartAt, HelmOptions, RenderFailure, RenderMethod, RenderRoot};
use crate::result::NotEvaluated;
use crate::way::{Way, is_leading};

impl Follower<'_, '_, '_> {
    /// What no leading object covers: plain manifests, outermost kustomizations and charts.
    pub(super) fn unknown(&mut self, before: Option<&Applied>) -> anyhow::Result<()> {
        let closures = self.around.state.closures;
        let is_free =
            |path: &str| !self.led.contains(path) && !before.is_some_and(|before| before.takes(path, closures));
        let kustomizations = closures.outer().filter(|folder| is_free(folder)).map(RenderRoot::kustomize);
        let charts = closures
            .outer_charts()
            .filter(|folder| is_free(folder))
            .map(|folder| RenderRoot::chart(folder, closures.chart_name(folder), None));
        let roots: Vec<RenderRoot> = kustomizations.chain(charts).collect();
        let plain = self.around.state.read.files().map(|(path, _)| path).filter(|path| {
            is_free(path)
                && !closures.uses(path)
                && closures.chart_around(path).is_none()
                && !is_kustomization_file(path)
        });
        let plain: Vec<String> = plain.map(str::to_owned).collect();
        let state = self.around.state;
        let changed = roots.iter().filter(|root| !self.unchanged.leaves_out("", root, &state, LaidOver::default()));
        self.renderer.render(&changed.map(|root| (root.clone(), state.ground)).collect::<Vec<_>>())?;
        for root in roots {
            self.take_root(&root)?;
        }
        self.mapped_values()?;
        for chart in closures.outer_charts() {
            for file in self.values_beside(chart) {
                self.take_guessed(&RenderRoot::chart(chart, closures.chart_name(chart), Some(&file)), &file)?;
                self.led.insert(file);
            }
        }
        let nobody = Arc::new(Way::default());
        let mut manifests = std::mem::take(&mut self.manifests);
        let first = manifests.objects.len();
        for path in &plain {
            self.around.state.read.apply(self.side, (path, path), &nobody, self.options.namespace, &mut manifests);
        }
        self.manifests = manifests;
        self.set_leading_aside(first);
        Ok(())
    }

    fn take_root(&mut self, root: &RenderRoot) -> anyhow::Result<()> {
        if self.unchanged.leaves_out("", root, &self.around.state, LaidOver::default()) {
            return Ok(());
        }
        match self.renderer.output(root, self.around.state.ground, &AskedBy::default())? {
            Ok(name) => {
                let is_chart = matches!(root.method, RenderMethod::Helm(_));
                let way = Arc::new(Way { links: Vec::new(), rendered: name.clone(), is_chart });
                let mut manifests = std::mem::take(&mut self.manifests);
                let first = manifests.objects.len();
                let namespace = match &root.method {
                    RenderMethod::Helm(options) => options.namespace.as_deref(),
                    RenderMethod::Kustomize(_) => None,
                };
                self.take_rendered(&name, &way, namespace, &mut manifests);
                self.manifests = manifests;
                self.set_leading_aside(first);
            }
            Err(failure) => drop(self.failed(root, &self.around.state.clone(), &failure, None)),
        }
        Ok(())
    }

    /// An installation that is only guessed: what cannot be rendered so is no error of anybody's, and not evaluated.
    fn take_guessed(&mut self, root: &RenderRoot, file: &str) -> anyhow::Result<()> {
        let state = self.around.state;
        if self.unchanged.leaves_out("", root, &state, LaidOver::default()) {
            return Ok(());
        }
        if let Err(failure) = self.renderer.output(root, state.ground, &AskedBy::default())? {
            let (RenderFailure::Failed(reason) | RenderFailure::NotRendered(reason)) = failure;
            let reason = format!("taken for values of the chart `{}`: {reason}", root.folder);
            self.manifests.not_evaluated.push(NotEvaluated::of(self.side, file.to_owned(), reason));
            return Ok(());
        }
        self.take_root(root)
    }

    /// Values files whose leading objects live elsewhere, each with the chart that it is said to be for.
    fn mapped_values(&mut self) -> anyhow::Result<()> {
        for MappedValues { files, chart, version, release } in self.options.values {
            let paths = self.around.state.tree.files.keys();
            let paths: Vec<String> = paths.filter(|path| matches(files, path, Stars::StayInFolder)).cloned().collect();
            for path in paths {
                match self.around.chart(chart, version, "") {
                    Ok(chart) => self.take_root(&installed(chart, release, &path))?,
                    Err(reason) => {
                        self.manifests.not_evaluated.push(NotEvaluated::of(self.side, path.clone(), reason));
                    }
                }
                self.led.insert(path);
            }
        }
        Ok(())
    }

    /// Values files in a chart, or beside the only one of a folder, that nothing names: each is taken for an installation. They are mappings, and
    /// have a key in common with the chart's own values.
    fn values_beside(&self, chart: &str) -> Vec<String> {
        let tree = self.around.state.tree;
        let parent = parent_of(chart);
        let charts = self.around.state.closures.outer_charts();
        let is_alone = charts.filter(|other| parent_of(other) == parent).count() == 1;
        let own_keys = tree.files.get(&joined(chart, "values.yaml")).map(|file| keys(&file.text)).unwrap_or_default();
        let lies_there = |path: &str| {
            let is_inside = within(path, chart).is_some_and(|within| !is_part_of_chart(within));
            is_inside || (is_alone && !chart.is_empty() && parent_of(path) == parent)
        };
        let is_it = |path: &str, text: &str| {
            let name = path.rsplit('/').next().unwrap_or(path);
            lies_there(path)
                && !path.split('/').any(|part| part.starts_with('.'))
                && !["values.yaml", "Chart.yaml", "Chart.lock"].contains(&name)
                && !is_kustomization_file(path)
                && !self.led.contains(path)
                && has_extension(name, &["yaml", "yml"])
                && !text.contains("apiVersion:")
                && keys(text).iter().any(|key| own_keys.contains(key))
        };
        tree.files.iter().filter(|(path, file)| is_it(path, &file.text)).map(|(path, _)| path.clone()).collect()
    }

    /// Objects that only lead to others are none that policies look at.
    fn set_leading_aside(&mut self, first: usize) {
        let objects = self.manifests.objects.split_off(first);
        let (leading, rest): (Vec<Object>, Vec<Object>) =
            objects.into_iter().partition(|object| is_leading(&object.id.group, &object.id.kind));
        self.manifests.others = self.manifests.others.saturating_add(leading.len());
        self.manifests.objects.extend(rest);
    }
}

/// The keys of a mapping; of anything else none.
fn keys(text: &str) -> BTreeSet<String> {
    let document = input::parse_yaml::<Value>(text).ok().and_then(|documents| documents.into_iter().next());
    let members = document.as_ref().and_then(Value::as_object).into_iter().flatten();
    members.map(|(key, _)| key.clone()).collect()
}

/// A chart as `namespace/name`, with the values of a file.
fn installed(chart: ChartAt, release: &str, values: &str) -> RenderRoot {
    let (namespace, name) = release.split_once('/').unwrap_or(("default", release));
    let folder = if let ChartAt::Folder(folder) = &chart { folder.clone() } else { String::new() };
    let options = HelmOptions {
        release: name.to_owned(),
        namespace: Some(namespace.to_owned()),
        chart,
        values: vec![values.to_owned()],
        ..HelmOptions::default()
    };
    RenderRoot { folder, method: RenderMethod::Helm(options) }
}
