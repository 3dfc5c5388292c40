//! Comparisons of columns with constants, by which readers leave out what cannot hold a wanted row.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{
    DataType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimeUnit as ArrowUnit,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use raskt_core::{Error, ErrorKind, Param, Result, TimeUnit};

use crate::Label;

/// A constant that a column is compared with.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// A truth value.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A float.
    Float(f64),
    /// Text.
    Text(Arc<str>),
    /// A point in time: so many units since 1970, in UTC for columns with a time zone.
    Time(i64, TimeUnit),
}

/// How a column is compared.
#[derive(Clone, Debug, PartialEq)]
pub enum Operator {
    /// Equal to the constant.
    Equal(Literal),
    /// Less.
    Less(Literal),
    /// Less or equal.
    LessEqual(Literal),
    /// Greater.
    Greater(Literal),
    /// Greater or equal.
    GreaterEqual(Literal),
    /// One of the constants.
    In(Arc<[Literal]>),
    /// Missing.
    Missing,
    /// Not missing.
    Present,
}

/// A column and how it is compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The column.
    pub column: Label,
    /// How.
    pub operator: Operator,
}

/// Comparisons of which some list is true as a whole: `or` of `and`s. None at all let every row pass.
///
/// Readers leave out row groups and pages of which their statistics say that no row passes. Rows that do not pass may
/// remain: whoever wants them gone filters them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filters(pub Vec<Vec<Comparison>>);

/// What is known of the values of a column in a row group or page.
pub(crate) struct Bounds<'a> {
    /// An array with a value not above any, and where in it.
    pub min: (&'a dyn Array, usize),
    /// An array with a value not below any, and where in it.
    pub max: (&'a dyn Array, usize),
    /// How many are null, if known.
    pub n_nulls: Option<u64>,
    /// How many there are.
    pub n_rows: u64,
}

impl Operator {
    /// Whether some value within `bounds` may pass.
    pub(crate) fn may_pass(&self, bounds: &Bounds<'_>) -> bool {
        let is_float = bounds.min.0.data_type().is_floating();
        match self {
            // NaN is missing to pandas and is in no statistics.
            Self::Missing => is_float || bounds.n_nulls != Some(0),
            _ if bounds.n_nulls == Some(bounds.n_rows) => false,
            Self::Present => true,
            Self::Equal(literal) => bounds.may_hold(literal),
            Self::In(literals) => literals.iter().any(|literal| bounds.may_hold(literal)),
            Self::Less(literal) => bounds.min_order(literal).is_none_or(Ordering::is_lt),
            Self::LessEqual(literal) => bounds.min_order(literal).is_none_or(Ordering::is_le),
            Self::Greater(literal) => bounds.max_order(literal).is_none_or(Ordering::is_gt),
            Self::GreaterEqual(literal) => bounds.max_order(literal).is_none_or(Ordering::is_ge),
        }
    }
}

impl Bounds<'_> {
    fn min_order(&self, literal: &Literal) -> Option<Ordering> {
        compare(self.min.0, self.min.1, literal)
    }

    fn max_order(&self, literal: &Literal) -> Option<Ordering> {
        compare(self.max.0, self.max.1, literal)
    }

    fn may_hold(&self, literal: &Literal) -> bool {
        self.min_order(literal).is_none_or(Ordering::is_le)
            && self.max_order(literal).is_none_or(Ordering::is_ge)
    }
}

/// How the value of `array` at `row` compares with a constant; `None` where it is null, or of another kind.
fn compare(array: &dyn Array, row: usize, literal: &Literal) -> Option<Ordering> {
    if row >= array.len() || array.is_null(row) {
        return None;
    }
    macro_rules! value {
        ($type:ty) => {
            array.as_primitive::<$type>().value(row)
        };
    }
    let number = match array.data_type() {
        DataType::Int8 => i128::from(value!(Int8Type)),
        DataType::Int16 => i128::from(value!(Int16Type)),
        DataType::Int32 => i128::from(value!(Int32Type)),
        DataType::Int64 => i128::from(value!(Int64Type)),
        DataType::UInt8 => i128::from(value!(UInt8Type)),
        DataType::UInt16 => i128::from(value!(UInt16Type)),
        DataType::UInt32 => i128::from(value!(UInt32Type)),
        DataType::UInt64 => i128::from(value!(UInt64Type)),
        DataType::Boolean => i128::from(array.as_boolean().value(row)),
        DataType::Float32 => return compare_float(f64::from(value!(Float32Type)), literal),
        DataType::Float64 => return compare_float(value!(Float64Type), literal),
        DataType::Timestamp(unit, _) => {
            let Literal::Time(time, of) = literal else { return None };
            let value = match unit {
                ArrowUnit::Second => value!(TimestampSecondType),
                ArrowUnit::Millisecond => value!(TimestampMillisecondType),
                ArrowUnit::Microsecond => value!(TimestampMicrosecondType),
                ArrowUnit::Nanosecond => value!(TimestampNanosecondType),
            };
            let scale = match unit {
                ArrowUnit::Second => TimeUnit::Second,
                ArrowUnit::Millisecond => TimeUnit::Millisecond,
                ArrowUnit::Microsecond => TimeUnit::Microsecond,
                ArrowUnit::Nanosecond => TimeUnit::Nanosecond,
            };
            return Some(nanoseconds(value, scale).cmp(&nanoseconds(*time, *of)));
        }
        DataType::Utf8 => return compare_text(array.as_string::<i32>().value(row), literal),
        DataType::LargeUtf8 => return compare_text(array.as_string::<i64>().value(row), literal),
        DataType::Utf8View => return compare_text(array.as_string_view().value(row), literal),
        _ => return None,
    };
    match literal {
        Literal::Bool(value) => Some(number.cmp(&i128::from(*value))),
        Literal::Int(value) => Some(number.cmp(&i128::from(*value))),
        Literal::Float(value) => compare_integer(number, *value),
        _ => None,
    }
}

fn compare_text(value: &str, literal: &Literal) -> Option<Ordering> {
    match literal {
        Literal::Text(text) => Some(value.cmp(&**text)),
        _ => None,
    }
}

fn compare_float(value: f64, literal: &Literal) -> Option<Ordering> {
    match literal {
        Literal::Float(other) => value.partial_cmp(other),
        Literal::Int(other) => compare_integer(i128::from(*other), value).map(Ordering::reverse),
        Literal::Bool(other) => value.partial_cmp(&f64::from(u8::from(*other))),
        _ => None,
    }
}

/// How an integer of 64 bits compares with a float, without rounding either.
fn compare_integer(number: i128, float: f64) -> Option<Ordering> {
    if float.is_nan() {
        return None;
    }
    // Beyond the integers every float is whole, and `as` takes the nearest end of 128 bits.
    #[allow(clippy::cast_possible_truncation, reason = "the fraction is looked at below")]
    let whole = float.floor() as i128;
    let fraction = if float > float.floor() { Ordering::Less } else { Ordering::Equal };
    Some(number.cmp(&whole).then(fraction))
}

fn nanoseconds(time: i64, unit: TimeUnit) -> i128 {
    let scale = match unit {
        TimeUnit::Day => 86_400_000_000_000,
        TimeUnit::Hour => 3_600_000_000_000,
        TimeUnit::Minute => 60_000_000_000,
        TimeUnit::Second => 1_000_000_000,
        TimeUnit::Millisecond => 1_000_000,
        TimeUnit::Microsecond => 1_000,
        TimeUnit::Nanosecond => 1,
    };
    i128::from(time) * scale
}

impl Literal {
    /// The constant as a parameter.
    #[must_use]
    pub fn to_param(&self) -> Param {
        match self {
            Self::Bool(value) => Param::Bool(*value),
            Self::Int(value) => Param::Int(*value),
            Self::Float(value) => Param::Float(*value),
            Self::Text(text) => Param::Str(Arc::clone(text)),
            Self::Time(time, unit) => Param::List([Param::Int(*time), Param::Str(unit.code().into())].into()),
        }
    }

    /// The constant of a parameter that [`Literal::to_param`] wrote.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] for anything else.
    pub fn from_param(param: &Param) -> Result<Self> {
        Ok(match param {
            Param::Bool(value) => Self::Bool(*value),
            Param::Int(value) => Self::Int(*value),
            Param::Float(value) => Self::Float(*value),
            Param::Str(text) => Self::Text(Arc::clone(text)),
            other => match other.as_list() {
                Some([Param::Int(time), Param::Str(unit)]) => {
                    Self::Time(*time, TimeUnit::from_code(unit).ok_or_else(|| corrupt(param))?)
                }
                _ => return Err(corrupt(param)),
            },
        })
    }
}

impl Comparison {
    /// `column` compared by `operator`.
    #[must_use]
    pub fn new(column: impl Into<Label>, operator: Operator) -> Self {
        Self { column: column.into(), operator }
    }

    fn to_param(&self) -> Param {
        let (name, value) = match &self.operator {
            Operator::Equal(literal) => ("==", literal.to_param()),
            Operator::Less(literal) => ("<", literal.to_param()),
            Operator::LessEqual(literal) => ("<=", literal.to_param()),
            Operator::Greater(literal) => (">", literal.to_param()),
            Operator::GreaterEqual(literal) => (">=", literal.to_param()),
            Operator::In(literals) => ("in", Param::List(literals.iter().map(Literal::to_param).collect())),
            Operator::Missing => ("missing", Param::Null),
            Operator::Present => ("present", Param::Null),
        };
        Param::List([self.column.to_param(), Param::Str(name.into()), value].into())
    }

    fn from_param(param: &Param) -> Result<Self> {
        let Some([column, Param::Str(name), value]) = param.as_list() else { return Err(corrupt(param)) };
        let literal = || Literal::from_param(value);
        let operator = match &**name {
            "==" => Operator::Equal(literal()?),
            "<" => Operator::Less(literal()?),
            "<=" => Operator::LessEqual(literal()?),
            ">" => Operator::Greater(literal()?),
            ">=" => Operator::GreaterEqual(literal()?),
            "in" => {
                let items = value.as_list().ok_or_else(|| corrupt(param))?;
                Operator::In(items.iter().map(Literal::from_param).collect::<Result<_>>()?)
            }
            "missing" => Operator::Missing,
            "present" => Operator::Present,
            _ => return Err(corrupt(param)),
        };
        Ok(Self { column: Label::try_from(column)?, operator })
    }
}

impl Filters {
    /// What passes both these and `other`.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let pairs =
            self.0.iter().flat_map(|one| other.0.iter().map(move |two| [&one[..], &two[..]].concat()));
        match (self.0.is_empty(), other.0.is_empty()) {
            (true, _) => other.clone(),
            (false, true) => self.clone(),
            (false, false) => Self(pairs.collect()),
        }
    }

    /// The filters as a parameter.
    #[must_use]
    pub fn to_param(&self) -> Param {
        let all = |list: &Vec<Comparison>| Param::List(list.iter().map(Comparison::to_param).collect());
        Param::List(self.0.iter().map(all).collect())
    }

    /// The filters of a parameter that [`Filters::to_param`] wrote; no filters for [`Param::Null`].
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] for anything else.
    pub fn from_param(param: &Param) -> Result<Self> {
        if matches!(param, Param::Null) {
            return Ok(Self::default());
        }
        let list = |param: &Param| {
            let items = param.as_list().ok_or_else(|| corrupt(param))?;
            items.iter().map(Comparison::from_param).collect::<Result<Vec<_>>>()
        };
        let lists = param.as_list().ok_or_else(|| corrupt(param))?;
        Ok(Self(lists.iter().map(list).collect::<Result<_>>()?))
    }
}

fn corrupt(param: &Param) -> Error {
    ErrorKind::Corrupt(format!("{param:?} is no filter")).into()
}

#[cfg(test)]
mod tests {
    use arrow::array::Int64Array;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn filters_come_back_from_their_parameter() {
        let time = Literal::Time(3, TimeUnit::Second);
        let list = [Literal::Bool(true), Literal::Int(1), Literal::Float(1.0), Literal::Text("1".into())];
        let filters = Filters(vec![
            vec![Comparison::new("a", Operator::Less(time)), Comparison::new(3, Operator::Missing)],
            vec![Comparison::new("a", Operator::In(list.into()))],
        ]);
        assert_eq!(Filters::from_param(&filters.to_param()).unwrap(), filters);
        assert!(Filters::from_param(&Param::Int(1)).is_err());
    }

    proptest! {
        #[test]
        fn no_value_that_passes_is_left_out(
            values in proptest::collection::vec(any::<i64>(), 1..6), other in prop_oneof![any::<f64>(), (-4_i64..4).prop_map(|n| n as f64 / 2.0)],
        ) {
            let values: Vec<i64> = values.into_iter().map(|n| if n % 2 == 0 { n % 3 } else { n }).collect();
            let ends = Int64Array::from(vec![*values.iter().min().unwrap(), *values.iter().max().unwrap()]);
            let bounds = Bounds { min: (&ends, 0), max: (&ends, 1), n_nulls: Some(0), n_rows: values.len() as u64 };
            let order = |n: &i64| compare_integer(i128::from(*n), other);
            let literal = Literal::Float(other);
            let passes = |test: fn(Ordering) -> bool| values.iter().any(|n| order(n).is_some_and(test));
            type Case = (Operator, fn(Ordering) -> bool);
            let cases: [Case; 5] = [
                (Operator::Less(literal.clone()), Ordering::is_lt),
                (Operator::LessEqual(literal.clone()), Ordering::is_le),
                (Operator::Greater(literal.clone()), Ordering::is_gt),
                (Operator::GreaterEqual(literal.clone()), Ordering::is_ge),
                (Operator::Equal(literal.clone()), Ordering::is_eq),
            ];
            for (operator, test) in cases {
                prop_assert!(operator.may_pass(&bounds) || !passes(test), "{operator:?} of {values:?}");
            }
        }

        #[test]
        fn integers_compare_with_floats_as_their_values_do(n in -1000_i64..1000, half in -2000_i64..2000) {
            let float = half as f64 / 2.0;
            prop_assert_eq!(compare_integer(i128::from(n), float), (n as f64).partial_cmp(&float));
            prop_assert_eq!(compare_float(float, &Literal::Int(n)), float.partial_cmp(&(n as f64)));
        }
    }

    #[test]
    fn large_integers_are_not_rounded_to_floats() {
        let n = (1_i64 << 53) + 1;
        assert_eq!(compare_integer(i128::from(n), (1_i64 << 53) as f64), Some(Ordering::Greater));
        assert_eq!(compare_integer(i128::from(i64::MAX), 9_223_372_036_854_775_807.0), Some(Ordering::Less));
        assert_eq!(compare_integer(0, f64::NAN), None);
    }
}
