//! Every request gets an answer, and every answer is one that a person can use.

use kubernetes::verdict::Level;
use quorate_native_tests::evaluate::{Evaluated, Finding, evaluate};
use quorate_native_tests::run::Broken;

use crate::hold;
use quorate_native_tests::request::{GeneratedRequest, Request, any_request};

/// A negative count is a wrong value: not judged, by quorum-guard alone.
fn has_negative_count(asked: &GeneratedRequest) -> bool {
    let new = match &asked.request {
        Request::Scale(to) => *to,
        Request::Update(_) | Request::Create | Request::Delete | Request::Evict(_) => 0,
    };
    let input = asked.input();
    let of = |object: &str| input.review["request"][object]["spec"]["replicas"].as_i64().unwrap_or(0);
    new < 0 || asked.set.count() < 0 || of("object") < 0 || of("oldObject") < 0
}

#[test]
fn every_well_formed_request_is_judged() {
    hold("judged", 70, &any_request(), |asked| {
        let evaluated = evaluate(&asked.input());
        let unjudged = evaluated.findings.iter().find(|finding| finding.level == Level::NotJudged);
        match unjudged {
            Some(finding) if !has_negative_count(asked) => {
                Err(Broken::new(format!("not judged: {}", finding.message), [("input", asked.input())]))
            }
            Some(finding) if finding.policy() != "quorum-guard" => Err(Broken::new(
                format!("a negative count is quorum-guard's alone: {}", evaluated.told()),
                [("input", asked.input())],
            )),
            _ => Ok(()),
        }
    });
}

#[test]
fn every_finding_can_be_used() {
    hold("messages", 70, &any_request(), |asked| {
        if has_negative_count(asked) {
            return Ok(());
        }
        let evaluated = evaluate(&asked.input());
        match complaint(&evaluated) {
            Some(what) => Err(Broken::new(format!("{what}\n{}", evaluated.told()), [("input", asked.input())])),
            None => Ok(()),
        }
    });
}

fn complaint(evaluated: &Evaluated) -> Option<String> {
    let of = |finding: &Finding| {
        let (message, remedy) = (&finding.message, &finding.remedy);
        let text = format!("{message}; {remedy}");
        let nonsense = NONSENSE.iter().find(|words| text.contains(**words));
        if finding.level == Level::Deny && remedy.is_empty() {
            Some(format!("{}: a denial without a remedy", finding.rule))
        } else if let Some(words) = nonsense {
            Some(format!("{}: says `{words}`", finding.rule))
        } else if message.len() > MOST || remedy.len() > MOST {
            Some(format!("{}: {} and {} bytes", finding.rule, message.len(), remedy.len()))
        } else if text.contains('\n') || text.contains("  ") {
            Some(format!("{}: more than one line, or two blanks", finding.rule))
        } else {
            repeated(&text).map(|name| format!("{}: names {name} twice in one list", finding.rule))
        }
    };
    evaluated.findings.iter().find_map(of)
}

/// Longest text that a person reads to its end, in bytes.
const MOST: usize = 420;

/// What no true sentence about a cluster holds.
const NONSENSE: [&str; 14] = [
    "fewer than 1 ",
    "of 0 voters",
    "replicas 0 -> 0",
    "localhost:4002",
    "scale to 0;",
    "--replicas=0",
    "grow by fewer than 0",
    "at most 0",
    "None",
    "until nobody",
    "Some(",
    "remove  ",
    "and  ",
    "remove from",
];

/// `a-0 and a-0`, `a-0, a-0`.
fn repeated(text: &str) -> Option<&str> {
    let words: Vec<&str> = text.split([' ', ',', ';', '`']).filter(|word| !word.is_empty() && *word != "and").collect();
    words
        .windows(2)
        .find(|pair| pair[0] == pair[1] && pair[0].contains('-') && pair[0].ends_with(|c: char| c.is_ascii_digit()))
        .map(|pair| pair[0])
}
