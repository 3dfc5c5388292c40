//! Products of several matrices are multiplied in the order that costs least.

use raskt_core::{DType, Param, Result};
use raskt_expr::{Context, Expr, Rule};

use super::sliced::same_blocks;
use crate::blockwise::{blockwise, inputs};
use crate::builder::{Builder, NativeTokens, chunks};
use crate::parameters::{CHUNKS, KWARGS, get, integers_of, text, with, without};
use crate::products::{BLAS_MULTIPLICATIONS, MATMUL_BY_BLAS, MATMUL_BY_KERNEL};

/// Longer chains are taken in parts.
const N_FACTORS_MAX: usize = 16;

/// `a @ b @ v`, which is `a @ (b @ v)` where that is less work.
pub(super) struct ProductOrder;

impl Rule for ProductOrder {
    fn name(&self) -> &'static str {
        "product-order"
    }

    fn apply(&self, expr: &Expr, context: &Context<'_>) -> Result<Option<Expr>> {
        if !is_product(expr) {
            return Ok(None);
        }
        let mut chain = Chain { factors: Vec::new(), cost: 0, by_blas: false };
        chain.add(expr, context, true)?;
        if chain.factors.len() < 3 {
            return Ok(None);
        }
        let Some(lengths) = chain.lengths(context)? else { return Ok(None) };
        let (cost, splits) = order(&lengths);
        if cost >= chain.cost {
            return Ok(None);
        }
        let builder = Builder::new(*context, &NativeTokens);
        let parameters = without(expr.parameters(), &[CHUNKS]);
        let made = chain.multiplied(&builder, &parameters, &splits, 0, chain.factors.len() - 1)?;
        same_blocks(context, expr, made)
    }
}

/// Whether it is a product of two matrices.
fn is_product(expr: &Expr) -> bool {
    let parameters = expr.parameters();
    expr.operation().as_str() == "blockwise"
        && matches!(text(parameters, "function"), MATMUL_BY_BLAS | MATMUL_BY_KERNEL)
        && *expr.annotations() == Param::Null
        && matches!(get(parameters, KWARGS), Param::Null)
        && inputs(parameters) == [[0, 1], [1, 2]]
        && integers_of(parameters, "output").as_deref() == Some(&[0, 2])
}

/// Matrices that are multiplied.
struct Chain {
    factors: Vec<Expr>,
    /// The multiplications of the order that it has.
    cost: u64,
    by_blas: bool,
}

impl Chain {
    /// Adds the factors of `expr`: those of products that nobody else needs one by one.
    fn add(&mut self, expr: &Expr, context: &Context<'_>, is_root: bool) -> Result<()> {
        let mut product = expr;
        while product.operation().as_str() == "rechunk" && !context.is_shared(product) {
            product = &product.operands()[0];
        }
        let is_open = is_root || !context.is_shared(product) && self.factors.len() + 2 < N_FACTORS_MAX;
        if !is_open || !is_product(product) {
            self.factors.push(expr.clone());
            return Ok(());
        }
        let (left, right) = (&product.operands()[0], &product.operands()[1]);
        let length = |expr: &Expr, axis: usize| -> Result<Option<u64>> {
            Ok(chunks(context.meta(expr)?)?.axes()[axis].length())
        };
        let lengths = [length(left, 0)?, length(left, 1)?, length(right, 1)?];
        let cost = lengths.iter().try_fold(1_u64, |n, length| n.checked_mul((*length)?));
        self.cost = self.cost.saturating_add(cost.unwrap_or(u64::MAX));
        self.by_blas |= text(product.parameters(), "function") == MATMUL_BY_BLAS;
        self.add(left, context, false)?;
        self.add(right, context, false)
    }

    /// The lengths of all axes, of which neighbours share one; `None` where they or the dtypes are not all known and alike.
    fn lengths(&self, context: &Context<'_>) -> Result<Option<Vec<u64>>> {
        let mut lengths = Vec::with_capacity(self.factors.len() + 1);
        let dtype = context.meta(&self.factors[0])?.dtype().clone();
        for factor in &self.factors {
            let meta = context.meta(factor)?;
            let Some(&[Some(rows), Some(columns)]) = meta.shape() else { return Ok(None) };
            if *meta.dtype() != dtype || dtype.item_bytes().is_none() || dtype == DType::Bool {
                return Ok(None);
            }
            if lengths.is_empty() {
                lengths.push(rows);
            }
            lengths.push(columns);
        }
        Ok(Some(lengths))
    }

    fn multiplied(
        &self,
        builder: &Builder<'_>,
        parameters: &Param,
        splits: &[Vec<usize>],
        first: usize,
        last: usize,
    ) -> Result<Expr> {
        if first == last {
            return Ok(self.factors[first].clone());
        }
        let split = splits[first][last];
        let left = self.multiplied(builder, parameters, splits, first, split)?;
        let right = self.multiplied(builder, parameters, splits, split + 1, last)?;
        let most = |expr: &Expr, axis: usize| -> Result<u64> {
            Ok(builder.chunks(expr)?.axes()[axis].size_max().unwrap_or(1))
        };
        let n = most(&left, 0)?.saturating_mul(most(&left, 1)?).saturating_mul(most(&right, 1)?);
        let function =
            if self.by_blas && n >= BLAS_MULTIPLICATIONS { MATMUL_BY_BLAS } else { MATMUL_BY_KERNEL };
        let parameters = with(parameters, [("function", Param::Str(function.into()))]);
        Ok(blockwise(builder, &[left, right], &parameters)?)
    }
}

/// The fewest multiplications for matrices of such lengths, and behind which factor each range of them is split.
fn order(lengths: &[u64]) -> (u64, Vec<Vec<usize>>) {
    let n = lengths.len() - 1;
    let (mut costs, mut splits) = (vec![vec![0_u64; n]; n], vec![vec![0; n]; n]);
    for span in 1..n {
        for first in 0..n - span {
            let last = first + span;
            let cost = |split: usize| {
                let own = lengths[first].saturating_mul(lengths[split + 1]).saturating_mul(lengths[last + 1]);
                costs[first][split].saturating_add(costs[split + 1][last]).saturating_add(own)
            };
            let best = (first..last).map(|split| (cost(split), split)).min().unwrap_or_default();
            (costs[first][last], splits[first][last]) = best;
        }
    }
    (costs[0][n - 1], splits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_the_textbook_is_found() {
        let (cost, splits) = order(&[30, 35, 15, 5, 10, 20, 25]);
        assert_eq!((cost, splits[0][5]), (15_125, 2));
        assert_eq!(order(&[10, 100, 5, 50]).0, 7500);
    }
}
