//! What one attempt came to, and the table that says what each failure means.

use std::time::Duration;

use super::limiter::Settlement;
use crate::base::reason::Reason;

/// Who is to blame: only the first three count against an endpoint's health.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Origin,
    Credential,
    Endpoint,
    Request,
}

/// The kinds of failure that are treated differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
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
    pub kind: Kind,
    pub status: Option<u16>,
    /// The vendor's word on when to come back.
    pub hint: Option<Duration>,
    /// Free of secrets and bounded.
    pub message: String,
    /// The vendor's own code or type, when it gave one.
    pub code: Option<String>,
    /// `x-should-retry: false`: not again here, elsewhere is fine.
    pub same_forbidden: bool,
    /// The vendor may have started to work, and to bill.
    pub maybe_billed: bool,
    /// The vendor's id of the failed request.
    pub vendor_request_id: Option<String>,
}

/// How a failure weighs in the breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Counts as a failure, consecutive and in the ratio.
    Failure,
    /// Counts in the ratio only; fails a half-open probe.
    Ratio,
    /// Says nothing about health.
    Neutral,
}

/// Whether the same candidate may be asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Same {
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
pub enum Next {
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
pub enum Park {
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
pub struct Rule {
    pub scope: Scope,
    pub same: Same,
    pub next: Next,
    pub weight: Weight,
    pub park: Park,
}

const fn rule(scope: Scope, same: Same, next: Next, weight: Weight, park: Park) -> Rule {
    Rule { scope, same, next, weight, park }
}

// === impl Kind ===

impl Kind {
    /// The row of the table for this kind of failure.
    pub const fn rule(self) -> Rule {
        use Kind::*;
        match self {
            Dns | Connect | Tls | ConnectTimeout => {
                rule(Scope::Origin, Same::OnceBackoff, Next::Yes, Weight::Failure, Park::Origin)
            }
            Unsent => rule(Scope::Origin, Same::Free, Next::Yes, Weight::Neutral, Park::None),
            // Most likely it was never read; on a new connection it shows whether the endpoint is sick.
            Stale => rule(Scope::Origin, Same::Free, Next::Yes, Weight::Neutral, Park::None),
            Reset | RequestTimeout => {
                rule(Scope::Endpoint, Same::Once, Next::Yes, Weight::Failure, Park::None)
            }
            Conflict => rule(Scope::Endpoint, Same::OnceBackoff, Next::Yes, Weight::Neutral, Park::None),
            ServerError | Truncated | Malformed => {
                rule(Scope::Endpoint, Same::OnceBackoff, Next::Yes, Weight::Failure, Park::None)
            }
            Overloaded => {
                rule(Scope::Endpoint, Same::AfterCooldown, Next::Yes, Weight::Ratio, Park::EndpointOverload)
            }
            RateLimited => {
                rule(Scope::Endpoint, Same::AfterCooldown, Next::Yes, Weight::Ratio, Park::EndpointThrottle)
            }
            // An undeclared limit may be larger: the request is sound, so such an endpoint is asked; this one
            // is not blamed.
            TooLargeForLimit => {
                rule(Scope::Request, Same::Never, Next::LargerLimit, Weight::Neutral, Park::None)
            }
            Quota => rule(
                Scope::Credential,
                Same::Never,
                Next::OtherCredential,
                Weight::Neutral,
                Park::CredentialQuota,
            ),
            Auth => rule(
                Scope::Credential,
                Same::NewCredential,
                Next::OtherCredential,
                Weight::Neutral,
                Park::CredentialAuth,
            ),
            Permission => rule(
                Scope::Credential,
                Same::Never,
                Next::OtherCredential,
                Weight::Neutral,
                Park::CredentialAuth,
            ),
            NotFound => rule(Scope::Endpoint, Same::Never, Next::Yes, Weight::Neutral, Park::EndpointMissing),
            Absent => rule(Scope::Request, Same::Never, Next::Yes, Weight::Neutral, Park::None),
            BadRequest | ContentFilter => {
                rule(Scope::Request, Same::Never, Next::OptIn, Weight::Neutral, Park::None)
            }
            ContextLength => {
                rule(Scope::Request, Same::Never, Next::LargerWindow, Weight::Neutral, Park::None)
            }
            // Asked once more when nobody else is left, and then without the limit.
            LatencyLimit => rule(Scope::Endpoint, Same::Last, Next::Yes, Weight::Neutral, Park::None),
            // A silent route is not asked twice.
            HeadersTimeout | FirstContentTimeout | ContentTimeout => {
                rule(Scope::Endpoint, Same::Never, Next::Yes, Weight::Failure, Park::None)
            }
        }
    }

    /// The public word.
    pub const fn reason(self) -> Reason {
        match self {
            Kind::Dns => Reason::Dns,
            Kind::Connect => Reason::Connect,
            Kind::Tls => Reason::Tls,
            Kind::ConnectTimeout => Reason::TimeoutConnect,
            Kind::Unsent | Kind::Stale | Kind::Reset => Reason::Reset,
            Kind::RequestTimeout | Kind::ServerError => Reason::ServerError,
            Kind::Conflict => Reason::Conflict,
            Kind::Overloaded => Reason::Overloaded,
            Kind::RateLimited => Reason::RateLimited,
            Kind::TooLargeForLimit => Reason::TooLargeForLimit,
            Kind::Quota => Reason::Quota,
            Kind::Auth => Reason::Auth,
            Kind::Permission => Reason::Permission,
            Kind::NotFound | Kind::Absent => Reason::NotFound,
            Kind::BadRequest => Reason::BadRequest,
            Kind::ContextLength => Reason::ContextLength,
            Kind::ContentFilter => Reason::ContentFilter,
            Kind::HeadersTimeout => Reason::TimeoutHeaders,
            Kind::FirstContentTimeout => Reason::TimeoutFirstContent,
            Kind::ContentTimeout => Reason::TimeoutContent,
            Kind::LatencyLimit => Reason::LatencyLimit,
            Kind::Truncated => Reason::Truncated,
            Kind::Malformed => Reason::Malformed,
        }
    }

    /// Whether the same call, sent again later, could succeed.
    pub const fn retryable(self) -> bool {
        !matches!(
            self,
            Kind::TooLargeForLimit
                | Kind::Quota
                | Kind::Auth
                | Kind::Permission
                | Kind::NotFound
                | Kind::Absent
                | Kind::BadRequest
                | Kind::ContextLength
                | Kind::ContentFilter
        )
    }

    /// How the vendor counts a request that ended like this.
    pub const fn settlement(self) -> Settlement {
        match self {
            Kind::Dns | Kind::Connect | Kind::Tls | Kind::ConnectTimeout | Kind::Unsent => {
                Settlement::Nothing
            }
            // It may be at work still.
            Kind::Stale
            | Kind::Reset
            | Kind::HeadersTimeout
            | Kind::FirstContentTimeout
            | Kind::ContentTimeout
            | Kind::LatencyLimit
            | Kind::Truncated
            | Kind::Malformed => Settlement::Unknown,
            _ => Settlement::RequestOnly,
        }
    }

    /// Whether the failure proves that the origin answers.
    pub const fn origin_answered(self) -> bool {
        !matches!(
            self,
            Kind::Dns
                | Kind::Connect
                | Kind::Tls
                | Kind::ConnectTimeout
                | Kind::Unsent
                | Kind::Stale
                | Kind::Reset
                | Kind::HeadersTimeout
        )
    }
}

// === impl Fault ===

impl Fault {
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            status: None,
            hint: None,
            message: message.into(),
            code: None,
            same_forbidden: false,
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
        use Kind::*;
        use Settlement::{Nothing, RequestOnly, Unknown};
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
        assert!(!Fault::new(Kind::Reset, "").maybe_billed);
        assert!(Fault::new(Kind::Reset, "").maybe_billed().maybe_billed);
    }
}
