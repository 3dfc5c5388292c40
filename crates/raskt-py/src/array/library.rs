//! What NumPy's functions return, asked of NumPy on prototypes of one element.

use std::path::PathBuf;
use std::sync::LazyLock;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use raskt_array::parameters::dtype_named;
use raskt_core::{DType, Param, ProcessLock, Result, Token, Value};
use raskt_expr::{Library, Meta};
use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::object::PyObj;

/// Answers that have been given, by what was asked.
static ANSWERS: ProcessLock<FxHashMap<Token, DType>> =
    ProcessLock::new(FxHashMap::with_hasher(FxBuildHasher));
/// More are forgotten all at once.
const ANSWERS_MAX: usize = 4096;

/// The ufuncs for which NumPy calls vector mathematics, and the platform's libraries have one element at a time.
const VECTORISED: &[&str] = &[
    "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "cbrt", "cosh", "exp2",
    "expm1", "log10", "log1p", "log2", "power", "sinh", "tan", "tanh",
];
/// Those of which only the loops over `float32` are.
const VECTORISED_SINGLE: &[&str] = &["cos", "exp", "log", "sin"];

/// NumPy, and any other library of Python's.
pub struct NumPy;

impl Library for NumPy {
    fn meta(&self, path: &str, operands: &[Meta], parameters: &Param) -> Result<Meta> {
        if crate::frame::is_of_frames(path) {
            return crate::frame::meta(path, operands, parameters);
        }
        let kinds: Vec<String> = operands
            .iter()
            .map(|meta| format!("{} {} {:?}", meta.container(), meta.dtype(), meta.n_axes()))
            .collect();
        let asked = Token::of(&(path, kinds, parameters)).ok();
        let known = asked.and_then(|asked| ANSWERS.lock().get(&asked).cloned());
        let dtype = match known {
            Some(dtype) => dtype,
            None => Python::attach(|py| {
                let function = crate::runtime::find(py, path);
                let dtype = function.and_then(|function| ask(py, &function, operands, parameters));
                dtype.map_err(|error| crate::errors::raised(py, error))
            })?,
        };
        if let Some(asked) = asked {
            let mut answers = ANSWERS.lock();
            if answers.len() >= ANSWERS_MAX {
                answers.clear();
            }
            answers.insert(asked, dtype.clone());
        }
        Ok(Meta::unknown("array").with_dtype(dtype))
    }

    /// NumPy brings Intel's vector mathematics where the processor has the registers for it, and that on Linux alone.
    fn is_vectorised(&self, path: &str, dtype: &DType) -> bool {
        static HAS_WIDE_REGISTERS: LazyLock<bool> = LazyLock::new(|| {
            #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
            {
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512cd")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
            }
            #[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
            {
                false
            }
        });
        let is_single = *dtype == DType::Float32;
        let is_listed = |name| VECTORISED.contains(&name) || (is_single && VECTORISED_SINGLE.contains(&name));
        *HAS_WIDE_REGISTERS && path.strip_prefix("numpy.").is_some_and(is_listed)
    }

    fn meta_of_call(&self, function: &Value, operands: &[Meta], parameters: &Param) -> Result<Option<Meta>> {
        let Value::Opaque(object) = function else { return Ok(None) };
        let Some(function) = object.as_any().downcast_ref::<PyObj>() else { return Ok(None) };
        // A function that fails on one element may work on a block: then its dtype is not known yet.
        let dtype = Python::attach(|py| ask(py, &function.bind(py), operands, parameters).ok());
        Ok(dtype.map(|dtype| Meta::unknown("array").with_dtype(dtype)))
    }

    /// The folder in which results are spilled, too.
    fn scratch_parent(&self) -> Result<Option<PathBuf>> {
        let parent = |py: Python<'_>| -> PyResult<PathBuf> {
            py.import("raskt.schedulers")?.call_method0("scratch_parent")?.extract()
        };
        Python::attach(|py| parent(py).map(Some).map_err(|error| crate::errors::raised(py, error)))
    }
}

/// The dtype of what `function` returns for one element of each operand.
fn ask(
    py: Python<'_>,
    function: &Bound<'_, PyAny>,
    operands: &[Meta],
    parameters: &Param,
) -> PyResult<DType> {
    let helper = py.import("raskt.array._meta")?;
    let mut described = Vec::with_capacity(operands.len());
    for meta in operands {
        let weak = meta.container().as_str() == "weak";
        described.push((meta.dtype().to_string(), meta.n_axes().unwrap_or(0), weak));
    }
    let kwargs = match parameters {
        Param::Null => PyDict::new(py),
        other => crate::param::kwargs(py, other)?,
    };
    let described = PyTuple::new(py, described)?;
    let name: String = helper.call_method1("dtype_of_call", (function, described, kwargs))?.extract()?;
    Ok(dtype_named(&name))
}
