//! Credentials that change while the client lives: a token in a file, and what an exec plugin gives, a client certificate too.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use http::HeaderValue;
use kube::config::{AuthInfo, Cluster};
use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::sign::CertifiedKey;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::plugin::{Credential, Plugin};
use super::{Login, LoginError};
use quorate_facts::Clock;

/// A token's file is read again after this time, as client-go does.
const FILE_REFRESH: Duration = Duration::from_secs(60);
/// A credential is replaced this long before it ends.
const REFRESH_BEFORE: Duration = Duration::from_secs(10);

pub(crate) struct Bearer {
    source: TokenSource,
    current: Mutex<CurrentToken>,
    key: Arc<ClientKey>,
}

enum TokenSource {
    File(PathBuf),
    Plugin(Arc<Plugin>, Clock),
}

#[derive(Default)]
struct CurrentToken {
    token: Option<HeaderValue>,
    /// When it is asked for again.
    until: Option<Instant>,
}

/// The client certificate that new connections show.
#[derive(Debug, Default)]
struct ClientKey(RwLock<Option<Arc<CertifiedKey>>>);

impl Bearer {
    /// Takes out of `user` what it stands for. None where nothing of it changes.
    pub(super) async fn of_user(
        login: &Login,
        cluster: &Cluster,
        name: &str,
        user: &mut AuthInfo,
    ) -> Result<Option<Self>, LoginError> {
        let (file, exec) = (user.token_file.take(), user.exec.take());
        if user.auth_provider.is_some() || (user.username.is_some() && user.password.is_some()) {
            return Ok(None);
        }
        if let Some(file) = file {
            // The file goes before a token, as long as it can be read.
            let bearer = Self::of_file(file.into());
            let read = bearer.header().await;
            return match read {
                Ok(_) => {
                    user.token = None;
                    Ok(Some(bearer))
                }
                Err(_) if user.token.is_some() => Ok(None),
                Err(error) => Err(error),
            };
        }
        let Some(exec) = exec.filter(|_| user.token.is_none()) else { return Ok(None) };
        let plugin = Plugin::new(exec, name, cluster, login.terminal)?;
        let bearer = Self::new(TokenSource::Plugin(Arc::new(plugin), login.clock));
        bearer.header().await?;
        Ok(Some(bearer))
    }

    pub(super) fn of_file(file: PathBuf) -> Self {
        Self::new(TokenSource::File(file))
    }

    fn new(source: TokenSource) -> Self {
        let current = CurrentToken { token: None, until: Some(Instant::now()) };
        Self { source, current: Mutex::new(current), key: Arc::default() }
    }

    /// For `Authorization`; None where a certificate says who asks.
    pub(crate) async fn header(&self) -> Result<Option<HeaderValue>, LoginError> {
        let mut current = self.current.lock().await;
        if current.until.is_some_and(|until| Instant::now() >= until) {
            match &self.source {
                TokenSource::File(file) => current.read(file)?,
                TokenSource::Plugin(plugin, clock) => {
                    let credential = run(plugin).await?;
                    let key = credential.key.clone();
                    *current = CurrentToken::of(credential, *clock)?;
                    *self.key.0.write().unwrap_or_else(PoisonError::into_inner) = key;
                }
            }
        }
        Ok(current.token.clone())
    }

    /// The API server did not accept it: the next request asks for another one.
    pub(crate) async fn invalidate(&self) {
        self.current.lock().await.until = Some(Instant::now());
    }

    /// The client certificate, as it is when a connection is opened.
    pub(crate) fn certificate(&self) -> Option<Arc<dyn ResolvesClientCert>> {
        self.key.has_certs().then(|| Arc::clone(&self.key) as _)
    }
}

/// Apart from the threads that answer requests.
async fn run(plugin: &Arc<Plugin>) -> Result<Credential, LoginError> {
    let plugin = Arc::clone(plugin);
    let run = tokio::task::spawn_blocking(move || plugin.run()).await;
    run.map_err(|_| LoginError::Stopped)?.map_err(LoginError::from)
}

impl CurrentToken {
    /// A file that is not there any more leaves the token that was read last.
    fn read(&mut self, file: &PathBuf) -> Result<(), LoginError> {
        match std::fs::read_to_string(file) {
            Ok(text) => self.token = Some(bearer(text.trim())?),
            Err(_) if self.token.is_some() => {}
            Err(source) => return Err(LoginError::NoFile { what: "token", file: file.clone(), source }),
        }
        self.until = Some(Instant::now() + FILE_REFRESH);
        Ok(())
    }

    fn of(credential: Credential, clock: Clock) -> Result<Self, LoginError> {
        let left = credential.until.map(|until| Duration::try_from(until - clock()).unwrap_or_default());
        let until = left.map(|left| Instant::now() + left.saturating_sub(REFRESH_BEFORE));
        Ok(Self { token: credential.token.map(|token| bearer(&token)).transpose()?, until })
    }
}

fn bearer(token: &str) -> Result<HeaderValue, LoginError> {
    let mut value = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| LoginError::Token)?;
    value.set_sensitive(true);
    Ok(value)
}

impl ResolvesClientCert for ClientKey {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn has_certs(&self) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).is_some()
    }
}

#[cfg(test)]
mod tests;
