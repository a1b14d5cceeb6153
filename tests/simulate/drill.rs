//! Rehearsed outages, with figures.

use std::time::Duration;

use bellwether::base::event::EventKind;
use serde_json::{Value, json};

use crate::{
    Named, invariants,
    log::Outcome,
    scenario::{CallPlan, Scenario, VendorPlan},
    vendor::Behaviour,
    world::{self, Ran},
};

pub const ALL: [Named; 6] = [
    ("in a total outage one vendor sees at most 1.5 attempts a call, at any rate", outage),
    ("in an outage that hangs, too", hanging_outage),
    ("three endpoints that each fail one request in ten lose no more than one call in a thousand", transient),
    (
        "an outage of one of two loses nothing, and the healed one is asked within one probe interval",
        failover,
    ),
    ("no herd arrives when a Retry-After expires", herd),
    ("a vendor's real limit is kept by what its headers teach", taught_limit),
];

pub fn vendor(name: &str, timetable: Vec<(Duration, Behaviour)>) -> VendorPlan {
    let ms = Duration::from_millis;
    VendorPlan { name: name.into(), timetable, latency: ms(300), pace: ms(20), dial: ms(15), sick: None }
}

pub fn secs(n: f64) -> Duration {
    Duration::from_secs_f64(n)
}

/// A call that is like most.
pub fn plan(name: String, at: Duration) -> CallPlan {
    CallPlan {
        name,
        model: "m",
        at,
        stream: false,
        options: json!({}),
        timeout: secs(30.0),
        abort_after: None,
        reads_every: Duration::ZERO,
    }
}

/// Calls at an even rate.
pub fn steady(rate: f64, from: f64, to: f64) -> Vec<CallPlan> {
    let count = ((to - from) * rate) as usize;
    (0..count).map(|i| plan(format!("call{i}"), secs(from + i as f64 / rate))).collect()
}

pub fn scenario(vendors: Vec<VendorPlan>, calls: Vec<CallPlan>, more: Value) -> Scenario {
    let endpoints: Vec<Value> = vendors
        .iter()
        .map(|v| json!({ "name": v.name, "baseURL": format!("http://{}/v1", v.name), "apiKey": "a-key" }))
        .collect();
    let mut options = json!({ "endpoints": endpoints });
    for (name, value) in more.as_object().into_iter().flatten() {
        match name.as_str() {
            // For the first endpoint.
            "endpoint" => {
                for (name, value) in value.as_object().into_iter().flatten() {
                    options["endpoints"][0][name] = value.clone();
                }
            }
            _ => options[name] = value.clone(),
        }
    }
    let healed =
        vendors.iter().filter_map(|v| v.timetable.last()).map(|(at, _)| *at).max().unwrap_or_default();
    Scenario { seed: 1, options, vendors, calls, jumps: Vec::new(), healed }
}

/// Runs it; whatever else a history shows, the invariants hold.
pub fn run(scenario: &Scenario) -> Result<Ran, String> {
    let ran = world::run(scenario, false);
    match invariants::check(scenario, &ran).first() {
        None => Ok(ran),
        Some(broken) => Err(format!("invariant {broken}")),
    }
}

pub fn answered(ran: &Ran) -> (usize, usize) {
    ran.log.with_ended(|ended| {
        let good = ended.iter().filter(|e| matches!(e.outcome, Outcome::Answered { .. })).count();
        (good, ended.len())
    })
}

fn amplification(behaviour: &Behaviour) -> Result<String, String> {
    let mut figures = Vec::new();
    for rate in [0.5, 2.0, 20.0, 200.0] {
        let (from, to) = (60.0, 120.0);
        let vendors = vec![vendor("a", vec![(Duration::ZERO, behaviour.clone())])];
        let mut scenario = scenario(vendors, steady(rate, 0.0, to), json!({}));
        // Impatient callers, as there are in an outage, so that many come and go.
        scenario.calls.iter_mut().for_each(|c| c.timeout = secs(12.0));
        let ran = run(&scenario)?;
        let start = ran.log.start;
        let hits =
            ran.log.hits().iter().filter(|h| h.at >= start + secs(from) && h.at < start + secs(to)).count();
        let per_call = hits as f64 / (rate * (to - from));
        figures.push(format!("{per_call:.3} at {rate} rps"));
        if per_call > 1.5 {
            return Err(figures.join(", "));
        }
    }
    Ok(figures.join(", "))
}

fn outage() -> Result<String, String> {
    let mut all = Vec::new();
    for (name, behaviour) in [
        ("500", Behaviour::ServerError),
        ("503", Behaviour::Overloaded(None)),
        ("429", Behaviour::Throttled(None)),
        ("429 that says one second", Behaviour::Throttled(Some(secs(1.0)))),
        ("reset", Behaviour::Reset),
    ] {
        all.push(format!("{name} {}", amplification(&behaviour).map_err(|e| format!("{name}: {e}"))?));
    }
    Ok(all.join("; "))
}

fn hanging_outage() -> Result<String, String> {
    amplification(&Behaviour::Hang)
}

fn transient() -> Result<String, String> {
    let vendors = ["a", "b", "c"].map(|name| vendor(name, vec![(Duration::ZERO, Behaviour::Transient(10))]));
    let ran = run(&scenario(vendors.into(), steady(20.0, 0.0, 500.0), json!({})))?;
    let (good, all) = answered(&ran);
    let share = good as f64 / all as f64 * 100.0;
    let figures = format!("{good} of {all} answered, {share:.3} %");
    if share < 99.9 { Err(figures) } else { Ok(figures) }
}

fn failover() -> Result<String, String> {
    let (down, up) = (30.0, 90.0);
    let mut told = Vec::new();
    for behaviour in
        [Behaviour::ServerError, Behaviour::Refused, Behaviour::Reset, Behaviour::Overloaded(None)]
    {
        let timetable = vec![(secs(down), behaviour.clone()), (secs(up), Behaviour::Healthy)];
        let vendors = vec![vendor("a", timetable), vendor("b", Vec::new())];
        let ran = run(&scenario(vendors, steady(20.0, 0.0, 200.0), json!({})))?;
        let (good, all) = answered(&ran);
        if good != all {
            return Err(format!("{behaviour:?}: {} of {all} calls were lost", all - good));
        }
        let start = ran.log.start;
        let hits = ran.log.hits();
        let back = hits.iter().find(|h| h.endpoint == "a" && h.at >= start + secs(up));
        let back = back.map(|h| (h.at - start).as_secs_f64() - up).ok_or("it was never asked again")?;
        // The longest an open period may be, and a call to come after it.
        if back > 60.1 {
            return Err(format!("{behaviour:?}: asked again after {back:.1} s"));
        }
        // Without flapping: once it is closed it stays so.
        let closed = ran.log.with_told(|told| {
            told.iter()
                .filter(|t| t.kind == EventKind::Breaker && t.value["endpoint"] == "a")
                .filter(|t| t.value["state"] == "closed" && t.at > start + secs(up))
                .count()
        });
        let last = hits.iter().filter(|h| h.at >= start + secs(190.0));
        let (mut first, mut second) = (0, 0);
        last.for_each(|h| if h.endpoint == "a" { first += 1 } else { second += 1 });
        if closed > 1 || second > 0 || first == 0 {
            return Err(format!(
                "{behaviour:?}: closed {closed} times; at the end {first} to a, {second} to b"
            ));
        }
        told.push(format!("{behaviour:?} {back:.1} s after healing"));
    }
    Ok(format!("0 lost; asked again {}", told.join(", ")))
}

fn herd() -> Result<String, String> {
    let hint = secs(5.0);
    let mut vendor = vendor(
        "a",
        vec![(Duration::ZERO, Behaviour::Throttled(Some(hint))), (secs(1.5), Behaviour::Healthy)],
    );
    vendor.latency = secs(0.5);
    let calls = (0..300).map(|i| plan(format!("call{i}"), secs(1.0))).collect();
    let ran = run(&scenario(vec![vendor], calls, json!({})))?;
    let start = ran.log.start;
    let later: Vec<_> = ran.log.hits().into_iter().filter(|h| h.at > start + secs(3.0)).collect();
    let first = later.first().ok_or("nobody came back")?.at;
    let together = later.iter().filter(|h| h.at < first + secs(0.1)).count();
    let (good, all) = answered(&ran);
    let figures = format!("{together} of {all} calls in the first 100 ms, {good} answered");
    // The vendor said when: no budget keeps them from coming back.
    if together > 30 || good != all { Err(figures) } else { Ok(figures) }
}

fn taught_limit() -> Result<String, String> {
    let vendors = vec![vendor("a", vec![(Duration::ZERO, Behaviour::Limited(20))])];
    let mut scenario = scenario(vendors, steady(5.0, 0.0, 60.0), json!({}));
    scenario.calls.iter_mut().for_each(|c| c.timeout = secs(500.0));
    let ran = run(&scenario)?;
    let (good, all) = answered(&ran);
    let throttled = ran.log.hits().iter().filter(|h| h.status == Some(429)).count();
    let figures = format!("{good} of {all} answered, {throttled} throttled");
    if good != all || throttled > all / 20 { Err(figures) } else { Ok(figures) }
}
