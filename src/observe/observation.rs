//! What is seen of calls and attempts by those who count and report them: plain values, made once at each end.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use crate::{base::reason::Reason, cost::price::Money};

/// An endpoint and a model there.
pub type TargetKey = (Arc<str>, Arc<str>);

/// The end of an attempt that was sent, as it is booked.
#[derive(Clone, Debug)]
pub struct AttemptObservation {
    pub place: TargetKey,
    /// When it ended, and how long it took.
    pub at: SystemTime,
    pub now: Instant,
    pub took: Duration,
    /// None for an answer, or for content that has begun.
    pub failure: Option<Reason>,
    /// Whether a failure is the endpoint's, its key's or its origin's: neither the caller's nor nobody's.
    pub blames: bool,
}

/// The end of a call.
#[derive(Clone, Debug)]
pub struct CallObservation {
    pub id: String,
    /// When it ended, and how long it took.
    pub at: SystemTime,
    pub now: Instant,
    pub took: Duration,
    /// Who would have been asked with all in health; `None` for a call that did not get as far.
    pub primary: Option<TargetKey>,
    /// What the first candidate came to, had it been the only one: `None` for an answer. One that was passed over for what
    /// it did to others, or for a rate budget, counts as failed.
    pub without_failover: Option<Reason>,
    pub attempts: usize,
    pub outcome: CallOutcome,
    /// A failure is nobody's who asked: neither a mistake nor a budget of the caller's.
    pub outage: bool,
    pub answer: Option<AnswerObservation>,
    /// On whose behalf: the request's `user`, or the tag of that name.
    pub user: Option<String>,
}

/// What a call was answered with.
#[derive(Clone, Debug)]
pub struct AnswerObservation {
    pub place: TargetKey,
    /// Somebody else answered than who would have with all in health.
    pub failover: bool,
    /// When the first content came, after the call began.
    pub first_content: Option<Duration>,
    pub cost: Option<Money>,
    /// What the usual one would have asked for the same tokens.
    pub usual_cost: Option<Money>,
}

impl CallObservation {
    /// Nobody answered, and it was not the caller's doing.
    pub fn is_failed(&self) -> bool {
        self.outage && matches!(self.outcome, CallOutcome::Failed(_))
    }

    /// The usual candidate failed it, or would have.
    pub fn alone_failed(&self) -> bool {
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

/// What a vendor's status page said.
#[derive(Clone, Debug)]
pub struct StatusPageObservation {
    pub now: Instant,
    /// `none`, `minor`, `major`, `critical`, on pages that say such.
    pub indicator: Option<String>,
    pub words: String,
}

/// What a call came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CallOutcome {
    Answered,
    /// With the fallback's text.
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
