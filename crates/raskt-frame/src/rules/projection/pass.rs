//! The pass: what is needed is asked from the results down, and made from the sources up.

use raskt_core::Result;
use raskt_expr::{Context, Expr, Pass, operations};
use rustc_hash::{FxHashMap, FxHashSet};

use super::narrow::narrowed;
use super::needs::{Need, needs};
use crate::operations::COLLECTION;
use crate::rowwise::{ASSIGN, COLUMN, FILTER, METHOD};
use crate::rules::schema::schema;
use crate::{Label, Schema};

/// The name of the pass, by which it is left out.
pub const PROJECTION: &str = "projection";

/// Has readers read, filters filter and assignments assign the columns that somebody uses: of what several use, the columns
/// that any of them does.
pub(in crate::rules) struct Projection;

impl Pass for Projection {
    fn name(&self) -> &'static str {
        PROJECTION
    }

    fn title(&self) -> &'static str {
        "with the columns that are used"
    }

    fn apply(&self, roots: &[Expr], context: &Context<'_>) -> Result<Vec<Expr>> {
        let sorted: Vec<Expr> = operations(roots).into_iter().cloned().collect();
        let mut columns = Columns { context, needs: FxHashMap::default(), made: FxHashMap::default() };
        columns.ask(&sorted, roots)?;
        for expr in &sorted {
            let made = columns.make(expr)?;
            columns.made.insert(expr.clone(), made);
        }
        Ok(roots.iter().map(|root| columns.stand_in(root)).collect())
    }
}

struct Columns<'a> {
    context: &'a Context<'a>,
    /// What is needed of each expression by all of its users.
    needs: FxHashMap<Expr, Need>,
    /// What takes its place.
    made: FxHashMap<Expr, Expr>,
}

impl Columns<'_> {
    fn ask(&mut self, sorted: &[Expr], roots: &[Expr]) -> Result<()> {
        let ambiguous = ambiguous(sorted, self.context)?;
        self.needs.extend(roots.iter().map(|root| (root.clone(), Need::All)));
        for expr in sorted.iter().rev() {
            // Nobody needs what is left out elsewhere.
            let Some(need) = self.needs.get(expr).cloned() else { continue };
            let of_operands = match expr.collection().as_str() {
                COLLECTION => needs(expr, &need, self.context)?,
                _ => vec![Some(Need::All); expr.operands().len()],
            };
            for (operand, need) in expr.operands().iter().zip(of_operands) {
                let Some(need) = need else { continue };
                let need = if ambiguous.contains(operand) { Need::All } else { need };
                match self.needs.get_mut(operand) {
                    Some(known) => known.add(need),
                    None => {
                        self.needs.insert(operand.clone(), need);
                    }
                }
            }
        }
        Ok(())
    }

    fn make(&self, expr: &Expr) -> Result<Expr> {
        let operands = expr.operands().iter().map(|operand| self.stand_in(operand)).collect();
        match self.needs.get(expr) {
            Some(need) if expr.collection().as_str() == COLLECTION => {
                narrowed(expr, operands, need, self.context)
            }
            Some(_) => expr.with_equal_operands(operands),
            None => Ok(expr.clone()),
        }
    }

    fn stand_in(&self, expr: &Expr) -> Expr {
        self.made.get(expr).unwrap_or(expr).clone()
    }
}

/// The expressions of which two columns have one name: what is needed of them cannot be told by names.
fn ambiguous(sorted: &[Expr], context: &Context<'_>) -> Result<FxHashSet<Expr>> {
    let mut found = FxHashSet::default();
    for expr in sorted {
        let is = match (expr.operation().as_str(), expr.operands()) {
            (FILTER | ASSIGN | METHOD, [first, ..]) if first.collection().as_str() == COLLECTION => {
                found.contains(first)
            }
            (COLUMN, _) => false,
            _ => schema(expr, context)?.is_some_and(has_twice),
        };
        if is {
            found.insert(expr.clone());
        }
    }
    Ok(found)
}

fn has_twice(schema: &Schema) -> bool {
    let mut seen: FxHashSet<&Label> = FxHashSet::default();
    !schema.labels().all(|label| seen.insert(label))
}
