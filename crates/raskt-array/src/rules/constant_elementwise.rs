//! Element-wise work on arrays that are full of one value gives an array full of one value.

use crate::COLLECTION;
use raskt_core::{Param, Result, Value};
use raskt_exec::{FloatErrors, FloatKinds};
use raskt_expr::{Context, Expr, Rule, Way};

use super::sliced::same_blocks;
use crate::broadcast::common_chunks;
use crate::builder::{Builder, NativeTokens, chunks};
use crate::creation::{fill_of, full_of};
use crate::fusion::{NativeStep, constant};
use crate::kernels::{self, ProgramBuilder, Scalar};
use crate::ufuncs::{is_elementwise, scalar};

/// `ones + 1`; and `ones + x`, which is `1 + x`. The value is found by the very kernel that would have run.
pub(super) struct ConstantElementwise;

impl Rule for ConstantElementwise {
    fn name(&self) -> &'static str {
        "constant-elementwise"
    }

    fn apply(&self, expr: &Expr, context: &Context<'_>) -> Result<Option<Expr>> {
        let is_full = |expr: &Expr| expr.operation().as_str() == "full";
        let is_plain = *expr.annotations() == Param::Null && context.way_of(COLLECTION) != Way::Library;
        if !is_plain || !expr.operands().iter().any(is_full) || !is_elementwise(expr) {
            return Ok(None);
        }
        let Some(step) = NativeStep::of(expr, context)? else { return Ok(None) };
        let is_constant = |expr: &Expr| is_full(expr) || expr.operation().as_str() == "scalar";
        if expr.operands().iter().all(is_constant) {
            let Some(value) = value(expr, &step)? else { return Ok(None) };
            let made = full_of(context, &value, &chunks(context.meta(expr)?)?)?;
            return Ok((context.meta(&made)?.dtype() == context.meta(expr)?.dtype()).then_some(made));
        }
        numbers(expr, context, is_full)
    }
}

/// What one element of the result is; `None` also where finding it meets a floating-point error, which the user is told
/// of when the array is computed.
fn value(expr: &Expr, step: &NativeStep) -> Result<Option<Scalar>> {
    let mut program = ProgramBuilder::new(Vec::new());
    let (mut operands, mut inputs) = (Vec::new(), Vec::new());
    for (at, operand) in expr.operands().iter().enumerate() {
        match operand.operation().as_str() {
            "scalar" => match constant(operand, step.input(at)) {
                Some(number) => operands.push(program.constant(number)),
                None => return Ok(None),
            },
            _ => {
                let Some(fill) = fill_of(operand.parameters()) else { return Ok(None) };
                operands.push(program.add_input(fill.dtype().clone()));
                inputs.push(Value::from(fill.to_array()?));
            }
        }
    }
    let result = step.push(&mut program, &operands)?;
    let program = program.returning(result).finish();
    let errors = FloatErrors::new(FloatKinds::ALL);
    let found = kernels::call_noting("array.elementwise", &program.to_param(), inputs, Some(&errors))?;
    if !errors.found().is_empty() {
        return Ok(None);
    }
    match found {
        Value::Array(array) => Scalar::of_array(&array).map(Some),
        _ => Ok(None),
    }
}

/// The same work on numbers, in place of arrays that are full of them: where the others have the result's blocks already.
fn numbers(expr: &Expr, context: &Context<'_>, is_full: impl Fn(&Expr) -> bool) -> Result<Option<Expr>> {
    let mut others = Vec::new();
    for operand in expr.operands().iter().filter(|operand| !is_full(operand)) {
        others.push(chunks(context.meta(operand)?)?);
    }
    let whole = chunks(context.meta(expr)?)?;
    if !common_chunks(&others).is_ok_and(|common| common == whole) {
        return Ok(None);
    }
    let builder = Builder::new(*context, &NativeTokens);
    let mut operands = Vec::with_capacity(expr.operands().len());
    for operand in expr.operands() {
        let fill = if is_full(operand) { fill_of(operand.parameters()) } else { None };
        operands.push(match fill {
            Some(fill) => {
                let value = Param::Value(Value::from(fill.to_array()?));
                scalar(&builder, value, fill.dtype(), false)?
            }
            None => operand.clone(),
        });
    }
    same_blocks(context, expr, expr.with_operands(operands)?)
}
