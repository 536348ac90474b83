//! Whether the owners exist that a request adds to a set, and are not being deleted: each looked up by kind, name and uid, its metadata alone.
//! What this server may not get stays unknown, with the right that it lacks; evaluates nothing.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::api::{Api, ApiResource, DynamicObject};
use kube::core::GroupVersionKind;
use kube::discovery::{Scope, pinned_kind};
use kube::{Client, Error};
use quorate_facts::DecodedSet;
use rqlite::facts::Owner;
use serde::Deserialize;
use tokio::time::timeout;
use tracing::debug;

/// An API server that calls us answers within milliseconds.
const LOOKUP_TIMEOUT: Duration = Duration::from_millis(500);

/// Owners of one request that are looked up, at two requests each. A set has one, and a request must not be a flood.
const MAX_OWNERS: usize = 8;

#[derive(Deserialize)]
struct OwnedObject {
    metadata: OwnerMetadata,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OwnerMetadata {
    #[serde(default)]
    owner_references: Vec<OwnerReference>,
}

fn of(set: Option<&DecodedSet>) -> Vec<OwnerReference> {
    let owned = set.and_then(|set| set.document.decode().ok());
    owned.map(|owned: OwnedObject| owned.metadata.owner_references).unwrap_or_default()
}

/// The added owners, but for those that do not exist. None: nothing is added.
pub(super) async fn known(client: &Client, namespace: &str, states: [Option<&DecodedSet>; 2]) -> Option<Vec<Owner>> {
    let [before, after] = states.map(of);
    let before: BTreeSet<[&str; 3]> = before.iter().map(identity).collect();
    let added: Vec<&OwnerReference> = after.iter().filter(|owner| !before.contains(&identity(owner))).collect();
    if added.is_empty() {
        return None;
    }
    let (asked, rest) = added.split_at(added.len().min(MAX_OWNERS));
    let looked = join_all(asked.iter().map(|owner| async move {
        let answer = timeout(LOOKUP_TIMEOUT, exists(client, namespace, owner)).await;
        answer
            .unwrap_or_else(|_| Err(format!("the API server did not answer within {} ms", LOOKUP_TIMEOUT.as_millis())))
    }))
    .await;
    let asked = asked.iter().zip(looked).filter_map(|(owner, looked)| match looked {
        Ok(true) => Some(fact(owner, None)),
        Ok(false) => None,
        Err(why) => {
            debug!(kind = owner.kind, name = owner.name, why, "owner not known");
            Some(fact(owner, Some(why)))
        }
    });
    let rest = rest.iter().map(|owner| fact(owner, Some(format!("more than {MAX_OWNERS} owners are added at once"))));
    Some(asked.chain(rest).collect())
}

/// What tells one owner from another, as the rules have it.
fn identity(owner: &OwnerReference) -> [&str; 3] {
    [&owner.kind, &owner.name, &owner.uid].map(String::as_str)
}

fn fact(owner: &OwnerReference, unseen: Option<String>) -> Owner {
    Owner { kind: Some(owner.kind.clone()), name: Some(owner.name.clone()), uid: owner.uid.clone(), unseen }
}

/// Whether there is such an owner that stays; else why that cannot be known, in a few words.
async fn exists(client: &Client, namespace: &str, owner: &OwnerReference) -> Result<bool, String> {
    let OwnerReference { api_version, kind, name, uid, .. } = owner;
    // They come to stand in a URL, and nobody has checked them but for being there.
    if ![api_version, kind, name].into_iter().all(|text| is_plain(text)) {
        return Err("its name or kind is none that Kubernetes gives".to_owned());
    }
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let (resource, capabilities) = match pinned_kind(client, &GroupVersionKind::gvk(group, version, kind)).await {
        Ok(found) => found,
        Err(Error::Discovery(_)) => return Err(format!("the API server has no kind {kind} of {api_version}")),
        Err(Error::Api(status)) if status.is_not_found() => {
            return Err(format!("the API server has no kind {kind} of {api_version}"));
        }
        Err(error) => return Err(not_asked(&error)),
    };
    let all: Api<DynamicObject> = match capabilities.scope {
        Scope::Namespaced => Api::namespaced_with(client.clone(), namespace, &resource),
        Scope::Cluster => Api::all_with(client.clone(), &resource),
    };
    match all.get_metadata_opt(name).await {
        Ok(None) => Ok(false),
        Ok(Some(found)) => {
            Ok(found.metadata.uid.as_deref() == Some(uid.as_str()) && found.metadata.deletion_timestamp.is_none())
        }
        Err(Error::Api(status)) if status.is_forbidden() => Err(right(&resource)),
        Err(error) => Err(not_asked(&error)),
    }
}

/// Kubernetes' names, kinds and versions: nothing that means more than itself in a URL's path.
fn is_plain(text: &str) -> bool {
    let is_part = |part: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | '_');
        !part.is_empty() && part != "." && part != ".." && part.chars().all(plain)
    };
    text.split('/').count() <= 2 && text.split('/').all(is_part)
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
    debug!(%error, "owner could not be looked up");
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
