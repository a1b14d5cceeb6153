//! Why an attempt or a call failed: the one public vocabulary.

use serde::{Serialize, Serializer};

/// The reason in reports, errors, events and metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    /// The rate limit is used up, or as many requests as allowed are running.
    Limiter,
    /// Slower than the endpoint's `maxLatency`.
    LatencyLimit,
    /// More expensive than the endpoint's `costLimitPerRequest`.
    CostLimit,
    Budget,
    Isolated,
    Aborted,
    /// Another attempt of the same call was faster.
    Hedged,
    Config,
    QueueFull,
    Closed,
}

impl Reason {
    /// The public word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Dns => "dns",
            Self::Reset => "reset",
            Self::TimeoutConnect => "timeoutConnect",
            Self::TimeoutHeaders => "timeoutHeaders",
            Self::TimeoutFirstContent => "timeoutFirstContent",
            Self::TimeoutContent => "timeoutContent",
            Self::TimeoutTotal => "timeoutTotal",
            Self::Truncated => "truncated",
            Self::Malformed => "malformed",
            Self::RateLimited => "rateLimited",
            Self::Quota => "quota",
            Self::TooLargeForLimit => "tooLargeForLimit",
            Self::Overloaded => "overloaded",
            Self::ServerError => "serverError",
            Self::Conflict => "conflict",
            Self::Auth => "auth",
            Self::Permission => "permission",
            Self::NotFound => "notFound",
            Self::BadRequest => "badRequest",
            Self::ContextLength => "contextLength",
            Self::ContentFilter => "contentFilter",
            Self::BreakerOpen => "breakerOpen",
            Self::Cooldown => "cooldown",
            Self::Limiter => "limiter",
            Self::LatencyLimit => "latencyLimit",
            Self::CostLimit => "costLimit",
            Self::Budget => "budget",
            Self::Isolated => "isolated",
            Self::Aborted => "aborted",
            Self::Hedged => "hedged",
            Self::Config => "config",
            Self::QueueFull => "queueFull",
            Self::Closed => "closed",
        }
    }

    /// The phase of the call that timed out, for `TimeoutError.phase`.
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

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.word())
    }
}
