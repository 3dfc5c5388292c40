//! What Python and the rest of this crate call.

use std::cell::Cell;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};
use raskt_core::Token;

use super::sink::Tag;
use super::table;
use super::walk::Walk;

thread_local! {
    /// Whether the call of `tokenize` that runs in this thread must raise; calls made by handlers inherit it.
    static ENSURE: Cell<Option<bool>> = const { Cell::new(None) };
}

/// Puts back what was asked for before.
struct Restore(Option<bool>);

impl Drop for Restore {
    fn drop(&mut self) {
        ENSURE.set(self.0);
    }
}

/// The token of some arguments. With `ensure`, an object without a deterministic token raises
/// `raskt.TokenizationError`; with `None` the configuration decides.
///
/// # Errors
/// `TokenizationError` as above, and whatever a handler raises.
pub(crate) fn token_of<'py>(
    py: Python<'py>,
    args: &Bound<'py, PyTuple>,
    kwargs: Option<&Bound<'py, PyDict>>,
    ensure: Option<bool>,
) -> PyResult<Token> {
    let outer = ENSURE.get();
    let ensure = if outer == Some(true) { outer } else { ensure.or(outer) };
    ENSURE.set(ensure);
    let _restore = Restore(outer);
    let mut walk = Walk::new(py, ensure)?;
    walk.sink.size(args.len());
    for arg in args.iter() {
        walk.walk(arg)?;
    }
    if let Some(kwargs) = kwargs.filter(|kwargs| !kwargs.is_empty()) {
        walk.sink.tag(Tag::Keywords);
        walk.walk(kwargs.clone().into_any())?;
    }
    Ok(Token(walk.sink.take_digest(0)))
}

/// Name the content of the arguments, in 32 hexadecimal digits.
///
/// Equal content gives equal tokens in every process and every run; values of different types differ, even where
/// they compare equal (``1``, ``1.0`` and ``True``). Dictionaries and sets count without their order, functions by
/// what they do.
///
/// Parameters
/// ----------
/// *args, **kwargs : object
///     What to name.
/// ensure_deterministic : bool, optional
///     Raise `raskt.TokenizationError` where an object has no deterministic token; otherwise such an object gets a
///     random one. By default the configuration ``tokenize.ensure-deterministic`` decides.
///
/// Returns
/// -------
/// str
///     The token.
///
/// Examples
/// --------
/// >>> from raskt import tokenize
/// >>> tokenize([1, 2, "3"]) == tokenize([1, 2, "3"])
/// True
/// >>> tokenize({"a": 1, "b": 2}) == tokenize({"b": 2, "a": 1})
/// True
/// >>> tokenize(1) == tokenize(1.0)
/// False
#[pyfunction]
#[pyo3(signature = (*args, ensure_deterministic=None, **kwargs))]
fn tokenize<'py>(
    py: Python<'py>,
    args: &Bound<'py, PyTuple>,
    ensure_deterministic: Option<bool>,
    kwargs: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyString>> {
    let Token(bits) = token_of(py, args, kwargs, ensure_deterministic)?;
    let mut digits = [0; 32];
    for (place, digit) in digits.iter_mut().enumerate() {
        *digit = b"0123456789abcdef"[(bits >> (124 - 4 * place)) as usize & 15];
    }
    PyString::from_bytes(py, &digits)
}

/// Forget how types are encoded, because handlers were registered.
#[pyfunction]
fn _tokenize_reset() {
    table::reset();
}

/// Adds `tokenize` and `_tokenize_reset` to the extension module.
///
/// # Errors
/// Whatever adding to a module raises.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(tokenize, module)?)?;
    module.add_function(wrap_pyfunction!(_tokenize_reset, module)?)
}
