//! Flags and mounts that carry credentials: which file a flag names, and which key of which object lies there.
//! Never what a file holds, and not whether a Secret exists: the manifest alone is read.

use crate::cluster::Node;
#[cfg(feature = "recognition")]
use crate::launch::{Expansion, Launch};
#[cfg(feature = "recognition")]
use crate::value::Source;
use crate::value::Value;
use kubernetes::manifest::Place;
#[cfg(feature = "recognition")]
use kubernetes::manifest::{Container, EnvVar};
use kubernetes::manifest::{KeyToPath, PodSpec, ProjectedFiles, ProjectedSource, Volume, VolumeMount};

/// A flag that names a file with credentials or certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileFlag {
    /// Without dashes.
    pub name: &'static str,
    /// Its file holds a secret (a private key, passwords, cloud keys).
    pub confidential: bool,
}

const fn confidential(name: &'static str) -> FileFlag {
    FileFlag { name, confidential: true }
}

const fn public(name: &'static str) -> FileFlag {
    FileFlag { name, confidential: false }
}

/// rqlited's flags that name such files (rqlite/rqlite `cmd/rqlited/flags.toml`).
pub(crate) const FILE_FLAGS: &[FileFlag] = &[
    confidential("auth"),
    public("http-ca-cert"),
    public("http-cert"),
    confidential("http-key"),
    public("node-ca-cert"),
    public("node-cert"),
    confidential("node-key"),
    public("otlp-ca-cert"),
    public("otlp-cert"),
    confidential("otlp-key"),
    confidential("auto-backup"),
    confidential("auto-restore"),
];

/// A file that a flag of the launch names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedFile {
    /// Which flag names it.
    pub flag: FileFlag,
    /// As the flag gives it, which may be relative; never empty.
    pub path: Value<String>,
    /// Where the flag stands; None: neither in the container nor in a script of it.
    pub place: Option<Place>,
}

/// What lies at a path inside a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mounted {
    /// That key of that Secret.
    Secret {
        /// The Secret's name.
        name: String,
        /// In its `data`.
        key: String,
    },
    /// That key of that ConfigMap.
    ConfigMap {
        /// The ConfigMap's name.
        name: String,
        /// In its `data`.
        key: String,
    },
    /// Under a mount of a volume that is neither, by volume name.
    Other(String),
    /// Under a Secret's or ConfigMap's mount, but `items` or `subPath` leave that file out.
    LeftOut {
        /// The volume's name.
        volume: String,
    },
    /// Under no mount.
    Nothing,
}

/// The credential files that the launch names, by flag in a fixed order.
/// An empty value is rqlited's default and names none; a launch that cannot be read names none either.
pub fn named_files(node: &Node) -> Vec<NamedFile> {
    let Some(line) = &node.launch.line else { return Vec::new() };
    let named = FILE_FLAGS.iter().filter_map(|flag| {
        let path = line.text(flag.name).filter(|path| path.known().is_none_or(|path| !path.is_empty()))?;
        Some(NamedFile { flag: *flag, path, place: line.place(flag.name) })
    });
    named.collect()
}

/// The flags whose file the launch's script itself names, so that it may write it.
#[cfg(feature = "recognition")]
pub(crate) fn files_in_script(launch: &Launch) -> Vec<&'static str> {
    let (Some(script), Some(line)) = (&launch.script, &launch.line) else { return Vec::new() };
    let named = |flag: &&FileFlag| match line.text(flag.name) {
        Some(Value::Known(path)) => !path.is_empty() && script_names(&launch.container, script, &path),
        Some(Value::Deferred(_) | Value::Malformed(_)) | None => false,
    };
    FILE_FLAGS.iter().filter(named).map(|flag| flag.name).collect()
}

/// The script has the path as a word of its own, not as a part of a longer path: written out, or by a literal entry of the environment
/// that is the path (`-auth=$(AUTH)`, `-auth="$AUTH"`).
#[cfg(feature = "recognition")]
fn script_names(container: &Container, script: &str, path: &str) -> bool {
    let expansion = Expansion::of(container);
    let expanded = match expansion.expand(script) {
        Value::Known(text) | Value::Malformed(text) | Value::Deferred(Source::Composed { text, .. }) => text,
        Value::Deferred(_) => String::new(),
    };
    let is_path = |entry: &&EnvVar| {
        let value = entry.value.as_deref().map(|value| expansion.expand(value));
        value.is_some_and(|value| value.known().is_some_and(|text| text == path))
    };
    let mut variables = container.env.iter().filter(is_path);
    has_path(&expanded, path) || variables.any(|entry| has_variable(&expanded, &entry.name))
}

#[cfg(feature = "recognition")]
fn has_path(script: &str, path: &str) -> bool {
    let continues = |letter: char| letter.is_alphanumeric() || "/._-".contains(letter);
    script.match_indices(path).any(|(start, found)| {
        let before = script.get(..start).and_then(|text| text.chars().next_back());
        let after = script.get(start + found.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(continues) && !after.is_some_and(continues)
    })
}

/// `$AUTH`, `${AUTH}`
#[cfg(feature = "recognition")]
fn has_variable(script: &str, name: &str) -> bool {
    let continues = |rest: &str| rest.starts_with(|letter: char| letter == '_' || letter.is_ascii_alphanumeric());
    let plain = format!("${name}");
    let mut found = script.match_indices(&plain);
    script.contains(&format!("${{{name}}}"))
        || found.any(|(start, text)| script.get(start + text.len()..).is_some_and(|rest| !continues(rest)))
}

/// What lies at `path` in the node's container. A relative path starts at the container's `workingDir`,
/// or at `/`: the official image sets no working directory (rqlite/rqlite `Dockerfile`).
pub fn mounted_at(node: &Node, pod: &PodSpec, path: &str) -> Mounted {
    let start = node.container.working_dir.as_deref().unwrap_or("/");
    let path = if path.starts_with('/') { path.to_owned() } else { format!("{start}/{path}") };
    let path = segments(&path);
    let covering = node.container.volume_mounts.iter().filter_map(|mount| {
        let root = segments(&mount.mount_path);
        path.strip_prefix(root.as_slice()).map(|rest| (root.len(), mount, rest))
    });
    let Some((_, mount, rest)) = covering.max_by_key(|(depth, _, _)| *depth) else { return Mounted::Nothing };
    let Some(volume) = pod.volumes.iter().find(|volume| volume.name == mount.name) else {
        return Mounted::Other(mount.name.clone());
    };
    in_volume(volume, mount, rest)
}

/// The segments of a path, `.` and `..` resolved as Go's `path.Clean` does.
fn segments(path: &str) -> Vec<&str> {
    let mut clean = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(clean.pop()),
            segment => clean.push(segment),
        }
    }
    clean
}

fn in_volume(volume: &Volume, mount: &VolumeMount, rest: &[&str]) -> Mounted {
    let left_out = || Mounted::LeftOut { volume: volume.name.clone() };
    let file = file_in_volume(mount, rest);
    // Its text decides which file it is only at run time; that it comes from this object is certain.
    let any = !mount.sub_path_expr.is_empty();
    let key = |items: &[KeyToPath]| if any { Some(file.clone()) } else { key_at(items, &file) };
    if let Some(secret) = &volume.secret {
        let name = secret.secret_name.clone();
        key(&secret.items).map_or_else(left_out, |key| Mounted::Secret { name, key })
    } else if let Some(map) = &volume.config_map {
        let name = map.name.clone();
        key(&map.items).map_or_else(left_out, |key| Mounted::ConfigMap { name, key })
    } else if let Some(projected) = &volume.projected {
        in_projection(&projected.sources, &file, &volume.name).unwrap_or_else(left_out)
    } else {
        Mounted::Other(volume.name.clone())
    }
}

/// The file's path inside of the volume.
fn file_in_volume(mount: &VolumeMount, rest: &[&str]) -> String {
    let sub_path = if mount.sub_path.is_empty() { &mount.sub_path_expr } else { &mount.sub_path };
    let mut file = segments(sub_path);
    file.extend(rest);
    // kubelet keeps the files behind a link of this name (Kubernetes pkg/volume/util/atomic_writer.go).
    let file = file.strip_prefix(&["..data"]).unwrap_or(&file);
    file.join("/")
}

/// The key at a path of a Secret or ConfigMap volume: without `items` every key is a file of its own name.
fn key_at(items: &[KeyToPath], file: &str) -> Option<String> {
    if items.is_empty() {
        return (!file.is_empty() && !file.contains('/')).then(|| file.to_owned());
    }
    let wanted = segments(file);
    items.iter().find(|item| segments(&item.path) == wanted).map(|item| item.key.clone())
}

/// Sources with `items` say what they have; of those without, a Secret is taken before a ConfigMap,
/// and a source that is neither (a token) may have the file too. None: all leave it out.
fn in_projection(sources: &[ProjectedSource], file: &str, volume: &str) -> Option<Mounted> {
    let secrets = sources.iter().filter_map(|source| source.secret.as_ref());
    let maps = sources.iter().filter_map(|source| source.config_map.as_ref());
    let of_secret = |files: &ProjectedFiles| {
        key_at(&files.items, file).map(|key| Mounted::Secret { name: files.name.clone(), key })
    };
    let of_map = |files: &ProjectedFiles| {
        key_at(&files.items, file).map(|key| Mounted::ConfigMap { name: files.name.clone(), key })
    };
    let exact = |files: &&ProjectedFiles| !files.items.is_empty();
    let whole = |files: &&ProjectedFiles| files.items.is_empty();
    secrets
        .clone()
        .filter(exact)
        .find_map(of_secret)
        .or_else(|| maps.clone().filter(exact).find_map(of_map))
        .or_else(|| secrets.filter(whole).find_map(of_secret))
        .or_else(|| maps.filter(whole).find_map(of_map))
        .or_else(|| {
            let other = |source: &ProjectedSource| source.secret.is_none() && source.config_map.is_none();
            sources.iter().any(other).then(|| Mounted::Other(volume.to_owned()))
        })
}

#[cfg(test)]
mod tests;
