//! One object followed by its name: that it is there, as it is, or that it is not.

use std::convert::Infallible;
use std::fmt::Debug;

use kube::runtime::watcher::Event;
use kube::{Api, Resource};
use serde::de::DeserializeOwned;

use crate::watch::WatchHandle;

/// For ever. `listen` gets the object whenever it may have changed; None: there is none of that name.
pub(crate) async fn follow<K>(
    watched: &WatchHandle,
    api: Api<K>,
    name: &str,
    mut listen: impl FnMut(Option<K>),
) -> Infallible
where
    K: Resource + Clone + Debug + DeserializeOwned + Send + 'static,
{
    let mut listed = None;
    let is_named = format!("metadata.name={name}");
    let heard = |event| match event {
        Event::Init => listed = None,
        Event::InitApply(object) => listed = Some(object),
        Event::InitDone => listen(listed.take()),
        Event::Apply(object) => listen(Some(object)),
        Event::Delete(_) => listen(None),
    };
    watched.follow(api, Some(is_named), heard).await
}
