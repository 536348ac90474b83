//! Which containers of a StatefulSet run rqlite, and what each of them is.
//! Not what their launches come to: that is `launch`.

use std::sync::Arc;

use super::{Node, RqliteSet};
use crate::bootstrap::Expect;
use crate::discovery::Discovery;
use crate::flag::{CommandLine, Flag};
use crate::flag_table;
use crate::image::{Repository, repository, version_of};
use crate::launch::{Launch, Program};
use crate::role::Role;
use crate::shutdown::Shutdown;
use crate::storage::Storage;
use crate::version::ImageVersion;
use kubernetes::annotation;
use kubernetes::manifest::{Container, ContainerList, ContainerPlace, StatefulSet};

impl RqliteSet {
    /// Reads a StatefulSet; None if it does not run rqlite.
    ///
    /// ```
    /// use rqlite::cluster::RqliteSet;
    /// use rqlite::discovery::Discovery;
    /// use rqlite::role::Role;
    /// use rqlite::storage::Storage;
    ///
    /// let set = serde_json::from_str(
    ///     r#"{"metadata": {"name": "db"}, "spec": {"replicas": 3,
    ///         "volumeClaimTemplates": [{"metadata": {"name": "data"}}],
    ///         "template": {"spec": {"containers": [{"name": "rqlite", "image": "rqlite/rqlite:10.2.7",
    ///             "args": ["-disco-mode=dns", "-bootstrap-expect=3"],
    ///             "volumeMounts": [{"name": "data", "mountPath": "/rqlite/file"}]}]}}}}"#,
    /// )?;
    /// let rqlite = RqliteSet::detect(&set).unwrap();
    /// assert_eq!((rqlite.replicas, rqlite.role(), rqlite.removes_itself()), (3, Role::Voter, false));
    /// let node = rqlite.sole_node().unwrap();
    /// assert_eq!((&node.discovery, &node.storage), (&Discovery::Dns, &Storage::ClaimTemplate("data".into())));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn detect(set: &StatefulSet) -> Option<Self> {
        Self::detect_beside(set, None)
    }

    /// The same beside another state of the set: a launch that both have is read once.
    pub fn detect_beside(set: &StatefulSet, other: Option<&Self>) -> Option<Self> {
        let pod = &set.spec.template.spec;
        let annotated = set
            .metadata
            .annotations
            .get(annotation::CONTAINER)
            .filter(|name| pod.running_containers().any(|(_, container)| container.name == **name));
        // A native sidecar never is the only container, whatever runs beside it; nor does one take that from a container.
        let alone = |place: ContainerPlace| place.list == ContainerList::Containers && pod.containers.len() == 1;
        // An annotation must not take a container out of the guard: one that names none counts as absent, and beside the one that
        // it names every other counts whose launch can be read as rqlited's.
        let mut nodes: Vec<Node> = Vec::new();
        for (place, container) in pod.running_containers() {
            let counts = |program, line: Option<&CommandLine>| match annotated {
                Some(name) if container.name == *name => true,
                Some(_) => program != Program::Unreadable && is_rqlite(container, program, line, false),
                None => is_rqlite(container, program, line, alone(place)),
            };
            let same_place = other.and_then(|other| other.nodes.get(nodes.len()));
            let known = same_place.into_iter().chain(nodes.last()).find(|node| node.launch.is_of(container));
            let node = Node::of(place, container, set, known, counts);
            nodes.extend(node);
        }
        (!nodes.is_empty()).then(|| RqliteSet {
            nodes,
            replicas: set.spec.count(),
            first_ordinal: set.spec.ordinals.as_ref().map_or(0, |ordinals| u32::try_from(ordinals.start).unwrap_or(0)),
        })
    }

    /// Containers of another state's names that do not count here, read as if they did: that one may be the first that says so.
    pub fn others(set: &StatefulSet, own: Option<&Self>, namesakes: &Self) -> Vec<Node> {
        let counted = |name: &str| own.is_some_and(|own| own.nodes.iter().any(|node| node.container.name == name));
        let mut named: Vec<&str> = Vec::new();
        let mut others = Vec::new();
        for (place, container) in set.spec.template.spec.running_containers() {
            let name = container.name.as_str();
            let asked = namesakes.nodes.iter().any(|node| node.container.name == name);
            if asked && !counted(name) && !named.contains(&name) {
                named.push(name);
                let launch = Arc::new(Launch::of(container, ImageVersion::Unknown));
                let container = Arc::clone(&launch.container);
                others.push(Node::started(place, container, ImageVersion::Unknown, launch, set));
            }
        }
        others
    }
}

impl Node {
    /// None where the container does not count; `known` is a node that starts the same way.
    fn of(
        place: ContainerPlace,
        container: &Container,
        set: &StatefulSet,
        known: Option<&Node>,
        counts: impl FnOnce(Program, Option<&CommandLine>) -> bool,
    ) -> Option<Self> {
        let Some(known) = known else {
            let version = version_of(container);
            let launch = Arc::new(Launch::of_any(container, version, counts)?);
            return Some(Self::started(place, Arc::clone(&launch.container), version, launch, set));
        };
        let launch = &known.launch;
        let same = *known.container == *container;
        let own = || if same { Arc::clone(&known.container) } else { Arc::new(container.clone()) };
        counts(launch.program, launch.line.as_ref())
            .then(|| Self::started(place, own(), known.version, Arc::clone(launch), set))
    }

    fn started(
        place: ContainerPlace,
        container: Arc<Container>,
        version: ImageVersion,
        launch: Arc<Launch>,
        set: &StatefulSet,
    ) -> Self {
        let line = launch.line.as_ref();
        Node {
            place,
            version,
            role: Role::of(line),
            discovery: Discovery::of(line),
            expect: Expect::of(&launch),
            shutdown: Shutdown::of(&launch, &container, &set.spec.template.spec),
            storage: Storage::of(&launch, &container, set),
            container,
            launch,
        }
    }
}

/// By its launch, or by its image where the launch does not say otherwise.
fn is_rqlite(container: &Container, program: Program, line: Option<&CommandLine>, alone: bool) -> bool {
    match program {
        Program::Rqlited => true,
        Program::Other => false,
        Program::Entrypoint | Program::Image | Program::Unreadable => match repository(container) {
            Repository::Official => true,
            Repository::Named => alone || has_distinctive_flag(line, container),
            Repository::Other => program == Program::Entrypoint && has_distinctive_flag(line, container),
        },
    }
}

/// Some flag that only rqlited has; where the launch cannot be read, any word that looks like one.
fn has_distinctive_flag(line: Option<&CommandLine>, container: &Container) -> bool {
    let is_own = |flag: &Flag| flag.spec().is_some_and(|spec| spec.distinctive);
    match line {
        // The entrypoint's own additions say nothing of the image.
        Some(line) => line.flags.iter().any(|flag| is_own(flag) && line.place_of(flag).is_some()),
        None => {
            let words = container.command.iter().chain(&container.args).flat_map(|text| text.split_whitespace());
            words.into_iter().any(flag_table::is_distinctive)
        }
    }
}
