//! Broadcasting: shapes and chunks of operands that meet element by element.

use raskt_core::chunk::{AxisChunks, Chunks};
use raskt_core::{Fit, Result};
use raskt_expr::Expr;
use raskt_graph::layer::Along;

use crate::builder::Builder;
use crate::deferred::origin;
use crate::error::{ArrayError, Built};

/// The operands in common chunks, and the chunks of what they make together.
///
/// # Errors
/// [`ArrayError::Broadcast`] for shapes that do not fit; [`ArrayError::Unmatched`] for sizes that may differ.
pub fn unify(builder: &Builder<'_>, operands: &[Expr]) -> Built<(Vec<Expr>, Chunks)> {
    let chunks = operands.iter().map(|expr| builder.chunks(expr)).collect::<Result<Vec<_>>>()?;
    let common = common_chunks(&chunks)?;
    let is_unknown = chunks.iter().any(|own| own.axes().iter().any(|axis| axis.length().is_none()));
    for at in (0..common.n_axes()).take_while(|_| is_unknown) {
        check_origins(builder, operands, &chunks, common.n_axes() - at)?;
    }
    let mut unified = Vec::with_capacity(operands.len());
    for (expr, own) in operands.iter().zip(&chunks) {
        let offset = common.n_axes() - own.n_axes();
        let axis = |(at, axis): (usize, &AxisChunks)| match (axis.length(), &common.axes()[offset + at]) {
            (Some(1), wanted) if wanted.length() != Some(1) => AxisChunks::uniform(1, 1),
            (_, wanted) => Ok(wanted.clone()),
        };
        let wanted = own.axes().iter().enumerate().map(axis).collect::<Result<Vec<_>>>()?;
        unified.push(crate::rechunk::to(builder, expr, &Chunks::new(wanted)?)?);
    }
    Ok((unified, common))
}

/// Sizes that are not known must be those of one origin, or they may differ: `from_end` counts axes from the last, 1.
fn check_origins(builder: &Builder<'_>, operands: &[Expr], all: &[Chunks], from_end: usize) -> Built<()> {
    let here = meeting_axes(operands, all, from_end);
    let lengths = here.iter().map(|&(expr, axis)| Ok(builder.chunks(expr)?.axes()[axis].length()));
    if here.len() < 2 || lengths.collect::<Result<Vec<_>>>()?.iter().all(Option::is_some) {
        return Ok(());
    }
    let origins = here.iter().map(|&(expr, axis)| origin(&builder.context, expr, axis));
    let origins = origins.collect::<Result<Vec<_>>>()?;
    match origins.iter().all(|found| *found == origins[0]) {
        true => Ok(()),
        false => Err(ArrayError::Unmatched { from_end }),
    }
}

/// The axes of operands, the one numbered `from_end` from the last, 1, that are not stretched.
pub(crate) fn meeting_axes<'e>(
    operands: &'e [Expr],
    all: &[Chunks],
    from_end: usize,
) -> Vec<(&'e Expr, usize)> {
    let here = operands.iter().zip(all).filter_map(|(expr, chunks)| {
        let axis = chunks.n_axes().checked_sub(from_end)?;
        (chunks.axes()[axis].length() != Some(1)).then_some((expr, axis))
    });
    here.collect()
}

/// The chunks of what arrays cut into `all` make together.
///
/// # Errors
/// As [`unify`].
pub fn common_chunks(all: &[Chunks]) -> Built<Chunks> {
    let n_axes = all.iter().map(Chunks::n_axes).max().unwrap_or(0);
    let mut axes = Vec::with_capacity(n_axes);
    for at in 0..n_axes {
        let here = all.iter().filter_map(|chunks| {
            let own = (at + chunks.n_axes()).checked_sub(n_axes)?;
            Some(&chunks.axes()[own])
        });
        let here: Vec<&AxisChunks> = here.collect();
        axes.push(match common_axis(&here)? {
            Common::Chunks(axis) => axis,
            Common::Differing => return Err(mismatch(all)),
            Common::Unknown => return Err(ArrayError::Unmatched { from_end: n_axes - at }),
        });
    }
    Ok(Chunks::new(axes)?)
}

fn mismatch(all: &[Chunks]) -> ArrayError {
    ArrayError::Broadcast { shapes: all.iter().map(|chunks| chunks.shape().to_vec()).collect() }
}

/// What arrays have in common along an axis.
enum Common {
    /// These chunks.
    Chunks(AxisChunks),
    /// Nothing: lengths do not fit.
    Differing,
    /// What cannot be told: sizes are not known.
    Unknown,
}

/// The chunks of an axis on which arrays are cut in these ways.
fn common_axis(axes: &[&AxisChunks]) -> Result<Common> {
    let long: Vec<&AxisChunks> = axes.iter().copied().filter(|axis| axis.length() != Some(1)).collect();
    let Some(first) = long.first() else {
        // One element may lie among blocks that have none.
        let is_alike = axes.iter().all(|axis| *axis == axes[0]);
        return Ok(Common::Chunks(if is_alike { axes[0].clone() } else { AxisChunks::uniform(1, 1)? }));
    };
    if long.iter().all(|axis| axis == first) {
        return Ok(Common::Chunks((*first).clone()));
    }
    let lengths: Vec<Option<u64>> = long.iter().map(|axis| axis.length()).collect();
    if lengths.iter().any(Option::is_none) {
        let n_blocks = first.n_blocks();
        if long.iter().any(|axis| axis.n_blocks() != n_blocks) {
            return Ok(Common::Unknown);
        }
        // The best known of each chunk; whether the others fit shows when they are there.
        let known = |at: u32| long.iter().find_map(|axis| axis.chunk(at).and_then(|chunk| chunk.size));
        return Ok(Common::Chunks(AxisChunks::from_runs((0..n_blocks).map(|at| (known(at), 1)))?));
    }
    if lengths.iter().any(|length| *length != lengths[0]) {
        return Ok(Common::Differing);
    }
    refine(&long).map(Common::Chunks)
}

/// The coarsest chunks that have the boundaries of all `axes`, which are of one length.
///
/// # Errors
/// None in practice.
pub fn refine(axes: &[&AxisChunks]) -> Result<AxisChunks> {
    let mut ends: Vec<u64> =
        axes.iter().flat_map(|axis| axis.chunks().filter_map(|chunk| Some(chunk.range()?.end))).collect();
    ends.sort_unstable();
    ends.dedup();
    let mut last = 0;
    let sizes: Vec<u64> = ends
        .iter()
        .map(|end| {
            let size = end - last;
            last = *end;
            size
        })
        .filter(|size| *size > 0)
        .collect();
    if sizes.is_empty() { AxisChunks::uniform(0, 1) } else { AxisChunks::from_sizes(sizes) }
}

/// Which block of an operand goes with which block of the result, letters being the result's axes.
#[must_use]
pub fn along(operand: &Chunks, result: &Chunks) -> Vec<Along> {
    let offset = result.n_axes() - operand.n_axes().min(result.n_axes());
    let axis = |(at, axis): (usize, &AxisChunks)| {
        let letter = offset + at;
        let stretched = axis.n_blocks() == 1 && result.axes()[letter].n_blocks() != 1;
        if stretched { Along::Single } else { Along::Letter(letter.fit::<u16>()) }
    };
    operand.axes().iter().enumerate().map(axis).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(sizes: &[u64]) -> AxisChunks {
        AxisChunks::from_sizes(sizes.iter().copied()).unwrap()
    }

    #[test]
    fn boundaries_of_all_operands_are_kept() {
        let (a, b) = (Chunks::new([sizes(&[3, 3])]).unwrap(), Chunks::new([sizes(&[2, 4])]).unwrap());
        assert_eq!(common_chunks(&[a, b]).unwrap(), Chunks::new([sizes(&[2, 1, 3])]).unwrap());
    }

    #[test]
    fn an_axis_of_one_element_stretches_and_others_do_not() {
        let (a, b) =
            (Chunks::new([sizes(&[1]), sizes(&[2, 2])]).unwrap(), Chunks::new([sizes(&[4])]).unwrap());
        let row = Chunks::new([sizes(&[5, 5]), sizes(&[1])]).unwrap();
        let all = common_chunks(&[a.clone(), b.clone(), row]).unwrap();
        assert_eq!(all, Chunks::new([sizes(&[5, 5]), sizes(&[2, 2])]).unwrap());
        let other = Chunks::new([sizes(&[3])]).unwrap();
        assert!(matches!(common_chunks(&[b, other]), Err(ArrayError::Broadcast { .. })));
        assert_eq!(along(&a, &all), [Along::Single, Along::Letter(1)]);
    }

    #[test]
    fn one_element_among_empty_blocks_is_cut_as_it_is() {
        let among = Chunks::new([sizes(&[0, 1, 0])]).unwrap();
        assert_eq!(common_chunks(&[among.clone(), among.clone()]).unwrap(), among);
        let lone = Chunks::new([sizes(&[1])]).unwrap();
        assert_eq!(common_chunks(&[among, lone.clone()]).unwrap(), lone);
    }

    #[test]
    fn unknown_sizes_match_by_number() {
        let unknown = |n| Chunks::new([AxisChunks::unknown(n).unwrap()]).unwrap();
        assert_eq!(common_chunks(&[unknown(2), unknown(2)]).unwrap(), unknown(2));
        assert!(common_chunks(&[unknown(2), unknown(3)]).is_err());
    }
}
