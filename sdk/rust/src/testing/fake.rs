//! The host of a [`Review`]: answers from it, and writes down what it is told.

use std::cell::RefCell;

use serde_json::Value as Json;

use super::json::Tree;
use super::{Outcome, Review};
use crate::document::Value;
use crate::edits::Edit;
use crate::finding::{Finding, Level};
use crate::host::{DocumentId, FindingId, Host, Operation};
use crate::lookup::Missing;
use crate::request::LogLevel;

pub(super) struct FakeHost<'r> {
    review: &'r Review,
    manifest: Json,
    documents: RefCell<Vec<Tree>>,
    outcome: RefCell<Outcome>,
}

impl<'r> FakeHost<'r> {
    pub(super) fn new(review: &'r Review, manifest: Json) -> Self {
        FakeHost { review, manifest, documents: RefCell::default(), outcome: RefCell::default() }
    }

    pub(super) fn into_outcome(self, result: Result<(), String>) -> Outcome {
        Outcome { not_judged: result.err(), ..self.outcome.into_inner() }
    }

    fn keep(&self, tree: &Tree) -> DocumentId {
        let mut documents = self.documents.borrow_mut();
        documents.push(tree.clone());
        DocumentId((documents.len() - 1) as u32)
    }

    fn found(&self, answer: &Result<Vec<Tree>, Missing>) -> Result<Vec<DocumentId>, Missing> {
        answer.as_ref().map(|trees| trees.iter().map(|tree| self.keep(tree)).collect()).map_err(Clone::clone)
    }

    fn at<T>(&self, id: DocumentId, pointer: &str, read: impl FnOnce(&Tree) -> T) -> Option<T> {
        self.documents.borrow()[id.0 as usize].at(pointer).map(read)
    }

    fn envelope_text(&self, pointer: &str) -> Option<String> {
        self.review.envelope.text(pointer)
    }

    fn required(&self, pointer: &str) -> String {
        self.envelope_text(pointer).unwrap_or_else(|| panic!("the request of this test has no text at {pointer}"))
    }

    fn edit(&self, edit: Edit) {
        self.outcome.borrow_mut().edits.push(edit);
    }

    fn say(&self, id: FindingId, say: impl FnOnce(Finding) -> Finding) {
        let finding = &mut self.outcome.borrow_mut().findings[id.0 as usize];
        *finding = say(finding.clone());
    }
}

/// What this host cannot say exactly.
fn not_offered(what: &str) -> ! {
    panic!("the host of unit tests knows nothing of {what}; test this with `quorate policy test`")
}

impl Host for FakeHost<'_> {
    fn uid(&self) -> String {
        self.required("/uid")
    }

    fn operation(&self) -> Operation {
        let operation = self.required("/operation");
        let all = [Operation::Create, Operation::Update, Operation::Delete, Operation::Connect];
        let known = all.into_iter().find(|known| known.as_str() == operation);
        known.unwrap_or_else(|| panic!("{operation} is no operation of an AdmissionReview"))
    }

    fn origin(&self) -> String {
        "admission".to_owned()
    }

    fn group(&self) -> String {
        self.required("/resource/group")
    }

    fn version(&self) -> String {
        self.required("/resource/version")
    }

    fn resource(&self) -> String {
        self.required("/resource/resource")
    }

    fn sub_resource(&self) -> Option<String> {
        self.envelope_text("/subResource").filter(|name| !name.is_empty())
    }

    fn api_version(&self) -> String {
        let (group, version) = (self.required("/kind/group"), self.required("/kind/version"));
        if group.is_empty() { version } else { format!("{group}/{version}") }
    }

    fn kind(&self) -> String {
        self.required("/kind/kind")
    }

    fn namespace(&self) -> Option<String> {
        self.envelope_text("/namespace").filter(|name| !name.is_empty())
    }

    fn name(&self) -> Option<String> {
        self.envelope_text("/name").filter(|name| !name.is_empty())
    }

    fn user(&self) -> String {
        self.required("/userInfo/username")
    }

    fn in_group(&self, group: &str) -> bool {
        let groups = self.review.envelope.find("/userInfo/groups/*");
        groups.iter().any(|(_, name)| matches!(name, Value::Text(name) if name == group))
    }

    fn dry_run(&self) -> bool {
        self.review.envelope.at("/dryRun").is_some_and(|tree| tree.value() == Value::Boolean(true))
    }

    fn object(&self) -> Option<DocumentId> {
        self.review.object.as_ref().map(|tree| self.keep(tree))
    }

    fn old_object(&self) -> Option<DocumentId> {
        self.review.old_object.as_ref().map(|tree| self.keep(tree))
    }

    fn pod_spec(&self) -> Option<String> {
        let (api_version, kind) = (self.api_version(), self.kind());
        let pointer = match (api_version.as_str(), kind.as_str()) {
            ("v1", "Pod") => "/spec",
            ("apps/v1", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet")
            | ("batch/v1", "Job")
            | ("v1", "ReplicationController") => "/spec/template/spec",
            ("batch/v1", "CronJob") => "/spec/jobTemplate/spec/template/spec",
            _ => not_offered(&format!("where {api_version} {kind} holds a pod")),
        };
        Some(pointer.to_owned())
    }

    fn envelope(&self) -> DocumentId {
        self.keep(&self.review.envelope)
    }

    fn related(&self, name: &str) -> Result<Vec<DocumentId>, Missing> {
        if self.manifest["related"].get(name).is_none() {
            return Err(Missing::NotDeclared);
        }
        let answer = self.review.related.get(name);
        self.found(
            answer.unwrap_or_else(|| panic!("the policy asks for related `{name}`; this test must say what it is")),
        )
    }

    fn facts(&self, name: &str) -> Result<Vec<DocumentId>, Missing> {
        if !self.manifest["facts"].as_array().is_some_and(|facts| facts.iter().any(|fact| fact == name)) {
            return Err(Missing::NotDeclared);
        }
        let answer = self.review.facts.get(name);
        self.found(answer.unwrap_or_else(|| panic!("the policy asks for fact `{name}`; this test must say what it is")))
    }

    fn now(&self) -> u64 {
        self.review.now.expect("the policy asks for the time; this test must say when the request arrives")
    }

    fn cluster_get(&self, _: &str, kind: &str, _: Option<&str>, _: &str) -> Result<DocumentId, Missing> {
        not_offered(&format!("other objects ({kind})"))
    }

    fn cluster_list(&self, _: &str, kind: &str, _: Option<&str>, _: &str) -> Result<Vec<DocumentId>, Missing> {
        not_offered(&format!("other objects ({kind})"))
    }

    fn get(&self, document: DocumentId, pointer: &str) -> Option<Value> {
        self.at(document, pointer, Tree::value)
    }

    fn text(&self, document: DocumentId, pointer: &str) -> Option<String> {
        if let Some(Value::Text(text)) = self.get(document, pointer) { Some(text) } else { None }
    }

    fn integer(&self, document: DocumentId, pointer: &str) -> Option<i64> {
        if let Some(Value::Integer(integer)) = self.get(document, pointer) { Some(integer) } else { None }
    }

    fn boolean(&self, document: DocumentId, pointer: &str) -> Option<bool> {
        if let Some(Value::Boolean(boolean)) = self.get(document, pointer) { Some(boolean) } else { None }
    }

    fn len(&self, document: DocumentId, pointer: &str) -> Option<u32> {
        self.at(document, pointer, Tree::len).flatten()
    }

    fn keys(&self, document: DocumentId, pointer: &str) -> Vec<String> {
        self.at(document, pointer, Tree::keys).unwrap_or_default()
    }

    fn find(&self, document: DocumentId, pattern: &str) -> Vec<(String, Value)> {
        self.at(document, "", |tree| tree.find(pattern)).unwrap_or_default()
    }

    fn json(&self, document: DocumentId, pointer: &str) -> Option<String> {
        self.at(document, pointer, Tree::json)
    }

    fn same(&self, document: DocumentId, pointer: &str, other: DocumentId) -> bool {
        let (one, other) = (self.at(document, pointer, Tree::clone), self.at(other, pointer, Tree::clone));
        match (one, other) {
            (Some(one), Some(other)) => one.same(&other),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        }
    }

    fn add(&self, rule: &str, level: Level, message: &str) -> FindingId {
        let rules = self.manifest["rules"].as_array();
        let is_known = rules.is_some_and(|rules| rules.iter().any(|known| known["id"] == rule));
        assert!(is_known || (rule.is_empty() && level == Level::NotJudged), "`{rule}` is no rule of the manifest");
        let findings = &mut self.outcome.borrow_mut().findings;
        findings.push(Finding::new(rule.to_owned(), level, message.to_owned()));
        FindingId((findings.len() - 1) as u32)
    }

    fn at(&self, finding: FindingId, pointer: &str) {
        self.say(finding, |finding| finding.at(pointer));
    }

    fn remedy(&self, finding: FindingId, text: &str) {
        self.say(finding, |finding| finding.remedy(text));
    }

    fn evidence(&self, finding: FindingId, key: &str, value: &str) {
        self.say(finding, |finding| finding.evidence(key, value));
    }

    fn retry(&self, finding: FindingId, after_seconds: Option<u32>) {
        self.say(finding, |finding| finding.retry(after_seconds));
    }

    fn defect(&self, finding: FindingId, name: &str) {
        self.say(finding, |finding| finding.defect(name));
    }

    fn annotate(&self, key: &str, value: &str) {
        self.outcome.borrow_mut().annotations.push((key.to_owned(), value.to_owned()));
    }

    fn edit_set(&self, pointer: &str, json: &str) {
        self.edit(Edit::Set { pointer: pointer.to_owned(), json: json.to_owned() });
    }

    fn edit_set_text(&self, pointer: &str, text: &str) {
        self.edit(Edit::SetText { pointer: pointer.to_owned(), text: text.to_owned() });
    }

    fn edit_append(&self, pointer: &str, json: &str) {
        self.edit(Edit::Append { pointer: pointer.to_owned(), json: json.to_owned() });
    }

    fn edit_remove(&self, pointer: &str) {
        self.edit(Edit::Remove { pointer: pointer.to_owned() });
    }

    fn edit_patch(&self, rfc6902: &str) {
        self.edit(Edit::Patch { rfc6902: rfc6902.to_owned() });
    }

    fn log(&self, level: LogLevel, message: &str) {
        self.outcome.borrow_mut().log.push((level, message.to_owned()));
    }

    fn image(&self, reference: &str) -> Result<(String, String, Option<String>, Option<String>), String> {
        let parts = self.review.images.get(reference);
        let parts =
            parts.unwrap_or_else(|| panic!("the policy asks for the parts of {reference}; this test must say them"));
        parts.clone().map(|image| (image.registry, image.repository, image.tag, image.digest))
    }

    fn compare_quantity(&self, a: &str, b: &str) -> Result<i8, String> {
        not_offered(&format!("quantities ({a}, {b})"))
    }

    fn selects(&self, _: DocumentId, _: &str, _: DocumentId, _: &str) -> bool {
        not_offered("label selectors")
    }
}
