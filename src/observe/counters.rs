//! The counters for metrics. They only ever grow, also when an endpoint or target is forgotten, and survive
//! reloads.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use parking_lot::Mutex;

use super::{
    bounded::BoundedNames, buckets::HistogramBuckets, latency::LatencyPhase, observation::CallOutcome,
};
use crate::{base::reason::Reason, cost::price::Money};

/// The label for series beyond the maximum.
pub const OTHER: &str = "(other)";

#[derive(Default)]
pub struct Counters {
    targets: Mutex<BoundedNames<CounterKey, Arc<TargetCounters>>>,
    calls: Mutex<BoundedNames<Arc<str>, CallCounters>>,
    moves: Mutex<BoundedNames<Failover, u64>>,
}

/// A model at an endpoint, and whether the requests are chat completions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CounterKey {
    pub endpoint: Arc<str>,
    pub model: Arc<str>,
    pub chat: bool,
}

/// From one endpoint and model to another, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Failover {
    pub from: (Arc<str>, Arc<str>),
    pub to: (Arc<str>, Arc<str>),
    pub reason: Reason,
}

/// The counters of one model at one endpoint.
#[derive(Default)]
pub struct TargetCounters(Mutex<CounterValues>);

#[derive(Clone, Default)]
pub struct CounterValues {
    pub provider: Arc<str>,
    /// By outcome and reason.
    pub attempts: BTreeMap<(&'static str, Option<Reason>), u64>,
    pub retries: u64,
    pub tokens: TokenCounts,
    pub cost: Money,
    /// Answers without a known price or usage.
    pub unpriced: u64,
    parts: [Option<Box<HistogramBuckets>>; 5],
}

/// As vendors count them: cached tokens are part of the input, reasoning is part of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenCounts {
    pub input: u64,
    pub cached: u64,
    pub cache_write: u64,
    pub output: u64,
    pub reasoning: u64,
}

/// Outcomes of the calls for one model.
#[derive(Clone, Default)]
pub struct CallCounters(BTreeMap<CallOutcome, (u64, HistogramBuckets)>);

impl Counters {
    /// The counters of a model at an endpoint.
    pub fn of(
        &self,
        endpoint: &Arc<str>,
        provider: &str,
        model: &Arc<str>,
        chat: bool,
    ) -> Arc<TargetCounters> {
        let own = CounterKey { endpoint: endpoint.clone(), model: model.clone(), chat };
        let others = || CounterKey { model: OTHER.into(), endpoint: OTHER.into(), chat };
        let mut targets = self.targets.lock();
        // A changed label would be another series, and the first would seem to have ended.
        let provider = if targets.has_room_for(&own) { provider } else { OTHER };
        let meter = targets.entry(own, others);
        let mut counts = meter.0.lock();
        if counts.provider.is_empty() {
            counts.provider = provider.into();
        }
        drop(counts);
        meter.clone()
    }

    /// Counts a finished call.
    pub fn call(&self, model: &str, outcome: CallOutcome, took: Duration) {
        let mut calls = self.calls.lock();
        let counted = match calls.get_mut(model) {
            Some(known) => known,
            None => calls.entry(model.into(), || OTHER.into()),
        };
        let (count, buckets) = counted.0.entry(outcome).or_default();
        *count += 1;
        buckets.record(took);
    }

    pub fn record_failover(&self, way: Failover) {
        let name = || (Arc::from(OTHER), Arc::from(OTHER));
        let reason = way.reason;
        *self.moves.lock().entry(way, || Failover { from: name(), to: name(), reason }) += 1;
    }

    /// All counters of endpoints, in a stable order.
    pub fn targets(&self) -> Vec<(CounterKey, CounterValues)> {
        let counters: Vec<_> =
            self.targets.lock().iter().map(|(key, meter)| (key.clone(), meter.clone())).collect();
        counters.into_iter().map(|(key, meter)| (key, meter.0.lock().clone())).collect()
    }

    pub fn calls(&self) -> Vec<(Arc<str>, CallCounters)> {
        self.calls.lock().iter().map(|(model, calls)| (model.clone(), calls.clone())).collect()
    }

    pub fn failovers(&self) -> Vec<(Failover, u64)> {
        self.moves.lock().iter().map(|(way, count)| (way.clone(), *count)).collect()
    }
}

impl TargetCounters {
    pub fn time(&self, part: LatencyPhase, took: Duration) {
        self.0.lock().parts[part as usize].get_or_insert_default().record(took);
    }

    /// Counts an attempt or a skipped candidate.
    pub fn attempt(&self, outcome: &'static str, reason: Option<Reason>) {
        *self.0.lock().attempts.entry((outcome, reason)).or_default() += 1;
    }

    pub fn retried(&self) {
        self.0.lock().retries += 1;
    }

    /// Counts an answer.
    pub fn answered(&self, tokens: Option<TokenCounts>, cost: Option<Money>) {
        let mut counts = self.0.lock();
        if let Some(more) = tokens {
            let sum = &mut counts.tokens;
            sum.input = sum.input.saturating_add(more.input);
            sum.cached = sum.cached.saturating_add(more.cached);
            sum.cache_write = sum.cache_write.saturating_add(more.cache_write);
            sum.output = sum.output.saturating_add(more.output);
            sum.reasoning = sum.reasoning.saturating_add(more.reasoning);
        }
        match cost {
            Some(cost) => counts.cost += cost,
            None => counts.unpriced += 1,
        }
    }
}

impl CounterValues {
    pub fn part(&self, part: LatencyPhase) -> Option<&HistogramBuckets> {
        self.parts[part as usize].as_deref()
    }
}

impl CallCounters {
    /// Calls by outcome.
    pub fn outcomes(&self) -> impl Iterator<Item = (CallOutcome, u64)> {
        self.0.iter().map(|(outcome, (count, _))| (*outcome, *count))
    }

    /// Durations of calls by outcome.
    pub fn durations(&self) -> BTreeMap<&'static str, HistogramBuckets> {
        let mut sums: BTreeMap<&'static str, HistogramBuckets> = BTreeMap::new();
        for (outcome, (_, buckets)) in &self.0 {
            sums.entry(outcome.word()).or_default().add(buckets);
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::bounded::MAX_KEYS;

    #[test]
    fn the_labels_of_what_does_not_fit_stay_as_they_are() {
        let counters = Counters::default();
        let meter =
            |n: usize, provider: &str| counters.of(&"a".into(), provider, &format!("m{n}").into(), true);
        (0..MAX_KEYS).for_each(|n| meter(n, "openai").attempt("ok", None));
        for (n, provider) in [(MAX_KEYS, "google"), (MAX_KEYS + 1, "anthropic")] {
            meter(n, provider).attempt("ok", None);
            let others = counters.targets().into_iter().filter(|(key, _)| &*key.model == OTHER);
            let labels: Vec<_> = others.map(|(key, counts)| (key.endpoint, counts.provider)).collect();
            assert_eq!(labels, [(Arc::from(OTHER), Arc::from(OTHER))]);
        }
    }
}
