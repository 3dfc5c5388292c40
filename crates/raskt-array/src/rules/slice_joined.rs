//! A slice of joined arrays joins slices of those that it touches.

use raskt_core::chunk::AxisChunks;
use raskt_core::{Fit, Param, Result};
use raskt_expr::{Context, Expr, Rule};

use super::sliced::Sliced;
use crate::builder::{Builder, NativeTokens, chunks};
use crate::parameters::{AXIS, axis_number};
use crate::slicing::{Cut, cut, ranged};

/// `concatenate([x, y])[index]`, and `stack([x, y])[index]`.
pub(super) struct SliceJoined;

impl Rule for SliceJoined {
    fn name(&self) -> &'static str {
        "slice-joined"
    }

    fn apply(&self, expr: &Expr, context: &Context<'_>) -> Result<Option<Expr>> {
        let is_joined = |work: &Expr| matches!(work.operation().as_str(), "concatenate" | "stack");
        let Some(slice) = Sliced::of(expr, context, is_joined)?.filter(Sliced::is_part) else {
            return Ok(None);
        };
        let axis = axis_number(slice.work.parameters().get(AXIS).and_then(Param::as_int).unwrap_or(0));
        let mut cuts = slice.axes();
        if cuts.iter().all(|cut| *cut == Cut::All) {
            return Ok(None);
        }
        let is_stack = slice.work.operation().as_str() == "stack";
        let along = std::mem::replace(&mut cuts[axis], Cut::All);
        let parts = if is_stack { layers(&slice, &along) } else { pieces(&slice, axis, &along, context)? };
        let Some(parts) = parts.filter(|parts| !parts.is_empty()) else { return Ok(None) };
        let builder = Builder::new(*context, &NativeTokens);
        let mut taken = Vec::with_capacity(parts.len());
        for (operand, part) in &parts {
            match (is_stack, part) {
                (true, _) => drop(cuts.remove(axis)),
                (false, part) => cuts[axis] = part.clone(),
            }
            taken.push(cut(&builder, operand, &cuts)?);
            if is_stack {
                cuts.insert(axis, Cut::All);
            }
        }
        let made = match (&along, taken.as_slice()) {
            (Cut::Point(_), [lone]) => lone.clone(),
            (_, [lone]) if !is_stack => lone.clone(),
            _ => {
                let place = cuts[..axis].iter().filter(|cut| !matches!(cut, Cut::Point(_))).count();
                let parameters = Param::map([(AXIS, Param::Int(place.clamped::<i64>()))]);
                let name = slice.work.operation().as_str();
                builder.make(name, &taken.iter().collect::<Vec<_>>(), parameters)?
            }
        };
        slice.finish_all(context, &made)
    }
}

/// The arrays of a stack that are taken.
fn layers<'e>(slice: &Sliced<'e>, along: &Cut) -> Option<Vec<(&'e Expr, Cut)>> {
    let operands = slice.work.operands();
    let places: Vec<u64> = match along {
        Cut::All => (0..operands.len() as u64).collect(),
        Cut::Point(at) => vec![*at],
        Cut::Range { start, n, step } => (0..(*n).clamped::<i64>())
            .map(|at| ((*start).clamped::<i64>() + at * step).clamped::<u64>())
            .collect(),
        Cut::Picks(picks) => picks.clone(),
        Cut::Blocks(blocks) => blocks.iter().map(|&block| u64::from(block)).collect(),
        Cut::New => return None,
    };
    places.into_iter().map(|at| Some((operands.get(at.fit::<usize>())?, Cut::All))).collect()
}

/// The arrays of a concatenation that are taken, and what of each.
fn pieces<'e>(
    slice: &Sliced<'e>,
    axis: usize,
    along: &Cut,
    context: &Context<'_>,
) -> Result<Option<Vec<(&'e Expr, Cut)>>> {
    let operands = slice.work.operands();
    let mut axes = Vec::with_capacity(operands.len());
    for operand in operands {
        axes.push(chunks(context.meta(operand)?)?.axes()[axis].clone());
    }
    let all = operands.iter().map(|operand| (operand, Cut::All));
    Ok(match along {
        Cut::All => Some(all.collect()),
        Cut::Blocks(blocks) => {
            let sizes = axes.iter().map(|axis| u64::from(axis.n_blocks()));
            let runs = runs(sizes, blocks.iter().map(|&block| u64::from(block)));
            let cut = |places: Vec<u64>| Cut::Blocks(places.into_iter().map(|at| at.fit::<u32>()).collect());
            runs.map(|runs| {
                runs.into_iter().map(|(at, places)| (&operands[at], cut(places).plain(&axes[at]))).collect()
            })
        }
        other => {
            let lengths: Option<Vec<u64>> = axes.iter().map(AxisChunks::length).collect();
            let Some(lengths) = lengths else { return Ok(None) };
            let found = match other {
                Cut::Point(at) => found(&lengths, *at).map(|(at, place)| vec![(at, Cut::Point(place))]),
                Cut::Range { start, n, step } => Some(spans(&lengths, *start, *n, *step)),
                Cut::Picks(picks) => runs(lengths.iter().copied(), picks.iter().copied()).map(|runs| {
                    runs.into_iter().map(|(at, places)| (at, Cut::Picks(places))).collect::<Vec<_>>()
                }),
                Cut::All | Cut::Blocks(_) | Cut::New => None,
            };
            // Picks that go back and forth would make more arrays of them than there were.
            let found = found.filter(|found| found.len() <= operands.len());
            found.map(|found| {
                found.into_iter().map(|(at, cut)| (&operands[at], cut.plain(&axes[at]))).collect()
            })
        }
    })
}

/// Which of arrays of such lengths has the element `place`, and where.
fn found(lengths: &[u64], place: u64) -> Option<(usize, u64)> {
    let mut start = 0;
    for (at, length) in lengths.iter().enumerate() {
        if place < start + length {
            return Some((at, place - start));
        }
        start += length;
    }
    None
}

/// Places one after the other, split where they go from one array to another.
fn runs(
    lengths: impl Iterator<Item = u64>,
    places: impl Iterator<Item = u64>,
) -> Option<Vec<(usize, Vec<u64>)>> {
    let lengths: Vec<u64> = lengths.collect();
    let mut runs: Vec<(usize, Vec<u64>)> = Vec::new();
    for place in places {
        let (at, place) = found(&lengths, place)?;
        match runs.last_mut() {
            Some((last, places)) if *last == at => places.push(place),
            _ => runs.push((at, vec![place])),
        }
    }
    (runs.len() <= lengths.len()).then_some(runs)
}

/// A range, split where it goes from one array to another.
fn spans(lengths: &[u64], start: u64, n: u64, step: i64) -> Vec<(usize, Cut)> {
    let (mut spans, mut at, mut left) = (Vec::new(), start.clamped::<i64>(), n);
    while left > 0 {
        let Some((operand, place)) = found(lengths, at.clamped::<u64>()) else { break };
        let reach = if step > 0 { lengths[operand] - 1 - place } else { place };
        let here = (reach / step.unsigned_abs() + 1).min(left);
        spans.push((operand, ranged(place, here, step)));
        left -= here;
        at += here.clamped::<i64>() * step;
    }
    spans
}
