//! The settings: what is asked for in every set of the configuration's reach. Same keys as the annotations, which win.

use serde::Deserialize;

/// Secrets that every rqlite StatefulSet gets, unless an annotation of the same name says otherwise.
/// They make most sense under `namespaces.<namespace>`: a pod mounts Secrets of its own namespace only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default)]
pub struct Settings {
    /// `NAME` or `NAME/KEY` of the Secret with rqlite's users; the key is `users.json` unless named. Passed as `-auth`; needs `join-as`.
    pub auth_secret: Option<String>,
    /// The user of that file as which nodes join each other, passed as `-join-as`; `*` where the file lets everybody join.
    pub join_as: Option<String>,
    /// `NAME` of the Secret with `tls.crt` and `tls.key` for the HTTP API. Passed as `-http-cert` and `-http-key`; the health probes turn to HTTPS.
    pub http_tls_secret: Option<String>,
    /// `NAME` of the Secret with `ca.crt`, which HTTP clients' certificates are verified with. Passed as `-http-ca-cert`.
    pub http_ca_secret: Option<String>,
    /// `NAME` of the Secret with `tls.crt` and `tls.key` for the traffic between nodes. Passed as `-node-cert` and `-node-key`;
    /// starts only at creation, at zero replicas or with one voter, since rqlite nodes with and without it cannot talk.
    pub node_tls_secret: Option<String>,
    /// `NAME` of the Secret with `ca.crt`, which other nodes' certificates are verified with. Passed as `-node-ca-cert`; starts when node TLS may.
    pub node_ca_secret: Option<String>,
    /// The host name that nodes expect in each other's certificates. Passed as `-node-verify-server-name`; starts when node TLS may.
    pub node_verify_server_name: Option<String>,
    /// `NAME` or `NAME/KEY` of the Secret that says where automatic backups go; the key is `backup.json` unless named. Passed as `-auto-backup`.
    pub auto_backup_secret: Option<String>,
    /// `NAME` or `NAME/KEY` of the Secret that says what an empty cluster is restored from; the key is `restore.json` unless named. Passed as `-auto-restore`.
    pub auto_restore_secret: Option<String>,
}

impl Settings {
    /// The text under a key.
    pub fn text(&self, key: &str) -> Option<&str> {
        let value = match key {
            "auth-secret" => &self.auth_secret,
            "join-as" => &self.join_as,
            "http-tls-secret" => &self.http_tls_secret,
            "http-ca-secret" => &self.http_ca_secret,
            "node-tls-secret" => &self.node_tls_secret,
            "node-ca-secret" => &self.node_ca_secret,
            "node-verify-server-name" => &self.node_verify_server_name,
            "auto-backup-secret" => &self.auto_backup_secret,
            "auto-restore-secret" => &self.auto_restore_secret,
            _ => &None,
        };
        value.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential_kind::CREDENTIAL_KINDS;

    #[test]
    fn the_schema_is_that_of_the_types() {
        quorate_cases::check_schema::<Settings>(
            concat!(env!("CARGO_MANIFEST_DIR"), "/settings.schema.json"),
            include_str!("../settings.schema.json"),
        );
    }

    #[test]
    fn every_topic_is_a_key_of_the_settings() {
        for topic in &CREDENTIAL_KINDS {
            let settings: Settings = serde_json::from_value(serde_json::json!({ (topic.key): "a" })).unwrap();
            assert_eq!(settings.text(topic.key), Some("a"), "{}", topic.key);
        }
        assert_eq!(Settings::default().text("unheard-of"), None);
    }
}
