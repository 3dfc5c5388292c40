//! Decoding any bytes: no panic, no memory beyond the fuzzer's limit, and only canonical bytes accepted.

#![no_main]

use libfuzzer_sys::fuzz_target;
use raskt_core::chunk::Chunks;
use raskt_core::encode::{Decode, Encode, Limits, decode_canonical, encode_canonical};
use raskt_core::{DType, Error, Key, NdArray, Param, Value};

fn check<T: Decode + Encode>(bytes: &[u8]) {
    if let Ok(value) = decode_canonical::<T>(bytes, &Limits::default()) {
        assert_eq!(encode_canonical(&value).as_deref(), Ok(bytes));
    }
}

fuzz_target!(|input: (u8, &[u8])| {
    let (kind, bytes) = input;
    match kind % 7 {
        0 => check::<Value>(bytes),
        1 => check::<Param>(bytes),
        2 => check::<Error>(bytes),
        3 => check::<Key>(bytes),
        4 => check::<DType>(bytes),
        5 => check::<NdArray>(bytes),
        _ => check::<Chunks>(bytes),
    }
});
