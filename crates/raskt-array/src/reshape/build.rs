//! Reshapes as expressions: rechunk until every block can be reshaped on its own, then do so.

use raskt_core::chunk::{AxisChunks, Chunks};
use raskt_core::{ErrorKind, Fit, Param};
use raskt_expr::Expr;

use super::plan::{Group, groups};
use crate::builder::Builder;
use crate::concatenate::concatenate;
use crate::error::{ArrayError, Built};
use crate::parameters::{CHUNKS, chunks_param, integers, integers_of};
use crate::rechunk::BLOCK_BYTES;
use crate::slicing::{Index, slice};

/// The most parts into which a reshape falls where rows are longer than a block may be.
const N_PARTS_MAX: u64 = 1024;
/// Bytes of an element whose dtype says nothing: a pointer.
const ITEM_BYTES: u64 = 8;

/// `expr` in the shape `shape`, whose product is its number of elements.
///
/// # Errors
/// [`ErrorKind::InvalidValue`] for another number of elements, or unknown lengths.
pub fn reshape(builder: &Builder<'_>, expr: &Expr, shape: &[u64]) -> Built<Expr> {
    reshape_within(builder, expr, shape, &Rules::default())
}

/// What a reshape has to keep to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Bytes that a block should not exceed, unless those of the array do.
    pub block_bytes: u64,
    /// Whether chunks may be joined: otherwise each is one step of its leading axis long.
    pub joins: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self { block_bytes: BLOCK_BYTES, joins: true }
    }
}

/// The same, with what users say about the plan.
fn reshape_within(builder: &Builder<'_>, expr: &Expr, shape: &[u64], rules: &Rules) -> Built<Expr> {
    let own = builder.chunks(expr)?;
    let old = own.known_shape()?;
    if old.as_slice() == shape {
        return Ok(expr.clone());
    }
    // What users say may be more than 64 bits hold.
    let count = |shape: &[u64]| shape.iter().fold(1_u128, |n, &size| n.saturating_mul(size.into()));
    if count(&old) != count(shape) {
        let what = format!("cannot reshape array of size {} into shape {shape:?}", count(&old));
        return Err(ArrayError::value(what));
    }
    if count(&old) == 0 {
        return empty(builder, expr, &own, shape);
    }
    let leads: Vec<Lead> = groups(&old, shape).iter().map(|group| Lead::of(group, &old, shape)).collect();
    let mut cut = vec![AxisChunks::uniform(1, 1)?; old.len()];
    for lead in &leads {
        lead.cut(&own, &old, rules.joins, &mut cut)?;
    }
    let item = builder.dtype(expr)?.item_bytes().map_or(ITEM_BYTES, |bytes| bytes as u64);
    let most = rules.block_bytes.max(block_bytes(own.axes(), item));
    within(&leads, &mut cut, item, most)?;
    if block_bytes(&cut, item) > most
        && let Some(parts) = in_parts(builder, expr, &leads, shape, rules)?
    {
        return Ok(parts);
    }
    let mut made: Vec<AxisChunks> = Vec::with_capacity(shape.len());
    let mut follows = vec![-1_i64; old.len()];
    for lead in &leads {
        lead.make(&cut, shape, &mut made, &mut follows)?;
    }
    let ready = crate::rechunk::to(builder, expr, &Chunks::new(cut)?)?;
    make(builder, &ready, &Chunks::new(made)?, &follows)
}

pub(super) fn make(builder: &Builder<'_>, expr: &Expr, made: &Chunks, follows: &[i64]) -> Built<Expr> {
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

/// How a group of axes is cut: along one axis on each side, all others being whole.
struct Lead {
    group: Group,
    /// The first axis of more than one element on either side, and how many elements one step along it is.
    old: Option<(usize, u64)>,
    new: Option<(usize, u64)>,
    /// Steps along the old axis that are a whole number of steps along the new one.
    unit: u64,
}

impl Lead {
    fn of(group: &Group, old: &[u64], new: &[u64]) -> Self {
        let lead = |axes: &std::ops::Range<usize>, shape: &[u64]| {
            let at = axes.clone().find(|&at| shape[at] > 1)?;
            Some((at, shape[at + 1..axes.end].iter().product::<u64>().max(1)))
        };
        let (before, after) = (lead(&group.old, old), lead(&group.new, new));
        let unit = match (before, after) {
            (Some((_, from)), Some((_, to))) => lcm(from, to) / from,
            _ => 1,
        };
        Self { group: group.clone(), old: before, new: after, unit }
    }

    /// Cuts the old axes so that each block can be reshaped on its own.
    fn cut(&self, own: &Chunks, old: &[u64], joins: bool, cut: &mut [AxisChunks]) -> Built<()> {
        for at in self.group.old.clone() {
            cut[at] = AxisChunks::from_sizes([old[at]])?;
        }
        let Some((lead, _)) = self.old else { return Ok(()) };
        let alone = self.group.old.len() == 1 && self.group.new.len() == 1;
        cut[lead] = match joins || alone {
            true => aligned(&own.axes()[lead], old[lead], self.unit)?,
            false => AxisChunks::uniform(old[lead], self.unit.min(old[lead]))?,
        };
        Ok(())
    }

    /// How many units the largest chunk has.
    fn n_units(&self, cut: &[AxisChunks]) -> u64 {
        self.old.and_then(|(lead, _)| cut[lead].size_max()).unwrap_or(1).div_ceil(self.unit)
    }

    /// The new axes, cut as the old ones are.
    fn make(
        &self,
        cut: &[AxisChunks],
        new: &[u64],
        made: &mut Vec<AxisChunks>,
        follows: &mut [i64],
    ) -> Built<()> {
        let base = made.len();
        for at in self.group.new.clone() {
            made.push(AxisChunks::from_sizes([new[at]])?);
        }
        let (Some((before, from)), Some((after, to))) = (self.old, self.new) else { return Ok(()) };
        // A chunk along the leading axis is so many elements in a row on either side.
        let scaled = cut[before].runs().map(|(size, n)| (size.map(|size| size * from / to), n));
        made[base + after - self.group.new.start] = AxisChunks::from_runs(scaled)?;
        follows[before] = after.clamped::<i64>();
        Ok(())
    }
}

/// Where a single step along a leading axis is more than a block may have: each step reshaped on its own, and all of
/// them one behind the other. `None` where steps on either side are no multiples of those on the other, or too many.
fn in_parts(
    builder: &Builder<'_>,
    expr: &Expr,
    leads: &[Lead],
    shape: &[u64],
    rules: &Rules,
) -> Built<Option<Expr>> {
    let old = builder.chunks(expr)?.known_shape()?;
    for lead in leads.iter().filter(|lead| lead.group.old.len() + lead.group.new.len() > 2) {
        let (Some((before, from)), Some((after, to))) = (lead.old, lead.new) else { continue };
        // Rows of the array, or of the result: the longer ones.
        let (n_parts, n_rows) = if from >= to { (old[before], 1) } else { (shape[after], to / from.max(1)) };
        if !(2..=N_PARTS_MAX).contains(&n_parts) || from.max(to) % from.min(to).max(1) != 0 {
            continue;
        }
        let mut part_shape = shape.to_vec();
        part_shape[after] = (from * n_rows) / to;
        let part = |number: u64| -> Built<Expr> {
            let mut index = vec![Index::Range { start: None, stop: None, step: None }; before];
            let (start, stop) =
                ((number * n_rows).clamped::<i64>(), ((number + 1) * n_rows).clamped::<i64>());
            index.push(Index::Range { start: Some(start), stop: Some(stop), step: None });
            reshape_within(builder, &slice(builder, expr, &index)?, &part_shape, rules)
        };
        let parts = (0..n_parts).map(part).collect::<Built<Vec<_>>>()?;
        return concatenate(builder, &parts, after.clamped::<i64>()).map(Some);
    }
    Ok(None)
}

fn block_bytes(axes: &[AxisChunks], item: u64) -> u64 {
    axes.iter().filter_map(AxisChunks::size_max).fold(item, u64::saturating_mul)
}

/// Cuts leading axes until no block has more bytes than `most`, or none can be cut further: those of most units first.
fn within(leads: &[Lead], cut: &mut [AxisChunks], item: u64, most: u64) -> Built<()> {
    loop {
        let excess = block_bytes(cut, item).div_ceil(most.max(1));
        let longest = leads.iter().max_by_key(|lead| lead.n_units(cut));
        let Some((lead, (axis, _))) = longest.and_then(|lead| Some((lead, lead.old?))) else { return Ok(()) };
        let n_units = lead.n_units(cut);
        if excess <= 1 || n_units <= 1 {
            return Ok(());
        }
        let size = (n_units / excess).max(1) * lead.unit;
        let mut runs = Vec::new();
        for (old, n) in cut[axis].runs() {
            let old = old.unwrap_or(0);
            match old <= size {
                true => runs.push((Some(old), n)),
                false => {
                    let part =
                        [(Some(size), old / size), (Some(old % size), u64::from(!old.is_multiple_of(size)))];
                    match old.is_multiple_of(size) {
                        true => runs.push((Some(size), n * (old / size))),
                        false => (0..n).for_each(|_| runs.extend(part)),
                    }
                }
            }
        }
        cut[axis] = AxisChunks::from_runs(runs)?;
    }
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
    if builder.chunks(operand)?.axes().iter().any(|axis| axis.length().is_none()) {
        return super::later::unknown(builder, operand, &asked, parameters);
    }
    let shape: Vec<u64> = match asked.iter().filter(|&&n| n < 0).count() {
        0 => asked.iter().map(|&n| n.clamped::<u64>()).collect(),
        1 => {
            let n: u64 = builder.chunks(operand)?.known_shape()?.iter().product();
            let mut known = asked.iter().filter_map(|&n| u64::try_from(n).ok());
            let known = known.try_fold(1u64, |known, n| known.checked_mul(n));
            let Some(known) = known.filter(|&known| known > 0 && n.is_multiple_of(known)) else {
                return Err(ArrayError::value(format!(
                    "cannot reshape array of size {n} into shape {asked:?}"
                )));
            };
            asked.iter().map(|&length| if length < 0 { n / known } else { length.clamped::<u64>() }).collect()
        }
        _ => return Err(ArrayError::value("can only specify one unknown dimension")),
    };
    let limit = parameters.get("limit").and_then(Param::as_int).and_then(|bytes| u64::try_from(bytes).ok());
    let joins = !matches!(parameters.get("merge_chunks"), Some(Param::Bool(false)));
    let rules = Rules { block_bytes: limit.unwrap_or(BLOCK_BYTES), joins };
    reshape_within(builder, operand, &shape, &rules)
}

/// Every block reshaped on its own, to the chunks that the parameters say.
pub(super) fn blocks(builder: &Builder<'_>, _: &str, operands: &[Expr], parameters: &Param) -> Built<Expr> {
    match operands {
        [operand] => builder.make("reshape", &[operand], parameters.clone()),
        _ => Err(ErrorKind::InvalidValue("reshape takes one array".into()).into()),
    }
}
