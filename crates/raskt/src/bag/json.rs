//! Lines of JSON, of which only what is asked for is made.

use std::sync::Arc;

use raskt_bag::{Constant, Counted, Counts, Element, Entry, Exhausted, Projection};

use super::lines::json_plan;
use super::{Bag, Frequencies, Lines};
use crate::{ErrorKind, Result};

/// The counts of a part, unless there was no memory for them.
type Found = std::result::Result<Arc<Counts>, Exhausted>;

/// Lines of JSON, and the item of each that is looked at.
///
/// All of a line is checked, and nothing but the item is made: a number, a text, a truth value or null. What is neither,
/// or not there, makes a line a bad one. The grammar is that of Python's `json`: RFC 8259, and `NaN`, `Infinity` and
/// `-Infinity`. Whole numbers of more than 64 bits keep their digits ([`Constant::Big`], up to 4,300 as in Python), and
/// text with lone halves of surrogate pairs (`"\ud800"`), which a Rust string cannot have, is [`Constant::Wtf8`].
/// Values that are nested more than 200 deep are bad.
///
/// ```
/// use raskt::bag::{self, Constant};
///
/// let path = std::env::temp_dir().join(format!("raskt-bag-json-{}.json", std::process::id()));
/// std::fs::write(&path, "{\"x\": 36893488147419103232}\n{\"x\": -Infinity}\n{\"x\": \"a\\ud800\"}\n")?;
/// let found = bag::read_text(&path)?.json().pluck("x").elements().collect()?;
/// assert_eq!(found[0], Constant::Big("36893488147419103232".into()));
/// assert_eq!(found[1], f64::NEG_INFINITY.into());
/// assert_eq!(found[2], Constant::Wtf8(b"a\xed\xa0\x80".to_vec().into()));
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Json {
    lines: Lines,
    projection: Projection,
}

impl Json {
    pub(super) fn new(lines: Lines) -> Self {
        Self { lines, projection: Projection::default() }
    }

    /// The member `name` of the item.
    #[must_use]
    pub fn pluck(mut self, name: &str) -> Self {
        self.projection.path.append(&mut self.projection.names);
        self.projection.names.push(name.to_owned());
        self
    }

    /// `default` where the object of which the last member is taken lacks it.
    #[must_use]
    pub fn or(mut self, default: impl Into<Constant>) -> Self {
        self.projection.default = Some(default.into());
        self
    }

    /// The items of the item, which is a list.
    #[must_use]
    pub fn flatten(mut self) -> Self {
        self.projection.flatten = true;
        self
    }

    /// The items.
    pub fn elements(&self) -> Bag<Constant> {
        self.lines.each(json_plan(self.projection.clone()), |element, emit| {
            if let Element::Scalar(item) = element {
                emit(Constant::copied(item)?);
            }
            Ok(())
        })
    }

    /// How often each item occurs; numbers that are equal are one, whatever their types, and so are all NaN.
    ///
    /// # Errors
    /// Where a file or a line cannot be read: [`cause`](crate::cause) gives the [`BagError`](super::BagError).
    pub fn frequencies(&self) -> Result<Frequencies<Constant>> {
        let counts = self.elements().fold(
            Ok(Arc::new(Counts::default())),
            |found: &mut Found, item| {
                let Ok(counts) = found else { return };
                let counts = Arc::make_mut(counts);
                let at = counts.entries().len() as u64;
                if let Err(error) = counts.add(item.borrow(), at) {
                    *found = Err(error);
                }
            },
            |found, more| {
                let merged = match (&mut *found, more) {
                    (Ok(counts), Ok(more)) => Arc::make_mut(counts).merge(&more),
                    (_, Err(error)) => Err(error),
                    (Err(_), Ok(_)) => return,
                };
                if let Err(error) = merged {
                    *found = Err(error);
                }
            },
        )?;
        let counts =
            counts.map_err(|Exhausted| ErrorKind::OutOfMemory { needed_bytes: size_of::<Entry>() as u64 })?;
        let entries = Arc::unwrap_or_clone(counts).into_entries();
        let scalar = |value| match value {
            Counted::Scalar(value) => Some(value),
            // Tuples come of lists of names, for which there is no method here.
            Counted::Tuple(_) => None,
        };
        let pairs = entries.into_iter().filter_map(|entry| Some((scalar(entry.value)?, entry.n)));
        Ok(Frequencies::new(pairs.collect()))
    }
}
