//! The command line of an rqlite container: what the kubelet would give to the runtime, with folders for mounts and addresses for names.
//! Starts nothing.

use std::collections::{BTreeSet, HashSet};
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;

use k8s_openapi::api::core::v1::{Container, Pod};
use kube::ResourceExt;

use super::binaries::{Rqlited, Rqliteds, Version};
use super::environment::{self, Environment, expand};
use super::peers::{self, Addresses};
use super::rewrite::Rewrite;
use super::source::Source;
use super::volumes::{self, Folders};
use super::waiting::Waiting;
use super::{entrypoint, is_local};

/// Which container runs rqlited: by the last part of its image's name, else by a word of its command line.
pub(super) fn container_of(pod: &Pod) -> Option<&Container> {
    let spec = pod.spec.as_ref()?;
    let by_image = |container: &&Container| {
        let image = container.image.as_deref().unwrap_or_default().split('@').next().unwrap_or_default();
        let name = image.rsplit('/').next().unwrap_or_default();
        name.split(':').next().unwrap_or_default().contains("rqlite")
    };
    let by_word = |container: &&Container| {
        let mut words = container.command.iter().chain(&container.args).flatten();
        words.any(|word| word.split_whitespace().any(|word| word.rsplit('/').next() == Some("rqlited")))
    };
    spec.containers.iter().find(by_image).or_else(|| spec.containers.iter().find(by_word))
}

/// What all launches of a Pod have in common.
pub(super) struct Launcher<'a> {
    pub(super) source: &'a Source,
    pub(super) addresses: &'a Addresses,
    /// Of this Pod.
    pub(super) folder: &'a Path,
    pub(super) claims: &'a Path,
    /// Addresses of nodes that are held down: discovery does not find them.
    pub(super) held: &'a HashSet<Ipv4Addr>,
}

impl Launcher<'_> {
    /// Makes everything that the container needs, and gives what starts it.
    pub(super) async fn prepare(&self, pod: &Pod, container: &Container) -> Result<Command, Waiting> {
        let rqlited = binary(container.image.as_deref().unwrap_or_default())?;
        let address = self.addresses.of_pod(pod).to_string();
        let environment = environment::resolve(self.source, pod, container, &address).await?;
        let mut rewrite = Rewrite::default();
        let folders = Folders { pod: self.folder, claims: self.claims };
        let files = volumes::mount(self.source, pod, container, &environment, &folders, &mut rewrite).await?;
        let words = words(container, &environment);
        self.root(&words, &environment, &mut rewrite)?;
        let peers = self.peers(pod, rqlited, &mut rewrite).await?;
        let words = peers::discovered(words, rqlited.version, &peers);
        // Every Pod is in the one network: "all addresses" are this Pod's.
        rewrite.name("0.0.0.0", &address);
        rewrite.name("dns-srv", "dns");
        let programs = self.folder.join("bin");
        let name = pod.name_any();
        entrypoint::write(&programs, rqlited, (&name, &address), &mut rewrite)
            .map_err(|error| Waiting::volume(format!("{}: {error}", programs.display())))?;
        volumes::write(files, &rewrite)?;

        let mut command = Command::new("/bin/sh");
        // A word that is no program ends the container with 127, as it is for any other reason: the test goes on.
        command.args(["-c", "exec \"$@\"", "sh"]).args(words.iter().map(|word| rewrite.apply(word)));
        command.env_clear().current_dir(self.folder);
        command.env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", programs.display()));
        command.env("HOME", self.folder).env("HOSTNAME", &name).env("RQLITE_DISCO_DNS_HOSTS", peers);
        command.envs(environment.iter().map(|(name, value)| (name, rewrite.apply(value))));
        Ok(command)
    }

    /// Data outside of every mount: a folder of the Pod's own. What is known of it is its place in the image, `DATA_DIR`, and
    /// the last word of a command line.
    fn root(&self, words: &[String], environment: &Environment, rewrite: &mut Rewrite) -> Result<(), Waiting> {
        let named = words.last().filter(|word| word.starts_with('/') && !word.contains(char::is_whitespace)).cloned();
        let outside = [Some(entrypoint::DATA.to_owned()), environment.get("DATA_DIR").cloned(), named];
        let outside: BTreeSet<String> = outside.into_iter().flatten().filter(|path| !rewrite.covers(path)).collect();
        for path in outside {
            let folder = self.folder.join("root").join(path.trim_start_matches('/'));
            std::fs::create_dir_all(&folder)
                .map_err(|error| Waiting::volume(format!("{}: {error}", folder.display())))?;
            rewrite.path(&path, &folder);
        }
        Ok(())
    }

    /// What the discovery name resolves to. Host names of Pods, with and without the namespace and domain, become addresses.
    async fn peers(&self, pod: &Pod, rqlited: &Rqlited, rewrite: &mut Rewrite) -> Result<String, Waiting> {
        let sets = self.source.sets().await?;
        let namespace = pod.namespace().unwrap_or_default();
        let peers = peers::of(pod, &sets, self.addresses);
        for peer in &peers {
            let address = peer.address.to_string();
            for domain in ["", ".svc", ".svc.cluster.local"] {
                rewrite.name(&format!("{}.{namespace}{domain}", peer.host), &address);
            }
            rewrite.name(&peer.host, &address);
        }
        // A Pod of no set is found alone.
        let alone = peers.is_empty().then(|| self.addresses.of_pod(pod));
        let found = peers.iter().map(|peer| peer.address).chain(alone).filter(|address| !self.held.contains(address));
        // Since 8.0 nodes join at the Raft port, before over HTTP.
        let (scheme, port) = if rqlited.version < Version(8, 0, 0) { ("http://", 4001) } else { ("", 4002) };
        let found: Vec<String> = found.map(|address| format!("{scheme}{address}:{port}")).collect();
        Ok(found.join(","))
    }
}

fn binary(image: &str) -> Result<&'static Rqlited, Waiting> {
    if !is_local() {
        return Err(Waiting::no_image("rqlited runs in `isolation::run` alone".to_owned()));
    }
    let rqliteds = Rqliteds::find().ok_or_else(|| Waiting::no_image("there is no rqlited here".to_owned()))?;
    rqliteds.of_image(image).ok_or_else(|| {
        let versions: Vec<String> = rqliteds.all().iter().map(|rqlited| rqlited.version.to_string()).collect();
        Waiting::no_image(format!("no rqlited here is what `{image}` runs; there are {}", versions.join(", ")))
    })
}

/// The image's entrypoint and command, unless the container says something else.
fn words(container: &Container, environment: &Environment) -> Vec<String> {
    let given = |words: &Option<Vec<String>>| -> Vec<String> {
        words.iter().flatten().map(|word| expand(word, environment)).collect()
    };
    let (mut command, mut arguments) = (given(&container.command), given(&container.args));
    if command.is_empty() {
        command.push(entrypoint::ENTRYPOINT.to_owned());
        if arguments.is_empty() {
            arguments.push("run".to_owned());
        }
    }
    command.extend(arguments);
    command
}
