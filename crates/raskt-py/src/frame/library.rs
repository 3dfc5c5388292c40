//! What pandas' functions return, asked of pandas on partitions without rows.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use raskt_core::{Fit, Param, ProcessLock, Result, Token};
use raskt_expr::Meta;
use raskt_frame::{FrameMeta, Schema};
use rustc_hash::{FxBuildHasher, FxHashMap};

use super::table::{prototype, schema_of};

/// Answers that have been given, by what was asked.
static ANSWERS: ProcessLock<FxHashMap<Token, Schema>> =
    ProcessLock::new(FxHashMap::with_hasher(FxBuildHasher));
/// More are forgotten all at once.
const ANSWERS_MAX: usize = 4096;

/// Whether a function of that path works on partitions of dataframes.
pub fn is_of_frames(path: &str) -> bool {
    path.starts_with("raskt.dataframe.")
}

/// What is known of what the function at `path` makes of such operands.
///
/// # Errors
/// What pandas raises for them.
pub fn meta(path: &str, operands: &[Meta], parameters: &Param) -> Result<Meta> {
    let known = operands.iter().map(FrameMeta::of).collect::<Result<Vec<_>>>()?;
    let schemas: Vec<Param> = known.iter().map(|meta| meta.schema.to_param()).collect();
    // Parameters with objects of Python's are asked about each time.
    let asked = Token::of(&(path, schemas, parameters)).ok();
    let answer = asked.and_then(|asked| ANSWERS.lock().get(&asked).cloned());
    let schema = match answer {
        Some(schema) => schema,
        None => Python::attach(|py| {
            ask(py, path, &known, parameters).map_err(|error| crate::errors::raised(py, error))
        })?,
    };
    if let Some(asked) = asked {
        let mut answers = ANSWERS.lock();
        if answers.len() >= ANSWERS_MAX {
            answers.clear();
        }
        answers.insert(asked, schema.clone());
    }
    if path == raskt_frame::library::REDUCE {
        // However many partitions there are, one is left.
        return FrameMeta::from(schema).into_meta(1);
    }
    let (Some(first), Some(own)) = (operands.first(), known.first()) else {
        return FrameMeta::from(schema).into_meta(1);
    };
    let is_same_index = schema.index == own.schema.index;
    let divisions = own.divisions.clone().filter(|_| is_same_index);
    let n_partitions = operands.iter().map(FrameMeta::n_partitions).max().unwrap_or(1);
    let found = FrameMeta { schema, divisions };
    match FrameMeta::n_partitions(first) == n_partitions {
        true => Ok(found.into_meta_like(first)),
        false => found.into_meta(n_partitions.fit::<u32>()),
    }
}

fn ask(py: Python<'_>, path: &str, operands: &[&FrameMeta], parameters: &Param) -> PyResult<Schema> {
    let function = crate::runtime::find(py, path)?;
    let mut args = vec![function];
    for meta in operands {
        args.push(prototype(py, &meta.schema)?);
    }
    let kwargs = crate::param::kwargs(py, parameters)?;
    let ask = py.import(intern!(py, "raskt.dataframe._partition"))?.getattr(intern!(py, "asked"))?;
    schema_of(&ask.call(PyTuple::new(py, args)?, Some(&kwargs))?)
}
