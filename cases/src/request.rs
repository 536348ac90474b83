//! From a row of the table to the AdmissionReview that an API server would send. Judges nothing.
#![expect(clippy::indexing_slicing, reason = "an absent member of a `serde_json::Value` reads as null")]

use kubernetes::list;
use kubernetes::related::{Reason, Related};
use kubernetes::request::RequestKind;
use quorate_fixtures::review;
use serde_json::{Value, json};

use super::object::{Shapes, with_defaults};
use super::table::{NotFound, Row};

/// The review, and what stands behind its request.
///
/// # Errors
/// What the row lacks, or what in it cannot be read.
pub(super) fn review(row: &Row, shapes: &Shapes) -> Result<(Value, Related<Value>), String> {
    if let Some(message) = row.ignored_key() {
        return Err(message.to_owned());
    }
    let sets = sets(row, shapes)?;
    let mut review = asked(row, shapes, sets.first())?;
    let request = &mut review["request"];
    if let Some(user) = &row.user {
        request["userInfo"]["username"] = json!(user);
    }
    if let Some(groups) = &row.groups {
        request["userInfo"]["groups"] = json!(groups);
    }
    if let Some(options) = &row.options {
        request["options"] = options.clone();
    }
    if row.collection {
        request["name"] = Value::Null;
    }
    let related = match (related(request, sets), row.related) {
        (Some(related), _) => Related::Found(related),
        (None, Some(NotFound::Absent)) => Related::Absent,
        (None, None) => Related::Unknown(Reason::NotGiven),
    };
    Ok((review, related))
}

/// The StatefulSets that stand behind the request.
fn sets(row: &Row, shapes: &Shapes) -> Result<Vec<Value>, String> {
    let known = row.scale.iter().filter(|set| **set != "unknown").chain(&row.of).chain(&row.sets);
    known.map(|set| shapes.object(set).map(with_defaults)).collect()
}

/// The review of what the row asks, with the user and the options of every review.
fn asked(row: &Row, shapes: &Shapes, set: Option<&Value>) -> Result<Value, String> {
    match (&row.create, &row.update, &row.delete, &row.scale, &row.evict, &row.to) {
        (Some(object), None, None, None, None, None) => Ok(of_change(None, Some(shapes.object(object)?))),
        (None, Some(object), None, None, None, Some(to)) => {
            let old = shapes.object(object)?;
            let new = shapes.updated(&old, to)?;
            Ok(of_change(Some(old), Some(new)))
        }
        (None, None, Some(object), None, None, None) => Ok(of_change(Some(shapes.object(object)?), None)),
        (None, None, None, Some(_), None, Some(to)) => {
            let own = set.map(|set| set["spec"]["replicas"].clone());
            let from = row
                .from
                .map(Value::from)
                .or(own)
                .ok_or("`from` is missing: `scale: unknown` has no count of its own")?;
            Ok(scale(from, to.clone(), set))
        }
        (None, None, None, None, Some(pod), None) => Ok(review::eviction("db", pod)),
        _ => Err("a case has one of `create`, `update` with `to`, `delete`, `scale` with `to`, and `evict`".to_owned()),
    }
}

fn of_change(old: Option<Value>, new: Option<Value>) -> Value {
    review::of_change(old.map(with_defaults).as_ref(), new.map(with_defaults).as_ref())
}

fn scale(from: Value, to: Value, set: Option<&Value>) -> Value {
    let named = |key: &str, otherwise| set.and_then(|set| set["metadata"][key].as_str()).unwrap_or(otherwise);
    review::scale(named("namespace", "db"), named("name", "rqlite"), from, to)
}

/// The StatefulSet, or the StatefulSetList of what is deleted.
fn related(request: &Value, mut sets: Vec<Value>) -> Option<Value> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let kind = RequestKind::of_object(&text(&request["kind"]["group"]), &text(&request["kind"]["kind"]));
    if sets.is_empty() {
        return None;
    }
    if !matches!(kind, RequestKind::Dependency(_)) {
        return Some(sets.swap_remove(0));
    }
    let items: Vec<String> = sets.iter().map(Value::to_string).collect();
    serde_json::from_str(&list::stateful_sets(items.iter().map(String::as_str))).ok()
}
