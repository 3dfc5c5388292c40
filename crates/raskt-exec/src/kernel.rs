//! What a body is once it has been found: something that can be called.

use raskt_core::{ForeignDecode, FunctionId, Param, Result, Value};
use raskt_graph::{Foreign, Shipment, Subgraph};

use crate::context::TaskCtx;
use crate::lane::{Lane, LaneId, NATIVE};

/// One call of a body.
#[derive(Debug)]
pub struct Call<'a> {
    /// The body's parameters, shared by all its tasks.
    pub shared: &'a Param,
    /// The task's own parameters.
    pub own: &'a Param,
    /// The inputs. A kernel may take a value out; if nobody else holds its memory, it may write into it.
    pub inputs: &'a mut [Value],
    /// A bit for each of the first 64 inputs that no other task asks for, before or after: the call may change what
    /// is behind it, if nobody else holds that.
    pub exclusive: u64,
    /// Cancellation and threads.
    pub ctx: &'a TaskCtx<'a>,
}

/// What a task gives back.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// A value; for a task with several outputs, a list of them.
    Value(Value),
    /// A graph to run in the task's place.
    Expand(Box<Subgraph>),
}

impl From<Value> for Outcome {
    fn from(value: Value) -> Self {
        Self::Value(value)
    }
}

/// A body that the registry found: a native kernel, or a library's function.
pub trait Kernel: Send + Sync {
    /// Runs the body.
    ///
    /// # Errors
    /// Whatever goes wrong; the executor adds the task's key.
    fn run(&self, call: &mut Call<'_>) -> Result<Outcome>;

    /// Where it must run.
    fn lane(&self) -> LaneId {
        NATIVE
    }

    /// Whether the call may change its inputs, so that one that nobody else needs is handed over to it, out of the
    /// store. Such a body never grows into a graph, which could need its inputs.
    fn owns_inputs(&self) -> bool {
        false
    }

    /// Whether a call on little data is over before a sleeping thread would have begun it, wherever it runs: whoever
    /// computes the graph may make the call then, if it is the last.
    fn is_brief(&self) -> bool {
        false
    }
}

impl<F> Kernel for F
where
    F: Fn(&mut Call<'_>) -> Result<Outcome> + Send + Sync,
{
    fn run(&self, call: &mut Call<'_>) -> Result<Outcome> {
        self(call)
    }
}

/// A foreign runtime: runs its users' functions, has a lane, knows how its objects travel.
pub trait ForeignRuntime: ForeignDecode + Lane {
    /// Its name, as [`Foreign::runtime`] and [`raskt_core::Opaque::runtime`] give it.
    fn name(&self) -> &'static str;

    /// Whether any thread may run its functions at any time, any number at once: they are then in the native
    /// lane. Rust's closures are such functions.
    fn is_free(&self) -> bool {
        false
    }

    /// As [`Kernel::owns_inputs`], for its users' functions.
    fn owns_inputs(&self) -> bool {
        false
    }

    /// Runs a user's function.
    ///
    /// # Errors
    /// The exception that it raised.
    fn run(&self, body: &dyn Foreign, call: &mut Call<'_>) -> Result<Outcome>;

    /// A body that another process shipped. The runtime may keep functions by their ids.
    ///
    /// # Errors
    /// The exception that decoding raised.
    fn receive(&self, shipment: &Shipment) -> Result<std::sync::Arc<dyn Foreign>>;

    /// Functions that will not be called again: the runtime may let go of them.
    fn forget(&self, _functions: &[FunctionId]) {}

    /// The kernel that calls the library function `path` of this runtime.
    ///
    /// # Errors
    /// [`raskt_core::ErrorKind::UnknownBody`] where the library or the function is not there.
    fn library(&self, path: &str) -> Result<std::sync::Arc<dyn Kernel>>;
}
