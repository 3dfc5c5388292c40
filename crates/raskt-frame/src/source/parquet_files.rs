//! Frames of Parquet files: footers are read here, and say what the frame is and how files are cut into partitions.

use std::sync::Arc;

use raskt_core::{ErrorKind, Result};
use raskt_expr::Expr;

use super::read_parquet;
use crate::io::Filters;
use crate::io::parquet::{ParquetFile, ParquetIndex, PathColumn, ReadParquet, RowGroup};
use crate::{Label, Schema};

/// How Parquet files are read as one frame.
#[derive(Clone, Debug)]
pub struct ParquetFiles {
    /// The columns that are read; `None` for all.
    pub columns: Option<Arc<[Label]>>,
    /// What the index is.
    pub index: ParquetIndex,
    /// Comparisons of which all hold for the rows that are wanted: row groups without such rows are left out.
    pub filters: Filters,
    /// Row groups of a file come together in one partition up to so many bytes.
    pub part_bytes: u64,
    /// The most row groups of a partition.
    pub groups_max: Option<usize>,
}

impl Default for ParquetFiles {
    /// All columns, the stored index, partitions of up to 128 MiB.
    fn default() -> Self {
        Self {
            columns: None,
            index: ParquetIndex::default(),
            filters: Filters::default(),
            part_bytes: 128 << 20,
            groups_max: None,
        }
    }
}

/// A frame of the files at `paths`, a partition for each of them, or for some of its row groups where it is large. `keys` are
/// the columns that each path says, in the order of the paths.
///
/// # Errors
/// [`ErrorKind::InvalidValue`] for no file, and for files of other columns than those before; [`ErrorKind::Corrupt`] for what
/// is no Parquet file; [`ErrorKind::System`] for what cannot be read.
pub fn parquet_files(paths: &[String], keys: &[Vec<PathColumn>], plan: &ParquetFiles) -> Result<Expr> {
    let ParquetFiles { columns, index, filters, .. } = plan;
    let (mut parts, mut lengths) = (Vec::new(), Vec::new());
    let mut schema: Option<Arc<Schema>> = None;
    for (at, (path, keys)) in paths.iter().zip(keys).enumerate() {
        let file = ParquetFile::open(path.as_str(), index, None)?;
        // What the file has itself, its path need not say.
        let is_other = |key: &&PathColumn| file.schema().position(&key.label).is_err();
        let keys: Arc<[PathColumn]> = keys.iter().filter(is_other).cloned().collect();
        let own = Arc::new(file.projected(columns.as_deref(), &keys)?);
        let known = Arc::clone(schema.get_or_insert_with(|| Arc::clone(&own)));
        if *known != *own {
            return Err(ErrorKind::InvalidValue(differs(path, &known, &own)).into());
        }
        let part = |row_groups: Option<Arc<[usize]>>| ReadParquet {
            columns: columns.clone(),
            index: index.clone(),
            row_groups,
            filters: filters.clone(),
            keys: Arc::clone(&keys),
            schema: Some(Arc::clone(&known)),
            stamp: Some(file.stamp()),
            ..ReadParquet::new(path.as_str())
        };
        let in_file = columns.as_ref().map(|labels| {
            let is_key = |label: &Label| keys.iter().any(|key| key.label == *label);
            labels.iter().filter(|label| !is_key(label)).cloned().collect::<Vec<_>>()
        });
        let surviving = file.surviving_groups(filters)?;
        let groups = file.row_groups(in_file.as_deref())?;
        let n_groups = groups.len();
        let groups: Vec<_> = groups.into_iter().filter(|group| surviving.contains(&group.number)).collect();
        let is_small = groups.iter().map(|group| group.n_bytes).sum::<u64>() <= plan.part_bytes;
        if groups.len() == n_groups && is_small && plan.groups_max.is_none() {
            parts.push(part(None));
            lengths.push(file.n_rows());
            continue;
        }
        let is_last = at + 1 == paths.len();
        if is_last && parts.is_empty() && groups.is_empty() {
            // No file has a row that may pass: the frame is there, without rows.
            parts.push(part(Some([].into())));
            lengths.push(0);
        }
        for (taken, n_rows) in cut(&groups, plan) {
            parts.push(part(Some(taken.into())));
            lengths.push(n_rows);
        }
    }
    let missing = || ErrorKind::InvalidValue("no file to read".to_owned());
    read_parquet(
        &parts,
        &*schema.ok_or_else(missing)?,
        plan.filters.0.is_empty().then_some(lengths.as_slice()),
    )
}

/// The numbers of the row groups of each partition, and its rows.
fn cut(groups: &[RowGroup], plan: &ParquetFiles) -> Vec<(Vec<usize>, u64)> {
    let mut parts = Vec::new();
    let mut taken: Vec<usize> = Vec::new();
    let (mut n_rows, mut n_bytes) = (0, 0);
    for (at, group) in groups.iter().enumerate() {
        taken.push(group.number);
        n_rows += group.n_rows;
        n_bytes += group.n_bytes;
        let is_full = n_bytes >= plan.part_bytes || plan.groups_max.is_some_and(|max| taken.len() >= max);
        if is_full || at + 1 == groups.len() {
            parts.push((std::mem::take(&mut taken), std::mem::take(&mut n_rows)));
            n_bytes = 0;
        }
    }
    parts
}

/// Which column of the file is other than those before.
fn differs(path: &str, known: &Schema, own: &Schema) -> String {
    let other = known.columns.iter().find(|field| !own.columns.contains(field));
    match other {
        Some(field) => match own.columns.iter().find(|own| own.label == field.label) {
            Some(own) => {
                format!(
                    "{path}: column {} is {}, and {} in the files before",
                    field.label, own.dtype, field.dtype
                )
            }
            None => format!("{path}: column {} is not there, as it is in the files before", field.label),
        },
        None => format!("{path}: other columns or another index than in the files before"),
    }
}
