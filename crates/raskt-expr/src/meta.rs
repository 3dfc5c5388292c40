//! What is known of a value before it is there.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use raskt_core::chunk::Chunks;
use raskt_core::{DType, ErrorKind, Name, Result, Value};
use smallvec::SmallVec;

/// Lengths along the axes, of which some may not be known.
pub type ShapeMeta = SmallVec<[Option<u64>; 4]>;

/// What a collection knows of its containers beside how they are cut: the schema, index and divisions of frames.
///
/// Each collection has a type of its own; whoever plans for all of them carries it on without a look.
///
/// ```
/// use std::any::Any;
/// use raskt_expr::{ContainerMeta, Meta};
/// #[derive(Debug, PartialEq)]
/// struct Schema(Vec<&'static str>);
/// impl ContainerMeta for Schema {
///     fn is_same(&self, other: &dyn ContainerMeta) -> bool {
///         other.as_any().downcast_ref() == Some(self)
///     }
///     fn as_any(&self) -> &dyn Any {
///         self
///     }
/// }
/// let meta = Meta::unknown("frame").with_own(Schema(vec!["a", "b"]));
/// assert_eq!(meta.own::<Schema>().map(|schema| schema.0.len()), Some(2));
/// assert_ne!(meta, Meta::unknown("frame"));
/// ```
pub trait ContainerMeta: Any + Send + Sync + fmt::Debug {
    /// Whether both say the same.
    fn is_same(&self, other: &dyn ContainerMeta) -> bool;

    /// For the collection that knows the type.
    fn as_any(&self) -> &dyn Any;
}

/// What is known of a collection ahead of time. Whatever is not known is said to be so, and never guessed.
///
/// Arrays are described by dtype, shape and chunks. Another container adds what it needs ([`ContainerMeta`]), and one of
/// Python's objects needs none of it.
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
#[derive(Clone, Debug)]
pub struct Meta {
    container: Name,
    dtype: DType,
    shape: Option<ShapeMeta>,
    chunks: Option<Chunks>,
    prototype: Option<Value>,
    own: Option<Arc<dyn ContainerMeta>>,
}

impl PartialEq for Meta {
    fn eq(&self, other: &Self) -> bool {
        let own = match (&self.own, &other.own) {
            (Some(own), Some(other)) => own.is_same(&**other),
            (own, other) => own.is_none() && other.is_none(),
        };
        own && self.container == other.container
            && self.dtype == other.dtype
            && self.shape == other.shape
            && self.chunks == other.chunks
            && self.prototype == other.prototype
    }
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
            own: None,
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

    /// The same with what its collection knows beside.
    #[must_use]
    pub fn with_own(mut self, own: impl ContainerMeta) -> Self {
        self.own = Some(Arc::new(own));
        self
    }

    /// What its collection knows beside, where that is a `T`.
    #[must_use]
    pub fn own<T: ContainerMeta>(&self) -> Option<&T> {
        self.own.as_ref()?.as_any().downcast_ref()
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
