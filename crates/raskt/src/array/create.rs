//! Arrays from numbers alone, and from what is in memory.

use raskt_array::creation::{from_array, full, source};
use raskt_array::parameters::{CHUNKS, DTYPE, KWARGS, chunks_param, dtype_param};
use raskt_array::{ArrayError, Built};
use raskt_core::chunk::{AxisChunks, Chunks};
use raskt_core::{Fit, NdArray, Param, Token, Value};

use super::element::{Element, Number, Real};
use super::expression::Array;

/// The chunks of an array of `shape` that is cut into `sizes` along its axes.
pub(super) fn cut(shape: &[u64], sizes: &[u64]) -> Built<Chunks> {
    if shape.len() != sizes.len() {
        let what = format!("chunks for {} axes, where the array has {}", sizes.len(), shape.len());
        return Err(ArrayError::value(what));
    }
    let axes = shape.iter().zip(sizes).map(|(&n, &size)| AxisChunks::uniform(n, size.clamp(1, n.max(1))));
    Ok(Chunks::new(axes.collect::<raskt_core::Result<Vec<_>>>()?)?)
}

/// A source by name, and what its tasks are told.
fn made<'a, T: Element>(
    name: &str,
    shape: &[u64],
    chunks: &[u64],
    told: impl IntoIterator<Item = (&'a str, Param)>,
) -> Array<T> {
    Array::made(|builder| {
        let told = told.into_iter().chain([(DTYPE, dtype_param(&T::DTYPE))]);
        let parameters = [
            (KWARGS, Param::map(told)),
            (DTYPE, dtype_param(&T::DTYPE)),
            (CHUNKS, chunks_param(&cut(shape, chunks)?)),
        ];
        source(builder, name, &[], &Param::map(parameters))
    })
}

impl<T: Element> Array<T> {
    /// An array full of one value. `chunks` are the largest sizes of blocks, one an axis.
    ///
    /// ```
    /// use raskt::array::Array;
    /// assert_eq!(Array::full(&[2, 2], 7_i32, &[1, 2]).compute()?.values(), [7, 7, 7, 7]);
    /// # Ok::<(), raskt::array::ArrayError>(())
    /// ```
    #[must_use]
    pub fn full(shape: &[u64], value: T, chunks: &[u64]) -> Self {
        Self::made(|builder| {
            let value = Param::Value(Value::from(T::write(&[], &[value])?));
            full(builder, value, &T::DTYPE, &cut(shape, chunks)?)
        })
    }

    /// Elements in memory, in C order.
    ///
    /// ```
    /// use raskt::array::Array;
    /// let x = Array::from_vec(&[2, 2], vec![1.0_f64, 2.0, 3.0, 4.0], &[1, 2]);
    /// assert_eq!(x.sum().value()?, 10.0);
    /// assert!(Array::from_vec(&[3], vec![1.0, 2.0], &[3]).compute().is_err());
    /// # Ok::<(), raskt::array::ArrayError>(())
    /// ```
    #[must_use]
    pub fn from_vec(shape: &[u64], elements: Vec<T>, chunks: &[u64]) -> Self {
        match T::write(shape, &elements) {
            Ok(array) => Self::from_ndarray(array, chunks),
            Err(error) => Self::made(|_| Err(error.into())),
        }
    }

    /// An array in memory; its blocks are views of it. One of another dtype than `T` is an error.
    #[must_use]
    pub fn from_ndarray(array: NdArray, chunks: &[u64]) -> Self {
        Self::made(|builder| {
            let chunks = cut(array.shape(), chunks)?;
            let token = Token::of(&Value::from(array.clone()))?;
            from_array(builder, array, token, &chunks)
        })
    }
}

impl<T: Number> Array<T> {
    /// Zeros.
    #[must_use]
    pub fn zeros(shape: &[u64], chunks: &[u64]) -> Self {
        made("full", shape, chunks, [("fill_value", Param::Int(0))])
    }

    /// Ones.
    #[must_use]
    pub fn ones(shape: &[u64], chunks: &[u64]) -> Self {
        made("full", shape, chunks, [("fill_value", Param::Int(1))])
    }

    /// Ones on the `k`-th diagonal of a square of `n` rows, zeros elsewhere.
    #[must_use]
    pub fn eye(n: u64, k: i64, chunks: &[u64]) -> Self {
        made("eye", &[n, n], chunks, [("k", Param::Int(k))])
    }
}

impl<T: Real> Array<T> {
    /// Whole numbers from `start` on, `step` apart, before `stop`.
    ///
    /// ```
    /// use raskt::array::Array;
    /// assert_eq!(Array::<f32>::arange(10, 0, -3, &[2]).compute()?.values(), [10.0, 7.0, 4.0, 1.0]);
    /// assert!(Array::<i64>::arange(0, 3, 0, &[2]).compute().is_err());
    /// # Ok::<(), raskt::array::ArrayError>(())
    /// ```
    #[must_use]
    pub fn arange(start: i64, stop: i64, step: i64, chunks: &[u64]) -> Self {
        let distance = i128::from(stop) - i128::from(start);
        let n = match i128::from(step) {
            0 => return Self::made(|_| Err(ArrayError::value("a step of 0"))),
            step if (distance > 0) == (step > 0) => distance.unsigned_abs().div_ceil(step.unsigned_abs()),
            _ => 0,
        };
        let n = u64::try_from(n).unwrap_or(u64::MAX);
        made("arange", &[n], chunks, [("start", Param::Int(start)), ("step", Param::Int(step))])
    }
}

impl Array<f64> {
    /// `n` numbers at equal distances, `start` the first and `stop` the last.
    #[must_use]
    pub fn linspace(start: f64, stop: f64, n: u64, chunks: &[u64]) -> Self {
        let told = [
            ("start", Param::Float(start)),
            ("stop", Param::Float(stop)),
            ("num", Param::Int(n.clamped())),
            ("endpoint", Param::Bool(true)),
        ];
        made("linspace", &[n], chunks, told)
    }
}
