//! Tables as bytes: a header that says of what kind every column is, and the buffers of Arrow as they are.

use std::sync::Arc;

use arrow::array::{Array, ArrayData, ArrayRef, AsArray, MutableArrayData, make_array};
use arrow::buffer::{BooleanBuffer, Buffer as ArrowBuffer, NullBuffer};
use arrow::datatypes::DataType;
use raskt_core::encode::{Limits, decode_canonical, encode_canonical};
use raskt_core::{
    Buffer, Error, ErrorKind, ForeignDecode, Opaque, OwnerId, Param, Payload, Result, Sealed, Value,
};

use super::memory::{borrowed, lent};
use super::rows::failed;
use super::{Index, RUNTIME, Table};
use crate::Schema;

/// Calls `visit` with every buffer of `data`, by the address of its allocation.
pub(super) fn visit_buffers(data: &ArrayData, visit: &mut dyn FnMut(OwnerId, u64)) {
    let mut one = |buffer: &ArrowBuffer| {
        visit(OwnerId(buffer.data_ptr().as_ptr() as usize), buffer.capacity() as u64);
    };
    data.buffers().iter().for_each(&mut one);
    if let Some(nulls) = data.nulls() {
        one(nulls.buffer());
    }
    data.child_data().iter().for_each(|child| visit_buffers(child, visit));
}

/// The header is a parameter; the buffers are those of the columns and levels, not copied where they hold nothing else.
pub(super) fn encode(table: &Table) -> Result<Payload> {
    let mut buffers = Vec::new();
    let mut written = |arrays: &[ArrayRef]| {
        let one = |array: &ArrayRef| encode_array(&trimmed(array)?.to_data(), &mut buffers);
        arrays.iter().map(one).collect::<Result<Arc<[Param]>>>().map(Param::List)
    };
    let columns = written(table.columns())?;
    let index = match table.index() {
        Index::Range { start, step } => {
            Param::map([("start", Param::Int(*start)), ("step", Param::Int(*step))])
        }
        Index::Levels(levels) => written(levels)?,
    };
    let header = Param::map([
        ("schema", table.schema().to_param()),
        ("columns", columns),
        ("index", index),
        ("rows", number(table.n_rows())?),
    ]);
    Ok(Payload { header: encode_canonical(&header)?, buffers })
}

fn number(n: usize) -> Result<Param> {
    i64::try_from(n).map(Param::Int).map_err(|_| corrupt(format!("the number {n}")))
}

fn encode_array(data: &ArrayData, buffers: &mut Vec<Buffer>) -> Result<Param> {
    let mut own = |buffer: ArrowBuffer| buffers.push(lent(buffer));
    if let Some(nulls) = data.nulls() {
        own(nulls.inner().sliced());
    }
    data.buffers().iter().cloned().for_each(own);
    let children = data.child_data().iter().map(|child| encode_array(child, buffers));
    Ok(Param::map([
        ("type", Param::Str(data.data_type().to_string().into())),
        ("length", number(data.len())?),
        ("offset", number(data.offset())?),
        ("nulls", Param::Bool(data.nulls().is_some())),
        ("buffers", number(data.buffers().len())?),
        ("children", Param::List(children.collect::<Result<_>>()?)),
    ]))
}

/// A slice of a large array without the rest of it. The values of a dictionary, which are the categories of a column, stay.
fn trimmed(array: &ArrayRef) -> Result<ArrayRef> {
    let data = array.to_data();
    let held = array.get_buffer_memory_size();
    let is_waste = |used: usize| used.saturating_mul(2) < held;
    match array.data_type() {
        DataType::Utf8View => {
            let views = array.as_string_view();
            Ok(match is_waste(views.total_buffer_bytes_used() + 16 * views.len()) {
                true => Arc::new(views.gc()),
                false => Arc::clone(array),
            })
        }
        _ if data.get_slice_memory_size().is_ok_and(is_waste) => {
            // Arrow's `concat` of one array is that array.
            let mut copied = MutableArrayData::new(vec![&data], false, data.len());
            copied.try_extend(0, 0, data.len()).map_err(failed)?;
            Ok(make_array(copied.freeze()))
        }
        _ => Ok(Arc::clone(array)),
    }
}

fn corrupt(what: impl std::fmt::Display) -> Error {
    ErrorKind::Corrupt(format!("a table: {what}")).into()
}

/// Reads arrays off their descriptions and buffers.
struct Arrays {
    buffers: std::vec::IntoIter<Buffer>,
}

impl Arrays {
    fn buffer(&mut self) -> Result<ArrowBuffer> {
        let buffer = self.buffers.next().ok_or_else(|| corrupt("a buffer is missing"))?;
        Ok(borrowed(buffer))
    }

    fn data(&mut self, described: &Param) -> Result<ArrayData> {
        let number = |name| described.get(name).and_then(Param::as_int).and_then(|n| usize::try_from(n).ok());
        let count = |name| number(name).ok_or_else(|| corrupt(format!("{name} of a column")));
        let kind =
            described.get("type").and_then(Param::as_str).and_then(|kind| kind.parse::<DataType>().ok());
        let (length, offset) = (count("length")?, count("offset")?);
        let nulls = match described.get("nulls") {
            Some(Param::Bool(true)) => {
                let bits = self.buffer()?;
                if bits.len() < length.div_ceil(8) {
                    return Err(corrupt("a validity mask is too short"));
                }
                Some(NullBuffer::new(BooleanBuffer::new(bits, 0, length)))
            }
            _ => None,
        };
        let n_buffers = count("buffers")?.min(self.buffers.len());
        let buffers = (0..n_buffers).map(|_| self.buffer()).collect::<Result<Vec<_>>>()?;
        let children = described.get("children").and_then(Param::as_list).unwrap_or(&[]);
        let children = children.iter().map(|child| self.data(child)).collect::<Result<Vec<_>>>()?;
        ArrayData::builder(kind.ok_or_else(|| corrupt("the type of a column"))?)
            .len(length)
            .offset(offset)
            .nulls(nulls)
            .buffers(buffers)
            .child_data(children)
            .align_buffers(true)
            .build()
            .map_err(corrupt)
    }

    fn all(&mut self, described: &[Param]) -> Result<Vec<ArrayRef>> {
        described.iter().map(|one| self.data(one).map(make_array)).collect()
    }
}

/// Decodes tables: the runtime of values that need no Python, though they are no plain ones.
#[derive(Clone, Copy, Debug, Default)]
pub struct TableRuntime;

impl ForeignDecode for TableRuntime {
    /// The columns look into the memory of the payload.
    fn decode(&self, sealed: Sealed) -> Result<Value> {
        if sealed.runtime() != RUNTIME {
            return Err(ErrorKind::UnknownBody(format!("decoder of {} objects", sealed.runtime())).into());
        }
        let payload = sealed.into_payload();
        let header: Param = decode_canonical(&payload.header, &Limits::default())?;
        let schema = Schema::from_param(header.get("schema").unwrap_or(&Param::Null))?;
        let n_rows = header.get("rows").and_then(Param::as_int).and_then(|n| usize::try_from(n).ok());
        let n_rows = n_rows.ok_or_else(|| corrupt("no number of rows"))?;
        let mut arrays = Arrays { buffers: payload.buffers.into_iter() };
        let columns = header.get("columns").and_then(Param::as_list).ok_or_else(|| corrupt("no columns"))?;
        let columns = arrays.all(columns)?;
        let index = header.get("index").ok_or_else(|| corrupt("no index"))?;
        let index = match (index.as_list(), index.get("start"), index.get("step")) {
            (Some(levels), _, _) => Index::Levels(arrays.all(levels)?.into()),
            (None, Some(Param::Int(start)), Some(Param::Int(step))) => {
                Index::Range { start: *start, step: *step }
            }
            _ => return Err(corrupt("an index that is none")),
        };
        Table::new(schema, columns, index, n_rows).map(Value::from).map_err(corrupt)
    }
}
