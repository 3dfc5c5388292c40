//! The bodies of reductions: of a block, of partial results, and the last step.

use std::sync::Arc;

use num_complex::Complex;
use raskt_core::allocation::collected;
use raskt_core::{Buffer, DType, Error, ErrorKind, NdArray, Param, Result, Shape, Value};
use raskt_exec::{Call, FloatKinds, Outcome, TaskCtx};

use super::accumulate;
use super::args::NOWHERE;
use super::float_errors::{Watch, any_float, has_nan};
use super::fold::Rows;
use super::moments::{self, Degree};
use super::spec::{FoldKind, FoldSpec, Measure, Stage};
use crate::kernels::elementwise::{Machine, Prepared, cast, divide};
use crate::kernels::float_status::watched;
use crate::kernels::memory::{self, elements, invalid, wrong_dtype};
use crate::kernels::nest::{Nest, Order, PerOperand, TileShape};
use crate::kernels::parameters;
use crate::kernels::shapes::{broadcast_shapes, broadcast_steps};
use crate::kernels::threads;

/// Fewer elements are not cut into parts.
const N_ELEMENTS_PART: usize = 1 << 17;
const N_PARTS_MAX: usize = 8;

/// A partial result: one array a component, reduced axes of length 1.
type Components = Vec<NdArray>;

/// Which axes of a shape are reduced.
fn reduced_axes(spec: &FoldSpec, n_axes: usize) -> Result<Vec<bool>> {
    let Some(axes) = &spec.axes else { return Ok(vec![true; n_axes]) };
    let mut is_reduced = vec![false; n_axes];
    for &axis in axes {
        let slot = is_reduced.get_mut(axis as usize);
        let slot = slot.ok_or_else(|| {
            invalid(format!("axis {axis} is out of bounds for array of dimension {n_axes}"))
        })?;
        *slot = true;
    }
    Ok(is_reduced)
}

/// Runs a program and reduces what comes out, in one pass. Arg-reductions of a block of a larger array are told
/// where it lies, `{"offsets": [..], "shape": [..]}`; other keys are of no account.
pub(crate) fn run_fold(
    prepared: &Prepared,
    spec: &FoldSpec,
    inputs: &[Arc<NdArray>],
    own: &Param,
    ctx: &TaskCtx<'_>,
) -> Result<Value> {
    let shape = broadcast_shapes(inputs.iter().map(|array| array.shape()))?;
    let is_reduced = reduced_axes(spec, shape.len())?;
    // Where there is no extremum of nothing, a reduced axis without elements stays as it is.
    let least = u64::from(!spec.kind.measure.is_of_something());
    let kept: Shape = shape
        .iter()
        .zip(&is_reduced)
        .map(|(&n, &reduced)| if reduced { n.clamp(least, 1) } else { n })
        .collect();
    let steps: Vec<Vec<i64>> = inputs.iter().map(|array| broadcast_steps(array, &shape)).collect();
    let mut operands: Vec<&[i64]> = steps.iter().map(Vec::as_slice).collect();
    let order = Order::by_memory(&shape, &operands);
    let dense = Order::plain(kept.len()).dense_steps(&kept, 1);
    let out: Vec<i64> =
        dense.iter().zip(&is_reduced).map(|(&step, &reduced)| if reduced { 0 } else { step }).collect();
    let (place, first) = places(&shape, &is_reduced, own)?;
    operands.extend([out.as_slice(), place.as_slice()]);
    let base: PerOperand = inputs.iter().map(|array| array.offset() as i64).chain([0, first]).collect();
    let nest = Nest::new(&shape, &order, &operands, base);
    let n_out = memory::n_elements(&kept)?;
    let tiles = match nest.is_inner_moving(inputs.len()) {
        true if prepared.program.steps().is_empty() => TileShape::Broad,
        true => TileShape::Tall,
        false => TileShape::Wide,
    };

    let dtype = prepared.program.dtype();
    let types =
        spec.kind.components(dtype).ok_or_else(|| wrong_dtype("a dtype with a native reduction", dtype))?;
    let n_threads = threads::worthwhile(ctx, nest.n_elements());
    // Numbers are rounded in the order in which they come together, and that is not to depend on who else runs.
    let n_parts =
        if nest.is_outer_moving(inputs.len()) { n_threads } else { n_parts(nest.n_elements(), n_out) };
    let partials = threads::spread(nest.split(n_parts), n_threads, |part| {
        let mut watch = Watch::new(ctx.float_errors, spec.kind, dtype);
        let buffers = fold_part(prepared, spec.kind, inputs, &part, (tiles, n_out), (ctx, &mut watch))?;
        let partial = components(&types, &kept, buffers)?;
        watch.report(&partial);
        Ok(partial)
    })?;
    let partial = merge_watched(spec.kind, dtype, partials, &is_reduced, ctx)?;
    match spec.stage {
        Stage::Partial => Ok(as_value(partial)),
        Stage::Final => finish(spec, dtype, &partial, &is_reduced, ctx).map(Value::from),
    }
}

/// Into how many parts what comes together is cut: as many as are worth it, and little beside what they are made of.
fn n_parts(n_elements: usize, n_out: usize) -> usize {
    let n_parts = (n_elements / N_ELEMENTS_PART).min(n_elements / n_out.max(1) / N_PARTS_MAX);
    1 << n_parts.clamp(1, N_PARTS_MAX).ilog2()
}

fn fold_part(
    prepared: &Prepared,
    kind: FoldKind,
    inputs: &[Arc<NdArray>],
    nest: &Nest,
    (tiles, n_out): (TileShape, usize),
    (ctx, watch): (&TaskCtx<'_>, &mut Watch<'_>),
) -> Result<Vec<Buffer>> {
    let dtype = prepared.program.dtype();
    let found = accumulate::fold(kind, dtype, n_out)?;
    let mut fold = found.ok_or_else(|| wrong_dtype("a dtype with a native reduction", dtype))?;
    let mut machine = Machine::new(prepared, inputs, nest.n_elements(), ctx);
    let (out, place) = (inputs.len(), inputs.len() + 1);
    nest.for_each_tile(tiles, |tile| {
        ctx.cancel.check()?;
        machine.load(tile, None)?;
        let rows = Rows {
            rows: tile.rows,
            cols: tile.cols,
            out: tile.offsets[out] as usize,
            out_row: tile.row_steps[out] as usize,
            out_col: tile.col_steps[out] as usize,
            place: tile.offsets[place],
            place_row: tile.row_steps[place],
            place_col: tile.col_steps[place],
        };
        machine.with_result(|values| watch.step(|| has_nan(values, dtype), || fold.add(values, &rows)))
    })?;
    fold.finish()
}

/// Whether a partial result, of which extrema are wanted, is of no elements: then a reduced axis has none.
fn is_of_nothing(partial: &[NdArray], is_reduced: &[bool]) -> bool {
    let shape = partial.first().map_or(&[][..], NdArray::shape);
    shape.iter().zip(is_reduced).any(|(&n, &reduced)| reduced && n == 0)
}

/// NumPy's error for an extremum of nothing.
fn of_nothing(kind: FoldKind) -> Error {
    let reduction = |ufunc| format!("zero-size array to reduction operation {ufunc} which has no identity");
    invalid(match (kind.measure, kind.skips_nan) {
        (Measure::ArgMin, _) => "attempt to get argmin of an empty sequence".to_owned(),
        (Measure::ArgMax, _) => "attempt to get argmax of an empty sequence".to_owned(),
        (Measure::Min, false) => reduction("minimum"),
        (Measure::Min, true) => reduction("fmin"),
        (_, false) => reduction("maximum"),
        (_, true) => reduction("fmax"),
    })
}

/// The steps of an element's index among those that are reduced, and the first one's index.
fn places(shape: &[u64], is_reduced: &[bool], own: &Param) -> Result<(Vec<i64>, i64)> {
    let whole = match own.get("shape") {
        Some(whole) => parameters::sizes(whole)?,
        None => shape.into(),
    };
    let offsets = match own.get("offsets") {
        Some(offsets) => parameters::integers(offsets)?,
        None => vec![0; shape.len()],
    };
    if whole.len() != shape.len() || offsets.len() != shape.len() {
        return Err(invalid(format!("a block of {shape:?} elements is not at {offsets:?} of {whole:?}")));
    }
    let mut steps = vec![0; shape.len()];
    let mut step = 1;
    for axis in (0..shape.len()).rev().filter(|&axis| is_reduced[axis]) {
        steps[axis] = step;
        step *= whole[axis].max(1) as i64;
    }
    let first = steps.iter().zip(&offsets).map(|(step, offset)| step * offset).sum();
    Ok((steps, first))
}

fn components(types: &[DType], shape: &[u64], buffers: Vec<Buffer>) -> Result<Components> {
    types
        .iter()
        .zip(buffers)
        .map(|(dtype, buffer)| NdArray::contiguous(dtype.clone(), shape, buffer))
        .collect()
}

fn as_value(mut partial: Components) -> Value {
    match partial.len() {
        1 => partial.remove(0).into(),
        _ => Value::from(partial.into_iter().map(Value::from).collect::<Vec<_>>()),
    }
}

/// A partial result that an input is.
fn partial_of(value: &Value) -> Result<Components> {
    match value {
        Value::List(items) => items.iter().map(|item| memory::array(item)?.to_contiguous()).collect(),
        lone => Ok(vec![memory::array(lone)?.to_contiguous()?]),
    }
}

/// The kind that joins partial results of `kind`, whose own elements may be counted or left out already.
fn joining(kind: FoldKind) -> FoldKind {
    let measure = if kind.measure == Measure::CountNonzero { Measure::Sum } else { kind.measure };
    let is_extremum = matches!(measure, Measure::Min | Measure::Max);
    FoldKind { measure, skips_nan: kind.skips_nan && is_extremum }
}

/// Merges partial results of `kind` over elements of `dtype`; what that meets is reported.
fn merge_watched(
    kind: FoldKind,
    dtype: &DType,
    partials: Vec<Components>,
    is_reduced: &[bool],
    ctx: &TaskCtx<'_>,
) -> Result<Components> {
    let mut watch = Watch::new(ctx.float_errors, kind, dtype);
    let before = if watch.is_on() { partials.clone() } else { Vec::new() };
    let has_nan = || before.iter().flatten().any(|array| any_float(array, f64::is_nan));
    let partial = watch.step(has_nan, || merge(kind, partials, is_reduced))?;
    watch.report(&partial);
    Ok(partial)
}

fn merge(kind: FoldKind, mut partials: Vec<Components>, is_reduced: &[bool]) -> Result<Components> {
    if kind.measure.is_of_something() && partials.iter().any(|partial| !is_of_nothing(partial, is_reduced)) {
        partials.retain(|partial| !is_of_nothing(partial, is_reduced));
    }
    let Some(first) = partials.first() else { return Err(invalid("a reduction of no partial results")) };
    if partials.len() == 1 {
        return Ok(partials.remove(0));
    }
    let shape: Shape = first[0].shape().into();
    let types: Vec<DType> = first.iter().map(|array| array.dtype().clone()).collect();
    for partial in &partials {
        if partial.len() != types.len() || partial.iter().any(|array| array.shape() != &shape[..]) {
            let right = partial.first().map_or(Vec::new(), |array| array.shape().to_vec());
            return Err(ErrorKind::ShapeMismatch { left: shape.to_vec(), right }.into());
        }
    }
    let n = memory::n_elements(&shape)?;
    let aligned: Vec<Components> = partials
        .iter()
        .map(|partial| partial.iter().map(memory::aligned).collect::<Result<_>>())
        .collect::<Result<_>>()?;
    let bytes: Vec<[&[u8]; 3]> = aligned
        .iter()
        .map(|partial| [0, 1, 2].map(|at| partial.get(at).and_then(NdArray::contiguous_bytes).unwrap_or(&[])))
        .collect();
    let buffers = match kind.measure {
        Measure::Mean | Measure::Var | Measure::Std => {
            let degree = if kind.measure == Measure::Mean { Degree::Mean } else { Degree::Variance };
            match types.get(1) {
                Some(DType::Complex128) => moments::merge_complex(&bytes, n, degree)?,
                _ => moments::merge_real(&bytes, n, degree)?,
            }
        }
        Measure::ArgMin | Measure::ArgMax => accumulate::merge_args(kind, &types[0], &bytes, n)?
            .ok_or_else(|| wrong_dtype("a dtype with a native reduction", &types[0]))?,
        _ => {
            let found = accumulate::fold(joining(kind), &types[0], n)?;
            let mut fold = found.ok_or_else(|| wrong_dtype("a dtype with a native reduction", &types[0]))?;
            if n > 0 {
                bytes.iter().for_each(|[values, ..]| fold.add(values, &Rows::one_each(n)));
            }
            fold.finish()?
        }
    };
    components(&types, &shape, buffers)
}

/// The result of a partial one.
fn finish(
    spec: &FoldSpec,
    dtype: &DType,
    partial: &[NdArray],
    is_reduced: &[bool],
    ctx: &TaskCtx<'_>,
) -> Result<NdArray> {
    let output =
        spec.kind.output(dtype).ok_or_else(|| wrong_dtype("a dtype with a native reduction", dtype))?;
    if spec.kind.measure.is_of_something() && is_of_nothing(partial, is_reduced) {
        return Err(of_nothing(spec.kind));
    }
    // Of no elements that are left, NumPy says so in other words.
    let quotients = FloatKinds::DIVIDE.or(FloatKinds::INVALID).when(!spec.kind.skips_nan);
    let settled = match spec.kind.measure {
        Measure::Mean => watched(ctx.float_errors, "divide", quotients, || means(partial))?,
        Measure::Var | Measure::Std => {
            watched(ctx.float_errors, "divide", quotients, || spreads(spec, partial))?
        }
        Measure::ArgMin | Measure::ArgMax => {
            let places = partial.get(1).ok_or_else(|| invalid("an arg-reduction without places"))?;
            if elements::<i64>(places)?.contains(&NOWHERE) {
                return Err(invalid("All-NaN slice encountered"));
            }
            places.clone()
        }
        _ => partial[0].clone(),
    };
    let kinds = spec.kind.float_kinds(dtype);
    let to = spec.dtype.as_ref().unwrap_or(&output);
    let cast = watched(ctx.float_errors, "reduce", kinds, || cast(&settled, to))?;
    let is_left = |(_, reduced): &(&u64, &bool)| spec.keeps_axes || !**reduced;
    let shape: Shape = cast.shape().iter().zip(is_reduced).filter(is_left).map(|(&n, _)| n).collect();
    NdArray::contiguous(cast.dtype().clone(), &shape, cast.buffer().clone())
}

fn means(partial: &[NdArray]) -> Result<NdArray> {
    let [counts, totals] = partial else { return Err(invalid("a mean has a count and a total")) };
    let counts = elements::<i64>(counts)?;
    match totals.dtype() {
        DType::Complex128 => {
            let totals_of = elements::<Complex<f64>>(totals)?;
            let mean = |(&total, &n): (&Complex<f64>, &i64)| divide(total, Complex::new(n as f64, 0.0));
            let means = collected(totals_of.iter().zip(&*counts).map(mean))?;
            memory::array_of(DType::Complex128, totals.shape(), &means)
        }
        _ => {
            let totals_of = elements::<f64>(totals)?;
            let means: Vec<f64> =
                collected(totals_of.iter().zip(&*counts).map(|(total, &n)| total / n as f64))?;
            memory::array_of(DType::Float64, totals.shape(), &means)
        }
    }
}

fn spreads(spec: &FoldSpec, partial: &[NdArray]) -> Result<NdArray> {
    let [counts, _, squares] = partial else {
        return Err(invalid("a variance has a count, a total and squares"));
    };
    let counts_of = elements::<i64>(counts)?;
    let spread = |(&squares, &n): (&f64, &i64)| {
        let freedom = n as f64 - spec.ddof;
        // As NumPy: too few elements make NaN or infinity; where NaN are left out, always NaN.
        let variance = match freedom <= 0.0 && spec.kind.skips_nan {
            true => f64::NAN,
            false => squares / freedom.max(0.0),
        };
        if spec.kind.measure == Measure::Std { variance.sqrt() } else { variance }
    };
    let squares = elements::<f64>(squares)?;
    let spreads: Vec<f64> = collected(squares.iter().zip(&*counts_of).map(spread))?;
    memory::array_of(DType::Float64, counts.shape(), &spreads)
}

/// The body `array.combine`: merges the partial results that are its inputs, or the items of its only one where
/// they come as a list (`"gathered": true`). Shared parameters: those of the reduction.
pub(crate) fn combine(call: &mut Call<'_>) -> Result<Outcome> {
    let spec = FoldSpec::from_param(call.shared)?;
    let partials = partials(call)?;
    let is_reduced = reduced_axes(&spec, n_axes(&partials))?;
    let dtype = joined_dtype(&partials);
    let partial = merge_watched(spec.kind, &dtype, partials, &is_reduced, call.ctx)?;
    Ok(Outcome::Value(as_value(partial)))
}

/// The body `array.aggregate`: as `array.combine`, and on to the result. Needs `"from"`, the dtype of the elements.
pub(crate) fn aggregate(call: &mut Call<'_>) -> Result<Outcome> {
    let spec = FoldSpec::from_param(call.shared)?;
    let dtype = parameters::dtype(call.shared, "from")?;
    let partials = partials(call)?;
    let is_reduced = reduced_axes(&spec, n_axes(&partials))?;
    let partial = merge_watched(spec.kind, &dtype, partials, &is_reduced, call.ctx)?;
    finish(&spec, &dtype, &partial, &is_reduced, call.ctx).map(|array| Outcome::Value(array.into()))
}

/// The dtype of what is added up when partial results are joined.
fn joined_dtype(partials: &[Components]) -> DType {
    let totals = partials.first().and_then(|partial| partial.get(usize::from(partial.len() > 1)));
    totals.map_or(DType::Bool, |totals| totals.dtype().clone())
}

/// How many axes the arrays of partial results have.
fn n_axes(partials: &[Components]) -> usize {
    partials.first().and_then(|partial| partial.first()).map_or(0, |array| array.shape().len())
}

fn partials(call: &Call<'_>) -> Result<Vec<Components>> {
    let is_gathered = call.shared.get("gathered") == Some(&Param::Bool(true));
    match (is_gathered, &*call.inputs) {
        (true, [Value::List(items)]) => items.iter().map(partial_of).collect(),
        (_, inputs) => inputs.iter().map(partial_of).collect(),
    }
}
