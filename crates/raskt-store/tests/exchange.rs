//! What an exchange promises: every piece arrives, once and in order, in memory or through files.

#![allow(clippy::unwrap_used, reason = "a test's helpers may fail it")]

mod support;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use proptest::prelude::*;
use raskt_core::{ErrorKind, Payload};
use raskt_store::{Exchange, Sent, SpillFolder, receive};
use support::MemoryDevice;

fn piece(bytes: &[u8]) -> Payload {
    let (header, bulk) = bytes.split_at(bytes.len() / 2);
    Payload { header: header.to_vec(), buffers: vec![bulk.to_vec().into()] }
}

fn received(sent: &[Sent], output: u32) -> Vec<Payload> {
    receive(sent, output).unwrap().map(|piece| (*piece.unwrap()).clone()).collect()
}

/// Sends pieces of so many bytes to outputs; the content says where each is from.
fn send(exchange: &Exchange, n_outputs: u32, input: u8, pieces: &[(u32, usize)]) -> Sent {
    let mut sender = exchange.sender(n_outputs).unwrap();
    for (at, &(output, n_bytes)) in (0_u8..).zip(pieces) {
        sender.append(output, piece(&content(input, at, n_bytes))).unwrap();
    }
    sender.finish()
}

fn content(input: u8, at: u8, n_bytes: usize) -> Vec<u8> {
    let mut bytes = vec![input; n_bytes.max(2)];
    bytes[1] = at;
    bytes
}

proptest! {
    #[test]
    fn every_piece_arrives_once_and_in_order(
        inputs in prop::collection::vec(prop::collection::vec((0_u32..5, 0_usize..400), 0..30), 1..8),
        budget in 0_u64..4000,
        is_shipped in any::<bool>(),
    ) {
        let parent = tempfile::tempdir().unwrap();
        let exchange = Exchange::new(budget, Some(SpillFolder::create(parent.path()).unwrap()));
        let sent: Vec<Sent> =
            (0_u8..).zip(&inputs).map(|(input, pieces)| send(&exchange, 5, input, pieces)).collect();
        prop_assert!(exchange.memory_bytes() <= budget);
        let shipped: Vec<Sent> = match is_shipped {
            true => sent.iter().map(|sent| Sent::decode(&sent.encode().unwrap()).unwrap()).collect(),
            false => sent,
        };
        for output in 0..5 {
            let expected: Vec<Payload> = (0_u8..).zip(&inputs).flat_map(|(input, pieces)| {
                let own = (0_u8..).zip(pieces).filter(|(_, (to, _))| *to == output);
                own.map(move |(at, &(_, n_bytes))| piece(&content(input, at, n_bytes)))
            }).collect();
            let n_bytes: u64 = expected.iter().map(Payload::size_bytes).sum();
            prop_assert_eq!(receive(&shipped, output).unwrap().bytes_left().unwrap(), n_bytes);
            // An output that is made again reads the same.
            prop_assert_eq!(&received(&shipped, output), &expected);
            prop_assert_eq!(&received(&shipped, output), &expected);
        }
    }

    #[test]
    fn bytes_of_a_stranger_are_an_error_at_most(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(sent) = Sent::decode(&bytes) {
            prop_assert!(receive([&sent], 0).is_err());
        }
    }
}

#[test]
fn threads_that_send_at_once_stay_within_the_budget_and_lose_nothing() {
    let parent = tempfile::tempdir().unwrap();
    let exchange = Exchange::new(64 << 10, Some(SpillFolder::create(parent.path()).unwrap()));
    let n_outputs = 16;
    let pieces: Vec<(u32, usize)> = (0..200).map(|at| (at % n_outputs, 1 << 10)).collect();
    let mut peak = 0;
    let sent: Vec<Sent> = std::thread::scope(|scope| {
        let senders: Vec<_> = (0_u8..8)
            .map(|input| {
                scope.spawn({
                    let (exchange, pieces) = (&exchange, &pieces);
                    move || send(exchange, n_outputs, input, pieces)
                })
            })
            .collect();
        while !senders.iter().all(|sender| sender.is_finished()) {
            peak = peak.max(exchange.memory_bytes());
            std::thread::yield_now();
        }
        senders.into_iter().map(|sender| sender.join().unwrap()).collect()
    });
    // Each thread may hold a piece more than fits.
    assert!(peak <= (64 << 10) + 8 * (1 << 10), "{peak}");
    assert!(exchange.spilled_bytes() > 1 << 20);
    for output in 0..n_outputs {
        let inputs: Vec<u8> = received(&sent, output).iter().map(|piece| piece.header[0]).collect();
        assert!(inputs.is_sorted(), "{inputs:?}");
        assert_eq!(inputs.len(), received(&sent, output).len());
        assert_eq!(received(&sent, output).len(), 8 * pieces.iter().filter(|(to, _)| *to == output).count());
    }
}

#[test]
fn pieces_that_nobody_holds_are_freed_with_their_files() {
    let parent = tempfile::tempdir().unwrap();
    let folder = SpillFolder::create(parent.path()).unwrap();
    let exchange = Exchange::new(1000, Some(Arc::clone(&folder)));
    let n_files = || std::fs::read_dir(folder.path().unwrap()).unwrap().count() - 1;
    let first = send(&exchange, 2, 1, &[(0, 800), (1, 800)]);
    assert_eq!(n_files(), 1);
    let second = send(&exchange, 2, 2, &[(0, 300)]);
    assert!(exchange.memory_bytes() > 0);
    drop((first, second));
    assert_eq!((n_files(), exchange.memory_bytes()), (0, 0));
    // A task that fails half-way leaves nothing.
    let mut sender = exchange.sender(1).unwrap();
    sender.append(0, piece(&[7; 5000])).unwrap();
    assert_eq!(n_files(), 1);
    drop(sender);
    assert_eq!(n_files(), 0);
}

#[test]
fn files_that_another_process_reads_stay_until_their_folder_goes() {
    let parent = tempfile::tempdir().unwrap();
    let owner = SpillFolder::create(parent.path()).unwrap();
    let place = owner.made_path().unwrap();
    let bytes = {
        let exchange = Exchange::new(1 << 20, Some(SpillFolder::of_other_process(&place).unwrap()));
        send(&exchange, 1, 9, &[(0, 100)]).encode().unwrap()
    };
    let sent = Sent::decode(&bytes).unwrap();
    assert_eq!(received(std::slice::from_ref(&sent), 0), [piece(&content(9, 0, 100))]);
    drop(owner);
    let error = receive([&sent], 0).unwrap().next().unwrap().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Io { .. }), "{error}");
}

#[test]
fn a_damaged_file_is_named() {
    let parent = tempfile::tempdir().unwrap();
    let folder = SpillFolder::create(parent.path()).unwrap();
    let exchange = Exchange::new(0, Some(Arc::clone(&folder)));
    let sent = [send(&exchange, 1, 1, &[(0, 500), (0, 500)])];
    let path = std::fs::read_dir(folder.path().unwrap()).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<_> = path.filter(|path| path.extension().is_some()).collect();
    let whole = std::fs::read(&files[0]).unwrap();
    for at in (0..whole.len()).step_by(7) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        std::fs::write(&files[0], &bytes).unwrap();
        let error = receive(&sent, 0).unwrap().find_map(Result::err).unwrap();
        assert!(matches!(error.kind(), ErrorKind::Corrupt(_)), "byte {at}: {error}");
        assert!(error.to_string().contains(files[0].to_str().unwrap()), "{error}");
    }
}

#[test]
fn a_full_disk_is_an_error_of_the_task_that_met_it_and_loses_nothing() {
    let full = Arc::new(AtomicBool::new(true));
    let flag = Arc::clone(&full);
    let mut device = MemoryDevice::new();
    device.fault = Arc::new(move || flag.load(Ordering::Relaxed).then_some(io::ErrorKind::StorageFull));
    let folder = SpillFolder::with_device(Path::new("/memory"), device.clone());
    let exchange = Exchange::new(1000, Some(folder));
    let first = send(&exchange, 1, 1, &[(0, 900)]);
    let mut sender = exchange.sender(1).unwrap();
    let error = sender.append(0, piece(&[2; 900])).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::DiskFull { .. }), "{error}");
    assert_eq!(device.n_files(), 0);
    drop(sender);
    full.store(false, Ordering::Relaxed);
    let second = send(&exchange, 1, 2, &[(0, 900)]);
    assert_eq!(received(&[first, second], 0).len(), 2);
}

#[test]
fn an_output_that_is_not_there_is_refused() {
    let exchange = Exchange::new(1000, None);
    let mut sender = exchange.sender(2).unwrap();
    assert!(sender.append(2, piece(&[0; 4])).unwrap_err().to_string().contains("output 2"));
    let sent = sender.finish();
    assert!(receive([&sent], 2).is_err());
    assert!(matches!(sent.encode().unwrap_err().kind(), ErrorKind::NotEncodable(_)));
}
