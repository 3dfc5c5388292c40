//! What the tasks of a shuffle run.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::DataType;
use raskt_core::{ErrorKind, ForeignDecode, Opaque, Param, Result, Sealed, Value};
use raskt_exec::{BodyRegistry, Call, Outcome};

use super::pieces::Pieces;
use super::place::Place;
use crate::arguments::get;
use crate::operations::KernelFn;
use crate::partition::{HashPartition, hash_partition};
use crate::table::{self, TableRuntime, concat};
use crate::{Index, Schema, Table};

pub(super) const SEND: &str = "frame.send";
pub(super) const RECEIVE: &str = "frame.receive";

/// Adds the bodies to `registry`.
///
/// # Errors
/// [`ErrorKind::KeyClash`] where they are there already.
pub fn register(registry: &mut BodyRegistry) -> Result<()> {
    let bodies: [(&str, KernelFn); 2] = [(SEND, send), (RECEIVE, receive)];
    for (name, body) in bodies {
        registry.add_kernel(name, Arc::new(move |call: &mut Call<'_>| body(call).map(Outcome::Value)))?;
    }
    Ok(())
}

fn input<'a>(call: &'a Call<'_>) -> Result<&'a Value> {
    let missing = || ErrorKind::InvalidGraph("a task of a shuffle without its input".to_owned());
    Ok(call.inputs.first().ok_or_else(missing)?)
}

fn place(parameters: &Param) -> Result<&Place> {
    let place = match get(parameters, "place") {
        Param::Value(Value::Opaque(object)) => object.as_any().downcast_ref(),
        _ => None,
    };
    place.ok_or_else(|| ErrorKind::InvalidGraph("a shuffle without its place".to_owned()).into())
}

/// The rows of a partition, each to the partition that it belongs to.
fn send(call: &mut Call<'_>) -> Result<Value> {
    call.ctx.cancel.check()?;
    let pieces = pieces(get(call.shared, "by"), input(call)?)?;
    let n_outputs = u32::try_from(pieces.len())
        .map_err(|_| ErrorKind::InvalidValue(format!("{} partitions to send to", pieces.len())))?;
    let mut sender = place(call.shared)?.sender(n_outputs)?;
    let keeps_index = get(call.shared, "keeps_index") == &Param::Bool(true);
    for (output, piece) in (0..).zip(pieces) {
        call.ctx.cancel.check()?;
        if piece.n_rows() > 0 || has_categories(&piece) {
            let piece = if keeps_index { piece } else { without_index(&piece)? };
            sender.append(output, compact(&piece)?.encode()?)?;
        }
    }
    Ok(Pieces::new(sender.finish()).into())
}

/// The pieces that a partition is, or that it is cut into.
fn pieces(by: &Param, input: &Value) -> Result<Vec<Table>> {
    let Param::Int(n) = by else {
        return hash_partition(Table::of(input)?, &HashPartition::from_param(by)?);
    };
    match input {
        Value::List(pieces) if usize::try_from(*n) == Ok(pieces.len()) => {
            pieces.iter().map(|piece| Table::of(piece).cloned()).collect()
        }
        other => {
            Err(ErrorKind::WrongType { expected: "a list of pieces", found: other.kind().to_owned() }.into())
        }
    }
}

/// Whether there are categories, which go along without a row: they stand beside the values, not in the schema.
fn has_categories(piece: &Table) -> bool {
    let levels = match piece.index() {
        Index::Levels(levels) => &levels[..],
        Index::Range { .. } => &[],
    };
    let has = |array: &ArrayRef| {
        array.as_any_dictionary_opt().is_some_and(|dictionary| !dictionary.values().is_empty())
    };
    piece.columns().iter().chain(levels).any(has)
}

/// The rows, numbered from 0.
fn without_index(piece: &Table) -> Result<Table> {
    let schema = Schema::new(piece.schema().kind, piece.schema().columns.iter().cloned());
    Table::over_range(schema, piece.columns().to_vec(), piece.n_rows())
}

/// The same rows without the texts of others: the views of text that was taken out of a column keep all of that.
fn compact(piece: &Table) -> Result<Table> {
    let compact = |array: &ArrayRef| -> ArrayRef {
        match array.data_type() {
            DataType::Utf8View => Arc::new(array.as_string_view().gc()),
            DataType::BinaryView => Arc::new(array.as_binary_view().gc()),
            _ => Arc::clone(array),
        }
    };
    let index = match piece.index() {
        Index::Levels(levels) => Index::Levels(levels.iter().map(compact).collect()),
        range @ Index::Range { .. } => range.clone(),
    };
    let columns = piece.columns().iter().map(compact).collect();
    Table::new(Arc::clone(piece.schema()), columns, index, piece.n_rows())
}

/// The rows that all partitions sent to this one, in the order of these.
fn receive(call: &mut Call<'_>) -> Result<Value> {
    let output = call.own.as_int().and_then(|output| u32::try_from(output).ok());
    let output = output.ok_or_else(|| ErrorKind::InvalidGraph("a shuffle to no partition".to_owned()))?;
    let Value::List(sent) = input(call)? else {
        let found = input(call)?.kind().to_owned();
        return Err(ErrorKind::WrongType { expected: "pieces of all partitions", found }.into());
    };
    let sent = sent.iter().map(Pieces::of).collect::<Result<Vec<_>>>()?;
    let mut tables = Vec::new();
    for payload in raskt_store::receive(sent, output)? {
        call.ctx.cancel.check()?;
        let payload = Arc::unwrap_or_clone(payload?);
        let bytes = payload.size_bytes();
        let value = TableRuntime.decode(Sealed::new(table::RUNTIME.into(), payload, bytes))?;
        tables.push(Table::of(&value)?.clone());
    }
    match tables.is_empty() {
        true => Ok(Table::empty(Schema::from_param(get(call.shared, "schema"))?)?.into()),
        false => Ok(concat(&tables)?.into()),
    }
}
