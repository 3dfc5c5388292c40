//! Graphs, arrays and frames on a cluster whose scheduler and workers are threads of this process.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by them")]

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use raskt::array::Random;
use raskt::cluster::{
    Client, ClientOptions, Scheduler, SchedulerOptions, Security, Terms, Worker, WorkerOptions,
};
use raskt::frame::{Aggregate, Frame};
use raskt::{ErrorKind, Graph, Grown, Task, cause};

struct Cluster {
    scheduler: Scheduler,
    workers: Vec<Worker>,
}

impl Cluster {
    fn new(n_workers: usize) -> Self {
        let scheduler = Scheduler::start(SchedulerOptions::default()).unwrap();
        let mut cluster = Self { scheduler, workers: Vec::new() };
        for _ in 0..n_workers {
            cluster.join(WorkerOptions::default());
        }
        cluster
    }

    fn join(&mut self, options: WorkerOptions) {
        let options = WorkerOptions { n_threads: 1, security: self.scheduler.security().clone(), ..options };
        self.workers.push(Worker::join(&self.scheduler.address(), options).unwrap());
    }

    fn client(&self) -> Client {
        let options =
            ClientOptions { security: self.scheduler.security().clone(), ..ClientOptions::default() };
        Client::connect(&self.scheduler.address(), options).unwrap()
    }
}

#[raskt::task]
fn square(x: i64) -> i64 {
    x * x
}

#[raskt::task]
fn sum(numbers: Vec<i64>) -> i64 {
    numbers.iter().sum()
}

#[raskt::task]
fn parsed(text: String) -> Result<i64, std::num::ParseIntError> {
    text.parse()
}

#[raskt::task]
fn panics(x: i64) -> i64 {
    panic!("no {x} here")
}

/// Squares of `n` numbers, and their sum.
fn squares(graph: &mut Graph, n: i64) -> (Vec<Task<i64>>, Task<i64>) {
    let squares: Vec<_> = (0..n)
        .map(|x| {
            let x = graph.value(x);
            graph.task("square", x, square)
        })
        .collect();
    let list = graph.list(&squares);
    let sum = graph.task("sum", list, sum);
    (squares, sum)
}

#[test]
fn a_graph_gives_on_a_cluster_what_it_gives_here() {
    let cluster = Cluster::new(2);
    let client = cluster.client();
    let mut graph = Graph::new();
    let (squares, sum) = squares(&mut graph, 100);
    let wanted = (sum, squares[..3].to_vec(), sum);
    assert_eq!(client.compute(&graph, wanted.clone()).unwrap(), graph.compute(wanted).unwrap());
    // Another graph has other tasks, whatever they are called.
    let mut other = Graph::new();
    let three = other.value(3);
    let nine = other.task("square", three, square);
    assert_eq!(client.compute(&other, (nine, nine)).unwrap(), (9, 9));
    assert_eq!(cluster.client().compute(&other, Vec::<Task<i64>>::new()).unwrap(), Vec::<i64>::new());
    let names: Vec<String> = client.workers().unwrap().into_iter().map(|worker| worker.name).collect();
    assert_eq!(names.len(), 2);
}

#[raskt::task]
fn factorial(n: i64, product: i64) -> Grown<i64> {
    let mut graph = Graph::new();
    let product = graph.value(product);
    let output = match n {
        0 => product,
        _ => {
            let n = graph.value(n);
            let next = graph.task("next", (n, product), |n: i64, product: i64| vec![n - 1, n * product]);
            let (n, product) = (graph.item(next, 0), graph.item(next, 1));
            graph.task("factorial", (n, product), factorial)
        }
    };
    graph.grown(output)
}

#[raskt::task]
fn doubled(n: i64, product: i64) -> Grown<i64> {
    let mut graph = Graph::new();
    let (less, twice) = (graph.value(n - 1), graph.value(product * 2));
    let output = if n == 0 { graph.value(product) } else { graph.task("doubled", (less, twice), doubled) };
    graph.grown(output)
}

#[test]
fn graphs_that_functions_return_are_run_by_other_workers_too() {
    let cluster = Cluster::new(2);
    let client = cluster.client();
    let mut graph = Graph::new();
    let (five, one) = (graph.value(5), graph.value(1));
    let power = graph.task("doubled", (five, one), doubled);
    assert_eq!(client.compute(&graph, power).unwrap(), 32);
    // A closure in such a graph has to be registered as well.
    let product = graph.task("factorial", (five, one), factorial);
    assert_eq!(graph.compute(product).unwrap(), 120);
    let error = client.compute(&graph, product).unwrap_err();
    assert!(error.to_string().contains("function next, which is not registered"), "{error}");
}

#[test]
fn closures_that_nobody_registered_and_objects_of_this_process_are_refused_before_anything_runs() {
    let cluster = Cluster::new(1);
    let client = cluster.client();
    let mut graph = Graph::new();
    let n = 3;
    let captures = graph.task("captures", (), move || n);
    let error = client.compute(&graph, captures).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::NotEncodable(_)), "{error:?}");
    assert!(
        error.to_string().contains("function captures, which is not registered by #[raskt::task]"),
        "{error}"
    );
    let object = graph.value(Arc::new(AtomicBool::new(false)));
    let error = client.compute(&graph, object).unwrap_err();
    assert!(error.to_string().contains("which only Rust code can read"), "{error}");
    // The client is as good as before.
    let (_, sum) = squares(&mut graph, 3);
    assert_eq!(client.compute(&graph, sum).unwrap(), 5);
}

#[test]
fn errors_and_panics_of_functions_arrive_with_task_and_words() {
    let cluster = Cluster::new(1);
    let client = cluster.client();
    let mut graph = Graph::new();
    let text = graph.value("twelve".to_owned());
    let number = graph.task("read a number", text, parsed);
    let one = graph.value(1);
    let panicked = graph.task("panics", one, panics);
    let error = client.compute(&graph, number).unwrap_err();
    assert!(error.to_string().starts_with("a task raised: invalid digit found in string (task"), "{error}");
    assert_eq!((error.kind(), error.function()), (&ErrorKind::Raised, Some("read a number")));
    assert!(cause::<std::num::ParseIntError>(&error).is_none(), "only its words travel");
    let error = client.compute(&graph, panicked).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Panicked(words) if words.contains("no 1 here")), "{error:?}");
}

#[test]
fn arrays_and_frames_are_computed_on_a_cluster() {
    let cluster = Cluster::new(2);
    let client = cluster.client();
    let x = Random::new(7).normal(10.0, 2.0, &[600, 40], &[100, 40]);
    let standard = (&x - x.mean_along(&[0])) / x.std_along(&[0]);
    let product = standard.t().matmul(&standard);
    assert_eq!(product.compute_on(&client).unwrap().values(), product.compute().unwrap().values());

    let mut file = tempfile::NamedTempFile::with_suffix(".csv").unwrap();
    writeln!(file, "carrier,delay").unwrap();
    for row in 0..1000 {
        writeln!(file, "{},{}", ["AA", "BB", "CC"][row % 3], row % 71).unwrap();
    }
    file.flush().unwrap();
    let rows = Frame::read_csv(file.path().to_str().unwrap());
    let means = rows.group_by(&["carrier"]).aggregate(&[("mean", "delay", Aggregate::Mean)]);
    let means = means.sort_by(&[("mean", false)]);
    let (there, here) = (means.compute_on(&client).unwrap(), means.compute().unwrap());
    assert_eq!(there.strings("carrier").unwrap(), here.strings("carrier").unwrap());
    assert_eq!(there.floats("mean").unwrap(), here.floats("mean").unwrap());
}

static HAS_BEGUN: AtomicBool = AtomicBool::new(false);

#[raskt::task]
fn slow(x: i64) -> i64 {
    HAS_BEGUN.store(true, Ordering::SeqCst);
    std::thread::sleep(Duration::from_millis(20));
    x * x
}

#[test]
fn what_a_lost_worker_held_is_computed_again() {
    let cluster = Cluster::new(3);
    let client = cluster.client();
    let mut graph = Graph::new();
    let squares: Vec<_> = (0..30)
        .map(|x| {
            let x = graph.value(x);
            graph.task("slow", x, slow)
        })
        .collect();
    let squares = graph.list(&squares);
    let total = graph.task("sum", squares, sum);
    let submitted = client.submit(&graph, total).unwrap();
    while !HAS_BEGUN.load(Ordering::SeqCst) {
        assert!(!submitted.wait_for(Duration::from_millis(1)));
    }
    cluster.workers[1].stop();
    assert_eq!(submitted.wait().unwrap(), (0..30).map(|x| x * x).sum::<i64>());
    assert!(submitted.is_done());
}

static N_TRIES: AtomicI64 = AtomicI64::new(0);

#[raskt::task]
fn third_time(x: i64) -> Result<i64, String> {
    match N_TRIES.fetch_add(1, Ordering::SeqCst) {
        2 => Ok(x),
        n => Err(format!("try {n}")),
    }
}

#[test]
fn terms_say_who_runs_a_graph_and_how_often() {
    let mut cluster = Cluster::new(1);
    let client = cluster.client();
    let mut graph = Graph::new();
    let one = graph.value(1);
    let tried = graph.task("third time", one, third_time);
    let terms = Terms {
        retries: 2,
        resources: vec![("GPU".to_owned(), 1)],
        workers: vec!["special".to_owned()],
        ..Terms::default()
    };
    let submitted = client.submit_with(&graph, tried, &terms).unwrap();
    assert!(!submitted.wait_for(Duration::from_millis(50)), "there is no such worker");
    cluster.join(WorkerOptions {
        name: Some("special".to_owned()),
        resources: vec![("GPU".to_owned(), 1)],
        ..WorkerOptions::default()
    });
    assert_eq!(submitted.wait().unwrap(), 1);
    assert_eq!(N_TRIES.load(Ordering::SeqCst), 3);
}

#[raskt::task]
fn forever(x: i64) -> i64 {
    loop {
        std::thread::sleep(Duration::from_millis(x.unsigned_abs()));
        if HAS_ENDED.load(Ordering::SeqCst) {
            return x;
        }
    }
}

static HAS_ENDED: AtomicBool = AtomicBool::new(false);

#[test]
fn what_is_cancelled_and_what_a_lost_scheduler_owes_are_errors() {
    let cluster = Cluster::new(1);
    let client = cluster.client();
    let mut graph = Graph::new();
    let one = graph.value(1);
    let forever = graph.task("forever", one, forever);
    let cancelled = client.submit(&graph, forever).unwrap();
    cancelled.cancel();
    assert_eq!(cancelled.wait().unwrap_err().kind(), &ErrorKind::Cancelled);
    let lost = client.submit(&graph, forever).unwrap();
    cluster.scheduler.stop("enough");
    let error = lost.wait().unwrap_err();
    assert!(error.to_string().contains("the scheduler ended: enough"), "{error}");
    HAS_ENDED.store(true, Ordering::SeqCst);
    cluster.workers[0].wait().unwrap();
    assert!(client.compute(&graph, one).is_err());
}

#[test]
fn wrong_tokens_addresses_and_options_are_told() {
    let cluster = Cluster::new(0);
    let address = cluster.scheduler.address();
    let wrong = Security::of_token("guessed");
    let error =
        Client::connect(&address, ClientOptions { security: wrong.clone(), ..ClientOptions::default() });
    assert!(error.unwrap_err().to_string().contains("token"));
    let worker = Worker::join(&address, WorkerOptions { security: wrong, ..WorkerOptions::default() });
    assert!(worker.unwrap_err().to_string().contains("token"));
    let none = WorkerOptions { n_threads: 0, ..WorkerOptions::default() };
    assert!(Worker::join(&address, none).unwrap_err().to_string().contains("n_threads is 0"));
    let nobody = ClientOptions { timeout: Duration::from_millis(50), ..ClientOptions::default() };
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = Client::connect(&format!("tcp://127.0.0.1:{port}"), nobody.clone()).unwrap_err();
    assert!(error.to_string().contains("for 0.1 s") || error.to_string().contains("for 0.0 s"), "{error}");
    assert!(Client::connect("http://x", nobody).is_err());
    let client = cluster.client();
    let error = client.wait_for_workers(1, Duration::from_millis(1)).unwrap_err().to_string();
    assert!(error.contains("waiting for 1 workers: there are 0"), "{error}");
}
