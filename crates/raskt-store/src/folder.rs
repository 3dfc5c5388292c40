//! The folder that a process keeps files in: its own, locked while it lives, removed with it.
//!
//! The folder is made when it is first needed. Its name says which host and process it belongs to; a lock on a
//! file in it says whether that process lives, so that [`SpillFolder::sweep`] finds what `kill -9` left.
//! A forked child that inherits one never touches it: it compares process ids, and makes its own.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Weak};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use raskt_core::{ProcessLock, Result};

use crate::image::{io_error, write_error};
use crate::sweep::{self, LOCK_NAME};
use crate::{Disk, SpillDevice, part, termination, visited};

/// Every folder of this process, for [`remove_all_scratch`].
static LIVE: ProcessLock<Vec<Weak<SpillFolder>>> = ProcessLock::new(Vec::new());

/// A folder for spill files under a parent, removed when the last reference goes.
pub struct SpillFolder {
    parent: PathBuf,
    /// What its name begins with.
    prefix: &'static str,
    /// The process that planned it, and the number in its name there.
    planned: (u32, u64),
    device: Box<dyn SpillDevice>,
    state: Mutex<State>,
    n_files: AtomicU64,
}

enum State {
    /// Nothing was spilled yet.
    Planned,
    /// The folder is there, and `lock` is held.
    Made { path: PathBuf, pid: u32, number: u64, keeper: Keeper },
    /// Removed for good.
    Closed,
}

/// Whose a folder is.
enum Keeper {
    /// This process's, which holds the lock where the file system has any.
    This { _lock: Option<File> },
    /// Another process's, which removes it: files here stay when this process ends.
    Other,
}

/// A file that is not there yet.
pub(crate) struct NewFile {
    pub path: PathBuf,
    /// The random number of the folder.
    pub folder: u64,
    /// The number of the file among those that the folder ever had.
    pub file: u64,
}

impl SpillFolder {
    /// Plans a folder under `parent`; it is made at the first spill.
    ///
    /// # Errors
    /// [`raskt_core::ErrorKind::Io`] where `parent` is there and is no folder.
    ///
    /// ```
    /// # fn main() -> raskt_core::Result<()> {
    /// let folder = raskt_store::SpillFolder::create(&std::env::temp_dir())?;
    /// assert_eq!(folder.path(), None);
    /// # Ok(()) }
    /// ```
    pub fn create(parent: &Path) -> Result<Arc<Self>> {
        must_not_be_a_file(parent)?;
        Ok(Self::with_device(parent, Disk))
    }

    /// The same for the files of a bag's computation, which others name: [`SpillFolder::made_path`] makes it.
    ///
    /// # Errors
    /// As [`SpillFolder::create`].
    pub fn create_for_bag(parent: &Path) -> Result<Arc<Self>> {
        must_not_be_a_file(parent)?;
        Ok(Self::registered(parent, sweep::BAG, Box::new(Disk)))
    }

    /// The same for files that are moved into `parent` when all are written: see [`make_staged`].
    ///
    /// # Errors
    /// As [`SpillFolder::create`].
    pub fn create_staged(parent: &Path) -> Result<Arc<Self>> {
        must_not_be_a_file(parent)?;
        Ok(Self::registered(parent, sweep::STAGED, Box::new(Disk)))
    }

    /// The same on a device of the caller's: for tests of what a disk may do.
    #[must_use]
    pub fn with_device(parent: &Path, device: impl SpillDevice + 'static) -> Arc<Self> {
        Self::registered(parent, sweep::SPILL, Box::new(device))
    }

    /// The folder of another process, at `path`, which removes it with all that this process writes there. What this
    /// process wrote stays when it ends, and one file goes when nobody in this process holds it.
    ///
    /// # Errors
    /// [`raskt_core::ErrorKind::Io`] where there is no such folder.
    pub fn of_other_process(path: &Path) -> Result<Arc<Self>> {
        if !path.is_dir() {
            return Err(io_error(&io::ErrorKind::NotFound.into(), path));
        }
        let pid = process::id();
        let made = State::Made {
            path: path.to_owned(),
            pid,
            number: RandomState::new().hash_one(pid),
            keeper: Keeper::Other,
        };
        Ok(Arc::new(Self {
            parent: path.to_owned(),
            prefix: "",
            planned: (pid, 0),
            device: Box::new(Disk),
            state: Mutex::new(made),
            n_files: AtomicU64::new(0),
        }))
    }

    fn registered(parent: &Path, prefix: &'static str, device: Box<dyn SpillDevice>) -> Arc<Self> {
        let pid = process::id();
        let folder = Arc::new(Self {
            parent: parent.to_owned(),
            prefix,
            planned: (pid, RandomState::new().hash_one(pid)),
            device,
            state: Mutex::new(State::Planned),
            n_files: AtomicU64::new(0),
        });
        // By whoever has the GIL: no thread may be at this when the process is forked.
        LazyLock::force(&sweep::HOST_TAG);
        let mut live = LIVE.lock();
        live.retain(|weak| weak.strong_count() > 0);
        live.push(Arc::downgrade(&folder));
        folder
    }

    /// Removes the folders under `parent` that dead processes of this user on this host left behind, and
    /// says how many; never one whose process lives.
    ///
    /// # Errors
    /// [`raskt_core::ErrorKind::Io`] where `parent` cannot be listed; one that is not there is empty.
    pub fn sweep(parent: &Path) -> Result<usize> {
        sweep::sweep(parent).map_err(|error| io_error(&error, parent))
    }

    /// Where the folder is, once it was made.
    #[must_use]
    pub fn path(&self) -> Option<PathBuf> {
        match &*self.state.lock() {
            State::Made { path, .. } => Some(path.clone()),
            State::Planned | State::Closed => None,
        }
    }

    /// Where this process will have the folder, or has it.
    #[must_use]
    pub fn planned_path(&self) -> PathBuf {
        let (pid, number) = self.planned;
        self.parent.join(sweep::folder_name(self.prefix, pid, number))
    }

    /// Where the folder is; it is made if need be.
    ///
    /// # Errors
    /// [`raskt_core::ErrorKind::Io`] where it cannot be made, or was removed.
    pub fn made_path(&self) -> Result<PathBuf> {
        self.with_made(0, |path, _| path.to_owned())
    }

    /// Removes the folder with all files, now and for good: later spills fail, later reads too.
    pub fn remove(&self) {
        let state = std::mem::replace(&mut *self.state.lock(), State::Closed);
        remove_made(state, &*self.device);
    }

    /// In a forked child: lets go of the parent's folder without removing it; the next spill makes another.
    /// Only the thread that forked may call it. A child that does not call it removes nothing either.
    pub fn forget_after_fork(&self) {
        // A thread that exists only in the parent may hold the lock; then this child cannot spill at all.
        let Some(mut state) = self.state.try_lock() else { return };
        if matches!(&*state, State::Made { pid, .. } if *pid != process::id()) {
            *state = State::Planned;
        }
    }

    pub(crate) fn device(&self) -> &dyn SpillDevice {
        &*self.device
    }

    /// A place for a file of so many bytes; makes the folder if need be.
    pub(crate) fn new_file(&self, bytes: u64) -> Result<NewFile> {
        let file = self.n_files.fetch_add(1, Ordering::Relaxed);
        self.with_made(bytes, |path, number| NewFile {
            // The number tells the files of several processes apart.
            path: path.join(format!("{number:016x}-{file}.value")),
            folder: number,
            file,
        })
    }

    /// What `take` makes of path and number of the folder, which is made if need be for so many bytes.
    fn with_made<T>(&self, bytes: u64, take: impl FnOnce(&Path, u64) -> T) -> Result<T> {
        termination::wait_if_terminating();
        let mut state = self.state.lock();
        let made_here = matches!(&*state, State::Made { pid, .. } if *pid == process::id());
        if !made_here && !matches!(&*state, State::Closed) {
            *state = self.make().map_err(|error| write_error(&error, &self.parent, &self.parent, bytes))?;
        }
        if termination::is_terminating() {
            // What was made too late for the removal of everything goes here.
            let state = std::mem::replace(&mut *state, State::Closed);
            remove_made(state, &*self.device);
        }
        match &*state {
            State::Made { path, number, .. } => Ok(take(path, *number)),
            State::Planned | State::Closed => {
                drop(state);
                termination::wait_if_terminating();
                Err(io_error(&io::Error::other("the spill folder was removed"), &self.parent))
            }
        }
    }

    /// Removes one file, unless it is another process's (this one is a forked child) or gone already.
    pub(crate) fn remove_file(&self, path: &Path) {
        let ours = match &*self.state.lock() {
            State::Made { path: folder, pid, .. } => *pid == process::id() && path.starts_with(folder),
            State::Planned | State::Closed => false,
        };
        if ours {
            // Nothing can be done about a file that stays: the folder's removal will take it.
            let _ = self.device.remove(path);
        }
    }

    fn make(&self) -> io::Result<State> {
        let pid = process::id();
        let (planned_by, planned) = self.planned;
        // A forked child has a folder of its own.
        let number = if pid == planned_by { planned } else { RandomState::new().hash_one(pid) };
        let path = self.parent.join(sweep::folder_name(self.prefix, pid, number));
        if !self.device.needs_folder() {
            return Ok(State::Made { path, pid, number, keeper: Keeper::This { _lock: None } });
        }
        fs::create_dir_all(&self.parent)?;
        if self.prefix == sweep::STAGED {
            part::sweep_place(&self.parent);
        }
        termination::watch();
        private_folder(&path)?;
        match lock_folder(&path) {
            Ok(lock) => Ok(State::Made { path, pid, number, keeper: Keeper::This { _lock: Some(lock) } }),
            Err(error) => {
                sweep::remove_folder(&path);
                Err(error)
            }
        }
    }
}

impl Drop for SpillFolder {
    fn drop(&mut self) {
        let state = std::mem::replace(self.state.get_mut(), State::Closed);
        remove_made(state, &*self.device);
    }
}

/// Removes every folder and every unfinished file of this process, for good: for the end of the process, where
/// values that nobody drops any more would keep them alive. In a forked child those of the parent stay.
pub fn remove_all_scratch() {
    // A thread that is gone (fork, interpreter teardown) may hold a lock for ever: what it holds is left to the next
    // sweep.
    let until = Instant::now() + Duration::from_secs(1);
    let folders = LIVE.try_lock_until(until).map(|mut live| std::mem::take(&mut *live));
    for folder in folders.unwrap_or_default().iter().filter_map(Weak::upgrade) {
        if let Some(mut state) = folder.state.try_lock_until(until) {
            let state = std::mem::replace(&mut *state, State::Closed);
            remove_made(state, &*folder.device);
        }
    }
    part::remove_all(until);
}

/// Makes the folder at `path` and those above it. One of them that this process planned by
/// [`SpillFolder::create_staged`] is made as that, so that it does not outlive the process; what others planned stays while they
/// live, or somebody who wrote there.
///
/// # Errors
/// [`raskt_core::ErrorKind::Io`] where it cannot be made.
///
/// ```
/// # fn main() -> raskt_core::Result<()> {
/// let target = tempfile::tempdir().expect("a place for temporary folders");
/// let staged = raskt_store::SpillFolder::create_staged(target.path())?;
/// let files = staged.planned_path().join("files");
/// raskt_store::make_staged(&files)?;
/// std::fs::write(files.join("part.0"), b"...").expect("there is place");
/// drop(staged);
/// assert!(!files.exists());
/// # Ok(()) }
/// ```
pub fn make_staged(path: &Path) -> Result<()> {
    termination::wait_if_terminating();
    let known: Vec<_> = LIVE.lock().iter().filter_map(Weak::upgrade).collect();
    let is_above = |folder: &&Arc<SpillFolder>| {
        folder.prefix == sweep::STAGED && path.starts_with(folder.planned_path())
    };
    let planned = known.iter().find(is_above);
    planned.map(|folder| folder.made_path()).transpose()?;
    let made = match planned {
        Some(_) => fs::create_dir_all(path),
        None => visited::make(path),
    };
    if let Some(folder) = planned.filter(|_| termination::is_terminating()) {
        // What was made after everything had been removed.
        sweep::remove_folder(&folder.planned_path());
    }
    if made.is_err() || termination::is_terminating() {
        termination::wait_if_terminating();
    }
    made.map_err(|error| io_error(&error, path))
}

fn must_not_be_a_file(parent: &Path) -> Result<()> {
    if parent.exists() && !parent.is_dir() {
        return Err(io_error(&io::ErrorKind::NotADirectory.into(), parent));
    }
    Ok(())
}

fn remove_made(state: State, device: &dyn SpillDevice) {
    let State::Made { path, pid, keeper: Keeper::This { _lock }, .. } = state else { return };
    if pid == process::id() && device.needs_folder() {
        sweep::remove_folder(&path);
    }
}

fn private_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// The lock file of a fresh folder, locked. It is empty until the lock is held: what is empty is not swept.
fn lock_folder(path: &Path) -> io::Result<File> {
    let mut lock = File::create_new(path.join(LOCK_NAME))?;
    match lock.try_lock() {
        // A file system without locks: nobody can take one there, so nobody will sweep it either.
        Ok(()) | Err(TryLockError::Error(_)) => {}
        Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::ResourceBusy.into()),
    }
    writeln!(lock, "Raskt keeps files here while process {} lives.", process::id())?;
    Ok(lock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_private_made_when_needed_and_gone_when_dropped() {
        let parent = tempfile::tempdir().unwrap();
        let folder = SpillFolder::create(&parent.path().join("deep/er")).unwrap();
        assert_eq!(folder.path(), None);
        let file = folder.new_file(1).unwrap().path;
        let path = folder.path().unwrap();
        assert!(file.starts_with(&path) && path.is_dir());
        #[cfg(unix)]
        assert_eq!(
            std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions()) & 0o777,
            0o700
        );
        fs::write(&file, b"x").unwrap();
        drop(folder);
        assert!(!path.exists() && parent.path().join("deep/er").is_dir());
    }

    #[test]
    fn a_removed_folder_refuses_spills() {
        let parent = tempfile::tempdir().unwrap();
        let folder = SpillFolder::create(parent.path()).unwrap();
        folder.new_file(1).unwrap();
        folder.remove();
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
        let Err(error) = folder.new_file(1) else { panic!("it is closed") };
        assert!(error.to_string().contains("removed"), "{error}");
    }

    #[test]
    fn a_parent_that_is_no_folder_or_cannot_be_made_is_named() {
        let parent = tempfile::tempdir().unwrap();
        let file = parent.path().join("file");
        fs::write(&file, b"").unwrap();
        let Err(error) = SpillFolder::create(&file) else { panic!("a file is no folder") };
        assert!(error.to_string().contains("file"), "{error}");
        let Err(error) = SpillFolder::create(&file.join("below")).unwrap().new_file(1) else {
            panic!("no folder")
        };
        assert!(error.to_string().contains("below"), "{error}");
    }
}
