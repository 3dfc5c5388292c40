//! Row groups of a file as a table.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int64Array, RecordBatch};
use arrow::compute;
use arrow::datatypes::DataType;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReaderBuilder, RowSelection};
use raskt_core::{ErrorKind, Fit, Param, Result};

use super::file::{Levels, guarded};
use super::{ParquetFile, ParquetIndex, PathColumn};
use crate::io::filter::Filters;
use crate::io::path::{self, Stamp};
use crate::table::failed;
use crate::{Field, Index, Label, Schema, Table};

/// What to read of a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadParquet {
    /// The file.
    pub path: Arc<str>,
    /// The columns, in that order; all, if it is `None`. The index comes in any case.
    pub columns: Option<Arc<[Label]>>,
    /// Which columns are the index.
    pub index: ParquetIndex,
    /// The row groups; all, if it is `None`.
    pub row_groups: Option<Arc<[usize]>>,
    /// What wanted rows have in common: row groups and pages without any are left out.
    pub filters: Filters,
    /// How many of the first of these rows; all, if it is `None`.
    pub limit: Option<u64>,
    /// Columns of which the path says the value; they come behind those of the file.
    pub keys: Arc<[PathColumn]>,
    /// What the whole frame holds, of which the file is one part; columns of the file are made so.
    pub schema: Option<Arc<Schema>>,
    /// The stamp of the file that was planned with.
    pub stamp: Option<Stamp>,
}

impl ReadParquet {
    /// All of the file at `path`.
    #[must_use]
    pub fn new(path: impl Into<Arc<str>>) -> Self {
        Self { path: path.into(), ..Self::default() }
    }

    /// What to read as a parameter.
    #[must_use]
    pub fn to_param(&self) -> Param {
        let labels = |labels: &Arc<[Label]>| Param::List(labels.iter().map(Label::to_param).collect());
        let numbers = |groups: &Arc<[usize]>| {
            Param::List(groups.iter().map(|group| Param::Int((*group).fit::<i64>())).collect())
        };
        Param::map([
            ("path", Param::Str(Arc::clone(&self.path))),
            ("columns", self.columns.as_ref().map_or(Param::Null, labels)),
            ("index", self.index.to_param()),
            ("row_groups", self.row_groups.as_ref().map_or(Param::Null, numbers)),
            ("filters", self.filters.to_param()),
            ("limit", self.limit.map_or(Param::Null, |limit| Param::Int(limit.clamped::<i64>()))),
            ("keys", Param::List(self.keys.iter().map(PathColumn::to_param).collect())),
            ("schema", self.schema.as_ref().map_or(Param::Null, |schema| schema.to_param())),
            ("stamp", self.stamp.map_or(Param::Null, Stamp::to_param)),
        ])
    }

    /// What a parameter that [`ReadParquet::to_param`] wrote says to read.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] for anything else.
    pub fn from_param(param: &Param) -> Result<Self> {
        let corrupt = || ErrorKind::Corrupt(format!("{param:?} is nothing to read"));
        let present = |name: &str| param.get(name).filter(|param| !matches!(param, Param::Null));
        let list = |name: &str| match present(name) {
            None => Ok(None),
            Some(param) => param.as_list().map(Some).ok_or_else(corrupt),
        };
        let labels = |items: &[Param]| items.iter().map(Label::try_from).collect::<Result<Arc<[Label]>>>();
        let number = |item: &Param| {
            item.as_int().and_then(|number| usize::try_from(number).ok()).ok_or_else(|| corrupt().into())
        };
        let groups = |items: &[Param]| items.iter().map(number).collect::<Result<Arc<[usize]>>>();
        Ok(Self {
            path: param.get("path").and_then(Param::as_str).ok_or_else(corrupt)?.into(),
            columns: list("columns")?.map(labels).transpose()?,
            index: ParquetIndex::from_param(param.get("index"))?,
            row_groups: list("row_groups")?.map(groups).transpose()?,
            filters: Filters::from_param(param.get("filters").unwrap_or(&Param::Null))?,
            limit: present("limit").map(|param| number(param).map(|limit| limit as u64)).transpose()?,
            keys: list("keys")?
                .unwrap_or_default()
                .iter()
                .map(PathColumn::from_param)
                .collect::<Result<_>>()?,
            schema: present("schema").map(Schema::from_param).transpose()?.map(Arc::new),
            stamp: present("stamp").map(|param| Stamp::from_param(param).ok_or_else(corrupt)).transpose()?,
        })
    }
}

/// The table that `parameters` say to read: the file is opened, and its footer read, anew.
///
/// # Errors
/// As [`ParquetFile::open`] and [`ParquetFile::read`].
pub fn read_parquet(parameters: &ReadParquet) -> Result<Table> {
    let file = ParquetFile::open(Arc::clone(&parameters.path), &parameters.index, parameters.stamp)?;
    file.read(parameters)
}

impl ParquetFile {
    /// What a table of this file is that `columns` are read of, those of its path among them.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] for columns that are not there.
    pub fn projected(&self, columns: Option<&[Label]>, keys: &[PathColumn]) -> Result<Schema> {
        let own = self.schema();
        let fields = own.columns.iter().cloned().chain(keys.iter().map(PathColumn::field));
        let schema = own.with_columns(own.kind, fields.collect::<Vec<_>>());
        let Some(labels) = columns else { return Ok(schema) };
        let fields = labels.iter().map(|label| match schema.position(label) {
            Ok(at) => Ok(schema.columns[at].clone()),
            Err(_) => Err(self.invalid(&schema.missing(label))),
        });
        Ok(schema.with_columns(schema.kind, fields.collect::<Result<Vec<_>>>()?))
    }

    /// The rows of those row groups that may pass the filters. Path, index and stamp were looked at on opening.
    ///
    /// # Errors
    /// [`ErrorKind::System`] and [`ErrorKind::Corrupt`] for a file that cannot be read; [`ErrorKind::InvalidValue`] for columns
    /// or row groups that it does not have, and where a column is not what the schema of the whole frame says;
    /// [`ErrorKind::NotImplemented`] for columns that only pandas can read.
    pub fn read(&self, parameters: &ReadParquet) -> Result<Table> {
        let own = self.projected(parameters.columns.as_deref(), &parameters.keys)?;
        let wanted = match &parameters.schema {
            Some(whole) => self.fitted(&own, whole)?,
            None => own.clone(),
        };
        let fields: Vec<&Field> = wanted.columns.iter().chain(wanted.index.iter()).collect();
        if let Some(field) = fields.iter().find(|field| field.dtype.storage().is_none()) {
            let (path, label, dtype) = (&self.path, &field.label, &field.dtype);
            let what = format!("{path}: column {label} of {dtype} in a native reader: pandas reads it");
            return Err(ErrorKind::NotImplemented(what).into());
        }
        let n_groups = self.reader.metadata().num_row_groups();
        let groups = match &parameters.row_groups {
            None => (0..n_groups).collect(),
            Some(groups) => groups.to_vec(),
        };
        if let Some(group) = groups.iter().find(|group| **group >= n_groups) {
            return Err(self.invalid(&format!("no row group {group}, there are {n_groups}")));
        }
        let key_of = |field: &Field| parameters.keys.iter().find(|key| key.label == field.label);
        let in_file = own.columns.iter().filter(|field| key_of(field).is_none());
        let mut roots: Vec<usize> = in_file
            .map(|field| Ok(self.roots[self.schema().position(&field.label)?]))
            .collect::<Result<_>>()?;
        let n_columns = roots.len();
        if let Levels::Roots(levels) = &self.levels {
            roots.extend(levels);
        }
        let (groups, selection) = guarded(&self.path, || {
            let groups = self.surviving(&groups, &parameters.filters)?;
            let selection = self.selection(&groups, &parameters.filters)?;
            Ok((groups, selection))
        })?;
        let limit = parameters.limit.map_or(usize::MAX, |limit| limit.clamped::<usize>());
        let groups = self.first(groups, selection.as_ref(), limit);
        let (mut arrays, n_rows) = self.arrays(&roots, &groups, selection.clone(), limit)?;
        let levels = arrays.split_off(n_columns);
        let mut read = arrays.into_iter();
        let mut column = |field: &Field| match key_of(field) {
            Some(key) => key.array(n_rows).map(Some),
            None => read.next().map(|array| self.stored(&array, field)).transpose(),
        };
        let arrays: Vec<ArrayRef> =
            wanted.columns.iter().filter_map(|field| column(field).transpose()).collect::<Result<_>>()?;
        let levels = levels.iter().zip(wanted.index.iter()).map(|(array, field)| self.stored(array, field));
        let levels: Vec<ArrayRef> = levels.collect::<Result<_>>()?;
        let index = match &self.levels {
            Levels::Roots(_) => Index::Levels(levels.into()),
            Levels::Range { start, step } => {
                match self.numbered(*start, *step, &groups, selection.as_ref()) {
                    Index::Levels(levels) => {
                        Index::Levels(levels.iter().map(|level| level.slice(0, n_rows)).collect())
                    }
                    range @ Index::Range { .. } => range,
                }
            }
        };
        Table::new(wanted, arrays, index, n_rows).map_err(|error| self.invalid(&error.to_string()))
    }

    /// The row groups among `groups` that have the first `limit` rows of them.
    fn first(&self, groups: Vec<usize>, selection: Option<&RowSelection>, limit: usize) -> Vec<usize> {
        if selection.is_some() {
            return groups;
        }
        let mut n_rows = 0;
        let has_more = |group: &usize| {
            let is_wanted = n_rows < limit;
            n_rows += self.reader.metadata().row_group(*group).num_rows().clamped::<usize>();
            is_wanted
        };
        groups.into_iter().take_while(has_more).collect()
    }

    /// The columns of the file at `roots`, in that order, of the first `limit` of those rows; and how many rows there are.
    fn arrays(
        &self,
        roots: &[usize],
        groups: &[usize],
        selection: Option<RowSelection>,
        limit: usize,
    ) -> Result<(Vec<ArrayRef>, usize)> {
        let counts =
            groups.iter().map(|group| self.reader.metadata().row_group(*group).num_rows().clamped::<usize>());
        let n_rows = selection.as_ref().map_or_else(|| counts.sum(), RowSelection::row_count).min(limit);
        if n_rows == 0 {
            let storage = |root: &usize| self.reader.schema().field(*root).data_type().clone();
            return Ok((roots.iter().map(|root| arrow::array::new_empty_array(&storage(root))).collect(), 0));
        }
        if roots.is_empty() {
            return Ok((Vec::new(), n_rows));
        }
        let (file, _) = path::open(&self.path, Some(self.stamp()))?;
        let batches = guarded(&self.path, || {
            let mask = ProjectionMask::roots(self.reader.parquet_schema(), roots.iter().copied());
            let mut reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.reader.clone())
                .with_projection(mask)
                .with_row_groups(groups.to_vec())
                .with_batch_size(n_rows);
            if let Some(selection) = selection {
                reader = reader.with_row_selection(selection);
            }
            if limit < usize::MAX {
                reader = reader.with_limit(limit);
            }
            let batches = reader.build()?.collect::<std::result::Result<Vec<RecordBatch>, _>>()?;
            Ok(batches)
        })?;
        let n_read: usize = batches.iter().map(RecordBatch::num_rows).sum();
        if n_read != n_rows {
            return Err(path::damaged(&self.path, format!("{n_read} rows where its footer says {n_rows}")));
        }
        // The reader gives the columns in the order of the file.
        let mut in_file = roots.to_vec();
        in_file.sort_unstable();
        in_file.dedup();
        let column = |root: &usize| {
            let at = in_file.partition_point(|other| other < root);
            let parts: Vec<&dyn Array> = batches.iter().map(|batch| batch.column(at).as_ref()).collect();
            match batches.as_slice() {
                [batch] => Ok(Arc::clone(batch.column(at))),
                _ => compute::concat(&parts).map_err(failed),
            }
        };
        Ok((roots.iter().map(column).collect::<Result<_>>()?, n_rows))
    }

    /// The array as columns of the dtype of `field` are stored.
    fn stored(&self, array: &ArrayRef, field: &Field) -> Result<ArrayRef> {
        let storage = field.storage()?;
        if *array.data_type() == storage {
            return Ok(Arc::clone(array));
        }
        let options = compute::CastOptions { safe: false, ..Default::default() };
        compute::cast_with_options(array, &storage, &options).map_err(|error| {
            let (label, found) = (&field.label, array.data_type());
            self.invalid(&format!(
                "column {label} is stored as {found}, which is not all {}: {error}",
                field.dtype
            ))
        })
    }

    /// The columns and index of the file as the whole frame has them.
    fn fitted(&self, own: &Schema, whole: &Schema) -> Result<Schema> {
        let fit = |fields: &[Field], whole: &[Field]| -> Result<Vec<Field>> {
            let fit = |(at, field): (usize, &Field)| {
                let is_same = |other: &&Field| other.label == field.label;
                // Several levels of an index may have no name.
                let by_place = whole.get(at).filter(is_same);
                let Some(wanted) = by_place.or_else(|| whole.iter().find(is_same)) else {
                    return Ok(field.clone());
                };
                match can_become(field, wanted) {
                    true => Ok(wanted.clone()),
                    false => Err(self.invalid(&format!(
                        "column {} is {} here and {} in the frame that the file is part of",
                        field.label, field.dtype, wanted.dtype
                    ))),
                }
            };
            fields.iter().enumerate().map(fit).collect()
        };
        let schema = own.with_columns(own.kind, fit(&own.columns, &whole.columns)?);
        Ok(schema.with_index(fit(&own.index, &whole.index)?))
    }

    /// The numbers of the rows that are read.
    fn numbered(&self, start: i64, step: i64, groups: &[usize], selection: Option<&RowSelection>) -> Index {
        let mut firsts = vec![0_i64];
        for group in self.reader.metadata().row_groups() {
            firsts.push(firsts.last().copied().unwrap_or(0) + group.num_rows());
        }
        let number = |row: i64| start.wrapping_add(step.wrapping_mul(row));
        let is_run = groups.windows(2).all(|pair| pair[1] == pair[0] + 1);
        if is_run && selection.is_none() {
            let first = groups.first().map_or(0, |group| firsts[*group]);
            return Index::Range { start: number(first), step };
        }
        let mut rows = groups.iter().flat_map(|group| firsts[*group]..firsts[*group + 1]);
        let numbers: Int64Array = match selection {
            None => rows.map(number).collect(),
            Some(selection) => {
                let mut kept = Vec::with_capacity(selection.row_count());
                for run in selection.iter() {
                    let run_rows = rows.by_ref().take(run.row_count);
                    match run.skip {
                        true => run_rows.for_each(drop),
                        false => kept.extend(run_rows.map(number)),
                    }
                }
                kept.into()
            }
        };
        Index::Levels([Arc::new(numbers) as ArrayRef].into())
    }

    fn invalid(&self, what: &str) -> raskt_core::Error {
        ErrorKind::InvalidValue(format!("{}: {what}", self.path)).into()
    }
}

/// Whether every value of the one dtype is one of the other.
fn can_become(field: &Field, wanted: &Field) -> bool {
    match (field.dtype.storage(), wanted.dtype.storage()) {
        _ if field.dtype == wanted.dtype => true,
        // Integers of which another file lacks some; as floats they may be rounded, as pandas rounds them.
        (Some(own), Some(DataType::Float64)) => own.is_numeric(),
        (Some(own), Some(other)) if own.is_integer() && other.is_integer() => {
            own.primitive_width() <= other.primitive_width()
        }
        _ => false,
    }
}
