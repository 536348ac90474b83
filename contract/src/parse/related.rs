//! `related`, `facts` and `reads`: what a policy wants to see beside the request.
//! Does not know what an operator grants, nor which facts there are.

use std::collections::BTreeMap;

use super::grammar;
use super::node::{Node, Object};
use crate::manifest::{Namespaces, Read, Related, Relation};

/// Most related objects, facts, or reads of a policy.
const MAX_ITEMS: usize = 16;
/// Most fields of one read.
const MAX_FIELDS: usize = 64;

const RELATIONS: [(&str, Relation); 3] =
    [("parent", Relation::Parent), ("namespace", Relation::Namespace), ("owners", Relation::Owners)];
const NAMESPACES: [(&str, Namespaces); 2] = [("own", Namespaces::Own), ("all", Namespaces::All)];

pub(super) fn related(manifest: &Object<'_, '_>) -> BTreeMap<String, Related> {
    let Some(node) = manifest.optional("related") else { return BTreeMap::new() };
    let Some(object) = node.any_object() else { return BTreeMap::new() };
    if object.len() > MAX_ITEMS {
        node.problem(|| format!("has {} members, allowed are {MAX_ITEMS}", object.len()));
        return BTreeMap::new();
    }
    object.members().filter_map(|(name, node)| Some((name_of(name, &node)?, one_related(&node)?))).collect()
}

fn name_of(name: &str, node: &Node<'_>) -> Option<String> {
    let is_name = name.len() <= grammar::NAME.max_bytes && (grammar::NAME.fits)(name);
    if !is_name {
        node.problem(|| {
            format!("must stand under {} of at most {} bytes", grammar::NAME.wanted, grammar::NAME.max_bytes)
        });
    }
    is_name.then(|| name.to_owned())
}

fn one_related(node: &Node<'_>) -> Option<Related> {
    let object = node.object(&["of", "reference", "apiVersion", "kind"])?;
    let of = object.optional("of");
    let is_reference = ["reference", "apiVersion", "kind"].iter().any(|key| object.optional(key).is_some());
    match (of, is_reference) {
        (Some(_), true) => {
            node.problem(|| "has `of` beside a reference; it must be one of the two".to_owned());
            None
        }
        (Some(of), false) => of.one_of(&RELATIONS).map(|of| Related::Of { of }),
        (None, true) => reference(&object),
        (None, false) => {
            node.problem(|| "must have `of`, or `reference`, `apiVersion` and `kind`".to_owned());
            None
        }
    }
}

fn reference(object: &Object<'_, '_>) -> Option<Related> {
    let reference = object.text("reference", &grammar::REFERENCE);
    let api_version = object.text("apiVersion", &grammar::API_VERSION);
    let kind = object.text("kind", &grammar::KIND);
    Some(Related::Reference { reference: reference?, api_version: api_version?, kind: kind? })
}

pub(super) fn facts(manifest: &Object<'_, '_>) -> Vec<String> {
    manifest.optional("facts").map(|list| list.texts(0, MAX_ITEMS, &grammar::FACT)).unwrap_or_default()
}

pub(super) fn reads(manifest: &Object<'_, '_>) -> Vec<Read> {
    let Some(list) = manifest.optional("reads") else { return Vec::new() };
    let mut reads: Vec<Read> = Vec::new();
    for node in list.list(0, MAX_ITEMS) {
        let Some(read) = read(&node) else { continue };
        if reads.iter().any(|known| (&known.api_version, &known.kind) == (&read.api_version, &read.kind)) {
            node.problem(|| format!("reads {} {}, which stands there already", read.api_version, read.kind));
        }
        reads.push(read);
    }
    reads
}

fn read(node: &Node<'_>) -> Option<Read> {
    let object = node.object(&["apiVersion", "kind", "namespaces", "fields"])?;
    let api_version = object.text("apiVersion", &grammar::API_VERSION);
    let kind = object.text("kind", &grammar::KIND);
    let namespaces = object.one_of("namespaces", &NAMESPACES);
    let fields = object.required("fields").map(|list| list.texts(1, MAX_FIELDS, &grammar::POINTER));
    Some(Read { api_version: api_version?, kind: kind?, namespaces: namespaces?, fields: fields? })
}
