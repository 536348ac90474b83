//! The `rqlited` binaries that a test may run, by version. Builds and downloads none.

use std::fmt::{self, Display, Formatter};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::binaries::environment;

/// The variable that names their folder.
const FOLDER: &str = "QUORATE_RQLITED";

/// Major, minor, patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32, pub u32, pub u32);

impl Version {
    /// `10.2.7`, `v10.2.7`.
    fn read(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix('v').unwrap_or(text).split('.').map(str::parse);
        let version = Self(parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
        parts.next().is_none().then_some(version)
    }
}

impl Display for Version {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// One binary.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rqlited {
    pub version: Version,
    pub path: PathBuf,
}

/// All that there are, oldest first; one at least.
#[derive(Clone, Debug)]
pub struct Rqliteds(Vec<Rqlited>);

impl Rqliteds {
    /// Those in the folder that `QUORATE_RQLITED` names, else the one on the PATH.
    #[must_use]
    pub fn find() -> Option<&'static Self> {
        static FOUND: OnceLock<Option<Rqliteds>> = OnceLock::new();
        let find = || {
            let mut found = match environment(FOLDER) {
                Some(folder) => in_folder(Path::new(&folder)),
                None => Vec::new(),
            };
            if found.is_empty() {
                found.extend(on_path());
            }
            found.sort();
            (!found.is_empty()).then_some(Self(found))
        };
        FOUND.get_or_init(find).as_ref()
    }

    /// `find`, for a test, which says loudly that it skips where there is none.
    #[must_use]
    pub fn find_for(test: &str) -> Option<&'static Self> {
        let found = Self::find();
        if found.is_none() {
            eprintln!(
                "SKIPPED {test}: no rqlited: {FOLDER} names no folder with rqlited-<version>, and none is on the PATH"
            );
        }
        found
    }

    /// All, oldest first.
    pub fn all(&self) -> &[Rqlited] {
        &self.0
    }

    #[must_use]
    pub fn newest(&self) -> &Rqlited {
        self.0.last().expect("one at least")
    }

    /// The newest of a major: `newest_of(9)`.
    pub fn newest_of(&self, major: u32) -> Option<&Rqlited> {
        self.0.iter().rev().find(|rqlited| rqlited.version.0 == major)
    }

    /// What an image runs. Its tag names a version: that one, else the newest of the minor, else of the major, else none.
    /// A tag without a version (`latest`, none at all): the newest.
    pub fn of_image(&self, image: &str) -> Option<&Rqlited> {
        let name = image.split('@').next().unwrap_or_default();
        let last = name.rsplit('/').next().unwrap_or_default();
        let Some((_, tag)) = last.split_once(':') else { return Some(self.newest()) };
        let tag = tag.strip_prefix('v').unwrap_or(tag);
        // `9.1.3-alpine` is 9.1.3.
        let numbers: String = tag.chars().take_while(|&letter| letter.is_ascii_digit() || letter == '.').collect();
        let named: Vec<u32> = numbers.split('.').map_while(|part| part.parse().ok()).collect();
        let Some(&major) = named.first() else { return Some(self.newest()) };
        let begins = |count: usize| {
            let parts = |rqlited: &&Rqlited| {
                let Version(major, minor, patch) = rqlited.version;
                named.iter().take(count).eq([major, minor, patch].iter().take(count.min(named.len())))
            };
            self.0.iter().rev().find(parts)
        };
        begins(3).or_else(|| begins(2)).or_else(|| self.newest_of(major))
    }
}

fn in_folder(folder: &Path) -> Vec<Rqlited> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let read = |entry: std::fs::DirEntry| {
        let name = entry.file_name().into_string().ok()?;
        let version = Version::read(name.strip_prefix("rqlited-")?)?;
        Some(Rqlited { version, path: std::path::absolute(entry.path()).ok()? })
    };
    entries.filter_map(read).collect()
}

fn on_path() -> Option<Rqlited> {
    let path = environment("PATH")?;
    let path = path.split(':').map(|folder| Path::new(folder).join("rqlited")).find(|path| path.is_file())?;
    let output = Command::new(&path).arg("-version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    // A binary that was built without a version has some other word there: it is the newest of whatever comes.
    let version = text.split_whitespace().find_map(Version::read).unwrap_or(Version(u32::MAX, 0, 0));
    Some(Rqlited { version, path })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Rqliteds {
        let versions = ["8.43.4", "9.1.3", "9.4.5", "10.2.0", "10.2.7"];
        let at = |version: &str| Rqlited { version: Version::read(version).unwrap(), path: PathBuf::from(version) };
        Rqliteds(versions.map(at).to_vec())
    }

    #[test]
    fn a_tag_names_what_runs() {
        let rqliteds = some();
        let cases = [
            ("rqlite/rqlite", Some("10.2.7")),
            ("rqlite/rqlite:latest", Some("10.2.7")),
            ("rqlite/rqlite:10.2.0", Some("10.2.0")),
            ("rqlite/rqlite:10.2.3", Some("10.2.7")),
            ("rqlite/rqlite:10", Some("10.2.7")),
            ("rqlite/rqlite:9.1", Some("9.1.3")),
            ("docker.io/rqlite/rqlite:9.1.3@sha256:00", Some("9.1.3")),
            ("registry:5000/rqlite/rqlite", Some("10.2.7")),
            ("rqlite/rqlite:v8.36.0-alpine", Some("8.43.4")),
            ("rqlite/rqlite:7.21.4", None),
        ];
        for (image, version) in cases {
            let found = rqliteds.of_image(image).map(|rqlited| rqlited.version.to_string());
            assert_eq!(found.as_deref(), version, "{image}");
        }
    }

    #[test]
    fn majors_are_told_apart() {
        let rqliteds = some();
        assert_eq!(rqliteds.newest_of(9).map(|rqlited| rqlited.version), Some(Version(9, 4, 5)));
        assert_eq!(rqliteds.newest_of(7), None);
        assert_eq!(rqliteds.newest().version, Version(10, 2, 7));
    }
}
