//! What an array is called: by the function that users know, rather than by the operation that stands for it.

use pyo3::prelude::*;
use raskt_array::parameters::with;
use raskt_core::{Param, Value};
use raskt_expr::LABEL;

use crate::{names, object};

/// `parameters` of an operation with the label that its function, or its distribution, gives it.
pub fn labelled(py: Python<'_>, operation: &str, parameters: Param) -> Param {
    if parameters.get(LABEL).is_some() {
        return parameters;
    }
    let found = match operation {
        "random" => distribution(&parameters),
        "blockwise" | "apply" | "generate" | "reduction" => function(py, &parameters),
        _ => None,
    };
    match found {
        Some(label) if label != operation => with(&parameters, [(LABEL, Param::Str(label.into()))]),
        _ => parameters,
    }
}

fn distribution(parameters: &Param) -> Option<String> {
    parameters.get("kwargs")?.get("distribution")?.as_str().map(str::to_owned)
}

/// Functions of blocks that are Raskt's own, by what users call to have them run.
const OWN: [(&str, &[&str]); 10] = [
    ("bincount", &["bincount_combine"]),
    ("count_nonzero", &["true_count"]),
    ("einsum", &["einsum_blocks"]),
    ("getitem", &["compress", "field", "overlaid", "picked_block", "points"]),
    ("matmul", &["matmul_blocks", "matmul_by_blas", "matmul_of_bools"]),
    ("searchsorted", &["places_before"]),
    ("setitem", &["assign", "assign_in_order", "assign_points"]),
    ("tensordot", &["tensordot_blocks", "tensordot_by_blas"]),
    ("unique", &["unique_aggregate"]),
    ("unravel_index", &["unravelled"]),
];

fn last_part(path: &str) -> &str {
    let name = path.rsplit(['.', ':']).next().unwrap_or(path);
    if !path.starts_with("raskt.") {
        return name;
    }
    OWN.iter().find(|(_, own)| own.contains(&name)).map_or(name, |(users, _)| users)
}

/// What the function of blocks is called: the last part of its path, or its `__name__`.
fn function(py: Python<'_>, parameters: &Param) -> Option<String> {
    match parameters.get("function").or_else(|| parameters.get("aggregate"))? {
        Param::Str(path) => Some(last_part(path).to_owned()),
        Param::Value(value @ Value::Opaque(_)) => {
            let function = object::to_object(py, value).ok()?;
            Some(names::function_name(&function))
        }
        _ => None,
    }
}
