//! Which fold a reduction of a dtype runs.

use num_complex::Complex;
use raskt_core::{Buffer, DType, Result};

use super::args::ArgFold;
use super::fold::{Fold, MonoidFold};
use super::moments::{ComplexMoments, Degree, RealMoments};
use super::monoids::{Count, Extremum, Lattice, Logic, Product, Sum};
use super::spec::{FoldKind, Measure};
use super::sums::CompensatedFold;
use crate::kernels::element::{Boolean, Element, Time, with_element, with_ordered};

/// A fold, where there is one, and room for its accumulators.
type Made = Result<Option<Box<dyn Fold>>>;

/// A fold into `n` accumulators.
pub(super) fn fold(kind: FoldKind, dtype: &DType, n: usize) -> Made {
    let skip = kind.skips_nan;
    match kind.measure {
        Measure::Sum if skip => sum::<true>(dtype, n),
        Measure::Sum => sum::<false>(dtype, n),
        Measure::Prod if skip => product::<true>(dtype, n),
        Measure::Prod => product::<false>(dtype, n),
        Measure::Min => with_ordered!(dtype, T => extremum::<T, false>(n, skip), else Ok(None)),
        Measure::Max => with_ordered!(dtype, T => extremum::<T, true>(n, skip), else Ok(None)),
        Measure::ArgMin => with_ordered!(dtype, T => arg::<T, false>(n, skip), else Ok(None)),
        Measure::ArgMax => with_ordered!(dtype, T => arg::<T, true>(n, skip), else Ok(None)),
        Measure::Any => with_element!(dtype, T => made(MonoidFold::<Logic<T, false>>::new(n)), else Ok(None)),
        Measure::All => with_element!(dtype, T => made(MonoidFold::<Logic<T, true>>::new(n)), else Ok(None)),
        Measure::CountNonzero => {
            with_element!(dtype, T => made(MonoidFold::<Count<T>>::new(n)), else Ok(None))
        }
        Measure::Mean => moments(dtype, n, Degree::Mean, skip),
        Measure::Var | Measure::Std => moments(dtype, n, Degree::Variance, skip),
    }
}

fn made(fold: Result<impl Fold + 'static>) -> Made {
    Ok(Some(Box::new(fold?)))
}

fn extremum<T: Lattice, const MAX: bool>(n: usize, skip: bool) -> Made {
    match skip {
        true => made(MonoidFold::<Extremum<T, MAX, true>>::new(n)),
        false => made(MonoidFold::<Extremum<T, MAX, false>>::new(n)),
    }
}

fn arg<T: Lattice, const MAX: bool>(n: usize, skip: bool) -> Made {
    match skip {
        true => made(ArgFold::<T, MAX, true>::new(n)),
        false => made(ArgFold::<T, MAX, false>::new(n)),
    }
}

fn sum<const SKIP: bool>(dtype: &DType, n: usize) -> Made {
    match dtype {
        DType::Bool => made(MonoidFold::<Count<Boolean>>::new(n)),
        DType::Int8 => made(MonoidFold::<Sum<i8, i64, false>>::new(n)),
        DType::Int16 => made(MonoidFold::<Sum<i16, i64, false>>::new(n)),
        DType::Int32 => made(MonoidFold::<Sum<i32, i64, false>>::new(n)),
        DType::Int64 => made(MonoidFold::<Sum<i64, i64, false>>::new(n)),
        DType::UInt8 => made(MonoidFold::<Sum<u8, u64, false>>::new(n)),
        DType::UInt16 => made(MonoidFold::<Sum<u16, u64, false>>::new(n)),
        DType::UInt32 => made(MonoidFold::<Sum<u32, u64, false>>::new(n)),
        DType::UInt64 => made(MonoidFold::<Sum<u64, u64, false>>::new(n)),
        DType::Float32 => made(MonoidFold::<Sum<f32, f64, SKIP>>::new(n)),
        DType::Float64 => made(CompensatedFold::<f64, SKIP>::new(n)),
        DType::Complex64 => made(MonoidFold::<Sum<Complex<f32>, Complex<f64>, SKIP>>::new(n)),
        DType::Complex128 => made(CompensatedFold::<Complex<f64>, SKIP>::new(n)),
        DType::Timedelta(_) => made(MonoidFold::<Sum<Time, Time, SKIP>>::new(n)),
        _ => Ok(None),
    }
}

fn product<const SKIP: bool>(dtype: &DType, n: usize) -> Made {
    match dtype {
        DType::Bool => made(MonoidFold::<Product<Boolean, i64, false>>::new(n)),
        DType::Int8 => made(MonoidFold::<Product<i8, i64, false>>::new(n)),
        DType::Int16 => made(MonoidFold::<Product<i16, i64, false>>::new(n)),
        DType::Int32 => made(MonoidFold::<Product<i32, i64, false>>::new(n)),
        DType::Int64 => made(MonoidFold::<Product<i64, i64, false>>::new(n)),
        DType::UInt8 => made(MonoidFold::<Product<u8, u64, false>>::new(n)),
        DType::UInt16 => made(MonoidFold::<Product<u16, u64, false>>::new(n)),
        DType::UInt32 => made(MonoidFold::<Product<u32, u64, false>>::new(n)),
        DType::UInt64 => made(MonoidFold::<Product<u64, u64, false>>::new(n)),
        DType::Float32 => made(MonoidFold::<Product<f32, f64, SKIP>>::new(n)),
        DType::Float64 => made(MonoidFold::<Product<f64, f64, SKIP>>::new(n)),
        DType::Complex64 => made(MonoidFold::<Product<Complex<f32>, Complex<f64>, SKIP>>::new(n)),
        DType::Complex128 => made(MonoidFold::<Product<Complex<f64>, Complex<f64>, SKIP>>::new(n)),
        _ => Ok(None),
    }
}

fn moments(dtype: &DType, n: usize, degree: Degree, skip: bool) -> Made {
    fn real<T: Element + crate::kernels::elementwise::casts::Cast<f64> + 'static>(
        n: usize,
        degree: Degree,
        skip: bool,
    ) -> Made {
        made(RealMoments::<T>::new(n, degree, skip))
    }
    match dtype {
        DType::Bool => real::<Boolean>(n, degree, skip),
        DType::Int8 => real::<i8>(n, degree, skip),
        DType::Int16 => real::<i16>(n, degree, skip),
        DType::Int32 => real::<i32>(n, degree, skip),
        DType::Int64 => real::<i64>(n, degree, skip),
        DType::UInt8 => real::<u8>(n, degree, skip),
        DType::UInt16 => real::<u16>(n, degree, skip),
        DType::UInt32 => real::<u32>(n, degree, skip),
        DType::UInt64 => real::<u64>(n, degree, skip),
        DType::Float32 => real::<f32>(n, degree, skip),
        DType::Float64 => real::<f64>(n, degree, skip),
        DType::Complex64 => made(ComplexMoments::<Complex<f32>>::new(n, degree, skip)),
        DType::Complex128 => made(ComplexMoments::<Complex<f64>>::new(n, degree, skip)),
        _ => Ok(None),
    }
}

/// Merges partial arg-reductions: pairs of values and places.
pub(super) fn merge_args(
    kind: FoldKind,
    dtype: &DType,
    parts: &[[&[u8]; 3]],
    n: usize,
) -> Result<Option<Vec<Buffer>>> {
    fn merge<T: Lattice, const MAX: bool>(parts: &[[&[u8]; 3]], n: usize) -> Result<Vec<Buffer>> {
        let mut all = ArgFold::<T, MAX, false>::new(n)?;
        for [values, places, _] in parts {
            all.merge(bytemuck::cast_slice(values), bytemuck::cast_slice(places));
        }
        Box::new(all).finish()
    }
    match kind.measure {
        Measure::ArgMax => with_ordered!(dtype, T => merge::<T, true>(parts, n).map(Some), else Ok(None)),
        Measure::ArgMin => with_ordered!(dtype, T => merge::<T, false>(parts, n).map(Some), else Ok(None)),
        _ => Ok(None),
    }
}
