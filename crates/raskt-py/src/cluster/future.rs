//! A value on the cluster, as an object of Python and as an expression that calls and collections take.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyTuple;
use raskt_core::{Key, Payload, Result, Token};
use raskt_expr::{CallNode, Expr, Mark, Pending};
use raskt_graph::layer::Layer;
use raskt_graph::{Foreign, KNOWN_WORLD, Shipment};
use raskt_net::client::{Client, Future, State};

use super::coordination::note_pickled;
use crate::delayed::Delayed;
use crate::names;

/// A value that the scheduler has under its key, as an expression. It is wanted as long as anything here refers to it.
pub struct FutureCall {
    pub future: Future,
    pub client: Client,
    /// What has to be there as long as the value may be computed: see [`Sendable::places`](super::graph::Sendable::places).
    places: Arc<[Arc<Layer>]>,
    mark: Mark,
}

impl FutureCall {
    /// The key as Python writes it.
    ///
    /// # Errors
    /// Where memory runs out.
    pub fn py_key<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        names::from_key(py, self.future.key())
    }

    /// The future that `expr` is, where it is one.
    pub fn of(expr: &Expr) -> Option<&Self> {
        expr.as_call().and_then(|call| call.as_any().downcast_ref())
    }

    /// The same value as an object.
    ///
    /// # Errors
    /// Where memory runs out.
    pub fn to_object<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, ClusterFuture>> {
        let places = Arc::clone(&self.places);
        Bound::new(py, ClusterFuture::of_graph(self.future.clone(), self.client.clone(), places))
    }
}

impl fmt::Debug for FutureCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FutureCall({})", self.future.key())
    }
}

impl Foreign for FutureCall {
    fn world(&self) -> &str {
        KNOWN_WORLD
    }

    fn label(&self) -> Arc<str> {
        "future".into()
    }

    fn is_constant(&self) -> bool {
        true
    }

    fn key(&self) -> Option<Key> {
        Some(self.future.key().clone())
    }

    fn family(&self) -> u64 {
        0
    }

    fn ship(&self) -> Result<Shipment> {
        Ok(Shipment { function: None, call: Payload::default() })
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl CallNode for FutureCall {
    fn operands(&self) -> &[Expr] {
        &[]
    }

    fn token(&self) -> Token {
        // Text can be encoded.
        Token::of(&("future", &*self.future.key().to_string())).unwrap_or(Token(0))
    }

    fn is_named(&self) -> bool {
        true
    }

    fn is_alias(&self) -> bool {
        false
    }

    fn mark(&self) -> &Mark {
        &self.mark
    }

    fn release(self: Arc<Self>, _: &mut Pending) {}
}

/// A value on the cluster.
#[pyclass(frozen, weakref, module = "raskt._raskt")]
pub struct ClusterFuture {
    call: Arc<FutureCall>,
}

impl ClusterFuture {
    pub fn new(future: Future, client: Client) -> Self {
        Self::of_graph(future, client, Arc::from([]))
    }

    /// A future of a graph whose tasks exchange pieces at `places`.
    pub fn of_graph(future: Future, client: Client, places: Arc<[Arc<Layer>]>) -> Self {
        Self { call: Arc::new(FutureCall { future, client, places, mark: Mark::default() }) }
    }

    /// The future.
    pub fn future(&self) -> &Future {
        &self.call.future
    }

    /// The value as an expression.
    pub fn expr(&self) -> Expr {
        Expr::of_call(Arc::clone(&self.call) as Arc<dyn CallNode>)
    }
}

#[pymethods]
impl ClusterFuture {
    /// The key: a text, or a tuple of a text and numbers.
    #[getter]
    fn key<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.call.py_key(py)
    }

    /// `"pending"`, `"finished"`, `"lost"`, `"error"` or `"cancelled"`.
    #[getter]
    fn status(&self) -> &'static str {
        match self.call.future.state() {
            State::Pending => "pending",
            State::Ready { .. } => "finished",
            State::Lost => "lost",
            State::Failed(_) => "error",
            State::Cancelled => "cancelled",
        }
    }

    /// Whether nothing more is awaited.
    #[getter]
    fn is_settled(&self) -> bool {
        self.call.future.is_settled()
    }

    /// Has `call` called once nothing more is awaited, on a thread of the client's.
    fn when_settled(&self, call: Py<PyAny>) {
        self.call.future.when_settled(move || {
            // At the interpreter's end nobody is told.
            Python::try_attach(|py| {
                if let Err(error) = call.call0(py) {
                    error.write_unraisable(py, Some(call.bind(py)));
                }
                drop(call);
            });
        });
    }

    /// Why the value does not come; None where it does, or is awaited.
    fn error<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        match self.call.future.state() {
            State::Failed(why) => super::failure::to_exception(py, &why).map(Some),
            State::Pending | State::Ready { .. } | State::Lost | State::Cancelled => Ok(None),
        }
    }

    /// The value as a delayed one.
    fn delayed(&self) -> Delayed {
        Delayed::of_expr(self.expr())
    }

    /// Whether both stand for one value.
    fn is_same(&self, other: PyRef<'_, Self>) -> bool {
        self.call.future.is_same(&other.call.future)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let rebuild = py.import("raskt.distributed.client")?.getattr("core_future_of")?;
        note_pickled(&self.call.future);
        let address = self.call.client.address().to_string();
        let args = PyTuple::new(py, [self.key(py)?, address.into_pyobject(py)?.into_any()])?;
        PyTuple::new(py, [rebuild, args.into_any()])
    }
}
