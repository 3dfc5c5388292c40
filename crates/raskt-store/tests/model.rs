//! Any sequence of operations, with jobs that run and report at any time and a disk that fills up and
//! recovers, against a plain map; and the choice of victims against a full scan.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helpers may fail it")]

mod support;

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use proptest::prelude::*;
use raskt_core::opaque::NoForeign;
use raskt_core::{Buffer, ErrorKind, Opaque, OwnerId, Payload, Result, Value};
use raskt_store::{Fetch, IN_USE, Limits, LoadJob, SpillFolder, SpillJob, Spilled, SpilledFile, Store};
use support::MemoryDevice;

const N_SLOTS: u32 = 10;
const LIMITS: Limits = Limits { budget_bytes: 500, spill_min_bytes: 64 };

/// An object that has no encoding.
#[derive(Debug)]
struct Stubborn(u64);

impl Opaque for Stubborn {
    fn runtime(&self) -> &'static str {
        "test"
    }
    fn size_bytes(&self) -> u64 {
        self.0
    }
    fn visit_owners(&self, _: &mut dyn FnMut(OwnerId, u64)) {}
    fn encode(&self) -> Result<Payload> {
        Err(ErrorKind::NotEncodable("a stubborn object".into()).into())
    }
    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

#[derive(Clone, Debug)]
enum Make {
    Int(i64),
    Text(usize),
    Bytes(u8, usize),
    View { pool: usize, offset: usize },
    Pair(usize, usize),
    Stubborn(u64),
}

#[derive(Clone, Debug)]
enum Op {
    Put(u32, Make),
    Fetch(u32),
    Release(u32),
    /// Hands a value over; it comes back, or is released while it is away.
    HandOver(u32, bool),
    Spill,
    /// Runs a spill job that was taken, or reports its outcome.
    StepSpill(usize),
    StepLoad(usize),
    SetNeed(u32, u64),
    SetFull(bool),
    RemoveDeadFiles,
}

fn make() -> impl Strategy<Value = Make> {
    prop_oneof![
        any::<i64>().prop_map(Make::Int),
        (0usize..150).prop_map(Make::Text),
        (any::<u8>(), 0usize..200).prop_map(|(fill, len)| Make::Bytes(fill, len)),
        (0usize..3, 0usize..90).prop_map(|(pool, offset)| Make::View { pool, offset }),
        (0usize..3, 0usize..3).prop_map(|(a, b)| Make::Pair(a, b)),
        (0u64..150).prop_map(Make::Stubborn),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (0..N_SLOTS, make()).prop_map(|(slot, make)| Op::Put(slot, make)),
        4 => (0..N_SLOTS).prop_map(Op::Fetch),
        2 => (0..N_SLOTS).prop_map(Op::Release),
        2 => (0..N_SLOTS, any::<bool>()).prop_map(|(slot, comes_back)| Op::HandOver(slot, comes_back)),
        4 => Just(Op::Spill),
        6 => (0usize..8).prop_map(Op::StepSpill),
        4 => (0usize..8).prop_map(Op::StepLoad),
        2 => (0..N_SLOTS, 0u64..6).prop_map(|(slot, need)| Op::SetNeed(slot, need)),
        1 => any::<bool>().prop_map(Op::SetFull),
        1 => Just(Op::RemoveDeadFiles),
    ]
}

enum Spilling {
    Taken(SpillJob),
    Ran(Result<SpilledFile>),
}

enum Loading {
    Taken(LoadJob),
    Ran(Result<Value>),
}

struct World {
    store: Store,
    model: HashMap<u32, Value>,
    pool: Vec<Buffer>,
    needs: Vec<u64>,
    spilling: Vec<(u32, Spilling)>,
    /// With the value that has to come.
    loading: Vec<(u32, Value, Loading)>,
    device: MemoryDevice,
    full: Arc<AtomicBool>,
}

impl World {
    fn new() -> Self {
        let full = Arc::new(AtomicBool::new(false));
        let mut device = MemoryDevice::new();
        let flag = Arc::clone(&full);
        device.fault = Arc::new(move || flag.load(Ordering::Relaxed).then_some(io::ErrorKind::StorageFull));
        let folder = SpillFolder::with_device(Path::new("/memory"), device.clone());
        Self {
            store: Store::new(N_SLOTS as usize, LIMITS, Some(folder)),
            model: HashMap::new(),
            pool: (1..4u8).map(|fill| Buffer::from(vec![fill; 100])).collect(),
            needs: vec![1; N_SLOTS as usize],
            spilling: Vec::new(),
            loading: Vec::new(),
            device,
            full,
        }
    }

    fn value(&self, make: &Make) -> Value {
        match *make {
            Make::Int(number) => Value::Int(number),
            Make::Text(len) => Value::from("x".repeat(len).as_str()),
            Make::Bytes(fill, len) => Buffer::from(vec![fill; len]).into(),
            Make::View { pool, offset } => self.pool[pool].slice(offset, 10).into(),
            Make::Pair(a, b) => {
                Value::from(vec![self.pool[a].clone().into(), self.pool[b].slice(1, 5).into()])
            }
            Make::Stubborn(bytes) => Value::Opaque(Arc::new(Stubborn(bytes))),
        }
    }

    fn apply(&mut self, op: &Op) {
        match *op {
            Op::Put(slot, ref make) => {
                let value = self.value(make);
                let before = self.store.put(slot, value.clone());
                let expected = self.model.insert(slot, value);
                assert!(before.is_none() || before == expected);
            }
            Op::Fetch(slot) => match (self.store.fetch(slot), self.model.get(&slot)) {
                (Fetch::Ready(value), Some(expected)) => assert_eq!(&value, expected),
                (Fetch::Load(job), Some(expected)) => {
                    assert_eq!(job.slot(), slot);
                    self.loading.push((slot, expected.clone(), Loading::Taken(job)));
                }
                (Fetch::Busy, Some(_)) => assert!(self.loading.iter().any(|(busy, ..)| *busy == slot)),
                (Fetch::Empty, None) => {}
                (found, expected) => panic!("slot {slot}: {found:?} instead of {expected:?}"),
            },
            Op::Release(slot) => {
                let expected = self.model.remove(&slot);
                let released = self.store.release(slot);
                assert!(released.is_none() || released == expected);
            }
            Op::HandOver(slot, comes_back) => self.hand_over(slot, comes_back),
            Op::Spill => {
                let needs = &self.needs;
                if let Some(job) = self.store.next_spill(&mut |slot| needs[slot as usize]) {
                    assert_ne!(needs[job.slot() as usize], IN_USE);
                    assert!(self.model.contains_key(&job.slot()));
                    self.spilling.push((job.slot(), Spilling::Taken(job)));
                }
            }
            Op::StepSpill(at) => self.step_spill(at),
            Op::StepLoad(at) => self.step_load(at),
            Op::SetNeed(slot, need) => self.needs[slot as usize] = need,
            Op::SetFull(full) => self.full.store(full, Ordering::Relaxed),
            Op::RemoveDeadFiles => drop(self.store.take_dead_files()),
        }
        self.store.sanity_check();
    }

    fn hand_over(&mut self, slot: u32, comes_back: bool) {
        let before = self.store.memory_bytes();
        let Some(value) = self.store.hand_over(slot) else { return };
        assert_eq!(Some(&value), self.model.get(&slot));
        assert!(self.store.memory_bytes() <= before);
        self.store.sanity_check();
        if comes_back {
            self.store.take_back(slot, value);
        } else {
            self.model.remove(&slot);
            self.store.release(slot);
        }
    }

    fn step_spill(&mut self, at: usize) {
        if self.spilling.is_empty() {
            return;
        }
        let (slot, state) = self.spilling.swap_remove(at % self.spilling.len());
        match state {
            Spilling::Taken(job) => self.spilling.push((slot, Spilling::Ran(job.run()))),
            Spilling::Ran(outcome) => match self.store.spilled(slot, outcome) {
                Spilled::Freed(value) => assert_eq!(Some(&value), self.model.get(&slot)),
                Spilled::Failed(error) => assert!(
                    matches!(error.kind(), ErrorKind::DiskFull { .. } | ErrorKind::NotEncodable(_)),
                    "{error}"
                ),
                Spilled::Kept | Spilled::Obsolete(_) | Spilled::FailedAgain => {}
            },
        }
    }

    fn step_load(&mut self, at: usize) {
        if self.loading.is_empty() {
            return;
        }
        let (slot, expected, state) = self.loading.swap_remove(at % self.loading.len());
        match state {
            Loading::Taken(job) => {
                let outcome = job.run(&NoForeign);
                self.loading.push((slot, expected, Loading::Ran(outcome)));
            }
            Loading::Ran(outcome) => assert_eq!(self.store.loaded(slot, outcome).unwrap(), expected),
        }
    }

    fn finish(mut self) {
        while !self.spilling.is_empty() {
            self.apply(&Op::StepSpill(0));
        }
        while !self.loading.is_empty() {
            self.apply(&Op::StepLoad(0));
        }
        for slot in 0..N_SLOTS {
            if self.model.contains_key(&slot) {
                assert!(
                    !matches!(self.store.fetch(slot), Fetch::Empty | Fetch::Busy),
                    "slot {slot} is there"
                );
            }
            self.apply(&Op::Release(slot));
        }
        assert_eq!((self.store.memory_bytes(), self.store.spilled_bytes()), (0, 0));
        assert_eq!(self.store.excess_bytes(), 0);
        drop(self.store);
        assert_eq!(self.device.n_files(), 0, "no file is left");
    }
}

/// Bytes that `values` keep alive, by definition.
fn bytes_of<'a>(values: impl Iterator<Item = &'a Value>) -> u64 {
    let mut owners = HashSet::new();
    let mut bytes = 0;
    for value in values {
        bytes += value.own_bytes();
        value.visit_owners(&mut |owner, size| bytes += if owners.insert(owner) { size } else { 0 });
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_interleaving_keeps_values_and_books(ops in prop::collection::vec(op(), 0..120)) {
        let mut world = World::new();
        ops.iter().for_each(|op| world.apply(op));
        world.full.store(false, Ordering::Relaxed);
        world.finish();
    }

    #[test]
    fn memory_is_the_sum_over_distinct_owners(makes in prop::collection::vec((0..N_SLOTS, make()), 0..40)) {
        let mut world = World::new();
        world.store = Store::new(N_SLOTS as usize, LIMITS, None);
        for (slot, make) in &makes {
            world.apply(&Op::Put(*slot, make.clone()));
            prop_assert_eq!(world.store.memory_bytes(), bytes_of(world.model.values()));
            prop_assert!(world.store.next_spill(&mut |_| 1).is_none(), "without a folder nothing spills");
        }
    }

    /// Slots are needed at random times; time moves on, what is needed is fetched, and now and then a victim
    /// is asked for.
    #[test]
    fn the_victim_is_the_value_needed_latest(
        needs in prop::collection::vec(prop::collection::btree_set(1u64..60, 0..8), 1..12),
        spill_at in prop::collection::btree_set(1u64..60, 0..30),
    ) {
        let folder = SpillFolder::with_device(Path::new("/memory"), MemoryDevice::new());
        let mut store = Store::new(needs.len(), LIMITS, Some(folder));
        let mut in_memory: HashMap<u32, u64> = HashMap::new();
        for slot in 0..needs.len() as u32 {
            store.put(slot, Buffer::zeroed(100).unwrap().into());
            in_memory.insert(slot, 0);
        }
        let mut uses = 0;
        for now in 1u64..60 {
            for slot in (0..needs.len() as u32).filter(|&slot| needs[slot as usize].contains(&now)) {
                if let Fetch::Load(job) = store.fetch(slot) {
                    store.loaded(slot, job.run(&NoForeign)).unwrap();
                }
                uses += 1;
                in_memory.insert(slot, uses);
            }
            let next = |slot: u32| needs[slot as usize].range(now + 1..).next().copied().unwrap_or(u64::MAX);
            if spill_at.contains(&now) {
                let job = store.next_spill(&mut |slot| next(slot));
                let latest = in_memory.keys().map(|&slot| next(slot)).max();
                prop_assert_eq!(job.as_ref().map(|job| next(job.slot())), latest);
                let Some(job) = job else { continue };
                let slot = job.slot();
                let used = in_memory[&slot];
                let unused_longer = in_memory.iter().any(|(&other, &u)| Some(next(other)) == latest && u < used);
                prop_assert!(!unused_longer, "ties go to the least recently used");
                in_memory.remove(&slot);
                prop_assert!(matches!(store.spilled(slot, job.run()), Spilled::Freed(_)));
            }
        }
    }
}
