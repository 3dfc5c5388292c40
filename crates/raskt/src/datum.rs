//! Rust types whose values travel between tasks.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use raskt_core::{Buffer, ErrorKind, NdArray, Opaque, OwnerId, Payload, Result, Value};

/// The runtime of objects that only Rust code of this process can read.
pub(crate) const RUNTIME: &str = "rust";

/// A type whose values tasks take and return.
///
/// Numbers, texts, [`Buffer`]s, [`NdArray`]s, and vectors, tuples and options of them are such types, and so is an
/// `Arc` of whatever type is `Send + Sync`. All but the last can be spilled to disk. A type of your own that should
/// be spilled says how it is made of others:
///
/// ```
/// use raskt::{Datum, Graph, Result, Value};
///
/// #[derive(Debug, PartialEq)]
/// struct Mean { sum: f64, n: i64 }
///
/// impl Datum for Mean {
///     const NAME: &'static str = "Mean";
///     fn into_value(self) -> Value {
///         (self.sum, self.n).into_value()
///     }
///     fn from_value(value: Value) -> Result<Self> {
///         <(f64, i64)>::from_value(value).map(|(sum, n)| Self { sum, n })
///     }
/// }
///
/// let mut graph = Graph::new();
/// let mean = graph.task("mean", (), || Mean { sum: 3.0, n: 2 });
/// assert_eq!(graph.compute(mean)?, Mean { sum: 3.0, n: 2 });
/// # Ok::<(), raskt::Error>(())
/// ```
pub trait Datum: Sized + Send + 'static {
    /// What errors call the type.
    const NAME: &'static str;

    /// The value as the engine keeps it.
    fn into_value(self) -> Value;

    /// The value as Rust code reads it. Bulk that others hold too is shared, not copied.
    ///
    /// # Errors
    /// [`ErrorKind::WrongType`] where it is a value of another type.
    fn from_value(value: Value) -> Result<Self>;
}

fn wrong<T: Datum>(found: &Value) -> raskt_core::Error {
    ErrorKind::WrongType { expected: T::NAME, found: found.kind().to_owned() }.into()
}

impl Datum for Value {
    const NAME: &'static str = "a value";

    fn into_value(self) -> Value {
        self
    }

    fn from_value(value: Value) -> Result<Self> {
        Ok(value)
    }
}

/// Types that are one kind of value.
macro_rules! kinds {
    ($($type:ty, $name:literal, $make:expr, $pattern:pat => $read:expr;)*) => {$(
        impl Datum for $type {
            const NAME: &'static str = $name;

            fn into_value(self) -> Value {
                ($make)(self)
            }

            fn from_value(value: Value) -> Result<Self> {
                match value {
                    $pattern => Ok($read),
                    other => Err(wrong::<Self>(&other)),
                }
            }
        }
    )*};
}

kinds! {
    (), "unit", |()| Value::Unit, Value::Unit => ();
    bool, "bool", Value::Bool, Value::Bool(truth) => truth;
    i64, "int", Value::Int, Value::Int(number) => number;
    f64, "float", Value::Float, Value::Float(number) => number;
    String, "str", |text: String| Value::Str(text.into()), Value::Str(text) => text.as_ref().to_owned();
    Arc<str>, "str", Value::Str, Value::Str(text) => text;
    Buffer, "bytes", Value::from, Value::Bytes(buffer) => *buffer;
    NdArray, "array", Value::from, Value::Array(array) => Arc::unwrap_or_clone(array);
}

impl<T: Datum> Datum for Vec<T> {
    const NAME: &'static str = "list";

    fn into_value(self) -> Value {
        Value::List(self.into_iter().map(T::into_value).collect())
    }

    fn from_value(value: Value) -> Result<Self> {
        match value {
            Value::List(items) => items.iter().map(|item| T::from_value(item.clone())).collect(),
            other => Err(wrong::<Self>(&other)),
        }
    }
}

impl<T: Datum> Datum for Option<T> {
    const NAME: &'static str = "a list of at most one";

    fn into_value(self) -> Value {
        Value::List(self.into_iter().map(T::into_value).collect())
    }

    fn from_value(value: Value) -> Result<Self> {
        match value {
            Value::List(items) if items.len() <= 1 => items.first().cloned().map(T::from_value).transpose(),
            other => Err(wrong::<Self>(&other)),
        }
    }
}

/// Tuples are lists of fixed length.
macro_rules! tuples {
    ($($n:literal: $($type:ident $at:tt),+;)*) => {$(
        impl<$($type: Datum),+> Datum for ($($type,)+) {
            const NAME: &'static str = concat!("a list of ", $n);

            fn into_value(self) -> Value {
                Value::List(Arc::new([$(self.$at.into_value()),+]))
            }

            fn from_value(value: Value) -> Result<Self> {
                match value {
                    Value::List(items) if items.len() == $n => Ok(($($type::from_value(items[$at].clone())?,)+)),
                    other => Err(wrong::<Self>(&other)),
                }
            }
        }
    )*};
}

tuples! {
    1: A 0;
    2: A 0, B 1;
    3: A 0, B 1, C 2;
    4: A 0, B 1, C 2, D 3;
    5: A 0, B 1, C 2, D 3, E 4;
    6: A 0, B 1, C 2, D 3, E 4, F 5;
}

/// An object of this process. It stays in memory, and counts as large as its type says.
pub(crate) struct Kept<T>(pub Arc<T>);

impl<T> fmt::Debug for Kept<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::any::type_name::<T>())
    }
}

impl<T: Any + Send + Sync> Opaque for Kept<T> {
    fn runtime(&self) -> &'static str {
        RUNTIME
    }

    fn size_bytes(&self) -> u64 {
        size_of_val(self.0.as_ref()) as u64
    }

    fn visit_owners(&self, _: &mut dyn FnMut(OwnerId, u64)) {}

    fn encode(&self) -> Result<Payload> {
        Err(ErrorKind::NotEncodable(format!("{self:?}, which only Rust code can read")).into())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl<T: Any + Send + Sync> Datum for Arc<T> {
    const NAME: &'static str = "an object of a Rust type";

    fn into_value(self) -> Value {
        Value::Opaque(Arc::new(Kept(self)))
    }

    fn from_value(value: Value) -> Result<Self> {
        if let Value::Opaque(object) = &value
            && let Some(kept) = object.as_any().downcast_ref::<Kept<T>>()
        {
            return Ok(Arc::clone(&kept.0));
        }
        Err(wrong::<Self>(&value))
    }
}
