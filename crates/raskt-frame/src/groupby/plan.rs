//! Which states a group-by keeps: each once, however many aggregates are made of it.

use raskt_core::Result;
use smallvec::{SmallVec, smallvec};

use super::parameters::{Aggregate, Function, GroupBy};
use crate::{Label, PandasType};

/// How the values of a group become a state. Missing values do not count, except for the size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fold {
    /// The number of rows.
    Size,
    /// The number of values.
    Count,
    /// The sum, in the type that sums of the column have.
    Sum,
    /// The sum of the values as floats.
    FloatSum,
    Prod,
    Min,
    Max,
    First,
    Last,
    /// The value of the first row, which may be missing.
    FirstRow,
    /// The value of the last row, which may be missing.
    LastRow,
    /// Whether a value is true.
    Any,
    /// Whether all values are true.
    All,
    /// Each of the different values once, those that are there.
    Distinct,
    /// Each of the different values once, a missing one among them.
    DistinctRows,
    /// The number of values, their mean, and the sum of their squared distances from it.
    Moments,
}

impl Fold {
    /// How many columns a state has.
    pub(super) fn n_columns(self) -> usize {
        match self {
            Self::Moments => 3,
            _ => 1,
        }
    }

    /// The same state under one name, where columns of the dtype have it under two.
    fn plain(self, of: &PandasType) -> Self {
        let is_float = of.storage() == Some(arrow::datatypes::DataType::Float64);
        match self {
            Self::FloatSum if is_float => Self::Sum,
            fold => fold,
        }
    }
}

/// A state of each group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct State<'a> {
    /// The column of whose values it is.
    pub column: &'a Label,
    /// The dtype of that column.
    pub of: &'a PandasType,
    pub fold: Fold,
}

impl State<'_> {
    /// Whether it is the same as another one: all sizes are.
    fn is(&self, other: &Self) -> bool {
        self == other || (self.fold == Fold::Size && other.fold == Fold::Size)
    }
}

/// The states of a group-by.
#[derive(Debug, Default)]
pub(super) struct Plan<'a> {
    /// Each state once, in the order of their columns.
    pub states: Vec<State<'a>>,
    /// For each aggregate the columns that it is made of.
    pub columns_of: Vec<SmallVec<[usize; 2]>>,
}

impl<'a> Plan<'a> {
    /// The states of which `parameters` are made.
    ///
    /// # Errors
    /// As [`Aggregate::dtype`].
    pub(super) fn new(parameters: &'a GroupBy) -> Result<Self> {
        let mut plan = Self::default();
        for aggregate in &*parameters.aggregates {
            aggregate.dtype()?;
            let columns = folds(aggregate).into_iter().map(|fold| plan.column(aggregate, fold)).collect();
            plan.columns_of.push(columns);
        }
        Ok(plan)
    }

    /// The first column of a state of `aggregate`, which is added where it is not there yet.
    fn column(&mut self, aggregate: &'a Aggregate, fold: Fold) -> usize {
        let Aggregate { column, of, .. } = aggregate;
        let wanted = State { column, of, fold: fold.plain(of) };
        let mut at = 0;
        for state in &self.states {
            if state.is(&wanted) {
                return at;
            }
            at += state.fold.n_columns();
        }
        self.states.push(wanted);
        at
    }
}

/// The states that an aggregate is made of.
fn folds(aggregate: &Aggregate) -> SmallVec<[Fold; 2]> {
    let options = aggregate.options;
    let ends = |present, row| if options.skipna { present } else { row };
    let first = match aggregate.function {
        Function::Sum => Fold::Sum,
        Function::Prod => Fold::Prod,
        Function::Mean => return smallvec![Fold::FloatSum, Fold::Count],
        Function::Count => return smallvec![Fold::Count],
        Function::Size => return smallvec![Fold::Size],
        Function::Min => Fold::Min,
        Function::Max => Fold::Max,
        Function::Var | Function::Std | Function::Sem => return smallvec![Fold::Moments],
        Function::First => ends(Fold::First, Fold::FirstRow),
        Function::Last => ends(Fold::Last, Fold::LastRow),
        Function::Any => return smallvec![Fold::Any],
        Function::All => return smallvec![Fold::All],
        Function::Nunique => return smallvec![ends(Fold::Distinct, Fold::DistinctRows)],
    };
    match options.min_count > 0 {
        true => smallvec![first, ends(Fold::Count, Fold::Size)],
        false => smallvec![first],
    }
}
