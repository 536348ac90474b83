//! Loads the configured policies into the runtime: which ones, and what is wrong with them in terms of the configuration's keys.
//! Does not evaluate requests.

use quorate_cluster::registration::{Registered, RequestMatch};
use quorate_engine::{
    Allocation, LoadError, MatchRule, Mode, OnError, Policy, PolicySet, RuntimeLimits, SettingsProblem, WasmRuntime,
};
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
        match runtime.load(&bound.wasm, bound.binding.clone()) {
            Ok(policy) => {
                faults.extend(misnamed(bound, &policy));
                policies.push(policy);
            }
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
    let registered = |policy: &Policy| {
        let description = policy.description();
        Registered {
            name: description.name.clone(),
            phases: description.phases.clone(),
            matches: description.matches.iter().map(request_match).collect(),
            built_in: !is_own(policy.name()),
            fails: policy.binding().mode == Mode::Enforce && policy.on_error() == OnError::Deny,
        }
    };
    policies.iter().map(registered).collect()
}

fn request_match(rule: &MatchRule) -> RequestMatch {
    let MatchRule { groups, resources, sub_resources, operations, conditions, projections: _ } = rule.clone();
    let conditions = conditions.into_iter().map(|own| (own.name, own.expression)).collect();
    RequestMatch { groups, resources, sub_resources, operations, conditions }
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

/// Findings carry the module's own name, so it must be the configured one.
fn misnamed(bound: &BoundPolicy, policy: &Policy) -> Option<ConfigFault> {
    let own = &policy.description().name;
    (*own != bound.name).then(|| ConfigFault {
        path: format!("policies.{}.module", bound.name),
        message: format!("the module is called `{own}`, configure it under that name"),
    })
}

/// Settings are explained by the policy's own schema where it refuses them, else by the policy.
fn settings(bound: &BoundPolicy, by_policy: &[SettingsProblem], runtime: &WasmRuntime) -> Vec<ConfigFault> {
    let schema = runtime.describe(&bound.wasm).map(|description| description.settings_schema);
    let by_schema = schema.ok().and_then(|schema| problems(&schema, &bound.binding.settings).ok()).unwrap_or_default();
    let fault = |pointer: &str, message: &str| ConfigFault {
        path: format!("policies.{}.settings{pointer}", bound.name),
        message: message.to_owned(),
    };
    if by_schema.is_empty() {
        by_policy.iter().map(|problem| fault(&problem.path, &problem.message)).collect()
    } else {
        by_schema.iter().map(|problem| fault(&problem.pointer, &problem.message)).collect()
    }
}

/// What keeps a policy from being loaded, at the key that can change it.
fn unloadable(name: &str, error: &LoadError) -> ConfigFault {
    let (key, message) = match error {
        LoadError::NotGranted { capability, .. } => {
            ("capabilities", format!("the module asks for `{capability}`, which is not granted"))
        }
        LoadError::MemoryAboveRuntime { .. } => ("limits.memoryBytes", error.to_string()),
        LoadError::Settings { .. } => ("settings", error.to_string()),
        LoadError::NotAComponent(_)
        | LoadError::ForeignImport { .. }
        | LoadError::WrongWorld(_)
        | LoadError::Undeclared { .. }
        | LoadError::UnknownCapability { .. }
        | LoadError::BadDescription { .. }
        | LoadError::Failed { .. }
        | LoadError::DuplicateName { .. } => ("module", error.to_string()),
    };
    ConfigFault { path: format!("policies.{name}.{key}"), message }
}
