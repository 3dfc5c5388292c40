//! A value on the cluster, as an object of Python and as an expression that calls and collections take.

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyTuple;
use raskt_core::{Key, Payload, Result, Token};
use raskt_expr::{CallNode, Expr, Mark, Pending, post_order};
use raskt_graph::layer::Layer;
use raskt_graph::{Foreign, KNOWN_RUNTIME, Shipment};
use raskt_net::client::{Client, Future, State, WeakClient};

use super::known;
use super::runtime::wait_for;
use crate::delayed::Delayed;
use crate::{errors, names, object};
use raskt_exec::CancelToken;

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
    fn runtime(&self) -> &str {
        KNOWN_RUNTIME
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

/// What a thread pickles for the scheduler.
struct Pickling {
    /// Who is about to send it.
    sender: Client,
    /// The futures in it.
    pickled: Vec<Future>,
}

thread_local! {
    static PICKLING: RefCell<Option<Pickling>> = const { RefCell::new(None) };
    /// Whose futures were unpickled, and the scheduler may not have heard of it.
    static WANTING: RefCell<Vec<WeakClient>> = const { RefCell::new(Vec::new()) };
}

/// What `pickle` returns, and the futures that were pickled by it; `sender` is going to send it to the scheduler.
pub fn pickled_meanwhile<T>(sender: &Client, pickle: impl FnOnce() -> T) -> (T, Vec<Future>) {
    // Pickling may compute a graph of its own.
    let outer = PICKLING.replace(Some(Pickling { sender: sender.clone(), pickled: Vec::new() }));
    let returned = pickle();
    let pickled = PICKLING.replace(outer).map(|pickling| pickling.pickled);
    (returned, pickled.unwrap_or_default())
}

/// Whether this thread pickles what `client` is about to send: what was said by it before goes out before.
pub fn is_pickling_for(client: &Client) -> bool {
    PICKLING.with_borrow(|pickling| pickling.as_ref().is_some_and(|pickling| pickling.sender.is_same(client)))
}

/// Waits until the scheduler has heard what `client` has said.
fn wait_until_heard(py: Python<'_>, client: &Client) -> PyResult<()> {
    let Some(reply) = client.heard() else { return Ok(()) };
    let heard = wait_for(py, &reply);
    // Futures of a client whose connection has ended are cancelled, and say so.
    if client.closed().is_some() { Ok(()) } else { heard }
}

/// A future was unpickled by this thread.
pub fn note_wanted(client: &Client) {
    WANTING.with_borrow_mut(|wanting| {
        if !wanting.iter().any(|known| known.is_of(client)) {
            wanting.push(client.downgrade());
        }
    });
}

/// Waits until the scheduler has heard that the futures that this thread has unpickled are wanted: whoever gave them away may let
/// go of them after that.
///
/// # Errors
/// `KeyboardInterrupt`.
pub fn settle_wanted(py: Python<'_>) -> PyResult<()> {
    let wanting = WANTING.take();
    wanting.iter().filter_map(WeakClient::upgrade).try_for_each(|client| wait_until_heard(py, &client))
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

    /// What the scheduler is known by.
    #[getter]
    fn scheduler(&self) -> String {
        self.call.client.scheduler().to_string()
    }

    /// The number that the scheduler gave its client.
    #[getter]
    fn client_number(&self) -> u32 {
        self.call.client.id().0
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

    /// The value, in tasks of graphs that are dictionaries.
    fn __call__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let value = py.detach(|| known::fetch(&self.call, &CancelToken::default()));
        object::to_object(py, &value.map_err(|error| errors::to_py(py, error))?)
    }

    /// The value as a delayed one.
    fn delayed(&self) -> Delayed {
        Delayed::of_expr(self.expr())
    }

    /// Whether both stand for one value.
    fn is_same(&self, other: PyRef<'_, Self>) -> bool {
        self.call.future.is_same(&other.call.future)
    }

    /// What a pickle of it has: the key, and what the scheduler is known by.
    fn pickled<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, String)> {
        PICKLING.with_borrow_mut(|pickling| {
            if let Some(pickling) = pickling {
                pickling.pickled.push(self.call.future.clone());
            }
        });
        let client = &self.call.client;
        if !is_pickling_for(client) {
            // Whoever unpickles it asks for it over a connection of its own.
            wait_until_heard(py, client)?;
        }
        Ok((self.key(py)?, self.scheduler()))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let rebuild = py.import("raskt.distributed.client")?.getattr("core_future_of")?;
        PyTuple::new(py, [rebuild, self.pickled(py)?.into_pyobject(py)?.into_any()])
    }
}

/// The futures that delayed values are made of, each once.
#[pyfunction]
fn cluster_futures(roots: Vec<PyRef<'_, Delayed>>) -> Vec<ClusterFuture> {
    let exprs = crate::plan::exprs_of(&roots);
    let calls = post_order(&exprs).into_iter().filter_map(FutureCall::of);
    let object = |call: &FutureCall| {
        ClusterFuture::of_graph(call.future.clone(), call.client.clone(), Arc::clone(&call.places))
    };
    calls.map(object).collect()
}

/// Adds the names of this module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<ClusterFuture>()?;
    module.add_function(wrap_pyfunction!(cluster_futures, module)?)
}
