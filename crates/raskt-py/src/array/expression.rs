//! `ArrayExpr`: the expression that an array of Python's holds, and the one entry by which all operations are asked for.

use std::sync::LazyLock;

use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyFloat, PyList, PyTuple};
use raskt_array::operations::{BuildFn, rows};
use raskt_array::parameters::{CHUNKS, DTYPE, chunks_param, dtype_named, dtype_param, with};
use raskt_array::{Held, slicing};
use raskt_core::chunk::Chunks;
use raskt_core::{Fit, Param, Token, Value};
use raskt_expr::{Expr, label, layer_name};
use rustc_hash::FxHashMap;

use super::label::labelled;
use super::notes::{builder_here, to_dict};
use super::parameters::{ArrayChunks, to_param};
use super::planning::builder;
use super::{failure, from_numpy, indexing, operands};
use crate::delayed::Delayed;
use crate::object;
use crate::planner::{explain, n_tasks};

static BUILDERS: LazyLock<FxHashMap<&'static str, BuildFn>> =
    LazyLock::new(|| rows().into_iter().map(|row| (row.name, row.build)).collect());

/// Equal chunks: their size, if it is known, and how many there are.
type Run = (Option<u64>, u64);

/// What is to be computed.
#[pyclass(frozen, weakref, module = "raskt._raskt", name = "ArrayExpr")]
pub struct ArrayExpr {
    expr: Expr,
}

impl ArrayExpr {
    /// A Python object around `expr`.
    pub fn of(expr: Expr) -> Self {
        Self { expr }
    }

    /// The expression.
    pub fn expr(&self) -> &Expr {
        &self.expr
    }

    fn chunks_of(&self, py: Python<'_>) -> PyResult<Chunks> {
        builder().chunks(&self.expr).map_err(|error| crate::errors::to_py(py, error))
    }
}

/// A length, or NaN where it is not known.
///
/// # Errors
/// Where memory runs out.
pub fn length<'py>(py: Python<'py>, length: Option<u64>) -> PyResult<Bound<'py, PyAny>> {
    Ok(match length {
        Some(length) => length.into_pyobject(py)?.into_any(),
        None => nan(py).clone(),
    })
}

/// The one NaN that stands for all lengths that are not known, so that tuples of them are equal: NumPy's.
fn nan(py: Python<'_>) -> &Bound<'_, PyAny> {
    static NAN: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let found = NAN.get_or_init(py, || match py.import("numpy").and_then(|numpy| numpy.getattr("nan")) {
        Ok(nan) => nan.unbind(),
        Err(_) => PyFloat::new(py, f64::NAN).into_any().unbind(),
    });
    found.bind(py)
}

#[pymethods]
impl ArrayExpr {
    /// The sizes of all chunks along each axis; NaN for unknown ones.
    #[getter]
    fn chunks<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        ArrayChunks { chunks: self.chunks_of(py)? }.sizes(py)
    }

    /// The same as runs of equal chunks: `(size or None, number)`.
    #[getter]
    fn runs(&self, py: Python<'_>) -> PyResult<Vec<Vec<Run>>> {
        Ok(self.chunks_of(py)?.axes().iter().map(|axis| axis.runs().collect()).collect())
    }

    /// The chunks as what operations take.
    #[getter]
    fn grid(&self, py: Python<'_>) -> PyResult<ArrayChunks> {
        Ok(ArrayChunks { chunks: self.chunks_of(py)? })
    }

    /// The length along each axis; NaN for unknown ones.
    #[getter]
    fn shape<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let lengths = self.chunks_of(py)?.shape();
        PyTuple::new(py, lengths.iter().map(|&n| length(py, n)).collect::<PyResult<Vec<_>>>()?)
    }

    /// The number of blocks along each axis.
    #[getter]
    fn numblocks<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.chunks_of(py)?.grid())
    }

    /// The size of the largest chunk along each axis.
    #[getter]
    fn chunksize<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let chunks = self.chunks_of(py)?;
        let sizes = chunks.axes().iter().map(|axis| length(py, axis.size_max()));
        PyTuple::new(py, sizes.collect::<PyResult<Vec<_>>>()?)
    }

    /// The number of axes.
    #[getter]
    fn ndim(&self, py: Python<'_>) -> PyResult<usize> {
        Ok(self.chunks_of(py)?.n_axes())
    }

    /// The number of blocks.
    #[getter]
    fn n_blocks(&self, py: Python<'_>) -> PyResult<u64> {
        Ok(self.chunks_of(py)?.n_blocks())
    }

    /// The name of the dtype; `unknown` where it is not known.
    #[getter]
    fn dtype(&self, py: Python<'_>) -> PyResult<String> {
        let dtype = builder().dtype(&self.expr);
        dtype.map(|dtype| dtype.to_string()).map_err(|error| crate::errors::to_py(py, error))
    }

    /// The operation.
    #[getter]
    fn operation(&self) -> String {
        self.expr.operation().to_string()
    }

    /// What users call the function that made it.
    #[getter]
    fn label(&self) -> &str {
        label(&self.expr)
    }

    /// What its blocks' keys begin with.
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
        to_dict(py, self.expr.annotations())
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

    /// The array at an index of integers, slices, None and Ellipsis; None for any other index.
    fn getitem(&self, py: Python<'_>, key: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        let Some(index) = indexing::plain(key)? else { return Ok(None) };
        let sliced = slicing::slice(&builder_here(py)?, &self.expr, &index);
        sliced.map(|expr| Some(Self { expr })).map_err(|error| failure::to_py(py, error))
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
        let rebuild = py.import("raskt._raskt")?.getattr("array_rebuilt")?;
        Ok((rebuild, parts).into_pyobject(py)?.into_any())
    }
}

/// Asks for `operation` of `operands`, with `parameters`.
#[pyfunction]
#[pyo3(signature = (operation, operands, parameters=None))]
fn array_op(
    py: Python<'_>,
    operation: &str,
    operands: &Bound<'_, PyTuple>,
    parameters: Option<&Bound<'_, PyDict>>,
) -> PyResult<ArrayExpr> {
    let build = BUILDERS.get(operation).ok_or_else(|| PyKeyError::new_err(operation.to_owned()))?;
    let operands =
        operands.iter().map(|operand| operands::to_operand(&operand)).collect::<PyResult<Vec<_>>>()?;
    let parameters = match parameters {
        None => Param::map([]),
        Some(parameters) => labelled(py, operation, to_param(parameters.as_any())?),
    };
    let built = build(&builder_here(py)?, operation, &operands, &parameters);
    built.map(ArrayExpr::of).map_err(|error| failure::to_py(py, error))
}

/// The token that `name` says: 32 hexadecimal digits are one, anything else is hashed.
fn token_named(py: Python<'_>, name: &str) -> PyResult<Token> {
    match name.parse() {
        Ok(token) => Ok(token),
        Err(_) => Token::of(name).map_err(|error| crate::errors::to_py(py, error)),
    }
}

/// An array in memory, cut into `chunks`; `token` stands for its content. An array that only NumPy understands is
/// asked for its regions.
#[pyfunction]
#[pyo3(signature = (array, chunks, dtype, token, kwargs=None))]
fn array_from_memory(
    py: Python<'_>,
    array: &Bound<'_, PyAny>,
    chunks: PyRef<'_, ArrayChunks>,
    dtype: &str,
    token: &str,
    kwargs: Option<&Bound<'_, PyDict>>,
) -> PyResult<ArrayExpr> {
    let token = token_named(py, token)?;
    let native = if kwargs.is_none() { from_numpy(array)? } else { None };
    let (operation, value, dtype) = match native {
        Some(native) => {
            let dtype = native.dtype().clone();
            ("from_array", Value::from(native), dtype)
        }
        None => ("getter", object::carry(array.clone()), dtype_named(dtype)),
    };
    let kwargs = kwargs.map(|kwargs| to_param(kwargs.as_any())).transpose()?.unwrap_or_default();
    let parameters = Param::map([
        ("value", Held::param(token, value)),
        ("kwargs", kwargs),
        (DTYPE, dtype_param(&dtype)),
        (CHUNKS, chunks_param(&chunks.chunks)),
    ]);
    made(py, operation, &[], parameters)
}

/// An array whose blocks have been computed.
#[pyfunction]
fn array_persisted(
    py: Python<'_>,
    values: &Bound<'_, PyList>,
    chunks: PyRef<'_, ArrayChunks>,
    dtype: &str,
    token: &str,
) -> PyResult<ArrayExpr> {
    let values: PyResult<Vec<Value>> = values.iter().map(super::to_value).collect();
    let token = token_named(py, token)?;
    let parameters = Param::map([
        ("values", Held::param(token, Value::List(values?.into()))),
        (DTYPE, dtype_param(&dtype_named(dtype))),
        (CHUNKS, chunks_param(&chunks.chunks)),
    ]);
    // What is there already has no tasks of which anything could be said.
    let built = builder().make("persisted", &[], parameters);
    built.map(ArrayExpr::of).map_err(|error| failure::to_py(py, error))
}

/// An array whose only block is a delayed value.
#[pyfunction]
fn array_from_delayed(
    py: Python<'_>,
    value: PyRef<'_, Delayed>,
    chunks: PyRef<'_, ArrayChunks>,
    dtype: &str,
) -> PyResult<ArrayExpr> {
    let parameters =
        Param::map([(DTYPE, dtype_param(&dtype_named(dtype))), (CHUNKS, chunks_param(&chunks.chunks))]);
    made(py, "from_delayed", &[value.expr()], parameters)
}

/// A delayed value as an operand of functions of blocks, whatever it is: one block, without axes.
#[pyfunction]
fn array_argument(py: Python<'_>, value: PyRef<'_, Delayed>) -> PyResult<ArrayExpr> {
    let chunks = Chunks::new(Vec::new()).map_err(|error| crate::errors::to_py(py, error))?;
    let parameters =
        Param::map([(DTYPE, dtype_param(&dtype_named("unknown"))), (CHUNKS, chunks_param(&chunks))]);
    made(py, "argument", &[value.expr()], parameters)
}

/// The same array, said to be cut into `chunks`: what was not known of it has been found out.
#[pyfunction]
fn array_known(
    py: Python<'_>,
    array: PyRef<'_, ArrayExpr>,
    chunks: PyRef<'_, ArrayChunks>,
) -> PyResult<ArrayExpr> {
    let parameters = with(&Param::Null, [(CHUNKS, chunks_param(&chunks.chunks))]);
    let built = builder().make("known", &[array.expr()], parameters);
    built.map(ArrayExpr::of).map_err(|error| failure::to_py(py, error))
}

fn made(py: Python<'_>, operation: &str, operands: &[&Expr], parameters: Param) -> PyResult<ArrayExpr> {
    let built = builder_here(py)?.make(operation, operands, parameters);
    built.map(ArrayExpr::of).map_err(|error| failure::to_py(py, error))
}

/// What [`ArrayExpr`]'s `__reduce__` took apart.
#[pyfunction]
fn array_rebuilt(
    py: Python<'_>,
    rows: &Bound<'_, PyList>,
    functions: &Bound<'_, PyList>,
) -> PyResult<ArrayExpr> {
    crate::errors::guarded(|| crate::template::unflatten(py, rows, functions)).map(ArrayExpr::of)
}

/// Adds the names of this module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<ArrayExpr>()?;
    module.add_function(wrap_pyfunction!(array_op, module)?)?;
    module.add_function(wrap_pyfunction!(super::chunking::array_chunks, module)?)?;
    module.add_function(wrap_pyfunction!(array_from_memory, module)?)?;
    module.add_function(wrap_pyfunction!(array_persisted, module)?)?;
    module.add_function(wrap_pyfunction!(array_from_delayed, module)?)?;
    module.add_function(wrap_pyfunction!(array_argument, module)?)?;
    module.add_function(wrap_pyfunction!(array_known, module)?)?;
    module.add_function(wrap_pyfunction!(super::kernels::array_kernel, module)?)?;
    module.add_function(wrap_pyfunction!(array_rebuilt, module)?)
}
