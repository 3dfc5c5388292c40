//! Orders graphs of well-known forms and prints how much is live at once.
//!
//! ```sh
//! cargo run --release -p raskt-graph --example order_shapes              # a table
//! cargo run --release -p raskt-graph --example order_shapes -- --json    # graphs and orders, an object a line
//! cargo run --release -p raskt-graph --example order_shapes -- --json --graphs FILE
//! ```
//!
//! `--stored` keeps no results, as if the last tasks wrote to a disk. `--graphs` orders the graphs of a file instead: a
//! line is a name, a tab, and for each task the numbers of its inputs, numbers set apart by spaces and tasks by
//! semicolons. `benches/order_vs_dask/compare.py` compares the results with Dask's.

use std::error::Error;
use std::io::{Write as _, stdout};
use std::time::{Duration, Instant};

use raskt_graph::adjacency::{Adjacency, AdjacencyBuilder, AdjacencyError};
use raskt_graph::order::order;
use raskt_graph::peak::live_peak;
use raskt_graph::shapes::{self, Shape};

/// How often an order is timed at most; the best time counts.
const N_REPEATS: u32 = 5;

type Named = (String, Adjacency);

/// Names a call by how it is written.
macro_rules! named {
    ($($shape:ident ( $($argument:expr),* )),* $(,)?) => {
        vec![$((
            [stringify!($shape), "(", &[$($argument.to_string()),*].join(", "), ")"].concat(),
            shapes::$shape($($argument),*),
        )),*]
    };
}

/// The forms that the engine promises to be good at, each with several parameters.
fn promised() -> Vec<(String, Shape)> {
    named![
        tree(100, 2),
        tree(1_000, 2),
        tree(20_000, 2),
        tree(1_000, 4),
        tree(10_000, 8),
        tree(5_000, 16),
        transpose_add(7, 4),
        transpose_add(20, 4),
        transpose_add(20, 16),
        transpose_add(60, 4),
        transpose_add(100, 16),
        overlap(50, 1, 1),
        overlap(1_000, 1, 1),
        overlap(3_000, 3, 1),
        overlap(200, 1, 10),
        overlap(1_000, 1, 10),
        overlap(50, 1, 100),
        overlap_grid(6),
        overlap_grid(20),
        overlap_grid(40),
        map_reduce(10, 10),
        map_reduce(100, 10),
        map_reduce(10, 100),
        map_reduce(100, 100),
        map_reduce(200, 200),
        diamond(1, 100, 1),
        diamond(10, 10, 3),
        diamond(100, 20, 4),
        diamond(1_000, 4, 2),
    ]
}

/// What else array and frame libraries make.
fn others() -> Vec<(String, Shape)> {
    named![
        standardise(100, 4),
        standardise(1_000, 4),
        standardise(5_000, 16),
        matmul(5, 4),
        matmul(10, 4),
        matmul(20, 16),
        rechunk(10),
        rechunk(50),
        rechunk(120),
        cumulative(100),
        cumulative(3_000),
        chains(100, 50),
        chains(1_000, 20),
        fan_out(1_000, 1),
        fan_out(500, 20),
        climatology(12, 10),
        climatology(12, 200),
        climatology(365, 10),
        climatology(50, 50),
        tall_skinny_qr(16, 4),
        tall_skinny_qr(500, 4),
        tall_skinny_qr(1_000, 1_000),
        butterfly(5),
        butterfly(10),
        wavefront(10, 10),
        wavefront(100, 100),
        cholesky(5),
        cholesky(15),
        cholesky(30),
    ]
}

/// Random graphs, from seeds.
fn random() -> Vec<(String, Shape)> {
    let mut all = Vec::new();
    for seed in 0_u64..5 {
        all.extend(named![
            random(100, 2, seed),
            random(100, 4, seed),
            random(1_000, 3, seed),
            random(3_000, 4, seed),
            random(10_000, 4, seed),
            random(3_000, 8, seed),
            random_window(100, 3, 10, seed),
            random_window(1_000, 4, 30, seed),
            random_window(20_000, 4, 500, seed),
            random_pairs(100, 50, seed),
            random_pairs(1_000, 4, seed),
            random_tree(1_000, seed),
            random_tree_shared(1_000, seed),
            stages(10, 20, 3, seed),
            stages(20, 100, 8, seed),
            stages(10, 1_000, 8, seed),
        ]);
    }
    all.extend(named![random(50_000, 4, 0_u64), stages(20, 3_000, 8, 0_u64), overlap(20_000, 1, 5)]);
    all
}

/// Small and middling graphs stand in the list a second time with their tasks in disorder.
fn catalogue() -> Result<Vec<Named>, AdjacencyError> {
    let mut all = Vec::new();
    for (name, shape) in promised().into_iter().chain(others()).chain(random()) {
        let shape = shape?;
        if shape.n_rows() <= 5_000 {
            all.push((format!("{name} shuffled"), shapes::shuffled(&shape, 1)?));
        }
        all.push((name, shape));
    }
    Ok(all)
}

fn read_graphs(path: &str) -> Result<Vec<Named>, Box<dyn Error>> {
    let mut all = Vec::new();
    for line in std::fs::read_to_string(path)?.lines() {
        let (name, rows) = line.split_once('\t').ok_or("a line without a tab")?;
        let mut builder = AdjacencyBuilder::with_capacity(0, 0);
        for row in rows.split(';') {
            let inputs = row.split_whitespace().map(str::parse).collect::<Result<Vec<u32>, _>>()?;
            builder.push_row(inputs)?;
        }
        all.push((name.to_owned(), builder.finish()?));
    }
    Ok(all)
}

fn order_timed(inputs: &Adjacency, consumers: &Adjacency, keep: &[u32]) -> (Vec<u32>, Duration) {
    let mut best = (Vec::new(), Duration::MAX);
    for _ in 0..N_REPEATS {
        let start = Instant::now();
        let sequence = order(inputs, consumers, keep, None);
        let time = start.elapsed();
        if time < best.1 {
            best = (sequence, time);
        }
    }
    best
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let graphs_at = arguments.iter().position(|argument| argument == "--graphs");
    let graphs = match graphs_at.and_then(|at| arguments.get(at + 1)) {
        Some(path) => read_graphs(path)?,
        None => catalogue()?,
    };
    let mut out = stdout().lock();
    for (name, inputs) in graphs {
        let consumers = inputs.transpose_distinct();
        let keep = if has("--stored") { Vec::new() } else { shapes::sinks(&consumers) };
        let (sequence, time) = order_timed(&inputs, &consumers, &keep);
        let microseconds = time.as_secs_f64() * 1e6 / inputs.n_rows() as f64;
        if has("--json") {
            let rows: Vec<&[u32]> = inputs.rows().collect();
            writeln!(
                out,
                r#"{{"name": "{name}", "microseconds_per_task": {microseconds:.4}, "inputs": {rows:?}, "keep": {keep:?}, "sequence": {sequence:?}}}"#
            )?;
        } else {
            let peak = live_peak(&inputs, &keep, &sequence, None);
            writeln!(
                out,
                "{name:40} {:>8} tasks {peak:>8} live {microseconds:>8.3} µs a task",
                inputs.n_rows()
            )?;
        }
    }
    Ok(())
}
