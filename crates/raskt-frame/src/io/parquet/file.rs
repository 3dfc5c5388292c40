//! A Parquet file as pandas would read it: schema, index, row groups. Only its footer is read.

use std::sync::Arc;

use arrow::array::Array;
use arrow::datatypes::{DataType, Field as ArrowField, FieldRef, Schema as ArrowSchema};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::PageIndexPolicy;
use raskt_core::{DType, Error, ErrorKind, Fit, Param, Result};

use super::dtypes::{is_text, pandas_type};
use super::pandas::{Stored, StoredIndex};
use crate::io::filter::Filters;
use crate::io::path::{self, Stamp};
use crate::{Field, Kind, Label, PandasType, Schema};

/// Which columns of a file are the index.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum ParquetIndex {
    /// Those that pandas wrote as the index; rows are numbered where it wrote none.
    #[default]
    Stored,
    /// None: rows are numbered.
    Numbered,
    /// These columns.
    Columns(Arc<[Label]>),
}

impl ParquetIndex {
    pub(super) fn to_param(&self) -> Param {
        match self {
            Self::Stored => Param::Null,
            Self::Numbered => Param::Bool(false),
            Self::Columns(labels) => Param::List(labels.iter().map(Label::to_param).collect()),
        }
    }

    pub(super) fn from_param(param: Option<&Param>) -> Result<Self> {
        Ok(match param {
            None | Some(Param::Null) => Self::Stored,
            Some(Param::Bool(false)) => Self::Numbered,
            Some(Param::List(labels)) => {
                Self::Columns(labels.iter().map(Label::try_from).collect::<Result<_>>()?)
            }
            Some(other) => return Err(ErrorKind::Corrupt(format!("{other:?} is no index of a file")).into()),
        })
    }
}

/// A row group: the part of a file that is read at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowGroup {
    /// Which of the file.
    pub number: usize,
    /// Its rows.
    pub n_rows: u64,
    /// The bytes that its columns take when they are no longer compressed.
    pub n_bytes: u64,
}

/// The index, by what of the file it is.
#[derive(Clone, Debug)]
pub(super) enum Levels {
    Range { start: i64, step: i64 },
    Roots(Vec<usize>),
}

/// A Parquet file, of which the footer is read.
#[derive(Clone, Debug)]
pub struct ParquetFile {
    pub(super) path: Arc<str>,
    pub(super) reader: ArrowReaderMetadata,
    pub(super) levels: Levels,
    /// The column of the file that each column of the schema is.
    pub(super) roots: Vec<usize>,
    schema: Arc<Schema>,
    stamp: Stamp,
}

impl ParquetFile {
    /// The file at `path`, with that index; as the file that `expected` is the stamp of, if one is given.
    ///
    /// # Errors
    /// [`ErrorKind::System`] for a file that cannot be read; [`ErrorKind::InvalidValue`] for one that is no Parquet,
    /// for one that has changed, and for an index of columns that it does not have;
    /// [`ErrorKind::NotImplemented`] where only pandas knows what its metadata mean.
    pub fn open(path: impl Into<Arc<str>>, index: &ParquetIndex, expected: Option<Stamp>) -> Result<Self> {
        let path = path.into();
        let (file, stamp) = path::open(&path, expected)?;
        let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
        let reader = guarded(&path, || {
            let read = ArrowReaderMetadata::load(&file, options.clone())?;
            // Text is asked for as it is stored in tables, whatever kind of text the writer had.
            let schema = text_as_views(read.schema());
            match schema {
                Some(schema) => {
                    ArrowReaderMetadata::try_new(Arc::clone(read.metadata()), options.with_schema(schema))
                }
                None => Ok(read),
            }
        })?;
        let stored = Stored::of(&reader);
        let layout = Layout { path: &path, reader: &reader, stored: stored.as_ref() };
        let (schema, roots, levels) = layout.schema(index)?;
        Ok(Self { path, reader, levels, roots, schema: Arc::new(schema), stamp })
    }

    /// What the file holds, to pandas.
    #[must_use]
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// The path.
    #[must_use]
    pub fn path(&self) -> &Arc<str> {
        &self.path
    }

    /// By what to see that the file is still this one.
    #[must_use]
    pub fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// The number of rows.
    #[must_use]
    pub fn n_rows(&self) -> u64 {
        self.reader.metadata().file_metadata().num_rows().clamped()
    }

    /// The row groups that may hold a row that passes the filters.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] for a damaged footer.
    pub fn surviving_groups(&self, filters: &Filters) -> Result<Vec<usize>> {
        let all: Vec<usize> = (0..self.reader.metadata().num_row_groups()).collect();
        guarded(&self.path, || self.surviving(&all, filters))
    }

    /// The row groups, with the bytes of the columns `columns` and of the index; of all columns, if it is `None`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] for columns that are not there.
    pub fn row_groups(&self, columns: Option<&[Label]>) -> Result<Vec<RowGroup>> {
        let mut roots = match columns {
            None => self.roots.clone(),
            Some(labels) => labels
                .iter()
                .map(|label| Ok(self.roots[self.schema.position(label)?]))
                .collect::<Result<_>>()?,
        };
        if let Levels::Roots(levels) = &self.levels {
            roots.extend(levels);
        }
        let parquet = self.reader.parquet_schema();
        let groups = self.reader.metadata().row_groups().iter().enumerate().map(|(number, group)| {
            let columns = group.columns().iter().enumerate();
            let wanted = columns.filter(|(leaf, _)| roots.contains(&parquet.get_column_root_idx(*leaf)));
            let n_bytes = wanted.map(|(_, column)| column.uncompressed_size().clamped::<u64>()).sum();
            RowGroup { number, n_rows: group.num_rows().clamped(), n_bytes }
        });
        Ok(groups.collect())
    }
}

/// The footer of a file, while its schema is made out.
struct Layout<'a> {
    path: &'a Arc<str>,
    reader: &'a ArrowReaderMetadata,
    stored: Option<&'a Stored>,
}

impl Layout<'_> {
    fn schema(&self, index: &ParquetIndex) -> Result<(Schema, Vec<usize>, Levels)> {
        let fields = self.reader.schema().fields();
        let position = |name: &str| fields.iter().position(|field| field.name() == name);
        let stored = self.stored.map_or(&StoredIndex::None, |stored| &stored.index);
        let n_rows = self.reader.metadata().file_metadata().num_rows();
        let number = |name: Label| vec![Field { label: name, dtype: PandasType::Plain(DType::Int64) }];
        let numbered = || (number(Label::None), Levels::Range { start: 0, step: 1 });
        let (index, levels) = match (index, stored) {
            (ParquetIndex::Columns(labels), _) => {
                let roots: Vec<usize> =
                    labels.iter().map(|label| self.root_of(label)).collect::<Result<_>>()?;
                let level = |(label, root): (&Label, &usize)| {
                    Ok(Field { label: label.clone(), dtype: self.dtype(*root)? })
                };
                (labels.iter().zip(&roots).map(level).collect::<Result<_>>()?, Levels::Roots(roots))
            }
            (ParquetIndex::Numbered, _) | (_, StoredIndex::None) => numbered(),
            (_, StoredIndex::Range { name, start, stop, step }) => {
                // Of a range that is of another length, pandas says that it is of other rows.
                match i128::from(*stop) - i128::from(*start) == i128::from(*step) * i128::from(n_rows) {
                    true => (number(name.clone()), Levels::Range { start: *start, step: *step }),
                    false => numbered(),
                }
            }
            (_, StoredIndex::Columns(names)) => {
                let lacking = |name: &String| path::damaged(self.path, format!("no index column {name:?}"));
                let root = |name: &String| position(name).ok_or_else(|| lacking(name));
                let roots: Vec<usize> = names.iter().map(root).collect::<Result<_>>()?;
                let level = |(name, root): (&String, &usize)| {
                    let label = self.stored.map_or(Label::None, |stored| stored.level_label(name));
                    Ok(Field { label, dtype: self.dtype(*root)? })
                };
                (names.iter().zip(&roots).map(level).collect::<Result<_>>()?, Levels::Roots(roots))
            }
            (_, StoredIndex::Foreign) => return Err(self.foreign("its index")),
        };
        let is_level = |root: &usize| matches!(&levels, Levels::Roots(roots) if roots.contains(root));
        let roots: Vec<usize> = (0..fields.len()).filter(|root| !is_level(root)).collect();
        let columns = roots
            .iter()
            .map(|root| Ok(Field { label: self.label(fields[*root].name())?, dtype: self.dtype(*root)? }));
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let names = self.stored.map_or(Label::None, Stored::columns_name);
        let schema = Schema::new(Kind::Frame, columns).with_index(index);
        Ok((Schema { columns_names: [names].into(), ..schema }, roots, levels))
    }

    fn label(&self, name: &str) -> Result<Label> {
        match self.stored {
            None => Ok(Label::from(name)),
            Some(stored) => stored.column_label(name).ok_or_else(|| self.foreign("the names of its columns")),
        }
    }

    fn root_of(&self, label: &Label) -> Result<usize> {
        let fields = self.reader.schema().fields();
        let is_it = |field: &FieldRef| {
            field.name() == label.as_str().unwrap_or("")
                || self.label(field.name()).is_ok_and(|own| own == *label)
        };
        fields.iter().position(is_it).ok_or_else(|| {
            let columns = fields.iter().map(|field| Field::new(field.name().as_str(), PandasType::Object));
            let what = Schema::new(Kind::Frame, columns).missing(label);
            ErrorKind::InvalidValue(format!("index of {}: {what}", self.path)).into()
        })
    }

    fn dtype(&self, root: usize) -> Result<PandasType> {
        let field = self.reader.schema().field(root);
        let name = self.stored.and_then(|stored| stored.numpy_type(field.name()));
        let dtype = pandas_type(field, name, || self.has_nulls(root))?;
        // Times in seconds, which Parquet does not have, are stored without their zone.
        match (dtype, self.stored.and_then(|stored| stored.time_zone(field.name()))) {
            (PandasType::Zoned(unit, _), Some(zone)) => Ok(PandasType::Zoned(unit, zone.into())),
            (dtype, _) => Ok(dtype),
        }
    }

    /// Whether a column has nulls: the statistics say it, or else the column is read.
    fn has_nulls(&self, root: usize) -> Result<bool> {
        let parquet = self.reader.parquet_schema();
        let metadata = self.reader.metadata();
        let leaf = (0..parquet.num_columns()).find(|leaf| parquet.get_column_root_idx(*leaf) == root);
        let counts = metadata.row_groups().iter().map(|group| {
            let column = leaf.filter(|leaf| *leaf < group.num_columns()).map(|leaf| group.column(leaf));
            column.and_then(|column| column.statistics()).and_then(|statistics| statistics.null_count_opt())
        });
        if let Some(counts) = counts.collect::<Option<Vec<u64>>>() {
            return Ok(counts.iter().any(|count| *count > 0));
        }
        let (file, _) = path::open(self.path, None)?;
        guarded(self.path, || {
            let mask = ProjectionMask::roots(parquet, [root]);
            let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.reader.clone());
            for batch in reader.with_projection(mask).build()? {
                if batch?.column(0).null_count() > 0 {
                    return Ok(true);
                }
            }
            Ok(false)
        })
    }

    fn foreign(&self, what: &str) -> Error {
        let what =
            format!("{}: {what}, as pandas has written it, in a native reader: pandas reads it", self.path);
        ErrorKind::NotImplemented(what).into()
    }
}

/// The schema with text, under whatever key, as views; `None` if there is none.
fn text_as_views(schema: &Arc<ArrowSchema>) -> Option<Arc<ArrowSchema>> {
    let is_other = |field: &FieldRef| is_text(field.data_type()) && *field.data_type() != DataType::Utf8View;
    if !schema.fields().iter().any(is_other) {
        return None;
    }
    let fields = schema.fields().iter().map(|field| match is_other(field) {
        true => Arc::new(ArrowField::clone(field).with_data_type(DataType::Utf8View)),
        false => Arc::clone(field),
    });
    Some(Arc::new(ArrowSchema::new_with_metadata(fields.collect::<Vec<_>>(), schema.metadata().clone())))
}

/// What `read` reads of the file at `path`; what goes wrong is said with the path. The reader of damaged files may panic.
pub(super) fn guarded<T>(path: &str, read: impl FnOnce() -> Result<T, ParquetError>) -> Result<T> {
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(read)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(ParquetError::External(error))) => match error.downcast::<std::io::Error>() {
            Ok(error) => Err(path::io_error(path, &error)),
            Err(error) => Err(path::damaged(path, error)),
        },
        Ok(Err(error)) => Err(path::damaged(path, error)),
        Err(_) => Err(path::damaged(path, "damaged Parquet: its parts contradict one another")),
    }
}
