//! Expressions: immutable nodes. Of equal operations there is one object; every call is one of its own.

use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, OnceLock};

use raskt_core::encode::ForeignTokenizer;
use raskt_core::{ErrorKind, Name, Param, Result, Token, Tokenizer};

use crate::call::{self, CallNode};
use crate::interner;
use crate::meta::Meta;

/// The collection of all calls: it has no rules and no lowering.
pub const CALLS: &str = "call";

static NO_PARAMETERS: Param = Param::Null;
static CALL: LazyLock<Name> = LazyLock::new(|| Name::new(CALLS));
static OBJECT: LazyLock<Meta> = LazyLock::new(|| Meta::unknown("object"));

/// What is to be computed: an operation of a collection on operands, or a call that somebody wrote ([`CallNode`]).
/// Cloning is cheap, and so is comparing, since equal operations are one object for as long as anybody holds it.
///
/// Equal are operations of equal content: operation, operands, parameters, annotations. Content is typed: a parameter
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
pub struct Expr(pub(crate) Kind);

/// The two kinds of expressions.
#[derive(Clone)]
pub(crate) enum Kind {
    Operation(Arc<Node>),
    Call(Arc<dyn CallNode>),
}

// A call has as many operands as users like, so that their size counts.
const _: () = assert!(size_of::<Expr>() == 2 * size_of::<usize>());

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
        self.operands.iter_mut().for_each(Expr::look_behind);
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
    fn drop(&mut self) {
        free(std::mem::take(&mut self.operands));
    }
}

/// Expressions that are to be freed.
#[derive(Default)]
pub struct Pending(Vec<Expr>);

impl Extend<Expr> for Pending {
    fn extend<I: IntoIterator<Item = Expr>>(&mut self, exprs: I) {
        self.0.extend(exprs);
    }
}

/// Frees what nobody else holds of `exprs`, and of all that only they hold, without a call inside a call: chains may be
/// a million nodes deep.
pub fn free(exprs: impl IntoIterator<Item = Expr>) {
    let mut pending = Pending::default();
    for expr in exprs {
        expr.release(&mut pending);
    }
    while let Some(expr) = pending.0.pop() {
        expr.release(&mut pending);
    }
}

impl Expr {
    /// A call as an expression.
    #[must_use]
    pub fn of_call(call: Arc<dyn CallNode>) -> Self {
        Self(Kind::Call(call))
    }

    /// The call that it is; `None` for an operation.
    #[must_use]
    pub fn as_call(&self) -> Option<&Arc<dyn CallNode>> {
        match &self.0 {
            Kind::Call(call) => Some(call),
            Kind::Operation(_) => None,
        }
    }

    /// Whether it is an operation of a collection.
    #[must_use]
    pub fn is_operation(&self) -> bool {
        matches!(self.0, Kind::Operation(_))
    }

    pub(crate) fn of_node(node: Arc<Node>) -> Self {
        Self(Kind::Operation(node))
    }

    fn node(&self) -> Option<&Node> {
        match &self.0 {
            Kind::Operation(node) => Some(node),
            Kind::Call(_) => None,
        }
    }

    fn release(self, pending: &mut Pending) {
        match self.0 {
            Kind::Operation(node) => {
                if let Some(mut node) = Arc::into_inner(node) {
                    pending.0.append(&mut node.operands);
                }
            }
            Kind::Call(call) => call.release(pending),
        }
    }

    /// The operation of which it is but another name, where it is one.
    #[must_use]
    pub fn behind_alias(&self) -> Option<&Self> {
        let call = self.as_call()?;
        call.operands().first().filter(|operand| operand.is_operation() && call.is_alias())
    }

    /// Puts an operation into the place of another name for it.
    fn look_behind(&mut self) {
        if let Some(behind) = self.behind_alias() {
            *self = behind.clone();
        }
    }

    /// Where it is in memory: an expression that is alive has its own place.
    pub(crate) fn address(&self) -> usize {
        match &self.0 {
            Kind::Operation(node) => Arc::as_ptr(node).addr(),
            Kind::Call(call) => call::address(call),
        }
    }

    /// The collection that it is of; [`CALLS`] for calls.
    #[must_use]
    pub fn collection(&self) -> &Name {
        self.node().map_or_else(|| &*CALL, |node| &node.collection)
    }

    /// What is done; [`CALLS`] for calls.
    #[must_use]
    pub fn operation(&self) -> &Name {
        self.node().map_or_else(|| &*CALL, |node| &node.operation)
    }

    /// What it is done to.
    #[must_use]
    pub fn operands(&self) -> &[Expr] {
        match &self.0 {
            Kind::Operation(node) => &node.operands,
            Kind::Call(call) => call.operands(),
        }
    }

    /// How it is done; null for calls, which know that themselves.
    #[must_use]
    pub fn parameters(&self) -> &Param {
        self.node().map_or(&NO_PARAMETERS, |node| &node.parameters)
    }

    /// What the user said about its tasks; null for calls, which know that themselves.
    #[must_use]
    pub fn annotations(&self) -> &Param {
        self.node().map_or(&NO_PARAMETERS, |node| &node.annotations)
    }

    /// Whether an equal one is the same. A call is like no other.
    #[must_use]
    pub fn purity(&self) -> Purity {
        match self.node() {
            Some(Node { salt: None, .. }) => Purity::Pure,
            Some(_) | None => Purity::Impure,
        }
    }

    /// The hash of its content: equal expressions, equal tokens, in every process. Of a call it is that of its name.
    #[must_use]
    pub fn token(&self) -> Token {
        match &self.0 {
            Kind::Operation(node) => node.token,
            Kind::Call(call) => call.token(),
        }
    }

    /// What is known of the result, if that has been found out; see [`Context::meta`](crate::Context::meta). Of calls, of
    /// which nothing is known, it is known that they make an object.
    #[must_use]
    pub fn known_meta(&self) -> Option<&Meta> {
        self.node().map_or_else(|| Some(&*OBJECT), |node| node.meta.get())
    }

    /// Remembers what is known of the result; the first word counts.
    pub(crate) fn learn(&self, meta: Meta) -> &Meta {
        self.node().map_or_else(|| &*OBJECT, |node| node.meta.get_or_init(|| meta))
    }

    /// The node of an operation that is to be made anew.
    fn to_change(&self) -> Result<&Node> {
        let what = || ErrorKind::InvalidGraph(format!("the call {self:?} cannot be made another one"));
        self.node().ok_or_else(|| what().into())
    }

    /// The same operation on other operands, of whose result nothing is known yet. An impure call stays the call that
    /// it was.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidGraph`] for a call.
    pub fn with_operands(&self, operands: Vec<Expr>) -> Result<Self> {
        if operands == self.operands() {
            return Ok(self.clone());
        }
        let node = self.to_change()?;
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

    /// The same operation on operands of the same values, in other words: what is known of the result stays known.
    ///
    /// # Errors
    /// As [`Expr::with_operands`].
    pub fn with_equal_operands(&self, operands: Vec<Expr>) -> Result<Self> {
        let changed = self.with_operands(operands)?;
        if let Some(meta) = self.known_meta() {
            changed.learn(meta.clone());
        }
        Ok(changed)
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
    /// [`ErrorKind::NotEncodable`] for a `change` with foreign objects; as [`Expr::with_operands`].
    pub fn varied(&self, operands: Vec<Self>, parameters: Param, change: &Param) -> Result<Self> {
        let node = self.to_change()?;
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

    /// What it is made of, to make another one of it. An impure operation becomes another one.
    #[must_use]
    pub fn draft(&self) -> Draft {
        Draft {
            collection: self.collection().clone(),
            operation: self.operation().clone(),
            operands: self.operands().to_vec(),
            parameters: self.parameters().clone(),
            annotations: self.annotations().clone(),
            purity: self.purity(),
            meta: None,
        }
    }
}

impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        self.address() == other.address()
    }
}

impl Eq for Expr {}

impl Hash for Expr {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.address().hash(state);
    }
}

impl fmt::Debug for Expr {
    /// The operation and the start of the token: expressions may be larger than anybody wants to read.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Operation(node) => write!(f, "{}-{:.8}", node.operation, node.token.to_string()),
            Kind::Call(call) => f.write_str(&call.label()),
        }
    }
}
