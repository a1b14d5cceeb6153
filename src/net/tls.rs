//! Trusted certificates: Mozilla's roots, the user's own, and the system's on request.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, pem::PemObject};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct TlsOptions {
    /// PEM texts, each with one certificate or more.
    pub ca: Vec<String>,
    pub system_ca: bool,
}

/// The PEM text holds no usable certificate.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BadCertificate(String);

/// Reads every certificate of a PEM text.
pub fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, BadCertificate> {
    let parsed: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    match parsed {
        Ok(list) if !list.is_empty() => Ok(list),
        Ok(_) => Err(BadCertificate("no PEM certificate in it".into())),
        Err(e) => Err(BadCertificate(format!("not a PEM certificate: {e}"))),
    }
}

pub fn client_config(options: &TlsOptions) -> Result<ClientConfig, BadCertificate> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    for pem in &options.ca {
        for certificate in certificates(pem)? {
            roots
                .add(certificate)
                .map_err(|e| BadCertificate(format!("not a usable CA certificate: {e}")))?;
        }
    }
    if options.system_ca {
        // Invalid certificates of the system are ignored.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    // The provider is passed here, not installed for the whole process, which may use another one.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| BadCertificate(e.to_string()))
        .map(|builder| builder.with_root_certificates(roots).with_no_client_auth())
}

/// Whether the peer refused our side of the handshake: with TLS 1.3 the error comes after it.
pub fn refused(error: &std::io::Error) -> bool {
    use rustls::{AlertDescription as Alert, Error};
    matches!(
        error.get_ref().and_then(|e| e.downcast_ref::<Error>()),
        Some(Error::AlertReceived(
            Alert::CertificateRequired
                | Alert::BadCertificate
                | Alert::UnsupportedCertificate
                | Alert::CertificateRevoked
                | Alert::CertificateExpired
                | Alert::CertificateUnknown
                | Alert::UnknownCA
                | Alert::AccessDenied
                | Alert::HandshakeFailure
                | Alert::UnrecognisedName
                | Alert::ProtocolVersion
        ))
    )
}
