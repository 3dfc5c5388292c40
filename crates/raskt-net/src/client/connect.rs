//! The connection to the scheduler: what comes in, and its end.

use std::sync::{Arc, Weak};
use std::time::Duration;

use raskt_core::{ErrorKind, KeepSealed, Key, Result};
use raskt_sched::{FromClient, ToClient};

use super::core::Shared;
use super::entry::{State, Why};
use super::options::ClientOptions;
use crate::transport::{Connection, FrameLimits, Reader, connect, introduce, read_frame};
use crate::wire::{ClientSays, ClientWelcome, Role, TellClient, messages};

/// A key that the scheduler does not know is asked for so many times again, after twice the time each.
const N_ASKED_MAX: u32 = 7;
const ASK_DELAY: Duration = Duration::from_millis(10);

/// A connection on which the scheduler has taken the client in.
pub(super) async fn connected(options: ClientOptions) -> Result<(Connection, ClientWelcome)> {
    let mut connection = connect(&options.address, options.handshake.tls.as_ref(), options.timeout).await?;
    let role = Role::Client { name: options.name };
    let welcome = introduce(&mut connection, &options.handshake, &role).await?;
    Ok((connection, welcome))
}

/// Hears what the scheduler says until the connection or the client ends.
pub(super) async fn listen(shared: Weak<Shared>, mut reader: Reader) {
    let why = loop {
        let frame = match read_frame(&mut reader, FrameLimits::PEER).await {
            Ok(Some(frame)) => frame,
            Ok(None) => break "the scheduler closed it".to_owned(),
            Err(error) => break error.to_string(),
        };
        let Some(shared) = shared.upgrade() else { return };
        let mut stopped = None;
        let heard = messages(frame, &KeepSealed, None, &mut |message| {
            stopped = stopped.take().or(hear(&shared, message));
            Ok(())
        });
        match (heard, stopped) {
            (Err(error), _) => break format!("a message cannot be read: {error}"),
            (Ok(()), Some(why)) => break format!("the scheduler ended: {why}"),
            (Ok(()), None) => {}
        }
    };
    let Some(shared) = shared.upgrade() else { return };
    let what = format!("the connection to the scheduler at {}", shared.options.address);
    let error = raskt_core::Error::from(ErrorKind::System { what, reason: why });
    shared.finish(error.clone(), &State::Failed(Why::Error(error)));
}

/// Takes a message in; why the scheduler ends, where it says so.
fn hear(shared: &Arc<Shared>, message: TellClient) -> Option<String> {
    match message {
        TellClient::Peers(peers) => shared.state.lock().addresses.extend(peers),
        TellClient::Answer { request, answer } => {
            let asker = shared.state.lock().answers.remove(&request);
            if let Some(asker) = asker {
                drop(asker.send(answer));
            }
        }
        TellClient::Say(message) => take_in(shared, message),
        TellClient::Coordinated { number, answer } => shared.answered(number, answer),
        TellClient::Deliver { topic, item } => shared.delivered(&topic, &item),
        TellClient::Stop(why) => return Some(why),
    }
    None
}

fn take_in(shared: &Arc<Shared>, message: ToClient) {
    match message {
        ToClient::Ready { key, value, holders } => {
            if let Some(entry) = shared.entry(&key) {
                shared.end(&entry, State::Ready { value, holders });
            }
        }
        ToClient::Lost(key) => {
            if let Some(entry) = shared.entry(&key) {
                entry.progress.lock().state = State::Lost;
            }
        }
        ToClient::Failed(key, failure) => {
            if let Some(entry) = shared.entry(&key) {
                shared.end(&entry, State::Failed(Why::Task(failure)));
            }
        }
        ToClient::Cancelled(key) => {
            let is_news = !shared.state.lock().cancelled.remove(&key);
            if let Some(entry) = shared.entry(&key).filter(|_| is_news) {
                entry.progress.lock().n_wants = 0;
                shared.end(&entry, State::Cancelled);
            }
        }
        ToClient::Unknown(key) => ask_again(shared, key),
        ToClient::Reserved(key, value) => {
            let Some(entry) = shared.entry(&key) else { return };
            let mut progress = entry.progress.lock();
            progress.reserved = Some(value);
            // Who waits for it is woken by its end.
            drop(progress.reservation.take());
        }
        ToClient::Rejected { graph, error } => {
            let entries: Vec<_> = shared.state.lock().entries.values().cloned().collect();
            let is_of = |entry: &&Arc<super::entry::Entry>| {
                entry.progress.lock().graph.as_ref() == Some(&graph) || entry.key.name == graph
            };
            for entry in entries.iter().filter(is_of) {
                shared.settle(entry, State::Failed(Why::Error(error.clone())));
            }
        }
    }
}

/// The scheduler does not know a key. Whoever it was agreed upon with may be about to submit it over another connection: it is asked
/// for some more times.
fn ask_again(shared: &Arc<Shared>, key: Key) {
    let Some(entry) = shared.entry(&key) else { return };
    let n_asked = {
        let mut progress = entry.progress.lock();
        progress.n_asked += 1;
        progress.n_asked
    };
    if n_asked > N_ASKED_MAX {
        return shared.settle(&entry, State::Cancelled);
    }
    let (weak, weak_entry) = (Arc::downgrade(shared), Arc::downgrade(&entry));
    drop(tokio::spawn(async move {
        tokio::time::sleep(ASK_DELAY * (1 << n_asked)).await;
        if let (Some(shared), Some(_)) = (weak.upgrade(), weak_entry.upgrade()) {
            shared.say(&ClientSays::Say(FromClient::Want(vec![key])));
        }
    }));
}
