//! One change, put to the API server as a dry run: admission judges it, nothing is stored.
//! It needs the right to make the change: the API server authorises a dry run as it would the change itself.

use kube::api::{
    ApiResource, DeleteParams, DynamicObject, GetParams, Patch, PatchParams, PostParams, PropagationPolicy, Request,
};
use kube::{Client, Error, Resource};
use quorate_facts::{Act, Propagation, Trial};
use serde_json::{Value, json};

use crate::DryRun;
use crate::login::said;

/// Why a trial got no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TrialError {
    #[error("`{0}` cannot be part of a URL of the API server")]
    NoSegment(String),
    #[error("{}", said(.0))]
    NotSent(Box<Error>),
}

impl From<Error> for TrialError {
    fn from(error: Error) -> Self {
        Self::NotSent(Box::new(error))
    }
}

pub(crate) async fn send(trial: &Trial<'_>, client: &Client) -> Result<DryRun, TrialError> {
    Ok(DryRun::send(client, request(trial)?).await?)
}

/// The object that it is about, as it is now.
pub(crate) async fn object(trial: &Trial<'_>, client: &Client) -> Result<Option<Value>, TrialError> {
    let request = requests(trial)?.get(trial.name, &GetParams::default()).map_err(Error::BuildRequest)?;
    match client.request(request).await {
        Ok(object) => Ok(Some(object)),
        Err(Error::Api(status)) if status.is_not_found() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// What may be asked of the resource.
fn requests(trial: &Trial<'_>) -> Result<Request, TrialError> {
    let group = Some(trial.group).filter(|group| !group.is_empty());
    let segments = [group, Some(trial.version), Some(trial.resource), trial.namespace, Some(trial.name)];
    if let Some(foreign) = segments.into_iter().flatten().find(|segment| !is_segment(segment)) {
        return Err(TrialError::NoSegment(foreign.to_owned()));
    }
    Ok(Request::new(DynamicObject::url_path(&api(trial), trial.namespace)))
}

fn request(trial: &Trial<'_>) -> Result<http::Request<Vec<u8>>, TrialError> {
    let requests = requests(trial)?;
    let posted = PostParams { dry_run: true, ..PostParams::default() };
    let patched = PatchParams { dry_run: true, ..PatchParams::default() };
    let request = match &trial.act {
        Act::Create(object) => requests.create(&posted, object.to_string().into_bytes()),
        Act::Replace(object) => requests.replace(trial.name, &posted, unconditional(object).to_string().into_bytes()),
        Act::Delete(policy) => {
            let deleted = DeleteParams { dry_run: true, ..DeleteParams::default() };
            requests
                .delete(trial.name, &DeleteParams { propagation_policy: Some(propagation(*policy)), ..deleted })
                .map(said_twice)
        }
        Act::Scale(replicas) => {
            let scale = Patch::Merge(json!({ "spec": { "replicas": replicas } }));
            requests.patch_subresource("scale", trial.name, &patched, &scale)
        }
    };
    Ok(request.map_err(Error::BuildRequest)?)
}

fn api(trial: &Trial<'_>) -> ApiResource {
    let group_version =
        if trial.group.is_empty() { trial.version.to_owned() } else { format!("{}/{}", trial.group, trial.version) };
    ApiResource {
        group: trial.group.to_owned(),
        version: trial.version.to_owned(),
        api_version: group_version,
        kind: trial.kind.to_owned(),
        plural: trial.resource.to_owned(),
    }
}

fn propagation(policy: Propagation) -> PropagationPolicy {
    match policy {
        Propagation::Background => PropagationPolicy::Background,
        Propagation::Foreground => PropagationPolicy::Foreground,
    }
}

/// A manifest's word becomes part of a URL: `rqlite#` would cut off the `dryRun` behind it.
fn is_segment(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.')
        && !matches!(text, "." | "..")
}

/// kube says in the body alone that a deletion is a dry run, and a body may be lost on the way.
fn said_twice(request: http::Request<Vec<u8>>) -> http::Request<Vec<u8>> {
    let (mut parts, body) = request.into_parts();
    if let Ok(uri) = format!("{}dryRun=All", parts.uri).parse() {
        parts.uri = uri;
    }
    http::Request::from_parts(parts, body)
}

/// Without its resourceVersion, so that what somebody changes meanwhile is no conflict.
fn unconditional(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("resourceVersion");
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(group: &str, namespace: Option<&str>, act: Act<'_>) -> (String, String) {
        let trial = Trial { group, version: "v1", kind: "Thing", resource: "things", namespace, name: "a", act };
        let request = request(&trial).unwrap();
        (format!("{} {}", request.method(), request.uri()), String::from_utf8(request.into_body()).unwrap())
    }

    /// One that is not would change the cluster.
    #[test]
    fn every_request_is_a_dry_run() {
        let object = json!({ "metadata": { "name": "a", "resourceVersion": "7" } });
        for (act, line) in [
            (Act::Create(&object), "POST /apis/apps/v1/namespaces/db/things?&dryRun=All"),
            (Act::Replace(&object), "PUT /apis/apps/v1/namespaces/db/things/a?&dryRun=All"),
            (Act::Scale(2), "PATCH /apis/apps/v1/namespaces/db/things/a/scale?&dryRun=All"),
        ] {
            assert_eq!(sent("apps", Some("db"), act).0, line);
        }
        let (line, body) = sent("", None, Act::Delete(Propagation::Foreground));
        assert_eq!(line, "DELETE /api/v1/things/a?dryRun=All");
        assert_eq!(body, r#"{"dryRun":["All"],"propagationPolicy":"Foreground"}"#);
    }

    /// Each of these would send the change itself.
    #[test]
    fn what_cuts_a_url_is_not_sent() {
        let object = json!({});
        for part in ["", "a#", "a?dryRun=", "..", "a/../b", "a%23", "a b", "ä"] {
            let trial = Trial {
                group: "apps",
                version: "v1",
                kind: "Thing",
                resource: "things",
                namespace: Some("db"),
                name: "a",
                act: Act::Replace(&object),
            };
            let trials = [
                Trial { name: part, ..trial.clone() },
                Trial { namespace: Some(part), ..trial.clone() },
                Trial { version: part, ..trial.clone() },
                Trial { resource: part, ..trial },
            ];
            for trial in trials {
                assert!(matches!(request(&trial), Err(TrialError::NoSegment(found)) if found == part), "{trial:?}");
            }
        }
    }

    #[test]
    fn a_replacement_names_no_version() {
        let object = json!({ "metadata": { "name": "a", "resourceVersion": "7", "uid": "u" } });
        let (_, body) = sent("apps", Some("db"), Act::Replace(&object));
        assert_eq!(body, r#"{"metadata":{"name":"a","uid":"u"}}"#);
    }
}
