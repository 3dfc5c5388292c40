//! What a fused task runs: its former tasks in order, each naming where its inputs come from.

use std::sync::Arc;

use raskt_core::Param;

use crate::body::Body;

/// Where an input of a step comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    /// An input of the fused task.
    Outer(u32),
    /// The value of an earlier step.
    Step(u32),
}

/// A task inside a fused one.
#[derive(Clone, Debug)]
pub struct Step {
    /// What it runs.
    pub body: Body,
    /// Its own parameters.
    pub parameters: Param,
    /// Its inputs.
    pub arguments: Vec<Argument>,
}

/// The steps of a fused task; the last one's value is the task's.
#[derive(Clone, Debug)]
pub struct Program {
    steps: Vec<Step>,
    /// How often each input of the fused task is named.
    outer_uses: Vec<u32>,
    /// How often each step's value is named.
    step_uses: Vec<u32>,
}

/// Names of steps that a label spells out.
const LABELS_MAX: usize = 6;

impl Program {
    /// A program of `steps`; `None` where there is none, or one names a step that does not come before it.
    #[must_use]
    pub fn new(steps: Vec<Step>) -> Option<Self> {
        let backwards = |(at, step): (usize, &Step)| {
            step.arguments.iter().all(|a| !matches!(a, Argument::Step(s) if *s as usize >= at))
        };
        if steps.is_empty() || !steps.iter().enumerate().all(backwards) {
            return None;
        }
        let (mut outer_uses, mut step_uses) = (Vec::new(), vec![0; steps.len()]);
        for argument in steps.iter().flat_map(|step| &step.arguments) {
            match *argument {
                Argument::Step(step) => step_uses[step as usize] += 1,
                Argument::Outer(input) => {
                    let input = input as usize;
                    outer_uses.resize(outer_uses.len().max(input + 1), 0);
                    outer_uses[input] += 1;
                }
            }
        }
        Some(Self { steps, outer_uses, step_uses })
    }

    /// Whether nobody else names what `argument` names, so that it may be handed over.
    #[must_use]
    pub fn is_only_use(&self, argument: Argument) -> bool {
        let (uses, at) = match argument {
            Argument::Outer(input) => (&self.outer_uses, input),
            Argument::Step(step) => (&self.step_uses, step),
        };
        uses.get(at as usize) == Some(&1)
    }

    /// The steps in order.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The steps' names, first to last; of many the first ones and the last.
    #[must_use]
    pub fn label(&self) -> Arc<str> {
        let label = |step: &Step| step.body.label().to_string();
        match self.steps.as_slice() {
            [first @ .., last] if first.len() >= LABELS_MAX => {
                let first: Vec<_> = first.iter().take(LABELS_MAX - 1).map(label).collect();
                format!("{}-…-{}", first.join("-"), label(last)).into()
            }
            steps => steps.iter().map(label).collect::<Vec<_>>().join("-").into(),
        }
    }
}
