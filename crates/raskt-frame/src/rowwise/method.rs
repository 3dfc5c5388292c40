//! Methods, operators and properties of pandas that work row by row: natively where there is a kernel, else pandas' own.

use raskt_core::{ErrorKind, Param, Result, Value};
use raskt_exec::Call;
use raskt_expr::{Arity, Meta};

use super::reshape::{self, Reshaped};
use crate::arguments::{Argument, DICT, get, list, text};
use crate::kernels::{Column, Planned, Type, plan, typed_literal};
use crate::operations::Row;
use crate::{Field, FrameMeta, Kind, Label, PandasType, Schema, Table, library};

/// The operation: the parameters `name`, `args` and `kwargs` say what is called on operand 0.
pub const METHOD: &str = "method";

/// The rows of this family.
pub(super) fn rows() -> Vec<Row> {
    vec![Row {
        name: METHOD,
        arity: Arity::AtLeast(1),
        meta,
        accepts: |operands, parameters| meta(operands, parameters).is_ok_and(|meta| meta.is_some()),
        kernel: Some(run),
        library: Some(library::METHOD),
        lower: super::table::lowered,
    }]
}

/// Methods whose results are called what the series is called, whatever it meets.
const KEEP_NAME: &[&str] = &["where", "mask", "fillna", "clip", "isin", "between"];

/// A call whose operands are known by their schemas.
struct Method<'a> {
    name: &'a str,
    arguments: Vec<Argument<'a>>,
    kwargs: &'a Param,
    schemas: Vec<&'a Schema>,
}

impl<'a> Method<'a> {
    fn new(parameters: &'a Param, schemas: Vec<&'a Schema>) -> Result<Self> {
        Ok(Self {
            name: text(parameters, "name")?,
            arguments: list(parameters, "args").iter().map(Argument::of).collect(),
            kwargs: get(parameters, "kwargs"),
            schemas,
        })
    }

    fn on(&self) -> Option<&'a Schema> {
        self.schemas.first().copied()
    }

    /// The columns of the result, each with its kernel and its arguments; `None` where pandas has to do it.
    fn planned(&self) -> Option<(Kind, Vec<Part<'a>>)> {
        let on = self.on()?;
        let is_native = |schema: &&Schema| schema.is_native();
        if !self.schemas.iter().all(is_native) || matches!(on.kind, Kind::Index) {
            return None;
        }
        let by_label = self.by_label()?;
        let columns = (0..on.columns.len()).map(|at| {
            let own = match on.kind {
                Kind::Scalar => Type::Scalar(&on.columns[at].dtype),
                _ => Type::Column(&on.columns[at].dtype),
            };
            let (arguments, kwargs) = match by_label {
                None => (self.arguments.clone(), self.kwargs),
                Some(values) => match values.get(on.columns[at].label.as_str()?) {
                    Some(value) => (vec![Argument::of(value)], &Param::Null),
                    None => {
                        return Some(Part { label: self.label(at)?, arguments: Vec::new(), planned: None });
                    }
                },
            };
            let mut types = vec![own];
            for argument in &arguments {
                types.push(self.type_of(*argument, on, at)?);
            }
            Some(Part { label: self.label(at)?, arguments, planned: Some(plan(self.name, &types, kwargs)?) })
        });
        Some((on.kind, columns.collect::<Option<_>>()?))
    }

    /// The values of single columns by their names, where the only argument is such a dictionary; `None` in the outer
    /// option for one that only pandas can read.
    #[allow(clippy::option_option, reason = "planning stops at the outer one")]
    fn by_label(&self) -> Option<Option<&'a Param>> {
        let on = self.on()?;
        let keyword = match self.name {
            "astype" => "dtype",
            "fillna" => "value",
            _ => return Some(None),
        };
        let n_keywords = if let Param::Map(entries) = self.kwargs { entries.len() } else { 0 };
        let value = match (&self.arguments[..], n_keywords) {
            ([Argument::Literal(value)], 0) => *value,
            ([], 1) => get(self.kwargs, keyword),
            _ => return Some(None),
        };
        let Param::Map(entries) = value else { return Some(None) };
        if value.get(DICT).is_some() {
            return None;
        }
        // A value or a dtype that is a map is none of columns.
        if typed_literal(value).is_some() || PandasType::from_param(value).is_ok() {
            return Some(None);
        }
        let is_column = |name: &str| on.labels().filter(|label| label.as_str() == Some(name)).count();
        let is_native = on.kind == Kind::Frame
            && on.labels().all(|label| label.as_str().is_some_and(|name| is_column(name) == 1))
            && entries.iter().all(|(name, _)| self.name == "fillna" || is_column(name) == 1);
        is_native.then_some(Some(value))
    }

    /// What the kernel of column `at` gets for an argument.
    fn type_of(&self, argument: Argument<'a>, on: &'a Schema, at: usize) -> Option<Type<'a>> {
        let other = match argument {
            Argument::Literal(value) => return Some(Type::Literal(value)),
            Argument::Operand(operand) => *self.schemas.get(operand)?,
        };
        match (on.kind, other.kind) {
            (_, Kind::Scalar) => Some(Type::Scalar(&other.columns.first()?.dtype)),
            (Kind::Series, Kind::Series) => Some(Type::Column(&other.columns.first()?.dtype)),
            (Kind::Frame, Kind::Frame) if on.labels().eq(other.labels()) => {
                Some(Type::Column(&other.columns.get(at)?.dtype))
            }
            _ => None,
        }
    }

    /// What column `at` of the result is called: a series that an operator has meet one of another name has none.
    fn label(&self, at: usize) -> Option<Label> {
        let on = self.on()?;
        let own = on.columns.get(at)?.label.clone();
        let differs = |schema: &&Schema| {
            schema.kind == Kind::Series && schema.columns.first().is_some_and(|field| field.label != own)
        };
        let meets = self.arguments.iter().any(|argument| match argument {
            Argument::Operand(at) => self.schemas.get(*at).is_some_and(&differs),
            Argument::Literal(_) => false,
        });
        let is_operator = !KEEP_NAME.contains(&self.name);
        Some(if on.kind == Kind::Series && meets && is_operator { Label::None } else { own })
    }

    /// The schema of the result, unless values are missing that the planned dtypes cannot miss.
    fn schema(&self) -> Option<Schema> {
        let on = self.on()?;
        let (kind, parts) = self.planned()?;
        let field = |(part, own): (Part<'_>, &Field)| {
            Field::new(part.label, part.planned.map_or_else(|| own.dtype.clone(), |planned| planned.dtype))
        };
        Some(on.with_columns(kind, parts.into_iter().zip(&*on.columns).map(field)))
    }
}

/// A column of the result.
struct Part<'a> {
    label: Label,
    arguments: Vec<Argument<'a>>,
    /// Its kernel; none where the column stays.
    planned: Option<Planned>,
}

/// Whether the call that `parameters` are works on each column of a frame alike, where it is a native one.
#[must_use]
pub fn is_of_each_column(parameters: &Param) -> bool {
    let is_map = |argument: &Param| matches!(argument, Param::Map(_)) && typed_literal(argument).is_none();
    let is_operand = |argument: &Param| matches!(Argument::of(argument), Argument::Operand(_));
    let name = get(parameters, "name").as_str().unwrap_or_default();
    let keywords = if let Param::Map(entries) = get(parameters, "kwargs") { &entries[..] } else { &[] };
    let mut given = list(parameters, "args").iter().chain(keywords.iter().map(|(_, value)| value));
    reshape::keeps_columns(name) && !given.any(|argument| is_map(argument) && !is_operand(argument))
}

/// What is known of the result, where a native kernel makes it. Operands of other rows have to be aligned, which pandas does.
fn meta(operands: &[Meta], parameters: &Param) -> Result<Option<Meta>> {
    if parameters.get("aligned") == Some(&Param::Bool(false)) {
        return Ok(None);
    }
    let metas = operands.iter().map(FrameMeta::of).collect::<Result<Vec<_>>>()?;
    if let [own] = metas[..]
        && let Some(reshaped) = reshaped(parameters, &own.schema)?
    {
        let own = FrameMeta { schema: reshaped.schema, divisions: own.divisions.clone() };
        return Ok(Some(own.into_meta_like(&operands[0])));
    }
    let method = Method::new(parameters, metas.iter().map(|meta| &meta.schema).collect())?;
    Ok(method.schema().map(|schema| {
        let own = FrameMeta { schema, divisions: metas[0].divisions.clone() };
        own.into_meta_like(&operands[0])
    }))
}

fn reshaped(parameters: &Param, schema: &Schema) -> Result<Option<Reshaped>> {
    let (args, kwargs) = (list(parameters, "args"), get(parameters, "kwargs"));
    Ok(reshape::plan(text(parameters, "name")?, args, kwargs, schema).filter(|_| schema.is_native()))
}

fn run(call: &mut Call<'_>) -> Result<Value> {
    call.ctx.cancel.check()?;
    let tables = call.inputs.iter().map(Table::of).collect::<Result<Vec<_>>>()?;
    let unplanned =
        || ErrorKind::NotImplemented(format!("a native kernel for {:?} of {tables:?}", call.shared));
    Ok(apply(&tables, call.shared)?.ok_or_else(unplanned)?.into())
}

/// What the call that `parameters` are returns for partitions of aligned rows; `None` where pandas has to do it.
///
/// # Errors
/// What the kernel returns.
pub fn apply(tables: &[&Table], parameters: &Param) -> Result<Option<Table>> {
    if let [table] = tables
        && let Some(reshaped) = reshaped(parameters, table.schema())?
    {
        return reshaped.of(table).map(Some);
    }
    let method = Method::new(parameters, tables.iter().map(|table| &**table.schema()).collect())?;
    let (Some(on), Some((kind, parts))) = (tables.first(), method.planned()) else { return Ok(None) };
    let mut fields = Vec::with_capacity(parts.len());
    let mut columns = Vec::with_capacity(parts.len());
    for (at, part) in parts.into_iter().enumerate() {
        let own = &on.columns()[at];
        let Some(planned) = part.planned else {
            fields.push(Field::new(part.label, on.schema().columns[at].dtype.clone()));
            columns.push(own.clone());
            continue;
        };
        let mut operands = vec![Column::Rows(own.clone())];
        for argument in &part.arguments {
            operands.push(match *argument {
                Argument::Literal(value) => Column::Literal(value.clone()),
                Argument::Operand(operand) => {
                    let other = tables.get(operand).ok_or_else(|| missing(operand))?;
                    match other.schema().kind {
                        Kind::Scalar => Column::Scalar(other.columns()[0].clone()),
                        _ => Column::Rows(other.columns()[at].clone()),
                    }
                }
            });
        }
        let (dtype, array) = planned.values(&operands)?;
        fields.push(Field::new(part.label, dtype));
        columns.push(array);
    }
    Ok(Some(on.with_columns(on.schema().with_columns(kind, fields), columns)?))
}

fn missing(operand: usize) -> raskt_core::Error {
    ErrorKind::InvalidGraph(format!("operand {operand} is missing")).into()
}
