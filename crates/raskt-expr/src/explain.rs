//! Expressions as text.

use std::fmt::Write;

use raskt_core::Param;
use rustc_hash::FxHashMap;

use crate::expr::Expr;
use crate::rewrite::Rewritten;
use crate::traverse::post_order;

/// A line an expression, operands first, shared ones once.
///
/// ```
/// use raskt_core::Param;
/// use raskt_expr::{Draft, explain};
/// let x = Draft { parameters: Param::map([("fill", Param::Int(1))]), ..Draft::new("array", "full") }.finish()?;
/// let y = Draft { operands: vec![x.clone(), x], ..Draft::new("array", "add") }.finish()?;
/// assert_eq!(explain::expressions(&[y]), "%0 = full {fill: 1}\n%1 = add(%0, %0)");
/// # Ok::<(), raskt_core::Error>(())
/// ```
#[must_use]
pub fn expressions(roots: &[Expr]) -> String {
    let sorted = post_order(roots);
    let numbers: FxHashMap<&Expr, usize> = sorted.iter().enumerate().map(|(at, expr)| (*expr, at)).collect();
    let line = |(at, expr): (usize, &&Expr)| {
        let mut line = match expr.as_call() {
            Some(call) => format!("%{at} = call {}", call.label()),
            None => format!("%{at} = {}", expr.operation()),
        };
        if !expr.operands().is_empty() {
            let numbers: Vec<String> =
                expr.operands().iter().map(|operand| format!("%{}", numbers[operand])).collect();
            let _ = write!(line, "({})", numbers.join(", "));
        }
        for content in [expr.parameters(), expr.annotations()] {
            if *content != Param::Null {
                let _ = write!(line, " {}", parameter(content));
            }
        }
        line
    };
    sorted.iter().enumerate().map(line).collect::<Vec<_>>().join("\n")
}

/// How often each rule fired.
#[must_use]
pub fn rules(rewritten: &Rewritten) -> String {
    let line = |(rule, n): &(&str, u64)| format!("{n} × {rule}");
    rewritten.counts.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Every line, a step to the right.
pub(crate) fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

/// A parameter as people write it; bulk by its size.
fn parameter(param: &Param) -> String {
    match param {
        Param::Null => "null".to_owned(),
        Param::Bool(value) => value.to_string(),
        Param::Int(value) => value.to_string(),
        Param::Float(value) => format!("{value:?}"),
        Param::Str(text) => format!("{text:?}"),
        Param::Bytes(bytes) => format!("{} bytes", bytes.len()),
        Param::List(items) => format!("[{}]", items.iter().map(parameter).collect::<Vec<_>>().join(", ")),
        Param::Map(entries) => {
            let entry = |(name, value): &(_, Param)| format!("{name}: {}", parameter(value));
            format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
        Param::Value(value) => format!("{value:?}"),
    }
}
