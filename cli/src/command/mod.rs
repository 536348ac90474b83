//! The commands, one file each. This one only tells them apart.

mod can_scale;
mod check;
mod completions;
mod config;
mod doctor;
mod explain;
mod in_cluster;
mod man;
mod policy;
mod review;
mod serve;
mod snapshot;
mod webhooks;

use std::io::Write;

use quorate_check::Exit;

use crate::args::Command;

/// Runs the command; what it finds goes to `out`.
pub(crate) fn run(command: &Command, out: &mut dyn Write) -> anyhow::Result<Exit> {
    match command {
        Command::Serve(args) => serve::run(args, out),
        Command::Review(args) => review::run(args, out),
        Command::Check(args) => check::run(args, out),
        Command::IgnoreDifferences(args) => check::ignore_differences(args, out),
        Command::Policy(args) => policy::run(args, out),
        Command::Explain(args) => explain::run(args, out),
        Command::Webhooks(args) => webhooks::run(args, out),
        Command::Config(args) => config::run(args, out),
        Command::Doctor(args) => doctor::run(args, out),
        Command::CanScale(args) => can_scale::run(args, out),
        Command::Snapshot(args) => snapshot::run(args, out),
        Command::Completions(args) => completions::run(args, out),
        Command::Man(args) => man::run(args),
    }
}
