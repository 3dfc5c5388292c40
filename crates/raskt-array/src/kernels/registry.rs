//! The kernels' names.

use std::sync::Arc;

use raskt_core::{DType, ErrorKind, Param, Result, Value};
use raskt_exec::{BodyRegistry, Call, CancelToken, FloatErrors, Outcome, TaskCtx};

use super::{create, elementwise, matmul, reduce, relocate, search};

/// A body's function.
type Body = fn(&mut Call<'_>) -> Result<Outcome>;

/// Every body, by name.
const TABLE: &[(&str, Body)] = &[
    ("array.elementwise", elementwise::run),
    ("array.combine", reduce::combine),
    ("array.aggregate", reduce::aggregate),
    ("array.cumulate", reduce::cumulate),
    ("array.preceding", reduce::preceding),
    ("array.carried", reduce::carried),
    ("array.topk", reduce::topk),
    ("array.full", create::full),
    ("array.arange", create::arange),
    ("array.linspace", create::linspace),
    ("array.eye", create::eye),
    ("array.tri", create::tri),
    ("array.indices", create::indices),
    ("array.random", crate::random::random),
    ("array.matmul", matmul::matmul),
    ("array.tensordot", matmul::tensordot),
    ("array.slice", relocate::slice),
    ("array.take", relocate::take),
    ("array.overlay", relocate::overlay),
    ("array.compress", relocate::compress),
    ("array.repeat", relocate::repeat),
    ("array.true_places", relocate::true_places),
    ("array.points", relocate::points),
    ("array.assign", relocate::assign),
    ("array.transpose", relocate::transpose),
    ("array.broadcast", relocate::broadcast),
    ("array.reshape", relocate::reshape),
    ("array.join", relocate::join),
    ("array.cut", relocate::cut),
    ("array.extend", relocate::extend),
    ("array.triangle", relocate::triangle),
    ("array.diagonal", relocate::diagonal),
    ("array.sort", search::sort),
    ("array.merge", search::merge),
    ("array.searchsorted", search::searchsorted),
    ("array.inverse", search::inverse),
    ("array.digitize", search::digitize),
    ("array.isin", search::isin),
    ("array.bincount", search::bincount),
    ("array.padded_sum", search::padded_sum),
    ("array.histogram", search::histogram),
    ("array.unique", search::unique),
    ("array.quantile", search::quantile),
];

/// Kernels that convert what they are given, so that their parameters say (`"from"`) what dtypes the inputs are planned
/// to have.
const CONVERTING: &[&str] = &[
    "array.assign",
    "array.bincount",
    "array.cumulate",
    "array.digitize",
    "array.histogram",
    "array.inverse",
    "array.isin",
    "array.matmul",
    "array.quantile",
    "array.searchsorted",
    "array.tensordot",
];

/// Whether the kernel `name` has to know the planned dtypes of its inputs.
pub(crate) fn converts(name: &str) -> bool {
    CONVERTING.contains(&name)
}

/// Checks the dtypes of a call's inputs, or of the arrays in them, where they are planned.
fn check_planned(call: &Call<'_>) -> Result<()> {
    let planned = call.shared.get("from").and_then(Param::as_list).unwrap_or_default();
    for (value, dtype) in call.inputs.iter().zip(planned) {
        let Some(dtype) = dtype.as_str().and_then(DType::parse) else { continue };
        let items = match value {
            Value::List(items) => items,
            lone => std::slice::from_ref(lone),
        };
        for item in items {
            if let Value::Array(array) = item {
                super::memory::planned(array, &dtype)?;
            }
        }
    }
    Ok(())
}

/// Adds every native kernel of arrays to `registry`.
///
/// # Errors
/// [`ErrorKind::KeyClash`] where they are there already.
pub fn register(registry: &mut BodyRegistry) -> Result<()> {
    TABLE.iter().try_for_each(|&(name, body)| match converts(name) {
        false => registry.add_kernel(name, Arc::new(body)),
        true => registry.add_kernel(
            name,
            Arc::new(move |call: &mut Call<'_>| {
                check_planned(call)?;
                body(call)
            }),
        ),
    })
}

/// The names of all bodies.
pub fn names() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|(name, _)| *name)
}

/// Runs the kernel `name` on values, without an executor: for tests, and for constants. `parameters` is what all
/// its tasks share; a map with an entry `"own"` gives that as the task's own.
///
/// ```
/// use raskt_array::kernels::{ProgramBuilder, call};
/// use raskt_array::types::Ufunc;
/// use raskt_core::{DType, NdArray, Value};
/// let x = NdArray::from_f64(&[3], &[1.0, 4.0, 9.0])?;
/// let mut root = ProgramBuilder::new(vec![DType::Float64]);
/// root.ufunc(Ufunc::Sqrt, &[root.input(0)])?;
/// let found = call("array.elementwise", &root.finish().to_param(), vec![x.into()])?;
/// assert_eq!(found, NdArray::from_f64(&[3], &[1.0, 2.0, 3.0])?.into());
/// # Ok::<(), raskt_core::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::UnknownBody`] for a name that no kernel has, and whatever the kernel raises.
pub fn call(name: &str, parameters: &Param, inputs: Vec<Value>) -> Result<Value> {
    call_noting(name, parameters, inputs, None)
}

/// As [`call`]; the floating-point errors that the kernel meets are noted.
///
/// # Errors
/// As [`call`].
pub(crate) fn call_noting(
    name: &str,
    parameters: &Param,
    mut inputs: Vec<Value>,
    float_errors: Option<&FloatErrors>,
) -> Result<Value> {
    let cancel = CancelToken::default();
    let ctx = TaskCtx { cancel: &cancel, n_threads: 1, worker: 0, float_errors };
    let own = parameters.get("own").cloned().unwrap_or_default();
    let mut call = Call { shared: parameters, own: &own, inputs: &mut inputs, exclusive: 0, ctx: &ctx };
    run_body(name, &mut call)
}

/// Runs the kernel `name` as an executor does.
///
/// # Errors
/// As [`call`].
pub fn run_body(name: &str, call: &mut Call<'_>) -> Result<Value> {
    let found = TABLE.iter().find(|(known, _)| *known == name);
    let (_, body) = found.ok_or_else(|| ErrorKind::UnknownBody(name.to_owned()))?;
    match body(call)? {
        Outcome::Value(value) => Ok(value),
        Outcome::Expand(_) => Err(ErrorKind::InvalidGraph(format!("{name} expands")).into()),
    }
}
