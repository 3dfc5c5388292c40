//! Where the largest or smallest element is: the first of equals, NaN before all.

use raskt_core::{Buffer, Result, allocation};

use super::fold::{Fold, Rows, buffer, join_run};
use super::monoids::{Extremum, Lattice};

/// The index of nothing.
pub(super) const NOWHERE: i64 = i64::MAX;

/// The best element so far, and its place.
pub(super) struct ArgFold<T, const MAX: bool, const SKIP: bool> {
    values: Vec<T>,
    places: Vec<i64>,
}

impl<T: Lattice, const MAX: bool, const SKIP: bool> ArgFold<T, MAX, SKIP> {
    pub fn new(n: usize) -> Result<Self> {
        let first = if MAX { T::MISSING_LOW } else { T::MISSING_HIGH };
        Ok(Self { values: allocation::filled(first, n)?, places: allocation::filled(NOWHERE, n)? })
    }

    /// Whether the pair `(value, place)` comes before `(best, at)`.
    #[inline(always)]
    fn is_better(value: T, place: i64, best: T, at: i64) -> bool {
        if place == NOWHERE || at == NOWHERE {
            return place != NOWHERE;
        }
        match (value.is_nan(), best.is_nan()) {
            (true, true) => place < at,
            (false, false) => {
                let (low, high) = if MAX { (best, value) } else { (value, best) };
                match (low.at_most(high), high.at_most(low)) {
                    (true, true) => place < at,
                    (is_better, _) => is_better,
                }
            }
            (is_nan, _) => is_nan,
        }
    }

    #[inline(always)]
    fn offer(&mut self, at: usize, value: T, place: i64) {
        if !(SKIP && value.is_nan()) && Self::is_better(value, place, self.values[at], self.places[at]) {
            (self.values[at], self.places[at]) = (value, place);
        }
    }

    /// Takes in another partial result.
    pub fn merge(&mut self, values: &[T], places: &[i64]) {
        for (at, (&value, &place)) in values.iter().zip(places).enumerate() {
            if place != NOWHERE {
                self.offer(at, value, place);
            }
        }
    }
}

impl<T: Lattice, const MAX: bool, const SKIP: bool> Fold for ArgFold<T, MAX, SKIP> {
    fn add(&mut self, values: &[u8], rows: &Rows) {
        let values: &[T] = bytemuck::cast_slice(values);
        for (row, line) in values.chunks_exact(rows.cols).enumerate() {
            let at = rows.out + row * rows.out_row;
            let place = rows.place + row as i64 * rows.place_row;
            if rows.out_col > 0 {
                for (col, &value) in line.iter().enumerate() {
                    self.offer(at + col * rows.out_col, value, place + col as i64 * rows.place_col);
                }
                continue;
            }
            let best = join_run::<Extremum<T, MAX, SKIP>>(line);
            let is_first = |value: &T| {
                if best.is_nan() { value.is_nan() } else { value.at_most(best) && best.at_most(*value) }
            };
            if let Some(col) = line.iter().position(is_first) {
                self.offer(at, best, place + col as i64 * rows.place_col);
            }
        }
    }

    fn finish(self: Box<Self>) -> Result<Vec<Buffer>> {
        Ok(vec![buffer(&self.values)?, buffer(&self.places)?])
    }
}
