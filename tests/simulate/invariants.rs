//! What must hold in every history. The vendors' own notes are the truth; what the engine told is checked
//! against them.

mod call;
mod endpoint;
mod healed;

use std::{
    collections::{BTreeMap, HashMap},
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use bellwether::base::event::EventKind;
use serde_json::Value;

use crate::{
    log::{Hit, SetWall, Told},
    scenario::Scenario,
    world::Ran,
};

/// A history as the checks read it.
struct History<'a> {
    scenario: &'a Scenario,
    ran: &'a Ran,
    /// What vendors saw, with the moments at which the engine decided on it.
    hits: Vec<Hit>,
    attempts: Vec<Attempt>,
}

/// Timers ring, and dates are told, to the millisecond.
const TICK: Duration = Duration::from_millis(2);

/// An attempt as it was told.
struct Attempt {
    call: String,
    request_id: String,
    endpoint: String,
    began: Instant,
    ended: Instant,
    reason: String,
    status: Option<u64>,
    reused: bool,
    answered: bool,
}

pub fn check(scenario: &Scenario, ran: &Ran) -> Vec<String> {
    let mut found = Vec::new();
    let history = History::new(scenario, ran);
    call::check(&history, &mut found);
    endpoint::check(&history, &mut found);
    healed::check(&history, &mut found);
    nothing_is_left(ran, &mut found);
    // 11: no call waits while a candidate is ready.
    found.extend(ran.log.waited_in_vain().into_iter().map(|what| format!("11: {what}")));
    found
}

impl<'a> History<'a> {
    fn new(scenario: &'a Scenario, ran: &'a Ran) -> Self {
        let mut hits = ran.log.hits();
        let attempts: Vec<Attempt> = ran.log.with_told(|told| {
            let made =
                told.iter().filter(|t| t.kind == EventKind::Attempt && t.value["outcome"] != "skipped");
            made.map(|told| Attempt::read(told, &hits, &ran.wall)).collect()
        });
        // A key may have been asked for since, or a connection opened.
        let mut begun: HashMap<(&str, &str), Vec<Instant>> = HashMap::new();
        for attempt in &attempts {
            begun.entry((&attempt.call, &attempt.endpoint)).or_default().push(attempt.began);
        }
        for hit in &mut hits {
            let begun = begun.get(&(hit.call.as_str(), hit.endpoint.as_str()));
            let last = begun.into_iter().flatten().filter(|at| **at <= hit.at).max();
            hit.sent = last.copied().unwrap_or(hit.at);
        }
        Self { scenario, ran, hits, attempts }
    }
}

impl Attempt {
    /// It is told when it is known what followed, which may be later than it ended.
    fn read(told: &Told, hits: &[Hit], wall: &SetWall) -> Self {
        let took = Duration::from_secs_f64(told.value["durationMs"].as_f64().unwrap_or_default() / 1e3);
        let (call, endpoint) = (word(&told.value["tags"]["call"]), word(&told.value["endpoint"]));
        let latest = told.at.checked_sub(took).unwrap_or(told.at);
        let moments = wall.moments(&word(&told.value["startedAt"]), latest + TICK);
        // A date that was shown twice is told apart by what the vendor saw then.
        let seen = |at: &&Instant| {
            let of_call = hits.iter().filter(|h| h.call == call && h.endpoint == endpoint);
            of_call.into_iter().any(|h| (**at..=**at + took + TICK).contains(&h.at))
        };
        let began = moments.iter().rev().find(seen).or(moments.last()).copied().unwrap_or(latest);
        Self {
            call,
            request_id: word(&told.value["requestId"]),
            endpoint,
            began,
            ended: began + took,
            reason: word(&told.value["reason"]),
            status: told.value["status"].as_u64(),
            reused: told.value["reusedConnection"] == true,
            answered: told.value["outcome"] == "ok",
        }
    }
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// When something that was told is over: dates are the wall clock's, to the millisecond, and it may be set later.
fn until(told: &Told, date: &Value) -> Option<Instant> {
    let said = humantime::parse_rfc3339(told.value["at"].as_str()?).ok()?;
    let left = date.as_u64()?.saturating_sub(bellwether::base::timestamp::epoch_ms(said));
    Some(told.at + Duration::from_millis(left.saturating_sub(1)))
}

/// 7: idle means nothing is left.
fn nothing_is_left(ran: &Ran, found: &mut Vec<String>) {
    let endpoints = &ran.engine.endpoints;
    let targets: Vec<_> = endpoints.iter().flat_map(|e| ran.engine.targets.chat(e)).collect();
    let left = BTreeMap::from([
        ("calls", ran.engine.running_calls()),
        ("waiting", ran.engine.wait_queue.len()),
        ("tasks", ran.tasks_left),
        ("connections", ran.vendors.iter().map(|v| v.connections()).sum()),
        ("probes", ran.probes_left),
        (
            "in flight at endpoints",
            endpoints.iter().map(|e| e.in_flight.load(Ordering::Acquire) as usize).sum(),
        ),
        ("in flight at targets", targets.iter().map(|t| t.in_flight.load(Ordering::Acquire) as usize).sum()),
        ("granted", targets.iter().map(|t| t.limiter.lock().in_flight() as usize).sum()),
    ]);
    for (what, count) in left.into_iter().filter(|(_, count)| *count > 0) {
        found.push(format!("7: {count} {what} left"));
    }
}
