//! The elements that stand at certain places once all are in order, found without sorting.

use raskt_core::{Result, allocation};

use super::lines::by_number;
use crate::kernels::threads;

/// From so many elements on they are counted by their leading bits first: then only those that share them with an element
/// that is looked for are compared.
const N_COUNTED_MIN: usize = 1 << 15;
/// For more places than that all are sorted.
const N_PLACES_MAX: usize = 24;
/// The leading bits that are counted: sign, exponent, and four of the fraction.
const N_BITS: u32 = 16;

/// The numbers at `places` (in order, none twice, each below their number) once `numbers`, none of which is NaN, are in
/// order; `scratch` is memory to use again.
///
/// # Errors
/// [`ErrorKind::OutOfMemory`](raskt_core::ErrorKind::OutOfMemory).
pub(super) fn at_places(
    numbers: &[f64],
    places: &[usize],
    n_threads: usize,
    scratch: &mut Vec<f64>,
) -> Result<Vec<f64>> {
    if numbers.len() >= N_COUNTED_MIN && places.len() <= N_PLACES_MAX {
        return by_leading_bits(numbers, places, n_threads);
    }
    scratch.clear();
    scratch.extend_from_slice(numbers);
    Ok(selected(scratch, places))
}

/// The same, of elements that may be moved.
fn selected(numbers: &mut [f64], places: &[usize]) -> Vec<f64> {
    if places.len() > N_PLACES_MAX {
        numbers.sort_unstable_by(by_number);
        return places.iter().map(|&place| numbers[place]).collect();
    }
    let (mut rest, mut n_before) = (numbers, 0);
    let find = |&place: &usize| {
        let (_, &mut found, above) =
            std::mem::take(&mut rest).select_nth_unstable_by(place - n_before, by_number);
        (rest, n_before) = (above, place + 1);
        found
    };
    places.iter().map(find).collect()
}

/// Leading bits of numbers, in their order.
#[inline(always)]
fn leading(number: f64) -> usize {
    let bits = number.to_bits();
    // Of negative numbers all bits turn around, of others the first.
    let turned = bits ^ (((bits as i64 >> 63) as u64) | 1 << 63);
    (turned >> (64 - N_BITS)) as usize
}

fn by_leading_bits(numbers: &[f64], places: &[usize], n_threads: usize) -> Result<Vec<f64>> {
    let parts: Vec<&[f64]> = numbers.chunks(numbers.len().div_ceil(n_threads.max(1))).collect();
    let all = threads::each(parts.clone(), |part| {
        let mut counts = allocation::zeros::<u32>(1 << N_BITS)?;
        part.iter().for_each(|&number| counts[leading(number)] += 1);
        Ok(counts)
    })?;
    // The bins in which places lie, with the places within them.
    let mut bins: Vec<(usize, Vec<usize>)> = Vec::new();
    let (mut bin, mut n_before, mut n_here) = (0, 0, 0);
    let count = |bin: usize| all.iter().map(|counts| counts[bin] as usize).sum::<usize>();
    for &place in places {
        while place >= n_before + n_here {
            n_before += n_here;
            n_here = count(bin);
            bin += 1;
        }
        match bins.last_mut().filter(|(last, _)| *last == bin - 1) {
            Some((_, within)) => within.push(place - n_before),
            None => bins.push((bin - 1, vec![place - n_before])),
        }
    }
    let mut number_of = allocation::filled(u8::MAX, 1 << N_BITS)?;
    bins.iter().zip(0..).for_each(|(&(bin, _), number)| number_of[bin] = number);
    let candidates = threads::each(parts, |part| {
        let mut found = vec![Vec::new(); bins.len()];
        for &number in part {
            if let Some(found) = found.get_mut(usize::from(number_of[leading(number)])) {
                found.push(number);
            }
        }
        Ok(found)
    })?;
    let mut found = Vec::with_capacity(places.len());
    for (at, (_, within)) in bins.iter().enumerate() {
        let mut together: Vec<f64> = candidates.iter().flat_map(|of| of[at].iter().copied()).collect();
        found.extend(selected(&mut together, within));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn they_are_those_of_sorting(
            seed in any::<u64>(),
            kind in 0_u8..4,
            long in any::<bool>(),
            shares in prop::collection::vec(0.0_f64..1.0, 1..40),
        ) {
            let n = if long { N_COUNTED_MIN + 17 } else { 300 };
            let numbers: Vec<f64> = (0..n as u64)
                .map(|at| {
                    let word = (at ^ seed).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                    match kind {
                        0 => f64::from_bits(word),
                        1 => (word >> 40) as f64 - 8e6,
                        2 => (word >> 61) as f64,
                        _ => -((word >> 11) as f64) * 1e-16,
                    }
                })
                .map(|number| if number.is_nan() { f64::INFINITY } else { number })
                .collect();
            let mut places: Vec<usize> = shares.iter().map(|share| (share * n as f64) as usize).collect();
            places.sort_unstable();
            places.dedup();
            let mut sorted = numbers.clone();
            sorted.sort_unstable_by(f64::total_cmp);
            for n_threads in [1, 3] {
                let found = at_places(&numbers, &places, n_threads, &mut Vec::new()).unwrap();
                let expected: Vec<f64> = places.iter().map(|&place| sorted[place]).collect();
                prop_assert_eq!(&found, &expected);
            }
        }
    }
}
