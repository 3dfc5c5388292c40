//! Between the scheduler and a client.

use std::sync::Arc;

use raskt_core::{Error, Key, Name};

use super::submission::Submission;
use crate::failure::Failure;
use crate::ids::{TaskRef, WorkerId};

/// What a client asks of the scheduler.
#[derive(Clone, Debug)]
pub enum FromClient {
    /// Compute a graph; the client wants each of its outputs once more.
    Submit(Box<Submission>),
    /// It has put a value onto workers, under the reference that it got for that.
    Scattered {
        /// The value: see [`ToClient::Reserved`].
        value: TaskRef,
        /// Its size.
        n_bytes: u64,
        /// The workers that hold it.
        holders: Vec<WorkerId>,
    },
    /// It is going to scatter a value, and wants it once more; the answer is [`ToClient::Reserved`], or
    /// [`ToClient::Ready`] where the value is there already.
    Reserve(Key),
    /// It wants values once more that are known.
    Want(Vec<Key>),
    /// It wants each of these once less.
    Release(Vec<Key>),
    /// It does not want these, nor what it wants that needs them.
    Cancel(Vec<Key>),
    /// What failed is tried again.
    Retry(Vec<Key>),
    /// There should be so many copies of values, now: none is made in place of one that is lost.
    Replicate {
        /// The values.
        keys: Vec<Key>,
        /// How many workers should hold each.
        n: u32,
    },
    /// Workers that should hold a value do not; the answer is [`ToClient::Ready`] with others, or [`ToClient::Lost`].
    Missing {
        /// The value.
        value: TaskRef,
        /// The workers.
        holders: Vec<WorkerId>,
    },
    /// Nobody is to want these, nor what needs them: not this client, and no other one.
    CancelForAll(Vec<Key>),
    /// Workers of these names, and those on hosts of these names, are to get no more tasks, give what they hold to others, and
    /// end.
    Retire(Vec<Name>),
    /// All is forgotten: clients hear [`ToClient::Cancelled`] of what they want, tasks are withdrawn, workers drop what they hold.
    Restart,
    /// Values are to move from workers that hold more bytes than others to those that hold less.
    Rebalance {
        /// Of these values; of all where none is named.
        keys: Vec<Key>,
        /// Among workers and hosts of these names; among all where none is named.
        workers: Vec<Name>,
    },
    /// As [`Replicate`](Self::Replicate), counting only copies at some workers.
    ReplicateAmong {
        /// The values.
        keys: Vec<Key>,
        /// How many of the workers should hold each; all, where there are fewer.
        n: u32,
        /// Names of workers or hosts; any where none is named.
        workers: Vec<Name>,
    },
}

/// What the scheduler tells a client.
#[derive(Clone, Debug)]
pub enum ToClient {
    /// A wanted value is there.
    Ready {
        /// What it is called.
        key: Key,
        /// What workers call it.
        value: TaskRef,
        /// Some of the workers that hold it.
        holders: Vec<WorkerId>,
    },
    /// A wanted value was lost, and is computed again.
    Lost(Key),
    /// A wanted value does not come.
    Failed(Key, Arc<Failure>),
    /// A key that it wanted is not computed for it any more.
    Cancelled(Key),
    /// Nothing is known under the key.
    Unknown(Key),
    /// What workers are to call a value that the client scatters.
    Reserved(Key, TaskRef),
    /// A slice of a graph is not computed, and what was held for it and later ones is not held any more.
    Rejected {
        /// Which: [`Submission::name`].
        graph: Name,
        /// Why.
        error: Error,
    },
}
