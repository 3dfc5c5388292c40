//! Which expressions become one, and the program that they are.

use raskt_core::{Fit, Param, Result, Token};
use raskt_expr::{Context, Draft, Expr, LABEL, Pass, Way, label, operations};
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use super::step::{NativeStep, constant, is_native};
use crate::builder::NativeTokens;
use crate::kernels::{FoldKind, FoldSpec, Operand, Program, ProgramBuilder, Stage};
use crate::operations::COLLECTION;
use crate::parameters::{DTYPE, PARTIAL_LABEL, dtype_of, dtype_param, with};
use crate::reductions::{axes_of, is_reduction};
use crate::ufuncs::is_elementwise;

/// Longer chains are cut: what is gained gets less, what a task must hold gets more.
const N_STEPS_MAX: usize = 256;
/// More operands at once do not fit into caches tile by tile.
const N_INPUTS_MAX: usize = 24;

/// The most steps that all are named in what their program is called.
const N_STEPS_NAMED: usize = 4;

/// The name of fusion, by which it is left out.
pub const FUSE: &str = "fuse";

/// Fuses element-wise chains, and the reductions behind them. What several programs need stays as it is.
pub struct Fuse;

impl Pass for Fuse {
    fn name(&self) -> &'static str {
        FUSE
    }

    fn title(&self) -> &'static str {
        "fused"
    }

    /// Fusion is of native kernels: the library's functions are called one by one.
    fn apply(&self, roots: &[Expr], context: &Context<'_>) -> Result<Vec<Expr>> {
        match context.way_of(COLLECTION) {
            Way::Native | Way::Preferred => fuse(context, roots),
            Way::Library => Ok(roots.to_vec()),
        }
    }
}

fn fuse(context: &Context<'_>, roots: &[Expr]) -> Result<Vec<Expr>> {
    let sorted: Vec<Expr> = operations(roots).into_iter().cloned().collect();
    let mut fusion = Fusion {
        context,
        steps: FxHashMap::default(),
        inlined: FxHashSet::default(),
        made: FxHashMap::default(),
    };
    fusion.decide(&sorted, roots)?;
    for expr in &sorted {
        if !fusion.inlined.contains(&expr.token()) {
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
    /// Those that become part of the only program that needs them.
    inlined: FxHashSet<Token>,
    /// What the others become.
    made: FxHashMap<Token, Expr>,
}

/// A program in the making.
struct Size {
    n_steps: usize,
    inputs: Vec<Token>,
}

impl Size {
    fn new(expr: &Expr) -> Self {
        let mut size = Self { n_steps: 1, inputs: Vec::new() };
        size.read(expr);
        size
    }

    /// Reads what `expr` needs. Numbers are constants.
    fn read(&mut self, expr: &Expr) {
        for operand in expr.operands() {
            if operand.operation().as_str() != "scalar" && !self.inputs.contains(&operand.token()) {
                self.inputs.push(operand.token());
            }
        }
    }

    /// Takes in `expr`, of which it read before what it gives, if it does not become too large.
    fn take_in(&mut self, expr: &Expr) -> bool {
        let n_inputs = self.inputs.len();
        let place = self.inputs.iter().position(|input| *input == expr.token());
        self.read(expr);
        if self.n_steps + 1 > N_STEPS_MAX || self.inputs.len() > N_INPUTS_MAX + usize::from(place.is_some()) {
            self.inputs.truncate(n_inputs);
            return false;
        }
        place.map(|place| self.inputs.remove(place));
        self.n_steps += 1;
        true
    }
}

impl Fusion<'_> {
    /// Which steps become part of a program: those of which all users are parts of the same one, and are cut alike. A value
    /// that several steps of one chain need is computed once there.
    fn decide(&mut self, sorted: &[Expr], roots: &[Expr]) -> Result<()> {
        let is_root: FxHashSet<&Expr> = roots.iter().collect();
        let mut users: FxHashMap<Token, SmallVec<[&Expr; 2]>> = FxHashMap::default();
        for expr in sorted {
            for (at, operand) in expr.operands().iter().enumerate() {
                if operand.is_operation() && !expr.operands()[..at].contains(operand) {
                    users.entry(operand.token()).or_default().push(expr);
                }
            }
        }
        let mut homes: FxHashMap<Token, Token> = FxHashMap::default();
        let mut programs: FxHashMap<Token, Size> = FxHashMap::default();
        // Users come before what they use.
        for expr in sorted.iter().rev().filter(|expr| expr.collection().as_str() == COLLECTION) {
            let token = expr.token();
            let is_fold = is_reduction(expr) && self.fold_of(expr)?.is_some();
            if !is_fold {
                let step = if is_elementwise(expr) { NativeStep::of(expr, self.context)? } else { None };
                let Some(step) = step else { continue };
                self.steps.insert(token, step);
                let users = users.get(&token).map(SmallVec::as_slice).unwrap_or_default();
                if !is_root.contains(expr)
                    && let Some(home) = self.home(expr, users, &homes)?
                    && programs.get_mut(&home).is_some_and(|size| size.take_in(expr))
                {
                    self.inlined.insert(token);
                    homes.insert(token, home);
                    continue;
                }
            }
            homes.insert(token, token);
            programs.insert(token, Size::new(expr));
        }
        Ok(())
    }

    /// The one program that all users of `expr` are parts of, where they are cut as it is, so that none of its elements is
    /// needed twice, and where the same has been said of their tasks. What a reduction reduces is cut as it likes.
    fn home(&self, expr: &Expr, users: &[&Expr], homes: &FxHashMap<Token, Token>) -> Result<Option<Token>> {
        let home = users.first().and_then(|user| homes.get(&user.token()));
        for user in users {
            let is_alike = || -> Result<bool> {
                Ok(self.context.meta(expr)?.chunks() == self.context.meta(user)?.chunks())
            };
            let is_said_alike = user.annotations() == expr.annotations();
            if homes.get(&user.token()) != home || !is_said_alike || !(is_reduction(user) || is_alike()?) {
                return Ok(None);
            }
        }
        Ok(home.copied())
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
        let axes = axes_of(expr.parameters()).into_iter().map(|axis| axis.clamped::<u32>()).collect();
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
            let (program, operands, steps) = self.program(expr, None)?;
            let label = Param::Str(joined(&steps).into());
            let parameters =
                Param::map([("program", program.to_param()), (DTYPE, dtype(expr)?), (LABEL, label)]);
            return finish("fused", operands, parameters, expr);
        }
        if is_reduction(expr)
            && let Some(fold) = self.fold_of(expr)?
        {
            let operand = &expr.operands()[0];
            let (program, operands, mut steps) = self.program(operand, Some(fold))?;
            steps.push(label(expr));
            let more = [
                ("program", program.to_param()),
                ("from", dtype(operand)?),
                ("kind", Param::Str(expr.operation().as_str().into())),
                (LABEL, Param::Str(label(expr).into())),
                (PARTIAL_LABEL, Param::Str(joined(&steps).into())),
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

    /// The program that ends in `expr`, what it reads, and what its steps are called.
    fn program<'e>(
        &'e self,
        expr: &'e Expr,
        fold: Option<FoldSpec>,
    ) -> Result<(Program, Vec<Expr>, Vec<&'e str>)> {
        let mut emit = Emit {
            fusion: self,
            program: ProgramBuilder::new(Vec::new()),
            inputs: Vec::new(),
            steps: Vec::new(),
            done: FxHashMap::default(),
        };
        let is_part = fold.is_none() || self.inlined.contains(&expr.token());
        let result = if is_part { emit.step(expr)? } else { emit.input(expr)? };
        let program = emit.program.returning(result).finish();
        let program = match fold {
            Some(fold) => program.folded(fold)?,
            None => program,
        };
        Ok((program, emit.inputs, emit.steps))
    }
}

/// What a chain of steps is called: by all of a short one, by the ends of a long one.
fn joined(steps: &[&str]) -> String {
    match steps {
        [first, second, .., last] if steps.len() > N_STEPS_NAMED => format!("{first}-{second}-etc-{last}"),
        _ => steps.join("-"),
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
    /// What users call the steps, in their order.
    steps: Vec<&'a str>,
    done: FxHashMap<Token, Operand>,
}

impl<'a> Emit<'a> {
    fn step(&mut self, expr: &'a Expr) -> Result<Operand> {
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
                None if self.fusion.inlined.contains(&operand.token()) => self.step(operand)?,
                None => self.input(operand)?,
            });
        }
        let result = step.push(&mut self.program, &operands)?;
        self.steps.push(label(expr));
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
