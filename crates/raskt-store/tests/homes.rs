//! What homes promise: every piece arrives from wherever it is, once and in order, in answers that are bounded.

#![allow(clippy::unwrap_used, reason = "a test's helpers may fail it")]

use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use raskt_core::encode::{Limits, decode_payload, encode_payload};
use raskt_core::{KeepSealed, Payload};
use raskt_store::{
    Awaited, Carrier, Exchange, Home, PieceAnswer, PieceRequest, Position, Sent, SpillFolder, receive,
};

/// All homes, which ask one another; requests and answers are bytes in between.
#[derive(Clone, Default)]
struct Homes {
    all: Arc<Mutex<Vec<Home>>>,
    answer_bytes: Arc<Mutex<Vec<u64>>>,
}

impl Carrier for Homes {
    fn ask(&self, home: &Arc<[u8]>, request: PieceRequest) -> Awaited {
        let (homes, at) = (self.clone(), usize::from(home[0]));
        Box::new(move || {
            let request = through_bytes(&request);
            let home = homes.all.lock().unwrap()[at].clone();
            let answer = home.answer(&request).map_err(|unanswered| unanswered.error)?;
            let n_bytes = answer.pieces.iter().map(|(_, piece)| piece.size_bytes()).sum();
            homes.answer_bytes.lock().unwrap().push(n_bytes);
            Ok(through_bytes(&answer))
        })
    }
}

fn through_bytes<T: raskt_core::encode::Encode + raskt_core::encode::Decode>(said: &T) -> T {
    let bytes = encode_payload(said, &raskt_core::encode::EncodeOptions::default()).unwrap();
    decode_payload(bytes, &KeepSealed, &Limits::default()).unwrap()
}

impl Homes {
    fn new(n: u8, memory_bytes: u64, answer_bytes_max: u64, parent: &std::path::Path) -> Self {
        let homes = Self::default();
        for at in 0..n {
            let exchange = Exchange::new(memory_bytes, Some(SpillFolder::create(parent).unwrap()));
            let carrier = Box::new(homes.clone());
            homes.all.lock().unwrap().push(Home::new(Arc::from([at]), exchange, answer_bytes_max, carrier));
        }
        homes
    }

    fn get(&self, at: u8) -> Home {
        self.all.lock().unwrap()[usize::from(at)].clone()
    }
}

fn piece(input: u8, at: u8, n_bytes: usize) -> Payload {
    Payload { header: vec![input, at], buffers: vec![vec![at; n_bytes].into()] }
}

fn send(home: &Home, input: u8, pieces: &[(u32, usize)]) -> Sent {
    let mut sender = home.sender(3).unwrap();
    for (at, &(output, n_bytes)) in (0..).zip(pieces) {
        sender.append(output, piece(input, at, n_bytes)).unwrap();
    }
    sender.finish()
}

proptest! {
    #[test]
    fn pieces_of_all_homes_arrive_once_and_in_order(
        inputs in prop::collection::vec(
            (0_u8..3, prop::collection::vec((0_u32..3, 0_usize..400), 0..20)), 1..8),
        memory_bytes in 0_u64..4000,
        answer_bytes_max in 0_u64..2000,
    ) {
        let parent = tempfile::tempdir().unwrap();
        let homes = Homes::new(3, memory_bytes, answer_bytes_max, parent.path());
        let sent: Vec<Sent> =
            (0..).zip(&inputs).map(|(at, (home, pieces))| send(&homes.get(*home), at, pieces)).collect();
        let names: Vec<Sent> = sent.iter().map(|sent| Sent::decode(&sent.encode().unwrap()).unwrap()).collect();
        for here in 0..3 {
            let home = homes.get(here);
            let at_home = home.enter();
            for output in 0..3 {
                let expected: Vec<Payload> = (0..).zip(&inputs).flat_map(|(input, (_, pieces))| {
                    let own = (0..).zip(pieces).filter(move |(_, (to, _))| *to == output);
                    own.map(move |(at, &(_, n_bytes))| piece(input, at, n_bytes))
                }).collect();
                let mut incoming = receive(&names, output).unwrap();
                let n_bytes: u64 = expected.iter().map(Payload::size_bytes).sum();
                prop_assert_eq!(incoming.bytes_left().unwrap(), n_bytes);
                let found: Vec<Payload> = incoming.map(|piece| (*piece.unwrap()).clone()).collect();
                prop_assert_eq!(found, expected);
            }
            let dealings = at_home.dealings();
            prop_assert!(dealings.has_received);
            let of_others = (0..).zip(&inputs).filter(|(_, (home, _))| *home != here);
            let pieces = of_others.flat_map(|(input, (_, pieces))| {
                (0..).zip(pieces).map(move |(at, &(_, n_bytes))| piece(input, at, n_bytes).size_bytes())
            });
            let sizes: Vec<u64> = pieces.collect();
            let counted = (dealings.n_from_elsewhere as usize, dealings.bytes_from_elsewhere);
            prop_assert_eq!(counted, (sizes.len(), sizes.iter().sum::<u64>()));
        }
        // A piece of its own at the least.
        let largest = inputs.iter().flat_map(|(_, pieces)| pieces).map(|&(_, n)| n as u64 + 2).max().unwrap_or(0);
        let answers = homes.answer_bytes.lock().unwrap().clone();
        prop_assert!(answers.iter().all(|&n_bytes| n_bytes <= answer_bytes_max.max(largest)));
    }

    #[test]
    fn whatever_is_asked_for_is_answered_or_refused(
        sent in prop::collection::vec(any::<u64>(), 0..4),
        knows in any::<bool>(), output in any::<u32>(), of in any::<u32>(), at in any::<u32>(),
        bytes_max in any::<u64>(),
    ) {
        let parent = tempfile::tempdir().unwrap();
        let homes = Homes::new(1, 1000, 1000, parent.path());
        let kept = send(&homes.get(0), 1, &[(0, 900), (0, 900)]);
        let number = { let at = homes.get(0).enter(); let _again = send(&homes.get(0), 2, &[]); at.dealings().sent[0] - 1 };
        let sent: Arc<[u64]> = if knows { [number].into() } else { sent.into() };
        let request = PieceRequest { sent, output, from: Position { sent: of, piece: at }, bytes_max };
        if let Ok(answer) = homes.get(0).answer(&request) {
            let PieceAnswer { pieces, .. } = answer;
            prop_assert!(pieces.iter().map(|(_, piece)| piece.size_bytes()).sum::<u64>() <= 1000);
        }
        drop(kept);
    }
}

#[test]
fn what_nobody_holds_any_more_is_refused_and_its_files_are_gone() {
    let parent = tempfile::tempdir().unwrap();
    let homes = Homes::new(2, 0, 1000, parent.path());
    let sent = send(&homes.get(0), 1, &[(0, 500)]);
    let name = Sent::decode(&sent.encode().unwrap()).unwrap();
    assert!(receive([&name], 0).is_err(), "the thread is at no home");
    let here = homes.get(1);
    let _at = here.enter();
    assert_eq!(receive([&name], 0).unwrap().count(), 1);
    drop(sent);
    assert!(receive([&name], 0).unwrap().next().unwrap().is_err());
    let folders = std::fs::read_dir(parent.path()).unwrap().map(|folder| folder.unwrap().path());
    let n_files: usize = folders.map(|folder| std::fs::read_dir(folder).unwrap().count() - 1).sum();
    assert_eq!(n_files, 0);
}
