//! How many rows each partition has.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array};
use raskt_core::{DType, Fit, Result, Value};
use raskt_exec::Call;
use raskt_expr::{Arity, Meta};
use raskt_graph::Body;
use raskt_graph::layer::Layer;

use super::table::{RENUMBER, drop_index, input, joined, operand};
use crate::operations::{Job, Row, kernel_name};
use crate::reductions::tree;
use crate::rowwise::are_native;
use crate::{Field, FrameMeta, Kind, Label, PandasType, Schema, Table, library};

/// The number of rows of every partition, in their order, as a series of one partition.
pub const LENGTHS: &str = "lengths";

/// The rows of this family.
pub(super) fn rows() -> Vec<Row> {
    vec![Row {
        name: LENGTHS,
        arity: Arity::Exactly(1),
        meta: |operands, _| meta(operands).map(Some),
        accepts: are_native,
        kernel: Some(length),
        library: Some(library::LENGTH),
        lower: lowered,
    }]
}

fn schema() -> Schema {
    Schema::new(Kind::Series, [Field::new(Label::None, PandasType::Plain(DType::Int64))])
}

fn meta(operands: &[Meta]) -> Result<Meta> {
    let (of, _) = operand(operands)?;
    FrameMeta::from(schema()).into_meta_of([Some(FrameMeta::n_partitions(of))])
}

fn lowered(job: &mut Job<'_, '_>) -> Result<Layer> {
    let (chunk, merge) = match job.is_native()? {
        true => (Body::native(kernel_name(LENGTHS).as_str()), Body::native(RENUMBER)),
        false => (Body::library(library::LENGTH), joined("reset_index", vec![], drop_index())),
    };
    let of = job.operand(0)?;
    tree(of, [chunk, merge.clone(), merge])
}

/// The length of one partition.
fn length(call: &mut Call<'_>) -> Result<Value> {
    let n_rows = input(call.inputs)?.n_rows().clamped::<i64>();
    let column: ArrayRef = Arc::new(Int64Array::from(vec![n_rows]));
    Ok(Table::over_range(schema(), vec![column], 1)?.into())
}
