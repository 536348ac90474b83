//! kubectl and helm, as a user runs them: against one API server, as some user, in some namespace.
//! A tool's home is the control plane's folder: nothing of the machine's own configuration is read or written.

use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use serde_json::Value;

/// What a command said, and how it ended.
#[derive(Clone, Debug)]
pub struct Output {
    pub command: String,
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Output {
    pub fn succeeded(&self) -> bool {
        self.code == 0
    }

    /// Panics, with all that was said, unless it succeeded.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert!(self.succeeded(), "`{}` ended with {}\n{}{}", self.command, self.code, self.stdout, self.stderr);
        self
    }

    /// Panics unless it failed; the error output, whose wording the test asserts.
    #[track_caller]
    pub fn refused(self) -> String {
        assert!(
            !self.succeeded(),
            "`{}` passed, although it was to be refused\n{}{}",
            self.command,
            self.stdout,
            self.stderr
        );
        self.stderr
    }

    /// The standard output, decoded.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("`{}`: {error}\n{}", self.command, self.stdout))
    }
}

/// kubectl; each method that narrows it gives another one.
#[derive(Clone, Debug)]
pub struct Kubectl {
    tool: Tool,
}

/// helm; each method that narrows it gives another one.
#[derive(Clone, Debug)]
pub struct Helm {
    tool: Tool,
}

#[derive(Clone, Debug)]
struct Tool {
    program: PathBuf,
    /// As which it is called: under that name the API server keeps what it wrote.
    name: &'static str,
    home: PathBuf,
    kubeconfig: PathBuf,
    arguments: Vec<String>,
    editor: Option<String>,
}

impl Kubectl {
    pub(crate) fn new(program: PathBuf, home: &Path, kubeconfig: &Path) -> Self {
        Self { tool: Tool::new(program, "kubectl", home, kubeconfig) }
    }

    #[must_use]
    pub fn in_namespace(&self, namespace: &str) -> Self {
        self.with(format!("--namespace={namespace}"))
    }

    /// Impersonates this user, who then has that user's rights only.
    #[must_use]
    pub fn as_user(&self, user: &str) -> Self {
        self.with(format!("--as={user}"))
    }

    /// Impersonates a member of this group too; needs `as_user`.
    #[must_use]
    pub fn as_group(&self, group: &str) -> Self {
        self.with(format!("--as-group={group}"))
    }

    /// For `kubectl edit`: a shell command that gets the file's path behind it.
    #[must_use]
    pub fn with_editor(&self, command: &str) -> Self {
        Self { tool: Tool { editor: Some(command.to_owned()), ..self.tool.clone() } }
    }

    #[must_use]
    fn with(&self, argument: String) -> Self {
        Self { tool: self.tool.with(argument) }
    }

    /// Runs `kubectl <arguments>`, whatever comes of it.
    pub fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Output {
        self.run_with("", arguments)
    }

    /// `run` with a standard input, for `-f -`.
    pub fn run_with<A: AsRef<OsStr>>(&self, input: &str, arguments: impl IntoIterator<Item = A>) -> Output {
        self.tool.run(input, arguments)
    }

    /// Runs a command line of words without blanks: `kubectl.line("scale statefulset/rqlite --replicas=1")`.
    pub fn line(&self, line: &str) -> Output {
        self.run(line.split_whitespace())
    }

    /// `kubectl apply -f -`, whatever comes of it.
    pub fn apply(&self, manifest: &str) -> Output {
        self.run_with(manifest, ["apply", "-f", "-"])
    }

    /// Evicts a Pod, as a drain does it, whatever comes of it.
    pub fn evict(&self, namespace: &str, pod: &str) -> Output {
        let metadata = format!(r#"{{"name":"{pod}","namespace":"{namespace}"}}"#);
        let eviction = format!(r#"{{"apiVersion":"policy/v1","kind":"Eviction","metadata":{metadata}}}"#);
        let path = format!("/api/v1/namespaces/{namespace}/pods/{pod}/eviction");
        self.run_with(&eviction, ["create", "--raw", &path, "-f", "-"])
    }

    /// An object (`get("statefulset/rqlite")`) or a list (`get("pods")`); panics if there is none.
    #[track_caller]
    pub fn get(&self, what: &str) -> Value {
        self.find(what).unwrap_or_else(|reason| panic!("{reason}"))
    }

    /// `get`, or what was said instead.
    pub fn find(&self, what: &str) -> Result<Value, String> {
        let output = self.run(what.split_whitespace().fold(vec!["get", "-o", "json"], |mut arguments, word| {
            arguments.push(word);
            arguments
        }));
        if output.succeeded() { Ok(output.json()) } else { Err(output.stderr) }
    }

    /// A path of the API server, as text: `/metrics`, `/readyz`.
    #[track_caller]
    pub fn raw(&self, path: &str) -> String {
        self.run(["get", "--raw", path]).ok().stdout
    }
}

impl Helm {
    pub(crate) fn program(&self) -> &Path {
        &self.tool.program
    }

    pub(crate) fn new(program: PathBuf, home: &Path, kubeconfig: &Path) -> Self {
        Self { tool: Tool::new(program, "helm", home, kubeconfig) }
    }

    #[must_use]
    pub fn in_namespace(&self, namespace: &str) -> Self {
        Self { tool: self.tool.with(format!("--namespace={namespace}")) }
    }

    /// Runs `helm <arguments>`, whatever comes of it.
    pub fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Output {
        self.tool.run("", arguments)
    }

    /// Runs a command line of words without blanks.
    pub fn line(&self, line: &str) -> Output {
        self.run(line.split_whitespace())
    }
}

impl Tool {
    fn new(program: PathBuf, name: &'static str, home: &Path, kubeconfig: &Path) -> Self {
        let (home, kubeconfig) = (home.to_owned(), kubeconfig.to_owned());
        Self { program, name, home, kubeconfig, arguments: Vec::new(), editor: None }
    }

    fn with(&self, argument: String) -> Self {
        let mut tool = self.clone();
        tool.arguments.push(argument);
        tool
    }

    fn run<A: AsRef<OsStr>>(&self, input: &str, arguments: impl IntoIterator<Item = A>) -> Output {
        let mut command = Command::new(&self.program);
        command.arg0(self.name).args(&self.arguments).args(arguments);
        command.env("KUBECONFIG", &self.kubeconfig).env("HOME", &self.home);
        if let Some(editor) = &self.editor {
            command.env("KUBE_EDITOR", editor);
        }
        for name in ["XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "KUBECACHEDIR"] {
            command.env_remove(name);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let words = command.get_args().map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ");
        let words = format!("{} {words}", self.name);

        let mut child = command.spawn().unwrap_or_else(|error| panic!("`{words}` does not start: {error}"));
        let pipe = child.stdin.take();
        let output = thread::scope(|scope| {
            scope.spawn(move || {
                let Some(mut pipe) = pipe else { return };
                // A tool that ends before it has read everything says why by itself.
                pipe.write_all(input.as_bytes()).unwrap_or_default();
            });
            child.wait_with_output()
        });
        let output = output.unwrap_or_else(|error| panic!("`{words}`: {error}"));
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        // -1: ended by a signal.
        Output {
            command: words,
            code: output.status.code().unwrap_or(-1),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }
}
