//! Values of 64 MiB in all, needed twice, within a budget of 16 MiB: what does not fit goes to disk and comes back.
//!
//!     cargo run --release -p raskt --example budget

use std::path::Path;

use raskt::{Buffer, Executor, Graph, Options, Result};

const N_PARTS: u8 = 64;
const PART_BYTES: usize = 1 << 20;
const BUDGET_BYTES: u64 = 16 << 20;

/// The sum of all bytes, and how many parts have a larger sum than the mean.
fn statistics(spill_directory: &Path) -> Result<(i64, i64)> {
    let mut graph = Graph::new();
    let make = graph.function("make", |fill: i64| Buffer::from(vec![fill as u8; PART_BYTES]));
    let add = graph
        .function("add", |part: Buffer| part.as_slice().iter().map(|&byte| i64::from(byte)).sum::<i64>());
    let is_above = graph.function("is above", |part: Buffer, total: i64| {
        let sum: i64 = part.as_slice().iter().map(|&byte| i64::from(byte)).sum();
        sum * i64::from(N_PARTS) > total
    });
    let parts: Vec<_> = (0..N_PARTS).map(|fill| graph.value(i64::from(fill))).collect();
    let parts: Vec<_> = parts.into_iter().map(|fill| graph.call(&make, fill)).collect();
    let sums: Vec<_> = parts.iter().map(|&part| graph.call(&add, part)).collect();
    let sums = graph.list(&sums);
    let total = graph.task("total", sums, |sums: Vec<i64>| sums.iter().sum::<i64>());
    let above: Vec<_> = parts.iter().map(|&part| graph.call(&is_above, (part, total))).collect();
    let above = graph.list(&above);
    let n_above =
        graph.task("count", above, |above: Vec<bool>| above.iter().filter(|&&is| is).count() as i64);
    let executor = Executor::new(Options {
        memory_limit_bytes: Some(BUDGET_BYTES),
        spill_directory: Some(spill_directory.to_owned()),
        ..Options::default()
    })?;
    executor.compute(&graph, (total, n_above))
}

fn main() -> Result<()> {
    let (total, n_above) = statistics(&std::env::temp_dir())?;
    println!("a sum of {total}; {n_above} of {N_PARTS} parts are above the mean");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_to_disk_came_back_and_left_nothing() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(statistics(folder.path()).unwrap(), (2016 << 20, 32));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
