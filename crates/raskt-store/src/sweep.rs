//! Removing what dead processes left: which folders may go, and how.
//!
//! A folder's name carries a tag of its host, so that folders of other hosts on a shared disk are never
//! looked into. Its process holds the lock on a file in it, and writes to that file once it does: a lock that
//! is free, on a file that is not empty, is of a process that died. So no clock and no process id has to be
//! trusted, and a folder that is just being made is left alone. The lock file goes last, so that a sweep that
//! is itself interrupted is continued by the next. (A process killed within the microseconds of making its
//! folder leaves an empty one.)
//!
//! A folder of files to be moved may have been made by others than the process that its name tells, which only planned it
//! (`visited.rs`): it stays while that one lives.

use std::fs::{self, Metadata, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::LazyLock;

pub(crate) const LOCK_NAME: &str = "lock";
/// What names of folders begin with: of the values of runs, of what bags keep in files, and of files that are moved to
/// the folder above when all are written, where nobody is to see them before.
pub(crate) const SPILL: &str = "raskt-spill";
pub(crate) const BAG: &str = "raskt-bag";
pub(crate) const STAGED: &str = ".raskt-staged";

/// Eight digits that tell this host from others, the same after a restart.
pub(crate) static HOST_TAG: LazyLock<String> = LazyLock::new(|| {
    let mut identity = host_name();
    identity.extend(fs::read("/etc/machine-id").unwrap_or_default());
    format!("{:08x}", crc32fast::hash(&identity))
});

#[cfg(unix)]
fn host_name() -> Vec<u8> {
    rustix::system::uname().nodename().to_bytes().to_vec()
}

#[cfg(not(unix))]
fn host_name() -> Vec<u8> {
    Vec::new()
}

pub(crate) fn folder_name(prefix: &str, pid: u32, random: u64) -> String {
    format!("{prefix}-{}-{pid}-{random:016x}", *HOST_TAG)
}

/// See [`crate::SpillFolder::sweep`].
pub(crate) fn sweep(parent: &Path) -> io::Result<usize> {
    let prefixes = [SPILL, BAG, STAGED].map(|prefix| format!("{prefix}-{}-", *HOST_TAG));
    let listing = match fs::read_dir(parent) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        listing => listing?,
    };
    let mut n_removed = 0;
    for entry in listing {
        let entry = entry?;
        let name = entry.file_name();
        let is_ours = prefixes.iter().any(|prefix| name.to_string_lossy().starts_with(prefix));
        if is_ours && is_own(&entry.path(), Metadata::is_dir) {
            n_removed += usize::from(!is_planned(&name.to_string_lossy()) && sweep_folder(&entry.path()));
        }
    }
    Ok(n_removed)
}

/// Whether `path` is of this user and of that kind; a link is neither a folder nor a file.
pub(crate) fn is_own(path: &Path, is_kind: fn(&Metadata) -> bool) -> bool {
    let Ok(metadata) = fs::symlink_metadata(path) else { return false };
    #[cfg(unix)]
    let own = std::os::unix::fs::MetadataExt::uid(&metadata) == rustix::process::geteuid().as_raw();
    #[cfg(not(unix))]
    let own = true;
    own && is_kind(&metadata)
}

/// Whether a folder of files to be moved is of a process that lives, which others may write there for.
#[cfg(unix)]
fn is_planned(name: &str) -> bool {
    let planned_by = name.strip_prefix(STAGED).and_then(|rest| rest.split('-').nth(2)?.parse().ok());
    let alive = |pid| rustix::process::test_kill_process(pid) != Err(rustix::io::Errno::SRCH);
    planned_by.and_then(rustix::process::Pid::from_raw).is_some_and(alive)
}

#[cfg(not(unix))]
fn is_planned(_name: &str) -> bool {
    false
}

/// Removes a folder if its process is dead; whether it is gone.
fn sweep_folder(path: &Path) -> bool {
    let Ok(lock) = OpenOptions::new().write(true).open(path.join(LOCK_NAME)) else { return false };
    let made = lock.metadata().is_ok_and(|metadata| metadata.len() > 0);
    made && lock.try_lock().is_ok() && remove_folder(path)
}

/// Removes a folder and all in it, the lock file last; whether this call did it. Tried again where a writer
/// that did not know yet put a file in meanwhile.
pub(crate) fn remove_folder(path: &Path) -> bool {
    (0..3).any(|_| {
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            if entry.file_name() != LOCK_NAME {
                // What cannot be removed makes the folder's own removal fail.
                let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
                let _ =
                    if is_folder { fs::remove_dir_all(entry.path()) } else { fs::remove_file(entry.path()) };
            }
        }
        fs::remove_dir_all(path).is_ok()
    })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::SpillFolder;

    /// A folder as a killed process leaves it: the lock file is there, the lock is not held.
    fn orphan(parent: &Path, name: &str) -> PathBuf {
        let path = parent.join(name);
        fs::create_dir(&path).unwrap();
        fs::write(path.join(LOCK_NAME), b"Raskt spilled here.").unwrap();
        fs::write(path.join("0.value"), b"lost").unwrap();
        path
    }

    #[test]
    fn only_folders_of_dead_processes_of_this_host_are_swept() {
        let parent = tempfile::tempdir().unwrap();
        let live = SpillFolder::create(parent.path()).unwrap();
        let kept = live.new_file(1).unwrap().path;
        fs::write(&kept, b"needed").unwrap();
        let dead = orphan(parent.path(), &folder_name(SPILL, 1, 7));
        let dead_bag = orphan(parent.path(), &folder_name(BAG, 1, 7));
        let dead_staged = orphan(parent.path(), &folder_name(STAGED, i32::MAX.cast_unsigned(), 7));
        fs::create_dir_all(dead_staged.join("files/k=1")).unwrap();
        fs::write(dead_staged.join("files/k=1/part"), b"lost").unwrap();
        let half_made = parent.path().join(folder_name(SPILL, 1, 8));
        fs::create_dir(&half_made).unwrap();
        fs::write(half_made.join(LOCK_NAME), b"").unwrap();
        let elsewhere = orphan(parent.path(), "raskt-spill-otherhst-1-0000000000000007");
        let unrelated = orphan(parent.path(), "mine");
        assert_eq!(SpillFolder::sweep(parent.path()).unwrap(), 3);
        assert!(!dead.exists() && !dead_bag.exists() && !dead_staged.exists() && half_made.exists());
        assert!(kept.exists() && elsewhere.exists() && unrelated.exists());
    }

    #[test]
    #[cfg(unix)]
    fn a_link_to_a_folder_is_not_followed() {
        let (parent, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let precious = orphan(target.path(), "precious");
        std::os::unix::fs::symlink(&precious, parent.path().join(folder_name(SPILL, 1, 7))).unwrap();
        assert_eq!(SpillFolder::sweep(parent.path()).unwrap(), 0);
        assert!(precious.join("0.value").exists());
    }

    #[test]
    fn sweeping_where_nothing_is_finds_nothing() {
        let parent = tempfile::tempdir().unwrap();
        assert_eq!(SpillFolder::sweep(&parent.path().join("absent")).unwrap(), 0);
    }
}
