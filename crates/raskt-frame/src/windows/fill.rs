//! Missing values become those before them, or those behind them.

use arrow::array::UInt32Array;
use raskt_core::{Fit, Param, Result, Value};
use raskt_exec::Call;
use raskt_expr::Arity;
use raskt_graph::Body;
use raskt_graph::layer::Layer;

use super::layer::{Carried, Rows, beside, met};
use super::table::{FILLED_END, mapped_meta};
use crate::arguments::text;
use crate::kernels::is_missing;
use crate::operations::{Job, Row};
use crate::table::{failed, taken};
use crate::{PandasType, Table};

/// The last value that is there in the place of each that is missing (`name` is `ffill`), or the next one (`bfill`).
pub const FILL: &str = "fill";

pub(super) fn row() -> Row {
    Row {
        name: FILL,
        arity: Arity::Exactly(1),
        meta: |operands, _| mapped_meta(operands, |field| kept(&field.dtype)).map(Some),
        accepts: |_, _| true,
        kernel: Some(kernel),
        library: None,
        lower: lowered,
    }
}

fn kept(dtype: &PandasType) -> Option<PandasType> {
    (dtype.storage().is_some() && !matches!(dtype, PandasType::Arrow(_))).then(|| dtype.clone())
}

fn is_back(parameters: &Param) -> Result<bool> {
    Ok(text(parameters, "name")? == "bfill")
}

fn lowered(job: &mut Job<'_, '_>) -> Result<Layer> {
    let parameters = job.expr.parameters();
    let body = Some(Body::Native { name: FILLED_END.into(), parameters: parameters.clone() });
    let carried = match is_back(parameters)? {
        true => Carried { before: None, behind: body },
        false => Carried { before: body, behind: None },
    };
    beside(job, carried)
}

/// The last row, filled, or the first one: none of no rows.
pub(super) fn end(call: &mut Call<'_>) -> Result<Value> {
    let is_back = is_back(call.shared)?;
    let rows = met(call.inputs, is_back)?;
    let at = if is_back { 0 } else { rows.n_rows().saturating_sub(1) };
    Ok(filled(&rows, at, rows.n_rows().min(1), is_back)?.into())
}

fn kernel(call: &mut Call<'_>) -> Result<Value> {
    let is_back = is_back(call.shared)?;
    let rows = Rows::of(call)?;
    Ok(filled(&rows.whole()?, rows.n_before(), rows.part.n_rows(), is_back)?.into())
}

/// `n` rows from `begin` on, filled by all.
fn filled(rows: &Table, begin: usize, n: usize, is_back: bool) -> Result<Table> {
    let wanted = rows.slice(begin, n);
    let mut columns = Vec::with_capacity(rows.columns().len());
    for (column, field) in rows.columns().iter().zip(rows.schema().columns.iter()) {
        let missing = is_missing(column, &field.dtype)?;
        if missing.true_count() == 0 {
            columns.push(column.slice(begin, n));
            continue;
        }
        let mut last = None;
        let mut places = vec![None; n];
        let mut step = |row: usize| {
            if !missing.value(row) {
                last = Some(row.fit::<u32>());
            }
            if let Some(place) = row.checked_sub(begin).and_then(|at| places.get_mut(at)) {
                // What no value comes before stays as it is.
                *place = Some(last.unwrap_or(row.fit::<u32>()));
            }
        };
        match is_back {
            true => (begin..rows.n_rows()).rev().for_each(&mut step),
            false => (0..begin + n).for_each(&mut step),
        }
        let places: UInt32Array = places.into_iter().collect();
        columns.push(taken(column.as_ref(), &places).map_err(failed)?);
    }
    wanted.with_columns(std::sync::Arc::clone(wanted.schema()), columns)
}
