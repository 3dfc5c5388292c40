//! Tables written as a Parquet file that pandas reads back with dtypes, names and index.

use std::fs::OpenOptions;
use std::io::BufWriter;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch};
use arrow::compute;
use arrow::datatypes::{DataType, Field as ArrowField, Float32Type, Float64Type, Schema as ArrowSchema};
use parquet::arrow::add_encoded_arrow_schema_to_metadata;
use parquet::arrow::arrow_writer::{ArrowWriter, ArrowWriterOptions};
use parquet::basic::{BrotliLevel, Compression as Codec, GzipLevel, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use raskt_core::{DType, ErrorKind, Fit, Param, Result};
use raskt_store::{Access, PartFile};
use serde_json::{Value as Json, json};

use super::file::guarded;
use super::pandas::KEY;
use crate::io::path::io_error;
use crate::table::failed;
use crate::{Field, Index, Kind, Label, PandasType, Schema, Table};

/// How pages are compressed. The names of pandas' `compression` argument.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Compression {
    None,
    #[default]
    Snappy,
    Gzip,
    Brotli,
    Lz4,
    Zstd,
}

impl Compression {
    const NAMES: [(&'static str, Self); 6] = [
        ("none", Self::None),
        ("snappy", Self::Snappy),
        ("gzip", Self::Gzip),
        ("brotli", Self::Brotli),
        ("lz4", Self::Lz4),
        ("zstd", Self::Zstd),
    ];

    /// The compression that pandas calls `name`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`], naming those that there are.
    pub fn parse(name: &str) -> Result<Self> {
        let found = Self::NAMES.iter().find(|(known, _)| name.eq_ignore_ascii_case(known));
        let names = || Self::NAMES.map(|(name, _)| name).join(", ");
        match found {
            Some((_, compression)) => Ok(*compression),
            None => {
                Err(ErrorKind::InvalidValue(format!("compression {name:?} is none of {}", names())).into())
            }
        }
    }

    fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, other)| *other == self).map_or("none", |(name, _)| name)
    }

    fn codec(self) -> Codec {
        match self {
            Self::None => Codec::UNCOMPRESSED,
            Self::Snappy => Codec::SNAPPY,
            Self::Gzip => Codec::GZIP(GzipLevel::default()),
            Self::Brotli => Codec::BROTLI(BrotliLevel::default()),
            Self::Lz4 => Codec::LZ4_RAW,
            Self::Zstd => Codec::ZSTD(ZstdLevel::default()),
        }
    }
}

/// How and where to write.
#[derive(Clone, Debug, PartialEq)]
pub struct WriteParquet {
    /// The file; one that is there is replaced when the new one is complete.
    pub path: Arc<str>,
    /// How pages are compressed.
    pub compression: Compression,
    /// Rows of a row group, at most.
    pub row_group_rows: usize,
    /// Whether the index is stored. If it is not said, a range is told in the footer, and other indexes are stored.
    pub index: Option<bool>,
}

impl WriteParquet {
    /// A file at `path` as pandas would write it.
    #[must_use]
    pub fn new(path: impl Into<Arc<str>>) -> Self {
        Self { path: path.into(), compression: Compression::default(), row_group_rows: 1 << 20, index: None }
    }

    /// This as a parameter.
    #[must_use]
    pub fn to_param(&self) -> Param {
        Param::map([
            ("path", Param::Str(Arc::clone(&self.path))),
            ("compression", Param::Str(self.compression.name().into())),
            ("row_group_rows", Param::Int(self.row_group_rows.clamped::<i64>())),
            ("index", self.index.map_or(Param::Null, Param::Bool)),
        ])
    }

    /// What a parameter that [`WriteParquet::to_param`] wrote says.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] for anything else.
    pub fn from_param(param: &Param) -> Result<Self> {
        let corrupt = || ErrorKind::Corrupt(format!("{param:?} does not say how to write"));
        let text = |name| param.get(name).and_then(Param::as_str).ok_or_else(corrupt);
        let rows = param.get("row_group_rows").and_then(Param::as_int).and_then(|n| usize::try_from(n).ok());
        Ok(Self {
            path: text("path")?.into(),
            compression: Compression::parse(text("compression")?)?,
            row_group_rows: rows.filter(|rows| *rows > 0).ok_or_else(corrupt)?,
            index: match param.get("index") {
                Some(Param::Bool(index)) => Some(*index),
                _ => None,
            },
        })
    }
}

/// Write the rows of `tables`, one after the other, as one file. It appears under its name when it is complete.
///
/// # Errors
/// [`ErrorKind::InvalidValue`] for tables of different schemas, for none, and for names of columns that Parquet does not
/// have; [`ErrorKind::NotImplemented`] for columns that only pandas can write; [`ErrorKind::System`].
pub fn write_parquet(tables: &[Table], parameters: &WriteParquet) -> Result<()> {
    let whole = |what: String| raskt_core::Error::new(ErrorKind::InvalidValue(what));
    let first = tables.first().ok_or_else(|| whole("no tables to write".to_owned()))?;
    if let Some(other) = tables.iter().find(|other| other.schema() != first.schema()) {
        let (one, other) = (first.schema(), other.schema());
        return Err(whole(format!("tables of two schemas for one file: {one:?} and {other:?}")));
    }
    let layout = Layout::of(tables, parameters)?;
    let arrow_schema = Arc::new(ArrowSchema::new(layout.fields()?));
    let described = layout.metadata(tables).to_string();
    let mut properties = WriterProperties::builder()
        .set_compression(parameters.compression.codec())
        .set_max_row_group_row_count(Some(parameters.row_group_rows.max(1)))
        .set_key_value_metadata(Some(vec![KeyValue::new(KEY.to_owned(), described.clone())]))
        .set_created_by(concat!("raskt version ", env!("CARGO_PKG_VERSION")).to_owned())
        .build();
    add_encoded_arrow_schema_to_metadata(&readable(&arrow_schema, described), &mut properties);
    let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
    let batches =
        tables.iter().map(|table| layout.batch(table, &arrow_schema)).collect::<Result<Vec<_>>>()?;
    let target = Path::new(&*parameters.path);
    if target.file_name().is_none() {
        return Err(whole(format!("{:?} is no name of a file", parameters.path)));
    }
    let named = |error| io_error(&parameters.path, &error);
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
    let part = PartFile::create(folder.unwrap_or(Path::new(".")), "parquet", Access::Usual).map_err(named)?;
    guarded(&parameters.path, || {
        let file = BufWriter::with_capacity(1 << 18, OpenOptions::new().write(true).open(part.path())?);
        let mut writer = ArrowWriter::try_new_with_options(file, arrow_schema, options)?;
        batches.iter().try_for_each(|batch| writer.write(batch))?;
        let file =
            writer.into_inner()?.into_inner().map_err(|error| ParquetError::from(error.into_error()))?;
        file.sync_data()?;
        Ok(())
    })?;
    part.keep_as(target).map_err(named)
}

/// Whether [`write_parquet`] writes frames of `schema` so that pandas reads them as they are: names are all of one kind, and
/// the footer can say what their dtypes are.
#[must_use]
pub fn is_writable(schema: &Schema) -> bool {
    let is_plain =
        |label: &Label| matches!(label, Label::Str(_) | Label::Int(_) | Label::Float(_) | Label::Bool(_));
    let mut labels = schema.labels();
    let is_of_one_kind = labels.next().is_none_or(|first| {
        is_plain(first) && labels.all(|label| std::mem::discriminant(label) == std::mem::discriminant(first))
    });
    let are_levels = schema.index.iter().all(|level| matches!(level.label, Label::None | Label::Str(_)));
    let are_names = schema.columns_names.iter().all(|name| matches!(name, Label::None | Label::Str(_)));
    let is_told = |field: &Field| match &field.dtype {
        PandasType::Arrow(storage) => {
            storage.is_integer()
                || matches!(storage, DataType::Float32 | DataType::Float64 | DataType::Boolean)
        }
        PandasType::Category { of, .. } => {
            matches!(&**of, PandasType::Text | PandasType::Plain(DType::Int64))
        }
        dtype => dtype.storage().is_some(),
    };
    let fields = || schema.columns.iter().chain(&*schema.index);
    schema.kind == Kind::Frame && is_of_one_kind && are_levels && are_names && fields().all(is_told)
}

/// What becomes a column of the file.
struct Layout<'a> {
    schema: &'a Schema,
    /// The names of the columns of the file: first the columns', then the index levels'.
    names: Vec<String>,
    /// Whether index levels are columns of the file.
    has_levels: bool,
    range: Option<Json>,
}

impl<'a> Layout<'a> {
    fn of(tables: &'a [Table], parameters: &WriteParquet) -> Result<Self> {
        let schema = tables[0].schema();
        let range = match parameters.index {
            None => range(tables),
            Some(_) => None,
        };
        let has_levels = parameters.index != Some(false) && range.is_none();
        let mut names = schema.labels().map(name).collect::<Result<Vec<_>>>()?;
        if has_levels {
            let level = |(at, field): (usize, &Field)| match &field.label {
                Label::None => Ok(format!("__index_level_{at}__")),
                label => name(label),
            };
            let levels = schema.index.iter().enumerate().map(level).collect::<Result<Vec<_>>>()?;
            names.extend(levels);
        }
        let mut sorted: Vec<&String> = names.iter().collect();
        sorted.sort_unstable();
        if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            let what = format!("two columns or index levels are called {:?} in Parquet; rename one", pair[0]);
            return Err(ErrorKind::InvalidValue(what).into());
        }
        Ok(Self { schema, names, has_levels, range })
    }

    fn stored(&self) -> impl Iterator<Item = (&String, &Field)> {
        let levels = if self.has_levels { &self.schema.index[..] } else { &[] };
        self.names.iter().zip(self.schema.columns.iter().chain(levels))
    }

    fn fields(&self) -> Result<Vec<ArrowField>> {
        let field = |(name, field): (&String, &Field)| {
            let storage = written(&field.storage()?);
            #[allow(deprecated, reason = "whether categories are ordered is said there and nowhere else")]
            let arrow = match (&field.dtype, &storage) {
                (PandasType::Category { is_ordered, .. }, storage) => {
                    ArrowField::new_dict(name, storage.clone(), true, 0, *is_ordered)
                }
                _ => ArrowField::new(name, storage, true),
            };
            Ok(arrow)
        };
        self.stored().map(field).collect()
    }

    fn batch(&self, table: &Table, schema: &Arc<ArrowSchema>) -> Result<RecordBatch> {
        let levels = table.levels();
        let levels = if self.has_levels { &levels[..] } else { &[] };
        let arrays = table.columns().iter().chain(levels).zip(self.stored());
        let columns = arrays.map(|(array, (_, field))| column(array, field)).collect::<Result<Vec<_>>>()?;
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(table.n_rows()));
        RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options).map_err(failed)
    }

    /// pandas' description of the frame.
    fn metadata(&self, tables: &[Table]) -> Json {
        let n_columns = self.schema.columns.len();
        let columns: Vec<Json> = self
            .stored()
            .enumerate()
            .map(|(at, (name, field))| described(name, field, at >= n_columns, tables, at))
            .collect();
        let index: Vec<Json> = match &self.range {
            Some(range) => vec![range.clone()],
            None => self.names[n_columns..].iter().map(|name| json!(name)).collect(),
        };
        let (pandas_type, numpy_type) = match self.schema.labels().next() {
            Some(Label::Int(_)) => ("int64", "int64"),
            Some(Label::Float(_)) => ("float64", "float64"),
            Some(Label::Bool(_)) => ("bool", "bool"),
            _ => ("unicode", "str"),
        };
        let name = self.schema.columns_names.first().map_or(Json::Null, label);
        json!({
            "index_columns": index,
            "column_indexes": [{
                "name": name, "field_name": name, "pandas_type": pandas_type, "numpy_type": numpy_type,
                "metadata": if numpy_type == "str" { json!({"encoding": "UTF-8"}) } else { Json::Null },
            }],
            "columns": columns,
            "attributes": {},
            "creator": {"library": "raskt", "version": env!("CARGO_PKG_VERSION")},
            "pandas_version": "3.0.0",
        })
    }
}

/// pandas' description of a column of the file.
fn described(name: &str, field: &Field, is_level: bool, tables: &[Table], at: usize) -> Json {
    let (pandas_type, metadata) = match &field.dtype {
        PandasType::Plain(DType::Datetime(_)) => ("datetime".to_owned(), Json::Null),
        PandasType::Plain(DType::Timedelta(_)) => ("timedelta".to_owned(), Json::Null),
        PandasType::Plain(dtype) | PandasType::Masked(dtype) => (dtype.to_string(), Json::Null),
        PandasType::Zoned(_, zone) => ("datetimetz".to_owned(), json!({"timezone": &**zone})),
        PandasType::Category { is_ordered, .. } => {
            let column = tables[0].columns().get(at);
            let n = column
                .and_then(|column| column.as_any_dictionary_opt())
                .map_or(0, |array| array.values().len());
            ("categorical".to_owned(), json!({"num_categories": n, "ordered": is_ordered}))
        }
        _ => ("unicode".to_owned(), Json::Null),
    };
    let numpy_type = match &field.dtype {
        PandasType::Zoned(unit, _) => format!("datetime64[{}]", unit.code()),
        PandasType::Category { .. } => "int32".to_owned(),
        PandasType::Arrow(storage) => match storage {
            DataType::Float64 => "double[pyarrow]".to_owned(),
            DataType::Float32 => "float[pyarrow]".to_owned(),
            DataType::Boolean => "bool[pyarrow]".to_owned(),
            storage if storage.is_integer() => format!("{}[pyarrow]", storage.to_string().to_lowercase()),
            _ => "object".to_owned(),
        },
        dtype => dtype.to_string(),
    };
    let label = if is_level { label(&field.label) } else { json!(name) };
    json!({
        "name": label, "field_name": name, "pandas_type": pandas_type, "numpy_type": numpy_type, "metadata": metadata,
    })
}

/// The range that the tables' indexes are together, as the footer describes it.
fn range(tables: &[Table]) -> Option<Json> {
    let Index::Range { start, step } = *tables[0].index() else { return None };
    let mut stop = start;
    for table in tables {
        let follows =
            matches!(*table.index(), Index::Range { start, step: same } if start == stop && same == step);
        if !follows && table.n_rows() > 0 {
            return None;
        }
        stop = stop.checked_add(step.checked_mul(table.n_rows().clamped())?)?;
    }
    let name = label(&tables[0].schema().index[0].label);
    Some(json!({"kind": "range", "name": name, "start": start, "stop": stop, "step": step}))
}

fn label(label: &Label) -> Json {
    match label {
        Label::None => Json::Null,
        Label::Str(text) => json!(&**text),
        other => json!(other.to_string()),
    }
}

/// The name of a column of a file.
fn name(label: &Label) -> Result<String> {
    match label {
        Label::Str(text) => Ok(text.to_string()),
        Label::Int(_) | Label::Float(_) | Label::Bool(_) => Ok(label.to_string()),
        Label::None | Label::Tuple(_) => {
            let what = format!("column {label} in a native writer of Parquet: pandas writes it");
            Err(ErrorKind::NotImplemented(what).into())
        }
    }
}

/// The type that a column of `storage` is written as.
fn written(storage: &DataType) -> DataType {
    match storage {
        DataType::Dictionary(key, values) if **values == DataType::Utf8View => {
            DataType::Dictionary(key.clone(), Box::new(DataType::Utf8))
        }
        other => other.clone(),
    }
}

/// The array as it is written: NaN of NumPy's floats is null, as pandas writes it.
fn column(array: &ArrayRef, field: &Field) -> Result<ArrayRef> {
    let nan = match array.data_type() {
        _ if !field.dtype.misses_by_nan() => None,
        DataType::Float64 => Some(BooleanArray::from_unary(array.as_primitive::<Float64Type>(), f64::is_nan)),
        DataType::Float32 => Some(BooleanArray::from_unary(array.as_primitive::<Float32Type>(), f32::is_nan)),
        _ => None,
    };
    match nan.filter(|nan| nan.true_count() > 0) {
        Some(nan) => compute::nullif(array, &nan).map_err(failed),
        None => compute::cast(array, &written(array.data_type())).map_err(failed),
    }
}

/// The schema that other readers are told: text under the key that all of them know. pyarrow looks for pandas' description
/// there, and not among the file's own entries.
fn readable(schema: &ArrowSchema, described: String) -> ArrowSchema {
    let fields = schema.fields().iter().map(|field| match field.data_type() {
        DataType::Utf8View => Arc::new(ArrowField::clone(field).with_data_type(DataType::LargeUtf8)),
        _ => Arc::clone(field),
    });
    ArrowSchema::new_with_metadata(fields.collect::<Vec<_>>(), [(KEY.to_owned(), described)].into())
}
