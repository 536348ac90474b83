//! What the API server itself measures of its calls: `apiserver_admission_webhook_admission_duration_seconds`, under load, for Quorate
//! with its four policies and for the same server without any, in one run. The set's Pods have no address: no node is asked.
//! A table on standard output; asserts nothing.
#![expect(clippy::print_stdout, reason = "a table is its result")]
#![expect(clippy::expect_used, reason = "a bench that cannot be set up fails")]

use std::net::TcpListener;
use std::process::Command;
use std::time::Duration;

use quorate_cluster_tests::{ControlPlane, Load, Namespace, Quorate, binary, eventually, manifests};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

/// Requests of one measurement, in parts that are waited for.
const REQUESTS: [usize; 10] = [200; 10];

/// How many requests at a time, and the pause behind each. The first is a busy cluster's; the others leave no core idle.
const LOADS: [(usize, Duration); 3] = [(1, Duration::from_millis(50)), (1, Duration::ZERO), (25, Duration::ZERO)];

fn main() {
    let plane = ControlPlane::start("bench");
    let quorate = Quorate::install(&plane);
    let judged = plane.namespace("judged");
    let constant = plane.namespace("constant");
    judged.apply(&manifests::rqlite("rqlite", 3)).ok();
    judged.await_ready("rqlite", 3);
    // Not rqlite's, so that one request is one call.
    constant.apply(&manifests::other_set("web", 3)).ok();
    constant.await_ready("web", 3);
    quorate.await_known(&judged, "rqlite");
    let server = Constant::start(&plane, &constant);
    println!("| webhook | requests at a time | pause | calls | mean | p50 | p99 | within 5 ms |");
    println!("|---|---|---|---|---|---|---|---|");
    for (concurrency, pause) in LOADS {
        for (name, entry, namespace, set) in [
            ("quorate, 4 policies", "scale.quorate.dev", &judged, "rqlite"),
            ("constant answer", "constant.quorate.test", &constant, "web"),
        ] {
            let before = Histogram::read(&plane, entry);
            let load = Load::paced(namespace, set, concurrency, pause);
            REQUESTS.iter().for_each(|requests| load.go_on_for(*requests));
            drop(load);
            let pause = if pause.is_zero() { "none".to_owned() } else { format!("{pause:?}") };
            println!("| {name} | {concurrency} | {pause} | {} |", Histogram::read(&plane, entry).since(&before));
        }
    }
    drop(server);
}

/// The same server and stack, with no policy: whatever comes is allowed.
struct Constant(#[expect(dead_code, reason = "ends when it is dropped")] quorate_cluster_tests::Process);

impl Constant {
    fn start(plane: &ControlPlane, namespace: &Namespace<'_>) -> Self {
        let host = format!("constant.{}.svc", namespace.name());
        let (authority, leaf, key) = certificate(&host);
        let folder = plane.folder();
        let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("a writable folder");
        write("constant.crt", &leaf);
        write("constant.key", &key);
        let policies = include_str!("../../../policies/builtin/policies.txt");
        let off: String = policies.lines().map(|name| format!("  {name}: {{enabled: false}}\n")).collect();
        let certificate = "certificate: {source: files, certFile: constant.crt, keyFile: constant.key}\n";
        write("constant.yaml", &format!("{certificate}policies:\n{off}"));
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
        let mut command = Command::new(binary());
        command.args(["serve", "--listen", &port.to_string(), "--metrics-listen", "127.0.0.1:0", "--config"]);
        command.arg(folder.join("constant.yaml"));
        let process = plane.spawn("constant", command);
        plane.services().route(namespace.name(), "constant", &[port]);
        namespace.apply(&registration(namespace.name(), &authority)).ok();
        // The load's first answers may come before the API server has read the new entry.
        eventually("the constant answer", || {
            namespace.kubectl().line("scale statefulset/web --replicas=2 --dry-run=server");
            if Histogram::read(plane, "constant.quorate.test").count > 0.0 { Ok(()) } else { Err("no call yet") }
        });
        Self(process)
    }
}

fn certificate(host: &str) -> (String, String, String) {
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority");
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec![host.to_owned()]).expect("a host name");
    let leaf = params.signed_by(&key, &authority).expect("a certificate");
    (authority.pem(), leaf.pem(), key.serialize_pem())
}

fn registration(namespace: &str, authority: &str) -> String {
    format!(
        r#"apiVersion: v1
kind: Service
metadata: {{ name: constant }}
spec:
  ports: [{{ port: 443, targetPort: 8443 }}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {{ name: constant }}
webhooks:
- name: constant.quorate.test
  admissionReviewVersions: [v1]
  sideEffects: None
  timeoutSeconds: 3
  failurePolicy: Fail
  clientConfig:
    service: {{ namespace: {namespace}, name: constant, path: /validate }}
    caBundle: {encoded}
  namespaceSelector: {{ matchLabels: {{ kubernetes.io/metadata.name: {namespace} }} }}
  rules: [{{ apiGroups: [apps], apiVersions: [v1], operations: [UPDATE], resources: [statefulsets/scale] }}]
"#,
        encoded = encoded(authority),
    )
}

fn encoded(text: &str) -> String {
    use k8s_openapi::ByteString;
    let quoted = serde_json::to_string(&ByteString(text.as_bytes().to_vec())).expect("text");
    quoted.trim_matches('"').to_owned()
}

/// Cumulative, as Prometheus has it: upper bounds in seconds.
#[derive(Debug, Clone, Default)]
struct Histogram {
    buckets: Vec<(f64, f64)>,
    sum: f64,
    count: f64,
}

impl Histogram {
    /// Over all operations and outcomes of one webhook entry.
    fn read(plane: &ControlPlane, entry: &str) -> Self {
        let mut histogram = Self::default();
        let metric = "apiserver_admission_webhook_admission_duration_seconds_";
        let named = format!("name=\"{entry}\"");
        for line in plane.kubectl().raw("/metrics").lines().filter(|line| line.contains(&named)) {
            let Some((series, value)) = line.strip_prefix(metric).and_then(|rest| rest.rsplit_once(' ')) else {
                continue;
            };
            let value: f64 = value.parse().unwrap_or_default();
            if series.starts_with("sum") {
                histogram.sum += value;
            } else if series.starts_with("count") {
                histogram.count += value;
            } else if let Some(bound) = bound(series) {
                match histogram.buckets.iter_mut().find(|(known, _)| known.total_cmp(&bound).is_eq()) {
                    Some((_, count)) => *count += value,
                    None => histogram.buckets.push((bound, value)),
                }
            }
        }
        histogram.buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
        histogram
    }

    fn since(&self, before: &Self) -> Self {
        let earlier = |bound: f64| {
            let found = before.buckets.iter().find(|(known, _)| known.total_cmp(&bound).is_eq());
            found.map_or(0.0, |(_, count)| *count)
        };
        Self {
            buckets: self.buckets.iter().map(|(bound, count)| (*bound, count - earlier(*bound))).collect(),
            sum: self.sum - before.sum,
            count: self.count - before.count,
        }
    }

    /// In milliseconds, interpolated within its bucket as Prometheus does.
    fn quantile(&self, share: f64) -> f64 {
        let rank = share * self.count;
        let mut lower = (0.0, 0.0);
        for (bound, count) in &self.buckets {
            if *count >= rank {
                let within = if *count > lower.1 { (rank - lower.1) / (count - lower.1) } else { 0.0 };
                let upper = if bound.is_finite() { *bound } else { lower.0 };
                return (lower.0 + (upper - lower.0) * within) * 1000.0;
            }
            lower = (*bound, *count);
        }
        f64::NAN
    }
}

impl std::fmt::Display for Histogram {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let five = self.buckets.iter().find(|(bound, _)| (bound - 0.005).abs() < 1e-9).map_or(0.0, |(_, count)| *count);
        let mean = self.sum / self.count * 1000.0;
        let [median, late] = [0.5, 0.99].map(|share| self.quantile(share));
        write!(f, "{} | {mean:.2} ms | {median:.1} ms | {late:.1} ms | {:.1} %", self.count, five / self.count * 100.0)
    }
}

fn bound(series: &str) -> Option<f64> {
    let text = series.split_once("le=\"")?.1.split_once('"')?.0;
    if text == "+Inf" { Some(f64::INFINITY) } else { text.parse().ok() }
}
