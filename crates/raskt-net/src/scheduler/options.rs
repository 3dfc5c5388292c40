//! What a scheduler goes by.

use std::time::Duration;

use raskt_sched::{CoordinationOptions, Options};

use crate::transport::{Address, HandshakeOptions};

/// What a scheduler goes by.
#[derive(Clone, Debug)]
pub struct SchedulerOptions {
    /// Where it listens.
    pub listen: Vec<Address>,
    /// The secret of the cluster, and how long strangers may take to prove that they know it.
    pub handshake: HandshakeOptions,
    /// What its machine decides by.
    pub machine: Options,
    /// What locks, queues and the like go by.
    pub coordination: CoordinationOptions,
    /// How often workers are to be heard of.
    pub heartbeat: Duration,
    /// Planned graphs are handed to the machine in slices of at most so many tasks.
    pub n_rows_max: u32,
    /// Graphs of more tasks than that are refused: a message of a few bytes can ask for thousands of millions.
    pub n_tasks_max: u32,
    /// It ends when nobody has asked for anything for so long.
    pub idle_timeout: Option<Duration>,
}

impl Default for SchedulerOptions {
    fn default() -> Self {
        Self {
            listen: vec![Address::tcp("127.0.0.1", 0)],
            handshake: HandshakeOptions::default(),
            machine: Options::default(),
            coordination: CoordinationOptions::default(),
            heartbeat: Duration::from_millis(500),
            n_rows_max: 4096,
            n_tasks_max: 1 << 28,
            idle_timeout: None,
        }
    }
}
