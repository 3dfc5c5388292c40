//! Values of a foreign runtime that nobody has looked into: carried, counted, spilled and forwarded as they are, by
//! processes that may not know the runtime at all.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use crate::{ForeignDecode, Function, FunctionId, Name, Opaque, OwnerId, Payload, Result, Value};

/// A foreign object, still encoded: the name of its runtime, its payload, and what it weighs once it is opened. Its bulk may
/// lie in memory that another process wrote.
///
/// ```
/// use raskt_core::{Opaque, Payload, Sealed};
/// let payload = Payload { header: b"pickled".to_vec(), buffers: Vec::new() };
/// let sealed = Sealed::new("python".into(), payload.clone(), 4096);
/// // Nothing of Python is needed to weigh it, or to send it on.
/// assert_eq!((sealed.size_bytes(), sealed.opened_bytes()), (7, 4096));
/// assert_eq!(sealed.encode()?, payload);
/// # Ok::<(), raskt_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Sealed {
    runtime: Name,
    payload: Arc<Payload>,
    opened_bytes: u64,
    function: Option<FunctionId>,
}

impl Sealed {
    /// An object of `runtime` that weighs `opened_bytes` where it is alive, shared buffers apart.
    #[must_use]
    pub fn new(runtime: Name, payload: Payload, opened_bytes: u64) -> Self {
        Self { runtime, payload: Arc::new(payload), opened_bytes, function: None }
    }

    /// An object that is a user's function.
    #[must_use]
    pub fn of_function(runtime: Name, function: &Function, opened_bytes: u64) -> Self {
        Self {
            runtime,
            payload: Arc::clone(function.payload()),
            opened_bytes,
            function: Some(*function.id()),
        }
    }

    /// What is inside.
    #[must_use]
    pub fn payload(&self) -> &Payload {
        &self.payload
    }

    /// What is inside, taken out.
    #[must_use]
    pub fn into_payload(self) -> Payload {
        Arc::unwrap_or_clone(self.payload)
    }

    /// What the object is known by, if it is a user's function.
    #[must_use]
    pub fn function_id(&self) -> Option<&FunctionId> {
        self.function.as_ref()
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<sealed {} object>", self.runtime)
    }
}

impl Opaque for Sealed {
    fn runtime(&self) -> &str {
        self.runtime.as_str()
    }

    /// What it weighs as it is.
    fn size_bytes(&self) -> u64 {
        self.payload.header.len() as u64
    }

    fn visit_owners(&self, visit: &mut dyn FnMut(OwnerId, u64)) {
        for buffer in &self.payload.buffers {
            let (owner, bytes) = buffer.accounted();
            visit(owner, bytes);
        }
    }

    fn encode(&self) -> Result<Payload> {
        Ok(Payload::clone(&self.payload))
    }

    fn opened_bytes(&self) -> u64 {
        self.opened_bytes
    }

    fn function(&self) -> Result<Option<Function>> {
        Ok(self.function.map(|id| Function::with_id(id, Arc::clone(&self.payload))))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Keeps foreign objects sealed, whatever their runtime.
#[derive(Clone, Copy, Debug, Default)]
pub struct KeepSealed;

impl ForeignDecode for KeepSealed {
    fn decode(&self, sealed: Sealed) -> Result<Value> {
        Ok(Value::Opaque(Arc::new(sealed)))
    }
}

/// Whether every foreign object in `value` is sealed already.
#[must_use]
pub fn is_sealed(value: &Value) -> bool {
    match value {
        Value::List(items) => items.iter().all(is_sealed),
        Value::Opaque(object) => object.as_any().is::<Sealed>(),
        _ => true,
    }
}
