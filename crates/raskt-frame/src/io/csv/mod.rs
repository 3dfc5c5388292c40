//! CSV: byte ranges of a file as tables, on any number of threads.
//!
//! A block is a range of bytes; its lines are those that begin in it. Where they begin is found without reading what lies
//! before ([`lines`]), and the end of each block is checked against the beginning of the next one.

mod blocks;
mod columns;
mod infer;
mod lines;
mod options;
mod read;
#[cfg(test)]
mod tests;

pub use blocks::{BlockLines, BlockText, block_lines, first_line, header};
pub use infer::{Inferred, infer_csv};
pub use options::{CsvFormat, ReadCsv};
pub use read::{Block, Wider, read_csv};
