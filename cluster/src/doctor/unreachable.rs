//! Why the API server got no answer, by what it says of it: its own words, and those of Go's network library.

/// What words of the API server mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct UnreachableCause {
    /// Parts of its message, one of which is in it.
    said: &'static [&'static str],
    pub(super) means: &'static str,
    pub(super) remedy: &'static str,
}

/// The first that fits counts. `docs/platforms/README.md` has the same table.
const CAUSES: [UnreachableCause; 13] = [
    UnreachableCause {
        said: &["no endpoints available for service"],
        means: "no Pod is ready behind the Service",
        remedy: "`kubectl -n quorate-system describe pods,replicasets`: the events say why",
    },
    UnreachableCause {
        said: &["\" not found"],
        means: "the Service is not there",
        remedy: "apply the installation again",
    },
    UnreachableCause {
        said: &["signed by unknown authority"],
        means: "the caBundle is not of the CA that signed what is served",
        remedy: "with `certificate.source: self` the leader writes it within seconds, and its log says why not; else publish that CA",
    },
    UnreachableCause {
        said: &["has expired or is not yet valid"],
        means: "the certificate has run out, or a clock is wrong",
        remedy: "compare the clocks of nodes and control plane, and renew the certificate",
    },
    UnreachableCause {
        said: &["certificate is valid for", "not valid for any names"],
        means: "the certificate is for another name",
        remedy: "issue it for `<service>.<namespace>.svc`",
    },
    UnreachableCause {
        said: &["proxyconnect", "Proxy Authentication Required", "Bad Gateway"],
        means: "the API server calls through a proxy",
        remedy: "give the API server `NO_PROXY` with `.svc` and the ranges of Pods and Services",
    },
    UnreachableCause {
        said: &["No agent available"],
        means: "the tunnel from the control plane into the cluster is down",
        remedy: "look at the konnectivity agents in kube-system",
    },
    UnreachableCause {
        said: &["Address is not allowed", "no route to host", "network is unreachable"],
        means: "the control plane has no way into the Pods' network",
        remedy: "run Quorate in the nodes' network (docs/platforms/private-control-plane.md)",
    },
    UnreachableCause {
        said: &["connection refused"],
        means: "nothing listens at the port that the Service leads to",
        remedy: "compare the Service's targetPort with `ports.webhook`, and with the port in the Pods' log",
    },
    UnreachableCause {
        said: &[
            "gave HTTP response to HTTPS client",
            "does not look like a TLS handshake",
            "could not find the requested resource",
            "invalid webhook response",
        ],
        means: "somebody else answers there",
        remedy: "compare the Service's selector and targetPort with Quorate's Pods: 8443 is the webhook, 8080 is not",
    },
    UnreachableCause {
        said: &["credentials", "Unauthorized", "certificate required"],
        means: "a certificate is asked of the API server",
        remedy: "take `callers` out of the configuration, or give the API server that certificate",
    },
    UnreachableCause {
        said: &["connection reset by peer", "EOF"],
        means: "something between closes the connection",
        remedy: "keep Quorate's Pods out of the service mesh; their log says what they saw",
    },
    UnreachableCause {
        said: &["deadline exceeded", "i/o timeout"],
        means: "packets are dropped on the way, or the answer takes too long",
        remedy: "let the control plane reach the Pods' port: firewall, NetworkPolicy, CNI (docs/platforms); then look at the Pods' CPU",
    },
];

/// None: words that are not known here.
pub(super) fn cause(message: &str) -> Option<UnreachableCause> {
    // Before that stands the URL, with the Service's name and the port.
    let said = message.rsplit_once("\": ").map_or(message, |(_, said)| said);
    CAUSES.into_iter().find(|cause| cause.said.iter().any(|part| said.contains(part)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = include_str!("../../../docs/platforms/README.md");

    #[track_caller]
    fn assert_means(said: &str, means: &str) {
        let url = "https://quorate.quorate-system.svc:443/validate?timeout=3s";
        let message = format!(
            r#"Internal error occurred: failed calling webhook "statefulsets.quorate.dev": failed to call webhook: Post "{url}": {said}"#
        );
        assert_eq!(cause(&message).map(|cause| cause.means), Some(means), "{message}");
    }

    #[test]
    fn reads_what_api_servers_say() {
        assert_means(r#"no endpoints available for service "quorate""#, "no Pod is ready behind the Service");
        assert_means(r#"service "quorate" not found"#, "the Service is not there");
        assert_means(
            "tls: failed to verify certificate: x509: certificate signed by unknown authority",
            "the caBundle is not of the CA that signed what is served",
        );
        assert_means(
            "tls: failed to verify certificate: x509: certificate is valid for a.b.svc, not quorate.quorate-system.svc",
            "the certificate is for another name",
        );
        assert_means(
            "dial tcp 10.0.0.7:8443: connect: connection refused",
            "nothing listens at the port that the Service leads to",
        );
        assert_means("Address is not allowed", "the control plane has no way into the Pods' network");
        assert_means(
            "context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
            "packets are dropped on the way, or the answer takes too long",
        );
        assert_means("remote error: tls: certificate required", "a certificate is asked of the API server");
        assert_means("http: server gave HTTP response to HTTPS client", "somebody else answers there");
        assert_eq!(cause("words of tomorrow"), None);
    }

    #[test]
    fn the_page_has_the_same_table() {
        let said =
            |cause: &UnreachableCause| cause.said.iter().map(|part| format!("`{part}`")).collect::<Vec<_>>().join(", ");
        let lines: Vec<String> =
            CAUSES.iter().map(|cause| format!("| {} | {} | {} |", said(cause), cause.means, cause.remedy)).collect();
        let (_, table) = PAGE.split_once("| the API server says | it means | what to do |\n|---|---|---|\n").unwrap();
        let told: Vec<&str> = table.lines().take_while(|line| line.starts_with('|')).collect();
        assert_eq!(told, lines);
    }
}
