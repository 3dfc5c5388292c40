//! What a bare word means: the scalars of YAML 1.2's core schema, with the digit separators of Python.

use crate::value::Value;

/// The value of an unquoted scalar of YAML 1.2's core schema (<https://yaml.org/spec/1.2.2/#103-core-schema>).
/// `1_000` is a number as in Python. Whole numbers beyond 128 bits become floating-point numbers.
pub(crate) fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => number(text).unwrap_or_else(|| Value::from(text)),
    }
}

/// The number that a text spells, if it does.
pub(crate) fn number(text: &str) -> Option<Value> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    match digits {
        ".inf" | ".Inf" | ".INF" => {
            return Some(Value::Float(if negative { -f64::INFINITY } else { f64::INFINITY }));
        }
        ".nan" | ".NaN" | ".NAN" if digits.len() == text.len() => return Some(Value::Float(f64::NAN)),
        _ => {}
    }
    let digits = without_separators(digits)?;
    let sign = if negative { -1 } else { 1 };
    whole(&digits).map(|n| Value::Int(sign * n)).or_else(|| {
        let magnitude = is_decimal(&digits).then(|| digits.parse::<f64>().ok())??;
        Some(Value::Float(if negative { -magnitude } else { magnitude }))
    })
}

/// The text without underscores, each of which must stand between two digits.
fn without_separators(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let misplaced = |i: usize| {
        let digit = |j: Option<usize>| j.and_then(|j| bytes.get(j)).is_some_and(u8::is_ascii_hexdigit);
        bytes[i] == b'_' && !(digit(i.checked_sub(1)) && digit(Some(i + 1)))
    };
    (!(0..bytes.len()).any(misplaced)).then(|| text.replace('_', ""))
}

fn whole(digits: &str) -> Option<i128> {
    let (radix, digits) = match digits.get(..2) {
        Some("0x") => (16, &digits[2..]),
        Some("0o") => (8, &digits[2..]),
        _ => (10, digits),
    };
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit());
    plain.then(|| i128::from_str_radix(digits, radix).ok())?
}

/// Whether it has the form `digits [. digits] [e [sign] digits]` with at least one digit before the exponent.
fn is_decimal(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (left, right) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let exponent_fits = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    digits(left) && digits(right) && !(left.is_empty() && right.is_empty()) && exponent_fits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_core_schema_are_typed() {
        let cases = [
            ("", Value::Null),
            ("~", Value::Null),
            ("Null", Value::Null),
            ("True", Value::Bool(true)),
            ("FALSE", Value::Bool(false)),
            ("12", Value::Int(12)),
            ("-12", Value::Int(-12)),
            ("+7", Value::Int(7)),
            ("1_000", Value::Int(1000)),
            ("0x1F", Value::Int(31)),
            ("0o17", Value::Int(15)),
            ("1.5", Value::Float(1.5)),
            ("1e3", Value::Float(1000.0)),
            (".5", Value::Float(0.5)),
            ("-.inf", Value::Float(f64::NEG_INFINITY)),
            ("18446744073709551616", Value::Int(1 << 64)),
        ];
        for (text, value) in cases {
            assert_eq!(resolve(text), value, "{text}");
        }
    }

    #[test]
    fn everything_else_is_text() {
        let words = [
            "1GiB", "70%", "None", "yes", "1_", "_1", "1__0", "0x", "e5", ".", "-", "1e", "1.2.3", "inf",
            "nan", "0xg", "-.nan", "--1", "+-1", "1e+", "٣",
        ];
        for text in words {
            assert_eq!(resolve(text), Value::from(text), "{text}");
        }
    }
}
