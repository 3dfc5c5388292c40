//! The file of one value: an image, written and read whole.

use std::fmt;
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use raskt_core::{Payload, Result};

use crate::SpillFolder;
use crate::image::{
    GATHER_BYTES, Stamp, corrupt, image_bytes, io_error, read_image, write_error, write_image,
};

/// A value's file. The last clone removes it when it is dropped: do that without holding a lock.
#[derive(Clone)]
pub struct SpilledFile(Arc<Inner>);

struct Inner {
    path: PathBuf,
    bytes: u64,
    stamp: Stamp,
    folder: Arc<SpillFolder>,
}

impl SpilledFile {
    /// Writes `payload` to a new file of `folder`; what was written is removed if that fails. `slot` is whatever number the
    /// value goes by: it is checked when the file is read.
    ///
    /// # Errors
    /// [`raskt_core::ErrorKind::DiskFull`] or [`raskt_core::ErrorKind::Io`], naming folder or file.
    pub fn write(payload: &Payload, folder: &Arc<SpillFolder>, slot: u32) -> Result<Self> {
        let bytes = image_bytes(payload);
        let place = folder.new_file(bytes)?;
        let stamp = Stamp { folder: place.folder, file: place.file, slot: u64::from(slot) };
        // From here on, dropping `file` removes what was written.
        let file = Self(Arc::new(Inner { path: place.path, bytes, stamp, folder: Arc::clone(folder) }));
        let written = folder.device().create(&file.0.path).and_then(|sink| {
            let mut sink = BufWriter::with_capacity(GATHER_BYTES, sink);
            write_image(&mut sink, payload, stamp)?;
            sink.flush()
        });
        match written {
            Ok(()) => Ok(file),
            Err(error) => {
                let path = &file.0.path;
                Err(write_error(&error, path, path.parent().unwrap_or(path), bytes))
            }
        }
    }

    /// Reads the payload back.
    ///
    /// # Errors
    /// [`raskt_core::ErrorKind::Corrupt`] or [`raskt_core::ErrorKind::Io`], naming the file.
    pub fn read(&self) -> Result<Payload> {
        let path = &self.0.path;
        let (source, bytes) = self.0.folder.device().open(path).map_err(|error| io_error(&error, path))?;
        if bytes != self.0.bytes {
            return Err(corrupt(path, &format!("{bytes} bytes long, {} were written", self.0.bytes)));
        }
        read_image(&mut BufReader::with_capacity(GATHER_BYTES, source), bytes, self.0.stamp, path)
    }

    /// The length of the file.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.0.bytes
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }
}

impl fmt::Debug for SpilledFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SpilledFile({}, {} bytes)", self.0.path.display(), self.0.bytes)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.folder.remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use raskt_core::ErrorKind;

    use super::*;
    use crate::image::{PART_BYTES, PROLOGUE_BYTES};

    fn payload() -> Payload {
        let large: Vec<u8> = (0..PART_BYTES + 77).map(|i| (i % 251) as u8).collect();
        Payload { header: b"head".to_vec(), buffers: vec![large.into(), Vec::new().into(), vec![7].into()] }
    }

    fn spilled(folder: &tempfile::TempDir) -> (Arc<SpillFolder>, SpilledFile) {
        let folder = SpillFolder::create(folder.path()).unwrap();
        let file = SpilledFile::write(&payload(), &folder, 3).unwrap();
        (folder, file)
    }

    #[test]
    fn what_was_written_is_read_back_and_the_last_clone_removes_the_file() {
        let parent = tempfile::tempdir().unwrap();
        let (_folder, file) = spilled(&parent);
        let path = file.path().to_owned();
        assert_eq!(std::fs::metadata(&path).unwrap().len(), file.size_bytes());
        assert_eq!(file.read().unwrap(), payload());
        let clone = file.clone();
        drop(file);
        assert!(path.exists());
        drop(clone);
        assert!(!path.exists());
    }

    #[test]
    fn every_damaged_byte_is_noticed() {
        let parent = tempfile::tempdir().unwrap();
        let (_folder, file) = spilled(&parent);
        let whole = std::fs::read(file.path()).unwrap();
        let places = (0..80).chain((80..whole.len()).step_by(9973)).chain(whole.len() - 8..whole.len());
        for at in places {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x40;
            std::fs::write(file.path(), &bytes).unwrap();
            let error = file.read().unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Corrupt(_)), "byte {at}: {error}");
            assert!(error.to_string().contains(file.path().to_str().unwrap()));
        }
    }

    #[test]
    fn a_whole_file_of_another_value_is_refused() {
        let (parent, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (folder, file) = spilled(&parent);
        let own = std::fs::read(file.path()).unwrap();
        let (_other_folder, of_other_run) = spilled(&elsewhere);
        let of_other_slot = SpilledFile::write(&payload(), &folder, 4).unwrap();
        let earlier_of_slot = SpilledFile::write(&payload(), &folder, 3).unwrap();
        for other in [of_other_run, of_other_slot, earlier_of_slot] {
            std::fs::copy(other.path(), file.path()).unwrap();
            let error = file.read().unwrap_err();
            assert!(error.to_string().contains("another value"), "{error}");
        }
        std::fs::write(file.path(), own).unwrap();
        assert_eq!(file.read().unwrap(), payload());
    }

    #[test]
    fn a_file_of_another_length_is_corrupt_and_a_missing_one_an_io_error() {
        let parent = tempfile::tempdir().unwrap();
        let (_folder, file) = spilled(&parent);
        let whole = std::fs::read(file.path()).unwrap();
        for length in [0, 1, PROLOGUE_BYTES, whole.len() - 1] {
            std::fs::write(file.path(), &whole[..length]).unwrap();
            assert!(matches!(file.read().unwrap_err().kind(), ErrorKind::Corrupt(_)));
        }
        let longer = [whole.as_slice(), b"more"].concat();
        std::fs::write(file.path(), longer).unwrap();
        assert!(matches!(file.read().unwrap_err().kind(), ErrorKind::Corrupt(_)));
        std::fs::remove_file(file.path()).unwrap();
        let error = file.read().unwrap_err();
        let ErrorKind::Io { path, .. } = error.kind() else { panic!("{error}") };
        assert_eq!(path, file.path().to_str().unwrap());
    }
}
