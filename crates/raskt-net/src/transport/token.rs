//! The secret that whoever may speak to a cluster knows.

use std::fmt;

use raskt_core::{ErrorKind, Result};

/// A secret that all processes of a cluster and its clients know. It is never sent: each side of a connection proves to the
/// other that it knows it, by a keyed BLAKE3 hash of what both have drawn at random.
///
/// ```
/// use raskt_net::transport::Token;
/// let token = Token::random()?;
/// assert_eq!(token.as_str().len(), 64);
/// assert_eq!(format!("{token:?}"), "Token(..)");
/// # Ok::<(), raskt_core::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Token(String);

/// Bytes that nobody can guess.
///
/// # Errors
/// [`ErrorKind::System`] where the system gives none.
pub(super) fn random_bytes() -> Result<[u8; 32]> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| ErrorKind::System {
        what: "random numbers".to_owned(),
        reason: error.to_string(),
    })?;
    Ok(bytes)
}

impl Token {
    /// The token `text`; the empty one is no secret.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// A token that nobody knows yet.
    ///
    /// # Errors
    /// [`ErrorKind::System`] where the system gives no random numbers.
    pub fn random() -> Result<Self> {
        Ok(Self(random_bytes()?.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    /// The text, to be handed to processes that may speak to the cluster, and to nobody else.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is no secret.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The proof of `side` that it knows the token.
    pub(super) fn proof(&self, side: &str, nonces: [&[u8; 32]; 2], said: &[u8]) -> [u8; 32] {
        let key = blake3::derive_key("raskt 2026-11-29 cluster token", self.0.as_bytes());
        let mut hasher = blake3::Hasher::new_keyed(&key);
        for part in [side.as_bytes(), nonces[0], nonces[1], said] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        *hasher.finalize().as_bytes()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}
