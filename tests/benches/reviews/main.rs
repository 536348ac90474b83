//! What a review costs: calls into the policies, and whole HTTPS requests beside a server that always gives one answer.
//! Prints a Markdown table; judges nothing, and pins nothing to a core.
#![expect(clippy::print_stdout, reason = "the table is the result, and the child tells its address")]
#![expect(clippy::indexing_slicing, reason = "the review is made of literals")]

mod calls;
mod load;
mod process;
mod review;
mod serving;
mod stats;

use std::error::Error;

use crate::process::{Child, ServerKind};

type BenchResult<T> = Result<T, Box<dyn Error + Send + Sync>>;

const CONNECTIONS: [usize; 2] = [1, 25];

fn main() -> BenchResult<()> {
    let mut arguments = std::env::args().skip_while(|argument| argument != process::SERVE).skip(1);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    if let Some(kind) = arguments.next() {
        return runtime.block_on(serving::serve(ServerKind::named(&kind)?));
    }
    let review = review::update_review().to_string();
    println!("A review of {} bytes: UPDATE of a StatefulSet, both objects with managedFields.\n", review.len());
    runtime.block_on(calls::report(&review))?;
    println!();
    runtime.block_on(requests(&review))
}

async fn requests(review: &str) -> BenchResult<()> {
    println!("| HTTPS server | connections | requests/s | p50 | p99 | CPU/request | requests/s, ratio to constant |");
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for connections in CONNECTIONS {
        let mut constant = None;
        for kind in ServerKind::ALL {
            let child = Child::start(kind)?;
            let measured = load::measure(&child, connections, review).await?;
            let base = *constant.get_or_insert(measured.per_second);
            println!(
                "| {} | {connections} | {:.0} | {:.0} us | {:.0} us | {:.0} us | {:.2} |",
                kind.title(),
                measured.per_second,
                measured.latency.p50,
                measured.latency.p99,
                measured.cpu_micros,
                measured.per_second / base,
            );
        }
    }
    Ok(())
}
