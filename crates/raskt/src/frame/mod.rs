//! Dataframes in partitions, as pandas' users know them, from Rust: lazy, optimized as a whole, larger than memory.
//!
//! A [`Frame`] is an expression over files. Readers are asked only for the columns and rows that are used; filters, columns and
//! partial aggregates of a partition are one pass over it.
//!
//! ```
//! use raskt::frame::{Aggregate, Frame, Join};
//!
//! let folder = std::env::temp_dir().join(format!("raskt-frame-doc-{}", std::process::id()));
//! std::fs::create_dir_all(&folder)?;
//! std::fs::write(folder.join("flights-1.csv"), "carrier,delay\nUA,12\nAA,-3\nUA,30\n")?;
//! std::fs::write(folder.join("flights-2.csv"), "carrier,delay\nAA,45\n")?;
//! std::fs::write(folder.join("carriers.csv"), "carrier,name\nUA,United\nAA,American\n")?;
//!
//! let flights = Frame::read_csv(folder.join("flights-*.csv"));
//! let late = flights.filter(&flights.column("delay").gt(0));
//! let means = late.group_by(&["carrier"]).aggregate(&[("mean", "delay", Aggregate::Mean)]);
//! let named = means.join(&Frame::read_csv(folder.join("carriers.csv")), &["carrier"], Join::Inner);
//! let table = named.sort_by(&[("mean", false)]).select(&["name", "mean"]).compute()?;
//! assert_eq!(table.strings("name")?, ["American", "United"]);
//! assert_eq!(table.floats("mean")?, [45.0, 21.0]);
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Dtypes, missing values and the order of rows are pandas'. What cannot be, such as a column that is not there, is a frame that
//! says so: [`Frame::columns`] and [`Frame::compute`] return the error, so that chains need no `?` between their links. What
//! only pandas has is [`ErrorKind::NotImplemented`](crate::ErrorKind::NotImplemented).

mod batch;
mod expression;
mod files;
mod groups;
mod operate;
mod series;

pub use batch::Batch;
pub use expression::Frame;
pub use files::{CsvOptions, ParquetOptions};
pub use groups::GroupBy;
#[doc(no_inline)]
pub use raskt_frame::groupby::Function as Aggregate;
#[doc(no_inline)]
pub use raskt_frame::join::How as Join;
pub use series::{Operand, Series};
