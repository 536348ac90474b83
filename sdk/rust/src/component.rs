//! The host of a component: [`Host`] by the functions that it imports.
//! Holds the handles of one call, and gives them back when the call ends.

use std::cell::RefCell;

use crate::bindings::guest::exports::quorate::policy::guest::SettingsError as WireSettingsError;
use crate::bindings::imports::quorate::policy::{
    cluster, edits, facts, kubernetes, log, request, time, types, verdicts,
};
use crate::document::Value;
use crate::finding::Level;
use crate::host::{DocumentId, FindingId, Host, Operation};
use crate::lookup::Missing;
use crate::request::LogLevel;
use crate::settings::SettingsError;

/// The host of one call.
#[derive(Default)]
pub struct Component {
    documents: RefCell<Vec<types::Document>>,
    findings: RefCell<Vec<verdicts::Finding>>,
}

/// Before anything else in an instance: what a panic says goes to the log.
pub fn start() {
    #[cfg(feature = "panic-message")]
    std::panic::set_hook(Box::new(|panic| log::write(log::Severity::Error, &panic.to_string())));
}

/// Errors of the settings, for the host.
pub fn settings_errors(errors: Vec<SettingsError>) -> Vec<WireSettingsError> {
    errors.into_iter().map(|SettingsError { pointer, message }| WireSettingsError { pointer, message }).collect()
}

impl Component {
    /// For one call.
    pub fn new() -> Self {
        Self::default()
    }

    fn keep(&self, document: types::Document) -> DocumentId {
        let mut documents = self.documents.borrow_mut();
        documents.push(document);
        DocumentId((documents.len() - 1) as u32)
    }

    fn keep_all(&self, documents: Vec<types::Document>) -> Vec<DocumentId> {
        documents.into_iter().map(|document| self.keep(document)).collect()
    }

    fn found(&self, answer: Result<Vec<types::Document>, types::Missing>) -> Result<Vec<DocumentId>, Missing> {
        answer.map(|documents| self.keep_all(documents)).map_err(missing)
    }

    fn read<T>(&self, id: DocumentId, read: impl FnOnce(&types::Document) -> T) -> T {
        with(&self.documents, id.0, read)
    }

    fn say(&self, id: FindingId, say: impl FnOnce(&verdicts::Finding)) {
        with(&self.findings, id.0, say);
    }
}

#[expect(clippy::expect_used, reason = "ids are made here, and live as long as what they name")]
fn with<T, R>(kept: &RefCell<Vec<T>>, id: u32, work: impl FnOnce(&T) -> R) -> R {
    work(kept.borrow().get(id as usize).expect("an id of this call"))
}

impl Host for Component {
    fn uid(&self) -> String {
        request::uid()
    }

    fn operation(&self) -> Operation {
        match request::operation() {
            types::OperationKind::Create => Operation::Create,
            types::OperationKind::Update => Operation::Update,
            types::OperationKind::Delete => Operation::Delete,
            types::OperationKind::Connect => Operation::Connect,
        }
    }

    fn origin(&self) -> String {
        request::origin()
    }

    fn group(&self) -> String {
        request::group()
    }

    fn version(&self) -> String {
        request::version()
    }

    fn resource(&self) -> String {
        request::resource()
    }

    fn sub_resource(&self) -> Option<String> {
        request::sub_resource()
    }

    fn api_version(&self) -> String {
        request::api_version()
    }

    fn kind(&self) -> String {
        request::kind()
    }

    fn namespace(&self) -> Option<String> {
        request::namespace()
    }

    fn name(&self) -> Option<String> {
        request::name()
    }

    fn user(&self) -> String {
        request::user()
    }

    fn in_group(&self, group: &str) -> bool {
        request::in_group(group)
    }

    fn dry_run(&self) -> bool {
        request::dry_run()
    }

    fn object(&self) -> Option<DocumentId> {
        request::object().map(|document| self.keep(document))
    }

    fn old_object(&self) -> Option<DocumentId> {
        request::old_object().map(|document| self.keep(document))
    }

    fn pod_spec(&self) -> Option<String> {
        request::pod_spec()
    }

    fn envelope(&self) -> DocumentId {
        self.keep(request::envelope())
    }

    fn related(&self, name: &str) -> Result<Vec<DocumentId>, Missing> {
        self.found(request::related(name))
    }

    fn facts(&self, name: &str) -> Result<Vec<DocumentId>, Missing> {
        self.found(facts::get(name))
    }

    fn now(&self) -> u64 {
        time::now()
    }

    fn cluster_get(
        &self,
        api_version: &str,
        kind: &str,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<DocumentId, Missing> {
        cluster::get(api_version, kind, namespace, name).map(|document| self.keep(document)).map_err(missing)
    }

    fn cluster_list(
        &self,
        api_version: &str,
        kind: &str,
        namespace: Option<&str>,
        selector: &str,
    ) -> Result<Vec<DocumentId>, Missing> {
        self.found(cluster::list(api_version, kind, namespace, selector))
    }

    fn get(&self, document: DocumentId, pointer: &str) -> Option<Value> {
        self.read(document, |document| document.get(pointer)).map(value)
    }

    fn text(&self, document: DocumentId, pointer: &str) -> Option<String> {
        self.read(document, |document| document.text(pointer))
    }

    fn integer(&self, document: DocumentId, pointer: &str) -> Option<i64> {
        self.read(document, |document| document.integer(pointer))
    }

    fn boolean(&self, document: DocumentId, pointer: &str) -> Option<bool> {
        self.read(document, |document| document.boolean(pointer))
    }

    fn len(&self, document: DocumentId, pointer: &str) -> Option<u32> {
        self.read(document, |document| document.len(pointer))
    }

    fn keys(&self, document: DocumentId, pointer: &str) -> Vec<String> {
        self.read(document, |document| document.keys(pointer))
    }

    fn find(&self, document: DocumentId, pattern: &str) -> Vec<(String, Value)> {
        let matches = self.read(document, |document| document.find(pattern));
        matches.into_iter().map(|(pointer, found)| (pointer, value(found))).collect()
    }

    fn json(&self, document: DocumentId, pointer: &str) -> Option<String> {
        self.read(document, |document| document.json(pointer))
    }

    fn same(&self, document: DocumentId, pointer: &str, other: DocumentId) -> bool {
        self.read(document, |document| self.read(other, |other| document.same(pointer, other)))
    }

    fn add(&self, rule: &str, level: Level, message: &str) -> FindingId {
        let level = match level {
            Level::Deny => verdicts::Level::Deny,
            Level::NotJudged => verdicts::Level::NotJudged,
            Level::Warn => verdicts::Level::Warn,
        };
        let mut findings = self.findings.borrow_mut();
        findings.push(verdicts::add(rule, level, message));
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
        verdicts::annotate(key, value);
    }

    fn edit_set(&self, pointer: &str, json: &str) {
        edits::set(pointer, json);
    }

    fn edit_set_text(&self, pointer: &str, text: &str) {
        edits::set_text(pointer, text);
    }

    fn edit_append(&self, pointer: &str, json: &str) {
        edits::append(pointer, json);
    }

    fn edit_remove(&self, pointer: &str) {
        edits::remove(pointer);
    }

    fn edit_patch(&self, rfc6902: &str) {
        edits::patch(rfc6902);
    }

    fn log(&self, level: LogLevel, message: &str) {
        let severity = match level {
            LogLevel::Debug => log::Severity::Debug,
            LogLevel::Info => log::Severity::Info,
            LogLevel::Warn => log::Severity::Warn,
            LogLevel::Error => log::Severity::Error,
        };
        log::write(severity, message);
    }

    fn image(&self, reference: &str) -> Result<(String, String, Option<String>, Option<String>), String> {
        kubernetes::image(reference)
    }

    fn compare_quantity(&self, a: &str, b: &str) -> Result<i8, String> {
        kubernetes::compare_quantity(a, b)
    }

    fn selects(&self, selector: DocumentId, at: &str, labels: DocumentId, labels_at: &str) -> bool {
        self.read(selector, |selector| self.read(labels, |labels| kubernetes::selects(selector, at, labels, labels_at)))
    }
}

fn value(value: types::Value) -> Value {
    match value {
        types::Value::Null => Value::Null,
        types::Value::Boolean(value) => Value::Boolean(value),
        types::Value::Integer(value) => Value::Integer(value),
        types::Value::Number(value) => Value::Number(value),
        types::Value::Big(text) => Value::Big(text),
        types::Value::Text(text) => Value::Text(text),
        types::Value::Json(text) => Value::Json(text),
    }
}

fn missing(missing: types::Missing) -> Missing {
    match missing {
        types::Missing::Absent => Missing::Absent,
        types::Missing::NotDeclared => Missing::NotDeclared,
        types::Missing::NotGranted => Missing::NotGranted,
        types::Missing::NotReady => Missing::NotReady,
        types::Missing::Failed(why) => Missing::Failed(why),
    }
}
