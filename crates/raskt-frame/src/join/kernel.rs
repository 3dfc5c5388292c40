//! The join of two tables.

use std::sync::Arc;

use arrow::array::{ArrayRef, DictionaryArray, Int32Array, Int64Array, StringViewArray, UInt32Array};
use arrow::datatypes::Int32Type;
use raskt_core::{ErrorKind, Fit, Result};

use super::keys::{Keys, cast};
use super::parameters::{How, Merge, On};
use super::plan::{Origin, Plan, Rows, Source};
use super::rows::{Matches, Matching, indices};
use crate::members::NONE;
use crate::table::{failed, taken};
use crate::{Index, Table};

/// The rows of `left` and `right` that `merge` puts together, as pandas has them: in the order of the left, or of the right for
/// a right join, or of the keys for an outer one; matches of one row in the order of the other side.
///
/// # Errors
/// [`ErrorKind::InvalidValue`] where pandas refuses the merge, and for keys that repeat where they must not;
/// [`ErrorKind::NotImplemented`] where pandas does it; [`ErrorKind::OutOfMemory`].
pub fn join(left: &Table, right: &Table, merge: &Merge) -> Result<Table> {
    let plan = Plan::new(merge, left.schema(), right.schema())?;
    if !plan.is_native {
        let what = format!("a native merge into {:?}: pandas does it", plan.schema);
        return Err(ErrorKind::NotImplemented(what).into());
    }
    let keys = Keys::new(&plan, left, right)?;
    let needs_all = merge.how == How::Outer || merge.unique.left || merge.unique.right;
    let matching = Matching::new(&keys, [left.n_rows(), right.n_rows()], needs_all)?;
    check_unique(merge, &matching)?;
    let how = match merge.how {
        How::Outer if merge.left == On::Index && merge.right == On::Index && matching.is_in_order() => {
            if left.n_rows() == 0 { How::Right } else { How::Left }
        }
        how => how,
    };
    let matches = matching.rows(how, &keys)?;
    let index = match (&plan.rows, how) {
        (Rows::Numbered, How::LeftAnti | How::RightAnti) => {
            let places = Int64Array::from(matching.places(how, &matches));
            Index::Levels([Arc::new(places) as ArrayRef].into())
        }
        _ => Index::Range { start: 0, step: 1 },
    };
    Joined {
        plan: &plan,
        left,
        right,
        keys: &keys,
        taken: Taken::new(&matches, left, right),
        matches: &matches,
    }
    .table(index)
}

fn check_unique(merge: &Merge, matching: &Matching) -> Result<()> {
    let wanted = merge.unique;
    if !wanted.left && !wanted.right {
        return Ok(());
    }
    let (left, right) = matching.are_unique();
    let asked = match (wanted.left, wanted.right) {
        (true, true) => "one-to-one",
        (true, false) => "one-to-many",
        _ => "many-to-one",
    };
    let side = match (wanted.left && !left, wanted.right && !right) {
        (true, true) => "either left or right",
        (true, false) => "left",
        (false, true) => "right",
        (false, false) => return Ok(()),
    };
    let what = format!("Merge keys are not unique in {side} dataset; not a {asked} merge");
    Err(ErrorKind::RepeatedKeys(what).into())
}

/// The rows of both sides as Arrow takes them; `None` for all in their order.
struct Taken {
    left: Option<UInt32Array>,
    right: Option<UInt32Array>,
}

impl Taken {
    fn new(matches: &Matches, left: &Table, right: &Table) -> Self {
        Self { left: indices(&matches.left, left.n_rows()), right: indices(&matches.right, right.n_rows()) }
    }
}

struct Joined<'a> {
    plan: &'a Plan,
    left: &'a Table,
    right: &'a Table,
    keys: &'a Keys,
    matches: &'a Matches,
    taken: Taken,
}

impl Joined<'_> {
    fn table(&self, numbered: Index) -> Result<Table> {
        let fields = &self.plan.schema.columns;
        let column =
            |(source, field): (&Source, &crate::Field)| cast(&self.column(*source)?, &field.storage()?);
        let columns = self.plan.sources.iter().zip(&**fields).map(column).collect::<Result<Vec<_>>>()?;
        let levels = |levels: Vec<ArrayRef>| -> Result<Index> {
            let cast = |(level, field): (ArrayRef, &crate::Field)| cast(&level, &field.storage()?);
            let levels = levels.into_iter().zip(&*self.plan.schema.index).map(cast);
            Ok(Index::Levels(levels.collect::<Result<_>>()?))
        };
        let all = |table: &Table, rows: Option<&UInt32Array>| {
            table.levels().iter().map(|level| take(level, rows)).collect::<Result<Vec<_>>>()
        };
        let index = match &self.plan.rows {
            Rows::Numbered => numbered,
            Rows::Left if self.taken.left.is_none() => self.left.index().clone(),
            Rows::Right if self.taken.right.is_none() => self.right.index().clone(),
            Rows::Left => levels(all(self.left, self.taken.left.as_ref())?)?,
            Rows::Right => levels(all(self.right, self.taken.right.as_ref())?)?,
            Rows::Keys(pairs) => levels(pairs.iter().map(|at| self.key(*at)).collect::<Result<_>>()?)?,
        };
        Table::new(self.plan.schema.clone(), columns, index, self.matches.left.len())
    }

    fn column(&self, source: Source) -> Result<ArrayRef> {
        match source {
            Source::Left(at) => take(&self.left.columns()[at], self.taken.left.as_ref()),
            Source::Right(at) => take(&self.right.columns()[at], self.taken.right.as_ref()),
            Source::Keys(at) => self.key(at),
            Source::Indicator => self.indicator(),
        }
    }

    /// The keys of pair `at` in the rows of the result.
    fn key(&self, at: usize) -> Result<ArrayRef> {
        match self.plan.pairs[at].origin {
            Origin::Left => take(&self.plan.pairs[at].left.of(self.left)?.0, self.taken.left.as_ref()),
            Origin::Right => take(&self.plan.pairs[at].right.of(self.right)?.0, self.taken.right.as_ref()),
            Origin::Both => take(&self.keys.both_of(at)?, Some(&self.both())),
        }
    }

    /// The rows among those of the left and then the right: of the right where there is no left row.
    fn both(&self) -> UInt32Array {
        let n_left = self.left.n_rows().fit::<u32>();
        let both = self.matches.left.iter().zip(&self.matches.right);
        let both = both.map(|(left, right)| if *left == NONE { n_left.wrapping_add(*right) } else { *left });
        UInt32Array::from_iter_values(both)
    }

    fn indicator(&self) -> Result<ArrayRef> {
        let rows = self.matches.left.iter().zip(&self.matches.right);
        let codes = rows.map(|(left, right)| match (*left == NONE, *right == NONE) {
            (false, true) => 0,
            (true, _) => 1,
            (false, false) => 2,
        });
        let names = StringViewArray::from(vec!["left_only", "right_only", "both"]);
        let codes = Int32Array::from_iter_values(codes);
        let column = DictionaryArray::<Int32Type>::try_new(codes, Arc::new(names)).map_err(failed)?;
        Ok(Arc::new(column))
    }
}

fn take(array: &ArrayRef, rows: Option<&UInt32Array>) -> Result<ArrayRef> {
    match rows {
        None => Ok(Arc::clone(array)),
        Some(rows) => taken(array, rows).map_err(failed),
    }
}
