//! Which of the things that were not evaluated may hide an rqlite set, and which of those somebody accepted.
//! Only these count for `--strict` and stand in the first line: a fleet changes many things that nothing of rqlite is behind.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;
use time::macros::format_description;
use time::{Date, Duration, OffsetDateTime};

use super::about_rqlite::names_rqlite;
use super::paths::{
    KUSTOMIZATIONS, above, folder_of, is_below, is_kustomization_file, is_part_of_chart, joined, within,
};
use super::result::{CheckResult, NotEvaluated};
use super::revisions::is_about_revision;
use super::tree::{Side, SourceTree};
use crate::input;

/// Where gaps are accepted. Read from the base: a change cannot open its own gate.
const ACCEPTED: &str = ".quorate/accepted.yaml";

/// The longest time that a gap is accepted for.
const LONGEST: Duration = Duration::days(90);

/// Both states, as far as gaps are weighed by them.
pub(super) struct GapContext<'g> {
    pub(super) base: &'g SourceTree,
    pub(super) head: &'g SourceTree,
    pub(super) now: OffsetDateTime,
    /// What the folder that is rendered from a file is made of.
    pub(super) reach: &'g dyn Fn(&str) -> BTreeSet<String>,
}

/// One accepted gap.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Acceptance {
    /// As printed behind `not evaluated`: `Kind namespace/name`, or a path.
    object: String,
    #[expect(dead_code, reason = "for whoever reads the file")]
    reason: String,
    until: String,
}

/// Says of each gap whether it counts; adds changed values files that nothing renders.
pub(super) fn weigh(result: &mut CheckResult, context: &GapContext<'_>) {
    let changed = changed_files(context);
    let values: Vec<NotEvaluated> = unrendered_values(&changed, context, result).collect();
    result.not_evaluated.extend(values);
    let sides = both_sides(&result.not_evaluated);
    for gap in &mut result.not_evaluated {
        let other = sides.get(&(other_side(gap.side), gap.path.clone(), gap.what.clone()));
        gap.counts = gap.counts || hides_a_set(gap, other, &changed, context);
    }
    accept(result, context);
}

/// What is not evaluated on a side, with the object that leads to it.
type Gaps = BTreeMap<(Side, String, Option<String>), Option<String>>;

fn both_sides(gaps: &[NotEvaluated]) -> Gaps {
    gaps.iter().map(|gap| ((gap.side, gap.path.clone(), gap.what.clone()), gap.object.clone())).collect()
}

fn other_side(side: Side) -> Side {
    match side {
        Side::Base => Side::Head,
        Side::Head => Side::Base,
    }
}

/// Files that are not the same in both states.
fn changed_files(context: &GapContext<'_>) -> BTreeSet<String> {
    let paths = context.base.files.keys().chain(context.head.files.keys());
    let is_changed = |path: &&String| match (context.base.files.get(*path), context.head.files.get(*path)) {
        (Some(old), Some(new)) => old.text != new.text,
        _ => true,
    };
    paths.filter(is_changed).cloned().collect()
}

/// `other` is the same gap of the other side, with its object.
fn hides_a_set(
    gap: &NotEvaluated,
    other: Option<&Option<String>>,
    changed: &BTreeSet<String>,
    context: &GapContext<'_>,
) -> bool {
    let own: Vec<&str> = match &gap.object {
        Some(object) => {
            [Some(object), other.and_then(Option::as_ref)].into_iter().flatten().map(String::as_str).collect()
        }
        None => texts(&gap.path, context),
    };
    let is_changed = match (&gap.object, other) {
        (Some(object), Some(other)) => other.as_ref() != Some(object),
        (Some(_), None) => true,
        (None, _) => changed.contains(&gap.path),
    };
    let references = references(gap);
    let generators = generators(&references, context);
    let reach = (context.reach)(&gap.path);
    let is_related = |path: &str| {
        is_named(path, &own)
            || (gap.object.is_none() && (is_beside(path, &gap.path) || reach.contains(path)))
            || references.iter().any(|name| texts(path, context).iter().any(|text| names_object(text, name)))
            || generators.iter().any(|text| is_named(path, &[text]))
    };
    // Nothing of this state says what it holds there.
    let other_source = || {
        changed
            .iter()
            .any(|path| references.iter().any(|name| texts(path, context).iter().any(|text| names_object(text, name))))
    };
    if is_about_revision(&gap.reason) && (is_changed || other_source()) {
        return true;
    }
    let related: Vec<&String> = changed.iter().filter(|path| is_related(path)).collect();
    if other.is_some() && !is_changed && related.is_empty() {
        return false;
    }
    let in_names =
        || [Some(&gap.path), gap.what.as_ref(), Some(&gap.reason)].into_iter().flatten().any(|name| names_rqlite(name));
    let in_related =
        || related.iter().any(|path| names_rqlite(path) || texts(path, context).iter().any(|text| names_rqlite(text)));
    in_names()
        || own.iter().any(|text| names_rqlite(text))
        || in_related()
        || (gap.object.is_none() && reach.iter().any(|path| texts(path, context).iter().any(|text| names_rqlite(text))))
        || folders(gap).iter().any(|folder| holds_rqlite(folder, context))
        || (is_changed && leads_anywhere(gap))
}

/// The names of the objects that a leading object takes values or sources from.
fn references(gap: &NotEvaluated) -> Vec<String> {
    let object: Value = gap.object.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let lists = ["/spec/valuesFrom", "/spec/postBuild/substituteFrom"].into_iter();
    let listed = lists.filter_map(|list| object.pointer(list)?.as_array()).flatten();
    let single = ["/spec/sourceRef", "/spec/chartRef", "/spec/chart/spec/sourceRef"];
    let single = single.into_iter().filter_map(|reference| object.pointer(reference));
    let names = listed.chain(single).filter_map(|reference| reference.get("name")?.as_str());
    names.map(str::to_owned).collect()
}

/// The kustomizations that may generate an object of such a name, as text.
fn generators<'t>(names: &[String], context: &GapContext<'t>) -> Vec<&'t str> {
    let trees: [&'t SourceTree; 2] = [context.base, context.head];
    let files = trees.into_iter().flat_map(|tree| tree.files.iter());
    let kustomizations = files.filter(|(path, _)| is_kustomization_file(path));
    let generates = |text: &&str| text.contains("Generator") && names.iter().any(|name| names_object(text, name));
    kustomizations.map(|(_, file)| &*file.text).filter(generates).collect()
}

/// Whether an object of the text has the name.
fn names_object(text: &str, name: &str) -> bool {
    text.split("name:").skip(1).any(|rest| {
        let word = rest.trim_start().trim_start_matches(['"', '\'']);
        let end = word.find(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c))).unwrap_or(word.len());
        word.get(..end) == Some(name)
    })
}

/// The folders of the tree that the gap is about: what is rendered, or where the object leads.
fn folders(gap: &NotEvaluated) -> Vec<String> {
    let Some(object) = &gap.object else {
        let (folder, name) = gap.path.rsplit_once('/').unwrap_or(("", &gap.path));
        return if is_root(name) { vec![folder.to_owned()] } else { Vec::new() };
    };
    let object: Value = serde_json::from_str(object).unwrap_or_default();
    let sources = object.pointer("/spec/sources").and_then(Value::as_array).into_iter().flatten();
    let paths = sources.filter_map(|source| source.get("path")).chain(
        ["/spec/path", "/spec/source/path", "/spec/chart/spec/chart"]
            .into_iter()
            .filter_map(|path| object.pointer(path)),
    );
    paths.filter_map(Value::as_str).map(folder_of).collect()
}

fn holds_rqlite(folder: &str, context: &GapContext<'_>) -> bool {
    let trees = [context.base, context.head].into_iter();
    trees
        .flat_map(|tree| &tree.files)
        .any(|(path, file)| is_below(path, folder) && (names_rqlite(path) || names_rqlite(&file.text)))
}

/// Whether nothing in the repository says what the object leads to.
fn leads_anywhere(gap: &NotEvaluated) -> bool {
    let kind = gap.what.as_deref().unwrap_or_default();
    kind.starts_with("ApplicationSet ")
        || gap.reason.contains("plugin")
        || gap.reason.contains("has no manifests")
        || gap.reason.contains("ExternalArtifact")
}

/// The file's text in both states.
fn texts<'t>(path: &str, context: &GapContext<'t>) -> Vec<&'t str> {
    let of = |tree: &'t SourceTree| tree.files.get(path).map(|file| &*file.text);
    of(context.base).into_iter().chain(of(context.head)).collect()
}

/// Whether one of the texts names the file, or a folder that it lies in.
fn is_named(path: &str, texts: &[&str]) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let folders: BTreeSet<&str> = above(path).skip(1).filter(|folder| !folder.is_empty()).collect();
    let is_part = |c: char| c.is_ascii_alphanumeric() || "._/-$".contains(c);
    let names = |word: &str| {
        let word = word.trim_start_matches("./").trim_matches('/');
        word == path || word.rsplit('/').next() == Some(name) || folders.contains(word)
    };
    texts.iter().any(|text| text.split(|c| !is_part(c)).any(names))
}

/// Whether the gap is a folder that is rendered, and the file lies in it.
fn is_beside(path: &str, gap: &str) -> bool {
    let (folder, name) = gap.rsplit_once('/').unwrap_or(("", gap));
    is_root(name) && path != gap && is_below(path, folder)
}

fn is_root(name: &str) -> bool {
    name == "Chart.yaml" || KUSTOMIZATIONS.contains(&name)
}

/// Changed files of values that no way and no chart of the tree renders: their Application lives elsewhere.
fn unrendered_values<'v>(
    changed: &'v BTreeSet<String>,
    context: &'v GapContext<'_>,
    result: &'v CheckResult,
) -> impl Iterator<Item = NotEvaluated> + 'v {
    let used = &result.used_files;
    let is_values = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
        let is_hidden = path.split('/').any(|part| part.starts_with('.'));
        (name.ends_with(".yaml") || name.ends_with(".yml")) && !is_hidden && !is_root(&name)
    };
    let is_about_rqlite = |path: &str, texts: &[&str]| {
        names_rqlite(path) || texts.iter().any(|text| names_rqlite(text) || text.contains("replicaCount"))
    };
    let open = move |path: &&String| {
        let texts = texts(path, context);
        let is_object = texts.iter().any(|text| text.contains("apiVersion:"));
        is_values(path)
            && !is_object
            && !used.contains(*path)
            && !is_a_charts_own(path, context)
            && is_about_rqlite(path, &texts)
            && !is_named_by_a_gap(path, result, context)
    };
    changed.iter().filter(open).map(|path| {
        let side = if context.head.files.contains_key(path) { Side::Head } else { Side::Base };
        let reason = "values that changed, and nothing in this repository renders them; give their chart with --chart-dir and name it in the Application, or render them".to_owned();
        NotEvaluated { counts: true, ..NotEvaluated::of(side, path.clone(), reason) }
    })
}

/// A chart's own values and parts are rendered with it.
fn is_a_charts_own(path: &str, context: &GapContext<'_>) -> bool {
    let trees = [context.base, context.head];
    let has_chart = |folder: &str| trees.iter().any(|tree| tree.files.contains_key(&joined(folder, "Chart.yaml")));
    let own =
        |folder: &str| within(path, folder).is_some_and(|within| within == "values.yaml" || is_part_of_chart(within));
    above(path).skip(1).any(|folder| has_chart(folder) && own(folder))
}

/// It is said of the leading object already.
fn is_named_by_a_gap(path: &str, result: &CheckResult, context: &GapContext<'_>) -> bool {
    result.not_evaluated.iter().any(|gap| is_named(path, &texts(&gap.path, context)))
}

/// Gaps that the base accepts do not count; what is out of date, or only in the head, is said.
fn accept(result: &mut CheckResult, context: &GapContext<'_>) {
    let text = |tree: &SourceTree| tree.files.get(ACCEPTED).map(|file| file.text.clone());
    let (base, head) = (text(context.base), text(context.head));
    if base != head {
        result
            .notices
            .push(format!("{ACCEPTED} changes here; what it says in the base is in force until this is merged"));
    }
    let Some(base) = base else { return };
    let accepted = match input::parse_yaml::<Vec<Acceptance>>(&base) {
        Ok(documents) => documents.into_iter().flatten().collect::<Vec<_>>(),
        Err(error) => {
            result.notices.push(format!("{ACCEPTED} cannot be read, so nothing is accepted: {error}"));
            return;
        }
    };
    let today = context.now.date();
    let mut in_force = BTreeMap::new();
    for Acceptance { object, until, .. } in accepted {
        match Date::parse(&until, format_description!("[year]-[month]-[day]")) {
            Ok(date) if date < today => {
                result.notices.push(format!("{object} was accepted until {until}, and counts again"));
            }
            Ok(date) if date.to_julian_day() - today.to_julian_day() > LONGEST.whole_days() as i32 => {
                result.notices.push(format!(
                    "{object} is accepted until {until}, which is more than 90 days ahead, so it counts"
                ));
            }
            Ok(_) => drop(in_force.insert(object, until)),
            Err(_) => result
                .notices
                .push(format!("{object} is accepted until `{until}`, which is no date (2027-01-31), so it counts")),
        }
    }
    for change in result.changes.iter_mut().filter(|change| change.is_not_followed()) {
        change.accepted_until = in_force.get(&change.subject()).cloned();
    }
    for gap in &mut result.not_evaluated {
        let named = gap.what.as_ref().and_then(|what| in_force.get(what)).or_else(|| in_force.get(&gap.path));
        if let Some(until) = named.filter(|_| gap.counts) {
            gap.counts = false;
            gap.accepted_until = Some(until.clone());
        }
    }
}
