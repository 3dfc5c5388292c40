//! Raw graphs: dictionaries of tasks become expressions, those that are needed and no others.
//!
//! Every function here is iterative in the depth of the graph: chains may be as long as memory allows.

use std::sync::Arc;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};
use raskt_core::{ErrorKind, Fit};
use raskt_expr::{Expr, calls_below};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::delayed::{Delayed, hand_out};
use crate::errors;
use crate::names::key_of;
use crate::node::{Arg, Args, Callee, Func, Node, Notes};
use crate::planned_call::operation_of;
use crate::reader::{Call, Reader, References, Style, is_call};
use crate::task::{Alias, Task, TaskRef};

/// Nobody: a key that was asked for.
const ASKED_FOR: u32 = u32::MAX;

/// A task on its way from a dictionary to an expression.
struct Cell<'py> {
    key: Bound<'py, PyAny>,
    value: Bound<'py, PyAny>,
    /// Who needed it first.
    parent: u32,
    /// Another cell that cannot be told from this one by value and hash.
    next: Option<u32>,
    /// What the value says, until the expression is made of it.
    call: Option<Call>,
    expr: Option<Expr>,
    is_on_path: bool,
}

/// One dictionary being read.
struct Conversion<'py> {
    graph: Bound<'py, PyDict>,
    /// The cells' numbers, by the address of the value and the hash of the key: quicker than asking Python once
    /// more, and where that is not enough the cells are linked.
    numbers: FxHashMap<(usize, isize), u32>,
    cells: Vec<Cell<'py>>,
    /// The cell whose value is being read.
    reading: u32,
    /// Functions met so far, by address: the graph keeps them alive.
    funcs: FxHashMap<usize, Arc<Func>>,
}

impl References for Conversion<'_> {
    fn literal_or_key(&mut self, object: &Bound<'_, PyAny>) -> PyResult<Option<u32>> {
        match self.locate(object) {
            // Unhashable, or of a type that refuses comparison: no key.
            Err(error) if error.is_instance_of::<PyTypeError>(object.py()) => Ok(None),
            found => found,
        }
    }

    fn key(&mut self, key: &Bound<'_, PyAny>) -> PyResult<u32> {
        let found = self.locate(key)?;
        found.ok_or_else(|| self.missing(key, self.reading))
    }
}

impl<'py> Conversion<'py> {
    fn new(graph: &Bound<'py, PyDict>) -> Self {
        Self {
            graph: graph.clone(),
            numbers: FxHashMap::default(),
            cells: Vec::new(),
            reading: ASKED_FOR,
            funcs: FxHashMap::default(),
        }
    }

    /// The cell of `key`, made when it is first met; `None` if the graph has no such key.
    fn locate(&mut self, key: &Bound<'_, PyAny>) -> PyResult<Option<u32>> {
        // Whoever brings the key, it lives as long as this: only its lifetime is shorter.
        let key = key.as_unbound().bind(self.graph.py());
        let Some(value) = self.graph.get_item(key)? else { return Ok(None) };
        let place = (value.as_ptr().addr(), key.hash()?);
        let first = self.numbers.get(&place).copied();
        let mut at = first;
        while let Some(number) = at {
            let cell = &self.cells[number as usize];
            if cell.key.is(key) || cell.key.eq(key)? {
                return Ok(Some(number));
            }
            at = cell.next;
        }
        let number = self.cells.len().fit::<u32>();
        self.numbers.insert(place, number);
        let (key, parent) = (key.clone(), self.reading);
        self.cells.push(Cell { key, value, parent, next: first, call: None, expr: None, is_on_path: false });
        Ok(Some(number))
    }

    fn missing(&self, key: &Bound<'_, PyAny>, needed_by: u32) -> PyErr {
        let mut path = Vec::new();
        let mut at = needed_by;
        while let Some(cell) = self.cells.get(at as usize) {
            path.push(repr(&cell.key));
            at = cell.parent;
        }
        path.reverse();
        errors::to_py(key.py(), ErrorKind::MissingKey { key: repr(key), path }.into())
    }

    /// Reads every cell, those included that reading brings.
    fn read_all(&mut self) -> PyResult<()> {
        let mut at = 0;
        while at < self.cells.len() {
            self.reading = at.fit::<u32>();
            let value = self.cells[at].value.clone();
            let tuple = value.cast_exact::<PyTuple>().ok();
            let func = tuple.filter(|tuple| is_call(tuple)).map(|tuple| self.func(tuple)).transpose()?;
            let call = read(self, &value, func)?;
            self.cells[at].call = Some(call);
            at += 1;
        }
        Ok(())
    }

    fn func(&mut self, call: &Bound<'py, PyTuple>) -> PyResult<Arc<Func>> {
        let object = call.get_item(0)?;
        let func = self.funcs.entry(object.as_ptr() as usize).or_insert_with(|| Func::new(&object));
        Ok(Arc::clone(func))
    }

    /// The expression of `root`, and those of all that it needs.
    fn expr(&mut self, root: u32) -> PyResult<Expr> {
        let mut path: Vec<(u32, usize)> = Vec::new();
        self.enter(root, &mut path)?;
        while let Some((cell, at)) = path.last_mut() {
            let dep = self.cells[*cell as usize].call.as_ref().and_then(|call| call.deps.get(*at)).copied();
            match dep {
                Some(dep) => {
                    *at += 1;
                    self.enter(dep, &mut path)?;
                }
                None => {
                    let cell = *cell;
                    path.pop();
                    self.finish(cell)?;
                }
            }
        }
        let expr = self.cells[root as usize].expr.clone();
        expr.ok_or_else(|| {
            errors::to_py(self.graph.py(), ErrorKind::InvalidGraph("lost a task".into()).into())
        })
    }

    /// Puts a cell that has no expression yet onto the path.
    fn enter(&mut self, number: u32, path: &mut Vec<(u32, usize)>) -> PyResult<()> {
        let cell = &mut self.cells[number as usize];
        if cell.expr.is_some() {
            return Ok(());
        }
        if cell.is_on_path {
            let from = path.iter().position(|&(on_path, _)| on_path == number).unwrap_or_default();
            let circle = path[from..].iter().map(|&(on_path, _)| on_path).chain([number]);
            let keys = circle.map(|at| repr(&self.cells[at as usize].key)).collect();
            return Err(errors::to_py(self.graph.py(), ErrorKind::Cycle(keys).into()));
        }
        cell.is_on_path = true;
        path.push((number, 0));
        Ok(())
    }

    /// Makes the expression of a cell whose dependencies have theirs.
    fn finish(&mut self, number: u32) -> PyResult<()> {
        let py = self.graph.py();
        let Some(call) = self.cells[number as usize].call.take() else { return Ok(()) };
        let deps: SmallVec<[Expr; 2]> =
            call.deps.iter().filter_map(|&dep| self.cells[dep as usize].expr.clone()).collect();
        let cell = &mut self.cells[number as usize];
        cell.is_on_path = false;
        if let Some(operation) = operation_of(py, &call.callee, &deps)? {
            cell.expr = Some(named(py, operation, &cell.key, deps)?);
            return Ok(());
        }
        let task = cell.value.cast::<Task>().ok().map(|task| task.get());
        // What a delayed value's own graph says of it is that very node, as long as nothing was replaced.
        let same = task.map(Task::node).filter(|node| is_same(py, node, &cell.key, &deps));
        let node = match same {
            Some(node) => Arc::clone(node),
            None => {
                let notes: Option<Notes> = task.and_then(|task| task.node().notes.clone());
                let node = Node::new(call.callee, call.args, deps, notes);
                Arc::new(node.with_key(py, cell.key.clone().unbind()))
            }
        };
        cell.expr = Some(Expr::of_call(node));
        Ok(())
    }
}

/// The value of `operation` under the key `key`; it is handed on once all of `deps` are there.
fn named<'py>(
    py: Python<'py>,
    operation: Expr,
    key: &Bound<'py, PyAny>,
    deps: SmallVec<[Expr; 2]>,
) -> PyResult<Expr> {
    let n_own = calls_below(std::slice::from_ref(&operation)).len();
    if deps.len() <= n_own && key_of(py, &operation).eq(key)? {
        return Ok(operation);
    }
    // What it merely comes after is behind the calls that it is made of.
    let deps = std::iter::once(operation).chain(deps.into_iter().skip(n_own)).collect();
    let args = Args::Mixed { args: Box::new([Arg::Input(0)]), kwargs: Box::default() };
    let node = Node::new(Callee::Identity, args, deps, None).with_key(py, key.clone().unbind());
    Ok(Expr::of_call(Arc::new(node)))
}

/// Reads a value of a graph; `func` is the function of a tuple that is a call.
fn read<R: References>(
    references: &mut R,
    value: &Bound<'_, PyAny>,
    func: Option<Arc<Func>>,
) -> PyResult<Call> {
    if let (Some(func), Ok(tuple)) = (func, value.cast_exact::<PyTuple>()) {
        let args = tuple.get_slice(1, tuple.len());
        return Reader::new(references, Style::Tuples).call(Callee::Func(func), &args, None);
    }
    if let Ok(task) = value.cast::<Task>() {
        return Reader::new(references, Style::Marked).task(task);
    }
    if let Ok(alias) = value.cast::<Alias>() {
        return Reader::new(references, Style::Marked).alias(alias.get().target(value.py()));
    }
    if let Ok(reference) = value.cast::<TaskRef>() {
        return Reader::new(references, Style::Marked).alias(reference.get().key(value.py()));
    }
    Reader::new(references, Style::Tuples).value(value.clone())
}

fn is_same(py: Python<'_>, node: &Node, key: &Bound<'_, PyAny>, deps: &[Expr]) -> bool {
    node.is_keyed_by(py, key) && node.deps.as_slice() == deps
}

fn repr(object: &Bound<'_, PyAny>) -> String {
    object.repr().map_or_else(|_| "<key>".to_owned(), |text| text.to_string_lossy().into_owned())
}

/// References that are looked for, whatever they lead to.
struct Found<'py> {
    graph: Bound<'py, PyDict>,
    keys: Bound<'py, PyDict>,
}

impl Found<'_> {
    fn note(&mut self, key: &Bound<'_, PyAny>) -> PyResult<u32> {
        let number = self.keys.len().fit::<u32>();
        let key = key.as_unbound();
        if let Some(known) = self.keys.get_item(key)? {
            return known.extract();
        }
        self.keys.set_item(key, number)?;
        Ok(number)
    }
}

impl References for Found<'_> {
    fn literal_or_key(&mut self, object: &Bound<'_, PyAny>) -> PyResult<Option<u32>> {
        match self.graph.contains(object.as_unbound()) {
            Ok(true) => self.note(object).map(Some),
            Ok(false) => Ok(None),
            Err(error) if error.is_instance_of::<PyTypeError>(object.py()) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn key(&mut self, key: &Bound<'_, PyAny>) -> PyResult<u32> {
        self.note(key)
    }
}

/// The keys that `value`, as a task of `graph`, needs.
#[pyfunction]
fn dependencies_of<'py>(
    py: Python<'py>,
    graph: &Bound<'py, PyDict>,
    value: Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyList>> {
    let mut found = Found { graph: graph.clone(), keys: PyDict::new(py) };
    let tuple = value.cast_exact::<PyTuple>().ok().filter(|tuple| is_call(tuple));
    let func = tuple.map(|tuple| tuple.get_item(0)).transpose()?;
    read(&mut found, &value, func.as_ref().map(Func::new))?;
    Ok(found.keys.keys())
}

/// The task `key` whose value is `value`, whatever that looks like.
#[pyfunction]
fn value_task(py: Python<'_>, key: Py<PyAny>, value: Bound<'_, PyAny>) -> PyResult<Task> {
    let args = Args::Plain { args: PyTuple::new(py, [value])?.unbind(), kwargs: None };
    let notes = crate::annotations::current(py)?;
    let node = Node::new(Callee::Identity, args, SmallVec::new(), notes);
    Ok(Task::of(key, Arc::new(node), Box::default()))
}

/// `value`, said to have so many items.
#[pyfunction]
fn with_length(value: PyRef<'_, Delayed>, length: Option<usize>) -> Delayed {
    Delayed::with_length(value.expr().clone(), length)
}

/// The delayed values of `keys` in `graph`, in their order.
#[pyfunction]
fn convert_graph<'py>(
    py: Python<'py>,
    graph: &Bound<'py, PyDict>,
    keys: &Bound<'py, PyList>,
) -> PyResult<Bound<'py, PyList>> {
    let mut conversion = Conversion::new(graph);
    let mut numbers = Vec::with_capacity(keys.len());
    for key in keys.iter() {
        if key.hash().is_err() {
            let text = format!("a key must be hashable, found {}", crate::brief::brief(&key));
            return Err(PyTypeError::new_err(text));
        }
        let number = conversion.locate(&key)?;
        numbers.push(number.ok_or_else(|| conversion.missing(&key, ASKED_FOR))?);
    }
    conversion.read_all()?;
    let roots = PyList::empty(py);
    for number in numbers {
        roots.append(hand_out(py, Delayed::of_expr(conversion.expr(number)?))?)?;
    }
    Ok(roots)
}

/// Adds the names of this module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(with_length, module)?)?;
    module.add_function(wrap_pyfunction!(value_task, module)?)?;
    module.add_function(wrap_pyfunction!(dependencies_of, module)?)?;
    module.add_function(wrap_pyfunction!(convert_graph, module)?)
}
