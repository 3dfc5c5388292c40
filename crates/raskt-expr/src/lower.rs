//! Lowering: expressions into layers.

use std::sync::Arc;

use raskt_core::{Error, ErrorKind, Key, Name, Param, Result, Token};
use raskt_graph::Graph;
use raskt_graph::layer::{Grid, Layer};
use rustc_hash::FxHashMap;

use crate::context::Context;
use crate::expr::Expr;
use crate::traverse::post_order;

/// Where an expression's blocks are found once it has been lowered.
#[derive(Clone, Debug, PartialEq)]
pub struct Lowered {
    /// The layer's name.
    pub name: Name,
    /// The layer's blocks.
    pub grid: Grid,
}

impl Lowered {
    /// The keys of all blocks, in C order.
    pub fn keys(&self) -> impl Iterator<Item = Key> + '_ {
        (0..self.grid.n_blocks()).map(|number| Key::block(self.name.clone(), &self.grid.block(number)))
    }
}

/// How one collection's expressions become layers.
pub trait Lower: Send + Sync {
    /// Adds the layers of `expr` to `graph`, and says where its blocks are. Its operands have been lowered: also those of
    /// a [`Carrier`](crate::Carrier), by their own collection.
    ///
    /// # Errors
    /// Where the expression has no layers: an operation that is not known, shapes that do not fit.
    fn lower(
        &self,
        expr: &Expr,
        operands: &[Lowered],
        context: &Context<'_>,
        graph: &mut Graph,
    ) -> Result<Lowered>;
}

/// The parameter that says what users call the function that made an expression, where it is not the operation.
pub const LABEL: &str = "label";

/// What users call the function that made an expression.
#[must_use]
pub fn label(expr: &Expr) -> &str {
    expr.parameters().get(LABEL).and_then(Param::as_str).unwrap_or_else(|| expr.operation().as_str())
}

/// The name of the layer that an expression becomes: its label and its token.
///
/// ```
/// use raskt_expr::{Draft, layer_name};
/// let expr = Draft::new("array", "cumsum").finish()?;
/// assert_eq!(layer_name(&expr).as_str(), format!("cumsum-{}", expr.token()));
/// # Ok::<(), raskt_core::Error>(())
/// ```
#[must_use]
pub fn layer_name(expr: &Expr) -> Name {
    Name::new(&format!("{}-{}", label(expr), expr.token()))
}

/// Expressions, lowered.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The layers. Nothing has been requested of them.
    pub graph: Graph,
    /// Where the blocks of each root are.
    pub roots: Vec<Lowered>,
    /// What users said about the tasks of layers, where they said something.
    pub annotations: Vec<(Name, Param)>,
    /// How many bytes all blocks of a layer are together, where that is known.
    pub n_bytes: FxHashMap<Name, u64>,
}

/// How the expressions of each collection are lowered.
#[derive(Clone, Default)]
pub struct Lowerings {
    of: FxHashMap<Name, Arc<dyn Lower>>,
}

impl Lowerings {
    /// Says how the expressions of `collection` are lowered.
    ///
    /// # Errors
    /// [`ErrorKind::KeyClash`] where that has been said.
    pub fn add(&mut self, collection: impl Into<Name>, lower: Arc<dyn Lower>) -> Result<()> {
        let collection = collection.into();
        match self.of.insert(collection.clone(), lower) {
            None => Ok(()),
            Some(_) => Err(ErrorKind::KeyClash(format!("lowering of {collection}")).into()),
        }
    }

    fn of(&self, expr: &Expr) -> Result<&Arc<dyn Lower>> {
        let unknown = || Error::new(ErrorKind::UnknownBody(format!("lowering of {}", expr.collection())));
        self.of.get(expr.collection()).ok_or_else(unknown)
    }
}

/// Lowers `roots`, and all that they are made of, once each.
///
/// # Errors
/// What the collections' lowerings return; [`ErrorKind::InvalidGraph`] where one does not add the layer that it names.
pub fn lower(roots: &[Expr], lowerings: &Lowerings, context: &Context<'_>) -> Result<Plan> {
    let (graph, n_bytes) = (Graph::default(), FxHashMap::default());
    let mut plan = Plan { graph, roots: Vec::new(), annotations: Vec::new(), n_bytes };
    let mut lowered: FxHashMap<Token, Lowered> = FxHashMap::default();
    let mut operands = Vec::new();
    for expr in post_order(roots) {
        operands.clear();
        operands.extend(expr.operands().iter().filter_map(|operand| lowered.get(&operand.token()).cloned()));
        let n_layers = plan.graph.layers().len();
        let found = lowerings.of(expr)?.lower(expr, &operands, context, &mut plan.graph)?;
        if plan.graph.layer(&found.name).map(|layer| Layer::grid(layer)) != Some(&found.grid) {
            let what = format!("{expr:?} was said to become {} of {} blocks", found.name, found.grid);
            return Err(ErrorKind::InvalidGraph(what).into());
        }
        if *expr.annotations() != Param::Null {
            let fresh = plan.graph.layers()[n_layers..].iter();
            plan.annotations.extend(fresh.map(|(name, _)| (name.clone(), expr.annotations().clone())));
        }
        if let Some(n_bytes) = expr.known_meta().and_then(|meta| meta.n_bytes()) {
            plan.n_bytes.insert(found.name.clone(), n_bytes);
        }
        lowered.insert(expr.token(), found);
    }
    plan.roots.extend(roots.iter().filter_map(|root| lowered.get(&root.token()).cloned()));
    Ok(plan)
}
