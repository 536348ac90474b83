//! Refuses files with passwords or private keys that come from a ConfigMap. Never looks at what such a file holds.

use quorate_sdk::{AtPath, Finding, Judges, Rule, Severity};
use rqlite::secret::{Mounted, mounted_at, named_files};

use crate::flag_state::lies;
use crate::rule_input::RuleInput;
use crate::words::short;

/// ## What it refuses
/// A file of `-auth`, `-http-key`, `-node-key`, `-otlp-key`, `-auto-backup` or `-auto-restore` that is mounted from a ConfigMap.
///
/// ## Why
/// These files hold passwords in plain text (rqlite has no hashed ones since 8.12.0), private keys, or the cloud keys of the
/// backup's bucket (rqlite/rqlite `auth/credential_store.go`, rqlite.io/docs/guides/backup). ConfigMaps are readable for
/// everybody with the role `view`, are not encrypted at rest where Secrets are, and end up in git in the clear.
///
/// ## Example
/// ```yaml
/// args: ["-auth=/auth/users.json", "-join-as=node"]
/// volumeMounts: [{name: users, mountPath: /auth}]
/// volumes: [{name: users, configMap: {name: rqlite-users}}]
/// ```
///
/// ## Instead
/// ```text
/// kubectl create secret generic rqlite-users --from-file=users.json
/// kubectl annotate statefulset rqlite quorate.dev/auth-secret=rqlite-users quorate.dev/join-as=node
/// ```
///
/// ## When the value is unknown
/// A path that comes from a reference is not judged. In a projected volume a Secret's key of the same name goes first.
pub const RULE: Rule = Rule::new(
    "credentials-in-configmap",
    "a file with passwords or private keys is mounted from a ConfigMap",
    Severity::High,
    Judges::Object,
);

pub fn evaluate(input: &RuleInput) -> Vec<Finding> {
    let mut findings = Vec::new();
    for node in &input.set.nodes {
        for file in named_files(node).into_iter().filter(|file| file.flag.confidential) {
            let Some(path) = file.path.known() else { continue };
            let mounted = mounted_at(node, input.pod(), path);
            let Mounted::ConfigMap { .. } = mounted else { continue };
            let flag = file.flag.name;
            let finding = RULE
                .deny(format!("`-{flag}={}` {}, and its content is confidential", short(path), lies(&mounted)))
                .field(node.path(flag))
                .remedy("put the file into a Secret and mount that in the ConfigMap's place")
                .defect(format!("{} {flag}", node.container.name));
            findings.push(finding);
        }
    }
    findings
}
