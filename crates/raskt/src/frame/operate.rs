//! Rows and columns, chosen, added and put together.

use raskt_core::Param;
use raskt_frame::arguments::Argument;
use raskt_frame::join::{How, MERGE};
use raskt_frame::rows::HEAD;
use raskt_frame::rowwise::{ASSIGN, COLUMN, COLUMNS, FILTER};
use raskt_frame::sort::SORT_ROWS;

use super::expression::{Frame, make};
use super::groups::GroupBy;
use super::series::Series;

/// Names as a parameter.
pub(super) fn labels<'a>(names: impl IntoIterator<Item = &'a str>) -> Param {
    Param::List(names.into_iter().map(|name| Param::Str(name.into())).collect())
}

impl Frame {
    /// One column.
    #[must_use]
    pub fn column(&self, name: &str) -> Series {
        let parameters = Param::map([("label", Param::Str(name.into()))]);
        Series::made(|| make(COLUMN, &[self.expr()?.clone()], parameters))
    }

    /// Some columns, in that order.
    #[must_use]
    pub fn select(&self, names: &[&str]) -> Self {
        let parameters = Param::map([("labels", labels(names.iter().copied()))]);
        Self::made(|| make(COLUMNS, &[self.expr()?.clone()], parameters))
    }

    /// The rows at which `mask`, a series of this frame, is true.
    #[must_use]
    pub fn filter(&self, mask: &Series) -> Self {
        Self::made(|| make(FILTER, &[self.expr()?.clone(), mask.expr()?.clone()], Param::map([])))
    }

    /// The frame with a column `name` of the values of `series`, in the place of one of that name or behind the others.
    #[must_use]
    pub fn assign(&self, name: &str, series: &Series) -> Self {
        let values = Param::List([Argument::operand(1)].into());
        let parameters = Param::map([("labels", labels([name])), ("values", values)]);
        Self::made(|| make(ASSIGN, &[self.expr()?.clone(), series.expr()?.clone()], parameters))
    }

    /// Rows of this frame put together with those of `other` that have equal values in the columns `on`. Columns that both
    /// have are called `.._x` and `.._y`.
    #[must_use]
    pub fn join(&self, other: &Self, on: &[&str], how: How) -> Self {
        let how = Param::Str(how.name().into());
        let parameters = Param::map([("on", labels(on.iter().copied())), ("how", how)]);
        Self::made(|| make(MERGE, &[self.expr()?.clone(), other.expr()?.clone()], parameters))
    }

    /// The rows in the order of columns, each with whether it ascends. Missing values are last; equal rows keep their order.
    #[must_use]
    pub fn sort_by(&self, by: &[(&str, bool)]) -> Self {
        let ascending = Param::List(by.iter().map(|(_, is_ascending)| Param::Bool(*is_ascending)).collect());
        let names = labels(by.iter().map(|(name, _)| *name));
        let parameters = Param::map([("by", names), ("ascending", ascending)]);
        Self::made(|| make(SORT_ROWS, &[self.expr()?.clone()], parameters))
    }

    /// The first `n` rows of all. Partitions behind them are read only as far as it takes.
    #[must_use]
    pub fn head(&self, n: u32) -> Self {
        let parameters = Param::map([("n", Param::Int(n.into())), ("npartitions", Param::Int(-1))]);
        Self::made(|| make(HEAD, &[self.expr()?.clone()], parameters))
    }

    /// The rows in groups of equal values in the columns `by`.
    #[must_use]
    pub fn group_by(&self, by: &[&str]) -> GroupBy {
        GroupBy::new(self.clone(), by)
    }
}
