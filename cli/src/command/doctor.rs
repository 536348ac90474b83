//! `quorate doctor`: what keeps Quorate from guarding the cluster of the kubeconfig.
//! Finds nothing itself; the server's library does, and this prints it.

use std::io::{self, Write};
use std::path::Path;

use anstyle::{AnsiColor, Style};
use kubernetes::text::printable;
use quorate_cluster::ClusterConfig;
use quorate_cluster::doctor::{DoctorCheck, Expected, Installation, Level, Topic, examine};
use serde::Serialize;

use super::in_cluster::{content, issues_its_own};
use crate::args::{Doctor as Args, Format};
use crate::clock;
use crate::config::{self, ConfigFile};
use crate::load::{load, offline};
use crate::output::{error_chain, print_error};
use quorate_check::Exit;
use quorate_check::style::BOLD;

const RED: Style = AnsiColor::Red.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
const GREEN: Style = AnsiColor::Green.on_default().bold();

/// What `--format json` prints.
#[derive(Serialize)]
struct DoctorReport<'a> {
    level: Level,
    checks: &'a [DoctorCheck],
}

pub(super) fn run(args: &Args, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let source = ConfigFile::read(args.config.as_deref())?;
    let resolved = source.resolve()?;
    let section = resolved.cluster.clone().unwrap_or_default();
    let policies = load(&source, &resolved, offline())?;
    let expected = |home: Option<Installation>| {
        let config = within(&section, home, &source.folder);
        Expected {
            namespace: args.namespace.clone(),
            service_account: args.service_account.clone(),
            own_certificate: issues_its_own(&resolved.certificate),
            content: content(&source, &config, &policies),
            config,
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let checks = runtime.block_on(examine(&args.cluster.login(), &section.webhooks, expected, clock::now()));
    let checks = match checks {
        Ok(checks) => checks,
        Err(error) => {
            print_error(error_chain(&error.into()));
            return Ok(Exit::NotJudged);
        }
    };
    let worst = checks.iter().map(|check| check.level).max().unwrap_or(Level::Unknown);
    match args.format {
        Format::Text => print(&checks, out)?,
        Format::Json => {
            serde_json::to_writer(&mut *out, &DoctorReport { level: worst, checks: &checks })?;
            writeln!(out)?;
        }
    }
    out.flush()?;
    Ok(exit(worst))
}

/// What the configuration does not say, the live one does.
fn within(section: &config::Cluster, home: Option<Installation>, folder: &Path) -> ClusterConfig {
    let service = home.as_ref().filter(|_| section.service == config::Cluster::default().service);
    let service = service.map_or_else(|| section.service.clone(), |home| home.service.clone());
    let section = config::Cluster { service, ..section.clone() };
    section.within(home.as_ref().map(|home| home.namespace.as_str()), "doctor".to_owned(), folder)
}

fn exit(worst: Level) -> Exit {
    match worst {
        Level::Fine | Level::Warning => Exit::Allowed,
        Level::Problem => Exit::Denied,
        Level::Unknown => Exit::NotJudged,
    }
}

fn print(checks: &[DoctorCheck], out: &mut dyn Write) -> io::Result<()> {
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
