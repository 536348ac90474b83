//! What is asked for: the annotations of a StatefulSet over the settings of its namespace, read and checked.
//! Names only: whether such a Secret exists, and what it holds, is never seen here.

use std::fmt;

use kubernetes::annotation::PREFIX;
use kubernetes::manifest::Metadata;

use crate::credential_kind::{CREDENTIAL_KINDS, CredentialKind, CredentialSource, Files};
use crate::name::{is_host_name, is_key, is_secret_name, is_user_name};
use crate::settings::Settings;
use crate::words::short;

/// One thing that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialRequest {
    pub topic: &'static CredentialKind,
    pub origin: RequestOrigin,
    /// The flags that rqlited should get, in order; none where everybody may join.
    pub flags: Vec<WantedFlag>,
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestOrigin {
    Annotation,
    Settings,
}

/// A flag that rqlited should get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedFlag {
    /// Without dashes.
    pub flag: &'static str,
    pub value: WantedValue,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WantedValue {
    /// The path at which that key of that Secret is mounted.
    File {
        secret: String,
        key: String,
        path: String,
    },
    Text(String),
}

/// Something asked for that cannot be meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidRequest {
    pub topic: &'static CredentialKind,
    pub origin: RequestOrigin,
    /// As written, shortened.
    pub text: String,
    pub problem: RequestProblem,
}

/// Why a text names nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestProblem {
    Empty,
    SecretName,
    Key,
    /// A key where the keys are given.
    UnwantedKey,
    UserName,
    HostName,
}

/// All that is asked of a set, in the order of [`TOPICS`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CredentialRequests {
    pub requests: Vec<CredentialRequest>,
    pub invalid: Vec<InvalidRequest>,
}

/// The key that names the user as which nodes join each other.
pub const JOIN_AS: &str = "join-as";

/// In its place: the users' file lets everybody join, so no user is needed.
const EVERYBODY: &str = "*";

impl CredentialRequests {
    /// It is told as whom nodes join each other, a user or everybody.
    pub fn names_who_joins(&self) -> bool {
        self.requests.iter().any(|request| request.topic.key == JOIN_AS)
    }

    /// Everybody may join: asked for is no `-join-as`.
    pub fn lets_everybody_join(&self) -> bool {
        self.requests.iter().any(|request| request.topic.key == JOIN_AS && request.flags.is_empty())
    }
}

/// What is asked of a set: an annotation wins over the settings, also one that cannot be meant.
pub fn of_set(metadata: &Metadata, settings: &Settings) -> CredentialRequests {
    collect(|topic| {
        let annotation = metadata.annotations.get(&format!("{PREFIX}{}", topic.key));
        let annotation = annotation.map(|text| (RequestOrigin::Annotation, text.as_str()));
        annotation.or_else(|| settings.text(topic.key).map(|text| (RequestOrigin::Settings, text)))
    })
}

/// What the settings alone ask for.
pub fn in_settings(settings: &Settings) -> CredentialRequests {
    collect(|topic| settings.text(topic.key).map(|text| (RequestOrigin::Settings, text)))
}

fn collect<'a>(text_of: impl Fn(&CredentialKind) -> Option<(RequestOrigin, &'a str)>) -> CredentialRequests {
    let mut asked = CredentialRequests::default();
    for topic in &CREDENTIAL_KINDS {
        let Some((origin, text)) = text_of(topic) else { continue };
        match wanted(topic, text) {
            Ok(flags) => asked.requests.push(CredentialRequest { topic, origin, flags }),
            Err(problem) => asked.invalid.push(InvalidRequest { topic, origin, text: short(text), problem }),
        }
    }
    asked
}

fn wanted(topic: &CredentialKind, text: &str) -> Result<Vec<WantedFlag>, RequestProblem> {
    if text.is_empty() {
        return Err(RequestProblem::Empty);
    }
    match &topic.source {
        CredentialSource::Files(files) => wanted_files(files, text),
        CredentialSource::Text { flag: "join-as" } if text == EVERYBODY => Ok(Vec::new()),
        CredentialSource::Text { flag: "join-as" } if !is_user_name(text) => Err(RequestProblem::UserName),
        CredentialSource::Text { flag: "node-verify-server-name" } if !is_host_name(text) => {
            Err(RequestProblem::HostName)
        }
        CredentialSource::Text { flag } => Ok(vec![WantedFlag { flag, value: WantedValue::Text(text.to_owned()) }]),
    }
}

fn wanted_files(files: &Files, text: &str) -> Result<Vec<WantedFlag>, RequestProblem> {
    let (secret, named) = match text.split_once('/') {
        Some((secret, key)) => (secret, Some(key)),
        None => (text, None),
    };
    if !is_secret_name(secret) {
        return Err(RequestProblem::SecretName);
    }
    match named {
        Some(_) if !files.names_key => return Err(RequestProblem::UnwantedKey),
        Some(key) if !is_key(key) => return Err(RequestProblem::Key),
        Some(_) | None => {}
    }
    let directory = files.directory();
    let wanted = files.flags.iter().map(|(flag, default)| {
        let key = named.unwrap_or(default).to_owned();
        let path = format!("{directory}/{key}");
        WantedFlag { flag, value: WantedValue::File { secret: secret.to_owned(), key, path } }
    });
    Ok(wanted.collect())
}

impl fmt::Display for InvalidRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.problem == RequestProblem::Empty {
            return f.write_str("the text is empty");
        }
        write!(f, "`{}` {}", self.text, self.problem)
    }
}

impl RequestOrigin {
    /// How a message names who asks.
    pub fn words(self, topic: &CredentialKind) -> String {
        match self {
            RequestOrigin::Annotation => format!("annotation `{PREFIX}{}`", topic.key),
            RequestOrigin::Settings => format!("setting `{}`", topic.key),
        }
    }

    /// Where a finding points: at the annotation; settings are no part of the object.
    pub fn field(self, topic: &CredentialKind) -> String {
        match self {
            RequestOrigin::Annotation => format!("metadata.annotations[{PREFIX}{}]", topic.key),
            RequestOrigin::Settings => String::new(),
        }
    }
}

impl fmt::Display for WantedValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WantedValue::File { secret, key, .. } => write!(f, "key `{}` of Secret {}", short(key), short(secret)),
            WantedValue::Text(text) => write!(f, "`{}`", short(text)),
        }
    }
}

impl fmt::Display for RequestProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RequestProblem::Empty => "is empty",
            RequestProblem::SecretName => "is no name of a Secret: lower case letters, digits, `-` and `.` only",
            RequestProblem::Key => "names no key of a Secret: letters, digits, `-`, `_` and `.` only",
            RequestProblem::UnwantedKey => "names a key, but the keys are given: `tls.crt` and `tls.key`, or `ca.crt`",
            RequestProblem::UserName => "is no user's name: blanks, `$` and wildcards do not reach rqlited unchanged",
            RequestProblem::HostName => "is no host name: letters, digits, `-` and `.` only",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn read(key: &str, text: &str) -> CredentialRequests {
        let mut metadata = Metadata::default();
        metadata.annotations.insert(format!("quorate.dev/{key}"), text.to_owned());
        of_set(&metadata, &Settings::default())
    }

    #[track_caller]
    fn problem(key: &str, text: &str) -> RequestProblem {
        let asked = read(key, text);
        assert_eq!(asked.requests, [], "{key}: {text}");
        asked.invalid[0].problem
    }

    fn file(flag: &'static str, secret: &str, key: &str, path: &str) -> WantedFlag {
        let (secret, key, path) = (secret.to_owned(), key.to_owned(), path.to_owned());
        WantedFlag { flag, value: WantedValue::File { secret, key, path } }
    }

    #[test]
    fn reads_a_secret_with_the_default_key_and_with_a_named_one() {
        let flags = |text: &str| read("auth-secret", text).requests[0].flags.clone();
        assert_eq!(flags("rqlite-users"), [file("auth", "rqlite-users", "users.json", "/etc/quorate/auth/users.json")]);
        assert_eq!(flags("kots/config.json"), [file("auth", "kots", "config.json", "/etc/quorate/auth/config.json")]);
    }

    #[test]
    fn a_certificate_brings_its_key() {
        assert_eq!(
            read("node-tls-secret", "tls").requests[0].flags,
            [
                file("node-cert", "tls", "tls.crt", "/etc/quorate/node-tls/tls.crt"),
                file("node-key", "tls", "tls.key", "/etc/quorate/node-tls/tls.key"),
            ]
        );
    }

    #[test]
    fn asks_stand_in_the_order_of_the_topics_and_annotations_win() {
        let settings = Settings {
            auto_restore_secret: Some("restore".to_owned()),
            auth_secret: Some("of-settings".to_owned()),
            ..Settings::default()
        };
        let mut metadata = Metadata::default();
        metadata.annotations.insert("quorate.dev/auth-secret".to_owned(), "of-set".to_owned());
        let asked = of_set(&metadata, &settings);
        let found: Vec<(&str, RequestOrigin)> =
            asked.requests.iter().map(|request| (request.topic.key, request.origin)).collect();
        assert_eq!(
            found,
            [("auth-secret", RequestOrigin::Annotation), ("auto-restore-secret", RequestOrigin::Settings)]
        );
        assert_eq!(asked.requests[0].flags[0].value.to_string(), "key `users.json` of Secret of-set");
    }

    #[test]
    fn an_invalid_annotation_hides_the_setting() {
        let settings = Settings { auth_secret: Some("users".to_owned()), ..Settings::default() };
        let mut metadata = Metadata::default();
        metadata.annotations.insert("quorate.dev/auth-secret".to_owned(), String::new());
        assert_eq!(of_set(&metadata, &settings).requests, []);
    }

    #[test]
    fn refuses_what_no_secret_is_called() {
        for text in ["Users", "-a", "a-", "a_b", "a..b", ".a", "a b", "/users.json", "ä", &"a".repeat(254)] {
            assert_eq!(problem("auth-secret", text), RequestProblem::SecretName, "{text}");
        }
        assert_eq!(problem("auth-secret", ""), RequestProblem::Empty);
        assert_eq!(read("auth-secret", "a.b-c.0").invalid, []);
    }

    #[test]
    fn refuses_what_no_key_is_called() {
        for text in ["a/", "a/b/c", "a/..", "a/.", "a/..x", "a/b c"] {
            assert_eq!(problem("auto-backup-secret", text), RequestProblem::Key, "{text}");
        }
        assert_eq!(problem("http-tls-secret", "a/tls.crt"), RequestProblem::UnwantedKey);
    }

    #[test]
    fn refuses_user_and_host_names_that_would_not_arrive() {
        for text in ["**", "a b", "$(USER)", "a\tb", "a?"] {
            assert_eq!(problem("join-as", text), RequestProblem::UserName, "{text}");
        }
        assert_eq!(problem("node-verify-server-name", "a b"), RequestProblem::HostName);
        assert_eq!(read("join-as", "_system_rqlite").invalid, []);
        assert!(!read("join-as", "node").lets_everybody_join());
        let everybody = read("join-as", "*");
        assert_eq!((everybody.lets_everybody_join(), everybody.names_who_joins()), (true, true));
        assert_eq!(everybody.invalid, []);
        assert_eq!(read("node-verify-server-name", "rqlite.db.svc").invalid, []);
    }
}
