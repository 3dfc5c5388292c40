//! Values of a foreign world that came from one process and go to another: carried as they are, opened only by
//! whoever asked for them.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use raskt_core::{ErrorKind, ForeignDecode, Opaque, OwnerId, Payload, Result, Value};
use raskt_exec::BodyRegistry;

/// A foreign object, still encoded; its bulk may lie in memory that another process wrote.
pub struct Sealed {
    world: &'static str,
    payload: Payload,
}

impl Sealed {
    /// What is inside.
    #[must_use]
    pub fn payload(&self) -> &Payload {
        &self.payload
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} object of another process>", self.world)
    }
}

impl Opaque for Sealed {
    fn world(&self) -> &'static str {
        self.world
    }

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
        Ok(self.payload.clone())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Keeps foreign objects sealed.
#[derive(Clone, Debug)]
pub struct KeepSealed {
    worlds: Arc<[&'static str]>,
}

impl KeepSealed {
    /// For objects of the worlds of `registry`.
    #[must_use]
    pub fn new(registry: &BodyRegistry) -> Self {
        Self { worlds: registry.worlds().iter().map(|world| world.name()).collect() }
    }
}

impl ForeignDecode for KeepSealed {
    fn decode(&self, world: &str, payload: Payload) -> Result<Value> {
        match self.worlds.iter().find(|known| **known == world) {
            Some(world) => Ok(Value::Opaque(Arc::new(Sealed { world, payload }))),
            None => Err(ErrorKind::UnknownBody(format!("world {world}")).into()),
        }
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
