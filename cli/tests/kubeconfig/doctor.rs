//! `doctor` finds Quorate where the live webhook configurations call it, whatever namespace the context names, and says why it cannot look.

use serde_json::{Value, json};

use super::api::Setup;
use super::support::{Home, closed, kubeconfig, kubeconfig_in};
use crate::common::no_policies;

const CONFIGURATIONS: &str = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";

fn live(namespace: &str, service: &str) -> Value {
    let entry = json!({"name": "statefulsets.quorate.dev", "admissionReviewVersions": ["v1"], "sideEffects": "None",
        "clientConfig": {"service": {"namespace": namespace, "name": service}}});
    json!({"kind": "ValidatingWebhookConfiguration", "apiVersion": "admissionregistration.k8s.io/v1",
        "metadata": {"name": "quorate"}, "webhooks": [entry]})
}

fn about_endpoints(run: &crate::common::Run) -> String {
    let json = run.json();
    let messages = json["checks"].as_array().unwrap().iter().filter_map(|check| check["message"].as_str());
    messages.filter(|message| message.contains("endpoint")).collect::<Vec<_>>().join("\n")
}

#[test]
fn quorate_is_where_the_live_configuration_calls_it() {
    let installed = Setup::default().with(&format!("{CONFIGURATIONS}/quorate"), live("guard", "own")).plain();
    let nothing = Setup::default().plain();
    for (api, config, says) in [
        (&installed, "", "Service guard/own"),
        (&installed, "cluster: {service: other}\n", "Service guard/other"),
        (&installed, "cluster: {namespace: written}\n", "Service written/own"),
        (&nothing, "", "Service quorate-system/quorate"),
    ] {
        let home = Home::new(&kubeconfig_in(&format!("{{server: 'http://{}'}}", api.address), "{}", "team"));
        home.put("quorate.yaml", &format!("{}{config}", no_policies()));
        let run = home.quorate(&[], &["doctor", "--config", "quorate.yaml", "--format", "json"]);
        assert!(about_endpoints(&run).contains(says), "{says}: {}", run.stdout);
        assert!(!run.stdout.contains("team"), "{}", run.stdout);
    }
}

#[test]
fn what_cannot_be_asked_is_one_check_with_a_remedy() {
    let refusing = Setup::default().only("Bearer other").plain();
    let dead = closed();
    for (server, user, message, remedy) in [
        (
            refusing.address,
            "{token: t}",
            "API server http://SERVER/ does not accept the token of user `u` (401 Unauthorized): it may have expired or been withdrawn",
            "log in again, so that the kubeconfig has a new one",
        ),
        (
            dead,
            "{}",
            "API server http://SERVER/ cannot be reached: Connection refused (os error 111)",
            "check `server` of cluster `c` in the kubeconfig, and the way there (VPN, HTTPS_PROXY)",
        ),
    ] {
        let home = Home::new(&kubeconfig(&format!("{{server: 'http://{server}'}}"), user));
        home.put("quorate.yaml", &no_policies());
        let run = home.quorate(&[], &["doctor", "--config", "quorate.yaml", "--format", "json"]);
        let message = message.replace("SERVER", &server.to_string());
        let check = json!({"topic": "reachability", "level": "unknown", "message": message, "remedy": remedy});
        assert_eq!((run.code, run.json()), (Some(3), json!({"level": "unknown", "checks": [check]})), "{}", run.stderr);
    }
}
