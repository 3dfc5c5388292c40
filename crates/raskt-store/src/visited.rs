//! Folders of files to be moved that other processes planned, and this one writes into: tasks get their paths alone.
//!
//! Where the process that planned one made it, that process holds the lock, and removes it. Otherwise those that write there
//! hold the lock together, so that a sweep leaves the folder alone while one of them lives; it does too while the process
//! lives that planned it (the name says which), which others may still write for.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process;

use raskt_core::ProcessLock;

use crate::sweep::{self, LOCK_NAME, STAGED};
use crate::termination;

/// The folders, each with the process that wrote there (another one in a forked child), and the shared lock, if any.
static VISITED: ProcessLock<Vec<(u32, PathBuf, Option<File>)>> = ProcessLock::new(Vec::new());

/// The staged folder that `path` lies in, if any.
fn staged_above(path: &Path) -> Option<&Path> {
    let is_staged = |folder: &&Path| {
        folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&format!("{STAGED}-")))
    };
    path.ancestors().find(is_staged)
}

/// Makes the folder at `path`, where what lies in a staged folder makes this process one of those that write there.
pub(crate) fn make(path: &Path) -> io::Result<()> {
    let Some(folder) = staged_above(path) else { return fs::create_dir_all(path) };
    let pid = process::id();
    let mut visited = VISITED.lock();
    if termination::is_terminating() {
        // The caller waits for the end.
        return Ok(());
    }
    fs::create_dir_all(path)?;
    visited.retain(|(by, folder, _)| *by == pid && folder.is_dir());
    if !visited.iter().any(|(_, known, _)| known == folder) {
        let lock = share_lock(folder, pid)?;
        visited.push((pid, folder.to_owned(), lock));
    }
    Ok(())
}

/// Takes the lock together with others; none where its maker has it, or the file system has no locks.
fn share_lock(folder: &Path, pid: u32) -> io::Result<Option<File>> {
    let mut file = OpenOptions::new().append(true).create(true).open(folder.join(LOCK_NAME))?;
    if file.try_lock_shared().is_err() {
        return Ok(None);
    }
    if file.metadata()?.len() == 0 {
        // What is empty is not swept.
        writeln!(file, "Raskt keeps files here while process {pid} or another one writes them.")?;
    }
    Ok(Some(file))
}

/// For a child process whose parent is gone: from here on nothing is made there, and what was made goes.
pub fn leave_nothing_for_parent() {
    termination::begin();
    // What is made before this lock is had is known, and nothing is made after it.
    let visited = std::mem::take(&mut *VISITED.lock());
    for (pid, folder, _) in visited {
        if pid == process::id() {
            sweep::remove_folder(&folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SpillFolder;

    #[test]
    fn folders_that_others_planned_are_kept_while_somebody_writes_there() {
        let parent = tempfile::tempdir().unwrap();
        // No system has a process of that number.
        let folder = parent.path().join(sweep::folder_name(STAGED, i32::MAX.cast_unsigned(), 7));
        make(&folder.join("files/k=1")).unwrap();
        fs::write(folder.join("files/k=1/part.0"), b"...").unwrap();
        assert_eq!(SpillFolder::sweep(parent.path()).unwrap(), 0);
        make(&folder.join("files/k=2")).unwrap();
        let position = VISITED.lock().iter().position(|(_, known, _)| *known == folder).unwrap();
        let (pid, _, lock) = VISITED.lock().swap_remove(position);
        assert!(pid == process::id() && lock.is_some());
        drop(lock);
        assert_eq!(SpillFolder::sweep(parent.path()).unwrap(), 1);
        assert!(!folder.exists());
    }

    #[test]
    fn the_lock_of_the_process_that_made_a_folder_is_left_alone() {
        let parent = tempfile::tempdir().unwrap();
        let staged = SpillFolder::create_staged(parent.path()).unwrap();
        let files = staged.made_path().unwrap().join("files");
        make(&files).unwrap();
        let visited = VISITED.lock();
        let (_, _, lock) = visited.iter().find(|(_, known, _)| files.starts_with(known)).unwrap();
        assert!(lock.is_none());
    }

    #[test]
    fn a_folder_that_nobody_holds_stays_while_the_process_lives_that_planned_it() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join(sweep::folder_name(STAGED, process::id(), 8));
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join(LOCK_NAME), b"Raskt keeps files here.").unwrap();
        assert_eq!(SpillFolder::sweep(parent.path()).unwrap(), 0);
        assert!(folder.is_dir());
    }
}
