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
pub(super) const MOST_PARTIES: usize = 64;
pub(super) const MOST_MOMENTS: usize = 200;
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
    pub(super) moments: Vec<TimelineEntry>,
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
    pub(super) fn new(number: u64, seen: &AttemptObservation, before: Option<Duration>) -> Self {
        Self {
            number,
            began: seen.now.checked_sub(seen.took).unwrap_or(seen.now),
            began_at: seen.at.checked_sub(seen.took).unwrap_or(seen.at),
            detected: None,
            recovered: None,
            last_failure: seen.now,
            recovered_at: None,
            closed_at: None,
            endpoints: BTreeMap::new(),
            before,
            during: CallTally::default(),
            after: CallTally::default(),
            series: IncidentSeries::default(),
            moments: Vec::new(),
            dropped_entries: 0,
        }
    }

    pub(super) fn failed(
        &mut self,
        endpoint: &Arc<str>,
        model: &Arc<str>,
        reason: Reason,
        seen: &AttemptObservation,
    ) -> Option<IncidentTransition> {
        self.last_failure = seen.now;
        if self.recovered_at.take().is_some() {
            self.during.merge(std::mem::take(&mut self.after));
        }
        let full = self.endpoints.len() >= MOST_PARTIES;
        let known = self.endpoints.contains_key(endpoint);
        if !known && full {
            return None;
        }
        let endpoint_state = self.endpoints.entry(endpoint.clone()).or_insert_with(|| AffectedEndpoint {
            models: BTreeSet::new(),
            failures: 0,
            reasons: BTreeMap::new(),
            first: seen.now,
            last: seen.now,
            out: None,
            out_until: None,
            back: None,
            pages: Vec::new(),
        });
        let again = endpoint_state.back.take().is_some();
        endpoint_state.last = seen.now;
        endpoint_state.failures += 1;
        *endpoint_state.reasons.entry(reason).or_default() += 1;
        if endpoint_state.models.len() < MOST_PARTIES {
            endpoint_state.models.insert(model.clone());
        }
        if !known || again {
            self.tell(TimelineEntry {
                at: seen.now,
                what: TimelineKind::Failed,
                endpoint: Some(endpoint.clone()),
                model: Some(model.clone()),
                reason: Some(reason),
            });
        }
        (!known).then_some(IncidentTransition::Joined)
    }

    pub(super) fn answered(&mut self, endpoint: &Arc<str>, model: &Arc<str>, seen: &AttemptObservation) {
        let Some(endpoint_state) = self.endpoints.get_mut(endpoint) else { return };
        // An attempt sent before the failure does not prove a recovery.
        let sent = seen.now.checked_sub(seen.took).unwrap_or(seen.now);
        if endpoint_state.back.is_some() || sent < endpoint_state.last {
            return;
        }
        endpoint_state.back = Some(seen.now);
        endpoint_state.out_until = None;
        self.tell(TimelineEntry {
            at: seen.now,
            what: TimelineKind::Back,
            endpoint: Some(endpoint.clone()),
            model: Some(model.clone()),
            reason: None,
        });
        if self.endpoints.values().all(|endpoint_state| endpoint_state.back.is_some()) {
            self.recovered_at = Some(seen.now);
        }
    }

    pub(super) fn out(
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

    pub(super) fn status_page(&mut self, endpoint: &Arc<str>, seen: StatusPageObservation) -> bool {
        let Some(endpoint_state) = self.endpoints.get_mut(endpoint) else { return false };
        let same =
            |last: &StatusPageObservation| (&last.indicator, &last.words) == (&seen.indicator, &seen.words);
        if endpoint_state.pages.len() < MOST_PAGES && !endpoint_state.pages.last().is_some_and(same) {
            endpoint_state.pages.push(seen);
        }
        true
    }

    pub(super) fn call(&mut self, seen: &CallObservation) {
        let (first_rescue, first_loss) = (self.rescued() == 0, self.lost() == 0);
        let sent = seen.now.checked_sub(seen.took).unwrap_or(seen.now);
        if let Some(answer) = &seen.answer
            && (seen.without_failover.is_some() || sent >= self.began)
        {
            self.recovered.get_or_insert(seen.now);
            if first_rescue && seen.is_rescued() {
                let (endpoint, model) = answer.place.clone();
                self.tell(TimelineEntry {
                    at: seen.now,
                    what: TimelineKind::Rescued,
                    endpoint: Some(endpoint),
                    model: Some(model),
                    reason: seen.without_failover,
                });
            }
        }
        if first_loss && seen.is_failed() {
            let reason = seen.outcome.reason();
            self.tell(TimelineEntry {
                at: seen.now,
                what: TimelineKind::Lost,
                endpoint: None,
                model: None,
                reason,
            });
        }
        let tally = if self.recovered_at.is_some() { &mut self.after } else { &mut self.during };
        tally.add(seen);
        self.series.add(seen.now.saturating_duration_since(self.began), seen);
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

    pub(super) fn tell(&mut self, moment: TimelineEntry) {
        if self.moments.len() < MOST_MOMENTS {
            self.moments.push(moment);
        } else {
            self.dropped_entries += 1;
        }
    }
}
