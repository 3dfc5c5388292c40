//! States of groups: made of values, merged, and turned into results.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, PrimitiveArray, UInt32Array,
    UInt64Array,
};
use arrow::compute;
use arrow::datatypes::{
    ArrowNativeTypeOp, ArrowPrimitiveType, DataType, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use raskt_core::{ErrorKind, Fit, Result};

use super::parameters::{Aggregate, Function};
use crate::Table;
use crate::keys::Groups;
use crate::table::failed;

/// The columns of the state of one aggregate.
pub(super) fn of(table: &Table, aggregate: &Aggregate, groups: &Groups) -> Result<Vec<ArrayRef>> {
    aggregate.dtype()?;
    if aggregate.function == Function::Size {
        let mut counts = vec![0_i64; groups.len()];
        groups.ids.iter().for_each(|id| counts[*id as usize] += 1);
        return Ok(vec![Arc::new(Int64Array::from(counts))]);
    }
    let at = table.schema().position(&aggregate.column)?;
    let dtype = &table.schema().columns[at].dtype;
    if *dtype != aggregate.of {
        let what =
            format!("column {} is {dtype}, not {} as its group-by was told", aggregate.column, aggregate.of);
        return Err(ErrorKind::InvalidValue(what).into());
    }
    let array = present(&table.columns()[at], dtype.misses_by_nan())?;
    match aggregate.function {
        Function::Count => {
            let mut counts = vec![0_i64; groups.len()];
            each_present(&array, groups, |group, _| counts[group] += 1);
            Ok(vec![Arc::new(Int64Array::from(counts))])
        }
        Function::Sum | Function::Prod => {
            let wide = match array.data_type() {
                DataType::Boolean => compute::cast(&array, &DataType::Int64).map_err(failed)?,
                _ => array,
            };
            folded(&wide, aggregate.function, groups).map(|sum| vec![sum])
        }
        Function::Mean => {
            let floats = compute::cast(&array, &DataType::Float64).map_err(failed)?;
            let counts = counts(&floats, groups);
            Ok(vec![folded(&floats, Function::Sum, groups)?, Arc::new(Float64Array::from(counts))])
        }
        Function::Var | Function::Std => {
            let floats = compute::cast(&array, &DataType::Float64).map_err(failed)?;
            Ok(moments(floats.as_primitive::<Float64Type>(), groups))
        }
        function => picked(&array, function, groups).map(|array| vec![array]),
    }
}

/// The states of groups of states.
pub(super) fn merged(states: &[ArrayRef], function: Function, groups: &Groups) -> Result<Vec<ArrayRef>> {
    match function {
        Function::Var | Function::Std => Ok(merged_moments(states, groups)),
        Function::Min | Function::Max | Function::First | Function::Last => {
            Ok(vec![picked(&states[0], function, groups)?])
        }
        Function::Prod => Ok(vec![folded(&states[0], Function::Prod, groups)?]),
        Function::Sum | Function::Mean | Function::Count | Function::Size => {
            states.iter().map(|state| folded(state, Function::Sum, groups)).collect()
        }
    }
}

/// The results that states stand for; null where a group has too few values.
pub(super) fn result(states: &[ArrayRef], function: Function) -> Result<ArrayRef> {
    let float = |at: usize| states[at].as_primitive::<Float64Type>().values();
    match function {
        Function::Mean => {
            let means = float(0).iter().zip(float(1)).map(|(sum, n)| (*n > 0.0).then(|| sum / n));
            Ok(Arc::new(means.collect::<Float64Array>()))
        }
        Function::Var | Function::Std => {
            let variances =
                float(0).iter().zip(float(2)).map(|(n, squares)| (*n > 1.0).then(|| squares / (n - 1.0)));
            let root = |variance: f64| if function == Function::Std { variance.sqrt() } else { variance };
            Ok(Arc::new(variances.map(|variance| variance.map(root)).collect::<Float64Array>()))
        }
        _ => Ok(Arc::clone(&states[0])),
    }
}

/// The array with nulls where values are missing.
fn present(array: &ArrayRef, misses_by_nan: bool) -> Result<ArrayRef> {
    let nan = match array.data_type() {
        _ if !misses_by_nan => return Ok(Arc::clone(array)),
        DataType::Float32 => BooleanArray::from_unary(array.as_primitive::<Float32Type>(), f32::is_nan),
        DataType::Float64 => BooleanArray::from_unary(array.as_primitive::<Float64Type>(), f64::is_nan),
        _ => return Ok(Arc::clone(array)),
    };
    match nan.true_count() > 0 {
        true => compute::nullif(array, &nan).map_err(failed),
        false => Ok(Arc::clone(array)),
    }
}

/// Call `visit` with group and row of each value that is not null.
fn each_present(array: &ArrayRef, groups: &Groups, mut visit: impl FnMut(usize, usize)) {
    match array.logical_nulls().filter(|nulls| nulls.null_count() > 0) {
        None => groups.ids.iter().enumerate().for_each(|(row, id)| visit(*id as usize, row)),
        Some(nulls) => nulls.valid_indices().for_each(|row| visit(groups.ids[row] as usize, row)),
    }
}

fn counts(array: &ArrayRef, groups: &Groups) -> Vec<f64> {
    let mut counts = vec![0.0; groups.len()];
    each_present(array, groups, |group, _| counts[group] += 1.0);
    counts
}

/// Sums or products of the groups: of nothing, 0 or 1.
fn folded(array: &ArrayRef, function: Function, groups: &Groups) -> Result<ArrayRef> {
    fn all<T: ArrowPrimitiveType>(array: &ArrayRef, is_sum: bool, groups: &Groups) -> Vec<T::Native> {
        let values = array.as_primitive::<T>().values();
        let mut all = vec![if is_sum { T::Native::ZERO } else { T::Native::ONE }; groups.len()];
        match is_sum {
            true => {
                each_present(array, groups, |group, row| all[group] = all[group].add_wrapping(values[row]))
            }
            false => {
                each_present(array, groups, |group, row| all[group] = all[group].mul_wrapping(values[row]))
            }
        }
        all
    }
    let is_sum = function == Function::Sum;
    Ok(match array.data_type() {
        DataType::Int64 => Arc::new(Int64Array::from(all::<Int64Type>(array, is_sum, groups))),
        DataType::UInt64 => Arc::new(UInt64Array::from(all::<UInt64Type>(array, is_sum, groups))),
        DataType::Float64 => Arc::new(Float64Array::from(all::<Float64Type>(array, is_sum, groups))),
        other => return Err(ErrorKind::InvalidValue(format!("states of {other} have no sum")).into()),
    })
}

/// Of each group one of its values; null where it has none.
fn picked(array: &ArrayRef, function: Function, groups: &Groups) -> Result<ArrayRef> {
    const NONE: u32 = u32::MAX;
    let mut rows = vec![NONE; groups.len()];
    match function {
        Function::First => each_present(array, groups, |group, row| {
            if rows[group] == NONE {
                rows[group] = row.fit::<u32>();
            }
        }),
        Function::Last => each_present(array, groups, |group, row| rows[group] = row.fit::<u32>()),
        _ => {
            let wants_less = function == Function::Min;
            let mut best = |is_less: &dyn Fn(usize, usize) -> bool| {
                each_present(array, groups, |group, row| {
                    let held = rows[group];
                    let is_better = held == NONE
                        || match wants_less {
                            true => is_less(row, held as usize),
                            false => is_less(held as usize, row),
                        };
                    if is_better {
                        rows[group] = row.fit::<u32>();
                    }
                });
            };
            compared(array, &mut best)?;
        }
    }
    let rows: UInt32Array = rows.into_iter().map(|row| (row != NONE).then_some(row)).collect();
    compute::take(array, &rows, None).map_err(failed)
}

/// Takes what says of two rows whether the value of the one is less.
type TakesOrder<'a> = dyn FnMut(&dyn Fn(usize, usize) -> bool) + 'a;

/// Calls `with` with what compares the values of two rows.
fn compared(array: &ArrayRef, with: &mut TakesOrder<'_>) -> Result<()> {
    macro_rules! numbers {
        ($type:ty, $array:expr) => {{
            let values = $array.as_primitive::<$type>().values();
            with(&|one, two| values[one].is_lt(values[two]));
        }};
    }
    match array.data_type() {
        DataType::Boolean => {
            let values = array.as_boolean().values();
            with(&|one, two| !values.value(one) && values.value(two));
        }
        DataType::Int8 => numbers!(Int8Type, array),
        DataType::Int16 => numbers!(Int16Type, array),
        DataType::Int32 => numbers!(Int32Type, array),
        DataType::Int64 => numbers!(Int64Type, array),
        DataType::UInt8 => numbers!(UInt8Type, array),
        DataType::UInt16 => numbers!(UInt16Type, array),
        DataType::UInt32 => numbers!(UInt32Type, array),
        DataType::UInt64 => numbers!(UInt64Type, array),
        DataType::Float32 => numbers!(Float32Type, array),
        DataType::Float64 => numbers!(Float64Type, array),
        DataType::Timestamp(..) | DataType::Duration(_) => {
            let numbers = compute::cast(array, &DataType::Int64).map_err(failed)?;
            numbers!(Int64Type, numbers);
        }
        DataType::Utf8View => {
            let text = array.as_string_view();
            with(&|one, two| text.value(one) < text.value(two));
        }
        other => {
            return Err(ErrorKind::NotImplemented(format!("the least of {other}: pandas computes it")).into());
        }
    }
    Ok(())
}

/// Number, mean, and sum of squared distances from it: Welford's way, which loses no digits where the mean is large.
fn moments(values: &PrimitiveArray<Float64Type>, groups: &Groups) -> Vec<ArrayRef> {
    let mut all = Moments::new(groups.len());
    let array: ArrayRef = Arc::new(values.clone());
    each_present(&array, groups, |group, row| all.merge(group, 1.0, values.value(row), 0.0));
    all.done()
}

fn merged_moments(states: &[ArrayRef], groups: &Groups) -> Vec<ArrayRef> {
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
        let distance = mean - self.means[group];
        self.squares[group] += squares + distance * distance * (self.counts[group] * n / all);
        self.means[group] += distance * (n / all);
        self.counts[group] = all;
    }

    fn done(self) -> Vec<ArrayRef> {
        [self.counts, self.means, self.squares]
            .map(|values| Arc::new(Float64Array::from(values)) as ArrayRef)
            .into()
    }
}
