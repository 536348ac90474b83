//! Load on one server: some connections, each with one request under way at any time.
//! The client shares the machine with the server; only the server's CPU time is told apart.

use std::time::{Duration, Instant};

use axum::body::Bytes;
use hyper::StatusCode;

use crate::BenchResult;
use crate::process::Child;
use crate::stats::Latency;
use quorate_tests::client::{Client, Protocol};

const WARM_UP: Duration = Duration::from_secs(1);
const MEASURED: Duration = Duration::from_secs(4);

pub(crate) struct Measured {
    pub(crate) per_second: f64,
    pub(crate) latency: Latency,
    /// Of the server, per request.
    pub(crate) cpu_micros: f64,
}

pub(crate) async fn measure(child: &Child, connections: usize, review: &str) -> BenchResult<Measured> {
    let review = Bytes::copy_from_slice(review.as_bytes());
    let mut clients = Vec::with_capacity(connections);
    for _ in 0..connections {
        // HTTP/2 is what kube-apiserver speaks to webhooks.
        clients.push(child.target.connect(Protocol::Http2).await?);
    }
    let (clients, _) = run(clients, &review, WARM_UP).await?;
    let (cpu, started) = (child.cpu()?, Instant::now());
    let (_, durations) = run(clients, &review, MEASURED).await?;
    let (cpu, elapsed) = (child.cpu()?.saturating_sub(cpu), started.elapsed());
    let requests = durations.len() as f64;
    Ok(Measured {
        per_second: requests / elapsed.as_secs_f64(),
        cpu_micros: cpu.as_secs_f64() * 1e6 / requests,
        latency: Latency::of(durations),
    })
}

/// Gives the clients back, with the duration of each request.
async fn run(clients: Vec<Client>, review: &Bytes, time: Duration) -> BenchResult<(Vec<Client>, Vec<Duration>)> {
    let end = Instant::now() + time;
    let tasks: Vec<_> =
        clients.into_iter().map(|client| tokio::spawn(one_after_the_other(client, review.clone(), end))).collect();
    let (mut clients, mut all) = (Vec::new(), Vec::new());
    for task in tasks {
        let (client, durations) = task.await??;
        clients.push(client);
        all.extend(durations);
    }
    Ok((clients, all))
}

async fn one_after_the_other(mut client: Client, review: Bytes, end: Instant) -> BenchResult<(Client, Vec<Duration>)> {
    let mut durations = Vec::new();
    while Instant::now() < end {
        let started = Instant::now();
        let (status, _) = client.post("/validate?timeout=10s", review.clone()).await?;
        if status != StatusCode::OK {
            return Err(format!("answered with {status}").into());
        }
        durations.push(started.elapsed());
    }
    Ok((client, durations))
}
