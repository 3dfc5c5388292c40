//! Users' functions that came from another process and have not been unpacked.

use std::any::Any;
use std::sync::Arc;

use raskt_core::{Key, Name, Result};

use crate::body::{Foreign, Shipment};

/// A foreign body as it came over the wire: whoever only plans (a scheduler) carries it on as it is; whoever runs
/// it hands it to its runtime first.
#[derive(Clone, Debug)]
pub struct Shipped {
    pub(crate) runtime: Name,
    pub(crate) label: Arc<str>,
    pub(crate) key: Option<Key>,
    pub(crate) is_constant: bool,
    pub(crate) shipment: Shipment,
}

impl Shipped {
    /// What was shipped.
    #[must_use]
    pub fn shipment(&self) -> &Shipment {
        &self.shipment
    }
}

impl Foreign for Shipped {
    fn runtime(&self) -> &str {
        self.runtime.as_str()
    }

    fn label(&self) -> Arc<str> {
        Arc::clone(&self.label)
    }

    fn is_constant(&self) -> bool {
        self.is_constant
    }

    fn key(&self) -> Option<Key> {
        self.key.clone()
    }

    fn family(&self) -> u64 {
        self.shipment.function.as_ref().map_or(0, |function| function.id().family())
    }

    fn ship(&self) -> Result<Shipment> {
        Ok(self.shipment.clone())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
