//! `quorate doctor`: what keeps the guard from holding in the cluster of the kubeconfig.
//! Finds nothing itself; the server's library does, and this prints it.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use anstyle::{AnsiColor, Style};
use quorate_webhook::cluster::Cluster;
use quorate_webhook::cluster::doctor::{Check, Expected, Level, Topic, examine};
use serde::Serialize;

use super::in_cluster::{content, issues_its_own};
use crate::args::{Doctor as Args, Format};
use crate::clock;
use crate::config::{self, Source};
use crate::exit::Exit;
use crate::load::{load, offline};
use crate::output::{complain, printable, whole};
use crate::report::BOLD;

const RED: Style = AnsiColor::Red.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
const GREEN: Style = AnsiColor::Green.on_default().bold();

/// What `--format json` prints.
#[derive(Serialize)]
struct Whole<'a> {
    level: Level,
    checks: &'a [Check],
}

pub(super) fn run(args: &Args, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let source = Source::read(args.config.as_deref())?;
    let resolved = source.resolve()?;
    let section = resolved.cluster.clone().unwrap_or_default();
    let policies = Arc::new(load(&source, &resolved, offline())?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let checks = runtime.block_on(async {
        let config = |home: &str| within(&section, home, &source.folder);
        let cluster = Cluster::connect_command(config).await?;
        let expected = Expected {
            namespace: args.namespace.clone(),
            service_account: args.service_account.clone(),
            own_certificate: issues_its_own(&resolved.certificate),
            content: content(&source, cluster.config(), Arc::clone(&policies)),
        };
        anyhow::Ok(examine(&cluster, &expected, clock::now()).await)
    });
    let checks = match checks {
        Ok(checks) => checks,
        Err(error) => {
            complain(whole(&error));
            return Ok(Exit::NotJudged);
        }
    };
    let worst = checks.iter().map(|check| check.level).max().unwrap_or(Level::Unknown);
    match args.format {
        Format::Text => print(&checks, out)?,
        Format::Json => {
            serde_json::to_writer(&mut *out, &Whole { level: worst, checks: &checks })?;
            writeln!(out)?;
        }
    }
    out.flush()?;
    Ok(exit(worst))
}

/// The chart's namespace where the configuration names none: a kubeconfig's is hardly ever Quorate's.
fn within(section: &config::Cluster, home: &str, folder: &Path) -> quorate_webhook::cluster::ClusterConfig {
    let home = if home == "default" { "quorate-system" } else { home };
    section.within(home, "doctor".to_owned(), folder)
}

fn exit(worst: Level) -> Exit {
    match worst {
        Level::Fine | Level::Warning => Exit::Allowed,
        Level::Problem => Exit::Denied,
        Level::Unknown => Exit::NotJudged,
    }
}

fn print(checks: &[Check], out: &mut dyn Write) -> io::Result<()> {
    let mut topic = None;
    for check in checks {
        if topic != Some(check.topic) {
            writeln!(out, "{BOLD}{}{BOLD:#}", title(check.topic))?;
            topic = Some(check.topic);
        }
        let (style, level) = match check.level {
            Level::Fine => (GREEN, "fine"),
            Level::Warning => (YELLOW, "warning"),
            Level::Unknown => (YELLOW, "unknown"),
            Level::Problem => (RED, "problem"),
        };
        writeln!(out, "  {style}{level}{style:#} {}", printable(&check.message))?;
        if !check.remedy.is_empty() {
            writeln!(out, "    remedy: {}", printable(&check.remedy))?;
        }
    }
    Ok(())
}

fn title(topic: Topic) -> &'static str {
    match topic {
        Topic::Reachability => "reachability",
        Topic::Certificate => "certificate",
        Topic::Rights => "rights",
        Topic::Scope => "scope",
        Topic::OtherWebhooks => "other webhooks",
        Topic::Drift => "drift",
        Topic::Reservations => "reservations",
        Topic::DisruptionBudgets => "disruption budgets",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_outweighs_what_could_not_be_looked_at() {
        let worst = [Level::Unknown, Level::Problem, Level::Fine].into_iter().max().unwrap();
        assert_eq!(exit(worst), Exit::Denied);
        assert_eq!(exit(Level::Unknown), Exit::NotJudged);
        assert_eq!(exit(Level::Warning), Exit::Allowed);
    }
}
