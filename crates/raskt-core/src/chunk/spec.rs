//! What people write for `chunks=`, and what it comes to for an array.
//!
//! The rules are those of `dask.array.core.normalize_chunks`. Byte strings (`"64 MiB"`) are read above:
//! they are [`AxisSpec::Auto`] with another limit.

use smallvec::SmallVec;

use super::auto::{self, AutoAxis};
use super::grid::on_axis;
use super::{AxisChunks, Chunks};
use crate::{Error, ErrorKind, Fit, Result};

/// How one axis should be cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AxisSpec {
    /// So that blocks come close to the limit, and never above it (`"auto"`).
    Auto,
    /// Not at all (`-1`).
    Whole,
    /// As before; not at all where there is no before (`None`).
    Keep,
    /// Into chunks of this size, the last one shorter if it must be (`1000`).
    Size(u64),
    /// Into chunks of these sizes, unknown ones among them or not (`(3, 3, 4)`).
    Sizes(Vec<Option<u64>>),
}

/// How all axes should be cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChunkSpec {
    /// Every axis alike.
    All(AxisSpec),
    /// One after the other; for an array of one axis, several sizes are the sizes of its chunks.
    Axes(Vec<AxisSpec>),
    /// Some of them by number, negative ones counted from the end; [`AxisSpec::Keep`] for the others.
    Some(Vec<(i64, AxisSpec)>),
}

/// The array that chunks are asked for.
#[derive(Clone, Copy, Debug)]
pub struct ChunkRequest<'a> {
    /// The length of each axis, where it is known.
    pub shape: &'a [Option<u64>],
    /// The size of one element in bytes, where it is known; automatic chunks need it.
    pub item_bytes: Option<u64>,
    /// The size in bytes that automatic chunks do not exceed.
    pub limit_bytes: u64,
    /// How the array is cut now; automatic chunks keep its boundaries where they can.
    pub previous: Option<&'a Chunks>,
}

impl ChunkSpec {
    /// The chunks that this comes to.
    ///
    /// ```
    /// use raskt_core::chunk::{AxisSpec, ChunkRequest, ChunkSpec};
    /// let shape = [Some(10_000), Some(10_000)];
    /// let array =
    ///     ChunkRequest { shape: &shape, item_bytes: Some(8), limit_bytes: 128 << 20, previous: None };
    /// let chunks = ChunkSpec::Axes(vec![AxisSpec::Auto, AxisSpec::Whole]).normalize(&array)?;
    /// assert_eq!(chunks.to_string(), "((1677 × 5, 1615), (10000))");
    /// # Ok::<(), raskt_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`], naming the axis and the sizes that do not fit.
    pub fn normalize(&self, array: &ChunkRequest<'_>) -> Result<Chunks> {
        if let Some(previous) = array.previous {
            check_previous(previous, array.shape)?;
        }
        let specs = self.per_axis(array.shape)?;
        let mut axes: SmallVec<[Option<AxisChunks>; 4]> = SmallVec::new();
        for (at, (spec, &length)) in specs.iter().zip(array.shape).enumerate() {
            let previous = array.previous.map(|chunks| &chunks.axes()[at]);
            axes.push(spec.resolve(length, previous).map_err(|error| on_axis(at, &error))?);
        }
        if axes.contains(&None) {
            fill_automatic(&mut axes, array)?;
        }
        Chunks::new(axes.into_iter().flatten())
    }

    /// One specification for each axis.
    fn per_axis(&self, shape: &[Option<u64>]) -> Result<Vec<AxisSpec>> {
        match self {
            Self::All(spec) => Ok(vec![spec.clone(); shape.len()]),
            Self::Axes(specs) => per_axis_of_list(specs, shape),
            Self::Some(specs) => per_axis_of_map(specs, shape.len()),
        }
    }
}

fn per_axis_of_list(specs: &[AxisSpec], shape: &[Option<u64>]) -> Result<Vec<AxisSpec>> {
    if specs.len() == shape.len() {
        return Ok(specs.to_vec());
    }
    if specs.is_empty() && shape.iter().all(|&length| length == Some(0)) {
        return Ok(vec![AxisSpec::Whole; shape.len()]);
    }
    let sizes = specs.iter().map(|spec| match spec {
        AxisSpec::Size(size) => Some(Some(*size)),
        _ => None,
    });
    match sizes.collect::<Option<Vec<_>>>() {
        Some(sizes) if shape.len() == 1 && !sizes.is_empty() => Ok(vec![AxisSpec::Sizes(sizes)]),
        _ => {
            let (found, n_axes) = (specs.len(), shape.len());
            Err(invalid(format!("chunks for {found} axes, where the array has {n_axes}")))
        }
    }
}

fn per_axis_of_map(specs: &[(i64, AxisSpec)], n_axes: usize) -> Result<Vec<AxisSpec>> {
    let mut all = vec![None; n_axes];
    for (axis, spec) in specs {
        let at = if *axis < 0 { axis + n_axes.fit::<i64>() } else { *axis };
        let slot = usize::try_from(at).ok().and_then(|at| all.get_mut(at));
        let slot = slot
            .ok_or_else(|| invalid(format!("chunks for axis {axis}, where the array has {n_axes} axes")))?;
        if slot.replace(spec.clone()).is_some() {
            return Err(invalid(format!("chunks for axis {at} given twice")));
        }
    }
    Ok(all.into_iter().map(|spec| spec.unwrap_or(AxisSpec::Keep)).collect())
}

fn check_previous(previous: &Chunks, shape: &[Option<u64>]) -> Result<()> {
    let fits = |(axis, &length): (&AxisChunks, &Option<u64>)| {
        axis.length().is_none_or(|before| length.is_none_or(|now| before == now))
    };
    if previous.n_axes() == shape.len() && previous.axes().iter().zip(shape).all(fits) {
        return Ok(());
    }
    let shape = shape_text(shape);
    Err(invalid(format!("the previous chunks {previous} are not those of an array of shape {shape}")))
}

impl AxisSpec {
    /// The chunks of an axis of `length`; `None` for automatic ones.
    fn resolve(&self, length: Option<u64>, previous: Option<&AxisChunks>) -> Result<Option<AxisChunks>> {
        let whole = || AxisChunks::from_runs([(length, 1)]);
        let chunks = match (self, length) {
            (Self::Auto, _) => return Ok(None),
            (Self::Whole, _) => whole()?,
            (Self::Keep, _) => previous.map_or_else(whole, |axis| Ok(axis.clone()))?,
            (Self::Size(size), Some(length)) => AxisChunks::uniform(length, *size)?,
            (Self::Size(size), None) => {
                return Err(invalid(format!(
                    "an axis of unknown length cannot be cut into chunks of {size}; compute its chunk sizes first"
                )));
            }
            (Self::Sizes(sizes), _) => AxisChunks::from_runs(sizes.iter().map(|&size| (size, 1)))?,
        };
        match (chunks.length(), length) {
            (Some(sum), Some(length)) if sum != length => Err(invalid(format!(
                "the chunks {chunks} add up to {sum}, where the axis has length {length}"
            ))),
            _ => Ok(Some(chunks)),
        }
    }
}

/// Fills in the automatic axes, now that the others are known.
fn fill_automatic(axes: &mut [Option<AxisChunks>], array: &ChunkRequest<'_>) -> Result<()> {
    let item_bytes = array
        .item_bytes
        .ok_or_else(|| invalid("automatic chunks need a dtype of known size; give sizes instead".into()))?;
    let mut fixed_elements = 1u64;
    let mut wanted: Vec<AutoAxis> = Vec::new();
    for (at, axis) in axes.iter().enumerate() {
        let unknown =
            || invalid(format!("axis {at}: automatic chunks need all other sizes, and these are unknown"));
        match axis {
            Some(axis) => {
                let size = axis.size_max().ok_or_else(unknown)?;
                fixed_elements = fixed_elements.saturating_mul(size.max(1));
            }
            None => {
                let length = array.shape[at].ok_or_else(unknown)?;
                let previous = array.previous.map(|chunks| &chunks.axes()[at]);
                wanted.push(AutoAxis { length, previous: previous.filter(|axis| axis.length().is_some()) });
            }
        }
    }
    let budget = array.limit_bytes / item_bytes.max(1) / fixed_elements;
    let found = auto::cut(&wanted, budget)?;
    for (axis, chunks) in axes.iter_mut().filter(|axis| axis.is_none()).zip(found) {
        *axis = Some(chunks);
    }
    Ok(())
}

fn shape_text(shape: &[Option<u64>]) -> String {
    let lengths = shape.iter().map(|length| length.map_or("?".to_owned(), |length| length.to_string()));
    format!("({})", lengths.collect::<Vec<_>>().join(", "))
}

fn invalid(what: String) -> Error {
    ErrorKind::InvalidValue(what).into()
}
