//! Complex elements: NumPy's results, and the types that they have.

#![allow(clippy::unwrap_used, reason = "a test's helpers may fail it")]

use raskt::array::{Array, ArrayError, Complex, index};

type C = Complex<f64>;

fn values() -> Vec<C> {
    (0..6).map(|n| C::new(f64::from(n), 1.0 - f64::from(n))).collect()
}

fn x() -> Array<C> {
    Array::from_vec(&[2, 3], values(), &[1, 2])
}

#[test]
fn arithmetic_is_that_of_complex_numbers() {
    let i = C::new(0.0, 1.0);
    let found = (i * &(&x() * &x() - C::new(1.0, 0.0)) / C::new(2.0, 0.0)).compute().unwrap();
    let expected: Vec<C> = values().iter().map(|v| i * (v * v - 1.0) / 2.0).collect();
    assert_eq!(found.values(), expected);
    assert_eq!((-&x()).square().compute().unwrap().values(), x().square().compute().unwrap().values());
}

#[test]
fn parts_are_real() {
    let parts: (Vec<f64>, Vec<f64>) = values().iter().map(|v| (v.re, v.im)).unzip();
    assert_eq!(x().re().compute().unwrap().values(), parts.0);
    assert_eq!(x().im().compute().unwrap().values(), parts.1);
    assert_eq!(x().conj().im().sum().value().unwrap(), -parts.1.iter().sum::<f64>());
    assert_eq!(x().abs().slice(&index![0, 0]).value().unwrap(), 1.0);
    assert_eq!(x().arg().slice(&index![0, 0]).value().unwrap(), std::f64::consts::FRAC_PI_2);
}

#[test]
fn sums_and_means_are_complex_and_spreads_are_real() {
    let total: C = values().iter().sum();
    assert_eq!(x().sum().value().unwrap(), total);
    assert_eq!(x().mean_along(&[0]).shape().unwrap(), [3]);
    let mean = total / 6.0;
    let spread = values().iter().map(|v| (v - mean).norm_sqr()).sum::<f64>() / 6.0;
    assert!((x().var().value().unwrap() - spread).abs() < 1e-12);
    assert!((x().std().value().unwrap() - spread.sqrt()).abs() < 1e-12);
    assert_eq!(x().max().value().unwrap(), C::new(5.0, -4.0));
}

#[test]
fn products_of_matrices_are_sums_of_products() {
    let found = x().matmul(&x().conj().t()).compute().unwrap();
    let row: C = values()[..3].iter().map(|v| v * v.conj()).sum();
    assert_eq!(found.shape(), [2, 2]);
    assert_eq!(found.at(&[0, 0]), Some(row));
}

#[test]
fn casts_go_between_widths_and_from_real_numbers() {
    let narrow = x().cast::<Complex<f32>>().compute().unwrap();
    assert_eq!(narrow.values()[5], Complex::new(5.0_f32, -4.0));
    let real = Array::<i32>::arange(0, 2, 1, &[1]).cast::<C>();
    assert_eq!(real.compute().unwrap().values(), [C::new(0.0, 0.0), C::new(1.0, 0.0)]);
    let nan = Array::from_vec(&[1], vec![C::new(0.0, f64::NAN)], &[1]);
    assert_eq!(nan.is_nan().compute().unwrap().values(), [true]);
}

#[test]
fn a_nan_in_one_part_is_the_largest_and_the_smallest() {
    for lone in [C::new(f64::NEG_INFINITY, f64::NAN), C::new(f64::NAN, 1.0), C::new(9.0, f64::NAN)] {
        for blocks in [1, 3] {
            let x = Array::from_vec(&[3], vec![C::new(0.0, 0.0), lone, C::new(2.0, 0.0)], &[blocks]);
            for found in [x.max(), x.min()] {
                assert!(found.value().unwrap().is_nan());
            }
            assert_eq!(x.argmax(None).value().unwrap(), 1);
            assert_eq!(x.argmin(None).value().unwrap(), 1);
        }
    }
}

#[test]
fn what_cannot_be_says_so() {
    let wrong = &x() + &Array::from_vec(&[2], vec![C::new(0.0, 0.0); 2], &[2]);
    assert!(matches!(wrong.compute().unwrap_err(), ArrayError::Broadcast { .. }));
}
