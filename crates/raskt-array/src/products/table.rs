//! The rows of products: how they are asked for. What is made is block by block.

use raskt_core::{DType, ErrorKind, Fit, Param};
use raskt_expr::{Arity, Expr};

use super::build::{Multiplier, matmul, tensordot};
use crate::builder::Builder;
use crate::error::{ArrayError, Built};
use crate::operations::Row;
use crate::parameters::dtype_of;

/// The rows of this family.
#[must_use]
pub fn rows() -> Vec<Row> {
    let of_blocks = crate::blockwise::rows().into_iter().find(|row| row.name == "blockwise");
    let row = |name, build| of_blocks.map(|row| Row { name, arity: Arity::Exactly(2), build, ..row });
    [row("matmul", matmul_by_name), row("tensordot", tensordot_by_name)].into_iter().flatten().collect()
}

fn pair<'e>(operands: &'e [Expr], parameters: &Param) -> Built<(&'e Expr, &'e Expr, Option<DType>)> {
    match operands {
        [a, b] => Ok((a, b, Some(dtype_of(parameters)).filter(|dtype| *dtype != DType::Unknown))),
        _ => Err(ErrorKind::InvalidValue("a product is of two arrays".into()).into()),
    }
}

fn matmul_by_name(builder: &Builder<'_>, _: &str, operands: &[Expr], parameters: &Param) -> Built<Expr> {
    let (a, b, dtype) = pair(operands, parameters)?;
    matmul(builder, a, b, dtype, Multiplier::Library)
}

/// `axes` is how many axes at the end of one operand and the start of the other, or a list of them for either.
fn tensordot_by_name(builder: &Builder<'_>, _: &str, operands: &[Expr], parameters: &Param) -> Built<Expr> {
    let (a, b, dtype) = pair(operands, parameters)?;
    let integers = |axes: &Param| axes.as_list()?.iter().map(Param::as_int).collect::<Option<Vec<i64>>>();
    let (first, second) = match parameters.get("axes") {
        Some(Param::Int(n)) => {
            let (left, right) = (builder.n_axes(a)?.clamped::<i64>(), builder.n_axes(b)?.clamped::<i64>());
            if *n > left.min(right) {
                let what = "shape-mismatch for sum";
                return Err(ArrayError::value(format!(
                    "tensordot over {n} axes of arrays of {left} and {right}: {what}"
                )));
            }
            ((left - n..left).collect(), (0..*n).collect())
        }
        Some(Param::List(sides)) => match &**sides {
            [first, second] => integers(first).zip(integers(second)).ok_or_else(wrong_axes)?,
            _ => return Err(wrong_axes()),
        },
        _ => return Err(wrong_axes()),
    };
    tensordot(builder, a, b, (&first, &second), dtype, Multiplier::Library)
}

fn wrong_axes() -> ArrayError {
    ArrayError::value("axes of a product are a number, or a list for each operand")
}
