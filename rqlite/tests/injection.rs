//! Properties of putting a flag into a launch, for every shape that takes one: rqlited gets exactly that flag more.
//! Not when a flag ought to be injected: that is a policy's.

use kubernetes::manifest::Container;
use kubernetes::manifest::List;
use proptest::prelude::*;
use rqlite::flag::CommandLine;
use rqlite::flag_table::{FLAGS, FlagSpec, FlagType};
use rqlite::launch::{Launch, NoInsertion, Shape};
use rqlite::value::Value;
use rqlite::version::{ImageVersion, Version};

const RELEASE: Version = Version::NEWEST;
const NAME: &str = "raft-cluster-remove-shutdown";
const TOKEN: &str = "-raft-cluster-remove-shutdown=true";
const ALL_SCRIPT: &str = "rm -f /x # it's first\nexec /bin/docker-entrypoint.sh \"$0\" \"$@\"";

/// Flags of the newest release, each in one of its spellings; never one that ends rqlited.
fn flags() -> impl Strategy<Value = Vec<String>> {
    let specs: Vec<&'static FlagSpec> =
        FLAGS.iter().filter(|spec| spec.exists_in(RELEASE) && spec.name != "version").collect();
    let spellings = (prop::sample::select(specs), any::<bool>(), any::<bool>(), any::<prop::sample::Index>());
    let flag = spellings.prop_map(|(spec, double, separate, choice)| {
        let dashes = if double { "--" } else { "-" };
        let value = value(spec.flag_type, choice);
        match (spec.flag_type, separate) {
            (FlagType::Bool, true) => vec![format!("{dashes}{}", spec.name)],
            (FlagType::Int | FlagType::Uint64 | FlagType::Duration | FlagType::Text, true) => {
                vec![format!("{dashes}{}", spec.name), value.to_owned()]
            }
            (_, false) => vec![format!("{dashes}{}={value}", spec.name)],
        }
    });
    prop::collection::vec(flag, 1..8).prop_map(|flags| flags.concat())
}

fn value(flag_type: FlagType, choice: prop::sample::Index) -> &'static str {
    let choices = match flag_type {
        FlagType::Bool => ["true", "0", "F"],
        FlagType::Int | FlagType::Uint64 => ["3", "0x10", "1_000"],
        FlagType::Duration => ["10s", "1h30m", "0"],
        // `-auth=x` as the value of another flag is one value too.
        FlagType::Text => ["a:1", "-auth=x", "{\"name\": \"it's\"}"],
    };
    choice.get::<&str>(&choices)
}

/// A container in each shape, all giving rqlited these flags.
fn containers(flags: &[String]) -> Vec<(Shape, Container)> {
    let entrypoint = |command: &[&str], first: &[&str]| container(command, first, flags, &[]);
    let server = |command: &[&str], first: &[&str]| container(command, first, flags, &["/data"]);
    vec![
        (Shape::Flags, entrypoint(&[], &[])),
        (Shape::ArgsServer, server(&[], &["/bin/rqlited"])),
        (Shape::CommandServer, server(&["rqlited"], &[])),
        (Shape::CommandServer, server(&["rqlited", "-http-allow-origin=*"], &[])),
        (Shape::Entrypoint, entrypoint(&["/bin/docker-entrypoint.sh"], &[])),
        (Shape::Entrypoint, server(&["docker-entrypoint.sh"], &["rqlited"])),
        (Shape::ScriptAllArguments, entrypoint(&["/bin/sh", "-c"], &[ALL_SCRIPT])),
        (Shape::ScriptAllArguments, entrypoint(&["bash", "-ec", ALL_SCRIPT], &[])),
        (Shape::ScriptAllArguments, server(&["sh", "-c", "exec \"$0\" \"$@\""], &["rqlited"])),
        (
            Shape::ScriptArguments,
            entrypoint(&["sh", "-c"], &["exec docker-entrypoint.sh -http-allow-origin=x \"$@\"", "name"]),
        ),
        (Shape::ScriptArguments, server(&["sh", "-c", "exec rqlited \"$@\"", "name"], &[])),
        (Shape::Wrapper, server(&["tini", "-g", "--"], &["rqlited"])),
        (Shape::Wrapper, entrypoint(&["dumb-init", "--", "docker-entrypoint.sh"], &[])),
        (Shape::Wrapper, entrypoint(&["tini", "--", "sh", "-c", ALL_SCRIPT], &[])),
    ]
}

fn container(command: &[&str], first: &[&str], flags: &[String], last: &[&str]) -> Container {
    let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let args = [owned(first), flags.to_vec(), owned(last)].concat();
    Container { command: owned(command), args, ..Container::default() }
}

fn launch(container: &Container) -> Launch {
    Launch::of(container, ImageVersion::Tagged(RELEASE))
}

fn with(container: &Container, (list, content): (List, Vec<String>)) -> Container {
    match list {
        List::Command => Container { command: content, ..container.clone() },
        List::Args => Container { args: content, ..container.clone() },
    }
}

fn named_values(line: &CommandLine) -> Vec<(String, Option<Value<String>>)> {
    line.flags.iter().map(|flag| (flag.name().to_owned(), flag.value().cloned())).collect()
}

/// Puts the token in; that flag is there once more, the rest is as it was, and no element of the lists moved but behind it.
fn check(shape: Shape, container: &Container) -> Result<Container, TestCaseError> {
    let before = launch(container);
    prop_assert_eq!(before.shape, shape);
    let changed = match before.insert(TOKEN) {
        Ok(list) => with(container, list),
        Err(reason) => return Err(TestCaseError::fail(format!("{reason}: {container:?}"))),
    };
    let after = launch(&changed);
    let (Some(old), Some(new)) = (&before.line, &after.line) else {
        return Err(TestCaseError::fail("a line is lost"));
    };
    let added = (NAME.to_owned(), Some(Value::Known("true".to_owned())));
    let mut rest = named_values(new);
    let Some(at) = rest.iter().position(|flag| *flag == added) else {
        return Err(TestCaseError::fail("the flag is not there"));
    };
    rest.remove(at);
    prop_assert_eq!(rest, named_values(old));
    prop_assert_eq!(before.data_dir(), after.data_dir());
    prop_assert_eq!(new.positionals.len(), old.positionals.len());
    prop_assert!(new.parses());
    Ok(changed)
}

proptest! {
    // Each case reads 14 containers several times; the default of 256 would take a minute.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_shape_takes_one_flag_and_changes_nothing_else(flags in flags()) {
        for (shape, container) in containers(&flags) {
            check(shape, &container)?;
        }
    }

    #[test]
    fn a_second_insertion_is_as_sound_as_the_first(flags in flags()) {
        for (shape, container) in containers(&flags) {
            let once = check(shape, &container)?;
            let twice = check(shape, &once)?;
            let effective = |container: &Container| launch(container).line.and_then(|line| line.boolean(NAME));
            prop_assert_eq!(effective(&once), effective(&twice));
        }
    }

    // Where the shape lets the flag stand in front, a value that the user gives wins.
    #[test]
    fn the_users_own_value_wins(flags in flags(), own in prop_oneof![Just("=false"), Just("=F"), Just("")]) {
        let mut flags = flags;
        flags.push(format!("--{NAME}{own}"));
        for (shape, container) in containers(&flags) {
            let line = launch(&check(shape, &container)?).line;
            prop_assert_eq!(line.and_then(|line| line.boolean(NAME)), Some(Value::Known(own.is_empty())));
        }
    }

    #[test]
    fn the_same_container_gives_the_same_place(flags in flags()) {
        for (_, container) in containers(&flags) {
            prop_assert_eq!(launch(&container).insert(TOKEN), launch(&container).insert(TOKEN));
        }
    }

    #[test]
    fn a_script_with_its_own_arguments_is_never_changed(flags in flags()) {
        let words: Vec<String> = flags.iter().map(|flag| format!("'{}'", flag.replace('\'', "'\\''"))).collect();
        let script = format!("exec rqlited {} /data", words.join(" "));
        let container = Container { command: vec!["sh".into(), "-c".into(), script], ..Container::default() };
        let launch = launch(&container);
        prop_assert_eq!(launch.insertion(), Err(NoInsertion::ScriptText));
        // What the shell makes of the words is what was quoted.
        let texts: Vec<String> = launch.line.iter().flat_map(|line| line.argv()).map(str::to_owned).collect();
        prop_assert_eq!(texts, [flags, vec!["/data".to_owned()]].concat());
    }
}

#[test]
fn the_shapes_without_arguments_take_the_flag_too() {
    for (shape, container) in [
        (Shape::Bare, container(&[], &[], &[], &[])),
        (Shape::Keyword, container(&[], &["run"], &[], &[])),
        (Shape::Entrypoint, container(&["docker-entrypoint.sh"], &["run"], &[], &[])),
        (Shape::CommandServer, container(&["rqlited"], &[], &[], &[])),
        (Shape::ScriptArguments, container(&["sh", "-c", "exec docker-entrypoint.sh -fk \"$@\"", "x"], &[], &[], &[])),
    ] {
        check(shape, &container).unwrap();
    }
}
