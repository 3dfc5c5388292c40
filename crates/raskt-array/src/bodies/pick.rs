//! One of the values that a body holds.

use std::sync::Arc;

use raskt_core::{ErrorKind, Param, Result};
use raskt_exec::{BodyRegistry, Call, Outcome};

/// The name of the body; it gets the number of the value.
pub const PICK: &str = "array.pick";

pub(super) fn register(registry: &mut BodyRegistry) -> Result<()> {
    registry.add_kernel(PICK, Arc::new(pick))
}

fn pick(call: &mut Call<'_>) -> Result<Outcome> {
    let at = call.own.as_int().and_then(|at| usize::try_from(at).ok());
    let found = at.and_then(|at| call.shared.as_list()?.get(at));
    match found {
        Some(Param::Value(value)) => Ok(Outcome::Value(value.clone())),
        _ => Err(ErrorKind::InvalidValue(format!("there is no value {:?}", call.own)).into()),
    }
}
