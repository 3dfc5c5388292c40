//! An array in a folder: which files its elements are in, and regions of them.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use raskt_core::{Buffer, DType, Error, ErrorKind, Fit, Result};

use crate::fault::{Fault, Tried};
use crate::file::{self, Source};
use crate::fill::Fill;
use crate::metadata;
use crate::pipeline::{Pipeline, Place, View, distance, lengths};
use crate::shard::{covering, for_each_index, part};
use crate::strided::{self, Steps, c_steps};

/// What is done with chunks of fill values only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Empty {
    /// They have no file: one that is there is removed.
    LeftOut,
    /// They are written as others are.
    Written,
}

/// How files of chunks are called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Keys {
    /// Whether names begin with `c`, as those of format 3 do.
    pub(crate) has_prefix: bool,
    pub(crate) separator: char,
}

impl Keys {
    fn key(&self, index: &[usize]) -> String {
        let numbers = index.iter().map(usize::to_string);
        let parts: Vec<String> = if self.has_prefix {
            std::iter::once("c".to_owned()).chain(numbers).collect()
        } else {
            numbers.collect()
        };
        match parts.is_empty() {
            true => "0".to_owned(),
            false => parts.join(&self.separator.to_string()),
        }
    }
}

/// An array in a folder, as its metadata describes it.
///
/// ```
/// use raskt_core::DType;
/// use raskt_zarr::{Creation, Empty, Layout, create};
///
/// let folder = std::env::temp_dir().join(format!("raskt-zarr-doc-{}", std::process::id()));
/// let layout = create(&folder, &Creation::new(DType::UInt8, &[4, 4], &[2, 2]))?;
/// layout.write(&[1..3, 0..2], &[1, 2, 3, 4], Empty::LeftOut, || Ok(()))?;
/// let mut row = [0; 4];
/// Layout::open(&folder)?.read(&[2..3, 0..4], &mut row, || Ok(()))?;
/// assert_eq!(row, [3, 4, 0, 0]);
/// # std::fs::remove_dir_all(&folder).unwrap();
/// # Ok::<(), raskt_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    pub(crate) folder: PathBuf,
    pub(crate) dtype: DType,
    pub(crate) shape: Vec<u64>,
    /// The lengths of chunks of shards, or of what is stored in a file.
    pub(crate) keys: Keys,
    pub(crate) pipeline: Pipeline,
    pub(crate) fill: Fill,
}

/// Files of which only a part is written are read, changed and written again: one task at a time for each of these.
static PARTLY_WRITTEN: [Mutex<()>; 64] = [const { Mutex::new(()) }; 64];

fn only_writer(path: &Path) -> MutexGuard<'static, ()> {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    let at = hasher.finish() % PARTLY_WRITTEN.len() as u64;
    // What a task that panicked left is a file that is whole: nothing else is kept here.
    PARTLY_WRITTEN[at.fit::<usize>()].lock().unwrap_or_else(PoisonError::into_inner)
}

impl Layout {
    /// The array in `folder` with this metadata: the text of `zarr.json`, or of `.zarray`.
    ///
    /// # Errors
    /// [`ErrorKind::NotImplemented`] for what this crate does not read; [`ErrorKind::Damaged`] for what is no metadata.
    pub fn new(folder: &Path, metadata: &str) -> Result<Self> {
        metadata::parse(folder, metadata)
    }

    /// The array in `folder`.
    ///
    /// # Errors
    /// As [`Layout::new`]; [`ErrorKind::System`] where there is none.
    pub fn open(folder: &Path) -> Result<Self> {
        for name in ["zarr.json", ".zarray"] {
            let path = folder.join(name);
            match std::fs::read_to_string(&path) {
                Ok(text) => return Self::new(folder, &text),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(Fault::from(error).of(&path)),
            }
        }
        Err(Fault::from(std::io::Error::from_raw_os_error(2)).of(folder))
    }

    /// The metadata without what users have said of the array, so that tasks have little to read.
    ///
    /// # Errors
    /// As [`Layout::new`].
    pub fn essence(metadata: &str) -> Result<String> {
        metadata::essence(metadata)
    }

    /// The type of the elements.
    #[must_use]
    pub fn dtype(&self) -> &DType {
        &self.dtype
    }

    /// The length along each axis.
    #[must_use]
    pub fn shape(&self) -> &[u64] {
        &self.shape
    }

    /// The lengths of what a file holds: chunks, or shards.
    #[must_use]
    pub fn unit(&self) -> Vec<u64> {
        self.pipeline.shape.iter().map(|&n| n as u64).collect()
    }

    /// The window in memory's numbers, checked; the bytes of its elements must be `n_bytes`.
    fn window(&self, window: &[Range<u64>], n_bytes: usize) -> Result<Vec<Range<usize>>> {
        let wrong = || {
            let what =
                format!("{window:?} is no region of {:?} elements that takes {n_bytes} bytes", self.shape);
            Error::from(ErrorKind::InvalidValue(what))
        };
        let is_inside = window.len() == self.shape.len()
            && window.iter().zip(&self.shape).all(|(own, &n)| own.start <= own.end && own.end <= n);
        let all: Option<Vec<Range<usize>>> = window
            .iter()
            .map(|own| Some(usize::try_from(own.start).ok()?..usize::try_from(own.end).ok()?))
            .collect();
        let all = all.filter(|_| is_inside).ok_or_else(wrong)?;
        let needed = all.iter().try_fold(self.pipeline.item, |n, own| n.checked_mul(own.len()));
        if needed == Some(n_bytes) { Ok(all) } else { Err(wrong()) }
    }

    /// Reads the elements in `window` to `out`, in C order. `check` is called for every file, and ends the reading by an
    /// error.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`] and [`ErrorKind::System`], with the file; [`ErrorKind::InvalidValue`] for a window that is
    /// not within the array, or not as large as `out`; what `check` returns.
    pub fn read(&self, window: &[Range<u64>], out: &mut [u8], check: impl Fn() -> Result<()>) -> Result<()> {
        let window = self.window(window, out.len())?;
        let steps = c_steps(&lengths(&window), self.pipeline.item);
        let unit = &self.pipeline.shape;
        self.each_file(&covering(&window, unit), |at, path| {
            check()?;
            let (inside, begin) = part(&window, unit, at);
            let steps = Steps { at: distance(begin.into_iter(), &steps), steps: &steps };
            let place = Place { bytes: &mut *out, steps };
            self.read_file(path, &inside, place)
        })
    }

    fn each_file(
        &self,
        files: &[Range<usize>],
        mut each: impl FnMut(&[usize], &Path) -> Tried<()>,
    ) -> Result<()> {
        let mut path = self.folder.clone();
        let done = for_each_index(files, |at| {
            path = self.folder.join(self.keys.key(at));
            each(at, &path)
        });
        done.map_err(|fault| fault.of(&path))
    }

    fn read_file(&self, path: &Path, inside: &[Range<usize>], place: Place<'_>) -> Tried<()> {
        match file::opened(path)? {
            Some((file, n)) => {
                let source = Source::File { file: &file, n };
                self.pipeline.decode(source, inside, &self.fill, place)
            }
            None => {
                strided::fill(&lengths(inside), &self.fill.bytes, (place.bytes, place.steps));
                Ok(())
            }
        }
    }

    /// Writes elements, in C order, to `window`. A file appears, or takes another one's place, when all of it is written.
    ///
    /// # Errors
    /// As [`Layout::read`].
    pub fn write(
        &self,
        window: &[Range<u64>],
        elements: &[u8],
        empty: Empty,
        check: impl Fn() -> Result<()>,
    ) -> Result<()> {
        let window = self.window(window, elements.len())?;
        let steps = c_steps(&lengths(&window), self.pipeline.item);
        let unit = &self.pipeline.shape;
        self.each_file(&covering(&window, unit), |at, path| {
            check()?;
            let (inside, begin) = part(&window, unit, at);
            let steps = Steps { at: distance(begin.into_iter(), &steps), steps: &steps };
            let view = View { bytes: elements, steps };
            if inside.iter().zip(unit).all(|(own, &n)| own.len() == n) {
                return self.write_file(path, view, empty);
            }
            // All elements of the array that are in the file; what is behind the array's end is nobody's.
            let is_all =
                inside.iter().zip(at.iter().zip(unit).zip(&self.shape)).all(|(own, ((at, n), &length))| {
                    own.start == 0 && (at * n + own.end) as u64 == length || own.len() == *n
                });
            let _only = (!is_all).then(|| only_writer(path));
            let mut buffer = Buffer::recycled(self.pipeline.n_bytes())?;
            let whole = buffer.as_mut_slice().unwrap_or_default();
            let own = c_steps(unit, self.pipeline.item);
            let all: Vec<Range<usize>> = unit.iter().map(|&n| 0..n).collect();
            let origin = Steps { at: 0, steps: &own };
            if is_all {
                strided::fill(unit, &self.fill.bytes, (whole, origin));
            } else {
                self.read_file(path, &all, Place { bytes: whole, steps: origin })?;
            }
            let to = Steps { at: distance(inside.iter().map(|own| own.start), &own), steps: &own };
            strided::copy(&lengths(&inside), self.pipeline.item, (view.bytes, view.steps), (whole, to));
            self.write_file(path, View { bytes: buffer.as_slice(), steps: origin }, empty)
        })
    }

    fn write_file(&self, path: &Path, view: View<'_>, empty: Empty) -> Tried<()> {
        match self.pipeline.encode(view, &self.fill, empty)? {
            Some(encoded) => file::written(path, encoded.as_slice()),
            None => file::removed(path),
        }
    }
}
