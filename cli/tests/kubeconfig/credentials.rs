//! As whom a cluster is asked: tokens, client certificates, somebody else; and what is said of those that are not accepted.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::api::Setup;
use super::pki::{Leaf, Pki};
use super::support::{Home, kubeconfig};

#[test]
fn client_certificates_are_shown_from_data_and_from_files() {
    let pki = Pki::new();
    let api = Setup::default().tls(&pki, &["127.0.0.1"]);
    let cluster = format!("{{server: 'https://{}', certificate-authority-data: {}}}", api.address, pki.ca_data());
    let Leaf { certificate, key } = pki.client();
    let (data, key_data) = (Leaf::data(&certificate), Leaf::data(&key));
    let home =
        Home::new(&kubeconfig(&cluster, &format!("{{client-certificate-data: {data}, client-key-data: {key_data}}}")));
    home.save(&[]).assert_saved();
    home.put("tls.crt", &certificate);
    home.put("tls.key", &key);
    // Relative to the kubeconfig, wherever it is run.
    home.put("config", &kubeconfig(&cluster, "{client-certificate: tls.crt, client-key: tls.key}"));
    home.save(&[]).assert_saved();
    assert_eq!(api.asked().iter().map(|asked| asked.has_certificate).collect::<Vec<_>>(), [true, true]);
    home.put("config", &kubeconfig(&cluster, "{client-certificate: gone.crt, client-key: tls.key}"));
    let run = home.save(&[]);
    assert!(
        run.stderr.contains("client-certificate `")
            && run.stderr.contains("gone.crt`, which the kubeconfig names, cannot be read"),
        "{}",
        run.stderr
    );
    home.put("config", &kubeconfig(&cluster, "{client-certificate: tls.crt, client-key: gone.key}"));
    let run = home.save(&[]);
    assert!(run.stderr.contains("gone.key") && run.stderr.contains("No such file"), "{}", run.stderr);
}

#[test]
fn a_token_comes_from_its_file_without_its_line_end() {
    let api = Setup::default().plain();
    let cluster = format!("{{server: 'http://{}'}}", api.address);
    let home = Home::new(&kubeconfig(&cluster, "{tokenFile: token, token: other}"));
    home.put("token", "of-the-file\n");
    home.save(&[]).assert_saved();
    std::fs::remove_file(home.path("token")).unwrap();
    home.save(&[]).assert_saved();
    let tokens: Vec<_> = api.asked().into_iter().filter_map(|asked| asked.authorization).collect();
    assert_eq!(tokens, ["Bearer of-the-file", "Bearer other"]);
}

#[test]
fn a_user_may_act_as_another() {
    let api = Setup::default().plain();
    let cluster = format!("{{server: 'http://{}'}}", api.address);
    let home = Home::new(&kubeconfig(&cluster, "{token: t, as: written}"));
    home.put("empty.yaml", "");
    home.save(&[]).assert_saved();
    home.save_with(&[], &["--as", "jane", "--as-group", "dba", "--as-group", "ops"]).assert_saved();
    let check =
        ["check", "--live", "--impersonate", "jane", "--impersonate-group", "dba", "--as", "flux", "empty.yaml"];
    assert_eq!(home.quorate(&[], &check).code, Some(0));
    let impersonated: Vec<Vec<String>> = api.asked().into_iter().map(|asked| asked.impersonated).collect();
    assert_eq!(impersonated[..2], [vec!["written".to_owned()], ["jane", "dba", "ops"].map(str::to_owned).to_vec()]);
    assert_eq!(impersonated[2], ["jane", "dba"]);
    // Options that would do nothing are refused.
    for args in [
        &["check", "--context", "x", "empty.yaml"][..],
        &["check", "--impersonate", "jane", "empty.yaml"],
        &["snapshot", "save", "x", "--as-group", "dba"],
    ] {
        assert_eq!(home.quorate(&[], args).code, Some(2), "{args:?}");
    }
}

/// What is said of a user whose credentials are no longer accepted.
#[track_caller]
fn assert_refused(api: &super::api::Api, home: &Home, says: &str) {
    let server = format!("http://{}/", api.address);
    home.save(&[]).assert_said(&format!("StatefulSets cannot be listed: {}", says.replace("SERVER", &server)));
}

#[test]
fn a_refused_credential_is_named_and_when_it_ended() {
    let api = Setup::default().only("Bearer nobody has it").plain();
    let cluster = format!("{{server: 'http://{}'}}", api.address);
    let home = Home::new(&kubeconfig(&cluster, "{token: opaque}"));
    let begins = "API server SERVER does not accept";
    assert_refused(
        &api,
        &home,
        &format!(
            "{begins} the token of user `u` (401 Unauthorized): it may have expired or been withdrawn; log in again, so that the kubeconfig has a new one"
        ),
    );
    let jwt = format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(r#"{"exp":1764496800}"#));
    home.put("config", &kubeconfig(&cluster, &format!("{{token: {jwt}}}")));
    assert_refused(
        &api,
        &home,
        &format!(
            "{begins} the token of user `u` (401 Unauthorized): it expired 2025-11-30T10:00:00Z; log in again, so that the kubeconfig has a new one"
        ),
    );
    let Leaf { certificate, key } = Pki::new().former_client();
    home.put(
        "config",
        &kubeconfig(
            &cluster,
            &format!(
                "{{client-certificate-data: {}, client-key-data: {}}}",
                Leaf::data(&certificate),
                Leaf::data(&key)
            ),
        ),
    );
    assert_refused(
        &api,
        &home,
        &format!(
            "{begins} the client certificate of user `u` (401 Unauthorized): it expired 2021-01-01T00:00:00Z; have a new one signed, and write it into the kubeconfig"
        ),
    );
    home.put("config", &kubeconfig(&cluster, "{}"));
    assert_refused(
        &api,
        &home,
        "API server SERVER wants to know who asks (401 Unauthorized), and user `u` of the kubeconfig has no credentials; log in, or name another context with --context",
    );
}
