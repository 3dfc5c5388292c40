//! The way from expressions to layers, assembled at the top from what each collection brings.

use std::sync::Arc;

use raskt_core::{Name, Result, Token};
use raskt_graph::explain::Explanation;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::call::Keys;
use crate::context::{Bounds, Context};
use crate::explain;
use crate::expr::Expr;
use crate::gather::{Gathered, gather};
use crate::library::{Library, NoLibrary};
use crate::lower::{Lower, Lowering, Lowerings, Plan, Wanted, is_as_written};
use crate::operation::{Operations, Way};
use crate::rewrite::{self, Pass, RewriteOptions, Rewritten, Rule, Rules, Sharing};
use crate::strata::Strata;

/// Most tasks of a graph that is expanded for people to read.
const N_EXPLAINED_MAX: u64 = 10_000;

/// What two parts share may be found to be needed by nobody else only once both have been rewritten: most rounds of that.
const N_ROUNDS_MAX: usize = 8;

/// Simplifies and lowers the expressions of all collections that it was told of.
#[derive(Clone)]
pub struct Planner {
    /// What each operation is.
    pub operations: Operations,
    /// Which way operations are to take.
    pub way: Way,
    /// The ways of collections that have one of their own.
    pub ways: Vec<(Name, Way)>,
    /// Bounds of rewriting.
    pub options: RewriteOptions,
    library: Arc<dyn Library>,
    rules: Rules,
    sharing: Vec<Arc<dyn Sharing>>,
    passes: Vec<(Name, Arc<dyn Pass>)>,
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
            ways: Vec::new(),
            options: RewriteOptions::default(),
            library,
            rules: Rules::default(),
            sharing: Vec::new(),
            passes: Vec::new(),
            lowerings: Lowerings::default(),
        }
    }

    /// Adds a rule for the expressions of `collection`, behind those that it has.
    pub fn add_rule(&mut self, collection: impl Into<Name>, rule: impl Rule + 'static) {
        self.rules.add(collection, Arc::new(rule));
    }

    /// Adds what a collection knows of who else needs an expression.
    pub fn add_sharing(&mut self, sharing: impl Sharing + 'static) {
        self.sharing.push(Arc::new(sharing));
    }

    /// Adds a pass of `collection`, behind those that there are. It runs where there are expressions of that collection, and
    /// sees those of others, too.
    pub fn add_pass(&mut self, collection: impl Into<Name>, pass: impl Pass + 'static) {
        self.passes.push((collection.into(), Arc::new(pass)));
    }

    /// The same planner without the rules and passes of such names.
    #[must_use]
    pub fn without(&self, names: &[&str]) -> Self {
        let kept = |(_, pass): &&(Name, Arc<dyn Pass>)| !names.contains(&pass.name());
        let passes = self.passes.iter().filter(kept).cloned().collect();
        Self { rules: self.rules.without(|rule| names.contains(&rule)), passes, ..self.clone() }
    }

    /// What can be left out of the planning of `collection`: the names of its rules and passes, in the order in which they
    /// are tried.
    #[must_use]
    pub fn steps(&self, collection: &str) -> Vec<&'static str> {
        let passes = self.passes.iter().filter(|(of, _)| of.as_str() == collection);
        self.rules.names(collection).chain(passes.map(|(_, pass)| pass.name())).collect()
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
            ways: &self.ways,
            shared: None,
            bounds: Bounds::default(),
        }
    }

    /// Expressions of the same values, as the rules of their collections like them best.
    ///
    /// # Errors
    /// What rules return; an error that names the rule, where rules come to no end.
    pub fn simplify(&self, roots: &[Expr]) -> Result<Rewritten> {
        let mut all = self.simplify_sharing(roots, self.shared(roots)?)?;
        for _ in 1..N_ROUNDS_MAX {
            if !self.sharing.iter().any(|sharing| sharing.may_loosen(&all)) {
                break;
            }
            let next = self.simplify_sharing(&all.roots, self.shared(&all.roots)?)?;
            let is_done = next.roots == all.roots;
            all.add(next);
            if is_done {
                break;
            }
        }
        Ok(all)
    }

    /// The expressions of which several need all.
    fn shared(&self, roots: &[Expr]) -> Result<FxHashSet<Token>> {
        let mut shared = FxHashSet::default();
        for sharing in &self.sharing {
            shared.extend(sharing.shared(roots, &self.context())?);
        }
        Ok(shared)
    }

    /// [`Planner::simplify`] in one round, where others need all of the expressions `shared`; see [`Context::is_shared`].
    ///
    /// # Errors
    /// As [`Planner::simplify`].
    pub fn simplify_sharing(&self, roots: &[Expr], shared: FxHashSet<Token>) -> Result<Rewritten> {
        rewrite::rewrite(roots, shared, &self.rules, &self.context(), &self.options)
    }

    /// The passes of the collections that there are among what has been gathered.
    fn passes_for(&self, gathered: &Gathered) -> Vec<&dyn Pass> {
        let is_there = |of: &Name| gathered.operations().iter().any(|expr| expr.collection() == of);
        let passes = self.passes.iter().filter(|(of, _)| is_there(of));
        passes.map(|(_, pass)| &**pass).collect()
    }

    /// What the passes make of `roots`.
    fn passed(&self, roots: Vec<Expr>, gathered: &Gathered) -> Result<Vec<Expr>> {
        let mut passes = self.passes_for(gathered).into_iter();
        passes.try_fold(roots, |roots, pass| pass.apply(&roots, &self.context()))
    }

    /// The layers of `roots`: the expressions of several collections, and calls, become one graph, shared parts once.
    ///
    /// # Errors
    /// As [`gather`] with no other knowledge than the calls' own keys, and as [`Planner::plan_gathered`].
    pub fn plan(&self, roots: &[Expr]) -> Result<Plan> {
        self.plan_within(roots, Bounds::default())
    }

    /// [`Planner::plan`] for a computation that may take so much.
    ///
    /// # Errors
    /// As [`Planner::plan`].
    pub fn plan_within(&self, roots: &[Expr], bounds: Bounds) -> Result<Plan> {
        self.plan_gathered(gather(roots, &mut Keys::default())?, bounds)
    }

    /// The layers of what has been gathered: operations are simplified together, those on both sides of a call included,
    /// and lowered by their collections; calls become raw layers.
    ///
    /// # Errors
    /// What rules, operations and lowerings return; [`ErrorKind::InvalidGraph`](raskt_core::ErrorKind::InvalidGraph) for a
    /// call that takes an operation of several blocks.
    pub fn plan_gathered(&self, gathered: Gathered, bounds: Bounds) -> Result<Plan> {
        if !gathered.has_operations() {
            return Plan::of_calls(gathered.into_table());
        }
        let rows = gathered.wanted();
        let written = operations_at(&gathered, &rows);
        let exprs = match written.iter().any(is_as_written) {
            true => written,
            false => self.passed(self.simplify(&written)?.roots, &gathered)?,
        };
        self.lower(&gathered, &rows, &exprs, bounds)
    }

    /// The plan in which `exprs` take the places of the operations at `rows`.
    fn lower(&self, gathered: &Gathered, rows: &[u32], exprs: &[Expr], bounds: Bounds) -> Result<Plan> {
        let context = Context { bounds, ..self.context() };
        let strata = Strata::new(gathered);
        let mut lowering = Lowering::new(&self.lowerings, &context);
        lowering.add(exprs, &|call| strata.key_of(call))?;
        let at: FxHashMap<u32, &Expr> = rows.iter().copied().zip(exprs).collect();
        let mut plan = std::mem::take(&mut lowering.plan);
        plan.n_bytes_all = plan.n_bytes_all.filter(|_| gathered.ends_with_calls());
        let operation_at = |row: u32| at.get(&row).and_then(|expr| lowering.find(expr)).cloned();
        strata.add_to(&mut plan.graph, &operation_at)?;
        let wanted = |&row: &u32| match operation_at(row) {
            Some(wanted) => Some(wanted),
            None => strata.key_at(row).map(Wanted::Block),
        };
        plan.roots = gathered.table().outputs().iter().filter_map(wanted).collect();
        plan.excesses = self.lowerings.excesses(exprs, &context)?;
        Ok(plan)
    }

    /// What becomes of `roots`, as text: the expressions, the rules that fired, what is left, what passes make of it, the
    /// layers, and what the tasks run (in graphs of up to 10,000).
    ///
    /// # Errors
    /// As [`Planner::plan`].
    pub fn explain(&self, roots: &[Expr]) -> Result<String> {
        self.explain_within(roots, Bounds::default())
    }

    /// [`Planner::explain`] for a computation that may take so much.
    ///
    /// # Errors
    /// As [`Planner::plan`].
    pub fn explain_within(&self, roots: &[Expr], bounds: Bounds) -> Result<String> {
        let gathered = gather(roots, &mut Keys::default())?;
        let rows = gathered.wanted();
        let written = operations_at(&gathered, &rows);
        let rewritten = self.simplify(&written)?;
        let mut text = Explanation::default();
        let mut section = |title: &str, body: &str| {
            text.note(title);
            text.note(&explain::indented(body));
        };
        section("expressions", &explain::expressions(roots));
        if !rewritten.counts.is_empty() {
            section("simplified by", &explain::rules(&rewritten));
            section("simplified", &explain::expressions(&rewritten.roots));
        }
        let mut exprs = rewritten.roots;
        for pass in self.passes_for(&gathered) {
            let before = std::mem::take(&mut exprs);
            exprs = pass.apply(&before, &self.context())?;
            if exprs != before {
                section(pass.title(), &explain::expressions(&exprs));
            }
        }
        let plan = self.lower(&gathered, &rows, &exprs, bounds)?;
        text.layers(&plan.graph, |name| plan.n_bytes.get(name).copied());
        if plan.graph.layers().iter().map(|(_, layer)| layer.n_tasks_max()).sum::<u64>() <= N_EXPLAINED_MAX {
            text.tasks("expanded", &*plan.table()?);
        }
        Ok(text.to_string())
    }
}

/// The operations at `rows`.
fn operations_at(gathered: &Gathered, rows: &[u32]) -> Vec<Expr> {
    rows.iter().filter_map(|&row| gathered.operation_at(row)).cloned().collect()
}
