//! Which expressions become one, and the program that they are.

use raskt_core::{Param, Result, Token};
use raskt_expr::{Context, Draft, Expr, post_order};
use rustc_hash::FxHashMap;

use super::step::{NativeStep, constant, is_native};
use crate::builder::{NativeTokens, chunks};
use crate::kernels::{FoldKind, FoldSpec, Operand, Program, ProgramBuilder, Stage};
use crate::operations::COLLECTION;
use crate::parameters::{DTYPE, dtype_of, dtype_param, with};
use crate::reductions::{axes_of, is_reduction};
use crate::ufuncs::is_elementwise;

/// Longer chains are cut: what is gained gets less, what a task must hold gets more.
const N_STEPS_MAX: usize = 256;
/// More operands at once do not fit into caches tile by tile.
const N_INPUTS_MAX: usize = 24;

/// `roots` with element-wise chains, and the reductions behind them, fused. What several need stays as it is.
///
/// # Errors
/// What the operations' rules return.
pub fn fuse(context: &Context<'_>, roots: &[Expr]) -> Result<Vec<Expr>> {
    let sorted: Vec<Expr> = post_order(roots).into_iter().cloned().collect();
    let mut fusion = Fusion {
        context,
        steps: FxHashMap::default(),
        inlined: FxHashMap::default(),
        made: FxHashMap::default(),
    };
    fusion.decide(&sorted, roots)?;
    for expr in &sorted {
        if !fusion.inlined.contains_key(&expr.token()) {
            let made = fusion.make(expr)?;
            fusion.made.insert(expr.token(), made);
        }
    }
    Ok(roots
        .iter()
        .map(|root| fusion.made.get(&root.token()).cloned().unwrap_or_else(|| root.clone()))
        .collect())
}

struct Fusion<'a> {
    context: &'a Context<'a>,
    /// Expressions that are steps.
    steps: FxHashMap<Token, NativeStep>,
    /// Those that become part of the only one that needs them.
    inlined: FxHashMap<Token, ()>,
    /// What the others become.
    made: FxHashMap<Token, Expr>,
}

impl Fusion<'_> {
    fn decide(&mut self, sorted: &[Expr], roots: &[Expr]) -> Result<()> {
        let mut consumers: FxHashMap<Token, u32> = FxHashMap::default();
        roots.iter().for_each(|root| *consumers.entry(root.token()).or_default() += 2);
        for expr in sorted {
            for (at, operand) in expr.operands().iter().enumerate() {
                if !expr.operands()[..at].contains(operand) {
                    *consumers.entry(operand.token()).or_default() += 1;
                }
            }
        }
        let mut sizes: FxHashMap<Token, (usize, usize)> = FxHashMap::default();
        for expr in sorted.iter().filter(|expr| expr.collection().as_str() == COLLECTION) {
            let fold = is_reduction(expr) && self.fold_of(expr)?.is_some();
            if !fold {
                let step = if is_elementwise(expr) { NativeStep::of(expr, self.context)? } else { None };
                let Some(step) = step else { continue };
                self.steps.insert(expr.token(), step);
            }
            let (mut n_steps, mut n_inputs) = (1, 0);
            for operand in expr.operands() {
                let lone = consumers.get(&operand.token()) == Some(&1);
                let size = sizes.get(&operand.token()).copied().filter(|_| lone);
                match size {
                    Some((steps, inputs))
                        if n_steps + steps <= N_STEPS_MAX
                            && n_inputs + inputs <= N_INPUTS_MAX
                            && (fold || self.is_alike(operand, expr)?) =>
                    {
                        self.inlined.insert(operand.token(), ());
                        n_steps += steps;
                        n_inputs += inputs;
                    }
                    _ => n_inputs += 1,
                }
            }
            if !fold {
                sizes.insert(expr.token(), (n_steps, n_inputs));
            }
        }
        Ok(())
    }

    /// Whether both are cut alike, so that no element of the operand is needed twice.
    fn is_alike(&self, operand: &Expr, expr: &Expr) -> Result<bool> {
        Ok(chunks(self.context.meta(operand)?)? == chunks(self.context.meta(expr)?)?)
    }

    /// The native fold that a reduction is.
    fn fold_of(&self, expr: &Expr) -> Result<Option<FoldSpec>> {
        let operand = self.context.meta(&expr.operands()[0])?;
        let Some(kind) = FoldKind::parse(expr.operation().as_str()).filter(|_| is_native(operand)) else {
            return Ok(None);
        };
        let (Some(own), dtype) = (kind.output(operand.dtype()), dtype_of(expr.parameters())) else {
            return Ok(None);
        };
        // A dtype of one's own may ask for sums in another width than the kernel's.
        if own != dtype {
            return Ok(None);
        }
        let ddof = expr.parameters().get("ddof").and_then(Param::as_float).unwrap_or(0.0);
        let axes = axes_of(expr.parameters()).into_iter().map(|axis| axis as u32).collect();
        Ok(Some(FoldSpec {
            axes: Some(axes),
            ddof,
            stage: Stage::Partial,
            keeps_axes: true,
            ..FoldSpec::new(kind.of(operand.dtype()))
        }))
    }

    /// What stands for `expr`, whose operands have been made.
    fn make(&self, expr: &Expr) -> Result<Expr> {
        if expr.collection().as_str() != COLLECTION {
            return self.with_made_operands(expr);
        }
        let dtype = |expr: &Expr| self.context.meta(expr).map(|meta| dtype_param(meta.dtype()));
        if self.steps.contains_key(&expr.token()) {
            let (program, operands) = self.program(expr, None)?;
            let parameters = Param::map([("program", program.to_param()), (DTYPE, dtype(expr)?)]);
            return finish("fused", operands, parameters, expr);
        }
        if is_reduction(expr)
            && let Some(fold) = self.fold_of(expr)?
        {
            let operand = &expr.operands()[0];
            let (program, operands) = self.program(operand, Some(fold))?;
            let more = [
                ("program", program.to_param()),
                ("from", dtype(operand)?),
                ("kind", Param::Str(expr.operation().as_str().into())),
            ];
            return finish("folded", operands, with(expr.parameters(), more), expr);
        }
        self.with_made_operands(expr)
    }

    fn with_made_operands(&self, expr: &Expr) -> Result<Expr> {
        let operands = expr.operands().iter().map(|operand| self.stand_in(operand)).collect();
        let changed = expr.with_operands(operands)?;
        self.context.meta(&changed)?;
        Ok(changed)
    }

    fn stand_in(&self, expr: &Expr) -> Expr {
        self.made.get(&expr.token()).cloned().unwrap_or_else(|| expr.clone())
    }

    /// The program that ends in `expr`, and what it reads.
    fn program(&self, expr: &Expr, fold: Option<FoldSpec>) -> Result<(Program, Vec<Expr>)> {
        let mut emit = Emit {
            fusion: self,
            program: ProgramBuilder::new(Vec::new()),
            inputs: Vec::new(),
            done: FxHashMap::default(),
        };
        let is_part = fold.is_none() || self.inlined.contains_key(&expr.token());
        let result = if is_part { emit.step(expr)? } else { emit.input(expr)? };
        let program = emit.program.returning(result).finish();
        let program = match fold {
            Some(fold) => program.folded(fold)?,
            None => program,
        };
        Ok((program, emit.inputs))
    }
}

fn finish(operation: &str, operands: Vec<Expr>, parameters: Param, of: &Expr) -> Result<Expr> {
    Draft {
        operands,
        parameters,
        annotations: of.annotations().clone(),
        meta: of.known_meta().cloned(),
        ..Draft::new(COLLECTION, operation)
    }
    .finish_with(&NativeTokens)
}

/// Writes one program. Chains are short, so that recursion is.
struct Emit<'a> {
    fusion: &'a Fusion<'a>,
    program: ProgramBuilder,
    inputs: Vec<Expr>,
    done: FxHashMap<Token, Operand>,
}

impl Emit<'_> {
    fn step(&mut self, expr: &Expr) -> Result<Operand> {
        if let Some(&done) = self.done.get(&expr.token()) {
            return Ok(done);
        }
        let Some(step) = self.fusion.steps.get(&expr.token()) else { return self.input(expr) };
        let mut operands = Vec::with_capacity(expr.operands().len());
        for (at, operand) in expr.operands().iter().enumerate() {
            let number = match operand.operation().as_str() {
                "scalar" => constant(operand, step.input(at)),
                _ => None,
            };
            operands.push(match number {
                Some(number) => self.program.constant(number),
                None if self.fusion.inlined.contains_key(&operand.token()) => self.step(operand)?,
                None => self.input(operand)?,
            });
        }
        let result = step.push(&mut self.program, &operands)?;
        self.done.insert(expr.token(), result);
        Ok(result)
    }

    fn input(&mut self, expr: &Expr) -> Result<Operand> {
        if let Some(&done) = self.done.get(&expr.token()) {
            return Ok(done);
        }
        let dtype = self.fusion.context.meta(expr)?.dtype().clone();
        let input = self.program.add_input(dtype);
        self.inputs.push(self.fusion.stand_in(expr));
        self.done.insert(expr.token(), input);
        Ok(input)
    }
}
