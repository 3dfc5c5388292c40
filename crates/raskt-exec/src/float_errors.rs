//! Floating-point errors that native kernels met, by kind and operation, for a front end that tells its user.

use raskt_core::{ErrorKind, Name, Result};

use crate::sync::Mutex;

/// A set of kinds of floating-point errors, as in IEEE 754.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FloatKinds(u8);

impl FloatKinds {
    /// No kind.
    pub const NONE: Self = Self(0);
    /// An infinity from finite numbers, exactly.
    pub const DIVIDE: Self = Self(1);
    /// A result too large to represent.
    pub const OVERFLOW: Self = Self(2);
    /// A result too small to represent in full.
    pub const UNDERFLOW: Self = Self(4);
    /// A NaN from numbers.
    pub const INVALID: Self = Self(8);
    /// Every kind.
    pub const ALL: Self = Self(15);

    /// The set of these bits: divide 1, overflow 2, underflow 4, invalid 8.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & Self::ALL.0)
    }

    /// The bits that [`FloatKinds::from_bits`] takes.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The kinds of both sets.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The kinds in both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The kinds of this set that are not in the other.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// This set if `holds`, else none.
    #[must_use]
    pub const fn when(self, holds: bool) -> Self {
        if holds { self } else { Self::NONE }
    }

    /// NumPy's words for the first of its kinds.
    const fn words(self) -> &'static str {
        match self.0.trailing_zeros() {
            0 => "divide by zero",
            1 => "overflow",
            2 => "underflow",
            _ => "invalid value",
        }
    }

    /// Whether it has no kind.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// What the kernels of one run met; each kind of each operation once, in the order in which they came.
///
/// ```
/// use raskt_exec::{FloatErrors, FloatKinds};
/// let errors = FloatErrors::new(FloatKinds::DIVIDE);
/// errors.add("divide", FloatKinds::ALL);
/// assert_eq!(errors.found(), [("divide".into(), FloatKinds::DIVIDE)]);
/// ```
#[derive(Debug)]
pub struct FloatErrors {
    asked: FloatKinds,
    /// The kinds that are errors of the task that meets them.
    raised: FloatKinds,
    found: Mutex<Vec<(Name, FloatKinds)>>,
}

impl FloatErrors {
    /// A collector of these kinds.
    #[must_use]
    pub fn new(asked: FloatKinds) -> Self {
        Self { asked, raised: FloatKinds::NONE, found: Mutex::new(Vec::new()) }
    }

    /// The same, with kinds that are errors of the task that meets them.
    #[must_use]
    pub fn raising(self, raised: FloatKinds) -> Self {
        Self { raised: raised.and(self.asked), ..self }
    }

    /// A collector for one task of the run.
    #[must_use]
    pub fn of_task(&self) -> Self {
        Self::new(self.asked)
    }

    /// Takes over what a task met.
    ///
    /// # Errors
    /// [`ErrorKind::FloatingPoint`] for the first kind that is to be raised.
    pub fn take_over(&self, task: &Self) -> Result<()> {
        let met = std::mem::take(&mut *task.found.lock());
        for (operation, kinds) in met {
            let raised = kinds.and(self.raised);
            if !raised.is_empty() {
                let words = raised.words();
                return Err(ErrorKind::FloatingPoint(format!("{words} encountered in {operation}")).into());
            }
            self.add(operation.as_str(), kinds);
        }
        Ok(())
    }

    /// The kinds that are collected.
    #[must_use]
    pub fn asked(&self) -> FloatKinds {
        self.asked
    }

    /// Notes that `operation` met `kinds`, of which those asked for are kept.
    pub fn add(&self, operation: &str, kinds: FloatKinds) {
        let kinds = kinds.and(self.asked);
        if kinds.is_empty() {
            return;
        }
        let mut found = self.found.lock();
        match found.iter_mut().find(|(other, _)| other.as_str() == operation) {
            Some((_, known)) => *known = known.or(kinds),
            None => found.push((operation.into(), kinds)),
        }
    }

    /// What was noted so far.
    #[must_use]
    pub fn found(&self) -> Vec<(Name, FloatKinds)> {
        self.found.lock().clone()
    }
}
