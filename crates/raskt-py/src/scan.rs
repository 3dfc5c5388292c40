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
    /// A dataclass, or a class made by attrs.
    Fields,
    /// What `raskt._apart` takes apart: subclasses of Python's containers, and those of its library.
    Container,
    /// A NumPy array, which is a container where its dtype has objects.
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
    opens_fields: bool,
    depth: usize,
    /// The addresses of the containers of uncommon types around what is being looked at.
    around: Vec<usize>,
    /// Whether one of them was met inside of itself.
    is_circular: bool,
}

impl Scan {
    /// A scan that looks into containers if `traverse` says so.
    pub fn new(traverse: bool) -> Self {
        Self {
            deps: SmallVec::new(),
            traverse,
            opens_fields: true,
            depth: 0,
            around: Vec::new(),
            is_circular: false,
        }
    }

    /// A scan of what a client submits: futures in dataclasses stay futures, as in Dask.
    pub fn of_submitted() -> Self {
        Self { opens_fields: false, ..Self::new(true) }
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
            TypeKind::Fields if self.traverse && self.opens_fields => self.within(&object, Self::fields),
            TypeKind::Container if self.traverse => self.within(&object, Self::container),
            TypeKind::Array if self.traverse && holds_objects(&object)? => {
                self.within(&object, Self::container)
            }
            TypeKind::Fields | TypeKind::Container | TypeKind::Array | TypeKind::Plain => {
                Ok(Arg::Const(object.unbind()))
            }
        }
    }

    /// What `read` makes of an object that may hold itself, or whatever holds it.
    fn within<'py>(
        &mut self,
        object: &Bound<'py, PyAny>,
        read: impl FnOnce(&mut Self, &Bound<'py, PyAny>) -> PyResult<Option<Build>>,
    ) -> PyResult<Arg> {
        let address = object.as_ptr() as usize;
        if self.around.contains(&address) {
            self.is_circular = true;
            return Ok(Arg::Const(object.clone().unbind()));
        }
        self.around.push(address);
        let build = read(self, object)?;
        self.around.pop();
        if build.is_some() && self.is_circular {
            return Err(PyRecursionError::new_err(format!(
                "an argument of type {} holds lazy values, and itself: compute() them first",
                object.get_type().name()?
            )));
        }
        self.is_circular &= !self.around.is_empty();
        Ok(build.map_or_else(|| Arg::Const(object.clone().unbind()), |build| Arg::Build(Box::new(build))))
    }

    /// An object of fields, made anew where the value of a dependency is in one of them.
    fn fields(&mut self, object: &Bound<'_, PyAny>) -> PyResult<Option<Build>> {
        let names = apart(object.py())?.call_method1("field_names", (object.get_type(),))?;
        let mut fields = Vec::new();
        for name in names.try_iter()? {
            let name = name?.cast_into::<PyString>()?;
            if let Ok(value) = object.getattr(&name) {
                fields.push((name.unbind(), self.arg(value)?));
            }
        }
        let is_made = fields.iter().any(|(_, arg)| !matches!(arg, Arg::Const(_)));
        Ok(is_made.then(|| Build::Fields(object.clone().unbind(), fields)))
    }

    /// A container of an uncommon type, made anew where the value of a dependency is in it.
    fn container(&mut self, object: &Bound<'_, PyAny>) -> PyResult<Option<Build>> {
        let taken = apart(object.py())?.call_method1(intern!(object.py(), "taken_apart"), (object,))?;
        if taken.is_none() {
            return Ok(None);
        }
        let (make, parts) = taken.extract::<(Bound<'_, PyAny>, Bound<'_, PyTuple>)>()?;
        let parts = self.items(parts.iter())?;
        Ok(parts.iter().any(has_input).then(|| Build::Call(make.unbind(), parts)))
    }
}

fn holds_objects(array: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = array.py();
    array.getattr(intern!(py, "dtype"))?.getattr(intern!(py, "hasobject"))?.is_truthy()
}

/// The module that knows containers of uncommon types.
pub fn apart(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    py.import(intern!(py, "raskt._apart"))
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
        Build::Fields(_, fields) => fields.iter().any(|(_, arg)| has_input(arg)),
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
        Build::Copy(_) | Build::Call(..) | Build::Fields(..) => true,
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
    } else if kind.hasattr("__dataclass_fields__")? || kind.hasattr("__attrs_attrs__")? {
        TypeKind::Fields
    } else if kind.module()? == "numpy" && kind.name()? == "ndarray" {
        TypeKind::Array
    } else if apart(kind.py())?.call_method1("is_container", (&kind,))?.is_truthy()? {
        TypeKind::Container
    } else {
        TypeKind::Plain
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
