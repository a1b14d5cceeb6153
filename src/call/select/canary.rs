//! Draws calls for a canary endpoint, and records their results.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::json;

use super::candidates::Candidate;
use crate::{
    base::event::{self, EventKind},
    engine::Engine,
    policy::canary::{CanaryChange, CanaryOutcome, RollbackReason},
    state::{Endpoint, Target},
};

/// The canary draw of one call.
pub struct CanaryDraw {
    endpoint: Arc<Endpoint>,
    share: f64,
    /// The canary was drawn.
    own: bool,
    /// The other endpoints' 95th percentile at the draw.
    threshold: Option<Duration>,
}

/// Draws for a call: moves the canary's candidates to the front or to the end.
pub fn draw(found: &mut [Candidate], lot: impl FnOnce() -> f64, now: Instant) -> Option<CanaryDraw> {
    let is_new = |c: &Candidate| c.target.endpoint.canary.is_some();
    let endpoint = found.iter().find(|c| is_new(c))?.target.endpoint.clone();
    // Without other candidates it is an endpoint like any other.
    let threshold = found.iter().find(|c| !is_new(c))?.target.p95(now);
    let share = endpoint.canary.as_ref()?.lock().share();
    let own = lot() < share;
    for candidate in found.iter_mut() {
        candidate.rank.0 = match (is_new(candidate), own) {
            (true, true) => 0,
            (true, false) => u32::MAX,
            (false, _) => candidate.rank.0.saturating_add(1),
        };
    }
    found.sort_by_key(|c| c.rank);
    Some(CanaryDraw { endpoint, share, own, threshold })
}

impl CanaryDraw {
    /// Records a call's first attempt. `took` is the time to first content; `None` if it failed.
    pub fn settle(self, engine: &Engine, target: &Target, took: Option<Duration>, now: Instant) {
        let Self { endpoint, share, own, threshold } = self;
        // The drawn endpoint was not used: this is not the comparison that was drawn.
        if (target.endpoint.name == endpoint.name) != own {
            return;
        }
        let outcome = match (took, threshold) {
            (None, _) => CanaryOutcome::Failed,
            (Some(took), Some(threshold)) if took > threshold => CanaryOutcome::Slow,
            (Some(_), _) => CanaryOutcome::Well,
        };
        let Some(canary) = &endpoint.canary else { return };
        let Some(change) = canary.lock().observe(own, share, outcome, now) else { return };
        let name = &endpoint.config.name;
        event::emit(&*engine.events, EventKind::Config, || match change {
            CanaryChange::Step(share) => json!({
                "endpoint": name, "canary": "step", "share": share,
                "message": format!("the canary '{name}' gets a share of {share} of the calls from now on"),
            }),
            CanaryChange::RolledBack(worse) => json!({
                "endpoint": name, "canary": "rolledBack", "share": 0, "reason": worse.word(),
                "message": format!("the canary '{name}' was rolled back: {}", match worse {
                    RollbackReason::Failures => "it fails more often than the others",
                    RollbackReason::Latency => "it is slow more often than the others",
                }),
            }),
        });
    }
}
