//! What blocks a target, and how an attempt may be admitted.

use std::time::Instant;

use crate::base::reason::Reason;

/// What blocks a target now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockReason {
    /// `isolate()` was called.
    Isolated,
    /// The vendor asked for a pause, or refused the key or the model.
    Cooldown,
    /// Failures were observed here.
    Breaker,
    /// The rate limiter has no capacity, or earlier calls wait for it.
    Limiter,
    /// It has just recovered and gets a share of its load.
    Ramp,
}

/// What blocks a target, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blockage {
    pub reason: BlockReason,
    /// The reason of the cooldown.
    pub cause: Option<Reason>,
    /// `None` when unknown: it ends with `isolate()`, or with a running request.
    pub until: Option<Instant>,
    /// A probe is running: its end may unblock the target long before `until`.
    pub probing: bool,
}

/// How an attempt is admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdmissionMode {
    Regular,
    /// No other candidate is ready: ignores the ramp.
    ThroughRamp,
    /// No other candidate is ready: probes an open breaker before its time. Cooldowns still hold.
    Early,
}

// === impl Blockage ===

impl Blockage {
    /// The public reason.
    pub fn reason(&self) -> Reason {
        match self.reason {
            BlockReason::Isolated => Reason::Isolated,
            BlockReason::Cooldown => Reason::Cooldown,
            BlockReason::Breaker | BlockReason::Ramp => Reason::BreakerOpen,
            BlockReason::Limiter => Reason::Limiter,
        }
    }

    /// The target has as many running requests as it may have; the next slot's time is unknown.
    pub fn full(&self) -> bool {
        self.reason == BlockReason::Limiter && self.until.is_none()
    }
}

/// The blockage that lasts longest; a cooldown outweighs a breaker that lasts as long.
pub(super) fn longest(all: impl Iterator<Item = Blockage>) -> Option<Blockage> {
    all.max_by_key(|b| (b.until, b.reason == BlockReason::Cooldown))
}
