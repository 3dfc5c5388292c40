//! Tables sorted by several keys.

use std::sync::Arc;

use raskt_core::{ErrorKind, Fit, Param, Result};

use super::order::{Direction, order};
use crate::Table;
use crate::keys::Key;
use crate::table::concat;

/// By what rows are sorted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sort {
    /// The keys, the first deciding first, each with whether the least comes first.
    pub keys: Arc<[(Key, bool)]>,
    /// Whether missing values come first, whichever way the others are sorted.
    pub missing_first: bool,
    /// How many rows are wanted; all, if it is `None`.
    pub limit: Option<usize>,
}

impl Sort {
    /// By those keys, the least first, missing values last.
    #[must_use]
    pub fn by(keys: impl IntoIterator<Item = Key>) -> Self {
        Self { keys: keys.into_iter().map(|key| (key, true)).collect(), missing_first: false, limit: None }
    }

    /// This as a parameter.
    #[must_use]
    pub fn to_param(&self) -> Param {
        let key =
            |(key, ascending): &(Key, bool)| Param::List([key.to_param(), Param::Bool(*ascending)].into());
        Param::map([
            ("keys", Param::List(self.keys.iter().map(key).collect())),
            ("missing_first", Param::Bool(self.missing_first)),
            ("limit", self.limit.map_or(Param::Null, |limit| Param::Int(limit.clamped::<i64>()))),
        ])
    }

    /// What a parameter that [`Sort::to_param`] wrote says.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] for anything else.
    pub fn from_param(param: &Param) -> Result<Self> {
        let corrupt = || raskt_core::Error::new(ErrorKind::Corrupt(format!("{param:?} is no order of rows")));
        let key = |item: &Param| match item.as_list() {
            Some([key, Param::Bool(ascending)]) => Ok((Key::from_param(key)?, *ascending)),
            _ => Err(corrupt()),
        };
        let keys = param.get("keys").and_then(Param::as_list).ok_or_else(corrupt)?;
        let limit = match param.get("limit") {
            None | Some(Param::Null) => None,
            Some(limit) => Some(limit.as_int().and_then(|n| usize::try_from(n).ok()).ok_or_else(corrupt)?),
        };
        Ok(Self {
            keys: keys.iter().map(key).collect::<Result<_>>()?,
            missing_first: param.get("missing_first") == Some(&Param::Bool(true)),
            limit,
        })
    }

    /// The keys of a table, each with its direction.
    pub(crate) fn columns(
        &self,
        table: &Table,
    ) -> Result<Vec<(arrow::array::ArrayRef, crate::PandasType, Direction)>> {
        let column = |(key, is_ascending): &(Key, bool)| {
            let (array, field) = key.of(table)?;
            let way = Direction { is_ascending: *is_ascending, missing_first: self.missing_first };
            Ok((array, field.dtype, way))
        };
        self.keys.iter().map(column).collect()
    }
}

/// The rows of all `tables` in order; equal rows stay in theirs. With a limit, the first so many of them.
///
/// # Errors
/// As [`concat`]; [`ErrorKind::InvalidValue`] for keys that are not there; [`ErrorKind::NotImplemented`] for keys of types
/// without an order here.
pub fn sort(tables: &[Table], parameters: &Sort) -> Result<Table> {
    let table = concat(tables)?;
    let rows = order(&parameters.columns(&table)?, table.n_rows(), parameters.limit)?;
    table.take(&rows)
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use arrow::array::{Array, ArrayRef, AsArray, Float64Array, StringViewArray};
    use arrow::datatypes::Int64Type;
    use proptest::prelude::*;
    use raskt_core::DType;

    use super::*;
    use crate::{Field, Kind, PandasType, Schema};

    proptest! {
        #[test]
        fn rows_are_in_the_order_of_their_keys_and_equal_ones_in_their_own(
            rows in proptest::collection::vec((proptest::option::of("[ab]{0,2}|[ab]{7,10}"), -2_i64..3), 0..60),
            ascending in any::<[bool; 2]>(), missing_first in any::<bool>(), limit in proptest::option::of(0_usize..70),
        ) {
            let schema = Schema::new(Kind::Frame, [Field::new("t", PandasType::Text), Field::new("x", PandasType::Plain(DType::Float64))]);
            let float = |n: i64| if n == 2 { f64::NAN } else { n as f64 / 2.0 };
            let columns: Vec<ArrayRef> = vec![
                Arc::new(rows.iter().map(|row| row.0.clone()).collect::<StringViewArray>()),
                Arc::new(rows.iter().map(|row| float(row.1)).collect::<Float64Array>()),
            ];
            let table = Table::over_range(schema, columns, rows.len()).unwrap();
            let keys = [(Key::Column("t".into()), ascending[0]), (Key::Column("x".into()), ascending[1])];
            let by = Sort { keys: keys.into(), missing_first, limit };
            prop_assert_eq!(Sort::from_param(&by.to_param()).unwrap(), by.clone());
            let sorted = sort(&[table.slice(0, rows.len() / 2), table.slice(rows.len() / 2, rows.len())], &by).unwrap();
            let found = sorted.levels()[0].as_primitive::<Int64Type>().values().to_vec();
            let missing = if missing_first { Ordering::Less } else { Ordering::Greater };
            let way = |order: Ordering, ascending: bool| if ascending { order } else { order.reverse() };
            let mut wanted: Vec<i64> = (0..rows.len() as i64).collect();
            wanted.sort_by(|a, b| {
                let (a, b) = (&rows[*a as usize], &rows[*b as usize]);
                let texts = match (&a.0, &b.0) {
                    (None, None) => Ordering::Equal,
                    (None, _) => missing,
                    (_, None) => missing.reverse(),
                    (Some(a), Some(b)) => way(a.cmp(b), ascending[0]),
                };
                let floats = match (a.1, b.1) {
                    (2, 2) => Ordering::Equal,
                    (2, _) => missing,
                    (_, 2) => missing.reverse(),
                    (a, b) => way(a.cmp(&b), ascending[1]),
                };
                texts.then(floats)
            });
            wanted.truncate(limit.unwrap_or(rows.len()));
            prop_assert_eq!(found, wanted);
            prop_assert!(sorted.columns()[0].len() == sorted.n_rows());
        }
    }
}
