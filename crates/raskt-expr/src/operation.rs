//! The table of a collection's operations: two ways for every one.

use std::fmt;

use raskt_core::{Error, ErrorKind, Name, Param, Result};
use raskt_graph::Body;
use rustc_hash::FxHashMap;

use crate::expr::Expr;
use crate::library::Library;
use crate::meta::Meta;

/// How many operands an operation takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arity {
    /// So many.
    Exactly(usize),
    /// So many or more.
    AtLeast(usize),
}

impl Arity {
    fn allows(self, n: usize) -> bool {
        match self {
            Self::Exactly(arity) => n == arity,
            Self::AtLeast(arity) => n >= arity,
        }
    }
}

impl fmt::Display for Arity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(1) => f.write_str("1 operand"),
            Self::Exactly(n) => write!(f, "{n} operands"),
            Self::AtLeast(1) => f.write_str("at least 1 operand"),
            Self::AtLeast(n) => write!(f, "at least {n} operands"),
        }
    }
}

/// How what is known of a result follows from what is known of the operands.
#[derive(Clone, Copy)]
pub enum MetaRule {
    /// By a function of Rust.
    Native(fn(&[Meta], &Param) -> Result<Meta>),
    /// By a function of Rust where it knows, and otherwise by asking the library about the function that defines the
    /// operation.
    Preferred(fn(&[Meta], &Param) -> Result<Option<Meta>>),
    /// By asking the library about the function that defines the operation.
    Library,
    /// It is said when the expression is made.
    Given,
}

impl fmt::Debug for MetaRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Native(_) => "Native",
            Self::Preferred(_) => "Preferred",
            Self::Library => "Library",
            Self::Given => "Given",
        })
    }
}

/// A kernel of Rust that does what the library's function does.
#[derive(Clone, Debug)]
pub struct NativeKernel {
    /// The name under which it is registered.
    pub name: Name,
    /// The operands for which it does so.
    pub accepts: fn(&[Meta]) -> bool,
}

/// Which of an operation's two ways to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Way {
    /// The native kernel where there is one that accepts the operands, and the library's function otherwise.
    #[default]
    Preferred,
    /// The native kernel, or an error.
    Native,
    /// The library's function, or an error.
    Library,
}

/// A row of a collection's table.
#[derive(Clone, Debug)]
pub struct Operation {
    /// What expressions call it.
    pub name: Name,
    /// How many operands it takes.
    pub arity: Arity,
    /// What is known of its result.
    pub meta: MetaRule,
    /// The native kernel, if there is one.
    pub kernel: Option<NativeKernel>,
    /// The library's function that defines it, by its path; none for what is Raskt's own.
    pub library: Option<Name>,
}

impl Operation {
    /// What its tasks run for operands of which this is known.
    ///
    /// # Errors
    /// [`ErrorKind::NotImplemented`] where that way does not lead there.
    pub fn body(&self, way: Way, operands: &[Meta], parameters: Param) -> Result<Body> {
        let native = self.kernel.as_ref().filter(|kernel| (kernel.accepts)(operands));
        let native = native.map(|kernel| &kernel.name).filter(|_| way != Way::Library);
        let library = self.library.as_ref().filter(|_| way != Way::Native);
        match (native, library) {
            (Some(name), _) => Ok(Body::Native { name: name.clone(), parameters }),
            (None, Some(path)) => Ok(Body::Library { path: path.clone(), parameters }),
            (None, None) => {
                let dtypes: Vec<String> = operands.iter().map(|meta| meta.dtype().to_string()).collect();
                let what = format!(
                    "{} of ({}) has no {}",
                    self.name,
                    dtypes.join(", "),
                    match way {
                        Way::Native => "native kernel",
                        Way::Library => "library function",
                        Way::Preferred => "kernel and no library function",
                    }
                );
                Err(ErrorKind::NotImplemented(what).into())
            }
        }
    }
}

/// The operations of all collections, by collection and name.
///
/// ```
/// use raskt_core::{DType, Param};
/// use raskt_expr::operation::NativeKernel;
/// use raskt_expr::{Arity, Meta, MetaRule, Operation, Operations, Way};
/// use raskt_graph::Body;
/// let mut operations = Operations::default();
/// operations.add("array", Operation {
///     name: "cbrt".into(),
///     arity: Arity::Exactly(1),
///     meta: MetaRule::Library,
///     kernel: Some(NativeKernel {
///         name: "array.cbrt".into(),
///         accepts: |operands| operands.iter().all(|meta| *meta.dtype() == DType::Float64),
///     }),
///     library: Some("numpy.cbrt".into()),
/// })?;
/// let cbrt = operations.get(&"array".into(), &"cbrt".into())?;
/// let label = |dtype: DType| {
///     let operand = Meta::unknown("array").with_dtype(dtype);
///     cbrt.body(Way::Preferred, &[operand], Param::Null).map(|body| body.label().to_string())
/// };
/// assert_eq!(label(DType::Float64)?, "array.cbrt");
/// assert_eq!(label(DType::Foreign("object".into()))?, "numpy.cbrt");
/// # Ok::<(), raskt_core::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Operations {
    rows: FxHashMap<(Name, Name), Operation>,
}

impl Operations {
    /// Adds a row to the table of `collection`.
    ///
    /// # Errors
    /// [`ErrorKind::KeyClash`] where the table has an operation of that name.
    pub fn add(&mut self, collection: impl Into<Name>, operation: Operation) -> Result<()> {
        let key = (collection.into(), operation.name.clone());
        if self.rows.contains_key(&key) {
            return Err(ErrorKind::KeyClash(format!("{}.{}", key.0, key.1)).into());
        }
        self.rows.insert(key, operation);
        Ok(())
    }

    /// The row of an operation.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownBody`] where there is none.
    pub fn get(&self, collection: &Name, operation: &Name) -> Result<&Operation> {
        let found = self.rows.get(&(collection.clone(), operation.clone()));
        found.ok_or_else(|| Error::new(ErrorKind::UnknownBody(format!("{collection}.{operation}"))))
    }

    /// The row of what an expression does.
    ///
    /// # Errors
    /// As [`Operations::get`]; [`ErrorKind::InvalidValue`] for a number of operands that it does not take.
    pub fn of(&self, expr: &Expr) -> Result<&Operation> {
        let row = self.get(expr.collection(), expr.operation())?;
        match expr.operands().len() {
            n if row.arity.allows(n) => Ok(row),
            n => Err(ErrorKind::InvalidValue(format!("{} takes {}, not {n}", row.name, row.arity)).into()),
        }
    }

    /// What is known of an expression's result.
    pub(crate) fn meta(&self, expr: &Expr, operands: &[Meta], library: &dyn Library) -> Result<Meta> {
        let row = self.of(expr)?;
        match (row.meta, &row.library) {
            (MetaRule::Native(rule), _) => rule(operands, expr.parameters()),
            (MetaRule::Preferred(rule), path) => match (rule(operands, expr.parameters())?, path) {
                (Some(meta), _) => Ok(meta),
                (None, Some(path)) => library.meta(path.as_str(), operands, expr.parameters()),
                (None, None) => Err(silent(row)),
            },
            (MetaRule::Library, Some(path)) => library.meta(path.as_str(), operands, expr.parameters()),
            (MetaRule::Library, None) | (MetaRule::Given, _) => Err(silent(row)),
        }
    }
}

/// The error for an operation whose result cannot be known ahead.
fn silent(row: &Operation) -> Error {
    ErrorKind::InvalidValue(format!("{} does not say what it returns", row.name)).into()
}
