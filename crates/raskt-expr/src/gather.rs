//! All expressions of a computation as rows of one table: operations and calls, each once, operands first.

use std::sync::Arc;

use raskt_core::{Fit, Result};
use raskt_graph::table::NAMELESS;
use raskt_graph::{Body, Foreign, Keys as TaskKeys, TableBuilder, TaskTable};
use rustc_hash::FxHashMap;

use crate::call::{CallNode, Ledger, Places, Rows};
use crate::expr::Expr;

/// The expressions of a computation. Where all are calls, their table is what will run.
#[derive(Clone, Debug)]
pub struct Gathered {
    /// A call is a row with its body; an operation is a row [`Body::Input`], which is its number among
    /// [`Gathered::operations`]. The outputs are the roots.
    table: TaskTable,
    operations: Vec<Expr>,
}

impl Gathered {
    /// One row an expression; the outputs are the roots.
    #[must_use]
    pub fn table(&self) -> &TaskTable {
        &self.table
    }

    /// Whether there is anything but calls.
    #[must_use]
    pub fn has_operations(&self) -> bool {
        !self.operations.is_empty()
    }

    /// Whether all calls were asked for, so that no other task waits for the value of one.
    pub(crate) fn ends_with_calls(&self) -> bool {
        let mut calls =
            (0..self.table.n_tasks().fit::<u32>()).filter(|&row| self.operation_at(row).is_none());
        calls.all(|row| self.table.outputs().contains(&row))
    }

    pub(crate) fn into_table(self) -> TaskTable {
        self.table
    }

    /// All operations, operands first.
    #[must_use]
    pub fn operations(&self) -> &[Expr] {
        &self.operations
    }

    /// The operation at `row`; `None` where there is a call.
    #[must_use]
    pub fn operation_at(&self, row: u32) -> Option<&Expr> {
        match self.table.body(row) {
            Body::Input(number) => self.operations.get(*number as usize),
            _ => None,
        }
    }

    /// The rows of the operations whose values somebody takes who is no operation: calls, and whoever asked for the roots.
    #[must_use]
    pub fn wanted(&self) -> Vec<u32> {
        if self.operations.is_empty() {
            return Vec::new();
        }
        let n_rows = self.table.n_tasks().fit::<u32>();
        let mut is_wanted = vec![false; n_rows as usize];
        let mut want = |row: u32| is_wanted[row as usize] = true;
        self.table.outputs().iter().copied().for_each(&mut want);
        for row in (0..n_rows).filter(|&row| self.operation_at(row).is_none()) {
            self.table.inputs().row(row).iter().copied().for_each(&mut want);
        }
        let is_wanted = |row: &u32| is_wanted[*row as usize] && self.operation_at(*row).is_some();
        (0..n_rows).filter(is_wanted).collect()
    }
}

/// Gathers all that `roots` are made of. `ledger` knows which calls have one name.
///
/// # Errors
/// [`ErrorKind::KeyClash`](raskt_core::ErrorKind::KeyClash) where two calls have one name and differ; what `ledger`
/// returns.
pub fn gather(roots: &[Expr], ledger: &mut dyn Ledger) -> Result<Gathered> {
    let mut walk = Walk {
        rows: RowsSoFar {
            places: Places::new(),
            of_operation: FxHashMap::default(),
            table: TableBuilder::with_capacity(roots.len(), roots.len()),
        },
        operations: Vec::new(),
        done: Vec::new(),
        ledger,
    };
    let mut outputs = Vec::with_capacity(roots.len());
    for root in roots {
        outputs.push(walk.visit(root)?);
    }
    let Walk { rows, operations, .. } = walk;
    let table = rows.table.finish(TaskKeys::OfBodies(NAMELESS.into()), outputs)?;
    Ok(Gathered { table, operations })
}

struct RowsSoFar {
    places: Places,
    of_operation: FxHashMap<Expr, u32>,
    table: TableBuilder,
}

impl Rows for RowsSoFar {
    fn row_of(&self, expr: &Expr) -> Option<u32> {
        match expr.as_call() {
            Some(call) => self.places.get(call),
            None => self.of_operation.get(expr).copied(),
        }
    }

    fn call_at(&self, row: u32) -> Option<&dyn Foreign> {
        match self.table.body_of(row) {
            Some(Body::Foreign(call)) => Some(&**call),
            _ => None,
        }
    }
}

struct Walk<'a> {
    rows: RowsSoFar,
    operations: Vec<Expr>,
    /// The rows of the operands that are done, of all expressions on the path.
    done: Vec<u32>,
    ledger: &'a mut dyn Ledger,
}

/// An expression whose operands are being visited.
struct Visit<'a> {
    expr: &'a Expr,
    operands: &'a [Expr],
    next: usize,
}

impl<'a> Walk<'a> {
    /// The row of `root`, made with all that it needs unless it is there.
    fn visit(&mut self, root: &'a Expr) -> Result<u32> {
        let mut path: Vec<Visit<'a>> = Vec::new();
        self.enter(root, &mut path);
        while let Some(visit) = path.last_mut() {
            match visit.operands.get(visit.next) {
                Some(operand) => {
                    visit.next += 1;
                    self.enter(operand, &mut path);
                }
                None => {
                    let (expr, n) = (visit.expr, visit.operands.len());
                    path.pop();
                    let row = self.add(expr, n)?;
                    self.done.push(row);
                }
            }
        }
        Ok(self.done.pop().unwrap_or_default())
    }

    /// Goes on to `expr`, unless it has a row.
    fn enter(&mut self, expr: &'a Expr, path: &mut Vec<Visit<'a>>) {
        if let Some(row) = self.rows.row_of(expr) {
            self.done.push(row);
            return;
        }
        path.push(Visit { expr, operands: expr.operands(), next: 0 });
    }

    /// Makes the row of `expr`, whose `n` operands were the last that were done.
    fn add(&mut self, expr: &'a Expr, n: usize) -> Result<u32> {
        let Some(call) = expr.as_call() else {
            let number = self.operations.len().fit::<u32>();
            let row = self.push(Body::Input(number), n)?;
            self.operations.push(expr.clone());
            self.rows.of_operation.insert(expr.clone(), row);
            return Ok(row);
        };
        // An operation has its own name; where it goes by another one there is nothing to be run.
        let row = match expr.behind_alias() {
            Some(_) => self.done.pop().unwrap_or_default(),
            None => self.add_call(call, n)?,
        };
        self.rows.places.set(call, row);
        Ok(row)
    }

    /// The row of a call whose `n` operands were the last that were done.
    fn add_call(&mut self, call: &Arc<dyn CallNode>, n: usize) -> Result<u32> {
        if call.is_named()
            && let Some(row) = self.ledger.named(call, self.rows.table.n_tasks().fit::<u32>(), &self.rows)?
        {
            self.done.truncate(self.done.len() - n);
            return Ok(row);
        }
        self.push(Body::Foreign(Arc::clone(call) as Arc<dyn Foreign>), n)
    }

    fn push(&mut self, body: Body, n: usize) -> Result<u32> {
        let first = self.done.len() - n;
        let row = self.rows.table.push_own(body, &self.done[first..])?;
        self.done.truncate(first);
        Ok(row)
    }
}
