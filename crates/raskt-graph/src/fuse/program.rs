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
}

impl Program {
    /// A program of `steps`; `None` where there is none, or one names a step that does not come before it.
    #[must_use]
    pub fn new(steps: Vec<Step>) -> Option<Self> {
        let backwards = |(at, step): (usize, &Step)| {
            step.arguments.iter().all(|a| !matches!(a, Argument::Step(s) if *s as usize >= at))
        };
        (!steps.is_empty() && steps.iter().enumerate().all(backwards)).then_some(Self { steps })
    }

    /// The steps in order.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The steps' names, first to last.
    #[must_use]
    pub fn label(&self) -> Arc<str> {
        let labels: Vec<_> = self.steps.iter().map(|step| step.body.label()).collect();
        labels.join("-").into()
    }
}
