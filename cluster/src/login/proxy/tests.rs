//! Go's own rules, case by case: `golang.org/x/net/http/httpproxy`, its documentation and its tests.

use super::*;

fn found(variables: &'static [(&'static str, &'static str)], server: &'static str) -> Option<String> {
    let environment = |name: &str| variables.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned());
    let found = Proxy::of_environment(&environment, &Uri::from_static(server)).unwrap();
    found.map(|proxy| proxy.to_string())
}

#[test]
fn the_scheme_of_the_server_says_which_variable_counts() {
    let both = &[("HTTPS_PROXY", "http://a:1"), ("HTTP_PROXY", "http://b:2"), ("ALL_PROXY", "socks5://c:3")];
    assert_eq!(found(both, "https://api:6443").unwrap(), "http://a:1 (HTTPS_PROXY)");
    assert_eq!(found(both, "http://api").unwrap(), "http://b:2 (HTTP_PROXY)");
    assert_eq!(found(&[("HTTPS_PROXY", "socks5h://c")], "https://api").unwrap(), "socks5h://c:1080 (HTTPS_PROXY)");
    assert_eq!(
        found(&[("https_proxy", "proxy.corp:3128")], "https://api").unwrap(),
        "http://proxy.corp:3128 (https_proxy)"
    );
    assert_eq!(
        found(&[("HTTPS_PROXY", ""), ("https_proxy", "http://a:1")], "https://api").unwrap(),
        "http://a:1 (https_proxy)"
    );
    assert_eq!(found(&[("HTTP_PROXY", "http://b:2")], "https://api"), None);
    // Go reads no such variable.
    for name in [&[("ALL_PROXY", "socks5://c:3")], &[("all_proxy", "socks5://c:3")]] {
        assert_eq!((found(name, "https://api"), found(name, "http://api")), (None, None));
    }
}

#[test]
fn loopback_is_never_behind_a_proxy_of_the_environment() {
    let set = &[("HTTPS_PROXY", "http://a:1"), ("HTTP_PROXY", "http://a:1")];
    for server in [
        "https://localhost:6443",
        "https://127.0.0.1:6443",
        "https://127.8.9.1",
        "https://[::1]:6443",
        "http://127.0.0.1:8001",
    ] {
        assert_eq!(found(set, server), None, "{server}");
    }
    assert!(found(set, "https://0.0.0.0:6443").is_some());
}

#[test]
fn no_proxy_is_read_as_go_reads_it() {
    let cases: &[(&str, &str, &[&str], &[&str])] = &[
        (
            "a host and what lies below it",
            "corp.example",
            &["https://corp.example", "https://API.corp.example:6443"],
            &["https://notcorp.example"],
        ),
        ("a dot: only what lies below", ".corp.example", &["https://api.corp.example"], &["https://corp.example"]),
        ("a star and a dot: the same", "*.corp.example", &["https://api.corp.example"], &["https://corp.example"]),
        ("a star", "*", &["https://api.corp.example", "https://10.0.0.1"], &[]),
        ("an address", "10.0.0.1", &["https://10.0.0.1:6443"], &["https://10.0.0.10"]),
        ("a network", "10.0.0.0/8", &["https://10.200.3.4:6443"], &["https://11.0.0.1"]),
        ("a network of IPv6", "fd00::/8", &["https://[fd00::7]:6443"], &["https://[fe80::7]:6443"]),
        ("an address of IPv6", "fd00::7", &["https://[fd00::7]:6443"], &["https://[fd00::8]:6443"]),
        ("with a port", "api.corp:6443", &["https://api.corp:6443"], &["https://api.corp:8443", "https://api.corp"]),
        ("the port of the scheme", "api.corp:443", &["https://api.corp"], &["https://api.corp:6443"]),
        ("an address with a port", "10.0.0.1:6443", &["https://10.0.0.1:6443"], &["https://10.0.0.1"]),
        ("the same of IPv6", "[fd00::7]:6443", &["https://[fd00::7]:6443"], &["https://[fd00::7]"]),
        (
            "several, with blanks",
            "localhost, .svc ,10.0.0.0/8",
            &["https://kubernetes.default.svc", "https://10.1.1.1"],
            &["https://svc"],
        ),
        ("nothing", " , ", &[], &["https://api.corp"]),
        ("what is no entry", ":6443,10.0.0.0/99", &[], &["https://api.corp:6443", "https://10.0.0.1"]),
    ];
    for (what, spared, direct, proxied) in cases {
        for server in *direct {
            assert!(is_direct(&Uri::from_static(server), spared), "{what}: {server}");
        }
        for server in *proxied {
            assert!(!is_direct(&Uri::from_static(server), spared), "{what}: {server}");
        }
    }
}

#[test]
fn a_password_is_used_and_not_shown() {
    let web = Proxy::of_cluster("c", "http://me:pa%40ss@proxy:3128").unwrap();
    assert_eq!(web.basic().unwrap(), "Basic bWU6cGFAc3M=");
    assert_eq!(web.to_string(), "http://proxy:3128 (proxy-url of cluster `c`)");
    let socks = Proxy::of_cluster("c", "socks5://me:secret@proxy").unwrap();
    assert_eq!((socks.socks(), socks.basic()), (Some(("me", "secret")), None));
    let shown = format!("{web:?} {web} {socks:?} {socks} {:?}", web.basic());
    assert!(!shown.contains("ss@") && !shown.contains("secret") && !shown.contains("bWU6"), "{shown}");
}

#[test]
fn what_is_no_proxy_is_named_without_its_password() {
    for (url, says) in [
        ("ftp://me:secret@proxy", "has the scheme `ftp`"),
        ("socks4://me:secret@proxy", "has the scheme `socks4`"),
        ("http://me:secret@pro xy", "is no URL"),
        ("http://", "is no URL"),
    ] {
        let error = Proxy::of_cluster("c", url).unwrap_err().to_string();
        assert!(error.starts_with("proxy-url of cluster `c`") && error.contains(says), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }
}
