//! Failures of the network. Their messages contain no path and no key.

use std::error::Error as StdError;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    Dns,
    Connect,
    Tls,
    ConnectTimeout,
    HeadersTimeout,
    /// The peer processed nothing: the connection closed before the request was written, or the peer
    /// reported it.
    Unsent,
    /// The connection broke after the request was written and before a response.
    Reset,
    /// `Reset` on a reused connection, which the peer may have been closing already.
    Stale,
    /// The response head is not HTTP.
    Malformed,
}

#[derive(Clone, Debug)]
pub struct NetworkFailure {
    pub kind: FailureKind,
    pub message: String,
}

impl NetworkFailure {
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}

impl From<hyper::Error> for NetworkFailure {
    fn from(error: hyper::Error) -> Self {
        let mut kind = None;
        let mut source: Option<&(dyn StdError + 'static)> = Some(&error);
        while let Some(e) = source {
            kind = kind.or_else(|| kind_of(e));
            source = e.source();
        }
        Self::new(kind.unwrap_or(FailureKind::Reset), root_message(&error))
    }
}

fn kind_of(error: &(dyn StdError + 'static)) -> Option<FailureKind> {
    if let Some(h2) = error.downcast_ref::<h2::Error>() {
        let refused = h2.reason() == Some(h2::Reason::REFUSED_STREAM);
        // A graceful GOAWAY fails only streams above the last processed one.
        let unprocessed = h2.is_go_away() && h2.is_remote() && h2.reason() == Some(h2::Reason::NO_ERROR);
        return Some(if refused || unprocessed { FailureKind::Unsent } else { FailureKind::Reset });
    }
    let hyper = error.downcast_ref::<hyper::Error>()?;
    // The HTTP/2 connection closed while the request still waited for a stream.
    if hyper.is_canceled() || hyper.is_user() {
        Some(FailureKind::Unsent)
    } else if hyper.is_parse() {
        Some(FailureKind::Malformed)
    } else {
        None
    }
}

/// The innermost cause is the most specific, and none of the causes quotes a header.
pub fn root_message(error: &(dyn StdError + 'static)) -> String {
    let mut current = error;
    while let Some(source) = current.source() {
        current = source;
    }
    current.to_string()
}
