//! Reference-counted memory: a view of bytes and the owner that keeps them alive.
//!
//! Memory is accounted by *owner*, so that two views of one allocation count once.

use std::fmt;
use std::sync::Arc;

use crate::huge::prefer_huge_pages;
use crate::{Result, allocation, recycled};

/// Which allocation a view looks into. Two buffers with one id share their memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OwnerId(pub usize);

/// Something that keeps bytes alive: Rust's heap, a NumPy array, a mapped file.
pub trait BufferOwner: Send + Sync {
    /// The bytes.
    fn bytes(&self) -> &[u8];

    /// How many bytes there are, for an owner that has to do something to get at them.
    fn n_bytes(&self) -> usize {
        self.bytes().len()
    }

    /// The bytes for writing, where the owner allows it and nobody else can look at them.
    fn bytes_mut(&mut self) -> Option<&mut [u8]> {
        None
    }

    /// An owner of the same bytes that may be written without anybody else seeing it, where that costs less
    /// than a copy (memory mapped copy-on-write).
    fn private(&self) -> Option<Arc<dyn BufferOwner>> {
        None
    }

    /// The owner itself, for a floor that knows the concrete type.
    fn as_any(&self) -> Option<&dyn std::any::Any> {
        None
    }

    /// The allocation that is accounted, and its whole size; `None` says "this owner itself".
    fn identity(&self) -> Option<(OwnerId, u64)> {
        None
    }
}

/// Heap memory aligned to 16 bytes, so that any dtype can look at it in place.
struct Heap {
    words: Vec<u128>,
    len: usize,
}

/// Zeros, in huge pages where they are many.
fn zeros(n_words: usize) -> Result<Vec<u128>> {
    let mut words = allocation::zeros(n_words)?;
    prefer_huge_pages(&mut words);
    Ok(words)
}

impl Drop for Heap {
    fn drop(&mut self) {
        recycled::keep(std::mem::take(&mut self.words));
    }
}

impl BufferOwner for Heap {
    fn bytes(&self) -> &[u8] {
        &bytemuck::cast_slice(&self.words)[..self.len]
    }

    fn bytes_mut(&mut self) -> Option<&mut [u8]> {
        Some(&mut bytemuck::cast_slice_mut(&mut self.words)[..self.len])
    }
}

/// A cheap clone of a view of bytes.
///
/// ```
/// use raskt_core::Buffer;
/// let all = Buffer::from(&b"hello"[..]);
/// let part = all.slice(1, 3);
/// assert_eq!(part.as_slice(), b"ell");
/// assert_eq!(part.owner_id(), all.owner_id());
/// ```
#[derive(Clone)]
pub struct Buffer {
    owner: Arc<dyn BufferOwner>,
    offset: usize,
    len: usize,
}

impl Buffer {
    /// A view of all bytes of `owner`.
    #[must_use]
    pub fn new(owner: Arc<dyn BufferOwner>) -> Self {
        let len = owner.n_bytes();
        Self { owner, offset: 0, len }
    }

    /// `len` zero bytes on the heap, aligned to 16.
    ///
    /// # Errors
    /// [`ErrorKind::OutOfMemory`](crate::ErrorKind::OutOfMemory).
    pub fn zeroed(len: usize) -> Result<Self> {
        Ok(Self::new(Arc::new(Heap { words: zeros(len.div_ceil(16))?, len })))
    }

    /// A copy of `bytes` on the heap, aligned to 16.
    ///
    /// # Errors
    /// [`ErrorKind::OutOfMemory`](crate::ErrorKind::OutOfMemory).
    pub fn copied(bytes: &[u8]) -> Result<Self> {
        let mut copy = Self::recycled(bytes.len())?;
        if let Some(own) = copy.as_mut_slice() {
            own.copy_from_slice(bytes);
        }
        Ok(copy)
    }

    /// `len` bytes on the heap, aligned to 16, for somebody who writes all of them: they hold what memory that was
    /// let go of before held, or zeros. Fresh pages cost the system more time than most kernels need to fill them.
    ///
    /// ```
    /// use raskt_core::Buffer;
    /// let mut buffer = Buffer::recycled(1 << 20)?;
    /// buffer.as_mut_slice().expect("it is new").fill(7);
    /// assert!(buffer.as_slice().iter().all(|&byte| byte == 7));
    /// # Ok::<(), raskt_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::OutOfMemory`](crate::ErrorKind::OutOfMemory).
    pub fn recycled(len: usize) -> Result<Self> {
        let n_words = len.div_ceil(16);
        let words = recycled::take(n_words).map_or_else(|| zeros(n_words), Ok)?;
        Ok(Self::new(Arc::new(Heap { words, len })))
    }

    /// The length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        &self.owner.bytes()[self.offset..self.offset + self.len]
    }

    /// The bytes for writing, where this is the only view of a writable owner.
    pub fn as_mut_slice(&mut self) -> Option<&mut [u8]> {
        let (offset, len) = (self.offset, self.len);
        Arc::get_mut(&mut self.owner)?.bytes_mut()?.get_mut(offset..offset + len)
    }

    /// A view of the same bytes that can be written and that nobody else looks at: this one where it is the
    /// only one, else a copy, made on write where the owner can do that.
    ///
    /// ```
    /// use raskt_core::Buffer;
    /// let shared = Buffer::from(&b"abc"[..]);
    /// let mut own = shared.clone().private()?;
    /// own.as_mut_slice().expect("it is private")[0] = b'x';
    /// assert_eq!(shared.as_slice(), b"abc");
    /// # Ok::<(), raskt_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::OutOfMemory`](crate::ErrorKind::OutOfMemory).
    pub fn private(mut self) -> Result<Self> {
        if self.as_mut_slice().is_some() {
            return Ok(self);
        }
        match self.owner.private() {
            Some(owner) => Ok(Self { owner, offset: self.offset, len: self.len }),
            None => Self::copied(self.as_slice()),
        }
    }

    /// Where the view begins in its owner's bytes.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// A view of `len` bytes from `offset`, cut at the end of this one.
    #[must_use]
    pub fn slice(&self, offset: usize, len: usize) -> Self {
        let offset = offset.min(self.len);
        Self { owner: Arc::clone(&self.owner), offset: self.offset + offset, len: len.min(self.len - offset) }
    }

    /// The allocation behind the view.
    #[must_use]
    pub fn owner_id(&self) -> OwnerId {
        self.accounted().0
    }

    /// The allocation behind the view and its whole size in bytes: what accounting counts once.
    #[must_use]
    pub fn accounted(&self) -> (OwnerId, u64) {
        self.owner.identity().unwrap_or_else(|| {
            (OwnerId(Arc::as_ptr(&self.owner).cast::<u8>() as usize), self.owner.n_bytes() as u64)
        })
    }

    /// The owner, to look whether it is one that a higher floor knows.
    #[must_use]
    pub fn owner(&self) -> &Arc<dyn BufferOwner> {
        &self.owner
    }
}

/// A copy of a few bytes; of many, see [`Buffer::copied`].
impl From<&[u8]> for Buffer {
    fn from(bytes: &[u8]) -> Self {
        let mut words = vec![0u128; bytes.len().div_ceil(16)];
        bytemuck::cast_slice_mut::<u128, u8>(&mut words)[..bytes.len()].copy_from_slice(bytes);
        Self::new(Arc::new(Heap { words, len: bytes.len() }))
    }
}

impl BufferOwner for Vec<u8> {
    fn bytes(&self) -> &[u8] {
        self
    }

    fn bytes_mut(&mut self) -> Option<&mut [u8]> {
        Some(self)
    }
}

impl From<Vec<u8>> for Buffer {
    fn from(bytes: Vec<u8>) -> Self {
        Self::new(Arc::new(bytes))
    }
}

impl BufferOwner for Arc<[u8]> {
    fn bytes(&self) -> &[u8] {
        self
    }

    fn identity(&self) -> Option<(OwnerId, u64)> {
        Some((OwnerId(self.as_ptr() as usize), self.len() as u64))
    }
}

impl From<Arc<[u8]>> for Buffer {
    fn from(bytes: Arc<[u8]>) -> Self {
        Self::new(Arc::new(bytes))
    }
}

impl PartialEq for Buffer {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for Buffer {}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buffer({} bytes)", self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_buffer_cannot_be_written() {
        let mut buffer = Buffer::zeroed(4).unwrap();
        buffer.as_mut_slice().unwrap()[0] = 7;
        let copy = buffer.clone();
        assert!(buffer.as_mut_slice().is_none());
        drop(copy);
        assert_eq!(buffer.as_slice(), [7, 0, 0, 0]);
    }

    #[test]
    fn slices_past_the_end_are_cut() {
        let buffer = Buffer::from(vec![1, 2, 3]);
        assert_eq!(buffer.slice(2, 10).as_slice(), [3]);
        assert!(buffer.slice(9, 1).is_empty());
    }

    #[test]
    fn heap_memory_is_aligned_for_any_dtype() {
        assert_eq!(Buffer::zeroed(24).unwrap().as_slice().as_ptr() as usize % 16, 0);
    }
}
