//! How long a graph of a million blocks takes to become tasks, and how much memory: run with `--release`.

use std::time::Instant;

use peak_alloc::PeakAlloc;
use raskt_core::Key;
use raskt_graph::layer::{
    Blockwise, BlockwiseParts, Formula, Grid, Indexed, Neighbours, Operand, ReducedAxes, ReducedAxis,
    Returns, Source, TreeReduce, TreeReduceParts,
};
use raskt_graph::{Body, Graph};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

fn graph(counts: [u32; 2]) -> raskt_core::Result<Graph> {
    let mut graph = Graph::default();
    for name in ["x", "y"] {
        let source =
            Source::new(Body::native("make"), Grid::new(&counts)?, Formula::default(), Returns::One)?;
        graph.insert(name, source.into())?;
    }
    let add = BlockwiseParts {
        counts: vec![(0, counts[0]), (1, counts[1])],
        output: vec![0, 1],
        operands: vec![Indexed::new("x", &[0, 1]), Indexed::new("y", &[0, 1])],
        ..BlockwiseParts::of(Body::native("add"))
    };
    graph.insert("z", Blockwise::new(add)?.into())?;
    let split = |axis| ReducedAxis { axis, split_every: 4 };
    let sum = TreeReduceParts {
        operand: Operand::new("z"),
        grid: Grid::new(&counts)?,
        axes: vec![split(0), split(1)],
        kept: ReducedAxes::Dropped,
        chunk: Some(Body::native("sum")),
        parameters: Formula::default(),
        combine: Body::native("sum"),
        aggregate: Body::native("sum"),
        neighbours: Neighbours::Spread,
        returns: Returns::One,
    };
    graph.insert("total", TreeReduce::new(sum)?.into())?;
    graph.request([Key::named("total")]);
    Ok(graph)
}

fn main() -> raskt_core::Result<()> {
    for _ in 0..3 {
        let before = MEMORY.current_usage();
        MEMORY.reset_peak_usage();
        let start = Instant::now();
        let graph = graph([1000, 1000])?;
        let built = start.elapsed();
        let table = graph.expand()?;
        let n = table.n_tasks();
        let per = |bytes: usize| (bytes - before) as f64 / n as f64;
        println!(
            "built in {built:.1?}; {n} tasks and {} inputs in {:.1?}, {:.0} ns a task, {:.1} bytes a task held, {:.1} at peak",
            table.inputs().n_edges(),
            start.elapsed(),
            start.elapsed().as_nanos() as f64 / n as f64,
            per(MEMORY.current_usage()),
            per(MEMORY.peak_usage()),
        );
    }
    Ok(())
}
