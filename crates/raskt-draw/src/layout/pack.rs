//! Components that nothing connects, put beside and below each other.

use super::geometry::Point;

/// Where the top left corner of each rectangle (width, height) goes: rows in the order given, so wide that the whole is
/// about 1.7 times as wide as high. Also the size of the whole.
pub(crate) fn pack(sizes: &[(f64, f64)], gap: f64) -> (Vec<Point>, f64, f64) {
    let area: f64 = sizes.iter().map(|(w, h)| (w + gap) * (h + gap)).sum();
    let widest = sizes.iter().map(|s| s.0).fold(0.0, f64::max);
    let limit = widest.max((area * 1.7).sqrt());
    let mut corners = Vec::with_capacity(sizes.len());
    let (mut x, mut y, mut row_height, mut width) = (0.0_f64, 0.0, 0.0_f64, 0.0_f64);
    for &(w, h) in sizes {
        if x > 0.0 && x + w > limit {
            y += row_height + gap;
            (x, row_height) = (0.0, 0.0);
        }
        corners.push(Point::new(x, y));
        width = width.max(x + w);
        row_height = row_height.max(h);
        x += w + gap;
    }
    (corners, width, y + row_height)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_small_parts_become_a_block_and_not_a_strip() {
        let (corners, width, height) = pack(&[(40.0, 40.0); 400], 10.0);
        assert_eq!(corners.len(), 400);
        assert!(width < 2.5 * height && height < width);
    }

    #[test]
    fn nothing_takes_no_room() {
        assert_eq!(pack(&[], 10.0), (vec![], 0.0, 0.0));
    }
}
