//! Reads the configuration file: text, keys and types.
//! What it names (policies, modules, certificates) is looked up by `resolve`.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Config;
use super::check::{ConfigFault, faults};
use quorate_check::input::{self, InputReadError};

/// A configuration and where it came from.
#[derive(Debug, Clone)]
pub(crate) struct ConfigFile {
    /// As errors name it.
    pub(crate) name: String,
    /// The folder that relative paths start from.
    pub(crate) folder: PathBuf,
    pub(crate) config: Config,
}

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("{file}")]
    Unreadable { file: String, source: InputReadError },
    #[error("{file}: {count} YAML documents, expected one")]
    Documents { file: String, count: usize },
    /// One line for every fault.
    #[error("{}", lines(.file, .faults))]
    Faults { file: String, faults: Vec<ConfigFault> },
}

impl ConfigFile {
    /// The file, or the built-in defaults.
    pub(crate) fn read(file: Option<&Path>) -> Result<Self, ConfigError> {
        let Some(file) = file else {
            return Ok(Self { name: "defaults".to_owned(), folder: PathBuf::new(), config: Config::default() });
        };
        let text = input::read_text(file)
            .map_err(|source| ConfigError::Unreadable { file: file.display().to_string(), source })?;
        Self::parse(file, &text)
    }

    /// The text that the file has, or had.
    pub(crate) fn parse(file: &Path, text: &str) -> Result<Self, ConfigError> {
        let name = file.display().to_string();
        let unreadable = |source| ConfigError::Unreadable { file: name.clone(), source };
        let documents = input::parse_yaml(text).map_err(unreadable)?;
        let config = decode(documents, &name)?;
        Ok(Self { name, folder: file.parent().map(Path::to_path_buf).unwrap_or_default(), config })
    }

    /// Faults of this file.
    pub(crate) fn faulty(&self, faults: Vec<ConfigFault>) -> ConfigError {
        ConfigError::Faults { file: self.name.clone(), faults }
    }
}

/// An empty file has the defaults.
fn decode(documents: Vec<Value>, name: &str) -> Result<Config, ConfigError> {
    let count = documents.len();
    let mut documents = documents.into_iter();
    let config = match (documents.next(), count) {
        (None | Some(Value::Null), 0 | 1) => return Ok(Config::default()),
        (Some(config), 1) => config,
        _ => return Err(ConfigError::Documents { file: name.to_owned(), count }),
    };
    let faulty = |faults| ConfigError::Faults { file: name.to_owned(), faults };
    let whole = |message: String| faulty(vec![ConfigFault { path: String::new(), message }]);
    let faults = faults(&config).map_err(|error| whole(error.to_string()))?;
    if !faults.is_empty() {
        return Err(faulty(faults));
    }
    serde_json::from_value(config).map_err(|error| whole(error.to_string()))
}

fn lines(file: &str, faults: &[ConfigFault]) -> String {
    let lines: Vec<_> = faults.iter().map(|fault| format!("{file}: {fault}")).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Config, decode};

    #[test]
    fn an_empty_file_is_the_default() {
        assert_eq!(decode(vec![], "empty.yaml").unwrap(), Config::default());
        assert_eq!(decode(vec![Value::Null], "comment.yaml").unwrap(), Config::default());
        assert_eq!(decode(vec![json!({})], "braces.yaml").unwrap(), Config::default());
    }

    #[test]
    fn what_is_not_given_keeps_its_default() {
        let config = decode(
            vec![json!({"policies": {"quorum-guard": {"mode": "warn"}}, "logs": {"format": "json"}})],
            "some.yaml",
        )
        .unwrap();
        assert_eq!(config.listen, Config::default().listen);
        let policy = config.policies.get("quorum-guard").unwrap();
        assert!(policy.enabled && policy.module.is_none() && policy.grants.is_none());
        assert_eq!(policy.limits.cpu_milliseconds, 50);
    }
}
