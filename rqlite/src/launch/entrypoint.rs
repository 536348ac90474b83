//! What the official image's `docker-entrypoint.sh` makes of its arguments, by release
//! (rqlite/rqlite-docker up to 8.24.8, rqlite/rqlite `docker-entrypoint.sh` since).
//! Not how the container comes to call it: that is `reading`.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::env::{Environment, Text};
use super::insertion::{QUOTES, YIELDING};
use super::words::split;
use crate::flag::{Origin, Token};
use crate::value::{Source, Value};
use crate::version::Version;

/// The first release that advertises an address at all, the pod's IP.
const ADVERTISES: Version = Version::new(6, 6, 4);
/// The first release that names the node by its host name.
const NAMES_NODE: Version = Version::new(7, 3, 0);
/// The first release that lets flags and environment variables replace its defaults.
const YIELDS: Version = Version::new(7, 3, 1);
const DATA_DIR_VARIABLE: Version = Version::new(7, 7, 0);
const FOREIGN_KEYS_VARIABLE: Version = Version::new(8, 36, 16);

/// The entrypoint of one release; of an unknown one, the newest's.
pub(super) struct Entrypoint<'a> {
    pub(super) release: Option<Version>,
    pub(super) environment: &'a Environment<'a>,
}

impl Entrypoint<'_> {
    /// The word that stands for "the defaults and nothing else".
    pub(super) fn is_keyword(&self, word: &str) -> bool {
        match self.release {
            Some(release) if release < ADVERTISES => false,
            Some(release) if release < QUOTES => word == "rqlite",
            Some(_) => word == "run",
            None => matches!(word, "run" | "rqlite"),
        }
    }

    /// rqlited's arguments for these user arguments.
    pub(super) fn compose(&self, user: Vec<Token>) -> Vec<Token> {
        let user = if self.from(QUOTES) {
            user
        } else {
            user.iter().flat_map(|token| split(token, self.environment)).collect()
        };
        let mut line = self.defaults(&user);
        line.extend(user);
        line.extend(self.data_dir());
        line
    }

    fn from(&self, first: Version) -> bool {
        self.release.is_none_or(|release| release >= first)
    }

    fn defaults(&self, user: &[Token]) -> Vec<Token> {
        let any = Text::literal;
        let pod_ip = |port| suffixed(Text::reference("status.podIP", Source::Field("status.podIP".to_owned())), port);
        let mut tokens = Vec::new();
        if !self.from(NAMES_NODE) {
            tokens.extend(pair("-http-addr", "HTTP_ADDR", any("0.0.0.0:4001")));
            tokens.extend(pair("-raft-addr", "RAFT_ADDR", any("0.0.0.0:4002")));
            if self.from(ADVERTISES) {
                tokens.extend(pair("-http-adv-addr", "HTTP_ADV_ADDR", pod_ip(":4001")));
                tokens.extend(pair("-raft-adv-addr", "RAFT_ADV_ADDR", pod_ip(":4002")));
            }
            return tokens;
        }
        let given = self.given(user);
        // Before 8.29.0 `-raft-addr` yields to `-raft-adv…`, not to itself.
        let raft_key = if self.from(QUOTES) { "-raft-addr" } else { "-raft-adv" };
        for Added { flag, variable, tokens: default } in ADDED.iter() {
            let key = if *flag == "-raft-addr" { raft_key } else { flag };
            if self.from(YIELDS) && given.contains(key) {
                continue;
            }
            let given = if self.from(YIELDS) { self.variable(variable) } else { None };
            match given {
                Some(text) => tokens.extend(pair(flag, variable, text)),
                None => tokens.extend_from_slice(default),
            }
        }
        tokens.extend(self.extensions());
        if self.from(FOREIGN_KEYS_VARIABLE) && self.variable("ENABLE_FK").is_some() {
            tokens.push(token("ENABLE_FK", Text::literal("-fk")));
        }
        tokens
    }

    fn extensions(&self) -> Option<Token> {
        let baked_in = self.variable("SQLITE_EXTENSIONS").map(|list| match list.into_value() {
            Value::Known(list) => {
                let names = list.split([',', ' ']).filter(|name| !name.is_empty());
                Text::literal(&names.map(|name| format!("/opt/extensions/{name}.zip")).collect::<Vec<_>>().join(","))
            }
            Value::Deferred(source) => Text::reference("SQLITE_EXTENSIONS", source),
            Value::Malformed(text) => Text::literal(&text),
        });
        let custom = self.variable("CUSTOM_SQLITE_EXTENSIONS_PATH");
        if !self.from(QUOTES) || (baked_in.is_none() && custom.is_none()) {
            return None;
        }
        let mut text = Text::literal("-extensions-path=");
        let between = if baked_in.is_some() && custom.is_some() { "," } else { "" };
        text.extend(baked_in.unwrap_or_default());
        text.push(between);
        text.extend(custom.unwrap_or_default());
        Some(token("SQLITE_EXTENSIONS", text))
    }

    fn data_dir(&self) -> Vec<Token> {
        let given = self.environment.lookup("DATA_DIR").filter(|text| self.from(DATA_DIR_VARIABLE) && !is_empty(text));
        let text = given.unwrap_or_else(|| Text::literal("/rqlite/file/data"));
        if self.from(QUOTES) { vec![token("DATA_DIR", text)] } else { words("DATA_DIR", text) }
    }

    /// A variable of `env` that is not empty. Not of `envFrom`, which could hold any name: only DATA_DIR is asked there too,
    /// because a wrong guess about where the data lies costs most.
    fn variable(&self, name: &str) -> Option<Text> {
        self.environment.defined(name).filter(|text| !is_empty(text))
    }

    /// The script looks for words that start with the flag in its form with one dash; since 8.29.0 also inside of arguments.
    fn given(&self, user: &[Token]) -> BTreeSet<&'static str> {
        let texts = user.iter().filter_map(|token| match &token.value {
            Value::Known(text) | Value::Malformed(text) | Value::Deferred(Source::Composed { text, .. }) => Some(text),
            Value::Deferred(_) => None,
        });
        let mut given = BTreeSet::new();
        for text in texts {
            for (before, flag) in text.match_indices('-').map(|(at, _)| text.split_at(at)) {
                if before.is_empty() || (self.from(QUOTES) && before.ends_with(char::is_whitespace)) {
                    given.extend(YIELDING.iter().filter(|key| flag.starts_with(**key)));
                }
            }
        }
        given
    }
}

fn is_empty(text: &Text) -> bool {
    text.clone().into_value().known().is_some_and(String::is_empty)
}

/// A flag that the newest entrypoint adds, from the variable where it is there.
struct Added {
    flag: &'static str,
    variable: &'static str,
    /// Without the variable.
    tokens: Vec<Token>,
}

/// The same for every container, of which a set may have thousands.
static ADDED: LazyLock<[Added; 5]> = LazyLock::new(|| {
    let any = Text::literal;
    let host = Text::reference("metadata.name", Source::Field("metadata.name".to_owned()));
    [
        ("-node-id", "NODE_ID", host),
        ("-http-addr", "HTTP_ADDR", any("0.0.0.0:4001")),
        ("-http-adv-addr", "HTTP_ADV_ADDR", suffixed(full_host_name(), ":4001")),
        ("-raft-addr", "RAFT_ADDR", any("0.0.0.0:4002")),
        ("-raft-adv-addr", "RAFT_ADV_ADDR", suffixed(full_host_name(), ":4002")),
    ]
    .map(|(flag, variable, text)| Added { flag, variable, tokens: pair(flag, variable, text) })
});

/// `hostname -f`: the pod's name under its Service's.
fn full_host_name() -> Text {
    let field = |path: &str| Text::reference(path, Source::Field(path.to_owned()));
    let mut text = field("spec.hostname");
    text.push(".");
    text.extend(field("spec.subdomain"));
    text
}

fn suffixed(mut text: Text, suffix: &str) -> Text {
    text.push(suffix);
    text
}

/// The script leaves the value unquoted: blanks in it make several words, and so can smuggle flags in.
fn pair(flag: &str, variable: &'static str, value: Text) -> Vec<Token> {
    let mut tokens = vec![token(variable, Text::literal(flag))];
    tokens.extend(words(variable, value));
    tokens
}

fn words(variable: &'static str, value: Text) -> Vec<Token> {
    let whole = token(variable, value);
    match &whole.value {
        Value::Known(text) => text.split_whitespace().map(|word| token(variable, Text::literal(word))).collect(),
        Value::Deferred(_) | Value::Malformed(_) => vec![whole],
    }
}

fn token(variable: &'static str, value: Text) -> Token {
    let value = value.into_value();
    let text = match &value {
        Value::Known(text) | Value::Malformed(text) | Value::Deferred(Source::Composed { text, .. }) => text.clone(),
        Value::Deferred(_) => format!("$({variable})"),
    };
    Token::new(text, value, Origin::Entrypoint(variable))
}

#[cfg(test)]
mod tests {
    use crate::launch::Launch;
    use crate::value::{Source, Value};
    use crate::version::{ImageVersion, Version};
    use kubernetes::manifest::Container;

    #[track_caller]
    fn argv(container: &str, major: u32, minor: u32, patch: u32) -> Vec<String> {
        let container: Container = serde_json::from_str(container).unwrap();
        let launch = Launch::of(&container, ImageVersion::Tagged(Version::new(major, minor, patch)));
        launch.line.unwrap().argv().into_iter().map(str::to_owned).collect()
    }

    const FK: &str = r#"{"args":["-fk"]}"#;

    #[test]
    fn the_newest_names_binds_and_advertises() {
        let expected = [
            "-node-id",
            "$(NODE_ID)",
            "-http-addr",
            "0.0.0.0:4001",
            "-http-adv-addr",
            "$(spec.hostname).$(spec.subdomain):4001",
            "-raft-addr",
            "0.0.0.0:4002",
            "-raft-adv-addr",
            "$(spec.hostname).$(spec.subdomain):4002",
            "-fk",
            "/rqlite/file/data",
        ];
        assert_eq!(argv(FK, 10, 2, 7), expected);
        assert_eq!(argv(FK, 7, 3, 0), expected);
    }

    #[test]
    fn the_first_ones_only_bind() {
        assert_eq!(
            argv(FK, 6, 6, 3),
            ["-http-addr", "0.0.0.0:4001", "-raft-addr", "0.0.0.0:4002", "-fk", "/rqlite/file/data"]
        );
        let ip = argv(FK, 7, 2, 0);
        assert_eq!(ip[4..8], ["-http-adv-addr", "$(status.podIP):4001", "-raft-adv-addr", "$(status.podIP):4002"]);
        assert!(!ip.contains(&"-node-id".to_owned()));
    }

    #[test]
    fn a_flag_of_the_user_replaces_the_default_only_with_one_dash() {
        let one = argv(r#"{"args":["-node-id=a","-raft-adv-addr=b:1"]}"#, 9, 1, 3);
        assert_eq!(
            one.iter().filter(|token| token.starts_with("-node-id") || token.starts_with("-raft-adv-addr")).count(),
            2
        );
        assert!(one.contains(&"-raft-addr".to_owned()));
        let two = argv(r#"{"args":["--node-id=a"]}"#, 9, 1, 3);
        assert_eq!(two[0], "-node-id");
        // Up to 8.28 the advertised address alone takes the bound one's default away.
        assert!(!argv(r#"{"args":["-raft-adv-addr=b:1"]}"#, 8, 28, 4).contains(&"-raft-addr".to_owned()));
    }

    #[test]
    fn variables_replace_defaults_word_by_word() {
        let env = r#"{"args":["-fk"],"env":[{"name":"NODE_ID","value":"a -auth=x"},{"name":"HTTP_ADDR","value":""},{"name":"DATA_DIR","value":"/data"}]}"#;
        let new = argv(env, 9, 1, 3);
        assert_eq!(new[..5], ["-node-id", "a", "-auth=x", "-http-addr", "0.0.0.0:4001"]);
        assert_eq!(new.last().unwrap(), "/data");
        assert_eq!(argv(env, 7, 6, 1).last().unwrap(), "/rqlite/file/data");
    }

    #[test]
    fn arguments_are_split_at_blanks_before_8_29() {
        let blank = r#"{"args":["-disco-config={\"name\": \"a\"}","-fk"]}"#;
        assert!(argv(blank, 8, 28, 4).contains(&"\"a\"}".to_owned()));
        assert!(argv(blank, 8, 29, 0).contains(&"-disco-config={\"name\": \"a\"}".to_owned()));
    }

    #[test]
    fn extension_and_foreign_key_variables_become_flags() {
        let env = r#"{"args":["-fk"],"env":[{"name":"SQLITE_EXTENSIONS","value":"a,b"},{"name":"CUSTOM_SQLITE_EXTENSIONS_PATH","value":"/x"},{"name":"ENABLE_FK","value":"1"}]}"#;
        let extensions = "-extensions-path=/opt/extensions/a.zip,/opt/extensions/b.zip,/x".to_owned();
        assert!(argv(env, 9, 1, 3).contains(&extensions));
        assert_eq!(argv(env, 9, 1, 3).iter().filter(|token| *token == "-fk").count(), 2);
        assert_eq!(argv(env, 8, 36, 15).iter().filter(|token| *token == "-fk").count(), 1);
        assert!(!argv(env, 8, 24, 0).contains(&extensions));
    }

    #[test]
    fn env_from_may_move_the_data_directory_and_nothing_else() {
        let container: Container =
            serde_json::from_str(r#"{"args":["-fk"],"envFrom":[{"configMapRef":{"name":"m"}}]}"#).unwrap();
        let launch = Launch::of(&container, ImageVersion::Floating);
        let key = Source::ConfigMapKey { name: "m".into(), key: "DATA_DIR".into() };
        assert_eq!(launch.data_dir(), Some(Value::Deferred(key)));
        assert_eq!(launch.line.unwrap().text("http-addr"), Some(Value::Known("0.0.0.0:4001".into())));
    }
}
