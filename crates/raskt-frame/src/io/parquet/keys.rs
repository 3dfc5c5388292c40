//! Columns of which the path of a file says the value (`year=2015/a.parquet`).

use std::sync::Arc;

use arrow::array::{ArrayRef, DictionaryArray, Int32Array, Int64Array, StringViewArray};
use arrow::datatypes::Int32Type;
use raskt_core::{DType, ErrorKind, Fit, Param, Result};

use crate::io::filter::Literal;
use crate::table::failed;
use crate::{Field, Label, PandasType};

/// A column that has one value in all of a file; its values in all files are categories.
#[derive(Clone, Debug, PartialEq)]
pub struct PathColumn {
    /// The column.
    pub label: Label,
    /// Its values in all files: integers all, or texts all.
    pub values: Arc<[Literal]>,
    /// Which of them is that of the file; `None` where it is missing.
    pub value: Option<usize>,
}

impl PathColumn {
    /// The column as schemas have it.
    #[must_use]
    pub fn field(&self) -> Field {
        let of = match self.narrow() {
            Values::Int32(_) => PandasType::Plain(DType::Int32),
            Values::Int64(_) => PandasType::Plain(DType::Int64),
            Values::Text(_) => PandasType::Text,
        };
        Field::new(self.label.clone(), PandasType::Category { of: Arc::new(of), is_ordered: false })
    }

    /// The column of `n_rows` rows.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] for a value that is none of them.
    pub(super) fn array(&self, n_rows: usize) -> Result<ArrayRef> {
        let values: ArrayRef = match self.narrow() {
            Values::Int32(values) => Arc::new(Int32Array::from(values)),
            Values::Int64(values) => Arc::new(Int64Array::from(values)),
            Values::Text(values) => Arc::new(StringViewArray::from(values)),
        };
        let code = self.value.map(|value| value.fit::<i32>());
        let codes = Int32Array::from(vec![code; n_rows]);
        let made = DictionaryArray::<Int32Type>::try_new(codes, values).map_err(failed)?;
        Ok(Arc::new(made))
    }

    /// The values as the narrowest type has them, as other readers of such paths do.
    fn narrow(&self) -> Values {
        let int = |literal: &Literal| match literal {
            Literal::Int(value) => Some(*value),
            _ => None,
        };
        let Some(ints) = self.values.iter().map(int).collect::<Option<Vec<i64>>>() else {
            let text = |literal: &Literal| match literal {
                Literal::Text(text) => text.to_string(),
                Literal::Int(value) => value.to_string(),
                other => format!("{other:?}"),
            };
            return Values::Text(self.values.iter().map(text).collect());
        };
        let narrow: Option<Vec<i32>> = ints.iter().map(|value| i32::try_from(*value).ok()).collect();
        match narrow {
            Some(narrow) if !narrow.is_empty() => Values::Int32(narrow),
            Some(_) => Values::Text(Vec::new()),
            None => Values::Int64(ints),
        }
    }

    /// The column as a parameter.
    #[must_use]
    pub fn to_param(&self) -> Param {
        let values = Param::List(self.values.iter().map(Literal::to_param).collect());
        let value = self.value.map_or(Param::Null, |value| Param::Int(value.fit::<i64>()));
        Param::List([self.label.to_param(), values, value].into())
    }

    /// The column of a parameter that [`PathColumn::to_param`] wrote.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] for anything else.
    pub fn from_param(param: &Param) -> Result<Self> {
        let corrupt = || ErrorKind::Corrupt(format!("{param:?} is no column of a path"));
        let Some([label, values, value]) = param.as_list() else { return Err(corrupt().into()) };
        let values: Arc<[Literal]> =
            values.as_list().ok_or_else(corrupt)?.iter().map(Literal::from_param).collect::<Result<_>>()?;
        let value = match value {
            Param::Null => None,
            Param::Int(value) => {
                let value = usize::try_from(*value).ok().filter(|value| *value < values.len());
                Some(value.ok_or_else(corrupt)?)
            }
            _ => return Err(corrupt().into()),
        };
        Ok(Self { label: Label::try_from(label)?, values, value })
    }
}

enum Values {
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Text(Vec<String>),
}
