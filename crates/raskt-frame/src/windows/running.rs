//! Running sums, products, least and greatest values.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array, Int64Array};
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use raskt_core::{DType, ErrorKind, Param, Result, Value};
use raskt_exec::Call;
use raskt_expr::Arity;
use raskt_graph::Body;
use raskt_graph::layer::Layer;

use super::layer::{Carried, Rows, beside, met};
use super::table::{RUNNING_STATE, mapped_meta};
use crate::arguments::text;
use crate::operations::{Job, Row};
use crate::{PandasType, Table};

/// What is accumulated up to each row; `name` is `cumsum`, `cumprod`, `cummin` or `cummax`. Missing values are passed by.
pub const RUNNING: &str = "running";

pub(super) fn row() -> Row {
    Row {
        name: RUNNING,
        arity: Arity::Exactly(1),
        meta: |operands, _| mapped_meta(operands, |field| kept(&field.dtype)).map(Some),
        accepts: |_, _| true,
        kernel: Some(kernel),
        library: None,
        lower: lowered,
    }
}

fn kept(dtype: &PandasType) -> Option<PandasType> {
    matches!(dtype, PandasType::Plain(DType::Int64 | DType::Float64)).then(|| dtype.clone())
}

#[derive(Clone, Copy)]
pub(super) enum Function {
    Sum,
    Product,
    Min,
    Max,
}

impl Function {
    fn of(parameters: &Param) -> Result<Self> {
        Self::named(text(parameters, "name")?)
    }

    pub(super) fn named(name: &str) -> Result<Self> {
        Ok(match name {
            "cumsum" => Self::Sum,
            "cumprod" => Self::Product,
            "cummin" => Self::Min,
            "cummax" => Self::Max,
            other => return Err(ErrorKind::InvalidGraph(format!("{other} is no running function")).into()),
        })
    }

    fn of_floats(self, a: f64, b: f64) -> f64 {
        match self {
            Self::Sum => a + b,
            Self::Product => a * b,
            Self::Min => a.min(b),
            Self::Max => a.max(b),
        }
    }

    /// Sums and products wrap around, as NumPy's.
    pub(super) fn of_integers(self, a: i64, b: i64) -> i64 {
        match self {
            Self::Sum => a.wrapping_add(b),
            Self::Product => a.wrapping_mul(b),
            Self::Min => a.min(b),
            Self::Max => a.max(b),
        }
    }

    /// What is accumulated of no value: of sums and products a number, so that NaN is what a sum has become.
    fn nothing(self) -> f64 {
        match self {
            Self::Sum => 0.0,
            Self::Product => 1.0,
            Self::Min | Self::Max => f64::NAN,
        }
    }

    /// Whether NaN may be what values have become.
    pub(super) fn is_sum(self) -> bool {
        matches!(self, Self::Sum | Self::Product)
    }
}

/// What floats are accumulated to. Sums are those of Kahan, as in pandas' groups.
#[derive(Clone, Copy)]
pub(super) struct Floats {
    function: Function,
    all: f64,
    lost: f64,
}

impl Floats {
    pub(super) fn of(function: Function) -> Self {
        Self { function, all: function.nothing(), lost: 0.0 }
    }

    /// What it is with a further value.
    pub(super) fn add(&mut self, value: f64) -> f64 {
        self.all = match self.function {
            Function::Sum => {
                let exact = value - self.lost;
                let sum = self.all + exact;
                self.lost = sum - self.all - exact;
                sum
            }
            function => function.of_floats(self.all, value),
        };
        self.all
    }

    /// What is carried on: behind an infinite sum pandas has NaN.
    pub(super) fn value(&self) -> f64 {
        if self.lost.is_nan() { f64::NAN } else { self.all }
    }
}

fn lowered(job: &mut Job<'_, '_>) -> Result<Layer> {
    let parameters = job.expr.parameters().clone();
    beside(
        job,
        Carried { before: Some(Body::Native { name: RUNNING_STATE.into(), parameters }), behind: None },
    )
}

/// What a partition carries on, or what is carried to one and it: one row of what is accumulated; none of no rows.
pub(super) fn state(call: &mut Call<'_>) -> Result<Value> {
    let function = Function::of(call.shared)?;
    let is_of_states = call.inputs.len() > 1;
    let rows = met(call.inputs, false)?;
    let last = rows.slice(rows.n_rows().saturating_sub(1), 1);
    if last.n_rows() == 0 {
        return Ok(last.into());
    }
    let folded = |column: &ArrayRef| -> Result<ArrayRef> {
        match column.data_type() {
            DataType::Float64 => {
                let values = column.as_primitive::<Float64Type>().values().iter().copied();
                // A state that is NaN is that of a sum.
                let passed_by = |value: &f64| value.is_nan() && !is_of_states;
                let found = values
                    .filter(|value| !passed_by(value))
                    .fold(function.nothing(), |a, b| function.of_floats(a, b));
                Ok(Arc::new(Float64Array::from(vec![found])))
            }
            DataType::Int64 => {
                let values = column.as_primitive::<Int64Type>().values();
                let found = values.iter().copied().reduce(|a, b| function.of_integers(a, b));
                Ok(Arc::new(Int64Array::from_iter_values(found)))
            }
            other => Err(ErrorKind::InvalidGraph(format!("what is accumulated of {other}")).into()),
        }
    };
    let columns = rows.columns().iter().map(folded).collect::<Result<Vec<_>>>()?;
    Ok(last.with_columns(Arc::clone(last.schema()), columns)?.into())
}

fn kernel(call: &mut Call<'_>) -> Result<Value> {
    let function = Function::of(call.shared)?;
    let rows = Rows::of(call)?;
    let (mut part, mut before) = (rows.part.clone(), rows.before.cloned());
    if before.as_ref().is_some_and(|before| before.schema() != part.schema()) {
        // Whole numbers of one partition are floats in another.
        let (whole, n) = (rows.whole()?, rows.n_before());
        (part, before) = (whole.slice(n, part.n_rows()), Some(whole.slice(0, n)));
    }
    let before = before.filter(|before| before.n_rows() > 0);
    let columns = (0..part.columns().len()).map(|at| accumulated(function, before.as_ref(), &part, at));
    let columns = columns.collect::<Result<Vec<_>>>()?;
    Ok(part.with_columns(Arc::clone(part.schema()), columns)?.into())
}

fn accumulated(function: Function, before: Option<&Table>, part: &Table, at: usize) -> Result<ArrayRef> {
    let column = &part.columns()[at];
    match column.data_type() {
        DataType::Float64 => {
            let before = before.map(|before| before.columns()[at].as_primitive::<Float64Type>().value(0));
            let mut all = before.unwrap_or(function.nothing());
            let values = column.as_primitive::<Float64Type>().values().iter().map(|&value| {
                if value.is_nan() {
                    return value;
                }
                all = function.of_floats(all, value);
                all
            });
            Ok(Arc::new(Float64Array::from_iter_values(values)))
        }
        DataType::Int64 => {
            let mut all = before.map(|before| before.columns()[at].as_primitive::<Int64Type>().value(0));
            let values = column.as_primitive::<Int64Type>().values().iter().map(|&value| {
                let next = all.map_or(value, |all| function.of_integers(all, value));
                all = Some(next);
                next
            });
            Ok(Arc::new(Int64Array::from_iter_values(values)))
        }
        other => Err(ErrorKind::InvalidGraph(format!("what is accumulated of {other}")).into()),
    }
}
