//! Which rows are put together: pairs of row numbers, in pandas' order.

use arrow::array::{ArrayRef, UInt32Array};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use raskt_core::{ErrorKind, Fit, Result};

use super::keys::Keys;
use super::parameters::How;
use super::probe::Probed;
use crate::PandasType;
use crate::keys::Groups;
use crate::members::{Members, NONE};
use crate::sort::{Direction, order};

/// For each row of the result the rows that it is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matches {
    /// Rows of the left, or [`NONE`].
    pub left: Vec<u32>,
    /// Rows of the right, or [`NONE`].
    pub right: Vec<u32>,
}

/// The keys of both sides, as groups of equal ones.
#[derive(Default)]
pub struct Matching {
    /// The group of each row of the left; [`NONE`] for one of which only this side has rows, if only those of one side are
    /// numbered.
    left: Vec<u32>,
    /// The group of each row of the right.
    right: Vec<u32>,
    n_groups: usize,
    /// The first row of each group among those of the left and then the right, where all are numbered.
    firsts: Vec<u32>,
}

impl Matching {
    /// The matching of the rows of two sides by their keys. `needs_all` where keys are asked for that only one side has.
    ///
    /// # Errors
    /// [`ErrorKind::NotImplemented`] for keys that pandas compares; [`ErrorKind::InvalidValue`] for too many rows.
    pub fn new(keys: &Keys, n_rows: [usize; 2], needs_all: bool) -> Result<Self> {
        let (left, right) = (&keys.left[..], &keys.right[..]);
        let [n_left, n_right] = n_rows;
        let is_numbered = |n_rows: usize| u32::try_from(n_rows).is_ok_and(|n| n != NONE);
        if !needs_all && is_numbered(n_left) && is_numbered(n_right) {
            let few_are_left = n_left < n_right;
            let (few, many) = if few_are_left { (left, right) } else { (right, left) };
            if let Some(Probed { few, many, n_groups }) = Probed::of(few, many)? {
                let (left, right) = if few_are_left { (few, many) } else { (many, few) };
                return Ok(Self { left, right, n_groups, ..Self::default() });
            }
        }
        let mut groups = Groups::of(&keys.both()?, n_left + n_right)?;
        let right = groups.ids.split_off(n_left);
        Ok(Self { left: groups.ids, right, n_groups: groups.firsts.len(), firsts: groups.firsts })
    }

    fn ids(&self) -> (&[u32], &[u32]) {
        (&self.left, &self.right)
    }

    /// Whether no key is in two rows of a side: of the left, of the right.
    pub fn are_unique(&self) -> (bool, bool) {
        let (left, right) = self.ids();
        let is_unique = |ids: &[u32]| {
            let mut seen = vec![false; self.n_groups];
            ids.iter().all(|id| !std::mem::replace(&mut seen[*id as usize], true))
        };
        (is_unique(left), is_unique(right))
    }

    /// The rows of the result.
    ///
    /// # Errors
    /// [`ErrorKind::OutOfMemory`]; [`ErrorKind::NotImplemented`] for an outer join by keys without an order here.
    pub fn rows(&self, how: How, keys: &Keys) -> Result<Matches> {
        let (left, right) = self.ids();
        let n_groups = self.n_groups;
        match how {
            How::Cross => crossed(left.len(), right.len()),
            How::Inner => outer_of(left, &Members::of(right, n_groups), false),
            How::Left => outer_of(left, &Members::of(right, n_groups), true),
            How::Right => {
                let Matches { left, right } = outer_of(right, &Members::of(left, n_groups), true)?;
                Ok(Matches { left: right, right: left })
            }
            How::LeftSemi => {
                let rows = self.lone(left, right, true);
                Ok(Matches { right: vec![NONE; rows.len()], left: rows })
            }
            How::LeftAnti => {
                let rows = self.lone(left, right, false);
                Ok(Matches { right: vec![NONE; rows.len()], left: rows })
            }
            How::RightAnti => {
                let rows = self.lone(right, left, false);
                Ok(Matches { left: vec![NONE; rows.len()], right: rows })
            }
            How::Outer => self.outer(&keys.both()?),
        }
    }

    /// The rows of one side that have a match on the other, or have none.
    fn lone(&self, of: &[u32], others: &[u32], is_matched: bool) -> Vec<u32> {
        let mut has = vec![false; self.n_groups];
        others.iter().filter(|id| **id != NONE).for_each(|id| has[*id as usize] = true);
        let has = |id: u32| id != NONE && has[id as usize];
        let rows = of.iter().enumerate().filter(|(_, id)| has(**id) == is_matched);
        rows.map(|(row, _)| row.fit::<u32>()).collect()
    }

    /// At which place of the left join of `how`'s side its rows are: how pandas numbers those of an anti join.
    pub fn places(&self, how: How, matches: &Matches) -> Vec<i64> {
        let (left, right) = self.ids();
        let (of, others, rows) = match how {
            How::RightAnti => (right, left, &matches.right),
            _ => (left, right, &matches.left),
        };
        let mut counts = vec![0_i64; self.n_groups];
        others.iter().filter(|id| **id != NONE).for_each(|id| counts[*id as usize] += 1);
        let count = |id: u32| if id == NONE { 0 } else { counts[id as usize] };
        let mut places = Vec::with_capacity(rows.len());
        let (mut place, mut next) = (0, 0_usize);
        for row in rows {
            let skipped = &of[next..*row as usize];
            place += skipped.iter().map(|id| count(*id).max(1)).sum::<i64>();
            places.push(place);
            (place, next) = (place + 1, *row as usize + 1);
        }
        places
    }

    /// All rows of both sides, in the order of their keys, missing ones last.
    fn outer(&self, both: &[(ArrayRef, PandasType)]) -> Result<Matches> {
        let (left, right) = self.ids();
        let n_groups = self.n_groups;
        let (of_left, of_right) = (Members::of(left, n_groups), Members::of(right, n_groups));
        let way = Direction { is_ascending: true, missing_first: false };
        let firsts = UInt32Array::from(self.firsts.clone());
        let take = |(array, dtype): &(ArrayRef, PandasType)| {
            let array = arrow::compute::take(array, &firsts, None).map_err(crate::table::failed)?;
            Ok((array, dtype.clone(), way))
        };
        let keys = both.iter().map(take).collect::<Result<Vec<_>>>()?;
        let sorted = order(&keys, n_groups, None)?;
        let n = |id: u32| {
            let (n, m) = (of_left.of_group(id).len(), of_right.of_group(id).len());
            n.max(1) as u64 * m.max(1) as u64
        };
        let mut found = Matches::with_room(sorted.values().iter().map(|id| n(*id)).sum())?;
        for id in sorted.values() {
            match (of_left.of_group(*id), of_right.of_group(*id)) {
                (lefts, []) => lefts.iter().for_each(|row| found.push(*row, NONE)),
                ([], rights) => rights.iter().for_each(|row| found.push(NONE, *row)),
                (lefts, rights) => {
                    for row in lefts {
                        rights.iter().for_each(|other| found.push(*row, *other));
                    }
                }
            }
        }
        Ok(found)
    }

    /// The rows of an outer join of two indices, as pandas orders those: equal ones, and one beside an empty one, stay as they
    /// are.
    pub fn is_in_order(&self) -> bool {
        let (left, right) = self.ids();
        left.is_empty() || right.is_empty() || (left == right && self.are_unique().0)
    }
}

impl Matches {
    fn with_room(n_rows: u64) -> Result<Self> {
        let n_rows = usize::try_from(n_rows)
            .map_err(|_| ErrorKind::OutOfMemory { needed_bytes: n_rows.saturating_mul(8) })?;
        let room = raskt_core::allocation::room_for;
        Ok(Self { left: room(n_rows)?, right: room(n_rows)? })
    }

    fn push(&mut self, left: u32, right: u32) {
        self.left.push(left);
        self.right.push(right);
    }
}

/// The rows of one side, each with all its matches on the other; with none, where `is_kept`, it is there once.
fn outer_of(ids: &[u32], others: &Members, is_kept: bool) -> Result<Matches> {
    let least = usize::from(is_kept);
    let n_rows: u64 = ids.iter().map(|id| others.of_group(*id).len().max(least) as u64).sum();
    let mut found = Matches::with_room(n_rows)?;
    for (row, id) in ids.iter().enumerate() {
        let row = row.fit::<u32>();
        match others.of_group(*id) {
            [] if is_kept => found.push(row, NONE),
            [lone] => found.push(row, *lone),
            several => several.iter().for_each(|other| found.push(row, *other)),
        }
    }
    Ok(found)
}

fn crossed(n_left: usize, n_right: usize) -> Result<Matches> {
    let mut found = Matches::with_room((n_left as u64).saturating_mul(n_right as u64))?;
    for left in 0..n_left.fit::<u32>() {
        (0..n_right.fit::<u32>()).for_each(|right| found.push(left, right));
    }
    Ok(found)
}

/// Row numbers as Arrow takes them: null where there is no row. `None` for all of `n_rows` rows in their order.
#[must_use]
pub fn indices(rows: &[u32], n_rows: usize) -> Option<UInt32Array> {
    let is_all = rows.len() == n_rows && rows.iter().enumerate().all(|(at, row)| at == *row as usize);
    if is_all {
        return None;
    }
    let nulls = rows
        .contains(&NONE)
        .then(|| NullBuffer::new(BooleanBuffer::collect_bool(rows.len(), |at| rows[at] != NONE)));
    Some(UInt32Array::new(rows.to_vec().into(), nulls))
}
