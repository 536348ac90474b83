//! What the contract gives a guest, one method for each of its functions.
//! Plain types only, so that a native host needs no bindings.

use crate::document::Value;
use crate::finding::Level;
use crate::lookup::Missing;
use crate::request::LogLevel;

/// How the types of this crate hold their host: as a component the one host there is, natively any.
/// Calls of a component are static, so that a function that no policy calls is not imported.
#[cfg(target_arch = "wasm32")]
pub type HostRef<'h> = &'h crate::component::Component;

/// How the types of this crate hold their host: as a component the one host there is, natively any.
/// Calls of a component are static, so that a function that no policy calls is not imported.
#[cfg(not(target_arch = "wasm32"))]
pub type HostRef<'h> = &'h dyn Host;

/// A document that the host holds, for as long as the request lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DocumentId(pub u32);

/// A finding that the host has been told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FindingId(pub u32);

/// What is done to the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// It is made.
    Create,
    /// It is changed.
    Update,
    /// It is deleted, or a collection of it is.
    Delete,
    /// A connection is opened to it: exec, attach, port-forward, proxy.
    Connect,
}

impl Operation {
    /// As Kubernetes writes it: `CREATE`.
    pub fn as_str(self) -> &'static str {
        match self {
            Operation::Create => "CREATE",
            Operation::Update => "UPDATE",
            Operation::Delete => "DELETE",
            Operation::Connect => "CONNECT",
        }
    }
}

/// The host of one request. Policies use [`Request`](crate::Request) and [`Document`](crate::Document), which stand on it.
///
/// The contract's text says what each function means; pointers are RFC 6901.
pub trait Host {
    /// `request.uid`
    fn uid(&self) -> String;
    /// `request.operation`
    fn operation(&self) -> Operation;
    /// `request.origin`
    fn origin(&self) -> String;
    /// `request.group`
    fn group(&self) -> String;
    /// `request.version`
    fn version(&self) -> String;
    /// `request.resource`
    fn resource(&self) -> String;
    /// `request.sub-resource`
    fn sub_resource(&self) -> Option<String>;
    /// `request.api-version`
    fn api_version(&self) -> String;
    /// `request.kind`
    fn kind(&self) -> String;
    /// `request.namespace`
    fn namespace(&self) -> Option<String>;
    /// `request.name`
    fn name(&self) -> Option<String>;
    /// `request.user`
    fn user(&self) -> String;
    /// `request.in-group`
    fn in_group(&self, group: &str) -> bool;
    /// `request.dry-run`
    fn dry_run(&self) -> bool;
    /// `request.object`
    fn object(&self) -> Option<DocumentId>;
    /// `request.old-object`
    fn old_object(&self) -> Option<DocumentId>;
    /// `request.pod-spec`
    fn pod_spec(&self) -> Option<String>;
    /// `request.envelope`
    fn envelope(&self) -> DocumentId;
    /// `request.related`
    fn related(&self, name: &str) -> Result<Vec<DocumentId>, Missing>;

    /// `facts.get`
    fn facts(&self, name: &str) -> Result<Vec<DocumentId>, Missing>;
    /// `time.now`
    fn now(&self) -> u64;
    /// `cluster.get`
    fn cluster_get(
        &self,
        api_version: &str,
        kind: &str,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<DocumentId, Missing>;
    /// `cluster.list`
    fn cluster_list(
        &self,
        api_version: &str,
        kind: &str,
        namespace: Option<&str>,
        selector: &str,
    ) -> Result<Vec<DocumentId>, Missing>;

    /// `document.get`
    fn get(&self, document: DocumentId, pointer: &str) -> Option<Value>;
    /// `document.text`
    fn text(&self, document: DocumentId, pointer: &str) -> Option<String>;
    /// `document.integer`
    fn integer(&self, document: DocumentId, pointer: &str) -> Option<i64>;
    /// `document.boolean`
    fn boolean(&self, document: DocumentId, pointer: &str) -> Option<bool>;
    /// `document.len`
    fn len(&self, document: DocumentId, pointer: &str) -> Option<u32>;
    /// `document.keys`
    fn keys(&self, document: DocumentId, pointer: &str) -> Vec<String>;
    /// `document.find`
    fn find(&self, document: DocumentId, pattern: &str) -> Vec<(String, Value)>;
    /// `document.json`
    fn json(&self, document: DocumentId, pointer: &str) -> Option<String>;
    /// `document.same`
    fn same(&self, document: DocumentId, pointer: &str, other: DocumentId) -> bool;

    /// `verdicts.add`
    fn add(&self, rule: &str, level: Level, message: &str) -> FindingId;
    /// `finding.at`
    fn at(&self, finding: FindingId, pointer: &str);
    /// `finding.remedy`
    fn remedy(&self, finding: FindingId, text: &str);
    /// `finding.evidence`
    fn evidence(&self, finding: FindingId, key: &str, value: &str);
    /// `finding.retry`
    fn retry(&self, finding: FindingId, after_seconds: Option<u32>);
    /// `finding.defect`
    fn defect(&self, finding: FindingId, name: &str);
    /// `verdicts.annotate`
    fn annotate(&self, key: &str, value: &str);

    /// `edits.set`
    fn edit_set(&self, pointer: &str, json: &str);
    /// `edits.set-text`
    fn edit_set_text(&self, pointer: &str, text: &str);
    /// `edits.append`
    fn edit_append(&self, pointer: &str, json: &str);
    /// `edits.remove`
    fn edit_remove(&self, pointer: &str);
    /// `edits.patch`
    fn edit_patch(&self, rfc6902: &str);

    /// `log.write`
    fn log(&self, level: LogLevel, message: &str);

    /// `kubernetes.image`: registry, repository, tag, digest.
    fn image(&self, reference: &str) -> Result<(String, String, Option<String>, Option<String>), String>;
    /// `kubernetes.compare-quantity`: -1, 0, 1.
    fn compare_quantity(&self, a: &str, b: &str) -> Result<i8, String>;
    /// `kubernetes.selects`
    fn selects(&self, selector: DocumentId, at: &str, labels: DocumentId, labels_at: &str) -> bool;
}
