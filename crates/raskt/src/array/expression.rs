//! The array: an expression with the type of its elements.

use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, LazyLock};

use raskt_array::kernels::call;
use raskt_array::{ArrayError, Builder, Built, NativeTokens};
use raskt_core::chunk::Chunks;
use raskt_core::{ErrorKind, NdArray, Param, Value};
use raskt_expr::{Expr, NoLibrary, Planner, Way};

use super::computed::Computed;
use super::element::Element;
use crate::executor::{Engine, Executor, Options};

static PLANNER: LazyLock<Planner> = LazyLock::new(|| {
    // Names of operations are there once, so that nothing can fail.
    let mut planner = raskt_array::planner(Arc::new(NoLibrary)).unwrap_or_default();
    planner.way = Way::Native;
    planner
});

/// An array of elements of type `T`, cut into chunks; nothing is computed until [`Array::compute`].
///
/// ```
/// use raskt::array::{Array, ArrayError};
/// let x = Array::<f64>::zeros(&[3, 4], &[2, 2]);
/// assert_eq!(x.shape()?, [3, 4]);
/// // What cannot be is told with what is wrong.
/// let wrong = &x + &Array::zeros(&[5], &[5]);
/// assert!(matches!(wrong.compute().unwrap_err(), ArrayError::Broadcast { shapes } if shapes.len() == 2));
/// # Ok::<(), ArrayError>(())
/// ```
pub struct Array<T> {
    made: Built<Expr>,
    elements: PhantomData<fn() -> T>,
}

impl<T> Clone for Array<T> {
    fn clone(&self) -> Self {
        Self { made: self.made.clone(), elements: PhantomData }
    }
}

impl<T> fmt::Debug for Array<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = self.made.clone().and_then(|expr| {
            let builder = Builder::new(PLANNER.context(), &NativeTokens);
            Ok((builder.dtype(&expr)?, builder.chunks(&expr)?))
        });
        match found {
            Ok((dtype, chunks)) => write!(f, "Array<{dtype}>({chunks})"),
            Err(error) => write!(f, "Array({error})"),
        }
    }
}

impl<T: Element> Array<T> {
    /// What `make` makes of the tables that planning stands on.
    pub(super) fn made(make: impl FnOnce(&Builder<'_>) -> Built<Expr>) -> Self {
        let builder = Builder::new(PLANNER.context(), &NativeTokens);
        let made = make(&builder).and_then(|expr| match builder.dtype(&expr)? {
            dtype if dtype == T::DTYPE => Ok(expr),
            dtype => {
                let found = format!("elements of {dtype}");
                Err(ErrorKind::WrongType { expected: "the array's own elements", found }.into())
            }
        });
        Self { made, elements: PhantomData }
    }

    /// What `make` makes where one call has several results.
    pub(super) fn several<R>(make: impl FnOnce(&Builder<'_>) -> Built<R>) -> Built<R> {
        make(&Builder::new(PLANNER.context(), &NativeTokens))
    }

    /// The expression, for others to be made of.
    pub(super) fn expr(&self) -> Built<&Expr> {
        self.made.as_ref().map_err(Clone::clone)
    }

    /// How the array is cut.
    ///
    /// # Errors
    /// What is wrong with an array that cannot be.
    pub fn chunks(&self) -> Built<Chunks> {
        Ok(Builder::new(PLANNER.context(), &NativeTokens).chunks(self.expr()?)?)
    }

    /// The length along each axis.
    ///
    /// # Errors
    /// As [`Array::chunks`]; where lengths are known only once the array has been computed.
    pub fn shape(&self) -> Built<Vec<u64>> {
        Ok(self.chunks()?.known_shape()?.to_vec())
    }

    /// What becomes of the array, as text: the expression, what is simplified and fused, and what its tasks run.
    ///
    /// # Errors
    /// As [`Array::chunks`].
    pub fn explain(&self) -> Built<String> {
        Ok(PLANNER.explain(std::slice::from_ref(self.expr()?))?)
    }

    /// The elements, on a thread a core.
    ///
    /// # Errors
    /// What is wrong with an array that cannot be, or with what its tasks found.
    pub fn compute(&self) -> Built<Computed<T>> {
        self.compute_on(&Executor::new(Options::default())?)
    }

    /// The element of an array that has but one, on a thread a core.
    ///
    /// # Errors
    /// As [`Array::compute`]; for any other number of elements.
    pub fn value(&self) -> Built<T> {
        let found = self.compute()?;
        match found.values() {
            [lone] => Ok(*lone),
            values => Err(ArrayError::value(format!("the only element of {}", values.len()))),
        }
    }

    /// The elements, on threads that are there, within the bounds that they were given, or on a cluster.
    ///
    /// ```
    /// use raskt::array::Random;
    /// use raskt::{Executor, Options};
    /// let executor = Executor::new(Options { memory_limit_bytes: Some(1 << 28), ..Options::default() })?;
    /// let x = Random::new(7).normal(0.0, 1.0, &[100_000], &[10_000]);
    /// assert!(x.std().compute_on(&executor)?.values()[0] > 0.9);
    /// # Ok::<(), raskt::array::ArrayError>(())
    /// ```
    ///
    /// # Errors
    /// As [`Array::compute`].
    pub fn compute_on(&self, engine: &impl Engine) -> Built<Computed<T>> {
        let plan = PLANNER.plan(std::slice::from_ref(self.expr()?))?;
        let root = plan.roots.first().ok_or_else(|| ArrayError::value("an array without blocks"))?;
        let blocks = engine.outputs(plan.table()?)?;
        let counts = root.counts().iter().map(|&n| Param::Int(n.into())).collect();
        Ok(Computed::of(&whole(blocks, Param::List(counts))?)?)
    }
}

/// Blocks in C order as one array.
fn whole(blocks: Vec<Value>, counts: Param) -> Built<NdArray> {
    match call("array.join", &Param::map([("own", counts)]), blocks)? {
        Value::Array(array) => Ok((*array).clone()),
        other => Err(ArrayError::wrong_type("an array", other.kind())),
    }
}
