//! A failed call, as data. The façade makes a JavaScript error of it.

use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::report::Attempt;
use crate::{
    base::{reason::Reason, timestamp::epoch_ms},
    config::Problem,
    cost::price::Money,
    dialect::usage::Usage,
    policy::fault::{Fault, FaultKind},
};

/// One code for each public error class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ErrorCode {
    Config,
    Authentication,
    PermissionDenied,
    RateLimit,
    QuotaExceeded,
    BadRequest,
    ContextLength,
    ContentFilter,
    NotFound,
    Timeout,
    Connection,
    Upstream,
    StreamInterrupted,
    AllEndpointsFailed,
    BudgetExceeded,
    QueueFull,
    ClientClosed,
    Queue,
    Internal,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CallError {
    pub code: ErrorCode,
    pub reason: Reason,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub request_id: String,
    pub attempts: Vec<Attempt>,
    pub retryable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<&'static str>,
    /// The vendor's error code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor_code: Option<String>,
    /// The retry budget did not allow a retry.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub retry_budget_exhausted: bool,
    /// One for each candidate that failed or was skipped.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<EndpointError>,
    /// Milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub earliest_retry_at: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interrupted: Option<PartialAnswer>,
    /// Every problem with the options.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EndpointError {
    pub endpoint: String,
    pub model: String,
    pub reason: Reason,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    pub message: String,
}

/// What a stream had delivered when it broke.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PartialAnswer {
    pub partial: String,
    pub partial_completion: serde_json::Value,
    pub usage: Option<Usage>,
}

impl CallError {
    fn new(code: ErrorCode, reason: Reason, message: impl Into<String>) -> Self {
        Self {
            code,
            reason,
            message: message.into(),
            status: None,
            endpoint: None,
            request_id: String::new(),
            attempts: Vec::new(),
            retryable: false,
            retry_after_ms: None,
            phase: reason.phase(),
            vendor_code: None,
            retry_budget_exhausted: false,
            errors: Vec::new(),
            earliest_retry_at: None,
            interrupted: None,
            problems: Vec::new(),
        }
    }

    pub fn config(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Config, Reason::Config, message)
    }

    /// Invalid options, with every problem.
    pub fn problems(problems: Vec<Problem>) -> Self {
        let list: Vec<String> = problems.iter().map(|p| format!("{} {}", p.path, p.message)).collect();
        Self { problems, ..Self::config(list.join("\n")) }
    }

    /// One invalid option.
    pub fn problem(path: &str, message: String) -> Self {
        Self::problems(vec![Problem { path: path.into(), message }])
    }

    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::BadRequest, Reason::BadRequest, message)
    }

    pub fn unknown_model(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::NotFound, Reason::NotFound, message)
    }

    pub fn closed() -> Self {
        Self::new(ErrorCode::ClientClosed, Reason::Closed, "the client is closed")
    }

    /// A cost budget is exhausted.
    pub fn budget(name: &str, limit: Money, renews_in: Duration) -> Self {
        let message = format!("the budget '{name}' of {} USD is used up", limit.usd());
        Self {
            retry_after_ms: Some(renews_in.as_millis() as u64),
            ..Self::new(ErrorCode::BudgetExceeded, Reason::Budget, message)
        }
    }

    pub fn queue_full(message: impl Into<String>) -> Self {
        Self { retryable: true, ..Self::new(ErrorCode::QueueFull, Reason::QueueFull, message) }
    }

    /// The queue's file cannot be used.
    pub fn queue(message: impl Into<String>) -> Self {
        Self { retryable: true, ..Self::new(ErrorCode::Queue, Reason::QueueFull, message) }
    }

    /// The `ttl` of a queued call passed before it was delivered.
    pub fn expired_in_queue() -> Self {
        Self::new(ErrorCode::Timeout, Reason::TimeoutTotal, "the job was not answered within the queue's ttl")
    }

    /// Whether endpoints were unavailable, as opposed to a mistake or a decision of the caller.
    pub fn is_outage(&self) -> bool {
        let outage = !matches!(
            self.code,
            ErrorCode::Config
                | ErrorCode::BadRequest
                | ErrorCode::ContextLength
                | ErrorCode::ContentFilter
                | ErrorCode::ClientClosed
                | ErrorCode::StreamInterrupted
                | ErrorCode::Queue
                | ErrorCode::Internal
        );
        // A model that no endpoint serves was never sent.
        let unknown = self.code == ErrorCode::NotFound && self.endpoint.is_none() && self.errors.is_empty();
        outage && !unknown
    }

    /// Whether another endpoint might have answered the lost request.
    pub fn is_loss(&self) -> bool {
        self.code == ErrorCode::StreamInterrupted
            || (self.is_outage() && self.code != ErrorCode::BudgetExceeded)
    }

    /// Whether the same call may succeed later.
    pub fn may_pass(&self) -> bool {
        self.is_outage() && !matches!(self.code, ErrorCode::BudgetExceeded | ErrorCode::NotFound)
    }

    /// A contained defect of bellwether, such as a panic.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Internal, Reason::Closed, message)
    }

    pub fn defect() -> Self {
        Self::internal("a defect in bellwether ended this call; please report it")
    }

    pub fn deadline(total: Duration) -> Self {
        let message = format!("no answer within the call's {} ms", total.as_millis());
        Self { retryable: true, ..Self::new(ErrorCode::Timeout, Reason::TimeoutTotal, message) }
    }

    /// The error of a call with a single candidate.
    pub fn of_fault(endpoint: &str, fault: &Fault) -> Self {
        let reason = fault.kind.reason();
        let status = fault.status.map(|s| format!("{s} ")).unwrap_or_default();
        let message = if fault.message.is_empty() {
            format!("{endpoint}: {status}{}", words(fault.kind))
        } else {
            format!("{endpoint}: {status}{}: {}", words(fault.kind), fault.message)
        };
        Self {
            status: fault.status,
            endpoint: Some(endpoint.into()),
            retryable: fault.kind.retryable(),
            retry_after_ms: fault.retry_after.map(|h| h.as_millis() as u64),
            vendor_code: fault.code.clone(),
            ..Self::new(code(fault.kind), reason, message)
        }
    }

    /// The error of a candidate that was skipped.
    pub fn of_skip(endpoint: &str, reason: Reason) -> Self {
        let kind = match reason {
            Reason::RateLimited | Reason::Limiter => ErrorCode::RateLimit,
            Reason::CostLimit => ErrorCode::BudgetExceeded,
            Reason::Quota => ErrorCode::QuotaExceeded,
            Reason::Auth => ErrorCode::Authentication,
            Reason::Permission => ErrorCode::PermissionDenied,
            Reason::NotFound => ErrorCode::NotFound,
            Reason::Dns | Reason::Connect | Reason::Tls => ErrorCode::Connection,
            _ => ErrorCode::Upstream,
        };
        let why = skip_words(reason);
        Self {
            endpoint: Some(endpoint.into()),
            retryable: reason != Reason::CostLimit,
            ..Self::new(kind, reason, format!("{endpoint}: skipped: {why}"))
        }
    }

    /// The error of a candidate that was skipped because it has as many running requests as it may have.
    pub fn of_full(endpoint: &str, limit: Option<u32>, configured: Option<u32>) -> Self {
        let why = match limit.or(configured) {
            Some(n) if configured == Some(n) => {
                format!("its maxConcurrency of {n} is reached")
            }
            Some(n) => {
                format!("its concurrency was lowered to {n} after throttling and is reached")
            }
            None => "its concurrency limit is reached".into(),
        };
        let of = Self::of_skip(endpoint, Reason::Limiter);
        Self { message: format!("{endpoint}: skipped: {why}"), ..of }
    }

    /// Several candidates failed. `telling` is the most informative failure.
    pub fn all_failed(
        telling: Self,
        errors: Vec<EndpointError>,
        now: SystemTime,
        ready_in: Option<Duration>,
    ) -> Self {
        let list: Vec<&str> = errors.iter().map(|e| e.message.as_str()).collect();
        let retryable = telling.retryable || ready_in.is_some();
        Self {
            message: format!("no endpoint answered: {}", list.join("; ")),
            code: ErrorCode::AllEndpointsFailed,
            retryable,
            retry_after_ms: ready_in.map(|d| d.as_millis() as u64).or(telling.retry_after_ms),
            earliest_retry_at: ready_in.map(|d| epoch_ms(now + d)),
            errors,
            ..telling
        }
    }

    pub fn interrupted(endpoint: &str, fault: &Fault, interrupted: PartialAnswer) -> Self {
        let of = Self::of_fault(endpoint, fault);
        Self {
            code: ErrorCode::StreamInterrupted,
            message: format!("the stream broke after content was delivered: {}", of.message),
            interrupted: Some(interrupted),
            ..of
        }
    }

    /// The call's deadline passed in the middle of a stream.
    pub fn expired(endpoint: &str, total: Duration, interrupted: PartialAnswer) -> Self {
        let of = Self::deadline(total);
        Self {
            code: ErrorCode::StreamInterrupted,
            message: format!("the stream did not end within the call's {} ms", total.as_millis()),
            endpoint: Some(endpoint.into()),
            interrupted: Some(interrupted),
            ..of
        }
    }

    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|_| {
            r#"{"code":"INTERNAL","reason":"closed","message":"an error could not be written","attempts":[],"retryable":false}"#.into()
        })
    }
}

/// The error class of a fault.
fn code(kind: FaultKind) -> ErrorCode {
    match kind {
        FaultKind::Dns
        | FaultKind::Connect
        | FaultKind::Tls
        | FaultKind::Unsent
        | FaultKind::Stale
        | FaultKind::Reset => ErrorCode::Connection,
        FaultKind::ConnectTimeout
        | FaultKind::HeadersTimeout
        | FaultKind::FirstContentTimeout
        | FaultKind::ContentTimeout
        | FaultKind::LatencyLimit => ErrorCode::Timeout,
        FaultKind::RateLimited | FaultKind::TooLargeForLimit => ErrorCode::RateLimit,
        FaultKind::Quota => ErrorCode::QuotaExceeded,
        FaultKind::Auth => ErrorCode::Authentication,
        FaultKind::Permission => ErrorCode::PermissionDenied,
        FaultKind::NotFound | FaultKind::OperationUnsupported => ErrorCode::NotFound,
        FaultKind::BadRequest => ErrorCode::BadRequest,
        FaultKind::ContextLength => ErrorCode::ContextLength,
        FaultKind::ContentFilter => ErrorCode::ContentFilter,
        FaultKind::RequestTimeout
        | FaultKind::Conflict
        | FaultKind::ServerError
        | FaultKind::Overloaded
        | FaultKind::Truncated
        | FaultKind::Malformed => ErrorCode::Upstream,
    }
}

fn words(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::Dns => "could not connect",
        FaultKind::Connect => "could not connect",
        FaultKind::Tls => "TLS failed",
        FaultKind::ConnectTimeout
        | FaultKind::HeadersTimeout
        | FaultKind::FirstContentTimeout
        | FaultKind::ContentTimeout => "timed out",
        FaultKind::LatencyLimit => "slower than its maxLatency",
        FaultKind::Unsent => "the connection was lost before the request was sent",
        FaultKind::Stale | FaultKind::Reset => "the connection was lost after the request was sent",
        FaultKind::RequestTimeout => "request timeout",
        FaultKind::Conflict => "conflict",
        FaultKind::ServerError => "server error",
        FaultKind::Overloaded => "overloaded",
        FaultKind::RateLimited => "rate limited",
        FaultKind::TooLargeForLimit => "this request is larger than the rate limit",
        FaultKind::Quota => "quota or spend limit reached",
        FaultKind::Auth => "the key was refused",
        FaultKind::Permission => "the key lacks permission",
        FaultKind::NotFound | FaultKind::OperationUnsupported => "not found",
        FaultKind::BadRequest => "the request was refused",
        FaultKind::ContextLength => "the request is longer than the model's context",
        FaultKind::ContentFilter => "the request was refused by a content filter",
        FaultKind::Truncated => "the answer was cut off",
        FaultKind::Malformed => "the answer could not be read",
    }
}

fn skip_words(reason: Reason) -> &'static str {
    match reason {
        Reason::BreakerOpen => "its circuit breaker is open",
        Reason::Isolated => "it is isolated",
        Reason::Limiter => "its rate budget is used up",
        Reason::LatencyLimit => "it is slower than its maxLatency",
        Reason::CostLimit => "the request would cost more than its costLimitPerRequest",
        Reason::RateLimited => "it is in cooldown after rate limiting",
        Reason::Quota => "its key is in cooldown after a quota or spend limit",
        Reason::Auth | Reason::Permission => "its key is in cooldown after it was refused",
        Reason::NotFound => "it reported a short while ago that it does not have this model",
        _ => "it is in cooldown",
    }
}
