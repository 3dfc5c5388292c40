//! Programs as parameters of bodies.

use raskt_core::{DType, Error, Param, Result};

use super::op::Op;
use super::program::{Program, Register, Step, no_loop};
use crate::kernels::Scalar;
use crate::kernels::memory::invalid;
use crate::kernels::reduce::FoldSpec;

impl Program {
    /// The program as a body's parameter: `{"inputs": [dtype, ..], "constants": [[dtype, bits], ..],
    /// "steps": [[name, register, ..], ..], "fold": {..} or null}`.
    #[must_use]
    pub fn to_param(&self) -> Param {
        let text = |text: String| Param::Str(text.into());
        let inputs = self.inputs.iter().map(|dtype| text(dtype.to_string())).collect();
        let constants = self.constants.iter().map(Scalar::to_param).collect();
        let step = |step: &Step| {
            let operands = step.operands.iter().map(|register| Param::Int(register.0.into()));
            Param::List([text(step.op.name())].into_iter().chain(operands).collect())
        };
        Param::map([
            ("inputs", Param::List(inputs)),
            ("constants", Param::List(constants)),
            ("steps", Param::List(self.steps.iter().map(step).collect())),
            ("fold", self.fold.as_ref().map_or(Param::Null, FoldSpec::to_param)),
        ])
    }

    /// What [`Program::to_param`] wrote, checked.
    ///
    /// # Errors
    /// [`raskt_core::ErrorKind::InvalidValue`] for anything else, [`raskt_core::ErrorKind::WrongType`] for a step
    /// without a native loop.
    pub fn from_param(param: &Param) -> Result<Self> {
        let list = |name: &str| param.get(name).and_then(Param::as_list).ok_or_else(|| wrong(param));
        let dtype = |name: &Param| name.as_str().and_then(DType::parse).ok_or_else(|| wrong(param));
        let inputs = list("inputs")?.iter().map(dtype).collect::<Result<Vec<_>>>()?;
        let constants = list("constants")?.iter().map(Scalar::from_param).collect::<Result<Vec<_>>>()?;
        let mut dtypes = inputs.clone();
        dtypes.extend(constants.iter().map(|constant| constant.dtype().clone()));
        let mut steps = Vec::new();
        for item in list("steps")? {
            let (name, operands) =
                item.as_list().and_then(<[Param]>::split_first).ok_or_else(|| wrong(param))?;
            let op = name.as_str().and_then(Op::parse).ok_or_else(|| wrong(param))?;
            let register = |operand: &Param| {
                let number = operand.as_int().and_then(|number| u16::try_from(number).ok());
                number.filter(|&n| usize::from(n) < dtypes.len()).map(Register).ok_or_else(|| wrong(param))
            };
            let operands = operands.iter().map(register).collect::<Result<Vec<_>>>()?;
            let from: Vec<&DType> =
                operands.iter().map(|register| &dtypes[usize::from(register.0)]).collect();
            let (_, made) = op.prepare(&from).ok_or_else(|| no_loop(&op, &from))?;
            dtypes.push(made);
            steps.push(Step { op, operands });
        }
        if dtypes.is_empty() || dtypes.len() > usize::from(u16::MAX) {
            return Err(wrong(param));
        }
        let program = Self { inputs, constants, steps, dtypes, fold: None };
        match param.get("fold") {
            None | Some(Param::Null) => Ok(program),
            Some(fold) => program.folded(FoldSpec::from_param(fold)?),
        }
    }
}

fn wrong(param: &Param) -> Error {
    invalid(format!("{param:?} is not an element-wise program"))
}
