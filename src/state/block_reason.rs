//! What keeps a target from being asked, and how a call may come past it.

use std::time::Instant;

use crate::base::reason::Reason;

/// What keeps a target from being asked now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockReason {
    /// A person took it out.
    Isolated,
    /// The vendor's word, or what follows from it.
    Cooldown,
    /// Our own guess.
    Breaker,
    /// The rate budget, or those who wait for it already.
    Limiter,
    /// It came back a moment ago and gets a share of its load.
    Ramp,
}

/// Why a target may not be asked now, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blockage {
    pub obstacle: BlockReason,
    /// Why it was parked in the first place.
    pub cause: Option<Reason>,
    /// `None` when nobody knows: a person decides, or the end of another request.
    pub until: Option<Instant>,
    /// One request is out to show whether it is well: its end may come long before `until`.
    pub probing: bool,
}

/// How a call comes to a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdmissionMode {
    Regular,
    /// Nobody else is ready: the ramp does not hold it up.
    ThroughRamp,
    /// Nobody else is ready: an open breaker is tested before its time. Never a cooldown.
    Early,
}

// === impl Blocked ===

impl Blockage {
    /// The public word.
    pub fn reason(&self) -> Reason {
        match self.obstacle {
            BlockReason::Isolated => Reason::Isolated,
            BlockReason::Cooldown => Reason::Cooldown,
            BlockReason::Breaker | BlockReason::Ramp => Reason::BreakerOpen,
            BlockReason::Limiter => Reason::Limiter,
        }
    }

    /// As many requests are under way as may be at once: when the next may be sent, nobody knows.
    pub fn full(&self) -> bool {
        self.obstacle == BlockReason::Limiter && self.until.is_none()
    }
}

/// The one that holds longest decides; a cooldown outweighs a guess that holds as long.
pub(super) fn longest(all: impl Iterator<Item = Blockage>) -> Option<Blockage> {
    all.max_by_key(|b| (b.until, b.obstacle == BlockReason::Cooldown))
}
