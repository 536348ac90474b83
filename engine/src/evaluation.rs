//! One policy's evaluation of one request: call, check, mode, phase, existing defects, patch.
//! Does not know the other policies.

use std::sync::Arc;

use quorate_document::{Document, Edited, Patch};

use crate::answer::{self, EngineFinding, WOULD_PATCH};
use crate::failure::PolicyFailure;
use crate::guest_state::Log;
use crate::host::NOT_JUDGED;
use crate::patch;
use crate::policy::{GuestVerdict, Policy};
use crate::provider::{Prepared, Provider};
use crate::selection::Selected;
use crate::verdict::Finding;
use kubernetes::admission::{Operation, Phase, Request};
use kubernetes::text::one_line;
use kubernetes::verdict::Level;

/// Paths that a `would-patch` message names.
const SHOWN_PATHS: usize = 4;

/// Longest text that the host adds from elsewhere, in bytes.
const MAX_TEXT: usize = 300;

/// Added to what a policy says that is asked although the labels are not known by which it is selected.
const ASSUMED: &str = " (the labels that select this policy are not known)";

/// What one policy says, with modes and phases applied.
pub(crate) struct Evaluation {
    pub(crate) findings: Vec<Finding>,
    /// The object that its edits made, and the patch to it.
    pub(crate) edited: Option<Edited>,
    pub(crate) audit: Vec<(String, String)>,
}

impl Evaluation {
    /// Whether the policy's selectors take the request is not known: each of its words says so.
    fn assumed(mut self) -> Self {
        self.findings.iter_mut().for_each(|finding| finding.message.push_str(ASSUMED));
        self
    }
}

/// What the policies of one phase share.
pub(crate) struct Evaluator {
    request: Arc<Request>,
    prepared: Arc<Prepared>,
    input_bytes: usize,
}

impl Evaluator {
    pub(crate) fn new(request: &Request, prepared: &Prepared) -> Self {
        let input_bytes = prepared.input_bytes(request);
        Self { request: Arc::new(request.clone()), prepared: Arc::new(prepared.clone()), input_bytes }
    }

    pub(crate) fn request(&self) -> &Request {
        &self.request
    }

    pub(crate) fn prepared(&self) -> &Prepared {
        &self.prepared
    }

    /// The object as a policy has made it, for those that follow.
    pub(crate) fn set_object(&mut self, object: Document, provider: &dyn Provider) {
        Arc::make_mut(&mut self.request).object = Some(object);
        self.prepared = Arc::new(provider.refresh(&self.request, &self.prepared));
        self.input_bytes = self.prepared.input_bytes(&self.request);
    }

    /// `None`: the request does not concern this policy.
    pub(crate) async fn evaluate(&self, policy: &Policy, phase: Phase) -> Option<Evaluation> {
        if !policy.matches(phase, &self.request) {
            return None;
        }
        let selected = policy.binding().selection.selected(&self.request, &self.prepared);
        if selected == Selected::No {
            return None;
        }
        let evaluated = self.attempt(policy, phase).await.unwrap_or_else(|failure| Evaluation {
            findings: vec![not_judged(policy, &self.request, &failure)],
            edited: None,
            audit: Vec::new(),
        });
        Some(if selected == Selected::Unknown { evaluated.assumed() } else { evaluated })
    }

    async fn attempt(&self, policy: &Policy, phase: Phase) -> Result<Evaluation, PolicyFailure> {
        let inputs = policy.inputs(&self.request, &self.prepared);
        let GuestVerdict { answer, edits, .. } = policy.review(phase, inputs, self.input_bytes, Log::Kept).await?;
        let mut audit = answer::annotations(policy.name(), &answer);
        let mut findings = answer::findings(policy.name(), answer);
        if phase == Phase::Validate && findings.iter().any(|found| found.finding.level == Level::Deny) {
            audit.push(mode(policy));
        }
        match (phase, policy.enforces()) {
            (Phase::Validate, true) => self.lower_known_defects(policy, &mut findings).await,
            (Phase::Mutate, _) | (Phase::Validate, false) => findings.iter_mut().for_each(|found| lower(found, "")),
        }
        let mut findings: Vec<Finding> = findings.into_iter().map(|found| found.finding).collect();
        let mut edited = patch::applied(
            self.request.object.as_ref(),
            &edits,
            policy.binding().limits.patch_bytes,
            policy.is_trusted(),
        )?;
        if !policy.enforces() {
            findings.extend(edited.take().map(|edited| would_patch(policy, &edited.patch)));
        }
        Ok(Evaluation { findings, edited, audit })
    }

    /// A denial of an object's shape stands only where this request brings the defect in.
    async fn lower_known_defects(&self, policy: &Policy, findings: &mut [EngineFinding]) {
        if self.request.sub_resource.is_some() || !findings.iter().any(is_denied_defect) {
            return;
        }
        // What a set leaves behind is the provider's knowledge; a policy of somebody else is held to the old object alone.
        let recreation = self.prepared.recreation && policy.is_trusted();
        let known = if recreation { Vec::new() } else { self.known_defects(policy, findings).await };
        for found in findings.iter_mut().filter(|found| is_denied_defect(found)) {
            if recreation {
                lower(found, " (not denied when a set is created again)");
            } else if known.iter().any(|known| is_defect(found, known)) {
                lower(found, " (not new: the object had this before)");
            }
        }
    }

    /// The defects of the object as it was, asked for as if it were created now: with the facts, and where a denial is left, without
    /// any. A shape has its defect whatever runs at the moment (what is there already lets some of them wait). That is known of our own
    /// policies; one of somebody else may say another thing for lack of facts.
    async fn known_defects(&self, policy: &Policy, denied: &[EngineFinding]) -> Vec<(String, String)> {
        let Some(before) = self.created_before(policy) else { return Vec::new() };
        let prepared = policy.provider().refresh(&before, &self.prepared);
        let without_facts = prepared.without_facts(policy.provider());
        let mut known = self.defects_before(policy, &before, Arc::new(prepared)).await;
        let is_known = |found: &EngineFinding| known.iter().any(|known| is_defect(found, known));
        if policy.is_trusted() && !denied.iter().filter(|found| is_denied_defect(found)).all(is_known) {
            known.extend(self.defects_before(policy, &before, Arc::new(without_facts)).await);
        }
        known
    }

    /// The creation of the object as it was; None where there was none, or the policy does not see creations.
    fn created_before(&self, policy: &Policy) -> Option<Arc<Request>> {
        let (Operation::Update, Some(old)) = (self.request.operation, &self.request.old_object) else { return None };
        let before = Request {
            operation: Operation::Create,
            object: Some(old.clone()),
            old_object: None,
            options: None,
            ..self.request.as_ref().clone()
        };
        policy.knows(Phase::Validate, &before).then(|| Arc::new(before))
    }

    /// Where the policy fails, none is known.
    async fn defects_before(
        &self,
        policy: &Policy,
        before: &Arc<Request>,
        prepared: Arc<Prepared>,
    ) -> Vec<(String, String)> {
        let inputs = policy.inputs(before, &prepared);
        match policy.review(Phase::Validate, inputs, self.input_bytes, Log::Dropped).await {
            Ok(GuestVerdict { answer, .. }) => {
                let named = answer::findings(policy.name(), answer).into_iter();
                // What was not denied then is no defect that was let in.
                let counts = |found: &EngineFinding| policy.is_trusted() || found.finding.level == Level::Deny;
                named.filter(counts).filter_map(|found| Some((found.finding.rule, found.defect?))).collect()
            }
            Err(failure) => {
                log(policy, &self.request, &failure);
                Vec::new()
            }
        }
    }
}

/// For the audit log: what the policy denied is a denial or, in mode warn, a warning.
fn mode(policy: &Policy) -> (String, String) {
    (format!("{}.mode", policy.name()), policy.binding().mode.name().to_owned())
}

fn is_denied_defect(found: &EngineFinding) -> bool {
    found.finding.level == Level::Deny && found.defect.is_some()
}

/// It is that rule's defect of that name.
fn is_defect(found: &EngineFinding, (rule, defect): &(String, String)) -> bool {
    found.finding.rule == *rule && found.defect.as_ref() == Some(defect)
}

fn lower(found: &mut EngineFinding, why: &str) {
    if found.finding.level == Level::Deny {
        found.finding.level = Level::Warn;
        found.finding.message.push_str(why);
    }
}

fn would_patch(policy: &Policy, patch: &Patch) -> Finding {
    let paths = patch::paths(patch);
    let shown: Vec<String> = paths.iter().take(SHOWN_PATHS).map(|path| format!("`{path}`")).collect();
    let more = match paths.len().saturating_sub(SHOWN_PATHS) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let message = one_line(&format!("in mode enforce this would patch {}{more}", shown.join(", ")), MAX_TEXT);
    Finding::new(policy.name(), WOULD_PATCH, Level::Warn, message)
}

fn not_judged(policy: &Policy, request: &Request, failure: &PolicyFailure) -> Finding {
    log(policy, request, failure);
    let message = one_line(&format!("not judged: {failure}"), MAX_TEXT);
    Finding {
        remedy: one_line(&format!("look for uid {} in the log of Quorate", request.uid), MAX_TEXT),
        retry: matches!(failure, PolicyFailure::OutOfTime { .. }),
        ..Finding::new(policy.name(), NOT_JUDGED, Level::NotJudged, message)
    }
}

fn log(policy: &Policy, request: &Request, failure: &PolicyFailure) {
    tracing::error!(policy = policy.name(), uid = %request.uid, failure = failure.name(), detail = failure.detail(), "{failure}");
}
