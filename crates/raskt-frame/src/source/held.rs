//! Partitions in memory as a parameter of an expression: named by a token, not by their content.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use raskt_core::encode::ForeignTokenizer;
use raskt_core::{ErrorKind, Opaque, OwnerId, Param, Payload, Result, Token, Value};
use raskt_expr::Meta;

/// The runtime of held partitions, which never leave their expression: lowering takes them out.
const RUNTIME: &str = "partitions";

/// The partitions of a frame, tables or objects of pandas, with the token that stands for them.
pub struct Partitions {
    token: Token,
    values: Arc<[Value]>,
    meta: Meta,
}

impl Partitions {
    /// Partitions of which `meta` is known; equal tokens say equal partitions.
    #[must_use]
    pub fn new(token: Token, values: Vec<Value>, meta: Meta) -> Self {
        Self { token, values: values.into(), meta }
    }

    /// The partitions that a parameter holds.
    #[must_use]
    pub fn of(param: Option<&Param>) -> Option<&Self> {
        match param {
            Some(Param::Value(Value::Opaque(object))) => object.as_any().downcast_ref(),
            _ => None,
        }
    }

    /// What stands for the partitions.
    #[must_use]
    pub fn token(&self) -> Token {
        self.token
    }

    /// The partitions.
    #[must_use]
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// What is known of the frame.
    #[must_use]
    pub fn meta(&self) -> &Meta {
        &self.meta
    }
}

impl fmt::Debug for Partitions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} partitions {:.8}>", self.values.len(), self.token.to_string())
    }
}

impl Opaque for Partitions {
    fn runtime(&self) -> &'static str {
        RUNTIME
    }

    fn size_bytes(&self) -> u64 {
        self.values.iter().map(Value::own_bytes).sum()
    }

    fn visit_owners(&self, visit: &mut dyn FnMut(OwnerId, u64)) {
        self.values.iter().for_each(|value| value.visit_owners(visit));
    }

    fn encode(&self) -> Result<Payload> {
        Err(ErrorKind::NotEncodable("partitions held by an expression".into()).into())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Knows the tokens of held partitions.
#[derive(Clone, Copy, Debug, Default)]
pub struct HeldTokens;

impl ForeignTokenizer for HeldTokens {
    fn token(&self, object: &dyn Opaque) -> Result<Token> {
        match object.as_any().downcast_ref::<Partitions>() {
            Some(held) => Ok(held.token),
            None => Err(ErrorKind::NotEncodable(format!("{object:?}")).into()),
        }
    }
}
