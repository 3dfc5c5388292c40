//! The next tile's memory, asked for while this tile is computed.
//!
//! Where operands run along both axes, a tile is many short runs of memory, each on a page of its own: what the
//! processor reads ahead by itself ends with the run. So it is told, a few runs after each step of the program.

use crate::kernels::nest::Tile;

/// Bytes that come from memory at once.
const LINE: usize = 64;

/// Runs of memory that the next tile will read.
#[derive(Debug, Default)]
pub(super) struct Prefetch {
    runs: Vec<Run>,
    n_asked: usize,
}

#[derive(Clone, Copy, Debug)]
struct Run {
    operand: usize,
    start: usize,
    len: usize,
}

impl Prefetch {
    /// Notes what comes after `tile`, if it is cut to be told; `items` are the bytes of an element of each operand.
    pub fn plan(&mut self, tile: &Tile<'_>, items: &[usize], n_operands: usize) {
        self.runs.clear();
        self.n_asked = 0;
        for (operand, &start) in tile.next.iter().take(n_operands).enumerate() {
            let (item, rows, cols) = (items[operand], tile.rows, tile.cols);
            let (row_step, col_step) = (tile.row_steps[operand], tile.col_steps[operand]);
            let (n, step, len) = match (row_step, col_step) {
                (step, col) if col == item as i64 && step != 0 => (rows, step, cols * item),
                (row, step) if row == item as i64 && step != 0 => (cols, step, rows * item),
                _ => continue,
            };
            // The next tile may have fewer runs, and then those beyond may not even be in memory.
            let starts = (0..n as i64).map_while(|at| usize::try_from(start + step * at).ok());
            self.runs.extend(starts.map(|start| Run { operand, start, len }));
        }
    }

    /// Asks for one of `n_parts` parts of what was noted; for what is left, if that is less.
    #[inline]
    pub fn ask(&mut self, sources: &[&[u8]], n_parts: usize) {
        let n = self.runs.len().div_ceil(n_parts.max(1));
        let end = (self.n_asked + n).min(self.runs.len());
        for run in &self.runs[self.n_asked..end] {
            for at in (run.start..run.start + run.len).step_by(LINE) {
                fetch(sources[run.operand], at);
            }
        }
        self.n_asked = end;
    }
}

/// Has the processor fetch the line with the byte at `at` to its second cache, and waits for nothing.
#[inline]
fn fetch(source: &[u8], at: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        let address = source.as_ptr().wrapping_add(at);
        // SAFETY: a hint reads nothing that the program sees, and no address is wrong for it.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(address.cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (source, at);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_asks_for_every_run_of_the_next_tile_once() {
        let source = vec![0_u8; 1 << 16];
        let steps = ([640_i64, 8], [8_i64, 640]);
        let tile = Tile {
            rows: 5,
            cols: 7,
            offsets: &[0, 0],
            next: &[512, 1024],
            row_steps: &steps.0,
            col_steps: &steps.1,
        };
        let mut prefetch = Prefetch::default();
        prefetch.plan(&tile, &[8, 8], 2);
        let starts: Vec<_> = prefetch.runs.iter().map(|run| (run.operand, run.start, run.len)).collect();
        let rows = (0..5).map(|row| (0, 512 + 640 * row, 56));
        let cols = (0..7).map(|col| (1, 1024 + 640 * col, 40));
        assert_eq!(starts, rows.chain(cols).collect::<Vec<_>>());
        for _ in 0..3 {
            prefetch.ask(&[&source, &source], 3);
        }
        assert_eq!(prefetch.n_asked, 12);
        let backwards = ([-640_i64, -640], [8_i64, 8]);
        let tile = Tile { next: &[1300, 64], row_steps: &backwards.0, col_steps: &backwards.1, ..tile };
        prefetch.plan(&tile, &[8, 8], 2);
        let starts: Vec<_> = prefetch.runs.iter().map(|run| (run.operand, run.start)).collect();
        assert_eq!(starts, [(0, 1300), (0, 660), (0, 20), (1, 64)], "nothing lies before the memory");
        prefetch.plan(&Tile { next: &[], ..tile }, &[8, 8], 2);
        assert!(prefetch.runs.is_empty());
    }
}
