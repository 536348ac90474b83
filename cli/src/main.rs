//! `quorate`: the webhook and the tools around it, one binary. Reads the command line and turns outcomes into exit codes.
//! Evaluates nothing: rules live in the policy modules, and the engine runs them.
//!
//! ```text
//! args ── command ─┬─ serve ──── config ── load ── webhook
//!                  ├─ review ─── config ── load, parent, facts ── report
//!                  ├─ policy ─── config ── load
//!                  ├─ webhooks ─ config ── load ── registration
//!                  ├─ explain ── the pages of the built-in rules
//!                  ├─ completions, man ── args
//!                  └─ config
//! ```

#![forbid(unsafe_code)]

mod args;
mod clock;
mod command;
mod compiled;
mod config;
mod facts;
mod identity;
mod live;
mod load;
mod login;
mod nearest;
mod output;
mod parent;
mod report;
mod schema;

use std::process::ExitCode;

use clap::Parser;
use quorate_check::Exit;

fn main() -> ExitCode {
    let args = args::Args::parse();
    let outcome = command::run(&args.command, &mut output::stdout());
    let exit = outcome.unwrap_or_else(|error| {
        output::print_error(output::error_chain(&error));
        Exit::Unusable
    });
    exit.into()
}
