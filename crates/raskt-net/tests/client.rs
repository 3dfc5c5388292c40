//! A client, with a real scheduler and real workers that run native tasks.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by them")]

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use raskt_core::encode::{Limits, decode_value, encode_value};
use raskt_core::{ErrorKind, KeepSealed, Key, Payload, Value};
use raskt_exec::{BodyRegistry, Call, Outcome};
use raskt_graph::layer::{Layer, Raw};
use raskt_graph::{Body, Graph, Keys, Known, TableBuilder};
use raskt_net::client::{Client, ClientOptions, Fetched, Future, Reply, Scatter, Spread, State, Why};
use raskt_net::scheduler::{SchedulerDaemon, SchedulerOptions};
use raskt_net::transport::{Address, HandshakeOptions, Token};
use raskt_net::wire::{GraphRequest, Query};
use raskt_net::worker::{Measure, WorkerDaemon, WorkerOptions};
use raskt_sched::{Demand, Reason};
use tokio::runtime::Runtime;

const PATIENCE: Duration = Duration::from_secs(60);

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn handshake() -> HandshakeOptions {
    HandshakeOptions { token: Token::new("secret"), tls: None, timeout: PATIENCE }
}

struct Cluster {
    runtime: Runtime,
    scheduler: SchedulerDaemon,
    workers: Vec<WorkerDaemon>,
}

impl Cluster {
    fn new(n_workers: usize) -> Self {
        let runtime = runtime();
        let options = SchedulerOptions { handshake: handshake(), ..SchedulerOptions::default() };
        let scheduler = SchedulerDaemon::start(runtime.handle(), options).unwrap();
        let to = scheduler.addresses()[0].clone();
        let worker = |at: usize| {
            let options = WorkerOptions {
                handshake: handshake(),
                measure: Measure::Values,
                ..WorkerOptions::new(to.clone(), format!("w{at}").as_str())
            };
            WorkerDaemon::start(runtime.handle(), registry(), options).unwrap()
        };
        let workers = (0..n_workers).map(worker).collect();
        Self { runtime, scheduler, workers }
    }

    fn client(&self) -> Client {
        let address = self.scheduler.addresses()[0].clone();
        let options = ClientOptions {
            handshake: handshake(),
            peer_timeout: Duration::from_millis(200),
            ..ClientOptions::new(address)
        };
        Client::connect(self.runtime.handle(), options).unwrap()
    }
}

fn registry() -> Arc<BodyRegistry> {
    let mut registry = BodyRegistry::default();
    let mut add = |name: &str, kernel: fn(&mut Call<'_>) -> raskt_core::Result<Outcome>| {
        registry.add_kernel(name, Arc::new(kernel)).unwrap();
    };
    add("one", |_| Ok(Value::Int(1).into()));
    add("add", |call| {
        let number = |value: &Value| match value {
            Value::Int(number) => *number,
            other => panic!("{other:?}"),
        };
        Ok(Value::Int(call.inputs.iter().map(number).sum()).into())
    });
    add("raises", |_| Err(ErrorKind::InvalidValue("no such thing".to_owned()).into()));
    add("waits", |call| {
        loop {
            call.ctx.cancel.check()?;
            std::thread::sleep(Duration::from_millis(1));
        }
    });
    Arc::new(registry)
}

/// A task of its own for each: what it runs, on which of those before it.
fn request(tasks: &[(&str, Body, &[u32])], wanted: &[u32]) -> (GraphRequest, Vec<Key>) {
    let mut table = TableBuilder::default();
    for (_, body, inputs) in tasks {
        table.push_own(body.clone(), inputs).unwrap();
    }
    let keys: Vec<Key> = tasks.iter().map(|(name, ..)| Key::named(*name)).collect();
    let table = table.finish(Keys::Listed(keys.clone().into()), wanted.to_vec()).unwrap();
    let mut graph = Graph::default();
    graph.insert("raw", Layer::from(Raw::new(Arc::new(table), Vec::new()).unwrap())).unwrap();
    graph.request((0..u32::try_from(wanted.len()).unwrap()).map(|at| Key::block("raw", &[at])));
    let request = GraphRequest {
        name: "graph".into(),
        graph,
        fuse_width: 0,
        priority: 0,
        retries: 0,
        demand: Demand::default(),
    };
    (request, wanted.iter().map(|&at| keys[at as usize].clone()).collect())
}

fn computed(client: &Client, tasks: &[(&str, Body, &[u32])], wanted: &[u32]) -> Vec<Future> {
    let (request, keys) = request(tasks, wanted);
    let futures = keys.iter().map(|key| client.future(key).future).collect();
    client.compute(request, &keys).unwrap();
    futures
}

fn got<T: Send + 'static>(reply: &Reply<T>) -> T {
    reply.wait(PATIENCE).expect("an answer in time").unwrap()
}

fn number(payload: &Fetched) -> i64 {
    let Fetched::Value(payload) = payload else { panic!("{payload:?}") };
    match decode_value(Payload::clone(payload), &KeepSealed, &Limits::default()).unwrap() {
        Value::Int(number) => number,
        other => panic!("{other:?}"),
    }
}

fn known(name: &str) -> Body {
    Body::Foreign(Arc::new(Known(Key::named(name))))
}

#[test]
fn values_come_from_workers_and_stand_in_later_graphs() {
    let cluster = Cluster::new(2);
    let client = cluster.client();
    let tasks: [(&str, Body, &[u32]); 2] =
        [("a", Body::native("one"), &[]), ("b", Body::native("add"), &[0, 0])];
    let futures = computed(&client, &tasks, &[0, 1]);
    let later: [(&str, Body, &[u32]); 2] = [("b", known("b"), &[]), ("c", Body::native("add"), &[0, 0])];
    let later = computed(&client, &later, &[1]);
    let all: Vec<&Future> = futures.iter().chain(&later).chain(&futures).collect();
    let numbers: Vec<i64> = got(&client.gather(&all)).iter().map(number).collect();
    assert_eq!(numbers, [1, 2, 4, 1, 2]);
    assert!(matches!(later[0].state(), State::Ready { .. }));
}

#[test]
fn the_last_future_lets_go_of_the_value() {
    let cluster = Cluster::new(1);
    let client = cluster.client();
    let futures = computed(&client, &[("a", Body::native("one"), &[])], &[0]);
    assert!(client.gate(&[&futures[0]], 1).wait(PATIENCE));
    let copy = futures[0].clone();
    drop(futures);
    let there = |of: &Client| got(&of.ask(Query::WhoHas(vec![Key::named("a")])));
    assert!(format!("{:?}", there(&client)).contains("Int(0)"));
    // Another client wants it, too.
    let other = cluster.client();
    let wanted = other.want(&Key::named("a"));
    assert_eq!(number(&got(&other.gather(&[&wanted]))[0]), 1);
    drop(copy);
    got(&client.heard().unwrap());
    assert_eq!(number(&got(&other.gather(&[&wanted]))[0]), 1);
    drop(wanted);
    let again = other.want(&Key::named("a"));
    assert!(other.gate(&[&again], 1).wait(PATIENCE));
    assert!(matches!(again.state(), State::Cancelled));
}

#[test]
fn what_was_heard_is_known_to_others() {
    let cluster = Cluster::new(1);
    let (client, other) = (cluster.client(), cluster.client());
    assert!(client.heard().is_none(), "nothing was said");
    for round in 0..20 {
        // A graph that is planned beside the scheduler's own work.
        let names: Vec<String> = (0..3_000).map(|at| format!("{round}-{at}")).collect();
        let tasks: Vec<(&str, Body, &[u32])> =
            names.iter().map(|name| (name.as_str(), Body::native("one"), [].as_slice())).collect();
        let futures = computed(&client, &tasks, &[2_999]);
        got(&client.heard().unwrap());
        assert!(client.heard().is_none());
        let wanted = other.want(futures[0].key());
        got(&other.heard().unwrap());
        drop(futures);
        assert_eq!(number(&got(&other.gather(&[&wanted]))[0]), 1);
    }
}

#[test]
fn failures_name_the_task_and_can_be_tried_again() {
    let cluster = Cluster::new(1);
    let client = cluster.client();
    let tasks: [(&str, Body, &[u32]); 2] =
        [("bad", Body::native("raises"), &[]), ("b", Body::native("add"), &[0])];
    let futures = computed(&client, &tasks, &[1]);
    for _ in 0..2 {
        assert!(client.gate(&[&futures[0]], 1).wait(PATIENCE));
        let State::Failed(Why::Task(failure)) = futures[0].state() else { panic!("{:?}", futures[0]) };
        assert_eq!(failure.key, Key::named("bad"));
        assert!(
            matches!(&failure.reason, Reason::Raised { error, .. } if error.to_string().contains("no such thing"))
        );
        client.retry(&[&futures[0]]);
        assert!(!matches!(futures[0].state(), State::Cancelled));
    }
    // What is not known to the scheduler is an error of the graph.
    let lost = computed(&client, &[("x", known("nobody"), &[]), ("y", Body::native("add"), &[0])], &[1]);
    assert!(client.gate(&[&lost[0]], 1).wait(PATIENCE));
    assert!(
        matches!(lost[0].state(), State::Failed(Why::Error(error)) if error.to_string().contains("nobody"))
    );
}

#[test]
fn what_is_cancelled_is_told_at_once_and_can_be_asked_for_again() {
    let cluster = Cluster::new(1);
    let client = cluster.client();
    let tasks: [(&str, Body, &[u32]); 2] =
        [("w", Body::native("waits"), &[]), ("v", Body::native("add"), &[0])];
    let futures = computed(&client, &tasks, &[0, 1]);
    let (told, heard) = channel();
    futures[1].when_settled(move || told.send(()).unwrap());
    client.cancel(&[&futures[0]], false);
    assert!(matches!(futures[0].state(), State::Cancelled));
    heard.recv_timeout(PATIENCE).unwrap();
    assert!(matches!(futures[1].state(), State::Cancelled));
    let again = computed(&client, &[("one", Body::native("one"), &[])], &[0]);
    assert_eq!(number(&got(&client.gather(&[&again[0]]))[0]), 1);
}

#[test]
fn data_is_scattered_in_turns_or_to_all() {
    let cluster = Cluster::new(2);
    let client = cluster.client();
    for is_broadcast in [false, true] {
        let keys: Vec<Key> =
            (0..4).map(|at| Key::block(format!("data-{is_broadcast}").as_str(), &[at])).collect();
        let futures: Vec<Future> = keys.iter().map(|key| client.future(key).future).collect();
        let scatter = futures.iter().zip(10..).map(|(future, number)| Scatter {
            future: future.clone(),
            payload: encode_value(&Value::Int(number)).unwrap(),
        });
        let spread = Spread { workers: Vec::new(), is_broadcast, timeout: PATIENCE };
        got(&client.scatter(scatter.collect(), spread));
        let all: Vec<&Future> = futures.iter().collect();
        assert_eq!(got(&client.gather(&all)).iter().map(number).collect::<Vec<_>>(), [10, 11, 12, 13]);
        let holders = format!("{:?}", got(&client.ask(Query::WhoHas(keys))));
        assert_eq!(holders.matches("Int").count(), if is_broadcast { 8 } else { 4 }, "{holders}");
    }
}

#[test]
fn a_value_whose_worker_has_ended_is_computed_elsewhere() {
    let cluster = Cluster::new(2);
    let client = cluster.client();
    let names: Vec<String> = (0..8).map(|at| format!("t{at}")).collect();
    let tasks: Vec<(&str, Body, &[u32])> =
        names.iter().map(|name| (name.as_str(), Body::native("one"), &[][..])).collect();
    let wanted: Vec<u32> = (0..8).collect();
    let futures = computed(&client, &tasks, &wanted);
    let all: Vec<&Future> = futures.iter().collect();
    assert!(client.gate(&all, 8).wait(PATIENCE));
    cluster.workers[0].stop();
    assert_eq!(got(&client.gather(&all)).iter().map(number).sum::<i64>(), 8);
}

#[test]
fn the_end_of_the_scheduler_and_of_the_client_end_what_is_awaited() {
    let cluster = Cluster::new(1);
    let (client, closed) = (cluster.client(), cluster.client());
    let waits = computed(&client, &[("w", Body::native("waits"), &[])], &[0]);
    let other = computed(&closed, &[("w", Body::native("waits"), &[])], &[0]);
    closed.close();
    assert!(matches!(other[0].state(), State::Cancelled));
    assert!(closed.closed().unwrap().to_string().contains("it is closed"));
    cluster.scheduler.stop("enough");
    assert!(client.gate(&[&waits[0]], 1).wait(PATIENCE));
    assert!(
        matches!(waits[0].state(), State::Failed(Why::Error(error)) if error.to_string().contains("enough"))
    );
    assert!(matches!(client.future(&Key::named("later")).future.state(), State::Failed(_)));
}

#[test]
fn nobody_at_the_address_is_told_with_how_long_it_was_tried() {
    let runtime = runtime();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let options = ClientOptions {
        timeout: Duration::from_millis(100),
        ..ClientOptions::new(Address::tcp("127.0.0.1", port))
    };
    let error = Client::connect(runtime.handle(), options).err().unwrap().to_string();
    assert!(error.contains(&format!("connecting to tcp://127.0.0.1:{port}, for 0.1 s")), "{error}");
}
