//! What is computed of the values of each window, as these move on.
//!
//! Sums and means are those of Kahan, variances those of Welford with compensation, both with values taken out again, as in
//! pandas; where all values of a window are equal, its sum is a product and its variance 0. The least and the greatest are
//! of two parts of each window, of which one shrinks and one grows.

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

impl Bounds {
    fn of(&self, row: usize, n_rows: usize) -> (usize, usize) {
        match self {
            Self::Spans(begins) => (begins[row], row + 1),
            Self::Rows { begin, end } => {
                let place = |offset: i64| match offset >= 0 {
                    true => row.saturating_add(usize::try_from(offset).unwrap_or(usize::MAX)),
                    false => row.saturating_sub(usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX)),
                };
                let (begin, end) = (place(*begin).min(n_rows), place(*end).min(n_rows));
                (begin.min(end), end)
            }
        }
    }
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
    match function {
        Function::Sum => moved(values, bounds, rows, |sums: &Sums| sums.sum(min_periods)),
        Function::Mean => moved(values, bounds, rows, |sums: &Sums| sums.mean(min_periods)),
        Function::Variance { ddof, is_root } => moved(values, bounds, rows, |moments: &Moments| {
            let variance = moments.variance(min_periods.max(1), ddof);
            if is_root { variance.sqrt() } else { variance }
        }),
        Function::Min => {
            extremes(values, bounds, rows, min_periods, f64::INFINITY, |a, b| if b < a { b } else { a })
        }
        Function::Max => {
            extremes(values, bounds, rows, min_periods, f64::NEG_INFINITY, |a, b| if b > a { b } else { a })
        }
    }
}

/// A state of the values of a window.
trait State: Default {
    fn add(&mut self, value: f64);
    fn remove(&mut self, value: f64);
}

fn moved<S: State>(
    values: &[f64],
    bounds: &Bounds,
    rows: std::ops::Range<usize>,
    result: impl Fn(&S) -> f64,
) -> Vec<f64> {
    let mut state = S::default();
    let (mut begin, mut end) = (0, 0);
    let mut results = Vec::with_capacity(rows.len());
    for row in rows {
        let (next_begin, next_end) = bounds.of(row, values.len());
        if next_begin >= end {
            state = S::default();
            (begin, end) = (next_begin, next_begin);
        }
        values[begin..next_begin]
            .iter()
            .filter(|value| !value.is_nan())
            .for_each(|value| state.remove(*value));
        let new = values.get(end..next_end).unwrap_or_default();
        new.iter().filter(|value| !value.is_nan()).for_each(|value| state.add(*value));
        (begin, end) = (next_begin, next_end.max(end));
        results.push(result(&state));
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

#[derive(Default)]
struct Sums {
    n: u64,
    n_negative: u64,
    sum: f64,
    lost_by_adding: f64,
    lost_by_removing: f64,
    equals: Equals,
}

impl State for Sums {
    fn add(&mut self, value: f64) {
        self.n += 1;
        self.n_negative += u64::from(value.is_sign_negative());
        let exact = value - self.lost_by_adding;
        let sum = self.sum + exact;
        self.lost_by_adding = sum - self.sum - exact;
        self.sum = sum;
        self.equals.add(value);
    }

    fn remove(&mut self, value: f64) {
        self.n -= 1;
        self.n_negative -= u64::from(value.is_sign_negative());
        let exact = -value - self.lost_by_removing;
        let sum = self.sum + exact;
        self.lost_by_removing = sum - self.sum - exact;
        self.sum = sum;
    }
}

impl Sums {
    fn sum(&self, min_periods: u64) -> f64 {
        match self.n {
            n if n < min_periods => f64::NAN,
            0 => 0.0,
            n if self.equals.n >= n => self.equals.value * n as f64,
            _ => self.sum,
        }
    }

    fn mean(&self, min_periods: u64) -> f64 {
        match self.n {
            n if n < min_periods || n == 0 => f64::NAN,
            n if self.equals.n >= n => self.equals.value,
            n => {
                let mean = self.sum / n as f64;
                // What is lost by rounding changes no sign.
                let is_wrong = self.n_negative == 0 && mean < 0.0 || self.n_negative == n && mean > 0.0;
                if is_wrong { 0.0 } else { mean }
            }
        }
    }
}

#[derive(Default)]
struct Moments {
    n: u64,
    mean: f64,
    squares: f64,
    lost_by_adding: f64,
    lost_by_removing: f64,
    equals: Equals,
}

impl State for Moments {
    fn add(&mut self, value: f64) {
        self.n += 1;
        let before = self.mean - self.lost_by_adding;
        let exact = value - self.lost_by_adding;
        let delta = exact - self.mean;
        self.lost_by_adding = delta + self.mean - exact;
        self.mean += delta / self.n as f64;
        self.squares += (value - before) * (value - self.mean);
        self.equals.add(value);
    }

    fn remove(&mut self, value: f64) {
        self.n -= 1;
        if self.n == 0 {
            *self = Self::default();
            return;
        }
        let before = self.mean - self.lost_by_removing;
        let exact = value - self.lost_by_removing;
        let delta = exact - self.mean;
        self.lost_by_removing = delta + self.mean - exact;
        self.mean -= delta / self.n as f64;
        self.squares -= (value - before) * (value - self.mean);
    }
}

impl Moments {
    fn variance(&self, min_periods: u64, ddof: i64) -> f64 {
        let freedom = self.n as f64 - ddof as f64;
        if self.n < min_periods || freedom <= 0.0 {
            return f64::NAN;
        }
        match self.n == 1 || self.equals.n >= self.n {
            true => 0.0,
            false => self.squares.max(0.0) / freedom,
        }
    }
}

/// The values of a window are in two parts: of those that were there when the first part ran out, the extremes from each on are
/// known; of those that came since, that of all.
fn extremes(
    values: &[f64],
    bounds: &Bounds,
    rows: std::ops::Range<usize>,
    min_periods: u64,
    nothing: f64,
    choose: impl Fn(f64, f64) -> f64,
) -> Vec<f64> {
    let n_there = |values: &[f64]| values.iter().map(|value| u64::from(!value.is_nan())).sum::<u64>();
    let or_nothing = |value: f64| if value.is_nan() { nothing } else { value };
    // The first part is `middle - known.len()..middle`, and the last value of `known` is that of its first row.
    let (mut known, mut middle, mut new) = (Vec::new(), 0, nothing);
    let (mut begin, mut end, mut n) = (0, 0, 0_u64);
    let mut results = Vec::with_capacity(rows.len());
    for row in rows {
        let (next_begin, next_end) = bounds.of(row, values.len());
        if next_begin >= end {
            (begin, end, middle) = (next_begin, next_begin, next_begin);
            (n, new) = (0, nothing);
        }
        n -= n_there(&values[begin..next_begin]);
        let added = values.get(end..next_end).unwrap_or_default();
        n += n_there(added);
        new = added.iter().fold(new, |new, value| choose(new, or_nothing(*value)));
        (begin, end) = (next_begin, next_end.max(end));
        if begin > middle {
            known.clear();
            known.extend(values[begin..end].iter().rev().scan(nothing, |all, value| {
                *all = choose(*all, or_nothing(*value));
                Some(*all)
            }));
            (middle, new) = (end, nothing);
        }
        let old = if begin < middle { known[middle - begin - 1] } else { nothing };
        let is_enough = n >= min_periods.max(1);
        results.push(if is_enough { choose(old, new) } else { f64::NAN });
    }
    results
}
