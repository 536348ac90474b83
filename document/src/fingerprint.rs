//! A short number of a key's decoded text, so that most keys are told apart without looking at them.
//! Anybody can make two keys with one number: whoever finds them equal compares the texts.

/// The fraction of the golden ratio, odd: a multiplication by it spreads each bit upwards.
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;

/// 32 bits of `text`, the same on every machine.
pub(crate) fn fingerprint(text: &[u8]) -> u32 {
    let mut state = (text.len() as u64).wrapping_mul(SPREAD);
    let mut rest = text;
    while let Some((word, more)) = rest.split_first_chunk::<8>() {
        state = mixed(state, u64::from_le_bytes(*word));
        rest = more;
    }
    // Of a text of eight bytes or more the last eight, some of them once more: one step instead of a loop.
    let last = text.last_chunk::<8>().map_or_else(|| short(text), |word| u64::from_le_bytes(*word));
    (mixed(state, last) >> 32) as u32
}

fn mixed(state: u64, word: u64) -> u64 {
    let product = (state ^ word).wrapping_mul(SPREAD);
    product ^ (product >> 29)
}

/// Fewer than eight bytes as one number.
fn short(text: &[u8]) -> u64 {
    if let (Some(first), Some(last)) = (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        return u64::from(u32::from_le_bytes(*first)) | (u64::from(u32::from_le_bytes(*last)) << 32);
    }
    text.iter().fold(0, |word, byte| (word << 8) | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn tells_ordinary_keys_apart() {
        let keys: Vec<String> = (0..20_000).map(|number| format!("app.kubernetes.io/key-{number}")).collect();
        let numbers: HashSet<u32> = keys.iter().map(|key| fingerprint(key.as_bytes())).collect();
        assert!(numbers.len() > 19_990, "{}", numbers.len());
    }

    #[test]
    fn looks_at_every_length() {
        let text = "abcdefghijklmnopqrstuvwxyz";
        let numbers: HashSet<u32> = (0..=text.len()).map(|end| fingerprint(&text.as_bytes()[..end])).collect();
        assert_eq!(numbers.len(), text.len() + 1);
    }
}
