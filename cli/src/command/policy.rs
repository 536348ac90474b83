//! `quorate policy`: what is loaded, as each module describes itself and as the configuration binds it.
//! Evaluates no request.

use std::io::{self, Write};
use std::slice;

use anstyle::Style;
use kubernetes::admission::{Operation, Phase};
use quorate_engine::{Binding, Description, MatchRule, Mode, OnError, Policy};
use serde::Serialize;
use serde_json::Value;

use crate::args::{Format, Policy as Args};
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
    fn of(description: &'a Description) -> Self {
        let Description { name, version, phases, rules, .. } = description;
        let rule = |rule: &'a quorate_engine::RuleInfo| RuleSummary {
            id: format!("{name}/{}", rule.id),
            summary: &rule.summary,
        };
        Self { name, version, mutating: phases.contains(&Phase::Mutate), rules: rules.iter().map(rule).collect() }
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
    /// Host functions that it asks for.
    capabilities: &'a [String],
    matches: &'a [MatchRule],
    settings: &'a Value,
    settings_schema: &'a Value,
}

impl<'a> PolicyDetails<'a> {
    fn of(policy: &'a Policy) -> Self {
        let Description { summary, phases, settings_schema, capabilities, matches, .. } = policy.description();
        let Binding { mode, settings, .. } = policy.binding();
        let (entry, on_error) = (PolicySummary::of(policy.description()), policy.on_error());
        Self {
            policy_summary: entry,
            summary,
            phases,
            mode: *mode,
            on_error,
            capabilities,
            matches,
            settings,
            settings_schema,
        }
    }
}

pub(super) fn run(args: &Args, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let (Args::List { shown } | Args::Show { shown, .. }) = args;
    let source = ConfigFile::read(shown.config.as_deref())?;
    let mut resolved = source.resolve()?;
    if let Args::Show { name, .. } = args {
        select(&source, &mut resolved, slice::from_ref(name))?;
    }
    let loaded = load(&source, &resolved, offline())?;
    match args {
        Args::List { .. } => list(loaded.policies(), shown.format, out)?,
        Args::Show { .. } => loaded.policies().iter().try_for_each(|policy| show(policy, shown.format, out))?,
    }
    Ok(Exit::Allowed)
}

fn list(policies: &[Policy], format: Format, out: &mut dyn Write) -> anyhow::Result<()> {
    let entries: Vec<PolicySummary<'_>> =
        policies.iter().map(|policy| PolicySummary::of(policy.description())).collect();
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
    let asked = if details.capabilities.is_empty() { "nothing".to_owned() } else { details.capabilities.join(", ") };
    heading(policy, out)?;
    writeln!(out, "  {}\n", details.summary)?;
    writeln!(out, "onError: {}, asks for: {asked}", on_error(details.on_error))?;
    section("Rules", out)?;
    rules(&details.policy_summary.rules, out)?;
    section("Matches", out)?;
    details.matches.iter().try_for_each(|rule| writeln!(out, "  {}", matched(rule)))?;
    section("Settings", out)?;
    writeln!(out, "{}", serde_json::to_string_pretty(details.settings)?)?;
    section("Schema of the settings", out)?;
    writeln!(out, "{}", serde_json::to_string_pretty(details.settings_schema)?)?;
    Ok(())
}

fn heading(policy: &Policy, out: &mut dyn Write) -> io::Result<()> {
    let Description { name, version, phases, .. } = policy.description();
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

/// `CREATE, UPDATE of apps statefulsets/scale`
fn matched(rule: &MatchRule) -> String {
    let operations: Vec<&str> = rule.operations.iter().copied().map(operation).collect();
    let groups: Vec<&str> = rule.groups.iter().map(|group| if group.is_empty() { "core" } else { group }).collect();
    let sub_resources =
        if rule.sub_resources.is_empty() { String::new() } else { format!("/{}", rule.sub_resources.join("|")) };
    format!("{} of {} {}{sub_resources}", operations.join(", "), groups.join("|"), rule.resources.join("|"))
}

fn operation(operation: Operation) -> &'static str {
    match operation {
        Operation::Create => "CREATE",
        Operation::Update => "UPDATE",
        Operation::Delete => "DELETE",
        Operation::Connect => "CONNECT",
    }
}

fn on_error(on_error: OnError) -> &'static str {
    match on_error {
        OnError::Deny => "deny",
        OnError::Warn => "warn",
        OnError::Allow => "allow",
    }
}
