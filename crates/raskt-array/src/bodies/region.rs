//! A region of an array that stays in memory anyway: a view.

use std::sync::Arc;

use raskt_core::{ErrorKind, Fit, NdArray, Param, Result, Value};
use raskt_exec::{BodyRegistry, Call, Outcome};

/// The name of the body; it gets `[[[start, stop]], ..]`, an interval for each axis.
pub const REGION: &str = "array.region";

pub(super) fn register(registry: &mut BodyRegistry) -> Result<()> {
    registry.add_kernel(REGION, Arc::new(region))
}

fn region(call: &mut Call<'_>) -> Result<Outcome> {
    let Some(Value::Array(array)) = call.inputs.first() else {
        let found = call.inputs.first().map_or("nothing", Value::kind).to_owned();
        return Err(ErrorKind::WrongType { expected: "array", found }.into());
    };
    let wrong = || ErrorKind::InvalidValue(format!("{:?} is no region of {:?}", call.own, array.shape()));
    let intervals = call.own.as_list().filter(|axes| axes.len() == array.shape().len()).ok_or_else(wrong)?;
    let mut offset = array.offset().clamped::<i64>();
    let mut shape = Vec::with_capacity(intervals.len());
    for ((interval, &stride), &length) in intervals.iter().zip(array.strides()).zip(array.shape()) {
        let bounds = interval.as_list().and_then(<[Param]>::first).and_then(Param::as_list);
        let Some([Param::Int(start), Param::Int(stop)]) = bounds else { return Err(wrong().into()) };
        if *start < 0 || stop < start || (*stop).clamped::<u64>() > length {
            return Err(wrong().into());
        }
        offset += if stop > start { stride * start } else { 0 };
        shape.push((stop - start).clamped::<u64>());
    }
    let offset = usize::try_from(offset).map_err(|_| wrong())?;
    let view =
        NdArray::strided(array.dtype().clone(), &shape, array.strides(), offset, array.buffer().clone())?;
    Ok(Outcome::Value(view.into()))
}
