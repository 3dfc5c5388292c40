//! A reduction of an array full of one value is full of one value, where that is exact.

use crate::COLLECTION;
use raskt_core::{DType, Fit, Param, Result};
use raskt_expr::{Context, Expr, Rule, Way};

use crate::builder::chunks;
use crate::creation::{fill_of, full_of};
use crate::kernels::{FoldKind, Measure, Scalar};
use crate::parameters::dtype_of;
use crate::reductions::{axes_of, is_reduction};

/// `ones.sum()`, and its like.
pub(super) struct ConstantReduction;

impl Rule for ConstantReduction {
    fn name(&self) -> &'static str {
        "constant-reduction"
    }

    fn apply(&self, expr: &Expr, context: &Context<'_>) -> Result<Option<Expr>> {
        if !is_reduction(expr) || expr.operands()[0].operation().as_str() != "full" {
            return Ok(None);
        }
        let source = &expr.operands()[0];
        let is_plain = [expr, source].iter().all(|expr| *expr.annotations() == Param::Null);
        if !is_plain || context.way_of(COLLECTION) == Way::Library {
            return Ok(None);
        }
        let (Some(value), Some(kind)) =
            (fill_of(source.parameters()), FoldKind::parse(expr.operation().as_str()))
        else {
            return Ok(None);
        };
        let dtype = dtype_of(expr.parameters());
        if kind.output(value.dtype()).as_ref() != Some(&dtype) || kind.skips_nan {
            return Ok(None);
        }
        let whole = chunks(context.meta(source)?)?;
        let mut n = Some(1_u64);
        for axis in axes_of(expr.parameters()) {
            n = n.zip(whole.axes()[axis].length()).and_then(|(n, length)| n.checked_mul(length));
        }
        let Some(n) = n.filter(|&n| n > 0) else { return Ok(None) };
        match reduced(kind.measure, &value, n, dtype) {
            Some(value) => full_of(context, &value, &chunks(context.meta(expr)?)?).map(Some),
            None => Ok(None),
        }
    }
}

/// What `n` elements, each `value`, come to; `None` where that would have to be rounded.
fn reduced(measure: Measure, value: &Scalar, n: u64, dtype: DType) -> Option<Scalar> {
    let number = || whole_number(value);
    match measure {
        Measure::Min | Measure::Max => Some(value.clone()),
        Measure::ArgMin | Measure::ArgMax => Some(Scalar::int(dtype, 0)),
        Measure::Any | Measure::All => Some(Scalar::bool(number()? != 0)),
        Measure::Sum => {
            let sum = number()?.checked_mul(i128::from(n))?;
            (is_integer(&dtype) || is_exact(sum)).then(|| Scalar::int(dtype, sum))
        }
        Measure::Mean => {
            let sum = number()?.checked_mul(i128::from(n))?;
            is_exact(sum).then(|| number().map(|number| Scalar::int(dtype, number)))?
        }
        Measure::Prod | Measure::CountNonzero | Measure::Var | Measure::Std => None,
    }
}

fn is_integer(dtype: &DType) -> bool {
    matches!(dtype, DType::Int64 | DType::UInt64)
}

/// Whether a float64, in which sums of floats are held, has the number and all that are nearer to zero.
fn is_exact(number: i128) -> bool {
    number.unsigned_abs() <= 1 << 53
}

/// The whole number that a real value is; `None` for others, and for a negative zero.
fn whole_number(value: &Scalar) -> Option<i128> {
    let bytes = value.bytes();
    let mut word = [0; 8];
    word.get_mut(..bytes.len())?.copy_from_slice(bytes);
    let float = match value.dtype() {
        DType::Bool | DType::UInt8 | DType::UInt16 | DType::UInt32 | DType::UInt64 => {
            return Some(i128::from(u64::from_le_bytes(word)));
        }
        DType::Int8 => return Some(i128::from(word[0].cast_signed())),
        DType::Int16 => return Some(i128::from(i16::from_le_bytes([word[0], word[1]]))),
        DType::Int32 => return Some(i128::from(i32::from_le_bytes([word[0], word[1], word[2], word[3]]))),
        DType::Int64 => return Some(i128::from(i64::from_le_bytes(word))),
        DType::Float32 => f64::from(f32::from_le_bytes([word[0], word[1], word[2], word[3]])),
        DType::Float64 => f64::from_le_bytes(word),
        _ => return None,
    };
    let is_whole = float.fract() == 0.0 && float.abs() <= 9_007_199_254_740_992.0;
    (is_whole && !(float == 0.0 && float.is_sign_negative())).then_some(float.clamped::<i128>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_exact_is_folded() {
        let sum =
            |value: f64, n| reduced(Measure::Sum, &Scalar::float(DType::Float64, value), n, DType::Float64);
        assert_eq!(sum(3.0, 1 << 40), Some(Scalar::float(DType::Float64, 3.0 * (1_u64 << 40) as f64)));
        assert_eq!(
            (sum(0.1, 10), sum(3.0, 1 << 53), sum(-0.0, 2), sum(f64::NAN, 2)),
            (None, None, None, None)
        );
        // Integers wrap, as NumPy's do.
        let most = Scalar::int(DType::Int64, i128::from(i64::MAX));
        let wrapped = reduced(Measure::Sum, &most, 2, DType::Int64);
        assert_eq!(wrapped, Some(Scalar::int(DType::Int64, -2)));
        let small = Scalar::int(DType::Int8, -3);
        assert_eq!(reduced(Measure::Sum, &small, 100, DType::Int64), Some(Scalar::int(DType::Int64, -300)));
        let mean = reduced(Measure::Mean, &small, 7, DType::Float64);
        assert_eq!(mean, Some(Scalar::float(DType::Float64, -3.0)));
    }
}
