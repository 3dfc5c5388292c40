//! Bytes that nobody vouches for: mutations of golden samples, and bombs made by hand.
//!
//! A poor man's fuzzing that runs with every test; `fuzz/` beside this folder holds the real one.

// Clippy's leave for tests does not reach the helpers of an integration test.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../encoding/samples.rs"]
mod samples;

mod mutation;

use mutation::{Random, mutate};
use peak_alloc::PeakAlloc;
use raskt_core::encode::{Decode, Encode, Limits, decode_canonical, decode_payload, encode_canonical};
use raskt_core::{Chunks, DType, Error, ErrorKind, Key, NdArray, Param, Payload, Value};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Bytes held at most while decoding, for each byte of input: a list item of one byte becomes a value of
/// 24, in a vector that doubles while both copies live (57 measured).
const BYTES_PER_INPUT_BYTE: usize = 96;

/// What decoding may hold whatever the input: the table of names growing, messages, first allocations.
const BYTES_ALWAYS: usize = 64 << 10;

/// Decodes, watching memory; what is accepted must be the canonical bytes of what was found.
fn survive<T: Decode + Encode>(bytes: &[u8]) -> bool {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let found = decode_canonical::<T>(bytes, &Limits::default());
    let peak = MEMORY.peak_usage().saturating_sub(before);
    let most = BYTES_ALWAYS + BYTES_PER_INPUT_BYTE * bytes.len();
    assert!(peak <= most, "{peak} bytes held for {} of input: {bytes:02x?}", bytes.len());
    match found {
        Ok(value) => {
            let again = encode_canonical(&value).unwrap();
            // The table of lasting words may be full by now; see encode/errors.rs.
            let replaced = again.windows(12).any(|word| word == b"another type");
            assert!(again == bytes || replaced, "{again:02x?} from {bytes:02x?}");
            true
        }
        Err(error) => {
            assert!(matches!(error.kind(), ErrorKind::Corrupt(_) | ErrorKind::UnknownBody(_)), "{error}");
            false
        }
    }
}

/// Decodes bytes as one type, and says whether they were accepted.
type Survive = fn(&[u8]) -> bool;

fn decoder_of(file: &str) -> Survive {
    match file {
        "array" => survive::<NdArray>,
        "chunks" => survive::<Chunks>,
        "dtype" => survive::<DType>,
        "error" => survive::<Error>,
        "key" => survive::<Key>,
        "param" => survive::<Param>,
        "value" => survive::<Value>,
        other => panic!("no decoder for {other}.hex"),
    }
}

fn mutations_of_samples(random: &mut Random) {
    let samples: Vec<(Survive, Vec<u8>)> = samples::canonical()
        .into_iter()
        .flat_map(|(file, samples)| samples.into_iter().map(move |(_, bytes)| (decoder_of(file), bytes)))
        .collect();
    let mut n_accepted = 0;
    for _ in 0..200_000 {
        let (decode, sample) = &samples[random.below(samples.len())];
        let mut bytes = sample.clone();
        mutate(&mut bytes, random);
        n_accepted += usize::from(decode(&bytes));
    }
    assert!(n_accepted > 1_000, "mutations that are all refused early test little: {n_accepted} accepted");
}

fn mutations_of_payloads(random: &mut Random) {
    let payloads = samples::payloads();
    for _ in 0..20_000 {
        let Payload { mut header, mut buffers } = payloads[random.below(payloads.len())].1.clone();
        mutate(&mut header, random);
        if random.below(4) == 0 {
            buffers.truncate(random.below(3));
        }
        let _ = decode_payload::<Value>(Payload { header, buffers }, &samples::Pets, &Limits::default());
    }
}

/// Lengths and depths that promise more than the input holds.
fn bombs() {
    let huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
    for tag in [0x05, 0x06, 0x07, 0x08, 0x09, 0x25, 0x26, 0x27, 0x28] {
        let bytes: Vec<u8> = [1, tag].into_iter().chain(huge).collect();
        assert!(!survive::<Value>(&bytes) && !survive::<Param>(&bytes));
    }
    let deep = |tag: u8| [1].into_iter().chain([tag, 1].repeat(1_000_000)).collect::<Vec<u8>>();
    assert!(
        !survive::<Value>(&deep(0x07)) && !survive::<Param>(&deep(0x27)) && !survive::<Error>(&deep(0x71))
    );
    let wide = |n: u32, item: &[u8]| {
        let mut bytes = encode_canonical(&n).unwrap();
        bytes.insert(1, 0x07);
        bytes.extend(item.repeat(n as usize));
        bytes
    };
    assert!(survive::<Value>(&wide(1_000_000, &[0])));
    let axes = wide(1_000_000, &[0]);
    let array: Vec<u8> = [1, 0x4a].into_iter().chain(axes[2..].iter().copied()).chain([0]).collect();
    assert!(survive::<NdArray>(&array), "a million axes of no length are odd, but hold together");
}

/// Memory is counted for the whole process, so one test runs them all, alone.
#[test]
fn hostile_bytes_neither_panic_nor_take_more_memory_than_they_justify() {
    let mut random = Random(0x5eed);
    bombs();
    mutations_of_samples(&mut random);
    mutations_of_payloads(&mut random);
}
