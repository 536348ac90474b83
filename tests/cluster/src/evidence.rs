//! What a scenario of `tests/evidence` has seen: written as one JSON file each, read again by `write-evidence`.
//! Knows which rules there must be evidence for, and nothing of how it comes about.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use serde::{Deserialize, Serialize};

use crate::binaries::environment;

/// The variable that names the folder of the records.
pub const FOLDER: &str = "QUORATE_EVIDENCE";

/// Every rule that refuses.
pub const RULES: [&str; 18] = [
    "quorum-guard/scale-below-quorum",
    "quorum-guard/scale-to-zero",
    "quorum-guard/scale-up-without-leader",
    "quorum-guard/scale-while-scaling",
    "quorum-guard/rollout-above-tolerance",
    "quorum-guard/eviction-below-quorum",
    "quorum-guard/cluster-deleted",
    "quorum-guard/autoscaler-on-voters",
    "quorum-guard/role-changed",
    "bootstrap-expect-lock/bootstrap-expect-changed",
    "bootstrap-expect-lock/bootstrap-expect-removed",
    "bootstrap-expect-lock/bootstrap-expect-mismatch",
    "remove-on-shutdown/injection-lost",
    "secret-mounts/auth-without-join-as",
    "secret-mounts/secret-file-not-mounted",
    "secret-mounts/not-mounted",
    "secret-mounts/conflicting-flag",
    "secret-mounts/credentials-in-configmap",
];

/// One scenario on one version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    pub rule: String,
    /// What is done, as the user's command: `kubectl scale statefulset rqlite --replicas=1`.
    pub done: String,
    pub rqlited: String,
    pub kubernetes: String,
    /// What was seen without Quorate.
    pub loss: String,
    pub lost: u32,
    pub runs: u32,
    /// The message of the rule.
    pub refusal: String,
    /// What was done by it, step by step.
    pub remedy: Vec<String>,
    /// What was seen then.
    pub outcome: String,
    /// What could not be shown, and why.
    pub remark: String,
}

impl Record {
    /// Every run lost this.
    pub fn lost(&mut self, loss: &str) {
        self.counted(loss, 1, 1);
    }

    /// So many runs of so many lost this.
    pub fn counted(&mut self, loss: &str, lost: u32, runs: u32) {
        (self.loss, self.lost, self.runs) = (loss.to_owned(), lost, runs);
    }

    /// Takes the message of the rule out of what kubectl printed; fails where the rule is not among those that refused.
    #[track_caller]
    pub fn refused(&mut self, printed: &str) -> String {
        let found =
            printed.lines().find_map(|line| line.find(&format!("{}: ", self.rule)).and_then(|at| line.get(at..)));
        let message = found.unwrap_or_else(|| panic!("{} has not refused: {printed}", self.rule));
        self.refusal = message.to_owned();
        message.to_owned()
    }

    /// One step of the remedy.
    pub fn step(&mut self, step: impl Into<String>) {
        self.remedy.push(step.into());
    }

    /// Writes it into the folder that `QUORATE_EVIDENCE` names, if it does, and says it in any case.
    #[track_caller]
    pub fn write(&self) {
        eprintln!("{} on rqlited {}: lost {} of {}; {}", self.rule, self.rqlited, self.lost, self.runs, self.refusal);
        eprintln!("  {} -> {}", self.remedy.join("; "), self.outcome);
        let Some(folder) = environment(FOLDER) else { return };
        static COUNT: AtomicU32 = AtomicU32::new(1);
        let count = COUNT.fetch_add(1, Ordering::SeqCst);
        let name = format!("{}-{}-{}-{count}.json", self.rule.replace('/', "-"), self.rqlited, std::process::id());
        fs::create_dir_all(&folder).expect("the folder of the evidence");
        let text = serde_json::to_string_pretty(self).expect("a record");
        fs::write(Path::new(&folder).join(name), text).expect("a record");
    }
}

/// All records of a folder, in the order of the rules, of what was done, and of the versions.
pub fn read(folder: &Path) -> Result<Vec<Record>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    // Within a rule: as the scenarios wrote them.
    paths.sort_by_key(|path| fs::metadata(path).and_then(|data| data.modified()).ok());
    let read = |path: &PathBuf| {
        let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        serde_json::from_str::<Record>(&text).map_err(|error| format!("{}: {error}", path.display()))
    };
    paths.iter().map(read).collect()
}

/// Rules without a record.
#[must_use]
pub fn missing(records: &[Record]) -> Vec<&'static str> {
    RULES.into_iter().filter(|rule| !records.iter().any(|record| record.rule == *rule)).collect()
}
