//! One policy's evaluation of one request: call, check, mode, phase, existing defects, patch.
//! Does not know the other policies, but for the slices that it shares with them.

use std::sync::Arc;

use json_patch::Patch;
use quorate_document::Document;

use crate::description::Projections;
use crate::failure::PolicyFailure;
use crate::guest_answer::{GuestAnswer, GuestFinding, NOT_JUDGED, WOULD_PATCH};
use crate::patch;
use crate::policy::Policy;
use crate::projection::Objects;
use crate::provider::Prepared;
use crate::verdict::Finding;
use crate::wit::types::Documents;
use kubernetes::admission::{Operation, Phase, Request};
use kubernetes::text::one_line;
use kubernetes::verdict::Level;

/// Paths that a `would-patch` message names.
const SHOWN_PATHS: usize = 4;

/// Longest text that the host adds from elsewhere, in bytes.
const MAX_TEXT: usize = 300;

/// What one policy says, with modes and phases applied.
pub(crate) struct Evaluation {
    pub(crate) findings: Vec<Finding>,
    pub(crate) patched: Option<Patched>,
    pub(crate) audit: Vec<(String, String)>,
}

/// A patch, and the object that came out of it.
pub(crate) struct Patched {
    pub(crate) patch: Patch,
    pub(crate) object: Document,
}

/// What the policies of one phase share.
pub(crate) struct Evaluator<'c> {
    prepared: &'c Prepared,
    /// Policies with equal projections get the same slices.
    slices: Vec<(Projections, Arc<Documents>)>,
}

impl<'c> Evaluator<'c> {
    pub(crate) fn new(prepared: &'c Prepared) -> Self {
        Self { prepared, slices: Vec::new() }
    }

    /// The object has changed: cut it again.
    pub(crate) fn clear_slices(&mut self) {
        self.slices.clear();
    }

    /// `None`: the request does not concern this policy.
    pub(crate) async fn evaluate(&mut self, policy: &Policy, phase: Phase, request: &Request) -> Option<Evaluation> {
        let rule = policy.matching(phase, request)?;
        let evaluated = self.attempt(policy, phase, request, &rule.projections).await;
        Some(evaluated.unwrap_or_else(|failure| Evaluation {
            findings: vec![not_judged(policy, request, &failure)],
            patched: None,
            audit: Vec::new(),
        }))
    }

    async fn attempt(
        &mut self,
        policy: &Policy,
        phase: Phase,
        request: &Request,
        wanted: &Projections,
    ) -> Result<Evaluation, PolicyFailure> {
        let documents = self.documents(request, wanted);
        let mut answer = call_guest(policy, phase, request, self.prepared, &documents).await?;
        let mut audit = answer.audit;
        if phase == Phase::Validate && answer.findings.iter().any(|found| found.finding.level == Level::Deny) {
            audit.push(mode(policy));
        }
        match (phase, policy.enforces()) {
            (Phase::Validate, true) => self.lower_known_defects(policy, request, &mut answer.findings).await,
            (Phase::Mutate, _) | (Phase::Validate, false) => {
                answer.findings.iter_mut().for_each(|found| lower(found, ""))
            }
        }
        let mut findings: Vec<Finding> = answer.findings.into_iter().map(|found| found.finding).collect();
        let mut patched = match (phase, answer.patch) {
            (Phase::Mutate, Some(text)) => patched(policy, request, &text)?,
            (Phase::Mutate, None) | (Phase::Validate, _) => None,
        };
        if !policy.enforces() {
            findings.extend(patched.take().map(|patched| would_patch(policy, &patched.patch)));
        }
        Ok(Evaluation { findings, patched, audit })
    }

    fn documents(&mut self, request: &Request, wanted: &Projections) -> Arc<Documents> {
        if let Some((_, cut)) = self.slices.iter().find(|(projections, _)| projections == wanted) {
            return cut.clone();
        }
        let cut = Arc::new(Objects::of(request, self.prepared).slices(wanted));
        self.slices.push((wanted.clone(), cut.clone()));
        cut
    }

    /// A denial of an object's shape stands only where this request brings the defect in.
    async fn lower_known_defects(&self, policy: &Policy, request: &Request, findings: &mut [GuestFinding]) {
        if request.sub_resource.is_some() || !findings.iter().any(is_denied_defect) {
            return;
        }
        let recreation = self.prepared.recreation;
        let known = if recreation { Vec::new() } else { self.known_defects(policy, request, findings).await };
        for found in findings.iter_mut().filter(|found| is_denied_defect(found)) {
            if recreation {
                lower(found, " (not denied when a set is created again)");
            } else if known.iter().any(|known| is_defect(found, known)) {
                lower(found, " (not new: the object had this before)");
            }
        }
    }

    /// The defects of the object as it was, asked for as if it were created now: with the facts, and where a denial is left, without
    /// any. A shape has its defect whatever runs at the moment (what is there already lets some of them wait).
    async fn known_defects(
        &self,
        policy: &Policy,
        request: &Request,
        denied: &[GuestFinding],
    ) -> Vec<(String, String)> {
        let mut known = self.defects_before(policy, request, self.prepared).await;
        let is_known = |found: &GuestFinding| known.iter().any(|known| is_defect(found, known));
        if !denied.iter().filter(|found| is_denied_defect(found)).all(is_known) {
            let nothing_known = policy.runtime.provider().nothing_known().to_owned();
            let without_facts = Prepared { facts: nothing_known, ..self.prepared.clone() };
            known.extend(self.defects_before(policy, request, &without_facts).await);
        }
        known
    }

    /// Where the policy fails, none is known.
    async fn defects_before(&self, policy: &Policy, request: &Request, prepared: &Prepared) -> Vec<(String, String)> {
        let (Operation::Update, Some(old)) = (request.operation, &request.old_object) else {
            return Vec::new();
        };
        let before = Request {
            operation: Operation::Create,
            object: Some(old.clone()),
            old_object: None,
            options: None,
            ..request.clone()
        };
        let Some(rule) = policy.matching(Phase::Validate, &before) else {
            return Vec::new();
        };
        let documents = Objects::of(&before, prepared).slices(&rule.projections);
        match call_guest(policy, Phase::Validate, &before, prepared, &documents).await {
            Ok(answer) => {
                answer.findings.into_iter().filter_map(|found| Some((found.finding.rule, found.defect?))).collect()
            }
            Err(failure) => {
                log(policy, request, &failure);
                Vec::new()
            }
        }
    }
}

/// For the audit log: what the policy denied is a denial or, in mode warn, a warning.
fn mode(policy: &Policy) -> (String, String) {
    (format!("{}.mode", policy.name()), policy.binding().mode.name().to_owned())
}

fn is_denied_defect(found: &GuestFinding) -> bool {
    found.finding.level == Level::Deny && found.defect.is_some()
}

/// It is that rule's defect of that name.
fn is_defect(found: &GuestFinding, (rule, defect): &(String, String)) -> bool {
    found.finding.rule == *rule && found.defect.as_ref() == Some(defect)
}

async fn call_guest(
    policy: &Policy,
    phase: Phase,
    request: &Request,
    prepared: &Prepared,
    documents: &Documents,
) -> Result<GuestAnswer, PolicyFailure> {
    let raw = policy.review(phase, request, prepared, documents).await?;
    GuestAnswer::checked(policy.description(), &policy.binding().limits, raw)
}

fn lower(found: &mut GuestFinding, why: &str) {
    if found.finding.level == Level::Deny {
        found.finding.level = Level::Warn;
        found.finding.message.push_str(why);
    }
}

fn patched(policy: &Policy, request: &Request, text: &str) -> Result<Option<Patched>, PolicyFailure> {
    let max_bytes = policy.binding().limits.patch_bytes;
    let Some(patch) = patch::checked(text, max_bytes)? else {
        return Ok(None);
    };
    let object =
        request.object.as_ref().ok_or_else(|| PolicyFailure::bad_output("it patches a request without an object"))?;
    let object = patch::apply(object, &patch, max_bytes)?;
    Ok(Some(Patched { patch, object }))
}

fn would_patch(policy: &Policy, patch: &Patch) -> Finding {
    let paths = patch::paths(patch);
    let shown: Vec<String> = paths.iter().take(SHOWN_PATHS).map(|path| format!("`{path}`")).collect();
    let more = match paths.len().saturating_sub(SHOWN_PATHS) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Finding {
        rule: format!("{}/{WOULD_PATCH}", policy.name()),
        level: Level::Warn,
        message: one_line(&format!("in mode enforce this would patch {}{more}", shown.join(", ")), MAX_TEXT),
        field: String::new(),
        remedy: String::new(),
        retry: false,
        of_shape: false,
    }
}

fn not_judged(policy: &Policy, request: &Request, failure: &PolicyFailure) -> Finding {
    log(policy, request, failure);
    Finding {
        rule: format!("{}/{NOT_JUDGED}", policy.name()),
        level: Level::NotJudged,
        message: one_line(&format!("not judged: {failure}"), MAX_TEXT),
        field: String::new(),
        remedy: one_line(&format!("look for uid {} in the log of Quorate", request.uid), MAX_TEXT),
        retry: matches!(failure, PolicyFailure::OutOfTime { .. }),
        of_shape: false,
    }
}

fn log(policy: &Policy, request: &Request, failure: &PolicyFailure) {
    tracing::error!(policy = policy.name(), uid = %request.uid, failure = failure.name(), detail = failure.detail(), "{failure}");
}
