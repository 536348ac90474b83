//! `quorate explain`: the page of a rule, as `docs/rules/` has it, or the list of a policy's rules.
//! Knows the built-in policies only: a module of one's own brings no pages.

use std::io::Write;

use anyhow::bail;
use quorate_builtin::Module;

use crate::args::Explain as Args;
use crate::exit::Exit;
use crate::nearest;

pub(super) fn run(args: &Args, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let modules = quorate_builtin::modules();
    if let Some(policy) = modules.iter().find(|module| module.name == args.rule) {
        for rule in ids(policy) {
            writeln!(out, "{rule}")?;
        }
        return Ok(Exit::Allowed);
    }
    let Some(page) = page(modules, &args.rule) else {
        let known: Vec<String> = modules.iter().flat_map(ids).collect();
        match nearest::nearest(&args.rule, known.iter().map(String::as_str)) {
            Some(name) => bail!("no rule `{}`, the nearest known one is `{name}`", args.rule),
            None => bail!("no rule `{}`; `quorate policy list` shows all", args.rule),
        }
    };
    writeln!(out, "{}", page.trim_end())?;
    Ok(Exit::Allowed)
}

fn ids(module: &Module) -> impl Iterator<Item = String> {
    module.pages.iter().map(|page| format!("{}/{}", module.name, page.rule))
}

fn page(modules: &[Module], id: &str) -> Option<&'static str> {
    let (policy, rule) = id.split_once('/')?;
    let module = modules.iter().find(|module| module.name == policy)?;
    module.pages.iter().find(|page| page.rule == rule).map(|page| page.text)
}
