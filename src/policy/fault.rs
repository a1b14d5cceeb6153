//! What one attempt came to, and the table that says what each failure means.

use std::time::Duration;

use super::limiter::GrantSettlement;
use crate::base::reason::Reason;

/// Who is to blame: only the first three count against an endpoint's health.
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
    /// The connection went away before a byte was written, or the peer said it processed nothing.
    Unsent,
    /// The connection broke after the request was written and before an answer.
    Reset,
    /// The same on a connection that had served before, whose peer may have been closing it already.
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
    /// The same of what only some endpoints have: no mistake, and nothing to be remembered.
    Absent,
    BadRequest,
    ContextLength,
    ContentFilter,
    HeadersTimeout,
    FirstContentTimeout,
    ContentTimeout,
    /// A stream's first content took longer than the endpoint's `maxLatency`: our limit, not a sickness.
    LatencyLimit,
    Truncated,
    Malformed,
}

/// A failure as it was classified, once, with all that later decisions need.
#[derive(Clone, Debug)]
pub struct Fault {
    pub kind: FaultKind,
    pub status: Option<u16>,
    /// The vendor's word on when to come back.
    pub retry_after: Option<Duration>,
    /// Free of secrets and bounded.
    pub message: String,
    /// The vendor's own code or type, when it gave one.
    pub code: Option<String>,
    /// `x-should-retry: false`: not again here, elsewhere is fine.
    pub retry_forbidden: bool,
    /// The vendor may have started to work, and to bill.
    pub maybe_billed: bool,
    /// The vendor's id of the failed request.
    pub vendor_request_id: Option<String>,
}

/// How a failure weighs in the breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerWeight {
    /// Counts as a failure, consecutive and in the ratio.
    Failure,
    /// Counts in the ratio only; fails a half-open probe.
    Ratio,
    /// Says nothing about health.
    Neutral,
}

/// Whether the same candidate may be asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameCandidate {
    Never,
    /// At once, once, free of charge: the vendor saw nothing.
    Free,
    /// Once, at once, on another connection.
    Once,
    /// Once, after backoff.
    OnceBackoff,
    /// Only after its cooldown, if that fits the deadline.
    AfterCooldown,
    /// Only with a credential that has changed.
    NewCredential,
    /// Once more, free of charge, when nobody else is left: what failed it was a limit of ours.
    Last,
}

/// Whether another candidate may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherCandidate {
    No,
    Yes,
    /// Any candidate that does not use this credential.
    OtherCredential,
    /// Only one that is declared to hold more.
    LargerWindow,
    /// Only one that is not known to allow as little.
    LargerLimit,
    /// Only when the user asked for it.
    OptIn,
}

/// What is parked, and for how long.
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

// === impl Kind ===

impl FaultKind {
    /// The row of the table for this kind of failure.
    pub const fn rule(self) -> FaultRule {
        use FaultKind::*;
        match self {
            Dns | Connect | Tls | ConnectTimeout => rule(
                BlameScope::Origin,
                SameCandidate::OnceBackoff,
                OtherCandidate::Yes,
                BreakerWeight::Failure,
                CooldownScope::Origin,
            ),
            Unsent => rule(
                BlameScope::Origin,
                SameCandidate::Free,
                OtherCandidate::Yes,
                BreakerWeight::Neutral,
                CooldownScope::None,
            ),
            // Most likely it was never read; on a new connection it shows whether the endpoint is sick.
            Stale => rule(
                BlameScope::Origin,
                SameCandidate::Free,
                OtherCandidate::Yes,
                BreakerWeight::Neutral,
                CooldownScope::None,
            ),
            Reset | RequestTimeout => rule(
                BlameScope::Endpoint,
                SameCandidate::Once,
                OtherCandidate::Yes,
                BreakerWeight::Failure,
                CooldownScope::None,
            ),
            Conflict => rule(
                BlameScope::Endpoint,
                SameCandidate::OnceBackoff,
                OtherCandidate::Yes,
                BreakerWeight::Neutral,
                CooldownScope::None,
            ),
            ServerError | Truncated | Malformed => rule(
                BlameScope::Endpoint,
                SameCandidate::OnceBackoff,
                OtherCandidate::Yes,
                BreakerWeight::Failure,
                CooldownScope::None,
            ),
            Overloaded => rule(
                BlameScope::Endpoint,
                SameCandidate::AfterCooldown,
                OtherCandidate::Yes,
                BreakerWeight::Ratio,
                CooldownScope::EndpointOverload,
            ),
            RateLimited => rule(
                BlameScope::Endpoint,
                SameCandidate::AfterCooldown,
                OtherCandidate::Yes,
                BreakerWeight::Ratio,
                CooldownScope::EndpointThrottle,
            ),
            // An undeclared limit may be larger: the request is sound, so such an endpoint is asked; this one
            // is not blamed.
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
                OtherCandidate::Yes,
                BreakerWeight::Neutral,
                CooldownScope::EndpointMissing,
            ),
            Absent => rule(
                BlameScope::Request,
                SameCandidate::Never,
                OtherCandidate::Yes,
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
            // Asked once more when nobody else is left, and then without the limit.
            LatencyLimit => rule(
                BlameScope::Endpoint,
                SameCandidate::Last,
                OtherCandidate::Yes,
                BreakerWeight::Neutral,
                CooldownScope::None,
            ),
            // A silent route is not asked twice.
            HeadersTimeout | FirstContentTimeout | ContentTimeout => rule(
                BlameScope::Endpoint,
                SameCandidate::Never,
                OtherCandidate::Yes,
                BreakerWeight::Failure,
                CooldownScope::None,
            ),
        }
    }

    /// The public word.
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
            FaultKind::NotFound | FaultKind::Absent => Reason::NotFound,
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

    /// Whether the same call, sent again later, could succeed.
    pub const fn retryable(self) -> bool {
        !matches!(
            self,
            FaultKind::TooLargeForLimit
                | FaultKind::Quota
                | FaultKind::Auth
                | FaultKind::Permission
                | FaultKind::NotFound
                | FaultKind::Absent
                | FaultKind::BadRequest
                | FaultKind::ContextLength
                | FaultKind::ContentFilter
        )
    }

    /// How the vendor counts a request that ended like this.
    pub const fn settlement(self) -> GrantSettlement {
        match self {
            FaultKind::Dns
            | FaultKind::Connect
            | FaultKind::Tls
            | FaultKind::ConnectTimeout
            | FaultKind::Unsent => GrantSettlement::Nothing,
            // It may be at work still.
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
            // Nothing got there.
            (&[Dns, Connect, Tls, ConnectTimeout, Unsent][..], true, Nothing, false),
            // It got there, and then there was silence.
            (&[Reset, HeadersTimeout], true, Unknown, false),
            // It began to answer.
            (&[FirstContentTimeout, ContentTimeout, LatencyLimit, Truncated, Malformed], true, Unknown, true),
            // It said so, and later may be otherwise.
            (&[RequestTimeout, Conflict, ServerError, Overloaded, RateLimited], true, RequestOnly, true),
            // It said so, and will again.
            (&[TooLargeForLimit, Quota, Auth, Permission, NotFound, Absent], false, RequestOnly, true),
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
