//! How requests become expressions: operands are checked against each other, and what is known of the result is found out.

use raskt_core::encode::ForeignTokenizer;
use raskt_core::{ErrorKind, Param, Result};
use raskt_expr::{Context, Draft, Expr};

use crate::arguments::{get, with};
use crate::calls::{ALIGNS, CALL};
use crate::operations::COLLECTION;
use crate::rowwise::{ASSIGN, FILTER, METHOD, cut, rows_of};
use crate::{FrameMeta, Kind};

/// Makes expressions of frames.
pub struct Builder<'a> {
    context: Context<'a>,
    tokens: &'a dyn ForeignTokenizer,
    annotations: Param,
}

impl<'a> Builder<'a> {
    /// One that asks `context`, and `tokens` about foreign objects among parameters.
    #[must_use]
    pub fn new(context: Context<'a>, tokens: &'a dyn ForeignTokenizer) -> Self {
        Self { context, tokens, annotations: Param::Null }
    }

    /// The same, whose expressions carry `annotations`.
    #[must_use]
    pub fn annotated(self, annotations: Param) -> Self {
        Self { annotations, ..self }
    }

    /// The operation `name` of `operands`, with `parameters` as the operation has them.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] for operands whose rows do not go together, and what the operation's rule returns:
    /// columns that are not there, for one.
    pub fn make(&self, name: &str, operands: &[Expr], parameters: Param) -> Result<Expr> {
        let parameters = match name {
            METHOD | FILTER | ASSIGN if operands.len() > 1 => self.aligned(name, operands, parameters)?,
            CALL if operands.len() > 1 && get(&parameters, ALIGNS) == &Param::Bool(true) => {
                let label = get(&parameters, "label").as_str().unwrap_or(name).to_owned();
                self.aligned(&label, operands, parameters)?
            }
            _ => parameters,
        };
        let draft = Draft {
            operands: operands.to_vec(),
            parameters,
            annotations: self.annotations.clone(),
            ..Draft::new(COLLECTION, name)
        };
        let expr = draft.finish_with(self.tokens)?;
        self.context.meta(&expr)?;
        Ok(expr)
    }

    /// The parameters, which say whether operands are of other rows, so that pandas has to align them in each partition.
    fn aligned(&self, name: &str, operands: &[Expr], parameters: Param) -> Result<Param> {
        let (first, others) = (&operands[0], &operands[1..]);
        let of = |expr: &Expr| -> Result<(Kind, u64, Option<_>)> {
            let meta = self.context.meta(expr)?;
            let own = FrameMeta::of(meta)?;
            Ok((own.schema.kind, FrameMeta::n_partitions(meta), own.divisions.clone()))
        };
        let (kind, n_partitions, divisions) = of(first)?;
        let mut is_aligned = true;
        for other in others {
            let (other_kind, n_other, other_divisions) = of(other)?;
            if other_kind == Kind::Scalar || rows_of(first)? == rows_of(other)? {
                continue;
            }
            is_aligned = false;
            let is_row = kind == Kind::Frame && other_kind == Kind::Series && n_other == 1 && name == METHOD;
            let is_divided_alike = divisions.is_some() && divisions == other_divisions;
            if is_row || cut(first) == cut(other) || is_divided_alike || (n_partitions == 1 && n_other == 1) {
                continue;
            }
            let what = format!(
                "{name} of frames whose rows do not go together partition by partition: {n_partitions} and {n_other} \
                 partitions of other origin, without common divisions; set_index on both, or merge them"
            );
            return Err(ErrorKind::InvalidValue(what).into());
        }
        match is_aligned {
            true => Ok(parameters),
            false => Ok(with(&parameters, [("aligned", Param::Bool(false))])),
        }
    }
}
