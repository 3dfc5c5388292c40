//! The program in whose process the scheduler runs, as clients reach it.

use std::fmt;
use std::sync::{Arc, OnceLock};

use raskt_core::{ErrorKind, Param, Result};
use raskt_sched::ClientId;

use super::core::{Core, Happening};
use crate::wire::TellClient;

/// What answers in the process of a scheduler what the scheduler itself cannot: bytes for bytes.
pub type Answering = dyn Fn(&[u8]) -> Result<Vec<u8>> + Send + Sync;

/// Who answers, once somebody does.
#[derive(Clone, Default)]
pub(super) struct Host(Arc<OnceLock<Box<Answering>>>);

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("is_there", &self.0.get().is_some()).finish()
    }
}

impl Host {
    /// From now on `answering` answers; the first one counts.
    pub fn set(&self, answering: Box<Answering>) {
        drop(self.0.set(answering));
    }

    fn answer(&self, asked: &[u8]) -> Result<Param> {
        let absent = "the process of this scheduler runs no Python: call functions on workers, with run()";
        let answering = self.0.get().ok_or_else(|| ErrorKind::NotImplemented(absent.to_owned()))?;
        answering(asked).map(|answer| Param::Bytes(answer.into()))
    }
}

impl Core {
    /// Has the program answer, on a thread that may take as long as it likes.
    pub(super) fn ask_host(&self, client: ClientId, request: u64, asked: Arc<[u8]>) {
        let (host, happenings) = (self.host.clone(), self.happenings.clone());
        self.runtime.spawn_blocking(move || {
            let answer = host.answer(&asked);
            // The scheduler may have ended meanwhile.
            drop(happenings.send(Happening::HostAnswered(client, request, answer)));
        });
    }

    /// Tells a client what the program answered.
    pub(super) fn host_answered(&mut self, client: ClientId, request: u64, answer: Result<Param>) {
        self.tell_client(client, &TellClient::Answer { request, answer });
    }
}
