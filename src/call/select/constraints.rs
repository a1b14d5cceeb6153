//! Checks a request against an endpoint's own limits before it is sent.

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

/// Why a candidate is unsuitable for a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unsuitable {
    /// The request is never sent there.
    Never(Reason),
    /// The dialect cannot express the request.
    Unsupported(Untranslatable),
    /// Unsuitable while another candidate is available.
    Avoid(Reason),
}

/// `sla` is the time to first content that the call demands, in addition to the endpoint's limit.
pub fn check(
    engine: &Engine,
    request: &CallRequest,
    target: &Target,
    sla: Option<Duration>,
    now: Instant,
) -> Option<Unsuitable> {
    let config = &target.endpoint.config;
    if let Some(error) = request.unsupported(config.dialect, &target.model) {
        return Some(Unsuitable::Unsupported(error));
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
    target.p95(now).filter(|p95| *p95 > limit).map(|_| Unsuitable::Avoid(Reason::LatencyLimit))
}

/// The shorter of two limits.
pub fn tighter(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    one.into_iter().chain(other).min()
}

/// The expected cost of the request here, in USD, if the price is known.
pub fn estimate(engine: &Engine, request: &CallRequest, target: &Target) -> Option<f64> {
    let price = engine.price(&target.endpoint, &target.model)?;
    let (input_tokens, output_tokens) = target.limiter.lock().expected(request.estimated_demand());
    Some(price.cost(&Usage { input_tokens, output_tokens, ..Usage::default() }).usd())
}

/// The expected cost for `costLimitPerRequest`. An unknown price is reported once.
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

/// Whether a request refused as too long may go to another candidate: one with a larger declared context
/// window, or, where the refusing one declares none, a window larger than the request.
pub fn holds_more(request: &CallRequest, refused_by: &Target, other: &Target) -> bool {
    let Some(window) = other.endpoint.config.context_window else { return false };
    window > refused_by.endpoint.config.context_window.unwrap_or_else(|| request.input_tokens())
}

/// Whether a request refused as larger than a limit may go to another candidate: not to one that is known to
/// allow no more.
pub fn allows_more(request: &CallRequest, refused_by: &Target, other: &Target) -> bool {
    let Some(limit) = other.limiter.lock().largest() else { return true };
    let refused = refused_by.limiter.lock().largest();
    refused.map_or_else(
        || other.limiter.lock().cost(request.estimated_demand()) <= limit,
        |refused| limit > refused,
    )
}
