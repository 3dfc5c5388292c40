//! What is known of a frame before it is there: kind, columns, index.

use std::sync::Arc;

use raskt_core::{ErrorKind, Param, Result};

use crate::{Label, PandasType};

/// What users hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A `DataFrame`.
    Frame,
    /// A `Series`: one column.
    Series,
    /// An `Index`: no column, all is in the index.
    Index,
    /// A scalar: one column of one row, whose index means nothing.
    Scalar,
}

impl Kind {
    /// The name of the container, as [`raskt_expr::Meta::container`] has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Frame => "frame",
            Self::Series => "series",
            Self::Index => "index",
            Self::Scalar => "scalar",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Frame, Self::Series, Self::Index, Self::Scalar].into_iter().find(|kind| kind.name() == name)
    }
}

/// A column or an index level: its name and dtype.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Field {
    /// The name. Several columns may have one.
    pub label: Label,
    /// The dtype.
    pub dtype: PandasType,
}

impl Field {
    /// A field of that name and dtype.
    #[must_use]
    pub fn new(label: impl Into<Label>, dtype: PandasType) -> Self {
        Self { label: label.into(), dtype }
    }

    fn to_param(&self) -> Param {
        Param::List([self.label.to_param(), self.dtype.to_param()].into())
    }

    fn from_param(param: &Param) -> Result<Self> {
        match param.as_list() {
            Some([label, dtype]) => {
                Ok(Self { label: Label::try_from(label)?, dtype: PandasType::from_param(dtype)? })
            }
            _ => Err(ErrorKind::Corrupt(format!("{param:?} is no field")).into()),
        }
    }
}

/// Kind, columns and index of a frame, series, index or scalar: all that pandas knows of one without its rows.
///
/// ```
/// use raskt_core::DType;
/// use raskt_frame::{Field, Kind, PandasType, Schema};
/// let float = PandasType::Plain(DType::Float64);
/// let schema = Schema::new(Kind::Frame, [Field::new("x", float.clone()), Field::new("y", float)]);
/// assert_eq!(schema.position(&"y".into())?, 1);
/// let error = schema.position(&"z".into()).unwrap_err().to_string();
/// assert!(error.contains("'z'"));
/// # Ok::<(), raskt_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Schema {
    /// What users hold.
    pub kind: Kind,
    /// The columns, in order.
    pub columns: Arc<[Field]>,
    /// What the columns' own index is called, one name a level.
    pub columns_names: Arc<[Label]>,
    /// The levels of the index.
    pub index: Arc<[Field]>,
}

impl Schema {
    /// Columns over an index of integers without a name: what pandas makes where nothing else is said.
    #[must_use]
    pub fn new(kind: Kind, columns: impl IntoIterator<Item = Field>) -> Self {
        let index = Field::new(Label::None, PandasType::Plain(raskt_core::DType::Int64));
        Self {
            kind,
            columns: columns.into_iter().collect(),
            columns_names: [Label::None].into(),
            index: [index].into(),
        }
    }

    /// The same with another index.
    #[must_use]
    pub fn with_index(self, index: impl IntoIterator<Item = Field>) -> Self {
        Self { index: index.into_iter().collect(), ..self }
    }

    /// The same with other columns.
    #[must_use]
    pub fn with_columns(&self, kind: Kind, columns: impl IntoIterator<Item = Field>) -> Self {
        Self { kind, columns: columns.into_iter().collect(), ..self.clone() }
    }

    /// The names of the columns, in order.
    pub fn labels(&self) -> impl Iterator<Item = &Label> {
        self.columns.iter().map(|field| &field.label)
    }

    /// Where the column `label` is: the first of that name.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownColumn`], naming the nearest columns.
    pub fn position(&self, label: &Label) -> Result<usize> {
        match self.columns.iter().position(|field| field.label == *label) {
            Some(at) => Ok(at),
            None => Err(ErrorKind::UnknownColumn(self.missing(label)).into()),
        }
    }

    /// What to say of a column that is not there.
    #[must_use]
    pub fn missing(&self, label: &Label) -> String {
        let mut near: Vec<(usize, &Label)> = Vec::new();
        if let Some(asked) = label.as_str() {
            let distance = |other: &Label| other.as_str().map(|name| edit_distance(asked, name));
            near = self.labels().filter_map(|other| Some((distance(other)?, other))).collect();
            near.retain(|(distance, _)| *distance <= asked.chars().count().div_ceil(2));
            near.sort_by_key(|(distance, _)| *distance);
        }
        let names = |labels: &mut dyn Iterator<Item = &Label>| {
            labels.map(ToString::to_string).collect::<Vec<_>>().join(", ")
        };
        match near.is_empty() {
            false => {
                let nearest = names(&mut near.iter().take(3).map(|(_, label)| *label));
                format!("{label} is no column; the nearest are {nearest}")
            }
            true => format!("{label} is no column; the columns are {}", names(&mut self.labels().take(20))),
        }
    }

    /// Whether every column and index level can be stored in Arrow.
    #[must_use]
    pub fn is_native(&self) -> bool {
        self.columns.iter().chain(&*self.index).all(|field| field.dtype.storage().is_some())
    }

    /// The schema as a parameter, for bodies that travel.
    #[must_use]
    pub fn to_param(&self) -> Param {
        let fields = |fields: &[Field]| Param::List(fields.iter().map(Field::to_param).collect());
        Param::map([
            ("kind", Param::Str(self.kind.name().into())),
            ("columns", fields(&self.columns)),
            ("names", Param::List(self.columns_names.iter().map(Label::to_param).collect())),
            ("index", fields(&self.index)),
        ])
    }

    /// The schema of a parameter that [`Schema::to_param`] wrote.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] for anything else.
    pub fn from_param(param: &Param) -> Result<Self> {
        let corrupt = || raskt_core::Error::new(ErrorKind::Corrupt(format!("{param:?} is no schema")));
        let list = |name| param.get(name).and_then(Param::as_list).ok_or_else(corrupt);
        let fields = |name| list(name)?.iter().map(Field::from_param).collect::<Result<Arc<[Field]>>>();
        let kind = param.get("kind").and_then(Param::as_str).and_then(Kind::parse);
        Ok(Self {
            kind: kind.ok_or_else(corrupt)?,
            columns: fields("columns")?,
            columns_names: list("names")?.iter().map(Label::try_from).collect::<Result<_>>()?,
            index: fields("index")?,
        })
    }
}

/// How many letters to change, add or leave out (Levenshtein), for names in messages.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, other) in b.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *other);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use raskt_core::DType;

    use super::*;

    fn schema() -> Schema {
        let int = PandasType::Plain(DType::Int64);
        Schema::new(Kind::Frame, [Field::new("fare", int.clone()), Field::new(3, PandasType::Text)])
            .with_index([Field::new("day", int)])
    }

    #[test]
    fn a_schema_comes_back_from_its_parameter() {
        assert_eq!(Schema::from_param(&schema().to_param()).unwrap(), schema());
        assert!(Schema::from_param(&Param::Null).is_err());
    }

    #[test]
    fn a_column_that_is_not_there_is_said_with_its_nearest_neighbours() {
        assert_eq!(schema().missing(&"fair".into()), "'fair' is no column; the nearest are 'fare'");
        assert_eq!(schema().missing(&7.into()), "7 is no column; the columns are 'fare', 3");
    }

    #[test]
    fn objects_are_not_native() {
        let object = schema().with_columns(Kind::Series, [Field::new("o", PandasType::Object)]);
        assert!(schema().is_native() && !object.is_native());
    }
}
