//! A vendor's error as it was read from a body or a stream event, before anyone judges it.

use std::time::Duration;

/// The parts of an error body that classification looks at. All of them are optional on the wire.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VendorError {
    pub message: String,
    /// The most specific word: `error.code`, Anthropic's `details.error_code`, Google's `ErrorInfo.reason`.
    pub code: Option<String>,
    /// `error.type`, or Google's `error.status`.
    pub kind: Option<String>,
    /// A status written into the body, as relays and streams do.
    pub status: Option<u16>,
    /// Google's `QuotaFailure` id, which says whether the limit is per minute or per day.
    pub quota_id: Option<String>,
    /// The body's own hint, such as `retry_after` or `RetryInfo`.
    pub retry_after: Option<Duration>,
}

impl VendorError {
    pub fn from_message(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }
}
