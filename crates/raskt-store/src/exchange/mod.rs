//! All-to-all work: pieces of data on their way from tasks that send to tasks that receive.
//!
//! A shuffle of *n* inputs into *m* outputs is *n* + *m* tasks, not *n m*: a sending task cuts its input into pieces, one
//! or more for each output, and appends them through a [`Sender`]; what it returns is a [`Sent`], which knows where each
//! piece is. A receiving task gets the [`Sent`]s of all inputs and reads the pieces of its output, in the order of the
//! inputs and in that in which each was appended.
//!
//! - Pieces stay in memory as long as they fit a budget ([`Exchange::new`]). Beyond it, those of the largest outputs go
//!   to disk, many in one file, sorted by output. Whoever appends past the budget writes them: senders are slowed down
//!   to the speed of the disk, and never fill the memory.
//! - Each piece on disk is an image with a checksum and a stamp, as values that were spilled are: damage and mistaken
//!   files are errors that name the file.
//! - A [`Sent`] holds its pieces. A task that is run again returns another one, and pieces that nobody holds are freed;
//!   an output that is made again reads the same pieces.
//! - A [`Sent`] that goes to another process ([`Sent::encode`]) has all pieces on disk, in a folder that both see, or is at a
//!   [`Home`]: then its pieces stay where they are, and receiving tasks ask for them.
//!
//! ```
//! use raskt_core::Payload;
//! use raskt_store::{Exchange, SpillFolder, receive};
//!
//! let exchange = Exchange::new(1 << 20, Some(SpillFolder::create(&std::env::temp_dir())?));
//! let sent = [b"ab", b"cd"].map(|input| {
//!     let mut sender = exchange.sender(2)?;
//!     for (output, byte) in (0..).zip(input) {
//!         sender.append(output, Payload { header: vec![*byte], buffers: Vec::new() })?;
//!     }
//!     Ok(sender.finish())
//! });
//! let sent: Vec<_> = sent.into_iter().collect::<raskt_core::Result<_>>()?;
//! let second = receive(&sent, 1)?.map(|piece| piece.map(|piece| piece.header.clone()));
//! assert_eq!(second.collect::<raskt_core::Result<Vec<_>>>()?.concat(), b"bd");
//! # Ok::<(), raskt_core::Error>(())
//! ```

mod away;
mod file;
mod home;
mod incoming;
mod index_cache;
mod piece;
mod request;
mod sender;
mod sent;
mod service;

pub use home::{AtHome, Awaited, Carrier, Dealings, Home, Unanswered};
pub use incoming::{Incoming, receive};
pub use request::{PieceAnswer, PieceRequest, Position};
pub use sender::Sender;
pub use sent::Sent;
pub use service::Exchange;
