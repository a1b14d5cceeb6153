//! An entry of an incident's timeline.

use std::{sync::Arc, time::Instant};

use crate::base::reason::Reason;

#[derive(Clone, Debug)]
pub struct TimelineEntry {
    pub(super) at: Instant,
    pub(super) what: TimelineKind,
    pub(super) endpoint: Option<Arc<str>>,
    pub(super) model: Option<Arc<str>>,
    pub(super) reason: Option<Reason>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimelineKind {
    /// An endpoint failed for the first time.
    Failed,
    /// An endpoint is ejected.
    Out,
    /// A call was answered by another candidate than the primary, for the first time.
    Rescued,
    /// A call was lost, for the first time.
    Lost,
    /// An endpoint answers again.
    Back,
}
