//! Arrays in NumPy's files, read and written block by block.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use raskt_array::npy::{Head, Order, read, write};
use raskt_array::{ArrayError, Built, blockwise};
use raskt_core::{Error, ErrorKind, Fit};
use raskt_store::{Access, PartFile};

use super::create::cut;
use super::element::Element;
use super::expression::Array;
use crate::executor::{Executor, Options};

fn io_error(path: &Path, error: &io::Error) -> Error {
    ErrorKind::Io { path: path.display().to_string(), reason: error.to_string() }.into()
}

/// The file's name and what tells its states apart: its bytes, and when it was written.
fn state(path: &Path) -> Built<(PathBuf, [u64; 2])> {
    let failed = |error: io::Error| ArrayError::from(io_error(path, &error));
    let data = fs::metadata(path).map_err(failed)?;
    let written = data.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let stamp = [data.len(), written.map_or(0, |time| time.as_nanos().clamped())];
    Ok((fs::canonicalize(path).map_err(failed)?, stamp))
}

impl<T: Element> Array<T> {
    /// The array in a `.npy` file, of which each block is read when it is computed. `chunks` are the largest sizes of
    /// blocks, one an axis. Files of another dtype than `T`, and what is no such file, are arrays that say so.
    ///
    /// ```
    /// use raskt::array::Array;
    ///
    /// let place = std::env::temp_dir().join(format!("raskt-doc-{}.npy", std::process::id()));
    /// let x = Array::<f64>::arange(0, 12, 1, &[5]).reshape(&[3, 4]);
    /// x.write_npy(&place)?;
    /// let y = Array::<f64>::read_npy(&place, &[2, 3]);
    /// assert_eq!(y.sum_along(&[0]).compute()?.values(), [12.0, 15.0, 18.0, 21.0]);
    /// assert!(Array::<i32>::read_npy(&place, &[2, 3]).compute().is_err());
    /// # std::fs::remove_file(&place).unwrap();
    /// # Ok::<(), raskt::array::ArrayError>(())
    /// ```
    #[must_use]
    pub fn read_npy(path: impl AsRef<Path>, chunks: &[u64]) -> Self {
        Self::made(|builder| {
            let (path, stamp) = state(path.as_ref())?;
            let mut head = Head::of(&path)?;
            match head.order {
                Order::C => read(builder, &path, &head, &stamp, &cut(&head.shape, chunks)?),
                Order::Fortran => {
                    // It is the transposed array in C order.
                    head.shape.reverse();
                    let sizes: Vec<u64> = chunks.iter().rev().copied().collect();
                    let transposed = read(builder, &path, &head, &stamp, &cut(&head.shape, &sizes)?)?;
                    blockwise::transpose(builder, &transposed, None)
                }
            }
        })
    }

    /// Computes the array into a `.npy` file, block by block, on a thread a core. The file appears when all of it is
    /// written.
    ///
    /// # Errors
    /// As [`Array::compute`]; [`ErrorKind::Io`] where it cannot be written.
    pub fn write_npy(&self, path: impl AsRef<Path>) -> Built<()> {
        self.write_npy_on(path, &Executor::new(Options::default())?)
    }

    /// As [`Array::write_npy`], on threads that are there, within the bounds that they were given.
    ///
    /// # Errors
    /// As [`Array::write_npy`].
    pub fn write_npy_on(&self, path: impl AsRef<Path>, executor: &Executor) -> Built<()> {
        let path = path.as_ref();
        let failed = |error: io::Error| ArrayError::from(io_error(path, &error));
        let shape = self.shape()?;
        let (head, bytes) = Head::written(&T::DTYPE, &shape)
            .ok_or_else(|| ErrorKind::NotImplemented(format!("elements of {} in a .npy file", T::DTYPE)))
            .map_err(Error::from)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let part = PartFile::create(folder, "npy", Access::Usual).map_err(failed)?;
        fs::write(part.path(), bytes).map_err(failed)?;
        let item = T::DTYPE.item_bytes().unwrap_or(1) as u64;
        let end = head.start + shape.iter().product::<u64>() * item;
        let file = fs::OpenOptions::new().write(true).open(part.path()).map_err(failed)?;
        file.set_len(end).map_err(failed)?;
        let target = part.path().to_owned();
        Array::<bool>::made(|builder| write(builder, self.expr()?, &target, &head)).compute_on(executor)?;
        part.keep_as(path).map_err(failed)
    }
}
