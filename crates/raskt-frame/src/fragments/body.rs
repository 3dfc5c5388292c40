//! The body that runs a program.

use std::sync::{Arc, LazyLock};

use raskt_core::{ErrorKind, Param, Result, Value};
use raskt_exec::{BodyRegistry, Call, Outcome};
use rustc_hash::FxHashMap;

use super::program::{Read, steps};
use crate::operations::{KernelFn, kernel_name};

/// The body of a fragment.
pub(super) const FRAGMENT: &str = "frame.fragment";

/// Adds the body to `registry`.
///
/// # Errors
/// [`ErrorKind::KeyClash`] where it is there already.
pub fn register(registry: &mut BodyRegistry) -> Result<()> {
    registry.add_kernel(FRAGMENT, Arc::new(move |call: &mut Call<'_>| run(call).map(Outcome::Value)))
}

/// The kernels of all steps, by their registered names.
fn kernel(name: &str) -> Result<KernelFn> {
    static KERNELS: LazyLock<FxHashMap<String, KernelFn>> = LazyLock::new(|| {
        let rows = crate::operations::rows().into_iter();
        let of_rows = rows.filter_map(|row| Some((kernel_name(row.name).to_string(), row.kernel?)));
        let chunks = [crate::reductions::chunk_body(), crate::groupby::chunk_body()];
        of_rows.chain(chunks.map(|(name, kernel)| (name.to_owned(), kernel))).collect()
    });
    let unknown = || ErrorKind::UnknownBody(name.to_owned()).into();
    KERNELS.get(name).copied().ok_or_else(unknown)
}

/// Runs one step after the other; what no later step takes is dropped at once.
fn run(call: &mut Call<'_>) -> Result<Value> {
    let mut values: Vec<Value> = call.inputs.iter_mut().map(std::mem::take).collect();
    let steps = steps(call.shared, values.len())?;
    values.reserve(steps.len());
    for step in &steps {
        call.ctx.cancel.check()?;
        let value = run_step(step, &mut values, call)?;
        values.push(value);
    }
    Ok(values.pop().unwrap_or_default())
}

fn run_step(step: &Read<'_>, values: &mut [Value], call: &Call<'_>) -> Result<Value> {
    let mut inputs: Vec<Value> = step.operands.iter().map(|&at| values[at].clone()).collect();
    for &at in &step.last {
        values[at] = Value::Unit;
    }
    let own = |number: &i64| {
        let of_task = usize::try_from(*number).ok().and_then(|at| call.own.as_list()?.get(at));
        of_task.ok_or_else(|| ErrorKind::Corrupt("a reader in a fragment without its part".to_owned()))
    };
    let parameters = match step.parameters {
        Param::Int(number) => own(number)?,
        parameters => parameters,
    };
    kernel(step.kernel)?(&mut Call {
        shared: parameters,
        own: &Param::Null,
        inputs: &mut inputs,
        exclusive: 0,
        ctx: call.ctx,
    })
}
