//! Arrays in zarr stores that are folders, read and written block by block.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use raskt_array::zarr::{Place, read, write};
use raskt_array::{ArrayError, Built};
use raskt_core::chunk::{AxisChunks, Chunks};
use raskt_core::{Error, ErrorKind, Fit, Param};
use raskt_zarr::{Creation, Empty, create};

pub use raskt_zarr::Compressor;

use super::create::cut;
use super::element::Element;
use super::expression::Array;
use crate::executor::{Executor, Options};

/// How a new store is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZarrOptions {
    /// The lengths of chunks; `None`: those of the array's blocks.
    pub chunks: Option<Vec<u64>>,
    /// The lengths of shards, multiples of those of chunks; `None`: every chunk has a file of its own.
    pub shards: Option<Vec<u64>>,
    /// How chunks are compressed.
    pub compressor: Compressor,
}

impl Default for ZarrOptions {
    /// Chunks as the array's blocks, compressed by zstd.
    fn default() -> Self {
        Self { chunks: None, shards: None, compressor: Compressor::Zstd(0) }
    }
}

fn system(path: &Path, error: &io::Error) -> ArrayError {
    Error::from(ErrorKind::System { what: path.display().to_string(), reason: error.to_string() }).into()
}

/// The text of the metadata in `folder`, and when it was written.
fn metadata(folder: &Path) -> Built<(String, Param)> {
    let failed = |path: &Path, error: &io::Error| system(path, error);
    let names = ["zarr.json", ".zarray"].map(|name| folder.join(name));
    let path = names.iter().find(|path| path.exists()).unwrap_or(&names[0]);
    let text = fs::read_to_string(path).map_err(|error| failed(path, &error))?;
    let written =
        fs::metadata(path).and_then(|data| data.modified()).map_err(|error| failed(path, &error))?;
    let written = written.duration_since(std::time::UNIX_EPOCH).map_or(0, |time| time.as_nanos().clamped());
    Ok((text, Param::Int(written)))
}

impl<T: Element> Array<T> {
    /// The array in a folder that is a zarr store, of format 2 or 3, of which each block is read when it is computed.
    /// Blocks are as the store's files: chunks, or shards. Stores of another dtype than `T`, and what is no store that
    /// this crate reads, are arrays that say so.
    ///
    /// ```
    /// use raskt::array::{Array, ZarrOptions};
    ///
    /// let folder = std::env::temp_dir().join(format!("raskt-doc-{}", std::process::id()));
    /// std::fs::create_dir_all(&folder)?;
    /// let rows = Array::<f64>::arange(0, 1200, 1, &[600]).reshape(&[30, 40]).rechunk(&[10, 40]);
    /// rows.write_zarr(folder.join("rows.zarr"))?;
    /// // Rows become columns, in another store, within memory.
    /// let columns = Array::<f64>::read_zarr(folder.join("rows.zarr")).rechunk(&[30, 8]);
    /// let options = ZarrOptions { chunks: Some(vec![10, 8]), shards: Some(vec![30, 8]), ..Default::default() };
    /// columns.write_zarr_with(folder.join("columns.zarr"), &options)?;
    /// // A matrix of both, written for NumPy.
    /// let product = Array::<f64>::read_zarr(folder.join("columns.zarr")).t().matmul(&rows);
    /// product.write_npy(folder.join("product.npy"))?;
    /// let found = Array::<f64>::read_npy(folder.join("product.npy"), &[20, 20]);
    /// assert_eq!(found.sum().value()?, product.sum().value()?);
    /// assert!(Array::<i32>::read_zarr(folder.join("rows.zarr")).compute().is_err());
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn read_zarr(folder: impl AsRef<Path>) -> Self {
        Self::made(|builder| {
            let folder =
                fs::canonicalize(folder.as_ref()).map_err(|error| system(folder.as_ref(), &error))?;
            let (text, stamp) = metadata(&folder)?;
            let place = Place { folder: &folder, metadata: &text };
            let layout = place.layout()?;
            read(builder, &place, stamp, &cut(layout.shape(), &layout.unit())?)
        })
    }

    /// Computes the array into a new folder that is a zarr store of format 3, block by block, on a thread a core. The
    /// folder appears when all of it is written.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] where something is at `folder`, and for blocks of several lengths along an axis, of
    /// which no chunks can be made; as [`Array::compute`]; [`ErrorKind::System`] where it cannot be written.
    pub fn write_zarr(&self, folder: impl AsRef<Path>) -> Built<()> {
        self.write_zarr_with(folder, &ZarrOptions::default())
    }

    /// As [`Array::write_zarr`], with chunks, shards and a compressor of one's own.
    ///
    /// # Errors
    /// As [`Array::write_zarr`]; for lengths that no store has.
    pub fn write_zarr_with(&self, folder: impl AsRef<Path>, options: &ZarrOptions) -> Built<()> {
        self.write_zarr_on(folder, options, &Executor::new(Options::default())?)
    }

    /// As [`Array::write_zarr_with`], on threads that are there, within the bounds that they were given.
    ///
    /// # Errors
    /// As [`Array::write_zarr_with`].
    pub fn write_zarr_on(
        &self,
        folder: impl AsRef<Path>,
        options: &ZarrOptions,
        executor: &Executor,
    ) -> Built<()> {
        let folder = folder.as_ref();
        if folder.exists() {
            let what = format!("{}: there is something already; write to a new folder", folder.display());
            return Err(ArrayError::value(what));
        }
        let shape = self.shape()?;
        let chunks = match &options.chunks {
            Some(chunks) => chunks.clone(),
            None => regular(&self.chunks()?)?,
        };
        let unfinished = Unfinished::beside(folder)?;
        let mut creation = Creation::new(T::DTYPE, &shape, &chunks);
        creation.shards.clone_from(&options.shards);
        creation.compressor = options.compressor;
        let layout = create(&unfinished.0, &creation)?;
        let (text, _) = metadata(&unfinished.0)?;
        let place = Place { folder: &unfinished.0, metadata: &text };
        let fitted = match fits(&self.chunks()?, &layout.unit()) {
            true => self.clone(),
            false => self.rechunk(&layout.unit()),
        };
        let starts = vec![0; shape.len()];
        Array::<bool>::made(|builder| write(builder, fitted.expr()?, &place, &starts, Empty::LeftOut))
            .compute_on(executor)?;
        fs::rename(&unfinished.0, folder).map_err(|error| system(folder, &error))
    }
}

/// The lengths of chunks that are blocks.
fn regular(blocks: &Chunks) -> Built<Vec<u64>> {
    let axis = |(at, axis): (usize, &AxisChunks)| {
        let mut sizes = axis.chunks().filter_map(|chunk| chunk.range()).map(|range| range.end - range.start);
        let first = sizes.next().unwrap_or(1);
        let sizes: Vec<u64> = sizes.collect();
        let is_regular = sizes
            .split_last()
            .is_none_or(|(last, inner)| *last <= first && inner.iter().all(|&size| size == first));
        match is_regular {
            true => Ok(first.max(1)),
            false => Err(ArrayError::value(format!(
                "zarr has chunks of one length along an axis, found others along axis {at}: call rechunk first, or say \
                 chunks"
            ))),
        }
    };
    blocks.axes().iter().enumerate().map(axis).collect()
}

/// Whether no file of a store has parts of two blocks in it.
fn fits(blocks: &Chunks, unit: &[u64]) -> bool {
    blocks.axes().iter().zip(unit).all(|(axis, unit)| {
        axis.chunks().filter_map(|chunk| chunk.range()).all(|range| range.start % unit == 0)
    })
}

/// A folder that is removed unless it was renamed.
struct Unfinished(PathBuf);

impl Unfinished {
    fn beside(folder: &Path) -> Built<Self> {
        let missing = || ArrayError::value(format!("{}: no name of a folder", folder.display()));
        let mut name = folder.file_name().ok_or_else(missing)?.to_owned();
        name.push(format!(".{}.part", std::process::id()));
        let unfinished = folder.with_file_name(name);
        fs::create_dir_all(&unfinished).map_err(|error| system(&unfinished, &error))?;
        let unfinished = fs::canonicalize(&unfinished).map_err(|error| system(&unfinished, &error))?;
        Ok(Self(unfinished))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // After the rename there is nothing of that name.
        drop(fs::remove_dir_all(&self.0));
    }
}
