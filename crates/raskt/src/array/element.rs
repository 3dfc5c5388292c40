//! The types of elements.

use std::fmt::Debug;

use num_complex::Complex;
use raskt_core::{Buffer, DType, ErrorKind, NdArray, Result, allocation};

/// A type that elements of arrays have.
pub trait Element: Copy + Debug + PartialEq + Send + Sync + 'static {
    /// NumPy's name of it.
    const DTYPE: DType;
    /// What sums and products are.
    type Sum: Element;
    /// What means are.
    type Mean: Element;
    /// What variances and deviations are.
    type Spread: Element;

    /// The elements of an array, in C order.
    ///
    /// # Errors
    /// [`ErrorKind::WrongType`] for an array of another dtype.
    fn read(array: &NdArray) -> Result<Vec<Self>>;

    /// An array of elements in C order.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] where there are not as many as the shape asks for.
    fn write(shape: &[u64], elements: &[Self]) -> Result<NdArray>;
}

/// A type that is added and multiplied.
pub trait Number: Element {
    /// What absolute values are.
    type Magnitude: Real;
}

/// A number on a line: whole, or with a fraction.
pub trait Real: Number {}

/// A number that is divided, and that may be none (NaN).
pub trait Fraction: Number {}

/// A number on a line that has fractions.
pub trait Float: Real + Fraction {}

fn dense<T: Element>(array: &NdArray) -> Result<NdArray> {
    match *array.dtype() == T::DTYPE {
        true => array.to_contiguous(),
        false => {
            let found = format!("elements of {}", array.dtype());
            Err(ErrorKind::WrongType { expected: "the array's own elements", found }.into())
        }
    }
}

macro_rules! elements {
    ($($type:ty, $dtype:ident, $sum:ty, $mean:ty;)*) => {$(
        impl Element for $type {
            const DTYPE: DType = DType::$dtype;
            type Sum = $sum;
            type Mean = $mean;
            type Spread = $mean;

            fn read(array: &NdArray) -> Result<Vec<Self>> {
                let array = dense::<Self>(array)?;
                let (items, _) = array.contiguous_bytes().unwrap_or(&[]).as_chunks();
                allocation::collected(items.iter().map(|item| Self::from_ne_bytes(*item)))
            }

            fn write(shape: &[u64], elements: &[Self]) -> Result<NdArray> {
                let mut bytes = allocation::room_for(size_of_val(elements))?;
                bytes.extend(elements.iter().flat_map(|element| element.to_ne_bytes()));
                NdArray::contiguous(Self::DTYPE, shape, Buffer::from(bytes))
            }
        }

        impl Number for $type {
            type Magnitude = Self;
        }

        impl Real for $type {}
    )*};
}

elements! {
    i8, Int8, i64, f64;
    i16, Int16, i64, f64;
    i32, Int32, i64, f64;
    i64, Int64, i64, f64;
    u8, UInt8, u64, f64;
    u16, UInt16, u64, f64;
    u32, UInt32, u64, f64;
    u64, UInt64, u64, f64;
    f32, Float32, f32, f32;
    f64, Float64, f64, f64;
}

impl Fraction for f32 {}
impl Fraction for f64 {}
impl Float for f32 {}
impl Float for f64 {}

macro_rules! complexes {
    ($($part:ty, $dtype:ident, $n_bytes:literal;)*) => {$(
        impl Element for Complex<$part> {
            const DTYPE: DType = DType::$dtype;
            type Sum = Self;
            type Mean = Self;
            type Spread = $part;

            fn read(array: &NdArray) -> Result<Vec<Self>> {
                let array = dense::<Self>(array)?;
                let (parts, _) = array.contiguous_bytes().unwrap_or(&[]).as_chunks::<$n_bytes>();
                let (pairs, _) = parts.as_chunks::<2>();
                let part = |bytes: [u8; $n_bytes]| <$part>::from_ne_bytes(bytes);
                allocation::collected(pairs.iter().map(|&[re, im]| Self::new(part(re), part(im))))
            }

            fn write(shape: &[u64], elements: &[Self]) -> Result<NdArray> {
                let parts = elements.iter().flat_map(|element| [element.re, element.im]);
                let mut bytes = allocation::room_for(size_of_val(elements))?;
                bytes.extend(parts.flat_map(<$part>::to_ne_bytes));
                NdArray::contiguous(Self::DTYPE, shape, Buffer::from(bytes))
            }
        }

        impl Number for Complex<$part> {
            type Magnitude = $part;
        }

        impl Fraction for Complex<$part> {}
    )*};
}

complexes! {
    f32, Complex64, 4;
    f64, Complex128, 8;
}

impl Element for bool {
    const DTYPE: DType = DType::Bool;
    type Sum = i64;
    type Mean = f64;
    type Spread = f64;

    fn read(array: &NdArray) -> Result<Vec<Self>> {
        let array = dense::<Self>(array)?;
        allocation::collected(array.contiguous_bytes().unwrap_or(&[]).iter().map(|&byte| byte != 0))
    }

    fn write(shape: &[u64], elements: &[Self]) -> Result<NdArray> {
        let bytes = allocation::collected(elements.iter().map(|&element| u8::from(element)))?;
        NdArray::contiguous(Self::DTYPE, shape, Buffer::from(bytes))
    }
}
