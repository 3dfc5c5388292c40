//! How often each scalar occurs, in the order in which they were first met.

use rustc_hash::FxHashMap;

/// A value of JSON that can be the key of a Python dictionary.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scalar<'a> {
    /// `None`.
    Null,
    /// `True` or `False`.
    Bool(bool),
    /// An `int`.
    Int(i64),
    /// A `float`, never NaN.
    Float(f64),
    /// A `str`.
    Str(&'a str),
}

/// An owned [`Scalar`].
#[derive(Clone, Debug)]
enum Owned {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(Box<str>),
}

/// Numbers that are equal to Python, whatever their types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Number {
    Whole(i64),
    Other(u64),
}

impl Number {
    fn of_float(value: f64) -> Self {
        // Floats of this range convert to whole numbers and back without loss.
        let limit = (1u64 << 53) as f64;
        if value.trunc() == value && value.abs() <= limit {
            Self::Whole(value as i64)
        } else {
            Self::Other(value.to_bits())
        }
    }

    fn of_int(value: i64) -> Self {
        // A float may equal a large whole number: that one is then known by the float, if it is exactly one.
        if value.unsigned_abs() > 1 << 53 && value != i64::MAX && (value as f64) as i64 == value {
            Self::Other((value as f64).to_bits())
        } else {
            Self::Whole(value)
        }
    }
}

/// Counts by value, as a Python dictionary has them: equal numbers are one, and the first of them is kept.
#[derive(Debug, Default)]
pub struct Counts {
    entries: Vec<(Owned, u64)>,
    strings: FxHashMap<Box<str>, u32>,
    numbers: FxHashMap<Number, u32>,
    null: Option<u32>,
}

impl Counts {
    /// Counts one more `value`.
    ///
    /// ```
    /// use raskt_bag::{Counts, Scalar};
    /// let mut counts = Counts::default();
    /// for value in [Scalar::Int(1), Scalar::Float(1.0), Scalar::Bool(true), Scalar::Str("1")] {
    ///     counts.add(value);
    /// }
    /// assert_eq!(counts.entries(), [(Scalar::Int(1), 3), (Scalar::Str("1"), 1)]);
    /// ```
    pub fn add(&mut self, value: Scalar<'_>) {
        let next = self.entries.len() as u32;
        let at = match value {
            Scalar::Str(text) => match self.strings.get(text) {
                Some(&at) => at,
                None => {
                    self.strings.insert(text.into(), next);
                    next
                }
            },
            Scalar::Null => *self.null.get_or_insert(next),
            Scalar::Bool(value) => *self.numbers.entry(Number::Whole(value.into())).or_insert(next),
            Scalar::Int(value) => *self.numbers.entry(Number::of_int(value)).or_insert(next),
            Scalar::Float(value) => *self.numbers.entry(Number::of_float(value)).or_insert(next),
        };
        if at == next {
            self.entries.push((Owned::from(value), 0));
        }
        self.entries[at as usize].1 += 1;
    }

    /// The values and their counts, in the order in which they were first met.
    pub fn entries(&self) -> Vec<(Scalar<'_>, u64)> {
        self.entries.iter().map(|(value, n)| (value.borrow(), *n)).collect()
    }
}

impl From<Scalar<'_>> for Owned {
    fn from(value: Scalar<'_>) -> Self {
        match value {
            Scalar::Null => Self::Null,
            Scalar::Bool(value) => Self::Bool(value),
            Scalar::Int(value) => Self::Int(value),
            Scalar::Float(value) => Self::Float(value),
            Scalar::Str(text) => Self::Str(text.into()),
        }
    }
}

impl Owned {
    fn borrow(&self) -> Scalar<'_> {
        match self {
            Self::Null => Scalar::Null,
            Self::Bool(value) => Scalar::Bool(*value),
            Self::Int(value) => Scalar::Int(*value),
            Self::Float(value) => Scalar::Float(*value),
            Self::Str(text) => Scalar::Str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_numbers_are_equal_only_where_they_are() {
        let mut counts = Counts::default();
        let big = 1i64 << 60;
        for value in
            [Scalar::Int(big), Scalar::Float(big as f64), Scalar::Int(big + 1), Scalar::Int(i64::MAX)]
        {
            counts.add(value);
        }
        counts.add(Scalar::Float(9_223_372_036_854_775_808.0));
        assert_eq!(counts.entries().iter().map(|(_, n)| *n).collect::<Vec<_>>(), [2, 1, 1, 1]);
    }

    #[test]
    fn minus_zero_is_zero() {
        let mut counts = Counts::default();
        counts.add(Scalar::Float(-0.0));
        counts.add(Scalar::Int(0));
        counts.add(Scalar::Null);
        assert_eq!(counts.entries().len(), 2);
    }
}
