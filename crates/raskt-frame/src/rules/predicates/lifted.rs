//! Conditions said of the rows of a source, whatever was filtered, named and assigned between the two.

use raskt_core::{Param, Result};
use raskt_expr::{Context, Draft, Expr, operations};
use rustc_hash::FxHashMap;

use crate::arguments::{Argument, list};
use crate::operations::COLLECTION;
use crate::rowwise::{ASSIGN, COLUMN, COLUMNS, FILTER, METHOD, RELABEL};
use crate::rules::families::{Families, is_scalar};
use crate::rules::schema::schema;
use crate::{Kind, Label, Schema};

/// The values of series, as expressions of columns of their sources: a row of a source has that value, also where it was filtered
/// out below the series.
pub(super) struct Lifted<'a> {
    families: &'a Families,
    context: &'a Context<'a>,
    values: FxHashMap<Expr, Option<Expr>>,
    columns: FxHashMap<(Expr, Label), Option<Expr>>,
}

impl<'a> Lifted<'a> {
    pub fn new(families: &'a Families, context: &'a Context<'a>) -> Self {
        Self { families, context, values: FxHashMap::default(), columns: FxHashMap::default() }
    }

    /// The values of the series `expr`; `None` where they are no expression of the source's columns.
    pub fn of(&mut self, expr: &Expr) -> Result<Option<Expr>> {
        if !self.values.contains_key(expr) {
            for below in operations(std::slice::from_ref(expr)) {
                if !self.values.contains_key(below) {
                    let value = self.value(below)?;
                    self.values.insert(below.clone(), value);
                }
            }
        }
        Ok(self.values.get(expr).cloned().flatten())
    }

    /// A condition that is made of columns of `whole`, which has the rows of `operand` among others, said of the source of
    /// `operand`; `None` where that has no such columns, or of other dtypes.
    pub fn of_operand(&mut self, condition: &Expr, whole: &Expr, operand: &Expr) -> Result<Option<Expr>> {
        if condition == whole {
            return Ok(None);
        }
        if is_scalar(condition, self.context)? {
            return Ok(Some(condition.clone()));
        }
        if condition.operation().as_str() == COLUMN && condition.operands().first() == Some(whole) {
            let Some(label) = condition.parameters().get("label") else { return Ok(None) };
            let label = Label::try_from(label)?;
            let dtype = |expr: &Expr| {
                Ok::<_, raskt_core::Error>(schema(expr, self.context)?.and_then(|schema| {
                    let at = schema.position(&label).ok()?;
                    Some(schema.columns[at].dtype.clone())
                }))
            };
            if dtype(operand)?.is_none() || dtype(operand)? != dtype(whole)? {
                return Ok(None);
            }
            // What is assigned below is looked at first.
            self.of(operand)?;
            return self.column(operand, label);
        }
        let mut operands = Vec::with_capacity(condition.operands().len());
        for one in condition.operands() {
            match self.of_operand(one, whole, operand)? {
                Some(found) => operands.push(found),
                None => return Ok(None),
            }
        }
        let made = condition.with_operands(operands)?;
        self.context.meta(&made)?;
        Ok(Some(made))
    }

    /// The values of `expr`, whose operands are known.
    fn value(&mut self, expr: &Expr) -> Result<Option<Expr>> {
        let is_series = |schema: &&Schema| schema.kind == Kind::Series;
        if schema(expr, self.context)?.filter(is_series).is_none() {
            return Ok(None);
        }
        if !self.families.is_by_rows(expr) {
            return Ok(Some(expr.clone()));
        }
        let first = &expr.operands()[0];
        match expr.operation().as_str() {
            COLUMN => match expr.parameters().get("label") {
                Some(label) => self.column(first, Label::try_from(label)?),
                None => Ok(None),
            },
            FILTER | RELABEL => Ok(self.values.get(first).cloned().flatten()),
            METHOD => self.method(expr),
            _ => Ok(None),
        }
    }

    fn method(&self, expr: &Expr) -> Result<Option<Expr>> {
        let mut operands = Vec::with_capacity(expr.operands().len());
        for operand in expr.operands() {
            operands.push(match self.values.get(operand).cloned().flatten() {
                Some(value) => value,
                None if is_scalar(operand, self.context)? => operand.clone(),
                None => return Ok(None),
            });
        }
        let made = expr.with_operands(operands)?;
        self.context.meta(&made)?;
        Ok(Some(made))
    }

    /// The values of a column of the frame `frame`.
    fn column(&mut self, frame: &Expr, label: Label) -> Result<Option<Expr>> {
        let asked = (frame.clone(), label);
        if let Some(known) = self.columns.get(&asked) {
            return Ok(known.clone());
        }
        let (mut frame, mut label) = asked.clone();
        let value = loop {
            if let Some(known) = self.columns.get(&(frame.clone(), label.clone())) {
                break known.clone();
            }
            let Some(of) = schema(&frame, self.context)? else { break None };
            if of.labels().filter(|other| **other == label).count() != 1 {
                break None;
            }
            if !self.families.is_by_rows(&frame) {
                break Some(column_of(&frame, &label, self.context)?);
            }
            let below = frame.operands()[0].clone();
            match frame.operation().as_str() {
                FILTER | COLUMNS => {}
                RELABEL => match schema(&below, self.context)? {
                    Some(before) => label = before.columns[of.position(&label)?].label.clone(),
                    None => break None,
                },
                ASSIGN => {
                    if let Some(value) = assigned(&frame, &label)? {
                        break match Argument::of(value) {
                            Argument::Operand(at) => {
                                self.values.get(&frame.operands()[at]).cloned().flatten()
                            }
                            Argument::Literal(_) => None,
                        };
                    }
                }
                _ => break None,
            }
            frame = below;
        };
        self.columns.insert(asked, value.clone());
        Ok(value)
    }
}

/// What is assigned to the column `label`, if anything is.
fn assigned<'e>(expr: &'e Expr, label: &Label) -> Result<Option<&'e Param>> {
    let parameters = expr.parameters();
    for (own, value) in list(parameters, "labels").iter().zip(list(parameters, "values")).rev() {
        if Label::try_from(own)? == *label {
            return Ok(Some(value));
        }
    }
    Ok(None)
}

/// A column of a frame.
pub(super) fn column_of(frame: &Expr, label: &Label, context: &Context<'_>) -> Result<Expr> {
    let draft = Draft {
        operands: vec![frame.clone()],
        parameters: Param::map([("label", label.to_param())]),
        annotations: frame.annotations().clone(),
        ..Draft::new(COLLECTION, COLUMN)
    };
    let made = draft.finish()?;
    context.meta(&made)?;
    Ok(made)
}
