//! Reading a value back.

use raskt_core::encode::{self, decode_value};
use raskt_core::{ForeignDecode, Result, Value};

use crate::SpilledFile;

/// Reads a value from disk. Run it without the lock, then report to [`crate::Store::loaded`], come what may:
/// until then every other [`crate::Store::fetch`] of the slot says `Busy`.
#[derive(Debug)]
#[must_use = "the slot stays busy until the job was run and reported"]
pub struct LoadJob {
    pub(crate) slot: u32,
    pub(crate) file: SpilledFile,
    /// Removed by the way.
    pub(crate) dead_files: Vec<SpilledFile>,
}

impl LoadJob {
    /// The slot to report on.
    #[must_use]
    pub fn slot(&self) -> u32 {
        self.slot
    }

    /// Bytes to be read; the store counts them as memory already.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.file.size_bytes()
    }

    /// Reads, checks and decodes.
    ///
    /// # Errors
    /// [`raskt_core::ErrorKind::Corrupt`] or [`raskt_core::ErrorKind::Io`], naming the file; what `foreign`
    /// says.
    pub fn run(self, foreign: &dyn ForeignDecode) -> Result<Value> {
        drop(self.dead_files);
        decode_value(self.file.read()?, foreign, &encode::Limits::default())
    }
}
