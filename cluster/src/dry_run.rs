//! One change, put to the API server as a dry run: admission decides on it, nothing is stored.
//! It needs the right to make the change: the API server authorises a dry run as it would the change itself.

use kube::api::{
    ApiResource, DeleteParams, DynamicObject, GetParams, Patch, PatchParams, PostParams, PropagationPolicy, Request,
};
use kube::{Client, Error, Resource};
use quorate_facts::{DryRun, DryRunAction, Propagation};
use serde_json::{Value, json};

use crate::DryRunResponse;
use crate::login::said;

/// Why a dry run got no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DryRunError {
    #[error("`{0}` cannot be part of a URL of the API server")]
    NoSegment(String),
    #[error("{}", said(.0))]
    NotSent(Box<Error>),
}

impl From<Error> for DryRunError {
    fn from(error: Error) -> Self {
        Self::NotSent(Box::new(error))
    }
}

pub(crate) async fn send(dry_run: &DryRun<'_>, client: &Client) -> Result<DryRunResponse, DryRunError> {
    Ok(DryRunResponse::send(client, request(dry_run)?).await?)
}

/// The object that it is about, as it is now.
pub(crate) async fn object(dry_run: &DryRun<'_>, client: &Client) -> Result<Option<Value>, DryRunError> {
    let request = requests(dry_run)?.get(dry_run.name, &GetParams::default()).map_err(Error::BuildRequest)?;
    match client.request(request).await {
        Ok(object) => Ok(Some(object)),
        Err(Error::Api(status)) if status.is_not_found() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// What may be asked of the resource.
fn requests(dry_run: &DryRun<'_>) -> Result<Request, DryRunError> {
    let group = Some(dry_run.group).filter(|group| !group.is_empty());
    let segments = [group, Some(dry_run.version), Some(dry_run.resource), dry_run.namespace, Some(dry_run.name)];
    if let Some(foreign) = segments.into_iter().flatten().find(|segment| !is_segment(segment)) {
        return Err(DryRunError::NoSegment(foreign.to_owned()));
    }
    Ok(Request::new(DynamicObject::url_path(&api(dry_run), dry_run.namespace)))
}

fn request(dry_run: &DryRun<'_>) -> Result<http::Request<Vec<u8>>, DryRunError> {
    let requests = requests(dry_run)?;
    let posted = PostParams { dry_run: true, ..PostParams::default() };
    let patched = PatchParams { dry_run: true, ..PatchParams::default() };
    let request = match &dry_run.action {
        DryRunAction::Create(object) => requests.create(&posted, object.to_string().into_bytes()),
        DryRunAction::Replace(object) => {
            requests.replace(dry_run.name, &posted, unconditional(object).to_string().into_bytes())
        }
        DryRunAction::Delete(policy) => {
            let deleted = DeleteParams { dry_run: true, ..DeleteParams::default() };
            requests
                .delete(dry_run.name, &DeleteParams { propagation_policy: Some(propagation(*policy)), ..deleted })
                .map(with_body_option)
        }
        DryRunAction::Scale(replicas) => {
            let scale = Patch::Merge(json!({ "spec": { "replicas": replicas } }));
            requests.patch_subresource("scale", dry_run.name, &patched, &scale)
        }
    };
    Ok(request.map_err(Error::BuildRequest)?)
}

fn api(dry_run: &DryRun<'_>) -> ApiResource {
    let group_version = if dry_run.group.is_empty() {
        dry_run.version.to_owned()
    } else {
        format!("{}/{}", dry_run.group, dry_run.version)
    };
    ApiResource {
        group: dry_run.group.to_owned(),
        version: dry_run.version.to_owned(),
        api_version: group_version,
        kind: dry_run.kind.to_owned(),
        plural: dry_run.resource.to_owned(),
    }
}

fn propagation(policy: Propagation) -> PropagationPolicy {
    match policy {
        Propagation::Background => PropagationPolicy::Background,
        Propagation::Foreground => PropagationPolicy::Foreground,
        Propagation::Orphan => PropagationPolicy::Orphan,
    }
}

/// A manifest's word becomes part of a URL: `rqlite#` would cut off the `dryRun` behind it.
fn is_segment(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.')
        && !matches!(text, "." | "..")
}

/// kube says in the body alone that a deletion is a dry run, and a body may be lost on the way.
fn with_body_option(request: http::Request<Vec<u8>>) -> http::Request<Vec<u8>> {
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

    fn sent(group: &str, namespace: Option<&str>, action: DryRunAction<'_>) -> (String, String) {
        let dry_run = DryRun { group, version: "v1", kind: "Thing", resource: "things", namespace, name: "a", action };
        let request = request(&dry_run).unwrap();
        (format!("{} {}", request.method(), request.uri()), String::from_utf8(request.into_body()).unwrap())
    }

    /// One that is not would change the cluster.
    #[test]
    fn every_request_is_a_dry_run() {
        let object = json!({ "metadata": { "name": "a", "resourceVersion": "7" } });
        for (action, line) in [
            (DryRunAction::Create(&object), "POST /apis/apps/v1/namespaces/db/things?&dryRun=All"),
            (DryRunAction::Replace(&object), "PUT /apis/apps/v1/namespaces/db/things/a?&dryRun=All"),
            (DryRunAction::Scale(2), "PATCH /apis/apps/v1/namespaces/db/things/a/scale?&dryRun=All"),
        ] {
            assert_eq!(sent("apps", Some("db"), action).0, line);
        }
        let (line, body) = sent("", None, DryRunAction::Delete(Propagation::Foreground));
        assert_eq!(line, "DELETE /api/v1/things/a?dryRun=All");
        assert_eq!(body, r#"{"dryRun":["All"],"propagationPolicy":"Foreground"}"#);
    }

    /// Each of these would send the change itself.
    #[test]
    fn what_cuts_a_url_is_not_sent() {
        let object = json!({});
        for part in ["", "a#", "a?dryRun=", "..", "a/../b", "a%23", "a b", "ä"] {
            let dry_run = DryRun {
                group: "apps",
                version: "v1",
                kind: "Thing",
                resource: "things",
                namespace: Some("db"),
                name: "a",
                action: DryRunAction::Replace(&object),
            };
            let dry_runs = [
                DryRun { name: part, ..dry_run.clone() },
                DryRun { namespace: Some(part), ..dry_run.clone() },
                DryRun { version: part, ..dry_run.clone() },
                DryRun { resource: part, ..dry_run },
            ];
            for dry_run in dry_runs {
                assert!(
                    matches!(request(&dry_run), Err(DryRunError::NoSegment(found)) if found == part),
                    "{dry_run:?}"
                );
            }
        }
    }

    #[test]
    fn a_replacement_names_no_version() {
        let object = json!({ "metadata": { "name": "a", "resourceVersion": "7", "uid": "u" } });
        let (_, body) = sent("apps", Some("db"), DryRunAction::Replace(&object));
        assert_eq!(body, r#"{"metadata":{"name":"a","uid":"u"}}"#);
    }
}
