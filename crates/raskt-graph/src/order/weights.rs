//! How large values are: in bytes for what is live, and coarsely for what merely decides.

use raskt_core::Fit;

/// Sizes of all values, 1 each if nothing is known.
#[derive(Clone, Copy)]
pub(super) struct Weights<'a> {
    bytes: Option<&'a [u64]>,
    /// How far bytes are shifted right to become coarse.
    shift: u32,
}

impl<'a> Weights<'a> {
    /// Coarse sizes have at most this many bits, so that 4,096 of them add up in 32 bits; beyond, sums saturate.
    const COARSE_BITS: u32 = 20;

    pub fn new(bytes: Option<&'a [u64]>) -> Self {
        let largest = bytes.and_then(|bytes| bytes.iter().copied().max()).unwrap_or(1);
        Self { bytes, shift: (u64::BITS - largest.leading_zeros()).saturating_sub(Self::COARSE_BITS) }
    }

    /// Whether nothing is known, so that all values count the same.
    pub fn are_equal(&self) -> bool {
        self.bytes.is_none()
    }

    #[inline]
    pub fn exact(&self, task: u32) -> u64 {
        self.bytes.map_or(1, |bytes| bytes[task as usize])
    }

    #[inline]
    pub fn coarse(&self, task: u32) -> u32 {
        self.bytes.map_or(1, |bytes| (bytes[task as usize] >> self.shift).fit::<u32>())
    }
}
