//! The k largest or smallest elements along an axis, of a block or of several blocks' results.

use raskt_core::allocation;
use raskt_core::{DType, NdArray, Result, Shape, Value};
use raskt_exec::{Call, Outcome};

use crate::kernels::element::{Element, with_ordered};
use crate::kernels::memory::{self, array_of, elements, invalid, wrong_dtype};
use crate::kernels::parameters;
use crate::kernels::relocate::concatenate_arrays;
use crate::kernels::shapes::normalize_axis;
use crate::kernels::simd::{Loop, vectorized};

/// The body `array.topk`: shared `{"k", "axis", "indices": bool, "final": bool}`. `k` largest elements, largest
/// first, or `-k` smallest, smallest first; fewer where there are fewer. With `"indices"` it gives `[values, places]`
/// (the own parameter `{"ranges": [[start, stop], ..]}` says where the block lies), or the places alone
/// once final. Several inputs are partial results along the axis.
pub(crate) fn topk(call: &mut Call<'_>) -> Result<Outcome> {
    let k = parameters::int(call.shared, "k")?;
    let with_places = parameters::is_set(call.shared, "indices");
    let is_final = parameters::is_set(call.shared, "final");
    let (values, places) = gathered(call, with_places)?;
    let axis = normalize_axis(parameters::int(call.shared, "axis")?, values.shape().len())?;
    let (values, places) = with_ordered!(values.dtype(), T => select::<T>(&values, &places, axis, k)?,
        else return Err(wrong_dtype("a native dtype", values.dtype())));
    Ok(Outcome::Value(match (with_places, is_final) {
        (true, true) => places.into(),
        (true, false) => Value::from(vec![values.into(), places.into()]),
        (false, _) => values.into(),
    }))
}

/// All candidates, and their places: those of a block are known from where it begins.
fn gathered(call: &Call<'_>, with_places: bool) -> Result<(NdArray, Places)> {
    let axis = parameters::int(call.shared, "axis")?;
    let first = call.inputs.first().ok_or_else(|| invalid("the largest elements of nothing"))?;
    let mut parts: Vec<(NdArray, NdArray)> = Vec::new();
    for input in call.inputs.iter() {
        match input {
            Value::List(items) if with_places && items.len() == 2 => {
                parts.push((memory::array(&items[0])?.into_owned(), memory::array(&items[1])?.into_owned()));
            }
            lone if with_places && call.inputs.len() == 1 => {
                let values = memory::array(lone)?.into_owned();
                let at = normalize_axis(axis, values.shape().len())?;
                return Ok((values, Places::From(parameters::first_place(call.own, at)?)));
            }
            _ if with_places => return Err(invalid("several blocks without places")),
            _ => {}
        }
    }
    let axis = normalize_axis(axis, memory_axes(first)?)?;
    if !with_places {
        let values = call.inputs.iter().map(|input| Ok(memory::array(input)?.into_owned()));
        return Ok((joined(values.collect::<Result<Vec<_>>>()?, axis)?, Places::From(0)));
    }
    let (values, places): (Vec<NdArray>, Vec<NdArray>) = parts.into_iter().unzip();
    Ok((joined(values, axis)?, Places::Given(joined(places, axis)?)))
}

/// How many axes a block has, or the values of a partial result.
fn memory_axes(input: &Value) -> Result<usize> {
    match input {
        Value::List(items) => memory::array(items.first().ok_or_else(|| invalid("nothing"))?),
        lone => memory::array(lone),
    }
    .map(|array| array.shape().len())
}

fn joined(mut arrays: Vec<NdArray>, axis: usize) -> Result<NdArray> {
    if arrays.len() == 1 {
        return Ok(arrays.remove(0));
    }
    concatenate_arrays(&arrays, axis)
}

/// Where candidates are in the whole array.
enum Places {
    /// From there on, along the axis.
    From(i64),
    /// There.
    Given(NdArray),
}

fn select<T: Element>(values: &NdArray, places: &Places, axis: usize, k: i64) -> Result<(NdArray, NdArray)> {
    let shape = values.shape();
    let n = shape[axis] as usize;
    let kept = (k.unsigned_abs() as usize).min(n);
    let outer = shape[..axis].iter().product::<u64>() as usize;
    let inner = shape[axis + 1..].iter().product::<u64>() as usize;
    let source = elements::<T>(values)?;
    let given = match places {
        Places::From(_) => None,
        Places::Given(places) => Some(elements::<i64>(places)?),
    };
    let offset = if let Places::From(offset) = places { *offset } else { 0 };
    let mut top = allocation::filled(T::default(), outer * kept * inner)?;
    let mut top_places = allocation::zeros::<i64>(top.len())?;
    let candidates = allocation::room_for((2 * kept + 64).min(n))?;
    let mut best = Best { candidates, kept, is_smallest: k < 0 };
    for out in 0..outer {
        for col in 0..inner {
            let at = |row: usize| (out * n + row) * inner + col;
            let place = |row: usize| given.as_ref().map_or(offset + row as i64, |given| given[at(row)]);
            best.candidates.clear();
            match kept {
                0 => {}
                ..=N_INSERTED_MAX if inner == 1 => best.insert_line(&source[out * n..(out + 1) * n]),
                1..=N_INSERTED_MAX => {
                    (0..n).for_each(|row| best.insert((source[at(row)], row)));
                }
                _ => best.of((0..n).map(|row| (source[at(row)], row)), &place),
            }
            for (row, &(value, found)) in best.candidates.iter().enumerate() {
                let to = (out * kept + row) * inner + col;
                (top[to], top_places[to]) = (value, place(found));
            }
        }
    }
    let mut shape: Shape = shape.into();
    shape[axis] = kept as u64;
    Ok((array_of(values.dtype().clone(), &shape, &top)?, array_of(DType::Int64, &shape, &top_places)?))
}

/// So few are kept in order while elements are looked at.
const N_INSERTED_MAX: usize = 32;

/// The best of many elements, each with its row.
struct Best<T> {
    candidates: Vec<(T, usize)>,
    kept: usize,
    is_smallest: bool,
}

impl<T: Element> Best<T> {
    /// Leaves the best of `all` as the candidates, in order. Most elements are compared once: with the last of the best
    /// that were found so far.
    fn of(&mut self, all: impl Iterator<Item = (T, usize)>, place: &impl Fn(usize) -> i64) {
        let is_smallest = self.is_smallest;
        let order = move |a: &(T, usize), b: &(T, usize)| {
            let (x, y) = if is_smallest { (a.0, b.0) } else { (b.0, a.0) };
            let by_value = y.sorts_before(x).cmp(&x.sorts_before(y));
            by_value.then_with(|| place(a.1).cmp(&place(b.1)))
        };
        let n_candidates = 2 * self.kept + 64;
        let mut last: Option<(T, usize)> = None;
        for candidate in all {
            if last.as_ref().is_some_and(|last| order(&candidate, last).is_ge()) {
                continue;
            }
            self.candidates.push(candidate);
            if self.candidates.len() == n_candidates {
                self.candidates.select_nth_unstable_by(self.kept - 1, order);
                self.candidates.truncate(self.kept);
                last = self.candidates.last().copied();
            }
        }
        self.candidates.sort_unstable_by(order);
        self.candidates.truncate(self.kept);
    }

    /// Whether `value` comes before `other`.
    #[inline(always)]
    fn is_before(&self, value: T, other: T) -> bool {
        if self.is_smallest { value.sorts_before(other) } else { other.sorts_before(value) }
    }

    /// Takes a candidate among a few, which stay in order all the time. Candidates come in the order of their places, which
    /// is that of equal values.
    #[inline]
    fn insert(&mut self, candidate: (T, usize)) {
        match self.candidates.last() {
            Some(&(last, _)) if self.candidates.len() == self.kept => {
                if !self.is_before(candidate.0, last) {
                    return;
                }
            }
            _ => self.candidates.push(candidate),
        }
        let mut at = self.candidates.len() - 1;
        while at > 0 && self.is_before(candidate.0, self.candidates[at - 1].0) {
            self.candidates[at] = self.candidates[at - 1];
            at -= 1;
        }
        self.candidates[at] = candidate;
    }

    /// Takes the candidates of a line: most groups of them have none that is before the last that is kept.
    fn insert_line(&mut self, line: &[T]) {
        let (first, rest) = line.split_at(self.kept);
        first.iter().enumerate().for_each(|(row, &value)| self.insert((value, row)));
        for (number, group) in rest.chunks(N_TOGETHER).enumerate() {
            let Some(&(last, _)) = self.candidates.last() else { return };
            let is_met = match self.is_smallest {
                true => vectorized(Any { values: group, holds: |value: T| value.sorts_before(last) }),
                false => vectorized(Any { values: group, holds: |value: T| last.sorts_before(value) }),
            };
            if is_met {
                let start = self.kept + number * N_TOGETHER;
                group.iter().enumerate().for_each(|(at, &value)| self.insert((value, start + at)));
            }
        }
    }
}

/// Elements that are looked at together.
const N_TOGETHER: usize = 16;

/// Whether something holds for one of the values.
struct Any<'a, T, F> {
    values: &'a [T],
    holds: F,
}

impl<T: Element, F: Fn(T) -> bool> Loop for Any<'_, T, F> {
    type Out = bool;

    #[inline(always)]
    fn run(self) -> bool {
        self.values.iter().fold(false, |any, &value| any | (self.holds)(value))
    }
}
