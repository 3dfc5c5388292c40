//! Operations that are asked for before the sizes of their operands are known: what is promised of their results, and how
//! they are planned once the sizes are there.

use raskt_core::chunk::{AxisChunks, Chunks};
use raskt_core::{DType, ErrorKind, Fit, Param, Result};
use raskt_expr::{Expr, Held, LABEL};

use super::bounds::length_max;
use super::growth::{FIRST, GIVEN};
use super::origin::origin;
use super::table::{BOUNDS, DEFERRED, RECIPE};
use crate::broadcast::meeting_axes;
use crate::builder::Builder;
use crate::error::{ArrayError, Built};
use crate::operations::{BuildFn, rows};
use crate::parameters::{CHUNKS, DTYPE, chunks_param, dtype_param, get, text};
use crate::rechunk::SPECS;

/// The parts of a recipe: which operation, its parameters, and for each operand null or the parameters of a number.
const OPERATION: &str = "operation";
const PARAMETERS: &str = "parameters";
const SCALARS: &str = "scalars";
/// The operation that makes numbers.
const SCALAR: &str = "scalar";

/// What is promised of an axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromisedAxis {
    /// How many chunks, and which of their sizes are known.
    pub chunks: AxisChunks,
    /// How long it can be at the most, where that can be told.
    pub length_max: Option<u64>,
}

impl PromisedAxis {
    /// An axis of `expr` as it is.
    ///
    /// # Errors
    /// What the operations' rules return.
    pub fn of(builder: &Builder<'_>, expr: &Expr, axis: usize) -> Result<Self> {
        let chunks = builder.chunks(expr)?.axes()[axis].clone();
        Ok(Self { chunks, length_max: length_max(&builder.context, expr, axis)? })
    }

    /// All axes of `expr`.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub fn all_of(builder: &Builder<'_>, expr: &Expr) -> Result<Vec<Self>> {
        (0..builder.n_axes(expr)?).map(|axis| Self::of(builder, expr, axis)).collect()
    }

    /// `n_blocks` chunks of sizes that are not known.
    ///
    /// # Errors
    /// For more chunks than there can be.
    pub fn unknown(n_blocks: u32, length_max: Option<u64>) -> Result<Self> {
        Ok(Self { chunks: AxisChunks::unknown(n_blocks)?, length_max })
    }

    /// Chunks of known sizes.
    #[must_use]
    pub fn known(chunks: AxisChunks) -> Self {
        let length_max = chunks.length();
        Self { chunks, length_max }
    }
}

/// `operation` of `operands`, planned once their sizes are known: what it makes then is cut as `axes` promise.
///
/// # Errors
/// More blocks than there can be.
pub fn later(
    builder: &Builder<'_>,
    operation: &str,
    operands: &[Expr],
    parameters: &Param,
    axes: Vec<PromisedAxis>,
    dtype: &DType,
) -> Built<Expr> {
    let is_scalar = |expr: &Expr| expr.operation().as_str() == SCALAR;
    let scalar = |expr: &Expr| if is_scalar(expr) { expr.parameters().clone() } else { Param::Null };
    let recipe = Param::map([
        (OPERATION, Param::Str(operation.into())),
        (PARAMETERS, parameters.clone()),
        (SCALARS, Param::List(operands.iter().map(scalar).collect())),
    ]);
    let bounds = axes.iter().map(|axis| match axis.chunks.length().or(axis.length_max) {
        Some(length) => Param::Int(length.clamped::<i64>()),
        None => Param::Null,
    });
    let bounds = Param::List(bounds.collect());
    let chunks = Chunks::new(axes.into_iter().map(|axis| axis.chunks))?;
    let parameters = Param::map([
        (RECIPE, recipe),
        (CHUNKS, chunks_param(&chunks)),
        (DTYPE, dtype_param(dtype)),
        (BOUNDS, bounds),
        (LABEL, parameters.get(LABEL).cloned().unwrap_or_else(|| Param::Str(operation.into()))),
    ]);
    let operands: Vec<&Expr> = operands.iter().filter(|expr| !is_scalar(expr)).collect();
    builder.make(DEFERRED, &operands, parameters)
}

/// Whether an axis of one expression is cut as an axis of another, whatever the sizes.
///
/// # Errors
/// What the operations' rules return.
pub fn is_like(builder: &Builder<'_>, a: (&Expr, usize), b: (&Expr, usize)) -> Result<bool> {
    let (own, found) = (builder.chunks(a.0)?.axes()[a.1].clone(), builder.chunks(b.0)?.axes()[b.1].clone());
    if own.n_blocks() != found.n_blocks() {
        return Ok(false);
    }
    if own.length().is_some() && own == found {
        return Ok(true);
    }
    Ok(origin(&builder.context, a.0, a.1)? == origin(&builder.context, b.0, b.1)?)
}

/// An element-wise operation of operands whose sizes may differ: they are compared once they are known.
///
/// # Errors
/// What `build` says of operands of such dtypes.
pub fn elementwise(
    builder: &Builder<'_>,
    build: BuildFn,
    name: &str,
    operands: &[Expr],
    parameters: &Param,
) -> Built<Expr> {
    let all = operands.iter().map(|expr| builder.chunks(expr)).collect::<Result<Vec<_>>>()?;
    let n_axes = all.iter().map(Chunks::n_axes).max().unwrap_or(0);
    let mut axes = Vec::with_capacity(n_axes);
    for from_end in (1..=n_axes).rev() {
        let here = meeting_axes(operands, &all, from_end);
        let found = here.iter().map(|&(expr, axis)| PromisedAxis::of(builder, expr, axis));
        let found = found.collect::<Result<Vec<_>>>()?;
        let known = found.iter().find(|axis| axis.chunks.length().is_some());
        axes.push(PromisedAxis {
            chunks: match known.or(found.first()) {
                Some(axis) => axis.chunks.clone(),
                None => AxisChunks::uniform(1, 1)?,
            },
            length_max: found.iter().filter_map(|axis| axis.length_max).min(),
        });
    }
    // The dtype is that of the same operation of arrays of one element.
    let tiny = operands.iter().zip(&all).map(|(expr, chunks)| match expr.operation().as_str() {
        SCALAR => Ok(expr.clone()),
        _ => {
            let ones = Chunks::new(vec![AxisChunks::uniform(1, 1)?; chunks.n_axes()])?;
            given(builder, &ones, dtype_param(&builder.dtype(expr)?), 0)
        }
    });
    let dtype = builder.dtype(&build(builder, name, &tiny.collect::<Built<Vec<_>>>()?, parameters)?)?;
    later(builder, name, operands, parameters, axes, &dtype)
}

/// An operand of a task that has become a graph: its blocks are inputs of the task, from the one numbered `first`.
///
/// # Errors
/// None in practice.
pub fn given(builder: &Builder<'_>, chunks: &Chunks, dtype: Param, first: usize) -> Built<Expr> {
    let first = Param::Int(first.clamped::<i64>());
    builder.make(GIVEN, &[], Param::map([(CHUNKS, chunks_param(chunks)), (DTYPE, dtype), (FIRST, first)]))
}

/// What a recipe of [`later`] makes of operands of known chunks, in the chunks that were promised.
///
/// # Errors
/// What the operation says of such operands, and as [`fitted`].
pub fn planned(builder: &Builder<'_>, recipe: &Param, operands: Vec<Expr>, promise: &Chunks) -> Built<Expr> {
    let operation = text(recipe, OPERATION);
    let row = rows().into_iter().find(|row| row.name == operation);
    let row = row.ok_or_else(|| ErrorKind::UnknownBody(operation.to_owned()))?;
    let mut arrays = operands.into_iter();
    let mut operands = Vec::new();
    for scalar in recipe.get(SCALARS).and_then(Param::as_list).unwrap_or_default() {
        let operand = match scalar {
            Param::Null => arrays.next(),
            scalar => Some(builder.make(SCALAR, &[], scalar.clone())?),
        };
        let missing = || ErrorKind::InvalidGraph("a task that grows lacks an operand".into());
        operands.push(operand.ok_or_else(missing)?);
    }
    let made = (row.build)(builder, row.name, &operands, &get(recipe, PARAMETERS))?;
    fitted(builder, &made, promise)
}

/// A recipe as tasks carry it: what numbers hold is their value.
pub(super) fn opened(recipe: &Param) -> Param {
    let Some(scalars) = recipe.get(SCALARS).and_then(Param::as_list) else { return recipe.clone() };
    let opened = |scalar: &Param| match scalar.get("value").and_then(Held::value_of) {
        Some(value) => crate::parameters::with(scalar, [("value", Param::Value(value.clone()))]),
        None => scalar.clone(),
    };
    crate::parameters::with(recipe, [(SCALARS, Param::List(scalars.iter().map(opened).collect()))])
}

/// `made` in the chunks that were promised.
///
/// # Errors
/// [`ErrorKind::InvalidValue`] where it has other axes, or other lengths.
pub fn fitted(builder: &Builder<'_>, made: &Expr, promise: &Chunks) -> Built<Expr> {
    let own = builder.chunks(made)?;
    if own.n_axes() != promise.n_axes() {
        let (promised, found) = (promise.n_axes(), own.n_axes());
        return Err(ArrayError::value(format!(
            "an array of {promised} axes was promised, and there are {found}"
        )));
    }
    let mut specs = Vec::with_capacity(own.n_axes());
    for (at, (promised, own)) in promise.axes().iter().zip(own.axes()).enumerate() {
        specs.push(match (promised.length(), own.length()) {
            (Some(wanted), Some(length)) if wanted != length => {
                let what = format!("axis {at} has {length} elements, where {wanted} were expected");
                return Err(ArrayError::value(what));
            }
            (Some(_), _) => Fitting::Exactly(promised.clone()),
            // Empty chunks behind the others keep the promise.
            (None, _) if own.n_blocks() <= promised.n_blocks() => {
                let n_empty = promised.n_blocks() - own.n_blocks();
                let empty = (n_empty > 0).then_some((Some(0), n_empty.into()));
                Fitting::Exactly(AxisChunks::from_runs(own.runs().chain(empty))?)
            }
            (None, _) => Fitting::Blocks(promised.n_blocks()),
        });
    }
    let ready = match own.axes().iter().all(|axis| axis.length().is_some()) {
        true => {
            let axis = |(spec, own): (&Fitting, &AxisChunks)| match spec {
                Fitting::Exactly(chunks) => Ok(chunks.clone()),
                Fitting::Blocks(n) => crate::rechunk::balanced(own.length().unwrap_or(0), *n),
            };
            let chunks = specs.iter().zip(own.axes()).map(axis).collect::<Result<Vec<_>>>()?;
            crate::rechunk::to(builder, made, &Chunks::new(chunks)?)?
        }
        false if promise.grid() == own.grid() => made.clone(),
        false => {
            let specs = promise.axes().iter().map(|axis| crate::rechunk::blocks_spec(axis.n_blocks()));
            let parameters = Param::map([(SPECS, Param::List(specs.collect()))]);
            let axes = promise.axes().iter().map(|axis| PromisedAxis::known(axis.clone())).collect();
            return later(
                builder,
                "rechunk",
                std::slice::from_ref(made),
                &parameters,
                axes,
                &builder.dtype(made)?,
            );
        }
    };
    builder.make("known", &[&ready], Param::map([(CHUNKS, chunks_param(promise))]))
}

/// How an axis is brought into the chunks that were promised.
enum Fitting {
    /// Into these.
    Exactly(AxisChunks),
    /// Into so many.
    Blocks(u32),
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use raskt_expr::NoLibrary;

    use super::*;
    use crate::NativeTokens;
    use crate::operations::planner;
    use crate::parameters::chunks_of;
    use crate::slicing::{Index, slice};

    fn float() -> Param {
        dtype_param(&DType::Float64)
    }

    #[test]
    fn an_index_that_waits_is_planned_once_sizes_are_known_and_keeps_its_promise() {
        let planner = planner(Arc::new(NoLibrary)).unwrap();
        let builder = Builder::new(planner.context(), &NativeTokens);
        let rows = |sizes: [Option<u64>; 3]| AxisChunks::from_runs(sizes.map(|size| (size, 1))).unwrap();
        let columns = AxisChunks::uniform(4, 2).unwrap();
        let unknown = Chunks::new([rows([None; 3]), columns.clone()]).unwrap();
        let expr = given(&builder, &unknown, float(), 0).unwrap();
        let waits = slice(&builder, &expr, &[Index::from(1..), Index::from(3)]).unwrap();
        assert_eq!(waits.operation().as_str(), DEFERRED);
        // The column was taken at once.
        assert_eq!(waits.operands()[0].operation().as_str(), "slice");
        let promise = chunks_of(waits.parameters().get(CHUNKS)).unwrap();
        assert_eq!(promise.grid().as_slice(), [3]);

        let known = Chunks::new([rows([Some(2), Some(0), Some(5)])]).unwrap();
        let operand = given(&builder, &known, float(), 0).unwrap();
        let recipe = get(waits.parameters(), RECIPE);
        let made = planned(&builder, &recipe, vec![operand], &promise).unwrap();
        assert_eq!(made.operation().as_str(), "known");
        let cut = builder.chunks(&made.operands()[0]).unwrap();
        assert_eq!((cut.known_shape().unwrap().as_slice(), cut.n_blocks()), (&[6][..], 3));
    }

    #[test]
    fn a_result_of_another_length_than_was_promised_is_an_error() {
        let planner = planner(Arc::new(NoLibrary)).unwrap();
        let builder = Builder::new(planner.context(), &NativeTokens);
        let chunks = |length| Chunks::new([AxisChunks::uniform(length, 2).unwrap()]).unwrap();
        let made = given(&builder, &chunks(5), float(), 0).unwrap();
        let error = fitted(&builder, &made, &chunks(4)).unwrap_err();
        assert_eq!(error.to_string(), "axis 0 has 5 elements, where 4 were expected");
    }
}
