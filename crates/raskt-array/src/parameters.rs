//! Parameters of expressions, read and written.

use std::sync::Arc;

use raskt_core::chunk::{AxisChunks, Chunks};
use raskt_core::{DType, ErrorKind, Fit, Param, Result};

/// The dtype of an operation's result.
pub const DTYPE: &str = "dtype";
/// How a source, or what a rechunk makes, is cut.
pub const CHUNKS: &str = "chunks";
/// Where in the whole a source's first element lies, if it is not the first.
pub const WINDOW: &str = "window";
/// An axis, or a list of them.
pub const AXIS: &str = "axis";
/// What a reduction fused with what it reduces calls the tasks that reduce one block.
pub const PARTIAL_LABEL: &str = "partial_label";
/// Keyword arguments of a library function.
pub const KWARGS: &str = "kwargs";

/// Chunks as a parameter: for each axis its runs, `[size or null, number]`.
#[must_use]
pub fn chunks_param(chunks: &Chunks) -> Param {
    Param::List(chunks.axes().iter().map(axis_param).collect())
}

fn axis_param(axis: &AxisChunks) -> Param {
    let run = |(size, n): (Option<u64>, u64)| {
        Param::List(
            [
                size.map_or(Param::Null, |size| Param::Int(size.clamped::<i64>())),
                Param::Int(n.clamped::<i64>()),
            ]
            .into(),
        )
    };
    Param::List(axis.runs().map(run).collect())
}

/// The chunks that a parameter says.
///
/// # Errors
/// [`ErrorKind::InvalidValue`] for anything that [`chunks_param`] does not write.
pub fn chunks_of(param: Option<&Param>) -> Result<Chunks> {
    let wrong = || ErrorKind::InvalidValue(format!("{param:?} are no chunks"));
    let axes = param.and_then(Param::as_list).ok_or_else(wrong)?;
    let size = |n: &i64| u64::try_from(*n).map_err(|_| wrong());
    let axis = |axis: &Param| -> Result<AxisChunks> {
        let runs = axis.as_list().ok_or_else(wrong)?.iter().map(|run| match run.as_list() {
            Some([Param::Null, Param::Int(n)]) => Ok((None, size(n)?)),
            Some([Param::Int(length), Param::Int(n)]) => Ok((Some(size(length)?), size(n)?)),
            _ => Err(wrong().into()),
        });
        AxisChunks::from_runs(runs.collect::<Result<Vec<_>>>()?)
    };
    Chunks::new(axes.iter().map(axis).collect::<Result<Vec<_>>>()?)
}

/// The number of an axis; one that no array has for what is none.
pub(crate) fn axis_number(axis: i64) -> usize {
    usize::try_from(axis).unwrap_or(usize::MAX)
}

/// A dtype as a parameter: NumPy's name of it.
#[must_use]
pub fn dtype_param(dtype: &DType) -> Param {
    Param::Str(dtype.to_string().into())
}

/// The dtype of that name.
#[must_use]
pub fn dtype_named(name: &str) -> DType {
    match name {
        "unknown" => DType::Unknown,
        name => DType::parse(name).unwrap_or_else(|| DType::Foreign(name.into())),
    }
}

/// The dtype that `parameters` name; unknown where they name none.
#[must_use]
pub fn dtype_of(parameters: &Param) -> DType {
    parameters.get(DTYPE).and_then(Param::as_str).map_or(DType::Unknown, dtype_named)
}

/// Integers as a parameter.
#[must_use]
pub fn integers(items: impl IntoIterator<Item = i64>) -> Param {
    Param::List(items.into_iter().map(Param::Int).collect())
}

/// The integers of the list `name`, or the only one.
#[must_use]
pub fn integers_of(parameters: &Param, name: &str) -> Option<Vec<i64>> {
    match parameters.get(name)? {
        Param::Int(lone) => Some(vec![*lone]),
        Param::List(items) => items.iter().map(Param::as_int).collect(),
        _ => None,
    }
}

/// Whether the flag `name` is set.
#[must_use]
pub fn flag(parameters: &Param, name: &str) -> bool {
    matches!(parameters.get(name), Some(Param::Bool(true)))
}

/// The text `name`.
#[must_use]
pub fn text<'a>(parameters: &'a Param, name: &str) -> &'a str {
    parameters.get(name).and_then(Param::as_str).unwrap_or_default()
}

/// The parameter `name`, or null.
#[must_use]
pub fn get(parameters: &Param, name: &str) -> Param {
    parameters.get(name).cloned().unwrap_or_default()
}

/// `parameters` with some more; of two with one name, the later.
#[must_use]
pub fn with<'a>(parameters: &Param, more: impl IntoIterator<Item = (&'a str, Param)>) -> Param {
    let mut all: std::collections::BTreeMap<Arc<str>, Param> = match parameters {
        Param::Map(entries) => entries.iter().cloned().collect(),
        _ => std::collections::BTreeMap::default(),
    };
    for (name, param) in more {
        all.insert(name.into(), param);
    }
    Param::Map(all.into_iter().collect())
}

/// `parameters` without some.
#[must_use]
pub fn without(parameters: &Param, names: &[&str]) -> Param {
    match parameters {
        Param::Map(entries) => {
            Param::Map(entries.iter().filter(|(name, _)| !names.contains(&&**name)).cloned().collect())
        }
        other => other.clone(),
    }
}

/// The integers of a list, or of bytes: those of `int64` in little-endian order, which is how long lists come.
#[must_use]
pub fn integers_in(param: &Param) -> Option<Vec<i64>> {
    match param {
        Param::Bytes(bytes) => {
            let (words, rest) = bytes.as_chunks::<8>();
            rest.is_empty().then(|| words.iter().map(|word| i64::from_le_bytes(*word)).collect())
        }
        other => other.as_list()?.iter().map(Param::as_int).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_read_as_they_were_written() {
        let axes = [AxisChunks::uniform(1_000_001, 10).unwrap(), AxisChunks::unknown(3).unwrap()];
        let chunks = Chunks::new(axes).unwrap();
        assert_eq!(chunks_of(Some(&chunks_param(&chunks))).unwrap(), chunks);
        assert!(chunks_of(Some(&Param::Int(3))).is_err());
        assert!(chunks_of(None).is_err());
    }

    #[test]
    fn later_parameters_win() {
        let map = with(&Param::map([("a", Param::Int(1))]), [("a", Param::Int(2)), ("b", Param::Null)]);
        assert_eq!(map, Param::map([("a", Param::Int(2)), ("b", Param::Null)]));
        assert_eq!(without(&map, &["a"]), Param::map([("b", Param::Null)]));
    }
}
