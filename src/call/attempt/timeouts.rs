//! Selects the timeout of an attempt's head and first content.

use crate::{
    call::{context::Call, types::AttemptContext},
    config::timeouts::Timeouts,
    net::client::ExchangeTimeouts,
    policy::fault::FaultKind,
};
use std::time::Duration;

/// How long the head may take, and the fault when it does not come: content cannot precede it.
pub fn limits(call: &Call, attempt: &AttemptContext) -> (ExchangeTimeouts, FaultKind) {
    let t = &call.timeouts;
    let stream = call.request.stream();
    let headers = t.headers.or(stream.then_some(Timeouts::HEADERS));
    let (first, first_kind) = first_content_limit(call, attempt.latency_limit);
    let first = first.or(stream.then_some(Timeouts::FIRST_CONTENT));
    let own = call.options.timeouts.map(|t| t.connect);
    let connect = own.filter(|c| *c != call.engine.config.timeouts.connect);
    let fresh = attempt.fresh;
    match (headers, first) {
        (headers, Some(first)) if headers.is_none_or(|h| first < h) => {
            (ExchangeTimeouts { connect, headers: Some(first), fresh }, first_kind)
        }
        (headers, _) => (ExchangeTimeouts { connect, headers, fresh }, FaultKind::HeadersTimeout),
    }
}

/// How long the first content may take, and the fault when it does not come.
pub fn first_content_limit(call: &Call, latency_limit: Option<Duration>) -> (Option<Duration>, FaultKind) {
    let own = call.timeouts.first_content;
    match latency_limit {
        Some(limit) if limit < own.unwrap_or(Timeouts::FIRST_CONTENT) => {
            (Some(limit), FaultKind::LatencyLimit)
        }
        _ => (own, FaultKind::FirstContentTimeout),
    }
}
