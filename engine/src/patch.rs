//! A guest's edits, applied: the object that comes out, and the smallest patch to it. What identifies an object stays.
//! Does not know what an edit is for.

use std::collections::BTreeSet;

use kubernetes::annotation::PREFIX;
use quorate_document::{Document, Edited, Edits, Operation, Patch, Pointer};

use crate::failure::PolicyFailure;

/// What no policy may change: the object's identity, what keeps or ends it, and what the API server and its controller say of it.
static PROTECTED: [Pointer<'static>; 15] = [
    Pointer::literal("/apiVersion"),
    Pointer::literal("/kind"),
    Pointer::literal("/metadata/name"),
    Pointer::literal("/metadata/generateName"),
    Pointer::literal("/metadata/namespace"),
    Pointer::literal("/metadata/uid"),
    Pointer::literal("/metadata/ownerReferences"),
    Pointer::literal("/metadata/resourceVersion"),
    Pointer::literal("/metadata/generation"),
    Pointer::literal("/metadata/creationTimestamp"),
    Pointer::literal("/metadata/deletionTimestamp"),
    Pointer::literal("/metadata/deletionGracePeriodSeconds"),
    Pointer::literal("/metadata/selfLink"),
    Pointer::literal("/metadata/managedFields"),
    Pointer::literal("/status"),
];

static ANNOTATIONS: Pointer<'static> = Pointer::literal("/metadata/annotations");

/// None: the edits change nothing. All of them apply, or none does.
pub(crate) fn applied(
    object: Option<&Document>,
    edits: &Edits,
    max_bytes: usize,
    trusted: bool,
) -> Result<Option<Edited>, PolicyFailure> {
    if edits.is_empty() {
        return Ok(None);
    }
    let object = object.ok_or_else(|| PolicyFailure::bad_output("it edits a request without an object"))?;
    let edited =
        edits.apply(object).map_err(|error| PolicyFailure::bad_output(format!("its edits do not apply: {error}")))?;
    let Some(edited) = edited else { return Ok(None) };
    if let Some(changed) = PROTECTED.iter().find(|place| !object.same(place, &edited.document)) {
        return Err(PolicyFailure::bad_output(format!("it changes `{changed}`, which no policy may")));
    }
    // They lift denials of other policies: a person writes them, or Quorate itself.
    if !trusted && own_annotations(object) != own_annotations(&edited.document) {
        return Err(PolicyFailure::bad_output(format!("it changes an annotation `{PREFIX}…`, which no policy may")));
    }
    let bytes = edited.patch.to_string().len();
    if bytes > max_bytes {
        return Err(PolicyFailure::bad_output(format!("its patch has {bytes} bytes, allowed are {max_bytes}")));
    }
    Ok(Some(edited))
}

fn own_annotations(object: &Document) -> BTreeSet<(String, Option<String>)> {
    let keys = object.keys(&ANNOTATIONS).into_iter().filter(|key| key.starts_with(PREFIX));
    let value = |key: &str| {
        let at: Pointer<'static> = ["metadata", "annotations", key].into_iter().collect();
        object.json(&at).map(|json| json.into_owned())
    };
    keys.map(|key| (key.to_string(), value(&key))).collect()
}

/// The places that a patch writes to, for people.
pub(crate) fn paths(patch: &Patch) -> Vec<&str> {
    let mut seen = BTreeSet::new();
    let written = patch.operations().iter().flat_map(written).flatten().map(Pointer::as_str);
    written.filter(|path| seen.insert(*path)).collect()
}

/// Where an operation writes: its path, and where `move` takes something away.
fn written(operation: &Operation) -> [Option<&Pointer<'static>>; 2] {
    match operation {
        Operation::Test { .. } => [None, None],
        Operation::Move { from, path } => [Some(from), Some(path)],
        Operation::Add { path, .. }
        | Operation::Remove { path }
        | Operation::Replace { path, .. }
        | Operation::Copy { path, .. } => [Some(path), None],
    }
}

#[cfg(test)]
mod tests {
    use kubernetes::object::indexed;
    use quorate_document::Limits;

    use super::*;

    const MAX: usize = 1000;
    const OBJECT: &str = r#"{"kind":"Job","metadata":{"name":"a","labels":{}},"spec":{"x":"y"},"status":{"z":1}}"#;

    fn apply(edit: impl FnOnce(&mut Edits)) -> Result<Option<Edited>, PolicyFailure> {
        let mut edits = Edits::new(&Limits::DEFAULT);
        edit(&mut edits);
        applied(Some(&indexed(OBJECT).unwrap()), &edits, MAX, false)
    }

    #[track_caller]
    fn refused(edit: impl FnOnce(&mut Edits), says: &str) {
        assert_eq!(apply(edit).unwrap_err().to_string(), format!("the policy gave an unusable answer: {says}"));
    }

    #[test]
    fn applies_what_is_allowed() {
        let edited = apply(|edits| edits.set_text("/metadata/labels/b", "c").unwrap()).unwrap().unwrap();
        assert_eq!(paths(&edited.patch), ["/metadata/labels/b"]);
        assert!(apply(|edits| edits.set_text("/spec/x", "y").unwrap()).unwrap().is_none(), "nothing is changed");
        assert!(apply(|_| ()).unwrap().is_none());
    }

    #[test]
    fn what_identifies_an_object_stays() {
        let metadata =
            ["name", "generateName", "namespace", "uid", "ownerReferences", "resourceVersion", "deletionTimestamp"];
        let metadata = metadata.map(|key| format!("/metadata/{key}"));
        let roots = ["/kind", "/status", "/apiVersion"].map(str::to_owned);
        for path in metadata.iter().chain(&roots) {
            let says = format!("it changes `{path}`, which no policy may");
            refused(|edits| edits.set(path, r#""b""#).unwrap(), &says);
        }
        refused(|edits| edits.set("/metadata", "{}").unwrap(), "it changes `/metadata/name`, which no policy may");
        refused(|edits| edits.set("", "{}").unwrap(), "it changes `/kind`, which no policy may");
        let moved = r#"[{"op":"move","from":"/metadata/name","path":"/spec/x"}]"#;
        refused(|edits| edits.patch(moved).unwrap(), "it changes `/metadata/name`, which no policy may");
    }

    #[test]
    fn what_lifts_denials_is_for_people_and_for_what_is_built_in() {
        let at = "/metadata/annotations/quorate.dev~1break-glass";
        let says = "it changes an annotation `quorate.dev/…`, which no policy may";
        refused(|edits| edits.set_text(at, "a/b until=2026-12-01T00:00:00Z fire").unwrap(), says);
        let mut edits = Edits::new(&Limits::DEFAULT);
        edits.set_text(at, "x").unwrap();
        assert!(applied(Some(&indexed(OBJECT).unwrap()), &edits, MAX, true).unwrap().is_some());
        assert!(apply(|edits| edits.set_text("/metadata/annotations/team", "a").unwrap()).unwrap().is_some());
    }

    #[test]
    fn edits_that_do_not_apply_are_refused_as_a_whole() {
        let failure = apply(|edits| {
            edits.set_text("/spec/x", "z").unwrap();
            edits.remove("/spec/absent").unwrap();
        });
        let text = failure.unwrap_err().to_string();
        assert!(text.starts_with("the policy gave an unusable answer: its edits do not apply: "), "{text}");
        assert!(text.contains("/spec/absent"), "{text}");
    }

    #[test]
    fn a_request_without_an_object_is_not_edited() {
        let mut edits = Edits::new(&Limits::DEFAULT);
        edits.set("/a", "1").unwrap();
        assert!(
            applied(None, &edits, MAX, false)
                .unwrap_err()
                .to_string()
                .ends_with("it edits a request without an object")
        );
    }

    #[test]
    fn a_patch_has_a_largest_size() {
        let long = "a".repeat(MAX);
        let failure = apply(|edits| edits.set_text("/spec/x", &long).unwrap()).unwrap_err();
        assert!(failure.to_string().ends_with("allowed are 1000"), "{failure}");
    }
}
