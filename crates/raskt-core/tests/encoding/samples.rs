//! One sample of everything that the encoding knows, by name: what golden files hold and mutations start from.

use std::any::Any;
use std::sync::Arc;

use raskt_core::chunk::AxisChunks;
use raskt_core::dtype::TimeUnit;
use raskt_core::encode::{EncodeOptions, encode_canonical, encode_payload};
use raskt_core::{
    Buffer, Chunks, DType, Error, ErrorKind, ForeignDecode, Key, NdArray, Opaque, OwnerId, Param, Payload,
    Result, Sealed, Value,
};

/// A foreign object: a name, and bulk beside it.
#[derive(Debug)]
pub struct Pet {
    pub name: String,
    pub bulk: Vec<Buffer>,
}

impl Opaque for Pet {
    fn runtime(&self) -> &str {
        "pets"
    }

    fn size_bytes(&self) -> u64 {
        self.name.len() as u64
    }

    fn visit_owners(&self, visit: &mut dyn FnMut(OwnerId, u64)) {
        for buffer in &self.bulk {
            let (owner, bytes) = buffer.accounted();
            visit(owner, bytes);
        }
    }

    fn encode(&self) -> Result<Payload> {
        if self.name == "cat" {
            return Err(ErrorKind::NotEncodable("a cat does not go into the basket".into()).into());
        }
        Ok(Payload { header: self.name.clone().into_bytes(), buffers: self.bulk.clone() })
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Reads pets.
pub struct Pets;

impl ForeignDecode for Pets {
    fn decode(&self, sealed: Sealed) -> Result<Value> {
        let runtime = sealed.runtime().to_owned();
        let payload = sealed.into_payload();
        let name = String::from_utf8(payload.header).ok().filter(|_| runtime == "pets");
        let name = name.ok_or_else(|| Error::new(ErrorKind::Corrupt(format!("no pet of {runtime}"))))?;
        Ok(pet(&name, payload.buffers))
    }
}

pub fn pet(name: &str, bulk: Vec<Buffer>) -> Value {
    Value::Opaque(Arc::new(Pet { name: name.into(), bulk }))
}

pub type Named<T> = Vec<(&'static str, T)>;

pub fn dtypes() -> Named<DType> {
    let names = [
        "bool",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "float32",
        "float64",
        "complex64",
        "complex128",
    ];
    let units = [
        ("datetime_day", TimeUnit::Day),
        ("datetime_hour", TimeUnit::Hour),
        ("datetime_minute", TimeUnit::Minute),
        ("datetime_second", TimeUnit::Second),
        ("datetime_millisecond", TimeUnit::Millisecond),
        ("datetime_microsecond", TimeUnit::Microsecond),
        ("datetime_nanosecond", TimeUnit::Nanosecond),
    ];
    let native = names.into_iter().map(|name| (name, DType::parse(name).unwrap()));
    let times = units.into_iter().map(|(name, unit)| (name, DType::Datetime(unit)));
    let others = [
        ("timedelta", DType::Timedelta(TimeUnit::Nanosecond)),
        ("foreign", DType::Foreign("<U8".into())),
        ("unknown", DType::Unknown),
    ];
    native.chain(times).chain(others).collect()
}

pub fn arrays() -> Named<NdArray> {
    let dense = NdArray::from_f64(&[2, 3], &[0.0, -0.0, f64::NAN, 3.5, f64::INFINITY, 1e-300]).unwrap();
    let source = dense.buffer().clone();
    let days = Buffer::from(bytemuck::cast_slice::<i64, u8>(&[0, 19_000, i64::MIN]));
    vec![
        ("dense", dense.clone()),
        ("transposed", NdArray::strided(DType::Float64, &[3, 2], &[8, 24], 0, source.clone()).unwrap()),
        ("broadcast", NdArray::strided(DType::Float64, &[4], &[0], 24, source.clone()).unwrap()),
        ("lone", NdArray::from_f64(&[], &[2.5]).unwrap()),
        ("empty", NdArray::from_f64(&[0, 5], &[]).unwrap()),
        ("bytes", NdArray::contiguous(DType::UInt8, &[3], vec![1, 2, 3].into()).unwrap()),
        ("times", NdArray::contiguous(DType::Datetime(TimeUnit::Day), &[3], days).unwrap()),
    ]
}

pub fn values() -> Named<Value> {
    let nested = Value::from(vec![Value::Unit, Value::from(vec![Value::from("deep"), Value::Int(-1)])]);
    vec![
        ("unit", Value::Unit),
        ("false", Value::Bool(false)),
        ("true", Value::Bool(true)),
        ("zero", Value::Int(0)),
        ("minus_one", Value::Int(-1)),
        ("int_max", Value::Int(i64::MAX)),
        ("int_min", Value::Int(i64::MIN)),
        ("float", Value::Float(1.5)),
        ("minus_zero", Value::Float(-0.0)),
        ("nan", Value::Float(f64::NAN)),
        ("text", Value::from("blåbær")),
        ("empty_text", Value::from("")),
        ("bytes", Buffer::from(&b"\x00\xff"[..]).into()),
        ("long_bytes", Buffer::from(vec![7; 200]).into()),
        ("empty_list", Value::from(Vec::new())),
        ("nested", nested),
        ("array", arrays().swap_remove(0).1.into()),
    ]
}

pub fn params() -> Named<Param> {
    let list = Param::List(vec![Param::Int(1), Param::Float(1.0), Param::Bool(true)].into());
    vec![
        ("null", Param::Null),
        ("false", Param::Bool(false)),
        ("true", Param::Bool(true)),
        ("int", Param::Int(-300)),
        ("float", Param::Float(0.1)),
        ("text", Param::Str("axis".into())),
        ("bytes", Param::Bytes(Arc::from(&b"raw"[..]))),
        ("list", list.clone()),
        ("map", Param::map([("keepdims", Param::Bool(true)), ("axis", list)])),
        ("value", Param::Value(Value::Int(1))),
        ("array", Param::Value(arrays().swap_remove(5).1.into())),
    ]
}

pub fn keys() -> Named<Key> {
    vec![
        ("lone", Key::named("total")),
        ("block", Key::block("x", &[0, 300, u32::MAX])),
        ("output", Key::named("divmod").with_output(1)),
        ("empty", Key::named("")),
    ]
}

pub fn chunks() -> Named<Chunks> {
    let even = AxisChunks::uniform(1_000_000_001, 1000).unwrap();
    let uneven = AxisChunks::from_runs([(Some(3), 2), (None, 1), (Some(0), 1)]).unwrap();
    vec![("lone", Chunks::new([]).unwrap()), ("grid", Chunks::new([even, uneven]).unwrap())]
}

pub fn errors() -> Named<Error> {
    let kinds = vec![
        ("cycle", ErrorKind::Cycle(vec!["a".into(), "b".into(), "a".into()])),
        ("missing_key", ErrorKind::MissingKey { key: "a".into(), path: vec!["b".into()] }),
        ("key_clash", ErrorKind::KeyClash("a".into())),
        ("invalid_graph", ErrorKind::InvalidGraph("no".into())),
        ("unknown_body", ErrorKind::UnknownBody("f".into())),
        ("wrong_type", ErrorKind::WrongType { expected: "float64", found: "int8".into() }),
        ("shape_mismatch", ErrorKind::ShapeMismatch { left: vec![2, 3], right: vec![] }),
        ("out_of_bounds", ErrorKind::OutOfBounds { index: -7, axis: 1, size: 5 }),
        ("invalid_value", ErrorKind::InvalidValue("no".into())),
        ("corrupt", ErrorKind::Corrupt("no".into())),
        ("damaged", ErrorKind::Damaged { file: "/x".into(), offset: 1 << 40, what: "no".into() }),
        ("not_encodable", ErrorKind::NotEncodable("no".into())),
        ("io", ErrorKind::Io { path: "/x".into(), reason: "gone".into() }),
        ("system", ErrorKind::System { what: "a thread".into(), reason: "no".into() }),
        ("disk_full", ErrorKind::DiskFull { path: "/x".into(), needed_bytes: 1 << 40 }),
        ("out_of_memory", ErrorKind::OutOfMemory { needed_bytes: 1 << 50 }),
        ("raised", ErrorKind::Raised),
        ("panicked", ErrorKind::Panicked("at the disco".into())),
        ("worker_died", ErrorKind::WorkerDied { pid: 4242, status: "signal 9".into() }),
        ("cancelled", ErrorKind::Cancelled),
        ("not_implemented", ErrorKind::NotImplemented("no".into())),
        ("unknown_column", ErrorKind::UnknownColumn("no".into())),
        ("unparsable", ErrorKind::Unparsable { what: "no".into(), is_empty: true }),
        ("repeated_keys", ErrorKind::RepeatedKeys("no".into())),
        ("floating_point", ErrorKind::FloatingPoint("overflow encountered in add".into())),
        ("many", ErrorKind::Many(vec![ErrorKind::Cancelled.into(), ErrorKind::Raised.into()])),
    ];
    let in_task = Error::new(ErrorKind::Raised).in_task(Key::block("x", &[3]), "inc");
    kinds.into_iter().map(|(name, kind)| (name, kind.into())).chain([("in_task", in_task)]).collect()
}

/// The golden files by name: the canonical bytes of every sample.
pub fn canonical() -> Vec<(&'static str, Named<Vec<u8>>)> {
    fn bytes<T: raskt_core::encode::Encode>(samples: Named<T>) -> Named<Vec<u8>> {
        samples.into_iter().map(|(name, sample)| (name, encode_canonical(&sample).unwrap())).collect()
    }
    vec![
        ("array", bytes(arrays())),
        ("chunks", bytes(chunks())),
        ("dtype", bytes(dtypes())),
        ("error", bytes(errors())),
        ("key", bytes(keys())),
        ("param", bytes(params())),
        ("value", bytes(values())),
    ]
}

/// Payloads with buffers beside them and foreign objects within.
pub fn payloads() -> Named<Payload> {
    let options = EncodeOptions { out_of_band_min_bytes: 64, ..EncodeOptions::default() };
    let payload = |value: &Value| encode_payload(value, &options).unwrap();
    let (large, small) = (Buffer::from(vec![9; 64]), Buffer::from(vec![9; 63]));
    vec![
        ("buffers", payload(&vec![large.clone().into(), small.clone().into(), large.clone().into()].into())),
        ("foreign", payload(&pet("dog", vec![large.clone(), small]))),
        ("nested", payload(&vec![pet("hen", vec![]), pet("ox", vec![large.clone()]), large.into()].into())),
    ]
}
