//! Keys: which rows have equal values in some columns. Group-by, joins and distinct rows start from it.
//!
//! Each column becomes numbers, equal where its values are; columns are put together two by two. A missing value equals
//! another missing one of its column, as in pandas.

use std::hash::Hasher;
use std::sync::Arc;

use arrow::array::{
    AnyDictionaryArray, Array, ArrayRef, AsArray, GenericByteViewArray, Int64Array, PrimitiveArray,
};
use arrow::buffer::ScalarBuffer;
use arrow::compute;
use arrow::datatypes::{
    ArrowPrimitiveType, BinaryViewType, ByteViewType, DataType, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use raskt_core::{ErrorKind, Fit, Param, Result};
use rustc_hash::FxHasher;

use crate::table::failed;
use crate::{Field, Label, PandasType, Table};

/// A column or an index level by which rows are told apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// The first column of that name.
    Column(Label),
    /// The index level at that place.
    Level(usize),
}

impl Key {
    /// The key as a parameter.
    #[must_use]
    pub fn to_param(&self) -> Param {
        match self {
            Self::Column(label) => Param::map([("column", label.to_param())]),
            Self::Level(level) => Param::map([("level", Param::Int((*level).clamped::<i64>()))]),
        }
    }

    /// The key of a parameter that [`Key::to_param`] wrote.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] for anything else.
    pub fn from_param(param: &Param) -> Result<Self> {
        let level = || usize::try_from(param.get("level")?.as_int()?).ok();
        match param.get("column") {
            Some(label) => Ok(Self::Column(Label::try_from(label)?)),
            None => match level() {
                Some(level) => Ok(Self::Level(level)),
                None => Err(ErrorKind::Corrupt(format!("{param:?} is no key")).into()),
            },
        }
    }

    /// The values of the key in a table, with its name and dtype.
    pub(crate) fn of(&self, table: &Table) -> Result<(ArrayRef, Field)> {
        match self {
            Self::Column(label) => {
                let at = table.schema().position(label)?;
                Ok((Arc::clone(&table.columns()[at]), table.schema().columns[at].clone()))
            }
            Self::Level(level) => {
                let levels = table.levels();
                match (levels.get(*level), table.schema().index.get(*level)) {
                    (Some(array), Some(field)) => Ok((Arc::clone(array), field.clone())),
                    _ => {
                        Err(ErrorKind::InvalidValue(format!("no index level {level} of {}", levels.len()))
                            .into())
                    }
                }
            }
        }
    }
}

/// Lists of keys as parameters.
pub(crate) fn keys_param(keys: &[Key]) -> Param {
    Param::List(keys.iter().map(Key::to_param).collect())
}

/// The keys of a parameter that [`keys_param`] wrote.
pub(crate) fn keys_of(param: Option<&Param>) -> Result<Arc<[Key]>> {
    let keys = param.and_then(Param::as_list).unwrap_or(&[]);
    keys.iter().map(Key::from_param).collect()
}

/// For each row which group it is of. Groups are numbered in the order of their first rows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Groups {
    /// The group of each row.
    pub ids: Vec<u32>,
    /// The first row of each group.
    pub firsts: Vec<u32>,
    /// The group of the missing value, where there is one; of several keys, groups of rows that miss one.
    pub missing: Vec<bool>,
}

impl Groups {
    /// The groups of rows that are equal in all `columns`.
    ///
    /// # Errors
    /// [`ErrorKind::NotImplemented`] for types that cannot be keys natively.
    pub(crate) fn of(columns: &[(ArrayRef, PandasType)], n_rows: usize) -> Result<Self> {
        if u32::try_from(n_rows).is_err() {
            return Err(
                ErrorKind::InvalidValue(format!("{n_rows} rows in one partition: at most 2**32")).into()
            );
        }
        let mut all = match columns {
            [] => {
                let n_groups = usize::from(n_rows > 0);
                return Ok(Self {
                    ids: vec![0; n_rows],
                    firsts: vec![0; n_groups],
                    missing: vec![false; n_groups],
                });
            }
            [(array, dtype), ..] => column_groups(array, dtype)?,
        };
        for (array, dtype) in &columns[1..] {
            all = all.and(&column_groups(array, dtype)?);
        }
        Ok(all)
    }

    pub(crate) fn len(&self) -> usize {
        self.firsts.len()
    }

    /// The groups of rows that are in the same group of both.
    pub(crate) fn and(self, other: &Self) -> Self {
        let n_other = other.len() as u64;
        let n_pairs = self.len() as u64 * n_other;
        let pairs = self.ids.iter().zip(&other.ids);
        let pairs = pairs.map(|(one, two)| u64::from(*one) * n_other + u64::from(*two));
        let mut both = match is_dense(n_pairs, self.ids.len()) {
            true => dense(pairs, n_pairs.fit::<usize>(), |_| false),
            false => sparse(pairs, |_| false),
        };
        let is_missing = |row: &u32| {
            let row = *row as usize;
            self.missing[self.ids[row] as usize] || other.missing[other.ids[row] as usize]
        };
        both.missing = both.firsts.iter().map(is_missing).collect();
        both
    }
}

fn column_groups(array: &ArrayRef, dtype: &PandasType) -> Result<Groups> {
    if let Some(dictionary) = array.as_any_dictionary_opt() {
        return dictionary_groups(array, dictionary.values(), dtype);
    }
    let array = &comparable(array)?;
    match array.data_type() {
        DataType::Utf8View => return Ok(text_groups(array.as_string_view())),
        DataType::BinaryView => return Ok(text_groups(array.as_byte_view::<BinaryViewType>())),
        _ => {}
    }
    let bits = bits(array, dtype)?;
    let is_null = |row: usize| array.is_null(row) || (dtype.misses_by_nan() && bits[row] == NAN);
    match array.null_count() == 0 && !dtype.misses_by_nan() {
        true => Ok(number(&bits, |_| false)),
        false => Ok(number(&bits, is_null)),
    }
}

/// Values that are compared as they lie there: text, bytes and decimals (which have one scale in a column) as views, times
/// of day as numbers. Others are as they are.
fn comparable(array: &ArrayRef) -> Result<ArrayRef> {
    let cast = |array: &ArrayRef, to: DataType| compute::cast(array, &to).map_err(failed);
    match array.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 => cast(array, DataType::Utf8View),
        DataType::Binary | DataType::LargeBinary => cast(array, DataType::BinaryView),
        DataType::FixedSizeBinary(_) => cast(&cast(array, DataType::Binary)?, DataType::BinaryView),
        DataType::Decimal32(..)
        | DataType::Decimal64(..)
        | DataType::Decimal128(..)
        | DataType::Decimal256(..) => cast(&cast(array, DataType::Utf8)?, DataType::Utf8View),
        DataType::Time32(_) => cast(array, DataType::Int32),
        DataType::Time64(_) => cast(array, DataType::Int64),
        _ => Ok(Arc::clone(array)),
    }
}

/// Groups of a dictionary: those of the values that its codes stand for.
fn dictionary_groups(array: &ArrayRef, values: &ArrayRef, dtype: &PandasType) -> Result<Groups> {
    let of = match dtype {
        PandasType::Category { of, .. } => PandasType::clone(of),
        _ => PandasType::Arrow(values.data_type().clone()),
    };
    let of_values = column_groups(values, &of)?;
    let dictionary = array.as_any_dictionary();
    let codes = codes(dictionary);
    // Without values all codes are null.
    let number_of = |code: &usize| u64::from(of_values.ids.get(*code).copied().unwrap_or(0));
    let numbers: Vec<u64> = codes.iter().map(number_of).collect();
    let nulls = dictionary.keys().nulls();
    let is_null = |row: usize| {
        nulls.is_some_and(|nulls| nulls.is_null(row)) || of_values.missing[of_values.ids[codes[row]] as usize]
    };
    Ok(number(&numbers, is_null))
}

/// The code of each row; any where it is null.
pub(crate) fn codes(dictionary: &dyn AnyDictionaryArray) -> Vec<usize> {
    match dictionary.values().is_empty() {
        true => vec![0; dictionary.len()],
        false => dictionary.normalized_keys(),
    }
}

fn text_groups<T: ByteViewType>(array: &GenericByteViewArray<T>) -> Groups {
    // Texts so short that they lie in their views are equal where those are.
    const SHORT_BYTES: u32 = 12;
    #[allow(clippy::cast_possible_truncation, reason = "the low half of a view's low half is the length")]
    let is_short = |view: &u128| *view as u32 <= SHORT_BYTES;
    match array.views().iter().all(is_short) {
        true => short_text_groups(array),
        false => long_text_groups(array),
    }
}

fn short_text_groups<T: ByteViewType>(array: &GenericByteViewArray<T>) -> Groups {
    // Columns with few texts find them in a cache: the last one of each hash.
    const CACHE_BITS: u32 = 8;
    let mut cache = vec![(0_u128, Numbering::NONE); 1 << CACHE_BITS];
    let mut found: HashTable<(u128, u32)> = HashTable::new();
    let mut groups = Numbering::default();
    let nulls = array.nulls().filter(|nulls| nulls.null_count() > 0);
    let ids = array.views().iter().enumerate().map(|(row, view)| {
        if nulls.is_some_and(|nulls| nulls.is_null(row)) {
            return groups.missing(row);
        }
        let hash = mix_wide(*view);
        let cached = &mut cache[(hash >> (u64::BITS - CACHE_BITS)).fit::<usize>()];
        if cached.0 == *view && cached.1 != Numbering::NONE {
            return cached.1;
        }
        let id = match found.entry(hash, |(other, _)| other == view, |(view, _)| mix_wide(*view)) {
            Entry::Occupied(entry) => entry.get().1,
            Entry::Vacant(entry) => entry.insert((*view, groups.add(row, false))).get().1,
        };
        *cached = (*view, id);
        id
    });
    let ids = ids.collect();
    groups.done(ids)
}

fn long_text_groups<T: ByteViewType>(array: &GenericByteViewArray<T>) -> Groups {
    let mut groups = Numbering::default();
    let mut found: HashTable<(u64, u32)> = HashTable::new();
    let ids = (0..array.len()).map(|row| {
        if array.is_null(row) {
            return groups.missing(row);
        }
        let bytes = |row: usize| AsRef::<[u8]>::as_ref(array.value(row));
        let hash = hash_bytes(bytes(row));
        let is_it = |(other, id): &(u64, u32)| {
            *other == hash && bytes(groups.firsts[*id as usize] as usize) == bytes(row)
        };
        match found.entry(hash, is_it, |(hash, _)| *hash) {
            Entry::Occupied(entry) => entry.get().1,
            Entry::Vacant(entry) => entry.insert((hash, groups.add(row, false))).get().1,
        }
    });
    let ids = ids.collect();
    groups.done(ids)
}

/// Groups of equal numbers, and one of the rows at which `is_missing`.
fn number(numbers: &[u64], is_missing: impl Fn(usize) -> bool) -> Groups {
    // Of integers that are close to each other, a table of all from the least to the greatest tells the groups. They may
    // be negative: the numbers are the bits.
    #[allow(clippy::cast_possible_wrap, reason = "the bits of an integer")]
    let (least, most) = numbers.iter().fold((i64::MAX, i64::MIN), |(least, most), number| {
        (least.min(*number as i64), most.max(*number as i64))
    });
    let span = most.abs_diff(least);
    #[allow(clippy::cast_sign_loss, reason = "the bits of an integer")]
    let least = least as u64;
    match !numbers.is_empty() && is_dense(span, numbers.len()) {
        true => {
            let places = numbers.iter().map(|number| number.wrapping_sub(least));
            dense(places, span.fit::<usize>() + 1, is_missing)
        }
        false => sparse(numbers.iter().copied(), is_missing),
    }
}

/// Whether a table of all numbers below `span` is a good way to tell the groups of `n_rows`.
fn is_dense(span: u64, n_rows: usize) -> bool {
    span <= (4 * n_rows as u64).max(1 << 12)
}

/// [`number`] of numbers below `n_places`.
fn dense(
    numbers: impl ExactSizeIterator<Item = u64>,
    n_places: usize,
    is_missing: impl Fn(usize) -> bool,
) -> Groups {
    let mut groups = Numbering::default();
    let mut ids = vec![Numbering::NONE; n_places];
    let ids = numbers.enumerate().map(|(row, number)| {
        if is_missing(row) {
            return groups.missing(row);
        }
        let id = &mut ids[number.fit::<usize>()];
        if *id == Numbering::NONE {
            *id = groups.add(row, false);
        }
        *id
    });
    let ids = ids.collect();
    groups.done(ids)
}

/// [`number`] of numbers that may be far from each other.
fn sparse(numbers: impl ExactSizeIterator<Item = u64>, is_missing: impl Fn(usize) -> bool) -> Groups {
    let n_rows = numbers.len();
    // As many groups as the first rows foretell have room at once.
    let n_first = (n_rows / 16).max(1 << 10);
    let mut groups = Numbering::default();
    let mut found: HashTable<(u64, u32)> = HashTable::new();
    let hash = |(number, _): &(u64, u32)| mix(*number);
    // Equal numbers often follow each other.
    let mut last: Option<(u64, u32)> = None;
    let ids = numbers.enumerate().map(|(row, number)| {
        if is_missing(row) {
            return groups.missing(row);
        }
        if let Some((_, id)) = last.filter(|(known, _)| *known == number) {
            return id;
        }
        if row == n_first {
            let foretold = found.len().saturating_mul(n_rows / n_first);
            found.reserve(foretold.saturating_sub(found.len()), hash);
        }
        let id = match found.entry(mix(number), |(other, _)| *other == number, hash) {
            Entry::Occupied(entry) => entry.get().1,
            Entry::Vacant(entry) => entry.insert((number, groups.add(row, false))).get().1,
        };
        last = Some((number, id));
        id
    });
    let ids = ids.collect();
    groups.done(ids)
}

/// Groups while rows are told apart.
#[derive(Default)]
struct Numbering {
    firsts: Vec<u32>,
    is_missing: Vec<bool>,
    missing: Option<u32>,
}

impl Numbering {
    /// What stands for no group.
    const NONE: u32 = u32::MAX;

    /// A further group, of which `row` is the first.
    fn add(&mut self, row: usize, is_missing: bool) -> u32 {
        let id = self.firsts.len().fit::<u32>();
        self.firsts.push(row.fit::<u32>());
        self.is_missing.push(is_missing);
        id
    }

    /// The group of the missing value, of which `row` is one.
    fn missing(&mut self, row: usize) -> u32 {
        if let Some(id) = self.missing {
            return id;
        }
        let id = self.add(row, true);
        self.missing = Some(id);
        id
    }

    fn done(self, ids: Vec<u32>) -> Groups {
        Groups { ids, firsts: self.firsts, missing: self.is_missing }
    }
}

/// The bits that stand for every NaN.
pub(crate) const NAN: u64 = 0x7ff8_0000_0000_0000;

/// Values of at most 64 bits as numbers that are equal where the values are: integers by their value, whatever their
/// width; floats by their bits, with one zero and one NaN.
pub(crate) fn bits(array: &ArrayRef, dtype: &PandasType) -> Result<ScalarBuffer<u64>> {
    fn all<T: ArrowPrimitiveType>(
        array: &PrimitiveArray<T>,
        bits: impl Fn(T::Native) -> u64,
    ) -> ScalarBuffer<u64> {
        array.values().iter().map(|value| bits(*value)).collect()
    }
    fn whole(array: &Int64Array) -> ScalarBuffer<u64> {
        ScalarBuffer::new(array.values().inner().clone(), 0, array.len())
    }
    fn float(value: f64) -> u64 {
        match value {
            value if value.is_nan() => NAN,
            0.0 => 0,
            value => value.to_bits(),
        }
    }
    #[allow(clippy::cast_sign_loss, reason = "the bits of an integer")]
    fn int(value: i64) -> u64 {
        value as u64
    }
    Ok(match array.data_type() {
        DataType::Boolean => {
            let values = array.as_boolean().values();
            values.iter().map(u64::from).collect()
        }
        // Their bits are theirs, in memory too.
        DataType::Int64 => whole(array.as_primitive::<Int64Type>()),
        DataType::UInt64 => array.as_primitive::<UInt64Type>().values().clone(),
        DataType::Int8 => all(array.as_primitive::<Int8Type>(), |value| int(value.into())),
        DataType::Int16 => all(array.as_primitive::<Int16Type>(), |value| int(value.into())),
        DataType::Int32 => all(array.as_primitive::<Int32Type>(), |value| int(value.into())),
        DataType::UInt8 => all(array.as_primitive::<UInt8Type>(), u64::from),
        DataType::UInt16 => all(array.as_primitive::<UInt16Type>(), u64::from),
        DataType::UInt32 => all(array.as_primitive::<UInt32Type>(), u64::from),
        DataType::Float32 => all(array.as_primitive::<Float32Type>(), |value| float(value.into())),
        DataType::Float64 => all(array.as_primitive::<Float64Type>(), float),
        DataType::Timestamp(..) | DataType::Duration(_) | DataType::Date64 => {
            let numbers = compute::cast(array, &DataType::Int64).map_err(failed)?;
            whole(numbers.as_primitive::<Int64Type>())
        }
        DataType::Date32 => {
            let numbers = compute::cast(array, &DataType::Int32).map_err(failed)?;
            all(numbers.as_primitive::<Int32Type>(), |value| int(value.into()))
        }
        _ => {
            let what = format!("keys of {dtype} in a native kernel: pandas works on them");
            return Err(ErrorKind::NotImplemented(what).into());
        }
    })
}

/// A number whose bits depend on all bits of `number`.
#[inline]
pub(crate) fn mix(number: u64) -> u64 {
    let wide = u128::from(number ^ 0x9e37_79b9_7f4a_7c15) * 0xa076_1d64_78bd_642f_u128;
    let (low, high) = halves(wide);
    low ^ high
}

#[inline]
fn mix_wide(number: u128) -> u64 {
    let (low, high) = halves(number);
    mix(low ^ mix(high))
}

#[inline]
#[allow(clippy::cast_possible_truncation, reason = "each half is 64 bits")]
fn halves(number: u128) -> (u64, u64) {
    (number as u64, (number >> 64) as u64)
}

pub(crate) fn hash_text(text: &str) -> u64 {
    hash_bytes(text.as_bytes())
}

fn hash_bytes(bytes: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(bytes);
    hasher.finish()
}

/// A number for each row that is the same in every process for rows that are equal in all columns.
///
/// # Errors
/// [`ErrorKind::NotImplemented`] for types that cannot be keys natively.
pub(crate) fn hashes(columns: &[(ArrayRef, PandasType)], n_rows: usize) -> Result<Vec<u64>> {
    let mut all = vec![0_u64; n_rows];
    for (array, dtype) in columns {
        let own = column_hashes(array, dtype)?;
        all.iter_mut().zip(own).for_each(|(all, own)| *all = mix(all.rotate_left(17) ^ own));
    }
    Ok(all)
}

fn column_hashes(array: &ArrayRef, dtype: &PandasType) -> Result<Vec<u64>> {
    const MISSING: u64 = 0x5bd1_e995_1b87_3593;
    if let Some(dictionary) = array.as_any_dictionary_opt() {
        let of = match dtype {
            PandasType::Category { of, .. } => PandasType::clone(of),
            _ => PandasType::Arrow(dictionary.values().data_type().clone()),
        };
        let of_values = column_hashes(dictionary.values(), &of)?;
        let nulls = dictionary.keys().nulls();
        let codes = codes(dictionary);
        let hash = |(row, code): (usize, usize)| match nulls.is_some_and(|nulls| nulls.is_null(row)) {
            true => MISSING,
            false => of_values.get(code).copied().unwrap_or(MISSING),
        };
        return Ok(codes.into_iter().enumerate().map(hash).collect());
    }
    fn of_views<T: ByteViewType>(array: &GenericByteViewArray<T>) -> Vec<u64> {
        let hash = |row| match array.is_null(row) {
            true => MISSING,
            false => hash_bytes(array.value(row).as_ref()),
        };
        (0..array.len()).map(hash).collect()
    }
    let array = &comparable(array)?;
    let mut hashes: Vec<u64> = match array.data_type() {
        DataType::Utf8View => of_views(array.as_string_view()),
        DataType::BinaryView => of_views(array.as_byte_view::<BinaryViewType>()),
        _ => {
            let is_nan = |bits: u64| dtype.misses_by_nan() && bits == NAN;
            let hash = |bits: &u64| if is_nan(*bits) { MISSING } else { mix(*bits) };
            bits(array, dtype)?.iter().map(hash).collect()
        }
    };
    if array.null_count() > 0 {
        (0..array.len()).filter(|row| array.is_null(*row)).for_each(|row| hashes[row] = MISSING);
    }
    Ok(hashes)
}

#[cfg(test)]
mod tests {
    use arrow::array::{Float64Array, Int32Array, Int64Array, StringViewArray};
    use proptest::prelude::*;
    use raskt_core::DType;

    use super::*;

    fn groups(columns: &[(ArrayRef, PandasType)]) -> Groups {
        Groups::of(columns, columns[0].0.len()).unwrap()
    }

    fn text(values: Vec<Option<String>>) -> (ArrayRef, PandasType) {
        (Arc::new(StringViewArray::from_iter(values)), PandasType::Text)
    }

    proptest! {
        #[test]
        fn rows_are_in_one_group_where_all_their_values_are_equal(
            rows in proptest::collection::vec((proptest::option::of(prop_oneof![any::<i64>(), 0_i64..4]), proptest::option::of("[ab]{0,2}|[ab]{13}")), 1..80),
            is_category in any::<bool>(),
        ) {
            let ints: ArrayRef = Arc::new(rows.iter().map(|row| row.0).collect::<Int64Array>());
            let mut texts = text(rows.iter().map(|row| row.1.clone()).collect());
            if is_category {
                let of = PandasType::Category { of: Arc::new(PandasType::Text), is_ordered: false };
                texts = (compute::cast(&texts.0, &of.storage().unwrap()).unwrap(), of);
            }
            let columns = [(ints, PandasType::Masked(DType::Int64)), texts];
            let found = groups(&columns);
            let hashed = hashes(&columns, rows.len()).unwrap();
            for (one, row) in rows.iter().enumerate() {
                for (other, other_row) in rows.iter().enumerate() {
                    prop_assert_eq!(found.ids[one] == found.ids[other], row == other_row);
                    prop_assert!(row != other_row || hashed[one] == hashed[other]);
                }
                let group = found.ids[one] as usize;
                prop_assert_eq!(found.missing[group], row.0.is_none() || row.1.is_none());
                prop_assert!(found.firsts[group] as usize <= one);
            }
            prop_assert!(found.firsts.is_sorted());
        }
    }

    #[test]
    fn one_zero_and_one_nan() {
        let floats: ArrayRef = Arc::new(Float64Array::from(vec![0.0, -0.0, f64::NAN, -f64::NAN, 1.0]));
        let found = groups(&[(Arc::clone(&floats), PandasType::Plain(DType::Float64))]);
        assert_eq!((found.ids, found.missing), (vec![0, 0, 1, 1, 2], vec![false, true, false]));
    }

    #[test]
    fn widths_of_integers_do_not_matter_to_hashes() {
        let narrow: ArrayRef = Arc::new(Int32Array::from(vec![-3, 4]));
        let wide: ArrayRef = Arc::new(Int64Array::from(vec![-3, 4]));
        let narrow = hashes(&[(narrow, PandasType::Plain(DType::Int32))], 2).unwrap();
        assert_eq!(narrow, hashes(&[(wide, PandasType::Plain(DType::Int64))], 2).unwrap());
    }
}
