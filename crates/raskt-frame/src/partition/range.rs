//! Pieces by ranges of some columns, between boundaries that a sample of the rows gives.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, UInt32Array};
use arrow::compute;
use arrow::datatypes::Float64Type;
use raskt_core::{DType, ErrorKind, Fit, Result};

use crate::sort::{Direction, Sort, order, places};
use crate::table::{concat, failed};
use crate::{Field, Kind, PandasType, Schema, Table};

/// The keys of up to `n` rows of a table, spread evenly over it, each with how many rows it stands for.
///
/// # Errors
/// [`ErrorKind::InvalidValue`] for keys that are not there.
pub fn sample(table: &Table, by: &Sort, n: usize) -> Result<Table> {
    let n_rows = table.n_rows();
    let n = n.min(n_rows);
    // One row of each of `n` equal stretches, at places without a period.
    let row = |at: usize| {
        let place = |at: usize| (at as u128 * n_rows as u128 / n.max(1) as u128).fit::<usize>();
        let (start, end) = (place(at), place(at + 1));
        let spread = (at as u64).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
        (start + (spread % (end - start).max(1) as u64).fit::<usize>()).fit::<u32>()
    };
    let rows: UInt32Array = (0..n).map(row).collect();
    let mut fields = Vec::new();
    let mut columns: Vec<ArrayRef> = Vec::new();
    for (at, (array, dtype, _)) in (0_i64..).zip(by.columns(table)?) {
        columns.push(compute::take(&array, &rows, None).map_err(failed)?);
        fields.push(Field::new(at, dtype));
    }
    #[allow(clippy::cast_precision_loss, reason = "a weight")]
    let weight = if n == 0 { 0.0 } else { n_rows as f64 / n as f64 };
    columns.push(Arc::new(Float64Array::from(vec![weight; n])));
    fields.push(Field::new("weight", PandasType::Plain(DType::Float64)));
    Table::over_range(Schema::new(Kind::Frame, fields), columns, n)
}

/// The keys at which each of `n_pieces` but the first begins, such that as many rows are in each, by `samples` of [`sample`].
/// There are fewer boundaries where there are no rows.
///
/// # Errors
/// As [`concat`]; [`ErrorKind::NotImplemented`] for keys of types without an order here.
pub fn boundaries(samples: &[Table], by: &Sort, n_pieces: usize) -> Result<Table> {
    let table = concat(samples)?;
    let no_sample = || ErrorKind::InvalidGraph("a table that is no sample".to_owned());
    let (weights, keys) = table.columns().split_last().ok_or_else(no_sample)?;
    let weights = weights.as_primitive_opt::<Float64Type>().ok_or_else(no_sample)?;
    let columns = keys.iter().zip(&*table.schema().columns).zip(directions(by));
    let columns: Vec<_> =
        columns.map(|((array, field), way)| (Arc::clone(array), field.dtype.clone(), way)).collect();
    let rows = order(&columns, table.n_rows(), None)?;
    let total: f64 = weights.values().iter().sum();
    let mut begins = Vec::with_capacity(n_pieces);
    let mut before = 0.0;
    for &row in rows.values() {
        #[allow(clippy::cast_precision_loss, reason = "a number of partitions")]
        while begins.len() + 1 < n_pieces && before >= total * (begins.len() + 1) as f64 / n_pieces as f64 {
            begins.push(row);
        }
        before += weights.value(row as usize);
    }
    table.take(&UInt32Array::from(begins))
}

fn directions(by: &Sort) -> impl Iterator<Item = Direction> + '_ {
    let way = |&(_, is_ascending): &(_, bool)| Direction { is_ascending, missing_first: by.missing_first };
    by.keys.iter().map(way)
}

/// `n_pieces` of a table: the rows before the first of `bounds`, those from each of them up to the next one, and those from the
/// last on. `bounds` has the keys as its first columns. Rows keep their order within each piece.
///
/// # Errors
/// [`ErrorKind::InvalidValue`] for keys that are not there; [`ErrorKind::NotImplemented`] for keys of types without an order
/// here.
pub fn range_partition(table: &Table, by: &Sort, bounds: &[ArrayRef], n_pieces: usize) -> Result<Vec<Table>> {
    let n_bounds = bounds.first().map_or(0, |array| array.len());
    let mut columns = Vec::with_capacity(by.keys.len());
    for (at, (array, dtype, way)) in by.columns(table)?.into_iter().enumerate() {
        let missing = || ErrorKind::InvalidGraph("boundaries of other keys".to_owned());
        let bound = bounds.get(at).ok_or_else(missing)?;
        let both: [&dyn Array; 2] = [bound.as_ref(), array.as_ref()];
        columns.push((compute::concat(&both).map_err(failed)?, dtype, way));
    }
    let mut rows: Vec<Vec<u32>> = vec![Vec::new(); n_pieces.max(1)];
    let last = rows.len() - 1;
    for (row, place) in (0..).zip(places(&columns, n_bounds, table.n_rows())?) {
        rows[place.min(last)].push(row);
    }
    rows.into_iter().map(|rows| table.take(&UInt32Array::from(rows))).collect()
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int64Array, StringViewArray};
    use arrow::datatypes::Int64Type;
    use proptest::prelude::*;

    use super::*;
    use crate::Key;
    use crate::sort::sort;

    fn table(rows: &[(Option<i64>, String)]) -> Table {
        let schema = Schema::new(
            Kind::Frame,
            [Field::new("a", PandasType::Masked(DType::Int64)), Field::new("t", PandasType::Text)],
        );
        let columns: Vec<ArrayRef> = vec![
            Arc::new(rows.iter().map(|row| row.0).collect::<Int64Array>()),
            Arc::new(StringViewArray::from_iter_values(rows.iter().map(|row| &row.1))),
        ];
        Table::over_range(schema, columns, rows.len()).unwrap()
    }

    proptest! {
        #[test]
        fn pieces_in_their_order_are_the_sorted_rows(
            rows in prop::collection::vec((prop::option::of(-4_i64..4), "[ab]{0,2}|[a]{8,10}"), 0..60),
            ascending in any::<[bool; 2]>(), missing_first in any::<bool>(), n_pieces in 1_usize..6, n_sampled in 1_usize..70,
        ) {
            let keys = [(Key::Column("a".into()), ascending[0]), (Key::Column("t".into()), ascending[1])];
            let by = Sort { keys: keys.into(), missing_first, limit: None };
            let table = table(&rows);
            let (one, two) = (table.slice(0, rows.len() / 3), table.slice(rows.len() / 3, rows.len()));
            let samples = [sample(&one, &by, n_sampled).unwrap(), sample(&two, &by, n_sampled).unwrap()];
            let bounds = boundaries(&samples, &by, n_pieces).unwrap();
            prop_assert!(bounds.n_rows() < n_pieces);
            let pieces = range_partition(&table, &by, bounds.columns(), n_pieces).unwrap();
            prop_assert_eq!(pieces.len(), n_pieces);
            let sorted: Vec<Table> =
                pieces.iter().map(|piece| sort(std::slice::from_ref(piece), &by).unwrap()).collect();
            let places = |table: &Table| table.levels()[0].as_primitive::<Int64Type>().values().to_vec();
            let expected = sort(std::slice::from_ref(&table), &by).unwrap();
            prop_assert_eq!(places(&concat(&sorted).unwrap()), places(&expected));
        }
    }

    #[test]
    fn pieces_are_of_about_the_same_size() {
        let rows: Vec<(Option<i64>, String)> =
            (0..8000).map(|n| (Some(n * 7919 % 8009), String::new())).collect();
        let by = Sort::by([Key::Column("a".into())]);
        let table = table(&rows);
        let (few, many) = (table.slice(0, 80), table.slice(80, 8000));
        let samples = [sample(&few, &by, 256).unwrap(), sample(&many, &by, 256).unwrap()];
        let bounds = boundaries(&samples, &by, 8).unwrap();
        let pieces = range_partition(&table, &by, bounds.columns(), 8).unwrap();
        let sizes: Vec<usize> = pieces.iter().map(Table::n_rows).collect();
        assert!(sizes.iter().all(|size| (750..1250).contains(size)), "{sizes:?}");
    }
}
