//! Programs by their names: shells, wrappers, launchers, and those that only speak of rqlited; and what an argv comes to, of which
//! the words are given that the manifest tells (None: a word that it does not). Does not read what the server then gets.

use std::sync::LazyLock;

use super::Program;

/// What a program of that name does with its arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProgramKind {
    /// rqlited itself, also under a name with its release.
    Server,
    /// `docker-entrypoint.sh`, of whichever image.
    Entrypoint,
    /// Runs a script in the language that `script` reads.
    Shell,
    /// Runs a script in another one.
    ForeignShell,
    /// Starts what stands behind its options and an optional `--`.
    Wrapper,
    /// Starts the program named behind its own arguments, which are not read here.
    Launcher,
    /// Many programs in one file: its first argument names the one.
    Busybox,
    /// Speaks of files and processes or to a server, and starts none.
    Tool,
    /// Not known here: a script in a file, a starter of somebody's own, another server.
    Unknown,
}

const SERVER: &str = "rqlited";
const ENTRYPOINT: &str = "docker-entrypoint.sh";
const SHELLS: &[&str] = &["sh", "bash", "ash", "dash"];
const FOREIGN_SHELLS: &[&str] = &["fish", "ksh", "mksh", "zsh"];
const WRAPPERS: &[&str] = &["tini", "tini-static", "dumb-init"];
/// Programs that do one thing (set a user, a priority, a time limit, a variable) and then become the program named behind it, or
/// pass signals on to it. Only these: of any other program nobody here knows whether it starts what its arguments name.
const LAUNCHERS: &[&str] = &[
    "catatonit",
    "chroot",
    "chrt",
    "env",
    "flock",
    "gosu",
    "ionice",
    "nice",
    "numactl",
    "setarch",
    "setpriv",
    "stdbuf",
    "su-exec",
    "taskset",
    "timeout",
];
/// Clients of a server, the common tools of a script, and what a shell does itself: none starts a server.
const TOOLS: &[&str] = &[
    "[",
    "[[",
    ":",
    "alias",
    "apk",
    "awk",
    "aws",
    "base64",
    "basename",
    "break",
    "cat",
    "cd",
    "chmod",
    "chown",
    "cmp",
    "command",
    "continue",
    "cp",
    "curl",
    "cut",
    "date",
    "dd",
    "declare",
    "df",
    "diff",
    "dig",
    "dirname",
    "du",
    "echo",
    "exit",
    "export",
    "expr",
    "false",
    "find",
    "getent",
    "grep",
    "gunzip",
    "gzip",
    "hash",
    "head",
    "host",
    "hostname",
    "id",
    "jq",
    "kill",
    "killall",
    "let",
    "ln",
    "local",
    "ls",
    "mc",
    "md5sum",
    "mkdir",
    "mktemp",
    "mv",
    "nc",
    "nslookup",
    "pgrep",
    "pidof",
    "ping",
    "pkill",
    "printf",
    "ps",
    "pwd",
    "rclone",
    "read",
    "readonly",
    "return",
    "rm",
    "rmdir",
    "rqlite",
    "s3cmd",
    "sed",
    "seq",
    "set",
    "setcap",
    "sha256sum",
    "shift",
    "sleep",
    "sort",
    "sqlite3",
    "stat",
    "sync",
    "tail",
    "tar",
    "tee",
    "test",
    "touch",
    "tr",
    "trap",
    "true",
    "type",
    "typeset",
    "ulimit",
    "umask",
    "uname",
    "uniq",
    "unset",
    "wait",
    "wc",
    "wget",
    "which",
    "whoami",
    "zstd",
];
/// Launchers whose first own argument is no option: a directory, a file, a user.
const WITH_OPERAND: &[&str] = &["chroot", "flock", "gosu", "su-exec"];
/// Launchers' options whose value, the next word, may be a path, or a user or another name that a program has too (`--reuid rqlite`).
const VALUED_OPTIONS: &[&str] = &[
    "-C",
    "-a",
    "--argv0",
    "--chdir",
    "--egid",
    "--euid",
    "--groups",
    "--regid",
    "--reuid",
    "--rgid",
    "--ruid",
    "--seccomp-filter",
    "--userspec",
];

/// What an argv comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome<'a> {
    Server,
    Entrypoint,
    Shell,
    ForeignShell,
    /// The program at that word.
    HandsOver(usize),
    /// A shell of its own: `flock FILE -c SCRIPT`. At that word stands what is before the `-c`.
    LockedScript(usize),
    /// The command line that `env -S` splits into words, and where the arguments behind it begin.
    SplitString(&'a str, usize),
    /// No program that is read further.
    Ends(Program),
}

/// `own_image`: what stands behind a `--` of a program that nobody here knows is started.
pub(super) fn outcome<'a>(argv: &[Option<&'a str>], own_image: bool) -> Outcome<'a> {
    let Some(kind) = kind_of(argv) else { return Outcome::Ends(Program::Unreadable) };
    match kind {
        ProgramKind::Server => Outcome::Server,
        ProgramKind::Entrypoint => Outcome::Entrypoint,
        ProgramKind::Shell => Outcome::Shell,
        ProgramKind::ForeignShell => Outcome::ForeignShell,
        ProgramKind::Busybox => Outcome::HandsOver(1),
        ProgramKind::Wrapper => wrapped(argv).map_or_else(|| Outcome::Ends(server_among(argv)), Outcome::HandsOver),
        ProgramKind::Launcher => launched(argv),
        ProgramKind::Tool => Outcome::Ends(Program::Other),
        ProgramKind::Unknown => {
            let started = if own_image { behind_dashes(argv) } else { None };
            started.map_or(Outcome::Ends(Program::Unreadable), Outcome::HandsOver)
        }
    }
}

/// None where the manifest does not tell the program.
pub(super) fn kind_of(argv: &[Option<&str>]) -> Option<ProgramKind> {
    Some(kind(basename((*argv.first()?)?)))
}

pub(super) fn kind(name: &str) -> ProgramKind {
    // A script may have thousands of commands.
    static BY_NAME: LazyLock<Vec<(&str, ProgramKind)>> = LazyLock::new(|| {
        let kinds = [
            (SHELLS, ProgramKind::Shell),
            (FOREIGN_SHELLS, ProgramKind::ForeignShell),
            (WRAPPERS, ProgramKind::Wrapper),
            (LAUNCHERS, ProgramKind::Launcher),
            (&["busybox"], ProgramKind::Busybox),
            (TOOLS, ProgramKind::Tool),
        ];
        let mut by_name: Vec<_> =
            kinds.iter().flat_map(|(names, kind)| names.iter().map(|name| (*name, *kind))).collect();
        by_name.sort_unstable_by_key(|(name, _)| by_length(name));
        by_name
    });
    if is_server(name) {
        return ProgramKind::Server;
    }
    if name == ENTRYPOINT {
        return ProgramKind::Entrypoint;
    }
    let found = BY_NAME.binary_search_by_key(&by_length(name), |(known, _)| by_length(known));
    let found = found.ok().and_then(|at| BY_NAME.get(at));
    found.map_or(ProgramKind::Unknown, |(_, kind)| *kind)
}

/// An order in which most names are told apart without a look at their letters.
fn by_length(name: &str) -> (usize, &str) {
    (name.len(), name)
}

/// `rqlited`, `rqlited-10.2.7`, `rqlited-v9.4.5-linux-amd64`.
fn is_server(name: &str) -> bool {
    let Some(rest) = name.strip_prefix(SERVER) else { return false };
    let Some(version) = rest.strip_prefix('-') else { return rest.is_empty() };
    version.strip_prefix('v').unwrap_or(version).starts_with(|c: char| c.is_ascii_digit())
}

/// The last segment of a program's path.
pub(super) fn basename(path: &str) -> &str {
    match path.bytes().rposition(|byte| byte == b'/') {
        Some(at) => path.get(at + 1..).unwrap_or_default(),
        None => path,
    }
}

/// Where behind a wrapper's options and an optional `--` the program stands; None where that cannot be told.
fn wrapped(argv: &[Option<&str>]) -> Option<usize> {
    // `tini -p SIGNAL`, `tini -e CODE`; `dumb-init -r FROM:TO`.
    let valued = |letter: char| "per".contains(letter);
    let mut index = 1;
    loop {
        let word = (*argv.get(index)?)?;
        let Some(option) = word.strip_prefix('-').filter(|option| !option.is_empty()) else { return Some(index) };
        let takes_next = match option.strip_prefix('-') {
            Some("") => return Some(index + 1),
            Some(long) => long == "rewrite",
            // The first letter with a value has the rest of the word for it, or the next word.
            None => option.find(valued).is_some_and(|at| at + 1 == option.len()),
        };
        index += if takes_next { 2 } else { 1 };
    }
}

fn launched<'a>(argv: &[Option<&'a str>]) -> Outcome<'a> {
    if let Some(started) = search(argv).started {
        return Outcome::HandsOver(started);
    }
    if let Some(option) = script_option(argv) {
        return Outcome::LockedScript(option);
    }
    if let Some((text, behind)) = split_string(argv) {
        return Outcome::SplitString(text, behind);
    }
    other_launched(argv).map_or(Outcome::Ends(Program::Unreadable), Outcome::HandsOver)
}

/// What the words behind a launcher tell.
pub(super) struct Search {
    /// The server, its entrypoint or a shell.
    pub(super) started: Option<usize>,
    /// The word at which the search came to its end: that one, or another program.
    pub(super) end: usize,
}

/// Goes through the words behind a launcher, the first of `words`; None is a word that is not known.
/// It ends at a client or a common tool (`timeout 5 nc -z rqlited 4001`) and at another program's absolute path.
pub(super) fn search(words: &[Option<&str>]) -> Search {
    let takes_operand = |name: &str| WITH_OPERAND.contains(&name);
    let word_at = |index: usize| words.get(index).copied().flatten();
    let mut operand = word_at(0).map(basename).is_some_and(takes_operand);
    let mut hidden = false;
    for (index, word) in words.iter().enumerate().skip(1) {
        let Some(word) = word else {
            hidden = true;
            continue;
        };
        if operand && !hidden && is_user(word_at(index - 1), word) {
            operand = false;
            continue;
        }
        if is_argument(word) || is_address(word) || is_value(word_at(index - 1)) {
            continue;
        }
        // Of a word that is not known, nobody knows whether it was the operand.
        if std::mem::take(&mut operand) && !hidden {
            continue;
        }
        let name = basename(word);
        match kind(name) {
            ProgramKind::Server | ProgramKind::Entrypoint | ProgramKind::Shell | ProgramKind::ForeignShell => {
                return Search { started: Some(index), end: index };
            }
            ProgramKind::Tool => return Search { started: None, end: index },
            ProgramKind::Unknown if word.starts_with('/') && !hidden => return Search { started: None, end: index },
            ProgramKind::Launcher => operand = takes_operand(name),
            ProgramKind::Wrapper | ProgramKind::Busybox | ProgramKind::Unknown => {}
        }
    }
    Search { started: None, end: words.len() }
}

/// `gosu 1000:1000`
fn is_user(before: Option<&str>, word: &str) -> bool {
    let takes_user = before.map(basename).is_some_and(|name| matches!(name, "gosu" | "su-exec"));
    takes_user && word.starts_with(|c: char| c.is_ascii_digit())
}

/// An option, a number or a variable: no program.
fn is_argument(word: &str) -> bool {
    word.contains('=') || word.starts_with(|c: char| c == '-' || c.is_ascii_digit())
}

/// `http://rqlited:4001`
fn is_address(word: &str) -> bool {
    // Few words have the one letter; to look for several takes much more.
    word.contains(':') && word.contains("://")
}

/// It belongs to the option before it.
fn is_value(before: Option<&str>) -> bool {
    before.is_some_and(|option| option.starts_with('-') && VALUED_OPTIONS.contains(&option))
}

/// The word before the `-c` or `--command` of a `flock FILE -c SCRIPT`.
fn script_option(argv: &[Option<&str>]) -> Option<usize> {
    name_of(argv).filter(|name| *name == "flock")?;
    let option = argv.iter().position(|word| matches!(word, Some("-c" | "--command")))?;
    option.checked_sub(1)
}

/// See [`Outcome::SplitString`].
fn split_string<'a>(argv: &[Option<&'a str>]) -> Option<(&'a str, usize)> {
    name_of(argv).filter(|name| *name == "env")?;
    let word = |index: usize| argv.get(index).copied().flatten();
    let given = |index: usize| match word(index)? {
        "-S" | "--split-string" => Some((word(index + 1)?, index + 2)),
        attached => {
            let text = attached.strip_prefix("--split-string=").or_else(|| attached.strip_prefix("-S"))?;
            Some((text, index + 1))
        }
    };
    (1..argv.len()).find_map(given)
}

fn name_of<'a>(argv: &[Option<&'a str>]) -> Option<&'a str> {
    (*argv.first()?).map(basename)
}

/// Where behind some `--` of a program that nobody here knows one stands that is known to start a server.
fn behind_dashes(argv: &[Option<&str>]) -> Option<usize> {
    let starts = |index: &usize| {
        let dashes = argv.get(index.wrapping_sub(1)).is_some_and(|word| *word == Some("--"));
        let kind = if dashes { argv.get(*index..).and_then(kind_of) } else { None };
        kind.is_some_and(|kind| !matches!(kind, ProgramKind::Unknown | ProgramKind::Tool))
    };
    (2..argv.len()).find(starts)
}

/// What an argv names that cannot be read.
fn server_among(argv: &[Option<&str>]) -> Program {
    let kinds = argv.iter().skip(1).flatten().map(|word| kind(basename(word)));
    kinds.fold(Program::Unreadable, |program, kind| match (program, kind) {
        (_, ProgramKind::Server) | (Program::Rqlited, _) => Program::Rqlited,
        (_, ProgramKind::Entrypoint) => Program::Entrypoint,
        (program, _) => program,
    })
}

/// The first word behind a launcher that may be its program, where that is no server; a user or a file before it is passed over.
fn other_launched(argv: &[Option<&str>]) -> Option<usize> {
    let operands = usize::from(WITH_OPERAND.contains(&name_of(argv)?));
    let word_at = |index: usize| argv.get(index).copied().flatten();
    let is_word = |index: &usize| !word_at(*index).is_some_and(is_argument) && !is_value(word_at(*index - 1));
    (1..argv.len()).filter(is_word).nth(operands)
}

/// SIGTERM comes through the programs before `started`. `flock` waits for its child and passes nothing on, unless it is told to
/// become it; `dumb-init -r 15:3` sends another signal instead. Whether a program that nobody here knows passes it on is not known.
pub(super) fn pass_sigterm(argv: &[Option<&str>], started: usize) -> bool {
    if kind_of(argv) == Some(ProgramKind::Unknown) {
        return false;
    }
    let mut lock = false;
    for word in argv.iter().take(started).flatten() {
        match basename(word) {
            "flock" => lock = true,
            "-F" | "--no-fork" => lock = false,
            // `-r 15:3`, `-r15:3`, `--rewrite=15:3`; 15 is SIGTERM.
            rule => {
                let rule = rule.trim_start_matches("--rewrite=").trim_start_matches("-r");
                if rule.strip_prefix("15:").is_some_and(|to| to != "15") {
                    return false;
                }
            }
        }
    }
    !lock
}

/// One argument is the server's path, of a program that is known to run what it is given.
pub(super) fn passes_by(argv: &[Option<&str>]) -> bool {
    let server = |word: &&str| {
        let name = basename(word);
        is_server(name) || name == ENTRYPOINT
    };
    let idle = matches!(kind_of(argv), Some(ProgramKind::Unknown | ProgramKind::Tool));
    !idle && argv.iter().skip(1).flatten().any(server)
}
