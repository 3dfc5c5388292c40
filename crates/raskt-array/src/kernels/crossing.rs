//! Transposed copies of tiles, in squares that registers hold.

use bytemuck::Pod;

/// The side of a square.
const SIDE: usize = 4;

/// A tile whose columns lie one behind the other in memory: where it starts, and how many bytes from one column to the
/// next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Columns<'a> {
    pub source: &'a [u8],
    pub start: i64,
    pub step: i64,
    pub rows: usize,
    pub cols: usize,
}

impl Columns<'_> {
    /// The bytes of `n` elements of a column, from a row on.
    #[inline(always)]
    fn part<T>(&self, row: usize, col: usize, n: usize) -> &[u8] {
        let at = (self.start + (row * size_of::<T>()) as i64 + col as i64 * self.step) as usize;
        &self.source[at..at + n * size_of::<T>()]
    }

    /// How many rows and columns there are in whole squares.
    fn whole(&self) -> (usize, usize) {
        (self.rows / SIDE * SIDE, self.cols / SIDE * SIDE)
    }
}

/// Copies a tile to `dst`, in C order.
pub(super) fn copy<T: Pod>(tile: Columns<'_>, dst: &mut [T]) {
    copy_squares(tile, dst);
    let (rows, cols) = tile.whole();
    for row in 0..tile.rows {
        for col in if row < rows { cols } else { 0 }..tile.cols {
            dst[row * tile.cols + col] = bytemuck::pod_read_unaligned(tile.part::<T>(row, col, 1));
        }
    }
}

fn copy_squares<T: Pod>(tile: Columns<'_>, dst: &mut [T]) {
    #[cfg(target_arch = "x86_64")]
    if size_of::<T>() == 8 && is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has the feature that `copy_wide` enables, as was just asked.
        return unsafe { copy_wide(tile, bytemuck::cast_slice_mut(dst)) };
    }
    let (rows, cols) = tile.whole();
    for col in (0..cols).step_by(SIDE) {
        for row in (0..rows).step_by(SIDE) {
            let line = |number: usize| -> [T; SIDE] {
                bytemuck::pod_read_unaligned(tile.part::<T>(row, col + number, SIDE))
            };
            let square = [line(0), line(1), line(2), line(3)];
            for number in 0..SIDE {
                let out = &mut dst[(row + number) * tile.cols + col..][..SIDE];
                out.iter_mut().zip(&square).for_each(|(out, line)| *out = line[number]);
            }
        }
    }
}

/// The same for elements of 8 bytes: a register holds a line of a square, and eight moves turn four of them around.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn copy_wide(tile: Columns<'_>, dst: &mut [u64]) {
    use std::arch::x86_64::{
        __m256i, _mm256_loadu_si256, _mm256_permute2x128_si256, _mm256_storeu_si256, _mm256_unpackhi_epi64,
        _mm256_unpacklo_epi64,
    };
    let (rows, cols) = tile.whole();
    for col in (0..cols).step_by(SIDE) {
        for row in (0..rows).step_by(SIDE) {
            let line = |number: usize| {
                let bytes = tile.part::<u64>(row, col + number, SIDE);
                debug_assert_eq!(bytes.len(), size_of::<__m256i>());
                // SAFETY: the slice has the 32 bytes that are read, wherever it starts.
                unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
            };
            let (a, b, c, d) = (line(0), line(1), line(2), line(3));
            let (ab_even, ab_odd) = (_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b));
            let (cd_even, cd_odd) = (_mm256_unpacklo_epi64(c, d), _mm256_unpackhi_epi64(c, d));
            let square = [
                _mm256_permute2x128_si256::<0x20>(ab_even, cd_even),
                _mm256_permute2x128_si256::<0x20>(ab_odd, cd_odd),
                _mm256_permute2x128_si256::<0x31>(ab_even, cd_even),
                _mm256_permute2x128_si256::<0x31>(ab_odd, cd_odd),
            ];
            for (number, line) in square.into_iter().enumerate() {
                let out = &mut dst[(row + number) * tile.cols + col..][..SIDE];
                // SAFETY: the slice has room for the 32 bytes that are written, wherever it starts.
                unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), line) };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: Pod + PartialEq + std::fmt::Debug>() {
        let bytes: Vec<u8> =
            (0..1 << 14).map(|at: u32| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        for (rows, cols) in [(4, 4), (8, 12), (5, 7), (1, 9), (9, 1), (13, 16)] {
            for (start, step) in [(3, 211_i64), (4000, -217)] {
                let tile = Columns { source: &bytes, start, step, rows, cols };
                let mut dst = vec![T::zeroed(); rows * cols];
                copy(tile, &mut dst);
                for (at, found) in dst.iter().enumerate() {
                    let expected: T = bytemuck::pod_read_unaligned(tile.part::<T>(at / cols, at % cols, 1));
                    assert_eq!(*found, expected);
                }
            }
        }
    }

    #[test]
    fn tiles_of_any_size_and_step_are_copied_element_by_element() {
        check::<u8>();
        check::<u16>();
        check::<u32>();
        check::<u64>();
        check::<u128>();
    }
}
