//! What is done with the lines of a part, from reading to one result.

use crate::counts::{Counts, Scalar};
use crate::json::{Found, project};
use crate::lines::Lines;
use crate::odd::Odd;
use crate::source::Part;
use crate::text::TextOp;

/// What becomes of the elements in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sink {
    /// Their number.
    Count,
    /// How often each occurs.
    Frequencies,
}

/// A chain of known functions of lines.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Whether `\r\n` and `\r` end lines too, and all ends become `\n`.
    pub universal: bool,
    /// Methods of strings, in order.
    pub text: Vec<TextOp>,
    /// Whether lines then are read as JSON, and the keys of items to take, the outermost first.
    pub json: Option<Vec<String>>,
    /// What becomes of the elements.
    pub sink: Sink,
}

/// The result of a part.
#[derive(Debug)]
pub enum Outcome {
    /// The number of elements.
    Count(u64),
    /// How often each occurs.
    Frequencies(Counts),
}

/// Runs `plan` over all lines of `parts`.
///
/// # Errors
/// Where Python has to do it instead.
pub fn run(plan: &Plan, parts: &[Part]) -> Result<Outcome, Odd> {
    let mut n = 0;
    let mut counts = Counts::default();
    let mut text = Vec::new();
    let mut scratch = String::new();
    for part in parts {
        let mut lines = Lines::open(part)?;
        while let Some(line) = lines.advance()? {
            n += 1;
            let line = prepared(plan, line, &mut text)?;
            let value = match &plan.json {
                None => Found::Scalar(Scalar::Str(line)),
                Some(keys) => project(line, keys, &mut scratch)?,
            };
            match (plan.sink, value) {
                (Sink::Count, _) => {}
                (Sink::Frequencies, Found::Scalar(value)) => counts.add(value),
                (Sink::Frequencies, Found::Container) => return Err(Odd::Unhashable),
            }
        }
    }
    Ok(match plan.sink {
        Sink::Count => Outcome::Count(n),
        Sink::Frequencies => Outcome::Frequencies(counts),
    })
}

/// The line as the text that the chain goes on with.
fn prepared<'a>(plan: &Plan, line: &'a [u8], text: &'a mut Vec<u8>) -> Result<&'a str, Odd> {
    let has_return = plan.universal && memchr::memchr(b'\r', line).is_some();
    if !has_return && plan.text.is_empty() {
        return std::str::from_utf8(line).map_err(|_| Odd::Encoding);
    }
    text.clear();
    text.extend_from_slice(line);
    if has_return {
        if memchr::memchr(b'\r', line) != line.len().checked_sub(2) || !line.ends_with(b"\r\n") {
            return Err(Odd::LineEnd);
        }
        text.truncate(line.len() - 2);
        text.push(b'\n');
    }
    for op in &plan.text {
        op.apply(text)?;
    }
    std::str::from_utf8(text).map_err(|_| Odd::Encoding)
}
