//! TLS: both sides show a certificate that the authority of the cluster has signed.
//!
//! Certificates say who belongs to the cluster, not which machine one is: names in them are not looked at, since workers
//! come and go at addresses that nobody knows beforehand.

use std::fmt;
use std::io;
use std::sync::Arc;

use raskt_core::{Error, ErrorKind, Result};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream as Connecting;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, ServerConfig, SignatureScheme,
};
use tokio_rustls::server::TlsStream as Accepting;
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// What certificates of [`Certificates::temporary`] are called.
const NAME: &str = "raskt";

/// The authority that signs a cluster's certificates, and the certificate and key of one process, as text (PEM).
#[derive(Clone, PartialEq, Eq)]
pub struct Certificates {
    /// The certificates of the authority.
    pub authority: String,
    /// The certificate of this process, and those between it and the authority.
    pub certificate: String,
    /// The key of that certificate.
    pub key: String,
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Certificates(..)")
    }
}

impl Certificates {
    /// A certificate signed by an authority whose key nobody has.
    ///
    /// # Errors
    /// [`ErrorKind::System`] where the system gives no random numbers.
    pub fn temporary() -> Result<Self> {
        let made = || {
            let authority_key = rcgen::KeyPair::generate()?;
            let mut authority = rcgen::CertificateParams::new(Vec::<String>::new())?;
            authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
            let authority = rcgen::CertifiedIssuer::self_signed(authority, authority_key)?;
            let key = rcgen::KeyPair::generate()?;
            let certificate = rcgen::CertificateParams::new(vec![NAME.to_owned()])?;
            let certificate = certificate.signed_by(&key, &authority)?;
            Ok(Self { authority: authority.pem(), certificate: certificate.pem(), key: key.serialize_pem() })
        };
        made().map_err(|error: rcgen::Error| refused("making a certificate", error))
    }
}

fn refused(what: &str, reason: impl ToString) -> Error {
    ErrorKind::System { what: what.to_owned(), reason: reason.to_string() }.into()
}

/// How one process speaks TLS.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    connector: TlsConnector,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls(..)")
    }
}

fn certificates(text: &str, whose: &str) -> Result<Vec<CertificateDer<'static>>> {
    let what = format!("reading {whose}");
    let found: std::result::Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    match found {
        Ok(found) if found.is_empty() => Err(refused(&what, "there is no certificate in it (PEM)")),
        Ok(found) => Ok(found),
        Err(error) => Err(refused(&what, error)),
    }
}

impl Tls {
    /// How a process speaks that has these certificates.
    ///
    /// ```
    /// use raskt_net::transport::{Certificates, Tls};
    /// let certificates = Certificates::temporary()?;
    /// Tls::new(&certificates)?;
    /// assert!(Tls::new(&Certificates { key: "none".into(), ..certificates }).is_err());
    /// # Ok::<(), raskt_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::System`] for what is no certificate or key, and for a key of another certificate.
    pub fn new(given: &Certificates) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        for certificate in certificates(&given.authority, "the certificates of the authority")? {
            let added = roots.add(certificate);
            added.map_err(|error| refused("reading the certificates of the authority", error))?;
        }
        let roots = Arc::new(roots);
        let own = || certificates(&given.certificate, "the certificate");
        let key = || {
            let read = PrivateKeyDer::from_pem_slice(given.key.as_bytes());
            read.map_err(|error| refused("reading the key of the certificate", error))
        };
        let provider = Arc::new(ring::default_provider());
        let clients = WebPkiClientVerifier::builder_with_provider(Arc::clone(&roots), Arc::clone(&provider));
        let clients =
            clients.build().map_err(|error| refused("reading the certificates of the authority", error))?;
        let unfit = |error| refused("using the certificate", error);
        let server =
            ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
        let server = server.map_err(unfit)?.with_client_cert_verifier(clients);
        let server = server.with_single_cert(own()?, key()?).map_err(unfit)?;
        let servers = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider));
        let servers =
            servers.build().map_err(|error| refused("reading the certificates of the authority", error))?;
        let client =
            ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
        let members = Arc::new(Members { servers, provider });
        let client = client.map_err(unfit)?.dangerous().with_custom_certificate_verifier(members);
        let client = client.with_client_auth_cert(own()?, key()?).map_err(unfit)?;
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(server)),
            connector: TlsConnector::from(Arc::new(client)),
        })
    }

    pub(super) async fn accept(&self, stream: TcpStream) -> io::Result<Accepting<TcpStream>> {
        self.acceptor.accept(stream).await
    }

    pub(super) async fn connect(&self, stream: TcpStream) -> io::Result<Connecting<TcpStream>> {
        let name = ServerName::try_from(NAME).map_err(|error| io::Error::other(error.to_string()))?;
        self.connector.connect(name, stream).await.map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => io::Error::new(
                io::ErrorKind::InvalidData,
                format!("{error}; a port without TLS is written tcp://host:port"),
            ),
            _ => error,
        })
    }
}

/// Takes every server whose certificate the authority has signed, whatever its name.
#[derive(Debug)]
struct Members {
    servers: Arc<WebPkiServerVerifier>,
    provider: Arc<CryptoProvider>,
}

type Signed = std::result::Result<HandshakeSignatureValid, tokio_rustls::rustls::Error>;

impl ServerCertVerifier for Members {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, tokio_rustls::rustls::Error> {
        use tokio_rustls::rustls::Error::InvalidCertificate;
        // The name is looked at last, after the signatures.
        match self.servers.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Err(InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        said: &[u8],
        by: &CertificateDer<'_>,
        how: &DigitallySignedStruct,
    ) -> Signed {
        self.servers.verify_tls12_signature(said, by, how)
    }

    fn verify_tls13_signature(
        &self,
        said: &[u8],
        by: &CertificateDer<'_>,
        how: &DigitallySignedStruct,
    ) -> Signed {
        self.servers.verify_tls13_signature(said, by, how)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
