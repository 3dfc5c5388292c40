//! Tasks that take one output out of a list run as soon as the list is there.

use crate::adjacency::Adjacency;
use crate::body::Body;
use crate::table::TaskTable;

/// Whether any task takes one output out of a list.
#[must_use]
pub fn has_outputs(table: &TaskTable) -> bool {
    table.bodies().iter().any(|body| matches!(body, Body::Select(_)))
}

/// Whether `task` takes one output out of a list that a task returns. Those of a task that grows become tasks of its graph.
fn is_select(table: &TaskTable, task: u32) -> bool {
    let of_list = |source: &u32| !matches!(table.body(*source), Body::Growing { .. });
    matches!(table.body(task), Body::Select(_)) && table.inputs().row(task).first().is_none_or(of_list)
}

/// `part` of an order with every task that takes one output of a list ([`Body::Select`]) right behind the task that
/// returns the list, in whatever part that was.
///
/// On paper an output takes as much memory as the list, so that an order would leave outputs in their list until they
/// are needed. But a list is kept, spilled and read back as a whole, where outputs go one by one.
///
/// ```
/// use raskt_graph::outputs::outputs_first;
/// use raskt_graph::{Body, Keys, TableBuilder};
/// let mut table = TableBuilder::default();
/// let cut = table.body(Body::native("cut"));
/// let (list, other) = (table.push(cut, &[])?, table.push(cut, &[])?);
/// let first = table.push_own(Body::Select(0), &[list])?;
/// let table = table.finish(Keys::Indexed("x".into()), vec![first])?;
/// assert_eq!(outputs_first(&[list, other, first], &table, &table.inputs().transpose()), [list, first, other]);
/// # Ok::<(), raskt_core::Error>(())
/// ```
#[must_use]
pub fn outputs_first(part: &[u32], table: &TaskTable, consumers: &Adjacency) -> Vec<u32> {
    let is_select = |task: u32| is_select(table, task);
    let mut moved = Vec::with_capacity(part.len());
    for &task in part {
        if is_select(task) {
            continue;
        }
        moved.push(task);
        // Selects of selects, too.
        let mut at = moved.len() - 1;
        while let Some(&source) = moved.get(at) {
            moved.extend(consumers.row(source).iter().copied().filter(|&user| is_select(user)));
            at += 1;
        }
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{Keys, TableBuilder};

    #[test]
    fn outputs_are_taken_right_behind_their_list() {
        let mut table = TableBuilder::default();
        let (list, first, second) =
            (table.body(Body::native("lists")), table.body(Body::Select(0)), table.body(Body::Select(1)));
        let a = table.push(list, &[]).unwrap();
        let b = table.push(list, &[]).unwrap();
        let outputs: Vec<u32> = [a, b]
            .iter()
            .flat_map(|&of| [table.push(first, &[of]).unwrap(), table.push(second, &[of]).unwrap()])
            .collect();
        let deeper = table.push(first, &[outputs[0]]).unwrap();
        let gather = table.body(Body::Gather);
        let all = table.push(gather, &[outputs[1], outputs[3], deeper]).unwrap();
        let table = table.finish(Keys::OfBodies("task".into()), vec![all]).unwrap();
        let consumers = table.inputs().transpose();
        let moved = outputs_first(
            &[b, a, outputs[1], outputs[3], outputs[0], outputs[2], deeper, all],
            &table,
            &consumers,
        );
        assert_eq!(moved, [b, outputs[2], outputs[3], a, outputs[0], outputs[1], deeper, all]);
    }
}
