//! The steps that programs are made of, and their loops.

use num_complex::Complex;
use raskt_core::DType;

use super::casts::Casting;
use super::tile::{TileFn, call1, map1, run3};
use super::{complexes, floats, integers, times};
use crate::kernels::element::{Boolean, with_element, with_item};
use crate::types::Ufunc;

/// One step's operation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// A ufunc, in the loop of its operands' dtypes (which have been cast for it).
    Ufunc(Ufunc),
    /// A cast.
    Cast(DType),
    /// The second operand where the first is true, else the third.
    Where,
    /// The real part.
    Real,
    /// The imaginary part.
    Imag,
    /// The angle in the complex plane, in radians.
    Angle,
}

/// How a step runs.
#[derive(Clone, Copy)]
pub(crate) enum Runner {
    /// A loop.
    Tile(TileFn),
    /// A cast.
    Cast(Casting),
}

impl Runner {
    /// Fills a tile.
    pub fn run(self, dst: &mut [u8], args: &[&[u8]]) {
        match self {
            Self::Tile(f) => f(dst, args),
            Self::Cast(casting) => casting.run(dst, args),
        }
    }
}

impl Op {
    /// The name in parameters: NumPy's, or `cast:` and a dtype.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Ufunc(ufunc) => ufunc.name().to_owned(),
            Self::Cast(dtype) => format!("cast:{dtype}"),
            Self::Where => "where".to_owned(),
            Self::Real => "real".to_owned(),
            Self::Imag => "imag".to_owned(),
            Self::Angle => "angle".to_owned(),
        }
    }

    /// The operation with that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "where" => Self::Where,
            "real" => Self::Real,
            "imag" => Self::Imag,
            "angle" => Self::Angle,
            name => match name.strip_prefix("cast:") {
                Some(dtype) => Self::Cast(DType::parse(dtype)?),
                None => Self::Ufunc(Ufunc::parse(name)?),
            },
        })
    }

    /// How many operands it takes.
    #[must_use]
    pub fn arity(&self) -> usize {
        match self {
            Self::Ufunc(ufunc) => ufunc.arity(),
            Self::Where => 3,
            Self::Cast(_) | Self::Real | Self::Imag | Self::Angle => 1,
        }
    }

    /// The loop for operands of these dtypes, and the dtype of what comes out; `None` where there is no native one.
    pub(crate) fn prepare(&self, operands: &[&DType]) -> Option<(Runner, DType)> {
        match (self, operands) {
            (Self::Ufunc(ufunc), operands) => {
                let (tile, output) = ufunc_loop(*ufunc, operands)?;
                Some((Runner::Tile(tile), output))
            }
            (Self::Cast(to), [from]) => Some((Runner::Cast(Casting::new(from, to)?), to.clone())),
            (Self::Where, [DType::Bool, a, b]) if a == b => {
                let item = a.item_bytes()?;
                let tile = with_item!(item, T => select::<T>(), else None)?;
                Some((Runner::Tile(tile), (*a).clone()))
            }
            (Self::Real | Self::Imag | Self::Angle, [dtype]) => {
                let (tile, output) = part(self, dtype)?;
                Some((Runner::Tile(tile), output))
            }
            _ => None,
        }
    }
}

fn select<T: bytemuck::Pod>() -> Option<TileFn> {
    Some(|dst, args| run3(dst, args, |c: Boolean, a: T, b: T| if c.get() { a } else { b }))
}

fn part(op: &Op, dtype: &DType) -> Option<(TileFn, DType)> {
    let tile = match (op, dtype) {
        (Op::Real, DType::Complex64) => map1!(Complex<f32> => f32, |a| a.re),
        (Op::Real, DType::Complex128) => map1!(Complex<f64> => f64, |a| a.re),
        (Op::Imag, DType::Complex64) => map1!(Complex<f32> => f32, |a| a.im),
        (Op::Imag, DType::Complex128) => map1!(Complex<f64> => f64, |a| a.im),
        (Op::Angle, DType::Complex64) => call1!(Complex<f32> => f32, |a| a.im.atan2(a.re)),
        (Op::Angle, DType::Complex128) => call1!(Complex<f64> => f64, |a| a.im.atan2(a.re)),
        (Op::Angle, DType::Float32) => call1!(f32 => f32, |a| 0_f32.atan2(a)),
        (Op::Angle, DType::Float64) => call1!(f64 => f64, |a| 0_f64.atan2(a)),
        (Op::Real, dtype) => with_element!(dtype, T => map1!(T => T, |a| a), else None),
        (Op::Imag, DType::Bool) => map1!(Boolean => Boolean, |_| Boolean(0)),
        (Op::Imag, dtype) => with_element!(dtype, T => map1!(T => T, |_| T::default()), else None),
        _ => None,
    };
    let output = match dtype {
        DType::Complex64 => DType::Float32,
        DType::Complex128 => DType::Float64,
        dtype => dtype.clone(),
    };
    Some((tile?, output))
}

/// The loop of a ufunc whose operands are of these dtypes already.
fn ufunc_loop(ufunc: Ufunc, operands: &[&DType]) -> Option<(TileFn, DType)> {
    let typed: Vec<_> = operands.iter().map(|&dtype| dtype.clone().into()).collect();
    let resolved = ufunc.resolve(&typed)?;
    if resolved.inputs.iter().ne(operands.iter().copied()) {
        return None;
    }
    let tile = match operands {
        [DType::Datetime(_) | DType::Timedelta(_)] => times::lone(ufunc),
        [DType::Timedelta(_), DType::Int64] => times::scaled_by_integer(ufunc),
        [DType::Timedelta(_), DType::Float64] => times::scaled_by_float(ufunc),
        [DType::Int64, DType::Timedelta(_)] => times::scaling(ufunc, false),
        [DType::Float64, DType::Timedelta(_)] => times::scaling(ufunc, true),
        [DType::Datetime(_) | DType::Timedelta(_), _] => times::pairs(ufunc),
        [DType::Int64, DType::UInt64] => integers::mixed(ufunc, true),
        [DType::UInt64, DType::Int64] => integers::mixed(ufunc, false),
        [dtype, ..] => numeric_loop(ufunc, dtype),
        [] => None,
    };
    Some((tile?, resolved.output))
}

fn numeric_loop(ufunc: Ufunc, dtype: &DType) -> Option<TileFn> {
    match dtype {
        DType::Bool => integers::booleans(ufunc),
        DType::Int8 => integers::lookup::<i8>(ufunc),
        DType::Int16 => integers::lookup::<i16>(ufunc),
        DType::Int32 => integers::lookup::<i32>(ufunc),
        DType::Int64 => integers::lookup::<i64>(ufunc),
        DType::UInt8 => integers::lookup::<u8>(ufunc),
        DType::UInt16 => integers::lookup::<u16>(ufunc),
        DType::UInt32 => integers::lookup::<u32>(ufunc),
        DType::UInt64 => integers::lookup::<u64>(ufunc),
        DType::Float32 => floats::lookup::<f32>(ufunc),
        DType::Float64 => floats::lookup::<f64>(ufunc),
        DType::Complex64 => complexes::lookup::<f32>(ufunc),
        DType::Complex128 => complexes::lookup::<f64>(ufunc),
        _ => None,
    }
}
