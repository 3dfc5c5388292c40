//! The places of rows in sorted order.

use std::cmp::Ordering;

use arrow::array::{Array, ArrayRef, AsArray, StringViewArray, UInt32Array};
use arrow::datatypes::DataType;
use raskt_core::{Fit, Result};

use crate::PandasType;
use crate::keys::{bits, codes};

/// Which way a key is sorted, and where its missing values go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Direction {
    /// Whether the least comes first.
    pub is_ascending: bool,
    /// Whether missing values come before all others, whichever way those are sorted.
    pub missing_first: bool,
}

/// A column as it is compared.
struct Column<'a> {
    /// Before or after all values: where missing ones are.
    class: Vec<u8>,
    /// A number that is less where the value is; equal for long texts with the same start.
    numbers: Vec<u64>,
    text: Option<&'a StringViewArray>,
    is_ascending: bool,
}

/// The values of a column, in their order.
pub(crate) struct Ordered<'a> {
    column: Column<'a>,
    rows: Vec<u32>,
}

impl<'a> Ordered<'a> {
    /// # Errors
    /// As [`order`].
    pub(crate) fn new(array: &'a ArrayRef, dtype: &PandasType, way: Direction) -> Result<Self> {
        let column = Column::new(array, dtype, way)?;
        let mut rows: Vec<(u8, u64, u32)> =
            (0..array.len()).map(|row| (column.class[row], column.numbers[row], row.fit::<u32>())).collect();
        rows.sort_unstable_by(|one, two| {
            let texts = || column.compare_texts(one.2 as usize, two.2 as usize);
            (one.0, one.1).cmp(&(two.0, two.1)).then_with(texts).then(one.2.cmp(&two.2))
        });
        Ok(Self { rows: rows.into_iter().map(|(_, _, row)| row).collect(), column })
    }

    /// The rows in the order of their values; those that are equal in their own order.
    pub(crate) fn rows(&self) -> &[u32] {
        &self.rows
    }

    pub(crate) fn is_missing(&self, row: u32) -> bool {
        self.column.class[row as usize] != 1
    }

    /// Whether the values of two rows are equal, as missing ones are.
    pub(crate) fn is_equal(&self, one: u32, two: u32) -> bool {
        self.column.compare(one as usize, two as usize).is_eq()
    }
}

/// The rows in the order of the columns, the first deciding first; rows that are equal stay in their order. Only the first
/// `limit`, if one is given.
///
/// # Errors
/// [`raskt_core::ErrorKind::NotImplemented`] for types without an order here.
pub(crate) fn order(
    columns: &[(ArrayRef, PandasType, Direction)],
    n_rows: usize,
    limit: Option<usize>,
) -> Result<UInt32Array> {
    let keys = columns
        .iter()
        .map(|(array, dtype, way)| Column::new(array, dtype, *way))
        .collect::<Result<Vec<_>>>()?;
    let limit = limit.unwrap_or(n_rows).min(n_rows);
    let Some((first, rest)) = keys.split_first() else {
        return Ok(UInt32Array::from_iter_values(0..limit.fit::<u32>()));
    };
    let mut rows: Vec<(u8, u64, u32)> =
        (0..n_rows).map(|row| (first.class[row], first.numbers[row], row.fit::<u32>())).collect();
    let is_whole = rest.is_empty() && first.text.is_none();
    let compare = |one: &(u8, u64, u32), two: &(u8, u64, u32)| -> Ordering {
        if is_whole {
            return one.cmp(two);
        }
        let (a, b) = (one.2 as usize, two.2 as usize);
        (one.0, one.1)
            .cmp(&(two.0, two.1))
            .then_with(|| first.compare_texts(a, b))
            .then_with(|| {
                rest.iter()
                    .map(|key| key.compare(a, b))
                    .find(|order| order.is_ne())
                    .unwrap_or(Ordering::Equal)
            })
            .then(one.2.cmp(&two.2))
    };
    if limit < n_rows {
        if limit > 0 {
            rows.select_nth_unstable_by(limit - 1, compare);
        }
        rows.truncate(limit);
    }
    rows.sort_unstable_by(compare);
    Ok(UInt32Array::from_iter_values(rows.into_iter().map(|(_, _, row)| row)))
}

/// Among how many of the first `n_bounds` rows, which are in order, each of the other `n_rows` lies at or behind.
///
/// # Errors
/// As [`order`].
pub(crate) fn places(
    columns: &[(ArrayRef, PandasType, Direction)],
    n_bounds: usize,
    n_rows: usize,
) -> Result<Vec<usize>> {
    let keys = columns
        .iter()
        .map(|(array, dtype, way)| Column::new(array, dtype, *way))
        .collect::<Result<Vec<_>>>()?;
    let compare = |a: usize, b: usize| {
        keys.iter().map(|key| key.compare(a, b)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    };
    let place = |row: usize| {
        let (mut from, mut to) = (0, n_bounds);
        while from < to {
            let middle = from.midpoint(to);
            match compare(middle, n_bounds + row) {
                Ordering::Greater => to = middle,
                Ordering::Less | Ordering::Equal => from = middle + 1,
            }
        }
        from
    };
    Ok((0..n_rows).map(place).collect())
}

impl<'a> Column<'a> {
    fn new(array: &'a ArrayRef, dtype: &PandasType, way: Direction) -> Result<Self> {
        let (mut numbers, text) = match array.data_type() {
            DataType::Utf8View => {
                let text = array.as_string_view();
                let start = |row: usize| if text.is_null(row) { 0 } else { prefix(text.value(row)) };
                ((0..text.len()).map(start).collect(), Some(text))
            }
            // Categories are in the order of their codes.
            DataType::Dictionary(..) => {
                let codes = codes(array.as_any_dictionary());
                (codes.into_iter().map(|code| code as u64).collect(), None)
            }
            DataType::UInt64 | DataType::Boolean => (bits(array, dtype)?.to_vec(), None),
            DataType::Float32 | DataType::Float64 => {
                let in_order = |bits: u64| if bits >> 63 == 1 { !bits } else { bits | 1 << 63 };
                (bits(array, dtype)?.iter().map(|bits| in_order(*bits)).collect(), None)
            }
            _ => (bits(array, dtype)?.iter().map(|bits| bits ^ (1 << 63)).collect(), None),
        };
        const NAN_IN_ORDER: u64 = 0xfff8_0000_0000_0000;
        let is_nan = |number: u64| array.data_type().is_floating() && number == NAN_IN_ORDER;
        let missing = if way.missing_first { 0 } else { 2 };
        let nulls = array.logical_nulls();
        let is_missing =
            |row: usize| nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) || is_nan(numbers[row]);
        let class: Vec<u8> = (0..array.len()).map(|row| if is_missing(row) { missing } else { 1 }).collect();
        let flip = if way.is_ascending { 0 } else { u64::MAX };
        numbers
            .iter_mut()
            .zip(&class)
            .for_each(|(number, class)| *number = if *class == 1 { *number ^ flip } else { 0 });
        Ok(Self { class, numbers, text, is_ascending: way.is_ascending })
    }

    fn compare(&self, a: usize, b: usize) -> Ordering {
        let number = |row: usize| (self.class[row], self.numbers[row]);
        number(a).cmp(&number(b)).then_with(|| self.compare_texts(a, b))
    }

    /// Texts that start alike.
    fn compare_texts(&self, a: usize, b: usize) -> Ordering {
        let Some(text) = self.text.filter(|_| self.class[a] == 1 && self.class[b] == 1) else {
            return Ordering::Equal;
        };
        let ascending = text.value(a).cmp(text.value(b));
        if self.is_ascending { ascending } else { ascending.reverse() }
    }
}

/// The first eight bytes as a number that is less where they are.
fn prefix(text: &str) -> u64 {
    let mut start = [0; 8];
    let n = text.len().min(8);
    start[..n].copy_from_slice(&text.as_bytes()[..n]);
    u64::from_be_bytes(start)
}
