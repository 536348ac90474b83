//! `kustomize build`, or `kubectl kustomize` where there is no kustomize. Without plugins and helm. What a tool of the cluster lays over a kustomization is laid over it.
//! Knows the command lines, nothing of kustomizations.

use std::path::{Path, PathBuf};
use std::{fs, io};

use serde_json::{Map, Value};
use tempfile::TempDir;

use super::KustomizeOptions;
use super::tool::{ToolError, ToolName, Tools};

const KUSTOMIZE: ToolName = ToolName { tool: "kustomize (or kubectl)", option: "--kustomize" };

pub(super) fn render(
    tools: &Tools,
    ground: &Path,
    folder: &str,
    options: &KustomizeOptions,
) -> Result<String, ToolError> {
    let own = ground.join(folder);
    let laid_over =
        overlay(ground, &own, options).map_err(|error| ToolError::Unusable { tool: KUSTOMIZE.tool, error })?;
    let root = laid_over.as_ref().map_or(own.as_path(), |folder| folder.path());
    let programs = match &tools.kustomize {
        Some(program) => vec![program.clone()],
        None => vec![PathBuf::from("kustomize"), PathBuf::from("kubectl")],
    };
    for program in programs {
        let build = |restriction: &str| {
            let is_kubectl = program.file_stem().is_some_and(|stem| stem.to_string_lossy().starts_with("kubectl"));
            let mut command = tools.command(&program);
            command.arg(if is_kubectl { "kustomize" } else { "build" });
            command.arg(format!("--load-restrictor=LoadRestrictions{restriction}")).arg("--").arg(root);
            KUSTOMIZE.run(command)
        };
        let rendered = match build("RootOnly") {
            Err(ToolError::Failed { said, .. }) if options.is_unrestricted && said.contains(OUTSIDE) => build("None"),
            rendered => rendered,
        }?;
        if let Some(rendered) = rendered {
            return Ok(rendered);
        }
    }
    Err(KUSTOMIZE.missing())
}

/// What kustomize says of a file that lies outside of the kustomization's own folder.
const OUTSIDE: &str = "is not in or below";

/// A folder with a kustomization of the overlay's members over the folder, where there is anything to lay over it.
fn overlay(ground: &Path, own: &Path, options: &KustomizeOptions) -> io::Result<Option<TempDir>> {
    if options.overlay.is_empty() && options.resources.is_empty() {
        return Ok(None);
    }
    let temporary = tempfile::tempdir()?;
    let up = "../".repeat(temporary.path().canonicalize()?.components().count());
    // kustomize takes no absolute path for a folder.
    let named = |path: &Path| -> io::Result<Value> {
        let whole = path.canonicalize()?;
        Ok(Value::from(format!("{up}{}", whole.to_string_lossy().trim_start_matches('/'))))
    };
    let mut members: Map<String, Value> = serde_json::from_str(&options.overlay).unwrap_or_default();
    if let Some(components) = members.get_mut("components").and_then(Value::as_array_mut) {
        for component in components {
            *component = named(&ground.join(component.as_str().unwrap_or_default()))?;
        }
    }
    let mut resources = Vec::new();
    for (index, path) in options.resources.iter().enumerate() {
        let whole = ground.join(path);
        if whole.is_dir() {
            resources.push(named(&whole)?);
        } else {
            let copy = format!("{index}.yaml");
            fs::copy(&whole, temporary.path().join(&copy))?;
            resources.push(Value::from(copy));
        }
    }
    if resources.is_empty() {
        resources.push(named(own)?);
    }
    members.insert("resources".to_owned(), Value::from(resources));
    fs::write(temporary.path().join("kustomization.yaml"), Value::from(members).to_string())?;
    Ok(Some(temporary))
}
