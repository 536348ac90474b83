//! The way past a denial in an emergency: an annotation that names rules, an end and a reason, used by a named group.
//! Does not touch what was not judged, and reads no clock: the time is a fact.

#[cfg(test)]
mod tests;

use thiserror::Error;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::context::Context;
use crate::projection;
use crate::verdict::{Finding, Level, Review};
use kubernetes::admission::Request;
use kubernetes::text::one_line;

/// JSON pointer of `quorate.dev/break-glass`.
const ANNOTATION: &str = "/metadata/annotations/quorate.dev~1break-glass";

/// An emergency is not a state: whoever needs more than a day says so again.
const LONGEST: Duration = Duration::hours(24);

/// Longest reason that is repeated, in bytes.
const MAX_REASON: usize = 120;

/// Longest user name that is repeated, in bytes.
const MAX_USER: usize = 80;

/// Who may break the glass.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BreakGlass {
    /// Groups of the requesting user. Empty: nobody.
    pub groups: Vec<String>,
}

/// Turns each denial that an honoured annotation names into a warning; elsewhere says why the annotation does not help.
pub(crate) fn apply(
    config: &BreakGlass,
    request: &Request<'_>,
    context: &Context<'_>,
    now: Option<OffsetDateTime>,
    review: &mut Review,
) {
    let notes = annotations(request, context);
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

/// The annotation of the object, its parent, and the object as it was, where they have one.
fn annotations(request: &Request<'_>, context: &Context<'_>) -> Vec<String> {
    let parent = context.related.found().map(String::as_str);
    let pointer = [ANNOTATION.to_owned()];
    let documents = [request.object.map(|raw| raw.get()), parent, request.old_object.map(|raw| raw.get())];
    let note = |document: &str| {
        serde_json::from_str::<String>(projection::cut(document, &pointer).ok()?.pop()??.as_str()).ok()
    };
    documents.into_iter().flatten().filter_map(note).collect()
}

/// Keys hold no slash (the API server drops such keys), and each one counts once.
fn audit_key(known: &[(String, String)]) -> String {
    let used = known.iter().filter(|(key, _)| key.starts_with("break-glass")).count();
    if used == 0 { "break-glass".to_owned() } else { format!("break-glass-{}", used + 1) }
}

fn explain(finding: &mut Finding, why: &Refusal) {
    let stop = if finding.remedy.is_empty() { "" } else { "; " };
    finding.remedy = format!("{}{stop}break-glass is not honoured: {why}", finding.remedy);
}

/// `<policy>/<rule>[,...] until=<RFC 3339> <reason>`
struct Grant<'n> {
    rules: &'n str,
    until: OffsetDateTime,
    until_text: &'n str,
    reason: &'n str,
}

#[derive(Debug, PartialEq, Eq, Error)]
enum Refusal {
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
    request: &Request<'_>,
    now: Option<OffsetDateTime>,
) -> Result<Grant<'n>, Refusal> {
    let grant = parse(note)?;
    if !grant.rules.split(',').any(|named| named == rule) {
        return Err(Refusal::OtherRule);
    }
    let now = now.ok_or(Refusal::NoTime)?;
    if grant.until <= now {
        return Err(Refusal::Ended(grant.until_text.to_owned()));
    }
    if grant.until - now > LONGEST {
        return Err(Refusal::TooLong);
    }
    if config.groups.is_empty() {
        return Err(Refusal::NoGroups);
    }
    if !request.groups.iter().any(|group| config.groups.iter().any(|allowed| allowed == group)) {
        return Err(Refusal::NotInGroup(one_line(&request.username, MAX_USER)));
    }
    Ok(grant)
}

// The policy secret-mounts reads the same form, to warn of a text that does nothing. No crate may be imported by both (the engine knows
// nothing of policies, a guest nothing of the host), so `tests/data/break-glass.txt` holds both to one table.
fn parse(note: &str) -> Result<Grant<'_>, Refusal> {
    let mut words = note.trim().splitn(3, char::is_whitespace);
    let rules = words.next().filter(|rules| rules.contains('/')).ok_or(Refusal::Malformed)?;
    let until_text = words.next().and_then(|word| word.strip_prefix("until=")).ok_or(Refusal::Malformed)?;
    let until = OffsetDateTime::parse(until_text, &Rfc3339).map_err(|_| Refusal::Malformed)?;
    let reason = words.next().map(str::trim).filter(|reason| !reason.is_empty()).ok_or(Refusal::NoReason)?;
    Ok(Grant { rules, until, until_text, reason })
}
