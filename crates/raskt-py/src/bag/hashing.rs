//! Hashes of Python objects, and elements put where their hashes say.

use pyo3::exceptions::PyRecursionError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyFloat, PyInt, PyIterator, PyList, PyString, PyTuple};
use raskt_bag::HashKey;
use raskt_core::Fit;

use crate::scan::DEPTH_MAX;

/// A hash of `key`: the same in every process, and the same for keys that are equal.
///
/// `other` gives those of objects that are none of Python's simple ones.
#[pyfunction]
pub fn bag_hash(key: &Bound<'_, PyAny>, other: &Bound<'_, PyAny>) -> PyResult<u64> {
    hash_within(key, other, DEPTH_MAX)
}

/// The hash of a key that may nest `n_levels` tuples.
fn hash_within(key: &Bound<'_, PyAny>, other: &Bound<'_, PyAny>, n_levels: usize) -> PyResult<u64> {
    if let Ok(text) = key.cast_exact::<PyString>() {
        if let Ok(text) = text.to_str() {
            return Ok(HashKey::Text(text.as_bytes()).hash());
        }
        let bytes = text.call_method1("encode", ("utf-8", "surrogatepass"))?;
        return Ok(HashKey::Text(bytes.cast::<PyBytes>()?.as_bytes()).hash());
    }
    if key.is_exact_instance_of::<PyInt>() || key.is_exact_instance_of::<PyBool>() {
        return Ok(HashKey::Number(key.hash()? as i64).hash());
    }
    if let Ok(number) = key.cast_exact::<PyFloat>() {
        // The hash of a NaN is its place in memory.
        let hash = if number.value().is_nan() { 0 } else { key.hash()? };
        return Ok(HashKey::Number(hash as i64).hash());
    }
    if let Ok(bytes) = key.cast_exact::<PyBytes>() {
        return Ok(HashKey::Bytes(bytes.as_bytes()).hash());
    }
    if let Ok(items) = key.cast_exact::<PyTuple>() {
        let Some(n_levels) = n_levels.checked_sub(1) else {
            return Err(PyRecursionError::new_err(format!(
                "a key to group by nests tuples more than {DEPTH_MAX} deep"
            )));
        };
        let hashes = items.iter().map(|item| hash_within(&item, other, n_levels));
        let hashes = hashes.collect::<PyResult<Vec<_>>>()?;
        return Ok(HashKey::Tuple(&hashes).hash());
    }
    if key.is_none() {
        return Ok(HashKey::Null.hash());
    }
    other.call1((key,))?.extract()
}

/// Moves up to `n_max` elements into the list of `buckets` that the hash of `grouper(element)` says; returns how many
/// there were.
///
/// The place is `hash / before % modulus / divisor`, once more modulo the number of buckets.
#[pyfunction]
pub fn bag_scatter(
    elements: &Bound<'_, PyIterator>,
    grouper: &Bound<'_, PyAny>,
    buckets: Vec<Bound<'_, PyList>>,
    places: (u64, u64, u64),
    n_max: usize,
    other: &Bound<'_, PyAny>,
) -> PyResult<usize> {
    let (before, modulus, divisor) = places;
    for n in 0..n_max {
        let Some(element) = elements.clone().next() else { return Ok(n) };
        let element = element?;
        let hash = bag_hash(&grouper.call1((&element,))?, other)?;
        let place = hash / before.max(1) % modulus.max(1) / divisor.max(1);
        if let Some(bucket) = buckets.get((place % buckets.len() as u64).fit::<usize>()) {
            bucket.append(element)?;
        }
    }
    Ok(n_max)
}
