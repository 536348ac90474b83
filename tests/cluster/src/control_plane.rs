//! A control plane on loopback: etcd, one or more API servers, the controllers, a node agent, a proxy to Services.
//! Knows nothing of Quorate.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use kube::Client;
use serde_json::{Value, json};

use crate::background::Background;
use crate::binaries::Binaries;
use crate::credentials::Credentials;
use crate::http::{self, Request};
use crate::kube_client;
use crate::launch;
use crate::node_agent::{Families, NodeAgent};
use crate::process::Process;
use crate::program::binary;
use crate::rqlited::Databases;
use crate::services::Services;
use crate::shell::Shell;
use crate::tool::{Helm, Kubectl};
use crate::wait::{eventually, within};
use crate::watchdog::Watchdog;

/// An API server that is well answers a read much sooner.
const READ: Duration = Duration::from_secs(15);

/// A running control plane. What it started ends with it, and with the test's process at the latest.
#[derive(Debug)]
pub struct ControlPlane {
    // The order of the fields is the order of their end: who would complain that another is gone goes first.
    _background: Background,
    _databases: RunningDatabases,
    controllers: Process,
    api_servers: Vec<ApiServer>,
    etcd: Process,
    agent: NodeAgent,
    services: Services,
    credentials: Credentials,
    binaries: Binaries,
    watchdog: Watched,
}

#[derive(Debug)]
struct ApiServer {
    process: Process,
    url: String,
    kubeconfig: PathBuf,
    audit: PathBuf,
}

/// Dropped last: waits until all has ended and the folder is gone.
#[derive(Debug)]
struct Watched(Arc<Watchdog>);

/// Dropped behind who gives it work, before whom it asks.
#[derive(Debug)]
struct RunningDatabases(Databases);

impl Drop for RunningDatabases {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// What a control plane is to be like; `ControlPlane::start` takes the defaults.
#[derive(Clone, Debug)]
pub struct Builder {
    name: String,
    api_servers: usize,
    arguments: Vec<String>,
    gates: Vec<String>,
    families: Families,
}

impl Builder {
    /// Pods and Services have IPv6 addresses alone.
    #[must_use]
    pub fn ipv6(self) -> Self {
        let families = Families::Ipv6;
        Self { families, ..self }.api_server_argument("--service-cluster-ip-range=fd00:10:96::/112")
    }

    /// Pods have an address of each family, IPv4 first, and Services may have.
    #[must_use]
    pub fn both_families(self) -> Self {
        let families = Families::Both;
        Self { families, ..self }.api_server_argument("--service-cluster-ip-range=10.96.0.0/16,fd00:10:96::/112")
    }

    /// That many API servers over the one etcd; 1 by default. Controllers and node agent use the first.
    #[must_use]
    pub fn api_servers(mut self, count: usize) -> Self {
        self.api_servers = count;
        self
    }

    /// One more argument for each API server: `--feature-gates=…`.
    #[must_use]
    pub fn api_server_argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    /// A feature of Kubernetes that is off by default, in the API servers and the controllers.
    #[must_use]
    pub fn feature(mut self, name: &str) -> Self {
        self.gates.push(format!("--feature-gates={name}=true"));
        self
    }

    /// Starts it and waits until every API server is ready. Panics, with the log's end, if that fails.
    #[must_use]
    pub fn start(self) -> ControlPlane {
        let binaries = Binaries::find();
        let watchdog = Watchdog::start(&self.name);
        let folder = watchdog.folder();
        let credentials = Credentials::write(folder);
        launch::write_configuration(&credentials);
        let [clients, peers] = [free_port(), free_port()].map(|port| format!("http://127.0.0.1:{port}"));
        let etcd = Process::start(&watchdog, "etcd", launch::etcd(&binaries, folder, &clients, &peers));
        let api_servers: Vec<ApiServer> = (0..self.api_servers)
            .map(|index| self.api_server(index, &binaries, &credentials, &watchdog, &clients))
            .collect();
        let first = api_servers.first().expect("one API server at least");

        let socket = UnixListener::bind(credentials.path(launch::SERVICES_SOCKET)).expect("a socket");
        socket.set_nonblocking(true).expect("a socket that does not block");
        let kubeconfig = first.kubeconfig.clone();
        let (agent, services) = (NodeAgent::new(&watchdog, &kubeconfig, self.families), Services::default());
        for server in &api_servers {
            server.await_ready(&binaries, folder);
            server.await_addresses(&binaries, folder);
        }
        let token = &credentials.controllers.token;
        let for_controllers = credentials.kubeconfig("controllers", &first.url, token);
        let mut command = launch::controller_manager(&binaries, &credentials, &for_controllers);
        command.args(&self.gates);
        let controllers = Process::start(&watchdog, "kube-controller-manager", command);
        let client = async move { kube_client::of(&kubeconfig).await };
        let background = Background::start(client, agent.clone(), services.clone(), socket);
        ControlPlane {
            _background: background,
            _databases: RunningDatabases(agent.databases().clone()),
            controllers,
            api_servers,
            etcd,
            agent,
            services,
            credentials,
            binaries,
            watchdog: Watched(watchdog),
        }
    }

    fn api_server(
        &self,
        index: usize,
        binaries: &Binaries,
        credentials: &Credentials,
        watchdog: &Arc<Watchdog>,
        etcd: &str,
    ) -> ApiServer {
        let port = free_port();
        let url = format!("https://127.0.0.1:{port}");
        let kubeconfig = credentials.kubeconfig(&format!("admin-{index}"), &url, &credentials.admin.token);
        let audit = watchdog.folder().join(format!("audit-{index}.log"));
        let mut command = launch::api_server(binaries, credentials, etcd, port, &audit);
        command.args(&self.arguments).args(&self.gates);
        let process = Process::start(watchdog, &format!("kube-apiserver-{index}"), command);
        ApiServer { process, url, kubeconfig, audit }
    }
}

impl ApiServer {
    #[track_caller]
    fn await_ready(&self, binaries: &Binaries, folder: &Path) {
        let kubectl = Kubectl::new(binaries.path("kubectl"), folder, &self.kubeconfig);
        within(Duration::from_secs(120), "an API server to be ready", || {
            if let Some(status) = self.process.ended() {
                panic!("the API server ended ({status}); {}", self.process.last_words());
            }
            let output = kubectl.run(["get", "--raw", "/readyz"]);
            if output.succeeded() { Ok(()) } else { Err(format!("{}{}", output.stderr, self.process.last_words())) }
        });
    }

    /// Ready says nothing of this: for each family the API server reads its ranges by itself, and a Service before that is refused
    /// (`range is full`).
    #[track_caller]
    fn await_addresses(&self, binaries: &Binaries, folder: &Path) {
        let service = json!({
            "apiVersion": "v1", "kind": "Service", "metadata": { "name": "addresses", "namespace": "default" },
            "spec": { "ipFamilyPolicy": "PreferDualStack", "ports": [{ "port": 443 }] },
        });
        let kubectl = Kubectl::new(binaries.path("kubectl"), folder, &self.kubeconfig);
        within(Duration::from_secs(120), "addresses for Services", || {
            let output = kubectl.run_with(&service.to_string(), ["create", "--dry-run=server", "-f", "-"]);
            if output.succeeded() { Ok(()) } else { Err(output.stderr) }
        });
    }
}

impl ControlPlane {
    /// The one that all tests of a binary share: started at first use, ended with the process.
    #[must_use]
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<ControlPlane> = OnceLock::new();
        SHARED.get_or_init(|| Self::start("shared"))
    }

    /// One of its own, for a test that breaks it; `name` is part of its folder's name.
    #[must_use]
    pub fn start(name: &str) -> Self {
        Self::builder(name).start()
    }

    #[must_use]
    pub fn builder(name: &str) -> Builder {
        Builder {
            name: name.to_owned(),
            api_servers: 1,
            arguments: Vec::new(),
            gates: Vec::new(),
            families: Families::Ipv4,
        }
    }

    /// Where its state and logs are.
    pub fn folder(&self) -> &Path {
        self.watchdog.0.folder()
    }

    /// The minor that was asked for: `1.36`.
    pub fn minor(&self) -> &str {
        self.binaries.minor()
    }

    /// kubectl as the administrator, against the first API server.
    pub fn kubectl(&self) -> Kubectl {
        self.kubectl_at(0)
    }

    /// kubectl against the API server of this index.
    #[track_caller]
    pub fn kubectl_at(&self, api_server: usize) -> Kubectl {
        self.kubectl_with(&self.server(api_server).kubeconfig)
    }

    /// kubectl with another kubeconfig, as `service_account` writes it.
    pub fn kubectl_with(&self, kubeconfig: &Path) -> Kubectl {
        Kubectl::new(self.binaries.path("kubectl"), self.folder(), kubeconfig)
    }

    /// An object or a list by its path (`/api/v1/nodes`), or what was said instead. For what is asked again and again: no process starts.
    pub fn read(&self, path: &str) -> Result<Value, String> {
        let bearer = format!("Bearer {}", self.credentials.admin.token);
        let request = Request::get(path).header("Authorization", &bearer);
        let answer = http::ask_over_tls(self.api_server_address(), &request, READ).map_err(|error| error.to_string());
        match answer? {
            (200, object) => serde_json::from_str(&object).map_err(|error| error.to_string()),
            (status, said) => Err(format!("{path}: {status} {said}")),
        }
    }

    /// helm as the administrator.
    pub fn helm(&self) -> Helm {
        Helm::new(self.binaries.path("helm"), self.folder(), self.kubeconfig())
    }

    /// The same of its former major, 3.
    pub fn helm_3(&self) -> Helm {
        Helm::new(self.binaries.path("helm3"), self.folder(), self.kubeconfig())
    }

    /// A shell as the reader of a page has one, with this helm.
    #[track_caller]
    pub fn shell(&self, helm: &Helm) -> Shell {
        let programs = [self.binaries.path("kubectl"), helm.program().to_owned(), binary()];
        Shell::new(self.folder(), self.kubeconfig(), ["kubectl", "helm", "quorate"].into_iter().zip(programs))
    }

    /// The administrator's kubeconfig.
    pub fn kubeconfig(&self) -> &Path {
        &self.server(0).kubeconfig
    }

    /// Of the first API server: `https://127.0.0.1:41023`.
    pub fn url(&self) -> &str {
        &self.server(0).url
    }

    /// The authority of the API servers' certificates, as PEM.
    pub fn authority(&self) -> &str {
        self.credentials.authority()
    }

    /// A kubeconfig with a fresh token of this ServiceAccount, which must exist: what a Pod of it may do, no more.
    #[track_caller]
    pub fn service_account(&self, namespace: &str, name: &str) -> PathBuf {
        self.service_account_at(self.url(), namespace, name)
    }

    /// The same for a server that stands before the API server.
    #[track_caller]
    pub fn service_account_at(&self, url: &str, namespace: &str, name: &str) -> PathBuf {
        let kubectl = self.kubectl().in_namespace(namespace);
        let token = kubectl.run(["create", "token", name, "--duration=2h"]).ok().stdout;
        let place: String = url.chars().filter(char::is_ascii_digit).collect();
        self.credentials.kubeconfig(&format!("{namespace}-{name}-{place}"), url, token.trim())
    }

    /// Of the first API server.
    #[must_use]
    pub fn api_server_address(&self) -> SocketAddr {
        self.url().trim_start_matches("https://").parse().expect("an address")
    }

    /// The administrator's client; it belongs to the runtime in which it is made.
    pub async fn client(&self) -> Client {
        kube_client::of(self.kubeconfig()).await
    }

    /// Starts a program that ends with the control plane. What it prints goes to `<name>.log` in the folder.
    pub fn spawn(&self, name: &str, command: Command) -> Process {
        Process::start(&self.watchdog.0, name, command)
    }

    pub fn agent(&self) -> &NodeAgent {
        &self.agent
    }

    pub fn services(&self) -> &Services {
        &self.services
    }

    /// The API server of this index: to kill, pause, or read the log of. `restart_api_server` waits until it is ready.
    #[track_caller]
    pub fn api_server(&self, index: usize) -> &Process {
        &self.server(index).process
    }

    pub fn etcd(&self) -> &Process {
        &self.etcd
    }

    pub fn controllers(&self) -> &Process {
        &self.controllers
    }

    /// Stops the API server and starts it on the same port; waits until it is ready.
    #[track_caller]
    pub fn restart_api_server(&self, index: usize) {
        let server = self.server(index);
        server.process.stop();
        server.process.start_again();
        server.await_ready(&self.binaries, self.folder());
    }

    /// etcd hangs until `resume_etcd`.
    pub fn pause_etcd(&self) {
        self.etcd.pause();
    }

    pub fn resume_etcd(&self) {
        self.etcd.resume();
    }

    /// Every audit event so far, of all API servers, at level Metadata. One whose request is just answered may be late.
    pub fn audit(&self) -> Vec<Value> {
        let logs = self.api_servers.iter().map(|server| fs::read_to_string(&server.audit).unwrap_or_default());
        logs.flat_map(|log| log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect::<Vec<_>>())
            .collect()
    }

    /// The first audit event that this picks, once it is written.
    #[track_caller]
    pub fn audit_event(&self, what: &str, pick: impl Fn(&Value) -> bool) -> Value {
        eventually(what, || self.audit().into_iter().find(|event| pick(event)).ok_or("no such audit event"))
    }

    #[track_caller]
    fn server(&self, index: usize) -> &ApiServer {
        self.api_servers.get(index).unwrap_or_else(|| panic!("{} API servers, none is {index}", self.api_servers.len()))
    }
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}
