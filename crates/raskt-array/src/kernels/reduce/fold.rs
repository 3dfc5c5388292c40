//! Folds: accumulators, one for each element of the result, that take in tiles.

use bytemuck::Pod;
use raskt_core::{Buffer, Result, allocation};

use crate::kernels::element::Element;
use crate::kernels::simd::{Loop, vectorized};

/// Where a tile's elements go: `out + row * out_row + col * out_col`; and their place along what is reduced.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows {
    pub rows: usize,
    pub cols: usize,
    pub out: usize,
    pub out_row: usize,
    pub out_col: usize,
    pub place: i64,
    pub place_row: i64,
    pub place_col: i64,
}

impl Rows {
    /// `n` elements, one for each accumulator.
    pub fn one_each(n: usize) -> Self {
        Self { rows: 1, cols: n, out: 0, out_row: 0, out_col: 1, place: 0, place_row: 0, place_col: 0 }
    }

    /// Calls `visit` with the accumulator and the elements of each run that goes into one accumulator.
    pub fn for_each_run<T>(&self, values: &[T], mut visit: impl FnMut(usize, &[T])) {
        if self.out_row == 0 {
            return visit(self.out, values);
        }
        for (row, run) in values.chunks_exact(self.cols).enumerate() {
            visit(self.out + row * self.out_row, run);
        }
    }
}

/// Accumulators on their way through the tiles.
pub(crate) trait Fold {
    /// Takes in a tile, aligned, in C order.
    fn add(&mut self, values: &[u8], rows: &Rows);

    /// The partial result's components.
    ///
    /// # Errors
    /// [`ErrorKind::OutOfMemory`](raskt_core::ErrorKind::OutOfMemory).
    fn finish(self: Box<Self>) -> Result<Vec<Buffer>>;
}

/// A way to join values two by two, in any order.
pub(crate) trait Monoid: 'static {
    /// An element.
    type In: Element;
    /// What is accumulated.
    type Acc: Element;
    /// What changes nothing.
    const IDENTITY: Self::Acc;
    /// Whether values are joined one after the other rather than side by side.
    const IN_ORDER: bool = false;
    /// The element, ready to be joined.
    fn lift(value: Self::In) -> Self::Acc;
    /// Both joined.
    fn join(a: Self::Acc, b: Self::Acc) -> Self::Acc;
}

/// How many accumulators run side by side.
const LANES: usize = 16;

struct Run<'a, M: Monoid>(&'a [M::In]);

impl<M: Monoid> Loop for Run<'_, M> {
    type Out = M::Acc;

    #[inline(always)]
    fn run(self) -> M::Acc {
        let mut lanes = [M::IDENTITY; LANES];
        let mut chunks = self.0.chunks_exact(LANES);
        for chunk in &mut chunks {
            for (lane, &value) in lanes.iter_mut().zip(chunk) {
                *lane = M::join(*lane, M::lift(value));
            }
        }
        for (lane, &value) in lanes.iter_mut().zip(chunks.remainder()) {
            *lane = M::join(*lane, M::lift(value));
        }
        let mut width = LANES;
        while width > 1 {
            width /= 2;
            for at in 0..width {
                lanes[at] = M::join(lanes[at], lanes[at + width]);
            }
        }
        lanes[0]
    }
}

struct Line<'a, M: Monoid>(&'a mut [M::Acc], &'a [M::In]);

impl<M: Monoid> Loop for Line<'_, M> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        for (acc, &value) in self.0.iter_mut().zip(self.1) {
            *acc = M::join(*acc, M::lift(value));
        }
    }
}

/// All of `values` joined, side by side and then two by two.
pub(super) fn join_run<M: Monoid>(values: &[M::In]) -> M::Acc {
    vectorized(Run::<M>(values))
}

/// All of `values` joined to `acc`, side by side unless their order counts.
fn join_to<M: Monoid>(acc: M::Acc, values: &[M::In]) -> M::Acc {
    if M::IN_ORDER {
        return values.iter().fold(acc, |acc, &value| M::join(acc, M::lift(value)));
    }
    M::join(acc, join_run::<M>(values))
}

/// Each value joined to its accumulator.
pub(super) fn join_line<M: Monoid>(acc: &mut [M::Acc], values: &[M::In]) {
    vectorized(Line::<M>(acc, values));
}

/// A fold that joins.
pub(super) struct MonoidFold<M: Monoid>(Vec<M::Acc>);

impl<M: Monoid> MonoidFold<M> {
    pub fn new(n: usize) -> Result<Self> {
        allocation::filled(M::IDENTITY, n).map(Self)
    }
}

impl<M: Monoid> Fold for MonoidFold<M> {
    fn add(&mut self, values: &[u8], rows: &Rows) {
        let values: &[M::In] = bytemuck::cast_slice(values);
        match rows.out_col {
            0 => rows.for_each_run(values, |at, run| self.0[at] = join_to::<M>(self.0[at], run)),
            1 => {
                for (row, line) in values.chunks_exact(rows.cols).enumerate() {
                    let at = rows.out + row * rows.out_row;
                    join_line::<M>(&mut self.0[at..at + rows.cols], line);
                }
            }
            step => {
                for (row, line) in values.chunks_exact(rows.cols).enumerate() {
                    for (col, &value) in line.iter().enumerate() {
                        let acc = &mut self.0[rows.out + row * rows.out_row + col * step];
                        *acc = M::join(*acc, M::lift(value));
                    }
                }
            }
        }
    }

    fn finish(self: Box<Self>) -> Result<Vec<Buffer>> {
        Ok(vec![buffer(&self.0)?])
    }
}

/// The elements as a buffer.
pub(super) fn buffer<T: Pod>(elements: &[T]) -> Result<Buffer> {
    Buffer::copied(bytemuck::cast_slice::<T, u8>(elements))
}
