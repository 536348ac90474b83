//! What one of our policies is, and how it is one of the contract: its review is read, its rules are asked, what they say is told.

use std::marker::PhantomData;

use kubernetes::admission::Phase;
use kubernetes::request::Resource;
use quorate_policy::{
    Edits, Finding, Manifest, Matches, Mutate, NotJudged, Operation, Request, Rule, SettingsError, Validate, Verdict,
};
use serde::de::DeserializeOwned;

use crate::at_path::AtPath;
use crate::review::{CURRENT, DEPENDENTS, OBJECT, OLD_OBJECT, PARENT, Review, ShapeError};

/// What a policy makes of one review.
#[derive(Debug, Default)]
pub struct PolicyResult {
    pub findings: Vec<Finding>,
    /// RFC 6902 operations, JSON text of the array; None for no change. Only heeded when mutating.
    pub patch: Option<String>,
}

/// A policy about rqlite. `mutate` and `validate` are functions of the review and the settings alone.
pub trait Policy {
    /// The keys that stand under `settings`, all with defaults. The same keys may stand under `settings.namespaces.<namespace>`.
    type Settings: DeserializeOwned + Default + 'static;
    /// JSON Schema of the keys of the settings, of their types; unknown keys are refused. A test of the policy compares the two.
    const SETTINGS_SCHEMA: &'static str;

    /// kebab-case, the thing protected.
    const NAME: &'static str;
    const VERSION: &'static str;
    const SUMMARY: &'static str;
    /// Those that [`export_policy!`](crate::export_policy) names.
    const PHASES: &'static [Phase];
    const RULES: &'static [Rule];

    /// The requests that it wants to see.
    fn requests() -> Vec<Requests>;

    /// What the settings' schema cannot say. Paths are JSON pointers.
    fn check(_settings: &Self::Settings) -> Vec<SettingsError> {
        Vec::new()
    }

    /// Patches and warns.
    fn mutate(_review: &Review, _settings: &Self::Settings) -> PolicyResult {
        PolicyResult::default()
    }

    /// Evaluates what came out of all mutation.
    fn validate(review: &Review, settings: &Self::Settings) -> Vec<Finding>;
}

/// Requests of one resource.
#[derive(Debug, Clone)]
pub struct Requests {
    pub resource: Resource,
    pub operations: &'static [Operation],
}

/// One of our policies, as the contract has it.
#[derive(Debug)]
pub struct Contract<P>(PhantomData<P>);

impl<P: Policy> quorate_policy::Policy for Contract<P> {
    type Settings = P::Settings;

    fn manifest() -> Manifest {
        let manifest = Manifest::new(P::NAME, P::VERSION, P::SUMMARY)
            .settings_schema(P::SETTINGS_SCHEMA)
            .fact(CURRENT)
            .fact(OBJECT)
            .fact(OLD_OBJECT)
            .fact(PARENT)
            .fact(DEPENDENTS);
        let manifest = P::RULES.iter().fold(manifest, |manifest, rule| manifest.rule(*rule));
        P::requests().iter().fold(manifest, |manifest, requests| manifest.matches(matches(requests)))
    }

    fn check(settings: &P::Settings) -> Vec<SettingsError> {
        P::check(settings)
    }
}

impl<P: Policy> Validate for Contract<P> {
    fn validate(request: &Request<'_>, settings: &P::Settings, verdict: &mut Verdict) -> Result<(), NotJudged> {
        match Review::read(request) {
            Ok(review) => verdict.extend(P::validate(&review, settings)),
            Err(error) => verdict.push(not_judged(&error)),
        }
        Ok(())
    }
}

impl<P: Policy> Mutate for Contract<P> {
    fn mutate(
        request: &Request<'_>,
        settings: &P::Settings,
        verdict: &mut Verdict,
        edits: &mut Edits,
    ) -> Result<(), NotJudged> {
        match Review::read(request) {
            Ok(review) => {
                let PolicyResult { findings, patch } = P::mutate(&review, settings);
                verdict.extend(findings);
                patch.into_iter().for_each(|patch| edits.patch(patch));
            }
            Err(error) => verdict.push(not_judged(&error)),
        }
        Ok(())
    }
}

/// What keeps every rule from judging.
fn not_judged(error: &ShapeError) -> Finding {
    Finding::not_judged(error.to_string()).field(&error.field)
}

fn matches(Requests { resource, operations }: &Requests) -> Matches {
    // Whatever the version: recognition reads what all of them share.
    let matches = Matches::new(resource.group, "*", resource.plural, operations);
    resource.sub_resource.into_iter().fold(matches, |matches, sub_resource| matches.sub_resource(sub_resource))
}

/// Exports a [`Policy`] as a component, by the interfaces of its phases: `validator`, `mutator`.
#[macro_export]
macro_rules! export_policy {
    ($policy:ty: $($interface:ident),+) => {
        $crate::quorate_policy::export!($crate::policy::Contract<$policy>: $($interface),+);
    };
}
