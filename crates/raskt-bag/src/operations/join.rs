//! Steps that follow one another become one task a partition.

use raskt_core::{Param, Result};
use raskt_expr::{Context, Expr, NativeTokens, Pass, operations};
use rustc_hash::{FxHashMap, FxHashSet};

use super::build::{FUNCTIONS, NAME};
use super::table::{COLLECTION, SOURCE, STEPS};

/// The name by which joining steps is left out.
pub const JOIN: &str = "join-steps";

/// Joins steps to those before them that nobody else reads. What was said of tasks is said of whole tasks: steps that it
/// was not said of stay apart.
pub(super) struct JoinSteps;

impl Pass for JoinSteps {
    fn name(&self) -> &'static str {
        JOIN
    }

    fn title(&self) -> &'static str {
        "steps joined"
    }

    fn apply(&self, roots: &[Expr], _: &Context<'_>) -> Result<Vec<Expr>> {
        let sorted = operations(roots);
        if !sorted.iter().any(|expr| is_steps(expr)) {
            return Ok(roots.to_vec());
        }
        let absorbed = absorbed(&sorted, roots);
        let mut made: FxHashMap<&Expr, Expr> = FxHashMap::default();
        for expr in sorted.into_iter().filter(|expr| !absorbed.contains(expr)) {
            let chain = chain(expr, &absorbed);
            let first = chain.last().copied().unwrap_or(expr);
            let stand_in = |operand: &Expr| made.get(operand).unwrap_or(operand).clone();
            let operands: Vec<Expr> = first.operands().iter().map(stand_in).collect();
            let joined = match chain.as_slice() {
                [] | [_] if operands == expr.operands() => continue,
                [] | [_] => expr.with_operands(operands)?,
                chain => joined(chain, operands)?,
            };
            made.insert(expr, joined);
        }
        Ok(roots.iter().map(|root| made.get(root).unwrap_or(root).clone()).collect())
    }
}

fn is_of(expr: &Expr, operation: &str) -> bool {
    expr.operation().as_str() == operation && expr.collection().as_str() == COLLECTION
}

fn is_steps(expr: &Expr) -> bool {
    is_of(expr, STEPS)
}

/// The expressions that become a part of the only one that reads them.
fn absorbed<'a>(sorted: &[&'a Expr], roots: &[Expr]) -> FxHashSet<&'a Expr> {
    let mut n_readers: FxHashMap<&Expr, u32> = FxHashMap::default();
    for read in sorted.iter().flat_map(|expr| expr.operands()).chain(roots) {
        *n_readers.entry(read).or_default() += 1;
    }
    let before = |expr: &'a Expr| expr.operands().first().filter(|_| is_steps(expr)).map(|read| (expr, read));
    let is_absorbed = |&(expr, read): &(&Expr, &Expr)| {
        (is_steps(read) || is_of(read, SOURCE))
            && n_readers.get(read) == Some(&1)
            && read.annotations() == expr.annotations()
    };
    sorted.iter().filter_map(|expr| before(expr)).filter(is_absorbed).map(|(_, read)| read).collect()
}

/// `expr` and what it takes in, last first.
fn chain<'a>(expr: &'a Expr, absorbed: &FxHashSet<&'a Expr>) -> Vec<&'a Expr> {
    let before =
        |expr: &&'a Expr| expr.operands().first().filter(|read| is_steps(expr) && absorbed.contains(read));
    std::iter::successors(Some(expr), before).collect()
}

/// One expression that does what those of `chain` do, last first, on `operands`.
fn joined(chain: &[&Expr], operands: Vec<Expr>) -> Result<Expr> {
    let (Some(last), Some(first)) = (chain.first(), chain.last()) else {
        return Err(raskt_core::ErrorKind::InvalidGraph("a chain of no steps".into()).into());
    };
    let functions = chain.iter().rev().flat_map(|expr| match expr.parameters().get(FUNCTIONS) {
        Some(Param::List(functions)) => functions.to_vec(),
        _ => Vec::new(),
    });
    let mut draft = first.draft();
    let name = last.parameters().get(NAME).cloned().unwrap_or_default();
    let changes = [(FUNCTIONS, Param::List(functions.collect())), (NAME, name)];
    let kept = match first.parameters() {
        Param::Map(entries) => entries.iter().map(|(name, value)| (&**name, value.clone())).collect(),
        _ => Vec::new(),
    };
    draft.parameters = Param::map(kept.into_iter().chain(changes));
    draft.operands = operands;
    draft.finish_with(&NativeTokens)
}
