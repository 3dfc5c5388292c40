//! Arguments again, with their inputs in other places.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PySet, PyString};

use crate::node::{Arg, Args, Build, Callee, Node};

impl Build {
    /// Whether it is the same for all inputs, so that the original object serves.
    pub fn holds_only_constants(&self) -> bool {
        let all = |args: &[Arg]| args.iter().all(|arg| matches!(arg, Arg::Const(_)));
        match self {
            Self::List(items) | Self::Tuple(items) | Self::Set(items) | Self::FrozenSet(items) => all(items),
            Self::Dict(pairs) => pairs.iter().all(|pair| matches!(pair, (Arg::Const(_), Arg::Const(_)))),
            Self::Slice(parts) => all(parts),
            Self::Copy(_) | Self::Call(..) | Self::Fields(..) => false,
        }
    }
}

/// How deep containers and calls nest in `args`; it is as deep as whoever read them let it be.
pub fn depth_of(args: &Args) -> usize {
    match args {
        Args::Plain { .. } => 0,
        Args::Mixed { args, kwargs } => {
            let all = args.iter().chain(kwargs.iter().map(|(_, arg)| arg));
            all.map(arg_depth).max().unwrap_or(0)
        }
    }
}

fn arg_depth(arg: &Arg) -> usize {
    let all = |args: &[Arg]| args.iter().map(arg_depth).max().unwrap_or(0);
    let Arg::Build(build) = arg else { return 0 };
    1 + match build.as_ref() {
        Build::List(items) | Build::Tuple(items) | Build::Set(items) | Build::FrozenSet(items) => all(items),
        Build::Dict(pairs) => {
            pairs.iter().map(|(key, value)| arg_depth(key).max(arg_depth(value))).max().unwrap_or(0)
        }
        Build::Slice(parts) => all(parts),
        Build::Call(_, args) => all(args),
        Build::Fields(_, fields) => fields.iter().map(|(_, arg)| arg_depth(arg)).max().unwrap_or(0),
        Build::Copy(_) => 0,
    }
}

/// `args`, with input `i` at `places[i]`.
pub fn copy_args(py: Python<'_>, args: &Args, places: &[u32]) -> Args {
    match args {
        Args::Plain { args, kwargs } => Args::Plain {
            args: args.clone_ref(py),
            kwargs: kwargs.as_ref().map(|kwargs| kwargs.clone_ref(py)),
        },
        Args::Mixed { args, kwargs } => {
            let named = kwargs.iter().map(|(name, arg)| (name.clone_ref(py), copy(py, arg, places)));
            Args::Mixed { args: copies(py, args, places).into_boxed_slice(), kwargs: named.collect() }
        }
    }
}

fn copies(py: Python<'_>, args: &[Arg], places: &[u32]) -> Vec<Arg> {
    args.iter().map(|arg| copy(py, arg, places)).collect()
}

fn copy(py: Python<'_>, arg: &Arg, places: &[u32]) -> Arg {
    let build = match arg {
        Arg::Const(object) => return Arg::Const(object.clone_ref(py)),
        Arg::Input(at) => return Arg::Input(places.get(*at as usize).copied().unwrap_or(u32::MAX)),
        Arg::Inputs => {
            let items = places.iter().map(|&place| Arg::Input(place)).collect();
            return Arg::Build(Box::new(Build::List(items)));
        }
        Arg::Build(build) => build.as_ref(),
    };
    Arg::Build(Box::new(match build {
        Build::List(items) => Build::List(copies(py, items, places)),
        Build::Tuple(items) => Build::Tuple(copies(py, items, places)),
        Build::Set(items) => Build::Set(copies(py, items, places)),
        Build::FrozenSet(items) => Build::FrozenSet(copies(py, items, places)),
        Build::Dict(pairs) => {
            Build::Dict(pairs.iter().map(|(k, v)| (copy(py, k, places), copy(py, v, places))).collect())
        }
        Build::Slice(parts) => Build::Slice(std::array::from_fn(|at| copy(py, &parts[at], places))),
        Build::Copy(container) => Build::Copy(container.clone_ref(py)),
        Build::Call(function, args) => Build::Call(function.clone_ref(py), copies(py, args, places)),
        Build::Fields(template, fields) => {
            let fields = fields.iter().map(|(name, arg)| (name.clone_ref(py), copy(py, arg, places)));
            Build::Fields(template.clone_ref(py), fields.collect())
        }
    }))
}

/// `node` as an argument of another call, which makes the call itself.
///
/// # Errors
/// Where memory runs out.
pub fn inline(py: Python<'_>, node: &Node, places: &[u32]) -> PyResult<Arg> {
    let function = match &node.callee {
        Callee::Func(func) => Arg::Const(func.object.clone_ref(py)),
        Callee::FirstInput => Arg::Input(places.first().copied().unwrap_or(u32::MAX)),
        Callee::Identity => return identity(py, node, places),
    };
    let (args, kwargs) = parts(py, &node.args, places)?;
    if let (Arg::Const(function), true) = (&function, kwargs.is_empty()) {
        return Ok(Arg::Build(Box::new(Build::Call(function.clone_ref(py), args))));
    }
    let apply = py.import("raskt._protocol")?.getattr("apply")?.unbind();
    let named = kwargs.into_iter().map(|(name, arg)| (Arg::Const(name.into_any()), arg)).collect();
    let parts =
        vec![function, Arg::Build(Box::new(Build::Tuple(args))), Arg::Build(Box::new(Build::Dict(named)))];
    Ok(Arg::Build(Box::new(Build::Call(apply, parts))))
}

fn identity(py: Python<'_>, node: &Node, places: &[u32]) -> PyResult<Arg> {
    match &node.args {
        Args::Plain { args, .. } => Ok(Arg::Const(args.bind(py).get_item(0)?.unbind())),
        Args::Mixed { args, .. } => {
            Ok(args.first().map_or_else(|| Arg::Const(py.None()), |arg| copy(py, arg, places)))
        }
    }
}

/// A list, a dict or a set with the same items; anything else itself.
///
/// # Errors
/// Where memory runs out.
pub fn fresh<'py>(container: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    if let Ok(list) = container.cast_exact::<PyList>() {
        return Ok(list.get_slice(0, list.len()).into_any());
    }
    if let Ok(dict) = container.cast_exact::<PyDict>() {
        return Ok(dict.copy()?.into_any());
    }
    match container.cast_exact::<PySet>() {
        Ok(_) => container.call_method0(pyo3::intern!(container.py(), "copy")),
        Err(_) => Ok(container.clone()),
    }
}

type Parts = (Vec<Arg>, Vec<(Py<PyString>, Arg)>);

fn parts(py: Python<'_>, args: &Args, places: &[u32]) -> PyResult<Parts> {
    match args {
        Args::Plain { args, kwargs } => {
            let positional = args.bind(py).iter().map(|item| Arg::Const(item.unbind())).collect();
            let mut named = Vec::new();
            for (name, item) in kwargs.as_ref().into_iter().flat_map(|kwargs| kwargs.bind(py).iter()) {
                named.push((name.cast_into::<PyString>()?.unbind(), Arg::Const(item.unbind())));
            }
            Ok((positional, named))
        }
        Args::Mixed { args, kwargs } => {
            let named = kwargs.iter().map(|(name, arg)| (name.clone_ref(py), copy(py, arg, places)));
            Ok((copies(py, args, places), named.collect()))
        }
    }
}
