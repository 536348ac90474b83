//! A number by its decimal digits: exact, whatever its size, without arithmetic on long numbers.
//! Takes for granted that the text is a JSON number whose exponent was bounded when it was indexed.

/// Digits of an exponent without leading zeros. With 17, an exponent and the count of a text's digits add up in 64 bits.
pub(crate) const MAX_EXPONENT_DIGITS: usize = 17;

/// Largest whole number that a double, and so JavaScript, tells from its neighbours: 2^53 - 1.
const MAX_INTEGER: u64 = (1 << 53) - 1;

/// Digits of [`MAX_INTEGER`].
const MAX_INTEGER_DIGITS: i64 = 16;

/// `whole` and `fraction`, one behind the other, times ten to the power of `exponent`. The digits neither begin nor end
/// with a zero, so two texts of one value give equal decimals. Zero has no digits, no sign and the exponent 0.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decimal<'a> {
    is_negative: bool,
    whole: &'a str,
    fraction: &'a str,
    exponent: i64,
}

impl<'a> Decimal<'a> {
    pub(crate) fn of(number: &'a str) -> Self {
        let (is_negative, number) = number.strip_prefix('-').map_or((false, number), |digits| (true, digits));
        let (digits, power) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let power: i64 = power.parse().unwrap_or_default();
        let whole = whole.trim_start_matches('0');
        let trimmed = fraction.trim_end_matches('0');
        if trimmed.is_empty() {
            let significant = whole.trim_end_matches('0');
            if significant.is_empty() {
                return Self { is_negative: false, whole: "", fraction: "", exponent: 0 };
            }
            let zeros = (whole.len() - significant.len()) as i64;
            return Self { is_negative, whole: significant, fraction: "", exponent: power + zeros };
        }
        let exponent = power - trimmed.len() as i64;
        let fraction = if whole.is_empty() { trimmed.trim_start_matches('0') } else { trimmed };
        Self { is_negative, whole, fraction, exponent }
    }

    /// The value where it is whole and at most 2^53 - 1 either way.
    pub(crate) fn integer(&self) -> Option<i64> {
        let digits = (self.whole.len() + self.fraction.len()) as i64;
        if self.exponent < 0 || digits.saturating_add(self.exponent) > MAX_INTEGER_DIGITS {
            return None;
        }
        let value = self.digits().fold(0, |value: u64, digit| value * 10 + u64::from(digit - b'0'));
        let value = (0..self.exponent).fold(value, |value, _| value * 10);
        let value = i64::try_from(Some(value).filter(|value| *value <= MAX_INTEGER)?).ok()?;
        Some(if self.is_negative { -value } else { value })
    }

    fn digits(&self) -> impl Iterator<Item = u8> {
        self.whole.bytes().chain(self.fraction.bytes())
    }
}

impl PartialEq for Decimal<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.is_negative == other.is_negative && self.exponent == other.exponent && self.digits().eq(other.digits())
    }
}

/// The double of `number` where its shortest text denotes the same value.
pub(crate) fn double(number: &str) -> Option<f64> {
    let double: f64 = number.parse().ok().filter(|double: &f64| double.is_finite())?;
    (Decimal::of(&format!("{double:e}")) == Decimal::of(number)).then_some(double)
}

/// The value of a short text of digits, which is what almost all numbers of Kubernetes are.
pub(crate) fn short_integer(number: &str) -> Option<i64> {
    // 15 digits are below 2^53, with a sign 14.
    if number.len() <= 15 { number.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn same(texts: &[&str]) {
        for pair in texts.windows(2) {
            assert_eq!(Decimal::of(pair[0]), Decimal::of(pair[1]), "{pair:?}");
        }
    }

    #[track_caller]
    fn different(one: &str, other: &str) {
        assert_ne!(Decimal::of(one), Decimal::of(other));
    }

    #[test]
    fn one_value_has_many_texts() {
        same(&["1", "1.0", "1e0", "10e-1", "0.1E1", "1.000e+00", "0.001e3"]);
        same(&["0", "-0", "0.0", "-0.000e7", "0e99999999999999999"]);
        same(&["120", "12e1", "1.20e2", "0.00012e6"]);
        same(&["-0.05", "-5e-2", "-0.50e-1"]);
        same(&["1e400", "10e399", "0.1e401"]);
        same(&["1e99999999999999999", "10e99999999999999998"]);
    }

    #[test]
    fn near_values_are_different() {
        different("9007199254740993", "9007199254740992");
        different("1e400", "1e401");
        different("1", "-1");
        different("0.1", "0.1000000000000000055511151231257827");
        different("101", "11");
        different("1e99999999999999999", "1e99999999999999998");
    }

    #[test]
    fn knows_whole_numbers_up_to_two_to_the_53() {
        for (text, expected) in [
            ("0", 0),
            ("-0", 0),
            ("-0.0", 0),
            ("1.0", 1),
            ("1e2", 100),
            ("12.50e1", 125),
            ("9007199254740991", 9_007_199_254_740_991),
            ("-9007199254740991", -9_007_199_254_740_991),
            ("0.9007199254740991e16", 9_007_199_254_740_991),
            ("1e15", 1_000_000_000_000_000),
        ] {
            assert_eq!(Decimal::of(text).integer(), Some(expected), "{text}");
        }
        for text in ["0.5", "1e-1", "9007199254740992", "-9007199254740992", "1e16", "1e99999999999999999"] {
            assert_eq!(Decimal::of(text).integer(), None, "{text}");
        }
    }

    #[test]
    fn a_double_prints_again_or_is_none() {
        for (text, expected) in
            [("0.1", 0.1), ("0.10", 0.1), ("1e21", 1e21), ("9007199254740992", 9007199254740992.0), ("5e-324", 5e-324)]
        {
            assert_eq!(double(text), Some(expected), "{text}");
        }
        for text in ["9007199254740993", "0.1000000000000000055511151231257827", "1e400", "-1e400", "1e-400"] {
            assert_eq!(double(text), None, "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5000))]

        #[test]
        fn every_double_prints_again(bits: u64) {
            let double = f64::from_bits(bits);
            if double.is_finite() {
                let (plain, scientific) = (format!("{double}"), format!("{double:E}"));
                prop_assert_eq!(super::double(&plain), Some(double));
                prop_assert_eq!(Decimal::of(&plain), Decimal::of(&scientific));
            }
        }

        #[test]
        fn integers_agree(value in -9_007_199_254_740_991_i64..=9_007_199_254_740_991, zeros in 0_usize..4) {
            let text = format!("{value}.{}", "0".repeat(zeros + 1));
            prop_assert_eq!(Decimal::of(&text).integer(), Some(value));
            let text = format!("{value}{}e-{zeros}", "0".repeat(zeros));
            prop_assert_eq!(Decimal::of(&text).integer(), Some(value));
        }
    }
}
