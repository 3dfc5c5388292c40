//! Operations on fewer columns.

use raskt_core::{Param, Result};
use raskt_expr::{Context, Draft, Expr};
use rustc_hash::FxHashSet;

use super::needs::{Need, is_columnwise, needs};
use crate::arguments::{Argument, get, list, with};
use crate::join::MERGE;
use crate::operations::COLLECTION;
use crate::partition::SHUFFLE;
use crate::rows::{CHOOSE, CONCAT, HEAD, REDIVIDE, REPARTITION, TAIL};
use crate::rowwise::{ASSIGN, COLUMNS, FILTER, METHOD, RELABEL, RESET_INDEX};
use crate::rules::schema::schema;
use crate::sort::{DISTINCT, SORT_ROWS, TOP, WITH_INDEX};
use crate::source::{DIVIDED, READ_CSV, READ_PARQUET};
use crate::{Kind, Label, Schema};

/// The operation `expr` on `operands`, with the columns that are needed, and perhaps others.
pub(super) fn narrowed(expr: &Expr, operands: Vec<Expr>, need: &Need, context: &Context<'_>) -> Result<Expr> {
    let (Some(of), Need::Some(needed)) = (schema(expr, context)?, need) else {
        return expr.with_equal_operands(operands);
    };
    let labels: Vec<&Label> = needed_labels(of, needed);
    let made = match expr.operation().as_str() {
        READ_PARQUET | READ_CSV if labels.len() < of.columns.len() => {
            crate::source::with_columns(expr, of, &labels)?
        }
        METHOD if !is_columnwise(expr, context)? => return expr.with_equal_operands(operands),
        MERGE => {
            let mut sides = Vec::with_capacity(operands.len());
            for (operand, need) in operands.into_iter().zip(needs(expr, need, context)?) {
                sides.push(match (need, schema(&expr.operands()[sides.len()], context)?) {
                    (Some(Need::Some(used)), Some(side)) => {
                        picked(&operand, &needed_labels(side, &used), context)?
                    }
                    _ => operand,
                });
            }
            expr.with_operands(sides)?
        }
        SORT_ROWS | SHUFFLE | TOP | DISTINCT | REPARTITION | REDIVIDE | DIVIDED | WITH_INDEX
        | RESET_INDEX => {
            let mut operands = operands;
            if let Some(Some(Need::Some(used))) = needs(expr, need, context)?.first()
                && let Some(before) = schema(&expr.operands()[0], context)?
            {
                operands[0] = picked(&operands[0], &needed_labels(before, used), context)?;
            }
            expr.with_operands(operands)?
        }
        CONCAT => joined(expr, operands, &labels, context)?,
        FILTER | HEAD | TAIL | CHOOSE | METHOD => {
            let mut operands = operands;
            operands[0] = picked(&operands[0], &labels, context)?;
            expr.with_operands(operands)?
        }
        COLUMNS => return picked(&operands[0], &labels, context),
        RELABEL => relabelled(expr, &operands[0], context)?,
        ASSIGN => assigned(expr, operands, &labels)?,
        _ => return expr.with_equal_operands(operands),
    };
    context.meta(&made)?;
    Ok(made)
}

fn needed_labels<'a>(schema: &'a Schema, needed: &[bool]) -> Vec<&'a Label> {
    schema.labels().zip(needed).filter(|(_, needed)| **needed).map(|(label, _)| label).collect()
}

/// The columns `labels` of `expr`, which may be all that it has.
fn picked(expr: &Expr, labels: &[&Label], context: &Context<'_>) -> Result<Expr> {
    let is_all = schema(expr, context)?
        .is_none_or(|schema| schema.kind != Kind::Frame || schema.labels().eq(labels.iter().copied()));
    if is_all {
        return Ok(expr.clone());
    }
    let labels = Param::List(labels.iter().map(|label| label.to_param()).collect());
    let draft = Draft {
        operands: vec![expr.clone()],
        parameters: Param::map([("labels", labels)]),
        annotations: expr.annotations().clone(),
        ..Draft::new(COLLECTION, COLUMNS)
    };
    let made = draft.finish()?;
    context.meta(&made)?;
    Ok(made)
}

/// The frames one after another, of those of the columns `labels` that each has.
fn joined(expr: &Expr, operands: Vec<Expr>, labels: &[&Label], context: &Context<'_>) -> Result<Expr> {
    let mut parts = Vec::with_capacity(operands.len());
    for (operand, before) in operands.iter().zip(expr.operands()) {
        let Some(before) = schema(before, context)?.filter(|schema| schema.kind == Kind::Frame) else {
            return expr.with_equal_operands(operands);
        };
        let own: Vec<&Label> = before.labels().filter(|label| labels.contains(label)).collect();
        parts.push(picked(operand, &own, context)?);
    }
    match get(expr.parameters(), "schema") {
        Param::Null => expr.with_operands(parts),
        given => {
            let given = Schema::from_param(given)?;
            let fields = given.columns.iter().filter(|field| labels.contains(&&field.label)).cloned();
            let narrow = given.with_columns(given.kind, fields.collect::<Vec<_>>()).to_param();
            changed(expr, parts, &[("schema", narrow)])
        }
    }
}

/// New names for the columns that are left.
fn relabelled(expr: &Expr, operand: &Expr, context: &Context<'_>) -> Result<Expr> {
    let names = list(expr.parameters(), "labels");
    let (Some(before), Some(left)) = (schema(&expr.operands()[0], context)?, schema(operand, context)?)
    else {
        return expr.with_equal_operands(vec![operand.clone()]);
    };
    let places = left.labels().map(|label| before.position(label)).collect::<Result<Vec<_>>>()?;
    let labels = Param::List(places.into_iter().map(|at| names[at].clone()).collect());
    changed(expr, vec![operand.clone()], &[("labels", labels)])
}

/// The assignment of those of the columns `labels` that it assigns.
fn assigned(expr: &Expr, operands: Vec<Expr>, labels: &[&Label]) -> Result<Expr> {
    let needed: FxHashSet<&Label> = labels.iter().copied().collect();
    let mut kept = vec![operands[0].clone()];
    let (mut names, mut values) = (Vec::new(), Vec::new());
    let parameters = expr.parameters();
    for (name, value) in list(parameters, "labels").iter().zip(list(parameters, "values")) {
        if !needed.contains(&Label::try_from(name)?) {
            continue;
        }
        names.push(name.clone());
        values.push(match Argument::of(value) {
            Argument::Operand(at) => {
                kept.push(operands[at].clone());
                Argument::operand(kept.len() - 1)
            }
            Argument::Literal(value) => value.clone(),
        });
    }
    if names.is_empty() {
        return Ok(operands[0].clone());
    }
    let entries = [("labels", Param::List(names.into())), ("values", Param::List(values.into()))];
    changed(expr, kept, &entries)
}

/// `expr` with other operands and parameters.
fn changed(expr: &Expr, operands: Vec<Expr>, entries: &[(&str, Param)]) -> Result<Expr> {
    let change = Param::map(entries.iter().cloned());
    expr.varied(operands, with(expr.parameters(), entries.iter().cloned()), &change)
}
