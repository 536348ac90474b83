//! The contract's imports, handed on to the call's context. A [`Misuse`] traps.
//! Decides nothing.

use kubernetes::image::Image;
use kubernetes::quantity::Quantity;
use kubernetes::verdict::Level;
use wasmtime::component::Resource;

use super::{DocumentHandle, DocumentId, FindingHandle, FindingId, Found, MAX_SPOKEN, Missing, Value};
use crate::guest_state::GuestState;
use crate::wit::{edits, facts, kubernetes as helpers, log, request, time, types, verdicts};
use kubernetes::admission::{Operation, Request};

/// Registry, repository, tag, digest.
type ImageParts = (String, String, Option<String>, Option<String>);
type Trapping<T> = wasmtime::Result<T>;
type Document = Resource<DocumentHandle>;
type Finding = Resource<FindingHandle>;

fn id(document: &Document) -> DocumentId {
    DocumentId(document.rep())
}

fn handle(DocumentId(number): DocumentId) -> Document {
    Resource::new_own(number)
}

fn found(found: Found) -> Result<Vec<Document>, types::Missing> {
    found.map(|documents| documents.into_iter().map(handle).collect()).map_err(|missing| match missing {
        Missing::Absent => types::Missing::Absent,
        Missing::NotDeclared => types::Missing::NotDeclared,
        Missing::NotGranted => types::Missing::NotGranted,
        Missing::NotReady => types::Missing::NotReady,
        Missing::Failed(why) => types::Missing::Failed(why),
    })
}

fn value(value: Value) -> types::Value {
    match value {
        Value::Null => types::Value::Null,
        Value::Boolean(value) => types::Value::Boolean(value),
        Value::Integer(value) => types::Value::Integer(value),
        Value::Number(value) => types::Value::Number(value),
        Value::Big(text) => types::Value::Big(text),
        Value::Text(text) => types::Value::Text(text),
        Value::Json(text) => types::Value::Json(text),
    }
}

impl types::Host for GuestState {}

impl types::HostDocument for GuestState {
    fn get(&mut self, this: Document, pointer: String) -> Trapping<Option<types::Value>> {
        Ok(self.call.get(id(&this), &pointer)?.map(value))
    }

    fn text(&mut self, this: Document, pointer: String) -> Trapping<Option<String>> {
        Ok(self.call.text(id(&this), &pointer)?)
    }

    fn integer(&mut self, this: Document, pointer: String) -> Trapping<Option<i64>> {
        Ok(self.call.integer(id(&this), &pointer)?)
    }

    fn boolean(&mut self, this: Document, pointer: String) -> Trapping<Option<bool>> {
        Ok(self.call.boolean(id(&this), &pointer)?)
    }

    fn len(&mut self, this: Document, pointer: String) -> Trapping<Option<u32>> {
        Ok(self.call.len(id(&this), &pointer)?)
    }

    fn keys(&mut self, this: Document, pointer: String) -> Trapping<Vec<String>> {
        Ok(self.call.keys(id(&this), &pointer)?)
    }

    fn find(&mut self, this: Document, pattern: String) -> Trapping<Vec<(String, types::Value)>> {
        let found = self.call.find(id(&this), &pattern)?;
        Ok(found.into_iter().map(|(pointer, found)| (pointer, value(found))).collect())
    }

    fn json(&mut self, this: Document, pointer: String) -> Trapping<Option<String>> {
        Ok(self.call.json(id(&this), &pointer)?)
    }

    fn same(&mut self, this: Document, pointer: String, other: Document) -> Trapping<bool> {
        Ok(self.call.same(id(&this), &pointer, id(&other))?)
    }

    /// What was opened stays so to the end of the call.
    fn drop(&mut self, _this: Document) -> Trapping<()> {
        Ok(())
    }
}

/// A part of the request, as a text of the guest's own.
macro_rules! of_request {
    ($state:ident, $function:literal, $read:expr) => {{
        let read: fn(&Request) -> _ = $read;
        Ok($state.call.request(concat!("request.", $function)).map(read)?)
    }};
}

impl request::Host for GuestState {
    fn uid(&mut self) -> Trapping<String> {
        of_request!(self, "uid", |request| request.uid.clone())
    }

    fn operation(&mut self) -> Trapping<types::OperationKind> {
        of_request!(self, "operation", |request| match request.operation {
            Operation::Create => types::OperationKind::Create,
            Operation::Update => types::OperationKind::Update,
            Operation::Delete => types::OperationKind::Delete,
            Operation::Connect => types::OperationKind::Connect,
        })
    }

    fn origin(&mut self) -> Trapping<String> {
        of_request!(self, "origin", |request| request.origin.name().to_owned())
    }

    fn group(&mut self) -> Trapping<String> {
        of_request!(self, "group", |request| request.resource.group.clone())
    }

    fn version(&mut self) -> Trapping<String> {
        of_request!(self, "version", |request| request.resource.version.clone())
    }

    fn resource(&mut self) -> Trapping<String> {
        of_request!(self, "resource", |request| request.resource.resource.clone())
    }

    fn sub_resource(&mut self) -> Trapping<Option<String>> {
        of_request!(self, "sub-resource", |request| request.sub_resource.clone())
    }

    fn api_version(&mut self) -> Trapping<String> {
        of_request!(self, "api-version", |request| request.kind.api_version())
    }

    fn kind(&mut self) -> Trapping<String> {
        of_request!(self, "kind", |request| request.kind.kind.clone())
    }

    fn namespace(&mut self) -> Trapping<Option<String>> {
        of_request!(self, "namespace", |request| request.namespace.clone())
    }

    fn name(&mut self) -> Trapping<Option<String>> {
        of_request!(self, "name", |request| request.name.clone())
    }

    fn user(&mut self) -> Trapping<String> {
        of_request!(self, "user", |request| request.username.clone())
    }

    fn in_group(&mut self, group: String) -> Trapping<bool> {
        Ok(self.call.request("request.in-group")?.groups.contains(&group))
    }

    fn dry_run(&mut self) -> Trapping<bool> {
        of_request!(self, "dry-run", |request| request.dry_run)
    }

    fn object(&mut self) -> Trapping<Option<Document>> {
        Ok(self.call.object()?.map(handle))
    }

    fn old_object(&mut self) -> Trapping<Option<Document>> {
        Ok(self.call.old_object()?.map(handle))
    }

    fn pod_spec(&mut self) -> Trapping<Option<String>> {
        of_request!(self, "pod-spec", |request| request.pod_spec().map(str::to_owned))
    }

    fn envelope(&mut self) -> Trapping<Document> {
        Ok(handle(self.call.envelope()?))
    }

    fn related(&mut self, name: String) -> Trapping<Result<Vec<Document>, types::Missing>> {
        Ok(found(self.call.related(&name)?))
    }
}

impl facts::Host for GuestState {
    fn get(&mut self, name: String) -> Trapping<Result<Vec<Document>, types::Missing>> {
        Ok(found(self.call.facts(&name)?))
    }
}

impl verdicts::Host for GuestState {
    fn add(&mut self, rule: String, level: verdicts::Level, message: String) -> Trapping<Finding> {
        let level = match level {
            verdicts::Level::Deny => Level::Deny,
            verdicts::Level::NotJudged => Level::NotJudged,
            verdicts::Level::Warn => Level::Warn,
        };
        let FindingId(number) = self.call.add(&rule, level, &message)?;
        Ok(Resource::new_own(number))
    }

    fn annotate(&mut self, key: String, value: String) -> Trapping<()> {
        Ok(self.call.annotate(&key, &value)?)
    }
}

impl verdicts::HostFinding for GuestState {
    fn at(&mut self, this: Finding, pointer: String) -> Trapping<()> {
        Ok(self.call.at(FindingId(this.rep()), &pointer)?)
    }

    fn remedy(&mut self, this: Finding, text: String) -> Trapping<()> {
        self.call.remedy(FindingId(this.rep()), &text);
        Ok(())
    }

    fn evidence(&mut self, this: Finding, key: String, value: String) -> Trapping<()> {
        self.call.evidence(FindingId(this.rep()), &key, &value);
        Ok(())
    }

    fn retry(&mut self, this: Finding, after_seconds: Option<u32>) -> Trapping<()> {
        self.call.retry(FindingId(this.rep()), after_seconds);
        Ok(())
    }

    fn defect(&mut self, this: Finding, name: String) -> Trapping<()> {
        Ok(self.call.defect(FindingId(this.rep()), &name)?)
    }

    /// What was said stays.
    fn drop(&mut self, _this: Finding) -> Trapping<()> {
        Ok(())
    }
}

impl edits::Host for GuestState {
    fn set(&mut self, pointer: String, json: String) -> Trapping<()> {
        Ok(self.call.set(&pointer, &json)?)
    }

    fn set_text(&mut self, pointer: String, text: String) -> Trapping<()> {
        Ok(self.call.set_text(&pointer, &text)?)
    }

    fn append(&mut self, pointer: String, json: String) -> Trapping<()> {
        Ok(self.call.append(&pointer, &json)?)
    }

    fn remove(&mut self, pointer: String) -> Trapping<()> {
        Ok(self.call.remove(&pointer)?)
    }

    fn patch(&mut self, rfc6902: String) -> Trapping<()> {
        Ok(self.call.patch(&rfc6902)?)
    }
}

impl log::Host for GuestState {
    fn write(&mut self, severity: log::Severity, message: String) -> Trapping<()> {
        self.write_log(severity, &message);
        Ok(())
    }
}

impl helpers::Host for GuestState {
    fn image(&mut self, reference: String) -> Trapping<Result<ImageParts, String>> {
        if reference.len() > MAX_SPOKEN {
            return Ok(Err("it is too long for the reference of an image".to_owned()));
        }
        Ok(Image::parse(&reference)
            .map(|image| (image.registry, image.repository, image.tag, image.digest))
            .map_err(|error| error.to_string()))
    }

    fn compare_quantity(&mut self, a: String, b: String) -> Trapping<Result<i8, String>> {
        let parsed = |text: &str| Quantity::parse(text).map_err(|error| error.to_string());
        Ok(parsed(&a).and_then(|a| Ok(a.cmp(&parsed(&b)?) as i8)))
    }

    fn selects(&mut self, selector: Document, at: String, labels: Document, labels_at: String) -> Trapping<bool> {
        Ok(self.call.selects(id(&selector), &at, id(&labels), &labels_at)?)
    }
}

impl time::Host for GuestState {
    fn now(&mut self) -> Trapping<u64> {
        Ok(self.call.now()?)
    }
}
