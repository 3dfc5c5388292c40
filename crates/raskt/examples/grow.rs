//! Integrates a function adaptively: an interval that is too coarse becomes a graph of two halves while the program
//! runs.
//!
//!     cargo run -p raskt --example grow

use raskt::{Graph, Grown, Result};

const TOLERANCE: f64 = 1e-9;

fn height(x: f64) -> f64 {
    (-x * x).exp()
}

/// Simpson's rule.
fn simpson(from: f64, to: f64) -> f64 {
    (to - from) / 6.0 * (height(from) + 4.0 * height(f64::midpoint(from, to)) + height(to))
}

/// The area between `from` and `to`, or the graph that finds it.
fn area(from: f64, to: f64, tolerance: f64) -> Grown<f64> {
    let middle = f64::midpoint(from, to);
    let (whole, halves) = (simpson(from, to), simpson(from, middle) + simpson(middle, to));
    let mut graph = Graph::new();
    let sum = if (whole - halves).abs() < 15.0 * tolerance {
        graph.value(halves + (halves - whole) / 15.0)
    } else {
        let left = graph.task("area", (), move || area(from, middle, tolerance / 2.0));
        let right = graph.task("area", (), move || area(middle, to, tolerance / 2.0));
        graph.task("add", (left, right), |left: f64, right: f64| left + right)
    };
    graph.grown(sum)
}

fn integral() -> Result<f64> {
    let mut graph = Graph::new();
    let all = graph.task("area", (), || area(-8.0, 8.0, TOLERANCE));
    graph.compute(all)
}

fn main() -> Result<()> {
    println!("{:.9} (the square root of pi is {:.9})", integral()?, std::f64::consts::PI.sqrt());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_area_under_the_bell_is_the_square_root_of_pi() {
        assert!((integral().unwrap() - std::f64::consts::PI.sqrt()).abs() < 10.0 * TOLERANCE);
    }
}
