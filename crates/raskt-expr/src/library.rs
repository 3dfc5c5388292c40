//! What a library's functions would return, asked of whoever can call them.

use std::path::PathBuf;

use raskt_core::{DType, ErrorKind, Param, Result, Value};

use crate::meta::Meta;

/// Answers for the functions of a library (NumPy, pandas) that a crate without Python only knows by name. It calls
/// them on empty or one-element prototypes, and never on a block.
pub trait Library: Send + Sync {
    /// What the function `path` returns for operands of which this is known.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownBody`] where there is no such function; what it raises for such operands.
    fn meta(&self, path: &str, operands: &[Meta], parameters: &Param) -> Result<Meta>;

    /// Whether the function `path` takes less time for many elements of `dtype` than a loop that calls the mathematical
    /// functions of the platform one by one: a library may have written its own for the processor's wide registers.
    fn is_vectorised(&self, path: &str, dtype: &DType) -> bool {
        let (_, _) = (path, dtype);
        false
    }

    /// What a user's function returns, found out by calling it on one-element prototypes; `None` where that fails or
    /// may have effects, so that it has to wait for the first block.
    ///
    /// # Errors
    /// Only for what would fail on every block too.
    fn meta_of_call(&self, function: &Value, operands: &[Meta], parameters: &Param) -> Result<Option<Meta>> {
        let (_, _, _) = (function, operands, parameters);
        Ok(None)
    }

    /// The folder under which the tasks of a computation may keep files, as its surroundings say; `None` where they may keep
    /// none.
    ///
    /// # Errors
    /// What asking for it raised.
    fn scratch_parent(&self) -> Result<Option<PathBuf>> {
        Ok(None)
    }
}

/// No library: for programs whose operations are all native.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoLibrary;

impl Library for NoLibrary {
    fn meta(&self, path: &str, _: &[Meta], _: &Param) -> Result<Meta> {
        Err(ErrorKind::UnknownBody(path.to_owned()).into())
    }
}
