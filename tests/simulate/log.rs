//! What happened in a simulation, in order: what vendors saw, what the engine told, how calls ended.

use std::{
    collections::HashMap,
    time::{Duration, Instant, SystemTime},
};

use bellwether::base::{
    clock::{WallClock, now},
    event::{EventKind, EventSink, KINDS},
    timestamp::epoch_ms,
};
use parking_lot::Mutex;
use serde_json::Value;

/// A request as a vendor saw it.
#[derive(Clone, Debug)]
pub struct Hit {
    pub vendor: String,
    pub endpoint: String,
    pub model: String,
    pub key: String,
    /// The text of its message, which names the call.
    pub call: String,
    pub at: Instant,
    /// When it was decided on; the checks find out, from what was told.
    pub sent: Instant,
    pub ended: Option<Instant>,
    pub status: Option<u16>,
    /// When the vendor said to come back.
    pub retry_after: Option<Duration>,
    /// The text of the whole answer, whether or not it was sent whole.
    pub output: String,
}

pub struct Told {
    pub at: Instant,
    pub kind: EventKind,
    pub value: Value,
}

/// How a call ended.
pub struct Ended {
    pub call: String,
    pub deadline: Instant,
    pub at: Instant,
    pub outcome: Outcome,
    /// Chunks as they were delivered.
    pub chunks: Vec<Value>,
}

pub enum Outcome {
    Answered { body: Value, report: Value },
    Failed(Value),
    Aborted,
}

pub struct Log {
    pub start: Instant,
    trace: bool,
    hits: Mutex<Vec<Hit>>,
    told: Mutex<Vec<Told>>,
    ended: Mutex<Vec<Ended>>,
    lines: Mutex<Vec<String>>,
    /// Calls that waited although a candidate was ready.
    idle: Mutex<Vec<String>>,
    /// Moments to which time was made to jump.
    jumps: Mutex<Vec<Instant>>,
}

impl Log {
    pub fn new(trace: bool) -> Self {
        Self {
            start: now(),
            trace,
            hits: Mutex::default(),
            told: Mutex::default(),
            ended: Mutex::default(),
            lines: Mutex::default(),
            idle: Mutex::default(),
            jumps: Mutex::default(),
        }
    }

    pub fn hit(&self, hit: Hit) -> usize {
        self.line(|| format!("{} is asked for {} by {}", hit.endpoint, hit.model, hit.call));
        let mut hits = self.hits.lock();
        hits.push(hit);
        hits.len() - 1
    }

    pub fn status(&self, number: usize, status: u16, retry_after: Option<Duration>) {
        let mut hits = self.hits.lock();
        self.line(|| {
            format!("{} answers {} with {status} {retry_after:?}", hits[number].endpoint, hits[number].call)
        });
        hits[number].status = Some(status);
        hits[number].retry_after = retry_after;
    }

    pub fn output(&self, number: usize, text: String) {
        self.hits.lock()[number].output = text;
    }

    pub fn ended(&self, number: usize) {
        self.hits.lock()[number].ended = Some(now());
    }

    pub fn call_ended(&self, ended: Ended) {
        self.line(|| match &ended.outcome {
            Outcome::Answered { report, .. } => {
                format!("{} is answered by {}", ended.call, report["endpoint"])
            }
            Outcome::Failed(error) => format!("{} fails: {}", ended.call, error["message"]),
            Outcome::Aborted => format!("{} is aborted", ended.call),
        });
        self.ended.lock().push(ended);
    }

    pub fn jumped(&self) {
        self.line(|| "time jumped".into());
        self.jumps.lock().push(now());
    }

    pub fn waits_in_vain(&self, what: String) {
        self.line(|| what.clone());
        self.idle.lock().push(what);
    }

    pub fn waited_in_vain(&self) -> Vec<String> {
        self.idle.lock().clone()
    }

    pub fn hits(&self) -> Vec<Hit> {
        self.hits.lock().clone()
    }

    pub fn with_told<T>(&self, read: impl FnOnce(&[Told]) -> T) -> T {
        read(&self.told.lock())
    }

    pub fn with_ended<T>(&self, read: impl FnOnce(&[Ended]) -> T) -> T {
        read(&self.ended.lock())
    }

    pub fn jumps(&self) -> Vec<Instant> {
        self.jumps.lock().clone()
    }

    pub fn lines(&self) -> Vec<String> {
        std::mem::take(&mut self.lines.lock())
    }

    pub fn line(&self, text: impl FnOnce() -> String) {
        if self.trace {
            let at = now().saturating_duration_since(self.start);
            self.lines.lock().push(format!("{:>12.6} {}", at.as_secs_f64(), text()));
        }
    }
}

impl EventSink for Log {
    fn wants(&self, _: EventKind) -> bool {
        true
    }

    fn emit(&self, kind: EventKind, json: String) {
        self.line(|| format!("{}: {json}", KINDS[kind as usize].1));
        let value = serde_json::from_str(&json).expect("events are JSON");
        self.told.lock().push(Told { at: now(), kind, value });
    }
}

/// What the wall clock shows at the start.
const WALL_START_MS: u64 = 1_800_000_000_000;

/// A wall clock that can be set.
pub struct SetWall {
    pub start: Instant,
    pub offset: Mutex<i64>,
    /// When it showed which date, to the millisecond.
    shown: Mutex<HashMap<u64, Vec<Instant>>>,
}

impl SetWall {
    pub fn new(start: Instant) -> Self {
        Self { start, offset: Mutex::default(), shown: Mutex::default() }
    }

    /// When it showed this date, up to `by`: it may have been set back, and show it again.
    pub fn moments(&self, date: &str, by: Instant) -> Vec<Instant> {
        let Ok(date) = humantime::parse_rfc3339(date) else { return Vec::new() };
        let shown = self.shown.lock();
        shown.get(&epoch_ms(date)).into_iter().flatten().filter(|at| **at <= by).copied().collect()
    }
}

impl WallClock for SetWall {
    fn now(&self) -> SystemTime {
        // In whole numbers: a rounding error shows another millisecond.
        let elapsed = now().saturating_duration_since(self.start);
        let set = Duration::from_secs(self.offset.lock().unsigned_abs());
        let date = SystemTime::UNIX_EPOCH + Duration::from_millis(WALL_START_MS) + elapsed;
        let date = if *self.offset.lock() < 0 { date - set } else { date + set };
        let mut shown = self.shown.lock();
        let moments = shown.entry(epoch_ms(date)).or_default();
        if moments.last() != Some(&now()) {
            moments.push(now());
        }
        date
    }
}
