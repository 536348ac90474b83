//! Programs by their names: shells, wrappers, starters, and those that only speak of rqlited; and which program a command
//! hands over to. Does not read what the server then gets.

use super::Program;
use crate::flag::Token;
use crate::flag_table;
use crate::value::{Source, Value};

/// What a program of that name does with its arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Runs a script in the language that `script` reads.
    Shell,
    /// Runs a script in another one.
    ForeignShell,
    /// Starts what stands behind its options and `--`.
    Wrapper,
    /// Starts the program named behind its own arguments, which are not read here.
    Launcher,
    /// A script in a file.
    ScriptFile,
    /// Speaks of files and processes, and starts none.
    Bystander,
    Unknown,
}

const SHELLS: &[&str] = &["sh", "bash", "ash", "dash"];
const FOREIGN_SHELLS: &[&str] = &["fish", "ksh", "mksh", "zsh"];
const WRAPPERS: &[&str] = &["tini", "tini-static", "dumb-init"];
const LAUNCHERS: &[&str] = &[
    "busybox",
    "catatonit",
    "chpst",
    "chroot",
    "chrt",
    "command",
    "doas",
    "env",
    "gosu",
    "ionice",
    "ltrace",
    "nice",
    "nohup",
    "numactl",
    "prlimit",
    "runuser",
    "setpriv",
    "setsid",
    "stdbuf",
    "strace",
    "su",
    "su-exec",
    "sudo",
    "taskset",
    "time",
    "timeout",
    "unshare",
    "xargs",
];
const BYSTANDERS: &[&str] = &[
    "[", "alias", "apk", "awk", "cat", "chmod", "chown", "cp", "curl", "declare", "echo", "export", "false", "grep",
    "hash", "kill", "killall", "ln", "local", "ls", "mkdir", "mv", "pgrep", "pidof", "pkill", "printf", "ps",
    "readonly", "rm", "rqlite", "sed", "set", "setcap", "sleep", "stat", "tail", "tee", "test", "touch", "trap",
    "true", "type", "typeset", "unset", "wait", "wget", "which",
];

/// Of an argv; None where the manifest does not tell its program.
pub(super) fn kind_of(argv: &[Token]) -> Option<Kind> {
    let name = name_of(argv.first()?)?;
    let option = argv.get(1).and_then(|token| token.value.known());
    // `command -v rqlited` starts nothing.
    let asks =
        name == "command" && option.is_some_and(|option| option.starts_with(['-']) && option.contains(['v', 'V']));
    Some(if asks { Kind::Bystander } else { kind(&name) })
}

fn kind(name: &str) -> Kind {
    let kinds = [
        (SHELLS, Kind::Shell),
        (FOREIGN_SHELLS, Kind::ForeignShell),
        (WRAPPERS, Kind::Wrapper),
        (LAUNCHERS, Kind::Launcher),
        (BYSTANDERS, Kind::Bystander),
    ];
    let listed = kinds.iter().find(|(names, _)| names.contains(&name)).map(|(_, kind)| *kind);
    listed.unwrap_or(if name.ends_with(".sh") { Kind::ScriptFile } else { Kind::Unknown })
}

/// The last segment of a program's path; None where the manifest does not tell it.
pub(super) fn name_of(token: &Token) -> Option<String> {
    let path = token.value.known()?;
    path.rsplit('/').next().map(str::to_owned)
}

/// For scripts that cannot be read: the program whose path stands in the text as a word.
pub(super) fn named_in(text: &str) -> Program {
    let names = |program: &str| {
        text.split(|c: char| c.is_whitespace() || "\"';|&()=`{}:".contains(c))
            .any(|word| word.trim_start_matches('-').rsplit('/').next() == Some(program))
    };
    if names("rqlited") {
        Program::Rqlited
    } else if names("docker-entrypoint.sh") {
        Program::Entrypoint
    } else {
        Program::Unreadable
    }
}

/// An unknown program is given a server, or a flag that only rqlited has, to pass on.
pub(super) fn hands_on(argv: &[Token]) -> bool {
    server_among(argv).is_some() || has_own_flag(argv)
}

/// One argument is the server's path, of a program that is known to run what it is given.
pub(super) fn passes_by(argv: &[Token]) -> bool {
    let server =
        |token: &Token| name_of(token).is_some_and(|name| matches!(name.as_str(), "rqlited" | "docker-entrypoint.sh"));
    let idle = matches!(kind_of(argv), Some(Kind::Unknown | Kind::Bystander));
    !idle && argv.iter().skip(1).any(server)
}

/// The server that a script's command starts by another program, whose arguments are not read. `text` is the whole script: a
/// program in a shell variable may be any that it names.
pub(super) fn handed_to(argv: &[Token], exec: bool, text: &str) -> Option<Program> {
    let first = argv.first()?;
    let server = server_among(argv);
    let Some(kind) = kind_of(argv) else {
        let computed = matches!(&first.value, Value::Deferred(source) if is_computed(source));
        let named = Some(named_in(text)).filter(|program| computed && *program != Program::Unreadable);
        return server.or(named);
    };
    let starts = match kind {
        Kind::Launcher | Kind::Wrapper => true,
        Kind::ScriptFile | Kind::Unknown => exec || has_own_flag(argv),
        Kind::Shell | Kind::ForeignShell | Kind::Bystander => false,
    };
    server.filter(|_| starts)
}

/// By the shell itself; what a ConfigMap holds is nobody's guess.
fn is_computed(source: &Source) -> bool {
    match source {
        Source::Script(_) => true,
        Source::Composed { parts, .. } => parts.iter().any(is_computed),
        Source::ConfigMapKey { .. } | Source::SecretKey { .. } | Source::Field(_) | Source::Resource(_) => false,
    }
}

/// The server that an argument names, by itself or in a text of several words (`su -c 'exec rqlited …'`).
fn server_among(argv: &[Token]) -> Option<Program> {
    let named = |token: &Token| Some(named_in(&token.text)).filter(|program| *program != Program::Unreadable);
    argv.iter().skip(1).find_map(named)
}

fn has_own_flag(argv: &[Token]) -> bool {
    argv.iter().skip(1).any(|token| flag_table::is_distinctive(&token.text))
}
