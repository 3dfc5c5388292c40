//! Finds the delayed values in the arguments of a call.

use parking_lot::Mutex;
use pyo3::exceptions::PyRecursionError;
use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyBytes, PyDict, PyFloat, PyFrozenSet, PyInt, PyList, PySet, PySlice, PyString, PyTuple, PyType,
};
use pyo3::{PyTypeInfo, intern};
use raskt_core::Fit;
use raskt_expr::Expr;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::copy::fresh;
use crate::delayed::Delayed;
use crate::node::{Arg, Args, Build};

/// How deep containers may nest: Python's own limit for its users' recursion.
pub const DEPTH_MAX: usize = 900;

/// What objects of a type can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeKind {
    Plain,
    Dataclass,
    NamedTuple,
    /// An iterator of a built-in container, which can be copied: nothing is taken from it.
    Iterator,
    /// The keys, values or items of a dictionary.
    View,
    /// `OrderedDict`, `defaultdict`, `deque` or `SimpleNamespace`.
    Standard,
    /// A NumPy array, which holds others where its dtype is that of objects.
    Array,
    Collection,
}

/// Types seen so far that are not known by address; they are kept alive while they are here.
static KINDS: Mutex<Option<KnownTypes>> = Mutex::new(None);
type KnownTypes = FxHashMap<usize, (TypeKind, Py<PyType>)>;
const KINDS_MAX: usize = 4096;

/// Collects the dependencies of one call.
pub struct Scan {
    pub deps: SmallVec<[Expr; 2]>,
    traverse: bool,
    opens_dataclasses: bool,
    depth: usize,
}

impl Scan {
    /// A scan that looks into containers if `traverse` says so.
    pub fn new(traverse: bool) -> Self {
        Self { deps: SmallVec::new(), traverse, opens_dataclasses: true, depth: 0 }
    }

    /// A scan of what a client submits: futures in data classes stay futures, as in Dask.
    pub fn of_submitted() -> Self {
        Self { opens_dataclasses: false, ..Self::new(true) }
    }

    /// The arguments of a call, with delayed values replaced.
    ///
    /// # Errors
    /// `RecursionError` for containers too deep, or one that contains itself; what a collection raises when
    /// it gives its graph.
    pub fn args(&mut self, args: &Bound<'_, PyTuple>, kwargs: Option<&Bound<'_, PyDict>>) -> PyResult<Args> {
        let n_before = self.deps.len();
        let scanned: SmallVec<[Arg; 4]> = args.iter().map(|item| self.arg(item)).collect::<PyResult<_>>()?;
        let mut named = Vec::new();
        if let Some(kwargs) = kwargs {
            named.reserve(kwargs.len());
            for (name, item) in kwargs.iter() {
                named.push((name.cast_into::<PyString>()?.unbind(), self.arg(item)?));
            }
        }
        if self.deps.len() == n_before && !has_build(&scanned, &named) {
            let kwargs = kwargs.filter(|kwargs| !kwargs.is_empty()).map(|kwargs| kwargs.clone().unbind());
            return Ok(Args::Plain { args: args.clone().unbind(), kwargs });
        }
        Ok(Args::Mixed { args: scanned.into_vec().into_boxed_slice(), kwargs: named.into_boxed_slice() })
    }

    /// One argument.
    ///
    /// # Errors
    /// As [`Scan::args`].
    pub fn arg(&mut self, object: Bound<'_, PyAny>) -> PyResult<Arg> {
        if let Ok(delayed) = object.cast::<Delayed>() {
            return Ok(self.input(delayed.get().expr()));
        }
        if is_leaf(&object) {
            return Ok(Arg::Const(object.unbind()));
        }
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(PyRecursionError::new_err(
                "an argument nests containers more than 900 deep, or contains itself; \
                 pass traverse=False to delayed, or wrap it in a function",
            ));
        }
        let arg = self.inside(object);
        self.depth -= 1;
        arg
    }

    /// The argument that is the value of `expr`.
    pub fn input(&mut self, expr: &Expr) -> Arg {
        let known = self.deps.iter().take(16).position(|dep| dep == expr);
        let place = known.unwrap_or_else(|| {
            self.deps.push(expr.clone());
            self.deps.len() - 1
        });
        Arg::Input(place.fit())
    }

    fn inside(&mut self, object: Bound<'_, PyAny>) -> PyResult<Arg> {
        let n_before = self.deps.len();
        let build = if !self.traverse {
            None
        } else if let Ok(list) = object.cast_exact::<PyList>() {
            Some(Build::List(self.items(list.iter())?))
        } else if let Ok(tuple) = object.cast_exact::<PyTuple>() {
            Some(Build::Tuple(self.items(tuple.iter())?))
        } else if let Ok(dict) = object.cast_exact::<PyDict>() {
            let pairs = dict.iter().map(|(key, value)| Ok((self.arg(key)?, self.arg(value)?)));
            Some(Build::Dict(pairs.collect::<PyResult<_>>()?))
        } else if let Ok(set) = object.cast_exact::<PySet>() {
            Some(Build::Set(self.items(set.iter())?))
        } else if let Ok(set) = object.cast_exact::<PyFrozenSet>() {
            Some(Build::FrozenSet(self.items(set.iter())?))
        } else if object.cast_exact::<PySlice>().is_ok() {
            let py = object.py();
            let [start, stop, step] = [intern!(py, "start"), intern!(py, "stop"), intern!(py, "step")];
            let mut part = |name| self.arg(object.getattr(name)?);
            Some(Build::Slice([part(start)?, part(stop)?, part(step)?]))
        } else {
            None
        };
        match build {
            Some(build) if self.deps.len() > n_before || holds_build(&build) => {
                Ok(Arg::Build(Box::new(build)))
            }
            // It keeps the items that it has now, and no call sees what another does to it.
            Some(Build::List(_) | Build::Dict(_) | Build::Set(_)) => {
                Ok(Arg::Build(Box::new(Build::Copy(fresh(&object)?.unbind()))))
            }
            Some(_) => Ok(Arg::Const(object.unbind())),
            None => self.by_type(object),
        }
    }

    fn items<'py>(&mut self, items: impl Iterator<Item = Bound<'py, PyAny>>) -> PyResult<Vec<Arg>> {
        items.map(|item| self.arg(item)).collect()
    }

    fn by_type(&mut self, object: Bound<'_, PyAny>) -> PyResult<Arg> {
        let py = object.py();
        match type_kind(&object)? {
            TypeKind::Collection => {
                let delayed =
                    py.import(intern!(py, "raskt._protocol"))?.call_method1("to_delayed", (&object,))?;
                // Wrappers of other libraries may hold nothing to compute.
                if delayed.is_none() {
                    return Ok(Arg::Const(object.unbind()));
                }
                Ok(self.input(delayed.cast::<Delayed>()?.get().expr()))
            }
            TypeKind::Dataclass if self.traverse && self.opens_dataclasses => {
                let names = object.getattr("__dataclass_fields__")?.cast_into::<PyDict>()?;
                let mut fields = Vec::with_capacity(names.len());
                for name in names.keys() {
                    let name = name.cast_into::<PyString>()?;
                    if let Ok(value) = object.getattr(&name) {
                        fields.push((name.unbind(), self.arg(value)?));
                    }
                }
                if fields.iter().all(|(_, arg)| matches!(arg, Arg::Const(_))) {
                    return Ok(Arg::Const(object.unbind()));
                }
                Ok(Arg::Build(Box::new(Build::Dataclass(object.unbind(), fields))))
            }
            TypeKind::NamedTuple if self.traverse => {
                let items = self.items(object.cast::<PyTuple>()?.iter())?;
                if items.iter().all(|arg| matches!(arg, Arg::Const(_))) {
                    return Ok(Arg::Const(object.unbind()));
                }
                let make = object.get_type().getattr("_make")?.unbind();
                Ok(Arg::Build(Box::new(Build::Call(make, vec![Arg::Build(Box::new(Build::List(items)))]))))
            }
            TypeKind::Iterator if self.traverse => {
                let copy = py.import(intern!(py, "copy"))?.call_method1("copy", (&object,))?;
                let items = copy.try_iter()?.map(|item| self.arg(item?)).collect::<PyResult<Vec<_>>>()?;
                if !items.iter().any(has_input) {
                    return Ok(Arg::Const(object.unbind()));
                }
                let iter = py.import(intern!(py, "builtins"))?.getattr("iter")?.unbind();
                Ok(Arg::Build(Box::new(Build::Call(iter, vec![Arg::Build(Box::new(Build::List(items)))]))))
            }
            TypeKind::View if self.traverse => {
                let dict = py.get_type::<PyDict>();
                let name = object.get_type().name()?.to_string().replace("dict_", "");
                match self.arg(dict.call1((object.getattr("mapping")?,))?)? {
                    dict_arg if !has_input(&dict_arg) => Ok(Arg::Const(object.unbind())),
                    dict_arg => {
                        Ok(Arg::Build(Box::new(Build::Call(dict.getattr(name)?.unbind(), vec![dict_arg]))))
                    }
                }
            }
            TypeKind::Standard if self.traverse => self.standard(object),
            TypeKind::Array if self.traverse => self.array(object),
            TypeKind::Dataclass
            | TypeKind::NamedTuple
            | TypeKind::Iterator
            | TypeKind::View
            | TypeKind::Standard
            | TypeKind::Array
            | TypeKind::Plain => Ok(Arg::Const(object.unbind())),
        }
    }
}

impl Scan {
    /// A container of the standard library, made anew around the values of dependencies that are in it.
    fn standard(&mut self, object: Bound<'_, PyAny>) -> PyResult<Arg> {
        let py = object.py();
        let kind = object.get_type();
        let name = kind.name()?;
        let entries =
            |mapping: Bound<'_, PyAny>| py.get_type::<PyDict>().call1((mapping,)).map(Bound::unbind);
        let (make, parts) = if name == "deque" {
            let items = object.try_iter()?.map(|item| self.arg(item?)).collect::<PyResult<Vec<_>>>()?;
            let items = Arg::Build(Box::new(Build::List(items)));
            (kind.into_any(), vec![items, Arg::Const(object.getattr("maxlen")?.unbind())])
        } else if name == "SimpleNamespace" {
            let fields = self.arg(entries(object.getattr("__dict__")?)?.into_bound(py))?;
            let apply = py.import(intern!(py, "raskt._protocol"))?.getattr("apply")?;
            let no_args = PyTuple::empty(py).into_any().unbind();
            (apply, vec![Arg::Const(kind.into_any().unbind()), Arg::Const(no_args), fields])
        } else {
            let entries = self.arg(entries(object.clone())?.into_bound(py))?;
            match name == "defaultdict" {
                true => {
                    let factory = Arg::Const(object.getattr("default_factory")?.unbind());
                    (kind.into_any(), vec![factory, entries])
                }
                false => (kind.into_any(), vec![entries]),
            }
        };
        if !parts.iter().any(has_input) {
            return Ok(Arg::Const(object.unbind()));
        }
        Ok(Arg::Build(Box::new(Build::Call(make.unbind(), parts))))
    }
}

impl Scan {
    /// A NumPy array, made anew around the values of dependencies that are among its objects.
    fn array(&mut self, object: Bound<'_, PyAny>) -> PyResult<Arg> {
        let py = object.py();
        if object.getattr(intern!(py, "dtype"))?.getattr(intern!(py, "char"))?.extract::<char>()? != 'O' {
            return Ok(Arg::Const(object.unbind()));
        }
        let all = object.call_method0(intern!(py, "ravel"))?.call_method0(intern!(py, "tolist"))?;
        let items = self.items(all.cast::<PyList>()?.iter())?;
        if !items.iter().any(has_input) {
            return Ok(Arg::Const(object.unbind()));
        }
        let make = py.import(intern!(py, "raskt._protocol"))?.getattr("object_array")?.unbind();
        let shape = Arg::Const(object.getattr(intern!(py, "shape"))?.unbind());
        Ok(Arg::Build(Box::new(Build::Call(make, vec![shape, Arg::Build(Box::new(Build::List(items)))]))))
    }
}

/// The types of iterators that copying leaves where they are.
const ITERATORS: [&str; 7] = [
    "list_iterator",
    "list_reverseiterator",
    "tuple_iterator",
    "set_iterator",
    "dict_keyiterator",
    "dict_valueiterator",
    "dict_itemiterator",
];
const VIEWS: [&str; 3] = ["dict_keys", "dict_values", "dict_items"];

/// Containers of the standard library that are looked into, with their modules.
const STANDARD: [(&str, &str); 4] = [
    ("collections", "OrderedDict"),
    ("collections", "defaultdict"),
    ("collections", "deque"),
    ("types", "SimpleNamespace"),
];

/// What a type of Python's own that has no name in `builtins`, or of the standard library, can hold.
fn builtin_kind(kind: &Bound<'_, PyType>) -> PyResult<TypeKind> {
    let (module, name) = (kind.module()?, kind.name()?);
    if module == "numpy" && name == "ndarray" {
        return Ok(TypeKind::Array);
    }
    if module != "builtins" {
        let is_standard = STANDARD.iter().any(|(home, known)| module == *home && name == *known);
        return Ok(if is_standard { TypeKind::Standard } else { TypeKind::Plain });
    }
    let is_among = |names: &[&str]| names.iter().any(|known| name == *known);
    Ok(match (is_among(&ITERATORS), is_among(&VIEWS)) {
        (true, _) => TypeKind::Iterator,
        (_, true) => TypeKind::View,
        _ => TypeKind::Plain,
    })
}

fn has_build(args: &[Arg], kwargs: &[(Py<PyString>, Arg)]) -> bool {
    args.iter().chain(kwargs.iter().map(|(_, arg)| arg)).any(|arg| !matches!(arg, Arg::Const(_)))
}

/// Whether the value of a dependency is in `arg`.
fn has_input(arg: &Arg) -> bool {
    let build = match arg {
        Arg::Const(_) => return false,
        Arg::Input(_) | Arg::Inputs => return true,
        Arg::Build(build) => build.as_ref(),
    };
    match build {
        Build::Copy(_) => false,
        Build::List(items) | Build::Tuple(items) | Build::Set(items) | Build::FrozenSet(items) => {
            items.iter().any(has_input)
        }
        Build::Slice(parts) => parts.iter().any(has_input),
        Build::Dict(pairs) => pairs.iter().any(|(key, value)| has_input(key) || has_input(value)),
        Build::Call(_, args) => args.iter().any(has_input),
        Build::Dataclass(_, fields) => fields.iter().any(|(_, arg)| has_input(arg)),
    }
}

/// Whether a container has parts that are not constants: a dependency may be there that an earlier argument
/// brought already.
fn holds_build(build: &Build) -> bool {
    let any = |args: &[Arg]| args.iter().any(|arg| !matches!(arg, Arg::Const(_)));
    match build {
        Build::List(items) | Build::Tuple(items) | Build::Set(items) | Build::FrozenSet(items) => any(items),
        Build::Dict(pairs) => pairs.iter().any(|(k, v)| !matches!((k, v), (Arg::Const(_), Arg::Const(_)))),
        Build::Slice(parts) => any(parts),
        Build::Copy(_) | Build::Call(..) | Build::Dataclass(..) => true,
    }
}

/// Whether the object is of a type that holds no others.
pub fn is_leaf(object: &Bound<'_, PyAny>) -> bool {
    object.cast_exact::<PyInt>().is_ok()
        || object.cast_exact::<PyString>().is_ok()
        || object.cast_exact::<PyFloat>().is_ok()
        || object.is_none()
        || object.cast_exact::<PyBool>().is_ok()
        || object.cast_exact::<PyBytes>().is_ok()
}

/// What an object of an uncommon type can hold, remembered by type.
///
/// # Errors
/// What looking at its type raises.
pub fn type_kind(object: &Bound<'_, PyAny>) -> PyResult<TypeKind> {
    let kind = object.get_type();
    let address = kind.as_ptr() as usize;
    if let Some((found, _)) = KINDS.lock().as_ref().and_then(|kinds| kinds.get(&address)) {
        return Ok(*found);
    }
    let found = if kind.hasattr("__raskt_graph__")? || kind.hasattr("__dask_graph__")? {
        TypeKind::Collection
    } else if kind.hasattr("__dataclass_fields__")? {
        TypeKind::Dataclass
    } else if kind.is_subclass_of::<PyTuple>()? && kind.hasattr("_make")? && kind.hasattr("_fields")? {
        TypeKind::NamedTuple
    } else {
        builtin_kind(&kind)?
    };
    // What is forgotten goes outside the lock: the end of a class may run any Python.
    let forgotten = {
        let mut kinds = KINDS.lock();
        let kinds = kinds.get_or_insert_with(FxHashMap::default);
        // Classes made in a loop must not fill memory.
        let full = kinds.len() >= KINDS_MAX;
        let all = if full { std::mem::take(kinds) } else { FxHashMap::default() };
        (all, kinds.insert(address, (found, kind.unbind())))
    };
    drop(forgotten);
    Ok(found)
}

/// Whether `object` is a collection of Raskt's protocol or of Dask's, a delayed value included.
///
/// # Errors
/// What looking at its type raises.
pub fn is_collection(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    if PyType::is_type_of(object) {
        return Ok(false);
    }
    Ok(object.cast::<Delayed>().is_ok() || (!is_leaf(object) && type_kind(object)? == TypeKind::Collection))
}
