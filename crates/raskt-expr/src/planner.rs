//! The way from expressions to layers, assembled at the top from what each collection brings.

use std::sync::Arc;

use raskt_core::{Name, Result, Token};
use raskt_graph::explain::Explanation;
use rustc_hash::FxHashSet;

use crate::context::{Bounds, Context};
use crate::explain;
use crate::expr::Expr;
use crate::library::{Library, NoLibrary};
use crate::lower::{self, Lower, Lowerings, Plan};
use crate::operation::{Operations, Way};
use crate::rewrite::{self, RewriteOptions, Rewritten, Rule, Rules};

/// Simplifies and lowers the expressions of all collections that it was told of.
#[derive(Clone)]
pub struct Planner {
    /// What each operation is.
    pub operations: Operations,
    /// Which way operations are to take.
    pub way: Way,
    /// Bounds of rewriting.
    pub options: RewriteOptions,
    /// Names of what planning leaves out beside rules: steps of a collection's own.
    left_out: Vec<Name>,
    library: Arc<dyn Library>,
    rules: Rules,
    lowerings: Lowerings,
}

impl Default for Planner {
    fn default() -> Self {
        Self::new(Arc::new(NoLibrary))
    }
}

impl Planner {
    /// A planner that knows no collection, and asks `library` about library functions.
    #[must_use]
    pub fn new(library: Arc<dyn Library>) -> Self {
        Self {
            operations: Operations::default(),
            way: Way::Preferred,
            options: RewriteOptions::default(),
            left_out: Vec::new(),
            library,
            rules: Rules::default(),
            lowerings: Lowerings::default(),
        }
    }

    /// Adds a rule for the expressions of `collection`, behind those that it has.
    pub fn add_rule(&mut self, collection: impl Into<Name>, rule: impl Rule + 'static) {
        self.rules.add(collection, Arc::new(rule));
    }

    /// The same planner without the rules, and the steps of collections, of such names.
    #[must_use]
    pub fn without(&self, names: &[&str]) -> Self {
        let left_out = names.iter().map(|name| Name::new(name)).collect();
        Self { rules: self.rules.without(|rule| names.contains(&rule)), left_out, ..self.clone() }
    }

    /// Whether a step of a collection's planning is left out.
    #[must_use]
    pub fn leaves_out(&self, name: &str) -> bool {
        self.left_out.iter().any(|left_out| left_out.as_str() == name)
    }

    /// The names of the rules of `collection`, in the order in which they are tried.
    pub fn rule_names(&self, collection: &str) -> impl Iterator<Item = &'static str> {
        self.rules.names(collection)
    }

    /// Says how the expressions of `collection` are lowered.
    ///
    /// # Errors
    /// [`ErrorKind::KeyClash`](raskt_core::ErrorKind::KeyClash) where that has been said.
    pub fn add_lowering(
        &mut self,
        collection: impl Into<Name>,
        lowering: impl Lower + 'static,
    ) -> Result<()> {
        self.lowerings.add(collection, Arc::new(lowering))
    }

    /// What rules and lowerings may ask.
    #[must_use]
    pub fn context(&self) -> Context<'_> {
        Context {
            operations: &self.operations,
            library: &*self.library,
            way: self.way,
            shared: None,
            bounds: Bounds::default(),
        }
    }

    /// Expressions of the same values, as the rules of their collections like them best.
    ///
    /// # Errors
    /// What rules return; an error that names the rule, where rules come to no end.
    pub fn simplify(&self, roots: &[Expr]) -> Result<Rewritten> {
        self.simplify_sharing(roots, FxHashSet::default())
    }

    /// [`Planner::simplify`], where others need all of the expressions `shared`; see [`Context::is_shared`].
    ///
    /// # Errors
    /// As [`Planner::simplify`].
    pub fn simplify_sharing(&self, roots: &[Expr], shared: FxHashSet<Token>) -> Result<Rewritten> {
        rewrite::rewrite(roots, shared, &self.rules, &self.context(), &self.options)
    }

    /// The layers of `roots` as they stand.
    ///
    /// # Errors
    /// What the collections' lowerings return.
    pub fn lower(&self, roots: &[Expr]) -> Result<Plan> {
        self.lower_within(roots, Bounds::default())
    }

    /// The layers of `roots` as they stand, for a computation that may take so much.
    ///
    /// # Errors
    /// As [`Planner::lower`].
    pub fn lower_within(&self, roots: &[Expr], bounds: Bounds) -> Result<Plan> {
        lower::lower(roots, &self.lowerings, &Context { bounds, ..self.context() })
    }

    /// The layers of `roots`, simplified: several collections' expressions become one graph, shared parts once.
    ///
    /// # Errors
    /// As [`Planner::simplify`] and [`Planner::lower`].
    pub fn plan(&self, roots: &[Expr]) -> Result<Plan> {
        self.lower(&self.simplify(roots)?.roots)
    }

    /// What becomes of `roots`, as text: the expressions, the rules that fired, the expressions behind them, and their
    /// layers.
    ///
    /// # Errors
    /// As [`Planner::plan`].
    pub fn explain(&self, roots: &[Expr]) -> Result<String> {
        let rewritten = self.simplify(roots)?;
        let mut text = Explanation::default();
        text.note("expressions");
        text.note(&explain::indented(&explain::expressions(roots)));
        if !rewritten.counts.is_empty() {
            text.note("simplified by");
            text.note(&explain::indented(&explain::rules(&rewritten)));
            text.note("simplified");
            text.note(&explain::indented(&explain::expressions(&rewritten.roots)));
        }
        let plan = self.lower(&rewritten.roots)?;
        text.layers(&plan.graph, |name| plan.n_bytes.get(name).copied());
        Ok(text.to_string())
    }
}
