//! Linear algebra: factorisations, equations, eigenvalues.

use raskt_array::Built;
use raskt_array::linear;
use raskt_expr::Expr;

use super::element::{Element, Fraction, Number};
use super::expression::Array;

/// Which triangle of a matrix is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Triangle {
    /// On and below the diagonal.
    Lower,
    /// On and above the diagonal.
    Upper,
}

/// One of several results; what is wrong with all of them is wrong with each.
fn taken<O: Element>(made: Built<&Expr>) -> Array<O> {
    Array::made(|_| made.cloned())
}

/// What singular values, eigenvalues and norms are.
type Size<T> = <T as Number>::Magnitude;

impl<T: Fraction> Array<T> {
    /// Orthonormal columns, as many as the smaller dimension, and an upper triangle, whose product the matrix is. It may be
    /// cut in any way.
    ///
    /// ```
    /// use raskt::array::Random;
    /// let x = Random::new(1).normal(0.0, 1.0, &[1000, 4], &[100, 2]);
    /// let (q, r) = x.qr();
    /// assert!((q.matmul(&r) - &x).norm().value()? < 1e-12);
    /// # Ok::<(), raskt::array::ArrayError>(())
    /// ```
    #[must_use]
    pub fn qr(&self) -> (Self, Self) {
        let made = Self::several(|builder| linear::qr(builder, self.expr()?));
        let made = made.as_ref().map_err(Clone::clone);
        (taken(made.clone().map(|(q, _)| q)), taken(made.map(|(_, r)| r)))
    }

    /// Left singular vectors as columns, singular values in descending order, right singular vectors as rows.
    ///
    /// ```
    /// use raskt::array::Array;
    /// let x = Array::<f64>::from_vec(&[3, 2], vec![3.0, 0.0, 0.0, -2.0, 0.0, 0.0], &[2, 2]);
    /// let (u, s, v) = x.svd();
    /// assert_eq!((u.shape()?, v.shape()?), (vec![3, 2], vec![2, 2]));
    /// let s = s.compute()?.into_values();
    /// assert!((s[0] - 3.0).abs() < 1e-14 && (s[1] - 2.0).abs() < 1e-14);
    /// # Ok::<(), raskt::array::ArrayError>(())
    /// ```
    #[must_use]
    pub fn svd(&self) -> (Self, Array<Size<T>>, Self) {
        let made = Self::several(|builder| linear::svd(builder, self.expr()?));
        let made = made.as_ref().map_err(Clone::clone);
        let (u, s) = (taken(made.clone().map(|(u, ..)| u)), taken(made.clone().map(|(_, s, _)| s)));
        (u, s, taken(made.map(|(.., v)| v)))
    }

    /// Singular values in descending order, without the vectors.
    #[must_use]
    pub fn singular_values(&self) -> Array<Size<T>> {
        Array::made(|builder| linear::singular_values(builder, self.expr()?))
    }

    /// A permutation, a lower triangle with ones on its diagonal and an upper triangle, whose product the matrix is. One task
    /// holds the matrix.
    #[must_use]
    pub fn lu(&self) -> (Self, Self, Self) {
        let made = Self::several(|builder| linear::lu(builder, self.expr()?));
        let made = made.as_ref().map_err(Clone::clone);
        let (p, l) = (taken(made.clone().map(|(p, ..)| p)), taken(made.clone().map(|(_, l, _)| l)));
        (p, l, taken(made.map(|(.., u)| u)))
    }

    /// The lower triangle whose product with its adjoint is a Hermitian, positive-definite matrix. Of the matrix the lower
    /// triangle is read; one that is not positive definite is an error when it is computed.
    ///
    /// ```
    /// use raskt::array::Array;
    /// let x = Array::from_vec(&[2, 2], vec![4.0, 2.0, 2.0, 5.0], &[1, 1]);
    /// assert_eq!(x.cholesky().compute()?.values(), [2.0, 0.0, 1.0, 2.0]);
    /// assert!((-&x).cholesky().compute().is_err());
    /// # Ok::<(), raskt::array::ArrayError>(())
    /// ```
    #[must_use]
    pub fn cholesky(&self) -> Self {
        Self::made(|builder| linear::cholesky(builder, self.expr()?))
    }

    /// The solution of linear equations, whose right sides are the columns of `right`. One task holds the matrix; a singular one is
    /// an error when it is computed.
    ///
    /// ```
    /// use raskt::array::Array;
    /// let a = Array::from_vec(&[2, 2], vec![3.0, 1.0, 1.0, 2.0], &[1, 2]);
    /// let b = Array::from_vec(&[2, 1], vec![9.0, 8.0], &[2, 1]);
    /// let x = a.solve(&b);
    /// assert!((a.matmul(&x) - &b).norm().value()? < 1e-14);
    /// assert!(Array::<f64>::ones(&[2, 2], &[2, 2]).solve(&b).compute().is_err());
    /// # Ok::<(), raskt::array::ArrayError>(())
    /// ```
    #[must_use]
    pub fn solve(&self, right: &Self) -> Self {
        Self::made(|builder| linear::solve(builder, self.expr()?, right.expr()?))
    }

    /// The solution of a triangular system, whose right sides are the columns of `right`; the other triangle is not read.
    #[must_use]
    pub fn solve_triangular(&self, right: &Self, triangle: Triangle) -> Self {
        let is_lower = triangle == Triangle::Lower;
        Self::made(|builder| linear::solve_triangular(builder, self.expr()?, right.expr()?, is_lower))
    }

    /// The inverse; see [`Array::solve`].
    #[must_use]
    pub fn inv(&self) -> Self {
        Self::made(|builder| linear::inv(builder, self.expr()?))
    }

    /// The determinant, an array of one element. One task holds the matrix.
    #[must_use]
    pub fn det(&self) -> Self {
        Self::made(|builder| linear::det(builder, self.expr()?))
    }

    /// The least-squares solution of equations, the shortest one where there are many: singular values below the precision
    /// times the larger dimension times the largest one count as zero.
    ///
    /// ```
    /// use raskt::array::Array;
    /// let a = Array::<f64>::from_vec(&[3, 2], vec![1.0, 0.0, 1.0, 1.0, 1.0, 2.0], &[1, 2]);
    /// let b = Array::from_vec(&[3, 1], vec![1.0, 3.0, 5.0], &[3, 1]);
    /// let x = a.lstsq(&b).compute()?.into_values();
    /// assert!((x[0] - 1.0).abs() < 1e-13 && (x[1] - 2.0).abs() < 1e-13);
    /// # Ok::<(), raskt::array::ArrayError>(())
    /// ```
    #[must_use]
    pub fn lstsq(&self, right: &Self) -> Self {
        Self::made(|builder| linear::lstsq(builder, self.expr()?, right.expr()?))
    }

    /// The eigenvalues in ascending order, and the eigenvectors as columns, of a Hermitian matrix, of which the lower triangle is
    /// read. One task holds the matrix.
    #[must_use]
    pub fn eigh(&self) -> (Array<Size<T>>, Self) {
        let made = Self::several(|builder| linear::eigh(builder, self.expr()?));
        let made = made.as_ref().map_err(Clone::clone);
        (taken(made.clone().map(|(values, _)| values)), taken(made.map(|(_, vectors)| vectors)))
    }

    /// The square root of the sum of squared sizes: Frobenius' norm of a matrix, the length of a vector.
    #[must_use]
    pub fn norm(&self) -> Array<Size<T>> {
        Array::made(|builder| linear::norm(builder, self.expr()?))
    }
}
