//! What pandas says of a frame in the footer of a file: which columns are the index, the names, the dtypes.
//!
//! The format is pandas' own ("Storing pandas DataFrame objects in Apache Parquet format").

use parquet::arrow::arrow_reader::ArrowReaderMetadata;
use serde_json::Value as Json;

use crate::Label;

/// The key of the footer's metadata under which it lies.
pub(super) const KEY: &str = "pandas";

/// The index of a frame as the footer describes it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum StoredIndex {
    /// Nothing is said: rows are numbered.
    None,
    /// A range of integers, of which nothing is stored.
    Range { name: Label, start: i64, stop: i64, step: i64 },
    /// Columns of the file, by name.
    Columns(Vec<String>),
    /// Something else: pandas reads it.
    Foreign,
}

/// What the footer says of a frame.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub index: StoredIndex,
    columns: Vec<StoredColumn>,
    columns_name: Label,
    /// The NumPy dtype of the columns' names.
    labels_type: String,
    n_label_levels: usize,
}

#[derive(Clone, Debug)]
struct StoredColumn {
    name: Label,
    field_name: String,
    numpy_type: String,
    time_zone: Option<String>,
}

impl Stored {
    /// What the footer of a file says, if it says something.
    pub(super) fn of(reader: &ArrowReaderMetadata) -> Option<Self> {
        let pairs = reader.metadata().file_metadata().key_value_metadata()?;
        let text = pairs.iter().find(|pair| pair.key == KEY)?.value.as_deref()?;
        Self::parse(text)
    }

    fn parse(text: &str) -> Option<Self> {
        let json: Json = serde_json::from_str(text).ok()?;
        let list = |name: &str| json.get(name).and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
        let text = |json: &Json, name: &str| json.get(name).and_then(Json::as_str).unwrap_or("").to_owned();
        let name = |json: &Json| json.get("name").and_then(Json::as_str).map_or(Label::None, Label::from);
        let columns = list("columns").iter().map(|column| {
            // Before there was `field_name`, the name was the field's.
            let field_name = match column.get("field_name").and_then(Json::as_str) {
                Some(field_name) => field_name.to_owned(),
                None => text(column, "name"),
            };
            let time_zone = column.get("metadata").and_then(|own| own.get("timezone")).and_then(Json::as_str);
            StoredColumn {
                name: name(column),
                field_name,
                numpy_type: text(column, "numpy_type"),
                time_zone: time_zone.map(str::to_owned),
            }
        });
        let labels = list("column_indexes");
        Some(Self {
            index: stored_index(list("index_columns")),
            columns: columns.collect(),
            columns_name: labels.first().map_or(Label::None, name),
            labels_type: labels.first().map_or_else(String::new, |labels| text(labels, "numpy_type")),
            n_label_levels: labels.len(),
        })
    }

    /// The NumPy dtype of the field `name`, as pandas wrote it.
    pub(super) fn numpy_type(&self, name: &str) -> Option<&str> {
        self.columns.iter().find(|column| column.field_name == name).map(|column| column.numpy_type.as_str())
    }

    /// The time zone of the field `name`, as pandas wrote it.
    pub(super) fn time_zone(&self, name: &str) -> Option<&str> {
        self.columns.iter().find(|column| column.field_name == name)?.time_zone.as_deref()
    }

    /// What the columns' own index is called.
    pub(super) fn columns_name(&self) -> Label {
        self.columns_name.clone()
    }

    /// What the index level that is stored as the field `name` is called.
    pub(super) fn level_label(&self, name: &str) -> Label {
        match self.columns.iter().find(|column| column.field_name == name) {
            Some(column) => column.name.clone(),
            None if name.starts_with("__index_level_") => Label::None,
            None => Label::from(name),
        }
    }

    /// What the column that is stored as the field `name` is called; `None` where only pandas knows.
    pub(super) fn column_label(&self, name: &str) -> Option<Label> {
        if self.n_label_levels > 1 {
            return None;
        }
        match self.labels_type.as_str() {
            "" | "object" | "str" | "string" => Some(Label::from(name)),
            "int64" | "int32" | "int16" | "int8" | "uint8" | "uint16" | "uint32" => {
                name.parse().ok().map(Label::Int)
            }
            "float64" => name.parse().ok().map(|number: f64| Label::Float(number.to_bits())),
            "bool" => match name {
                "True" => Some(Label::Bool(true)),
                "False" => Some(Label::Bool(false)),
                _ => None,
            },
            _ => None,
        }
    }
}

fn stored_index(columns: &[Json]) -> StoredIndex {
    let range = |column: &Json| {
        let number = |name: &str| column.get(name).and_then(Json::as_i64);
        let (start, stop, step) = (number("start")?, number("stop")?, number("step")?);
        let name = column.get("name").and_then(Json::as_str).map_or(Label::None, Label::from);
        (step != 0).then_some(StoredIndex::Range { name, start, stop, step })
    };
    match columns {
        [] => StoredIndex::None,
        [column] if column.is_object() => range(column).unwrap_or(StoredIndex::Foreign),
        columns => {
            let names = columns.iter().map(|column| column.as_str().map(str::to_owned));
            names.collect::<Option<Vec<_>>>().map_or(StoredIndex::Foreign, StoredIndex::Columns)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{"index_columns": [{"kind": "range", "name": null, "start": 2, "stop": 8, "step": 2}],
        "column_indexes": [{"name": "cols", "field_name": "cols", "pandas_type": "int64", "numpy_type": "int64"}],
        "columns": [{"name": "0", "field_name": "0", "pandas_type": "int64", "numpy_type": "Int64"},
                    {"name": null, "field_name": "__index_level_0__", "numpy_type": "int64"}]}"#;

    #[test]
    fn ranges_names_and_dtypes_are_read() {
        let stored = Stored::parse(TEXT).unwrap();
        let range = StoredIndex::Range { name: Label::None, start: 2, stop: 8, step: 2 };
        assert_eq!(stored.index, range);
        assert_eq!(stored.numpy_type("0"), Some("Int64"));
        assert_eq!((stored.column_label("0"), stored.column_label("x")), (Some(Label::Int(0)), None));
        assert_eq!(stored.level_label("__index_level_0__"), Label::None);
        assert_eq!(stored.columns_name(), Label::from("cols"));
    }

    #[test]
    fn what_is_no_metadata_of_pandas_says_nothing() {
        assert!(Stored::parse("{").is_none());
        assert_eq!(Stored::parse("{}").unwrap().index, StoredIndex::None);
        let odd = r#"{"index_columns": [{"kind": "range", "start": 0, "stop": 1, "step": 0}]}"#;
        assert_eq!(Stored::parse(odd).unwrap().index, StoredIndex::Foreign);
    }
}
