//! An Application: its sources, what it prunes, and what goes with it.
//! Value files: `util/helm` and `reposerver/repository` (`$ref`, a leading `/`, `ignoreMissingValueFiles`); parameters: `util/helm/cmd.go`
//! (`cleanSetParameters`); the kind of a source: `util/app/discovery`.

use quorate_facts::Propagation;
use serde_json::{Map, Value, json};

use super::super::lead::{Directory, Lead, Reader, Source, SourceKind, Surroundings};
use super::super::values;
use super::file_of;
use crate::object::Object;
use crate::paths::{folder_of, is_below, joined};
use crate::render::{ChartAt, HelmOptions, SetValue};
use crate::revisions::AskedRevision;
use crate::source::text_at;
use crate::tree::Content;
use crate::way::{Link, Recreation, Removal, Tool};

/// The finalizer by which an Application takes along what it applied; also with `/foreground` or `/background`.
pub(super) const FINALIZER: &str = "resources-finalizer.argocd.argoproj.io";

pub(super) fn read<'s>(object: &Object, around: &Surroundings<'s>) -> Lead<'s> {
    let value = &object.value;
    let options = sync_options(value);
    let link = Link {
        id: object.id.clone(),
        tool: Tool::ArgoCd,
        file: file_of(object),
        destination: destination(value),
        identity: String::new(),
        chart: None,
        when_dropped: prunes(value),
        when_gone: cascades(value),
        propagation: prune_propagation(&options),
        propagation_when_gone: finalizer_propagation(value),
        recreation: Recreation {
            replaces: has(&options, "Replace=true"),
            only_out_of_sync: has(&options, "ApplyOutOfSyncOnly=true"),
            server_side: has(&options, "ServerSideApply=true"),
            ..Recreation::default()
        },
        options,
        value: value.clone(),
        gaps: Vec::new(),
        fixed: Vec::new(),
    };
    let all = sources(value);
    let mut read: Vec<_> = all.iter().filter_map(|source| self::source(object, source, &all, around)).collect();
    if value.pointer("/spec/sourceHydrator").is_some_and(|hydrator| !is_empty(hydrator)) {
        read.push(Err("`spec.sourceHydrator` renders its source elsewhere".to_owned()));
    }
    Lead { link, sources: read, made: Vec::new() }
}

/// `sources` goes before `source`.
fn sources(application: &Value) -> Vec<&Value> {
    match application.pointer("/spec/sources").and_then(Value::as_array) {
        Some(several) if !several.is_empty() => several.iter().collect(),
        _ => application.pointer("/spec/source").into_iter().collect(),
    }
}

fn sync_options(application: &Value) -> Vec<String> {
    let options = application.pointer("/spec/syncPolicy/syncOptions").and_then(Value::as_array);
    options.into_iter().flatten().filter_map(Value::as_str).map(|option| option.trim().to_owned()).collect()
}

fn has(options: &[String], word: &str) -> bool {
    options.iter().any(|option| option == word)
}

/// A cluster is named by its address or by its name in Argo CD; which name is which address is not in the repository.
fn destination(application: &Value) -> String {
    let server = text_at(application, "/spec/destination/server").map(|server| server.trim_end_matches('/'));
    let name = text_at(application, "/spec/destination/name");
    match (server.filter(|server| !server.is_empty()), name.filter(|name| !name.is_empty())) {
        (Some("https://kubernetes.default.svc"), _) | (None, None | Some("in-cluster")) => String::new(),
        (Some(server), _) => server.to_owned(),
        (None, Some(name)) => format!("cluster {name}"),
    }
}

fn prunes(application: &Value) -> Removal {
    let automated = application.pointer("/spec/syncPolicy/automated").filter(|automated| automated.is_object());
    let is_on = automated.filter(|automated| automated.get("enabled") != Some(&Value::Bool(false)));
    if is_on.and_then(|automated| automated.get("prune")) == Some(&Value::Bool(true)) {
        Removal::Deletes
    } else {
        Removal::Keeps("does not prune by itself, so it stays until somebody prunes by hand".to_owned())
    }
}

fn finalizer(application: &Value) -> Option<&str> {
    let all = application.pointer("/metadata/finalizers").and_then(Value::as_array).into_iter().flatten();
    all.filter_map(Value::as_str).find(|name| name.split('/').next() == Some(FINALIZER))
}

fn cascades(application: &Value) -> Removal {
    match finalizer(application) {
        Some(_) => Removal::Deletes,
        None => Removal::Keeps(format!("has no finalizer `{FINALIZER}`, so what it applied stays")),
    }
}

fn finalizer_propagation(application: &Value) -> Propagation {
    match finalizer(application).and_then(|name| name.split_once('/')) {
        Some((_, "background")) => Propagation::Background,
        _ => Propagation::Foreground,
    }
}

fn prune_propagation(options: &[String]) -> Propagation {
    let policy = options.iter().find_map(|option| option.strip_prefix("PrunePropagationPolicy="));
    match policy {
        Some("background") => Propagation::Background,
        Some("orphan") => Propagation::Orphan,
        _ => Propagation::Foreground,
    }
}

/// None for a source that only gives value files.
fn source<'s>(
    object: &Object,
    source: &Value,
    all: &[&Value],
    around: &Surroundings<'s>,
) -> Option<Result<Source<'s>, String>> {
    let is_reference = text_at(source, "/ref").is_some();
    if is_reference && text_at(source, "/path").is_none() && text_at(source, "/chart").is_none() {
        return None;
    }
    Some(read_source(object, source, all, around))
}

fn read_source<'s>(
    object: &Object,
    source: &Value,
    all: &[&Value],
    around: &Surroundings<'s>,
) -> Result<Source<'s>, String> {
    let url = text_at(source, "/repoURL").unwrap_or_default();
    if let Some(unknown) = unknown_option(source) {
        return Err(format!("`{unknown}` changes what its source renders to, which is not done here"));
    }
    let revision = text_at(source, "/targetRevision").unwrap_or_default();
    let namespace = text_at(&object.value, "/spec/destination/namespace").map(str::to_owned);
    let chart = text_at(source, "/chart").map(|name| around.chart(name, revision, url)).transpose()?;
    let around = &match &chart {
        None => around.at(url, AskedRevision::Any(revision))?,
        Some(ChartAt::Folder(_)) => *around,
        // It is in no state; the values files are.
        Some(ChartAt::Archive(_) | ChartAt::Remote { .. }) => {
            let mut references = value_file_names(source).filter(|name| name.starts_with('$'));
            references.next().map_or(Ok(*around), |name| referenced(name, all, around))?
        }
    };
    let folder = match (&chart, text_at(source, "/path")) {
        (Some(ChartAt::Folder(folder)), _) => folder.clone(),
        (Some(_), _) => String::new(),
        (None, Some(path)) => {
            let folder = folder_of(path);
            let overrides = [".argocd-source.yaml".to_owned(), format!(".argocd-source-{}.yaml", object.id.name)];
            if let Some(file) = overrides
                .iter()
                .map(|name| joined(&folder, name))
                .find(|file| around.state.tree.paths.contains_key(file))
            {
                return Err(format!("`{file}` changes the source, which is not done here"));
            }
            folder
        }
        (None, None) => return Err("has a source without a path".to_owned()),
    };
    let reader = match chart {
        Some(_) => Reader::Chart,
        None => Reader::ArgoCd { directory: directory(source), only: kind(source) },
    };
    let helm = HelmOptions {
        release: text_at(source, "/helm/releaseName").unwrap_or(&object.id.name).to_owned(),
        namespace: text_at(source, "/helm/namespace").map(str::to_owned).or_else(|| namespace.clone()),
        chart: chart.unwrap_or_else(|| ChartAt::Folder(folder.clone())),
        values: value_files(source, &folder, all, around)?,
        inline: inline_values(source),
        sets: parameters(source, &folder, around)?,
        kube_version: text_at(source, "/helm/kubeVersion").map(str::to_owned),
        api_versions: texts(source, "/helm/apiVersions"),
        is_upgrade: false,
    };
    let overlay = overlay(source, &folder, around)?;
    let state = around.state;
    Ok(Source { state, folder, namespace, reader, helm, overlay, substitutions: None, metadata: Vec::new() })
}

/// What of the source's own options is not carried out: all that are not known to be.
fn unknown_option(source: &Value) -> Option<String> {
    const KNOWN: [(&str, &[&str]); 4] = [
        ("", &["repoURL", "targetRevision", "path", "chart", "ref", "name", "helm", "kustomize", "directory"]),
        (
            "/helm",
            &[
                "valueFiles",
                "parameters",
                "fileParameters",
                "values",
                "valuesObject",
                "releaseName",
                "ignoreMissingValueFiles",
                "passCredentials",
                "skipCrds",
                "skipTests",
                "skipSchemaValidation",
                "version",
                "kubeVersion",
                "apiVersions",
                "namespace",
            ],
        ),
        (
            "/kustomize",
            &[
                "namePrefix",
                "nameSuffix",
                "images",
                "replicas",
                "commonLabels",
                "commonAnnotations",
                "namespace",
                "patches",
                "components",
                "version",
                "forceCommonLabels",
                "forceCommonAnnotations",
                "labelWithoutSelector",
                "labelIncludeTemplates",
                "kubeVersion",
                "apiVersions",
            ],
        ),
        ("/directory", &["recurse", "include", "exclude", "jsonnet"]),
    ];
    let unknown = KNOWN.iter().find_map(|(pointer, known)| {
        let members = source.pointer(pointer)?.as_object()?;
        let key = members.iter().find(|(key, value)| !known.contains(&key.as_str()) && !is_empty(value))?.0;
        Some(format!("spec.source{}.{key}", pointer.replace('/', ".")))
    });
    let jsonnet = source.pointer("/directory/jsonnet").is_some_and(|jsonnet| !is_empty(jsonnet));
    unknown.or_else(|| jsonnet.then(|| "spec.source.directory.jsonnet".to_owned()))
}

fn directory(source: &Value) -> Directory {
    let text = |key: &str| text_at(source, &format!("/directory/{key}")).filter(|text| !text.is_empty());
    Directory {
        recurses: source.pointer("/directory/recurse") == Some(&Value::Bool(true)),
        include: text("include").map(str::to_owned),
        exclude: text("exclude").map(str::to_owned),
    }
}

/// Argo CD takes a source for what its own options are about.
fn kind(source: &Value) -> Option<SourceKind> {
    let has = |key: &str| source.get(key).is_some_and(|value| value.as_object().is_some_and(|all| !all.is_empty()));
    if has("helm") {
        Some(SourceKind::Helm)
    } else if has("kustomize") {
        Some(SourceKind::Kustomize)
    } else if has("directory") {
        Some(SourceKind::Directory)
    } else {
        None
    }
}

fn inline_values(source: &Value) -> Option<String> {
    match source.pointer("/helm/valuesObject") {
        Some(values) if !values.is_null() => Some(values.to_string()),
        _ => text_at(source, "/helm/values").filter(|text| !text.is_empty()).map(str::to_owned),
    }
}

fn value_files(source: &Value, folder: &str, all: &[&Value], around: &Surroundings<'_>) -> Result<Vec<String>, String> {
    let may_miss = source.pointer("/helm/ignoreMissingValueFiles") == Some(&Value::Bool(true));
    let mut files = Vec::new();
    for name in value_file_names(source) {
        let found = match name.strip_prefix('$') {
            Some(rest) => {
                if referenced(name, all, around)?.state.name() != around.state.name() {
                    return Err(format!("its values file `{name}` is of another revision, which is not done here"));
                }
                let path = rest.split_once('/').map_or("", |(_, path)| path);
                values::files(around.state.tree, "", path, may_miss)
            }
            None if text_at(source, "/chart").is_some() => {
                Err(format!("its values file `{name}` lies in the chart, where it is not looked for"))
            }
            None => values::files(around.state.tree, folder, name, may_miss),
        };
        files.extend(found?);
    }
    Ok(files)
}

fn value_file_names(source: &Value) -> impl Iterator<Item = &str> {
    let names = source.pointer("/helm/valueFiles").and_then(Value::as_array).into_iter().flatten();
    names.filter_map(Value::as_str)
}

/// What a values file `$reference/path` is read in.
fn referenced<'s>(name: &str, all: &[&Value], around: &Surroundings<'s>) -> Result<Surroundings<'s>, String> {
    let reference = name.trim_start_matches('$').split('/').next();
    let named = all.iter().find(|other| text_at(other, "/ref") == reference);
    let named = named.ok_or(format!("its values file `{name}` names no source of the Application"))?;
    let (url, revision) = (text_at(named, "/repoURL"), text_at(named, "/targetRevision"));
    let there = around.at(url.unwrap_or_default(), AskedRevision::Any(revision.unwrap_or_default()));
    there.map_err(|why| format!("its values file `{name}`: {why}"))
}

fn texts(source: &Value, pointer: &str) -> Vec<String> {
    let items = source.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn parameters(source: &Value, folder: &str, around: &Surroundings<'_>) -> Result<Vec<SetValue>, String> {
    let items = |pointer: &str| source.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
    let mut sets = Vec::new();
    for parameter in items("/helm/parameters") {
        let name = text_at(parameter, "/name").unwrap_or_default();
        let value = text_at(parameter, "/value").unwrap_or_default();
        let is_text = parameter.get("forceString") == Some(&Value::Bool(true));
        sets.push(SetValue::Value { assignment: format!("{name}={}", escaped(value)), is_text });
    }
    for parameter in items("/helm/fileParameters") {
        let (name, path) = (text_at(parameter, "/name"), text_at(parameter, "/path").unwrap_or_default());
        let file = joined(folder, path);
        if !matches!(around.state.tree.paths.get(&file), Some(content) if *content != Content::Link) {
            return Err(format!("its file parameter `{path}` is no file of this repository"));
        }
        let name = name.unwrap_or_default();
        if name.contains([',', '=', '{', '}', '"']) {
            return Err(format!("its file parameter `{name}` has a name that helm would take apart"));
        }
        sets.push(SetValue::File { name: name.to_owned(), file });
    }
    Ok(sets)
}

/// Commas separate assignments; Argo CD escapes those of a value that is no list.
fn escaped(value: &str) -> String {
    if value.starts_with('{') && value.ends_with('}') {
        return value.to_owned();
    }
    let mut text = String::with_capacity(value.len());
    let mut before = ' ';
    for character in value.chars() {
        if character == ',' && before != '\\' {
            text.push('\\');
        }
        text.push(character);
        before = character;
    }
    text
}

/// `spec.source.kustomize`, as `kustomize edit` writes it into the folder's kustomization.
fn overlay(source: &Value, folder: &str, around: &Surroundings<'_>) -> Result<Map<String, Value>, String> {
    let mut overlay = Map::new();
    let Some(options) = source.get("kustomize").and_then(Value::as_object) else { return Ok(overlay) };
    for key in ["namePrefix", "nameSuffix", "namespace", "replicas"] {
        if let Some(value) = options.get(key).filter(|value| !is_empty(value)) {
            overlay.insert(key.to_owned(), value.clone());
        }
    }
    if let Some(replicas) = overlay.get_mut("replicas").and_then(Value::as_array_mut) {
        replicas.iter_mut().for_each(whole_count);
    }
    if let Some(images) = options.get("images").and_then(Value::as_array).filter(|images| !images.is_empty()) {
        let images = images.iter().filter_map(Value::as_str).map(image);
        overlay.insert("images".to_owned(), images.collect());
    }
    if let Some(labels) = options.get("commonLabels").filter(|labels| !is_empty(labels)) {
        let on = |key: &str| options.get(key) == Some(&Value::Bool(true));
        if on("labelWithoutSelector") {
            let templates = on("labelIncludeTemplates");
            overlay.insert("labels".to_owned(), json!([{"pairs": labels, "includeTemplates": templates}]));
        } else {
            overlay.insert("commonLabels".to_owned(), labels.clone());
        }
    }
    if let Some(annotations) = options.get("commonAnnotations").filter(|annotations| !is_empty(annotations)) {
        overlay.insert("commonAnnotations".to_owned(), annotations.clone());
    }
    if let Some(components) = options.get("components").and_then(Value::as_array).filter(|all| !all.is_empty()) {
        overlay.insert("components".to_owned(), self::components(components, folder, around)?);
    }
    if let Some(patches) = options.get("patches").and_then(Value::as_array).filter(|all| !all.is_empty()) {
        let patches: Result<Vec<Value>, String> = patches.iter().map(|patch| inlined(patch, folder, around)).collect();
        overlay.insert("patches".to_owned(), Value::from(patches?));
    }
    Ok(overlay)
}

/// Argo CD takes a count as number or as text.
fn whole_count(item: &mut Value) {
    let count = item.get("count").and_then(Value::as_str).and_then(|text| text.parse::<i64>().ok());
    if let (Some(count), Some(members)) = (count, item.as_object_mut()) {
        members.insert("count".to_owned(), Value::from(count));
    }
}

/// Folders of the tree, as the renderer finds them.
fn components(items: &[Value], folder: &str, around: &Surroundings<'_>) -> Result<Value, String> {
    let texts = items.iter().filter_map(Value::as_str);
    let inside = texts.map(|item| {
        let path = joined(folder, item);
        if around.state.closures.is_kustomization(&path) {
            Ok(Value::from(path))
        } else {
            Err(format!("its component `{item}` is not in this repository"))
        }
    });
    Ok(Value::from(inside.collect::<Result<Vec<_>, String>>()?))
}

/// A patch with its text in the place of its file.
fn inlined(patch: &Value, folder: &str, around: &Surroundings<'_>) -> Result<Value, String> {
    let Some(path) = text_at(patch, "/path").filter(|path| !path.is_empty()) else { return Ok(patch.clone()) };
    let whole = joined(folder, path);
    let file = around.state.tree.files.get(&whole).filter(|_| is_below(&whole, ""));
    let file = file.ok_or(format!("its patch `{path}` is not in this repository"))?;
    let mut inlined = patch.clone();
    if let Some(members) = inlined.as_object_mut() {
        members.remove("path");
        members.insert("patch".to_owned(), Value::from(&*file.text));
    }
    Ok(inlined)
}

/// `name=newName:tag@digest`, as `kustomize edit set image` reads it.
pub(super) fn image(text: &str) -> Value {
    let (name, new) = text.split_once('=').map_or((None, text), |(name, new)| (Some(name), new));
    let (rest, digest) = new.split_once('@').map_or((new, None), |(rest, digest)| (rest, Some(digest)));
    let colon = rest.rfind(':').filter(|colon| rest.get(*colon..).is_some_and(|tail| !tail.contains('/')));
    let (new_name, tag) = match colon {
        Some(colon) => (rest.get(..colon).unwrap_or_default(), rest.get(colon.saturating_add(1)..)),
        None => (rest, None),
    };
    let mut image = Map::new();
    image.insert("name".to_owned(), Value::from(name.unwrap_or(new_name)));
    if name.is_some() {
        image.insert("newName".to_owned(), Value::from(new_name));
    }
    for (key, value) in [("newTag", tag), ("digest", digest)] {
        if let Some(value) = value {
            image.insert(key.to_owned(), Value::from(value));
        }
    }
    Value::from(image)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(is_set) => !is_set,
        Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_read_as_kustomize_edit_reads_them() {
        assert_eq!(image("rqlite/rqlite:9"), json!({"name": "rqlite/rqlite", "newTag": "9"}));
        let mirrored = json!({"name": "rqlite/rqlite", "newName": "mirror:5000/rqlite", "newTag": "9"});
        assert_eq!(image("rqlite/rqlite=mirror:5000/rqlite:9"), mirrored);
        let digest = json!({"name": "a", "newName": "b", "digest": "sha256:0"});
        assert_eq!(image("a=b@sha256:0"), digest);
    }

    #[test]
    fn commas_of_a_value_are_escaped_and_those_of_a_list_are_not() {
        assert_eq!(escaped("a,b"), "a\\,b");
        assert_eq!(escaped("a\\,b"), "a\\,b");
        assert_eq!(escaped("{a,b}"), "{a,b}");
    }

    #[test]
    fn what_prunes_and_what_cascades() {
        let spec = |sync: Value| json!({"spec": {"syncPolicy": sync}});
        assert_eq!(prunes(&spec(json!({"automated": {"prune": true}}))), Removal::Deletes);
        for keeping in [json!({}), json!({"automated": {}}), json!({"automated": {"prune": true, "enabled": false}})] {
            assert!(matches!(prunes(&spec(keeping)), Removal::Keeps(_)));
        }
        let with = |name: &str| json!({"metadata": {"finalizers": [name]}});
        assert_eq!(cascades(&with(FINALIZER)), Removal::Deletes);
        assert_eq!(finalizer_propagation(&with(&format!("{FINALIZER}/background"))), Propagation::Background);
        assert!(matches!(cascades(&with("other")), Removal::Keeps(_)));
    }
}
