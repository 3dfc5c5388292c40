//! `Delayed`: a value that has not been computed. What happens a million times in a loop (calling, operators,
//! indexing, attributes) is here; everything else is Python, in `raskt/delayed.py`.

use std::sync::Arc;

use pyo3::exceptions::{PyAttributeError, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::pyclass::CompareOp;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};
use raskt_expr::Expr;
use smallvec::SmallVec;

use crate::names::{key_of, node_of};
use crate::node::{Arg, Args, Callee, Func, Node, Notes};
use crate::scan::Scan;

/// A value that will be computed when asked for.
#[pyclass(frozen, subclass, weakref, module = "raskt._raskt", name = "Delayed")]
pub struct Delayed {
    expr: Expr,
    /// How many items the value has, for iteration.
    length: Option<usize>,
    /// For `delayed(function)`: how its calls are made.
    maker: Option<Arc<Maker>>,
}

/// What `delayed(function, ...)` fixes for every call.
pub struct Maker {
    func: Arc<Func>,
    pure: bool,
    nout: Option<usize>,
    traverse: bool,
}

impl Delayed {
    /// A value made by `node`.
    pub fn of(node: Node) -> Self {
        Self::of_expr(Expr::of_call(Arc::new(node)))
    }

    /// The value of `expr`.
    pub fn of_expr(expr: Expr) -> Self {
        Self { expr, length: None, maker: None }
    }

    /// The value of `expr`, of so many items.
    pub fn with_length(expr: Expr, length: Option<usize>) -> Self {
        Self { expr, length, maker: None }
    }

    /// What makes the value.
    pub fn expr(&self) -> &Expr {
        &self.expr
    }
}

/// `delayed` as a Python object that the garbage collector does not look at: a loop that makes a million of them
/// would have it walk over all of them again and again.
///
/// # Errors
/// Where memory runs out.
pub fn hand_out(py: Python<'_>, delayed: Delayed) -> PyResult<Bound<'_, Delayed>> {
    let object = Bound::new(py, delayed)?;
    // SAFETY: the object is alive, new, and of a type with garbage collection. Not tracking it is always allowed;
    // it only means that a cycle through it is not found. `Delayed` reports no references to the collector anyway.
    unsafe { pyo3::ffi::PyObject_GC_UnTrack(object.as_ptr().cast()) };
    Ok(object)
}

/// The annotations in force, if any: set by `raskt.annotate` while it is entered on any thread.
fn notes(py: Python<'_>) -> PyResult<Option<Notes>> {
    crate::annotations::current(py)
}

/// A call of `func` on `args`, as a delayed value.
fn call(
    py: Python<'_>,
    func: &Arc<Func>,
    args: &Bound<'_, PyTuple>,
    kwargs: Option<&Bound<'_, PyDict>>,
    traverse: bool,
) -> PyResult<Node> {
    let mut scan = Scan::new(traverse);
    let args = scan.args(args, kwargs)?;
    Ok(Node::new(Callee::Func(Arc::clone(func)), args, scan.deps, notes(py)?))
}

impl Maker {
    fn call<'py>(
        &self,
        py: Python<'py>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, Delayed>> {
        let Some(kwargs) = kwargs.filter(|kwargs| !kwargs.is_empty()) else {
            let args = &kept(self.pure, args)?;
            let node = call(py, &self.func, args, None, self.traverse)?;
            return self.finish(py, node, self.pure, None, args, None);
        };
        let kwargs = kwargs.copy()?;
        let key =
            take(&kwargs, intern!(py, "raskt_key_name"))?.or(take(&kwargs, intern!(py, "dask_key_name"))?);
        let pure = match take(&kwargs, intern!(py, "pure"))? {
            Some(pure) => pure.extract()?,
            None => self.pure,
        };
        let (args, kwargs) = (&kept(pure, args)?, &kept(pure, &kwargs)?);
        let kwargs = Some(kwargs).filter(|kwargs| !kwargs.is_empty());
        let node = call(py, &self.func, args, kwargs, self.traverse)?;
        self.finish(py, node, pure, key, args, kwargs)
    }

    fn finish<'py>(
        &self,
        py: Python<'py>,
        node: Node,
        pure: bool,
        key: Option<Bound<'py, PyAny>>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, Delayed>> {
        let node = match key {
            Some(key) => {
                key.hash().map_err(|_| {
                    PyTypeError::new_err(format!(
                        "a key must be hashable, found {}",
                        crate::brief::brief(&key)
                    ))
                })?;
                node.with_key(py, key.unbind())
            }
            None if pure => {
                let tokenize = py.import(intern!(py, "raskt.tokenize"))?.getattr(intern!(py, "tokenize"))?;
                let token = tokenize.call1((self.func.object.bind(py), args, kwargs))?;
                let key = PyString::new(py, &format!("{}-{}", self.func.name, token.extract::<String>()?));
                node.with_key(py, key.into_any().unbind())
            }
            None => node,
        };
        hand_out(py, Delayed { length: self.nout, ..Delayed::of(node) })
    }
}

/// Arguments of a pure call, which is known by their content: as they are now, whatever happens to the objects.
fn kept<'py, T: pyo3::PyTypeCheck>(pure: bool, args: &Bound<'py, T>) -> PyResult<Bound<'py, T>> {
    let args = args.clone();
    if !pure {
        return Ok(args);
    }
    let kept = args.py().import(intern!(args.py(), "raskt._kept"))?.call_method1("kept", (args,))?;
    Ok(kept.cast_into::<T>()?)
}

fn take<'py>(
    kwargs: &Bound<'py, PyDict>,
    name: &Bound<'py, PyString>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let found = kwargs.get_item(name)?;
    if found.is_some() {
        kwargs.del_item(name)?;
    }
    Ok(found)
}

/// The functions that operators stand for, made once.
struct Operators {
    module: Py<PyAny>,
    funcs: parking_lot::Mutex<rustc_hash::FxHashMap<&'static str, Arc<Func>>>,
}

static OPERATORS: PyOnceLock<Operators> = PyOnceLock::new();

/// `operator.name`, or `getattr`.
fn operator(py: Python<'_>, name: &'static str) -> PyResult<Arc<Func>> {
    let operators = OPERATORS.get_or_try_init(py, || {
        let module = py.import("operator")?.into_any().unbind();
        PyResult::Ok(Operators { module, funcs: parking_lot::Mutex::default() })
    })?;
    if let Some(func) = operators.funcs.lock().get(name) {
        return Ok(Arc::clone(func));
    }
    let object = match name {
        "getattr" => py.import("builtins")?.getattr(name)?,
        _ => operators.module.bind(py).getattr(name)?,
    };
    // `operator.and_` and its like are called `and_`.
    let func = Func::named(&object, name);
    operators.funcs.lock().insert(name, Arc::clone(&func));
    Ok(func)
}

/// `operator.name(left, right)` as a delayed value.
fn binary<'py>(
    name: &'static str,
    left: Bound<'py, PyAny>,
    right: Bound<'py, PyAny>,
) -> PyResult<Bound<'py, Delayed>> {
    let py = left.py();
    let node = call(py, &operator(py, name)?, &PyTuple::new(py, [left, right])?, None, true)?;
    hand_out(py, Delayed::of(node))
}

fn unary<'py>(name: &'static str, slf: &Bound<'py, Delayed>) -> PyResult<Bound<'py, Delayed>> {
    let py = slf.py();
    let node = call(py, &operator(py, name)?, &PyTuple::new(py, [slf])?, None, true)?;
    hand_out(py, Delayed::of(node))
}

#[pymethods]
impl Delayed {
    #[pyo3(signature = (*args, **kwargs))]
    fn __call__<'py>(
        slf: &Bound<'py, Self>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, Self>> {
        let py = slf.py();
        let this = slf.get();
        if let Some(maker) = &this.maker {
            return maker.call(py, args, kwargs);
        }
        if let Some((object, name)) = method_of(py, &this.expr)? {
            let caller = Func::named(&py.import("raskt._protocol")?.getattr("call_method")?, &name);
            let all = [object, PyString::new(py, &name).into_any()].into_iter().chain(args.iter());
            let maker = Maker { func: caller, pure: false, nout: None, traverse: true };
            return maker.call(py, &PyTuple::new(py, all.collect::<Vec<_>>())?, kwargs);
        }
        let mut scan = Scan::new(true);
        scan.input(&this.expr);
        let args = scan.args(args, kwargs)?;
        let node = Node::new(Callee::FirstInput, args, scan.deps, notes(py)?);
        hand_out(py, Self::of(node))
    }

    fn __getattr__<'py>(slf: &Bound<'py, Self>, name: &Bound<'py, PyString>) -> PyResult<Bound<'py, Self>> {
        let text = name.to_string_lossy();
        if text.starts_with('_') {
            return Err(PyAttributeError::new_err(format!("'Delayed' object has no attribute '{text}'")));
        }
        binary("getattr", slf.clone().into_any(), name.clone().into_any())
    }

    fn __setattr__(&self, name: &Bound<'_, PyString>, _value: &Bound<'_, PyAny>) -> PyResult<()> {
        Err(PyTypeError::new_err(format!(
            "Delayed objects are immutable: cannot set {name}; call setattr inside a delayed function instead"
        )))
    }

    fn __setitem__(&self, _key: &Bound<'_, PyAny>, _value: &Bound<'_, PyAny>) -> PyResult<()> {
        Err(PyTypeError::new_err(
            "Delayed objects are immutable: assign to the item inside a delayed function instead",
        ))
    }

    fn __getitem__<'py>(slf: &Bound<'py, Self>, key: Bound<'py, PyAny>) -> PyResult<Bound<'py, Self>> {
        binary("getitem", slf.clone().into_any(), key)
    }

    fn __add__<'py>(slf: &Bound<'py, Self>, other: Bound<'py, PyAny>) -> PyResult<Bound<'py, Self>> {
        binary("add", slf.clone().into_any(), other)
    }

    fn __radd__<'py>(slf: &Bound<'py, Self>, other: Bound<'py, PyAny>) -> PyResult<Bound<'py, Self>> {
        binary("add", other, slf.clone().into_any())
    }

    fn __sub__<'py>(slf: &Bound<'py, Self>, other: Bound<'py, PyAny>) -> PyResult<Bound<'py, Self>> {
        binary("sub", slf.clone().into_any(), other)
    }

    fn __rsub__<'py>(slf: &Bound<'py, Self>, other: Bound<'py, PyAny>) -> PyResult<Bound<'py, Self>> {
        binary("sub", other, slf.clone().into_any())
    }

    fn __mul__<'py>(slf: &Bound<'py, Self>, other: Bound<'py, PyAny>) -> PyResult<Bound<'py, Self>> {
        binary("mul", slf.clone().into_any(), other)
    }

    fn __rmul__<'py>(slf: &Bound<'py, Self>, other: Bound<'py, PyAny>) -> PyResult<Bound<'py, Self>> {
        binary("mul", other, slf.clone().into_any())
    }

    fn __matmul__<'py>(slf: &Bound<'py, Self>, other: Bound<'py, PyAny>) -> PyResult<Bound<'py, Self>> {
        binary("matmul", slf.clone().into_any(), other)
    }

    fn __rmatmul__<'py>(slf: &Bound<'py, Self>, other: Bound<'py, PyAny>) -> PyResult<Bound<'py, Self>> {
        binary("matmul", other, slf.clone().into_any())
    }

    fn __truediv__<'py>(slf: &Bound<'py, Self>, other: Bound<'py, PyAny>) -> PyResult<Bound<'py, Self>> {
        binary("truediv", slf.clone().into_any(), other)
    }

    fn __rtruediv__<'py>(slf: &Bound<'py, Self>, other: Bound<'py, PyAny>) -> PyResult<Bound<'py, Self>> {
        binary("truediv", other, slf.clone().into_any())
    }

    fn __floordiv__<'py>(slf: &Bound<'py, Self>, other: Bound<'py, PyAny>) -> PyResult<Bound<'py, Self>> {
        binary("floordiv", slf.clone().into_any(), other)
    }

    fn __rfloordiv__<'py>(slf: &Bound<'py, Self>, other: Bound<'py, PyAny>) -> PyResult<Bound<'py, Self>> {
        binary("floordiv", other, slf.clone().into_any())
    }

    fn __mod__<'py>(slf: &Bound<'py, Self>, other: Bound<'py, PyAny>) -> PyResult<Bound<'py, Self>> {
        binary("mod", slf.clone().into_any(), other)
    }

    fn __rmod__<'py>(slf: &Bound<'py, Self>, other: Bound<'py, PyAny>) -> PyResult<Bound<'py, Self>> {
        binary("mod", other, slf.clone().into_any())
    }

    fn __lshift__<'py>(slf: &Bound<'py, Self>, other: Bound<'py, PyAny>) -> PyResult<Bound<'py, Self>> {
        binary("lshift", slf.clone().into_any(), other)
    }

    fn __rlshift__<'py>(slf: &Bound<'py, Self>, other: Bound<'py, PyAny>) -> PyResult<Bound<'py, Self>> {
        binary("lshift", other, slf.clone().into_any())
    }

    fn __rshift__<'py>(slf: &Bound<'py, Self>, other: Bound<'py, PyAny>) -> PyResult<Bound<'py, Self>> {
        binary("rshift", slf.clone().into_any(), other)
    }

    fn __rrshift__<'py>(slf: &Bound<'py, Self>, other: Bound<'py, PyAny>) -> PyResult<Bound<'py, Self>> {
        binary("rshift", other, slf.clone().into_any())
    }

    fn __and__<'py>(slf: &Bound<'py, Self>, other: Bound<'py, PyAny>) -> PyResult<Bound<'py, Self>> {
        binary("and_", slf.clone().into_any(), other)
    }

    fn __rand__<'py>(slf: &Bound<'py, Self>, other: Bound<'py, PyAny>) -> PyResult<Bound<'py, Self>> {
        binary("and_", other, slf.clone().into_any())
    }

    fn __or__<'py>(slf: &Bound<'py, Self>, other: Bound<'py, PyAny>) -> PyResult<Bound<'py, Self>> {
        binary("or_", slf.clone().into_any(), other)
    }

    fn __ror__<'py>(slf: &Bound<'py, Self>, other: Bound<'py, PyAny>) -> PyResult<Bound<'py, Self>> {
        binary("or_", other, slf.clone().into_any())
    }

    fn __xor__<'py>(slf: &Bound<'py, Self>, other: Bound<'py, PyAny>) -> PyResult<Bound<'py, Self>> {
        binary("xor", slf.clone().into_any(), other)
    }

    fn __rxor__<'py>(slf: &Bound<'py, Self>, other: Bound<'py, PyAny>) -> PyResult<Bound<'py, Self>> {
        binary("xor", other, slf.clone().into_any())
    }

    fn __neg__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, Self>> {
        unary("neg", slf)
    }

    fn __pos__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, Self>> {
        unary("pos", slf)
    }

    fn __invert__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, Self>> {
        unary("invert", slf)
    }

    fn __abs__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, Self>> {
        unary("abs", slf)
    }

    fn __pow__<'py>(
        slf: &Bound<'py, Self>,
        other: Bound<'py, PyAny>,
        modulo: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, Self>> {
        no_modulo(modulo)?;
        binary("pow", slf.clone().into_any(), other)
    }

    fn __rpow__<'py>(
        slf: &Bound<'py, Self>,
        other: Bound<'py, PyAny>,
        modulo: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, Self>> {
        no_modulo(modulo)?;
        binary("pow", other, slf.clone().into_any())
    }

    fn __richcmp__<'py>(
        slf: &Bound<'py, Self>,
        other: Bound<'py, PyAny>,
        op: CompareOp,
    ) -> PyResult<Bound<'py, Self>> {
        let name = match op {
            CompareOp::Lt => "lt",
            CompareOp::Le => "le",
            CompareOp::Eq => "eq",
            CompareOp::Ne => "ne",
            CompareOp::Gt => "gt",
            CompareOp::Ge => "ge",
        };
        binary(name, slf.clone().into_any(), other)
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        key_of(py, &self.expr).hash()
    }

    fn __bool__(&self) -> PyResult<bool> {
        Err(PyTypeError::new_err(
            "the truth value of a Delayed object is not known before it is computed: call .compute() first, \
             or move the `if` into a delayed function",
        ))
    }

    fn __len__(&self) -> PyResult<usize> {
        self.length.ok_or_else(|| {
            PyTypeError::new_err("Delayed objects of unspecified length have no len(): pass nout= to delayed")
        })
    }

    fn __iter__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let Some(length) = slf.get().length else {
            return Err(PyTypeError::new_err(
                "Delayed objects of unspecified length are not iterable: pass nout= to delayed, \
                 or move the loop into a delayed function",
            ));
        };
        let py = slf.py();
        let items = PyList::empty(py);
        for at in 0..length {
            items.append(Self::__getitem__(slf, at.into_pyobject(py)?.into_any())?)?;
        }
        items.into_any().try_iter().map(Bound::into_any)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("Delayed({})", key_of(py, &self.expr).repr()?.to_string_lossy()))
    }

    /// What notebooks show.
    fn _repr_html_<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        py.import("raskt._html")?.call_method1("delayed", (key_of(py, &self.expr),))
    }

    /// The task's key.
    #[getter]
    fn key<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        key_of(py, &self.expr)
    }

    /// Computes the value; see `raskt.compute` for the keywords.
    #[pyo3(signature = (**kwargs))]
    fn compute<'py>(
        slf: &Bound<'py, Self>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        base(slf, "compute", kwargs)?.get_item(0)
    }

    /// Computes the value and keeps it, as a delayed value that is there.
    #[pyo3(signature = (**kwargs))]
    fn persist<'py>(
        slf: &Bound<'py, Self>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        base(slf, "persist", kwargs)?.get_item(0)
    }

    /// Draws the graph; see `raskt.visualize` for the keywords.
    #[pyo3(
        signature = (*args, **kwargs),
        text_signature = "($self, filename='raskt-graph', format=None, **kwargs)"
    )]
    fn visualize<'py>(
        slf: &Bound<'py, Self>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let all: Vec<_> = std::iter::once(slf.clone().into_any()).chain(args.iter()).collect();
        py.import("raskt._visualize")?.call_method("visualize_one", PyTuple::new(py, all)?, kwargs)
    }

    /// The graph, as a dictionary of tasks by key.
    #[getter]
    fn graph<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        Self::__raskt_graph__(slf)
    }

    fn __raskt_graph__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("raskt._convert")?.call_method1("graph_of", (slf,))
    }

    fn __raskt_keys__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, [key_of(py, &self.expr)])
    }

    fn __raskt_tokenize__<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        key_of(py, &self.expr)
    }

    fn __raskt_postcompute__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let first = py.import("raskt._protocol")?.getattr("first")?;
        PyTuple::new(py, [first, PyTuple::empty(py).into_any()])
    }

    fn __raskt_postpersist__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let rebuild = py.import("raskt._protocol")?.getattr("rebuild_delayed")?;
        let extra = PyTuple::new(py, [key_of(py, &self.expr), self.length.into_pyobject(py)?.into_any()])?;
        PyTuple::new(py, [rebuild, extra.into_any()])
    }

    // Dask's protocol, for its `compute` and for libraries that are written to it.

    fn __dask_graph__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("raskt._dask.protocol")?.call_method1("graph_of", (slf,))
    }

    /// The graph as one of Dask's, which must be installed.
    #[getter]
    fn dask<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("raskt._dask.mixin")?.call_method1("layers_of", (slf,))
    }

    /// Computes the value on another thread, and gives it as `persist` does.
    fn __await__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("raskt.collection")?.call_method1("awaited", (slf,))
    }

    fn __dask_keys__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        self.__raskt_keys__(py)
    }

    fn __dask_layers__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyTuple>> {
        let layers = Self::__dask_graph__(slf)?.getattr("layers")?;
        PyTuple::new(slf.py(), layers.try_iter()?.collect::<PyResult<Vec<_>>>()?)
    }

    fn __dask_postcompute__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        self.__raskt_postcompute__(py)
    }

    fn __dask_postpersist__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        self.__raskt_postpersist__(py)
    }

    fn __dask_tokenize__<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        self.__raskt_tokenize__(py)
    }

    /// What optimises a graph before Dask runs it.
    #[getter]
    fn __dask_optimize__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        py.import("raskt._dask.protocol")?.getattr("optimize")
    }

    /// What runs it where nobody chose a scheduler.
    #[getter]
    fn __dask_scheduler__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        py.import("raskt._dask.protocol")?.getattr("schedule")
    }

    /// How many items the value has, where that was said.
    #[getter]
    fn _length(&self) -> Option<usize> {
        self.length
    }

    /// The function that `delayed` wrapped, for tools that look through wrappers.
    #[getter]
    fn __wrapped__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match &self.maker {
            Some(maker) => Ok(maker.func.object.clone_ref(py)),
            None => Err(PyAttributeError::new_err("'Delayed' object has no attribute '__wrapped__'")),
        }
    }

    /// A delayed function in a class body is a method.
    fn __get__<'py>(
        slf: &Bound<'py, Self>,
        instance: Option<&Bound<'py, PyAny>>,
        _owner: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        match instance.filter(|instance| !instance.is_none()) {
            None => Ok(slf.clone().into_any()),
            Some(instance) => slf.py().import("types")?.call_method1("MethodType", (slf, instance)),
        }
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let this = slf.get();
        let rebuild = py.import("raskt._raskt")?;
        if let Some(maker) = &this.maker {
            let args =
                (maker.func.object.bind(py), &*maker.func.name, maker.pure, maker.nout, maker.traverse);
            return Ok((rebuild.getattr("make_function")?, args).into_pyobject(py)?.into_any());
        }
        let (rows, functions) = crate::template::flatten(py, &this.expr)?;
        let args = (rows, functions, this.length);
        Ok((rebuild.getattr("rebuild_delayed")?, args).into_pyobject(py)?.into_any())
    }
}

/// `raskt.base.name(delayed, **kwargs)`.
fn base<'py>(
    slf: &Bound<'py, Delayed>,
    name: &str,
    kwargs: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    slf.py().import(intern!(slf.py(), "raskt.base"))?.call_method(name, (slf,), kwargs)
}

fn no_modulo(modulo: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
    match modulo.filter(|modulo| !modulo.is_none()) {
        None => Ok(()),
        Some(_) => {
            Err(PyTypeError::new_err("pow() of a Delayed object takes no modulus: use delayed(pow)(a, b, m)"))
        }
    }
}

/// If `expr` is `getattr(object, "name")`: the object, delayed, and the name. Calling it is then one task.
fn method_of<'py>(py: Python<'py>, expr: &Expr) -> PyResult<Option<(Bound<'py, PyAny>, String)>> {
    let Some(node) = node_of(expr) else {
        return Ok(None);
    };
    let Callee::Func(func) = &node.callee else { return Ok(None) };
    let Args::Mixed { args, kwargs } = &node.args else { return Ok(None) };
    match (args.as_ref(), kwargs.is_empty()) {
        ([Arg::Input(0), Arg::Const(name)], true) if &*func.name == "getattr" && node.deps.len() == 1 => {
            let object = Bound::new(py, Delayed::of_expr(node.deps[0].clone()))?;
            Ok(Some((object.into_any(), name.bind(py).extract()?)))
        }
        _ => Ok(None),
    }
}

/// `delayed(function)`: calling it makes delayed values.
#[pyfunction]
#[pyo3(signature = (function, name, pure, nout, traverse, key=None))]
fn make_function(
    py: Python<'_>,
    function: &Bound<'_, PyAny>,
    name: &str,
    pure: bool,
    nout: Option<usize>,
    traverse: bool,
    key: Option<Py<PyAny>>,
) -> PyResult<Delayed> {
    let func = Func::named(function, name);
    let args = Args::Plain { args: PyTuple::new(py, [function])?.unbind(), kwargs: None };
    let mut node = Node::new(Callee::Identity, args, SmallVec::new(), None);
    if let Some(key) = key {
        node = node.with_key(py, key);
    }
    let maker = Maker { func, pure, nout, traverse };
    Ok(Delayed { maker: Some(Arc::new(maker)), ..Delayed::of(node) })
}

/// `delayed(object)`: the object as a delayed value, with the delayed values in it computed if it is traversed.
#[pyfunction]
#[pyo3(signature = (object, traverse, nout=None, key=None))]
fn make_value(
    py: Python<'_>,
    object: Bound<'_, PyAny>,
    traverse: bool,
    nout: Option<usize>,
    key: Option<Py<PyAny>>,
) -> PyResult<Delayed> {
    let mut scan = Scan::new(traverse);
    let mut args = scan.args(&PyTuple::new(py, [object])?, None)?;
    if scan.deps.is_empty()
        && let Args::Mixed { args: parts, .. } = &args
        && let [part] = &**parts
    {
        let value = crate::eval::value(py, part, &[])?;
        args = Args::Plain { args: PyTuple::new(py, [value])?.unbind(), kwargs: None };
    }
    let mut node = Node::new(Callee::Identity, args, scan.deps, notes(py)?);
    if let Some(key) = key {
        node = node.with_key(py, key);
    }
    Ok(Delayed { length: nout, ..Delayed::of(node) })
}

/// A delayed value from what pickling one wrote.
#[pyfunction]
fn rebuild_delayed(
    py: Python<'_>,
    rows: &Bound<'_, PyList>,
    functions: &Bound<'_, PyList>,
    length: Option<usize>,
) -> PyResult<Delayed> {
    let expr = crate::errors::guarded(|| crate::template::unflatten(py, rows, functions))?;
    Ok(Delayed::with_length(expr, length))
}

/// Whether `object` is a collection: a delayed value, or of a type with `__raskt_graph__`.
#[pyfunction]
fn is_collection(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    crate::scan::is_collection(object)
}

/// What keys, pictures and errors call `function`.
#[pyfunction]
fn function_name(function: &Bound<'_, PyAny>) -> String {
    crate::names::function_name(function)
}

/// Adds the names of this module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(function_name, module)?)?;
    module.add_class::<Delayed>()?;
    module.add_function(wrap_pyfunction!(make_function, module)?)?;
    module.add_function(wrap_pyfunction!(make_value, module)?)?;
    module.add_function(wrap_pyfunction!(rebuild_delayed, module)?)?;
    module.add_function(wrap_pyfunction!(is_collection, module)?)
}
