//! `kustomize build`, or `kubectl kustomize` where there is no kustomize. Without plugins, helm or files from outside of the root.
//! Knows the command lines, nothing of kustomizations.

use std::path::{Path, PathBuf};

use super::tool::{ToolError, ToolName, Tools};

const KUSTOMIZE: ToolName = ToolName { tool: "kustomize (or kubectl)", option: "--kustomize" };

pub(super) fn render(tools: &Tools, folder: &Path) -> Result<String, ToolError> {
    let programs = match &tools.kustomize {
        Some(program) => vec![program.clone()],
        None => vec![PathBuf::from("kustomize"), PathBuf::from("kubectl")],
    };
    for program in programs {
        let is_kubectl = program.file_stem().is_some_and(|stem| stem.to_string_lossy().starts_with("kubectl"));
        let mut command = tools.command(&program);
        command.arg(if is_kubectl { "kustomize" } else { "build" }).arg(folder);
        command.arg("--load-restrictor=LoadRestrictionsRootOnly");
        if let Some(rendered) = KUSTOMIZE.run(command)? {
            return Ok(rendered);
        }
    }
    Err(KUSTOMIZE.missing())
}
