//! A row of the table, and the job of lowering one expression.

use crate::COLLECTION;
use raskt_core::chunk::Chunks;
use raskt_core::{ErrorKind, Param, Result};
use raskt_expr::{Arity, Context, Expr, Lowered, Meta, Way};
use raskt_graph::layer::{Grid, Layer};
use raskt_graph::{Body, Graph};

use crate::block_functions::BlockFunction;
use crate::builder::{Builder, chunks};
use crate::error::Built;
use crate::library::body_of;
use crate::parameters::KWARGS;

/// What is known of a result.
pub type MetaFn = fn(&[Meta], &Param) -> Result<Meta>;
/// Whether a native kernel takes such operands.
pub type AcceptFn = fn(&[Meta]) -> bool;
/// How an expression becomes a layer.
pub type LowerFn = fn(&mut Job<'_, '_>) -> Result<Layer>;
/// How a request with operands and parameters as users give them becomes an expression.
pub type BuildFn = fn(&Builder<'_>, &str, &[Expr], &Param) -> Built<Expr>;

/// An operation. What is here is all that planning knows of it.
#[derive(Clone, Copy)]
pub struct Row {
    /// What expressions call it.
    pub name: &'static str,
    /// How many operands it takes.
    pub arity: Arity,
    /// What is known of the result.
    pub meta: MetaFn,
    /// The layer.
    pub lower: LowerFn,
    /// The native kernel and the operands that it takes.
    pub kernel: Option<(&'static str, AcceptFn)>,
    /// The library's function that defines it.
    pub library: Option<&'static str>,
    /// How it is asked for.
    pub build: BuildFn,
}

/// Whether native kernels know all operands.
#[must_use]
pub fn are_native(operands: &[Meta]) -> bool {
    operands.iter().all(|meta| meta.container().as_str() == "array" && meta.dtype().item_bytes().is_some())
}

/// One expression on its way to a layer.
pub struct Job<'a, 'c> {
    /// The expression.
    pub expr: &'a Expr,
    /// Where its operands' blocks are.
    pub operands: &'a [Lowered],
    /// What may be asked.
    pub context: &'a Context<'c>,
    /// Where inner layers go.
    pub graph: &'a mut Graph,
}

impl Job<'_, '_> {
    /// How the result is cut.
    ///
    /// # Errors
    /// What the operation's rule returns.
    pub fn chunks(&self) -> Result<Chunks> {
        chunks(self.context.meta(self.expr)?)
    }

    /// How an operand is cut.
    ///
    /// # Errors
    /// As [`Job::chunks`]; [`ErrorKind::InvalidGraph`] where there is no such operand.
    pub fn operand_chunks(&self, at: usize) -> Result<Chunks> {
        let operand = self.expr.operands().get(at);
        let operand = operand.ok_or_else(|| ErrorKind::InvalidGraph(format!("operand {at} is missing")))?;
        chunks(self.context.meta(operand)?)
    }

    /// The result's blocks.
    ///
    /// # Errors
    /// As [`Job::chunks`].
    pub fn grid(&self) -> Result<Grid> {
        Grid::new(&self.chunks()?.grid())
    }

    /// What the tasks run, with parameters that all of them share.
    ///
    /// # Errors
    /// Where neither way leads there.
    pub fn body(&self, parameters: Param) -> Result<Body> {
        let metas = self.context.operand_metas(self.expr)?;
        self.context.operations.of(self.expr)?.body(self.context.way_of(COLLECTION), &metas, parameters)
    }

    /// What the tasks run that call the function which the parameters name, with the keywords that they give.
    ///
    /// # Errors
    /// For a parameter that is no function.
    pub fn function_body(&self) -> Result<Body> {
        let (function, kwargs) = (self.parameter("function"), self.parameter(KWARGS));
        let operands = self.context.operand_metas(self.expr)?;
        let dtype = crate::parameters::dtype_of(self.expr.parameters());
        let known =
            BlockFunction { function: &function, kwargs: &kwargs, operands: &operands, dtype: &dtype };
        match known.native().filter(|_| self.is_native_way()) {
            Some(body) => Ok(body),
            None => body_of(&function, &kwargs),
        }
    }

    /// Whether native kernels may be taken.
    #[must_use]
    pub fn is_native_way(&self) -> bool {
        self.context.way_of(COLLECTION) != Way::Library
    }

    /// A parameter of the expression, or null.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Param {
        crate::parameters::get(self.expr.parameters(), name)
    }
}
