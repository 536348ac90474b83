//! Refuses credential and certificate files that no mount gives. Does not know whether a Secret has the key.

use quorate_sdk::{AtPath, Finding, Judges, Rule, Severity};
use rqlite::cluster::Node;
use rqlite::secret::{FileFlag, Mounted, mounted_at, named_files};
use rqlite::value::clip;

use crate::flag_state::lies;
use crate::injectors;
use crate::rule_input::RuleInput;
use crate::words::short;

/// ## What it refuses
/// A file of `-auth`, `-http-cert`, `-http-key`, `-node-cert`, `-node-key`, `-otlp-key`, `-auto-backup` or `-auto-restore` that lies
/// under no mount of the container, or under the mount of a Secret or ConfigMap whose `items` or `subPath` leave it out.
///
/// ## Why
/// rqlited exits with code 1 at a file that it cannot read, so the pod never starts (rqlite/rqlite `cmd/rqlited/main.go`);
/// and a credential that is baked into an image is in every copy of that image.
///
/// ## Example
/// ```yaml
/// args: ["-auth=/auth/users.json", "-join-as=node"]
/// volumeMounts: [{name: users, mountPath: /etc/auth}]
/// ```
///
/// ## Instead
/// Mount the Secret where the flag looks for it, or let Quorate do both:
/// ```yaml
/// metadata:
///   annotations:
///     quorate.dev/auth-secret: rqlite-users
///     quorate.dev/join-as: node
/// ```
///
/// ## When the value is unknown
/// A path that comes from a reference is not judged, nor one that the container's shell script itself names, written out or
/// by a variable whose literal value it is (the script may write the file), nor one on any other volume. Where another webhook may add the file (an annotation of Vault, OpenBao, Infisical,
/// 1Password or akv2k8s in the pod template) or an image of one's own may have it, it is a warning. CA certificates are not judged: they may well be the image's.
pub const RULE: Rule = Rule::new(
    "secret-file-not-mounted",
    "a credential or certificate file lies under no mount",
    Severity::Medium,
    Judges::Object,
);

pub fn evaluate(input: &RuleInput) -> Vec<Finding> {
    let mut findings = Vec::new();
    for node in &input.set.nodes {
        for file in named_files(node).into_iter().filter(|file| is_checked(file.flag)) {
            let Some(path) = file.path.known() else { continue };
            let mounted = mounted_at(node, input.pod(), path);
            let absent = matches!(mounted, Mounted::Nothing | Mounted::LeftOut { .. });
            if absent && !node.launch.script_names_file_of(file.flag.name) {
                findings.push(found(input, node, file.flag, path, &mounted));
            }
        }
    }
    findings
}

fn found(input: &RuleInput, node: &Node, flag: FileFlag, path: &str, mounted: &Mounted) -> Finding {
    let given = format!("`-{}={}` {}", flag.name, short(path), lies(mounted));
    if let Some(annotation) = injectors::bringing(input.pod_metadata()) {
        let message = format!("{given}; rqlited starts only if the webhook of `{}` brings it", clip(annotation));
        return RULE.warn(message).field(node.path(flag.name)).remedy("see that it brings the file to that path");
    }
    // What the image has at a path below a mount, the mount hides.
    if *mounted == Mounted::Nothing && !node.official_image() {
        let image = node.container.image.as_deref().unwrap_or_default();
        let message = format!("{given}; rqlited starts only if the image `{}` has it", clip(image));
        return RULE
            .warn(message)
            .field(node.path(flag.name))
            .remedy("better mount it from a Secret: images are copied");
    }
    denied(node, flag, path, mounted)
}

fn denied(node: &Node, flag: FileFlag, path: &str, mounted: &Mounted) -> Finding {
    RULE.deny(format!("`-{}={}` {}, so rqlited would not start", flag.name, short(path), lies(mounted)))
        .field(node.path(flag.name))
        .remedy("mount the Secret that has the file at that path, or correct the path")
        .defect(format!("{} {}", node.container.name, flag.name))
}

fn is_checked(flag: FileFlag) -> bool {
    flag.confidential || matches!(flag.name, "http-cert" | "node-cert")
}
