//! The table of all expressions alive, which keeps none of them alive.

use std::sync::{Arc, Weak};

use raskt_core::{ProcessLock, Token};
use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::expr::{Expr, Node};

/// Threads that build expressions at once seldom meet in one of so many parts.
const N_SHARDS: usize = 64;

/// A shard smaller than this is not worth sweeping.
const SWEEP_MIN: usize = 64;

/// A part of the table, swept when it has doubled since the last sweep: garbage is never more than half of it.
struct Shard {
    nodes: FxHashMap<u128, Weak<Node>>,
    sweep_at: usize,
}

impl Shard {
    fn sweep(&mut self) {
        self.nodes.retain(|_, node| node.strong_count() > 0);
        self.nodes.shrink_to(self.nodes.len() * 2);
        self.sweep_at = (self.nodes.len() * 2).max(SWEEP_MIN);
    }
}

static SHARDS: [ProcessLock<Shard>; N_SHARDS] =
    [const { ProcessLock::new(Shard { nodes: FxHashMap::with_hasher(FxBuildHasher), sweep_at: SWEEP_MIN }) };
        N_SHARDS];

fn shard(token: Token) -> &'static ProcessLock<Shard> {
    &SHARDS[(token.0 % N_SHARDS as u128) as usize]
}

/// The expression that is there with the content of `node`, or else a new one.
pub(crate) fn intern(node: Node) -> Expr {
    let token = node.token();
    let mut shard = shard(token).lock();
    if let Some(found) = shard.nodes.get(&token.0).and_then(Weak::upgrade) {
        // The spare node frees its operands, which takes a while: not under the lock.
        drop(shard);
        return Expr::of_node(found);
    }
    if shard.nodes.len() >= shard.sweep_at {
        shard.sweep();
    }
    let fresh = Arc::new(node);
    shard.nodes.insert(token.0, Arc::downgrade(&fresh));
    Expr::of_node(fresh)
}

/// The expression with that token, if anybody holds it.
#[must_use]
pub fn find(token: Token) -> Option<Expr> {
    shard(token).lock().nodes.get(&token.0).and_then(Weak::upgrade).map(Expr::of_node)
}

/// Gives back the memory of all expressions that nobody holds any more, and says how many are alive. The table does
/// so by itself as it grows.
pub fn sweep() -> usize {
    let alive = SHARDS.iter().map(|shard| {
        let mut shard = shard.lock();
        shard.sweep();
        shard.nodes.len()
    });
    alive.sum()
}

/// How many expressions the table knows of, those included that nobody holds any more.
#[must_use]
pub fn n_entries() -> usize {
    SHARDS.iter().map(|shard| shard.lock().nodes.len()).sum()
}
