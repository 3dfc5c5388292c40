//! Bags without Python: files and their decompression, lines, JSON of which only what is asked for is read, counts.
//!
//! What is here is a shortcut for chains of functions that Raskt knows, and it never guesses: whatever it would not do
//! exactly as Python does (an invalid line, a number of many digits, a lone surrogate) is an [`Odd`], upon which the
//! caller does the whole part again in Python, which then gives the answer, or the error.
//!
//! ```
//! use raskt_bag::{Outcome, Part, Plan, Sink, TextOp};
//!
//! let path = std::env::temp_dir().join(format!("raskt-bag-{}.json", std::process::id()));
//! std::fs::write(&path, "{\"name\": \"Ann\"}\n{\"name\": \"Bo\"}\n{\"name\": \"Ann\"}")?;
//! let plan = Plan { universal: true, text: vec![], json: Some(vec!["name".into()]), sink: Sink::Frequencies };
//! let Outcome::Frequencies(counts) = raskt_bag::run(&plan, &[Part::whole(&path)])? else { unreachable!() };
//! assert_eq!(counts.entries().iter().map(|(_, n)| *n).collect::<Vec<_>>(), [2, 1]);
//!
//! let upper = Plan { universal: true, text: vec![TextOp::Upper], json: None, sink: Sink::Count };
//! assert!(matches!(raskt_bag::run(&upper, &[Part::whole(&path)])?, Outcome::Count(3)));
//! # std::fs::remove_file(&path)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod counts;
mod json;
mod lines;
mod odd;
mod plan;
mod source;
mod text;

pub use counts::{Counts, Scalar};
pub use json::{Found, project};
pub use lines::Lines;
pub use odd::Odd;
pub use plan::{Outcome, Plan, Sink, run};
pub use source::{Compression, Part, open};
pub use text::TextOp;
