//! One expression as a step of a program.

use crate::COLLECTION;
use raskt_core::{DType, Fit, Param, Result, Value};
use raskt_expr::{Context, Expr, Held, Meta, Way};

use crate::builder::chunks;
use crate::kernels::{Op, Operand, ProgramBuilder, Scalar};
use crate::parameters::{KWARGS, get};
use crate::types::{Ufunc, integer_fits};
use crate::ufuncs::promoted;

/// What a step does, and the dtypes that its operands are cast to first.
pub(crate) struct NativeStep {
    op: Op,
    inputs: Vec<DType>,
}

impl NativeStep {
    /// The step that `expr` is; `None` where there is no native loop for it.
    pub(crate) fn of(expr: &Expr, context: &Context<'_>) -> Result<Option<Self>> {
        if get(expr.parameters(), KWARGS) != Param::Null {
            return Ok(None);
        }
        let metas = context.operand_metas(expr)?;
        let dtype = context.meta(expr)?.dtype().clone();
        if dtype.item_bytes().is_none() || !metas.iter().all(is_native) {
            return Ok(None);
        }
        if is_better_left(expr, context, &dtype)? {
            return Ok(None);
        }
        let step = match expr.operation().as_str() {
            "astype" => Some(Self { op: Op::Cast(dtype.clone()), inputs: vec![metas[0].dtype().clone()] }),
            "where" => Some(Self { op: Op::Where, inputs: vec![DType::Bool, dtype.clone(), dtype.clone()] }),
            "real" => Some(Self { op: Op::Real, inputs: vec![metas[0].dtype().clone()] }),
            "imag" => Some(Self { op: Op::Imag, inputs: vec![metas[0].dtype().clone()] }),
            // Whole numbers become floats first.
            "angle" => Some(Self { op: Op::Angle, inputs: vec![angled(metas[0].dtype(), &dtype)] }),
            name => Ufunc::parse(name).and_then(|ufunc| {
                let operands: Vec<_> = metas.iter().map(promoted).collect();
                let found =
                    ufunc.resolve(&operands).filter(|found| found.is_native() && found.output == dtype)?;
                Some(Self { op: Op::Ufunc(ufunc), inputs: found.inputs })
            }),
        };
        let Some(step) = step else { return Ok(None) };
        let fits = expr.operands().iter().zip(&step.inputs).all(|(operand, dtype)| {
            operand.operation().as_str() != "scalar" || constant(operand, dtype).is_some()
        });
        Ok((fits && step.is_known(&dtype)).then_some(step))
    }

    /// Whether there is a loop that returns what the plan says, casts of the operands included.
    fn is_known(&self, dtype: &DType) -> bool {
        let mut trial = ProgramBuilder::new(self.inputs.clone());
        let operands: Vec<Operand> = (0..self.inputs.len().fit::<u16>()).map(|at| trial.input(at)).collect();
        trial.push(self.op.clone(), &operands).is_ok_and(|result| trial.dtype(result) == dtype)
    }

    /// Adds the step to `program`.
    pub(crate) fn push(&self, program: &mut ProgramBuilder, operands: &[Operand]) -> Result<Operand> {
        let cast = operands.iter().zip(&self.inputs).map(|(&operand, dtype)| program.cast(operand, dtype));
        let cast = cast.collect::<Result<Vec<_>>>()?;
        program.push(self.op.clone(), &cast)
    }

    /// The dtype that operand number `at` is cast to.
    pub(crate) fn input(&self, at: usize) -> &DType {
        &self.inputs[at]
    }
}

/// Blocks of so many elements are worth a call of the library: below it the call takes longer than its loop saves.
const N_ELEMENTS_WORTH_A_CALL: u64 = 16 << 10;

/// Whether the library's own loop is to run, because blocks are large and it is vectorised where ours is not.
fn is_better_left(expr: &Expr, context: &Context<'_>, dtype: &DType) -> Result<bool> {
    if context.way_of(COLLECTION) != Way::Preferred || !matches!(dtype, DType::Float32 | DType::Float64) {
        return Ok(false);
    }
    let Some(path) = context.operations.of(expr)?.library.as_ref() else { return Ok(false) };
    if !context.library.is_vectorised(path.as_str(), dtype) {
        return Ok(false);
    }
    if is_plain_power(expr) {
        return Ok(false);
    }
    let chunks = chunks(context.meta(expr)?)?;
    let sizes = chunks.axes().iter().map(|axis| axis.size_max().unwrap_or(1));
    Ok(sizes.product::<u64>() >= N_ELEMENTS_WORTH_A_CALL)
}

/// Whether a power is a square or a root, of which there are native loops.
fn is_plain_power(expr: &Expr) -> bool {
    let exponent = || match expr.operands().get(1)?.parameters().get("value")? {
        Param::Int(value) => Some(*value as f64),
        Param::Float(value) => Some(*value),
        _ => None,
    };
    expr.operation().as_str() == "power" && exponent().is_some_and(|exponent| [0.5, 2.0].contains(&exponent))
}

/// The dtype in which an angle is found: that of the result, where elements have no imaginary part.
fn angled(operand: &DType, output: &DType) -> DType {
    match operand {
        DType::Complex64 | DType::Complex128 => operand.clone(),
        _ => output.clone(),
    }
}

/// Whether native kernels know such operands.
pub(crate) fn is_native(meta: &Meta) -> bool {
    matches!(meta.container().as_str(), "array" | "weak") && meta.dtype().item_bytes().is_some()
}

/// The constant that the number `expr` is, as an element of `dtype`; `None` where it does not fit.
pub(crate) fn constant(expr: &Expr, dtype: &DType) -> Option<Scalar> {
    match expr.parameters().get("value")? {
        Param::Bool(value) => Some(Scalar::int(dtype.clone(), i128::from(*value))),
        Param::Int(value) => {
            let is_integer = matches!(
                dtype,
                DType::Int8
                    | DType::Int16
                    | DType::Int32
                    | DType::Int64
                    | DType::UInt8
                    | DType::UInt16
                    | DType::UInt32
                    | DType::UInt64
            );
            let fits = !is_integer || integer_fits(i128::from(*value), dtype);
            fits.then(|| Scalar::int(dtype.clone(), i128::from(*value)))
        }
        Param::Float(value) => Some(Scalar::float(dtype.clone(), *value)),
        held => match Held::value_of(held)? {
            // A number of another dtype is cast by the program.
            Value::Array(array) if array.dtype() == dtype => Scalar::of_array(array).ok(),
            Value::Array(array) => {
                let scalar = Scalar::of_array(array).ok()?;
                let mut trial = ProgramBuilder::new(Vec::new());
                let constant = trial.constant(scalar.clone());
                trial.cast(constant, dtype).ok().map(|_| scalar)
            }
            _ => None,
        },
    }
}
