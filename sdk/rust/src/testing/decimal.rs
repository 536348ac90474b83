//! Numbers by their decimal digits, to say exactly which are integers, doubles, or neither.

use crate::document::Value;

/// Largest whole number that JavaScript tells from its neighbours.
const MAX_INTEGER: u64 = (1 << 53) - 1;

/// `digits` times ten to the power of `exponent`. The digits neither begin nor end with a zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decimal {
    is_negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    /// Of a JSON number.
    pub(super) fn of(number: &str) -> Self {
        let (is_negative, number) = number.strip_prefix('-').map_or((false, number), |rest| (true, rest));
        let (mantissa, power) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
        let power: i64 =
            power.parse().unwrap_or_else(|_| panic!("the exponent of {number} is too large for this host"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        let digits = all.trim_end_matches('0');
        let exponent = power - fraction.len() as i64 + (all.len() - digits.len()) as i64;
        let digits = digits.trim_start_matches('0').to_owned();
        if digits.is_empty() {
            return Decimal { is_negative: false, digits, exponent: 0 };
        }
        Decimal { is_negative, digits, exponent }
    }

    fn integer(&self) -> Option<i64> {
        let zeros = usize::try_from(self.exponent).ok().filter(|zeros| zeros + self.digits.len() <= 16)?;
        let value: u64 = format!("0{}{}", self.digits, "0".repeat(zeros)).parse().ok()?;
        let value = i64::try_from(Some(value).filter(|value| *value <= MAX_INTEGER)?).ok()?;
        Some(if self.is_negative { -value } else { value })
    }
}

/// A JSON number as the contract has it.
pub(super) fn value(text: &str) -> Value {
    let decimal = Decimal::of(text);
    if let Some(integer) = decimal.integer() {
        return Value::Integer(integer);
    }
    let double = text.parse::<f64>().ok().filter(|double| double.is_finite());
    // The shortest text that reads back as the double must denote the same number.
    match double.filter(|double| Decimal::of(&format!("{double:e}")) == decimal) {
        Some(double) => Value::Number(double),
        None => Value::Big(text.to_owned()),
    }
}
