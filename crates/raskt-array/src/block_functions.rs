//! Functions of blocks that have native kernels: which one planning takes in place of the package's helper or NumPy's
//! function, for which dtypes and options.

use raskt_core::{DType, Fit, NdArray, Param, Value};
use raskt_expr::Meta;
use raskt_graph::Body;

use crate::kernels::{self, ProgramBuilder};
use crate::library::CHUNK;
use crate::operations::are_native;
use crate::parameters::{AXIS, DTYPE, axis_number, dtype_param, flag, integers_of, text, with};
use crate::types::{Ufunc, promote_types};

/// A function that is to be called with blocks of arrays.
pub(crate) struct BlockFunction<'a> {
    /// Its path.
    pub function: &'a Param,
    /// Its keyword arguments.
    pub kwargs: &'a Param,
    /// What is known of its operands.
    pub operands: &'a [Meta],
    /// The dtype of its result.
    pub dtype: &'a DType,
}

/// Bodies that reduce blocks: of each block, of some partial results, and of the last ones.
pub(crate) struct TreeBodies {
    pub chunk: Body,
    pub combine: Body,
    pub aggregate: Body,
}

fn body(name: &str, parameters: Param) -> Body {
    Body::Native { name: name.into(), parameters }
}

/// The name of a helper of the package: those that compare elements have a module of their own.
fn helper(path: &str) -> Option<&str> {
    let (module, name) = path.rsplit_once('.')?;
    matches!(module.strip_prefix(CHUNK)?, "" | "_order").then_some(name)
}

fn is_time(dtype: &DType) -> bool {
    matches!(dtype, DType::Datetime(_) | DType::Timedelta(_))
}

fn is_complex(dtype: &DType) -> bool {
    matches!(dtype, DType::Complex64 | DType::Complex128)
}

/// Whether elements are whole numbers, truth values not among them.
pub(crate) fn is_integer(dtype: &DType) -> bool {
    let inexact = matches!(dtype, DType::Float32 | DType::Float64) || is_complex(dtype);
    dtype.item_bytes().is_some() && !inexact && !is_time(dtype) && *dtype != DType::Bool
}

/// Whether elements of two dtypes are compared exactly once they are cast to their common dtype, as NumPy compares them.
fn are_comparable(a: &DType, b: &DType) -> bool {
    let times = is_time(a) || is_time(b);
    let common = promote_types(a, b);
    a == b
        || (!times && common.is_some_and(|common| !(is_integer(a) && is_integer(b)) || is_integer(&common)))
}

fn array_of<'a>(kwargs: &'a Param, name: &str) -> Option<&'a NdArray> {
    match kwargs.get(name) {
        Some(Param::Value(Value::Array(array))) => Some(array),
        _ => None,
    }
}

impl BlockFunction<'_> {
    /// The native body; `None` where the function has none for such operands.
    pub fn native(&self) -> Option<Body> {
        if !are_native(self.operands) || self.dtype.item_bytes().is_none() {
            return None;
        }
        let path = self.function.as_str()?;
        if let Some(name) = path.strip_prefix("numpy.") {
            return self.of_numpy(name);
        }
        #[cfg(feature = "linear")]
        if let Some(name) = path.strip_prefix(crate::linear::PREFIX) {
            return Some(body(&format!("array.linear.{name}"), self.kwargs.clone()));
        }
        let name = helper(path)?;
        if name == "where_block" {
            return self.of_numpy("where");
        }
        let body = self.multiplied(name).or_else(|| self.moved(name)).or_else(|| self.compared(name))?;
        Some(self.planned(body))
    }

    /// The body, told the dtypes of its operands where it converts them: blocks may turn out to be of others.
    fn planned(&self, body: Body) -> Body {
        match body {
            Body::Native { name, parameters } if kernels::converts(name.as_str()) => {
                let dtypes = self.operands.iter().map(|meta| dtype_param(meta.dtype())).collect();
                let parameters = with(&parameters, [("from", Param::List(dtypes))]);
                Body::Native { name, parameters }
            }
            body => body,
        }
    }

    fn operand(&self, at: usize) -> Option<&DType> {
        self.operands.get(at).map(Meta::dtype)
    }

    /// The parameters, with the dtype of the result.
    fn typed(&self) -> Param {
        with(self.kwargs, [(DTYPE, dtype_param(self.dtype))])
    }

    /// A ufunc, or a function of NumPy's that needs no helper.
    fn of_numpy(&self, name: &str) -> Option<Body> {
        if name == "repeat" {
            return Some(body("array.repeat", self.kwargs.clone()));
        }
        let has_options = !matches!(self.kwargs, Param::Null) && *self.kwargs != Param::map([]);
        let ufunc =
            Ufunc::parse(name).filter(|ufunc| !has_options && ufunc.arity() == self.operands.len())?;
        let dtypes = self.operands.iter().map(|meta| meta.dtype().clone()).collect();
        let mut program = ProgramBuilder::new(dtypes);
        let inputs: Vec<_> = (0..self.operands.len().fit::<u16>()).map(|at| program.input(at)).collect();
        let result = program.ufunc(ufunc, &inputs).ok()?;
        let program = program.returning(result).finish();
        (program.dtype() == self.dtype).then(|| body("array.elementwise", program.to_param()))
    }

    /// Products, and what runs along an axis.
    fn multiplied(&self, name: &str) -> Option<Body> {
        let is_number = |dtype: &DType| *dtype != DType::Bool && !is_time(dtype);
        let numbers = self.operands.iter().all(|meta| is_number(meta.dtype())) && is_number(self.dtype);
        let sums = text(self.kwargs, "kind").ends_with("sum") && matches!(self.dtype, DType::Timedelta(_));
        let cumulated = is_number(self.dtype) || sums;
        let kernel = match name {
            "matmul_blocks" if numbers => "array.matmul",
            "matmul_of_bools" => "array.matmul",
            "tensordot_blocks" if numbers => "array.tensordot",
            "scan_block" if cumulated => "array.cumulate",
            "scan_before" if cumulated => "array.preceding",
            "last_of_block" if cumulated => "array.carried",
            _ => return None,
        };
        let kind = text(self.kwargs, "kind").replace("cum", "");
        let parameters = self.typed();
        Some(body(
            kernel,
            if kind.is_empty() { parameters } else { with(&parameters, [("kind", Param::Str(kind.into()))]) },
        ))
    }

    /// Elements moved as they are.
    fn moved(&self, name: &str) -> Option<Body> {
        let same = self.operand(0).is_none_or(|dtype| dtype == self.dtype);
        let kernel = match name {
            "compress" if self.operand(1) == Some(&DType::Bool) => "array.compress",
            "picked_block" if same && is_integer(self.operand(1)?) => "array.take",
            "points" if same => "array.points",
            "true_places" => "array.true_places",
            "triangle" if same => "array.triangle",
            "diagonal" if same => "array.diagonal",
            "assign" if same && self.assigns_alike() => "array.assign",
            "tri" if !is_time(self.dtype) => "array.tri",
            "indices" if !is_time(self.dtype) => "array.indices",
            _ => return None,
        };
        Some(body(kernel, self.typed()))
    }

    /// Whether what is assigned has the array's dtype already.
    fn assigns_alike(&self) -> bool {
        let given = self.operand(1).or_else(|| array_of(self.kwargs, "value").map(NdArray::dtype));
        given == Some(self.dtype)
    }

    /// Elements compared with each other.
    fn compared(&self, name: &str) -> Option<Body> {
        let alike = || Some(are_comparable(self.operand(0)?, self.operand(1)?));
        let alike_given = |name| Some(are_comparable(self.operand(0)?, array_of(self.kwargs, name)?.dtype()));
        let real = || self.operand(0).is_some_and(|dtype| !is_complex(dtype) && !is_time(dtype));
        let kernel = match name {
            "sort_block" => "array.sort",
            "merge_blocks" => "array.merge",
            "isin" if alike()? => "array.isin",
            "inverse" if alike()? => "array.inverse",
            "places_before" if alike()? => "array.searchsorted",
            "digitize" if real() && alike_given("bins")? => "array.digitize",
            "histogram" if real() && self.counts_plainly() && alike_given("edges")? => "array.histogram",
            "along" => return self.quantile(),
            _ => return None,
        };
        Some(body(kernel, self.kwargs.clone()))
    }

    /// Whether a histogram is of numbers that count once each.
    fn counts_plainly(&self) -> bool {
        self.operands.len() == 1 && self.operand(0) != Some(&DType::Bool)
    }

    /// Quantiles of `float64`; medians of whole numbers too.
    fn quantile(&self) -> Option<Body> {
        let (name, dtype) = (text(self.kwargs, "name"), self.operand(0)?);
        let plain = name.strip_prefix("nan").unwrap_or(name);
        let axes = integers_of(self.kwargs, AXIS)?;
        let shape = self.operands.first()?.shape()?;
        let is_full =
            axes.iter().all(|&axis| shape.get(axis_number(axis)).is_some_and(|n| n.is_some_and(|n| n > 0)));
        let extra = self.kwargs.get("extra")?;
        let (q, method) = match plain {
            "median" if *dtype == DType::Float64 || is_integer(dtype) => (Param::Float(0.5), "median"),
            "quantile" if *dtype == DType::Float64 => (scaled(extra.get("q")?, 1.0)?, text(extra, "method")),
            "percentile" if *dtype == DType::Float64 => {
                (scaled(extra.get("q")?, 100.0)?, text(extra, "method"))
            }
            _ => return None,
        };
        let known = ["median", "linear", "lower", "higher", "midpoint", "nearest"].contains(&method);
        if !known || !is_full || *self.dtype != DType::Float64 {
            return None;
        }
        let axes = Param::List(axes.into_iter().map(Param::Int).collect());
        let parameters = [
            ("q", q),
            ("axes", axes),
            ("method", Param::Str(method.into())),
            ("skip_nan", Param::Bool(name != plain)),
            ("keepdims", Param::Bool(flag(self.kwargs, "keepdims"))),
        ];
        Some(body("array.quantile", Param::map(parameters)))
    }

    /// The native bodies of a reduction in a tree that ends in this function.
    pub fn native_tree(&self) -> Option<TreeBodies> {
        if !are_native(self.operands) {
            return None;
        }
        let name = helper(self.function.as_str()?)?;
        let dtype = self.operand(0)?;
        let same = |name: &str, each: Param, last: Param| TreeBodies {
            chunk: body(name, each.clone()),
            combine: body(name, each),
            aggregate: body(name, last),
        };
        match name {
            "topk" => Some(same("array.topk", self.kwargs.clone(), self.kwargs.clone())),
            "overlaid" => {
                let last = body("array.overlay", self.kwargs.clone());
                let each = || Body::native("array.overlay");
                Some(TreeBodies { chunk: each(), combine: each(), aggregate: last })
            }
            "argtopk" => {
                let each = with(self.kwargs, [("indices", Param::Bool(true))]);
                let last = with(&each, [("final", Param::Bool(true))]);
                Some(same("array.topk", each, last))
            }
            "unique_aggregate"
                if !is_complex(dtype) && (flag(self.kwargs, "equal_nan") || is_integer(dtype)) =>
            {
                let number =
                    ["values", "index", "counts"].iter().position(|what| *what == text(self.kwargs, "what"));
                let each = Param::map([("wanted", Param::Int(number?.clamped::<i64>()))]);
                let last = with(&each, [("is_final", Param::Bool(true))]);
                Some(same("array.unique", each, last))
            }
            "bincount_combine" if *dtype == DType::Bool || (is_integer(dtype) && *dtype != DType::UInt64) => {
                Some(self.counts())
            }
            "bincount_combine" if *dtype == DType::Complex128 => Some(self.counts()),
            _ => None,
        }
    }

    fn counts(&self) -> TreeBodies {
        TreeBodies {
            chunk: self.planned(body("array.bincount", self.kwargs.clone())),
            combine: Body::native("array.padded_sum"),
            aggregate: Body::native("array.padded_sum"),
        }
    }
}

/// Quantiles as numbers from 0 to 1.
fn scaled(q: &Param, scale: f64) -> Option<Param> {
    match q {
        Param::List(all) => all.iter().map(|q| scaled(q, scale)).collect::<Option<_>>().map(Param::List),
        q => q.as_float().map(|q| Param::Float(q / scale)),
    }
}
