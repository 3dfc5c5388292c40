//! Policies of placement, compared under virtual time: the figures of ADR 21. `cargo bench -p raskt-sim`.

use std::time::Duration;

use raskt_sim::{GraphSpec, Kind, PolicyKind, Random, Scenario, TaskSpec, Violation, WorkerSpec, run};

fn task(inputs: Vec<u32>, micros: u64, n_bytes: u64) -> TaskSpec {
    let duration = Duration::from_micros(micros);
    TaskSpec { inputs, duration, n_bytes, kind: Kind::Works, takes_resource: false }
}

/// The tasks of some work whose values have so many bytes.
type Work = fn(u64) -> Vec<TaskSpec>;

/// Blocks that are loaded, and added up in pairs.
fn tree(n_bytes: u64) -> Vec<TaskSpec> {
    let mut tasks: Vec<TaskSpec> = (0..1024).map(|_| task(Vec::new(), 20_000, n_bytes)).collect();
    let mut level: Vec<u32> = (0..1024).collect();
    while level.len() > 1 {
        level = level
            .chunks(2)
            .map(|pair| {
                tasks.push(task(pair.to_vec(), 5_000, n_bytes));
                tasks.len() as u32 - 1
            })
            .collect();
    }
    tasks
}

/// Each of 64 tasks needs a piece of each of 64 others.
fn shuffle(n_bytes: u64) -> Vec<TaskSpec> {
    let mut tasks: Vec<TaskSpec> = (0..64).map(|_| task(Vec::new(), 50_000, n_bytes)).collect();
    for left in 0..64 {
        tasks.extend((0..64).map(|_| task(vec![left], 1_000, n_bytes / 64)));
    }
    for right in 0..64 {
        tasks.push(task((0..64).map(|left| 64 + left * 64 + right).collect(), 50_000, n_bytes));
    }
    tasks
}

/// Steps of a grid that need their neighbours.
fn stencil(n_bytes: u64) -> Vec<TaskSpec> {
    let n = 256;
    let mut tasks: Vec<TaskSpec> = (0..n).map(|_| task(Vec::new(), 10_000, n_bytes)).collect();
    for step in 0..20 {
        let before = |at: u32| step * n + at % n;
        tasks.extend(
            (0..n).map(|at| task(vec![before(at + n - 1), before(at), before(at + 1)], 10_000, n_bytes)),
        );
    }
    tasks
}

/// Many tasks need what few workers hold.
fn fan_out(n_bytes: u64) -> Vec<TaskSpec> {
    let mut tasks: Vec<TaskSpec> = (0..4).map(|_| task(Vec::new(), 10_000, n_bytes)).collect();
    tasks.extend((0..2000).map(|at| task(vec![at % 4], 50_000, 1_000)));
    tasks
}

/// Tasks of one kind that take from 1 ms to 1 s.
fn uneven(n_bytes: u64) -> Vec<TaskSpec> {
    let mut random = Random::new(1);
    let mut tasks: Vec<TaskSpec> = (0..200).map(|_| task(Vec::new(), 10_000, n_bytes)).collect();
    for at in 0..2000 {
        let micros = 1_000 * 10_u64.pow(random.below(3) as u32) * random.between(1, 10);
        tasks.push(task(vec![at % 200], micros, n_bytes));
    }
    tasks
}

fn scenario(policy: PolicyKind, tasks: Vec<TaskSpec>) -> Scenario {
    let worker =
        WorkerSpec { n_threads: 2, memory_bytes: 64_000_000_000, bandwidth: 100_000_000, n_resources: 0 };
    let mut is_needed = vec![false; tasks.len()];
    for &input in tasks.iter().flat_map(|task| &task.inputs) {
        is_needed[input as usize] = true;
    }
    let outputs = (0..tasks.len() as u32).filter(|&at| !is_needed[at as usize]).collect();
    let graph = GraphSpec {
        client: 0,
        at: Duration::from_millis(200),
        n_slices: 1,
        tasks,
        outputs,
        priority: 0,
        retries: 0,
        same_as: None,
        has_data: false,
        subgraphs: Vec::new(),
    };
    Scenario {
        seed: 1,
        workers: vec![worker; 40],
        n_clients: 1,
        graphs: vec![graph],
        requests: Vec::new(),
        faults: Vec::new(),
        duplicates_permille: 0,
        policy,
        check_every: u64::MAX,
    }
}

fn main() -> Result<(), Violation> {
    let workloads: [(&str, Work); 5] = [
        ("tree", tree),
        ("shuffle", shuffle),
        ("stencil", stencil),
        ("fan-out", fan_out),
        ("uneven", uneven),
    ];
    println!("{:>9} {:>10} {:>15} {:>10} {:>10}", "work", "value", "policy", "seconds", "MB sent");
    for (name, tasks) in workloads {
        for n_bytes in [10_000, 1_000_000, 20_000_000] {
            for policy in [PolicyKind::EarliestStart, PolicyKind::DataFirst, PolicyKind::LeastLoaded] {
                let report = run(&scenario(policy, tasks(n_bytes)))?;
                let seconds = report.makespan.as_secs_f64() - 0.2;
                let sent = report.sent_bytes as f64 / 1e6;
                println!(
                    "{name:>9} {n_bytes:>10} {:>15} {seconds:>10.2} {sent:>10.0}",
                    format!("{policy:?}")
                );
            }
        }
    }
    Ok(())
}
