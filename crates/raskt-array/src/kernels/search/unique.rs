//! Distinct values.

use raskt_core::{DType, NdArray, Param, Result, Value, allocation};
use raskt_exec::{Call, Outcome};

use super::lines::by_value;
use crate::kernels::element::{Element, with_ordered};
use crate::kernels::memory::{self, array_of, elements, wrong_dtype};
use crate::kernels::parameters;

/// The body `array.unique`: distinct elements in order, all NaN as one. Gives the list `[values, index, counts]`: where
/// each is first (the own parameter `{"ranges": [[start, stop]]}` says where the block lies), and how often it is there. Lists like that as inputs are merged.
/// `{"output"}`, the number of an item of that list, leaves only that.
pub(crate) fn unique(call: &mut Call<'_>) -> Result<Outcome> {
    let offset = parameters::first_place(call.own, 0)?;
    let (mut values, mut index, mut counts) = (Vec::new(), Vec::new(), Vec::new());
    for input in call.inputs.iter() {
        match input {
            Value::List(items) if items.len() == 3 => {
                values.push(memory::array(&items[0])?.into_owned());
                index.extend_from_slice(&elements::<i64>(&*memory::array(&items[1])?)?);
                counts.extend_from_slice(&elements::<i64>(&*memory::array(&items[2])?)?);
            }
            lone => {
                let array = memory::array(lone)?.to_contiguous()?;
                let n = array.n_elements();
                index.extend((0..n as i64).map(|at| offset + at));
                counts.extend(std::iter::repeat_n(1, n));
                values.push(NdArray::contiguous(array.dtype().clone(), &[n as u64], array.buffer().clone())?);
            }
        }
    }
    let values = crate::kernels::relocate::concatenate_arrays(&values, 0)?;
    let found = with_ordered!(values.dtype(), T => distinct::<T>(&values, &index, &counts)?,
        else return Err(wrong_dtype("a native dtype", values.dtype())));
    let [values, index, counts] = found.map(Value::from);
    let all = [values, index, counts];
    let output = call.shared.get("output").and_then(Param::as_int);
    let lone = output.and_then(|number| all.get(usize::try_from(number).ok()?));
    Ok(Outcome::Value(lone.cloned().unwrap_or_else(|| all.to_vec().into())))
}

fn distinct<T: Element>(values: &NdArray, index: &[i64], counts: &[i64]) -> Result<[NdArray; 3]> {
    let source = elements::<T>(values)?;
    let mut order: Vec<usize> = allocation::collected(0..source.len())?;
    order.sort_unstable_by(|&a, &b| by_value(&source[a], &source[b]).then(index[a].cmp(&index[b])));
    let (mut kept, mut first, mut n) = (Vec::new(), Vec::new(), Vec::new());
    for at in order {
        let is_same = kept.last().is_some_and(|last: &T| by_value(last, &source[at]).is_eq());
        match n.last_mut() {
            Some(count) if is_same => *count += counts[at],
            _ => {
                kept.push(source[at]);
                first.push(index[at]);
                n.push(counts[at]);
            }
        }
    }
    let shape = [kept.len() as u64];
    let values = array_of(values.dtype().clone(), &shape, &kept)?;
    Ok([values, array_of(DType::Int64, &shape, &first)?, array_of(DType::Int64, &shape, &n)?])
}
