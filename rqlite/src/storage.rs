//! Where the data directory lies: on a claim of the set's templates, on something that dies with the pod, or nowhere.
//! Not what a storage class or a driver does with the volume.

use crate::launch::Launch;
use crate::value::Value;
use kubernetes::manifest::{Container, StatefulSet, Volume};

/// What holds the Raft log and the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Storage {
    /// A volumeClaimTemplate of that name.
    ClaimTemplate(String),
    /// A volume that outlives the pod but is no claim template: a named claim or a host path, by volume name.
    Volume(String),
    /// emptyDir or a generic ephemeral volume, by volume name.
    Ephemeral(String),
    /// No mount covers the data directory: the container's own layer.
    Unmounted,
    /// The data directory cannot be read.
    Unreadable,
}

impl Storage {
    /// Of a container of that set, started so.
    pub fn of(launch: &Launch, container: &Container, set: &StatefulSet) -> Self {
        let Some(Value::Known(data_dir)) = launch.data_dir() else {
            return Storage::Unreadable;
        };
        // A relative path depends on the image's working directory.
        if !data_dir.starts_with('/') {
            return Storage::Unreadable;
        }
        let data_dir = segments(&data_dir);
        let covering =
            container.volume_mounts.iter().filter(|mount| data_dir.starts_with(&segments(&mount.mount_path)));
        match covering.max_by_key(|mount| segments(&mount.mount_path).len()) {
            Some(mount) => Self::of_volume(&mount.name, set),
            None => Storage::Unmounted,
        }
    }

    fn of_volume(name: &str, set: &StatefulSet) -> Self {
        // The controller puts a claim in the place of a pod volume of the same name.
        let templates = &set.spec.volume_claim_templates;
        if templates.iter().any(|template| template.metadata.name.as_deref() == Some(name)) {
            return Storage::ClaimTemplate(name.to_owned());
        }
        match set.spec.template.spec.volumes.iter().find(|volume| volume.name == name) {
            Some(volume) if dies_with_pod(volume) => Storage::Ephemeral(name.to_owned()),
            Some(_) => Storage::Volume(name.to_owned()),
            None => Storage::Unmounted,
        }
    }

    /// The data survives its pod.
    pub fn persistent(&self) -> bool {
        matches!(self, Storage::ClaimTemplate(_) | Storage::Volume(_))
    }
}

fn dies_with_pod(volume: &Volume) -> bool {
    let written_by_kubelet = volume.secret.is_some() || volume.config_map.is_some() || volume.projected.is_some();
    volume.empty_dir.is_some() || volume.ephemeral.is_some() || written_by_kubelet
}

/// The parts of an absolute path, `.` and `..` resolved.
fn segments(path: &str) -> Vec<&str> {
    let mut segments = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            _ => segments.push(segment),
        }
    }
    segments
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::ImageVersion;

    #[track_caller]
    fn storage(container: &str, rest: &str) -> Storage {
        let set = format!(
            r#"{{"spec":{{"volumeClaimTemplates":[{{"metadata":{{"name":"data"}}}}],"template":{{"spec":{{"containers":[{container}]{rest}}}}}}}}}"#
        );
        let set: StatefulSet = serde_json::from_str(&set).unwrap();
        let container = &set.spec.template.spec.containers[0];
        Storage::of(&Launch::of(container, ImageVersion::Floating), container, &set)
    }

    fn at(mount: &str) -> String {
        format!(r#"{{"args":["-fk=true"],"volumeMounts":[{{"name":"data","mountPath":"{mount}"}}]}}"#)
    }

    #[test]
    fn a_mount_above_the_data_directory_holds_it() {
        for mount in ["/rqlite/file", "/rqlite/file/data", "/rqlite/", "/rqlite/./x/../file", "/"] {
            assert_eq!(storage(&at(mount), ""), Storage::ClaimTemplate("data".into()), "{mount}");
        }
    }

    #[test]
    fn a_mount_beside_or_below_it_does_not() {
        for mount in ["/data", "/rqlite/file/data/db", "/rqlite/fil", "/rqlite/data"] {
            assert_eq!(storage(&at(mount), ""), Storage::Unmounted, "{mount}");
        }
    }

    #[test]
    fn the_deepest_mount_wins() {
        let container = r#"{"args":["-fk"],"volumeMounts":[{"name":"cache","mountPath":"/rqlite/file"},{"name":"data","mountPath":"/rqlite"}]}"#;
        let rest = r#","volumes":[{"name":"cache","emptyDir":{}}]"#;
        assert_eq!(storage(container, rest), Storage::Ephemeral("cache".into()));
        assert!(!storage(container, rest).persistent());
    }

    #[test]
    fn volumes_that_outlive_the_pod_are_told_from_those_that_do_not() {
        let container = r#"{"command":["rqlited","/d"],"volumeMounts":[{"name":"v","mountPath":"/d"}]}"#;
        for (volume, persistent) in [
            (r#""persistentVolumeClaim":{"claimName":"c"}"#, true),
            (r#""hostPath":{"path":"/x"}"#, true),
            (r#""nfs":{"server":"s","path":"/"}"#, true),
            (r#""emptyDir":{"medium":"Memory"}"#, false),
            (r#""ephemeral":{"volumeClaimTemplate":{}}"#, false),
            (r#""secret":{"secretName":"s"}"#, false),
        ] {
            let rest = format!(r#","volumes":[{{"name":"v",{volume}}}]"#);
            assert_eq!(storage(container, &rest).persistent(), persistent, "{volume}");
        }
        assert_eq!(storage(container, ""), Storage::Unmounted);
    }

    #[test]
    fn an_unknown_data_directory_is_unreadable() {
        assert_eq!(
            storage(
                r#"{"command":["rqlited","$(D)"],"env":[{"name":"D","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}}]}"#,
                ""
            ),
            Storage::Unreadable
        );
        assert_eq!(storage(r#"{"command":["rqlited","data"]}"#, ""), Storage::Unreadable);
        assert_eq!(storage(r#"{"command":["/start.sh"]}"#, ""), Storage::Unreadable);
    }
}
