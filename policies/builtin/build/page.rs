//! The page of a rule, from the doc comment of its `RULE` constant: the source is the only place where it is written.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use syn::{Attribute, Expr, ExprLit, Item, ItemConst, Lit, Meta};

pub(crate) struct Page {
    pub(crate) rule: String,
    pub(crate) text: String,
}

/// The pages of a policy's rules, in order of their ids.
pub(crate) fn pages(policy: &str, directory: &Path) -> Result<Vec<Page>> {
    let mut pages = Vec::new();
    for entry in fs::read_dir(directory.join("src/rule"))? {
        let path = entry?.path();
        // A folder holds the parts of a rule whose file is beside it.
        if path.is_dir() {
            continue;
        }
        let source = fs::read_to_string(&path).with_context(|| format!("{}", path.display()))?;
        let file = syn::parse_file(&source).with_context(|| format!("{}", path.display()))?;
        for item in file.items {
            if let Item::Const(constant) = item
                && constant.ident == "RULE"
            {
                pages.push(page(policy, &constant).with_context(|| format!("{}", path.display()))?);
            }
        }
    }
    pages.sort_by(|left, right| left.rule.cmp(&right.rule));
    Ok(pages)
}

fn page(policy: &str, constant: &ItemConst) -> Result<Page> {
    let Expr::Call(rule) = constant.expr.as_ref() else {
        anyhow::bail!("`RULE` is not a `Rule::new(…)`");
    };
    let mut texts = rule.args.iter().map(literal);
    let (Some(Some(id)), Some(Some(summary))) = (texts.next(), texts.next()) else {
        anyhow::bail!("the id and the summary of `RULE` are not string literals");
    };
    let doc = doc(&constant.attrs);
    ensure!(!doc.trim().is_empty(), "`RULE` ({id}) has no doc comment");
    let text = format!("# {policy}/{id}\n\n{summary}\n\n{}\n", doc.trim());
    Ok(Page { rule: id, text })
}

fn literal(argument: &Expr) -> Option<String> {
    if let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = argument { Some(text.value()) } else { None }
}

/// The doc comment, without the blank that follows the slashes.
fn doc(attributes: &[Attribute]) -> String {
    let mut text = String::new();
    for attribute in attributes {
        if let Meta::NameValue(pair) = &attribute.meta
            && pair.path.is_ident("doc")
            && let Expr::Lit(literal) = &pair.value
            && let Lit::Str(line) = &literal.lit
        {
            let line = line.value();
            text.push_str(line.strip_prefix(' ').unwrap_or(&line));
            text.push('\n');
        }
    }
    text
}
