//! Ports of a scheduler and of a worker get what no process of Raskt says, from strangers and from peers that know the token.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by them")]

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use raskt_core::encode::{Decode, Encode};
use raskt_core::{Buffer, KeepSealed, Key, Payload, Value};
use raskt_exec::{BodyRegistry, Call, Outcome};
use raskt_graph::layer::{Layer, Raw};
use raskt_graph::{Body, Graph, Keys, TableBuilder};
use raskt_net::client::{Client, ClientOptions, State};
use raskt_net::scheduler::{SchedulerDaemon, SchedulerOptions};
use raskt_net::transport::{
    Address, Connection, FrameLimits, HandshakeOptions, Token, connect, introduce, read_frame, write_frame,
};
use raskt_net::wire::{
    Batch, ClientSays, ClientWelcome, Figures, GraphRequest, PeerSays, PeerWelcome, Query, Role, WorkerRole,
    WorkerSays, WorkerWelcome, messages,
};
use raskt_net::worker::{Measure, WorkerDaemon, WorkerOptions};
use raskt_sched::{Demand, FromWorker, Pressure, TaskId, TaskRef, WorkerId, WorkerInfo};
use tokio::io::AsyncWriteExt;
use tokio::runtime::Runtime;

const PATIENCE: Duration = Duration::from_secs(60);
/// Each is a history of its own, the same in each run.
const SEEDS: std::ops::Range<u64> = 1..201;

/// Numbers that follow from a seed (xorshift64*).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap() % n
    }

    fn bytes(&mut self, n: usize) -> Vec<u8> {
        (0..n).map(|_| self.next().to_le_bytes()[5]).collect()
    }
}

struct Cluster {
    runtime: Runtime,
    scheduler: SchedulerDaemon,
    worker: WorkerDaemon,
}

fn handshake() -> HandshakeOptions {
    HandshakeOptions { token: Token::new("secret"), tls: None, timeout: PATIENCE }
}

impl Cluster {
    fn new() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let options = SchedulerOptions { handshake: handshake(), ..SchedulerOptions::default() };
        let scheduler = SchedulerDaemon::start(runtime.handle(), options).unwrap();
        let mut registry = BodyRegistry::default();
        registry.add_kernel("one", Arc::new(|_: &mut Call<'_>| Ok(Outcome::Value(Value::Int(1))))).unwrap();
        let options = WorkerOptions {
            handshake: handshake(),
            measure: Measure::Values,
            ..WorkerOptions::new(scheduler.addresses()[0].clone(), "w")
        };
        let worker = WorkerDaemon::start(runtime.handle(), Arc::new(registry), options).unwrap();
        Self { runtime, scheduler, worker }
    }

    fn ports(&self) -> [Address; 2] {
        [self.scheduler.addresses()[0].clone(), self.worker.address().clone()]
    }

    /// A connection that has proved to know the token.
    fn join<Welcome: Decode>(&self, to: &Address, role: &Role) -> Connection {
        self.runtime.block_on(async {
            let mut connection = connect(to, None, PATIENCE).await.unwrap();
            let _: Welcome = introduce(&mut connection, &handshake(), role).await.unwrap();
            connection
        })
    }

    /// Says something that means nothing; the other side ends the connection, at the latest where what is said ends.
    fn is_sent_away(&self, connection: Connection, said: &Said) {
        let Connection { mut reader, mut writer, .. } = connection;
        self.runtime.block_on(async {
            // It may be gone before all of it is written.
            drop(writer.write_all(&said.bytes).await);
            drop(if said.is_half { writer.shutdown().await } else { writer.flush().await });
            let ended = tokio::time::timeout(PATIENCE, async {
                while let Ok(Some(_)) = read_frame(&mut reader, FrameLimits::PEER).await {}
            });
            assert!(ended.await.is_ok(), "{:?} is listened to", said.bytes);
        });
    }

    /// The cluster still works, with the worker that it had.
    fn works(&self) {
        let address = self.scheduler.addresses()[0].clone();
        let options = ClientOptions { handshake: handshake(), ..ClientOptions::new(address) };
        let client = Client::connect(self.runtime.handle(), options).unwrap();
        let mut table = TableBuilder::default();
        table.push_own(Body::native("one"), &[]).unwrap();
        let key = Key::named("one");
        let table = table.finish(Keys::Listed(vec![key.clone()].into()), vec![0]).unwrap();
        let mut graph = Graph::default();
        graph.insert("raw", Layer::from(Raw::new(Arc::new(table), Vec::new()).unwrap())).unwrap();
        graph.request([Key::block("raw", &[0])]);
        let request = GraphRequest {
            name: "graph".into(),
            graph,
            fuse_width: 0,
            priority: 0,
            retries: 0,
            demand: Demand::default(),
        };
        let future = client.future(&key).future;
        client.compute(request, &[key]).unwrap();
        assert!(client.gate(&[&future], 1).wait(PATIENCE));
        assert!(matches!(future.state(), State::Ready { .. }), "{:?}", future.state());
        assert!(self.worker.wait(Some(Duration::ZERO)).is_none(), "the worker is there");
    }
}

/// What somebody says.
struct Said {
    bytes: Vec<u8>,
    /// More of it would come.
    is_half: bool,
}

/// A frame as it lies on the wire.
fn on_wire(runtime: &Runtime, frame: &Payload) -> Vec<u8> {
    let mut bytes = Vec::new();
    runtime.block_on(write_frame(&mut bytes, frame)).unwrap();
    bytes
}

/// Frames that are none of `T`'s: parts of real ones, real ones with other bytes in them, and others.
fn nonsense<T: Encode + Decode>(real: &[T], random: &mut Random, runtime: &Runtime) -> Said {
    loop {
        let mut frame = Batch::of_one(&real[random.below(real.len())]).unwrap();
        match random.below(4) {
            0 => {
                let n = random.below(200);
                frame.header = random.bytes(n);
            }
            1 => {
                for _ in 0..=random.below(4) {
                    let at = random.below(frame.header.len());
                    frame.header[at] = random.next().to_le_bytes()[3];
                }
            }
            2 => frame.buffers.push(Buffer::from(random.bytes(9))),
            _ => {
                // Half a frame, and lengths that nobody has room for.
                let mut bytes = on_wire(runtime, &frame);
                let is_half = random.below(2) == 0;
                match is_half {
                    true => bytes.truncate(1 + random.below(bytes.len() - 1)),
                    false => bytes[..8].copy_from_slice(&[0xff; 8]),
                }
                return Said { bytes, is_half };
            }
        }
        let is_real = messages(frame.clone(), &KeepSealed, None, &mut |_: T| Ok(())).is_ok();
        if !is_real {
            return Said { bytes: on_wire(runtime, &frame), is_half: false };
        }
    }
}

#[test]
fn strangers_who_say_anything_are_sent_away() {
    let cluster = Cluster::new();
    for seed in SEEDS {
        let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        for port in cluster.ports() {
            let mut stream = TcpStream::connect((port.host(), port.port())).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let n = random.below(4000);
            let mut said = random.bytes(n);
            // As a frame of a length that may be right, with the word that begins a talk.
            if random.below(2) == 0 && said.len() > 12 {
                let length = random.below(2 * said.len());
                said[..4].copy_from_slice(&u32::try_from(length).unwrap().to_le_bytes());
                said[4..8].fill(0);
                said[8..12].copy_from_slice(b"RSKT");
            }
            // Who is sent away may not be able to say all of it.
            drop(stream.write_all(&said));
            drop(stream.shutdown(Shutdown::Write));
            let mut heard = Vec::new();
            drop(stream.read_to_end(&mut heard));
            assert!(heard.len() < 1000, "{heard:?}");
        }
    }
    cluster.works();
}

#[test]
fn peers_who_say_what_is_no_message_are_sent_away_and_nobody_else() {
    let cluster = Cluster::new();
    let [scheduler, worker] = cluster.ports();
    let value = TaskRef { task: TaskId(3), generation: 0 };
    let of_client = [
        ClientSays::Ping,
        ClientSays::Ask { request: 1, query: Query::Workers },
        ClientSays::Ask { request: 3, query: Query::Events { from: 7 } },
        ClientSays::Ask { request: 4, query: Query::Log { from: 7 } },
        ClientSays::Ask { request: 7, query: Query::CriticalPath },
        ClientSays::Ask { request: 8, query: Query::Held },
        ClientSays::Ask { request: 9, query: Query::Tasks { n_max: 7 } },
        ClientSays::Ask { request: 5, query: Query::Sizes(vec![Key::named("one")]) },
        ClientSays::Ask { request: 6, query: Query::Host(b"asked".as_slice().into()) },
        ClientSays::Ask { request: 2, query: Query::WhoHas(vec![Key::named("one")]) },
        ClientSays::GiveUp(7),
    ];
    let of_peer = [
        PeerSays::Get { request: 1, values: vec![value] },
        PeerSays::Put { request: 2, values: vec![(value, Payload::default())] },
    ];
    let of_worker = [
        WorkerSays::Say(FromWorker::Heartbeat { pressure: Pressure::Low }),
        WorkerSays::Say(FromWorker::Acquired { values: vec![(value, 10)], duration: None }),
        WorkerSays::Retire,
        WorkerSays::Figures(Figures { memory_bytes: 7, cpu_percent: 300, ..Figures::default() }),
    ];
    for seed in SEEDS {
        let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let client = cluster.join::<ClientWelcome>(&scheduler, &Role::Client { name: "c".into() });
        cluster.is_sent_away(client, &nonsense(&of_client, &mut random, &cluster.runtime));
        let role = Role::Peer { of: cluster.worker.id() };
        let peer = cluster.join::<PeerWelcome>(&worker, &role);
        cluster.is_sent_away(peer, &nonsense(&of_peer, &mut random, &cluster.runtime));
        let role = Role::Worker(WorkerRole {
            info: WorkerInfo {
                name: format!("false-{seed}").as_str().into(),
                host: "h".into(),
                n_threads: 1,
                resources: vec![("nothing".into(), 1)],
            },
            address: Address::tcp("127.0.0.1", 1),
            pid: 1,
            memory_bytes: 1,
        });
        let false_worker = cluster.join::<WorkerWelcome>(&scheduler, &role);
        cluster.is_sent_away(false_worker, &nonsense(&of_worker, &mut random, &cluster.runtime));
    }
    assert_eq!(cluster.worker.id(), WorkerId(0));
    cluster.works();
}
