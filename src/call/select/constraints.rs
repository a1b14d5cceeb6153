//! Whether a request fits an endpoint's own limits, before it is sent.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    base::{
        event::{self, EventKind},
        reason::Reason,
    },
    call::request::CallRequest,
    dialect::{chat::Untranslatable, usage::Usage},
    engine::Engine,
    state::Target,
};

/// Why a candidate is passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unsuitable {
    /// It is not sent this request at all.
    Never(Reason),
    /// Its dialect has no words for it.
    Unspeakable(Untranslatable),
    /// Only while another will do.
    WhileAnother(Reason),
}

/// `sla` is the time to first content that the call wants, beside the endpoint's own limit.
pub fn unfit(
    engine: &Engine,
    request: &CallRequest,
    target: &Target,
    sla: Option<Duration>,
    now: Instant,
) -> Option<Unsuitable> {
    let config = &target.endpoint.config;
    if let Some(error) = request.unspeakable(config.dialect, &target.model) {
        return Some(Unsuitable::Unspeakable(error));
    }
    if let Some(limit) = config.cost_limit
        && expected_cost(engine, request, target).is_some_and(|cost| cost > limit)
    {
        if request.max_output().is_none() {
            target.limiter.lock().doubt();
        }
        return Some(Unsuitable::Never(Reason::CostLimit));
    }
    let limit = tighter(config.max_latency, sla)?;
    target.p95(now).filter(|p95| *p95 > limit).map(|_| Unsuitable::WhileAnother(Reason::LatencyLimit))
}

/// The shorter of two limits.
pub fn tighter(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    one.into_iter().chain(other).min()
}

/// What the request may cost here, in USD, as far as its price is known.
pub fn estimate(engine: &Engine, request: &CallRequest, target: &Target) -> Option<f64> {
    let price = engine.price(&target.endpoint, &target.model)?;
    let (input_tokens, output_tokens) = target.limiter.lock().expected(request.demand());
    Some(price.cost(&Usage { input_tokens, output_tokens, ..Usage::default() }).usd())
}

/// The same for a limit; a price that is not known is said once.
fn expected_cost(engine: &Engine, request: &CallRequest, target: &Target) -> Option<f64> {
    let cost = estimate(engine, request, target);
    if cost.is_none() && !target.price_missed.swap(true, Ordering::Relaxed) {
        event::emit(&*engine.events, EventKind::Config, || {
            json!({
                "endpoint": target.endpoint.config.name, "model": &*target.model,
                "message": "costLimitPerRequest is not enforced: the model's price is not known",
            })
        });
    }
    cost
}

/// Whether a request that was refused as too long may be sent to another: only to one that is declared to hold
/// more than the one that refused it, or, where that one's size is not declared, more than the request has.
pub fn holds_more(request: &CallRequest, refused_by: &Target, other: &Target) -> bool {
    let Some(window) = other.endpoint.config.context_window else { return false };
    window > refused_by.endpoint.config.context_window.unwrap_or_else(|| request.input_tokens())
}

/// Whether a request that was larger than a limit may be sent to another: not to one that is known to allow
/// as little.
pub fn allows_more(request: &CallRequest, refused_by: &Target, other: &Target) -> bool {
    let Some(limit) = other.limiter.lock().largest() else { return true };
    let refused = refused_by.limiter.lock().largest();
    refused.map_or_else(|| other.limiter.lock().cost(request.demand()) <= limit, |refused| limit > refused)
}
