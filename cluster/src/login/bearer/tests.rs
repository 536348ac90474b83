//! When a credential is asked for again. The clock is tokio's; plugins are lines of `sh`, which run in their own time.

use std::path::Path;

use kube::config::ExecConfig;
use serde_json::json;
use time::OffsetDateTime;
use time::macros::datetime;
use tokio::time::advance;

use super::*;

const NOW: OffsetDateTime = datetime!(2026-11-30 10:00 UTC);
const VERSION: &str = "client.authentication.k8s.io/v1";

/// A plugin that gives `given-1`, `given-2` and so on, each until then; it fails while there is a file `broken`.
fn counting(folder: &Path, until: &str) -> Bearer {
    let status = json!({ "token": "given-COUNT", "expirationTimestamp": until });
    let credential = json!({ "apiVersion": VERSION, "kind": "ExecCredential", "status": status }).to_string();
    let credential = credential.replace("COUNT", "'$(grep -c '' calls)'");
    let lines = format!("cd '{}'\ntest ! -e broken || exit 3\necho >> calls\necho '{credential}'", folder.display());
    let exec = json!({ "apiVersion": VERSION, "command": "sh", "args": ["-c", lines], "interactiveMode": "Never" });
    let exec: ExecConfig = serde_json::from_value(exec).unwrap();
    let plugin = Plugin::new(exec, "u", &Cluster::default(), false).unwrap();
    Bearer::new(TokenSource::Plugin(Arc::new(plugin), || NOW))
}

async fn given(bearer: &Bearer) -> String {
    bearer.header().await.unwrap().unwrap().to_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_token_is_renewed_ten_seconds_before_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let bearer = counting(folder.path(), "2026-11-30T10:01:00Z");
    for number in 1..=3 {
        assert_eq!(given(&bearer).await, format!("Bearer given-{number}"));
        advance(Duration::from_secs(49)).await;
        assert_eq!(given(&bearer).await, format!("Bearer given-{number}"));
        advance(Duration::from_secs(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_has_ended_is_used_once() {
    for until in ["2026-11-30T09:00:00Z", "2026-11-30T10:00:10Z"] {
        let folder = tempfile::tempdir().unwrap();
        let bearer = counting(folder.path(), until);
        assert_eq!([given(&bearer).await, given(&bearer).await], ["Bearer given-1", "Bearer given-2"], "{until}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_api_server_did_not_accept_is_asked_for_again() {
    let folder = tempfile::tempdir().unwrap();
    let bearer = counting(folder.path(), "2999-01-01T00:00:00Z");
    assert_eq!(given(&bearer).await, "Bearer given-1");
    advance(Duration::from_secs(24 * 60 * 60)).await;
    assert_eq!(given(&bearer).await, "Bearer given-1");
    bearer.invalidate().await;
    assert_eq!(given(&bearer).await, "Bearer given-2");
}

#[tokio::test(start_paused = true)]
async fn a_plugin_that_fails_later_is_told_of_and_tried_at_the_next_request() {
    let folder = tempfile::tempdir().unwrap();
    let bearer = counting(folder.path(), "2026-11-30T10:01:00Z");
    assert_eq!(given(&bearer).await, "Bearer given-1");
    advance(Duration::from_secs(50)).await;
    std::fs::write(folder.path().join("broken"), "").unwrap();
    let error = bearer.header().await.unwrap_err().to_string();
    assert!(error.starts_with("exec plugin `sh` of user `u` failed (exit status: 3)"), "{error}");
    std::fs::remove_file(folder.path().join("broken")).unwrap();
    assert_eq!(given(&bearer).await, "Bearer given-2");
}

#[tokio::test(start_paused = true)]
async fn a_file_is_read_again_each_minute_and_outlived() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "one\n").unwrap();
    let bearer = Bearer::of_file(file.clone());
    assert_eq!(given(&bearer).await, "Bearer one");
    std::fs::write(&file, "two\n").unwrap();
    advance(Duration::from_secs(59)).await;
    assert_eq!(given(&bearer).await, "Bearer one");
    advance(Duration::from_secs(1)).await;
    assert_eq!(given(&bearer).await, "Bearer two");
    std::fs::remove_file(&file).unwrap();
    advance(Duration::from_secs(60)).await;
    assert_eq!(given(&bearer).await, "Bearer two");
}
