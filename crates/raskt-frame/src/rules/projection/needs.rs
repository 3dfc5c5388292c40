//! Which columns of its operands an operation uses.

use raskt_core::{Param, Result};
use raskt_expr::{Context, Expr};

use crate::arguments::{Argument, get, list, text};
use crate::groupby::{GROUPBY, GroupBy};
use crate::join::{MERGE, columns_used};
use crate::operations::{is_native, row_of};
use crate::partition::SHUFFLE;
use crate::reductions::{REDUCE, Reduction};
use crate::rows::{CHOOSE, CONCAT, HEAD, LENGTHS, REDIVIDE, REPARTITION, TAIL};
use crate::rowwise::{
    ASSIGN, COLUMN, COLUMNS, FILTER, METHOD, RELABEL, RESET_INDEX, column_position, is_of_each_column,
    positions,
};
use crate::rules::schema::schema;
use crate::sort::{DISTINCT, SORT_ROWS, TOP, WITH_INDEX};
use crate::source::DIVIDED;
use crate::{Key, Kind, Label, Schema};

/// Which columns of an expression are used.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Need {
    /// All, in their order.
    All,
    /// For each column, by its place, whether it is. Whoever needs but some finds them by their names: others may be there too.
    Some(Vec<bool>),
}

impl Need {
    /// None of the columns of `schema`.
    fn none(schema: &Schema) -> Vec<bool> {
        vec![false; schema.columns.len()]
    }

    /// What two users need.
    pub(super) fn add(&mut self, other: Self) {
        match (&mut *self, other) {
            (Self::Some(own), Self::Some(other)) => {
                own.iter_mut().zip(other).for_each(|(own, other)| *own |= other);
            }
            (own, _) => *own = Self::All,
        }
    }

    /// Whether the column at that place is needed.
    pub(super) fn has(&self, at: usize) -> bool {
        match self {
            Self::All => true,
            Self::Some(needed) => needed.get(at).copied().unwrap_or(false),
        }
    }
}

/// What `expr` needs of each operand, where `need` says what is needed of it; `None` where it does without the operand.
pub(super) fn needs(expr: &Expr, need: &Need, context: &Context<'_>) -> Result<Vec<Option<Need>>> {
    if let (MERGE, Need::Some(needed)) = (expr.operation().as_str(), need) {
        return of_merge(expr, needed, context);
    }
    if let (CONCAT, Need::Some(needed)) = (expr.operation().as_str(), need) {
        return of_concat(expr, needed, context);
    }
    let mut needs = vec![Some(Need::All); expr.operands().len()];
    let Some(first) = expr.operands().first() else { return Ok(needs) };
    let Some(of) = schema(first, context)?.filter(|schema| schema.kind == Kind::Frame) else {
        return Ok(needs);
    };
    if let Some(own) = of_first(expr, need, of, context)? {
        needs[0] = Some(own);
    }
    if let (ASSIGN, Need::Some(_), Some(of)) = (expr.operation().as_str(), need, schema(expr, context)?) {
        let parameters = expr.parameters();
        needs[1..].fill(None);
        for (label, value) in list(parameters, "labels").iter().zip(list(parameters, "values")) {
            if let Argument::Operand(at) = Argument::of(value)
                && need.has(of.position(&Label::try_from(label)?)?)
            {
                needs[at] = Some(Need::All);
            }
        }
    }
    Ok(needs)
}

/// What a merge needs of either side.
fn of_merge(expr: &Expr, needed: &[bool], context: &Context<'_>) -> Result<Vec<Option<Need>>> {
    let all = || Ok(vec![Some(Need::All); expr.operands().len()]);
    let [left, right] = expr.operands() else { return all() };
    let frame = |expr| schema(expr, context).map(|found| found.filter(|schema| schema.kind == Kind::Frame));
    let (Some(left), Some(right), Some(of)) = (frame(left)?, frame(right)?, schema(expr, context)?) else {
        return all();
    };
    let is_needed = |label: &Label| of.labels().zip(needed).any(|(own, needed)| *needed && own == label);
    let used = columns_used(expr.parameters(), left, right, is_needed)?;
    Ok(used.into_iter().map(|used| Some(Need::Some(used))).collect())
}

/// What is needed of frames one after another: of each the columns that are needed of all.
fn of_concat(expr: &Expr, needed: &[bool], context: &Context<'_>) -> Result<Vec<Option<Need>>> {
    let Some(of) = schema(expr, context)? else { return Ok(vec![Some(Need::All); expr.operands().len()]) };
    let is_needed = |label: &Label| of.labels().zip(needed).any(|(own, needed)| *needed && own == label);
    let of_operand = |operand| {
        Ok(Some(match schema(operand, context)?.filter(|schema| schema.kind == Kind::Frame) {
            Some(schema) => Need::Some(schema.labels().map(is_needed).collect()),
            None => Need::All,
        }))
    };
    expr.operands().iter().map(of_operand).collect()
}

/// What is needed of the first operand; `None` for all of it.
fn of_first(expr: &Expr, need: &Need, of: &Schema, context: &Context<'_>) -> Result<Option<Need>> {
    let parameters = expr.parameters();
    let mut found = Need::none(of);
    match (expr.operation().as_str(), need) {
        (COLUMN, _) => found[column_position(of, parameters)?] = true,
        (COLUMNS, _) => {
            let places = positions(of, list(parameters, "labels"))?;
            let wanted = places.into_iter().enumerate().filter(|(at, _)| need.has(*at));
            wanted.for_each(|(_, place)| found[place] = true);
        }
        (GROUPBY, _) => {
            let Ok(by) = GroupBy::from_param(parameters) else { return Ok(None) };
            let keys = by.keys.iter().filter_map(|key| match key {
                Key::Column(label) => Some(label),
                Key::Level(_) => None,
            });
            for label in keys.chain(by.aggregates.iter().map(|aggregate| &aggregate.column)) {
                match of.position(label) {
                    Ok(at) => found[at] = true,
                    // The size of groups is that of no column.
                    Err(_) => continue,
                }
            }
        }
        // Rows are counted without their columns, and the index has none.
        (LENGTHS, _) => {}
        (METHOD, _) if text(parameters, "name")? == "index" => {}
        (REDUCE, _) if is_size(expr) && is_native(row_of(expr)?, expr, context)? => {}
        (FILTER | HEAD | TAIL | CHOOSE, Need::Some(needed)) => found.clone_from(needed),
        (RELABEL | REPARTITION | REDIVIDE | DIVIDED, Need::Some(needed)) => found.clone_from(needed),
        (SORT_ROWS | SHUFFLE | TOP | DISTINCT, Need::Some(needed)) => {
            let deciding = match expr.operation().as_str() {
                SORT_ROWS => "by",
                SHUFFLE => "on",
                TOP => "columns",
                // Rows that are equal in all columns are told by all of them.
                _ if get(parameters, "subset") == &Param::Null => return Ok(None),
                _ => "subset",
            };
            found.clone_from(needed);
            for label in list(parameters, deciding) {
                found[of.position(&Label::try_from(label)?)?] = true;
            }
        }
        (WITH_INDEX | RESET_INDEX, Need::Some(needed)) => {
            let Some(result) = schema(expr, context)? else { return Ok(None) };
            let label = Label::try_from(get(parameters, "label"))?;
            for (at, field) in of.columns.iter().enumerate() {
                let is_needed = result.labels().zip(needed).any(|(own, is)| *is && *own == field.label);
                // What a level of the index without a name is called depends on whether there is such a column.
                let is_met = match expr.operation().as_str() {
                    WITH_INDEX => field.label == label,
                    _ => field.label.as_str() == Some("index"),
                };
                found[at] = is_needed || is_met;
            }
        }
        (ASSIGN, Need::Some(needed)) => {
            let assigned = list(parameters, "labels").iter().map(Label::try_from);
            let assigned = assigned.collect::<Result<rustc_hash::FxHashSet<_>>>()?;
            for (at, field) in of.columns.iter().enumerate() {
                found[at] = needed[at] && !assigned.contains(&field.label);
            }
        }
        (METHOD, Need::Some(needed)) if is_columnwise(expr, context)? => found.clone_from(needed),
        _ => return Ok(None),
    }
    Ok(Some(Need::Some(found)))
}

fn is_size(expr: &Expr) -> bool {
    let name = expr.parameters().get("name").and_then(raskt_core::Param::as_str).unwrap_or_default();
    Reduction::parse(name, crate::arguments::get(expr.parameters(), "kwargs")) == Some(Reduction::Size)
}

/// Whether a method works on each column of a frame by itself: native ones do, if they meet no other frame.
pub(super) fn is_columnwise(expr: &Expr, context: &Context<'_>) -> Result<bool> {
    for argument in list(expr.parameters(), "args") {
        if let Argument::Operand(at) = Argument::of(argument) {
            let other = expr.operands().get(at).map(|operand| schema(operand, context)).transpose()?;
            if !other.flatten().is_some_and(|schema| schema.kind == Kind::Scalar) {
                return Ok(false);
            }
        }
    }
    Ok(is_of_each_column(expr.parameters()) && is_native(row_of(expr)?, expr, context)?)
}
