//! The scheduler, spoken to over real connections by workers and clients that say what a test wants.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by them")]

use std::sync::Arc;
use std::time::Duration;

use raskt_core::encode::Decode;
use raskt_core::{ErrorKind, KeepSealed, Key, Param, Payload};
use raskt_graph::layer::{Formula, Grid, Layer, Raw, Returns, Source};
use raskt_graph::{Body, Graph, Keys, Known, TableBuilder};
use raskt_net::scheduler::{SchedulerDaemon, SchedulerOptions};
use raskt_net::transport::{
    Address, Connection, FrameLimits, HandshakeOptions, Token, connect, introduce, read_frame, write_frame,
};
use raskt_net::wire::{
    Batch, ClientSays, ClientWelcome, GraphRequest, KnownFunctions, Query, Role, TellClient, TellWorker,
    WorkerRole, WorkerSays, WorkerWelcome, messages,
};
use raskt_sched::{Compute, Demand, FromClient, FromWorker, ToClient, ToWorker, WorkerInfo};
use tokio::io::AsyncWriteExt;
use tokio::runtime::Runtime;

const PATIENCE: Duration = Duration::from_secs(20);

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn started(runtime: &Runtime) -> SchedulerDaemon {
    SchedulerDaemon::start(runtime.handle(), options("secret")).unwrap()
}

fn options(token: &str) -> SchedulerOptions {
    SchedulerOptions { handshake: handshake(token), n_rows_max: 50, ..SchedulerOptions::default() }
}

fn handshake(token: &str) -> HandshakeOptions {
    HandshakeOptions { token: Token::new(token), tls: None, timeout: PATIENCE }
}

/// One end of a connection that says and hears messages.
struct End {
    connection: Connection,
    heard: std::collections::VecDeque<Payload>,
}

impl End {
    async fn new<W: Decode>(to: &Address, role: Role, token: &str) -> raskt_core::Result<(Self, W)> {
        let mut connection = connect(to, None, PATIENCE).await?;
        let welcome = introduce(&mut connection, &handshake(token), &role).await?;
        Ok((Self { connection, heard: Default::default() }, welcome))
    }

    async fn say<T: raskt_core::encode::Encode>(&mut self, message: &T) {
        write_frame(&mut self.connection.writer, &Batch::of_one(message).unwrap()).await.unwrap();
        self.connection.writer.flush().await.unwrap();
    }

    async fn hear<T: Decode>(&mut self, functions: bool) -> Vec<T> {
        let read = read_frame(&mut self.connection.reader, FrameLimits::PEER);
        let frame =
            tokio::time::timeout(PATIENCE, read).await.unwrap().unwrap().expect("the connection was closed");
        self.heard.push_back(frame.clone());
        let (mut found, known) = (Vec::new(), KnownFunctions::default());
        let known = functions.then_some(&known as &dyn raskt_core::encode::Functions);
        messages(frame, &KeepSealed, known, &mut |message| {
            found.push(message);
            Ok(())
        })
        .unwrap();
        found
    }
}

fn worker_role(name: &str) -> Role {
    Role::Worker(WorkerRole {
        info: WorkerInfo {
            name: name.into(),
            host: "here".into(),
            n_threads: 2,
            resources: vec![("GPU".into(), 1_000_000)],
        },
        address: Address::tcp("127.0.0.1", 9),
        pid: 1,
        memory_bytes: 1 << 30,
    })
}

async fn worker(to: &Address, name: &str) -> End {
    End::new::<WorkerWelcome>(to, worker_role(name), "secret").await.unwrap().0
}

async fn client(to: &Address) -> End {
    End::new::<ClientWelcome>(to, Role::Client { name: "test".into() }, "secret").await.unwrap().0
}

/// The tasks that come, each done at once, until `n` have been.
async fn works(worker: &mut End, n: usize) -> Vec<Compute> {
    let mut done = Vec::new();
    while done.len() < n {
        for message in worker.hear::<TellWorker>(true).await {
            if let TellWorker::Say(ToWorker::Compute(compute)) = message {
                let attempt = compute.attempt;
                worker
                    .say(&WorkerSays::Say(FromWorker::Finished {
                        attempt,
                        n_bytes: 8,
                        duration: Duration::ZERO,
                    }))
                    .await;
                done.push(*compute);
            }
        }
    }
    done
}

async fn news(client: &mut End, n: usize) -> Vec<ToClient> {
    let mut found = Vec::new();
    while found.len() < n {
        for message in client.hear::<TellClient>(false).await {
            if let TellClient::Say(message) = message {
                found.push(message);
            }
        }
    }
    found
}

fn request(name: &str, graph: Graph) -> ClientSays {
    ClientSays::Graph(Box::new(GraphRequest {
        name: name.into(),
        graph,
        fuse_width: 0,
        priority: 0,
        retries: 0,
        demand: Demand::default(),
    }))
}

fn ones(n: u32) -> Graph {
    let mut graph = Graph::default();
    let source =
        Source::new(Body::native("ones"), Grid::new(&[n]).unwrap(), Formula::Number, Returns::One).unwrap();
    graph.insert("x", source.into()).unwrap();
    graph.request((0..n).map(|at| Key::block("x", &[at])));
    graph
}

#[test]
fn a_graph_of_a_client_is_run_by_a_worker_slice_by_slice() {
    let runtime = runtime();
    let scheduler = started(&runtime);
    let to = scheduler.addresses()[0].clone();
    runtime.block_on(async {
        let (mut worker, mut client) = (worker(&to, "a").await, client(&to).await);
        client.say(&request("g", ones(5000))).await;
        // Said while the graph is planned: it is heard behind it, so that nothing stays wanted.
        let keys: Vec<Key> = (0..5000).map(|at| Key::block("x", &[at])).collect();
        let working = tokio::spawn(async move {
            let done = works(&mut worker, 5000).await;
            (worker, done)
        });
        let ready = news(&mut client, 5000).await;
        assert!(ready.iter().all(|message| matches!(message, ToClient::Ready { .. })));
        let (mut worker, done) = working.await.unwrap();
        assert!(matches!(done[0].work.table.body(0), Body::Native { name, .. } if name.as_str() == "ones"));
        client.say(&ClientSays::Say(FromClient::Release(keys))).await;
        let mut n_freed = 0;
        while n_freed < 5000 {
            for message in worker.hear::<TellWorker>(true).await {
                if let TellWorker::Say(ToWorker::Free(values)) = message {
                    n_freed += values.len();
                }
            }
        }
    });
}

#[test]
fn a_graph_may_need_what_the_scheduler_has() {
    let runtime = runtime();
    let scheduler = started(&runtime);
    let to = scheduler.addresses()[0].clone();
    runtime.block_on(async {
        let (mut worker, mut client) = (worker(&to, "a").await, client(&to).await);
        client.say(&request("g", ones(1))).await;
        works(&mut worker, 1).await;
        let ready = news(&mut client, 1).await;
        let ToClient::Ready { value, holders, .. } = &ready[0] else { panic!("{ready:?}") };
        let mut table = TableBuilder::default();
        let known = table.push_own(Body::Foreign(Arc::new(Known(Key::block("x", &[0])))), &[]).unwrap();
        let list = table.push_own(Body::Gather, &[known, known]).unwrap();
        let double = table.push_own(Body::native("double"), &[list]).unwrap();
        let keys =
            Keys::Listed([Key::block("x", &[0]), Key::block("task", &[1]), Key::named("double")].into());
        let table = table.finish(keys, vec![double]).unwrap();
        let mut graph = Graph::default();
        graph.insert("raw", Layer::from(Raw::new(Arc::new(table), Vec::new()).unwrap())).unwrap();
        graph.request([Key::block("raw", &[0])]);
        client.say(&request("h", graph)).await;
        let done = works(&mut worker, 2).await;
        assert_eq!(done[0].inputs.iter().map(|input| input.value).collect::<Vec<_>>(), [*value, *value]);
        assert_eq!(done[0].inputs[0].holders.as_slice(), holders.as_slice());
        // What has no name of its own gets one of its graph's.
        assert_eq!(done[0].work.table.key(0).name.as_str(), "h");
        let ready = news(&mut client, 1).await;
        assert!(matches!(&ready[0], ToClient::Ready { key, .. } if *key == Key::named("double")));
    });
}

#[test]
fn annotations_say_where_tasks_run_and_which_goes_first() {
    let runtime = runtime();
    let scheduler = started(&runtime);
    let to = scheduler.addresses()[0].clone();
    runtime.block_on(async {
        let (mut a, mut b, mut client) = (worker(&to, "a").await, worker(&to, "b").await, client(&to).await);
        let mut graph = ones(6);
        let note = Param::map([("workers", Param::Str("b".into()))]);
        graph.annotations_mut().note_layer("x".into(), note);
        client.say(&request("g", graph)).await;
        assert_eq!(works(&mut b, 6).await.len(), 6);
        news(&mut client, 6).await;
        let mut graph = Graph::default();
        let grid = Grid::new(&[2]).unwrap();
        let source = Source::new(Body::native("train"), grid, Formula::Number, Returns::One).unwrap();
        graph.insert("y", source.into()).unwrap();
        graph.request((0..2).map(|at| Key::block("y", &[at])));
        let resources = Param::map([("GPU", Param::Float(1.0))]);
        let workers = Param::List([Param::Str("a".into())].into());
        graph
            .annotations_mut()
            .note_layer("y".into(), Param::map([("resources", resources), ("workers", workers)]));
        client.say(&request("h", graph)).await;
        // One at a time: each takes the only GPU.
        let done = works(&mut a, 2).await;
        assert_eq!(done[0].resources[0].1, 1_000_000);
        let mut graph = ones(1);
        graph.annotations_mut().note_layer("x".into(), Param::map([("retries", Param::Str("many".into()))]));
        client.say(&request("i", graph)).await;
        let heard = news(&mut client, 3).await;
        let rejected = heard.iter().find_map(|heard| match heard {
            ToClient::Rejected { error, .. } => Some(error),
            _ => None,
        });
        let error = rejected.expect("a graph with such an annotation is not computed");
        assert!(error.to_string().contains("retries is a whole number"), "{error}");
    });
}

#[test]
fn a_lost_worker_is_replaced_and_a_lost_client_is_forgotten() {
    let runtime = runtime();
    let scheduler = started(&runtime);
    let to = scheduler.addresses()[0].clone();
    runtime.block_on(async {
        let (mut a, mut first) = (worker(&to, "a").await, client(&to).await);
        first.say(&request("g", ones(1))).await;
        works(&mut a, 1).await;
        news(&mut first, 1).await;
        drop(a);
        let heard = news(&mut first, 1).await;
        assert!(matches!(&heard[0], ToClient::Lost(_)), "{heard:?}");
        let mut b = worker(&to, "b").await;
        works(&mut b, 1).await;
        let heard = news(&mut first, 1).await;
        assert!(matches!(&heard[0], ToClient::Ready { .. }), "{heard:?}");
        drop(first);
        let freed = b.hear::<TellWorker>(true).await;
        assert!(matches!(&freed[0], TellWorker::Say(ToWorker::Free(_))), "{freed:?}");
    });
}

#[test]
fn who_may_not_speak_is_told_why() {
    let runtime = runtime();
    let scheduler = started(&runtime);
    let to = scheduler.addresses()[0].clone();
    runtime.block_on(async {
        let wrong = End::new::<WorkerWelcome>(&to, worker_role("a"), "guess").await;
        let error = wrong.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("does not know the token"), "{error}");
        let peer =
            End::new::<ClientWelcome>(&to, Role::Peer { of: raskt_sched::WorkerId(0) }, "secret").await;
        assert!(peer.err().unwrap().to_string().contains("holds no values"));
        for garbage in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0; 64], &[255; 64]] {
            let mut connection = connect(&to, None, PATIENCE).await.unwrap();
            connection.writer.write_all(garbage).await.unwrap();
            connection.writer.flush().await.unwrap();
            let heard = read_frame(&mut connection.reader, FrameLimits::PEER);
            let heard = tokio::time::timeout(PATIENCE, heard).await.unwrap();
            assert!(!matches!(heard, Ok(Some(_))), "{garbage:?}: {heard:?}");
        }
        // Others are served as before.
        client(&to).await;
    });
}

#[test]
fn questions_are_answered() {
    let runtime = runtime();
    let scheduler = started(&runtime);
    let to = scheduler.addresses()[0].clone();
    runtime.block_on(async {
        let (_a, mut client) = (worker(&to, "a").await, client(&to).await);
        client.say(&ClientSays::Ask { request: 7, query: Query::Workers }).await;
        let heard = client.hear::<TellClient>(false).await;
        let TellClient::Answer { request: 7, answer: Ok(Param::List(workers)) } = &heard[0] else {
            panic!("{heard:?}")
        };
        assert_eq!(workers[0].get("name"), Some(&Param::Str("a".into())));
        assert_eq!(workers[0].get("resources").and_then(|of| of.get("GPU")), Some(&Param::Float(1.0)));
        client
            .say(&ClientSays::Ask { request: 8, query: Query::Retire(vec![raskt_sched::WorkerId(9)]) })
            .await;
        let heard = client.hear::<TellClient>(false).await;
        let TellClient::Answer { request: 8, answer: Err(error) } = &heard[0] else { panic!("{heard:?}") };
        assert!(matches!(error.kind(), ErrorKind::InvalidValue(what) if what.contains("no worker 9")));
        client.say(&ClientSays::Ask { request: 9, query: Query::Shutdown }).await;
        let mut last = client.hear::<TellClient>(false).await;
        while !matches!(last.last(), Some(TellClient::Stop(_))) {
            last = client.hear::<TellClient>(false).await;
        }
    });
    assert_eq!(scheduler.wait(Some(PATIENCE)).as_deref(), Some("a client asked for it"));
}

#[test]
fn a_port_in_use_and_an_address_without_a_scheduler_are_named() {
    let runtime = runtime();
    let scheduler = started(&runtime);
    let taken = SchedulerOptions { listen: scheduler.addresses().to_vec(), ..options("") };
    let error = SchedulerDaemon::start(runtime.handle(), taken).err().unwrap().to_string();
    assert!(
        error.contains(&scheduler.addresses()[0].to_string()) && error.contains("choose another port"),
        "{error}"
    );
    let nobody = Address::tcp("127.0.0.1", 1);
    let error =
        runtime.block_on(connect(&nobody, None, Duration::from_millis(50))).err().unwrap().to_string();
    assert!(error.contains("tcp://127.0.0.1:1") && error.contains("0.1 s"), "{error}");
}
