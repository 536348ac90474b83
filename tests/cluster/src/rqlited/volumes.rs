//! A container's mounts, as folders: a claim's lives as long as the claim, all others as long as the Pod.
//! ConfigMaps and Secrets are written once, when the container starts (a kubelet keeps them up to date). Modes and owners are
//! left out: everything here belongs to the test.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use k8s_openapi::api::core::v1::{Container, KeyToPath, Pod, Volume};

use super::environment::{Environment, expand};
use super::rewrite::Rewrite;
use super::source::{Entries, Source};
use super::waiting::Waiting;

/// Where the volumes are.
pub(super) struct Folders<'a> {
    /// Of this Pod.
    pub(super) pod: &'a Path,
    /// A folder per claim, by uid.
    pub(super) claims: &'a Path,
}

/// A file that comes from the API, to be written when all mounts are known: paths in it are rewritten too.
pub(super) struct File {
    path: PathBuf,
    content: Vec<u8>,
}

/// Makes the folders and adds them to what is rewritten; gives the files that go into them.
pub(super) async fn mount(
    source: &Source,
    pod: &Pod,
    container: &Container,
    environment: &Environment,
    folders: &Folders<'_>,
    rewrite: &mut Rewrite,
) -> Result<Vec<File>, Waiting> {
    let volumes: Vec<&Volume> = pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten()).collect();
    let mut files = Vec::new();
    for mount in container.volume_mounts.iter().flatten() {
        let volume = volumes.iter().find(|volume| volume.name == mount.name);
        let volume = volume.ok_or_else(|| Waiting::volume(format!("no volume `{}`", mount.name)))?;
        let (folder, found) = provide(source, volume, folders).await?;
        let is_folder = found.is_none();
        files.extend(found.into_iter().flatten());
        let expanded = mount.sub_path_expr.as_ref().map(|path| expand(path, environment));
        let target = match expanded.as_ref().or(mount.sub_path.as_ref()) {
            Some(path) => folder.join(path),
            None => folder.clone(),
        };
        // A `subPath` of a ConfigMap or a Secret is mostly a file of it; elsewhere it is a folder, made if need be.
        make(if is_folder { &target } else { &folder })?;
        rewrite.path(&mount.mount_path, &target);
    }
    Ok(files)
}

/// Writes the files, with the paths and names in them rewritten where they are text.
pub(super) fn write(files: Vec<File>, rewrite: &Rewrite) -> Result<(), Waiting> {
    for File { path, content } in files {
        let content = match String::from_utf8(content) {
            Ok(text) => rewrite.apply(&text).into_bytes(),
            Err(binary) => binary.into_bytes(),
        };
        make(path.parent().unwrap_or(&path))?;
        fs::write(&path, content).map_err(|error| Waiting::volume(format!("{}: {error}", path.display())))?;
    }
    Ok(())
}

/// The folder of a volume; its files, if the API says which there are.
async fn provide(
    source: &Source,
    volume: &Volume,
    folders: &Folders<'_>,
) -> Result<(PathBuf, Option<Vec<File>>), Waiting> {
    let of_pod = folders.pod.join("volumes").join(&volume.name);
    if let Some(claim) = &volume.persistent_volume_claim {
        let uid = source.claim(&claim.claim_name).await?;
        let uid = uid.ok_or_else(|| Waiting::volume(format!("claim `{}` not found", claim.claim_name)))?;
        return Ok((folders.claims.join(uid), None));
    }
    if volume.empty_dir.is_some() {
        return Ok((of_pod, None));
    }
    let entries = if let Some(map) = &volume.config_map {
        let found = source.config_map(&map.name).await?;
        chosen(found, map.items.as_deref(), map.optional, &map.name)?
    } else if let Some(secret) = &volume.secret {
        let name = secret.secret_name.as_deref().unwrap_or_default();
        let found = source.secret(name).await?;
        chosen(found, secret.items.as_deref(), secret.optional, name)?
    } else if let Some(projected) = &volume.projected {
        let mut entries = BTreeMap::new();
        for from in projected.sources.iter().flatten() {
            if let Some(map) = &from.config_map {
                entries.extend(chosen(
                    source.config_map(&map.name).await?,
                    map.items.as_deref(),
                    map.optional,
                    &map.name,
                )?);
            } else if let Some(secret) = &from.secret {
                let found = source.secret(&secret.name).await?;
                entries.extend(chosen(found, secret.items.as_deref(), secret.optional, &secret.name)?);
            }
            // Tokens and the downward API are nothing that rqlited reads.
        }
        entries
    } else {
        return Err(Waiting::volume(format!("the node agent does not know the kind of volume `{}`", volume.name)));
    };
    let file = |(path, content): (String, Vec<u8>)| File { path: of_pod.join(path), content };
    let files = entries.into_iter().map(file).collect();
    Ok((of_pod, Some(files)))
}

/// All keys under their names, or those of `items` under their paths.
fn chosen(
    found: Option<Entries>,
    items: Option<&[KeyToPath]>,
    optional: Option<bool>,
    name: &str,
) -> Result<Entries, Waiting> {
    let entries = match found {
        Some(entries) => entries,
        None if optional == Some(true) => return Ok(Entries::new()),
        None => return Err(Waiting::volume(format!("`{name}` not found"))),
    };
    let Some(items) = items.filter(|items| !items.is_empty()) else { return Ok(entries) };
    let mut files = Entries::new();
    for item in items {
        match entries.get(&item.key) {
            Some(content) => drop(files.insert(item.path.clone(), content.clone())),
            None if optional == Some(true) => {}
            None => return Err(Waiting::volume(format!("`{name}` has no key `{}`", item.key))),
        }
    }
    Ok(files)
}

fn make(folder: &Path) -> Result<(), Waiting> {
    fs::create_dir_all(folder).map_err(|error| Waiting::volume(format!("{}: {error}", folder.display())))
}
