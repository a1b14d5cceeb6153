//! Why an attempt or a call did not succeed: the one public vocabulary.

use serde::Serialize;

/// The word that reports, errors, events and metrics use for a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Reason {
    Connect,
    Tls,
    Dns,
    Reset,
    TimeoutConnect,
    TimeoutHeaders,
    TimeoutFirstContent,
    TimeoutContent,
    TimeoutTotal,
    Truncated,
    Malformed,
    RateLimited,
    Quota,
    TooLargeForLimit,
    Overloaded,
    ServerError,
    Conflict,
    Auth,
    Permission,
    NotFound,
    BadRequest,
    ContextLength,
    ContentFilter,
    BreakerOpen,
    Cooldown,
    /// The rate budget is used up, or as many requests as are allowed are under way.
    Limiter,
    /// Slower than the endpoint's own limit.
    LatencyLimit,
    /// Dearer than the endpoint's own limit.
    CostLimit,
    Budget,
    Isolated,
    Aborted,
    /// Another request for the same call was faster.
    Hedged,
    Config,
    QueueFull,
    Closed,
}

impl Reason {
    /// Which part of the call ran out of time, for `TimeoutError.phase`.
    pub fn phase(self) -> Option<&'static str> {
        match self {
            Self::TimeoutConnect => Some("connect"),
            Self::TimeoutHeaders => Some("headers"),
            Self::TimeoutFirstContent => Some("firstContent"),
            Self::TimeoutContent => Some("content"),
            Self::TimeoutTotal => Some("total"),
            _ => None,
        }
    }
}
