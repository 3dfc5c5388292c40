//! A scheduler from its start to its end.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use raskt_core::{ErrorKind, Param, Result};
use raskt_exec::events::Ring;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::{AbortHandle, JoinHandle};

use super::activity::Activity;
use super::core::{Core, Happening};
use super::host::{Answering, Host};
use super::options::SchedulerOptions;
use super::record::{Recorder, Remembered};
use crate::transport::{Address, Listener, accept};
use crate::wire::{Query, Role};

/// A scheduler that listens.
///
/// ```
/// use raskt_net::scheduler::{SchedulerDaemon, SchedulerOptions};
/// let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
/// let scheduler = SchedulerDaemon::start(runtime.handle(), SchedulerOptions::default())?;
/// assert_ne!(scheduler.addresses()[0].port(), 0);
/// scheduler.stop("no more work");
/// scheduler.wait(None);
/// # Ok::<(), raskt_core::Error>(())
/// ```
pub struct SchedulerDaemon {
    addresses: Vec<Address>,
    happenings: UnboundedSender<Happening>,
    ended: Arc<Ended>,
    listening: Vec<AbortHandle>,
    events: Arc<Ring>,
    remembered: Arc<Remembered>,
    activity: Arc<Activity>,
    host: Host,
}

/// Why a scheduler ended, once it has.
#[derive(Default)]
struct Ended {
    why: Mutex<Option<String>>,
    changed: Condvar,
}

/// How long the listener rests after the system refused it a connection: too many open files, say.
const REST: Duration = Duration::from_millis(100);

impl SchedulerDaemon {
    /// Starts a scheduler on the threads of `runtime`.
    ///
    /// # Errors
    /// [`raskt_core::ErrorKind::System`] where it cannot listen.
    pub fn start(runtime: &Handle, options: SchedulerOptions) -> Result<Self> {
        let bind = async {
            let mut listeners = Vec::new();
            for address in &options.listen {
                listeners.push(Listener::bind(address, options.handshake.tls.as_ref()).await?);
            }
            Ok::<_, raskt_core::Error>(listeners)
        };
        let listeners = runtime.block_on(bind)?;
        let addresses = listeners.iter().map(|listener| listener.address().clone()).collect();
        let (happenings, inbox) = unbounded_channel();
        let ended = Arc::new(Ended::default());
        let listening = listeners.into_iter();
        let handshake = &options.handshake;
        let listen = |listener| runtime.spawn(listen(listener, happenings.clone(), handshake.clone()));
        let tasks: Vec<JoinHandle<()>> = listening.map(listen).collect();
        let listening = tasks.iter().map(JoinHandle::abort_handle).collect();
        let recorder = Recorder::new();
        let events = Arc::clone(recorder.ring());
        let remembered = Arc::clone(recorder.remembered());
        let activity = Arc::clone(recorder.activity());
        let (at_end, host) = (Arc::clone(&ended), Host::default());
        let of_core = host.clone();
        let (inner, outer) = (happenings.clone(), runtime.clone());
        // What decides has a thread of its own, which reading and writing never hold up.
        let main = move || {
            let clock = tokio::runtime::Builder::new_current_thread().enable_time().build();
            let core = Core::new(options, inner, outer, recorder, of_core);
            let why = match (clock, core) {
                (Ok(own), Ok(core)) => own.block_on(async {
                    let why = core.run(inbox).await;
                    stop_listening(tasks).await;
                    why
                }),
                (Err(error), _) => format!("the scheduler could not be started: {error}"),
                (_, Err(error)) => format!("the scheduler could not be started: {error}"),
            };
            *at_end.why.lock() = Some(why);
            at_end.changed.notify_all();
        };
        let thread = std::thread::Builder::new().name("raskt-scheduler".into()).spawn(main);
        thread.map_err(|error| ErrorKind::System {
            what: "the thread of the scheduler".to_owned(),
            reason: error.to_string(),
        })?;
        Ok(Self { addresses, happenings, ended, listening, events, remembered, activity, host })
    }

    /// Where it listens.
    #[must_use]
    pub fn addresses(&self) -> &[Address] {
        &self.addresses
    }

    /// The tasks that it lately heard of as done: the workers' numbers are those of its answers.
    #[must_use]
    pub fn events(&self) -> &Arc<Ring> {
        &self.events
    }

    /// What is remembered of failures and of what tasks need.
    #[must_use]
    pub fn remembered(&self) -> &Arc<Remembered> {
        &self.remembered
    }

    /// What it does at each moment.
    #[must_use]
    pub fn activity(&self) -> &Arc<Activity> {
        &self.activity
    }

    /// From now on `answering` answers what clients ask of this process by [`Query::Host`]; the first one counts.
    pub fn set_host(&self, answering: Box<Answering>) {
        self.host.set(answering);
    }

    /// Asks it from within its process, as a client would.
    ///
    /// # Errors
    /// [`ErrorKind::Cancelled`] where it has ended; those of the question.
    pub fn ask(&self, query: Query) -> Result<Param> {
        let (asker, answer) = std::sync::mpsc::channel();
        let gone = |_| ErrorKind::Cancelled.into();
        drop(self.happenings.send(Happening::Asked(query, asker)));
        answer.recv().map_err(gone).flatten()
    }

    /// Has it end; workers end, too, and clients are told why.
    pub fn stop(&self, why: &str) {
        // It may have ended before.
        drop(self.happenings.send(Happening::Stop(why.to_owned())));
    }

    /// Waits until it has ended, for `timeout` at most; why it did.
    #[must_use]
    pub fn wait(&self, timeout: Option<Duration>) -> Option<String> {
        let mut why = self.ended.why.lock();
        if why.is_none() {
            match timeout {
                Some(timeout) => drop(self.ended.changed.wait_for(&mut why, timeout)),
                None => self.ended.changed.wait_while(&mut why, |why| why.is_none()),
            }
        }
        why.clone()
    }
}

impl Drop for SchedulerDaemon {
    fn drop(&mut self) {
        self.stop("the scheduler was closed");
        self.listening.iter().for_each(AbortHandle::abort);
    }
}

/// Frees the addresses: another scheduler may listen there when this one has ended.
async fn stop_listening(tasks: Vec<JoinHandle<()>>) {
    tasks.iter().for_each(JoinHandle::abort);
    for task in tasks {
        // It was cancelled, which is an error of the task's.
        drop(task.await);
    }
}

/// Takes in who connects, each in a task of its own: one that says nothing keeps nobody waiting.
async fn listen(
    listener: Listener,
    happenings: UnboundedSender<Happening>,
    options: crate::transport::HandshakeOptions,
) {
    loop {
        let Ok(arrived) = listener.accept().await else {
            tokio::time::sleep(REST).await;
            continue;
        };
        let (happenings, options) = (happenings.clone(), options.clone());
        tokio::spawn(async move {
            // Who is refused has been told why.
            let Ok(accepted) = accept(arrived, &options).await else { return };
            let joining = match accepted.role::<Role>() {
                Ok(Role::Worker(role)) => Happening::WorkerJoins(Box::new((accepted, role))),
                Ok(Role::Client { name }) => Happening::ClientJoins(Box::new((accepted, name))),
                Ok(Role::Peer { .. }) => {
                    return accepted.refuse("this is a scheduler, which holds no values").await;
                }
                Err(error) => return accepted.refuse(&error.to_string()).await,
            };
            drop(happenings.send(joining));
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scheduler_that_has_ended_leaves_its_address_to_the_next() {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let first = SchedulerDaemon::start(runtime.handle(), SchedulerOptions::default()).unwrap();
        let listen = first.addresses().to_vec();
        first.stop("the first one is over");
        assert_eq!(first.wait(None).as_deref(), Some("the first one is over"));
        let options = SchedulerOptions { listen: listen.clone(), ..SchedulerOptions::default() };
        let second = SchedulerDaemon::start(runtime.handle(), options).unwrap();
        assert_eq!(second.addresses(), listen);
        drop(first);
    }
}
