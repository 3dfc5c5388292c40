//! Python as a runtime: how threads enter it, how its functions are run, how its objects travel.

use std::sync::Arc;

use parking_lot::Mutex;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyTuple;
use raskt_array::promise::{PROMISE, Promise};
use raskt_core::{Error, ErrorKind, ForeignDecode, FunctionId, Opaque, Param, Result, Sealed, Value};
use raskt_exec::{Call, ForeignRuntime, Kernel, Lane, LaneId, Outcome, Surroundings};
use raskt_graph::layer::Shipped;
use raskt_graph::{Foreign, Shipment};
use smallvec::SmallVec;

use crate::node::Node;
use crate::{errors, eval, object, own};

/// The name of Python's runtime.
pub const RUNTIME: &str = "python";
/// The helper that calls users' functions of blocks: these may write what they are given.
const CALL: &str = "raskt.array._chunk.call";
/// Python's lane: it is the first runtime of the registry.
pub const LANE: LaneId = LaneId(1);

/// Python.
pub struct Python3;

/// What a computation brings along: the context variables of whoever asked for it.
pub struct Context(pub Py<PyAny>);

/// Work that a context runs: a closure of a worker's, good for one call on this thread.
#[pyclass(frozen, module = "raskt._raskt")]
struct Work {
    body: Mutex<Option<WorkPtr>>,
}

struct WorkPtr(*mut (dyn FnMut() + 'static));

// SAFETY: the pointer is made, sent through `Context.run` and used on one thread, within `enter_context`.
unsafe impl Send for WorkPtr {}

#[pymethods]
impl Work {
    fn __call__(&self) -> PyResult<()> {
        let Some(pointer) = self.body.lock().take() else {
            return Err(PyRuntimeError::new_err("a worker's closure is called once"));
        };
        // SAFETY: `enter_context` has the closure borrowed until `Context.run` returns, and takes the pointer
        // out again if it was not called.
        unsafe { (*pointer.0)() };
        Ok(())
    }
}

/// Runs `work` inside a copy of `context`: several workers may be in it at once, and what a task changes
/// stays with the worker.
fn enter_context(py: Python<'_>, context: &Context, work: &mut dyn FnMut()) -> PyResult<()> {
    let copy = context.0.bind(py).call_method0(pyo3::intern!(py, "copy"))?;
    // SAFETY: only the lifetime changes; the pointer is taken out before this function returns.
    let pointer = WorkPtr(unsafe {
        std::mem::transmute::<*mut (dyn FnMut() + '_), *mut (dyn FnMut() + 'static)>(work)
    });
    let callable = Bound::new(py, Work { body: Mutex::new(Some(pointer)) })?;
    let outcome = copy.call_method1(pyo3::intern!(py, "run"), (&callable,));
    *callable.get().body.lock() = None;
    outcome.map(|_| ())
}

impl Lane for Python3 {
    fn thread(&self, main: &mut dyn FnMut()) {
        // The thread keeps its Python state for life: attaching again is then cheap.
        let mut main = SendMut(main);
        Python::attach(|py| py.detach(move || main.call()));
    }

    fn enter(&self, surroundings: Option<&Surroundings>, work: &mut dyn FnMut()) {
        Python::attach(|py| match surroundings.and_then(|any| any.downcast_ref::<Context>()) {
            None => work(),
            Some(context) => {
                let mut done = false;
                let outcome = enter_context(py, context, &mut || {
                    done = true;
                    work();
                });
                if outcome.is_err() && !done {
                    work();
                }
            }
        });
    }

    fn pause(&self) {
        Python::attach(|py| py.detach(std::thread::yield_now));
    }
}

/// A closure that crosses `detach`, which asks for `Send` to keep Python objects out.
struct SendMut<'a>(&'a mut dyn FnMut());

// SAFETY: `detach` runs its closure on the calling thread.
unsafe impl Send for SendMut<'_> {}

impl SendMut<'_> {
    fn call(&mut self) {
        (self.0)();
    }
}

/// Runs `node` on `call`'s inputs.
fn run_node(py: Python<'_>, node: &Node, call: &mut Call<'_>) -> Result<Outcome> {
    let value = crate::blas::follow(py).and_then(|()| value_of(py, node, call));
    value.map(Outcome::Value).map_err(|error| errors::raised(py, error))
}

fn value_of(py: Python<'_>, node: &Node, call: &mut Call<'_>) -> PyResult<Value> {
    let mut inputs: SmallVec<[Bound<'_, PyAny>; 4]> = SmallVec::with_capacity(call.inputs.len());
    let mut is_kept = node.is_constant();
    let picks = is_pick(py, node)?;
    for (place, value) in call.inputs.iter_mut().enumerate() {
        let exclusive = place < 64 && call.exclusive & (1 << place) != 0;
        let value = std::mem::take(value);
        if picks && place == 0 && (!exclusive || own::has_others(&value)) {
            // Nothing is written here; whoever gets what is picked may not change it.
            is_kept = true;
            inputs.push(own::to_shared(py, &value)?);
            continue;
        }
        inputs.push(if exclusive { own::to_reader(py, value)? } else { own::to_one_of_several(py, &value)? });
    }
    let found = eval::call(py, node, &inputs)?;
    Ok(if is_kept { object::kept(found) } else { object::to_value(found) })
}

/// Whether `node` takes an item or an attribute of a value.
fn is_pick(py: Python<'_>, node: &Node) -> PyResult<bool> {
    static PICKS: PyOnceLock<[Py<PyAny>; 2]> = PyOnceLock::new();
    let Some(func) = node.func() else { return Ok(false) };
    let of = |module, name| -> PyResult<Py<PyAny>> { Ok(py.import(module)?.getattr(name)?.unbind()) };
    let picks = PICKS
        .get_or_try_init(py, || PyResult::Ok([of("operator", "getitem")?, of("builtins", "getattr")?]))?;
    Ok(picks.iter().any(|pick| pick.is(&func.object)))
}

impl ForeignRuntime for Python3 {
    fn name(&self) -> &'static str {
        RUNTIME
    }

    fn owns_inputs(&self) -> bool {
        true
    }

    fn run(&self, body: &dyn Foreign, call: &mut Call<'_>) -> Result<Outcome> {
        if let Some(node) = body.as_any().downcast_ref::<Node>() {
            return Python::attach(|py| run_node(py, node, call));
        }
        match body.as_any().downcast_ref::<Shipped>() {
            // Of a graph that a task in another process grew into.
            Some(shipped) => Python::attach(|py| {
                let node = crate::ship::receive(py, shipped.shipment());
                run_node(py, &*node.map_err(|error| errors::raised(py, error))?, call)
            }),
            None => Err(ErrorKind::UnknownBody(format!("{body:?}")).into()),
        }
    }

    fn receive(&self, shipment: &Shipment) -> Result<Arc<dyn Foreign>> {
        Python::attach(|py| {
            let node = crate::ship::receive(py, shipment);
            node.map(|node| node as Arc<dyn Foreign>).map_err(|error| errors::raised(py, error))
        })
    }

    fn forget(&self, functions: &[FunctionId]) {
        crate::ship::forget(functions);
    }

    fn library(&self, path: &str) -> Result<Arc<dyn Kernel>> {
        match path {
            raskt_array::deferred::GROW => return Ok(Arc::new(crate::array::Grow)),
            raskt_array::deferred::SHAPE => return Ok(Arc::new(crate::array::Shape)),
            raskt_array::results::ASSEMBLE => return Ok(Arc::new(crate::array::Assemble)),
            raskt_frame::library::WHOLE => return Ok(Arc::new(crate::frame::Whole)),
            raskt_frame::library::GATHER => return Ok(Arc::new(crate::frame::Gathered)),
            _ => {}
        }
        Python::attach(|py| match find(py, path) {
            Ok(function) => {
                let function = function.unbind();
                let is_of_frames = crate::frame::is_of_frames(path);
                Ok(Arc::new(LibraryFunction { function, is_users: path == CALL, is_of_frames })
                    as Arc<dyn Kernel>)
            }
            Err(error) => Err(Error::new(ErrorKind::UnknownBody(format!("{path} ({error})")))),
        })
    }
}

impl ForeignDecode for Python3 {
    fn decode(&self, sealed: Sealed) -> Result<Value> {
        Python::attach(|py| {
            let object = match sealed.function() {
                Ok(Some(function)) => {
                    crate::ship::received(py, &function).map(|func| object::function(py, func))
                }
                Ok(None) => crate::pickle::loads(py, sealed.into_payload()).map(object::to_value),
                Err(error) => return Err(error),
            };
            object.map_err(|error| errors::raised(py, error))
        })
    }
}

/// The object at a dotted path, such as `numpy.linalg.norm`: the longest prefix that is a module, and
/// attributes from there.
///
/// # Errors
/// What importing the module, or looking for the attribute, raises.
pub fn find<'py>(py: Python<'py>, path: &str) -> PyResult<Bound<'py, PyAny>> {
    let parts: Vec<&str> = path.split('.').collect();
    let mut found = py.import(parts[0])?.into_any();
    for (at, part) in parts.iter().enumerate().skip(1) {
        found = match found.getattr(*part) {
            Ok(attribute) => attribute,
            Err(error) => py.import(parts[..=at].join(".").as_str()).map_err(|_| error)?.into_any(),
        };
    }
    Ok(found)
}

/// A function of a Python library, called on the values of a task. The parameters that all tasks share are keyword
/// arguments, and so are those of the task: a map's entries by their names, anything else as `own`. An array that comes
/// back is a native one where its dtype is.
struct LibraryFunction {
    function: Py<PyAny>,
    /// Whether it calls a function of the user's.
    is_users: bool,
    /// Whether it works on partitions of dataframes: what it returns is no block of an array.
    is_of_frames: bool,
}

impl LibraryFunction {
    fn call(&self, py: Python<'_>, call: &mut Call<'_>) -> PyResult<Value> {
        let inputs: PyResult<Vec<_>> = match self.is_users && !reads_only(py, call.shared)? {
            true => call.inputs.iter_mut().map(|value| own::to_block(py, std::mem::take(value))).collect(),
            false => call.inputs.iter().map(|value| own::to_shared(py, value)).collect(),
        };
        let inputs = PyTuple::new(py, inputs?)?;
        let function = self.function.bind(py);
        let promise = Promise::of(call.shared, call.own);
        if matches!((call.shared, call.own), (Param::Null, Param::Null)) {
            return crate::array::enter(function.call1(inputs)?, None);
        }
        let kwargs = crate::param::kwargs(py, call.shared)?;
        match call.own {
            Param::Null => {}
            own @ Param::Map(_) => {
                kwargs.as_any().call_method1("update", (crate::param::kwargs(py, own)?,))?;
            }
            own => kwargs.set_item("own", crate::param::to_object(py, own)?)?,
        }
        if promise.is_some() {
            kwargs.del_item(PROMISE)?;
        }
        // Nothing refers to the result but the result, once the arguments are gone.
        let found = function.call(inputs, Some(&kwargs))?;
        drop(kwargs);
        match self.is_of_frames {
            true => Ok(crate::frame::as_table(&found).unwrap_or_else(|| object::to_value(found))),
            false => crate::array::enter(found, promise),
        }
    }
}

/// Whether the user's function among the parameters is known to write nothing.
fn reads_only(py: Python<'_>, parameters: &Param) -> PyResult<bool> {
    let Some(Param::Value(Value::Opaque(function))) = parameters.get("function") else { return Ok(false) };
    let Some(function) = function.as_any().downcast_ref::<object::PyObj>() else { return Ok(false) };
    let said = function.bind(py).getattr_opt(pyo3::intern!(py, "reads_only"))?;
    said.map_or(Ok(false), |said| said.is_truthy())
}

impl Kernel for LibraryFunction {
    fn run(&self, call: &mut Call<'_>) -> Result<Outcome> {
        Python::attach(|py| {
            self.call(py, call).map(Outcome::Value).map_err(|error| errors::raised(py, error))
        })
    }

    fn lane(&self) -> LaneId {
        LANE
    }

    fn owns_inputs(&self) -> bool {
        self.is_users
    }
}
