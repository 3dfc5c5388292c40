//! Orders graphs of a million tasks and prints what it takes: nanoseconds and bytes a task, per shape.
//!
//! `cargo run --release -p raskt-graph --example order_million`
//!
//! Bytes are the most that the allocator had handed out at once beyond what was there before, so that the figures of the
//! consumers and of the order do not depend on what earlier shapes left behind.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use raskt_graph::adjacency::AdjacencyError;
use raskt_graph::{order, peak::live_peak, shapes};

/// How often each figure is taken; the best one counts, since others use the machine too.
const N_REPEATS: usize = 5;

/// The system's allocator with a count of what is handed out.
struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator unchanged; the counters do not touch memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(live, Ordering::Relaxed);
        // SAFETY: the caller's promises about `layout` are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(live, Ordering::Relaxed);
        // SAFETY: the caller's promises about `layout` are passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promises about `pointer` and `layout` are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Nanoseconds that this thread has spent on a core, or the wall clock where the system does not tell.
fn nanoseconds(start: Instant) -> f64 {
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let on_core = statistics.split(' ').next().and_then(|number| number.parse().ok());
    on_core.unwrap_or_else(|| start.elapsed().as_secs_f64() * 1e9)
}

/// Runs `body` a few times and returns a result with the fewest nanoseconds and the bytes for each of `n_tasks`.
fn measure<T>(n_tasks: usize, body: impl Fn() -> T) -> (T, f64, f64) {
    let mut best = measure_once(n_tasks, &body);
    for _ in 1..N_REPEATS {
        let again = measure_once(n_tasks, &body);
        if again.1 < best.1 {
            best = again;
        }
    }
    best
}

fn measure_once<T>(n_tasks: usize, body: impl Fn() -> T) -> (T, f64, f64) {
    let before = LIVE.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let start = Instant::now();
    let begun = nanoseconds(start);
    let result = body();
    let nanoseconds = nanoseconds(start) - begun;
    let bytes = PEAK.load(Ordering::Relaxed) - before;
    (result, nanoseconds / n_tasks as f64, bytes as f64 / n_tasks as f64)
}

fn main() -> Result<(), AdjacencyError> {
    let n = 1_000_000;
    let tree = shapes::binary_tree(n / 2);
    let all = [
        ("independent", shapes::independent(n)),
        ("chains", shapes::chains(1_000, 1_000)),
        ("binary tree", tree),
        ("stages", shapes::stages(100, 10_000, 8, 0)),
        ("random", shapes::random(n, 4, 0)),
        ("random window", shapes::random_window(n, 4, 1_000, 0)),
        ("tree shuffled", shapes::shuffled(&shapes::binary_tree(n / 2)?, 1)),
        ("random shuffled", shapes::shuffled(&shapes::random(n, 4, 0)?, 1)),
        ("transpose_add", shapes::transpose_add(600, 4)),
        ("overlap", shapes::overlap(40_000, 2, 25)),
        ("contest", shapes::random(170_000, 4, 0)),
        ("map_reduce", shapes::map_reduce(1_000, 1_000)),
    ];
    println!(
        "{:16} {:>9} {:>9} | {:>9} {:>7} | {:>9} {:>7} | {:>9}",
        "shape", "tasks", "edges", "transp ns", "bytes", "order ns", "bytes", "peak"
    );
    let wanted = std::env::args().nth(1);
    for (name, inputs) in all {
        if wanted.as_deref().is_some_and(|wanted| wanted != name) {
            continue;
        }
        let inputs = inputs?;
        let n_tasks = inputs.n_rows();
        let (consumers, transpose_ns, transpose_bytes) = measure(n_tasks, || inputs.transpose_distinct());
        let keep = shapes::sinks(&consumers);
        let (sequence, order_ns, order_bytes) =
            measure(n_tasks, || order::order(&inputs, &consumers, &keep, None));
        println!(
            "{name:16} {n_tasks:>9} {:>9} | {transpose_ns:>9.1} {transpose_bytes:>7.1} | \
             {order_ns:>9.1} {order_bytes:>7.1} | {:>9}",
            inputs.n_edges(),
            live_peak(&inputs, &keep, &sequence, None)
        );
    }
    Ok(())
}
