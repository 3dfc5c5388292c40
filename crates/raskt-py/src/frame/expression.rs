//! `FrameExpr`: the expression that a frame of Python's holds, and the one entry by which all operations are asked for.

use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};
use raskt_core::{Fit, Param, Token, Value};
use raskt_expr::{Expr, Meta, label, layer_name};
use raskt_frame::results::{self, Planning};
use raskt_frame::source::{Partitions, divided};
use raskt_frame::{Builder, Divisions, FrameMeta, Schema, from_tables};

use super::columns::{Keep, boundaries_given, boundaries_taken};
use super::labels::from_label;
use super::table::{object_value, prototype, schema_of};
use crate::array::{PythonTokens, annotations_here, notes_to_dict, to_param};
use crate::delayed::{Delayed, hand_out};
use crate::errors;
use crate::planner::{explain, n_tasks, planner};

/// What is to be computed.
#[pyclass(frozen, weakref, module = "raskt._raskt", name = "FrameExpr")]
pub struct FrameExpr {
    expr: Expr,
}

impl FrameExpr {
    /// A Python object around `expr`.
    pub fn of(expr: Expr) -> Self {
        Self { expr }
    }

    /// The expression.
    pub fn expr(&self) -> &Expr {
        &self.expr
    }

    fn meta(&self, py: Python<'_>) -> PyResult<&Meta> {
        planner().context().meta(&self.expr).map_err(|error| errors::to_py(py, error))
    }

    fn own(&self, py: Python<'_>) -> PyResult<&FrameMeta> {
        FrameMeta::of(self.meta(py)?).map_err(|error| errors::to_py(py, error))
    }
}

fn builder(py: Python<'_>) -> PyResult<Builder<'static>> {
    Ok(Builder::new(planner().context(), &PythonTokens).annotated(annotations_here(py)?))
}

#[pymethods]
impl FrameExpr {
    /// What users hold: `frame`, `series`, `index` or `scalar`.
    #[getter]
    fn kind(&self, py: Python<'_>) -> PyResult<&'static str> {
        Ok(self.own(py)?.schema.kind.name())
    }

    /// The names of the columns.
    #[getter]
    fn labels<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let labels = self.own(py)?.schema.labels().map(|label| from_label(py, label));
        PyList::new(py, labels.collect::<PyResult<Vec<_>>>()?)
    }

    /// The names of the columns' dtypes.
    #[getter]
    fn dtypes(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        Ok(self.own(py)?.schema.columns.iter().map(|field| field.dtype.to_string()).collect())
    }

    /// The names of the index's levels.
    #[getter]
    fn index_names<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let names = self.own(py)?.schema.index.iter().map(|field| from_label(py, &field.label));
        PyList::new(py, names.collect::<PyResult<Vec<_>>>()?)
    }

    /// An object of pandas' of the same kind, columns and index, without rows; a scalar is some value of its dtype.
    fn prototype<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        prototype(py, &self.own(py)?.schema)
    }

    /// Kind, columns and index as a parameter.
    #[getter]
    fn schema<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        crate::param::to_object(py, &self.own(py)?.schema.to_param())
    }

    /// The number of partitions.
    #[getter]
    fn n_partitions(&self, py: Python<'_>) -> PyResult<u64> {
        Ok(FrameMeta::n_partitions(self.meta(py)?))
    }

    /// The number of rows of each partition; None where it is not known.
    #[getter]
    fn lengths(&self, py: Python<'_>) -> PyResult<Vec<Option<u64>>> {
        Ok(lengths(self.meta(py)?))
    }

    /// The boundaries of the partitions as an index of pandas'; None where they are not known.
    #[getter]
    fn divisions<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let own = self.own(py)?;
        let (Some(divisions), Some(field)) = (&own.divisions, own.schema.index.first()) else {
            return Ok(None);
        };
        boundaries_given(py, field, divisions.boundaries()).map(Some)
    }

    /// The operation.
    #[getter]
    fn operation(&self) -> String {
        self.expr.operation().to_string()
    }

    /// What users call the function that made it.
    #[getter]
    fn label(&self) -> &str {
        match self.expr.parameters().get("name").and_then(Param::as_str) {
            Some(method) if matches!(self.expr.operation().as_str(), "method" | "reduce") => method,
            _ => label(&self.expr),
        }
    }

    /// What its partitions' keys begin with.
    #[getter]
    fn name(&self) -> String {
        layer_name(&self.expr).to_string()
    }

    /// The hash of its content.
    #[getter]
    fn token(&self) -> String {
        self.expr.token().to_string()
    }

    /// What `annotate` said where it was made.
    #[getter]
    fn annotations<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        notes_to_dict(py, self.expr.annotations())
    }

    /// The number of tasks that computing it would take, as the expression stands after simplification.
    #[getter]
    fn n_tasks(&self, py: Python<'_>) -> PyResult<u64> {
        n_tasks(py, &self.expr)
    }

    /// What becomes of it, as text.
    fn explain(&self, py: Python<'_>) -> PyResult<String> {
        explain(py, &self.expr)
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| other.get().expr == self.expr)
    }

    fn __hash__(&self) -> u64 {
        (self.expr.token().0 & u128::from(u64::MAX)).fit()
    }

    fn __raskt_tokenize__(&self) -> String {
        self.token()
    }

    /// What it is made of, operands first, for pickling.
    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let parts = crate::template::flatten(py, &slf.get().expr)?;
        let rebuild = py.import("raskt._raskt")?.getattr("frame_rebuilt")?;
        Ok((rebuild, parts).into_pyobject(py)?.into_any())
    }
}

/// What [`FrameExpr`]'s `__reduce__` took apart.
#[pyfunction]
fn frame_rebuilt(
    py: Python<'_>,
    rows: &Bound<'_, PyList>,
    functions: &Bound<'_, PyList>,
) -> PyResult<FrameExpr> {
    errors::guarded(|| crate::template::unflatten(py, rows, functions)).map(|expr| FrameExpr { expr })
}

/// Asks for `operation` of `operands`, with `parameters`.
#[pyfunction]
#[pyo3(signature = (operation, operands, parameters=None))]
fn frame_op(
    py: Python<'_>,
    operation: &str,
    operands: &Bound<'_, PyTuple>,
    parameters: Option<&Bound<'_, PyDict>>,
) -> PyResult<FrameExpr> {
    let mut exprs = Vec::with_capacity(operands.len());
    for operand in operands.iter() {
        exprs.push(match operand.cast::<Delayed>() {
            Ok(value) => value.borrow().expr().clone(),
            Err(_) => operand.cast::<FrameExpr>()?.get().expr.clone(),
        });
    }
    let parameters = parameters.map_or(Ok(Param::map([])), |parameters| to_param(parameters.as_any()))?;
    let made = builder(py)?.make(operation, &exprs, parameters);
    made.map(|expr| FrameExpr { expr }).map_err(|error| errors::to_py(py, error))
}

/// A frame of partitions in memory: objects of pandas', all of the kind, columns and index of `like`. `token` stands for their
/// content. What somebody else may write to is copied where `snapshot` says so.
#[pyfunction]
#[pyo3(signature = (partitions, like, divisions, token, snapshot=true))]
fn frame_from_partitions(
    py: Python<'_>,
    partitions: &Bound<'_, PyList>,
    like: &Bound<'_, PyAny>,
    divisions: Option<&Bound<'_, PyAny>>,
    token: &str,
    snapshot: bool,
) -> PyResult<FrameExpr> {
    let failed = |error| errors::to_py(py, error);
    let keep = if snapshot { Keep::Snapshot } else { Keep::View };
    let schema = schema_of(like)?;
    let token = match token.parse::<Token>() {
        Ok(token) => token,
        Err(_) => Token::of(token).map_err(failed)?,
    };
    let mut values: Vec<Value> = Vec::with_capacity(partitions.len());
    let mut lengths = Vec::with_capacity(partitions.len());
    for partition in partitions.iter() {
        lengths.push(partition.len()? as u64);
        values.push(object_value(&partition, keep)?);
    }
    let divisions = divisions.map(boundaries_taken).transpose()?;
    let divisions = divisions.map(Divisions::new).transpose().map_err(failed)?.map(Arc::new);
    let made = from_tables(values, Some(&lengths), &schema, divisions, token);
    made.map(|expr| FrameExpr { expr }).map_err(failed)
}

/// A frame of partitions that have been computed.
#[pyfunction]
fn frame_persisted(
    py: Python<'_>,
    partitions: &Bound<'_, PyList>,
    of: PyRef<'_, FrameExpr>,
) -> PyResult<FrameExpr> {
    let own = of.own(py)?;
    let mut values: Vec<Value> = Vec::with_capacity(partitions.len());
    let mut lengths = Vec::with_capacity(partitions.len());
    for partition in partitions.iter() {
        lengths.push(partition.len().map_or(1, |length| length as u64));
        values.push(object_value(&partition, Keep::View)?);
    }
    let made = from_tables(values, Some(&lengths), &own.schema, own.divisions.clone(), of.expr.token());
    made.map(|expr| FrameExpr { expr }).map_err(|error| errors::to_py(py, error))
}

/// Held partitions as plain Python data, for pickling.
///
/// # Errors
/// Where memory runs out.
pub fn partitions_to_data<'py>(py: Python<'py>, held: &Partitions) -> PyResult<Bound<'py, PyTuple>> {
    let own = FrameMeta::of(held.meta()).map_err(|error| errors::to_py(py, error))?;
    let schema = crate::param::to_object(py, &own.schema.to_param())?;
    let values = super::whole::listed(py, held.values())?;
    let lengths: Vec<Option<u64>> = lengths(held.meta());
    let divisions = match (&own.divisions, own.schema.index.first()) {
        (Some(divisions), Some(field)) => Some(boundaries_given(py, field, divisions.boundaries())?),
        _ => None,
    };
    ("partitions", held.token().to_string(), values, schema, lengths, divisions).into_pyobject(py)
}

/// What [`partitions_to_data`] wrote, as a parameter.
///
/// # Errors
/// `ValueError` for data that it did not make.
pub fn partitions_from_data(data: &Bound<'_, PyTuple>) -> PyResult<Param> {
    let py = data.py();
    let failed = |error| errors::to_py(py, error);
    let (_, token, values, schema, lengths, divisions): HeldData<'_> = data.extract()?;
    let schema = Schema::from_param(&to_param(&schema)?).map_err(failed)?;
    let values = values.iter().map(|value| object_value(&value, Keep::View)).collect::<PyResult<Vec<_>>>()?;
    let divisions = divisions.map(|index| boundaries_taken(&index)).transpose()?;
    let divisions = divisions.map(Divisions::new).transpose().map_err(failed)?.map(Arc::new);
    let token = token.parse().map_err(failed)?;
    if values.is_empty() && divisions.is_some() {
        // Divisions that were said of other partitions.
        let meta = FrameMeta { schema, divisions }.into_meta_of(lengths).map_err(failed)?;
        return Ok(Param::Value(Value::Opaque(Arc::new(Partitions::new(token, values, meta)))));
    }
    let lengths: Vec<u64> = lengths.into_iter().map(Option::unwrap_or_default).collect();
    let made = from_tables(values, Some(&lengths), &schema, divisions, token).map_err(failed)?;
    let held = made.parameters().get(raskt_frame::source::PARTITIONS).cloned();
    held.ok_or_else(|| PyValueError::new_err("a pickled frame is damaged"))
}

/// What [`partitions_to_data`] writes.
type HeldData<'py> =
    (String, String, Bound<'py, PyList>, Bound<'py, PyAny>, Vec<Option<u64>>, Option<Bound<'py, PyAny>>);

/// The number of rows of each partition, where it is known.
fn lengths(meta: &Meta) -> Vec<Option<u64>> {
    let Some(chunks) = meta.chunks() else { return vec![None] };
    chunks.axes()[0].runs().flat_map(|(size, n)| std::iter::repeat_n(size, n.fit::<usize>())).collect()
}

/// All of `frame` (`form` -1), the list of its partitions (-2), or one of them (its number), as a delayed value.
#[pyfunction]
#[pyo3(signature = (frame, form, optimize=true))]
fn frame_delayed<'py>(
    py: Python<'py>,
    frame: PyRef<'_, FrameExpr>,
    form: i64,
    optimize: bool,
) -> PyResult<Bound<'py, Delayed>> {
    let planning = if optimize { Planning::Simplified } else { Planning::AsWritten };
    let taken = match form {
        -1 => results::whole(&frame.expr, planning),
        -2 => results::partitions(&frame.expr, planning),
        number => results::partition(&frame.expr, u32::try_from(number).unwrap_or(u32::MAX), planning),
    };
    hand_out(py, Delayed::of_expr(taken.map_err(|error| errors::to_py(py, error))?))
}

/// Kind, columns and index of an object of pandas' as a parameter.
#[pyfunction]
fn frame_schema<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    crate::param::to_object(object.py(), &schema_of(object)?.to_param())
}

/// An object of pandas' of such a kind, columns and index, without rows.
#[pyfunction]
fn frame_prototype<'py>(py: Python<'py>, schema: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let schema = Schema::from_param(&to_param(schema)?).map_err(|error| errors::to_py(py, error))?;
    prototype(py, &schema)
}

/// The same partitions, between the labels of `boundaries`, an index of pandas'.
#[pyfunction]
fn frame_divided(
    py: Python<'_>,
    frame: PyRef<'_, FrameExpr>,
    boundaries: &Bound<'_, PyAny>,
    token: &str,
) -> PyResult<FrameExpr> {
    let failed = |error| errors::to_py(py, error);
    let divisions = Divisions::new(boundaries_taken(boundaries)?).map_err(failed)?;
    let token = Token::of(token).map_err(failed)?;
    let made = divided(&frame.expr, frame.meta(py)?, Arc::new(divisions), token);
    made.map(|expr| FrameExpr { expr }).map_err(failed)
}

/// Adds the names of this module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<FrameExpr>()?;
    module.add_function(wrap_pyfunction!(frame_rebuilt, module)?)?;
    module.add_function(wrap_pyfunction!(frame_op, module)?)?;
    module.add_function(wrap_pyfunction!(frame_from_partitions, module)?)?;
    module.add_function(wrap_pyfunction!(frame_persisted, module)?)?;
    module.add_function(wrap_pyfunction!(frame_delayed, module)?)?;
    module.add_function(wrap_pyfunction!(frame_schema, module)?)?;
    module.add_function(wrap_pyfunction!(frame_prototype, module)?)?;
    module.add_function(wrap_pyfunction!(frame_divided, module)?)
}
