//! The keys of one side numbered, and those of the other looked up among them.
//!
//! Only the side with fewer rows is put into a table, and rows of the other without a match cost no more than a look.

use arrow::array::{Array, ArrayRef, AsArray, StringViewArray};
use arrow::datatypes::DataType;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use raskt_core::{Fit, Result};

use crate::PandasType;
use crate::keys::{NAN, bits, hash_text, mix};
use crate::members::NONE;

/// The keys of rows, as they are compared.
pub(super) type Columns = [(ArrayRef, PandasType)];

/// For each row of two sides its group of equal keys.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Probed {
    /// Of the side whose keys are numbered.
    pub few: Vec<u32>,
    /// Of the other; [`NONE`] for keys that the first side does not have.
    pub many: Vec<u32>,
    /// How many groups the first side has.
    pub n_groups: usize,
}

impl Probed {
    /// The groups of the rows of `few`, and which of them rows of `many` belong to; `None` for keys of categories and where
    /// there are no keys.
    ///
    /// # Errors
    /// [`raskt_core::ErrorKind::NotImplemented`] for types that cannot be keys natively.
    pub(super) fn of(few: &Columns, many: &Columns) -> Result<Option<Self>> {
        let mut all: Option<Self> = None;
        for ((few, dtype), (many, _)) in few.iter().zip(many) {
            let own = match few.data_type() {
                DataType::Dictionary(..) => return Ok(None),
                DataType::Utf8View => text(few.as_string_view(), many.as_string_view()),
                _ => numbers(few, many, dtype)?,
            };
            all = Some(match all {
                Some(all) => all.and(&own),
                None => own,
            });
        }
        Ok(all)
    }

    /// The groups of rows that are in the same group of both.
    fn and(self, other: &Self) -> Self {
        let n_other = other.n_groups as u64;
        let pair = |(one, two): (&u32, &u32)| u64::from(*one) * n_other + u64::from(*two);
        let few: Vec<u64> = self.few.iter().zip(&other.few).map(pair).collect();
        let mut numbering = Numbering::of(&few, self.many.len());
        let ids = numbering.add(&few, |_| false);
        let many = self.many.iter().zip(&other.many);
        let many = many.map(|ids| (*ids.0 != NONE && *ids.1 != NONE).then(|| pair(ids)));
        Self { few: ids, many: numbering.find(many, NONE), n_groups: numbering.n_groups as usize }
    }
}

fn numbers(few: &ArrayRef, many: &ArrayRef, dtype: &PandasType) -> Result<Probed> {
    let (of_few, of_many) = (bits(few, dtype)?, bits(many, dtype)?);
    let mut numbering = Numbering::of(&of_few, of_many.len());
    let has_missing = |array: &ArrayRef| array.null_count() > 0 || dtype.misses_by_nan();
    let is_missing = |array: &ArrayRef, row: usize, bits: u64| {
        array.is_null(row) || (dtype.misses_by_nan() && bits == NAN)
    };
    let ids = match has_missing(few) {
        true => numbering.add(&of_few, |row| is_missing(few, row, of_few[row])),
        false => numbering.add(&of_few, |_| false),
    };
    let found = match has_missing(many) {
        true => {
            let present = |(row, bits): (usize, &u64)| (!is_missing(many, row, *bits)).then_some(*bits);
            numbering.find(of_many.iter().enumerate().map(present), numbering.missing)
        }
        false => numbering.find(of_many.iter().map(|bits| Some(*bits)), NONE),
    };
    Ok(Probed { few: ids, many: found, n_groups: numbering.n_groups as usize })
}

fn text(few: &StringViewArray, many: &StringViewArray) -> Probed {
    let mut table: HashTable<(u64, u32)> = HashTable::with_capacity(few.len());
    let mut firsts: Vec<u32> = Vec::new();
    let mut missing = NONE;
    let mut ids = Vec::with_capacity(few.len());
    for row in 0..few.len() {
        let next = firsts.len().fit::<u32>();
        if few.is_null(row) {
            if missing == NONE {
                missing = next;
                firsts.push(row.fit::<u32>());
            }
            ids.push(missing);
            continue;
        }
        let value = few.value(row);
        let hash = hash_text(value);
        let is_it =
            |(other, id): &(u64, u32)| *other == hash && few.value(firsts[*id as usize] as usize) == value;
        match table.entry(hash, is_it, |(hash, _)| *hash) {
            Entry::Occupied(entry) => ids.push(entry.get().1),
            Entry::Vacant(entry) => {
                entry.insert((hash, next));
                firsts.push(row.fit::<u32>());
                ids.push(next);
            }
        }
    }
    let find = |row: usize| {
        if many.is_null(row) {
            return missing;
        }
        let value = many.value(row);
        let hash = hash_text(value);
        let is_it =
            |(other, id): &(u64, u32)| *other == hash && few.value(firsts[*id as usize] as usize) == value;
        table.find(hash, is_it).map_or(NONE, |(_, id)| *id)
    };
    Probed { few: ids, many: (0..many.len()).map(find).collect(), n_groups: firsts.len() }
}

/// Numbers, and the group that each is.
struct Numbering {
    places: Places,
    n_groups: u32,
    /// The group of the missing value, or [`NONE`].
    missing: u32,
}

enum Places {
    /// The group of each number from the least on.
    Dense {
        least: u64,
        ids: Vec<u32>,
    },
    Sparse(HashTable<(u64, u32)>),
}

impl Numbering {
    /// An empty one for `numbers`, among which `n_looks` others are looked up.
    fn of(numbers: &[u64], n_looks: usize) -> Self {
        // Small tables stay in the cache.
        const SPAN_MIN: u64 = 1 << 14;
        #[allow(clippy::cast_possible_wrap, reason = "the bits of an integer")]
        let (least, most) = numbers.iter().fold((i64::MAX, i64::MIN), |(least, most), number| {
            (least.min(*number as i64), most.max(*number as i64))
        });
        let span = most.abs_diff(least);
        let span_max = (4 * numbers.len() as u64 + n_looks as u64 / 2).max(SPAN_MIN);
        #[allow(clippy::cast_sign_loss, reason = "the bits of an integer")]
        let places = match !numbers.is_empty() && span <= span_max {
            true => Places::Dense { least: least as u64, ids: vec![NONE; span.fit::<usize>() + 1] },
            false => Places::Sparse(HashTable::with_capacity(numbers.len())),
        };
        Self { places, n_groups: 0, missing: NONE }
    }

    /// The groups of the numbers, of which this was made; and of those that are missing.
    fn add(&mut self, numbers: &[u64], is_missing: impl Fn(usize) -> bool) -> Vec<u32> {
        let Self { places, n_groups, missing } = self;
        match places {
            Places::Dense { least, ids } => {
                numbered(numbers, is_missing, n_groups, missing, |number, next| {
                    let id = &mut ids[number.wrapping_sub(*least).fit::<usize>()];
                    if *id == NONE {
                        *id = next;
                    }
                    *id
                })
            }
            Places::Sparse(table) => numbered(numbers, is_missing, n_groups, missing, |number, next| {
                match table.entry(mix(number), |(other, _)| *other == number, |(number, _)| mix(*number)) {
                    Entry::Occupied(entry) => entry.get().1,
                    Entry::Vacant(entry) => entry.insert((number, next)).get().1,
                }
            }),
        }
    }

    /// The groups of other numbers: [`NONE`] for one that is none of these, and `other` where there is no number.
    fn find(&self, numbers: impl Iterator<Item = Option<u64>>, other: u32) -> Vec<u32> {
        match &self.places {
            Places::Dense { least, ids } => {
                let find = |number: u64| {
                    let place = usize::try_from(number.wrapping_sub(*least)).unwrap_or(usize::MAX);
                    ids.get(place).copied().unwrap_or(NONE)
                };
                numbers.map(|number| number.map_or(other, find)).collect()
            }
            Places::Sparse(table) => {
                // Equal numbers often follow each other.
                let mut last: Option<(u64, u32)> = None;
                let mut find = |number: u64| match last {
                    Some((known, id)) if known == number => id,
                    _ => {
                        let found = table.find(mix(number), |(other, _)| *other == number);
                        let id = found.map_or(NONE, |(_, id)| *id);
                        last = Some((number, id));
                        id
                    }
                };
                numbers.map(|number| number.map_or(other, &mut find)).collect()
            }
        }
    }
}

/// The group of each number: what `place` returns for it, which is given the next group that there is not yet.
fn numbered(
    numbers: &[u64],
    is_missing: impl Fn(usize) -> bool,
    n_groups: &mut u32,
    missing: &mut u32,
    mut place: impl FnMut(u64, u32) -> u32,
) -> Vec<u32> {
    let group = |(row, number): (usize, &u64)| {
        let next = *n_groups;
        let id = match is_missing(row) {
            true if *missing == NONE => next,
            true => return *missing,
            false => place(*number, next),
        };
        if is_missing(row) {
            *missing = id;
        }
        *n_groups += u32::from(id == next);
        id
    };
    numbers.iter().enumerate().map(group).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Float64Array, Int64Array};
    use proptest::prelude::*;
    use raskt_core::DType;

    use super::*;

    type Row = (Option<i64>, Option<String>, f64);

    fn columns(rows: &[Row]) -> Vec<(ArrayRef, PandasType)> {
        let ints: Int64Array = rows.iter().map(|row| row.0).collect();
        let texts: StringViewArray = rows.iter().map(|row| row.1.clone()).collect();
        let floats: Float64Array = rows.iter().map(|row| Some(row.2)).collect();
        vec![
            (Arc::new(ints), PandasType::Masked(DType::Int64)),
            (Arc::new(texts), PandasType::Text),
            (Arc::new(floats), PandasType::Plain(DType::Float64)),
        ]
    }

    fn rows(n: usize) -> impl Strategy<Value = Vec<Row>> {
        let int = prop::option::of(prop_oneof![-3_i64..3, Just(i64::MAX), Just(i64::MIN)]);
        let float = prop_oneof![Just(0.0), Just(-0.0), Just(f64::NAN), Just(1.5)];
        prop::collection::vec((int, prop::option::of("[ab]{0,1}|[ab]{13}"), float), 0..n)
    }

    proptest! {
        #[test]
        fn rows_of_both_sides_are_in_one_group_where_all_their_keys_are_equal(
            few in rows(20), many in rows(60), n_keys in 1_usize..4,
        ) {
            let found = Probed::of(&columns(&few)[..n_keys], &columns(&many)[..n_keys]).unwrap().unwrap();
            let is_same = |one: &Row, other: &Row| {
                let of_floats = one.2 == other.2 || (one.2.is_nan() && other.2.is_nan());
                one.0 == other.0 && (n_keys < 2 || one.1 == other.1) && (n_keys < 3 || of_floats)
            };
            for (row, id) in few.iter().zip(&found.few) {
                prop_assert!((*id as usize) < found.n_groups);
                for (other, other_id) in few.iter().zip(&found.few).chain(many.iter().zip(&found.many)) {
                    prop_assert_eq!(is_same(row, other), id == other_id);
                }
            }
            for (row, id) in many.iter().zip(&found.many) {
                prop_assert_eq!(*id == NONE, !few.iter().any(|other| is_same(row, other)));
            }
        }
    }
}
