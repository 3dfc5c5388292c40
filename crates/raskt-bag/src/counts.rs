//! How often each element occurs, in the order in which they were first met.

use raskt_core::Fit;
use rustc_hash::FxHashMap;

use crate::element::{Constant, Scalar};
use crate::memory::{self, Exhausted};

/// An element that was counted.
#[derive(Clone, Debug, PartialEq)]
pub enum Counted {
    /// A scalar.
    Scalar(Constant),
    /// A tuple of scalars.
    Tuple(Box<[Constant]>),
}

/// A counted element, how often it occurs, and what its number was when it was first met.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The first of elements that are equal.
    pub value: Counted,
    /// How many there are.
    pub n: u64,
    /// The number that was given with the first.
    pub first: u64,
}

/// Numbers that are equal to Python, whatever their types.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Number {
    Whole(i64),
    /// The bits of a float that is no such whole number.
    Other(u64),
    /// The digits of a whole number that is no float either.
    Big(Box<str>),
}

impl Number {
    fn of_float(value: f64) -> Self {
        // Floats of this range convert to whole numbers and back without loss.
        let limit = (1u64 << 53) as f64;
        if value.trunc() == value && value.abs() <= limit {
            Self::Whole(value.fit::<i64>())
        } else if value.is_nan() {
            // Python's `json` gives one object for all of them, and an object is found by itself.
            Self::Other(f64::NAN.to_bits())
        } else {
            Self::Other(value.to_bits())
        }
    }

    fn of_digits(digits: &str) -> Result<Self, Exhausted> {
        // Floats print as the whole number that they are, to the last digit.
        match digits.parse::<f64>() {
            Ok(value) if value.is_finite() && format!("{value:.0}") == digits => {
                Ok(Self::Other(value.to_bits()))
            }
            _ => memory::boxed_text(digits).map(Self::Big),
        }
    }

    fn of_int(value: i64) -> Self {
        // A float may equal a large whole number: that one is then known by the float, if it is exactly one.
        if value.unsigned_abs() > 1 << 53 && value != i64::MAX && (value as f64).clamped::<i64>() == value {
            Self::Other((value as f64).to_bits())
        } else {
            Self::Whole(value)
        }
    }
}

/// Counts by value, as a Python dictionary has them: equal numbers are one, and the first of them is kept.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    entries: Vec<Entry>,
    strings: FxHashMap<Box<str>, u32>,
    numbers: FxHashMap<Number, u32>,
    tuples: FxHashMap<Box<[u8]>, u32>,
    wtf8: FxHashMap<Box<[u8]>, u32>,
    null: Option<u32>,
    key: Vec<u8>,
}

impl Counts {
    /// Counts one more `value`, the element with number `at`.
    ///
    /// ```
    /// use raskt_bag::{Counts, Scalar};
    /// let mut counts = Counts::default();
    /// for (at, value) in [Scalar::Int(1), Scalar::Float(1.0), Scalar::Bool(true), Scalar::Str("1")].iter().enumerate() {
    ///     counts.add(*value, at as u64)?;
    /// }
    /// assert_eq!(counts.entries().iter().map(|entry| entry.n).collect::<Vec<_>>(), [3, 1]);
    /// # Ok::<(), raskt_bag::Exhausted>(())
    /// ```
    ///
    /// # Errors
    /// Where there is no memory for an element that is met first.
    pub fn add(&mut self, value: Scalar<'_>, at: u64) -> Result<(), Exhausted> {
        self.add_many(value, 1, at)
    }

    fn add_many(&mut self, value: Scalar<'_>, n: u64, at: u64) -> Result<(), Exhausted> {
        let next = self.next()?;
        let place = match value {
            Scalar::Str(text) => match self.strings.get(text) {
                Some(&place) => place,
                None => {
                    self.strings.try_reserve(1)?;
                    self.strings.insert(memory::boxed_text(text)?, next);
                    next
                }
            },
            Scalar::Null => *self.null.get_or_insert(next),
            Scalar::Bool(value) => self.number(Number::Whole(value.into()), next)?,
            Scalar::Int(value) => self.number(Number::of_int(value), next)?,
            Scalar::Float(value) => self.number(Number::of_float(value), next)?,
            Scalar::Big(digits) => self.number(Number::of_digits(digits)?, next)?,
            Scalar::Wtf8(bytes) => {
                self.wtf8.try_reserve(1)?;
                *self.wtf8.entry(memory::boxed(bytes)?).or_insert(next)
            }
        };
        self.count(place, n, at, || Ok(Counted::Scalar(Constant::copied(value)?)))
    }

    /// The place of the next element that is met first, for which there is room.
    fn next(&mut self) -> Result<u32, Exhausted> {
        self.entries.try_reserve(1)?;
        u32::try_from(self.entries.len()).map_err(|_| Exhausted)
    }

    fn number(&mut self, number: Number, next: u32) -> Result<u32, Exhausted> {
        self.numbers.try_reserve(1)?;
        Ok(*self.numbers.entry(number).or_insert(next))
    }

    /// Counts one more tuple, the element with number `at`.
    ///
    /// # Errors
    /// Where there is no memory for a tuple that is met first.
    pub fn add_tuple(&mut self, items: &[Scalar<'_>], at: u64) -> Result<(), Exhausted> {
        self.add_tuples(items, 1, at)
    }

    fn add_tuples(&mut self, items: &[Scalar<'_>], n: u64, at: u64) -> Result<(), Exhausted> {
        let next = self.next()?;
        self.key.clear();
        for item in items {
            push_key(&mut self.key, *item)?;
        }
        let place = match self.tuples.get(self.key.as_slice()) {
            Some(&place) => place,
            None => {
                self.tuples.try_reserve(1)?;
                self.tuples.insert(memory::boxed(&self.key)?, next);
                next
            }
        };
        self.count(place, n, at, || {
            let mut kept = Vec::new();
            kept.try_reserve_exact(items.len())?;
            for item in items {
                kept.push(Constant::copied(*item)?);
            }
            Ok(Counted::Tuple(kept.into_boxed_slice()))
        })
    }

    fn count(
        &mut self,
        place: u32,
        n: u64,
        at: u64,
        value: impl FnOnce() -> Result<Counted, Exhausted>,
    ) -> Result<(), Exhausted> {
        match self.entries.get_mut(place as usize) {
            Some(entry) => entry.n += n,
            None => self.entries.push(Entry { value: value()?, n, first: at }),
        }
        Ok(())
    }

    /// Counts what `later` has counted too: its elements come after all that were counted here.
    ///
    /// ```
    /// use raskt_bag::{Counts, Scalar};
    /// let (mut left, mut right) = (Counts::default(), Counts::default());
    /// left.add(Scalar::Int(1), 0)?;
    /// right.add(Scalar::Float(1.0), 0)?;
    /// left.merge(&right)?;
    /// assert_eq!(left.entries()[0].n, 2);
    /// # Ok::<(), raskt_bag::Exhausted>(())
    /// ```
    ///
    /// # Errors
    /// Where there is no memory for an element that is met first.
    pub fn merge(&mut self, later: &Self) -> Result<(), Exhausted> {
        let from = self.entries.last().map_or(0, |entry| entry.first + 1);
        for Entry { value, n, first } in &later.entries {
            match value {
                Counted::Scalar(value) => self.add_many(value.borrow(), *n, from + first)?,
                Counted::Tuple(items) => {
                    let items: Vec<_> = items.iter().map(Constant::borrow).collect();
                    self.add_tuples(&items, *n, from + first)?;
                }
            }
        }
        Ok(())
    }

    /// What was counted, in the order in which it was first met.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The same, without the counts' own tables.
    pub fn into_entries(self) -> Vec<Entry> {
        self.entries
    }
}

/// Appends bytes that are the same for equal scalars, and for no others.
fn push_key(key: &mut Vec<u8>, value: Scalar<'_>) -> Result<(), Exhausted> {
    let mut number = |number| match number {
        Number::Whole(value) => {
            memory::push(key, b'w')?;
            memory::append(key, &value.to_le_bytes())
        }
        Number::Other(bits) => {
            memory::push(key, b'f')?;
            memory::append(key, &bits.to_le_bytes())
        }
        Number::Big(digits) => push_bytes(key, b'b', digits.as_bytes()),
    };
    match value {
        Scalar::Bool(value) => number(Number::Whole(value.into())),
        Scalar::Int(value) => number(Number::of_int(value)),
        Scalar::Big(digits) => number(Number::of_digits(digits)?),
        Scalar::Float(value) => number(Number::of_float(value)),
        Scalar::Null => memory::push(key, b'n'),
        Scalar::Str(text) => push_bytes(key, b's', text.as_bytes()),
        Scalar::Wtf8(bytes) => push_bytes(key, b's', bytes),
    }
}

fn push_bytes(key: &mut Vec<u8>, kind: u8, bytes: &[u8]) -> Result<(), Exhausted> {
    memory::push(key, kind)?;
    memory::append(key, &(bytes.len() as u64).to_le_bytes())?;
    memory::append(key, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_numbers_are_equal_only_where_they_are() {
        let big = 1i64 << 60;
        let values = [
            Scalar::Int(big),
            Scalar::Float(big as f64),
            Scalar::Int(big + 1),
            Scalar::Int(i64::MAX),
            Scalar::Float(9_223_372_036_854_775_808.0),
            Scalar::Big("9223372036854775808"),
            Scalar::Big("-9223372036854775809"),
            Scalar::Big("9223372036854775809"),
            Scalar::Float(f64::NAN),
            Scalar::Float(-f64::NAN),
        ];
        let (mut alone, mut tuples) = (Counts::default(), Counts::default());
        for (at, value) in values.into_iter().enumerate() {
            alone.add(value, at as u64).unwrap();
            tuples.add_tuple(&[value, Scalar::Null], at as u64).unwrap();
        }
        for counts in [alone, tuples] {
            let found: Vec<_> = counts.entries().iter().map(|entry| (entry.n, entry.first)).collect();
            assert_eq!(found, [(2, 0), (1, 2), (1, 3), (2, 4), (1, 6), (1, 7), (2, 8)]);
        }
    }

    #[test]
    fn minus_zero_is_zero() {
        let mut counts = Counts::default();
        counts.add(Scalar::Float(-0.0), 0).unwrap();
        counts.add(Scalar::Int(0), 1).unwrap();
        counts.add(Scalar::Null, 2).unwrap();
        assert_eq!(counts.entries().len(), 2);
    }

    #[test]
    fn texts_of_tuples_do_not_run_into_one_another() {
        let mut counts = Counts::default();
        counts.add_tuple(&[Scalar::Str("as"), Scalar::Str("b")], 0).unwrap();
        counts.add_tuple(&[Scalar::Str("a"), Scalar::Str("sb")], 1).unwrap();
        assert_eq!(counts.entries().len(), 2);
    }
}
