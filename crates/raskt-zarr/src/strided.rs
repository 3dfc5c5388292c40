//! Copies between arrays in memory, of which each has steps of its own, in bytes.

/// One axis of a copy: its length, and the bytes from one element to the next on either side.
#[derive(Clone, Copy, Debug)]
struct Axis {
    n: usize,
    from: usize,
    to: usize,
}

/// Elements in memory: where the first lies, and the bytes from one to the next along each axis.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Steps<'s> {
    pub(crate) at: usize,
    pub(crate) steps: &'s [usize],
}

/// The steps of an array in C order.
pub(crate) fn c_steps(shape: &[usize], item: usize) -> Vec<usize> {
    let mut step = item;
    let mut steps: Vec<usize> = shape
        .iter()
        .rev()
        .map(|&n| {
            let own = step;
            step *= n.max(1);
            own
        })
        .collect();
    steps.reverse();
    steps
}

/// The axes that are left when those of one element are dropped and those that follow each other on both sides are one;
/// `None` where there are no elements.
fn axes(shape: &[usize], from: &[usize], to: &[usize]) -> Option<Vec<Axis>> {
    if shape.contains(&0) {
        return None;
    }
    let mut axes: Vec<Axis> = Vec::with_capacity(shape.len());
    for ((&n, &from), &to) in shape.iter().zip(from).zip(to).filter(|((n, _), _)| **n > 1) {
        match axes.last_mut() {
            Some(last) if last.from == n * from && last.to == n * to => {
                *last = Axis { n: last.n * n, from, to };
            }
            _ => axes.push(Axis { n, from, to }),
        }
    }
    Some(axes)
}

/// Calls `each` with the offsets on both sides, for all elements of `axes`, the last of which varies fastest.
fn for_each(axes: &[Axis], from: usize, to: usize, each: &mut impl FnMut(usize, usize)) {
    match axes {
        [] => each(from, to),
        [axis, rest @ ..] => {
            for index in 0..axis.n {
                for_each(rest, from + index * axis.from, to + index * axis.to, each);
            }
        }
    }
}

macro_rules! by_item {
    ($item:expr, $call:ident ( $($argument:expr),* )) => {
        match $item {
            1 => $call::<1>($($argument),*),
            2 => $call::<2>($($argument),*),
            4 => $call::<4>($($argument),*),
            8 => $call::<8>($($argument),*),
            _ => $call::<16>($($argument),*),
        }
    };
}

/// Copies elements of `item` bytes, 1, 2, 4, 8 or 16.
pub(crate) fn copy(shape: &[usize], item: usize, source: (&[u8], Steps<'_>), target: (&mut [u8], Steps<'_>)) {
    let ((source, from), (target, to)) = (source, target);
    let Some(axes) = axes(shape, from.steps, to.steps) else { return };
    match axes.split_last() {
        Some((last, outer)) if last.from != item || last.to != item => {
            by_item!(item, copy_items(outer, *last, (source, from.at), (target, to.at)));
        }
        split => {
            let (n, outer) = split.map_or((item, &[][..]), |(last, outer)| (last.n * item, outer));
            for_each(outer, from.at, to.at, &mut |from, to| {
                target[to..to + n].copy_from_slice(&source[from..from + n]);
            });
        }
    }
}

/// So many elements a side are copied at a time where one side lies across the other: they stay in the nearest cache.
const TILE: usize = 32;

fn copy_items<const N: usize>(
    outer: &[Axis],
    last: Axis,
    source: (&[u8], usize),
    target: (&mut [u8], usize),
) {
    let ((source, from), (target, to)) = (source, target);
    let mut one = |from: usize, to: usize| {
        if let (Some(element), Some(place)) =
            (source[from..].first_chunk::<N>(), target[to..].first_chunk_mut::<N>())
        {
            *place = *element;
        }
    };
    // The axis along which the source is dense.
    let across = outer.iter().position(|axis| axis.from == N);
    let Some(across) = across else {
        return for_each(outer, from, to, &mut |from, to| {
            for index in 0..last.n {
                one(from + index * last.from, to + index * last.to);
            }
        });
    };
    let dense = outer[across];
    let rest: Vec<Axis> = [&outer[..across], &outer[across + 1..]].concat();
    for_each(&rest, from, to, &mut |from, to| {
        for row in (0..dense.n).step_by(TILE) {
            for col in (0..last.n).step_by(TILE) {
                for row in row..(row + TILE).min(dense.n) {
                    for col in col..(col + TILE).min(last.n) {
                        one(from + row * dense.from + col * last.from, to + row * dense.to + col * last.to);
                    }
                }
            }
        }
    });
}

/// Fills elements with `element`.
pub(crate) fn fill(shape: &[usize], element: &[u8], target: (&mut [u8], Steps<'_>)) {
    let (target, to) = target;
    let Some(axes) = axes(shape, to.steps, to.steps) else { return };
    let item = element.len();
    match axes.split_last() {
        Some((last, outer)) if last.to == item => for_each(outer, to.at, to.at, &mut |_, to| {
            for place in target[to..to + last.n * item].chunks_exact_mut(item) {
                place.copy_from_slice(element);
            }
        }),
        _ => for_each(&axes, to.at, to.at, &mut |_, to| target[to..to + item].copy_from_slice(element)),
    }
}

/// Whether `is_so` of all elements.
pub(crate) fn all(
    shape: &[usize],
    item: usize,
    source: (&[u8], Steps<'_>),
    is_so: impl Fn(&[u8]) -> bool,
) -> bool {
    let (source, from) = source;
    axes(shape, from.steps, from.steps).is_none_or(|axes| all_of(&axes, item, source, from.at, &is_so))
}

fn all_of(axes: &[Axis], item: usize, source: &[u8], from: usize, is_so: &impl Fn(&[u8]) -> bool) -> bool {
    match axes {
        [] => is_so(&source[from..from + item]),
        [axis, rest @ ..] => {
            (0..axis.n).all(|index| all_of(rest, item, source, from + index * axis.from, is_so))
        }
    }
}

/// Turns the bytes of every number of `n` bytes around.
pub(crate) fn swap(bytes: &mut [u8], n: usize) {
    for number in bytes.chunks_exact_mut(n) {
        number.reverse();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Some order of the axes, and the steps of an array that lies so.
    fn permuted(shape: &[usize], order: &[usize], item: usize) -> Vec<usize> {
        let stored: Vec<usize> = order.iter().map(|&axis| shape[axis]).collect();
        let mut steps = vec![0; shape.len()];
        for (&axis, step) in order.iter().zip(c_steps(&stored, item)) {
            steps[axis] = step;
        }
        steps
    }

    proptest! {
        #[test]
        fn every_element_gets_to_its_place(
            shape in proptest::collection::vec(1_usize..40, 0..4),
            power in 0_u32..5,
            seed in any::<u64>(),
        ) {
            let item = 1 << power;
            let mut orders = [(0..shape.len()).collect::<Vec<_>>(), (0..shape.len()).collect()];
            if shape.len() > 1 {
                orders[0].rotate_left(seed as usize % shape.len());
                orders[1].rotate_left((seed >> 8) as usize % shape.len());
                orders[1].swap(0, (seed >> 16) as usize % shape.len());
            }
            let [from, to] = orders.map(|order| permuted(&shape, &order, item));
            let n: usize = shape.iter().product::<usize>() * item;
            let source: Vec<u8> = (0..n).map(|i| (i % 251) as u8).collect();
            let mut target = vec![0; n];
            let steps = (Steps { at: 0, steps: &from }, Steps { at: 0, steps: &to });
            copy(&shape, item, (&source, steps.0), (&mut target, steps.1));
            let mut index = vec![0; shape.len()];
            for _ in 0..n / item {
                let at = |steps: &[usize]| index.iter().zip(steps).map(|(i, step)| i * step).sum::<usize>();
                let (from, to) = (at(&from), at(&to));
                prop_assert_eq!(&source[from..from + item], &target[to..to + item]);
                for (at, n) in index.iter_mut().zip(&shape).rev() {
                    *at = (*at + 1) % n;
                    if *at > 0 {
                        break;
                    }
                }
            }
            let element = vec![9; item];
            fill(&shape, &element, (&mut target, steps.1));
            prop_assert!(target.iter().all(|&byte| byte == 9));
            prop_assert!(all(&shape, item, (&target, steps.1), |own| own == element));
            if let Some(last) = target.last_mut() {
                *last = 8;
                prop_assert!(!all(&shape, item, (&target, steps.1), |own| own == element));
            }
        }
    }
}
