//! Who needs whom, as two flat arrays.
//!
//! A graph of a million tasks must not cost a million vectors. [`Adjacency`] is compressed sparse rows: four bytes a
//! row and four bytes an edge, built row by row and immutable afterwards. It knows numbers only; what a row stands for
//! (a task, a layer, a key) is the business of whoever built it.

use std::fmt;

use raskt_core::{Fit, prefer_huge_pages, vast_vec};

/// Edges from which on it is worth waking threads to turn them around, and how many threads do that at most: each reads
/// all of the edges.
const N_EDGES_SHARED: usize = 1 << 20;
const N_PARTS_MAX: usize = 4;

/// Rows of row numbers: row `i` names the rows that `i` points to, in the order in which they were pushed.
///
/// In this crate row `i` of the *inputs* lists the tasks whose values task `i` needs, with an entry for each mention;
/// [`transpose_distinct`](Adjacency::transpose_distinct) turns that into the *consumers*.
///
/// # Examples
///
/// ```
/// use raskt_graph::adjacency::AdjacencyBuilder;
///
/// let mut builder = AdjacencyBuilder::with_capacity(3, 3);
/// builder.push_row([])?;
/// builder.push_row([0])?;
/// builder.push_row([1, 0])?;
/// let inputs = builder.finish()?;
/// assert_eq!(inputs.row(2), [1, 0]);
/// assert_eq!(inputs.transpose().row(0), [1, 2]);
/// # Ok::<(), raskt_graph::adjacency::AdjacencyError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adjacency {
    /// Where each row starts in `targets`, and one entry more for where the last one ends.
    offsets: Vec<u32>,
    targets: Vec<u32>,
}

/// Collects the rows of an [`Adjacency`], first row first.
#[derive(Clone, Debug)]
pub struct AdjacencyBuilder {
    offsets: Vec<u32>,
    targets: Vec<u32>,
}

/// Why an [`Adjacency`] could not be built or sorted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdjacencyError {
    /// Rows are numbered with 32 bits, and the last number is reserved.
    TooManyRows,
    /// Edges are counted with 32 bits.
    TooManyEdges {
        /// The row whose edges no longer fit.
        row: u32,
    },
    /// A row points to a row that does not exist.
    UnknownTarget {
        /// The row that points.
        row: u32,
        /// The row that is missing.
        target: u32,
        /// How many rows there are.
        n_rows: u32,
    },
    /// Each row of the path points to the next, and the last one to the first.
    Cycle {
        /// The rows of the cycle, each once.
        path: Vec<u32>,
    },
}

impl fmt::Display for AdjacencyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManyRows => write!(formatter, "more than {} rows", u32::MAX),
            Self::TooManyEdges { row } => {
                write!(formatter, "more than {} edges when row {row} was added", u32::MAX)
            }
            Self::UnknownTarget { row, target, n_rows } => {
                write!(formatter, "row {row} points to row {target}, but there are only {n_rows} rows")
            }
            Self::Cycle { path } => {
                write!(formatter, "cycle:")?;
                path.iter().try_for_each(|row| write!(formatter, " {row} ->"))?;
                path.first().map_or(Ok(()), |row| write!(formatter, " {row}"))
            }
        }
    }
}

impl std::error::Error for AdjacencyError {}

impl AdjacencyBuilder {
    /// An empty builder with room for `n_rows` rows that hold `n_edges` targets together.
    pub fn with_capacity(n_rows: usize, n_edges: usize) -> Self {
        let mut offsets = vast_vec(n_rows.saturating_add(1));
        offsets.push(0);
        Self { offsets, targets: vast_vec(n_edges) }
    }

    /// How many rows were pushed: the number that the next row gets.
    pub fn n_rows(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Adds a row. Targets may lie ahead; [`finish`](Self::finish) checks that they came.
    ///
    /// # Errors
    ///
    /// [`AdjacencyError::TooManyRows`] and [`AdjacencyError::TooManyEdges`] if 32 bits do not suffice; the row is
    /// then not added.
    pub fn push_row(&mut self, targets: impl IntoIterator<Item = u32>) -> Result<u32, AdjacencyError> {
        let row = u32::try_from(self.n_rows()).ok().filter(|&row| row != u32::MAX);
        let row = row.ok_or(AdjacencyError::TooManyRows)?;
        let start = self.targets.len();
        self.targets.extend(targets);
        match u32::try_from(self.targets.len()) {
            Ok(end) => self.offsets.push(end),
            Err(_) => {
                self.targets.truncate(start);
                return Err(AdjacencyError::TooManyEdges { row });
            }
        }
        Ok(row)
    }

    /// The finished rows, with spare capacity given back.
    ///
    /// # Errors
    ///
    /// [`AdjacencyError::UnknownTarget`] if a row points to a row that was never pushed.
    pub fn finish(mut self) -> Result<Adjacency, AdjacencyError> {
        // `push_row` keeps the count below `u32::MAX`.
        let n_rows = self.n_rows().fit::<u32>();
        if let Some(at) = self.targets.iter().position(|&target| target >= n_rows) {
            let row = self.offsets.partition_point(|&offset| offset as usize <= at) - 1;
            return Err(AdjacencyError::UnknownTarget {
                row: row.fit::<u32>(),
                target: self.targets[at],
                n_rows,
            });
        }
        self.offsets.shrink_to_fit();
        self.targets.shrink_to_fit();
        Ok(Adjacency { offsets: self.offsets, targets: self.targets })
    }
}

impl Adjacency {
    /// How many rows there are.
    pub fn n_rows(&self) -> usize {
        self.offsets.len() - 1
    }

    /// How many targets all rows have together, repeated ones counted each time.
    pub fn n_edges(&self) -> usize {
        self.targets.len()
    }

    /// The targets of row `row`, which must be below [`n_rows`](Self::n_rows).
    #[inline]
    pub fn row(&self, row: u32) -> &[u32] {
        let row = row as usize;
        &self.targets[self.offsets[row] as usize..self.offsets[row + 1] as usize]
    }

    /// All rows, first row first.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[u32]> + '_ {
        self.offsets.windows(2).map(|bounds| &self.targets[bounds[0] as usize..bounds[1] as usize])
    }

    /// The same edges backwards: row `i` lists, in ascending order, the rows that point to `i`, once for each time
    /// that they do.
    pub fn transpose(&self) -> Self {
        self.transpose_where(|_, _, _| true, |_, _, _| true)
    }

    /// The same as [`transpose`](Self::transpose), made by up to `n_threads` threads where there are many edges. Each
    /// has the edges to some of the rows, and jumps about in so much less memory.
    pub fn transpose_on(&self, n_threads: usize) -> Self {
        let n_parts = n_threads.min(N_PARTS_MAX);
        if n_parts < 2 || self.n_edges() < N_EDGES_SHARED {
            return self.transpose();
        }
        let n_rows_each = self.n_rows().div_ceil(n_parts).max(1);
        let mut n_before = [0_usize; N_PARTS_MAX + 1];
        for &target in &self.targets {
            let starts = (n_rows_each..).step_by(n_rows_each);
            n_before[1..]
                .iter_mut()
                .zip(starts)
                .for_each(|(n, start)| *n += usize::from((target as usize) < start));
        }
        let (mut offsets, mut targets) = self.room_for_transposed(self.n_edges());
        std::thread::scope(|scope| {
            let mut rest = targets.as_mut_slice();
            for (part, ends) in offsets[1..].chunks_mut(n_rows_each).enumerate() {
                let taken = rest.split_off_mut(..n_before[part + 1] - n_before[part]).unwrap_or_default();
                let (start, base) = ((part * n_rows_each).fit::<u32>(), n_before[part].fit::<u32>());
                scope.spawn(move || {
                    self.transpose_to(start, ends, (base, taken), |_, _, _| true, |_, _, _| true);
                });
            }
        });
        Self { offsets, targets }
    }

    /// The same edges backwards with repetitions dropped: a row that points to `i` three times is listed once.
    ///
    /// # Examples
    ///
    /// ```
    /// use raskt_graph::adjacency::AdjacencyBuilder;
    ///
    /// let mut builder = AdjacencyBuilder::with_capacity(2, 2);
    /// builder.push_row([])?;
    /// builder.push_row([0, 0])?; // x * x
    /// let inputs = builder.finish()?;
    /// assert_eq!(inputs.transpose().row(0), [1, 1]);
    /// assert_eq!(inputs.transpose_distinct().row(0), [1]);
    /// # Ok::<(), raskt_graph::adjacency::AdjacencyError>(())
    /// ```
    pub fn transpose_distinct(&self) -> Self {
        let (mut counting, mut filling) = (Repeats::default(), Repeats::default());
        self.transpose_where(
            |source, row, at| !counting.is_repeat(self.n_rows(), source, row, at),
            |source, row, at| !filling.is_repeat(self.n_rows(), source, row, at),
        )
    }

    /// The edges backwards, of those that the filters choose.
    fn transpose_where(
        &self,
        mut is_counted: impl FnMut(u32, &[u32], usize) -> bool,
        is_filled: impl FnMut(u32, &[u32], usize) -> bool,
    ) -> Self {
        let (mut offsets, mut targets) = self.room_for_transposed(self.n_edges());
        let n = self.transpose_to(0, &mut offsets[1..], (0, &mut targets), &mut is_counted, is_filled);
        targets.truncate(n);
        targets.shrink_to_fit();
        Self { offsets, targets }
    }

    fn room_for_transposed(&self, n_edges: usize) -> (Vec<u32>, Vec<u32>) {
        let (mut offsets, mut targets) = (vec![0; self.offsets.len()], vec![0; n_edges]);
        prefer_huge_pages(&mut offsets);
        prefer_huge_pages(&mut targets);
        (offsets, targets)
    }

    /// Counting sort of the edges by target, of those to the rows from `start` on. `ends` becomes where these rows end,
    /// `targets` what they hold, from the edge numbered `base` on; how many that are is returned. The filters are asked
    /// once about every edge, rows and edges in ascending order, and must choose the same edges.
    fn transpose_to(
        &self,
        start: u32,
        ends: &mut [u32],
        (base, targets): (u32, &mut [u32]),
        mut is_counted: impl FnMut(u32, &[u32], usize) -> bool,
        mut is_filled: impl FnMut(u32, &[u32], usize) -> bool,
    ) -> usize {
        for (source, row) in (0..).zip(self.rows()) {
            for (at, &target) in row.iter().enumerate() {
                if let Some(n) = ends.get_mut(target.wrapping_sub(start) as usize) {
                    *n += u32::from(is_counted(source, row, at));
                }
            }
        }
        // A row's count becomes its start, which each edge that is filled in moves on, to the end at last.
        let mut end = base;
        for row_end in &mut *ends {
            end += std::mem::replace(row_end, end);
        }
        for (source, row) in (0..).zip(self.rows()) {
            for (at, &target) in row.iter().enumerate() {
                if let Some(slot) = ends.get_mut(target.wrapping_sub(start) as usize)
                    && is_filled(source, row, at)
                {
                    targets[(*slot - base) as usize] = source;
                    *slot += 1;
                }
            }
        }
        (end - base) as usize
    }

    /// The rows of one cycle, each pointing to the next and the last one to the first, or `None` if there is none.
    ///
    /// # Examples
    ///
    /// ```
    /// use raskt_graph::adjacency::AdjacencyBuilder;
    ///
    /// let mut builder = AdjacencyBuilder::with_capacity(3, 3);
    /// builder.push_row([1])?;
    /// builder.push_row([2])?;
    /// builder.push_row([1])?;
    /// assert_eq!(builder.finish()?.find_cycle(), Some(vec![1, 2]));
    /// # Ok::<(), raskt_graph::adjacency::AdjacencyError>(())
    /// ```
    pub fn find_cycle(&self) -> Option<Vec<u32>> {
        if self.points_backwards() {
            return None;
        }
        self.depth_first(|_| ()).err()
    }

    /// All rows so that whatever a row points to stands before it.
    ///
    /// # Errors
    ///
    /// [`AdjacencyError::Cycle`] with the path, if there is a cycle.
    pub fn topological(&self) -> Result<Vec<u32>, AdjacencyError> {
        if self.points_backwards() {
            return Ok((0..self.n_rows().fit::<u32>()).collect());
        }
        let mut sorted = Vec::with_capacity(self.n_rows());
        self.depth_first(|row| sorted.push(row)).map_err(|path| AdjacencyError::Cycle { path })?;
        Ok(sorted)
    }

    /// Whether every row points to earlier rows only, as in graphs that were numbered while they were built.
    pub fn points_backwards(&self) -> bool {
        self.rows().enumerate().all(|(row, targets)| targets.iter().all(|&target| (target as usize) < row))
    }

    /// Visits every row after all that it points to. The error is the first cycle found.
    fn depth_first(&self, mut finish: impl FnMut(u32)) -> Result<(), Vec<u32>> {
        let mut visits = vec![Visit::Ahead; self.n_rows()];
        // The path from the root of the search to here, with the position of the next edge to follow.
        let mut path: Vec<(u32, u32)> = Vec::new();
        for root in 0..self.n_rows().fit::<u32>() {
            if visits[root as usize] == Visit::Ahead {
                visits[root as usize] = Visit::OnPath;
                path.push((root, self.offsets[root as usize]));
            }
            while let Some((row, edge)) = path.last_mut() {
                if *edge == self.offsets[*row as usize + 1] {
                    visits[*row as usize] = Visit::Finished;
                    finish(*row);
                    path.pop();
                    continue;
                }
                let target = self.targets[*edge as usize];
                *edge += 1;
                match visits[target as usize] {
                    Visit::Finished => {}
                    Visit::Ahead => {
                        visits[target as usize] = Visit::OnPath;
                        path.push((target, self.offsets[target as usize]));
                    }
                    Visit::OnPath => {
                        let cycle = path.iter().map(|&(row, _)| row);
                        return Err(cycle.skip_while(|&row| row != target).collect());
                    }
                }
            }
        }
        Ok(())
    }
}

/// Recognises edges that stand twice in their row.
#[derive(Default)]
struct Repeats {
    /// For each target, one more than the last long row in which it was met. Allocated by the first long row.
    last_rows: Vec<u32>,
}

impl Repeats {
    /// Rows up to this length are searched rather than marked, which saves a random access an edge.
    const SHORT: usize = 16;

    fn is_repeat(&mut self, n_rows: usize, source: u32, row: &[u32], at: usize) -> bool {
        if row.len() <= Self::SHORT {
            return row[..at].contains(&row[at]);
        }
        self.last_rows.resize(n_rows, 0);
        std::mem::replace(&mut self.last_rows[row[at] as usize], source + 1) == source + 1
    }
}

/// How far a depth-first search has come with a row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Visit {
    Ahead,
    OnPath,
    Finished,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn adjacency(rows: &[Vec<u32>]) -> Adjacency {
        let mut builder = AdjacencyBuilder::with_capacity(rows.len(), 0);
        for row in rows {
            builder.push_row(row.iter().copied()).unwrap();
        }
        builder.finish().unwrap()
    }

    fn any_rows() -> impl Strategy<Value = Vec<Vec<u32>>> {
        (1_u32..40).prop_flat_map(|n_rows| {
            prop::collection::vec(prop::collection::vec(0..n_rows, 0..30), n_rows as usize)
        })
    }

    #[test]
    fn target_that_was_never_pushed_is_named_with_its_row() {
        let mut builder = AdjacencyBuilder::with_capacity(0, 0);
        builder.push_row([1]).unwrap();
        builder.push_row([]).unwrap();
        builder.push_row([0, 7]).unwrap();
        let error = builder.finish().unwrap_err();
        assert_eq!(error, AdjacencyError::UnknownTarget { row: 2, target: 7, n_rows: 3 });
        assert_eq!(error.to_string(), "row 2 points to row 7, but there are only 3 rows");
    }

    #[test]
    fn several_threads_transpose_as_one_does() {
        let many = crate::shapes::random(500_003, 6, 1).unwrap();
        assert!(many.n_edges() > N_EDGES_SHARED);
        let alone = many.transpose();
        for n_threads in [2, 3, 99] {
            assert_eq!(many.transpose_on(n_threads), alone);
        }
        let mut few = AdjacencyBuilder::with_capacity(2, N_EDGES_SHARED);
        few.push_row([]).unwrap();
        few.push_row(std::iter::repeat_n(0, N_EDGES_SHARED)).unwrap();
        let few = few.finish().unwrap();
        assert_eq!(few.transpose_on(4), few.transpose());
    }

    #[test]
    fn empty_adjacency_has_no_rows_no_cycle_and_transposes_to_itself() {
        let empty = adjacency(&[]);
        assert_eq!((empty.n_rows(), empty.n_edges()), (0, 0));
        assert_eq!(empty.transpose(), empty);
        assert_eq!(empty.topological(), Ok(vec![]));
    }

    #[test]
    fn row_that_points_to_itself_is_a_cycle_of_one() {
        assert_eq!(adjacency(&[vec![], vec![1]]).find_cycle(), Some(vec![1]));
        let error = adjacency(&[vec![1], vec![0]]).topological().unwrap_err();
        assert_eq!(error.to_string(), "cycle: 0 -> 1 -> 0");
    }

    #[test]
    fn chain_of_a_million_rows_is_sorted_without_recursion() {
        let n_rows = 1_000_000;
        let mut builder = AdjacencyBuilder::with_capacity(n_rows as usize, n_rows as usize);
        for row in 0..n_rows {
            builder.push_row((row + 1 < n_rows).then_some(row + 1)).unwrap();
        }
        let sorted = builder.finish().unwrap().topological().unwrap();
        assert!(sorted.into_iter().eq((0..n_rows).rev()));
    }

    proptest! {
        #[test]
        fn transposes_list_every_edge_backwards(rows in any_rows()) {
            let forwards = adjacency(&rows);
            let mut plain = vec![Vec::new(); rows.len()];
            for (source, row) in (0..).zip(&rows) {
                row.iter().for_each(|&target| plain[target as usize].push(source));
            }
            prop_assert_eq!(forwards.transpose(), adjacency(&plain));
            plain.iter_mut().for_each(Vec::dedup);
            prop_assert_eq!(forwards.transpose_distinct(), adjacency(&plain));
        }

        #[test]
        fn either_a_topological_order_or_a_real_cycle_is_found(rows in any_rows()) {
            let graph = adjacency(&rows);
            match graph.topological() {
                Ok(sorted) => {
                    prop_assert_eq!(graph.find_cycle(), None);
                    let mut is_done = vec![false; rows.len()];
                    for &row in &sorted {
                        prop_assert!(graph.row(row).iter().all(|&target| is_done[target as usize]));
                        prop_assert!(!std::mem::replace(&mut is_done[row as usize], true));
                    }
                    prop_assert_eq!(sorted.len(), rows.len());
                }
                Err(AdjacencyError::Cycle { path }) => {
                    let next = path.iter().cycle().skip(1);
                    prop_assert!(path.iter().zip(next).all(|(&row, next)| graph.row(row).contains(next)));
                    prop_assert_eq!(graph.find_cycle(), Some(path));
                }
                Err(other) => prop_assert!(false, "{}", other),
            }
        }
    }
}
