//! Incidents: from the first failed attempt of an endpoint that had served until all that failed answer again and a quiet
//! time has passed. Endpoints whose troubles overlap are one incident. Times are arguments.

mod before;
mod report;
mod series;
mod tally;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use self::{before::Before, series::Series, tally::Tally};
use super::sighting::{AttemptSeen, CallSeen, StatusPage};
use crate::reason::Reason;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IncidentConfig {
    /// How long nothing fails before it is over.
    pub quiet: Duration,
    /// How many are kept that are over.
    pub keep: usize,
}

impl Default for IncidentConfig {
    fn default() -> Self {
        Self { quiet: Duration::from_secs(60), keep: 100 }
    }
}

/// Endpoints that are remembered to have served; names, so that a reload forgets none.
const MOST_SERVED: usize = 1_000;
/// Endpoints told one by one in an incident, and moments of its timeline.
const MOST_PARTIES: usize = 64;
const MOST_MOMENTS: usize = 200;
/// What an endpoint's status page said, each time it said something else.
const MOST_PAGES: usize = 20;

pub struct Incidents {
    config: IncidentConfig,
    served: BTreeSet<Arc<str>>,
    before: Before,
    open: Option<Incident>,
    closed: VecDeque<Incident>,
    opened: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    Opened,
    Closed,
    /// An endpoint failed for the first time in it.
    Joined,
}

#[derive(Clone, Debug)]
pub struct Incident {
    number: u64,
    /// When the first attempt that failed was sent.
    began: Instant,
    began_at: SystemTime,
    detected: Option<Instant>,
    recovered: Option<Instant>,
    last_failure: Instant,
    /// Since when all that failed answer again.
    calm: Option<Instant>,
    over: Option<Instant>,
    parties: BTreeMap<Arc<str>, Party>,
    before: Option<Duration>,
    during: Tally,
    /// Since it is calm.
    after: Tally,
    series: Series,
    moments: Vec<Moment>,
    untold: u64,
}

/// An endpoint that failed.
#[derive(Clone, Debug)]
struct Party {
    models: BTreeSet<Arc<str>>,
    failures: u64,
    reasons: BTreeMap<Reason, u64>,
    first: Instant,
    last: Instant,
    /// When it was first taken out of selection.
    out: Option<Instant>,
    /// Until when it is, as far as is known.
    out_until: Option<Instant>,
    /// Its first answer after its last failure.
    back: Option<Instant>,
    pages: Vec<StatusPage>,
}

#[derive(Clone, Debug)]
struct Moment {
    at: Instant,
    what: What,
    endpoint: Option<Arc<str>>,
    model: Option<Arc<str>>,
    reason: Option<Reason>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// An endpoint failed for the first time.
    Failed,
    /// It is left out from here on.
    Out,
    /// A call was answered by another than the usual one, for the first time.
    Rescued,
    /// A call was lost, for the first time.
    Lost,
    /// An endpoint answers again.
    Back,
}

impl Incidents {
    pub fn new(config: IncidentConfig) -> Self {
        Self {
            config,
            served: BTreeSet::new(),
            before: Before::default(),
            open: None,
            closed: VecDeque::new(),
            opened: 0,
        }
    }

    pub fn reconfigure(&mut self, config: IncidentConfig) {
        self.config = config;
        self.drop_oldest();
    }

    /// An attempt has ended.
    pub fn attempt(&mut self, seen: &AttemptSeen) -> Vec<Turn> {
        let mut turns = self.expire(seen.now);
        let (endpoint, model) = &seen.place;
        let Some(reason) = seen.failure else {
            if self.served.len() < MOST_SERVED || self.served.contains(endpoint) {
                self.served.insert(endpoint.clone());
            }
            if let Some(incident) = &mut self.open {
                incident.answered(endpoint, model, seen);
            }
            return turns;
        };
        if !seen.blames || !self.served.contains(endpoint) {
            return turns;
        }
        if let Some(incident) = &mut self.open {
            turns.extend(incident.failed(endpoint, model, reason, seen));
            return turns;
        }
        self.opened += 1;
        let mut incident = Incident::new(self.opened, seen, self.before.mean(seen.now));
        let joined = incident.failed(endpoint, model, reason, seen);
        self.open = Some(incident);
        turns.push(Turn::Opened);
        turns.extend(joined);
        turns
    }

    /// An endpoint is left out of selection until a moment.
    pub fn out(
        &mut self,
        endpoint: &Arc<str>,
        model: Option<&str>,
        reason: Option<Reason>,
        until: Instant,
        now: Instant,
    ) {
        if let Some(incident) = &mut self.open {
            incident.out(endpoint, model, reason, until, now);
        }
    }

    /// What an endpoint's status page says. False once nobody wants to know any more.
    pub fn status_page(&mut self, endpoint: &Arc<str>, seen: StatusPage) -> bool {
        let party = self.open.as_mut().and_then(|incident| incident.parties.get_mut(endpoint));
        let Some(party) = party else { return false };
        let same = |last: &StatusPage| (&last.indicator, &last.words) == (&seen.indicator, &seen.words);
        if party.pages.len() < MOST_PAGES && !party.pages.last().is_some_and(same) {
            party.pages.push(seen);
        }
        true
    }

    /// A call has ended.
    pub fn call(&mut self, seen: &CallSeen) -> Vec<Turn> {
        let turns = self.expire(seen.now);
        match &mut self.open {
            Some(incident) => incident.call(seen),
            None if seen.answer.is_some() => self.before.add(seen.took, seen.now),
            None => {}
        }
        turns
    }

    /// When the one that is open may be over, if nothing more happens.
    pub fn closes_at(&self) -> Option<Instant> {
        self.open.as_ref().map(|incident| incident.quiet_since() + self.config.quiet)
    }

    /// Closes the one whose time has come.
    pub fn expire(&mut self, now: Instant) -> Vec<Turn> {
        if self.closes_at().is_none_or(|at| now < at) {
            return Vec::new();
        }
        let Some(mut incident) = self.open.take() else { return Vec::new() };
        incident.over = Some(incident.calm.unwrap_or_else(|| incident.quiet_since()));
        self.closed.push_back(incident);
        self.drop_oldest();
        vec![Turn::Closed]
    }

    /// The last that was opened, and the last that is over.
    pub fn latest(&self, turn: Turn) -> Option<&Incident> {
        match turn {
            Turn::Opened | Turn::Joined => self.open.as_ref(),
            Turn::Closed => self.closed.back(),
        }
    }

    /// All that are kept, the oldest first.
    pub fn all(&self) -> impl Iterator<Item = &Incident> {
        self.closed.iter().chain(&self.open)
    }

    fn drop_oldest(&mut self) {
        while self.closed.len() > self.config.keep {
            self.closed.pop_front();
        }
    }
}

impl Incident {
    fn new(number: u64, seen: &AttemptSeen, before: Option<Duration>) -> Self {
        Self {
            number,
            began: seen.now.checked_sub(seen.took).unwrap_or(seen.now),
            began_at: seen.at.checked_sub(seen.took).unwrap_or(seen.at),
            detected: None,
            recovered: None,
            last_failure: seen.now,
            calm: None,
            over: None,
            parties: BTreeMap::new(),
            before,
            during: Tally::default(),
            after: Tally::default(),
            series: Series::default(),
            moments: Vec::new(),
            untold: 0,
        }
    }

    fn failed(
        &mut self,
        endpoint: &Arc<str>,
        model: &Arc<str>,
        reason: Reason,
        seen: &AttemptSeen,
    ) -> Option<Turn> {
        self.last_failure = seen.now;
        if self.calm.take().is_some() {
            self.during.merge(std::mem::take(&mut self.after));
        }
        let full = self.parties.len() >= MOST_PARTIES;
        let known = self.parties.contains_key(endpoint);
        if !known && full {
            return None;
        }
        let party = self.parties.entry(endpoint.clone()).or_insert_with(|| Party {
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
        let again = party.back.take().is_some();
        party.last = seen.now;
        party.failures += 1;
        *party.reasons.entry(reason).or_default() += 1;
        if party.models.len() < MOST_PARTIES {
            party.models.insert(model.clone());
        }
        if !known || again {
            self.tell(Moment {
                at: seen.now,
                what: What::Failed,
                endpoint: Some(endpoint.clone()),
                model: Some(model.clone()),
                reason: Some(reason),
            });
        }
        (!known).then_some(Turn::Joined)
    }

    fn answered(&mut self, endpoint: &Arc<str>, model: &Arc<str>, seen: &AttemptSeen) {
        let Some(party) = self.parties.get_mut(endpoint) else { return };
        // What was sent before it failed says nothing of how it is since.
        let sent = seen.now.checked_sub(seen.took).unwrap_or(seen.now);
        if party.back.is_some() || sent < party.last {
            return;
        }
        party.back = Some(seen.now);
        party.out_until = None;
        self.tell(Moment {
            at: seen.now,
            what: What::Back,
            endpoint: Some(endpoint.clone()),
            model: Some(model.clone()),
            reason: None,
        });
        if self.parties.values().all(|party| party.back.is_some()) {
            self.calm = Some(seen.now);
        }
    }

    fn out(
        &mut self,
        endpoint: &Arc<str>,
        model: Option<&str>,
        reason: Option<Reason>,
        until: Instant,
        now: Instant,
    ) {
        let Some(party) = self.parties.get_mut(endpoint) else { return };
        party.out_until = party.out_until.max(Some(until));
        let first = party.out.is_none();
        party.out.get_or_insert(now);
        self.detected.get_or_insert(now);
        if first {
            let model = model.map(Arc::from);
            self.tell(Moment { at: now, what: What::Out, endpoint: Some(endpoint.clone()), model, reason });
        }
    }

    fn call(&mut self, seen: &CallSeen) {
        let (first_rescue, first_loss) = (self.rescued() == 0, self.lost() == 0);
        let sent = seen.now.checked_sub(seen.took).unwrap_or(seen.now);
        if let Some(answer) = &seen.answer
            && (seen.alone.is_some() || sent >= self.began)
        {
            self.recovered.get_or_insert(seen.now);
            if first_rescue && seen.is_rescued() {
                let (endpoint, model) = answer.place.clone();
                self.tell(Moment {
                    at: seen.now,
                    what: What::Rescued,
                    endpoint: Some(endpoint),
                    model: Some(model),
                    reason: seen.alone,
                });
            }
        }
        if first_loss && seen.is_failed() {
            let reason = seen.outcome.reason();
            self.tell(Moment { at: seen.now, what: What::Lost, endpoint: None, model: None, reason });
        }
        let tally = if self.calm.is_some() { &mut self.after } else { &mut self.during };
        tally.add(seen);
        self.series.add(seen.now.saturating_duration_since(self.began), seen);
    }

    fn rescued(&self) -> u64 {
        self.during.rescued + self.after.rescued
    }

    fn lost(&self) -> u64 {
        self.during.failed + self.after.failed
    }

    /// The last failure, the last moment at which somebody was left out, or that at which the last of them was back.
    fn quiet_since(&self) -> Instant {
        let out = self.parties.values().filter_map(|party| party.out_until);
        out.chain([self.last_failure]).chain(self.calm).max().unwrap_or(self.last_failure)
    }

    fn tell(&mut self, moment: Moment) {
        if self.moments.len() < MOST_MOMENTS {
            self.moments.push(moment);
        } else {
            self.untold += 1;
        }
    }
}
