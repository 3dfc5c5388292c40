//! States of groups: made of values, merged, and turned into results.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array};
use arrow::compute;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use raskt_core::{ErrorKind, Result};

use super::folds::{counts, end, extremes, folded, merged, present, sizes};
use super::moments::{merged_moments, moments};
use super::parameters::Function;
use super::plan::{Fold, Plan, State};
use crate::Table;
use crate::keys::Groups;
use crate::table::failed;

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
        if state.fold == Fold::Size {
            return Ok(vec![self.sizes()]);
        }
        let array = self.column(state)?;
        let groups = self.groups;
        let floats = || compute::cast(&array, &DataType::Float64).map_err(failed);
        Ok(vec![match state.fold {
            Fold::Count if array.null_count() == 0 => self.sizes(),
            Fold::Size | Fold::Count => Arc::new(Int64Array::from(counts(&array, groups))),
            Fold::Sum | Fold::Prod => {
                let wide = match array.data_type() {
                    DataType::Boolean => compute::cast(&array, &DataType::Int64).map_err(failed)?,
                    _ => array,
                };
                folded(&wide, state.fold == Fold::Sum, groups)?
            }
            Fold::FloatSum => folded(&floats()?, true, groups)?,
            Fold::Min | Fold::Max => extremes(&array, state.fold == Fold::Min, groups)?,
            Fold::First | Fold::Last => end(&array, state.fold == Fold::First, groups)?,
            Fold::Moments => return Ok(moments(&floats()?, groups)),
        }])
    }

    fn sizes(&mut self) -> ArrayRef {
        let made = || Arc::new(Int64Array::from(sizes(self.groups))) as ArrayRef;
        Arc::clone(self.sizes.get_or_insert_with(made))
    }

    fn column(&mut self, state: &State<'_>) -> Result<ArrayRef> {
        let at = self.table.schema().position(state.column)?;
        let dtype = &self.table.schema().columns[at].dtype;
        if dtype != state.of {
            let (column, of) = (state.column, state.of);
            let what = format!("column {column} is {dtype}, not {of} as its group-by was told");
            return Err(ErrorKind::InvalidValue(what).into());
        }
        if let Some(array) = &self.present[at] {
            return Ok(Arc::clone(array));
        }
        let array = present(&self.table.columns()[at], dtype.misses_by_nan())?;
        Ok(Arc::clone(self.present[at].insert(array)))
    }
}

/// The states of groups of rows of states; `None` where columns are missing.
pub(super) fn merged_states(
    columns: &[ArrayRef],
    plan: &Plan<'_>,
    groups: &Groups,
) -> Result<Option<Vec<ArrayRef>>> {
    let mut all = Vec::with_capacity(columns.len());
    for State { fold, .. } in &plan.states {
        let Some(own) = columns.get(all.len()..all.len() + fold.n_columns()) else { return Ok(None) };
        match fold {
            Fold::Moments => all.extend(merged_moments(own, groups)),
            fold => all.push(merged(&own[0], *fold, groups)?),
        }
    }
    Ok(Some(all))
}

/// The result that the states from each of the columns `at` on stand for; null where a group has too few values.
pub(super) fn result(columns: &[ArrayRef], at: &[usize], function: Function) -> Result<ArrayRef> {
    let missing = || ErrorKind::InvalidValue(format!("the states of {} are not there", function.name()));
    let column = |at: Option<&usize>| at.and_then(|at| columns.get(*at)).ok_or_else(missing);
    let floats = |array: &ArrayRef| array.as_primitive_opt::<Float64Type>().cloned().ok_or_else(missing);
    let first = column(at.first())?;
    match function {
        Function::Mean => {
            let counts = column(at.get(1))?.as_primitive_opt::<Int64Type>().ok_or_else(missing)?;
            let sums = floats(first)?;
            #[allow(clippy::cast_precision_loss, reason = "fewer rows than 2**53")]
            let mean = |(sum, n): (&f64, &i64)| (*n > 0).then(|| sum / *n as f64);
            Ok(Arc::new(sums.values().iter().zip(counts.values()).map(mean).collect::<Float64Array>()))
        }
        Function::Var | Function::Std => {
            let (counts, squares) = (floats(first)?, floats(column(at.first().map(|at| at + 2).as_ref())?)?);
            let root = |variance: f64| if function == Function::Std { variance.sqrt() } else { variance };
            let variance = |(n, squares): (&f64, &f64)| (*n > 1.0).then(|| root(squares / (n - 1.0)));
            Ok(Arc::new(counts.values().iter().zip(squares.values()).map(variance).collect::<Float64Array>()))
        }
        _ => Ok(Arc::clone(first)),
    }
}
