//! An array among delayed values: what its node holds until tasks are made of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pyo3::prelude::*;
use pyo3::types::PyTuple;
use raskt_core::{Opaque, OwnerId, Payload, Result, Value};
use raskt_expr::{Expr, layer_name};
use smallvec::SmallVec;

use super::expression::ArrayExpr;
use super::planning::Optimize;
use crate::delayed::{Delayed, hand_out};
use crate::node::{Args, Callee, Node};

/// How many roots there are: while there is none, nobody has to look for them.
static N_ALIVE: AtomicUsize = AtomicUsize::new(0);

/// What computing an array is to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One NumPy array.
    Whole,
    /// The list of its blocks.
    Blocks,
    /// One block.
    Block(u32),
}

/// An array that a delayed value stands for.
#[pyclass(frozen, module = "raskt._raskt")]
pub struct ArrayRoot {
    pub expr: Expr,
    pub form: Form,
    pub optimize: Optimize,
}

impl ArrayRoot {
    fn new(expr: Expr, form: Form, optimize: Optimize) -> Self {
        N_ALIVE.fetch_add(1, Ordering::Relaxed);
        Self { expr, form, optimize }
    }

    /// The root that `node` holds, where it is one.
    pub fn of<'py>(py: Python<'py>, node: &Node) -> Option<Bound<'py, Self>> {
        if !node.is_constant() {
            return None;
        }
        node.constant(py)?.cast_into_exact::<Self>().ok()
    }
}

impl Drop for ArrayRoot {
    fn drop(&mut self) {
        N_ALIVE.fetch_sub(1, Ordering::Relaxed);
    }
}

#[pymethods]
impl ArrayRoot {
    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let form = match slf.get().form {
            Form::Whole => -1,
            Form::Blocks => -2,
            Form::Block(number) => i64::from(number),
        };
        let array = Bound::new(py, ArrayExpr::of(slf.get().expr.clone()))?;
        let rebuild = py.import("raskt._raskt")?.getattr("array_root")?;
        let optimize = slf.get().optimize == Optimize::AsConfigured;
        Ok((rebuild, (array, form, optimize)).into_pyobject(py)?.into_any())
    }

    fn __raskt_tokenize__(&self) -> (String, String) {
        (self.expr.token().to_string(), format!("{:?}{}", self.form, suffix(self.optimize)))
    }
}

/// What tells keys of values that are computed as they were written from others.
fn suffix(optimize: Optimize) -> &'static str {
    match optimize {
        Optimize::AsConfigured => "",
        Optimize::Never => "-as-written",
    }
}

/// Whether any root is alive.
pub fn any_alive() -> bool {
    N_ALIVE.load(Ordering::Relaxed) > 0
}

#[pyfunction]
#[pyo3(signature = (array, form, optimize=true))]
fn array_root(array: PyRef<'_, ArrayExpr>, form: i64, optimize: bool) -> ArrayRoot {
    let form = match form {
        -1 => Form::Whole,
        -2 => Form::Blocks,
        number => Form::Block(u32::try_from(number).unwrap_or(0)),
    };
    let optimize = if optimize { Optimize::AsConfigured } else { Optimize::Never };
    ArrayRoot::new(array.expr().clone(), form, optimize)
}

/// The delayed value of `array`: one NumPy array (`form` -1), the list of its blocks (-2), or one of them (its number).
/// Without `optimize` it is computed as it was written.
#[pyfunction]
#[pyo3(signature = (array, form, optimize=true))]
fn array_delayed<'py>(
    py: Python<'py>,
    array: PyRef<'_, ArrayExpr>,
    form: i64,
    optimize: bool,
) -> PyResult<Bound<'py, Delayed>> {
    let root = Bound::new(py, array_root(array, form, optimize))?;
    let name = format!(
        "{}{}{}",
        layer_name(&root.get().expr),
        match root.get().form {
            Form::Whole => String::new(),
            Form::Blocks => "-blocks".to_owned(),
            Form::Block(number) => format!("-block-{number}"),
        },
        suffix(root.get().optimize)
    );
    let args = Args::Plain { args: PyTuple::new(py, [root])?.unbind(), kwargs: None };
    let node = Node::new(Callee::Identity, args, SmallVec::new(), None);
    let key = pyo3::types::PyString::new(py, &name).into_any().unbind();
    hand_out(py, Delayed::of(Arc::new(node.with_key(py, key))))
}

/// A delayed value inside an array: the table of tasks has the value's own task in its place.
pub struct DelayedPart {
    pub node: Arc<Node>,
}

impl std::fmt::Debug for DelayedPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.node)
    }
}

impl Opaque for DelayedPart {
    fn world(&self) -> &str {
        crate::world::WORLD
    }

    fn size_bytes(&self) -> u64 {
        0
    }

    fn visit_owners(&self, _: &mut dyn FnMut(OwnerId, u64)) {}

    fn encode(&self) -> Result<Payload> {
        Err(raskt_core::ErrorKind::NotEncodable("a delayed value inside an array".into()).into())
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

/// The delayed value that `value` is, inside an array.
pub fn part_of(value: &Value) -> Option<&Arc<Node>> {
    match value {
        Value::Opaque(object) => object.as_any().downcast_ref::<DelayedPart>().map(|part| &part.node),
        _ => None,
    }
}

/// Adds the names of this module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<ArrayRoot>()?;
    module.add_function(wrap_pyfunction!(array_root, module)?)?;
    module.add_function(wrap_pyfunction!(array_delayed, module)?)
}
