//! A HelmRelease: its chart, its values, and what makes it another release.
//! Facts: helm-controller `internal/controller`, `internal/reconcile` (`release target changed`, remediation), API v2.

use quorate_facts::Propagation;
use serde_json::{Map, Value};

use super::super::lead::{Lead, Reader, Source, Surroundings};
use super::super::values;
use super::source::{Reference, own};
use super::{destination, is_suspended};
use crate::object::Object;
use crate::paths::folder_of;
use crate::render::{ChartAt, HelmOptions};
use crate::source::text_at;
use crate::way::{Link, Recreation, Removal, Tool};

pub(super) fn read<'s>(object: &Object, around: &Surroundings<'s>) -> Lead<'s> {
    let value = &object.value;
    let propagation = match text_at(value, "/spec/uninstall/deletionPropagation") {
        Some("foreground") => Propagation::Foreground,
        Some("orphan") => Propagation::Orphan,
        _ => Propagation::Background,
    };
    let when_gone = if is_suspended(value) {
        Removal::Keeps("is suspended, so nothing is uninstalled".to_owned())
    } else {
        Removal::Deletes
    };
    let link = Link {
        id: object.id.clone(),
        tool: Tool::Helm,
        file: object.origin.path.clone(),
        destination: destination(value),
        identity: identity(object),
        chart: chart_name(object, around),
        when_dropped: Removal::Deletes,
        when_gone,
        propagation: Propagation::Background,
        propagation_when_gone: propagation,
        recreation: Recreation { uninstalls_when_refused: uninstalls(value), ..Recreation::default() },
        options: Vec::new(),
        value: value.clone(),
        gaps: Vec::new(),
        fixed: Vec::new(),
    };
    Lead { link, sources: vec![source(object, around)], made: Vec::new() }
}

/// What of it another release is made by: name and namespaces.
fn identity(object: &Object) -> String {
    let value = &object.value;
    let own = object.id.namespace.as_deref().unwrap_or_default();
    let parts = [
        release(object),
        text_at(value, "/spec/targetNamespace").unwrap_or(own).to_owned(),
        text_at(value, "/spec/storageNamespace").unwrap_or(own).to_owned(),
    ];
    format!("({})", parts.join(" "))
}

/// The name of its chart, by its Chart.yaml where that is at hand. None: another name of the chart is no other release.
fn chart_name(object: &Object, around: &Surroundings<'_>) -> Option<String> {
    let value = &object.value;
    if text_at(value, "/spec/upgrade/chartNameChangeStrategy") == Some("InPlaceUpdate") {
        return None;
    }
    let by_reference = || {
        let source = Reference::at(object, "/spec/chartRef").found(object, around)?;
        text_at(&source.value, "/spec/url").map(str::to_owned)
    };
    let written = text_at(value, "/spec/chart/spec/chart").map(str::to_owned).or_else(by_reference)?;
    let there = of_chart(object, around).unwrap_or(*around);
    let own = there.state.closures.chart_name(&folder_of(&written));
    own.or_else(|| written.trim_end_matches('/').rsplit('/').next()).map(str::to_owned)
}

fn release(object: &Object) -> String {
    let name = &object.id.name;
    match (text_at(&object.value, "/spec/releaseName"), text_at(&object.value, "/spec/targetNamespace")) {
        (Some(release), _) => release.to_owned(),
        (None, Some(target)) => format!("{target}-{name}"),
        (None, None) => name.clone(),
    }
}

fn uninstalls(release: &Value) -> bool {
    let of = |key: &str| release.pointer(&format!("/spec/upgrade/remediation/{key}"));
    let retries = of("retries").and_then(Value::as_i64).unwrap_or(0);
    of("strategy").and_then(Value::as_str) == Some("uninstall") && retries != 0
}

fn source<'s>(object: &Object, around: &Surroundings<'s>) -> Result<Source<'s>, String> {
    let value = &object.value;
    for option in ["valuesFrom", "postRenderers"] {
        let found = value.pointer(&format!("/spec/{option}"));
        if found.is_some_and(|option| option.as_array().is_some_and(|items| !items.is_empty())) {
            return Err(format!("`spec.{option}` changes what its chart renders to, which is not done here"));
        }
    }
    let around = &of_chart(object, around)?;
    let chart = chart(object, around)?;
    let names = value.pointer("/spec/chart/spec/valuesFiles").and_then(Value::as_array).into_iter().flatten();
    let mut files = Vec::new();
    for name in names.filter_map(Value::as_str) {
        if !matches!(chart, ChartAt::Folder(_)) {
            return Err(format!("its values file `{name}` lies in the chart, where it is not looked for"));
        }
        // From the root of the source on.
        files.extend(values::files(around.state.tree, "", name, false)?);
    }
    let namespace = text_at(value, "/spec/targetNamespace").or(object.id.namespace.as_deref()).map(str::to_owned);
    let folder = match &chart {
        ChartAt::Folder(folder) => folder.clone(),
        ChartAt::Archive(_) | ChartAt::Remote { .. } => String::new(),
    };
    let inline = value.pointer("/spec/values").filter(|values| !values.is_null()).map(Value::to_string);
    let helm = HelmOptions {
        release: release(object),
        namespace: namespace.clone(),
        chart,
        values: files,
        inline,
        is_upgrade: true,
        ..HelmOptions::default()
    };
    Ok(Source {
        state: around.state,
        folder,
        namespace,
        reader: Reader::Chart,
        helm,
        overlay: Map::new(),
        substitutions: None,
        metadata: Vec::new(),
    })
}

/// What its chart is read in: the state of a repository, or of none.
fn of_chart<'s>(object: &Object, around: &Surroundings<'s>) -> Result<Surroundings<'s>, String> {
    let is_named = object.value.pointer("/spec/chartRef").is_some_and(|reference| !reference.is_null());
    let reference = Reference::at(object, "/spec/chart/spec/sourceRef");
    if is_named || reference.kind != "GitRepository" { Ok(*around) } else { own(&reference, object, around) }
}

/// A chart in this repository, or one that is at hand.
fn chart(object: &Object, around: &Surroundings<'_>) -> Result<ChartAt, String> {
    let value = &object.value;
    if let Some(reference) = value.pointer("/spec/chartRef").filter(|reference| !reference.is_null()) {
        let by_name = Reference::at(object, "/spec/chartRef");
        let source = by_name.found(object, around);
        let url = source.and_then(|source| text_at(&source.value, "/spec/url")).unwrap_or_default();
        let version = source.and_then(|source| text_at(&source.value, "/spec/ref/tag")).unwrap_or_default();
        let name = url.rsplit('/').next().filter(|_| by_name.kind == "OCIRepository" && !url.is_empty());
        let name = name.ok_or(format!("its chart is named by reference ({reference}) and comes from elsewhere"))?;
        return around.chart(name, version, url.trim_end_matches(name));
    }
    let name = text_at(value, "/spec/chart/spec/chart").ok_or("names no chart")?;
    let reference = Reference::at(object, "/spec/chart/spec/sourceRef");
    if reference.kind == "GitRepository" {
        let folder = folder_of(name);
        return if around.state.closures.is_any_chart(&folder) {
            Ok(ChartAt::Folder(folder))
        } else {
            Err(format!("leads to `{name}`, where this repository has no chart"))
        };
    }
    let url =
        reference.found(object, around).and_then(|source| text_at(&source.value, "/spec/url")).unwrap_or_default();
    let version = text_at(value, "/spec/chart/spec/version").unwrap_or_default();
    around.chart(name, version, url)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_upgrade_that_uninstalls_when_it_is_refused() {
        let with = |strategy: &str, retries: i64| json!({"spec": {"upgrade": {"remediation": {"strategy": strategy, "retries": retries}}}});
        assert!(uninstalls(&with("uninstall", -1)));
        assert!(!uninstalls(&with("uninstall", 0)));
        assert!(!uninstalls(&with("rollback", 3)));
    }
}
