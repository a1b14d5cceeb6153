//! Everything that is counted for scrapers. It only ever grows: what is forgotten of an endpoint stays counted, and so
//! does what was counted before a reload.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use parking_lot::Mutex;

use super::{bounded::Bounded, buckets::Buckets, latency::Part, observation::Outcome};
use crate::{base::reason::Reason, cost::price::Money};

/// The label of what there are too many of.
pub const OTHER: &str = "(other)";

#[derive(Default)]
pub struct Meters {
    targets: Mutex<Bounded<Asked, Arc<Meter>>>,
    calls: Mutex<Bounded<Arc<str>, Calls>>,
    moves: Mutex<Bounded<Move, u64>>,
}

/// A model at an endpoint, and whether it is asked for chat completions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked {
    pub endpoint: Arc<str>,
    pub model: Arc<str>,
    pub chat: bool,
}

/// From one endpoint and model to another, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Move {
    pub from: (Arc<str>, Arc<str>),
    pub to: (Arc<str>, Arc<str>),
    pub reason: Reason,
}

/// What is counted of one model at one endpoint.
#[derive(Default)]
pub struct Meter(Mutex<Counts>);

#[derive(Clone, Default)]
pub struct Counts {
    pub provider: Arc<str>,
    /// By outcome: its word, and why.
    pub attempts: BTreeMap<(&'static str, Option<Reason>), u64>,
    pub retries: u64,
    pub tokens: Tokens,
    pub cost: Money,
    /// Answers whose price or usage is not known.
    pub unpriced: u64,
    parts: [Option<Box<Buckets>>; 5],
}

/// As vendors count them: cached ones are among the input, reasoning is among the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    pub input: u64,
    pub cached: u64,
    pub cache_write: u64,
    pub output: u64,
    pub reasoning: u64,
}

/// What became of calls for one model.
#[derive(Clone, Default)]
pub struct Calls(BTreeMap<Outcome, (u64, Buckets)>);

impl Meters {
    /// The meter of a model at an endpoint.
    pub fn of(&self, endpoint: &Arc<str>, provider: &str, model: &Arc<str>, chat: bool) -> Arc<Meter> {
        let own = Asked { endpoint: endpoint.clone(), model: model.clone(), chat };
        let others = || Asked { model: OTHER.into(), endpoint: OTHER.into(), chat };
        let mut targets = self.targets.lock();
        // A label that changed would be another series, and the first would seem to have ended.
        let provider = if targets.has_room_for(&own) { provider } else { OTHER };
        let meter = targets.entry(own, others);
        let mut counts = meter.0.lock();
        if counts.provider.is_empty() {
            counts.provider = provider.into();
        }
        drop(counts);
        meter.clone()
    }

    /// A call is over.
    pub fn call(&self, model: &str, outcome: Outcome, took: Duration) {
        let mut calls = self.calls.lock();
        let counted = match calls.get_mut(model) {
            Some(known) => known,
            None => calls.entry(model.into(), || OTHER.into()),
        };
        let (count, buckets) = counted.0.entry(outcome).or_default();
        *count += 1;
        buckets.record(took);
    }

    pub fn moved(&self, way: Move) {
        let name = || (Arc::from(OTHER), Arc::from(OTHER));
        let reason = way.reason;
        *self.moves.lock().entry(way, || Move { from: name(), to: name(), reason }) += 1;
    }

    /// Everything about endpoints, in a stable order.
    pub fn targets(&self) -> Vec<(Asked, Counts)> {
        let meters: Vec<_> =
            self.targets.lock().iter().map(|(asked, meter)| (asked.clone(), meter.clone())).collect();
        meters.into_iter().map(|(asked, meter)| (asked, meter.0.lock().clone())).collect()
    }

    pub fn calls(&self) -> Vec<(Arc<str>, Calls)> {
        self.calls.lock().iter().map(|(model, calls)| (model.clone(), calls.clone())).collect()
    }

    pub fn moves(&self) -> Vec<(Move, u64)> {
        self.moves.lock().iter().map(|(way, count)| (way.clone(), *count)).collect()
    }
}

impl Meter {
    pub fn time(&self, part: Part, took: Duration) {
        self.0.lock().parts[part as usize].get_or_insert_default().record(took);
    }

    /// An attempt is over, or nobody was asked.
    pub fn attempt(&self, outcome: &'static str, reason: Option<Reason>) {
        *self.0.lock().attempts.entry((outcome, reason)).or_default() += 1;
    }

    pub fn retried(&self) {
        self.0.lock().retries += 1;
    }

    /// An answer was booked.
    pub fn answered(&self, tokens: Option<Tokens>, cost: Option<Money>) {
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

impl Counts {
    pub fn part(&self, part: Part) -> Option<&Buckets> {
        self.parts[part as usize].as_deref()
    }
}

impl Calls {
    /// How many calls came to what.
    pub fn outcomes(&self) -> impl Iterator<Item = (Outcome, u64)> {
        self.0.iter().map(|(outcome, (count, _))| (*outcome, *count))
    }

    /// How long they took, by the word of what they came to.
    pub fn durations(&self) -> BTreeMap<&'static str, Buckets> {
        let mut sums: BTreeMap<&'static str, Buckets> = BTreeMap::new();
        for (outcome, (_, buckets)) in &self.0 {
            sums.entry(outcome.word()).or_default().add(buckets);
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::bounded::MOST;

    #[test]
    fn the_labels_of_what_does_not_fit_stay_as_they_are() {
        let meters = Meters::default();
        let meter =
            |n: usize, provider: &str| meters.of(&"a".into(), provider, &format!("m{n}").into(), true);
        (0..MOST).for_each(|n| meter(n, "openai").attempt("ok", None));
        for (n, provider) in [(MOST, "google"), (MOST + 1, "anthropic")] {
            meter(n, provider).attempt("ok", None);
            let others = meters.targets().into_iter().filter(|(asked, _)| &*asked.model == OTHER);
            let labels: Vec<_> = others.map(|(asked, counts)| (asked.endpoint, counts.provider)).collect();
            assert_eq!(labels, [(Arc::from(OTHER), Arc::from(OTHER))]);
        }
    }
}
