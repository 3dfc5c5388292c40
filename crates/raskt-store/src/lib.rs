//! The memory-accounted store of the values of one running graph, with spill to disk.
//!
//! A [`Store`] is bookkeeping. It lives behind its owner's lock and never does I/O itself: spilling and
//! reading back are *jobs* ([`SpillJob`], [`LoadJob`]) that the owner runs outside the lock, and whose
//! outcome it reports. It knows slots (dense numbers) and values; what a task is, which task needs a slot
//! next, and how many bytes the budget should be, is decided above.
//!
//! - Memory is accounted by *owner of the buffer*, so that two views of one allocation count once, and
//!   spilling one of them is known to free nothing: all sharers go together.
//! - Values that own no buffer and are small (numbers, short text) sit inside their slot: no hashing, no
//!   allocation.
//! - A value that was read back keeps its file until it is released, so that evicting it again costs
//!   nothing.
//! - Files are read, not mapped: pages of a mapping count as resident memory exactly when the budget is
//!   short, come back one fault at a time, and could not be written to by a sole owner.
//!
//! - Folders and unfinished files do not outlive their process: not its end, not SIGTERM or SIGHUP where that was asked for
//!   ([`remove_scratch_at_termination`]), and not SIGKILL for longer than until somebody else uses the place.
//!
//! ```
//! use raskt_core::{Buffer, Value};
//! use raskt_store::{Fetch, Limits, Store};
//!
//! let mut store = Store::new(2, Limits::default(), None);
//! store.put(0, Value::Int(42));
//! store.put(1, Buffer::zeroed(1 << 20)?.into());
//! assert_eq!(store.memory_bytes(), 1 << 20);
//! let Fetch::Ready(value) = store.fetch(0) else { unreachable!() };
//! assert_eq!(value, Value::Int(42));
//! drop(store.release(1));
//! assert_eq!(store.memory_bytes(), 0);
//! # Ok::<(), raskt_core::Error>(())
//! ```

#![cfg_attr(
    not(test),
    warn(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_possible_wrap)
)]

mod allocator;
mod device;
mod entry;
mod exchange;
mod file;
mod folder;
mod image;
mod load;
mod owners;
mod part;
mod peek;
mod sanity;
mod spill;
mod store;
mod sweep;
mod termination;
mod victims;
mod visited;

pub use allocator::{keep_nothing_freed, trim_allocator};
pub use device::{Disk, Readable, SpillDevice};
pub use exchange::{
    AtHome, Awaited, Carrier, Dealings, Exchange, Home, Incoming, PieceAnswer, PieceRequest, Position,
    Sender, Sent, Unanswered, receive,
};
pub use file::SpilledFile;
pub use folder::{SpillFolder, make_staged, remove_all_scratch};
pub use load::LoadJob;
pub use owners::value_bytes;
pub use part::{Access, PartFile};
pub use spill::{SpillJob, Spilled};
pub use store::{Fetch, Limits, SPILL_MIN_BYTES, Store};
pub use termination::{remove_scratch_at_termination, wait_if_terminating};
pub use victims::IN_USE;
pub use visited::leave_nothing_for_parent;
