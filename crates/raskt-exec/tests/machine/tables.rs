//! Tables of tasks that count, and what they compute.

use std::sync::Arc;

use raskt_core::{Buffer, Value};
use raskt_exec::resolved::ResolvedTable;
use raskt_exec::{BodyRegistry, Call, Outcome};
use raskt_graph::{Body, Keys, TableBuilder};

/// What a task computes: 1 more than the sum of its inputs, and so many bytes that they matter to a budget.
pub const VALUE_BYTES: usize = 128 << 10;

pub fn registry() -> BodyRegistry {
    let mut registry = BodyRegistry::default();
    let body = |_: &mut Call<'_>| Ok(Outcome::Value(Value::Unit));
    registry.add_kernel("tally", Arc::new(body)).unwrap();
    registry
}

pub fn value(n: i64) -> Value {
    let mut bytes = vec![0; VALUE_BYTES];
    bytes[..8].copy_from_slice(&n.to_le_bytes());
    Buffer::from(bytes).into()
}

pub fn number(value: &Value) -> i64 {
    match value {
        Value::Bytes(bytes) => i64::from_le_bytes(bytes.as_slice()[..8].try_into().unwrap()),
        Value::List(items) => items.iter().map(number).fold(0, i64::wrapping_add),
        other => panic!("bytes were put, not {other:?}"),
    }
}

/// A task of a table; of inputs, `Err(i)` is input `i` of the graph.
#[derive(Clone)]
pub enum Row {
    Tally(Vec<Result<u32, u32>>),
    /// A task with several outputs, which is given so many of its inputs.
    List(Vec<Result<u32, u32>>, u32),
    /// An output of such a task.
    Item(u32, u32),
    /// All of them.
    Gather(Vec<u32>),
}

pub fn table(rows: &[Row], n_inputs: u32, outputs: Vec<u32>) -> ResolvedTable {
    let mut table = TableBuilder::default();
    let tally = table.body(Body::native("tally"));
    for input in 0..n_inputs {
        table.push_own(Body::Input(input), &[]).unwrap();
    }
    for row in rows {
        let number = |input: &Result<u32, u32>| input.map_or_else(|input| input, |task| n_inputs + task);
        match row {
            Row::Tally(inputs) => table.push(tally, &inputs.iter().map(number).collect::<Vec<_>>()),
            Row::List(inputs, n_loaded) => {
                let body = Arc::new(Body::native("tally"));
                let growing = Body::Growing { body, n_loaded: *n_loaded };
                table.push_own(growing, &inputs.iter().map(number).collect::<Vec<_>>())
            }
            Row::Item(list, at) => table.push_own(Body::Select(*at), &[n_inputs + list]),
            Row::Gather(items) => {
                table.push_own(Body::Gather, &items.iter().map(|item| n_inputs + item).collect::<Vec<_>>())
            }
        }
        .unwrap();
    }
    let table = table.finish(Keys::Indexed("t".into()), outputs).unwrap();
    ResolvedTable::new(Arc::new(table), &registry()).unwrap()
}
