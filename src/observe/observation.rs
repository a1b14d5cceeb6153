//! Observations of finished attempts and calls: plain values, created once at each end.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use crate::{base::reason::Reason, cost::price::Money};

/// An endpoint and a model there.
pub type TargetKey = (Arc<str>, Arc<str>);

/// A finished attempt that was sent.
#[derive(Clone, Debug)]
pub struct AttemptObservation {
    pub place: TargetKey,
    /// When it ended; `took` is how long it took.
    pub at: SystemTime,
    pub now: Instant,
    pub took: Duration,
    /// `None` for an answer, or for first content.
    pub failure: Option<Reason>,
    /// Whether the failure counts against the endpoint, its key or its origin.
    pub blames: bool,
}

/// A finished call.
#[derive(Clone, Debug)]
pub struct CallObservation {
    pub id: String,
    /// When it ended; `took` is how long it took.
    pub at: SystemTime,
    pub now: Instant,
    pub took: Duration,
    /// The candidate that is tried first when all are healthy; `None` for a call that failed before.
    pub primary: Option<TargetKey>,
    /// The call's failure without failover; `None` for an answer. A primary skipped by breaker, cooldown or
    /// limiter counts as failed.
    pub without_failover: Option<Reason>,
    pub attempts: usize,
    pub outcome: CallOutcome,
    /// The failure is neither a mistake nor a budget of the caller.
    pub outage: bool,
    pub answer: Option<AnswerObservation>,
    /// The request's `user`, or the tag of that name.
    pub user: Option<String>,
}

/// The answer of a call.
#[derive(Clone, Debug)]
pub struct AnswerObservation {
    pub place: TargetKey,
    /// Another candidate answered than the primary.
    pub failover: bool,
    /// When the first content came, after the start of the call.
    pub first_content: Option<Duration>,
    pub cost: Option<Money>,
    /// What the primary would have cost for the same tokens.
    pub usual_cost: Option<Money>,
}

impl CallObservation {
    /// The call got no answer, and not because of the caller.
    pub fn is_failed(&self) -> bool {
        self.outage && matches!(self.outcome, CallOutcome::Failed(_))
    }

    /// The primary failed the call, or would have.
    pub fn failed_without_failover(&self) -> bool {
        let ours = match self.outcome {
            CallOutcome::Answered | CallOutcome::Fallback | CallOutcome::Queued => true,
            CallOutcome::Failed(_) => self.outage,
            CallOutcome::Aborted => false,
        };
        ours && self.without_failover.is_some()
    }

    pub fn is_rescued(&self) -> bool {
        self.answer.is_some() && self.without_failover.is_some()
    }
}

/// What a vendor's status page reported.
#[derive(Clone, Debug)]
pub struct StatusPageObservation {
    pub now: Instant,
    /// `none`, `minor`, `major` or `critical`, on pages with an indicator.
    pub indicator: Option<String>,
    pub words: String,
}

/// The outcome of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CallOutcome {
    Answered,
    /// Answered with the fallback response.
    Fallback,
    Queued,
    Failed(Reason),
    Aborted,
}

impl CallOutcome {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Answered => "ok",
            Self::Fallback => "fallback",
            Self::Queued => "queued",
            Self::Failed(_) => "error",
            Self::Aborted => "aborted",
        }
    }

    pub const fn reason(self) -> Option<Reason> {
        match self {
            Self::Failed(reason) => Some(reason),
            _ => None,
        }
    }
}
