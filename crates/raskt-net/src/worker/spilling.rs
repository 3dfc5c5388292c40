//! Values go to disk and come back, on a helper's thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use raskt_core::encode::{Limits, decode_value, encode_value};
use raskt_core::{ErrorKind, KeepSealed, Value};
use raskt_store::{SpilledFile, trim_allocator};

use super::core::Core;
use super::state::Move;

/// So many bytes that have left memory are worth a walk through the allocator's arenas, at most.
const TRIM_BYTES_MAX: u64 = 64 << 20;
/// Or so much of memory.
const TRIM_PART: u64 = 32;

/// Bytes that were let go of since the last walk, by all workers of the process.
static FREED: AtomicU64 = AtomicU64::new(0);

/// A walk that nobody has counted bytes for comes so long after the one before it, at least.
const TRIM_INTERVAL: Duration = Duration::from_millis(100);

/// When the last walk ended.
static TRIMMED: Mutex<Option<Instant>> = Mutex::new(None);

/// Gives memory back to the system that was let go of by whoever does not count it, unless that was done just now.
pub(super) fn trim_again() {
    let Some(mut trimmed) = TRIMMED.try_lock() else { return };
    if trimmed.is_none_or(|at| at.elapsed() >= TRIM_INTERVAL) {
        trim_allocator();
        *trimmed = Some(Instant::now());
    }
}

/// Gives memory back to the system that was let go of, once it is enough.
pub(super) fn trim(core: &Core, n_bytes: u64) {
    let due = TRIM_BYTES_MAX.min(core.options.machine.memory_bytes / TRIM_PART);
    if FREED.fetch_add(n_bytes, Ordering::Relaxed).saturating_add(n_bytes) >= due {
        FREED.store(0, Ordering::Relaxed);
        trim_allocator();
    }
}

/// Writes a value, and lets go of it. The machine hears of that when the memory is free, as far as nobody uses it.
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
    let outcome = match outcome {
        Ok(file) => {
            drop(core.on(|state, _, effects| state.written(of, serial, file, effects)));
            trim(core, n_bytes);
            Ok(())
        }
        Err(error) => Err(error),
    };
    core.collect();
    let process_bytes = core.measure();
    core.on(|state, now, effects| {
        state.spilled(of, serial, outcome, now, effects);
        state.measured(process_bytes, 0, now, effects);
    });
}

/// Reads a value back; what is foreign in it stays sealed.
pub(super) fn read(core: &Arc<Core>, restore: Move<SpilledFile>) {
    let Move { of, serial, what } = restore;
    let outcome = what.read().and_then(|payload| decode_value(payload, &KeepSealed, &Limits::default()));
    core.on(|state, now, effects| state.restored(of, serial, outcome, now, effects));
}
