//! Streams of random numbers: NumPy's words, the same numbers for any chunks, and the moments that they should have.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test's helpers may fail it")]

use raskt_array::kernels::call;
use raskt_array::random::{Distribution, SeedSequence};
use raskt_core::{DType, NdArray, Param, Value};

fn ints(items: &[i64]) -> Param {
    Param::List(items.iter().map(|&n| Param::Int(n)).collect())
}

fn parameters(name: &str, params: &[Param], dtype: &str, size: &[i64], ranges: &[(i64, i64)]) -> Param {
    let ranges = ranges.iter().map(|&(a, b)| ints(&[a, b])).collect();
    Param::map([
        ("distribution", Param::Str(name.into())),
        ("key", ints(&[7, 9])),
        ("dtype", Param::Str(dtype.into())),
        ("size", ints(size)),
        ("params", Param::List(params.to_vec().into())),
        ("own", Param::map([("ranges", Param::List(ranges))])),
    ])
}

/// The block of an array of `size` that has the elements of `ranges`.
fn block(name: &str, params: &[Param], dtype: &str, size: &[i64], ranges: &[(i64, i64)]) -> NdArray {
    let parameters = parameters(name, params, dtype, size, ranges);
    match call("array.random", &parameters, vec![]).unwrap() {
        Value::Array(array) => (*array).clone(),
        other => panic!("{other:?}"),
    }
}

fn numbers(name: &str, params: &[f64], n: i64) -> Vec<f64> {
    let params: Vec<Param> = params.iter().map(|&p| Param::Float(p)).collect();
    block(name, &params, "float64", &[n], &[(0, n)]).to_f64().unwrap()
}

#[test]
fn uniform_numbers_are_those_of_numpys_philox() {
    // numpy.random.Generator(numpy.random.Philox(key=[7, 9])).random(6)
    let expected = [
        0.3545624228779064,
        0.02177503878672471,
        0.9417040841766715,
        0.929178737583252,
        0.9219985833507306,
        0.15336315643727938,
    ];
    assert_eq!(numbers("random", &[], 6), expected);
}

#[test]
fn seeds_give_numpys_keys() {
    let seed = SeedSequence::new(42);
    assert_eq!(seed.spawned(3).key(), [3_747_978_530_954_135_749, 17_115_914_669_744_299_990]);
}

/// Parameters that send each method through all its branches.
fn telling_parameters(distribution: Distribution) -> Vec<Vec<f64>> {
    use Distribution as D;
    match distribution {
        D::Random | D::StandardNormal | D::StandardExponential | D::StandardCauchy => vec![vec![]],
        D::Uniform | D::Normal | D::Laplace | D::Logistic | D::Gumbel => vec![vec![1.0, 3.0]],
        D::Lognormal => vec![vec![0.5, 0.4]],
        D::Exponential | D::Rayleigh => vec![vec![2.0]],
        D::StandardGamma => vec![vec![0.3], vec![1.0], vec![4.5]],
        D::Gamma => vec![vec![0.4, 2.0], vec![3.0, 0.5]],
        D::Beta => vec![vec![0.5, 0.6], vec![3.0, 2.0]],
        D::Chisquare => vec![vec![3.0]],
        D::StandardT => vec![vec![9.0]],
        D::NoncentralChisquare => vec![vec![0.7, 3.0], vec![4.0, 2.0]],
        D::F => vec![vec![4.0, 14.0]],
        D::NoncentralF => vec![vec![4.0, 14.0, 2.0]],
        D::Pareto => vec![vec![7.0]],
        D::Weibull | D::Power => vec![vec![2.5]],
        D::Triangular => vec![vec![-1.0, 0.5, 2.0]],
        D::Wald => vec![vec![2.0, 6.0]],
        D::Vonmises => vec![vec![0.5, 3.0]],
        D::Poisson => vec![vec![0.7], vec![45.0]],
        D::Binomial => vec![vec![12.0, 0.2], vec![200.0, 0.4], vec![90.0, 0.8], vec![20.0, 0.9]],
        D::NegativeBinomial => vec![vec![6.0, 0.4], vec![30.0, 0.3]],
        D::Geometric => vec![vec![0.1], vec![0.7]],
        D::Hypergeometric => vec![
            vec![15.0, 20.0, 8.0],
            vec![20.0, 15.0, 30.0],
            vec![60.0, 90.0, 40.0],
            vec![90.0, 30.0, 100.0],
            vec![3000.0, 2000.0, 1500.0],
        ],
        D::Logseries => vec![vec![0.7]],
        D::Zipf => vec![vec![6.0]],
    }
}

/// Mean and variance, from textbooks.
fn moments(distribution: Distribution, p: &[f64]) -> Option<(f64, f64)> {
    use Distribution as D;
    use std::f64::consts::PI;
    const EULER: f64 = 0.577_215_664_901_532_9;
    Some(match distribution {
        D::Random => (0.5, 1.0 / 12.0),
        D::Uniform => ((p[0] + p[1]) / 2.0, (p[1] - p[0]).powi(2) / 12.0),
        D::StandardNormal => (0.0, 1.0),
        D::Normal => (p[0], p[1] * p[1]),
        D::StandardExponential => (1.0, 1.0),
        D::Exponential => (p[0], p[0] * p[0]),
        D::StandardGamma => (p[0], p[0]),
        D::Gamma => (p[0] * p[1], p[0] * p[1] * p[1]),
        D::Beta => (p[0] / (p[0] + p[1]), p[0] * p[1] / ((p[0] + p[1]).powi(2) * (p[0] + p[1] + 1.0))),
        D::Chisquare => (p[0], 2.0 * p[0]),
        D::NoncentralChisquare => (p[0] + p[1], 2.0 * (p[0] + 2.0 * p[1])),
        D::F => {
            let (m, n) = (p[0], p[1]);
            (n / (n - 2.0), 2.0 * n * n * (m + n - 2.0) / (m * (n - 2.0).powi(2) * (n - 4.0)))
        }
        D::NoncentralF => {
            let (m, n, l) = (p[0], p[1], p[2]);
            let mean = n * (m + l) / (m * (n - 2.0));
            let variance =
                2.0 * ((m + l).powi(2) + (m + 2.0 * l) * (n - 2.0)) / ((n - 2.0).powi(2) * (n - 4.0));
            (mean, variance * (n / m).powi(2))
        }
        D::StandardT => (0.0, p[0] / (p[0] - 2.0)),
        D::Laplace => (p[0], 2.0 * p[1] * p[1]),
        D::Logistic => (p[0], (p[1] * PI).powi(2) / 3.0),
        D::Gumbel => (p[0] + EULER * p[1], (PI * p[1]).powi(2) / 6.0),
        D::Lognormal => {
            let square = p[1] * p[1];
            ((p[0] + square / 2.0).exp(), square.exp_m1() * (2.0 * p[0] + square).exp())
        }
        D::Rayleigh => (p[0] * (PI / 2.0).sqrt(), (2.0 - PI / 2.0) * p[0] * p[0]),
        D::Pareto => (1.0 / (p[0] - 1.0), p[0] / ((p[0] - 1.0).powi(2) * (p[0] - 2.0))),
        D::Power => (p[0] / (p[0] + 1.0), p[0] / ((p[0] + 1.0).powi(2) * (p[0] + 2.0))),
        D::Triangular => {
            let [a, c, b] = [p[0], p[1], p[2]];
            ((a + b + c) / 3.0, (a * a + b * b + c * c - a * b - a * c - b * c) / 18.0)
        }
        D::Wald => (p[0], p[0].powi(3) / p[1]),
        D::Poisson => (p[0], p[0]),
        D::Binomial => (p[0] * p[1], p[0] * p[1] * (1.0 - p[1])),
        D::NegativeBinomial => (p[0] * (1.0 - p[1]) / p[1], p[0] * (1.0 - p[1]) / (p[1] * p[1])),
        D::Geometric => (1.0 / p[0], (1.0 - p[0]) / (p[0] * p[0])),
        D::Hypergeometric => {
            let (all, share) = (p[0] + p[1], p[0] / (p[0] + p[1]));
            (p[2] * share, p[2] * share * (1.0 - share) * (all - p[2]) / (all - 1.0))
        }
        D::Logseries => {
            let log = (1.0 - p[0]).ln();
            let mean = -p[0] / (log * (1.0 - p[0]));
            (mean, -p[0] * (p[0] + log) / ((1.0 - p[0]).powi(2) * log * log))
        }
        D::Zipf => (1.036_927_755_143_37 / 1.017_343_061_984_449, 0.027_3),
        D::Weibull | D::Vonmises | D::StandardCauchy => return None,
    })
}

#[test]
fn numbers_have_the_moments_of_their_distributions() {
    let n = 100_000;
    for &distribution in Distribution::ALL {
        for p in telling_parameters(distribution) {
            let drawn = numbers(distribution.name(), &p, n);
            assert!(drawn.iter().all(|x| x.is_finite()), "{}", distribution.name());
            let Some((mean, variance)) = moments(distribution, &p) else { continue };
            let found = drawn.iter().sum::<f64>() / n as f64;
            let spread = drawn.iter().map(|x| (x - found).powi(2)).sum::<f64>() / n as f64;
            let error = 5.0 * (variance / n as f64).sqrt();
            assert!((found - mean).abs() < error, "{} {p:?}: mean {found}, not {mean}", distribution.name());
            assert!(
                (spread / variance - 1.0).abs() < 0.15,
                "{} {p:?}: variance {spread}, not {variance}",
                distribution.name()
            );
        }
    }
}

#[test]
fn normal_numbers_follow_their_distribution_into_the_tail() {
    let n = 400_000;
    let drawn = numbers("standard_normal", &[], n);
    for (limit, share) in
        [(-1.0, 0.158_655_25), (0.0, 0.5), (0.5, 0.691_462_46), (2.0, 0.977_249_87), (3.7, 0.999_892_2)]
    {
        let below = drawn.iter().filter(|&&x| x < limit).count() as f64 / n as f64;
        let error = 5.0 * (share * (1.0 - share) / n as f64).sqrt();
        assert!((below - share).abs() < error, "{below} of the numbers are below {limit}, not {share}");
    }
}

#[test]
fn numbers_do_not_depend_on_chunks() {
    let size = [13, 11];
    for &distribution in Distribution::ALL {
        for p in telling_parameters(distribution) {
            let params: Vec<Param> = p.iter().map(|&p| Param::Float(p)).collect();
            let draw = |ranges: [(i64, i64); 2]| {
                block(distribution.name(), &params, "float64", &size, &ranges).to_f64().unwrap()
            };
            let whole = draw([(0, 13), (0, 11)]);
            for rows in [(0, 5), (5, 6), (6, 13)] {
                for cols in [(0, 3), (3, 10), (10, 11)] {
                    let part = draw([rows, cols]);
                    let expected =
                        (rows.0..rows.1).flat_map(|r| (cols.0..cols.1).map(move |c| (r * 11 + c) as usize));
                    let expected: Vec<f64> = expected.map(|at| whole[at]).collect();
                    assert_eq!(part, expected, "{}", distribution.name());
                }
            }
        }
    }
}

#[test]
fn parameters_of_each_element_give_what_the_same_parameters_give() {
    let n = 300;
    for &distribution in Distribution::ALL {
        for p in telling_parameters(distribution) {
            let each = vec![Param::Null; p.len()];
            let arrays = p.iter().map(|&p| NdArray::from_f64(&[n as u64], &vec![p; n]).unwrap().into());
            let parameters = parameters(distribution.name(), &each, "float64", &[n as i64], &[(0, n as i64)]);
            let found = match call("array.random", &parameters, arrays.collect()).unwrap() {
                Value::Array(array) => array.to_f64().unwrap(),
                other => panic!("{other:?}"),
            };
            assert_eq!(found, numbers(distribution.name(), &p, n as i64), "{} {p:?}", distribution.name());
        }
    }
}

#[test]
fn counts_follow_their_distribution() {
    let n = 200_000;
    let mut drawn = numbers("hypergeometric", &[20.0, 30.0, 15.0], n);
    drawn.sort_by(f64::total_cmp);
    // sum(comb(20, k) * comb(30, 15 - k) for k in range(most + 1)) / comb(50, 15)
    for (most, share) in [(2.0, 0.011_470_41), (5.0, 0.379_818_81), (8.0, 0.941_706_57)] {
        let found = drawn.partition_point(|&k| k <= most) as f64 / n as f64;
        let error = 5.0 * (share * (1.0 - share) / n as f64).sqrt();
        assert!((found - share).abs() < error, "{found} are at most {most}, not {share}");
    }
}

#[test]
fn bounded_integers_reach_both_ends_of_every_dtype() {
    let whole = block("integers", &[Param::Int(-3), Param::Int(4)], "int8", &[1000], &[(0, 1000)]);
    let bytes = whole.contiguous_bytes().unwrap();
    let found: std::collections::BTreeSet<i8> = bytes.iter().map(|&byte| byte as i8).collect();
    assert_eq!(found.into_iter().collect::<Vec<_>>(), [-3, -2, -1, 0, 1, 2, 3]);
    let all = [Param::Int(0), Param::Str("18446744073709551616".into())];
    let whole = block("integers", &all, "uint64", &[4], &[(0, 4)]);
    let raw = block("raw", &[], "uint64", &[4], &[(0, 4)]);
    assert_eq!(whole, raw);
    assert_eq!(*whole.dtype(), DType::UInt64);
}

#[test]
fn multinomial_counts_sum_to_the_number_of_trials_and_shares_to_one() {
    let weights = Param::List([0.2, 0.3, 0.5].map(Param::Float).into());
    let counts = block("multinomial", &[Param::Int(50), weights.clone()], "int64", &[200], &[(10, 60)]);
    assert_eq!(counts.shape(), [50, 3]);
    let words = counts.contiguous_bytes().unwrap().chunks_exact(8);
    let counts: Vec<i64> = words.map(|word| i64::from_le_bytes(word.try_into().unwrap())).collect();
    assert!(counts.chunks_exact(3).all(|row| row.iter().sum::<i64>() == 50 && row.iter().all(|&n| n >= 0)));
    let shares = block("dirichlet", &[weights], "float64", &[200], &[(10, 60)]).to_f64().unwrap();
    assert!(shares.chunks_exact(3).all(|row| (row.iter().sum::<f64>() - 1.0).abs() < 1e-12));
}

#[test]
fn parameters_out_of_range_are_refused_as_numpy_refuses_them() {
    let wrong = Distribution::Normal.check(1, -1.0).unwrap_err().to_string();
    assert_eq!(wrong, "scale < 0");
    assert!(Distribution::Zipf.check(0, 1.0).is_err());
    assert!(Distribution::Binomial.check(1, f64::NAN).is_err());
    for (name, params, expected) in [
        ("hypergeometric", [1.0, 2.0, 4.0], "ngood + nbad < nsample"),
        ("triangular", [2.0, 1.0, 3.0], "left > mode"),
        ("triangular", [1.0, 4.0, 3.0], "mode > right"),
    ] {
        let params = parameters(name, &params.map(Param::Float), "float64", &[3], &[(0, 3)]);
        let error = call("array.random", &params, vec![]).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}
