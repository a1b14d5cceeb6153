//! Vendors' responses as recorded on the wire, and the expected fault of each. tests/corpus/README.md explains what a
//! case is; `__test__/client/corpus.test.js` sends the same files through a socket.

use std::{fs, path::PathBuf, time::SystemTime};

use bellwether::{
    base::retry_after::{self, RetryAfterHeaders},
    dialect::{
        error_body,
        openai::{
            answer::{self, InvalidAnswer},
            chunk::{self, EventData},
        },
    },
    net::sse::{Event, Framer},
    policy::{
        classify::classify,
        fault::{BreakerWeight, CooldownScope, Fault, FaultKind, FaultRule, OtherCandidate, SameCandidate},
    },
};
use serde_json::{Value, json};

#[test]
fn every_case_is_taken_for_what_it_is() {
    let reasons = load("reasons");
    let mut wrong = Vec::new();
    let cases = cases();
    for case in &cases {
        if let Err(why) = check(case, &reasons) {
            wrong.push(format!("{}: {}: {why}", case.vendor, case.name));
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn no_case_is_there_twice() {
    let cases = cases();
    for (i, case) in cases.iter().enumerate() {
        for other in &cases[..i] {
            let name = |c: &Case| format!("{}: {}", c.vendor, c.name);
            assert_ne!(name(case), name(other));
            let wire =
                |c: &Case| (c.status, c.wire["headers"].clone(), c.wire["stream"].clone(), c.body.clone());
            assert_ne!(wire(case), wire(other), "{} and {}", name(case), name(other));
        }
    }
}

struct Case {
    vendor: String,
    name: String,
    status: u16,
    body: String,
    wire: Value,
}

fn cases() -> Vec<Case> {
    let mut vendors: Vec<String> = fs::read_dir(folder())
        .expect("the corpus is part of the repository")
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_suffix(".json").map(str::to_owned))
        .filter(|name| name != "reasons")
        .collect();
    vendors.sort();
    let of = |vendor: &String| {
        let Value::Array(list) = load(vendor) else { panic!("{vendor}.json is no array") };
        list.into_iter().map(|wire| case(vendor, wire)).collect::<Vec<_>>()
    };
    vendors.iter().flat_map(of).collect()
}

fn case(vendor: &str, wire: Value) -> Case {
    let name = wire["name"].as_str().expect("a case has a name").to_owned();
    Case {
        vendor: vendor.to_owned(),
        status: wire["status"].as_u64().and_then(|s| s.try_into().ok()).unwrap_or_else(|| panic!("{name}")),
        body: wire["body"].as_str().map_or_else(|| wire["body"].to_string(), str::to_owned),
        name,
        wire,
    }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

fn load(name: &str) -> Value {
    let text = fs::read_to_string(folder().join(format!("{name}.json"))).expect("the file is readable");
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{name}.json: {e}"))
}

fn check(case: &Case, reasons: &Value) -> Result<(), String> {
    let expect = &case.wire["expect"];
    let fault = match outcome(case) {
        Outcome::Fault(fault) => fault,
        Outcome::Answer if expect["reason"].is_null() => return Ok(()),
        // What only a socket shows; the test on the other side of it looks.
        Outcome::Unended if expect["reason"] == "truncated" || expect["reason"] == "malformed" => {
            return Ok(());
        }
        Outcome::Answer | Outcome::Unended => return Err(format!("no failure, instead of {expect}")),
    };
    let reason = json!(fault.kind.reason());
    same("reason", &expect["reason"], &reason)?;
    same("hintMs", &expect["hintMs"], &json!(fault.retry_after.map(|hint| hint.as_millis() as u64)))?;
    let row = &reasons[reason.as_str().unwrap_or_default()];
    let mut rule = consequences(fault.kind.rule());
    rule["retryable"] = json!(fault.kind.retryable());
    for key in ["same", "next", "breaker", "parks", "retryable"] {
        same(key, &row[key], &rule[key])?;
    }
    Ok(())
}

fn same(what: &str, expected: &Value, got: &Value) -> Result<(), String> {
    if expected == got { Ok(()) } else { Err(format!("{what} is {got} instead of {expected}")) }
}

enum Outcome {
    Fault(Fault),
    Answer,
    /// No event said anything; the end of the stream decides.
    Unended,
}

fn outcome(case: &Case) -> Outcome {
    let header = |name: &str| case.wire["headers"][name].as_str();
    let headers = RetryAfterHeaders {
        retry_after_ms: header("retry-after-ms"),
        retry_after: header("retry-after"),
        date: header("date"),
    };
    let hint = retry_after::from_headers(headers, SystemTime::now());
    let judged = |error| Outcome::Fault(classify(case.status, hint, &error));
    if !(200..300).contains(&case.status) {
        return judged(error_body::read(case.body.as_bytes()));
    }
    if case.wire["stream"] != true {
        return match answer::read(&case.body) {
            Ok(_) => Outcome::Answer,
            Err(InvalidAnswer::Error(error)) => judged(error),
            Err(InvalidAnswer::GaveUp) => Outcome::Fault(Fault::new(FaultKind::Overloaded, "")),
            Err(InvalidAnswer::Malformed(why)) => Outcome::Fault(Fault::new(FaultKind::Malformed, why)),
        };
    }
    let events = events(&case.body);
    if events.is_empty() && case.body.starts_with(['{', '[']) {
        return judged(error_body::read(case.body.as_bytes()));
    }
    for event in events {
        match chunk::read(event.name.as_deref(), &event.data) {
            EventData::Error(error) => return judged(error),
            EventData::Chunk(chunk) if chunk::gave_up(&chunk) => {
                return Outcome::Fault(Fault::new(FaultKind::Overloaded, ""));
            }
            EventData::Chunk(chunk) if chunk::choices(&chunk).any(|c| c["finish_reason"].is_string()) => {
                return Outcome::Answer;
            }
            _ => {}
        }
    }
    Outcome::Unended
}

fn events(body: &str) -> Vec<Event> {
    let mut framer = Framer::new(1 << 20);
    framer.push(body.as_bytes());
    let mut events = Vec::new();
    while let Ok(Some(event)) = framer.next_event() {
        events.push(event);
    }
    events.extend(framer.finish());
    events
}

/// A rule in the words of reasons.json.
fn consequences(rule: FaultRule) -> Value {
    json!({
        "same": match rule.same {
            SameCandidate::Never => "never",
            SameCandidate::Free | SameCandidate::Once | SameCandidate::OnceBackoff => "once",
            SameCandidate::AfterCooldown => "afterCooldown",
            SameCandidate::NewCredential => "newKey",
            SameCandidate::OnceIfNothingElse => "last",
        },
        "next": match rule.next {
            OtherCandidate::Never => "no",
            OtherCandidate::Any => "yes",
            OtherCandidate::OtherCredential => "otherKey",
            OtherCandidate::LargerWindow => "largerWindow",
            OtherCandidate::LargerLimit => "largerLimit",
            OtherCandidate::OptIn => "optIn",
        },
        "breaker": match rule.weight {
            BreakerWeight::Failure => "failure",
            BreakerWeight::Ratio => "ratio",
            BreakerWeight::Neutral => "none",
        },
        "parks": match rule.cooldown {
            CooldownScope::None => None,
            CooldownScope::Origin => Some("origin"),
            CooldownScope::EndpointOverload | CooldownScope::EndpointThrottle | CooldownScope::EndpointMissing => Some("model"),
            CooldownScope::CredentialQuota | CooldownScope::CredentialAuth => Some("key"),
        },
    })
}
