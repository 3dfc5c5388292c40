//! Workers of a real scheduler.

use std::sync::Arc;

use raskt_core::{Key, Value};
use raskt_graph::layer::{Layer, Raw};
use raskt_graph::{Body, Graph, Keys, TableBuilder};
use raskt_net::scheduler::{SchedulerDaemon, SchedulerOptions};
use raskt_net::transport::connect;
use raskt_net::transport::introduce;
use raskt_net::wire::{ClientSays, ClientWelcome, GraphRequest, Query, Role, TellClient};
use raskt_net::worker::{Departure, WorkerDaemon};
use raskt_sched::{Demand, FromClient, ToClient, WorkerId};
use tokio::runtime::Runtime;

use crate::script::{End, PATIENCE, get, handshake, options, peer, registry, runtime};

fn scheduler(runtime: &Runtime) -> SchedulerDaemon {
    let options = SchedulerOptions { handshake: handshake("secret"), ..SchedulerOptions::default() };
    SchedulerDaemon::start(runtime.handle(), options).unwrap()
}

fn worker(runtime: &Runtime, scheduler: &SchedulerDaemon, name: &str) -> WorkerDaemon {
    let options = options(scheduler.addresses()[0].clone(), name);
    WorkerDaemon::start(runtime.handle(), registry(), options).unwrap()
}

async fn client(scheduler: &SchedulerDaemon) -> End {
    let mut connection = connect(&scheduler.addresses()[0], None, PATIENCE).await.unwrap();
    let role = Role::Client { name: "test".into() };
    let _: ClientWelcome = introduce(&mut connection, &handshake("secret"), &role).await.unwrap();
    End::of(connection)
}

/// A tree of sums over `n` ones, one of which grows.
fn tree(n: usize, name: &str) -> GraphRequest {
    let mut table = TableBuilder::default();
    let mut level: Vec<u32> = (0..n).map(|_| table.push_own(Body::native("one"), &[]).unwrap()).collect();
    level[0] = table.push_own(Body::native("grows"), &[level[0]]).unwrap();
    while level.len() > 1 {
        level = level.chunks(2).map(|pair| table.push_own(Body::native("add"), pair).unwrap()).collect();
    }
    let n_tasks = u32::try_from(table.n_tasks()).unwrap();
    let keys: Vec<Key> = (0..n_tasks).map(|at| Key::block(name, &[at])).collect();
    let table = table.finish(Keys::Listed(keys.into()), vec![level[0]]).unwrap();
    let mut graph = Graph::default();
    graph.insert("raw", Layer::from(Raw::new(Arc::new(table), Vec::new()).unwrap())).unwrap();
    graph.request([Key::block("raw", &[0])]);
    GraphRequest {
        name: name.into(),
        graph,
        fuse_width: 0,
        priority: 0,
        retries: 0,
        demand: Demand::default(),
    }
}

/// What the scheduler says of the only wanted key, once it is there.
async fn ready(client: &mut End) -> ToClient {
    loop {
        for message in client.hear::<TellClient>().await.expect("the scheduler is gone") {
            if let TellClient::Say(message @ (ToClient::Ready { .. } | ToClient::Failed(..))) = message {
                return message;
            }
        }
    }
}

#[test]
fn two_workers_compute_a_tree_and_one_takes_over_what_the_other_held() {
    let runtime = runtime();
    let scheduler = scheduler(&runtime);
    let mut workers: Vec<WorkerDaemon> =
        ["a", "b"].iter().map(|name| worker(&runtime, &scheduler, name)).collect();
    let mut client = runtime.block_on(client(&scheduler));
    runtime.block_on(client.say(&ClientSays::Graph(Box::new(tree(300, "t")))));
    let ToClient::Ready { value, holders, .. } = runtime.block_on(ready(&mut client)) else { panic!() };
    let held_by = |workers: &[WorkerDaemon], id: WorkerId| {
        let at = workers.iter().position(|worker| worker.id() == id).unwrap();
        (at, workers[at].address().clone())
    };
    let (at, address) = held_by(&workers, holders[0]);
    let found = runtime.block_on(async {
        let mut end = peer(&address, holders[0], "secret").await.unwrap();
        get(&mut end, &[value.task.0]).await.0.remove(0).1
    });
    assert_eq!(found, Ok(Value::Int(301)));
    // Lost with the worker, computed again by the other one.
    drop(workers.remove(at));
    let ToClient::Ready { value, holders, .. } = runtime.block_on(ready(&mut client)) else { panic!() };
    assert_eq!(holders.as_slice(), [workers[0].id()]);
    let found = runtime.block_on(async {
        let mut end = peer(workers[0].address(), workers[0].id(), "secret").await.unwrap();
        get(&mut end, &[value.task.0]).await.0.remove(0).1
    });
    assert_eq!(found, Ok(Value::Int(301)));
    scheduler.stop("the test is over");
    assert!(matches!(workers[0].wait(Some(PATIENCE)), Some(Departure::Stopped)));
}

#[test]
fn a_worker_that_retires_gives_what_it_holds_to_another() {
    let runtime = runtime();
    let scheduler = scheduler(&runtime);
    let first = worker(&runtime, &scheduler, "a");
    let mut client = runtime.block_on(client(&scheduler));
    runtime.block_on(client.say(&ClientSays::Graph(Box::new(tree(4, "t")))));
    let ToClient::Ready { value, key, .. } = runtime.block_on(ready(&mut client)) else { panic!() };
    let second = worker(&runtime, &scheduler, "b");
    first.retire();
    assert!(matches!(first.wait(Some(PATIENCE)), Some(Departure::Dismissed)));
    let found = runtime.block_on(async {
        let mut end = peer(second.address(), second.id(), "secret").await.unwrap();
        get(&mut end, &[value.task.0]).await.0.remove(0).1
    });
    assert_eq!(found, Ok(Value::Int(5)));
    runtime.block_on(async {
        client.say(&ClientSays::Say(FromClient::Release(vec![key]))).await;
        client.say(&ClientSays::Ask { request: 1, query: Query::Shutdown }).await;
    });
    assert!(matches!(second.wait(Some(PATIENCE)), Some(Departure::Stopped)));
}
