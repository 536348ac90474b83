//! From what is asked for to the items that a set should have, and why some cannot be. Puts nothing anywhere.

use kubernetes::manifest::{Container, PodSpec, Probe};
use quorate_sdk::injection::{Injector, Item, ProbeKind, TemplateEditor};
use rqlite::cluster::{Node, RqliteSet};
use rqlite::flag_table;
use rqlite::role::Role;
use serde_json::{Value, json};

use crate::credential_kind::{CREDENTIAL_KINDS, CredentialKind, CredentialSource, Files, StartCondition};
use crate::credential_request::{CredentialRequest, CredentialRequests, JOIN_AS, WantedFlag, WantedValue};
use crate::flag_state::{self, FlagState};
use crate::identity::POLICY;
use crate::launch_probe::LaunchProbe;
use crate::obstacle::MountObstacle;
use crate::start_window::{Due, StartWindow};

pub const INJECTOR: Injector = Injector { policy: POLICY, makes };

/// What a set should have.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MountPlan {
    /// What each ask wants that may be there now or later, in the order of the topics.
    pub wanted: Vec<(&'static CredentialKind, Vec<Item>)>,
    /// What was injected and stays although it is not asked for as it is: node TLS that may not go now, and the user as which
    /// nodes join each other as long as there are users.
    pub kept: Vec<Item>,
    pub obstacles: Vec<(&'static CredentialKind, MountObstacle)>,
}

impl MountPlan {
    /// What the set should have, read from what its author wrote (`editor.uninjected()`).
    pub fn of(
        editor: &TemplateEditor,
        set: &RqliteSet,
        asked: &CredentialRequests,
        start_window: &StartWindow,
    ) -> Self {
        let mut plan = MountPlan::default();
        let pod = &editor.uninjected().set.spec.template.spec;
        if let Due::NotNow(_) = start_window.due(StartCondition::NodeTls) {
            plan.kept = kept(editor, mode(pod));
        }
        let user = listed_user(editor).filter(|_| !asked.names_who_joins());
        let mut probe = set.sole_node().map(LaunchProbe::of);
        let kept: Vec<String> = plan.kept.iter().filter_map(flag_token).collect();
        if let Some(probe) = &mut probe {
            // One that the launch cannot take any more goes, and is no reason against the others.
            kept.into_iter().for_each(|token| drop(probe.add(&[token])));
        }
        for request in &asked.requests {
            if let Due::NotNow(_) = start_window.due(request.topic.start) {
                continue;
            }
            let node = set.sole_node().zip(probe.as_mut()).ok_or(MountObstacle::Containers(set.nodes.len()));
            match node.and_then(|(node, probe)| items(node, pod, request, probe)) {
                Ok(items) if request.topic.key == AUTH && !items.is_empty() && !joins(editor, set, asked) => {
                    plan.obstacles.push((request.topic, MountObstacle::NoUser));
                }
                Ok(items) => {
                    plan.kept.extend(user.clone().filter(|_| request.topic.key == AUTH));
                    plan.wanted.push((request.topic, items));
                }
                Err(obstacle) => plan.obstacles.push((request.topic, obstacle)),
            }
        }
        if let Some(refusal) = probe.and_then(|probe| probe.refusal()) {
            plan.refuse(&refusal);
        }
        plan
    }

    /// Nothing goes into a launch that rqlited refuses with it as well as without.
    fn refuse(&mut self, refusal: &MountObstacle) {
        let (refused, rest): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.wanted).into_iter().partition(|(_, items)| items.iter().any(is_flag));
        self.wanted = rest;
        self.obstacles.extend(refused.into_iter().map(|(topic, _)| (topic, refusal.clone())));
    }

    /// All items, flags of later topics first: each goes to the front of what is there, so that they read in order.
    pub fn items(&self) -> Vec<Item> {
        let wanted = self.wanted.iter().flat_map(|(_, items)| items);
        let (flags, others): (Vec<Item>, Vec<Item>) = wanted.chain(&self.kept).cloned().partition(is_flag);
        flags.into_iter().rev().chain(others).collect()
    }
}

const AUTH: &str = "auth-secret";

/// Nodes will have a user as which they join each other. Users that are there already stay whatever comes: without them the
/// cluster would be open.
fn joins(editor: &TemplateEditor, set: &RqliteSet, asked: &CredentialRequests) -> bool {
    let listed = |topic: &str| editor.listed().iter().any(|item| kind_of(item).is_some_and(|found| found.key == topic));
    asked.names_who_joins()
        // `*` may have the permission `join-read-only`, which tells nobody anything.
        || set.role() == Role::ReadOnly
        || set.nodes.iter().any(|node| flag_state::gives_any(node, JOIN_AS))
        || listed(JOIN_AS)
        || listed(AUTH)
}

/// The user that was injected.
fn listed_user(editor: &TemplateEditor) -> Option<Item> {
    editor.listed().into_iter().find(|item| kind_of(item).is_some_and(|topic| topic.key == JOIN_AS))
}

/// The items of one ask: none where the user's own flags give it already, or contradict it.
fn items(
    node: &Node,
    pod: &PodSpec,
    request: &CredentialRequest,
    probe: &mut LaunchProbe,
) -> Result<Vec<Item>, MountObstacle> {
    let states: Vec<(&WantedFlag, FlagState)> =
        request.flags.iter().map(|wanted| (wanted, flag_state::of(node, pod, wanted, |_| false))).collect();
    if states.iter().any(|(_, state)| matches!(state, FlagState::Otherwise(_))) {
        return Ok(Vec::new());
    }
    let missing: Vec<&WantedFlag> =
        states.iter().filter(|(_, state)| *state == FlagState::Missing).map(|(wanted, _)| *wanted).collect();
    let container = &node.container.name;
    if let Some(obstacle) = unknown_flag(node, &missing) {
        return Err(obstacle);
    }
    if let CredentialSource::Files(files) = &request.topic.source
        && !missing.is_empty()
    {
        free(node, pod, files)?;
    }
    let tokens: Vec<String> = missing.iter().map(|wanted| token(wanted)).collect();
    probe.add(&tokens)?;
    let mut items: Vec<Item> =
        tokens.into_iter().map(|token| Item::Flag { container: container.clone(), token }).collect();
    if let CredentialSource::Files(files) = &request.topic.source {
        items.extend(volume(&files.volume(), &missing, mode(pod)));
        items.extend(mount(container, &files.volume(), &files.directory(), &missing));
    }
    if request.topic.https {
        items.extend(probes(&node.container));
    }
    Ok(items)
}

/// The name of the volume and the path of the mount are nobody's.
fn free(node: &Node, pod: &PodSpec, files: &Files) -> Result<(), MountObstacle> {
    let (volume, directory) = (files.volume(), files.directory());
    if pod.volumes.iter().any(|other| other.name == volume) {
        return Err(MountObstacle::Taken(format!("volume {volume}")));
    }
    if node.container.volume_mounts.iter().any(|mount| mount.mount_path.trim_end_matches('/') == directory) {
        return Err(MountObstacle::Taken(format!("mount {directory}")));
    }
    Ok(())
}

fn token(wanted: &WantedFlag) -> String {
    match &wanted.value {
        WantedValue::File { path, .. } => format!("-{}={path}", wanted.flag),
        WantedValue::Text(text) => format!("-{}={text}", wanted.flag),
    }
}

/// Only the keys that are asked for: the Secret may have others.
fn volume(name: &str, missing: &[&WantedFlag], mode: i64) -> Option<Item> {
    let mut secret_name = None;
    let mut items = Vec::new();
    for wanted in missing {
        if let WantedValue::File { secret, key, .. } = &wanted.value {
            secret_name = Some(secret);
            items.push(json!({ "key": key, "path": key }));
        }
    }
    let secret = json!({ "secretName": secret_name?, "defaultMode": mode, "items": items });
    Some(Item::Volume { content: json!({ "name": name, "secret": secret }) })
}

fn mount(container: &str, volume: &str, directory: &str, missing: &[&WantedFlag]) -> Option<Item> {
    let content = json!({ "name": volume, "mountPath": directory, "readOnly": true });
    (!missing.is_empty()).then(|| Item::Mount { container: container.to_owned(), content })
}

/// Probes by HTTP that do not speak HTTPS of themselves.
fn probes(container: &Container) -> impl Iterator<Item = Item> {
    let all = [
        (ProbeKind::Readiness, &container.readiness_probe),
        (ProbeKind::Liveness, &container.liveness_probe),
        (ProbeKind::Startup, &container.startup_probe),
    ];
    let plain = |probe: &Probe| probe.http_get.as_ref().is_some_and(|get| get.scheme.as_deref() != Some("HTTPS"));
    let plain = all.into_iter().filter(move |(_, probe)| probe.as_ref().is_some_and(plain));
    plain.map(|(probe, _)| Item::Probe { container: container.name.clone(), probe })
}

/// 0440 with an fsGroup, since the kubelet gives the files to that group; else 0444, or rqlited (uid 1000 since 9.3.4)
/// could not read root's files.
const fn mode(pod: &PodSpec) -> i64 {
    if pod.security_context.fs_group.is_some() { 0o440 } else { 0o444 }
}

/// rqlited exits with code 2 at a flag that its release does not have.
fn unknown_flag(node: &Node, missing: &[&WantedFlag]) -> Option<MountObstacle> {
    let release = node.version.release()?;
    let lacks = |flag: &&'static str| flag_table::lookup(flag).is_some_and(|spec| !spec.exists_in(release));
    let flag = missing.iter().map(|wanted| wanted.flag).find(lacks)?;
    Some(MountObstacle::NoFlag { flag, release: release.to_string() })
}

/// Node TLS that this policy has put there, with the mode of the new template.
fn kept(editor: &TemplateEditor, mode: i64) -> Vec<Item> {
    let mut kept: Vec<Item> = Vec::new();
    for item in editor.listed().into_iter().chain(editor.present()) {
        let node_tls = kind_of(&item).is_some_and(|topic| topic.start == StartCondition::NodeTls);
        if node_tls && !kept.iter().any(|other| other.same(&item)) {
            kept.push(with_mode(item, mode));
        }
    }
    kept
}

fn with_mode(item: Item, mode: i64) -> Item {
    match item {
        Item::Volume { mut content } => {
            if let Some(secret) = content.get_mut("secret").and_then(Value::as_object_mut) {
                secret.insert("defaultMode".to_owned(), json!(mode));
            }
            Item::Volume { content }
        }
        Item::Flag { .. } | Item::Grace { .. } | Item::Mount { .. } | Item::Probe { .. } => item,
    }
}

/// What only this policy makes: its flags with its paths, volumes and mounts of its names, and HTTPS probes.
fn makes(item: &Item) -> bool {
    matches!(item, Item::Probe { .. }) || kind_of(item).is_some()
}

/// The topic that an injected item belongs to; none for a probe.
pub fn kind_of(item: &Item) -> Option<&'static CredentialKind> {
    CREDENTIAL_KINDS.iter().find(|topic| match (&topic.source, item) {
        (CredentialSource::Files(files), Item::Flag { token, .. }) => named_value(token).is_some_and(|(name, path)| {
            let below = path.strip_prefix(&files.directory()).is_some_and(|rest| rest.starts_with('/'));
            below && files.flags.iter().any(|(flag, _)| *flag == name)
        }),
        (CredentialSource::Text { flag }, Item::Flag { token, .. }) => {
            named_value(token).is_some_and(|(name, _)| name == *flag)
        }
        (CredentialSource::Files(files), Item::Volume { content }) => text(content, "name") == Some(&files.volume()),
        (CredentialSource::Files(files), Item::Mount { content, .. }) => {
            text(content, "mountPath") == Some(&files.directory())
        }
        (CredentialSource::Files(_), Item::Grace { .. } | Item::Probe { .. }) | (CredentialSource::Text { .. }, _) => {
            false
        }
    })
}

fn is_flag(item: &Item) -> bool {
    matches!(item, Item::Flag { .. })
}

fn flag_token(item: &Item) -> Option<String> {
    match item {
        Item::Flag { token, .. } => Some(token.clone()),
        Item::Grace { .. } | Item::Volume { .. } | Item::Mount { .. } | Item::Probe { .. } => None,
    }
}

fn named_value(token: &str) -> Option<(&str, &str)> {
    token.strip_prefix('-')?.split_once('=')
}

fn text<'a>(content: &'a Value, key: &str) -> Option<&'a str> {
    content.get(key).and_then(Value::as_str)
}
