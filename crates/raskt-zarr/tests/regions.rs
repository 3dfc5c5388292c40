//! Regions of arrays in folders: what is written is read, by whatever chunks, and damage is an error.

#![allow(clippy::unwrap_used, reason = "a test's helpers may fail it")]
#![allow(clippy::single_range_in_vec_init, reason = "a window is a list of ranges, one for each axis")]

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use raskt_core::{DType, ErrorKind, Result};
use raskt_zarr::{Compressor, Creation, Empty, Layout, create};

fn no_check() -> Result<()> {
    Ok(())
}

const COMPRESSORS: [Compressor; 6] = [
    Compressor::None,
    Compressor::Zstd(0),
    Compressor::Zstd(-3),
    Compressor::Zstd(9),
    Compressor::BloscLz4(5),
    Compressor::Gzip(1),
];

/// An array in memory, and its index arithmetic.
struct Model {
    shape: Vec<u64>,
    values: Vec<u32>,
}

impl Model {
    fn window<'m>(&'m self, window: &'m [Range<u64>]) -> impl Iterator<Item = usize> + 'm {
        let n: u64 = window.iter().map(|own| own.end - own.start).product();
        (0..n).map(move |number| {
            let (mut rest, mut at, mut step) = (number, 0, 1);
            for (own, &length) in window.iter().zip(&self.shape).rev() {
                let n = own.end - own.start;
                at += (own.start + rest % n) * step;
                rest /= n;
                step *= length;
            }
            at as usize
        })
    }
}

fn bytes(values: &[u32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_ne_bytes()).collect()
}

/// The files of chunks below `folder`.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false if !path.ends_with("zarr.json") => found.push(path),
            false => {}
        }
    }
    found.sort();
    found
}

/// Two numbers of `n`, in order.
fn range(n: u64) -> impl Strategy<Value = Range<u64>> {
    (0..=n, 0..=n).prop_map(|(a, b)| a.min(b)..a.max(b))
}

/// Lengths of an array and of its chunks, how many of these are in a shard, and windows.
fn cases() -> impl Strategy<Value = (Creation, Vec<Vec<Range<u64>>>)> {
    let axes = proptest::collection::vec((0_u64..9, 1_u64..5, 1_u64..4), 0..4);
    (axes, any::<bool>(), 0..COMPRESSORS.len()).prop_flat_map(|(axes, is_sharded, compressor)| {
        let shape: Vec<u64> = axes.iter().map(|axis| axis.0).collect();
        let chunks: Vec<u64> = axes.iter().map(|axis| axis.1).collect();
        let mut creation = Creation::new(DType::UInt32, &shape, &chunks);
        creation.shards = is_sharded.then(|| axes.iter().map(|axis| axis.1 * axis.2).collect());
        creation.compressor = COMPRESSORS[compressor];
        let window: Vec<_> = shape.iter().map(|&n| range(n)).collect();
        (Just(creation), proptest::collection::vec(window, 1..5))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn windows_are_read_as_they_were_written((creation, windows) in cases(), empty in any::<bool>()) {
        let folder = tempfile::tempdir().unwrap();
        let layout = create(folder.path(), &creation).unwrap();
        let empty = if empty { Empty::Written } else { Empty::LeftOut };
        let n: u64 = creation.shape.iter().product();
        let mut model = Model { shape: creation.shape.clone(), values: vec![0; n as usize] };
        for (number, window) in windows.iter().enumerate() {
            let places: Vec<usize> = model.window(window).collect();
            // The last writes zeros, of which nothing need be left.
            let is_last = number + 1 == windows.len();
            let values: Vec<u32> =
                places.iter().map(|&at| if is_last { 0 } else { (number * 100 + at + 1) as u32 }).collect();
            for (&at, &value) in places.iter().zip(&values) {
                model.values[at] = value;
            }
            layout.write(window, &bytes(&values), empty, no_check).unwrap();
            let mut found = vec![0; values.len() * 4];
            Layout::open(folder.path()).unwrap().read(window, &mut found, no_check).unwrap();
            prop_assert_eq!(&found, &bytes(&values));
        }
        let whole: Vec<Range<u64>> = creation.shape.iter().map(|&n| 0..n).collect();
        let mut found = vec![7; model.values.len() * 4];
        layout.read(&whole, &mut found, no_check).unwrap();
        prop_assert_eq!(found, bytes(&model.values));
        layout.write(&whole, &vec![0; model.values.len() * 4], Empty::LeftOut, no_check).unwrap();
        prop_assert_eq!(files(folder.path()), Vec::<PathBuf>::new());
    }

    #[test]
    fn damage_is_an_error_or_other_values_but_nothing_worse(
        compressor in 0..COMPRESSORS.len(),
        is_sharded in any::<bool>(),
        at in any::<prop::sample::Index>(),
        change in 1_u8..,
        is_cut in any::<bool>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut creation = Creation::new(DType::UInt32, &[64], &[16]);
        creation.compressor = COMPRESSORS[compressor];
        creation.shards = is_sharded.then(|| vec![64]);
        let layout = create(folder.path(), &creation).unwrap();
        let values: Vec<u32> = (0..64).map(|n| n * n).collect();
        layout.write(&[0..64], &bytes(&values), Empty::LeftOut, no_check).unwrap();
        let path = files(folder.path()).remove(0);
        let mut stored = fs::read(&path).unwrap();
        let at = at.index(stored.len());
        if is_cut {
            stored.truncate(at);
        } else {
            stored[at] ^= change;
        }
        fs::write(&path, &stored).unwrap();
        let mut found = vec![0; 256];
        let done = layout.read(&[0..64], &mut found, no_check);
        if let Err(error) = &done {
            let told = error.to_string();
            prop_assert!(matches!(error.kind(), ErrorKind::Damaged { .. }), "{}", told);
            prop_assert!(told.contains(path.to_str().unwrap()) && told.contains("at byte "), "{}", told);
        }
        prop_assert!(done.is_err() || !is_cut);
    }
}

#[test]
fn windows_outside_and_elements_of_another_number_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let layout = create(folder.path(), &Creation::new(DType::UInt32, &[4], &[2])).unwrap();
    for (window, n) in [(vec![0..5], 20), (vec![0..4], 15), (vec![], 4), (vec![0..1, 0..1], 4)] {
        let error = layout.read(&window, &mut vec![0; n], no_check).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::InvalidValue(_)), "{error}");
    }
    let stopped = layout.read(&[0..4], &mut [0; 16], || Err(ErrorKind::Cancelled.into()));
    assert_eq!(*stopped.unwrap_err().kind(), ErrorKind::Cancelled);
}

#[test]
fn what_is_not_read_here_says_so_and_what_is_no_metadata_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    create(folder.path(), &Creation::new(DType::Float64, &[4], &[2])).unwrap();
    let text = fs::read_to_string(folder.path().join("zarr.json")).unwrap();
    let with = |from: &str, to: &str| {
        assert!(text.contains(from), "{text}");
        Layout::new(folder.path(), &text.replace(from, to)).unwrap_err()
    };
    let others =
        [("\"zstd\"", "\"lzma\""), ("\"float64\"", "\"float16\""), ("\"regular\"", "\"rectilinear\"")];
    for (from, to) in others {
        let error = with(from, to);
        assert!(
            matches!(error.kind(), ErrorKind::NotImplemented(what) if what.contains("raskt.array.from_zarr")),
            "{error}"
        );
    }
    for (from, to) in [("[4]", "[-4]"), ("\"codecs\"", "\"codes\""), ("{", "")] {
        assert!(matches!(with(from, to).kind(), ErrorKind::Damaged { .. }), "{from}");
    }
    let absent = Layout::open(&folder.path().join("absent")).unwrap_err();
    assert!(matches!(absent.kind(), ErrorKind::System { .. }), "{absent}");
    assert!(!Layout::essence(&text.replace("{}", "{\"a\": 1}")).unwrap().contains("attributes"));
}
