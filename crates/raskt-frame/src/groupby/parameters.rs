//! What a group-by computes.

use std::sync::Arc;

use arrow::datatypes::DataType;
use raskt_core::{DType, Error, ErrorKind, Param, Result};

use crate::keys::{Key, keys_of, keys_param};
use crate::{Label, PandasType};

/// What is computed of the values of a group. Missing values do not count, except for the size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Function {
    Sum,
    Prod,
    Mean,
    Count,
    /// The number of rows, missing values included.
    Size,
    Min,
    Max,
    /// The variance, with `n - 1` degrees of freedom.
    Var,
    /// The root of the variance.
    Std,
    /// The standard error of the mean.
    Sem,
    First,
    Last,
    /// Whether a value is true.
    Any,
    /// Whether all values are true.
    All,
    /// The number of different values.
    Nunique,
}

impl Function {
    const NAMES: [(&'static str, Self); 15] = [
        ("sum", Self::Sum),
        ("prod", Self::Prod),
        ("mean", Self::Mean),
        ("count", Self::Count),
        ("size", Self::Size),
        ("min", Self::Min),
        ("max", Self::Max),
        ("var", Self::Var),
        ("std", Self::Std),
        ("sem", Self::Sem),
        ("first", Self::First),
        ("last", Self::Last),
        ("any", Self::Any),
        ("all", Self::All),
        ("nunique", Self::Nunique),
    ];

    /// The function that pandas calls `name`; `None` for one that pandas computes.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, function)| *function)
    }

    /// pandas' name of it.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, function)| *function == self).map_or("sum", |(name, _)| name)
    }
}

/// What keywords of pandas say of how a function is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Options {
    /// What variances, their roots and errors of means subtract from the number of values.
    pub ddof: i64,
    /// Of fewer values the result of a sum, a product, the least, the greatest, the first or the last is missing.
    pub min_count: i64,
    /// Whether the first, the last, and different values are sought among those that are there.
    pub skipna: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { ddof: 1, min_count: 0, skipna: true }
    }
}

impl Options {
    fn to_param(self) -> Param {
        if self == Self::default() {
            return Param::Null;
        }
        Param::map([
            ("ddof", Param::Int(self.ddof)),
            ("min_count", Param::Int(self.min_count)),
            ("skipna", Param::Bool(self.skipna)),
        ])
    }

    fn from_param(param: &Param) -> Option<Self> {
        let mut options = Self::default();
        let entries = match param {
            Param::Null => return Some(options),
            Param::Map(entries) => entries,
            _ => return None,
        };
        for (name, value) in entries.iter() {
            match (&**name, value) {
                ("ddof", value) => options.ddof = value.as_int()?,
                ("min_count", value) => options.min_count = value.as_int()?,
                ("skipna", Param::Bool(value)) => options.skipna = *value,
                _ => return None,
            }
        }
        Some(options)
    }
}

/// A column of the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aggregate {
    /// The column that it is computed of.
    pub column: Label,
    /// The dtype of that column.
    pub of: PandasType,
    /// What is computed.
    pub function: Function,
    /// How it is computed.
    pub options: Options,
    /// The name of the result.
    pub label: Label,
}

impl Aggregate {
    /// The dtype of the result, as pandas has it. Where values say otherwise, as for sums that narrow integers do not hold, the
    /// result is wider.
    ///
    /// # Errors
    /// [`ErrorKind::NotImplemented`] where pandas computes it, or there is no such result.
    pub fn dtype(&self) -> Result<PandasType> {
        result_type(self.function, &self.of, self.options).ok_or_else(|| {
            let (name, column, of) = (self.function.name(), &self.column, &self.of);
            let what = format!("{name} of column {column} of {of} in a native group-by: pandas computes it");
            ErrorKind::NotImplemented(what).into()
        })
    }
}

fn result_type(function: Function, of: &PandasType, options: Options) -> Option<PandasType> {
    use Function::{All, Any, Count, First, Last, Max, Mean, Min, Nunique, Prod, Sem, Size, Std, Sum, Var};
    use PandasType::{Arrow, Category, Masked, NullableText, Plain, Text, Zoned};
    let has_storage = of.storage().is_some();
    // What becomes of truth values of which too few are there, only pandas knows.
    let may_lack = options.min_count <= 1 || of.can_miss() || !is_bool(of);
    Some(match (function, of) {
        (Size, _) => Plain(DType::Int64),
        (Count, Masked(_)) => Masked(DType::Int64),
        (Count, Arrow(_)) if has_storage => Arrow(DataType::Int64),
        (Count, _) if has_storage => Plain(DType::Int64),
        (Sum, Plain(DType::Timedelta(_) | DType::Float32)) => of.clone(),
        (Sum | Prod, Plain(DType::Bool)) => Plain(DType::Int64),
        (Sum | Prod, Masked(DType::Bool)) => Masked(DType::Int64),
        // Sums of narrow integers are narrow where they fit.
        (Sum | Prod, Plain(dtype) | Masked(dtype)) if is_integer(dtype) || *dtype == DType::Float64 => {
            of.clone()
        }
        (Mean | Var | Std | Sem, Plain(dtype)) => Plain(float(dtype)?),
        (Mean | Var | Std | Sem, Masked(dtype)) => Masked(float(dtype)?),
        (Min | Max, Plain(_) | Masked(_) | Text) if has_storage && may_lack => of.clone(),
        (First | Last, _) if has_storage && may_lack => of.clone(),
        (Any | All, Text | NullableText) if options.skipna => Plain(DType::Bool),
        (Any | All, Masked(_)) if options.skipna && has_storage => Masked(DType::Bool),
        (Any | All, Plain(dtype))
            if options.skipna && has_storage && !matches!(dtype, DType::Datetime(_)) =>
        {
            Plain(DType::Bool)
        }
        (Nunique, Category { .. }) => return None,
        (Nunique, Plain(_) | Masked(_) | Zoned(..) | Text | NullableText) if has_storage => {
            Plain(DType::Int64)
        }
        _ => return None,
    })
}

fn is_bool(of: &PandasType) -> bool {
    matches!(of, PandasType::Plain(DType::Bool))
}

/// Whether it is a dtype of integers.
pub(super) fn is_integer(dtype: &DType) -> bool {
    use DType::{Int8, Int16, Int32, Int64, UInt8, UInt16, UInt32, UInt64};
    matches!(dtype, Int8 | Int16 | Int32 | Int64 | UInt8 | UInt16 | UInt32 | UInt64)
}

/// The floats that means of numbers of `dtype` are.
fn float(dtype: &DType) -> Option<DType> {
    (is_integer(dtype) || matches!(dtype, DType::Bool | DType::Float64)).then_some(DType::Float64)
}

/// What a group-by computes, and of which groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupBy {
    /// By what rows are grouped.
    pub keys: Arc<[Key]>,
    /// The columns of the result.
    pub aggregates: Arc<[Aggregate]>,
    /// Whether rows with a missing key are left out.
    pub dropna: bool,
    /// Whether groups are in the order of their keys; in that of their first rows, if not.
    pub sort: bool,
}

impl GroupBy {
    /// This as a parameter.
    #[must_use]
    pub fn to_param(&self) -> Param {
        let aggregate = |one: &Aggregate| {
            let name = Param::Str(one.function.name().into());
            let (column, of, label) = (one.column.to_param(), one.of.to_param(), one.label.to_param());
            Param::List([column, of, name, label, one.options.to_param()].into())
        };
        Param::map([
            ("keys", keys_param(&self.keys)),
            ("aggregates", Param::List(self.aggregates.iter().map(aggregate).collect())),
            ("dropna", Param::Bool(self.dropna)),
            ("sort", Param::Bool(self.sort)),
        ])
    }

    /// What a parameter that [`GroupBy::to_param`] wrote says.
    ///
    /// # Errors
    /// [`ErrorKind::NotImplemented`] for a function that pandas computes, [`ErrorKind::Corrupt`] for anything else.
    pub fn from_param(param: &Param) -> Result<Self> {
        let corrupt = || Error::new(ErrorKind::Corrupt(format!("{param:?} is no group-by")));
        let unknown = |name: &str| -> Error {
            ErrorKind::NotImplemented(format!("{name} in a native group-by: pandas computes it")).into()
        };
        let aggregate = |item: &Param| match item.as_list() {
            Some([column, of, Param::Str(name), label, options]) => Ok(Aggregate {
                column: Label::try_from(column)?,
                of: PandasType::from_param(of)?,
                function: Function::parse(name).ok_or_else(|| unknown(name))?,
                options: Options::from_param(options).ok_or_else(corrupt)?,
                label: Label::try_from(label)?,
            }),
            _ => Err(corrupt()),
        };
        let truth = |name| match param.get(name) {
            Some(Param::Bool(value)) => Ok(*value),
            _ => Err(corrupt()),
        };
        let aggregates = param.get("aggregates").and_then(Param::as_list).ok_or_else(corrupt)?;
        Ok(Self {
            keys: keys_of(param.get("keys"))?,
            aggregates: aggregates.iter().map(aggregate).collect::<Result<_>>()?,
            dropna: truth("dropna")?,
            sort: truth("sort")?,
        })
    }
}
