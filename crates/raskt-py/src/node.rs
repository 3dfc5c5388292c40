//! A call that has not been made: a function, its arguments, and the calls whose values it needs.
//!
//! Every `Delayed` holds one, and raw graphs become them. A node is immutable; its key is made only when
//! somebody asks for it.

use std::any::Any;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString, PyTuple};
use raskt_core::{Key, Result, Token};
use raskt_expr::{CallNode, Expr, Mark, Pending, free};
use raskt_graph::{Foreign, Shipment};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::per_process::PerProcess;
use crate::runtime::RUNTIME;

/// A Python function with its name and number.
pub struct Func {
    pub object: Py<PyAny>,
    pub name: Arc<str>,
    /// Unique in this process: what is learnt of one call is expected of the others.
    pub number: u64,
    /// What was last sent to other processes.
    pub shipped: Mutex<Option<ShippedFunc>>,
}

/// A function as it was sent to other processes.
pub struct ShippedFunc {
    /// The computation for which it was pickled.
    pub epoch: u64,
    pub function: raskt_core::Function,
}

static NEXT: AtomicU64 = AtomicU64::new(1);

/// The functions in use, by object and name: `delayed(f)` in a loop makes one.
static IN_USE: PerProcess<FxHashMap<u64, Weak<Func>>> = PerProcess::new();

/// A number that was never given before in this process.
fn next_number() -> u64 {
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl Func {
    /// The function `object` under the name that Python gives it.
    pub fn new(object: &Bound<'_, PyAny>) -> Arc<Self> {
        Self::named(object, &crate::names::function_name(object))
    }

    /// The function `object` under another name.
    pub fn named(object: &Bound<'_, PyAny>, name: &str) -> Arc<Self> {
        let place = Self::place(object.as_ptr() as usize, name);
        let found = IN_USE.lock().get(&place).and_then(Weak::upgrade);
        if let Some(func) = found.filter(|func| func.object.is(object) && *func.name == *name) {
            return func;
        }
        let func = Arc::new(Self {
            object: object.clone().unbind(),
            name: name.into(),
            number: next_number(),
            shipped: Mutex::default(),
        });
        IN_USE.lock().insert(place, Arc::downgrade(&func));
        func
    }

    fn place(address: usize, name: &str) -> u64 {
        let mut hasher = rustc_hash::FxHasher::default();
        (address, name).hash(&mut hasher);
        hasher.finish()
    }
}

impl Drop for Func {
    fn drop(&mut self) {
        let place = Self::place(self.object.as_ptr() as usize, &self.name);
        let mut in_use = IN_USE.lock();
        // Another may have taken its place.
        if in_use.get(&place).is_some_and(|func| func.strong_count() == 0) {
            in_use.remove(&place);
        }
    }
}

/// What is called.
pub enum Callee {
    /// A function known now.
    Func(Arc<Func>),
    /// The value of the first dependency.
    FirstInput,
    /// Nothing: the only argument is the value.
    Identity,
}

/// An argument, or a part of one.
pub enum Arg {
    /// An object as it is.
    Const(Py<PyAny>),
    /// The value of a dependency.
    Input(u32),
    /// The list of the values of all dependencies, however many a task has.
    Inputs,
    /// Something to be built from parts.
    Build(Box<Build>),
}

/// A container that is rebuilt around the values of dependencies, or a call inside a raw task.
pub enum Build {
    List(Vec<Arg>),
    Tuple(Vec<Arg>),
    Set(Vec<Arg>),
    FrozenSet(Vec<Arg>),
    Dict(Vec<(Arg, Arg)>),
    Slice([Arg; 3]),
    /// A list, a dict or a set without dependencies: each call gets a copy.
    Copy(Py<PyAny>),
    /// A call of an object on arguments: containers of uncommon types, nested raw tasks.
    Call(Py<PyAny>, Vec<Arg>),
    /// An object of fields, of a dataclass: a shallow copy with these set.
    Fields(Py<PyAny>, Vec<(Py<PyString>, Arg)>),
}

/// The arguments of a call.
pub enum Args {
    /// No dependency is in them: they are passed as they are.
    Plain { args: Py<PyTuple>, kwargs: Option<Py<PyDict>> },
    /// To be built.
    Mixed { args: Box<[Arg]>, kwargs: Box<[(Py<PyString>, Arg)]> },
}

impl Args {
    /// Whether the only argument is the value of the first dependency.
    fn is_first_input(&self) -> bool {
        match self {
            Self::Mixed { args, kwargs } => matches!(args.as_ref(), [Arg::Input(0)]) && kwargs.is_empty(),
            Self::Plain { .. } => false,
        }
    }
}

/// Annotations of a node: a dictionary shared by all nodes that were made in one `annotate` block.
pub type Notes = Arc<Py<PyDict>>;

/// A call that has not been made.
///
/// What walks look at comes first, beside the counts of the `Arc`: one line of the cache of each node, not two.
#[repr(C)]
pub struct Node {
    /// The values that it needs: those of other nodes, and what collections give out.
    pub deps: SmallVec<[Expr; 2]>,
    mark: Mark,
    /// Whether the key was given by the user or by the content, so that another node may have it too.
    pub is_named: bool,
    /// Whether all tasks of a layer run it, so that each has the key that the layer gives it.
    is_shared: bool,
    number: u64,
    pub callee: Callee,
    pub args: Args,
    pub notes: Option<Notes>,
    /// The key; given, or made when first asked for.
    key: PyOnceLock<Py<PyAny>>,
}

/// The part of unmade keys that differs between processes.
static PREFIX: PerProcess<Prefix> = PerProcess::new();

struct Prefix(u64);

impl Default for Prefix {
    fn default() -> Self {
        Self(fresh_prefix())
    }
}

fn fresh_prefix() -> u64 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u32(std::process::id());
    if let Ok(now) = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH) {
        hasher.write_u128(now.as_nanos());
    }
    hasher.finish()
}

/// A forked child must not make the keys that its parent makes. Functions that are in use there are made once more here.
pub fn after_fork_in_child() {
    IN_USE.renew_in_child(|_| {});
    PREFIX.renew_in_child(|_| {});
}

impl Node {
    /// A node without a key of its own yet.
    pub fn new(callee: Callee, args: Args, deps: SmallVec<[Expr; 2]>, notes: Option<Notes>) -> Self {
        Self {
            callee,
            args,
            deps,
            notes,
            key: PyOnceLock::new(),
            is_named: false,
            is_shared: false,
            number: NEXT.fetch_add(1, Ordering::Relaxed),
            mark: Mark::default(),
        }
    }

    /// What tasks of a layer run, whose keys are the layer's.
    pub fn of_layer(callee: Callee, args: Args, notes: Option<Notes>) -> Self {
        Self::new(callee, args, SmallVec::new(), notes).shared()
    }

    /// The same node, for all tasks of a layer.
    pub fn shared(mut self) -> Self {
        self.is_shared = true;
        self
    }

    /// The key, where it is the node that says it and not the layer of the task.
    pub fn own_key<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        (!self.is_shared).then(|| self.py_key(py))
    }

    /// The same node with a given key.
    pub fn with_key(mut self, py: Python<'_>, key: Py<PyAny>) -> Self {
        self.key = PyOnceLock::new();
        drop(self.key.set(py, key));
        self.is_named = true;
        self
    }

    /// The key: as given, or `name-` and 32 hexadecimal digits that no other node has.
    pub fn py_key<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        let make = || {
            let text = format!("{}-{:016x}{:016x}", self.label(), PREFIX.lock().0, self.number);
            PyString::new(py, &text).into_any().unbind()
        };
        self.key.get_or_init(py, make).bind(py).clone()
    }

    /// The key that was given, where it is none that the core's keys give back as it was: see `names`.
    pub fn object_key<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        let key = self.key.get(py).filter(|_| self.is_named)?.bind(py);
        (!crate::names::is_plain(key)).then(|| key.clone())
    }

    /// Whether the key has been given or made, and is `key`.
    pub fn is_keyed_by(&self, py: Python<'_>, key: &Bound<'_, PyAny>) -> bool {
        let own = self.key.get(py).map(|own| own.bind(py));
        own.is_some_and(|own| own.is(key) || own.eq(key).unwrap_or(false))
    }

    /// The function, where there is one.
    pub fn func(&self) -> Option<&Arc<Func>> {
        match &self.callee {
            Callee::Func(func) => Some(func),
            Callee::FirstInput | Callee::Identity => None,
        }
    }

    /// Whether nothing is to be run: the value is there.
    pub fn is_constant(&self) -> bool {
        matches!((&self.callee, &self.args), (Callee::Identity, Args::Plain { .. })) && self.deps.is_empty()
    }

    /// The constant that the node is, where it is one.
    pub fn constant<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        match (&self.callee, &self.args) {
            (Callee::Identity, Args::Plain { args, .. }) => args.bind(py).get_item(0).ok(),
            _ => None,
        }
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Node({})", self.label())
    }
}

impl Foreign for Node {
    fn runtime(&self) -> &str {
        RUNTIME
    }

    fn label(&self) -> Arc<str> {
        match &self.callee {
            Callee::Func(func) => Arc::clone(&func.name),
            Callee::FirstInput => "call".into(),
            Callee::Identity => "data".into(),
        }
    }

    fn is_constant(&self) -> bool {
        Self::is_constant(self)
    }

    fn key(&self) -> Option<Key> {
        Python::attach(|py| self.own_key(py).map(|key| crate::names::to_key(&key)))
    }

    fn family(&self) -> u64 {
        // Even numbers are functions; the odd ones belong to native bodies.
        self.func().map_or(0, |func| func.number << 1)
    }

    fn ship(&self) -> Result<Shipment> {
        Python::attach(|py| crate::ship::ship(py, self))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl CallNode for Node {
    fn operands(&self) -> &[Expr] {
        &self.deps
    }

    fn token(&self) -> Token {
        let key = Python::attach(|py| crate::names::repr(&self.py_key(py)));
        // Text can be encoded.
        Token::of(&("delayed", &*key)).unwrap_or(Token(0))
    }

    fn is_named(&self) -> bool {
        self.is_named
    }

    fn is_alias(&self) -> bool {
        let is_plain = matches!(self.callee, Callee::Identity) && self.notes.is_none();
        is_plain && self.deps.len() == 1 && self.args.is_first_input()
    }

    fn mark(&self) -> &Mark {
        &self.mark
    }

    fn release(self: Arc<Self>, pending: &mut Pending) {
        if self.deps.is_empty() {
            return;
        }
        if let Some(mut node) = Arc::into_inner(self) {
            pending.extend(node.deps.drain(..));
        }
    }
}

impl Drop for Node {
    /// Lets go of a chain of any length without recursion.
    fn drop(&mut self) {
        if !self.deps.is_empty() {
            free(self.deps.drain(..));
        }
    }
}
