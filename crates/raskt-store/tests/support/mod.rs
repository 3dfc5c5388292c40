//! A spill device in memory that can be told to fail, and lets a scheduler in between its steps.

use std::collections::HashMap;
use std::io::{self, Cursor, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use raskt_store::{Readable, SpillDevice};

/// Files in memory.
#[derive(Clone)]
pub struct MemoryDevice {
    pub files: Arc<Mutex<HashMap<PathBuf, Vec<u8>>>>,
    /// Asked before each write: what goes wrong, if anything.
    pub fault: Arc<dyn Fn() -> Option<io::ErrorKind> + Send + Sync>,
    /// Called before each step.
    pub pause: fn(),
}

impl MemoryDevice {
    pub fn new() -> Self {
        Self { files: Arc::default(), fault: Arc::new(|| None), pause: || {} }
    }

    pub fn n_files(&self) -> usize {
        self.files.lock().unwrap().len()
    }
}

struct Sink {
    device: MemoryDevice,
    path: PathBuf,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (self.device.pause)();
        if let Some(kind) = (self.device.fault)() {
            return Err(kind.into());
        }
        // Short writes are part of the contract; half of it is as short as it gets.
        let taken = bytes.len().div_ceil(2);
        let mut files = self.device.files.lock().unwrap();
        files.get_mut(&self.path).ok_or(io::ErrorKind::NotFound)?.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl SpillDevice for MemoryDevice {
    fn needs_folder(&self) -> bool {
        false
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn Write>> {
        (self.pause)();
        let before = self.files.lock().unwrap().insert(path.to_owned(), Vec::new());
        assert!(before.is_none(), "no two files have one name");
        Ok(Box::new(Sink { device: self.clone(), path: path.to_owned() }))
    }

    fn open(&self, path: &Path) -> io::Result<(Box<dyn Readable>, u64)> {
        (self.pause)();
        let bytes = self.files.lock().unwrap().get(path).cloned().ok_or(io::ErrorKind::NotFound)?;
        let length = bytes.len() as u64;
        Ok((Box::new(Cursor::new(bytes)), length))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        (self.pause)();
        self.files.lock().unwrap().remove(path).map(|_| ()).ok_or(io::ErrorKind::NotFound.into())
    }
}
