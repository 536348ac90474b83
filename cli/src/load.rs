//! Loads the configured policies into the runtime: which ones, and what is wrong with them in terms of the configuration's keys.
//! Does not evaluate requests.

use kubernetes::admission::Operation;
use quorate_cluster::registration::{LabelSelector, Narrowed, Registered, RequestMatch};
use quorate_contract::{Match, Operation as MatchOperation, Settings, SettingsProblem};
use quorate_document::Document;
use quorate_engine::{Allocation, LoadError, Mode, OnError, Policy, PolicySet, RuntimeLimits, Selection, WasmRuntime};
use quorate_facts::PROVIDER;

use crate::compiled;
use crate::config::{BoundPolicy, ConfigError, ConfigFault, ConfigFile, Resolved};
use crate::nearest;
use crate::output;
use crate::schema::problems;

/// Said once, of a runtime without a pool.
const ON_DEMAND: &str =
    "this system does not give the policies their address space (ulimit -v); each review takes longer";

/// Room for one review after the other; a server takes the default.
pub(crate) fn offline() -> RuntimeLimits {
    RuntimeLimits { instances: 1, ..RuntimeLimits::default() }
}

/// The policies of a configuration, ready to be evaluated. The runtime gets the memory that the most demanding one may use.
pub(crate) fn load(source: &ConfigFile, resolved: &Resolved, limits: RuntimeLimits) -> anyhow::Result<PolicySet> {
    let asked = resolved.policies.iter().map(|bound| bound.binding.limits.memory_bytes);
    let memory_bytes = asked.fold(limits.memory_bytes, usize::max);
    let runtime = WasmRuntime::with_compiled(RuntimeLimits { memory_bytes, ..limits }, &PROVIDER, compiled::modules())?;
    // A server has said so in its log.
    if runtime.allocation() == Allocation::OnDemand && !tracing::dispatcher::has_been_set() {
        output::print_error(ON_DEMAND);
    }
    let mut faults = Vec::new();
    let mut policies = Vec::new();
    for bound in &resolved.policies {
        match runtime.load(&bound.name, &bound.wasm, bound.binding.clone()) {
            Ok(policy) => policies.push(policy),
            Err(LoadError::Settings { problems, .. }) => faults.extend(settings(bound, &problems, &runtime)),
            Err(error) => faults.push(unloadable(&bound.name, &error)),
        }
    }
    compiled::warn_if_not_stored();
    if faults.is_empty() {
        Ok(PolicySet::new(policies, resolved.break_glass.clone())?)
    } else {
        Err(source.faulty(faults).into())
    }
}

/// The policies, as they are registered with the API server: a module of one's own under a built-in name is not built in.
pub(crate) fn registered(source: &ConfigFile, policies: &[Policy]) -> Vec<Registered> {
    let is_own = |name: &str| source.config.policies.get(name).is_some_and(|policy| policy.module.is_some());
    let registered = |policy: &Policy| Registered {
        name: policy.name().to_owned(),
        phases: policy.phases().to_vec(),
        matches: policy.manifest().matches.iter().map(request_match).collect(),
        built_in: !is_own(policy.name()),
        fails: policy.binding().mode == Mode::Enforce && policy.on_error() == OnError::Deny,
        narrowed: narrowed(&policy.binding().selection),
    };
    policies.iter().map(registered).collect()
}

fn narrowed(selection: &Selection) -> Narrowed {
    let selector = |document: &Document| document.decode::<LabelSelector>().ok();
    Narrowed {
        namespace_selector: selection.namespace_selector.as_ref().and_then(selector),
        object_selector: selection.object_selector.as_ref().and_then(selector),
        exclude_namespaces: selection.exclude_namespaces.clone(),
        operations: selection.operations.clone(),
    }
}

fn request_match(one: &Match) -> RequestMatch {
    let operation = |operation: &MatchOperation| match operation {
        MatchOperation::Create => Operation::Create,
        MatchOperation::Update => Operation::Update,
        MatchOperation::Delete => Operation::Delete,
        MatchOperation::Connect => Operation::Connect,
    };
    let Match { groups, versions, resources, sub_resources, operations, conditions } = one.clone();
    RequestMatch {
        groups,
        versions,
        resources,
        sub_resources,
        operations: operations.iter().map(operation).collect(),
        conditions: conditions.into_iter().map(|own| (own.name, own.expression)).collect(),
    }
}

/// Leaves only the named policies, in their configured order; all of them when none is named.
pub(crate) fn select(source: &ConfigFile, resolved: &mut Resolved, names: &[String]) -> Result<(), ConfigError> {
    let loaded: Vec<&str> = resolved.policies.iter().map(|bound| bound.name.as_str()).collect();
    let is_unknown = |name: &&String| !loaded.contains(&name.as_str());
    let unknown = |name: &String| ConfigFault {
        path: String::new(),
        message: format!("no policy `{name}` is loaded, {}", nearest::hint(name, loaded.iter().copied())),
    };
    let faults: Vec<ConfigFault> = names.iter().filter(is_unknown).map(unknown).collect();
    if !faults.is_empty() {
        return Err(source.faulty(faults));
    }
    resolved.policies.retain(|bound| names.is_empty() || names.contains(&bound.name));
    Ok(())
}

/// Settings are explained by the policy's own schema where it refuses them, else by the policy.
fn settings(bound: &BoundPolicy, by_policy: &[SettingsProblem], runtime: &WasmRuntime) -> Vec<ConfigFault> {
    let schema =
        runtime.describe(&bound.wasm).map(|described| Settings::published_schema(&described.manifest.settings));
    let by_schema = schema.ok().and_then(|schema| problems(&schema, &bound.binding.settings).ok()).unwrap_or_default();
    let fault = |pointer: &str, message: &str| ConfigFault {
        path: format!("policies.{}.settings{pointer}", bound.name),
        message: message.to_owned(),
    };
    if by_schema.is_empty() {
        by_policy.iter().map(|problem| fault(&problem.pointer, &problem.message)).collect()
    } else {
        by_schema.iter().map(|problem| fault(&problem.pointer, &problem.message)).collect()
    }
}

/// What keeps a policy from being loaded, at the key that can change it.
fn unloadable(name: &str, error: &LoadError) -> ConfigFault {
    let (key, message) = match error {
        LoadError::NotGranted { what, .. } => {
            (format!("grants.{}", what.key), format!("the module {what}, which is not granted"))
        }
        LoadError::MemoryAboveRuntime { .. } => ("limits.memoryBytes".to_owned(), error.to_string()),
        LoadError::Settings { .. } => ("settings".to_owned(), error.to_string()),
        LoadError::NotAComponent(_)
        | LoadError::ForeignImport { .. }
        | LoadError::OtherContract { .. }
        | LoadError::NoExport { .. }
        | LoadError::WrongWorld(_)
        | LoadError::Manifest(_)
        | LoadError::OtherManifest
        | LoadError::NoCluster { .. }
        | LoadError::UnknownFact { .. }
        | LoadError::Failed { .. }
        | LoadError::DuplicateName { .. } => ("module".to_owned(), error.to_string()),
    };
    ConfigFault { path: format!("policies.{name}.{key}"), message }
}
