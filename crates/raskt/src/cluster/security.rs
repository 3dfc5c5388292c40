//! Who may speak to a cluster.

use std::fmt;
use std::time::Duration;

use raskt_core::Result;
use raskt_net::transport::{Certificates, HandshakeOptions, Tls, Token};

/// Who may speak to a cluster, and run its functions. All processes of a cluster have the same.
///
/// ```
/// use raskt::cluster::Security;
/// let security = Security::random()?;
/// assert_eq!(Security::of_token(security.token()), security);
/// assert_eq!(format!("{security:?}"), "Security(a token)");
/// # Ok::<(), raskt::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Security {
    token: Token,
    certificates: Option<Certificates>,
}

impl fmt::Debug for Security {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.certificates, self.token.as_str()) {
            (Some(_), _) => f.write_str("Security(certificates)"),
            (None, "") => f.write_str("Security(nothing)"),
            (None, _) => f.write_str("Security(a token)"),
        }
    }
}

impl Security {
    /// Whoever knows `token` may speak. It is never sent, and what is sent is not encrypted.
    #[must_use]
    pub fn of_token(token: &str) -> Self {
        Self { token: Token::new(token), certificates: None }
    }

    /// A token that nobody knows yet.
    ///
    /// # Errors
    /// [`ErrorKind::System`](crate::ErrorKind::System) where the system gives no random numbers.
    pub fn random() -> Result<Self> {
        Ok(Self { token: Token::random()?, certificates: None })
    }

    /// Whoever shows a certificate that `authority` has signed may speak, and what is sent is encrypted (TLS); addresses
    /// begin with `tls://`. All three are text (PEM).
    #[must_use]
    pub fn of_certificates(authority: &str, certificate: &str, key: &str) -> Self {
        let [authority, certificate, key] = [authority, certificate, key].map(str::to_owned);
        Self { token: Token::default(), certificates: Some(Certificates { authority, certificate, key }) }
    }

    /// The token, for processes that may speak to the cluster; empty where there is none.
    #[must_use]
    pub fn token(&self) -> &str {
        self.token.as_str()
    }

    /// Whether anybody may speak.
    pub(super) fn is_nothing(&self) -> bool {
        self.certificates.is_none() && self.token().is_empty()
    }

    /// What connections go by.
    pub(super) fn handshake(&self, timeout: Duration) -> Result<HandshakeOptions> {
        let tls = self.certificates.as_ref().map(Tls::new).transpose()?;
        Ok(HandshakeOptions { token: self.token.clone(), tls, timeout })
    }
}
