//! Proxies: of the kubeconfig and of the environment, of each kind, with and without a password, and what is said when one does not lead on.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use hyper::Version;

use super::api::{Api, Setup};
use super::pki::Pki;
use super::proxy::Proxy;
use super::support::{Home, closed, kubeconfig};
use crate::common::{command, no_policies};

/// A name that nobody but the proxy of a test can look up.
const NAME: &str = "api.example";

fn url(scheme: &str, address: SocketAddr) -> String {
    format!("{scheme}://{address}")
}

/// An API server that is called by that name.
fn named(pki: &Pki) -> (Api, Home) {
    let api = Setup::default().tls(pki, &[NAME]);
    let cluster = format!("{{server: 'https://{NAME}:6443', certificate-authority-data: {}}}", pki.ca_data());
    (api, Home::new(&kubeconfig(&cluster, "{token: t}")))
}

/// The same by its address, behind that `proxy-url`.
fn behind(pki: &Pki, api: &Api, proxy: &str) -> Home {
    let (server, ca) = (url("https", api.address), pki.ca_data());
    let cluster = format!("{{server: '{server}', certificate-authority-data: {ca}, proxy-url: '{proxy}'}}");
    Home::new(&kubeconfig(&cluster, "{token: t}"))
}

#[test]
fn the_environment_names_a_proxy() {
    let pki = Pki::new();
    let (api, home) = named(&pki);
    let proxy = Proxy::http(api.address, None);
    for (variable, scheme) in [("HTTPS_PROXY", "http://"), ("https_proxy", "http://"), ("HTTPS_PROXY", "")] {
        home.save(&[(variable, &format!("{scheme}{}", proxy.address))]).assert_saved();
    }
    assert_eq!(proxy.asked(), vec![format!("CONNECT {NAME}:6443 HTTP/1.1"); 3]);
    assert!(api.asked().iter().all(|asked| asked.version == Version::HTTP_2), "{:?}", api.asked());
}

#[test]
fn socks_looks_names_up_itself() {
    let pki = Pki::new();
    let (api, home) = named(&pki);
    let proxy = Proxy::socks(api.address, None);
    for scheme in ["socks5", "socks5h"] {
        home.save(&[("HTTPS_PROXY", &url(scheme, proxy.address))]).assert_saved();
    }
    assert_eq!(proxy.asked(), vec![format!("{NAME}:6443"); 2]);
    assert!(api.asked().iter().all(|asked| asked.version == Version::HTTP_2), "{:?}", api.asked());
}

#[test]
fn what_no_proxy_names_is_asked_straight() {
    let pki = Pki::new();
    // By Go's rules this address is none of loopback, and so goes through a proxy.
    let api = Setup::default().tls(&pki, &["0.0.0.0"]);
    let cluster =
        format!("{{server: 'https://0.0.0.0:{}', certificate-authority-data: {}}}", api.port(), pki.ca_data());
    let home = Home::new(&kubeconfig(&cluster, "{token: t}"));
    let dead = url("http", closed());
    // kubectl does not read it.
    home.save(&[("ALL_PROXY", &dead), ("all_proxy", &dead)]).assert_saved();
    for spared in ["0.0.0.0/8", "10.0.0.1, 0.0.0.0", &format!("0.0.0.0:{}", api.port()), "*"] {
        home.save(&[("HTTPS_PROXY", &dead), ("NO_PROXY", spared)]).assert_saved();
        home.save(&[("https_proxy", &dead), ("no_proxy", spared)]).assert_saved();
    }
    for spared in ["", "10.0.0.0/8", "0.0.0.0:1", "example"] {
        home.save(&[("HTTPS_PROXY", &dead), ("NO_PROXY", spared)]).assert_said(&format!(
            "StatefulSets cannot be listed: API server https://0.0.0.0:{}/ is asked through the proxy {dead} (HTTPS_PROXY), which cannot be \
             reached: Connection refused (os error 111); correct HTTPS_PROXY, or name 0.0.0.0 in NO_PROXY where no proxy is needed",
            api.port()
        ));
    }
}

#[test]
fn the_kubeconfig_goes_before_the_environment() {
    let pki = Pki::new();
    let api = Setup::default().tls(&pki, &["127.0.0.1"]);
    let proxy = Proxy::http(api.address, None);
    let home = behind(&pki, &api, &url("http", proxy.address));
    home.save(&[("HTTPS_PROXY", &url("http", closed())), ("NO_PROXY", "*")]).assert_saved();
    assert_eq!(proxy.asked(), [format!("CONNECT {} HTTP/1.1", api.address)]);
    // On loopback no proxy of the environment counts.
    let (server, ca) = (url("https", api.address), pki.ca_data());
    let home = Home::new(&kubeconfig(&format!("{{server: '{server}', certificate-authority-data: {ca}}}"), "{}"));
    home.save(&[("HTTPS_PROXY", &url("http", closed()))]).assert_saved();
}

#[test]
fn a_proxy_may_speak_tls() {
    let pki = Pki::new();
    let api = Setup::default().tls(&pki, &["127.0.0.1"]);
    let proxy = Proxy::https(api.address, &pki);
    behind(&pki, &api, &url("https", proxy.address)).save(&[]).assert_saved();
    assert_eq!(proxy.asked(), [format!("CONNECT {} HTTP/1.1", api.address)]);
    let strange = Proxy::https(api.address, &Pki::new());
    let run = behind(&pki, &api, &url("https", strange.address)).save(&[]);
    let says =
        format!("the proxy https://{} (proxy-url of cluster `c`), whose certificate is not trusted: ", strange.address);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains(&says), "{}", run.stderr);
    assert_eq!(strange.asked(), [""; 0]);
}

#[test]
fn plain_http_goes_through_both_kinds() {
    let api = Setup::default().plain();
    let server = url("http", api.address);
    let web = Proxy::http(api.address, Some("Basic bWU6cEBzcw=="));
    let socks = Proxy::socks(api.address, None);
    for proxy in [format!("http://me:p%40ss@{}", web.address), url("socks5", socks.address)] {
        let cluster = format!("{{server: '{server}', proxy-url: '{proxy}'}}");
        Home::new(&kubeconfig(&cluster, "{token: t}")).save(&[]).assert_saved();
    }
    assert_eq!(web.asked(), [format!("GET {server}/apis/apps/v1/statefulsets? HTTP/1.1")]);
    assert_eq!(socks.asked(), [api.address.to_string()]);
}

#[test]
fn a_password_is_given_and_never_shown() {
    let pki = Pki::new();
    let api = Setup::default().tls(&pki, &["127.0.0.1"]);
    let web = Proxy::http(api.address, Some("Basic bWU6cEBzcw=="));
    let socks = Proxy::socks(api.address, Some("me:p@ss"));
    for proxy in [format!("http://me:p%40ss@{}", web.address), format!("socks5://me:p%40ss@{}", socks.address)] {
        behind(&pki, &api, &proxy).save(&[]).assert_saved();
    }
    for (scheme, address) in [("http", web.address), ("socks5", socks.address)] {
        let run = behind(&pki, &api, &format!("{scheme}://me:hunter2@{address}")).save(&[]);
        run.assert_said(&format!(
            "StatefulSets cannot be listed: the proxy {scheme}://{address} (proxy-url of cluster `c`) does not accept its user and password; \
             correct proxy-url of cluster `c`: `{scheme}://USER:PASSWORD@HOST:PORT`"
        ));
        let run = behind(&pki, &api, &url(scheme, address)).save(&[]);
        assert!(run.stderr.contains("wants a user and a password; correct proxy-url"), "{}", run.stderr);
    }
    let dead = closed();
    let (_, home) = named(&pki);
    let run = home.save(&[("HTTPS_PROXY", &format!("http://me:hunter2@{dead}"))]);
    assert!(run.stderr.contains(&format!("the proxy http://{dead} (HTTPS_PROXY)")), "{}", run.stderr);
    assert!(!run.stderr.contains("hunter2") && !run.stderr.contains("me:"), "{}", run.stderr);
}

#[test]
fn what_a_proxy_refuses_is_said() {
    let pki = Pki::new();
    let api = Setup::default().tls(&pki, &["127.0.0.1"]);
    let proxy = Proxy::refusing(api.address);
    let run = behind(&pki, &api, &url("http", proxy.address)).save(&[]);
    run.assert_said(&format!(
        "StatefulSets cannot be listed: the proxy http://{} (proxy-url of cluster `c`) lets nobody through to API server https://{}/: \
         tunnel error: unsuccessful; let it connect to {}",
        proxy.address, api.address, api.address
    ));
    behind(&pki, &api, "ftp://me:hunter2@proxy").save(&[]).assert_said(
        "no cluster to ask: proxy-url of cluster `c` has the scheme `ftp`; http, https, socks5 and socks5h are known",
    );
}

/// kubectl waits for a minute, and names no proxy.
#[test]
fn a_proxy_that_says_nothing_is_given_up_and_named() {
    let pki = Pki::new();
    let (api, _) = named(&pki);
    let proxy = Proxy::silent();
    let give_up = |scheme: &str| {
        let begun = Instant::now();
        behind(&pki, &api, &url(scheme, proxy.address)).save(&[]).assert_said(&format!(
            "StatefulSets cannot be listed: the proxy {scheme}://{} (proxy-url of cluster `c`) gives no answer within 10 s when it is asked for \
             API server https://{}/; see that it runs and reaches {}, or correct proxy-url of cluster `c`",
            proxy.address, api.address, api.address
        ));
        assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    };
    std::thread::scope(|scope| {
        for scheme in ["http", "https", "socks5"] {
            scope.spawn(move || give_up(scheme));
        }
    });
    assert_eq!(api.asked().len(), 0);
}

#[test]
fn every_command_goes_through_it() {
    let pki = Pki::new();
    let api = Setup::default().tls(&pki, &["127.0.0.1"]);
    let proxy = Proxy::http(api.address, None);
    let home = behind(&pki, &api, &url("http", proxy.address));
    home.put(
        "quorate.yaml",
        &format!("{}cluster: {{}}\nlisten: 127.0.0.1:0\nmetricsListen: 127.0.0.1:0\n", no_policies()),
    );
    home.put("empty.yaml", "");
    let doctor = home.quorate(&[], &["doctor", "--config", "quorate.yaml"]);
    assert!(doctor.stdout.contains("fine API server v1.36.0 answers"), "{doctor:?}");
    let can_scale = home.quorate(&[], &["can-scale", "db/rqlite", "--to", "5"]);
    assert_eq!(can_scale.stderr, "quorate: StatefulSet db/rqlite does not exist\n");
    let check = home.quorate(&[], &["check", "--live", "--config", "quorate.yaml", "empty.yaml"]);
    assert_eq!(check.code, Some(0), "{check:?}");
    let before = proxy.asked().len();
    assert!(before >= 3, "{:?}", proxy.asked());
    let mut serve = command(&home.path(""), &["serve", "--config", "quorate.yaml"]);
    let mut serve = serve.env("KUBECONFIG", home.path("config")).spawn().unwrap();
    let until = Instant::now() + Duration::from_secs(60);
    while proxy.asked().len() == before && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(50));
    }
    serve.kill().unwrap();
    serve.wait().unwrap();
    assert!(proxy.asked().len() > before, "the server asks through the proxy");
}
