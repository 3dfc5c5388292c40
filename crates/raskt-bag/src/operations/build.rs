//! Expressions of bags.

use raskt_core::{ErrorKind, Param, Result, Token, Value};
use raskt_expr::{Draft, Expr, Held, NativeTokens};

use super::table::{COLLECTION, PARTITION, REDUCED, SOURCE, STEPS};

pub(super) const NAME: &str = "name";
pub(super) const N_PARTITIONS: &str = "n_partitions";
pub(super) const FUNCTIONS: &str = "functions";
pub(super) const INPUTS: &str = "inputs";
pub(super) const SPLIT_EVERY: &str = "split_every";
pub(super) const IS_BAG: &str = "is_bag";
pub(super) const NUMBER: &str = "number";

/// What becomes of the partitions of a bag that is reduced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remains {
    /// One value.
    Value,
    /// A bag of one partition.
    Bag,
}

/// How partial results become one.
#[derive(Clone, Debug)]
pub struct Tree {
    /// Called with lists of partial results; returns a partial result.
    pub combine: Value,
    /// Called with the list of the last of them.
    pub last: Value,
    /// How many are brought together at once.
    pub split_every: u32,
    /// What is left.
    pub remains: Remains,
}

/// Makes expressions of one bag.
///
/// The name says all that its partitions hold, as a hash of the functions and of what they read: functions are not looked
/// into once more.
#[derive(Clone, Copy, Debug)]
pub struct Bag<'a> {
    /// What the keys of partitions begin with.
    pub name: &'a str,
    /// What was said of its tasks; null for nothing.
    pub annotations: &'a Param,
}

impl Bag<'_> {
    /// A bag whose partitions `step` makes of `inputs`, which has something for each of them.
    ///
    /// # Errors
    /// None in practice: a name can be encoded.
    pub fn source(&self, step: Value, inputs: Value, n_partitions: u32) -> Result<Expr> {
        let inputs = (INPUTS, self.held(INPUTS, inputs)?);
        let steps = (FUNCTIONS, Param::List([self.held(FUNCTIONS, step)?].into()));
        self.make(SOURCE, Vec::new(), [inputs, steps, (N_PARTITIONS, Param::Int(n_partitions.into()))])
    }

    /// A bag of what `step` makes of each partition of the bag `before`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] where `before` is no bag.
    pub fn steps(&self, before: &Expr, step: Value) -> Result<Expr> {
        let n_partitions = (N_PARTITIONS, Param::Int(n_partitions(before)?.into()));
        let steps = (FUNCTIONS, Param::List([self.held(FUNCTIONS, step)?].into()));
        self.make(STEPS, vec![before.clone()], [steps, n_partitions])
    }

    /// What is made of the partitions of the bag `parts` by `tree`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] where `parts` is no bag.
    pub fn reduced(&self, parts: &Expr, tree: Tree) -> Result<Expr> {
        n_partitions(parts)?;
        let functions = [self.held("combine", tree.combine)?, self.held("last", tree.last)?];
        let entries = [
            (FUNCTIONS, Param::List(functions.into())),
            (SPLIT_EVERY, Param::Int(tree.split_every.into())),
            (IS_BAG, Param::Bool(tree.remains == Remains::Bag)),
            (N_PARTITIONS, Param::Int(1)),
        ];
        self.make(REDUCED, vec![parts.clone()], entries)
    }

    /// Partition `number` of `bag`, or the value that it was reduced to.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] for a partition that is not there.
    pub fn partition(bag: &Expr, number: u32) -> Result<Expr> {
        let n = n_partitions(bag)?;
        if number >= n {
            return Err(ErrorKind::InvalidValue(format!("partition {number} of {n} partitions")).into());
        }
        let parameters = Param::map([(NUMBER, Param::Int(number.into()))]);
        Draft { operands: vec![bag.clone()], parameters, ..Draft::new(COLLECTION, PARTITION) }.finish()
    }

    fn held(&self, part: &str, value: Value) -> Result<Param> {
        Ok(Held::param(Token::of(&(self.name, part))?, value))
    }

    fn make<const N: usize>(
        &self,
        operation: &str,
        operands: Vec<Expr>,
        entries: [(&str, Param); N],
    ) -> Result<Expr> {
        let name = (NAME, Param::Str(self.name.into()));
        let draft = Draft {
            operands,
            parameters: Param::map(entries.into_iter().chain([name])),
            annotations: self.annotations.clone(),
            ..Draft::new(COLLECTION, operation)
        };
        draft.finish_with(&NativeTokens)
    }
}

/// How many partitions `bag` has.
pub(super) fn n_partitions(bag: &Expr) -> Result<u32> {
    let n = bag.parameters().get(N_PARTITIONS).and_then(Param::as_int).and_then(|n| u32::try_from(n).ok());
    let is_bag = bag.collection().as_str() == COLLECTION;
    n.filter(|_| is_bag).ok_or_else(|| ErrorKind::InvalidValue(format!("{bag:?} is no bag")).into())
}
