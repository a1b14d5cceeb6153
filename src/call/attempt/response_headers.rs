//! Parses the response headers we use, in one pass.

use std::time::{Duration, SystemTime};

use crate::{
    base::{
        rate_limit::{self, ObservedLimits},
        retry_after::{self, RetryAfterHeaders},
    },
    net::fields::{HeaderFields, text},
};

/// Response headers forwarded to passthrough callers; `LIMITS` are prefixes.
const PASSED: [&str; 4] = ["content-type", "content-disposition", "openai-processing-ms", "openai-version"];
const LIMITS: [&str; 2] = ["x-ratelimit-", "anthropic-ratelimit-"];

/// The headers that are kept, besides those about rate limits.
const NAMES: [&str; 8] = [
    "retry-after",
    "retry-after-ms",
    "date",
    "content-encoding",
    "x-should-retry",
    "x-request-id",
    "request-id",
    "x-ds-trace-id",
];
const RETRY_AFTER: usize = 0;
const RETRY_AFTER_MS: usize = 1;
const DATE: usize = 2;
const CONTENT_ENCODING: usize = 3;
const SHOULD_RETRY: usize = 4;
/// Where the headers with the vendor's request id begin in `NAMES`.
const REQUEST_IDS: usize = 5;

#[derive(Default)]
pub struct ResponseHeaders<'a> {
    /// By `NAMES`; the first occurrence of each.
    named: [Option<&'a str>; NAMES.len()],
    quotas: rate_limit::RateLimitHeaders<'a>,
}

impl<'a> ResponseHeaders<'a> {
    pub fn read(fields: &'a HeaderFields) -> Self {
        let mut headers = Self::default();
        fields.each(|name, value| {
            if let Some(at) = NAMES.iter().position(|known| name.eq_ignore_ascii_case(known.as_bytes())) {
                headers.named[at] = headers.named[at].or_else(|| text(value));
            } else {
                headers.quotas.take(name, || text(value));
            }
        });
        headers
    }

    /// The wait that the vendor asks for.
    pub fn retry_after(&self, now: impl FnOnce() -> SystemTime) -> Option<Duration> {
        let (retry_after, retry_after_ms) = (self.named[RETRY_AFTER], self.named[RETRY_AFTER_MS]);
        // Nearly all responses have neither.
        if retry_after.is_none() && retry_after_ms.is_none() {
            return None;
        }
        let headers = RetryAfterHeaders { retry_after, retry_after_ms, date: self.named[DATE] };
        retry_after::from_headers(headers, now())
    }

    /// The rate limits in the headers; `None` when there are none.
    pub fn observed_limits(&self, now: impl Fn() -> SystemTime) -> Option<ObservedLimits> {
        (!self.quotas.is_empty()).then(|| self.quotas.observed_limits(self.named[DATE], now))
    }

    pub fn request_id(&self) -> Option<&'a str> {
        self.named[REQUEST_IDS..].iter().find_map(|id| *id)
    }

    pub fn content_encoding(&self) -> Option<&'a str> {
        self.named[CONTENT_ENCODING]
    }

    pub fn forbids_retry(&self) -> bool {
        self.named[SHOULD_RETRY] == Some("false")
    }
}

/// The headers of a response that are forwarded to passthrough callers.
pub fn passed_on(fields: &HeaderFields) -> Vec<(String, String)> {
    let mut kept = Vec::new();
    fields.each(|name, value| {
        let Some(name) = text(name).map(str::to_ascii_lowercase) else { return };
        let known = PASSED.contains(&&*name) || LIMITS.iter().any(|prefix| name.starts_with(prefix));
        if let Some(value) = text(value).filter(|_| known) {
            kept.push((name, value.to_owned()));
        }
    });
    kept
}
