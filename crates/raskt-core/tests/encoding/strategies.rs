//! Random values of everything that is encoded.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use raskt_core::{Buffer, DType, Error, ErrorKind, Key, NdArray, Param, Value};

use crate::samples;

pub fn dtype() -> impl Strategy<Value = DType> {
    let known = samples::dtypes().into_iter().map(|(_, dtype)| dtype).collect::<Vec<_>>();
    prop_oneof![select(known), "[a-z<>0-9]{0,8}".prop_map(|name| DType::Foreign(name.into()))]
}

fn sized_dtype() -> impl Strategy<Value = DType> {
    dtype().prop_filter("fixed size", |dtype| dtype.item_bytes().is_some())
}

/// Dense arrays, and every axis of some walked backwards.
pub fn array() -> impl Strategy<Value = NdArray> {
    (sized_dtype(), vec(0u64..4, 0..4), any::<u8>(), any::<bool>()).prop_map(
        |(dtype, shape, seed, reversed)| {
            let item = dtype.item_bytes().unwrap();
            let n_bytes = shape.iter().product::<u64>() as usize * item;
            let bytes: Vec<u8> =
                (0..n_bytes).map(|at| (at as u8).wrapping_mul(31).wrapping_add(seed)).collect();
            let dense = NdArray::contiguous(dtype.clone(), &shape, bytes.into()).unwrap();
            if !reversed || n_bytes == 0 {
                return dense;
            }
            let strides: Vec<i64> = dense.strides().iter().map(|stride| -stride).collect();
            let buffer = dense.buffer().clone();
            NdArray::strided(dtype, &shape, &strides, n_bytes - item, buffer).unwrap()
        },
    )
}

pub fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Unit),
        any::<bool>().prop_map(Value::Bool),
        prop_oneof![-3i64..3, any::<i64>()].prop_map(Value::Int),
        prop_oneof![select(vec![0.0, -0.0, 1.0, f64::NAN]), any::<f64>()].prop_map(Value::Float),
        ".{0,6}".prop_map(|text| Value::from(text.as_str())),
        vec(any::<u8>(), 0..40).prop_map(|bytes| Buffer::from(bytes).into()),
        array().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |item| vec(item, 0..4).prop_map(Value::from))
}

pub fn param() -> impl Strategy<Value = Param> {
    let leaf = prop_oneof![
        Just(Param::Null),
        any::<bool>().prop_map(Param::Bool),
        prop_oneof![-3i64..3, any::<i64>()].prop_map(Param::Int),
        any::<f64>().prop_map(Param::Float),
        ".{0,6}".prop_map(|text| Param::Str(text.into())),
        vec(any::<u8>(), 0..8).prop_map(|bytes| Param::Bytes(bytes.into())),
        value().prop_map(Param::Value),
    ];
    leaf.prop_recursive(3, 16, 4, |item| {
        prop_oneof![
            vec(item.clone(), 0..4).prop_map(|items| Param::List(items.into())),
            vec(("[a-c]{0,2}", item), 0..4).prop_map(|entries| {
                Param::map(entries.iter().map(|(name, item)| (name.as_str(), item.clone())))
            }),
        ]
    })
}

pub fn key() -> impl Strategy<Value = Key> {
    (".{0,6}", vec(any::<u32>(), 0..6), any::<u16>())
        .prop_map(|(name, block, output)| Key::block(name.as_str(), &block).with_output(output))
}

pub fn error() -> impl Strategy<Value = Error> {
    let known = samples::errors().into_iter().map(|(_, error)| error).collect::<Vec<_>>();
    let leaf =
        (select(known), proptest::option::of((key(), "[a-z]{0,5}"))).prop_map(|(error, task)| match task {
            Some((key, function)) => error.in_task(key, function),
            None => error,
        });
    leaf.prop_recursive(3, 8, 3, |item| vec(item, 0..3).prop_map(|errors| ErrorKind::Many(errors).into()))
}
