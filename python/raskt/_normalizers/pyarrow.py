"""Arrow: values by content, whatever offset, chunks, and bytes under nulls they have in memory."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from raskt.dispatch import Dispatch


def _table(table: Any) -> object:
    return table.schema, list(table.columns) if isinstance(table, pa.Table) else [
        pa.chunked_array([column]) for column in table.columns
    ]


def _chunked(array: pa.ChunkedArray) -> object:
    if array.num_chunks == 1:
        return array.type, _content(array.chunk(0))
    whole = array.combine_chunks()
    if isinstance(
        whole, pa.ChunkedArray
    ):  # more than one array can hold: the chunks are then decided by size
        return array.type, [_content(chunk) for chunk in whole.chunks]
    return array.type, _content(whole)


def _array(array: pa.Array) -> object:
    return array.type, _content(array)


def _content(array: pa.Array) -> object:
    """Return length, which values are null, and the values of an array."""
    nulls = None
    if array.null_count and not pa.types.is_null(array.type):
        nulls = np.packbits(array.is_null().to_numpy(zero_copy_only=False))
    return len(array), nulls, _values(array)


def _values(array: pa.Array) -> object:
    """Return the values of an array, with the same bytes for equal values."""
    kind = array.type
    types = pa.types
    if types.is_null(kind):
        return None
    if isinstance(kind, pa.BaseExtensionType):
        return _content(array.storage)
    if types.is_dictionary(kind):
        return _content(array.indices), _content(array.dictionary)
    if types.is_struct(kind):
        return [_content(field) for field in array.flatten()]
    if types.is_list(kind) or types.is_large_list(kind) or types.is_map(kind):
        return _lengths(array), _content(_flattened(array))
    if types.is_boolean(kind):
        return np.packbits(array.fill_null(False).to_numpy(zero_copy_only=False))
    if types.is_string_view(kind) or types.is_binary_view(kind):
        return _strings(array.cast(pa.large_string() if types.is_string_view(kind) else pa.large_binary()))
    if _is_variable(kind):
        return _strings(array)
    if types.is_primitive(kind) or types.is_decimal(kind) or types.is_fixed_size_binary(kind):
        return _fixed_width(array)
    return _serialized(array)


def _is_variable(kind: pa.DataType) -> bool:
    types = pa.types
    return bool(
        types.is_string(kind)
        or types.is_binary(kind)
        or types.is_large_string(kind)
        or types.is_large_binary(kind)
    )


def _lengths(array: Any) -> object:
    """Return the number of elements of each list, zero for nulls."""
    offsets = np.diff(np.asarray(array.offsets))
    return np.where(np.asarray(array.is_null()), 0, offsets) if array.null_count else offsets


def _flattened(array: Any) -> pa.Array:
    """Return the elements of all lists, without those that belong to nulls."""
    if pa.types.is_map(array.type):
        entries = array.cast(pa.list_(pa.struct([array.type.key_field, array.type.item_field])))
        return entries.flatten()
    return array.flatten()


def _strings(array: pa.Array) -> object:
    """Return the lengths and the bytes of strings."""
    wide = pa.types.is_large_string(array.type) or pa.types.is_large_binary(array.type)
    _, offsets, data = array.buffers()
    if array.null_count and _has_bytes_under_nulls(array, offsets, wide):
        array = pa.array(array.to_pylist(), array.type)
        _, offsets, data = array.buffers()
    if offsets is None or not len(array):
        return None
    dtype = np.dtype(np.int64 if wide else np.int32)
    ends = np.frombuffer(offsets, dtype)[array.offset : array.offset + len(array) + 1]
    payload = b"" if data is None else memoryview(data)[int(ends[0]) : int(ends[-1])]
    return ends - ends[0] if ends[0] else ends, np.frombuffer(payload, np.uint8)


def _has_bytes_under_nulls(array: pa.Array, offsets: pa.Buffer, wide: bool) -> bool:
    ends = np.frombuffer(offsets, np.int64 if wide else np.int32)[
        array.offset : array.offset + len(array) + 1
    ]
    return bool(np.diff(ends)[np.asarray(array.is_null())].any())


def _fixed_width(array: pa.Array) -> object:
    """Return the bytes of values of one width, zero where null."""
    width = array.type.bit_width // 8
    data = array.buffers()[1]
    if data is None or not len(array) or not width:
        return None
    octets = np.frombuffer(data, np.uint8)[array.offset * width : (array.offset + len(array)) * width]
    if not array.null_count:
        return octets
    octets = octets.reshape(-1, width).copy()
    octets[np.asarray(array.is_null())] = 0
    return octets


def _serialized(array: pa.Array) -> object:
    """Return the bytes that Arrow writes to a stream; for unions, list views and run-length encoding."""
    sink = pa.BufferOutputStream()
    batch = pa.record_batch([array], names=["values"])
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue()


def _type(kind: pa.DataType) -> object:
    """Return the name of a type, which has all its parameters unless it contains fields."""
    simple = not kind.num_fields and not isinstance(kind, (pa.BaseExtensionType, pa.DictionaryType))
    return (kind.id, str(kind)) if simple else kind.__reduce__()


def _buffer(buffer: pa.Buffer) -> object:
    return np.frombuffer(buffer, np.uint8)


def register(normalizers: Dispatch) -> None:
    """Register the handlers of this module.

    Parameters
    ----------
    normalizers : Dispatch
        Where to.
    """
    normalizers.register((pa.Table, pa.RecordBatch), _table)
    normalizers.register(pa.ChunkedArray, _chunked)
    normalizers.register(pa.Array, _array)
    normalizers.register(pa.Buffer, _buffer)
    normalizers.register(pa.DataType, _type)
    normalizers.register(pa.KeyValueMetadata, dict)
