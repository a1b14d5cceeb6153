//! Incidents: from the first failed attempt of an endpoint that had worked, until all failed endpoints answer
//! again and a quiet time has passed. Overlapping failures of endpoints are one incident. Times are
//! arguments.

mod baseline;
mod lifecycle;
mod report;
mod series;
mod tally;
#[cfg(test)]
mod tests;
mod timeline;

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use self::baseline::LatencyBaseline;
pub use self::lifecycle::{Incident, IncidentTransition};
use super::observation::{AttemptObservation, CallObservation, StatusPageObservation};
use crate::base::reason::Reason;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IncidentConfig {
    /// How long nothing may fail before the incident closes.
    pub quiet: Duration,
    /// How many closed incidents are kept.
    pub keep: usize,
}

impl Default for IncidentConfig {
    fn default() -> Self {
        Self { quiet: Duration::from_secs(60), keep: 100 }
    }
}

/// The most endpoints remembered to have worked; by name, so that a reload keeps them.
const MOST_SERVED: usize = 1_000;
pub struct Incidents {
    config: IncidentConfig,
    served: BTreeSet<Arc<str>>,
    before: LatencyBaseline,
    open: Option<Incident>,
    closed: VecDeque<Incident>,
    opened: u64,
}

impl Incidents {
    pub fn new(config: IncidentConfig) -> Self {
        Self {
            config,
            served: BTreeSet::new(),
            before: LatencyBaseline::default(),
            open: None,
            closed: VecDeque::new(),
            opened: 0,
        }
    }

    pub fn reconfigure(&mut self, config: IncidentConfig) {
        self.config = config;
        self.drop_oldest();
    }

    /// Records a finished attempt.
    pub fn record_attempt(&mut self, observation: &AttemptObservation) -> Vec<IncidentTransition> {
        let mut transitions = self.expire(observation.now);
        let (endpoint, model) = &observation.place;
        let Some(reason) = observation.failure else {
            if self.served.len() < MOST_SERVED || self.served.contains(endpoint) {
                self.served.insert(endpoint.clone());
            }
            if let Some(incident) = &mut self.open {
                incident.record_answer(endpoint, model, observation);
            }
            return transitions;
        };
        if !observation.blames || !self.served.contains(endpoint) {
            return transitions;
        }
        if let Some(incident) = &mut self.open {
            transitions.extend(incident.record_failure(endpoint, model, reason, observation));
            return transitions;
        }
        self.opened += 1;
        let mut incident = Incident::new(self.opened, observation, self.before.mean(observation.now));
        let joined = incident.record_failure(endpoint, model, reason, observation);
        self.open = Some(incident);
        transitions.push(IncidentTransition::Opened);
        transitions.extend(joined);
        transitions
    }

    /// Records that an endpoint is ejected from selection until a moment.
    pub fn record_ejection(
        &mut self,
        endpoint: &Arc<str>,
        model: Option<&str>,
        reason: Option<Reason>,
        until: Instant,
        now: Instant,
    ) {
        if let Some(incident) = &mut self.open {
            incident.record_ejection(endpoint, model, reason, until, now);
        }
    }

    /// Records a status page. False once no incident is open for the endpoint.
    pub fn record_status_page(&mut self, endpoint: &Arc<str>, observation: StatusPageObservation) -> bool {
        self.open.as_mut().is_some_and(|incident| incident.record_status_page(endpoint, observation))
    }

    /// Records a finished call.
    pub fn record_call(&mut self, observation: &CallObservation) -> Vec<IncidentTransition> {
        let transitions = self.expire(observation.now);
        match &mut self.open {
            Some(incident) => incident.record_call(observation),
            None if observation.answer.is_some() => self.before.add(observation.took, observation.now),
            None => {}
        }
        transitions
    }

    /// When the open incident closes, if nothing else happens.
    pub fn closes_at(&self) -> Option<Instant> {
        self.open.as_ref().map(|incident| incident.quiet_since() + self.config.quiet)
    }

    /// Closes the open incident when its quiet time is over.
    pub fn expire(&mut self, now: Instant) -> Vec<IncidentTransition> {
        if self.closes_at().is_none_or(|at| now < at) {
            return Vec::new();
        }
        let Some(mut incident) = self.open.take() else { return Vec::new() };
        incident.closed_at = Some(incident.recovered_at.unwrap_or_else(|| incident.quiet_since()));
        self.closed.push_back(incident);
        self.drop_oldest();
        vec![IncidentTransition::Closed]
    }

    /// The incident of a transition: the open one, or the last closed one.
    pub fn latest(&self, turn: IncidentTransition) -> Option<&Incident> {
        match turn {
            IncidentTransition::Opened | IncidentTransition::Joined => self.open.as_ref(),
            IncidentTransition::Closed => self.closed.back(),
        }
    }

    /// All kept incidents, the oldest first.
    pub fn all(&self) -> impl Iterator<Item = &Incident> {
        let more = self.closed.len().saturating_sub(self.config.keep);
        self.closed.iter().skip(more).chain(&self.open)
    }

    /// The last closed one stays even with `keep: 0`: its end has not been emitted yet.
    fn drop_oldest(&mut self) {
        while self.closed.len() > self.config.keep.max(1) {
            self.closed.pop_front();
        }
    }
}
