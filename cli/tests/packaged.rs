//! What a package of the binary takes along: completions, man pages, and the krew manifest that names it.
//! The command line is known from its help texts alone, as a user knows it.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its output has failed")]

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;
use std::slice;

use serde_json::{Value, json};

use crate::common::{Folder, in_repository, repository};

/// A command, as `["policy", "list"]`, and the commands and long options that its help has.
struct Help {
    path: Vec<String>,
    commands: Vec<String>,
    flags: BTreeSet<String>,
}

impl Help {
    fn of(path: &[String]) -> Self {
        let arguments: Vec<&str> = path.iter().map(String::as_str).chain(["-h"]).collect();
        let run = in_repository(&arguments);
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{path:?}");
        let listed =
            run.stdout.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
        let commands = listed.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help");
        let flags = run.stdout.lines().map(str::trim_start).filter(|line| line.starts_with('-'));
        let flags =
            flags.flat_map(|line| line.split([' ', ',', '=', '[']).take(4)).filter(|word| word.starts_with("--"));
        Self {
            path: path.to_vec(),
            commands: commands.map(str::to_owned).collect(),
            flags: flags.map(str::to_owned).collect(),
        }
    }

    /// This command's help, and that of all below it.
    fn all() -> Vec<Self> {
        let mut found = vec![Self::of(&[])];
        let mut at = 0;
        while let Some(help) = found.get(at) {
            let below: Vec<Vec<String>> =
                help.commands.iter().map(|name| [&help.path[..], slice::from_ref(name)].concat()).collect();
            found.extend(below.iter().map(|path| Self::of(path)));
            at += 1;
        }
        found
    }

    /// The name of its man page, without the section.
    fn name(&self) -> String {
        [&["quorate".to_owned()], &self.path[..]].concat().join("-")
    }
}

fn completions(shell: &str) -> String {
    let run = in_repository(&["completions", shell]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    run.stdout
}

/// The help knows the commands that the other tests look for.
#[test]
fn the_help_names_every_command() {
    let names: Vec<String> = Help::all().iter().map(Help::name).collect();
    for name in ["quorate-serve", "quorate-policy-list", "quorate-snapshot-save", "quorate-completions", "quorate-man"]
    {
        assert!(names.iter().any(|found| found == name), "{name} is not in {names:?}");
    }
    let flags = Help::of(&["check".to_owned()]).flags;
    assert!(["--base", "--live", "--impersonate-group"].iter().all(|flag| flags.contains(*flag)), "{flags:?}");
}

/// How each shell's script writes the name of a command that it offers.
#[test]
fn completions_of_each_shell_name_every_command_and_option() {
    type Written = fn(&str) -> String;
    let shells: [(&str, Written); 3] = [
        ("zsh", |name| format!("'{name}:")),
        ("fish", |name| format!("-a \"{name}\"")),
        ("powershell", |name| format!("CompletionResult]::new('{name}', '{name}', ")),
    ];
    let helps = Help::all();
    for (shell, written) in shells {
        let script = completions(shell);
        for help in &helps {
            for name in &help.commands {
                assert!(script.contains(&written(name)), "{shell} does not offer {name}, of {}", help.name());
            }
            for flag in &help.flags {
                let option =
                    if shell == "fish" { format!("-l {}", flag.trim_start_matches('-')) } else { flag.clone() };
                assert!(names(&script, &option), "{shell} does not offer {flag}, of {}", help.name());
            }
        }
    }
}

/// bash itself is asked what it would offer.
#[test]
fn bash_completes_every_command_and_option() {
    let folder = Folder::new(&[("quorate.bash", &completions("bash"))]);
    for help in Help::all() {
        let offered = bash(&folder, &help.path, "");
        assert!(help.commands.iter().all(|name| offered.contains(name)), "{}: {offered:?}", help.name());
        let offered = bash(&folder, &help.path, "--");
        assert!(help.flags.is_subset(&offered), "{}: {offered:?}, not {:?}", help.name(), help.flags);
    }
}

/// What bash offers for the last word, behind these commands.
fn bash(folder: &Folder, path: &[String], word: &str) -> BTreeSet<String> {
    let script = r#"source quorate.bash
COMP_WORDS=(quorate "$@")
COMP_CWORD=$#
_quorate quorate "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\n' "${COMPREPLY[@]}""#;
    let mut command = Command::new("bash");
    command.args(["--norc", "-c", script, "bash"]).args(path).arg(word).current_dir(folder.path(""));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn refuses_a_shell_that_it_does_not_know() {
    let run = in_repository(&["completions", "tcsh"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
    assert!(run.stderr.contains("bash, elvish, fish, powershell, zsh"), "{}", run.stderr);
}

#[test]
fn a_man_page_for_every_command_names_each_of_its_options() {
    let folder = Folder::new(&[]);
    let run = folder.quorate(&["man", "share/man1"]);
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (Some(0), "", ""));
    let helps = Help::all();
    for help in &helps {
        let page = fs::read_to_string(folder.path(&format!("share/man1/{}.1", help.name()))).unwrap();
        // `-` is a hyphen in roff, `\-` the character that is typed.
        let page = page.replace("\\-", "-");
        for flag in &help.flags {
            assert!(names(&page, flag), "{}: no {flag}", help.name());
        }
    }
    let written = fs::read_dir(folder.path("share/man1")).unwrap();
    let written: BTreeSet<String> = written.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(written, helps.iter().map(|help| format!("{}.1", help.name())).collect());
}

/// Whether the text has the word, and not only a longer one that begins with it.
fn names(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let next = text[at + word.len()..].chars().next();
        !next.is_some_and(|next| next.is_ascii_alphanumeric() || next == '-')
    })
}

#[test]
fn says_where_man_pages_cannot_be_written() {
    let folder = Folder::new(&[("file", "")]);
    let run = folder.quorate(&["man", "file"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
    assert!(run.stderr.starts_with("quorate: file: "), "{}", run.stderr);
}

#[test]
fn the_krew_manifest_names_the_binary_for_both_architectures() {
    let text = fs::read_to_string(repository().join("deploy/krew/quorate.yaml")).unwrap();
    let manifest: Value = serde_saphyr::from_str(&text).unwrap();
    assert_eq!((&manifest["kind"], &manifest["metadata"]["name"]), (&json!("Plugin"), &json!("quorate")));
    let spec = &manifest["spec"];
    assert_eq!(spec["version"], "v@VERSION@");
    let home = spec["homepage"].as_str().unwrap();
    let platforms = spec["platforms"].as_array().unwrap();
    let expected = [("amd64", "x86_64"), ("arm64", "aarch64")];
    assert_eq!(platforms.len(), expected.len());
    for (platform, (arch, archive)) in platforms.iter().zip(expected) {
        assert_eq!(platform["selector"], json!({"matchLabels": {"os": "linux", "arch": arch}}));
        assert_eq!(
            platform["uri"],
            format!("{home}/releases/download/v@VERSION@/quorate-@VERSION@-linux-{archive}.tar.gz")
        );
        assert_eq!(platform["sha256"], format!("@SHA256_{}@", archive.to_uppercase()));
        assert_eq!(platform["bin"], "quorate");
        assert_eq!(platform["files"], json!([{"from": "quorate", "to": "."}, {"from": "LICENSE", "to": "."}]));
    }
}
