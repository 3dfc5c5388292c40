//! Points in time without a zone, and spans: their fields, and the points before and after them.
//!
//! Fields are those of the proleptic Gregorian calendar. Whole numbers of a column with missing values become floats.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, PrimitiveArray};
use arrow::compute;
use arrow::datatypes::{DataType, Int32Type, Int64Type};
use raskt_core::{DType, Param, Result, TimeUnit};

use super::arguments::{Method, rows};
use super::column::Planned;
use crate::PandasType;
use crate::table::failed;

/// The kernel of what `Series.dt` has under that name.
pub(super) fn plan(method: &Method<'_>) -> Option<Planned> {
    match method.on.dtype()? {
        PandasType::Plain(DType::Datetime(unit)) => plan_point(method, per_second(*unit)?),
        PandasType::Plain(DType::Timedelta(unit)) => plan_span(method, per_second(*unit)?),
        _ => None,
    }
}

/// Units a second.
fn per_second(unit: TimeUnit) -> Option<i64> {
    Some(match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
        TimeUnit::Day | TimeUnit::Hour | TimeUnit::Minute => return None,
    })
}

const DAY: i64 = 86_400;

fn plan_point(method: &Method<'_>, second: i64) -> Option<Planned> {
    if let Some(field) = field(method.name) {
        let [] = method.bind([])?;
        return Some(Planned::new(PandasType::Plain(DType::Int32), move |columns| {
            let values = numbers(rows(columns)?)?;
            let fields: PrimitiveArray<Int32Type> = match field {
                Field::InDay { unit, count } => {
                    let unit = second.saturating_mul(unit);
                    values.unary(|value| small(value.div_euclid(unit).rem_euclid(count)))
                }
                Field::InSecond { unit, count } => values.unary(|value| {
                    small((value.rem_euclid(second) * (1_000_000_000 / second) / unit).rem_euclid(count))
                }),
                Field::Calendar(of) => {
                    values.unary(|value| small(of(&Date::of(value.div_euclid(second * DAY)))))
                }
            };
            Ok(Arc::new(fields))
        }));
    }
    if let Some(is) = truth(method.name) {
        let [] = method.bind([])?;
        return Some(Planned::new(PandasType::Plain(DType::Bool), move |columns| {
            let values = numbers(rows(columns)?)?;
            let truths =
                BooleanArray::from_unary(&values, |value| is(&Date::of(value.div_euclid(second * DAY))));
            Ok(Arc::new(super::compare::without_nulls(&truths, false)))
        }));
    }
    plan_rounded(method, second)
}

enum Field {
    /// Seconds of such a unit, of which so many make the next larger one.
    InDay {
        unit: i64,
        count: i64,
    },
    /// Nanoseconds of such a unit.
    InSecond {
        unit: i64,
        count: i64,
    },
    Calendar(fn(&Date) -> i64),
}

fn field(name: &str) -> Option<Field> {
    Some(match name {
        "year" => Field::Calendar(|date| date.year),
        "month" => Field::Calendar(|date| date.month),
        "day" => Field::Calendar(|date| date.day),
        "quarter" => Field::Calendar(|date| (date.month + 2) / 3),
        // The first of January 1970 was a Thursday; Monday is 0.
        "dayofweek" | "weekday" | "day_of_week" => {
            Field::Calendar(|date| (date.since_epoch + 3).rem_euclid(7))
        }
        "dayofyear" | "day_of_year" => Field::Calendar(Date::day_of_year),
        "days_in_month" | "daysinmonth" => Field::Calendar(Date::days_in_month),
        "hour" => Field::InDay { unit: 3_600, count: 24 },
        "minute" => Field::InDay { unit: 60, count: 60 },
        "second" => Field::InDay { unit: 1, count: 60 },
        "microsecond" => Field::InSecond { unit: 1_000, count: 1_000_000 },
        "nanosecond" => Field::InSecond { unit: 1, count: 1_000 },
        _ => return None,
    })
}

fn truth(name: &str) -> Option<fn(&Date) -> bool> {
    let is: fn(&Date) -> bool = match name {
        "is_leap_year" => |date| date.is_leap_year(),
        "is_month_start" => |date| date.day == 1,
        "is_month_end" => |date| date.day == date.days_in_month(),
        "is_quarter_start" => |date| date.day == 1 && date.month % 3 == 1,
        "is_quarter_end" => |date| date.day == date.days_in_month() && date.month % 3 == 0,
        "is_year_start" => |date| date.day == 1 && date.month == 1,
        "is_year_end" => |date| date.day == 31 && date.month == 12,
        _ => return None,
    };
    Some(is)
}

/// Fields fit, since years of 64-bit seconds do not: those are cut off as pandas cuts them.
#[allow(clippy::cast_possible_truncation, reason = "fields of dates are small")]
fn small(value: i64) -> i32 {
    value as i32
}

/// A day of the calendar.
struct Date {
    since_epoch: i64,
    year: i64,
    month: i64,
    day: i64,
}

impl Date {
    /// Howard Hinnant's `civil_from_days`: years begin in March, so that the leap day is the last of one.
    fn of(since_epoch: i64) -> Self {
        let days = since_epoch + 719_468;
        let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Self { since_epoch, year, month, day }
    }

    fn is_leap_year(&self) -> bool {
        self.year % 4 == 0 && (self.year % 100 != 0 || self.year % 400 == 0)
    }

    fn days_in_month(&self) -> i64 {
        match self.month {
            2 => 28 + i64::from(self.is_leap_year()),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }

    fn day_of_year(&self) -> i64 {
        const BEFORE: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
        let before = usize::try_from(self.month - 1).ok().and_then(|at| BEFORE.get(at)).copied().unwrap_or(0);
        before + self.day + i64::from(self.month > 2 && self.is_leap_year())
    }
}

/// To which multiple of a span of time points go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Nearest {
    Before,
    After,
    /// The nearer one; of two, the even one.
    Even,
}

/// `floor`, `ceil`, `round` and `normalize`.
fn plan_rounded(method: &Method<'_>, second: i64) -> Option<Planned> {
    let (nearest, step) = match method.name {
        "normalize" => {
            let [] = method.bind([])?;
            (Nearest::Before, second * DAY)
        }
        "floor" | "ceil" | "round" => {
            let [freq, ambiguous, nonexistent] = method.bind(["freq", "ambiguous", "nonexistent"])?;
            let raise = Param::Str("raise".into());
            if !ambiguous.is_default(&raise) || !nonexistent.is_default(&raise) {
                return None;
            }
            let nearest = match method.name {
                "floor" => Nearest::Before,
                "ceil" => Nearest::After,
                _ => Nearest::Even,
            };
            (nearest, step(freq.literal()?.as_str()?, second)?)
        }
        _ => return None,
    };
    let dtype = method.on.dtype()?.clone();
    let kept = dtype.storage()?;
    Some(Planned::new(dtype, move |columns| {
        let array = rows(columns)?;
        if step == 1 {
            return Ok(Arc::clone(array));
        }
        let rounded = numbers(array)?.unary::<_, Int64Type>(|value| {
            let rest = value.rem_euclid(step);
            let below = value.wrapping_sub(rest);
            let goes_up = match nearest {
                Nearest::Before => false,
                Nearest::After => rest > 0,
                Nearest::Even => match rest.cmp(&(step - rest)) {
                    std::cmp::Ordering::Less => false,
                    std::cmp::Ordering::Greater => true,
                    std::cmp::Ordering::Equal => below.div_euclid(step) % 2 != 0,
                },
            };
            if goes_up { below.wrapping_add(step) } else { below }
        });
        compute::cast(&rounded, &kept).map_err(failed)
    }))
}

/// The units that a frequency of pandas is long; 1 for what is not longer than a unit. `None` for one that is no fixed span,
/// and for parts of a unit that do not divide it.
fn step(freq: &str, second: i64) -> Option<i64> {
    let digits = freq.len() - freq.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
    let (count, unit) = freq.split_at(digits);
    let count: i64 = if count.is_empty() { 1 } else { count.parse().ok().filter(|count| *count > 0)? };
    let nanoseconds: i64 = match unit {
        "D" => 86_400_000_000_000,
        "h" => 3_600_000_000_000,
        "min" => 60_000_000_000,
        "s" => 1_000_000_000,
        "ms" => 1_000_000,
        "us" => 1_000,
        "ns" => 1,
        _ => return None,
    };
    let (step, unit) = (nanoseconds.checked_mul(count)?, 1_000_000_000 / second);
    match step {
        step if step % unit == 0 => Some(step / unit),
        step if unit % step == 0 => Some(1),
        _ => None,
    }
}

fn plan_span(method: &Method<'_>, second: i64) -> Option<Planned> {
    let [] = method.bind([])?;
    let day = second * DAY;
    if method.name == "total_seconds" {
        return Some(Planned::new(PandasType::Plain(DType::Float64), move |columns| {
            let values = numbers(rows(columns)?)?;
            let seconds = values.iter().map(|value| value.map(|value| seconds(value, second)));
            Ok(Arc::new(seconds.collect::<Float64Array>()))
        }));
    }
    let (dtype, of): (DType, Box<dyn Fn(i64) -> i64>) = match method.name {
        "days" => (DType::Int64, Box::new(move |value| value.div_euclid(day))),
        "seconds" => (DType::Int32, Box::new(move |value| value.rem_euclid(day) / second)),
        "microseconds" => {
            let micro = move |value: i64| value.rem_euclid(second) * (1_000_000_000 / second) / 1_000;
            (DType::Int32, Box::new(micro))
        }
        "nanoseconds" => {
            let nano = move |value: i64| value.rem_euclid(second) * (1_000_000_000 / second) % 1_000;
            (DType::Int32, Box::new(nano))
        }
        _ => return None,
    };
    let kept = PandasType::Plain(dtype.clone()).storage()?;
    Some(Planned::new(PandasType::Plain(dtype), move |columns| {
        let fields = numbers(rows(columns)?)?.unary::<_, Int64Type>(&of);
        compute::cast(&fields, &kept).map_err(failed)
    }))
}

/// Seconds with their fraction, rounded as pandas rounds them: never on to a whole second from beside it.
fn seconds(value: i64, second: i64) -> f64 {
    let (whole, rest) = (value.div_euclid(second), value.rem_euclid(second));
    let (below, sum) = (whole as f64, whole as f64 + rest as f64 / second as f64);
    let is_between = rest != 0 && value.unsigned_abs() > 1 << 53 && whole.unsigned_abs() < 1 << 52;
    match is_between {
        true if sum == below => sum.next_up(),
        true if sum == below + 1.0 => sum.next_down(),
        _ => sum,
    }
}

/// The units since the epoch.
fn numbers(array: &ArrayRef) -> Result<Int64Array> {
    Ok(compute::cast(array, &DataType::Int64).map_err(failed)?.as_primitive::<Int64Type>().clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_follow_one_another() {
        let mut before = Date::of(-800_000);
        for since_epoch in -799_999..800_000 {
            let date = Date::of(since_epoch);
            let is_next = match before.day == before.days_in_month() {
                true => date.day == 1 && date.month == before.month % 12 + 1,
                false => date.day == before.day + 1 && date.month == before.month,
            };
            let is_new_year = date.day_of_year() == 1;
            assert!(is_next && (date.year == before.year + i64::from(is_new_year)), "day {since_epoch}");
            before = date;
        }
        let epoch = Date::of(0);
        assert_eq!((epoch.year, epoch.month, epoch.day), (1970, 1, 1));
    }

    #[test]
    fn frequencies_are_whole_numbers_of_units() {
        assert_eq!(step("15min", 1), Some(900));
        assert_eq!(step("ms", 1), Some(1));
        assert_eq!(step("1500ms", 1), None);
        assert_eq!(step("W", 1), None);
        assert_eq!(step("0s", 1), None);
        assert_eq!(step("", 1), None);
    }
}
