//! 8: an endpoint that is well again is asked once its parking is over, while calls come that would go there.

use std::time::{Duration, Instant};

use bellwether::base::event::EventKind;
use serde_json::Value;

use super::{History, until};
use crate::{
    log::Told,
    scenario::{CallPlan, VendorPlan},
    vendor::Behaviour,
};

/// What was learned from headers is tried again after this long, and what is allowed in a minute has refilled.
const MINUTE: Duration = Duration::from_secs(60);
/// A stream of eight chunks with pauses of three seconds, and what is between them.
const SLOW_READER: Duration = Duration::from_secs(40);
/// Answers that broke off a moment after the healing may have cooldown_end it again.
const AFTERMATH: Duration = Duration::from_secs(30);
/// The longest that a probe takes when no endpoint is silent.
const PROBE: Duration = Duration::from_secs(2);

pub fn check(history: &History<'_>, found: &mut Vec<String>) {
    let History { scenario, ran, hits, .. } = history;
    // What came due in a sleep comes all at once after it, long after its own deadlines.
    if ran.log.jumps().iter().any(|jump| *jump > ran.healed) {
        return;
    }
    let configs = scenario.options["endpoints"].as_array().map_or(&[][..], Vec::as_slice);
    for ((endpoint, vendor), config) in scenario.endpoints().into_iter().zip(configs) {
        let vendor = scenario.vendors.iter().find(|v| v.name == vendor);
        let Some(vendor) = vendor.filter(|v| !v.timetable.is_empty()) else { continue };
        // In a shared tier a draw by load decides, and a failure is a load for long. A latency limit passes over
        // what was slow in the last five minutes.
        if !config["priority"].is_null() || !config["maxLatency"].is_null() {
            continue;
        }
        let due = due(history, endpoint, vendor, config);
        // The first calls after it may be on their way to others; a quiet minute may come between two.
        let calls = scenario.calls.iter().filter(|c| prefers(history, c, endpoint));
        let Some(next) = calls.map(|c| ran.log.start + c.at).filter(|at| *at >= due).nth(10) else {
            continue;
        };
        let by = next + Duration::from_secs(1);
        if !hits.iter().any(|h| h.endpoint == endpoint && h.at >= ran.healed && h.at <= by) {
            let waited = by - ran.healed;
            found.push(format!("8: {endpoint} was well again and not asked within {waited:?}"));
        }
    }
}

/// Whether a call would rather be answered here than anywhere else.
fn prefers(history: &History<'_>, call: &CallPlan, endpoint: &str) -> bool {
    let named = call.endpoints();
    let mut all = history.scenario.endpoints().into_iter().map(|(name, _)| name);
    all.find(|name| named.as_ref().is_none_or(|names| names.contains(name))) == Some(endpoint)
}

/// From when on nothing may keep it from being asked.
fn due(history: &History<'_>, endpoint: &str, vendor: &VendorPlan, config: &Value) -> Instant {
    let ran = history.ran;
    let any = |is: fn(&Behaviour) -> bool| vendor.timetable.iter().any(|(_, b)| is(b));
    let cooldown_end = ran.cooldowns_at_heal.get(endpoint).copied().flatten().unwrap_or(ran.healed);
    let again = ran.log.with_told(|told| {
        let soon = |t: &&Told| t.at >= ran.healed && t.at <= ran.healed.max(cooldown_end) + AFTERMATH;
        told.iter().filter(soon).filter_map(|t| parks_again(history, t, endpoint, &vendor.name)).max()
    });
    // A request that was sent into silence keeps its slot after a throttle, and its place as a probe, until its
    // time is over.
    let silent =
        any(|b| matches!(b, Behaviour::Slow(_) | Behaviour::Hang | Behaviour::Stall | Behaviour::Blackhole));
    let timeout = |name: &str| {
        let ms = history.scenario.options["timeout"][name].as_u64();
        ms.map_or(PROBE, Duration::from_millis)
    };
    let probe = if silent { timeout("connect") + timeout("firstContent") } else { PROBE };
    let limits = &config["limits"];
    let learned = any(|b| matches!(b, Behaviour::Limited(_)));
    let refilled = if learned || !limits.is_null() { MINUTE } else { Duration::ZERO };
    let slot = if limits["maxConcurrency"].is_null() { Duration::ZERO } else { probe + SLOW_READER };
    let kept = ran.healed + probe.max(refilled).max(slot);
    [Some(cooldown_end), again, Some(kept)].into_iter().flatten().max().unwrap_or(kept)
}

/// Until when an event parks the endpoint: its own, or one of what it shares with others.
fn parks_again(history: &History<'_>, told: &Told, endpoint: &str, vendor: &str) -> Option<Instant> {
    let date = match told.kind {
        EventKind::Cooldown => &told.value["until"],
        EventKind::Breaker => &told.value["retryAt"],
        _ => return None,
    };
    let of = told.value["endpoint"].as_str()?;
    let shared = told.value["scope"] != "endpoint" && history.scenario.vendor_of(of) == vendor;
    if of == endpoint || shared { until(told, date) } else { None }
}
