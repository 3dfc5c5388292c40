//! Values in memory as parameters of expressions: named by a token, not by their content.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use raskt_core::encode::ForeignTokenizer;
use raskt_core::{ErrorKind, Opaque, OwnerId, Param, Payload, Result, Token, Value};

/// The runtime of held values, which never leave their expression: lowering takes them out.
const RUNTIME: &str = "expression";

/// A value with the token that stands for it.
pub struct Held {
    token: Token,
    value: Value,
}

impl Held {
    /// `value` as a parameter, known by `token`.
    #[must_use]
    pub fn param(token: Token, value: Value) -> Param {
        Param::Value(Value::Opaque(Arc::new(Self { token, value })))
    }

    /// What a parameter made by [`Held::param`] holds; any other parameter's own value.
    #[must_use]
    pub fn value_of(param: &Param) -> Option<&Value> {
        match param {
            Param::Value(Value::Opaque(object)) => match object.as_any().downcast_ref::<Self>() {
                Some(held) => Some(&held.value),
                None => Some(match param {
                    Param::Value(value) => value,
                    _ => return None,
                }),
            },
            Param::Value(value) => Some(value),
            _ => None,
        }
    }

    /// The token of a parameter made by [`Held::param`].
    #[must_use]
    pub fn token_of(param: &Param) -> Option<Token> {
        match param {
            Param::Value(Value::Opaque(object)) => {
                object.as_any().downcast_ref::<Self>().map(|held| held.token)
            }
            _ => None,
        }
    }

    /// The token.
    #[must_use]
    pub fn token(&self) -> Token {
        self.token
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }
}

/// Names of held values alone, for expressions without foreign objects.
#[derive(Clone, Copy, Debug, Default)]
pub struct NativeTokens;

impl ForeignTokenizer for NativeTokens {
    fn token(&self, object: &dyn Opaque) -> Result<Token> {
        match object.as_any().downcast_ref::<Held>() {
            Some(held) => Ok(held.token()),
            None => Err(ErrorKind::NotEncodable(format!("{object:?}")).into()),
        }
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:.8}", self.value, self.token.to_string())
    }
}

impl Opaque for Held {
    fn runtime(&self) -> &'static str {
        RUNTIME
    }

    fn size_bytes(&self) -> u64 {
        self.value.own_bytes()
    }

    fn visit_owners(&self, visit: &mut dyn FnMut(OwnerId, u64)) {
        self.value.visit_owners(visit);
    }

    fn encode(&self) -> Result<Payload> {
        Err(ErrorKind::NotEncodable("a value held by an expression".into()).into())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
