//! `quorate policy`: what is loaded, as each module describes itself and as the configuration binds it.
//! Evaluates no request.

mod build;
mod inspect;
mod rbac;

use std::io::{self, Write};
use std::slice;

use anstyle::Style;
use kubernetes::admission::Phase;
use quorate_contract::{Manifest, Match, Rule, Settings};
use quorate_engine::{Binding, Grants, Mode, OnError, Policy, PolicySet};
use serde::Serialize;
use serde_json::Value;

use crate::args::{Format, Policy as Args, Shown};
use crate::config::ConfigFile;
use crate::load::{load, offline, select};
use quorate_check::Exit;
use quorate_check::style::BOLD;

/// One policy, as `policy list --format json` has it.
#[derive(Serialize)]
struct PolicySummary<'a> {
    name: &'a str,
    version: &'a str,
    /// It takes part in `/mutate`.
    mutating: bool,
    rules: Vec<RuleSummary<'a>>,
}

#[derive(Serialize)]
struct RuleSummary<'a> {
    /// `<policy>/<rule>`, as findings name it.
    id: String,
    summary: &'a str,
}

impl<'a> PolicySummary<'a> {
    fn of(policy: &'a Policy) -> Self {
        let Manifest { version, rules, .. } = policy.manifest();
        let name = policy.name();
        let rule = |rule: &'a Rule| RuleSummary { id: format!("{name}/{}", rule.id), summary: &rule.summary };
        let mutating = policy.phases().contains(&Phase::Mutate);
        Self { name, version, mutating, rules: rules.iter().map(rule).collect() }
    }
}

/// The same policy, as `policy show --format json` has it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PolicyDetails<'a> {
    #[serde(flatten)]
    policy_summary: PolicySummary<'a>,
    summary: &'a str,
    phases: &'a [Phase],
    mode: Mode,
    /// The one in force, configured or not.
    on_error: OnError,
    /// What it needs of `grants`.
    needs: Grants,
    matches: &'a [Match],
    settings: &'a Value,
    settings_schema: Value,
}

impl<'a> PolicyDetails<'a> {
    fn of(policy: &'a Policy) -> Self {
        let Manifest { summary, matches, settings: schema, .. } = policy.manifest();
        let Binding { mode, settings, .. } = policy.binding();
        Self {
            policy_summary: PolicySummary::of(policy),
            summary,
            phases: policy.phases(),
            mode: *mode,
            on_error: policy.on_error(),
            needs: policy.needs(),
            matches,
            settings,
            settings_schema: Settings::published_schema(schema),
        }
    }
}

pub(super) fn run(args: &Args, out: &mut dyn Write) -> anyhow::Result<Exit> {
    match args {
        Args::List { shown } => list(loaded(shown, None)?.policies(), shown.format, out)?,
        Args::Show { name, shown } => {
            let loaded = loaded(shown, Some(name))?;
            loaded.policies().iter().try_for_each(|policy| show(policy, shown.format, out))?;
        }
        Args::Inspect { module, rbac, format } => inspect::run(module, *rbac, *format, out)?,
        Args::Build { module, output } => build::run(module, output, out)?,
    }
    Ok(Exit::Allowed)
}

fn loaded(shown: &Shown, name: Option<&String>) -> anyhow::Result<PolicySet> {
    let source = ConfigFile::read(shown.config.as_deref())?;
    let mut resolved = source.resolve()?;
    if let Some(name) = name {
        select(&source, &mut resolved, slice::from_ref(name))?;
    }
    load(&source, &resolved, offline())
}

fn list(policies: &[Policy], format: Format, out: &mut dyn Write) -> anyhow::Result<()> {
    let entries: Vec<PolicySummary<'_>> = policies.iter().map(PolicySummary::of).collect();
    match format {
        Format::Json => writeln!(out, "{}", serde_json::to_string_pretty(&entries)?)?,
        Format::Text => {
            for (entry, policy) in entries.iter().zip(policies) {
                heading(policy, out)?;
                rules(&entry.rules, out)?;
                writeln!(out)?;
            }
        }
    }
    Ok(())
}

fn show(policy: &Policy, format: Format, out: &mut dyn Write) -> anyhow::Result<()> {
    let details = PolicyDetails::of(policy);
    if format == Format::Json {
        writeln!(out, "{}", serde_json::to_string_pretty(&details)?)?;
        return Ok(());
    }
    let needs = needed(&details.needs);
    heading(policy, out)?;
    writeln!(out, "  {}\n", details.summary)?;
    writeln!(out, "onError: {}, needs: {needs}", on_error(details.on_error))?;
    section("Rules", out)?;
    rules(&details.policy_summary.rules, out)?;
    section("Matches", out)?;
    details.matches.iter().try_for_each(|rule| writeln!(out, "  {}", matched(rule)))?;
    section("Settings", out)?;
    writeln!(out, "{}", serde_json::to_string_pretty(details.settings)?)?;
    section("Schema of the settings", out)?;
    writeln!(out, "{}", serde_json::to_string_pretty(&details.settings_schema)?)?;
    Ok(())
}

fn heading(policy: &Policy, out: &mut dyn Write) -> io::Result<()> {
    let (name, version, phases) = (policy.name(), &policy.manifest().version, policy.phases());
    let kind = match (phases.contains(&Phase::Mutate), phases.contains(&Phase::Validate)) {
        (true, true) => "mutating and validating",
        (true, false) => "mutating",
        (false, _) => "validating",
    };
    writeln!(out, "{BOLD}{name}{BOLD:#} {version}, {kind}, mode {}", policy.binding().mode.name())
}

fn section(title: &str, out: &mut dyn Write) -> io::Result<()> {
    const TITLE: Style = Style::new().underline();
    writeln!(out, "\n{TITLE}{title}{TITLE:#}")
}

fn rules(rules: &[RuleSummary<'_>], out: &mut dyn Write) -> io::Result<()> {
    let width = rules.iter().map(|rule| rule.id.len()).max().unwrap_or_default();
    rules.iter().try_for_each(|RuleSummary { id, summary }| writeln!(out, "  {id:width$}  {summary}"))
}

/// `imports facts; facts of rqlite`
pub(super) fn needed(needs: &Grants) -> String {
    let lists = [
        ("imports", &needs.imports),
        ("facts of", &needs.facts),
        ("reads", &needs.reads),
        ("references to", &needs.references),
    ];
    let shown = lists.iter().filter(|(_, names)| !names.is_empty());
    let shown: Vec<String> = shown
        .map(|(what, names)| format!("{what} {}", names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")))
        .collect();
    if shown.is_empty() { "no grant".to_owned() } else { shown.join("; ") }
}

/// `CREATE, UPDATE of apps statefulsets/scale`
pub(super) fn matched(one: &Match) -> String {
    let operations: Vec<&str> = one.operations.iter().map(|operation| operation.as_str()).collect();
    let groups: Vec<&str> = one.groups.iter().map(|group| if group.is_empty() { "core" } else { group }).collect();
    let sub_resources =
        if one.sub_resources.is_empty() { String::new() } else { format!("/{}", one.sub_resources.join("|")) };
    format!("{} of {} {}{sub_resources}", operations.join(", "), groups.join("|"), one.resources.join("|"))
}

fn on_error(on_error: OnError) -> &'static str {
    match on_error {
        OnError::Deny => "deny",
        OnError::Warn => "warn",
        OnError::Allow => "allow",
    }
}
