//! The start-up checks of rqlited on its own flags (`Config.Validate` in rqlite/rqlite `cmd/rqlited/flags.go`).
//! Only what the command line alone decides: files that must exist, and values that are not known, refuse nothing here.

use super::{CommandLine, UsageError, number};
use crate::flag_table::lookup;
use crate::value::{Value, clip};
use crate::version::Version;

/// rqlited's exit code for a configuration that it refuses itself.
pub(super) const EXIT_CODE: u8 = 1;

/// The first check that fails, in rqlited's order.
pub(super) fn of(line: &CommandLine, version: Option<Version>) -> Option<UsageError> {
    // A flag of unknown name may be the very one that a check misses.
    if line.unreadable_flag().is_some() {
        return None;
    }
    let given = Given(line);
    CHECKS
        .iter()
        .filter(|check| version.is_none_or(|version| check.since <= version))
        .find_map(|check| (check.refuses)(&given))
        .map(|refusal| UsageError { message: refusal.message, token: refusal.token, exit_code: EXIT_CODE })
}

struct Check {
    /// The first release whose source has it.
    since: Version,
    refuses: fn(&Given) -> Option<Refusal>,
}

struct Refusal {
    message: String,
    token: Option<usize>,
}

const fn check(major: u32, minor: u32, patch: u32, refuses: fn(&Given) -> Option<Refusal>) -> Check {
    Check { since: Version::new(major, minor, patch), refuses }
}

const CHECKS: &[Check] = &[
    check(7, 11, 0, reap_timeout),
    check(5, 8, 0, arguments_after_data_dir),
    check(5, 8, 0, no_data_dir),
    check(7, 14, 0, half_a_certificate),
    check(10, 2, 0, common_name_without_client_verification),
    check(7, 20, 0, same_address),
    check(7, 0, 0, protocol_in_http_address),
    check(7, 0, 0, invalid_address),
    check(7, 6, 1, unspecified_advertised_address),
    check(7, 1, 0, expect_on_non_voter),
    check(8, 0, 0, join_with_itself),
    check(7, 16, 0, restore_and_join),
    check(8, 22, 2, invalid_join_address),
    check(8, 13, 5, join_and_disco),
    check(8, 43, 4, cdc_on_non_voter),
    check(10, 3, 0, contradicting_otlp),
    check(7, 1, 0, disco_against_expect),
];

/// What the command line gives for sure; every answer is None where it cannot be known.
struct Given<'a>(&'a CommandLine);

impl Given<'_> {
    /// The flag's text, its default where it is not given.
    fn text(&self, name: &str) -> Option<String> {
        match self.0.text(name) {
            Some(Value::Known(text)) => Some(text),
            Some(Value::Deferred(_) | Value::Malformed(_)) => None,
            None => lookup(name).map(|spec| spec.default.to_owned()),
        }
    }

    /// The flag's text, where it is there and not empty.
    fn set(&self, name: &str) -> Option<String> {
        self.text(name).filter(|text| !text.is_empty())
    }

    fn is_empty(&self, name: &str) -> bool {
        self.text(name).is_some_and(|text| text.is_empty())
    }

    fn boolean(&self, name: &str) -> Option<bool> {
        number::boolean(&self.text(name)?)
    }

    fn integer(&self, name: &str) -> Option<i64> {
        number::integer(&self.text(name)?)
    }

    fn advertised(&self, advertised: &str, bound: &str) -> Option<String> {
        let text = self.text(advertised)?;
        if text.is_empty() { self.text(bound) } else { Some(text) }
    }

    fn http_advertised(&self) -> Option<String> {
        self.advertised("http-adv-addr", "http-addr")
    }

    fn raft_advertised(&self) -> Option<String> {
        self.advertised("raft-adv-addr", "raft-addr")
    }

    /// A refusal that points at the winning occurrence of `flag`.
    fn refusal(&self, flag: &str, message: String) -> Option<Refusal> {
        Some(Refusal { message, token: self.0.effective(flag).map(|flag| flag.token) })
    }
}

fn reap_timeout(given: &Given) -> Option<Refusal> {
    ["raft-reap-node-timeout", "raft-reap-read-only-node-timeout"].into_iter().find_map(|name| {
        let text = given.0.text(name)?.known().cloned()?;
        let not_positive = number::duration(&text)? <= 0;
        not_positive
            .then(|| given.refusal(name, format!("`-{name}` is `{text}`, it must be above 0 where it is given")))?
    })
}

fn arguments_after_data_dir(given: &Given) -> Option<Refusal> {
    let second = *given.0.positionals.get(1)?;
    let text = given.0.tokens.get(second).map(|token| clip(&token.text)).unwrap_or_default();
    Some(Refusal {
        message: format!("`{text}` stands behind the data directory, where nothing may stand"),
        token: Some(second),
    })
}

fn no_data_dir(given: &Given) -> Option<Refusal> {
    let blank = match given.0.positionals.first().and_then(|index| given.0.tokens.get(*index)) {
        Some(token) => token.value.known().is_some_and(|text| text.trim().is_empty()),
        None => true,
    };
    blank.then(|| Refusal { message: "no data directory is given".to_owned(), token: None })
}

fn half_a_certificate(given: &Given) -> Option<Refusal> {
    [("http-cert", "http-key"), ("node-cert", "node-key"), ("otlp-cert", "otlp-key")].into_iter().find_map(
        |(cert, key)| {
            let (there, missing) = match (given.text(cert)?.is_empty(), given.text(key)?.is_empty()) {
                (false, true) => (cert, key),
                (true, false) => (key, cert),
                (true, true) | (false, false) => return None,
            };
            given.refusal(there, format!("`-{there}` is given without `-{missing}`"))
        },
    )
}

fn common_name_without_client_verification(given: &Given) -> Option<Refusal> {
    [("http-verify-common-name", "http-verify-client"), ("node-verify-common-name", "node-verify-client")]
        .into_iter()
        .find_map(|(name, client)| {
            given.set(name)?;
            (!given.boolean(client)?).then(|| given.refusal(name, format!("`-{name}` is given without `-{client}`")))?
        })
}

fn same_address(given: &Given) -> Option<Refusal> {
    let (http, raft) = (given.text("http-addr")?, given.text("raft-addr")?);
    if http == raft {
        return given.refusal("raft-addr", format!("HTTP and Raft have one address, `{}`", clip(&raft)));
    }
    let advertised = given.raft_advertised()?;
    let same = advertised == given.http_advertised()?;
    same.then(|| {
        given.refusal("raft-adv-addr", format!("HTTP and Raft advertise one address, `{}`", clip(&advertised)))
    })?
}

fn protocol_in_http_address(given: &Given) -> Option<Refusal> {
    ["http-addr", "http-adv-addr"].into_iter().find_map(|name| {
        let text = given.set(name)?;
        // rqlited asks for these four letters and nothing behind them.
        let refused = text.to_lowercase().starts_with("http");
        refused.then(|| {
            given.refusal(name, format!("`-{name}` is `{}`, it must not start with a protocol", clip(&text)))
        })?
    })
}

fn invalid_address(given: &Given) -> Option<Refusal> {
    ["http-addr", "http-adv-addr", "raft-addr", "raft-adv-addr"].into_iter().find_map(|name| {
        let text = given.set(name)?;
        let valid =
            host_and_port(&text).is_some_and(|(_, port)| !name.starts_with("raft") || port.parse::<i64>().is_ok());
        (!valid).then(|| given.refusal(name, format!("`-{name}` is `{}`, which is no host:port", clip(&text))))?
    })
}

fn unspecified_advertised_address(given: &Given) -> Option<Refusal> {
    let http = ("http-adv-addr", given.http_advertised());
    let raft = ("raft-adv-addr", given.raft_advertised());
    [http, raft].into_iter().find_map(|(name, address)| {
        let address = address?;
        let (host, _) = host_and_port(&address)?;
        let unspecified = host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_unspecified());
        unspecified.then(|| {
            given
                .refusal(name, format!("the advertised address `{address}` cannot be dialled, `-{name}` must name one"))
        })?
    })
}

fn expect_on_non_voter(given: &Given) -> Option<Refusal> {
    let expect = given.integer("bootstrap-expect").filter(|expect| *expect > 0)?;
    let refused = given.boolean("raft-non-voter")?;
    refused.then(|| {
        given.refusal("bootstrap-expect", format!("`-bootstrap-expect` is {expect} on a node with `-raft-non-voter`"))
    })?
}

fn join_with_itself(given: &Given) -> Option<Refusal> {
    let join = given.set("join").filter(|_| given.integer("bootstrap-expect") == Some(0))?;
    let own = [given.raft_advertised(), given.text("raft-addr")];
    let itself = join.split(',').find(|target| own.iter().flatten().any(|own| own == target))?;
    given
        .refusal("join", format!("`-join` names the node's own address `{}` without `-bootstrap-expect`", clip(itself)))
}

fn restore_and_join(given: &Given) -> Option<Refusal> {
    given.set("join").and(given.set("auto-restore"))?;
    let refused = given.integer("bootstrap-expect")? == 0;
    refused.then(|| {
        given.refusal("auto-restore", "`-auto-restore` and `-join` are given without `-bootstrap-expect`".to_owned())
    })?
}

fn invalid_join_address(given: &Given) -> Option<Refusal> {
    let join = given.set("join")?;
    let invalid = join.split(',').find(|target| host_and_port(target).is_none())?;
    given.refusal("join", format!("`-join` names `{}`, which is no host:port", clip(invalid)))
}

fn join_and_disco(given: &Given) -> Option<Refusal> {
    given.set("join")?;
    let mode = given.set("disco-mode")?;
    given.refusal("disco-mode", format!("`-join` and `-disco-mode={}` are both given", clip(&mode)))
}

fn cdc_on_non_voter(given: &Given) -> Option<Refusal> {
    given.set("cdc-config")?;
    let refused = given.boolean("raft-non-voter")?;
    refused
        .then(|| given.refusal("cdc-config", "`-cdc-config` is given on a node with `-raft-non-voter`".to_owned()))?
}

fn contradicting_otlp(given: &Given) -> Option<Refusal> {
    let switches = ["otlp-insecure", "otlp-no-verify"].into_iter().filter(|name| given.boolean(name) == Some(true));
    let files = ["otlp-ca-cert", "otlp-cert"].into_iter().filter(|name| given.set(name).is_some());
    let mut options = switches.chain(files);
    if given.is_empty("otlp-endpoint") {
        let name = options.next()?;
        return given.refusal(name, format!("`-{name}` is given without `-otlp-endpoint`"));
    }
    let endpoint = given.set("otlp-endpoint")?;
    if host_and_port(&endpoint).is_none() || endpoint.contains("://") {
        return given
            .refusal("otlp-endpoint", format!("`-otlp-endpoint` is `{}`, which is no host:port", clip(&endpoint)));
    }
    if number::duration(&given.text("otlp-interval")?)? <= 0 {
        return given.refusal("otlp-interval", "`-otlp-interval` must be above 0".to_owned());
    }
    given.boolean("otlp-insecure").filter(|insecure| *insecure)?;
    let other = options.find(|name| *name != "otlp-insecure")?;
    given.refusal(other, format!("`-{other}` and `-otlp-insecure` are both given"))
}

fn disco_against_expect(given: &Given) -> Option<Refusal> {
    let mode = given.set("disco-mode")?;
    let expect = given.integer("bootstrap-expect");
    match mode.as_str() {
        "consul-kv" | "etcd-kv" => {
            let expect = expect.filter(|expect| *expect > 0)?;
            given.refusal(
                "bootstrap-expect",
                format!("`-bootstrap-expect` is {expect} with `-disco-mode={mode}`, which takes none"),
            )
        }
        "dns" | "dns-srv" => {
            let refused = expect? == 0 && !given.boolean("raft-non-voter")?;
            refused.then(|| {
                given.refusal("disco-mode", format!("a voter with `-disco-mode={mode}` needs `-bootstrap-expect`"))
            })?
        }
        unknown => given.refusal(
            "disco-mode",
            format!("`-disco-mode` is `{}`, not consul-kv, etcd-kv, dns or dns-srv", clip(unknown)),
        ),
    }
}

/// Go's `net.SplitHostPort`: one colon, or brackets round a host that has some.
fn host_and_port(address: &str) -> Option<(&str, &str)> {
    match address.strip_prefix('[') {
        Some(rest) => rest.split_once("]:"),
        None => address.split_once(':'),
    }
    .filter(|(_, port)| !port.contains([':', '[', ']']))
}
