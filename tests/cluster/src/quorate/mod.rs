//! Quorate, installed by its own chart, with its own ServiceAccount's rights; its Pods' containers are processes of the test.
//! Asserts no verdict.

mod clock;
mod leftovers;
mod replica;

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::control_plane::ControlPlane;
use crate::tool::{Helm, Output};
use crate::wait::{eventually, within};
use crate::{Namespace, TIMEOUT, UNREADY, isolation, manifests};

pub use clock::Clock;
pub use leftovers::await_nothing_left;
use replica::Pod;
pub use replica::Replica;

/// Where the chart's documentation installs it.
pub const SYSTEM: &str = "quorate-system";
/// The name of its Service, of its webhook configurations and of the release.
pub const NAME: &str = "quorate";

/// The path of the webhook configurations.
const REGISTRATION: &str = "/apis/admissionregistration.k8s.io/v1";

/// An installation.
#[derive(Debug)]
pub struct Quorate<'a> {
    plane: &'a ControlPlane,
    replicas: Vec<Replica>,
}

/// How it is to be installed.
#[derive(Debug, Clone)]
pub struct Installer<'a> {
    plane: &'a ControlPlane,
    replicas: usize,
    values: Vec<String>,
    files: Vec<String>,
    helm: Helm,
    configuration: Vec<(String, String)>,
    ways: Vec<String>,
    clocks: Vec<Clock>,
}

impl<'a> Installer<'a> {
    /// Of the chart and of processes; 2 by default.
    #[must_use]
    pub fn replicas(mut self, count: usize) -> Self {
        self.replicas = count;
        self
    }

    /// One more `--set` of the chart.
    #[must_use]
    pub fn set(mut self, value: &str) -> Self {
        self.values.push(value.to_owned());
        self
    }

    /// With the values of a platform, a file of `deploy/platforms`.
    #[must_use]
    pub fn platform(self, name: &str) -> Self {
        self.values(Path::new(&deploy(&format!("platforms/{name}.yaml"))))
    }

    /// With the values of this file.
    #[must_use]
    pub fn values(mut self, file: &Path) -> Self {
        self.files.push(file.display().to_string());
        self
    }

    /// By the former major of helm.
    #[must_use]
    pub fn by_helm_3(mut self) -> Self {
        self.helm = self.plane.helm_3();
        self
    }

    /// Replaces a text of the configuration that the chart gives the replicas.
    #[must_use]
    pub fn configure(mut self, text: &str, by: &str) -> Self {
        self.configuration.push((text.to_owned(), by.to_owned()));
        self
    }

    /// The URL at which the next replica finds the API server; the first call is about the first one.
    #[must_use]
    pub fn api_server_at(mut self, url: &str) -> Self {
        self.ways.push(url.to_owned());
        self
    }

    /// The clock of the next replica; the first call is about the first one.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clocks.push(clock);
        self
    }

    /// Installs it and waits until all replicas are ready and the API server can call them.
    #[track_caller]
    #[must_use]
    pub fn install(self) -> Quorate<'a> {
        self.helm("install").ok();
        self.start()
    }

    /// The same from a manifest of `deploy/manifests`, by `kubectl apply`.
    #[track_caller]
    #[must_use]
    pub fn install_manifest(self, manifest: &str) -> Quorate<'a> {
        let kubectl = self.plane.kubectl();
        kubectl.apply(&of_a_test(manifest)).ok();
        self.start()
    }

    /// The same by whatever applies what [`Installer::rendered`] gives.
    #[track_caller]
    #[must_use]
    pub fn install_by(self, apply: impl FnOnce()) -> Quorate<'a> {
        apply();
        self.start()
    }

    /// The manifests of the chart with these values.
    #[track_caller]
    #[must_use]
    pub fn rendered(&self) -> String {
        // What asks no cluster is told its version.
        self.helm(&format!("template --kube-version={}.0", self.plane.minor())).ok().stdout
    }

    /// `helm uninstall`, until all of the release has gone.
    pub fn uninstall(&self) -> Output {
        self.helm.in_namespace(SYSTEM).run(["uninstall", NAME, "--wait"])
    }

    #[track_caller]
    fn start(self) -> Quorate<'a> {
        let mut quorate = Quorate { plane: self.plane, replicas: Vec::new() };
        quorate.start(&self);
        quorate.await_registered();
        quorate
    }

    /// `helm install` or `helm upgrade`, flags behind it, of the chart alone, with the values that make a test of it.
    pub fn helm(&self, verb: &str) -> Output {
        let chart = chart();
        let replicas = format!("replicas={}", self.replicas);
        let unready = format!(r"podAnnotations.{}=true", UNREADY.replace('.', r"\."));
        let mut arguments: Vec<&str> = verb.split_whitespace().collect();
        arguments.extend([NAME, &chart, "--create-namespace", "--set", &replicas, "--set-string", &unready]);
        arguments.extend(self.files.iter().flat_map(|file| ["--values", file]));
        for value in &self.values {
            arguments.extend(["--set", value]);
        }
        self.helm.in_namespace(SYSTEM).run(arguments)
    }
}

impl<'a> Quorate<'a> {
    /// By the chart, denying, with two replicas, unless told otherwise.
    #[must_use]
    pub fn installer(plane: &'a ControlPlane) -> Installer<'a> {
        Installer {
            plane,
            replicas: 2,
            values: vec!["mode=enforce".to_owned()],
            files: Vec::new(),
            helm: plane.helm(),
            configuration: Vec::new(),
            ways: Vec::new(),
            clocks: Vec::new(),
        }
    }

    /// `installer`, with nothing told otherwise.
    #[track_caller]
    #[must_use]
    pub fn install(plane: &'a ControlPlane) -> Self {
        Self::installer(plane).install()
    }

    pub fn plane(&self) -> &'a ControlPlane {
        self.plane
    }

    /// Its own namespace, with the administrator's kubectl.
    pub fn kubectl(&self) -> crate::Kubectl {
        self.plane.kubectl().in_namespace(SYSTEM)
    }

    #[track_caller]
    pub fn replica(&self, index: usize) -> &Replica {
        self.replicas.get(index).unwrap_or_else(|| panic!("{} replicas, none is {index}", self.replicas.len()))
    }

    pub fn replicas(&self) -> &[Replica] {
        &self.replicas
    }

    /// The API server's calls go to all replicas again.
    pub fn route_all(&self) {
        let addresses: Vec<_> = self.replicas.iter().map(Replica::address).collect();
        self.plane.services().route(SYSTEM, NAME, &addresses);
    }

    /// The API server's calls go to this replica alone.
    #[track_caller]
    pub fn route_to(&self, index: usize) {
        self.plane.services().route(SYSTEM, NAME, &[self.replica(index).address()]);
        // The API server keeps its connections to the others for as long as they live.
        self.plane.services().hang_up();
    }

    /// Rolls all replicas, one after the other, as a Deployment does: the next one goes when its successor is ready.
    #[track_caller]
    pub fn roll(&self) {
        for (index, replica) in self.replicas.iter().enumerate() {
            let others = self.replicas.iter().enumerate().filter(|(other, _)| *other != index);
            let others: Vec<_> = others.map(|(_, other)| other.address()).collect();
            std::thread::scope(|scope| {
                let ending = scope.spawn(|| replica.process().stop());
                eventually(
                    "the replica to be unready",
                    || if replica.is_ready() { Err("it is ready") } else { Ok(()) },
                );
                self.plane.services().route(SYSTEM, NAME, &others);
                ending.join().expect("it ends");
            });
            replica.process().start_again();
            replica.await_ready();
            self.route_all();
        }
    }

    /// All replicas end, and nobody answers the API server: Quorate is down.
    pub fn stop(&self) {
        for replica in &self.replicas {
            replica.process().stop();
        }
        self.plane.services().route(SYSTEM, NAME, &[]);
    }

    /// All replicas are there again and ready.
    #[track_caller]
    pub fn start_again(&self) {
        for replica in &self.replicas {
            replica.process().start_again();
        }
        self.await_ready();
        self.route_all();
    }

    #[track_caller]
    pub fn await_ready(&self) {
        for replica in &self.replicas {
            replica.await_ready();
        }
    }

    /// One process for each Pod of the Deployment.
    #[track_caller]
    fn start(&mut self, installer: &Installer<'_>) {
        let count = installer.replicas;
        let pods = within(TIMEOUT, "the Pods of the Deployment", || {
            let pods = self.running_pods();
            if pods.len() == count { Ok(pods) } else { Err(format!("{} of {count} run", pods.len())) }
        });
        let config = self.config(&installer.configuration);
        let ways = installer.ways.iter().map(String::as_str).chain(std::iter::repeat(self.plane.url()));
        let clocks = installer.clocks.iter().map(Some).chain(std::iter::repeat(None));
        let start = |((pod, url), clock): ((&Pod, &str), Option<&Clock>)| {
            let kubeconfig = self.plane.service_account_at(url, SYSTEM, NAME);
            Replica::start(self.plane, pod, &config, &kubeconfig, clock)
        };
        self.replicas = pods.iter().zip(ways).zip(clocks).map(start).collect();
        self.await_ready();
        self.route_all();
        if isolation::is_own_network() {
            // The Pods' addresses are the replicas' own, so they may be endpoints of the Service.
            self.kubectl().run(["annotate", "pods", "--all", &format!("{UNREADY}-")]).ok();
        }
    }

    fn running_pods(&self) -> Vec<Pod> {
        let list = self.kubectl().get("pods -l app.kubernetes.io/name=quorate");
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let address = |address: &Value| address["ip"].as_str()?.parse().ok();
        let pods = list["items"].as_array().into_iter().flatten().filter_map(|pod| {
            let addresses = pod["status"]["podIPs"].as_array()?.iter().filter_map(address).collect();
            Some(Pod { name: text(&pod["metadata"]["name"])?, addresses })
        });
        pods.collect()
    }

    /// The configuration that the chart gives its Pods, as a file.
    #[track_caller]
    fn config(&self, changes: &[(String, String)]) -> PathBuf {
        let map = self.kubectl().get("configmap/quorate");
        let text = map.pointer("/data/quorate.yaml").and_then(Value::as_str).expect("the chart's configuration");
        let text = changes.iter().fold(text.to_owned(), |text, (old, new)| {
            assert!(text.contains(old), "{old} is not in the configuration:\n{text}");
            text.replace(old, new)
        });
        let path = self.plane.folder().join("quorate.yaml");
        std::fs::write(&path, text).expect("a writable folder");
        path
    }

    /// Replicas that start from now on have the configuration that the chart gives them by now.
    #[track_caller]
    pub fn reconfigure(&self, installer: &Installer<'_>) {
        self.config(&installer.configuration);
    }

    /// Waits until every entry of both webhook configurations has a caBundle.
    #[track_caller]
    pub fn await_registered(&self) {
        for kind in ["validatingwebhookconfigurations", "mutatingwebhookconfigurations"] {
            eventually(&format!("the caBundles of the {kind}"), || {
                let object = self.plane.read(&format!("{REGISTRATION}/{kind}/{NAME}"))?;
                let entries = object["webhooks"].as_array().cloned().unwrap_or_default();
                let without = entries.iter().filter(|entry| entry.pointer("/clientConfig/caBundle").is_none()).count();
                if without == 0 && !entries.is_empty() {
                    Ok(())
                } else {
                    Err(format!("{without} of {} entries lack it", entries.len()))
                }
            });
        }
    }

    /// A namespace with three voters of the official shape, ready and known to the server.
    #[track_caller]
    pub fn voters(&self, test: &str) -> Namespace<'a> {
        self.guarded(test, &manifests::rqlite("rqlite", 3))
    }

    /// The same with another manifest of three voters called `rqlite`.
    #[track_caller]
    pub fn guarded(&self, test: &str, manifest: &str) -> Namespace<'a> {
        let namespace = self.plane.namespace(test);
        namespace.apply(manifest).ok();
        namespace.await_ready("rqlite", 3);
        self.await_known(&namespace, "rqlite");
        namespace
    }

    /// Waits until the server has told the API server that this set is rqlite's.
    #[track_caller]
    pub fn await_known(&self, namespace: &Namespace<'_>, set: &str) {
        self.await_known_in(namespace.name(), set);
    }

    /// The same in a namespace that is no test's.
    #[track_caller]
    pub fn await_known_in(&self, namespace: &str, set: &str) {
        let name = format!("'{namespace}/{set}'");
        eventually(&format!("{name} in the known sets"), || {
            let object = self.plane.read(&format!("{REGISTRATION}/validatingwebhookconfigurations/{NAME}"))?;
            if object.to_string().contains(&name) { Ok(()) } else { Err("no entry names it".to_owned()) }
        });
    }
}

/// A manifest of `deploy/manifests`, as text, whose Pods stay unready until a replica listens at their address.
#[track_caller]
#[must_use]
pub fn manifest(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/manifests").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[track_caller]
fn of_a_test(manifest: &str) -> String {
    let annotation = "        checksum/config:";
    assert!(manifest.contains(annotation), "the Pod template has no annotations to add to");
    manifest.replace(annotation, &format!("        {UNREADY}: \"true\"\n{annotation}"))
}

/// The chart's folder.
#[must_use]
pub fn chart() -> String {
    deploy("chart")
}

fn deploy(path: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(path).display().to_string()
}
