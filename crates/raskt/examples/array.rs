//! Standardises columns of a table of random numbers, and finds which of them go together: sums in one pass each, a
//! product of matrices, slices, all on chunks, without Python.
//!
//!     cargo run --release -p raskt --example array

use raskt::array::{Array, Built, Random, index, stack};

const ROWS: u64 = 20_000;

/// Columns of a table: noise, a line in it, and what they give together.
fn table() -> Array<f64> {
    let mut random = Random::new(7);
    let mut noise = || random.normal(0.0, 1.0, &[ROWS], &[4_096]);
    let (a, b) = (noise(), noise());
    let mixed = &a * 3.0 + &b * 4.0 + 10.0;
    stack(&[a, b, mixed], 1).rechunk(&[4_096, 3])
}

/// How each pair of columns goes together, from -1 to 1.
fn correlations(table: &Array<f64>) -> Array<f64> {
    let centred = table - table.mean_along(&[0]);
    let standard = &centred / table.std_along(&[0]);
    standard.t().matmul(&standard) / ROWS as f64
}

fn main() -> Built<()> {
    let table = table();
    let found = correlations(&table).compute()?;
    println!("first rows: {:.2?}", table.slice(&index![..2, ..]).compute()?.values());
    for row in found.values().chunks(3) {
        println!("{row:+.3?}");
    }
    let high = table.slice(&index![.., 2]).greater(20.0);
    println!("{:.2} % of the third column are over 20", high.mean().value()? * 100.0);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mixture_goes_with_its_parts_by_their_weights() -> Built<()> {
        let found = correlations(&table()).compute()?;
        assert_eq!(found.shape(), [3, 3]);
        for (index, expected) in [([0, 0], 1.0), ([0, 1], 0.0), ([0, 2], 0.6), ([1, 2], 0.8)] {
            let value = found.at(&index).unwrap_or(f64::NAN);
            assert!((value - expected).abs() < 0.02, "{index:?}: {value}");
        }
        Ok(())
    }

    #[test]
    fn shares_are_means_of_truth_values() -> Built<()> {
        let share = table().slice(&index![.., 2]).greater(10.0).mean().value()?;
        assert!((share - 0.5).abs() < 0.02, "{share}");
        Ok(())
    }
}
