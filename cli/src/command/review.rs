//! `quorate review`: AdmissionReviews from files, evaluated offline by the same modules: mutated, then validated.
//! Where the server answers for a policy that could not judge, this says `not judged`.

use std::io::Write;
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use kubernetes::admission::Request;
use kubernetes::related::{Reason, Related};
use quorate_document::Document;
use quorate_engine::PolicySet;
use quorate_facts::{RecordedFacts, RequestSets, prepared, related};

use crate::args::Review as Args;
use crate::config::ConfigFile;
use crate::load::{load, offline, select};
use crate::parent::Parents;
use crate::report::Report;
use crate::{clock, facts, output};
use quorate_check::{Exit, input};

/// Everything that the reviews of one call share.
struct OfflineReviewer {
    policies: PolicySet,
    body_limit_bytes: usize,
    parents: Option<Parents>,
    facts: RecordedFacts,
    runtime: tokio::runtime::Runtime,
}

pub(super) fn run(args: &Args, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let read = args.files.iter().chain(&args.parent).chain(&args.facts).chain(&args.config);
    let from_stdin = read.filter(|file| input::is_stdin(file)).count();
    ensure!(from_stdin <= 1, "`-` stands {from_stdin} times, but standard input can be read once");
    let reviewer = OfflineReviewer::new(args)?;
    let mut worst = Exit::Allowed;
    for file in &args.files {
        let exit = reviewer.review(file, args, out).with_context(|| file.display().to_string());
        worst = worst.max(exit.unwrap_or_else(|error| {
            output::print_error(output::error_chain(&error));
            Exit::Unusable
        }));
    }
    Ok(worst)
}

impl OfflineReviewer {
    fn new(args: &Args) -> anyhow::Result<Self> {
        let source = ConfigFile::read(args.config.as_deref())?;
        let mut resolved = source.resolve()?;
        select(&source, &mut resolved, &args.policies)?;
        let parents = args
            .parent
            .as_deref()
            .map(|file| Parents::read(file).with_context(|| format!("--parent {}", file.display())));
        let facts = facts::facts(args.facts.as_deref(), clock::now());
        let facts = facts.with_context(|| {
            args.facts.as_deref().map(|file| format!("--facts {}", file.display())).unwrap_or_default()
        })?;
        Ok(Self {
            policies: load(&source, &resolved, offline())?,
            body_limit_bytes: resolved.body_limit_bytes,
            parents: parents.transpose()?,
            facts,
            runtime: tokio::runtime::Builder::new_current_thread().build()?,
        })
    }

    /// Evaluates one file and reports it.
    fn review(&self, file: &Path, args: &Args, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let bytes = input::read(file, self.body_limit_bytes)?;
        if bytes.is_empty() {
            bail!("empty, expected an AdmissionReview");
        }
        let request = Request::decode(&bytes)?;
        let related = self.related(&request, args)?;
        let prepared = prepared(&request, &related, &RequestSets::of(&request, &related), &self.facts.0);
        let mut review = self.runtime.block_on(self.policies.mutate_then_validate(&request, &prepared));
        if related.is_unknown() {
            review.advise("give it with --parent");
        }
        let verdict = review.verdict;
        Report::new(&request, &review).write(args.format, out)?;
        Ok(verdict.into())
    }

    fn related(&self, request: &Request, args: &Args) -> anyhow::Result<Related<Document>> {
        let (Some(parents), Some(file)) = (&self.parents, &args.parent) else {
            return Ok(Related::Unknown(Reason::NotGiven));
        };
        parents.check(request).with_context(|| format!("--parent {}", file.display()))?;
        Ok(self.runtime.block_on(related(parents, request)))
    }
}
