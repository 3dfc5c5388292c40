//! Rows without those that repeat another.

use std::sync::Arc;

use arrow::array::UInt32Array;
use raskt_core::{ErrorKind, Fit, Param, Result};

use crate::Table;
use crate::keys::{Groups, Key, keys_of, keys_param};
use crate::table::concat;

/// Which of equal rows stay: pandas' `keep`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// The first.
    #[default]
    First,
    /// The last.
    Last,
    /// None of them. Says nothing about rows of other partitions: it is for all rows at once.
    None,
}

/// Which rows count as equal, and which of them stay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distinct {
    /// What equal rows are equal in; all columns, if it is `None`.
    pub keys: Option<Arc<[Key]>>,
    /// Which of them stay.
    pub keep: Keep,
}

impl Distinct {
    /// This as a parameter.
    #[must_use]
    pub fn to_param(&self) -> Param {
        let keep = match self.keep {
            Keep::First => Param::Str("first".into()),
            Keep::Last => Param::Str("last".into()),
            Keep::None => Param::Bool(false),
        };
        Param::map([
            ("keys", self.keys.as_ref().map_or(Param::Null, |keys| keys_param(keys))),
            ("keep", keep),
        ])
    }

    /// What a parameter that [`Distinct::to_param`] wrote says.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] for anything else.
    pub fn from_param(param: &Param) -> Result<Self> {
        let keep = match param.get("keep") {
            Some(Param::Str(keep)) if &**keep == "first" => Keep::First,
            Some(Param::Str(keep)) if &**keep == "last" => Keep::Last,
            Some(Param::Bool(false)) => Keep::None,
            other => return Err(ErrorKind::Corrupt(format!("{other:?} says not which rows stay")).into()),
        };
        let keys = match param.get("keys") {
            None | Some(Param::Null) => None,
            keys => Some(keys_of(keys)?),
        };
        Ok(Self { keys, keep })
    }
}

/// The rows of all `tables`, in their order, without those that repeat another.
///
/// # Errors
/// As [`concat`]; [`ErrorKind::InvalidValue`] for keys that are not there; [`ErrorKind::NotImplemented`] for keys of types
/// that cannot be compared here.
pub fn distinct(tables: &[Table], parameters: &Distinct) -> Result<Table> {
    let table = concat(tables)?;
    let columns = match &parameters.keys {
        Some(keys) => keys
            .iter()
            .map(|key| key.of(&table).map(|(array, field)| (array, field.dtype)))
            .collect::<Result<_>>()?,
        None => {
            let fields = table.schema().columns.iter().map(|field| field.dtype.clone());
            table.columns().iter().cloned().zip(fields).collect::<Vec<_>>()
        }
    };
    let groups = Groups::of(&columns, table.n_rows())?;
    let rows: Vec<u32> = match parameters.keep {
        Keep::First => groups.firsts,
        Keep::Last => {
            let mut lasts = groups.firsts.clone();
            groups.ids.iter().enumerate().for_each(|(row, id)| lasts[*id as usize] = row.fit::<u32>());
            lasts.sort_unstable();
            lasts
        }
        Keep::None => {
            let mut counts = vec![0_u32; groups.len()];
            groups.ids.iter().for_each(|id| counts[*id as usize] += 1);
            groups.firsts.iter().zip(counts).filter(|(_, count)| *count == 1).map(|(row, _)| *row).collect()
        }
    };
    match rows.len() == table.n_rows() {
        true => Ok(table),
        false => table.take(&UInt32Array::from(rows)),
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, AsArray, Int64Array};
    use arrow::datatypes::Int64Type;
    use raskt_core::DType;

    use super::*;
    use crate::{Field, Kind, PandasType, Schema};

    #[test]
    fn the_first_or_the_last_or_no_one_of_equal_rows_stays() {
        let int = || PandasType::Plain(DType::Int64);
        let schema = Schema::new(Kind::Frame, [Field::new("a", int()), Field::new("b", int())]);
        let column = |values: [i64; 5]| Arc::new(Int64Array::from_iter_values(values)) as ArrayRef;
        let columns = vec![column([1, 1, 2, 1, 3]), column([5, 5, 5, 6, 5])];
        let table = Table::over_range(schema, columns, 5).unwrap();
        let rows = |keys: Option<Arc<[Key]>>, keep| {
            let by = Distinct { keys, keep };
            let by = Distinct::from_param(&by.to_param()).unwrap();
            let left = distinct(std::slice::from_ref(&table), &by).unwrap();
            left.levels()[0].as_primitive::<Int64Type>().values().to_vec()
        };
        assert_eq!(rows(None, Keep::First), [0, 2, 3, 4]);
        let a: Option<Arc<[Key]>> = Some([Key::Column("a".into())].into());
        assert_eq!(rows(a.clone(), Keep::First), [0, 2, 4]);
        assert_eq!(rows(a.clone(), Keep::Last), [2, 3, 4]);
        assert_eq!(rows(a, Keep::None), [2, 4]);
        assert!(Distinct::from_param(&Param::Null).is_err());
    }
}
