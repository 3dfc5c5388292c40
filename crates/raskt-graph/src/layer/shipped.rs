//! Users' functions that came from another process and have not been unpacked.

use std::any::Any;
use std::sync::Arc;

use parking_lot::Mutex;
use raskt_core::{Key, Result};

use crate::body::{Foreign, Shipment};

/// A foreign body as it came over the wire: whoever only plans (a scheduler) carries it on as it is; whoever runs
/// it hands it to its world first.
#[derive(Clone, Debug)]
pub struct Shipped {
    pub(crate) world: &'static str,
    pub(crate) label: Arc<str>,
    pub(crate) key: Option<Key>,
    pub(crate) family: u64,
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
    fn world(&self) -> &'static str {
        self.world
    }

    fn label(&self) -> Arc<str> {
        Arc::clone(&self.label)
    }

    fn key(&self) -> Option<Key> {
        self.key.clone()
    }

    fn family(&self) -> u64 {
        self.family
    }

    fn ship(&self) -> Result<Shipment> {
        Ok(self.shipment.clone())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The lasting form of a world's name. There are a few worlds in a program, so only a few short names are kept
/// for ever, and a stranger's bytes cannot make it more: `None` for any further one.
pub(crate) fn world_name(name: &str) -> Option<&'static str> {
    const N_WORLDS_MAX: usize = 16;
    const NAME_BYTES_MAX: usize = 64;
    static WORLDS: Mutex<Vec<&'static str>> = Mutex::new(Vec::new());
    let mut worlds = WORLDS.lock();
    if let Some(found) = worlds.iter().find(|known| **known == name) {
        return Some(found);
    }
    if worlds.len() == N_WORLDS_MAX || name.len() > NAME_BYTES_MAX {
        return None;
    }
    let kept: &'static str = Box::leak(name.into());
    worlds.push(kept);
    Some(kept)
}
