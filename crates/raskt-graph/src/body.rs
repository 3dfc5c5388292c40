//! Bodies: what a task runs, as data that the scheduler does not look into.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use raskt_core::{Function, Key, Name, Param, Payload, Result, Value};

use crate::fuse::{Program, Step};

/// What a task runs.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Body {
    /// A kernel of a Rust crate, found by name in the registry.
    Native {
        /// The kernel's registered name, such as `array.add`.
        name: Name,
        /// What every task with this body shares.
        parameters: Param,
    },
    /// A function of a foreign library, by a plain dotted path (`numpy.cbrt`), so that a crate without
    /// Python can plan it.
    Library {
        /// The path.
        path: Name,
        /// What every task with this body shares.
        parameters: Param,
    },
    /// A user's function.
    Foreign(Arc<dyn Foreign>),
    /// A value that is already there.
    Value(Value),
    /// The value of the only input, under another key.
    Alias,
    /// The list of all inputs.
    Gather,
    /// One output of the only input, which is the list that a task with several outputs returned.
    Select(u32),
    /// In a subgraph only: one input of the task that expands into it.
    Input(u32),
    /// Several bodies run as one task, made by fusion.
    Fused(Arc<Program>),
    /// A body that returns a graph, which it plans by what its first inputs say (sizes of blocks, say). The others are not
    /// loaded: they are kept, wherever they are, for the graph to read.
    Growing {
        /// What plans the graph.
        body: Arc<Body>,
        /// How many inputs it is given.
        n_loaded: u32,
    },
}

impl Body {
    /// A native body without parameters.
    #[must_use]
    pub fn native(name: &str) -> Self {
        Self::Native { name: Name::new(name), parameters: Param::Null }
    }

    /// A library body without parameters.
    #[must_use]
    pub fn library(path: &str) -> Self {
        Self::Library { path: Name::new(path), parameters: Param::Null }
    }

    /// What to call it in pictures, profiles and errors.
    #[must_use]
    pub fn label(&self) -> Arc<str> {
        match self {
            Self::Native { name, .. } => name.as_str().into(),
            Self::Library { path, .. } => path.as_str().into(),
            Self::Foreign(foreign) => foreign.label(),
            Self::Value(_) => "value".into(),
            Self::Alias => "alias".into(),
            Self::Gather => "list".into(),
            Self::Select(output) => format!("output {output}").into(),
            Self::Input(input) => format!("input {input}").into(),
            Self::Fused(program) => program.label(),
            Self::Growing { body, .. } => body.label(),
        }
    }

    /// How many inputs a task of `n_inputs` is given: all, unless it only keeps some for the graph that it becomes.
    ///
    /// ```
    /// use raskt_graph::Body;
    /// let growing = Body::Growing { body: Body::native("plan").into(), n_loaded: 2 };
    /// assert_eq!((Body::native("sum").n_loaded(7), growing.n_loaded(7)), (7, 2));
    /// ```
    #[must_use]
    pub fn n_loaded(&self, n_inputs: usize) -> usize {
        match self {
            Self::Growing { n_loaded, .. } => n_inputs.min(*n_loaded as usize),
            _ => n_inputs,
        }
    }

    /// What to call the task `key` that runs it. Tasks of layers are called what their layer is: its name up to its token,
    /// which is what users called. A user's function has its own name.
    ///
    /// ```
    /// use raskt_core::Key;
    /// use raskt_graph::Body;
    ///
    /// let key = Key::block("mean-9d4b4b3c9d4b4b3c9d4b4b3c9d4b4b3c-partial", &[0]);
    /// assert_eq!(&*Body::native("array.elementwise").label_of(&key), "mean");
    /// assert_eq!(&*Body::native("array.elementwise").label_of(&Key::named("x")), "array.elementwise");
    /// ```
    #[must_use]
    pub fn label_of(&self, key: &Key) -> Arc<str> {
        match self {
            Self::Foreign(foreign) => foreign.label(),
            _ => before_token(key.name.as_str()).map_or_else(|| self.label(), Into::into),
        }
    }

    /// What the task is called, where the body knows; a fused one goes by the name of its last step.
    #[must_use]
    pub fn key(&self) -> Option<Key> {
        match self {
            Self::Foreign(foreign) => foreign.key(),
            Self::Fused(program) => program.steps().last().and_then(|step| step.body.key()),
            Self::Native { .. }
            | Self::Library { .. }
            | Self::Value(_)
            | Self::Alias
            | Self::Gather
            | Self::Select(_)
            | Self::Input(_)
            | Self::Growing { .. } => None,
        }
    }

    /// Whether running it costs nothing worth a hand-over: bookkeeping on values that are there.
    #[must_use]
    pub fn is_bookkeeping(&self) -> bool {
        match self {
            Self::Value(_) | Self::Alias | Self::Gather | Self::Select(_) | Self::Input(_) => true,
            Self::Foreign(foreign) => foreign.is_constant(),
            Self::Native { .. } | Self::Library { .. } | Self::Fused(_) | Self::Growing { .. } => false,
        }
    }
}

impl Body {
    /// The same body with users' functions, its own or those of its steps, replaced by what `change` makes of them.
    ///
    /// # Errors
    /// What `change` returns.
    pub fn map_foreign(
        self,
        change: &mut dyn FnMut(Arc<dyn Foreign>) -> Result<Arc<dyn Foreign>>,
    ) -> Result<Self> {
        match self {
            Self::Foreign(foreign) => change(foreign).map(Self::Foreign),
            Self::Fused(program) => {
                let mut steps = Vec::with_capacity(program.steps().len());
                for step in program.steps() {
                    steps.push(Step { body: step.body.clone().map_foreign(change)?, ..step.clone() });
                }
                // The steps name one another as before.
                Ok(Program::new(steps).map_or(Self::Fused(program), |changed| Self::Fused(Arc::new(changed))))
            }
            other => Ok(other),
        }
    }
}

/// Digits of a token in the name of a layer.
const TOKEN_DIGITS: usize = 32;

/// The name of a layer before its token, where it has one.
fn before_token(name: &str) -> Option<&str> {
    let is_token = |word: &str| {
        word.len() == TOKEN_DIGITS && word.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
    };
    let mut end = 0;
    for word in name.split('-') {
        if end > 0 && is_token(word) {
            return Some(&name[..end - 1]);
        }
        end += word.len() + 1;
    }
    None
}

/// A user's function with its arguments but for the values of other tasks: alive in this process, and
/// encodable for another one. The runtime that made it (Python's) implements it and runs it.
pub trait Foreign: Any + Send + Sync + fmt::Debug {
    /// Which runtime runs it (`"python"`): the key under which the registry knows that runtime.
    fn runtime(&self) -> &str;

    /// The function's name, for pictures, profiles and errors.
    fn label(&self) -> Arc<str>;

    /// Whether nothing is to be run: the body holds its value.
    fn is_constant(&self) -> bool {
        false
    }

    /// What the task is called, where the body knows.
    fn key(&self) -> Option<Key> {
        None
    }

    /// Tasks with the same number run the same function: what is learnt of one (time, bytes) is expected
    /// of the others.
    fn family(&self) -> u64;

    /// The function and the call, encoded for another process.
    ///
    /// # Errors
    /// The foreign exception where one of them cannot be encoded.
    fn ship(&self) -> Result<Shipment>;

    /// For the runtime that knows the concrete type.
    fn as_any(&self) -> &dyn Any;
}

/// A foreign body on its way to another process. The function is known by what it contains and travels once a graph, and
/// once a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shipment {
    /// The encoded function; none where what is called comes as an input, or nothing is called.
    pub function: Option<Function>,
    /// The encoded call: the constant arguments, and where the inputs go.
    pub call: Payload,
}
