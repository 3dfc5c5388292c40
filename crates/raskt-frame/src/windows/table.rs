//! The rows of this family, and what its operations share.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use arrow::compute;
use raskt_core::{ErrorKind, Result};
use raskt_exec::{BodyRegistry, Call, Outcome};
use raskt_expr::Meta;

use super::{fill, grouped, rank, rolling, running, shift};
use crate::operations::{KernelFn, Row};
use crate::table::failed;
use crate::{Field, FrameMeta, Kind, PandasType};

pub(super) const LAST_ROWS: &str = "frame.last_rows";
pub(super) const FIRST_ROWS: &str = "frame.first_rows";
pub(super) const ROWS_WITHIN: &str = "frame.rows_within";
pub(super) const FILLED_END: &str = "frame.filled_end";
pub(super) const GROUPED_STATE: &str = "frame.grouped_state";
pub(super) const RUNNING_STATE: &str = "frame.running_state";

/// The rows of this family.
#[must_use]
pub fn rows() -> Vec<Row> {
    vec![fill::row(), grouped::row(), rank::row(), rolling::row(), running::row(), shift::row()]
}

/// Adds the bodies that are no operation's own to `registry`.
///
/// # Errors
/// [`ErrorKind::KeyClash`] where they are there already.
pub fn register(registry: &mut BodyRegistry) -> Result<()> {
    let bodies: [(&str, KernelFn); 6] = [
        (LAST_ROWS, shift::last_rows),
        (FIRST_ROWS, shift::first_rows),
        (ROWS_WITHIN, rolling::rows_within),
        (FILLED_END, fill::end),
        (GROUPED_STATE, grouped::state),
        (RUNNING_STATE, running::state),
    ];
    for (name, body) in bodies {
        registry.add_kernel(name, Arc::new(move |call: &mut Call<'_>| body(call).map(Outcome::Value)))?;
    }
    Ok(())
}

/// The meta of the same rows, whose columns have the dtypes that `change` makes of theirs.
pub(super) fn mapped_meta(operands: &[Meta], change: impl Fn(&Field) -> Option<PandasType>) -> Result<Meta> {
    let missing = || ErrorKind::InvalidGraph("windows of nothing".to_owned());
    let first = operands.first().ok_or_else(missing)?;
    let own = FrameMeta::of(first)?;
    let refused =
        |what: String| ErrorKind::NotImplemented(format!("native windows of {what}: pandas has them"));
    if !matches!(own.schema.kind, Kind::Frame | Kind::Series) || !own.schema.is_native() {
        return Err(refused("such a frame".to_owned()).into());
    }
    let field = |field: &Field| {
        let dtype = change(field);
        let dtype = dtype.ok_or_else(|| refused(format!("column {} of {}", field.label, field.dtype)))?;
        Ok(Field::new(field.label.clone(), dtype))
    };
    let columns = own.schema.columns.iter().map(field).collect::<Result<Vec<_>>>()?;
    let schema = own.schema.with_columns(own.schema.kind, columns);
    Ok(FrameMeta { schema, divisions: own.divisions.clone() }.into_meta_like(first))
}

/// The values as `dtype` stores them.
pub(super) fn cast_to(array: &ArrayRef, dtype: &PandasType) -> Result<ArrayRef> {
    match dtype.storage() {
        Some(storage) if storage != *array.data_type() => compute::cast(array, &storage).map_err(failed),
        _ => Ok(Arc::clone(array)),
    }
}
