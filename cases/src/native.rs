//! A policy run natively, on the host's own reading of a call: the same functions as for the component, without wasm between.
//! Does not know what a policy says.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use kubernetes::admission::{Phase, Request};
use kubernetes::image::Image;
use kubernetes::quantity::Quantity;
use kubernetes::verdict::Level;
use quorate_contract::{Manifest, Settings};
use quorate_engine::host::{self, CallContext, CallInputs, GuestAnswer, Misuse, Stage};
use quorate_engine::{GuestVerdict, PolicyLimits, Prepared};
use quorate_policy::{DocumentId, FindingId, Host, Missing, Mutate, Operation, Policy, Validate, Value, shell};
use serde_json::Value as Json;

/// What a policy says of a request in one phase, told to the host as its component would.
///
/// # Panics
/// When the policy calls the host wrongly, or its manifest or the settings are refused: it is for tests.
pub(crate) fn run<P: Validate + Mutate>(
    phase: Phase,
    request: &Request,
    prepared: &Prepared,
    settings: &Json,
) -> GuestVerdict {
    let manifest = manifest::<P>();
    let settings = settings_of::<P>(&manifest, settings, request.namespace.as_deref());
    let (request, prepared) = (Arc::new(request.clone()), Arc::new(prepared.clone()));
    let host = NativeHost(RefCell::new(CallContext::of(CallInputs { request, prepared, manifest }, limits())));
    let outcome = match phase {
        Phase::Mutate => {
            host.0.borrow_mut().enter(Stage::Mutate);
            shell::mutate::<P>(&host, Some(&settings))
        }
        Phase::Validate => {
            host.0.borrow_mut().enter(Stage::Validate);
            shell::validate::<P>(&host, Some(&settings))
        }
    };
    let mut call = host.0.into_inner();
    if let Err(why) = outcome {
        call.cannot_judge(&why);
    }
    let (answer, edits): (GuestAnswer, _) = call.into_answer();
    GuestVerdict { answer, edits, instructions: None }
}

/// Of a process, each policy's once: reading it parses a schema.
#[expect(clippy::panic, reason = "a test whose policy has no manifest fails")]
fn manifest<P: Policy>() -> Arc<Manifest> {
    static KNOWN: Mutex<BTreeMap<String, Arc<Manifest>>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let read = || {
        let text = shell::manifest::<P>();
        Arc::new(Manifest::parse(&text).unwrap_or_else(|error| panic!("{error}")))
    };
    known.entry(std::any::type_name::<P>().to_owned()).or_insert_with(read).clone()
}

#[expect(clippy::panic, reason = "a test whose settings are wrong fails")]
fn settings_of<P: Policy>(manifest: &Manifest, settings: &Json, namespace: Option<&str>) -> P::Settings {
    let settings = Settings::new(&manifest.settings, settings).unwrap_or_else(|problems| panic!("{problems:?}"));
    shell::configure::<P>(settings.in_namespace(namespace)).unwrap_or_else(|errors| panic!("{errors:?}"))
}

/// Room for every finding of a case.
fn limits() -> PolicyLimits {
    PolicyLimits { findings: 1024, ..PolicyLimits::default() }
}

/// The host, called without wasm.
struct NativeHost(RefCell<CallContext>);

impl NativeHost {
    #[expect(clippy::panic, reason = "a component would trap, and its test fail")]
    fn call<T>(&self, call: impl FnOnce(&mut CallContext) -> Result<T, Misuse>) -> T {
        call(&mut self.0.borrow_mut()).unwrap_or_else(|misuse| panic!("the policy called the host wrongly: {misuse}"))
    }

    fn request<T>(&self, function: &'static str, read: impl FnOnce(&Request) -> T) -> T {
        self.call(|call| call.request(function).map(read))
    }
}

fn id(document: DocumentId) -> host::DocumentId {
    host::DocumentId(document.0)
}

fn opened(document: host::DocumentId) -> DocumentId {
    DocumentId(document.0)
}

fn finding(finding: FindingId) -> host::FindingId {
    host::FindingId(finding.0)
}

fn found(found: host::Found) -> Result<Vec<DocumentId>, Missing> {
    found.map(|documents| documents.into_iter().map(opened).collect()).map_err(|missing| match missing {
        host::Missing::Absent => Missing::Absent,
        host::Missing::NotDeclared => Missing::NotDeclared,
        host::Missing::NotGranted => Missing::NotGranted,
        host::Missing::NotReady => Missing::NotReady,
        host::Missing::Failed(why) => Missing::Failed(why),
    })
}

fn value(value: host::Value) -> Value {
    match value {
        host::Value::Null => Value::Null,
        host::Value::Boolean(value) => Value::Boolean(value),
        host::Value::Integer(value) => Value::Integer(value),
        host::Value::Number(value) => Value::Number(value),
        host::Value::Big(text) => Value::Big(text),
        host::Value::Text(text) => Value::Text(text),
        host::Value::Json(text) => Value::Json(text),
    }
}

impl Host for NativeHost {
    fn uid(&self) -> String {
        self.request("request.uid", |request| request.uid.clone())
    }

    fn operation(&self) -> Operation {
        use kubernetes::admission::Operation as Asked;
        self.request("request.operation", |request| match request.operation {
            Asked::Create => Operation::Create,
            Asked::Update => Operation::Update,
            Asked::Delete => Operation::Delete,
            Asked::Connect => Operation::Connect,
        })
    }

    fn origin(&self) -> String {
        self.request("request.origin", |request| request.origin.name().to_owned())
    }

    fn group(&self) -> String {
        self.request("request.group", |request| request.resource.group.clone())
    }

    fn version(&self) -> String {
        self.request("request.version", |request| request.resource.version.clone())
    }

    fn resource(&self) -> String {
        self.request("request.resource", |request| request.resource.resource.clone())
    }

    fn sub_resource(&self) -> Option<String> {
        self.request("request.sub-resource", |request| request.sub_resource.clone())
    }

    fn api_version(&self) -> String {
        self.request("request.api-version", |request| request.kind.api_version())
    }

    fn kind(&self) -> String {
        self.request("request.kind", |request| request.kind.kind.clone())
    }

    fn namespace(&self) -> Option<String> {
        self.request("request.namespace", |request| request.namespace.clone())
    }

    fn name(&self) -> Option<String> {
        self.request("request.name", |request| request.name.clone())
    }

    fn user(&self) -> String {
        self.request("request.user", |request| request.username.clone())
    }

    fn in_group(&self, group: &str) -> bool {
        self.request("request.in-group", |request| request.groups.iter().any(|own| own == group))
    }

    fn dry_run(&self) -> bool {
        self.request("request.dry-run", |request| request.dry_run)
    }

    fn object(&self) -> Option<DocumentId> {
        self.call(CallContext::object).map(opened)
    }

    fn old_object(&self) -> Option<DocumentId> {
        self.call(CallContext::old_object).map(opened)
    }

    fn pod_spec(&self) -> Option<String> {
        self.request("request.pod-spec", |request| request.pod_spec().map(str::to_owned))
    }

    fn envelope(&self) -> DocumentId {
        opened(self.call(CallContext::envelope))
    }

    fn related(&self, name: &str) -> Result<Vec<DocumentId>, Missing> {
        found(self.call(|call| call.related(name)))
    }

    fn facts(&self, name: &str) -> Result<Vec<DocumentId>, Missing> {
        found(self.call(|call| call.facts(name)))
    }

    fn now(&self) -> u64 {
        self.call(|call| call.now())
    }

    fn cluster_get(&self, _: &str, _: &str, _: Option<&str>, _: &str) -> Result<DocumentId, Missing> {
        Err(Missing::NotGranted)
    }

    fn cluster_list(&self, _: &str, _: &str, _: Option<&str>, _: &str) -> Result<Vec<DocumentId>, Missing> {
        Err(Missing::NotGranted)
    }

    fn get(&self, document: DocumentId, pointer: &str) -> Option<Value> {
        self.call(|call| call.get(id(document), pointer)).map(value)
    }

    fn text(&self, document: DocumentId, pointer: &str) -> Option<String> {
        self.call(|call| call.text(id(document), pointer))
    }

    fn integer(&self, document: DocumentId, pointer: &str) -> Option<i64> {
        self.call(|call| call.integer(id(document), pointer))
    }

    fn boolean(&self, document: DocumentId, pointer: &str) -> Option<bool> {
        self.call(|call| call.boolean(id(document), pointer))
    }

    fn len(&self, document: DocumentId, pointer: &str) -> Option<u32> {
        self.call(|call| call.len(id(document), pointer))
    }

    fn keys(&self, document: DocumentId, pointer: &str) -> Vec<String> {
        self.call(|call| call.keys(id(document), pointer))
    }

    fn find(&self, document: DocumentId, pattern: &str) -> Vec<(String, Value)> {
        let found = self.call(|call| call.find(id(document), pattern));
        found.into_iter().map(|(pointer, found)| (pointer, value(found))).collect()
    }

    fn json(&self, document: DocumentId, pointer: &str) -> Option<String> {
        self.call(|call| call.json(id(document), pointer))
    }

    fn same(&self, document: DocumentId, pointer: &str, other: DocumentId) -> bool {
        self.call(|call| call.same(id(document), pointer, id(other)))
    }

    fn add(&self, rule: &str, level: quorate_policy::Level, message: &str) -> FindingId {
        let level = match level {
            quorate_policy::Level::Deny => Level::Deny,
            quorate_policy::Level::NotJudged => Level::NotJudged,
            quorate_policy::Level::Warn => Level::Warn,
        };
        FindingId(self.call(|call| call.add(rule, level, message)).0)
    }

    fn at(&self, of: FindingId, pointer: &str) {
        self.call(|call| call.at(finding(of), pointer));
    }

    fn remedy(&self, of: FindingId, text: &str) {
        self.0.borrow_mut().remedy(finding(of), text);
    }

    fn evidence(&self, of: FindingId, key: &str, value: &str) {
        self.0.borrow_mut().evidence(finding(of), key, value);
    }

    fn retry(&self, of: FindingId, after_seconds: Option<u32>) {
        self.0.borrow_mut().retry(finding(of), after_seconds);
    }

    fn defect(&self, of: FindingId, name: &str) {
        self.call(|call| call.defect(finding(of), name));
    }

    fn annotate(&self, key: &str, value: &str) {
        self.call(|call| call.annotate(key, value));
    }

    fn edit_set(&self, pointer: &str, json: &str) {
        self.call(|call| call.set(pointer, json));
    }

    fn edit_set_text(&self, pointer: &str, text: &str) {
        self.call(|call| call.set_text(pointer, text));
    }

    fn edit_append(&self, pointer: &str, json: &str) {
        self.call(|call| call.append(pointer, json));
    }

    fn edit_remove(&self, pointer: &str) {
        self.call(|call| call.remove(pointer));
    }

    fn edit_patch(&self, rfc6902: &str) {
        self.call(|call| call.patch(rfc6902));
    }

    /// A log is no part of a verdict.
    fn log(&self, _: quorate_policy::LogLevel, _: &str) {}

    fn image(&self, reference: &str) -> Result<(String, String, Option<String>, Option<String>), String> {
        Image::parse(reference)
            .map(|image| (image.registry, image.repository, image.tag, image.digest))
            .map_err(|error| error.to_string())
    }

    fn compare_quantity(&self, a: &str, b: &str) -> Result<i8, String> {
        let parsed = |text: &str| Quantity::parse(text).map_err(|error| error.to_string());
        Ok(parsed(a)?.cmp(&parsed(b)?) as i8)
    }

    fn selects(&self, selector: DocumentId, at: &str, labels: DocumentId, labels_at: &str) -> bool {
        self.call(|call| call.selects(id(selector), at, id(labels), labels_at))
    }
}
