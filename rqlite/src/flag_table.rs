//! Every flag of rqlited from 5.0.0 on: type, default, unit, first and last release that accepts it.
//! Not how a command line is read (`flag`), nor what a flag does. Computed over the 308 release tags of rqlite/rqlite, `cmd/rqlited/`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::version::Version;
use kubernetes::collect;

/// The type that Go's `flag` package gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlagType {
    /// A boolean: bare, or behind `=`, never the next word.
    Bool,
    /// Go `int`: 64 bits, with base prefixes.
    Int,
    /// Go `uint64`: from 0, with base prefixes.
    Uint64,
    /// Go `time.Duration`: a number with its unit, `500ms`, `1h30m`.
    Duration,
    /// Any text.
    Text,
}

/// One flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlagSpec {
    /// Without dashes.
    pub name: &'static str,
    /// Of the last release that has it: before 6.10.1 durations were texts.
    pub flag_type: FlagType,
    /// Of the last release that has it, as the command line would give it; empty for an empty text.
    pub default: &'static str,
    /// `bytes`, `voters`, `attempts`, …; empty where the type says it.
    pub unit: &'static str,
    /// The first release that accepts it; 5.0.0 for those that are older.
    pub first: Version,
    /// The last release that accepts it; none for those that the newest still has.
    pub last: Option<Version>,
    /// Only rqlited has a flag of this name (it tells rqlite from other programs).
    pub distinctive: bool,
}

impl FlagSpec {
    /// The release has this flag; rqlited exits with code 2 at one that it does not have.
    pub fn exists_in(&self, release: Version) -> bool {
        self.first <= release && self.last.is_none_or(|last| release <= last)
    }

    const fn unit(mut self, unit: &'static str) -> Self {
        self.unit = unit;
        self
    }

    const fn since(mut self, major: u32, minor: u32, patch: u32) -> Self {
        self.first = Version::new(major, minor, patch);
        self
    }

    const fn until(mut self, major: u32, minor: u32, patch: u32) -> Self {
        self.last = Some(Version::new(major, minor, patch));
        self
    }

    const fn distinctive(mut self) -> Self {
        self.distinctive = true;
        self
    }
}

/// The flag of that name, without dashes, of any release.
pub fn lookup(name: &str) -> Option<&'static FlagSpec> {
    // A line may have thousands of flags, and is read some ten times.
    static BY_NAME: LazyLock<BTreeMap<&str, &FlagSpec>> =
        LazyLock::new(|| collect::map(FLAGS.iter().map(|spec| (spec.name, spec))));
    BY_NAME.get(name).copied()
}

/// The word of a command line is a flag that only rqlited has, with one dash or two, with or without a value.
#[cfg(feature = "recognition")]
pub(crate) fn is_distinctive(word: &str) -> bool {
    let Some(flag) = word.strip_prefix('-') else { return false };
    let name = flag.trim_start_matches('-').split('=').next().unwrap_or_default();
    lookup(name).is_some_and(|spec| spec.distinctive)
}

const fn spec(name: &'static str, flag_type: FlagType, default: &'static str) -> FlagSpec {
    FlagSpec { name, flag_type, default, unit: "", first: Version::new(5, 0, 0), last: None, distinctive: false }
}

const fn switch(name: &'static str, default: &'static str) -> FlagSpec {
    spec(name, FlagType::Bool, default)
}

const fn int(name: &'static str, default: &'static str) -> FlagSpec {
    spec(name, FlagType::Int, default)
}

const fn size(name: &'static str, default: &'static str) -> FlagSpec {
    spec(name, FlagType::Uint64, default)
}

const fn duration(name: &'static str, default: &'static str) -> FlagSpec {
    spec(name, FlagType::Duration, default)
}

const fn text(name: &'static str, default: &'static str) -> FlagSpec {
    spec(name, FlagType::Text, default)
}

/// All flags, by what they are about.
pub const FLAGS: &[FlagSpec] = &[
    // Quorum and membership.
    int("bootstrap-expect", "0").unit("voters").since(7, 1, 0),
    duration("bootstrap-expect-timeout", "120s").since(7, 1, 0).distinctive(),
    switch("raft-non-voter", "false").since(5, 1, 0).distinctive(),
    switch("raft-cluster-remove-shutdown", "false").since(7, 17, 0).distinctive(),
    switch("raft-remove-shutdown", "false").distinctive(),
    switch("raft-shutdown-stepdown", "true").since(7, 12, 0).distinctive(),
    duration("raft-reap-node-timeout", "0h").since(7, 11, 0).distinctive(),
    duration("raft-reap-read-only-node-timeout", "0h").since(7, 11, 0).distinctive(),
    switch("raft-leader-wait", "true").since(5, 9, 0).until(6, 10, 2).distinctive(),
    // Joining and discovery.
    text("join", ""),
    int("join-attempts", "5").unit("attempts").since(5, 4, 0),
    duration("join-interval", "3s").since(5, 4, 0),
    text("join-as", "").since(6, 10, 0).distinctive(),
    text("join-source-ip", "").since(5, 11, 0).until(7, 21, 4).distinctive(),
    text("disco-mode", "").since(7, 0, 0).distinctive(),
    text("disco-key", "rqlite").since(7, 0, 0).distinctive(),
    text("disco-config", "").since(7, 0, 0).distinctive(),
    text("disco-id", "").until(6, 10, 2).distinctive(),
    text("disco-url", "http://discovery.rqlite.com").until(6, 10, 2).distinctive(),
    duration("cluster-connect-timeout", "30s").since(7, 5, 1),
    // Identity and addresses.
    text("node-id", ""),
    text("http-addr", "localhost:4001"),
    text("http-adv-addr", "").distinctive(),
    text("raft-addr", "localhost:4002"),
    text("raft-adv-addr", "").distinctive(),
    // Authentication and TLS of the HTTP port.
    text("auth", ""),
    text("http-ca-cert", ""),
    text("http-cert", ""),
    text("http-key", ""),
    switch("http-verify-client", "false").since(7, 14, 0).distinctive(),
    text("http-verify-common-name", "").since(10, 2, 0).distinctive(),
    text("http-allow-origin", "").since(8, 0, 0),
    switch("http-no-verify", "false").until(8, 13, 0),
    switch("tls1011", "false").since(5, 10, 0).until(7, 21, 4).distinctive(),
    // TLS between nodes.
    text("node-ca-cert", ""),
    text("node-cert", ""),
    text("node-key", ""),
    switch("node-no-verify", "false").distinctive(),
    switch("node-verify-client", "false").since(7, 14, 0).distinctive(),
    text("node-verify-server-name", "").since(8, 13, 0).distinctive(),
    text("node-verify-common-name", "").since(10, 2, 0).distinctive(),
    switch("node-encrypt", "false").until(7, 21, 4).distinctive(),
    // Data and files.
    text("auto-backup", "").since(7, 15, 0).distinctive(),
    text("auto-restore", "").since(7, 16, 0).distinctive(),
    text("extensions-path", "").since(8, 27, 0),
    text("cdc-config", "").since(8, 43, 4),
    switch("fk", "false").since(6, 2, 0),
    switch("compress-snap-transport", "false").since(10, 0, 0).distinctive(),
    switch("on-disk", "false").until(7, 21, 4).distinctive(),
    switch("on-disk-startup", "false").since(6, 8, 2).until(7, 21, 4).distinctive(),
    text("on-disk-path", "").since(6, 3, 0).until(9, 4, 5).distinctive(),
    text("dsn", "").until(6, 0, 2),
    // Raft.
    text("raft-log-level", "WARN").since(5, 1, 0).distinctive(),
    size("raft-snap", "8192").unit("log entries").distinctive(),
    size("raft-snap-wal-size", "4194304").unit("bytes").since(8, 14, 0).distinctive(),
    duration("raft-snap-int", "10s").since(5, 2, 0).distinctive(),
    duration("raft-leader-lease-timeout", "0s").since(5, 6, 0).distinctive(),
    duration("raft-heartbeat-timeout", "1s").since(10, 0, 0),
    duration("raft-timeout", "1s").until(9, 4, 5),
    duration("raft-election-timeout", "1s"),
    duration("raft-commit-timeout", "50ms").since(10, 0, 0),
    duration("raft-apply-timeout", "10s").distinctive(),
    duration("raft-open-timeout", "120s").until(7, 0, 1).distinctive(),
    switch("raft-no-freelist-sync", "false").since(7, 0, 0).until(7, 21, 4).distinctive(),
    // Database, queue and the rest.
    int("db-max-ro-conns", "256").unit("connections").since(10, 0, 3).distinctive(),
    duration("auto-vacuum-int", "0s").since(8, 17, 0).distinctive(),
    duration("auto-optimize-int", "24h").since(8, 30, 0).distinctive(),
    int("write-queue-capacity", "1024").unit("requests").since(7, 5, 0).distinctive(),
    int("write-queue-batch-size", "128").unit("requests").since(7, 5, 0).distinctive(),
    duration("write-queue-timeout", "50ms").since(7, 5, 0).distinctive(),
    switch("write-queue-tx", "false").since(7, 5, 0).distinctive(),
    int("compression-size", "150").unit("bytes").since(5, 7, 0).until(7, 21, 4).distinctive(),
    int("compression-batch", "5").unit("requests").since(5, 7, 0).until(7, 21, 4).distinctive(),
    text("cpu-profile", ""),
    text("mem-profile", ""),
    text("trace-profile", "").since(8, 24, 9),
    switch("expvar", "true").until(7, 21, 4),
    switch("pprof", "true").until(7, 21, 4),
    switch("version", "false"),
    // Metrics over OTLP: on rqlite's main branch after 10.2.7.
    text("otlp-endpoint", "").since(10, 3, 0),
    duration("otlp-interval", "30s").since(10, 3, 0),
    switch("otlp-insecure", "false").since(10, 3, 0),
    switch("otlp-no-verify", "false").since(10, 3, 0),
    text("otlp-ca-cert", "").since(10, 3, 0),
    text("otlp-cert", "").since(10, 3, 0),
    text("otlp-key", "").since(10, 3, 0),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn count_in(major: u32, minor: u32, patch: u32) -> usize {
        let release = Version::new(major, minor, patch);
        FLAGS.iter().filter(|spec| spec.exists_in(release)).count()
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = FLAGS.iter().map(|spec| spec.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), FLAGS.len());
    }

    /// Counted in each tag's `cmd/rqlited` of rqlite/rqlite; 10.3.0 is its main branch of 2026-07-24.
    const COUNTS: [((u32, u32, u32), usize); 7] = [
        ((5, 0, 0), 31),
        ((6, 10, 2), 45),
        ((7, 21, 4), 60),
        ((8, 43, 4), 57),
        ((9, 4, 5), 57),
        ((10, 2, 7), 61),
        ((10, 3, 0), 68),
    ];

    #[test]
    fn each_release_has_as_many_flags_as_its_source() {
        for ((major, minor, patch), count) in COUNTS {
            assert_eq!(count_in(major, minor, patch), count, "{major}.{minor}.{patch}");
        }
    }

    #[test]
    fn flags_come_and_go_with_their_releases() {
        let remove = lookup("raft-cluster-remove-shutdown").unwrap();
        assert!(!remove.exists_in(Version::new(7, 16, 0)));
        assert!(remove.exists_in(Version::new(7, 17, 0)));
        let path = lookup("on-disk-path").unwrap();
        assert!(path.exists_in(Version::new(9, 4, 5)));
        assert!(!path.exists_in(Version::new(10, 0, 0)));
        assert!(lookup("-join").is_none());
    }

    #[test]
    fn names_that_other_programs_have_are_not_distinctive() {
        for name in ["bootstrap-expect", "join", "node-id", "version", "cpu-profile", "auth", "http-addr", "raft-addr"]
        {
            assert!(!lookup(name).unwrap().distinctive, "{name}");
        }
        for name in
            ["raft-cluster-remove-shutdown", "disco-mode", "http-adv-addr", "write-queue-tx", "on-disk", "auto-backup"]
        {
            assert!(lookup(name).unwrap().distinctive, "{name}");
        }
    }
}
