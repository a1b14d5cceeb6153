//! The fault of an attempt, and the table of what each kind of failure means.

use std::time::Duration;

use super::limiter::GrantSettlement;
use crate::base::reason::Reason;

/// Which scope a failure is blamed on. `Request` does not count against an endpoint's health.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlameScope {
    Origin,
    Credential,
    Endpoint,
    Request,
}

/// The kinds of failure that are treated differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultKind {
    Dns,
    Connect,
    Tls,
    ConnectTimeout,
    /// The connection closed before a byte was written, or the peer reported that it processed nothing.
    Unsent,
    /// The connection broke after the request was written and before a response.
    Reset,
    /// `Reset` on a reused connection, which the peer may have been closing already.
    Stale,
    RequestTimeout,
    Conflict,
    ServerError,
    Overloaded,
    RateLimited,
    TooLargeForLimit,
    Quota,
    Auth,
    Permission,
    NotFound,
    /// The endpoint lacks an operation that others have: neither a mistake nor a reason for a cooldown.
    OperationUnsupported,
    BadRequest,
    ContextLength,
    ContentFilter,
    HeadersTimeout,
    FirstContentTimeout,
    ContentTimeout,
    /// The first content took longer than the endpoint's `maxLatency`: a limit of ours, not a failure of
    /// the endpoint.
    LatencyLimit,
    Truncated,
    Malformed,
}

/// A failure, classified once, with everything that later decisions need.
#[derive(Clone, Debug)]
pub struct Fault {
    pub kind: FaultKind,
    pub status: Option<u16>,
    /// The vendor's Retry-After.
    pub retry_after: Option<Duration>,
    /// Redacted and bounded.
    pub message: String,
    /// The vendor's code or type.
    pub code: Option<String>,
    /// `x-should-retry: false`: no retry here; other candidates may be tried.
    pub retry_forbidden: bool,
    /// The vendor may have started to process, and to bill.
    pub maybe_billed: bool,
    /// The vendor's id of the failed request.
    pub vendor_request_id: Option<String>,
}

/// How a failure counts in the breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerWeight {
    /// Counts as a failure, consecutive and in the ratio.
    Failure,
    /// Counts in the ratio only; fails a half-open probe.
    Ratio,
    /// Does not count.
    Neutral,
}

/// Whether the same candidate may be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameCandidate {
    Never,
    /// At once, once, without retry budget: the vendor processed nothing.
    Free,
    /// Once, at once, on another connection.
    Once,
    /// Once, after backoff.
    OnceBackoff,
    /// Only after its cooldown, if that fits the deadline.
    AfterCooldown,
    /// Only with a changed credential.
    NewCredential,
    /// Once more, without retry budget, when no other candidate is left: it failed at a limit of ours.
    OnceIfNothingElse,
}

/// Whether another candidate may be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherCandidate {
    Never,
    Any,
    /// Any candidate with another credential.
    OtherCredential,
    /// Only one with a larger declared context window.
    LargerWindow,
    /// Only one that is not known to allow as little.
    LargerLimit,
    /// Only with `retry.failoverOn`.
    OptIn,
}

/// Which cooldown the failure sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CooldownScope {
    None,
    Origin,
    EndpointOverload,
    EndpointThrottle,
    EndpointMissing,
    CredentialQuota,
    CredentialAuth,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct FaultRule {
    pub scope: BlameScope,
    pub same: SameCandidate,
    pub next: OtherCandidate,
    pub weight: BreakerWeight,
    pub cooldown: CooldownScope,
}

const fn rule(
    scope: BlameScope,
    same: SameCandidate,
    next: OtherCandidate,
    weight: BreakerWeight,
    cooldown: CooldownScope,
) -> FaultRule {
    FaultRule { scope, same, next, weight, cooldown }
}

// === impl FaultKind ===

impl FaultKind {
    /// The row of the table for this kind of failure.
    pub const fn rule(self) -> FaultRule {
        use FaultKind::*;
        match self {
            Dns | Connect | Tls | ConnectTimeout => rule(
                BlameScope::Origin,
                SameCandidate::OnceBackoff,
                OtherCandidate::Any,
                BreakerWeight::Failure,
                CooldownScope::Origin,
            ),
            Unsent => rule(
                BlameScope::Origin,
                SameCandidate::Free,
                OtherCandidate::Any,
                BreakerWeight::Neutral,
                CooldownScope::None,
            ),
            // The request was probably never read; a retry on a new connection shows whether the endpoint
            // works.
            Stale => rule(
                BlameScope::Origin,
                SameCandidate::Free,
                OtherCandidate::Any,
                BreakerWeight::Neutral,
                CooldownScope::None,
            ),
            Reset | RequestTimeout => rule(
                BlameScope::Endpoint,
                SameCandidate::Once,
                OtherCandidate::Any,
                BreakerWeight::Failure,
                CooldownScope::None,
            ),
            Conflict => rule(
                BlameScope::Endpoint,
                SameCandidate::OnceBackoff,
                OtherCandidate::Any,
                BreakerWeight::Neutral,
                CooldownScope::None,
            ),
            ServerError | Truncated | Malformed => rule(
                BlameScope::Endpoint,
                SameCandidate::OnceBackoff,
                OtherCandidate::Any,
                BreakerWeight::Failure,
                CooldownScope::None,
            ),
            Overloaded => rule(
                BlameScope::Endpoint,
                SameCandidate::AfterCooldown,
                OtherCandidate::Any,
                BreakerWeight::Ratio,
                CooldownScope::EndpointOverload,
            ),
            RateLimited => rule(
                BlameScope::Endpoint,
                SameCandidate::AfterCooldown,
                OtherCandidate::Any,
                BreakerWeight::Ratio,
                CooldownScope::EndpointThrottle,
            ),
            // Another endpoint's limit may be larger, so it is tried; this endpoint is not blamed.
            TooLargeForLimit => rule(
                BlameScope::Request,
                SameCandidate::Never,
                OtherCandidate::LargerLimit,
                BreakerWeight::Neutral,
                CooldownScope::None,
            ),
            Quota => rule(
                BlameScope::Credential,
                SameCandidate::Never,
                OtherCandidate::OtherCredential,
                BreakerWeight::Neutral,
                CooldownScope::CredentialQuota,
            ),
            Auth => rule(
                BlameScope::Credential,
                SameCandidate::NewCredential,
                OtherCandidate::OtherCredential,
                BreakerWeight::Neutral,
                CooldownScope::CredentialAuth,
            ),
            Permission => rule(
                BlameScope::Credential,
                SameCandidate::Never,
                OtherCandidate::OtherCredential,
                BreakerWeight::Neutral,
                CooldownScope::CredentialAuth,
            ),
            NotFound => rule(
                BlameScope::Endpoint,
                SameCandidate::Never,
                OtherCandidate::Any,
                BreakerWeight::Neutral,
                CooldownScope::EndpointMissing,
            ),
            OperationUnsupported => rule(
                BlameScope::Request,
                SameCandidate::Never,
                OtherCandidate::Any,
                BreakerWeight::Neutral,
                CooldownScope::None,
            ),
            BadRequest | ContentFilter => rule(
                BlameScope::Request,
                SameCandidate::Never,
                OtherCandidate::OptIn,
                BreakerWeight::Neutral,
                CooldownScope::None,
            ),
            ContextLength => rule(
                BlameScope::Request,
                SameCandidate::Never,
                OtherCandidate::LargerWindow,
                BreakerWeight::Neutral,
                CooldownScope::None,
            ),
            // Retried once without the limit when no other candidate is left.
            LatencyLimit => rule(
                BlameScope::Endpoint,
                SameCandidate::OnceIfNothingElse,
                OtherCandidate::Any,
                BreakerWeight::Neutral,
                CooldownScope::None,
            ),
            // A silent route is not retried.
            HeadersTimeout | FirstContentTimeout | ContentTimeout => rule(
                BlameScope::Endpoint,
                SameCandidate::Never,
                OtherCandidate::Any,
                BreakerWeight::Failure,
                CooldownScope::None,
            ),
        }
    }

    /// The public reason.
    pub const fn reason(self) -> Reason {
        match self {
            FaultKind::Dns => Reason::Dns,
            FaultKind::Connect => Reason::Connect,
            FaultKind::Tls => Reason::Tls,
            FaultKind::ConnectTimeout => Reason::TimeoutConnect,
            FaultKind::Unsent | FaultKind::Stale | FaultKind::Reset => Reason::Reset,
            FaultKind::RequestTimeout | FaultKind::ServerError => Reason::ServerError,
            FaultKind::Conflict => Reason::Conflict,
            FaultKind::Overloaded => Reason::Overloaded,
            FaultKind::RateLimited => Reason::RateLimited,
            FaultKind::TooLargeForLimit => Reason::TooLargeForLimit,
            FaultKind::Quota => Reason::Quota,
            FaultKind::Auth => Reason::Auth,
            FaultKind::Permission => Reason::Permission,
            FaultKind::NotFound | FaultKind::OperationUnsupported => Reason::NotFound,
            FaultKind::BadRequest => Reason::BadRequest,
            FaultKind::ContextLength => Reason::ContextLength,
            FaultKind::ContentFilter => Reason::ContentFilter,
            FaultKind::HeadersTimeout => Reason::TimeoutHeaders,
            FaultKind::FirstContentTimeout => Reason::TimeoutFirstContent,
            FaultKind::ContentTimeout => Reason::TimeoutContent,
            FaultKind::LatencyLimit => Reason::LatencyLimit,
            FaultKind::Truncated => Reason::Truncated,
            FaultKind::Malformed => Reason::Malformed,
        }
    }

    /// Whether the same call may succeed later.
    pub const fn retryable(self) -> bool {
        !matches!(
            self,
            FaultKind::TooLargeForLimit
                | FaultKind::Quota
                | FaultKind::Auth
                | FaultKind::Permission
                | FaultKind::NotFound
                | FaultKind::OperationUnsupported
                | FaultKind::BadRequest
                | FaultKind::ContextLength
                | FaultKind::ContentFilter
        )
    }

    /// How the vendor counts a request that ended this way.
    pub const fn settlement(self) -> GrantSettlement {
        match self {
            FaultKind::Dns
            | FaultKind::Connect
            | FaultKind::Tls
            | FaultKind::ConnectTimeout
            | FaultKind::Unsent => GrantSettlement::Nothing,
            // The vendor may still process it.
            FaultKind::Stale
            | FaultKind::Reset
            | FaultKind::HeadersTimeout
            | FaultKind::FirstContentTimeout
            | FaultKind::ContentTimeout
            | FaultKind::LatencyLimit
            | FaultKind::Truncated
            | FaultKind::Malformed => GrantSettlement::Unknown,
            _ => GrantSettlement::RequestOnly,
        }
    }

    /// Whether the failure proves that the origin answers.
    pub const fn origin_answered(self) -> bool {
        !matches!(
            self,
            FaultKind::Dns
                | FaultKind::Connect
                | FaultKind::Tls
                | FaultKind::ConnectTimeout
                | FaultKind::Unsent
                | FaultKind::Stale
                | FaultKind::Reset
                | FaultKind::HeadersTimeout
        )
    }
}

// === impl Fault ===

impl Fault {
    pub fn new(kind: FaultKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            status: None,
            retry_after: None,
            message: message.into(),
            code: None,
            retry_forbidden: false,
            maybe_billed: false,
            vendor_request_id: None,
        }
    }

    pub fn maybe_billed(mut self) -> Self {
        self.maybe_billed = true;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_failure_says_of_the_call_the_bill_and_the_host() {
        use FaultKind::*;
        use GrantSettlement::{Nothing, RequestOnly, Unknown};
        for (kinds, retryable, settlement, answered) in [
            // Nothing was sent.
            (&[Dns, Connect, Tls, ConnectTimeout, Unsent][..], true, Nothing, false),
            // It was sent, without a response.
            (&[Reset, HeadersTimeout], true, Unknown, false),
            // The response began.
            (&[FirstContentTimeout, ContentTimeout, LatencyLimit, Truncated, Malformed], true, Unknown, true),
            // The vendor refused it, and may accept it later.
            (&[RequestTimeout, Conflict, ServerError, Overloaded, RateLimited], true, RequestOnly, true),
            // The vendor refused it, and will again.
            (
                &[TooLargeForLimit, Quota, Auth, Permission, NotFound, OperationUnsupported],
                false,
                RequestOnly,
                true,
            ),
            (&[BadRequest, ContextLength, ContentFilter], false, RequestOnly, true),
        ] {
            for kind in kinds {
                let found = (kind.retryable(), kind.settlement(), kind.origin_answered());
                assert_eq!(found, (retryable, settlement, answered), "{kind:?}");
            }
        }
    }

    #[test]
    fn it_may_be_billed_when_somebody_says_so() {
        assert!(!Fault::new(FaultKind::Reset, "").maybe_billed);
        assert!(Fault::new(FaultKind::Reset, "").maybe_billed().maybe_billed);
    }
}
