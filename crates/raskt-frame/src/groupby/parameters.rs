//! What a group-by computes.

use std::sync::Arc;

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
    First,
    Last,
}

impl Function {
    const NAMES: [(&'static str, Self); 11] = [
        ("sum", Self::Sum),
        ("prod", Self::Prod),
        ("mean", Self::Mean),
        ("count", Self::Count),
        ("size", Self::Size),
        ("min", Self::Min),
        ("max", Self::Max),
        ("var", Self::Var),
        ("std", Self::Std),
        ("first", Self::First),
        ("last", Self::Last),
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

/// A column of the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aggregate {
    /// The column that it is computed of.
    pub column: Label,
    /// The dtype of that column.
    pub of: PandasType,
    /// What is computed.
    pub function: Function,
    /// The name of the result.
    pub label: Label,
}

impl Aggregate {
    /// The dtype of the result, as pandas has it.
    ///
    /// # Errors
    /// [`ErrorKind::NotImplemented`] where pandas computes it: the dtype may depend on the values, or there is no such result.
    pub fn dtype(&self) -> Result<PandasType> {
        let is_wide =
            |dtype: &DType| matches!(dtype, DType::Bool | DType::Int64 | DType::UInt64 | DType::Float64);
        let is_narrow = |dtype: &DType| {
            matches!(
                dtype,
                DType::Int8 | DType::Int16 | DType::Int32 | DType::UInt8 | DType::UInt16 | DType::UInt32
            )
        };
        let summed = |dtype: &DType| if *dtype == DType::Bool { DType::Int64 } else { dtype.clone() };
        Ok(match (self.function, &self.of) {
            (Function::Size, _) => PandasType::Plain(DType::Int64),
            (Function::Count, PandasType::Masked(_)) => PandasType::Masked(DType::Int64),
            (Function::Count, of) if of.storage().is_some() => PandasType::Plain(DType::Int64),
            // Sums of narrow integers are narrow or wide, as they fit.
            (Function::Sum | Function::Prod, PandasType::Plain(of)) if is_wide(of) => {
                PandasType::Plain(summed(of))
            }
            (Function::Sum | Function::Prod, PandasType::Masked(of)) if is_wide(of) => {
                PandasType::Masked(summed(of))
            }
            (Function::Mean | Function::Var | Function::Std, PandasType::Plain(of))
                if is_wide(of) || is_narrow(of) =>
            {
                PandasType::Plain(DType::Float64)
            }
            (Function::Mean | Function::Var | Function::Std, PandasType::Masked(of))
                if is_wide(of) || is_narrow(of) =>
            {
                PandasType::Masked(DType::Float64)
            }
            (
                Function::Min | Function::Max,
                of @ (PandasType::Plain(_) | PandasType::Masked(_) | PandasType::Text),
            ) if of.storage().is_some() => of.clone(),
            (Function::First | Function::Last, of) if of.storage().is_some() => of.clone(),
            (function, of) => {
                let name = function.name();
                let what = format!(
                    "{name} of column {} of {of} in a native group-by: pandas computes it",
                    self.column
                );
                return Err(ErrorKind::NotImplemented(what).into());
            }
        })
    }
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
            Param::List([one.column.to_param(), one.of.to_param(), name, one.label.to_param()].into())
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
    /// [`ErrorKind::Corrupt`] for anything else.
    pub fn from_param(param: &Param) -> Result<Self> {
        let corrupt = || Error::new(ErrorKind::Corrupt(format!("{param:?} is no group-by")));
        let aggregate = |item: &Param| match item.as_list() {
            Some([column, of, Param::Str(name), label]) => Ok(Aggregate {
                column: Label::try_from(column)?,
                of: PandasType::from_param(of)?,
                function: Function::parse(name).ok_or_else(corrupt)?,
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
