//! A million native tasks that do nothing, in five shapes, on two threads: microseconds of wall time and bytes at
//! the peak, a task, ordering the graph included.
//!
//!     cargo bench -p raskt-exec --bench million -- [shape...]
//!
//! Exits with 1 where a shape needs more than `MILLION_US_MAX` (1.0) microseconds or `MILLION_BYTES_MAX` (200)
//! bytes a task. Each shape has a process of its own, so that memory is that shape's alone: the peak of resident
//! memory over what there was before the graph. Time is the best of five runs, from the finished table of tasks to
//! the values in hand.

use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::Instant;

use raskt_core::{Result, Value};
use raskt_exec::{BodyRegistry, Call, Outcome, Pool, Run, RunOptions};
use raskt_graph::shapes::{self, Shape};
use raskt_graph::{Body, Keys, TableBuilder, TaskTable};

const N_THREADS: usize = 2;
const N_RUNS: usize = 5;
const SHAPES: [(&str, Make); 5] = [
    ("independent", || shapes::independent(1_000_000)),
    ("chains", || shapes::chains(1_000, 1_000)),
    ("tree", || shapes::binary_tree(500_000)),
    ("stages", || shapes::stages(100, 10_000, 8, 1)),
    ("random", || shapes::random(1_000_000, 4, 1)),
];

type Make = fn() -> Shape;
type Failure = Box<dyn std::error::Error>;

fn main() -> Result<ExitCode, Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, name] = arguments.as_slice()
        && flag == "--shape"
    {
        return measure(name).map(|()| ExitCode::SUCCESS);
    }
    let limit = |variable: &str, usual: f64| match std::env::var(variable) {
        Ok(text) => text.parse::<f64>().map_err(|_| format!("{variable} is not a number: {text}")),
        Err(_) => Ok(usual),
    };
    let (us_max, bytes_max) = (limit("MILLION_US_MAX", 1.0)?, limit("MILLION_BYTES_MAX", 200.0)?);
    println!("{:<12} {:>9} {:>9} {:>9} {:>9} {:>9}", "shape", "tasks", "edges", "wall us", "cpu us", "bytes");
    let mut fits = true;
    for (name, _) in SHAPES {
        // `cargo bench` passes `--bench`.
        let chosen = |argument: &String| argument.starts_with('-') || argument == name;
        if !arguments.iter().all(|argument| argument.starts_with('-'))
            && !arguments.iter().any(|a| chosen(a) && a == name)
        {
            continue;
        }
        let child = Command::new(std::env::current_exe()?).args(["--shape", name]).output()?;
        let line = String::from_utf8_lossy(&child.stdout).trim().to_owned();
        if !child.status.success() {
            return Err(format!("{name}: {}", String::from_utf8_lossy(&child.stderr)).into());
        }
        let figures: Vec<f64> = line.split(' ').map(str::parse).collect::<Result<_, _>>()?;
        let [n_tasks, n_edges, wall_us, cpu_us, bytes] = figures[..] else { return Err(line.into()) };
        println!("{name:<12} {n_tasks:>9} {n_edges:>9} {wall_us:>9.3} {cpu_us:>9.3} {bytes:>9.1}");
        fits &= wall_us <= us_max && bytes <= bytes_max;
    }
    println!("limits: {us_max} us, {bytes_max} bytes: {}", if fits { "kept" } else { "EXCEEDED" });
    Ok(ExitCode::from(u8::from(!fits)))
}

/// Runs one shape and prints its figures, a task.
fn measure(name: &str) -> Result<(), Failure> {
    let (_, make) = SHAPES.iter().find(|(shape, _)| *shape == name).ok_or("no such shape")?;
    let mut registry = BodyRegistry::default();
    registry.add_kernel("nothing", Arc::new(|_: &mut Call<'_>| Ok(Outcome::Value(Value::Int(1)))))?;
    let registry = Arc::new(registry);
    let pool = Pool::new(N_THREADS, &registry)?;
    let before = resident_bytes("VmRSS")?;
    let table = Arc::new(table(*make)?);
    let (mut wall, mut cpu) = (f64::INFINITY, f64::INFINITY);
    let mut peak = 0;
    for at in 0..N_RUNS {
        let (cpu_before, begun) = (cpu_seconds()?, Instant::now());
        run(&table, &registry, &pool)?;
        wall = wall.min(begun.elapsed().as_secs_f64());
        cpu = cpu.min(cpu_seconds()? - cpu_before);
        if at == 0 {
            peak = resident_bytes("VmHWM")?.saturating_sub(before);
        }
    }
    let n = table.n_tasks() as f64;
    let (wall_us, cpu_us) = (wall * 1e6 / n, cpu * 1e6 / n);
    println!("{n} {} {wall_us} {cpu_us} {}", table.inputs().n_edges(), peak as f64 / n);
    Ok(())
}

fn run(table: &Arc<TaskTable>, registry: &Arc<BodyRegistry>, pool: &Pool) -> Result<()> {
    let options = RunOptions { n_workers: N_THREADS, ..RunOptions::default() };
    let run = Arc::new(Run::new(Arc::clone(table), Arc::clone(registry), options)?);
    pool.start(&run);
    while !run.wait(None) {}
    let values = run.results()?;
    assert!(values.iter().all(|value| *value == Value::Int(1)) && run.n_done() == table.n_tasks());
    Ok(())
}

/// Every task runs `nothing`; what nobody needs is asked for.
fn table(make: Make) -> Result<TaskTable, Failure> {
    let inputs = make()?;
    let sinks = shapes::sinks(&inputs.transpose());
    let mut table = TableBuilder::with_capacity(inputs.n_rows(), inputs.n_edges());
    let body = table.body(Body::native("nothing"));
    for row in inputs.rows() {
        table.push(body, row)?;
    }
    Ok(table.finish(Keys::Indexed("nothing".into()), sinks)?)
}

/// A line of `/proc/self/status`, in bytes.
fn resident_bytes(field: &str) -> Result<u64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with(field)).ok_or("no such line")?;
    Ok(line.split_whitespace().nth(1).ok_or("no figure")?.parse::<u64>()? * 1024)
}

/// Processor time of all threads so far.
fn cpu_seconds() -> Result<f64, Failure> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(')').next().ok_or("no fields")?.split_whitespace().collect();
    // Fields 14 and 15, counted from the process id, in hundredths of a second.
    Ok((fields[11].parse::<f64>()? + fields[12].parse::<f64>()?) / 100.0)
}
