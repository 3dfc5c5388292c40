//! The common dtype of several operands, by NumPy 2's rules (NEP 50).

use raskt_core::DType;

use super::code::{Code, Kind};
use super::times;

/// A Python number without a dtype of its own: it takes that of what it meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Weak {
    /// A Python `int`.
    Int,
    /// A Python `float`.
    Float,
    /// A Python `complex`.
    Complex,
}

/// An operand, as promotion sees it. A Python `bool` is an operand of dtype bool.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Operand {
    /// An array, or a NumPy scalar.
    Typed(DType),
    /// A Python number.
    Weak(Weak),
}

impl From<DType> for Operand {
    fn from(dtype: DType) -> Self {
        Self::Typed(dtype)
    }
}

impl From<Weak> for Operand {
    fn from(weak: Weak) -> Self {
        Self::Weak(weak)
    }
}

impl Weak {
    /// The dtype of an array made of such a number alone.
    #[must_use]
    pub fn default_dtype(self) -> DType {
        match self {
            Self::Int => DType::Int64,
            Self::Float => DType::Float64,
            Self::Complex => DType::Complex128,
        }
    }

    /// NumPy's three steps: integers, then floats and complex numbers together with how they meet a dtype.
    fn meets(self, code: Code) -> Option<Code> {
        let real = code.bits().max(16);
        match (self, code.kind()) {
            (Self::Int, Kind::Bool) => Some(Code('l')),
            (Self::Int, _) => Some(code),
            (Self::Float, Kind::Bool | Kind::Unsigned | Kind::Signed) => Some(Code('d')),
            (Self::Float, _) => Some(code),
            (Self::Complex, Kind::Bool | Kind::Unsigned | Kind::Signed) => Some(Code('D')),
            (Self::Complex, Kind::Float) => Code::with(Kind::Complex, real.max(32)),
            (Self::Complex, Kind::Complex) => Some(code),
        }
    }
}

/// The smallest dtype that both can be cast to safely.
///
/// ```
/// use raskt_array::types::promote_types;
/// use raskt_core::DType;
/// assert_eq!(promote_types(&DType::Int8, &DType::UInt8), Some(DType::Int16));
/// assert_eq!(promote_types(&DType::Int64, &DType::UInt64), Some(DType::Float64));
/// ```
#[must_use]
pub fn promote_types(a: &DType, b: &DType) -> Option<DType> {
    if a == b && *a != DType::Unknown {
        return Some(a.clone());
    }
    match (Code::of(a), Code::of(b)) {
        (Some(a), Some(b)) => promote_codes(a, b).map(Code::dtype),
        _ => times::promote(a, b),
    }
}

/// As [`promote_types`], of numbers.
pub(crate) fn promote_codes(a: Code, b: Code) -> Option<Code> {
    let (low, high) = if a.kind() <= b.kind() { (a, b) } else { (b, a) };
    if low.kind() == high.kind() {
        return Some(if low.bits() >= high.bits() { low } else { high });
    }
    match (low.kind(), high.kind()) {
        (Kind::Bool, _) => Some(high),
        (Kind::Unsigned, Kind::Signed) if low.bits() < high.bits() => Some(high),
        (Kind::Unsigned, Kind::Signed) if low.bits() == 64 => Some(Code('d')),
        (Kind::Unsigned, Kind::Signed) => Code::with(Kind::Signed, low.bits() * 2),
        (Kind::Unsigned | Kind::Signed, kind) => {
            let needed = (low.bits() * 2).min(64);
            let bits = high.bits().max(needed);
            Code::with(kind, if kind == Kind::Complex { bits.max(32) } else { bits })
        }
        (_, kind) => Code::with(kind, low.bits().max(high.bits())),
    }
}

/// The common dtype of operands, Python numbers among them.
///
/// ```
/// use raskt_array::types::{Weak, result_type};
/// use raskt_core::DType;
/// assert_eq!(result_type(&[DType::Float32.into(), Weak::Float.into()]), Some(DType::Float32));
/// assert_eq!(result_type(&[DType::Int8.into(), Weak::Float.into()]), Some(DType::Float64));
/// assert_eq!(result_type(&[Weak::Int.into()]), Some(DType::Int64));
/// ```
#[must_use]
pub fn result_type(operands: &[Operand]) -> Option<DType> {
    let mut typed: Option<DType> = None;
    let mut weak: Option<Weak> = None;
    for operand in operands {
        match operand {
            Operand::Typed(dtype) => {
                typed = Some(match typed {
                    None => dtype.clone(),
                    Some(other) => promote_types(&other, dtype)?,
                });
            }
            Operand::Weak(kind) => weak = weak.max(Some(*kind)),
        }
    }
    match (typed, weak) {
        (None, None) => None,
        (Some(dtype), None) => (dtype != DType::Unknown).then_some(dtype),
        (None, Some(weak)) => Some(weak.default_dtype()),
        (Some(dtype), Some(weak)) => match Code::of(&dtype) {
            Some(code) => weak.meets(code).map(Code::dtype),
            None => times::promote_weak(&dtype, weak),
        },
    }
}

/// Whether a Python integer is in the range of a dtype; floats and complex numbers take any.
///
/// NumPy raises `OverflowError` for one that is not, but for comparisons, which are decided by it.
///
/// ```
/// use raskt_array::types::integer_fits;
/// assert!(!integer_fits(300, &raskt_core::DType::UInt8));
/// ```
#[must_use]
pub fn integer_fits(value: i128, dtype: &DType) -> bool {
    let range = match dtype {
        DType::Bool => 0..=1,
        DType::Int8 => i8::MIN.into()..=i8::MAX.into(),
        DType::Int16 => i16::MIN.into()..=i16::MAX.into(),
        DType::Int32 => i32::MIN.into()..=i32::MAX.into(),
        DType::Int64 | DType::Datetime(_) | DType::Timedelta(_) => i64::MIN.into()..=i64::MAX.into(),
        DType::UInt8 => 0..=u8::MAX.into(),
        DType::UInt16 => 0..=u16::MAX.into(),
        DType::UInt32 => 0..=u32::MAX.into(),
        DType::UInt64 => 0..=u64::MAX.into(),
        _ => return true,
    };
    range.contains(&value)
}
