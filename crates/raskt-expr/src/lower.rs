//! Lowering: expressions into layers.

use std::collections::BTreeMap;
use std::sync::Arc;

use raskt_core::{Error, ErrorKind, Fit, Key, Name, Param, Result};
use raskt_graph::layer::{Grid, Layer, Raw};
use raskt_graph::{Graph, TaskTable};
use rustc_hash::FxHashMap;

use crate::context::Context;
use crate::expr::Expr;
use crate::strata;
use crate::traverse::operations;

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
    /// a [`Carrier`](crate::Carrier), by their own collection. A call among them is a layer of one block.
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

    /// The block of an operand's layer that the value of `expr` is, where it is one: then it has no layer of its own.
    ///
    /// # Errors
    /// For a block that is not there.
    fn block(&self, expr: &Expr, operands: &[Lowered]) -> Result<Option<Key>> {
        let (_, _) = (expr, operands);
        Ok(None)
    }

    /// What the layers of `roots`, which are about to be lowered, cannot keep to of the bounds: a sentence for each excess.
    ///
    /// # Errors
    /// As lowering them.
    fn excesses(&self, roots: &[Expr], context: &Context<'_>) -> Result<Vec<String>> {
        let (_, _) = (roots, context);
        Ok(Vec::new())
    }
}

/// The parameter that says what users call the function that made an expression, where it is not the operation.
pub const LABEL: &str = "label";

/// The parameter that says that an expression, and all that is planned with it, is to be lowered as it was written.
pub const AS_WRITTEN: &str = "as_written";

/// Whether `expr` is to be lowered as it was written.
pub(crate) fn is_as_written(expr: &Expr) -> bool {
    expr.parameters().get(AS_WRITTEN).is_some_and(|written| *written == Param::Bool(true))
}

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

/// Where the value of an expression is.
#[derive(Clone, Debug, PartialEq)]
pub enum Wanted {
    /// An operation's: all blocks of a layer.
    Blocks(Lowered),
    /// One block of a layer that it shares with others: that of a call, or one that was taken of a collection.
    Block(Key),
}

impl Wanted {
    /// The keys of all blocks, in C order.
    #[must_use]
    pub fn keys(&self) -> Vec<Key> {
        match self {
            Self::Blocks(lowered) => lowered.keys().collect(),
            Self::Block(key) => vec![key.clone()],
        }
    }

    /// The only block; an error names the `expr` that has several.
    pub(crate) fn only_key(&self, expr: &Expr) -> Result<Key> {
        match self {
            Self::Block(key) => Ok(key.clone()),
            Self::Blocks(Lowered { name, grid }) if grid.n_blocks() == 1 => {
                Ok(Key::block(name.clone(), &grid.block(0)))
            }
            Self::Blocks(Lowered { grid, .. }) => {
                let n = grid.n_blocks();
                let what = format!("a call takes {expr:?}, which has {n} blocks: a call takes one value");
                Err(ErrorKind::InvalidGraph(what).into())
            }
        }
    }

    /// The number of blocks along each axis; a single value has no axes.
    #[must_use]
    pub fn counts(&self) -> &[u32] {
        match self {
            Self::Blocks(lowered) => lowered.grid.counts(),
            Self::Block(_) => &[],
        }
    }
}

/// Expressions, lowered.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The layers. Nothing has been requested of them.
    pub graph: Graph,
    /// Where the value of each root is.
    pub roots: Vec<Wanted>,
    /// What users said about the tasks of layers, where they said something.
    pub annotations: Vec<(Name, Param)>,
    /// How many bytes all blocks of a layer are together, where that is known.
    pub n_bytes: FxHashMap<Name, u64>,
    /// How many bytes the values of all operations are together; `None` where that of one is not known, or where other
    /// tasks wait for what a call returns.
    pub n_bytes_all: Option<u64>,
    /// What the plan cannot keep to of the bounds: a sentence for each excess.
    pub excesses: Vec<String>,
}

impl Plan {
    /// The plan of calls alone, whose table is there: its outputs are the roots.
    pub(crate) fn of_calls(table: TaskTable) -> Result<Self> {
        let name = strata::layer_name(0);
        let roots =
            (0..table.outputs().len().fit::<u32>()).map(|at| Wanted::Block(Key::block(name.clone(), &[at])));
        let mut plan = Self { roots: roots.collect(), ..Self::default() };
        plan.graph.insert(name, Layer::from(Raw::new(Arc::new(table), Vec::new())?))?;
        Ok(plan)
    }

    /// The tasks of all roots. Where there is no other layer than one of calls, its table is what runs.
    ///
    /// # Errors
    /// As [`Graph::expand`].
    pub fn table(&self) -> Result<Arc<TaskTable>> {
        if let [(name, layer)] = self.graph.layers()
            && let Layer::Raw(raw) = &**layer
            && raw.externals().is_empty()
            && raw.table().outputs().len() == self.roots.len()
            && (0..).zip(&self.roots).all(|(at, root)| is_output(root, name, at))
        {
            return Ok(Arc::clone(raw.table()));
        }
        let keys: Vec<Key> = self.roots.iter().flat_map(Wanted::keys).collect();
        self.graph.expand_for(&keys).map(Arc::new)
    }

    /// The layers, with the values of all roots requested in their order: what another process expands.
    #[must_use]
    pub fn into_graph(mut self) -> Graph {
        self.graph.request(self.roots.iter().flat_map(Wanted::keys));
        self.graph
    }
}

fn is_output(root: &Wanted, name: &Name, at: u32) -> bool {
    matches!(root, Wanted::Block(key) if key.name == *name && key.block.as_slice() == [at])
}

/// How the expressions of each collection are lowered.
#[derive(Clone, Default)]
pub struct Lowerings {
    of: BTreeMap<Name, Arc<dyn Lower>>,
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

    /// What the layers of `roots` cannot keep to of the bounds, by collection.
    pub(crate) fn excesses(&self, roots: &[Expr], context: &Context<'_>) -> Result<Vec<String>> {
        let mut found = Vec::new();
        for lower in self.of.values() {
            found.extend(lower.excesses(roots, context)?);
        }
        Ok(found)
    }

    fn of(&self, expr: &Expr) -> Result<&Arc<dyn Lower>> {
        let unknown = || Error::new(ErrorKind::UnknownBody(format!("lowering of {}", expr.collection())));
        self.of.get(expr.collection()).ok_or_else(unknown)
    }
}

/// Lowers operations, one after the other, into one plan.
pub(crate) struct Lowering<'a> {
    lowerings: &'a Lowerings,
    context: &'a Context<'a>,
    found: FxHashMap<Expr, Wanted>,
    /// Layers of one block, for values that operations take and that have no layer of their own.
    singles: FxHashMap<Expr, Lowered>,
    pub(crate) plan: Plan,
}

impl<'a> Lowering<'a> {
    pub(crate) fn new(lowerings: &'a Lowerings, context: &'a Context<'a>) -> Self {
        let (found, singles) = (FxHashMap::default(), FxHashMap::default());
        let plan = Plan { n_bytes_all: Some(0), ..Plan::default() };
        Self { lowerings, context, found, singles, plan }
    }

    /// Lowers `roots`, and all that they are made of, once each. `call_at` says where the value of a call is.
    ///
    /// # Errors
    /// What the collections' lowerings return; [`ErrorKind::InvalidGraph`] where one does not add the layer that it names.
    pub(crate) fn add(&mut self, roots: &[Expr], call_at: &dyn Fn(&Expr) -> Result<Key>) -> Result<()> {
        for expr in operations(roots) {
            let mut operands = Vec::with_capacity(expr.operands().len());
            for operand in expr.operands() {
                operands.push(match self.found.get(operand) {
                    Some(Wanted::Blocks(lowered)) => lowered.clone(),
                    Some(Wanted::Block(key)) => self.single(operand, key.clone())?,
                    None => self.single(operand, call_at(operand)?)?,
                });
            }
            self.add_operation(expr, &operands)?;
        }
        Ok(())
    }

    /// The block `key`, which is the value of `expr`, as a layer of one block: that is what an operation can take.
    fn single(&mut self, expr: &Expr, key: Key) -> Result<Lowered> {
        if let Some(single) = self.singles.get(expr) {
            return Ok(single.clone());
        }
        let name = Name::new(&format!("value-{}-of-{}", self.singles.len(), key.name));
        let layer = Layer::from(Raw::alias(key)?);
        let lowered = Lowered { name: name.clone(), grid: layer.grid().clone() };
        self.plan.graph.insert(name, layer)?;
        self.singles.insert(expr.clone(), lowered.clone());
        Ok(lowered)
    }

    fn add_operation(&mut self, expr: &Expr, operands: &[Lowered]) -> Result<()> {
        let plan = &mut self.plan;
        let n_layers = plan.graph.layers().len();
        let lowering = self.lowerings.of(expr)?;
        if let Some(key) = lowering.block(expr, operands)? {
            self.found.insert(expr.clone(), Wanted::Block(key));
            return Ok(());
        }
        let found = lowering.lower(expr, operands, self.context, &mut plan.graph)?;
        if plan.graph.layer(&found.name).map(|layer| Layer::grid(layer)) != Some(&found.grid) {
            let what = format!("{expr:?} was said to become {} of {} blocks", found.name, found.grid);
            return Err(ErrorKind::InvalidGraph(what).into());
        }
        if *expr.annotations() != Param::Null {
            let fresh = plan.graph.layers()[n_layers..].iter();
            plan.annotations.extend(fresh.map(|(name, _)| (name.clone(), expr.annotations().clone())));
        }
        let n_bytes = expr.known_meta().and_then(|meta| meta.n_bytes());
        plan.n_bytes_all = plan.n_bytes_all.zip(n_bytes).map(|(all, n_bytes)| all.saturating_add(n_bytes));
        if let Some(n_bytes) = n_bytes {
            plan.n_bytes.insert(found.name.clone(), n_bytes);
        }
        self.found.insert(expr.clone(), Wanted::Blocks(found));
        Ok(())
    }

    /// Where the value of `expr` is.
    pub(crate) fn find(&self, expr: &Expr) -> Option<&Wanted> {
        self.found.get(expr)
    }
}
