//! Distinct values.

use raskt_core::{DType, NdArray, Param, Result, Value, allocation};
use raskt_exec::{Call, Outcome};

use super::lines::{by_value, sort_line};
use super::locate::span_of;
use crate::kernels::element::{Element, with_ordered};
use crate::kernels::memory::{self, array_of, elements, wrong_dtype};
use crate::kernels::parameters;

/// The body `array.unique`: distinct elements in order, all NaN as one. Gives the list `[values, index, counts]`: where
/// each is first (the own parameter `{"ranges": [[start, stop]]}` says where the block lies), and how often it is there. Lists like that as inputs are merged.
/// `{"wanted"}`, the number of an item of that list, says that nothing but the values and that item is looked at: others
/// may be empty. With `"is_final"` there is only that item.
pub(crate) fn unique(call: &mut Call<'_>) -> Result<Outcome> {
    let wanted = call.shared.get("wanted").and_then(Param::as_int);
    let offset = parameters::first_place(call.own, 0)?;
    let (mut values, mut index, mut counts) = (Vec::new(), Vec::new(), Vec::new());
    for input in call.inputs.iter() {
        match input {
            Value::List(items) if items.len() == 3 => {
                values.push(memory::array(&items[0])?.into_owned());
                let (places, times) = (memory::array(&items[1])?, memory::array(&items[2])?);
                append(&mut index, elements::<i64>(&places)?.iter().copied())?;
                append(&mut counts, elements::<i64>(&times)?.iter().copied())?;
            }
            lone => {
                let array = memory::array(lone)?.to_contiguous()?;
                let n = array.n_elements();
                if wanted != Some(VALUES) {
                    append(&mut index, (0..n).map(|at| offset + at as i64))?;
                    append(&mut counts, std::iter::repeat_n(1, n))?;
                }
                values.push(NdArray::contiguous(array.dtype().clone(), &[n as u64], array.buffer().clone())?);
            }
        }
    }
    let values = match &values[..] {
        [lone] => lone.clone(),
        all => crate::kernels::relocate::concatenate_arrays(all, 0)?,
    };
    let found = with_ordered!(values.dtype(), T => match wanted {
        Some(VALUES) => distinct_values::<T>(&values)?,
        _ => distinct::<T>(&values, &index, &counts)?,
    }, else return Err(wrong_dtype("a native dtype", values.dtype())));
    let [values, index, counts] = found.map(Value::from);
    let all = [values, index, counts];
    let is_final = parameters::is_set(call.shared, "is_final");
    let lone = wanted.filter(|_| is_final).and_then(|number| all.get(usize::try_from(number).ok()?));
    Ok(Outcome::Value(lone.cloned().unwrap_or_else(|| all.to_vec().into())))
}

fn append(all: &mut Vec<i64>, more: impl ExactSizeIterator<Item = i64>) -> Result<()> {
    allocation::make_room(all, more.len())?;
    all.extend(more);
    Ok(())
}

/// The number of the values in the list.
const VALUES: i64 = 0;

/// The distinct values alone; integers that lie close together without sorting.
fn distinct_values<T: Element>(values: &NdArray) -> Result<[NdArray; 3]> {
    let source = elements::<T>(values)?;
    let kept = match marked(&source)? {
        Some(kept) => kept,
        None => {
            let mut sorted = allocation::copied(&source)?;
            sort_line(&mut sorted);
            sorted.dedup_by(|a, b| by_value(a, b).is_eq());
            sorted
        }
    };
    let nothing = || array_of::<i64>(DType::Int64, &[0], &[]);
    Ok([array_of(values.dtype().clone(), &[kept.len() as u64], &kept)?, nothing()?, nothing()?])
}

/// The distinct values of integers, in order, by a table of all between the least and the largest; `None` for others, and
/// where the table would be longer than the array.
fn marked<T: Element>(source: &[T]) -> Result<Option<Vec<T>>> {
    let Some((low, span)) = span_of(source).filter(|&(_, span)| span < source.len()) else { return Ok(None) };
    let mut first: Vec<Option<T>> = allocation::filled(None, span + 1)?;
    for &value in source {
        if let Some(number) = value.as_integer() {
            first[(number - low) as usize] = Some(value);
        }
    }
    let n = first.iter().flatten().count();
    let mut kept = allocation::room_for(n)?;
    kept.extend(first.into_iter().flatten());
    Ok(Some(kept))
}

fn distinct<T: Element>(values: &NdArray, index: &[i64], counts: &[i64]) -> Result<[NdArray; 3]> {
    let source = elements::<T>(values)?;
    // Each value beside its number: what is compared lies together.
    let mut order: Vec<(T, usize)> = allocation::collected(source.iter().copied().zip(0..source.len()))?;
    order.sort_unstable_by(|a, b| by_value(&a.0, &b.0).then_with(|| index[a.1].cmp(&index[b.1])));
    let is_new = |pair: &[(T, usize)]| by_value(&pair[0].0, &pair[1].0).is_ne();
    let n_kept = usize::from(!order.is_empty()) + order.windows(2).filter(|pair| is_new(pair)).count();
    let mut kept = allocation::room_for(n_kept)?;
    let (mut first, mut n) = (allocation::room_for(n_kept)?, allocation::room_for(n_kept)?);
    for (value, at) in order {
        let is_same = kept.last().is_some_and(|last: &T| by_value(last, &value).is_eq());
        match n.last_mut() {
            Some(count) if is_same => *count += counts[at],
            _ => {
                kept.push(value);
                first.push(index[at]);
                n.push(counts[at]);
            }
        }
    }
    let shape = [kept.len() as u64];
    let values = array_of(values.dtype().clone(), &shape, &kept)?;
    Ok([values, array_of(DType::Int64, &shape, &first)?, array_of(DType::Int64, &shape, &n)?])
}
