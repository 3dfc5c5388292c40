//! What clients share, step by step and at random.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use raskt_core::encode::{Limits, decode_canonical, encode_canonical};
use raskt_core::{Key, Name};

use super::*;
use crate::ids::ClientId;
use crate::time::Time;

/// A machine that is checked after each event, and what follows from its actions.
struct Bench {
    shared: Coordination,
    now: Time,
    numbers: BTreeMap<ClientId, u64>,
    /// How often each key is held, by what the actions say.
    held: BTreeMap<Key, usize>,
    answers: BTreeMap<(ClientId, u64), Answer>,
    delivered: Vec<(ClientId, Name, Item)>,
    wanted: Vec<(ClientId, Key)>,
    present: BTreeSet<ClientId>,
}

impl Bench {
    fn new(n_clients: u32) -> Self {
        let mut bench = Self {
            shared: Coordination::new(CoordinationOptions {
                n_logged_max: 2,
                ..CoordinationOptions::default()
            }),
            now: Time(0),
            numbers: BTreeMap::new(),
            held: BTreeMap::new(),
            answers: BTreeMap::new(),
            delivered: Vec::new(),
            wanted: Vec::new(),
            present: BTreeSet::new(),
        };
        for client in (0..n_clients).map(ClientId) {
            bench.present.insert(client);
            bench.handle(CoordinationEvent::ClientJoined(client));
        }
        bench
    }

    fn handle(&mut self, event: CoordinationEvent) {
        let mut actions = Vec::new();
        self.shared.handle(event, self.now, &mut actions);
        for action in actions {
            match action {
                CoordinationAction::Answer(client, number, answer) => {
                    assert!(self.present.contains(&client), "{client} is gone, and answered");
                    let before = self.answers.insert((client, number), answer);
                    assert_eq!(before, None, "a request is answered twice");
                }
                CoordinationAction::Deliver(client, topic, item) => {
                    self.delivered.push((client, topic, item))
                }
                CoordinationAction::Want(client, key) => self.wanted.push((client, key)),
                CoordinationAction::Hold(key) => *self.held.entry(key).or_default() += 1,
                CoordinationAction::Release(key) => match self.held.get_mut(&key) {
                    Some(n) if *n > 1 => *n -= 1,
                    Some(_) => drop(self.held.remove(&key)),
                    None => panic!("{key} is released, and was not held"),
                },
            }
        }
        self.shared.sanity_check();
        assert_eq!(self.shared.held(), self.held, "keys that are held");
    }

    fn ask(&mut self, client: u32, request: impl Into<Request>) -> (ClientId, u64) {
        let client = ClientId(client);
        let number = self.numbers.entry(client).or_default();
        *number += 1;
        let ticket = (client, *number);
        let event = CoordinationEvent::Request(client, ticket.1, request.into());
        self.handle(event.clone());
        // What comes twice changes nothing.
        self.handle(event);
        ticket
    }

    fn answered(&mut self, client: u32, request: impl Into<Request>) -> Answer {
        let ticket = self.ask(client, request);
        self.answers[&ticket].clone()
    }

    fn is_done(&self, ticket: (ClientId, u64)) -> bool {
        self.answers.get(&ticket) == Some(&Answer::Done)
    }

    fn lose(&mut self, client: u32) {
        self.present.remove(&ClientId(client));
        self.handle(CoordinationEvent::ClientLost(ClientId(client)));
    }
}

fn lock(names: &[&str], n: usize) -> GuardRequest {
    GuardRequest::Acquire { names: names.iter().map(|&name| name.into()).collect(), n }
}

fn lease(n_max: usize) -> GuardRequest {
    GuardRequest::AcquireLease { name: "s".into(), n_max }
}

fn bytes(byte: u8) -> Item {
    Item { bytes: Arc::from([byte]), keys: Vec::new() }
}

fn future(name: &str) -> Item {
    Item { bytes: Arc::from([]), keys: vec![Key::named(name)] }
}

#[test]
fn a_lock_goes_to_who_came_first_and_did_not_give_up() {
    let mut bench = Bench::new(4);
    let tickets: Vec<_> = (0..4).map(|client| bench.ask(client, lock(&["l"], 1))).collect();
    assert_eq!(
        tickets.iter().map(|&ticket| bench.is_done(ticket)).collect::<Vec<_>>(),
        [true, false, false, false]
    );
    bench.handle(CoordinationEvent::GiveUp(ClientId(1), tickets[1].1));
    assert_eq!(bench.answers[&tickets[1]], Answer::GivenUp);
    assert_eq!(bench.answered(0, GuardRequest::ReleaseLocks(tickets[0].1)), Answer::Done);
    assert!(bench.is_done(tickets[2]) && !bench.is_done(tickets[3]));
    let not_held = Answer::Refused(Refusal::NotHeld(tickets[0].1));
    assert_eq!(bench.answered(0, GuardRequest::ReleaseLocks(tickets[0].1)), not_held);
    bench.lose(2);
    assert!(bench.is_done(tickets[3]), "the client that held it is gone");
    assert_eq!(bench.answered(0, GuardRequest::IsLocked("l".into())), Answer::Flag(true));
}

#[test]
fn locks_together_are_got_together_or_not_at_all() {
    let mut bench = Bench::new(3);
    let first = bench.ask(0, lock(&["a", "b"], 2));
    let second = bench.ask(1, lock(&["b", "c"], 2));
    let any = bench.ask(2, lock(&["a", "c", "d"], 1));
    assert!(bench.is_done(first) && !bench.is_done(second) && bench.is_done(any), "d is free");
    // The second is first for c, and whoever wants c waits behind it.
    let behind = bench.ask(2, lock(&["c"], 1));
    assert!(!bench.is_done(behind));
    bench.ask(0, GuardRequest::ReleaseLocks(first.1));
    assert!(bench.is_done(second) && !bench.is_done(behind));
    bench.ask(1, GuardRequest::ReleaseLocks(second.1));
    assert!(bench.is_done(behind));
    let too_many = Answer::Refused(Refusal::TooMany { n: 3, n_max: 2 });
    assert_eq!(bench.answered(0, lock(&["a", "b", "a"], 3)), too_many);
}

#[test]
fn a_lease_that_is_not_refreshed_goes_to_who_waits() {
    let mut bench = Bench::new(3);
    let tickets: Vec<_> = (0..3).map(|client| bench.ask(client, lease(2))).collect();
    assert!(bench.is_done(tickets[1]) && !bench.is_done(tickets[2]));
    assert_eq!(bench.answered(0, GuardRequest::CountLeases("s".into())), Answer::Number(2));
    bench.now = bench.now.after(Duration::from_secs(20));
    assert_eq!(bench.answered(1, GuardRequest::RefreshLeases(vec![tickets[1].1])), Answer::Done);
    bench.now = bench.now.after(Duration::from_secs(15));
    bench.handle(CoordinationEvent::Tick);
    assert!(bench.is_done(tickets[2]));
    let ended = Answer::Refused(Refusal::NotHeld(tickets[0].1));
    assert_eq!(bench.answered(0, GuardRequest::ReleaseLease(tickets[0].1)), ended);
    let other = Refusal::OtherSize { name: "s".into(), n_max: 2 };
    assert_eq!(bench.answered(0, lease(3)), Answer::Refused(other));
    let waiting = bench.ask(0, lease(2));
    bench.ask(1, GuardRequest::CloseSemaphore("s".into()));
    assert_eq!(bench.answers[&waiting], Answer::Refused(Refusal::Closed("s".into())));
}

#[test]
fn who_waits_for_a_flag_goes_on_when_it_is_set() {
    let mut bench = Bench::new(2);
    let waits = bench.ask(0, GuardRequest::AwaitSet("e".into()));
    assert_eq!(bench.answered(1, GuardRequest::IsSet("e".into())), Answer::Flag(false));
    bench.ask(1, GuardRequest::Set("e".into()));
    assert!(bench.is_done(waits));
    assert_eq!(bench.answered(0, GuardRequest::AwaitSet("e".into())), Answer::Done);
    bench.ask(1, GuardRequest::Clear("e".into()));
    assert!(bench.shared.is_idle());
}

#[test]
fn a_queue_that_is_full_makes_its_writers_wait_and_its_readers_get_what_is_there() {
    let mut bench = Bench::new(2);
    let name = || Name::from("q");
    bench.ask(0, ItemRequest::OpenQueue { name: name(), n_max: Some(2) });
    let puts: Vec<_> =
        [future("x"), bytes(1), bytes(2)].map(|item| bench.ask(0, ItemRequest::Put(name(), item))).into();
    assert!(bench.is_done(puts[1]) && !bench.is_done(puts[2]));
    let too_many = Answer::Refused(Refusal::TooMany { n: 3, n_max: 2 });
    assert_eq!(bench.answered(1, ItemRequest::Get { name: name(), n_min: 3, n_max: 3 }), too_many);
    let got = bench.answered(1, ItemRequest::Get { name: name(), n_min: 1, n_max: 1 });
    assert_eq!(
        (got, bench.wanted.clone()),
        (Answer::Items(vec![future("x")]), vec![(ClientId(1), Key::named("x"))])
    );
    assert!(bench.is_done(puts[2]) && bench.held.is_empty());
    let got = bench.answered(1, ItemRequest::Get { name: name(), n_min: 0, n_max: usize::MAX });
    assert_eq!(got, Answer::Items(vec![bytes(1), bytes(2)]));
    let waits = bench.ask(1, ItemRequest::Get { name: name(), n_min: 1, n_max: 1 });
    bench.ask(0, ItemRequest::CloseQueue(name()));
    assert_eq!(bench.answers[&waits], Answer::Refused(Refusal::Closed(name())));
    assert!(bench.shared.is_idle());
}

#[test]
fn a_variable_keeps_its_value_wanted_until_it_has_another() {
    let mut bench = Bench::new(2);
    let name = || Name::from("v");
    let waits = bench.ask(1, ItemRequest::GetVariable(name()));
    bench.ask(0, ItemRequest::SetVariable(name(), future("x")));
    assert_eq!(bench.answers[&waits], Answer::Items(vec![future("x")]));
    bench.lose(0);
    assert_eq!(bench.held, BTreeMap::from([(Key::named("x"), 1)]));
    bench.ask(1, ItemRequest::SetVariable(name(), future("y")));
    assert_eq!(bench.held, BTreeMap::from([(Key::named("y"), 1)]));
    bench.ask(1, ItemRequest::DeleteVariable(name()));
    assert!(bench.held.is_empty() && bench.shared.is_idle());
}

#[test]
fn what_is_published_and_logged_goes_to_subscribers_and_the_log_keeps_the_newest() {
    let mut bench = Bench::new(3);
    let topic = || Name::from("t");
    bench.ask(0, ItemRequest::Subscribe(topic()));
    bench.ask(1, ItemRequest::Subscribe(topic()));
    assert_eq!(bench.answered(2, ItemRequest::Publish(topic(), future("x"))), Answer::Number(2));
    assert_eq!((bench.delivered.len(), bench.wanted.len()), (2, 2));
    bench.lose(0);
    bench.ask(1, ItemRequest::Unsubscribe(topic()));
    for byte in 0..3 {
        bench.ask(2, RecordRequest::Log(topic(), Arc::from([byte])));
    }
    assert_eq!(bench.delivered.len(), 2);
    let Answer::Log(log) = bench.answered(2, RecordRequest::GetLog(topic())) else { panic!() };
    assert_eq!(log.iter().map(|(_, bytes)| bytes[0]).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(bench.answered(1, RecordRequest::ListLogs), Answer::Names(vec![topic()]));
}

#[test]
fn datasets_outlive_their_clients_and_keep_their_values_wanted() {
    let mut bench = Bench::new(2);
    let publish = |replaces| RecordRequest::PublishDataset {
        name: "d".into(),
        item: Item { bytes: Arc::from([1]), keys: vec![Key::named("x"), Key::named("y")] },
        replaces,
    };
    assert_eq!(bench.answered(0, publish(false)), Answer::Done);
    assert_eq!(bench.answered(0, publish(false)), Answer::Refused(Refusal::Exists("d".into())));
    assert_eq!(bench.answered(0, publish(true)), Answer::Done);
    bench.lose(0);
    assert_eq!(bench.answered(1, RecordRequest::ListDatasets), Answer::Names(vec!["d".into()]));
    let Answer::Items(items) = bench.answered(1, RecordRequest::GetDataset("d".into())) else { panic!() };
    assert_eq!((items[0].keys.len(), bench.wanted.len(), bench.held.len()), (2, 2, 2));
    assert_eq!(bench.answered(1, RecordRequest::UnpublishDataset("d".into())), Answer::Done);
    let missing = Answer::Refused(Refusal::Missing("d".into()));
    assert_eq!(bench.answered(1, RecordRequest::GetDataset("d".into())), missing);
    assert!(bench.held.is_empty());
}

#[test]
fn requests_and_answers_travel() {
    let item = Item { bytes: Arc::from([1, 2]), keys: vec![Key::named("x")] };
    let requests: [Request; 5] = [
        lock(&["a", "b"], 1).into(),
        GuardRequest::RefreshLeases(vec![7]).into(),
        ItemRequest::Get { name: "q".into(), n_min: 1, n_max: 3 }.into(),
        ItemRequest::Put("q".into(), item.clone()).into(),
        RecordRequest::PublishDataset { name: "d".into(), item: item.clone(), replaces: true }.into(),
    ];
    let refused = Answer::Refused(Refusal::OtherSize { name: "s".into(), n_max: 2 });
    let answers = [
        Answer::Items(vec![item]),
        Answer::Metadata(vec![(vec!["a".into()], Arc::from([3]))]),
        Answer::Log(vec![(Time(5), Arc::from([4]))]),
        refused,
    ];
    for request in requests {
        let bytes = encode_canonical(&request).unwrap();
        assert_eq!(decode_canonical::<Request>(&bytes, &Limits::default()).unwrap(), request);
        for n in 0..bytes.len() {
            assert!(decode_canonical::<Request>(&bytes[..n], &Limits::default()).is_err());
        }
    }
    for answer in answers {
        let bytes = encode_canonical(&answer).unwrap();
        assert_eq!(decode_canonical::<Answer>(&bytes, &Limits::default()).unwrap(), answer);
    }
}

#[test]
fn metadata_is_a_tree() {
    let mut bench = Bench::new(1);
    let path = |text: &str| text.split('/').map(Name::from).collect::<Vec<_>>();
    let set = |text| RecordRequest::SetMetadata(path(text), Arc::from([1]));
    for text in ["a/b", "a/c/d", "ab"] {
        assert_eq!(bench.answered(0, set(text)), Answer::Done);
    }
    let get = |bench: &mut Bench, text| match bench.answered(0, RecordRequest::GetMetadata(path(text))) {
        Answer::Metadata(entries) => entries.into_iter().map(|(path, _)| path.len()).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(get(&mut bench, "a"), [2, 3]);
    assert_eq!(bench.answered(0, set("a/b/e")), Answer::Refused(Refusal::NotAPlace(path("a/b"))));
    assert_eq!(bench.answered(0, set("a")), Answer::Done);
    assert_eq!((get(&mut bench, "a"), get(&mut bench, "a/b")), (vec![1], vec![1]));
    assert_eq!(get(&mut bench, "b"), []);
}

/// What a client does in a random history; numbers say which name, item or earlier request.
#[derive(Clone, Debug)]
enum Step {
    Lock(u8, usize),
    Lease(u8),
    Await(u8),
    Set(u8),
    Clear(u8),
    Open(u8),
    Put(u8, bool),
    Get(u8, usize, usize),
    SetVariable(u8),
    GetVariable(u8),
    Delete(u8),
    /// Ends what an earlier request of the client got, or gives it up.
    End(usize),
    GiveUp(usize),
    Close(u8),
    Tick,
    Lose,
}

fn step() -> impl Strategy<Value = (u32, Step)> {
    let name = 0..3u8;
    let step = prop_oneof![
        4 => (1..8u8, 1..4usize).prop_map(|(names, n)| Step::Lock(names, n)),
        2 => name.clone().prop_map(Step::Lease),
        1 => name.clone().prop_map(Step::Await),
        1 => name.clone().prop_map(Step::Set),
        1 => name.clone().prop_map(Step::Clear),
        1 => name.clone().prop_map(Step::Open),
        3 => (name.clone(), any::<bool>()).prop_map(|(name, is_future)| Step::Put(name, is_future)),
        3 => (name.clone(), 0..3usize, 0..4usize).prop_map(|(name, n_min, n_max)| Step::Get(name, n_min, n_max)),
        1 => name.clone().prop_map(Step::SetVariable),
        1 => name.clone().prop_map(Step::GetVariable),
        1 => name.clone().prop_map(Step::Delete),
        6 => (0..20usize).prop_map(Step::End),
        2 => (0..20usize).prop_map(Step::GiveUp),
        1 => name.prop_map(Step::Close),
        1 => Just(Step::Tick),
        1 => Just(Step::Lose),
    ];
    (0..4u32, step)
}

/// A request, and the item that it puts into a queue.
type Put = ((ClientId, u64), Item);

/// What is known from outside of a history: who asked for locks in which order, and which items went in.
#[derive(Default)]
struct History {
    tickets: BTreeMap<u32, Vec<(ClientId, u64)>>,
    /// Requests for locks: which, and how many.
    locks: BTreeMap<(ClientId, u64), (BTreeSet<u8>, usize)>,
    released: BTreeSet<(ClientId, u64)>,
    n_items: u8,
    puts: BTreeMap<u8, VecDeque<Put>>,
    gets: BTreeMap<u8, Vec<(ClientId, u64)>>,
    seen: BTreeSet<(ClientId, u64)>,
}

impl History {
    fn play(&mut self, bench: &mut Bench, client: u32, step: &Step) {
        let name = |at: u8| Name::from(format!("n{at}").as_str());
        let earlier = |at: usize| {
            let tickets = self.tickets.get(&client).map_or(&[][..], Vec::as_slice);
            tickets.iter().rev().nth(at).copied()
        };
        let ticket = match *step {
            Step::Lock(names, n) => {
                let names: BTreeSet<u8> = (0..3).filter(|at| names & (1 << at) != 0).collect();
                let request = GuardRequest::Acquire { names: names.iter().map(|&at| name(at)).collect(), n };
                let ticket = bench.ask(client, request);
                if n <= names.len() {
                    self.locks.insert(ticket, (names, n));
                }
                ticket
            }
            Step::Lease(at) => bench.ask(client, GuardRequest::AcquireLease { name: name(at), n_max: 2 }),
            Step::Await(at) => bench.ask(client, GuardRequest::AwaitSet(name(at))),
            Step::Set(at) => bench.ask(client, GuardRequest::Set(name(at))),
            Step::Clear(at) => bench.ask(client, GuardRequest::Clear(name(at))),
            Step::Open(at) => bench.ask(client, ItemRequest::OpenQueue { name: name(at), n_max: Some(2) }),
            Step::Put(at, is_future) => {
                self.n_items = self.n_items.wrapping_add(1);
                let item =
                    if is_future { future(&format!("f{}", self.n_items)) } else { bytes(self.n_items) };
                let ticket = bench.ask(client, ItemRequest::Put(name(at), item.clone()));
                self.puts.entry(at).or_default().push_back((ticket, item));
                ticket
            }
            Step::Get(at, n_min, n_max) => {
                let ticket = bench.ask(client, ItemRequest::Get { name: name(at), n_min, n_max });
                self.gets.entry(at).or_default().push(ticket);
                ticket
            }
            Step::SetVariable(at) => {
                self.n_items = self.n_items.wrapping_add(1);
                let item = future(&format!("f{}", self.n_items));
                bench.ask(client, ItemRequest::SetVariable(name(at), item))
            }
            Step::GetVariable(at) => bench.ask(client, ItemRequest::GetVariable(name(at))),
            Step::Delete(at) => bench.ask(client, ItemRequest::DeleteVariable(name(at))),
            Step::End(at) => {
                let Some(ticket) = earlier(at) else { return };
                if bench.answered(client, GuardRequest::ReleaseLocks(ticket.1)) == Answer::Done {
                    self.released.insert(ticket);
                }
                bench.ask(client, GuardRequest::ReleaseLease(ticket.1))
            }
            Step::GiveUp(at) => {
                let Some((client, number)) = earlier(at) else { return };
                return bench.handle(CoordinationEvent::GiveUp(client, number));
            }
            Step::Close(at) => bench.ask(client, GuardRequest::CloseSemaphore(name(at))),
            Step::Tick => {
                bench.now = bench.now.after(Duration::from_secs(12));
                return bench.handle(CoordinationEvent::Tick);
            }
            Step::Lose => return bench.lose(client),
        };
        self.tickets.entry(client).or_default().push(ticket);
    }

    /// No lock has two holders, and none is held by a client that is gone.
    fn check_locks(&self, bench: &Bench) {
        let holds = |ticket: &(ClientId, u64)| {
            bench.is_done(*ticket) && !self.released.contains(ticket) && bench.present.contains(&ticket.0)
        };
        for at in 0..3 {
            let only = |names: &BTreeSet<u8>, n: usize| names.contains(&at) && names.len() == n;
            let holders = self.locks.iter().filter(|(ticket, (names, n))| only(names, *n) && holds(ticket));
            assert!(holders.count() <= 1, "two hold the lock {at}");
        }
        let n_held: usize = self.locks.iter().filter(|(ticket, _)| holds(ticket)).map(|(_, (_, n))| n).sum();
        assert!(n_held <= 3, "{n_held} of 3 locks are held");
    }

    /// What comes out of a queue are the items that went in, in order; items of requests that were given up do not.
    fn check_queues(&mut self, bench: &Bench) {
        for (at, gets) in &self.gets {
            let puts = self.puts.entry(*at).or_default();
            for ticket in gets {
                let Some(Answer::Items(items)) = bench.answers.get(ticket) else { continue };
                if !self.seen.insert(*ticket) {
                    continue;
                }
                for item in items {
                    let found = puts.iter().position(|(_, other)| other == item);
                    let before = puts.drain(..=found.expect("an item that is not in the queue comes out"));
                    for (put, skipped) in before.filter(|(_, other)| other != item) {
                        let is_in = bench.is_done(put);
                        assert!(!is_in, "{skipped:?} is in the queue, and overtaken");
                    }
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn whatever_clients_do_nobody_waits_for_what_is_free(steps in prop::collection::vec(step(), 0..80)) {
        let mut bench = Bench::new(4);
        let mut history = History::default();
        for (client, step) in &steps {
            if bench.present.contains(&ClientId(*client)) {
                history.play(&mut bench, *client, step);
                history.check_locks(&bench);
                history.check_queues(&bench);
            }
        }
        // When all clients are gone, what is left is what outlives them.
        let last = ClientId(9);
        for client in 0..4 {
            bench.lose(client);
        }
        prop_assert!(bench.shared.waiting.is_empty() && bench.shared.locks.is_empty());
        prop_assert!(bench.shared.semaphores.is_empty());
        bench.present.insert(last);
        bench.handle(CoordinationEvent::ClientJoined(last));
        for at in 0..3 {
            let name = Name::from(format!("n{at}").as_str());
            bench.ask(9, ItemRequest::CloseQueue(name.clone()));
            bench.ask(9, ItemRequest::DeleteVariable(name.clone()));
            bench.ask(9, GuardRequest::Clear(name));
        }
        prop_assert!(bench.shared.is_idle() && bench.held.is_empty());
    }
}
