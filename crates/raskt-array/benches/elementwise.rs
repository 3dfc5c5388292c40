//! How far kernels are from the speed of memory: each beside one `memcpy` of the same traffic, with as many threads.
//!
//! `cargo bench -p raskt-array --bench elementwise`

use std::sync::Arc;
use std::time::Instant;

use raskt_array::kernels::{FoldKind, FoldSpec, Program, ProgramBuilder, Scalar, run_body};
use raskt_array::types::Ufunc;
use raskt_core::{DType, NdArray, Param, Value};
use raskt_exec::{Call, CancelToken, TaskCtx};

const N: usize = 25_000_000;
const N_THREADS: usize = 2;
const ROUNDS: usize = 9;

/// `(x * 2 + 1) ** 2`.
fn chain() -> Program {
    let mut chain = ProgramBuilder::new(vec![DType::Float64]);
    let [one, two] = [1.0, 2.0].map(|x| chain.constant(Scalar::float(DType::Float64, x)));
    let twice = chain.ufunc(Ufunc::Multiply, &[chain.input(0), two]);
    let sum = twice.and_then(|twice| chain.ufunc(Ufunc::Add, &[twice, one]));
    let _ = sum.and_then(|sum| chain.ufunc(Ufunc::Square, &[sum]));
    chain.finish()
}

fn reduced(program: Program, kind: &str, axes: Option<Vec<u32>>) -> Option<Program> {
    program.folded(FoldSpec { axes, ..FoldSpec::new(FoldKind::parse(kind)?) }).ok()
}

/// Median seconds.
fn seconds(mut work: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[ROUNDS / 2]
}

fn run(name: &str, shared: &Param, own: &Param, inputs: &mut [Value], exclusive: u64) -> Value {
    let cancel = CancelToken::default();
    let ctx = TaskCtx { cancel: &cancel, n_threads: N_THREADS, worker: 0, float_errors: None };
    let mut call = Call { shared, own, inputs, exclusive, ctx: &ctx };
    run_body(name, &mut call).unwrap_or_else(|error| {
        println!("{name}: {error}");
        Value::Unit
    })
}

/// A copy by as many threads, half each.
fn copy(from: &[u8], to: &mut [u8]) {
    let half = from.len() / N_THREADS;
    std::thread::scope(|scope| {
        for (from, to) in from.chunks(half).zip(to.chunks_mut(half)) {
            scope.spawn(move || to.copy_from_slice(from));
        }
    });
}

fn main() {
    let numbers: Vec<f64> = (0..N).map(|at| at as f64 * 1e-3).collect();
    let Ok(x) = NdArray::from_f64(&[5000, 5000], &numbers) else { return };
    let x = Arc::new(x);
    let value = Value::Array(Arc::clone(&x));
    let mut target = vec![1_u8; N * 8];
    let memcpy = seconds(|| copy(x.buffer().as_slice(), &mut target));
    println!("{:40} {:8.2} ms", "memcpy, 200 MB to 200 MB", memcpy * 1e3);
    let report =
        |name: &str, time: f64| println!("{name:40} {:8.2} ms {:6.2} × memcpy", time * 1e3, time / memcpy);
    let program = chain().to_param();
    report(
        "chain into fresh memory",
        seconds(|| {
            run("array.elementwise", &program, &Param::Null, &mut [value.clone()], 0);
        }),
    );
    // A buffer that belongs to nobody else, handed on from run to run.
    let mut own = run("array.elementwise", &program, &Param::Null, &mut [value.clone()], 0);
    report(
        "chain in place",
        seconds(|| {
            let mut inputs = [std::mem::take(&mut own)];
            own = run("array.elementwise", &program, &Param::Null, &mut inputs, 1);
        }),
    );
    for (name, kind, axes) in [
        ("chain, sum of all", "sum", None),
        ("chain, sum over axis 0", "sum", Some(vec![0])),
        ("chain, sum over axis 1", "sum", Some(vec![1])),
        ("chain, std of all", "std", None),
        ("chain, mean over axis 0", "mean", Some(vec![0])),
        ("chain, max of all", "max", None),
        ("chain, argmax of all", "argmax", None),
    ] {
        let Some(program) = reduced(chain(), kind, axes).map(|program| program.to_param()) else { continue };
        report(
            name,
            seconds(|| {
                run("array.elementwise", &program, &Param::Null, &mut [value.clone()], 0);
            }),
        );
    }
    let axes = Param::map([("axes", Param::List([Param::Int(1), Param::Int(0)].into()))]);
    let transposed = run("array.transpose", &axes, &Param::Null, &mut [value.clone()], 0);
    let flat = Param::List([Param::Int(0), Param::Int(N as i64)].into());
    let flat = Param::map([("ranges", Param::List([flat].into()))]);
    report(
        "copy of the transpose (1 thread)",
        seconds(|| {
            run("array.reshape", &Param::Null, &flat, &mut [transposed.clone()], 0);
        }),
    );
    let mut sum = ProgramBuilder::new(vec![DType::Float64; 2]);
    let _ = sum.ufunc(Ufunc::Add, &[sum.input(0), sum.input(1)]);
    let sum = sum.finish().to_param();
    report(
        "x + x.T",
        seconds(|| {
            run("array.elementwise", &sum, &Param::Null, &mut [value.clone(), transposed.clone()], 0);
        }),
    );
    products();
}

fn products() {
    for n in [1000_u64, 2000] {
        let Ok(a) = NdArray::from_f64(&[n, n], &vec![0.5; (n * n) as usize]) else { return };
        let value = Value::from(a);
        let time = seconds(|| {
            run("array.matmul", &Param::Null, &Param::Null, &mut [value.clone(), value.clone()], 0);
        });
        println!("matmul {n}: {:6.1} GFLOP/s on {N_THREADS} threads", 2.0 * (n as f64).powi(3) / time / 1e9);
    }
}
