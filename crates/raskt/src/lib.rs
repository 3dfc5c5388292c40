//! Raskt for Rust programs: a graph of closures, run on all cores.
//!
//! ```
//! use raskt::{Graph, Value};
//!
//! let mut graph = Graph::default();
//! let parts: Vec<_> = (0..4).map(|i| graph.value(i64::from(i))).collect();
//! let squares = parts.iter().map(|part| {
//!     graph.call("square", &[*part], |inputs| match inputs {
//!         [Value::Int(x)] => Ok(Value::Int(x * x)),
//!         other => Err(raskt::invalid(format!("one integer, found {other:?}"))),
//!     })
//! });
//! let squares = squares.collect::<raskt::Result<Vec<_>>>()?;
//! let total = graph.call("sum", &squares, |inputs| {
//!     Ok(inputs.iter().map(|v| if let Value::Int(x) = v { *x } else { 0 }).sum::<i64>().into())
//! })?;
//! assert_eq!(graph.compute(&[total], 2)?, [Value::Int(14)]);
//! # Ok::<(), raskt::Error>(())
//! ```

mod graph;

pub use graph::{Graph, Task, invalid};
pub use raskt_core::{Buffer, DType, Error, ErrorKind, NdArray, Result, Value};
