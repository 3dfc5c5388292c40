//! What Rust users rely on: values are those of a recursive evaluation, errors name their task, options are followed.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helpers may fail it")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use proptest::prelude::*;
use raskt::{
    Buffer, CancelHandle, Datum, ErrorKind, ErrorPolicy, Executor, Function, Graph, Key, NdArray, Options,
    Task, Value,
};

fn executor(options: Options) -> Executor {
    Executor::new(Options { n_threads: 3, ..options }).unwrap()
}

/// A task of a random graph: a constant, or a call on earlier tasks.
#[derive(Clone, Debug)]
enum Node {
    Constant(i64),
    Negate(usize),
    Add(usize, usize),
    Sum(Vec<usize>),
    /// The second of a pair, for it gave both.
    Swap(usize, usize),
    /// A graph that adds one as often as the remainder says.
    Grow(usize),
}

fn nodes() -> impl Strategy<Value = Vec<Node>> {
    let at = any::<usize>;
    let node = prop_oneof![
        (-99..99_i64).prop_map(Node::Constant),
        at().prop_map(Node::Negate),
        (at(), at()).prop_map(|(a, b)| Node::Add(a, b)),
        prop::collection::vec(at(), 0..5).prop_map(Node::Sum),
        (at(), at()).prop_map(|(a, b)| Node::Swap(a, b)),
        at().prop_map(Node::Grow),
    ];
    (-99..99_i64, prop::collection::vec(node, 0..40)).prop_map(|(first, mut nodes)| {
        nodes.insert(0, Node::Constant(first));
        for (n, node) in nodes.iter_mut().enumerate().skip(1) {
            match node {
                Node::Constant(_) => {}
                Node::Negate(a) | Node::Grow(a) => *a %= n,
                Node::Add(a, b) | Node::Swap(a, b) => (*a, *b) = (*a % n, *b % n),
                Node::Sum(all) => all.iter_mut().for_each(|a| *a %= n),
            }
        }
        nodes
    })
}

/// The oracle.
fn evaluate(nodes: &[Node], at: usize) -> i64 {
    let value = |at: &usize| evaluate(&nodes[..at + 1], *at);
    match &nodes[at] {
        Node::Constant(value) => *value,
        Node::Negate(a) => value(a).wrapping_neg(),
        Node::Add(a, b) => value(a).wrapping_add(value(b)),
        Node::Sum(all) => all.iter().map(value).fold(0, i64::wrapping_add),
        Node::Swap(a, _) => value(a),
        Node::Grow(a) => value(a).wrapping_add(value(a).rem_euclid(4)),
    }
}

struct Functions {
    negate: Function<(i64,), i64>,
    add: Function<(i64, i64), i64>,
    sum: Function<(Vec<i64>,), i64>,
    swap: Function<(i64, i64), (i64, i64)>,
    grow: Function<(i64,), i64>,
}

fn functions(graph: &mut Graph) -> Functions {
    Functions {
        negate: graph.function("negate", i64::wrapping_neg),
        add: graph.function("add", i64::wrapping_add),
        sum: graph.function("sum", |all: Vec<i64>| all.into_iter().fold(0, i64::wrapping_add)),
        swap: graph.function("swap", |a: i64, b: i64| (b, a)),
        grow: graph.function("grow", |start: i64| {
            let mut graph = Graph::new();
            let increment = graph.function("increment", |x: i64| x.wrapping_add(1));
            let mut last = graph.value(start);
            for _ in 0..start.rem_euclid(4) {
                last = graph.call(&increment, last);
            }
            graph.grown(last)
        }),
    }
}

fn build(nodes: &[Node]) -> (Graph, Vec<Task<i64>>) {
    let mut graph = Graph::new();
    let functions = functions(&mut graph);
    let mut tasks: Vec<Task<i64>> = Vec::new();
    for node in nodes {
        tasks.push(match node {
            Node::Constant(value) => graph.value(*value),
            Node::Negate(a) => graph.call(&functions.negate, tasks[*a]),
            Node::Add(a, b) => graph.call(&functions.add, (tasks[*a], tasks[*b])),
            Node::Sum(all) => {
                let all: Vec<_> = all.iter().map(|&at| tasks[at]).collect();
                let all = graph.list(&all);
                graph.call(&functions.sum, all)
            }
            Node::Swap(a, b) => {
                let pair = graph.call(&functions.swap, (tasks[*a], tasks[*b]));
                graph.split2(pair).1
            }
            Node::Grow(a) => graph.call(&functions.grow, tasks[*a]),
        });
    }
    (graph, tasks)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn a_random_graph_equals_a_recursive_evaluator(nodes in nodes(), picks in prop::collection::vec(any::<usize>(), 0..6)) {
        let (graph, tasks) = build(&nodes);
        let picks: Vec<usize> = picks.into_iter().map(|pick| pick % nodes.len()).collect();
        let wanted: Vec<_> = picks.iter().map(|&pick| tasks[pick]).collect();
        let expected: Vec<_> = picks.iter().map(|&pick| evaluate(&nodes, pick)).collect();
        prop_assert_eq!(executor(Options::default()).compute(&graph, wanted).unwrap(), expected);
    }

    #[test]
    fn what_is_put_into_a_value_comes_out(data in (any::<bool>(), any::<i64>(), any::<f64>(), ".*", prop::collection::vec(any::<Option<i64>>(), 0..5))) {
        let back = <(bool, i64, f64, String, Vec<Option<i64>>)>::from_value(data.clone().into_value()).unwrap();
        prop_assert_eq!(back.2.to_bits(), data.2.to_bits());
        prop_assert_eq!((back.0, back.1, back.3, back.4), (data.0, data.1, data.3, data.4));
    }
}

#[test]
fn only_what_is_wanted_runs() {
    let mut graph = Graph::new();
    let wanted = graph.task("wanted", (), || 1_i64);
    let _unwanted: Task<i64> = graph.task("unwanted", (), || Err::<i64, _>("it ran"));
    assert_eq!(graph.compute(wanted).unwrap(), 1);
    assert_eq!(graph.compute(Vec::<Task<i64>>::new()).unwrap(), [0_i64; 0]);
    assert_eq!(graph.n_tasks(), 2);
}

#[test]
fn an_error_carries_key_function_and_what_was_returned() {
    let mut graph = Graph::new();
    let one = graph.value(1_i64);
    let bad: Task<i64> = graph.task("picky", one, |_: i64| Err::<i64, _>(std::io::Error::other("not that")));
    let after = graph.task("after", bad, |x: i64| x);
    let error = graph.compute(after).unwrap_err();
    assert_eq!((error.key(), error.function()), (Some(&Key::block("task", &[1])), Some("picky")));
    assert_eq!(raskt::cause::<std::io::Error>(&error).unwrap().to_string(), "not that");
    assert_eq!(error.to_string(), "a task raised: not that (task ('task', 1), function picky)");
}

#[test]
fn an_error_of_raskt_keeps_its_kind() {
    let mut graph = Graph::new();
    let bad: Task<i64> = graph
        .task("bad", (), || Err::<i64, _>(raskt::Error::new(ErrorKind::InvalidValue("too large".into()))));
    assert_eq!(graph.compute(bad).unwrap_err().kind(), &ErrorKind::InvalidValue("too large".into()));
}

#[test]
fn a_panic_is_an_error_and_the_threads_live_on() {
    let executor = executor(Options::default());
    let mut graph = Graph::new();
    let boom = graph.task("boom", (), || -> i64 { panic!("seven is {}", 7) });
    let fine = graph.task("fine", (), || 8_i64);
    let error = executor.compute(&graph, boom).unwrap_err();
    assert_eq!(error.to_string(), "a task panicked: seven is 7 (task ('task', 0), function boom)");
    assert_eq!(executor.compute(&graph, fine).unwrap(), 8);
}

#[test]
fn all_errors_are_collected_on_request() {
    let mut graph = Graph::new();
    let fail = graph.function("fail", |x: i64| -> Result<i64, String> { Err(format!("no {x}")) });
    let tasks: Vec<_> = (0..3).map(|x| graph.value(x)).collect();
    let tasks: Vec<_> = tasks.into_iter().map(|x| graph.call(&fail, x)).collect();
    let all = Options { errors: ErrorPolicy::All, ..Options::default() };
    let error = executor(all).compute(&graph, &tasks).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Many(errors) if errors.len() == 3), "{error}");
    let first = executor(Options::default()).compute(&graph, &tasks).unwrap_err();
    assert_eq!(first.kind(), &ErrorKind::Raised);
}

#[test]
fn a_failed_task_is_tried_again_as_often_as_allowed() {
    let flaky = |n_failures: u32| {
        let left = AtomicU32::new(n_failures);
        move || match left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)) {
            Ok(_) => Err("not yet"),
            Err(_) => Ok(42_i64),
        }
    };
    let mut graph = Graph::new();
    let (twice, thrice) = (graph.task("twice", (), flaky(2)), graph.task("thrice", (), flaky(3)));
    let executor = executor(Options { retries: 2, ..Options::default() });
    assert_eq!(executor.compute(&graph, twice).unwrap(), 42);
    assert!(executor.compute(&graph, thrice).is_err());
}

#[test]
fn a_cancelled_handle_stops_what_runs_and_what_would() {
    let cancel = CancelHandle::new();
    let executor = executor(Options { cancel: Some(cancel.clone()), ..Options::default() });
    let mut graph = Graph::new();
    let inside = cancel.clone();
    let stop = graph.task("stop", (), move || inside.cancel());
    let after = graph.task("after", stop, |()| 1_i64);
    assert_eq!(executor.compute(&graph, after).unwrap_err().kind(), &ErrorKind::Cancelled);
    let other = graph.task("other", (), || 1_i64);
    assert_eq!(executor.compute(&graph, other).unwrap_err().kind(), &ErrorKind::Cancelled);
    assert!(cancel.is_cancelled() && cancel.check().is_err());
}

#[test]
fn tasks_of_another_graph_are_refused() {
    let mut other = Graph::new();
    let far = other.value(1_i64);
    let mut graph = Graph::new();
    let near = graph.value(2_i64);
    let error = graph.compute((near, far)).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::InvalidGraph("a task of another graph was asked for".into()));
    let mixed = graph.task("mix", (near, far), |a: i64, b: i64| a + b);
    let error = graph.compute(mixed).unwrap_err();
    assert_eq!(error.to_string(), "task 1, function mix, was given a task of another graph");
}

#[test]
fn computing_inside_every_thread_ends() {
    let executor = Arc::new(executor(Options::default()));
    let mut graph = Graph::new();
    let inner = Arc::clone(&executor);
    let nested = graph.function("nested", move |n: i64| {
        let mut graph = Graph::new();
        let n = graph.value(n);
        let parts: Vec<_> = (0..5).map(|k| graph.task("part", n, move |n: i64| n * k)).collect();
        inner.compute(&graph, parts).map(|parts| parts.iter().sum::<i64>())
    });
    let tasks: Vec<_> = (0..12).map(|n| graph.value(n)).collect();
    let tasks: Vec<_> = tasks.into_iter().map(|n| graph.call(&nested, n)).collect();
    assert_eq!(executor.compute(&graph, tasks).unwrap(), (0..12).map(|n| 10 * n).collect::<Vec<i64>>());
}

#[test]
fn objects_arrays_and_bytes_are_passed_without_a_copy() {
    struct Own(Vec<u16>);
    let mut graph = Graph::new();
    let object = Arc::new(Own(vec![1, 2, 3]));
    let array = NdArray::from_f64(&[2], &[1.5, 2.5]).unwrap();
    let (bytes, address) = (Buffer::from(vec![7; 100]), object.0.as_ptr().addr());
    let bytes_at = bytes.as_slice().as_ptr().addr();
    let inputs = (graph.value(object), graph.value(array), graph.value(bytes));
    let all = graph.task("all", inputs, move |object: Arc<Own>, array: NdArray, bytes: Buffer| {
        let same = object.0.as_ptr().addr() == address && bytes.as_slice().as_ptr().addr() == bytes_at;
        array.to_f64().map(|numbers| (same, numbers))
    });
    assert_eq!(graph.compute(all).unwrap(), (true, vec![1.5, 2.5]));
}

#[test]
fn a_value_of_the_wrong_type_is_an_error_with_both_types() {
    let mut graph = Graph::new();
    let text = graph.task("text", (), || Value::from("nine"));
    let number = graph.task("number", text, |value: Value| i64::from_value(value));
    let error = graph.compute(number).unwrap_err();
    assert_eq!(error.to_string(), "expected int, found str (task ('task', 1), function number)");
    let short = graph.value(vec![1_i64]);
    let item = graph.item(short, 1);
    assert!(matches!(graph.compute(item).unwrap_err().kind(), ErrorKind::InvalidGraph(_)));
}

#[test]
fn options_that_cannot_be_followed_are_named() {
    let refusal = |options: Options| Executor::new(options).unwrap_err().to_string();
    assert_eq!(refusal(Options { n_threads: 0, ..Options::default() }), "n_threads is 0, not 1 to 4096");
    let no_memory = Options { memory_limit_bytes: Some(0), ..Options::default() };
    assert_eq!(refusal(no_memory), "memory_limit_bytes is 0, which leaves room for no value");
    let file = tempfile::NamedTempFile::new().unwrap();
    let no_folder = Options { spill_directory: Some(file.path().to_owned()), ..Options::default() };
    assert!(refusal(no_folder).contains("not a directory"));
}

#[test]
fn a_chain_of_a_hundred_thousand_is_run_and_dropped_without_recursion() {
    let mut graph = Graph::new();
    let increment = graph.function("increment", |x: i64| x + 1);
    let start = graph.value(0);
    let last = (0..100_000).fold(start, |last, _| graph.call(&increment, last));
    assert_eq!(graph.compute(last).unwrap(), 100_000);
}
