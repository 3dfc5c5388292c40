//! Values without parts: numbers, strings, bytes and singletons of exactly the built-in types.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyComplex, PyComplexMethods, PyString, PyTuple};

use super::sink::{self, Sink, Tag};
use super::table::Kind;

/// Hashing more bytes than this lets other threads run meanwhile; below, taking the GIL back costs more.
pub(super) const DETACH_BYTES: usize = 4 << 20;

/// The digest of bytes that nobody can change, without the GIL if they are many.
pub(super) fn digest_detached(py: Python<'_>, bytes: &[u8]) -> u128 {
    if bytes.len() < DETACH_BYTES { sink::digest(bytes) } else { py.detach(|| sink::digest(bytes)) }
}

/// Encodes `object` if its kind is one without parts, and says whether it did.
pub(super) fn encode(
    py: Python<'_>,
    sink: &mut Sink,
    kind: Kind,
    object: &Bound<'_, PyAny>,
) -> PyResult<bool> {
    match kind {
        Kind::None => sink.tag(Tag::None),
        Kind::Bool => sink.tag(if object.is_truthy()? { Tag::True } else { Tag::False }),
        Kind::Ellipsis => sink.tag(Tag::Ellipsis),
        Kind::NotImplemented => sink.tag(Tag::NotImplemented),
        Kind::Int => encode_int(sink, object)?,
        Kind::Float => {
            sink.tag(Tag::Float);
            sink.float_bits(object.extract()?);
        }
        Kind::Complex => {
            let value = object.cast::<PyComplex>()?;
            sink.tag(Tag::Complex);
            sink.float_bits(value.real());
            sink.float_bits(value.imag());
        }
        Kind::Str => match object.cast::<PyString>()?.to_str() {
            Ok(text) => immutable(py, sink, Tag::Str, text.as_bytes()),
            Err(_) => {
                let args = (intern!(py, "utf-8"), intern!(py, "surrogatepass"));
                let bytes = object.call_method1(intern!(py, "encode"), args)?;
                immutable(py, sink, Tag::StrSurrogates, bytes.cast::<PyBytes>()?.as_bytes());
            }
        },
        Kind::Bytes => immutable(py, sink, Tag::Bytes, object.cast::<PyBytes>()?.as_bytes()),
        Kind::ByteArray => {
            // A copy: nothing keeps another thread from resizing the original.
            let bytes = object.cast::<PyByteArray>()?.to_vec();
            immutable(py, sink, Tag::ByteArray, &bytes);
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn immutable(py: Python<'_>, sink: &mut Sink, tag: Tag, bytes: &[u8]) {
    if bytes.len() < DETACH_BYTES {
        sink.bytes(tag, bytes);
    } else {
        sink.tag(tag);
        sink.size(bytes.len());
        sink.digest(digest_detached(py, bytes));
    }
}

fn encode_int(sink: &mut Sink, object: &Bound<'_, PyAny>) -> PyResult<()> {
    if let Ok(value) = object.extract::<i64>() {
        sink.int(value);
        return Ok(());
    }
    let py = object.py();
    let digits = intern!(py, "__format__");
    let text = object.call_method1(digits, (intern!(py, "x"),))?;
    sink.bytes(Tag::BigInt, text.cast::<PyString>()?.to_str()?.as_bytes());
    Ok(())
}

/// Start, stop and step of a slice or a range.
pub(super) fn bounds<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyTuple>> {
    let py = object.py();
    let [start, stop, step] = [intern!(py, "start"), intern!(py, "stop"), intern!(py, "step")];
    PyTuple::new(py, [object.getattr(start)?, object.getattr(stop)?, object.getattr(step)?])
}
