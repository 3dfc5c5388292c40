//! New arrays, of format 3.

use std::path::Path;

use raskt_core::{DType, ErrorKind, Result};
use serde_json::{Value as Json, json};

use crate::fault::Fault;
use crate::file;
use crate::layout::Layout;

/// How chunks of a new array are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compressor {
    /// Not at all.
    None,
    /// By zstd, at a level of its own (0 is its usual one).
    Zstd(i32),
    /// By blosc: bytes shuffled, then LZ4, at a level from 0 to 9.
    BloscLz4(u8),
    /// By gzip, at a level from 0 to 9.
    Gzip(u8),
}

/// What a new array is.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Creation {
    /// The type of the elements; what nobody has written is zero.
    pub dtype: DType,
    /// The length along each axis.
    pub shape: Vec<u64>,
    /// The lengths of chunks.
    pub chunks: Vec<u64>,
    /// The lengths of shards, multiples of those of chunks; `None`: every chunk has a file of its own.
    pub shards: Option<Vec<u64>>,
    /// How chunks are compressed.
    pub compressor: Compressor,
}

impl Creation {
    /// An array of such elements, compressed as zarr's Python library does where it is told nothing.
    #[must_use]
    pub fn new(dtype: DType, shape: &[u64], chunks: &[u64]) -> Self {
        let (shape, chunks) = (shape.to_vec(), chunks.to_vec());
        Self { dtype, shape, chunks, shards: None, compressor: Compressor::Zstd(0) }
    }
}

/// Makes an array in `folder`: writes its metadata, in the place of what is there.
///
/// # Errors
/// [`ErrorKind::NotImplemented`] for elements that are no numbers; as [`Layout::new`] for lengths that no array has;
/// [`ErrorKind::System`] where it cannot be written.
pub fn create(folder: &Path, creation: &Creation) -> Result<Layout> {
    let Creation { dtype, shape, chunks, shards, compressor } = creation;
    if !DType::NATIVE.contains(dtype) {
        return Err(ErrorKind::NotImplemented(format!("elements of {dtype} in a new zarr array")).into());
    }
    let item = dtype.item_bytes().unwrap_or(1);
    let packing = match *compressor {
        Compressor::None => None,
        Compressor::Zstd(level) => {
            Some(json!({"name": "zstd", "configuration": {"level": level, "checksum": false}}))
        }
        Compressor::BloscLz4(level) => Some(json!({"name": "blosc", "configuration": {
            "cname": "lz4", "clevel": level, "shuffle": "shuffle", "typesize": item, "blocksize": 0}})),
        Compressor::Gzip(level) => Some(json!({"name": "gzip", "configuration": {"level": level}})),
    };
    let plain = json!({"name": "bytes", "configuration": {"endian": "little"}});
    let codecs: Vec<Json> = std::iter::once(plain.clone()).chain(packing).collect();
    let (unit, codecs) = match shards {
        None => (chunks, codecs),
        Some(shards) => {
            let index = json!([plain, {"name": "crc32c"}]);
            let inner = json!({"chunk_shape": chunks, "codecs": codecs, "index_codecs": index,
                "index_location": "end"});
            (shards, vec![json!({"name": "sharding_indexed", "configuration": inner})])
        }
    };
    let fill = match dtype {
        DType::Bool => json!(false),
        DType::Float32 | DType::Float64 => json!(0.0),
        DType::Complex64 | DType::Complex128 => json!([0.0, 0.0]),
        _ => json!(0),
    };
    let all = json!({
        "zarr_format": 3,
        "node_type": "array",
        "shape": shape,
        "data_type": dtype.to_string(),
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": unit}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": fill,
        "codecs": codecs,
        "attributes": {},
        "storage_transformers": [],
    });
    let text = all.to_string();
    let layout = Layout::new(folder, &text)?;
    let path = folder.join("zarr.json");
    file::written(&path, text.as_bytes()).map_err(|fault: Fault| fault.of(&path))?;
    Ok(layout)
}
