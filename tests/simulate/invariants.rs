//! What must hold in every history. The vendors' own notes are the truth; what the engine told is checked
//! against them.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::{Duration, Instant},
};

use bellwether::event::EventKind;
use serde_json::Value;

use crate::{
    log::{Ended, Hit, Outcome, WALL_START_MS},
    scenario::Scenario,
    vendor::Behaviour,
    world::Ran,
};

/// Timers ring to the millisecond.
const TICK: Duration = Duration::from_millis(2);

pub fn check(scenario: &Scenario, ran: &Ran) -> Vec<String> {
    let mut found = Vec::new();
    let hits = decided(ran);
    ran.log.with_ended(|ended| {
        if ended.len() != scenario.calls.len() {
            found.push(format!("1: {} of {} calls ended", ended.len(), scenario.calls.len()));
        }
        for call in ended {
            settles_by_its_deadline(call, &ran.log.jumps(), &mut found);
            one_end(call, &mut found);
            text_is_one_vendors(call, &hits, &mut found);
            request_faults_stop(call, &hits, &mut found);
        }
    });
    cooldowns_hold(&hits, &mut found);
    if scenario.options["breaker"] != false {
        one_probe(ran, &hits, &mut found);
    }
    retries_within_budget(ran, scenario, &mut found);
    nothing_is_left(ran, &mut found);
    healed_gets_traffic(scenario, ran, &hits, &mut found);
    attempts_are_hits(ran, &hits, &mut found);
    found
}

/// What vendors saw, with the moments at which the engine decided on it: a key may have been asked for since, or
/// a connection opened.
fn decided(ran: &Ran) -> Vec<Hit> {
    let mut begun: HashMap<(String, String), Vec<Instant>> = HashMap::new();
    ran.log.with_told(|told| {
        for t in told.iter().filter(|t| t.kind == EventKind::Attempt) {
            let word = |v: &Value| v.as_str().unwrap_or_default().to_owned();
            let moment = ran.wall.moment(&word(&t.value["startedAt"]), t.at);
            let key = (word(&t.value["tags"]["call"]), word(&t.value["endpoint"]));
            begun.entry(key).or_default().extend(moment);
        }
    });
    let mut hits = ran.log.hits();
    for hit in &mut hits {
        let begun = begun.get(&(hit.call.clone(), hit.endpoint.clone()));
        let last = begun.into_iter().flatten().filter(|at| **at <= hit.at).max();
        hit.sent = last.copied().unwrap_or(hit.at);
    }
    hits
}

/// 1: every call settles by its deadline, or as soon as time has jumped over it.
fn settles_by_its_deadline(call: &Ended, jumps: &[Instant], found: &mut Vec<String>) {
    let late = call.at > call.deadline + TICK;
    if late && !jumps.iter().any(|jump| call.deadline < *jump && call.at <= *jump + TICK) {
        found.push(format!("1: {} settled {:?} late", call.call, call.at - call.deadline));
    }
}

/// 2: exactly one end. An answered stream has one finish reason, the last thing said but for usage.
fn one_end(call: &Ended, found: &mut Vec<String>) {
    let finishes = call.chunks.iter().filter(|c| c["choices"][0]["finish_reason"].is_string()).count();
    let answered = matches!(call.outcome, Outcome::Answered { .. });
    if answered && !call.chunks.is_empty() && finishes != 1 {
        found.push(format!("2: {} was answered with {finishes} ends", call.call));
    }
    if matches!(call.outcome, Outcome::Failed(_)) && finishes > 0 {
        found.push(format!("2: {} failed after its end", call.call));
    }
}

/// 3: what was delivered is a prefix of one vendor's output, unless a takeover was announced.
fn text_is_one_vendors(call: &Ended, hits: &[Hit], found: &mut Vec<String>) {
    let mut segments = vec![String::new()];
    let mut continued = false;
    for chunk in &call.chunks {
        if let Some(event) = chunk["bellwether"]["event"].as_str() {
            continued |= event == "continue";
            segments.push(String::new());
        }
        if let (Some(text), Some(last)) =
            (chunk["choices"][0]["delta"]["content"].as_str(), segments.last_mut())
        {
            last.push_str(text);
        }
    }
    let degraded = matches!(&call.outcome, Outcome::Answered { report, .. } if report["degraded"] == true);
    if degraded {
        return;
    }
    let own: Vec<&Hit> = hits.iter().filter(|h| h.call == call.call).collect();
    for segment in &segments {
        if !segment.is_empty() && !own.iter().any(|h| h.output.starts_with(segment.as_str())) {
            found.push(format!("3: {} was told {segment:?}, which nobody said", call.call));
        }
    }
    if let Outcome::Answered { body, .. } = &call.outcome {
        let text = body["choices"][0]["message"]["content"].as_str().unwrap_or_default();
        let said = |h: &&Hit| h.output == text || (continued && text.ends_with(&h.output));
        if !own.iter().any(said) {
            found.push(format!("3: {} was answered {text:?}, which nobody said", call.call));
        }
        let last = segments.last().map(String::as_str).unwrap_or_default();
        if !call.chunks.is_empty() && !text.ends_with(last) {
            found.push(format!("3: {} was told {last:?} and answered {text:?}", call.call));
        }
    }
}

/// 4: while a vendor's hint holds, no request is sent there. Those under way when it came are not blamed.
fn cooldowns_hold(hits: &[Hit], found: &mut Vec<String>) {
    for (i, hit) in hits.iter().enumerate() {
        let (Some(hint), Some(ended), Some(429 | 503)) = (hit.hint, hit.ended, hit.status) else { continue };
        let until = ended + hint;
        // A throttle is the key's own, an overload everybody's.
        let concerns = |h: &Hit| h.endpoint == hit.endpoint && (hit.status == Some(503) || h.key == hit.key);
        let early = hits[i..].iter().find(|h| concerns(h) && h.sent > ended && h.sent < until);
        if let Some(early) = early {
            found.push(format!(
                "4: {} was asked for {} {:?} before its {} was over",
                hit.endpoint,
                early.call,
                until - early.sent,
                hit.status.unwrap_or(0)
            ));
        }
    }
}

/// 5: while a breaker is not closed, requests come one at a time.
fn one_probe(ran: &Ran, hits: &[Hit], found: &mut Vec<String>) {
    let mut opened: HashMap<(String, String), Instant> = HashMap::new();
    let mut spans: Vec<(String, Instant, Instant)> = Vec::new();
    ran.log.with_told(|told| {
        for t in told.iter().filter(|t| t.kind == EventKind::Breaker) {
            let word = |name: &str| t.value[name].as_str().unwrap_or_default().to_owned();
            let key = (word("endpoint"), word("scope"));
            match word("state").as_str() {
                "open" => {
                    opened.entry(key).or_insert(t.at);
                }
                "closed" => spans.extend(opened.remove(&key).map(|from| (key.0, from, t.at))),
                _ => {}
            }
        }
    });
    let end = hits.iter().map(|h| h.at).max().unwrap_or(ran.log.start);
    spans.extend(opened.into_iter().map(|((endpoint, _), from)| (endpoint, from, end)));
    for (endpoint, from, to) in spans {
        let probes: Vec<&Hit> =
            hits.iter().filter(|h| h.endpoint == endpoint && h.sent > from && h.at < to).collect();
        for pair in probes.windows(2) {
            let over = pair[0].ended.unwrap_or(end);
            if pair[1].sent < over {
                found
                    .push(format!("5: {endpoint} got {} while {} was its probe", pair[1].call, pair[0].call));
            }
        }
    }
}

/// 6: retries stay within the budget: a fifth of the successes and a fifth a second, counted over all.
fn retries_within_budget(ran: &Ran, scenario: &Scenario, found: &mut Vec<String>) {
    for vendor in &scenario.vendors {
        let mut answered = 0.0;
        let mut retries = 0.0;
        ran.log.with_told(|told| {
            for t in told.iter().filter(|t| t.value["endpoint"] == vendor.name.as_str()) {
                match t.kind {
                    EventKind::Attempt if t.value["outcome"] == "ok" => answered += 1.0,
                    // Free is what was never sent, what comes back when the vendor said, and what a limit of
                    // ours cut short.
                    EventKind::Retry
                        if t.value["retryAfterMs"].is_null()
                            && t.value["reason"] != "reset"
                            && t.value["reason"] != "latencyLimit" =>
                    {
                        retries += 1.0;
                    }
                    _ => {}
                }
            }
        });
        let last = ran.log.with_told(|told| told.last().map_or(ran.log.start, |t| t.at));
        let elapsed = last.duration_since(ran.log.start).as_secs_f64();
        let allowed = 0.2 * answered + 0.2 * elapsed + 4.0;
        if retries > allowed {
            found.push(format!("6: {} was asked again {retries} times of {allowed}", vendor.name));
        }
    }
}

/// 7: idle means nothing is left.
fn nothing_is_left(ran: &Ran, found: &mut Vec<String>) {
    let mut left = BTreeMap::new();
    left.insert("calls", ran.engine.active());
    left.insert("waiting", ran.engine.room.len());
    left.insert("tasks", ran.tasks_left);
    left.insert("connections", ran.vendors.iter().map(|v| v.connections()).sum());
    let in_flight = |e: &bellwether::engine::state::Endpoint| {
        e.in_flight.load(std::sync::atomic::Ordering::Acquire) as usize
    };
    left.insert("in flight", ran.engine.endpoints.iter().map(|e| in_flight(e)).sum());
    let counted = ran.engine.endpoints.iter().flat_map(|e| e.targets());
    left.insert("granted", counted.map(|t| t.limiter.lock().in_flight() as usize).sum());
    for (what, count) in left.into_iter().filter(|(_, count)| *count > 0) {
        found.push(format!("7: {count} {what} left"));
    }
}

/// 8: an endpoint that is well again is asked once its parking is over, while calls come that would go there.
fn healed_gets_traffic(scenario: &Scenario, ran: &Ran, hits: &[Hit], found: &mut Vec<String>) {
    let first = &scenario.vendors[0];
    let Some((healed, _)) = first.timetable.last() else { return };
    let any = |is: fn(&Behaviour) -> bool| first.timetable.iter().any(|(_, b)| is(b));
    let throttled = any(|b| matches!(b, Behaviour::Overloaded(_) | Behaviour::Throttled(_)));
    let silent = any(|b| matches!(b, Behaviour::Slow(_) | Behaviour::Hang | Behaviour::Stall));
    // Shared tiers, limits and latency limits may keep it idle rightly, and a jump changes the timetable.
    let endpoint = &scenario.options["endpoints"][0];
    if !endpoint["priority"].is_null()
        || !endpoint["limits"].is_null()
        || !endpoint["maxLatency"].is_null()
        || !scenario.jumps.is_empty()
        // What its headers taught is not forgotten at once, and after a throttle few are sent at a time: those
        // that were sent while it was silent keep their places.
        || first.timetable.iter().any(|(_, b)| matches!(b, Behaviour::Limited(_)))
        || (throttled && silent)
    {
        return;
    }
    let from = ran.healed.max(ran.log.start + *healed);
    let parked = ran.parked_at_heal.get(&first.name).copied().flatten().unwrap_or(from);
    // Answers that broke off a moment later may have parked it again.
    let again = ran.log.with_told(|told| {
        let until = |value: &Value| value["retryAt"].as_u64().or(value["until"].as_u64());
        let parked =
            told.iter().filter(|t| t.at >= from && t.at <= from.max(parked) + Duration::from_secs(30));
        let parked = parked.filter(|t| t.value["endpoint"] == first.name.as_str());
        parked.filter_map(|t| until(&t.value)).max()
    });
    let again = again.map(|ms| ran.log.start + Duration::from_millis(ms.saturating_sub(WALL_START_MS)));
    let due = parked.max(from).max(again.unwrap_or(from));
    // The first calls after it may be on their way to others; a quiet minute may come between two.
    let calls: Vec<Duration> = scenario.calls.iter().map(|c| c.at).collect();
    let next = calls.iter().filter(|at| ran.log.start + **at >= due).nth(10);
    let Some(next) = next else { return };
    let by = ran.log.start + *next + Duration::from_secs(1);
    if !hits.iter().any(|h| h.endpoint == first.name && h.at >= from && h.at <= by) {
        found.push(format!("8: {} was well again and not asked within {:?}", first.name, by - from));
    }
}

/// 9: a mistake of the caller's reaches one endpoint.
fn request_faults_stop(call: &Ended, hits: &[Hit], found: &mut Vec<String>) {
    let refused = hits.iter().filter(|h| h.call == call.call && h.status == Some(400)).count();
    // A hedge asks two on purpose.
    let hedged = |value: &Value| value["hedged"] == true;
    let is_hedged = matches!(&call.outcome, Outcome::Answered { report, .. } if hedged(report));
    if refused > 1 && !is_hedged {
        found.push(format!("9: {} was refused {refused} times", call.call));
    }
}

/// 10: attempts that were told are requests that vendors saw.
fn attempts_are_hits(ran: &Ran, hits: &[Hit], found: &mut Vec<String>) {
    const NEVER_SENT: [&str; 6] = ["dns", "connect", "tls", "timeoutConnect", "auth", "reset"];
    let endpoints: HashSet<&str> = hits.iter().map(|h| h.endpoint.as_str()).collect();
    for endpoint in endpoints {
        let seen = hits.iter().filter(|h| h.endpoint == endpoint).count();
        let (mut told, mut sent) = (0, 0);
        ran.log.with_told(|all| {
            let attempts =
                all.iter().filter(|t| t.kind == EventKind::Attempt && t.value["endpoint"] == endpoint);
            for attempt in attempts {
                told += 1;
                let reason = attempt.value["reason"].as_str().unwrap_or_default();
                // Those that ended without a status may have ended before they were sent.
                let unsure = NEVER_SENT.contains(&reason) || attempt.value["status"].is_null();
                sent += usize::from(!unsure);
            }
        });
        if seen > told || seen < sent {
            found.push(format!("10: {endpoint} saw {seen} requests; {told} were told, {sent} with a status"));
        }
    }
}
