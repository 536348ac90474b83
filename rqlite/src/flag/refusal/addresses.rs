//! Addresses that rqlited refuses: no host and port, one for two things, or one that nobody could dial.
//! Not the addresses of other nodes: see `clustering`.

use super::{GivenFlags, StartupRefusal, host_and_port};
use crate::value::clip;

pub(super) fn same_bound(given: &GivenFlags) -> Option<StartupRefusal> {
    let (http, raft) = (given.text("http-addr")?, given.text("raft-addr")?);
    let message = || format!("HTTP and Raft have one address, `{}`", clip(raft));
    (http == raft).then(|| given.refusal("raft-addr", message(), "HTTP and Raft addresses must differ"))?
}

pub(super) fn same_advertised(given: &GivenFlags) -> Option<StartupRefusal> {
    let advertised = given.raft_advertised()?;
    let same = advertised == given.http_advertised()?;
    let message = || format!("HTTP and Raft advertise one address, `{}`", clip(advertised));
    same.then(|| given.refusal("raft-adv-addr", message(), "advertised HTTP and Raft addresses must differ"))?
}

pub(super) fn protocol_in_http(given: &GivenFlags) -> Option<StartupRefusal> {
    ["http-addr", "http-adv-addr"].into_iter().find_map(|name| {
        let text = given.set(name)?;
        // rqlited asks for these four letters and nothing behind them.
        let refused = text.to_lowercase().starts_with("http");
        refused.then(|| {
            let message = format!("`-{name}` is `{}`, it must not start with a protocol", clip(text));
            given.refusal(name, message, "HTTP options should not include protocol (http:// or https://)")
        })?
    })
}

pub(super) fn http(given: &GivenFlags) -> Option<StartupRefusal> {
    let advertised = if given.from(7, 6, 1) {
        "HTTP advertised HTTP address not valid"
    } else {
        "HTTP advertised address not valid"
    };
    no_address(given, "http-addr", "HTTP bind address not valid")
        .or_else(|| no_address(given, "http-adv-addr", advertised))
        .or_else(|| unspecified(given, "HTTP", ("http-addr", "http-adv-addr"), given.http_advertised()?))
}

pub(super) fn raft(given: &GivenFlags) -> Option<StartupRefusal> {
    let [bound, advertised] = if given.from(7, 1, 0) {
        ["raft bind address not valid", "raft advertised address not valid"]
    } else {
        ["Raft bind address not valid", "Raft advertised address not valid"]
    };
    no_address(given, "raft-addr", bound)
        .or_else(|| no_port(given, "raft-addr", "raft bind port not valid"))
        .or_else(|| no_address(given, "raft-adv-addr", advertised))
        .or_else(|| unspecified(given, "Raft", ("raft-addr", "raft-adv-addr"), given.raft_advertised()?))
        .or_else(|| no_port(given, "raft-adv-addr", "raft advertised port is not valid"))
}

fn no_address(given: &GivenFlags, name: &str, words: &str) -> Option<StartupRefusal> {
    let text = given.set(name)?;
    let message = || format!("`-{name}` is `{}`, which is no host:port", clip(text));
    host_and_port(text).is_none().then(|| given.refusal(name, message(), words))?
}

/// The port was read as a number from 8.0.0 on.
fn no_port(given: &GivenFlags, name: &str, words: &str) -> Option<StartupRefusal> {
    let text = given.set(name).filter(|_| given.from(8, 0, 0))?;
    let (_, port) = host_and_port(text)?;
    let message = || format!("`-{name}` is `{}`, which is no host:port", clip(text));
    port.parse::<i64>().is_err().then(|| given.refusal(name, message(), words))?
}

/// From 7.6.1 on.
fn unspecified(given: &GivenFlags, what: &str, (bound, name): (&str, &str), address: &str) -> Option<StartupRefusal> {
    let (host, _) = host_and_port(address).filter(|_| given.from(7, 6, 1))?;
    let unspecified = host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_unspecified());
    unspecified.then(|| {
        let message = format!("the advertised address `{address}` cannot be dialled, `-{name}` must name one");
        let words = format!("advertised {what} address is not routable ({host}), specify it via -{bound} or -{name}");
        given.refusal(name, message, words)
    })?
}
