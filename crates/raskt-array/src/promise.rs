//! Blocks that others make: what was promised of one, and whether what came is that.
//!
//! Sources, delayed values and users' functions are asked for blocks of a shape and a dtype that the plan counts on.
//! Their tasks carry both along, and whoever runs them compares, once, where the block enters. Kernels behind may
//! then take shapes and dtypes for granted.

use raskt_core::{DType, Param, Result};
use raskt_graph::Body;
use raskt_graph::layer::Formula;

use crate::creation::ranges;
use crate::library::is_call;
use crate::operations::Job;
use crate::parameters::{DTYPE, dtype_of, dtype_param, flag, text, with};

/// The parameter of a task that says what its block has to be; no argument of the function.
pub const PROMISE: &str = "promise";
/// The parameter of an expression that says whether its dtype was given, not guessed.
pub const STRICT: &str = "strict";

/// What to do about it, where a shape is not as promised, and where a dtype is not.
type Remedies = [(&'static str, &'static str); 2];

const OF_FUNCTION: Remedies = [
    ("shape", "say what the function does to shapes (chunks=, drop_axis=, new_axis=, output_sizes=)"),
    (DTYPE, "pass dtype= (or meta=, output_dtypes=) as the function returns it, or have it cast"),
];
const OF_DELAYED: Remedies = [
    ("shape", "pass from_delayed the shape of the value, nan for lengths that are not known"),
    (DTYPE, "pass from_delayed the dtype of the value, or cast it with astype"),
];
const OF_SOURCE: Remedies = [
    ("shape", "what from_array is given has to return a region of the shape that it is asked for"),
    (DTYPE, "what from_array is given has to return elements of its own dtype: cast them, or say another"),
];

/// A task's body and its own parameters, with what is promised of its block: bodies that ask sources, delayed values
/// or users' functions have it, others stay as they are.
pub(crate) fn promised(job: &Job<'_, '_>, body: Body, own: Formula) -> Result<(Body, Formula)> {
    let (remedies, is_strict) = match job.expr.operation().as_str() {
        "getter" => (OF_SOURCE, true),
        "from_delayed" => (OF_DELAYED, true),
        _ => (OF_FUNCTION, flag(job.expr.parameters(), STRICT)),
    };
    let Body::Library { path, parameters } = body else { return Ok((body, own)) };
    if remedies == OF_FUNCTION && !is_call(path.as_str()) && !is_named(job, "reduction") {
        return Ok((Body::Library { path, parameters }, own));
    }
    let dtype = if is_strict { dtype_of(job.expr.parameters()) } else { DType::Unknown };
    let maker = raskt_expr::layer_name(job.expr).to_string();
    let told = remedies.into_iter().map(|(what, remedy)| (what, Param::Str(remedy.into())));
    let told = Param::map([
        ("maker", Param::Str(maker.into())),
        (DTYPE, dtype_param(&dtype)),
        ("remedies", Param::map(told)),
    ]);
    let place = Formula::map([("index", Formula::Indices), ("where", ranges(&job.chunks()?))]);
    let own = match own {
        Formula::Map(entries) => {
            let entries = entries.iter().map(|(name, formula)| (&**name, formula.clone()));
            Formula::map(entries.chain([(PROMISE, place)]))
        }
        _ => Formula::map([(PROMISE, place)]),
    };
    Ok((Body::Library { path, parameters: with(&parameters, [(PROMISE, told)]) }, own))
}

/// A promise that was not kept, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broken {
    /// The block has another shape.
    Shape(String),
    /// Its elements are of another dtype.
    DType(String),
}

fn is_named(job: &Job<'_, '_>, operation: &str) -> bool {
    job.expr.operation().as_str() == operation
}

/// What was promised of the block of one task.
#[derive(Clone, Copy, Debug)]
pub struct Promise<'a> {
    told: &'a Param,
    place: &'a Param,
}

impl<'a> Promise<'a> {
    /// The promise among the parameters that all tasks share and those of one task.
    #[must_use]
    pub fn of(shared: &'a Param, own: &'a Param) -> Option<Self> {
        Some(Self { told: shared.get(PROMISE)?, place: own.get(PROMISE)? })
    }

    /// Compares a block that came with it.
    ///
    /// # Errors
    /// [`Broken`] for another shape or dtype. An object without a dtype of its own has any.
    pub fn check(&self, shape: &[u64], dtype: Option<&DType>) -> std::result::Result<(), Broken> {
        let axes = self.place.get("where").and_then(|place| place.get("ranges")).and_then(Param::as_list);
        let axes = axes.unwrap_or_default();
        let fits = |(axis, &n): (&Param, &u64)| length(axis).is_none_or(|wanted| wanted == n);
        if axes.len() != shape.len() || !axes.iter().zip(shape).all(fits) {
            let wanted: Vec<Option<u64>> = axes.iter().map(length).collect();
            let found: Vec<Option<u64>> = shape.iter().copied().map(Some).collect();
            return Err(Broken::Shape(self.text("shape", &tuple(&found), &tuple(&wanted))));
        }
        let wanted = dtype_of(self.told);
        match dtype {
            Some(found) if wanted != DType::Unknown && !is_kept(found, &wanted) => {
                let (found, wanted) = (found.to_string(), wanted.to_string());
                Err(Broken::DType(self.text(DTYPE, &found, &wanted)))
            }
            _ => Ok(()),
        }
    }

    fn text(&self, what: &str, found: &str, wanted: &str) -> String {
        let index = self.place.get("index").and_then(Param::as_list).unwrap_or_default();
        let index: Vec<Option<u64>> =
            index.iter().map(|at| at.as_int().and_then(|at| u64::try_from(at).ok())).collect();
        let maker = text(self.told, "maker");
        let remedy = self.told.get("remedies").map_or("", |remedies| text(remedies, what));
        format!(
            "block {} of {maker} has {what} {found}, where {wanted} was promised: {remedy}",
            tuple(&index)
        )
    }
}

/// The length of `[start, stop]`; `None` where it is not known.
fn length(axis: &Param) -> Option<u64> {
    match axis.as_list() {
        Some([Param::Int(start), Param::Int(stop)]) => Some(stop.abs_diff(*start)),
        _ => None,
    }
}

/// Whether elements of a dtype are what was promised: text may be shorter or longer, and bytes in another order.
fn is_kept(found: &DType, wanted: &DType) -> bool {
    found == wanted || is_coded_alike(&code(found), &code(wanted))
}

/// NumPy's code of a dtype, without the order of bytes.
fn code(dtype: &DType) -> String {
    let kind = match dtype {
        DType::Bool => 'b',
        DType::Int8 | DType::Int16 | DType::Int32 | DType::Int64 => 'i',
        DType::UInt8 | DType::UInt16 | DType::UInt32 | DType::UInt64 => 'u',
        DType::Float32 | DType::Float64 => 'f',
        DType::Complex64 | DType::Complex128 => 'c',
        DType::Datetime(unit) => return format!("M8[{}]", unit.code()),
        DType::Timedelta(unit) => return format!("m8[{}]", unit.code()),
        other => return other.to_string().trim_start_matches(['<', '>', '|', '=']).to_owned(),
    };
    format!("{kind}{}", dtype.item_bytes().unwrap_or_default())
}

fn is_coded_alike(a: &str, b: &str) -> bool {
    let is_text = |code: &str| {
        code.strip_prefix(['U', 'S']).is_some_and(|n| n.bytes().all(|byte| byte.is_ascii_digit()))
    };
    a == b || (is_text(a) && is_text(b) && a.get(..1) == b.get(..1))
}

/// Numbers as a tuple of Python's; what is not known as `nan`.
pub(crate) fn tuple(items: &[Option<u64>]) -> String {
    let items: Vec<String> = items.iter().map(|n| n.map_or("nan".to_owned(), |n| n.to_string())).collect();
    match items.as_slice() {
        [lone] => format!("({lone},)"),
        items => format!("({})", items.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::integers;

    fn parameters(axes: Vec<Param>, dtype: &str) -> (Param, Param) {
        let told = Param::map([
            ("maker", Param::Str("f-1".into())),
            (DTYPE, Param::Str(dtype.into())),
            (
                "remedies",
                Param::map([("shape", Param::Str("say so".into())), (DTYPE, Param::Str("cast".into()))]),
            ),
        ]);
        let place = Param::map([
            ("index", integers([2])),
            ("where", Param::map([("ranges", Param::List(axes.into()))])),
        ]);
        (Param::map([(PROMISE, told)]), Param::map([(PROMISE, place)]))
    }

    fn check(axes: Vec<Param>, dtype: &str, shape: &[u64], found: &DType) -> std::result::Result<(), Broken> {
        let (shared, own) = parameters(axes, dtype);
        let promise = Promise::of(&shared, &own).unwrap();
        promise.check(shape, Some(found))
    }

    #[test]
    fn what_is_not_known_may_be_anything() {
        let axes = || vec![integers([4, 6]), Param::Null];
        assert!(check(axes(), "float64", &[2, 9], &DType::Float64).is_ok());
        assert!(check(axes(), "unknown", &[2, 0], &DType::Bool).is_ok());
        assert!(check(axes(), "float64", &[2], &DType::Float64).is_err());
    }

    #[test]
    fn another_shape_or_dtype_is_named_with_the_block_and_a_remedy() {
        let axes = || vec![integers([4, 6])];
        let shape = check(axes(), "uint8", &[1], &DType::UInt8).unwrap_err();
        assert_eq!(
            shape,
            Broken::Shape("block (2,) of f-1 has shape (1,), where (2,) was promised: say so".into())
        );
        let dtype = check(axes(), "uint8", &[2], &DType::Float64).unwrap_err();
        assert_eq!(
            dtype,
            Broken::DType("block (2,) of f-1 has dtype float64, where uint8 was promised: cast".into())
        );
    }

    #[test]
    fn text_may_be_shorter_and_bytes_in_another_order() {
        let axes = || vec![integers([0, 1])];
        assert!(check(axes(), "<U8", &[1], &DType::Foreign("<U3".into())).is_ok());
        assert!(check(axes(), "<U8", &[1], &DType::Foreign("|S3".into())).is_err());
        assert!(check(axes(), ">i2", &[1], &DType::Int16).is_ok());
        assert!(check(axes(), ">i2", &[1], &DType::UInt16).is_err());
    }
}
