//! Properties of the command line's parser over arbitrary tokens: it never panics, loses no token, and answers in one line.
//! Not what single flags mean: that is tested beside the code.

use kubernetes::manifest::Container;
use kubernetes::manifest::{List, Place};
use proptest::prelude::*;
use rqlite::flag::{CommandLine, Origin, Token};
use rqlite::flag_table::FLAGS;
use rqlite::launch::Launch;
use rqlite::value::{Source, Value};
use rqlite::version::{ImageVersion, Version};

/// Words that come near to flags: table names, odd dashes, odd values, and anything at all.
fn word() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        prop::sample::select(FLAGS).prop_map(|spec| spec.name.to_owned()),
        "[a-z=-]{0,6}",
        Just("version".to_owned())
    ];
    let value = prop_oneof![Just(String::new()), "=", "=[0-9a-zA-Z_.:,/-]{0,8}", "=\\PC{0,6}", "=\\$\\([A-Z]{1,3}\\)"];
    prop_oneof![
        4 => (prop_oneof!["-", "--", "---", ""], name, value).prop_map(|(dashes, name, value)| format!("{dashes}{name}{value}")),
        1 => "\\PC{0,12}",
        1 => prop_oneof![Just("--".to_owned()), Just("-".to_owned()), Just("$(X)".to_owned()), Just(String::new())],
    ]
}

fn value(text: String) -> impl Strategy<Value = Value<String>> {
    let source = Source::Field("metadata.name".to_owned());
    let composed = Source::Composed { text: text.clone(), parts: vec![source.clone()] };
    prop_oneof![
        6 => Just(Value::Known(text.clone())),
        1 => Just(Value::Malformed(text)),
        1 => Just(Value::Deferred(source)),
        1 => Just(Value::Deferred(composed)),
    ]
}

fn tokens() -> impl Strategy<Value = Vec<Token>> {
    let place = Place { list: List::Args, index: 0 };
    let origin =
        prop_oneof![Just(Origin::Container(place)), Just(Origin::Script(place)), Just(Origin::Entrypoint("NODE_ID"))];
    let token = (word(), origin).prop_flat_map(|(text, origin)| {
        value(text.clone()).prop_map(move |value| Token::new(text.clone(), value, origin.clone()))
    });
    prop::collection::vec(token, 0..12)
}

fn release() -> impl Strategy<Value = Option<Version>> {
    prop::option::of(
        (5_u32..12, 0_u32..45, 0_u32..9).prop_map(|(major, minor, patch)| Version::new(major, minor, patch)),
    )
}

proptest! {
    #[test]
    fn any_tokens_parse_and_serialise_to_themselves(tokens in tokens(), release in release()) {
        let argv: Vec<String> = tokens.iter().map(|token| token.text.clone()).collect();
        let line = CommandLine::parse(tokens, release);
        prop_assert_eq!(line.argv(), argv);
        prop_assert!(line.flags.iter().all(|flag| flag.token < line.tokens.len()));
        // Positionals are what is left at the end.
        let expected: Vec<usize> = (line.tokens.len() - line.positionals.len()..line.tokens.len()).collect();
        prop_assert_eq!(&line.positionals, &expected);
        for spec in FLAGS {
            let given = line.effective(spec.name).is_some();
            prop_assert_eq!(line.text(spec.name).is_some(), given);
            prop_assert_eq!(line.boolean(spec.name).is_some(), given);
            prop_assert_eq!(line.integer(spec.name).is_some(), given);
            prop_assert_eq!(line.duration(spec.name).is_some(), given);
        }
        if let Some(error) = &line.error {
            prop_assert!(error.exit_code <= 2);
            prop_assert!(!error.message.is_empty() && error.message.chars().count() <= 300);
            prop_assert!(!error.message.contains('\n'), "{}", error.message);
        }
    }

    #[test]
    fn parsing_its_own_argv_again_changes_nothing(tokens in tokens(), release in release()) {
        let line = CommandLine::parse(tokens, release);
        prop_assert_eq!(CommandLine::parse(line.tokens.clone(), release), line);
    }

    #[test]
    fn any_container_is_read(
        head in prop::collection::vec(prop_oneof![Just("sh"), Just("-c"), Just("rqlited"), Just("tini"), Just("--"), Just("docker-entrypoint.sh")], 0..4),
        script in prop::option::of("(exec |if |fi|; |\n|&& |\\| |rqlited |docker-entrypoint.sh |\"\\$@\" |\"\\$0\" |\\$X |'|\"|\\$\\(|\\)|# |<<E|A=1 |-fk |/d |\\PC){0,14}"),
        args in prop::collection::vec(word(), 0..6),
        env in prop::collection::vec(("[A-Z]", "[a-z $()A-Z-]{0,8}"), 0..3),
    ) {
        let env: Vec<serde_json::Value> = env.into_iter().map(|(name, value)| serde_json::json!({"name": name, "value": value})).collect();
        let command: Vec<String> = head.into_iter().map(str::to_owned).chain(script).collect();
        let container = Container { command, args, env: serde_json::from_value(env.into()).unwrap_or_default(), ..Container::default() };
        for version in [ImageVersion::Floating, ImageVersion::Unknown, ImageVersion::Tagged(Version::new(7, 21, 4))] {
            let launch = Launch::of(&container, version);
            // A place is told only where a flag can really be put.
            let inserted = launch.insert("-http-allow-origin=x");
            if launch.insertion().is_err() {
                prop_assert!(inserted.is_err());
            }
            prop_assert!(launch.insertion().is_err() || launch.line.is_some());
        }
    }
}
