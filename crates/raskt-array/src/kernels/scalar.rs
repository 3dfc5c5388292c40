//! One element with its dtype: the constants of programs, fill values.

use std::fmt;

use bytemuck::Pod;
use num_complex::Complex;
use raskt_core::{Buffer, DType, ErrorKind, NdArray, Param, Result};

use super::element::{Boolean, Element, with_element};

/// One element of a native dtype.
///
/// ```
/// use raskt_array::kernels::Scalar;
/// use raskt_core::DType;
/// let half = Scalar::float(DType::Float32, 0.5);
/// assert_eq!(half.to_string(), "0.5");
/// assert_eq!(Scalar::from_param(&half.to_param())?, half);
/// # Ok::<(), raskt_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar {
    dtype: DType,
    bytes: [u8; 16],
}

impl Scalar {
    pub(crate) fn of<T: Element>(value: T) -> Self {
        Self::raw(T::DTYPE, value)
    }

    fn raw<T: Pod>(dtype: DType, value: T) -> Self {
        let mut bytes = [0; 16];
        bytes[..size_of::<T>()].copy_from_slice(bytemuck::bytes_of(&value));
        Self { dtype, bytes }
    }

    /// An integer as an element of `dtype`, cut to its width.
    #[must_use]
    pub fn int(dtype: DType, value: i128) -> Self {
        match dtype {
            DType::Bool => Self::of(Boolean::from(value != 0)),
            DType::Int8 => Self::of(value as i8),
            DType::Int16 => Self::of(value as i16),
            DType::Int32 => Self::of(value as i32),
            DType::UInt8 => Self::of(value as u8),
            DType::UInt16 => Self::of(value as u16),
            DType::UInt32 => Self::of(value as u32),
            DType::UInt64 => Self::of(value as u64),
            DType::Int64 | DType::Datetime(_) | DType::Timedelta(_) => Self::raw(dtype, value as i64),
            _ => Self::complex(dtype, value as f64, 0.0),
        }
    }

    /// A float as an element of `dtype`, rounded to it; towards zero for integers.
    #[must_use]
    pub fn float(dtype: DType, value: f64) -> Self {
        match dtype {
            DType::Float32 | DType::Float64 | DType::Complex64 | DType::Complex128 => {
                Self::complex(dtype, value, 0.0)
            }
            DType::Bool => Self::of(Boolean::from(value != 0.0)),
            dtype => Self::int(dtype, value as i128),
        }
    }

    /// A complex number as an element of `dtype`; a real dtype keeps the real part.
    #[must_use]
    pub fn complex(dtype: DType, re: f64, im: f64) -> Self {
        match dtype {
            DType::Float32 => Self::of(re as f32),
            DType::Complex64 => Self::of(Complex::new(re as f32, im as f32)),
            DType::Complex128 => Self::of(Complex::new(re, im)),
            DType::Bool => Self::of(Boolean::from(re != 0.0 || im != 0.0)),
            DType::Float64 | DType::Foreign(_) | DType::Unknown => Self::of(re),
            dtype => Self::float(dtype, re),
        }
    }

    /// A truth value.
    #[must_use]
    pub fn bool(value: bool) -> Self {
        Self::of(Boolean::from(value))
    }

    /// The dtype.
    #[must_use]
    pub fn dtype(&self) -> &DType {
        &self.dtype
    }

    /// The element's bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.dtype.item_bytes().unwrap_or(16)]
    }

    /// The first element of an array of one, such as a 0-d array.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] for an array without elements.
    pub fn of_array(array: &NdArray) -> Result<Self> {
        let dense = array.to_contiguous()?;
        let item = dense.item_bytes();
        let found = dense.buffer().as_slice().get(..item);
        let found =
            found.ok_or_else(|| ErrorKind::InvalidValue("an empty array has no first element".into()))?;
        let mut bytes = [0; 16];
        bytes[..item].copy_from_slice(found);
        Ok(Self { dtype: array.dtype().clone(), bytes })
    }

    /// A 0-d array of it.
    ///
    /// # Errors
    /// None in practice.
    pub fn to_array(&self) -> Result<NdArray> {
        NdArray::contiguous(self.dtype.clone(), &[], Buffer::from(self.bytes()))
    }

    /// `[dtype, bits]`, with a second number for the upper half of a complex128.
    #[must_use]
    pub fn to_param(&self) -> Param {
        let word = |at: usize| {
            let mut half = [0; 8];
            half.copy_from_slice(&self.bytes[at..at + 8]);
            Param::Int(i64::from_le_bytes(half))
        };
        let name = Param::Str(self.dtype.to_string().into());
        match self.dtype {
            DType::Complex128 => Param::List([name, word(0), word(8)].into()),
            _ => Param::List([name, word(0)].into()),
        }
    }

    /// What [`Scalar::to_param`] wrote.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] for anything else.
    pub fn from_param(param: &Param) -> Result<Self> {
        let wrong = || ErrorKind::InvalidValue(format!("{param:?} is not a scalar"));
        let (dtype, words) = param.as_list().and_then(<[Param]>::split_first).ok_or_else(wrong)?;
        let dtype = dtype.as_str().and_then(DType::parse).ok_or_else(wrong)?;
        let mut bytes = [0; 16];
        for (half, word) in bytes.chunks_exact_mut(8).zip(words) {
            half.copy_from_slice(&word.as_int().ok_or_else(wrong)?.to_le_bytes());
        }
        Ok(Self { dtype, bytes })
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.dtype == DType::Bool {
            return write!(f, "{}", self.bytes[0] != 0);
        }
        with_element!(&self.dtype, T => write!(f, "{:?}", bytemuck::pod_read_unaligned::<T>(self.bytes())),
            else f.write_str("?"))
    }
}
