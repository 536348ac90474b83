//! As whom the API server is asked, in the words of messages, and until when that is good. Holds no secret.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Uri;
use kube::config::AuthInfo;
use quorate_certs::Anchor;
use secrecy::ExposeSecret;
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::LoginError;
use super::failure::Failure;
use super::kubeconfig::data_or_file;

#[derive(Debug, Clone)]
pub(super) enum Identity {
    /// The service account of the pod.
    Pod,
    User {
        name: String,
        by: AuthMethod,
        until: Option<OffsetDateTime>,
    },
}

#[derive(Debug, Clone)]
pub(super) enum AuthMethod {
    Nothing,
    Password,
    Token,
    Certificate,
    Plugin(String),
    Provider(String),
}

impl Identity {
    /// What of a user counts, in the order in which it is taken.
    pub(super) fn of(name: &str, user: &AuthInfo) -> Result<Self, LoginError> {
        let data = user.client_certificate_data.as_deref();
        let certificate = data_or_file("client-certificate", data, user.client_certificate.as_deref())?;
        let (by, until) = if let Some(provider) = &user.auth_provider {
            (AuthMethod::Provider(provider.name.clone()), None)
        } else if user.username.is_some() && user.password.is_some() {
            (AuthMethod::Password, None)
        } else if let Some(file) = &user.token_file {
            (AuthMethod::Token, std::fs::read_to_string(file).ok().and_then(|token| expiry(token.trim())))
        } else if let Some(token) = &user.token {
            (AuthMethod::Token, expiry(token.expose_secret()))
        } else if let Some(exec) = &user.exec {
            (AuthMethod::Plugin(exec.command.clone().unwrap_or_default()), None)
        } else if let Some(pem) = certificate {
            let (chain, _) = Anchor::read_all(&pem);
            (AuthMethod::Certificate, chain.first().map(|leaf| leaf.validity().not_after))
        } else {
            (AuthMethod::Nothing, None)
        };
        Ok(Self::User { name: name.to_owned(), by, until })
    }

    /// The API server's 401.
    pub(super) fn refused(&self, server: &Uri, now: OffsetDateTime) -> Failure {
        let (credential, remedy, until) = match self {
            Self::Pod => {
                let remedy = "the pod may have outlived its service account: delete the pod".to_owned();
                ("the token of the pod's service account".to_owned(), remedy, None)
            }
            Self::User { name, by, until } => (by.of(name), by.remedy(), *until),
        };
        let why = match until {
            Some(until) if until < now => format!("it expired {}", shown(until)),
            Some(_) | None => "it may have expired or been withdrawn".to_owned(),
        };
        let what = match self {
            Self::User { by: AuthMethod::Nothing, name, .. } => format!(
                "API server {server} wants to know who asks (401 Unauthorized), and user `{name}` of the kubeconfig has no credentials"
            ),
            Self::Pod | Self::User { .. } => {
                format!("API server {server} does not accept {credential} (401 Unauthorized): {why}")
            }
        };
        Failure { what, remedy }
    }
}

impl AuthMethod {
    fn of(&self, name: &str) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::Password => format!("the password of user `{name}`"),
            Self::Token => format!("the token of user `{name}`"),
            Self::Certificate => format!("the client certificate of user `{name}`"),
            Self::Plugin(command) => format!("what exec plugin `{command}` gives for user `{name}`"),
            Self::Provider(provider) => format!("what auth-provider `{provider}` gives for user `{name}`"),
        }
    }

    fn remedy(&self) -> String {
        match self {
            Self::Nothing => "log in, or name another context with --context".to_owned(),
            Self::Password => "correct it in the kubeconfig".to_owned(),
            Self::Token => "log in again, so that the kubeconfig has a new one".to_owned(),
            Self::Certificate => "have a new one signed, and write it into the kubeconfig".to_owned(),
            Self::Plugin(command) => format!("log in again with the tool that `{command}` belongs to"),
            Self::Provider(_) => "log in again with the tool that wrote it".to_owned(),
        }
    }
}

fn shown(time: OffsetDateTime) -> String {
    time.format(&Rfc3339).unwrap_or_else(|_| time.to_string())
}

/// `exp` of a JWT (RFC 7519, section 4.1.4); other tokens do not say when they end.
fn expiry(token: &str) -> Option<OffsetDateTime> {
    #[derive(Deserialize)]
    struct TokenClaims {
        exp: i64,
    }
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: TokenClaims = serde_json::from_slice(&payload).ok()?;
    OffsetDateTime::from_unix_timestamp(claims.exp).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(payload: &str) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(payload))
    }

    #[test]
    fn a_token_says_when_it_ends_where_it_is_a_jwt() {
        assert_eq!(expiry(&token(r#"{"exp":1764496800}"#)).map(|until| until.unix_timestamp()), Some(1_764_496_800));
        for other in ["", "abc", "a.b.c", &token("{}"), &token("no json")] {
            assert_eq!(expiry(other), None, "{other}");
        }
    }

    #[test]
    fn the_first_thing_to_say_of_a_refused_token_is_that_it_expired() {
        let user = AuthInfo { token: Some(token(r#"{"exp":1764496800}"#).into()), ..AuthInfo::default() };
        let identity = Identity::of("me", &user).unwrap();
        let (server, now) = (Uri::from_static("https://api:6443"), time::macros::datetime!(2026-11-30 10:00 UTC));
        let refused = identity.refused(&server, now);
        assert_eq!(
            refused.what,
            "API server https://api:6443/ does not accept the token of user `me` (401 Unauthorized): it expired 2025-11-30T10:00:00Z"
        );
        assert!(!format!("{refused:?} {identity:?}").contains("e30"), "{refused:?}");
    }
}
