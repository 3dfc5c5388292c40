//! What is computed of the values of each window, as these move on.
//!
//! A window is in two parts, of which one shrinks and one grows. Of the first one, what comes of its values from each on is
//! known from when it was made; of the second one, what comes of all of them. Nothing is taken out of a sum again, so that
//! large values leave no rounding errors behind when windows have passed them. Sums are those of two floats; means and
//! squared distances are Welford's, and put together as Chan has it. Where all values of a window are equal, its sum is a
//! product and its variance 0, as in pandas.

use raskt_core::Fit;

/// Where windows begin and end: of neither does the next one go back.
pub(super) enum Bounds {
    /// From so many rows before or behind each to so many.
    Rows {
        /// Of the first row.
        begin: i64,
        /// Of the row behind the last.
        end: i64,
    },
    /// From those rows to each, that included.
    Spans(Vec<usize>),
}

/// What is computed of a window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Function {
    Sum,
    Mean,
    Variance { ddof: i64, is_root: bool },
    Min,
    Max,
}

/// The results of the rows `from..to`: NaN for windows of fewer than `min_periods` values.
pub(super) fn folded(
    values: &[f64],
    bounds: &Bounds,
    rows: std::ops::Range<usize>,
    function: Function,
    min_periods: u64,
) -> Vec<f64> {
    match bounds {
        Bounds::Spans(begins) => of(values, |row| (begins[row], row + 1), rows, function, min_periods),
        Bounds::Rows { begin, end } => {
            let (begin, end) = ((*begin).clamped::<isize>(), (*end).clamped::<isize>());
            let place = |row: usize, offset: isize| row.saturating_add_signed(offset).min(values.len());
            let window = |row| (place(row, begin).min(place(row, end)), place(row, end));
            of(values, window, rows, function, min_periods)
        }
    }
}

fn of(
    values: &[f64],
    window: impl Fn(usize) -> (usize, usize),
    rows: std::ops::Range<usize>,
    function: Function,
    min_periods: u64,
) -> Vec<f64> {
    let at_least_one = min_periods.max(1);
    match function {
        Function::Sum => moved(values, window, rows, |all: Sum, n, equals| match n {
            n if n < min_periods => f64::NAN,
            0 => 0.0,
            n if equals.n >= n => equals.value * float(n),
            _ => all.total(),
        }),
        Function::Mean => moved(values, window, rows, |all: Sum, n, equals| match n {
            n if n < at_least_one => f64::NAN,
            n if equals.n >= n => equals.value,
            n => all.total() / float(n),
        }),
        Function::Variance { ddof, is_root } => {
            #[allow(clippy::cast_precision_loss, reason = "a small number")]
            let ddof = ddof as f64;
            moved(values, window, rows, |all: Moments, n, equals| {
                let freedom = all.n - ddof;
                let variance = match n {
                    n if n < at_least_one || freedom <= 0.0 => f64::NAN,
                    n if n == 1 || equals.n >= n => 0.0,
                    _ => all.squares / freedom,
                };
                if is_root { variance.sqrt() } else { variance }
            })
        }
        Function::Min => {
            moved(values, window, rows, |all: Least, n, _| if n < at_least_one { f64::NAN } else { all.0 })
        }
        Function::Max => {
            moved(values, window, rows, |all: Greatest, n, _| if n < at_least_one { f64::NAN } else { all.0 })
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "fewer rows than 2**53")]
fn float(n: u64) -> f64 {
    n as f64
}

/// What comes of values one after another.
trait Part: Copy {
    /// Of no value.
    const NOTHING: Self;
    /// With one value more.
    fn with(self, value: f64) -> Self;
    /// Of the values of both.
    fn and(self, other: Self) -> Self;
}

/// Results of windows, each of what comes of its values, of how many these are, and of how many of the last were equal.
fn moved<P: Part>(
    values: &[f64],
    window: impl Fn(usize) -> (usize, usize),
    rows: std::ops::Range<usize>,
    result: impl Fn(P, u64, &Equals) -> f64,
) -> Vec<f64> {
    // The first part is `middle - known.len()..middle`, and the last value of `known` is that of its first row.
    let (mut known, mut middle, mut new) = (Vec::new(), 0, P::NOTHING);
    let (mut begin, mut end, mut n, mut equals) = (0, 0, 0_u64, Equals::default());
    let mut results = Vec::with_capacity(rows.len());
    for row in rows {
        let (next_begin, next_end) = window(row);
        if next_begin >= end {
            (begin, end, middle) = (next_begin, next_begin, next_begin);
            (n, new, equals) = (0, P::NOTHING, Equals::default());
        }
        n -= values[begin..next_begin].iter().map(|value| u64::from(!value.is_nan())).sum::<u64>();
        for &value in values.get(end..next_end).unwrap_or_default() {
            if !value.is_nan() {
                n += 1;
                new = new.with(value);
                equals.add(value);
            }
        }
        (begin, end) = (next_begin, next_end.max(end));
        if begin >= middle {
            known.clear();
            known.extend(values[begin..end].iter().rev().scan(P::NOTHING, |all, value| {
                *all = if value.is_nan() { *all } else { all.with(*value) };
                Some(*all)
            }));
            (middle, new) = (end, P::NOTHING);
        }
        let old = if begin < middle { known[middle - begin - 1] } else { P::NOTHING };
        results.push(result(old.and(new), n, &equals));
    }
    results
}

/// How many of the last values were equal.
#[derive(Default)]
struct Equals {
    value: f64,
    n: u64,
}

impl Equals {
    fn add(&mut self, value: f64) {
        self.n = if value.to_bits() == self.value.to_bits() { self.n + 1 } else { 1 };
        self.value = value;
    }
}

/// A sum, and what was lost of it by rounding: Knuth's sum of two floats.
#[derive(Clone, Copy)]
struct Sum {
    rounded: f64,
    lost: f64,
}

impl Sum {
    fn total(self) -> f64 {
        let total = self.rounded + self.lost;
        // What is lost of an infinite sum is no number.
        if total.is_nan() { self.rounded } else { total }
    }
}

impl Part for Sum {
    const NOTHING: Self = Self { rounded: 0.0, lost: 0.0 };

    fn with(self, value: f64) -> Self {
        let rounded = self.rounded + value;
        let added = rounded - self.rounded;
        let lost = (self.rounded - (rounded - added)) + (value - added);
        Self { rounded, lost: self.lost + lost }
    }

    fn and(self, other: Self) -> Self {
        let both = self.with(other.rounded);
        Self { lost: both.lost + other.lost, ..both }
    }
}

/// The number of values, their mean, and the sum of their squared distances from it.
#[derive(Clone, Copy)]
struct Moments {
    n: f64,
    mean: f64,
    squares: f64,
}

impl Part for Moments {
    const NOTHING: Self = Self { n: 0.0, mean: 0.0, squares: 0.0 };

    fn with(self, value: f64) -> Self {
        let n = self.n + 1.0;
        let delta = value - self.mean;
        // The quotient does not wait for the values before.
        let mean = self.mean + delta * (1.0 / n);
        Self { n, mean, squares: self.squares + delta * (value - mean) }
    }

    fn and(self, other: Self) -> Self {
        let n = self.n + other.n;
        if n == 0.0 {
            return self;
        }
        let (delta, part) = (other.mean - self.mean, other.n / n);
        // One factor is 0 where one side has no value: the distance from the other may have no square.
        let squares = self.squares + other.squares + delta * self.n * (delta * part);
        Self { n, mean: self.mean + delta * part, squares }
    }
}

#[derive(Clone, Copy)]
struct Least(f64);

impl Part for Least {
    const NOTHING: Self = Self(f64::INFINITY);

    fn with(self, value: f64) -> Self {
        Self(if value < self.0 { value } else { self.0 })
    }

    fn and(self, other: Self) -> Self {
        self.with(other.0)
    }
}

#[derive(Clone, Copy)]
struct Greatest(f64);

impl Part for Greatest {
    const NOTHING: Self = Self(f64::NEG_INFINITY);

    fn with(self, value: f64) -> Self {
        Self(if value > self.0 { value } else { self.0 })
    }

    fn and(self, other: Self) -> Self {
        self.with(other.0)
    }
}
