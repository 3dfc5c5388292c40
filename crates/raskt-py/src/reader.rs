//! Reads the parts of tasks in raw graphs: which of them are keys of other tasks, which are calls, which are
//! containers of such, and which are themselves.

use std::sync::Arc;

use pyo3::exceptions::PyRecursionError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFrozenSet, PyList, PySet, PySlice, PyString, PyTuple};
use raskt_core::Fit;
use smallvec::SmallVec;

use crate::copy::{copy_args, depth_of, inline};
use crate::node::{Arg, Args, Build, Callee};
use crate::scan::{DEPTH_MAX, TypeKind, apart, type_kind};
use crate::task::{Alias, Task, TaskRef};

/// Where references lead.
pub trait References {
    /// The number of the task that `object` is the key of; `None` where it is a literal.
    ///
    /// # Errors
    /// What hashing or comparing it raises, but for `TypeError`.
    fn literal_or_key(&mut self, object: &Bound<'_, PyAny>) -> PyResult<Option<u32>>;

    /// The number of the task that `key` must be the key of.
    ///
    /// # Errors
    /// `MissingKeyError` where no task has it.
    fn key(&mut self, key: &Bound<'_, PyAny>) -> PyResult<u32>;
}

/// How tasks say that an argument is the key of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Tuples of Dask's kind: whatever equals a key is one.
    Tuples,
    /// `Task` objects: only a `TaskRef` is.
    Marked,
}

/// What a value of a raw graph stands for.
pub struct Call {
    pub callee: Callee,
    pub args: Args,
    pub deps: SmallVec<[u32; 2]>,
}

/// Reads one task.
pub struct Reader<'r, R> {
    references: &'r mut R,
    style: Style,
    deps: SmallVec<[u32; 2]>,
    /// Parts that stand for others: what holds one is built anew even if all its parts are constants.
    n_replaced: usize,
    depth: usize,
}

impl<'r, R: References> Reader<'r, R> {
    /// A reader of one task.
    pub fn new(references: &'r mut R, style: Style) -> Self {
        Self { references, style, deps: SmallVec::new(), n_replaced: 0, depth: 0 }
    }

    /// Reads a call of a function on `args` and `kwargs`.
    ///
    /// # Errors
    /// What [`References`] raise; `RecursionError` for what nests too deep.
    pub fn call(
        mut self,
        callee: Callee,
        args: &Bound<'_, PyTuple>,
        kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Call> {
        let parts: SmallVec<[Arg; 4]> = args.iter().map(|item| self.arg(item)).collect::<PyResult<_>>()?;
        let mut named = Vec::new();
        for (name, item) in kwargs.into_iter().flatten() {
            named.push((name.cast_into::<PyString>()?.unbind(), self.arg(item)?));
        }
        let is_plain =
            self.n_replaced == 0 && parts.iter().chain(named.iter().map(|(_, arg)| arg)).all(is_const);
        let args = if is_plain {
            let kwargs = kwargs.filter(|kwargs| !kwargs.is_empty()).map(|kwargs| kwargs.clone().unbind());
            Args::Plain { args: args.clone().unbind(), kwargs }
        } else {
            Args::Mixed { args: parts.into_vec().into_boxed_slice(), kwargs: named.into_boxed_slice() }
        };
        Ok(Call { callee, args, deps: self.deps })
    }

    /// Reads a value that is no call at its top: a key, a container, a literal.
    ///
    /// # Errors
    /// As [`Reader::call`].
    pub fn value(self, object: Bound<'_, PyAny>) -> PyResult<Call> {
        let args = PyTuple::new(object.py(), [object])?;
        self.call(Callee::Identity, &args, None)
    }

    /// Reads the value of the task `key`.
    ///
    /// # Errors
    /// As [`Reader::call`].
    pub fn alias(mut self, key: &Bound<'_, PyAny>) -> PyResult<Call> {
        let arg = self.reference(key)?;
        let args = Args::Mixed { args: Box::new([arg]), kwargs: Box::default() };
        Ok(Call { callee: Callee::Identity, args, deps: self.deps })
    }

    /// Reads a `Task`, whose references have keys of their own.
    ///
    /// # Errors
    /// As [`Reader::call`].
    pub fn task(mut self, task: &Bound<'_, Task>) -> PyResult<Call> {
        let py = task.py();
        let task = task.get();
        let places = self.places(py, task)?;
        let callee = match &task.node().callee {
            Callee::Func(func) => Callee::Func(Arc::clone(func)),
            // Its first input is the first that this reader meets.
            Callee::FirstInput => Callee::FirstInput,
            Callee::Identity => Callee::Identity,
        };
        Ok(Call { callee, args: copy_args(py, &task.node().args, &places), deps: self.deps })
    }

    fn places(&mut self, py: Python<'_>, task: &Task) -> PyResult<SmallVec<[u32; 4]>> {
        task.inputs().iter().map(|key| self.place(key.bind(py))).collect()
    }

    /// The place among this task's dependencies of the task that `key` names.
    fn place(&mut self, key: &Bound<'_, PyAny>) -> PyResult<u32> {
        let task = self.references.key(key)?;
        Ok(self.input(task))
    }

    fn input(&mut self, task: u32) -> u32 {
        let known = self.deps.iter().take(16).position(|&dep| dep == task);
        known
            .unwrap_or_else(|| {
                self.deps.push(task);
                self.deps.len() - 1
            })
            .fit::<u32>()
    }

    fn reference(&mut self, key: &Bound<'_, PyAny>) -> PyResult<Arg> {
        Ok(Arg::Input(self.place(key)?))
    }

    fn arg(&mut self, object: Bound<'_, PyAny>) -> PyResult<Arg> {
        if self.style == Style::Tuples {
            if let Ok(tuple) = object.cast_exact::<PyTuple>()
                && is_call(tuple)
            {
                return self.nested(|this| this.nested_call(tuple));
            }
            if let Some(task) = self.references.literal_or_key(&object)? {
                return Ok(Arg::Input(self.input(task)));
            }
        }
        if crate::scan::is_leaf(&object) {
            return Ok(Arg::Const(object.unbind()));
        }
        self.nested(|this| this.inside(object))
    }

    fn nested(&mut self, read: impl FnOnce(&mut Self) -> PyResult<Arg>) -> PyResult<Arg> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(too_deep());
        }
        let arg = read(self);
        self.depth -= 1;
        arg
    }

    fn nested_call(&mut self, tuple: &Bound<'_, PyTuple>) -> PyResult<Arg> {
        let function = tuple.get_item(0)?.unbind();
        let args = self.items(tuple.iter().skip(1))?;
        Ok(Arg::Build(Box::new(Build::Call(function, args))))
    }

    fn inside(&mut self, object: Bound<'_, PyAny>) -> PyResult<Arg> {
        let n_before = self.n_replaced;
        self.n_replaced += 1;
        if let Ok(reference) = object.cast::<TaskRef>() {
            return self.reference(reference.get().key(object.py()));
        }
        if let Ok(task) = object.cast::<Task>() {
            let task_depth = depth_of(&task.get().node().args);
            if self.depth + task_depth > DEPTH_MAX {
                return Err(too_deep());
            }
            let places = self.places(object.py(), task.get())?;
            return inline(object.py(), task.get().node(), &places);
        }
        if let Ok(alias) = object.cast::<Alias>() {
            return self.reference(alias.get().target(object.py()));
        }
        self.n_replaced = n_before;
        match self.container(&object)? {
            Some(build) if self.n_replaced > n_before || !build.holds_only_constants() => {
                Ok(Arg::Build(Box::new(build)))
            }
            Some(_) | None => Ok(Arg::Const(object.unbind())),
        }
    }

    /// The parts of a container, if `object` is one that is looked into.
    fn container(&mut self, object: &Bound<'_, PyAny>) -> PyResult<Option<Build>> {
        let n_before = self.n_replaced;
        Ok(Some(if let Ok(list) = object.cast_exact::<PyList>() {
            Build::List(self.items(list.iter())?)
        } else if let Ok(tuple) = object.cast_exact::<PyTuple>() {
            Build::Tuple(self.items(tuple.iter())?)
        } else if let Ok(set) = object.cast_exact::<PySet>() {
            Build::Set(self.items(set.iter())?)
        } else if let Ok(set) = object.cast_exact::<PyFrozenSet>() {
            Build::FrozenSet(self.items(set.iter())?)
        } else if let Some(tuple) = named_tuple(object)? {
            let items = self.items(tuple.iter())?;
            if self.n_replaced == n_before && items.iter().all(is_const) {
                return Ok(None);
            }
            let make = object.get_type().getattr(intern!(object.py(), "_make"))?.unbind();
            Build::Call(make, vec![Arg::Build(Box::new(Build::List(items)))])
        } else if self.style == Style::Marked {
            return self.marked_container(object);
        } else {
            return Ok(None);
        }))
    }

    /// Containers in which tuples of Dask's kind never had keys.
    fn marked_container(&mut self, object: &Bound<'_, PyAny>) -> PyResult<Option<Build>> {
        let py = object.py();
        if let Ok(dict) = object.cast_exact::<PyDict>() {
            let pairs = dict.iter().map(|(key, value)| Ok((self.arg(key)?, self.arg(value)?)));
            return Ok(Some(Build::Dict(pairs.collect::<PyResult<_>>()?)));
        }
        if object.cast_exact::<PySlice>().is_ok() {
            let [start, stop, step] = [intern!(py, "start"), intern!(py, "stop"), intern!(py, "step")];
            let mut part = |name| self.arg(object.getattr(name)?);
            return Ok(Some(Build::Slice([part(start)?, part(stop)?, part(step)?])));
        }
        if type_kind(object)? != TypeKind::Fields {
            return Ok(None);
        }
        let n_before = self.n_replaced;
        let mut fields = Vec::new();
        for name in apart(py)?.call_method1("field_names", (object.get_type(),))?.try_iter()? {
            let name = name?.cast_into::<PyString>()?;
            if let Ok(value) = object.getattr(&name) {
                fields.push((name.unbind(), self.arg(value)?));
            }
        }
        if self.n_replaced == n_before && fields.iter().all(|(_, arg)| is_const(arg)) {
            return Ok(None);
        }
        Ok(Some(Build::Fields(object.clone().unbind(), fields)))
    }

    fn items<'py>(&mut self, items: impl Iterator<Item = Bound<'py, PyAny>>) -> PyResult<Vec<Arg>> {
        items.map(|item| self.arg(item)).collect()
    }
}

fn named_tuple<'a, 'py>(object: &'a Bound<'py, PyAny>) -> PyResult<Option<&'a Bound<'py, PyTuple>>> {
    let Ok(tuple) = object.cast::<PyTuple>() else { return Ok(None) };
    Ok(object.get_type().hasattr("_make")?.then_some(tuple))
}

fn too_deep() -> PyErr {
    PyRecursionError::new_err(
        "a task of a graph nests containers or calls more than 900 deep, or contains itself",
    )
}

fn is_const(arg: &Arg) -> bool {
    matches!(arg, Arg::Const(_))
}

/// Whether a tuple of Dask's kind is a call.
pub fn is_call(tuple: &Bound<'_, PyTuple>) -> bool {
    tuple.get_item(0).is_ok_and(|first| first.is_callable())
}
