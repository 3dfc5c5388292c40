//! Culling: what nobody needs goes.

use std::sync::Arc;

use raskt_core::{ErrorKind, Fit, Result};

use crate::table::{Keys, TableBuilder, TaskTable};

/// The tasks that `outputs` need, in their old order under new numbers; they keep their keys.
///
/// ```
/// use raskt_core::Key;
/// use raskt_graph::cull::cull;
/// use raskt_graph::{Body, Keys, TableBuilder};
/// let mut table = TableBuilder::default();
/// let add = table.body(Body::native("add"));
/// for inputs in [&[][..], &[], &[0], &[1]] {
///     table.push(add, inputs)?;
/// }
/// let table = table.finish(Keys::Indexed("t".into()), vec![2, 3])?;
/// let culled = cull(&table, &[3])?;
/// assert_eq!((culled.n_tasks(), culled.outputs()), (2, &[1][..]));
/// assert_eq!(culled.key(1), Key::block("t", &[3]));
/// # Ok::<(), raskt_core::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::InvalidGraph`] for an output that is not there.
pub fn cull(table: &TaskTable, outputs: &[u32]) -> Result<TaskTable> {
    let n_tasks = table.n_tasks();
    let mut needed = vec![false; n_tasks];
    let mut todo = Vec::new();
    for &output in outputs {
        match needed.get_mut(output as usize) {
            None => {
                let what = format!("output {output} of {n_tasks} tasks does not exist");
                return Err(ErrorKind::InvalidGraph(what).into());
            }
            Some(needed) => {
                if !std::mem::replace(needed, true) {
                    todo.push(output);
                }
            }
        }
    }
    while let Some(task) = todo.pop() {
        for &input in table.inputs().row(task) {
            if !std::mem::replace(&mut needed[input as usize], true) {
                todo.push(input);
            }
        }
    }
    let kept: Vec<u32> = (0..n_tasks.fit::<u32>()).filter(|&task| needed[task as usize]).collect();
    pick(table, &kept, outputs)
}

/// The tasks `kept`, ascending, which hold all of their inputs and the outputs.
fn pick(table: &TaskTable, kept: &[u32], outputs: &[u32]) -> Result<TaskTable> {
    const GONE: u32 = u32::MAX;
    let mut numbers = vec![GONE; table.n_tasks()];
    (0..).zip(kept).for_each(|(number, &task)| numbers[task as usize] = number);
    let n_inputs = kept.iter().map(|&task| table.inputs().row(task).len()).sum();
    let mut picked = TableBuilder::with_capacity(kept.len(), n_inputs);
    let mut bodies = vec![GONE; table.bodies().len()];
    let mut inputs = Vec::new();
    for &task in kept {
        let body = &mut bodies[table.body_index(task) as usize];
        if *body == GONE {
            *body = picked.body(table.body(task).clone());
        }
        inputs.clear();
        inputs.extend(table.inputs().row(task).iter().map(|&input| numbers[input as usize]));
        match table.parameters(task) {
            raskt_core::Param::Null => picked.push(*body, &inputs)?,
            parameters => picked.push_with(*body, parameters.clone(), &inputs)?,
        };
    }
    let outputs = outputs.iter().map(|&output| numbers[output as usize]).collect();
    picked.finish(picked_keys(table, kept), outputs)
}

/// What the tasks `kept` of `table` are called, whatever their numbers become.
pub(crate) fn picked_keys(table: &TaskTable, kept: &[u32]) -> Keys {
    match table.keys() {
        keys if kept.len() == table.n_tasks() => keys.clone(),
        Keys::Picked { of, tasks } => {
            let tasks = kept.iter().map(|&task| tasks.get(task as usize).copied().unwrap_or(task));
            Keys::Picked { of: Arc::clone(of), tasks: tasks.collect() }
        }
        keys => Keys::Picked { of: Arc::new(keys.clone()), tasks: kept.into() },
    }
}
