//! The object behind a sub-resource or a reference, from a manifest: the StatefulSet of a Scale, an Eviction or an HPA; for the deletion of
//! what sets need, a list of those that do. Refuses one that is not the review's; what it means for the verdict is for the policies.

use std::path::Path;

use kubernetes::admission::Request;
use kubernetes::list;
use kubernetes::lookup::Lookup;
use kubernetes::manifest;
use kubernetes::related::Related;
use kubernetes::request::{Dependency, RequestKind};
use quorate_facts::{ObjectSource, RelatedFuture, found, known};
use rqlite::change::looks_like_pod_of;
use rqlite::dependencies::Dependencies;
use serde::Deserialize;
use serde_json::Value;

use kubernetes::text::printable;
use quorate_check::input::{self, InputReadError};

/// The StatefulSets of a manifest: one, a list, or those of a whole release.
#[derive(Debug)]
pub(crate) struct Parents(Vec<ParentSet>);

#[derive(Debug)]
struct ParentSet {
    name: String,
    /// A manifest need not say it: then it goes wherever it is applied.
    namespace: Option<String>,
    json: String,
    /// None: it does not run rqlite.
    dependencies: Option<Dependencies>,
}

/// A `--parent` that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ParentError {
    #[error(transparent)]
    Unreadable(#[from] InputReadError),
    #[error("found {found}, expected a StatefulSet of apps/v1")]
    NotAStatefulSet { found: String },
    #[error("found a StatefulSet without `metadata.name`")]
    Nameless,
    #[error("found {found}, but {wanted} is behind the review")]
    NotTheReviews { found: String, wanted: String },
}

impl Parents {
    /// Reads a manifest, YAML or JSON.
    pub(crate) fn read(path: &Path) -> Result<Self, ParentError> {
        Self::from_documents(input::parse_yaml(&input::read_text(path)?)?)
    }

    fn from_documents(documents: Vec<Value>) -> Result<Self, ParentError> {
        let (sets, others): (Vec<Value>, Vec<Value>) =
            documents.into_iter().flat_map(items).partition(|document| kind_of(document) == "StatefulSet of apps/v1");
        if sets.is_empty() {
            let found = others
                .first()
                .map_or_else(|| "no document".to_owned(), |other| printable(&kind_of(other)).into_owned());
            return Err(ParentError::NotAStatefulSet { found });
        }
        sets.iter().map(ParentSet::from_manifest).collect::<Result<_, _>>().map(Self)
    }

    /// Refuses manifests of which none is the review's: neither behind it, nor the StatefulSet under review itself.
    pub(crate) fn check(&self, request: &Request) -> Result<(), ParentError> {
        match itself(request).or_else(|| Lookup::of(request)) {
            Some(wanted) if self.are(&wanted).next().is_none() => Err(self.mismatch(&wanted)),
            Some(_) | None => Ok(()),
        }
    }

    fn are(&self, wanted: &Lookup) -> impl Iterator<Item = &ParentSet> {
        self.0.iter().filter(|set| set.is(wanted))
    }

    fn mismatch(&self, wanted: &Lookup) -> ParentError {
        let (namespace, wanted) = match wanted {
            Lookup::Object { group, kind, namespace, name, .. } => {
                let of = if matches!(group.as_str(), "" | "apps") { String::new() } else { format!(" of {group}") };
                (namespace, format!("{kind}{of} {namespace}/{name}"))
            }
            Lookup::ControllerOf { namespace, pod } => (namespace, format!("the controller of Pod {namespace}/{pod}")),
            Lookup::DependentsOf { dependency: Dependency::Namespace, namespace, .. } => {
                (namespace, format!("an rqlite StatefulSet in Namespace {namespace}"))
            }
            Lookup::DependentsOf { dependency: Dependency::Service, namespace, name } => {
                (namespace, format!("an rqlite StatefulSet that needs Service {namespace}/{name}"))
            }
            Lookup::DependentsOf { dependency: Dependency::Claim, namespace, name } => {
                (namespace, format!("an rqlite StatefulSet whose data is on PersistentVolumeClaim {namespace}/{name}"))
            }
        };
        let found: Vec<_> = self.0.iter().map(|set| set.shown(namespace)).collect();
        ParentError::NotTheReviews { found: found.join(", "), wanted: printable(&wanted).into_owned() }
    }
}

impl ObjectSource for Parents {
    fn get<'a>(&'a self, of: &'a Lookup) -> RelatedFuture<'a> {
        let mut sets = self.are(of).map(|set| set.json.as_str()).peekable();
        known(match of {
            _ if sets.peek().is_none() => Related::Absent,
            Lookup::DependentsOf { .. } => found(&list::stateful_sets(sets)),
            Lookup::Object { .. } | Lookup::ControllerOf { .. } => sets.next().map_or(Related::Absent, found),
        })
    }
}

/// A StatefulSet under review stands for itself.
fn itself(request: &Request) -> Option<Lookup> {
    let is_set = RequestKind::of(request) == RequestKind::StatefulSet;
    let (true, Some(namespace), Some(name)) = (is_set, &request.namespace, &request.name) else {
        return None;
    };
    Some(Lookup::Object {
        group: "apps".to_owned(),
        kind: "StatefulSet".to_owned(),
        namespace: namespace.to_string(),
        name: name.to_string(),
        version: None,
    })
}

impl ParentSet {
    fn from_manifest(manifest: &Value) -> Result<Self, ParentError> {
        let name = text_at(manifest, "/metadata/name").ok_or(ParentError::Nameless)?;
        let namespace = text_at(manifest, "/metadata/namespace").map(str::to_owned);
        let set = manifest::StatefulSet::deserialize(manifest).unwrap_or_default();
        let dependencies = Dependencies::of_any(&set);
        Ok(Self { name: name.to_owned(), namespace, json: manifest.to_string(), dependencies })
    }

    fn is(&self, wanted: &Lookup) -> bool {
        let lives_in = |namespace: &str| self.namespace.as_deref().is_none_or(|own| own == namespace);
        match wanted {
            // An autoscaler's reference need not say the group.
            Lookup::Object { group, kind, namespace, name, .. } => {
                RequestKind::of_reference(group, kind) == RequestKind::StatefulSet
                    && *name == self.name
                    && lives_in(namespace)
            }
            Lookup::ControllerOf { namespace, pod } => looks_like_pod_of(&self.name, pod) && lives_in(namespace),
            Lookup::DependentsOf { dependency, namespace, name } => {
                lives_in(namespace)
                    && self.dependencies.as_ref().is_some_and(|dependencies| dependencies.include(*dependency, name))
            }
        }
    }

    fn shown(&self, default_namespace: &str) -> String {
        let namespace = self.namespace.as_deref().unwrap_or(default_namespace);
        printable(&format!("StatefulSet {namespace}/{}", self.name)).into_owned()
    }
}

/// What a list holds; anything else is itself. Items of a StatefulSetList come without their kind.
fn items(document: Value) -> Vec<Value> {
    let kind = kind_of(&document);
    let of_sets = kind == "StatefulSetList of apps/v1";
    let Some(items) = document.get("items").and_then(Value::as_array).filter(|_| of_sets || kind == "List of v1")
    else {
        return vec![document];
    };
    let named = |item: &Value| {
        let mut item = item.clone();
        if let Some(fields) = item.as_object_mut().filter(|_| of_sets) {
            fields.insert("kind".to_owned(), "StatefulSet".into());
            fields.insert("apiVersion".to_owned(), "apps/v1".into());
        }
        item
    };
    items.iter().map(named).collect()
}

fn text_at<'a>(document: &'a Value, pointer: &str) -> Option<&'a str> {
    document.pointer(pointer)?.as_str()
}

/// `StatefulSet of apps/v1`
fn kind_of(document: &Value) -> String {
    let text = |pointer| text_at(document, pointer).unwrap_or("nothing");
    format!("{} of {}", text("/kind"), text("/apiVersion"))
}

#[cfg(test)]
mod tests {
    use kubernetes::admission::{GroupVersionResource, Operation};
    use kubernetes::object::indexed;
    use quorate_document::Document;
    use quorate_facts::related;
    use serde_json::json;

    use super::*;

    fn request(
        group: &'static str,
        resource: &'static str,
        sub_resource: Option<&'static str>,
        name: &'static str,
    ) -> Request {
        Request {
            resource: GroupVersionResource { group: group.into(), resource: resource.into(), ..Default::default() },
            sub_resource: sub_resource.map(Into::into),
            namespace: Some("db".into()),
            name: Some(name.into()),
            ..Request::new("u", Operation::Update)
        }
    }

    fn parents(name: &str, namespace: Option<&str>) -> Parents {
        let set =
            json!({"kind": "StatefulSet", "apiVersion": "apps/v1", "metadata": {"name": name, "namespace": namespace}});
        let service = json!({"kind": "Service", "apiVersion": "v1", "metadata": {"name": name}});
        Parents::from_documents(vec![service, set]).unwrap()
    }

    fn behind(parents: &Parents, request: &Request) -> Option<Document> {
        parents.check(request).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(related(parents, request)).found().cloned()
    }

    #[track_caller]
    fn assert_refused(parents: &Parents, request: &Request, message: &str) {
        assert_eq!(parents.check(request).unwrap_err().to_string(), message);
    }

    #[test]
    fn finds_the_set_of_a_scale_an_eviction_and_an_autoscaler() {
        let parents = parents("rqlite", Some("db"));
        assert!(behind(&parents, &request("apps", "statefulsets", Some("scale"), "rqlite")).is_some());
        assert!(behind(&parents, &request("", "pods", Some("eviction"), "rqlite-12")).is_some());
        let spec = json!({"spec": {"maxReplicas": 3, "scaleTargetRef": {"kind": "StatefulSet", "name": "rqlite"}}});
        let object = indexed(&spec.to_string()).unwrap();
        let autoscaler =
            Request { object: Some(object), ..request("autoscaling", "horizontalpodautoscalers", None, "any") };
        assert!(behind(&parents, &autoscaler).is_some());
    }

    #[test]
    fn takes_a_manifest_without_a_namespace_for_any() {
        assert!(behind(&parents("rqlite", None), &request("apps", "statefulsets", Some("scale"), "rqlite")).is_some());
    }

    #[test]
    fn refuses_another_name_or_namespace() {
        let scale = request("apps", "statefulsets", Some("scale"), "rqlite");
        assert_refused(
            &parents("other", None),
            &scale,
            "found StatefulSet db/other, but StatefulSet db/rqlite is behind the review",
        );
        assert_refused(
            &parents("rqlite", Some("q")),
            &scale,
            "found StatefulSet q/rqlite, but StatefulSet db/rqlite is behind the review",
        );
        let eviction = request("", "pods", Some("eviction"), "rqlite-x7k2p");
        assert_refused(
            &parents("rqlite", None),
            &eviction,
            "found StatefulSet db/rqlite, but the controller of Pod db/rqlite-x7k2p is behind the review",
        );
    }

    #[test]
    fn names_the_group_of_a_kind_that_others_have_too() {
        let mismatch = |group: &str| {
            let (group, kind) = (group.to_owned(), "StatefulSet".to_owned());
            let (namespace, name) = ("db".to_owned(), "rqlite".to_owned());
            let wanted = Lookup::Object { group, kind, namespace, name, version: None };
            parents("other", None).mismatch(&wanted).to_string()
        };
        let found = "found StatefulSet db/other, but StatefulSet";
        assert_eq!(mismatch("apps.kruise.io"), format!("{found} of apps.kruise.io db/rqlite is behind the review"));
        assert_eq!(mismatch("apps"), format!("{found} db/rqlite is behind the review"));
    }

    #[test]
    fn checks_a_review_of_the_set_itself_and_hands_nothing_on() {
        let itself = request("apps", "statefulsets", None, "rqlite");
        assert!(behind(&parents("rqlite", None), &itself).is_none());
        assert_refused(
            &parents("other", None),
            &itself,
            "found StatefulSet db/other, but StatefulSet db/rqlite is behind the review",
        );
    }

    #[test]
    fn has_nothing_for_a_service_that_is_not_deleted() {
        assert!(behind(&parents("rqlite", None), &request("", "services", None, "rqlite")).is_none());
    }

    fn rqlite_set(name: &str, namespace: &str) -> Value {
        let mut set = quorate_fixtures::set::rqlite_set(3);
        set["metadata"] = json!({"name": name, "namespace": namespace});
        set["spec"]["serviceName"] = json!(format!("{name}-internal"));
        set
    }

    fn deletion(resource: &'static str, name: &'static str) -> Request {
        Request { operation: Operation::Delete, ..request("", resource, None, name) }
    }

    #[track_caller]
    fn finds(parents: &Parents, deletion: &Request, expected: &[&str]) {
        let list: Value = behind(parents, deletion).unwrap().decode().unwrap();
        assert_eq!(list["kind"], "StatefulSetList");
        let items = list["items"].as_array().unwrap().iter();
        assert_eq!(items.map(|set| set["metadata"]["name"].as_str().unwrap()).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn lists_the_sets_that_need_what_is_deleted() {
        let other = json!({"kind": "StatefulSet", "apiVersion": "apps/v1", "metadata": {"name": "web"}});
        let sets = [rqlite_set("a", "db"), rqlite_set("b", "db"), rqlite_set("c", "q"), other];
        let mut nameless = rqlite_set("a", "db");
        nameless.as_object_mut().unwrap().retain(|key, _| key != "kind" && key != "apiVersion");
        let typed = json!({"kind": "StatefulSetList", "apiVersion": "apps/v1", "items": [nameless, sets[1]]});
        let listed = json!({"kind": "List", "apiVersion": "v1", "items": sets});
        for documents in [sets.to_vec(), vec![typed], vec![listed]] {
            let parents = Parents::from_documents(documents).unwrap();
            finds(&parents, &deletion("namespaces", "db"), &["a", "b"]);
            finds(&parents, &deletion("services", "b-internal"), &["b"]);
            finds(&parents, &deletion("persistentvolumeclaims", "rqlite-file-a-0"), &["a"]);
        }
    }

    #[test]
    fn refuses_sets_that_do_not_need_what_is_deleted() {
        let parents = Parents::from_documents(vec![rqlite_set("a", "q")]).unwrap();
        for (resource, name, wanted) in [
            ("namespaces", "db", "an rqlite StatefulSet in Namespace db"),
            ("services", "a-internal", "an rqlite StatefulSet that needs Service db/a-internal"),
            (
                "persistentvolumeclaims",
                "rqlite-file-a-0",
                "an rqlite StatefulSet whose data is on PersistentVolumeClaim db/rqlite-file-a-0",
            ),
        ] {
            let message = format!("found StatefulSet q/a, but {wanted} is behind the review");
            assert_refused(&parents, &deletion(resource, name), &message);
        }
    }

    #[test]
    fn refuses_a_manifest_without_a_statefulset() {
        let error = |documents| Parents::from_documents(documents).unwrap_err().to_string();
        assert_eq!(error(vec![]), "found no document, expected a StatefulSet of apps/v1");
        assert_eq!(
            error(vec![json!({"kind": "Deployment", "apiVersion": "apps/v1"})]),
            "found Deployment of apps/v1, expected a StatefulSet of apps/v1"
        );
        assert_eq!(
            error(vec![json!({"kind": "StatefulSet", "apiVersion": "apps/v1"})]),
            "found a StatefulSet without `metadata.name`"
        );
    }
}
