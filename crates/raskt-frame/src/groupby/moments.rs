//! Number, mean, and sum of squared distances from it.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array};
use arrow::datatypes::Float64Type;

use super::folds::each_present;
use crate::keys::Groups;

/// The moments of values: Welford's way, which loses no digits where the mean is large.
pub(super) fn moments(array: &ArrayRef, groups: &Groups) -> Vec<ArrayRef> {
    let values = array.as_primitive::<Float64Type>();
    let mut all = Moments::new(groups.len());
    each_present(array, groups, |group, row| all.merge(group, 1.0, values.value(row), 0.0));
    all.done()
}

/// The moments of groups of moments.
pub(super) fn merged_moments(states: &[ArrayRef], groups: &Groups) -> Vec<ArrayRef> {
    let float = |at: usize| states[at].as_primitive::<Float64Type>();
    let mut all = Moments::new(groups.len());
    for (row, id) in groups.ids.iter().enumerate() {
        all.merge(*id as usize, float(0).value(row), float(1).value(row), float(2).value(row));
    }
    all.done()
}

struct Moments {
    counts: Vec<f64>,
    means: Vec<f64>,
    squares: Vec<f64>,
}

impl Moments {
    fn new(n_groups: usize) -> Self {
        Self { counts: vec![0.0; n_groups], means: vec![0.0; n_groups], squares: vec![0.0; n_groups] }
    }

    /// Chan, Golub and LeVeque's formula for two samples as one.
    fn merge(&mut self, group: usize, n: f64, mean: f64, squares: f64) {
        let all = self.counts[group] + n;
        if n == 0.0 {
            return;
        }
        // As in pandas: there is no distance from an infinite mean.
        let squares = if mean.is_finite() { squares } else { f64::NAN };
        let distance = mean - self.means[group];
        // One factor is 0 of the first values, whose distance may have no square.
        self.squares[group] += squares + distance * self.counts[group] * (distance * (n / all));
        self.means[group] += distance * (n / all);
        self.counts[group] = all;
    }

    fn done(self) -> Vec<ArrayRef> {
        [self.counts, self.means, self.squares]
            .map(|values| Arc::new(Float64Array::from(values)) as ArrayRef)
            .into()
    }
}
