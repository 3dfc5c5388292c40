//! Components that nothing connects, put beside and below each other.

/// A part's place: its left and top, and the height of the row that it stands in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Slot {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) row_height: f64,
}

/// Where each rectangle (width, height) goes: rows in the order given, so wide that the whole is about
/// `proportion` times as wide as high. Also the size of the whole.
pub(crate) fn pack(sizes: &[(f64, f64)], gap: f64, proportion: f64) -> (Vec<Slot>, f64, f64) {
    let area: f64 = sizes.iter().map(|(w, h)| (w + gap) * (h + gap)).sum();
    let widest = sizes.iter().map(|s| s.0).fold(0.0, f64::max);
    let limit = widest.max((area * proportion).sqrt());
    let mut slots: Vec<Slot> = Vec::with_capacity(sizes.len());
    let (mut row_start, mut x, mut y, mut row_height, mut width) = (0, 0.0_f64, 0.0, 0.0_f64, 0.0_f64);
    for (index, &(w, h)) in sizes.iter().enumerate() {
        if x > 0.0 && x + w > limit {
            slots[row_start..].iter_mut().for_each(|slot| slot.row_height = row_height);
            y += row_height + gap;
            (row_start, x, row_height) = (index, 0.0, 0.0);
        }
        slots.push(Slot { left: x, top: y, row_height });
        width = width.max(x + w);
        row_height = row_height.max(h);
        x += w + gap;
    }
    slots[row_start..].iter_mut().for_each(|slot| slot.row_height = row_height);
    (slots, width, y + row_height)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_small_parts_become_a_block_and_not_a_strip() {
        let (slots, width, height) = pack(&[(40.0, 40.0); 400], 10.0, 1.7);
        assert_eq!(slots.len(), 400);
        assert!(width < 2.5 * height && height < width);
    }

    #[test]
    fn all_of_a_row_know_its_height() {
        let (slots, ..) = pack(&[(10.0, 5.0), (10.0, 9.0), (100.0, 2.0)], 1.0, 1.0);
        assert_eq!(slots.iter().map(|slot| slot.row_height).collect::<Vec<_>>(), [9.0, 9.0, 2.0]);
    }

    #[test]
    fn nothing_takes_no_room() {
        assert_eq!(pack(&[], 10.0, 1.7), (vec![], 0.0, 0.0));
    }
}
