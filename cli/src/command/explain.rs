//! `quorate explain`: the page of a rule, as `docs/rules/` has it, or the list of a policy's rules.
//! Knows the built-in policies and what `quorate check` says by itself: a module of one's own brings no pages.

use std::io::Write;

use anyhow::bail;

use crate::args::Explain as Args;
use crate::nearest;
use quorate_check::Exit;

/// A rule's id, and its page.
type Page = (String, &'static str);

pub(super) fn run(args: &Args, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let pages: Vec<Page> = pages().collect();
    let of_policy = |id: &str| id.split_once('/').is_some_and(|(policy, _)| policy == args.rule);
    let rules: Vec<&str> = pages.iter().map(|(id, _)| id.as_str()).filter(|id| of_policy(id)).collect();
    if !rules.is_empty() {
        rules.iter().try_for_each(|id| writeln!(out, "{id}"))?;
        return Ok(Exit::Allowed);
    }
    let Some((_, text)) = pages.iter().find(|(id, _)| *id == args.rule) else {
        match nearest::nearest(&args.rule, pages.iter().map(|(id, _)| id.as_str())) {
            Some(name) => bail!("no rule `{}`, the nearest known one is `{name}`", args.rule),
            None => bail!("no rule `{}`; `quorate policy list` shows all", args.rule),
        }
    };
    writeln!(out, "{}", text.trim_end())?;
    Ok(Exit::Allowed)
}

fn pages() -> impl Iterator<Item = Page> {
    let modules = quorate_builtin::modules().iter();
    let of_policies = modules
        .flat_map(|module| module.pages.iter().map(|page| (format!("{}/{}", module.name, page.rule), page.text)));
    of_policies.chain(quorate_check::rules::RULES.into_iter().map(|rule| (rule.id.to_owned(), rule.page)))
}
