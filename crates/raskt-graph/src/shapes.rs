//! Graphs of well-known forms and random ones, for tests and benches of whatever takes a graph.
//!
//! Every function returns the *inputs* of a graph: row `i` lists the tasks that task `i` needs. All of them number
//! inputs before consumers; [`shuffled`] takes that comfort away. Randomness comes from a seed and is the same on every
//! machine.

use raskt_core::Fit;

use crate::adjacency::{Adjacency, AdjacencyBuilder, AdjacencyError};

/// What every generator returns: the inputs, or the error of a graph that 32 bits cannot number.
pub type Shape = Result<Adjacency, AdjacencyError>;

/// `n` tasks that have nothing to do with each other.
pub fn independent(n: u32) -> Shape {
    let mut sketch = Sketch::default();
    sketch.sources(n)?;
    sketch.finish()
}

/// `n` chains of `length` tasks, numbered chain after chain.
///
/// # Examples
///
/// ```
/// use raskt_graph::shapes;
///
/// let inputs = shapes::chains(2, 3)?;
/// assert_eq!((inputs.n_rows(), inputs.n_edges()), (6, 4));
/// # Ok::<(), raskt_graph::adjacency::AdjacencyError>(())
/// ```
pub fn chains(n: u32, length: u32) -> Shape {
    let mut sketch = Sketch::default();
    for _ in 0..n {
        let mut last = None;
        for _ in 0..length {
            last = Some(sketch.task(last)?);
        }
    }
    sketch.finish()
}

/// `leaves` sources summed by a tree of pairs.
pub fn binary_tree(leaves: u32) -> Shape {
    tree(leaves, 2)
}

/// `leaves` sources summed by a tree whose nodes take `arity` values each.
pub fn tree(leaves: u32, arity: usize) -> Shape {
    let mut sketch = Sketch::default();
    let leaves = sketch.sources(leaves)?;
    sketch.tree_sum(leaves, arity)?;
    sketch.finish()
}

/// `n` stages of `width` tasks, each of which needs `fan_in` random tasks of the stage before.
pub fn stages(n: u32, width: u32, fan_in: u32, seed: u64) -> Shape {
    let mut random = SplitMix::new(seed);
    let mut sketch = Sketch::default();
    let mut before = sketch.sources(if n == 0 { 0 } else { width })?;
    for _ in 1..n {
        before = sketch.map(width, |_| (0..fan_in).map(|_| random.choose(&before)).collect())?;
    }
    sketch.finish()
}

/// `n` tasks with up to `max_inputs` inputs each, drawn from all tasks before (and possibly the same one twice).
pub fn random(n: u32, max_inputs: u32, seed: u64) -> Shape {
    random_window(n, max_inputs, n, seed)
}

/// Like [`random`], but inputs are drawn from the last `window` tasks before only.
pub fn random_window(n: u32, max_inputs: u32, window: u32, seed: u64) -> Shape {
    let mut random = SplitMix::new(seed);
    let mut sketch = Sketch::default();
    for task in 0..n {
        let reach = task.min(window);
        let n_inputs = if reach == 0 { 0 } else { random.below(max_inputs + 1) };
        let inputs: Vec<u32> = (0..n_inputs).map(|_| task - 1 - random.below(reach)).collect();
        sketch.task(inputs)?;
    }
    sketch.finish()
}

/// `x + x.T` of `n` by `n` blocks, then the sum of all blocks by a tree of `arity`.
pub fn transpose_add(n: u32, arity: usize) -> Shape {
    let mut sketch = Sketch::default();
    let x = sketch.sources(n * n)?;
    let sums = sketch.map(n * n, |at| vec![x[at as usize], x[((at % n) * n + at / n) as usize]])?;
    sketch.tree_sum(sums, arity)?;
    sketch.finish()
}

/// `rounds` stencils over `n` blocks in a row, each needing `depth` neighbours on either side, then a tree of four.
pub fn overlap(n: u32, depth: u32, rounds: u32) -> Shape {
    let mut sketch = Sketch::default();
    let blocks = sketch.stencils(n, depth, rounds)?;
    sketch.tree_sum(blocks, 4)?;
    sketch.finish()
}

/// Like [`overlap`], but each of the last blocks is stored by a task of its own instead of being summed.
pub fn overlap_stored(n: u32, depth: u32, rounds: u32) -> Shape {
    let mut sketch = Sketch::default();
    let blocks = sketch.stencils(n, depth, rounds)?;
    sketch.each(&blocks)?;
    sketch.finish()
}

/// A stencil of nine over `n` by `n` blocks, neighbours cut into pieces first as array libraries do it, then a tree.
pub fn overlap_grid(n: u32) -> Shape {
    let mut sketch = Sketch::default();
    let blocks = sketch.sources(n * n)?;
    let mut windows = Vec::new();
    for at in 0..n * n {
        let (i, j) = (at / n, at % n);
        let mut pieces = vec![blocks[at as usize]];
        for k in i.saturating_sub(1)..(i + 2).min(n) {
            for l in j.saturating_sub(1)..(j + 2).min(n) {
                if (k, l) != (i, j) {
                    pieces.push(sketch.task([blocks[(k * n + l) as usize]])?);
                }
            }
        }
        windows.push(sketch.task(pieces)?);
    }
    sketch.tree_sum(windows, 4)?;
    sketch.finish()
}

/// `n_maps` sources, each split into `n_reduces` pieces; each reduction takes its piece of all.
pub fn map_reduce(n_maps: u32, n_reduces: u32) -> Shape {
    let mut sketch = Sketch::default();
    let maps = sketch.sources(n_maps)?;
    let pieces = sketch.map(n_maps * n_reduces, |at| vec![maps[(at / n_reduces) as usize]])?;
    let reduces = sketch.map(n_reduces, |reduce| {
        (0..n_maps).map(|map| pieces[(map * n_reduces + reduce) as usize]).collect()
    })?;
    sketch.map(n_reduces, |reduce| vec![reduces[reduce as usize]])?;
    sketch.finish()
}

/// `n` diamonds one after the other: a source fans out to `width` chains of `length`, which one task joins again.
pub fn diamond(n: u32, width: u32, length: u32) -> Shape {
    let mut sketch = Sketch::default();
    let mut last = sketch.task([])?;
    for _ in 0..n {
        let mut arms = vec![last; width as usize];
        for _ in 0..length {
            arms = sketch.map(width, |arm| vec![arms[arm as usize]])?;
        }
        last = sketch.task(arms)?;
    }
    sketch.finish()
}

/// `(x - x.mean()) / x.std()` over `n` blocks: three uses of each block, two of them behind a global reduction.
pub fn standardise(n: u32, arity: usize) -> Shape {
    let mut sketch = Sketch::default();
    let x = sketch.sources(n)?;
    let sums = sketch.each(&x)?;
    let mean = sketch.tree_sum(sums, arity)?;
    let moments = sketch.each(&x)?;
    let std = sketch.tree_sum(moments, arity)?;
    let centred = sketch.map(n, |at| vec![x[at as usize], mean])?;
    let scaled = sketch.map(n, |at| vec![centred[at as usize], std])?;
    sketch.tree_sum(scaled, arity)?;
    sketch.finish()
}

/// The product of two matrices of `n` by `n` blocks, block products summed by trees of `arity`. Blocks are kept.
pub fn matmul(n: u32, arity: usize) -> Shape {
    let mut sketch = Sketch::default();
    let (a, b) = (sketch.sources(n * n)?, sketch.sources(n * n)?);
    for at in 0..n * n {
        let (i, j) = (at / n, at % n);
        let products = sketch.map(n, |k| vec![a[(i * n + k) as usize], b[(k * n + j) as usize]])?;
        sketch.tree_sum(products, arity)?;
    }
    sketch.finish()
}

/// `n` blocks of rows cut into `n` pieces each and joined to `n` blocks of columns, then a tree of four.
pub fn rechunk(n: u32) -> Shape {
    let mut sketch = Sketch::default();
    let rows = sketch.sources(n)?;
    let pieces = sketch.map(n * n, |at| vec![rows[(at / n) as usize]])?;
    let columns = sketch.map(n, |j| (0..n).map(|i| pieces[(i * n + j) as usize]).collect())?;
    sketch.tree_sum(columns, 4)?;
    sketch.finish()
}

/// A cumulative sum over `n` blocks: local sums, the chain of their last elements, and both added; then a tree of four.
pub fn cumulative(n: u32) -> Shape {
    let mut sketch = Sketch::default();
    let x = sketch.sources(n)?;
    let locals = sketch.each(&x)?;
    let lasts = sketch.each(&locals)?;
    let mut carries: Vec<u32> = Vec::new();
    for &last in &lasts {
        let carry = sketch.task(carries.last().copied().into_iter().chain([last]))?;
        carries.push(carry);
    }
    let sums = sketch.map(n, |at| match at {
        0 => vec![locals[0]],
        _ => vec![locals[at as usize], carries[at as usize - 1]],
    })?;
    sketch.tree_sum(sums, 4)?;
    sketch.finish()
}

/// One source with `n` consumers, each the head of a chain of `length`; all ends are summed by a tree of four.
pub fn fan_out(n: u32, length: u32) -> Shape {
    let mut sketch = Sketch::default();
    let source = sketch.task([])?;
    let mut ends = vec![source; n as usize];
    for _ in 0..length {
        ends = sketch.each(&ends)?;
    }
    sketch.tree_sum(ends, 4)?;
    sketch.finish()
}

/// Anomalies from a climatology: the mean of each of `n_groups` over `n_years`, each block minus its group's mean.
pub fn climatology(n_groups: u32, n_years: u32) -> Shape {
    let mut sketch = Sketch::default();
    let x = sketch.sources(n_groups * n_years)?;
    let selected = sketch.each(&x)?;
    let mut means = Vec::new();
    for group in 0..n_groups {
        let years = (0..n_years).map(|year| selected[(year * n_groups + group) as usize]).collect();
        means.push(sketch.tree_sum(years, 4)?);
    }
    let anomalies =
        sketch.map(n_groups * n_years, |at| vec![x[at as usize], means[(at % n_groups) as usize]])?;
    sketch.tree_sum(anomalies, 8)?;
    sketch.finish()
}

/// A tall-and-skinny QR of `n` blocks by a tree of `arity`, with the products that bring Q back to the blocks.
pub fn tall_skinny_qr(n: u32, arity: usize) -> Shape {
    let mut sketch = Sketch::default();
    let blocks = sketch.sources(n)?;
    let mut factors = sketch.each(&blocks)?;
    // For each level, the Q of each node and how many nodes of the level below it covers.
    let mut levels = Vec::new();
    loop {
        let qs = sketch.each(&factors)?;
        let rs = sketch.each(&factors)?;
        levels.push(qs);
        if rs.len() <= 1 {
            break;
        }
        factors = rs
            .chunks(arity.max(2))
            .map(|group| sketch.task(group.iter().copied()))
            .collect::<Result<_, _>>()?;
    }
    let mut above = levels.pop().unwrap_or_default();
    while let Some(qs) = levels.pop() {
        let cut = sketch
            .map(qs.len().fit::<u32>(), |at| vec![qs[at as usize], above[at as usize / arity.max(2)]])?;
        above = cut;
    }
    sketch.tree_sum(above, 4)?;
    sketch.finish()
}

/// A tree of `n` tasks of which each feeds one random task that comes later: inputs of very different depth.
pub fn random_tree(n: u32, seed: u64) -> Shape {
    let mut sketch = Sketch::default();
    random_tree_rows(n, seed).into_iter().try_for_each(|row| sketch.task(row).map(|_| ()))?;
    sketch.finish()
}

/// A [`random_tree`] whose leaves all need one more task, the first one: a model, a connection, a table of parameters.
pub fn random_tree_shared(n: u32, seed: u64) -> Shape {
    let mut sketch = Sketch::default();
    let shared = sketch.task([])?;
    for row in random_tree_rows(n, seed) {
        let inputs = row.iter().map(|&input| input + 1);
        sketch.task(inputs.chain(row.is_empty().then_some(shared)))?;
    }
    sketch.finish()
}

fn random_tree_rows(n: u32, seed: u64) -> Vec<Vec<u32>> {
    let mut random = SplitMix::new(seed);
    let mut rows = vec![Vec::new(); n as usize];
    for task in 0..n.saturating_sub(1) {
        // Close consumers are likelier, which makes trees deep as well as wide.
        let reach = random.below(n - task - 1).min(random.below(n - task - 1));
        rows[(task + 1 + reach) as usize].push(task);
    }
    rows
}

/// `n` tasks of which each pair is an edge with a probability of `per_mille` in a thousand.
pub fn random_pairs(n: u32, per_mille: u32, seed: u64) -> Shape {
    let mut random = SplitMix::new(seed);
    let mut sketch = Sketch::default();
    for task in 0..n {
        let inputs: Vec<u32> = (0..task).filter(|_| random.below(1000) < per_mille).collect();
        sketch.task(inputs)?;
    }
    sketch.finish()
}

/// The butterfly of a fast Fourier transform over `2^log2_width` blocks.
pub fn butterfly(log2_width: u32) -> Shape {
    let mut sketch = Sketch::default();
    let width = 1 << log2_width;
    let mut before = sketch.sources(width)?;
    for bit in 0..log2_width {
        before = sketch.map(width, |at| vec![before[at as usize], before[(at ^ (1 << bit)) as usize]])?;
    }
    sketch.finish()
}

/// A table of `n` by `m` blocks in which each needs the ones above and to the left, as in dynamic programming.
pub fn wavefront(n: u32, m: u32) -> Shape {
    let mut sketch = Sketch::default();
    for at in 0..n * m {
        let above = (at >= m).then(|| at - m);
        let left = (at % m > 0).then(|| at - 1);
        sketch.task(above.into_iter().chain(left))?;
    }
    sketch.finish()
}

/// Cholesky's factorisation of `n` by `n` tiles, right-looking; tiles of the factor are kept by their last use.
pub fn cholesky(n: u32) -> Shape {
    let mut sketch = Sketch::default();
    let mut tiles = sketch.sources(n * n)?;
    let at = |i: u32, j: u32| (i * n + j) as usize;
    for k in 0..n {
        tiles[at(k, k)] = sketch.task([tiles[at(k, k)]])?;
        for i in k + 1..n {
            tiles[at(i, k)] = sketch.task([tiles[at(k, k)], tiles[at(i, k)]])?;
        }
        for i in k + 1..n {
            for j in k + 1..=i {
                tiles[at(i, j)] = sketch.task([tiles[at(i, j)], tiles[at(i, k)], tiles[at(j, k)]])?;
            }
        }
    }
    sketch.finish()
}

/// The same graph with its tasks renumbered at random, so that numbers say nothing about the form.
pub fn shuffled(inputs: &Adjacency, seed: u64) -> Shape {
    let mut random = SplitMix::new(seed);
    let n_rows = inputs.n_rows().fit::<u32>();
    let mut old_of_new: Vec<u32> = (0..n_rows).collect();
    for at in (1..n_rows).rev() {
        old_of_new.swap(at as usize, random.below(at + 1) as usize);
    }
    let mut new_of_old = vec![0; old_of_new.len()];
    (0..).zip(&old_of_new).for_each(|(new, &old)| new_of_old[old as usize] = new);
    let mut builder = AdjacencyBuilder::with_capacity(inputs.n_rows(), inputs.n_edges());
    for &old in &old_of_new {
        builder.push_row(inputs.row(old).iter().map(|&input| new_of_old[input as usize]))?;
    }
    builder.finish()
}

/// The tasks that no task needs, in ascending order: what a caller of the whole graph would keep.
pub fn sinks(consumers: &Adjacency) -> Vec<u32> {
    (0..).zip(consumers.rows()).filter(|(_, row)| row.is_empty()).map(|(task, _)| task).collect()
}

/// A graph that is being drawn task by task.
struct Sketch {
    builder: AdjacencyBuilder,
}

impl Default for Sketch {
    fn default() -> Self {
        Self { builder: AdjacencyBuilder::with_capacity(0, 0) }
    }
}

impl Sketch {
    fn task(&mut self, inputs: impl IntoIterator<Item = u32>) -> Result<u32, AdjacencyError> {
        self.builder.push_row(inputs)
    }

    fn map(
        &mut self,
        n: u32,
        mut inputs_of: impl FnMut(u32) -> Vec<u32>,
    ) -> Result<Vec<u32>, AdjacencyError> {
        (0..n).map(|at| self.task(inputs_of(at))).collect()
    }

    fn sources(&mut self, n: u32) -> Result<Vec<u32>, AdjacencyError> {
        (0..n).map(|_| self.task([])).collect()
    }

    /// One new task behind each of `tasks`.
    fn each(&mut self, tasks: &[u32]) -> Result<Vec<u32>, AdjacencyError> {
        tasks.iter().map(|&task| self.task([task])).collect()
    }

    fn stencils(&mut self, n: u32, depth: u32, rounds: u32) -> Result<Vec<u32>, AdjacencyError> {
        let mut blocks = self.sources(n)?;
        for _ in 0..rounds {
            blocks = self.map(n, |at| {
                let reach = at.saturating_sub(depth)..(at + depth + 1).min(n);
                reach.map(|neighbour| blocks[neighbour as usize]).collect()
            })?;
        }
        Ok(blocks)
    }

    /// Sums `tasks` by a tree whose nodes take up to `arity`, at least two; the root is returned.
    fn tree_sum(&mut self, mut tasks: Vec<u32>, arity: usize) -> Result<u32, AdjacencyError> {
        while tasks.len() > 1 {
            tasks = tasks
                .chunks(arity.max(2))
                .map(|group| self.task(group.iter().copied()))
                .collect::<Result<_, _>>()?;
        }
        tasks.first().map_or_else(|| self.task([]), |&root| Ok(root))
    }

    fn finish(self) -> Shape {
        self.builder.finish()
    }
}

/// Steele, Lea and Flood's SplitMix64 ("Fast splittable pseudorandom number generators", 2014): one word of state,
/// enough for drawing graphs.
#[derive(Clone, Debug)]
pub struct SplitMix {
    state: u64,
}

impl SplitMix {
    /// A generator whose numbers depend on `seed` alone.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, or 0 if `bound` is 0; the bias of a 32-bit `bound` is below 2⁻³².
    pub fn below(&mut self, bound: u32) -> u32 {
        (((self.next_u64() >> 32) * u64::from(bound)) >> 32) as u32
    }

    fn choose(&mut self, from: &[u32]) -> u32 {
        from[self.below(from.len().fit::<u32>()) as usize]
    }
}
