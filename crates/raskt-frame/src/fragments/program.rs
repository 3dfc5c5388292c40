//! The program of a fragment, as it travels: a list of steps, each `[kernel, parameters, operands]`.
//!
//! Values are numbered: first the inputs, then what each step returns. A step's operands are such numbers, lower than its own.
//! Readers have no operands; their parameters are the numbers of what each task has of its own. The last value is the result.

use std::sync::Arc;

use raskt_core::{ErrorKind, Fit, Param, Result};

/// A step of a program that is written.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// The registered name of its kernel.
    pub kernel: Arc<str>,
    /// The kernel's parameters.
    pub parameters: Param,
    /// The numbers of the values that it takes.
    pub operands: Vec<usize>,
}

impl Step {
    pub(super) fn to_param(&self) -> Param {
        let operands = self.operands.iter().map(|at| Param::Int((*at).fit::<i64>())).collect();
        Param::List(
            [Param::Str(Arc::clone(&self.kernel)), self.parameters.clone(), Param::List(operands)].into(),
        )
    }
}

/// A step of a program that is run.
#[derive(Clone, Debug)]
pub(super) struct Read<'a> {
    pub kernel: &'a str,
    pub parameters: &'a Param,
    pub operands: Vec<usize>,
    /// The values that no later step takes.
    pub last: Vec<usize>,
}

/// The steps of a program that has `n_inputs`.
///
/// # Errors
/// [`ErrorKind::Corrupt`] for what is no program: no step, or one that takes a value that is not there yet.
pub(super) fn steps(program: &Param, n_inputs: usize) -> Result<Vec<Read<'_>>> {
    let corrupt = || raskt_core::Error::new(ErrorKind::Corrupt("the program of a fragment".to_owned()));
    let items = program.as_list().filter(|items| !items.is_empty()).ok_or_else(corrupt)?;
    let mut steps = Vec::with_capacity(items.len());
    for (number, item) in items.iter().enumerate() {
        let Some([Param::Str(kernel), parameters, Param::List(operands)]) = item.as_list() else {
            return Err(corrupt());
        };
        let place = |operand: &Param| {
            let at = operand.as_int().and_then(|at| usize::try_from(at).ok());
            at.filter(|at| *at < n_inputs + number).ok_or_else(corrupt)
        };
        let operands = operands.iter().map(place).collect::<Result<Vec<_>>>()?;
        steps.push(Read { kernel, parameters, operands, last: Vec::new() });
    }
    let mut is_taken = vec![false; n_inputs + steps.len()];
    for step in steps.iter_mut().rev() {
        for &operand in &step.operands {
            if !std::mem::replace(&mut is_taken[operand], true) {
                step.last.push(operand);
            }
        }
    }
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn step(operands: &[usize]) -> Param {
        Step { kernel: "frame.column".into(), parameters: Param::Null, operands: operands.to_vec() }
            .to_param()
    }

    #[test]
    fn each_value_is_dropped_behind_the_last_step_that_takes_it() {
        let program = Param::List([step(&[0]), step(&[1, 0]), step(&[1, 2, 1])].into());
        let found: Vec<Vec<usize>> = steps(&program, 1).unwrap().into_iter().map(|step| step.last).collect();
        assert_eq!(found, [vec![], vec![0], vec![1, 2]]);
    }

    #[test]
    fn what_takes_a_value_that_is_not_there_is_no_program() {
        for program in [Param::Null, Param::List([].into()), Param::List([step(&[1])].into())] {
            assert!(steps(&program, 1).is_err(), "{program:?}");
        }
        assert!(steps(&Param::List([step(&[0])].into()), 0).is_err());
    }

    proptest! {
        #[test]
        fn no_program_is_a_panic(numbers in prop::collection::vec(prop::collection::vec(-2_i64..6, 0..4), 0..5), n_inputs in 0_usize..3) {
            let one = |operands: &Vec<i64>| {
                let operands = operands.iter().map(|at| Param::Int(*at)).collect();
                Param::List([Param::Str("frame.filter".into()), Param::Null, Param::List(operands)].into())
            };
            let program = Param::List(numbers.iter().map(one).collect());
            if let Ok(steps) = steps(&program, n_inputs) {
                prop_assert!(steps.iter().enumerate().all(|(at, step)| step.operands.iter().all(|operand| *operand < n_inputs + at)));
            }
        }
    }
}
