//! Reading bodies' parameters.

use raskt_core::{DType, Error, NdArray, Param, Result, Shape};

use super::memory::invalid;

fn missing(name: &str) -> Error {
    invalid(format!("the parameter {name:?} is missing or wrong"))
}

/// The entry `name`.
pub(crate) fn entry<'a>(param: &'a Param, name: &str) -> Result<&'a Param> {
    param.get(name).ok_or_else(|| missing(name))
}

/// The dtype called by the text at `name`.
pub(crate) fn dtype(param: &Param, name: &str) -> Result<DType> {
    let text = param.get(name).and_then(Param::as_str);
    text.and_then(DType::parse).ok_or_else(|| missing(name))
}

/// The integer at `name`.
pub(crate) fn int(param: &Param, name: &str) -> Result<i64> {
    param.get(name).and_then(Param::as_int).ok_or_else(|| missing(name))
}

/// The number at `name`.
pub(crate) fn float(param: &Param, name: &str) -> Result<f64> {
    param.get(name).and_then(Param::as_float).ok_or_else(|| missing(name))
}

/// The text at `name`.
pub(crate) fn text<'a>(param: &'a Param, name: &str) -> Result<&'a str> {
    param.get(name).and_then(Param::as_str).ok_or_else(|| missing(name))
}

/// Whether `name` is set.
pub(crate) fn is_set(param: &Param, name: &str) -> bool {
    param.get(name) == Some(&Param::Bool(true))
}

/// A list of integers, or the bytes of one.
pub(crate) fn integers(param: &Param) -> Result<Vec<i64>> {
    crate::parameters::integers_in(param)
        .ok_or_else(|| invalid(format!("{param:?} is not a list of integers")))
}

/// A list of sizes.
pub(crate) fn sizes(param: &Param) -> Result<Shape> {
    let wrong = || invalid(format!("{param:?} is not a list of sizes"));
    integers(param)?.into_iter().map(|n| u64::try_from(n).map_err(|_| wrong())).collect()
}

/// A parameter of the task, or else of the body.
pub(crate) fn own_or_shared<'a>(own: &'a Param, shared: &'a Param, name: &str) -> Result<&'a Param> {
    own.get(name).or_else(|| shared.get(name)).ok_or_else(|| missing(name))
}

/// `[start, stop]`.
pub(crate) fn interval(param: &Param) -> Result<(i64, i64)> {
    match *integers(param)? {
        [start, stop] if start <= stop => Ok((start, stop)),
        _ => Err(invalid(format!("{param:?} is not [start, stop]"))),
    }
}

/// A list of `[start, stop]`.
pub(crate) fn intervals(param: &Param) -> Result<Vec<(i64, i64)>> {
    let items = param.as_list().ok_or_else(|| invalid(format!("{param:?} is not a list of intervals")))?;
    items.iter().map(interval).collect()
}

/// The array at `name`.
pub(crate) fn array<'a>(param: &'a Param, name: &str) -> Result<std::borrow::Cow<'a, NdArray>> {
    match param.get(name) {
        Some(Param::Value(value)) => super::memory::array(value),
        _ => Err(missing(name)),
    }
}

/// Where the block begins along an axis, by the own parameter `{"ranges": [[start, stop], ..]}`; 0 where that is not
/// known.
pub(crate) fn first_place(own: &Param, axis: usize) -> Result<i64> {
    match own.get("ranges").and_then(Param::as_list).and_then(|ranges| ranges.get(axis)) {
        None | Some(Param::Null) => Ok(0),
        Some(range) => interval(range).map(|(start, _)| start),
    }
}
