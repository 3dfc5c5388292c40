//! Carriers: nodes in which one collection becomes another.

use raskt_core::{Name, Param, Result};

use crate::expr::{Draft, Expr};
use crate::meta::Meta;

/// What carriers are called in every collection's table.
pub const CARRY: &str = "carry";

/// An expression of one collection whose operand is of another: a frame's values as an array, an array's blocks as
/// delayed values.
///
/// To the rules of its own collection it is a source; the rules of the other one work on what lies below. The collection
/// that it is of lowers it, and is told under which name the other's blocks are found.
///
/// ```
/// use raskt_core::Param;
/// use raskt_expr::{Carrier, Draft, Meta};
/// let frame = Draft::new("frame", "read_csv").finish()?;
/// let values = Carrier::load("array", frame.clone(), Param::Null, Some(Meta::unknown("array")))?;
/// let carrier = Carrier::of(&values).ok_or(raskt_core::ErrorKind::Cancelled)?;
/// assert_eq!((carrier.from().as_str(), carrier.to().as_str()), ("frame", "array"));
/// assert!(Carrier::of(&frame).is_none());
/// # Ok::<(), raskt_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Carrier<'a> {
    expr: &'a Expr,
    cargo: &'a Expr,
}

impl<'a> Carrier<'a> {
    /// `cargo` as an expression of the collection `to`; `parameters` say how. Without a `meta`, the table of operations is
    /// asked, under [`CARRY`].
    ///
    /// # Errors
    /// [`ErrorKind::NotEncodable`](raskt_core::ErrorKind::NotEncodable) for parameters with foreign objects.
    pub fn load(to: impl Into<Name>, cargo: Expr, parameters: Param, meta: Option<Meta>) -> Result<Expr> {
        Draft { operands: vec![cargo], parameters, meta, ..Draft::new(to, CARRY) }.finish()
    }

    /// The carrier that `expr` is.
    #[must_use]
    pub fn of(expr: &'a Expr) -> Option<Self> {
        match expr.operands() {
            [cargo] if expr.operation().as_str() == CARRY && cargo.collection() != expr.collection() => {
                Some(Self { expr, cargo })
            }
            _ => None,
        }
    }

    /// What is carried.
    #[must_use]
    pub fn cargo(self) -> &'a Expr {
        self.cargo
    }

    /// The collection of what is carried.
    #[must_use]
    pub fn from(self) -> &'a Name {
        self.cargo.collection()
    }

    /// The collection that it becomes.
    #[must_use]
    pub fn to(self) -> &'a Name {
        self.expr.collection()
    }
}
