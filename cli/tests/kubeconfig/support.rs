//! A folder with a kubeconfig, and runs of the binary that see it and no proxy of this machine's.
//! Asserts nothing by itself.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::thread;

use crate::common::{Run, command};

/// A free port of loopback.
pub(crate) fn listen() -> (SocketAddr, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    (listener.local_addr().unwrap(), listener)
}

/// Until the process ends.
pub(crate) fn run(task: impl Future<Output = ()> + Send + 'static) {
    thread::spawn(move || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(task));
}

/// A port that nobody listens on.
pub(crate) fn closed() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

pub(crate) struct Home(tempfile::TempDir);

/// One cluster `c`, one user `u`; both as YAML flow mappings.
pub(crate) fn kubeconfig(cluster: &str, user: &str) -> String {
    kubeconfig_in(cluster, user, "")
}

/// The same, with a namespace in the context.
pub(crate) fn kubeconfig_in(cluster: &str, user: &str, namespace: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: x\nclusters: [{{name: c, cluster: {cluster}}}]\nusers: [{{name: u, user: {user}}}]\n\
         contexts: [{{name: x, context: {{cluster: c, user: u, namespace: '{namespace}'}}}}]\n"
    )
}

const PROXIES: [&str; 4] = ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"];

impl Home {
    pub(crate) fn new(kubeconfig: &str) -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        home.put("config", kubeconfig);
        home
    }

    pub(crate) fn put(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// A program that runs these lines of `sh`.
    pub(crate) fn program(&self, name: &str, lines: &str) -> String {
        use std::os::unix::fs::PermissionsExt;
        self.put(name, &format!("#!/bin/sh\n{lines}\n"));
        let mode = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(self.path(name), mode).unwrap();
        self.path(name).display().to_string()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn quorate(&self, variables: &[(&str, &str)], args: &[&str]) -> Run {
        let mut command = command(self.0.path(), args);
        for name in PROXIES {
            command.env_remove(name).env_remove(name.to_lowercase());
        }
        command.env_remove("KUBERNETES_SERVICE_HOST").env("KUBECONFIG", self.path("config"));
        let mut child = command.envs(variables.iter().copied()).spawn().unwrap();
        drop(child.stdin.take());
        child.wait_with_output().unwrap().into()
    }

    /// What asks the API server for one list, and judges nothing.
    pub(crate) fn save(&self, variables: &[(&str, &str)]) -> Run {
        self.save_with(variables, &[])
    }

    pub(crate) fn save_with(&self, variables: &[(&str, &str)], args: &[&str]) -> Run {
        self.quorate(variables, &[&["snapshot", "save", "out.json"], args].concat())
    }
}

impl Run {
    /// The list was got.
    #[track_caller]
    pub(crate) fn assert_saved(&self) {
        assert_eq!((self.code, self.stdout.as_str()), (Some(0), "out.json: rqlite sets: 0\n"), "{self:?}");
    }

    /// Exit 2, and one complaint.
    #[track_caller]
    pub(crate) fn assert_said(&self, says: &str) {
        assert_eq!((self.code, self.stderr.as_str()), (Some(2), format!("quorate: {says}\n").as_str()), "{self:?}");
    }
}
