//! Memory of a size that files decide. Where there is none, that is an error of the file, and not the end of the process.

use std::collections::TryReserveError;
use std::fmt;
use std::io;

use crate::fallback::Fallback;

/// There is no memory for what a file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhausted;

impl fmt::Display for Exhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is no memory for what it has")
    }
}

impl std::error::Error for Exhausted {}

impl From<TryReserveError> for Exhausted {
    fn from(_: TryReserveError) -> Self {
        Self
    }
}

impl From<Exhausted> for io::Error {
    fn from(_: Exhausted) -> Self {
        // An error with the cause in it would need memory itself.
        io::ErrorKind::OutOfMemory.into()
    }
}

impl From<Exhausted> for Fallback {
    fn from(_: Exhausted) -> Self {
        Self::Memory
    }
}

pub(crate) fn push<T>(items: &mut Vec<T>, item: T) -> Result<(), Exhausted> {
    items.try_reserve(1)?;
    items.push(item);
    Ok(())
}

pub(crate) fn append(bytes: &mut Vec<u8>, more: &[u8]) -> Result<(), Exhausted> {
    bytes.try_reserve(more.len())?;
    bytes.extend_from_slice(more);
    Ok(())
}

pub(crate) fn append_text(text: &mut String, more: &str) -> Result<(), Exhausted> {
    text.try_reserve(more.len())?;
    text.push_str(more);
    Ok(())
}

/// Makes `items` at least `n` long, by copies of the default.
pub(crate) fn lengthen<T: Clone + Default>(items: &mut Vec<T>, n: usize) -> Result<(), Exhausted> {
    if let Some(more) = n.checked_sub(items.len()) {
        items.try_reserve(more)?;
        items.resize(n, T::default());
    }
    Ok(())
}

pub(crate) fn copied(bytes: &[u8]) -> Result<Vec<u8>, Exhausted> {
    let mut copy = Vec::new();
    copy.try_reserve_exact(bytes.len())?;
    copy.extend_from_slice(bytes);
    Ok(copy)
}

pub(crate) fn boxed(bytes: &[u8]) -> Result<Box<[u8]>, Exhausted> {
    copied(bytes).map(Vec::into_boxed_slice)
}

pub(crate) fn boxed_text(text: &str) -> Result<Box<str>, Exhausted> {
    let mut copy = String::new();
    copy.try_reserve_exact(text.len())?;
    copy.push_str(text);
    Ok(copy.into_boxed_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_room_is_an_error() {
        assert_eq!(lengthen(&mut vec![0u64], usize::MAX / 16), Err(Exhausted));
        assert_eq!(io::Error::from(Exhausted).kind(), io::ErrorKind::OutOfMemory);
        assert_eq!(Fallback::from(Exhausted), Fallback::Memory);
    }
}
