//! Programs: chains of element-wise operations as data.

use std::fmt;

use raskt_core::{DType, Error, ErrorKind, Result};

use super::op::{Op, Runner};
use crate::kernels::Scalar;
use crate::kernels::reduce::FoldSpec;
use crate::types::Ufunc;

/// A value within a program: first the inputs, then the constants, then one a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Register(pub u16);

/// One operation on registers before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What is done.
    pub op: Op,
    /// To what.
    pub operands: Vec<Register>,
}

/// An element-wise chain, fused: what comes out is the last register, or its reduction.
///
/// ```
/// use raskt_array::kernels::{Program, ProgramBuilder, Scalar};
/// use raskt_array::types::Ufunc;
/// use raskt_core::DType;
/// let mut chain = ProgramBuilder::new(vec![DType::Float64]);
/// let two = chain.constant(Scalar::float(DType::Float64, 2.0));
/// let twice = chain.ufunc(Ufunc::Multiply, &[chain.input(0), two])?;
/// chain.ufunc(Ufunc::Square, &[twice])?;
/// let program = chain.finish();
/// assert_eq!(program.to_string(), "square(x0 * 2.0)");
/// assert_eq!(Program::from_param(&program.to_param())?, program);
/// # Ok::<(), raskt_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    pub(super) inputs: Vec<DType>,
    pub(super) constants: Vec<Scalar>,
    pub(super) steps: Vec<Step>,
    /// The dtype of every register.
    pub(super) dtypes: Vec<DType>,
    pub(super) fold: Option<FoldSpec>,
}

impl Program {
    /// The dtypes of the inputs.
    #[must_use]
    pub fn inputs(&self) -> &[DType] {
        &self.inputs
    }

    /// The steps.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The dtype of the elements, before any reduction.
    #[must_use]
    pub fn dtype(&self) -> &DType {
        &self.dtypes[self.dtypes.len() - 1]
    }

    /// The reduction that follows.
    #[must_use]
    pub fn fold(&self) -> Option<&FoldSpec> {
        self.fold.as_ref()
    }

    /// The same chain, reduced.
    ///
    /// # Errors
    /// [`ErrorKind::WrongType`] where the reduction has no native kernel for the chain's dtype.
    pub fn folded(mut self, fold: FoldSpec) -> Result<Self> {
        fold.check(self.dtype())?;
        self.fold = Some(fold);
        Ok(self)
    }

    /// How each step runs.
    ///
    /// # Errors
    /// [`ErrorKind::WrongType`] for a step without a native loop.
    pub(super) fn prepared(&self) -> Result<Vec<Runner>> {
        let runner = |step: &Step| {
            let dtypes: Vec<&DType> = step.operands.iter().map(|r| &self.dtypes[usize::from(r.0)]).collect();
            step.op.prepare(&dtypes).map(|(runner, _)| runner).ok_or_else(|| no_loop(&step.op, &dtypes))
        };
        self.steps.iter().map(runner).collect()
    }

    fn text(&self, register: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if register < self.inputs.len() {
            return write!(f, "x{register}");
        }
        if let Some(constant) = self.constants.get(register - self.inputs.len()) {
            return write!(f, "{constant}");
        }
        let step = &self.steps[register - self.inputs.len() - self.constants.len()];
        if let (Op::Ufunc(ufunc), [a, b]) = (&step.op, step.operands.as_slice())
            && let Some(sign) = sign(*ufunc)
        {
            self.operand(*a, f)?;
            write!(f, " {sign} ")?;
            return self.operand(*b, f);
        }
        match &step.op {
            Op::Cast(dtype) => write!(f, "{dtype}(")?,
            op => write!(f, "{}(", op.name())?,
        }
        for (at, operand) in step.operands.iter().enumerate() {
            if at > 0 {
                f.write_str(", ")?;
            }
            self.text(usize::from(operand.0), f)?;
        }
        f.write_str(")")
    }

    /// An operand of a sign, in parentheses where it is one itself.
    fn operand(&self, register: Register, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = usize::from(register.0);
        let step = at.checked_sub(self.inputs.len() + self.constants.len()).map(|at| &self.steps[at]);
        let is_infix = step.is_some_and(|step| match step.op {
            Op::Ufunc(ufunc) => step.operands.len() == 2 && sign(ufunc).is_some(),
            _ => false,
        });
        if !is_infix {
            return self.text(at, f);
        }
        f.write_str("(")?;
        self.text(at, f)?;
        f.write_str(")")
    }
}

fn sign(ufunc: Ufunc) -> Option<&'static str> {
    Some(match ufunc {
        Ufunc::Add => "+",
        Ufunc::Subtract => "-",
        Ufunc::Multiply => "*",
        Ufunc::Divide => "/",
        Ufunc::FloorDivide => "//",
        Ufunc::Remainder => "%",
        Ufunc::Power => "**",
        Ufunc::Equal => "==",
        Ufunc::NotEqual => "!=",
        Ufunc::Less => "<",
        Ufunc::LessEqual => "<=",
        Ufunc::Greater => ">",
        Ufunc::GreaterEqual => ">=",
        Ufunc::BitwiseAnd => "&",
        Ufunc::BitwiseOr => "|",
        Ufunc::BitwiseXor => "^",
        Ufunc::LeftShift => "<<",
        Ufunc::RightShift => ">>",
        _ => return None,
    })
}

impl fmt::Display for Program {
    /// The chain as a formula over `x0`, `x1`, ...; a reduction around it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.dtypes.len() - 1;
        match &self.fold {
            None => self.text(last, f),
            Some(fold) => {
                write!(f, "{}(", fold.kind.name())?;
                self.text(last, f)?;
                f.write_str(")")
            }
        }
    }
}

/// The error that no native loop takes these dtypes.
pub(super) fn no_loop(op: &Op, dtypes: &[&DType]) -> Error {
    let names: Vec<String> = dtypes.iter().map(ToString::to_string).collect();
    let found = format!("{} of {}", op.name(), names.join(", "));
    ErrorKind::WrongType { expected: "operands with a native loop", found }.into()
}

/// Puts a [`Program`] together. Equal steps and constants become one.
#[derive(Clone, Debug)]
pub struct ProgramBuilder {
    inputs: Vec<DType>,
    constants: Vec<Scalar>,
    /// Steps whose operands count constants from the far end, as more of them may come.
    steps: Vec<(Op, Vec<Operand>)>,
    dtypes: Vec<DType>,
    result: Option<Operand>,
}

/// A value of a program that is being built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operand {
    /// An input.
    Input(u16),
    /// A constant.
    Constant(u16),
    /// What a step gives.
    Step(u16),
}

impl ProgramBuilder {
    /// A program of inputs of these dtypes.
    #[must_use]
    pub fn new(inputs: Vec<DType>) -> Self {
        Self { inputs, constants: Vec::new(), steps: Vec::new(), dtypes: Vec::new(), result: None }
    }

    /// The input with that number.
    #[must_use]
    pub fn input(&self, number: u16) -> Operand {
        Operand::Input(number)
    }

    /// Another input.
    pub fn add_input(&mut self, dtype: DType) -> Operand {
        self.inputs.push(dtype);
        Operand::Input((self.inputs.len() - 1) as u16)
    }

    /// A constant.
    pub fn constant(&mut self, scalar: Scalar) -> Operand {
        let found = self.constants.iter().position(|other| *other == scalar);
        let at = found.unwrap_or_else(|| {
            self.constants.push(scalar);
            self.constants.len() - 1
        });
        Operand::Constant(at as u16)
    }

    /// The dtype of a value.
    #[must_use]
    pub fn dtype(&self, value: Operand) -> &DType {
        match value {
            Operand::Input(at) => &self.inputs[usize::from(at)],
            Operand::Constant(at) => self.constants[usize::from(at)].dtype(),
            Operand::Step(at) => &self.dtypes[usize::from(at)],
        }
    }

    /// Adds a step whose operands have the dtypes of its loop already.
    ///
    /// # Errors
    /// [`ErrorKind::WrongType`] where there is no native loop for them; [`ErrorKind::InvalidValue`] past 65,535 steps.
    pub fn push(&mut self, op: Op, operands: &[Operand]) -> Result<Operand> {
        if op == Op::Ufunc(Ufunc::Clip) && operands.len() == 3 {
            let raised = self.push(Op::Ufunc(Ufunc::Maximum), &operands[..2])?;
            return self.push(Op::Ufunc(Ufunc::Minimum), &[raised, operands[2]]);
        }
        let op = match (&op, operands) {
            (Op::Ufunc(Ufunc::Power), [base, Operand::Constant(at)])
                if self.is_float_two(usize::from(*at)) =>
            {
                return self.push(Op::Ufunc(Ufunc::Square), &[*base]);
            }
            _ => op,
        };
        let dtypes: Vec<&DType> = operands.iter().map(|&value| self.dtype(value)).collect();
        let (_, dtype) = op.prepare(&dtypes).ok_or_else(|| no_loop(&op, &dtypes))?;
        let step = (op, operands.to_vec());
        let found = self.steps.iter().position(|other| *other == step);
        let at = match found {
            Some(at) => at,
            None => {
                self.steps.push(step);
                self.dtypes.push(dtype);
                self.steps.len() - 1
            }
        };
        let at = u16::try_from(at).map_err(|_| ErrorKind::InvalidValue("a chain of 65,536 steps".into()))?;
        self.result = Some(Operand::Step(at));
        Ok(Operand::Step(at))
    }

    fn is_float_two(&self, constant: usize) -> bool {
        let two = |dtype| self.constants[constant] == Scalar::float(dtype, 2.0);
        two(DType::Float32) || two(DType::Float64)
    }

    /// Adds a cast, where one is needed.
    ///
    /// # Errors
    /// [`ErrorKind::WrongType`] where there is no native cast.
    pub fn cast(&mut self, value: Operand, dtype: &DType) -> Result<Operand> {
        match self.dtype(value) {
            same if same == dtype => {
                self.result = Some(value);
                Ok(value)
            }
            _ => self.push(Op::Cast(dtype.clone()), &[value]),
        }
    }

    /// Adds a ufunc, and before it the casts that NumPy makes.
    ///
    /// # Errors
    /// [`ErrorKind::WrongType`] where there is no native loop.
    pub fn ufunc(&mut self, ufunc: Ufunc, operands: &[Operand]) -> Result<Operand> {
        let typed: Vec<_> = operands.iter().map(|&value| self.dtype(value).clone().into()).collect();
        let resolved = ufunc.resolve(&typed).filter(crate::types::Loop::is_native).ok_or_else(|| {
            let dtypes: Vec<&DType> = operands.iter().map(|&value| self.dtype(value)).collect();
            no_loop(&Op::Ufunc(ufunc), &dtypes)
        })?;
        let cast: Result<Vec<Operand>> =
            operands.iter().zip(&resolved.inputs).map(|(&value, dtype)| self.cast(value, dtype)).collect();
        self.push(Op::Ufunc(ufunc), &cast?)
    }

    /// Says which value comes out, where it is not the last one added; steps that it does not need go.
    #[must_use]
    pub fn returning(mut self, value: Operand) -> Self {
        self.result = Some(value);
        self
    }

    /// The program. Without any step it gives its first input, or its first constant.
    #[must_use]
    pub fn finish(self) -> Program {
        let first = if self.inputs.is_empty() { Operand::Constant(0) } else { Operand::Input(0) };
        let result = self.result.unwrap_or(first);
        let n_steps = self.steps.len();
        let mut is_used = vec![false; n_steps];
        let mut next = vec![result];
        while let Some(value) = next.pop() {
            if let Operand::Step(at) = value
                && !std::mem::replace(&mut is_used[usize::from(at)], true)
            {
                next.extend(&self.steps[usize::from(at)].1);
            }
        }
        let n_before = self.inputs.len() + self.constants.len();
        let mut numbers = vec![0_u16; n_steps];
        let mut kept = 0;
        for (number, _) in numbers.iter_mut().zip(&is_used).filter(|(_, used)| **used) {
            *number = (n_before + kept) as u16;
            kept += 1;
        }
        let register = |value: Operand| match value {
            Operand::Input(at) => Register(at),
            Operand::Constant(at) => Register(self.inputs.len() as u16 + at),
            Operand::Step(at) => Register(numbers[usize::from(at)]),
        };
        let mut dtypes: Vec<DType> = self.inputs.clone();
        dtypes.extend(self.constants.iter().map(|constant| constant.dtype().clone()));
        let mut steps = Vec::with_capacity(kept);
        for at in (0..n_steps).filter(|&at| is_used[at]) {
            let (op, operands) = &self.steps[at];
            dtypes.push(self.dtypes[at].clone());
            steps.push(Step {
                op: op.clone(),
                operands: operands.iter().map(|&value| register(value)).collect(),
            });
        }
        let mut program = Program {
            inputs: self.inputs.clone(),
            constants: self.constants.clone(),
            steps,
            dtypes,
            fold: None,
        };
        let last = register(result);
        if usize::from(last.0) + 1 != program.dtypes.len() {
            // The result is an input or a constant: what comes out is the last register.
            let dtype = program.dtypes[usize::from(last.0)].clone();
            program.steps.push(Step { op: Op::Cast(dtype.clone()), operands: vec![last] });
            program.dtypes.push(dtype);
        }
        program
    }
}
