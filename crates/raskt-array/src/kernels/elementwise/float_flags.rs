//! Which of the processor's status flags of floating-point arithmetic NumPy reports for an element-wise operation.

use std::cell::Cell;

use raskt_core::DType;
use raskt_exec::{FloatErrors, FloatKinds};

use super::op::Op;
use super::program::Program;
use super::times::NAT;
use crate::kernels::float_status::{clear, read};
use crate::types::Ufunc;

const DIVIDE: FloatKinds = FloatKinds::DIVIDE;
const OVERFLOW: FloatKinds = FloatKinds::OVERFLOW;
const UNDERFLOW: FloatKinds = FloatKinds::UNDERFLOW;
const INVALID: FloatKinds = FloatKinds::INVALID;

/// Where the errors of a step are seen.
#[derive(Clone, Copy)]
enum Sign {
    /// Nowhere: NumPy reports none, or the flags also come from what its loop does not compute.
    None,
    /// In these flags.
    Flags(FloatKinds),
    /// In the operands.
    Operands(fn(&[&[u8]]) -> FloatKinds),
}

/// What the steps of a program met, on one thread.
pub(super) struct Watch<'a> {
    errors: &'a FloatErrors,
    program: &'a Program,
    signs: Vec<Sign>,
    found: Vec<Cell<FloatKinds>>,
    /// The flags of all steps, which are looked at together until one is raised.
    all: FloatKinds,
    is_close: Cell<bool>,
}

impl<'a> Watch<'a> {
    /// Has the steps of `program` watched, if one of them can meet what is asked for.
    pub fn over(program: &'a Program, errors: Option<&'a FloatErrors>) -> Option<Self> {
        let errors = errors?;
        let asked = errors.asked();
        let dtype = |register: usize| program.dtypes.get(register);
        let sign = |step: &super::program::Step| {
            let operand =
                |at: usize| step.operands.get(at).and_then(|register| dtype(usize::from(register.0)));
            match operand(0).map_or(Sign::None, |from| sign(&step.op, from, operand(1))) {
                Sign::Flags(flags) if flags.and(asked).is_empty() => Sign::None,
                sign => sign,
            }
        };
        let signs: Vec<Sign> = program.steps.iter().map(sign).collect();
        if signs.iter().all(|sign| matches!(sign, Sign::None)) {
            return None;
        }
        let found = vec![Cell::new(FloatKinds::NONE); signs.len()];
        let flags = |sign: &Sign| match sign {
            Sign::Flags(flags) => *flags,
            Sign::None | Sign::Operands(_) => FloatKinds::NONE,
        };
        let all = signs.iter().map(flags).fold(FloatKinds::NONE, FloatKinds::or);
        let is_close = signs.len() == 1 || signs.iter().any(|sign| matches!(sign, Sign::Operands(_)));
        Some(Self { errors, program, signs, found, all, is_close: Cell::new(is_close) })
    }

    /// Whether every step is looked at by itself.
    pub fn is_close(&self) -> bool {
        self.is_close.get()
    }

    /// Begins to look at many steps together.
    pub fn begin(&self) {
        clear();
    }

    /// Whether one of the steps since [`Self::begin`] raised a flag; from then on every step is looked at by itself.
    pub fn has_met(&self) -> bool {
        let has_met = !read().and(self.all).is_empty();
        self.is_close.set(has_met);
        has_met
    }

    /// Runs the step `at`, which reads `args`, and notes what it meets.
    #[inline]
    pub fn step(&self, at: usize, args: &[&[u8]], run: impl FnOnce()) {
        match self.signs[at] {
            Sign::None => run(),
            Sign::Flags(flags) => {
                clear();
                run();
                self.note(at, read().and(flags));
            }
            Sign::Operands(look) => {
                self.note(at, look(args));
                run();
            }
        }
    }

    fn note(&self, at: usize, kinds: FloatKinds) {
        self.found[at].set(self.found[at].get().or(kinds));
    }
}

impl Drop for Watch<'_> {
    /// Hands over what was met.
    fn drop(&mut self) {
        for (step, found) in self.program.steps.iter().zip(&self.found) {
            let name = match &step.op {
                Op::Ufunc(ufunc) => ufunc.name(),
                _ => "cast",
            };
            self.errors.add(name, found.get());
        }
    }
}

/// Where NumPy's errors of an operation are seen, whose first operand is of one dtype and whose second, if any, of another.
fn sign(op: &Op, from: &DType, second: Option<&DType>) -> Sign {
    match (op, from) {
        (Op::Ufunc(ufunc), DType::Timedelta(_)) => of_timedelta(*ufunc, second),
        (Op::Ufunc(ufunc), DType::Float32) => of_float::<f32>(*ufunc),
        (Op::Ufunc(ufunc), DType::Float64) => of_float::<f64>(*ufunc),
        (Op::Ufunc(Ufunc::Add | Ufunc::Subtract), DType::Complex64 | DType::Complex128) => {
            Sign::Flags(OVERFLOW.or(INVALID))
        }
        (Op::Ufunc(Ufunc::Multiply | Ufunc::Square), DType::Complex64 | DType::Complex128) => {
            Sign::Flags(OVERFLOW.or(UNDERFLOW).or(INVALID))
        }
        (Op::Ufunc(Ufunc::Divide), DType::Complex64 | DType::Complex128) => Sign::Flags(FloatKinds::ALL),
        (Op::Ufunc(Ufunc::Reciprocal), DType::Complex64 | DType::Complex128) => {
            Sign::Flags(OVERFLOW.or(INVALID))
        }
        (Op::Ufunc(Ufunc::FloorDivide | Ufunc::Remainder | Ufunc::Fmod), _) => of_integer(op, from),
        (Op::Ufunc(Ufunc::Reciprocal), _) => of_integer(op, from),
        (Op::Cast(DType::Float32 | DType::Complex64), DType::Float64 | DType::Complex128) => {
            Sign::Flags(OVERFLOW.or(UNDERFLOW))
        }
        (Op::Cast(to), DType::Float32) => of_cast::<f32, 1>(to),
        (Op::Cast(to), DType::Float64) => of_cast::<f64, 1>(to),
        (Op::Cast(to), DType::Complex64) => of_cast::<f32, 2>(to),
        (Op::Cast(to), DType::Complex128) => of_cast::<f64, 2>(to),
        _ => Sign::None,
    }
}

fn of_float<T: super::floats::Real + Into<f64>>(ufunc: Ufunc) -> Sign {
    use Ufunc as U;
    Sign::Flags(match ufunc {
        U::Add | U::Subtract => OVERFLOW.or(INVALID),
        U::Multiply | U::Square => OVERFLOW.or(UNDERFLOW).or(INVALID),
        U::Divide | U::Reciprocal | U::Power | U::FloatPower => FloatKinds::ALL,
        U::Sqrt | U::Sin | U::Cos | U::Tan | U::Arcsin | U::Arccos => INVALID,
        U::Exp | U::Exp2 | U::Expm1 | U::Sinh | U::Cosh | U::Hypot | U::Degrees | U::Rad2deg => OVERFLOW,
        U::Log | U::Log2 | U::Log10 | U::Log1p => DIVIDE.or(INVALID),
        U::Arccosh => return Sign::Operands(|args| INVALID.when(lone::<T>(args).any(|x| x.into() < 1.0))),
        U::Arctanh => return Sign::Operands(inverse_tangents::<T>),
        U::Remainder | U::Fmod => return Sign::Operands(remainders::<T>),
        U::FloorDivide => return Sign::Operands(quotients::<T>),
        U::Logaddexp | U::Logaddexp2 => return Sign::Operands(log_sums::<T>),
        _ => return Sign::None,
    })
}

fn pairs<T: bytemuck::Pod>(args: &[&[u8]]) -> impl Iterator<Item = (T, T)> {
    let cast = |at: usize| bytemuck::cast_slice::<u8, T>(args[at]).iter().copied();
    cast(0).zip(cast(1))
}

fn lone<T: bytemuck::Pod>(args: &[&[u8]]) -> impl Iterator<Item = T> {
    bytemuck::cast_slice::<u8, T>(args[0]).iter().copied()
}

/// What inverse hyperbolic tangents meet: infinities at 1 and -1, and NaN beyond.
fn inverse_tangents<T: bytemuck::Pod + Into<f64>>(args: &[&[u8]]) -> FloatKinds {
    lone::<T>(args).fold(FloatKinds::NONE, |found, x| {
        let size = x.into().abs();
        found.or(DIVIDE.when(size == 1.0)).or(INVALID.when(size > 1.0))
    })
}

/// What logarithms of sums of exponentials meet: NumPy takes the difference of both, and compares it with zero.
fn log_sums<T: super::floats::Real>(args: &[&[u8]]) -> FloatKinds {
    pairs(args).fold(FloatKinds::NONE, |found, (a, b): (T, T)| {
        let is_beyond = a.is_fin() && b.is_fin() && !a.minus(b).is_fin();
        found.or(INVALID.when(a.is_nan() || b.is_nan())).or(OVERFLOW.when(is_beyond))
    })
}

/// What operations on a timedelta and something else meet.
fn of_timedelta(ufunc: Ufunc, second: Option<&DType>) -> Sign {
    use Ufunc as U;
    /// What is met where neither of two timedeltas is NaT.
    fn met(args: &[&[u8]], kinds: impl Fn(i64, i64) -> FloatKinds) -> FloatKinds {
        let known = pairs::<i64>(args).filter(|&(a, b)| a != NAT && b != NAT);
        known.fold(FloatKinds::NONE, |found, (a, b)| found.or(kinds(a, b)))
    }
    match (ufunc, second) {
        (U::Divide, Some(DType::Timedelta(_))) => Sign::Operands(|args| {
            met(args, |a, b| INVALID.when(a == 0 && b == 0).or(DIVIDE.when(a != 0 && b == 0)))
        }),
        (U::Remainder, Some(DType::Timedelta(_))) => {
            Sign::Operands(|args| met(args, |_, b| DIVIDE.when(b == 0)))
        }
        (U::FloorDivide, Some(DType::Timedelta(_))) => Sign::Operands(|args| {
            let has_nat = pairs::<i64>(args).any(|(a, b)| a == NAT || b == NAT);
            met(args, |_, b| DIVIDE.when(b == 0)).or(INVALID.when(has_nat))
        }),
        (U::Multiply, Some(DType::Float64)) => {
            Sign::Operands(|args| scaled(args, |a, b| (a * b, FloatKinds::NONE)))
        }
        (U::Divide | U::FloorDivide, Some(DType::Float64)) => {
            Sign::Operands(|args| scaled(args, |a, b| (a / b, DIVIDE.when(a != 0.0 && b == 0.0))))
        }
        _ => Sign::None,
    }
}

/// What timedeltas times floats meet, and divided by them: what `scale` says, NaN of none, and what fits no timedelta.
fn scaled(args: &[&[u8]], scale: fn(f64, f64) -> (f64, FloatKinds)) -> FloatKinds {
    let times = bytemuck::cast_slice::<u8, i64>(args[0]).iter().copied();
    let floats = bytemuck::cast_slice::<u8, f64>(args[1]).iter().copied();
    times.zip(floats).filter(|&(a, b)| a != NAT && !b.is_nan()).fold(FloatKinds::NONE, |found, (a, b)| {
        let (made, met) = scale(a as f64, b);
        let is_beyond = made.is_finite() && !(-POWER_63..POWER_63).contains(&made);
        let is_infinite = made.is_infinite() && b.is_finite() && met.is_empty();
        found.or(met).or(INVALID.when(made.is_nan() || is_beyond)).or(OVERFLOW.when(is_infinite))
    })
}

const POWER_31: f64 = 2_147_483_648.0;
const POWER_32: f64 = 4_294_967_296.0;
const POWER_63: f64 = 9_223_372_036_854_775_808.0;
const POWER_64: f64 = 18_446_744_073_709_551_616.0;

/// What casts of floats to whole numbers and times meet: numbers beyond the registers in which NumPy converts them. Of
/// complex numbers every second float is one that is looked at.
fn of_cast<T: bytemuck::Pod + Into<f64>, const STEP: usize>(to: &DType) -> Sign {
    macro_rules! within {
        ($low:expr, $high:expr) => {
            Sign::Operands(|args| {
                let is_within = |x: T| {
                    let whole = x.into().trunc();
                    (-$low..$high).contains(&whole)
                };
                INVALID.when(!lone::<T>(args).step_by(STEP).all(is_within))
            })
        };
    }
    match to {
        DType::Int8 | DType::Int16 | DType::Int32 | DType::UInt8 | DType::UInt16 => {
            within!(POWER_31, POWER_31)
        }
        DType::UInt32 => within!(POWER_31, POWER_32),
        DType::Int64 => within!(POWER_63, POWER_63),
        DType::UInt64 => within!(POWER_63, POWER_64),
        // NaN is "not a time".
        DType::Datetime(_) | DType::Timedelta(_) => Sign::Operands(|args| {
            let is_within = |x: T| x.into().is_nan() || (-POWER_63..POWER_63).contains(&x.into());
            INVALID.when(!lone::<T>(args).step_by(STEP).all(is_within))
        }),
        _ => Sign::None,
    }
}

/// What remainders of floats meet: that of an infinity, or by zero, is a NaN.
fn remainders<T: super::floats::Real>(args: &[&[u8]]) -> FloatKinds {
    let is_invalid = |(a, b): (T, T)| !a.is_nan() && !b.is_nan() && (a.is_inf() || b == T::default());
    INVALID.when(pairs(args).any(is_invalid))
}

/// What floored quotients of floats meet.
fn quotients<T: super::floats::Real>(args: &[&[u8]]) -> FloatKinds {
    let zero = T::default();
    pairs(args).fold(FloatKinds::NONE, |found, (a, b): (T, T)| {
        let met = if a.is_nan() || b.is_nan() {
            FloatKinds::NONE
        } else if b == zero {
            INVALID.when(a == zero).or(DIVIDE.when(a != zero && a.is_fin()))
        } else if a.is_inf() {
            INVALID
        } else {
            // NumPy's loop goes on with the infinity, and subtracts it from itself.
            OVERFLOW.or(INVALID).when(!a.over(b).is_fin())
        };
        found.or(met)
    })
}

fn of_integer(op: &Op, dtype: &DType) -> Sign {
    macro_rules! signed {
        ($T:ty) => {
            Sign::Operands(match op {
                Op::Ufunc(Ufunc::FloorDivide) => |args| {
                    let is_beyond = |(a, b): ($T, $T)| a == <$T>::MIN && b == -1;
                    by_zero::<$T>(args).or(OVERFLOW.when(pairs(args).any(is_beyond)))
                },
                Op::Ufunc(Ufunc::Reciprocal) => of_zero::<$T>,
                _ => by_zero::<$T>,
            })
        };
    }
    macro_rules! unsigned {
        ($T:ty) => {
            Sign::Operands(if matches!(op, Op::Ufunc(Ufunc::Reciprocal)) {
                of_zero::<$T>
            } else {
                by_zero::<$T>
            })
        };
    }
    match dtype {
        DType::Int8 => signed!(i8),
        DType::Int16 => signed!(i16),
        DType::Int32 => signed!(i32),
        DType::Int64 => signed!(i64),
        DType::UInt8 => unsigned!(u8),
        DType::UInt16 => unsigned!(u16),
        DType::UInt32 => unsigned!(u32),
        DType::UInt64 => unsigned!(u64),
        _ => Sign::None,
    }
}

/// What reciprocals of whole numbers meet.
fn of_zero<T: bytemuck::Pod + Default + PartialEq>(args: &[&[u8]]) -> FloatKinds {
    DIVIDE.or(INVALID).when(bytemuck::cast_slice::<u8, T>(args[0]).contains(&T::default()))
}

fn by_zero<T: bytemuck::Pod + Default + PartialEq>(args: &[&[u8]]) -> FloatKinds {
    DIVIDE.when(bytemuck::cast_slice::<u8, T>(args[1]).contains(&T::default()))
}
