//! What must hold for each call.

use std::{collections::HashMap, time::Instant};

use serde_json::Value;

use super::{Attempt, History, TICK};
use crate::{
    log::{Ended, Hit, Outcome},
    scenario::CallPlan,
};

pub fn check(history: &History<'_>, found: &mut Vec<String>) {
    let History { scenario, ran, hits, attempts } = history;
    let jumps = ran.log.jumps();
    let mut of_call: HashMap<&str, Vec<&Hit>> = HashMap::new();
    hits.iter().for_each(|h| of_call.entry(&h.call).or_default().push(h));
    let own = |call: &str| of_call.get(call).map_or(&[][..], Vec::as_slice);
    ran.log.with_ended(|ended| {
        if ended.len() != scenario.calls.len() {
            found.push(format!("1: {} of {} calls ended", ended.len(), scenario.calls.len()));
        }
        for call in ended {
            let hits = own(&call.call);
            settles_by_its_deadline(call, &jumps, found);
            one_end(call, found);
            text_is_one_vendors(call, hits, found);
            request_faults_stop(call, hits, found);
        }
    });
    for call in &scenario.calls {
        only_who_was_named(call, own(&call.name), found);
    }
    attempts_are_hits(attempts, hits, found);
}

/// 1: every call settles by its deadline, or as soon as time has jumped over it.
fn settles_by_its_deadline(call: &Ended, jumps: &[Instant], found: &mut Vec<String>) {
    let late = call.at > call.deadline + TICK;
    if late && !jumps.iter().any(|jump| call.deadline < *jump && call.at <= *jump + TICK) {
        found.push(format!("1: {} settled {:?} late", call.call, call.at - call.deadline));
    }
}

/// 2: exactly one end. An answered stream has one finish reason, and no choice has content after it.
fn one_end(call: &Ended, found: &mut Vec<String>) {
    let finish = |c: &Value| c["choices"][0]["finish_reason"].is_string();
    let finishes = call.chunks.iter().filter(|c| finish(c)).count();
    let answered = matches!(call.outcome, Outcome::Answered { .. });
    if answered && !call.chunks.is_empty() && finishes != 1 {
        found.push(format!("2: {} was answered with {finishes} ends", call.call));
    }
    let after = call.chunks.iter().skip_while(|c| !finish(c)).skip(1);
    let is_usage = |c: &Value| {
        c["usage"].is_object() && c["choices"].as_array().is_none_or(|choices| choices.is_empty())
    };
    if let Some(chunk) = after.into_iter().find(|c| !is_usage(c)) {
        found.push(format!("2: {} was told {chunk} after its end", call.call));
    }
    if matches!(call.outcome, Outcome::Failed(_)) && finishes > 0 {
        found.push(format!("2: {} failed after its end", call.call));
    }
}

/// 3: what was delivered is a prefix of one vendor's output, unless a takeover was announced.
fn text_is_one_vendors(call: &Ended, own: &[&Hit], found: &mut Vec<String>) {
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
    for segment in &segments {
        if !segment.is_empty() && !own.iter().any(|h| h.output.starts_with(segment.as_str())) {
            found.push(format!("3: {} was told {segment:?}, which nobody said", call.call));
        }
    }
    if let Outcome::Answered { body, .. } = &call.outcome {
        let text = body["choices"][0]["message"]["content"].as_str().unwrap_or_default();
        let said = |h: &&Hit| h.output == text || (continued && text.ends_with(&h.output));
        if !own.iter().copied().any(|h| said(&h)) {
            found.push(format!("3: {} was answered {text:?}, which nobody said", call.call));
        }
        let last = segments.last().map(String::as_str).unwrap_or_default();
        if !call.chunks.is_empty() && !text.ends_with(last) {
            found.push(format!("3: {} was told {last:?} and answered {text:?}", call.call));
        }
    }
}

/// 9: a mistake of the caller's reaches one endpoint.
fn request_faults_stop(call: &Ended, hits: &[&Hit], found: &mut Vec<String>) {
    let refused = hits.iter().filter(|h| h.status == Some(400)).count();
    // A hedge asks two on purpose.
    let hedged = |value: &Value| value["hedged"] == true;
    let is_hedged = matches!(&call.outcome, Outcome::Answered { report, .. } if hedged(report));
    if refused > 1 && !is_hedged {
        found.push(format!("9: {} was refused {refused} times", call.call));
    }
}

/// 10: attempts that were told are requests that vendors saw, call by call and endpoint by endpoint.
fn attempts_are_hits(attempts: &[Attempt], hits: &[Hit], found: &mut Vec<String>) {
    #[derive(Default)]
    struct Count {
        seen: usize,
        told: usize,
        sent: usize,
    }
    let mut counts: HashMap<(&str, &str), Count> = HashMap::new();
    for hit in hits {
        counts.entry((&hit.call, &hit.endpoint)).or_default().seen += 1;
    }
    for attempt in attempts {
        let count = counts.entry((&attempt.call, &attempt.endpoint)).or_default();
        count.told += 1;
        count.sent += usize::from(attempt.was_sent());
    }
    let mut wrong: Vec<_> = counts.iter().filter(|(_, c)| c.seen > c.told || c.seen < c.sent).collect();
    wrong.sort_by_key(|(key, _)| **key);
    for ((call, endpoint), Count { seen, told, sent }) in wrong {
        found.push(format!(
            "10: {endpoint} saw {seen} requests of {call}; {told} were told, {sent} of them surely sent"
        ));
    }
}

impl Attempt {
    /// Whether the vendor must have seen it: it answered, or a new connection broke after the request. Others may
    /// have ended before they were sent.
    fn was_sent(&self) -> bool {
        self.status.is_some() || (self.reason == "reset" && !self.reused)
    }
}

/// 12: a call that names endpoints reaches no other, and requests the model it names.
fn only_who_was_named(call: &CallPlan, hits: &[&Hit], found: &mut Vec<String>) {
    let named = call.endpoints();
    let strange = |h: &&&Hit| {
        h.model != call.model || named.as_ref().is_some_and(|names| !names.contains(&h.endpoint.as_str()))
    };
    if let Some(hit) = hits.iter().find(strange) {
        found.push(format!(
            "12: {} asks for {} at {named:?}, and {} was asked for {}",
            call.name, call.model, hit.endpoint, hit.model
        ));
    }
}
