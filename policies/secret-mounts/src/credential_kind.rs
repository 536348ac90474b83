//! What may be asked for: nine keys, and the flags, files, volume and start that each stands for.
//! Not who asks, and not what the launch has already.

/// One key: in the settings as it stands, in annotations behind `quorate.dev/`.
#[derive(Debug, PartialEq, Eq)]
pub struct CredentialKind {
    pub key: &'static str,
    pub source: CredentialSource,
    pub start: StartCondition,
    /// The health probes speak HTTPS from then on.
    pub https: bool,
}

/// What a key gives rqlited.
#[derive(Debug, PartialEq, Eq)]
pub enum CredentialSource {
    /// Files of a Secret: `NAME`, or `NAME/KEY` where another key may be named.
    Files(Files),
    /// A flag with the text that is asked for.
    Text { flag: &'static str },
}

/// Files of one Secret, and the flags that name them.
#[derive(Debug, PartialEq, Eq)]
pub struct Files {
    /// Of the volume `quorate-<name>` and the directory `/etc/quorate/<name>`.
    name: &'static str,
    /// Flag, and the key of the Secret that it reads.
    pub flags: &'static [(&'static str, &'static str)],
    /// The key may be named; else it is the one that Secrets of type `kubernetes.io/tls` have.
    pub names_key: bool,
}

/// When a running set may get it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartCondition {
    /// With any change of the pod template: old and new pods understand each other.
    WithTemplate,
    /// Only where no two nodes meet: rqlite has no mixed mode, the first restarted node would be cut off (measured).
    NodeTls,
}

impl Files {
    pub fn volume(&self) -> String {
        format!("quorate-{}", self.name)
    }

    pub fn directory(&self) -> String {
        format!("/etc/quorate/{}", self.name)
    }
}

const fn files(
    key: &'static str,
    name: &'static str,
    flags: &'static [(&'static str, &'static str)],
    start: StartCondition,
) -> CredentialKind {
    CredentialKind {
        key,
        source: CredentialSource::Files(Files { name, flags, names_key: false }),
        start,
        https: false,
    }
}

/// One file whose key may be named.
const fn document(
    key: &'static str,
    name: &'static str,
    flags: &'static [(&'static str, &'static str)],
) -> CredentialKind {
    CredentialKind {
        key,
        source: CredentialSource::Files(Files { name, flags, names_key: true }),
        start: StartCondition::WithTemplate,
        https: false,
    }
}

const fn text(key: &'static str, flag: &'static str, start: StartCondition) -> CredentialKind {
    CredentialKind { key, source: CredentialSource::Text { flag }, start, https: false }
}

/// All of them. Their flags are put into a launch in this order, and stay in it.
pub static CREDENTIAL_KINDS: [CredentialKind; 9] = [
    document("auth-secret", "auth", &[("auth", "users.json")]),
    text("join-as", "join-as", StartCondition::WithTemplate),
    CredentialKind {
        https: true,
        ..files(
            "http-tls-secret",
            "http-tls",
            &[("http-cert", "tls.crt"), ("http-key", "tls.key")],
            StartCondition::WithTemplate,
        )
    },
    files("http-ca-secret", "http-ca", &[("http-ca-cert", "ca.crt")], StartCondition::WithTemplate),
    files("node-tls-secret", "node-tls", &[("node-cert", "tls.crt"), ("node-key", "tls.key")], StartCondition::NodeTls),
    files("node-ca-secret", "node-ca", &[("node-ca-cert", "ca.crt")], StartCondition::NodeTls),
    text("node-verify-server-name", "node-verify-server-name", StartCondition::NodeTls),
    document("auto-backup-secret", "auto-backup", &[("auto-backup", "backup.json")]),
    document("auto-restore-secret", "auto-restore", &[("auto-restore", "restore.json")]),
];

impl CredentialKind {
    /// Without dashes.
    pub fn flags(&self) -> Vec<&'static str> {
        match &self.source {
            CredentialSource::Files(files) => files.flags.iter().map(|(flag, _)| *flag).collect(),
            CredentialSource::Text { flag } => vec![*flag],
        }
    }
}

/// The topic that gives rqlited that flag, and the flag.
pub fn of_flag(name: &str) -> Option<(&'static CredentialKind, &'static str)> {
    let given = CREDENTIAL_KINDS.iter().flat_map(|topic| topic.flags().into_iter().map(move |flag| (topic, flag)));
    given.into_iter().find(|(_, flag)| *flag == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flag_is_a_text_flag_of_rqlited() {
        for topic in &CREDENTIAL_KINDS {
            for flag in topic.flags() {
                let spec = rqlite::flag_table::lookup(flag).unwrap();
                assert_eq!(spec.flag_type, rqlite::flag_table::FlagType::Text, "{flag}");
            }
        }
    }

    #[test]
    fn volumes_and_directories_bear_the_topics_name() {
        let CredentialSource::Files(auth) = &CREDENTIAL_KINDS[0].source else { panic!("auth-secret brings files") };
        assert_eq!((auth.volume().as_str(), auth.directory().as_str()), ("quorate-auth", "/etc/quorate/auth"));
    }
}
