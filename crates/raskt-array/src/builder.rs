//! Where expressions are made: checked against what is known of their operands, before anything runs.

use raskt_core::chunk::Chunks;
use raskt_core::encode::ForeignTokenizer;
use raskt_core::{DType, ErrorKind, Fit, Param, Result};
pub use raskt_expr::NativeTokens;
use raskt_expr::{Context, Draft, Expr, Meta, Purity};

use crate::error::{ArrayError, Built};
use crate::operations::COLLECTION;

/// Makes expressions of the collection `array`.
pub struct Builder<'a> {
    /// The tables that planning stands on.
    pub context: Context<'a>,
    /// What is said of the tasks of all expressions that it makes; null for nothing.
    pub annotations: Param,
    tokens: &'a dyn ForeignTokenizer,
}

impl<'a> Builder<'a> {
    /// A builder that asks `context` about operations, and `tokens` for the names of foreign objects.
    #[must_use]
    pub fn new(context: Context<'a>, tokens: &'a dyn ForeignTokenizer) -> Self {
        Self { context, annotations: Param::Null, tokens }
    }

    /// The same, whose expressions carry `annotations`: part of what they are, so that rules and fusion keep them apart
    /// from others.
    ///
    /// ```
    /// use raskt_array::{Builder, NativeTokens, creation, planner};
    /// use raskt_core::chunk::{AxisChunks, Chunks};
    /// use raskt_core::{DType, Param};
    /// use raskt_expr::NoLibrary;
    /// use std::sync::Arc;
    ///
    /// let planner = planner(Arc::new(NoLibrary))?;
    /// let retries = Param::map([("retries", Param::Int(2))]);
    /// let builder = Builder::new(planner.context(), &NativeTokens).annotated(retries.clone());
    /// let chunks = Chunks::new([AxisChunks::uniform(4, 2)?])?;
    /// let sevens = creation::full(&builder, Param::Int(7), &DType::Int64, &chunks)?;
    /// assert_eq!(*sevens.annotations(), retries);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn annotated(mut self, annotations: Param) -> Self {
        self.annotations = annotations;
        self
    }

    /// What is known of `expr`.
    ///
    /// # Errors
    /// What the operations' rules return.
    pub fn meta<'e>(&self, expr: &'e Expr) -> Result<&'e Meta> {
        self.context.meta(expr)
    }

    /// How `expr` is cut.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] for what is not cut into blocks.
    pub fn chunks(&self, expr: &Expr) -> Result<Chunks> {
        chunks(self.meta(expr)?)
    }

    /// The type of its elements.
    ///
    /// # Errors
    /// As [`Builder::meta`].
    pub fn dtype(&self, expr: &Expr) -> Result<DType> {
        Ok(self.meta(expr)?.dtype().clone())
    }

    /// The number of its axes.
    ///
    /// # Errors
    /// As [`Builder::chunks`].
    pub fn n_axes(&self, expr: &Expr) -> Result<usize> {
        Ok(self.chunks(expr)?.n_axes())
    }

    /// The expression `operation` of `operands`, of which something is then known.
    ///
    /// # Errors
    /// What the operation's rule says of such operands.
    pub fn make(&self, operation: &str, operands: &[&Expr], parameters: Param) -> Built<Expr> {
        let operands = operands.iter().map(|&operand| operand.clone()).collect();
        self.finish(Draft { operands, parameters, ..Draft::new(COLLECTION, operation) })
    }

    /// As [`Builder::make`], for a call that is like no other.
    ///
    /// # Errors
    /// As [`Builder::make`].
    pub fn make_impure(&self, operation: &str, operands: &[&Expr], parameters: Param) -> Built<Expr> {
        let operands = operands.iter().map(|&operand| operand.clone()).collect();
        let purity = Purity::Impure;
        self.finish(Draft { operands, parameters, purity, ..Draft::new(COLLECTION, operation) })
    }

    fn finish(&self, draft: Draft) -> Built<Expr> {
        let expr = Draft { annotations: self.annotations.clone(), ..draft }.finish_with(self.tokens)?;
        self.meta(&expr)?;
        Ok(expr)
    }

    /// The axis that `axis` is, counted from the end where it is negative.
    ///
    /// # Errors
    /// [`ArrayError::Axis`] where there is no such axis.
    pub fn axis(axis: i64, n_axes: usize) -> Built<usize> {
        let at = if axis < 0 { axis + n_axes.clamped::<i64>() } else { axis };
        usize::try_from(at).ok().filter(|&at| at < n_axes).ok_or(ArrayError::Axis { axis, n_axes })
    }
}

/// How what `meta` tells of is cut.
///
/// # Errors
/// [`ErrorKind::InvalidValue`] where that is not known.
pub fn chunks(meta: &Meta) -> Result<Chunks> {
    let known = meta.chunks().cloned();
    known.ok_or_else(|| ErrorKind::InvalidValue("an operand is not cut into blocks".into()).into())
}

/// An array of `dtype` cut into `chunks`.
#[must_use]
pub fn array_meta(dtype: DType, chunks: Chunks) -> Meta {
    Meta::of_chunks("array", dtype, chunks)
}
