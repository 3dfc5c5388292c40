//! Which expressions become one program, and the program that they are.

use raskt_core::{Fit, Param, Result};
use raskt_expr::{Context, Draft, Expr, LABEL, Pass, operations};
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use super::program::Step;
use super::table::{COMBINED, OPERATION, parameters};
use crate::FrameMeta;
use crate::arguments::{get, text};
use crate::groupby::GROUPBY;
use crate::operations::{COLLECTION, is_native, row_of};
use crate::reductions::REDUCE;
use crate::rowwise::{ASSIGN, BINS, COLUMN, COLUMNS, FILTER, METHOD, RELABEL};
use crate::source::{READ_CSV, READ_PARQUET};

/// The name of the pass, by which it is left out.
pub const FRAGMENTS: &str = "fragments";

/// The most steps that all are named in what their program is called.
const N_STEPS_NAMED: usize = 6;

/// Makes one program of each chain of native work on the same rows.
pub(crate) struct Fragments;

impl Pass for Fragments {
    fn name(&self) -> &'static str {
        FRAGMENTS
    }

    fn title(&self) -> &'static str {
        "in fragments"
    }

    fn apply(&self, roots: &[Expr], context: &Context<'_>) -> Result<Vec<Expr>> {
        let sorted: Vec<Expr> = operations(roots).into_iter().cloned().collect();
        let homes = Homes::decide(&sorted, roots, context)?;
        let mut making = Making { homes: &homes, context, made: FxHashMap::default() };
        for expr in sorted.iter().filter(|expr| !homes.is_inlined(expr)) {
            let made = making.make(expr)?;
            making.made.insert(expr.clone(), made);
        }
        Ok(roots.iter().map(|root| making.stand_in(root)).collect())
    }
}

/// What an expression can be in a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// What reads a part of a file.
    Reader,
    /// What works row by row.
    Step,
    /// What makes a partial result of each partition, which is where a program ends.
    Chunk,
}

/// The part of a program that `expr` can be; `None` where it is no native work on the rows of a partition.
fn part(expr: &Expr, context: &Context<'_>) -> Result<Option<Part>> {
    if expr.collection().as_str() != COLLECTION {
        return Ok(None);
    }
    let part = match expr.operation().as_str() {
        READ_PARQUET | READ_CSV => Part::Reader,
        COLUMN | COLUMNS | FILTER | ASSIGN | BINS | RELABEL | METHOD => Part::Step,
        REDUCE | GROUPBY => Part::Chunk,
        _ => return Ok(None),
    };
    let is = is_plain(expr.parameters()) && is_native(row_of(expr)?, expr, context)?;
    Ok(is.then_some(part))
}

/// Whether a parameter holds no object, of which somebody else has to tell what it is.
fn is_plain(param: &Param) -> bool {
    match param {
        Param::Value(_) => false,
        Param::List(items) => items.iter().all(is_plain),
        Param::Map(entries) => entries.iter().all(|(_, value)| is_plain(value)),
        _ => true,
    }
}

/// Which programs there are, by the expressions in which they end.
struct Homes {
    parts: FxHashMap<Expr, Part>,
    of: FxHashMap<Expr, Expr>,
    /// The expressions of each program but the last, operands first.
    members: FxHashMap<Expr, Vec<Expr>>,
}

impl Homes {
    /// An expression joins a program where all users are parts of the same one, of as many partitions, and where the same has
    /// been said of their tasks.
    fn decide(sorted: &[Expr], roots: &[Expr], context: &Context<'_>) -> Result<Self> {
        let is_root: FxHashSet<&Expr> = roots.iter().collect();
        let mut users: FxHashMap<&Expr, SmallVec<[&Expr; 2]>> = FxHashMap::default();
        for expr in sorted {
            for (at, operand) in expr.operands().iter().enumerate() {
                if operand.is_operation() && !expr.operands()[..at].contains(operand) {
                    users.entry(operand).or_default().push(expr);
                }
            }
        }
        let mut homes =
            Self { parts: FxHashMap::default(), of: FxHashMap::default(), members: FxHashMap::default() };
        // Users come before what they use.
        for expr in sorted.iter().rev() {
            let Some(part) = part(expr, context)? else { continue };
            homes.parts.insert(expr.clone(), part);
            let users = users.get(expr).map(SmallVec::as_slice).unwrap_or_default();
            let home = match is_root.contains(expr) || part == Part::Chunk {
                true => None,
                false => homes.common(expr, users, context)?,
            };
            if let Some(home) = &home {
                homes.members.entry(home.clone()).or_default().push(expr.clone());
            }
            homes.of.insert(expr.clone(), home.unwrap_or_else(|| expr.clone()));
        }
        homes.members.values_mut().for_each(|members| members.reverse());
        Ok(homes)
    }

    fn common(&self, expr: &Expr, users: &[&Expr], context: &Context<'_>) -> Result<Option<Expr>> {
        let Some(home) = users.first().and_then(|user| self.of.get(*user)) else { return Ok(None) };
        let is_together =
            |user: &&Expr| self.of.get(*user) == Some(home) && user.annotations() == expr.annotations();
        if !users.iter().all(is_together) || home == expr {
            return Ok(None);
        }
        let n_partitions =
            |expr: &Expr| Ok::<_, raskt_core::Error>(FrameMeta::n_partitions(context.meta(expr)?));
        let of_home = match self.parts.get(home) {
            Some(Part::Chunk) => n_partitions(&home.operands()[0])?,
            _ => n_partitions(home)?,
        };
        Ok((n_partitions(expr)? == of_home).then(|| home.clone()))
    }

    fn is_inlined(&self, expr: &Expr) -> bool {
        self.of.get(expr).is_some_and(|home| home != expr)
    }
}

struct Making<'a> {
    homes: &'a Homes,
    context: &'a Context<'a>,
    made: FxHashMap<Expr, Expr>,
}

impl Making<'_> {
    fn stand_in(&self, expr: &Expr) -> Expr {
        self.made.get(expr).unwrap_or(expr).clone()
    }

    /// What stands for `expr`, whose operands have been made unless they are part of its program.
    fn make(&self, expr: &Expr) -> Result<Expr> {
        let Some(members) = self.homes.members.get(expr) else {
            return expr.with_equal_operands(expr.operands().iter().map(|one| self.stand_in(one)).collect());
        };
        let mut writing = Writing {
            making: self,
            inputs: Vec::new(),
            at: FxHashMap::default(),
            steps: Vec::new(),
            reads: Vec::new(),
            names: Vec::new(),
        };
        writing.read(members, expr);
        members.iter().try_for_each(|member| writing.step(member))?;
        let meta = self.context.meta(expr)?;
        let own = FrameMeta::of(meta)?;
        if self.homes.parts.get(expr) != Some(&Part::Chunk) {
            writing.step(expr)?;
            let schema = Some(&own.schema);
            return writing.finish(expr, FrameMeta::n_partitions(meta), schema, Some(meta.clone()));
        }
        let n_partitions = FrameMeta::n_partitions(self.context.meta(&expr.operands()[0])?);
        let tree = match expr.operation().as_str() {
            REDUCE => crate::reductions::tree_of(expr, self.context)?,
            _ => crate::groupby::tree_of(expr),
        };
        writing.push(expr, tree.chunk, tree.parameters.clone())?;
        let partials = writing.finish(expr, n_partitions, None, None)?;
        let names = [tree.combine, tree.aggregate].map(|name| Param::Str(name.into()));
        let label = expr.parameters().get("name").and_then(Param::as_str);
        let parameters = Param::map([
            ("bodies", Param::List(names.into())),
            ("parameters", tree.parameters),
            ("schema", own.schema.to_param()),
            (LABEL, Param::Str(label.unwrap_or_else(|| expr.operation().as_str()).into())),
        ]);
        finished(expr, COMBINED, vec![partials], parameters, Some(meta.clone()))
    }
}

fn finished(
    of: &Expr,
    operation: &str,
    operands: Vec<Expr>,
    parameters: Param,
    meta: Option<raskt_expr::Meta>,
) -> Result<Expr> {
    let annotations = of.annotations().clone();
    Draft { operands, parameters, annotations, meta, ..Draft::new(COLLECTION, operation) }.finish()
}

/// Writes one program.
struct Writing<'a> {
    making: &'a Making<'a>,
    /// What the program takes.
    inputs: Vec<Expr>,
    /// The number of each value.
    at: FxHashMap<Expr, usize>,
    steps: Vec<Param>,
    /// The parts of each reader.
    reads: Vec<Param>,
    names: Vec<String>,
}

impl Writing<'_> {
    /// Numbers what the program that ends in `last` takes.
    fn read(&mut self, members: &[Expr], last: &Expr) {
        let is_member: FxHashSet<&Expr> = members.iter().collect();
        let operands = members.iter().chain([last]).flat_map(Expr::operands);
        for operand in operands.filter(|operand| !is_member.contains(operand)) {
            let number = self.inputs.len();
            self.at.entry(operand.clone()).or_insert_with(|| {
                self.inputs.push(self.making.stand_in(operand));
                number
            });
        }
    }

    fn step(&mut self, expr: &Expr) -> Result<()> {
        let row = row_of(expr)?;
        let parameters = match self.making.homes.parts.get(expr) {
            Some(Part::Reader) => {
                self.reads.push(get(expr.parameters(), "parts").clone());
                Param::Int((self.reads.len() - 1).fit::<i64>())
            }
            _ => expr.parameters().clone(),
        };
        self.push(expr, &format!("{COLLECTION}.{}", row.name), parameters)
    }

    /// Adds the step of `expr` that runs `kernel`.
    fn push(&mut self, expr: &Expr, kernel: &str, parameters: Param) -> Result<()> {
        let operands = expr.operands().iter().filter_map(|operand| self.at.get(operand).copied()).collect();
        self.at.insert(expr.clone(), self.inputs.len() + self.steps.len());
        self.steps.push(Step { kernel: kernel.into(), parameters, operands }.to_param());
        match expr.operation().as_str() {
            COLUMN | COLUMNS => {}
            METHOD | REDUCE => self.names.push(text(expr.parameters(), "name")?.trim_matches('_').to_owned()),
            name => self.names.push(name.to_owned()),
        }
        Ok(())
    }

    fn finish(
        self,
        of: &Expr,
        n_partitions: u64,
        schema: Option<&crate::Schema>,
        meta: Option<raskt_expr::Meta>,
    ) -> Result<Expr> {
        let names = match &self.names[..] {
            [first, second, .., last] if self.names.len() > N_STEPS_NAMED => {
                format!("{first}-{second}-etc-{last}")
            }
            [] => COLUMNS.to_owned(),
            names => names.join("-"),
        };
        let parameters = parameters(self.steps, self.reads, n_partitions, schema);
        let all = parameters.into_iter().chain([(LABEL, Param::Str(names.into()))]);
        finished(of, OPERATION, self.inputs, Param::map(all), meta)
    }
}
