//! A slice of the result of some work, as the rules see it that move slices towards sources.

use raskt_core::chunk::Chunks;
use raskt_core::{Param, Result};
use raskt_expr::{Context, Expr};

use crate::builder::{Builder, NativeTokens, chunks};
use crate::slicing::{Cut, chunks_left, cut, cuts_of};

/// `work[cuts]`.
pub(super) struct Sliced<'e> {
    /// The slice.
    pub expr: &'e Expr,
    /// What it is of.
    pub work: &'e Expr,
    /// The cuts, those among them that put in axes.
    pub cuts: Vec<Cut>,
    /// How the work is cut into blocks.
    pub chunks: Chunks,
}

impl<'e> Sliced<'e> {
    /// The slice that `expr` is, of work for which `is_kind` says so, and which nobody needs for anything else. Nothing where
    /// somebody has said something about how the tasks of either are to run.
    pub fn of(
        expr: &'e Expr,
        context: &Context<'_>,
        is_kind: impl Fn(&Expr) -> bool,
    ) -> Result<Option<Self>> {
        let [work] = expr.operands() else { return Ok(None) };
        if expr.operation().as_str() != "slice" || !is_kind(work) || context.is_shared(work) {
            return Ok(None);
        }
        if [expr, work].iter().any(|expr| *expr.annotations() != Param::Null) {
            return Ok(None);
        }
        let chunks = chunks(context.meta(work)?)?;
        Ok(Some(Self { expr, work, cuts: cuts_of(expr.parameters())?, chunks }))
    }

    /// The cuts of the work's axes.
    pub fn axes(&self) -> Vec<Cut> {
        let own = self.cuts.iter().filter(|cut| **cut != Cut::New);
        own.zip(self.chunks.axes()).map(|(cut, axis)| cut.clone().plain(axis)).collect()
    }

    /// Whether all cuts are of known places, and take no more than there is.
    pub fn is_part(&self) -> bool {
        let mut own = self.cuts.iter().filter(|cut| **cut != Cut::New).zip(self.chunks.axes());
        own.all(|(cut, axis)| cut.is_part(axis))
    }

    /// How what `axes` take of the work is cut.
    pub fn chunks_left(&self, axes: &[Cut]) -> Result<Chunks> {
        chunks_left(&self.chunks, axes)
    }

    /// The whole slice, where `made` has everything but the new axes, and what `rest` says of each of the work's axes
    /// (`None` where `made` has it no more). `None` if its blocks are others.
    pub fn finish(&self, context: &Context<'_>, made: &Expr, rest: &[Option<Cut>]) -> Result<Option<Expr>> {
        let mut rest = rest.iter();
        let mut cuts = Vec::with_capacity(self.cuts.len());
        for cut in &self.cuts {
            match cut {
                Cut::New => cuts.push(Cut::New),
                _ => cuts.extend(rest.next().cloned().flatten()),
            }
        }
        let builder = Builder::new(*context, &NativeTokens);
        same_blocks(context, self.expr, cut(&builder, made, &cuts)?)
    }

    /// [`Sliced::finish`], where all cuts have been made that are not of new axes.
    pub fn finish_all(&self, context: &Context<'_>, made: &Expr) -> Result<Option<Expr>> {
        let left = |cut: &Cut| (!matches!(cut, Cut::Point(_))).then_some(Cut::All);
        let rest: Vec<Option<Cut>> = self.axes().iter().map(left).collect();
        self.finish(context, made, &rest)
    }
}

/// `made`, where it is cut as `expr` is: only the order of work may change.
pub(super) fn same_blocks(context: &Context<'_>, expr: &Expr, made: Expr) -> Result<Option<Expr>> {
    let same = context.meta(&made)?.chunks() == context.meta(expr)?.chunks();
    Ok(same.then_some(made))
}

/// Lone elements as ranges, where an axis is to stay; and what is left to do.
pub(super) fn keeping(cut: &Cut) -> (Cut, Cut) {
    match cut {
        Cut::Point(at) => (Cut::Range { start: *at, n: 1, step: 1 }, Cut::Point(0)),
        other => (other.clone(), Cut::All),
    }
}
