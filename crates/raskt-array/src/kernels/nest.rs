//! Loops over several strided operands at once: ordered by memory, merged where they can be, cut into tiles.

use std::ops::Range;

use smallvec::SmallVec;

/// Elements in a tile: a few of them fit the fastest cache together.
pub(crate) const TILE: usize = 1024;

/// Side of a tile in which operands run along both axes: long enough a run of memory for each of them to be worth going
/// there, and a few tiles fit the second cache together.
const SIDE: usize = 64;
/// Tiles beside and below each other that make a square, where operands run along both axes.
const BESIDE: usize = 4;
/// Rows of tiles that are to have several.
const N_ROWS: usize = 16;
/// No tile that a program's steps run over has more elements.
pub(crate) const TILE_MAX: usize = if TILE > SIDE * SIDE { TILE } else { SIDE * SIDE };

/// A number for each operand: a step, an offset.
pub(crate) type PerOperand = SmallVec<[i64; 6]>;

/// One loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dim {
    /// How often it runs.
    pub n: usize,
    /// What each round adds to each operand's offset.
    pub steps: PerOperand,
}

/// What shape tiles have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TileShape {
    /// As wide as can be.
    Wide,
    /// Several rows, for work that has something to do once a column.
    Tall,
    /// Several rows as wide as can be, for such work on elements that lie where they are.
    Broad,
}

/// Loops, the outermost first.
#[derive(Clone, Debug)]
pub(crate) struct Nest {
    dims: Vec<Dim>,
    base: PerOperand,
}

/// Which axes become which loops.
#[derive(Clone, Debug)]
pub(crate) struct Order(pub Vec<usize>);

impl Order {
    /// The axes of `shape`, those outside that take long steps in every operand; in C order where operands
    /// disagree.
    pub fn by_memory(shape: &[u64], operands: &[&[i64]]) -> Self {
        let mut axes: Vec<usize> = (0..shape.len()).collect();
        let is_wrong = |outer: usize, inner: usize| {
            let mut wants = false;
            for steps in operands {
                let (out, inn) = (steps[outer].unsigned_abs(), steps[inner].unsigned_abs());
                if out == 0 || inn == 0 || shape[outer] == 1 || shape[inner] == 1 {
                    continue;
                }
                if out >= inn {
                    return false;
                }
                wants = true;
            }
            wants
        };
        for end in 1..axes.len() {
            let mut at = end;
            while at > 0 && is_wrong(axes[at - 1], axes[at]) {
                axes.swap(at - 1, at);
                at -= 1;
            }
        }
        Self(axes)
    }

    /// C order.
    pub fn plain(n_axes: usize) -> Self {
        Self((0..n_axes).collect())
    }

    /// The steps, in units of `item`, of an array without gaps whose axes lie in this order.
    pub fn dense_steps(&self, shape: &[u64], item: i64) -> Vec<i64> {
        let mut steps = vec![0; shape.len()];
        let mut step = item;
        for &axis in self.0.iter().rev() {
            steps[axis] = step;
            step *= shape[axis].max(1) as i64;
        }
        steps
    }
}

impl Nest {
    /// The loops over `shape`, for operands with these steps and first offsets.
    pub fn new(shape: &[u64], order: &Order, operands: &[&[i64]], base: PerOperand) -> Self {
        let mut dims: Vec<Dim> = Vec::with_capacity(shape.len());
        for &axis in &order.0 {
            let dim =
                Dim { n: shape[axis] as usize, steps: operands.iter().map(|steps| steps[axis]).collect() };
            match dims.last_mut() {
                _ if dim.n == 1 => {}
                Some(outer) if outer.steps.iter().zip(&dim.steps).all(|(a, b)| *a == b * dim.n as i64) => {
                    outer.n *= dim.n;
                    outer.steps = dim.steps;
                }
                _ => dims.push(dim),
            }
        }
        Self { dims, base }
    }

    /// How many elements there are.
    pub fn n_elements(&self) -> usize {
        self.dims.iter().map(|dim| dim.n).product()
    }

    /// The first offsets.
    pub fn base(&self) -> &[i64] {
        &self.base
    }

    /// Whether the innermost loop moves an operand.
    pub fn is_inner_moving(&self, operand: usize) -> bool {
        self.dims.last().is_some_and(|dim| dim.steps[operand] != 0)
    }

    /// The same loops from other first offsets.
    pub fn with_base(&self, base: &[i64]) -> Self {
        Self { dims: self.dims.clone(), base: base.into() }
    }

    /// The same loops in up to `n` parts, cut along the outermost.
    pub fn split(&self, n: usize) -> Vec<Self> {
        let Some(outer) = self.dims.first() else { return vec![self.clone()] };
        let grain = if self.dims.len() == 1 { TILE } else { 1 };
        let len = outer.n.div_ceil(n.max(1)).next_multiple_of(grain).max(1);
        let starts = (0..outer.n.max(1)).step_by(len);
        let part = |start: usize| {
            let mut part = self.clone();
            part.dims[0].n = len.min(outer.n - start.min(outer.n));
            part.base.iter_mut().zip(&outer.steps).for_each(|(base, step)| *base += step * start as i64);
            part
        };
        starts.map(part).collect()
    }

    /// Whether an operand has other elements in each round of the outermost loop.
    pub fn is_outer_moving(&self, operand: usize) -> bool {
        self.dims.first().is_some_and(|outer| outer.steps.get(operand).is_some_and(|&step| step != 0))
    }

    /// The two innermost loops, rows before columns, and those outside of them.
    fn inner(&self) -> (&[Dim], Dim, Dim) {
        let lone = || Dim { n: 1, steps: smallvec::smallvec![0; self.base.len()] };
        match self.dims.as_slice() {
            [] => (&[], lone(), lone()),
            [cols] => (&[], lone(), cols.clone()),
            [outer @ .., rows, cols] => (outer, rows.clone(), cols.clone()),
        }
    }

    /// How many elements the innermost loop runs over, and what each operand's steps are there.
    pub fn line(&self) -> (usize, &[i64]) {
        self.dims.last().map_or((1, &[]), |dim| (dim.n, &dim.steps))
    }

    /// Calls `visit` with the first offsets of each run of the innermost loop.
    pub fn for_each_line(&self, mut visit: impl FnMut(&[i64])) {
        if self.n_elements() == 0 {
            return;
        }
        let outer = self.dims.split_last().map_or(&[][..], |(_, outer)| outer);
        let mut index: SmallVec<[usize; 4]> = smallvec::smallvec![0; outer.len()];
        let mut base = self.base.clone();
        loop {
            visit(&base);
            if !advance(outer, &mut index, &mut base) {
                return;
            }
        }
    }

    /// Calls `visit` with each tile.
    pub fn for_each_tile<E>(
        &self,
        shape: TileShape,
        mut visit: impl FnMut(&Tile<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.n_elements() == 0 {
            return Ok(());
        }
        let (outer, rows, cols) = self.inner();
        let (height, width) = tile_size(shape, &rows, &cols);
        // Where operands cross, squares of tiles are gone through one by one: what the processor reads ahead of a row of
        // one tile is wanted by the tile beside it, or by the one below, before it is forgotten.
        let crosses = crosses(&rows, &cols);
        let n_beside = if crosses { BESIDE } else { cols.n.max(1).div_ceil(width) };
        let n_below = if crosses { BESIDE } else { 1 };
        let mut index: SmallVec<[usize; 4]> = smallvec::smallvec![0; outer.len()];
        let mut base = self.base.clone();
        let (mut offsets, mut next) = (base.clone(), base.clone());
        let first_of = |base: &[i64], (row, col): (usize, usize), offsets: &mut PerOperand| {
            for (at, offset) in offsets.iter_mut().enumerate() {
                *offset = base[at] + rows.steps[at] * row as i64 + cols.steps[at] * col as i64;
            }
        };
        loop {
            let squares = squares((rows.n, cols.n), (height * n_below, width * n_beside));
            let mut all = squares.flat_map(|square| tiles(square, (height, width))).peekable();
            while let Some((row, col)) = all.next() {
                first_of(&base, (row, col), &mut offsets);
                let follower = if crosses { all.peek() } else { None };
                if let Some(&place) = follower {
                    first_of(&base, place, &mut next);
                }
                visit(&Tile {
                    rows: height.min(rows.n - row),
                    cols: width.min(cols.n - col),
                    offsets: &offsets,
                    next: if follower.is_some() { &next } else { &[] },
                    row_steps: &rows.steps,
                    col_steps: &cols.steps,
                })?;
            }
            if !advance(outer, &mut index, &mut base) {
                return Ok(());
            }
        }
    }
}

/// Moves on to the next round of the loops; false behind the last one.
fn advance(dims: &[Dim], index: &mut [usize], base: &mut [i64]) -> bool {
    for (at, dim) in index.iter_mut().zip(dims).rev() {
        *at += 1;
        let is_over = *at == dim.n;
        let rounds = if is_over { 1 - dim.n as i64 } else { 1 };
        base.iter_mut().zip(&dim.steps).for_each(|(base, step)| *base += step * rounds);
        if !is_over {
            return true;
        }
        *at = 0;
    }
    false
}

/// Whether an operand runs along the rows while the others run along the columns.
fn crosses(rows: &Dim, cols: &Dim) -> bool {
    rows.steps.iter().zip(&cols.steps).any(|(row, col)| *row != 0 && row.abs() < col.abs())
}

/// Rows and columns from the first up to the last of a rectangle.
type Rectangle = (Range<usize>, Range<usize>);

/// Rectangles of `height` by `width` that cover `n_rows` by `n_cols`.
fn squares((n_rows, n_cols): (usize, usize), size: (usize, usize)) -> impl Iterator<Item = Rectangle> {
    let part =
        move |(row, col): (usize, usize)| (row..(row + size.0).min(n_rows), col..(col + size.1).min(n_cols));
    tiles((0..n_rows, 0..n_cols), size).map(part)
}

/// The first row and column of the tiles of `height` by `width` that cover a rectangle.
fn tiles((rows, cols): Rectangle, (height, width): (usize, usize)) -> impl Iterator<Item = (usize, usize)> {
    rows.step_by(height).flat_map(move |row| cols.clone().step_by(width).map(move |col| (row, col)))
}

fn tile_size(shape: TileShape, rows: &Dim, cols: &Dim) -> (usize, usize) {
    // An operand that runs along the other axis is read by its own rows.
    let crosses = crosses(rows, cols);
    let n = match shape {
        _ if crosses => SIDE * SIDE,
        TileShape::Broad => N_ROWS * TILE,
        TileShape::Tall | TileShape::Wide => TILE,
    };
    let width = match shape {
        _ if crosses => SIDE,
        TileShape::Tall if rows.n >= N_ROWS => TILE / N_ROWS,
        TileShape::Tall if rows.n >= N_ROWS / 2 => TILE / N_ROWS * 2,
        TileShape::Tall | TileShape::Wide | TileShape::Broad => TILE,
    };
    let width = width.min(cols.n).max(1);
    ((n / width).clamp(1, rows.n.max(1)), width)
}

/// A block of elements, rows by columns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tile<'a> {
    /// How many rows.
    pub rows: usize,
    /// How many columns.
    pub cols: usize,
    /// Where the first element is, for each operand.
    pub offsets: &'a [i64],
    /// Where that of the tile after this one is; empty behind the last one, and where memory is walked through in one
    /// direction.
    pub next: &'a [i64],
    /// From one row to the next.
    pub row_steps: &'a [i64],
    /// From one column to the next.
    pub col_steps: &'a [i64],
}

impl Tile<'_> {
    /// How many elements.
    pub fn len(&self) -> usize {
        self.rows * self.cols
    }

    /// Whether the operand's elements lie one after the other, `item` apart.
    pub fn is_dense(&self, operand: usize, item: i64) -> bool {
        (self.cols == 1 || self.col_steps[operand] == item)
            && (self.rows == 1 || self.row_steps[operand] == self.cols as i64 * item)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn tiles_visit_every_element_once(
            shape in prop::collection::vec(0_u64..40, 0..4),
            permute in any::<bool>(),
            parts in 1_usize..5,
            tall in any::<bool>(),
        ) {
            let order = Order::plain(shape.len());
            let dense = order.dense_steps(&shape, 1);
            let reversed: Vec<i64> = if permute {
                Order((0..shape.len()).rev().collect()).dense_steps(&shape, 1)
            } else {
                dense.clone()
            };
            let nest = Nest::new(&shape, &Order::by_memory(&shape, &[&reversed]), &[&dense, &reversed],
                smallvec::smallvec![0, 0]);
            let n = shape.iter().product::<u64>() as usize;
            let mut seen = vec![0; n];
            let tile_shape = if tall { TileShape::Tall } else { TileShape::Wide };
            for part in nest.split(parts) {
                part.for_each_tile(tile_shape, |tile| -> Result<(), ()> {
                    assert!(tile.len() <= TILE_MAX);
                    for row in 0..tile.rows as i64 {
                        for col in 0..tile.cols as i64 {
                            let at = tile.offsets[0] + row * tile.row_steps[0] + col * tile.col_steps[0];
                            seen[at as usize] += 1;
                        }
                    }
                    Ok(())
                }).unwrap();
            }
            prop_assert!(seen.iter().all(|&count| count == 1));
        }
    }

    #[test]
    fn arrays_without_gaps_become_one_loop() {
        let shape = [4, 5, 6];
        let order = Order::plain(3);
        let steps = order.dense_steps(&shape, 8);
        let nest = Nest::new(&shape, &order, &[&steps, &steps], smallvec::smallvec![0, 0]);
        assert_eq!(nest.dims, [Dim { n: 120, steps: smallvec::smallvec![8, 8] }]);
    }
}
