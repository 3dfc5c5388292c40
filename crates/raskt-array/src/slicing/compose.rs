//! Two slices, one after the other, as one.

use raskt_core::Fit;

use super::cuts::Cut;

/// The cuts that take at once what `outer` takes of what `inner` takes; `None` where no cuts do, or where that depends on
/// how axes are cut into blocks.
pub(crate) fn composed(inner: &[Cut], outer: &[Cut]) -> Option<Vec<Cut>> {
    let mut inner = inner.iter();
    let mut made = Vec::with_capacity(outer.len());
    for cut in outer {
        if *cut == Cut::New {
            made.push(Cut::New);
            continue;
        }
        // Axes that the inner slice has taken away lie before the one that is cut now.
        let first = loop {
            match inner.next()? {
                point @ Cut::Point(_) => made.push(point.clone()),
                first => break first,
            }
        };
        made.extend(both(first, cut)?);
    }
    made.extend(inner.cloned());
    Some(made)
}

/// One cut after another on the same axis; no cut where a new axis goes again.
fn both(first: &Cut, then: &Cut) -> Option<Option<Cut>> {
    let cut = match (first, then) {
        (Cut::All, then) => then.clone(),
        (first, Cut::All) => first.clone(),
        (Cut::New, Cut::Point(_)) => return Some(None),
        (Cut::New, Cut::Range { n: 1, .. }) => Cut::New,
        (Cut::Range { start, step, .. }, then) => {
            let place = |at: u64| u64::try_from((*start).clamped::<i64>() + at.clamped::<i64>() * step).ok();
            match then {
                Cut::Point(at) => Cut::Point(place(*at)?),
                Cut::Range { start, n, step: next } => ranged(place(*start)?, *n, step.checked_mul(*next)?),
                Cut::Picks(picks) => Cut::Picks(picks.iter().map(|&at| place(at)).collect::<Option<_>>()?),
                Cut::All | Cut::Blocks(_) | Cut::New => return None,
            }
        }
        (Cut::Picks(picks), then) => {
            let pick = |at: u64| picks.get(at.fit::<usize>()).copied();
            match then {
                Cut::Point(at) => Cut::Point(pick(*at)?),
                Cut::Range { start, n, step } => {
                    let places = (0..(*n).clamped::<i64>())
                        .map(|at| u64::try_from((*start).clamped::<i64>() + at * step).ok());
                    Cut::Picks(places.map(|at| pick(at?)).collect::<Option<_>>()?)
                }
                Cut::Picks(places) => Cut::Picks(places.iter().map(|&at| pick(at)).collect::<Option<_>>()?),
                Cut::All | Cut::Blocks(_) | Cut::New => return None,
            }
        }
        (Cut::Blocks(blocks), Cut::Blocks(places)) => {
            Cut::Blocks(places.iter().map(|&at| blocks.get(at as usize).copied()).collect::<Option<_>>()?)
        }
        (Cut::New | Cut::Blocks(_) | Cut::Point(_), _) => return None,
    };
    Some(Some(cut))
}

/// `n` elements from `start`, as [`Cut::Range`] writes them.
pub(crate) fn ranged(start: u64, n: u64, step: i64) -> Cut {
    match n {
        0 => Cut::Range { start: 0, n: 0, step: 1 },
        // A lone element has no direction.
        1 => Cut::Range { start, n: 1, step: 1 },
        n => Cut::Range { start, n, step },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a cut takes of the places along an axis.
    fn taken(cut: &Cut, places: &[u64]) -> Vec<u64> {
        match cut {
            Cut::All => places.to_vec(),
            Cut::Point(at) => vec![places[*at as usize]],
            Cut::Range { start, n, step } => {
                (0..*n as i64).map(|i| places[(*start as i64 + i * step) as usize]).collect()
            }
            Cut::Picks(picks) => picks.iter().map(|&at| places[at as usize]).collect(),
            Cut::Blocks(_) | Cut::New => panic!("no places"),
        }
    }

    /// A cut of an axis of `length`, by numbers that any cut can be made of.
    fn cut(length: usize, kind: u8, start: usize, n: usize, step: i64) -> Cut {
        if length == 0 || kind == 0 {
            return Cut::All;
        }
        let start = start % length;
        let room = if step > 0 { length - 1 - start } else { start } / step.unsigned_abs() as usize + 1;
        match kind {
            1 => ranged(start as u64, (n % (room + 1)) as u64, step),
            2 => Cut::Picks((0..n % 5).map(|at| ((start + at * n) % length) as u64).collect()),
            _ => Cut::Point(start as u64),
        }
    }

    proptest! {
        #[test]
        fn one_slice_takes_what_two_take(
            length in 0_usize..12, kinds in (0_u8..3, 0_u8..4), starts in (0_usize..12, 0_usize..12),
            counts in (0_usize..12, 0_usize..12), steps in (1_i64..4, 1_i64..4), signs in (any::<bool>(), any::<bool>()),
        ) {
            let places: Vec<u64> = (0..length as u64).collect();
            let signed = |step: i64, back: bool| if back { -step } else { step };
            let first = cut(length, kinds.0, starts.0, counts.0, signed(steps.0, signs.0));
            let some = taken(&first, &places);
            let then = cut(some.len(), kinds.1, starts.1, counts.1, signed(steps.1, signs.1));
            let at_once = composed(std::slice::from_ref(&first), std::slice::from_ref(&then)).unwrap();
            prop_assert_eq!(taken(&at_once[0], &places), taken(&then, &some));
        }
    }

    #[test]
    fn axes_that_come_and_go_keep_their_order() {
        let range = |start, n, step| Cut::Range { start, n, step };
        let inner = [Cut::Point(2), Cut::New, range(8, 4, -2), Cut::All, Cut::Point(1)];
        let outer = [Cut::New, Cut::Point(0), range(3, 4, -1), Cut::Point(5)];
        let made = [Cut::New, Cut::Point(2), range(2, 4, 2), Cut::Point(5), Cut::Point(1)];
        assert_eq!(composed(&inner, &outer).unwrap(), made);
        assert_eq!(
            composed(&[Cut::Blocks(vec![3, 1])], &[Cut::Blocks(vec![1])]).unwrap(),
            [Cut::Blocks(vec![1])]
        );
        assert_eq!(composed(&[Cut::Blocks(vec![3, 1])], &[Cut::Point(1)]), None);
    }
}
