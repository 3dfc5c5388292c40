//! The frame: an expression, and what is known of it before it is computed.

use std::fmt;
use std::sync::{Arc, LazyLock};

use raskt_core::{ErrorKind, Param, Result};
use raskt_expr::{Expr, NoLibrary, Planner, Wanted, Way};
use raskt_frame::source::HeldTokens;
use raskt_frame::{Builder, FrameMeta, Label, Schema, Table, table};

use super::batch::Batch;
use crate::executor::{Engine, Executor, Options};

static PLANNER: LazyLock<Planner> = LazyLock::new(|| {
    // Names of operations are there once, so that nothing can fail.
    let mut planner = raskt_frame::planner(Arc::new(NoLibrary)).unwrap_or_default();
    planner.way = Way::Native;
    planner
});

/// Rows in partitions; nothing is read or computed until [`Frame::compute`] or [`Frame::write_parquet`].
///
/// ```
/// use raskt::frame::Frame;
/// let missing = Frame::read_csv("no/such-*.csv").select(&["x"]);
/// assert!(missing.compute().unwrap_err().to_string().contains("no file matches"));
/// ```
#[derive(Clone)]
pub struct Frame {
    made: Result<Expr>,
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.schema() {
            Ok(schema) => f.debug_struct("Frame").field("columns", &schema.columns).finish(),
            Err(error) => write!(f, "Frame({error})"),
        }
    }
}

/// The operation `name` of `operands`.
pub(super) fn make(name: &str, operands: &[Expr], parameters: Param) -> Result<Expr> {
    Builder::new(PLANNER.context(), &HeldTokens).make(name, operands, parameters)
}

/// What is known of `expr` without its rows.
pub(super) fn schema_of(expr: &Expr) -> Result<&Schema> {
    Ok(&FrameMeta::of(PLANNER.context().meta(expr)?)?.schema)
}

/// The number of partitions of `expr`.
pub(super) fn n_partitions_of(expr: &Expr) -> Result<u64> {
    PLANNER.context().meta(expr).map(FrameMeta::n_partitions)
}

/// The partitions of `expr`.
pub(super) fn run(expr: &Expr, engine: &impl Engine) -> Result<Vec<Table>> {
    let plan = PLANNER.plan(std::slice::from_ref(expr))?;
    let Some(Wanted::Blocks(_)) = plan.roots.first() else {
        return Err(ErrorKind::InvalidGraph("a frame without partitions".to_owned()).into());
    };
    engine.outputs(plan.table()?)?.iter().map(|value| Table::of(value).cloned()).collect()
}

/// What becomes of `expr`, as text.
fn explained(expr: &Expr) -> Result<String> {
    PLANNER.explain(std::slice::from_ref(expr))
}

impl Frame {
    /// What `make` makes.
    pub(super) fn made(make: impl FnOnce() -> Result<Expr>) -> Self {
        Self { made: make() }
    }

    /// The expression, for others to be made of.
    pub(super) fn expr(&self) -> Result<&Expr> {
        self.made.as_ref().map_err(Clone::clone)
    }

    pub(super) fn schema(&self) -> Result<&Schema> {
        schema_of(self.expr()?)
    }

    /// The names of the columns.
    ///
    /// # Errors
    /// What is wrong with a frame that cannot be.
    pub fn columns(&self) -> Result<Vec<String>> {
        Ok(self.schema()?.labels().map(text_of).collect())
    }

    /// pandas' names of the columns' dtypes.
    ///
    /// # Errors
    /// As [`Frame::columns`].
    pub fn dtypes(&self) -> Result<Vec<String>> {
        Ok(self.schema()?.columns.iter().map(|field| field.dtype.to_string()).collect())
    }

    /// The number of partitions.
    ///
    /// # Errors
    /// As [`Frame::columns`].
    pub fn n_partitions(&self) -> Result<u64> {
        n_partitions_of(self.expr()?)
    }

    /// What becomes of the frame, as text: the expression, what the optimizer makes of it, and what its tasks run.
    ///
    /// # Errors
    /// As [`Frame::columns`].
    pub fn explain(&self) -> Result<String> {
        explained(self.expr()?)
    }

    /// All rows, on a thread a core.
    ///
    /// # Errors
    /// What is wrong with a frame that cannot be, or with what its tasks found.
    pub fn compute(&self) -> Result<Batch> {
        self.compute_on(&Executor::new(Options::default())?)
    }

    /// All rows, on threads that are there, within the bounds that they were given, or on a cluster.
    ///
    /// # Errors
    /// As [`Frame::compute`].
    pub fn compute_on(&self, engine: &impl Engine) -> Result<Batch> {
        Batch::of(&table::concat(&run(self.expr()?, engine)?)?)
    }
}

/// The name of a column as Rust has it.
pub(super) fn text_of(label: &Label) -> String {
    label.as_str().map_or_else(|| label.to_string(), str::to_owned)
}
