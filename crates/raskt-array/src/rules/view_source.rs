//! Slices and transpositions of what lies in memory are views of it.

use raskt_core::{Fit, NdArray, Param, Result, Token, Value};
use raskt_expr::{Context, Expr, Held, Rule};

use crate::builder::{Builder, NativeTokens, chunks};
use crate::creation::from_array;
use crate::parameters::{AXIS, axis_number, integers_of};
use crate::slicing::{Cut, cuts_of};

/// `from_array(x)[index]` and `from_array(x).T`.
pub(super) struct ViewSource;

impl Rule for ViewSource {
    fn name(&self) -> &'static str {
        "view-source"
    }

    fn apply(&self, expr: &Expr, context: &Context<'_>) -> Result<Option<Expr>> {
        let [source] = expr.operands() else { return Ok(None) };
        let held = source.parameters().get("value").filter(|_| source.operation().as_str() == "from_array");
        let Some((Value::Array(array), token)) =
            held.and_then(|held| Held::value_of(held).zip(Held::token_of(held)))
        else {
            return Ok(None);
        };
        let view = match expr.operation().as_str() {
            "transpose" => transposed(array, &integers_of(expr.parameters(), AXIS).unwrap_or_default()),
            "slice" => sliced(array, &cuts_of(expr.parameters())?),
            _ => None,
        };
        let Some(view) = view.filter(|_| *expr.annotations() == Param::Null) else { return Ok(None) };
        let token = Token::of(&(token, expr.operation(), expr.parameters()))?;
        let builder = Builder::new(*context, &NativeTokens);
        Ok(Some(from_array(&builder, view, token, &chunks(context.meta(expr)?)?)?))
    }
}

fn transposed(array: &NdArray, axes: &[i64]) -> Option<NdArray> {
    let pick =
        |of: &[u64]| axes.iter().map(|&axis| of.get(axis_number(axis)).copied()).collect::<Option<Vec<_>>>();
    let strides: Option<Vec<i64>> =
        axes.iter().map(|&axis| array.strides().get(axis_number(axis)).copied()).collect();
    let (shape, strides) = (pick(array.shape())?, strides?);
    NdArray::strided(array.dtype().clone(), &shape, &strides, array.offset(), array.buffer().clone()).ok()
}

/// Of regular cuts.
fn sliced(array: &NdArray, cuts: &[Cut]) -> Option<NdArray> {
    let (mut shape, mut strides) = (Vec::new(), Vec::new());
    let mut offset = array.offset().clamped::<i64>();
    let mut axes = array.shape().iter().zip(array.strides());
    for cut in cuts {
        if *cut == Cut::New {
            shape.push(1);
            strides.push(0);
            continue;
        }
        let (&length, &stride) = axes.next()?;
        match cut {
            Cut::All => {
                shape.push(length);
                strides.push(stride);
            }
            Cut::Point(at) => offset += stride * (*at).clamped::<i64>(),
            Cut::Range { start, n, step } => {
                offset += if *n > 0 { stride * (*start).clamped::<i64>() } else { 0 };
                shape.push(*n);
                strides.push(stride.checked_mul(*step)?);
            }
            Cut::Picks(_) | Cut::Blocks(_) | Cut::New => return None,
        }
    }
    let offset = usize::try_from(offset).ok()?;
    NdArray::strided(array.dtype().clone(), &shape, &strides, offset, array.buffer().clone()).ok()
}
