//! Numbers, durations and truth values as Go's `strconv` and `time` packages read them.
//! Not which flag takes which.

/// `strconv.ParseBool`.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// `strconv.ParseInt(text, 0, 64)`.
pub(crate) fn integer(text: &str) -> Option<i64> {
    let (negative, digits) = sign(text);
    let magnitude = i128::from(unsigned(digits)?);
    i64::try_from(if negative { -magnitude } else { magnitude }).ok()
}

/// `strconv.ParseUint(text, 0, 64)`: base prefixes, and underscores between digits or after a prefix.
pub(crate) fn unsigned(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let (radix, digits, prefixed) = if let Some(digits) = lower.strip_prefix("0x") {
        (16, digits, true)
    } else if let Some(digits) = lower.strip_prefix("0b") {
        (2, digits, true)
    } else if let Some(digits) = lower.strip_prefix("0o") {
        (8, digits, true)
    } else if let Some(digits) = lower.strip_prefix('0').filter(|digits| !digits.is_empty()) {
        (8, digits, true)
    } else {
        (10, lower.as_str(), false)
    };
    let misplaced = digits.ends_with('_') || digits.contains("__") || (!prefixed && digits.starts_with('_'));
    // `from_str_radix` would take a second sign.
    if misplaced || digits.starts_with(['+', '-']) {
        return None;
    }
    u64::from_str_radix(&digits.replace('_', ""), radix).ok()
}

/// A whole number that 64 bits do not hold.
pub(crate) fn is_too_large(text: &str) -> bool {
    let (_, digits) = sign(text);
    let digits_only = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    // More than the 19 digits of `i64::MAX` are never short of it, but for leading zeros, which mean base 8.
    digits_only && !digits.starts_with('0') && (integer(text).is_none() && digits.len() >= 19)
}

/// `time.ParseDuration`, in nanoseconds: `1h30m`, `500ms`, `-1.5s`; a bare `0` is the only one without a unit.
pub(crate) fn duration(text: &str) -> Option<i64> {
    let (negative, mut rest) = sign(text);
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut nanoseconds: u128 = 0;
    while !rest.is_empty() {
        let (number, after) = rest.split_at(end_of(rest, |c| c.is_ascii_digit() || c == '.'));
        let (unit, after) = after.split_at(end_of(after, |c| !c.is_ascii_digit() && c != '.'));
        nanoseconds = nanoseconds.checked_add(term(number, nanoseconds_in(unit)?)?)?;
        rest = after;
    }
    let limit = u128::from(i64::MAX.unsigned_abs()) + u128::from(negative);
    let magnitude = i128::try_from(nanoseconds).ok().filter(|_| nanoseconds <= limit)?;
    i64::try_from(if negative { -magnitude } else { magnitude }).ok()
}

fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

fn end_of(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

/// A decimal number times a unit, the fraction cut at whole nanoseconds.
fn term(number: &str, unit: u64) -> Option<u128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let unit = u128::from(unit);
    let mut total = if whole.is_empty() { 0 } else { u128::from(whole.parse::<u64>().ok()?).checked_mul(unit)? };
    let mut place = unit;
    for digit in fraction.chars() {
        place /= 10;
        total += u128::from(digit.to_digit(10)?) * place;
    }
    Some(total)
}

fn nanoseconds_in(unit: &str) -> Option<u64> {
    Some(match unit {
        "ns" => 1,
        // Both micro signs: U+00B5 and U+03BC.
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_take_go_bases_and_underscores() {
        for (text, value) in [
            ("3", 3),
            ("-3", -3),
            ("+3", 3),
            ("0x3", 3),
            ("0X1f", 31),
            ("0b11", 3),
            ("0o17", 15),
            ("017", 15),
            ("0", 0),
            ("1_0", 10),
            ("0x_1_0", 16),
            ("0_7", 7),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
        ] {
            assert_eq!(integer(text), Some(value), "{text}");
        }
    }

    #[test]
    fn integers_refuse_what_go_refuses() {
        for text in [
            "",
            "-",
            "3.0",
            " 3",
            "3 ",
            "_1",
            "1_",
            "1__0",
            "08",
            "0x",
            "0b2",
            "9223372036854775808",
            "--3",
            "+-3",
            "three",
            "$(N)",
        ] {
            assert_eq!(integer(text), None, "{text}");
        }
        assert_eq!(unsigned("18446744073709551615"), Some(u64::MAX));
        assert_eq!(unsigned("-1"), None);
    }

    #[test]
    fn durations_need_a_unit_except_for_zero() {
        for (text, value) in [
            ("0", 0),
            ("-0", 0),
            ("1h30m", 5_400_000_000_000),
            ("500ms", 500_000_000),
            ("-1.5s", -1_500_000_000),
            (".5s", 500_000_000),
            ("1.s", 1_000_000_000),
            ("3us", 3_000),
            ("3\u{b5}s", 3_000),
            ("0h", 0),
            ("2562047h47m16.854775807s", i64::MAX),
        ] {
            assert_eq!(duration(text), Some(value), "{text}");
        }
        for text in
            ["", "3", "1d", "s", ".s", "-", "1h30", "1 h", "1..5s", "2562047h47m16.854775808s", "99999999999999999999h"]
        {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn truth_values_are_the_twelve_of_go() {
        assert_eq!(boolean("T"), Some(true));
        assert_eq!(boolean("False"), Some(false));
        for text in ["", "yes", "tRUE", "on", "2"] {
            assert_eq!(boolean(text), None, "{text}");
        }
    }
}
