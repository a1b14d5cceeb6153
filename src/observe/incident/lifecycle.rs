//! One incident: which endpoints failed, when each recovered, and how calls ended meanwhile.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use super::{
    series::IncidentSeries,
    tally::CallTally,
    timeline::{TimelineEntry, TimelineKind},
};
use crate::{
    base::reason::Reason,
    observe::observation::{AttemptObservation, CallObservation, StatusPageObservation},
};

/// The most endpoints of an incident, and entries of its timeline.
pub(super) const MAX_ENDPOINTS: usize = 64;
pub(super) const MAX_TIMELINE_ENTRIES: usize = 200;
/// The most status pages kept for an endpoint; a page is kept when it changes.
const MOST_PAGES: usize = 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IncidentTransition {
    Opened,
    Closed,
    /// An endpoint failed for the first time in the incident.
    Joined,
}

#[derive(Clone, Debug)]
pub struct Incident {
    pub(super) number: u64,
    /// When the first failed attempt was sent.
    pub(super) began: Instant,
    pub(super) began_at: SystemTime,
    pub(super) detected: Option<Instant>,
    pub(super) recovered: Option<Instant>,
    pub(super) last_failure: Instant,
    /// When the last failed endpoint answered again.
    pub(super) recovered_at: Option<Instant>,
    pub(super) closed_at: Option<Instant>,
    pub(super) endpoints: BTreeMap<Arc<str>, AffectedEndpoint>,
    pub(super) before: Option<Duration>,
    pub(super) during: CallTally,
    /// Calls since the recovery.
    pub(super) after: CallTally,
    pub(super) series: IncidentSeries,
    pub(super) timeline: Vec<TimelineEntry>,
    pub(super) dropped_entries: u64,
}

/// An endpoint that failed.
#[derive(Clone, Debug)]
pub(super) struct AffectedEndpoint {
    pub(super) models: BTreeSet<Arc<str>>,
    pub(super) failures: u64,
    pub(super) reasons: BTreeMap<Reason, u64>,
    pub(super) first: Instant,
    pub(super) last: Instant,
    /// When it was first ejected from selection.
    pub(super) out: Option<Instant>,
    /// Until when it is ejected, if known.
    pub(super) out_until: Option<Instant>,
    /// Its first answer after its last failure.
    pub(super) back: Option<Instant>,
    pub(super) pages: Vec<StatusPageObservation>,
}

// === impl Incident ===

impl Incident {
    pub(super) fn new(number: u64, observation: &AttemptObservation, before: Option<Duration>) -> Self {
        Self {
            number,
            began: observation.now.checked_sub(observation.took).unwrap_or(observation.now),
            began_at: observation.at.checked_sub(observation.took).unwrap_or(observation.at),
            detected: None,
            recovered: None,
            last_failure: observation.now,
            recovered_at: None,
            closed_at: None,
            endpoints: BTreeMap::new(),
            before,
            during: CallTally::default(),
            after: CallTally::default(),
            series: IncidentSeries::default(),
            timeline: Vec::new(),
            dropped_entries: 0,
        }
    }

    pub(super) fn record_failure(
        &mut self,
        endpoint: &Arc<str>,
        model: &Arc<str>,
        reason: Reason,
        observation: &AttemptObservation,
    ) -> Option<IncidentTransition> {
        self.last_failure = observation.now;
        if self.recovered_at.take().is_some() {
            self.during.merge(std::mem::take(&mut self.after));
        }
        let full = self.endpoints.len() >= MAX_ENDPOINTS;
        let known = self.endpoints.contains_key(endpoint);
        if !known && full {
            return None;
        }
        let endpoint_state = self.endpoints.entry(endpoint.clone()).or_insert_with(|| AffectedEndpoint {
            models: BTreeSet::new(),
            failures: 0,
            reasons: BTreeMap::new(),
            first: observation.now,
            last: observation.now,
            out: None,
            out_until: None,
            back: None,
            pages: Vec::new(),
        });
        let again = endpoint_state.back.take().is_some();
        endpoint_state.last = observation.now;
        endpoint_state.failures += 1;
        *endpoint_state.reasons.entry(reason).or_default() += 1;
        if endpoint_state.models.len() < MAX_ENDPOINTS {
            endpoint_state.models.insert(model.clone());
        }
        if !known || again {
            self.tell(TimelineEntry {
                at: observation.now,
                what: TimelineKind::Failed,
                endpoint: Some(endpoint.clone()),
                model: Some(model.clone()),
                reason: Some(reason),
            });
        }
        (!known).then_some(IncidentTransition::Joined)
    }

    pub(super) fn record_answer(
        &mut self,
        endpoint: &Arc<str>,
        model: &Arc<str>,
        observation: &AttemptObservation,
    ) {
        let Some(endpoint_state) = self.endpoints.get_mut(endpoint) else { return };
        // An attempt sent before the failure does not prove a recovery.
        let sent = observation.now.checked_sub(observation.took).unwrap_or(observation.now);
        if endpoint_state.back.is_some() || sent < endpoint_state.last {
            return;
        }
        endpoint_state.back = Some(observation.now);
        endpoint_state.out_until = None;
        self.tell(TimelineEntry {
            at: observation.now,
            what: TimelineKind::Back,
            endpoint: Some(endpoint.clone()),
            model: Some(model.clone()),
            reason: None,
        });
        if self.endpoints.values().all(|endpoint_state| endpoint_state.back.is_some()) {
            self.recovered_at = Some(observation.now);
        }
    }

    pub(super) fn record_ejection(
        &mut self,
        endpoint: &Arc<str>,
        model: Option<&str>,
        reason: Option<Reason>,
        until: Instant,
        now: Instant,
    ) {
        let Some(endpoint_state) = self.endpoints.get_mut(endpoint) else { return };
        endpoint_state.out_until = endpoint_state.out_until.max(Some(until));
        let first = endpoint_state.out.is_none();
        endpoint_state.out.get_or_insert(now);
        self.detected.get_or_insert(now);
        if first {
            let model = model.map(Arc::from);
            self.tell(TimelineEntry {
                at: now,
                what: TimelineKind::Out,
                endpoint: Some(endpoint.clone()),
                model,
                reason,
            });
        }
    }

    pub(super) fn record_status_page(
        &mut self,
        endpoint: &Arc<str>,
        observation: StatusPageObservation,
    ) -> bool {
        let Some(endpoint_state) = self.endpoints.get_mut(endpoint) else { return false };
        let same = |last: &StatusPageObservation| {
            (&last.indicator, &last.words) == (&observation.indicator, &observation.words)
        };
        if endpoint_state.pages.len() < MOST_PAGES && !endpoint_state.pages.last().is_some_and(same) {
            endpoint_state.pages.push(observation);
        }
        true
    }

    pub(super) fn record_call(&mut self, observation: &CallObservation) {
        let (first_rescue, first_loss) = (self.rescued() == 0, self.lost() == 0);
        let sent = observation.now.checked_sub(observation.took).unwrap_or(observation.now);
        if let Some(answer) = &observation.answer
            && (observation.without_failover.is_some() || sent >= self.began)
        {
            self.recovered.get_or_insert(observation.now);
            if first_rescue && observation.is_rescued() {
                let (endpoint, model) = answer.place.clone();
                self.tell(TimelineEntry {
                    at: observation.now,
                    what: TimelineKind::Rescued,
                    endpoint: Some(endpoint),
                    model: Some(model),
                    reason: observation.without_failover,
                });
            }
        }
        if first_loss && observation.is_failed() {
            let reason = observation.outcome.reason();
            self.tell(TimelineEntry {
                at: observation.now,
                what: TimelineKind::Lost,
                endpoint: None,
                model: None,
                reason,
            });
        }
        let tally = if self.recovered_at.is_some() { &mut self.after } else { &mut self.during };
        tally.add(observation);
        self.series.add(observation.now.saturating_duration_since(self.began), observation);
    }

    pub(super) fn rescued(&self) -> u64 {
        self.during.rescued + self.after.rescued
    }

    pub(super) fn lost(&self) -> u64 {
        self.during.failed + self.after.failed
    }

    /// The last failure, ejection or recovery, whichever is latest.
    pub(super) fn quiet_since(&self) -> Instant {
        let out = self.endpoints.values().filter_map(|endpoint_state| endpoint_state.out_until);
        out.chain([self.last_failure]).chain(self.recovered_at).max().unwrap_or(self.last_failure)
    }

    pub(super) fn tell(&mut self, entry: TimelineEntry) {
        if self.timeline.len() < MAX_TIMELINE_ENTRIES {
            self.timeline.push(entry);
        } else {
            self.dropped_entries += 1;
        }
    }
}
