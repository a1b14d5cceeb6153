//! The errors of opening a connection. Their texts name the address, the proxy and the remedy, but no path
//! and no credentials.

use std::{error::Error as StdError, io, time::Duration};

use http::{Uri, uri::Scheme};
use rustls::{CertificateError, InvalidMessage, pki_types::UnixTime};

use super::{
    failure::{FailureKind, NetworkFailure, root_message},
    resolver::DnsError,
};
use crate::base::timestamp::iso8601;

/// A failed connection, with the step that failed.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    #[error("{0}")]
    Dns(String),
    #[error("{0}")]
    Connect(String),
    #[error("{0}")]
    Tls(String),
    #[error("{0}")]
    Timeout(String),
}

impl DialError {
    /// TCP to `address` failed.
    pub fn tcp(address: &Uri, error: &(dyn StdError + 'static)) -> Self {
        let cause = root_message(error);
        if causes(error).any(|e| e.is::<DnsError>()) {
            let name = address.host().unwrap_or_default();
            return Self::Dns(format!("{name} cannot be resolved ({cause}); check the address and the DNS"));
        }
        Self::Connect(format!("{}: {cause}", host_and_port(address)))
    }

    /// The TLS handshake with `address` failed.
    pub fn tls(address: &Uri, error: &(dyn StdError + 'static)) -> Self {
        let host = address.host().unwrap_or_default();
        let text = match causes(error).find_map(rustls_error) {
            Some(rustls::Error::InvalidCertificate(error)) => certificate(host, error),
            Some(rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType)) => {
                format!("{} does not speak TLS; is it an http:// address?", host_and_port(address))
            }
            Some(error) => format!("{}: {error}", host_and_port(address)),
            None => format!("{}: {}", host_and_port(address), root_message(error)),
        };
        Self::Tls(text)
    }

    /// `proxy` opened no tunnel to `target`.
    pub fn tunnel(proxy: &Uri, target: &Uri, error: &(dyn StdError + 'static)) -> Self {
        let (proxy, target, cause) = (host_and_port(proxy), host_and_port(target), error.to_string());
        let cause = cause.strip_prefix("tunnel error: ").unwrap_or(&cause);
        let advice = if cause.contains("authorization") {
            "; check the user and the password in the proxy's address"
        } else {
            ""
        };
        Self::Connect(format!("the proxy {proxy} opened no tunnel to {target}: {cause}{advice}"))
    }

    pub fn timeout(address: &Uri, limit: Duration) -> Self {
        Self::Timeout(format!("no connection to {} within {} ms", host_and_port(address), limit.as_millis()))
    }

    /// Adds the proxy that the connection goes through.
    pub fn through(self, proxy: &Uri) -> Self {
        self.map(|text| format!("{text} (through the proxy {})", host_and_port(proxy)))
    }

    /// It was the proxy that could not be reached, on the way to `target`.
    pub fn of_proxy(self, target: &Uri) -> Self {
        self.map(|text| format!("{text} (the proxy for {})", host_and_port(target)))
    }

    fn map(self, change: impl FnOnce(String) -> String) -> Self {
        match self {
            Self::Dns(text) => Self::Dns(change(text)),
            Self::Connect(text) => Self::Connect(change(text)),
            Self::Tls(text) => Self::Tls(change(text)),
            Self::Timeout(text) => Self::Timeout(change(text)),
        }
    }
}

impl From<DialError> for NetworkFailure {
    fn from(error: DialError) -> Self {
        let kind = match error {
            DialError::Dns(_) => FailureKind::Dns,
            DialError::Connect(_) => FailureKind::Connect,
            DialError::Tls(_) => FailureKind::Tls,
            DialError::Timeout(_) => FailureKind::ConnectTimeout,
        };
        Self::new(kind, error.to_string())
    }
}

/// The host and the port of an address, which is all that a text may contain of it.
pub fn host_and_port(address: &Uri) -> String {
    let default = if address.scheme() == Some(&Scheme::HTTPS) { 443 } else { 80 };
    format!("{}:{}", address.host().unwrap_or_default(), address.port_u16().unwrap_or(default))
}

/// An error and its sources.
fn causes<'e>(error: &'e (dyn StdError + 'static)) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |e| StdError::source(*e))
}

/// `io::Error::source` skips the error that an `io::Error` contains, and connectors wrap them in each other.
fn rustls_error<'e>(error: &'e (dyn StdError + 'static)) -> Option<&'e rustls::Error> {
    let mut error = error;
    while let Some(inner) = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        error = inner;
    }
    error.downcast_ref()
}

fn certificate(host: &str, error: &CertificateError) -> String {
    match error {
        CertificateError::UnknownIssuer => format!(
            "the certificate of {host} has an unknown issuer; if you trust it, give its CA certificate as \
             tls.ca or in NODE_EXTRA_CA_CERTS"
        ),
        CertificateError::ExpiredContext { not_after, .. } => {
            format!("the certificate of {host} expired at {}; its operator must renew it", date(*not_after))
        }
        CertificateError::NotValidYetContext { not_before, .. } => {
            format!(
                "the certificate of {host} is valid from {} on; check this machine's clock",
                date(*not_before)
            )
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            format!("the certificate is not for the name {host}; check the address")
        }
        other => format!("the certificate of {host} is invalid: {other}"),
    }
}

fn date(at: UnixTime) -> String {
    let at = std::time::SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(at.as_secs()));
    at.map_or_else(|| "an unknown time".into(), iso8601)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> Uri {
        text.parse().unwrap_or_default()
    }

    #[test]
    fn a_text_names_the_address_and_the_remedy() {
        let day = |days: u64| UnixTime::since_unix_epoch(Duration::from_secs(days * 86_400));
        let address = uri("https://a.test/v1?key=SECRET");
        for (error, expected) in [
            (CertificateError::UnknownIssuer, "tls.ca or in NODE_EXTRA_CA_CERTS"),
            (
                CertificateError::ExpiredContext { time: day(3), not_after: day(2) },
                "1970-01-03T00:00:00.000Z",
            ),
            (CertificateError::NotValidYetContext { time: day(1), not_before: day(2) }, "machine's clock"),
            (CertificateError::NotValidForName, "not for the name a.test"),
            (CertificateError::BadSignature, "a.test is invalid"),
        ] {
            // As connectors wrap it.
            let error = io::Error::other(io::Error::other(rustls::Error::InvalidCertificate(error)));
            let text = DialError::tls(&address, &error).to_string();
            assert!(text.contains(expected) && text.contains("a.test") && !text.contains("SECRET"), "{text}");
        }
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        let direct = DialError::tcp(&address, &refused);
        assert_eq!(direct.to_string(), "a.test:443: connection refused");
        let text = direct.through(&uri("http://user:SECRET@proxy.test:3128")).to_string();
        assert_eq!(text, "a.test:443: connection refused (through the proxy proxy.test:3128)");
        let text = DialError::tcp(&uri("http://p.test:3128"), &refused).of_proxy(&address).to_string();
        assert_eq!(text, "p.test:3128: connection refused (the proxy for a.test:443)");
        let slow = DialError::timeout(&uri("http://b.test"), Duration::from_millis(5));
        assert_eq!(slow.to_string(), "no connection to b.test:80 within 5 ms");
    }
}
