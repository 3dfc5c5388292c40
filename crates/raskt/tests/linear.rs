//! Linear algebra: products of the factors are the matrix, whatever the chunks, the shape and the dtype.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test's helpers may fail it")]

use raskt::array::{Array, Complex, Fraction, Random, Triangle, index};

const SHAPES: [[u64; 2]; 6] = [[9, 9], [13, 4], [4, 13], [11, 8], [1, 1], [6, 1]];
const CHUNKS: [[u64; 2]; 6] = [[3, 3], [4, 20], [20, 4], [1, 20], [2, 5], [20, 20]];

fn normal(seed: u64, shape: [u64; 2]) -> Array<f64> {
    Random::new(seed).normal(0.0, 5.0, &shape, &shape)
}

fn complex(seed: u64, shape: [u64; 2]) -> Array<Complex<f64>> {
    let parts = |seed| normal(seed, shape).compute().unwrap().into_values();
    let elements = parts(seed).into_iter().zip(parts(seed + 1)).map(|(re, im)| Complex::new(re, im));
    Array::from_vec(&shape, elements.collect(), &shape)
}

fn largest(x: &Array<f64>) -> f64 {
    x.abs().max().value().unwrap()
}

fn largest_complex(x: &Array<Complex<f64>>) -> f64 {
    x.abs().max().value().unwrap()
}

fn adjoint<T: Fraction>(x: &Array<T>) -> Array<T> {
    x.t()
}

fn hilbert(n: u64, chunks: &[u64]) -> Array<f64> {
    let elements = (0..n * n).map(|at| 1.0 / (1 + at / n + at % n) as f64).collect();
    Array::from_vec(&[n, n], elements, chunks)
}

#[test]
fn q_is_orthonormal_and_r_a_triangle_whatever_the_chunks() {
    for shape in SHAPES {
        for chunks in CHUNKS {
            let x = normal(1, shape).rechunk(&chunks);
            let (q, r) = x.qr();
            let k = shape[0].min(shape[1]);
            assert_eq!((q.shape().unwrap(), r.shape().unwrap()), (vec![shape[0], k], vec![k, shape[1]]));
            assert!(largest(&(q.matmul(&r) - &x)) < 1e-13 * 20.0, "{shape:?} in {chunks:?}");
            assert!(largest(&(q.t().matmul(&q) - &Array::eye(k, 0, &[k, k]))) < 1e-14 * 5.0);
            let below = r.compute().unwrap();
            let is_zero = |i: u64, j: u64| below.at(&[i, j]) == Some(0.0);
            assert!((0..k).all(|i| (0..i.min(shape[1])).all(|j| is_zero(i, j))), "{below:?}");
        }
    }
}

#[test]
fn q_is_orthonormal_though_the_matrix_is_singular() {
    for chunks in [[3, 3], [4, 12], [12, 4]] {
        for x in [Array::ones(&[12, 12], &chunks), hilbert(12, &chunks), Array::zeros(&[12, 12], &chunks)] {
            let (q, r) = x.qr();
            assert!(largest(&(q.t().matmul(&q) - &Array::eye(12, 0, &[12, 12]))) < 1e-14);
            assert!(largest(&(q.matmul(&r) - &x)) < 1e-14);
        }
    }
}

#[test]
fn singular_vectors_and_values_make_the_matrix() {
    for shape in SHAPES {
        for chunks in CHUNKS {
            let x = normal(2, shape).rechunk(&chunks);
            let (u, s, v) = x.svd();
            assert!(largest(&((&u * &s).matmul(&v) - &x)) < 1e-12, "{shape:?} in {chunks:?}");
            let (values, alone) = (s.compute().unwrap(), x.singular_values().compute().unwrap());
            assert!(values.values().is_sorted_by(|a, b| a >= b));
            let differ = values.values().iter().zip(alone.values()).map(|(a, b)| (a - b).abs());
            assert!(values.shape() == alone.shape() && differ.fold(0.0, f64::max) < 1e-12);
        }
    }
    // Of an ill-conditioned matrix, values are right to the precision of the largest one.
    let expected = hilbert(14, &[14, 14]).singular_values().compute().unwrap();
    for chunks in CHUNKS {
        let found = hilbert(14, &chunks).singular_values().compute().unwrap();
        let differ = found.values().iter().zip(expected.values()).map(|(a, b)| (a - b).abs());
        assert!(differ.fold(0.0, f64::max) < 1e-15 * 14.0);
    }
}

#[test]
fn triangles_and_equations() {
    for chunks in CHUNKS {
        let a = normal(3, [9, 9]).rechunk(&chunks);
        let b = normal(4, [9, 3]).rechunk(&[4, 2]);
        let (p, l, u) = a.lu();
        assert!(largest(&(p.matmul(&l).matmul(&u) - &a)) < 1e-13);
        assert!(largest(&l) <= 1.0, "pivots are the largest");
        assert!(largest(&(a.matmul(&a.solve(&b)) - &b)) < 1e-11);
        assert!(largest(&(a.matmul(&a.inv()) - &Array::eye(9, 0, &[9, 9]))) < 1e-11);
        let definite = a.matmul(&a.t()) + &Array::eye(9, 0, &[9, 9]);
        let l = definite.cholesky();
        assert!(largest(&(l.matmul(&l.t()) - &definite)) < 1e-11);
        for (triangle, own) in [(Triangle::Lower, l.clone()), (Triangle::Upper, l.t())] {
            assert!(largest(&(own.matmul(&own.solve_triangular(&b, triangle)) - &b)) < 1e-10);
        }
        let (values, vectors) = definite.rechunk(&chunks).eigh();
        assert!(largest(&((&vectors * &values).matmul(&vectors.t()) - &definite)) < 1e-11);
        // The determinant is the product of the eigenvalues.
        let (det, product) = (definite.det().value().unwrap(), values.prod().value().unwrap());
        assert!((det / product - 1.0).abs() < 1e-10, "{det} {product}");
    }
    let swapped = Array::from_vec(&[2, 2], vec![0.0, 2.0, 3.0, 0.0], &[1, 1]);
    assert_eq!(swapped.det().value().unwrap(), -6.0);
    // Of more columns than are eliminated at once, singular, tall and wide.
    let low = normal(5, [150, 3]).matmul(&normal(6, [3, 150]));
    for a in [
        normal(5, [200, 200]),
        low,
        normal(5, [150, 70]),
        normal(5, [70, 150]),
        Array::ones(&[5, 5], &[2, 2]),
    ] {
        let (p, l, u) = a.lu();
        assert!(largest(&(p.matmul(&l).matmul(&u) - &a)) < 1e-11);
    }
    let a = normal(9, [150, 150]);
    assert!(largest(&(a.matmul(&a.solve(&normal(4, [150, 2]))) - &normal(4, [150, 2]))) < 1e-8);
    // Backward stable: what is left of the equations is rounding, however wrong the digits of the solution.
    let b = hilbert(10, &[4, 4]).matmul(&Array::ones(&[10, 1], &[10, 1]));
    let x = hilbert(10, &[3, 10]).solve(&b);
    assert!(largest(&(hilbert(10, &[10, 10]).matmul(&x) - &b)) < 1e-14);
}

#[test]
fn least_squares_solutions_are_the_shortest() {
    for (shape, chunks) in [([13, 4], [3, 2]), ([4, 13], [2, 5]), ([9, 9], [4, 4])] {
        let a = normal(6, shape);
        // Of rank 3: the last columns repeat the first.
        let a = raskt::array::concatenate(&[a.slice(&index![.., ..3]), a.slice(&index![.., ..1])], 1)
            .rechunk(&chunks);
        let b = normal(7, [shape[0], 2]);
        let x = a.lstsq(&b);
        // What is left is orthogonal to the columns, and the solution has no part that the matrix takes to zero.
        assert!(largest(&a.t().matmul(&(a.matmul(&x) - &b))) < 1e-11);
        let x = x.compute().unwrap();
        assert!((0..2).all(|j| (x.at(&[0, j]).unwrap() - x.at(&[3, j]).unwrap()).abs() < 1e-12));
    }
}

#[test]
fn complex_and_single_elements() {
    let a = complex(8, [9, 9]).rechunk(&[4, 4]);
    let (q, r) = a.qr();
    assert!(largest_complex(&(q.matmul(&r) - &a)) < 1e-13 * 20.0);
    let identity = Array::eye(9, 0, &[9, 9]);
    assert!(largest_complex(&(adjoint(&q).conj().matmul(&q) - &identity)) < 1e-13);
    let (u, s, v) = a.svd();
    let scaled = &u * &s.cast::<Complex<f64>>();
    assert!(largest_complex(&(scaled.matmul(&v) - &a)) < 1e-12);
    assert!(largest_complex(&(a.matmul(&a.inv()) - &identity)) < 1e-11);
    let definite = a.matmul(&adjoint(&a).conj()) + &identity;
    let l = definite.cholesky();
    assert!(largest_complex(&(l.matmul(&adjoint(&l).conj()) - &definite)) < 1e-11);
    let (values, vectors) = definite.eigh();
    let back = (&vectors * &values.cast::<Complex<f64>>()).matmul(&adjoint(&vectors).conj());
    assert!(largest_complex(&(back - &definite)) < 1e-10);
    let single = normal(9, [8, 8]).cast::<f32>().rechunk(&[3, 3]);
    let (q, r) = single.qr();
    assert!((q.matmul(&r) - &single).abs().max().value().unwrap() < 1e-4);
    assert!((single.matmul(&single.inv()) - &Array::eye(8, 0, &[8, 8])).abs().max().value().unwrap() < 1e-3);
}

#[test]
fn empty_matrices_have_empty_factors() {
    for (m, n) in [(0, 3), (3, 0), (0, 0)] {
        let x = Array::<f64>::zeros(&[m, n], &[2, 2]);
        let (q, r) = x.qr();
        assert_eq!((q.compute().unwrap().shape(), r.compute().unwrap().shape()), (&[m, 0][..], &[0, n][..]));
        let (u, s, v) = x.svd();
        assert_eq!((u.compute().unwrap().shape(), v.compute().unwrap().shape()), (&[m, 0][..], &[0, n][..]));
        assert_eq!(s.compute().unwrap().shape(), [0]);
        let (p, l, u) = x.lu();
        assert_eq!(p.matmul(&l).matmul(&u).compute().unwrap().shape(), [m, n]);
    }
    let none = Array::<f64>::zeros(&[0, 0], &[1, 1]);
    assert_eq!(none.det().value().unwrap(), 1.0);
    assert_eq!(none.eigh().0.compute().unwrap().shape(), [0]);
}

#[test]
fn what_cannot_be_says_so() {
    let told = |x: Array<f64>| x.compute().unwrap_err().to_string();
    let (square, wide) = (Array::ones(&[4, 4], &[2, 2]), Array::ones(&[3, 4], &[2, 2]));
    for x in [wide.inv(), wide.det(), wide.cholesky(), wide.solve(&square), wide.eigh().1] {
        assert!(told(x).contains("must be square"));
    }
    assert!(told(square.slice(&index![0]).qr().0).contains("1-dimensional"));
    assert!(told(square.solve(&wide)).contains("[3, 4]"));
    assert!(told(square.lstsq(&wide)).contains("Incompatible dimensions"));
    assert!(told(square.inv()).contains("Singular matrix"));
    assert!(told((-&square).cholesky()).contains("not positive definite"));
    let zeros = Array::zeros(&[4, 4], &[2, 2]);
    assert!(told(zeros.solve_triangular(&square, Triangle::Lower)).contains("its row 0"));
    assert_eq!(square.det().value().unwrap(), 0.0);
    let bad = Array::full(&[4, 4], f64::NAN, &[2, 2]);
    for x in [bad.svd().0, bad.eigh().1, bad.lstsq(&square)] {
        assert!(told(x).contains("infs or NaNs"));
    }
}
