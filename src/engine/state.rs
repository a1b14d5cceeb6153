//! What is remembered between calls, by scope: origin, credential, and endpoint × model.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use parking_lot::Mutex;

use super::{
    admission::Admission,
    credential::Credential,
    head::Heads,
    question::{Question, Service},
    room::Room,
    status_page::Watch,
};
use crate::{
    clock::now,
    config::EndpointConfig,
    observe::{
        latency::{Latencies, Part},
        meters::{Meter, Meters},
        samples::Samples,
    },
    policy::{
        breaker::{Breaker, BreakerConfig, Permit, State, Verdict},
        budget::{Budget, BudgetConfig},
        canary::Canary,
        cooldown::Cooldown,
        ewma::PeakEwma,
        fault::{Scope, Weight},
        limiter::{Limiter, Shortage},
        recent::Recent,
    },
    reason::Reason,
    vendor_error::VendorError,
};

/// Models remembered one by one per endpoint; a caller may ask an open endpoint for any name.
const MAX_TARGETS: usize = 128;
/// Fewer samples make no percentile.
const ENOUGH_SAMPLES: u32 = 20;
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
    pub budget: Arc<Mutex<Budget>>,
    pub isolated: Arc<AtomicU32>,
    pub last_error: Arc<Mutex<Option<LastError>>>,
    pub in_flight: Arc<AtomicU32>,
    /// Looks at the vendor's status page during an incident.
    pub status_page: Mutex<Option<Watch>>,
    /// Where calls wait.
    pub room: Arc<Room>,
    meters: Arc<Meters>,
    /// Set for one that is new and has to prove itself.
    pub canary: Option<Arc<Mutex<Canary>>>,
    targets: Mutex<Targets>,
}

/// What all endpoints of a client have in common.
#[derive(Clone)]
pub struct Around {
    /// Where calls wait.
    pub room: Arc<Room>,
    pub meters: Arc<Meters>,
}

/// By key, model and what is asked of it.
type Targets = HashMap<(usize, Arc<str>, Service), Arc<Target>>;

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
    pub service: Service,
    /// Breaker and cooldown of the model, whatever the key.
    pub model_gate: Arc<Mutex<Gate>>,
    /// Cooldown of this key for this model: a throttle is the key's own.
    pub gate: Arc<Mutex<Gate>>,
    pub limiter: Arc<Mutex<Limiter>>,
    pub load: Arc<Mutex<PeakEwma>>,
    pub in_flight: Arc<AtomicU32>,
    /// Its address is the target's name in the room: what a reload takes over is waited for under one name.
    pub stats: Arc<Mutex<Stats>>,
    pub retries: Arc<AtomicU64>,
    /// What scrapers are told of it, whatever is forgotten here.
    pub meter: Arc<Meter>,
    /// Its price is wanted and not known, which was said.
    pub price_missed: AtomicBool,
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
    /// First contents of late, for limits and hedging.
    pub recent: Option<Recent>,
    /// The first failure since the last success, and how long past recoveries took.
    pub failing_since: Option<Instant>,
    pub recoveries: VecDeque<Duration>,
}

/// What keeps a target from being asked now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// A person took it out.
    Isolated,
    /// The vendor's word, or what follows from it.
    Cooldown,
    /// Our own guess.
    Breaker,
    /// The rate budget, or those who wait for it already.
    Limiter,
    /// It came back a moment ago and gets a share of its load.
    Ramp,
}

/// Why a target may not be asked now, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocked {
    pub obstacle: Obstacle,
    /// Why it was parked in the first place.
    pub cause: Option<Reason>,
    /// `None` when nobody knows: a person decides, or the end of another request.
    pub until: Option<Instant>,
    /// One request is out to show whether it is well: its end may come long before `until`.
    pub probing: bool,
}

/// How a call comes to a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    Regular,
    /// Nobody else is ready: the ramp does not hold it up.
    ThroughRamp,
    /// Nobody else is ready: an open breaker is tested before its time. Never a cooldown.
    Early,
}

/// A state that changed, for the events.
#[derive(Clone, Debug)]
pub enum Change {
    Breaker { scope: Scope, state: State, until: Option<Instant> },
    Cooldown { scope: Scope, until: Instant },
}

impl Blocked {
    /// The public word.
    pub fn reason(&self) -> Reason {
        match self.obstacle {
            Obstacle::Isolated => Reason::Isolated,
            Obstacle::Cooldown => Reason::Cooldown,
            Obstacle::Breaker | Obstacle::Ramp => Reason::BreakerOpen,
            Obstacle::Limiter => Reason::Limiter,
        }
    }

    /// As many requests are under way as may be at once: when the next may be sent, nobody knows.
    pub fn full(&self) -> bool {
        self.obstacle == Obstacle::Limiter && self.until.is_none()
    }
}

/// The one that holds longest decides; a cooldown outweighs a guess that holds as long.
fn longest(all: impl Iterator<Item = Blocked>) -> Option<Blocked> {
    all.max_by_key(|b| (b.until, b.obstacle == Obstacle::Cooldown))
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

    /// Other settings of the breaker; what is known stays.
    pub(super) fn reconfigure(&mut self, breaker: Option<&BreakerConfig>, now: Instant) {
        match (&mut self.breaker, breaker) {
            (Some(breaker), Some(config)) => breaker.reconfigure(config, now),
            (own, config) => *own = config.map(|config| Breaker::new(config.clone(), now)),
        }
    }

    fn blocked(&self, now: Instant) -> Option<Blocked> {
        let until = self.cooldown.until(now);
        let probing = until.is_none() && self.cooldown.probing();
        let cooling = (until.is_some() || probing).then_some(Blocked {
            obstacle: Obstacle::Cooldown,
            cause: self.parked_for,
            until,
            probing,
        });
        let open = self.breaker.as_ref().and_then(|breaker| {
            Some(Blocked {
                obstacle: Obstacle::Breaker,
                cause: None,
                until: Some(breaker.ready_at(now)?),
                probing: breaker.probing(now),
            })
        });
        longest(cooling.into_iter().chain(open))
    }

    /// When its breaker may be tested before its time; `None` when it may be now.
    fn ready_early_at(&self, now: Instant) -> Option<Instant> {
        self.breaker.as_ref().and_then(|breaker| breaker.ready_early_at(now))
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
        around: Around,
        now: Instant,
    ) -> Self {
        let Around { room, meters } = around;
        let canary = config.canary.clone().map(|canary| Arc::new(Mutex::new(Canary::new(canary, now))));
        Self {
            name: config.name.as_str().into(),
            config,
            index,
            origin,
            credentials,
            budget: Arc::new(Mutex::new(Budget::new(budget, now))),
            isolated: Arc::default(),
            last_error: Arc::default(),
            in_flight: Arc::default(),
            status_page: Mutex::default(),
            room,
            meters,
            canary,
            targets: Mutex::default(),
        }
    }

    /// The state of one model under one key, made when first asked for.
    pub fn target(
        self: &Arc<Self>,
        credential: usize,
        model: &str,
        service: Service,
        breaker: Option<&BreakerConfig>,
        now: Instant,
    ) -> Arc<Target> {
        let mut targets = self.targets.lock();
        if let Some(target) = targets.get(&(credential, model, service) as &dyn TargetKey) {
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
        // One model under several keys is one model: it is sick or well for all of them.
        let shared = (0..self.credentials.len())
            .find_map(|other| targets.get(&(other, model, service) as &dyn TargetKey))
            .map(|other| other.model_gate.clone());
        let model: Arc<str> = model.into();
        let target = Arc::new(Target {
            heads: Heads::new(&self.config, &model, &self.credentials[credential].source),
            endpoint: self.clone(),
            credential: self.credentials[credential].clone(),
            model: model.clone(),
            service,
            model_gate: shared.unwrap_or_else(|| Arc::new(Mutex::new(Gate::new(breaker, now)))),
            gate: Arc::new(Mutex::new(Gate::new(None, now))),
            limiter: Arc::new(Mutex::new(Limiter::new(self.config.limits_of(&model), now))),
            load: Arc::new(Mutex::new(PeakEwma::new(now))),
            in_flight: Arc::default(),
            stats: Arc::default(),
            retries: Arc::default(),
            meter: self.meter(&model, service),
            price_missed: AtomicBool::new(false),
        });
        targets.insert((credential, model, service), target.clone());
        target
    }

    /// Goes on with what is known of a target of the client as it was configured before, under one of the keys here.
    pub(super) fn take_over(self: &Arc<Self>, credential: usize, before: &Target) {
        let limits = self.config.limits_of(&before.model);
        let same_limits = limits == before.endpoint.config.limits_of(&before.model);
        let fresh = || Arc::new(Mutex::new(Limiter::new(limits, now())));
        let target = Arc::new(Target {
            heads: Heads::new(&self.config, &before.model, &self.credentials[credential].source),
            endpoint: self.clone(),
            credential: self.credentials[credential].clone(),
            model: before.model.clone(),
            service: before.service,
            model_gate: before.model_gate.clone(),
            gate: before.gate.clone(),
            limiter: if same_limits { before.limiter.clone() } else { fresh() },
            load: before.load.clone(),
            in_flight: before.in_flight.clone(),
            stats: before.stats.clone(),
            retries: before.retries.clone(),
            meter: self.meter(&before.model, before.service),
            price_missed: AtomicBool::new(false),
        });
        self.targets.lock().insert((credential, before.model.clone(), before.service), target);
    }

    fn meter(&self, model: &Arc<str>, service: Service) -> Arc<Meter> {
        self.meters.of(&self.name, &self.config.provider, model, service == Service::Chat)
    }

    /// The targets that were asked for chat completions so far, in a stable order.
    pub fn targets(&self) -> Vec<Arc<Target>> {
        let mut list = self.every_target();
        list.retain(|target| target.service == Service::Chat);
        list
    }

    /// Every target asked so far, in a stable order.
    pub fn every_target(&self) -> Vec<Arc<Target>> {
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
    fn parts(&self) -> (usize, &str, Service);
}

impl TargetKey for (usize, Arc<str>, Service) {
    fn parts(&self) -> (usize, &str, Service) {
        (self.0, &self.1, self.2)
    }
}

impl TargetKey for (usize, &str, Service) {
    fn parts(&self) -> (usize, &str, Service) {
        (self.0, self.1, self.2)
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

impl<'a> std::borrow::Borrow<dyn TargetKey + 'a> for (usize, Arc<str>, Service) {
    fn borrow(&self) -> &(dyn TargetKey + 'a) {
        self
    }
}

// === impl Target ===

impl Target {
    /// Why it may not be asked now, whatever the request.
    pub fn parked(&self, now: Instant) -> Option<Blocked> {
        if self.endpoint.isolated.load(Ordering::Acquire) > 0 {
            return Some(Blocked { obstacle: Obstacle::Isolated, cause: None, until: None, probing: false });
        }
        longest(self.gates().filter_map(|gate| gate.lock().blocked(now)))
    }

    /// When a call that has nobody else may test it: once no cooldown holds, however long its breakers are open.
    /// `None`: when another request ends.
    pub fn testable_at(&self, now: Instant, question: &Question, ahead: u32) -> Option<Instant> {
        let paced = match self.limiter.lock().shortage(|| question.demand(), ahead, now) {
            Some(Shortage::Slot) => return None,
            Some(Shortage::For(wait)) => now + wait,
            None => now,
        };
        let moments = self.gates().flat_map(|gate| {
            let gate = gate.lock();
            [gate.cooldown.until(now), gate.ready_early_at(now)]
        });
        moments.flatten().chain([paced]).max()
    }

    /// Why this request may not be sent now. `ahead` wait for this target before it.
    pub fn blocked(&self, now: Instant, question: &Question, ahead: u32) -> Option<Blocked> {
        if let Some(parked) = self.parked(now) {
            return Some(parked);
        }
        let shortage = self.limiter.lock().shortage(|| question.demand(), ahead, now)?;
        let until = match shortage {
            Shortage::For(wait) => Some(now + wait),
            Shortage::Slot => None,
        };
        Some(Blocked { obstacle: Obstacle::Limiter, cause: None, until, probing: false })
    }

    /// Leave to send an attempt.
    pub fn admit(
        self: &Arc<Self>,
        now: Instant,
        entry: Entry,
        question: &Question,
        ahead: u32,
    ) -> Result<Admission, Blocked> {
        if let Some(blocked) = self.blocked(now, question, ahead) {
            let only_a_breaker = || {
                let gates = || self.gates().map(|g| g.lock());
                gates().all(|g| g.cooldown.until(now).is_none() && !g.cooldown.probing())
                    && self.limiter.lock().shortage(|| question.demand(), ahead, now).is_none()
            };
            let early = entry == Entry::Early && blocked.obstacle == Obstacle::Breaker;
            if !early || !only_a_breaker() {
                return Err(blocked);
            }
        }
        if entry == Entry::Regular && self.ramp_holds(now) {
            return Err(Blocked { obstacle: Obstacle::Ramp, cause: None, until: None, probing: false });
        }
        let early = entry == Entry::Early;
        let turned_away = Blocked { obstacle: Obstacle::Breaker, cause: None, until: None, probing: true };
        let origin_permit = self.endpoint.origin.gate.lock().admit(now, early).ok_or(turned_away)?;
        let Some(permit) = self.model_gate.lock().admit(now, early) else {
            self.endpoint.origin.gate.lock().release(origin_permit);
            return Err(turned_away);
        };
        let grant = self.limiter.lock().take(|| question.demand(), now);
        self.in_flight.fetch_add(1, Ordering::AcqRel);
        self.endpoint.in_flight.fetch_add(1, Ordering::AcqRel);
        let probation = [&self.credential.gate, &*self.model_gate].map(|g| g.lock().cooldown.begin_probe());
        Ok(Admission::new(self.clone(), now, origin_permit, permit, probation, grant))
    }

    /// Whether this request is not among those that the ramp lets through.
    fn ramp_holds(&self, now: Instant) -> bool {
        [&self.endpoint.origin.gate, &*self.model_gate].into_iter().any(|gate| {
            let mut gate = gate.lock();
            gate.breaker.as_mut().is_some_and(|b| b.ramping(now) && !b.ramp_admits(now))
        })
    }

    fn gates(&self) -> impl Iterator<Item = &Mutex<Gate>> {
        [&self.credential.gate, &self.endpoint.origin.gate, &*self.model_gate, &*self.gate].into_iter()
    }

    pub fn time(&self, part: Part, took: Duration) {
        self.stats.lock().latencies.record(part, took);
        self.meter.time(part, took);
    }

    /// Notes how long the first content took, or how long it was waited for in vain.
    pub fn record_first_content(&self, took: Duration, now: Instant) {
        self.time(Part::FirstContent, took);
        let mut stats = self.stats.lock();
        stats.recent.get_or_insert_with(|| Recent::new(now)).record(took, now);
    }

    /// The 95th percentile of the time to first content of late, once there are enough samples for one.
    pub fn p95(&self, now: Instant) -> Option<Duration> {
        self.stats.lock().recent.as_ref()?.quantile(0.95, ENOUGH_SAMPLES, now)
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
        let mut gate = self.model_gate.lock();
        let permit = gate.admit(now, false)??;
        if permit.is_probe() {
            gate.release(Some(permit));
            return None;
        }
        let (state, until) = gate.record(Some(permit), Verdict::Failed(Weight::Failure), now, jitter)?;
        Some(Change::Breaker { scope: Scope::Endpoint, state, until })
    }

    /// Proof of health that no call brought: the monitor's probe.
    pub fn proven(&self, now: Instant) -> Option<Change> {
        let prove = |gate: &Mutex<Gate>| gate.lock().breaker.as_mut().and_then(|b| b.proven(now));
        let (origin, own) = (prove(&self.endpoint.origin.gate), prove(&self.model_gate));
        own.map(|state| Change::Breaker { scope: Scope::Endpoint, state, until: None })
            .or(origin.map(|state| Change::Breaker { scope: Scope::Origin, state, until: None }))
    }
}
