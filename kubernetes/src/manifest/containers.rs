//! The containers of a pod that run as long as it does, each with its place in the pod spec.
//! Not which of them runs what.

use std::fmt;

use super::{Container, PodSpec};

/// Which list of the container an element stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum List {
    /// `command`: what runs in place of the image's ENTRYPOINT; the image's CMD is then not used.
    Command,
    /// `args`: what stands behind the command, in place of the image's CMD.
    Args,
}

/// Where an element stands in the container: `args[2]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// `command` or `args`.
    pub list: List,
    /// From 0.
    pub index: usize,
}

/// A list of the pod spec that holds containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ContainerList {
    /// `containers`.
    Containers,
    /// `initContainers`, of which those run on that are native sidecars.
    InitContainers,
}

impl ContainerList {
    /// Its key in the pod spec.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Containers => "containers",
            Self::InitContainers => "initContainers",
        }
    }
}

/// Where a container stands in the pod spec.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ContainerPlace {
    /// `containers` or `initContainers`.
    pub list: ContainerList,
    /// From 0.
    pub index: usize,
}

impl ContainerPlace {
    /// Kubernetes path of an element of its `command` or `args`; without one, of the container.
    pub fn path(self, element: Option<Place>) -> String {
        match element {
            Some(Place { list: List::Command, index }) => format!("{self}.command[{index}]"),
            Some(Place { list: List::Args, index }) => format!("{self}.args[{index}]"),
            None => self.to_string(),
        }
    }
}

/// Kubernetes path in a workload: `spec.template.spec.initContainers[1]`.
impl fmt::Display for ContainerPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "spec.template.spec.{}[{}]", self.list.key(), self.index)
    }
}

impl PodSpec {
    /// The containers that run as long as the pod does: `containers`, then the native sidecars among `initContainers`.
    /// Init containers that end are none of them.
    pub fn running_containers(&self) -> impl Iterator<Item = (ContainerPlace, &Container)> {
        let at = |list| move |(index, container)| (ContainerPlace { list, index }, container);
        let ordinary = self.containers.iter().enumerate().map(at(ContainerList::Containers));
        let init = self.init_containers.iter().enumerate().map(at(ContainerList::InitContainers));
        ordinary.chain(init.filter(|(_, container)| container.is_native_sidecar()))
    }

    /// Where the container of that name stands, running or ending: a name stands once in both lists (the API server sees to it).
    pub fn place_of(&self, name: &str) -> Option<ContainerPlace> {
        let lists =
            [(ContainerList::Containers, &self.containers), (ContainerList::InitContainers, &self.init_containers)];
        lists.into_iter().find_map(|(list, containers)| {
            let index = containers.iter().position(|container| container.name == name)?;
            Some(ContainerPlace { list, index })
        })
    }
}

impl Container {
    /// As an init container it keeps running beside the others (Kubernetes 1.28, KEP-753).
    fn is_native_sidecar(&self) -> bool {
        self.restart_policy.as_deref() == Some("Always")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn native_sidecars_run_beside_the_containers_and_other_init_containers_end() {
        let json = r#"{"containers":[{"name":"a"},{"name":"b"}],"initContainers":[{"name":"c"},
            {"name":"d","restartPolicy":"Always"},{"name":"e","restartPolicy":"OnFailure"}]}"#;
        let pod: PodSpec = serde_json::from_str(json).unwrap();
        let running = pod.running_containers().map(|(place, container)| (place.to_string(), container.name.as_str()));
        let expected = [("containers[0]", "a"), ("containers[1]", "b"), ("initContainers[1]", "d")];
        let expected = expected.map(|(path, name)| (format!("spec.template.spec.{path}"), name));
        assert_eq!(running.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn elements_have_kubernetes_paths() {
        let place = ContainerPlace { list: ContainerList::InitContainers, index: 2 };
        let at = |list| place.path(Some(Place { list, index: 1 }));
        assert_eq!(at(List::Args), "spec.template.spec.initContainers[2].args[1]");
        assert_eq!(at(List::Command), "spec.template.spec.initContainers[2].command[1]");
        assert_eq!(place.path(None), "spec.template.spec.initContainers[2]");
    }
}
