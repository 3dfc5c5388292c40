//! Values go to disk and come back, on a helper's thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use raskt_core::encode::{Limits, decode_value, encode_value};
use raskt_core::{ErrorKind, KeepSealed, Value};
use raskt_store::{SpilledFile, trim_allocator};

use super::core::Core;
use super::state::Move;

/// So many bytes that have left memory are worth a walk through the allocator's arenas.
const TRIM_BYTES: u64 = 64 << 20;

/// Bytes that were written since the last walk, by all workers of the process.
static WRITTEN: AtomicU64 = AtomicU64::new(0);

/// Writes a value.
pub(super) fn write(core: &Arc<Core>, spill: Move<Value>) {
    let Move { of, serial, what } = spill;
    let outcome = match &core.folder {
        Some(folder) => {
            encode_value(&what).and_then(|payload| SpilledFile::write(&payload, folder, of.task.0))
        }
        None => Err(ErrorKind::DiskFull { path: "no folder".to_owned(), needed_bytes: 0 }.into()),
    };
    drop(what);
    let n_bytes = outcome.as_ref().map_or(0, SpilledFile::size_bytes);
    core.on(|state, now, effects| state.spilled(of, serial, outcome, now, effects));
    if WRITTEN.fetch_add(n_bytes, Ordering::Relaxed) + n_bytes >= TRIM_BYTES {
        WRITTEN.store(0, Ordering::Relaxed);
        // What was dropped is dropped by a helper, too: this comes after it, or next time.
        core.help(|_| trim_allocator());
    }
}

/// Reads a value back; what is foreign in it stays sealed.
pub(super) fn read(core: &Arc<Core>, restore: Move<SpilledFile>) {
    let Move { of, serial, what } = restore;
    let outcome = what.read().and_then(|payload| decode_value(payload, &KeepSealed, &Limits::default()));
    core.on(|state, now, effects| state.restored(of, serial, outcome, now, effects));
}
