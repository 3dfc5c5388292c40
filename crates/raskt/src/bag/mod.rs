//! Bags: text and JSON lines of many files, read and reduced in parallel, in bounded memory.
//!
//! [`read_text`] finds files, compressed or not. Their lines are counted, mapped by closures, or read as JSON, of which
//! only the items that are asked for are made. Nothing is read before a method returns a result, and then a block at a
//! time.
//!
//! ```
//! use raskt::bag;
//!
//! let folder = std::env::temp_dir().join(format!("raskt-bag-doc-{}", std::process::id()));
//! std::fs::create_dir_all(&folder)?;
//! let first = "{\"name\": \"Ann\", \"at\": {\"hour\": 7}}\n{\"name\": \"Bo\", \"at\": {}}\n";
//! std::fs::write(folder.join("1.json"), first)?;
//! std::fs::write(folder.join("2.json"), "{\"name\": \"Ann\", \"at\": {}}\n")?;
//!
//! let lines = bag::read_text(folder.join("*.json"))?;
//! assert_eq!(lines.count()?, 3);
//! let names = lines.json().pluck("name").frequencies()?.topk(1);
//! assert_eq!(names, [("Ann".into(), 2)]);
//! let hours = lines.json().pluck("at").pluck("hour").or(0).elements().filter(|hour| *hour != 0.into());
//! assert_eq!(hours.collect()?, [7.into()]);
//! assert_eq!(lines.map(|line| line.len()).fold(0, |sum, n| *sum += n, |sum, n| *sum += n)?, 83);
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod elements;
mod frequencies;
mod json;
mod lines;

pub use elements::Bag;
pub use frequencies::Frequencies;
pub use json::Json;
pub use lines::{Lines, TextOptions, read_text, read_text_with};
pub use raskt_bag::{BagError, Constant, Fallback, Scalar};
