//! A container's environment, and `$(VAR)` in its words, as the kubelet resolves them.
//! Resource fields (`resourceFieldRef`) and fields beyond name, namespace, uid, node and address are left out.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, EnvVar, EnvVarSource, Pod};

use super::source::{Entries, Source};
use super::waiting::Waiting;

pub(super) type Environment = BTreeMap<String, String>;

/// `envFrom`, then `env`, in which a later value may name an earlier variable.
pub(super) async fn resolve(
    source: &Source,
    pod: &Pod,
    container: &Container,
    address: &str,
) -> Result<Environment, Waiting> {
    let mut environment = Environment::new();
    for from in container.env_from.iter().flatten() {
        let prefix = from.prefix.as_deref().unwrap_or_default();
        let entries = match (&from.config_map_ref, &from.secret_ref) {
            (Some(map), _) => required(source.config_map(&map.name).await?, map.optional, &map.name)?,
            (None, Some(secret)) => required(source.secret(&secret.name).await?, secret.optional, &secret.name)?,
            (None, None) => Entries::new(),
        };
        environment.extend(entries.into_iter().map(|(key, bytes)| (format!("{prefix}{key}"), text(&bytes))));
    }
    for variable in container.env.iter().flatten() {
        if let Some(value) = value(source, pod, variable, address, &environment).await? {
            environment.insert(variable.name.clone(), value);
        }
    }
    Ok(environment)
}

async fn value(
    source: &Source,
    pod: &Pod,
    variable: &EnvVar,
    address: &str,
    before: &Environment,
) -> Result<Option<String>, Waiting> {
    match &variable.value_from {
        None => Ok(Some(expand(variable.value.as_deref().unwrap_or_default(), before))),
        Some(from) => referred(source, pod, from, address).await,
    }
}

async fn referred(source: &Source, pod: &Pod, from: &EnvVarSource, address: &str) -> Result<Option<String>, Waiting> {
    if let Some(key) = &from.config_map_key_ref {
        let entries = required(source.config_map(&key.name).await?, key.optional, &key.name)?;
        return entry(&entries, &key.key, key.optional, &key.name);
    }
    if let Some(key) = &from.secret_key_ref {
        let entries = required(source.secret(&key.name).await?, key.optional, &key.name)?;
        return entry(&entries, &key.key, key.optional, &key.name);
    }
    let Some(field) = &from.field_ref else {
        return Err(Waiting::configuration("a reference that the node agent does not know".to_owned()));
    };
    let metadata = &pod.metadata;
    let value = match field.field_path.as_str() {
        "metadata.name" => metadata.name.clone(),
        "metadata.namespace" => metadata.namespace.clone(),
        "metadata.uid" => metadata.uid.clone(),
        "spec.nodeName" => pod.spec.as_ref().and_then(|spec| spec.node_name.clone()),
        "status.podIP" => Some(address.to_owned()),
        other => return Err(Waiting::configuration(format!("the node agent does not know the field `{other}`"))),
    };
    Ok(value)
}

fn required(found: Option<Entries>, optional: Option<bool>, name: &str) -> Result<Entries, Waiting> {
    match found {
        Some(entries) => Ok(entries),
        None if optional == Some(true) => Ok(Entries::new()),
        None => Err(Waiting::configuration(format!("`{name}` not found"))),
    }
}

fn entry(entries: &Entries, key: &str, optional: Option<bool>, name: &str) -> Result<Option<String>, Waiting> {
    match entries.get(key) {
        Some(bytes) => Ok(Some(text(bytes))),
        None if optional == Some(true) => Ok(None),
        None => Err(Waiting::configuration(format!("`{name}` has no key `{key}`"))),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Replaces `$(NAME)`; `$$` is a dollar; a name that is unknown stays as it is written.
pub(super) fn expand(words: &str, environment: &Environment) -> String {
    let mut done = String::new();
    let mut rest = words;
    while let Some((before, after)) = rest.split_once('$') {
        done.push_str(before);
        rest = after;
        if let Some(after) = rest.strip_prefix('$') {
            done.push('$');
            rest = after;
        } else if let Some((name, after)) = rest.strip_prefix('(').and_then(|open| open.split_once(')')) {
            match environment.get(name) {
                Some(value) => done.push_str(value),
                None => done.push_str(&format!("$({name})")),
            }
            rest = after;
        } else {
            done.push('$');
        }
    }
    done.push_str(rest);
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_expanded_as_the_kubelet_does() {
        let environment = Environment::from([("N".to_owned(), "3".to_owned())]);
        let cases = [
            ("-bootstrap-expect=$(N)", "-bootstrap-expect=3"),
            ("$$(N)", "$(N)"),
            ("$(M) $N ${N} $", "$(M) $N ${N} $"),
            ("$(N)$(N)", "33"),
            ("$(N", "$(N"),
        ];
        for (words, expanded) in cases {
            assert_eq!(expand(words, &environment), expanded, "{words}");
        }
    }
}
