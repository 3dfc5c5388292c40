//! Cumulative sums and products along one axis, of a block, and what a block passes on to the next.

use num_complex::Complex;
use raskt_core::{Buffer, DType, NdArray, Result, Shape};
use raskt_exec::{Call, Outcome, TaskCtx};

use super::monoids::Number;
use super::spec::{FoldKind, Measure};
use crate::kernels::Scalar;
use crate::kernels::element::Time;
use crate::kernels::elementwise::cast;
use crate::kernels::float_status::watched;
use crate::kernels::memory::{self, invalid, wrong_dtype};
use crate::kernels::parameters;
use crate::kernels::shapes::normalize_axis;

/// What runs along the axis.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Operation {
    Sum,
    Product,
}

/// Before, along and behind an axis: how the elements of a C-ordered array lie.
#[derive(Clone, Copy)]
struct Lines {
    outer: usize,
    n: usize,
    inner: usize,
}

/// The body `array.cumulate`: shared `{"kind": "sum" | "nansum" | "prod" | "nanprod", "axis", "dtype"}`.
pub(crate) fn cumulate(call: &mut Call<'_>) -> Result<Outcome> {
    let array =
        memory::array(call.inputs.first().ok_or_else(|| invalid("nothing to cumulate"))?)?.into_owned();
    let (operation, skip, dtype) = plan(call, array.dtype())?;
    let axis = normalize_axis(parameters::int(call.shared, "axis")?, array.shape().len())?;
    // Let go of the input: where nobody else holds it, its memory becomes the result's.
    call.inputs.fill(raskt_core::Value::Unit);
    let out = match operation {
        Operation::Sum => run::<false>(array, &dtype, axis, skip, call.ctx),
        Operation::Product => run::<true>(array, &dtype, axis, skip, call.ctx),
    }?;
    Ok(Outcome::Value(out.into()))
}

/// The body `array.preceding`: `{"kind", "axis", "dtype"}`: for each element along the axis what those before it add up
/// (or multiply) to.
pub(crate) fn preceding(call: &mut Call<'_>) -> Result<Outcome> {
    let array =
        memory::array(call.inputs.first().ok_or_else(|| invalid("nothing to cumulate"))?)?.into_owned();
    let (operation, skip, dtype) = plan(call, array.dtype())?;
    let axis = normalize_axis(parameters::int(call.shared, "axis")?, array.shape().len())?;
    let shape: Shape = array.shape().into();
    let line = shape[axis + 1..].iter().product::<u64>() as usize * array.item_bytes();
    let unit = neutral(&dtype, operation);
    let whole = match operation {
        Operation::Sum => run::<false>(array, &dtype, axis, skip, call.ctx),
        Operation::Product => run::<true>(array, &dtype, axis, skip, call.ctx),
    }?;
    let bytes = whole.contiguous_bytes().unwrap_or(&[]);
    let length = shape[axis] as usize * line;
    let out = memory::build(dtype, &shape, |out| {
        for (out, whole) in out.chunks_exact_mut(length.max(1)).zip(bytes.chunks_exact(length.max(1))) {
            let (first, rest) = out.split_at_mut(line);
            memory::fill(first, unit.bytes());
            rest.copy_from_slice(&whole[..length - line]);
        }
        Ok(())
    })?;
    Ok(Outcome::Value(out.into()))
}

/// The body `array.carried`: the last elements along the axis of a block that has been cumulated, kept as length 1.
pub(crate) fn carried(call: &mut Call<'_>) -> Result<Outcome> {
    let array = memory::array(call.inputs.first().ok_or_else(|| invalid("nothing to carry"))?)?;
    let axis = normalize_axis(parameters::int(call.shared, "axis")?, array.shape().len())?;
    let n = array.shape()[axis];
    if n == 0 {
        let mut shape: Shape = array.shape().into();
        shape[axis] = 1;
        let is_product = parameters::text(call.shared, "kind")?.ends_with("prod");
        let unit = neutral(array.dtype(), if is_product { Operation::Product } else { Operation::Sum });
        let bytes = unit.bytes().repeat(memory::n_elements(&shape)?);
        let out = NdArray::contiguous(array.dtype().clone(), &shape, bytes.into())?;
        return Ok(Outcome::Value(out.into()));
    }
    let mut shape: Shape = array.shape().into();
    shape[axis] = 1;
    let start = array.offset() as i64 + array.strides()[axis] * (n as i64 - 1);
    let strides = array.strides();
    let view = NdArray::strided(
        array.dtype().clone(),
        &shape,
        strides,
        start.max(0) as usize,
        array.buffer().clone(),
    )?;
    // A copy: a view would keep the whole block alive.
    let dense = view.to_contiguous()?;
    let bytes = dense.contiguous_bytes().unwrap_or(&[]);
    let out = NdArray::contiguous(array.dtype().clone(), &shape, Buffer::copied(bytes)?)?;
    Ok(Outcome::Value(out.into()))
}

/// What changes nothing: 0 added to -0 would, so sums of floats begin with -0. Of complex factors 1 - 0i stands for none,
/// since one that is infinite does not keep its value when it is multiplied with 1.
fn neutral(dtype: &DType, operation: Operation) -> Scalar {
    let is_complex = matches!(dtype, DType::Complex64 | DType::Complex128);
    let is_float = matches!(dtype, DType::Float32 | DType::Float64);
    match operation {
        Operation::Product if is_complex => Scalar::complex(dtype.clone(), 1.0, -0.0),
        Operation::Sum if is_complex => Scalar::complex(dtype.clone(), -0.0, -0.0),
        Operation::Sum if is_float => Scalar::float(dtype.clone(), -0.0),
        Operation::Product => Scalar::int(dtype.clone(), 1),
        Operation::Sum => Scalar::int(dtype.clone(), 0),
    }
}

fn plan(call: &Call<'_>, dtype: &DType) -> Result<(Operation, bool, DType)> {
    let name = parameters::text(call.shared, "kind")?;
    let kind = FoldKind::parse(name).ok_or_else(|| invalid(format!("{name:?} does not cumulate")))?;
    let operation = match kind.measure {
        Measure::Sum => Operation::Sum,
        Measure::Prod => Operation::Product,
        _ => return Err(invalid(format!("{name:?} does not cumulate"))),
    };
    let output = match call.shared.get("dtype") {
        None | Some(raskt_core::Param::Null) => kind.output(dtype),
        Some(_) => Some(parameters::dtype(call.shared, "dtype")?),
    };
    Ok((
        operation,
        kind.of(dtype).skips_nan,
        output.ok_or_else(|| wrong_dtype("a dtype that cumulates", dtype))?,
    ))
}

fn run<const PRODUCT: bool>(
    array: NdArray,
    dtype: &DType,
    axis: usize,
    skip: bool,
    ctx: &TaskCtx<'_>,
) -> Result<NdArray> {
    // Elements are cast first, as NumPy does, and run in the result's own precision.
    let shape: Shape = array.shape().into();
    let n = shape[axis];
    let lines = Lines {
        outer: shape[..axis].iter().product::<u64>() as usize,
        n: n as usize,
        inner: shape[axis + 1..].iter().product::<u64>() as usize,
    };
    let measure = if PRODUCT { Measure::Prod } else { Measure::Sum };
    let kinds = FoldKind { measure, skips_nan: skip }.float_kinds(dtype);
    macro_rules! along {
        ($($pattern:pat => $T:ty),*) => {
            match dtype {
                $($pattern => {
                    let unit = if PRODUCT { <$T as Number>::ONE } else { <$T as Number>::ZERO };
                    let mut buffer = converted::<$T>(array, dtype, skip, unit)?;
                    let values = values_of(&mut buffer)?;
                    let scanned = || scan::<$T, PRODUCT>(values, lines, ctx);
                    watched(ctx.float_errors, "accumulate", kinds, scanned)?;
                    NdArray::contiguous(dtype.clone(), &shape, buffer)
                })*
                _ => Err(wrong_dtype("a dtype that cumulates", dtype)),
            }
        };
    }
    along!(
        DType::Int8 => i8, DType::Int16 => i16, DType::Int32 => i32, DType::Int64 => i64,
        DType::UInt8 => u8, DType::UInt16 => u16, DType::UInt32 => u32, DType::UInt64 => u64,
        DType::Float32 => f32, DType::Float64 => f64,
        DType::Complex64 => Complex<f32>, DType::Complex128 => Complex<f64>,
        DType::Timedelta(_) => Time
    )
}

/// The elements that a private buffer holds.
fn values_of<T: Number>(buffer: &mut Buffer) -> Result<&mut [T]> {
    let bytes = buffer.as_mut_slice().ok_or_else(|| invalid("a buffer that cannot be written"))?;
    bytemuck::try_cast_slice_mut(bytes).map_err(|error| invalid(error.to_string()))
}

/// The elements in C order in memory that nobody else sees: that of `array` itself where it can be.
fn converted<T: Number>(array: NdArray, dtype: &DType, skip: bool, unit: T) -> Result<Buffer> {
    let cast = cast(&array, dtype)?;
    drop(array);
    let mut buffer = cast.buffer().slice(cast.offset(), cast.n_elements() * size_of::<T>());
    drop(cast);
    if buffer.as_mut_slice().is_none_or(|bytes| !memory::is_aligned(bytes, align_of::<T>())) {
        let mut copy = Buffer::recycled(buffer.len())?;
        if let Some(bytes) = copy.as_mut_slice() {
            bytes.copy_from_slice(buffer.as_slice());
        }
        buffer = copy;
    }
    if skip {
        let values = values_of::<T>(&mut buffer)?;
        values.iter_mut().filter(|value| value.is_nan()).for_each(|value| *value = unit);
    }
    Ok(buffer)
}

fn scan<T: Number, const PRODUCT: bool>(values: &mut [T], lines: Lines, ctx: &TaskCtx<'_>) -> Result<()> {
    let Lines { outer, n, inner } = lines;
    let join = |a: T, b: T| if PRODUCT { a.times(b) } else { a.plus(b) };
    for at in 0..outer {
        ctx.cancel.check()?;
        let block = &mut values[at * n * inner..(at + 1) * n * inner];
        if inner == 1 {
            // One number after the other: what has been reached stays in a register.
            if let Some((first, rest)) = block.split_first_mut() {
                let mut reached = *first;
                for value in rest {
                    reached = join(reached, *value);
                    *value = reached;
                }
            }
            continue;
        }
        for row in 1..n {
            let (done, rest) = block.split_at_mut(row * inner);
            let last = &done[(row - 1) * inner..];
            rest[..inner].iter_mut().zip(last).for_each(|(value, &last)| *value = join(last, *value));
        }
    }
    Ok(())
}
