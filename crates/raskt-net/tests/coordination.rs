//! What clients of a real scheduler share.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by them")]

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use raskt_core::Key;
use raskt_net::client::{Answered, Asked, Client, ClientOptions, State};
use raskt_net::scheduler::{SchedulerDaemon, SchedulerOptions};
use raskt_sched::CoordinationOptions;
use raskt_sched::coordination::{Answer, GuardRequest, Item, ItemRequest};
use tokio::runtime::Runtime;

const PATIENCE: Duration = Duration::from_secs(60);

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn scheduler(runtime: &Runtime, lease_timeout: Duration) -> SchedulerDaemon {
    let coordination = CoordinationOptions { lease_timeout, ..CoordinationOptions::default() };
    let options = SchedulerOptions { coordination, ..SchedulerOptions::default() };
    SchedulerDaemon::start(runtime.handle(), options).unwrap()
}

fn client(runtime: &Runtime, scheduler: &SchedulerDaemon) -> Client {
    let address = scheduler.addresses()[0].clone();
    Client::connect(runtime.handle(), ClientOptions::new(address)).unwrap()
}

fn lock() -> GuardRequest {
    GuardRequest::Acquire { names: vec!["door".into()], n: 1 }
}

fn answer(asked: &Asked) -> Answer {
    assert!(asked.wait(PATIENCE), "there is no answer");
    asked.answer().unwrap().unwrap().answer
}

#[test]
fn a_lock_goes_on_when_its_holder_lets_go_gives_up_or_is_gone() {
    let runtime = runtime();
    let scheduler = scheduler(&runtime, PATIENCE);
    let (ann, ben) = (client(&runtime, &scheduler), client(&runtime, &scheduler));
    let held = ann.coordinate(lock());
    assert_eq!(answer(&held), Answer::Done);
    let (first, second) = (ben.coordinate(lock()), ben.coordinate(lock()));
    assert!(!first.wait(Duration::from_millis(20)));
    first.give_up();
    assert_eq!(answer(&first), Answer::GivenUp);
    ann.close();
    assert_eq!(answer(&second), Answer::Done);
    let third = ben.coordinate(lock());
    assert_eq!(answer(&ben.coordinate(GuardRequest::ReleaseLocks(second.number()))), Answer::Done);
    assert_eq!(answer(&third), Answer::Done);
    // Who asks a client that is closed hears why there is no answer.
    let late = ann.coordinate(lock());
    assert!(late.wait(PATIENCE));
    assert!(late.answer().unwrap().is_err());
}

#[test]
fn a_lease_that_nobody_refreshes_goes_to_who_waits() {
    let runtime = runtime();
    let scheduler = scheduler(&runtime, Duration::from_millis(1));
    let (ann, ben) = (client(&runtime, &scheduler), client(&runtime, &scheduler));
    let lease = || GuardRequest::AcquireLease { name: "desk".into(), n_max: 1 };
    assert_eq!(answer(&ann.coordinate(lease())), Answer::Done);
    assert_eq!(answer(&ben.coordinate(lease())), Answer::Done);
}

#[test]
fn what_is_published_is_heard_with_futures_of_what_it_names() {
    let runtime = runtime();
    let scheduler = scheduler(&runtime, PATIENCE);
    let (ann, ben) = (client(&runtime, &scheduler), client(&runtime, &scheduler));
    let (sender, heard) = channel();
    let (id, asked) = ann.subscribe(&"t".into(), move |item, futures| {
        drop(sender.send((item.bytes.to_vec(), futures.to_vec())));
    });
    assert_eq!(answer(&asked.unwrap()), Answer::Done);
    let item = |byte| Item { bytes: Arc::from([byte]), keys: vec![Key::named("nowhere")] };
    assert_eq!(answer(&ben.coordinate(ItemRequest::Publish("t".into(), item(1)))), Answer::Number(1));
    let (bytes, futures) = heard.recv_timeout(PATIENCE).unwrap();
    assert_eq!((bytes, futures.len()), (vec![1], 1));
    // Nobody knows the key: nothing is awaited for ever.
    let gate = ann.gate(&[&futures[0]], 1);
    assert!(gate.wait(PATIENCE));
    assert!(matches!(futures[0].state(), State::Cancelled));
    ann.unsubscribe(&"t".into(), id);
    assert_eq!(answer(&ann.coordinate(GuardRequest::IsSet("x".into()))), Answer::Flag(false));
    assert_eq!(answer(&ben.coordinate(ItemRequest::Publish("t".into(), item(2)))), Answer::Number(0));
    assert!(heard.try_recv().is_err());
    // What is in a queue comes with futures, too.
    ben.coordinate(ItemRequest::Put("q".into(), item(3)));
    let got = ben.coordinate(ItemRequest::Get { name: "q".into(), n_min: 1, n_max: 1 });
    assert!(got.wait(PATIENCE));
    let Answered { answer, futures } = got.answer().unwrap().unwrap();
    assert_eq!((answer, futures.len()), (Answer::Items(vec![item(3)]), 1));
}
