//! Bags without Python: files and their decompression, lines, JSON of which only what is asked for is read, counts.
//!
//! What is here is a shortcut for chains of functions that Raskt knows, and it never guesses: a line with which it
//! would not do exactly as Python does (invalid text, no JSON, changes of case beyond ASCII) is [`Fallback`], and is
//! handed to the [`Sink`] as it is. The caller has Python read that line, which gives its elements, or the error.
//!
//! ```
//! use raskt_bag::{CountSink, FrequencySink, Part, Plan, Projection, Stream, TextOp, Then};
//!
//! let path = std::env::temp_dir().join(format!("raskt-bag-{}.json", std::process::id()));
//! std::fs::write(&path, "{\"name\": \"Ann\"}\n{\"name\": \"Bo\"}\n{\"name\": \"Ann\"}\nno JSON")?;
//! let plan = Plan { then: Then::Json(Projection::of_path(&["name"])), ..Plan::default() };
//! let mut names = FrequencySink::default();
//! let is_at_end = Stream::new(vec![Part::whole(&path)], plan).advance(&mut names)?;
//! assert!(is_at_end);
//! assert_eq!(names.counts.entries().iter().map(|entry| entry.n).collect::<Vec<_>>(), [2, 1]);
//! assert_eq!(names.fallback.take()[0].bytes, b"no JSON");
//!
//! let upper = Plan { text: vec![TextOp::Upper], ..Plan::default() };
//! let mut lines = CountSink::default();
//! Stream::new(vec![Part::whole(&path)], upper).advance(&mut lines)?;
//! assert_eq!(lines.n, 4);
//! # std::fs::remove_file(&path)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![cfg_attr(
    not(test),
    warn(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_possible_wrap)
)]

mod ahead;
mod counts;
mod element;
mod error;
mod fallback;
mod hashing;
mod json;
mod lines;
mod memory;
pub mod operations;
mod sinks;
mod source;
mod stream;
mod survey;
mod text;

pub use counts::{Counted, Counts, Entry};
pub use element::{Constant, Element, Place, Scalar};
pub use error::BagError;
pub use fallback::Fallback;
pub use hashing::HashKey;
pub use json::{Projection, Scratch, project};
pub use lines::{Block, Lines};
pub use memory::Exhausted;
pub use sinks::{Batch, CountSink, FallbackLine, FallbackLines, FrequencySink, Item};
pub use source::{Compression, Opener, Part, open};
pub use stream::{Format, Plan, Sink, Stream, Then};
pub use text::{TextOp, words};
