//! A scheduler that says what a test wants, and kernels to be run.

use std::any::Any;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use raskt_core::encode::{Decode, Encode, Limits, decode_value};
use raskt_core::{Buffer, ErrorKind, KeepSealed, Key, Opaque, OwnerId, Param, Payload, Value};
use raskt_exec::{BodyRegistry, Call, Outcome};
use raskt_graph::{Body, Keys, Subgraph, TableBuilder};
use raskt_net::transport::{
    Address, Connection, FrameLimits, HandshakeOptions, Listener, Token, accept, connect, introduce,
    read_frame, write_frame,
};
use raskt_net::wire::{
    Batch, PeerSays, PeerWelcome, Role, TellPeer, TellWorker, WorkerRole, WorkerSays, WorkerWelcome, messages,
};
use raskt_net::worker::{Measure, WorkerDaemon, WorkerOptions};
use raskt_sched::{
    Attempt, Compute, FromWorker, InputAt, Priority, TaskId, TaskRef, ToWorker, Work, WorkerId,
};
use tokio::io::AsyncWriteExt;
use tokio::runtime::Runtime;

pub const PATIENCE: Duration = Duration::from_secs(20);

pub fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

pub fn handshake(token: &str) -> HandshakeOptions {
    HandshakeOptions { token: Token::new(token), tls: None, timeout: PATIENCE }
}

pub fn options(scheduler: Address, name: &str) -> WorkerOptions {
    let machine = raskt_sched::WorkerOptions {
        retry_delay: Duration::from_millis(1),
        n_tries_max: 2,
        ..raskt_sched::WorkerOptions::default()
    };
    WorkerOptions {
        handshake: handshake("secret"),
        machine,
        measure: Measure::Values,
        connect_timeout: PATIENCE,
        ..WorkerOptions::new(scheduler, name)
    }
}

/// An object that has no encoded form.
#[derive(Debug)]
struct Lock;

impl Opaque for Lock {
    fn runtime(&self) -> &str {
        "locks"
    }

    fn size_bytes(&self) -> u64 {
        1 << 20
    }

    fn visit_owners(&self, _: &mut dyn FnMut(OwnerId, u64)) {}

    fn encode(&self) -> raskt_core::Result<Payload> {
        Err(ErrorKind::NotEncodable("a lock".to_owned()).into())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// What "awaits" waits for and "tells" says.
static IS_TOLD: AtomicBool = AtomicBool::new(false);

fn number(value: &Value) -> i64 {
    match value {
        Value::Int(number) => *number,
        Value::Bytes(buffer) => buffer.len().try_into().unwrap(),
        Value::Opaque(_) => 1000,
        other => panic!("{other:?}"),
    }
}

pub fn registry() -> Arc<BodyRegistry> {
    let mut registry = BodyRegistry::default();
    let mut add = |name: &str, kernel: fn(&mut Call<'_>) -> raskt_core::Result<Outcome>| {
        registry.add_kernel(name, Arc::new(kernel)).unwrap();
    };
    add("one", |_| Ok(Value::Int(1).into()));
    add("add", |call| Ok(Value::Int(call.inputs.iter().map(number).sum()).into()));
    add("block", |_| Ok(Value::from(Buffer::from(vec![7_u8; 1 << 20])).into()));
    add("lock", |_| Ok(Value::Opaque(Arc::new(Lock)).into()));
    add("raises", |_| Err(ErrorKind::InvalidValue("no such thing".to_owned()).into()));
    add("panics", |_| panic!("a bug"));
    add("waits", |call| {
        loop {
            call.ctx.cancel.check()?;
            std::thread::sleep(Duration::from_millis(1));
        }
    });
    add("awaits", |_| {
        assert!(raskt_net::worker::secede() && !raskt_net::worker::secede());
        while !IS_TOLD.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(raskt_net::worker::rejoin() && !raskt_net::worker::rejoin());
        Ok(Value::Int(0).into())
    });
    add("tells", |_| {
        IS_TOLD.store(true, Ordering::SeqCst);
        Ok(Value::Int(1).into())
    });
    add("again", |_| {
        raskt_net::worker::try_again();
        Err(ErrorKind::InvalidValue("not yet".to_owned()).into())
    });
    add("grows", |_| {
        let mut table = TableBuilder::default();
        let input = table.push_own(Body::Input(0), &[])?;
        let one = table.push_own(Body::native("one"), &[])?;
        let sum = table.push_own(Body::native("add"), &[input, one])?;
        Ok(Outcome::Expand(Box::new(Subgraph::new(table.finish(Keys::Indexed("grown".into()), vec![sum])?)?)))
    });
    Arc::new(registry)
}

/// A connection that says and hears messages.
pub struct End {
    connection: Connection,
}

impl End {
    pub fn of(connection: Connection) -> Self {
        Self { connection }
    }

    pub fn peer(&self) -> &Address {
        &self.connection.peer
    }

    pub async fn say<T: Encode>(&mut self, message: &T) {
        write_frame(&mut self.connection.writer, &Batch::of_one(message).unwrap()).await.unwrap();
        self.connection.writer.flush().await.unwrap();
    }

    pub async fn hear<T: Decode>(&mut self) -> Option<Vec<T>> {
        let read = read_frame(&mut self.connection.reader, FrameLimits::PEER);
        let frame = tokio::time::timeout(PATIENCE, read).await.expect("nothing is said").ok()??;
        let mut found = Vec::new();
        messages(frame, &KeepSealed, None, &mut |message| {
            found.push(message);
            Ok(())
        })
        .unwrap();
        Some(found)
    }
}

/// A worker as its scheduler sees it.
pub struct Joined {
    pub end: End,
    pub role: WorkerRole,
    heard: VecDeque<WorkerSays>,
}

impl Joined {
    pub async fn tell(&mut self, message: ToWorker) {
        self.end.say(&TellWorker::Say(message)).await;
    }

    /// What it says next, but for starts and heartbeats.
    pub async fn hear(&mut self) -> WorkerSays {
        loop {
            while let Some(message) = self.heard.pop_front() {
                let is_noise = matches!(
                    message,
                    WorkerSays::Say(FromWorker::Started(_) | FromWorker::Heartbeat { .. })
                        | WorkerSays::Figures(_)
                );
                if !is_noise {
                    return message;
                }
            }
            self.heard.extend(self.end.hear::<WorkerSays>().await.expect("the worker is gone"));
        }
    }

    /// Runs a task, and says how large its value is.
    pub async fn run(&mut self, task: u32, kernel: &str, inputs: &[InputAt]) -> u64 {
        self.tell(compute(task, kernel, inputs)).await;
        match self.hear().await {
            WorkerSays::Say(FromWorker::Finished { attempt, n_bytes, .. }) => {
                assert_eq!(attempt.of, value(task));
                n_bytes
            }
            other => panic!("{other:?}"),
        }
    }
}

/// A worker that has joined, and its scheduler's end of that.
pub fn joined(
    runtime: &Runtime,
    id: u32,
    change: impl FnOnce(WorkerOptions) -> WorkerOptions,
) -> (WorkerDaemon, Joined) {
    let listener = runtime.block_on(Listener::bind(&Address::tcp("127.0.0.1", 0), None)).unwrap();
    let options = change(options(listener.address().clone(), &format!("w{id}")));
    let taking = runtime.spawn(async move {
        let accepted = accept(listener.accept().await.unwrap(), &handshake("secret")).await.unwrap();
        let Role::Worker(role) = accepted.role().unwrap() else { panic!("no worker") };
        let welcome = WorkerWelcome { worker: WorkerId(id), heartbeat_ms: 50 };
        let connection = accepted.welcome(&welcome).await.unwrap();
        Joined { end: End { connection }, role, heard: VecDeque::new() }
    });
    let daemon = WorkerDaemon::start(runtime.handle(), registry(), options).unwrap();
    assert_eq!(daemon.id(), WorkerId(id));
    (daemon, runtime.block_on(taking).unwrap())
}

pub fn value(task: u32) -> TaskRef {
    TaskRef { task: TaskId(task), generation: 0 }
}

pub fn attempt(task: u32) -> Attempt {
    Attempt { of: value(task), epoch: 0 }
}

pub fn held(task: u32, holders: &[u32]) -> InputAt {
    InputAt {
        value: value(task),
        n_bytes: 8,
        holders: holders.iter().map(|&holder| WorkerId(holder)).collect(),
    }
}

pub fn compute(task: u32, kernel: &str, inputs: &[InputAt]) -> ToWorker {
    let mut table = TableBuilder::default();
    table.push_own(Body::native(kernel), &[]).unwrap();
    let keys = Keys::Listed([Key::block("x", &[task])].into());
    let work = Work { table: Arc::new(table.finish(keys, vec![0]).unwrap()), row: 0 };
    assert_eq!(*work.table.parameters(0), Param::Null);
    ToWorker::Compute(Box::new(Compute {
        attempt: attempt(task),
        priority: Priority::new(0, 0, task),
        work,
        inputs: inputs.to_vec(),
        resources: Arc::new([]),
    }))
}

/// A connection to a worker.
pub async fn peer(to: &Address, of: WorkerId, token: &str) -> raskt_core::Result<End> {
    let mut connection = connect(to, None, PATIENCE).await?;
    let _: PeerWelcome = introduce(&mut connection, &handshake(token), &Role::Peer { of }).await?;
    Ok(End { connection })
}

/// What a worker answers.
pub async fn ask(end: &mut End, message: &PeerSays) -> TellPeer {
    end.say(message).await;
    end.hear::<TellPeer>().await.expect("the worker is gone").remove(0)
}

/// Values that a worker is asked for, and what it denies.
pub async fn get(end: &mut End, tasks: &[u32]) -> (Vec<(TaskRef, raskt_core::Result<Value>)>, Vec<TaskRef>) {
    let values = tasks.iter().copied().map(value).collect();
    match ask(end, &PeerSays::Get { request: 7, values }).await {
        TellPeer::Values { request: 7, values, denied } => {
            let open = |payload: raskt_core::Result<Payload>| {
                payload.and_then(|payload| decode_value(payload, &KeepSealed, &Limits::default()))
            };
            (values.into_iter().map(|(of, payload)| (of, open(payload))).collect(), denied)
        }
        other => panic!("{other:?}"),
    }
}
