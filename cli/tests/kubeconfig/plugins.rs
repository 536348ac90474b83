//! Exec plugins: what they are told, what they give, and what is said of one that gives nothing.

use std::collections::BTreeSet;
use std::process::Stdio;

use serde_json::{Value, json};

use super::api::{Api, Setup};
use super::pki::{Leaf, Pki};
use super::support::{Home, kubeconfig};
use crate::common::{command, no_policies};

const VERSION: &str = "client.authentication.k8s.io/v1";

fn exec(command: &str, more: &str) -> String {
    format!("{{exec: {{apiVersion: {VERSION}, command: '{command}', interactiveMode: IfAvailable{more}}}}}")
}

/// A line of `sh` that prints credentials.
fn prints(status: &Value) -> String {
    format!("echo '{}'", json!({"apiVersion": VERSION, "kind": "ExecCredential", "status": status}))
}

fn home(api: &Api, lines: &str, more: &str) -> Home {
    let home = Home::new("");
    home.program("plugin", lines);
    home.put("config", &kubeconfig(&format!("{{server: 'http://{}'}}", api.address), &exec("./plugin", more)));
    home
}

#[test]
fn a_plugin_is_run_once_and_told_who_asks() {
    let api = Setup::default().only("Bearer given").plain();
    let lines = format!(
        "echo \"$1 $OWN\" >> calls\necho \"$KUBERNETES_EXEC_INFO\" > info\n{}",
        prints(&json!({"token": "given"}))
    );
    let home = home(&api, &lines, ", args: [token], env: [{name: OWN, value: set}], provideClusterInfo: true");
    home.save(&[]).assert_saved();
    assert_eq!(std::fs::read_to_string(home.path("calls")).unwrap(), "token set\n");
    let info: Value = serde_json::from_str(&std::fs::read_to_string(home.path("info")).unwrap()).unwrap();
    // Nobody sits before these tests.
    let spec = json!({"interactive": false, "cluster": {"server": format!("http://{}", api.address)}});
    assert_eq!(info, json!({"apiVersion": VERSION, "kind": "ExecCredential", "spec": spec}));
}

/// Minutes of a session, played in moments: each token has ended by the next request.
#[test]
fn a_token_that_ends_is_renewed_while_a_command_runs() {
    for (until, is_renewed) in [("2025-01-01T00:00:00Z", true), ("2999-01-01T00:00:00Z", false)] {
        let api = Setup::default().plain();
        let status = json!({"token": "given-COUNT", "expirationTimestamp": until});
        let counted = prints(&status).replace("COUNT", "'$(grep -c '' calls)'");
        let home = home(&api, &format!("echo >> calls\n{counted}"), "");
        home.put("quorate.yaml", &no_policies());
        home.quorate(&[], &["doctor", "--config", "quorate.yaml"]);
        let asked: Vec<String> = api.asked().into_iter().filter_map(|asked| asked.authorization).collect();
        let different: BTreeSet<&String> = asked.iter().collect();
        assert!(asked.len() > 2 && asked.iter().all(|token| token.starts_with("Bearer given-")), "{asked:?}");
        assert_eq!(different.len(), if is_renewed { asked.len() } else { 1 }, "{until}: {asked:?}");
    }
}

#[test]
fn a_plugin_may_give_a_certificate() {
    let pki = Pki::new();
    let api = Setup::default().tls(&pki, &["127.0.0.1"]);
    let Leaf { certificate, key } = pki.client();
    let home = Home::new("");
    home.put("credential", &json!({"apiVersion": VERSION, "kind": "ExecCredential",
        "status": {"clientCertificateData": certificate, "clientKeyData": key, "expirationTimestamp": "2999-01-01T00:00:00Z"}}).to_string());
    let program = home.program("plugin", &format!("cat '{}'", home.path("credential").display()));
    let cluster = format!("{{server: 'https://{}', certificate-authority-data: {}}}", api.address, pki.ca_data());
    home.put("config", &kubeconfig(&cluster, &exec(&program, "")));
    home.save(&[]).assert_saved();
    assert!(api.asked()[0].has_certificate);
}

#[test]
fn a_plugin_that_gives_nothing_is_named_and_what_it_says_is_read() {
    let api = Setup::default().only("Bearer given").plain();
    let begins = "quorate: no cluster to ask: exec plugin `";
    let plugin = "plugin` of user `u` ";
    for (lines, says) in [
        (
            "echo 'session expired, run: corp login' >&2\nexit 3",
            "failed (exit status: 3); what it says of that stands above. Log in with it again, or try it by itself\n",
        ),
        (
            "echo secret-of-mine",
            "printed no ExecCredential of version client.authentication.k8s.io/v1, as the kubeconfig wants it\n",
        ),
        (&prints(&json!({})), "printed an ExecCredential with neither a token nor a certificate and its key\n"),
        (
            &prints(&json!({"token": "t", "expirationTimestamp": "tomorrow"})),
            "printed an expirationTimestamp that is no RFC 3339 time\n",
        ),
        (
            &prints(&json!({"clientCertificateData": "x", "clientKeyData": "y"})),
            "printed a client certificate that cannot be used\n",
        ),
    ] {
        let run = home(&api, lines, "").save(&[]);
        let ours = run.stderr.lines().last().unwrap_or_default();
        assert_eq!(run.code, Some(2), "{run:?}");
        assert!(
            ours.starts_with(begins) && format!("{ours}\n").ends_with(&format!("{plugin}{says}")),
            "{}",
            run.stderr
        );
        assert!(!run.stderr.contains("secret-of-mine"), "{}", run.stderr);
        assert_eq!(run.stderr.contains("session expired"), lines.contains("session expired"), "{}", run.stderr);
    }
    let cluster = format!("{{server: 'http://{}'}}", api.address);
    for (user, says) in [
        (
            exec("gke-gcloud-auth-plugin-x", ""),
            "exec plugin `gke-gcloud-auth-plugin-x` of user `u` is not installed: there is no such program on the PATH",
        ),
        (
            exec("aws-x", ", installHint: 'Install it, see example.com'"),
            "exec plugin `aws-x` of user `u` is not installed: there is no such program; the kubeconfig says: Install it, see example.com",
        ),
        (
            exec("aws", "").replace("/v1", "/v1alpha1"),
            "exec plugin `aws` of user `u` is to speak version `client.authentication.k8s.io/v1alpha1`; known are client.authentication.k8s.io/v1 and client.authentication.k8s.io/v1beta1",
        ),
        (
            exec("aws", "").replace("IfAvailable", "Always"),
            "exec plugin `aws` of user `u` wants to ask somebody (interactiveMode: Always), and standard input is no terminal; run it in a terminal",
        ),
    ] {
        Home::new(&kubeconfig(&cluster, &user)).save(&[]).assert_said(&format!("no cluster to ask: {says}"));
    }
}

/// A question that nobody can answer would be waited for without an end.
#[test]
fn without_a_terminal_a_plugin_gets_no_input() {
    let api = Setup::default().only("Bearer given").plain();
    let home = home(&api, &format!("read answer && exit 9\n{}", prints(&json!({"token": "given"}))), "");
    let mut child = command(&home.path(""), &["snapshot", "save", "out.json"]);
    // Standard input stays open, and nothing comes.
    let child = child.env("KUBECONFIG", home.path("config")).stdin(Stdio::piped()).spawn().unwrap();
    let run: crate::common::Run = wait(child).into();
    run.assert_saved();
}

fn wait(mut child: std::process::Child) -> std::process::Output {
    let input = child.stdin.take();
    let output = child.wait_with_output().unwrap();
    drop(input);
    output
}

#[test]
fn what_the_api_server_does_not_accept_is_the_plugins() {
    let api = Setup::default().only("Bearer other").plain();
    let home = home(&api, &prints(&json!({"token": "given"})), "");
    let program = home.path("").join("./plugin").display().to_string();
    home.save(&[]).assert_said(&format!(
        "StatefulSets cannot be listed: API server http://{}/ does not accept what exec plugin `{program}` gives for user `u` \
         (401 Unauthorized): it may have expired or been withdrawn; log in again with the tool that `{program}` belongs to",
        api.address
    ));
}
