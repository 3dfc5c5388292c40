//! The exchange of a shuffle as a value.

use std::any::Any;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use raskt_core::encode::{Decoder, Encoder, Limits};
use raskt_core::{ErrorKind, Opaque, OwnerId, Payload, Result};
use raskt_store::{Exchange, Home, Sender, SpillFolder};

use super::runtime::{PLACE, RUNTIME, tagged};

/// Where the tasks of a shuffle exchange pieces: at the [home](Home) of the worker that runs them; elsewhere in memory up to a
/// budget, and beyond it in files of a folder that goes with the last task that knows the place.
pub struct Place {
    /// None at a home, which has its own.
    exchange: Option<Exchange>,
    /// None where nothing can be written.
    folder: Option<Folder>,
    /// The part of the budget that each process has.
    bytes_of_process: u64,
}

enum Folder {
    Own(Arc<SpillFolder>),
    /// Of the process that planned the shuffle.
    Other(PathBuf),
}

impl Place {
    /// A place that keeps up to `memory_bytes` in memory; each of `n_processes` an equal part, where tasks are sent to them. Its
    /// folder is made under `parent` when it is needed; without one all stays in memory.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] where `parent` is a file.
    pub fn new(parent: Option<&Path>, memory_bytes: u64, n_processes: usize) -> Result<Self> {
        let folder = parent.map(SpillFolder::create).transpose()?;
        Ok(Self {
            exchange: Some(Exchange::new(memory_bytes, folder.clone())),
            folder: folder.map(Folder::Own),
            bytes_of_process: memory_bytes / n_processes.max(1) as u64,
        })
    }

    /// The same place in another process.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self> {
        let mut input = Decoder::new(bytes, &Limits::default())?;
        let path = PathBuf::from(input.text()?);
        let bytes_of_process = input.varint()?;
        input.finish()?;
        let exchange = match Home::here() {
            Some(_) => None,
            None => Some(Exchange::new(bytes_of_process, Some(SpillFolder::of_other_process(&path)?))),
        };
        Ok(Self { exchange, folder: Some(Folder::Other(path)), bytes_of_process })
    }

    /// What a task sends the pieces of its partition to `n_outputs` others with.
    ///
    /// # Errors
    /// [`ErrorKind::OutOfMemory`]; [`ErrorKind::InvalidValue`] for a place that was opened at a home, away from it.
    pub fn sender(&self, n_outputs: u32) -> Result<Sender> {
        match (Home::here(), &self.exchange) {
            (Some(home), _) => home.sender(n_outputs),
            (None, Some(exchange)) => exchange.sender(n_outputs),
            (None, None) => {
                let what = "a shuffle of a cluster's worker, outside of its tasks".to_owned();
                Err(ErrorKind::InvalidValue(what).into())
            }
        }
    }

    /// Bytes that were written to files.
    #[must_use]
    pub fn spilled_bytes(&self) -> u64 {
        self.exchange.as_ref().map_or(0, Exchange::spilled_bytes)
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<place of {:?}>", self.exchange)
    }
}

impl Opaque for Place {
    fn runtime(&self) -> &'static str {
        RUNTIME
    }

    fn size_bytes(&self) -> u64 {
        size_of::<Self>() as u64
    }

    fn visit_owners(&self, _: &mut dyn FnMut(OwnerId, u64)) {}

    /// The path of its folder, which is made for it.
    fn encode(&self) -> Result<Payload> {
        let path = match &self.folder {
            Some(Folder::Own(folder)) => folder.made_path()?,
            Some(Folder::Other(path)) => path.clone(),
            None => {
                let what = "a shuffle without a folder for files, which other processes could read";
                return Err(ErrorKind::NotEncodable(what.to_owned()).into());
            }
        };
        let not_text = || ErrorKind::NotEncodable(format!("the path {}", path.display()));
        let mut out = Encoder::in_band();
        out.text(path.to_str().ok_or_else(not_text)?);
        out.varint(self.bytes_of_process);
        Ok(tagged(PLACE, &out.into_bytes()))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
