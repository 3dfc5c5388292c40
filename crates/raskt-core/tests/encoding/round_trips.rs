//! What is written is read back, and bytes are equal exactly where values are.

use std::collections::BTreeMap;
use std::fmt::Debug;

use proptest::prelude::*;
use raskt_core::encode::{
    Decode, Encode, EncodeOptions, Limits, decode_canonical, decode_payload, encode_canonical, encode_payload,
};
use raskt_core::opaque::NoForeign;
use raskt_core::{Buffer, Error, ErrorKind, Key, NdArray, Param, Result, Token, Value};

use crate::samples;
use crate::strategies::{array, dtype, error, key, param, value};

/// In band, out of band, and cut short.
fn check<T: Encode + Decode + PartialEq + Debug>(given: &T, out_of_band_min_bytes: usize) {
    let limits = Limits::default();
    let bytes = encode_canonical(given).unwrap();
    assert_eq!(&decode_canonical::<T>(&bytes, &limits).unwrap(), given);
    for end in 0..bytes.len() {
        let error = decode_canonical::<T>(&bytes[..end], &limits).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Corrupt(_)), "{end}: {error}");
    }
    let options = EncodeOptions { out_of_band_min_bytes, ..EncodeOptions::default() };
    let payload = encode_payload(given, &options).unwrap();
    assert!(payload.size_bytes() <= bytes.len() as u64);
    assert_eq!(&decode_payload::<T>(payload, &NoForeign, &limits).unwrap(), given);
}

proptest! {
    #[test]
    fn values_come_back(value in value(), min_bytes in 0usize..64) {
        check(&value, min_bytes);
    }

    #[test]
    fn arrays_come_back(array in array(), min_bytes in 0usize..64) {
        check(&array, min_bytes);
    }

    #[test]
    fn parameters_come_back(param in param(), min_bytes in 0usize..64) {
        check(&param, min_bytes);
    }

    #[test]
    fn keys_and_dtypes_come_back(key in key(), dtype in dtype()) {
        check(&key, 0);
        check(&dtype, 0);
    }

    #[test]
    fn errors_come_back_with_task_and_function(error in error()) {
        check(&error, 0);
        let bytes = encode_canonical(&error).unwrap();
        let found: Error = decode_canonical(&bytes, &Limits::default()).unwrap();
        prop_assert_eq!(found.function(), error.function());
        prop_assert_eq!(found.to_string(), error.to_string());
    }

    #[test]
    fn bytes_and_tokens_are_equal_exactly_where_values_are(a in value(), b in value()) {
        let equal = a == b;
        prop_assert_eq!(encode_canonical(&a).unwrap() == encode_canonical(&b).unwrap(), equal);
        prop_assert_eq!(Token::of(&a).unwrap() == Token::of(&b).unwrap(), equal);
    }

    #[test]
    fn bytes_are_equal_exactly_where_parameters_are(a in param(), b in param()) {
        prop_assert_eq!(encode_canonical(&a).unwrap() == encode_canonical(&b).unwrap(), a == b);
    }

    #[test]
    fn integers_of_all_sizes_come_back(a in any::<u64>(), b in any::<i64>(), shift in 0u32..64) {
        check(&(a >> shift, b >> shift), 0);
        check(&((a >> shift) as u32, (b >> shift) as i16, a as u8, a as i8), 0);
        check(&(u128::from(a) << shift, a as usize, a as f32), 0);
    }
}

#[test]
fn samples_of_one_type_have_bytes_of_their_own() {
    for (file, samples) in samples::canonical() {
        let mut bytes: Vec<_> = samples.iter().map(|(_, bytes)| bytes).collect();
        bytes.sort();
        bytes.dedup();
        assert_eq!(bytes.len(), samples.len(), "{file}");
    }
}

#[test]
fn containers_come_back() {
    check(&vec![Some("a".to_owned()), None], 0);
    check(&BTreeMap::from([(1u16, vec![1u8, 2]), (2, vec![])]), 0);
    check(&(Box::new(1i32), true, "x".to_owned(), Buffer::from(vec![3; 9])), 8);
}

#[test]
fn a_map_that_was_not_sorted_has_the_bytes_of_one_that_was() {
    let entries = [("b", Param::Int(2)), ("a", Param::Int(1))];
    let unsorted = Param::Map(entries.clone().map(|(name, param)| (name.into(), param)).into());
    assert_eq!(encode_canonical(&unsorted), encode_canonical(&Param::map(entries)));
    let twice = Param::Map(
        [("a", Param::Null), ("b", Param::Null), ("a", Param::Null)].map(|(n, p)| (n.into(), p)).into(),
    );
    let error = encode_canonical(&twice).unwrap_err();
    assert_eq!(error.to_string(), "cannot be encoded: the parameter \"a\" is there twice");
}

#[test]
fn large_buffers_cross_without_a_copy() {
    let buffer = Buffer::zeroed(1 << 16).unwrap();
    let array = NdArray::contiguous(raskt_core::DType::UInt8, &[256, 256], buffer.clone()).unwrap();
    let bytes: std::sync::Arc<[u8]> = vec![1; 1 << 16].into();
    let address = bytes.as_ptr();
    let given = (Value::from(vec![array.into(), buffer.slice(8, 5000).into()]), Param::Bytes(bytes));
    let payload = encode_payload(&given, &EncodeOptions::default()).unwrap();
    assert_eq!(payload.buffers.len(), 3);
    assert_eq!(payload.buffers[0].owner_id(), buffer.owner_id());
    assert_eq!(payload.buffers[1].as_slice().as_ptr(), buffer.as_slice()[8..].as_ptr());
    assert_eq!(payload.buffers[2].as_slice().as_ptr(), address);
    let (value, _): (Value, Param) = decode_payload(payload, &NoForeign, &Limits::default()).unwrap();
    value.visit_owners(&mut |owner, _| assert_eq!(owner, buffer.owner_id()));
    assert_eq!(value, given.0);
}

#[test]
fn small_pieces_stay_in_the_header() {
    let list =
        Value::from(vec![Buffer::zeroed(4095).unwrap().into(), Value::from(vec![Value::Int(1); 2000])]);
    let payload = encode_payload(&list, &EncodeOptions::default()).unwrap();
    assert_eq!(payload.buffers.len(), 0);
    assert_eq!(payload.header, encode_canonical(&list).unwrap());
}

fn nested(depth: usize) -> Value {
    (0..depth).fold(Value::Unit, |value, _| Value::from(vec![value]))
}

#[test]
fn nesting_to_the_limit_fits_a_small_stack_and_deeper_is_refused() -> Result<()> {
    let run = || {
        check(&nested(256), 0);
        let error = encode_canonical(&nested(257)).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::NotEncodable(_)), "{error}");
        let many = (0..257).fold(Error::new(ErrorKind::Raised), |e, _| ErrorKind::Many(vec![e]).into());
        assert!(encode_canonical(&many).is_err());
    };
    std::thread::Builder::new().stack_size(512 << 10).spawn(run).unwrap().join().unwrap();
    let limits = Limits { depth_max: 3, ..Limits::default() };
    assert!(decode_canonical::<Value>(&encode_canonical(&nested(3))?, &limits).is_ok());
    let error = decode_canonical::<Value>(&encode_canonical(&nested(4))?, &limits).unwrap_err();
    assert_eq!(error.to_string(), "corrupt bytes: values nested deeper than the limit, at byte 8");
    Ok(())
}

#[test]
fn siblings_do_not_count_as_depth() {
    let wide = Value::from(vec![nested(200); 50]);
    assert!(encode_canonical(&wide).is_ok());
}

#[test]
fn a_key_inside_a_struct_is_read_in_its_own_place() {
    check(&(Key::named("a"), vec![Key::block("b", &[1])], Param::Null), 0);
}
