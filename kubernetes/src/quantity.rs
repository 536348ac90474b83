//! A resource quantity (`100m`, `1.5Gi`, `12e6`) as its exact value, to be compared.
//! No floating point, no rounding, and no arithmetic but what a binary suffix needs.

use std::cmp::Ordering;

use thiserror::Error;

use crate::text::one_line;

/// Bytes of a quantity. The longest one that the API server writes has 21.
pub const MAX_BYTES: usize = 64;

/// Longest quantity, or part of one, that a message shows, in bytes.
const MAX_SHOWN: usize = 64;

/// Each decimal suffix, and the power of ten that it stands for.
const DECIMAL_SUFFIXES: [(&str, i64); 10] =
    [("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];

/// Each binary suffix, and the power of 1024 that it stands for.
const BINARY_SUFFIXES: [(&str, u32); 6] = [("Ki", 1), ("Mi", 2), ("Gi", 3), ("Ti", 4), ("Pi", 5), ("Ei", 6)];

/// The value of a resource quantity. Two are equal when their values are, however each is written, and all can be ordered.
///
/// The value is that of the text. The API server, which has 64 bits and nine decimal places, rounds up what is finer, and
/// takes 2^63 - 1 for everything above: what it has stored compares here as it does there.
///
/// ```
/// use kubernetes::quantity::Quantity;
///
/// assert_eq!(Quantity::parse("1")?, Quantity::parse("1000m")?);
/// assert!(Quantity::parse("1Ki")? > Quantity::parse("1k")?);
/// assert!(Quantity::parse("1.5Gi")? < Quantity::parse("1E")?);
/// assert_eq!(Quantity::parse("1E3")?, Quantity::parse("1e3")?);
/// assert_eq!(
///     Quantity::parse("4GB").unwrap_err().to_string(),
///     "`4GB` is no quantity: `GB` is no unit; write n u m k M G T P E, Ki Mi Gi Ti Pi Ei, or an exponent as in 1e3"
/// );
/// # Ok::<(), kubernetes::quantity::QuantityError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Quantity {
    /// Zero is none.
    is_negative: bool,
    magnitude: Magnitude,
}

/// `digits` times ten to the power of `exponent`. The digits, each 0 to 9 and the highest first, neither begin nor end
/// with a zero, so that one value is written in one way. Zero has none, and the exponent 0.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Magnitude {
    digits: Vec<u8>,
    exponent: i64,
}

impl Quantity {
    /// Reads a quantity as its documentation has it (Kubernetes API reference, `Quantity`): a sign, digits with a decimal
    /// point before, between or after them, and a suffix.
    ///
    /// # Errors
    /// When `text` is longer than [`MAX_BYTES`], or no quantity.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        read(text).map_err(|fault| QuantityError { text: one_line(text, MAX_SHOWN), fault })
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.is_negative, other.is_negative) {
            (false, false) => self.magnitude.cmp(&other.magnitude),
            (true, true) => other.magnitude.cmp(&self.magnitude),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Magnitude {
    /// Of digits that may begin or end with zeros.
    fn new(digits: &[u8], exponent: i64) -> Self {
        let leading = digits.iter().take_while(|digit| **digit == 0).count();
        let trailing = digits.iter().rev().take_while(|digit| **digit == 0).count();
        match digits.get(leading..digits.len() - trailing) {
            Some(significant) if !significant.is_empty() => {
                Self { digits: significant.to_vec(), exponent: exponent + trailing as i64 }
            }
            Some(_) | None => Self { digits: Vec::new(), exponent: 0 },
        }
    }

    /// The power of ten of the place before the highest digit; the larger one has the larger value. None of zero.
    fn height(&self) -> Option<i64> {
        (!self.digits.is_empty()).then_some(self.exponent + self.digits.len() as i64)
    }
}

impl Ord for Magnitude {
    fn cmp(&self, other: &Self) -> Ordering {
        // Of equal height, digit by digit; what is longer has a digit above zero where the other one has none.
        self.height().cmp(&other.height()).then_with(|| self.digits.cmp(&other.digits))
    }
}

impl PartialOrd for Magnitude {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A text that is no quantity, and why.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is no quantity: {fault}")]
pub struct QuantityError {
    text: String,
    fault: QuantityFault,
}

impl QuantityError {
    /// What is wrong.
    pub fn fault(&self) -> &QuantityFault {
        &self.fault
    }
}

/// What keeps a text from being a quantity.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum QuantityFault {
    /// Longer than [`MAX_BYTES`].
    #[error("it has {bytes} bytes, allowed are {MAX_BYTES}; write it shorter")]
    TooLong {
        /// Bytes of the text.
        bytes: usize,
    },
    /// No digit stands behind the sign. `Ki`, `-`, `.` and the empty text have none.
    #[error("it has no digits; write a number and its unit, as in 500m or 2Gi")]
    NoDigits,
    /// What follows the number is neither a suffix nor an exponent. They are told apart by case: `K` is none.
    #[error("`{suffix}` is no unit; write n u m k M G T P E, Ki Mi Gi Ti Pi Ei, or an exponent as in 1e3")]
    Suffix {
        /// One line.
        suffix: String,
    },
    /// An exponent that no 32 bits hold; the API server would take another one for it.
    #[error("the exponent `{exponent}` is too large; write one of at most nine digits")]
    Exponent {
        /// With its sign.
        exponent: String,
    },
}

fn read(text: &str) -> Result<Quantity, QuantityFault> {
    if text.len() > MAX_BYTES {
        return Err(QuantityFault::TooLong { bytes: text.len() });
    }
    let (is_negative, unsigned) = match text.strip_prefix('-') {
        Some(unsigned) => (true, unsigned),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, rest) = split_digits(unsigned);
    let (fraction, suffix) = rest.strip_prefix('.').map_or(("", rest), split_digits);
    let digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).map(|digit| digit - b'0').collect();
    if digits.is_empty() {
        return Err(QuantityFault::NoDigits);
    }
    let places = fraction.len() as i64;
    let magnitude = match suffix_of(suffix)? {
        Suffix::Decimal(power) => Magnitude::new(&digits, power - places),
        Suffix::Binary(power) => Magnitude::new(&times_1024(digits, power), -places),
    };
    Ok(Quantity { is_negative: is_negative && magnitude.height().is_some(), magnitude })
}

fn split_digits(text: &str) -> (&str, &str) {
    let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    text.split_at(end)
}

enum Suffix {
    /// A power of ten.
    Decimal(i64),
    /// A power of 1024.
    Binary(u32),
}

fn suffix_of(suffix: &str) -> Result<Suffix, QuantityFault> {
    if let Some((_, power)) = DECIMAL_SUFFIXES.into_iter().find(|(known, _)| *known == suffix) {
        return Ok(Suffix::Decimal(power));
    }
    if let Some((_, power)) = BINARY_SUFFIXES.into_iter().find(|(known, _)| *known == suffix) {
        return Ok(Suffix::Binary(power));
    }
    // `E` alone is a suffix, with digits it is an exponent.
    let exponent = suffix.strip_prefix(['e', 'E']).filter(|exponent| {
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    });
    let Some(exponent) = exponent else {
        return Err(QuantityFault::Suffix { suffix: one_line(suffix, MAX_SHOWN) });
    };
    match exponent.parse::<i32>() {
        Ok(power) => Ok(Suffix::Decimal(power.into())),
        Err(_) => Err(QuantityFault::Exponent { exponent: exponent.to_owned() }),
    }
}

/// The decimal digits of the product with 1024 to that power, as one multiplies by hand.
fn times_1024(mut digits: Vec<u8>, power: u32) -> Vec<u8> {
    for _ in 0..power {
        let mut carry = 0;
        for digit in digits.iter_mut().rev() {
            carry += u32::from(*digit) * 1024;
            *digit = (carry % 10) as u8;
            carry /= 10;
        }
        let mut higher = Vec::new();
        while carry > 0 {
            higher.push((carry % 10) as u8);
            carry /= 10;
        }
        digits.splice(0..0, higher.into_iter().rev());
    }
    digits
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn quantity(text: &str) -> Quantity {
        Quantity::parse(text).unwrap()
    }

    #[track_caller]
    fn same(texts: &[&str]) {
        for pair in texts.windows(2) {
            assert_eq!(quantity(pair[0]), quantity(pair[1]), "{pair:?}");
            assert_eq!(quantity(pair[0]).cmp(&quantity(pair[1])), Ordering::Equal, "{pair:?}");
        }
    }

    #[track_caller]
    fn ascends(texts: &[&str]) {
        for pair in texts.windows(2) {
            assert!(quantity(pair[0]) < quantity(pair[1]), "{pair:?}");
            assert!(quantity(pair[1]) > quantity(pair[0]), "{pair:?}");
        }
    }

    #[track_caller]
    fn refuses(text: &str, fault: &QuantityFault) {
        assert_eq!(Quantity::parse(text).unwrap_err().fault(), fault, "{text}");
    }

    #[test]
    fn one_value_has_many_texts() {
        same(&["1", "1000m", "1000000u", "1000000000n", "1.", "+1", "01.0", "1e0", "1E0", "10e-1", ".1e1", "0.001k"]);
        same(&["0", "-0", "0.0", ".0", "0.", "0Ei", "-0n", "0e2147483647"]);
        same(&["1e3", "1E3", "1E+3", "1k", "1000", "1000000m"]);
        same(&["1E", "1e18", "1000P", "1000000000000000000"]);
        same(&["1Ki", "1024", "1.024k", "1024000m"]);
        same(&["1.5Gi", "1536Mi", "1610612736", "1.610612736G"]);
        same(&["1Ei", "1024Pi", "1048576Ti", "1152921504606846976"]);
        same(&["-0.5", "-500m", "-.5", "-5e-1"]);
        same(&["0.1Ki", "102.4", "102400m"]);
        same(&["9223372036854775808Ei", "10633823966279326983230456482242756608"]);
    }

    #[test]
    fn orders_by_value() {
        ascends(&[
            "-1Ei", "-1E", "-1k", "-2", "-1500m", "-1", "-1n", "0", "1n", "999u", "1m", "100m", "1", "1k", "1Ki",
        ]);
        ascends(&["1M", "1Mi", "1G", "1.5G", "1.5Gi", "2Gi", "12e9", "1T", "1Ti", "1P", "1Pi", "1E", "1Ei", "12E"]);
        // What a double, and what 64 bits do not tell apart.
        ascends(&["9007199254740992", "9007199254740993", "9007199254740993.1"]);
        ascends(&["9223372036854775807", "9223372036854775808", "9223372036854775808.000000001"]);
        ascends(&["1e-2147483648", "1e-2147483647", "1n", "9E", "1e2147483646", "1e2147483647"]);
        ascends(&["9", "10", "11", "101", "110"]);
    }

    #[test]
    fn refuses_what_has_no_digits() {
        for text in ["", "-", "+", ".", "m", "Ki", "-.Gi", "e3", " 1", "--1", "+-1", "٣", "NaN"] {
            refuses(text, &QuantityFault::NoDigits);
        }
    }

    #[test]
    fn refuses_what_is_no_unit() {
        for suffix in [
            "K", "ki", "KI", "g", "GB", "Gib", "mi", "e", "e+", "E-", "e1.5", "e 1", "Ei3", "e3k", " ", " Gi", "%",
            "\u{b5}",
        ] {
            refuses(&format!("1{suffix}"), &QuantityFault::Suffix { suffix: suffix.trim().to_owned() });
        }
        refuses("1.1.1", &QuantityFault::Suffix { suffix: ".1".to_owned() });
        refuses("1_000", &QuantityFault::Suffix { suffix: "_000".to_owned() });
        refuses("1,5", &QuantityFault::Suffix { suffix: ",5".to_owned() });
    }

    #[test]
    fn refuses_what_is_too_long_or_too_large() {
        let digits = |count| "9".repeat(count);
        assert!(quantity(&digits(64)) > quantity(&digits(63)));
        assert!(quantity(&format!("{}Ei", digits(62))) > quantity(&digits(64)));
        refuses(&digits(65), &QuantityFault::TooLong { bytes: 65 });
        for exponent in ["2147483648", "-2147483649", "99999999999999999999"] {
            refuses(&format!("1e{exponent}"), &QuantityFault::Exponent { exponent: exponent.to_owned() });
        }
    }

    #[test]
    fn says_what_to_write() {
        let says = |text: &str| Quantity::parse(text).unwrap_err().to_string();
        assert_eq!(
            says("two"),
            "`two` is no quantity: it has no digits; write a number and its unit, as in 500m or 2Gi"
        );
        assert_eq!(
            says("1e9999999999"),
            "`1e9999999999` is no quantity: the exponent `9999999999` is too large; write one of at most nine digits"
        );
        let long = says(&"1\n".repeat(1 << 20));
        assert!(long.len() < 200 && !long.contains('\n'), "{long}");
    }

    /// A text, and its value in units of 10^-12.
    fn small() -> impl Strategy<Value = (String, i128)> {
        let suffixes = DECIMAL_SUFFIXES.map(|(suffix, power)| (suffix, 10_i128.pow((power + 9) as u32)));
        let tens = suffixes.into_iter().filter(|(_, times)| *times <= 10_i128.pow(21));
        let binary = BINARY_SUFFIXES.into_iter().filter(|(_, power)| *power <= 4);
        let all = tens.chain(binary.map(|(suffix, power)| (suffix, 1024_i128.pow(power) * 10_i128.pow(9))));
        // Of nine decimal places in the suffix and three in the number.
        let (suffix, exponent) = (prop::sample::select(all.collect::<Vec<_>>()), -9_i64..=12);
        (-2_000_000_i128..=2_000_000, 0_u32..=3, suffix, exponent, any::<bool>()).prop_map(
            |(mantissa, places, (suffix, times), exponent, with_exponent)| {
                let (sign, digits) = (if mantissa < 0 { "-" } else { "" }, format!("{:04}", mantissa.unsigned_abs()));
                let (whole, fraction) = digits.split_at(digits.len() - places as usize);
                let value = mantissa * 10_i128.pow(3 - places);
                match with_exponent {
                    true => {
                        (format!("{sign}{whole}.{fraction}e{exponent}"), value * 10_i128.pow((exponent + 9) as u32))
                    }
                    false => (format!("{sign}{whole}.{fraction}{suffix}"), value * times),
                }
            },
        )
    }

    fn any_quantity() -> impl Strategy<Value = String> {
        "[-+]?([0-9]{1,20}\\.?[0-9]{0,20}|\\.[0-9]{1,20})(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][-+]?[0-9]{1,9})?"
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5000))]

        #[test]
        fn compares_as_integers_do(one in small(), other in small()) {
            prop_assert_eq!(quantity(&one.0).cmp(&quantity(&other.0)), one.1.cmp(&other.1), "{} {}", one.0, other.0);
        }

        #[test]
        fn near_values_compare_as_integers_do(one in small(), step in -3_i128..=3) {
            // In units of 10^-12, as the value is.
            let other = one.1 + step;
            prop_assert_eq!(quantity(&one.0).cmp(&quantity(&format!("{other}e-12"))), one.1.cmp(&other), "{}", one.0);
        }

        #[test]
        fn all_are_in_one_order(mut texts in prop::collection::vec(any_quantity(), 3)) {
            texts.sort_by_key(|text| quantity(text));
            let [low, middle, high] = [0, 1, 2].map(|at| quantity(&texts[at]));
            prop_assert!(low <= middle && middle <= high && low <= high, "{:?}", texts);
            prop_assert_eq!(low == high, low.cmp(&high) == Ordering::Equal);
        }

        #[test]
        fn a_sign_turns_the_order(one in any_quantity(), other in any_quantity()) {
            let negated = |text: &str| match text.strip_prefix('-') {
                Some(text) => quantity(text),
                None => quantity(&format!("-{}", text.trim_start_matches('+'))),
            };
            prop_assert_eq!(quantity(&one).cmp(&quantity(&other)), negated(&other).cmp(&negated(&one)));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,70}") {
            let _ = Quantity::parse(&text);
        }
    }
}
