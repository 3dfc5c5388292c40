//! Closures as bodies of tasks: what they take, what they may return, and the runtime that runs them.

use std::any::{Any, TypeId};
use std::error::Error as StdError;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use raskt_core::{Error, ErrorKind, ForeignDecode, Key, Opaque, OwnerId, Payload, Result, Sealed, Value};
use raskt_exec::{Call, ForeignRuntime, Kernel, Lane, Outcome, Surroundings};
use raskt_graph::layer::Shipped;
use raskt_graph::{Foreign, Shipment};

use crate::datum::{Datum, RUNTIME};
use crate::graph::Grown;
use crate::registered;

/// What a closure may return: a [`Datum`], a [`Grown`] graph, or a `Result` with one of them and any error.
pub trait Output {
    /// What the task's value is in the end.
    type Value: Datum;

    /// The outcome as the executor takes it.
    ///
    /// # Errors
    /// The closure's.
    fn into_outcome(self) -> Result<Outcome>;
}

impl<T: Datum> Output for T {
    type Value = T;

    fn into_outcome(self) -> Result<Outcome> {
        Ok(self.into_value().into())
    }
}

impl<T: Datum> Output for Grown<T> {
    type Value = T;

    fn into_outcome(self) -> Result<Outcome> {
        self.into_subgraph().map(|graph| Outcome::Expand(Box::new(graph)))
    }
}

impl<O: Output, E: Into<Box<dyn StdError + Send + Sync>>> Output for std::result::Result<O, E> {
    type Value = O::Value;

    fn into_outcome(self) -> Result<Outcome> {
        self.map_err(|error| failure(error.into()))?.into_outcome()
    }
}

/// An error of Raskt stays what it is; any other travels whole, for [`cause`].
fn failure(error: Box<dyn StdError + Send + Sync>) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => *error,
        Err(error) => Error::raised(Arc::new(Raised(error))),
    }
}

/// The error that a closure returned.
struct Raised(Box<dyn StdError + Send + Sync>);

impl fmt::Debug for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Opaque for Raised {
    fn runtime(&self) -> &str {
        RUNTIME
    }

    fn size_bytes(&self) -> u64 {
        size_of_val(self.0.as_ref()) as u64
    }

    fn visit_owners(&self, _: &mut dyn FnMut(OwnerId, u64)) {}

    /// Another process gets its words.
    fn encode(&self) -> Result<Payload> {
        Ok(Payload { header: self.0.to_string().into_bytes(), buffers: Vec::new() })
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The error that a closure returned, as what it was.
///
/// ```
/// use raskt::{Graph, cause};
///
/// let mut graph = Graph::new();
/// let number = graph.task("read a number", (), || "twelve".parse::<i64>());
/// let error = graph.compute(number).unwrap_err();
/// assert!(cause::<std::num::ParseIntError>(&error).is_some());
/// assert_eq!(
///     error.to_string(),
///     "a task raised: invalid digit found in string (task ('task', 0), function read a number)"
/// );
/// ```
#[must_use]
pub fn cause<E: StdError + 'static>(error: &Error) -> Option<&E> {
    error.foreign()?.as_any().downcast_ref::<Raised>()?.0.downcast_ref()
}

/// A closure over values of the types `P`, a tuple.
pub trait Callable<P>: Send + Sync + 'static {
    /// What its task's value is.
    type Value: Datum;

    /// Calls it on the inputs of a task.
    ///
    /// # Errors
    /// The closure's; [`ErrorKind::WrongType`] where an input is of another type.
    fn call(&self, inputs: &mut [Value]) -> Result<Outcome>;
}

/// Closures of as many parameters as there are names.
macro_rules! callables {
    ($($($type:ident $at:literal),*;)*) => {$(
        impl<F, O, $($type),*> Callable<($($type,)*)> for F
        where
            F: Fn($($type),*) -> O + Send + Sync + 'static,
            O: Output,
            $($type: Datum),*
        {
            type Value = O::Value;

            fn call(&self, inputs: &mut [Value]) -> Result<Outcome> {
                let _ = &inputs;
                self($($type::from_value(take(inputs, $at))?),*).into_outcome()
            }
        }
    )*};
}

callables! {
    ;
    A 0;
    A 0, B 1;
    A 0, B 1, C 2;
    A 0, B 1, C 2, D 3;
    A 0, B 1, C 2, D 3, E 4;
    A 0, B 1, C 2, D 3, E 4, G 5;
}

/// Takes an input out, so that a closure which owns the last reference may write into its memory.
fn take(inputs: &mut [Value], at: usize) -> Value {
    inputs.get_mut(at).map(std::mem::take).unwrap_or_default()
}

/// A closure that any number of tasks call; see [`Graph::function`](crate::Graph::function).
pub struct Function<P, T> {
    pub(crate) body: Arc<Closure>,
    types: PhantomData<fn(P) -> T>,
}

impl<P, T> Clone for Function<P, T> {
    fn clone(&self) -> Self {
        Self { body: Arc::clone(&self.body), types: PhantomData }
    }
}

impl<P, T> fmt::Debug for Function<P, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.body.fmt(f)
    }
}

impl<P: 'static, T: Datum> Function<P, T> {
    /// `closure`, called `name` in errors and profiles.
    pub fn new<F: Callable<P, Value = T>>(name: &str, closure: F) -> Self {
        static N_FUNCTIONS: AtomicU64 = AtomicU64::new(0);
        let family = N_FUNCTIONS.fetch_add(1, Ordering::Relaxed) << 1;
        let call = Box::new(move |inputs: &mut [Value]| closure.call(inputs));
        let body = Closure { name: name.into(), family, of: TypeId::of::<F>(), call };
        Self { body: Arc::new(body), types: PhantomData }
    }
}

type Untyped = dyn Fn(&mut [Value]) -> Result<Outcome> + Send + Sync;

/// A closure, its types forgotten.
pub(crate) struct Closure {
    name: Arc<str>,
    family: u64,
    /// The type of the closure.
    of: TypeId,
    call: Box<Untyped>,
}

impl fmt::Debug for Closure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "function {}", self.name)
    }
}

impl Foreign for Closure {
    fn runtime(&self) -> &str {
        RUNTIME
    }

    fn label(&self) -> Arc<str> {
        Arc::clone(&self.name)
    }

    fn key(&self) -> Option<Key> {
        None
    }

    fn family(&self) -> u64 {
        self.family
    }

    fn ship(&self) -> Result<Shipment> {
        let function = registered::named(self.of).ok_or_else(|| {
            let why = "which is not registered by #[raskt::task] as other processes would need it";
            Error::from(ErrorKind::NotEncodable(format!("{self:?}, {why}")))
        })?;
        Ok(Shipment { function: Some(function), call: Payload::default() })
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The runtime of closures: nothing to enter. Functions travel by name, and errors as words.
pub(crate) struct Closures;

impl ForeignDecode for Closures {
    fn decode(&self, sealed: Sealed) -> Result<Value> {
        let words = String::from_utf8_lossy(&sealed.payload().header).into_owned();
        Ok(Value::Opaque(Arc::new(Raised(words.into()))))
    }
}

impl Lane for Closures {
    fn thread(&self, main: &mut dyn FnMut()) {
        main();
    }

    fn enter(&self, _: Option<&Surroundings>, work: &mut dyn FnMut()) {
        work();
    }

    fn pause(&self) {}
}

impl ForeignRuntime for Closures {
    fn name(&self) -> &'static str {
        RUNTIME
    }

    fn is_free(&self) -> bool {
        true
    }

    fn run(&self, body: &dyn Foreign, call: &mut Call<'_>) -> Result<Outcome> {
        if let Some(closure) = body.as_any().downcast_ref::<Closure>() {
            return (closure.call)(call.inputs);
        }
        match body.as_any().downcast_ref::<Shipped>() {
            Some(shipped) => (registered::received(shipped.shipment())?.call)(call.inputs),
            None => Err(ErrorKind::UnknownBody(body.label().to_string()).into()),
        }
    }

    fn receive(&self, shipment: &Shipment) -> Result<Arc<dyn Foreign>> {
        registered::received(shipment).map(|closure| Arc::clone(closure) as _)
    }

    fn library(&self, path: &str) -> Result<Arc<dyn Kernel>> {
        Err(ErrorKind::UnknownBody(path.to_owned()).into())
    }
}
