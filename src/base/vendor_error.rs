//! A vendor's error as read from a body or a stream event, not yet classified.

use std::time::Duration;

/// The parts of an error that classification uses. Any may be missing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VendorError {
    pub message: String,
    /// The most specific code: `error.code`, Anthropic's `details.error_code`, Google's `ErrorInfo.reason`.
    pub code: Option<String>,
    /// `error.type`, or Google's `error.status`.
    pub kind: Option<String>,
    /// A status inside the body, as in relays and streams.
    pub status: Option<u16>,
    /// Google's `QuotaFailure` id, which distinguishes limits per minute from limits per day.
    pub quota_id: Option<String>,
    /// The body's own Retry-After, such as `retry_after` or `RetryInfo`.
    pub retry_after: Option<Duration>,
}

impl VendorError {
    pub fn from_message(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }
}
