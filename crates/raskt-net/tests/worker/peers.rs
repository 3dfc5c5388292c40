//! Values that go from one process to another.

use std::io::Write;
use std::net::TcpStream;

use raskt_core::encode::encode_value;
use raskt_core::{Buffer, ErrorKind, Payload, Value};
use raskt_graph::Body;
use raskt_net::transport::Address;
use raskt_net::wire::{Batch, PeerSays, TellPeer, TellWorker, WorkerSays};
use raskt_sched::{FromWorker, WorkerId};

use crate::script::{ask, attempt, compute, get, held, joined, peer, runtime, value};

#[test]
fn inputs_come_from_other_workers() {
    let runtime = runtime();
    let (a, mut of_a) = joined(&runtime, 1, |options| options);
    let (_b, mut of_b) = joined(&runtime, 2, |options| options);
    runtime.block_on(async {
        of_a.run(0, "block", &[]).await;
        of_b.end.say(&TellWorker::Peers(vec![(WorkerId(1), a.address().clone())])).await;
        for task in [1, 3] {
            of_b.tell(compute(task, "add", &[held(0, &[1])])).await;
            if task == 1 {
                match of_b.hear().await {
                    WorkerSays::Say(FromWorker::Acquired { values, duration: Some(_) }) => {
                        assert_eq!(values, [(value(0), 1 << 20)]);
                    }
                    other => panic!("{other:?}"),
                }
            }
            assert!(matches!(of_b.hear().await, WorkerSays::Say(FromWorker::Finished { .. })));
        }
        // What is not there is denied, over the same connection.
        of_b.tell(compute(4, "add", &[held(9, &[1])])).await;
        match of_b.hear().await {
            WorkerSays::Say(FromWorker::Missing { value: of, denied, unreachable }) => {
                assert_eq!((of, denied, unreachable), (value(9), vec![WorkerId(1)], vec![]));
            }
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn a_worker_that_cannot_be_reached_is_named() {
    let runtime = runtime();
    let (a, mut of_a) = joined(&runtime, 1, |options| options);
    let (_b, mut of_b) = joined(&runtime, 2, |options| options);
    runtime.block_on(async {
        of_a.run(0, "one", &[]).await;
        // At that address there is another worker than is looked for; of the next one, none is known.
        of_b.end.say(&TellWorker::Peers(vec![(WorkerId(5), a.address().clone())])).await;
        for (task, holder) in [(10, 5), (11, 6)] {
            of_b.tell(compute(task, "add", &[held(task - 10, &[holder])])).await;
            match of_b.hear().await {
                WorkerSays::Say(FromWorker::Missing { denied, unreachable, .. }) => {
                    assert_eq!((denied, unreachable), (vec![], vec![WorkerId(holder)]));
                }
                other => panic!("{other:?}"),
            }
        }
    });
}

#[test]
fn a_connection_that_broke_is_made_again() {
    let runtime = runtime();
    let (a, mut of_a) = joined(&runtime, 1, |options| options);
    let (_b, mut of_b) = joined(&runtime, 2, |options| options);
    let port = a.address().port();
    runtime.block_on(async {
        of_a.run(0, "one", &[]).await;
        of_b.end.say(&TellWorker::Peers(vec![(WorkerId(1), a.address().clone())])).await;
        of_b.tell(compute(1, "add", &[held(0, &[1])])).await;
        assert!(matches!(of_b.hear().await, WorkerSays::Say(FromWorker::Acquired { .. })));
        assert!(matches!(of_b.hear().await, WorkerSays::Say(FromWorker::Finished { .. })));
    });
    drop(a);
    // Another one of the same number, as far as the connection can tell.
    let (_a, mut of_a) = joined(&runtime, 1, |mut options| {
        options.listen = Some(Address::tcp("127.0.0.1", 0));
        options
    });
    let again = of_a.role.address.clone();
    assert_ne!(again.port(), port);
    runtime.block_on(async {
        of_a.run(5, "one", &[]).await;
        of_b.end.say(&TellWorker::Peers(vec![(WorkerId(1), again)])).await;
        of_b.tell(compute(6, "add", &[held(5, &[1])])).await;
        assert!(matches!(of_b.hear().await, WorkerSays::Say(FromWorker::Acquired { .. })));
        assert!(matches!(of_b.hear().await, WorkerSays::Say(FromWorker::Finished { .. })));
    });
}

#[test]
fn what_cannot_be_sent_fails_who_needs_it_elsewhere_and_says_why() {
    let runtime = runtime();
    let (a, mut of_a) = joined(&runtime, 1, |options| options);
    let (b, mut of_b) = joined(&runtime, 2, |options| options);
    runtime.block_on(async {
        of_a.run(0, "lock", &[]).await;
        // Where it is, it can be used.
        of_a.run(1, "add", &[held(0, &[1])]).await;
        of_b.end.say(&TellWorker::Peers(vec![(WorkerId(1), a.address().clone())])).await;
        of_b.tell(compute(2, "add", &[held(0, &[1])])).await;
        assert!(matches!(of_b.hear().await, WorkerSays::Say(FromWorker::Acquired { .. })));
        match of_b.hear().await {
            WorkerSays::Say(FromWorker::Failed { attempt: of, error }) => {
                assert_eq!(of, attempt(2));
                assert!(error.to_string().contains("cannot be sent"), "{error}");
            }
            other => panic!("{other:?}"),
        }
        for (daemon, id) in [(&a, 1), (&b, 2)] {
            let mut end = peer(daemon.address(), WorkerId(id), "secret").await.unwrap();
            let (values, _) = get(&mut end, &[0]).await;
            let error = values[0].1.as_ref().unwrap_err();
            assert!(
                matches!(error.kind(), ErrorKind::NotEncodable(text) if text.contains("a lock")),
                "{error}"
            );
        }
    });
}

#[test]
fn values_that_a_client_puts_there_are_held_and_used() {
    let runtime = runtime();
    let (daemon, mut scheduler) = joined(&runtime, 1, |options| options);
    runtime.block_on(async {
        let mut end = peer(daemon.address(), WorkerId(1), "secret").await.unwrap();
        let block = Value::from(Buffer::from(vec![1_u8; 5000]));
        let values = vec![
            (value(0), encode_value(&Value::Int(5)).unwrap()),
            (value(1), encode_value(&block).unwrap()),
        ];
        match ask(&mut end, &PeerSays::Put { request: 3, values }).await {
            TellPeer::Stored { request: 3, sizes } => assert_eq!(sizes.unwrap(), [0, 5000]),
            other => panic!("{other:?}"),
        }
        for task in [0, 1] {
            match scheduler.hear().await {
                WorkerSays::Say(FromWorker::Acquired { values, duration: None }) => {
                    assert_eq!(values[0].0, value(task));
                }
                other => panic!("{other:?}"),
            }
        }
        scheduler.run(2, "add", &[held(0, &[1]), held(1, &[1])]).await;
        assert_eq!(get(&mut end, &[2]).await.0[0].1, Ok(Value::Int(5005)));
        let corrupt = Payload { header: b"no value".to_vec(), buffers: Vec::new() };
        match ask(&mut end, &PeerSays::Put { request: 4, values: vec![(value(7), corrupt)] }).await {
            TellPeer::Stored { request: 4, sizes: Err(error) } => {
                assert!(matches!(error.kind(), ErrorKind::Corrupt(_)), "{error}");
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(get(&mut end, &[7]).await.1, [value(7)]);
    });
}

#[test]
fn functions_are_called_outside_of_tasks() {
    let runtime = runtime();
    let (daemon, mut scheduler) = joined(&runtime, 1, |options| options);
    runtime.block_on(async {
        // While the only thread runs a task.
        scheduler.tell(compute(0, "waits", &[])).await;
        let mut end = peer(daemon.address(), WorkerId(1), "secret").await.unwrap();
        for (kernel, words) in [("one", None), ("raises", Some("no such thing")), ("panics", Some("a bug"))] {
            let body = Batch::of_one(&Body::native(kernel)).unwrap();
            match ask(&mut end, &PeerSays::Call { request: 1, body }).await {
                TellPeer::Returned { request: 1, value } => match words {
                    None => assert_eq!(value.unwrap(), encode_value(&Value::Int(1)).unwrap()),
                    Some(words) => assert!(value.unwrap_err().to_string().contains(words)),
                },
                other => panic!("{other:?}"),
            }
        }
    });
}

#[test]
fn strangers_and_garbage_end_their_own_connections_alone() {
    let runtime = runtime();
    let (daemon, mut scheduler) = joined(&runtime, 1, |options| options);
    let address = daemon.address().clone();
    for bytes in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0xff; 4096], &[0; 100], &[]] {
        let mut stream = TcpStream::connect((address.host(), address.port())).unwrap();
        // It may have been closed before all is written.
        drop(stream.write_all(bytes));
    }
    runtime.block_on(async {
        let why = |error: raskt_core::Error| error.to_string();
        assert!(why(peer(&address, WorkerId(1), "guess").await.err().unwrap()).contains("token"));
        let other = why(peer(&address, WorkerId(2), "secret").await.err().unwrap());
        assert!(other.contains("this is worker 1, not worker 2"), "{other}");
        // One that may speak, and says nonsense.
        let mut end = peer(&address, WorkerId(1), "secret").await.unwrap();
        end.say(&(99_u32, 98_u32)).await;
        assert!(end.hear::<TellPeer>().await.is_none(), "the connection should have been closed");
        scheduler.run(0, "one", &[]).await;
        let mut end = peer(&address, WorkerId(1), "secret").await.unwrap();
        assert_eq!(get(&mut end, &[0]).await.0[0].1, Ok(Value::Int(1)));
    });
}
