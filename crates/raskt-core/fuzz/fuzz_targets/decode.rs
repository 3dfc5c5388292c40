//! Decoding any bytes: no panic, no memory beyond the fuzzer's limit, and only canonical bytes accepted.

#![no_main]

use libfuzzer_sys::fuzz_target;
use raskt_core::chunk::Chunks;
use raskt_core::encode::{Decode, Encode, Limits, decode_canonical, encode_canonical};
use raskt_core::{DType, Error, Key, NdArray, Param, Value};

fn check<T: Decode + Encode>(bytes: &[u8]) {
    if let Ok(value) = decode_canonical::<T>(bytes, &Limits::default()) {
        let again = encode_canonical(&value).expect("what was decoded can be encoded");
        assert!(again == bytes || replaced(&again), "{again:02x?} from {bytes:02x?}");
    }
}

/// Whether the table of lasting words was full: a fuzzer, unlike a program, fills it (see encode/errors.rs).
fn replaced(bytes: &[u8]) -> bool {
    bytes.windows(12).any(|word| word == b"another type")
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
