//! A block whose sizes were found out before: they have to be what they were.

use std::sync::Arc;

use raskt_core::{ErrorKind, Param, Result, Value};
use raskt_exec::{BodyRegistry, Call, Outcome};

/// The name of the body; it gets `{"ranges": [[start, stop], ..]}`, or null for sizes that are not known.
pub const CHECKED: &str = "array.checked";

pub(super) fn register(registry: &mut BodyRegistry) -> Result<()> {
    registry.add_kernel(CHECKED, Arc::new(checked))
}

fn checked(call: &mut Call<'_>) -> Result<Outcome> {
    let value = call.inputs.first_mut().map(std::mem::take).unwrap_or_default();
    // Blocks that only another library knows have shapes that only it can tell.
    if let Value::Array(array) = &value {
        let ranges = call.own.get("ranges").and_then(Param::as_list).unwrap_or_default();
        for (axis, (range, &found)) in ranges.iter().zip(array.shape()).enumerate() {
            let Some([Param::Int(start), Param::Int(stop)]) = range.as_list() else { continue };
            let expected = stop.abs_diff(*start);
            if found != expected {
                let what = format!(
                    "axis {axis}: a chunk has {found} elements, where it had {expected} when its size was found \
                     out: what makes it does not make the same twice"
                );
                return Err(ErrorKind::InvalidValue(what).into());
            }
        }
    }
    Ok(Outcome::Value(value))
}
