//! The different values of each group, as a list of each.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, LargeListArray, UInt32Array};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field};
use raskt_core::{DType, ErrorKind, Fit, Result};

use crate::PandasType;
use crate::keys::Groups;
use crate::members::{Members, NONE};
use crate::table::{failed, taken};

/// What stands for the last group of a value that is left out.
const SKIPPED: u32 = NONE - 1;

/// The different values of the rows of each group; missing ones too, unless `skips_missing`.
pub(super) fn distinct(
    array: &ArrayRef,
    of: &PandasType,
    skips_missing: bool,
    groups: &Groups,
) -> Result<ArrayRef> {
    // The values of one group after the other, each value where it is first met: each value knows the last group that has it.
    let values = Groups::of(&[(Arc::clone(array), of.clone())], array.len())?;
    let mut last = vec![NONE; values.len()];
    if skips_missing {
        let missing = values.missing.iter().zip(&mut last).filter(|(is_missing, _)| **is_missing);
        missing.for_each(|(_, last)| *last = SKIPPED);
    }
    let of_groups = Members::of(&groups.ids, groups.len());
    let mut rows: Vec<u32> = Vec::new();
    let mut lengths = Vec::with_capacity(groups.len());
    for group in 0..groups.len().fit::<u32>() {
        let n_before = rows.len();
        rows.extend(of_groups.of_group(group).iter().copied().filter(|row| {
            let last = &mut last[values.ids[*row as usize] as usize];
            *last != SKIPPED && std::mem::replace(last, group) != group
        }));
        lengths.push(rows.len() - n_before);
    }
    let values = taken(array, &UInt32Array::from(rows)).map_err(failed)?;
    let field = Arc::new(Field::new_list_field(values.data_type().clone(), true));
    let list = LargeListArray::try_new(field, OffsetBuffer::from_lengths(lengths), values, None);
    Ok(Arc::new(list.map_err(failed)?))
}

/// The different values of groups of lists.
pub(super) fn merged_distinct(states: &ArrayRef, of: &PandasType, groups: &Groups) -> Result<ArrayRef> {
    let lists = states.as_list_opt::<i64>().ok_or_else(no_lists)?;
    let mut ids = Vec::with_capacity(lists.values().len());
    for (length, id) in lists.offsets().lengths().zip(&groups.ids) {
        ids.extend(std::iter::repeat_n(*id, length));
    }
    let (first, last) = (lists.offsets().first(), lists.offsets().last());
    let (begin, end) = (first.copied().unwrap_or(0), last.copied().unwrap_or(0));
    let values = lists.values().slice(begin.fit::<usize>(), (end - begin).fit::<usize>());
    let of_values = Groups { ids, firsts: groups.firsts.clone(), missing: groups.missing.clone() };
    // Whole numbers became floats where another partition had to.
    let of = match (of, values.data_type()) {
        (PandasType::Plain(_), DataType::Float64) => &PandasType::Plain(DType::Float64),
        _ => of,
    };
    distinct(&values, of, false, &of_values)
}

/// How many values each list has.
pub(super) fn lengths(states: &ArrayRef) -> Result<ArrayRef> {
    let lists = states.as_list_opt::<i64>().ok_or_else(no_lists)?;
    Ok(Arc::new(lists.offsets().lengths().map(|length| length.fit::<i64>()).collect::<Int64Array>()))
}

fn no_lists() -> raskt_core::Error {
    ErrorKind::InvalidValue("states of different values that are no lists".to_owned()).into()
}
