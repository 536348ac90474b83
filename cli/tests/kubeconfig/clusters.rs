//! Which cluster is meant: files, contexts, options, and how its server is called and trusted.

use serde_json::json;

use super::api::Setup;
use super::pki::Pki;
use super::support::{Home, closed, kubeconfig, kubeconfig_in};

#[test]
fn files_of_the_variable_are_one_and_a_missing_one_is_skipped() {
    let api = Setup::default().plain();
    let home = Home::new("");
    home.put("contexts", "current-context: x\ncontexts: [{name: x, context: {cluster: c, user: u}}]\n");
    home.put("clusters", &format!("clusters: [{{name: c, cluster: {{server: 'http://{}'}}}}]\n", api.address));
    home.put("users", "current-context: other\nusers: [{name: u, user: {token: first}}]\n");
    home.put("late", "users: [{name: u, user: {token: second}}]\n");
    let list = ["contexts", "gone", "", "clusters", "users", "late"].map(|name| match name {
        "" => String::new(),
        name => home.path(name).display().to_string(),
    });
    home.save(&[("KUBECONFIG", &list.join(":"))]).assert_saved();
    assert_eq!(api.asked()[0].authorization.as_deref(), Some("Bearer first"));
    // One that is named outright must be there.
    let run = home.save_with(&[], &["--kubeconfig", "gone"]);
    run.assert_said(
        "no cluster to ask: kubeconfig `gone` cannot be read: No such file or directory (os error 2); name a file that exists, or leave \
         --kubeconfig out: then KUBECONFIG counts, or ~/.kube/config",
    );
    // A context that is missing with its file.
    let list = ["gone", "clusters"].map(|name| home.path(name).display().to_string());
    let run = home.save_with(&[("KUBECONFIG", &list.join(":"))], &["--context", "x"]);
    run.assert_said(&format!(
        "no cluster to ask: context `x` is not in kubeconfig {} (missing), {}; there: none",
        list[0], list[1]
    ));
    home.put("broken", "users: [{name: u, user: {token: hunter2, exec: 7}}]\n");
    let run = home.save_with(&[], &["--kubeconfig", "broken"]);
    assert_eq!((run.code, run.stderr.lines().count()), (Some(2), 1), "{}", run.stderr);
    assert!(
        run.stderr.starts_with("quorate: no cluster to ask: kubeconfig `broken` cannot be read: "),
        "{}",
        run.stderr
    );
    assert!(!run.stderr.contains("hunter2"), "{}", run.stderr);
    assert!(run.stderr.ends_with("; correct it, or name another one with --kubeconfig\n"), "{}", run.stderr);
}

#[test]
fn without_any_kubeconfig_it_says_what_to_do() {
    let home = Home::new("");
    let run = home.save(&[("KUBECONFIG", "gone"), ("HOME", &home.path("").display().to_string())]);
    assert_eq!(run.code, Some(2));
    let says = |files: &str| {
        format!(
            "quorate: no cluster to ask: no cluster in kubeconfig {files}, and no service account of a pod: set KUBECONFIG, give --kubeconfig, or write ~/.kube/config"
        )
    };
    assert!(run.stderr.starts_with(&says("gone (missing)")), "{}", run.stderr);
    let own = home.path("");
    let run = home.save(&[("KUBECONFIG", ""), ("HOME", &own.display().to_string())]);
    let standard = format!("{} (missing)", own.join(".kube/config").display());
    assert!(run.stderr.starts_with(&says(&standard)), "{}", run.stderr);
}

#[test]
fn options_name_another_context_cluster_or_user() {
    let (one, other) = (Setup::default().plain(), Setup::default().plain());
    let home = Home::new(&format!(
        "current-context: x\nclusters: [{{name: c, cluster: {{server: 'http://{}'}}}}, {{name: d, cluster: {{server: 'http://{}'}}}}]\n\
         users: [{{name: u, user: {{token: u}}}}, {{name: v, user: {{token: v}}}}]\n\
         contexts: [{{name: x, context: {{cluster: c, user: u}}}}, {{name: y, context: {{cluster: d, user: v}}}}]\n",
        one.address, other.address
    ));
    home.save_with(&[], &["--context", "y"]).assert_saved();
    home.save_with(&[], &["--cluster", "d"]).assert_saved();
    home.save_with(&[], &["--user", "v"]).assert_saved();
    let tokens =
        |api: &super::api::Api| api.asked().iter().filter_map(|asked| asked.authorization.clone()).collect::<Vec<_>>();
    assert_eq!(tokens(&other), ["Bearer v", "Bearer u"]);
    assert_eq!(tokens(&one), ["Bearer v"]);
    let file = home.path("config").display().to_string();
    for (option, what) in [("--context", "context"), ("--cluster", "cluster"), ("--user", "user")] {
        let known = if what == "context" {
            "x, y"
        } else if what == "cluster" {
            "c, d"
        } else {
            "u, v"
        };
        let says = format!("no cluster to ask: {what} `z` is not in kubeconfig {file}; there: {known}");
        home.save_with(&[], &[option, "z"]).assert_said(&says);
    }
    home.put("config", &std::fs::read_to_string(&file).unwrap().replace("current-context: x\n", ""));
    let says = format!("no cluster to ask: kubeconfig {file} has no current-context; name one with --context: x, y");
    home.save(&[]).assert_said(&says);
}

#[test]
fn an_api_server_may_stand_behind_a_path() {
    let pki = Pki::new();
    let api = Setup::default().behind("/k8s/clusters/c-m-1").tls(&pki, &["127.0.0.1"]);
    for slash in ["", "/"] {
        let server = format!("https://{}/k8s/clusters/c-m-1{slash}", api.address);
        let cluster = format!("{{server: '{server}', certificate-authority-data: {}}}", pki.ca_data());
        Home::new(&kubeconfig(&cluster, "{token: t}")).save(&[]).assert_saved();
    }
    assert_eq!(api.asked()[1].line, "GET /k8s/clusters/c-m-1/apis/apps/v1/statefulsets");
}

#[test]
fn certificates_are_checked_as_the_kubeconfig_says() {
    let pki = Pki::new();
    let api = Setup::default().tls(&pki, &["kubernetes.example"]);
    let (server, ca) = (format!("https://{}", api.address), pki.ca_data());
    let home = Home::new("");
    home.put("ca.crt", &pki.ca_pem());
    for trusted in [
        format!("certificate-authority-data: {ca}, tls-server-name: kubernetes.example"),
        "certificate-authority: ca.crt, tls-server-name: kubernetes.example".to_owned(),
        "insecure-skip-tls-verify: true, certificate-authority-data: ''".to_owned(),
    ] {
        home.put("config", &kubeconfig(&format!("{{server: '{server}', {trusted}}}"), "{token: t}"));
        home.save(&[]).assert_saved();
    }
    for (untrusted, says, remedy) in [
        (
            format!("certificate-authority-data: {ca}"),
            "certificate not valid for name \"127.0.0.1\"",
            "correct `server` of cluster `c`, or set its `tls-server-name` to a name that it is for",
        ),
        (
            format!("certificate-authority-data: {}, tls-server-name: kubernetes.example", Pki::new().ca_data()),
            "",
            "check `certificate-authority` of cluster `c`; a proxy that opens TLS shows a certificate of its own",
        ),
    ] {
        home.put("config", &kubeconfig(&format!("{{server: '{server}', {untrusted}}}"), "{token: t}"));
        let run = home.save(&[]);
        let begins =
            format!("quorate: StatefulSets cannot be listed: certificate of API server {server}/ is not trusted: ");
        assert_eq!(run.code, Some(2));
        assert!(run.stderr.starts_with(&begins) && run.stderr.contains(says), "{}", run.stderr);
        assert!(run.stderr.ends_with(&format!("; {remedy}\n")), "{}", run.stderr);
    }
}

#[test]
fn a_server_that_cannot_be_reached_or_is_none_is_named() {
    let dead = closed();
    let home = Home::new(&kubeconfig(&format!("{{server: 'https://{dead}'}}"), "{token: t}"));
    home.save(&[]).assert_said(&format!(
        "StatefulSets cannot be listed: API server https://{dead}/ cannot be reached: Connection refused (os error 111); \
         check `server` of cluster `c` in the kubeconfig, and the way there (VPN, HTTPS_PROXY)"
    ));
    for server in ["", "ftp://x", "https://", "https://me:secret@x"] {
        home.put("config", &kubeconfig(&format!("{{server: '{server}'}}"), "{token: t}"));
        let run = home.save(&[]);
        assert!(run.stderr.contains("of cluster `c` is no URL"), "{}", run.stderr);
        assert!(!run.stderr.contains("secret"), "{}", run.stderr);
    }
    home.put("config", &kubeconfig(&format!("{{server: 'https://{dead}', certificate-authority: gone.crt}}"), "{}"));
    let run = home.save(&[]);
    assert!(
        run.stderr.contains("certificate-authority `")
            && run.stderr.contains("gone.crt`, which the kubeconfig names, cannot be read: No such file"),
        "{}",
        run.stderr
    );
}

#[test]
fn the_namespace_of_the_context_is_where_its_user_works() {
    let api = Setup::default().plain();
    let cluster = format!("{{server: 'http://{}'}}", api.address);
    let home = Home::new(&kubeconfig_in(&cluster, "{}", "team"));
    for (args, set) in [
        (&["can-scale", "rqlite", "--to", "5"][..], "team/rqlite"),
        (&["can-scale", "rqlite", "--to", "5", "-n", "db"], "db/rqlite"),
        (&["can-scale", "own/rqlite", "--to", "5", "--namespace", "db"], "own/rqlite"),
    ] {
        let run = home.quorate(&[], args);
        assert_eq!(run.stderr, format!("quorate: StatefulSet {set} does not exist\n"));
    }
    home.put("config", &kubeconfig(&cluster, "{}"));
    let run = home.quorate(&[], &["can-scale", "rqlite", "--to", "5"]);
    assert_eq!(run.stderr, "quorate: StatefulSet default/rqlite does not exist\n");
}

/// A manifest without a namespace is applied into that of the context.
#[test]
fn check_live_puts_objects_without_a_namespace_into_it() {
    let set = std::fs::read_to_string(crate::common::repository().join("docs/examples/rqlite.yaml")).unwrap();
    let api = Setup::default().with("/apis/apps/v1/namespaces/team/statefulsets/none", json!({})).plain();
    let home = Home::new(&kubeconfig_in(&format!("{{server: 'http://{}'}}", api.address), "{}", "team"));
    home.put("set.yaml", &set.replace("  namespace: db\n", ""));
    let run = |more: &[&str]| {
        let args = [&["check", "--live", "--as-create", "--policies", "quorum-guard", "-o", "json", "set.yaml"], more]
            .concat();
        let json = home.quorate(&[], &args).json();
        json["changes"].as_array().unwrap().iter().find(|change| change["kind"] == "StatefulSet").unwrap()["namespace"]
            .clone()
    };
    assert_eq!(run(&[]), "team");
    assert_eq!(run(&["--namespace", "db"]), "db");
}
