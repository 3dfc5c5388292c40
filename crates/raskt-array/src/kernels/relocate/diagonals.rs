//! Triangles and diagonals of blocks of larger matrices.

use raskt_core::{NdArray, Result, Shape, Strides};
use raskt_exec::{Call, Outcome};

use super::join::dense_copy;
use crate::kernels::memory::{self, invalid};
use crate::kernels::parameters;

/// The body `array.triangle`: `{"k", "lower": bool}`: elements above (or below) the `k`-th diagonal of the last two
/// axes become 0. The own parameter `{"info": {"out": [[start, stop], ..]}}` says where the block lies.
pub(crate) fn triangle(call: &mut Call<'_>) -> Result<Outcome> {
    let array =
        dense_copy(&*memory::array(call.inputs.first().ok_or_else(|| invalid("an array is missing"))?)?)?;
    let k = parameters::int(call.shared, "k")?;
    let is_lower = parameters::is_set(call.shared, "lower");
    let intervals = parameters::intervals(parameters::entry(parameters::entry(call.own, "info")?, "out")?)?;
    let (shape, item) = (Shape::from(array.shape()), array.item_bytes());
    let ([.., n_rows, n_cols], [.., (row, _), (col, _)]) = (shape.as_slice(), intervals.as_slice()) else {
        return Err(invalid("a triangle has two axes"));
    };
    // Of row r, columns up to this one are kept or zeroed.
    let shift = (row - col).saturating_add(k);
    let dtype = array.dtype().clone();
    let mut buffer = array.buffer().clone();
    drop(array);
    let bytes = buffer.as_mut_slice().ok_or_else(|| invalid("memory that cannot be written"))?;
    for (line_number, line) in bytes.chunks_exact_mut((*n_cols as usize * item).max(1)).enumerate() {
        let r = (line_number as u64 % (*n_rows).max(1)) as i64;
        let boundary = shift.saturating_add(if is_lower { r + 1 } else { r });
        let at = boundary.clamp(0, *n_cols as i64) as usize * item;
        if is_lower { line[at..].fill(0) } else { line[..at].fill(0) }
    }
    Ok(Outcome::Value(NdArray::contiguous(dtype, &shape, buffer)?.into()))
}

/// The body `array.diagonal`: the main diagonal of the last two axes, as the last axis: a view.
pub(crate) fn diagonal(call: &mut Call<'_>) -> Result<Outcome> {
    let array = memory::array(call.inputs.first().ok_or_else(|| invalid("an array is missing"))?)?;
    let ([outer @ .., rows, cols], [steps @ .., down, right]) = (array.shape(), array.strides()) else {
        return Err(invalid("diag requires an array of at least two dimensions"));
    };
    let (mut shape, mut strides) = (Shape::from(outer), Strides::from(steps));
    shape.push(*rows.min(cols));
    strides.push(down + right);
    let view =
        NdArray::strided(array.dtype().clone(), &shape, &strides, array.offset(), array.buffer().clone())?;
    Ok(Outcome::Value(super::slice::lean(view)?.into()))
}
