//! What users of the collection would call.

use raskt_core::{Fit, Param, Result};
use raskt_expr::{Draft, Expr};

use crate::operations::COLLECTION;

/// The bodies' parameter that says how long a block is.
pub(crate) const SHAPE: &str = "shape";
/// The bodies' parameter that says what it is full of.
pub(crate) const FILL: &str = "fill_value";
/// The expression's parameter that says how many blocks there are.
pub(crate) const N_CHUNKS: &str = "n_chunks";

/// `n_chunks` blocks of `chunk_len` elements, all of them `fill`.
///
/// # Errors
/// None in practice: the parameters are plain.
pub fn full(fill: f64, n_chunks: u32, chunk_len: u64) -> Result<Expr> {
    let parameters = Param::map([
        (FILL, Param::Float(fill)),
        (N_CHUNKS, Param::Int(n_chunks.into())),
        (SHAPE, Param::Int(chunk_len.fit::<i64>())),
    ]);
    Draft { parameters, ..Draft::new(COLLECTION, "full") }.finish()
}

/// `a + b`; `b` may be a sum, which is added to every element.
///
/// # Errors
/// None in practice.
pub fn add(a: &Expr, b: &Expr) -> Result<Expr> {
    Draft { operands: vec![a.clone(), b.clone()], ..Draft::new(COLLECTION, "add") }.finish()
}

/// The sum of all elements.
///
/// # Errors
/// None in practice.
pub fn sum(a: &Expr) -> Result<Expr> {
    Draft { operands: vec![a.clone()], ..Draft::new(COLLECTION, "sum") }.finish()
}

/// The value of `call`, which has to be the sum of something: an array without axes.
///
/// # Errors
/// None in practice.
pub fn taken(call: &Expr) -> Result<Expr> {
    Draft { operands: vec![call.clone()], ..Draft::new(COLLECTION, "taken") }.finish()
}
