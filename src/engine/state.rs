//! What is remembered between calls, by scope: origin, credential, and endpoint × model.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::{admission::Admission, credential::Credential, head::Heads};
use crate::{
    config::EndpointConfig,
    observe::{latency::Latencies, samples::Samples},
    policy::{
        breaker::{Breaker, BreakerConfig, Permit, State, Verdict},
        budget::{Budget, BudgetConfig},
        cooldown::Cooldown,
        ewma::PeakEwma,
        fault::{Scope, Weight},
    },
    reason::Reason,
    vendor_error::VendorError,
};

/// Models remembered one by one per endpoint; a caller may ask an open endpoint for any name.
const MAX_TARGETS: usize = 128;
/// A header's value at least this long may be a credential.
const SHORTEST_SECRET: usize = 8;

/// Breaker and cooldown of one scope.
pub struct Gate {
    pub breaker: Option<Breaker>,
    pub cooldown: Cooldown,
    /// Why it is parked, for those who are turned away.
    pub parked_for: Option<Reason>,
}

/// Scheme, host and port, shared by every endpoint there.
pub struct Origin {
    pub address: String,
    pub gate: Mutex<Gate>,
}

pub struct Endpoint {
    pub name: Arc<str>,
    pub config: EndpointConfig,
    pub index: usize,
    pub origin: Arc<Origin>,
    pub credentials: Vec<Arc<Credential>>,
    pub budget: Mutex<Budget>,
    pub isolated: AtomicU32,
    pub last_error: Mutex<Option<LastError>>,
    pub in_flight: AtomicU32,
    /// Rings when a probe has ended, for the calls that wait for it.
    pub changed: Arc<Notify>,
    targets: Mutex<Targets>,
}

/// By key and model.
type Targets = HashMap<(usize, Arc<str>), Arc<Target>>;

#[derive(Clone)]
pub struct LastError {
    pub reason: Reason,
    pub message: String,
    pub at: SystemTime,
}

/// Endpoint × credential × model: what an attempt is sent to.
pub struct Target {
    /// The request's head, made once: for whole answers, and for streams.
    pub heads: Heads,
    pub endpoint: Arc<Endpoint>,
    pub credential: Arc<Credential>,
    pub model: Arc<str>,
    pub gate: Mutex<Gate>,
    pub load: Mutex<PeakEwma>,
    pub in_flight: AtomicU32,
    pub stats: Mutex<Stats>,
    pub retries: AtomicU64,
}

#[derive(Default)]
pub struct Stats {
    pub latencies: Latencies,
    pub samples: Samples,
    pub total: u64,
    pub failed: u64,
    pub rate_limited: u64,
    pub last_failure: Option<SystemTime>,
    pub last_rate_limited: Option<SystemTime>,
    pub last_success: Option<Instant>,
    /// The first failure since the last success, and how long past recoveries took.
    pub failing_since: Option<Instant>,
    pub recoveries: VecDeque<Duration>,
}

/// Why a target may not be asked now, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocked {
    pub reason: Reason,
    /// Why it was parked in the first place.
    pub cause: Option<Reason>,
    /// `None` for as long as a person wants it.
    pub until: Option<Instant>,
    /// Only a breaker stands in the way, which is our own guess.
    pub guess: bool,
    /// A half-open probe is out: its end may come long before `until`.
    pub probing: bool,
}

/// A state that changed, for the events.
#[derive(Clone, Debug)]
pub enum Change {
    Breaker { scope: Scope, state: State, until: Option<Instant> },
    Cooldown { scope: Scope, until: Instant },
}

// === impl Gate ===

impl Gate {
    pub(super) fn new(breaker: Option<&BreakerConfig>, now: Instant) -> Self {
        Self {
            breaker: breaker.map(|config| Breaker::new(config.clone(), now)),
            cooldown: Cooldown::default(),
            parked_for: None,
        }
    }

    fn blocked(&self, now: Instant) -> Option<Blocked> {
        if let Some(until) = self.cooldown.until(now) {
            return Some(Blocked {
                reason: Reason::Cooldown,
                cause: self.parked_for,
                until: Some(until),
                guess: false,
                probing: false,
            });
        }
        let breaker = self.breaker.as_ref()?;
        Some(Blocked {
            reason: Reason::BreakerOpen,
            cause: None,
            until: Some(breaker.ready_at(now)?),
            guess: true,
            probing: breaker.probing(now),
        })
    }

    pub(super) fn admit(&mut self, now: Instant, early: bool) -> Option<Option<Permit>> {
        match &mut self.breaker {
            None => Some(None),
            Some(breaker) if early => breaker.admit_early(now).map(Some),
            Some(breaker) => breaker.admit(now).ok().map(Some),
        }
    }

    pub(super) fn release(&mut self, permit: Option<Permit>) {
        if let (Some(breaker), Some(permit)) = (&mut self.breaker, permit) {
            breaker.release(permit);
        }
    }

    pub(super) fn record(
        &mut self,
        permit: Option<Permit>,
        verdict: Verdict,
        now: Instant,
        jitter: f64,
    ) -> Option<(State, Option<Instant>)> {
        let breaker = self.breaker.as_mut()?;
        let state = breaker.record(permit?, verdict, now, jitter)?;
        Some((state, breaker.ready_at(now)))
    }
}

// === impl Origin, Credential ===

impl Origin {
    pub fn new(address: &str, breaker: Option<&BreakerConfig>, now: Instant) -> Self {
        Self { address: address.into(), gate: Mutex::new(Gate::new(breaker, now)) }
    }
}

// === impl Endpoint ===

impl Endpoint {
    pub fn new(
        config: EndpointConfig,
        index: usize,
        origin: Arc<Origin>,
        credentials: Vec<Arc<Credential>>,
        budget: BudgetConfig,
        changed: Arc<Notify>,
        now: Instant,
    ) -> Self {
        Self {
            name: config.name.as_str().into(),
            config,
            index,
            origin,
            credentials,
            budget: Mutex::new(Budget::new(budget, now)),
            isolated: AtomicU32::new(0),
            last_error: Mutex::default(),
            in_flight: AtomicU32::new(0),
            changed,
            targets: Mutex::default(),
        }
    }

    /// The state of one model under one key, made when first asked for.
    pub fn target(
        self: &Arc<Self>,
        credential: usize,
        model: &str,
        breaker: Option<&BreakerConfig>,
        now: Instant,
    ) -> Arc<Target> {
        let mut targets = self.targets.lock();
        if let Some(target) = targets.get(&(credential, model) as &dyn TargetKey) {
            return target.clone();
        }
        if targets.len() >= MAX_TARGETS {
            // The one that was least used makes room; its history is lost, a running attempt's is not.
            let idle = targets
                .iter()
                .filter(|(_, t)| Arc::strong_count(t) == 1)
                .min_by_key(|(_, t)| t.stats.lock().total)
                .map(|(k, _)| k.clone());
            if let Some(key) = idle {
                targets.remove(&key);
            }
        }
        let model: Arc<str> = model.into();
        let target = Arc::new(Target {
            heads: Heads::new(&self.config, &self.credentials[credential].source),
            endpoint: self.clone(),
            credential: self.credentials[credential].clone(),
            model: model.clone(),
            gate: Mutex::new(Gate::new(breaker, now)),
            load: Mutex::new(PeakEwma::new(now)),
            in_flight: AtomicU32::new(0),
            stats: Mutex::default(),
            retries: AtomicU64::new(0),
        });
        targets.insert((credential, model), target.clone());
        target
    }

    /// Every target asked so far, in a stable order.
    pub fn targets(&self) -> Vec<Arc<Target>> {
        let mut list: Vec<_> = self.targets.lock().iter().map(|(k, t)| (k.clone(), t.clone())).collect();
        list.sort_by(|(a, _), (b, _)| a.cmp(b));
        list.into_iter().map(|(_, t)| t).collect()
    }

    /// Breaks the circle between an endpoint and its targets.
    pub fn forget_targets(&self) {
        self.targets.lock().clear();
    }
}

/// Lets the map be asked with a borrowed model name.
trait TargetKey {
    fn parts(&self) -> (usize, &str);
}

impl TargetKey for (usize, Arc<str>) {
    fn parts(&self) -> (usize, &str) {
        (self.0, &self.1)
    }
}

impl TargetKey for (usize, &str) {
    fn parts(&self) -> (usize, &str) {
        (self.0, self.1)
    }
}

impl PartialEq for dyn TargetKey + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for dyn TargetKey + '_ {}

impl std::hash::Hash for dyn TargetKey + '_ {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
    }
}

impl<'a> std::borrow::Borrow<dyn TargetKey + 'a> for (usize, Arc<str>) {
    fn borrow(&self) -> &(dyn TargetKey + 'a) {
        self
    }
}

// === impl Target ===

impl Target {
    /// Why it may not be asked now.
    pub fn blocked(&self, now: Instant) -> Option<Blocked> {
        if self.endpoint.isolated.load(Ordering::Acquire) > 0 {
            return Some(Blocked {
                reason: Reason::Isolated,
                cause: None,
                until: None,
                guess: false,
                probing: false,
            });
        }
        let gates = [&self.credential.gate, &self.endpoint.origin.gate, &self.gate];
        gates
            .into_iter()
            .filter_map(|gate| gate.lock().blocked(now))
            // The one that holds longest decides; a cooldown outweighs a guess that holds as long.
            .max_by_key(|b| (b.until, !b.guess))
    }

    /// Leave to send an attempt. `early` tests an open breaker before its time, never a cooldown.
    pub fn admit(self: &Arc<Self>, now: Instant, early: bool) -> Result<Admission, Blocked> {
        if let Some(blocked) = self.blocked(now) {
            let cooling = || {
                [&self.credential.gate, &self.endpoint.origin.gate, &self.gate]
                    .into_iter()
                    .any(|g| g.lock().cooldown.until(now).is_some())
            };
            if !early || !blocked.guess || cooling() {
                return Err(blocked);
            }
        }
        let turned_away =
            Blocked { reason: Reason::BreakerOpen, cause: None, until: None, guess: true, probing: true };
        let origin_permit = self.endpoint.origin.gate.lock().admit(now, early).ok_or(turned_away)?;
        let Some(permit) = self.gate.lock().admit(now, early) else {
            self.endpoint.origin.gate.lock().release(origin_permit);
            return Err(turned_away);
        };
        self.in_flight.fetch_add(1, Ordering::AcqRel);
        self.endpoint.in_flight.fetch_add(1, Ordering::AcqRel);
        let probe = [origin_permit, permit].into_iter().flatten().any(Permit::is_probe);
        Ok(Admission::new(self.clone(), now, origin_permit, permit, probe))
    }

    /// A vendor's words without the secrets that were sent to it, before anything cuts them.
    pub fn redacted(&self, mut error: VendorError) -> VendorError {
        for text in [Some(&mut error.message), error.code.as_mut(), error.kind.as_mut()].into_iter().flatten()
        {
            self.redact(text);
        }
        error
    }

    /// Takes the key and the values of configured headers out of a text.
    pub fn redact(&self, text: &mut String) {
        self.credential.redact(text);
        for value in self.endpoint.config.headers.iter().filter_map(|(_, v)| v.to_str().ok()) {
            // Short values are words like "true", not credentials.
            if value.len() >= SHORTEST_SECRET && text.contains(value) {
                *text = text.replace(value, "…");
            }
        }
    }

    pub fn load(&self, now: Instant) -> f64 {
        self.load.lock().load(self.in_flight.load(Ordering::Acquire), now)
    }

    /// A stream broke after its content had begun: its permit has long been answered.
    pub fn failed_late(&self, now: Instant, jitter: f64) -> Option<Change> {
        let mut gate = self.gate.lock();
        let permit = gate.admit(now, false)??;
        if permit.is_probe() {
            gate.release(Some(permit));
            return None;
        }
        let (state, until) = gate.record(Some(permit), Verdict::Failed(Weight::Failure), now, jitter)?;
        Some(Change::Breaker { scope: Scope::Endpoint, state, until })
    }

    /// Proof of health that no call brought: the monitor's probe.
    pub fn proven(&self) -> Option<Change> {
        let origin = self.endpoint.origin.gate.lock().breaker.as_mut().and_then(Breaker::proven);
        let own = self.gate.lock().breaker.as_mut().and_then(Breaker::proven);
        own.map(|state| Change::Breaker { scope: Scope::Endpoint, state, until: None })
            .or(origin.map(|state| Change::Breaker { scope: Scope::Origin, state, until: None }))
    }
}
