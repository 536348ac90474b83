//! What Argo CD and Flux do to a cluster, by kubectl and helm: how they apply, how they look for differences, how they take out.
//! Left out is what is theirs alone: when they do it, and what they make of hooks and waves.

use quorate_cluster_tests::{ControlPlane, Installer, NAME, SYSTEM};
use serde_json::{Value, json};

/// Read off their sources: Argo CD 3 (gitops-engine: `diff`, `sync`, `kubectl apply` as a library), Flux 2 (`pkg/ssa`; helm-controller's
/// `action/diff`).
#[derive(Clone, Copy)]
pub(crate) enum Tool {
    /// Three-way, as `kubectl apply`: its default.
    ArgoCd,
    /// `ServerSideApply=true`, with `ServerSideDiff=true`. It always forces.
    ArgoCdOnTheServer,
    /// kustomize-controller. It always forces, and compares by a dry run.
    Kustomization,
    /// helm-controller with `driftDetection`: Helm applies, and a dry run on the server compares.
    HelmRelease,
}

/// What they write beside what is rendered.
const TRACKED: &str = "argocd.argoproj.io/tracking-id";
const OWNER: [(&str, &str); 2] =
    [("kustomize.toolkit.fluxcd.io/name", NAME), ("kustomize.toolkit.fluxcd.io/namespace", "flux-system")];

impl Tool {
    /// Makes the cluster hold what the installer renders.
    #[track_caller]
    pub(crate) fn apply(self, plane: &ControlPlane, installer: &Installer<'_>) {
        if matches!(self, Self::HelmRelease) {
            installer.helm("upgrade --install").ok();
            return;
        }
        // `CreateNamespace=true`, and `targetNamespace` with its manifest.
        plane.kubectl().run(["create", "namespace", SYSTEM]);
        let objects = self.objects(plane, installer);
        plane.kubectl().run_with(&list(&objects), [self.arguments(), &["-f", "-"]].concat()).ok();
    }

    /// The objects which are not as it would make them: `kind/name`, and the fields of these.
    #[track_caller]
    pub(crate) fn differences(self, plane: &ControlPlane, installer: &Installer<'_>) -> Vec<String> {
        let objects = list(&self.objects(plane, installer));
        let dry: [&str; 5] = ["--dry-run=server", "-o", "json", "-f", "-"];
        let made = plane.kubectl().run_with(&objects, [self.arguments(), &dry].concat()).ok().json();
        let live = plane.kubectl().run_with(&objects, ["get", "-o", "json", "-f", "-"]).ok().json();
        let pairs = items(&made).into_iter().zip(items(&live));
        pairs.filter_map(|(made, live)| difference(&compared(made), &compared(live))).collect()
    }

    /// Deletes what it applied: the webhook configurations first, as both do, since they apply them last.
    #[track_caller]
    pub(crate) fn take_out(self, plane: &ControlPlane, installer: &Installer<'_>) {
        let cascade = match self {
            Self::HelmRelease => {
                installer.uninstall().ok();
                return;
            }
            Self::ArgoCd | Self::ArgoCdOnTheServer => "--cascade=foreground",
            Self::Kustomization => "--cascade=background",
        };
        let mut objects = self.objects(plane, installer);
        objects.reverse();
        assert!(
            objects[0]["kind"].as_str().is_some_and(|kind| kind.ends_with("WebhookConfiguration")),
            "{}",
            objects[0]
        );
        plane.kubectl().run_with(&list(&objects), ["delete", cascade, "-f", "-"]).ok();
    }

    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::ArgoCd => &["apply", "--field-manager=argocd-controller"],
            Self::ArgoCdOnTheServer => {
                &["apply", "--server-side", "--force-conflicts", "--field-manager=argocd-controller"]
            }
            Self::Kustomization => {
                &["apply", "--server-side", "--force-conflicts", "--field-manager=kustomize-controller"]
            }
            Self::HelmRelease => &["apply", "--server-side", "--force-conflicts", "--field-manager=helm-controller"],
        }
    }

    /// What is rendered, with what it writes beside.
    #[track_caller]
    fn objects(self, plane: &ControlPlane, installer: &Installer<'_>) -> Vec<Value> {
        let rendered = installer.rendered();
        // It decodes YAML, and asks the API server for nothing but the kinds.
        let decode = ["create", "--dry-run=client", "-o", "json", "-f", "-"];
        let mut objects = documents(&plane.kubectl().run_with(&rendered, decode).ok().stdout);
        for object in &mut objects {
            let metadata = &object["metadata"];
            let id = format!("{NAME}:{}:{}/{}", object["kind"], metadata["namespace"], metadata["name"]);
            match self {
                Self::ArgoCd | Self::ArgoCdOnTheServer => object["metadata"]["annotations"][TRACKED] = id.into(),
                Self::Kustomization => {
                    OWNER.iter().for_each(|(label, value)| object["metadata"]["labels"][label] = (*value).into());
                }
                Self::HelmRelease => {}
            }
        }
        objects
    }
}

fn list(objects: &[Value]) -> String {
    json!({ "apiVersion": "v1", "kind": "List", "items": objects }).to_string()
}

/// One behind the other.
fn documents(text: &str) -> Vec<Value> {
    serde_json::Deserializer::from_str(text).into_iter().map(|document| document.unwrap()).collect()
}

fn items(list: &Value) -> Vec<Value> {
    list["items"].as_array().cloned().unwrap_or_default()
}

/// What both compare: without what the API server writes at every application, and without the status.
fn compared(mut object: Value) -> Value {
    for field in ["managedFields", "resourceVersion", "generation"] {
        object["metadata"].as_object_mut().map(|metadata| metadata.remove(field)).unwrap_or_default();
    }
    let annotations = object["metadata"]["annotations"].as_object_mut();
    annotations.map(|all| all.remove("kubectl.kubernetes.io/last-applied-configuration")).unwrap_or_default();
    object.as_object_mut().map(|fields| fields.remove("status")).unwrap_or_default();
    object
}

fn difference(made: &Value, live: &Value) -> Option<String> {
    let fields = made.as_object()?.iter().filter(|(field, value)| live[field.as_str()] != **value);
    let fields: Vec<&str> = fields.map(|(field, _)| field.as_str()).collect();
    let name = format!("{}/{}", made["kind"].as_str()?, made["metadata"]["name"].as_str()?);
    (made != live).then(|| format!("{name} {}", fields.join(",")))
}
