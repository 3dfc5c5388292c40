//! What is known of a frame ahead of time: schema and divisions, beside what [`raskt_expr::Meta`] says of every
//! collection. The blocks of its only axis are the partitions; their lengths are rows, known or not.

use std::any::Any;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, UInt32Array};
use raskt_core::chunk::{AxisChunks, Chunks};
use raskt_core::{DType, ErrorKind, Result};
use raskt_expr::{ContainerMeta, Meta};

use crate::Schema;
use crate::table::failed;

/// Between which values of the index (its first level) each partition lies: one boundary more than there are partitions.
/// A partition has the values from its boundary up to the next one, which it does not have; the last has it.
#[derive(Clone, Debug)]
pub struct Divisions {
    boundaries: ArrayRef,
}

impl Divisions {
    /// The divisions with those boundaries, which must be sorted and none of them missing.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] where they are not.
    pub fn new(boundaries: ArrayRef) -> Result<Self> {
        let invalid = |what: String| Err(ErrorKind::InvalidValue(what).into());
        if boundaries.len() < 2 {
            return invalid(format!("divisions need 2 boundaries or more, not {}", boundaries.len()));
        }
        if boundaries.null_count() > 0 {
            return invalid("a boundary of the divisions is missing".to_owned());
        }
        let sorted = arrow::compute::sort(&boundaries, None).map_err(failed)?;
        if sorted.to_data() != boundaries.to_data() {
            return invalid("divisions must be sorted".to_owned());
        }
        Ok(Self { boundaries })
    }

    /// The boundaries.
    #[must_use]
    pub fn boundaries(&self) -> &ArrayRef {
        &self.boundaries
    }

    /// The divisions with the boundaries at those places, which ascend.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] for places that are not there, or do not ascend.
    pub fn at(&self, places: &[u32]) -> Result<Self> {
        let places = UInt32Array::from(places.to_vec());
        Self::new(arrow::compute::take(&self.boundaries, &places, None).map_err(failed)?)
    }

    /// The number of partitions that they bound.
    #[must_use]
    pub fn n_partitions(&self) -> usize {
        self.boundaries.len() - 1
    }
}

impl PartialEq for Divisions {
    fn eq(&self, other: &Self) -> bool {
        self.boundaries.to_data() == other.boundaries.to_data()
    }
}

/// Schema and divisions.
///
/// ```
/// use raskt_core::DType;
/// use raskt_frame::{Field, FrameMeta, Kind, PandasType, Schema};
/// let schema = Schema::new(Kind::Series, [Field::new("x", PandasType::Plain(DType::Float64))]);
/// let meta = FrameMeta::from(schema.clone()).into_meta(4)?;
/// assert_eq!(FrameMeta::of(&meta)?.schema, schema);
/// assert_eq!(FrameMeta::n_partitions(&meta), 4);
/// # Ok::<(), raskt_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct FrameMeta {
    /// Kind, columns and index.
    pub schema: Schema,
    /// Where partitions begin and end, if it is known.
    pub divisions: Option<Arc<Divisions>>,
}

impl From<Schema> for FrameMeta {
    fn from(schema: Schema) -> Self {
        Self { schema, divisions: None }
    }
}

impl FrameMeta {
    /// What is known of a frame of `n_partitions` partitions of unknown length.
    ///
    /// # Errors
    /// Those of [`AxisChunks::unknown`].
    pub fn into_meta(self, n_partitions: u32) -> Result<Meta> {
        let chunks = Chunks::new([AxisChunks::unknown(n_partitions)?])?;
        Ok(Meta::of_chunks(self.schema.kind.name(), DType::Unknown, chunks).with_own(self))
    }

    /// What is known of a frame whose partitions have so many rows each, where that is known.
    ///
    /// # Errors
    /// Those of [`AxisChunks::from_runs`].
    pub fn into_meta_of(self, lengths: impl IntoIterator<Item = Option<u64>>) -> Result<Meta> {
        let runs = lengths.into_iter().map(|length| (length, 1));
        let chunks = Chunks::new([AxisChunks::from_runs(runs)?])?;
        Ok(Meta::of_chunks(self.schema.kind.name(), DType::Unknown, chunks).with_own(self))
    }

    /// What is known of a frame cut like the one of which `like` is known.
    #[must_use]
    pub fn into_meta_like(self, like: &Meta) -> Meta {
        let container = self.schema.kind.name();
        let meta = match like.chunks() {
            Some(chunks) => Meta::of_chunks(container, DType::Unknown, chunks.clone()),
            None => Meta::unknown(container),
        };
        meta.with_own(self)
    }

    /// What is known of a frame, from what is known of any value.
    ///
    /// # Errors
    /// [`ErrorKind::WrongType`] where it is of another collection.
    pub fn of(meta: &Meta) -> Result<&Self> {
        let wrong = || ErrorKind::WrongType { expected: "a dataframe", found: meta.container().to_string() };
        meta.own().ok_or_else(|| wrong().into())
    }

    /// How many rows each partition has, where that is known.
    #[must_use]
    pub fn lengths(meta: &Meta) -> Vec<Option<u64>> {
        match meta.chunks().map(Chunks::axes) {
            Some([rows, ..]) => rows.sizes().collect(),
            Some([]) | None => vec![None],
        }
    }

    /// How many partitions a frame has.
    #[must_use]
    pub fn n_partitions(meta: &Meta) -> u64 {
        meta.chunks().map_or(1, Chunks::n_blocks)
    }
}

impl ContainerMeta for FrameMeta {
    fn is_same(&self, other: &dyn ContainerMeta) -> bool {
        other.as_any().downcast_ref() == Some(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int64Array, StringViewArray};

    use super::*;

    #[test]
    fn divisions_are_sorted_and_complete() {
        let of = |values: Vec<Option<i64>>| Divisions::new(Arc::new(Int64Array::from(values)));
        assert_eq!(of(vec![Some(0), Some(5), Some(5), Some(9)]).unwrap().n_partitions(), 3);
        assert!(of(vec![Some(3), Some(2)]).is_err());
        assert!(of(vec![Some(3), None]).is_err());
        assert!(of(vec![Some(3)]).is_err());
        let text = |values: Vec<&str>| Divisions::new(Arc::new(StringViewArray::from(values)));
        assert_eq!(text(vec!["a", "b"]).unwrap(), text(vec!["a", "b"]).unwrap());
        assert_ne!(text(vec!["a", "b"]).unwrap(), text(vec!["a", "c"]).unwrap());
    }
}
