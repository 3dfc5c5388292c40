//! Reshapes as expressions: rechunk until every block can be reshaped on its own, then do so.

use raskt_core::chunk::{AxisChunks, Chunks};
use raskt_core::{ErrorKind, Param};
use raskt_expr::Expr;

use super::plan::{Group, groups};
use crate::builder::Builder;
use crate::error::{ArrayError, Built};
use crate::parameters::{CHUNKS, chunks_param, integers, integers_of};

/// `expr` in the shape `shape`, whose product is its number of elements.
///
/// # Errors
/// [`ErrorKind::InvalidValue`] for another number of elements, or unknown lengths.
pub fn reshape(builder: &Builder<'_>, expr: &Expr, shape: &[u64]) -> Built<Expr> {
    let own = builder.chunks(expr)?;
    let old = own.known_shape()?;
    if old.as_slice() == shape {
        return Ok(expr.clone());
    }
    let count = |shape: &[u64]| shape.iter().product::<u64>();
    if count(&old) != count(shape) {
        let what = format!("cannot reshape array of size {} into shape {shape:?}", count(&old));
        return Err(ArrayError::value(what));
    }
    if count(&old) == 0 {
        return empty(builder, expr, &own, shape);
    }
    let mut cut: Vec<AxisChunks> = own.axes().to_vec();
    let mut made: Vec<AxisChunks> = Vec::with_capacity(shape.len());
    let mut follows = vec![-1_i64; old.len()];
    for group in groups(&old, shape) {
        regroup(&group, &own, &old, shape, &mut cut, &mut made, &mut follows)?;
    }
    let ready = crate::rechunk::to(builder, expr, &Chunks::new(cut)?)?;
    make(builder, &ready, &Chunks::new(made)?, &follows)
}

fn make(builder: &Builder<'_>, expr: &Expr, made: &Chunks, follows: &[i64]) -> Built<Expr> {
    let parameters = [(CHUNKS, chunks_param(made)), ("follows", integers(follows.iter().copied()))];
    builder.make("reshape", &[expr], Param::map(parameters))
}

/// Nothing has any shape without elements.
fn empty(builder: &Builder<'_>, expr: &Expr, own: &Chunks, shape: &[u64]) -> Built<Expr> {
    let whole = |length: u64| AxisChunks::from_sizes([length]);
    let lengths = own.known_shape()?;
    let one = Chunks::new(lengths.iter().map(|&n| whole(n)).collect::<Result<Vec<_>, _>>()?)?;
    let ready = crate::rechunk::to(builder, expr, &one)?;
    let made = Chunks::new(shape.iter().map(|&n| whole(n)).collect::<Result<Vec<_>, _>>()?)?;
    make(builder, &ready, &made, &vec![-1; lengths.len()])
}

/// How the axes of a group are cut before, and after: one axis on each side, all others whole.
fn regroup(
    group: &Group,
    own: &Chunks,
    old: &[u64],
    new: &[u64],
    cut: &mut [AxisChunks],
    made: &mut Vec<AxisChunks>,
    follows: &mut [i64],
) -> Built<()> {
    let lead = |axes: &std::ops::Range<usize>, shape: &[u64]| axes.clone().find(|&at| shape[at] > 1);
    let (lead_old, lead_new) = (lead(&group.old, old), lead(&group.new, new));
    let whole = |length: u64| AxisChunks::from_sizes([length]);
    for at in group.old.clone() {
        if Some(at) != lead_old {
            cut[at] = whole(old[at])?;
        }
    }
    let base = made.len();
    for at in group.new.clone() {
        made.push(whole(new[at])?);
    }
    let (Some(lead_old), Some(lead_new)) = (lead_old, lead_new) else { return Ok(()) };
    // A chunk along the leading axis is so many elements in a row on either side.
    let rest = |shape: &[u64], lead: usize, end: usize| shape[lead + 1..end].iter().product::<u64>().max(1);
    let (step_old, step_new) = (rest(old, lead_old, group.old.end), rest(new, lead_new, group.new.end));
    let unit = lcm(step_old, step_new);
    let axis = aligned(&own.axes()[lead_old], old[lead_old], unit / step_old)?;
    let scaled: Vec<u64> = axis.sizes().flatten().map(|size| size * step_old / step_new).collect();
    cut[lead_old] = axis;
    made[base + lead_new - group.new.start] = AxisChunks::from_sizes(scaled)?;
    follows[lead_old] = lead_new as i64;
    Ok(())
}

/// Chunks near `axis` whose sizes are multiples of `unit`, where the length is one.
fn aligned(axis: &AxisChunks, length: u64, unit: u64) -> Built<AxisChunks> {
    if !length.is_multiple_of(unit) {
        return Ok(AxisChunks::from_sizes([length])?);
    }
    let (mut sizes, mut last) = (Vec::new(), 0);
    for end in axis.chunks().filter_map(|chunk| Some(chunk.range()?.end)) {
        let end = end.div_ceil(unit).saturating_mul(unit).min(length);
        if end > last {
            sizes.push(end - last);
            last = end;
        }
    }
    Ok(AxisChunks::from_sizes(sizes)?)
}

fn lcm(a: u64, b: u64) -> u64 {
    let (mut x, mut y) = (a, b);
    while y != 0 {
        (x, y) = (y, x % y);
    }
    a / x.max(1) * b
}

pub(super) fn by_name(builder: &Builder<'_>, _: &str, operands: &[Expr], parameters: &Param) -> Built<Expr> {
    let [operand] = operands else {
        return Err(ErrorKind::InvalidValue("reshape takes one array".into()).into());
    };
    let asked = integers_of(parameters, "shape").unwrap_or_default();
    let shape: Vec<u64> = match asked.iter().filter(|&&n| n < 0).count() {
        0 => asked.iter().map(|&n| n as u64).collect(),
        1 => {
            let n: u64 = builder.chunks(operand)?.known_shape()?.iter().product();
            let known: u64 = asked.iter().filter(|&&n| n >= 0).map(|&n| n as u64).product();
            if known == 0 || !n.is_multiple_of(known) {
                return Err(ArrayError::value(format!(
                    "cannot reshape array of size {n} into shape {asked:?}"
                )));
            }
            asked.iter().map(|&length| if length < 0 { n / known } else { length as u64 }).collect()
        }
        _ => return Err(ArrayError::value("can only specify one unknown dimension")),
    };
    reshape(builder, operand, &shape)
}

/// Every block reshaped on its own, to the chunks that the parameters say.
pub(super) fn blocks(builder: &Builder<'_>, _: &str, operands: &[Expr], parameters: &Param) -> Built<Expr> {
    match operands {
        [operand] => builder.make("reshape", &[operand], parameters.clone()),
        _ => Err(ErrorKind::InvalidValue("reshape takes one array".into()).into()),
    }
}
