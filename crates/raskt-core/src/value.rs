//! Values: what tasks make and need.

use std::fmt;
use std::sync::Arc;

use crate::{Buffer, NdArray, Opaque, OwnerId};

/// A value. Cloning is cheap: bulk sits behind reference counts.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum Value {
    /// Nothing (Python's `None`).
    #[default]
    Unit,
    /// A truth value.
    Bool(bool),
    /// An integer that fits 64 bits.
    Int(i64),
    /// A float.
    Float(f64),
    /// Text.
    Str(Arc<str>),
    /// Bytes.
    Bytes(Box<Buffer>),
    /// A sequence of values.
    List(Arc<[Value]>),
    /// An n-dimensional array.
    Array(Arc<NdArray>),
    /// An object of a foreign runtime.
    Opaque(Arc<dyn Opaque>),
}

impl Value {
    /// Bytes that belong to this value alone; shared buffers are in [`Value::visit_owners`].
    #[must_use]
    pub fn own_bytes(&self) -> u64 {
        match self {
            Self::Unit | Self::Bool(_) | Self::Int(_) | Self::Float(_) | Self::Bytes(_) => 0,
            Self::Str(text) => text.len() as u64,
            Self::List(items) => items.iter().map(|v| v.own_bytes() + size_of::<Self>() as u64).sum(),
            Self::Array(_) => size_of::<NdArray>() as u64,
            Self::Opaque(object) => object.size_bytes(),
        }
    }

    /// Calls `visit` with the owner and whole size of every buffer that the value keeps alive; an owner
    /// may come more than once.
    pub fn visit_owners(&self, visit: &mut dyn FnMut(OwnerId, u64)) {
        match self {
            Self::Unit | Self::Bool(_) | Self::Int(_) | Self::Float(_) | Self::Str(_) => {}
            Self::Bytes(buffer) => {
                let (owner, bytes) = buffer.accounted();
                visit(owner, bytes);
            }
            Self::List(items) => items.iter().for_each(|item| item.visit_owners(visit)),
            Self::Array(array) => {
                let (owner, bytes) = array.buffer().accounted();
                visit(owner, bytes);
            }
            Self::Opaque(object) => object.visit_owners(visit),
        }
    }

    /// Whether the value is so small that accounting it would cost more than it weighs.
    #[must_use]
    pub fn is_immediate(&self) -> bool {
        matches!(self, Self::Unit | Self::Bool(_) | Self::Int(_) | Self::Float(_))
    }

    /// What kind of value it is, for messages.
    #[must_use]
    pub fn kind(&self) -> &str {
        match self {
            Self::Unit => "unit",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float",
            Self::Str(_) => "str",
            Self::Bytes(_) => "bytes",
            Self::List(_) => "list",
            Self::Array(_) => "array",
            Self::Opaque(object) => object.runtime(),
        }
    }
}

impl PartialEq for Value {
    /// Typed and exact: floats by their bits, foreign objects by identity.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Unit, Self::Unit) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a.to_bits() == b.to_bits(),
            (Self::Str(a), Self::Str(b)) => a == b,
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            (Self::List(a), Self::List(b)) => a == b,
            (Self::Array(a), Self::Array(b)) => a == b,
            (Self::Opaque(a), Self::Opaque(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

impl Eq for Value {}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unit => f.write_str("Unit"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value:?}"),
            Self::Str(text) => write!(f, "{text:?}"),
            Self::Bytes(buffer) => write!(f, "Bytes({})", buffer.len()),
            Self::List(items) => f.debug_list().entries(items.iter()).finish(),
            Self::Array(array) => write!(f, "Array({} {:?})", array.dtype(), array.shape()),
            Self::Opaque(object) => write!(f, "{object:?}"),
        }
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Str(value.into())
    }
}

impl From<Buffer> for Value {
    fn from(buffer: Buffer) -> Self {
        Self::Bytes(Box::new(buffer))
    }
}

impl From<NdArray> for Value {
    fn from(array: NdArray) -> Self {
        Self::Array(Arc::new(array))
    }
}

impl From<Vec<Value>> for Value {
    fn from(items: Vec<Value>) -> Self {
        Self::List(items.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_three_words() {
        assert!(size_of::<Value>() <= 24);
    }

    #[test]
    fn equality_is_typed() {
        assert_ne!(Value::Int(1), Value::Float(1.0));
        assert_ne!(Value::Float(0.0), Value::Float(-0.0));
        assert_eq!(Value::Float(f64::NAN), Value::Float(f64::NAN));
    }

    #[test]
    fn two_views_of_one_buffer_have_one_owner() {
        let buffer = Buffer::zeroed(64).unwrap();
        let list = Value::from(vec![buffer.slice(0, 8).into(), buffer.slice(8, 8).into()]);
        let mut owners = Vec::new();
        list.visit_owners(&mut |owner, bytes| owners.push((owner, bytes)));
        assert_eq!(owners.len(), 2);
        assert_eq!(owners[0], owners[1]);
        assert_eq!(owners[0].1, 64);
    }
}
