//! What people write between brackets, axis by axis.

use raskt_core::{ErrorKind, Fit, Param, Result};

use super::cuts::Cut;
use crate::error::{ArrayError, Built};
use crate::parameters::integers_in;

/// One item of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Index {
    /// An element, from the end where it is negative; the axis goes.
    Point(i64),
    /// `start:stop:step`.
    Range {
        /// Where it starts.
        start: Option<i64>,
        /// Where it ends.
        stop: Option<i64>,
        /// From one element to the next.
        step: Option<i64>,
    },
    /// A new axis of length 1.
    New,
    /// All axes that the others do not name.
    Ellipsis,
    /// Elements at these places.
    Picks(Vec<i64>),
    /// Those of as many elements as there are for which it is true.
    Mask(Vec<bool>),
}

impl From<i64> for Index {
    fn from(at: i64) -> Self {
        Self::Point(at)
    }
}

impl From<std::ops::Range<i64>> for Index {
    fn from(range: std::ops::Range<i64>) -> Self {
        Self::Range { start: Some(range.start), stop: Some(range.end), step: None }
    }
}

impl From<std::ops::RangeFrom<i64>> for Index {
    fn from(range: std::ops::RangeFrom<i64>) -> Self {
        Self::Range { start: Some(range.start), stop: None, step: None }
    }
}

impl From<std::ops::RangeTo<i64>> for Index {
    fn from(range: std::ops::RangeTo<i64>) -> Self {
        Self::Range { start: None, stop: Some(range.end), step: None }
    }
}

impl From<std::ops::RangeFull> for Index {
    fn from(_: std::ops::RangeFull) -> Self {
        Self::Range { start: None, stop: None, step: None }
    }
}

impl Index {
    /// The cut that this is on an axis of `length`.
    ///
    /// # Errors
    /// [`ArrayError::Index`] for elements that are not there; an error for a step of 0.
    pub(super) fn cut(&self, axis: usize, length: Option<u64>) -> Built<Cut> {
        let element = |index: i64| {
            let length = length.unwrap_or(0);
            let at = if index < 0 { index + length.clamped::<i64>() } else { index };
            match u64::try_from(at) {
                Ok(at) if at < length => Ok(at),
                _ => Err(ArrayError::Index { index, axis, length }),
            }
        };
        match (self, length) {
            (_, _) if self.is_all() => Ok(Cut::All),
            (Self::New, _) => Ok(Cut::New),
            (Self::Ellipsis, _) => Ok(Cut::All),
            (Self::Range { step: Some(0), .. }, _) => Err(ArrayError::value("slice step cannot be zero")),
            (_, None) => Err(ErrorKind::InvalidValue(format!(
                "axis {axis} has chunks of unknown size, of which only all can be taken: \
                 call compute_chunk_sizes() first"
            ))
            .into()),
            (Self::Point(index), _) => Ok(Cut::Point(element(*index)?)),
            (Self::Picks(picks), _) => {
                Ok(Cut::Picks(picks.iter().map(|&index| element(index)).collect::<Built<Vec<_>>>()?))
            }
            (Self::Mask(mask), Some(length)) if mask.len() as u64 != length => {
                Err(ArrayError::Mask { axis, length, found: mask.len() as u64 })
            }
            (Self::Mask(mask), _) => {
                let taken = (0..).zip(mask).filter(|(_, taken)| **taken);
                Ok(Cut::Picks(taken.map(|(at, _)| at).collect()))
            }
            (Self::Range { start, stop, step }, Some(length)) => {
                Ok(range(*start, *stop, step.unwrap_or(1), length))
            }
        }
    }

    /// Whether the whole axis is taken, as it is.
    pub(super) fn is_all(&self) -> bool {
        matches!(self, Self::Range { start: None, stop: None, step: None | Some(1) })
    }

    /// How many elements of an axis of `length` a slice takes, whose step is not 0.
    pub(super) fn n_taken(&self, length: u64) -> u64 {
        match self {
            Self::Range { start, stop, step } => match range(*start, *stop, step.unwrap_or(1), length) {
                Cut::Range { n, .. } => n,
                _ => length,
            },
            _ => length,
        }
    }

    /// The index as a parameter, see [`Index::of`].
    pub(super) fn to_param(&self) -> Param {
        let part = |part: &Option<i64>| part.map_or(Param::Null, Param::Int);
        match self {
            Self::Point(at) => Param::Int(*at),
            Self::Range { start, stop, step } => {
                Param::map([("slice", Param::List([start, stop, step].map(part).into()))])
            }
            Self::New => Param::Str("new".into()),
            Self::Ellipsis => Param::Str("...".into()),
            Self::Picks(picks) => {
                let bytes: Vec<u8> = picks.iter().flat_map(|at| at.to_le_bytes()).collect();
                Param::map([("picks", Param::Bytes(bytes.into()))])
            }
            Self::Mask(mask) => {
                let bytes: Vec<u8> = mask.iter().map(|&taken| u8::from(taken)).collect();
                Param::map([("mask", Param::Bytes(bytes.into()))])
            }
        }
    }

    /// The index that a parameter says: an integer, `{"slice": [start, stop, step]}`, `"new"`, `"..."`, `{"picks": [..]}`,
    /// `{"mask": bytes}`; the picks may be bytes, see [`integers_in`].
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] for anything else.
    pub(super) fn of(param: &Param) -> Result<Self> {
        let part = |param: &Param| param.as_int();
        match param {
            Param::Int(index) => return Ok(Self::Point(*index)),
            Param::Str(text) if &**text == "new" => return Ok(Self::New),
            Param::Str(text) if &**text == "..." => return Ok(Self::Ellipsis),
            _ => {}
        }
        if let Some([start, stop, step]) = param.get("slice").and_then(Param::as_list) {
            return Ok(Self::Range { start: part(start), stop: part(stop), step: part(step) });
        }
        if let Some(picks) = param.get("picks").and_then(integers_in) {
            return Ok(Self::Picks(picks));
        }
        if let Some(Param::Bytes(mask)) = param.get("mask") {
            return Ok(Self::Mask(mask.iter().map(|&byte| byte != 0).collect()));
        }
        Err(ErrorKind::InvalidValue(format!("{param:?} is no index")).into())
    }
}

/// What Python's `slice.indices` says.
fn range(start: Option<i64>, stop: Option<i64>, step: i64, length: u64) -> Cut {
    let n = i128::from(length);
    let step_wide = i128::from(step);
    let (low, high) = if step < 0 { (-1, n - 1) } else { (0, n) };
    let bound = |value: Option<i64>, default: i128| {
        value.map_or(default, |value| {
            let value = i128::from(value);
            (if value < 0 { value + n } else { value }).clamp(low, high)
        })
    };
    let start = bound(start, if step < 0 { high } else { low });
    let stop = bound(stop, if step < 0 { low } else { high });
    let span = if step < 0 { start - stop } else { stop - start };
    let count = if span <= 0 { 0 } else { (span - 1) / step_wide.abs() + 1 };
    match (count, step) {
        (0, _) => Cut::Range { start: 0, n: 0, step: 1 },
        (count, 1) if start == 0 && count == n => Cut::All,
        // A lone element has no direction.
        (1, _) => Cut::Range { start: start.clamped::<u64>(), n: 1, step: 1 },
        (count, step) => Cut::Range { start: start.clamped::<u64>(), n: count.clamped::<u64>(), step },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ranges_take_what_counting_takes(
            start in prop::option::of(-12_i64..12), stop in prop::option::of(-12_i64..12),
            step in (-4_i64..5).prop_filter("a step", |step| *step != 0), length in 0_u64..9,
        ) {
            let n = length as i64;
            let clamp = |value: i64, low: i64, high: i64| (if value < 0 { value + n } else { value }).clamp(low, high);
            let (mut at, end) = if step > 0 {
                (start.map_or(0, |v| clamp(v, 0, n)), stop.map_or(n, |v| clamp(v, 0, n)))
            } else {
                (start.map_or(n - 1, |v| clamp(v, -1, n - 1)), stop.map_or(-1, |v| clamp(v, -1, n - 1)))
            };
            let mut expected = Vec::new();
            while if step > 0 { at < end } else { at > end } {
                expected.push(at);
                at += step;
            }
            let taken: Vec<i64> = match (Index::Range { start, stop, step: Some(step) }).cut(0, Some(length)).unwrap() {
                Cut::All => (0..n).collect(),
                Cut::Range { start, n, step } => (0..n as i64).map(|i| start as i64 + i * step).collect(),
                other => panic!("{other:?}"),
            };
            prop_assert_eq!(taken, expected);
        }
    }

    #[test]
    fn elements_that_are_not_there_are_an_error() {
        assert_eq!(Index::Point(-1).cut(0, Some(3)).unwrap(), Cut::Point(2));
        let error = Index::Point(3).cut(1, Some(3)).unwrap_err();
        assert_eq!(error.to_string(), "index 3 is out of bounds for axis 1 with size 3");
        assert!(Index::Point(0).cut(0, None).is_err());
    }
}
