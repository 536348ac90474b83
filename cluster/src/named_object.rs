//! One object by its kind and name, of whichever kind: whole, or its metadata alone.
//! What this server may not get is an error that names the right; nothing is kept from one question to the next.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::api::{Api, ApiResource, DynamicObject, GetParams, Request};
use kube::core::GroupVersionKind;
use kube::discovery::{Scope, pinned_kind};
use kube::{Client, Error};
use kubernetes::object::indexed;
use quorate_document::Document;
use tracing::debug;

const NOT_PLAIN: &str = "its name or kind is none that Kubernetes gives";

/// Which object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NamedObject<'n> {
    pub(crate) api_version: &'n str,
    pub(crate) kind: &'n str,
    /// That of the request; a cluster-scoped kind has none.
    pub(crate) namespace: &'n str,
    pub(crate) name: &'n str,
}

impl<'n> NamedObject<'n> {
    pub(crate) fn of_owner(owner: &'n OwnerReference, namespace: &'n str) -> Self {
        Self { api_version: &owner.api_version, kind: &owner.kind, namespace, name: &owner.name }
    }

    /// Its apiVersion, kind and metadata. None: it does not exist.
    ///
    /// # Errors
    /// Why that cannot be known, in a few words.
    pub(crate) async fn metadata(self, client: &Client) -> Result<Option<Document>, String> {
        let (resource, all) = self.find_kind(client).await?;
        match all.get_metadata_opt(self.name).await {
            Ok(found) => found.map(|found| document(&serde_json::to_string(&found))).transpose(),
            Err(error) => Err(not_had(&error, &resource)),
        }
    }

    /// All of it.
    ///
    /// # Errors
    /// As [`NamedObject::metadata`].
    pub(crate) async fn whole(self, client: &Client) -> Result<Option<Document>, String> {
        let (resource, all) = self.find_kind(client).await?;
        read(client, all.resource_url(), &resource, self.name).await
    }

    async fn find_kind(self, client: &Client) -> Result<(ApiResource, Api<DynamicObject>), String> {
        let Self { api_version, kind, namespace, name } = self;
        plain([kind, namespace, name])?;
        plain_version(api_version)?;
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let no_kind = || format!("the API server has no kind {kind} of {api_version}");
        match pinned_kind(client, &GroupVersionKind::gvk(group, version, kind)).await {
            Ok((resource, capabilities)) => {
                let all = match capabilities.scope {
                    Scope::Namespaced => Api::namespaced_with(client.clone(), namespace, &resource),
                    Scope::Cluster => Api::all_with(client.clone(), &resource),
                };
                Ok((resource, all))
            }
            Err(Error::Discovery(_)) => Err(no_kind()),
            Err(Error::Api(status)) if status.is_not_found() => Err(no_kind()),
            Err(error) => Err(not_asked(&error)),
        }
    }
}

/// The object of a resource, whose plural is known: no kind has to be looked up.
///
/// # Errors
/// As [`NamedObject::metadata`].
pub(crate) async fn of_resource(
    client: &Client,
    resource: &ApiResource,
    namespace: Option<&str>,
    name: &str,
) -> Result<Option<Document>, String> {
    let ApiResource { version, plural, .. } = resource;
    plain([version, plural, namespace.unwrap_or("none"), name])?;
    let all: Api<DynamicObject> = match namespace {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, resource),
        None => Api::all_with(client.clone(), resource),
    };
    read(client, all.resource_url(), resource, name).await
}

async fn read(client: &Client, url: &str, resource: &ApiResource, name: &str) -> Result<Option<Document>, String> {
    let request = Request::new(url).get(name, &GetParams::default()).map_err(|error| error.to_string())?;
    match client.request_text(request).await {
        Ok(json) => document(&Ok(json)).map(Some),
        Err(Error::Api(status)) if status.is_not_found() => Ok(None),
        Err(error) => Err(not_had(&error, resource)),
    }
}

fn document(json: &Result<String, serde_json::Error>) -> Result<Document, String> {
    let json = json.as_ref().map_err(ToString::to_string)?;
    indexed(json).map_err(|error| error.to_string())
}

/// They come to stand in a URL, and nobody has checked them but for being there.
fn plain<const N: usize>(texts: [&str; N]) -> Result<(), String> {
    // A slash would lead to a sub-resource.
    let is_one = |text: &str| is_plain(text) && !text.contains('/');
    if texts.into_iter().all(is_one) { Ok(()) } else { Err(NOT_PLAIN.to_owned()) }
}

fn plain_version(api_version: &str) -> Result<(), String> {
    if is_plain(api_version) { Ok(()) } else { Err(NOT_PLAIN.to_owned()) }
}

/// Kubernetes' names, kinds and versions: nothing that means more than itself in a URL's path.
fn is_plain(text: &str) -> bool {
    let is_part = |part: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | '_');
        !part.is_empty() && part != "." && part != ".." && part.chars().all(plain)
    };
    text.split('/').count() <= 2 && text.split('/').all(is_part)
}

fn not_had(error: &Error, resource: &ApiResource) -> String {
    if matches!(error, Error::Api(status) if status.is_forbidden()) { right(resource) } else { not_asked(error) }
}

/// The right that is missing, and what gives it.
fn right(resource: &ApiResource) -> String {
    let ApiResource { group, plural, .. } = resource;
    let named = if group.is_empty() { plural.clone() } else { format!("{plural}.{group}") };
    match named.as_str() {
        "secrets" => "Quorate may not get secrets, which would show it their contents; `owners` in the chart allows it"
            .to_owned(),
        _ => format!("Quorate may not get {named}; `owners` in the chart allows it"),
    }
}

fn not_asked(error: &Error) -> String {
    debug!(%error, "an object could not be looked up");
    "the API server could not be asked".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_plain_names_is_asked_for() {
        for plain in ["v1", "apps/v1", "databases.example.com/v1beta1", "web-0.a", "system:node", "A_b"] {
            assert!(is_plain(plain), "{plain}");
        }
        for other in ["", "/", "v1/", "a/../b", "..", "../secrets", "a/b/c", "a?b", "a%2fb", "a b", "a#b", "\u{e4}"] {
            assert!(!is_plain(other), "{other}");
        }
    }

    #[test]
    fn a_missing_right_reads_as_what_a_role_names() {
        let of = |group: &str, plural: &str| ApiResource {
            group: group.to_owned(),
            version: "v1".to_owned(),
            api_version: String::new(),
            kind: String::new(),
            plural: plural.to_owned(),
        };
        assert_eq!(
            right(&of("example.com", "widgets")),
            "Quorate may not get widgets.example.com; `owners` in the chart allows it"
        );
        assert!(right(&of("", "secrets")).contains("show it their contents"));
    }
}
