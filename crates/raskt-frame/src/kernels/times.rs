//! Points in time and spans among literals: as text, and of other units than the column that they meet.

use raskt_core::{DType, Param, TimeUnit};

use super::column::typed_literal;
use crate::PandasType;

/// A literal that meets a column of times of `dtype`, as a literal of that dtype; `None` where it is no time, or one that the
/// unit of the column cannot say, and for text beside a time zone: what that means is for pandas to tell.
#[must_use]
pub fn as_time_of(literal: &Param, dtype: &PandasType) -> Option<Param> {
    let value = match (literal, dtype) {
        (Param::Str(text), PandasType::Plain(DType::Datetime(unit))) => time(text.as_bytes(), *unit)?,
        _ => {
            let (own, value) = typed_literal(literal)?;
            match (&own, dtype) {
                (PandasType::Plain(DType::Datetime(from)), PandasType::Plain(DType::Datetime(to)))
                | (PandasType::Plain(DType::Timedelta(from)), PandasType::Plain(DType::Timedelta(to)))
                | (PandasType::Zoned(from, _), PandasType::Zoned(to, _)) => in_unit(value, *from, *to)?,
                _ => return None,
            }
        }
    };
    Some(Param::map([("dtype", dtype.to_param()), ("value", Param::Int(value))]))
}

/// So many units of one kind in another one, if that is a whole number.
fn in_unit(value: i64, from: TimeUnit, to: TimeUnit) -> Option<i64> {
    let (from, to) = (nanoseconds(from), nanoseconds(to));
    match from >= to {
        true => value.checked_mul(from / to),
        false => (value % (to / from) == 0).then_some(value / (to / from)),
    }
}

fn nanoseconds(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Day => 86_400_000_000_000,
        TimeUnit::Hour => 3_600_000_000_000,
        TimeUnit::Minute => 60_000_000_000,
        TimeUnit::Second => 1_000_000_000,
        TimeUnit::Millisecond => 1_000_000,
        TimeUnit::Microsecond => 1_000,
        TimeUnit::Nanosecond => 1,
    }
}

/// A point in time as ISO 8601 writes it (`2015-01-31`, `2015-01-31 12:30:00.25`, with `T` between), in units since 1970.
#[inline]
pub(crate) fn time(text: &[u8], unit: TimeUnit) -> Option<i64> {
    let number = |range: std::ops::Range<usize>| -> Option<i64> {
        let digits = text.get(range)?;
        digits
            .iter()
            .try_fold(0, |value, byte| byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0')))
    };
    let is = |at: usize, byte: u8| text.get(at) == Some(&byte);
    if text.len() < 10 || !is(4, b'-') || !is(7, b'-') {
        return None;
    }
    let days = days_since_1970(number(0..4).filter(|year| *year > 0)?, number(5..7)?, number(8..10)?)?;
    let mut seconds = days * 86_400;
    let mut nanoseconds = 0;
    if text.len() > 10 {
        if !(is(10, b' ') || is(10, b'T')) || text.len() < 16 || !is(13, b':') {
            return None;
        }
        let (hour, minute) = (number(11..13)?, number(14..16)?);
        let second = match text.len() {
            16 => 0,
            _ if is(16, b':') => number(17..19)?,
            _ => return None,
        };
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        seconds += hour * 3600 + minute * 60 + second;
        if text.len() > 19 {
            let n_digits = text.len() - 20;
            if !is(19, b'.') || !(1..=9).contains(&n_digits) {
                return None;
            }
            nanoseconds = number(20..text.len())? * 10_i64.pow(9 - u32::try_from(n_digits).ok()?);
        }
    }
    let per_second = match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
        TimeUnit::Day | TimeUnit::Hour | TimeUnit::Minute => return None,
    };
    // What the unit cannot say is for pandas to read.
    let rest = nanoseconds * per_second;
    if rest % 1_000_000_000 != 0 {
        return None;
    }
    seconds.checked_mul(per_second)?.checked_add(rest / 1_000_000_000)
}

/// Howard Hinnant's `days_from_civil`; `None` for dates that there are not.
fn days_since_1970(year: i64, month: i64, day: i64) -> Option<i64> {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let n_days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => return None,
    };
    if !(1..=n_days).contains(&day) {
        return None;
    }
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(dtype: &str, value: i64) -> Param {
        Param::map([("dtype", Param::Str(dtype.into())), ("value", Param::Int(value))])
    }

    #[test]
    fn literals_take_the_unit_of_the_column_where_nothing_is_lost() {
        let of = |literal: Param, dtype: &str| {
            let found = as_time_of(&literal, &PandasType::parse(dtype).unwrap())?;
            assert_eq!(found.get("dtype").and_then(Param::as_str), Some(dtype));
            found.get("value").and_then(Param::as_int)
        };
        let text = |text: &str| Param::Str(text.into());
        assert_eq!(of(text("1970-01-02"), "datetime64[ms]"), Some(86_400_000));
        assert_eq!(of(text("1970-01-01 00:00:00.0005"), "datetime64[ms]"), None);
        assert_eq!(of(text("yesterday"), "datetime64[ms]"), None);
        assert_eq!(of(text("1970-01-02"), "datetime64[ms, UTC]"), None);
        assert_eq!(of(text("1970-01-02"), "int64"), None);
        assert_eq!(of(typed("datetime64[us]", 5_000), "datetime64[ms]"), Some(5));
        assert_eq!(of(typed("datetime64[us]", -5_001), "datetime64[ms]"), None);
        assert_eq!(of(typed("datetime64[s]", 5), "datetime64[ns]"), Some(5_000_000_000));
        assert_eq!(of(typed("datetime64[s]", i64::MAX), "datetime64[ns]"), None);
        assert_eq!(of(typed("timedelta64[s]", 5), "timedelta64[us]"), Some(5_000_000));
        assert_eq!(of(typed("timedelta64[s]", 5), "datetime64[us]"), None);
        assert_eq!(of(typed("datetime64[us, UTC]", 5_000), "datetime64[ms, Europe/Oslo]"), Some(5));
        assert_eq!(of(typed("datetime64[us]", 5_000), "datetime64[ms, Europe/Oslo]"), None);
    }
}
