//! When a call could be sent. The queue asks this before it delivers a job.

use std::time::{Duration, Instant};

use super::{
    candidates,
    constraints::{self, Unsuitable},
    selector::{SelectionContext, Selector},
};
use crate::{
    base::{clock::now, timestamp::epoch_ms},
    call::{options::CallOptions, request::CallRequest},
    cost::accountant::BudgetDecision,
    engine::Engine,
};

/// How far ahead the wall clock is trusted: it may be set meanwhile.
const LONGEST_TRUST: Duration = Duration::from_secs(60);

/// When a call could be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// A candidate would take it now, or it fails at once.
    Now,
    At(Instant),
    /// When a running request ends or an isolated endpoint is readmitted: the wait queue notifies its
    /// listener.
    Later,
}

pub fn ready(engine: &Engine, request: &CallRequest, options: &CallOptions) -> Readiness {
    let now = now();
    let Ok(candidates) = candidates::candidates(engine, request, options, now) else {
        return Readiness::Now;
    };
    let sla = options.rule.as_ref().and_then(|rule| rule.latency_sla);
    let fits = |index: usize, selector: &Selector| {
        let unfit = constraints::check(engine, request, &selector.candidates[index].target, sla, now);
        !matches!(unfit, Some(Unsuitable::Never(_) | Unsuitable::Unsupported(_)))
    };
    let selector = Selector::new(candidates, None, now, || 0.0);
    if !(0..selector.candidates.len()).any(|index| fits(index, &selector)) {
        return Readiness::Now;
    }
    if let Some(renewed) = refused_until(engine, options, now) {
        return Readiness::At(renewed);
    }
    let wait_order = engine.wait_queue.next_order(options.queue_priority);
    let availabilities = selector.availabilities(
        SelectionContext { engine, request, wait_queue: &engine.wait_queue, wait_order, sla, now },
        false,
    );
    let soonest = availabilities
        .iter()
        .filter(|(index, _)| fits(*index, &selector))
        .filter_map(|(_, o)| o.at.or(o.latest))
        .min();
    match soonest {
        Some(at) if at <= now => Readiness::Now,
        Some(at) => Readiness::At(at),
        None => Readiness::Later,
    }
}

/// When an exhausted cost budget that rejects calls is renewed, at most `LONGEST_TRUST` ahead.
fn refused_until(engine: &Engine, options: &CallOptions, now: Instant) -> Option<Instant> {
    let wall = epoch_ms(engine.wall());
    match engine.accountant.decide(&options.tags, wall) {
        BudgetDecision::Reject { renews_at, .. } => {
            let left = Duration::from_millis(renews_at.saturating_sub(wall).max(1));
            Some(now + left.min(LONGEST_TRUST))
        }
        BudgetDecision::Go | BudgetDecision::Downgrade(_) => None,
    }
}
