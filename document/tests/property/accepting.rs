//! Which texts are documents: those that `serde_json` reads, but for what the crate says it reads otherwise.
//! Texts are valid ones with a few bytes changed, and short ones of the characters that matter.

use proptest::prelude::*;
use quorate_document::{Document, DocumentFault, Limits};
use serde_json::Value;

use crate::generated::{spelled, spelling, tree};

const PIECES: [&str; 46] = [
    "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "\\ud83d", "\\ude00", "\\u0061", "\\n", "\\x", "u", "00e4",
    "\u{0}", "\u{1f}", "\u{7f}", "ä", "😀", " ", "\n", "\t", "\u{a0}", "\u{feff}", "0", "1", "01", "-", "-0", "+", ".",
    ".5", "1.", "e", "E5", "1e9", "1e999", "1e-999", "true", "false", "null", "tru", "NaN", "\"a\":1",
];

#[track_caller]
fn agrees(text: &str) -> Result<(), TestCaseError> {
    let read = Document::parse(text, &Limits::DEFAULT);
    match (serde_json::from_str::<Value>(text), read) {
        (Ok(tree), Ok(document)) => {
            prop_assert_eq!(serde_json::from_str::<Value>(&document.as_json()).unwrap(), tree);
        }
        (Err(_), Err(_)) => {}
        (Ok(_), Err(error)) => prop_assert!(
            matches!(
                error.fault(),
                DocumentFault::DuplicateKey | DocumentFault::Syntax("an exponent of more than 17 digits")
            ),
            "{text:?}: {error}"
        ),
        (Err(error), Ok(_)) => prop_assert!(error.to_string().starts_with("number out of range"), "{text:?}: {error}"),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn reads_what_serde_json_reads(pieces in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..12)) {
        agrees(&pieces.concat())?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5000))]

    #[test]
    fn reads_damaged_texts_as_serde_json_does(
        tree in tree(),
        spelling in spelling(),
        damages in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..4, prop::sample::select(PIECES.to_vec())), 0..3),
    ) {
        let mut text = spelled(&tree, spelling);
        for (place, length, piece) in damages {
            let start = text.floor_char_boundary(place.index(text.len() + 1));
            let end = text.floor_char_boundary((start + length).min(text.len())).max(start);
            text.replace_range(start..end, piece);
        }
        agrees(&text)?;
    }
}
