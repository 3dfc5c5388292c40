//! What looks at the rows of the same group before and behind.
//!
//! What is carried to a partition are rows, too: one of each group, with what is accumulated or with the last values that are
//! there, or its last rows. The kernel works on these and the partition as on rows that follow each other.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, UInt32Array};
use arrow::compute;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use raskt_core::{DType, Error, ErrorKind, Fit, Param, Result, Value};
use raskt_exec::Call;
use raskt_expr::{Arity, Meta};
use raskt_graph::Body;
use raskt_graph::layer::Layer;

use super::layer::{Carried, Rows, beside, met};
use super::table::{GROUPED_STATE, cast_to};
use super::{running, shift};
use crate::arguments::{get, list, text};
use crate::kernels::{is_missing, number};
use crate::keys::{Groups, Key, keys_of};
use crate::operations::{Job, Row};
use crate::table::{failed, taken};
use crate::{Field, FrameMeta, Kind, Label, PandasType, Schema, Table};

/// Within the groups of the same `keys`, of each of the columns that the labels in `columns` name: what is accumulated up to
/// each row (`name` is `cumsum`, `cumprod`, `cummin` or `cummax`), the row `periods` places before it (`shift`), the difference
/// from that (`diff`), the last value that is there (`ffill`), or the next one (`bfill`). `cumcount` has no columns: it tells how
/// many rows of the group are before each, or behind it, where `ascending` is false. Rows that miss a key are missing, where
/// `dropna` says so.
pub const WITHIN_GROUPS: &str = "within_groups";

pub(super) fn row() -> Row {
    Row {
        name: WITHIN_GROUPS,
        arity: Arity::Exactly(1),
        meta: |operands, parameters| meta(operands, parameters).map(Some),
        accepts: |_, _| true,
        kernel: Some(kernel),
        library: None,
        lower: lowered,
    }
}

#[derive(Clone, Copy)]
enum Function {
    Running(running::Function),
    /// Rows are counted as the sum of ones, which are a column behind all others.
    Count,
    Place {
        periods: i64,
        is_diff: bool,
    },
    Fill,
}

/// What parameters say.
struct Within {
    keys: Arc<[Key]>,
    columns: Vec<Label>,
    function: Function,
    /// Whether it is carried from the partitions behind.
    is_back: bool,
    dropna: bool,
}

impl Within {
    fn of(parameters: &Param) -> Result<Self> {
        let missing = |what: &str| Error::new(ErrorKind::InvalidGraph(format!("groups without {what}")));
        let periods = || get(parameters, "periods").as_int().ok_or_else(|| missing("periods"));
        let name = text(parameters, "name")?;
        let (function, is_back) = match name {
            "cumcount" => (Function::Count, get(parameters, "ascending") == &Param::Bool(false)),
            "shift" | "diff" => {
                let periods = periods()?;
                (Function::Place { periods, is_diff: name == "diff" }, periods < 0)
            }
            "ffill" | "bfill" => (Function::Fill, name == "bfill"),
            name => (Function::Running(running::Function::named(name)?), false),
        };
        let columns = list(parameters, "columns").iter().map(Label::try_from).collect::<Result<_>>()?;
        let dropna = get(parameters, "dropna") == &Param::Bool(true);
        Ok(Self { keys: keys_of(parameters.get("keys"))?, columns, function, is_back, dropna })
    }

    /// The columns of the result.
    fn fields(&self, schema: &Schema) -> Result<Vec<Field>> {
        if let Function::Count = self.function {
            return Ok(vec![Field::new(Label::None, PandasType::Plain(DType::Int64))]);
        }
        let misses_keys = self.dropna && self.keys.iter().any(|key| can_miss(key, schema));
        let field = |label: &Label| {
            let Field { label, dtype } = &schema.columns[schema.position(label)?];
            let refused = || {
                let what = format!("a native {label} of {dtype} in groups: pandas has it");
                Error::new(ErrorKind::NotImplemented(what))
            };
            Ok(Field::new(label.clone(), self.result(dtype, misses_keys).ok_or_else(refused)?))
        };
        self.columns.iter().map(field).collect()
    }

    fn result(&self, dtype: &PandasType, misses_keys: bool) -> Option<PandasType> {
        match (self.function, dtype) {
            (
                Function::Running(_),
                PandasType::Plain(DType::Int64 | DType::Float64) | PandasType::Masked(DType::Int64),
            ) => Some(dtype.clone()),
            (Function::Running(_) | Function::Count, _) | (Function::Fill, PandasType::Arrow(_)) => None,
            (Function::Place { is_diff, .. }, _) => shift::result(dtype, is_diff),
            (Function::Fill, _) => {
                dtype.storage()?;
                // Rows that miss a key have no value: whole numbers are floats then, and truth values objects.
                let is_number = number(dtype).is_some() && *dtype != PandasType::Plain(DType::Bool);
                (!misses_keys || dtype.can_miss() || is_number).then(|| dtype.clone())
            }
        }
    }

    /// The places of the columns that are worked on.
    fn places(&self, schema: &Schema) -> Result<Vec<usize>> {
        match self.function {
            Function::Count => Ok(vec![schema.columns.len().saturating_sub(1)]),
            _ => self.columns.iter().map(|label| schema.position(label)).collect(),
        }
    }

    /// A partition with the column that is counted, if one is.
    fn prepared(&self, part: &Table) -> Result<Table> {
        let Function::Count = self.function else { return Ok(part.clone()) };
        let ones = Field::new(Label::None, PandasType::Plain(DType::Int64));
        let fields = part.schema().columns.iter().cloned().chain([ones]);
        let schema = part.schema().with_columns(Kind::Frame, fields);
        let ones: ArrayRef = Arc::new(Int64Array::from(vec![1; part.n_rows()]));
        part.with_columns(schema, part.columns().iter().cloned().chain([ones]).collect())
    }

    fn groups(&self, table: &Table) -> Result<Groups> {
        let key = |key: &Key| key.of(table).map(|(array, field)| (array, field.dtype));
        let keys = self.keys.iter().map(key).collect::<Result<Vec<_>>>()?;
        let mut groups = Groups::of(&keys, table.n_rows())?;
        if !self.dropna {
            groups.missing.fill(false);
        }
        Ok(groups)
    }
}

fn can_miss(key: &Key, schema: &Schema) -> bool {
    match key {
        Key::Column(label) => schema.position(label).is_ok_and(|at| schema.columns[at].dtype.can_miss()),
        Key::Level(level) => schema.index.get(*level).is_some_and(|field| field.dtype.can_miss()),
    }
}

fn meta(operands: &[Meta], parameters: &Param) -> Result<Meta> {
    let first = operands.first();
    let first = first.ok_or_else(|| Error::new(ErrorKind::InvalidGraph("groups of nothing".to_owned())))?;
    let own = FrameMeta::of(first)?;
    let within = Within::of(parameters)?;
    // Keys that are not known natively are refused.
    within.groups(&Table::empty(own.schema.clone())?)?;
    let schema = own.schema.with_columns(Kind::Frame, within.fields(&own.schema)?);
    Ok(FrameMeta { schema, divisions: own.divisions.clone() }.into_meta_like(first))
}

fn lowered(job: &mut Job<'_, '_>) -> Result<Layer> {
    let parameters = job.expr.parameters().clone();
    let is_back = Within::of(&parameters)?.is_back;
    let state = Some(Body::Native { name: GROUPED_STATE.into(), parameters });
    let carried = match is_back {
        true => Carried { before: None, behind: state },
        false => Carried { before: state, behind: None },
    };
    beside(job, carried)
}

/// The rows of a table by their groups, in their order within each.
struct ByGroup {
    /// The rows, those of the first group first.
    rows: Vec<u32>,
    /// Where each group ends among them; the next one begins there.
    ends: Vec<u32>,
}

impl ByGroup {
    fn of(groups: &Groups) -> Self {
        let mut ends = vec![0_u32; groups.len()];
        groups.ids.iter().for_each(|id| ends[*id as usize] += 1);
        let mut begin = 0;
        for end in &mut ends {
            (begin, *end) = (begin + *end, begin);
        }
        let mut rows = vec![0; groups.ids.len()];
        for (row, id) in groups.ids.iter().enumerate() {
            let place = &mut ends[*id as usize];
            rows[*place as usize] = row.fit::<u32>();
            *place += 1;
        }
        Self { rows, ends }
    }

    fn groups(&self) -> impl Iterator<Item = &[u32]> {
        let begins = [0].into_iter().chain(self.ends.iter().copied());
        begins.zip(&self.ends).map(|(begin, end)| &self.rows[begin as usize..*end as usize])
    }
}

/// What a partition carries on, or what is carried to one and it: rows.
pub(super) fn state(call: &mut Call<'_>) -> Result<Value> {
    let within = Within::of(call.shared)?;
    let is_of_states = call.inputs.len() > 1;
    let rows = met(call.inputs, within.is_back)?;
    let rows = if is_of_states { rows } else { within.prepared(&rows)? };
    let groups = within.groups(&rows)?;
    if let Function::Place { periods, .. } = within.function {
        return Ok(ends(&rows, &groups, periods)?.into());
    }
    let firsts = UInt32Array::from(groups.firsts.clone());
    let mut columns = rows.take(&firsts)?.columns().to_vec();
    for at in within.places(rows.schema())? {
        let (column, dtype) = (&rows.columns()[at], &rows.schema().columns[at].dtype);
        columns[at] = match within.function {
            Function::Fill => filled_ends(column, dtype, &groups, within.is_back)?,
            Function::Running(function) => {
                let n_states = if is_of_states { rows.n_rows() } else { 0 };
                accumulated(function, column, &groups, n_states, false)?.1
            }
            _ => accumulated(running::Function::Sum, column, &groups, 0, within.is_back)?.1,
        };
    }
    Ok(rows.take(&firsts)?.with_columns(Arc::clone(rows.schema()), columns)?.into())
}

/// The last rows of each group, as many as there are periods; the first ones, where these are negative.
fn ends(rows: &Table, groups: &Groups, periods: i64) -> Result<Table> {
    let n = usize::try_from(periods.unsigned_abs()).unwrap_or(usize::MAX);
    let mut found = Vec::new();
    for group in ByGroup::of(groups).groups() {
        let n = n.min(group.len());
        found.extend_from_slice(if periods < 0 { &group[..n] } else { &group[group.len() - n..] });
    }
    rows.take(&UInt32Array::from(found))
}

/// The last value of each group that is there, or the first one.
fn filled_ends(column: &ArrayRef, dtype: &PandasType, groups: &Groups, is_back: bool) -> Result<ArrayRef> {
    let missing = is_missing(column, dtype)?;
    // Of groups without a value, one that is missing.
    let mut places = groups.firsts.clone();
    let there = (0..column.len()).filter(|row| !missing.value(*row));
    let mut set = |row: usize| places[groups.ids[row] as usize] = row.fit::<u32>();
    match is_back {
        true => there.rev().for_each(&mut set),
        false => there.for_each(&mut set),
    }
    taken(column.as_ref(), &UInt32Array::from(places)).map_err(failed)
}

fn kernel(call: &mut Call<'_>) -> Result<Value> {
    let within = Within::of(call.shared)?;
    let given = Rows::of(call)?;
    let part = within.prepared(given.part)?;
    let rows = Rows { part: &part, ..given };
    let (whole, n_before) = (rows.whole()?, rows.n_before());
    let groups = within.groups(&whole)?;
    let wanted = n_before..n_before + part.n_rows();
    let is_out = |row: usize| groups.missing[groups.ids[row] as usize];
    let misses_keys = groups.missing.contains(&true) && wanted.clone().any(is_out);
    let moved = match within.function {
        Function::Place { periods, .. } => places_before(&groups, wanted.clone(), periods),
        _ => UInt32Array::from(Vec::<u32>::new()),
    };
    let mut fields = within.fields(part.schema())?;
    let mut columns = Vec::with_capacity(fields.len());
    for (at, field) in within.places(whole.schema())?.into_iter().zip(&mut fields) {
        let (column, dtype) = (&whole.columns()[at], whole.schema().columns[at].dtype.clone());
        let (found, is_cut) = match within.function {
            Function::Running(function) => {
                field.dtype = dtype.clone();
                (accumulated(function, column, &groups, n_before, false)?.0, false)
            }
            Function::Count => {
                let counts = accumulated(running::Function::Sum, column, &groups, 0, within.is_back)?.0;
                let before = counts.as_primitive::<Int64Type>().unary::<_, Int64Type>(|count| count - 1);
                (Arc::new(before) as ArrayRef, false)
            }
            Function::Fill => {
                field.dtype = dtype.clone();
                (filled(column, &dtype, &groups, wanted.clone(), within.is_back)?, true)
            }
            Function::Place { is_diff, .. } => {
                let from = cast_to(column, &field.dtype)?;
                let then = taken(from.as_ref(), &moved).map_err(failed)?;
                match is_diff {
                    true => (shift::difference(&from.slice(n_before, part.n_rows()), &then)?, true),
                    false => (then, true),
                }
            }
        };
        let found = if is_cut { found } else { found.slice(n_before, part.n_rows()) };
        // Differences and places of rows without a key are missing already.
        let is_blanked = misses_keys && !matches!(within.function, Function::Place { .. });
        columns.push(match is_blanked {
            true => blanked(&found, field, wanted.clone().map(is_out))?,
            false => found,
        });
    }
    let schema = part.schema().with_columns(Kind::Frame, fields);
    Ok(part.with_columns(schema, columns)?.into())
}

/// The values without some, and the dtype that they have then.
fn blanked(array: &ArrayRef, field: &mut Field, is_out: impl Iterator<Item = bool>) -> Result<ArrayRef> {
    if !field.dtype.can_miss() {
        field.dtype = PandasType::Plain(DType::Float64);
    }
    let array = cast_to(array, &field.dtype)?;
    let mask = is_out.map(Some).collect();
    compute::nullif(&array, &mask).map_err(failed)
}

/// For each of the `wanted` rows the one of its group that is `periods` places before it.
fn places_before(groups: &Groups, wanted: std::ops::Range<usize>, periods: i64) -> UInt32Array {
    let n = usize::try_from(periods.unsigned_abs()).unwrap_or(usize::MAX);
    let mut places = vec![None; wanted.len()];
    let mut put = |row: u32, from: u32| {
        let place = (row as usize).checked_sub(wanted.start).and_then(|at| places.get_mut(at));
        if let Some(place) = place.filter(|_| !groups.missing[groups.ids[row as usize] as usize]) {
            *place = Some(from);
        }
    };
    for group in ByGroup::of(groups).groups().filter(|group| group.len() > n) {
        let pairs = group.iter().zip(&group[n..]);
        match periods < 0 {
            true => pairs.for_each(|(row, from)| put(*row, *from)),
            false => pairs.for_each(|(from, row)| put(*row, *from)),
        }
    }
    places.into_iter().collect()
}

/// The `wanted` rows, filled by all.
fn filled(
    column: &ArrayRef,
    dtype: &PandasType,
    groups: &Groups,
    wanted: std::ops::Range<usize>,
    is_back: bool,
) -> Result<ArrayRef> {
    let missing = is_missing(column, dtype)?;
    if missing.true_count() == 0 {
        return Ok(column.slice(wanted.start, wanted.len()));
    }
    let mut last = vec![None; groups.len()];
    let mut places = vec![0; wanted.len()];
    let mut step = |row: usize| {
        let last = &mut last[groups.ids[row] as usize];
        if !missing.value(row) {
            *last = Some(row.fit::<u32>());
        }
        if let Some(place) = row.checked_sub(wanted.start).and_then(|at| places.get_mut(at)) {
            // What no value comes before stays as it is.
            *place = last.unwrap_or(row.fit::<u32>());
        }
    };
    match is_back {
        true => (0..column.len()).rev().for_each(&mut step),
        false => (0..column.len()).for_each(&mut step),
    }
    taken(column.as_ref(), &UInt32Array::from(places)).map_err(failed)
}

/// What is accumulated up to each row within its group, and of each group: missing values are passed by. The first `n_states`
/// rows are what was accumulated before: their NaN is that of a sum.
fn accumulated(
    function: running::Function,
    column: &ArrayRef,
    groups: &Groups,
    n_states: usize,
    is_back: bool,
) -> Result<(ArrayRef, ArrayRef)> {
    match column.data_type() {
        DataType::Float64 => {
            let values = column.as_primitive::<Float64Type>().values();
            let mut all = vec![running::Floats::of(function); groups.len()];
            let each = values.iter().zip(&groups.ids).enumerate().map(|(row, (value, id))| {
                if value.is_nan() && (row >= n_states || !function.is_sum()) {
                    return *value;
                }
                all[*id as usize].add(*value)
            });
            let each: ArrayRef = Arc::new(Float64Array::from_iter_values(each));
            let all = Float64Array::from_iter_values(all.iter().map(running::Floats::value));
            Ok((each, Arc::new(all)))
        }
        DataType::Int64 => {
            let array = column.as_primitive::<Int64Type>();
            let mut all: Vec<Option<i64>> = vec![None; groups.len()];
            let mut each = vec![0; array.len()];
            let mut step = |row: usize| {
                if array.is_null(row) {
                    return;
                }
                let (value, all) = (array.value(row), &mut all[groups.ids[row] as usize]);
                let next = all.map_or(value, |all| function.of_integers(all, value));
                (each[row], *all) = (next, Some(next));
            };
            match is_back {
                true => (0..array.len()).rev().for_each(&mut step),
                false => (0..array.len()).for_each(&mut step),
            }
            let each = Int64Array::new(each.into(), array.nulls().cloned());
            Ok((Arc::new(each), Arc::new(all.into_iter().collect::<Int64Array>())))
        }
        other => Err(ErrorKind::InvalidGraph(format!("what is accumulated of {other}")).into()),
    }
}
