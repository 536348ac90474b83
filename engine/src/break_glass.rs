//! The way past a denial in an emergency: an annotation that names rules, an end and a reason, used by a named group.
//! Does not touch what was not judged, and reads no clock: the time is a fact.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use kubernetes::annotation::BREAK_GLASS;
use kubernetes::break_glass::{End, Grant, Unreadable};
use quorate_document::Pointer;
use thiserror::Error;
use time::OffsetDateTime;

use crate::provider::Prepared;
use crate::verdict::{Finding, Review};
use kubernetes::admission::Request;
use kubernetes::text::one_line;
use kubernetes::verdict::Level;

/// Longest reason that is repeated, in bytes.
const MAX_REASON: usize = 120;

/// Longest user name that is repeated, in bytes.
const MAX_USER: usize = 80;

/// Who may use break-glass.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BreakGlass {
    /// Groups of the requesting user. Empty: nobody.
    pub groups: Vec<String>,
}

/// Turns each denial that an honoured annotation names into a warning; elsewhere says why the annotation does not help.
pub(crate) fn apply(config: &BreakGlass, request: &Request, prepared: &Prepared, review: &mut Review) {
    let notes = annotations(request, prepared);
    let now = prepared.now;
    let user = one_line(&request.username, MAX_USER);
    for finding in review.findings.iter_mut().filter(|finding| finding.level == Level::Deny) {
        let mut refusal = None;
        let honoured = notes.iter().find_map(|note| match permission(note, &finding.rule, config, request, now) {
            Ok(grant) => Some(grant),
            Err(why) => {
                refusal.get_or_insert(why);
                None
            }
        });
        match (honoured, refusal) {
            (Some(grant), _) => {
                let used = format!("by `{user}` until {}: {}", grant.until_text, one_line(grant.reason, MAX_REASON));
                tracing::warn!(target: "audit", uid = %request.uid, rule = %finding.rule, "break-glass {used}");
                review.audit.push((audit_key(&review.audit), format!("{} {used}", finding.rule)));
                finding.level = Level::Warn;
                finding.message = format!("{} (break-glass {used})", finding.message);
            }
            (None, Some(why)) => explain(finding, &why),
            (None, None) => {}
        }
    }
}

/// The annotation of the object, the one behind the request, and the object as it was, where they have one.
fn annotations(request: &Request, prepared: &Prepared) -> Vec<String> {
    let Ok(pointer) = Pointer::parse(format!("/metadata/annotations/{}", BREAK_GLASS.replace('/', "~1"))) else {
        return Vec::new();
    };
    let documents = [&request.object, &prepared.subject, &request.old_object].into_iter().flatten();
    documents.filter_map(|document| document.text(&pointer)).map(Cow::into_owned).collect()
}

/// Keys hold no slash (the API server drops such keys), and each one counts once.
fn audit_key(known: &[(String, String)]) -> String {
    let used = known.iter().filter(|(key, _)| key.starts_with("break-glass")).count();
    if used == 0 { "break-glass".to_owned() } else { format!("break-glass-{}", used + 1) }
}

fn explain(finding: &mut Finding, why: &BreakGlassRefusal) {
    let stop = if finding.remedy.is_empty() { "" } else { "; " };
    finding.remedy = format!("{}{stop}break-glass is not honoured: {why}", finding.remedy);
}

#[derive(Debug, PartialEq, Eq, Error)]
enum BreakGlassRefusal {
    #[error("it must read `<policy>/<rule> until=<RFC 3339> <reason>`")]
    Malformed,
    #[error("it gives no reason")]
    NoReason,
    #[error("it does not name this rule")]
    OtherRule,
    #[error("the time is not known")]
    NoTime,
    #[error("it ended at {0}")]
    Ended(String),
    #[error("it ends more than 24 h from now")]
    TooLong,
    #[error("no group is in `breakGlass.groups`")]
    NoGroups,
    #[error("`{0}` is in none of `breakGlass.groups`")]
    NotInGroup(String),
}

fn permission<'n>(
    note: &'n str,
    rule: &str,
    config: &BreakGlass,
    request: &Request,
    now: Option<OffsetDateTime>,
) -> Result<Grant<'n>, BreakGlassRefusal> {
    let grant = Grant::parse(note)?;
    if !grant.names(rule) {
        return Err(BreakGlassRefusal::OtherRule);
    }
    match grant.end(now.ok_or(BreakGlassRefusal::NoTime)?) {
        End::Ahead => {}
        End::Past => return Err(BreakGlassRefusal::Ended(grant.until_text.to_owned())),
        End::TooFar => return Err(BreakGlassRefusal::TooLong),
    }
    if config.groups.is_empty() {
        return Err(BreakGlassRefusal::NoGroups);
    }
    if !request.groups.iter().any(|group| config.groups.iter().any(|allowed| allowed == group)) {
        return Err(BreakGlassRefusal::NotInGroup(one_line(&request.username, MAX_USER)));
    }
    Ok(grant)
}

impl From<Unreadable> for BreakGlassRefusal {
    fn from(unreadable: Unreadable) -> Self {
        match unreadable {
            Unreadable::Form => Self::Malformed,
            Unreadable::NoReason => Self::NoReason,
        }
    }
}
