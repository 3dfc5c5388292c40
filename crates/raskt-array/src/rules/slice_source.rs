//! A slice of a source is a source of less: the same elements, of which only a window is made or read.

use raskt_core::chunk::AxisChunks;
use raskt_core::{Fit, Param, Result};
use raskt_expr::{Context, Expr, Rule};

use super::sliced::Sliced;
use crate::builder::{Builder, NativeTokens};
use crate::creation::full_like;
use crate::parameters::{CHUNKS, KWARGS, WINDOW, chunks_param, integers, integers_of, with};
use crate::slicing::{Cut, cut};

/// `random(size)[index]`, `from_array(file)[index]`, `arange(n)[index]`, and their like.
pub(super) struct SliceSource;

impl Rule for SliceSource {
    fn name(&self) -> &'static str {
        "slice-source"
    }

    fn apply(&self, expr: &Expr, context: &Context<'_>) -> Result<Option<Expr>> {
        if let Some(slice) = Sliced::of(expr, context, |work| work.operation().as_str() == "full")? {
            return full_like(context, slice.work, expr);
        }
        let Some(slice) = Sliced::of(expr, context, is_windowed)? else { return Ok(None) };
        let (mut offsets, mut window, mut rest) = (Vec::new(), Vec::new(), Vec::new());
        for (cut, axis) in slice.axes().into_iter().zip(slice.chunks.axes()) {
            let (start, n, behind) = match cut {
                Cut::All => (0, axis.length(), Cut::All),
                Cut::Point(at) => (at, Some(1), Cut::Point(0)),
                Cut::Range { n: 0, .. } | Cut::Picks(_) | Cut::Blocks(_) | Cut::New => return Ok(None),
                Cut::Range { start, n, step } => {
                    let last = (start.clamped::<i64>() + (n.clamped::<i64>() - 1) * step).clamped::<u64>();
                    let (low, high) = (start.min(last), start.max(last));
                    let reach = high + 1 - low;
                    match step {
                        1 => (low, Some(n), Cut::All),
                        // What lies between is made in vain: less of that must repay the slice that stays.
                        _ if is_most(reach, axis) => (0, axis.length(), Cut::Range { start, n, step }),
                        _ => (low, Some(reach), Cut::Range { start: start - low, n, step }),
                    }
                }
            };
            let Some(n) = n else { return Ok(None) };
            offsets.push(start.clamped::<i64>());
            window.push(Cut::Range { start, n, step: 1 }.plain(axis));
            rest.push(Some(behind));
        }
        if window.iter().all(|cut| *cut == Cut::All) {
            return Ok(None);
        }
        let parameters = slice.work.parameters();
        if let Some(before) = integers_of(parameters, WINDOW) {
            offsets.iter_mut().zip(before).for_each(|(offset, before)| *offset += before);
        }
        let builder = Builder::new(*context, &NativeTokens);
        let operands: std::result::Result<Vec<Expr>, _> =
            slice.work.operands().iter().map(|operand| cut(&builder, operand, &window)).collect();
        let left = chunks_param(&slice.chunks_left(&window)?);
        let change = Param::map([(CHUNKS, left), (WINDOW, integers(offsets))]);
        let told = [CHUNKS, WINDOW].map(|name| (name, crate::parameters::get(&change, name)));
        let made = slice.work.varied(operands?, with(parameters, told), &change)?;
        slice.finish(context, &made, &rest)
    }
}

/// Whether `n` elements are most of an axis.
fn is_most(n: u64, axis: &AxisChunks) -> bool {
    axis.length().is_none_or(|length| n.saturating_mul(8) > length.saturating_mul(7))
}

/// Sources whose tasks are told where their elements lie, and need nothing else.
fn is_windowed(work: &Expr) -> bool {
    match work.operation().as_str() {
        "arange" | "linspace" | "eye" | "getter" | "generate" | "read_zarr" => true,
        // Several numbers for each place lie along an axis of their own.
        "random" => {
            let kwargs = work.parameters().get(KWARGS);
            let name = kwargs.and_then(|kwargs| kwargs.get("distribution")).and_then(Param::as_str);
            !matches!(name, None | Some("multinomial" | "dirichlet"))
        }
        _ => false,
    }
}
