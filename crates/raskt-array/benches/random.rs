//! What a random number of each distribution takes, on one thread.
//!
//! `cargo bench -p raskt-array --bench random`

use std::time::Instant;

use raskt_array::kernels::run_body;
use raskt_core::Param;
use raskt_exec::{Call, CancelToken, TaskCtx};

const N: i64 = 125_000;
const ROUNDS: usize = 15;

/// Distributions with parameters that are often used.
const CASES: &[(&str, &[f64])] = &[
    ("random", &[]),
    ("uniform", &[0.0, 2.0]),
    ("standard_normal", &[]),
    ("normal", &[0.0, 1.0]),
    ("lognormal", &[0.0, 1.0]),
    ("standard_exponential", &[]),
    ("exponential", &[2.0]),
    ("laplace", &[0.0, 1.0]),
    ("logistic", &[0.0, 1.0]),
    ("gumbel", &[0.0, 1.0]),
    ("rayleigh", &[1.0]),
    ("pareto", &[3.0]),
    ("weibull", &[2.0]),
    ("power", &[2.5]),
    ("triangular", &[-1.0, 0.0, 2.0]),
    ("standard_gamma", &[2.0]),
    ("standard_gamma", &[0.5]),
    ("beta", &[2.0, 3.0]),
    ("beta", &[0.5, 0.5]),
    ("chisquare", &[3.0]),
    ("noncentral_chisquare", &[3.0, 2.0]),
    ("f", &[4.0, 9.0]),
    ("noncentral_f", &[4.0, 9.0, 2.0]),
    ("standard_t", &[5.0]),
    ("standard_cauchy", &[]),
    ("wald", &[2.0, 6.0]),
    ("vonmises", &[0.5, 3.0]),
    ("poisson", &[4.0]),
    ("poisson", &[40.0]),
    ("binomial", &[20.0, 0.3]),
    ("binomial", &[1000.0, 0.3]),
    ("negative_binomial", &[6.0, 0.4]),
    ("negative_binomial", &[60.0, 0.1]),
    ("geometric", &[0.2]),
    ("hypergeometric", &[20.0, 30.0, 15.0]),
    ("hypergeometric", &[2000.0, 3000.0, 1500.0]),
    ("logseries", &[0.7]),
    ("zipf", &[3.0]),
    ("integers", &[0.0, 100.0]),
    ("multinomial", &[20.0]),
    ("dirichlet", &[]),
];

fn ints(items: &[i64]) -> Param {
    Param::List(items.iter().map(|&n| Param::Int(n)).collect())
}

fn floats(items: &[f64]) -> Param {
    Param::List(items.iter().map(|&n| Param::Float(n)).collect())
}

fn main() {
    let cancel = CancelToken::default();
    let ctx = TaskCtx { cancel: &cancel, n_threads: 1, worker: 0, float_errors: None };
    for &(name, params) in CASES {
        let given: Vec<Param> = match name {
            "integers" => params.iter().map(|&p| Param::Int(p as i64)).collect(),
            "multinomial" => vec![Param::Float(params[0]), floats(&[0.2, 0.3, 0.5])],
            "dirichlet" => vec![floats(&[0.4, 3.0, 5.0])],
            _ => params.iter().map(|&p| Param::Float(p)).collect(),
        };
        let dtype = if matches!(name, "integers" | "multinomial") { "int64" } else { "float64" };
        let shared = Param::map([
            ("distribution", Param::Str(name.into())),
            ("key", ints(&[1, 2])),
            ("dtype", Param::Str(dtype.into())),
            ("size", ints(&[N])),
            ("params", Param::List(given.into())),
        ]);
        let own = Param::map([("ranges", Param::List([ints(&[0, N])].into()))]);
        let mut best = f64::INFINITY;
        for _ in 0..ROUNDS {
            let start = Instant::now();
            let mut call = Call { shared: &shared, own: &own, inputs: &mut [], exclusive: 0, ctx: &ctx };
            if let Err(error) = run_body("array.random", &mut call) {
                println!("{name}: {error}");
            }
            best = best.min(start.elapsed().as_secs_f64());
        }
        println!("{:40} {:7.2} ns each", format!("{name} {params:?}"), best / N as f64 * 1e9);
    }
}
