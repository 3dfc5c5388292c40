//! What rules and lowering may ask.

use raskt_core::{Name, Result, Token};
use rustc_hash::FxHashSet;

use crate::expr::Expr;
use crate::library::Library;
use crate::meta::Meta;
use crate::operation::{Operations, Way};
use crate::traverse::post_order_where;

/// What a computation may take: what plans are made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of values that may be in memory at once; `None` for no limit.
    pub memory_bytes: Option<u64>,
    /// Tasks that run at once.
    pub n_workers: usize,
}

impl Default for Bounds {
    /// No limit of memory, one worker.
    fn default() -> Self {
        Self { memory_bytes: None, n_workers: 1 }
    }
}

/// The tables that planning stands on.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// What each operation is.
    pub operations: &'a Operations,
    /// What library functions return.
    pub library: &'a dyn Library,
    /// Which way operations are to take.
    pub way: Way,
    /// The ways of collections that have one of their own.
    pub ways: &'a [(Name, Way)],
    /// The expressions of [`Context::is_shared`].
    pub shared: Option<&'a FxHashSet<Token>>,
    /// What the computation may take.
    pub bounds: Bounds,
}

impl Context<'_> {
    /// Which way the operations of `collection` are to take.
    #[must_use]
    pub fn way_of(&self, collection: &str) -> Way {
        let own = self.ways.iter().find(|(name, _)| name.as_str() == collection);
        own.map_or(self.way, |(_, way)| *way)
    }

    /// Whether others need all of `expr`, so that a rule that wants a part of it had better take that part of what is
    /// computed anyway.
    #[must_use]
    pub fn is_shared(&self, expr: &Expr) -> bool {
        self.shared.is_some_and(|shared| shared.contains(&expr.token()))
    }

    /// What is known of the result of `expr`, found out once; its operands, however deep, are asked first.
    ///
    /// # Errors
    /// What the operations' rules or the library return for such operands.
    pub fn meta<'e>(&self, expr: &'e Expr) -> Result<&'e Meta> {
        if let Some(known) = expr.known_meta() {
            return Ok(known);
        }
        let unknown = |expr: &Expr| expr.known_meta().is_none();
        for unknown in post_order_where(expr.operands(), unknown) {
            unknown.learn(self.derive(unknown)?);
        }
        Ok(expr.learn(self.derive(expr)?))
    }

    /// What is known of the operands of `expr`.
    ///
    /// # Errors
    /// As [`Context::meta`].
    pub fn operand_metas(&self, expr: &Expr) -> Result<Vec<Meta>> {
        expr.operands().iter().map(|operand| self.meta(operand).cloned()).collect()
    }

    /// The operands' metas are known: asking for them goes no deeper.
    fn derive(&self, expr: &Expr) -> Result<Meta> {
        self.operations.meta(expr, &self.operand_metas(expr)?, self.library)
    }
}
