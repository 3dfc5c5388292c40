//! What spill files are written to: a disk, or what a test puts in its place (a disk that is full, that
//! fails, that lives in memory).

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::Path;

/// What files are read from.
pub trait Readable: Read + Seek + Send {}

impl<T: Read + Seek + Send> Readable for T {}

/// The few operations on files that spilling needs. Folders and locks are not among them.
pub trait SpillDevice: Send + Sync {
    /// Whether paths are of the real file system, so that a folder must be made for them.
    fn needs_folder(&self) -> bool {
        true
    }

    /// A new file; it is an error if there is one.
    ///
    /// # Errors
    /// Those of the operating system.
    fn create(&self, path: &Path) -> io::Result<Box<dyn Write>>;

    /// A file from its start, and its length in bytes.
    ///
    /// # Errors
    /// Those of the operating system.
    fn open(&self, path: &Path) -> io::Result<(Box<dyn Readable>, u64)>;

    /// Removes a file.
    ///
    /// # Errors
    /// Those of the operating system.
    fn remove(&self, path: &Path) -> io::Result<()>;
}

/// The file system, files readable by their owner only.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

impl SpillDevice for Disk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn Write>> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        Ok(Box::new(options.open(path)?))
    }

    fn open(&self, path: &Path) -> io::Result<(Box<dyn Readable>, u64)> {
        let file = fs::File::open(path)?;
        let bytes = file.metadata()?.len();
        Ok((Box::new(file), bytes))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }
}
