//! zarr stores in folders, from Rust.

use std::fs;

use raskt::array::{Array, ArrayError, Complex, Compressor, ZarrOptions};
use raskt::{ErrorKind, Executor, Options};

#[test]
fn what_is_written_is_read_whatever_the_chunks_and_codecs() {
    let folder = tempfile::tempdir().unwrap();
    let executor = Executor::new(Options { n_threads: 2, ..Options::default() }).unwrap();
    let x = Array::<i64>::arange(0, 120, 1, &[120]).reshape(&[4, 5, 6]);
    let expected = x.compute().unwrap();
    let compressors = [Compressor::None, Compressor::Zstd(1), Compressor::BloscLz4(5), Compressor::Gzip(1)];
    for (number, compressor) in compressors.into_iter().enumerate() {
        for (blocks, chunks) in [([1, 5, 6], [2, 2, 3]), ([4, 4, 3], [2, 2, 3]), ([4, 5, 1], [4, 5, 6])] {
            let shards = (number % 2 == 0).then(|| chunks.map(|n| n * 2).to_vec());
            let options = ZarrOptions { chunks: Some(chunks.to_vec()), shards, compressor };
            let path = folder.path().join(format!("{number}-{blocks:?}.zarr"));
            x.rechunk(&blocks).write_zarr_on(&path, &options, &executor).unwrap();
            assert_eq!(Array::<i64>::read_zarr(&path).compute().unwrap(), expected);
        }
    }
    // No unfinished folder is left.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 12);
}

#[test]
fn arrays_of_all_kinds_and_shapes_have_stores() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let z = Array::from_vec(&[2], vec![Complex::new(1.0, -2.0), Complex::new(0.5, 0.0)], &[1]);
    z.write_zarr(path("z")).unwrap();
    assert_eq!(Array::<Complex<f64>>::read_zarr(path("z")).compute().unwrap(), z.compute().unwrap());
    Array::full(&[], true, &[]).write_zarr(path("b")).unwrap();
    assert!(Array::<bool>::read_zarr(path("b")).value().unwrap());
    Array::<f32>::zeros(&[0, 3], &[1, 3]).write_zarr(path("f")).unwrap();
    assert_eq!(Array::<f32>::read_zarr(path("f")).compute().unwrap().shape(), [0, 3]);
}

#[test]
fn slices_read_only_the_files_that_they_need() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    let x = Array::<f64>::arange(0, 10, 1, &[4]);
    x.write_zarr(&path).unwrap();
    fs::write(path.join("c/2"), b"no chunk").unwrap();
    let found = Array::<f64>::read_zarr(&path);
    let part = found.slice(&raskt::array::index![2..7]).compute().unwrap();
    assert_eq!(part.values(), [2.0, 3.0, 4.0, 5.0, 6.0]);
    let error = found.compute().unwrap_err();
    let ArrayError::Engine(error) = &error else { unreachable!("{error}") };
    assert!(
        matches!(error.kind(), ErrorKind::Damaged { offset: 0, file, .. } if file.ends_with("c/2")),
        "{error}"
    );
}

#[test]
fn what_cannot_be_is_an_error_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    let uneven = raskt::array::concatenate(&[Array::<f64>::ones(&[2], &[2]), Array::ones(&[3], &[3])], 0);
    let told = uneven.write_zarr(&path).unwrap_err().to_string();
    assert!(told.contains("call rechunk first"), "{told}");
    let odd = ZarrOptions { chunks: Some(vec![2]), shards: Some(vec![3]), ..ZarrOptions::default() };
    assert!(uneven.write_zarr_with(&path, &odd).is_err());
    let many = ZarrOptions { chunks: Some(vec![2, 2]), ..ZarrOptions::default() };
    assert!(uneven.write_zarr_with(&path, &many).is_err());
    assert!(Array::<f64>::read_zarr(&path).compute().unwrap_err().to_string().contains("/x"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    Array::<f64>::ones(&[2], &[2]).write_zarr(&path).unwrap();
    let told = Array::<f64>::ones(&[2], &[2]).write_zarr(&path).unwrap_err().to_string();
    assert!(told.contains("there is something already"), "{told}");
    let told = Array::<i8>::read_zarr(&path).compute().unwrap_err().to_string();
    assert!(told.contains("float64"), "{told}");
}
