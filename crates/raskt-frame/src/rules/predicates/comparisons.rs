//! Conditions as readers know them: comparisons of columns with constants.

use raskt_core::{DType, Param};
use raskt_expr::Expr;

use crate::arguments::{Argument, get, list};
use crate::io::{Comparison, Filters, Literal, Operator};
use crate::kernels::{as_time_of, is_float, is_integer, number, typed_literal};
use crate::rowwise::{COLUMN, METHOD};
use crate::{Label, PandasType, Schema};

/// So many comparisons are handed to a reader at most.
const N_COMPARISONS_MAX: usize = 64;

/// Up to which number floats have every whole one: beyond it pandas rounds before it compares, and statistics do not.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// What a reader of columns of `schema` knows of lists of conditions, one of which holds as a whole; none for nothing.
pub(super) fn filters(any: &[Vec<Expr>], source: &Expr, schema: &Schema) -> Option<Filters> {
    let reader = Reader { source, schema };
    let mut found: Vec<Vec<Comparison>> = Vec::new();
    for all in any {
        found.extend(all.iter().filter_map(|condition| reader.alternatives(condition)).reduce(both)?);
    }
    let n_comparisons: usize = found.iter().map(Vec::len).sum();
    (n_comparisons <= N_COMPARISONS_MAX).then_some(Filters(found))
}

/// Both of two conditions; the first alone, where all pairs of their alternatives would be too many.
pub(super) fn both(one: Vec<Vec<Comparison>>, other: Vec<Vec<Comparison>>) -> Vec<Vec<Comparison>> {
    if one.len() * other.len() > N_COMPARISONS_MAX {
        return one;
    }
    let pairs = one.iter().flat_map(|a| other.iter().map(move |b| [a.as_slice(), b.as_slice()].concat()));
    pairs.collect()
}

struct Reader<'a> {
    source: &'a Expr,
    schema: &'a Schema,
}

impl Reader<'_> {
    /// Comparisons of which one list holds where `condition` does; `None` where nothing is known of it.
    fn alternatives(&self, condition: &Expr) -> Option<Vec<Vec<Comparison>>> {
        if let Some((label, dtype)) = self.column(condition) {
            return truth(label, dtype, true);
        }
        if condition.operation().as_str() != METHOD {
            return None;
        }
        let call = Call::of(condition)?;
        match (call.name, call.args) {
            ("and" | "rand", [other]) => {
                let other = call.operand(other).and_then(|other| self.alternatives(other));
                match (self.alternatives(call.on), other) {
                    (Some(one), Some(other)) => Some(both(one, other)),
                    (one, other) => one.or(other),
                }
            }
            ("or" | "ror", [other]) => {
                let mut all = self.alternatives(call.on)?;
                all.extend(self.alternatives(call.operand(other)?)?);
                Some(all)
            }
            ("invert", []) => self.inverted(call.on),
            ("rename", [_]) => self.alternatives(call.on),
            _ => {
                let (label, dtype) = self.column(call.on)?;
                let operators = operators(&call, dtype)?;
                let all = operators.into_iter().map(|operator| Comparison::new(label.clone(), operator));
                Some(vec![all.collect()])
            }
        }
    }

    fn inverted(&self, condition: &Expr) -> Option<Vec<Vec<Comparison>>> {
        if let Some((label, dtype)) = self.column(condition) {
            return truth(label, dtype, false);
        }
        let call = Call::of(condition).filter(|_| condition.operation().as_str() == METHOD)?;
        let operator = match (call.name, call.args) {
            ("isna" | "isnull", []) => Operator::Present,
            ("notna" | "notnull", []) => Operator::Missing,
            _ => return None,
        };
        let (label, _) = self.column(call.on)?;
        Some(vec![vec![Comparison::new(label, operator)]])
    }

    /// The column of the source that a series is.
    fn column(&self, series: &Expr) -> Option<(Label, &PandasType)> {
        if series.operation().as_str() != COLUMN || series.operands() != std::slice::from_ref(self.source) {
            return None;
        }
        let label = Label::try_from(series.parameters().get("label")?).ok()?;
        let field = &self.schema.columns[self.schema.position(&label).ok()?];
        Some((label, &field.dtype))
    }
}

/// A column of truth values where it is `value`.
fn truth(label: Label, dtype: &PandasType, value: bool) -> Option<Vec<Vec<Comparison>>> {
    let (of, _) = number(dtype)?;
    (of == DType::Bool).then(|| vec![vec![Comparison::new(label, Operator::Equal(Literal::Bool(value)))]])
}

/// A method that is called on a series.
struct Call<'a> {
    name: &'a str,
    on: &'a Expr,
    operands: &'a [Expr],
    args: &'a [Param],
    kwargs: &'a [(std::sync::Arc<str>, Param)],
}

impl<'a> Call<'a> {
    fn of(expr: &'a Expr) -> Option<Self> {
        let parameters = expr.parameters();
        let name = get(parameters, "name").as_str()?;
        let bare = name.strip_prefix("__").and_then(|name| name.strip_suffix("__")).unwrap_or(name);
        let kwargs = if let Param::Map(entries) = get(parameters, "kwargs") { &entries[..] } else { &[] };
        let on = expr.operands().first()?;
        Some(Self { name: bare, on, operands: expr.operands(), args: list(parameters, "args"), kwargs })
    }

    fn operand(&self, argument: &Param) -> Option<&'a Expr> {
        match Argument::of(argument) {
            Argument::Operand(at) => self.operands.get(at),
            Argument::Literal(_) => None,
        }
    }
}

/// What holds of a column of `dtype` where the call is true; `None` where nothing is known.
fn operators(call: &Call<'_>, dtype: &PandasType) -> Option<Vec<Operator>> {
    let compared = |value: &Param| compared(value, dtype);
    let one = match (call.name, call.args, call.kwargs) {
        ("eq", [value], []) => Operator::Equal(compared(value)?),
        ("lt", [value], []) => Operator::Less(compared(value)?),
        ("le", [value], []) => Operator::LessEqual(compared(value)?),
        ("gt", [value], []) => Operator::Greater(compared(value)?),
        ("ge", [value], []) => Operator::GreaterEqual(compared(value)?),
        ("isna" | "isnull", [], []) => Operator::Missing,
        ("notna" | "notnull", [], []) => Operator::Present,
        ("isin", [values], []) => {
            let values = values.as_list()?.iter().map(|value| found(value, dtype));
            Operator::In(values.collect::<Option<_>>()?)
        }
        ("between", [low, high, rest @ ..], keywords) => {
            let inclusive = match (rest, keywords) {
                ([], []) => "both",
                ([inclusive], []) => inclusive.as_str()?,
                ([], [(name, inclusive)]) if &**name == "inclusive" => inclusive.as_str()?,
                _ => return None,
            };
            let (low, high) = (compared(low)?, compared(high)?);
            return Some(vec![
                match inclusive {
                    "both" | "left" => Operator::GreaterEqual(low),
                    _ => Operator::Greater(low),
                },
                match inclusive {
                    "both" | "right" => Operator::LessEqual(high),
                    _ => Operator::Less(high),
                },
            ]);
        }
        _ => return None,
    };
    Some(vec![one])
}

/// A constant as it is compared with a column of `dtype`: what pandas rounds is rounded, and what pandas rounds the column to is
/// not known.
fn compared(value: &Param, dtype: &PandasType) -> Option<Literal> {
    if let Some(time) = as_time_of(value, dtype) {
        return match typed_literal(&time)? {
            (PandasType::Zoned(unit, _) | PandasType::Plain(DType::Datetime(unit)), value) => {
                Some(Literal::Time(value, unit))
            }
            _ => None,
        };
    }
    let exact = |value: f64| (value.abs() < EXACT_MAX).then_some(Literal::Float(value));
    match (dtype, value) {
        (PandasType::Text | PandasType::NullableText, Param::Str(text)) => Some(Literal::Text(text.clone())),
        (PandasType::Plain(_) | PandasType::Masked(_), _) => match (number(dtype)?.0, value) {
            (DType::Bool, Param::Bool(value)) => Some(Literal::Bool(*value)),
            (DType::Float32, Param::Float(value)) => exact(in_32_bits(*value)),
            (DType::Float32, Param::Int(value)) => exact(in_32_bits(*value as f64)),
            (DType::Float64, Param::Int(value)) => exact(*value as f64),
            (of, Param::Float(value)) if is_integer(&of) || is_float(&of) => exact(*value),
            (of, Param::Int(value)) if is_integer(&of) => Some(Literal::Int(*value)),
            _ => None,
        },
        _ => None,
    }
}

/// A float as columns of 32 bits have it, in which pandas compares them.
#[allow(clippy::cast_possible_truncation, reason = "rounding is what is asked for")]
fn in_32_bits(value: f64) -> f64 {
    f64::from(value as f32)
}

/// A constant as `isin` looks for it: without rounding.
fn found(value: &Param, dtype: &PandasType) -> Option<Literal> {
    let is_exact = match (value, number(dtype)) {
        (Param::Str(_), None) => matches!(dtype, PandasType::Text | PandasType::NullableText),
        (Param::Int(value), Some((of, _))) => is_integer(&of) || value.unsigned_abs() < 1 << 24,
        (Param::Float(value), Some((of, _))) => of != DType::Float32 || in_32_bits(*value) == *value,
        (Param::Bool(_), Some((DType::Bool, _))) => true,
        _ => false,
    };
    is_exact.then(|| compared(value, dtype)).flatten()
}
