//! Bins of time: the label of the bin that each row is in.

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, UInt32Array};
use arrow::compute;
use arrow::datatypes::{DataType, Int64Type};
use raskt_core::{DType, Error, ErrorKind, Fit, Result, Value};
use raskt_exec::Call;
use raskt_expr::{Arity, Meta};

use crate::operations::Row;
use crate::table::{failed, taken};
use crate::{Field, FrameMeta, Kind, PandasType, Schema, Table};

/// For each time of operand 0, an index, the label of its bin as a series on that index. Operand 1 is a frame of two columns:
/// where each bin begins, in order and of the dtype of the index, and its label. The last bin has no end. Missing times have
/// missing labels.
pub const BINS: &str = "bins";

/// The rows of this family.
pub(super) fn rows() -> Vec<Row> {
    vec![Row {
        name: BINS,
        arity: Arity::Exactly(2),
        meta: |operands, _| meta(operands).map(Some),
        accepts: |_, _| true,
        kernel: Some(run),
        library: None,
        lower: super::table::lowered,
    }]
}

fn meta(operands: &[Meta]) -> Result<Meta> {
    let [of, bins] = operands else {
        return Err(ErrorKind::InvalidGraph(format!("bins of {} frames", operands.len())).into());
    };
    let own = FrameMeta::of(of)?;
    let schema = schema(&own.schema, &FrameMeta::of(bins)?.schema)?;
    Ok(FrameMeta { schema, divisions: own.divisions.clone() }.into_meta_like(of))
}

fn schema(of: &Schema, bins: &Schema) -> Result<Schema> {
    let refused = || Error::new(ErrorKind::NotImplemented("native bins of other than times".to_owned()));
    let ([times], [begins, labels]) = (&*of.index, &*bins.columns) else { return Err(refused()) };
    let is_time = matches!(
        times.dtype,
        PandasType::Zoned(..) | PandasType::Plain(DType::Datetime(_) | DType::Timedelta(_))
    );
    if !is_time || begins.dtype != times.dtype {
        return Err(refused());
    }
    Ok(of.with_columns(Kind::Series, [Field::new(times.label.clone(), labels.dtype.clone())]))
}

fn units(array: &ArrayRef) -> Result<Int64Array> {
    let units = compute::cast(array, &DataType::Int64).map_err(failed)?;
    Ok(units.as_primitive::<Int64Type>().clone())
}

fn run(call: &mut Call<'_>) -> Result<Value> {
    call.ctx.cancel.check()?;
    let [of, bins] = call.inputs else {
        return Err(ErrorKind::InvalidGraph(format!("bins of {} frames", call.inputs.len())).into());
    };
    let (of, bins) = (Table::of(of)?, Table::of(bins)?);
    let schema = schema(of.schema(), bins.schema())?;
    let places = places(&units(&of.levels()[0])?, units(&bins.columns()[0])?.values())?;
    let labels = taken(&bins.columns()[1], &places).map_err(failed)?;
    Ok(of.with_columns(schema, vec![labels])?.into())
}

/// Which bin each time is in.
fn places(times: &Int64Array, begins: &[i64]) -> Result<UInt32Array> {
    let mut last = 0;
    let mut place = |time: i64| {
        // Times often are in the bin of the one before.
        let is_in = begins.get(last).is_some_and(|begin| *begin <= time)
            && begins.get(last + 1).is_none_or(|next| time < *next);
        if !is_in {
            let n_begun = begins.partition_point(|begin| *begin <= time);
            let before = || Error::new(ErrorKind::InvalidValue("a time before all bins".to_owned()));
            last = n_begun.checked_sub(1).ok_or_else(before)?;
        }
        Ok(last.fit::<u32>())
    };
    match times.null_count() {
        0 => times.values().iter().map(|time| place(*time)).collect::<Result<Vec<_>>>().map(Into::into),
        _ => times.iter().map(|time| time.map(&mut place).transpose()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_time_is_in_the_last_bin_that_has_begun() {
        let times = Int64Array::from(vec![Some(0), Some(9), None, Some(10), Some(99), Some(5), Some(30)]);
        let found: Vec<_> = places(&times, &[0, 10, 10, 20]).unwrap().iter().collect();
        assert_eq!(found, [Some(0), Some(0), None, Some(2), Some(3), Some(0), Some(3)]);
    }

    #[test]
    fn times_before_all_bins_are_errors() {
        assert!(places(&Int64Array::from(vec![4]), &[5]).is_err());
        assert!(places(&Int64Array::from(vec![4]), &[]).is_err());
        assert_eq!(places(&Int64Array::from(vec![None]), &[]).unwrap().null_count(), 1);
    }
}
