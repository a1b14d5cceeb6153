//! An incident as data, beside its figures without failover.

use std::{
    sync::Arc,
    time::{Instant, SystemTime},
};

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    lifecycle::Incident,
    tally::{CallTally, MOST_USERS},
    timeline::TimelineKind,
};
use crate::base::{duration::millis, timestamp::iso8601};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReportedEntry<'a> {
    at: String,
    after_ms: f64,
    what: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

impl TimelineKind {
    const fn word(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Out => "out",
            Self::Rescued => "rescued",
            Self::Lost => "lost",
            Self::Back => "back",
        }
    }
}

impl Incident {
    pub fn endpoints(&self) -> impl Iterator<Item = &Arc<str>> {
        self.endpoints.keys()
    }

    pub fn is_over(&self) -> bool {
        self.closed_at.is_some()
    }

    /// `primary`: the endpoint that is tried first when all are healthy.
    pub fn report(&self, now: Instant) -> Value {
        let ended = self.closed_at.or(self.recovered_at);
        let since = |at: Instant| at.saturating_duration_since(self.began);
        let ms = |at: Option<Instant>| at.map(|at| millis(since(at)));
        let length = since(ended.unwrap_or(now));
        let calls = &self.during;
        json!({
            "id": self.id(),
            "status": if self.closed_at.is_some() { "closed" } else { "open" },
            "startedAt": self.iso(self.began),
            "endedAt": ended.map(|at| self.iso(at)),
            "durationMs": millis(length),
            "detectionMs": ms(self.detected),
            "recoveryMs": ms(self.recovered),
            "endpoints": self.endpoint_reports(),
            "requests": calls.calls,
            "failed": calls.failed,
            "failedShare": share(calls.failed, calls.calls),
            "rescued": calls.rescued,
            "queued": calls.queued,
            "fallback": calls.fallback,
            "affectedUsers": calls.failed_users.count(),
            "latencyMs": {
                "before": self.before.map(millis),
                "during": calls.latency.get().map(millis),
                "after": self.after.latency.get().map(millis),
            },
            "extraCostUsd": extra(calls),
            "unpricedAnswers": calls.unpriced,
            "withoutFailover": {
                "requests": calls.calls,
                "failed": calls.failed_without_failover,
                "failedShare": share(calls.failed_without_failover, calls.calls),
                "recoveryMs": ended.map(|_| millis(length)),
                "affectedUsers": calls.users.count(),
            },
            "mostUsersCounted": MOST_USERS,
            "timeline": self.timeline(ended),
            "untoldMoments": self.dropped_entries,
            "series": self.series.columns(),
        })
    }

    fn id(&self) -> String {
        let seconds = self.began_at.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_secs());
        format!("inc-{seconds:x}-{}", self.number)
    }

    fn endpoint_reports(&self) -> Vec<Value> {
        self.endpoints
            .iter()
            .map(|(name, endpoint_state)| {
                json!({
                    "name": &**name,
                    "models": endpoint_state.models,
                    "failures": endpoint_state.failures,
                    "reasons": endpoint_state.reasons.iter().map(|(r, n)| (r.word().to_owned(), json!(n))).collect::<serde_json::Map<_, _>>(),
                    "firstFailureAt": self.iso(endpoint_state.first),
                    "lastFailureAt": self.iso(endpoint_state.last),
                    "outAt": endpoint_state.out.map(|at| self.iso(at)),
                    "statusPage": endpoint_state.pages.iter().map(|page| json!({
                        "at": self.iso(page.now), "indicator": page.indicator, "words": page.words,
                    })).collect::<Vec<_>>(),
                    "backAt": endpoint_state.back.map(|at| self.iso(at)),
                })
            })
            .collect()
    }

    fn timeline(&self, ended: Option<Instant>) -> Vec<Value> {
        let entries = self.timeline.iter().map(|entry| ReportedEntry {
            at: self.iso(entry.at),
            after_ms: self.after_ms(entry.at),
            what: entry.what.word(),
            endpoint: entry.endpoint.as_deref(),
            model: entry.model.as_deref(),
            reason: entry.reason.map(|reason| reason.word()),
        });
        let end = ended.map(|at| ReportedEntry {
            at: self.iso(at),
            after_ms: self.after_ms(at),
            what: "over",
            endpoint: None,
            model: None,
            reason: None,
        });
        entries.chain(end.filter(|_| self.closed_at.is_some())).map(|entry| json!(entry)).collect()
    }

    fn after_ms(&self, at: Instant) -> f64 {
        millis(at.saturating_duration_since(self.began))
    }

    fn iso(&self, at: Instant) -> String {
        let after = at.saturating_duration_since(self.began);
        iso8601(self.began_at.checked_add(after).unwrap_or(self.began_at))
    }
}

/// From 0 to 1.
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// Known only when every answer's extra cost is known.
fn extra(calls: &CallTally) -> Option<f64> {
    (calls.unpriced == 0).then(|| calls.extra as f64 / 1e12)
}
