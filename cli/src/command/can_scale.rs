//! `quorate can-scale`: the verdict on a scale before anybody tries it, the members of the cluster, and the steps to it.
//! The cluster's own Quorate decides where there is one; else the same policies do, here, with what the caller may see.

mod commands;

use std::io::{self, Write};

use kubernetes::admission::Request;
use kubernetes::related::Related;
use kubernetes::verdict::{Level, Verdict};
use quorate_cluster::inspection::{ClusterInspector, SetInspection};
use quorate_engine::Review;
use quorate_facts::{
    ClusterFinding, ClusterReviewer, ClusterVerdict, DryRun, DryRunAction, RecordedFacts, RequestSets, prepared,
};
use rqlite::change::{self, OrdinalChange, Ordinals};
use rqlite::scaling::{CurrentState, DataLocation, ListedMember, members, path_down};
use serde::Serialize;
use serde_json::json;

use self::commands::CommandTarget;
use crate::args::{CanScale as Args, Format, ObjectName};
use crate::clock;
use crate::config::ConfigFile;
use crate::load::{load, offline};
use kubernetes::text::printable;
use quorate_check::Exit;
use quorate_check::style::BOLD;

/// All that is shown.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CanScaleReport {
    set: String,
    from: u32,
    to: u32,
    verdict: Verdict,
    /// Who gave the verdict.
    by: &'static str,
    findings: Vec<ReportedFinding>,
    members: Vec<MemberRow>,
    /// How the members were learned, or why they were not.
    membership: String,
    /// Commands, in order.
    way: Vec<String>,
    /// What could not be seen.
    gaps: Vec<String>,
}

/// One finding, as text: `policy/rule: message`.
#[derive(Debug, Serialize)]
struct ReportedFinding {
    level: Level,
    text: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct MemberRow {
    id: String,
    voter: bool,
    reachable: bool,
    leader: bool,
    pod: Option<String>,
    leaving: bool,
}

pub(super) fn run(args: &Args, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(ask(args))?;
    match args.format {
        Format::Text => outcome.print(out)?,
        Format::Json => {
            serde_json::to_writer(&mut *out, &outcome)?;
            writeln!(out)?;
        }
    }
    out.flush()?;
    Ok(outcome.verdict.into())
}

async fn ask(args: &Args) -> anyhow::Result<CanScaleReport> {
    let inspector = ClusterInspector::connect(&args.cluster.login()).await?;
    let given = args.set.namespace.as_ref().or(args.namespace.as_ref());
    let namespace = given.cloned().unwrap_or_else(|| inspector.namespace().to_owned());
    let set = ObjectName { namespace, name: args.set.name.clone() };
    let ObjectName { namespace, name } = &set;
    let mut inspection = inspector.inspect(namespace, name).await?;
    let reviewer = inspector.reviewer(&args.webhooks).await;
    let dry_run = DryRun::of_set(namespace, name, DryRunAction::Scale(args.to));
    let cluster = reviewer.ask(&dry_run).await;
    let mut gaps = std::mem::take(&mut inspection.gaps);
    let (verdict, by, findings) = match cluster {
        ClusterVerdict::Asked { verdict, heard } => {
            (verdict, "the cluster's own Quorate, by a dry run", reported(heard, &dry_run.subject()))
        }
        ClusterVerdict::Silent => {
            let by = "the same policies, here; in the cluster nobody said anything to a dry run";
            let here = evaluated(args, &set, &inspection, by).await?;
            if here.0 != Verdict::Allowed {
                gaps.push("whether Quorate guards this set: a dry run passed without a word".to_owned());
            }
            here
        }
        ClusterVerdict::Absent => {
            evaluated(args, &set, &inspection, "the same policies, here: no Quorate guards the cluster").await?
        }
        ClusterVerdict::Unknown(why) | ClusterVerdict::Refused(why) => {
            gaps.push(format!("what the cluster's Quorate says: {why}"));
            evaluated(args, &set, &inspection, "the same policies, here: the cluster's own Quorate could not be asked")
                .await?
        }
    };
    let way = if verdict == Verdict::Denied { commands_to(&set, args.to, &inspection) } else { Vec::new() };
    Ok(CanScaleReport {
        set: format!("{namespace}/{name}"),
        from: change::ordinals(&inspection.set).count(),
        to: args.to,
        verdict,
        by,
        findings,
        members: member_rows(&inspection, args.to),
        membership: learned(&inspection),
        way,
        gaps,
    })
}

fn reported(heard: Vec<ClusterFinding>, subject: &str) -> Vec<ReportedFinding> {
    let said = |ClusterFinding { level, rule, message, remedy, .. }| {
        let stop = if remedy.is_empty() { "" } else { "; " };
        ReportedFinding { level, text: format!("{rule}: {subject}: {message}{stop}{remedy}") }
    };
    heard.into_iter().map(said).collect()
}

/// The policies' verdict on the scale, with what was seen.
async fn evaluated(
    args: &Args,
    set: &ObjectName,
    inspection: &SetInspection,
    by: &'static str,
) -> anyhow::Result<(Verdict, &'static str, Vec<ReportedFinding>)> {
    let source = ConfigFile::read(args.config.as_deref())?;
    let policies = load(&source, &source.resolve()?, offline())?;
    let RecordedFacts(facts) = RecordedFacts::at(inspection.facts.clone(), clock::now())?;
    let scale = |replicas: u32| json!({ "apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": { "name": set.name, "namespace": set.namespace }, "spec": { "replicas": replicas } });
    let request = json!({ "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "can-scale", "operation": "UPDATE", "dryRun": true, "userInfo": {},
        "kind": { "group": "autoscaling", "version": "v1", "kind": "Scale" },
        "resource": { "group": "apps", "version": "v1", "resource": "statefulsets" }, "subResource": "scale",
        "namespace": set.namespace, "name": set.name,
        "object": scale(args.to), "oldObject": scale(change::ordinals(&inspection.set).count()),
    } });
    let bytes = serde_json::to_vec(&request)?;
    let request = Request::decode(&bytes)?;
    let related = Related::Found(inspection.document.clone());
    let prepared = prepared(&request, &related, &RequestSets::of(&request, &related), &facts);
    let review: Review = policies.mutate_then_validate(&request, &prepared).await;
    let findings = review.findings.iter().map(|finding| {
        let remedy = if finding.remedy.is_empty() { String::new() } else { format!("; {}", finding.remedy) };
        ReportedFinding { level: finding.level, text: format!("{}: {}{remedy}", finding.rule, finding.message) }
    });
    Ok((review.verdict, by, findings.collect()))
}

fn member_rows(inspection: &SetInspection, to: u32) -> Vec<MemberRow> {
    let running = change::ordinals(&inspection.set);
    let first = running.lowest().unwrap_or_default();
    let leaving = OrdinalChange { old: running.clone(), new: Ordinals::first(first, to) }.leaving();
    let data = DataLocation::of(&inspection.set, &inspection.rqlite);
    let current = CurrentState::new(&inspection.set, Some(&inspection.rqlite), running, data, &inspection.facts);
    let row = |ListedMember { id, voter, reachable, leader, pod, leaving }| MemberRow {
        id,
        voter,
        reachable,
        leader,
        pod,
        leaving,
    };
    members(&current, &leaving).into_iter().map(row).collect()
}

fn learned(inspection: &SetInspection) -> String {
    match (&inspection.facts.seen, &inspection.facts.unseen) {
        (Some(seen), _) => format!("as {} tells it, through the API server's pod proxy", seen.from),
        (None, Some(why)) => format!("not seen: {why}"),
        (None, None) => "not seen: no pod could be listed".to_owned(),
    }
}

/// The safe steps, as commands that work from where the caller is: through a port that is forwarded to a pod that stays.
fn commands_to(set: &ObjectName, to: u32, inspection: &SetInspection) -> Vec<String> {
    let ObjectName { namespace, name } = set;
    let (scheme, port) = (if inspection.http.tls { "https" } else { "http" }, inspection.http.port);
    let base = format!("{scheme}://localhost:{port}");
    let steps = path_down(&inspection.set, &inspection.rqlite, &inspection.facts, to);
    let place = CommandTarget { set, base: &base };
    let commands: Vec<String> = steps.iter().flat_map(|step| place.commands(step)).collect();
    let stays = change::ordinals(&inspection.set).lowest().unwrap_or_default();
    let forward = format!("kubectl -n {namespace} port-forward pod/{name}-{stays} {port} &");
    let forwarded = commands.iter().any(|command| command.contains(&base));
    forwarded.then_some(forward).into_iter().chain(commands).collect()
}

impl CanScaleReport {
    fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        let verdict = match self.verdict {
            Verdict::Allowed => "allowed",
            Verdict::Denied => "denied",
            Verdict::NotJudged => "not judged",
        };
        writeln!(
            out,
            "{BOLD}{}{BOLD:#} {} -> {}: {BOLD}{verdict}{BOLD:#} by {}",
            self.set, self.from, self.to, self.by
        )?;
        for said in &self.findings {
            let level = match said.level {
                Level::Deny => "deny",
                Level::Warn => "warn",
                Level::NotJudged => "not judged",
            };
            writeln!(out, "  {level} {}", printable(&said.text))?;
        }
        writeln!(out, "{BOLD}members{BOLD:#}, {}", printable(&self.membership))?;
        self.table(out)?;
        if !self.way.is_empty() {
            writeln!(out, "{BOLD}the safe way{BOLD:#}")?;
            self.way.iter().try_for_each(|command| writeln!(out, "  {}", printable(command)))?;
        }
        if !self.gaps.is_empty() {
            writeln!(out, "{BOLD}not seen{BOLD:#}")?;
            self.gaps.iter().try_for_each(|gap| writeln!(out, "  {}", printable(gap)))?;
        }
        Ok(())
    }

    fn table(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.members.is_empty() {
            return Ok(());
        }
        let head = ["id", "voter", "reachable", "leader", "pod", "leaving"].map(str::to_owned);
        let yes = |holds: bool| if holds { "yes" } else { "no" }.to_owned();
        let rows = self.members.iter().map(|row| {
            let pod = row.pod.clone().unwrap_or_else(|| "-".to_owned());
            let id = printable(&row.id).into_owned();
            [id, yes(row.voter), yes(row.reachable), yes(row.leader), printable(&pod).into_owned(), yes(row.leaving)]
        });
        let rows: Vec<[String; 6]> = std::iter::once(head).chain(rows).collect();
        let widths: Vec<usize> = (0..6)
            .map(|column| rows.iter().filter_map(|row| row.get(column)).map(String::len).max().unwrap_or(0))
            .collect();
        for row in &rows {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
            writeln!(out, "  {}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
        }
        Ok(())
    }
}
