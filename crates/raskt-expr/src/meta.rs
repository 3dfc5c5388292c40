//! What is known of a value before it is there.

use raskt_core::chunk::Chunks;
use raskt_core::{DType, ErrorKind, Name, Result, Value};
use smallvec::SmallVec;

/// Lengths along the axes, of which some may not be known.
pub type ShapeMeta = SmallVec<[Option<u64>; 4]>;

/// What is known of a collection ahead of time. Whatever is not known is said to be so, and never guessed.
///
/// ```
/// use raskt_core::DType;
/// use raskt_core::chunk::{AxisChunks, Chunks};
/// use raskt_expr::Meta;
/// let chunks = Chunks::new([AxisChunks::uniform(1000, 100)?, AxisChunks::uniform(8, 8)?])?;
/// let meta = Meta::of_chunks("array", DType::Float64, chunks);
/// assert_eq!(meta.shape(), Some(&[Some(1000), Some(8)][..]));
/// assert_eq!(meta.n_bytes(), Some(64_000));
/// assert_eq!(Meta::unknown("object").n_bytes(), None);
/// # Ok::<(), raskt_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Meta {
    container: Name,
    dtype: DType,
    shape: Option<ShapeMeta>,
    chunks: Option<Chunks>,
    prototype: Option<Value>,
}

impl Meta {
    /// A container of which nothing more is known.
    #[must_use]
    pub fn unknown(container: impl Into<Name>) -> Self {
        Self {
            container: container.into(),
            dtype: DType::Unknown,
            shape: None,
            chunks: None,
            prototype: None,
        }
    }

    /// A container cut into `chunks`, which also say its shape.
    #[must_use]
    pub fn of_chunks(container: impl Into<Name>, dtype: DType, chunks: Chunks) -> Self {
        let shape = chunks.shape();
        Self { dtype, shape: Some(shape), chunks: Some(chunks), ..Self::unknown(container) }
    }

    /// A container of which dtype and shape are known, but not how it is cut.
    #[must_use]
    pub fn of_shape(container: impl Into<Name>, dtype: DType, shape: ShapeMeta) -> Self {
        Self { dtype, shape: Some(shape), ..Self::unknown(container) }
    }

    /// The same with another dtype.
    #[must_use]
    pub fn with_dtype(mut self, dtype: DType) -> Self {
        self.dtype = dtype;
        self
    }

    /// The same, cut into `chunks`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] where a known length says otherwise.
    pub fn with_chunks(mut self, chunks: Chunks) -> Result<Self> {
        let found = chunks.shape();
        if let Some(shape) = &self.shape {
            let fits = |(known, found): (&Option<u64>, &Option<u64>)| {
                known.is_none() || found.is_none() || known == found
            };
            if shape.len() != found.len() || !shape.iter().zip(&found).all(fits) {
                let what = format!("chunks {chunks} do not fit a shape of {shape:?}");
                return Err(ErrorKind::InvalidValue(what).into());
            }
        }
        // What either knows.
        let known = self.shape.take().unwrap_or_else(|| found.clone());
        self.shape = Some(known.iter().zip(&found).map(|(known, found)| known.or(*found)).collect());
        self.chunks = Some(chunks);
        Ok(self)
    }

    /// The same with a small value of the same kind: an empty array or frame of the library that computes it.
    #[must_use]
    pub fn with_prototype(mut self, prototype: Value) -> Self {
        self.prototype = Some(prototype);
        self
    }

    /// What kind of container it is (`array`, `frame`, `series`, `bag`, `object`).
    #[must_use]
    pub fn container(&self) -> &Name {
        &self.container
    }

    /// The type of its elements.
    #[must_use]
    pub fn dtype(&self) -> &DType {
        &self.dtype
    }

    /// Its lengths along the axes; `None` where not even their number is known.
    #[must_use]
    pub fn shape(&self) -> Option<&[Option<u64>]> {
        self.shape.as_deref()
    }

    /// The number of axes.
    #[must_use]
    pub fn n_axes(&self) -> Option<usize> {
        self.shape.as_ref().map(SmallVec::len)
    }

    /// How it is cut into blocks.
    #[must_use]
    pub fn chunks(&self) -> Option<&Chunks> {
        self.chunks.as_ref()
    }

    /// A small value of the same kind.
    #[must_use]
    pub fn prototype(&self) -> Option<&Value> {
        self.prototype.as_ref()
    }

    /// The number of elements, where all lengths are known.
    #[must_use]
    pub fn n_elements(&self) -> Option<u64> {
        self.shape.as_ref()?.iter().try_fold(1_u64, |n, length| n.checked_mul((*length)?))
    }

    /// The bytes of all elements, where their number and dtype are known.
    #[must_use]
    pub fn n_bytes(&self) -> Option<u64> {
        self.n_elements()?.checked_mul(self.dtype.item_bytes()? as u64)
    }
}

#[cfg(test)]
mod tests {
    use raskt_core::chunk::AxisChunks;
    use smallvec::smallvec;

    use super::*;

    #[test]
    fn chunks_and_shapes_complete_each_other_and_may_not_contradict() {
        let shape: ShapeMeta = smallvec![Some(10), None];
        let meta = Meta::of_shape("array", DType::Int8, shape);
        let unknown = AxisChunks::unknown(2).unwrap();
        let chunks = Chunks::new([unknown.clone(), AxisChunks::uniform(6, 3).unwrap()]).unwrap();
        let cut = meta.clone().with_chunks(chunks).unwrap();
        assert_eq!(cut.shape(), Some(&[Some(10), Some(6)][..]));
        assert_eq!(cut.n_bytes(), Some(60));
        let wrong = Chunks::new([AxisChunks::uniform(9, 3).unwrap(), unknown.clone()]).unwrap();
        assert!(meta.clone().with_chunks(wrong).is_err());
        assert!(meta.with_chunks(Chunks::new([unknown]).unwrap()).is_err());
    }

    #[test]
    fn what_is_not_known_has_no_size() {
        let shape: ShapeMeta = smallvec![Some(10), None];
        assert_eq!(Meta::of_shape("array", DType::Int8, shape).n_elements(), None);
        let huge: ShapeMeta = smallvec![Some(u64::MAX), Some(2)];
        assert_eq!(Meta::of_shape("array", DType::Int8, huge).n_elements(), None);
        let scalar = Meta::of_shape("array", DType::Foreign("object".into()), ShapeMeta::new());
        assert_eq!((scalar.n_elements(), scalar.n_bytes()), (Some(1), None));
    }
}
