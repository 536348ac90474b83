//! Nodes played by sockets on loopback: what is taken from their answers, and what from those that give none.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

type Answering = fn(&str) -> Option<String>;

/// Answers each request by its first line; None: takes it and never answers.
async fn node(pod: &str, answering: Answering) -> NodeTarget<Direct<'static>> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, answering));
        }
    });
    target(pod, address)
}

fn target(pod: &str, address: SocketAddr) -> NodeTarget<Direct<'static>> {
    NodeTarget { pod: pod.to_owned(), node: None, transport: Some(Direct { address, tls: false, access: None }) }
}

async fn serve(mut stream: TcpStream, answering: Answering) {
    let mut head = vec![0; 4096];
    let read = stream.read(&mut head).await.unwrap_or_default();
    let head = String::from_utf8_lossy(&head[..read]).into_owned();
    match answering(&head) {
        Some(answer) => drop(stream.write_all(answer.as_bytes()).await),
        None => std::future::pending().await,
    }
}

fn http(status: &str, body: &str) -> Option<String> {
    Some(format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
}

fn status(node: &str, term: u64) -> Value {
    json!({ "store": { "node_id": node, "raft": { "term": term } } })
}

fn listing(ids: &[&str], leader: &str) -> Value {
    let entry = |id: &&str| json!({ "id": id, "addr": format!("{id}:4002"), "voter": true, "reachable": true, "leader": *id == leader });
    json!({ "nodes": ids.iter().map(entry).collect::<Vec<_>>() })
}

/// As the node says it is, in a cluster of three that rqlite-0 leads.
fn healthy(head: &str, node: &str) -> Option<String> {
    let nodes = listing(&["rqlite-0", "rqlite-1", "rqlite-2"], "rqlite-0");
    let body = if head.starts_with("GET /status") { status(node, 2) } else { nodes };
    http("200 OK", &body.to_string())
}

fn key() -> SetKey {
    SetKey { namespace: "db".to_owned(), name: "rqlite".to_owned() }
}

async fn look(targets: &[NodeTarget<Direct<'_>>]) -> MembershipLookup {
    super::look("rqlite", targets, LOOKUP_TIMEOUT).await
}

#[track_caller]
fn reason(looked: MembershipLookup) -> String {
    match looked {
        MembershipLookup::Unseen(why) => why,
        MembershipLookup::Seen { membership, .. } => panic!("{membership:?}"),
    }
}

#[tokio::test]
async fn the_leaders_own_answer_is_taken() {
    let nodes = [
        node("rqlite-1", |head| healthy(head, "rqlite-1")).await,
        node("rqlite-0", |head| healthy(head, "rqlite-0")).await,
    ];
    let MembershipLookup::Seen { membership, seen } = look(&nodes).await else { panic!("no view") };
    assert_eq!((membership.voters().count(), membership.leader.as_deref()), (3, Some("rqlite-0")));
    assert_eq!(seen.from, "rqlite-0");
}

#[tokio::test]
async fn who_is_silent_does_not_keep_the_others_from_being_heard() {
    let closed = target("rqlite-2", "127.0.0.1:1".parse().unwrap());
    let nodes = [node("rqlite-0", |head| healthy(head, "rqlite-0")).await, node("rqlite-1", |_| None).await, closed];
    assert!(matches!(look(&nodes).await, MembershipLookup::Seen { .. }));
}

#[tokio::test]
async fn says_why_there_is_no_view() {
    let closed = || target("rqlite-2", "127.0.0.1:1".parse().unwrap());
    assert_eq!(reason(look(&[closed()]).await), "rqlite-2: connection refused");
    assert_eq!(reason(look(&[closed(), closed(), closed()]).await), "rqlite-2: connection refused, and 2 more");
    assert_eq!(reason(look(&[]).await), "no pod of the set has an address");
    let hung = node("rqlite-0", |_| None).await;
    assert_eq!(reason(look(&[hung]).await), "rqlite-0: no answer within 800 ms");
    let locked = node("rqlite-0", |_| http("401 Unauthorized", "")).await;
    assert!(reason(look(&[locked]).await).starts_with("rqlite-0: 401 Unauthorized: it wants a user with"));
    let other = node("web-0", |_| http("200 OK", "<html>")).await;
    assert!(reason(look(&[other]).await).starts_with("web-0: /nodes: "));
}

#[tokio::test]
async fn no_redirect_is_followed_and_no_answer_read_without_end() {
    let elsewhere = node("rqlite-0", |_| {
        Some("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n".to_owned())
    })
    .await;
    assert_eq!(reason(look(&[elsewhere]).await), "rqlite-0: 302 Found");
    let endless = node("rqlite-0", |_| http("200 OK", &"[".repeat(2 << 20))).await;
    assert_eq!(reason(look(&[endless]).await), "rqlite-0: its answer is larger than 256 KiB, or was cut");
}

#[tokio::test]
async fn https_is_not_asked_without_a_ca() {
    let mut secure = node("rqlite-0", |head| healthy(head, "rqlite-0")).await;
    secure.transport.as_mut().unwrap().tls = true;
    assert!(reason(look(&[secure]).await).contains("no CA is configured"));
}

#[tokio::test]
async fn before_v8_the_voters_are_a_request_of_their_own() {
    fn seven(head: &str) -> Option<String> {
        let entry = |leader: bool| json!({ "addr": "a:4002", "reachable": true, "leader": leader });
        let all = json!({ "rqlite-0": entry(true), "rqlite-9": entry(false) });
        let voters = json!({ "rqlite-0": entry(true) });
        let body = match head.split(' ').nth(1)? {
            "/status" => status("rqlite-0", 2),
            "/nodes" => voters,
            _ => all,
        };
        http("200 OK", &body.to_string())
    }
    let MembershipLookup::Seen { membership, .. } = look(&[node("rqlite-0", seven).await]).await else {
        panic!("no view")
    };
    assert_eq!((membership.members.len(), membership.voters().count()), (2, 1));
}

#[tokio::test]
async fn a_node_that_was_removed_is_not_believed() {
    fn orphan(head: &str) -> Option<String> {
        let body =
            if head.starts_with("GET /status") { status("rqlite-2", 2) } else { listing(&["rqlite-0"], "rqlite-0") };
        http("200 OK", &body.to_string())
    }
    assert_eq!(reason(look(&[node("rqlite-2", orphan).await]).await), "rqlite-2 is in no membership that it tells");
}

#[tokio::test]
async fn the_voters_of_the_last_led_view_are_remembered_for_the_same_set() {
    let memberships = Memberships::new(Vec::new());
    let nodes = [node("rqlite-0", |head| healthy(head, "rqlite-0")).await];
    let last = |uid| memberships.last_voters(&key(), uid).map(|last| last.voters);
    assert_eq!(last(Some("u-1")), None);
    memberships.look(&key(), Some("u-1"), &nodes, LOOKUP_TIMEOUT).await;
    let voters: Option<Vec<String>> = Some(["rqlite-0", "rqlite-1", "rqlite-2"].map(str::to_owned).into());
    assert_eq!(last(Some("u-1")), voters);
    assert_eq!(last(None), voters);
    assert_eq!(last(Some("u-2")), None);
    memberships.look::<Direct<'_>>(&key(), Some("u-1"), &[], LOOKUP_TIMEOUT).await;
    assert_eq!(last(Some("u-1")), voters);
}

#[tokio::test(start_paused = true)]
async fn remembered_voters_are_as_old_as_the_question() {
    let memberships = Memberships::new(Vec::new());
    let voters = vec!["rqlite-0".to_owned()];
    memberships.remember(&key(), LastVoters { uid: None, asked: Instant::now(), voters });
    tokio::time::advance(Duration::from_secs(61)).await;
    assert_eq!(memberships.last_voters(&key(), None).map(|last| last.age_milliseconds()), Some(61_000));
    // Of two looks under way the older one ends last.
    let old = Instant::now();
    tokio::time::advance(Duration::from_secs(1)).await;
    memberships.remember(&key(), LastVoters { uid: None, asked: Instant::now(), voters: Vec::new() });
    memberships.remember(&key(), LastVoters { uid: None, asked: old, voters: vec!["rqlite-0".to_owned()] });
    assert_eq!(memberships.last_voters(&key(), None).map(|last| last.voters), Some(Vec::new()));
}

#[tokio::test]
async fn credentials_are_sent_where_they_are_configured() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("username"), "quorate").unwrap();
    std::fs::write(folder.path().join("password"), "secret").unwrap();
    let access =
        RqliteAccess { namespace: Some("db".to_owned()), folder: folder.path().into(), ..RqliteAccess::default() };
    fn locked(head: &str) -> Option<String> {
        let authorized = head.to_ascii_lowercase().contains("authorization: basic cxvvcmf0ztpzzwnyzxq=");
        if authorized { healthy(head, "rqlite-0") } else { http("401 Unauthorized", "") }
    }
    let asked = node("rqlite-0", locked).await;
    let memberships = Memberships::new(vec![access]);
    let elsewhere = SetKey { namespace: "other".to_owned(), ..key() };
    for (key, seen) in [(key(), true), (elsewhere, false)] {
        let mut asked = asked.clone();
        asked.transport.as_mut().unwrap().access = memberships.access(&key);
        assert_eq!(matches!(look(&[asked]).await, MembershipLookup::Seen { .. }), seen, "{key:?}");
    }
}
