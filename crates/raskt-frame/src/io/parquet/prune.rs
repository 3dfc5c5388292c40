//! Row groups and pages of which the statistics say that no row passes the filters.

use arrow::array::{Array, ArrayRef, UInt64Array};
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::arrow::arrow_reader::{RowSelection, RowSelector};
use parquet::errors::ParquetError;
use parquet::file::metadata::RowGroupMetaData;
use raskt_core::Fit;

use super::ParquetFile;
use crate::io::filter::{Bounds, Comparison, Filters};

impl ParquetFile {
    /// The row groups among `groups` that may hold a row that passes.
    pub(super) fn surviving(&self, groups: &[usize], filters: &Filters) -> Result<Vec<usize>, ParquetError> {
        let mut passes = vec![filters.0.is_empty(); groups.len()];
        for all in &filters.0 {
            let mut every = vec![true; groups.len()];
            for comparison in all {
                if let Some(bounds) = self.group_bounds(groups, comparison)? {
                    bounds.mark(comparison, &mut every);
                }
            }
            passes.iter_mut().zip(every).for_each(|(passes, every)| *passes |= every);
        }
        Ok(groups.iter().zip(passes).filter(|(_, passes)| *passes).map(|(group, _)| *group).collect())
    }

    /// The rows of the pages of `groups` that may hold a row that passes; `None` where all may.
    pub(super) fn selection(
        &self,
        groups: &[usize],
        filters: &Filters,
    ) -> Result<Option<RowSelection>, ParquetError> {
        let mut some: Option<RowSelection> = None;
        for all in &filters.0 {
            let mut every: Option<RowSelection> = None;
            for comparison in all {
                if let Some(next) = self.page_selection(groups, comparison)? {
                    every = Some(every.map_or_else(|| next.clone(), |every| every.intersection(&next)));
                }
            }
            // One alternative that every row may pass leaves nothing to skip.
            let Some(every) = every else { return Ok(None) };
            some = Some(some.map_or_else(|| every.clone(), |some| some.union(&every)));
        }
        Ok(some.filter(|selection| selection.iter().any(|run| run.skip)))
    }

    fn group_bounds(
        &self,
        groups: &[usize],
        comparison: &Comparison,
    ) -> Result<Option<Statistics>, ParquetError> {
        let Some(converter) = self.converter(comparison) else { return Ok(None) };
        let metadata = || groups.iter().map(|group| self.reader.metadata().row_group(*group));
        let leaf = converter.parquet_column_index();
        if metadata().any(|group| has_old_statistics(group, leaf)) {
            return Ok(None);
        }
        Ok(Some(Statistics {
            min: converter.row_group_mins(metadata())?,
            max: converter.row_group_maxes(metadata())?,
            n_nulls: converter.row_group_null_counts(metadata())?,
            n_rows: metadata().map(|group| group.num_rows().clamped()).collect(),
        }))
    }

    fn page_selection(
        &self,
        groups: &[usize],
        comparison: &Comparison,
    ) -> Result<Option<RowSelection>, ParquetError> {
        let metadata = self.reader.metadata();
        let (Some(pages), Some(offsets)) = (metadata.column_index(), metadata.offset_index()) else {
            return Ok(None);
        };
        let Some(converter) = self.converter(comparison) else { return Ok(None) };
        let Some(leaf) = converter.parquet_column_index() else { return Ok(None) };
        let has_pages = |group: &usize| {
            let locations = offsets.get(*group).and_then(|columns| columns.get(leaf));
            locations.is_some_and(|column| !column.page_locations().is_empty())
                && pages.get(*group).is_some_and(|columns| leaf < columns.len())
        };
        if !groups.iter().all(has_pages) {
            return Ok(None);
        }
        let counts = converter.data_page_row_counts(offsets, metadata.row_groups(), groups)?;
        let Some(counts) = counts else { return Ok(None) };
        let statistics = Statistics {
            min: converter.data_page_mins(pages, offsets, groups)?,
            max: converter.data_page_maxes(pages, offsets, groups)?,
            n_nulls: converter.data_page_null_counts(pages, offsets, groups)?,
            n_rows: counts.values().to_vec(),
        };
        let mut passes = vec![true; counts.len()];
        statistics.mark(comparison, &mut passes);
        let runs = statistics.n_rows.iter().zip(passes).map(|(n_rows, passes)| match passes {
            true => RowSelector::select((*n_rows).clamped()),
            false => RowSelector::skip((*n_rows).clamped()),
        });
        Ok(Some(runs.collect::<Vec<_>>().into()))
    }

    /// The statistics of the column that `comparison` compares; `None` for a column that the file does not have.
    fn converter(&self, comparison: &Comparison) -> Option<StatisticsConverter<'_>> {
        let schema = self.schema();
        let root = match schema.columns.iter().position(|field| field.label == comparison.column) {
            Some(at) => self.roots[at],
            None => {
                let level = schema.index.iter().position(|field| field.label == comparison.column)?;
                match &self.levels {
                    super::file::Levels::Roots(roots) => roots[level],
                    super::file::Levels::Range { .. } => return None,
                }
            }
        };
        let field = self.reader.schema().field(root);
        let converter =
            StatisticsConverter::try_new(field.name(), self.reader.schema(), self.reader.parquet_schema());
        converter.ok().map(|converter| converter.with_missing_null_counts_as_zero(false))
    }
}

/// Bounds of several row groups or pages.
struct Statistics {
    min: ArrayRef,
    max: ArrayRef,
    n_nulls: UInt64Array,
    n_rows: Vec<u64>,
}

impl Statistics {
    /// Mark as not passing those in which no value passes.
    fn mark(&self, comparison: &Comparison, passes: &mut [bool]) {
        let n_known = self.n_nulls.len();
        for (at, passes) in passes.iter_mut().enumerate() {
            let known = at < n_known && self.n_nulls.is_valid(at);
            let bounds = Bounds {
                min: (self.min.as_ref(), at),
                max: (self.max.as_ref(), at),
                n_nulls: known.then(|| self.n_nulls.value(at)),
                n_rows: self.n_rows[at],
            };
            *passes &= comparison.operator.may_pass(&bounds);
        }
    }
}

/// Whether the bounds are of the time when writers did not agree on what is less, and of a type for which they differ.
fn has_old_statistics(group: &RowGroupMetaData, leaf: Option<usize>) -> bool {
    let column = leaf.filter(|leaf| *leaf < group.num_columns()).map(|leaf| group.column(leaf));
    column.is_some_and(|column| {
        column.statistics().is_some_and(|statistics| {
            statistics.is_min_max_deprecated() && !column.column_descr().sort_order().eq(&SIGNED)
        })
    })
}

const SIGNED: parquet::basic::SortOrder = parquet::basic::SortOrder::SIGNED;
