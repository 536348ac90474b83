//! The start-up checks of rqlited on its own flags (rqlite/rqlite `cmd/rqlited/flags.go` and `main.go` of 5.0.0 to 10.2.7, each
//! from the first tag that has it to the last). Only what the command line alone decides: files that must exist, values that are
//! not known, and what a node's state decides (a read-only node that is told of no other) refuse nothing here.

use super::{BARE, CommandLine, UsageError, number};
use crate::flag_table::lookup;
use crate::value::{Value, clip};
use crate::version::Version;

mod addresses;
mod clustering;
mod files;

/// rqlited's exit code for a configuration that it refuses itself.
pub(super) const EXIT_CODE: u8 = 1;

/// The first check that fails, in rqlited's order.
pub(super) fn of(line: &CommandLine, version: Option<Version>) -> Option<UsageError> {
    // A flag of unknown name may be the very one that a check misses.
    if line.unreadable_flag().is_some() {
        return None;
    }
    let given = GivenFlags { line, release: version.unwrap_or(Version::NEWEST) };
    let applies =
        |check: &&StartupCheck| check.since <= given.release && check.until.is_none_or(|last| given.release <= last);
    CHECKS.iter().filter(applies).find_map(|check| (check.refuses)(&given)).map(|refusal| UsageError {
        message: refusal.message,
        words: refusal.words,
        token: refusal.token,
        exit_code: EXIT_CODE,
    })
}

struct StartupCheck {
    /// The first release whose source has it.
    since: Version,
    /// The last one; None: the newest still has it.
    until: Option<Version>,
    refuses: fn(&GivenFlags) -> Option<StartupRefusal>,
}

struct StartupRefusal {
    message: String,
    words: String,
    token: Option<usize>,
}

const fn check(major: u32, minor: u32, patch: u32, refuses: fn(&GivenFlags) -> Option<StartupRefusal>) -> StartupCheck {
    StartupCheck { since: Version::new(major, minor, patch), until: None, refuses }
}

impl StartupCheck {
    const fn until(mut self, major: u32, minor: u32, patch: u32) -> Self {
        self.until = Some(Version::new(major, minor, patch));
        self
    }
}

const CHECKS: &[StartupCheck] = &[
    check(7, 11, 0, reap_timeout),
    check(5, 8, 0, arguments_after_data_dir),
    check(5, 8, 0, no_data_dir),
    check(6, 4, 3, files::on_disk_path_without_on_disk).until(7, 21, 4),
    check(7, 14, 0, files::half_a_certificate),
    check(10, 2, 0, files::common_name_without_client_verification),
    check(7, 20, 0, addresses::same_bound),
    check(7, 0, 0, addresses::protocol_in_http),
    check(7, 0, 0, addresses::http),
    check(7, 0, 0, addresses::raft),
    check(7, 20, 0, addresses::same_advertised),
    check(7, 1, 0, clustering::expect_on_non_voter),
    check(7, 2, 0, clustering::join),
    check(7, 14, 3, clustering::join_source).until(7, 21, 4),
    check(8, 13, 5, clustering::join_and_disco),
    check(8, 43, 4, clustering::cdc_on_non_voter),
    check(10, 3, 0, files::contradicting_otlp),
    check(7, 0, 0, clustering::disco_mode),
    // Behind its validation, at the start itself.
    check(8, 37, 0, files::node_authority_without_certificate),
    check(7, 0, 0, clustering::disco_config),
];

/// What the command line gives for sure; every answer is None where it cannot be known.
struct GivenFlags<'a> {
    line: &'a CommandLine,
    /// Of an image that names none, the newest.
    release: Version,
}

impl GivenFlags<'_> {
    fn from(&self, major: u32, minor: u32, patch: u32) -> bool {
        self.release >= Version::new(major, minor, patch)
    }

    /// The flag's text, its default where it is not given.
    fn text(&self, name: &str) -> Option<&str> {
        let Some(flag) = self.line.effective(name) else { return lookup(name).map(|spec| spec.default) };
        match flag.value() {
            None => Some(BARE),
            Some(Value::Known(text)) => Some(text),
            Some(Value::Deferred(_) | Value::Malformed(_)) => None,
        }
    }

    /// The flag's text, where it is there and not empty.
    fn set(&self, name: &str) -> Option<&str> {
        self.text(name).filter(|text| !text.is_empty())
    }

    fn is_empty(&self, name: &str) -> bool {
        self.text(name).is_some_and(|text| text.is_empty())
    }

    fn boolean(&self, name: &str) -> Option<bool> {
        number::boolean(self.text(name)?)
    }

    fn integer(&self, name: &str) -> Option<i64> {
        number::integer(self.text(name)?)
    }

    fn advertised(&self, advertised: &str, bound: &str) -> Option<&str> {
        let text = self.text(advertised)?;
        if text.is_empty() { self.text(bound) } else { Some(text) }
    }

    fn http_advertised(&self) -> Option<&str> {
        self.advertised("http-adv-addr", "http-addr")
    }

    fn raft_advertised(&self) -> Option<&str> {
        self.advertised("raft-adv-addr", "raft-addr")
    }

    /// A refusal that points at the winning occurrence of `flag`; `words` are rqlited's.
    fn refusal(&self, flag: &str, message: String, words: impl Into<String>) -> Option<StartupRefusal> {
        Some(StartupRefusal { message, words: words.into(), token: self.line.effective(flag).map(|flag| flag.token) })
    }
}

fn reap_timeout(given: &GivenFlags) -> Option<StartupRefusal> {
    ["raft-reap-node-timeout", "raft-reap-read-only-node-timeout"].into_iter().find_map(|name| {
        let text = given.line.text(name)?.known().cloned()?;
        let not_positive = number::duration(&text)? <= 0;
        not_positive.then(|| {
            let message = format!("`-{name}` is `{text}`, it must be above 0 where it is given");
            given.refusal(name, message, format!("-{name} must be greater than 0"))
        })?
    })
}

fn arguments_after_data_dir(given: &GivenFlags) -> Option<StartupRefusal> {
    let second = *given.line.positionals.get(1)?;
    let texts = |indices: &[usize]| {
        let texts = indices.iter().filter_map(|index| given.line.tokens.get(*index));
        clip(&texts.map(|token| token.text.as_str()).collect::<Vec<_>>().join(" "))
    };
    let (first, rest) = given.line.positionals.split_at(1);
    let text = given.line.tokens.get(second).map(|token| clip(&token.text)).unwrap_or_default();
    let words = if given.from(8, 0, 0) {
        format!("arguments after data directory ({}) are not accepted ([{}])", texts(first), texts(rest))
    } else {
        "arguments after data directory are not accepted".to_owned()
    };
    Some(StartupRefusal {
        message: format!("`{text}` stands behind the data directory, where nothing may stand"),
        words,
        token: Some(second),
    })
}

/// From 8.36.2 to 9.4.5 only an empty command line was refused: without a directory, rqlited took its working directory.
fn no_data_dir(given: &GivenFlags) -> Option<StartupRefusal> {
    let bare = given.line.tokens.is_empty();
    let blank = match given.line.positionals.first().and_then(|index| given.line.tokens.get(*index)) {
        Some(token) => given.from(10, 0, 0) && token.value.known().is_some_and(|text| text.trim().is_empty()),
        None => bare || given.from(10, 0, 0) || !given.from(8, 36, 2),
    };
    let words = match (given.from(8, 36, 2), bare) {
        (false, _) => "no data directory set",
        (true, true) => "missing required argument: DataPath",
        (true, false) => "data directory path is required",
    };
    blank.then(|| StartupRefusal {
        message: "no data directory is given".to_owned(),
        words: words.to_owned(),
        token: None,
    })
}

/// Go's `net.SplitHostPort`: one colon, or brackets round a host that has some.
fn host_and_port(address: &str) -> Option<(&str, &str)> {
    match address.strip_prefix('[') {
        Some(rest) => rest.split_once("]:"),
        None => address.split_once(':'),
    }
    .filter(|(_, port)| !port.contains([':', '[', ']']))
}
