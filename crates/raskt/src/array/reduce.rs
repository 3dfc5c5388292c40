//! Reductions, of all elements or along axes.

use raskt_array::reductions::reduce;

use super::element::{Element, Number};
use super::expression::Array;

fn reduced<T: Element, O: Element>(x: &Array<T>, name: &str, axes: Option<&[i64]>) -> Array<O> {
    Array::made(|builder| reduce(builder, name, x.expr()?, axes, false))
}

macro_rules! reductions {
    ($bound:ident: $($(#[$doc:meta])* $all:ident, $along:ident = $of:literal -> $output:ty;)*) => {
        impl<T: $bound> Array<T> {
            $($(#[$doc])*
            #[must_use]
            pub fn $all(&self) -> Array<$output> {
                reduced(self, $of, None)
            }

            #[doc = concat!("[`Array::", stringify!($all), "`] along axes, which may count from the end.")]
            #[must_use]
            pub fn $along(&self, axes: &[i64]) -> Array<$output> {
                reduced(self, $of, Some(axes))
            })*
        }
    };
}

reductions! { Element:
    /// The sum; of truth values their number.
    ///
    /// ```
    /// use raskt::array::Array;
    /// let x = Array::<i32>::arange(0, 6, 1, &[6]).reshape(&[2, 3]);
    /// assert_eq!(x.sum().value()?, 15_i64);
    /// assert_eq!(x.sum_along(&[-1]).compute()?.values(), [3, 12]);
    /// assert!(x.sum_along(&[2]).shape().is_err());
    /// # Ok::<(), raskt::array::ArrayError>(())
    /// ```
    sum, sum_along = "sum" -> T::Sum;
    /// The mean.
    mean, mean_along = "mean" -> T::Mean;
    /// The standard deviation, of the whole population.
    std, std_along = "std" -> T::Spread;
    /// The variance, of the whole population.
    var, var_along = "var" -> T::Spread;
    /// The smallest element.
    min, min_along = "min" -> T;
    /// The largest element.
    max, max_along = "max" -> T;
    /// Whether all elements count as true.
    all, all_along = "all" -> bool;
    /// Whether any element counts as true.
    any, any_along = "any" -> bool;
}

reductions! { Number:
    /// The product.
    prod, prod_along = "prod" -> T::Sum;
}

impl<T: Element> Array<T> {
    /// Where the largest element is: in the flat array, or along one axis.
    ///
    /// ```
    /// use raskt::array::Array;
    /// let x = Array::from_vec(&[2, 2], vec![1.0, 9.0, 3.0, 2.0], &[1, 2]);
    /// assert_eq!(x.argmax(None).value()?, 1);
    /// assert_eq!(x.argmax(Some(0)).compute()?.values(), [1, 0]);
    /// # Ok::<(), raskt::array::ArrayError>(())
    /// ```
    #[must_use]
    pub fn argmax(&self, axis: Option<i64>) -> Array<i64> {
        reduced(self, "argmax", axis.as_ref().map(std::slice::from_ref))
    }

    /// Where the smallest element is; see [`Array::argmax`].
    #[must_use]
    pub fn argmin(&self, axis: Option<i64>) -> Array<i64> {
        reduced(self, "argmin", axis.as_ref().map(std::slice::from_ref))
    }
}
