//! What must hold for each endpoint: its cooldowns, its probes, and how often it is tried again.

use std::{
    collections::{BTreeMap, HashMap},
    time::Instant,
};

use bellwether::base::event::EventKind;

use super::{Attempt, History, TICK, until, word};
use crate::log::{Hit, Told};

pub fn check(history: &History<'_>, found: &mut Vec<String>) {
    hints_hold(history, found);
    cooldowns_hold(history, found);
    if history.scenario.options["breaker"] != false {
        one_probe(history, found);
    }
    retries_within_budget(history, found);
}

/// 4: while a vendor's hint holds, no request is sent there. Those under way when it came are not blamed.
fn hints_hold(history: &History<'_>, found: &mut Vec<String>) {
    let hits = &history.hits;
    for (i, hit) in hits.iter().enumerate() {
        let (Some(hint), Some(ended), Some(429 | 503)) = (hit.retry_after, hit.ended, hit.status) else {
            continue;
        };
        // A call whose time was over reads no answer.
        let read = |a: &Attempt| {
            a.call == hit.call && a.endpoint == hit.endpoint && a.status == hit.status.map(u64::from)
        };
        if !history.attempts.iter().any(read) {
            continue;
        }
        let until = ended + hint;
        // A throttle is the key's own, an overload everybody's.
        let concerns = |h: &Hit| {
            h.endpoint == hit.endpoint
                && h.model == hit.model
                && (hit.status == Some(503) || h.key == hit.key)
        };
        let early = hits[i..].iter().find(|h| concerns(h) && h.sent > ended + TICK && h.sent < until);
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

/// 4: nor while a cooldown holds that the engine told of, with a hint or without.
fn cooldowns_hold(history: &History<'_>, found: &mut Vec<String>) {
    history.ran.log.with_told(|told| {
        for cooldown in told.iter().filter(|t| t.kind == EventKind::Cooldown) {
            let Some(until) = until(cooldown, &cooldown.value["until"]) else { continue };
            let key = key_of(history, cooldown);
            let concerns = |h: &Hit| parks(history, cooldown, key, h);
            let early = |h: &&Hit| h.sent > cooldown.at + TICK && h.sent < until && concerns(h);
            if let Some(early) = history.hits.iter().find(early) {
                found.push(format!(
                    "4: {} was asked for {} {:?} before its cooldown was over: {}",
                    early.endpoint,
                    early.call,
                    until - early.sent,
                    cooldown.value
                ));
            }
        }
    });
}

/// Whether a cooldown is one for a request like this.
fn parks(history: &History<'_>, cooldown: &Told, key: Option<&str>, hit: &Hit) -> bool {
    let value = &cooldown.value;
    let vendor = || hit.vendor == history.scenario.vendor_of(value["endpoint"].as_str().unwrap_or_default());
    let own_key = || key == Some(hit.key.as_str());
    match value["scope"].as_str() {
        Some("origin") => vendor(),
        Some("credential") => vendor() && own_key(),
        // A throttle is the key's own.
        _ => {
            value["endpoint"] == hit.endpoint.as_str()
                && value["model"] == hit.model.as_str()
                && (value["reason"] != "rateLimited" || own_key())
        }
    }
}

/// The key of the attempt that brought a cooldown, which ended as that was told. `None` when attempts with
/// several keys ended then.
fn key_of<'h>(history: &'h History<'_>, cooldown: &Told) -> Option<&'h str> {
    let brought = |a: &&Attempt| {
        cooldown.value["endpoint"] == a.endpoint.as_str()
            && cooldown.value["reason"] == a.reason.as_str()
            && a.ended.max(cooldown.at) - a.ended.min(cooldown.at) <= TICK
    };
    let mut keys: Vec<&str> = Vec::new();
    for attempt in history.attempts.iter().filter(brought) {
        let of_attempt =
            |h: &&Hit| h.call == attempt.call && h.endpoint == attempt.endpoint && h.sent == attempt.began;
        // What was never sent had no other key than all others: a function's, which was refused.
        let at_endpoint = || history.hits.iter().find(|h| h.endpoint == attempt.endpoint);
        keys.extend(history.hits.iter().find(of_attempt).or_else(at_endpoint).map(|h| h.key.as_str()));
    }
    keys.dedup();
    keys.pop().filter(|_| keys.is_empty())
}

/// Behind which breaker a request goes: its origin's, and its model's at the endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Scope {
    Origin(String),
    Model(String, String),
}

impl Scope {
    fn holds(&self, hit: &Hit) -> bool {
        match self {
            Self::Origin(vendor) => hit.vendor == *vendor,
            Self::Model(endpoint, model) => hit.endpoint == *endpoint && hit.model == *model,
        }
    }
}

/// 5: while a breaker is not closed, requests come one at a time to what is behind it.
fn one_probe(history: &History<'_>, found: &mut Vec<String>) {
    let mut opened: BTreeMap<Scope, Instant> = BTreeMap::new();
    let mut spans: Vec<(Scope, Instant, Instant)> = Vec::new();
    history.ran.log.with_told(|told| {
        for t in told.iter().filter(|t| t.kind == EventKind::Breaker) {
            let endpoint = word(&t.value["endpoint"]);
            let scope = match t.value["scope"].as_str() {
                Some("origin") => Scope::Origin(history.scenario.vendor_of(&endpoint).to_owned()),
                _ => Scope::Model(endpoint, word(&t.value["model"])),
            };
            match t.value["state"].as_str() {
                Some("open") => {
                    opened.entry(scope).or_insert(t.at);
                }
                Some("closed") => spans.extend(opened.remove_entry(&scope).map(|(s, from)| (s, from, t.at))),
                _ => {}
            }
        }
    });
    let end = history.hits.iter().map(|h| h.at).max().unwrap_or(history.ran.log.start);
    spans.extend(opened.into_iter().map(|(scope, from)| (scope, from, end)));
    for (scope, from, to) in spans {
        let probes = history.hits.iter().filter(|h| scope.holds(h) && h.sent > from + TICK && h.at < to);
        let mut before: Option<&Hit> = None;
        for probe in probes {
            if let Some(other) = before.filter(|b| probe.sent < b.ended.unwrap_or(end)) {
                found.push(format!("5: {scope:?} got {} while {} was its probe", probe.call, other.call));
            }
            // The one that goes on for longest may meet any later one.
            before = [before, Some(probe)].into_iter().flatten().max_by_key(|h| h.ended.unwrap_or(end));
        }
    }
}

/// The budget's window, in its slots of a second.
const WINDOW: u64 = 10;

/// A retry that was paid for: between when its attempt before failed and when it was told.
struct Paid {
    from: u64,
    to: u64,
}

/// 6: in any ten seconds, retries stay within two and a fifth of the successes.
fn retries_within_budget(history: &History<'_>, found: &mut Vec<String>) {
    let second = |at: Instant| at.saturating_duration_since(history.ran.log.start).as_secs();
    let mut paid: HashMap<String, Vec<Paid>> = HashMap::new();
    history.ran.log.with_told(|told| {
        for retry in told.iter().filter(|t| t.kind == EventKind::Retry && !is_free(history, t)) {
            let delay = retry.value["delayMs"].as_f64().unwrap_or_default() / 1e3;
            let from = retry.at - std::time::Duration::from_secs_f64(delay);
            let span = Paid { from: second(from), to: second(retry.at) };
            paid.entry(word(&retry.value["endpoint"])).or_default().push(span);
        }
    });
    for (endpoint, _) in history.scenario.endpoints() {
        let Some(paid) = paid.get(endpoint) else { continue };
        let answered = history.attempts.iter().filter(|a| a.answered && a.endpoint == endpoint);
        let answered: Vec<u64> = answered.map(|a| second(a.ended)).collect();
        let within = |all: &[u64], from: u64, to: u64| all.iter().filter(|s| (from..=to).contains(s)).count();
        for last in paid.iter().map(|p| p.to) {
            let first = (last + 1).saturating_sub(WINDOW);
            // Those that were surely paid for in this window, and what the last of them may have counted.
            let inside = || paid.iter().filter(|p| p.from >= first && p.to <= last);
            let latest = inside().map(|p| p.from).max().unwrap_or(last);
            let successes = within(&answered, (latest + 1).saturating_sub(WINDOW), last);
            let retries = inside().count();
            if 5 * retries > 5 * 2 + successes {
                found.push(format!(
                    "6: {endpoint} was asked again {retries} times in the seconds {first} to {last}, with {successes} successes"
                ));
                break;
            }
        }
    }
}

/// Free is what was never sent, what comes back when the vendor said, what a limit of ours cut short, and what
/// would not go on with another's text.
fn is_free(history: &History<'_>, retry: &Told) -> bool {
    let invited = !retry.value["retryAfterMs"].is_null();
    // On a new connection it was sent.
    let unsent = || {
        let own = |a: &&Attempt| a.request_id == retry.value["requestId"] && a.ended <= retry.at;
        let at_endpoint = |a: &&Attempt| a.endpoint == retry.value["endpoint"];
        let mut before = history.attempts.iter().rev().filter(own).filter(at_endpoint);
        before.next().is_none_or(|a| a.reused)
    };
    match retry.value["reason"].as_str() {
        Some("latencyLimit" | "badRequest") => true,
        Some("reset") => unsent(),
        _ => invited,
    }
}
