//! Expressions: immutable nodes, of which equal ones are one object.

use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, OnceLock};

use raskt_core::encode::ForeignTokenizer;
use raskt_core::{Name, Param, Result, Token, Tokenizer};

use crate::interner;
use crate::meta::Meta;

/// An operation on operands: what is to be computed. Cloning is cheap, and so is comparing, since equal expressions
/// are one object for as long as anybody holds it.
///
/// Equal are expressions of equal content: operation, operands, parameters, annotations. Content is typed: a parameter
/// 1 is not 1.0 or true.
///
/// ```
/// use raskt_core::Param;
/// use raskt_expr::{Draft, Purity};
/// let ones = || Draft { parameters: Param::Int(1), ..Draft::new("array", "full") }.finish();
/// let sum = Draft { operands: vec![ones()?, ones()?], ..Draft::new("array", "add") }.finish()?;
/// assert_eq!(sum.operands()[0], sum.operands()[1]);
/// let random = || Draft { purity: Purity::Impure, ..Draft::new("array", "random") }.finish();
/// assert_ne!(random()?, random()?);
/// # Ok::<(), raskt_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Expr(pub(crate) Arc<Node>);

/// What an [`Expr`] points to.
pub(crate) struct Node {
    collection: Name,
    operation: Name,
    operands: Vec<Expr>,
    parameters: Param,
    annotations: Param,
    /// What tells an impure call from all others.
    salt: Option<u128>,
    /// The tokens of parameters and annotations, so that a node with other operands can be named without whoever
    /// knows the tokens of foreign objects.
    content: Token,
    token: Token,
    meta: OnceLock<Meta>,
}

/// Whether two calls with equal arguments are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Purity {
    /// They are: the result depends on the arguments only.
    #[default]
    Pure,
    /// They are not: every call is one of its own.
    Impure,
}

/// What an expression is made of; [`Draft::finish`] makes it.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The collection that it is of, whose rules and lowering apply.
    pub collection: Name,
    /// What is done, as the collection's table of operations calls it.
    pub operation: Name,
    /// What it is done to.
    pub operands: Vec<Expr>,
    /// How it is done.
    pub parameters: Param,
    /// What the user said about its tasks (priority, retries, resources); null for nothing.
    pub annotations: Param,
    /// Whether an equal call is the same.
    pub purity: Purity,
    /// What is known of the result, where that need not be asked. Not part of the content: it must follow from it.
    pub meta: Option<Meta>,
}

impl Draft {
    /// A draft of a pure call without operands and parameters.
    #[must_use]
    pub fn new(collection: impl Into<Name>, operation: impl Into<Name>) -> Self {
        Self {
            collection: collection.into(),
            operation: operation.into(),
            operands: Vec::new(),
            parameters: Param::Null,
            annotations: Param::Null,
            purity: Purity::Pure,
            meta: None,
        }
    }

    /// The expression.
    ///
    /// # Errors
    /// [`ErrorKind::NotEncodable`](raskt_core::ErrorKind::NotEncodable) for parameters with foreign objects; see
    /// [`Draft::finish_with`].
    pub fn finish(self) -> Result<Expr> {
        self.finish_by(Tokenizer::new())
    }

    /// The expression, the tokens of foreign objects among its parameters given by `foreign`.
    ///
    /// # Errors
    /// What `foreign` returns.
    pub fn finish_with(self, foreign: &dyn ForeignTokenizer) -> Result<Expr> {
        self.finish_by(Tokenizer::with_foreign(foreign))
    }

    fn finish_by(self, mut tokenizer: Tokenizer<'_>) -> Result<Expr> {
        tokenizer.write(&self.parameters)?;
        tokenizer.write(&self.annotations)?;
        let content = tokenizer.finish();
        let node = Node {
            collection: self.collection,
            operation: self.operation,
            operands: self.operands,
            parameters: self.parameters,
            annotations: self.annotations,
            salt: match self.purity {
                Purity::Pure => None,
                Purity::Impure => Some(unique()?),
            },
            content,
            token: Token(0),
            meta: self.meta.map_or_else(OnceLock::new, OnceLock::from),
        };
        node.intern()
    }
}

/// A number that no other call gets, in this process or another one.
fn unique() -> Result<u128> {
    static SEED: LazyLock<[u64; 2]> =
        LazyLock::new(|| [(); 2].map(|()| RandomState::new().build_hasher().finish()));
    static COUNT: AtomicU64 = AtomicU64::new(0);
    // A forked child has its parent's seed and count, but not its process id.
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    Token::of(&(SEED[0], SEED[1], std::process::id(), count)).map(|token| token.0)
}

impl Node {
    fn intern(mut self) -> Result<Expr> {
        let mut tokenizer = Tokenizer::new();
        tokenizer.write(&(&self.collection, &self.operation, self.content, self.salt))?;
        tokenizer.write(&(self.operands.len() as u64))?;
        self.operands.iter().try_for_each(|operand| tokenizer.write(&operand.token()))?;
        self.token = tokenizer.finish();
        Ok(interner::intern(self))
    }

    pub(crate) fn token(&self) -> Token {
        self.token
    }
}

impl Drop for Node {
    /// Frees what only this node held, without a call inside a call: chains may be a million nodes deep.
    fn drop(&mut self) {
        let mut orphans = std::mem::take(&mut self.operands);
        while let Some(orphan) = orphans.pop() {
            if let Some(mut node) = Arc::into_inner(orphan.0) {
                orphans.append(&mut node.operands);
            }
        }
    }
}

impl Expr {
    /// The collection that it is of.
    #[must_use]
    pub fn collection(&self) -> &Name {
        &self.0.collection
    }

    /// What is done.
    #[must_use]
    pub fn operation(&self) -> &Name {
        &self.0.operation
    }

    /// What it is done to.
    #[must_use]
    pub fn operands(&self) -> &[Expr] {
        &self.0.operands
    }

    /// How it is done.
    #[must_use]
    pub fn parameters(&self) -> &Param {
        &self.0.parameters
    }

    /// What the user said about its tasks.
    #[must_use]
    pub fn annotations(&self) -> &Param {
        &self.0.annotations
    }

    /// Whether an equal call is the same.
    #[must_use]
    pub fn purity(&self) -> Purity {
        self.0.salt.map_or(Purity::Pure, |_| Purity::Impure)
    }

    /// The hash of its content: equal expressions, equal tokens, in every process.
    #[must_use]
    pub fn token(&self) -> Token {
        self.0.token
    }

    /// What is known of the result, if that has been found out; see [`Context::meta`](crate::Context::meta).
    #[must_use]
    pub fn known_meta(&self) -> Option<&Meta> {
        self.0.meta.get()
    }

    /// Remembers what is known of the result; the first word counts.
    pub(crate) fn learn(&self, meta: Meta) -> &Meta {
        self.0.meta.get_or_init(|| meta)
    }

    /// The same operation on other operands, of whose result nothing is known yet. An impure call stays the call that
    /// it was.
    ///
    /// # Errors
    /// None in practice: the content has been encoded before.
    pub fn with_operands(&self, operands: Vec<Expr>) -> Result<Self> {
        if operands == self.0.operands {
            return Ok(self.clone());
        }
        let node = &self.0;
        Node {
            collection: node.collection.clone(),
            operation: node.operation.clone(),
            operands,
            parameters: node.parameters.clone(),
            annotations: node.annotations.clone(),
            salt: node.salt,
            content: node.content,
            token: Token(0),
            meta: OnceLock::new(),
        }
        .intern()
    }

    /// The same operation on other operands, and with other `parameters`, which must follow from its own ones and from
    /// `change`: their foreign objects, if there are any, need not be named again. An impure call stays the call that it was.
    ///
    /// ```
    /// use raskt_core::Param;
    /// use raskt_expr::Draft;
    /// let all = Draft { parameters: Param::Int(10), ..Draft::new("array", "range") }.finish()?;
    /// let half = all.varied(Vec::new(), Param::Int(5), &Param::Str("half".into()))?;
    /// assert_eq!(half, all.varied(Vec::new(), Param::Int(5), &Param::Str("half".into()))?);
    /// assert_ne!(half, all);
    /// # Ok::<(), raskt_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NotEncodable`](raskt_core::ErrorKind::NotEncodable) for a `change` with foreign objects.
    pub fn varied(&self, operands: Vec<Self>, parameters: Param, change: &Param) -> Result<Self> {
        let node = &self.0;
        Node {
            collection: node.collection.clone(),
            operation: node.operation.clone(),
            operands,
            parameters,
            annotations: node.annotations.clone(),
            salt: node.salt,
            content: Token::of(&(node.content, change))?,
            token: Token(0),
            meta: OnceLock::new(),
        }
        .intern()
    }

    /// What it is made of, to make another one of it. An impure call becomes another call.
    #[must_use]
    pub fn draft(&self) -> Draft {
        Draft {
            collection: self.0.collection.clone(),
            operation: self.0.operation.clone(),
            operands: self.0.operands.clone(),
            parameters: self.0.parameters.clone(),
            annotations: self.0.annotations.clone(),
            purity: self.purity(),
            meta: None,
        }
    }
}

impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Expr {}

impl Hash for Expr {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.token.0.hash(state);
    }
}

impl fmt::Debug for Expr {
    /// The operation and the start of the token: expressions may be larger than anybody wants to read.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:.8}", self.0.operation, self.0.token.to_string())
    }
}
