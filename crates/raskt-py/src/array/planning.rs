//! What makes expressions of arrays, and the names of Python's objects in them.

use pyo3::prelude::*;
use pyo3::types::PyTuple;
use raskt_array::{Builder, NativeTokens};
use raskt_core::encode::ForeignTokenizer;
use raskt_core::{Opaque, Result, Token};
use raskt_frame::source::HeldTokens;

use crate::object::PyObj;
use crate::planner::planner;

/// Names Python's objects by their content.
pub struct PythonTokens;

impl ForeignTokenizer for PythonTokens {
    fn token(&self, object: &dyn Opaque) -> Result<Token> {
        match object.as_any().downcast_ref::<PyObj>() {
            Some(object) => Python::attach(|py| {
                let args = PyTuple::new(py, [object.bind(py)]);
                let token = args.and_then(|args| crate::tokenize::token_of(py, &args, None, None));
                token.map_err(|error| crate::errors::raised(py, error))
            }),
            None => HeldTokens.token(object).or_else(|_| NativeTokens.token(object)),
        }
    }
}

/// What makes expressions.
pub fn builder() -> Builder<'static> {
    Builder::new(planner().context(), &PythonTokens)
}
