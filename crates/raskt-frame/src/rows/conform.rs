//! A partition under the schema of another frame: columns in its order, missing ones filled, dtypes converted.

use arrow::array::{ArrayRef, new_null_array};
use arrow::compute::{self, CastOptions};
use raskt_core::{ErrorKind, Fit, Param, Result, Value};
use raskt_exec::Call;
use raskt_graph::Body;

use super::table::input;
use crate::arguments::{get, list};
use crate::operations::Job;
use crate::table::failed;
use crate::{Field, Index, PandasType, Schema, Table, library};
use raskt_core::DType;

/// The native body.
pub(super) const CONFORM: &str = "frame.conform";

/// The schema that a partition is to have, and where its columns come from.
pub(super) struct Conform {
    schema: Schema,
    /// The place of each column among those that are there; none where it is missing.
    columns: Vec<Option<usize>>,
}

impl Conform {
    /// What makes partitions of the schema `of` such as are of `schema`.
    pub(super) fn new(of: &Schema, schema: Schema) -> Self {
        let is_alike =
            of.labels().eq(schema.labels()) || of.columns.len() == 1 && schema.kind != crate::Kind::Frame;
        let place = |(at, field): (usize, &Field)| match is_alike {
            true => Some(at),
            false => of.columns.iter().position(|own| own.label == field.label),
        };
        let columns = schema.columns.iter().enumerate().map(place).collect();
        Self { schema, columns }
    }

    fn to_param(&self) -> Param {
        let place = |at: &Option<usize>| at.map_or(Param::Null, |at| Param::Int(at.clamped::<i64>()));
        let columns = Param::List(self.columns.iter().map(place).collect());
        Param::map([("schema", self.schema.to_param()), ("columns", columns)])
    }

    fn from_param(param: &Param) -> Result<Self> {
        let place = |param: &Param| param.as_int().and_then(|at| usize::try_from(at).ok());
        let columns = list(param, "columns").iter().map(place).collect();
        Ok(Self { schema: Schema::from_param(get(param, "schema"))?, columns })
    }
}

/// What its tasks run.
pub(super) fn conform_body(job: &Job<'_, '_>, to: &Conform) -> Result<Body> {
    let parameters = to.to_param();
    Ok(match job.is_native()? {
        true => Body::Native { name: CONFORM.into(), parameters },
        false => Body::Library { path: library::CONFORM.into(), parameters },
    })
}

/// The kernel.
pub(super) fn conform(call: &mut Call<'_>) -> Result<Value> {
    let table = input(call.inputs)?;
    let to = Conform::from_param(call.shared)?;
    let mut columns = Vec::with_capacity(to.columns.len());
    for (field, at) in to.schema.columns.iter().zip(&to.columns) {
        columns.push(match at.and_then(|at| table.columns().get(at)) {
            Some(array) => converted(array, field)?,
            None => new_null_array(&field.storage()?, table.n_rows()),
        });
    }
    let index = match (table.index(), &*to.schema.index) {
        (range @ Index::Range { .. }, [Field { dtype: PandasType::Plain(DType::Int64), .. }]) => {
            range.clone()
        }
        _ => {
            let levels = table.levels();
            let levels = levels.iter().zip(&*to.schema.index).map(|(array, field)| converted(array, field));
            Index::Levels(levels.collect::<Result<_>>()?)
        }
    };
    Ok(Table::new(to.schema, columns, index, table.n_rows())?.into())
}

fn converted(array: &ArrayRef, field: &Field) -> Result<ArrayRef> {
    let storage = field.storage()?;
    if *array.data_type() == storage {
        return Ok(array.clone());
    }
    let options = CastOptions { safe: false, ..CastOptions::default() };
    compute::cast_with_options(array, &storage, &options).map_err(|error| {
        let what = format!("column {} as {}: {}", field.label, field.dtype, failed(error));
        ErrorKind::InvalidValue(what).into()
    })
}
