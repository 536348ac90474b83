//! Whether the owners exist that a request adds to a set, and are not being deleted: each looked up by kind, name and uid, its metadata alone.
//! What this server may not get stays unknown, with the right that it lacks; evaluates nothing.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::Client;
use kubernetes::object::UID;
use quorate_document::{Document, Pointer};
use quorate_facts::DecodedSet;
use rqlite::facts::Owner;
use serde::Deserialize;
use tokio::time::timeout;
use tracing::debug;

use crate::named_object::NamedObject;

static DELETION_TIMESTAMP: Pointer<'static> = Pointer::literal("/metadata/deletionTimestamp");

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
    let found = NamedObject::of_owner(owner, namespace).metadata(client).await?;
    Ok(found.is_some_and(|found| found.text(&UID).is_some_and(|uid| uid == owner.uid) && !is_going(&found)))
}

fn is_going(object: &Document) -> bool {
    object.text(&DELETION_TIMESTAMP).is_some()
}
