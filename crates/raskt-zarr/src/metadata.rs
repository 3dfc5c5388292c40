//! What metadata says: `zarr.json` of format 3, `.zarray` of format 2.

use std::path::Path;

use raskt_core::dtype::TimeUnit;
use raskt_core::{DType, ErrorKind, Fit, Result};
use serde_json::{Map, Value as Json};

use crate::blosc::{self, Blosc, Shuffle};
use crate::codec::{Codecs, Packing};
use crate::fill::Fill;
use crate::layout::{Keys, Layout};
use crate::pipeline::{Kind, Pipeline};
use crate::shard::{IndexPlace, Shard};

/// What users have said of an array, which has nothing to do with its elements.
const SAID_BY_USERS: [&str; 3] = ["attributes", "consolidated_metadata", "dimension_names"];
/// No array has as many bytes in a chunk.
const CHUNK_BYTES_MAX: u64 = 1 << 46;

/// What is wrong with metadata: what is not known here, or what none has.
enum Wrong {
    Unknown(String),
    Damaged(String),
}

type Read<T> = std::result::Result<T, Wrong>;

fn unknown<T>(what: impl Into<String>) -> Read<T> {
    Err(Wrong::Unknown(what.into()))
}

fn damaged<T>(what: impl Into<String>) -> Read<T> {
    Err(Wrong::Damaged(what.into()))
}

pub(crate) fn essence(text: &str) -> Result<String> {
    let mut all = object(text).map_err(|wrong| error(Path::new("metadata"), wrong))?;
    all.retain(|name, _| !SAID_BY_USERS.contains(&name.as_str()));
    Ok(Json::Object(all).to_string())
}

pub(crate) fn parse(folder: &Path, text: &str) -> Result<Layout> {
    let read = || -> Read<Layout> {
        let all = object(text)?;
        match all.get("zarr_format").and_then(Json::as_u64) {
            Some(3) => format_3(folder, &all),
            Some(2) => format_2(folder, &all),
            other => unknown(format!("format {other:?}")),
        }
    };
    read().map_err(|wrong| error(folder, wrong))
}

fn error(folder: &Path, wrong: Wrong) -> raskt_core::Error {
    let file = folder.display().to_string();
    match wrong {
        Wrong::Unknown(what) => ErrorKind::NotImplemented(format!(
            "{file}: {what} of zarr's is not read here: zarr's Python library, by `raskt.array.from_zarr`, reads it"
        )),
        Wrong::Damaged(what) => ErrorKind::Damaged { file, offset: 0, what: format!("metadata with {what}") },
    }
    .into()
}

fn object(text: &str) -> Read<Map<String, Json>> {
    match serde_json::from_str(text) {
        Ok(Json::Object(all)) => Ok(all),
        Ok(other) => damaged(format!("no object: {other}")),
        Err(error) => damaged(format!("{error}")),
    }
}

fn get<'j>(all: &'j Map<String, Json>, name: &str) -> Read<&'j Json> {
    all.get(name).map_or_else(|| damaged(format!("no {name}")), Ok)
}

fn numbers(said: &Json) -> Read<Vec<u64>> {
    let all: Option<Vec<u64>> = said.as_array().and_then(|all| all.iter().map(Json::as_u64).collect());
    all.map_or_else(|| damaged(format!("{said} for lengths")), Ok)
}

/// The lengths of chunks of an array, or of a shard.
fn unit(said: &Json, n_axes: usize, item: usize) -> Read<Vec<usize>> {
    let all = numbers(said)?;
    let n_bytes = all.iter().try_fold(item as u64, |n, &own| n.checked_mul(own));
    if all.len() != n_axes || all.contains(&0) || n_bytes.is_none_or(|n| n > CHUNK_BYTES_MAX) {
        return unknown(format!("a chunk of {all:?} elements"));
    }
    Ok(all.into_iter().map(|n| n.fit::<usize>()).collect())
}

/// The name of an extension, and what is said of it.
fn named(said: &Json) -> Read<(&str, &Map<String, Json>)> {
    static NOTHING: std::sync::LazyLock<Map<String, Json>> = std::sync::LazyLock::new(Map::new);
    if let Some(name) = said.as_str() {
        return Ok((name, &NOTHING));
    }
    let name = said.get("name").and_then(Json::as_str);
    let Some(name) = name else { return damaged(format!("{said} for a name")) };
    let more = said.get("configuration").and_then(Json::as_object);
    Ok((name, more.unwrap_or(&NOTHING)))
}

fn separator(said: Option<&Json>, usual: char) -> Read<char> {
    match said.map(|said| said.as_str()) {
        None => Ok(usual),
        Some(Some("/")) => Ok('/'),
        Some(Some(".")) => Ok('.'),
        Some(_) => unknown(format!("the separator {said:?}")),
    }
}

fn format_3(folder: &Path, all: &Map<String, Json>) -> Read<Layout> {
    if get(all, "node_type")?.as_str() != Some("array") {
        return unknown(format!("a node of type {}", get(all, "node_type")?));
    }
    if all.get("storage_transformers").and_then(Json::as_array).is_some_and(|own| !own.is_empty()) {
        return unknown("a storage transformer");
    }
    let dtype = dtype_3(get(all, "data_type")?)?;
    let item = dtype.item_bytes().unwrap_or(1);
    let shape = numbers(get(all, "shape")?)?;
    let grid = match named(get(all, "chunk_grid")?)? {
        ("regular", more) => get(more, "chunk_shape")?,
        (other, _) => return unknown(format!("the chunk grid {other}")),
    };
    let keys = match named(get(all, "chunk_key_encoding")?)? {
        ("default", more) => Keys { has_prefix: true, separator: separator(more.get("separator"), '/')? },
        ("v2", more) => Keys { has_prefix: false, separator: separator(more.get("separator"), '.')? },
        (other, _) => return unknown(format!("the chunk key encoding {other}")),
    };
    let codecs = get(all, "codecs")?;
    let pipeline = pipeline(codecs, unit(grid, shape.len(), item)?, &dtype)?;
    let said = get(all, "fill_value")?;
    let Some(fill) = Fill::parse(&dtype, said) else { return unknown(format!("the fill value {said}")) };
    Ok(Layout { folder: folder.to_owned(), dtype, shape, keys, pipeline, fill })
}

fn dtype_3(said: &Json) -> Read<DType> {
    let (name, more) = named(said)?;
    let time = || -> Option<TimeUnit> {
        let is_whole = more.get("scale_factor").is_none_or(|scale| scale.as_u64() == Some(1));
        TimeUnit::from_code(more.get("unit")?.as_str()?).filter(|_| is_whole)
    };
    let found = match name {
        "numpy.datetime64" => time().map(DType::Datetime),
        "numpy.timedelta64" => time().map(DType::Timedelta),
        name => DType::NATIVE.into_iter().find(|own| own.to_string() == name),
    };
    found.map_or_else(|| unknown(format!("the data type {said}")), Ok)
}

/// The bytes of the numbers that elements are made of.
fn number_bytes(dtype: &DType) -> usize {
    let item = dtype.item_bytes().unwrap_or(1);
    if matches!(dtype, DType::Complex64 | DType::Complex128) { item / 2 } else { item }
}

/// The numbers whose bytes have to be turned around, where they are stored in this order.
fn swapped(is_big_endian: bool, dtype: &DType) -> Option<usize> {
    let n = number_bytes(dtype);
    (n > 1 && is_big_endian != cfg!(target_endian = "big")).then_some(n)
}

fn is_big_endian(more: &Map<String, Json>) -> Read<bool> {
    match more.get("endian").and_then(Json::as_str) {
        None | Some("little") => Ok(false),
        Some("big") => Ok(true),
        Some(other) => unknown(format!("the byte order {other}")),
    }
}

/// The codecs of format 3 for chunks of these lengths.
fn pipeline(said: &Json, shape: Vec<usize>, dtype: &DType) -> Read<Pipeline> {
    let Some(all) = said.as_array() else { return damaged(format!("{said} for codecs")) };
    let item = dtype.item_bytes().unwrap_or(1);
    let mut order: Vec<usize> = (0..shape.len()).collect();
    let mut rest = all.iter();
    let kind = loop {
        let Some(codec) = rest.next() else { return damaged("no codec that makes bytes") };
        match named(codec)? {
            ("transpose", more) => order = transposed(&order, get(more, "order")?)?,
            ("bytes", more) => {
                if number_bytes(dtype) > 1 && !more.contains_key("endian") {
                    return damaged("numbers of no byte order");
                }
                let swapped = swapped(is_big_endian(more)?, dtype);
                break Kind::Elements { swapped, codecs: byte_codecs(rest.as_slice())? };
            }
            ("sharding_indexed", more) => {
                if rest.len() > 0 || !order.is_sorted() {
                    return unknown("a codec around shards");
                }
                break Kind::Shard(Box::new(shard(more, &shape, dtype)?));
            }
            (other, _) => return unknown(format!("the codec {other}")),
        }
    };
    Ok(Pipeline { shape, item, order, kind })
}

fn transposed(before: &[usize], said: &Json) -> Read<Vec<usize>> {
    let wrong = || Wrong::Unknown(format!("the order {said}"));
    let order = numbers(said).map_err(|_| wrong())?;
    let all: Option<Vec<usize>> = order.iter().map(|&at| before.get(at.fit::<usize>()).copied()).collect();
    let mut sorted = order.clone();
    sorted.sort_unstable();
    let is_order = sorted.iter().copied().eq(0..before.len() as u64);
    all.filter(|_| is_order).ok_or_else(wrong)
}

fn shard(more: &Map<String, Json>, shape: &[usize], dtype: &DType) -> Read<Shard> {
    let inner = unit(get(more, "chunk_shape")?, shape.len(), dtype.item_bytes().unwrap_or(1))?;
    if shape.iter().zip(&inner).any(|(n, inner)| n % inner != 0) {
        return damaged(format!("chunks of {inner:?} in shards of {shape:?}"));
    }
    let place = match more.get("index_location").map(Json::as_str) {
        None | Some(Some("end")) => IndexPlace::End,
        Some(Some("start")) => IndexPlace::Start,
        Some(_) => return unknown(format!("the index location {:?}", more.get("index_location"))),
    };
    let index = get(more, "index_codecs")?;
    let (is_big_endian, codecs) = match index.as_array().map(Vec::as_slice) {
        Some([first, rest @ ..]) => match named(first)? {
            ("bytes", more) => (is_big_endian(more)?, byte_codecs(rest)?),
            (other, _) => return unknown(format!("the codec {other} of an index")),
        },
        _ => return damaged(format!("{index} for codecs of an index")),
    };
    if codecs.packing.is_some() {
        return unknown("an index that is compressed");
    }
    Ok(Shard { inner: pipeline(get(more, "codecs")?, inner, dtype)?, place, is_big_endian, codecs })
}

/// Codecs of format 3 that turn bytes into bytes.
fn byte_codecs(all: &[Json]) -> Read<Codecs> {
    let mut codecs = Codecs::default();
    for codec in all {
        let (name, more) = named(codec)?;
        let packing = match name {
            "crc32c" if codecs.packing.is_none() => {
                codecs.n_checksums_inside += 1;
                continue;
            }
            "crc32c" => {
                codecs.n_checksums_outside += 1;
                continue;
            }
            "zstd" => zstd(more)?,
            "gzip" => Packing::Gzip { level: level(more)? },
            "blosc" => {
                let shuffle = match more.get("shuffle").and_then(Json::as_str) {
                    Some("noshuffle") => Shuffle::No,
                    Some("shuffle") => Shuffle::Bytes,
                    Some("bitshuffle") => Shuffle::Bits,
                    _ => return unknown(format!("the codec {codec}")),
                };
                let Some(item) = more.get("typesize").and_then(Json::as_u64).filter(|n| (1..256).contains(n))
                else {
                    return unknown(format!("the codec {codec}"));
                };
                Packing::Blosc(blosc_of(more, shuffle, item.fit::<usize>())?)
            }
            other => return unknown(format!("the codec {other}")),
        };
        if codecs.packing.replace(packing).is_some() {
            return unknown("a compression of what is compressed");
        }
    }
    Ok(codecs)
}

fn level(more: &Map<String, Json>) -> Read<u32> {
    let found = more.get("level").and_then(Json::as_u64).filter(|&n| n <= 9);
    found.map_or_else(|| unknown(format!("the level {:?}", more.get("level"))), |n| Ok(n.fit::<u32>()))
}

fn zstd(more: &Map<String, Json>) -> Read<Packing> {
    let level = more.get("level").map_or(Some(0), Json::as_i64).and_then(|n| i32::try_from(n).ok());
    let Some(level) = level.filter(|n| (-131_072..=22).contains(n)) else {
        return unknown(format!("the level {:?}", more.get("level")));
    };
    let checksum = more.get("checksum").and_then(Json::as_bool).unwrap_or(false);
    Ok(Packing::Zstd { level, checksum })
}

fn blosc_of(more: &Map<String, Json>, shuffle: Shuffle, type_bytes: usize) -> Read<Blosc> {
    let wrong = || Wrong::Unknown(format!("the blosc codec {more:?}"));
    let name = more.get("cname").and_then(Json::as_str).unwrap_or_default();
    let level =
        more.get("clevel").and_then(Json::as_i64).filter(|n| (0..=9).contains(n)).ok_or_else(wrong)?;
    let block =
        more.get("blocksize").map_or(Some(0), Json::as_u64).filter(|&n| n < 1 << 30).ok_or_else(wrong)?;
    Ok(Blosc {
        compressor: blosc::compressor(name).ok_or_else(wrong)?,
        level: level.fit::<i32>(),
        shuffle,
        type_bytes,
        block_bytes: block.fit::<usize>(),
    })
}

fn format_2(folder: &Path, all: &Map<String, Json>) -> Read<Layout> {
    let dtype = dtype_2(get(all, "dtype")?)?;
    let item = dtype.item_bytes().unwrap_or(1);
    let shape = numbers(get(all, "shape")?)?;
    let chunk = unit(get(all, "chunks")?, shape.len(), item)?;
    if all
        .get("filters")
        .is_some_and(|own| !own.is_null() && own.as_array().is_none_or(|own| !own.is_empty()))
    {
        return unknown("a filter");
    }
    let packing = match get(all, "compressor")? {
        Json::Null => None,
        said => Some(packing_2(said, item)?),
    };
    let n_axes = shape.len();
    let order = match get(all, "order")?.as_str() {
        Some("C") => (0..n_axes).collect(),
        Some("F") => (0..n_axes).rev().collect(),
        _ => return unknown("an order that is neither C nor F"),
    };
    let kind = Kind::Elements { swapped: None, codecs: Codecs { packing, ..Codecs::default() } };
    let keys = Keys { has_prefix: false, separator: separator(all.get("dimension_separator"), '.')? };
    let is_time = matches!(dtype, DType::Datetime(_) | DType::Timedelta(_));
    let fill = match get(all, "fill_value")? {
        Json::Null if !is_time => Fill::zero(&dtype),
        said => Fill::parse(&dtype, said),
    };
    let Some(fill) = fill else { return unknown(format!("the fill value {}", get(all, "fill_value")?)) };
    let pipeline = Pipeline { shape: chunk, item, order, kind };
    Ok(Layout { folder: folder.to_owned(), dtype, shape, keys, pipeline, fill })
}

/// The codes that NumPy has for dtypes, without the byte order.
const CODES: [(&str, DType); 13] = [
    ("b1", DType::Bool),
    ("i1", DType::Int8),
    ("i2", DType::Int16),
    ("i4", DType::Int32),
    ("i8", DType::Int64),
    ("u1", DType::UInt8),
    ("u2", DType::UInt16),
    ("u4", DType::UInt32),
    ("u8", DType::UInt64),
    ("f4", DType::Float32),
    ("f8", DType::Float64),
    ("c8", DType::Complex64),
    ("c16", DType::Complex128),
];

fn dtype_2(said: &Json) -> Read<DType> {
    let own = if cfg!(target_endian = "big") { '>' } else { '<' };
    let found = said.as_str().and_then(|text| {
        let code = text.strip_prefix([own, '|'])?;
        let unit = |prefix: &str| TimeUnit::from_code(code.strip_prefix(prefix)?.strip_suffix(']')?);
        let plain = CODES.iter().find(|(name, _)| *name == code).map(|(_, dtype)| dtype.clone());
        // One byte has no order, and a number of more must have one.
        plain
            .filter(|dtype| dtype.item_bytes() == Some(1) || text.starts_with(own))
            .or_else(|| unit("M8[").map(DType::Datetime))
            .or_else(|| unit("m8[").map(DType::Timedelta))
    });
    found.map_or_else(|| unknown(format!("the dtype {said}")), Ok)
}

fn packing_2(said: &Json, item: usize) -> Read<Packing> {
    let Some(more) = said.as_object() else { return damaged(format!("{said} for a compressor")) };
    match more.get("id").and_then(Json::as_str) {
        Some("zstd") => zstd(more),
        Some("gzip") => Ok(Packing::Gzip { level: level(more)? }),
        Some("zlib") => Ok(Packing::Zlib { level: level(more)? }),
        Some("blosc") => {
            let shuffle = match more.get("shuffle").and_then(Json::as_i64) {
                Some(0) => Shuffle::No,
                Some(1) => Shuffle::Bytes,
                Some(2) => Shuffle::Bits,
                Some(-1) if item == 1 => Shuffle::Bits,
                Some(-1) => Shuffle::Bytes,
                _ => return unknown(format!("the compressor {said}")),
            };
            let item = match more.get("typesize") {
                None | Some(Json::Null) => Some(item as u64),
                Some(said) => said.as_u64().filter(|n| (1..256).contains(n)),
            };
            let Some(item) = item else { return unknown(format!("the compressor {said}")) };
            Ok(Packing::Blosc(blosc_of(more, shuffle, item.fit::<usize>())?))
        }
        _ => unknown(format!("the compressor {said}")),
    }
}
