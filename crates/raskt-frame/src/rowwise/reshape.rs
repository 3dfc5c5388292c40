//! Methods that change what the rows are called, not what they are: the index as columns or for itself, series as frames.

use arrow::array::ArrayRef;
use raskt_core::{ErrorKind, Param, Result, Value};
use raskt_exec::Call;
use raskt_expr::{Arity, Meta};

use crate::arguments::{get, list};
use crate::operations::Row;
use crate::{Field, FrameMeta, Index, Kind, Label, Schema, Table, library};

/// The index as columns, or left out, and the rows of each partition numbered from 0 on: the parameters are those of the
/// method `reset_index`, as [`METHOD`](super::METHOD) has them.
pub const RESET_INDEX: &str = "reset_index";

/// Methods that make other columns than there are.
const NAMES: [&str; 4] = ["index", "to_series", "to_frame", "rename"];

/// The rows of this family.
pub(super) fn rows() -> Vec<Row> {
    vec![Row {
        name: RESET_INDEX,
        arity: Arity::Exactly(1),
        meta,
        accepts: |operands, parameters| meta(operands, parameters).is_ok_and(|meta| meta.is_some()),
        kernel: Some(run),
        library: Some(library::METHOD),
        lower: super::table::lowered,
    }]
}

/// Whether the result of the method `name` has the columns that it is called on.
pub(super) fn keeps_columns(name: &str) -> bool {
    !NAMES.contains(&name)
}

fn reset(parameters: &Param, schema: &Schema) -> Option<Reshaped> {
    let (args, kwargs) = (list(parameters, "args"), get(parameters, "kwargs"));
    let keywords = if let Param::Map(entries) = kwargs { &entries[..] } else { &[] };
    let is_known =
        schema.is_native() && args.is_empty() && keywords.iter().all(|(keyword, _)| &**keyword == "drop");
    is_known.then(|| plan_reset(get(kwargs, "drop"), schema))?
}

fn meta(operands: &[Meta], parameters: &Param) -> Result<Option<Meta>> {
    let [operand] = operands else { return Ok(None) };
    let reset = reset(parameters, &FrameMeta::of(operand)?.schema);
    Ok(reset.map(|reset| FrameMeta { schema: reset.schema, divisions: None }.into_meta_like(operand)))
}

fn run(call: &mut Call<'_>) -> Result<Value> {
    let unplanned = || ErrorKind::NotImplemented(format!("a native kernel for {:?}", call.shared));
    let table = Table::of(call.inputs.first().ok_or_else(unplanned)?)?;
    Ok(reset(call.shared, table.schema()).ok_or_else(unplanned)?.of(table)?.into())
}

/// What a method makes of a partition.
pub(super) struct Reshaped {
    pub schema: Schema,
    /// Whether the rows are numbered anew, from 0 on.
    is_numbered: bool,
    /// Whether the levels of the index become columns before the others.
    has_levels: bool,
    /// Whether the columns stay.
    has_columns: bool,
}

/// What the method `name` makes of partitions of `schema`; `None` for other methods, and where pandas has to do it.
pub(super) fn plan(name: &str, args: &[Param], kwargs: &Param, schema: &Schema) -> Option<Reshaped> {
    if keeps_columns(name) {
        return None;
    }
    let keywords = if let Param::Map(entries) = kwargs { &entries[..] } else { &[] };
    let only = |names: &[&str]| keywords.iter().all(|(keyword, _)| names.contains(&&**keyword));
    let is_series = schema.kind == Kind::Series;
    let kept =
        |schema: Schema| Some(Reshaped { schema, is_numbered: false, has_levels: false, has_columns: true });
    match (name, args) {
        ("index", []) if keywords.is_empty() && matches!(schema.kind, Kind::Frame | Kind::Series) => {
            Some(Reshaped {
                schema: Schema {
                    columns_names: [Label::None].into(),
                    ..schema.with_columns(Kind::Index, [])
                },
                has_columns: false,
                ..kept(schema.clone())?
            })
        }
        ("to_series", []) if keywords.is_empty() && schema.kind == Kind::Index => {
            let [level] = &*schema.index else { return None };
            Some(Reshaped {
                has_levels: true,
                has_columns: false,
                ..kept(schema.with_columns(Kind::Series, [level.clone()]))?
            })
        }
        ("to_frame", [] | [_]) if is_series && only(&["name"]) => {
            let own = schema.columns.first()?;
            let label = match args.first().or_else(|| keywords.first().map(|(_, name)| name)) {
                None if own.label == Label::None => Label::Int(0),
                None => own.label.clone(),
                Some(Param::Null) | Some(Param::List(_)) => return None,
                Some(name) => Label::try_from(name).ok()?,
            };
            let field = Field::new(label, own.dtype.clone());
            kept(Schema { columns_names: [Label::None].into(), ..schema.with_columns(Kind::Frame, [field]) })
        }
        ("rename", [name @ (Param::Str(_) | Param::Int(_))]) if is_series && keywords.is_empty() => {
            let own = schema.columns.first()?;
            kept(
                schema
                    .with_columns(Kind::Series, [Field::new(Label::try_from(name).ok()?, own.dtype.clone())]),
            )
        }
        _ => None,
    }
}

fn plan_reset(drop: &Param, schema: &Schema) -> Option<Reshaped> {
    let drops = match drop {
        Param::Null => false,
        Param::Bool(drop) => *drop,
        _ => return None,
    };
    let numbered = |schema: &Schema| {
        let index = Schema::new(schema.kind, []).index;
        Schema { index, ..schema.clone() }
    };
    if drops && matches!(schema.kind, Kind::Frame | Kind::Series) {
        let schema = numbered(schema);
        return Some(Reshaped { schema, is_numbered: true, has_levels: false, has_columns: true });
    }
    let [_] = &*schema.columns_names else { return None };
    let n_levels = schema.index.len();
    let level = |(at, field): (usize, &Field)| {
        let label = match &field.label {
            Label::None if n_levels > 1 => Label::Str(format!("level_{at}").into()),
            Label::None if schema.labels().any(|label| label.as_str() == Some("index")) => "level_0".into(),
            Label::None => "index".into(),
            label => label.clone(),
        };
        // pandas refuses a column that is there already.
        (!schema.labels().any(|other| *other == label)).then(|| Field::new(label, field.dtype.clone()))
    };
    let mut fields = schema.index.iter().enumerate().map(level).collect::<Option<Vec<_>>>()?;
    let own = schema.columns.iter().map(|field| match (schema.kind, &field.label) {
        (Kind::Series, Label::None) => Field::new(0, field.dtype.clone()),
        _ => field.clone(),
    });
    fields.extend(own);
    if !matches!(schema.kind, Kind::Frame | Kind::Series) {
        return None;
    }
    let schema = numbered(&schema.with_columns(Kind::Frame, fields));
    Some(Reshaped { schema, is_numbered: true, has_levels: true, has_columns: true })
}

impl Reshaped {
    /// The partition.
    ///
    /// # Errors
    /// None in practice.
    pub fn of(self, table: &Table) -> Result<Table> {
        let mut columns: Vec<ArrayRef> = Vec::new();
        if self.has_levels {
            columns.extend(table.levels().iter().cloned());
        }
        if self.has_columns {
            columns.extend(table.columns().iter().cloned());
        }
        let index = match self.is_numbered {
            true => Index::Range { start: 0, step: 1 },
            false => table.index().clone(),
        };
        Table::new(self.schema, columns, index, table.n_rows())
    }
}
