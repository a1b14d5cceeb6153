//! What a seed means: vendors and their troubles, calls and their options, jumps of the clocks.

use std::time::Duration;

use serde_json::{Value, json};

use crate::vendor::Behaviour;

pub struct Scenario {
    pub seed: u64,
    /// A client's options.
    pub options: Value,
    pub vendors: Vec<VendorPlan>,
    pub calls: Vec<CallPlan>,
    pub jumps: Vec<Jump>,
    /// When the last trouble is over.
    pub healed: Duration,
}

pub struct VendorPlan {
    pub name: String,
    pub timetable: Vec<(Duration, Behaviour)>,
    pub latency: Duration,
    pub pace: Duration,
    pub dial: Duration,
    /// The model that its troubles concern, but for those of the network; `None`: all.
    pub sick: Option<&'static str>,
}

#[derive(Clone)]
pub struct CallPlan {
    pub name: String,
    pub model: &'static str,
    pub at: Duration,
    pub stream: bool,
    pub options: Value,
    pub timeout: Duration,
    pub abort_after: Option<Duration>,
    /// Reads so slowly.
    pub reads_every: Duration,
}

pub enum Jump {
    /// The wall clock is set.
    Wall { at: Duration, by: i64 },
    /// The machine sleeps, and its monotonic clock with everybody's timers goes on.
    Suspend { at: Duration, by: Duration },
}

impl Scenario {
    /// Endpoints in their order, each with the vendor it belongs to.
    pub fn endpoints(&self) -> Vec<(&str, &str)> {
        fn text(value: &Value) -> &str {
            value.as_str().unwrap_or_default()
        }
        let endpoints = self.options["endpoints"].as_array().into_iter().flatten();
        endpoints
            .map(|e| (text(&e["name"]), text(&e["baseURL"]).split('/').nth(2).unwrap_or_default()))
            .collect()
    }

    pub fn vendor_of(&self, endpoint: &str) -> &str {
        self.endpoints().into_iter().find(|(name, _)| *name == endpoint).map_or("", |(_, vendor)| vendor)
    }
}

impl CallPlan {
    /// The endpoints that it names; `None`: any will do.
    pub fn endpoints(&self) -> Option<Vec<&str>> {
        let named = self.options["endpoints"].as_array()?;
        Some(named.iter().filter_map(Value::as_str).collect())
    }
}

struct Dice(fastrand::Rng);

impl Dice {
    fn ms(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(self.0.u64(from..=to))
    }

    fn one_in(&mut self, n: u32) -> bool {
        self.0.u32(0..n) == 0
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.0.usize(0..from.len())].clone()
    }
}

/// How long troubles and calls go on; calls after it show that all is well again.
const TROUBLES: u64 = 90_000;
const AFTER: u64 = 110_000;

pub fn generate(seed: u64) -> Scenario {
    let mut dice = Dice(fastrand::Rng::with_seed(seed));
    let vendors: Vec<VendorPlan> =
        ["a", "b", "c"].iter().take(dice.0.usize(1..=3)).map(|name| vendor(&mut dice, name)).collect();
    let healed =
        vendors.iter().filter_map(|v| v.timetable.last()).map(|(at, _)| *at).max().unwrap_or_default();
    let options = options(&mut dice, &vendors);
    let rate = dice.pick(&[0.5, 2.0, 5.0]);
    let calls = calls(&mut dice, rate, &options);
    let mut jumps = Vec::new();
    if dice.one_in(3) {
        jumps.push(Jump::Wall {
            at: dice.ms(0, TROUBLES),
            by: dice.pick(&[-86_400, -3_600, -5, 5, 3_600, 86_400 * 400]),
        });
    }
    if dice.one_in(4) {
        jumps.push(Jump::Suspend { at: dice.ms(0, TROUBLES), by: dice.ms(1_000, 3_600_000) });
    }
    Scenario { seed, options, vendors, calls, jumps, healed }
}

fn vendor(dice: &mut Dice, name: &str) -> VendorPlan {
    let mut timetable = Vec::new();
    let mut at = dice.ms(0, 20_000);
    for _ in 0..dice.0.usize(0..6) {
        timetable.push((at, behaviour(dice)));
        at += dice.ms(200, 40_000);
        // Flapping, or on to the next trouble.
        if dice.one_in(2) {
            timetable.push((at, Behaviour::Healthy));
            at += dice.ms(200, 15_000);
        }
    }
    timetable.retain(|(at, _)| *at < Duration::from_millis(TROUBLES));
    if timetable.last().is_some_and(|(_, b)| *b != Behaviour::Healthy) {
        timetable.push((at.min(Duration::from_millis(TROUBLES)), Behaviour::Healthy));
    }
    VendorPlan {
        name: name.into(),
        timetable,
        latency: dice.ms(1, 1_500),
        pace: dice.ms(0, 200),
        dial: dice.ms(0, 40),
        sick: dice.one_in(5).then(|| dice.pick(&["m", "n"])),
    }
}

fn behaviour(dice: &mut Dice) -> Behaviour {
    use Behaviour::*;
    let hint = dice.one_in(2).then(|| dice.ms(50, 20_000));
    let limit = dice.0.u32(1..10);
    let slow = dice.ms(2_000, 30_000);
    let share = dice.0.u32(2..12);
    dice.pick(&[
        Transient(share),
        ServerError,
        ServerError,
        Overloaded(hint),
        Throttled(hint),
        Limited(limit),
        Quota,
        BadKey,
        NoModel,
        Conflict,
        NoName,
        Refused,
        Blackhole,
        Hang,
        Reset,
        ClosesIdle,
        Cut,
        Stall,
        ErrorEvent,
        Malformed,
        Slow(slow),
    ])
}

fn endpoint(dice: &mut Dice, vendor: &str, name: &str, path: &str) -> Value {
    let mut endpoint = json!({ "name": name, "baseURL": format!("http://{vendor}{path}"), "apiKey": format!("key-of-{vendor}") });
    if dice.one_in(6) {
        endpoint["apiKey"] = json!([format!("key-1-of-{vendor}"), format!("key-2-of-{vendor}")]);
    } else if dice.one_in(8) {
        endpoint["apiKey"] = json!({ "$function": 0 });
    }
    if dice.one_in(5) {
        endpoint["limits"] = json!({ "rpm": dice.0.u32(20..600), "maxConcurrency": dice.0.u32(1..20) });
    }
    if dice.one_in(6) {
        endpoint["limits"] = json!({ "tpm": dice.0.u32(2_000..60_000) });
    }
    if dice.one_in(5) {
        endpoint["maxLatency"] = json!(dice.0.u32(500..4_000));
    }
    if dice.one_in(3) {
        endpoint["canContinue"] = json!(true);
    }
    endpoint
}

fn options(dice: &mut Dice, vendors: &[VendorPlan]) -> Value {
    let mut endpoints: Vec<Value> = vendors.iter().map(|v| endpoint(dice, &v.name, &v.name, "/v1")).collect();
    // A second endpoint of a vendor, told apart by its path, with a key of its own or the same.
    for v in vendors {
        if dice.one_in(5) {
            let name = format!("{}2", v.name);
            let mut second = endpoint(dice, &v.name, &name, &format!("/{name}/v1"));
            if dice.one_in(2) {
                second["apiKey"] = json!(format!("key-of-{name}"));
            }
            let at = dice.0.usize(0..=endpoints.len());
            endpoints.insert(at, second);
        }
    }
    if dice.one_in(3) {
        endpoints.iter_mut().for_each(|e| e["priority"] = json!(1));
    }
    let mut options = json!({
        "endpoints": endpoints,
        "timeout": { "connect": dice.0.u32(500..10_000), "firstContent": dice.0.u32(2_000..20_000), "content": dice.0.u32(1_000..20_000) },
        "maxRetries": dice.0.u32(0..4),
        "onUnavailable": dice.pick(&["wait", "wait", "wait", "error", "fallback"]),
        "streams": {
            "onCut": dice.pick(&["error", "restart", "continue"]),
            "commit": dice.pick(&["firstContent", "firstContent", "firstContent", "end"]),
        },
    });
    if dice.one_in(4) {
        options["hedge"] = match dice.one_in(2) {
            true => json!({ "after": "p95", "maxExtraLoad": 0.2 }),
            false => json!({ "after": dice.0.u32(20..3_000), "maxExtraLoad": 0.3 }),
        };
    }
    if dice.one_in(5) {
        options["retry"] = json!({ "prefer": "same" });
    }
    if dice.one_in(12) {
        options["breaker"] = json!(false);
    }
    options
}

fn calls(dice: &mut Dice, rate: f64, options: &Value) -> Vec<CallPlan> {
    let names = options["endpoints"].as_array().into_iter().flatten().map(|e| e["name"].clone());
    let names: Vec<Value> = names.collect();
    let models: &[&'static str] = if dice.one_in(2) { &["m", "m", "n"] } else { &["m"] };
    let choosy = dice.one_in(2);
    let mut calls = Vec::new();
    let mut at = Duration::ZERO;
    while at < Duration::from_millis(TROUBLES + AFTER) {
        // Alone, or fifty at once.
        let burst = if dice.one_in(150) { 50 } else { 1 };
        for _ in 0..burst {
            let timeout = if dice.one_in(4) { dice.ms(50, 5_000) } else { dice.ms(5_000, 90_000) };
            let bad = dice.one_in(25);
            let mut options = json!({ "queuePriority": if dice.one_in(5) { 5 } else { 0 } });
            if choosy && dice.one_in(4) {
                // Some of them, in any order.
                let mut named = names.clone();
                dice.0.shuffle(&mut named);
                named.truncate(dice.0.usize(1..=named.len()));
                options["endpoints"] = json!(named);
            }
            calls.push(CallPlan {
                name: format!("{}{}", if bad { "bad" } else { "call" }, calls.len()),
                model: dice.pick(models),
                at,
                stream: dice.one_in(2),
                options,
                timeout,
                abort_after: dice.one_in(12).then(|| dice.ms(0, 4_000)),
                reads_every: if dice.one_in(10) { dice.ms(100, 3_000) } else { Duration::ZERO },
            });
        }
        at += Duration::from_secs_f64(dice.0.f64() * 2.0 / rate);
    }
    calls
}
