//! Bytes on disk and on the wire outlive a release: these files hold them still.
//!
//! After a change that is meant, raise `VERSION` and run
//! `cargo test -p raskt-core --test encoding -- --ignored rewrite_golden_files`.

use std::fmt::Write;
use std::path::PathBuf;

use raskt_core::Payload;
use raskt_core::encode::{Decode, Encode, Limits, decode_canonical, encode_canonical};

use crate::samples::{self, Named};

fn path(name: &str) -> PathBuf {
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap())
        .join("tests/golden")
        .join(format!("{name}.hex"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// A payload as text: its header, and its buffers behind it.
fn spread(payload: &Payload) -> String {
    let buffers = payload.buffers.iter().map(|buffer| format!(" + {}", hex(buffer.as_slice())));
    hex(&payload.header) + &buffers.collect::<String>()
}

fn files() -> Vec<(&'static str, String)> {
    let lines = |samples: Vec<(&str, String)>| {
        samples.into_iter().map(|(name, hex)| format!("{name}: {hex}\n")).collect::<String>()
    };
    let canonical = samples::canonical().into_iter().map(|(file, samples)| {
        (file, lines(samples.into_iter().map(|(name, bytes)| (name, hex(&bytes))).collect()))
    });
    let payloads = samples::payloads().into_iter().map(|(name, payload)| (name, spread(&payload))).collect();
    canonical.chain([("payload", lines(payloads))]).collect()
}

#[test]
fn the_bytes_of_every_sample_are_those_of_the_golden_files() {
    for (name, text) in files() {
        let golden = std::fs::read_to_string(path(name)).unwrap();
        assert_eq!(text, golden, "{name}.hex: see the head of golden.rs");
    }
}

#[test]
fn golden_bytes_decode_to_the_samples() {
    fn check<T: Decode + Encode + PartialEq + std::fmt::Debug>(file: &str, samples: Named<T>) {
        let golden = std::fs::read_to_string(path(file)).unwrap();
        assert_eq!(golden.lines().count(), samples.len(), "{file}");
        for (line, (name, sample)) in golden.lines().zip(samples) {
            let (golden_name, bytes) = line.split_once(": ").unwrap();
            assert_eq!(golden_name, name);
            let bytes = unhex(bytes);
            let found: T = decode_canonical(&bytes, &Limits::default()).unwrap();
            assert_eq!(found, sample, "{file}: {name}");
            assert_eq!(encode_canonical(&found).unwrap(), bytes, "{file}: {name}");
        }
    }
    check("array", samples::arrays());
    check("chunks", samples::chunks());
    check("dtype", samples::dtypes());
    check("error", samples::errors());
    check("key", samples::keys());
    check("param", samples::params());
    check("value", samples::values());
}

#[test]
#[ignore = "writes the golden files"]
fn rewrite_golden_files() {
    for (name, text) in files() {
        std::fs::write(path(name), text).unwrap();
    }
}
