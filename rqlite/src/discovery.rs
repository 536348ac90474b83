//! How a node finds the others: the mode, and the host name that DNS discovery looks up.
//! Not whom it finds; of a disco configuration nothing but that name is read.

use serde_json::Value as Json;

use crate::flag::CommandLine;
use crate::value::Value;

/// The discovery mode, and with it whether a node that removed itself can come back: with DNS, or several join targets
/// and `-bootstrap-expect`, it can (measured on rqlited 8.43.4, 9.4.5 and 10.2.7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Discovery {
    /// `dns`: the addresses of a host name, each asked at the node's own Raft port (rqlite-disco-clients, dns/client.go).
    Dns,
    /// `dns-srv`: the SRV records of a host name, ports included.
    DnsSrv,
    /// `consul-kv`: a key in Consul. A node that removed itself stays out.
    ConsulKv,
    /// `etcd-kv`: a key in etcd. A node that removed itself stays out.
    EtcdKv,
    /// `-join` with its targets.
    Join {
        /// `host:port` of the Raft port since 8.0.0 (rqlite's CHANGELOG), before it a URL of the HTTP port. Never empty.
        targets: Vec<String>,
    },
    /// Neither mode nor targets. A node that removed itself stays out.
    None,
    /// Deferred, malformed, or a launch that cannot be read.
    Unreadable,
}

impl Discovery {
    /// Of a command line; None: the launch cannot be read.
    pub fn of(line: Option<&CommandLine>) -> Self {
        let Some(line) = line.filter(|line| line.unreadable_flag().is_none()) else {
            return Discovery::Unreadable;
        };
        // The public discovery service of releases before 7.0.0.
        if line.effective("disco-id").is_some() {
            return Discovery::Unreadable;
        }
        match (given(line, "disco-mode"), given(line, "join")) {
            (Ok(mode), Ok(join)) if mode.is_empty() && join.is_empty() => Discovery::None,
            (Ok(mode), Ok(join)) if mode.is_empty() => {
                Discovery::Join { targets: join.split(',').map(str::to_owned).collect() }
            }
            // rqlited refuses both together.
            (Ok(mode), Ok(join)) if join.is_empty() => Discovery::mode(&mode),
            _ => Discovery::Unreadable,
        }
    }

    fn mode(name: &str) -> Self {
        match name {
            "dns" => Discovery::Dns,
            "dns-srv" => Discovery::DnsSrv,
            "consul-kv" => Discovery::ConsulKv,
            "etcd-kv" => Discovery::EtcdKv,
            _ => Discovery::Unreadable,
        }
    }
}

/// What a `dns` or `dns-srv` configuration names as the host; empty where it names none.
fn host_name(config: &str) -> Option<String> {
    let config: Json = serde_json::from_str(config).ok()?;
    match config.as_object()?.get("name") {
        None => Some(String::new()),
        Some(name) => Some(name.as_str()?.to_owned()),
    }
}

/// The host name that DNS discovery looks up. None in every other mode, and where the configuration is in a file or behind a reference.
pub(crate) fn looked_up(line: &CommandLine) -> Option<String> {
    // What rqlited looks up when the configuration names nothing (rqlite-disco-clients, dns/client.go and dnssrv/client.go).
    const DEFAULT: &str = "rqlite";
    match Discovery::of(Some(line)) {
        Discovery::Dns | Discovery::DnsSrv => {}
        Discovery::ConsulKv | Discovery::EtcdKv | Discovery::Join { .. } | Discovery::None | Discovery::Unreadable => {
            return None;
        }
    }
    let config = given(line, "disco-config").ok()?;
    let named = if config.is_empty() { String::new() } else { host_name(&config)? };
    Some(if named.is_empty() { DEFAULT.to_owned() } else { named })
}

/// The flag's text, empty where it is not given; an error where it cannot be known.
fn given(line: &CommandLine, name: &str) -> Result<String, ()> {
    match line.text(name) {
        Some(Value::Known(text)) => Ok(text),
        None => Ok(String::new()),
        Some(Value::Deferred(_) | Value::Malformed(_)) => Err(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flag::fixture::{deferred, line};

    #[track_caller]
    fn discovery(argv: &[&str]) -> Discovery {
        Discovery::of(Some(&line(argv)))
    }

    #[test]
    fn modes_are_rqliteds_four() {
        for (mode, expected) in [
            ("dns", Discovery::Dns),
            ("dns-srv", Discovery::DnsSrv),
            ("consul-kv", Discovery::ConsulKv),
            ("etcd-kv", Discovery::EtcdKv),
        ] {
            assert_eq!(discovery(&["-disco-mode", mode, "/d"]), expected);
        }
        assert_eq!(discovery(&["-disco-mode=mdns", "/d"]), Discovery::Unreadable);
    }

    #[test]
    fn join_targets_are_told_one_by_one() {
        let targets = vec!["a:4002".to_owned(), "b:4002".to_owned()];
        assert_eq!(discovery(&["-join=a:4002,b:4002", "/d"]), Discovery::Join { targets });
    }

    #[test]
    fn nothing_given_is_none_and_both_are_unreadable() {
        assert_eq!(discovery(&["-join=", "/d"]), Discovery::None);
        assert_eq!(discovery(&["-join=a:4002", "-disco-mode=dns", "/d"]), Discovery::Unreadable);
        assert_eq!(discovery(&["-disco-id=1", "/d"]), Discovery::Unreadable);
        assert_eq!(Discovery::of(None), Discovery::Unreadable);
    }

    #[test]
    fn dns_discovery_looks_a_host_name_up() {
        for mode in ["dns", "dns-srv"] {
            let looks_up = |config: &str| looked_up(&line(&["-disco-mode", mode, "-disco-config", config, "/d"]));
            assert_eq!(looks_up(r#"{"name":"rqlite-svc-internal","service":"raft"}"#).unwrap(), "rqlite-svc-internal");
            assert_eq!(looks_up(r#"{"port":4002}"#).unwrap(), "rqlite");
            assert_eq!(looks_up("/etc/disco.json"), None);
            assert_eq!(looked_up(&line(&["-disco-mode", mode, "/d"])).unwrap(), "rqlite");
        }
        assert_eq!(looked_up(&line(&["-disco-mode=etcd-kv", r#"-disco-config={"name":"a"}"#, "/d"])), None);
        assert_eq!(looked_up(&deferred(&["-disco-mode=dns", "-disco-config=$(X)", "/d"])), None);
        assert_eq!(looked_up(&line(&["-join=a:4002", "/d"])), None);
    }

    #[test]
    fn deferred_values_are_unreadable() {
        for hidden in ["-disco-mode=$(X)", "-join=$(X)", "$(X)"] {
            assert_eq!(Discovery::of(Some(&deferred(&[hidden, "/d"]))), Discovery::Unreadable, "{hidden}");
        }
    }
}
