//! `quorate can-scale`: the verdict on a scale before anybody tries it, the members of the cluster, and the way there.
//! The cluster's own Quorate decides where there is one; else the same policies do, here, with what the caller may see.

mod commands;

use std::io::{self, Write};

use kubernetes::admission::Request;
use kubernetes::related::Related;
use kubernetes::verdict::{Level, Verdict};
use quorate_cluster::survey::{Survey, Surveyor};
use quorate_engine::Review;
use quorate_facts::{Act, Guard, Guardian, Heard, Recorded, Trial, prepared};
use rqlite::change::{self, Change, Ordinals};
use rqlite::scaling::{Before, Data, Listed, path_down, roster};
use serde::Serialize;
use serde_json::json;

use self::commands::Place;
use crate::args::{CanScale as Args, Format, ObjectName};
use crate::clock;
use crate::config::Source;
use crate::load::{load, offline};
use kubernetes::text::printable;
use quorate_check::Exit;
use quorate_check::style::BOLD;

/// All that is shown.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    set: String,
    from: u32,
    to: u32,
    verdict: Verdict,
    /// Who gave the verdict.
    by: &'static str,
    findings: Vec<Said>,
    members: Vec<Row>,
    /// How the members were learned, or why they were not.
    membership: String,
    /// Commands, in order.
    way: Vec<String>,
    /// What could not be seen.
    gaps: Vec<String>,
}

/// One finding, as text: `policy/rule: message`.
#[derive(Debug, Serialize)]
struct Said {
    level: Level,
    text: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
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

async fn ask(args: &Args) -> anyhow::Result<Outcome> {
    let surveyor = Surveyor::connect(&args.cluster.login()).await?;
    let given = args.set.namespace.as_ref().or(args.namespace.as_ref());
    let namespace = given.cloned().unwrap_or_else(|| surveyor.namespace().to_owned());
    let set = ObjectName { namespace, name: args.set.name.clone() };
    let ObjectName { namespace, name } = &set;
    let mut survey = surveyor.survey(namespace, name).await?;
    let guardian = surveyor.guarded(&args.webhooks).await;
    let trial = Trial::of_set(namespace, name, Act::Scale(args.to));
    let guard = guardian.ask(&trial).await;
    let mut gaps = std::mem::take(&mut survey.gaps);
    let (verdict, by, findings) = match guard {
        Guard::Asked { verdict, heard } => {
            (verdict, "the cluster's own Quorate, by a dry run", said(heard, &trial.subject()))
        }
        Guard::Silent => {
            let by = "the same policies, here; in the cluster nobody said anything to a dry run";
            let here = judged(args, &set, &survey, by).await?;
            if here.0 != Verdict::Allowed {
                gaps.push("whether Quorate guards this set: a dry run passed without a word".to_owned());
            }
            here
        }
        Guard::Absent => judged(args, &set, &survey, "the same policies, here: no Quorate guards the cluster").await?,
        Guard::Unseen(why) | Guard::Refused(why) => {
            gaps.push(format!("what the cluster's Quorate says: {why}"));
            judged(args, &set, &survey, "the same policies, here: the cluster's own Quorate could not be asked").await?
        }
    };
    let way = if verdict == Verdict::Denied { way(&set, args.to, &survey) } else { Vec::new() };
    Ok(Outcome {
        set: format!("{namespace}/{name}"),
        from: change::ordinals(&survey.set).count(),
        to: args.to,
        verdict,
        by,
        findings,
        members: members(&survey, args.to),
        membership: learned(&survey),
        way,
        gaps,
    })
}

fn said(heard: Vec<Heard>, subject: &str) -> Vec<Said> {
    let said = |Heard { level, rule, message, remedy, .. }| {
        let stop = if remedy.is_empty() { "" } else { "; " };
        Said { level, text: format!("{rule}: {subject}: {message}{stop}{remedy}") }
    };
    heard.into_iter().map(said).collect()
}

/// The policies' verdict on the scale, with what was seen.
async fn judged(
    args: &Args,
    set: &ObjectName,
    survey: &Survey,
    by: &'static str,
) -> anyhow::Result<(Verdict, &'static str, Vec<Said>)> {
    let source = Source::read(args.config.as_deref())?;
    let policies = load(&source, &source.resolve()?, offline())?;
    let Recorded(facts) = Recorded::at(survey.facts.clone(), clock::now())?;
    let scale = |replicas: u32| json!({ "apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": { "name": set.name, "namespace": set.namespace }, "spec": { "replicas": replicas } });
    let request = json!({ "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "can-scale", "operation": "UPDATE", "dryRun": true, "userInfo": {},
        "kind": { "group": "autoscaling", "version": "v1", "kind": "Scale" },
        "resource": { "group": "apps", "version": "v1", "resource": "statefulsets" }, "subResource": "scale",
        "namespace": set.namespace, "name": set.name,
        "object": scale(args.to), "oldObject": scale(change::ordinals(&survey.set).count()),
    } });
    let bytes = serde_json::to_vec(&request)?;
    let request = Request::decode(&bytes)?;
    let prepared = prepared(&request, Related::Found(survey.document.clone()), &facts);
    let review: Review = policies.mutate_then_validate(&request, &prepared).await;
    let findings = review.findings.iter().map(|finding| {
        let remedy = if finding.remedy.is_empty() { String::new() } else { format!("; {}", finding.remedy) };
        Said { level: finding.level, text: format!("{}: {}{remedy}", finding.rule, finding.message) }
    });
    Ok((review.verdict, by, findings.collect()))
}

fn members(survey: &Survey, to: u32) -> Vec<Row> {
    let running = change::ordinals(&survey.set);
    let first = running.lowest().unwrap_or_default();
    let leaving = Change { old: running.clone(), new: Ordinals::first(first, to) }.leaving();
    let data = Data::of(&survey.set, &survey.rqlite);
    let before = Before::new(&survey.set, Some(&survey.rqlite), running, data, &survey.facts);
    let row =
        |Listed { id, voter, reachable, leader, pod, leaving }| Row { id, voter, reachable, leader, pod, leaving };
    roster(&before, &leaving).into_iter().map(row).collect()
}

fn learned(survey: &Survey) -> String {
    match (&survey.facts.seen, &survey.facts.unseen) {
        (Some(seen), _) => format!("as {} tells it, through the API server's pod proxy", seen.from),
        (None, Some(why)) => format!("not seen: {why}"),
        (None, None) => "not seen: no pod could be listed".to_owned(),
    }
}

/// The safe way, as commands that work from where the caller sits: through a port that is forwarded to a pod that stays.
fn way(set: &ObjectName, to: u32, survey: &Survey) -> Vec<String> {
    let ObjectName { namespace, name } = set;
    let (scheme, port) = (if survey.http.tls { "https" } else { "http" }, survey.http.port);
    let base = format!("{scheme}://localhost:{port}");
    let steps = path_down(&survey.set, &survey.rqlite, &survey.facts, to);
    let place = Place { set, base: &base };
    let commands: Vec<String> = steps.iter().flat_map(|step| place.commands(step)).collect();
    let stays = change::ordinals(&survey.set).lowest().unwrap_or_default();
    let forward = format!("kubectl -n {namespace} port-forward pod/{name}-{stays} {port} &");
    let forwarded = commands.iter().any(|command| command.contains(&base));
    forwarded.then_some(forward).into_iter().chain(commands).collect()
}

impl Outcome {
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
