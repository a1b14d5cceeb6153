//! The metrics of a client: counters, and current states.

use std::sync::atomic::Ordering;

use super::{
    Engine,
    status::{self, HealthStatus, RemainingLimit},
};
use crate::{
    base::{clock::now, timestamp::epoch_ms},
    observe::{
        counters::{CounterKey, CounterValues},
        exposition::{Labels, MetricFamily, MetricKind},
        latency::LatencyPhase,
    },
};

/// Figures that the engine does not have.
#[derive(Clone, Copy, Debug, Default)]
pub struct BindingMetrics {
    /// Waiting jobs of the durable queue; `None` without a queue.
    pub queued: Option<u64>,
    pub dropped_events: u64,
}

const BREAKER_STATES: [&str; 4] = ["closed", "open", "halfOpen", "isolated"];

pub fn families(engine: &Engine, beside: BindingMetrics) -> Vec<MetricFamily> {
    let mut families = vec![about()];
    families.extend(calls(engine));
    families.extend(attempts(engine));
    families.extend(endpoints(engine));
    families.extend(load(engine, beside));
    families.extend(budgets(engine));
    families.extend(alerts(engine));
    families
}

fn about() -> MetricFamily {
    let mut about =
        MetricFamily::new(MetricKind::Gauge, "build_info", "The version of bellwether; always 1.");
    about.push(vec![("version", env!("CARGO_PKG_VERSION").to_owned())], 1);
    about
}

/// Calls by outcome and requested model.
fn calls(engine: &Engine) -> [MetricFamily; 3] {
    let counters = &engine.recorder.counters;
    let mut requests = MetricFamily::new(MetricKind::Counter, "requests", "Calls by outcome.");
    let mut durations = MetricFamily::new(
        MetricKind::Histogram,
        "request_duration",
        "Duration of calls, including waiting and failover.",
    )
    .in_unit("seconds");
    for (model, calls) in counters.calls() {
        for (outcome, count) in calls.outcomes() {
            let reason = outcome.reason().map_or("", |reason| reason.word());
            let labels = [("model", &*model), ("outcome", outcome.word()), ("reason", reason)];
            requests.push(own(labels), count);
        }
        for (outcome, buckets) in calls.durations() {
            durations.push(own([("model", &*model), ("outcome", outcome)]), &buckets);
        }
    }
    let mut failovers = MetricFamily::new(
        MetricKind::Counter,
        "failovers",
        "Failovers of calls from one endpoint and model to another.",
    );
    for (way, count) in counters.failovers() {
        let labels = [
            ("from_endpoint", &*way.from.0),
            ("from_model", &*way.from.1),
            ("to_endpoint", &*way.to.0),
            ("to_model", &*way.to.1),
            ("reason", way.reason.word()),
        ];
        failovers.push(own(labels), count);
    }
    [requests, durations, failovers]
}

/// Attempts by endpoint and model.
fn attempts(engine: &Engine) -> Vec<MetricFamily> {
    let counted = engine.recorder.counters.targets();
    let each = |family: MetricFamily, push: &dyn Fn(&mut MetricFamily, Labels, &CounterValues)| {
        let mut family = family;
        for (key, counts) in &counted {
            push(&mut family, target(key, counts), counts);
        }
        family
    };
    let counter = |name, help| MetricFamily::new(MetricKind::Counter, name, help);
    let mut families = vec![
        each(
            counter("attempts", "Attempts at endpoints, including skipped ones (outcome skipped)."),
            &|family, labels, counts| {
                for ((outcome, reason), count) in &counts.attempts {
                    let more = [("outcome", *outcome), ("reason", reason.map_or("", |reason| reason.word()))];
                    family.push([labels.clone(), own(more)].concat(), *count);
                }
            },
        ),
        each(
            counter("retries", "Retries at an endpoint that had failed in the same call."),
            &|family, labels, counts| {
                family.push(labels, counts.retries);
            },
        ),
        each(
            counter(
                "tokens",
                "Tokens as counted by vendors. Input includes cached tokens, output includes reasoning.",
            ),
            &|family, labels, counts| {
                let tokens = counts.tokens;
                for (kind, count) in [
                    ("input", tokens.input),
                    ("input_cached", tokens.cached),
                    ("input_cache_write", tokens.cache_write),
                    ("output", tokens.output),
                    ("output_reasoning", tokens.reasoning),
                ] {
                    family.push([labels.clone(), own([("type", kind)])].concat(), count);
                }
            },
        ),
        each(
            counter("cost", "Cost of answers with a known price.").in_unit("usd"),
            &|family, labels, counts| {
                family.push(labels, counts.cost.usd());
            },
        ),
        each(counter("unpriced_answers", "Answers with an unknown cost."), &|family, labels, counts| {
            family.push(labels, counts.unpriced);
        }),
    ];
    let parts = [
        (LatencyPhase::Total, "attempt_duration", "Duration of answered attempts, from sending to the end."),
        (
            LatencyPhase::FirstContent,
            "first_content",
            "Time to first content, or until an attempt without any was abandoned.",
        ),
        (LatencyPhase::Gap, "content_gap", "Time between two pieces of content."),
        (LatencyPhase::Connect, "connect", "Time to open a connection: DNS, TCP and TLS."),
        (
            LatencyPhase::QueueWait,
            "queue_wait",
            "Time that answered calls waited for an endpoint or a rate budget.",
        ),
    ];
    families.extend(parts.map(|(part, name, help)| {
        each(
            MetricFamily::new(MetricKind::Histogram, name, help).in_unit("seconds"),
            &|family, labels, counts| {
                if let Some(buckets) = counts.part(part) {
                    family.push(labels, buckets);
                }
            },
        )
    }));
    families
}

/// The state of endpoints: one of the states is 1, the others are 0.
fn endpoints(engine: &Engine) -> [MetricFamily; 5] {
    let gauge = |name, help| MetricFamily::new(MetricKind::Gauge, name, help);
    let mut states = gauge("endpoint_state", "1 for the current state of an endpoint, 0 for the others.");
    let mut breakers =
        gauge("breaker_state", "1 for the current state of an endpoint's breaker, 0 for the others.");
    let mut cooldowns =
        gauge("cooldown_remaining", "Remaining cooldown of an endpoint; 0 without one.").in_unit("seconds");
    let mut in_flight = gauge("in_flight_attempts", "Running attempts.");
    let mut limits = gauge("rate_limit_remaining", "Remaining rate budget of a model at an endpoint.");
    let now = now();
    for endpoint in &engine.endpoints {
        let name = [("endpoint", &*endpoint.name), ("provider", &*endpoint.config.provider)];
        let stance = status::endpoint_health(engine, endpoint, now);
        for state in HealthStatus::ALL {
            let labels = [own(name), own([("state", state.word())])].concat();
            states.push(labels, u64::from(state == stance.status));
        }
        for state in BREAKER_STATES {
            breakers.push([own(name), own([("state", state)])].concat(), u64::from(state == stance.breaker));
        }
        let left = stance.cooldown.map_or(0.0, |until| until.saturating_duration_since(now).as_secs_f64());
        cooldowns.push(own(name), left);
        in_flight.push(own(name), u64::from(endpoint.in_flight.load(Ordering::Acquire)));
        for RemainingLimit { model, kind, remaining } in status::levels(engine, endpoint, now) {
            let labels = [own(name), own([("model", &*model), ("kind", kind)])].concat();
            limits.push(labels, remaining.floor().max(0.0));
        }
    }
    [states, breakers, cooldowns, in_flight, limits]
}

fn load(engine: &Engine, beside: BindingMetrics) -> Vec<MetricFamily> {
    let mut families = Vec::new();
    let mut add = |kind, name, help, value: u64| {
        let mut family = MetricFamily::new(kind, name, help);
        family.push(Vec::new(), value);
        families.push(family);
    };
    add(MetricKind::Gauge, "active_calls", "Running calls.", engine.running_calls() as u64);
    add(
        MetricKind::Gauge,
        "waiting_calls",
        "Calls waiting for an endpoint or a rate budget.",
        engine.wait_queue.len() as u64,
    );
    if let Some(queued) = beside.queued {
        add(MetricKind::Gauge, "queued_jobs", "Unfinished jobs in the durable queue.", queued);
    }
    add(
        MetricKind::Counter,
        "dropped_events",
        "Events dropped because listeners were too slow.",
        beside.dropped_events,
    );
    families
}

/// Alerts by receiver and delivery outcome.
fn alerts(engine: &Engine) -> [MetricFamily; 2] {
    let mut sent =
        MetricFamily::new(MetricKind::Counter, "alerts_sent", "Alerts by forwarder and delivery outcome.");
    let mut dropped = MetricFamily::new(
        MetricKind::Counter,
        "alerts_dropped",
        "Alerts dropped because too many waited for a forwarder or the client was closed.",
    );
    for (forwarder, outcome, count) in engine.recorder.alert_manager.notifier.tallies().all() {
        match outcome {
            "dropped" => dropped.push(own([("forwarder", forwarder)]), count),
            outcome => sent.push(own([("forwarder", forwarder), ("outcome", outcome)]), count),
        }
    }
    [sent, dropped]
}

fn budgets(engine: &Engine) -> [MetricFamily; 2] {
    let mut spent =
        MetricFamily::new(MetricKind::Gauge, "budget_spent", "Amount spent of a budget in this period.")
            .in_unit("usd");
    let mut limits = MetricFamily::new(MetricKind::Gauge, "budget_limit", "Limit of a budget for a period.")
        .in_unit("usd");
    for (name, period, used, limit) in engine.accountant.levels(epoch_ms(engine.wall())) {
        let labels = own([("budget", &*name), ("period", period)]);
        spent.push(labels.clone(), used.usd());
        limits.push(labels, limit.usd());
    }
    [spent, limits]
}

fn target(key: &CounterKey, counts: &CounterValues) -> Labels {
    own([
        ("endpoint", &*key.endpoint),
        ("provider", &*counts.provider),
        ("model", &*key.model),
        ("operation", if key.chat { "chat" } else { "other" }),
    ])
}

fn own<const N: usize>(labels: [(&'static str, &str); N]) -> Labels {
    labels.map(|(name, value)| (name, value.to_owned())).into()
}
