//! Where a daemon listens.

use std::fmt;
use std::str::FromStr;

use raskt_core::encode::{Decode, Decoder, Encode, Encoder};
use raskt_core::{Error, ErrorKind, Result};

/// Where a daemon listens: `tcp://host:port`, or `tls://host:port` where what is said is encrypted. A host of IPv6 stands in
/// brackets; without a scheme it is `tcp`.
///
/// ```
/// use raskt_net::transport::Address;
/// let address: Address = "tcp://[::1]:8786".parse()?;
/// assert_eq!((address.host(), address.port()), ("::1", 8786));
/// assert_eq!(address.to_string(), "tcp://[::1]:8786");
/// assert_eq!("localhost:1".parse::<Address>()?.to_string(), "tcp://localhost:1");
/// assert!("http://localhost:1".parse::<Address>().is_err());
/// # Ok::<(), raskt_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    host: String,
    port: u16,
    is_tls: bool,
}

impl Address {
    /// The port `port` of `host`; 0 for any that is free.
    #[must_use]
    pub fn tcp(host: &str, port: u16) -> Self {
        Self { host: host.to_owned(), port, is_tls: false }
    }

    /// The same with TLS.
    #[must_use]
    pub fn tls(host: &str, port: u16) -> Self {
        Self { is_tls: true, ..Self::tcp(host, port) }
    }

    /// Another place that is spoken to in the same way.
    #[must_use]
    pub fn beside(&self, host: &str, port: u16) -> Self {
        Self { host: host.to_owned(), port, is_tls: self.is_tls }
    }

    /// Whether what is said there is encrypted.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.is_tls
    }

    /// The host, without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether it names this machine alone.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost"
            || self.host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let refuse = |what: &str| {
            let message =
                format!("the address {text:?} {what}; one is written tcp://host:port or tls://host:port");
            Error::from(ErrorKind::InvalidValue(message))
        };
        let (is_tls, rest) = match text.split_once("://") {
            None => (false, text),
            Some(("tcp", rest)) => (false, rest),
            Some(("tls", rest)) => (true, rest),
            Some((scheme, _)) => return Err(refuse(&format!("has the scheme {scheme}, which is not known"))),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = rest.rsplit_once(':').ok_or_else(|| refuse("has no port"))?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        if bare.is_none() && host.contains(':') {
            return Err(refuse("has a host of IPv6 without brackets"));
        }
        let host = bare.unwrap_or(host);
        if host.is_empty() {
            return Err(refuse("has no host"));
        }
        let port =
            port.parse().map_err(|_| refuse(&format!("has the port {port:?}, not one of 0 to 65535")))?;
        Ok(Self { host: host.to_owned(), port, is_tls })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_tls { "tls" } else { "tcp" };
        match self.host.contains(':') {
            true => write!(f, "{scheme}://[{}]:{}", self.host, self.port),
            false => write!(f, "{scheme}://{}:{}", self.host, self.port),
        }
    }
}

impl Encode for Address {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        out.text(&self.to_string());
        Ok(())
    }
}

impl Decode for Address {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        let text = input.text()?;
        text.parse().map_err(|error: Error| input.corrupt(&error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_address_says_why() {
        let why = |text: &str| text.parse::<Address>().unwrap_err().to_string();
        assert!(why("tcp://host").contains("has no port"));
        assert!(why("tcp://:1").contains("has no host"));
        assert!(why("tcp://host:65536").contains("\"65536\""));
        assert!(why("::1:80").contains("without brackets"));
        assert!(why("ucx://host:1").contains("ucx"));
    }

    #[test]
    fn addresses_of_this_machine_are_known() {
        let is_loopback = |text: &str| text.parse::<Address>().unwrap().is_loopback();
        assert!(is_loopback("127.0.0.1:1") && is_loopback("[::1]:1") && is_loopback("localhost:1"));
        assert!(!is_loopback("0.0.0.0:1") && !is_loopback("10.1.2.3:1") && !is_loopback("example.org:1"));
    }
}
