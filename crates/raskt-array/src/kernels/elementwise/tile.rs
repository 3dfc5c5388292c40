//! Functions over tiles: short aligned runs of elements, given as bytes.

use crate::kernels::simd::{Map1, Map2, Map3, vectorized};

/// Fills a tile from other tiles of as many elements.
pub(crate) type TileFn = fn(&mut [u8], &[&[u8]]);

/// A [`TileFn`] of one operand that vectorises.
macro_rules! map1 {
    ($A:ty => $O:ty, $f:expr) => {
        Some(
            (|dst: &mut [u8], args: &[&[u8]]| {
                $crate::kernels::elementwise::tile::run1::<$A, $O>(dst, args, $f)
            }) as $crate::kernels::elementwise::tile::TileFn,
        )
    };
}
pub(super) use map1;

/// A [`TileFn`] of two operands that vectorises.
macro_rules! map2 {
    ($A:ty, $B:ty => $O:ty, $f:expr) => {
        Some(
            (|dst: &mut [u8], args: &[&[u8]]| {
                $crate::kernels::elementwise::tile::run2::<$A, $B, $O>(dst, args, $f)
            }) as $crate::kernels::elementwise::tile::TileFn,
        )
    };
}
pub(super) use map2;

/// A [`TileFn`] of one operand that calls a function for each element.
macro_rules! call1 {
    ($A:ty => $O:ty, $f:expr) => {
        Some(
            (|dst: &mut [u8], args: &[&[u8]]| {
                $crate::kernels::elementwise::tile::each1::<$A, $O>(dst, args, $f)
            }) as $crate::kernels::elementwise::tile::TileFn,
        )
    };
}
pub(super) use call1;

/// A [`TileFn`] of two operands that calls a function for each element.
macro_rules! call2 {
    ($A:ty, $B:ty => $O:ty, $f:expr) => {
        Some(
            (|dst: &mut [u8], args: &[&[u8]]| {
                $crate::kernels::elementwise::tile::each2::<$A, $B, $O>(dst, args, $f)
            }) as $crate::kernels::elementwise::tile::TileFn,
        )
    };
}
pub(super) use call2;

use bytemuck::{Pod, cast_slice, cast_slice_mut};

#[inline]
pub(super) fn run1<A: Pod, O: Pod>(dst: &mut [u8], args: &[&[u8]], f: impl Fn(A) -> O) {
    vectorized(Map1 { dst: cast_slice_mut(dst), a: cast_slice(args[0]), f });
}

#[inline]
pub(super) fn run2<A: Pod, B: Pod, O: Pod>(dst: &mut [u8], args: &[&[u8]], f: impl Fn(A, B) -> O) {
    vectorized(Map2 { dst: cast_slice_mut(dst), a: cast_slice(args[0]), b: cast_slice(args[1]), f });
}

#[inline]
pub(super) fn run3<A: Pod, B: Pod, C: Pod, O: Pod>(dst: &mut [u8], args: &[&[u8]], f: impl Fn(A, B, C) -> O) {
    let (a, b, c) = (cast_slice(args[0]), cast_slice(args[1]), cast_slice(args[2]));
    vectorized(Map3 { dst: cast_slice_mut(dst), a, b, c, f });
}

#[inline]
pub(super) fn each1<A: Pod, O: Pod>(dst: &mut [u8], args: &[&[u8]], f: impl Fn(A) -> O) {
    for (out, &a) in cast_slice_mut::<u8, O>(dst).iter_mut().zip(cast_slice::<u8, A>(args[0])) {
        *out = f(a);
    }
}

#[inline]
pub(super) fn each2<A: Pod, B: Pod, O: Pod>(dst: &mut [u8], args: &[&[u8]], f: impl Fn(A, B) -> O) {
    let pairs = cast_slice::<u8, A>(args[0]).iter().zip(cast_slice::<u8, B>(args[1]));
    for (out, (&a, &b)) in cast_slice_mut::<u8, O>(dst).iter_mut().zip(pairs) {
        *out = f(a, b);
    }
}
