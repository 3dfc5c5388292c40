//! States of groups: made of values, merged, and turned into results.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array};
use arrow::compute;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use raskt_core::{DType, ErrorKind, Result};

use super::distinct::{distinct, lengths};
use super::folds::{counts, end, end_row, extremes, folded, merged, present, quantified, sizes, truths};
use super::moments::{merged_moments, moments};
use super::parameters::{Aggregate, Function};
use super::plan::{Fold, Plan, State};
use crate::kernels::promoted;
use crate::keys::Groups;
use crate::table::failed;
use crate::{PandasType, Table};

/// The columns of the states of `plan`, of the groups of the rows of a table.
pub(super) fn states(table: &Table, plan: &Plan<'_>, groups: &Groups) -> Result<Vec<ArrayRef>> {
    let mut values = Values { table, groups, present: vec![None; table.columns().len()], sizes: None };
    let mut columns = Vec::with_capacity(plan.states.len());
    for state in &plan.states {
        columns.extend(values.state(state)?);
    }
    Ok(columns)
}

/// The rows of which states are made, and what several states need of them.
struct Values<'a> {
    table: &'a Table,
    groups: &'a Groups,
    /// Columns with nulls where values are missing.
    present: Vec<Option<ArrayRef>>,
    sizes: Option<ArrayRef>,
}

impl Values<'_> {
    fn state(&mut self, state: &State<'_>) -> Result<Vec<ArrayRef>> {
        let (groups, fold) = (self.groups, state.fold);
        if fold == Fold::Size {
            return Ok(vec![self.sizes()]);
        }
        let (at, dtype) = self.place(state)?;
        let array = self.present(at, &dtype)?;
        let floats = || compute::cast(&array, &DataType::Float64).map_err(failed);
        Ok(vec![match fold {
            Fold::Count if array.null_count() == 0 => self.sizes(),
            Fold::Size | Fold::Count => Arc::new(Int64Array::from(counts(&array, groups))),
            Fold::Sum | Fold::Prod => folded(&widened(&array)?, fold == Fold::Sum, groups)?,
            Fold::FloatSum => folded(&floats()?, true, groups)?,
            Fold::Min | Fold::Max => extremes(&array, fold == Fold::Min, groups)?,
            Fold::First | Fold::Last => end(&array, fold == Fold::First, groups)?,
            Fold::FirstRow | Fold::LastRow => end_row(&array, fold == Fold::FirstRow, groups)?,
            Fold::Any | Fold::All => quantified(&truths(&array)?, fold == Fold::Any, groups),
            Fold::Distinct | Fold::DistinctRows => distinct(&array, &dtype, fold == Fold::Distinct, groups)?,
            Fold::Moments => return Ok(moments(&floats()?, groups)),
        }])
    }

    fn sizes(&mut self) -> ArrayRef {
        let made = || Arc::new(Int64Array::from(sizes(self.groups))) as ArrayRef;
        Arc::clone(self.sizes.get_or_insert_with(made))
    }

    /// Where the column of a state is, and the dtype of its values: that of which the group-by was told, or a wider one of
    /// numbers, which it has in some partitions.
    fn place(&self, state: &State<'_>) -> Result<(usize, PandasType)> {
        let at = self.table.schema().position(state.column)?;
        let dtype = &self.table.schema().columns[at].dtype;
        let met = match (dtype, state.of) {
            (own, of) if own == of => Some(of.clone()),
            (PandasType::Plain(own), PandasType::Plain(of)) if *own != DType::Bool && *of != DType::Bool => {
                promoted(own, of).map(PandasType::Plain)
            }
            _ => None,
        };
        met.map(|met| (at, met)).ok_or_else(|| {
            let (column, of) = (state.column, state.of);
            let what = format!("column {column} is {dtype}, not {of} as its group-by was told");
            ErrorKind::InvalidValue(what).into()
        })
    }

    /// The column with nulls where values are missing, in the storage of `dtype`.
    fn present(&mut self, at: usize, dtype: &PandasType) -> Result<ArrayRef> {
        if let Some(array) = &self.present[at] {
            return Ok(Arc::clone(array));
        }
        let array = &self.table.columns()[at];
        let array = match dtype.storage() {
            Some(storage) if storage != *array.data_type() && storage.is_numeric() => {
                compute::cast(array, &storage).map_err(failed)?
            }
            _ => Arc::clone(array),
        };
        let array = present(&array, dtype.misses_by_nan())?;
        Ok(Arc::clone(self.present[at].insert(array)))
    }
}

/// Numbers in the type that they are added up in.
fn widened(array: &ArrayRef) -> Result<ArrayRef> {
    let wide = match array.data_type() {
        DataType::Boolean | DataType::Int8 | DataType::Int16 | DataType::Int32 => DataType::Int64,
        DataType::UInt8 | DataType::UInt16 | DataType::UInt32 => DataType::UInt64,
        DataType::Float32 => DataType::Float64,
        _ => return Ok(Arc::clone(array)),
    };
    compute::cast(array, &wide).map_err(failed)
}

/// The states of groups of rows of states; `None` where columns are missing.
pub(super) fn merged_states(
    columns: &[ArrayRef],
    plan: &Plan<'_>,
    groups: &Groups,
) -> Result<Option<Vec<ArrayRef>>> {
    let mut all = Vec::with_capacity(columns.len());
    for State { fold, of, .. } in &plan.states {
        let Some(own) = columns.get(all.len()..all.len() + fold.n_columns()) else { return Ok(None) };
        match fold {
            Fold::Moments => all.extend(merged_moments(own, groups)),
            fold => all.push(merged(&own[0], of, *fold, groups)?),
        }
    }
    Ok(Some(all))
}

/// The result of an aggregate, whose states are in the columns from each of the places `at` on; null where a group has too
/// few values.
pub(super) fn result(columns: &[ArrayRef], at: &[usize], aggregate: &Aggregate) -> Result<ArrayRef> {
    let Aggregate { function, options, .. } = aggregate;
    let missing = || ErrorKind::InvalidValue(format!("the states of {} are not there", function.name()));
    let column = |at: Option<&usize>| at.and_then(|at| columns.get(*at)).ok_or_else(missing);
    let floats = |array: &ArrayRef| array.as_primitive_opt::<Float64Type>().cloned().ok_or_else(missing);
    let counts =
        || column(at.get(1)).and_then(|array| array.as_primitive_opt::<Int64Type>().ok_or_else(missing));
    let first = column(at.first())?;
    match function {
        Function::Mean => {
            let (sums, counts) = (floats(first)?, counts()?);
            #[allow(clippy::cast_precision_loss, reason = "fewer rows than 2**53")]
            let mean = |(sum, n): (&f64, &i64)| (*n > 0).then(|| sum / *n as f64);
            Ok(Arc::new(sums.values().iter().zip(counts.values()).map(mean).collect::<Float64Array>()))
        }
        Function::Var | Function::Std | Function::Sem => {
            let (counts, squares) = (floats(first)?, floats(column(at.first().map(|at| at + 2).as_ref())?)?);
            #[allow(clippy::cast_precision_loss, reason = "a small number")]
            let ddof = options.ddof as f64;
            let variance = |(n, squares): (&f64, &f64)| {
                let variance = (*n > 0.0 && *n > ddof).then(|| squares / (n - ddof))?;
                Some(match function {
                    Function::Var => variance,
                    Function::Std => variance.sqrt(),
                    _ => (variance / n).sqrt(),
                })
            };
            Ok(Arc::new(counts.values().iter().zip(squares.values()).map(variance).collect::<Float64Array>()))
        }
        Function::Nunique => lengths(first),
        _ if options.min_count > 0 && at.len() > 1 => {
            let counts = counts()?.values().iter();
            let is_lacking: BooleanArray = counts.map(|n| Some(*n < options.min_count)).collect();
            compute::nullif(first, &is_lacking).map_err(failed)
        }
        _ => Ok(Arc::clone(first)),
    }
}
