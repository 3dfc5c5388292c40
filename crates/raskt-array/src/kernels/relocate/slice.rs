//! Regions of a block: views where they are regular, copies where elements are picked one by one.

use raskt_core::{NdArray, Param, Result, Shape};
use raskt_exec::{Call, Outcome};

use super::join::dense_copy;
use super::take::take_axis;
use crate::kernels::memory::{self, invalid};

/// What a cut does to one axis, as the layer of slices tells it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cut {
    /// All of it stays.
    All,
    /// One element; the axis goes.
    Point(u64),
    /// `n` elements from `start`, `step` apart.
    Range { start: u64, n: u64, step: i64 },
    /// The elements at these places.
    Picks(Vec<i64>),
    /// A new axis of length 1.
    New,
}

impl Cut {
    fn parse(param: &Param) -> Result<Self> {
        let wrong = || invalid(format!("{param:?} does not say how to cut an axis"));
        let size = |n: i64| u64::try_from(n).map_err(|_| wrong());
        Ok(match param {
            Param::Null => Self::All,
            Param::Int(at) => Self::Point(size(*at)?),
            Param::Str(name) if &**name == "new" => Self::New,
            Param::List(_) => match *crate::kernels::parameters::integers(param)? {
                [start, n, step] => Self::Range { start: size(start)?, n: size(n)?, step },
                _ => return Err(wrong()),
            },
            Param::Map(_) => {
                Self::Picks(crate::kernels::parameters::integers(param.get("picks").ok_or_else(wrong)?)?)
            }
            _ => return Err(wrong()),
        })
    }
}

/// The cuts in a list of parameters.
pub(super) fn cuts(param: &Param) -> Result<Vec<Cut>> {
    let items = param.as_list().ok_or_else(|| invalid(format!("{param:?} is not a list of cuts")))?;
    items.iter().map(Cut::parse).collect()
}

/// Axes of a view, each with the places that are picked along it.
pub(super) type Picks = Vec<(usize, Vec<i64>)>;

/// The view of `array` that regular cuts select; picks are left whole, and counted by the axes of the result.
pub(super) fn view(array: &NdArray, cuts: &[Cut]) -> Result<(NdArray, Picks)> {
    let (mut shape, mut strides) = (Shape::new(), raskt_core::Strides::new());
    let mut offset = array.offset() as i64;
    let mut picks = Vec::new();
    let mut axes = array.shape().iter().zip(array.strides());
    for cut in cuts {
        if *cut == Cut::New {
            shape.push(1);
            strides.push(0);
            continue;
        }
        let (&size, &stride) = axes.next().ok_or_else(|| invalid("more cuts than axes"))?;
        match cut {
            Cut::All | Cut::New => {
                shape.push(size);
                strides.push(stride);
            }
            Cut::Point(at) => {
                inside(*at, size)?;
                offset += stride * *at as i64;
            }
            Cut::Range { start, n, step } => {
                if *n > 0 {
                    let last = *start as i128 + i128::from(*step) * (i128::from(*n) - 1);
                    inside(*start, size)?;
                    inside(u64::try_from(last).unwrap_or(u64::MAX), size)?;
                    offset += stride * *start as i64;
                }
                shape.push(*n);
                strides.push(stride.saturating_mul(*step));
            }
            Cut::Picks(places) => {
                picks.push((shape.len(), places.clone()));
                shape.push(size);
                strides.push(stride);
            }
        }
    }
    for (&size, &stride) in axes {
        shape.push(size);
        strides.push(stride);
    }
    let offset = usize::try_from(offset).map_err(|_| invalid("a slice before its array"))?;
    let view = NdArray::strided(array.dtype().clone(), &shape, &strides, offset, array.buffer().clone())?;
    Ok((view, picks))
}

fn inside(at: u64, size: u64) -> Result<()> {
    if at < size {
        Ok(())
    } else {
        Err(invalid(format!("index {at} is out of bounds for axis with size {size}")))
    }
}

/// How much larger than a view its memory may be before the view is copied, so that the memory can go.
const KEPT_RATIO_MAX: u64 = 8;

/// The view itself, or a copy where it would keep far more memory alive than it shows.
pub(super) fn lean(view: NdArray) -> Result<NdArray> {
    let shown = (view.n_elements() * view.item_bytes()) as u64;
    let (_, kept) = view.buffer().accounted();
    if kept > 4096 && shown.saturating_mul(KEPT_RATIO_MAX) < kept { dense_copy(&view) } else { Ok(view) }
}

/// The body `array.slice`: own parameters as [`raskt_graph::layer::Slice`] gives them, a list of null (all), an
/// integer (that element), `[start, n, step]`, `{"picks": [..]}` or `"new"`; shared ones where there are no own.
pub(crate) fn slice(call: &mut Call<'_>) -> Result<Outcome> {
    let array = memory::array(call.inputs.first().ok_or_else(|| invalid("nothing to slice"))?)?.into_owned();
    // Let go of the input, so that its memory may be the result's alone.
    call.inputs.fill(raskt_core::Value::Unit);
    let told = if *call.own == Param::Null { call.shared } else { call.own };
    let (mut found, picks) = view(&array, &cuts(told.get("cuts").unwrap_or(told))?)?;
    drop(array);
    if picks.is_empty() {
        return Ok(Outcome::Value(lean(found)?.into()));
    }
    for (axis, places) in picks {
        call.ctx.cancel.check()?;
        found = take_axis(&found, &places, axis)?;
    }
    Ok(Outcome::Value(found.into()))
}
