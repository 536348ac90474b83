//! Refuses Deployments that lack a label. Which labels, the settings say; a label of the namespace counts, too.

use quorate_policy::prelude::*;
use serde::Deserialize;

const LABEL_MISSING: Rule = Rule::new("label-missing", "a required label is missing", Severity::Medium, Judges::Object);

/// The settings.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// Keys of the labels that a Deployment must have.
    labels: Vec<String>,
}

struct RequiredLabels;

impl Policy for RequiredLabels {
    type Settings = Settings;

    fn manifest() -> Manifest {
        Manifest::new("required-labels", env!("CARGO_PKG_VERSION"), "every Deployment has its labels")
            .rule(LABEL_MISSING)
            .matches(Matches::new("apps", "v1", "deployments", &[Operation::Create, Operation::Update]))
            .related("namespace", Related::Namespace)
            .settings_schema(include_str!("../settings.schema.json"))
    }

    fn check(settings: &Settings) -> Vec<SettingsError> {
        let empty = settings.labels.iter().enumerate().filter(|(_, label)| label.is_empty());
        empty.map(|(index, _)| SettingsError::new(pointer!("labels", index), "a label needs a key")).collect()
    }
}

impl Validate for RequiredLabels {
    fn validate(request: &Request<'_>, settings: &Settings, verdict: &mut Verdict) -> Result<(), NotJudged> {
        let object = request.object().ok_or("the request has no object")?;
        let missing = settings.labels.iter().filter(|key| object.text(&label(key)).is_none());
        let missing: Vec<_> = missing.collect();
        if missing.is_empty() {
            return Ok(());
        }
        let namespace = request.related("namespace")?.unwrap_or_default();
        for key in missing {
            if namespace.iter().any(|namespace| namespace.text(&label(key)).is_some()) {
                continue;
            }
            let finding = LABEL_MISSING.deny(format!("label {key} is missing, here and on the namespace"));
            verdict.push(finding.at("/metadata/labels").remedy(format!("set {key}")).defect(key));
        }
        Ok(())
    }
}

fn label(key: &str) -> String {
    pointer(["metadata", "labels", key])
}

quorate_policy::export!(RequiredLabels: validator);

#[cfg(test)]
mod tests;
