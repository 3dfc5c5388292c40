//! Programs, decoded once for all tasks of a layer that a thread runs.

use std::cell::RefCell;
use std::sync::Arc;

use raskt_core::{Param, Result};

use super::op::Runner;
use super::program::Program;

/// A program and how its steps run.
pub(crate) struct Prepared {
    pub program: Program,
    pub runners: Vec<Runner>,
}

/// How many programs a thread remembers: those of a few layers whose tasks alternate.
const N_KEPT: usize = 8;

thread_local! {
    /// Parameters and what they say. The parameters are held, so that no others can take their address.
    static KEPT: RefCell<Vec<(Param, Arc<Prepared>)>> = const { RefCell::new(Vec::new()) };
}

/// Whether two parameters are one object.
fn is_same(a: &Param, b: &Param) -> bool {
    match (a, b) {
        (Param::Map(a), Param::Map(b)) => Arc::ptr_eq(a, b),
        _ => false,
    }
}

/// The program in a body's parameters.
pub(super) fn prepared(param: &Param) -> Result<Arc<Prepared>> {
    let known = KEPT.with_borrow(|kept| {
        kept.iter().find(|(other, _)| is_same(other, param)).map(|(_, prepared)| Arc::clone(prepared))
    });
    if let Some(known) = known {
        return Ok(known);
    }
    let program = Program::from_param(param)?;
    let runners = program.prepared()?;
    let prepared = Arc::new(Prepared { program, runners });
    KEPT.with_borrow_mut(|kept| {
        if kept.len() == N_KEPT {
            kept.remove(0);
        }
        kept.push((param.clone(), Arc::clone(&prepared)));
    });
    Ok(prepared)
}
