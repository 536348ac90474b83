//! Turns a configuration as given into what it stands for: addresses, a certificate, and each policy's module and binding.
//! Reads modules from disk; does not run them, so their settings are checked when they are loaded.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use kubernetes::object::indexed;
use kubernetes::selector::is_well_formed;
use quorate_engine::{Binding, BreakGlass, Grants as EngineGrants, PolicyLimits, Selection};
use quorate_facts::PROVIDER_NAME;
use quorate_webhook::{CallerCheck, CertificateSource};
use serde_json::{Value, json};

use super::check::ConfigFault;
use super::{Cluster, ConfigError, ConfigFile, Grants, LabelSelector, Limits, Logs, Policy};
use crate::nearest;
use quorate_check::input;

/// Largest module, in bytes: several times the largest built-in one.
const MODULE_BYTES: usize = 32 * 1024 * 1024;

/// What there is to grant, by the key of `grants`.
const KNOWN_GRANTS: [(&str, &[&str]); 2] = [("imports", &["facts", "time"]), ("facts", &[PROVIDER_NAME])];

/// A configuration that names only what exists.
#[derive(Debug)]
pub(crate) struct Resolved {
    pub(crate) listen: SocketAddr,
    pub(crate) metrics_listen: SocketAddr,
    pub(crate) certificate: CertificateSource,
    pub(crate) callers: Option<CallerCheck>,
    pub(crate) cluster: Option<Cluster>,
    pub(crate) body_limit_bytes: usize,
    /// The built-in ones in their order, then one's own by name.
    pub(crate) policies: Vec<BoundPolicy>,
    pub(crate) break_glass: BreakGlass,
    pub(crate) logs: Logs,
}

/// A policy to load.
#[derive(Debug)]
pub(crate) struct BoundPolicy {
    pub(crate) name: String,
    pub(crate) wasm: Cow<'static, [u8]>,
    pub(crate) binding: Binding,
}

impl ConfigFile {
    /// Looks up what the configuration names; all faults at once.
    pub(crate) fn resolve(&self) -> Result<Resolved, ConfigError> {
        let mut faults = Vec::new();
        let listen = record_fault(address("listen", &self.config.listen), &mut faults);
        let metrics_listen = record_fault(address("metricsListen", &self.config.metrics_listen), &mut faults);
        let (certificate, callers) = self.config.certificate.resolve(&self.folder, &mut faults);
        let policies = self.policies(&mut faults);
        match (listen, metrics_listen) {
            (Some(listen), Some(metrics_listen)) if faults.is_empty() => Ok(Resolved {
                listen,
                metrics_listen,
                certificate,
                callers,
                cluster: self.config.cluster.clone(),
                body_limit_bytes: self.config.body_limit_bytes,
                policies,
                break_glass: BreakGlass { groups: self.config.break_glass.groups.clone() },
                logs: self.config.logs,
            }),
            _ => Err(self.faulty(faults)),
        }
    }

    fn policies(&self, faults: &mut Vec<ConfigFault>) -> Vec<BoundPolicy> {
        let given = &self.config.policies;
        let mut bound = Vec::new();
        for module in quorate_builtin::modules() {
            let policy = given.get(module.name).cloned().unwrap_or_default();
            let wasm = match &policy.module {
                Some(own) => record_fault(self.module(module.name, own), faults),
                None => Some(Cow::Borrowed(module.wasm)),
            };
            bound.extend(wasm.and_then(|wasm| bind(module.name, &policy, wasm, faults)));
        }
        let is_own = |name: &str| quorate_builtin::modules().iter().all(|module| module.name != name);
        for (name, policy) in given.iter().filter(|(name, _)| is_own(name)) {
            let wasm = match &policy.module {
                Some(own) => self.module(name, own),
                None => Err(unknown_policy(name)),
            };
            bound.extend(record_fault(wasm, faults).and_then(|wasm| bind(name, policy, wasm, faults)));
        }
        bound
    }

    fn module(&self, name: &str, path: &str) -> Result<Cow<'static, [u8]>, ConfigFault> {
        let read = input::read(&self.folder.join(Path::new(path)), MODULE_BYTES);
        read.map(Cow::Owned).map_err(|error| fault(format!("policies.{name}.module"), format!("`{path}`: {error}")))
    }
}

/// None for a policy that is not enabled.
fn bind(name: &str, policy: &Policy, wasm: Cow<'static, [u8]>, faults: &mut Vec<ConfigFault>) -> Option<BoundPolicy> {
    if !policy.enabled {
        return None;
    }
    let grants = policy.grants.clone().or_else(|| policy.module.is_some().then(Grants::default));
    for (key, known) in KNOWN_GRANTS {
        let given = grants.iter().flat_map(|grants| if key == "imports" { &grants.imports } else { &grants.facts });
        for unknown in given.filter(|given| !known.contains(&given.as_str())) {
            let message = format!("unknown name `{unknown}`, {}", nearest::hint(unknown, known.iter().copied()));
            faults.push(fault(format!("policies.{name}.grants.{key}"), message));
        }
    }
    faults.extend(unusable_selection(name, policy));
    let binding = Binding {
        mode: policy.mode,
        on_error: policy.on_error,
        settings: Value::Object(policy.settings.clone()),
        selection: selection(policy),
        order: policy.order,
        grants: grants.map(granted),
        limits: limits(policy.limits),
    };
    Some(BoundPolicy { name: name.to_owned(), wasm, binding })
}

/// What a binding cannot mean: a selector that is none selects nothing, so that its policy would guard nothing.
fn unusable_selection(name: &str, policy: &Policy) -> Vec<ConfigFault> {
    let selectors = [("namespaceSelector", &policy.namespace_selector), ("objectSelector", &policy.object_selector)];
    let is_wrong =
        |selector: &LabelSelector| !indexed(&json!(selector).to_string()).is_ok_and(|it| is_well_formed(&it));
    let wrong = selectors.into_iter().filter(|(_, selector)| selector.as_ref().is_some_and(is_wrong));
    let mut faults: Vec<ConfigFault> = wrong
        .map(|(key, _)| {
            let message =
                "no label selector: labels and values as Kubernetes has them, `values` with In and NotIn alone";
            fault(format!("policies.{name}.{key}"), message)
        })
        .collect();
    for namespace in policy.exclude_namespaces.iter().filter(|namespace| !is_dns_label(namespace)) {
        let message = format!("found `{namespace}`, which no namespace is called");
        faults.push(fault(format!("policies.{name}.excludeNamespaces"), message));
    }
    if !is_dns_label(name) {
        let message =
            "a policy is called by lower case letters, digits and `-`, at most 63: it is part of its rules' ids";
        faults.push(fault(format!("policies.{}", name.escape_debug()), message));
    }
    faults
}

fn is_dns_label(name: &str) -> bool {
    let inside = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&name.len()) && name.bytes().all(inside) && !name.starts_with('-') && !name.ends_with('-')
}

fn selection(policy: &Policy) -> Selection {
    // What serde made of a file is JSON.
    let document = |selector: &LabelSelector| indexed(&json!(selector).to_string()).ok();
    Selection {
        namespace_selector: policy.namespace_selector.as_ref().and_then(document),
        object_selector: policy.object_selector.as_ref().and_then(document),
        exclude_namespaces: policy.exclude_namespaces.clone(),
        operations: policy.operations.clone(),
    }
}

fn granted(given: Grants) -> EngineGrants {
    let Grants { imports, facts, reads, references } = given;
    EngineGrants { imports, facts, reads, references }
}

fn limits(given: Limits) -> PolicyLimits {
    let Limits { memory_bytes, cpu_milliseconds, patch_bytes, findings } = given;
    PolicyLimits {
        memory_bytes,
        cpu: Duration::from_millis(cpu_milliseconds),
        patch_bytes,
        findings,
        ..PolicyLimits::default()
    }
}

fn address(key: &str, given: &str) -> Result<SocketAddr, ConfigFault> {
    given.parse().map_err(|_| fault(key, format!("found `{given}`, expected an IP address and a port, as `[::]:8443`")))
}

fn unknown_policy(name: &str) -> ConfigFault {
    let hint = nearest::hint(name, quorate_builtin::modules().iter().map(|module| module.name));
    fault(
        format!("policies.{name}"),
        format!("no built-in policy has this name, {hint}; a policy of your own needs `module`"),
    )
}

pub(super) fn fault(path: impl Into<String>, message: impl Into<String>) -> ConfigFault {
    ConfigFault { path: path.into(), message: message.into() }
}

/// The value, or none and one fault more.
fn record_fault<T>(result: Result<T, ConfigFault>, faults: &mut Vec<ConfigFault>) -> Option<T> {
    result.map_err(|fault| faults.push(fault)).ok()
}
