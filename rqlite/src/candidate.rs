//! What suggests rqlite in a StatefulSet that is not recognised as rqlite's: an image's name, a flag, an annotation.
//! Says nothing of sets that are recognised, and decides nothing: such a set is guarded only once it is annotated.

use std::fmt;

#[cfg(feature = "recognition")]
use crate::{
    flag_table, image,
    launch::{self, Program},
};
#[cfg(feature = "recognition")]
use kubernetes::annotation;
#[cfg(feature = "recognition")]
use kubernetes::manifest::{Container, List, StatefulSet};
use kubernetes::manifest::{ContainerPlace, Place};

/// The first thing in a set that speaks of rqlite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RqliteHint {
    /// An argument that is a flag which only rqlited has.
    Flag {
        /// The container's name.
        container: String,
        /// With its dashes, without its value: `-disco-mode`.
        flag: String,
        /// Where the container stands.
        at: ContainerPlace,
        /// Where the flag stands in it.
        argument: Place,
    },
    /// The path of the image's repository holds `rqlite`.
    Image {
        /// The container's name.
        container: String,
        /// The whole reference.
        image: String,
        /// Where the container stands.
        at: ContainerPlace,
    },
    /// An annotation to Quorate, by its whole key.
    Annotation {
        /// `quorate.dev/…`.
        key: String,
    },
}

impl RqliteHint {
    /// Of a set that is not recognised. None: nothing in it speaks of rqlite, or its author has said that nothing of it is rqlite's.
    #[cfg(feature = "recognition")]
    pub fn of(set: &StatefulSet) -> Option<Self> {
        let annotations = &set.metadata.annotations;
        if annotations.get(annotation::CONTAINER).is_some_and(|name| name == annotation::NO_CONTAINER) {
            return None;
        }
        let containers = || {
            let all = set.spec.template.spec.running_containers();
            all.filter(|(_, container)| launch::program(container) != Program::Other)
        };
        let annotation = || annotations.keys().find(|key| key.starts_with(annotation::PREFIX));
        let flag = containers().find_map(|(at, container)| flag_of(at, container));
        flag.or_else(|| containers().find_map(|(at, container)| image_of(at, container)))
            .or_else(|| annotation().map(|key| Self::Annotation { key: key.clone() }))
    }

    /// Kubernetes path.
    pub fn path(&self) -> String {
        match self {
            Self::Flag { at, argument, .. } => at.path(Some(*argument)),
            Self::Image { at, .. } => format!("{at}.image"),
            Self::Annotation { key } => format!("metadata.annotations[{key}]"),
        }
    }

    /// The container that it speaks of.
    pub fn container(&self) -> Option<&str> {
        match self {
            Self::Flag { container, .. } | Self::Image { container, .. } => Some(container),
            Self::Annotation { .. } => None,
        }
    }
}

/// `flag `-disco-mode` of container db`.
impl fmt::Display for RqliteHint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag { container, flag, .. } => write!(f, "flag `{flag}` of container {container}"),
            Self::Image { container, image, .. } => write!(f, "image `{image}` of container {container}"),
            Self::Annotation { key } => write!(f, "annotation `{key}`"),
        }
    }
}

#[cfg(feature = "recognition")]
/// A script's words count too: `sh -c 'exec db -disco-mode=dns'`.
fn flag_of(at: ContainerPlace, container: &Container) -> Option<RqliteHint> {
    let lists = [(List::Command, &container.command), (List::Args, &container.args)];
    lists.into_iter().find_map(|(list, texts)| {
        texts.iter().enumerate().find_map(|(index, text)| {
            let words = text.split(|c: char| c.is_whitespace() || "\"'`;|&()".contains(c));
            let flag = words.into_iter().find(|word| flag_table::is_distinctive(word))?;
            let name = flag.split('=').next().unwrap_or(flag).to_owned();
            Some(RqliteHint::Flag {
                container: container.name.clone(),
                flag: name,
                at,
                argument: Place { list, index },
            })
        })
    })
}

#[cfg(feature = "recognition")]
fn image_of(at: ContainerPlace, container: &Container) -> Option<RqliteHint> {
    let image = container.image.as_deref()?;
    image::path(image).contains("rqlite").then(|| RqliteHint::Image {
        container: container.name.clone(),
        image: image.to_owned(),
        at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found, and where.
    #[track_caller]
    fn sign(annotations: &str, containers: &str) -> String {
        let json = format!(
            r#"{{"metadata":{{"annotations":{{{annotations}}}}},"spec":{{"template":{{"spec":{{"containers":[{containers}]}}}}}}}}"#
        );
        let set = serde_json::from_str(&json).unwrap();
        RqliteHint::of(&set).map_or_else(|| "nothing".to_owned(), |sign| format!("{sign} at {}", sign.path()))
    }

    #[test]
    fn a_repository_that_holds_rqlite_speaks_of_it() {
        for image in ["acme/rqlited:9.4.5", "corp.example/x/rqlite-server", "a/my-rqlite@sha256:ab", "rqlite-tools/db"]
        {
            let expected = format!("image `{image}` of container db at spec.template.spec.containers[0].image");
            assert_eq!(sign("", &format!(r#"{{"name":"db","image":"{image}"}}"#)), expected);
        }
        for image in ["rqlite.example/db", "rqlite:5000/db", "nginx:rqlite", "nginx@sha256:rqlite", "sqlite"] {
            assert_eq!(sign("", &format!(r#"{{"name":"db","image":"{image}"}}"#)), "nothing", "{image}");
        }
    }

    #[test]
    fn a_flag_that_only_rqlited_has_speaks_of_it() {
        let of = |launch: &str| sign("", &format!(r#"{{"name":"db","image":"corp/db",{launch}}}"#));
        let at =
            |flag: &str, at: &str| format!("flag `{flag}` of container db at spec.template.spec.containers[0].{at}");
        assert_eq!(of(r#""args":["x","-disco-mode=dns"]"#), at("-disco-mode", "args[1]"));
        assert_eq!(of(r#""command":["/bin/dbserver","--raft-non-voter"]"#), at("--raft-non-voter", "command[1]"));
        assert_eq!(of(r#""command":["sh","-c","exec db '-on-disk=true'"]"#), at("-on-disk", "command[2]"));
        for shared in
            ["bootstrap-expect=3", "join=a", "node-id=a", "raft-addr=a", "http-addr=a", "auth=a", "disco-modes"]
        {
            assert_eq!(of(&format!(r#""args":["-{shared}"]"#)), "nothing", "{shared}");
        }
    }

    #[test]
    fn an_annotation_to_quorate_speaks_of_it_unless_it_says_none() {
        let app = r#"{"name":"app","image":"nginx"}"#;
        let key = "quorate.dev/auth-secret";
        assert_eq!(sign(&format!(r#""{key}":"a""#), app), format!("annotation `{key}` at metadata.annotations[{key}]"));
        assert_eq!(sign(r#""example.com/a":"b""#, app), "nothing");
        assert_eq!(sign(r#""quorate.dev/container":"none""#, r#"{"name":"db","image":"acme/rqlited"}"#), "nothing");
    }

    #[test]
    fn other_known_programs_say_nothing() {
        for launch in [
            r#""image":"corp/my-rqlite","command":["curl","-s"]"#,
            r#""image":"corp/my-rqlite","command":["sleep","9"]"#,
            r#""image":"corp/my-rqlite","command":["rqlite","-H","x"]"#,
            r#""image":"corp/my-rqlite","command":["sh","-c","while true; do rqlite .backup; sleep 9; done"]"#,
        ] {
            assert_eq!(sign("", &format!(r#"{{"name":"db",{launch}}}"#)), "nothing", "{launch}");
        }
    }

    #[test]
    fn native_sidecars_count_and_init_containers_that_end_do_not() {
        let with = |policy: &str| {
            let init = format!(r#"{{"name":"db","image":"acme/rqlited"{policy}}}"#);
            let json = format!(
                r#"{{"spec":{{"template":{{"spec":{{"initContainers":[{init}],"containers":[{{"name":"a"}}]}}}}}}}}"#
            );
            RqliteHint::of(&serde_json::from_str(&json).unwrap()).map(|sign| sign.path())
        };
        assert_eq!(with(r#","restartPolicy":"Always""#).as_deref(), Some("spec.template.spec.initContainers[0].image"));
        assert_eq!(with(""), None);
    }
}
