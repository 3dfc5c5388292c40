//! Values that whoever computes a graph has already.

use std::any::Any;
use std::sync::Arc;

use raskt_core::{ErrorKind, Key, Payload, Result};

use crate::body::{Body, Foreign, Shipment};

/// The runtime of bodies that stand for values which whoever computes the graph has under the same key. Nothing runs them.
pub const KNOWN_RUNTIME: &str = "known";

/// A value that whoever computes the graph has under that key.
///
/// ```
/// use std::sync::Arc;
/// use raskt_core::Key;
/// use raskt_graph::{Body, Known};
/// let body = Body::Foreign(Arc::new(Known(Key::block("x", &[7]))));
/// assert_eq!(Known::key_of(&body)?, Some(Key::block("x", &[7])));
/// # Ok::<(), raskt_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known(pub Key);

impl Known {
    /// The key of the value that `body` stands for; none for other bodies.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidGraph`] for one that came without its key.
    pub fn key_of(body: &Body) -> Result<Option<Key>> {
        match body {
            Body::Foreign(foreign) if foreign.runtime() == KNOWN_RUNTIME => {
                let lost = || ErrorKind::InvalidGraph("a value that is known, without its key".to_owned());
                foreign.key().map(Some).ok_or_else(|| lost().into())
            }
            _ => Ok(None),
        }
    }
}

impl Foreign for Known {
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
        Some(self.0.clone())
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
