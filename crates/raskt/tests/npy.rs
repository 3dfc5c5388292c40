//! Files of NumPy's: what it wrote is read, in either order, and what cannot be read says where.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test's helpers may fail it")]

use std::fs;
use std::path::PathBuf;

use raskt::array::{Array, Complex};
use raskt::{ErrorKind, Executor, Options};

/// As `numpy.save` writes an array whose head is `text`.
fn saved(folder: &tempfile::TempDir, text: &str, elements: &[u8]) -> PathBuf {
    let line = format!("{text:<117}\n");
    let bytes =
        [b"\x93NUMPY\x01\x00", &(line.len() as u16).to_le_bytes()[..], line.as_bytes(), elements].concat();
    let path = folder.path().join("saved.npy");
    fs::write(&path, bytes).unwrap();
    path
}

fn bytes(values: &[f64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_ne_bytes()).collect()
}

#[test]
#[cfg(target_endian = "little")]
fn blocks_of_either_order_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let values: Vec<f64> = (0..6).map(f64::from).collect();
    for (order, expected) in
        [("False", [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]), ("True", [0.0, 2.0, 4.0, 1.0, 3.0, 5.0])]
    {
        let head = format!("{{'descr': '<f8', 'fortran_order': {order}, 'shape': (2, 3), }}");
        let path = saved(&folder, &head, &bytes(&values));
        for chunks in [[2, 3], [1, 2], [2, 1]] {
            let x = Array::<f64>::read_npy(&path, &chunks);
            assert_eq!(x.shape().unwrap(), [2, 3]);
            assert_eq!(x.compute().unwrap().values(), expected);
        }
    }
}

#[test]
fn what_is_written_is_read_whatever_the_chunks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy");
    let executor = Executor::new(Options { n_threads: 2, ..Options::default() }).unwrap();
    let x = Array::<i64>::arange(0, 120, 1, &[120]).reshape(&[4, 5, 6]);
    for chunks in [[1, 5, 6], [3, 2, 4], [4, 5, 1]] {
        x.rechunk(&chunks).write_npy_on(&path, &executor).unwrap();
        let found = Array::<i64>::read_npy(&path, &[2, 3, 5]).compute().unwrap();
        assert_eq!(found.values(), x.compute().unwrap().values());
    }
    let z = Array::from_vec(&[2], vec![Complex::new(1.0, -2.0), Complex::new(0.5, 0.0)], &[1]);
    z.write_npy(&path).unwrap();
    assert_eq!(Array::<Complex<f64>>::read_npy(&path, &[2]).compute().unwrap(), z.compute().unwrap());
    Array::full(&[], true, &[]).write_npy(&path).unwrap();
    assert!(Array::<bool>::read_npy(&path, &[]).value().unwrap());
    Array::<f32>::zeros(&[0, 3], &[1, 3]).write_npy(&path).unwrap();
    assert_eq!(Array::<f32>::read_npy(&path, &[1, 1]).compute().unwrap().shape(), [0, 3]);
    // No unfinished file is left.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn damaged_files_and_other_dtypes_are_errors_with_the_path() {
    let folder = tempfile::tempdir().unwrap();
    let head = "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }";
    let told = |path: &PathBuf| Array::<f64>::read_npy(path, &[1, 3]).compute().unwrap_err().to_string();
    let short = saved(&folder, head, &bytes(&[1.0, 2.0]));
    assert!(
        told(&short).contains("saved.npy") && told(&short).contains("ends at byte 144"),
        "{}",
        told(&short)
    );
    fs::write(&short, b"no array").unwrap();
    assert!(told(&short).contains("no .npy file"), "{}", told(&short));
    let objects = saved(&folder, "{'descr': '|O', 'fortran_order': False, 'shape': (2,), }", b"pickled");
    assert!(told(&objects).contains("numpy.load"), "{}", told(&objects));
    let absent = folder.path().join("absent.npy");
    assert!(told(&absent).contains("absent.npy"), "{}", told(&absent));
    // A file that is cut off after its head was read.
    let path = folder.path().join("x.npy");
    Array::<f64>::ones(&[4, 4], &[2, 4]).write_npy(&path).unwrap();
    let x = Array::<f64>::read_npy(&path, &[2, 4]);
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(200).unwrap();
    let error = x.compute().unwrap_err().to_string();
    assert!(error.contains("x.npy") && error.contains("ends before byte 256"), "{error}");
    let cut = Array::<f64>::ones(&[2], &[1]).write_npy(folder.path().join("no/x.npy")).unwrap_err();
    assert!(
        matches!(cut, raskt::array::ArrayError::Engine(ref error) if matches!(error.kind(), ErrorKind::Io { .. }))
    );
}
