//! Methods, operators and properties of pandas that work row by row: natively where there is a kernel, else pandas' own.

use raskt_core::{ErrorKind, Param, Result, Value};
use raskt_exec::Call;
use raskt_expr::{Arity, Meta};

use crate::arguments::{Argument, get, list, text};
use crate::kernels::{Column, Planned, Type, plan};
use crate::operations::Row;
use crate::{Field, FrameMeta, Kind, Label, Schema, Table, library};

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

    /// The columns of the result, each with its kernel; `None` where pandas has to do it.
    fn planned(&self) -> Option<(Kind, Vec<(Label, Planned)>)> {
        let on = self.on()?;
        let is_native = |schema: &&Schema| schema.is_native();
        if !self.schemas.iter().all(is_native) || matches!(on.kind, Kind::Index) {
            return None;
        }
        let columns = (0..on.columns.len()).map(|at| {
            let mut types = vec![Type::Column(&on.columns[at].dtype)];
            for argument in &self.arguments {
                types.push(self.type_of(*argument, on, at)?);
            }
            Some((self.label(at)?, plan(self.name, &types, self.kwargs)?))
        });
        Some((on.kind, columns.collect::<Option<_>>()?))
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

    /// What column `at` of the result is called: a series that meets one of another name has none.
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
        Some(if on.kind == Kind::Series && meets { Label::None } else { own })
    }

    fn schema(&self, kind: Kind, columns: &[(Label, Planned)]) -> Option<Schema> {
        let fields = columns.iter().map(|(label, planned)| Field::new(label.clone(), planned.dtype.clone()));
        Some(self.on()?.with_columns(kind, fields))
    }
}

/// What is known of the result, where a native kernel makes it. Operands of other rows have to be aligned, which pandas does.
fn meta(operands: &[Meta], parameters: &Param) -> Result<Option<Meta>> {
    if parameters.get("aligned") == Some(&Param::Bool(false)) {
        return Ok(None);
    }
    let metas = operands.iter().map(FrameMeta::of).collect::<Result<Vec<_>>>()?;
    let method = Method::new(parameters, metas.iter().map(|meta| &meta.schema).collect())?;
    let schema = method.planned().and_then(|(kind, columns)| method.schema(kind, &columns));
    Ok(schema.map(|schema| {
        let own = FrameMeta { schema, divisions: metas[0].divisions.clone() };
        own.into_meta_like(&operands[0])
    }))
}

fn run(call: &mut Call<'_>) -> Result<Value> {
    let tables = call.inputs.iter().map(Table::of).collect::<Result<Vec<_>>>()?;
    let method = Method::new(call.shared, tables.iter().map(|table| &**table.schema()).collect())?;
    let unplanned =
        || ErrorKind::NotImplemented(format!("a native kernel of {} for {tables:?}", method.name));
    let (kind, planned) = method.planned().ok_or_else(unplanned)?;
    let schema = method.schema(kind, &planned).ok_or_else(unplanned)?;
    let on = tables.first().ok_or_else(unplanned)?;
    let mut columns = Vec::with_capacity(planned.len());
    for (at, (_, planned)) in planned.iter().enumerate() {
        call.ctx.cancel.check()?;
        let mut operands = vec![Column::Rows(on.columns()[at].clone())];
        for argument in &method.arguments {
            operands.push(match argument {
                Argument::Literal(value) => Column::Literal((*value).clone()),
                Argument::Operand(operand) => {
                    let other = tables.get(*operand).ok_or_else(unplanned)?;
                    match other.schema().kind {
                        Kind::Scalar => Column::Scalar(other.columns()[0].clone()),
                        _ => Column::Rows(other.columns()[at].clone()),
                    }
                }
            });
        }
        columns.push((planned.run)(&operands)?);
    }
    Ok(on.with_columns(schema, columns)?.into())
}
