//! Calls among expressions: tasks that somebody wrote one by one, in a runtime that this crate does not know.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use raskt_core::{Fit, Key, Token};
use raskt_graph::Foreign;
use rustc_hash::FxHashMap;

use crate::expr::{Expr, Pending};

/// One call: a function, and what it is called on. Every call is an object of its own; equal ones are not looked for.
///
/// Its operands are expressions: the values of other calls, and of operations of one block.
pub trait CallNode: Foreign {
    /// What it needs, in the order in which its task gets the values.
    fn operands(&self) -> &[Expr];

    /// What stands for it where it is an operand of an operation: the hash of its name.
    fn token(&self) -> Token;

    /// Whether another call may have its name, because a user or its content gave it.
    fn is_named(&self) -> bool;

    /// Whether it only gives another name to what its only operand is.
    fn is_alias(&self) -> bool;

    /// Where walks note that they have been here.
    fn mark(&self) -> &Mark;

    /// Hands its operands over where nobody else holds it: chains may be a million calls deep, and are freed without
    /// recursion.
    fn release(self: Arc<Self>, pending: &mut Pending);
}

/// Where a walk found a call: the walk's number (high half) and the row that the call got.
#[derive(Debug, Default)]
pub struct Mark(AtomicU64);

/// Whether a walk is going on that notes rows on calls: one at a time. A walk may run code of users, which may walk, too,
/// or fork: walks of the child then note rows elsewhere.
static IS_WALKING: AtomicBool = AtomicBool::new(false);
static WALKS: AtomicU32 = AtomicU32::new(1);

/// The right to note rows on calls, given back when dropped.
pub(crate) struct Alone;

impl Drop for Alone {
    fn drop(&mut self) {
        IS_WALKING.store(false, Ordering::Release);
    }
}

/// Which rows calls have got.
pub(crate) enum Places {
    /// Written on the calls, by the only walk that does.
    Marks { walk: u32, _alone: Alone },
    /// By address: another walk is writing on calls, perhaps one that waits for this.
    Aside(FxHashMap<usize, u32>),
}

impl Places {
    pub(crate) fn new() -> Self {
        match IS_WALKING.swap(true, Ordering::Acquire) {
            false => Self::Marks { walk: WALKS.fetch_add(1, Ordering::Relaxed), _alone: Alone },
            true => Self::Aside(FxHashMap::default()),
        }
    }

    pub(crate) fn get(&self, call: &Arc<dyn CallNode>) -> Option<u32> {
        match self {
            Self::Marks { walk, .. } => {
                let mark = call.mark().0.load(Ordering::Relaxed);
                (mark >> 32 == u64::from(*walk)).then(|| (mark & u64::from(u32::MAX)).fit())
            }
            Self::Aside(places) => places.get(&address(call)).copied(),
        }
    }

    pub(crate) fn set(&mut self, call: &Arc<dyn CallNode>, row: u32) {
        match self {
            Self::Marks { walk, .. } => {
                call.mark().0.store(u64::from(*walk) << 32 | u64::from(row), Ordering::Relaxed);
            }
            Self::Aside(places) => {
                places.insert(address(call), row);
            }
        }
    }
}

/// Where a call is in memory.
pub(crate) fn address(call: &Arc<dyn CallNode>) -> usize {
    Arc::as_ptr(call).cast::<()>().addr()
}

/// What whoever asks for a plan knows of the names of calls.
pub trait Ledger {
    /// The row of the call that has the name of `call`, if there is one: it must be the same call. If there is none,
    /// `call` will have the row `row`.
    ///
    /// # Errors
    /// [`ErrorKind::KeyClash`](raskt_core::ErrorKind::KeyClash) where another call has the name.
    fn named(
        &mut self,
        call: &Arc<dyn CallNode>,
        row: u32,
        rows: &dyn Rows,
    ) -> raskt_core::Result<Option<u32>>;
}

/// The rows that have been made so far.
pub trait Rows {
    /// Where `expr` is.
    fn row_of(&self, expr: &Expr) -> Option<u32>;

    /// The call at `row`.
    fn call_at(&self, row: u32) -> Option<&dyn Foreign>;
}

/// Of two calls with one name each has to be the other.
#[derive(Debug, Default)]
pub struct Keys(FxHashMap<Key, u32>);

impl Ledger for Keys {
    fn named(&mut self, call: &Arc<dyn CallNode>, row: u32, _: &dyn Rows) -> raskt_core::Result<Option<u32>> {
        let Some(key) = call.key() else { return Ok(None) };
        match self.0.insert(key, row) {
            None => Ok(None),
            Some(_) => {
                let key = call.key().map(|key| key.to_string()).unwrap_or_default();
                Err(raskt_core::ErrorKind::KeyClash(key).into())
            }
        }
    }
}
