//! The places of values among all of their column.
//!
//! One task has all rows, and returns a piece for each partition, which is a task's of its own.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array};
use raskt_core::{DType, Error, ErrorKind, Fit, Param, Result, Value};
use raskt_exec::Call;
use raskt_expr::{Arity, layer_name};
use raskt_graph::layer::{Layer, Raw};
use raskt_graph::{Body, Keys, TableBuilder};

use super::table::mapped_meta;
use crate::arguments::{get, text};
use crate::operations::{Job, Row, kernel_name};
use crate::sort::{Direction, Ordered};
use crate::{Field, PandasType, Table, table};

/// The places of values among all of their column, from 1 on: `method` says which place equal values have (`average`, `min`,
/// `max`, `first` or `dense`), `na_option` which one missing values have (`keep` for none, `top` or `bottom`), `ascending`
/// whether the least is first, and `pct` whether places are parts of the whole.
pub const RANK: &str = "rank";

pub(super) fn row() -> Row {
    Row {
        name: RANK,
        arity: Arity::Exactly(1),
        meta: |operands, parameters| {
            Ranks::of(parameters)?;
            mapped_meta(operands, |field| result(&field.dtype)).map(Some)
        },
        accepts: |_, _| true,
        kernel: Some(kernel),
        library: None,
        lower: lowered,
    }
}

/// The dtype of the places of values, where they are ordered here as pandas orders them.
fn result(dtype: &PandasType) -> Option<PandasType> {
    matches!(dtype, PandasType::Plain(_) | PandasType::Text | PandasType::Zoned(..))
        .then_some(PandasType::Plain(DType::Float64))
}

fn lowered(job: &mut Job<'_, '_>) -> Result<Layer> {
    let of = job.tables(0)?;
    let n = of.grid.n_blocks() as usize;
    let mut table = TableBuilder::with_capacity(2 * n + 1, 2 * n);
    let partitions =
        (0..n).map(|at| table.push_own(Body::Input(at.fit::<u32>()), &[])).collect::<Result<Vec<_>>>()?;
    let parameters = job.expr.parameters().clone();
    let all = table.push_own(Body::Native { name: kernel_name(job.row.name), parameters }, &partitions)?;
    let piece = |at: usize| Body::Select(at.fit::<u32>());
    let pieces = (0..n).map(|at| table.push_own(piece(at), &[all])).collect::<Result<Vec<_>>>()?;
    let keys = Keys::Indexed(layer_name(job.expr));
    Ok(Raw::new(Arc::new(table.finish(keys, pieces)?), of.keys().collect())?.into())
}

/// Which place equal values have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ties {
    Average,
    Min,
    Max,
    First,
    Dense,
}

/// How values are ranked.
#[derive(Clone, Copy, Debug)]
struct Ranks {
    ties: Ties,
    /// Whether missing values have no place.
    keeps_missing: bool,
    way: Direction,
    is_part: bool,
}

impl Ranks {
    fn of(parameters: &Param) -> Result<Self> {
        let wrong = |what: &str| Error::new(ErrorKind::InvalidGraph(format!("ranks with {what}")));
        let is = |name: &str| match get(parameters, name) {
            Param::Bool(is) => Ok(*is),
            _ => Err(wrong(name)),
        };
        let ties = match text(parameters, "method")? {
            "average" => Ties::Average,
            "min" => Ties::Min,
            "max" => Ties::Max,
            "first" => Ties::First,
            "dense" => Ties::Dense,
            other => return Err(wrong(other)),
        };
        let (keeps_missing, missing_first) = match text(parameters, "na_option")? {
            "keep" => (true, false),
            "top" => (false, true),
            "bottom" => (false, false),
            other => return Err(wrong(other)),
        };
        let way = Direction { is_ascending: is("ascending")?, missing_first };
        Ok(Self { ties, keeps_missing, way, is_part: is("pct")? })
    }

    fn column(&self, array: &ArrayRef, dtype: &PandasType) -> Result<Float64Array> {
        let ordered = Ordered::new(array, dtype, self.way)?;
        let rows = ordered.rows();
        let n_ranked = match self.keeps_missing {
            true => rows.len() - rows.iter().rev().take_while(|row| ordered.is_missing(**row)).count(),
            false => rows.len(),
        };
        let mut ranks = vec![f64::NAN; rows.len()];
        let (mut begin, mut n_distinct) = (0, 0);
        while begin < n_ranked {
            let is_equal = |row: &&u32| ordered.is_equal(rows[begin], **row);
            let n = rows[begin..n_ranked].iter().take_while(is_equal).count();
            n_distinct += 1;
            for (at, row) in rows[begin..begin + n].iter().enumerate() {
                ranks[*row as usize] = match self.ties {
                    Ties::Average => f64::midpoint(float(begin + 1), float(begin + n)),
                    Ties::Min => float(begin + 1),
                    Ties::Max => float(begin + n),
                    Ties::First => float(begin + at + 1),
                    Ties::Dense => float(n_distinct),
                };
            }
            begin += n;
        }
        if self.is_part {
            let whole = float(if self.ties == Ties::Dense { n_distinct } else { n_ranked });
            ranks.iter_mut().for_each(|rank| *rank /= whole);
        }
        Ok(ranks.into())
    }
}

#[allow(clippy::cast_precision_loss, reason = "fewer rows than 2**53")]
fn float(n: usize) -> f64 {
    n as f64
}

fn kernel(call: &mut Call<'_>) -> Result<Value> {
    let ranks = Ranks::of(call.shared)?;
    let tables = call.inputs.iter().map(|value| Table::of(value).cloned()).collect::<Result<Vec<_>>>()?;
    let all = table::concat(&tables)?;
    let mut fields = Vec::with_capacity(all.columns().len());
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(all.columns().len());
    for (array, field) in all.columns().iter().zip(&*all.schema().columns) {
        call.ctx.cancel.check()?;
        columns.push(Arc::new(ranks.column(array, &field.dtype)?));
        fields.push(Field::new(field.label.clone(), PandasType::Plain(DType::Float64)));
    }
    let mut begin = 0;
    let pieces = tables.iter().map(|part| {
        let own = columns.iter().map(|column| column.slice(begin, part.n_rows())).collect();
        begin += part.n_rows();
        let schema = part.schema().with_columns(part.schema().kind, fields.clone());
        Ok(part.with_columns(schema, own)?.into())
    });
    Ok(Value::List(pieces.collect::<Result<Vec<Value>>>()?.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranked(method: &str, na_option: &str, ascending: bool, pct: bool) -> Vec<f64> {
        let parameters = Param::map([
            ("method", Param::Str(method.into())),
            ("na_option", Param::Str(na_option.into())),
            ("ascending", Param::Bool(ascending)),
            ("pct", Param::Bool(pct)),
        ]);
        let values: ArrayRef = Arc::new(Float64Array::from(vec![2.0, f64::NAN, 1.0, 2.0, f64::NAN]));
        let found = Ranks::of(&parameters).unwrap().column(&values, &PandasType::Plain(DType::Float64));
        found.unwrap().values().to_vec()
    }

    #[test]
    fn equal_values_have_the_places_that_the_method_says() {
        let places = |method| [0, 2, 3].map(|row| ranked(method, "keep", true, false)[row]);
        assert_eq!(places("average"), [2.5, 1.0, 2.5]);
        assert_eq!(places("min"), [2.0, 1.0, 2.0]);
        assert_eq!(places("max"), [3.0, 1.0, 3.0]);
        assert_eq!(places("first"), [2.0, 1.0, 3.0]);
        assert_eq!(places("dense"), [2.0, 1.0, 2.0]);
    }

    #[test]
    fn missing_values_have_no_place_or_one_at_an_end() {
        assert!(ranked("average", "keep", true, false)[1].is_nan());
        assert_eq!(ranked("min", "top", true, false), [4.0, 1.0, 3.0, 4.0, 1.0]);
        assert_eq!(ranked("first", "bottom", false, false), [1.0, 4.0, 3.0, 2.0, 5.0]);
        assert_eq!(ranked("max", "bottom", true, true), [0.6, 1.0, 0.2, 0.6, 1.0]);
        assert_eq!(ranked("dense", "keep", true, true)[0], 1.0);
    }

    #[test]
    fn unknown_ways_are_errors() {
        assert!(Ranks::of(&Param::map([("method", Param::Str("worst".into()))])).is_err());
    }
}
