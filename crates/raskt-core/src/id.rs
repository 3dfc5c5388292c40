//! Typed dense ids, and arenas that they index.

use std::fmt::Debug;
use std::hash::Hash;
use std::marker::PhantomData;
use std::ops::{Index, IndexMut};

use crate::{ErrorKind, Result};

/// A number that says which one of a kind, counted from 0; [`typed_id!`](crate::typed_id) makes such types.
pub trait DenseId: Copy + Eq + Ord + Hash + Debug {
    /// What it counts, in the plural, for messages.
    const NOUN: &'static str;

    /// The id of place `index`; `None` where it does not fit.
    fn from_index(index: usize) -> Option<Self>;

    /// The place.
    fn index(self) -> usize;
}

/// Makes a type of dense ids: 32 bits that cannot be mistaken for those of another kind.
///
/// ```
/// use raskt_core::id::{Arena, DenseId};
///
/// raskt_core::typed_id! {
///     /// Which worker.
///     pub struct WorkerId: "workers"
/// }
///
/// let mut workers: Arena<WorkerId, &str> = Arena::new();
/// let anna = workers.push("anna")?;
/// assert_eq!(workers[anna], "anna");
/// assert_eq!(anna, WorkerId(0));
/// assert_eq!(format!("{anna:?} {anna}"), "WorkerId(0) 0");
/// # Ok::<(), raskt_core::Error>(())
/// ```
#[macro_export]
macro_rules! typed_id {
    ($(#[$meta:meta])* $visibility:vis struct $name:ident: $noun:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        $visibility struct $name(pub u32);

        impl $crate::id::DenseId for $name {
            const NOUN: &'static str = $noun;

            fn from_index(index: usize) -> ::std::option::Option<Self> {
                u32::try_from(index).ok().map(Self)
            }

            fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(&self.0, f)
            }
        }

        impl $crate::encode::Encode for $name {
            fn encode(&self, out: &mut $crate::encode::Encoder<'_>) -> $crate::Result<()> {
                $crate::encode::Encode::encode(&self.0, out)
            }
        }

        impl $crate::encode::Decode for $name {
            fn decode(input: &mut $crate::encode::Decoder<'_>) -> $crate::Result<Self> {
                $crate::encode::Decode::decode(input).map(Self)
            }
        }
    };
}

/// Items side by side, each found by the id that [`Arena::push`] gave; indexing with another arena's id
/// panics or finds another item, so ids stay with their arena.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arena<I, T> {
    items: Vec<T>,
    ids: PhantomData<fn(I) -> I>,
}

impl<I: DenseId, T> Arena<I, T> {
    /// An arena of nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { items: Vec::new(), ids: PhantomData }
    }

    /// An arena of nothing with room for `n` items.
    #[must_use]
    pub fn with_capacity(n: usize) -> Self {
        Self { items: Vec::with_capacity(n), ids: PhantomData }
    }

    /// Adds an item, and gives its id.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] when all ids are taken.
    pub fn push(&mut self, item: T) -> Result<I> {
        let id = I::from_index(self.items.len()).ok_or_else(|| {
            ErrorKind::InvalidValue(format!("no more than {} {} at a time", self.items.len(), I::NOUN))
        })?;
        self.items.push(item);
        Ok(id)
    }

    /// The number of items.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is no item.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The item of `id`, if it is of this arena.
    #[must_use]
    pub fn get(&self, id: I) -> Option<&T> {
        self.items.get(id.index())
    }

    /// The item of `id` for writing, if it is of this arena.
    #[must_use]
    pub fn get_mut(&mut self, id: I) -> Option<&mut T> {
        self.items.get_mut(id.index())
    }

    /// All ids, in the order in which they were given.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = I> + use<I, T> {
        // Every index was an id when its item was pushed, so nothing is filtered out.
        (0..self.items.len()).filter_map(I::from_index)
    }

    /// All ids and items, in the order in which they were given.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (I, &T)> {
        self.items.iter().enumerate().filter_map(|(at, item)| Some((I::from_index(at)?, item)))
    }

    /// The items, in the order of their ids.
    #[must_use]
    pub fn as_slice(&self) -> &[T] {
        &self.items
    }

    /// The items for writing, in the order of their ids.
    #[must_use]
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        &mut self.items
    }
}

impl<I: DenseId, T> Default for Arena<I, T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<I: DenseId, T> Index<I> for Arena<I, T> {
    type Output = T;

    fn index(&self, id: I) -> &T {
        &self.items[id.index()]
    }
}

impl<I: DenseId, T> IndexMut<I> for Arena<I, T> {
    fn index_mut(&mut self, id: I) -> &mut T {
        &mut self.items[id.index()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::{Limits, decode_canonical, encode_canonical};

    crate::typed_id! {
        struct WideId: "wide things"
    }

    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    struct TinyId(bool);

    impl DenseId for TinyId {
        const NOUN: &'static str = "tiny things";

        fn from_index(index: usize) -> Option<Self> {
            (index < 2).then_some(Self(index == 1))
        }

        fn index(self) -> usize {
            usize::from(self.0)
        }
    }

    #[test]
    fn an_arena_refuses_what_it_has_no_id_for() {
        let mut arena: Arena<TinyId, char> = Arena::new();
        arena.push('a').unwrap();
        arena.push('b').unwrap();
        let error = arena.push('c').unwrap_err();
        assert_eq!(error.to_string(), "no more than 2 tiny things at a time");
        assert_eq!(arena.as_slice(), ['a', 'b']);
    }

    #[test]
    fn items_are_found_and_changed_by_id() {
        let mut arena: Arena<WideId, u8> = Arena::with_capacity(3);
        let ids: Vec<WideId> = (10..13).map(|item| arena.push(item).unwrap()).collect();
        arena[ids[1]] += 1;
        assert_eq!(
            arena.iter().map(|(id, &item)| (id.0, item)).collect::<Vec<_>>(),
            [(0, 10), (1, 12), (2, 12)]
        );
        assert_eq!(arena.ids().collect::<Vec<_>>(), ids);
        assert_eq!((arena.get(WideId(3)), arena.len(), arena.is_empty()), (None, 3, false));
    }

    #[test]
    fn an_id_is_encoded_as_its_number() {
        let bytes = encode_canonical(&WideId(300)).unwrap();
        assert_eq!(bytes, encode_canonical(&300u32).unwrap());
        assert_eq!(decode_canonical::<WideId>(&bytes, &Limits::default()).unwrap(), WideId(300));
    }
}
