//! Sizes and durations as people write them: `1GiB`, `5 min`.
//!
//! The same texts mean the same as in `dask.utils.parse_bytes` and `parse_timedelta`, except that negative and empty
//! texts are refused and `min`, `hr`, `sec` and `µs` are known too.

use std::fmt;
use std::time::Duration;

use raskt_core::Fit;

/// Units of size and how many bytes each is, in lower case.
const BYTE_UNITS: [(&str, u64); 26] = [
    ("", 1),
    ("b", 1),
    ("k", 1_000),
    ("kb", 1_000),
    ("ki", 1 << 10),
    ("kib", 1 << 10),
    ("m", 1_000_000),
    ("mb", 1_000_000),
    ("mi", 1 << 20),
    ("mib", 1 << 20),
    ("g", 1_000_000_000),
    ("gb", 1_000_000_000),
    ("gi", 1 << 30),
    ("gib", 1 << 30),
    ("t", 1_000_000_000_000),
    ("tb", 1_000_000_000_000),
    ("ti", 1 << 40),
    ("tib", 1 << 40),
    ("p", 1_000_000_000_000_000),
    ("pb", 1_000_000_000_000_000),
    ("pi", 1 << 50),
    ("pib", 1 << 50),
    ("e", 1_000_000_000_000_000_000),
    ("eb", 1_000_000_000_000_000_000),
    ("ei", 1 << 60),
    ("eib", 1 << 60),
];

/// Names of units of time, each with its plural where it has one, and how many nanoseconds it is.
const TIME_UNITS: [(&[&str], u64); 8] = [
    (&["ns", "nanosecond", "nanoseconds"], 1),
    (&["us", "\u{b5}s", "\u{3bc}s", "microsecond", "microseconds"], 1_000),
    (&["ms", "msec", "millisecond", "milliseconds"], 1_000_000),
    (&["s", "sec", "secs", "second", "seconds"], 1_000_000_000),
    (&["m", "min", "mins", "minute", "minutes"], 60_000_000_000),
    (&["h", "hr", "hrs", "hour", "hours"], 3_600_000_000_000),
    (&["d", "day", "days"], 86_400_000_000_000),
    (&["w", "week", "weeks"], 604_800_000_000_000),
];

/// Why a text is no size, or no duration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnitError {
    /// There is no text.
    Empty,
    /// What stands before the unit is no number.
    NotANumber {
        /// The whole text.
        text: String,
    },
    /// Nothing is measured in this unit.
    UnknownUnit {
        /// The whole text.
        text: String,
        /// The unit.
        unit: String,
        /// Some units that are known.
        known: &'static str,
    },
    /// A unit is required and there is none.
    MissingUnit {
        /// The whole text.
        text: String,
    },
    /// A number below zero.
    Negative {
        /// The whole text.
        text: String,
    },
    /// More than 64 bits of bytes, or of nanoseconds, can hold.
    TooLarge {
        /// The whole text.
        text: String,
    },
}

impl fmt::Display for UnitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UnitError::Empty => f.write_str("an empty text is neither a size nor a duration"),
            UnitError::NotANumber { text } => write!(f, "'{text}' does not begin with a number"),
            UnitError::UnknownUnit { text, unit, known } => {
                write!(f, "unknown unit '{unit}' in '{text}': known are {known}")
            }
            UnitError::MissingUnit { text } => write!(f, "'{text}' has no unit"),
            UnitError::Negative { text } => write!(f, "'{text}' is negative"),
            UnitError::TooLarge { text } => write!(f, "'{text}' is too large"),
        }
    }
}

impl std::error::Error for UnitError {}

/// What a bare number of a duration is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DefaultUnit<'a> {
    /// Seconds.
    #[default]
    Seconds,
    /// The unit of this name.
    Named(&'a str),
    /// An error.
    Required,
}

/// A number and a unit, apart.
struct Quantity<'a> {
    text: &'a str,
    number: String,
    unit: String,
}

impl<'a> Quantity<'a> {
    fn split(text: &'a str) -> Result<Quantity<'a>, UnitError> {
        let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        if compact.is_empty() {
            return Err(UnitError::Empty);
        }
        let number_len = compact.trim_end_matches(char::is_alphabetic).len();
        let (number, unit) = compact.split_at(number_len);
        if number.starts_with('-') {
            return Err(UnitError::Negative { text: text.to_owned() });
        }
        // A unit alone is one of it: "MB" is a million bytes.
        let number = if number.is_empty() { "1" } else { number };
        Ok(Quantity { text, number: number.replace('_', ""), unit: unit.to_lowercase() })
    }

    /// The number times what the unit is; a fraction of the smallest unit is dropped.
    fn times(&self, factor: u64) -> Result<u64, UnitError> {
        let too_large = || UnitError::TooLarge { text: self.text.to_owned() };
        if let Ok(whole) = self.number.parse::<u64>() {
            return whole.checked_mul(factor).ok_or_else(too_large);
        }
        let number = self.number.parse::<f64>().ok().filter(|n| n.is_finite());
        let number = number.ok_or_else(|| UnitError::NotANumber { text: self.text.to_owned() })?;
        let product = number * factor as f64;
        // 2^64 is the first number that does not fit; `as` would saturate silently.
        if product < 18_446_744_073_709_551_616.0 { Ok(product.clamped::<u64>()) } else { Err(too_large()) }
    }

    fn unknown(&self, known: &'static str) -> UnitError {
        UnitError::UnknownUnit { text: self.text.to_owned(), unit: self.unit.clone(), known }
    }
}

/// The number of bytes that a text names. Units are those of 1000 (`kB`, `MB`, ...) and of 1024 (`KiB`, `MiB`, ...),
/// in any case; without a unit it is bytes. Behaves as `dask.utils.parse_bytes`.
///
/// ```
/// use raskt_config::parse_bytes;
///
/// assert_eq!(parse_bytes("1GiB"), Ok(1 << 30));
/// assert_eq!(parse_bytes("1.5 MB"), Ok(1_500_000));
/// assert!(parse_bytes("12 potatoes").is_err());
/// ```
///
/// # Errors
///
/// [`UnitError`] if it is no number with a known unit, negative, or beyond 64 bits.
pub fn parse_bytes(text: &str) -> Result<u64, UnitError> {
    let quantity = Quantity::split(text)?;
    let known = BYTE_UNITS.iter().find(|(unit, _)| *unit == quantity.unit);
    let (_, factor) =
        known.ok_or_else(|| quantity.unknown("B, kB, KiB, MB, MiB, GB, GiB, TB, TiB, PB, PiB, EB, EiB"))?;
    quantity.times(*factor)
}

/// The duration that a text names; a bare number is seconds. Units are `ns`, `us`, `ms`, `s`, `m` or `min`, `h`, `d`
/// and `w` and their English names, in any case. Behaves as `dask.utils.parse_timedelta`.
///
/// ```
/// use std::time::Duration;
///
/// use raskt_config::parse_timedelta;
///
/// assert_eq!(parse_timedelta("5 min"), Ok(Duration::from_secs(300)));
/// assert_eq!(parse_timedelta("100ms"), Ok(Duration::from_millis(100)));
/// ```
///
/// # Errors
///
/// [`UnitError`] if it is no number with a known unit, negative, or beyond 584 years.
pub fn parse_timedelta(text: &str) -> Result<Duration, UnitError> {
    parse_timedelta_in(text, DefaultUnit::Seconds)
}

/// As [`parse_timedelta`], saying what a bare number is.
///
/// # Errors
///
/// As [`parse_timedelta`], and [`UnitError::MissingUnit`] for a bare number where a unit is required.
pub fn parse_timedelta_in(text: &str, default: DefaultUnit<'_>) -> Result<Duration, UnitError> {
    let mut quantity = Quantity::split(text)?;
    if quantity.unit.is_empty() {
        quantity.unit = match default {
            DefaultUnit::Seconds => "s".to_owned(),
            DefaultUnit::Named(unit) => unit.to_lowercase(),
            DefaultUnit::Required => return Err(UnitError::MissingUnit { text: text.to_owned() }),
        };
    }
    let known = TIME_UNITS.iter().find(|(names, _)| names.contains(&quantity.unit.as_str()));
    let (_, nanoseconds) = known.ok_or_else(|| quantity.unknown("ns, us, ms, s, min, h, d, w"))?;
    quantity.times(*nanoseconds).map(Duration::from_nanos)
}

/// A number of bytes for people to read, as `dask.utils.format_bytes` writes it: two decimals of the largest unit of
/// which it is at least 0.9.
///
/// ```
/// use raskt_config::format_bytes;
///
/// assert_eq!(format_bytes(1_234_567_890), "1.15 GiB");
/// assert_eq!(format_bytes(900), "900 B");
/// ```
pub fn format_bytes(n_bytes: u64) -> String {
    let units = [("EiB", 60), ("PiB", 50), ("TiB", 40), ("GiB", 30), ("MiB", 20), ("kiB", 10)];
    for (unit, bits) in units {
        let size = (1_u64 << bits) as f64;
        if n_bytes as f64 >= size * 0.9 {
            return format!("{:.2} {unit}", n_bytes as f64 / size);
        }
    }
    format!("{n_bytes} B")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_mean_what_they_mean_to_dask() {
        let cases = [
            ("1GiB", 1 << 30),
            ("1 gib", 1 << 30),
            ("5k", 5000),
            ("5KiB", 5120),
            ("123", 123),
            ("MB", 1_000_000),
            ("1e6", 1_000_000),
            ("1.5 MB", 1_500_000),
            ("0.7", 0),
            (".5GB", 500_000_000),
            ("1e3kB", 1_000_000),
            ("1_000", 1000),
            (" 5 B ", 5),
            ("1 PB", 1_000_000_000_000_000),
            ("18446744073709551615", u64::MAX),
        ];
        for (text, bytes) in cases {
            assert_eq!(parse_bytes(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn what_is_no_size_is_refused_with_the_reason() {
        let cases = [
            ("", "an empty text"),
            ("5 foos", "unknown unit 'foos' in '5 foos': known are B, kB"),
            ("-1kB", "'-1kB' is negative"),
            ("1.2.3 MB", "does not begin with a number"),
            ("20 EiB", "'20 EiB' is too large"),
            ("1e30", "too large"),
            ("nan", "unknown unit 'nan'"),
            ("5 min", "unknown unit 'min'"),
        ];
        for (text, message) in cases {
            let error = parse_bytes(text).unwrap_err().to_string();
            assert!(error.contains(message), "{text}: {error}");
        }
    }

    #[test]
    fn durations_mean_what_they_mean_to_dask() {
        let cases = [
            ("3s", 3_000_000_000),
            ("3.5 seconds", 3_500_000_000),
            ("300ms", 300_000_000),
            ("5 minutes", 300_000_000_000),
            ("5 min", 300_000_000_000),
            ("1M", 60_000_000_000),
            ("1h", 3_600_000_000_000),
            ("2 days", 172_800_000_000_000),
            ("1w", 604_800_000_000_000),
            ("100us", 100_000),
            ("100 µs", 100_000),
            ("10 ns", 10),
            ("3", 3_000_000_000),
            ("s", 1_000_000_000),
        ];
        for (text, nanoseconds) in cases {
            assert_eq!(parse_timedelta(text), Ok(Duration::from_nanos(nanoseconds)), "{text}");
        }
        assert_eq!(parse_timedelta_in("3", DefaultUnit::Named("ms")), Ok(Duration::from_millis(3)));
    }

    #[test]
    fn what_is_no_duration_is_refused_with_the_reason() {
        let cases =
            [("1 foo", "unknown unit 'foo'"), ("-1s", "is negative"), ("1e99 s", "too large"), ("", "empty")];
        for (text, message) in cases {
            let error = parse_timedelta(text).unwrap_err().to_string();
            assert!(error.contains(message), "{text}: {error}");
        }
        let error = parse_timedelta_in("3", DefaultUnit::Required).unwrap_err().to_string();
        assert_eq!(error, "'3' has no unit");
        assert!(parse_timedelta_in("3", DefaultUnit::Named("parsec")).is_err());
    }

    proptest! {
        #[test]
        fn a_formatted_size_reads_back_within_its_decimals(n in any::<u64>(), shift in 0_u32..64) {
            let n = (n >> shift).min(u64::MAX - (1 << 54));
            let text = format_bytes(n);
            let read = parse_bytes(&text).map_err(|e| TestCaseError::fail(e.to_string()))?;
            prop_assert!(read.abs_diff(n) as f64 <= n as f64 * 0.006, "{} {} {}", n, text, read);
        }

        #[test]
        fn whole_numbers_of_any_unit_are_exact(n in 0_u64..1000, unit in 0..BYTE_UNITS.len()) {
            let (name, factor) = BYTE_UNITS[unit];
            prop_assert_eq!(parse_bytes(&format!("{n} {name}")).ok(), n.checked_mul(factor));
        }

        #[test]
        fn no_text_makes_a_parser_fail(text in "\\PC*") {
            let _ = parse_bytes(&text);
            let _ = parse_timedelta(&text);
        }
    }
}
