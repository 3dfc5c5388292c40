//! A row of the table, and the job of lowering one expression.

use raskt_core::{ErrorKind, Fit, Name, Param, Result, Value};
use raskt_exec::Call;
use raskt_expr::{Arity, Context, Expr, Lowered, Meta, Way};
use raskt_graph::layer::{Along, Blockwise, BlockwiseParts, Contraction, Grid, Indexed, Layer, Operand};
use raskt_graph::{Body, Graph};

use super::planner::COLLECTION;
use crate::library;
use crate::meta::FrameMeta;

/// What is known of a result; `None` where the library has to be asked.
pub type MetaFn = fn(&[Meta], &Param) -> Result<Option<Meta>>;
/// Whether the native kernel takes such operands with such parameters.
pub type AcceptFn = fn(&[Meta], &Param) -> bool;
/// How an expression becomes a layer.
pub type LowerFn = fn(&mut Job<'_, '_>) -> Result<Layer>;
/// A native kernel: what one task does.
pub type KernelFn = fn(&mut Call<'_>) -> Result<Value>;

/// An operation. What is here is all that planning knows of it.
#[derive(Clone, Copy)]
pub struct Row {
    /// What expressions call it.
    pub name: &'static str,
    /// How many operands it takes.
    pub arity: Arity,
    /// What is known of the result.
    pub meta: MetaFn,
    /// When the native way is taken; its bodies are called `frame.` and the name.
    pub accepts: AcceptFn,
    /// What its tasks run natively; none where they run several kernels, or none.
    pub kernel: Option<KernelFn>,
    /// The function of [`library`] that does the same with objects of pandas.
    pub library: Option<&'static str>,
    /// The layer.
    pub lower: LowerFn,
}

/// The registered name of the kernel of an operation.
#[must_use]
pub fn kernel_name(operation: &str) -> Name {
    Name::new(&format!("frame.{operation}"))
}

/// One expression on its way to a layer.
pub struct Job<'a, 'c> {
    /// The expression.
    pub expr: &'a Expr,
    /// Where its operands' partitions are.
    pub operands: &'a [Lowered],
    /// What may be asked.
    pub context: &'a Context<'c>,
    /// Where inner layers go.
    pub graph: &'a mut Graph,
    /// The operation.
    pub row: &'a Row,
    /// Whether an operand's partitions are tables; see [`Job::tables`].
    pub(super) makes_tables: &'a dyn Fn(&Expr) -> Result<bool>,
}

impl Job<'_, '_> {
    /// Whether the native way is taken.
    ///
    /// # Errors
    /// [`ErrorKind::NotImplemented`] where the planner's way does not lead there.
    pub fn is_native(&self) -> Result<bool> {
        is_native(self.row, self.expr, self.context)
    }

    /// What the tasks run, either way, with the expression's own parameters.
    ///
    /// # Errors
    /// As [`Job::is_native`].
    pub fn body(&self) -> Result<Body> {
        let parameters = self.expr.parameters().clone();
        match (self.is_native()?, self.row.library) {
            (false, Some(path)) => Ok(Body::Library { path: path.into(), parameters }),
            (_, _) => Ok(Body::Native { name: kernel_name(self.row.name), parameters }),
        }
    }

    /// The number of partitions of the result.
    ///
    /// # Errors
    /// What the operation's rule returns.
    pub fn n_partitions(&self) -> Result<u32> {
        Ok(FrameMeta::n_partitions(self.context.meta(self.expr)?).fit::<u32>())
    }

    /// The layer of an operand whose partitions are what this operation works on: tables for a native one.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidGraph`] where there is no such operand.
    pub fn operand(&mut self, at: usize) -> Result<Lowered> {
        match self.is_native()? {
            true => self.tables(at),
            false => self.any(at).cloned(),
        }
    }

    fn any(&self, at: usize) -> Result<&Lowered> {
        let missing =
            || ErrorKind::InvalidGraph(format!("operand {at} of {:?} is missing", self.expr)).into();
        self.operands.get(at).ok_or_else(missing)
    }

    /// The layer of an operand, its partitions as tables: objects of pandas are converted.
    ///
    /// # Errors
    /// As [`Job::operand`].
    pub fn tables(&mut self, at: usize) -> Result<Lowered> {
        let lowered = self.any(at)?.clone();
        let operand = &self.expr.operands()[at];
        if (self.makes_tables)(operand)? {
            return Ok(lowered);
        }
        let name = Name::new(&format!("to-table-{}", operand.token()));
        if self.graph.layer(&name).is_none() {
            let schema = FrameMeta::of(self.context.meta(operand)?)?.schema.to_param();
            let body = Body::Library {
                path: library::TO_TABLE.into(),
                parameters: Param::map([("schema", schema)]),
            };
            let layer = partitionwise(body, std::slice::from_ref(&lowered), lowered.grid.n_blocks())?;
            self.graph.insert(name.clone(), layer)?;
        }
        Ok(Lowered { name, ..lowered })
    }

    /// All operands, as [`Job::operand`] has each.
    ///
    /// # Errors
    /// As [`Job::operand`].
    pub fn all_operands(&mut self) -> Result<Vec<Lowered>> {
        (0..self.operands.len()).map(|at| self.operand(at)).collect()
    }
}

/// Whether an expression's tasks run the native kernel.
pub(crate) fn is_native(row: &Row, expr: &Expr, context: &Context<'_>) -> Result<bool> {
    let accepts =
        || Ok::<_, raskt_core::Error>((row.accepts)(&context.operand_metas(expr)?, expr.parameters()));
    match (context.way_of(COLLECTION), row.library) {
        (_, None) => Ok(true),
        (Way::Library, Some(_)) => Ok(false),
        (Way::Preferred, Some(_)) => accepts(),
        (Way::Native, Some(_)) if accepts()? => Ok(true),
        (Way::Native, Some(_)) => {
            let what = format!("{expr:?} has no native kernel for such operands");
            Err(ErrorKind::NotImplemented(what).into())
        }
    }
}

/// The layer whose tasks run `body` on a partition of each operand: on the only one of those that have one.
///
/// # Errors
/// [`ErrorKind::InvalidGraph`] for operands of several partitions, but other numbers of them.
pub fn partitionwise(body: Body, operands: &[Lowered], n_partitions: u32) -> Result<Layer> {
    let indexed = |operand: &Lowered| {
        let along = match operand.grid.n_blocks() {
            1 if n_partitions != 1 => Along::Single,
            _ => Along::Letter(0),
        };
        Indexed {
            operand: Operand::new(operand.name.clone()),
            axes: vec![along; operand.grid.n_axes()],
            contraction: Contraction::Spread,
        }
    };
    let parts = BlockwiseParts {
        counts: vec![(0, n_partitions)],
        output: vec![0],
        operands: operands.iter().map(indexed).collect(),
        ..BlockwiseParts::of(body)
    };
    Ok(Blockwise::new(parts)?.into())
}

/// A grid of so many partitions.
///
/// # Errors
/// None in practice.
pub fn grid(n_partitions: u32) -> Result<Grid> {
    Grid::new(&[n_partitions])
}
