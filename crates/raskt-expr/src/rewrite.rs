//! Rewriting: rules applied from the operands upwards, until none has anything more to say.

use std::sync::Arc;

use raskt_core::{ErrorKind, Name, Result, Token};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::context::Context;
use crate::expr::Expr;

/// A rule of one collection: sees an expression whose operands have been rewritten already, and may have a better one.
///
/// A rule is a function of the expression, and of whether others need its operands: asked twice, it says the same.
pub trait Rule: Send + Sync {
    /// Its name, as `explain()` and errors have it.
    fn name(&self) -> &'static str;

    /// An expression of the same value, in the same blocks, to take the place of `expr`; `None` to leave it.
    ///
    /// # Errors
    /// Where it cannot tell because something it asked for failed.
    fn apply(&self, expr: &Expr, context: &Context<'_>) -> Result<Option<Expr>>;
}

/// What a collection knows of who else needs an expression: the part that one wants of what others need whole anyway had
/// better be taken of the whole.
pub trait Sharing: Send + Sync {
    /// The expressions among those of `roots` of which several need all.
    ///
    /// # Errors
    /// What the operations' rules return.
    fn shared(&self, roots: &[Expr], context: &Context<'_>) -> Result<FxHashSet<Token>>;

    /// Whether rewriting once more may find less shared than it was `before`.
    fn may_loosen(&self, before: &Rewritten) -> bool;
}

/// A step of a collection's planning that sees all expressions at once, behind the rules.
pub trait Pass: Send + Sync {
    /// The name by which it is left out.
    fn name(&self) -> &'static str;

    /// What `explain()` calls the expressions behind it.
    fn title(&self) -> &'static str;

    /// What takes the place of `roots`: expressions of the same values in the same blocks.
    ///
    /// # Errors
    /// Where something that it asked for failed.
    fn apply(&self, roots: &[Expr], context: &Context<'_>) -> Result<Vec<Expr>>;
}

/// The rules of each collection, in the order in which they are tried.
#[derive(Clone, Default)]
pub struct Rules {
    of: FxHashMap<Name, Vec<Arc<dyn Rule>>>,
}

impl Rules {
    /// Adds a rule for the expressions of `collection`.
    pub fn add(&mut self, collection: impl Into<Name>, rule: Arc<dyn Rule>) {
        self.of.entry(collection.into()).or_default().push(rule);
    }

    /// The same, but for those of which `is_left_out` says so.
    #[must_use]
    pub fn without(&self, is_left_out: impl Fn(&str) -> bool) -> Self {
        let kept = |rules: &Vec<Arc<dyn Rule>>| {
            rules.iter().filter(|rule| !is_left_out(rule.name())).cloned().collect::<Vec<_>>()
        };
        Self { of: self.of.iter().map(|(collection, rules)| (collection.clone(), kept(rules))).collect() }
    }

    /// The names of the rules of `collection`, in the order in which they are tried.
    pub fn names(&self, collection: &str) -> impl Iterator<Item = &'static str> {
        self.of.get(&Name::new(collection)).into_iter().flatten().map(|rule| rule.name())
    }

    fn of(&self, expr: &Expr) -> &[Arc<dyn Rule>] {
        self.of.get(expr.collection()).map_or(&[], Vec::as_slice)
    }
}

/// Bounds of rewriting: what no honest set of rules reaches.
#[derive(Clone, Copy, Debug)]
pub struct RewriteOptions {
    /// How often the expression in one place may be replaced.
    pub n_replacements_max: u32,
    /// How often rules may fire for each expression that there was at first, and 100 times that many besides.
    pub n_steps_per_expr_max: u64,
    /// The most firings that are recorded; the others are counted only.
    pub n_recorded_max: usize,
}

impl Default for RewriteOptions {
    fn default() -> Self {
        Self { n_replacements_max: 1000, n_steps_per_expr_max: 1000, n_recorded_max: 1000 }
    }
}

/// A rule fired.
#[derive(Clone, Debug)]
pub struct Firing {
    /// Its name.
    pub rule: &'static str,
    /// What it found.
    pub before: Expr,
    /// What it made of it.
    pub after: Expr,
}

/// What came of rewriting.
#[derive(Clone, Debug)]
pub struct Rewritten {
    /// What the roots became, in their order.
    pub roots: Vec<Expr>,
    /// How often each rule fired, in the order in which they first did.
    pub counts: Vec<(&'static str, u64)>,
    /// The first firings.
    pub firings: Vec<Firing>,
}

impl Rewritten {
    /// Goes on to what came of rewriting `self.roots`.
    pub(crate) fn add(&mut self, next: Self) {
        self.roots = next.roots;
        self.firings.extend(next.firings);
        for (rule, n) in next.counts {
            match self.counts.iter_mut().find(|(name, _)| *name == rule) {
                Some((_, count)) => *count += n,
                None => self.counts.push((rule, n)),
            }
        }
    }
}

/// Rewrites the operations `roots`, and all operations that they are made of, until no rule changes anything. A call is a
/// source here: the operations below it are roots of their own. Shared parts are rewritten once. What
/// becomes of an expression of `shared` is shared as well.
///
/// # Errors
/// [`ErrorKind::InvalidGraph`], naming the rule, where rules come to no end; and what rules return.
pub fn rewrite(
    roots: &[Expr],
    shared: FxHashSet<Token>,
    rules: &Rules,
    context: &Context<'_>,
    options: &RewriteOptions,
) -> Result<Rewritten> {
    let n_exprs = crate::traverse::operations(roots).len() as u64;
    let mut rewriter = Rewriter {
        rules,
        context,
        shared,
        options,
        n_steps: 0,
        n_steps_max: options.n_steps_per_expr_max.saturating_mul(n_exprs + 100),
        done: FxHashMap::default(),
        doing: FxHashSet::default(),
        path: Vec::new(),
        rewritten: Rewritten { roots: Vec::new(), counts: Vec::new(), firings: Vec::new() },
    };
    for root in roots {
        let after = rewriter.normal_form(root)?;
        rewriter.rewritten.roots.push(after);
    }
    Ok(rewriter.rewritten)
}

struct Rewriter<'a> {
    rules: &'a Rules,
    context: &'a Context<'a>,
    /// Expressions of which others need all.
    shared: FxHashSet<Token>,
    options: &'a RewriteOptions,
    n_steps: u64,
    n_steps_max: u64,
    /// What expressions became.
    done: FxHashMap<Token, Expr>,
    /// Expressions that wait for what they become.
    doing: FxHashSet<Token>,
    path: Vec<Place>,
    rewritten: Rewritten,
}

/// A place in the tree, where one expression takes another's place until no rule fires.
struct Place {
    expr: Expr,
    /// The operands that are done.
    operands: Vec<Expr>,
    /// The tokens of all expressions that were here.
    tokens: Vec<Token>,
    /// The rule that put the present one here.
    rule: Option<&'static str>,
}

impl Place {
    fn new(expr: Expr) -> Self {
        let (operands, tokens) = (Vec::with_capacity(expr.operands().len()), vec![expr.token()]);
        Self { expr, operands, tokens, rule: None }
    }
}

impl Rewriter<'_> {
    fn normal_form(&mut self, root: &Expr) -> Result<Expr> {
        if !root.is_operation() {
            return Ok(root.clone());
        }
        if let Some(done) = self.done.get(&root.token()) {
            return Ok(done.clone());
        }
        self.enter(root.clone())?;
        let mut last = root.clone();
        while let Some(place) = self.path.last_mut() {
            match place.expr.operands().get(place.operands.len()).cloned() {
                Some(call) if !call.is_operation() => place.operands.push(call),
                Some(operand) => match self.done.get(&operand.token()) {
                    Some(done) => place.operands.push(done.clone()),
                    None => self.enter(operand)?,
                },
                None => {
                    if let Some(done) = self.step()? {
                        last = done;
                    }
                }
            }
        }
        Ok(last)
    }

    fn enter(&mut self, expr: Expr) -> Result<()> {
        if !self.doing.insert(expr.token()) {
            return Err(self.endless());
        }
        self.path.push(Place::new(expr));
        Ok(())
    }

    /// Tries the rules on the last place, whose operands are done; the expression that stays there, if one does.
    fn step(&mut self) -> Result<Option<Expr>> {
        let Some(place) = self.path.last_mut() else { return Ok(None) };
        let expr = place.expr.with_equal_operands(std::mem::take(&mut place.operands))?;
        if expr != place.expr {
            if let Some(done) = self.done.get(&expr.token()) {
                let done = done.clone();
                return Ok(Some(self.leave(done)));
            }
            let token = expr.token();
            place.tokens.push(token);
            place.expr = expr.clone();
            if !self.doing.insert(token) {
                return Err(self.endless());
            }
        }
        let Some((rule, better)) = self.fire(&expr)? else { return Ok(Some(self.leave(expr))) };
        self.record(rule, &expr, &better);
        if let Some(done) = self.done.get(&better.token()) {
            let done = done.clone();
            return Ok(Some(self.leave(done)));
        }
        if let Some(place) = self.path.last_mut() {
            place.rule = Some(rule);
            place.tokens.push(better.token());
            place.expr = better.clone();
            let too_often = place.tokens.len() > self.options.n_replacements_max as usize;
            if !self.doing.insert(better.token()) || too_often || self.n_steps > self.n_steps_max {
                return Err(self.endless());
            }
        }
        Ok(None)
    }

    /// The first rule that has something else to say about `expr`.
    fn fire(&self, expr: &Expr) -> Result<Option<(&'static str, Expr)>> {
        let context = Context { shared: Some(&self.shared), ..*self.context };
        for rule in self.rules.of(expr) {
            // A call is no operation: it cannot take the place of one that others read by its blocks.
            let better = rule.apply(expr, &context)?.filter(|better| better != expr && better.is_operation());
            if let Some(better) = better {
                return Ok(Some((rule.name(), better)));
            }
        }
        Ok(None)
    }

    /// Ends the last place, where `result` stays.
    fn leave(&mut self, result: Expr) -> Expr {
        if let Some(place) = self.path.pop() {
            if !self.shared.is_empty() && place.tokens.iter().any(|token| self.shared.contains(token)) {
                self.shared.insert(result.token());
            }
            for token in place.tokens {
                self.doing.remove(&token);
                self.done.insert(token, result.clone());
            }
        }
        // It is its own normal form, also where it was met as another expression's.
        self.done.insert(result.token(), result.clone());
        result
    }

    fn record(&mut self, rule: &'static str, before: &Expr, after: &Expr) {
        self.n_steps += 1;
        let Rewritten { counts, firings, .. } = &mut self.rewritten;
        match counts.iter_mut().find(|(name, _)| *name == rule) {
            Some((_, n)) => *n += 1,
            None => counts.push((rule, 1)),
        }
        if firings.len() < self.options.n_recorded_max {
            firings.push(Firing { rule, before: before.clone(), after: after.clone() });
        }
    }

    /// The error for rules that put an expression where it was before, or ever more expressions.
    fn endless(&self) -> raskt_core::Error {
        let last = self.path.iter().rev().find_map(|place| place.rule.map(|rule| (rule, &place.expr)));
        let what = match last {
            Some((rule, expr)) => {
                let counts: Vec<String> =
                    self.rewritten.counts.iter().map(|(rule, n)| format!("{rule} {n} times")).collect();
                format!("the rule {rule} comes to no end at {expr:?} (fired: {})", counts.join(", "))
            }
            None => "rewriting comes to no end".to_owned(),
        };
        ErrorKind::InvalidGraph(what).into()
    }
}
