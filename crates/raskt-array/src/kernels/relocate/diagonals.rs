//! Triangles and diagonals of blocks of larger matrices.

use raskt_core::{NdArray, Param, Result, Shape, Strides};
use raskt_exec::{Call, Outcome};

use super::join::dense_copy;
use crate::kernels::memory::{self, invalid};
use crate::kernels::parameters;
use crate::kernels::shapes::normalize_axis;

/// The body `array.triangle`: `{"k", "lower": bool}`: elements above (or below) the `k`-th diagonal of the last two
/// axes become 0. The own parameter `"offsets"`, `[row, column]`, says where the block lies.
pub(crate) fn triangle(call: &mut Call<'_>) -> Result<Outcome> {
    let array =
        dense_copy(&*memory::array(call.inputs.first().ok_or_else(|| invalid("an array is missing"))?)?)?;
    let k = parameters::int(call.shared, "k")?;
    let is_lower = parameters::is_set(call.shared, "lower");
    let offsets =
        call.own.get("offsets").map(parameters::integers).transpose()?.unwrap_or_else(|| vec![0, 0]);
    let (shape, item) = (Shape::from(array.shape()), array.item_bytes());
    let ([.., n_rows, n_cols], [row, col]) = (shape.as_slice(), offsets.as_slice()) else {
        return Err(invalid("a triangle has two axes"));
    };
    // Of row r, columns up to this one are kept or zeroed.
    let shift = row - col + k;
    let dtype = array.dtype().clone();
    let mut buffer = array.buffer().clone();
    drop(array);
    let bytes = buffer.as_mut_slice().ok_or_else(|| invalid("memory that cannot be written"))?;
    for (line_number, line) in bytes.chunks_exact_mut((*n_cols as usize * item).max(1)).enumerate() {
        let r = (line_number as u64 % (*n_rows).max(1)) as i64;
        let boundary = if is_lower { r + shift + 1 } else { r + shift };
        let at = boundary.clamp(0, *n_cols as i64) as usize * item;
        if is_lower { line[at..].fill(0) } else { line[..at].fill(0) }
    }
    Ok(Outcome::Value(NdArray::contiguous(dtype, &shape, buffer)?.into()))
}

/// The body `array.diagonal`: `{"offset", "axis1", "axis2"}` (own before shared): a view of that diagonal, as a new
/// last axis.
pub(crate) fn diagonal(call: &mut Call<'_>) -> Result<Outcome> {
    let array = memory::array(call.inputs.first().ok_or_else(|| invalid("an array is missing"))?)?;
    let number = |name: &str, default: i64| {
        let found = call.own.get(name).or_else(|| call.shared.get(name)).and_then(Param::as_int);
        found.unwrap_or(default)
    };
    let n_axes = array.shape().len();
    let (first, second) =
        (normalize_axis(number("axis1", 0), n_axes)?, normalize_axis(number("axis2", 1), n_axes)?);
    if first == second {
        return Err(invalid("axis1 and axis2 cannot be the same"));
    }
    let offset = number("offset", 0);
    let (rows, cols) = (array.shape()[first] as i64, array.shape()[second] as i64);
    let n = (rows + offset.min(0)).min(cols - offset.max(0)).max(0);
    let (down, right) = (array.strides()[first], array.strides()[second]);
    let start =
        array.offset() as i64 + if n > 0 { down * (-offset).max(0) + right * offset.max(0) } else { 0 };
    let others = (0..n_axes).filter(|&axis| axis != first && axis != second);
    let mut shape: Shape = others.clone().map(|axis| array.shape()[axis]).collect();
    let mut strides: Strides = others.map(|axis| array.strides()[axis]).collect();
    shape.push(n as u64);
    strides.push(down + right);
    let view =
        NdArray::strided(array.dtype().clone(), &shape, &strides, start as usize, array.buffer().clone())?;
    Ok(Outcome::Value(super::slice::lean(view)?.into()))
}

/// The body `array.from_diagonal`: a matrix of zeros with a vector on its `"k"`-th diagonal (own before shared).
pub(crate) fn from_diagonal(call: &mut Call<'_>) -> Result<Outcome> {
    let vector =
        memory::array(call.inputs.first().ok_or_else(|| invalid("an array is missing"))?)?.to_contiguous();
    let [n] = *vector.shape() else { return Err(invalid("a diagonal has one axis")) };
    let k = call.own.get("k").or_else(|| call.shared.get("k")).and_then(Param::as_int).unwrap_or(0);
    let (side, item) = (n + k.unsigned_abs(), vector.item_bytes());
    let bytes = vector.contiguous_bytes().unwrap_or(&[]);
    let out = memory::build(vector.dtype().clone(), &[side, side], |out| {
        for (at, element) in bytes.chunks_exact(item).enumerate() {
            let (row, col) = (at as i64 + (-k).max(0), at as i64 + k.max(0));
            let to = (row as usize * side as usize + col as usize) * item;
            out[to..to + item].copy_from_slice(element);
        }
        Ok(())
    })?;
    Ok(Outcome::Value(out.into()))
}
