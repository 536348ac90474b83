//! Ways of finding the other nodes that contradict each other, the role, or `-bootstrap-expect`.
//! Not whether anybody would be found.

use super::{GivenFlags, StartupRefusal, host_and_port};
use crate::value::clip;

pub(super) fn expect_on_non_voter(given: &GivenFlags) -> Option<StartupRefusal> {
    let expect = given.integer("bootstrap-expect").filter(|expect| *expect > 0)?;
    let refused = given.boolean("raft-non-voter")?;
    let message = || format!("`-bootstrap-expect` is {expect} on a node with `-raft-non-voter`");
    refused.then(|| given.refusal("bootstrap-expect", message(), "bootstrapping only applicable to voting nodes"))?
}

/// Target by target, as rqlited does. Before 8.0.0 a target was the HTTP address of a node, with or without `http://`.
pub(super) fn join(given: &GivenFlags) -> Option<StartupRefusal> {
    let join = given.set("join")?;
    let by_raft = given.from(8, 0, 0);
    let alone = given.integer("bootstrap-expect") == Some(0);
    let own = if by_raft {
        [given.raft_advertised(), given.text("raft-addr")]
    } else {
        [given.http_advertised(), given.text("http-addr")]
    };
    join.split(',').find_map(|target| {
        if by_raft && host_and_port(target).is_none() {
            let word = if given.from(8, 22, 2) { "address" } else { "adddress" };
            let message = format!("`-join` names `{}`, which is no host:port", clip(target));
            return given.refusal("join", message, format!("{} is an invalid join {word}", clip(target)));
        }
        if !alone {
            return None;
        }
        let host = if by_raft { target } else { target.split_once("://").map_or(target, |(_, host)| host) };
        if own.iter().flatten().any(|own| *own == target || *own == host) {
            let message = format!("`-join` names the node's own address `{}` without `-bootstrap-expect`", clip(host));
            return given.refusal("join", message, "node cannot join with itself unless bootstrapping");
        }
        given.set("auto-restore").filter(|_| given.from(7, 16, 0))?;
        let message = "`-auto-restore` and `-join` are given without `-bootstrap-expect`".to_owned();
        given.refusal("auto-restore", message, "auto-restoring cannot be used when joining a cluster")
    })
}

pub(super) fn join_source(given: &GivenFlags) -> Option<StartupRefusal> {
    let address = given.set("join-source-ip")?;
    let message = || format!("`-join-source-ip` is `{}`, which is no IP address", clip(address));
    let words = || format!("invalid join source IP address: {}", clip(address));
    address.parse::<std::net::IpAddr>().is_err().then(|| given.refusal("join-source-ip", message(), words()))?
}

pub(super) fn join_and_disco(given: &GivenFlags) -> Option<StartupRefusal> {
    given.set("join")?;
    let mode = given.set("disco-mode")?;
    let message = format!("`-join` and `-disco-mode={}` are both given", clip(mode));
    given.refusal("disco-mode", message, "disco mode cannot be used when also explicitly joining a cluster")
}

pub(super) fn cdc_on_non_voter(given: &GivenFlags) -> Option<StartupRefusal> {
    given.set("cdc-config")?;
    let refused = given.boolean("raft-non-voter")?;
    let message = || "`-cdc-config` is given on a node with `-raft-non-voter`".to_owned();
    refused.then(|| given.refusal("cdc-config", message(), "CDC cannot be enabled on non-voting nodes"))?
}

pub(super) fn disco_mode(given: &GivenFlags) -> Option<StartupRefusal> {
    let mode = given.set("disco-mode")?;
    let expect = given.integer("bootstrap-expect");
    match mode {
        "consul-kv" | "etcd-kv" => {
            let expect = expect.filter(|expect| *expect > 0 && given.from(7, 1, 0))?;
            let message = format!("`-bootstrap-expect` is {expect} with `-disco-mode={mode}`, which takes none");
            given.refusal("bootstrap-expect", message, format!("bootstrapping not applicable when using {mode}"))
        }
        "dns" | "dns-srv" if given.from(7, 2, 0) => {
            // Through 8.13.5 of read-only nodes too, which may not have the count either.
            let of_voters = given.from(8, 14, 0);
            let read_only = given.boolean("raft-non-voter");
            let refused = expect? == 0 && !(of_voters && read_only?);
            let behind = if of_voters { " with a voting node" } else { "" };
            let message = match read_only {
                Some(true) => format!(
                    "before 8.14.0 a read-only node cannot use `-disco-mode={mode}`: name two or more voters in `-join` instead"
                ),
                Some(false) => format!("a voter with `-disco-mode={mode}` needs `-bootstrap-expect`"),
                None => format!("a node with `-disco-mode={mode}` needs `-bootstrap-expect`, if it is a voter"),
            };
            let words = format!("bootstrap-expect value required when using {mode}{behind}");
            refused.then(|| given.refusal("disco-mode", message, words))?
        }
        unknown => unknown_mode(given, unknown),
    }
}

fn unknown_mode(given: &GivenFlags, mode: &str) -> Option<StartupRefusal> {
    let (modes, words) = if given.from(7, 2, 0) {
        ("consul-kv, etcd-kv, dns or dns-srv", "disco mode must be one of consul-kv, etcd-kv, dns, or dns-srv")
    } else {
        ("consul-kv or etcd-kv", "invalid disco mode, choose consul-kv or etcd-kv")
    };
    given.refusal("disco-mode", format!("`-disco-mode` is `{}`, not {modes}", clip(mode)), words)
}

/// A text with a brace is no file's name, and rqlited reads it as JSON at every start. `$NAME` in it is replaced first.
pub(super) fn disco_config(given: &GivenFlags) -> Option<StartupRefusal> {
    let mode = given.set("disco-mode").filter(|_| given.is_empty("join"))?;
    let config = given.set("disco-config").filter(|text| text.contains('{') && !text.contains(['$', '\\']))?;
    if let Ok(serde_json::Value::Object(_)) = serde_json::from_str(config) {
        return None;
    }
    let reading = match mode {
        "consul-kv" => "create Consul config",
        "etcd-kv" => "create etcd config",
        _ => "error reading DNS configuration",
    };
    let first = config.trim_start().chars().next().filter(|c| !matches!(c, '{' | '['));
    let words = match first {
        Some('\'') => format!(r"{reading}: invalid character '\'' looking for beginning of value"),
        Some(first) => format!("{reading}: invalid character '{first}' looking for beginning of value"),
        None => reading.to_owned(),
    };
    given.refusal("disco-config", format!("`-disco-config` is `{}`, which is no JSON object", clip(config)), words)
}
