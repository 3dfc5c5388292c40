//! Whether two nodes are the same call: for keys that were given twice.

use pyo3::prelude::*;
use raskt_expr::Expr;

use crate::node::{Arg, Args, Build, Callee, Node};

/// Whether `a` and `b` call the same function on the same constants and, by `row_of`, the same values.
///
/// # Errors
/// What comparing their constants raises.
pub fn same_call(
    py: Python<'_>,
    a: &Node,
    b: &Node,
    row_of: &dyn Fn(&Expr) -> Option<u32>,
) -> PyResult<bool> {
    let callee = match (&a.callee, &b.callee) {
        (Callee::Func(f), Callee::Func(g)) => same_object(py, &f.object, &g.object)?,
        (Callee::FirstInput, Callee::FirstInput) | (Callee::Identity, Callee::Identity) => true,
        _ => false,
    };
    if !callee || a.deps.len() != b.deps.len() {
        return Ok(false);
    }
    if a.deps.iter().zip(&b.deps).any(|(x, y)| row_of(x) != row_of(y)) {
        return Ok(false);
    }
    match (&a.args, &b.args) {
        (Args::Plain { args: x, kwargs: p }, Args::Plain { args: y, kwargs: q }) => {
            let kwargs = match (p, q) {
                (Some(p), Some(q)) => same_object(py, p.as_any(), q.as_any())?,
                (None, None) => true,
                _ => false,
            };
            Ok(kwargs && same_object(py, x.as_any(), y.as_any())?)
        }
        (Args::Mixed { args: x, kwargs: p }, Args::Mixed { args: y, kwargs: q }) => {
            Ok(same_args(py, x, y)? && p.len() == q.len() && {
                let mut same = true;
                for ((name, arg), (other_name, other)) in p.iter().zip(q) {
                    same &= name.bind(py).as_any().eq(other_name.bind(py))? && same_arg(py, arg, other)?;
                }
                same
            })
        }
        _ => Ok(false),
    }
}

fn same_object(py: Python<'_>, a: &Py<PyAny>, b: &Py<PyAny>) -> PyResult<bool> {
    if a.is(b) {
        return Ok(true);
    }
    let tokenize = py.import("raskt.tokenize")?.getattr("tokenize")?;
    tokenize.call1((a,))?.eq(tokenize.call1((b,))?)
}

fn same_args(py: Python<'_>, a: &[Arg], b: &[Arg]) -> PyResult<bool> {
    if a.len() != b.len() {
        return Ok(false);
    }
    for (a, b) in a.iter().zip(b) {
        if !same_arg(py, a, b)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn same_arg(py: Python<'_>, a: &Arg, b: &Arg) -> PyResult<bool> {
    match (a, b) {
        (Arg::Const(a), Arg::Const(b)) => same_object(py, a, b),
        (Arg::Input(a), Arg::Input(b)) => Ok(a == b),
        (Arg::Inputs, Arg::Inputs) => Ok(true),
        (Arg::Build(a), Arg::Build(b)) => same_build(py, a, b),
        _ => Ok(false),
    }
}

fn same_build(py: Python<'_>, a: &Build, b: &Build) -> PyResult<bool> {
    match (a, b) {
        (Build::List(a), Build::List(b))
        | (Build::Tuple(a), Build::Tuple(b))
        | (Build::Set(a), Build::Set(b))
        | (Build::FrozenSet(a), Build::FrozenSet(b)) => same_args(py, a, b),
        (Build::Slice(a), Build::Slice(b)) => same_args(py, a, b),
        (Build::Dict(a), Build::Dict(b)) => {
            let mut same = a.len() == b.len();
            for ((ka, va), (kb, vb)) in a.iter().zip(b) {
                same = same && same_arg(py, ka, kb)? && same_arg(py, va, vb)?;
            }
            Ok(same)
        }
        (Build::Copy(a), Build::Copy(b)) => same_object(py, a, b),
        (Build::Call(f, a), Build::Call(g, b)) => Ok(same_object(py, f, g)? && same_args(py, a, b)?),
        (Build::Fields(t, a), Build::Fields(u, b)) => {
            let mut same = t.bind(py).get_type().is(u.bind(py).get_type()) && a.len() == b.len();
            for ((_, a), (_, b)) in a.iter().zip(b) {
                same = same && same_arg(py, a, b)?;
            }
            Ok(same)
        }
        _ => Ok(false),
    }
}
