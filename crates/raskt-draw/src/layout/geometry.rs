//! Points and curves.

/// A place in the picture, in pixels from its top left corner.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Point {
    /// Rightwards.
    pub x: f64,
    /// Downwards.
    pub y: f64,
}

impl Point {
    pub(crate) const fn new(x: f64, y: f64) -> Self {
        Self { x, y }
    }
}

/// A piece of a [`Curve`], from where the piece before it ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Segment {
    /// A straight line to a point.
    Line(Point),
    /// A cubic Bézier curve: two control points and the end.
    Cubic(Point, Point, Point),
}

impl Segment {
    pub(crate) const fn end(&self) -> Point {
        match self {
            Self::Line(end) | Self::Cubic(_, _, end) => *end,
        }
    }

    fn map(&self, turn: &impl Fn(Point) -> Point) -> Self {
        match self {
            Self::Line(end) => Self::Line(turn(*end)),
            Self::Cubic(a, b, end) => Self::Cubic(turn(*a), turn(*b), turn(*end)),
        }
    }
}

/// A path of lines and Bézier curves.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Curve {
    /// Where it starts.
    pub start: Point,
    /// Its pieces in order.
    pub segments: Vec<Segment>,
}

impl Curve {
    pub(crate) fn end(&self) -> Point {
        self.segments.last().map_or(self.start, Segment::end)
    }

    /// A straight line, joined with the segment before it where both run down the same column.
    pub(crate) fn line_to(&mut self, to: Point) {
        let from = self.end();
        if from == to {
            return;
        }
        let before = self.segments.len().checked_sub(2).map_or(self.start, |i| self.segments[i].end());
        match self.segments.last_mut() {
            Some(Segment::Line(end)) if end.x == to.x && before.x == to.x => *end = to,
            _ => self.segments.push(Segment::Line(to)),
        }
    }

    /// From column to column, leaving and arriving vertically; straight where both are the same column.
    pub(crate) fn sweep_to(&mut self, to: Point) {
        let from = self.end();
        if (from.x - to.x).abs() < 0.01 {
            return self.line_to(Point::new(from.x, to.y));
        }
        let middle = (from.y + to.y) / 2.0;
        self.segments.push(Segment::Cubic(Point::new(from.x, middle), Point::new(to.x, middle), to));
    }

    pub(crate) fn map(&self, turn: &impl Fn(Point) -> Point) -> Self {
        Self { start: turn(self.start), segments: self.segments.iter().map(|s| s.map(turn)).collect() }
    }

    /// The same path from its end to its start.
    pub(crate) fn reversed(&self) -> Self {
        let mut out = Self { start: self.end(), segments: Vec::with_capacity(self.segments.len()) };
        for index in (0..self.segments.len()).rev() {
            let to = index.checked_sub(1).map_or(self.start, |before| self.segments[before].end());
            out.segments.push(match self.segments[index] {
                Segment::Line(_) => Segment::Line(to),
                Segment::Cubic(a, b, _) => Segment::Cubic(b, a, to),
            });
        }
        out
    }

    /// The middle of the middle segment, where a caption goes.
    pub(crate) fn middle(&self) -> Point {
        let index = self.segments.len() / 2;
        let Some(segment) = self.segments.get(index) else { return self.start };
        let from = index.checked_sub(1).map_or(self.start, |before| self.segments[before].end());
        let (a, b, to) = match *segment {
            Segment::Line(to) => (from, to, to),
            Segment::Cubic(a, b, to) => (a, b, to),
        };
        match segment {
            Segment::Line(_) => Point::new((from.x + to.x) / 2.0, (from.y + to.y) / 2.0),
            Segment::Cubic(..) => Point::new(
                (from.x + 3.0 * a.x + 3.0 * b.x + to.x) / 8.0,
                (from.y + 3.0 * a.y + 3.0 * b.y + to.y) / 8.0,
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reversing_twice_gives_the_same_curve() {
        let mut curve = Curve { start: Point::new(0.0, 0.0), segments: Vec::new() };
        curve.sweep_to(Point::new(10.0, 20.0));
        curve.line_to(Point::new(10.0, 40.0));
        curve.sweep_to(Point::new(-5.0, 60.0));
        assert_eq!(curve.reversed().start, Point::new(-5.0, 60.0));
        assert_eq!(curve.reversed().end(), curve.start);
        assert_eq!(curve.reversed().reversed(), curve);
    }

    #[test]
    fn lines_down_one_column_become_one() {
        let mut curve = Curve { start: Point::new(3.0, 0.0), segments: Vec::new() };
        for y in 1..5 {
            curve.sweep_to(Point::new(3.0, f64::from(y)));
        }
        assert_eq!(curve.segments, [Segment::Line(Point::new(3.0, 4.0))]);
    }
}
