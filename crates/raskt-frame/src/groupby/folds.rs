//! The loops over the rows of groups.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, PrimitiveArray, UInt32Array};
use arrow::buffer::NullBuffer;
use arrow::compute;
use arrow::datatypes::{
    ArrowNativeTypeOp, ArrowPrimitiveType, DataType, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use raskt_core::{Error, ErrorKind, Fit, Result};

use super::distinct::merged_distinct;
use super::plan::Fold;
use crate::PandasType;
use crate::keys::Groups;
use crate::table::{failed, taken};

/// Running values of each group where there are few groups: rows that follow one another are often of one group, and would
/// wait for each other's addition if they had one place.
const LANES: usize = 4;
/// The most groups that have [`LANES`] places each.
const N_LANED_GROUPS: usize = 1 << 10;

/// Call `visit` with group and row of each value that is not null.
pub(super) fn each_present(array: &ArrayRef, groups: &Groups, mut visit: impl FnMut(usize, usize)) {
    match array.logical_nulls().filter(|nulls| nulls.null_count() > 0) {
        None => groups.ids.iter().enumerate().for_each(|(row, id)| visit(*id as usize, row)),
        Some(nulls) => nulls.valid_indices().for_each(|row| visit(groups.ids[row] as usize, row)),
    }
}

/// The number of rows of each group.
pub(super) fn sizes(groups: &Groups) -> Vec<i64> {
    added(&groups.ids, groups.len(), groups.ids.iter().map(|_| 1_i64))
}

/// The number of values of each group.
pub(super) fn counts(array: &ArrayRef, groups: &Groups) -> Vec<i64> {
    let mut counts = vec![0; groups.len()];
    each_present(array, groups, |group, _| counts[group] += 1);
    counts
}

/// What is added up in each group, a number a row; integers wrap.
fn added<N: ArrowNativeTypeOp>(ids: &[u32], n_groups: usize, numbers: impl Iterator<Item = N>) -> Vec<N> {
    if n_groups > N_LANED_GROUPS {
        let mut sums = vec![N::ZERO; n_groups];
        ids.iter().zip(numbers).for_each(|(id, number)| {
            let sum = &mut sums[*id as usize];
            *sum = sum.add_wrapping(number);
        });
        return sums;
    }
    let mut lanes = vec![[N::ZERO; LANES]; n_groups];
    for (row, (id, number)) in ids.iter().zip(numbers).enumerate() {
        let sum = &mut lanes[*id as usize][row % LANES];
        *sum = sum.add_wrapping(number);
    }
    let whole = |[a, b, c, d]: [N; LANES]| a.add_wrapping(b).add_wrapping(c.add_wrapping(d));
    lanes.into_iter().map(whole).collect()
}

fn sums<T: ArrowPrimitiveType>(array: &PrimitiveArray<T>, groups: &Groups) -> ArrayRef {
    let values = array.values().iter().copied();
    let sums = match array.nulls().filter(|nulls| nulls.null_count() > 0) {
        None => added(&groups.ids, groups.len(), values),
        Some(nulls) => {
            let present = values.zip(nulls.iter());
            let or_zero = present.map(|(value, is_there)| if is_there { value } else { T::Native::ZERO });
            added(&groups.ids, groups.len(), or_zero)
        }
    };
    Arc::new(PrimitiveArray::<T>::new(sums.into(), None))
}

fn products<T: ArrowPrimitiveType>(array: &ArrayRef, groups: &Groups) -> ArrayRef {
    let values = array.as_primitive::<T>().values();
    let mut all = vec![T::Native::ONE; groups.len()];
    each_present(array, groups, |group, row| all[group] = all[group].mul_wrapping(values[row]));
    Arc::new(PrimitiveArray::<T>::new(all.into(), None))
}

/// Sums or products of the groups: of nothing, 0 or 1.
pub(super) fn folded(array: &ArrayRef, is_sum: bool, groups: &Groups) -> Result<ArrayRef> {
    macro_rules! numbers {
        ($type:ty) => {
            match is_sum {
                true => sums(array.as_primitive::<$type>(), groups),
                false => products::<$type>(array, groups),
            }
        };
    }
    Ok(match array.data_type() {
        DataType::Int64 => numbers!(Int64Type),
        DataType::UInt64 => numbers!(UInt64Type),
        DataType::Float64 => numbers!(Float64Type),
        DataType::Duration(_) => {
            let numbers = compute::cast(array, &DataType::Int64).map_err(failed)?;
            compute::cast(&folded(&numbers, is_sum, groups)?, array.data_type()).map_err(failed)?
        }
        _ => return Err(no_states(array)),
    })
}

fn no_states(array: &ArrayRef) -> Error {
    ErrorKind::InvalidValue(format!("states of {} in a group-by", array.data_type())).into()
}

/// The least or the greatest number of each group; null where it has none.
fn extreme<T: ArrowPrimitiveType>(array: &PrimitiveArray<T>, is_min: bool, groups: &Groups) -> ArrayRef {
    let is_better =
        |value: T::Native, held: T::Native| if is_min { value.is_lt(held) } else { held.is_lt(value) };
    let values = array.values();
    let mut best: Vec<T::Native> = groups.firsts.iter().map(|row| values[*row as usize]).collect();
    let nulls = match array.nulls().filter(|nulls| nulls.null_count() > 0) {
        None => {
            for (id, value) in groups.ids.iter().zip(values) {
                let held = &mut best[*id as usize];
                *held = if is_better(*value, *held) { *value } else { *held };
            }
            None
        }
        Some(nulls) => {
            let mut is_there = vec![false; groups.len()];
            for row in nulls.valid_indices() {
                let (group, value) = (groups.ids[row] as usize, values[row]);
                if !std::mem::replace(&mut is_there[group], true) || is_better(value, best[group]) {
                    best[group] = value;
                }
            }
            Some(NullBuffer::from(is_there))
        }
    };
    Arc::new(PrimitiveArray::<T>::new(best.into(), nulls))
}

/// What stands for no row.
const NONE: u32 = u32::MAX;

/// The values at the rows that are left when each row that `is_better` than the one held takes its place.
fn picked(array: &ArrayRef, groups: &Groups, is_better: impl Fn(usize, usize) -> bool) -> Result<ArrayRef> {
    let mut rows = vec![NONE; groups.len()];
    each_present(array, groups, |group, row| {
        let held = rows[group];
        if held == NONE || is_better(row, held as usize) {
            rows[group] = row.fit::<u32>();
        }
    });
    let rows: UInt32Array = rows.into_iter().map(|row| (row != NONE).then_some(row)).collect();
    taken(array, &rows).map_err(failed)
}

/// Of each group the first or the last value that is there; null where none is.
pub(super) fn end(array: &ArrayRef, is_first: bool, groups: &Groups) -> Result<ArrayRef> {
    picked(array, groups, |_, _| !is_first)
}

/// Of each group the least or the greatest value; null where it has none.
pub(super) fn extremes(array: &ArrayRef, is_min: bool, groups: &Groups) -> Result<ArrayRef> {
    macro_rules! numbers {
        ($type:ty) => {
            extreme(array.as_primitive::<$type>(), is_min, groups)
        };
    }
    Ok(match array.data_type() {
        DataType::Int8 => numbers!(Int8Type),
        DataType::Int16 => numbers!(Int16Type),
        DataType::Int32 => numbers!(Int32Type),
        DataType::Int64 => numbers!(Int64Type),
        DataType::UInt8 => numbers!(UInt8Type),
        DataType::UInt16 => numbers!(UInt16Type),
        DataType::UInt32 => numbers!(UInt32Type),
        DataType::UInt64 => numbers!(UInt64Type),
        DataType::Float32 => numbers!(Float32Type),
        DataType::Float64 => numbers!(Float64Type),
        DataType::Timestamp(..) | DataType::Duration(_) => {
            let numbers = compute::cast(array, &DataType::Int64).map_err(failed)?;
            compute::cast(&extremes(&numbers, is_min, groups)?, array.data_type()).map_err(failed)?
        }
        DataType::Boolean => {
            let values = array.as_boolean().values();
            picked(array, groups, |row, held| {
                values.value(row) != values.value(held) && values.value(held) == is_min
            })?
        }
        DataType::Utf8View => {
            let text = array.as_string_view();
            match is_min {
                true => picked(array, groups, |row, held| text.value(row) < text.value(held))?,
                false => picked(array, groups, |row, held| text.value(held) < text.value(row))?,
            }
        }
        other => {
            return Err(ErrorKind::NotImplemented(format!("the least of {other}: pandas computes it")).into());
        }
    })
}

/// Of each group the value of its first or last row.
pub(super) fn end_row(array: &ArrayRef, is_first: bool, groups: &Groups) -> Result<ArrayRef> {
    let rows = match is_first {
        true => groups.firsts.clone(),
        false => {
            let mut rows = vec![0; groups.len()];
            groups.ids.iter().zip(0..).for_each(|(id, row)| rows[*id as usize] = row);
            rows
        }
    };
    taken(array, &UInt32Array::from(rows)).map_err(failed)
}

/// Whether some or all of the values of each group are true.
pub(super) fn quantified(truths: &BooleanArray, is_any: bool, groups: &Groups) -> ArrayRef {
    let mut all = vec![!is_any; groups.len()];
    let mut visit = |row: usize| {
        if truths.values().value(row) == is_any {
            all[groups.ids[row] as usize] = is_any;
        }
    };
    match truths.nulls() {
        None => (0..truths.len()).for_each(visit),
        Some(nulls) => nulls.valid_indices().for_each(&mut visit),
    }
    Arc::new(BooleanArray::from(all))
}

/// Which values are true, as Python has it: numbers but 0, and texts that are not empty.
pub(super) fn truths(array: &ArrayRef) -> Result<BooleanArray> {
    match array.data_type() {
        DataType::Boolean => Ok(array.as_boolean().clone()),
        DataType::Utf8View => {
            let text = array.as_string_view();
            let is_true = text.lengths().map(|length| length > 0).collect();
            Ok(BooleanArray::new(is_true, text.nulls().cloned()))
        }
        DataType::Duration(_) => truths(&compute::cast(array, &DataType::Int64).map_err(failed)?),
        _ => {
            compute::cast(array, &DataType::Boolean).map(|truths| truths.as_boolean().clone()).map_err(failed)
        }
    }
}

/// The array with nulls where values are missing.
pub(super) fn present(array: &ArrayRef, misses_by_nan: bool) -> Result<ArrayRef> {
    fn nan<T: ArrowPrimitiveType>(
        array: &ArrayRef,
        is_nan: impl Fn(T::Native) -> bool,
    ) -> Option<BooleanArray> {
        // Whole blocks are looked at without a branch.
        const BLOCK: usize = 1 << 10;
        let array = array.as_primitive::<T>();
        let mut blocks = array.values().chunks(BLOCK);
        let has_nan = blocks.any(|block| block.iter().fold(false, |any, value| any | is_nan(*value)));
        has_nan.then(|| BooleanArray::from_unary(array, &is_nan))
    }
    let nan = match array.data_type() {
        DataType::Float32 if misses_by_nan => nan::<Float32Type>(array, f32::is_nan),
        DataType::Float64 if misses_by_nan => nan::<Float64Type>(array, f64::is_nan),
        _ => None,
    };
    match nan {
        Some(nan) => compute::nullif(array, &nan).map_err(failed),
        None => Ok(Arc::clone(array)),
    }
}

/// The states of groups of states that `fold` made of values of the dtype `of`, of one column each.
pub(super) fn merged(states: &ArrayRef, of: &PandasType, fold: Fold, groups: &Groups) -> Result<ArrayRef> {
    match fold {
        Fold::Size | Fold::Count | Fold::Sum | Fold::FloatSum => folded(states, true, groups),
        Fold::Prod => folded(states, false, groups),
        Fold::Min | Fold::Max => extremes(states, fold == Fold::Min, groups),
        Fold::First | Fold::Last => end(states, fold == Fold::First, groups),
        Fold::FirstRow | Fold::LastRow => end_row(states, fold == Fold::FirstRow, groups),
        Fold::Any | Fold::All => {
            let truths = states.as_boolean_opt().ok_or_else(|| no_states(states))?;
            Ok(quantified(truths, fold == Fold::Any, groups))
        }
        Fold::Distinct | Fold::DistinctRows => merged_distinct(states, of, groups),
        Fold::Moments => Err(ErrorKind::InvalidValue("moments are three columns".to_owned()).into()),
    }
}
