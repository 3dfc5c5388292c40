//! One column: comparisons, arithmetic and logic row by row, and reductions.

use std::ops::{Add, BitAnd, BitOr, Div, Mul, Not, Sub};

use raskt_core::{Param, Result};
use raskt_expr::Expr;
use raskt_frame::arguments::Argument;
use raskt_frame::reductions::REDUCE;
use raskt_frame::rowwise::METHOD;
use raskt_frame::table;

use super::batch::Batch;
use super::expression::{make, run};
use crate::executor::{Engine, Executor, Options};

/// A column of a frame, or what was made of columns: a value a row.
///
/// ```
/// use raskt::frame::Frame;
/// let folder = std::env::temp_dir().join(format!("raskt-frame-series-{}", std::process::id()));
/// std::fs::create_dir_all(&folder)?;
/// std::fs::write(folder.join("x.csv"), "x,y\n1,\n4,0.5\n")?;
/// let frame = Frame::read_csv(folder.join("x.csv"));
/// let (x, y) = (frame.column("x"), frame.column("y"));
/// assert_eq!((&x * 2 + &y.fill_missing(0.0)).sum()?, 10.5);
/// assert_eq!(frame.filter(&(x.ge(2) & !y.is_missing())).column("x").count()?, 1);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Series {
    made: Result<Expr>,
}

/// What a series meets: another series of the same frame, or a value.
#[derive(Clone, Debug)]
pub enum Operand {
    /// A value a row.
    Series(Series),
    /// A value.
    Value(Param),
}

impl From<&Series> for Operand {
    fn from(series: &Series) -> Self {
        Self::Series(series.clone())
    }
}

impl From<Series> for Operand {
    fn from(series: Series) -> Self {
        Self::Series(series)
    }
}

impl From<bool> for Operand {
    fn from(value: bool) -> Self {
        Self::Value(Param::Bool(value))
    }
}

impl From<i64> for Operand {
    fn from(value: i64) -> Self {
        Self::Value(Param::Int(value))
    }
}

impl From<i32> for Operand {
    fn from(value: i32) -> Self {
        i64::from(value).into()
    }
}

impl From<f64> for Operand {
    fn from(value: f64) -> Self {
        Self::Value(Param::Float(value))
    }
}

impl From<&str> for Operand {
    fn from(value: &str) -> Self {
        Self::Value(Param::Str(value.into()))
    }
}

impl Series {
    pub(super) fn made(make: impl FnOnce() -> Result<Expr>) -> Self {
        Self { made: make() }
    }

    pub(super) fn expr(&self) -> Result<&Expr> {
        self.made.as_ref().map_err(Clone::clone)
    }

    /// The method, operator or property `name` of pandas' series on each row, such as `str.len` or `dt.hour`.
    #[must_use]
    pub fn method(&self, name: &str, operands: &[Operand]) -> Self {
        Self::made(|| {
            let mut exprs = vec![self.expr()?.clone()];
            let mut args = Vec::with_capacity(operands.len());
            for operand in operands {
                args.push(match operand {
                    Operand::Value(value) => value.clone(),
                    Operand::Series(series) => {
                        exprs.push(series.expr()?.clone());
                        Argument::operand(exprs.len() - 1)
                    }
                });
            }
            let args = Param::List(args.into());
            make(METHOD, &exprs, Param::map([("name", Param::Str(name.into())), ("args", args)]))
        })
    }

    /// Whether values are equal.
    #[must_use]
    pub fn eq(&self, other: impl Into<Operand>) -> Self {
        self.method("eq", &[other.into()])
    }

    /// Whether values differ.
    #[must_use]
    pub fn ne(&self, other: impl Into<Operand>) -> Self {
        self.method("ne", &[other.into()])
    }

    /// Whether values are less.
    #[must_use]
    pub fn lt(&self, other: impl Into<Operand>) -> Self {
        self.method("lt", &[other.into()])
    }

    /// Whether values are less or equal.
    #[must_use]
    pub fn le(&self, other: impl Into<Operand>) -> Self {
        self.method("le", &[other.into()])
    }

    /// Whether values are greater.
    #[must_use]
    pub fn gt(&self, other: impl Into<Operand>) -> Self {
        self.method("gt", &[other.into()])
    }

    /// Whether values are greater or equal.
    #[must_use]
    pub fn ge(&self, other: impl Into<Operand>) -> Self {
        self.method("ge", &[other.into()])
    }

    /// Whether values are missing.
    #[must_use]
    pub fn is_missing(&self) -> Self {
        self.method("isna", &[])
    }

    /// The values, `value` where they are missing.
    #[must_use]
    pub fn fill_missing(&self, value: impl Into<Operand>) -> Self {
        self.method("fillna", &[value.into()])
    }

    /// The values, on a thread a core, as the only column of a batch.
    ///
    /// # Errors
    /// What is wrong with a series that cannot be, or with what its tasks found.
    pub fn compute(&self) -> Result<Batch> {
        self.compute_on(&Executor::new(Options::default())?)
    }

    /// The values, on threads that are there.
    ///
    /// # Errors
    /// As [`Series::compute`].
    pub fn compute_on(&self, engine: &impl Engine) -> Result<Batch> {
        Batch::of(&table::concat(&run(self.expr()?, engine)?)?)
    }

    /// What the reduction `name` of pandas' returns: `sum`, `mean`, `min`, `max`, `std`, `var`, `count`, ..., a batch of one row.
    ///
    /// # Errors
    /// As [`Series::compute`].
    pub fn reduce(&self, name: &str) -> Result<Batch> {
        let parameters = Param::map([("name", Param::Str(name.into()))]);
        Self::made(|| make(REDUCE, &[self.expr()?.clone()], parameters)).compute()
    }

    /// The sum of the values that are there.
    ///
    /// # Errors
    /// As [`Series::compute`].
    pub fn sum(&self) -> Result<f64> {
        self.reduce("sum")?.number()
    }

    /// The mean of the values that are there.
    ///
    /// # Errors
    /// As [`Series::compute`].
    pub fn mean(&self) -> Result<f64> {
        self.reduce("mean")?.number()
    }

    /// The number of values that are there.
    ///
    /// # Errors
    /// As [`Series::compute`].
    pub fn count(&self) -> Result<u64> {
        Ok(self.reduce("count")?.integer()?.unsigned_abs())
    }
}

macro_rules! operator {
    ($($trait:ident, $function:ident, $name:literal;)*) => {$(
        impl<T: Into<Operand>> $trait<T> for &Series {
            type Output = Series;

            fn $function(self, other: T) -> Series {
                self.method($name, &[other.into()])
            }
        }

        impl<T: Into<Operand>> $trait<T> for Series {
            type Output = Series;

            fn $function(self, other: T) -> Series {
                self.method($name, &[other.into()])
            }
        }
    )*};
}

operator! {
    Add, add, "add";
    Sub, sub, "sub";
    Mul, mul, "mul";
    Div, div, "truediv";
    BitAnd, bitand, "and";
    BitOr, bitor, "or";
}

impl Not for Series {
    type Output = Self;

    fn not(self) -> Self {
        self.method("invert", &[])
    }
}

impl Not for &Series {
    type Output = Series;

    fn not(self) -> Series {
        self.method("invert", &[])
    }
}
