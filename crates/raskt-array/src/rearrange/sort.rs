//! Blocks in order of their own, then merged in pairs.

use raskt_core::chunk::{AxisChunks, Chunks};
use raskt_core::{Fit, Param};
use raskt_expr::Expr;

use super::table::{axis_of, lone};
use crate::blockwise::blockwise;
use crate::builder::Builder;
use crate::concatenate::concatenate;
use crate::deferred::{PromisedAxis, later};
use crate::error::Built;
use crate::library::CHUNK;
use crate::parameters::{
    AXIS, CHUNKS, DTYPE, KWARGS, chunks_param, dtype_of, dtype_param, flag, integers, text, with,
};
use crate::slicing::{Cut, cut};

/// Whether the function that puts a block in order is told where the block lies.
const INFO: &str = "info";

/// `{"axis", "block", "merge", "dtype", "info"}`: the elements in order along an axis, by a function that puts a block in order
/// and one that merges two of them.
pub(super) fn by_name(
    builder: &Builder<'_>,
    name: &str,
    operands: &[Expr],
    parameters: &Param,
) -> Built<Expr> {
    let operand = lone(operands)?;
    let own = builder.chunks(operand)?;
    let axis = axis_of(parameters, own.n_axes())?;
    let along = &own.axes()[axis];
    if own.known_shape().is_err() && (along.n_blocks() > 1 || flag(parameters, INFO)) {
        let axes = PromisedAxis::all_of(builder, operand)?;
        return later(builder, name, operands, parameters, axes, &dtype_of(parameters));
    }
    let network = Network { builder, axis, parameters };
    if along.n_blocks() == 1 {
        return network.of_blocks("block", std::slice::from_ref(operand), &own, None);
    }
    // The network is right for blocks of one size, of which the last may be smaller.
    let (length, size) = (along.length().unwrap_or(0), along.size_max().unwrap_or(1).max(1));
    let mut axes = own.axes().to_vec();
    axes[axis] = AxisChunks::uniform(length, size)?;
    let chunks = Chunks::new(axes)?;
    network.merged(&crate::rechunk::to(builder, operand, &chunks)?, &chunks)
}

/// What sorts blocks along an axis.
struct Network<'a, 'b> {
    builder: &'a Builder<'b>,
    axis: usize,
    parameters: &'a Param,
}

impl Network<'_, '_> {
    fn merged(&self, expr: &Expr, chunks: &Chunks) -> Built<Expr> {
        let ordered = self.of_blocks("block", std::slice::from_ref(expr), chunks, None)?;
        let n = chunks.axes()[self.axis].n_blocks();
        let mut parts = Vec::with_capacity(n as usize);
        for block in 0..n {
            let mut cuts = vec![Cut::All; chunks.n_axes()];
            cuts[self.axis] = Cut::Blocks(vec![block]);
            let part = if n == 1 { ordered.clone() } else { cut(self.builder, &ordered, &cuts)? };
            let own = self.builder.chunks(&part)?;
            parts.push((part, own));
        }
        for (i, j) in exchanges(n as usize) {
            let pair = [parts[i].0.clone(), parts[j].0.clone()];
            parts[i].0 = self.of_blocks("merge", &pair, &parts[i].1, Some("lower"))?;
            parts[j].0 = self.of_blocks("merge", &pair, &parts[j].1, Some("upper"))?;
        }
        let parts: Vec<Expr> = parts.into_iter().map(|(part, _)| part).collect();
        concatenate(self.builder, &parts, self.axis.clamped())
    }

    /// What a function of the parameters makes of one block, or of two along the axis.
    fn of_blocks(&self, function: &str, blocks: &[Expr], chunks: &Chunks, half: Option<&str>) -> Built<Expr> {
        let n = chunks.n_axes();
        let letters = |own: usize| {
            let letter = |at: usize| if at == self.axis { own } else { at };
            integers((0..n).map(|at| letter(at).clamped::<i64>()))
        };
        let path = format!("{CHUNK}_order.{}", text(self.parameters, function));
        let kwargs = Param::map([(AXIS, Param::Int(self.axis.clamped()))]);
        let kwargs = match half {
            Some(half) => with(&kwargs, [("half", Param::Str(half.into()))]),
            None => kwargs,
        };
        let inputs = [self.axis, n].into_iter().take(blocks.len()).map(letters);
        let parameters = Param::map([
            ("function", Param::Str(path.into())),
            (KWARGS, kwargs),
            ("output", letters(self.axis)),
            ("inputs", Param::List(inputs.collect())),
            (CHUNKS, chunks_param(chunks)),
            (DTYPE, dtype_param(&dtype_of(self.parameters))),
            (INFO, Param::Bool(half.is_none() && flag(self.parameters, INFO))),
        ]);
        blockwise(self.builder, blocks, &parameters)
    }
}

/// The pairs that Batcher's odd-even merge sort compares (Knuth, volume 3, algorithm 5.2.2M).
fn exchanges(n: usize) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut width = 1;
    while width < n {
        let mut step = width;
        while step >= 1 {
            for start in (step % width..n.saturating_sub(step)).step_by(2 * step) {
                for i in start..start + step.min(n - start - step) {
                    if i / (2 * width) == (i + step) / (2 * width) {
                        found.push((i, i + step));
                    }
                }
            }
            step /= 2;
        }
        width *= 2;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exchanges_sort_every_sequence_of_zeros_and_ones() {
        // By the principle of zeros and ones, such a network sorts everything.
        for n in 1..10_usize {
            let pairs = exchanges(n);
            for bits in 0..1_u32 << n {
                let mut values: Vec<bool> = (0..n).map(|at| bits >> at & 1 == 1).collect();
                for &(i, j) in &pairs {
                    assert!(i < j && j < n);
                    if values[i] && !values[j] {
                        values.swap(i, j);
                    }
                }
                assert!(values.is_sorted(), "{n} {bits:b}");
            }
        }
    }
}
