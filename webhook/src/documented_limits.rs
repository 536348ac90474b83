//! A test: the limits in docs/security.md are those of the code.

use std::time::Duration;

use quorate_cluster::limits::{
    LARGEST_ANSWER, LEASE_TIMEOUT, LOOKUP_TIMEOUT, MAX_NODES_ASKED, PING_INTERVAL, PING_TIMEOUT, SERVER_TIMEOUT,
    STALE_AFTER,
};
use quorate_engine::PolicyLimits;

use crate::config::{ServerConfig, ServerLimits};

const PAGE: &str = include_str!("../../docs/security.md");

fn time(limit: Duration) -> String {
    match (limit.as_secs(), limit.subsec_millis()) {
        (seconds, 0) => format!("{seconds} s"),
        _ => format!("{} ms", limit.as_millis()),
    }
}

fn size(bytes: usize) -> String {
    let (unit, name) = if bytes >= 1 << 20 { (1 << 20, "MiB") } else { (1 << 10, "KiB") };
    assert_eq!(bytes % unit, 0);
    format!("{} {name}", bytes / unit)
}

#[test]
fn the_table_of_limits_is_the_codes() {
    let ServerConfig { body_limit, limits, .. } = ServerConfig::default();
    let ServerLimits { connections, in_flight, head_bytes, handshake, head, receive, idle } = limits;
    let PolicyLimits { memory_bytes, cpu, patch_bytes, findings, .. } = PolicyLimits::default();
    let lines = [
        format!("| connections of a port | {connections} |"),
        format!("| requests under way; another one gets 503 | {in_flight} |"),
        format!("| TLS handshake | {} |", time(handshake)),
        format!("| first request of a connection, and the head of a later one | {} |", time(head)),
        format!("| head of a request | {} |", size(usize::try_from(head_bytes).unwrap())),
        format!("| body of a request (`bodyLimitBytes`) | {}, within {} |", size(body_limit), time(receive)),
        format!("| connection without a new request | {} |", time(idle)),
        format!("| age of what a watch told | {} |", time(STALE_AFTER)),
        format!(
            "| silent connection to the API server | asked after {}, given up {} later |",
            time(PING_INTERVAL),
            time(PING_TIMEOUT)
        ),
        format!("| request to the API server | {}; for the Lease {} |", time(SERVER_TIMEOUT), time(LEASE_TIMEOUT)),
        format!(
            "| membership of an rqlite set | {}, {} from each node, {MAX_NODES_ASKED} nodes |",
            time(LOOKUP_TIMEOUT),
            size(LARGEST_ANSWER)
        ),
        format!(
            "| one call of a policy (`limits`) | {} of CPU for each 256 KiB of input, {} of memory, a patch of {}, {findings} findings |",
            time(cpu),
            size(memory_bytes),
            size(patch_bytes)
        ),
    ];
    let (_, table) = PAGE.split_once("| what | limit |\n|---|---|\n").unwrap();
    let told: Vec<&str> = table.lines().take_while(|line| line.starts_with('|')).collect();
    assert_eq!(told, lines);
}
