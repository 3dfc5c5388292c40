//! Files that take their name when all is written: until then they are *parts*, which do not outlive their process.
//!
//! A part lies beside the file that it is to become. Its name carries a tag of the host; its process holds a lock on it,
//! so that [`PartFile::sweep`] tells what a killed process left from what is being written. Who makes a part locks it
//! before anything is written, and looks whether it is still there then: a sweep may have been between the two.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::time::Instant;

use raskt_core::ProcessLock;

use crate::sweep::{self, HOST_TAG, is_own};
use crate::termination;

/// The parts of this process, and of the process that it was forked from.
static LIVE: ProcessLock<Vec<(u32, PathBuf)>> = ProcessLock::new(Vec::new());
/// Hashes of marks and folders that were swept for them.
static SWEPT: ProcessLock<Option<HashSet<u64>>> = ProcessLock::new(None);

/// How many writes are remembered for which a folder was swept.
const SWEPT_MAX: usize = 4096;

/// Who may read a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// This user alone.
    Owner,
    /// Whom the process's mask lets read what it makes.
    Usual,
}

/// A file that is being written; without [`PartFile::keep_as`] it is removed when it is dropped.
#[derive(Debug)]
pub struct PartFile {
    path: PathBuf,
    pid: u32,
    /// Holds the lock.
    _lock: File,
}

impl PartFile {
    /// Makes an empty part in `folder`, which must be there. `mark` tells the parts of one write from others'. At the
    /// first part of a write in a folder, what killed processes left there is removed.
    ///
    /// # Errors
    /// Where no file can be made there.
    ///
    /// ```
    /// use raskt_store::{Access, PartFile};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let folder = tempfile::tempdir()?;
    /// let part = PartFile::create(folder.path(), "example", Access::Usual)?;
    /// std::fs::write(part.path(), b"all of it")?;
    /// part.keep_as(&folder.path().join("file"))?;
    /// assert_eq!(std::fs::read_dir(folder.path())?.count(), 1);
    /// # Ok(()) }
    /// ```
    pub fn create(folder: &Path, mark: &str, access: Access) -> io::Result<Self> {
        sweep_for(folder, mark);
        let pid = process::id();
        loop {
            let random = RandomState::new().hash_one(pid);
            let path = folder.join(format!(".raskt-{}-{mark}-{random:016x}.part", *HOST_TAG));
            termination::wait_if_terminating();
            termination::watch();
            // Before it is there: nothing must be there that is not known.
            remember(pid, &path);
            match locked(&path, access) {
                Ok(Some(lock)) => {
                    let part = Self { path, pid, _lock: lock };
                    if termination::is_terminating() {
                        drop(part);
                        termination::wait_if_terminating();
                        continue;
                    }
                    return Ok(part);
                }
                Ok(None) => forget(&path),
                Err(error) => {
                    forget(&path);
                    return Err(error);
                }
            }
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it its name; a file of that name is replaced.
    ///
    /// # Errors
    /// Where it cannot be renamed; then it is removed.
    pub fn keep_as(self, target: &Path) -> io::Result<()> {
        fs::rename(&self.path, target).inspect_err(|_| termination::wait_if_terminating())
        // Dropped, it finds nothing under its old name.
    }

    /// Removes the parts in `folder` that dead processes of this user on this host left, and says how many.
    ///
    /// # Errors
    /// Where `folder` cannot be listed.
    pub fn sweep(folder: &Path) -> io::Result<usize> {
        let prefix = format!(".raskt-{}-", *HOST_TAG);
        let mut n_removed = 0;
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let is_part = name.to_str().is_some_and(|name| {
                name.starts_with(&prefix) && Path::new(name).extension() == Some(OsStr::new("part"))
            });
            if is_part && is_own(&entry.path(), Metadata::is_file) {
                n_removed += usize::from(sweep_part(&entry.path()));
            }
        }
        Ok(n_removed)
    }
}

impl Drop for PartFile {
    fn drop(&mut self) {
        if self.pid == process::id() {
            // It may have its name by now, or somebody else may have removed it.
            let _ = fs::remove_file(&self.path);
            forget(&self.path);
        }
    }
}

/// Removes every part of this process; what cannot be known before `until` stays for the next sweep.
pub(crate) fn remove_all(until: Instant) {
    let parts = LIVE.try_lock_until(until).map(|mut live| std::mem::take(&mut *live));
    for (pid, path) in parts.unwrap_or_default() {
        if pid == process::id() {
            // One that is gone was renamed or removed by its writer.
            let _ = fs::remove_file(path);
        }
    }
}

fn remember(pid: u32, path: &Path) {
    LIVE.lock().push((pid, path.to_owned()));
}

fn forget(path: &Path) {
    LIVE.lock().retain(|(_, other)| other != path);
}

/// A new file at `path`, locked; None where the name was taken, or a sweep took the file.
fn locked(path: &Path, access: Access) -> io::Result<Option<File>> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if access == Access::Owner {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    #[cfg(not(unix))]
    let _ = access;
    let file = match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(None),
        file => file?,
    };
    // Where locks keep others from writing (Windows), or there are none, parts are not swept.
    #[cfg(unix)]
    match file.try_lock() {
        Ok(()) if std::os::unix::fs::MetadataExt::nlink(&file.metadata()?) == 0 => return Ok(None),
        Ok(()) | Err(TryLockError::Error(_)) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
    }
    Ok(Some(file))
}

/// Sweeps `folder` at the first part of the write that `mark` stands for: a folder may have many entries.
fn sweep_for(folder: &Path, mark: &str) {
    let hash = rustc_hash::FxBuildHasher.hash_one((folder, mark));
    let mut swept = SWEPT.lock();
    let known = swept.get_or_insert_default();
    if known.len() >= SWEPT_MAX {
        known.clear();
    }
    if known.insert(hash) {
        drop(swept);
        sweep_place(folder);
    }
}

/// Removes what killed processes left in a folder that files are written to.
pub(crate) fn sweep_place(folder: &Path) {
    // What cannot be listed or removed now is left to the next write.
    drop(PartFile::sweep(folder));
    drop(sweep::sweep(folder));
}

/// Removes a part if its process is dead; whether it is gone.
fn sweep_part(path: &Path) -> bool {
    let Ok(file) = OpenOptions::new().write(true).open(path) else { return false };
    // Removed while the lock is held, for whoever is just making it to see.
    cfg!(unix) && file.try_lock().is_ok() && fs::remove_file(path).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_part_becomes_the_file_or_goes() {
        let folder = tempfile::tempdir().unwrap();
        let part = PartFile::create(folder.path(), "a", Access::Usual).unwrap();
        fs::write(part.path(), b"new").unwrap();
        fs::write(folder.path().join("file"), b"old").unwrap();
        part.keep_as(&folder.path().join("file")).unwrap();
        assert_eq!(fs::read(folder.path().join("file")).unwrap(), b"new");
        let part = PartFile::create(folder.path(), "b", Access::Usual).unwrap();
        assert!(part.keep_as(&folder.path().join("absent/file")).is_err());
        drop(PartFile::create(folder.path(), "c", Access::Owner).unwrap());
        assert_eq!(names(folder.path()), ["file"]);
    }

    #[test]
    #[cfg(unix)]
    fn a_sweep_takes_what_nobody_writes_any_more_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let live = PartFile::create(folder.path(), "live", Access::Usual).unwrap();
        let orphan = folder.path().join(format!(".raskt-{}-dead-0000000000000007.part", *HOST_TAG));
        let elsewhere = folder.path().join(".raskt-otherhst-dead-0000000000000007.part");
        let unrelated = folder.path().join("mine.part");
        for path in [&orphan, &elsewhere, &unrelated] {
            fs::write(path, b"").unwrap();
        }
        std::os::unix::fs::symlink(&unrelated, folder.path().join(format!(".raskt-{}-link.part", *HOST_TAG)))
            .unwrap();
        assert_eq!(PartFile::sweep(folder.path()).unwrap(), 1);
        assert!(!orphan.exists() && live.path().exists() && elsewhere.exists() && unrelated.exists());
    }

    #[test]
    #[cfg(unix)]
    fn a_write_sweeps_a_folder_once() {
        let folder = tempfile::tempdir().unwrap();
        let orphan = folder.path().join(format!(".raskt-{}-dead-0000000000000007.part", *HOST_TAG));
        for (mark, is_swept) in [("first", true), ("first", false), ("second", true)] {
            fs::write(&orphan, b"lost").unwrap();
            drop(PartFile::create(folder.path(), mark, Access::Usual).unwrap());
            assert_eq!(!orphan.exists(), is_swept, "{mark}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_part_that_is_being_made_survives_sweeps_without_pause() {
        let folder = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            let sweeper = scope.spawn(|| {
                for _ in 0..2000 {
                    // A part may go between listing and looking.
                    let _ = PartFile::sweep(folder.path());
                }
            });
            let mut at = 0;
            while !sweeper.is_finished() {
                let part = PartFile::create(folder.path(), "one", Access::Usual).unwrap();
                part.keep_as(&folder.path().join(format!("{}", at % 10))).unwrap();
                at += 1;
            }
        });
    }
}
